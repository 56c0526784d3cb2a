/* metrics.c - the running parts as Prometheus reads them (text format 0.0.4)
 *
 * Names and labels are promised to whoever has alarms on them: doc/operating.md lists them. */
#include "parts.h"

#include <string.h>

#include "metrics_text.h"

static const char *const resolvers[HG_TALLY_RESOLVERS] = {
	[HG_TALLY_NONE] = "none", [HG_TALLY_BOT] = "bot", [HG_TALLY_HUMAN] = "human",
};

/* ---- channels and backends ---- */

struct listing { hg_gateway *gateway; GPtrArray *status; };	/* of struct hg_channel_status, copies */

static void note_channel(void *arg, const struct hg_channel_status *status)
{
	struct listing *listing = arg;
	struct hg_channel_status *copy = g_new(struct hg_channel_status, 1);

	*copy = *status;
	g_ptr_array_add(listing->status, copy);
}

static void write_holds(hg_gateway *gateway, const GPtrArray *list, GString *out)
{
	hg_metric_head(out, "headgate_channel_paused", "gauge", "Has somebody paused the channel?");
	for (guint i = 0; i < list->len; i++) {
		const struct hg_channel_status *status = g_ptr_array_index(list, i);

		hg_metric_int(out, "headgate_channel_paused", (const char *const[]){ "channel", status->name, NULL },
			      hg_channels_is_held(gateway->channels, status->name));
	}
	hg_metric_head(out, "headgate_channel_last_in_seconds", "gauge", "When something came in last (Unix time); 0: not since the start.");
	for (guint i = 0; i < list->len; i++) {
		const struct hg_channel_status *status = g_ptr_array_index(list, i);

		hg_metric_ms(out, "headgate_channel_last_in_seconds", (const char *const[]){ "channel", status->name, NULL },
			     status->last_in_ms);
	}
}

static void write_channels(hg_gateway *gateway, GString *out)
{
	static const struct { const char *name, *help; gsize offset; } counts[] = {
		{ "headgate_channel_messages_total", "Items taken in.", offsetof(struct hg_channel_status, counts.items) },
		{ "headgate_channel_receipts_total", "Receipts taken in.",
		  offsetof(struct hg_channel_status, counts.receipts) },
		{ "headgate_channel_refused_total", "Deliveries refused.",
		  offsetof(struct hg_channel_status, counts.refused) },
		{ "headgate_channel_unread_total", "Attempts to read what came in (mail) that failed.",
		  offsetof(struct hg_channel_status, counts.unread) },
		{ "headgate_channel_sent_total", "Parts sent.", offsetof(struct hg_channel_status, counts.sent) },
		{ "headgate_channel_failed_total", "Parts refused by the provider.",
		  offsetof(struct hg_channel_status, counts.failed) },
		{ "headgate_channel_ambiguous_total", "Sends whose fate was unknown.",
		  offsetof(struct hg_channel_status, counts.ambiguous) },
	};
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	struct listing listing = { gateway, list };

	hg_channels_list(gateway->channels, note_channel, &listing);
	hg_metric_head(out, "headgate_channel_up", "gauge", "Is the channel up? (degraded counts as up)");
	for (guint i = 0; i < list->len; i++) {
		const struct hg_channel_status *status = g_ptr_array_index(list, i);

		if (strcmp(status->state, "away") == 0)	/* the node that works for it says so */
			continue;
		hg_metric_int(out, "headgate_channel_up", (const char *const[]){ "channel", status->name, "adapter",
			      status->adapter, NULL }, status->condition == HG_UP || status->condition == HG_DEGRADED);
	}
	write_holds(gateway, list, out);
	for (gsize c = 0; c < G_N_ELEMENTS(counts); c++) {
		hg_metric_head(out, counts[c].name, "counter", counts[c].help);
		for (guint i = 0; i < list->len; i++) {
			const struct hg_channel_status *status = g_ptr_array_index(list, i);

			hg_metric_int(out, counts[c].name, (const char *const[]){ "channel", status->name, NULL },
				      (gint64)G_STRUCT_MEMBER(guint64, status, counts[c].offset));
		}
	}
}

static void write_backends(hg_gateway *gateway, GString *out)
{
	struct hg_forwarder_state state;

	hg_metric_head(out, "headgate_backend_up", "gauge", "Does the helpdesk answer?");
	for (guint i = 0; hg_forwarder_state(gateway->forwarder, i, &state); i++)
		hg_metric_int(out, "headgate_backend_up", (const char *const[]){ "backend", state.backend, NULL },
			      !state.broken);
	hg_metric_head(out, "headgate_backend_failures", "gauge", "Failed attempts in a row.");
	for (guint i = 0; hg_forwarder_state(gateway->forwarder, i, &state); i++)
		hg_metric_int(out, "headgate_backend_failures", (const char *const[]){ "backend", state.backend, NULL },
			      state.failures);
}

static void write_hooks(hg_gateway *gateway, GString *out)
{
	static const struct { const char *outcome; gsize offset; } counts[] = {
		{ "answered", offsetof(struct hg_hook_stats, answered) }, { "cached", offsetof(struct hg_hook_stats, cached) },
		{ "late", offsetof(struct hg_hook_stats, late) }, { "failed", offsetof(struct hg_hook_stats, failed) },
		{ "skipped", offsetof(struct hg_hook_stats, skipped) },
	};
	const GPtrArray *hooks = gateway->setup->conf->hooks;

	hg_metric_head(out, "headgate_hook_questions_total", "counter", "How questions to hooks ended.");
	for (guint i = 0; i < hooks->len; i++) {
		const char *name = ((const struct hg_hook_conf *)g_ptr_array_index(hooks, i))->name;
		struct hg_hook_stats stats;

		hg_engine_get_hook_stats(gateway->engine, name, &stats);
		for (gsize c = 0; c < G_N_ELEMENTS(counts); c++)
			hg_metric_int(out, "headgate_hook_questions_total", (const char *const[]){ "hook", name, "outcome",
				      counts[c].outcome, NULL }, G_STRUCT_MEMBER(gint64, &stats, counts[c].offset));
	}
	hg_metric_head(out, "headgate_hook_answer_seconds_total", "counter",
		       "How long answers in time took, all together; by the outcome answered: on average.");
	for (guint i = 0; i < hooks->len; i++) {
		const char *name = ((const struct hg_hook_conf *)g_ptr_array_index(hooks, i))->name;
		struct hg_hook_stats stats;

		hg_engine_get_hook_stats(gateway->engine, name, &stats);
		hg_metric_ms(out, "headgate_hook_answer_seconds_total", (const char *const[]){ "hook", name, NULL },
			     stats.answered_ms);
	}
}

/* ---- engine and HTTP ---- */

static void write_counter(GString *out, const char *name, const char *type, const char *help, gint64 value)
{
	hg_metric_head(out, name, type, help);
	hg_metric_int(out, name, NULL, value);
}

static void write_engine(hg_gateway *gateway, GString *out)
{
	struct hg_engine_stats stats;

	hg_engine_get_stats(gateway->engine, &stats);
	write_counter(out, "headgate_commands_total", "counter", "Commands carried out.", stats.commands);
	write_counter(out, "headgate_commits_total", "counter", "Groups of commands committed.", stats.groups);
	write_counter(out, "headgate_messages_total", "counter", "Messages of customers.", stats.messages);
	write_counter(out, "headgate_duplicates_total", "counter", "Messages that had come before.", stats.duplicates);
	write_counter(out, "headgate_ignored_total", "counter", "Messages a rule ignored.", stats.ignored);
	write_counter(out, "headgate_joined_total", "counter", "Messages added to a ticket.", stats.joined);
	hg_metric_head(out, "headgate_retention_removed_total", "counter", "What was kept for long enough, and is forgotten.");
	for (int i = 0; i < HG_GONE_N; i++)
		if (i <= HG_GONE_DECISIONS)
			hg_metric_int(out, "headgate_retention_removed_total", (const char *const[]){ "kind", hg_gone_word(i), NULL },
				      stats.forgotten[i]);
	write_counter(out, "headgate_posts_held", "gauge", "Of what only one of several nodes may do: how much this one does.", stats.posts);
	write_counter(out, "headgate_lease_takeovers_total", "counter", "Posts taken over from a node that said nothing any more.",
		      stats.takeovers);
	write_counter(out, "headgate_stale_results_total", "counter", "Results of calls for a post that was not held any more.", stats.stales);
	write_counter(out, "headgate_queue_depth", "gauge", "Commands that wait for the engine.", stats.queue);
	hg_metric_head(out, "headgate_queue_oldest_seconds", "gauge", "How long the oldest of them waits.");
	hg_metric_ms(out, "headgate_queue_oldest_seconds", NULL, stats.queue_oldest_ms);
}

static void write_http(hg_gateway *gateway, GString *out)
{
	struct hg_server_stats stats;

	hg_server_stats(gateway->server, &stats);
	write_counter(out, "headgate_http_requests_total", "counter", "Requests taken.", (gint64)stats.requests);
	write_counter(out, "headgate_http_connections", "gauge", "Connections now.", stats.connections);
}

/* ---- conversations, by channel: also those where nothing has happened yet, so that a rise from nothing shows ---- */

struct told { const char *channel; struct hg_tally tally; };

static GArray *tallies(hg_gateway *gateway)
{
	const GPtrArray *channels = gateway->setup->conf->channels;
	GArray *list = g_array_new(FALSE, TRUE, sizeof(struct told));

	for (guint i = 0; i < channels->len; i++) {
		struct told told = { ((const struct hg_channel_conf *)g_ptr_array_index(channels, i))->name, { 0 } };

		hg_engine_get_tally(gateway->engine, told.channel, &told.tally);
		g_array_append_val(list, told);
	}
	return list;
}

static void write_consents(const GArray *list, GString *out)
{
	static const struct { const char *said; gsize offset; } counts[] = {
		{ "stop", offsetof(struct hg_tally, stops) }, { "start", offsetof(struct hg_tally, starts) },
		{ "help", offsetof(struct hg_tally, helps) },
	};

	hg_metric_head(out, "headgate_consent_total", "counter", "Customers who opted out, who took it back, who asked for help.");
	for (guint i = 0; i < list->len; i++) {
		const struct told *told = &g_array_index(list, struct told, i);

		for (gsize c = 0; c < G_N_ELEMENTS(counts); c++)
			hg_metric_int(out, "headgate_consent_total", (const char *const[]){ "channel", told->channel, "said",
				      counts[c].said, NULL }, G_STRUCT_MEMBER(gint64, &told->tally, counts[c].offset));
	}
}

static void write_counts(const GArray *list, GString *out)
{
	static const struct { const char *name, *help; gsize offset; } counts[] = {
		{ "headgate_tickets_total", "Conversations whose ticket a helpdesk has acknowledged.",
		  offsetof(struct hg_tally, tickets) },
		{ "headgate_reopened_total", "Conversations the customer came back to.", offsetof(struct hg_tally, reopened) },
		{ "headgate_drops_total", "Closed unresolved, and no helpdesk had it within 5 minutes.",
		  offsetof(struct hg_tally, drops) },
		{ "headgate_replies_barred_total", "Answers, and conversations of ours, refused because the customer has opted out.",
		  offsetof(struct hg_tally, barred) },
		{ "headgate_drops_restored_total", "Of those: a helpdesk had it later, or it went on.",
		  offsetof(struct hg_tally, restored) },
	};

	hg_metric_head(out, "headgate_episodes_ended_total", "counter", "Conversations that ended.");
	for (guint i = 0; i < list->len; i++) {
		const struct told *told = &g_array_index(list, struct told, i);

		hg_metric_int(out, "headgate_episodes_ended_total", (const char *const[]){ "channel", told->channel, "how",
			      "closed", NULL }, told->tally.closed);
		hg_metric_int(out, "headgate_episodes_ended_total", (const char *const[]){ "channel", told->channel, "how",
			      "converted", NULL }, told->tally.converted);
	}
	write_consents(list, out);
	for (gsize c = 0; c < G_N_ELEMENTS(counts); c++) {
		hg_metric_head(out, counts[c].name, "counter", counts[c].help);
		for (guint i = 0; i < list->len; i++) {
			const struct told *told = &g_array_index(list, struct told, i);

			hg_metric_int(out, counts[c].name, (const char *const[]){ "channel", told->channel, NULL },
				      G_STRUCT_MEMBER(gint64, &told->tally, counts[c].offset));
		}
	}
}

static void write_times(const GArray *list, GString *out)
{
	hg_metric_head(out, "headgate_first_response_seconds", "histogram",
		       "From the customer's first message to the first answer that was sent.");
	for (guint i = 0; i < list->len; i++) {
		const struct told *told = &g_array_index(list, struct told, i);

		hg_metric_histogram(out, "headgate_first_response_seconds", (const char *const[]){ "channel", told->channel,
				    "by", "human", NULL }, hg_tally_response_bounds, &told->tally.first_human);
		hg_metric_histogram(out, "headgate_first_response_seconds", (const char *const[]){ "channel", told->channel,
				    "by", "bot", NULL }, hg_tally_response_bounds, &told->tally.first_bot);
	}
	hg_metric_head(out, "headgate_resolution_seconds", "histogram",
		       "From the customer's first message to the closing, when that was not as unresolved.");
	for (guint i = 0; i < list->len; i++) {
		const struct told *told = &g_array_index(list, struct told, i);

		hg_metric_histogram(out, "headgate_resolution_seconds", (const char *const[]){ "channel", told->channel,
				    NULL }, hg_tally_resolution_bounds, &told->tally.resolution);
	}
}

/* A summary without quantiles: count and sum. */
static void write_scores(const GArray *list, GString *out)
{
	hg_metric_head(out, "headgate_csat_score", "summary", "Of the opinions: those from 1 to 5.");
	for (guint i = 0; i < list->len; i++)
		for (guint r = 0; r < HG_TALLY_RESOLVERS; r++) {
			const struct told *told = &g_array_index(list, struct told, i);
			const char *const labels[] = { "channel", told->channel, "resolver", resolvers[r], NULL };

			hg_metric_int(out, "headgate_csat_score_sum", labels, told->tally.csat[r].sum);
			hg_metric_int(out, "headgate_csat_score_count", labels, told->tally.csat[r].marks);
		}
}

static void write_csat(const GArray *list, GString *out)
{
	static const struct { const char *name, *help; gsize offset; } counts[] = {
		{ "headgate_csat_total", "Opinions customers gave.", offsetof(struct hg_tally_csat, n) },
		{ "headgate_csat_satisfied_total", "Of them: 4, 5, or thumbs up.",
		  offsetof(struct hg_tally_csat, satisfied) },
	};

	for (gsize c = 0; c < G_N_ELEMENTS(counts); c++) {
		hg_metric_head(out, counts[c].name, "counter", counts[c].help);
		for (guint i = 0; i < list->len; i++)
			for (guint r = 0; r < HG_TALLY_RESOLVERS; r++) {
				const struct told *told = &g_array_index(list, struct told, i);

				hg_metric_int(out, counts[c].name, (const char *const[]){ "channel", told->channel,
					      "resolver", resolvers[r], NULL },
					      G_STRUCT_MEMBER(gint64, &told->tally.csat[r], counts[c].offset));
			}
	}
	write_scores(list, out);
}

/* An index that does not keep up: what was said lately is found by looking through it, more slowly the more it is. */
static void write_search(hg_gateway *gateway, GString *out)
{
	struct hg_search_state state;

	hg_search_state(gateway->search, &state);
	hg_metric_head(out, "headgate_search_behind", "gauge", "Events that the search index has not got to yet.");
	hg_metric_int(out, "headgate_search_behind", NULL, state.off ? 0 : state.behind);
	hg_metric_head(out, "headgate_search_complete", "gauge", "Does it hold the older messages too? 0 while it is made, or switched off.");
	hg_metric_int(out, "headgate_search_complete", NULL, !state.off && !state.building && !state.error);
}

static void write_alarm(void *out, const char *kind, guint n)
{
	hg_metric_int(out, "headgate_alarms", (const char *const[]){ "alarm", kind, NULL }, n);
}

void hg_gateway_metrics(void *arg, GString *out)
{
	hg_gateway *gateway = arg;
	g_autoptr(GArray) list = tallies(gateway);
	struct hg_clock_state clock;

	hg_metric_head(out, "headgate_build_info", "gauge", "Always 1; the version is a label.");
	hg_metric_int(out, "headgate_build_info", (const char *const[]){ "version", PACKAGE_VERSION, NULL }, 1);
	hg_metric_head(out, "headgate_start_time_seconds", "gauge", "When the daemon was started (Unix time).");
	hg_metric_ms(out, "headgate_start_time_seconds", NULL, gateway->started_ms);
	hg_clock_look(gateway->clock, &clock);
	hg_metric_head(out, "headgate_clock_off_seconds", "gauge", "The system's clock minus the time that is gone by.");
	hg_metric_ms(out, "headgate_clock_off_seconds", NULL, clock.off_ms);
	hg_metric_head(out, "headgate_config_read_seconds", "gauge", "When its configuration was read last (Unix time).");
	hg_metric_ms(out, "headgate_config_read_seconds", NULL, gateway->reloaded_ms);
	hg_metric_head(out, "headgate_config_last_reload_successful", "gauge", "Was the newest configuration taken?");
	hg_metric_int(out, "headgate_config_last_reload_successful", NULL, !gateway->reload_refused);
	hg_metric_head(out, "headgate_alarms", "gauge", "Alarms that stand, by what they are about.");
	hg_alarms_count(gateway->alarms, write_alarm, out);
	write_channels(gateway, out);
	write_backends(gateway, out);
	hg_gateway_back_metrics(gateway, out);
	write_hooks(gateway, out);
	write_engine(gateway, out);
	write_search(gateway, out);
	write_http(gateway, out);
	write_counts(list, out);
	write_times(list, out);
	write_csat(list, out);
	hg_visitors_metrics(gateway->visitors, out);
}
