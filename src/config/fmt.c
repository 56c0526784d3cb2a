/* fmt.c - a configuration laid out the usual way
 *
 * Works line by line, so that nothing is lost that is no part of the tree: comments, quotes, how a text is broken.  What
 * it does not understand it moves as a whole, and at the end both texts have to be the same tree, or nothing is done. */
#include "fmt.h"
#include <string.h>
#include "fail.h"
#include "node.h"
#include "text.h"

#define STEP 2				/* blanks a level */

/* A level of indentation: how it was, how it will be. */
struct level { int old, new; gboolean list, used; };

struct layout {
	GString *out;
	GArray *levels;			/* of struct level; the first is the top */
	GPtrArray *held;		/* comments and blank lines in front of the next line, and ... */
	GArray *held_at;		/* ... how far the comments go in, by the levels they came behind */
	int shift;			/* of lines that go on with the one before */
	int block;			/* lines that stand deeper than this belong to a block of text; -1: none */
	int depth;			/* open brackets */
	char quote;			/* open quote, or 0 */
};

static int indent_of(const char *line)
{
	return (int)strspn(line, " ");
}

static gboolean is_blank(const char *line)
{
	return !line[strspn(line, " \t\r")];
}

static struct level *top(const struct layout *layout)
{
	return &g_array_index(layout->levels, struct level, layout->levels->len - 1);
}

static void put(struct layout *layout, int indent, const char *text)
{
	g_string_append_printf(layout->out, "%*s%s\n", MAX(indent, 0), "", text);
}

/* ---- levels ---- */

static void push(struct layout *layout, int old, int new, gboolean list)
{
	struct level level = { old, new, list, TRUE };

	g_array_append_val(layout->levels, level);
}

/* The level of a line that begins at column old; "- " begins a list. */
static void enter(struct layout *layout, int old, gboolean list)
{
	while (layout->levels->len > 1 && (top(layout)->old > old || (top(layout)->old == old && top(layout)->list && !list)))
		g_array_set_size(layout->levels, layout->levels->len - 1);
	if (top(layout)->old < old)
		push(layout, old, top(layout)->new + STEP, list);
	else if (list && !top(layout)->list && top(layout)->used)
		push(layout, old, top(layout)->new + STEP, TRUE);	/* a list at the column of its key */
	else if (!top(layout)->used)
		top(layout)->list = list;
	top(layout)->used = TRUE;
}

/* How a comment that began at column old will stand. */
static int new_of(const struct layout *layout, int old)
{
	for (guint i = layout->levels->len; i-- > 0;) {
		const struct level *level = &g_array_index(layout->levels, struct level, i);

		if (level->old == old)
			return level->new;
		if (level->old < old)
			return level->new + STEP;
	}
	return 0;
}

/* ---- what a line leaves open ---- */

/* Where a comment begins in it, or its end. */
static gsize scan(struct layout *layout, const char *text)
{
	gsize i = 0;

	for (; text[i]; i++) {
		char c = text[i], before = i ? text[i - 1] : ' ';

		if (layout->quote == '"' && c == '\\' && text[i + 1])
			i++;
		else if (layout->quote && c == layout->quote)
			layout->quote = 0;
		else if (layout->quote)
			continue;
		else if (c == '#' && strchr(" \t", before))
			return i;
		else if ((c == '"' || c == '\'') && strchr(" \t[{,:-", before))
			layout->quote = c;
		else if ((c == '[' || c == '{') && (layout->depth || strchr(" \t", before)))
			layout->depth++;
		else if ((c == ']' || c == '}') && layout->depth)
			layout->depth--;
	}
	return i;
}

/* Does what is written end with | or >, with what may stand behind them? */
static gboolean begins_block(const char *text, gsize end)
{
	while (end && strchr(" \t", text[end - 1]))
		end--;
	while (end && strchr("+-0123456789", text[end - 1]))
		end--;
	return end && strchr("|>", text[end - 1]) && (end == 1 || text[end - 2] == ' ');
}

/* ---- lines ---- */

/* One blank behind the colon of a plain key. */
static char *close_up(const char *text)
{
	gsize key = strcspn(text, ": \"'#[{&*!|>%@`"), gap;

	if (!key || text[key] != ':' || text[key + 1] != ' ')
		return g_strdup(text);
	gap = strspn(text + key + 1, " ");
	if (text[key + 1 + gap] == '#')
		return g_strdup(text);
	return g_strdup_printf("%.*s %s", (int)key + 1, text, text + key + 1 + gap);
}

static void give_held(struct layout *layout, int old, int new)
{
	gboolean blank = !layout->out->len;		/* none at the beginning, and one at a time */

	for (guint i = 0; i < layout->held->len; i++) {
		const char *line = layout->held->pdata[i];
		int at = indent_of(line), usual = g_array_index(layout->held_at, int, i);

		if (is_blank(line)) {
			if (!blank)
				g_string_append_c(layout->out, '\n');
			blank = TRUE;
			continue;
		}
		put(layout, at == old ? new : usual, line + at);
		blank = FALSE;
	}
	g_ptr_array_set_size(layout->held, 0);
	g_array_set_size(layout->held_at, 0);
}

/* "- - key: value": levels of all that begin on this line; what is left of it is *ret_rest. */
static char *dashes(struct layout *layout, int old, const char *text, const char **ret_rest)
{
	GString *marks = g_string_new(NULL);

	while (text[0] == '-' && text[1] == ' ') {
		int gap = 1 + (int)strspn(text + 1, " ");

		if (text[gap] == '#')
			break;
		g_string_append(marks, "- ");
		old += gap;
		text += gap;
		push(layout, old, top(layout)->new + STEP, text[0] == '-' && text[1] == ' ');
	}
	*ret_rest = text;
	return g_string_free(marks, FALSE);
}

static void put_structure(struct layout *layout, const char *line)
{
	int old = indent_of(line), new;
	const char *text = line + old, *rest;
	gboolean list = text[0] == '-' && (!text[1] || text[1] == ' ');
	g_autofree char *marks = NULL, *closed = NULL, *whole = NULL;
	gsize end;

	enter(layout, old, list);
	new = top(layout)->new;
	give_held(layout, old, new);
	marks = dashes(layout, old, text, &rest);
	closed = close_up(rest);
	whole = g_strconcat(marks, closed, NULL);
	put(layout, new, whole);
	layout->shift = top(layout)->new - top(layout)->old;
	end = scan(layout, rest);
	if (!layout->quote && !layout->depth && begins_block(rest, end))
		layout->block = top(layout)->old;
}

/* A line of a block of text, or one that goes on with brackets or quotes: moved as it is. */
static gboolean put_moved(struct layout *layout, const char *line)
{
	int old = indent_of(line);

	if (layout->block >= 0 && (is_blank(line) || old > layout->block)) {
		if (is_blank(line) && old <= layout->block)
			g_string_append_c(layout->out, '\n');
		else
			put(layout, old + layout->shift, line + old);
		return TRUE;
	}
	layout->block = -1;
	if (!layout->depth && !layout->quote)
		return FALSE;
	if (is_blank(line))
		g_string_append_c(layout->out, '\n');
	else
		put(layout, MAX(old + layout->shift, 0), line + old);
	scan(layout, line + old);
	return TRUE;
}

static void hold(struct layout *layout, char *line)
{
	int at = new_of(layout, indent_of(line));

	g_ptr_array_add(layout->held, line);
	g_array_append_val(layout->held_at, at);
}

static void take_line(struct layout *layout, const char *line)
{
	g_autofree char *bare = NULL;

	if (put_moved(layout, line))
		return;
	bare = g_strchomp(g_strdup(line));
	if (is_blank(bare) || bare[indent_of(bare)] == '#')
		hold(layout, g_steal_pointer(&bare));
	else if (g_str_has_prefix(bare, "---") || g_str_has_prefix(bare, "...") || *bare == '%')
		put(layout, 0, bare);
	else
		put_structure(layout, bare);
}

/* ---- all of it ---- */

static char *lay_out(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(struct level));
	g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) held_at = g_array_new(FALSE, FALSE, sizeof(int));
	struct layout layout = { .out = g_string_new(NULL), .levels = levels, .held = held, .held_at = held_at, .block = -1 };
	struct level first = { 0, 0, FALSE, FALSE };

	g_array_append_val(levels, first);
	for (char **line = lines; *line; line++) {
		gsize len = strlen(*line);

		if (len && (*line)[len - 1] == '\r')
			(*line)[len - 1] = '\0';
		take_line(&layout, *line);
	}
	give_held(&layout, -1, 0);
	while (layout.out->len > 1 && g_str_has_suffix(layout.out->str, "\n\n"))
		g_string_truncate(layout.out, layout.out->len - 1);
	return g_string_free(layout.out, FALSE);
}

/* The tree as text; NULL: it is none. */
static char *meaning_of(const char *text, GError **error)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("the file", text, diag);
	g_autofree char *wrong = NULL;
	GString *out;

	if (!doc || hg_diag_count(diag, HG_SEV_ERROR)) {
		wrong = hg_diag_render(diag, FALSE);
		hg_fail(error, HG_ERROR_INPUT, "%s", g_strchomp(wrong));
		return NULL;
	}
	out = g_string_new(NULL);
	hg_node_json(hg_doc_root(doc), out);
	return g_string_free(out, FALSE);
}

char *hg_conf_format(const char *text, GError **error)
{
	g_autofree char *before = meaning_of(text, error), *made = before ? lay_out(text) : NULL;
	g_autofree char *after = made ? meaning_of(made, NULL) : NULL;

	if (!before)
		return NULL;
	if (after && strcmp(before, after) == 0)
		return g_steal_pointer(&made);
	hg_fail(error, HG_ERROR_INPUT, "it is written in a way that cannot be laid out anew without changing what it means");
	return NULL;
}
