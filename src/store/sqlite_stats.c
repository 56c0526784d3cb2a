/* sqlite_stats.c - how much there is */
#include "sqlite_db.h"

#include <sys/stat.h>

static gint64 file_size(const char *path, const char *suffix)
{
	g_autofree char *name = g_strconcat(path, suffix, NULL);
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : 0;
}

gboolean hg_sqlite_sizes(hg_store *store, gint64 *ret_bytes, gint64 *ret_log, GError **error G_GNUC_UNUSED)
{
	*ret_bytes = file_size(store->path, "");
	*ret_log = file_size(store->path, "-wal");
	return TRUE;
}

static gint64 counted(hg_store *store, int what)
{
	int now = 0, most;

	sqlite3_db_status(store->db, what, &now, &most, 0);
	return now;
}

void hg_sqlite_pages(hg_store *store, struct hg_store_cost *ret)
{
	ret->pages_read = counted(store, SQLITE_DBSTATUS_CACHE_MISS);
	ret->pages = ret->pages_read + counted(store, SQLITE_DBSTATUS_CACHE_HIT);
	ret->page_bytes = store->page_size;
}
