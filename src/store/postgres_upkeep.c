/* postgres_upkeep.c - what a server says of how much there is */
#include "postgres_db.h"

/* What it keeps free, and its log, are the whole server's. */
gboolean hg_pg_info(hg_store *store G_GNUC_UNUSED, struct hg_store_info *ret G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
	return TRUE;
}

gboolean hg_pg_tables(hg_store *store, GPtrArray *names, GHashTable *sizes, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT CAST(c.relname AS TEXT), pg_total_relation_size(c.oid) FROM pg_class AS c "
				     "JOIN pg_namespace AS s ON s.oid = c.relnamespace "
				     "WHERE c.relkind = 'r' AND s.nspname = current_schema() ORDER BY 1", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		gint64 *bytes = g_new(gint64, 1);

		*bytes = hg_stmt_int(stmt, 1);
		g_ptr_array_add(names, g_strdup(hg_stmt_text(stmt, 0, &len)));
		g_hash_table_insert(sizes, g_strdup(hg_stmt_text(stmt, 0, &len)), bytes);
	}
	return more == 0;
}
