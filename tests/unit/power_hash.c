/* power_hash.c - one number for all rows of a store */
#include "power_day.h"

#include "mix.h"

static guint64 mix_column(guint64 hash, sqlite3_stmt *stmt, int column)
{
	int type = sqlite3_column_type(stmt, column);
	gint64 head[2] = { type, type == SQLITE_INTEGER ? sqlite3_column_int64(stmt, column) : 0 };
	const void *bytes = type == SQLITE_BLOB || type == SQLITE_TEXT ? sqlite3_column_blob(stmt, column) : NULL;

	if (bytes)
		head[1] = sqlite3_column_bytes(stmt, column);
	hash = mix_bytes(hash, head, sizeof(head));
	return bytes ? mix_bytes(hash, bytes, (gsize)head[1]) : hash;
}

static guint64 hash_rows(sqlite3 *db, const char *sql, guint64 hash, GPtrArray *ret_names)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return 0;
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			hash = mix_column(hash, stmt, i);
		if (ret_names)
			g_ptr_array_add(ret_names, g_strdup((const char *)sqlite3_column_text(stmt, 0)));
	}
	sqlite3_finalize(stmt);
	return hash;
}

guint64 power_hash(sqlite3 *db)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	guint64 hash = hash_rows(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name", 1, names);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *sql = g_strdup_printf("SELECT * FROM \"%s\"", (const char *)names->pdata[i]);

		hash = hash_rows(db, sql, hash, NULL);
	}
	return hash;
}
