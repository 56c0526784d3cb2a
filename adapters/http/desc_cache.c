/* desc_cache.c - compiled descriptions by their text: plan() and limits() come often, and with them come only options */
#include "desc_cache.h"

#include <string.h>

#define KEPT_MAX 32	/* not in use; the one that was used longest ago gives way */

struct kept {
	char *json;
	ht_desc *desc;
	guint users;
	guint64 used;		/* a count that grows */
};

static GMutex lock;
static GPtrArray *all;		/* of struct kept, under lock */
static guint64 uses;

static void free_kept(gpointer data)
{
	struct kept *kept = data;

	ht_desc_free(kept->desc);
	g_free(kept->json);
	g_free(kept);
}

static struct kept *find(const char *json)
{
	for (guint i = 0; i < all->len; i++) {
		struct kept *kept = g_ptr_array_index(all, i);

		if (strcmp(kept->json, json) == 0)
			return kept;
	}
	return NULL;
}

static void make_room(void)
{
	struct kept *oldest = NULL;

	for (guint i = 0; i < all->len; i++) {
		struct kept *kept = g_ptr_array_index(all, i);

		if (!kept->users && (!oldest || kept->used < oldest->used))
			oldest = kept;
	}
	if (oldest && all->len >= KEPT_MAX)
		g_ptr_array_remove_fast(all, oldest);
}

static struct kept *make(const char *json)
{
	struct ht_look look = { .at = NULL };
	ht_desc *desc = ht_desc_new(json, &look);
	struct kept *kept;

	if (!desc)
		return NULL;
	make_room();
	kept = g_new0(struct kept, 1);
	kept->json = g_strdup(json);
	kept->desc = desc;
	g_ptr_array_add(all, kept);
	return kept;
}

const ht_desc *ht_desc_lend(const char *json)
{
	struct kept *kept;

	g_mutex_lock(&lock);
	if (!all)
		all = g_ptr_array_new_with_free_func(free_kept);
	kept = find(json);
	if (!kept)
		kept = make(json);
	if (kept) {
		kept->users++;
		kept->used = ++uses;
	}
	g_mutex_unlock(&lock);
	return kept ? kept->desc : NULL;
}

void ht_desc_give_back(const ht_desc *desc)
{
	g_mutex_lock(&lock);
	for (guint i = 0; desc && i < all->len; i++) {
		struct kept *kept = g_ptr_array_index(all, i);

		if (kept->desc == desc)
			kept->users--;
	}
	g_mutex_unlock(&lock);
}
