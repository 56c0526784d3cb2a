/* look.c - reads the members of a description, and tells what is wrong with them, where */
#include <stdarg.h>
#include <string.h>

#include "described.h"
#include "text.h"

#define TEXT_MAX 65536		/* bytes of one text */

/* ---- places ---- */

/* A key as a step of hg_err.at: RFC 6901 section 3. */
static void put_step(GString *at, const char *key)
{
	g_string_append_c(at, '/');
	for (const char *p = key; *p; p++) {
		if (*p == '~' || *p == '/')
			g_string_append(at, *p == '~' ? "~0" : "~1");
		else
			g_string_append_c(at, *p);
	}
}

gsize ht_enter(struct ht_look *look, const char *key)
{
	gsize was = look->at->len;

	put_step(look->at, key);
	return was;
}

gsize ht_enter_at(struct ht_look *look, gsize i)
{
	gsize was = look->at->len;

	g_string_append_printf(look->at, "/%zu", i);
	return was;
}

void ht_leave(struct ht_look *look, gsize was)
{
	g_string_truncate(look->at, was);
}

/* ---- what is wrong ---- */

void ht_wrong_at(struct ht_look *look, const char *at, const char *text)
{
	struct hg_err err = { .kind = HG_ERR_CONFIG };
	g_autofree char *valid = hg_text_valid(text, -1, sizeof(err.text) - 1);

	g_strlcpy(err.text, valid, sizeof(err.text));
	/* What is too long names the nearest place around it that fits. */
	if (strlen(at) < sizeof(err.at))
		g_strlcpy(err.at, at, sizeof(err.at));
	else
		g_strlcpy(err.at, at, MIN(sizeof(err.at), 1 + (gsize)(g_strrstr_len(at, sizeof(err.at) - 1, "/") - at)));
	if (!look->errors++)
		look->first = err;
	if (look->tell)
		look->tell(look->arg, &err);
}

void ht_wrong(struct ht_look *look, const char *key, const char *fmt, ...)
{
	gsize was = key ? ht_enter(look, key) : look->at->len;
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	ht_wrong_at(look, look->at->str, text);
	ht_leave(look, was);
}

static const char *kind_of(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return "nothing";
	case json_type_array:
		return "a list";
	case json_type_object:
		return "a map";
	default:
		return NULL;
	}
}

static void wrong_kind(struct ht_look *look, const char *key, struct json_object *value, const char *want)
{
	const char *kind = kind_of(value);

	if (kind)
		ht_wrong(look, key, "%s is wanted here, not %s", want, kind);
	else
		ht_wrong(look, key, "%s is wanted here, not '%.60s'", want, json_object_get_string(value));
}

gboolean ht_keys(struct ht_look *look, struct json_object *map, const char *const *keys)
{
	g_autofree char *known = g_strjoinv(", ", (char **)keys);
	guint errors = look->errors;

	if (!json_object_is_type(map, json_type_object)) {
		wrong_kind(look, NULL, map, "a map");
		return FALSE;
	}
	json_object_object_foreach(map, key, value) {
		const char *near = g_strv_contains(keys, key) ? NULL : hg_nearest(key, keys);

		(void)value;
		if (g_strv_contains(keys, key))
			continue;
		if (near)
			ht_wrong(look, key, "there is no '%.60s' here: did you mean '%s'?", key, near);
		else
			ht_wrong(look, key, "there is no '%.60s' here; known are %s", key, known);
	}
	return look->errors == errors;
}

/* ---- members ---- */

struct json_object *ht_member(struct ht_look *look, struct json_object *map, const char *key, gboolean need)
{
	struct json_object *value = NULL;

	if (json_object_is_type(map, json_type_object))
		json_object_object_get_ex(map, key, &value);
	if (!value && need)
		ht_wrong(look, NULL, "'%s' is missing", key);
	return value;
}

/* NULL and told: no text. */
static char *take_text(struct ht_look *look, const char *key, struct json_object *value)
{
	char *text = ht_json_text(value);

	if (!text)
		wrong_kind(look, key, value, "a text");
	else if (strlen(text) > TEXT_MAX)
		ht_wrong(look, key, "has more than %d bytes", TEXT_MAX);
	else
		return text;
	g_free(text);
	return NULL;
}

char *ht_text(struct ht_look *look, struct json_object *map, const char *key, gboolean need)
{
	struct json_object *value = ht_member(look, map, key, need);

	return value ? take_text(look, key, value) : NULL;
}

gint64 ht_int(struct ht_look *look, struct json_object *map, const char *key, gint64 least, gint64 most, gint64 fallback)
{
	struct json_object *value = ht_member(look, map, key, FALSE);
	gint64 n;

	if (!value)
		return fallback;
	n = json_object_get_int64(value);
	if (json_object_is_type(value, json_type_int) && n >= least && n <= most)
		return n;
	if (kind_of(value))
		wrong_kind(look, key, value, "a whole number");
	else
		ht_wrong(look, key, "a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " is wanted here, not '%.60s'",
			 least, most, json_object_get_string(value));
	return fallback;
}

gint64 ht_span(struct ht_look *look, struct json_object *map, const char *key, gint64 fallback_ms)
{
	struct json_object *value = ht_member(look, map, key, FALSE);
	gint64 ms = -1;

	if (!value)
		return fallback_ms;
	if (json_object_is_type(value, json_type_string))
		ms = hg_span_parse(json_object_get_string(value));
	if (ms < 0)
		wrong_kind(look, key, value, "a time such as 250ms, 20s, 5m or 1h");
	return ms < 0 ? fallback_ms : ms;
}

gboolean ht_bool(struct ht_look *look, struct json_object *map, const char *key, gboolean fallback)
{
	struct json_object *value = ht_member(look, map, key, FALSE);

	if (!value)
		return fallback;
	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value);
	wrong_kind(look, key, value, "true or false");
	return fallback;
}

int ht_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

int ht_word(struct ht_look *look, struct json_object *map, const char *key, const char *const *words, int fallback)
{
	g_autofree char *word = ht_text(look, map, key, FALSE), *all = NULL;
	const char *near;
	int i;

	if (!ht_member(look, map, key, FALSE))
		return fallback;
	if (!word)
		return -1;
	i = ht_index(words, word);
	if (i >= 0)
		return i;
	near = hg_nearest(word, words);
	all = g_strjoinv(", ", (char **)words);
	if (near)
		ht_wrong(look, key, "'%.60s' is none of %s: did you mean '%s'?", word, all, near);
	else
		ht_wrong(look, key, "'%.60s' is none of %s", word, all);
	return -1;
}

char **ht_texts(struct ht_look *look, struct json_object *map, const char *key)
{
	struct json_object *value = ht_member(look, map, key, FALSE);
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();
	gsize n = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 1;
	gsize was;

	if (!value)
		return NULL;
	if (n < 1 || n > HT_LIST_MAX) {
		ht_wrong(look, key, "must have 1 to %d items, not %zu", HT_LIST_MAX, n);
		return NULL;
	}
	was = ht_enter(look, key);
	for (gsize i = 0; i < n; i++) {
		gboolean list = json_object_is_type(value, json_type_array);
		gsize inner = list ? ht_enter_at(look, i) : look->at->len;
		g_autofree char *text = take_text(look, NULL, list ? json_object_array_get_idx(value, i) : value);

		if (text)
			g_strv_builder_add(all, text);
		ht_leave(look, inner);
	}
	ht_leave(look, was);
	return g_strv_builder_end(all);
}

/* ---- paths, secrets ---- */

gboolean ht_given(struct ht_look *look, const char *key, const char *kind, const char *name)
{
	gboolean is_secret = strcmp(kind, "secret") == 0;
	char *const *map = is_secret ? look->secrets : look->values;
	g_autofree char *text = NULL;

	if (!look->knows)
		return TRUE;
	for (; map && map[0]; map += 2)
		if (strcmp(map[0], name) == 0)
			return TRUE;
	if (look->asks) {
		ht_wrong(look, key, "$%s:%.60s is asked for nowhere: say under settings: %s: what it is", kind, name,
			 is_secret ? "credentials" : "values");
		return FALSE;
	}
	/* It is the channel that lacks something, not the description. */
	text = g_strdup_printf("the description wants '%.60s': write it under %ss: (%s: %s)", name, kind, name,
			       is_secret ? "env:NAME, file:PATH or credential:NAME" : "...");
	ht_wrong_at(look, is_secret ? "secrets" : "values", text);
	return FALSE;
}

ht_path *ht_take_path(struct ht_look *look, const char *key, const char *text, gboolean each)
{
	g_autofree char *why = NULL;
	ht_path *path = ht_path_new(text, each, &why);

	if (!path) {
		ht_wrong(look, key, "the path '%.60s' %s", text, why);
		return NULL;
	}
	if (ht_path_names(path, "secret"))
		ht_given(look, key, "secret", ht_path_names(path, "secret"));
	if (ht_path_names(path, "value"))
		ht_given(look, key, "value", ht_path_names(path, "value"));
	return path;
}

ht_path *ht_take_list(struct ht_look *look, const char *key, const char *text)
{
	g_autofree char *all = strstr(text, "[]") ? g_strdup(text) : g_strconcat(text, "[]", NULL);

	return ht_take_path(look, key, all, TRUE);
}

ht_path *ht_read_path(struct ht_look *look, struct json_object *map, const char *key, gboolean need)
{
	g_autofree char *text = ht_text(look, map, key, need);

	return text ? ht_take_path(look, key, text, FALSE) : NULL;
}
