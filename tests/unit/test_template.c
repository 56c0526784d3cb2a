/* test_template.c - texts with ${names}: what is refused with which hint, what is put in their place */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fail.h"
#include "template.h"

static const char *const names[] = { "number", "contact.name", "contact.tier", "field.", "text", NULL };

static const char *value(void *ctx, const char *name)
{
	if (strcmp(name, "number") == 0)
		return "TK-1000";
	if (strcmp(name, "contact.name") == 0)
		return "Ana ${number} $${text}";
	if (strcmp(name, "text") == 0)
		return ctx;
	return strcmp(name, "field.order") == 0 ? "4711" : NULL;
}

static char *fill(const char *text, gsize max)
{
	GString *out = g_string_new("> ");

	hg_template_fill(text, value, (void *)"caf\xc3\xa9", max, out);
	return g_string_free(out, FALSE);
}

static void values_take_the_place_of_names(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "", "> " },
		{ "no name", "> no name" },
		{ "${number}", "> TK-1000" },
		{ "a ${number} b ${field.order}.", "> a TK-1000 b 4711." },
		{ "${number}${number}", "> TK-1000TK-1000" },
		/* A customer who calls himself ${number} is called that. */
		{ "Hi ${contact.name}!", "> Hi Ana ${number} $${text}!" },
		{ "[${contact.tier}]", "> []" },
		{ "[${contact.tier|none yet}]", "> [none yet]" },
		{ "${number|none}", "> TK-1000" },
		{ "${field.unset|}", "> " },
		{ "costs $5, $$5, 5$", "> costs $5, $$5, 5$" },
		{ "$${number}", "> ${number}" },
		{ "$${ and ${number}", "> ${ and TK-1000" },
		/* What a check would have refused stays as it is, and nothing is lost behind it. */
		{ "${", "> ${" }, { "${}", "> ${}" }, { "${Number}", "> ${Number}" },
		{ "${ ${number}", "> ${ TK-1000" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = fill(cases[i].text, 1000);

		assert_string_equal(got, cases[i].want);
	}
}

static void what_is_filled_has_an_end(void **state)
{
	static const struct { const char *text; gsize max; const char *want; } cases[] = {
		{ "abcdef", 3, "> abc" }, { "${number}", 4, "> TK-1" }, { "ab${number}", 2, "> ab" },
		{ "${text}!", 4, "> caf" }, { "${text}!", 5, "> caf\xc3\xa9" }, { "$${x", 1, "> $" }, { "x", 0, "> " },
	};
	g_autofree char *big = g_strnfill(3 * HG_TEMPLATE_VALUE_MAX, 'x');
	g_autoptr(GString) out = g_string_new(NULL);
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = fill(cases[i].text, cases[i].max);

		assert_string_equal(got, cases[i].want);
	}
	hg_template_fill("${text}${text}", value, big, 100000, out);
	assert_int_equal(out->len, 2 * HG_TEMPLATE_VALUE_MAX);
}

static void wrong_names_are_told_with_what_was_meant(void **state)
{
	static const struct { const char *text, *error, *hint; } cases[] = {
		{ "${nubmer}", "${nubmer} means nothing here", "did you mean 'number'?" },
		{ "ok ${number} ${contact.nmae}", "${contact.nmae} means nothing here", "did you mean 'contact.name'?" },
		{ "${elephant}", "${elephant} means nothing here",
		  "known here: number, contact.name, contact.tier, field.NAME, text" },
		{ "${field.}", "${field.} means nothing here", NULL },
		{ "${number", "'${number' has no '}'", NULL },
		{ "${a b}", "'${a b}' is no name of a value", NULL },
		{ "${}", "'${}' is no name of a value", NULL },
		{ "${Number}", "'${Number}' is no name of a value", NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *hint = NULL;

		assert_false(hg_template_check(cases[i].text, names, &hint, &error));
		assert_int_equal(error->code, HG_ERROR_CONFIG);
		assert_string_equal(error->message, cases[i].error);
		assert_non_null(hint);
		if (cases[i].hint)
			assert_string_equal(hint, cases[i].hint);
	}
}

static void right_ones_pass(void **state)
{
	static const char *const cases[] = { "", "plain $5", "${number}", "${field.any-thing_1}", "${text|${}", "$${x" };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *hint = NULL;

		if (!hg_template_check(cases[i], names, &hint, &error))
			fail_msg("%s: %s", cases[i], error->message);
		assert_null(hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_take_the_place_of_names),
		cmocka_unit_test(what_is_filled_has_an_end),
		cmocka_unit_test(wrong_names_are_told_with_what_was_meant),
		cmocka_unit_test(right_ones_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
