/* params.c - application/x-www-form-urlencoded and the query of a URL, as ordered pairs */
#include "params.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd"

struct hg_params {
	hg_arena *arena;		/* ours: all there is */
	struct hg_param *list;
	gsize n;
};

/* ---- character sets ---- */

static const char *codec_of(const char *charset)
{
	static const char *const latin[] = { "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "us-ascii",
					     "ascii", "cp1252" };

	if (!charset || !g_ascii_strcasecmp(charset, "utf-8") || !g_ascii_strcasecmp(charset, "utf8"))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(latin); i++)
		if (!g_ascii_strcasecmp(charset, latin[i]))
			return "WINDOWS-1252";
	return charset;
}

/* One call of iconv and room for what it makes; FALSE: the byte at *at is none of this charset. */
static gboolean convert_some(GIConv codec, char **at, gsize *left, GString *out)
{
	char room[1024], *to = room;
	gsize free_bytes = sizeof(room);
	gboolean stuck = g_iconv(codec, at, left, &to, &free_bytes) == (gsize)-1 && errno != E2BIG;

	g_string_append_len(out, room, to - room);
	return !stuck;
}

static char *convert(GIConv codec, const char *bytes, gsize len)
{
	g_autoptr(GString) out = g_string_sized_new(len + len / 2);
	char *at = (char *)bytes;

	while (len)
		if (!convert_some(codec, &at, &len, out) && len) {
			g_string_append(out, REPLACEMENT);
			at++;
			len--;
		}
	return hg_text_valid(out->str, (gssize)out->len, 0);
}

char *hg_text_in_charset(const char *bytes, gsize len, const char *charset)
{
	const char *name = codec_of(charset);
	GIConv codec = name ? g_iconv_open("UTF-8", name) : (GIConv)-1;
	char *text;

	if (codec == (GIConv)-1)	/* NOLINT(performance-no-int-to-ptr): GLib's word for none */
		return hg_text_valid(bytes, (gssize)len, 0);
	text = convert(codec, bytes, len);
	g_iconv_close(codec);
	return text;
}

/* ---- pairs ---- */

/* Bytes with "+" and escapes taken for what they stand for. */
static char *unescape(hg_arena *arena, const char *from, gsize len, gsize *ret_len)
{
	char *bytes = hg_arena_mem(arena, from, len);
	gsize n = 0;

	for (gsize i = 0; i < len; i++) {
		int high = from[i] == '%' && i + 2 < len ? g_ascii_xdigit_value(from[i + 1]) : -1;
		int low = high >= 0 ? g_ascii_xdigit_value(from[i + 2]) : -1;

		if (low >= 0)
			i += 2;
		bytes[n++] = low >= 0 ? (char)(high << 4 | low) : from[i] == '+' ? ' ' : from[i];
	}
	bytes[n] = '\0';
	*ret_len = n;
	return bytes;
}

static const char *text_of(hg_arena *arena, const char *bytes, gsize len, const char *charset)
{
	g_autofree char *text = NULL;

	if (!codec_of(charset) && g_utf8_validate_len(bytes, len, NULL))
		return bytes;
	text = hg_text_in_charset(bytes, len, charset);
	return hg_arena_str(arena, text);
}

static void read_pair(hg_arena *arena, const char *from, gsize len, const char *charset, struct hg_param *ret)
{
	const char *equals = memchr(from, '=', len);
	gsize head = equals ? (gsize)(equals - from) : len;
	gsize skip = equals ? head + 1 : len;

	ret->name_bytes = unescape(arena, from, head, &ret->name_len);
	ret->value_bytes = unescape(arena, from + skip, len - skip, &ret->value_len);
	/* Names are programmers' words: where they are ASCII, no charset makes anything else of them. */
	ret->name = text_of(arena, ret->name_bytes, ret->name_len, g_str_is_ascii(ret->name_bytes) ? NULL : charset);
	ret->value = text_of(arena, ret->value_bytes, ret->value_len, charset);
}

static gsize count_pieces(const char *bytes, gsize len)
{
	gsize n = 0;

	for (gsize i = 0; i < len; i++)
		n += bytes[i] != '&' && (!i || bytes[i - 1] == '&');
	return n;
}

hg_params *hg_params_parse(const char *bytes, gsize len, const char *charset)
{
	gsize n = count_pieces(bytes, len);
	hg_params *params;

	if (n > HG_PARAMS_MAX)
		return NULL;
	params = g_new0(hg_params, 1);
	params->arena = hg_arena_new();
	params->list = hg_arena_alloc(params->arena, (n + 1) * sizeof(*params->list));
	for (gsize at = 0; at < len;) {
		const char *and = memchr(bytes + at, '&', len - at);
		gsize piece = and ? (gsize)(and - bytes) - at : len - at;

		if (piece)
			read_pair(params->arena, bytes + at, piece, charset, &params->list[params->n++]);
		at += piece + 1;
	}
	g_assert(params->n == n);
	return params;
}

hg_params *hg_params_query(const char *target)
{
	const char *query = target ? strchr(target, '?') : NULL;

	return query ? hg_params_parse(query + 1, strcspn(query + 1, "#"), NULL) : NULL;
}

void hg_params_free(hg_params *params)
{
	if (!params)
		return;
	hg_arena_free(params->arena);
	g_free(params);
}

gsize hg_params_len(const hg_params *params)
{
	return params ? params->n : 0;
}

const struct hg_param *hg_params_at(const hg_params *params, gsize i)
{
	g_assert(i < params->n);
	return &params->list[i];
}

const char *hg_params_get(const hg_params *params, const char *name)
{
	for (gsize i = 0; params && i < params->n; i++)
		if (!strcmp(params->list[i].name, name))
			return params->list[i].value;
	return NULL;
}

void hg_params_add(GString *out, const char *name, const char *value)
{
	if (out->len && out->str[out->len - 1] != '?')
		g_string_append_c(out, '&');
	g_string_append_uri_escaped(out, name, NULL, FALSE);
	g_string_append_c(out, '=');
	g_string_append_uri_escaped(out, value, NULL, FALSE);
}
