/* template.c - finds the ${names} of a text, and puts values in their place */
#include "template.h"

#include <string.h>

#include "fail.h"
#include "text.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-."
#define MORE_MAX   64		/* further characters of a name */
#define QUOTE_MAX  60		/* bytes of a wrong name that an error shows */

/* One ${name|words}; of text, nothing is copied. */
struct slot {
	const char *name, *words;	/* words: NULL without '|' */
	gsize name_len, words_len;
	const char *end;		/* behind '}' */
};

/* at: behind "${".  FALSE: this is none. */
static gboolean read_slot(const char *at, const char *more, struct slot *ret)
{
	const char *close = strchr(at, '}');
	char allowed[sizeof(NAME_CHARS) + MORE_MAX];

	g_snprintf(allowed, sizeof(allowed), "%s%s", NAME_CHARS, more);
	*ret = (struct slot){ .name = at, .name_len = strspn(at, allowed) };
	if (!close || !ret->name_len || (at[ret->name_len] != '}' && at[ret->name_len] != '|'))
		return FALSE;
	ret->end = close + 1;
	if (at[ret->name_len] == '|') {
		ret->words = at + ret->name_len + 1;
		ret->words_len = (gsize)(close - ret->words);
	}
	return TRUE;
}

/* ---- checking ---- */

static gboolean is_known(const struct slot *slot, const char *const *names)
{
	for (; *names; names++) {
		gsize len = strlen(*names);
		gboolean group = len && (*names)[len - 1] == '.';

		if (strncmp(slot->name, *names, len) == 0 &&
		    (group ? slot->name_len > len : slot->name_len == len))
			return TRUE;
	}
	return FALSE;
}

static char *hint_for(const char *name, const char *const *names)
{
	const char *near = hg_nearest(name, names);
	GString *hint = g_string_new(NULL);

	if (near)
		g_string_append_printf(hint, "did you mean '%s'?", near);
	for (; !near && *names; names++)
		g_string_append_printf(hint, "%s%s%s", hint->len ? ", " : "known here: ", *names,
				       g_str_has_suffix(*names, ".") ? "NAME" : "");
	return g_string_free(hint, FALSE);
}

static gboolean refuse(const char *at, char **ret_hint, GError **error)
{
	g_autofree char *shown = hg_text_valid(at, -1, strchr(at, '}') ? (gsize)(strchr(at, '}') + 1 - at) : QUOTE_MAX);

	*ret_hint = g_strdup("write ${name}, ${name|words when it is not known}, or $${ for the characters themselves");
	return hg_fail(error, HG_ERROR_CONFIG, strchr(at, '}') ? "'%.*s' is no name of a value" : "'%.*s' has no '}'",
		       QUOTE_MAX, shown);
}

gboolean hg_template_check(const char *text, const char *const *names, char **ret_hint, GError **error)
{
	struct slot slot;

	*ret_hint = NULL;
	for (const char *at = strstr(text, "${"); at; at = strstr(at, "${")) {
		g_autofree char *name = NULL;

		if (at > text && at[-1] == '$') {
			at += 2;
			continue;
		}
		if (!read_slot(at + 2, "", &slot))
			return refuse(at, ret_hint, error);
		if (!is_known(&slot, names)) {
			name = g_strndup(slot.name, slot.name_len);
			*ret_hint = hint_for(name, names);
			return hg_fail(error, HG_ERROR_CONFIG, "${%.*s} means nothing here", QUOTE_MAX, name);
		}
		at = slot.end;
	}
	return TRUE;
}

/* ---- filling ---- */

/* At most what room is left; FALSE: it is full. */
static gboolean put(GString *out, const char *bytes, gsize len, gsize limit)
{
	gsize room = limit - out->len;
	g_autofree char *cut = NULL;

	if (len <= room) {
		g_string_append_len(out, bytes, (gssize)len);
		return TRUE;
	}
	cut = room ? hg_text_valid(bytes, (gssize)len, room) : NULL;
	if (cut)
		g_string_append(out, cut);
	return FALSE;
}

static gboolean put_value(GString *out, const struct hg_template_piece *piece, hg_template_value *value, void *ctx,
			  gsize limit)
{
	g_autofree char *name = g_strndup(piece->name, piece->name_len), *valid = NULL;
	const char *found = value(ctx, name);

	if (!found || !*found)
		return put(out, piece->words ? piece->words : "", piece->words_len, limit);
	valid = hg_text_valid(found, -1, HG_TEMPLATE_VALUE_MAX);
	return put(out, valid, strlen(valid), limit);
}

gboolean hg_template_next(const char **at, const char *more, struct hg_template_piece *ret)
{
	const char *text = *at, *next = text;
	struct slot slot;

	*ret = (struct hg_template_piece){ .literal = text };
	while ((next = strstr(next, "${"))) {
		if (next > text && next[-1] == '$') {
			/* The piece ends with the first of the two, and the next one begins with the brace. */
			ret->literal_len = (gsize)(next - text);
			*at = next + 1;
			return TRUE;
		}
		if (read_slot(next + 2, more, &slot)) {
			ret->literal_len = (gsize)(next - text);
			ret->name = slot.name;
			ret->name_len = slot.name_len;
			ret->words = slot.words;
			ret->words_len = slot.words_len;
			*at = slot.end;
			return TRUE;
		}
		next += 2;
	}
	ret->literal_len = strlen(text);
	*at = text + ret->literal_len;
	return ret->literal_len > 0;
}

void hg_template_fill(const char *text, hg_template_value *value, void *ctx, gsize max, GString *out)
{
	gsize limit = out->len + max;
	struct hg_template_piece piece;

	while (hg_template_next(&text, "", &piece))
		if (!put(out, piece.literal, piece.literal_len, limit) ||
		    (piece.name && !put_value(out, &piece, value, ctx, limit)))
			return;
}
