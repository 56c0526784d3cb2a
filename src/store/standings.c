/* standings.c - what stands until somebody or something takes it back: pauses, alarms, changed dead letters */
#include "sql.h"

static const struct hg_column standing_columns[] = {
	HG_COLUMN(hg_standing, kind, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_standing, name, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_standing, since_ms, INT64, 0),
	HG_COLUMN(hg_standing, told_ms, INT64, 0),
	HG_COLUMN(hg_standing, who, TEXT, 0),
	HG_COLUMN(hg_standing, text, TEXT, 0),
	{ 0 }
};
static const struct hg_table standing_table = { "standing", standing_columns, sizeof(hg_standing), HG_NUMBERS_ALONE };

gboolean hg_store_standing_get(hg_store *store, hg_arena *arena, const char *kind, const char *name, hg_standing **ret,
			       GError **error)
{
	static const struct hg_sql get = { HG_SQL_STANDING_GET, "WHERE kind = $1 AND name = $2", HG_SQL_SELECT,
					   &standing_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(kind), HG_T(name)), arena, ret, error);
}

gboolean hg_store_standing_list(hg_store *store, hg_arena *arena, const char *kind, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_STANDING_LIST, "WHERE kind = $1 ORDER BY name", HG_SQL_SELECT,
					    &standing_table };

	return hg_row_all(store, &list, HG_BIND(HG_T(kind)), arena, ret, error);
}

gboolean hg_store_standing_set(hg_store *store, const hg_standing *standing, GError **error)
{
	static const struct hg_sql set = { HG_SQL_STANDING_SET, " ON CONFLICT (kind, name) DO UPDATE SET "
					   "since_ms = excluded.since_ms, told_ms = excluded.told_ms, who = excluded.who, "
					   "text = excluded.text", HG_SQL_INSERT, &standing_table };

	return hg_row_update(store, &set, standing, NULL, error);
}

gboolean hg_store_standing_end(hg_store *store, const char *kind, const char *name, GError **error)
{
	static const struct hg_sql end = { HG_SQL_STANDING_END, "DELETE FROM standing WHERE kind = $1 AND name = $2",
					   HG_SQL_ALONE, &standing_table };

	return hg_sql_run(store, &end, HG_BIND(HG_T(kind), HG_T(name)), NULL, error);
}
