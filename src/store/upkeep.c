/* upkeep.c - what a database is made of */
#include "upkeep.h"

#include "db.h"

static gboolean one_number(hg_store *store, const char *sql, gint64 *ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, sql, HG_BIND_NONE, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	*ret = more > 0 ? hg_stmt_int(stmt, 0) : 0;
	if (more > 0)
		hg_stmt_end(stmt);
	return more >= 0;
}

static gboolean tell_tables(hg_store *store, hg_store_table_fn *fn, void *arg, GError **error)
{
	g_autoptr(GHashTable) sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	if (!store->driver->tables(store, names, sizes, error))
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *sql = g_strdup_printf("SELECT COUNT(*) FROM \"%s\"", name);	/* ours, from the schema */
		const gint64 *bytes = g_hash_table_lookup(sizes, name);
		gint64 rows;

		if (!one_number(store, sql, &rows, error))
			return FALSE;
		fn(arg, name, rows, bytes ? *bytes : -1);
	}
	return TRUE;
}

static gboolean info(hg_store *store, struct hg_store_info *ret, hg_store_table_fn *fn, void *arg, GError **error)
{
	*ret = (struct hg_store_info){ .schema = store->schema };
	return store->driver->sizes(store, &ret->bytes, &ret->wal_bytes, error) && store->driver->info(store, ret, error) &&
	       one_number(store, "SELECT at_ms FROM journal ORDER BY n LIMIT 1", &ret->journal_since_ms, error) &&
	       hg_store_newest(store, &ret->newest_ms, error) && tell_tables(store, fn, arg, error);
}

gboolean hg_store_info(hg_store *store, struct hg_store_info *ret, hg_store_table_fn *fn, void *arg, GError **error)
{
	gint64 limit = hg_sql_time_limit(store, 0);	/* it takes as long as it takes */
	gboolean done = info(store, ret, fn, arg, error);

	hg_sql_time_limit(store, limit);
	return done;
}
