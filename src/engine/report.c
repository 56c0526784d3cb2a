/* report.c - the definitions, and the sums over many episodes */
#include "report.h"

#include <string.h>

#include "report_made.h"

#define FAST_MS (60 * G_GINT64_CONSTANT(1000))	/* a first response should take less ... */
#define SLOW_MS (2 * FAST_MS)			/* ... and is slow when it takes longer than this */
#define LONG_MS (24 * 60 * FAST_MS)

/* ---- definitions ---- */

int hg_report_resolver(const hg_episode *row)
{
	return row->human ? HG_RESOLVED_BY_HUMAN : row->bot ? HG_RESOLVED_BY_BOT : HG_RESOLVED_BY_NONE;
}

const char *hg_report_resolver_word(int resolver)
{
	return resolver == HG_RESOLVED_BY_HUMAN ? "human" : resolver == HG_RESOLVED_BY_BOT ? "bot" : "none";
}

gboolean hg_report_has_ticket(const hg_episode *row)
{
	return row->shadow ? row->ticket_n != 0 : row->acked_ms != 0;
}

static gint64 since_customer(const hg_episode *row, gint64 at_ms)
{
	return row->customer_ms && at_ms ? MAX(0, at_ms - row->customer_ms) : -1;
}

gint64 hg_report_first_response(const hg_episode *row)
{
	return since_customer(row, row->human_ms);
}

gint64 hg_report_first_bot(const hg_episode *row)
{
	return since_customer(row, row->bot_ms);
}

gint64 hg_report_resolved(const hg_episode *row, const struct hg_report_terms *terms)
{
	gint64 quiet_until_ms = row->reopened_ms > row->closed_ms ? row->reopened_ms : terms->now_ms;

	if (row->confirmed_ms)
		return row->confirmed_ms;
	if (!row->closed_ms || row->resolution == HG_RES_UNRESOLVED)
		return 0;
	return quiet_until_ms - row->closed_ms >= terms->resolved_after_ms ? row->closed_ms : 0;
}

gint64 hg_report_resolution_time(const hg_episode *row, const struct hg_report_terms *terms)
{
	return since_customer(row, hg_report_resolved(row, terms));
}

gboolean hg_report_reopened(const hg_episode *row, const struct hg_report_terms *terms)
{
	return row->reopened_ms && row->reopen_gap_ms <= terms->reopened_within_ms;
}

gboolean hg_report_noise(const hg_episode *row)
{
	return row->inbound && !row->real;
}

double hg_report_percent(gint64 part, gint64 all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

const char *hg_report_conversion_band(double percent)
{
	return percent < 20 ? "great" : percent <= 35 ? "healthy" : percent <= 40 ? "high" : "bad";
}

const char *hg_report_reopen_band(double percent)
{
	return percent < 10 ? "healthy" : percent <= 15 ? "watch" : "audit";
}

gint64 hg_report_percentile(const gint64 *sorted, gsize n, int p)
{
	gsize rank = (n * (gsize)p + 99) / 100;

	return sorted[MAX(rank, 1) - 1];
}

/* ---- groups ---- */

static void group_free(gpointer p)
{
	struct hg_report_group *group = p;

	for (guint i = 0; i < HG_REPORT_SAMPLES; i++)
		g_array_unref(group->samples[i]);
	g_free(group->channel);
	g_free(group->day);
	g_free(group);
}

static struct hg_report_group *group_new(const char *channel, const char *day, const char *resolver)
{
	struct hg_report_group *group = g_new0(struct hg_report_group, 1);

	group->channel = g_strdup(channel);
	group->day = g_strdup(day);
	group->row.channel = group->channel;
	group->row.day = group->day;
	group->row.resolver = resolver;
	for (guint i = 0; i < HG_REPORT_SAMPLES; i++)
		group->samples[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
	return group;
}

hg_report *hg_report_new(const struct hg_report_options *options)
{
	hg_report *report = g_new0(hg_report, 1);

	report->options = *options;
	report->options.zone = options->zone ? g_time_zone_ref(options->zone) : NULL;
	report->options.zone_name = report->zone_name = g_strdup(options->zone_name);
	for (int shadow = 0; shadow < 2; shadow++) {
		report->half[shadow].groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, group_free);
		report->half[shadow].total = group_new(NULL, NULL, NULL);
		report->half[shadow].rows = g_ptr_array_new();
	}
	return report;
}

void hg_report_free(hg_report *report)
{
	if (!report)
		return;
	for (int shadow = 0; shadow < 2; shadow++) {
		g_hash_table_unref(report->half[shadow].groups);
		group_free(report->half[shadow].total);
		g_ptr_array_unref(report->half[shadow].rows);
	}
	g_clear_pointer(&report->options.zone, g_time_zone_unref);
	g_free(report->zone_name);
	g_free(report);
}

static char *day_of(const hg_report *report, gint64 at_ms)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_ms / 1000);
	g_autoptr(GDateTime) there = utc && report->options.zone ? g_date_time_to_timezone(utc, report->options.zone) : NULL;

	return utc ? g_date_time_format(there ? there : utc, "%Y-%m-%d") : g_strdup("?");
}

static struct hg_report_group *group_of(hg_report *report, gboolean shadow, const char *channel, gint64 at_ms,
					const char *resolver)
{
	unsigned by = report->options.by;
	g_autofree char *day = by & HG_BY_DAY_KEY ? day_of(report, at_ms) : NULL;
	const char *of_channel = by & HG_BY_CHANNEL_KEY ? channel ? channel : "(none)" : NULL;
	const char *of_resolver = by & HG_BY_RESOLVER_KEY ? resolver : NULL;
	/* A tab is in no name of a channel. */
	g_autofree char *key = g_strjoin("\t", of_channel ? of_channel : "", day ? day : "",
					 of_resolver ? of_resolver : "", NULL);
	struct hg_report_group *group = g_hash_table_lookup(report->half[shadow].groups, key);

	if (!group) {
		group = group_new(of_channel, day, of_resolver);
		g_hash_table_insert(report->half[shadow].groups, g_steal_pointer(&key), group);
	}
	return group;
}

/* ---- one episode ---- */

static void add_sample(struct hg_report_group *group, int which, gint64 value)
{
	if (value >= 0)
		g_array_append_val(group->samples[which], value);
}

static void add_answers(struct hg_report_row *to, const hg_episode *row)
{
	gint64 first_ms = hg_report_first_response(row), replies = row->bot + row->human;

	to->within_60s += first_ms >= 0 && first_ms < FAST_MS;
	to->over_120s += first_ms > SLOW_MS;
	to->answered += replies > 0;
	to->one_reply += replies == 1;
	to->replies += replies;
}

static void add_end(struct hg_report_group *group, const hg_episode *row, const struct hg_report_terms *terms)
{
	struct hg_report_row *to = &group->row;
	gint64 took_ms = hg_report_resolution_time(row, terms);

	to->reopened += hg_report_reopened(row, terms);
	to->drops += row->dropped_ms != 0;
	to->drops_open += row->dropped_ms && !row->restored_ms;
	if (!hg_report_resolved(row, terms))
		return;
	to->resolved++;
	to->several_days += took_ms > LONG_MS;
	add_sample(group, HG_REPORT_RESOLUTION, took_ms);
	add_sample(group, HG_REPORT_MESSAGES, row->inbound + row->bot + row->human);
}

static void add_episode(struct hg_report_group *group, const hg_episode *row, const struct hg_report_terms *terms)
{
	struct hg_report_row *to = &group->row;

	to->conversations++;
	to->noise += hg_report_noise(row);
	to->layers[hg_layer_of(row->ticket_n, row->bot, row->human)]++;
	to->tickets += hg_report_has_ticket(row);
	to->waiting += row->ticket_n && !hg_report_has_ticket(row);
	add_sample(group, HG_REPORT_FIRST, hg_report_first_response(row));
	add_sample(group, HG_REPORT_FIRST_BOT, hg_report_first_bot(row));
	add_answers(to, row);
	add_end(group, row, terms);
}

void hg_report_take(hg_report *report, const hg_episode *row)
{
	const struct hg_report_terms *terms = &report->options.terms;

	add_episode(report->half[row->shadow != 0].total, row, terms);
	if (report->options.by)
		add_episode(group_of(report, row->shadow != 0, row->channel, row->ended_ms,
				     hg_report_resolver_word(hg_report_resolver(row))), row, terms);
}

/* ---- opinions ---- */

static void add_csat(struct hg_report_row *to, const hg_csat *csat)
{
	gboolean marks = strcmp(csat->scale, "thumbs") != 0;

	to->csat++;
	to->csat_satisfied += marks ? csat->score >= 4 : csat->score > 0;
	if (marks) {
		to->csat_marks++;
		to->csat_sum += csat->score;
	}
}

void hg_report_take_csat(hg_report *report, const hg_csat *csat)
{
	add_csat(&report->half[0].total->row, csat);
	if (report->options.by)
		add_csat(&group_of(report, FALSE, csat->channel, csat->at_ms, csat->resolver)->row, csat);
}

/* ---- the end ---- */

static int by_size(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return (x > y) - (x < y);
}

static void measure(GArray *sample, struct hg_report_times *ret)
{
	const gint64 *values;

	ret->n = sample->len;
	if (!sample->len)
		return;
	g_array_sort(sample, by_size);
	values = (const gint64 *)(const void *)sample->data;
	ret->p50 = hg_report_percentile(values, sample->len, 50);
	ret->p90 = hg_report_percentile(values, sample->len, 90);
	ret->p99 = hg_report_percentile(values, sample->len, 99);
}

static void group_end(struct hg_report_group *group)
{
	measure(group->samples[HG_REPORT_FIRST], &group->row.first_response);
	measure(group->samples[HG_REPORT_FIRST_BOT], &group->row.first_bot_response);
	measure(group->samples[HG_REPORT_RESOLUTION], &group->row.resolution_time);
	measure(group->samples[HG_REPORT_MESSAGES], &group->row.messages);
}

static int by_names(gconstpointer a, gconstpointer b)
{
	const struct hg_report_row *x = *(const struct hg_report_row *const *)a, *y = *(const struct hg_report_row *const *)b;
	int order = g_strcmp0(x->channel, y->channel);

	if (!order)
		order = g_strcmp0(x->day, y->day);
	return order ? order : g_strcmp0(x->resolver, y->resolver);
}

void hg_report_end(hg_report *report)
{
	for (int shadow = 0; shadow < 2; shadow++) {
		struct hg_report_half *half = &report->half[shadow];
		struct hg_report_group *group;
		GHashTableIter iter;
		gpointer value;

		group_end(half->total);
		g_hash_table_iter_init(&iter, half->groups);
		while (g_hash_table_iter_next(&iter, NULL, &value)) {
			group = value;
			group_end(group);
			g_ptr_array_add(half->rows, &group->row);
		}
		g_ptr_array_sort(half->rows, by_names);
	}
}

const struct hg_report_row *hg_report_total(const hg_report *report, gboolean shadow)
{
	return &report->half[shadow != 0].total->row;
}

const GPtrArray *hg_report_rows(const hg_report *report, gboolean shadow)
{
	return report->half[shadow != 0].rows;
}
