/* call.h - one API request under way; private to src/api */
#pragma once
#include "api.h"
#include "arena.h"
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
	const char *scope;		/* the token must have it; "" any token */
	gsize max_body;
	call_read_fn *read;		/* exactly one of these three */
	call_write_fn *write;
	call_own_fn *own;
	int command;			/* with write: enum hg_command_kind */
	int status;			/* of success; 0: 200 */
	gboolean key;			/* Idempotency-Key is required */
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
	GString *out;			/* JSON of a success */
	int status;
	GError *error;
	const char *problem;		/* word of the problem type; NULL: by the error's code */
	gpointer extra;			/* a file's or signal's own; freed by extra_free */
	GDestroyNotify extra_free;
};

struct hg_api {
	hg_conf *conf;
	hg_loop *loop;
	hg_readers *readers;
	char *attachments;
	struct hg_api_ports ports;
	struct hg_live *live;
};

/* On the loop: answers and frees the call by what is in out or error. */
void hg_call_finish(void *call);
/* hg_json_parse() of the body as an object whose members are all in known (NULL-ended). */
struct json_object *hg_call_body(struct call *call, const char *const *known);
gint64 hg_call_number(struct call *call, const char *query, gint64 least, gint64 most, gint64 fallback);

/* auth.c: TRUE when the request may go on; fills call->principal. */
gboolean hg_auth_check(struct call *call);

/* live.c */
struct hg_live *hg_live_new(hg_loop *loop);
void hg_live_free(struct hg_live *live);
void hg_live_follow(struct call *call);		/* own: GET /v1/events/stream */
void hg_live_publish(struct hg_live *live, const hg_event *const *events, guint n);

/* read.c */
call_read_fn hg_read_threads, hg_read_thread, hg_read_messages, hg_read_message, hg_read_thread_events,
	hg_read_events, hg_read_ticket, hg_read_dead, hg_read_explain_thread, hg_read_explain_message,
	hg_read_fsck;
/* file.c */
call_own_fn hg_file_upload, hg_file_send;
/* write.c */
call_write_fn hg_write_reply, hg_write_note, hg_write_convert, hg_write_close, hg_write_reopen,
	hg_write_link, hg_write_status, hg_write_retry, hg_write_settle;
/* signal.c */
call_own_fn hg_signal_read, hg_signal_typing;
/* api.c */
call_own_fn hg_api_status;
