/* say.c - text for people on terminals and in pipes */
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"
#include "text.h"

gboolean ctl_colours(const struct ctl *ctl, int fd)
{
	const char *no_color = g_getenv("NO_COLOR");

	if (strcmp(ctl->colour, "auto") != 0)
		return strcmp(ctl->colour, "always") == 0;
	return isatty(fd) && !(no_color && *no_color) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

const char *ctl_look(const struct ctl *ctl, enum ctl_look look)
{
	static const char *const codes[] = { "\033[0m", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m",
		"\033[36m" };

	return ctl_colours(ctl, STDOUT_FILENO) ? codes[look] : "";
}

void ctl_say_error(const struct ctl *ctl, const char *fmt, ...)
{
	g_autofree char *text = NULL, *safe = NULL;
	gboolean colours = ctl_colours(ctl, STDERR_FILENO);
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	safe = ctl_safe(text, FALSE);
	fprintf(stderr, "%sheadgatectl:%s %s\n", colours ? "\033[31m" : "", colours ? "\033[0m" : "", safe);
}

#define BAR_WIDTH 40

void ctl_bar(double done, const char *fmt, ...)
{
	char bar[BAR_WIDTH + 1];
	int full = (int)(CLAMP(done, 0.0, 1.0) * BAR_WIDTH);
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (gsize)full);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3.0f %%  %s", bar, done * 100, text);
}

void ctl_bar_end(void)
{
	fprintf(stderr, "\r%*s\r", BAR_WIDTH + 40, "");
}

/* Controls steer a terminal, format characters turn what stands beside them; joiners are part of
 * emoji and of several scripts. */
static gboolean is_unsafe(gunichar c, gboolean unicode)
{
	GUnicodeType type;

	if (c < 0x80)
		return c < 0x20 || c == 0x7f;
	type = g_unichar_type(c);
	return !unicode || type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
	       type == G_UNICODE_PARAGRAPH_SEPARATOR || type == G_UNICODE_PRIVATE_USE ||
	       (type == G_UNICODE_FORMAT && c != 0x200c && c != 0x200d);
}

gboolean ctl_ascii;

gboolean ctl_unicode(void)
{
	return !ctl_ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;	/* NOLINT(concurrency-mt-unsafe): headgatectl has one thread */
}

char *ctl_safe(const char *text, gboolean lines)
{
	g_autofree char *valid = hg_text_valid(text ? text : "", -1, 0);
	gboolean unicode = ctl_unicode();
	GString *out = g_string_new(NULL);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\n')
			g_string_append(out, lines ? "\n" : "\\n");
		else if (is_unsafe(c, unicode))
			g_string_append_printf(out, "\\u%04x", c);
		else
			g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

void ctl_put_json(const char *json)
{
	g_autoptr(GString) line = g_string_new(json);

	if (isatty(STDOUT_FILENO))
		hg_json_spell_out(line);
	puts(line->str);
}

char *ctl_text(struct json_object *object, const char *key, const char *fallback)
{
	const char *text = hg_json_str(object, key);

	return ctl_safe(text ? text : fallback, FALSE);
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

static int columns_of(const char *text)
{
	int n = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		n += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
	}
	return n;
}

void ctl_cell(const char *text, int width)
{
	int left = width - columns_of(text);

	printf("%s%*s ", text, MAX(left, 0), "");
}

int ctl_columns(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
