/* html_text.c - HTML to plain text
 *
 * Lines are written as they are finished; a line break is owed until something stands behind it, so that no
 * line ends with spaces and no blank lines pile up.  What clients mark as a quote gets "> " in front, as a
 * plain mail has it. */
#include "html_text.h"

#include <string.h>

#include "html_token.h"

#define QUOTES_MAX 12		/* "> " in front of a line, at most */
#define LISTS_MAX  16
#define NEST_MAX   64		/* blockquotes whose kind is remembered */
#define LINK_MAX   2000		/* bytes of an address that is shown */

/* A stretch that begins with a tag and ends where the tag does. */
struct stretch {
	char name[16];
	guint open;		/* tags of this name that are; 0: not in it */
};

struct text {
	GString *out, *gap, *link;	/* ours; gap: spaces that are owed, link: what <a> leads to */
	gsize link_from;	/* of the text in it */
	guint breaks;		/* owed before the next text */
	gboolean line;		/* something stands in this line */
	guint depth, written;	/* quotes around this, and around the last line written */
	gsize lines;		/* of out: line breaks in it */
	int pre, head;
	gboolean tight;		/* this paragraph has no space around it */
	int lists[LISTS_MAX];	/* the next number; -1: dots */
	guint n_lists, n_nest;
	guint8 nest[NEST_MAX];	/* is that blockquote a quote? */
	struct stretch hidden, quote;
	gboolean any, rest;	/* something was written; the quote goes on to the end */
	struct hg_html_hints *hints;
};

static void write_breaks(struct text *text)
{
	guint between = MIN(text->depth, text->written);

	for (guint n = text->any ? text->breaks : 0; n > 0; n--) {
		g_string_append_c(text->out, '\n');
		text->lines++;
		for (guint i = 0; n > 1 && i < between; i++)
			g_string_append_c(text->out, '>');
	}
	text->breaks = 0;
	for (guint i = 0; i < text->depth; i++)
		g_string_append_c(text->out, '>');
	if (text->depth)
		g_string_append_c(text->out, ' ');
	text->written = text->depth;
	text->any = text->line = TRUE;
}

static void put(struct text *text, gunichar c)
{
	if (!text->line) {
		write_breaks(text);
		if (!text->pre)
			g_string_truncate(text->gap, 0);
	}
	if (text->gap->len) {
		g_string_append_len(text->out, text->gap->str, (gssize)text->gap->len);
		g_string_truncate(text->gap, 0);
	}
	g_string_append_unichar(text->out, c);
}

static void put_str(struct text *text, const char *words)
{
	for (; *words; words = g_utf8_next_char(words))
		put(text, g_utf8_get_char(words));
}

/* The line ends, when there is one. */
static void end_line(struct text *text)
{
	g_string_truncate(text->gap, 0);
	if (text->line)
		text->breaks = 1;
	text->line = FALSE;
}

static void blank_line(struct text *text)
{
	end_line(text);
	text->breaks = MAX(text->breaks, 2);
}

static void line_break(struct text *text)
{
	if (text->line)
		end_line(text);
	else
		text->breaks = MIN(text->breaks + 1, 3);
}

/* ---- text ---- */

/* Seen by nobody: mailings pad their previews with them. */
static gboolean is_nothing(gunichar c)
{
	return c == 0xad || c == 0x200b || c == 0x34f || c == 0xfeff || c == 0x2060 || (c < 32 && !g_unichar_isspace(c)) ||
	       (c >= 0x7f && c < 0xa0);
}

static void space(struct text *text, gunichar c)
{
	if (text->pre && c == '\n')
		line_break(text);
	else if (text->pre && c != '\r' && text->gap->len < 200)
		g_string_append_c(text->gap, c == '\t' ? '\t' : ' ');
	else if (text->line && !text->gap->len)
		g_string_append_c(text->gap, ' ');
}

static void read_text(struct text *text, const char *p, const char *end)
{
	while (p < end) {
		gunichar c;

		if (*p == '&') {
			c = hg_html_entity(p, end, &p);
		} else {
			c = g_utf8_get_char(p);
			p = g_utf8_next_char(p);
		}
		if (is_nothing(c))
			continue;
		if (c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0)
			space(text, c == 0xa0 ? ' ' : c);
		else
			put(text, c);
	}
}

/* ---- where a quote begins ---- */

/* Is word one of those that value has, also behind a prefix ("x_", "m_1234") that a client put before it when it quoted? */
static gboolean has_word(const char *value, const char *word)
{
	gsize len = strlen(word);

	for (const char *p = value; (p = strstr(p, word)); p += len) {
		if ((p == value || p[-1] == ' ' || p[-1] == '_' || p[-1] == '-' || g_ascii_isdigit(p[-1])) &&
		    (p[len] == '\0' || p[len] == ' '))
			return TRUE;
	}
	return FALSE;
}

static gboolean has_any(const char *value, const char *const *words)
{
	while (value && *words) {
		if (has_word(value, *words++))
			return TRUE;
	}
	return FALSE;
}

/* The line above the headers of an answered mail: Outlook 2007 to 365 and Windows Mail draw it by style. */
static gboolean is_ruled(const char *style)
{
	static const char *const colours[] = { "#e1e1e1", "#b5c4df", "rgb(225,225,225)", "rgb(181,196,223)", "rgb(229,229,229)" };
	g_autofree char *flat = g_ascii_strdown(style, -1);
	gsize n = 0;

	for (const char *p = flat; *p; p++) {
		if (*p != ' ')
			flat[n++] = *p;
	}
	flat[n] = '\0';
	for (gsize i = 0; i < G_N_ELEMENTS(colours); i++) {
		const char *top = strstr(flat, "border-top");

		if (top && strstr(top, colours[i]))
			return TRUE;
	}
	return FALSE;
}

enum quote { NO_QUOTE, QUOTE_WITHIN, QUOTE_FROM_HERE };

static enum quote quote_of(const struct hg_html_token *tag)
{
	static const char *const within[] = { "gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite-prefix",
		"protonmail_quote", "tutanota_quote", "zmail_extra", "headgate-message", NULL };
	static const char *const from[] = { "divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION", "reply-intro",
		"mail-editor-reference-message-container", "ms-outlook-mobile-reference-message", "replySplit", NULL };
	g_autofree char *id = hg_html_attr(tag, "id"), *class = hg_html_attr(tag, "class"), *style = NULL, *marker = NULL;

	if (has_any(id, from) || has_any(class, from))
		return QUOTE_FROM_HERE;
	if (has_any(class, within) || has_any(id, within))
		return QUOTE_WITHIN;
	marker = hg_html_attr(tag, "data-marker");
	if (marker && strcmp(marker, "__DIVIDER__") == 0)
		return QUOTE_FROM_HERE;
	style = strcmp(tag->name, "div") == 0 ? hg_html_attr(tag, "style") : NULL;
	return style && is_ruled(style) ? QUOTE_FROM_HERE : NO_QUOTE;
}

/* A line that is begun ends before. */
static gsize next_line(const struct text *text)
{
	return text->any ? text->lines + (text->line ? 1 : MAX(text->breaks, 1)) : 0;
}

static void find_quote(struct text *text, const struct hg_html_token *tag)
{
	struct hg_html_hints *hints = text->hints;
	enum quote quote = text->rest || text->quote.open ? NO_QUOTE : quote_of(tag);

	if (quote == NO_QUOTE || (hints->quote_line >= 0 && quote == QUOTE_WITHIN))
		return;
	if (hints->quote_line < 0)
		hints->quote_line = (gssize)next_line(text);
	text->rest = quote == QUOTE_FROM_HERE;
	if (quote == QUOTE_WITHIN) {
		g_strlcpy(text->quote.name, tag->name, sizeof(text->quote.name));
		text->quote.open = 1;
	}
}

static void find_ours(struct text *text, const struct hg_html_token *tag)
{
	g_autofree char *class = text->hints->ours ? NULL : hg_html_attr(tag, "class");

	if (class && has_word(class, "headgate-message"))
		text->hints->ours = TRUE;
}

static void follow(struct stretch *stretch, const struct hg_html_token *tag)
{
	if (!stretch->open || tag->empty || strcmp(stretch->name, tag->name) != 0)
		return;
	if (tag->kind == HG_HTML_OPEN)
		stretch->open++;
	else
		stretch->open--;
}

static void quote_ends(struct text *text)
{
	struct hg_html_hints *hints = text->hints;

	if (text->any && !text->rest && hints->quote_line >= 0 && hints->quote_lines == 0)
		hints->quote_lines = text->lines + 1 > (gsize)hints->quote_line ? text->lines + 1 - (gsize)hints->quote_line : 0;
}

/* ---- tags ---- */

static void open_blockquote(struct text *text, const struct hg_html_token *tag)
{
	g_autofree char *type = hg_html_attr(tag, "type"), *class = hg_html_attr(tag, "class");
	gboolean quote = text->quote.open || (text->depth && !text->rest) || (type && g_ascii_strcasecmp(type, "cite") == 0) ||
			 (class && (has_word(class, "gmail_quote") || has_word(class, "protonmail_quote") ||
				    has_word(class, "tutanota_quote")));

	blank_line(text);
	quote = quote && text->depth < QUOTES_MAX;
	if (text->n_nest < NEST_MAX)
		text->nest[text->n_nest] = quote;
	if (text->n_nest < NEST_MAX)
		text->depth += quote;
	text->n_nest++;
}

static void close_blockquote(struct text *text)
{
	blank_line(text);
	if (text->n_nest == 0)
		return;
	text->n_nest--;
	if (text->n_nest < NEST_MAX)
		text->depth -= text->nest[text->n_nest];
}

static void open_list(struct text *text, int first)
{
	end_line(text);
	if (text->n_lists < LISTS_MAX)
		text->lists[text->n_lists] = first;
	text->n_lists++;
}

static void item(struct text *text)
{
	int *next = text->n_lists && text->n_lists <= LISTS_MAX ? &text->lists[text->n_lists - 1] : NULL;
	g_autofree char *number = next && *next > 0 ? g_strdup_printf("%d.", (*next)++) : g_strdup("-");

	end_line(text);
	put_str(text, number);
	g_string_assign(text->gap, " ");
}

/* Does the text of a link say where it leads? */
static gboolean says(const char *shown, const char *link)
{
	static const char *const prefixes[] = { "mailto:", "tel:", "http://", "https://", "www." };
	g_autofree char *a = g_strstrip(g_strdup(shown)), *b = g_strdup(link);
	const char *p = a, *q = b;

	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		p += g_ascii_strncasecmp(p, prefixes[i], strlen(prefixes[i])) == 0 ? strlen(prefixes[i]) : 0;
		q += g_ascii_strncasecmp(q, prefixes[i], strlen(prefixes[i])) == 0 ? strlen(prefixes[i]) : 0;
	}
	b[strlen(b) - (g_str_has_suffix(q, "/") ? 1 : 0)] = '\0';
	a[strlen(a) - (g_str_has_suffix(p, "/") ? 1 : 0)] = '\0';
	return g_ascii_strcasecmp(p, q) == 0;
}

static void end_link(struct text *text)
{
	const char *link = text->link->str;

	if (!text->link->len)
		return;
	if (text->out->len > text->link_from && !says(text->out->str + text->link_from, link)) {
		g_string_assign(text->gap, " ");
		put(text, '(');
		put_str(text, g_ascii_strncasecmp(link, "mailto:", 7) == 0 ? link + 7 : link);
		put(text, ')');
	}
	g_string_truncate(text->link, 0);
}

static void begin_link(struct text *text, const struct hg_html_token *tag)
{
	static const char *const schemes[] = { "http://", "https://", "mailto:", "tel:" };
	g_autofree char *href = hg_html_attr(tag, "href");

	end_link(text);
	for (gsize i = 0; href && i < G_N_ELEMENTS(schemes); i++) {
		if (g_ascii_strncasecmp(g_strchug(href), schemes[i], strlen(schemes[i])) != 0 || strlen(href) > LINK_MAX ||
		    !g_utf8_validate(href, -1, NULL) || strpbrk(href, "\r\n\t"))
			continue;
		g_string_assign(text->link, g_strchomp(href));
		text->link_from = text->out->len;
	}
}

static void image(struct text *text, const struct hg_html_token *tag)
{
	g_autofree char *src = hg_html_attr(tag, "src"), *alt = NULL;

	if (!src || g_ascii_strncasecmp(src, "cid:", 4) != 0)
		return;
	alt = hg_html_attr(tag, "alt");
	if (!alt || !*alt || !g_utf8_validate(alt, -1, NULL) || strlen(alt) > 200 || strpbrk(alt, "\r\n\t"))
		g_free(alt), alt = g_strndup(src + 4, strcspn(src + 4, "@"));
	if (!g_utf8_validate(alt, -1, NULL) || strlen(alt) > 200 || strpbrk(alt, "\r\n\t"))
		return;
	put_str(text, "[image: ");
	put_str(text, alt);
	put(text, ']');
}

enum { LINE = 1, PARA, BR, RULE, CELL, QUOTE, UL, OL, ITEM, PRE, LINK, IMAGE, VOID };

static const struct { const char *name; int what; } tags[] = {
	{ "address", LINE }, { "article", LINE }, { "aside", LINE }, { "body", LINE }, { "br", BR }, { "caption", LINE },
	{ "center", LINE }, { "dd", LINE }, { "details", LINE }, { "div", LINE }, { "dl", LINE }, { "dt", LINE },
	{ "fieldset", LINE }, { "figcaption", LINE }, { "figure", LINE }, { "footer", LINE }, { "form", LINE },
	{ "header", LINE }, { "html", LINE }, { "legend", LINE }, { "main", LINE }, { "menu", UL }, { "nav", LINE },
	{ "section", LINE }, { "summary", LINE }, { "table", LINE }, { "tbody", LINE }, { "tfoot", LINE }, { "thead", LINE },
	{ "tr", LINE }, { "h1", PARA }, { "h2", PARA }, { "h3", PARA }, { "h4", PARA }, { "h5", PARA }, { "h6", PARA },
	{ "p", PARA }, { "hr", RULE }, { "td", CELL }, { "th", CELL }, { "blockquote", QUOTE }, { "ul", UL }, { "ol", OL },
	{ "li", ITEM }, { "pre", PRE }, { "listing", PRE }, { "a", LINK }, { "img", IMAGE }, { "input", VOID }, { "meta", VOID },
	{ "link", VOID }, { "base", VOID }, { "wbr", VOID }, { "col", VOID }, { "area", VOID }, { "source", VOID },
	{ "embed", VOID }, { "param", VOID }, { "track", VOID },
};

static gpointer make_tags(gpointer arg G_GNUC_UNUSED)
{
	GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++)
		g_hash_table_insert(table, (gpointer)(gsize)tags[i].name, GINT_TO_POINTER(tags[i].what));
	return table;
}

static int what_of(const char *name)
{
	static GOnce once = G_ONCE_INIT;

	return GPOINTER_TO_INT(g_hash_table_lookup(g_once(&once, make_tags, NULL), name));
}

/* Outlook's paragraphs have no space between them: an empty one makes it. */
static void paragraph(struct text *text, const struct hg_html_token *tag)
{
	if (tag->kind == HG_HTML_OPEN) {
		g_autofree char *class = hg_html_attr(tag, "class");

		text->tight = class && (has_word(class, "MsoNormal") || has_word(class, "MsoPlainText"));
	}
	if (text->tight)
		end_line(text);
	else
		blank_line(text);
}

static void open_tag(struct text *text, const struct hg_html_token *tag, int what)
{
	switch (what) {
	case LINE: end_line(text); break;
	case PARA: paragraph(text, tag); break;
	case BR: line_break(text); break;
	case RULE: end_line(text); put_str(text, "________________________________"); end_line(text); break;
	case CELL: if (text->line) g_string_assign(text->gap, "\t"); break;
	case QUOTE: open_blockquote(text, tag); break;
	case UL: open_list(text, -1); break;
	case OL: open_list(text, 1); break;
	case ITEM: item(text); break;
	case PRE: end_line(text); text->pre++; break;
	case LINK: begin_link(text, tag); break;
	case IMAGE: image(text, tag); break;
	default: break;
	}
}

static void close_tag(struct text *text, const struct hg_html_token *tag, int what)
{
	switch (what) {
	case LINE: case ITEM: end_line(text); break;
	case PARA: paragraph(text, tag); break;
	case BR: line_break(text); break;	/* </br> is one, as browsers have it */
	case QUOTE: close_blockquote(text); break;
	case UL: case OL: end_line(text); text->n_lists -= text->n_lists > 0; break;
	case PRE: end_line(text); text->pre -= text->pre > 0; break;
	case LINK: end_link(text); break;
	default: break;
	}
}

/* ---- what is not shown ---- */

static void find_hidden(struct text *text, const struct hg_html_token *tag, int what)
{
	g_autofree char *style = NULL;
	char *shown;

	if (tag->empty || what == BR || what == RULE || what == IMAGE || what == VOID || what == PARA || what == ITEM)
		return;
	style = hg_html_attr(tag, "style");
	shown = style ? strstr(style, "display") : NULL;
	if (!shown)
		return;
	shown += strspn(shown + 7, " :") + 7;
	if (g_ascii_strncasecmp(shown, "none", 4) != 0)
		return;
	g_strlcpy(text->hidden.name, tag->name, sizeof(text->hidden.name));
	text->hidden.open = 1;
}

/* The head ends where something begins that may not stand in it, closed or not. */
static gboolean in_head(struct text *text, const struct hg_html_token *piece)
{
	static const char *const allowed[] = { "head", "meta", "title", "style", "script", "link", "base", "noscript", "object",
		"xml", "html", NULL };

	if (piece->kind == HG_HTML_TEXT)
		return text->head;
	if (strcmp(piece->name, "head") == 0)
		text->head = piece->kind == HG_HTML_OPEN && !text->any;
	else if (text->head && !strchr(piece->name, ':') && !g_strv_contains(allowed, piece->name))
		text->head = FALSE;
	return text->head;
}

static void read_tag(struct text *text, const struct hg_html_token *tag)
{
	int what = what_of(tag->name);

	if (text->hidden.open) {
		follow(&text->hidden, tag);
		return;
	}
	if (tag->kind == HG_HTML_OPEN) {
		if (tag->len)
			find_hidden(text, tag, what);
		if (text->hidden.open)
			return;
		follow(&text->quote, tag);
		if (tag->len) {
			find_quote(text, tag);
			find_ours(text, tag);
		}
		open_tag(text, tag, what);
		return;
	}
	close_tag(text, tag, what);
	if (text->quote.open) {
		follow(&text->quote, tag);
		if (!text->quote.open)
			quote_ends(text);
	}
}

/* FALSE: something hidden never ended. */
static gboolean read_all(struct text *text, const char *bytes, gsize len, gboolean hide)
{
	struct hg_html_token piece;
	struct hg_html html;

	hg_html_init(&html, bytes, len);
	while (hg_html_next(&html, &piece)) {
		if (in_head(text, &piece))
			continue;
		if (piece.kind != HG_HTML_TEXT)
			read_tag(text, &piece);
		else if (!text->hidden.open)
			read_text(text, piece.at, piece.at + piece.len);
		if (!hide)
			text->hidden.open = 0;
	}
	end_link(text);
	return !text->hidden.open;
}

static char *convert(const char *html, gsize len, gboolean hide, struct hg_html_hints *hints, gboolean *ret_whole)
{
	struct text text = { .out = g_string_sized_new(len / 4), .gap = g_string_new(NULL), .link = g_string_new(NULL),
		.hints = hints };

	hints->quote_line = -1;
	hints->quote_lines = 0;
	*ret_whole = read_all(&text, html, len, hide);
	if (text.any && hints->quote_line >= 0 && hints->quote_lines == 0 && text.lines + 1 > (gsize)hints->quote_line)
		hints->quote_lines = text.lines + 1 - (gsize)hints->quote_line;
	if (hints->quote_line >= 0 && hints->quote_lines == 0)
		hints->quote_line = -1;		/* nothing stood in it */
	g_string_free(text.gap, TRUE);
	g_string_free(text.link, TRUE);
	return g_string_free(text.out, FALSE);
}

char *hg_html_text(const char *html, gsize len, struct hg_html_hints *ret)
{
	struct hg_html_hints hints = { .cut = len > HG_HTML_MAX };
	const char *end;
	gboolean whole;
	char *text;

	if (len > HG_HTML_MAX) {
		end = g_utf8_find_prev_char(html, html + HG_HTML_MAX + 1);
		len = end ? (gsize)(end - html) : 0;
	}
	text = convert(html, len, TRUE, &hints, &whole);
	if (!whole) {
		/* All that follows would be hidden because a tag is missing. */
		g_free(text);
		text = convert(html, len, FALSE, &hints, &whole);
	}
	if (ret)
		*ret = hints;
	return text;
}
