/* http_body_fields.c - a body as fields: of a form, of multipart */
#include "http_body_inside.h"

#include <string.h>

#define FIELDS_MAX 1000

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

static const char *add_field(GArray *fields, const char *name, const char *type, char *value, struct json_object *file)
{
	struct ht_field field = { .name = g_strdup(name), .value = value, .type = type, .file = json_object_get(file) };

	g_array_append_val(fields, field);
	return fields->len > FIELDS_MAX ? ht_too_long : NULL;
}

static const char *add_file(GArray *fields, const char *name, const struct ht_voice *voice)
{
	struct json_object *file = ht_voice_file(voice, "file");

	return file ? add_field(fields, name, NULL, NULL, file) : ht_no_file;
}

static const char *take_field(struct ht_saying *s, const ht_body *body, const struct ht_voice *voice);

/* What is several is several fields of that name. */
static const char *take_several(struct ht_saying *s, const struct ht_said *said, const struct ht_voice *voice)
{
	struct ht_saying inner = *s;
	const char *why = NULL;

	if (said->body->kind == HT_N_EACH) {
		inner.each = said->body;
		inner.voice = voice;
		inner.why = NULL;
		return ht_say_each(&inner);
	}
	if (said->body->kind == HT_N_LIST) {
		for (guint i = 0; !why && i < said->body->kids->len; i++)
			why = take_field(s, said->body->kids->pdata[i], voice);
		return why;
	}
	for (gsize i = 0; !why && i < json_object_array_length(said->value); i++) {
		char *text = ht_json_text(json_object_array_get_idx(said->value, i));

		why = text ? add_field(s->fields, s->name, NULL, text, NULL) : "a list or a map cannot be the text of a field";
	}
	return why;
}

static const char *take_field(struct ht_saying *s, const ht_body *body, const struct ht_voice *voice)
{
	g_auto(ht_said) said = { .body = NULL };
	g_autoptr(GString) text = NULL;
	const char *why = ht_decide(body, voice, &said);
	gboolean there = TRUE;

	if (why || !said.body)
		return why;
	if (said.body->kind == HT_N_LIST || said.body->kind == HT_N_EACH || json_object_is_type(said.value, json_type_array))
		return take_several(s, &said, voice);
	if (said.body->kind == HT_N_FILE)
		return add_file(s->fields, s->name, voice);
	text = g_string_new(NULL);
	why = ht_said_text(&said, voice, text, &there);
	if (!why && ht_is_full(voice, text))
		why = ht_too_long;
	if (why || !there)
		return why;
	return add_field(s->fields, s->name, said.body->type, g_string_free(g_steal_pointer(&text), FALSE), NULL);
}

static const char *take_named(const ht_body *kid, const struct ht_voice *voice, GArray *ret)
{
	g_autoptr(GString) name = g_string_new(NULL);
	struct ht_saying s = { .say = take_field, .fields = ret };
	const char *why = kid->key ? ht_fill_run(kid->key, voice->value, voice->ctx, NULL, name) : NULL;

	if (!kid->key)
		g_string_append(name, kid->name);
	s.name = name->str;
	return why ? why : take_field(&s, kid, voice);
}

const char *ht_body_parts(const ht_body *body, const struct ht_voice *voice, GArray *ret)
{
	g_auto(ht_said) said = { .body = NULL };
	const char *why = ht_decide(body, voice, &said);

	for (guint i = 0; said.body && !why && i < said.body->kids->len; i++)
		why = take_named(said.body->kids->pdata[i], voice, ret);
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
		why = ht_is_full(voice, out) ? ht_too_long : NULL;
	}
	return why;
}
