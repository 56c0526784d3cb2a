/* test_static_files.c - names of what browsers load, and what their requests say */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "static_files.h"

/* In place of what was built from widget/src: names and hashes here are known. */
#define BYTES(literal) (const guint8 *)literal
static const struct hg_static_file files[] = {
	{ "app.js", BYTES("app"), BYTES("gz"), 3, 2 },
	{ "lang-de.json", BYTES("{}"), BYTES("gz"), 2, 2 },
	{ "v1.js", BYTES("loader"), BYTES("gz"), 6, 2 },
	{ "view.css", BYTES("p{}"), BYTES("gz"), 3, 2 },
	{ "index.html", BYTES("<p>"), BYTES("gz"), 3, 2 },
	{ 0 },
};
static struct hg_static_set set = { .files = files, .plain = "v1.js" };

/* sha256sum of "app" begins with a172cedcae, that of "{}" with 44136fa355. */
static void each_content_has_a_name_of_its_own(void **state)
{
	static const struct { const char *path, *file; gboolean exact; } cases[] = {
		{ "v1.js", "v1.js", FALSE },
		{ "app-a172cedcae.js", "app.js", TRUE },
		{ "app-0123456789.js", "app.js", FALSE },	/* another version's page asks */
		{ "lang-de-44136fa355.json", "lang-de.json", TRUE },
		{ "lang-de-ffffffffff.json", "lang-de.json", FALSE },
		{ "app.js", NULL, FALSE },
		{ "app-0123456789.css", NULL, FALSE },
		{ "app-01234567890.js", NULL, FALSE },
		{ "app-012345678g.js", NULL, FALSE },
		{ "app-A172CEDCAE.js", NULL, FALSE },
		{ "v1-0123456789.js", NULL, FALSE },
		{ "../app-a172cedcae.js", NULL, FALSE },
		{ "", NULL, FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		gboolean exact = FALSE;
		const struct hg_static *got = hg_static_find(&set, cases[i].path, &exact);

		if (g_strcmp0(got ? got->file->name : NULL, cases[i].file) != 0 || (got && exact != cases[i].exact))
			fail_msg("%s: got %s, exact %d", cases[i].path, got ? got->file->name : "nothing", exact);
	}
	assert_string_equal(hg_static_get(&set, "app.js")->name, "app-a172cedcae.js");
	assert_string_equal(hg_static_get(&set, "view.css")->type, "text/css; charset=utf-8");
	assert_string_equal(hg_static_get(&set, "index.html")->type, "text/html; charset=utf-8");
	assert_string_equal(hg_static_get(&set, "lang-de.json")->type, "application/json");
	assert_null(hg_static_get(&set, "page.js"));
}

static void gzip_goes_to_those_who_take_it(void **state)
{
	static const struct { const char *header; gboolean want; } cases[] = {
		{ NULL, FALSE }, { "", FALSE }, { "gzip", TRUE }, { "br, GZip;q=0.5", TRUE }, { "deflate", FALSE },
		{ "gzip;q=0", FALSE }, { "gzip; q=0.000", FALSE }, { "gzip;q=0.001", TRUE }, { "*", TRUE }, { "*;q=0", FALSE },
		{ "xgzip", FALSE }, { "identity", FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_static_takes_gzip(cases[i].header) != cases[i].want)
			fail_msg("\"%s\": got %d", cases[i].header ?: "none", !cases[i].want);
}

static void what_is_known_is_not_sent_again(void **state)
{
	(void)state;
	assert_true(hg_static_is_known("\"a172cedcae\"", "a172cedcae"));
	assert_true(hg_static_is_known("\"x\", W/\"a172cedcae\"", "a172cedcae"));
	assert_true(hg_static_is_known("*", "a172cedcae"));
	assert_false(hg_static_is_known("\"a172cedcae-gz\"", "a172cedcae"));
	assert_false(hg_static_is_known("a172cedcae", "a172cedcae"));
	assert_false(hg_static_is_known(NULL, "a172cedcae"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_content_has_a_name_of_its_own),
		cmocka_unit_test(gzip_goes_to_those_who_take_it),
		cmocka_unit_test(what_is_known_is_not_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
