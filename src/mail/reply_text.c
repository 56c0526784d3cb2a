/* reply_text.c - what is new in a mail
 *
 * First each line is marked as what it is, by what we know for sure before what words tell; then the order of
 * the marks decides: a text above a quote is the answer, so is one below; what stands between quotes is an
 * answer that makes no sense without them, and everything stays.  When in doubt more is kept: a quote too much
 * is a nuisance, a word too little is a loss. */
#include "reply_text.h"

#include <string.h>

#include "reply_lines.h"

/* ---- what HTML said ---- */

/* What somebody forwards is what he wants to be seen. */
static gboolean is_forward(const struct reply *reply, gsize i)
{
	return i < reply->n && reply->lines[i].kind == REPLY_FORWARD_MARK;
}

/* Lines of its quote that are not marked are quotes; with marked ones among them, those above begin it. */
static void take_hints(struct reply *reply, const struct hg_html_hints *hints)
{
	gsize from, to, i;
	gboolean marked;

	if (!hints || hints->quote_line < 0 || (gsize)hints->quote_line >= reply->n)
		return;
	from = (gsize)hints->quote_line;
	if (is_forward(reply, reply->lines[from].kind == REPLY_EMPTY ? reply_next(reply, from) : from))
		return;
	to = MIN(from + hints->quote_lines, reply->n);
	marked = reply_any(reply, REPLY_QUOTE, from, MIN(to + 2, reply->n));
	for (i = from; i < to && !(marked && reply->lines[i].kind == REPLY_QUOTE); i++) {
		if (reply->lines[i].kind == REPLY_TEXT)
			reply->lines[i].kind = marked ? REPLY_ATTRIBUTION : REPLY_QUOTE;
	}
	reply->sure = TRUE;
}

/* ---- what to keep ---- */

static gboolean is_old(enum reply_kind kind)
{
	return kind == REPLY_QUOTE || kind == REPLY_ATTRIBUTION || kind == REPLY_ORIGINAL_MARK || kind == REPLY_HEAD;
}

static gsize first_old(const struct reply *reply, gsize from)
{
	while (from < reply->n && !is_old(reply->lines[from].kind) && reply->lines[from].kind != REPLY_FORWARD_MARK)
		from++;
	return from;
}

struct cut {
	gsize from, to;		/* what is kept: lines from..to */
	gboolean quotes;	/* with the quotes in it */
	gboolean whole;		/* with everything but signatures */
	int confidence;
};

static void keep_all(const struct reply *reply, struct cut *cut, int confidence)
{
	*cut = (struct cut){ .to = reply->n, .whole = TRUE, .confidence = confidence };
}

static void keep_top(const struct reply *reply, gsize end, struct cut *cut, gboolean sure)
{
	*cut = (struct cut){ .to = end, .confidence = sure || reply->sure ? HG_MAIL_HIGH : HG_MAIL_MEDIUM };
}

/* Where an older mail begins that has no ">" before its lines. */
static gsize plain_old(const struct reply *reply, gsize from)
{
	while (from < reply->n && reply->lines[from].kind != REPLY_HEAD && reply->lines[from].kind != REPLY_ORIGINAL_MARK)
		from++;
	return from;
}

/* The first quoted line is at quote; something may stand above and below. */
static void decide_quoted(const struct reply *reply, gsize first, gsize quote, gboolean top, struct cut *cut)
{
	gsize end = plain_old(reply, quote), below = quote, again;

	while (below < end && reply->lines[below].kind != REPLY_TEXT)
		below++;
	if (below == end && top) {
		keep_top(reply, first, cut, quote > first);
		return;
	}
	if (below == end) {
		keep_all(reply, cut, HG_MAIL_LOW);
		return;
	}
	for (again = below; again < end && reply->lines[again].kind != REPLY_QUOTE; again++)
		;
	if (!top && (first < quote || reply->sure) && !reply_any(reply, REPLY_TEXT, again, end)) {
		*cut = (struct cut){ .from = below, .to = end, .confidence = HG_MAIL_HIGH };
		return;
	}
	*cut = (struct cut){ .to = end, .quotes = TRUE, .confidence = HG_MAIL_MEDIUM };
	while (cut->to > below && reply->lines[cut->to - 1].kind != REPLY_TEXT)
		cut->to--;
}

static void decide(const struct reply *reply, struct cut *cut)
{
	gsize first = first_old(reply, 0), after = first;
	gboolean top = reply_any(reply, REPLY_TEXT, 0, first);

	if (first == reply->n) {
		*cut = (struct cut){ .to = reply->n, .confidence = HG_MAIL_HIGH };
		return;
	}
	while (after < reply->n && (reply->lines[after].kind == REPLY_ATTRIBUTION || reply->lines[after].kind == REPLY_EMPTY))
		after++;
	if (is_forward(reply, first) || (!top && is_forward(reply, after)))
		keep_all(reply, cut, HG_MAIL_MEDIUM);
	else if (after < reply->n && reply->lines[after].kind == REPLY_QUOTE)
		decide_quoted(reply, first, after, top, cut);
	else if (top)
		keep_top(reply, first, cut, FALSE);
	else
		keep_all(reply, cut, HG_MAIL_LOW);
	/* Whose words follow is not to be told, but that line is nobody's. */
	if (cut->whole && first < reply->n && reply->lines[first].kind == REPLY_ATTRIBUTION && reply_any(reply, REPLY_TEXT, after, reply->n))
		cut->from = after;
}

/* ---- writing it down ---- */

static gboolean is_kept(const struct cut *cut, const struct reply_line *line)
{
	if (line->kind == REPLY_QUOTE)
		return cut->quotes || cut->whole;
	if (is_old(line->kind))
		return cut->whole;
	return line->kind == REPLY_TEXT || line->kind == REPLY_EMPTY || line->kind == REPLY_FORWARD_MARK;
}

static char *write_down(const struct reply *reply, const struct cut *cut)
{
	GString *out = g_string_new(NULL);
	guint blank = 0;
	gboolean left_out = FALSE;

	for (gsize i = cut->from; i < cut->to; i++) {
		const struct reply_line *line = &reply->lines[i];

		if (!is_kept(cut, line)) {
			left_out = TRUE;
			continue;
		}
		if (line->kind == REPLY_EMPTY) {
			blank++;
			continue;
		}
		for (blank = left_out ? MIN(blank, 1) : blank; blank && out->len; blank--)
			g_string_append_c(out, '\n');
		blank = 0;
		left_out = FALSE;
		g_string_append_len(out, line->at, (gssize)line->len);
		g_string_append_c(out, '\n');
	}
	g_string_truncate(out, out->len - (out->len > 0));
	return g_string_free(out, FALSE);
}

/* Does it say anything?  "?" and a thumb do. */
static gboolean says_something(const char *text)
{
	for (; *text; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		if (g_unichar_isgraph(c) && !strchr("-_=*~#>|.,:;\"'()<>[]", c < 128 ? (int)c : 'x'))
			return TRUE;
	}
	return FALSE;
}

static char *everything(const char *text)
{
	while (*text == '\n' || *text == '\r')
		text++;
	return g_strchomp(g_strdup(text));
}

/* ---- signed with PGP ---- */

/* Clear-signed (RFC 9580, section 7): what stands between its marks. */
static char *without_armour(const char *text)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----\n", sign[] = "\n-----BEGIN PGP SIGNATURE-----\n",
			  end[] = "-----END PGP SIGNATURE-----";
	const char *from = g_str_has_prefix(text, begin) ? strstr(text, "\n\n") : NULL, *seal = from ? strstr(from, sign) : NULL,
		   *rest = seal ? strstr(seal, end) : NULL;
	g_autofree char *signed_text = rest ? g_strndup(from + 2, (gsize)MAX(seal - from - 2, 0)) : NULL;

	return rest ? g_strconcat(signed_text, rest + strlen(end), NULL) : NULL;
}

char *hg_reply_text(const hg_reply_words *words, const char *text, const char *const *known,
		    const struct hg_html_hints *hints, int *ret_confidence)
{
	g_autofree char *bare = without_armour(text);
	struct reply reply;
	struct cut cut;
	char *result;

	reply_split(&reply, words, bare ? bare : text);
	reply_mark_known(&reply, known);
	reply_mark_heads(&reply);
	if (!bare)
		take_hints(&reply, hints);
	reply_mark_attributions(&reply);
	reply_mark_broken(&reply);
	reply_mark_signatures(&reply);
	decide(&reply, &cut);
	result = write_down(&reply, &cut);
	reply_clear(&reply);
	if (!says_something(result)) {
		g_free(result);
		result = everything(text);
		cut.confidence = HG_MAIL_LOW;
	}
	if (ret_confidence)
		*ret_confidence = cut.confidence;
	return result;
}
