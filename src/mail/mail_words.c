/* mail_words.c - what stands in a header field as text */
#include "mail_words.h"

#include <string.h>

#include "mail_charset.h"
#include "text.h"

#define WORD_MAX 16384		/* bytes of one encoded word; RFC 2047 allows 75, mailers do not count */
#define CHARSET_MAX 64
#define READ_MAX 65536		/* bytes of a field that are looked at: sixteen times what is kept */
#define ID_MAX 998		/* of a msg-id: a line's (RFC 5322 section 2.1.1) */

/* An encoded word, taken apart: =?charset*language?encoding?text?= */
struct word {
	const char *charset;
	gsize charset_len;
	char encoding;		/* 'q' or 'b' */
	const char *text;
	gsize len, whole;
};

/* Words with spaces in their text are sent too, and read. */
static gboolean find_word(const char *p, const char *end, struct word *ret)
{
	const char *charset = p + 2, *mark, *text, *stop;

	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return FALSE;
	mark = memchr(charset, '?', MIN((gsize)(end - charset), CHARSET_MAX));
	if (!mark || mark == charset || end - mark < 5 || !mark[1] || !strchr("qQbB", mark[1]) || mark[2] != '?')
		return FALSE;
	text = mark + 3;
	stop = memmem(text, MIN((gsize)(end - text), WORD_MAX), "?=", 2);
	if (!stop)
		return FALSE;
	*ret = (struct word){ .charset = charset, .charset_len = (gsize)(mark - charset),
			      .encoding = g_ascii_tolower(mark[1]), .text = text, .len = (gsize)(stop - text),
			      .whole = (gsize)(stop + 2 - p) };
	for (gsize i = 0; i < ret->charset_len; i++)	/* RFC 2231 section 5: a language behind it */
		if (charset[i] == '*')
			ret->charset_len = i;
	return TRUE;
}

gsize hg_word_len(const char *p, const char *end)
{
	struct word word;

	return find_word(p, end, &word) ? word.whole : 0;
}

static void decode_q(const struct word *word, GString *out)
{
	for (gsize i = 0; i < word->len; i++) {
		char c = word->text[i];

		if (c == '=' && i + 2 < word->len && g_ascii_isxdigit(word->text[i + 1]) && g_ascii_isxdigit(word->text[i + 2])) {
			c = (char)(g_ascii_xdigit_value(word->text[i + 1]) << 4 | g_ascii_xdigit_value(word->text[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		g_string_append_c(out, c);
	}
}

static void decode_b(const struct word *word, GString *out)
{
	gint state = 0;
	guint save = 0;
	gsize at = out->len, done;

	g_string_set_size(out, at + word->len / 4 * 3 + 6);
	done = g_base64_decode_step(word->text, word->len, (guchar *)out->str + at, &state, &save);
	g_string_truncate(out, at + done);
	/* Without its padding the end is lost: give it one. */
	if (ABS(state) % 4 > 1) {
		guchar rest[6];

		done = g_base64_decode_step("==", (gsize)(4 - ABS(state) % 4), rest, &state, &save);
		g_string_append_len(out, (char *)rest, (gssize)done);
	}
}

/* Bytes of one character set: an encoded character may lie across two words. */
struct run {
	GString *bytes;
	char charset[CHARSET_MAX + 1];	/* "": raw bytes of the field */
	const char *hint;
	GString *out;
};

static void end_run(struct run *run)
{
	g_autofree char *text = NULL;
	gsize len;

	if (!run->bytes->len)
		return;
	text = hg_charset_text(run->bytes->str, run->bytes->len, *run->charset ? run->charset : run->hint, &len, NULL);
	g_string_append_len(run->out, text, (gssize)len);
	g_string_truncate(run->bytes, 0);
}

static void begin_run(struct run *run, const char *charset, gsize len)
{
	if (strlen(run->charset) == len && !g_ascii_strncasecmp(run->charset, charset, len))
		return;
	end_run(run);
	memcpy(run->charset, charset, len);
	run->charset[len] = '\0';
}

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space: a fold is one space; between two encoded words it is nothing (RFC 2047 section 6.2). */
static const char *take_space(struct run *run, const char *p, const char *end, gboolean after_word)
{
	const char *stop = p;
	gboolean fold = FALSE;
	struct word word;

	for (; stop < end && is_space(*stop); stop++)
		fold |= *stop == '\n';
	if (after_word && find_word(stop, end, &word))
		return stop;
	begin_run(run, "", 0);
	if (fold)
		g_string_append_c(run->bytes, ' ');
	else
		for (; p < stop; p++)
			g_string_append_c(run->bytes, *p == '\r' ? ' ' : *p);
	return stop;
}

/* Takes out what has no business in a line, and white space at its ends; cuts. */
static char *one_line(const GString *text)
{
	GString *out = g_string_sized_new(text->len);
	g_autofree char *valid = g_utf8_make_valid(text->str, (gssize)text->len);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\r' && p[1] == '\n')
			continue;
		if (c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029)
			c = ' ';
		/* Marks that turn the reading direction, and what is not to be seen; joiners belong to scripts. */
		if (g_unichar_type(c) == G_UNICODE_CONTROL || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
		    c == 0x200e || c == 0x200f || c == 0xfeff || (c == ' ' && !out->len))
			continue;
		g_string_append_unichar(out, c);
		if (out->len > HG_LINE_MAX)
			break;
	}
	if (out->len > HG_LINE_MAX)
		g_string_truncate(out, (gsize)(g_utf8_find_prev_char(out->str, out->str + out->len) - out->str));
	while (out->len && out->str[out->len - 1] == ' ')
		g_string_truncate(out, out->len - 1);
	return g_string_free(out, FALSE);
}

char *hg_words_text(const char *bytes, gsize len, const char *hint)
{
	const char *p = bytes, *end = bytes + MIN(len, READ_MAX), *next_end = bytes;
	g_autoptr(GString) raw = g_string_new(NULL), out = g_string_new(NULL);
	struct run run = { .bytes = raw, .hint = hint, .out = out };
	gboolean after_word = FALSE;
	struct word word;

	while (p < end) {
		/* Nothing ends a word any more: none begins (and nobody looks for its end again and again). */
		if (next_end && next_end <= p)
			next_end = memmem(p, (gsize)(end - p), "?=", 2);
		if (is_space(*p)) {	/* analyser: p is before the end */
			p = take_space(&run, p, end, after_word);
		} else if (*p == '=' && next_end && find_word(p, end, &word)) {
			begin_run(&run, word.charset, word.charset_len);
			(word.encoding == 'q' ? decode_q : decode_b)(&word, raw);
			p += word.whole;
			after_word = TRUE;
			continue;
		} else {
			begin_run(&run, "", 0);
			g_string_append_c(raw, *p++);
		}
		after_word = FALSE;
	}
	end_run(&run);
	return one_line(out);
}

const char *hg_field_text(hg_arena *arena, const struct hg_field *field, const char *hint)
{
	g_autofree char *text = field ? hg_words_text(field->value, field->len, hint) : NULL;

	return hg_arena_str(arena, text);
}

const char *hg_field_token(hg_arena *arena, const struct hg_field *field)
{
	gsize n = 0;
	char *token;

	if (!field)
		return "";
	while (n < field->len && n < 200 && !is_space(field->value[n]) && !strchr(";(,", field->value[n]))
		n++;
	token = hg_arena_mem(arena, field->value, n);
	for (char *c = token; *c; c++)
		*c = (guint8)*c < 0x80 ? g_ascii_tolower(*c) : '?';
	return token;
}

/* ---- msg-ids ---- */

/* Clean enough to be compared and sent again: nothing that ends lines, no brackets, valid. */
static const char *clean_id(hg_arena *arena, const char *p, const char *end)
{
	g_autoptr(GString) id = g_string_new(NULL);

	for (; p < end; p++)
		if (!is_space(*p) && *p != '<' && *p != '>' && (guint8)*p > ' ' && *p != 0x7f)
			g_string_append_c(id, *p);
	if (!id->len || id->len > ID_MAX)
		return NULL;
	if (!g_utf8_validate_len(id->str, id->len, NULL)) {
		g_autofree char *valid = g_utf8_make_valid(id->str, (gssize)id->len);

		return hg_arena_str(arena, valid);
	}
	return hg_arena_mem(arena, id->str, id->len);
}

/* The next id at *p: in angle brackets, or a word with an @ where the field has no brackets at all. */
static const char *next_id(hg_arena *arena, const char **p, const char *end, gboolean bare)
{
	const char *start, *stop;

	if (!bare) {
		start = memchr(*p, '<', (gsize)(end - *p));
		stop = start ? memchr(start, '>', (gsize)(end - start)) : NULL;
		*p = stop ? stop + 1 : end;
		return start ? clean_id(arena, start, stop ?: end) : NULL;
	}
	for (start = *p; start < end && (is_space(*start) || *start == ',');)
		start++;
	for (stop = start; stop < end && !is_space(*stop) && *stop != ',';)
		stop++;
	*p = stop;
	return memchr(start, '@', (gsize)(stop - start)) ? clean_id(arena, start, stop) : NULL;
}

void hg_field_ids(hg_arena *arena, const struct hg_head *head, const char *name, gsize max, struct hg_mail_ids *ret,
		  gboolean *ret_dropped)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();

	for (const struct hg_field *f = hg_head_get(head, name); f; f = hg_head_next(head, name, f)) {
		const char *p = f->value, *end = p + f->len;
		gboolean bare = !memchr(p, '<', f->len);

		while (p < end && ids->len < 100000) {
			const char *id = next_id(arena, &p, end, bare);

			if (id)
				g_ptr_array_add(ids, (char *)id);
		}
	}
	if (ret_dropped)
		*ret_dropped = ids->len > max;
	if (ids->len > max)
		g_ptr_array_remove_range(ids, 1, (guint)(ids->len - max));
	ret->n = ids->len;
	ret->of = hg_arena_mem(arena, ids->pdata, ids->len * sizeof(char *));
}
