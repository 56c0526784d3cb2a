/* csat.c - what customers think of how they were served */
#include "late.h"

static const struct hg_column csat_columns[] = {
	HG_COLUMN(hg_csat, n, INT64, HG_C_N),
	HG_COLUMN(hg_csat, thread_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_csat, episode, INT64, HG_C_FIXED),
	HG_COLUMN(hg_csat, ticket_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_csat, channel, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_csat, resolver, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_csat, score, INT64, HG_C_FIXED),
	HG_COLUMN(hg_csat, scale, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_csat, comment, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_csat, at_ms, INT64, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table csat_table = { "csat", csat_columns, sizeof(hg_csat), HG_NUMBERS_NONE };

gboolean hg_store_csat_add(hg_store *store, hg_csat *csat, GError **error)
{
	static const struct hg_sql add = { HG_SQL_CSAT_ADD, NULL, HG_SQL_INSERT, &csat_table };

	return hg_row_add(store, &add, csat, error);
}

gboolean hg_store_csat_of(hg_store *store, hg_arena *arena, gint64 thread_n, hg_csat **ret, GError **error)
{
	static const struct hg_sql of = { HG_SQL_CSAT_OF, "WHERE thread_n = $1 ORDER BY episode DESC LIMIT 1",
					  HG_SQL_SELECT, &csat_table };

	if (hg_thread_is_late(store, thread_n)) {
		*ret = NULL;
		return TRUE;
	}
	return hg_row_one(store, &of, HG_BIND(HG_I(thread_n)), arena, ret, error);
}

gboolean hg_store_csat_list(hg_store *store, hg_arena *arena, gint64 since_ms, gint64 until_ms, gint64 after_n,
			    guint limit, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_CSAT_LIST, "WHERE at_ms >= $1 AND at_ms < $2 AND n > $3 ORDER BY n "
					    "LIMIT $4", HG_SQL_SELECT, &csat_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(since_ms), HG_I(until_ms), HG_I(after_n), HG_I(limit)), arena, ret,
			  error);
}
