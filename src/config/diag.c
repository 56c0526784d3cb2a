/* diag.c - collects what is wrong with a config and shows it with the lines it stands in */
#include "diag.h"

#include <string.h>

#include "json.h"
#include "mask.h"
#include "text.h"

#define LINE_MAX_SHOWN 4096		/* bytes; longer lines were made by machines for machines */

struct finding {
	enum hg_severity severity;
	char *file, *text, *hint;
	int line, column;
	guint seq;			/* order of arrival: decides between equal places */
};

struct hidden {
	char *file;
	int line, column, end_line, end_column;
};

struct hg_diag {
	GPtrArray *findings;
	GHashTable *sources;		/* file name to its lines (char **) */
	GArray *hidden, *shown;		/* of struct hidden */
	guint count[2];			/* by severity, with those that were not kept */
};

static void finding_free(gpointer p)
{
	struct finding *f = p;

	g_free(f->file);
	g_free(f->text);
	g_free(f->hint);
	g_free(f);
}

static void hidden_clear(gpointer p)
{
	g_free(((struct hidden *)p)->file);
}

static void lines_free(gpointer p)
{
	g_strfreev(p);
}

hg_diag *hg_diag_new(void)
{
	hg_diag *diag = g_new0(hg_diag, 1);

	diag->findings = g_ptr_array_new_with_free_func(finding_free);
	diag->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lines_free);
	diag->hidden = g_array_new(FALSE, FALSE, sizeof(struct hidden));
	g_array_set_clear_func(diag->hidden, hidden_clear);
	diag->shown = g_array_new(FALSE, FALSE, sizeof(struct hidden));
	g_array_set_clear_func(diag->shown, hidden_clear);
	return diag;
}

void hg_diag_free(hg_diag *diag)
{
	if (!diag)
		return;
	g_ptr_array_unref(diag->findings);
	g_hash_table_unref(diag->sources);
	g_array_unref(diag->hidden);
	g_array_unref(diag->shown);
	g_free(diag);
}

/* One line, no control characters: what is quoted in a text may come from anywhere. */
static char *one_line(char *text)
{
	for (char *p = text; *p; p++)
		if ((guchar)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return text;
}

static gboolean is_known(const hg_diag *diag, const struct finding *new)
{
	for (guint i = 0; i < diag->findings->len; i++) {
		const struct finding *f = g_ptr_array_index(diag->findings, i);

		if (f->line == new->line && f->column == new->column &&
		    g_strcmp0(f->file, new->file) == 0 && strcmp(f->text, new->text) == 0)
			return TRUE;
	}
	return FALSE;
}

void hg_diag_add(hg_diag *diag, enum hg_severity severity, const struct hg_place *place,
		 const char *hint, const char *fmt, ...)
{
	struct finding *f = g_new0(struct finding, 1);
	va_list args;

	va_start(args, fmt);
	f->text = one_line(g_strdup_vprintf(fmt, args));
	va_end(args);
	f->severity = severity;
	f->hint = hint ? one_line(g_strdup(hint)) : NULL;
	f->seq = diag->findings->len;
	if (place) {
		f->file = g_strdup(place->file);
		f->line = place->line;
		f->column = place->column;
	}
	if (is_known(diag, f)) {
		finding_free(f);
		return;
	}
	diag->count[severity]++;
	if (diag->findings->len < HG_DIAG_MAX)
		g_ptr_array_add(diag->findings, f);
	else
		finding_free(f);
}

guint hg_diag_count(const hg_diag *diag, enum hg_severity severity)
{
	return diag->count[severity];
}

void hg_diag_source(hg_diag *diag, const char *file, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	g_hash_table_replace(diag->sources, g_strdup(file), g_strsplit(valid, "\n", -1));
}

void hg_diag_hide(hg_diag *diag, const struct hg_place *from, int end_line, int end_column)
{
	struct hidden h = { NULL, from->line, from->column, end_line, end_column };

	if (!from->file || from->line <= 0)
		return;
	h.file = g_strdup(from->file);
	g_array_append_val(diag->hidden, h);
}

void hg_diag_show(hg_diag *diag, const struct hg_place *from, int end_line)
{
	struct hidden shown = { g_strdup(from->file), from->line, 1, end_line, 0 };

	g_array_append_val(diag->shown, shown);
}

/* ---- showing ---- */

static gboolean is_shown(const hg_diag *diag, const struct finding *f)
{
	for (guint i = 0; i < diag->shown->len; i++) {
		const struct hidden *s = &g_array_index(diag->shown, struct hidden, i);

		if (f->line >= s->line && f->line <= s->end_line && g_strcmp0(f->file, s->file) == 0)
			return TRUE;
	}
	return FALSE;
}

static gint by_place(gconstpointer a, gconstpointer b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	int files = g_strcmp0(x->file, y->file);

	if (files)
		return files;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static GPtrArray *sorted(const hg_diag *diag)
{
	GPtrArray *out = g_ptr_array_new();

	for (guint i = 0; i < diag->findings->len; i++)
		g_ptr_array_add(out, g_ptr_array_index(diag->findings, i));
	g_ptr_array_sort(out, by_place);
	return out;
}

static void hide_known(const hg_diag *diag, const struct finding *f, hg_mask *mask)
{
	for (guint i = 0; i < diag->hidden->len; i++) {
		const struct hidden *h = &g_array_index(diag->hidden, struct hidden, i);

		if (f->line < h->line || f->line > h->end_line || strcmp(f->file, h->file) != 0)
			continue;
		hg_mask_add(mask, f->line == h->line ? h->column : 1,
			    f->line == h->end_line ? h->end_column : G_MAXINT);
	}
}

/* What cannot be seen but steers who looks at it, as a sign that something is there: one column each. */
static char *seen(const char *text)
{
	g_autofree char *valid = hg_text_valid(text, -1, 0);
	GString *out = g_string_sized_new(strlen(valid) + 1);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		g_string_append_unichar(out, c != '\n' && c != '\t' && hg_text_unseen(c) ? 0xfffd : c);
	}
	return g_string_free(out, FALSE);
}

static void render_source(GString *out, const hg_diag *diag, const struct finding *f, gboolean colour)
{
	char **lines = f->file && f->line > 0 ? g_hash_table_lookup(diag->sources, f->file) : NULL;
	g_autoptr(hg_mask) mask = NULL;
	g_autofree char *masked = NULL, *shown = NULL;
	int caret = f->column;

	if (!lines || (guint)f->line > g_strv_length(lines) ||
	    strlen(lines[f->line - 1]) > LINE_MAX_SHOWN)
		return;
	mask = hg_mask_new();
	hide_known(diag, f, mask);
	if (!is_shown(diag, f))
		hg_mask_guess(mask, lines, f->line - 1);
	masked = hg_mask_line(mask, lines[f->line - 1], &caret);
	shown = seen(masked);
	g_string_append_printf(out, "%6d | %s\n", f->line, shown);
	if (caret > 0)
		g_string_append_printf(out, "       | %*s%s^%s\n", caret - 1, "",
				       colour ? "\033[1;32m" : "", colour ? "\033[0m" : "");
}

static void render_one(GString *out, const hg_diag *diag, const struct finding *f, gboolean colour)
{
	const char *word = f->severity == HG_SEV_ERROR ? "error" : "warning";
	const char *paint = f->severity == HG_SEV_ERROR ? "\033[1;31m" : "\033[1;35m";
	g_autofree char *file = seen(f->file ?: ""), *text = seen(f->text), *hint = seen(f->hint ?: "");

	if (f->file)
		g_string_append(out, file);
	if (f->file && f->line > 0)
		g_string_append_printf(out, ":%d", f->line);
	if (f->file && f->line > 0 && f->column > 0)
		g_string_append_printf(out, ":%d", f->column);
	if (f->file)
		g_string_append(out, ": ");
	g_string_append_printf(out, "%s%s:%s %s\n", colour ? paint : "", word,
			       colour ? "\033[0m" : "", text);
	render_source(out, diag, f, colour);
	if (f->hint)
		g_string_append_printf(out, "       = %s\n", hint);
}

char *hg_diag_render(const hg_diag *diag, gboolean colour)
{
	g_autoptr(GPtrArray) all = sorted(diag);
	GString *out = g_string_new(NULL);
	guint found = diag->count[HG_SEV_ERROR] + diag->count[HG_SEV_WARNING];

	for (guint i = 0; i < all->len; i++)
		render_one(out, diag, g_ptr_array_index(all, i), colour);
	if (found > all->len)
		g_string_append_printf(out, "... and %u more\n", found - all->len);
	return g_string_free(out, FALSE);
}

char *hg_diag_json(const hg_diag *diag)
{
	g_autoptr(GPtrArray) all = sorted(diag);
	GString *out = g_string_new(NULL);

	hg_json_open(out, '[');
	for (guint i = 0; i < all->len; i++) {
		const struct finding *f = g_ptr_array_index(all, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "severity", f->severity == HG_SEV_ERROR ? "error" : "warning");
		hg_json_add_str(out, "file", f->file);
		hg_json_add_int(out, "line", f->line);
		hg_json_add_int(out, "column", f->column);
		hg_json_add_str(out, "text", f->text);
		hg_json_add_str(out, "hint", f->hint);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
	return g_string_free(out, FALSE);
}
