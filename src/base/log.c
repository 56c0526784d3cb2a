/* log.c - one line per event, written at once, in logfmt or JSON */
#include "log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "hide.h"
#include "json.h"
#include "text.h"

#define VALUE_MAX 1024		/* bytes of a context value */
#define TEXT_MAX 8192		/* bytes of the text */
#define DEPTH_MAX 16		/* context pairs */

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static GMutex lock;		/* guards the sink, and lines against each other */
static gint log_format = HG_LOG_LOGFMT;	/* atomic, as the next one */
static gint log_least = HG_LOG_INFO;
static hg_log_sink *log_sink;
static void *log_sink_arg;

void hg_log_init(enum hg_log_format format, enum hg_level least)
{
	g_atomic_int_set(&log_format, (gint)format);
	g_atomic_int_set(&log_least, (gint)least);
}

void hg_log_set_sink(hg_log_sink *sink, void *arg)
{
	g_mutex_lock(&lock);
	log_sink = sink;
	log_sink_arg = arg;
	g_mutex_unlock(&lock);
}

/* What could end the line, steer a terminal or turn the reading direction is spelt out. */
static void put_escaped(GString *out, const char *p, gunichar c)
{
	if (c == '"' || c == '\\')
		g_string_append_printf(out, "\\%c", (char)c);
	else if (c == '\n')
		g_string_append(out, "\\n");
	else if (c == '\t')
		g_string_append(out, "\\t");
	else if (c == '\r')
		g_string_append(out, "\\r");
	else if (hg_text_unseen(c))
		g_string_append_printf(out, "\\u%04x", c);
	else
		g_string_append_len(out, p, g_utf8_next_char(p) - p);
}

static void put_quoted(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		put_escaped(out, p, g_utf8_get_char(p));
	g_string_append_c(out, '"');
}

static gboolean is_bare(const char *text)
{
	if (!*text)
		return FALSE;
	for (const char *p = text; *p; p++)
		if (!g_ascii_isgraph(*p) || *p == '"' || *p == '=' || *p == '\\')
			return FALSE;
	return TRUE;
}

static void put_pair(GString *out, const char *key, const char *text, gsize max)
{
	g_autofree char *valid = hg_text_valid(text ?: "", -1, max);

	if (out->len)
		g_string_append_c(out, ' ');
	g_string_append(out, key);
	g_string_append_c(out, '=');
	if (is_bare(valid))
		g_string_append(out, valid);
	else
		put_quoted(out, valid);
}

static void json_pair(GString *out, const char *key, const char *text, gsize max)
{
	g_autofree char *valid = hg_text_valid(text ?: "", -1, max);

	hg_json_add_str(out, key, valid);
}

static void log_line(GString *out, enum hg_level level, const struct hg_ctx *ctx,
		     const char *event, const char *text)
{
	gboolean json = g_atomic_int_get(&log_format) == HG_LOG_JSON;
	void (*pair)(GString *, const char *, const char *, gsize) = json ? json_pair : put_pair;
	const struct hg_ctx *chain[DEPTH_MAX];
	char ts[HG_TIME_SIZE];
	int depth = 0;

	/* The chain leads outward; a line reads inward. */
	for (; ctx && depth < DEPTH_MAX; ctx = ctx->up)
		chain[depth++] = ctx;
	if (json)
		hg_json_open(out, '{');
	pair(out, "ts", hg_time(hg_now(hg_env_system()), ts), 0);
	pair(out, "level", level_names[level], 0);
	pair(out, "event", event, VALUE_MAX);
	while (depth--)
		pair(out, chain[depth]->key, chain[depth]->value, VALUE_MAX);
	if (*text)
		pair(out, "text", text, TEXT_MAX);
	if (json) {
		hg_json_close(out, '}');
		hg_json_spell_out(out);
	}
}

/* One write() per line, so that lines of several processes do not mix.  A line that stderr does
 * not take (a full non-blocking pipe) is given up: logging never holds up the work. */
static void write_stderr(const char *line, gsize len)
{
	while (len) {
		ssize_t put = write(STDERR_FILENO, line, len);

		if (put < 0 && errno != EINTR)
			return;
		if (put > 0) {
			line += put;
			len -= (gsize)put;
		}
	}
}

void hg_log(enum hg_level level, const struct hg_ctx *ctx, const char *event, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) line = NULL, shown = NULL;
	int saved = errno;		/* callers log what failed and then look at errno */
	va_list args;

	if ((gint)level < g_atomic_int_get(&log_least))
		return;
	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	line = g_string_sized_new(256);
	shown = g_string_new(text);
	hg_hide(shown);
	log_line(line, level, ctx, event, shown->str);
	hg_hide(line);
	g_mutex_lock(&lock);
	if (log_sink) {
		log_sink(log_sink_arg, level, event, line->str);
	} else {
		g_string_append_c(line, '\n');
		write_stderr(line->str, line->len);
	}
	g_mutex_unlock(&lock);
	errno = saved;
}
