/* sqlite_stats.c - how much there is */
#include "sqlite_db.h"

#include <sys/stat.h>

static gint64 file_size(const char *path, const char *suffix)
{
	g_autofree char *name = g_strconcat(path, suffix, NULL);
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : 0;
}

gboolean hg_store_stats(hg_store *store, struct hg_store_stats *ret, GError **error)
{
	/* Rows of these tables are never deleted: the highest number is the count, without a walk. */
	static const struct hg_sql counts = { HG_SQL_STATS, "SELECT (SELECT MAX(n) FROM contact), (SELECT MAX(n) FROM thread), "
					      "(SELECT COUNT(*) FROM thread WHERE state = 1), (SELECT MAX(n) FROM message), "
					      "(SELECT MAX(n) FROM ticket), (SELECT MAX(n) FROM event)", 0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &counts, HG_BIND_NONE, error);

	if (!stmt || hg_stmt_next(stmt, error) < 0)
		return FALSE;
	*ret = (struct hg_store_stats){
		.contacts = hg_stmt_int(stmt, 0), .threads = hg_stmt_int(stmt, 1),
		.open_threads = hg_stmt_int(stmt, 2), .messages = hg_stmt_int(stmt, 3),
		.tickets = hg_stmt_int(stmt, 4), .events = hg_stmt_int(stmt, 5),
		.bytes = file_size(store->path, ""), .wal_bytes = file_size(store->path, "-wal"),
	};
	hg_stmt_end(stmt);
	return TRUE;
}
