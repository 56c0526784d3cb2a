/* capture.h - nothing leaves: what would have gone out is kept to be looked at, and answered as if it had
 *
 * `gateway.capture: true` is for trying a real configuration.  Channels are on hold, the HTTP client makes no connection
 * for anybody, helpdesks are not asked; what the outbox hands out ends here.  Messages count as sent, tickets are made with
 * the number CAP-N (N is the outbox job), hooks say nothing, files are not fetched.  The newest HG_CAPTURED_MAX are kept, in
 * memory.  All on the gateway's loop but hg_capture_take(). */
#pragma once
#include <glib.h>
#include "ports.h"

#define HG_CAPTURED_MAX 1000

typedef struct hg_gateway hg_gateway;
typedef struct hg_capture hg_capture;

hg_capture *hg_capture_new(hg_gateway *gateway);
void hg_capture_free(hg_capture *capture);	/* NULL is fine */

/* The engine's thread: takes dispatch over.  FALSE: it is nothing that leaves (a visitor's page is our own), or of what is
 * never asked for; it is still the caller's. */
gboolean hg_capture_take(hg_capture *capture, hg_dispatch *dispatch);

/* Appends {"captured":[...],"total":N}, newest first. */
void hg_capture_list(hg_capture *capture, guint limit, GString *out);
gboolean hg_capture_show(hg_capture *capture, gint64 n, GString *out);	/* FALSE: it is not (any more) there */
