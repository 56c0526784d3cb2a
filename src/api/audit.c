/* audit.c - what an admin looks at: status, outbox, fsck */
#include <string.h>
#include "call.h"

#define JOBS 50
#define JOBS_MAX 500

/* ---- status: what the daemon's own parts said, then what the store knows ---- */

static void write_stats(GString *out, const struct hg_store_stats *stats)
{
	hg_json_key(out, "store");
	hg_json_open(out, '{');
	hg_json_add_int(out, "contacts", stats->contacts);
	hg_json_add_int(out, "threads", stats->threads);
	hg_json_add_int(out, "open_threads", stats->open_threads);
	hg_json_add_int(out, "messages", stats->messages);
	hg_json_add_int(out, "tickets", stats->tickets);
	hg_json_add_int(out, "events", stats->events);
	hg_json_add_int(out, "bytes", stats->bytes);
	hg_json_add_int(out, "wal_bytes", stats->wal_bytes);
	hg_json_close(out, '}');
}

static void write_count(GString *out, const struct hg_job_count *count)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "target", hg_target_word(count->target));
	hg_json_add_str(out, "name", count->name);
	hg_json_add_int(out, "waiting", count->waiting);
	hg_json_add_int(out, "sending", count->sending);
	hg_json_add_int(out, "unknown", count->unknown);
	hg_json_add_int(out, "parked", count->parked);
	hg_json_add_int(out, "dead", count->dead);
	hg_json_add_time(out, "oldest", count->oldest_ms);
	hg_json_close(out, '}');
}

/* Helpdesks that do not answer: since when, and how much waits for them. */
static gboolean write_outages(struct call *call, hg_store *store, const GPtrArray *counts)
{
	hg_json_key(call->out, "outages");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < call->conf->backends->len; i++) {
		const char *name = ((const struct hg_backend_conf *)g_ptr_array_index(call->conf->backends, i))->name;
		gint64 since_ms, waiting = 0;

		if (!hg_store_outage_get(store, name, &since_ms, &call->error))
			return FALSE;
		for (guint k = 0; k < counts->len; k++) {
			const struct hg_job_count *count = g_ptr_array_index(counts, k);

			if (count->target == HG_TO_BACKEND && strcmp(count->name, name) == 0)
				waiting = count->waiting + count->sending + count->parked;
		}
		if (!since_ms)
			continue;
		hg_json_open(call->out, '{');
		hg_json_add_str(call->out, "backend", name);
		hg_json_add_time(call->out, "since", since_ms);
		hg_json_add_int(call->out, "waiting", waiting);
		hg_json_close(call->out, '}');
	}
	hg_json_close(call->out, ']');
	return TRUE;
}

static void status_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	g_autoptr(GPtrArray) counts = g_ptr_array_new();
	struct hg_store_stats stats;

	if (!hg_store_stats(store, &stats, &call->error) ||
	    !hg_store_job_counts(store, call->arena, counts, &call->error))
		return;
	write_stats(call->out, &stats);
	if (!write_outages(call, store, counts) || !hg_call_add_alarms(call, store))
		return;
	hg_json_key(call->out, "outbox");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < counts->len; i++)
		write_count(call->out, g_ptr_array_index(counts, i));
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

void hg_api_status(struct call *call)
{
	hg_json_open(call->out, '{');
	call->api->ports.status(call->api->ports.ctx, call->out);
	hg_json_key(call->out, "api");
	hg_json_open(call->out, '{');
	hg_json_add_int(call->out, "refused", (gint64)call->api->refused);
	hg_json_add_bool(call->out, "auditing", g_atomic_int_get(&call->api->auditing));
	hg_json_close(call->out, '}');
	if (!hg_readers_run(call->api->readers, status_work, hg_call_finish, call, &call->error))
		hg_call_finish(call);
}

/* ---- outbox ---- */

/* The ids of what a job is about, for who has to act on it. */
static gboolean add_subject(struct call *call, hg_store *store, const hg_job *job)
{
	hg_event *event = NULL;

	if (!hg_call_add_about(call, store, job->thread_n, job->message_n, NULL) ||
	    (job->event_n && !hg_store_event_get(store, call->arena, job->event_n, &event, &call->error)))
		return FALSE;
	hg_json_opt_str(call->out, "event_id", event ? event->id : NULL);
	hg_json_opt_str(call->out, "event_type", event ? event->type : NULL);
	return TRUE;
}

static gboolean write_job(struct call *call, hg_store *store, const hg_job *job)
{
	GString *out = call->out;

	hg_json_open(out, '{');
	hg_json_add_int(out, "number", job->n);
	hg_json_add_str(out, "target", hg_target_word(job->target));
	hg_json_add_str(out, "name", job->name);
	hg_json_add_str(out, "state", hg_job_state_word(job->state));
	hg_json_add_int(out, "attempts", job->attempts);
	hg_json_add_time(out, "created", job->created_ms);
	hg_json_add_time(out, "due", job->due_ms);
	hg_json_opt_str(out, "error", job->error);
	if (!add_subject(call, store, job))
		return FALSE;
	hg_json_close(out, '}');
	return TRUE;
}

static gboolean job_query(struct call *call, struct hg_job_query *ret)
{
	const char *word = hg_request_query(call->req, "state");

	*ret = (struct hg_job_query){ .limit = (guint)hg_call_number(call, "limit", 1, JOBS_MAX, JOBS) + 1,
		.after_n = hg_call_number(call, "after", 0, G_MAXINT64, 0), .state = HG_JOB_DEAD };
	if (call->error)
		return FALSE;
	for (int state = HG_JOB_QUEUED; word && state <= HG_JOB_DEAD; state++)
		if (strcmp(word, hg_job_state_word(state)) == 0) {
			ret->state = state;
			return TRUE;
		}
	return !word || hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: queued, due, sending, unknown, parked "
				"or dead is wanted", word);
}

static gboolean fetch_jobs(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct hg_job_query *query = arg;

	if (!hg_store_job_list(store, call->arena, query, rows, &call->error))
		return FALSE;
	if (rows->len)
		query->after_n = ((const hg_job *)g_ptr_array_index(rows, rows->len - 1))->n;
	return TRUE;
}

static gboolean sees_job(struct call *call, hg_store *store, gconstpointer row)
{
	return hg_may_job(call, store, row);
}

gboolean hg_call_jobs(struct call *call, hg_store *store, const char *list, struct hg_job_query *query,
		      gboolean (*write)(struct call *call, hg_store *store, const hg_job *job))
{
	const struct hg_page page = { .want = query->limit, .fetch = fetch_jobs, .sees = sees_job, .query = query };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	const hg_job *last;
	gconstpointer cut;
	guint shown;

	if (!hg_page_fill(call, store, &page, jobs, &cut))
		return FALSE;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, list);
	hg_json_open(call->out, '[');
	shown = MIN(jobs->len, page.want - 1);
	for (guint i = 0; i < shown; i++)
		if (!write(call, store, g_ptr_array_index(jobs, i)))
			return FALSE;
	hg_json_close(call->out, ']');
	last = jobs->len > shown ? g_ptr_array_index(jobs, shown - 1) : cut;
	if (last)
		hg_json_add_int(call->out, "next", last->n);	/* ?after= of the next page */
	hg_json_close(call->out, '}');
	return TRUE;
}

void hg_read_outbox(struct call *call, hg_store *store)
{
	struct hg_job_query query;

	if (job_query(call, &query))
		hg_call_jobs(call, store, "jobs", &query, write_job);
}

/* ---- fsck: on a connection of its own, for it may take longer than a read may; one at a time ---- */

static void report_breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	struct call *call = arg;

	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "invariant", invariant);
	hg_json_add_str(call->out, "id", id);
	hg_json_add_str(call->out, "remedy", remedy);
	hg_json_close(call->out, '}');
}

static void audit(struct call *call)
{
	hg_store *store = hg_readers_open_slow(call->api->readers, &call->error);
	guint breaches = 0;

	hg_json_open(call->out, '{');
	hg_json_key(call->out, "breaches");
	hg_json_open(call->out, '[');
	if (store && !hg_store_fsck(store, call->api->attachments, report_breach, call, &breaches, &call->error) &&
	    hg_readers_ending(call->api->readers)) {
		g_clear_error(&call->error);
		hg_fail(&call->error, HG_ERROR_BUSY, "the daemon is stopping");
	}
	hg_json_close(call->out, ']');
	hg_json_add_int(call->out, "count", breaches);
	hg_json_close(call->out, '}');
	hg_readers_close_slow(call->api->readers, store);
}

void hg_read_fsck(struct call *call, hg_store *store)
{
	(void)store;
	if (!g_atomic_int_compare_and_exchange(&call->api->auditing, 0, 1)) {
		hg_fail(&call->error, HG_ERROR_BUSY, "an audit is under way already");
		return;
	}
	audit(call);
	g_atomic_int_set(&call->api->auditing, 0);
}
