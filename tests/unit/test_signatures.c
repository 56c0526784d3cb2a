/* test_signatures.c - what is signed, changed by one bit: every scheme we verify, every bit, five requests each
 *
 * Good signatures are made here with GLib's HMAC, not by what is tested (which uses OpenSSL's).
 *
 *	test_signatures --timing N	N million comparisons a scheme: does the time tell how much was right? */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>
#include <time.h>
#include "fake_wire.h"
#include "record.h"
#include "sign.h"
#include "webhook.h"

#define KEY   "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"
#define WHSEC "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STAMP 1795168931

static const char *const recorded[] = { "text", "status_delivered", "everything_at_once", "image", "edit" };

struct scheme {
	const char *name;
	char *(*sign)(const char *key, const char *body, gsize len);
	gboolean (*verify)(const char *body, gsize len, const char *header);
};

/* ---- the schemes: signed by GLib, verified by the product ---- */

static char *hex_hmac(const char *key, const char *body, gsize len)
{
	return g_compute_hmac_for_data(G_CHECKSUM_SHA256, (const guint8 *)key, strlen(key), (const guint8 *)body, len);
}

static char *sign_whatsapp(const char *key, const char *body, gsize len)
{
	g_autofree char *hex = hex_hmac(key, body, len);

	return g_strconcat("sha256=", hex, NULL);
}

static gboolean verify_whatsapp(const char *body, gsize len, const char *header)
{
	char *secrets[] = { (char *)KEY, (char *)"another secret that is in use", NULL };

	return wa_signature_ok(secrets, body, len, header);
}

static gboolean verify_fake(const char *body, gsize len, const char *header)
{
	return signature_ok(KEY, body, len, header);
}

static char *sign_standard_as(const char *secret, const char *id, gint64 stamp, const char *body, gsize len)
{
	gsize key_len, mac_len = 32;
	g_autofree guchar *key = g_base64_decode(secret + strlen("whsec_"), &key_len);
	g_autofree char *head = g_strdup_printf("%s.%" G_GINT64_FORMAT ".", id, stamp), *base64 = NULL;
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, key_len);
	guint8 mac[32];

	g_hmac_update(hmac, (const guchar *)head, strlen(head));
	g_hmac_update(hmac, (const guchar *)body, len);
	g_hmac_get_digest(hmac, mac, &mac_len);
	g_hmac_unref(hmac);
	base64 = g_base64_encode(mac, sizeof(mac));
	return g_strconcat("v1,", base64, NULL);
}

static char *sign_standard(const char *key, const char *body, gsize len)
{
	g_autofree char *base64 = g_base64_encode((const guchar *)key, strlen(key));
	g_autofree char *other = g_strconcat("whsec_", base64, NULL);

	return sign_standard_as(strcmp(key, KEY) ? other : WHSEC, "evt_1", STAMP, body, len);
}

static gboolean verify_standard(const char *body, gsize len, const char *header)
{
	char *secrets[] = { (char *)WHSEC, NULL };

	return hg_sign_verify(secrets, "evt_1", STAMP, body, len, header);
}

static const struct scheme schemes[] = {
	{ "whatsapp", sign_whatsapp, verify_whatsapp },
	{ "fake", hex_hmac, verify_fake },
	{ "standard webhooks", sign_standard, verify_standard },
};

/* ---- five recorded requests ---- */

static char *recorded_body(gsize n, gsize *ret_len)
{
	g_autofree char *path = g_strdup_printf(PAYLOADS "/%s.json", recorded[n]);
	char *body;

	assert_true(g_file_get_contents(path, &body, ret_len, NULL));
	return body;
}

static guint tried;

static void expect_refused(const struct scheme *s, const char *body, gsize len, const char *header, const char *what)
{
	tried++;
	if (s->verify(body, len, header))
		fail_msg("%s: taken with %s: \"%s\"", s->name, what, header ? header : "(none)");
}

static void flip_all(const struct scheme *s, char *body, gsize len)
{
	g_autofree char *header = s->sign(KEY, body, len);
	gsize header_len = strlen(header);

	assert_true(s->verify(body, len, header));
	for (gsize bit = 0; bit < 8 * len; bit++) {
		body[bit / 8] ^= (char)(1 << bit % 8);
		expect_refused(s, body, len, header, "a bit of the body changed");
		body[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (gsize bit = 0; bit < 8 * header_len; bit++) {
		header[bit / 8] ^= (char)(1 << bit % 8);
		expect_refused(s, body, len, header, "a bit of the signature changed");
		header[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_true(s->verify(body, len, header));	/* all bits are back */
}

static void no_bit_may_be_another(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++)
		for (gsize n = 0; n < G_N_ELEMENTS(recorded); n++) {
			gsize len;
			g_autofree char *body = recorded_body(n, &len);

			flip_all(&schemes[i], body, len);
		}
}

/* Of Standard Webhooks id and time are signed too. */
static void no_bit_of_id_and_time_may_be_another(void **state)
{
	char *secrets[] = { (char *)WHSEC, NULL };

	(void)state;
	for (gsize n = 0; n < G_N_ELEMENTS(recorded); n++) {
		gsize len;
		g_autofree char *body = recorded_body(n, &len), *id = g_strdup_printf("evt_01k%zu", n);
		g_autofree char *header = sign_standard_as(WHSEC, id, STAMP, body, len);

		assert_true(hg_sign_verify(secrets, id, STAMP, body, len, header));
		for (gsize bit = 0; bit < 8 * strlen(id); bit++) {
			id[bit / 8] ^= (char)(1 << bit % 8);
			assert_false(hg_sign_verify(secrets, id, STAMP, body, len, header));
			id[bit / 8] ^= (char)(1 << bit % 8);
		}
		for (guint bit = 0; bit < 63; bit++)
			assert_false(hg_sign_verify(secrets, id, STAMP ^ G_GINT64_CONSTANT(1) << bit, body, len, header));
		/* What stands between the parts belongs to one of them only. */
		assert_false(hg_sign_verify(secrets, "evt_01", STAMP, body, len, header));
		tried += 8 * (guint)strlen(id) + 64;
	}
}

static void no_part_is_enough_and_nothing_may_follow(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		const struct scheme *s = &schemes[i];
		gsize len;
		g_autofree char *body = recorded_body(0, &len), *good = s->sign(KEY, body, len);

		for (gsize cut = 0; cut < strlen(good); cut++) {
			g_autofree char *start = g_strndup(good, cut);

			expect_refused(s, body, len, start, "the start of a signature");
			if (cut)
				expect_refused(s, body, len, good + cut, "the end of a signature");
		}
		for (gsize cut = 0; cut < len; cut++) {
			expect_refused(s, body, cut, good, "the start of the body");
			expect_refused(s, body + cut + 1, len - cut - 1, good, "the end of the body");
		}
		/* A space divides the signatures of Standard Webhooks: there it is one and something else. */
		for (int c = 1; c < 256; c++) {
			g_autofree char *behind = g_strdup_printf("%s%c", good, c), *before = g_strdup_printf("%c%s", c, good);

			if (c == ' ' && s->verify == verify_standard)
				continue;
			expect_refused(s, body, len, behind, "a character behind it");
			expect_refused(s, body, len, before, "a character before it");
		}
	}
}

static void take(GPtrArray *list, char *made)
{
	g_ptr_array_add(list, made);
}

static char *of_hash(GChecksumType type, const char *prefix, const char *key, const char *body, gsize len)
{
	g_autofree char *hex = key ? g_compute_hmac_for_data(type, (const guint8 *)key, strlen(key), (const guint8 *)body, len) :
		g_compute_checksum_for_data(type, (const guint8 *)body, len);

	return g_strconcat(prefix, hex, NULL);
}

/* Everything that looks like a signature, and what somebody without the key can make. */
static GPtrArray *imitations(const struct scheme *s, const char *body, gsize len, const char *good)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	const char *mac = strpbrk(good, "=,") && s->verify != verify_fake ? strpbrk(good, "=,") + 1 : good;
	static const char *const prefixes[] = { "sha1=", "sha512=", "md5=", "SHA256=", "Sha256=", "sha256:", "sha256 ", "hmac=",
		"sha-256=", "sha256==", " sha256=", "v0,", "v1a,", "v2,", "V1,", "v1=", "v1:", ",", "v1,,", "none,", "none=" };
	static const struct { GChecksumType type; const char *prefix; } hashes[] = { { G_CHECKSUM_MD5, "md5=" },
		{ G_CHECKSUM_SHA1, "sha1=" }, { G_CHECKSUM_SHA384, "sha384=" }, { G_CHECKSUM_SHA512, "sha512=" },
		{ G_CHECKSUM_SHA256, "sha256=" }, { G_CHECKSUM_SHA256, "" }, { G_CHECKSUM_SHA1, "sha256=" },
		{ G_CHECKSUM_SHA512, "sha256=" }, { G_CHECKSUM_SHA1, "" }, { G_CHECKSUM_SHA512, "" } };

	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++)
		take(list, g_strconcat(prefixes[i], mac, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++) {
		take(list, of_hash(hashes[i].type, hashes[i].prefix, NULL, body, len));
		take(list, of_hash(hashes[i].type, hashes[i].prefix, "", body, len));
		if (hashes[i].type != G_CHECKSUM_SHA256)
			take(list, of_hash(hashes[i].type, hashes[i].prefix, KEY, body, len));
	}
	take(list, g_ascii_strup(good, -1));
	take(list, g_strdup_printf("%.*s%s", (int)(mac - good), good, g_ascii_isxdigit(*mac) ? "" : "="));
	take(list, g_strdup_printf("%s,%s", good, good));
	if (s->verify != verify_standard)	/* where a list of them is what is sent */
		take(list, g_strdup_printf("%s, %s", good, good));
	take(list, g_strdup_printf("%.*s %s", (int)(mac - good), good, mac));
	take(list, g_strdup_printf("%.*s\"%s\"", (int)(mac - good), good, mac));
	take(list, g_strdup_printf("%.*s0x%s", (int)(mac - good), good, mac));
	take(list, g_strdup("sha256=" "0000000000000000000000000000000000000000000000000000000000000000"));
	take(list, g_strdup("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
	take(list, s->sign(OTHER, body, len));
	take(list, s->sign(KEY, body, len - 1));
	take(list, s->sign(KEY, "", 0));
	take(list, s->sign("", body, len));
	return list;
}

static void what_only_looks_like_it_is_refused(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		const struct scheme *s = &schemes[i];
		gsize len;
		g_autofree char *body = recorded_body(0, &len), *good = s->sign(KEY, body, len);
		g_autoptr(GPtrArray) list = imitations(s, body, len, good);
		gboolean bare = s->verify == verify_fake;

		expect_refused(s, body, len, NULL, "no signature");
		for (guint n = 0; n < list->len; n++)
			if (strcmp(list->pdata[n], good))
				expect_refused(s, body, len, list->pdata[n], "an imitation");
		if (!bare)
			expect_refused(s, body, len, strpbrk(good, "=,") + 1, "the bare hash");
	}
}

/* Each secret of several is as good as the others, and an empty one is none. */
static void a_secret_that_is_empty_opens_nothing(void **state)
{
	char *empty[] = { (char *)"", NULL }, *mixed[] = { (char *)"", (char *)KEY, NULL }, *nothing[] = { NULL };
	char *bad[] = { (char *)"", (char *)"whsec_", (char *)"whsec_AAAA", (char *)"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL };
	g_autofree char *good = sign_whatsapp(KEY, "x", 1), *by_empty = sign_whatsapp("", "x", 1);
	g_autofree char *standard = sign_standard_as("whsec_", "evt_1", STAMP, "x", 1);

	(void)state;
	assert_true(wa_signature_ok(mixed, "x", 1, good));
	assert_false(wa_signature_ok(mixed, "x", 1, by_empty));
	assert_false(wa_signature_ok(empty, "x", 1, by_empty));
	assert_false(wa_signature_ok(nothing, "x", 1, good));
	assert_false(hg_sign_verify(bad, "evt_1", STAMP, "x", 1, standard));
	assert_false(hg_sign_verify(nothing, "evt_1", STAMP, "x", 1, standard));
	assert_null(hg_sign(bad, "evt_1", STAMP, "x", 1));
}

/* Receivers of ours verify with libraries of their own: what we sign is what GLib signs. */
static void what_we_sign_is_what_others_sign(void **state)
{
	char *secrets[] = { (char *)WHSEC, NULL };

	(void)state;
	for (gsize n = 0; n < G_N_ELEMENTS(recorded); n++) {
		gsize len;
		g_autofree char *body = recorded_body(n, &len), *id = g_strdup_printf("evt_%zu", n);
		g_autofree char *ours = hg_sign(secrets, id, STAMP, body, len);
		g_autofree char *theirs = sign_standard_as(WHSEC, id, STAMP, body, len);

		assert_string_equal(ours, theirs);
	}
}

/* ---- by option: Welch's t of the time it takes, nothing right against all but the last digit right ---- */

struct sample { double n, mean, m2; };

static void add(struct sample *s, double x)
{
	double delta = x - s->mean;

	s->mean += delta / ++s->n;
	s->m2 += delta * (x - s->mean);
}

static double nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double welch(const struct scheme *s, guint millions)
{
	g_autofree char *near = s->sign(KEY, "x", 1), *far = s->sign(KEY, "x", 1);
	char *near_last = near + strlen(near) - 2, *far_first = far + (s->verify == verify_fake ? 0 : strcspn(far, "=,") + 1);
	struct sample samples[2] = { 0 };
	GRand *rand = g_rand_new_with_seed(4711);

	*near_last = *near_last == '0' ? '1' : '0';
	*far_first = *far_first == '0' ? '1' : '0';
	for (guint64 i = 0; i < millions * G_GUINT64_CONSTANT(1000000); i++) {
		gboolean which = g_rand_boolean(rand);
		double before = nanoseconds(), took;

		s->verify("x", 1, which ? near : far);
		took = nanoseconds() - before;
		if (took < 20000)		/* else something else ran */
			add(&samples[which], took);
	}
	g_rand_free(rand);
	return (samples[0].mean - samples[1].mean) /
	       sqrt(samples[0].m2 / samples[0].n / (samples[0].n - 1) + samples[1].m2 / samples[1].n / (samples[1].n - 1));
}

static int timing(guint millions)
{
	int failed = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		double t = welch(&schemes[i], millions);

		printf("%-20s t = %+.2f\n", schemes[i].name, t);
		failed |= fabs(t) > 4.5;
	}
	record("sig.timing", millions * G_GINT64_CONSTANT(3000000), failed, NULL);
	return failed;
}

static int note(void **state)
{
	(void)state;
	record("sig.flips", tried, 0, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bit_may_be_another),
		cmocka_unit_test(no_bit_of_id_and_time_may_be_another),
		cmocka_unit_test(no_part_is_enough_and_nothing_may_follow),
		cmocka_unit_test(what_only_looks_like_it_is_refused),
		cmocka_unit_test(a_secret_that_is_empty_opens_nothing),
		cmocka_unit_test(what_we_sign_is_what_others_sign),
	};

	if (argc == 3 && !strcmp(argv[1], "--timing"))
		return timing((guint)g_ascii_strtoull(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, note);
}
