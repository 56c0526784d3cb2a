/* deadletter_list.c - what was given up on, whatever it was: a list, and one of them as it would be sent */
#include <string.h>
#include "call.h"
#include "payload_parts.h"
#include "standing.h"

#define SHOWN      50
#define SHOWN_MOST 500

/* ---- what every letter has ---- */

static gboolean add_event(struct call *call, hg_store *store, const hg_job *job, hg_event **ret)
{
	*ret = NULL;
	if (job->event_n && !hg_store_event_get(store, call->arena, job->event_n, ret, &call->error))
		return FALSE;
	hg_json_opt_str(call->out, "event_id", *ret ? (*ret)->id : NULL);
	hg_json_opt_str(call->out, "event_type", *ret ? (*ret)->type : NULL);
	return TRUE;
}

/* Of an object that stays open. */
static gboolean write_head(struct call *call, hg_store *store, const hg_job *job, hg_message **ret_message,
			   hg_event **ret_event)
{
	GString *out = call->out;

	hg_json_open(out, '{');
	hg_json_add_int(out, "number", job->n);
	hg_json_add_str(out, "target", hg_target_word(job->target));
	hg_json_add_str(out, "name", job->name);
	hg_json_add_int(out, "attempts", job->attempts);
	hg_json_add_time(out, "created", job->created_ms);
	hg_json_add_time(out, "given_up", job->changed_ms);
	hg_json_add_str(out, "error", job->error);
	if (job->error_code)
		hg_json_add_int(out, "error_code", job->error_code);
	hg_json_add_bool(out, "editable", job->target == HG_TO_BACKEND || job->target == HG_TO_CHANNEL);
	return hg_call_add_about(call, store, job->thread_n, job->message_n, ret_message) &&
	       add_event(call, store, job, ret_event);
}

static gboolean read_query(struct call *call, struct hg_job_query *ret)
{
	const char *target = hg_request_query(call->req, "target"), *name = hg_request_query(call->req, "name");

	*ret = (struct hg_job_query){ .state = HG_JOB_DEAD, .name = name,
		.limit = (guint)hg_call_number(call, "limit", 1, SHOWN_MOST, SHOWN) + 1,
		.after_n = hg_call_number(call, "after", 0, G_MAXINT64, 0) };
	if (call->error)
		return FALSE;
	ret->target = hg_target_of(target);
	return !target || ret->target || hg_fail(&call->error, HG_ERROR_INPUT, "target=%.20s: channel, backend, fetch, hook, "
						 "unpack, settle or change is wanted", target);
}

static gboolean write_letter(struct call *call, hg_store *store, const hg_job *job)
{
	hg_message *message;
	hg_event *event;

	if (!write_head(call, store, job, &message, &event))
		return FALSE;
	hg_json_close(call->out, '}');
	return TRUE;
}

void hg_read_dead(struct call *call, hg_store *store)
{
	struct hg_job_query query;

	if (read_query(call, &query))
		hg_call_jobs(call, store, "dead_letters", &query, write_letter);
}

/* ---- as it would be sent ---- */

static gboolean show_event(struct call *call, hg_store *store, const hg_job *job, const hg_event *event)
{
	const char *edited;

	if (!hg_dead_edited(store, call->arena, job, &edited, &call->error))
		return FALSE;
	hg_json_add_bool(call->out, "edited", edited != NULL);
	hg_json_key(call->out, "payload");
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "type", event ? event->type : NULL);
	hg_json_add_time(call->out, "timestamp", event ? event->at_ms : 0);
	hg_json_add_raw(call->out, "data", edited ?: event ? event->data : NULL);
	hg_json_close(call->out, '}');
	return TRUE;
}

static void show_message(struct call *call, const hg_job *job, const hg_message *message)
{
	GString *out = call->out;

	hg_json_key(out, "payload");
	hg_json_open(out, '{');
	hg_json_add_str(out, "to", message ? message->address : NULL);
	hg_json_add_str(out, "from", message ? message->our_address : NULL);
	hg_json_opt_str(out, "subject", message ? message->subject : NULL);
	hg_json_add_str(out, "text", message ? message->text : NULL);
	hg_json_add_int(out, "part", job->part + 1);
	if (job->body)
		hg_json_add_foreign(out, "body", job->body, MIN(job->len, (gsize)HG_RAW_MAX));
	hg_json_close(out, '}');
}

static gboolean show_file(struct call *call, hg_store *store, const hg_job *job)
{
	hg_attachment *file = NULL;

	if (!hg_store_attachment_get(store, call->arena, job->attachment_n, &file, &call->error))
		return FALSE;
	hg_json_key(call->out, "payload");
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "attachment", file ? file->id : NULL);
	hg_json_add_str(call->out, "name", file ? file->name : NULL);
	hg_json_add_str(call->out, "type", file ? file->type : NULL);
	hg_json_close(call->out, '}');
	return TRUE;
}

static gboolean show_bytes(struct call *call, hg_store *store, const hg_job *job)
{
	const void *bytes = job->body;
	gsize len = job->len;

	if (job->target == HG_TO_UNPACK && !hg_store_raw_get(store, call->arena, job->raw_n, &bytes, &len, &call->error))
		return FALSE;
	hg_json_key(call->out, "payload");
	hg_json_open(call->out, '{');
	hg_json_opt_str(call->out, "key", job->key);
	if (bytes) {
		hg_json_add_int(call->out, "bytes", (gint64)len);
		hg_json_add_foreign(call->out, "raw", bytes, len);
	}
	hg_json_close(call->out, '}');
	return TRUE;
}

static gboolean show_payload(struct call *call, hg_store *store, const hg_job *job, const hg_message *message,
			     const hg_event *event)
{
	switch (job->target) {
	case HG_TO_BACKEND:
		return show_event(call, store, job, event);
	case HG_TO_CHANNEL:
		show_message(call, job, message);
		return TRUE;
	case HG_TO_FETCH:
		return show_file(call, store, job);
	default:
		return show_bytes(call, store, job);
	}
}

void hg_read_dead_one(struct call *call, hg_store *store)
{
	hg_message *message;
	hg_event *event;
	hg_job *job = NULL;
	gint64 n = 0;

	if (g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &n, NULL) &&
	    !hg_store_job_get(store, call->arena, n, &job, &call->error))
		return;
	if (!job || job->state != HG_JOB_DEAD) {
		hg_fail(&call->error, HG_ERROR_MISSING, "\"%.20s\" is not among the dead letters; GET /v1/dead-letters lists "
			"them", call->param[0]);
		return;
	}
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "dead_letter");
	if (!write_head(call, store, job, &message, &event) || !show_payload(call, store, job, message, event))
		return;
	hg_json_close(call->out, '}');
	hg_json_close(call->out, '}');
}
