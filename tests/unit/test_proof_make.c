/* test_proof_make.c - what is signed here, published vectors say, and those who verify take */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proof.h"
#include "proof_make.h"

/* The request that Twilio's libraries are tested with. */
#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"

static void twilios_signature_is_the_published_one_in_any_order(void **state)
{
	static const struct hg_pair pairs[] = { { "To", "+18005551212" }, { "CallSid", "CA1234567890ABCDE" }, { "Digits", "1234" },
		{ "From", "+14158675309" }, { "Caller", "+14158675309" }, { "Digits", "1234" } };
	g_autofree char *whole = hg_url_sign(URL, pairs, 5, "12345"), *twice = hg_url_sign(URL, pairs, 6, "12345");
	g_autofree char *other = hg_url_sign(URL, pairs, 5, "12346"), *less = hg_url_sign(URL, pairs, 4, "12345");

	(void)state;
	assert_string_equal(whole, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
	assert_string_equal(twice, whole);
	assert_string_not_equal(other, whole);
	assert_string_not_equal(less, whole);
}

/* Made with Python's hmac and hashlib over the text beside it. */
static void vonages_signature_is_over_pairs_in_order_without_their_signs(void **state)
{
	static const struct hg_pair pairs[] = { { "b", "x" }, { "sig", "none" }, { "a", "1&2=3" }, { "a", "4" } };
	static const struct hg_pair odd[] = { { "a=b", "x" } };
	g_autofree char *text = hg_pairs_text(pairs, 3), *hash = hg_pairs_sign("md5hash", "s3cret", text);
	g_autofree char *md5 = hg_pairs_sign("md5", "s3cret", text), *sha256 = hg_pairs_sign("sha256", "s3cret", text);

	(void)state;
	assert_string_equal(text, "&a=1_2_3&b=x");
	assert_string_equal(hash, "7e6fccb1703b439e73db7143900346bc");
	assert_string_equal(md5, "21e53a8d9705a23c4d7c8c80d72189f7");
	assert_string_equal(sha256, "6358ea7778c1e059a58e046f8276e63db36a1937bc8153072b959fbc1618a642");
	assert_null(hg_pairs_text(pairs, 4));
	assert_null(hg_pairs_text(odd, 1));
}

/* RFC 8032, test 2 of Ed25519: its secret key as PKCS #8. */
#define ED_PEM  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n" \
	"-----END PRIVATE KEY-----\n"
#define ED_SIGN "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA=="
#define EC_PEM  "-----BEGIN EC PRIVATE KEY-----\nno key at all\n-----END EC PRIVATE KEY-----\n"

static void an_ed25519_signature_is_the_published_one(void **state)
{
	g_autofree char *sign = hg_ed25519_sign(ED_PEM, strlen(ED_PEM), "\x72", 1);

	(void)state;
	assert_string_equal(sign, ED_SIGN);
	assert_null(hg_ed25519_sign(EC_PEM, strlen(EC_PEM), "\x72", 1));
	assert_null(hg_ed25519_sign("", 0, "\x72", 1));
}

static void a_new_pair_signs_for_itself_alone(void **state)
{
	g_autofree char *pem = NULL, *public = hg_ed25519_new(&pem), *other_pem = NULL, *other = hg_ed25519_new(&other_pem);
	g_autofree char *sign = hg_ed25519_sign(pem, strlen(pem), "words", 5);

	(void)state;
	assert_true(hg_ed25519_is(public, "words", 5, sign));
	assert_false(hg_ed25519_is(other, "words", 5, sign));
}

/* RFC 7617, section 2. */
static void basic_credentials_are_the_published_ones(void **state)
{
	g_autofree char *made = hg_basic_make("Aladdin", "open sesame");

	(void)state;
	assert_string_equal(made, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twilios_signature_is_the_published_one_in_any_order),
		cmocka_unit_test(vonages_signature_is_over_pairs_in_order_without_their_signs),
		cmocka_unit_test(an_ed25519_signature_is_the_published_one),
		cmocka_unit_test(a_new_pair_signs_for_itself_alone),
		cmocka_unit_test(basic_credentials_are_the_published_ones),
	};

	return cmocka_run_group_tests_name("proof_make", tests, NULL, NULL);
}
