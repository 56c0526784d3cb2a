/* watch.c - news between nodes that share a database: whoever writes gives hints, whoever watches gets them
 *
 * SQLite has one node, so nobody is told anything.  With test hooks the hints of a process come back to it, so that what a
 * node makes of another's can be tried without a second one. */
#include <config.h>

#include "postgres_db.h"

#include <string.h>

struct hg_store_watch {
	hg_store_hint_fn *hint;
	void *arg;
	struct hg_pg_watch *pg;		/* ours; NULL: another driver's */
};

#ifdef HG_TEST_HOOKS
static GMutex lock;
static GPtrArray *watches;		/* of all there are; under lock */

static void enter(hg_store_watch *watch)
{
	g_mutex_lock(&lock);
	if (!watches)
		watches = g_ptr_array_new();
	g_ptr_array_add(watches, watch);
	g_mutex_unlock(&lock);
}

static void leave(hg_store_watch *watch)
{
	g_mutex_lock(&lock);
	g_ptr_array_remove_fast(watches, watch);
	if (!watches->len)
		g_clear_pointer(&watches, g_ptr_array_unref);
	g_mutex_unlock(&lock);
}

static void tell_all(const char *payload)
{
	g_mutex_lock(&lock);
	for (guint i = 0; watches && i < watches->len; i++) {
		const hg_store_watch *watch = g_ptr_array_index(watches, i);

		watch->hint(watch->arg, payload);
	}
	g_mutex_unlock(&lock);
}
#else
static void enter(hg_store_watch *watch G_GNUC_UNUSED) { }
static void leave(hg_store_watch *watch G_GNUC_UNUSED) { }
static void tell_all(const char *payload G_GNUC_UNUSED) { }
#endif

hg_store_watch *hg_store_watch_new(const struct hg_store_options *options, hg_store_hint_fn *hint, void *arg,
				   GError **error)
{
	gboolean postgres = g_strcmp0(options->driver, hg_postgres_driver.name) == 0;
	struct hg_pg_watch *pg = postgres ? hg_pg_watch_new(options, hint, arg, error) : NULL;
	hg_store_watch *watch;

	if (postgres && !pg)
		return NULL;
	watch = g_new0(hg_store_watch, 1);
	*watch = (hg_store_watch){ hint, arg, pg };
	if (pg)
		return watch;
	enter(watch);
	return watch;
}

void hg_store_watch_free(hg_store_watch *watch)
{
	if (!watch)
		return;
	if (watch->pg)
		hg_pg_watch_free(watch->pg);
	else
		leave(watch);
	g_free(watch);
}

gboolean hg_store_hint(hg_store *store, const char *payload, GError **error)
{
	if (strlen(payload) > HG_HINT_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "a hint has %d bytes at most", HG_HINT_MAX);
	if (store->pg)
		return hg_pg_hint(store, payload, error);
	tell_all(payload);
	return TRUE;
}
