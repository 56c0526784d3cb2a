/* test_reply_text.c - what is new in a mail: tests/data/reply/ *.txt, and what only the gateway knows */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "reply_text.h"
#include "sanitized.h"

static hg_reply_words *words;

static int set_up(void **state)
{
	(void)state;
	words = hg_reply_words_new(NULL);
	return words ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	hg_reply_words_free(words);
	return 0;
}

static char *reply(const char *text, const char *const *known, int *ret_confidence)
{
	return hg_reply_text(words, text, known, NULL, ret_confidence);
}

/* ---- files ---- */

static gboolean check_case(const char *name, const char *mail, const char *want)
{
	g_autofree char *got = reply(mail, NULL, NULL);

	if (strcmp(got, want) == 0)
		return TRUE;
	print_message("---- %s ----\n%s\n---- and not ----\n%s\n", name, got, want);
	return FALSE;
}

/* "@ NAME", the mail, "@=", what is wanted, until the next one. */
static guint check_file(const char *path, guint *ret_wrong)
{
	g_autofree char *all = NULL;
	g_auto(GStrv) cases = NULL;
	guint n = 0;

	assert_true(g_file_get_contents(path, &all, NULL, NULL));
	cases = g_strsplit(all, "\n@ ", -1);
	for (guint i = 1; cases[i]; i++, n++) {
		char *mail = strchr(cases[i], '\n'), *want = strstr(cases[i], "\n@=\n");

		assert_true(mail && want);
		*mail++ = '\0';
		*want = '\0';
		*ret_wrong += !check_case(cases[i], mail, g_strchomp(want + 4));
	}
	return n;
}

static void the_words_of_clients_and_languages_are_known(void **state)
{
	const char *top = g_getenv("srcdir");
	g_autofree char *folder = g_build_filename(top ? top : ".", "tests/data/reply", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint n = 0, wrong = 0;
	(void)state;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		n += check_file(path, &wrong);
	}
	print_message("%u mails, %u wrong\n", n, wrong);
	assert_in_range(n, 120, 10000);
	assert_int_equal(wrong, 0);
}

/* ---- what only the gateway knows ---- */

static const char *const sent[] = {
	"Hello Ana,\n\nyour order 4711 was handed to the carrier this morning and should be with you by Thursday.\n"
	"Please tell us when it has arrived.\n\nKind regards\nAcme Support\n",
	"We have received your message.\n", NULL,
};

static void what_we_sent_is_found_without_any_words(void **state)
{
	static const char *const mails[] = {
		/* a language nobody has a table for, no ">" */
		"Tulo na.\n\nNoong Martes, 3 Mar 2026 09:14 si Acme:\nHello Ana,\n\nyour order 4711 was handed to the carrier "
		"this morning and should be with you by Thursday.\nPlease tell us when it has arrived.\n\nKind regards\n"
		"Acme Support\n",
		/* no attribution at all, other line breaks, another mark */
		("Tulo na.\n\n| Hello Ana,\n|\n| your order 4711 was handed to the carrier this\n| morning and should be with you "
		 "by Thursday. Please tell\n| us when it has arrived.\n| Kind regards\n"),
		/* a single long line of it */
		"Tulo na.\n\n* your order 4711 was handed to the carrier this morning and should be with you by Thursday.\n",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
		int confidence = -1;
		g_autofree char *got = reply(mails[i], sent, &confidence);

		assert_string_equal(got, "Tulo na.");
		assert_int_equal(confidence, HG_MAIL_HIGH);
	}
}

static void failure_14_his_own_short_lines_are_not_taken_for_ours(void **state)
{
	static const char mail[] = "Hello Ana,\n\nit came on Monday.\n\nKind regards";
	g_autofree char *got = reply(mail, sent, NULL);
	(void)state;

	assert_string_equal(got, mail);
}

static void answers_between_our_lines_stay_with_them(void **state)
{
	static const char mail[] = "Hello Ana,\n\nyour order 4711 was handed to the carrier this morning and should be with you by "
				   "Thursday.\n\nWhich Thursday?\n\nPlease tell us when it has arrived.\n\nI will.";
	g_autofree char *got = reply(mail, sent, NULL);
	(void)state;

	assert_string_equal(got, mail);
}

static void failure_15_a_form_that_html_shows_needs_no_words(void **state)
{
	static const char text[] = "Tulo na.\n\nNoong Martes si Acme\nDumating na ba?";
	static const struct hg_html_hints hints = { .quote_line = 2, .quote_lines = 2 };
	int confidence;
	g_autofree char *got = hg_reply_text(words, text, NULL, &hints, &confidence);
	(void)state;

	assert_string_equal(got, "Tulo na.");
	assert_int_equal(confidence, HG_MAIL_HIGH);
}

static void confidence_tells_a_guess_from_what_is_sure(void **state)
{
	static const struct { const char *mail; int want; } cases[] = {
		{ "Yes.", HG_MAIL_HIGH },
		{ "Yes.\n\nOn 3 Mar 2026 at 9:14, X <x@example.com> wrote:\n> Shall we?", HG_MAIL_HIGH },
		{ "Yes.\n\nOn 3 Mar 2026 at 9:14, X <x@example.com> wrote:\nShall we?", HG_MAIL_MEDIUM },
		{ "> Shall we?\nYes.\n> When?\nNow.", HG_MAIL_MEDIUM },
		{ "> Shall we?", HG_MAIL_LOW },
		{ "-- \nX", HG_MAIL_HIGH },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		int confidence = -1;
		g_autofree char *got = reply(cases[i].mail, NULL, &confidence);

		if (confidence != cases[i].want)
			fail_msg("\"%s\": %d, not %d; \"%s\"", cases[i].mail, confidence, cases[i].want, got);
	}
}

static void failure_14_something_always_remains(void **state)
{
	static const char *const mails[] = { "> a", "On 3 Mar 2026 X wrote:", "-- \n", "Sent from my iPhone", "_____", ">", "x",
		"On 3 Mar 2026 at 9:14, X <x@example.com> wrote:\n> Shall we?", "From: a@b\nTo: c@d\nSubject: e", ".\n\n> a" };
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
		g_autofree char *got = reply(mails[i], NULL, NULL), *want = g_strchomp(g_strdup(mails[i]));

		assert_string_equal(got, want);
	}
}

/* ---- time ---- */

static char *repeat(const char *piece, guint n)
{
	GString *text = g_string_sized_new(strlen(piece) * n + 1);

	for (guint i = 0; i < n; i++)
		g_string_append(text, piece);
	return g_string_free(text, FALSE);
}

/* Each grows beyond any test's patience when something in it is not linear; a sanitizer's build takes seconds. */
/* With strict_string_checks ASan reads a text to its end whenever a part of it is compared. */
#ifdef HG_SANITIZED
#define LESS 10
#else
#define LESS 1
#endif

static void hostile_mails_take_linear_time(void **state)
{
	static const struct { const char *piece; guint n; } cases[] = {
		{ "On ", 300000 }, { "On Monday wrote ", 60000 }, { "wrote:\n", 140000 }, { "On 3 Mar 2026\n", 70000 },
		{ ">", 1000000 }, { ">\n", 500000 }, { "-", 1000000 }, { "--\n", 300000 }, { "From: a@b\n", 100000 },
		{ "From: a\nSubject: b\n\n", 50000 }, { "a@", 500000 }, { "1:1:", 250000 }, { "x:\n\n", 250000 },
		{ "Sent from my x\n", 66000 }, { "From:", 200000 }, { "confidential ", 77000 }, { "confidential\n\n", 70000 },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *mail = repeat(cases[i].piece, cases[i].n / LESS), *known = repeat("your order was sent ", 10000);
		const char *const ours[] = { known, NULL };
		g_autofree char *got = reply(mail, ours, NULL);

		assert_non_null(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_of_clients_and_languages_are_known),
		cmocka_unit_test(what_we_sent_is_found_without_any_words),
		cmocka_unit_test(failure_14_his_own_short_lines_are_not_taken_for_ours),
		cmocka_unit_test(answers_between_our_lines_stay_with_them),
		cmocka_unit_test(failure_15_a_form_that_html_shows_needs_no_words),
		cmocka_unit_test(confidence_tells_a_guess_from_what_is_sure),
		cmocka_unit_test(failure_14_something_always_remains),
		cmocka_unit_test(hostile_mails_take_linear_time),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
