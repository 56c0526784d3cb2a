/* forward.h - carries events to helpdesks: signed, retried, never followed elsewhere
 *
 * Lives on one loop.  What it is handed is one attempt; the outcome goes back as a FORWARDED
 * command, and the engine's outbox decides when the next attempt is. */
#pragma once
#include <glib.h>
#include "conf.h"
#include "command.h"
#include "http_client.h"
#include "loop.h"
#include "ports.h"

typedef struct hg_forwarder hg_forwarder;

struct hg_forwarder_sink {
	/* FORWARDED, and CONDITION when the backend breaks or works again.  Takes the command;
	 * never refuses. */
	void (*result)(void *arg, hg_command *command);
	/* How many attempts it takes; 0: none until told otherwise.  While the backend works that is more
	 * than are made at once: the next lie ready, and need not wait for the engine. */
	void (*slots)(void *arg, const char *backend, guint slots);
	void *arg;
	struct hg_desk_mail *mail;	/* for presets whose calls are mails; lent, or NULL */
};

#define HG_FORWARD_AHEAD 64		/* ready beyond a backend's concurrency */

hg_forwarder *hg_forwarder_new(hg_conf *conf, hg_loop *loop, hg_client *client,
			       const struct hg_forwarder_sink *sink);
void hg_forwarder_free(hg_forwarder *forwarder);	/* after the client: each attempt has its result */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_forwarder, hg_forwarder_free)
/* No attempt begins any more: what lies ready goes back.  Those under way end. */
void hg_forwarder_stop(hg_forwarder *forwarder);
void hg_forwarder_reload(hg_forwarder *forwarder, hg_conf *conf);

/* On the loop: makes the attempt, once the backend's concurrency has room for it.  Takes dispatch. */
void hg_forwarder_send(hg_forwarder *forwarder, hg_dispatch *dispatch);

/* The line to a backend with a preset, lent; NULL: it is none of these.  On the loop. */
struct hg_desk_line *hg_forwarder_line(hg_forwarder *forwarder, const char *backend);

struct hg_forwarder_state {		/* for status */
	const char *backend;		/* lent by the configuration */
	gboolean broken;		/* its circuit is open: one attempt a minute */
	guint failures;			/* in a row */
	gint64 last_ok_ms, last_failed_ms;
	const char *last_error;		/* lent until the next attempt; or NULL */
};
/* By number, from 0; FALSE past the last. */
gboolean hg_forwarder_state(hg_forwarder *forwarder, guint n, struct hg_forwarder_state *ret);

/* Exposed for tests: the body every attempt carries ({"type","timestamp","data"}; yours). */
char *hg_forward_body(const hg_event *event);
/* What a 2xx body says of the ticket, into result's arena strings; nothing when it says nothing. */
void hg_forward_read_ticket(const char *body, gsize len, hg_arena *arena,
			    struct hg_forward_result *result);
