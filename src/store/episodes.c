/* episodes.c - conversations that have ended, for reports */
#include "sql.h"

static const struct hg_column episode_columns[] = {
	HG_COLUMN(hg_episode, n, INT64, HG_C_N),
	HG_COLUMN(hg_episode, thread_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_episode, number, INT64, HG_C_FIXED),
	HG_COLUMN(hg_episode, channel, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_episode, scope, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_episode, shadow, INT, HG_C_FIXED),
	HG_COLUMN(hg_episode, opened_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_episode, customer_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_episode, bot_ms, INT64, 0),
	HG_COLUMN(hg_episode, human_ms, INT64, 0),
	HG_COLUMN(hg_episode, ended_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_episode, how, INT, HG_C_FIXED),
	HG_COLUMN(hg_episode, confirmed_ms, INT64, 0),
	HG_COLUMN(hg_episode, inbound, INT64, 0),
	HG_COLUMN(hg_episode, real, INT64, 0),
	HG_COLUMN(hg_episode, bot, INT64, 0),
	HG_COLUMN(hg_episode, human, INT64, 0),
	HG_COLUMN(hg_episode, ticket_n, REF, 0),
	HG_COLUMN(hg_episode, acked_ms, INT64, 0),
	HG_COLUMN(hg_episode, closed_ms, INT64, 0),
	HG_COLUMN(hg_episode, resolution, INT, 0),
	HG_COLUMN(hg_episode, reopened_ms, INT64, 0),
	HG_COLUMN(hg_episode, reopen_gap_ms, INT64, 0),
	HG_COLUMN(hg_episode, dropped_ms, INT64, 0),
	HG_COLUMN(hg_episode, restored_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table episode_table = { "episode", episode_columns, sizeof(hg_episode), HG_NUMBERS_EPISODE };

gboolean hg_store_episode_add(hg_store *store, hg_episode *episode, GError **error)
{
	static const struct hg_sql add = { HG_SQL_EPISODE_ADD, NULL, HG_SQL_INSERT, &episode_table };

	return hg_row_add(store, &add, episode, error);
}

gboolean hg_store_episode_get(hg_store *store, hg_arena *arena, gint64 n, hg_episode **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_EPISODE_GET, NULL, HG_SQL_BY_N, &episode_table };

	return hg_row_by_n(store, &get, n, arena, ret, error);
}

gboolean hg_store_episode_update(hg_store *store, const hg_episode *episode, GError **error)
{
	static const struct hg_sql update = { HG_SQL_EPISODE_UPDATE, NULL, HG_SQL_UPDATE, &episode_table };

	return hg_row_change(store, &update, episode, "episode", error);
}

gboolean hg_store_episode_ended(hg_store *store, hg_arena *arena, const struct hg_episode_query *query,
				GPtrArray *ret, GError **error)
{
	static const struct hg_sql ended = { HG_SQL_EPISODE_ENDED, "WHERE ended_ms >= $1 AND ended_ms < $2 AND "
					     "(ended_ms, n) > ($3, $4) ORDER BY ended_ms, n LIMIT $5", HG_SQL_SELECT,
					     &episode_table };

	return hg_row_all(store, &ended, HG_BIND(HG_I(MAX(query->since_ms, query->after_ms)), HG_I(query->until_ms),
						 HG_I(query->after_ms), HG_I(query->after_n), HG_I(query->limit)),
			  arena, ret, error);
}

gboolean hg_store_episode_dropped(hg_store *store, hg_arena *arena, const struct hg_drop_query *query,
				  GPtrArray *ret, GError **error)
{
	static const struct hg_sql dropped = { HG_SQL_EPISODE_DROPPED, "WHERE dropped_ms > 0 AND dropped_ms >= $1 AND "
					       "dropped_ms <= $2 AND (dropped_ms, n) < ($2, $3) AND ($4 = 0 OR restored_ms = 0) "
					       "AND ($5 = 0 OR thread_n = $5) ORDER BY dropped_ms DESC, n DESC LIMIT $6",
					       HG_SQL_SELECT, &episode_table };

	return hg_row_all(store, &dropped, HG_BIND(HG_I(query->since_ms), HG_I(query->before_ms ?: G_MAXINT64),
						   HG_I(query->before_n), HG_I(query->open_only), HG_I(query->thread_n), HG_I(query->limit)),
			  arena, ret, error);
}

gboolean hg_store_drops_open(hg_store *store, gint64 *ret, GError **error)
{
	static const struct hg_sql open = { HG_SQL_EPISODE_DROPS_OPEN, "SELECT COUNT(*) FROM episode WHERE dropped_ms > 0 "
					    "AND restored_ms = 0", 0, NULL };

	return hg_sql_int(store, &open, HG_BIND_NONE, 0, ret, error);
}
