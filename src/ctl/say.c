/* say.c - text for people on terminals and in pipes */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "text.h"

void ctl_say_error(const struct ctl *ctl, const char *fmt, ...)
{
	g_autofree char *text = NULL, *safe = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	safe = ctl_safe(text);
	fprintf(stderr, "%sheadgatectl:%s %s\n", ctl->colour_err ? "\033[31m" : "", ctl->colour_err ? "\033[0m" : "", safe);
}

int ctl_usage(const struct ctl *ctl, const char *verb, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	ctl_say_error(ctl, "%s; see headgatectl help%s%s", text, verb ? " " : "", verb ? verb : "");
	return CTL_USAGE;
}

const char *ctl_look(const struct ctl *ctl, enum ctl_look look)
{
	static const char *const codes[] = { "\033[0m", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m",
		"\033[36m" };

	return ctl->colour ? codes[look] : "";
}

/* What strangers wrote must not steer the terminal: C0, DEL and C1 become visible escapes. */
char *ctl_safe(const char *text)
{
	g_autofree char *valid = hg_text_valid(text ? text : "", -1, 0);
	GString *out = g_string_new(NULL);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\n')
			g_string_append(out, "\\n");
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x202e || c == 0x2066 || c == 0x2067)
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

char *ctl_clock(const char *rfc3339)
{
	g_autoptr(GDateTime) utc = rfc3339 ? g_date_time_new_from_iso8601(rfc3339, NULL) : NULL;
	g_autoptr(GDateTime) local = utc ? g_date_time_to_local(utc) : NULL;

	return local ? g_date_time_format(local, "%H:%M:%S") : g_strdup("--:--:--");
}

char *ctl_ago(const char *rfc3339)
{
	gint64 then = rfc3339 ? hg_time_parse(rfc3339) : -1;
	char span[HG_SPAN_SIZE];

	if (then < 0)
		return g_strdup("-");
	return g_strdup(hg_span(MAX(hg_now(hg_env_system()) - then, 0) / 1000 * 1000, span));
}
