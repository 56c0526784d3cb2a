/* test_colour.c - colours are read as pages write them, and measured as WCAG measures them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "colour.h"

static guint32 colour(const char *text)
{
	guint32 value = 0;

	if (!hg_colour_parse(text, &value))
		fail_msg("%s is not read", text);
	return value;
}

static void three_and_six_digits_are_read(void **state)
{
	(void)state;
	assert_int_equal(colour("#1b5e9b"), 0x1b5e9b);
	assert_int_equal(colour("#FFFFFF"), 0xffffff);
	assert_int_equal(colour("#15b"), 0x1155bb);
	assert_int_equal(colour("#000"), 0);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const none[] = { "", "#", "red", "1b5e9b", "#1b5e9", "#1b5e9b0", "#1b5e9g", "#12 ", "#-12", "rgb(0,0,0)", "#ff\xc3\xa9" };
	guint32 value;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
		if (hg_colour_parse(none[i], &value))
			fail_msg("%s is read as %06x", none[i], value);
	assert_false(hg_colour_parse(NULL, &value));
}

/* Pairs that are well known from the standard's own techniques (G18) and from checkers: #767676 is the lightest grey that
 * passes on white, #777777 the first that fails. */
static void contrast_is_that_of_wcag(void **state)
{
	static const struct { const char *a, *b; double ratio; } cases[] = {
		{ "#000000", "#ffffff", 21.0 }, { "#ffffff", "#ffffff", 1.0 },	{ "#767676", "#ffffff", 4.54 },
		{ "#777777", "#ffffff", 4.48 }, { "#ff0000", "#ffffff", 4.00 }, { "#0000ff", "#ffffff", 8.59 },
		{ "#00ff00", "#000000", 15.30 }, { "#ffff00", "#ffffff", 1.07 }, { "#595959", "#ffffff", 7.00 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		double there = hg_colour_contrast(colour(cases[i].a), colour(cases[i].b));
		double back = hg_colour_contrast(colour(cases[i].b), colour(cases[i].a));

		if (fabs(there - cases[i].ratio) > 0.006 || there != back)
			fail_msg("%s on %s: %.3f, and %.3f the other way", cases[i].a, cases[i].b, there, back);
	}
}

static void what_is_written_on_it_can_be_read(void **state)
{
	(void)state;
	assert_string_equal(hg_colour_on(0x000000), "#ffffff");
	assert_string_equal(hg_colour_on(0xffffff), "#000000");
	assert_string_equal(hg_colour_on(0x1b5e9b), "#ffffff");
	assert_string_equal(hg_colour_on(0xffcc00), "#000000");
	/* Whatever the colour: one of the two is good enough. */
	for (guint32 r = 0; r < 256; r += 15)
		for (guint32 g = 0; g < 256; g += 15)
			for (guint32 b = 0; b < 256; b += 15) {
				guint32 on = r << 16 | g << 8 | b;

				assert_true(hg_colour_contrast(on, colour(hg_colour_on(on))) >= 4.5);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_and_six_digits_are_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(contrast_is_that_of_wcag),
		cmocka_unit_test(what_is_written_on_it_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
