/* http_picks.c - picks side by side, all of which count */
#include "described.h"

static void free_pick(gpointer pick)
{
	ht_pick_free(pick);
}

GPtrArray *ht_picks_new(struct ht_look *look, struct json_object *map, const char *key, guint most)
{
	GPtrArray *picks = g_ptr_array_new_with_free_func(free_pick);
	struct json_object *list = ht_member(look, map, key, FALSE);
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0, was;
	ht_pick *one;

	if (list && !n) {
		one = ht_pick_new(look, map, key, FALSE);
		if (one)
			g_ptr_array_add(picks, one);
		return picks;
	}
	if (n > most)
		ht_wrong(look, key, "must have at most %u", most);
	was = ht_enter(look, key);
	for (gsize i = 0; i < MIN(n, most); i++) {
		g_autofree char *at = g_strdup_printf("%zu", i);
		struct json_object *wrap = json_object_new_object();

		json_object_object_add(wrap, at, json_object_get(json_object_array_get_idx(list, i)));
		one = ht_pick_new(look, wrap, at, TRUE);
		if (one)
			g_ptr_array_add(picks, one);
		json_object_put(wrap);
	}
	ht_leave(look, was);
	return picks;
}
