/* backs.h - how helpdesks answer: the hooks they call, the polls that find what hooks lost, the files of what they say
 *
 * Lives on one loop.  What is heard is stored (HG_CMD_CHANGES) before it is answered; what lacks something comes back as a job
 * (HG_FROM_BACKEND), and what was fetched for it is told as HG_CMD_CHANGED.  All calls go over the backend's line. */
#pragma once
#include <glib.h>

#include "command.h"
#include "conf.h"
#include "desk_line.h"
#include "http_server.h"
#include "loop.h"
#include "ports.h"

#define HG_BACKS_PREFIX "/backend/"	/* and "NAME/hook" */

typedef struct hg_backs hg_backs;

struct hg_backs_env {
	hg_loop *loop;
	const char *attachments;	/* directory; lent */
	/* Takes the command where it gives TRUE; BUSY: not now. */
	gboolean (*submit)(void *ctx, hg_command *command, GError **error);
	/* The committed cursor of that name, yours, or NULL; asked once for each backend that polls. */
	char *(*cursor)(void *ctx, const char *name);
	/* The backend's line, lent; NULL: it has none. */
	hg_desk_line *(*line)(void *ctx, const char *backend);
	gboolean shared;		/* several nodes share the work: see hg_backs_own() */
	/* How many jobs of HG_FROM_BACKEND it takes. */
	void (*slots)(void *ctx, const char *backend, guint slots);
	void *ctx;
};

hg_backs *hg_backs_new(const struct hg_backs_env *env, hg_conf *conf);
/* Polls begin. */
void hg_backs_start(hg_backs *backs);
/* Where several nodes share the work (env.shared): this one polls that helpdesk from here on, or (FALSE, as at first) not. */
void hg_backs_own(hg_backs *backs, const char *backend, gboolean ours);
/* Nothing is begun any more; what is under way ends, and what was not done goes back. */
void hg_backs_stop(hg_backs *backs);
void hg_backs_reload(hg_backs *backs, hg_conf *conf);
/* Waits for files that are being written; what is posted to the loop then must be run before hg_backs_free(). */
void hg_backs_settle(hg_backs *backs);
/* After the engine and the client: nothing is under way any more. */
void hg_backs_free(hg_backs *backs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_backs, hg_backs_free)

/* As the server's callbacks, for paths that begin with HG_BACKS_PREFIX. */
void hg_backs_route(hg_backs *backs, const hg_request *req, struct hg_server_route *route);
void hg_backs_handle(hg_backs *backs, hg_request *req);
/* On the loop: fetches what the change of a dispatched job lacks.  Takes dispatch. */
void hg_backs_send(hg_backs *backs, hg_dispatch *dispatch);

struct hg_backs_state {			/* for status and metrics: since the start */
	const char *backend;		/* lent by the configuration */
	gboolean hook, poll;		/* it has one */
	guint64 requests, forged, unreadable, busy;	/* of the hook */
	guint64 items, own, ignored, unmatched, odd;	/* of hook and poll; own: echoes */
	guint64 heard, known;		/* changes that were new, and that were not */
	guint64 polls, polls_failed, found_by_poll;	/* found: new though there is a hook, which lost them */
	guint64 files, files_missing;
	gint64 last_heard_ms, last_poll_ms;	/* 0: never */
	const char *poll_error, *odd_why;	/* of the last poll, NULL: it worked; of what was odd last.  Lent until the loop goes on */
};
/* By number, from 0; FALSE past the last. */
gboolean hg_backs_state(hg_backs *backs, guint n, struct hg_backs_state *ret);
