/* colour.h - colours as pages write them, and whether one can be read on another */
#pragma once
#include <glib.h>

/* "#1b5e9b" or "#15b" (of any case) as 0xrrggbb; FALSE: it is none. */
gboolean hg_colour_parse(const char *text, guint32 *ret);
/* Contrast ratio, 1 to 21: WCAG 2.2, "contrast ratio" and "relative luminance".  Texts need 4.5 (1.4.3), parts of controls
 * and large texts 3 (1.4.11). */
double hg_colour_contrast(guint32 a, guint32 b);
/* What is better read on it: "#000000" or "#ffffff".  At least 4.58, whatever the colour is. */
const char *hg_colour_on(guint32 colour);
