/* journal.c - what the engine did, to be done again */
#include "sql.h"

static const struct hg_column journal_columns[] = {
	HG_COLUMN(hg_journal, n, INT64, HG_C_N),
	HG_COLUMN(hg_journal, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_journal, kind, INT, HG_C_FIXED),
	HG_COLUMN_BLOB(hg_journal, seed, seed_len, HG_C_FIXED),
	HG_COLUMN_BLOB(hg_journal, body, len, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table journal_table = { "journal", journal_columns, sizeof(hg_journal), HG_NUMBERS_ALONE };

gboolean hg_store_journal_add(hg_store *store, const hg_journal *row, GError **error)
{
	/* Nobody asks for its number, so that nobody has to wait for it. */
	static const struct hg_sql add = { HG_SQL_JOURNAL_ADD, "INSERT INTO journal (at_ms, kind, seed, body) VALUES ($1, $2, $3, $4)",
					   HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &add, HG_BIND(HG_I(row->at_ms), HG_I(row->kind), HG_B(row->seed, row->seed_len),
					       HG_B(row->body, row->len)), NULL, error);
}

gboolean hg_store_journal_after(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GPtrArray *ret,
				GError **error)
{
	static const struct hg_sql after = { HG_SQL_JOURNAL_AFTER, "WHERE n > $1 ORDER BY n LIMIT $2", HG_SQL_SELECT,
					     &journal_table };

	return hg_row_all(store, &after, HG_BIND(HG_I(after_n), HG_I(limit)), arena, ret, error);
}

gboolean hg_store_journal_last(hg_store *store, gint64 *ret_n, GError **error)
{
	static const struct hg_sql last = { HG_SQL_JOURNAL_LAST, "SELECT MAX(n) FROM journal", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &last, HG_BIND_NONE, 0, ret_n, error);
}

gboolean hg_store_event_last(hg_store *store, gint64 *ret_n, GError **error)
{
	static const struct hg_sql last = { HG_SQL_EVENT_LAST, "SELECT MAX(n) FROM event", 0, NULL };

	return hg_sql_int(store, &last, HG_BIND_NONE, 0, ret_n, error);
}

gboolean hg_store_newest(hg_store *store, gint64 *ret_ms, GError **error)
{
	/* Time never goes back in a store, so the last rows are the newest; a journal need not be kept. */
	static const struct hg_sql newest = { HG_SQL_NEWEST, "SELECT MAX(at_ms) FROM ("
		"SELECT at_ms FROM (SELECT at_ms FROM journal ORDER BY n DESC LIMIT 1) AS done UNION ALL "
		"SELECT at_ms FROM (SELECT at_ms FROM event ORDER BY n DESC LIMIT 1) AS told) AS newest", 0, NULL };

	return hg_sql_int(store, &newest, HG_BIND_NONE, 0, ret_ms, error);
}

/* Whole batches, and never the newest: a number is not given twice, and no index by time is needed. */
gboolean hg_journal_expire(hg_store *store, gint64 now_ms, gint64 keep_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql end = { HG_SQL_JOURNAL_END, "SELECT n, at_ms FROM journal WHERE n > 0 ORDER BY n "
					   "LIMIT 1 OFFSET $1", HG_SQL_ALONE, NULL };
	static const struct hg_sql expire = { HG_SQL_JOURNAL_EXPIRE, "DELETE FROM journal WHERE n < $1", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &end, HG_BIND(HG_I(HG_EXPIRE_BATCH)), error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;
	gint64 n, at_ms, gone;

	if (more <= 0)
		return more == 0;
	n = hg_stmt_int(stmt, 0);
	at_ms = hg_stmt_int(stmt, 1);
	hg_stmt_end(stmt);
	if (at_ms > now_ms - keep_ms)
		return TRUE;
	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(n)), &gone, error))
		return FALSE;
	*changed += gone;
	return TRUE;
}
