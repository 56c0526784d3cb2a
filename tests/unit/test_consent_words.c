/* test_consent_words.c - the words by which people stop and start messages */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "consent_words.h"

static void words_are_known_alone_and_in_any_case(void **state)
{
	static const struct { const char *text; int word; const char *language; } cases[] = {
		{ "STOP", HG_WORD_STOP, "en" }, { " stop.\n", HG_WORD_STOP, "en" }, { "\"Stop!!\"", HG_WORD_STOP, "en" },
		{ "Unsubscribe", HG_WORD_STOP, "en" }, { "STOPALL", HG_WORD_STOP, "en" }, { "Opt-Out", HG_WORD_STOP, "en" },
		{ "opt out", HG_WORD_STOP, "en" }, { "revoke", HG_WORD_STOP, "en" }, { "CANCEL", HG_WORD_STOP, "en" },
		{ "quit", HG_WORD_STOP, "en" }, { "end", HG_WORD_STOP, "en" },
		{ "ARRET", HG_WORD_STOP, "fr" }, { "Arrêt", HG_WORD_STOP, "fr" }, { "arre\u0302t", HG_WORD_STOP, "fr" },
		{ "BAJA", HG_WORD_STOP, "es" }, { "Alto", HG_WORD_STOP, "es" }, { "sair", HG_WORD_STOP, "pt" },
		{ "ОСТАНОВИТЬ", HG_WORD_STOP, "ru" }, { "Stopp", HG_WORD_STOP, "no" }, { "ＳＴＯＰ", HG_WORD_STOP, "en" },
		{ "\u200eSTOP\u200f", HG_WORD_STOP, "en" },
		{ "START", HG_WORD_START, "en" }, { "unstop", HG_WORD_START, "en" }, { "yes", HG_WORD_YES, "en" },
		{ "OUI", HG_WORD_YES, "fr" }, { "HELP", HG_WORD_HELP, "en" }, { "info?", HG_WORD_HELP, "en" },
		{ "Aide", HG_WORD_HELP, "fr" }, { "Hilfe!", HG_WORD_HELP, "de" },
		/* what somebody wants an answer to */
		{ "please stop", HG_WORD_NONE, NULL }, { "STOP sending me the wrong size", HG_WORD_NONE, NULL },
		{ "stopped", HG_WORD_NONE, NULL }, { "s t o p", HG_WORD_NONE, NULL }, { "no", HG_WORD_NONE, NULL },
		{ "", HG_WORD_NONE, NULL }, { "...", HG_WORD_NONE, NULL }, { "arret svp", HG_WORD_NONE, NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *language = "unset";
		int got = hg_consent_word(cases[i].text, &language);

		if (got != cases[i].word || g_strcmp0(language, cases[i].language) != 0)
			fail_msg("\"%s\": %d (%s)", cases[i].text, got, language);
		assert_int_equal(hg_consent_word(cases[i].text, NULL), got);
	}
}

static void long_texts_are_none(void **state)
{
	g_autofree char *blanks = g_strnfill(300, ' ');
	g_autofree char *blank_stop = g_strconcat(blanks, "stop", NULL);
	g_autofree char *stop_blank = g_strconcat("stop", blanks + 250, NULL);
	(void)state;

	assert_int_equal(hg_consent_word(blanks, NULL), HG_WORD_NONE);
	assert_int_equal(hg_consent_word(blank_stop, NULL), HG_WORD_NONE);
	assert_int_equal(hg_consent_word(stop_blank, NULL), HG_WORD_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_known_alone_and_in_any_case),
		cmocka_unit_test(long_texts_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
