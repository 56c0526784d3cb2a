/* utf8.c - characters of UTF-8 text */
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/* The character at text; *len gets its bytes, 0 when it is no valid one. */
static uint32_t decode(const char *text, size_t *len)
{
	static const struct { unsigned char mask, lead; uint32_t least; } forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};
	const unsigned char *b = (const unsigned char *)text;
	uint32_t c;

	*len = 0;
	for (size_t n = 0; n < 4; n++) {
		if ((b[0] & forms[n].mask) != forms[n].lead)
			continue;
		c = b[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((b[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (b[i] & 0x3f);
		}
		if (c < forms[n].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*len = n + 1;
		return c;
	}
	return 0;
}

bool wa_utf8_ok(const char *text)
{
	size_t len;

	for (; *text; text += len) {
		decode(text, &len);
		if (!len)
			return false;
	}
	return true;
}

size_t wa_utf8_mend(const char *text, size_t len, char *to)
{
	char *at = to;

	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		size_t left = len - i;
		char last[5] = "";

		/* The last few bytes may be the head of a character that is cut off. */
		if (left < sizeof(last))
			memcpy(last, text + i, left);
		decode(left < sizeof(last) ? last : text + i, &n);
		memcpy(at, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
		at += n ? n : 3;
	}
	*at = '\0';
	return (size_t)(at - to);
}

size_t wa_utf8_len(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool joins(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f) ||
		(c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0x20d0 && c <= 0x20ff);
}

size_t wa_utf8_head(const char *text, size_t n)
{
	size_t at = 0, safe = 0, len;
	uint32_t before = 0;

	for (size_t i = 0; text[at]; i++, at += len) {
		uint32_t c = decode(text + at, &len);

		if (!len)
			break;
		if (!joins(c) && before != 0x200d)
			safe = at;
		if (i == n)
			return safe ? safe : at;	/* one endless cluster is cut all the same */
		before = c;
	}
	return at;
}

/* Where the last of what ends with mark (a NUL-free string) ends in the first len bytes; 0: nowhere. */
static size_t last_after(const char *text, size_t len, const char *mark)
{
	size_t m = strlen(mark);

	for (size_t at = len; at >= m; at--)
		if (!memcmp(text + at - m, mark, m))
			return at;
	return 0;
}

size_t wa_utf8_split(const char *text, size_t max)
{
	static const char *const marks[] = { "\n\n", "\n", ". ", "! ", "? ", " " };
	size_t len = wa_utf8_head(text, max);

	if (!text[len])
		return len;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		size_t at = last_after(text, len, marks[i]);

		if (at > len / 2)	/* earlier would make needlessly short parts */
			return at;
	}
	return len;
}
