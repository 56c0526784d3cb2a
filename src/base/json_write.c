/* json_write.c - JSON written straight into a string */
#include "json.h"

#include <string.h>

#include "text.h"

/* A comma is due when a value stands before this place: not at the beginning, after a bracket, a
 * colon or a comma, nor after white space (lines of JSON, the "data: " of a live stream). */
static void put_comma(GString *out)
{
	switch (out->len ? out->str[out->len - 1] : '\n') {
	case '{': case '[': case ':': case ',': case ' ': case '\n': case '\t': case '\r':
		break;
	default:
		g_string_append_c(out, ',');
	}
}

/* g_string_append_len() without its call while there is room: events are thousands of small pieces. */
static void put_bytes(GString *out, const char *bytes, gsize len)
{
	if (out->allocated_len - out->len <= len) {
		g_string_append_len(out, bytes, (gssize)len);
		return;
	}
	memcpy(out->str + out->len, bytes, len);
	out->len += len;
	out->str[out->len] = '\0';
}

void hg_json_open(GString *out, char bracket)
{
	put_comma(out);
	g_string_append_c(out, bracket);
}

void hg_json_close(GString *out, char bracket)
{
	g_string_append_c(out, bracket);
}

void hg_json_key(GString *out, const char *key)
{
	put_comma(out);
	g_string_append_c(out, '"');
	put_bytes(out, key, strlen(key));
	put_bytes(out, "\":", 2);
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

/* Most strings have nothing but letters, digits and the like: one look, one copy. */
static gboolean is_plain_ascii(const char *text, gsize len)
{
	const char *end = text + len;

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

/* Text that is not valid UTF-8 is written with U+FFFD for what is wrong, and so is NUL, which few
 * readers take: what we write is JSON, whoever gave us the text. */
void hg_json_put_strn(GString *out, const char *text, gsize len)
{
	g_autofree char *valid = NULL;

	put_comma(out);
	g_string_append_c(out, '"');
	if (is_plain_ascii(text, len)) {
		put_bytes(out, text, len);
	} else if (g_utf8_validate_len(text, len, NULL)) {
		put_escaped(out, text, len);
	} else {
		valid = hg_text_valid(text, (gssize)len, 0);
		put_escaped(out, valid, strlen(valid));
	}
	g_string_append_c(out, '"');
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
	char digits[24], *p = digits + sizeof(digits);
	guint64 left = value < 0 ? -(guint64)value : (guint64)value;

	put_comma(out);
	do
		*--p = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--p = '-';
	put_bytes(out, p, (gsize)(digits + sizeof(digits) - p));
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
	put_comma(out);
	g_string_append_c(out, '"');
	g_string_append(out, hg_time(utc_ms, text));
	g_string_append_c(out, '"');
}

void hg_json_put_raw(GString *out, const char *json)
{
	gsize len;

	if (!json)
		json = "null";
	/* White space at the end would hide the comma that is due after it. */
	for (len = strlen(json); len && g_ascii_isspace(json[len - 1]);)
		len--;
	put_comma(out);
	put_bytes(out, json, len);
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
