/* metrics.c - GET /metrics: what the running parts said, then what the store knows */
#include <string.h>
#include "call.h"
#include "metrics_text.h"

static void write_jobs(GString *out, const GPtrArray *counts)
{
	static const struct { const char *state; gsize offset; } states[] = {
		{ "waiting", offsetof(struct hg_job_count, waiting) }, { "sending", offsetof(struct hg_job_count, sending) },
		{ "unknown", offsetof(struct hg_job_count, unknown) }, { "parked", offsetof(struct hg_job_count, parked) },
		{ "dead", offsetof(struct hg_job_count, dead) },
	};

	hg_metric_head(out, "headgate_outbox_jobs", "gauge", "What waits to leave, is in doubt, or was given up (dead).");
	for (guint i = 0; i < counts->len; i++)
		for (gsize s = 0; s < G_N_ELEMENTS(states); s++) {
			const struct hg_job_count *count = g_ptr_array_index(counts, i);

			hg_metric_int(out, "headgate_outbox_jobs", (const char *const[]){ "target",
				      hg_target_word(count->target), "name", count->name, "state", states[s].state, NULL },
				      G_STRUCT_MEMBER(gint64, count, states[s].offset));
		}
}

/* What has nothing to do is there with zeros, so that a rise from nothing shows. */
static void add_idle(struct call *call, GPtrArray *counts, int target, const char *name)
{
	struct hg_job_count *idle;

	for (guint i = 0; i < counts->len; i++) {
		const struct hg_job_count *count = g_ptr_array_index(counts, i);

		if (count->target == target && strcmp(count->name, name) == 0)
			return;
	}
	idle = hg_arena_alloc(call->arena, sizeof(*idle));
	*idle = (struct hg_job_count){ .target = target, .name = name };
	g_ptr_array_add(counts, idle);
}

static void add_all_idle(struct call *call, GPtrArray *counts)
{
	const GPtrArray *channels = call->conf->channels, *backends = call->conf->backends;

	for (guint i = 0; i < channels->len; i++)
		add_idle(call, counts, HG_TO_CHANNEL,
			 ((const struct hg_channel_conf *)g_ptr_array_index(channels, i))->name);
	for (guint i = 0; i < backends->len; i++)
		add_idle(call, counts, HG_TO_BACKEND,
			 ((const struct hg_backend_conf *)g_ptr_array_index(backends, i))->name);
}

static void write_oldest(GString *out, const GPtrArray *counts, gint64 now_ms)
{
	hg_metric_head(out, "headgate_outbox_oldest_seconds", "gauge", "How long the oldest that waits has waited.");
	for (guint i = 0; i < counts->len; i++) {
		const struct hg_job_count *count = g_ptr_array_index(counts, i);

		hg_metric_ms(out, "headgate_outbox_oldest_seconds", (const char *const[]){ "target",
			     hg_target_word(count->target), "name", count->name, NULL },
			     count->oldest_ms ? MAX(0, now_ms - count->oldest_ms) : 0);
	}
}

/* free: of the disk; -1: nobody knows. */
static void write_store(GString *out, const struct hg_store_stats *stats, gint64 drops, gint64 free)
{
	const struct { const char *name, *help; gint64 value; } gauges[] = {
		{ "headgate_threads_open", "Conversations that are open.", stats->open_threads },
		{ "headgate_drops_open", "Drops that nobody has restored.", drops },
		{ "headgate_store_bytes", "Size of the database.", stats->bytes },
		{ "headgate_store_wal_bytes", "Size of its log.", stats->wal_bytes },
		{ "headgate_store_free_bytes", "Free on its disk and that of attachments; -1: not known.", free },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(gauges); i++) {
		hg_metric_head(out, gauges[i].name, "gauge", gauges[i].help);
		hg_metric_int(out, gauges[i].name, NULL, gauges[i].value);
	}
}

static gboolean write_outages(struct call *call, hg_store *store)
{
	gint64 since_ms, now_ms = hg_now(hg_loop_env(call->api->loop));

	hg_metric_head(call->out, "headgate_backend_down_seconds", "gauge", "How long the helpdesk has not answered; 0: it does.");
	for (guint i = 0; i < call->conf->backends->len; i++) {
		const char *name = ((const struct hg_backend_conf *)g_ptr_array_index(call->conf->backends, i))->name;

		if (!hg_store_outage_get(store, name, &since_ms, &call->error))
			return FALSE;
		hg_metric_ms(call->out, "headgate_backend_down_seconds", (const char *const[]){ "backend", name, NULL },
			     since_ms ? MAX(0, now_ms - since_ms) : 0);
	}
	return TRUE;
}

static void metrics_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	g_autoptr(GPtrArray) counts = g_ptr_array_new();
	struct hg_store_stats stats;
	gint64 drops;

	if (!hg_store_stats(store, &stats, &call->error) || !hg_store_drops_open(store, &drops, &call->error) ||
	    !hg_store_job_counts(store, call->arena, counts, &call->error))
		return;
	if (!write_outages(call, store))
		return;
	add_all_idle(call, counts);
	write_store(call->out, &stats, drops, hg_store_free_bytes(store));
	write_jobs(call->out, counts);
	write_oldest(call->out, counts, hg_now(hg_loop_env(call->api->loop)));
}

void hg_api_metrics(struct call *call)
{
	call->type = "text/plain; version=0.0.4; charset=utf-8";
	call->api->ports.metrics(call->api->ports.ctx, call->out);
	hg_metric_head(call->out, "headgate_api_refused_total", "counter", "Calls without a good token, or the right to make them.");
	hg_metric_int(call->out, "headgate_api_refused_total", NULL, (gint64)call->api->refused);
	if (!hg_readers_run(call->api->readers, metrics_work, hg_call_finish, call, &call->error))
		hg_call_finish(call);
}
