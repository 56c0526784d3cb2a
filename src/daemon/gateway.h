/* gateway.h - all parts of one daemon, put together and taken apart in order */
#pragma once
#include <glib.h>
#include "setup.h"

typedef struct hg_gateway hg_gateway;

/* Format and level of the log, as a configuration wants them. */
void hg_gateway_log_as(const hg_conf *conf);

/* Opens the store and binds the listeners; nothing runs yet.  Takes setup.  Errors of code CONFIG
 * are an admin's to mend. */
hg_gateway *hg_gateway_new(hg_setup *setup, GError **error);
void hg_gateway_free(hg_gateway *gateway);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_gateway, hg_gateway_free)

/* Runs until SIGTERM or SIGINT, or until the store is beyond use; SIGHUP reloads.  Blocks; tells
 * systemd (and on_ready, when not NULL) when requests are answered.  The exit code. */
int hg_gateway_run(hg_gateway *gateway, void (*on_ready)(void *arg), void *arg);
guint hg_gateway_port(hg_gateway *gateway);
