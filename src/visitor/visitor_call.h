/* visitor_call.h - one request of a visitor under way; private to src/visitor */
#pragma once
#include "arena.h"
#include "asked.h"
#include "channel.h"
#include "inside.h"
#include "json.h"
#include "rules_hours.h"
#include "visitor.h"
#include "visitor_conf.h"
#include "visitor_json.h"
#include "visitor_live.h"
#include "visitor_proof.h"
#include "visitor_rate.h"
#include "visitor_token.h"
#include "visitor_upload.h"

#define HG_VISITOR_PARAMS 2

struct visitor_call;
struct visitor_inner;

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
	const char *locale;		/* he asked for, or NULL */
	struct visitor_eyes eyes;	/* with door TOKEN, while it reads: whose conversations he sees */
	visitor_read_fn *work;		/* the read under way, */
	visitor_loop_fn *then;		/* and what comes behind it; NULL: the call is finished */
	gint64 now_ms;			/* UTC, when it came */
	guint limit;			/* of a page ... */
	const char *before;		/* ... and where it begins: a message's id, or NULL */
	GString *out;			/* JSON of a success */
	int status;			/* instead of the route's or the error's; or 0 */
	GError *error;
	const char *problem;		/* word of the problem type; NULL: by the error's code */
	const char *denied;		/* the same where the engine's error is DENIED, ... */
	int denied_status;		/* ... and its status */
	GString *more;			/* members of the problem besides the usual ones, as JSON; or NULL */
	gint64 retry_s;			/* Retry-After; 0: none */
	gpointer extra;			/* the route's own; freed by extra_free */
	GDestroyNotify extra_free;
	/* Of a call that a page of ours makes (visitor_inner.h): for whom, with his request; what it says; who hears. */
	struct visitor_call *outer;	/* NULL: it is a request's own */
	struct json_object *given;	/* its body, ours */
	const char *token;
	void (*outer_done)(struct visitor_call *outer, const struct visitor_inner *inner);
};

struct visitor_place {			/* a channel that is served now */
	hg_visitors *visitors;
	char *name;
	hg_channel *channel;		/* the adapter host's; until it leaves */
	hg_visitor_rates *rates;
	gint64 reply_ms;		/* how long people wait for an answer, -1: too few did; as of ... */
	gint64 reply_at_ms;		/* ... then; 0: nobody has looked */
};

struct hg_visitors {
	struct hg_visitors_env env;
	hg_conf *conf;
	hg_hours *hours;		/* conf's */
	GHashTable *places;		/* name -> struct visitor_place */
	guint8 token_key[32], id_key[32];
	hg_visitor_proofs *proofs;
	hg_visitor_live *live;
	hg_visitor_uploads *uploads;
	guint64 sweep;			/* timer */
	struct hg_inside_visitor inside;
	GString *why;			/* of the refusal that is being made, with its ... */
	GPtrArray *headers;		/* ... "Name: value", ours, NULL-ended */
	GHashTable *refused;		/* word of a problem (a constant) -> guint64 *: how often */
	gint64 refused_told_ms;		/* when the log heard of it last */
};

/* ---- visitor.c ---- */

/* A key of its own for each purpose ("token"), made of the instance's. */
void hg_visitor_key(const hg_visitors *visitors, const char *purpose, guint8 ret[32]);
/* Where the call's channel is served now; NULL: it is not (it reloads, it is gone). */
struct visitor_place *hg_visitor_place(const struct visitor_call *call);

/* ---- visitor_answer.c: on the loop ---- */

/* Answers by what is in out or error, unless that is done, and frees the call. */
void hg_visitor_finish(void *call);
/* The same, as a problem of that word (a constant). */
void hg_visitor_refuse(struct visitor_call *call, int status, const char *word, const char *fmt, ...) G_GNUC_PRINTF(4, 5);
/* Sets the same for later; FALSE, so that callers can return it. */
gboolean hg_visitor_wrong(struct visitor_call *call, int status, const char *word, const char *fmt, ...)
	G_GNUC_PRINTF(4, 5);
/* Reads: work on a reader thread, then done on the loop (NULL: the call is finished), at once where work failed:
 * that finishes the call.  What cannot be begun ends as busy. */
void hg_visitor_read(struct visitor_call *call, visitor_read_fn *work, visitor_loop_fn *done);
/* Has the engine do it, then done (as above); the answer, JSON or NULL, is in call->out. */
void hg_visitor_submit(struct visitor_call *call, hg_command *command, visitor_loop_fn *done);
void hg_visitor_count(hg_visitors *visitors, const char *word);	/* a refusal; word is a constant */

/* The body, see hg_asked_body(); NULL: call->error says why. */
static inline struct json_object *hg_visitor_body(struct visitor_call *call, const struct call_member *known)
{
	if (!call->outer)
		return hg_asked_body(call->req, known, &call->error);
	return hg_asked_check(call->given, "the body", known, &call->error) ? json_object_get(call->given) : NULL;
}

/* ---- visitor_cors.c ---- */

/* May a page of that origin ("https://www.acme.example:8443") use the channel?  Our own pages may. */
gboolean hg_visitor_origin_fits(const struct visitor_call *call, const char *origin);
/* Is it that of our own pages? */
gboolean hg_visitor_origin_own(const struct visitor_call *call, const char *origin);
/* Access-Control-*, for pages of an origin that some channel of ours takes, and Vary: added to ret, yours to free. */
void hg_visitor_cors(hg_visitors *visitors, const hg_request *req, GPtrArray *ret);
/* begin: OPTIONS, which browsers send first. */
visitor_loop_fn hg_visitor_preflight;

/* ---- visitor_route.c ---- */

struct visitor_call *hg_visitor_call_new(hg_visitors *visitors, hg_request *req, const struct visitor_route *route,
					 const char *path);
/* From the door on; it answers, now or later. */
void hg_visitor_call_run(struct visitor_call *call);

/* The channel is one of ours, and open: sets call->channel and set.  FALSE: MISSING. */
gboolean hg_visitor_choose(struct visitor_call *call, const char *channel);
/* Its origin may use the chosen channel.  FALSE: origin-refused. */
gboolean hg_visitor_origin(struct visitor_call *call);
/* All addresses of his, the visitor's own first, as struct hg_address (adapter.h), strings of the call's arena. */
void hg_visitor_addresses(const struct visitor_call *call, GArray *ret);
/* Within the rate, of the visitor or the address; FALSE: too-many. */
gboolean hg_visitor_within(struct visitor_call *call, enum visitor_rate which);

/* ---- visitor_session.c, visitor_hello.c ---- */
visitor_loop_fn hg_login_begin, hg_login_end, hg_login_logout;
visitor_read_fn hg_login_read;
/* Is somebody there, and how long do answers take? */
struct visitor_presence {
	int open;			/* 1, 0; -1: there are no hours */
	gint64 change_ms;		/* when that changes; -1: not within a year */
	gint64 reply_ms;		/* median of people's first answers; -1: there are too few */
	gboolean measure, measured;	/* it is to be measured anew; it was */
};
/* On the loop: what is known; and what was measured meanwhile, for those who come next. */
void hg_visitor_look(const struct visitor_call *call, struct visitor_presence *ret);
void hg_visitor_looked(const struct visitor_call *call, const struct visitor_presence *presence);
/* What a session begins with, to call->out; token: his.  On a reader thread. */
void hg_visitor_hello(struct visitor_call *call, hg_store *store, const char *token, struct visitor_presence *presence);
/* What the form before the first message asks for, is not known, and is not given either: words, the conf's. */
gboolean hg_visitor_missing(struct visitor_call *call, hg_store *store, struct json_object *given, GPtrArray *ret);
/* The text of the language nearest to that one; of "", or NULL, where there is none.  map: name, value, ... */
const char *hg_visitor_text(char **map, const char *locale);

/* ---- visitor_thread.c ---- */
visitor_loop_fn hg_threads_begin, hg_messages_begin;
visitor_read_fn hg_threads_read, hg_thread_read, hg_messages_read;
/* While it reads: the one param[0] names; FALSE with MISSING also where it is somebody else's. */
gboolean hg_visitor_find_thread(struct visitor_call *call, hg_thread **ret);

/* ---- visitor_say.c, visitor_emit.c ---- */
visitor_loop_fn hg_say_begin, hg_say_emit;
visitor_read_fn hg_say_read;
/* What he says of himself, checked, as JSON of the arena; NULL: call->error says why. */
const char *hg_visitor_read_profile(struct visitor_call *call, struct json_object *profile);

/* ---- visitor_mark.c ---- */
visitor_loop_fn hg_mark_begin, hg_mark_read, hg_mark_delivered, hg_mark_typing_begin, hg_mark_typing,
	hg_mark_rating_begin, hg_mark_rating, hg_mark_transcript_begin, hg_mark_transcript, hg_mark_profile_begin, hg_mark_profile;
visitor_read_fn hg_mark_typing_read;

/* ---- visitor_stream.c ---- */
visitor_loop_fn hg_stream_begin, hg_stream_follow;
visitor_read_fn hg_stream_read;

/* ---- visitor_spread.c: on the loop, at this node and at all others ---- */
void hg_spread_say(hg_visitors *visitors, const char *channel, const struct hg_out *out);
void hg_spread_typing(hg_visitors *visitors, const struct hg_news_of *of, const char *thread_id, gboolean on);
struct hg_visitor_live_ended;
void hg_spread_end(hg_visitors *visitors, const struct hg_visitor_live_ended *which);	/* each of its members is set */

/* ---- visitor_upload_call.c, visitor_upload_sweep.c, visitor_file.c, visitor_static.c ---- */
visitor_loop_fn hg_upload_post_begin, hg_upload_get_begin, hg_upload_put_begin, hg_upload_delete_begin;
visitor_read_fn hg_upload_post_read, hg_upload_put_read, hg_upload_delete_read;
/* "bytes FIRST-LAST/TOTAL" (RFC 9110, section 14.4), all known. */
gboolean hg_upload_range_read(const char *header, gint64 *ret_first, gint64 *ret_last, gint64 *ret_total);
/* Every ten minutes, what nobody named in time is deleted. */
void hg_upload_sweep_start(hg_visitors *visitors);
void hg_upload_sweep_stop(hg_visitors *visitors);
visitor_loop_fn hg_visitor_file_begin, hg_visitor_file_end;
visitor_read_fn hg_visitor_file_read;
visitor_loop_fn hg_static_begin;

/* ---- visitor_page.c ---- */
visitor_loop_fn hg_page_get, hg_page_post;
