/* mail_params.c - "type; name=value; ..." of Content-Type and Content-Disposition, as mailers write it */
#include "mail_params.h"

#include <stdlib.h>
#include <string.h>

#include "mail_charset.h"
#include "mail_words.h"

#define PARAMS_MAX 1000
#define NAME_MAX_LEN 60		/* of a parameter's name; longer ones are nobody's */

struct reader {
	const char *p, *end;
	hg_arena *arena;
	GArray *params;
};

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space and comments. */
static void skip_space(struct reader *r)
{
	guint depth = 0;

	for (; r->p < r->end; r->p++) {
		if (*r->p == '(')
			depth++;
		else if (*r->p == ')' && depth)
			depth--;
		else if (!depth && !is_space(*r->p))
			break;
	}
}

static gboolean is_name(char c)
{
	return c > ' ' && c < 0x7f && !strchr("=;\"(),<>@\\/[]?", c);
}

/* Does what follows a quote look like the value's end?  Mailers put quotes into quoted names and forget semicolons. */
static gboolean ends_value(const char *p, const char *end)
{
	const char *name;

	while (p < end && is_space(*p))
		p++;
	if (p == end || *p == ';' || *p == '(')
		return TRUE;
	for (name = p; p < end && p - name < NAME_MAX_LEN && is_name(*p);)
		p++;
	return p > name && p < end && *p == '=';
}

/* Only quotes and backslashes are escaped by anybody; another backslash is a path of Windows. */
static void take_quoted(struct reader *r, GString *out)
{
	for (r->p++; r->p < r->end; r->p++) {
		if (*r->p == '\\' && r->p + 1 < r->end && (r->p[1] == '"' || r->p[1] == '\\')) {
			r->p++;
		} else if (*r->p == '"' && ends_value(r->p + 1, r->end)) {
			r->p++;
			return;
		}
		if (*r->p != '\r' && *r->p != '\n')
			g_string_append_c(out, *r->p);
	}
}

/* Up to the semicolon.  File names hold spaces and brackets without quotes; nothing else does. */
static void take_bare(struct reader *r, gboolean file, GString *out)
{
	while (r->p < r->end && *r->p != ';') {
		if (!file && (is_space(*r->p) || *r->p == '('))
			break;
		if (*r->p != '\r' && *r->p != '\n')
			g_string_append_c(out, *r->p);
		r->p++;
	}
	while (out->len && is_space(out->str[out->len - 1]))
		g_string_truncate(out, out->len - 1);
}

/* "name*0*" in its three thoughts (RFC 2231 sections 3 and 4). */
static void take_stars(char *name, struct hg_param *param)
{
	char *star = strchr(name, '*'), *last;

	param->section = -1;
	if (!star)
		return;
	*star++ = '\0';
	last = star + strlen(star);
	param->extended = last == star || last[-1] == '*';
	if (g_ascii_isdigit(*star))
		param->section = (int)MIN(strtoul(star, NULL, 10), 100000);
}

static void take_param(struct reader *r)
{
	const char *start = r->p;
	g_autoptr(GString) value = g_string_new(NULL);
	struct hg_param param = { 0 };
	char *name;

	while (r->p < r->end && is_name(*r->p))
		r->p++;
	name = hg_arena_mem(r->arena, start, MIN((gsize)(r->p - start), NAME_MAX_LEN));
	skip_space(r);
	if (r->p == r->end || *r->p != '=' || !*name) {
		/* No parameter: to the next one. */
		while (r->p < r->end && *r->p != ';' && !is_space(*r->p))
			r->p++;
		return;
	}
	r->p++;
	skip_space(r);
	for (char *c = name; *c; c++)
		*c = g_ascii_tolower(*c);
	take_stars(name, &param);
	if (r->p < r->end && *r->p == '"')
		take_quoted(r, value);
	else
		take_bare(r, !strcmp(name, "name") || !strcmp(name, "filename"), value);
	param.name = name;
	param.value = hg_arena_mem(r->arena, value->str, value->len);
	g_array_append_val(r->params, param);
}

static const char *first_word(struct reader *r)
{
	g_autoptr(GString) word = g_string_new(NULL);

	skip_space(r);
	while (r->p < r->end && *r->p != ';' && *r->p != '(' && word->len < 200) {
		if (!is_space(*r->p) && *r->p != '"')
			g_string_append_c(word, (guint8)*r->p < 0x80 && *r->p ? g_ascii_tolower(*r->p) : '?');
		else if (word->len && is_space(*r->p))
			break;		/* "text/plain charset=..." */
		r->p++;
	}
	return hg_arena_mem(r->arena, word->str, word->len);
}

void hg_params_read(hg_arena *arena, const struct hg_field *field, const char *hint, struct hg_params *ret)
{
	static const struct hg_param none[1];
	struct reader r = { .arena = arena };

	*ret = (struct hg_params){ .first = "", .of = none, .hint = hint };
	if (!field)
		return;
	r.p = field->value;
	r.end = field->value + MIN(field->len, HG_PART_HEAD_MAX);
	r.params = g_array_new(FALSE, FALSE, sizeof(struct hg_param));
	ret->first = first_word(&r);
	while (r.p < r.end && r.params->len < PARAMS_MAX) {
		skip_space(&r);
		while (r.p < r.end && (*r.p == ';' || is_space(*r.p)))
			r.p++;
		skip_space(&r);
		if (r.p < r.end && *r.p != ';')
			take_param(&r);
	}
	ret->n = r.params->len;
	ret->of = hg_arena_mem(arena, r.params->data, ret->n * sizeof(struct hg_param));
	g_array_free(r.params, TRUE);
}

/* The whole value by that name; extended or not. */
static const struct hg_param *find_whole(const struct hg_params *params, const char *name, gboolean extended)
{
	for (const struct hg_param *p = params->of; p < params->of + params->n; p++)
		if (p->section < 0 && p->extended == extended && !strcmp(p->name, name))
			return p;
	return NULL;
}

static int by_section(const void *a, const void *b)
{
	const struct hg_param *const *one = a, *const *two = b;

	return ((*one)->section > (*two)->section) - ((*one)->section < (*two)->section);
}

static void decode_percent(const char *text, GString *out)
{
	for (; *text; text++) {
		if (*text == '%' && g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
			g_string_append_c(out, (char)(g_ascii_xdigit_value(text[1]) << 4 | g_ascii_xdigit_value(text[2])));
			text += 2;
		} else {
			g_string_append_c(out, *text);
		}
	}
}

/* Where the text begins behind "charset'language'"; *ret_charset is yours. */
static const char *take_charset(const char *value, char **ret_charset)
{
	const char *quote = strchr(value, '\''), *second = quote ? strchr(quote + 1, '\'') : NULL;

	if (!second || quote - value > 60)
		return value;
	*ret_charset = g_strndup(value, (gsize)(quote - value));
	return second + 1;
}

/* RFC 2231's pieces of a value, in their order; NULL: there are none. */
static GPtrArray *pieces_of(const struct hg_params *params, const char *name)
{
	GPtrArray *pieces = g_ptr_array_new();
	const struct hg_param *whole;

	for (const struct hg_param *p = params->of; p < params->of + params->n; p++)
		if (p->section >= 0 && !strcmp(p->name, name))
			g_ptr_array_add(pieces, (void *)p);
	g_ptr_array_sort(pieces, by_section);
	whole = find_whole(params, name, TRUE);
	if (whole && !pieces->len)
		g_ptr_array_add(pieces, (void *)whole);
	if (pieces->len)
		return pieces;
	g_ptr_array_free(pieces, TRUE);
	return NULL;
}

static GString *join(GPtrArray *pieces, char **ret_charset)
{
	GString *bytes = g_string_new(NULL);

	for (guint i = 0; i < pieces->len; i++) {
		const struct hg_param *piece = g_ptr_array_index(pieces, i);
		const char *value = piece->value;

		if (i && piece->section == ((const struct hg_param *)g_ptr_array_index(pieces, i - 1))->section)
			continue;	/* said twice: the first counts */
		if (!i && piece->extended)
			value = take_charset(value, ret_charset);
		if (piece->extended)
			decode_percent(value, bytes);
		else
			g_string_append(bytes, value);
	}
	return bytes;
}

const char *hg_params_get(const struct hg_params *params, const char *name)
{
	const struct hg_param *whole = find_whole(params, name, FALSE);

	if (!whole)
		for (const struct hg_param *p = params->of; p < params->of + params->n; p++)
			if (p->section <= 0 && !strcmp(p->name, name))
				return p->value;
	return whole ? whole->value : NULL;
}

/* A value that looks like RFC 2231's without its star. */
static gboolean looks_extended(const char *value)
{
	return !g_ascii_strncasecmp(value, "utf-8''", 7) || !g_ascii_strncasecmp(value, "iso-8859-1''", 12);
}

char *hg_params_text(const struct hg_params *params, const char *name)
{
	g_autofree char *charset = NULL, *text = NULL;
	GPtrArray *pieces = pieces_of(params, name);
	const struct hg_param *whole = find_whole(params, name, FALSE);
	GString *bytes;
	char *line;

	if (!pieces && !whole)
		return NULL;
	if (pieces) {
		bytes = join(pieces, &charset);
		g_ptr_array_free(pieces, TRUE);
	} else if (looks_extended(whole->value)) {
		bytes = g_string_new(NULL);
		decode_percent(take_charset(whole->value, &charset), bytes);
	} else {
		return hg_words_text(whole->value, strlen(whole->value), params->hint);
	}
	text = hg_charset_text(bytes->str, bytes->len, charset ?: params->hint, NULL, NULL);
	line = hg_words_text(text, strlen(text), NULL);
	g_string_free(bytes, TRUE);
	return line;
}
