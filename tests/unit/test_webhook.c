/* test_webhook.c - forms, signatures, tokens, URLs and verdicts that the adapters of providers share */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <glib/gstdio.h>
#include <string.h>

#include "fail.h"
#include "health.h"
#include "json.h"
#include "lent_files.h"
#include "outside_url.h"
#include "params.h"
#include "proof.h"
#include "text.h"
#include "verdict.h"

/* ---- forms ---- */

static char *shown(const hg_params *params)
{
	GString *out = g_string_new(NULL);

	for (gsize i = 0; i < hg_params_len(params); i++)
		g_string_append_printf(out, "[%s=%s]", hg_params_at(params, i)->name, hg_params_at(params, i)->value);
	return g_string_free(out, FALSE);
}

static void assert_form(const char *form, const char *charset, const char *want)
{
	g_autoptr(hg_params) params = hg_params_parse(form, strlen(form), charset);
	g_autofree char *got = shown(params);

	assert_string_equal(got, want);
}

static void a_form_is_read_pair_by_pair(void **state)
{
	(void)state;
	assert_form("", NULL, "");
	assert_form("a=1&b=two+words&a=1&c", NULL, "[a=1][b=two words][a=1][c=]");
	assert_form("&&a=b=c&=d&", NULL, "[a=b=c][=d]");
	assert_form("From=%2B447700900123&Body=%e2%82%ac%F0%9F%91%8d", NULL, "[From=+447700900123][Body=\xe2\x82\xac\xf0\x9f\x91\x8d]");
	assert_form("a=%&b=%4&c=%4g&d=%zz&%41=1", NULL, "[a=%][b=%4][c=%4g][d=%zz][A=1]");
	assert_form("a=%ff%41&b=x%00y", NULL, "[a=\xef\xbf\xbd" "A][b=x\xef\xbf\xbdy]");
}

static void bytes_that_were_sent_are_kept_for_signatures(void **state)
{
	const char form[] = "x=a%00b%ff&y=c";
	g_autoptr(hg_params) params = hg_params_parse(form, strlen(form), NULL);
	const struct hg_param *x = hg_params_at(params, 0);

	(void)state;
	assert_int_equal(x->value_len, 4);
	assert_memory_equal(x->value_bytes, "a\0b\xff", 5);
	assert_int_equal(x->name_len, 1);
	assert_string_equal(hg_params_get(params, "y"), "c");
	assert_null(hg_params_get(params, "z"));
	assert_null(hg_params_get(NULL, "z"));
	assert_int_equal(hg_params_len(NULL), 0);
}

static void other_character_sets_become_utf8(void **state)
{
	(void)state;
	assert_form("t=caf%E9+%80+%81", "ISO-8859-1", "[t=caf\xc3\xa9 \xe2\x82\xac \xef\xbf\xbd]");
	assert_form("t=caf%E9", "latin1", "[t=caf\xc3\xa9]");
	assert_form("t=%83e%83X%83g", "Shift_JIS", "[t=\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88]");
	assert_form("t=caf%C3%A9", "utf-8", "[t=caf\xc3\xa9]");
	assert_form("t=caf%C3%A9", "UTF8", "[t=caf\xc3\xa9]");
	assert_form("t=%C3%A9%ff", "no-such-charset", "[t=\xc3\xa9\xef\xbf\xbd]");
	assert_form("t=%00%41", "UTF-16BE", "[t=A]");
	assert_form("t=%00", "cp1252", "[t=\xef\xbf\xbd]");
}

static void long_text_in_another_character_set_comes_whole(void **state)
{
	g_autofree char *bytes = g_malloc(5000), *text = NULL;

	(void)state;
	memset(bytes, 0xe9, 5000);
	text = hg_text_in_charset(bytes, 5000, "latin1");
	assert_int_equal(strlen(text), 10000);
	assert_int_equal(g_utf8_strlen(text, -1), 5000);
}

static void more_pairs_than_anybody_sends_are_refused(void **state)
{
	g_autoptr(GString) form = g_string_new("a=1");
	g_autoptr(hg_params) params = NULL;

	(void)state;
	for (int i = 1; i < HG_PARAMS_MAX; i++)
		g_string_append(form, "&a=1");
	params = hg_params_parse(form->str, form->len, NULL);
	assert_int_equal(hg_params_len(params), HG_PARAMS_MAX);
	g_string_append(form, "&a=1");
	assert_null(hg_params_parse(form->str, form->len, NULL));
}

static void a_target_has_a_query_or_none(void **state)
{
	g_autoptr(hg_params) params = hg_params_query("/hook?key=a%2Fb&x=?#frag&z=1");
	g_autofree char *got = shown(params);

	(void)state;
	assert_string_equal(got, "[key=a/b][x=?]");
	assert_null(hg_params_query("/hook"));
	assert_null(hg_params_query(NULL));
}

static void pairs_are_written_so_that_they_are_read_again(void **state)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(hg_params) params = NULL;

	(void)state;
	hg_params_add(out, "To", "+44 7700&900=123");
	hg_params_add(out, "Body", "~a-b_c.d 50% \xe2\x82\xac\n");
	assert_string_equal(out->str, "To=%2B44%207700%26900%3D123&Body=~a-b_c.d%2050%25%20%E2%82%AC%0A");
	params = hg_params_parse(out->str, out->len, NULL);
	assert_string_equal(hg_params_get(params, "To"), "+44 7700&900=123");
	g_string_assign(out, "https://x.example/?");
	hg_params_add(out, "a", "");
	assert_string_equal(out->str, "https://x.example/?a=");
}

/* ---- how bytes are written ---- */

static void assert_unbase64(const char *text, const char *want)
{
	gsize len = 0;
	g_autofree guint8 *bytes = hg_unbase64(text, &len);

	if (!want) {
		assert_null(bytes);
		return;
	}
	assert_non_null(bytes);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(bytes, want, len);
}

static void base64_is_read_strictly(void **state)
{
	static const char *const wrong[] = { "Z", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zg==Zg==", "Zm9v!", "Zm 9v", "Zm9vY",
		"Zh==", "Zm9=", "Zm-/\n" };

	(void)state;
	assert_unbase64("", "");			/* RFC 4648, section 10 */
	assert_unbase64("Zg==", "f");
	assert_unbase64("Zm8=", "fo");
	assert_unbase64("Zm9v", "foo");
	assert_unbase64("Zm9vYg==", "foob");
	assert_unbase64("Zm9vYmE=", "fooba");
	assert_unbase64("Zm9vYmFy", "foobar");
	assert_unbase64("Zm8", "fo");
	assert_unbase64("-_-_", "\xfb\xff\xbf");
	assert_unbase64("+/+/", "\xfb\xff\xbf");
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_unbase64(wrong[i], NULL);
}

/* ---- hashes, keyed and not ---- */

static void hashes_are_known_by_their_words(void **state)
{
	g_autoptr(GBytes) md5 = hg_digest(hg_digest_of("md5"), "abc", 3), empty = hg_mac(HG_SHA256, NULL, 0, NULL, 0);
	g_autofree char *hex = hg_hex(g_bytes_get_data(md5, NULL), g_bytes_get_size(md5));

	(void)state;
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");	/* RFC 1321, A.5 */
	assert_int_equal(hg_digest_of("sha1"), HG_SHA1);
	assert_int_equal(hg_digest_of("sha256"), HG_SHA256);
	assert_int_equal(hg_digest_of("sha384"), HG_SHA384);
	assert_int_equal(hg_digest_of("sha512"), HG_SHA512);
	assert_int_equal(hg_digest_of("sha"), 0);
	assert_int_equal(hg_digest_of(""), 0);
	g_free(hex);
	hex = hg_hex(g_bytes_get_data(empty, NULL), g_bytes_get_size(empty));
	assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

#define JEFE "what do ya want for nothing?"

/* RFC 2202 and 4231, test case 2 of each. */
static const struct { int digest; const char *hex; } jefe[] = {
	{ HG_MD5, "750c783e6ab0b503eaa86e310a5db738" },
	{ HG_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ HG_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ HG_SHA384, "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649" },
	{ HG_SHA512, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdc"
		     "aeab1a34d4a6b4b636e070a38bce737" },
};

static gboolean jefe_is(int digest, const char *given)
{
	return hg_mac_is(digest, "Jefe", 4, JEFE, strlen(JEFE), given);
}

static void a_mac_is_taken_in_hex_and_base64(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(jefe); i++) {
		g_autofree char *upper = g_ascii_strup(jefe[i].hex, -1), *std = NULL, *url = NULL;
		g_autoptr(GBytes) mac = hg_mac(jefe[i].digest, "Jefe", 4, JEFE, strlen(JEFE));

		std = hg_base64(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac), FALSE);
		url = hg_base64(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac), TRUE);
		assert_true(jefe_is(jefe[i].digest, jefe[i].hex));
		assert_true(jefe_is(jefe[i].digest, upper));
		assert_true(jefe_is(jefe[i].digest, std));
		assert_true(jefe_is(jefe[i].digest, url));
	}
}

static void each_changed_character_of_a_mac_is_noticed(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(jefe); i++)
		for (gsize at = 0; jefe[i].hex[at]; at++) {
			g_autofree char *forged = g_strdup(jefe[i].hex);

			forged[at] = forged[at] == '0' ? '1' : '0';
			assert_false(jefe_is(jefe[i].digest, forged));
			forged[at] = 'g';
			assert_false(jefe_is(jefe[i].digest, forged));
			forged[at] = '\0';
			assert_false(jefe_is(jefe[i].digest, forged));
		}
	assert_false(jefe_is(HG_SHA1, jefe[2].hex));
	assert_false(jefe_is(HG_SHA1, "750c783e6ab0b503eaa86e310a5db738"));
	assert_false(jefe_is(HG_SHA1, NULL));
	assert_false(jefe_is(HG_SHA1, ""));
	assert_false(jefe_is(HG_SHA1, "!"));
	assert_false(hg_mac_is(HG_SHA256, "", 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

static void a_plain_hash_and_a_secret_are_compared_whole(void **state)
{
	(void)state;
	assert_true(hg_digest_is(HG_SHA1, "abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d"));
	assert_false(hg_digest_is(HG_SHA1, "abd", 3, "a9993e364706816aba3e25717850c26c9cd0d89d"));
	assert_false(hg_digest_is(HG_SHA1, "abc", 3, NULL));
	assert_true(hg_secret_is("open sesame", "open sesame"));
	assert_false(hg_secret_is("open sesame", "open sesam"));
	assert_false(hg_secret_is("open sesame", "open sesame "));
	assert_false(hg_secret_is("open sesame", ""));
	assert_false(hg_secret_is("open sesame", NULL));
	assert_false(hg_secret_is("", ""));
	assert_false(hg_secret_is(NULL, "open sesame"));
}

/* ---- Ed25519: RFC 8032, section 7.1, test 2 ---- */

#define ED_KEY  "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define ED_SIGN "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA=="

static void an_ed25519_signature_holds_for_its_bytes_alone(void **state)
{
	gsize len = 0;
	g_autofree guint8 *sign = hg_unbase64(ED_SIGN, &len);

	(void)state;
	assert_true(hg_ed25519_is(ED_KEY, "\x72", 1, ED_SIGN));
	assert_false(hg_ed25519_is(ED_KEY, "\x73", 1, ED_SIGN));
	assert_false(hg_ed25519_is(ED_KEY, "\x72\x72", 2, ED_SIGN));
	assert_false(hg_ed25519_is("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "\x72", 1, ED_SIGN));
	for (gsize bit = 0; bit < 8 * len; bit++) {
		g_autofree char *forged = NULL;

		sign[bit / 8] ^= (guint8)(1 << bit % 8);
		forged = hg_base64(sign, len, FALSE);
		sign[bit / 8] ^= (guint8)(1 << bit % 8);
		assert_false(hg_ed25519_is(ED_KEY, "\x72", 1, forged));
	}
}

static void what_is_no_key_or_no_signature_holds_for_nothing(void **state)
{
	(void)state;
	assert_false(hg_ed25519_is(NULL, "\x72", 1, ED_SIGN));
	assert_false(hg_ed25519_is(ED_KEY, "\x72", 1, NULL));
	assert_false(hg_ed25519_is("", "\x72", 1, ED_SIGN));
	assert_false(hg_ed25519_is("!", "\x72", 1, ED_SIGN));
	assert_false(hg_ed25519_is("PUAXw+hDiVqStwqnTRt+", "\x72", 1, ED_SIGN));
	assert_false(hg_ed25519_is(ED_KEY, "\x72", 1, "kqAJqfDU"));
	assert_false(hg_ed25519_is(ED_KEY, "\x72", 1, "?"));
}

/* ---- tokens ---- */

/* RFC 7515, appendix A.1: its header has a line break in it, which is signed as it is. */
#define CLAIMS64 "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define HS_TOKEN "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." CLAIMS64 ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define HS_KEY64 "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define EXP 1300819380
/* Appendix A.3. */
#define ES_TOKEN "eyJhbGciOiJFUzI1NiJ9." CLAIMS64 \
	".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define ES_PEM "-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n" \
	"6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n-----END PUBLIC KEY-----\n"

/* A key of another curve. */
#define P384_PEM "-----BEGIN PUBLIC KEY-----\n" \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEb2wgbGOhOSDFXiIPjZ2ZZ8LOn0MvPrri\n" \
	"Q8UEt+F+Ez4nam/pU15F4VJfOPoofbTeAfeDR3e7yjw8yvBow63t6s7teR6rellm\n" \
	"WHEjGKxhvNKL/mp81wQCG68APPvuU6dy\n-----END PUBLIC KEY-----\n"

static const char *refused(const char *token, const char *algorithm, const void *key, gsize len, gint64 now_s)
{
	const char *why = NULL;
	struct json_object *claims = hg_jwt_read(token, algorithm, key, len, now_s, 60, TRUE, &why);

	if (claims)
		assert_string_equal(hg_json_str(claims, "iss"), "joe");
	assert_true(!claims == !!why);
	json_object_put(claims);
	return why ? why : "";
}

static void a_token_with_a_secret_holds_in_its_time(void **state)
{
	gsize len = 0;
	g_autofree guint8 *key = hg_unbase64(HS_KEY64, &len);

	(void)state;
	assert_string_equal(refused(HS_TOKEN, "HS256", key, len, EXP - 100), "");
	assert_string_equal(refused(HS_TOKEN, "HS256", key, len, EXP + 59), "");
	assert_string_equal(refused(HS_TOKEN, "HS256", key, len, EXP + 60), "the token has expired");
	assert_non_null(strstr(refused(HS_TOKEN, "HS256", key, len - 1, EXP), "signature"));
	assert_non_null(strstr(refused(HS_TOKEN, "HS512", key, len, EXP), "alg"));
	assert_non_null(strstr(refused(HS_TOKEN, "none", key, len, EXP), "HS256"));
	assert_non_null(strstr(refused(NULL, "HS256", key, len, EXP), "no token"));
	assert_non_null(strstr(refused("", "HS256", key, len, EXP), "three parts"));
	assert_non_null(strstr(refused("a.b", "HS256", key, len, EXP), "three parts"));
	assert_non_null(strstr(refused(HS_TOKEN ".x", "HS256", key, len, EXP), "three parts"));
}

static void each_changed_character_of_a_token_is_noticed(void **state)
{
	gsize len = 0;
	g_autofree guint8 *key = hg_unbase64(HS_KEY64, &len);

	(void)state;
	for (gsize i = 0; i < strlen(HS_TOKEN); i++) {
		g_autofree char *forged = g_strdup(HS_TOKEN);

		forged[i] = forged[i] == 'B' ? 'C' : 'B';
		assert_string_not_equal(refused(forged, "HS256", key, len, EXP), "");
	}
}

/* A token of this header and these claims, signed as it should be. */
static char *token_of(const char *header, const char *claims)
{
	g_autofree char *a = hg_base64(header, strlen(header), TRUE), *b = hg_base64(claims, strlen(claims), TRUE);
	g_autofree char *data = g_strconcat(a, ".", b, NULL), *sign = NULL;
	g_autoptr(GBytes) mac = hg_mac(HG_SHA256, "k", 1, data, strlen(data));

	sign = hg_base64(g_bytes_get_data(mac, NULL), 32, TRUE);
	return g_strconcat(data, ".", sign, NULL);
}

static void assert_token(const char *header, const char *claims, gboolean need_exp, const char *words)
{
	g_autofree char *token = token_of(header, claims);
	const char *why = NULL;
	struct json_object *got = hg_jwt_read(token, "HS256", "k", 1, 1000, 10, need_exp, &why);

	if (!words)
		assert_non_null(got);
	else if (!why || !strstr(why, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", claims, why ? why : "(good)", words);
	json_object_put(got);
}

static void what_a_token_says_is_looked_at(void **state)
{
	const char *good = "{\"alg\":\"HS256\"}";

	(void)state;
	assert_token(good, "{\"exp\":1001}", TRUE, NULL);
	assert_token(good, "{}", FALSE, NULL);
	assert_token(good, "{}", TRUE, "until when");
	assert_token(good, "{\"exp\":\"1001\"}", FALSE, "until when");
	assert_token(good, "{\"exp\":990}", FALSE, "expired");
	assert_token(good, "{\"exp\":990.5}", FALSE, NULL);
	assert_token(good, "{\"exp\":1001,\"nbf\":1010}", TRUE, NULL);
	assert_token(good, "{\"exp\":1001,\"nbf\":1011}", TRUE, "nbf");
	assert_token(good, "[]", FALSE, "no JSON object");
	assert_token(good, "", FALSE, "no JSON object");
	assert_token("{\"alg\":\"HS256\",\"crit\":[\"b64\"]}", "{}", FALSE, "alg");
	assert_token("{\"alg\":\"none\"}", "{}", FALSE, "alg");
	assert_token("{}", "{}", FALSE, "alg");
	assert_token("[\"HS256\"]", "{}", FALSE, "alg");
	assert_token("HS256", "{}", FALSE, "alg");
}

static void a_token_longer_than_any_is_not_looked_at(void **state)
{
	g_autofree char *token = g_strnfill(16 * 1024 + 1, '.');

	(void)state;
	assert_non_null(strstr(refused(token, "HS256", "k", 1, 0), "too long"));
}

static void a_token_signed_with_es256_holds(void **state)
{
	static const char other[] = ES_TOKEN;
	g_autofree char *forged = g_strdup(other), *der = NULL;

	(void)state;
	assert_string_equal(refused(ES_TOKEN, "ES256", ES_PEM, strlen(ES_PEM), EXP), "");
	forged[strlen(forged) - 3] ^= 1;
	assert_non_null(strstr(refused(forged, "ES256", ES_PEM, strlen(ES_PEM), EXP), "signature"));
	der = g_strndup(other, strlen(other) - 4);
	assert_non_null(strstr(refused(der, "ES256", ES_PEM, strlen(ES_PEM), EXP), "signature"));
	assert_non_null(strstr(refused(ES_TOKEN, "ES256", "no key", 6, EXP), "signature"));
	assert_non_null(strstr(refused("!." CLAIMS64 ".AAAA", "ES256", ES_PEM, strlen(ES_PEM), EXP), "alg"));
	assert_non_null(strstr(refused(ES_TOKEN "!", "ES256", ES_PEM, strlen(ES_PEM), EXP), "signature"));
	assert_non_null(strstr(refused(ES_TOKEN, "RS256", ES_PEM, strlen(ES_PEM), EXP), "alg"));
	/* Of another length (of P-384, in DER), by a key of another curve, of another kind. */
	assert_non_null(strstr(refused("eyJhbGciOiJFUzI1NiJ9." CLAIMS64 ".AAAA", "ES256", ES_PEM, strlen(ES_PEM), EXP),
			       "signature"));
	assert_non_null(strstr(refused(ES_TOKEN, "ES256", P384_PEM, strlen(P384_PEM), EXP), "signature"));
	assert_non_null(strstr(refused("eyJhbGciOiJSUzI1NiJ9." CLAIMS64 ".AAAA", "RS256", ES_PEM, strlen(ES_PEM), EXP),
			       "signature"));
}

static char *pem_of(EVP_PKEY *key, gboolean private)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL, *pem;
	long len;

	if (private)
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	else
		assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	len = BIO_get_mem_data(bio, &bytes);
	pem = g_strndup(bytes, (gsize)len);
	BIO_free(bio);
	return pem;
}

static void tokens_that_are_made_hold(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	g_autofree char *private = pem_of(key, TRUE), *public = pem_of(key, FALSE), *rs = NULL, *hs = NULL;
	g_autoptr(json_object) claims = json_tokener_parse("{\"iss\":\"joe\",\"exp\":1300819380,\"a\":\"/\"}");

	(void)state;
	rs = hg_jwt_make(claims, "RS256", private, strlen(private));
	hs = hg_jwt_make(claims, "HS256", "secret", 6);
	assert_string_equal(refused(rs, "RS256", public, strlen(public), EXP), "");
	assert_string_equal(refused(hs, "HS256", "secret", 6, EXP), "");
	rs[strlen(rs) - 3] ^= 1;
	assert_non_null(strstr(refused(rs, "RS256", public, strlen(public), EXP), "signature"));
	/* A public key is no secret: who knows it must not be able to sign with it. */
	assert_non_null(strstr(refused(hs, "RS256", public, strlen(public), EXP), "alg"));
	assert_null(hg_jwt_make(claims, "RS256", public, strlen(public)));
	assert_null(hg_jwt_make(claims, "HS256", "", 0));
	assert_null(hg_jwt_make(claims, "none", "k", 1));
	assert_null(hg_jwt_make(claims, "RS256", ES_PEM, strlen(ES_PEM)));
	EVP_PKEY_free(key);
}

/* ---- URLs ---- */

static void the_url_is_the_one_that_was_configured(void **state)
{
	struct hg_http_req req = { .size = sizeof(req), .target = "/channel/sms/webhook?key=a%20b" };
	struct hg_http_req old = { .size = offsetof(struct hg_http_req, target) };
	g_autofree char *a = hg_outside_url("https://hooks.example.com//", &req), *b = NULL, *c = NULL, *d = NULL, *e = NULL;

	(void)state;
	assert_string_equal(a, "https://hooks.example.com/channel/sms/webhook?key=a%20b");
	b = hg_outside_hook("https://x.example/in?site=1#rc=5&rp=all", &req);
	assert_string_equal(b, "https://x.example/in?key=a%20b");
	req.target = "/channel/sms/webhook";
	c = hg_outside_hook("https://x.example/in#rc=5", &req);
	assert_string_equal(c, "https://x.example/in");
	d = hg_outside_url("https://x.example", &old);
	assert_string_equal(d, "https://x.example");
	e = hg_outside_hook("https://x.example/in", &old);
	assert_string_equal(e, "https://x.example/in");
}

static void a_parameter_is_added_where_it_belongs(void **state)
{
	g_autofree char *a = hg_outside_with("https://x.example/in", "key", "a b"), *b = NULL, *c = NULL;

	(void)state;
	assert_string_equal(a, "https://x.example/in?key=a%20b");
	b = hg_outside_with("https://x.example/in?site=1#rc=5&rp=all", "key", "k");
	assert_string_equal(b, "https://x.example/in?site=1&key=k#rc=5&rp=all");
	c = hg_outside_with("https://x.example/in#a?b", "key", "k");
	assert_string_equal(c, "https://x.example/in?key=k#a?b");
}

static void an_origin_is_scheme_host_and_port(void **state)
{
	(void)state;
	assert_true(hg_same_origin("https://API.example/x", "https://api.example/"));
	assert_false(hg_same_origin("http://api.example/x", "https://api.example/"));
	assert_false(hg_same_origin("https://api.example:444/x", "https://api.example/"));
	assert_false(hg_same_origin("https://evil.example/x", "https://api.example/"));
	assert_false(hg_same_origin("https://api.example@evil.example/x", "https://api.example/"));
	assert_false(hg_same_origin("no url", "https://api.example/"));
	assert_false(hg_same_origin("mailto:a@b.example", "mailto:a@b.example"));
}

/* ---- verdicts ---- */

static const char *retry_after, *date;

static const char *header(const struct hg_http_answer *answer, const char *name)
{
	(void)answer;
	return !strcmp(name, "Retry-After") ? retry_after : !strcmp(name, "Date") ? date : NULL;
}

static struct hg_http_answer answer_of(int status)
{
	return (struct hg_http_answer){ .size = sizeof(struct hg_http_answer), .status = status, .header = header };
}

static void a_row_says_what_is_done_about_a_code(void **state)
{
	static const struct hg_verdict rows[] = {
		{ 21610, HG_FAILED, HG_REACH_CONTACT, 0, true, "opted out" },
		{ 21611, HG_RETRY, HG_REACH_CHANNEL, 5000, false, NULL },
		{ 0 },
	};
	struct hg_result result = { .size = sizeof(result) };

	(void)state;
	assert_ptr_equal(hg_verdict_find(rows, 21611), &rows[1]);
	assert_null(hg_verdict_find(rows, 1));
	assert_null(hg_verdict_find(rows, 0));
	hg_verdict_put(&rows[1], &result);
	assert_int_equal(result.fate, HG_RETRY);
	assert_int_equal(result.reach, HG_REACH_CHANNEL);
	assert_int_equal(result.retry_ms, 5000);
	assert_int_equal(result.code, 21611);
	hg_verdict_put(&rows[0], &result);
	assert_string_equal(result.advice, "opted out");
}

static void where_no_row_does_the_status_says_it(void **state)
{
	static const struct { int status, fate, reach; } cases[] = {
		{ 200, HG_SENT, HG_REACH_MESSAGE },	 { 202, HG_SENT, HG_REACH_MESSAGE },
		{ 301, HG_FAILED, HG_REACH_CHANNEL },	 { 400, HG_FAILED, HG_REACH_MESSAGE },
		{ 401, HG_FAILED, HG_REACH_ACCOUNT },	 { 403, HG_FAILED, HG_REACH_ACCOUNT },
		{ 404, HG_FAILED, HG_REACH_CHANNEL },	 { 405, HG_FAILED, HG_REACH_CHANNEL },
		{ 408, HG_AMBIGUOUS, HG_REACH_MESSAGE }, { 422, HG_FAILED, HG_REACH_MESSAGE },
		{ 429, HG_RETRY, HG_REACH_CHANNEL },	 { 500, HG_AMBIGUOUS, HG_REACH_MESSAGE },
		{ 503, HG_AMBIGUOUS, HG_REACH_MESSAGE },
	};

	(void)state;
	retry_after = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_http_answer answer = answer_of(cases[i].status);
		struct hg_result result = { .size = sizeof(result) };

		hg_verdict_http(&answer, &result);
		assert_int_equal(result.fate, cases[i].fate);
		assert_int_equal(result.reach, cases[i].reach);
		assert_int_equal(result.retry_ms, 0);
		assert_true(!result.advice == (cases[i].fate == HG_SENT));
	}
}

static void without_an_answer_it_matters_whether_anything_left(void **state)
{
	struct hg_http_answer answer = answer_of(0);
	struct hg_result result = { .size = sizeof(result) };

	(void)state;
	answer.error = "connection refused";
	hg_verdict_http(&answer, &result);
	assert_int_equal(result.fate, HG_RETRY);
	assert_int_equal(result.reach, HG_REACH_CHANNEL);
	assert_string_equal(result.text, "connection refused");
	answer.sent = true;
	hg_verdict_http(&answer, &result);
	assert_int_equal(result.fate, HG_AMBIGUOUS);
	assert_int_equal(result.reach, HG_REACH_MESSAGE);
}

static void the_provider_says_when_to_come_again(void **state)
{
	static const struct { const char *after, *date; gint64 ms; } cases[] = {
		{ NULL, NULL, 0 }, { "2", NULL, 2000 }, { "0", NULL, 0 }, { "999999", NULL, 86400000 },
		{ "99999999999999999999", NULL, 86400000 }, { "-1", NULL, 0 }, { "", NULL, 0 }, { "soon", NULL, 0 },
		{ "Wed, 21 Oct 2026 07:28:10 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 10000 },
		{ "Wed, 21 Oct 2026 07:27:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 0 },
		{ "Wed, 28 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 86400000 },
		{ "Wed, 21 Oct 2026 07:28:10 GMT", NULL, 0 }, { "Wed, 21 Oct 2026 07:28:10 GMT+2", "x", 0 },
	};
	struct hg_http_answer answer = answer_of(429), bare = answer_of(429);
	struct hg_result result = { .size = sizeof(result) };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		retry_after = cases[i].after;
		date = cases[i].date;
		hg_verdict_http(&answer, &result);
		assert_int_equal(result.retry_ms, cases[i].ms);
	}
	bare.header = NULL;
	assert_int_equal(hg_verdict_after(&bare), 0);
}

/* ---- files that are lent ---- */

static char *write_file(gsize len)
{
	g_autofree char *bytes = g_strnfill(len, 'x');
	g_autoptr(GError) error = NULL;
	char *path = NULL;
	int fd = g_file_open_tmp("lent-XXXXXX", &path, &error);

	assert_true(fd >= 0);
	g_close(fd, NULL);
	assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
	return path;
}

static void a_file_is_lent_by_a_name_until_its_time_is_over(void **state)
{
	g_autoptr(hg_lent) lent = hg_lent_new();
	g_autofree char *path = write_file(1000), *name = NULL, *again = NULL, *other = NULL;
	const char *type = NULL;

	(void)state;
	name = hg_lent_add(lent, path, "image/png", 1000, "secret", "key", 5, NULL);
	again = hg_lent_add(lent, path, NULL, 1000, "secret", "key", 6, NULL);
	other = hg_lent_add(lent, path, NULL, 1000, "another secret", "key", 6, NULL);
	assert_int_equal(strlen(name), 43);
	assert_string_equal(name, again);
	assert_string_not_equal(name, other);
	assert_int_equal(g_bytes_get_size(hg_lent_get(lent, name, 7, &type)), 1000);
	assert_string_equal(type, "image/png");
	assert_null(hg_lent_get(lent, "", 7, &type));
	assert_non_null(hg_lent_get(lent, name, 4 + HG_LENT_MS, &type));
	assert_non_null(hg_lent_get(lent, name, 5 + HG_LENT_MS, &type));	/* lent again, a little later */
	assert_string_equal(type, "application/octet-stream");
	assert_null(hg_lent_get(lent, name, 6 + HG_LENT_MS, &type));
	g_remove(path);
}

static void what_is_too_big_or_gone_is_not_lent_and_the_oldest_give_way(void **state)
{
	g_autoptr(hg_lent) lent = hg_lent_new();
	g_autofree char *path = write_file(9 << 20), *first = NULL, *last = NULL;
	g_autoptr(GError) big = NULL, gone = NULL;
	const char *type;

	(void)state;
	assert_null(hg_lent_add(lent, path, NULL, (9 << 20) - 1, "s", "k", 0, &big));
	assert_int_equal(big->code, HG_ERROR_LIMIT);
	assert_null(hg_lent_add(lent, "/nonexistent/file", NULL, 10, "s", "k", 0, &gone));
	assert_int_equal(gone->code, HG_ERROR_MISSING);
	first = hg_lent_add(lent, path, NULL, 9 << 20, "s", "0", 0, NULL);
	for (int i = 1; i < 8; i++) {
		g_autofree char *key = g_strdup_printf("%d", i);

		g_free(last);
		last = hg_lent_add(lent, path, NULL, 9 << 20, "s", key, 0, NULL);
	}
	assert_null(hg_lent_get(lent, first, 0, &type));
	assert_non_null(hg_lent_get(lent, last, 0, &type));
	g_remove(path);
}

/* ---- how well a channel is ---- */

static struct {
	gint64 now_ms, timer_ms;
	int condition, told, logged, counted, looked;
	struct hg_err err;
	void (*timer)(void *state);
} world;

static int64_t stub_now(struct hg_channel *ch)
{
	(void)ch;
	return world.now_ms;
}

static void stub_count(struct hg_channel *ch, const char *what)
{
	(void)ch;
	assert_string_equal(what, "signature_refused");
	world.counted++;
}

static void stub_condition(struct hg_channel *ch, int condition, const struct hg_err *err)
{
	(void)ch;
	world.condition = condition;
	world.err = err ? *err : (struct hg_err){ 0 };
	world.told++;
}

G_GNUC_PRINTF(4, 5)
static void stub_log(struct hg_channel *ch, int level, const char *event, const char *fmt, ...)
{
	(void)ch;
	(void)level;
	(void)event;
	(void)fmt;
	world.logged++;
}

static uint64_t stub_timer(struct hg_channel *ch, int64_t ms, void (*timer)(void *state))
{
	(void)ch;
	world.timer = timer;
	world.timer_ms = ms;
	return 7;
}

static void stub_untimer(struct hg_channel *ch, uint64_t id)
{
	(void)ch;
	assert_int_equal(id, 7);
	world.timer = NULL;
}

static void look(void *state)
{
	world.looked++;
	hg_health_looking(state);
}

static const struct hg_host stub = { .size = sizeof(stub), .now_ms = stub_now, .count = stub_count, .condition = stub_condition,
				     .log = stub_log, .timer = stub_timer, .untimer = stub_untimer };

static void new_health(struct hg_health *health)
{
	memset(&world, 0, sizeof(world));
	world.now_ms = 1000000;
	hg_health_init(health, &stub, NULL, look);
	hg_health_start(health);
	assert_int_equal(world.condition, HG_UP);
}

static void a_channel_that_is_refused_is_down_until_it_works_again(void **state)
{
	struct hg_result result = { .size = sizeof(result), .fate = HG_FAILED, .reach = HG_REACH_ACCOUNT, .code = 20003,
				    .text = "Authenticate", .advice = "Look at the token." };
	struct hg_http_answer answer = answer_of(401), good = answer_of(201);
	struct hg_result sent = { .size = sizeof(sent) };
	struct hg_health health;
	struct hg_err err;

	(void)state;
	new_health(&health);
	hg_health_result(&health, &answer, &result);
	assert_int_equal(world.condition, HG_DOWN);
	assert_int_equal(world.err.code, 20003);
	assert_non_null(strstr(world.err.text, "Look at the token."));
	assert_int_equal(world.told, 2);
	hg_health_result(&health, &answer, &result);
	assert_int_equal(world.told, 2);
	hg_health_read(&health, &err);
	assert_int_equal(err.kind, HG_ERR_DENIED);
	/* It looks after a minute, then after longer and longer waits. */
	for (gint64 ms = 60000; ms < 1800000; ms = MIN(2 * ms, 1800000)) {
		assert_int_equal(world.timer_ms, ms);
		world.timer(&health);
	}
	assert_int_equal(world.timer_ms, 1800000);
	hg_health_result(&health, &good, &sent);
	assert_int_equal(world.condition, HG_UP);
	assert_null(world.timer);
	hg_health_stop(&health);
}

static void what_is_out_of_reach_and_what_is_forged_degrade(void **state)
{
	struct hg_result retry = { .size = sizeof(retry), .fate = HG_RETRY };
	struct hg_http_answer none = answer_of(0);
	struct hg_health health;

	(void)state;
	new_health(&health);
	hg_health_result(&health, &none, &retry);
	assert_int_equal(world.condition, HG_DEGRADED);
	assert_non_null(world.timer);
	hg_health_works(&health);
	assert_int_equal(world.condition, HG_UP);
	hg_health_forged(&health, "signature_refused", "compare the token");
	assert_int_equal(world.condition, HG_DEGRADED);
	assert_string_equal(world.err.text, "compare the token");
	hg_health_genuine(&health);
	assert_int_equal(world.condition, HG_UP);
	/* A storm is counted, and told of once a minute. */
	for (int i = 0; i < 100; i++)
		hg_health_forged(&health, "signature_refused", "compare the token");
	assert_int_equal(world.counted, 101);
	assert_int_equal(world.logged, 1);
	assert_int_equal(world.condition, HG_UP);
	world.now_ms += 60000;
	hg_health_forged(&health, "signature_refused", "compare the token");
	assert_int_equal(world.logged, 2);
	assert_int_equal(world.condition, HG_DEGRADED);
	hg_health_genuine(&health);
	hg_health_genuine(&health);
	hg_health_down(&health, HG_ERR_CONFIG, 0, "no");
	hg_health_stop(&health);
	assert_null(world.timer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_is_read_pair_by_pair),
		cmocka_unit_test(bytes_that_were_sent_are_kept_for_signatures),
		cmocka_unit_test(other_character_sets_become_utf8),
		cmocka_unit_test(long_text_in_another_character_set_comes_whole),
		cmocka_unit_test(more_pairs_than_anybody_sends_are_refused),
		cmocka_unit_test(a_target_has_a_query_or_none),
		cmocka_unit_test(pairs_are_written_so_that_they_are_read_again),
		cmocka_unit_test(base64_is_read_strictly),
		cmocka_unit_test(hashes_are_known_by_their_words),
		cmocka_unit_test(a_mac_is_taken_in_hex_and_base64),
		cmocka_unit_test(each_changed_character_of_a_mac_is_noticed),
		cmocka_unit_test(a_plain_hash_and_a_secret_are_compared_whole),
		cmocka_unit_test(an_ed25519_signature_holds_for_its_bytes_alone),
		cmocka_unit_test(what_is_no_key_or_no_signature_holds_for_nothing),
		cmocka_unit_test(a_token_with_a_secret_holds_in_its_time),
		cmocka_unit_test(each_changed_character_of_a_token_is_noticed),
		cmocka_unit_test(what_a_token_says_is_looked_at),
		cmocka_unit_test(a_token_longer_than_any_is_not_looked_at),
		cmocka_unit_test(a_token_signed_with_es256_holds),
		cmocka_unit_test(tokens_that_are_made_hold),
		cmocka_unit_test(the_url_is_the_one_that_was_configured),
		cmocka_unit_test(a_parameter_is_added_where_it_belongs),
		cmocka_unit_test(an_origin_is_scheme_host_and_port),
		cmocka_unit_test(a_row_says_what_is_done_about_a_code),
		cmocka_unit_test(where_no_row_does_the_status_says_it),
		cmocka_unit_test(without_an_answer_it_matters_whether_anything_left),
		cmocka_unit_test(the_provider_says_when_to_come_again),
		cmocka_unit_test(a_file_is_lent_by_a_name_until_its_time_is_over),
		cmocka_unit_test(what_is_too_big_or_gone_is_not_lent_and_the_oldest_give_way),
		cmocka_unit_test(a_channel_that_is_refused_is_down_until_it_works_again),
		cmocka_unit_test(what_is_out_of_reach_and_what_is_forged_degrade),
	};

	return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
