/* report.c - reports, the episodes they are made of, and drops */
#include <stdio.h>
#include <string.h>
#include "call.h"
#include "report.h"
#include "text.h"

#define PAGE 50
#define PAGE_MAX 500
#define STEP 2000			/* episodes read at a time */
#define EPISODES_MAX 1000000		/* of one report */
#define ROWS_MAX 10000
#define SINCE_MS (30 * G_GINT64_CONSTANT(86400000))

/* ---- from when to when ---- */

static gint64 now(const struct call *call)
{
	return hg_now(hg_loop_env(call->api->loop));
}

/* "2026-11-20": its first moment in the zone; -1: it is no day. */
static gint64 day_start(const char *text, GTimeZone *zone)
{
	g_autoptr(GDateTime) start = NULL;
	int year, month, day, used = 0;

	/* NOLINTNEXTLINE(cert-err34-c): with their widths no number is too long */
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 || text[used])
		return -1;
	start = g_date_time_new(zone, year, month, day, 0, 0, 0);
	return start ? g_date_time_to_unix(start) * 1000 : -1;
}

gboolean hg_call_moment(struct call *call, const char *key, const char *text, GTimeZone *zone, gint64 *ret)
{
	gint64 span = hg_span_parse(text);

	*ret = span >= 0 ? MAX(0, now(call) - span) : day_start(text, zone);
	if (*ret < 0)
		*ret = hg_time_parse(text);
	return *ret >= 0 || hg_fail(&call->error, HG_ERROR_INPUT, "%s=%.40s: a span such as 30d, a day such as 2026-11-20 "
				    "or a time such as 2026-11-20T10:02:11Z is wanted", key, text);
}

static gboolean read_moment(struct call *call, const char *key, GTimeZone *zone, gint64 fallback, gint64 *ret)
{
	const char *text = hg_request_query(call->req, key);

	*ret = fallback;
	return !text || hg_call_moment(call, key, text, zone, ret);
}

static GTimeZone *read_zone(struct call *call)
{
	const char *name = hg_request_query(call->req, "zone");
	GTimeZone *zone = name && *name ? g_time_zone_new_identifier(name) : g_time_zone_new_utc();

	if (!zone)
		hg_fail(&call->error, HG_ERROR_INPUT, "zone=%.60s: there is no time zone of this name here", name);
	return zone;
}

static gboolean read_by(struct call *call, unsigned *ret)
{
	static const char *const words[] = { "channel", "day", "resolver", NULL };
	static const unsigned flags[] = { HG_BY_CHANNEL_KEY, HG_BY_DAY_KEY, HG_BY_RESOLVER_KEY };
	const char *text = hg_request_query(call->req, "by");
	g_auto(GStrv) list = g_strsplit(text ? text : "channel", ",", -1);

	*ret = 0;
	for (char **word = list; *word; word++) {
		guint i = 0;

		while (words[i] && strcmp(words[i], *word) != 0)
			i++;
		if (!words[i] && **word)
			return hg_fail(&call->error, HG_ERROR_INPUT, "by=%.40s: channel, day and resolver, commas "
				       "between, are wanted", text);
		*ret |= **word ? flags[i] : 0;
	}
	return TRUE;
}

static gboolean read_span(struct call *call, GTimeZone *zone, gint64 *ret_since_ms, gint64 *ret_until_ms)
{
	if (!read_moment(call, "since", zone, now(call) - SINCE_MS, ret_since_ms) ||
	    !read_moment(call, "until", zone, now(call) + 1, ret_until_ms))
		return FALSE;
	return *ret_since_ms < *ret_until_ms ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "since= must be before until=");
}

/* ---- the report ---- */

static gboolean take_page(struct call *call, hg_store *store, hg_report *report, struct hg_episode_query *query,
			  guint *ret_n)
{
	g_autoptr(hg_arena) page = hg_arena_new();
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	const hg_episode *last;

	if (!hg_store_episode_ended(store, page, query, rows, &call->error))
		return FALSE;
	for (guint i = 0; i < rows->len; i++)
		if (hg_may_channel(call, ((const hg_episode *)g_ptr_array_index(rows, i))->channel))
			hg_report_take(report, g_ptr_array_index(rows, i));
	*ret_n = rows->len;
	if (!rows->len)
		return TRUE;
	last = g_ptr_array_index(rows, rows->len - 1);
	query->after_ms = last->ended_ms;
	query->after_n = last->n;
	return TRUE;
}

static gboolean too_much(struct call *call)
{
	return hg_fail(&call->error, HG_ERROR_LIMIT, "that is more than %d conversations: ask for a shorter time",
		       EPISODES_MAX);
}

static gboolean take_episodes(struct call *call, hg_store *store, hg_report *report, gint64 since_ms, gint64 until_ms)
{
	struct hg_episode_query query = { .since_ms = since_ms, .until_ms = until_ms, .limit = STEP };
	guint n = STEP;

	for (gint64 all = 0; n == STEP; all += n) {
		if (hg_readers_ending(call->api->readers))
			return hg_fail(&call->error, HG_ERROR_BUSY, "the daemon is stopping");
		if (all >= EPISODES_MAX)
			return too_much(call);
		if (!take_page(call, store, report, &query, &n))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_opinions(struct call *call, hg_store *store, hg_report *report, gint64 since_ms, gint64 until_ms)
{
	gint64 after_n = 0;
	guint n = STEP;

	while (n == STEP) {
		g_autoptr(hg_arena) page = hg_arena_new();
		g_autoptr(GPtrArray) rows = g_ptr_array_new();

		if (!hg_store_csat_list(store, page, since_ms, until_ms, after_n, STEP, rows, &call->error))
			return FALSE;
		n = rows->len;
		for (guint i = 0; i < n; i++) {
			const hg_csat *csat = g_ptr_array_index(rows, i);

			if (hg_may_channel(call, csat->channel))
				hg_report_take_csat(report, csat);
			after_n = csat->n;
		}
	}
	return TRUE;
}

static gboolean read_format(struct call *call, gboolean *ret_csv)
{
	const char *format = hg_request_query(call->req, "format");

	*ret_csv = g_strcmp0(format, "csv") == 0;
	return !format || *ret_csv || strcmp(format, "json") == 0 ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "format=%.20s: json or csv is wanted", format);
}

static void write_report(struct call *call, const hg_report *report, gboolean csv)
{
	if (hg_report_rows(report, FALSE)->len + hg_report_rows(report, TRUE)->len > ROWS_MAX) {
		hg_fail(&call->error, HG_ERROR_LIMIT, "that is more than %d rows: ask for a shorter time, or by= less",
			ROWS_MAX);
	} else if (csv) {
		call->type = "text/csv; charset=utf-8; header=present";
		hg_report_csv(report, call->out);
	} else {
		hg_report_json(report, call->out);
	}
}

void hg_read_report(struct call *call, hg_store *store)
{
	struct hg_report_options options = { .zone_name = hg_request_query(call->req, "zone"),
		.terms = { .now_ms = now(call), .resolved_after_ms = call->conf->report.resolved_after_ms,
			   .reopened_within_ms = call->conf->report.reopened_within_ms } };
	g_autoptr(GTimeZone) zone = read_zone(call);
	g_autoptr(hg_report) report = NULL;
	gboolean csv;

	if (!zone || !read_span(call, zone, &options.since_ms, &options.until_ms) || !read_by(call, &options.by) ||
	    !read_format(call, &csv))
		return;
	options.zone = zone;
	report = hg_report_new(&options);
	if (!take_episodes(call, store, report, options.since_ms, options.until_ms) ||
	    !take_opinions(call, store, report, options.since_ms, options.until_ms))
		return;
	hg_report_end(report);
	write_report(call, report, csv);
}

/* ---- episodes, one by one: what analysts join with their own data ---- */

static void add_duration(GString *out, const char *key, gint64 ms)
{
	hg_json_key(out, key);
	if (ms < 0)
		hg_json_put_raw(out, NULL);
	else
		hg_json_put_int(out, ms);
}

static void write_times(struct call *call, const hg_episode *row)
{
	const struct { const char *key; gint64 ms; } times[] = {
		{ "opened_at", row->opened_ms }, { "first_message_at", row->customer_ms },
		{ "first_bot_response_at", row->bot_ms }, { "first_response_at", row->human_ms },
		{ "ended_at", row->ended_ms }, { "confirmed_at", row->confirmed_ms },
		{ "acknowledged_at", row->acked_ms }, { "closed_at", row->closed_ms },
		{ "reopened_at", row->reopened_ms }, { "dropped_at", row->dropped_ms },
		{ "restored_at", row->restored_ms },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(times); i++)
		hg_json_add_time(call->out, times[i].key, times[i].ms);
}

static void write_measures(struct call *call, const hg_episode *row)
{
	const struct hg_report_terms terms = { .now_ms = now(call),
		.resolved_after_ms = call->conf->report.resolved_after_ms,
		.reopened_within_ms = call->conf->report.reopened_within_ms };
	GString *out = call->out;

	hg_json_add_str(out, "layer", hg_layer_word(hg_layer_of(row->ticket_n, row->bot, row->human)));
	hg_json_add_str(out, "resolver", hg_report_resolver_word(hg_report_resolver(row)));
	hg_json_add_bool(out, "noise", hg_report_noise(row));
	hg_json_add_bool(out, "reopened", hg_report_reopened(row, &terms));
	hg_json_add_time(out, "resolved_at", hg_report_resolved(row, &terms));
	add_duration(out, "first_response_ms", hg_report_first_response(row));
	add_duration(out, "first_bot_response_ms", hg_report_first_bot(row));
	add_duration(out, "resolution_time_ms", hg_report_resolution_time(row, &terms));
}

static gboolean write_episode(struct call *call, hg_store *store, const hg_episode *row)
{
	GString *out = call->out;
	hg_ticket *ticket = NULL;
	hg_thread *thread;

	if (!hg_store_thread_get(store, call->arena, row->thread_n, &thread, &call->error) ||
	    (row->ticket_n && !hg_store_ticket_get(store, call->arena, row->ticket_n, &ticket, &call->error)))
		return FALSE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "thread_id", thread ? thread->id : NULL);
	hg_json_add_int(out, "number", row->number);
	hg_json_add_str(out, "channel", row->channel);
	hg_json_add_str(out, "scope", row->scope);
	hg_json_add_bool(out, "shadow", row->shadow);
	hg_json_add_str(out, "ended", hg_ending_word(row->how));
	hg_json_add_str(out, "resolution", hg_resolution_word(row->resolution));
	hg_json_add_str(out, "ticket", ticket ? ticket->number : NULL);
	hg_json_add_str(out, "category", ticket ? ticket->category : NULL);
	hg_json_add_str(out, "priority", ticket ? ticket->priority : NULL);
	hg_json_add_int(out, "inbound", row->inbound);
	hg_json_add_int(out, "bot_answers", row->bot);
	hg_json_add_int(out, "human_answers", row->human);
	write_measures(call, row);
	write_times(call, row);
	hg_json_close(out, '}');
	return TRUE;
}

/* "MS-N": the end and number of the last one of the page before. */
static gboolean read_place(struct call *call, const char *key, gint64 *ret_ms, gint64 *ret_n)
{
	const char *text = hg_request_query(call->req, key);
	g_auto(GStrv) parts = g_strsplit(text ? text : "", "-", -1);

	return !text || (g_strv_length(parts) == 2 &&
			 g_ascii_string_to_signed(parts[0], 10, 0, G_MAXINT64, ret_ms, NULL) &&
			 g_ascii_string_to_signed(parts[1], 10, 0, G_MAXINT64, ret_n, NULL)) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "%s=%.40s: \"next\" of the page before is wanted", key, text);
}

static void add_next(struct call *call, gint64 ms, gint64 n)
{
	g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, ms, n);

	hg_json_add_str(call->out, "next", next);
}

static gboolean sees_episode(struct call *call, hg_store *store G_GNUC_UNUSED, gconstpointer row)
{
	return hg_may_channel(call, ((const hg_episode *)row)->channel);
}

static gboolean fetch_episodes(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct hg_episode_query *query = arg;
	const hg_episode *last;

	if (!hg_store_episode_ended(store, call->arena, query, rows, &call->error))
		return FALSE;
	if (!rows->len)
		return TRUE;
	last = g_ptr_array_index(rows, rows->len - 1);
	query->after_ms = last->ended_ms;
	query->after_n = last->n;
	return TRUE;
}

void hg_read_episodes(struct call *call, hg_store *store)
{
	struct hg_episode_query query = { .limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE) + 1 };
	const struct hg_page page = { .want = query.limit, .fetch = fetch_episodes, .sees = sees_episode, .query = &query };
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	g_autoptr(GTimeZone) zone = read_zone(call);
	const hg_episode *last;
	gconstpointer cut;
	guint shown;

	if (!zone || call->error || !read_span(call, zone, &query.since_ms, &query.until_ms) ||
	    !read_place(call, "after", &query.after_ms, &query.after_n) || !hg_page_fill(call, store, &page, rows, &cut))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "episodes");
	hg_json_open(call->out, '[');
	shown = MIN(rows->len, page.want - 1);
	for (guint i = 0; i < shown; i++)
		if (!write_episode(call, store, g_ptr_array_index(rows, i)))
			return;
	hg_json_close(call->out, ']');
	last = rows->len > shown ? g_ptr_array_index(rows, shown - 1) : cut;
	if (last)
		add_next(call, last->ended_ms, last->n);
	hg_json_close(call->out, '}');
}

/* ---- drops ---- */

static gboolean write_drop(struct call *call, hg_store *store, const hg_episode *row)
{
	GString *out = call->out;
	hg_contact *contact = NULL;
	hg_ticket *ticket = NULL;
	hg_thread *thread = NULL;

	if (!hg_store_thread_get(store, call->arena, row->thread_n, &thread, &call->error) ||
	    (thread && !hg_store_contact_get(store, call->arena, thread->contact_n, &contact, &call->error)) ||
	    (row->ticket_n && !hg_store_ticket_get(store, call->arena, row->ticket_n, &ticket, &call->error)))
		return FALSE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "thread_id", thread ? thread->id : NULL);
	hg_json_add_int(out, "episode", row->number);
	hg_json_add_str(out, "channel", row->channel);
	hg_json_add_str(out, "contact_id", contact ? contact->id : NULL);
	hg_json_add_str(out, "contact", contact ? contact->name : NULL);
	hg_json_add_time(out, "closed_at", row->closed_ms);
	hg_json_add_time(out, "dropped_at", row->dropped_ms);
	hg_json_add_str(out, "why", ticket ? "ticket not acknowledged" : "no ticket");
	hg_json_add_str(out, "ticket", ticket ? ticket->number : NULL);
	hg_json_add_time(out, "restored_at", row->restored_ms);
	hg_json_close(out, '}');
	return TRUE;
}

/* Those of one conversation; what is none has none. */
static gboolean of_thread(struct call *call, hg_store *store, gint64 *ret)
{
	const char *id = hg_request_query(call->req, "thread");
	hg_thread *thread = NULL;

	if (id && !hg_store_thread_by_id(store, call->arena, id, &thread, &call->error))
		return FALSE;
	*ret = thread ? thread->n : id ? -1 : 0;
	return TRUE;
}

static gboolean drop_query(struct call *call, hg_store *store, struct hg_drop_query *ret)
{
	const char *state = hg_request_query(call->req, "state");
	g_autoptr(GTimeZone) zone = read_zone(call);

	*ret = (struct hg_drop_query){ .limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE) + 1,
				       .open_only = !state || strcmp(state, "open") == 0 };
	if (!zone || call->error || !read_moment(call, "since", zone, 0, &ret->since_ms) ||
	    !read_place(call, "before", &ret->before_ms, &ret->before_n) || !of_thread(call, store, &ret->thread_n))
		return FALSE;
	return ret->open_only || strcmp(state, "all") == 0 ||	/* analyser: without a state it is "open" */
	       hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: open or all is wanted", state);
}

static gboolean fetch_drops(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct hg_drop_query *query = arg;
	const hg_episode *last;

	if (!hg_store_episode_dropped(store, call->arena, query, rows, &call->error))
		return FALSE;
	if (!rows->len)
		return TRUE;
	last = g_ptr_array_index(rows, rows->len - 1);
	query->before_ms = last->dropped_ms;
	query->before_n = last->n;
	return TRUE;
}

/* How many nobody has restored: of those the caller may see. */
static gboolean count_open(struct call *call, hg_store *store, gint64 *ret)
{
	struct hg_drop_query query = { .open_only = TRUE, .limit = PAGE_MAX };
	guint n = PAGE_MAX;

	if (!call->who->channels)
		return hg_store_drops_open(store, ret, &call->error);
	*ret = 0;
	while (n == PAGE_MAX) {
		g_autoptr(GPtrArray) rows = g_ptr_array_new();

		if (!fetch_drops(call, store, &query, rows))
			return FALSE;
		n = rows->len;
		for (guint i = 0; i < n; i++)
			*ret += sees_episode(call, store, g_ptr_array_index(rows, i));
	}
	return TRUE;
}

void hg_read_drops(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct hg_drop_query query;
	struct hg_page page = { .fetch = fetch_drops, .sees = sees_episode, .query = &query };
	const hg_episode *last;
	gconstpointer cut;
	gint64 open;
	guint shown;

	if (!drop_query(call, store, &query) || !count_open(call, store, &open))
		return;
	page.want = query.limit;
	if (!hg_page_fill(call, store, &page, rows, &cut))
		return;
	hg_json_open(call->out, '{');
	hg_json_add_int(call->out, "open", open);
	hg_json_key(call->out, "drops");
	hg_json_open(call->out, '[');
	shown = MIN(rows->len, page.want - 1);
	for (guint i = 0; i < shown; i++)
		if (!write_drop(call, store, g_ptr_array_index(rows, i)))
			return;
	hg_json_close(call->out, ']');
	last = rows->len > shown ? g_ptr_array_index(rows, shown - 1) : cut;
	if (last)
		add_next(call, last->dropped_ms, last->n);
	hg_json_close(call->out, '}');
}
