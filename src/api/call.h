/* call.h - one API request under way; private to src/api */
#pragma once
#include "api.h"
#include "arena.h"
#include "asked.h"
#include "json.h"

#define HG_CALL_PARAMS 2

struct call;

/* Runs on a reader thread: fills call->out, or call->error. */
typedef void call_read_fn(struct call *call, hg_store *store);
/* Runs on the loop: fills the command from the body.  FALSE: call->error says why. */
typedef gboolean call_write_fn(struct call *call, hg_command *command);
/* Runs on the loop and answers the request itself. */
typedef void call_own_fn(struct call *call);

struct route {
	const char *method, *pattern;	/* "/v1/threads/{}/messages" */
	const char *scope;		/* the token must have it */
	const char *query;		/* names of query parameters, with spaces between; NULL: none */
	gsize max_body;
	call_read_fn *read;		/* exactly one of these three */
	call_write_fn *write;
	call_own_fn *own;
	int command;			/* with write: enum hg_command_kind */
	int status;			/* of success; 0: 200 */
	gboolean key;			/* Idempotency-Key is required, not only taken */
};
extern const struct route hg_api_routes[];	/* ends with a NULL method */

struct call {
	hg_api *api;
	hg_conf *conf;			/* of the moment it came; referenced */
	hg_request *req;
	const struct route *route;
	hg_arena *arena;
	char *principal;		/* "token:desk", "local:0" */
	const char *param[HG_CALL_PARAMS];	/* what stood for each {} */
	const char *idem_key;
	hg_command *command;		/* ours until the engine has it */
	GString *out;			/* JSON of a success */
	const char *type;		/* of a success; NULL: JSON */
	int status;			/* instead of the route's or the error's; or 0 */
	GError *error;
	const char *problem;		/* word of the problem type; NULL: by the error's code */
	gpointer extra;			/* a file's, stream's or signal's own; freed by extra_free */
	GDestroyNotify extra_free;
};

struct hg_api {
	hg_conf *conf;
	hg_loop *loop;
	hg_readers *readers;
	char *attachments;
	struct hg_api_ports ports;
	struct hg_live *live;
	GString *why, *allow;		/* of the refusal that is being made */
	guint64 refused;		/* calls without a good token */
	gint64 refused_told_ms;		/* when the log heard of it last */
	gint auditing;			/* atomic: an fsck runs */
};

/* ---- answer.c: on the loop ---- */

/* Answers and frees the call by what is in out or error. */
void hg_call_finish(void *call);

/* ---- what is asked, with its error in the call: asked.h ---- */

static inline struct json_object *hg_call_body(struct call *call, const struct call_member *known)
{
	return hg_asked_body(call->req, known, &call->error);
}

static inline gboolean hg_call_check(struct call *call, struct json_object *object, const char *where,
				     const struct call_member *known)
{
	return hg_asked_check(object, where, known, &call->error);
}

static inline gboolean hg_call_query(struct call *call)
{
	return hg_asked_query(call->req, call->route->query, &call->error);
}

static inline gint64 hg_call_number(struct call *call, const char *query, gint64 least, gint64 most, gint64 fallback)
{
	return hg_asked_number(call->req, query, least, most, fallback, &call->error);
}

/* ---- auth.c ---- */

/* 0 with the principal (yours) when the request may go on; else the status, and error says why. */
int hg_auth_check(const hg_conf *conf, const hg_request *req, const struct route *route,
		  char **ret_principal, GError **error);

/* ---- live.c ---- */
struct hg_live *hg_live_new(hg_loop *loop);
void hg_live_free(struct hg_live *live);
void hg_live_follow(struct call *call);		/* own: GET /v1/events/stream */
void hg_live_publish(struct hg_live *live, const hg_event *const *events, guint n);
void hg_live_tell(const struct hg_live *live, gint64 thread_n, gboolean shadow, const char *text, gsize len);

/* read.c, audit.c */
call_read_fn hg_read_threads, hg_read_thread, hg_read_messages, hg_read_message, hg_read_thread_events,
	hg_read_events, hg_read_ticket, hg_read_outbox, hg_read_fsck, hg_read_quarantine, hg_read_quarantine_one;
/* ?shadow=true: those on trial and no others. */
gboolean hg_call_shadow(struct call *call, gboolean *ret);
/* thread_id and message_id of what a row is about, where it is about one (n is not 0); *ret_message (or
 * NULL) is the message. */
gboolean hg_call_add_about(struct call *call, hg_store *store, gint64 thread_n, gint64 message_n,
			   hg_message **ret_message);
/* One event as GET /v1/events and the live stream show it. */
void hg_event_write(GString *out, const hg_event *event);
/* consent.c */
call_read_fn hg_read_consent;
call_write_fn hg_write_consent;
/* queues.c */
call_read_fn hg_read_queues;
/* explain.c */
call_read_fn hg_read_explain_thread, hg_read_explain_message, hg_read_decisions;
/* file.c */
call_own_fn hg_file_upload, hg_file_send;
/* report.c */
/* A span before now, a day, or a time; key names it in the error. */
gboolean hg_call_moment(struct call *call, const char *key, const char *text, GTimeZone *zone, gint64 *ret);
call_read_fn hg_read_report, hg_read_episodes, hg_read_drops;
/* write.c */
call_write_fn hg_write_reply, hg_write_preview, hg_write_note, hg_write_convert, hg_write_close, hg_write_reopen,
	hg_write_restore, hg_write_link, hg_write_status, hg_write_retry, hg_write_settle, hg_write_participant,
	hg_write_no_participant, hg_write_unmerge;
/* patch.c */
call_write_fn hg_write_patch;
/* On a reader thread: the files of a reply are there, and how big they are. */
void hg_write_find_files(struct call *call);
/* signal.c */
call_own_fn hg_signal_read, hg_signal_typing;
/* channel_ask.c */
call_own_fn hg_channel_ask_call;
/* audit.c, metrics.c */
call_own_fn hg_api_status, hg_api_metrics;
