/* api.h - the HTTP API /v1 for agents, helpdesks and headgatectl
 *
 * Lives on the loop of the server that calls it.  Reads run on the reader pool, writes are engine
 * commands; each request is answered once, from the loop, after its work is done or on disk. */
#pragma once
#include <glib.h>
#include "command.h"
#include "conf.h"
#include "http_server.h"
#include "loop.h"
#include "readers.h"

typedef struct hg_api hg_api;

struct hg_api_ports {
	/* hg_engine_submit(): takes the command, or FALSE (BUSY). */
	gboolean (*submit)(void *ctx, hg_command *command, GError **error);
	/* On the loop: appends the members of `status` that the store does not know. */
	void (*status)(void *ctx, GString *out);
	/* On the loop: appends the metrics that the store does not know. */
	void (*metrics)(void *ctx, GString *out);
	/* On the loop: a read mark or typing sign for the thread's customer; never stored. */
	gboolean (*signal)(void *ctx, const char *channel, const struct hg_out *out, GError **error);
	/* On the loop: the channel looks for messages since then (UTC; 0: where it got to).  MISSING, STATE. */
	gboolean (*ask)(void *ctx, const char *channel, gint64 since_ms, GError **error);
	void *ctx;
};

/* conf is referenced; attachments (directory) and the others are lent. */
hg_api *hg_api_new(hg_conf *conf, hg_loop *loop, hg_readers *readers, const char *attachments,
		   const struct hg_api_ports *ports);
/* After the server: streams must have been closed. */
void hg_api_free(hg_api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_api, hg_api_free)
void hg_api_reload(hg_api *api, hg_conf *conf);

/* For paths that begin with /v1/, and /metrics: fills route (unknown path, wrong method, size), or refuses. */
void hg_api_route(hg_api *api, const hg_request *req, struct hg_server_route *route);
void hg_api_handle(hg_api *api, hg_request *req);	/* takes req */

/* Any thread: events just committed, for those who follow them live. */
void hg_api_publish(hg_api *api, const hg_event *const *events, guint n);

/* On the loop: a line of JSON with its newline, for those who follow that thread live (or all); never stored. */
void hg_api_tell(hg_api *api, gint64 thread_n, gboolean shadow, const char *line, gsize len);

/* One line a route, for documentation and its test: method, pattern, scope; FALSE past the last. */
gboolean hg_api_route_at(guint n, const char **ret_method, const char **ret_pattern, const char **ret_scope);
