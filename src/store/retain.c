/* retain.c - what is kept for so long: which conversations and raw deliveries come next */
#include "people.h"
#include "sql.h"

gboolean hg_store_closed_behind(hg_store *store, gint64 after_n, guint limit, GArray *ret, GError **error)
{
	static const struct hg_sql closed = { HG_SQL_RETAIN_CLOSED, "SELECT n FROM thread WHERE n > $1 AND state = 2 ORDER BY n LIMIT $2",
					      0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &closed, HG_BIND(HG_I(after_n), HG_I(limit)), error);
	int more = -1;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		gint64 n = hg_stmt_int(stmt, 0);

		g_array_append_val(ret, n);
	}
	return more == 0;
}

gboolean hg_store_raw_behind(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GArray *ret, GError **error)
{
	static const struct hg_sql page = { HG_SQL_RETAIN_RAW, "SELECT n, channel, at_ms, EXISTS (SELECT 1 FROM outbox AS o "
					    "WHERE o.raw_n = raw.n) FROM raw WHERE n > $1 ORDER BY n LIMIT $2", 0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &page, HG_BIND(HG_I(after_n), HG_I(limit)), error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		struct hg_raw_head head = { hg_stmt_int(stmt, 0), hg_arena_str(arena, hg_stmt_text(stmt, 1, &len)),
					    hg_stmt_int(stmt, 2), hg_stmt_int(stmt, 3) != 0 };

		g_array_append_val(ret, head);
	}
	return more == 0;
}

/* A walk through all conversations, for people who ask: nothing of the daily work does. */
gboolean hg_store_retain_count(hg_store *store, const char *channel, gint64 before_ms, int bit, gint64 *ret_threads,
			       gint64 *ret_messages, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT COUNT(*), COALESCE(SUM(messages), 0) FROM thread WHERE channel = $1 AND state = 2 "
				     "AND closed_ms <= $2 AND last_ms <= $2 AND (forgotten & $3) = 0",
				     HG_BIND(HG_T(channel), HG_I(before_ms), HG_I(bit)), error);

	if (!stmt || hg_stmt_next(stmt, error) < 0)
		return FALSE;
	*ret_threads = hg_stmt_int(stmt, 0);
	*ret_messages = hg_stmt_int(stmt, 1);
	hg_stmt_end(stmt);
	return TRUE;
}
