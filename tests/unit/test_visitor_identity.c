/* test_visitor_identity.c - what the site's server has to say for a visitor to be somebody */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "proof.h"
#include "text.h"
#include "visitor_identity.h"

#define NOW_MS G_GINT64_CONSTANT(1700000000000)
#define SECRET "a secret of the site, long enough"
#define CLAIMS(more) "{\"sub\":\"7\",\"exp\":1700000600" more "}"

static char *secrets[] = { (char *)"the secret of last year", (char *)SECRET, NULL };
static struct hg_visitor_conf conf = { .identity = { .secrets = secrets, .algorithm = (char *)"HS256", .max_age_ms = 3600000,
						     .hmac = true } };

struct fixture {
	hg_arena *arena;
	struct visitor_vouched got;
	GError *error;
};

static int setup(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	f->arena = hg_arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hg_arena_free(f->arena);
	g_clear_error(&f->error);
	g_free(f);
	conf.identity.audience = NULL;
	conf.identity.hmac = true;
	conf.identity.algorithm = (char *)"HS256";
	return 0;
}

static gboolean reads(struct fixture *f, const char *identity)
{
	g_autoptr(json_object) obj = hg_json_parse(identity, strlen(identity), NULL, NULL);

	assert_non_null(obj);
	g_clear_error(&f->error);
	return hg_visitor_identity_read(&conf, obj, NOW_MS, f->arena, &f->got, &f->error);
}

static char *signed_by(const char *claims, const char *secret)
{
	g_autoptr(json_object) obj = hg_json_parse(claims, strlen(claims), NULL, NULL);
	g_autofree char *jwt = hg_jwt_make(obj, "HS256", secret, strlen(secret));

	return g_strdup_printf("{\"jwt\":\"%s\"}", jwt);
}

static gboolean reads_jwt(struct fixture *f, const char *claims)
{
	g_autofree char *identity = signed_by(claims, SECRET);

	return reads(f, identity);
}

static void refused_for(struct fixture *f, const char *claims, const char *word)
{
	assert_false(reads_jwt(f, claims));
	assert_int_equal(f->error->code, HG_ERROR_DENIED);
	assert_non_null(strstr(f->error->message, word));
}

/* ---- tokens ---- */

static void a_token_says_who_he_is(void **state)
{
	struct fixture *f = *state;

	assert_true(reads_jwt(f, CLAIMS(",\"email\":\"ana@acme.example\",\"name\":\"Ana\",\"phone_number\":\"+447700900123\","
					"\"jti\":\"j1\"")));
	assert_string_equal(f->got.user, "7");
	assert_string_equal(f->got.email, "ana@acme.example");
	assert_true(f->got.email_vouched);
	assert_string_equal(f->got.phone, "+447700900123");
	assert_false(f->got.phone_vouched);
	assert_string_equal(f->got.name, "Ana");
	assert_string_equal(f->got.jti, "j1");
}

static void user_id_goes_before_sub_and_may_be_a_number(void **state)
{
	struct fixture *f = *state;

	assert_true(reads_jwt(f, CLAIMS(",\"user_id\":1042")));
	assert_string_equal(f->got.user, "1042");
	assert_null(f->got.email);
	assert_null(f->got.jti);
}

static void what_the_site_does_not_vouch_for_is_claimed(void **state)
{
	struct fixture *f = *state;

	assert_true(reads_jwt(f, CLAIMS(",\"email\":\"ana@acme.example\",\"email_verified\":false,"
					"\"phone\":\"+447700900123\",\"phone_number_verified\":true")));
	assert_false(f->got.email_vouched);
	assert_true(f->got.phone_vouched);
	assert_true(reads_jwt(f, CLAIMS(",\"email\":\"not an address\",\"phone\":\"07700\",\"name\":\"two\\nlines\"")));
	assert_null(f->got.email);
	assert_null(f->got.phone);
	assert_null(f->got.name);
	assert_false(f->got.email_vouched);
}

static void the_secret_of_last_year_still_holds(void **state)
{
	struct fixture *f = *state;
	g_autofree char *old = signed_by(CLAIMS(""), "the secret of last year");
	g_autofree char *forged = signed_by(CLAIMS(""), "a guess"), *empty = NULL;

	assert_true(reads(f, old));
	assert_false(reads(f, forged));
	assert_non_null(strstr(f->error->message, "signature"));
	conf.identity.secrets = NULL;
	empty = signed_by(CLAIMS(""), "a guess");
	assert_false(reads(f, empty));
	conf.identity.secrets = secrets;
	assert_non_null(strstr(f->error->message, "no key"));
}

static void a_token_ends_and_ends_soon(void **state)
{
	struct fixture *f = *state;

	refused_for(f, "{\"sub\":\"7\"}", "exp");
	refused_for(f, "{\"sub\":\"7\",\"exp\":1699999000}", "expired");
	refused_for(f, "{\"sub\":\"7\",\"exp\":\"soon\"}", "until when");
	refused_for(f, "{\"sub\":\"7\",\"exp\":1700007200}", "max_age");
	refused_for(f, "{\"sub\":\"7\",\"exp\":1e300}", "max_age");
	refused_for(f, CLAIMS(",\"nbf\":1700000300"), "nbf");
	assert_true(reads_jwt(f, "{\"sub\":\"7\",\"exp\":1700003650}"));	/* clocks differ by a minute */
}

static void a_token_names_a_user_of_one_line(void **state)
{
	struct fixture *f = *state;
	g_autofree char *long_id = g_strnfill(201, 'x'), *claims = g_strdup_printf("{\"sub\":\"%s\",\"exp\":1700000600}", long_id);

	refused_for(f, "{\"exp\":1700000600}", "names no user");
	refused_for(f, "{\"sub\":\"\",\"exp\":1700000600}", "names no user");
	refused_for(f, "{\"sub\":\"a\\nb\",\"exp\":1700000600}", "names no user");
	refused_for(f, "{\"sub\":\"a\\u0001b\",\"exp\":1700000600}", "names no user");
	refused_for(f, "{\"sub\":true,\"exp\":1700000600}", "names no user");
	refused_for(f, claims, "names no user");
}

static void the_algorithm_is_the_channels_and_no_other(void **state)
{
	struct fixture *f = *state;
	/* {"typ":"JWT","alg":"none"}, and no signature */
	static const char none[] = "{\"jwt\":\"eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiI3IiwiZXhwIjoxNzAwMDAwNjAwfQ.\"}";
	g_autofree char *hs256 = signed_by(CLAIMS(""), SECRET);
	/* A public key is no secret: as one of HS256 it must not count. */
	char *keys[] = { (char *)SECRET, NULL };

	assert_false(reads(f, none));
	assert_non_null(strstr(f->error->message, "alg"));
	conf.identity.algorithm = (char *)"RS256";
	conf.identity.public_keys = keys;
	assert_false(reads(f, hs256));
	conf.identity.public_keys = NULL;
	assert_non_null(strstr(f->error->message, "alg"));
}

static void a_token_for_somebody_else_is_not_for_us(void **state)
{
	struct fixture *f = *state;

	conf.identity.audience = (char *)"chat";
	refused_for(f, CLAIMS(""), "aud");
	refused_for(f, CLAIMS(",\"aud\":\"shop\""), "aud");
	refused_for(f, CLAIMS(",\"aud\":[\"shop\",7,null]"), "aud");
	refused_for(f, CLAIMS(",\"aud\":{\"chat\":\"chat\"}"), "aud");
	assert_true(reads_jwt(f, CLAIMS(",\"aud\":\"chat\"")));
	assert_true(reads_jwt(f, CLAIMS(",\"aud\":[\"shop\",\"chat\"]")));
}

/* ---- HMAC ---- */

static char *hmac_of(const char *text)
{
	guint8 mac[32];

	hg_hmac_sha256(SECRET, strlen(SECRET), text, strlen(text), mac);
	return hg_hex(mac, sizeof mac);
}

static void an_hmac_vouches_for_what_it_covers(void **state)
{
	struct fixture *f = *state;
	g_autofree char *user = hmac_of("7"), *both = hmac_of("7\nana@acme.example"), *one = NULL, *two = NULL, *moved = NULL;

	one = g_strdup_printf("{\"user_id\":\"7\",\"email\":\"ana@acme.example\",\"name\":\"Ana\",\"hmac\":\"%s\"}", user);
	assert_true(reads(f, one));
	assert_string_equal(f->got.email, "ana@acme.example");
	assert_false(f->got.email_vouched);
	two = g_strdup_printf("{\"user_id\":\"7\",\"email\":\"ana@acme.example\",\"hmac\":\"%s\"}", both);
	assert_true(reads(f, two));
	assert_true(f->got.email_vouched);
	moved = g_strdup_printf("{\"user_id\":\"7\",\"email\":\"eve@evil.example\",\"hmac\":\"%s\"}", both);
	assert_false(reads(f, moved));
}

static void an_hmac_of_another_user_is_refused(void **state)
{
	struct fixture *f = *state;
	g_autofree char *user = hmac_of("7"), *other = g_strdup_printf("{\"user_id\":\"8\",\"hmac\":\"%s\"}", user);
	g_autofree char *both = hmac_of("7\nana@acme.example");
	g_autofree char *glued = g_strdup_printf("{\"user_id\":\"7\\nana@acme.example\",\"hmac\":\"%s\"}", both);

	assert_false(reads(f, other));
	assert_non_null(strstr(f->error->message, "hmac"));
	assert_false(reads(f, glued));
	assert_false(reads(f, "{\"user_id\":\"7\"}"));
	assert_false(reads(f, "{\"user_id\":\"7\",\"hmac\":\"\"}"));
	assert_false(reads(f, "{}"));
	conf.identity.secrets = NULL;
	assert_false(reads(f, "{\"user_id\":\"7\",\"hmac\":\"00\"}"));
	conf.identity.secrets = secrets;
}

static void an_hmac_counts_only_where_it_is_allowed(void **state)
{
	struct fixture *f = *state;
	g_autofree char *user = hmac_of("7"), *good = g_strdup_printf("{\"user_id\":7,\"hmac\":\"%s\"}", user);

	assert_true(reads(f, good));
	conf.identity.hmac = false;
	assert_false(reads(f, good));
	assert_non_null(strstr(f->error->message, "jwt"));
}

/* ---- shapes ---- */

static void addresses_have_the_shape_of_addresses(void **state)
{
	static const char *const mails[] = { "a@b", "ana.o'neil+tag@mail.acme.example", "\xc3\xa4@\xc3\xb6.example" };
	static const char *const no_mails[] = { "", "a", "@b", "a@", "a b@c", "a@b,c@d", "a@.b", "a@b.", "<a@b>", "a@b\n", "a\001@b", "\"a\"@b" };
	static const char *const no_phones[] = { "", "+", "447700900123", "+44 7700", "+0123456", "+1234567890123456", "+12a4567", "+1234567a", "+123" };
	g_autofree char *local = g_strnfill(250, 'a'), *huge = g_strconcat(local, "@b.example", NULL);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(mails); i++)
		assert_true(hg_visitor_email_fits(mails[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(no_mails); i++)
		assert_false(hg_visitor_email_fits(no_mails[i]));
	assert_false(hg_visitor_email_fits(huge));
	assert_true(hg_visitor_phone_fits("+447700900123"));
	for (gsize i = 0; i < G_N_ELEMENTS(no_phones); i++)
		assert_false(hg_visitor_phone_fits(no_phones[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_says_who_he_is, setup, teardown),
		cmocka_unit_test_setup_teardown(user_id_goes_before_sub_and_may_be_a_number, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_site_does_not_vouch_for_is_claimed, setup, teardown),
		cmocka_unit_test_setup_teardown(the_secret_of_last_year_still_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_ends_and_ends_soon, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_names_a_user_of_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(the_algorithm_is_the_channels_and_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_for_somebody_else_is_not_for_us, setup, teardown),
		cmocka_unit_test_setup_teardown(an_hmac_vouches_for_what_it_covers, setup, teardown),
		cmocka_unit_test_setup_teardown(an_hmac_of_another_user_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(an_hmac_counts_only_where_it_is_allowed, setup, teardown),
		cmocka_unit_test(addresses_have_the_shape_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
