/* test_mail_token.c - nobody makes, alters or stretches a token (facts: failure 13, forged and guessed ids) */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mail_token.h"

#define KEY    "c2VuZC10aHJfMDFqOXoxLW1zZ18wMWo5ejItMC1tYWls"
#define SECRET "first secret of this channel"
#define OLDER  "the one of before"

static const char *const secrets[] = { SECRET, OLDER, NULL };
static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

static void make(const char *key, const char *secret, char ret[HG_MAIL_TOKEN_LEN + 1])
{
	hg_mail_token(key, secret, strlen(secret), ret);
}

static void a_token_is_the_same_on_every_attempt_and_has_one_length(void **state)
{
	char one[HG_MAIL_TOKEN_LEN + 1], two[HG_MAIL_TOKEN_LEN + 1];

	(void)state;
	make(KEY, SECRET, one);
	make(KEY, SECRET, two);
	assert_string_equal(one, two);
	assert_int_equal(strlen(one), HG_MAIL_TOKEN_LEN);
	assert_int_equal(strspn(one, letters), HG_MAIL_TOKEN_LEN);
	make("", SECRET, two);
	assert_int_equal(strlen(two), HG_MAIL_TOKEN_LEN);
	assert_string_not_equal(one, two);
	make(KEY, OLDER, two);
	assert_string_not_equal(one, two);
}

/* Made by hand once, with Python's hmac and base64: a token in a customer's mailbox outlives this program. */
static void what_was_sent_years_ago_is_still_ours(void **state)
{
	char token[HG_MAIL_TOKEN_LEN + 1];

	(void)state;
	make("key", "secret", token);
	assert_string_equal(token, "aewhbyjlpiden6jcph2courqa6crsphw7i");
}

static void only_secrets_of_the_channel_make_tokens(void **state)
{
	static const char *const others[] = { "another channel's", NULL }, *const none[] = { NULL };
	char token[HG_MAIL_TOKEN_LEN + 1];

	(void)state;
	make(KEY, SECRET, token);
	assert_true(hg_mail_token_check(token, secrets));
	assert_false(hg_mail_token_check(token, others));
	assert_false(hg_mail_token_check(token, none));
	assert_false(hg_mail_token_check(token, NULL));
	make(KEY, OLDER, token);
	assert_true(hg_mail_token_check(token, secrets));
	assert_false(hg_mail_token_check(token, (const char *const[]){ SECRET, NULL }));
}

/* Each character replaced by every other byte there is. */
static void every_altered_character_is_noticed(void **state)
{
	char token[HG_MAIL_TOKEN_LEN + 1];

	(void)state;
	make(KEY, SECRET, token);
	for (gsize i = 0; i < HG_MAIL_TOKEN_LEN; i++) {
		char right = token[i];

		for (int c = 0; c < 256; c++) {
			token[i] = (char)c;
			if (token[i] != right && hg_mail_token_check(token, secrets))
				fail_msg("character %zu: byte %d passes for %c", i, c, right);
		}
		token[i] = right;
	}
	assert_true(hg_mail_token_check(token, secrets));
}

static void shorter_longer_and_swapped_ones_are_refused(void **state)
{
	char token[HG_MAIL_TOKEN_LEN + 1], other[HG_MAIL_TOKEN_LEN + 1];

	(void)state;
	make(KEY, SECRET, token);
	make("another message", SECRET, other);
	for (gsize n = 0; n < HG_MAIL_TOKEN_LEN; n++) {
		g_autofree char *prefix = g_strndup(token, n), *suffix = g_strdup(token + HG_MAIL_TOKEN_LEN - n);
		g_autofree char *mixed = g_strconcat(prefix, other + n, NULL);

		assert_false(hg_mail_token_check(prefix, secrets));
		assert_false(hg_mail_token_check(suffix, secrets));
		/* the version byte and a bit are the same in all */
		if (n > 2 && hg_mail_token_check(mixed, secrets))
			fail_msg("%zu characters of one and the rest of another pass", n);
	}
	for (const char *c = letters; *c; c++) {
		g_autofree char *longer = g_strdup_printf("%s%c", token, *c);

		assert_false(hg_mail_token_check(longer, secrets));
	}
	assert_false(hg_mail_token_check(NULL, secrets));
}

/* Rightly signed, by the same hand, with version 0, 2 and 255. */
static void another_version_is_no_token_of_ours(void **state)
{
	static const char *const secret[] = { "secret", NULL };

	(void)state;
	assert_true(hg_mail_token_check("aewhbyjlpiden6jcph2courqa6crsphw7i", secret));
	assert_false(hg_mail_token_check("aawhbyjlpiden6jcph2co5vfvfnkwask7q", secret));
	assert_false(hg_mail_token_check("aiwhbyjlpiden6jcph2conkf7ti22mau4e", secret));
	assert_false(hg_mail_token_check("74whbyjlpiden6jcph2cp4kwl5p7vqp5me", secret));
}

static void a_token_is_found_where_we_put_it_and_nowhere_else(void **state)
{
	char token[HG_MAIL_TOKEN_LEN + 1];
	static const struct { const char *form; gboolean want; } cases[] = {
		{ "help+t.%s@acme.example", TRUE },	{ "hg.%s@acme.example", TRUE },
		{ "<hg.%s@acme.example>", TRUE },	{ "HG.%s@ACME.EXAMPLE", TRUE },
		{ "help+sales+t.%s@acme.example", TRUE }, { "help+T.%s@x", TRUE },
		{ "%s@acme.example", FALSE },		{ "help+%s@acme.example", FALSE },
		{ "help+t.%sa@acme.example", FALSE },	{ "help+t.a%s@acme.example", FALSE },
		{ "help+t.%s", FALSE },			{ "hg.%s", FALSE },
		{ "hg.%s.hg@acme.example", FALSE },	{ "help@acme.example+t.%s@x", FALSE },
		{ "xhg.%s@acme.example", FALSE },	{ "help+t.%s+x@acme.example", FALSE },
		{ " hg.%s@acme.example", FALSE },
	};

	(void)state;
	make(KEY, SECRET, token);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) halves = g_strsplit(cases[i].form, "%s", 2);
		g_autofree char *text = g_strconcat(halves[0], token, halves[1], NULL);
		g_autofree char *upper = g_ascii_strup(text, -1);
		g_autofree char *found = hg_mail_token_in(text), *folded = hg_mail_token_in(upper);

		if (!cases[i].want) {
			if (found)
				fail_msg("\"%s\": found %s", text, found);
			continue;
		}
		assert_string_equal(found, token);
		assert_string_equal(folded, token);
		assert_true(hg_mail_token_check(folded, secrets));
	}
	assert_null(hg_mail_token_in(NULL));
	assert_null(hg_mail_token_in(""));
	assert_null(hg_mail_token_in("@"));
	assert_null(hg_mail_token_in("help@acme.example"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_the_same_on_every_attempt_and_has_one_length),
		cmocka_unit_test(what_was_sent_years_ago_is_still_ours),
		cmocka_unit_test(only_secrets_of_the_channel_make_tokens),
		cmocka_unit_test(every_altered_character_is_noticed),
		cmocka_unit_test(shorter_longer_and_swapped_ones_are_refused),
		cmocka_unit_test(another_version_is_no_token_of_ours),
		cmocka_unit_test(a_token_is_found_where_we_put_it_and_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
