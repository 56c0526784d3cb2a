/* sqlite_upkeep.c - what a file is made of, and writing it anew */
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

gboolean hg_sqlite_tables(hg_store *store, GPtrArray *names, GHashTable *sizes, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
				     "ORDER BY name", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		g_ptr_array_add(names, g_strdup(hg_stmt_text(stmt, 0, &len)));
	sizes_of(store, sizes);
	return more == 0;
}

gboolean hg_sqlite_info(hg_store *store, struct hg_store_info *ret, GError **error)
{
	return number_of(store, "page_size", &ret->page_size, error) && number_of(store, "page_count", &ret->pages, error) &&
	       number_of(store, "freelist_count", &ret->free_pages, error);
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
	hg_store *store;
	gboolean done;

	if (!hg_store_need_file(options->driver, "it makes room by itself (autovacuum), and VACUUM FULL writes it anew", error) ||
	    !(store = hg_store_open(options, error)))
		return FALSE;
	*ret_before = size_of(options->path);
	done = check_room(options->path, *ret_before, error) && hg_sqlite_exec(store, "VACUUM", error);
	if (done)
		hg_sqlite_unprepare(store);
	hg_store_close(store);		/* copies the log back */
	*ret_after = size_of(options->path);
	return done;
}
