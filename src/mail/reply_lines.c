/* reply_lines.c - a mail's lines */
#include "reply_lines.h"

#include <string.h>

static gboolean is_blank(const char *folded)
{
	/* Streak and others leave a sign of theirs that looks like nothing. */
	return !*folded || strcmp(folded, "\xe1\x90\xa7") == 0;
}

/* ">", also behind somebody's initials ("JD> "), which old programs put there. */
static gboolean is_quote(const char *folded)
{
	guint n = 0;

	if (g_str_has_prefix(folded, "&gt;"))
		return TRUE;
	while (n < 4 && g_ascii_isalpha(folded[n]))
		n++;
	return folded[n] == '>' && (n == 0 || folded[n + 1] == ' ' || folded[n + 1] == '>');
}

/* ">:" and "> wrote:", where a program broke an address in two. */
static gboolean is_broken_end(const hg_reply_words *words, const char *folded)
{
	const char *rest = folded + 1 + strspn(folded + 1, " ");

	rest += reply_word_at(words, REPLY_WROTE, rest);
	return folded[0] == '>' && strcmp(rest + strspn(rest, " "), ":") == 0;
}

static void add_line(struct reply *reply, const char *at, gsize len, GString *folded)
{
	struct reply_line *line = &reply->lines[reply->n++];

	while (len && (at[len - 1] == '\r' || at[len - 1] == ' ' || at[len - 1] == '\t'))
		len--;
	*line = (struct reply_line){ .at = at, .len = len, .folded = "" };
	if (len > REPLY_LINE_MAX)
		return;
	g_string_truncate(folded, 0);
	reply_fold(at, len, folded);
	line->folded = g_string_chunk_insert_len(reply->chunk, folded->str, (gssize)folded->len);
	if (is_blank(line->folded))
		line->kind = REPLY_EMPTY;
	else if (is_quote(line->folded) && !is_broken_end(reply->words, line->folded))
		line->kind = REPLY_QUOTE;
}

static gsize count_lines(const char *text)
{
	gsize n = 1;

	for (const char *p = text; n < REPLY_LINES_MAX && (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

/* What stands between ``` and ``` is somebody's code, whatever it looks like. */
static void mark_code(struct reply *reply)
{
	gsize open = reply->n;

	for (gsize i = 0; i < reply->n; i++) {
		if (!g_str_has_prefix(reply->lines[i].folded, "```"))
			continue;
		if (open == reply->n) {
			open = i;
			continue;
		}
		for (; open <= i; open++) {
			reply->lines[open].kind = REPLY_TEXT;
			reply->lines[open].folded = "";
		}
		open = reply->n;
	}
}

static gboolean is_barred(const struct reply_line *line)
{
	return line->kind == REPLY_TEXT && line->folded[0] == '|' && !strchr(line->folded + 1, '|');
}

/* "|" marks a quote as well, in two lines or more; with another one in the line it is a table. */
static void mark_barred(struct reply *reply)
{
	for (gsize i = 0; i + 1 < reply->n; i++) {
		gsize end = i;

		while (end < reply->n && is_barred(&reply->lines[end]))
			end++;
		for (gsize j = i; end > i + 1 && j < end; j++)
			reply->lines[j].kind = REPLY_QUOTE;
		i = MAX(i, end > i ? end - 1 : i);
	}
}

void reply_split(struct reply *reply, const hg_reply_words *words, const char *text)
{
	gsize most = count_lines(text);
	g_autoptr(GString) folded = g_string_new(NULL);
	const char *p = text;

	*reply = (struct reply){ .words = words, .lines = g_new0(struct reply_line, most),
		.chunk = g_string_chunk_new(8192) };
	while (reply->n < most) {
		const char *end = reply->n + 1 < most ? strchr(p, '\n') : NULL;

		add_line(reply, p, end ? (gsize)(end - p) : strlen(p), folded);
		if (!end)
			break;
		p = end + 1;
	}
	mark_code(reply);
	mark_barred(reply);
}

void reply_clear(struct reply *reply)
{
	g_free(reply->lines);
	g_string_chunk_free(reply->chunk);
}

gsize reply_next(const struct reply *reply, gsize i)
{
	while (++i < reply->n && reply->lines[i].kind == REPLY_EMPTY)
		;
	return MIN(i, reply->n);
}

gsize reply_before(const struct reply *reply, gsize i)
{
	while (i-- > 0) {
		if (reply->lines[i].kind != REPLY_EMPTY)
			return i;
	}
	return reply->n;
}

gboolean reply_any(const struct reply *reply, enum reply_kind kind, gsize from, gsize to)
{
	for (gsize i = from; i < to; i++) {
		if (reply->lines[i].kind == kind)
			return TRUE;
	}
	return FALSE;
}
