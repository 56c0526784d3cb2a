/* test_cookie.c - cookies and origins of requests */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cookie.h"

static void the_first_of_the_name_counts(void **state)
{
	static const struct { const char *header, *want; } cases[] = {
		{ NULL, NULL }, { "", NULL }, { "c", NULL }, { "c=", NULL }, { "c=1", "1" }, { "c=1; c=2", "1" },
		{ "cc=1", NULL }, { "xc=1", NULL }, { "a=b;  c=x=y ", "x=y" }, { "a=b,c=1", NULL }, { ";;c=1", "1" },
		{ "C=1", NULL }, { "c=1234567", "1234567" }, { "c=12345678", NULL }, { "c=12345678; c=1", NULL },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_cookie_get(cases[i].header, "c", 8);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("\"%s\": got %s", cases[i].header ?: "none", got ?: "nothing");
	}
}

/* Of a header of thousands fifty are looked at. */
static void a_long_header_is_not_gone_through(void **state)
{
	g_autoptr(GString) header = g_string_new(NULL);
	g_autofree char *got = NULL;
	(void)state;

	for (guint i = 0; i < 60; i++)
		g_string_append(header, "a=b; ");
	g_string_append(header, "c=1");
	got = hg_cookie_get(header->str, "c", 8);
	assert_null(got);
}

static void an_origin_is_scheme_and_host(void **state)
{
	(void)state;
	assert_true(hg_origin_is_host("http://127.0.0.1:8422", "127.0.0.1:8422"));
	assert_true(hg_origin_is_host("https://Desk.example", "desk.example"));
	assert_false(hg_origin_is_host("http://127.0.0.1:8420", "127.0.0.1:8422"));
	assert_false(hg_origin_is_host("https://desk.example.evil.example", "desk.example"));
	assert_false(hg_origin_is_host("null", "null"));
	assert_false(hg_origin_is_host("", ""));
	assert_false(hg_origin_is_host("http://desk.example", NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_the_name_counts),
		cmocka_unit_test(a_long_header_is_not_gone_through),
		cmocka_unit_test(an_origin_is_scheme_and_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
