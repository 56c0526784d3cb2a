/* http_body.c - a body as a tree of templates, as it is read: JSON, the fields of a form, the parts of multipart */
#include "http_body_inside.h"

#include <string.h>

#include "text.h"

#define IN_TEXT 100		/* beside enum ht_body_kind: JSON that is a text within another body */
#define EACH_DEEP 2		/* lists within each other */

void ht_body_free(ht_body *body)
{
	if (!body)
		return;
	g_free(body->name);
	ht_fill_free(body->key);
	g_free(body->fixed);
	g_free(body->plain);
	ht_fill_free(body->fill);
	ht_when_free(body->when);
	ht_path_free(body->path);
	ht_change_free(body->change);
	g_free(body->type);
	g_ptr_array_unref(body->kids);
	g_free(body);
}

static void free_kid(gpointer body)
{
	ht_body_free(body);
}

static ht_body *body_new(int kind)
{
	ht_body *body = g_new0(ht_body, 1);

	body->kind = kind;
	body->kids = g_ptr_array_new_with_free_func(free_kid);
	return body;
}

gboolean ht_body_has(const ht_body *body, const char *name)
{
	if (!body)
		return FALSE;
	if ((body->kind == HT_N_FILE || body->kind == HT_N_CODED) && strcmp(name, "file.") == 0)
		return TRUE;
	for (guint i = 0; i < body->kids->len; i++)
		if (ht_body_has(body->kids->pdata[i], name))
			return TRUE;
	return ht_fill_has(body->fill, name) || ht_fill_has(body->key, name);
}

static gboolean is_json(int kind)
{
	return kind == HT_BODY_JSON || kind == IN_TEXT;
}

/* ---- values that are said by a map ---- */

static ht_body *read_value(struct ht_look *look, const char *key, struct json_object *value, int kind, guint depth);

/* Takes the kid over; FALSE: there is none. */
static gboolean add(ht_body *body, ht_body *kid, const char *name)
{
	if (!kid)
		return FALSE;
	kid->name = g_strdup(name);
	g_ptr_array_add(body->kids, kid);
	return TRUE;
}

static ht_body *read_text(struct ht_look *look, const char *key, const char *text, int kind, int escape)
{
	g_autoptr(ht_body) body = body_new(kind);

	body->fill = ht_fill_new(look, key, text, escape, look->names, look->people);
	return body->fill ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_choice(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	static const char *const keys[] = { "$when", "$then", "$else", NULL };
	g_autoptr(ht_body) body = body_new(HT_N_CHOICE);
	struct json_object *then, *other = NULL;

	if (!ht_keys(look, map, keys) || !(body->when = ht_when_new(look, map, "$when")))
		return NULL;
	then = ht_member(look, map, "$then", TRUE);
	if (!then || !add(body, read_value(look, "$then", then, kind, depth), NULL))
		return NULL;
	if (json_object_object_get_ex(map, "$else", &other) &&
	    !add(body, read_value(look, "$else", other, kind, depth), NULL))
		return NULL;
	return g_steal_pointer(&body);
}

/* A media type of a part, for those who want to be told that it is JSON. */
static gboolean read_type(struct ht_look *look, struct json_object *map, int kind, ht_body *body)
{
	body->type = ht_text(look, map, "$type", FALSE);
	if (!body->type)
		return !json_object_object_get_ex(map, "$type", NULL);
	if (kind == HT_BODY_PARTS && !strpbrk(body->type, "\r\n"))
		return TRUE;
	ht_wrong(look, "$type", kind == HT_BODY_PARTS ? "there is a line break in it" : "only a part has a type of its own");
	return FALSE;
}

static ht_body *read_document(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	static const char *const keys[] = { "$json", "$type", NULL };
	g_autoptr(ht_body) body = body_new(HT_N_DOCUMENT);
	struct json_object *inner = ht_member(look, map, "$json", TRUE);

	if (!ht_keys(look, map, keys) || !read_type(look, map, kind, body) ||
	    !add(body, read_value(look, "$json", inner, IN_TEXT, depth), NULL))
		return NULL;
	return g_steal_pointer(&body);
}

/* key: "$xml", "$html". */
static ht_body *read_marked(struct ht_look *look, struct json_object *map, int kind, const char *key, int escape)
{
	const char *const keys[] = { key, "$type", NULL };
	g_autofree char *text = ht_text(look, map, key, TRUE);
	g_autoptr(ht_body) body = ht_keys(look, map, keys) && text ? read_text(look, key, text, HT_N_DOCUMENT, escape) : NULL;

	return body && read_type(look, map, kind, body) ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_number(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "$number", NULL };
	g_autofree char *text = ht_text(look, map, "$number", TRUE);

	return ht_keys(look, map, keys) && text ? read_text(look, "$number", text, HT_N_NUMBER, HT_WHOLE) : NULL;
}

static ht_body *read_truth(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "$true", NULL };
	g_autoptr(ht_body) body = body_new(HT_N_TRUTH);

	body->when = ht_keys(look, map, keys) ? ht_when_new(look, map, "$true") : NULL;
	return body->when ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_cut(struct ht_look *look, struct json_object *map, int kind)
{
	static const char *const keys[] = { "$text", "$max", "$do", NULL };
	g_autofree char *text = ht_text(look, map, "$text", TRUE);
	guint errors = look->errors;
	g_autoptr(ht_body) body = NULL;

	if (!ht_keys(look, map, keys) || !text)
		return NULL;
	body = read_text(look, "$text", text, HT_N_CUT, kind == HT_BODY_QUERY ? HT_FIELD : HT_WHOLE);
	if (!body)
		return NULL;
	body->max = ht_int(look, map, "$max", 1, HT_BODY_BYTES, 0);
	body->change = ht_change_new(look, map, "$do");
	return look->errors == errors ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_typed(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "$value", NULL };
	g_autoptr(ht_body) body = body_new(HT_N_VALUE);

	body->path = ht_keys(look, map, keys) ? ht_read_path(look, map, "$value", TRUE) : NULL;
	return body->path ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_rows(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	g_autofree char *of = ht_text(look, map, "of", TRUE);
	g_autoptr(ht_body) body = of ? read_text(look, "of", of, HT_N_TABLE, HT_WHOLE) : NULL;
	struct json_object_iterator at = json_object_iter_begin(map), end = json_object_iter_end(map);
	gboolean ok = body != NULL;

	for (; ok && !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *word = json_object_iter_peek_name(&at);

		if (strcmp(word, "of") != 0)
			ok = add(body, read_value(look, word, json_object_iter_peek_value(&at), kind, depth), word);
	}
	if (ok && !body->kids->len)
		ht_wrong(look, NULL, "wants beside of the words and what they become: high: 3");
	return ok && body->kids->len ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_table(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	static const char *const keys[] = { "$map", NULL };
	struct json_object *rows = ht_member(look, map, "$map", TRUE);
	ht_body *body = NULL;
	gsize was;

	if (!ht_keys(look, map, keys))
		return NULL;
	was = ht_enter(look, "$map");
	if (!json_object_is_type(rows, json_type_object) || json_object_object_length(rows) > HT_LIST_MAX)
		ht_wrong(look, NULL, "is a map: { of: \"${...}\", word: value, \"*\": value }, of at most %d", HT_LIST_MAX);
	else
		body = read_rows(look, rows, kind, depth);
	ht_leave(look, was);
	return body;
}

/* ---- lists ---- */

/* What templates may name within a list; NULL-ended, for g_free().  NULL: it is too deep. */
static const char **names_within(const struct ht_look *look, gboolean files)
{
	static const char *const more[] = { "item", "item.", "file.", NULL };
	gsize n = 0, deep = 0, add_n = files ? 3 : 2;
	const char **all;

	for (; look->names && look->names[n]; n++)
		deep += strcmp(look->names[n], "item.") == 0;
	if (deep >= EACH_DEEP)
		return NULL;
	all = g_new0(const char *, n + add_n + 1);
	if (n)
		memcpy(all, look->names, n * sizeof(*all));
	memcpy(all + n, more, add_n * sizeof(*all));
	return all;
}

static gboolean read_as(struct ht_look *look, struct json_object *as, int kind, guint depth, ht_body *body)
{
	const char *const *outer = look->names;
	g_autofree const char **names = names_within(look, body->file != NULL);
	gboolean ok;

	if (!names) {
		ht_wrong(look, "$each", "is within %d others already", EACH_DEEP);
		return FALSE;
	}
	look->names = names;
	ok = add(body, read_value(look, "$as", as, kind, depth), NULL);
	look->names = outer;
	return ok;
}

static ht_body *read_each(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	static const char *const keys[] = { "$each", "$as", NULL };
	g_autofree char *path = ht_text(look, map, "$each", TRUE);
	g_autoptr(ht_body) body = body_new(HT_N_EACH);
	struct json_object *as;

	if (!ht_keys(look, map, keys) || !path)
		return NULL;
	as = ht_member(look, map, "$as", TRUE);
	body->path = ht_take_list(look, "$each", path);
	body->file = strcmp(path, "files") == 0 ? "file" : NULL;
	if (!as || !body->path || !read_as(look, as, kind, depth, body))
		return NULL;
	return g_steal_pointer(&body);
}

/* ---- files in JSON ---- */

static const struct coded { const char *name, *file; gboolean url; } coded[] = {
	{ "${file.base64}", "file", FALSE }, { "${file.dataurl}", "file", TRUE },
	{ "${item.base64}", "item", FALSE }, { "${item.dataurl}", "item", TRUE },
};

/* Which of them a text ends in; NULL: none. */
static const struct coded *coded_in(const char *text)
{
	for (gsize i = 0; i < G_N_ELEMENTS(coded); i++)
		if (g_str_has_suffix(text, coded[i].name))
			return &coded[i];
	return NULL;
}

/* Who has no name for a file's bytes puts none there. */
static gboolean has_bytes(const struct ht_look *look)
{
	return look->names && g_strv_contains(look->names, "file.base64");
}

/* "data:${file.type};base64," and then bytes that no template holds. */
static ht_body *read_coded(struct ht_look *look, const char *key, const char *text, const struct coded *which)
{
	gsize len = strlen(text) - strlen(which->name);
	g_autofree char *before = NULL;
	ht_body *body;

	before = which->url ? g_strdup_printf("%.*sdata:${%s.type|application/octet-stream};base64,", (int)len, text, which->file)
			    : g_strndup(text, len);
	body = read_text(look, key, before, HT_N_CODED, HT_WHOLE);
	if (body)
		body->file = which->file;
	return body;
}

/* ---- maps, lists, texts ---- */

static gboolean has(struct json_object *map, const char *key)
{
	return json_object_object_get_ex(map, key, NULL);
}

static ht_body *read_file(struct ht_look *look, struct json_object *map, int kind)
{
	static const char *const keys[] = { "$file", NULL };

	if (!ht_keys(look, map, keys))
		return NULL;
	if (kind == HT_BODY_PARTS)
		return body_new(HT_N_FILE);
	ht_wrong(look, "$file", "stands in parts: or is the whole of raw:; in JSON a text ends in ${file.base64}");
	return NULL;
}

/* "$whn", and "$then" alone: FALSE and told.  Any other key is a member of that name. */
static gboolean check_dollars(struct ht_look *look, struct json_object *map)
{
	static const char *const words[] = { "$when", "$then", "$else", "$json", "$xml", "$html", "$type", "$number", "$true",
					     "$text", "$max", "$do", "$value", "$map", "$each", "$as", "$file", NULL };

	json_object_object_foreach(map, key, value) {
		const char *near = *key == '$' ? hg_nearest(key, words) : NULL;

		(void)value;
		if (near && strcmp(near, key) != 0)
			ht_wrong(look, key, "did you mean '%s'?", near);
		else if (near)
			ht_wrong(look, key, "stands beside another word with a dollar: $then and $else beside $when, $as beside $each, "
				 "$max and $do beside $text, $type beside $json");
		if (near)
			return FALSE;
	}
	return TRUE;
}

/* A map that stands for something else; *ret_none TRUE: it is a plain one. */
static ht_body *read_special(struct ht_look *look, struct json_object *map, int kind, guint depth, gboolean *ret_none)
{
	*ret_none = FALSE;
	if (has(map, "$when"))
		return read_choice(look, map, kind, depth);
	if (has(map, "$json"))
		return read_document(look, map, kind, depth);
	if (has(map, "$xml"))
		return read_marked(look, map, kind, "$xml", HT_XML_DOC);
	if (has(map, "$html"))
		return read_marked(look, map, kind, "$html", HT_HTML);
	if (has(map, "$number"))
		return read_number(look, map);
	if (has(map, "$true"))
		return read_truth(look, map);
	if (has(map, "$text"))
		return read_cut(look, map, kind);
	if (has(map, "$value"))
		return read_typed(look, map);
	if (has(map, "$map"))
		return read_table(look, map, kind, depth);
	if (has(map, "$each"))
		return read_each(look, map, kind, depth);
	if (has(map, "$file"))
		return read_file(look, map, kind);
	*ret_none = check_dollars(look, map);
	return NULL;
}

/* A name with a template in it: nobody but the configuration says a name that could be another's. */
static gboolean read_key(struct ht_look *look, struct json_object *map, const char *name, ht_body *kid)
{
	if (!strstr(name, "${"))
		return TRUE;
	kid->key = ht_fill_new(look, name, name, HT_WHOLE, look->names, look->people);
	if (!kid->key)
		return FALSE;
	if (ht_fill_is_ours(kid->key) || json_object_object_length(map) == 1)
		return TRUE;
	ht_wrong(look, name, "could become the name of one of the others here: such a name stands alone in its map");
	return FALSE;
}

static ht_body *read_map(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	g_autoptr(ht_body) body = body_new(HT_N_MAP);
	struct json_object_iterator at = json_object_iter_begin(map), end = json_object_iter_end(map);
	gboolean ok = TRUE;

	for (; ok && !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);

		ok = add(body, read_value(look, name, json_object_iter_peek_value(&at), kind, depth), name) &&
		     read_key(look, map, name, body->kids->pdata[body->kids->len - 1]);
	}
	return ok ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_list(struct ht_look *look, struct json_object *list, int kind, guint depth)
{
	g_autoptr(ht_body) body = body_new(HT_N_LIST);

	for (gsize i = 0; i < json_object_array_length(list); i++) {
		g_autofree char *key = g_strdup_printf("[%zu]", i);

		if (!add(body, read_value(look, key, json_object_array_get_idx(list, i), kind, depth), NULL))
			return NULL;
	}
	return g_steal_pointer(&body);
}

static ht_body *read_fixed(struct json_object *value)
{
	ht_body *body = body_new(HT_N_FIXED);

	body->fixed = g_strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	body->plain = value ? g_strdup(json_object_get_string(value)) : NULL;
	return body;
}

static ht_body *read_inside(struct ht_look *look, struct json_object *value, int kind, guint depth)
{
	gboolean none = TRUE, list = json_object_is_type(value, json_type_array);
	ht_body *special = list ? NULL : read_special(look, value, kind, depth, &none);

	if (!none)
		return special;
	/* A field is one text, or several with one name. */
	if (!is_json(kind) && (depth > 2 || (!list && depth > 1))) {
		ht_wrong(look, NULL, "a field of a form is a text; say $json for a document in it");
		return NULL;
	}
	return list ? read_list(look, value, kind, depth) : read_map(look, value, kind, depth);
}

static ht_body *read_value(struct ht_look *look, const char *key, struct json_object *value, int kind, guint depth)
{
	const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	const struct coded *which = text ? coded_in(text) : NULL;
	gsize was;
	ht_body *body;

	if (which && kind == HT_BODY_JSON && has_bytes(look))
		return read_coded(look, key, text, which);
	if (text)
		return read_text(look, key, text, HT_N_TEXT, kind == HT_BODY_QUERY ? HT_FIELD : HT_WHOLE);
	if (!json_object_is_type(value, json_type_object) && !json_object_is_type(value, json_type_array))
		return read_fixed(value);
	if (depth >= HT_BODY_DEPTH) {
		ht_wrong(look, key, "it is deeper than %d", HT_BODY_DEPTH);
		return NULL;
	}
	was = ht_enter(look, key);
	body = read_inside(look, value, kind, depth + 1);
	ht_leave(look, was);
	return body;
}

/* Names and values, perhaps these or those. */
static gboolean has_fields(const ht_body *body)
{
	if (body->kind == HT_N_CHOICE || body->kind == HT_N_TABLE) {
		for (guint i = 0; i < body->kids->len; i++)
			if (!has_fields(body->kids->pdata[i]))
				return FALSE;
		return TRUE;
	}
	return body->kind == HT_N_MAP;
}

ht_body *ht_body_new(struct ht_look *look, struct json_object *map, const char *key, int kind)
{
	struct json_object *value = ht_member(look, map, key, TRUE);
	g_autoptr(ht_body) body = NULL;

	if (!value)
		return NULL;
	if (kind == HT_BODY_JSON || json_object_is_type(value, json_type_object)) {
		body = read_value(look, key, value, kind, 0);
		if (!body || kind == HT_BODY_JSON || has_fields(body))
			return g_steal_pointer(&body);
	}
	ht_wrong(look, key, "is a map of names and values");
	return NULL;
}
