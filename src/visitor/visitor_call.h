/* visitor_call.h - one request of a visitor under way; private to src/visitor */
#pragma once
#include "arena.h"
#include "asked.h"
#include "json.h"
#include "visitor.h"
#include "visitor_conf.h"

#define HG_VISITOR_PARAMS 2
#define HG_VISITOR_ID_SIZE 48		/* "u" and 43 characters, or 22 of them, and a NUL */
#define HG_VISITOR_SCHEME "widget:"

struct visitor_call;

/* Runs on a reader thread: fills call->out, or call->error. */
typedef void visitor_read_fn(struct visitor_call *call, hg_store *store);
/* Runs on the loop. */
typedef void visitor_loop_fn(struct visitor_call *call);

enum visitor_door {
	VISITOR_TOKEN = 0,	/* Authorization: Bearer, of a session that has not ended: call->who is set */
	VISITOR_OPEN,		/* anybody: call->who is empty */
};

/* A call goes through as many of these as its route has, in this order.  An error set in one ends it
 * as a problem.  begin may answer by itself: it takes call->req (leaves NULL).  Behind read the call is answered
 * by its out; a route with end does that itself, now or later, by hg_visitor_finish(). */
struct visitor_route {
	const char *method, *pattern;	/* "/client/v1/threads/{}/messages" */
	const char *query;		/* names of query parameters, with spaces between; NULL: none */
	gsize max_body;
	enum visitor_door door;
	visitor_loop_fn *begin;		/* reads what is asked; or NULL */
	visitor_read_fn *read;		/* or NULL */
	visitor_loop_fn *end;		/* or NULL */
	int status;			/* of success; 0: 200, or 204 where nothing is in out */
};
extern const struct visitor_route hg_visitor_routes[];	/* ends with a NULL method */

/* Whose request it is, by the token's word. */
struct visitor_who {
	char id[HG_VISITOR_ID_SIZE];	/* "": nobody's */
	char uri[HG_VISITOR_ID_SIZE + sizeof HG_VISITOR_SCHEME];	/* "widget:" and the id */
	const char *channel;		/* the call's arena */
	gboolean identified;		/* the site's server vouched for him ... */
	gboolean mail;			/* ... and for a mail address of his */
	gint64 began_ms;		/* when he was identified, or first seen */
	gint64 issued_ms, expires_ms;	/* of the token */
};

struct visitor_call {
	hg_visitors *visitors;
	hg_conf *conf;			/* of the moment it came; referenced */
	hg_request *req;		/* NULL: answered */
	const struct visitor_route *route;
	hg_arena *arena;
	const char *param[HG_VISITOR_PARAMS];	/* what stood for each {} */
	struct visitor_who who;
	const struct hg_channel_conf *channel;	/* conf's, as set; NULL: door OPEN, and nobody has chosen one yet */
	const struct hg_visitor_conf *set;	/* the channel's options */
	gint64 now_ms;			/* UTC, when it came */
	GString *out;			/* JSON of a success */
	int status;			/* instead of the route's or the error's; or 0 */
	GError *error;
	const char *problem;		/* word of the problem type; NULL: by the error's code */
	GString *more;			/* members of the problem besides the usual ones, as JSON; or NULL */
	gint64 retry_s;			/* Retry-After; 0: none */
	gpointer extra;			/* the route's own; freed by extra_free */
	GDestroyNotify extra_free;
};

struct visitor_place {			/* a channel that is served now */
	hg_visitors *visitors;
	char *name;
	struct hg_channel *channel;	/* the adapter host's; until it leaves */
	struct visitor_rates *rates;
};

struct hg_visitors {
	struct hg_visitors_env env;
	hg_conf *conf;
	GHashTable *places;		/* name -> struct visitor_place */
	struct visitor_keys *keys;
	struct visitor_proofs *proofs;
	GString *why, *header;		/* of the refusal that is being made */
	guint64 refused[32];		/* by enum visitor_refusal */
};

/* ---- visitor_answer.c: on the loop ---- */

/* Answers by what is in out or error, unless that is done, and frees the call. */
void hg_visitor_finish(void *call);
/* Reads more: work on a reader thread, then done on the loop.  What cannot be begun ends as busy. */
void hg_visitor_read(struct visitor_call *call, visitor_read_fn *work, visitor_loop_fn *done);
/* Access-Control-* for the origin that asks, when it may; appends "Name: value" lines (yours) to ret. */
void hg_visitor_cors(struct visitor_call *call, GPtrArray *ret);

/* ---- visitor_route.c ---- */

/* The channel is one of ours, and open: sets call->channel and set.  FALSE: MISSING. */
gboolean hg_visitor_choose(struct visitor_call *call, const char *channel);
/* Where the call's channel is served now; NULL: it is not (it reloads, it is gone). */
struct visitor_place *hg_visitor_place(struct visitor_call *call);

/* ---- visitor_see.c: who sees what; on a reader thread ---- */

/* His conversations, newest activity first: those he spoke in; of one whom the site's server vouched for, all of
 * his contact in the channel's scope.  Of hg_thread, in the call's arena. */
gboolean hg_visitor_threads(struct visitor_call *call, hg_store *store, guint limit, GPtrArray *ret);
/* The one of that id; FALSE with MISSING also where it is somebody else's, for nobody is to learn of it. */
gboolean hg_visitor_thread(struct visitor_call *call, hg_store *store, const char *id, hg_thread **ret);
/* Is it for a customer's eyes?  No notes, no lines for agents. */
gboolean hg_visitor_shows(const hg_message *message);
