/* corpus_file.c - cases of hostile bytes from a file of "name | rule | want | bytes" lines */
#include "corpus_file.h"

#include <string.h>

static void expand(GString *out, const char *text, gsize len, const struct corpus_macro *macros);

static gsize expand_escape(GString *out, const char *text, gsize len)
{
	static const char names[] = "rnt0\\", bytes[] = "\r\n\t\0\\";
	const char *found;

	if (len >= 4 && text[1] == 'x') {
		int high = g_ascii_xdigit_value(text[2]), low = g_ascii_xdigit_value(text[3]);

		g_assert_cmpint(high | low, >=, 0);
		g_string_append_c(out, (char)(high << 4 | low));
		return 4;
	}
	found = len >= 2 ? strchr(names, text[1]) : NULL;
	if (!found)
		g_error("no escape: %s", text);
	g_string_append_c(out, bytes[found - names]);
	return 2;
}

static char open_of(const struct corpus_macro *macros)
{
	return macros ? '{' : '<';
}

static gsize brace_len(const char *text, gsize len, const struct corpus_macro *macros)
{
	char open = open_of(macros), close = macros ? '}' : '>';
	int depth = 0;

	for (gsize i = 0; i < len; i++) {
		depth += (text[i] == open) - (text[i] == close);
		if (!depth)
			return i + 1;
	}
	g_error("a brace is open: %s", text);
}

static gsize expand_brace(GString *out, const char *text, gsize len, const struct corpus_macro *macros)
{
	gsize n = brace_len(text, len, macros);
	char *end;
	guint64 times = g_ascii_strtoull(text + 1, &end, 10);

	if (times && *end == '*') {
		while (times--)
			expand(out, end + 1, n - 1 - (end + 1 - text), macros);
		return n;
	}
	for (const struct corpus_macro *m = macros; m && m->name; m++) {
		if (strlen(m->name) == n - 2 && !memcmp(m->name, text + 1, n - 2)) {
			expand(out, m->text, strlen(m->text), macros);
			return n;
		}
	}
	g_error("no macro: %s", text);
}

static void expand(GString *out, const char *text, gsize len, const struct corpus_macro *macros)
{
	for (gsize i = 0; i < len;) {
		if (text[i] == '\\')
			i += expand_escape(out, text + i, len - i);
		else if (text[i] == open_of(macros))
			i += expand_brace(out, text + i, len - i, macros);
		else
			g_string_append_c(out, text[i++]);
	}
}

static void case_free(void *data)
{
	struct corpus_case *c = data;

	g_free(c->name);
	g_free(c->rule);
	g_free(c->want);
	g_string_free(c->bytes, TRUE);
	g_free(c);
}

static struct corpus_case *read_case(const char *line, const struct corpus_macro *macros)
{
	g_auto(GStrv) fields = g_strsplit(line, " | ", 4);
	struct corpus_case *c = g_new0(struct corpus_case, 1);

	if (g_strv_length(fields) != 4)
		g_error("no case: %s", line);
	c->name = g_strdup(fields[0]);
	c->rule = g_strdup(fields[1]);
	c->want = g_strdup(fields[2]);
	c->bytes = g_string_new(NULL);
	expand(c->bytes, fields[3], strlen(fields[3]), macros);
	return c;
}

GPtrArray *corpus_read(const char *name, const struct corpus_macro *macros)
{
	g_autofree char *path = g_build_filename(g_getenv("srcdir") ?: ".", name, NULL), *text = NULL;
	GPtrArray *cases = g_ptr_array_new_with_free_func(case_free);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		if (**line && **line != '#')
			g_ptr_array_add(cases, read_case(*line, macros));
	return cases;
}
