/* test_report.c - the definitions of doc/reports.md, each on rows made by hand */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "report.h"

#define SECOND G_GINT64_CONSTANT(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define T0 G_GINT64_CONSTANT(1763596800000)	/* 2025-11-20T00:00:00Z */

static const struct hg_report_terms terms = { .now_ms = T0 + 30 * DAY, .resolved_after_ms = DAY,
					      .reopened_within_ms = 7 * DAY };

/* A conversation on wa: asked at T0, answered by a person after 30 s, closed as resolved after 2 minutes. */
static hg_episode plain(void)
{
	return (hg_episode){ .thread_n = 1, .number = 1, .channel = "wa", .scope = "default", .opened_ms = T0,
			     .customer_ms = T0, .human_ms = T0 + 30 * SECOND, .ended_ms = T0 + 120 * SECOND,
			     .how = HG_END_CLOSED, .inbound = 2, .real = 2, .human = 1, .closed_ms = T0 + 120 * SECOND,
			     .resolution = HG_RES_RESOLVED };
}

static hg_episode converted(void)
{
	hg_episode row = plain();

	row.how = HG_END_CONVERTED;
	row.ticket_n = 1;
	row.acked_ms = row.ended_ms + SECOND;
	row.closed_ms = 0;
	row.resolution = HG_RES_UNKNOWN;
	return row;
}

/* R0.2: three layers, and those that nobody answered. */
static void a_layer_says_how_far_it_had_to_go(void **state)
{
	(void)state;
	assert_string_equal(hg_layer_word(hg_layer_of(0, 1, 0)), "bot");
	assert_string_equal(hg_layer_word(hg_layer_of(0, 1, 1)), "conversation");
	assert_string_equal(hg_layer_word(hg_layer_of(7, 1, 1)), "ticket");
	assert_string_equal(hg_layer_word(hg_layer_of(0, 0, 0)), "none");
}

/* R0.15: from the first message to the first answer of a person, a bot's apart. */
static void first_responses_run_from_the_customers_first_message(void **state)
{
	hg_episode row = plain();
	(void)state;

	assert_int_equal(hg_report_first_response(&row), 30 * SECOND);
	assert_int_equal(hg_report_first_bot(&row), -1);
	row.bot_ms = T0 + SECOND;
	assert_int_equal(hg_report_first_bot(&row), SECOND);
	row.customer_ms = 0;		/* an agent began it */
	assert_int_equal(hg_report_first_response(&row), -1);
}

/* R0.16: the customer's yes; else a closing that held for N hours. */
static void a_resolution_is_confirmed_by_the_customer_or_by_his_silence(void **state)
{
	struct hg_report_terms at = terms;
	hg_episode row = plain();
	(void)state;

	at.now_ms = row.closed_ms + DAY - 1;
	assert_int_equal(hg_report_resolved(&row, &at), 0);
	at.now_ms++;
	assert_int_equal(hg_report_resolved(&row, &at), row.closed_ms);
	assert_int_equal(hg_report_resolution_time(&row, &at), 120 * SECOND);
	row.reopened_ms = row.closed_ms + DAY - 1;
	row.reopen_gap_ms = DAY - 1;
	assert_int_equal(hg_report_resolved(&row, &terms), 0);
	row.reopened_ms++;
	assert_int_equal(hg_report_resolved(&row, &terms), row.closed_ms);
	row.confirmed_ms = T0 + 100 * SECOND;
	row.reopened_ms = row.closed_ms + 1;
	assert_int_equal(hg_report_resolution_time(&row, &terms), 100 * SECOND);
	row = plain();
	row.resolution = HG_RES_UNRESOLVED;
	assert_int_equal(hg_report_resolution_time(&row, &terms), -1);
}

static void a_ticket_is_resolved_when_it_is_closed_for_good(void **state)
{
	hg_episode row = converted();
	(void)state;

	assert_int_equal(hg_report_resolved(&row, &terms), 0);
	/* Solved, reopened after an hour, solved again: the second time holds. */
	row.reopened_ms = T0 + 2 * HOUR;
	row.reopen_gap_ms = HOUR;
	row.closed_ms = T0 + 3 * HOUR;
	row.resolution = HG_RES_RESOLVED;
	assert_int_equal(hg_report_resolution_time(&row, &terms), 3 * HOUR);
	assert_true(hg_report_reopened(&row, &terms));
}

/* R0.18: within R days, to the millisecond. */
static void coming_back_within_r_days_is_a_reopening(void **state)
{
	hg_episode row = plain();
	(void)state;

	assert_false(hg_report_reopened(&row, &terms));
	row.reopen_gap_ms = 7 * DAY;
	row.reopened_ms = row.closed_ms + row.reopen_gap_ms;
	assert_true(hg_report_reopened(&row, &terms));
	row.reopen_gap_ms++;
	assert_false(hg_report_reopened(&row, &terms));
}

/* R0.17: a ticket counts when a helpdesk has it. */
static void a_ticket_nobody_acknowledged_is_none_yet_and_one_on_trial_would_have_been(void **state)
{
	hg_episode row = converted();
	(void)state;

	assert_true(hg_report_has_ticket(&row));
	row.acked_ms = 0;
	assert_false(hg_report_has_ticket(&row));
	row.shadow = TRUE;
	assert_true(hg_report_has_ticket(&row));
}

/* R0.17, R0.18: the bands, at their borders. */
static void rates_have_names(void **state)
{
	static const struct { double rate; const char *conversion, *reopen; } rates[] = {
		{ 0, "great", "healthy" }, { 9.99, "great", "healthy" }, { 10, "great", "watch" }, { 15, "great", "watch" },
		{ 15.01, "great", "audit" }, { 19.99, "great", "audit" }, { 20, "healthy", "audit" },
		{ 35, "healthy", "audit" }, { 35.01, "high", "audit" }, { 40, "high", "audit" }, { 40.01, "bad", "audit" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
		assert_string_equal(hg_report_conversion_band(rates[i].rate), rates[i].conversion);
		assert_string_equal(hg_report_reopen_band(rates[i].rate), rates[i].reopen);
	}
}

/* R1.20 */
static void percentiles_are_values_that_were_there(void **state)
{
	gint64 one[] = { 7 }, two[] = { 3, 9 }, hundred[100];
	(void)state;

	assert_int_equal(hg_report_percentile(one, 1, 50), 7);
	assert_int_equal(hg_report_percentile(one, 1, 99), 7);
	assert_int_equal(hg_report_percentile(two, 2, 50), 3);
	assert_int_equal(hg_report_percentile(two, 2, 90), 9);
	for (gint64 i = 0; i < 100; i++)
		hundred[i] = i + 1;
	assert_int_equal(hg_report_percentile(hundred, 100, 50), 50);
	assert_int_equal(hg_report_percentile(hundred, 100, 90), 90);
	assert_int_equal(hg_report_percentile(hundred, 100, 99), 99);
}

/* ---- sums ---- */

static hg_report *begin(unsigned by, const char *zone)
{
	struct hg_report_options options = { .since_ms = T0, .until_ms = T0 + 30 * DAY, .by = by, .terms = terms };
	g_autoptr(GTimeZone) there = zone ? g_time_zone_new_identifier(zone) : NULL;

	options.zone = there;
	options.zone_name = zone;
	return hg_report_new(&options);
}

/* R0.17, R0.20: one of everything, and every number of it. */
static void a_report_adds_up(void **state)
{
	g_autoptr(hg_report) report = begin(0, NULL);
	const struct hg_report_row *total;
	hg_episode row;
	(void)state;

	row = plain();			/* one reply, 30 s */
	hg_report_take(report, &row);
	row = plain();			/* a bot and two answers, slow, over several days */
	row.bot_ms = T0 + SECOND;
	row.bot = 1;
	row.human = 2;
	row.human_ms = T0 + 121 * SECOND;
	row.closed_ms = row.ended_ms = T0 + DAY + 1;
	hg_report_take(report, &row);
	row = converted();
	hg_report_take(report, &row);
	row = converted();
	row.acked_ms = 0;
	row.human = 0;
	row.human_ms = 0;
	hg_report_take(report, &row);
	row = plain();			/* "hello" */
	row.real = row.human = row.human_ms = 0;
	hg_report_take(report, &row);
	row = plain();			/* dropped, and not restored */
	row.resolution = HG_RES_UNRESOLVED;
	row.dropped_ms = row.closed_ms + 300 * SECOND;
	hg_report_take(report, &row);
	row.restored_ms = row.dropped_ms + 1;
	hg_report_take(report, &row);
	hg_report_end(report);

	total = hg_report_total(report, FALSE);
	assert_int_equal(total->conversations, 7);
	assert_int_equal(total->noise, 1);
	assert_int_equal(total->tickets, 1);
	assert_int_equal(total->waiting, 1);
	assert_int_equal(total->layers[HG_LAYER_TICKET], 2);
	assert_int_equal(total->layers[HG_LAYER_CONVERSATION], 4);
	assert_int_equal(total->layers[HG_LAYER_NONE], 1);
	assert_int_equal(total->first_response.n, 5);
	assert_int_equal(total->first_response.p50, 30 * SECOND);
	assert_int_equal(total->first_response.p99, 121 * SECOND);
	assert_int_equal(total->within_60s, 4);
	assert_int_equal(total->over_120s, 1);
	assert_int_equal(total->first_bot_response.p50, SECOND);
	assert_int_equal(total->resolved, 3);
	assert_int_equal(total->messages.p50, 3);
	assert_int_equal(total->several_days, 1);
	assert_int_equal(total->answered, 5);
	assert_int_equal(total->one_reply, 4);
	assert_int_equal(total->replies, 7);
	assert_int_equal(total->drops, 2);
	assert_int_equal(total->drops_open, 1);
}

static void first_responses_of_exactly_a_minute_and_of_two_are_neither_fast_nor_slow(void **state)
{
	g_autoptr(hg_report) report = begin(0, NULL);
	hg_episode row = plain();
	(void)state;

	row.human_ms = T0 + 60 * SECOND;
	hg_report_take(report, &row);
	row.human_ms = T0 + 120 * SECOND;
	hg_report_take(report, &row);
	hg_report_end(report);
	assert_int_equal(hg_report_total(report, FALSE)->within_60s, 0);
	assert_int_equal(hg_report_total(report, FALSE)->over_120s, 0);
}

static void a_day_is_one_of_the_zone(void **state)
{
	g_autoptr(hg_report) report = begin(HG_BY_DAY_KEY | HG_BY_CHANNEL_KEY, "America/New_York");
	const GPtrArray *rows;
	hg_episode row = plain();
	(void)state;

	hg_report_take(report, &row);			/* 19:02 of the day before, there */
	row.ended_ms = T0 + 6 * HOUR;
	hg_report_take(report, &row);
	row.channel = "sms";
	hg_report_take(report, &row);
	hg_report_end(report);
	rows = hg_report_rows(report, FALSE);
	assert_int_equal(rows->len, 3);
	assert_string_equal(((struct hg_report_row *)rows->pdata[0])->channel, "sms");
	assert_string_equal(((struct hg_report_row *)rows->pdata[1])->day, "2025-11-19");
	assert_string_equal(((struct hg_report_row *)rows->pdata[2])->day, "2025-11-20");
}

/* R0.21: what runs on trial is in no rate of what is at work. */
static void channels_on_trial_stand_apart(void **state)
{
	g_autoptr(hg_report) report = begin(HG_BY_CHANNEL_KEY, NULL);
	hg_episode row = converted();
	(void)state;

	row.shadow = TRUE;
	row.acked_ms = 0;
	hg_report_take(report, &row);
	row = plain();
	hg_report_take(report, &row);
	hg_report_end(report);
	assert_int_equal(hg_report_total(report, FALSE)->conversations, 1);
	assert_int_equal(hg_report_total(report, FALSE)->tickets, 0);
	assert_int_equal(hg_report_total(report, TRUE)->tickets, 1);
	assert_int_equal(hg_report_rows(report, TRUE)->len, 1);
}

/* R0.19, R2.11: opinions by channel and by who answered. */
static void opinions_are_told_by_channel_and_resolver(void **state)
{
	static const hg_csat opinions[] = {
		{ .channel = "wa", .resolver = "human", .score = 5, .scale = "5", .at_ms = T0 },
		{ .channel = "wa", .resolver = "human", .score = 3, .scale = "5", .at_ms = T0 },
		{ .channel = "wa", .resolver = "bot", .score = 1, .scale = "thumbs", .at_ms = T0 },
		{ .channel = "sms", .resolver = "bot", .score = 0, .scale = "thumbs", .at_ms = T0 },
	};
	g_autoptr(hg_report) report = begin(HG_BY_CHANNEL_KEY | HG_BY_RESOLVER_KEY, NULL);
	const struct hg_report_row *row;
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(opinions); i++)
		hg_report_take_csat(report, &opinions[i]);
	hg_report_end(report);
	assert_int_equal(hg_report_rows(report, FALSE)->len, 3);
	row = hg_report_rows(report, FALSE)->pdata[2];	/* wa, human */
	assert_int_equal(row->csat, 2);
	assert_int_equal(row->csat_sum, 8);
	assert_int_equal(row->csat_satisfied, 1);
	row = hg_report_total(report, FALSE);
	assert_int_equal(row->csat, 4);
	assert_int_equal(row->csat_marks, 2);
	assert_int_equal(row->csat_satisfied, 2);
}

static void a_spreadsheet_reads_names_as_text(void **state)
{
	g_autoptr(GString) out = g_string_new(NULL);
	(void)state;

	hg_csv_put(out, NULL);
	hg_csv_put(out, "a \"b\", c");
	hg_csv_put(out, "=1+1");
	hg_csv_put(out, "x");
	hg_csv_end(out);
	assert_string_equal(out->str, ",\"a \"\"b\"\", c\",\"'=1+1\",x\n");
}

static guint fields(const char *line)
{
	guint n = 1;

	for (; *line && *line != '\n'; line++)
		n += *line == ',';
	return n;
}

static void every_line_of_csv_has_all_columns(void **state)
{
	g_autoptr(hg_report) report = begin(HG_BY_CHANNEL_KEY, NULL);
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;
	hg_episode row = plain();
	(void)state;

	hg_report_take(report, &row);
	row.shadow = TRUE;
	hg_report_take(report, &row);
	hg_report_end(report);
	hg_report_csv(report, out);
	lines = g_strsplit(out->str, "\n", -1);
	assert_int_equal(g_strv_length(lines), 4);
	assert_string_equal(lines[3], "");
	assert_int_equal(fields(lines[1]), fields(lines[0]));
	assert_int_equal(fields(lines[2]), fields(lines[0]));
	assert_true(g_str_has_prefix(lines[1], "wa,,,false,1,"));
	assert_true(g_str_has_prefix(lines[2], "wa,,,true,1,"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_layer_says_how_far_it_had_to_go),
		cmocka_unit_test(first_responses_run_from_the_customers_first_message),
		cmocka_unit_test(a_resolution_is_confirmed_by_the_customer_or_by_his_silence),
		cmocka_unit_test(a_ticket_is_resolved_when_it_is_closed_for_good),
		cmocka_unit_test(coming_back_within_r_days_is_a_reopening),
		cmocka_unit_test(a_ticket_nobody_acknowledged_is_none_yet_and_one_on_trial_would_have_been),
		cmocka_unit_test(rates_have_names),
		cmocka_unit_test(percentiles_are_values_that_were_there),
		cmocka_unit_test(a_report_adds_up),
		cmocka_unit_test(first_responses_of_exactly_a_minute_and_of_two_are_neither_fast_nor_slow),
		cmocka_unit_test(a_day_is_one_of_the_zone),
		cmocka_unit_test(channels_on_trial_stand_apart),
		cmocka_unit_test(opinions_are_told_by_channel_and_resolver),
		cmocka_unit_test(a_spreadsheet_reads_names_as_text),
		cmocka_unit_test(every_line_of_csv_has_all_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
