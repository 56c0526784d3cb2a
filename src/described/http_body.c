/* http_body.c - a body as a tree of templates: JSON, the fields of a form, the parts of multipart */
#include "http_body.h"

#include <string.h>

#include "json.h"

enum node_kind { FIXED = 1, TEXT, NUMBER, TRUTH, CHOICE, LIST, MAP, DOCUMENT, FILE_BYTES };

struct ht_body {
	int kind;		/* enum node_kind */
	char *name;		/* as a member of a map; or NULL */
	char *fixed;		/* FIXED: JSON ... */
	char *plain;		/* ... and as a field's text, NULL: null */
	ht_fill *fill;		/* TEXT, NUMBER; DOCUMENT: of XML */
	ht_when *when;		/* TRUTH, CHOICE */
	GPtrArray *kids;	/* LIST, MAP; CHOICE: then, perhaps else; DOCUMENT: of JSON */
};

void ht_body_free(ht_body *body)
{
	if (!body)
		return;
	g_free(body->name);
	g_free(body->fixed);
	g_free(body->plain);
	ht_fill_free(body->fill);
	ht_when_free(body->when);
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
	for (guint i = 0; i < body->kids->len; i++)
		if (ht_body_has(body->kids->pdata[i], name))
			return TRUE;
	return ht_fill_has(body->fill, name);
}

/* ---- reading ---- */

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
	g_autoptr(ht_body) body = body_new(CHOICE);
	struct json_object *other = NULL;

	if (!ht_keys(look, map, keys) || !(body->when = ht_when_new(look, map, "$when")) ||
	    !add(body, read_value(look, "$then", ht_member(look, map, "$then", TRUE), kind, depth), NULL))
		return NULL;
	if (json_object_object_get_ex(map, "$else", &other) &&
	    !add(body, read_value(look, "$else", other, kind, depth), NULL))
		return NULL;
	return g_steal_pointer(&body);
}

static ht_body *read_document(struct ht_look *look, struct json_object *map, guint depth)
{
	g_autoptr(ht_body) body = body_new(DOCUMENT);

	if (!add(body, read_value(look, "$json", ht_member(look, map, "$json", TRUE), HT_BODY_JSON, depth), NULL))
		return NULL;
	return g_steal_pointer(&body);
}

static ht_body *read_xml(struct ht_look *look, struct json_object *map)
{
	g_autofree char *text = ht_text(look, map, "$xml", TRUE);

	return text ? read_text(look, "$xml", text, DOCUMENT, HT_XML_DOC) : NULL;
}

static ht_body *read_number(struct ht_look *look, struct json_object *map)
{
	g_autofree char *text = ht_text(look, map, "$number", TRUE);

	return text ? read_text(look, "$number", text, NUMBER, HT_WHOLE) : NULL;
}

static ht_body *read_truth(struct ht_look *look, struct json_object *map)
{
	g_autoptr(ht_body) body = body_new(TRUTH);

	body->when = ht_when_new(look, map, "$true");
	return body->when ? g_steal_pointer(&body) : NULL;
}

static gboolean has(struct json_object *map, const char *key)
{
	return json_object_object_get_ex(map, key, NULL);
}

/* A map that stands for something else; *ret_none TRUE: it is a plain one. */
static ht_body *read_special(struct ht_look *look, struct json_object *map, int kind, guint depth, gboolean *ret_none)
{
	*ret_none = FALSE;
	if (has(map, "$when"))
		return read_choice(look, map, kind, depth);
	if (has(map, "$json"))
		return read_document(look, map, depth);
	if (has(map, "$xml"))
		return read_xml(look, map);
	if (has(map, "$number"))
		return read_number(look, map);
	if (has(map, "$true"))
		return read_truth(look, map);
	if (kind == HT_BODY_PARTS && has(map, "$file"))
		return body_new(FILE_BYTES);
	*ret_none = TRUE;
	return NULL;
}

static ht_body *read_map(struct ht_look *look, struct json_object *map, int kind, guint depth)
{
	g_autoptr(ht_body) body = body_new(MAP);
	struct json_object_iterator at = json_object_iter_begin(map), end = json_object_iter_end(map);
	gboolean ok = TRUE;

	for (; ok && !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);

		ok = add(body, read_value(look, name, json_object_iter_peek_value(&at), kind, depth), name);
	}
	return ok ? g_steal_pointer(&body) : NULL;
}

static ht_body *read_list(struct ht_look *look, struct json_object *list, int kind, guint depth)
{
	g_autoptr(ht_body) body = body_new(LIST);

	for (gsize i = 0; i < json_object_array_length(list); i++) {
		g_autofree char *key = g_strdup_printf("[%zu]", i);

		if (!add(body, read_value(look, key, json_object_array_get_idx(list, i), kind, depth), NULL))
			return NULL;
	}
	return g_steal_pointer(&body);
}

static ht_body *read_fixed(struct json_object *value)
{
	ht_body *body = body_new(FIXED);

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
	if (kind != HT_BODY_JSON && (depth > 2 || (!list && depth > 1))) {
		ht_wrong(look, NULL, "a field of a form is a text; say $json for a document in it");
		return NULL;
	}
	return list ? read_list(look, value, kind, depth) : read_map(look, value, kind, depth);
}

static ht_body *read_value(struct ht_look *look, const char *key, struct json_object *value, int kind, guint depth)
{
	gsize was;
	ht_body *body;

	if (json_object_is_type(value, json_type_string))
		return read_text(look, key, json_object_get_string(value), TEXT, HT_WHOLE);
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

ht_body *ht_body_new(struct ht_look *look, struct json_object *map, const char *key, int kind)
{
	struct json_object *value = ht_member(look, map, key, TRUE);

	if (kind != HT_BODY_JSON && value && !json_object_is_type(value, json_type_object)) {
		ht_wrong(look, key, "is a map of names and values");
		return NULL;
	}
	return value ? read_value(look, key, value, kind, 0) : NULL;
}

/* ---- saying ---- */

/* What a choice has chosen, down to what is none; NULL: nothing. */
static const ht_body *chosen(const ht_body *body, const struct ht_voice *voice)
{

	while (body && body->kind == CHOICE) {
		guint i = ht_when_fits(body->when, &voice->scope) ? 0 : 1;

		body = i < body->kids->len ? body->kids->pdata[i] : NULL;
	}
	return body;
}

static const char *put_number(const char *text, GString *out)
{
	struct json_object *number = NULL;
	gboolean ok = *text && strspn(text, "+-.0123456789eE") == strlen(text);

	number = ok ? hg_json_parse(text, strlen(text), NULL, NULL) : NULL;
	ok = number && (json_object_is_type(number, json_type_int) || json_object_is_type(number, json_type_double));
	json_object_put(number);
	if (!ok)
		return "a value that is to be a number is none";
	hg_json_put_raw(out, text);
	return NULL;
}

static const char *put_list(const ht_body *body, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	const char *why = NULL;
	char open = body->kind == MAP ? '{' : '[';

	hg_json_open(out, open);
	for (guint i = 0; !why && i < body->kids->len; i++) {
		const ht_body *kid = body->kids->pdata[i], *one = chosen(kid, voice);

		if (one && kid->name)
			hg_json_key(out, kid->name);
		if (one)
			why = ht_body_json(one, voice, out, pieces);
	}
	hg_json_close(out, open == '{' ? '}' : ']');
	return why;
}

/* The text of a field; *ret_there FALSE: there is none. */
static const char *put_text(const ht_body *body, const struct ht_voice *voice, GString *out, gboolean *ret_there)
{

	*ret_there = TRUE;
	if (body->fill)
		return ht_fill_run(body->fill, voice->value, voice->ctx, NULL, out);
	if (body->kind == DOCUMENT)
		return ht_body_json(body->kids->pdata[0], voice, out, NULL);
	if (body->kind == TRUTH)
		g_string_append(out, ht_when_fits(body->when, &voice->scope) ? "true" : "false");
	else if (body->plain)
		g_string_append(out, body->plain);
	else
		*ret_there = FALSE;
	return NULL;
}

const char *ht_body_json(const ht_body *body, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *why;
	gboolean there;

	body = chosen(body, voice);
	if (!body) {
		hg_json_put_raw(out, "null");
		return NULL;
	}
	if (body->kind == FIXED || body->kind == TRUTH) {
		hg_json_put_raw(out, body->fixed ? body->fixed : ht_when_fits(body->when, &voice->scope) ? "true" : "false");
		return NULL;
	}
	if (body->kind == MAP || body->kind == LIST)
		return put_list(body, voice, out, pieces);
	why = put_text(body, voice, text, &there);
	if (!why && body->kind == NUMBER)
		return put_number(text->str, out);
	if (!why)
		hg_json_put_strn(out, text->str, text->len);
	return why;
}

/* ---- fields: of a form, of multipart ---- */

static void clear_field(gpointer data)
{
	struct ht_field *field = data;

	g_free(field->name);
	g_free(field->value);
	json_object_put(field->file);
}

GArray *ht_fields_new(void)
{
	GArray *fields = g_array_new(FALSE, TRUE, sizeof(struct ht_field));

	g_array_set_clear_func(fields, clear_field);
	return fields;
}

static const char *take_field(const ht_body *body, const char *name, const struct ht_voice *voice, GArray *ret)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct ht_field field = { .name = NULL };
	const char *why = NULL;
	gboolean there = TRUE;

	body = chosen(body, voice);
	if (!body)
		return NULL;
	if (body->kind == LIST) {
		for (guint i = 0; !why && i < body->kids->len; i++)
			why = take_field(body->kids->pdata[i], name, voice, ret);
		return why;
	}
	if (body->kind != FILE_BYTES) {
		why = put_text(body, voice, text, &there);
		field.value = g_string_free(g_steal_pointer(&text), FALSE);
	}
	field.name = g_strdup(name);
	if (there)
		g_array_append_val(ret, field);
	else
		clear_field(&field);
	return why;
}

const char *ht_body_parts(const ht_body *body, const struct ht_voice *voice, GArray *ret)
{
	const char *why = NULL;

	body = chosen(body, voice);
	for (guint i = 0; body && !why && i < body->kids->len; i++) {
		const ht_body *kid = body->kids->pdata[i];

		why = take_field(kid, kid->name, voice, ret);
	}
	return why;
}

const char *ht_body_form(const ht_body *body, const struct ht_voice *voice, const char *charset, GString *out)
{
	g_autoptr(GArray) fields = ht_fields_new();
	const char *why = ht_body_parts(body, voice, fields);

	for (guint i = 0; !why && i < fields->len; i++) {
		const struct ht_field *field = &g_array_index(fields, struct ht_field, i);

		if (i)
			g_string_append_c(out, '&');
		ht_percent(out, field->name, strlen(field->name), charset);
		g_string_append_c(out, '=');
		ht_percent(out, field->value ? field->value : "", field->value ? strlen(field->value) : 0, charset);
	}
	return why;
}
