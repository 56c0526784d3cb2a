/* test_answer.c - what customers answer when they are asked something */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "answer.h"
#include "phrases.h"
#include "rules_hours.h"

#define NONE -1

/* R0.19: ratings as people write them; a request that begins with a number is none. */
static void ratings_are_read_and_requests_are_not(void **state)
{
	static const struct { const char *text; int score; gboolean pure; const char *comment; } cases[] = {
		{ "4", 4, TRUE, NULL }, { " 5!\n", 5, TRUE, NULL }, { "4/5", 4, TRUE, NULL }, { "3 out of 5", 3, TRUE, NULL },
		{ "4 von 5", 4, TRUE, NULL }, { "10/10", 5, TRUE, NULL }, { "7/10", 4, TRUE, NULL }, { "4 stars", 4, TRUE, NULL },
		{ "2 Sterne", 2, TRUE, NULL }, { "5 étoiles", 5, TRUE, NULL }, { "⭐⭐⭐", 3, TRUE, NULL }, { "⭐️⭐️", 2, TRUE, NULL },
		{ "4️⃣", 4, TRUE, NULL }, { "5 thanks", 5, TRUE, NULL }, { "5, thank you! 🙏", 5, TRUE, NULL }, { "great, thanks!", 5, TRUE, NULL },
		{ "sehr gut", 5, TRUE, NULL }, { "Gut, danke", 4, TRUE, NULL }, { "regular", 3, TRUE, NULL }, { "pas bien", 2, TRUE, NULL },
		{ "péssimo", 1, TRUE, NULL }, { "pessimo", 1, TRUE, NULL }, { "heel goed, dank je wel", 5, TRUE, NULL }, { "👍", 5, TRUE, NULL }, { "👎", 1, TRUE, NULL },
		{ "4, but it took long", 4, FALSE, "but it took long" }, { "5 - very friendly", 5, FALSE, "very friendly" },
		{ "2\nnobody called me back", 2, FALSE, "nobody called me back" },
		{ "4 stars, good work", 4, FALSE, "good work" },
		{ "2 parcels are missing", NONE, 0, NULL }, { "5 days and no answer", NONE, 0, NULL }, { "12", NONE, 0, NULL },
		{ "4.5", NONE, 0, NULL }, { "0", NONE, 0, NULL }, { "6", NONE, 0, NULL }, { "9/5", NONE, 0, NULL },
		{ "4711", NONE, 0, NULL }, { "⭐⭐⭐⭐⭐⭐", NONE, 0, NULL }, { "it is good that you ask where my order is", NONE, 0, NULL },
		{ "thanks", NONE, 0, NULL }, { "", NONE, 0, NULL }, { "?", NONE, 0, NULL },
		{ "bad connection again", NONE, 0, NULL }, { "3 de mayo", NONE, 0, NULL },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_answer got;
		int score = hg_answer_rating(cases[i].text, HG_SCALE_5, arena, &got) ? got.score : NONE;

		if (score != cases[i].score)
			fail_msg("'%s' is %d, not %d", cases[i].text, score, cases[i].score);
		if (score == NONE)
			continue;
		if (got.pure != cases[i].pure)
			fail_msg("'%s' is pure: %d", cases[i].text, got.pure);
		assert_string_equal(got.comment ?: "", cases[i].comment ?: "");
	}
}

static void thumbs_go_up_or_down(void **state)
{
	static const struct { const char *text; int score; } cases[] = {
		{ "👍", 1 }, { "👍🏽", 1 }, { "👎", 0 }, { "yes", 1 }, { "nein danke", 0 }, { "très bien", 1 }, { "slecht", 0 }, { "so so", NONE },
		{ "4", NONE }, { "👍 but where is my order?", NONE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_answer got;
		int score = hg_answer_rating(cases[i].text, HG_SCALE_THUMBS, arena, &got) ? got.score : NONE;

		if (score != cases[i].score)
			fail_msg("'%s' is %d, not %d", cases[i].text, score, cases[i].score);
	}
}

/* R0.14: yes and no in seven languages; with a request in it, it is neither. */
static void yes_and_no_are_told_apart_in_seven_languages(void **state)
{
	static const struct { const char *text; int score; } cases[] = {
		{ "Yes", 1 }, { "yes, thank you!", 1 }, { "yep", 1 }, { "it works now, thanks", 1 }, { "Ja, vielen Dank", 1 }, { "ja passt", 1 },
		{ "Sí, muchas gracias", 1 }, { "si", 1 }, { "oui, merci beaucoup", 1 }, { "sim, obrigada", 1 }, { "sì grazie", 1 }, { "ja hoor, bedankt", 1 },
		{ "👍", 1 }, { "ok", 1 }, { "yesss", 1 },
		{ "No", 0 }, { "not yet", 0 }, { "nein, leider nicht", 0 }, { "todavía no", 0 }, { "non, pas encore", 0 }, { "ainda não", 0 },
		{ "non ancora", 0 }, { "nog steeds niet", 0 }, { "👎", 0 }, { "It still doesn't work", 0 },
		{ "yes but the invoice is still wrong", NONE }, { "no idea what you mean", NONE }, { "where is my order?", NONE },
		{ "maybe", NONE }, { "thanks", NONE }, { "", NONE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_answer got;
		int score = hg_answer_yes_no(cases[i].text, NULL, arena, &got) ? got.score : NONE;

		if (score != cases[i].score)
			fail_msg("'%s' is %d, not %d", cases[i].text, score, cases[i].score);
	}
}

static void configured_lists_say_yes_too(void **state)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("w", "en: { resolved: [ship shape], thanks: [ta] }\n", diag);
	g_autoptr(hg_words) words = hg_words_read(hg_doc_root(doc), diag);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_answer got;
	(void)state;

	assert_false(hg_answer_yes_no("ship shape, ta", NULL, arena, &got));
	assert_true(hg_answer_yes_no("ship shape, ta", words, arena, &got));
	assert_int_equal(got.score, 1);
	assert_false(hg_answer_yes_no("ta", words, arena, &got));
}

/* R3.1: the one address in an answer, and nothing that only looks like one. */
static void an_address_is_found_when_it_is_the_only_one(void **state)
{
	static const struct { const char *text, *want; gboolean pure; } cases[] = {
		{ "ana@example.com", "ana@example.com", TRUE }, { "Ana.Lima+shop@Example.CO.UK.", "Ana.Lima+shop@example.co.uk", TRUE },
		{ "mailto:ana@example.com", "ana@example.com", TRUE }, { "<ana@example.com>, thanks!", "ana@example.com", TRUE },
		{ "it is ana@example.com", "ana@example.com", FALSE }, { "ana@example.com ana@example.com", "ana@example.com", TRUE },
		{ "ana@example.com or ben@example.com", NULL, FALSE }, { "ana@localhost", NULL, FALSE }, { "ana@10.0.0.1", NULL, FALSE },
		{ "@ana", NULL, FALSE }, { "ana@", NULL, FALSE }, { "a..b@example.com", NULL, FALSE }, { ".a@example.com", NULL, FALSE },
		{ "ana@-example.com", NULL, FALSE }, { "ana@exa_mple.com", NULL, FALSE }, { "a@b@example.com", NULL, FALSE },
		{ "ana@exämple.com", NULL, FALSE }, { "no e-mail", NULL, FALSE }, { "", NULL, FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		gboolean pure;
		const char *got = hg_answer_email(cases[i].text, arena, &pure);

		if (g_strcmp0(got, cases[i].want) != 0 || pure != cases[i].pure)
			fail_msg("'%s' is %s, pure %d", cases[i].text, got ?: "none", pure);
	}
}

/* R4.8: how long an answer takes, in words. */
static void spans_are_rounded_up_and_named_in_the_language(void **state)
{
	static const struct { gint64 minutes; const char *lang, *want; } cases[] = {
		{ 1, "en", "1 minute" }, { 59, "nl", "59 minuten" }, { 60, "de", "1 Stunde" }, { 61, "fr", "2 heures" },
		{ 48 * 60, "it", "2 giorni" }, { 47 * 60, "it", "47 ore" }, { 24 * 60, "es", "1 día" }, { 48 * 60 + 1, "de", "3 Tagen" }, { 7 * 24 * 60, "pt", "7 dias" }, { 90, "xx", "2 hours" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_phrase_span(cases[i].minutes * 60000, cases[i].lang);

		assert_string_equal(got, cases[i].want);
	}
}

static gint64 utc(int month, int day, int hour, int minute)
{
	g_autoptr(GDateTime) time = g_date_time_new_utc(2026, month, day, hour, minute, 0);

	return g_date_time_to_unix(time) * 1000;
}

/* R4.8: time in which nobody works does not count. */
static void open_time_goes_by_while_it_is_open(void **state)
{
	const gint64 hour = 3600000;
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("h", "o: { zone: UTC, open: { mon-fri: '09:00-17:00' }, holidays: [2026-11-23] }\n",
					     diag);
	g_autoptr(hg_hours) hours = hg_hours_read(hg_doc_root(doc), diag);
	(void)state;

	assert_non_null(hours);
	/* Friday afternoon, a weekend, a holiday, Tuesday. */
	assert_int_equal(hg_hours_later(hours, 0, utc(11, 20, 16, 0), 4 * hour), utc(11, 24, 12, 0));
	assert_int_equal(hg_hours_later(hours, 0, utc(11, 18, 9, 0), 2 * hour), utc(11, 18, 11, 0));
	assert_int_equal(hg_hours_later(hours, 0, utc(11, 18, 20, 0), hour / 2), utc(11, 19, 9, 30));
}

/* What a page says of hours: when they change. */
static void hours_end_where_no_others_touch_them(void **state)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("h", "o: { zone: UTC, open: { mon-wed: '09:00-17:00', thu: ['09:00-12:00', '12:00-24:00'], "
					     "fri: '00:00-10:00' }, holidays: [2026-11-23] }\n"
					     "always: { zone: UTC, open: { mon-sun: '00:00-24:00' } }\n"
					     "berlin: { zone: Europe/Berlin, open: { sun: '00:00-04:00' } }\n", diag);
	g_autoptr(hg_hours) hours = hg_hours_read(hg_doc_root(doc), diag);
	(void)state;

	assert_non_null(hours);
	assert_int_equal(hg_hours_change(hours, 0, utc(11, 18, 9, 0)), utc(11, 18, 17, 0));
	assert_int_equal(hg_hours_change(hours, 0, utc(11, 18, 16, 59)), utc(11, 18, 17, 0));
	assert_int_equal(hg_hours_change(hours, 0, utc(11, 18, 17, 0)), utc(11, 19, 9, 0));
	/* Over noon and midnight; then a weekend and a holiday. */
	assert_int_equal(hg_hours_change(hours, 0, utc(11, 19, 10, 0)), utc(11, 20, 10, 0));
	assert_int_equal(hg_hours_change(hours, 0, utc(11, 20, 10, 0)), utc(11, 24, 9, 0));
	assert_int_equal(hg_hours_change(hours, 1, utc(11, 18, 9, 0)), -1);
	/* The night in which the clock goes back from 3 to 2 has five hours up to four. */
	assert_int_equal(hg_hours_change(hours, 2, utc(10, 24, 23, 0)), utc(10, 25, 3, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratings_are_read_and_requests_are_not),
		cmocka_unit_test(thumbs_go_up_or_down),
		cmocka_unit_test(yes_and_no_are_told_apart_in_seven_languages),
		cmocka_unit_test(configured_lists_say_yes_too),
		cmocka_unit_test(spans_are_rounded_up_and_named_in_the_language),
		cmocka_unit_test(open_time_goes_by_while_it_is_open),
		cmocka_unit_test(hours_end_where_no_others_touch_them),
		cmocka_unit_test(an_address_is_found_when_it_is_the_only_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
