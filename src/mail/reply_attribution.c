/* reply_attribution.c - "On Monday, X <a@b> wrote:", in any language, on one line or several
 *
 * What ends such lines is looked for first; from there upward the nearest line that may begin one.  Words come
 * from reply_words.txt; dates and addresses look the same everywhere. */
#include "reply_lines.h"

#include <string.h>

#define LINES_MAX 6		/* of one attribution */
#define BYTES_MAX 700
#define TAIL	  48

/* What stands in some lines, joined by spaces. */
struct clues {
	gboolean on, wrote, wrote_at_end, quoting, address, angle, time, date, year, zone, colon, via, digit_first;
};

static gboolean is_digit(char c)
{
	return g_ascii_isdigit(c);
}

static gboolean has_address(const char *text)
{
	for (const char *p = text; (p = strchr(p, '@')); p++) {
		if (p > text && !g_ascii_isspace(p[-1]) && (g_ascii_isalnum(p[1]) || (guchar)p[1] >= 0x80))
			return TRUE;
	}
	return FALSE;
}

/* 10:30, 20.42, 10h30; 12/3/2015, 12.3.15, 2015-03-12; 2015. */
static void read_number(const char *p, gsize len, struct clues *clues)
{
	char sign = p[len];
	const char *next = p + len + 1;
	gsize more = sign ? strspn(next, "0123456789") : 0;

	if (len == 4 && (g_str_has_prefix(p, "20") || g_str_has_prefix(p, "19")))
		clues->year = TRUE;
	if (!more)
		return;
	if (len <= 2 && more == 2 && (sign == ':' || sign == '.' || sign == 'h'))
		clues->time = TRUE;
	if ((sign == '/' || sign == '.' || sign == '-') && (next[more] == sign) && is_digit(next[more + 1]))
		clues->date = TRUE;
}

static void read_numbers(const char *text, struct clues *clues)
{
	for (const char *p = text; *p;) {
		gsize len = strspn(p, "0123456789");

		if (len)
			read_number(p, len, clues);
		p += len ? len : 1;
	}
}

/* Without what stands around it: dashes of "---- On ... wrote ----", stars of bold letters. */
static void strip(GString *text)
{
	gsize lead = strspn(text->str, "-<*_> \"=#"), len;

	g_string_erase(text, 0, (gssize)lead);
	for (len = text->len; len && strchr("-*_ \"=", text->str[len - 1]); len--)
		;
	g_string_truncate(text, len);
}

static void read_clues(const hg_reply_words *words, GString *text, struct clues *ret)
{
	const char *end = NULL;
	gsize len;

	*ret = (struct clues){ .colon = FALSE };
	strip(text);
	if (!text->len)
		return;
	ret->colon = text->str[text->len - 1] == ':';
	len = reply_word_at(words, REPLY_ON, text->str);
	ret->on = len > 0 && text->str[len];
	ret->quoting = reply_word_at(words, REPLY_QUOTING, text->str) > 0;
	ret->wrote = reply_word_in(words, REPLY_WROTE, text->str, &end);
	if (ret->wrote && g_str_has_prefix(end, "(a)"))
		end += 3;
	ret->wrote_at_end = ret->wrote && end[strspn(end, " :.>)")] == '\0';
	ret->address = has_address(text->str);
	ret->angle = strchr(text->str, '<') || strstr(text->str, "[mailto:");
	ret->via = strstr(text->str, " via ") != NULL;
	ret->zone = strstr(text->str, " gmt+") || strstr(text->str, " gmt-");
	ret->digit_first = is_digit(text->str[0]);
	read_numbers(text->str, ret);
}

/* May lines with these clues be one?  quoted: what follows has ">" in front. */
static gboolean is_attribution(const struct clues *c, gboolean quoted, gsize len)
{
	gboolean dated = c->date || c->year || c->time;

	if (c->wrote && (c->colon || c->wrote_at_end)) {
		if (c->on && (dated || quoted))
			return TRUE;
		if (c->address || (c->via && len < 120) || (dated && quoted) || ((c->year || c->date) && (c->time || c->wrote_at_end)))
			return TRUE;
		if (quoted && c->colon && len < 120)
			return TRUE;
	}
	if (c->quoting && c->colon && (c->address || quoted))
		return TRUE;
	/* 2015-10-18 0:17 GMT+03:00 X <a@b>: */
	if (c->colon && c->address && (c->year || c->date) && (c->time || c->angle))
		return TRUE;
	if (quoted && c->colon && (c->address || ((c->year || c->date) && (c->time || c->on))))
		return TRUE;
	/* 2013/10/2 X <a@b>, and 2016-03-03 17:21 GMT+01:00 X */
	if (c->digit_first && c->date && len < 120 && ((c->address && c->angle) || (c->time && c->zone)))
		return TRUE;
	if (quoted && c->digit_first && c->date && c->time && len < 80)
		return TRUE;
	return quoted && c->address && c->angle && (c->year || c->date);
}

static gboolean may_end_one(const hg_reply_words *words, const char *folded)
{
	gsize len = strlen(folded);

	while (len && strchr("-*_ \"=", folded[len - 1]))
		len--;
	if (!len || is_digit(folded[0]) || strchr(":>)].", folded[len - 1]))
		return len > 0;
	/* Without such a sign its verb is the last word. */
	return reply_word_in(words, REPLY_WROTE, len > TAIL ? g_utf8_find_next_char(folded + len - TAIL, NULL) : folded, NULL);
}

/* A line that is plainly the end of a sentence or paragraph goes before an attribution, not into it. */
static gboolean may_go_on(const struct reply_line *line)
{
	gsize len = strlen(line->folded);

	return line->kind == REPLY_TEXT && len && !strchr("?!:", line->folded[len - 1]);
}

static gboolean begins(const struct reply *reply, gsize i)
{
	const char *folded = reply->lines[i].folded + strspn(reply->lines[i].folded, "-<*_> \"");
	gsize len = reply_word_at(reply->words, REPLY_ON, folded);

	/* "a écrit :" and "a-long-address@b> wrote:" are the end of one, though they look like "à ...". */
	return len && folded[len] && !strchr("-_.+@", folded[len]) && !reply_word_at(reply->words, REPLY_WROTE, folded);
}

/* "23 mar 2017 21:25 X" and "вт, 5 янв. 2016 г. в 23:39, X" above the rest of it. */
static gboolean is_dated_start(const struct reply *reply, gsize i)
{
	const char *folded = reply->lines[i].folded;
	struct clues clues = { .colon = FALSE };
	gsize len = strcspn(folded, ",. ");

	read_numbers(folded, &clues);
	return (clues.year || clues.date) && strlen(folded) < 160 &&
	       (is_digit(folded[0]) || (len <= 24 && (folded[len] == ',' || folded[len] == '.')));
}

/* An empty line in the middle, between the date and the address that some programs put on lines of their own. */
static gboolean may_skip(const struct reply *reply, gsize empty, const struct clues *below)
{
	struct clues above = { .colon = FALSE };

	if (!empty || reply->lines[empty].kind != REPLY_EMPTY || reply->lines[empty - 1].kind != REPLY_TEXT ||
	    below->date || below->year || below->time || !below->wrote || !below->address || !begins(reply, empty - 1))
		return FALSE;
	read_numbers(reply->lines[empty - 1].folded, &above);
	return above.time && (above.year || above.date);
}

static void mark(struct reply *reply, gsize from, gsize to)
{
	for (gsize i = from; i <= to; i++)
		reply->lines[i].kind = REPLY_ATTRIBUTION;
}

/* Lines from..end as one text; FALSE: too long. */
static gboolean join(const struct reply *reply, gsize from, gsize end, GString *out)
{
	g_string_truncate(out, 0);
	for (gsize i = from; i <= end; i++) {
		if (out->len + strlen(reply->lines[i].folded) > BYTES_MAX)
			return FALSE;
		g_string_append(out, out->len ? " " : "");
		g_string_append(out, reply->lines[i].folded);
	}
	return TRUE;
}

/* The line that an attribution which ends here begins with; FALSE: none does. */
static gboolean find_start(const struct reply *reply, gsize end, gsize *ret_start)
{
	g_autoptr(GString) text = g_string_sized_new(BYTES_MAX);
	gsize next = reply_next(reply, end), found = reply->n, from = end;
	gboolean quoted = next < reply->n && reply->lines[next].kind == REPLY_QUOTE;
	struct clues clues, best = { .colon = FALSE };

	for (guint n = 0; n < LINES_MAX; n++, from--) {
		if (!join(reply, from, end, text))
			break;
		read_clues(reply->words, text, &clues);
		if (is_attribution(&clues, quoted, text->len)) {
			/* The nearest one that will do, unless another plainly begins it or has the verb that it lacks. */
			if (found == reply->n || begins(reply, from) || is_dated_start(reply, from) ||
			    (clues.wrote && clues.address && !best.wrote)) {
				found = from;
				best = clues;
			}
			if (begins(reply, from) || (n && is_dated_start(reply, from)))
				break;
		}
		if (from == 0)
			break;
		if (may_go_on(&reply->lines[from - 1]))
			continue;
		if (!may_skip(reply, from - 1, &clues))
			break;
		from--;
	}
	*ret_start = found;
	return found < reply->n;
}

/* "Thanks! On Monday, X <a@b> wrote:" on one line: where the attribution begins; 0: nowhere. */
static gsize find_within(const struct reply *reply, const struct reply_line *line)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint tries = 0;

	for (gsize at = 2; at < line->len && tries < 8; at++) {
		struct clues clues;

		if (line->at[at - 1] != ' ' || !g_ascii_isupper(line->at[at]))
			continue;
		g_string_truncate(text, 0);
		reply_fold(line->at + at, line->len - at, text);
		if (!reply_word_at(reply->words, REPLY_ON, text->str))
			continue;
		tries++;
		read_clues(reply->words, text, &clues);
		if (clues.on && clues.wrote && clues.colon && (clues.time || clues.address) && (clues.year || clues.date))
			return at;
	}
	return 0;
}

/* His words before it stay; an empty line below takes its place. */
static gboolean cut_within(struct reply *reply, gsize i)
{
	struct reply_line *line = &reply->lines[i];
	gsize at = begins(reply, i) || is_digit(line->folded[0]) ? 0 : find_within(reply, line);

	if (!at)
		return FALSE;
	line->len = at - 1;
	if (i + 1 < reply->n && reply->lines[i + 1].kind == REPLY_EMPTY)
		reply->lines[i + 1].kind = REPLY_ATTRIBUTION;
	return TRUE;
}

/* A first quoted line may hold the attribution of what follows, itself not quoted. */
static gboolean is_quoted_attribution(const struct reply *reply, gsize i)
{
	g_autoptr(GString) text = NULL;
	gsize next = reply_next(reply, i), before = reply_before(reply, i);
	struct clues clues;

	if (next >= reply->n || reply->lines[next].kind != REPLY_TEXT ||
	    (before < reply->n && reply->lines[before].kind != REPLY_TEXT))
		return FALSE;
	text = g_string_new(reply->lines[i].folded);
	read_clues(reply->words, text, &clues);
	return is_attribution(&clues, FALSE, text->len);
}

/* "On ... X <a@b> wrote:   Hello", as some phones have it: all of the line is old. */
static gboolean is_run_on(const struct reply *reply, gsize i)
{
	const char *folded = reply->lines[i].folded, *stop;
	g_autoptr(GString) text = NULL;
	struct clues clues;

	if (!begins(reply, i) || !(stop = strstr(folded, ": ")) || stop - folded > BYTES_MAX)
		return FALSE;
	while (stop[1] == ' ' && g_ascii_isdigit(stop[2]) && strstr(stop + 1, ": "))
		stop = strstr(stop + 1, ": ");
	text = g_string_new_len(folded, stop - folded + 1);
	read_clues(reply->words, text, &clues);
	return clues.on && clues.wrote_at_end && clues.address && (clues.time || clues.year || clues.date);
}

void reply_mark_attributions(struct reply *reply)
{
	for (gsize i = 0; i < reply->n; i++) {
		const struct reply_line *line = &reply->lines[i];
		gsize start;

		if (line->kind == REPLY_QUOTE && is_quoted_attribution(reply, i))
			mark(reply, i, i);
		else if (line->kind == REPLY_TEXT && g_str_has_suffix(line->folded, ":") && cut_within(reply, i))
			continue;
		else if (line->kind == REPLY_TEXT && may_end_one(reply->words, line->folded) && find_start(reply, i, &start))
			mark(reply, start, i);
		else if (line->kind == REPLY_TEXT && is_run_on(reply, i))
			mark(reply, i, i);
	}
}
