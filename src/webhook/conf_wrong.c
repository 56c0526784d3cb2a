/* conf_wrong.c - an option that has to be changed, a message that cannot be sent */
#include "conf_wrong.h"

#include <stdarg.h>

int hg_conf_wrong(struct hg_err *err, const char *at, const char *fmt, ...)
{
	va_list args;

	err->kind = HG_ERR_CONFIG;
	if (at)
		g_strlcpy(err->at, at, sizeof(err->at));
	va_start(args, fmt);
	g_vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}

int hg_refuse(struct hg_err *err, int kind, const char *fmt, ...)
{
	va_list args;

	err->kind = kind;
	va_start(args, fmt);
	g_vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}
