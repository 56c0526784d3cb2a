/* rules_headers.c - the headers of an e-mail as a fact: from what an adapter keeps beside the text
 *
 * A message's payload may have an object `headers` of names with a text or a list of texts.  Rules see names in
 * small letters, and what stands there more than once with line breaks between. */
#include <string.h>

#include "json.h"
#include "rules.h"
#include "text.h"

#define HEADERS_MAX 200
#define HEADER_NAME_MAX    100		/* bytes */
#define VALUE_MAX   4096

static void add_value(GString *out, struct json_object *value)
{
	g_autofree char *cut = json_object_is_type(value, json_type_string) && out->len < VALUE_MAX ?
		hg_text_valid(json_object_get_string(value), -1, VALUE_MAX - out->len) : NULL;

	if (cut)
		g_string_append_printf(out, "%s%s", out->len ? "\n" : "", cut);
}

static char *value_of(struct json_object *value)
{
	GString *out = g_string_new(NULL);

	if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			add_value(out, json_object_array_get_idx(value, i));
	else
		add_value(out, value);
	return g_string_free(out, FALSE);
}

/* The same header in two spellings is one. */
static void take(struct json_object *ret, const char *name, struct json_object *value)
{
	g_autofree char *low = g_ascii_strdown(name, -1), *text = value_of(value), *both = NULL;
	struct json_object *old;

	if (strlen(name) > HEADER_NAME_MAX || json_object_object_length(ret) >= HEADERS_MAX)
		return;
	if (json_object_object_get_ex(ret, low, &old))
		both = g_strconcat(json_object_get_string(old), "\n", text, NULL);
	json_object_object_add(ret, low, json_object_new_string(both ? both : text));
}

const char *hg_facts_headers(const char *payload, hg_arena *arena)
{
	g_autoptr(json_object) root = payload ? hg_json_parse(payload, strlen(payload), NULL, NULL) : NULL;
	struct json_object *headers = json_object_is_type(root, json_type_object) ? hg_json_obj(root, "headers") : NULL;
	g_autoptr(json_object) ret = NULL;

	if (!headers)
		return NULL;
	ret = json_object_new_object();
	json_object_object_foreach(headers, name, value)
		take(ret, name, value);
	return hg_arena_str(arena, json_object_to_json_string_ext(ret, JSON_C_TO_STRING_PLAIN |
								       JSON_C_TO_STRING_NOSLASHESCAPE));
}
