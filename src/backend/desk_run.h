/* desk_run.h - does an operation at a helpdesk, as its preset says: one step after the other, each answer judged
 *
 * A run is one operation (create, append, find, fetch_changes, ...) with one situation (desk_say.h): it makes the requests of its
 * steps, reads what they take of the answers, logs in where a session is wanted, and ends with one word.  It knows
 * nothing of jobs, of attempts before it and of what to look up first: that is the ladder's, in desk_do.h.
 *
 * Runs belong to one loop.  How bytes get there is the transport's: the network (desk_line.h, with rate and limits of the
 * backend), or a player of samples that never opens a socket. */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "desk.h"
#include "http_client.h"

typedef struct hg_desk_run hg_desk_run;
typedef struct hg_desk_session hg_desk_session;

/* ---- how bytes get there ---- */

struct hg_desk_answer {				/* lent during done */
	int status;				/* 0: no status line came */
	enum hg_client_code code;		/* HG_CLIENT_OK: a whole answer, whatever its status; REDIRECT: a 3xx */
	gboolean sent;				/* bytes of the request may have left */
	const char *error;			/* where it is no whole answer: one line, without secrets */
	const char *body;			/* len bytes, NUL behind them; "" when it was saved */
	gsize len;
	const char *(*header)(const void *from, const char *name);	/* of any case; NULL: there are none */
	const void *from;
	gint64 retry_ms;			/* Retry-After from now; -1: none */
};
typedef void hg_desk_answered(void *arg, const struct hg_desk_answer *answer);

struct hg_desk_transport {
	/* May a call be made now?  FALSE: go(arg) is called when it may.  TRUE is for one call, which is made at once.  NULL: at any
	 * time. */
	gboolean (*turn)(void *ctx, void (*go)(void *arg), void *arg);
	/* done(arg) is called once: later on the loop, or before this returns.  call is copied. */
	void (*call)(void *ctx, const struct hg_client_call *call, hg_desk_answered *done, void *arg);
	/* What was asked with this arg is not wanted any more: neither go nor done is called.  NULL: they always are at once. */
	void (*cancel)(void *ctx, void *arg);
	gint64 (*now_ms)(void *ctx);		/* UTC, for templates and times */
	void *ctx;
};

/* ---- a session: what `login` gave, for all runs of a backend ---- */

/* Nobody is logged in.  What one run captured by login serves all, and those that come meanwhile wait for it. */
hg_desk_session *hg_desk_session_new(void);
void hg_desk_session_free(hg_desk_session *session);	/* no run uses it any more; NULL is fine */
void hg_desk_session_end(hg_desk_session *session);	/* the next run logs in */
/* As if login had taken this ({ "token": "x" }); NULL: nobody is logged in. */
void hg_desk_session_set(hg_desk_session *session, struct json_object *taken);

/* ---- a run ---- */

struct hg_desk_task {				/* all lent until done */
	const hg_desk *desk;			/* with what its backend gives */
	int op;					/* enum hg_desk_op; one the desk has */
	struct json_object *situation;		/* hg_desk_say_...(): not changed, may be shared */
	const struct hg_desk_transport *transport;
	hg_desk_session *session;		/* needed where the desk has a login */
	struct json_object *progress;		/* of hg_desk_ended.progress of an earlier run, or NULL: from the beginning */
	/* TRUE: after each step that must not be made twice, and has others behind it, the run ends with `more` and its
	 * progress, so that it can be written down first.  FALSE: to the end in one go. */
	gboolean stops;
	gint64 timeout_ms;			/* of each request; 0: the client's */
	gboolean private_ok;			/* the backend's allow_private */
	gsize max_reply;			/* bytes; 0: 1 MiB */
	int save_fd;				/* > 0: the body of a 2xx goes there (fetch_attachment); stays yours */
};

struct hg_desk_ended {				/* lent during done */
	int word;				/* enum hg_desk_outcome.  Never AGAIN: a second one in a row is ACCOUNT.  ADOPT: a step was
						 * adopted, all are done.  NONE only of what looks for something */
	gboolean more;				/* word is DONE or ADOPT: of a part; progress says how to go on */
	gboolean ours;				/* REFUSED: the request could not be made (nothing has left), or an answer named no
						 * ticket: trying again says the same */
	gboolean unsent;			/* RETRY: nothing was asked, for we end */
	gboolean doubt;				/* RETRY: a request that must not be made twice may have arrived */
	int status;				/* HTTP, of the last answer; 0: none */
	gint64 retry_ms;			/* RETRY: as the helpdesk asks for; 0: it does not say */
	const char *text;			/* why, for a person, without secrets; NULL with DONE */
	/* Captures of all steps by name: { "ticket.id": "3", "upload": ["a", "b"] }; texts, of `foreach` steps lists
	 * of them; what is a list or a map is as it came.  `changes` of fetch_changes and fetch_change is one list of what all
	 * steps took by that name; those of a `foreach` over a list know as `item` what they were asked for.  Of a step with a name "NAME.upload" too.
	 * Never NULL. */
	struct json_object *taken;
	struct json_object *progress;		/* with more; or NULL */
	struct json_object *left;		/* DONE, ADOPT: files that a step for each file left out (an outcome `none`), as the situation
						 * has them, with "why"; or NULL: none */
	gsize saved;				/* bytes in save_fd */
	const char *type;			/* Content-Type of the last answer; or NULL */
};
typedef void hg_desk_ended_fn(void *arg, const struct hg_desk_ended *ended);

/* done is called once, perhaps before this returns (then NULL is returned); the run frees itself. */
hg_desk_run *hg_desk_run_start(const struct hg_desk_task *task, hg_desk_ended_fn *done, void *arg);
/* done is not called any more. */
void hg_desk_run_cancel(hg_desk_run *run);

/* A capture as text, lent until taken changes; NULL: it was not taken, or is a list. */
const char *hg_desk_taken(struct json_object *taken, const char *name);
