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
#include "model.h"
#include "readers.h"

typedef struct hg_api hg_api;
struct hg_principal;

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
	/* On the loop: what its provider would have brought; ack (enum hg_stored) once, from the loop.  FALSE: MISSING, STATE, INPUT. */
	gboolean (*take)(void *ctx, const char *channel, const void *bytes, gsize len, hg_ack_fn *ack, void *arg, GError **error);
	const guint8 *key;		/* 32 bytes, lent: the store's own */
	struct hg_search *search;	/* lent */
	gint64 last_event_n;		/* of the newest event there was when it began; 0: none */
	/* On the loop: appends the members of one channel that the store does not know; FALSE: it is not there. */
	gboolean (*channel)(void *ctx, const char *name, GString *out);
	/* On the loop: the store says otherwise by now which channels are paused. */
	void (*hold)(void *ctx);
	/* On the loop: appends {"ok","checks":[...]}: what is known of how the channel is, and what its provider says to being asked.
	 * Then done(arg), once, perhaps before it returns.  FALSE (no done): MISSING. */
	gboolean (*probe)(void *ctx, const char *channel, GString *out, void (*done)(void *arg), void *arg, GError **error);
	/* On the loop: appends what would have left in capture mode: the newest, or (n) one of it; FALSE: it is not there. */
	gboolean (*captured)(void *ctx, gint64 n, guint limit, GString *out);
	/* On the loop: where the console is served, without the last slash; yours.  NULL: STATE, it is not. */
	char *(*console_url)(void *ctx, GError **error);
	/* On the loop, and of no request's handler: reads the configuration again and takes it over, all or nothing.
	 * Appends to an open object what came of it; FALSE: what is wrong, and the old one stays. */
	gboolean (*reload)(void *ctx, GString *out);
	/* On the loop: appends to an open object what is in force.  all: with what holds by default. */
	void (*config)(void *ctx, gboolean all, GString *out);
	void *ctx;
};

/* conf is referenced; attachments (directory) and the others are lent. */
hg_api *hg_api_new(hg_conf *conf, hg_loop *loop, hg_readers *readers, const char *attachments,
		   const struct hg_api_ports *ports);
/* After the server: streams must have been closed. */
void hg_api_free(hg_api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_api, hg_api_free)
void hg_api_reload(hg_api *api, hg_conf *conf);

/* Links to attachments (file_link.h): paths that begin with this, and need no token. */
#define HG_FILES_PREFIX "/files/"
gboolean hg_files_own(const char *path);
void hg_files_route(const hg_request *req, struct hg_server_route *route);
void hg_files_handle(hg_api *api, hg_request *req);	/* takes req */

/* For paths that begin with /v1/, and /metrics: fills route (unknown path, wrong method, size), or refuses. */
void hg_api_route(hg_api *api, const hg_request *req, struct hg_server_route *route);
void hg_api_handle(hg_api *api, hg_request *req);	/* takes req */
/* The same for a listener that knows by other means who asks (a session's cookie); who is lent. */
void hg_api_route_as(hg_api *api, const hg_request *req, const struct hg_principal *who, struct hg_server_route *route);
void hg_api_handle_as(hg_api *api, hg_request *req, const struct hg_principal *who);

/* On the loop: a row in the audit of what was done without a request.  All lent. */
struct hg_api_deed {
	const char *principal, *action, *outcome;	/* "signal:SIGHUP", "config.reload", "ok" or the word of a problem */
	const char *capacity, *source, *facts;	/* or NULL; see hg_audit */
};
void hg_api_audit(hg_api *api, const struct hg_api_deed *deed);

#define HG_TOKEN_PREFIX "hgt_"			/* of every secret, so that a leaked one can be found */
/* Before the engine runs: the tokens of the store, read by its own connection. */
gboolean hg_api_load(hg_api *api, hg_store *store, GError **error);
/* From now on what other processes change of them is in force within a second.  readers (lent) are for nothing else. */
void hg_api_follow(hg_api *api, hg_readers *readers);
void hg_api_follow_end(hg_api *api);		/* before its readers are freed */

/* ---- sessions of the console; on the loop ---- */

/* Whose cookie it is (a reference): it counts as used now.  NULL: DENIED (or there is no secret), BUSY. */
const struct hg_principal *hg_api_session(hg_api *api, const char *secret, GError **error);
/* The link is used up and a session begins: who and its secret, both lent; or who is NULL: DENIED (not known, used, too old), BUSY. */
typedef void hg_api_signed_in_fn(void *arg, const struct hg_principal *who, const char *secret, const GError *error);
void hg_api_sign_in(hg_api *api, const char *link, hg_api_signed_in_fn *done, void *arg);
/* Of a session: it ends, or all of his name do.  error: it has not. */
typedef void hg_api_signed_out_fn(void *arg, const GError *error);
void hg_api_sign_out(hg_api *api, const struct hg_principal *who, gboolean everywhere, hg_api_signed_out_fn *done, void *arg);

/* Any thread: events just committed, for those who follow them live. */
void hg_api_publish(hg_api *api, const hg_event *const *events, guint n);

/* What a line of the live stream is about. */
struct hg_news_of {
	gint64 thread_n;		/* 0: of no thread */
	gboolean shadow;		/* of one on trial */
	const char *channel;		/* the thread's; NULL: of none */
};
/* On the loop: a line of JSON with its newline, for those who follow that thread live (or all); never stored. */
void hg_api_tell(hg_api *api, const struct hg_news_of *of, const char *line, gsize len);

/* One line a route, for documentation and its tests: method, pattern, scope, and the names of its query parameters with
 * spaces between (NULL: none).  FALSE past the last. */
gboolean hg_api_route_at(guint n, const char **ret_method, const char **ret_pattern, const char **ret_scope,
			 const char **ret_query);
