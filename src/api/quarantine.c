/* quarantine.c - raw bytes that could not be read: what lies there, and its bytes */
#include "call.h"
#include "payload_parts.h"

#define SHOWN      100
#define SHOWN_MOST 500

static gboolean add_message(struct call *call, hg_store *store, const hg_job *job)
{
	hg_message *message = NULL;

	if (job->external_id && !hg_store_message_by_id(store, call->arena, job->external_id, &message, &call->error))
		return FALSE;
	return !message || hg_call_add_about(call, store, message->thread_n, message->n, NULL);
}

/* bytes: of the raw event, or NULL. */
static gboolean write_entry(struct call *call, hg_store *store, const hg_job *job, const void *bytes, gsize len)
{
	GString *out = call->out;

	hg_json_open(out, '{');
	hg_json_add_int(out, "number", job->n);
	hg_json_add_str(out, "channel", job->name);
	hg_json_add_str(out, "key", job->key);
	hg_json_add_int(out, "attempts", job->attempts);
	hg_json_add_time(out, "received", job->created_ms);
	hg_json_add_time(out, "given_up", job->changed_ms);
	hg_json_add_str(out, "error", job->error);
	if (!add_message(call, store, job))
		return FALSE;
	if (bytes) {
		hg_json_add_int(out, "bytes", (gint64)len);
		hg_json_add_foreign(out, "raw", bytes, len);
		if (len > HG_RAW_MAX)
			hg_json_add_bool(out, "raw_cut", TRUE);
	}
	hg_json_close(out, '}');
	return TRUE;
}

static gboolean write_listed(struct call *call, hg_store *store, const hg_job *job)
{
	return write_entry(call, store, job, NULL, 0);
}

void hg_read_quarantine(struct call *call, hg_store *store)
{
	struct hg_job_query query = { .target = HG_TO_UNPACK, .state = HG_JOB_DEAD };

	query.limit = (guint)hg_call_number(call, "limit", 1, SHOWN_MOST, SHOWN) + 1;
	query.after_n = hg_call_number(call, "after", 0, G_MAXINT64, 0);
	if (!call->error)
		hg_call_jobs(call, store, "entries", &query, write_listed);
}

void hg_read_quarantine_one(struct call *call, hg_store *store)
{
	const void *bytes = NULL;
	hg_job *job = NULL;
	gint64 n = 0;
	gsize len = 0;

	if (g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &n, NULL) &&
	    !hg_store_job_get(store, call->arena, n, &job, &call->error))
		return;
	if (!job || job->target != HG_TO_UNPACK || job->state != HG_JOB_DEAD) {
		hg_fail(&call->error, HG_ERROR_MISSING, "\"%.20s\" is not in quarantine; GET /v1/quarantine lists what is",
			call->param[0]);
		return;
	}
	if (hg_store_raw_get(store, call->arena, job->raw_n, &bytes, &len, &call->error))
		write_entry(call, store, job, bytes ?: "", len);
}
