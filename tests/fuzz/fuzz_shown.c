/* fuzz_shown.c - any text in a line of the log, a cell of a report and a label of a metric: it stays in there */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "log.h"
#include "metrics_text.h"
#include "report.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(void *arg, enum hg_level level, const char *event, const char *line)
{
	g_autoptr(json_object) read = NULL;

	(void)level;
	(void)event;
	g_assert_true(g_utf8_validate(line, -1, NULL));
	for (const char *p = line; *p; p = g_utf8_next_char(p))
		g_assert_false(hg_text_unseen(g_utf8_get_char(p)));
	if (GPOINTER_TO_INT(arg) != HG_LOG_JSON)
		return;
	read = hg_json_parse(line, strlen(line), NULL, NULL);
	g_assert_cmpstr(hg_json_str(read, "event"), ==, "fuzz.line");
}

static void check_log(const char *text, enum hg_log_format format)
{
	struct hg_ctx ctx = HG_CTX(NULL, "peer", text);

	hg_log_init(format, HG_LOG_INFO);
	hg_log_set_sink(check_line, GINT_TO_POINTER((int)format));
	hg_info(&ctx, "fuzz.line", "%s", text);
}

/* Read as a spreadsheet does: one cell, which does not begin like a formula. */
static void check_cell(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean quoted;

	hg_csv_put(out, text);
	quoted = out->str[0] == '"';
	g_assert_true(out->len && out->str[out->len - 1] == ',');
	g_assert_null(strchr("=+-@\t\r\n", out->str[quoted]) && out->str[quoted] ? out->str : NULL);
	if (!quoted) {
		g_assert_null(strpbrk(text, ",\"\r\n"));
		return;
	}
	for (gsize i = 1; i < out->len - 2; i++)
		if (out->str[i] == '"')
			g_assert_true(i + 1 < out->len - 2 && out->str[++i] == '"');
}

static void check_label(const char *text)
{
	const char *const labels[] = { "name", text, NULL };
	g_autoptr(GString) out = g_string_new(NULL);
	const char *p;

	hg_metric_int(out, "m", labels, 7);
	g_assert_true(g_str_has_prefix(out->str, "m{name=\"") && g_str_has_suffix(out->str, "\"} 7\n"));
	for (p = out->str + strlen("m{name=\""); *p && *p != '"'; p++)
		p += *p == '\\';
	g_assert_cmpstr(p, ==, "\"} 7\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);

	check_log(text, HG_LOG_LOGFMT);
	check_log(text, HG_LOG_JSON);
	check_cell(text);
	check_label(text);
	return 0;
}
