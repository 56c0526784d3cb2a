/* fail.c - errors with a code for the program and a text for people */
#include "fail.h"

G_DEFINE_QUARK(hg-error-quark, hg_error)

gboolean hg_fail(GError **error, enum hg_error_code code, const char *fmt, ...)
{
	va_list args;

	if (error) {
		g_assert(!*error);
		va_start(args, fmt);
		*error = g_error_new_valist(HG_ERROR, (gint)code, fmt, args);
		va_end(args);
	}
	return FALSE;
}
