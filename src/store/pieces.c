/* pieces.c - messages that came in pieces and are not whole yet */
#include "sql.h"

static const struct hg_column joining_columns[] = {
	HG_COLUMN(hg_joining, n, INT64, HG_C_N),
	HG_COLUMN(hg_joining, channel, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_joining, space, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_joining, sender, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_joining, ours, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_joining, ref, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_joining, parts, INT, HG_C_FIXED),
	HG_COLUMN(hg_joining, state, INT, 0),
	HG_COLUMN(hg_joining, since_ms, INT64, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table joining_table = { "joining", joining_columns, sizeof(hg_joining), HG_NUMBERS_ALONE };

static const struct hg_column piece_columns[] = {
	HG_COLUMN(hg_piece, joining_n, INT64, HG_C_KEY),
	HG_COLUMN(hg_piece, part, INT, HG_C_KEY),
	HG_COLUMN_BLOB(hg_piece, item, len, HG_C_FIXED),
	HG_COLUMN(hg_piece, raw_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_piece, own_raw, INT, HG_C_FIXED),
	HG_COLUMN(hg_piece, at_ms, INT64, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table piece_table = { "piece", piece_columns, sizeof(hg_piece), HG_NUMBERS_ALONE };

gboolean hg_store_joining_add(hg_store *store, hg_joining *joining, GError **error)
{
	static const struct hg_sql add = { HG_SQL_JOINING_ADD, NULL, HG_SQL_INSERT, &joining_table };

	return hg_row_add(store, &add, joining, error);
}

gboolean hg_store_joining_get(hg_store *store, hg_arena *arena, gint64 n, hg_joining **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_JOINING_GET, "WHERE n = $1", HG_SQL_SELECT, &joining_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(n)), arena, ret, error);
}

gboolean hg_store_joining_find(hg_store *store, hg_arena *arena, const hg_joining *like, hg_joining **ret, GError **error)
{
	static const struct hg_sql find = { HG_SQL_JOINING_FIND, "WHERE channel = $1 AND sender = $2 AND ours = $3 AND "
					    "ref = $4 AND parts = $5 AND state <> 2", HG_SQL_SELECT, &joining_table };

	G_STATIC_ASSERT(HG_JOINING_REUSED == 2);
	return hg_row_one(store, &find, HG_BIND(HG_T(like->channel), HG_T(like->sender), HG_T(like->ours), HG_T(like->ref),
						HG_I(like->parts)), arena, ret, error);
}

gboolean hg_store_joining_oldest(hg_store *store, hg_arena *arena, const char *channel, const char *sender, guint behind,
				 hg_joining **ret, GError **error)
{
	static const struct hg_sql oldest = { HG_SQL_JOINING_OLDEST, "WHERE channel = $1 AND sender = $2 AND state = 1 "
					      "ORDER BY n DESC LIMIT 1 OFFSET $3", HG_SQL_SELECT, &joining_table };

	G_STATIC_ASSERT(HG_JOINING_OPEN == 1);
	return hg_row_one(store, &oldest, HG_BIND(HG_T(channel), HG_T(sender), HG_I(behind)), arena, ret, error);
}

gboolean hg_store_joining_state(hg_store *store, gint64 n, int state, GError **error)
{
	static const struct hg_sql set = { HG_SQL_JOINING_STATE, "UPDATE joining SET state = $1 WHERE n = $2", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &set, HG_BIND(HG_I(state), HG_I(n)), NULL, error);
}

gboolean hg_store_joining_delete(hg_store *store, gint64 n, GError **error)
{
	static const struct hg_sql pieces = { HG_SQL_PIECE_DELETE, "DELETE FROM piece WHERE joining_n = $1", HG_SQL_ALONE, NULL };
	static const struct hg_sql self = { HG_SQL_JOINING_DELETE, "DELETE FROM joining WHERE n = $1", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &pieces, HG_BIND(HG_I(n)), NULL, error) &&
	       hg_sql_run(store, &self, HG_BIND(HG_I(n)), NULL, error);
}

gboolean hg_store_piece_add(hg_store *store, hg_piece *piece, GError **error)
{
	static const struct hg_sql add = { HG_SQL_PIECE_ADD, NULL, HG_SQL_INSERT, &piece_table };

	return hg_row_add(store, &add, piece, error);
}

gboolean hg_store_piece_get(hg_store *store, hg_arena *arena, gint64 joining_n, int part, hg_piece **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_PIECE_GET, "WHERE joining_n = $1 AND part = $2", HG_SQL_SELECT, &piece_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(joining_n), HG_I(part)), arena, ret, error);
}

gboolean hg_store_piece_count(hg_store *store, gint64 joining_n, gint64 *ret, GError **error)
{
	static const struct hg_sql count = { HG_SQL_PIECE_COUNT, "SELECT COUNT(*) FROM piece WHERE joining_n = $1", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &count, HG_BIND(HG_I(joining_n)), 0, ret, error);
}

gboolean hg_store_piece_list(hg_store *store, hg_arena *arena, gint64 joining_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_PIECE_LIST, "WHERE joining_n = $1 ORDER BY part", HG_SQL_SELECT, &piece_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(joining_n)), arena, ret, error);
}
