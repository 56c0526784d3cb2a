/* search_find.c - finding: in the index, and in what it has not got to yet */
#include "search_made.h"

#include "log.h"

#define OFF_MAX 1000		/* messages, where there is no index */
#define FIND_KEPT 4		/* connections for searches */

static hg_index *borrow(hg_search *search, guint *ret_generation, GError **error)
{
	hg_index *index = NULL;

	g_mutex_lock(&search->lock);
	*ret_generation = search->generation;
	if (search->readers->len)
		index = g_ptr_array_steal_index_fast(search->readers, search->readers->len - 1);
	g_mutex_unlock(&search->lock);
	return index ? index : hg_index_open(search->path, FALSE, search->instance, error);
}

static void give_back(hg_search *search, hg_index *index, guint generation)
{
	g_mutex_lock(&search->lock);
	if (generation == search->generation && search->readers->len < FIND_KEPT && !hg_index_damaged(index))
		g_ptr_array_add(search->readers, g_steal_pointer(&index));
	g_mutex_unlock(&search->lock);
	hg_index_close(index);
}

/* Messages that the index has not got to, or not as they are: of the newest events. */
static gboolean fresh_messages(hg_store *store, hg_arena *arena, gint64 after_n, GHashTable *fresh, gboolean *ret_all, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();

	if (!hg_store_event_after(store, arena, after_n, HG_SEARCH_FRESH_MAX, events, error))
		return FALSE;
	*ret_all = events->len < HG_SEARCH_FRESH_MAX;
	for (guint i = 0; i < events->len; i++) {
		const hg_event *event = g_ptr_array_index(events, i);

		if (event->message_n)
			g_hash_table_add(fresh, g_memdup2(&event->message_n, sizeof event->message_n));
	}
	return TRUE;
}

static gboolean newest_messages(hg_store *store, GHashTable *fresh, gboolean *ret_all, GError **error)
{
	struct hg_store_stats stats;

	if (!hg_store_stats(store, &stats, error))
		return FALSE;
	*ret_all = stats.messages <= OFF_MAX;
	for (gint64 n = stats.messages; n > MAX(0, stats.messages - OFF_MAX); n--)
		g_hash_table_add(fresh, g_memdup2(&n, sizeof n));
	return TRUE;
}

/* The same search over those, in memory: one way of taking words apart. */
static gboolean find_fresh(hg_store *store, hg_arena *arena, GHashTable *fresh, const char *match, gint64 before, guint limit,
			   GPtrArray *ret, GError **error)
{
	g_autoptr(hg_index) index = hg_index_open(NULL, TRUE, NULL, error);
	GHashTableIter iter;
	gpointer key;

	if (!index)
		return FALSE;
	g_hash_table_iter_init(&iter, fresh);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct hg_doc doc;
		gboolean there;

		if (!hg_doc_of_message(store, arena, *(gint64 *)key, &doc, &there, error) || (there && !hg_index_put(index, &doc, error)))
			return FALSE;
	}
	return hg_index_find(index, arena, match, before, limit, ret, error);
}

static gint newest_first(gconstpointer a, gconstpointer b)
{
	gint64 x = (*(struct hg_search_hit *const *)a)->place, y = (*(struct hg_search_hit *const *)b)->place;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* Hits of the index that are fresh as well are told as they are now. */
static gboolean find_indexed(hg_search *search, hg_arena *arena, GHashTable *fresh, const char *match, gint64 before, guint limit,
			     GPtrArray *ret, GError **error)
{
	g_autoptr(GPtrArray) hits = g_ptr_array_new();
	guint generation;
	hg_index *index = borrow(search, &generation, error);
	gboolean done = index && hg_index_find(index, arena, match, before, limit, hits, error);

	if (index)
		give_back(search, index, generation);
	for (guint i = 0; done && i < hits->len; i++) {
		struct hg_search_hit *hit = g_ptr_array_index(hits, i);

		if (!hit->message_n || !g_hash_table_contains(fresh, &hit->message_n))
			g_ptr_array_add(ret, hit);
	}
	return done;
}

gboolean hg_search_find(hg_search *search, hg_store *store, hg_arena *arena, const char *q, gint64 before_place, guint limit,
			GPtrArray *ret, gboolean *ret_complete, GError **error)
{
	g_autoptr(GString) match = g_string_new(NULL);
	g_autoptr(GHashTable) fresh = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	gint64 before = before_place ? before_place : G_MAXINT64, indexed_n;
	gboolean building, no_index, all;

	if (!hg_search_words(q, match, error))
		return FALSE;
	g_mutex_lock(&search->lock);
	indexed_n = search->indexed_n;
	building = search->state.building;
	no_index = search->off || search->low_n == 0;
	g_mutex_unlock(&search->lock);
	if (!(no_index ? newest_messages(store, fresh, &all, error) : fresh_messages(store, arena, indexed_n, fresh, &all, error)) ||
	    !find_fresh(store, arena, fresh, match->str, before, limit, ret, error))
		return FALSE;
	*ret_complete = all && !building;
	if (!no_index && !find_indexed(search, arena, fresh, match->str, before, limit, ret, error)) {
		hg_warn(NULL, "search.not_read", "%s", error && *error ? (*error)->message : "the index cannot be read");
		if (error && g_error_matches(*error, HG_ERROR, HG_ERROR_LIMIT))
			return FALSE;
		g_clear_error(error);
		*ret_complete = FALSE;
	}
	g_ptr_array_sort(ret, newest_first);
	if (ret->len > limit)
		g_ptr_array_set_size(ret, (gint)limit);
	return TRUE;
}
