/* test_twilio_sign.c - which requests are Twilio's: the URL in its spellings, the parameters in their order
 *
 * The signatures were made with Python's hmac, over the texts beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "twilio_sign.h"

#define HOST "https://chat.acme.example"
/* Over HOST "/sms", over that with its port, and over it with "AB1AB2Bx" behind it. */
#define BARE   "DDZsDW03/5iQd5W3MNWtQ6AG//s="
#define PORTED "rU6Pwyqxqc69JmRCgQL4QpEkKS0="
#define FORM   "/VwoWrLdyinB7cvkox3cMcMuYgE="

static char *const keys[] = { (char *)"another", (char *)"0123456789abcdef0123456789abcdef", NULL };
static char *const others[] = { (char *)"another", NULL };

static gboolean get(const char *url, const char *header)
{
	return twilio_signed(url, NULL, keys, header);
}

static gboolean post(const char *form, const char *header)
{
	g_autoptr(hg_params) params = hg_params_parse(form, strlen(form), NULL);

	return twilio_signed(HOST "/sms", params, keys, header);
}

static void any_of_the_keys_may_fit_and_no_other(void **state)
{
	(void)state;
	assert_true(get(HOST "/sms", BARE));
	assert_false(twilio_signed(HOST "/sms", NULL, others, BARE));
	assert_false(twilio_signed(HOST "/sms", NULL, NULL, BARE));
	assert_false(get(HOST "/sms", NULL));
	assert_false(get(HOST "/sms", ""));
	assert_false(get(HOST "/smt", BARE));
}

/* Twilio's servers show the port of a URL or they do not; one that is not the scheme's own is always there. */
static void a_default_port_may_be_shown(void **state)
{
	(void)state;
	assert_true(get(HOST "/sms", PORTED));
	assert_true(get(HOST ":443/sms", BARE));
	assert_true(get(HOST ":443/sms", PORTED));
	assert_true(get("http://chat.acme.example/sms", "O16X5CoYjUHc8kgb3cKqOQOP1Pk="));
	assert_false(get("https://chat.acme.example/sms", "O16X5CoYjUHc8kgb3cKqOQOP1Pk="));
	assert_true(get(HOST ":8443/sms", "XTH1cxVH5AAAXyYbLSh8v4PYlG0="));
	assert_false(get(HOST ":8443/sms", BARE));
	assert_false(get(HOST "/sms", "XTH1cxVH5AAAXyYbLSh8v4PYlG0="));
	assert_true(get("https://[2001:db8::1]/sms", "/Uw6aTY3LNggH9GL90tDElWed08="));
	assert_true(get("https://[2001:db8::1]/sms", "vJsh5EHkROJ2gD2ZQg0mITYJIn4="));
	assert_true(get("https://[2001:db8::1]:443/sms", "/Uw6aTY3LNggH9GL90tDElWed08="));
	assert_true(get("chat.acme.example/sms", "jSDpLSIby97sMHHGsBPSBiZdIBs="));
}

static void a_query_may_be_written_anew(void **state)
{
	(void)state;
	assert_true(get(HOST "/sms?a=b+c&d=%2A", "eIJDYuJ71y8UQyIbJtN9uA+/CMg="));
	assert_true(get(HOST "/sms?a=b+c&d=%2A", "4JJa7YcdO82P7RXIypZtOq0dXLM="));
	assert_false(get(HOST "/sms?a=b+c&d=%2B", "4JJa7YcdO82P7RXIypZtOq0dXLM="));
	assert_false(get(HOST "/sms?a=b+c", BARE));
}

static void parameters_count_in_the_order_of_their_names_and_values(void **state)
{
	(void)state;
	assert_true(post("A=B1&A=B2&B=x", FORM));
	assert_true(post("B=x&A=B2&A=B1", FORM));
	assert_true(post("B=x&A=B2&A=B1&A=B2", FORM));	/* said twice is said once */
	assert_false(post("B=x&A=B2", FORM));
	assert_false(post("A=B1&A=B2&B=x&C=", FORM));
	assert_false(post("", FORM));
	/* Names of which one begins another, and values too. */
	assert_true(post("ab=1&a=1&a=12", "H2W0YF3u5loKSWUIbPQ8yHKYkSo="));
	assert_true(post("a=12&a=1&ab=1", "H2W0YF3u5loKSWUIbPQ8yHKYkSo="));
}

static void a_body_that_is_no_form_is_known_by_its_hash(void **state)
{
	static const char url[] = HOST "/sms?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";

	(void)state;
	assert_true(twilio_signed_body(url, "{\"a\":1}", 7, keys, "YmC4Ru39NISUXle2CS5OYhJUJ6Y="));
	assert_false(twilio_signed_body(url, "{\"a\":2}", 7, keys, "YmC4Ru39NISUXle2CS5OYhJUJ6Y="));
	assert_false(twilio_signed_body(url, "{\"a\":1}", 7, keys, BARE));
	assert_false(twilio_signed_body(HOST "/sms", "{\"a\":1}", 7, keys, BARE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_of_the_keys_may_fit_and_no_other),
		cmocka_unit_test(a_default_port_may_be_shown),
		cmocka_unit_test(a_query_may_be_written_anew),
		cmocka_unit_test(parameters_count_in_the_order_of_their_names_and_values),
		cmocka_unit_test(a_body_that_is_no_form_is_known_by_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
