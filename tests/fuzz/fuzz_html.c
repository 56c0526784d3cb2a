/* fuzz_html.c - any bytes as HTML and as format=flowed: valid text comes out, without spaces at the ends of lines,
 * and the lines that are said to be a quote are there */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "flowed.h"
#include "html_text.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gsize count_lines(const char *text)
{
	gsize n = *text ? 1 : 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void check_html(const char *html)
{
	struct hg_html_hints hints;
	g_autofree char *text = hg_html_text(html, strlen(html), &hints);

	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_null(strstr(text, " \n"));
	g_assert_null(strchr(text, '\r'));
	if (hints.quote_line >= 0)
		g_assert_cmpuint((gsize)hints.quote_line + hints.quote_lines, <=, count_lines(text));
	g_assert_false(hints.cut);
}

/* Line breaks and marks may go; words do not. */
static void check_flowed(const char *text)
{
	g_autofree char *flowed = hg_flowed_text(text, strlen(text), FALSE);
	gsize before = 0, after = 0;

	for (const char *p = text; *p; p++)
		before += *p != '\n' && *p != ' ' && *p != '>';
	for (const char *p = flowed; *p; p++)
		after += *p != '\n' && *p != ' ' && *p != '>';
	g_assert_cmpuint(before, ==, after);
	g_assert_true(g_utf8_validate(flowed, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = hg_text_valid((const char *)data, (gssize)size, 0);

	check_html(text);
	check_flowed(text);
	return 0;
}
