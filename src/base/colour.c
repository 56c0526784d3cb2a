/* colour.c - colours as pages write them, and whether one can be read on another */
#include "colour.h"

#include <math.h>
#include <string.h>

gboolean hg_colour_parse(const char *text, guint32 *ret)
{
	gsize digits = text && text[0] == '#' ? strlen(text + 1) : 0;
	guint32 value = 0;

	if (digits != 3 && digits != 6)
		return FALSE;
	for (const char *c = text + 1; *c; c++) {
		int digit = g_ascii_xdigit_value(*c);

		if (digit < 0)
			return FALSE;
		value = value << 4 | (guint32)digit;
		if (digits == 3)
			value = value << 4 | (guint32)digit;
	}
	*ret = value;
	return TRUE;
}

/* One channel of sRGB (0..255) as light. */
static double light(guint32 byte)
{
	double part = (double)byte / 255.0;

	return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

static double luminance(guint32 c)
{
	return 0.2126 * light(c >> 16 & 0xff) + 0.7152 * light(c >> 8 & 0xff) + 0.0722 * light(c & 0xff);
}

double hg_colour_contrast(guint32 a, guint32 b)
{
	double one = luminance(a), other = luminance(b);

	return (MAX(one, other) + 0.05) / (MIN(one, other) + 0.05);
}

const char *hg_colour_on(guint32 colour)
{
	return hg_colour_contrast(colour, 0xffffff) >= hg_colour_contrast(colour, 0) ? "#ffffff" : "#000000";
}
