/* desk_tree.c - the situation with what steps took laid over it, and what templates find in it */
#include "desk_tree.h"

#include <string.h>

#define STEPS_MAX 8		/* of one name */

struct json_object *hg_desk_tree_copy(struct json_object *map)
{
	struct json_object *copy = json_object_new_object();

	if (!json_object_is_type(map, json_type_object))
		return copy;
	json_object_object_foreach(map, key, value)
		json_object_object_add(copy, key, json_object_get(value));
	return copy;
}

void hg_desk_tree_set(struct json_object *root, const char *path, struct json_object *value)
{
	g_auto(GStrv) steps = g_strsplit(path, ".", STEPS_MAX);
	struct json_object *map = root;

	for (char **step = steps; *step; step++) {
		struct json_object *member = NULL, *copy;

		if (!step[1]) {
			json_object_object_add(map, *step, json_object_get(value));
			return;
		}
		json_object_object_get_ex(map, *step, &member);
		copy = hg_desk_tree_copy(member);
		json_object_object_add(map, *step, copy);
		map = copy;
	}
}

struct json_object *hg_desk_tree_get(struct json_object *root, const char *path)
{
	g_auto(GStrv) steps = g_strsplit(path, ".", STEPS_MAX);
	struct json_object *at = root;

	for (char **step = steps; at && *step; step++) {
		struct json_object *member = NULL;

		if (json_object_is_type(at, json_type_object))
			json_object_object_get_ex(at, *step, &member);
		at = member;
	}
	return at;
}

/* ---- names of templates ---- */

static gboolean put_given(char *const *map, const char *name, GString *out)
{
	const char *text = map ? ht_given_value(map, name) : NULL;

	if (text)
		g_string_append(out, text);
	return text != NULL;
}

static gboolean put_list(struct json_object *list, GString *out)
{
	for (gsize i = 0; i < json_object_array_length(list); i++) {
		g_autofree char *text = ht_json_text(json_object_array_get_idx(list, i));

		if (text && i)
			g_string_append_c(out, ',');
		if (text)
			g_string_append(out, text);
	}
	return TRUE;
}

/* "ticket.id.path" is what "ticket.id" is, and "now" what "now.s" is. */
static struct json_object *find(struct json_object *root, const char *name)
{
	struct json_object *value = hg_desk_tree_get(root, name);
	g_autofree char *whole = NULL;

	if (!value && g_str_has_suffix(name, ".path")) {
		whole = g_strndup(name, strlen(name) - strlen(".path"));
		value = hg_desk_tree_get(root, whole);
	}
	return json_object_is_type(value, json_type_object) ? hg_desk_tree_get(value, "s") : value;
}

gboolean hg_desk_name_value(void *ctx, const char *name, GString *out)
{
	const struct hg_desk_teller *teller = ctx;
	struct json_object *value;
	g_autofree char *text = NULL;

	if (strcmp(name, "url") == 0) {
		if (teller->desk->url)
			g_string_append(out, teller->desk->url);
		return teller->desk->url != NULL;
	}
	if (g_str_has_prefix(name, "secret:"))
		return put_given(teller->desk->secrets, name + strlen("secret:"), out);
	if (g_str_has_prefix(name, "value:"))
		return put_given(teller->desk->values, name + strlen("value:"), out);
	value = find(teller->root, name);
	if (json_object_is_type(value, json_type_array))
		return put_list(value, out);
	text = ht_json_text(value);
	if (text)
		g_string_append(out, text);
	return text != NULL;
}
