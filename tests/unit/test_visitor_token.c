/* test_visitor_token.c - whose a token is, and that nobody else can make one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proof.h"
#include "text.h"
#include "visitor_token.h"

static const guint8 key[32] = "0123456789abcdef0123456789abcde", other[32] = "another key of the same length.";
static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct visitor_who ana(void)
{
	struct visitor_who who = { .channel = "web", .began_ms = 1000, .issued_ms = 2000, .expires_ms = 3000 };

	hg_visitor_user_id(key, "default", "7", &who);
	g_strlcpy(who.browser, "browser-of-ana", sizeof who.browser);
	who.user = "7";
	who.email = "ana@acme.example";
	who.email_vouched = TRUE;
	who.phone = "+447700900123";
	who.name = "Ana \"the\" \xc3\x96";
	return who;
}

static gboolean reads(const char *token)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct visitor_who who;

	return hg_visitor_token_read(key, token, arena, &who);
}

static void a_token_says_what_it_was_made_of(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	const struct visitor_who who = ana();
	g_autofree char *token = hg_visitor_token_make(key, &who);
	struct visitor_who got;

	(void)state;
	assert_true(g_str_has_prefix(token, "hv1."));
	assert_true(strlen(token) <= HG_VISITOR_TOKEN_MAX);
	assert_true(hg_visitor_token_read(key, token, arena, &got));
	assert_string_equal(got.id, who.id);
	assert_string_equal(got.uri, who.uri);
	assert_string_equal(got.browser, "browser-of-ana");
	assert_string_equal(got.channel, "web");
	assert_true(got.identified);
	assert_int_equal(got.began_ms, 1000);
	assert_int_equal(got.issued_ms, 2000);
	assert_int_equal(got.expires_ms, 3000);
	assert_string_equal(got.user, "7");
	assert_string_equal(got.email, "ana@acme.example");
	assert_true(got.email_vouched);
	assert_string_equal(got.phone, "+447700900123");
	assert_false(got.phone_vouched);
	assert_string_equal(got.name, who.name);
}

/* Each character of it counts: another one in its place, and it is nobody's. */
static void no_character_of_a_token_can_be_another(void **state)
{
	const struct visitor_who who = ana();
	g_autofree char *token = hg_visitor_token_make(key, &who);

	(void)state;
	for (gsize i = 0; token[i]; i++) {
		char was = token[i];

		for (const char *c = allowed; *c; c++) {
			if (*c == was)
				continue;
			token[i] = *c;
			assert_false(reads(token));
		}
		token[i] = was;
	}
	assert_true(reads(token));
}

static void a_token_cannot_be_cut_or_grown(void **state)
{
	const struct visitor_who who = ana();
	g_autofree char *token = hg_visitor_token_make(key, &who), *longer = g_strconcat(token, "A", NULL);
	g_autofree char *twice = g_strconcat(token, ".", strrchr(token, '.') + 1, NULL);
	g_autofree char *huge = g_strnfill(100000, 'A'), *padded = g_strconcat("hv1.", huge, ".", strrchr(token, '.') + 1, NULL);

	(void)state;
	for (gsize len = 0; len < strlen(token); len++) {
		g_autofree char *cut = g_strndup(token, len);

		assert_false(reads(cut));
	}
	assert_false(reads(longer));
	assert_false(reads(twice));
	assert_false(reads(padded));
	assert_false(reads(NULL));
}

static void a_number_that_was_vouched_for_stays_so(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct visitor_who who = ana(), got;
	g_autofree char *token = NULL;

	(void)state;
	who.phone_vouched = TRUE;
	who.email_vouched = FALSE;
	token = hg_visitor_token_make(key, &who);
	assert_true(hg_visitor_token_read(key, token, arena, &got));
	assert_true(got.phone_vouched);
	assert_string_equal(got.phone, who.phone);
	assert_false(got.email_vouched);
	assert_string_equal(got.email, who.email);
}

static void what_nobody_said_is_not_in_it(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct visitor_who who = { .channel = "web", .expires_ms = 1 }, got;
	g_autofree char *token = NULL;

	(void)state;
	hg_visitor_new_id(hg_env_system(), &who);
	hg_visitor_new_browser(hg_env_system(), &who);
	token = hg_visitor_token_make(key, &who);
	assert_true(hg_visitor_token_read(key, token, arena, &got));
	assert_false(got.identified || got.email_vouched || got.phone_vouched);
	assert_null(got.user);
	assert_null(got.email);
	assert_null(got.phone);
	assert_null(got.name);
}

static void a_token_of_another_instance_is_nobodys(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	const struct visitor_who who = ana();
	g_autofree char *token = hg_visitor_token_make(other, &who);
	struct visitor_who got;

	(void)state;
	assert_false(hg_visitor_token_read(key, token, arena, &got));
	assert_string_equal(got.id, "");
}

/* Signed by us and of a shape that we do not know: of a later version, after a step back. */
static void what_we_signed_and_cannot_read_is_nobodys(void **state)
{
	static const char *const claims[] = { "[]", "{}", "nonsense", "{\"v\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"b\":\"b\"}",
		"{\"v\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"c\":\"web\",\"b\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}", "{\"v\":\"x\",\"c\":\"web\",\"b\":\"b\"}",
		"{\"v\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"c\":\"web\"}",
		"{\"v\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"c\":\"web\",\"b\":\"b\"}" };

	(void)state;
	for (gsize i = 0; i <= G_N_ELEMENTS(claims); i++) {
		g_autofree char *code = i < G_N_ELEMENTS(claims) ? hg_base64(claims[i], strlen(claims[i]), TRUE) : g_strdup("!");
		g_autofree char *body = g_strconcat("hv1.", code, NULL), *mac = NULL, *token = NULL;
		guint8 bytes[32];

		hg_hmac_sha256(key, sizeof key, body, strlen(body), bytes);
		mac = hg_base64(bytes, sizeof bytes, TRUE);
		token = g_strconcat(body, ".", mac, NULL);
		assert_false(reads(token));
	}
}

static void anonymous_ids_are_never_the_same(void **state)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct visitor_who who = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		hg_visitor_new_id(hg_env_system(), &who);
		assert_int_equal(strlen(who.id), HG_VISITOR_ANONYMOUS);
		assert_true(hg_visitor_is_anonymous(who.uri));
		assert_true(g_hash_table_add(seen, g_strdup(who.id)));
	}
}

static void a_user_is_the_same_everywhere_and_nobody_elses(void **state)
{
	static const char *const others[][2] = { { "default", "8" }, { "shop", "7" }, { "default7", "" }, { "", "default7" } };
	const struct visitor_who who = ana(), again = ana();
	struct visitor_who else_ = { 0 };

	(void)state;
	assert_string_equal(who.id, again.id);
	assert_int_equal(strlen(who.id), HG_VISITOR_IDENTIFIED);
	assert_true(hg_visitor_is(who.uri));
	assert_false(hg_visitor_is_anonymous(who.uri));
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		hg_visitor_user_id(key, others[i][0], others[i][1], &else_);
		assert_string_not_equal(who.id, else_.id);
	}
	hg_visitor_user_id(other, "default", "7", &else_);
	assert_string_not_equal(who.id, else_.id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_says_what_it_was_made_of),
		cmocka_unit_test(no_character_of_a_token_can_be_another),
		cmocka_unit_test(a_token_cannot_be_cut_or_grown),
		cmocka_unit_test(a_number_that_was_vouched_for_stays_so),
		cmocka_unit_test(what_nobody_said_is_not_in_it),
		cmocka_unit_test(a_token_of_another_instance_is_nobodys),
		cmocka_unit_test(what_we_signed_and_cannot_read_is_nobodys),
		cmocka_unit_test(anonymous_ids_are_never_the_same),
		cmocka_unit_test(a_user_is_the_same_everywhere_and_nobody_elses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
