/* desk_split.c - a text that is longer than a helpdesk takes, in pieces of which none is lost */
#include "desk_say.h"

#include <string.h>

/* What a character becomes in HTML; NULL: itself. */
static const char *escaped(gunichar c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\n':
		return "<br>";
	case '\r':
		return "";
	default:
		return NULL;
	}
}

char *hg_desk_html(const char *text)
{
	g_autoptr(GString) out = g_string_sized_new(strlen(text) + 64);

	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		const char *more = escaped(g_utf8_get_char(at));

		if (more)
			g_string_append(out, more);
		else
			g_string_append_len(out, at, g_utf8_next_char(at) - at);
	}
	return g_strdup(out->str);
}

static gint64 weight(gunichar c, gboolean html)
{
	const char *more = html ? escaped(c) : NULL;

	return more ? (gint64)strlen(more) : 1;
}

/* Where the piece that begins here ends: behind a line or a word of its second half, else where it is full. */
static const char *piece_end(const char *from, gint64 max, gboolean html)
{
	const char *at = from, *line = NULL, *word = NULL;
	gint64 used = 0;

	while (*at) {
		gunichar c = g_utf8_get_char(at);

		used += weight(c, html);
		if (used > max && at > from)
			break;
		at = g_utf8_next_char(at);
		if (used > max / 2 && c == '\n')
			line = at;
		if (used > max / 2 && c == ' ')
			word = at;
	}
	return !*at ? at : line ? line : word ? word : at;
}

char **hg_desk_split(const char *text, gint64 max, gboolean html)
{
	g_autoptr(GStrvBuilder) pieces = g_strv_builder_new();
	const char *from = text;

	do {
		const char *end = max > 0 ? piece_end(from, max, html) : from + strlen(from);
		g_autofree char *piece = g_strndup(from, (gsize)(end - from));

		g_strv_builder_add(pieces, piece);
		from = end;
	} while (*from);
	return g_strv_builder_end(pieces);
}
