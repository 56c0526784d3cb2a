/* test_visitor_guard.c - origins, rates and proofs of work: what keeps a stranger's flood out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "text.h"
#include "visitor_origin.h"
#include "visitor_proof.h"
#include "visitor_rate.h"

/* ---- origins ---- */

static void an_origin_is_its_scheme_host_and_port(void **state)
{
	(void)state;
	assert_true(hg_origin_is("https://www.acme.example", "https://www.acme.example"));
	assert_true(hg_origin_is("https://www.acme.example:8443", "https://WWW.acme.example:8443"));
	assert_false(hg_origin_is("https://www.acme.example", "http://www.acme.example"));
	assert_false(hg_origin_is("https://www.acme.example", "https://www.acme.example:8443"));
	assert_false(hg_origin_is("https://www.acme.example", "https://www.acme.example.evil.example"));
	assert_false(hg_origin_is("https://www.acme.example", "null"));
	assert_false(hg_origin_is("https://www.acme.example", ""));
}

static void a_star_stands_for_a_host_and_all_below_it(void **state)
{
	(void)state;
	assert_true(hg_origin_is("https://*.acme.example", "https://acme.example"));
	assert_true(hg_origin_is("https://*.acme.example", "https://www.acme.example"));
	assert_true(hg_origin_is("https://*.acme.example", "https://a.b.acme.example"));
	assert_false(hg_origin_is("https://*.acme.example", "https://evilacme.example"));
	assert_false(hg_origin_is("https://*.acme.example", "https://acme.example.evil.example"));
	assert_false(hg_origin_is("https://*.acme.example", "http://www.acme.example"));
	assert_false(hg_origin_is("https://*.acme.example", "https://"));
}

static void our_own_pages_are_those_below_public_url(void **state)
{
	(void)state;
	assert_true(hg_origin_of("https://chat.acme.example/help", "https://chat.acme.example"));
	assert_true(hg_origin_of("https://chat.acme.example", "https://chat.acme.example"));
	assert_false(hg_origin_of("https://chat.acme.example", "https://chat.acme.example.evil.example"));
	assert_false(hg_origin_of("https://chat.acme.example.more", "https://chat.acme.example"));
	assert_false(hg_origin_of("https://chat.acme.example", "https://evil.acme.example"));
	assert_false(hg_origin_of("nonsense", "nonsense"));
}

/* ---- rates ---- */

static struct hg_visitor_conf few(void)
{
	return (struct hg_visitor_conf){ .rate = { .sessions = 3, .messages = 2, .address = 5, .uploads = 1, .requests = 4 },
					 .proof = { .after = 2 } };
}

static guint taken(hg_visitor_rates *rates, enum visitor_rate which, const char *who, gint64 now_ms)
{
	gint64 wait_s;
	guint n = 0;

	while (n < 1000 && hg_visitor_rate_take(rates, which, who, now_ms, &wait_s))
		n++;
	return n;
}

static void a_visitor_has_his_rate_and_others_theirs(void **state)
{
	const struct hg_visitor_conf conf = few();
	g_autoptr(hg_visitor_rates) rates = hg_visitor_rates_new(&conf, 1);

	(void)state;
	assert_int_equal(taken(rates, VISITOR_RATE_MESSAGES, "ana", 0), 2);
	assert_int_equal(taken(rates, VISITOR_RATE_MESSAGES, "ben", 0), 2);
	assert_int_equal(taken(rates, VISITOR_RATE_UPLOADS, "ana", 0), 1);
	/* One each half minute comes back. */
	assert_int_equal(taken(rates, VISITOR_RATE_MESSAGES, "ana", 29000), 0);
	assert_int_equal(taken(rates, VISITOR_RATE_MESSAGES, "ana", 31000), 1);
}

static void an_ipv6_network_is_one_address(void **state)
{
	const struct hg_visitor_conf conf = few();
	g_autoptr(hg_visitor_rates) rates = hg_visitor_rates_new(&conf, 1);

	(void)state;
	assert_int_equal(taken(rates, VISITOR_RATE_SESSIONS, "2001:db8::1", 0), 3);
	assert_int_equal(taken(rates, VISITOR_RATE_SESSIONS, "2001:db8::ffff", 0), 0);
	assert_int_equal(taken(rates, VISITOR_RATE_SESSIONS, "2001:db8:0:1::1", 0), 3);
	assert_int_equal(taken(rates, VISITOR_RATE_SESSIONS, "203.0.113.9", 0), 3);
	assert_int_equal(taken(rates, VISITOR_RATE_SESSIONS, "203.0.113.10", 0), 3);
	assert_int_equal(taken(rates, VISITOR_RATE_EASY, "203.0.113.9", 0), 2);
	/* The unix socket has no address, and is the operator's. */
	assert_int_equal(taken(rates, VISITOR_RATE_SESSIONS, "unix", 0), 1000);
}

static void who_has_to_wait_hears_how_long(void **state)
{
	const struct hg_visitor_conf conf = few();
	g_autoptr(hg_visitor_rates) rates = hg_visitor_rates_new(&conf, 1);
	gint64 wait_s = 0;

	(void)state;
	(void)taken(rates, VISITOR_RATE_MESSAGES, "ana", 0);
	assert_false(hg_visitor_rate_take(rates, VISITOR_RATE_MESSAGES, "ana", 0, &wait_s));
	assert_int_equal(wait_s, 30);
	assert_true(hg_visitor_rate_take(rates, VISITOR_RATE_MESSAGES, "ana", wait_s * 1000, &wait_s));
}

static void zero_is_none_at_all(void **state)
{
	struct hg_visitor_conf conf = few();
	g_autoptr(hg_visitor_rates) rates = NULL;

	(void)state;
	conf.proof.after = 0;
	rates = hg_visitor_rates_new(&conf, 1);
	assert_int_equal(taken(rates, VISITOR_RATE_EASY, "203.0.113.9", 0), 0);
}

static void what_was_counted_stays_while_the_numbers_do(void **state)
{
	struct hg_visitor_conf conf = few();
	g_autoptr(hg_visitor_rates) rates = hg_visitor_rates_new(&conf, 1);

	(void)state;
	assert_true(hg_visitor_rates_fit(rates, &conf));
	conf.text_max = 7;
	assert_true(hg_visitor_rates_fit(rates, &conf));
	conf.rate.messages = 3;
	assert_false(hg_visitor_rates_fit(rates, &conf));
}

/* ---- proofs of work ---- */

#define BITS 8

struct fake {
	struct hg_env env;		/* first */
	gint64 now_ms;
	guint8 next;
};

static gint64 fake_now(struct hg_env *env)
{
	return ((struct fake *)env)->now_ms;
}

static void fake_random(struct hg_env *env, void *ret, gsize size)
{
	memset(ret, ((struct fake *)env)->next++, size);
}

#define FAKE { .env = { .wall_ms = fake_now, .mono_ms = fake_now, .random = fake_random }, .now_ms = 1700000000000 }

static char *solve(const char *challenge, guint bits, gboolean rightly)
{
	for (guint n = 0;; n++) {
		g_autofree char *nonce = g_strdup_printf("%u", n), *text = g_strconcat(challenge, ".", nonce, NULL);
		guint8 hash[32];
		guint zeros = 0;

		hg_sha256(text, strlen(text), hash);
		while (zeros < 256 && !(hash[zeros / 8] & 0x80 >> zeros % 8))
			zeros++;
		if ((zeros >= bits) == rightly)
			return g_steal_pointer(&nonce);
	}
}

static void work_that_was_done_counts_once(void **state)
{
	const guint8 key[32] = "key";
	g_autoptr(hg_visitor_proofs) proofs = hg_visitor_proofs_new(key);
	struct fake fake = FAKE;
	g_autofree char *challenge = hg_visitor_proof_ask(proofs, &fake.env, "web", BITS);
	g_autofree char *nonce = solve(challenge, BITS, TRUE);

	(void)state;
	assert_false(hg_visitor_proof_take(proofs, "shop", challenge, nonce, fake.now_ms));
	assert_true(hg_visitor_proof_take(proofs, "web", challenge, nonce, fake.now_ms));
	for (int i = 0; i < 20; i++)	/* however long: forgetting it and its end come in that order */
		assert_false(hg_visitor_proof_take(proofs, "web", challenge, nonce, fake.now_ms + i * 60 * 1000));
}

static void work_that_was_not_done_counts_for_nothing(void **state)
{
	const guint8 key[32] = "key";
	g_autoptr(hg_visitor_proofs) proofs = hg_visitor_proofs_new(key);
	struct fake fake = FAKE;
	g_autofree char *challenge = hg_visitor_proof_ask(proofs, &fake.env, "web", BITS);
	g_autofree char *wrong = solve(challenge, BITS, FALSE), *longer = g_strnfill(HG_PROOF_NONCE_MAX + 1, '1');

	(void)state;
	assert_false(hg_visitor_proof_take(proofs, "web", challenge, wrong, fake.now_ms));
	assert_false(hg_visitor_proof_take(proofs, "web", challenge, longer, fake.now_ms));
	assert_false(hg_visitor_proof_take(proofs, "web", challenge, "", fake.now_ms));
}

static void only_our_own_challenges_of_late_count(void **state)
{
	const guint8 key[32] = "key", other[32] = "another";
	g_autoptr(hg_visitor_proofs) ours = hg_visitor_proofs_new(key), theirs = hg_visitor_proofs_new(other);
	struct fake fake = FAKE;
	g_autofree char *challenge = hg_visitor_proof_ask(ours, &fake.env, "web", BITS);
	g_autofree char *forged = hg_visitor_proof_ask(theirs, &fake.env, "web", BITS);
	g_autofree char *nonce = solve(challenge, BITS, TRUE), *for_forged = solve(forged, BITS, TRUE);
	g_autofree char *easy = g_strdup(challenge), *for_easy = NULL;

	(void)state;
	easy[0] = 'A';			/* fewer bits than were asked for */
	for_easy = solve(easy, 1, TRUE);
	assert_false(hg_visitor_proof_take(ours, "web", easy, for_easy, fake.now_ms));
	assert_false(hg_visitor_proof_take(ours, "web", forged, for_forged, fake.now_ms));
	assert_false(hg_visitor_proof_take(ours, "web", "nonsense", "1", fake.now_ms));
	assert_false(hg_visitor_proof_take(ours, "web", "not base64!", "1", fake.now_ms));
	assert_false(hg_visitor_proof_take(ours, "web", challenge, nonce, fake.now_ms - 60000));
	assert_false(hg_visitor_proof_take(ours, "web", challenge, nonce, fake.now_ms + HG_PROOF_LIFE_MS + 1000));
	assert_true(hg_visitor_proof_take(ours, "web", challenge, nonce, fake.now_ms + HG_PROOF_LIFE_MS));
}

/* The same bytes in the other alphabet of base64: they must not count a second time. */
static void a_challenge_has_one_spelling(void **state)
{
	const guint8 key[32] = "key";
	g_autoptr(hg_visitor_proofs) proofs = hg_visitor_proofs_new(key);
	struct fake fake = FAKE;
	g_autofree char *challenge = NULL;

	(void)state;
	do {
		g_free(challenge);
		challenge = hg_visitor_proof_ask(proofs, &fake.env, "web", 0);
	} while (!strchr(challenge, '-'));
	g_strdelimit(challenge, "-", '+');
	assert_false(hg_visitor_proof_take(proofs, "web", challenge, "1", fake.now_ms));
	g_strdelimit(challenge, "+", '-');
	assert_true(hg_visitor_proof_take(proofs, "web", challenge, "1", fake.now_ms));
}

static gint64 standing_still(struct hg_env *env)
{
	return ((struct fake *)env)->now_ms;
}

static guint32 salt;

static void next_salt(struct hg_env *env, void *ret, gsize size)
{
	(void)env;
	memset(ret, 0, size);
	memcpy(ret, &salt, sizeof salt);
	salt++;
}

/* Nobody can make us remember more than so many; until the oldest are forgotten, new work is asked for. */
static void what_is_remembered_is_bounded(void **state)
{
	const guint8 key[32] = "key";
	g_autoptr(hg_visitor_proofs) proofs = hg_visitor_proofs_new(key);
	struct fake fake = { .env = { .wall_ms = standing_still, .mono_ms = standing_still, .random = next_salt }, .now_ms = 1700000000000 };
	gboolean took = TRUE;
	guint n = 0;

	(void)state;
	for (; took && n < 100000; n++) {
		g_autofree char *challenge = hg_visitor_proof_ask(proofs, &fake.env, "web", 0);

		took = hg_visitor_proof_take(proofs, "web", challenge, "1", fake.now_ms);
	}
	assert_int_equal(n, 65537);
	fake.now_ms += HG_PROOF_LIFE_MS;
	{
		g_autofree char *challenge = hg_visitor_proof_ask(proofs, &fake.env, "web", 0);

		assert_true(hg_visitor_proof_take(proofs, "web", challenge, "1", fake.now_ms));
	}
}

static void nobody_is_asked_for_more_than_he_can_do(void **state)
{
	const guint8 key[32] = "key";
	g_autoptr(hg_visitor_proofs) proofs = hg_visitor_proofs_new(key);
	struct fake fake = FAKE;
	g_autofree char *most = hg_visitor_proof_ask(proofs, &fake.env, "web", 40);
	g_autofree char *more = hg_visitor_proof_ask(proofs, &fake.env, "web", 200);

	(void)state;
	assert_int_equal(most[0], more[0]);	/* its first byte says how many bits */
	hg_visitor_proofs_free(NULL);
	hg_visitor_rates_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_is_its_scheme_host_and_port),
		cmocka_unit_test(a_star_stands_for_a_host_and_all_below_it),
		cmocka_unit_test(our_own_pages_are_those_below_public_url),
		cmocka_unit_test(a_visitor_has_his_rate_and_others_theirs),
		cmocka_unit_test(an_ipv6_network_is_one_address),
		cmocka_unit_test(who_has_to_wait_hears_how_long),
		cmocka_unit_test(zero_is_none_at_all),
		cmocka_unit_test(what_was_counted_stays_while_the_numbers_do),
		cmocka_unit_test(work_that_was_done_counts_once),
		cmocka_unit_test(work_that_was_not_done_counts_for_nothing),
		cmocka_unit_test(only_our_own_challenges_of_late_count),
		cmocka_unit_test(a_challenge_has_one_spelling),
		cmocka_unit_test(what_is_remembered_is_bounded),
		cmocka_unit_test(nobody_is_asked_for_more_than_he_can_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
