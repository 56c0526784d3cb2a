/* html_token.c - HTML as a row of texts and tags */
#include "html_token.h"

#include <string.h>

/* What stands in them is no text and no tags, up to their own end tag. */
static const char *const raw[] = { "script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes" };

void hg_html_init(struct hg_html *html, const char *text, gsize len)
{
	*html = (struct hg_html){ .p = text, .end = text + len, .no_quote = { text, text } };
}

static gboolean is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next ' or " at p or behind, before cap; what was looked through in vain is not looked through again. */
static const char *find_quote(struct hg_html *html, const char *p, const char *cap, char quote)
{
	const char **none = &html->no_quote[quote == '"'];
	const char *from = MAX(p, *none), *found = from < cap ? memchr(from, quote, (gsize)(cap - from)) : NULL;

	if (!found)
		*none = MAX(*none, cap);
	return found;
}

/* The '>' of the tag that begins before p, or NULL: it is no tag. */
static const char *tag_end(struct hg_html *html, const char *p)
{
	const char *cap = (gsize)(html->end - p) > HG_HTML_TAG_MAX ? p + HG_HTML_TAG_MAX : html->end, *found;

	if (html->no_tag_end)
		return NULL;
	for (; p < cap && *p != '>'; p++) {
		/* A quote begins a value only behind '='; elsewhere it is dirt. */
		if ((*p != '"' && *p != '\'') || p[-1] != '=')
			continue;
		found = find_quote(html, p + 1, cap, *p);
		if (!found)
			break;
		p = found;
	}
	if (p < cap && *p == '>')
		return p;
	found = memchr(p, '>', (gsize)(html->end - p));
	html->no_tag_end = !found;
	return found;
}

static const char *find_end_of(const char *text, const char *end, const char *name)
{
	gsize len = strlen(name);

	for (const char *p = text; (p = memchr(p, '<', (gsize)(end - p))); p++) {
		if ((gsize)(end - p) > len + 2 && p[1] == '/' && g_ascii_strncasecmp(p + 2, name, len) == 0 &&
		    !g_ascii_isalnum(p[len + 2]))
			return p;
	}
	return NULL;
}

/* Goes to the end tag of what holds neither text nor tags.  Where nobody closes it, a browser would hide all the rest;
 * it is shown unless it is a program, for it may be somebody's words. */
static void skip_raw(struct hg_html *html, const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(raw); i++) {
		const char *found;

		if (strcmp(name, raw[i]) != 0 || (html->no_raw_end & 1u << i))
			continue;
		found = find_end_of(html->p, html->end, name);
		html->no_raw_end |= found ? 0 : 1u << i;
		if (found || i < 2)
			html->p = found ? found : html->end;
	}
}

static void skip_comment(struct hg_html *html)
{
	const char *found = html->no_comment_end ? NULL : memmem(html->p + 2, (gsize)(html->end - html->p - 2), "-->", 3);

	if (found) {
		html->p = found + 3;
		return;
	}
	html->no_comment_end = TRUE;
	found = html->no_tag_end ? NULL : memchr(html->p, '>', (gsize)(html->end - html->p));
	html->p = found ? found + 1 : html->end;
}

/* Past what begins with "<!" or "<?"; FALSE: it is text. */
static gboolean skip_declaration(struct hg_html *html)
{
	const char *found;

	if (html->end - html->p >= 4 && memcmp(html->p, "<!--", 4) == 0) {
		skip_comment(html);
		return TRUE;
	}
	found = html->no_tag_end ? NULL : memchr(html->p, '>', (gsize)(html->end - html->p));
	html->no_tag_end = !found;
	if (found)
		html->p = found + 1;
	return found != NULL;
}

static gboolean read_tag(struct hg_html *html, struct hg_html_token *ret)
{
	const char *p = html->p + 1, *name, *end;
	gboolean close = *p == '/';

	p += close;
	if (p >= html->end || !g_ascii_isalpha(*p))
		return FALSE;
	end = tag_end(html, p);
	if (!end)
		return FALSE;
	*ret = (struct hg_html_token){ .kind = close ? HG_HTML_CLOSE : HG_HTML_OPEN };
	for (name = p; p < end && !is_space(*p) && *p != '/'; p++) {
		if (p - name < (gssize)sizeof(ret->name) - 1)
			ret->name[p - name] = g_ascii_tolower(*p);
	}
	ret->at = p;
	ret->len = MIN((gsize)(end - p), HG_HTML_TAG_MAX);
	ret->empty = end[-1] == '/';
	html->p = end + 1;
	if (!close && !ret->empty)
		skip_raw(html, ret->name);
	return TRUE;
}

gboolean hg_html_next(struct hg_html *html, struct hg_html_token *ret)
{
	const char *from, *p;

	while (html->p < html->end) {
		gboolean more = html->end - html->p > 1;

		if (*html->p == '<' && more && (html->p[1] == '!' || html->p[1] == '?') && skip_declaration(html))
			continue;
		if (*html->p == '<' && more && read_tag(html, ret))
			return TRUE;
		from = html->p++;
		p = html->p < html->end ? memchr(html->p, '<', (gsize)(html->end - html->p)) : NULL;
		html->p = p ? p : html->end;
		*ret = (struct hg_html_token){ .kind = HG_HTML_TEXT, .at = from, .len = (gsize)(html->p - from) };
		return TRUE;
	}
	return FALSE;
}

/* ---- attributes ---- */

static char *decode(const char *p, const char *end)
{
	GString *out = g_string_sized_new((gsize)(end - p));

	while (p < end) {
		if (*p == '&')
			g_string_append_unichar(out, hg_html_entity(p, end, &p));
		else
			g_string_append_c(out, *p++);
	}
	return g_string_free(out, FALSE);
}

/* The value that begins at p, behind '='. */
static const char *value_end(const char *p, const char *end, const char **ret_from)
{
	const char *found;

	if (p < end && (*p == '"' || *p == '\'')) {
		*ret_from = p + 1;
		found = memchr(p + 1, *p, (gsize)(end - p - 1));
		return found ? found : end;
	}
	*ret_from = p;
	while (p < end && !is_space(*p))
		p++;
	return p;
}

char *hg_html_attr(const struct hg_html_token *tag, const char *name)
{
	const char *p = tag->at, *end = tag->at + tag->len, *from, *value, *stop;
	gsize len = strlen(name);

	while (p < end) {
		while (p < end && (is_space(*p) || *p == '/' || *p == '"' || *p == '\''))
			p++;
		for (from = p; p < end && !is_space(*p) && *p != '='; p++)
			;
		stop = p;
		while (p < end && is_space(*p))
			p++;
		if (p >= end || *p != '=') {
			if (p == from)
				p++;
			continue;
		}
		for (p++; p < end && is_space(*p); p++)
			;
		p = value_end(p, end, &value);
		if ((gsize)(stop - from) == len && g_ascii_strncasecmp(from, name, len) == 0)
			return decode(value, p);
		if (p < end && (*p == '"' || *p == '\''))
			p++;
	}
	return NULL;
}
