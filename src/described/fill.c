/* fill.c - texts with ${names}, filled so that a value stays a value wherever it stands */
#include "fill.h"

#include <string.h>

#include "fill_around.h"
#include "template.h"
#include "text.h"

#define MORE_NAMES "ABCDEFGHIJKLMNOPQRSTUVWXYZ:()"
#define HOST_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"

enum place {			/* how a value is written */
	AS_IS, BASE, HOST, SEGMENT, SEGMENTS, QUERY, CHARACTERS, ATTRIBUTE, LINE, BREAKS,
};

struct piece {
	char *literal;		/* ours, as is name, words */
	char *name, *words;	/* name NULL: none follows */
	ht_around *around;	/* what is done to it; or NULL */
	int place;
};

struct ht_fill {
	GArray *pieces;		/* of struct piece */
};

static void clear_piece(gpointer data)
{
	struct piece *piece = data;

	g_free(piece->literal);
	g_free(piece->name);
	g_free(piece->words);
}

void ht_fill_free(ht_fill *fill)
{
	if (!fill)
		return;
	g_array_unref(fill->pieces);
	g_free(fill);
}

static gboolean in_group(const char *name, const char *entry)
{
	gsize len = strlen(entry);

	if (len && strchr(":.(", entry[len - 1]))
		return strncmp(name, entry, len) == 0 && name[len];
	return strcmp(name, entry) == 0;
}

static gboolean is_listed(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (in_group(name, *names))
			return TRUE;
	return FALSE;
}

gboolean ht_fill_has(const ht_fill *fill, const char *name)
{
	for (guint i = 0; fill && i < fill->pieces->len; i++) {
		const struct piece *piece = &g_array_index(fill->pieces, struct piece, i);

		if (piece->name && in_group(piece->name, name))
			return TRUE;
	}
	return FALSE;
}

/* ---- where a name stands ---- */

/* What was read of a text so far. */
struct reading {
	int escape;
	int url;		/* enum place: HOST until the path begins; BASE before anything stood there */
	int xml;		/* 0: character data; '<': in a tag; '"', '\'': in a value; '!': in what takes no values */
};

static void read_url(struct reading *r, const char *literal)
{
	const char *at = literal;

	if (r->url == BASE && *at) {
		const char *host = strstr(at, "://");

		r->url = HOST;
		if (host)
			at = host + 3;
	}
	if (r->url == HOST && (at = strpbrk(at, "/?")))
		r->url = *at == '?' ? QUERY : SEGMENT;
	if (r->url == SEGMENT && strchr(at, '?'))
		r->url = QUERY;
}

static void read_xml(struct reading *r, const char *literal)
{
	for (const char *at = literal; *at; at++) {
		if (r->xml == 0 && *at == '<')
			r->xml = at[1] == '!' || at[1] == '?' ? '!' : '<';
		else if (r->xml == '<' && (*at == '"' || *at == '\''))
			r->xml = (guchar)*at;
		else if ((r->xml == '<' || r->xml == '!') && *at == '>')
			r->xml = 0;
		else if (r->xml == (guchar)*at)
			r->xml = '<';
	}
}

static void read_literal(struct reading *r, const char *literal)
{
	if (r->escape == HT_URL)
		read_url(r, literal);
	else if (r->escape == HT_XML_DOC || r->escape == HT_HTML)
		read_xml(r, literal);
}

/* What the configuration says, and nobody who writes to us. */
static gboolean is_ours(const char *name)
{
	return g_str_has_prefix(name, "value:") || g_str_has_prefix(name, "secret:");
}

gboolean ht_fill_is_ours(const ht_fill *fill)
{
	for (guint i = 0; i < fill->pieces->len; i++) {
		const struct piece *piece = &g_array_index(fill->pieces, struct piece, i);

		if (piece->name && !is_ours(piece->name))
			return FALSE;
	}
	return TRUE;
}

/* Where the next name stands, or -1 with why. */
static int place_of(struct reading *r, const char *name, const char **why)
{
	int place = r->url;

	if (r->escape == HT_URL) {
		/* ${url}: of who has an address in his configuration, a helpdesk. */
		if ((place == BASE || place == HOST) && !g_str_has_prefix(name, "value:") &&
		    (place == HOST || strcmp(name, "url") != 0)) {
			*why = "before the path of an address only ${value:NAME} may stand (of a helpdesk, ${url} at the "
			       "beginning): nobody who writes to you says which host is called";
			return -1;
		}
		if (place == BASE)
			r->url = SEGMENT;
		return place == SEGMENT && g_str_has_suffix(name, ".path") ? SEGMENTS : place;
	}
	if (r->escape == HT_XML_DOC || r->escape == HT_HTML) {
		*why = "a value may stand in the text of an element or in a quoted value of an attribute, nowhere else";
		if (r->xml == '"' || r->xml == '\'')
			return ATTRIBUTE;
		return r->xml ? -1 : r->escape == HT_HTML ? BREAKS : CHARACTERS;
	}
	return r->escape == HT_HEADER ? LINE : AS_IS;
}

/* ---- reading ---- */

/* No template holds the bytes of a file. */
static gboolean is_file(const char *name)
{
	static const char *const bytes[] = { "file.base64", "file.dataurl", "item.base64", "item.dataurl", NULL };

	return g_strv_contains(bytes, name);
}

/* A value with words behind '|' may be missing. */
static gboolean check_name(struct ht_look *look, const char *key, const struct piece *piece, const char *const *names)
{
	const char *name = piece->name, *near;

	if (!is_listed(name, names)) {
		near = hg_nearest(name, names);
		if (near)
			ht_wrong(look, key, "${%.60s} means nothing here: did you mean ${%s}?", name, near);
		else
			ht_wrong(look, key, "${%.60s} means nothing here", name);
		return FALSE;
	}
	if (is_file(name)) {
		ht_wrong(look, key, "${%s} may only be the last of a text of JSON; { $file: true } is the file in parts:, and "
			 "raw: { $file: true } one that is the whole body", name);
		return FALSE;
	}
	if (g_str_has_prefix(name, "secret:"))
		return ht_given(look, key, "secret", name + strlen("secret:"));
	return !g_str_has_prefix(name, "value:") || piece->words || ht_given(look, key, "value", name + strlen("value:"));
}

/* "<b>", "</p": in a text that is no document of its own. */
static gboolean has_tag(const ht_fill *fill)
{
	for (guint i = 0; i < fill->pieces->len; i++) {
		const char *at = g_array_index(fill->pieces, struct piece, i).literal;

		while ((at = strchr(at, '<')))
			if (g_ascii_isalpha(*++at) || *at == '/')
				return TRUE;
	}
	return FALSE;
}

/* What people wrote, in what is read by somebody's grammar that we do not know: why not; or NULL. */
static const char *lies_bare(const ht_fill *fill, const struct piece *piece, int escape)
{
	const struct piece *last = &g_array_index(fill->pieces, struct piece, fill->pieces->len - 1);
	gboolean alone = fill->pieces->len == 1 && !*piece->literal;

	if (escape == HT_RAW && piece != last && !(piece->around && ht_around_is_word(piece->around)))
		return "could be taken for what stands behind it: in a body without a form it must be the last thing, or ${word(NAME)}";
	if (escape == HT_FIELD && !alone && !(piece->around && ht_around_is_word(piece->around)))
		return "could be taken for more of the words beside it, in a search say: write ${word(NAME)}";
	if (escape == HT_WHOLE && strcmp(piece->name, "html") != 0 && has_tag(fill))
		return "would be read as HTML beside the tags here: write { $html: ... } around the text";
	return NULL;
}

static gboolean check_text(struct ht_look *look, const char *key, const ht_fill *fill, int escape,
			   const char *const *people)
{
	for (guint i = 0; i < fill->pieces->len; i++) {
		const struct piece *piece = &g_array_index(fill->pieces, struct piece, i);
		const char *bare = piece->name && is_listed(piece->name, people) ? lies_bare(fill, piece, escape) : NULL;

		if (bare) {
			ht_wrong(look, key, "${%s} is what people write, and %s", piece->name, bare);
			return FALSE;
		}
		if ((escape == HT_HEADER || escape == HT_URL) && strpbrk(piece->literal, "\r\n")) {
			ht_wrong(look, key, "there is a line break in it");
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean check_literal(struct ht_look *look, const char *key, const struct hg_template_piece *from)
{
	if (!g_strstr_len(from->literal, (gssize)from->literal_len, "${"))
		return TRUE;
	ht_wrong(look, key, "write ${name}, ${name|words when it is not known}, or $${ for the characters themselves");
	return FALSE;
}

static struct piece *take_piece(ht_fill *fill, GString *literal, const struct hg_template_piece *from,
				const char *const *names)
{
	struct piece piece = { .literal = g_strndup(literal->str, literal->len) };

	g_string_truncate(literal, 0);
	if (from->name) {
		piece.name = g_strndup(from->name, from->name_len);
		piece.around = is_listed(piece.name, names) ? NULL : ht_around_of(piece.name);
		piece.words = from->words ? g_strndup(from->words, from->words_len) : NULL;
	}
	g_array_append_val(fill->pieces, piece);
	return &g_array_index(fill->pieces, struct piece, fill->pieces->len - 1);
}

static gboolean place_piece(struct ht_look *look, const char *key, struct reading *r, struct piece *piece,
			    const char *const *names)
{
	const char *why = NULL;

	read_literal(r, piece->literal);
	if (!piece->name)
		return TRUE;
	if (!check_name(look, key, piece, names))
		return FALSE;
	piece->place = place_of(r, piece->name, &why);
	if (piece->place < 0)
		ht_wrong(look, key, "${%s} cannot stand there: %s", piece->name, why);
	return piece->place >= 0;
}

ht_fill *ht_fill_new(struct ht_look *look, const char *key, const char *text, int escape, const char *const *names,
		     const char *const *people)
{
	g_autoptr(ht_fill) fill = g_new0(ht_fill, 1);
	g_autoptr(GString) literal = g_string_new(NULL);
	struct reading r = { .escape = escape, .url = BASE };
	struct hg_template_piece from;
	gboolean ok = TRUE;

	fill->pieces = g_array_new(FALSE, TRUE, sizeof(struct piece));
	g_array_set_clear_func(fill->pieces, clear_piece);
	while (ok && hg_template_next(&text, MORE_NAMES, &from)) {
		ok = check_literal(look, key, &from);
		g_string_append_len(literal, from.literal, (gssize)from.literal_len);
		/* The first half of "$${" ends a piece and the other begins the next: they are one literal. */
		if (ok && (from.name || !*text))
			ok = place_piece(look, key, &r, take_piece(fill, literal, &from, names), names);
	}
	if (!ok || !check_text(look, key, fill, escape, people))
		return NULL;
	return g_steal_pointer(&fill);
}

/* ---- filling ---- */

static void percent(GString *out, const char *text, gsize len, const char *charset, const char *but)
{
	g_autofree char *converted = NULL, *escaped = NULL;
	gsize n = len;

	if (charset)
		converted = g_convert_with_fallback(text, (gssize)len, charset, "UTF-8", "?", NULL, &n, NULL);
	escaped = g_uri_escape_bytes((const guint8 *)(converted ? converted : text), converted ? n : len, but);
	g_string_append(out, escaped);
}

void ht_percent(GString *out, const char *text, gsize len, const char *charset)
{
	percent(out, text, len, charset, NULL);
}

/* Section 2.2 of XML 1.0: what no document may have becomes U+FFFD. */
static void put_xml(GString *out, const char *text, gsize len, gboolean attribute, gboolean breaks)
{
	g_autofree char *valid = hg_text_valid(text, (gssize)len, 0);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (c == '&')
			g_string_append(out, "&amp;");
		else if (c == '<')
			g_string_append(out, "&lt;");
		else if (c == '>')
			g_string_append(out, "&gt;");
		else if (c == '"')
			g_string_append(out, "&quot;");
		else if (c == '\'')
			g_string_append(out, "&#39;");
		else if (c == '\r' && breaks)
			continue;
		else if (c == '\r' || (attribute && (c == '\n' || c == '\t')))
			g_string_append_printf(out, "&#%u;", c);
		else if (c == '\n' && breaks)
			g_string_append(out, "<br>");
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0xfffe || c == 0xffff)
			g_string_append_unichar(out, 0xfffd);
		else
			g_string_append_unichar(out, c);
	}
}

static void put_line(GString *out, const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		g_string_append_c(out, (guchar)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i]);
}

/* "https://host", with a path or without: what stands behind it begins with a slash. */
static const char *put_base(GString *out, const char *text)
{
	gboolean web = g_str_has_prefix(text, "https://") || g_str_has_prefix(text, "http://");
	gsize len = strlen(text);

	if (!web || strpbrk(text, " \t\r\n?#@\\\"<>"))
		return "the value that an address begins with is no plain http or https address";
	g_string_append_len(out, text, (gssize)(text[len - 1] == '/' ? len - 1 : len));
	return NULL;
}

static const char *put_segment(GString *out, const char *text, gsize len, const char *charset)
{
	/* Everybody on the way takes dots for steps, percent-encoded or not. */
	if (strspn(text, ".") == len)
		return "a value that is a part of a path is empty, or nothing but dots";
	percent(out, text, len, charset, ":");
	return NULL;
}

static const char *put_segments(GString *out, const char *text, const char *charset)
{
	g_auto(GStrv) steps = g_strsplit(text, "/", -1);
	const char *why = NULL;

	for (gsize i = 0; !why && steps[i]; i++) {
		if (i)
			g_string_append_c(out, '/');
		why = put_segment(out, steps[i], strlen(steps[i]), charset);
	}
	return why;
}

static const char *put_value(const struct piece *piece, const char *text, gsize len, const char *charset, GString *out)
{
	switch (piece->place) {
	case BASE:
		return put_base(out, text);
	case HOST:
		if (!len || strspn(text, HOST_CHARS) != len)
			return "a value is no part of a host's name";
		g_string_append(out, text);
		return NULL;
	case SEGMENT:
		return put_segment(out, text, len, charset);
	case SEGMENTS:
		return put_segments(out, text, charset);
	case QUERY:
		ht_percent(out, text, len, charset);
		return NULL;
	case CHARACTERS:
	case ATTRIBUTE:
	case BREAKS:
		put_xml(out, text, len, piece->place == ATTRIBUTE, piece->place == BREAKS);
		return NULL;
	case LINE:
		put_line(out, text, len);
		return NULL;
	default:
		g_string_append_len(out, text, (gssize)len);
		return NULL;
	}
}

static const char *find(const struct piece *piece, ht_fill_value *value, void *ctx, GString *ret)
{
	gboolean there = value(ctx, piece->name, ret), fits = TRUE;

	if (piece->around) {
		if (!there)
			g_string_truncate(ret, 0);
		fits = ht_around_run(piece->around, ret);
	}
	if (!fits && !piece->words)
		return "a value that must be one word, or a time, is none";
	if (!there || !fits || !ret->len)
		g_string_assign(ret, piece->words ? piece->words : "");
	return NULL;
}

const char *ht_fill_run(const ht_fill *fill, ht_fill_value *value, void *ctx, const char *charset, GString *out)
{
	g_autoptr(GString) found = g_string_new(NULL);
	const char *why = NULL;

	for (guint i = 0; !why && i < fill->pieces->len; i++) {
		const struct piece *piece = &g_array_index(fill->pieces, struct piece, i);

		g_string_append(out, piece->literal);
		if (!piece->name)
			continue;
		g_string_truncate(found, 0);
		why = find(piece, value, ctx, found);
		if (!why)
			why = put_value(piece, found->str, found->len, charset, out);
	}
	return why;
}
