/* marks.c - tags and fields of a conversation: set by rules, by agents, by the API */
#include "turn.h"

#include "json.h"

#include <string.h>

#define TAGS_MAX   100		/* of a thread */
#define FIELDS_MAX 100

const char *const *hg_marks_list(hg_turn *turn, const char *json)
{
	g_autoptr(json_object) list = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;
	gsize n = list && json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	const char **words;

	if (!n)
		return NULL;
	words = hg_arena_alloc(turn->arena, (n + 1) * sizeof(*words));
	for (gsize i = 0; i < n; i++)
		words[i] = hg_arena_str(turn->arena, json_object_get_string(json_object_array_get_idx(list, i)) ?: "");
	return words;
}

static gboolean has(const char *const *words, const char *word)
{
	return words && g_strv_contains(words, word);
}

static void note(hg_turn *turn, GPtrArray *words, const char *word)
{
	if (words)
		g_ptr_array_add(words, (char *)hg_arena_str(turn->arena, word));
}

guint hg_marks_tag(hg_turn *turn, hg_case *kase, const char *const *add, guint n_add, const char *const *remove,
		   GPtrArray *ret_added, GPtrArray *ret_gone)
{
	const char *const *old = hg_marks_list(turn, kase->thread->tags);
	GString *out = turn->engine->scratch;
	guint n = 0, left = 0;
	gboolean changed = FALSE;

	g_string_truncate(out, 0);
	hg_json_open(out, '[');
	for (guint i = 0; old && old[i]; i++) {
		if (has(remove, old[i])) {
			note(turn, ret_gone, old[i]);
			changed = TRUE;
			continue;
		}
		hg_json_put_str(out, old[i]);
		n++;
	}
	for (guint i = 0; i < n_add; i++) {
		if (has(old, add[i]) && !has(remove, add[i]))
			continue;
		if (n == TAGS_MAX) {
			left++;
			continue;
		}
		hg_json_put_str(out, add[i]);
		note(turn, ret_added, add[i]);
		changed = TRUE;
		n++;
	}
	hg_json_close(out, ']');
	if (changed && !kase->tags_changed)
		kase->tags_were = kase->thread->tags;
	if (changed)
		kase->thread->tags = hg_arena_mem(turn->arena, out->str, out->len);
	kase->tags_changed |= changed;
	kase->thread_changed |= changed;
	return left;
}

/* FALSE: there is no room for another. */
static gboolean set_one(struct json_object *fields, const struct hg_set *set, gboolean *ret_changed)
{
	struct json_object *old = NULL;
	gboolean there = json_object_object_get_ex(fields, set->name, &old);

	*ret_changed = set->value ? !there || g_strcmp0(json_object_get_string(old), set->value) != 0 : there;
	if (!*ret_changed)
		return TRUE;
	if (!set->value)
		json_object_object_del(fields, set->name);
	else if (there || json_object_object_length(fields) < FIELDS_MAX)
		json_object_object_add(fields, set->name, json_object_new_string(set->value));
	else
		return *ret_changed = FALSE;
	return TRUE;
}

guint hg_marks_set(hg_turn *turn, hg_case *kase, const GArray *sets, GPtrArray *ret_changed)
{
	const char *old = kase->thread->fields;
	g_autoptr(json_object) fields = old ? hg_json_parse(old, strlen(old), NULL, NULL) : NULL;
	gboolean changed, any = FALSE;
	guint left = 0;

	if (!fields || !json_object_is_type(fields, json_type_object)) {
		g_clear_pointer(&fields, json_object_put);
		fields = json_object_new_object();
	}
	for (guint i = 0; i < sets->len; i++) {
		const struct hg_set *set = &g_array_index(sets, struct hg_set, i);

		left += !set_one(fields, set, &changed);
		if (changed)
			note(turn, ret_changed, set->name);
		any |= changed;
	}
	if (any)
		kase->thread->fields = hg_arena_str(turn->arena, json_object_to_json_string_ext(fields,
										JSON_C_TO_STRING_PLAIN));
	kase->thread_changed |= any;
	return left;
}
