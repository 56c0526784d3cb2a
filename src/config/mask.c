/* mask.c - shows a source line without the secrets in it */
#include "mask.h"

#include <string.h>

#define LINE_SHOWN 160		/* characters of a source line that are shown */
#define KEY_MAX 64		/* letters of a word that may be a key */

struct span {
	int from, to;		/* columns from 1; to is not included */
};

struct hg_mask {
	GArray *spans;
};

hg_mask *hg_mask_new(void)
{
	hg_mask *mask = g_new0(hg_mask, 1);

	mask->spans = g_array_new(FALSE, FALSE, sizeof(struct span));
	return mask;
}

void hg_mask_free(hg_mask *mask)
{
	if (!mask)
		return;
	g_array_unref(mask->spans);
	g_free(mask);
}

void hg_mask_add(hg_mask *mask, int from, int to)
{
	struct span span = { from, to };

	if (to > from)
		g_array_append_val(mask->spans, span);
}

gboolean hg_mask_sounds_secret(const char *key)
{
	static const char *const words[] = {
		"secret", "token", "tokn", "pass", "pwd", "credential", "key", "auth", "whsec",
		"bearer", "sekret", "secert",
	};
	/* Sound like it and hold none. */
	static const char *const harmless[] = { "tls_key", "tokens", NULL };
	g_autofree char *low = g_ascii_strdown(key, -1);

	if (g_strv_contains(harmless, low))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (strstr(low, words[i]))
			return TRUE;
	return FALSE;
}

gboolean hg_mask_is_reference(const char *text, gsize len)
{
	static const char *const forms[] = { "env:", "file:", "credential:" };
	gsize skip = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(forms) && !skip; i++)
		if (len > strlen(forms[i]) && memcmp(text, forms[i], strlen(forms[i])) == 0)
			skip = strlen(forms[i]);
	for (gsize i = skip; skip && i < len; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr("_./-+@", text[i]))
			return FALSE;
	return skip > 0;
}

static gboolean is_key_char(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

/* How far what begins at p reaches: to the closing quote, or to the end of a flow item. */
static const char *value_end(const char *p)
{
	char quote = *p == '"' || *p == '\'' ? *p : 0;

	if (quote) {
		const char *end = strchr(p + 1, quote);

		return end && (quote != '"' || end[-1] != '\\') ? end + 1 : p + strlen(p);
	}
	/* Of a map or a block of text behind such a key, everything goes. */
	if (*p == '{' || *p == '|' || *p == '>')
		return p + strlen(p);
	for (const char *end = p; *end; end++)
		if ((*end == ',' || *end == '}' || *end == ']') &&
		    (end[1] == ' ' || end[1] == ',' || end[1] == '}' || end[1] == ']' || !end[1]))
			return end;
	return p + strlen(p);
}

static int column_of(const char *line, const char *p)
{
	return (int)g_utf8_pointer_to_offset(line, p) + 1;
}

/* Hides what stands at value, unless it is a reference; returns what comes behind it. */
static const char *hide_item(hg_mask *mask, const char *line, const char *value)
{
	const char *end = value_end(value);
	gsize len = end - value;
	gboolean quoted = *value == '"' || *value == '\'';

	while (len && (value[len - 1] == ' ' || value[len - 1] == '\r'))
		len--;
	if (len == 0 || *value == '#')
		return end;
	if (quoted ? len > 2 && hg_mask_is_reference(value + 1, len - 2)
		   : hg_mask_is_reference(value, len))
		return end;
	hg_mask_add(mask, column_of(line, value), column_of(line, value + len));
	return end;
}

static void hide_value(hg_mask *mask, const char *line, const char *value)
{
	value += strspn(value, " \t");
	if (*value != '[') {
		hide_item(mask, line, value);
		return;
	}
	/* A list: its items one by one. */
	while (*value && *value != ']') {
		value++;
		value += strspn(value, " \t[");
		value = *value && *value != ',' && *value != ']' ? hide_item(mask, line, value) : value;
		value += strspn(value, " \t");
		/* Something else behind an item: not a list as we know it. */
		if (*value && *value != ',' && *value != ']') {
			hg_mask_add(mask, column_of(line, value), G_MAXINT);
			return;
		}
	}
}

/* The word that ends before the colon at p, in quotes or not; "" when there is none. */
static void key_before(const char *line, const char *p, char ret_key[KEY_MAX])
{
	const char *end = p, *from;

	while (end > line && (end[-1] == '"' || end[-1] == '\'' || end[-1] == ' '))
		end--;
	for (from = end; from > line && is_key_char(from[-1]) && end - from < KEY_MAX - 1; from--)
		;
	memcpy(ret_key, from, end - from);
	ret_key[end - from] = 0;
}

/* Every "key: value" of the line.  Returns whether there was a key at all. */
static gboolean guess_pairs(hg_mask *mask, const char *line)
{
	gboolean any = FALSE;
	char key[KEY_MAX];

	for (const char *p = strchr(line, ':'); p; p = strchr(p + 1, ':')) {
		if (p[1] && p[1] != ' ' && p[1] != '\t' && p[1] != '\r' &&
		    (p == line || p[-1] != '"'))
			continue;
		key_before(line, p, key);
		any = any || *key;
		if (*key && hg_mask_sounds_secret(key))
			hide_value(mask, line, p + 1);
	}
	return any;
}

static gsize indent_of(const char *line)
{
	return strspn(line, " ");
}

/* A line without a key of its own belongs to the key above it that is indented less. */
static gboolean owner_sounds_secret(char *const *lines, guint at)
{
	gsize indent = indent_of(lines[at]) + (lines[at][indent_of(lines[at])] == '-');
	char key[KEY_MAX];

	while (at-- > 0) {
		const char *line = lines[at], *colon = strchr(line, ':');

		if (!colon || indent_of(line) >= indent)
			continue;
		key_before(line, colon, key);
		if (*key)
			return hg_mask_sounds_secret(key);
	}
	return FALSE;
}

void hg_mask_guess(hg_mask *mask, char *const *lines, guint at)
{
	const char *line = lines[at], *p = line + strspn(line, " \t-");

	if (guess_pairs(mask, line) || !*p)
		return;
	if (owner_sounds_secret(lines, at))
		hide_value(mask, line, p);
}

static int hidden_until(const hg_mask *mask, int column)
{
	int until = 0;

	for (guint i = 0; i < mask->spans->len; i++) {
		const struct span *s = &g_array_index(mask->spans, struct span, i);

		if (s->from <= column && column < s->to)
			until = MAX(until, s->to);
	}
	return until;
}

/* Cuts a long line around the caret. */
static char *cut(GString *line, int *caret)
{
	glong length = g_utf8_strlen(line->str, -1), from;
	g_autofree char *all = g_string_free(line, FALSE);
	g_autofree char *part = NULL;

	if (length <= LINE_SHOWN)
		return g_steal_pointer(&all);
	from = CLAMP(*caret - LINE_SHOWN / 2, 0, length - LINE_SHOWN);
	part = g_utf8_substring(all, from, from + LINE_SHOWN);
	*caret = *caret > 0 ? (int)(*caret - from) + (from > 0 ? 3 : 0) : 0;
	return g_strconcat(from > 0 ? "..." : "", part, from + LINE_SHOWN < length ? "..." : "", NULL);
}

char *hg_mask_line(const hg_mask *mask, const char *line, int *caret)
{
	GString *out = g_string_new(NULL);
	int want = *caret, shown = 0, moved = 0, hidden = 0;

	/* One round more than there are characters: the caret may stand behind the last. */
	for (int column = 1;; column++) {
		gunichar c = g_utf8_get_char(line);
		int until = hidden_until(mask, column);

		if (c && until > hidden) {
			if (column >= hidden) {
				g_string_append(out, "***");
				shown += 3;
			}
			hidden = until;
		}
		if (column == want)
			moved = column < hidden ? shown - 2 : shown + 1;
		if (!c || c == '\r')
			break;
		if (column >= hidden) {
			g_string_append_unichar(out, c < ' ' || c == 0x7f ? ' ' : c);
			shown++;
		}
		line = g_utf8_next_char(line);
	}
	*caret = want > 0 && !moved ? shown + 1 : moved;
	return cut(out, caret);
}
