/* reply_marks.c - blocks of headers, marks between dashes, signatures, small print, broken quotes */
#include "reply_lines.h"

#include <string.h>

#define RULE_LINES_MAX 12	/* below a line of dashes, to be a signature */
#define LEGAL_MIN      300	/* bytes of small print */
#define DEVICE_MAX     160	/* bytes of a line that a program added */

static gboolean only(const char *text, const char *signs)
{
	return *text && text[strspn(text, signs)] == '\0';
}

/* ---- marks ---- */

static gboolean is_header(const struct reply *reply, gsize i, guint *ret_bits, const char **ret_value);

static enum reply_kind mark_of(const struct reply *reply, gsize i)
{
	const char *folded = reply->lines[i].folded, *p = folded + strspn(folded, "-_*=>#<~ "), *value;
	gsize len = reply_word_at(reply->words, REPLY_ORIGINAL, p), next = reply_next(reply, i);
	enum reply_kind kind = len ? REPLY_ORIGINAL_MARK : REPLY_FORWARD_MARK;
	gboolean dashes = p - folded >= 2;
	guint bits = 0;

	if (!len)
		len = reply_word_at(reply->words, REPLY_FORWARDED, p);
	if (!len)
		return REPLY_TEXT;
	p += len;
	if (dashes && *p && strspn(p, "-_*=> ") >= 2)
		return kind;	/* something may follow on the line */
	if (p[strspn(p, "-_*=>:~ ")])
		return REPLY_TEXT;
	if (dashes || strchr(p, ':') || strstr(p, "--"))
		return kind;
	return next < reply->n && (reply->lines[next].kind == REPLY_QUOTE || is_header(reply, next, &bits, &value)) ? kind
														      : REPLY_TEXT;
}

/* ---- blocks of headers ---- */

static gboolean is_header(const struct reply *reply, gsize i, guint *ret_bits, const char **ret_value)
{
	const char *folded = reply->lines[i].folded, *p = folded + strspn(folded, "*_>| ");
	gboolean found = FALSE;

	for (enum reply_word word = REPLY_FROM; word <= REPLY_SUBJECT; word++) {
		gsize len = reply_word_at(reply->words, word, p);
		const char *after = p + len + strspn(p + len, "*_ ");

		if (!len || *after != ':')
			continue;
		*ret_bits |= 1u << word;
		*ret_value = after + 1;
		found = TRUE;
	}
	return found;
}

struct block {
	gsize end;		/* behind its last line */
	guint bits, lines;
	gboolean address, timed;
};

static gboolean has_digit(const char *text)
{
	return text[strcspn(text, "0123456789")] != '\0';
}

static void read_block(const struct reply *reply, gsize from, struct block *ret)
{
	guint loose = 0;	/* lines since the last header: wrapped lists of addresses */
	const char *value;

	*ret = (struct block){ .end = from };
	for (gsize i = from; i < reply->n && ret->lines < 40; i++) {
		const struct reply_line *line = &reply->lines[i];

		if (line->kind == REPLY_EMPTY && (i + 1 >= reply->n || !is_header(reply, i + 1, &ret->bits, &value)))
			break;
		if (line->kind == REPLY_EMPTY)
			continue;
		if (line->kind != REPLY_TEXT && line->kind != REPLY_ATTRIBUTION)
			break;
		ret->address |= strchr(line->folded, '@') != NULL;
		if (is_header(reply, i, &ret->bits, &value)) {
			ret->timed |= has_digit(value) && strchr(value, ':');
			ret->lines++;
			loose = 0;
		} else if (++loose > 3) {
			break;
		}
		ret->end = i + 1;
	}
}

static gboolean has(const struct block *block, enum reply_word word)
{
	return block->bits >> word & 1;
}

/* Three of them, or an address behind From; "From: Berlin, To: Paris, Date: 12 May" is a journey. */
static gboolean is_block(const struct reply *reply, gsize from, const struct block *block)
{
	gsize before = reply_before(reply, from);
	gboolean ruled = before < reply->n && (reply->lines[before].kind >= REPLY_ORIGINAL_MARK ||
					       only(reply->lines[before].folded, "_-"));
	guint kinds = has(block, REPLY_FROM) + has(block, REPLY_SENT) + has(block, REPLY_TO) + has(block, REPLY_SUBJECT);

	/* One alone has to name somebody as mails do, and to stand for itself. */
	if (block->lines < 2)
		return has(block, REPLY_FROM) && block->address &&
		       (ruled || (from > 0 && reply->lines[from - 1].kind == REPLY_EMPTY && block->end == from + 1 &&
				  g_str_has_suffix(reply->lines[from].folded, ">") && strchr(reply->lines[from].folded, '<')));
	if (!has(block, REPLY_FROM) && !(has(block, REPLY_SENT) && kinds >= 3))
		return FALSE;
	if (kinds >= 3)
		return ruled || has(block, REPLY_SUBJECT) || block->address || block->timed;
	return kinds == 2 && (ruled || block->address || (has(block, REPLY_SUBJECT) && block->timed));
}

void reply_mark_heads(struct reply *reply)
{
	for (gsize i = 0; i < reply->n; i++) {
		struct block block;
		const char *value;
		guint bits = 0;

		if (reply->lines[i].kind != REPLY_TEXT)
			continue;
		reply->lines[i].kind = mark_of(reply, i);
		if (reply->lines[i].kind != REPLY_TEXT || !is_header(reply, i, &bits, &value))
			continue;
		read_block(reply, i, &block);
		if (!is_block(reply, i, &block))
			continue;
		for (; i < block.end; i++) {
			if (reply->lines[i].kind != REPLY_EMPTY)
				reply->lines[i].kind = REPLY_HEAD;
		}
		i = block.end - 1;
	}
}

/* ---- signatures ---- */

static gboolean ends_text(enum reply_kind kind)
{
	return kind == REPLY_QUOTE || kind == REPLY_ATTRIBUTION || kind == REPLY_ORIGINAL_MARK || kind == REPLY_FORWARD_MARK ||
	       kind == REPLY_HEAD;
}

static gsize text_end(const struct reply *reply, gsize i)
{
	while (i < reply->n && !ends_text(reply->lines[i].kind))
		i++;
	return i;
}

/* RFC 3676, section 4.3: "-- ", whose space many lose. */
static gboolean is_dashes(const char *folded)
{
	return strcmp(folded, "--") == 0 || strcmp(folded, "\xe2\x80\x94") == 0 || strcmp(folded, "\xe2\x80\x93") == 0;
}

static gboolean is_rule(const char *folded)
{
	gsize len = strlen(folded);

	return len > 1 && (only(folded, "-") || only(folded, "_") || only(folded, "=") || only(folded, "*") ||
			   only(folded, "~") || only(folded, "#") || only(folded, "+") || only(folded, "-_=*~+#, ") ||
			   (len % 3 == 0 && strncmp(folded, "\xe2\x80\x94", 3) == 0 && only(folded, "\xe2\x80\x94")));
}

/* Is what stands from..to small enough for a signature, and no table or list with rules in it? */
static gboolean is_small(const struct reply *reply, gsize from, gsize to)
{
	guint lines = 0, rules = 0;

	for (gsize i = from; i < to; i++) {
		const char *folded = reply->lines[i].folded;

		if (reply->lines[i].kind == REPLY_EMPTY)
			continue;
		rules += is_rule(folded);
		lines++;
		if (strchr(folded, '|') && strchr(strchr(folded, '|') + 1, '|'))
			return FALSE;
	}
	return lines <= RULE_LINES_MAX && rules <= 1;
}

static void mark_signature(struct reply *reply, gsize from, gsize to)
{
	for (gsize i = from; i < to; i++) {
		if (reply->lines[i].kind != REPLY_EMPTY)
			reply->lines[i].kind = REPLY_SIGNATURE;
	}
}

static void mark_rules(struct reply *reply)
{
	gboolean said = FALSE;

	for (gsize i = 0; i < reply->n; i++) {
		const char *folded = reply->lines[i].folded;
		gboolean dashes = is_dashes(folded), apart = i > 0 && reply->lines[i - 1].kind == REPLY_EMPTY;
		gsize end;

		if (reply->lines[i].kind != REPLY_TEXT)
			continue;
		if (!said || (!dashes && !is_rule(folded))) {
			said = TRUE;
			continue;
		}
		end = text_end(reply, i);
		/* "Title", dashes below it, and a text: a heading, which nothing parts from its text. */
		if (!dashes && !is_small(reply, i + 1, end))
			continue;
		if (!dashes && !apart && *folded != '_' && end > i + 1 && reply->lines[i + 1].kind == REPLY_TEXT)
			continue;
		mark_signature(reply, i, end);
		i = end - 1;
	}
}

/* What programs add stands by itself: a line below which his text does not go on. */
static gboolean is_device(const struct reply *reply, gsize i, GString *text)
{
	const char *folded = reply->lines[i].folded, *p = folded + strspn(folded, "(<[*_-~ ");
	gsize next = i + 1, len;

	if (reply->lines[i].kind != REPLY_TEXT || strlen(folded) > DEVICE_MAX)
		return FALSE;
	if (next < reply->n && reply->lines[next].kind == REPLY_TEXT &&
	    (i == 0 || reply->lines[i - 1].kind == REPLY_TEXT))
		return FALSE;
	g_string_assign(text, p);
	for (len = text->len; len && strchr(")>]*_~. !", text->str[len - 1]); len--)
		;
	g_string_truncate(text, len);
	if (strlen(folded) > 90 && !strstr(folded, "http"))
		return FALSE;
	return reply_device(reply->words, text->str);
}

static void mark_devices(struct reply *reply)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < reply->n; i++) {
		if (!is_device(reply, i, text))
			continue;
		reply->lines[i].kind = REPLY_SIGNATURE;
		/* its link, on a line of its own */
		if (i + 1 < reply->n && (g_str_has_prefix(reply->lines[i + 1].folded, "<http") ||
					 g_str_has_prefix(reply->lines[i + 1].folded, "(http")))
			reply->lines[++i].kind = REPLY_SIGNATURE;
	}
}

/* The paragraph that ends before end; 0 to: none. */
static gsize paragraph_start(const struct reply *reply, gsize end)
{
	gsize i = end;

	while (i > 0 && reply->lines[i - 1].kind == REPLY_TEXT)
		i--;
	return i;
}

static gboolean is_legal(const struct reply *reply, gsize from, gsize to, gsize *ret_bytes)
{
	guint n = 0, words = 0;

	for (gsize i = from; i < to; i++) {
		g_autoptr(GString) folded = g_string_new(reply->lines[i].folded);

		if (!folded->len)
			reply_fold(reply->lines[i].at, MIN(reply->lines[i].len, 4 * REPLY_LINE_MAX), folded);
		n += reply_word_count(reply->words, REPLY_LEGAL, folded->str);
		words += folded->len > 60 ? 9 : 1;
		*ret_bytes += reply->lines[i].len;
	}
	return n >= 2 || (n == 1 && words < 2);
}

/* Small print stands at the end, is long and full of its words. */
static void mark_legal(struct reply *reply)
{
	gsize first = text_end(reply, 0), end = first, from = first, bytes = 0;

	while (end > 0 && reply->lines[end - 1].kind != REPLY_TEXT)
		end--;
	while (end > 0) {
		gsize start = paragraph_start(reply, end), more = bytes;

		if (start == end || !is_legal(reply, start, end, &more))
			break;
		bytes = more;
		from = start;
		for (end = start; end > 0 && reply->lines[end - 1].kind == REPLY_EMPTY; end--)
			;
	}
	if (bytes >= LEGAL_MIN && end > 0)
		mark_signature(reply, from, first);
}

void reply_mark_signatures(struct reply *reply)
{
	mark_rules(reply);
	mark_devices(reply);
	mark_legal(reply);
}

/* ---- broken quotes ---- */

void reply_mark_broken(struct reply *reply)
{
	for (gsize i = 1; i + 1 < reply->n; i++) {
		struct reply_line *line = &reply->lines[i], *above = &reply->lines[i - 1], *below = &reply->lines[i + 1];
		gunichar first = g_utf8_get_char(line->folded), written = g_utf8_get_char(line->at);

		/* A long line above, and this one is its rest: short, and no sentence begins with it. */
		if (line->kind == REPLY_TEXT && above->kind == REPLY_QUOTE && below->kind == REPLY_QUOTE && above->len >= 60 &&
		    line->len < MIN(above->len, 72) && (first == written || !g_unichar_isupper(written)))
			line->kind = REPLY_QUOTE;
	}
}
