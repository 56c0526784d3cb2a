/* sms_inside.h - what the files of this folder share */
#pragma once
#include <glib.h>

/* Where as much of text ends as has room (in units of the coding it is known to be in).  What is seen as one character is
 * cut only when a whole segment cannot hold it, and always at least one code point is taken. */
const char *hg_sms_fill(const char *text, int coding, guint room, guint *ret_used);
