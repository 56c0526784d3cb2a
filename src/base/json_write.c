/* json_write.c - JSON written straight into a string */
#include "json.h"

#include <string.h>

#include "text.h"

/* Events are thousands of small pieces: what is written here takes room first, and then stores bytes
 * without a call for each. */
static char *room_for(GString *out, gsize len)
{
	gsize now = out->len;

	if (out->allocated_len - now <= len) {
		g_string_set_size(out, now + len);
		out->len = now;
	}
	return out->str + now;
}

static void room_used(GString *out, char *end)
{
	*end = '\0';
	out->len = (gsize)(end - out->str);
}

/* A comma is due when a value stands before this place: not at the beginning, after a bracket, a
 * colon or a comma, nor after white space (lines of JSON, the "data: " of a live stream).  at: where
 * it would stand, with room for it; returns what is behind it. */
static inline char *comma(const GString *out, char *at)
{
	switch (at > out->str ? at[-1] : '\n') {
	case '{': case '[': case ':': case ',': case ' ': case '\n': case '\t': case '\r':
		return at;
	default:
		*at = ',';
		return at + 1;
	}
}

static inline char *copied(char *at, const char *bytes, gsize len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static void put_bytes(GString *out, const char *bytes, gsize len)
{
	room_used(out, copied(room_for(out, len), bytes, len));
}

void hg_json_open(GString *out, char bracket)
{
	char *at = comma(out, room_for(out, 2));

	*at++ = bracket;
	room_used(out, at);
}

void hg_json_close(GString *out, char bracket)
{
	char *at = room_for(out, 1);

	*at++ = bracket;
	room_used(out, at);
}

void hg_json_key(GString *out, const char *key)
{
	gsize len = strlen(key);
	char *at = comma(out, room_for(out, len + 4));

	*at++ = '"';
	at = copied(at, key, len);
	*at++ = '"';
	*at++ = ':';
	room_used(out, at);
}

static void put_control(GString *out, guint8 c)
{
	static const char shorts[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	for (const char *p = shorts; *p; p += 2) {
		if ((guint8)*p == c) {
			text[1] = p[1];
			g_string_append_len(out, text, 2);
			return;
		}
	}
	g_string_append_len(out, text, 6);
}

static inline gboolean is_plain(guint8 c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

#define EACH_BYTE(b) ((b) * G_GUINT64_CONSTANT(0x0101010101010101))

/* The same of eight bytes.  A byte that is not plain ends with its high bit set; a borrow from one may
 * accuse its neighbour too, which makes the answer no less true. */
static inline gboolean are_plain_ascii(const char *text)
{
	guint64 all;

	memcpy(&all, text, sizeof(all));
	return !((all | (all - EACH_BYTE(0x20)) | ((all ^ EACH_BYTE('"')) - EACH_BYTE(1)) |
		  ((all ^ EACH_BYTE('\\')) - EACH_BYTE(1)) | ((all ^ EACH_BYTE(0x7f)) - EACH_BYTE(1))) &
		 EACH_BYTE(0x80));
}

/* Most strings have nothing but letters, digits and the like: one look, one copy. */
static gboolean is_plain_ascii(const char *text, gsize len)
{
	const char *end = text + len;

	while (end - text >= 8 && are_plain_ascii(text))
		text += 8;
	while (text < end && is_plain((guint8)*text) && (guint8)*text < 0x80)
		text++;
	return text == end;
}

static void put_escaped(GString *out, const char *text, gsize len)
{
	const char *p = text, *end = text + len;

	for (; p < end; text = p) {
		while (p < end && is_plain((guint8)*p))
			p++;
		put_bytes(out, text, (gsize)(p - text));
		if (p < end)
			put_control(out, (guint8)*p++);
	}
}

static void put_quoted(GString *out, const char *text, gsize len)
{
	char *at = comma(out, room_for(out, len + 3));

	*at++ = '"';
	at = copied(at, text, len);
	*at++ = '"';
	room_used(out, at);
}

/* Text that is not valid UTF-8 is written with U+FFFD for what is wrong, and so is NUL, which few
 * readers take: what we write is JSON, whoever gave us the text. */
void hg_json_put_strn(GString *out, const char *text, gsize len)
{
	g_autofree char *valid = NULL;

	if (is_plain_ascii(text, len)) {
		put_quoted(out, text, len);
		return;
	}
	hg_json_open(out, '"');
	if (g_utf8_validate_len(text, len, NULL)) {
		put_escaped(out, text, len);
	} else {
		valid = hg_text_valid(text, (gssize)len, 0);
		put_escaped(out, valid, strlen(valid));
	}
	hg_json_close(out, '"');
}

void hg_json_put_str(GString *out, const char *text)
{
	if (text)
		hg_json_put_strn(out, text, strlen(text));
	else
		hg_json_put_raw(out, NULL);
}

void hg_json_put_int(GString *out, gint64 value)
{
	char digits[24], *p = digits + sizeof(digits), *at;
	guint64 left = value < 0 ? -(guint64)value : (guint64)value;

	do
		*--p = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--p = '-';
	at = comma(out, room_for(out, sizeof(digits) + 1));
	room_used(out, copied(at, p, (gsize)(digits + sizeof(digits) - p)));
}

void hg_json_put_bool(GString *out, gboolean value)
{
	hg_json_put_raw(out, value ? "true" : "false");
}

void hg_json_put_time(GString *out, gint64 utc_ms)
{
	char text[HG_TIME_SIZE];

	if (!utc_ms) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_time(utc_ms, text);
	put_quoted(out, text, strlen(text));
}

void hg_json_put_raw(GString *out, const char *json)
{
	gsize len;

	if (!json)
		json = "null";
	/* White space at the end would hide the comma that is due after it. */
	for (len = strlen(json); len && g_ascii_isspace(json[len - 1]);)
		len--;
	room_used(out, copied(comma(out, room_for(out, len + 1)), json, len));
}

void hg_json_add_str(GString *out, const char *key, const char *text)
{
	hg_json_key(out, key);
	hg_json_put_str(out, text);
}

void hg_json_opt_str(GString *out, const char *key, const char *text)
{
	if (text)
		hg_json_add_str(out, key, text);
}

void hg_json_add_int(GString *out, const char *key, gint64 value)
{
	hg_json_key(out, key);
	hg_json_put_int(out, value);
}

void hg_json_add_bool(GString *out, const char *key, gboolean value)
{
	hg_json_key(out, key);
	hg_json_put_bool(out, value);
}

void hg_json_add_time(GString *out, const char *key, gint64 utc_ms)
{
	hg_json_key(out, key);
	hg_json_put_time(out, utc_ms);
}

void hg_json_opt_time(GString *out, const char *key, gint64 utc_ms)
{
	if (utc_ms)
		hg_json_add_time(out, key, utc_ms);
}

void hg_json_add_raw(GString *out, const char *key, const char *json)
{
	hg_json_key(out, key);
	hg_json_put_raw(out, json);
}

/* Only strings hold such characters. */
void hg_json_spell_out(GString *json)
{
	g_autofree char *before = hg_text_valid(json->str, (gssize)json->len, 0);

	g_string_truncate(json, 0);
	for (const char *p = before; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\n' || !hg_text_unseen(c))
			g_string_append_unichar(json, c);
		else if (c < 0x10000)
			g_string_append_printf(json, "\\u%04x", c);
		else
			g_string_append_printf(json, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
					       0xdc00 + ((c - 0x10000) & 0x3ff));
	}
}
