/* erasures.c - requests to forget somebody, and how far they have got */
#include "people.h"
#include "sql.h"

static const struct hg_column erasure_columns[] = {
	HG_COLUMN(hg_erasure, n, INT64, HG_C_N),
	HG_COLUMN(hg_erasure, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_erasure, contact_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_erasure, who, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_erasure, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_erasure, done_ms, INT64, 0),
	HG_COLUMN(hg_erasure, phase, INT, 0),
	HG_COLUMN(hg_erasure, thread_n, INT64, 0),
	HG_COLUMN(hg_erasure, next_n, INT64, 0),
	HG_COLUMN(hg_erasure, journal_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_erasure, needles, TEXT, 0),
	HG_COLUMN(hg_erasure, counts, TEXT0, 0),
	HG_COLUMN(hg_erasure, proof, TEXT, 0),
	{ 0 }
};
static const struct hg_table erasure_table = { "erasure", erasure_columns, sizeof(hg_erasure), HG_NUMBERS_NONE };

gboolean hg_store_erasure_add(hg_store *store, hg_erasure *erasure, GError **error)
{
	static const struct hg_sql add = { HG_SQL_ERASURE_ADD, NULL, HG_SQL_INSERT, &erasure_table };

	return hg_row_add(store, &add, erasure, error);
}

gboolean hg_store_erasure_get(hg_store *store, hg_arena *arena, gint64 n, hg_erasure **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_ERASURE_GET, "WHERE n = $1", HG_SQL_SELECT, &erasure_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(n)), arena, ret, error);
}

gboolean hg_store_erasure_by_id(hg_store *store, hg_arena *arena, const char *id, hg_erasure **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_ERASURE_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &erasure_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_erasure_of(hg_store *store, hg_arena *arena, gint64 contact_n, hg_erasure **ret, GError **error)
{
	static const struct hg_sql of = { HG_SQL_ERASURE_OF, "WHERE contact_n = $1 ORDER BY n DESC LIMIT 1", HG_SQL_SELECT,
					  &erasure_table };

	return hg_row_one(store, &of, HG_BIND(HG_I(contact_n)), arena, ret, error);
}

gboolean hg_store_erasure_update(hg_store *store, const hg_erasure *erasure, GError **error)
{
	static const struct hg_sql update = { HG_SQL_ERASURE_UPDATE, NULL, HG_SQL_UPDATE, &erasure_table };

	return hg_row_change(store, &update, erasure, "erasure", error);
}
