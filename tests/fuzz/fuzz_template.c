/* fuzz_template.c - a text with ${names}, and values that look like more of them: filled once, within bounds
 *
 * What stands before the first zero byte is the text, the rest is the value of every name. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "template.h"
#include "text.h"

#define MAX 2000
#define MARK "\x01 value \x01"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *value_of(void *ctx, const char *name)
{
	g_assert_true(*name && !strpbrk(name, "${}|"));
	return ctx;
}

static char *fill(const char *text, const char *value, gsize max)
{
	GString *out = g_string_new("before ");

	hg_template_fill(text, value_of, (void *)value, max, out);
	g_assert_true(g_str_has_prefix(out->str, "before "));
	g_assert_cmpint(out->len, <=, max + strlen("before "));
	return g_string_free(out, FALSE);
}

/* Each value stands where a mark stands when marks are the values: nothing in it was looked at. */
static void check_once(const char *text, const char *value)
{
	g_autofree char *marked = fill(text, MARK, G_MAXINT32), *filled = fill(text, value, G_MAXINT32);
	g_autofree char *valid = hg_text_valid(value, -1, HG_TEMPLATE_VALUE_MAX), *want = NULL;
	g_auto(GStrv) parts = g_strsplit(marked, MARK, -1);

	if (strstr(text, "\x01") || !*value)
		return;
	want = g_strjoinv(valid, parts);
	g_assert_cmpstr(filled, ==, want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "name", "contact.name", "field.", NULL };
	g_autofree char *text = g_strndup((const char *)data, size);
	gsize len = strlen(text);
	g_autofree char *value = len < size ? g_strndup((const char *)data + len + 1, size - len - 1) : g_strdup("");
	g_autofree char *hint = NULL, *cut = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_utf8_validate(text, -1, NULL))
		return 0;	/* a configuration is */
	g_assert_true(hg_template_check(text, names, &hint, &error) == !error);
	cut = fill(text, value, MAX);
	g_assert_true(g_utf8_validate(cut, -1, NULL));
	check_once(text, value);
	return 0;
}
