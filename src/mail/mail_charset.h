/* mail_charset.h - bytes in whatever character set to UTF-8, without losing any without a trace
 *
 * GMime's own conversion drops what does not fit and returns what it does not know as it is: neither is used.
 * What is kept open belongs to the process: call from one thread only (the helper has no other). */
#pragma once
#include <glib.h>

enum hg_charset_how {
	HG_CHARSET_DECLARED,		/* as it was declared */
	HG_CHARSET_ASCII,		/* needed no character set */
	HG_CHARSET_GUESSED,		/* the declared one does not fit, or there is none: UTF-8 or windows-1252 */
	HG_CHARSET_UNKNOWN,		/* nobody knows the declared one: guessed */
	HG_CHARSET_DAMAGED,		/* single bytes became U+FFFD */
};

/* Opens all the converters there are, so that none is looked for on disk later. */
void hg_charset_prepare(void);
/* label: as declared (any bytes), or NULL.  The declared one (iso-8859-1 read as windows-1252) if it fits but for
 * single bytes, else UTF-8 if it is valid, else windows-1252.  Valid, without NUL, lines as they were; yours. */
char *hg_charset_text(const char *bytes, gsize len, const char *label, gsize *ret_len, enum hg_charset_how *ret_how);
/* Is it a character set by that name that can be read? */
gboolean hg_charset_known(const char *label);
