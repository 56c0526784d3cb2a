/* json_scan.c - refuses what RFC 8259 does not allow, without building anything
 *
 * It runs on every webhook, so strings, which are most of the bytes, are passed eight at a time. */
#include "json_scan.h"

#include <math.h>
#include <string.h>

#define NUMBER_MAX 1024		/* characters of a number; more than a double needs (RFC 8259 section 9) */

static gboolean bad(struct hg_json_scan *s, const guint8 *at, const char *what)
{
	s->at = at;
	s->what = what;
	s->code = HG_ERROR_INPUT;
	return FALSE;
}

static gboolean too_much(struct hg_json_scan *s, const guint8 *at, const char *what)
{
	bad(s, at, what);
	s->code = HG_ERROR_LIMIT;
	return FALSE;
}

/* ---- strings ---- */
#define EACH(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))

/* Nonzero when one of eight bytes is a control character, a quote, a backslash or not ASCII.  In
 * x - EACH(n) & ~x the upper bit of a byte is set when it was below n, or when a byte below it
 * was: it finds too much only where there is something to find. */
static inline guint64 special_of(guint64 x)
{
	guint64 quote = x ^ EACH('"'), slash = x ^ EACH('\\');

	return (((x - EACH(0x20)) & ~x) | ((quote - EACH(1)) & ~quote) |
		((slash - EACH(1)) & ~slash) | x) & EACH(0x80);
}

static inline const guint8 *skip_plain(const guint8 *p, const guint8 *end)
{
	guint64 eight;

	for (; end - p >= 8; p += 8) {
		memcpy(&eight, p, 8);
		if (special_of(eight))
			break;
	}
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static inline gboolean is_tail(guint8 c)
{
	return (c & 0xc0) == 0x80;
}

/* Bytes of the UTF-8 sequence at p, which begins with one above 0x7f; 0 when it is none (RFC 3629:
 * no overlong forms, no surrogates, nothing above U+10FFFF). */
static gsize utf8_len(const guint8 *p, const guint8 *end)
{
	gsize left = (gsize)(end - p);

	if (p[0] < 0xc2 || p[0] > 0xf4 || left < 2 || !is_tail(p[1]))
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (left < 3 || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0)
		return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
	if (left < 4 || !is_tail(p[3]) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return 4;
}

/* The four hex digits of \uXXXX at p; -1 when they are not there. */
static int unit_at(const guint8 *p, const guint8 *end)
{
	int value = 0;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int digit = g_ascii_xdigit_value((char)p[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static gboolean scan_unit(struct hg_json_scan *s, const guint8 **p)
{
	int unit = unit_at(*p, s->end), low;

	if (unit < 0)
		return bad(s, *p, "\\u needs four hex digits");
	if (unit == 0)
		return bad(s, *p, "\\u0000 is not taken");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return bad(s, *p, "a low surrogate without a high one before it");
	if (unit >= 0xd800 && unit <= 0xdbff) {
		low = unit_at(*p + 6, s->end);
		if (low < 0xdc00 || low > 0xdfff)
			return bad(s, *p, "a high surrogate without a low one behind it");
		*p += 6;
	}
	*p += 6;
	return TRUE;
}

static gboolean scan_escape(struct hg_json_scan *s, const guint8 **p)
{
	if (s->end - *p >= 2 && (*p)[1] == 'u')
		return scan_unit(s, p);
	if (s->end - *p < 2 || !(*p)[1] || !strchr("\"\\/bfnrt", (*p)[1]))
		return bad(s, *p, "an escape that JSON does not have");
	*p += 2;
	return TRUE;
}

/* *p is behind the opening quote, and behind the closing one afterwards. */
static gboolean scan_string(struct hg_json_scan *s, const guint8 **p)
{
	for (;;) {
		gsize len;

		*p = skip_plain(*p, s->end);
		if (*p == s->end)
			return bad(s, *p, "the text ends within a string");
		if (**p == '"') {
			++*p;
			return TRUE;
		}
		if (**p == '\\') {
			if (!scan_escape(s, p))
				return FALSE;
			continue;
		}
		if (**p < 0x20)
			return bad(s, *p, "a control character within a string");
		len = utf8_len(*p, s->end);
		if (!len)
			return bad(s, *p, "invalid UTF-8");
		*p += len;
	}
}

/* ---- numbers ---- */
static const guint8 *skip_digits(const guint8 *p, const guint8 *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* json-c clamps what 64 bits do not hold: refuse it instead.  Down to -2^63, up to 2^64 - 1. */
static gboolean integer_fits(const guint8 *digits, gsize n, gboolean negative)
{
	guint64 value = 0;

	if (n <= 18)
		return TRUE;
	for (; n; n--, digits++)
		if (!g_uint64_checked_mul(&value, value, 10) ||
		    !g_uint64_checked_add(&value, value, (guint64)(*digits - '0')))
			return FALSE;
	return !negative || value <= (guint64)G_MAXINT64 + 1;
}

static gboolean double_fits(const guint8 *start, gsize len)
{
	char copy[NUMBER_MAX + 1];

	memcpy(copy, start, len);
	copy[len] = '\0';
	return isfinite(g_ascii_strtod(copy, NULL));
}

static gboolean scan_number(struct hg_json_scan *s, const guint8 **p)
{
	const guint8 *start = *p, *q = start + (*start == '-'), *digits = q;

	q = skip_digits(q, s->end);
	if (q == digits)
		return bad(s, start, "a minus without digits");
	if (*digits == '0' && q - digits > 1)
		return bad(s, start, "a number with a leading zero");
	if (q == s->end || !strchr(".eE", *q ?: 'x')) {
		if (!integer_fits(digits, (gsize)(q - digits), *start == '-'))
			return bad(s, start, "an integer beyond 64 bits");
		*p = q;
		return TRUE;
	}
	if (*q == '.') {
		digits = ++q;
		q = skip_digits(q, s->end);
		if (q == digits)
			return bad(s, start, "a number without digits behind its point");
	}
	if (q < s->end && (*q == 'e' || *q == 'E')) {
		q++;
		q += q < s->end && (*q == '+' || *q == '-');
		digits = q;
		q = skip_digits(q, s->end);
		if (q == digits)
			return bad(s, start, "a number without digits in its exponent");
	}
	*p = q;
	if (q - start > NUMBER_MAX)
		return too_much(s, start, "a number of more than 1024 characters");
	if (!double_fits(start, (gsize)(q - start)))
		return bad(s, start, "a number beyond what a double holds");
	return TRUE;
}

/* ---- memory: "{}," is 3 bytes of text and 800 of tree, so the bytes alone are no limit ---- */
enum { OBJECT_TAKES = 800, LIST_TAKES = 360, KEY_TAKES = 100, VALUE_TAKES = 72 };

static gboolean take_memory(struct hg_json_scan *s, const guint8 *at, gsize bytes)
{
	s->memory += bytes;
	if (s->max_memory && s->memory > s->max_memory)
		return too_much(s, at, "more values than are taken");
	return TRUE;
}

/* ---- values and their order ---- */
enum expect {
	VALUE,
	VALUE_OR_END,		/* behind "[" */
	KEY,			/* behind "{" and "," of an object */
	KEY_OR_END,
	NEXT,			/* behind a value: comma, bracket, or the end of it all */
};

struct place {
	const guint8 *p;
	enum expect expect;
	guint depth;			/* open brackets */
	guint8 is_object[HG_JSON_DEPTH_MAX / 8];	/* a bit for each of them */
	guint objects;			/* so far */
	guint *numbers;			/* of the open brackets; only for on_key */
};

/* Of the innermost bracket; there is one. */
static gboolean in_object(const struct place *at)
{
	guint i = at->depth - 1;

	return at->is_object[i / 8] >> i % 8 & 1;
}

static gboolean scan_open(struct hg_json_scan *s, struct place *at)
{
	guint i = at->depth, bit = 1u << i % 8;

	if (at->depth >= s->max_depth)
		return too_much(s, at->p, "nested deeper than is taken");
	if (!take_memory(s, at->p, *at->p == '{' ? OBJECT_TAKES : LIST_TAKES))
		return FALSE;
	if (*at->p == '{')
		at->is_object[i / 8] |= (guint8)bit;
	else
		at->is_object[i / 8] &= (guint8)~bit;
	at->expect = *at->p == '{' ? KEY_OR_END : VALUE_OR_END;
	if (at->numbers)
		at->numbers[i] = at->objects++;
	at->depth++;
	at->p++;
	return TRUE;
}

static gboolean scan_close(struct place *at)
{
	at->depth--;
	at->p++;
	at->expect = NEXT;
	return TRUE;
}

static gboolean scan_word(struct hg_json_scan *s, struct place *at)
{
	static const struct { const char *word; gsize len; } words[] = {
		{ "true", 4 }, { "false", 5 }, { "null", 4 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if ((gsize)(s->end - at->p) >= words[i].len &&
		    !memcmp(at->p, words[i].word, words[i].len)) {
			at->p += words[i].len;
			return TRUE;
		}
	}
	return bad(s, at->p, *at->p == '\'' ? "strings stand in double quotes" : "no JSON value");
}

static gboolean scan_value(struct hg_json_scan *s, struct place *at)
{
	if (*at->p == '{' || *at->p == '[')
		return scan_open(s, at);
	at->expect = NEXT;
	if (!take_memory(s, at->p, VALUE_TAKES))
		return FALSE;
	if (*at->p == '"') {
		at->p++;
		return scan_string(s, &at->p);
	}
	if (*at->p == '-' || g_ascii_isdigit(*at->p))
		return scan_number(s, &at->p);
	return scan_word(s, at);
}

static inline void skip_space(struct hg_json_scan *s, struct place *at)
{
	while (at->p < s->end &&
	       (*at->p == ' ' || *at->p == '\n' || *at->p == '\t' || *at->p == '\r'))
		at->p++;
}

static gboolean scan_key(struct hg_json_scan *s, struct place *at)
{
	const guint8 *start = at->p;

	if (*start != '"')
		return bad(s, start, "a key in double quotes is missing");
	at->p++;
	if (!scan_string(s, &at->p))
		return FALSE;
	s->keys++;
	if (!take_memory(s, start, KEY_TAKES + (gsize)(at->p - start)))
		return FALSE;
	if (s->on_key)
		s->on_key(s->arg, at->numbers[at->depth - 1], start, (gsize)(at->p - start));
	skip_space(s, at);
	if (at->p == s->end || *at->p != ':')
		return bad(s, at->p, "a colon is missing behind a key");
	at->p++;
	at->expect = VALUE;
	return TRUE;
}

static gboolean scan_next(struct hg_json_scan *s, struct place *at)
{
	if (!at->depth)
		return bad(s, at->p, "something follows the value");
	if (*at->p == (in_object(at) ? '}' : ']'))
		return scan_close(at);
	if (*at->p != ',')
		return bad(s, at->p, "a comma or a closing bracket is missing");
	at->p++;
	at->expect = in_object(at) ? KEY : VALUE;
	return TRUE;
}

static gboolean scan_step(struct hg_json_scan *s, struct place *at)
{
	switch (at->expect) {
	case KEY_OR_END:
		if (*at->p == '}')
			return scan_close(at);
		return scan_key(s, at);
	case KEY:
		return scan_key(s, at);
	case VALUE_OR_END:
		if (*at->p == ']')
			return scan_close(at);
		return scan_value(s, at);
	case VALUE:
		return scan_value(s, at);
	default:		/* NEXT */
		return scan_next(s, at);
	}
}

gboolean hg_json_scan(struct hg_json_scan *s)
{
	g_autofree guint *numbers = s->on_key ? g_new(guint, HG_JSON_DEPTH_MAX) : NULL;
	struct place at = { .p = s->start, .expect = VALUE, .numbers = numbers };

	g_assert(s->max_depth <= HG_JSON_DEPTH_MAX);
	s->keys = s->memory = 0;
	for (;;) {
		skip_space(s, &at);
		if (at.p == s->end)
			break;
		if (!scan_step(s, &at))
			return FALSE;
	}
	if (at.depth || at.expect != NEXT)
		return bad(s, at.p, "the text ends too early");
	return TRUE;
}
