/* call.h - one API request under way; private to src/api */
#pragma once
#include "api.h"
#include "arena.h"
#include "asked.h"
#include "json.h"
#include "keys.h"
#include "principal.h"

#define HG_CALL_PARAMS 2

struct call;

/* What the first {} of a path names.  Of a principal that sees some channels only, one place (object.c) looks
 * whether the object is of one of those, before the route's own function runs; if it is not, the answer is that of
 * an object that is not there.  A list (NONE) leaves out what is another's itself: hg_may_channel(). */
enum hg_object {
	HG_OBJ_NONE = 0,	/* nothing: a list; or what has no channel */
	HG_OBJ_WHOLE,		/* the gateway as a whole: refused (403) to who sees some channels only */
	HG_OBJ_THREAD, HG_OBJ_MESSAGE, HG_OBJ_TICKET, HG_OBJ_ATTACHMENT,	/* by id; a ticket by number too */
	HG_OBJ_CONTACT,		/* seen by who sees one of its threads */
	HG_OBJ_CHANNEL,		/* by name */
	HG_OBJ_JOB,		/* by number, of the outbox: its thread's channel, else the channel it is for */
	HG_OBJ_TOKEN,		/* as WHOLE */
};

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
	call_own_fn *after;		/* with write, or NULL: on the loop, when it was done and before it is answered */
	int object;			/* enum hg_object */
	const char *action;		/* what the audit calls it; NULL: it changes nothing, and is not audited */
};
extern const struct route hg_api_routes[];	/* ends with a NULL method */

struct call {
	hg_api *api;
	hg_conf *conf;			/* of the moment it came; referenced */
	hg_request *req;
	const struct route *route;
	hg_arena *arena;
	const struct hg_principal *who;	/* ours: a reference */
	const char *principal;		/* its name */
	const char *param[HG_CALL_PARAMS];	/* what stood for each {} */
	const char *idem_key;
	const hg_token *made;		/* the token that the command made or changed; or NULL */
	hg_command *command;		/* ours until the engine has it */
	GString *out;			/* JSON of a success */
	const char *type;		/* of a success; NULL: JSON */
	const char *header;		/* "Name: value" of a success, in arena; or NULL */
	int status;			/* instead of the route's or the error's; or 0 */
	GError *error;
	const char *problem;		/* word of the problem type; NULL: by the error's code */
	char *more;			/* ours: further members of the problem, without brackets; or NULL */
	gpointer extra;			/* a file's, stream's or signal's own; freed by extra_free */
	GDestroyNotify extra_free;
	GHashTable *seen;		/* object.c's own; or NULL */
	const char *object, *facts;	/* for the row of what is no command: what it was about, and more as JSON; or NULL */
	call_own_fn *begin;		/* audited.c's own */
	gboolean audited;		/* its row is written, or none is to be */
	gboolean hidden;		/* it asked for what is not there, or another channel's */
};

struct hg_api {
	hg_conf *conf;
	hg_loop *loop;
	hg_readers *readers;
	hg_keys *keys;			/* ours */
	char *attachments;
	struct hg_api_ports ports;
	struct hg_live *live;
	GString *why, *allow;		/* of the refusal that is being made */
	guint64 refused;		/* calls without a good token */
	GHashTable *refusals;		/* audited.c's own */
	gint64 refused_told_ms;		/* when the log heard of it last */
	gint auditing;			/* atomic: an fsck runs */
	struct {			/* token_follow.c's own */
		hg_readers *readers;
		struct hg_token_place seen;	/* all changes up to it are in keys */
		guint in_vain;		/* ticks since the last look that came to something */
		guint64 timer;
		gboolean looks, again, away;
		gboolean shared;	/* other nodes look as well */
	} follow;
};

gint64 hg_api_now(const hg_api *api);		/* by its loop's clock */

/* ---- answer.c: on the loop ---- */

/* Answers and frees the call by what is in out or error. */
void hg_call_finish(void *call);
/* What its error comes to. */
void hg_call_problem(const struct call *call, int *ret_status, const char **ret_word);

/* ---- audited.c: on the loop ---- */

void hg_audit_take(struct call *call, hg_command *command);	/* the command tells of the call when it is done */
/* TRUE: the call is finished again when its row is on disk.  For hg_call_finish() alone. */
gboolean hg_audit_waits(struct call *call);
/* A row first, then begin; when there can be none the call is finished with an error. */
void hg_audit_begin(struct call *call, call_own_fn *begin);
/* Somebody who is known may not do this. */
void hg_audit_refused(hg_api *api, const hg_request *req, const struct hg_principal *who, const struct route *route);

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

/* ---- object.c: who may see what ---- */

/* Whether the caller may see what is of that channel; NULL: of none. */
gboolean hg_may_channel(const struct call *call, const char *channel);
/* The same, of the thread's channel.  A thread that is not there is nobody's: FALSE, and no error. */
gboolean hg_may_thread(struct call *call, hg_store *store, gint64 thread_n);
gboolean hg_may_contact(struct call *call, hg_store *store, gint64 contact_n);
gboolean hg_may_job(struct call *call, hg_store *store, const hg_job *job);
/* Whether an object of that kind is looked at before the route's own function; and the look, on a reader thread.
 * FALSE: the call's error says that it is not there. */
gboolean hg_object_is_one(int object);
gboolean hg_object_check(struct call *call, hg_store *store);

/* A page of a list.  fetch appends the next `want` rows behind the place that query names, and moves that place behind
 * the last of them; sees says which of them the caller may see (asked only of who sees some channels). */
struct hg_page {
	guint want;			/* rows: one more than is shown tells whether there are more */
	gboolean (*fetch)(struct call *call, hg_store *store, void *query, GPtrArray *rows);
	gboolean (*sees)(struct call *call, hg_store *store, gconstpointer row);
	void *query;
};
/* Rows for the page, page->want at most.  *ret_last: the last row looked at, where so many of other channels lay between
 * that the page ends before it is full; else NULL. */
gboolean hg_page_fill(struct call *call, hg_store *store, const struct hg_page *page, GPtrArray *ret,
		      gconstpointer *ret_last);

/* ---- auth.c ---- */

/* 0 when the request may go on; else the status, and error says why.  The principal is yours, a reference; NULL: nobody knows
 * who it is (401). */
int hg_auth_check(const hg_keys *keys, const hg_request *req, const struct route *route, gint64 now_ms,
		  const struct hg_principal **ret_who, GError **error);
/* The same of a principal that is known already. */
int hg_auth_may(const struct hg_principal *who, const struct route *route, GError **error);

/* ---- live.c ---- */
struct hg_live *hg_live_new(hg_loop *loop, hg_readers *readers, gint64 last_event_n);
void hg_live_free(struct hg_live *live);
void hg_live_follow(struct call *call);		/* own: GET /v1/events/stream */
void hg_live_publish(struct hg_live *live, const hg_event *const *events, guint n);
void hg_live_tell(struct hg_live *live, const struct hg_news_of *of, const char *text, gsize len);
/* Ends the streams of those whose token is good no more. */
void hg_live_check(struct hg_live *live);

/* read.c, audit.c */
call_read_fn hg_read_threads, hg_read_thread, hg_read_messages, hg_read_message, hg_read_thread_events,
	hg_read_events, hg_read_outbox, hg_read_fsck, hg_read_quarantine, hg_read_quarantine_one;
/* What the payload writer needs to show a thread. */
struct hg_payload;
gboolean hg_call_payload(struct call *call, hg_store *store, const hg_thread *thread, struct hg_payload *ret);
/* search_call.c; threads: conversations that have it, each once, as GET /v1/threads shows them. */
call_read_fn hg_read_search;
void hg_read_search_as(struct call *call, hg_store *store, const char *q, gboolean threads);
/* threads.c: what the query says of the conversations that are wanted; limit is one more than are shown. */
gboolean hg_call_thread_query(struct call *call, struct hg_thread_query *ret);
/* A query parameter that is a span before now, a day or a time; *ret stays when it is not there. */
gboolean hg_call_time(struct call *call, const char *key, gint64 *ret);
/* ?shadow=true: those on trial and no others. */
gboolean hg_call_shadow(struct call *call, gboolean *ret);
/* The ticket the path names: by id, by our number, or by a helpdesk's id (backend NULL: of any), in this order. */
hg_ticket *hg_call_ticket(struct call *call, hg_store *store, const char *backend);
/* thread_id and message_id of what a row is about, where it is about one (n is not 0); *ret_message (or
 * NULL) is the message. */
gboolean hg_call_add_about(struct call *call, hg_store *store, gint64 thread_n, gint64 message_n,
			   hg_message **ret_message);
/* A page of jobs as {"LIST":[...],"next":N}; query->limit is one more than are shown. */
gboolean hg_call_jobs(struct call *call, hg_store *store, const char *list, struct hg_job_query *query,
		      gboolean (*write)(struct call *call, hg_store *store, const hg_job *job));
/* One event as GET /v1/events and the live stream show it. */
void hg_event_write(GString *out, const hg_event *event);
/* consent.c */
call_read_fn hg_read_consent;
call_write_fn hg_write_consent;
/* contacts.c */
call_read_fn hg_read_contacts, hg_read_contact, hg_read_erasure;
/* An object with all that is shown of one. */
gboolean hg_contact_write_all(struct call *call, hg_store *store, const hg_contact *contact);
/* The one the path names; NULL: the call's error is set. */
hg_contact *hg_call_contact(struct call *call, hg_store *store);
/* contact_write.c */
call_write_fn hg_write_merge, hg_write_unmerge, hg_write_block, hg_write_unblock, hg_write_erase;
/* export.c */
call_own_fn hg_contact_export;
/* retention.c */
call_read_fn hg_read_retention;
call_write_fn hg_write_retain;
/* import_call.c */
call_write_fn hg_write_import;
/* queues.c */
call_read_fn hg_read_queues;
/* explain.c */
call_read_fn hg_read_explain_thread, hg_read_explain_message, hg_read_decisions;
/* rules_call.c, rules_replay.c */
call_read_fn hg_read_rules, hg_read_try;
call_own_fn hg_rules_replay_call;
/* file_open.c */
call_read_fn hg_read_file_link;
/* file.c */
call_own_fn hg_file_upload, hg_file_send;
/* report.c */
/* A span before now, a day, or a time; key names it in the error. */
gboolean hg_call_moment(struct call *call, const char *key, const char *text, GTimeZone *zone, gint64 *ret);
call_read_fn hg_read_report, hg_read_episodes, hg_read_drops;
/* write.c */
call_write_fn hg_write_reply, hg_write_preview, hg_write_start, hg_write_start_preview, hg_write_note, hg_write_convert,
	hg_write_close, hg_write_join, hg_write_reopen,
	hg_write_restore, hg_write_link, hg_write_status, hg_write_retry, hg_write_settle, hg_write_participant,
	hg_write_no_participant, hg_write_noise, hg_write_no_noise;
/* The link that the body names, with its backend and the path's ticket. */
gboolean hg_call_link(struct call *call, struct json_object *body, hg_command *command);
/* tickets.c */
call_read_fn hg_read_tickets, hg_read_ticket;
call_write_fn hg_write_ticket_retry, hg_write_relink;
/* audits.c */
call_read_fn hg_read_audits, hg_read_audit_verify;
/* token.c */
call_write_fn hg_write_token, hg_write_token_revoke;
call_read_fn hg_read_tokens;
const hg_token *hg_token_keep(hg_arena *arena, const hg_token *made);	/* a copy */
void hg_token_say_secret(struct call *call);
/* A new one, yours, that begins with prefix; and its hash. */
char *hg_token_secret(hg_api *api, const char *prefix, guint8 ret_hash[32]);
/* Submits a command about a token (takes it), which is in force before then(arg) runs on the loop: made is NULL with an error. */
typedef void token_then_fn(void *arg, const hg_token *made, const GError *error);
void hg_token_errand(hg_api *api, hg_command *command, token_then_fn *then, void *arg);
/* What is committed now is known to all nodes after so long, in ms; 0: there are no others. */
gint64 hg_api_told_ms(const hg_api *api);
/* token_follow.c; it was committed: whose it was is over at once, or may begin. */
void hg_api_token_changed(hg_api *api, const hg_token *token);
void hg_api_note_use(hg_api *api, const struct hg_principal *who);	/* of a request that may go on */
/* Where it is: after a start, on the loop. */
call_own_fn hg_write_started;
/* patch.c */
/* A list of tags, NULL-ended; *ret NULL: there are none. */
gboolean hg_write_tags(struct call *call, hg_command *command, struct json_object *body, const char *key,
		       const char *const **ret);
call_write_fn hg_write_patch;
/* On a reader thread: the files of a reply are there, and how big they are. */
void hg_write_find_files(struct call *call);
/* signal.c */
call_own_fn hg_signal_read, hg_signal_typing;
/* channel_ask.c */
call_own_fn hg_channel_take_call;
call_own_fn hg_channel_ask_call;
/* alarm.c */
call_read_fn hg_read_alarms;
call_write_fn hg_write_alarm_test;
gboolean hg_call_add_alarms(struct call *call, hg_store *store);	/* a member of an object that is open */
/* node.c */
call_read_fn hg_read_nodes;
call_write_fn hg_write_drain, hg_write_undrain;
/* channel.c */
call_own_fn hg_captured_list, hg_captured_show, hg_channel_list, hg_channel_show, hg_channel_probe_call, hg_channel_held;
call_write_fn hg_write_pause, hg_write_resume;
/* deadletter_list.c, deadletter_write.c */
call_read_fn hg_read_dead, hg_read_dead_one;
call_write_fn hg_write_retry_all, hg_write_edit, hg_write_discard;
/* backup_call.c */
call_own_fn hg_backup_call;
/* console_link.c */
call_write_fn hg_write_console_link;
call_own_fn hg_console_link_made;
/* configuration.c */
call_own_fn hg_config_reload, hg_config_show;
/* audit.c, metrics.c */
call_own_fn hg_api_status, hg_api_metrics;
