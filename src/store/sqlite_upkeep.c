/* sqlite_upkeep.c - what a database is made of, and writing it anew */
#include "upkeep.h"

#include <string.h>
#include <sys/stat.h>

#include "sqlite_db.h"

static gint64 size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

static gboolean number_of(hg_store *store, const char *pragma, gint64 *ret, GError **error)
{
	g_autofree char *text = NULL;

	if (!hg_sqlite_pragma(store, pragma, &text, error))
		return FALSE;
	*ret = text ? g_ascii_strtoll(text, NULL, 10) : 0;
	return TRUE;
}

static gboolean one_number(hg_store *store, const char *sql, gint64 *ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, sql, HG_BIND_NONE, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	*ret = more > 0 ? hg_stmt_int(stmt, 0) : 0;
	if (more > 0)
		hg_stmt_end(stmt);
	return more >= 0;
}

/* Bytes by table, those of its indexes with it; empty where dbstat is not compiled in. */
static void sizes_of(hg_store *store, GHashTable *sizes)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT s.tbl_name, SUM(d.pgsize) FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name "
				     "WHERE d.aggregate = TRUE GROUP BY s.tbl_name", HG_BIND_NONE, NULL);
	gsize len;

	while (stmt && hg_stmt_next(stmt, NULL) > 0) {
		gint64 *bytes = g_new(gint64, 1);

		*bytes = hg_stmt_int(stmt, 1);
		g_hash_table_insert(sizes, g_strdup(hg_stmt_text(stmt, 0, &len)), bytes);
	}
}

static gboolean names_of(hg_store *store, GPtrArray *names, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
				     "ORDER BY name", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		g_ptr_array_add(names, g_strdup(hg_stmt_text(stmt, 0, &len)));
	return more == 0;
}

static gboolean tell_tables(hg_store *store, hg_store_table_fn *fn, void *arg, GError **error)
{
	g_autoptr(GHashTable) sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	sizes_of(store, sizes);
	if (!names_of(store, names, error))
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
	g_autofree char *wal = g_strconcat(store->path, "-wal", NULL);

	*ret = (struct hg_store_info){ .schema = store->schema, .bytes = size_of(store->path), .wal_bytes = size_of(wal) };
	return number_of(store, "page_size", &ret->page_size, error) && number_of(store, "page_count", &ret->pages, error) &&
	       number_of(store, "freelist_count", &ret->free_pages, error) &&
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

/* ---- compacting ---- */

static gboolean check_room(const char *path, gint64 bytes, GError **error)
{
	gint64 room = hg_free_bytes(path);

	return room < 0 || room > bytes + bytes / 4 ||
	       hg_fail(error, HG_ERROR_STATE, "%s has %" G_GINT64_FORMAT " MB, and %" G_GINT64_FORMAT " MB are free: it is written anew "
		       "beside itself, so free some disk space first", path, bytes / 1000000, room / 1000000);
}

gboolean hg_store_compact(const struct hg_store_options *options, gint64 *ret_before, gint64 *ret_after, GError **error)
{
	hg_store *store = hg_store_open(options, error);
	gboolean done;

	if (!store)
		return FALSE;
	*ret_before = size_of(options->path);
	done = check_room(options->path, *ret_before, error) && hg_sqlite_exec(store, "VACUUM", error);
	if (done)
		hg_sqlite_unprepare(store);
	hg_store_close(store);		/* copies the log back */
	*ret_after = size_of(options->path);
	return done;
}
