/* events.c - the log: events, the decisions behind them, and the rules these were made by */
#include "known.h"

static const struct hg_column event_columns[] = {
	HG_COLUMN(hg_event, n, INT64, HG_C_N),
	HG_COLUMN(hg_event, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_event, thread_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_event, seq, INT64, HG_C_FIXED),
	HG_COLUMN(hg_event, prev_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_event, type, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_event, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_event, message_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_event, decision_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_event, data, TEXT0, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table event_table = { "event", event_columns, sizeof(hg_event), HG_NUMBERS_EVENT };

static const struct hg_column decision_columns[] = {
	HG_COLUMN(hg_decision, n, INT64, HG_C_N),
	HG_COLUMN(hg_decision, thread_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_decision, message_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_decision, prev_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_decision, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_decision, config_hash, TEXT0, HG_C_FIXED),
	HG_COLUMN_AT(hg_decision, on, "on_event", TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_decision, action, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_decision, rule, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_decision, file, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_decision, line, INT, HG_C_FIXED),
	HG_COLUMN(hg_decision, facts, TEXT, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table decision_table = { "decision", decision_columns, sizeof(hg_decision),
						HG_NUMBERS_DECISION };

/* ---- events ---- */
gboolean hg_store_event_add(hg_store *store, hg_event *event, GError **error)
{
	static const struct hg_sql add = { HG_SQL_EVENT_ADD, NULL, HG_SQL_INSERT, &event_table };

	return hg_row_add(store, &add, event, error);
}

static const struct hg_sql event_by_n = { HG_SQL_EVENT_GET, NULL, HG_SQL_BY_N, &event_table };

gboolean hg_store_event_get(hg_store *store, hg_arena *arena, gint64 n, hg_event **ret, GError **error)
{
	return hg_row_by_n(store, &event_by_n, n, arena, ret, error);
}

gboolean hg_store_event_by_id(hg_store *store, hg_arena *arena, const char *id, hg_event **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_EVENT_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &event_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_event_list(hg_store *store, hg_arena *arena, gint64 newest_n, guint limit, GPtrArray *ret,
			     GError **error)
{
	return hg_row_chain(store, &event_by_n, offsetof(hg_event, prev_n), newest_n, limit, arena, ret, error);
}

gboolean hg_store_event_after(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GPtrArray *ret,
			      GError **error)
{
	static const struct hg_sql after = { HG_SQL_EVENT_AFTER, "WHERE n > $1 ORDER BY n LIMIT $2", HG_SQL_SELECT,
					     &event_table };

	return hg_row_all(store, &after, HG_BIND(HG_I(after_n), HG_I(limit)), arena, ret, error);
}

gboolean hg_store_event_log(hg_store *store, hg_arena *arena, gint64 after_n, gboolean shadow, guint limit,
			    GPtrArray *ret, GError **error)
{
	static const struct hg_sql log = { HG_SQL_EVENT_LOG, "WHERE n > $1 AND CASE WHEN EXISTS (SELECT 1 FROM thread "
					   "WHERE thread.n = event.thread_n AND thread.shadow = 1) THEN 1 ELSE 0 END = $2 ORDER BY n LIMIT $3",
					   HG_SQL_SELECT, &event_table };

	return hg_row_all(store, &log, HG_BIND(HG_I(after_n), HG_I(shadow ? 1 : 0), HG_I(limit)), arena, ret, error);
}

/* ---- decisions ---- */
gboolean hg_store_decision_add(hg_store *store, hg_decision *decision, GError **error)
{
	static const struct hg_sql add = { HG_SQL_DECISION_ADD, NULL, HG_SQL_INSERT, &decision_table };

	return hg_row_add(store, &add, decision, error);
}

static const struct hg_sql decision_by_n = { HG_SQL_DECISION_GET, NULL, HG_SQL_BY_N, &decision_table };

gboolean hg_decision_ahead(hg_store *store, const struct hg_range *range, GError **error)
{
	return hg_row_ahead(store, &decision_table, range, error);
}

gboolean hg_store_decision_get(hg_store *store, hg_arena *arena, gint64 n, hg_decision **ret, GError **error)
{
	return hg_row_by_n(store, &decision_by_n, n, arena, ret, error);
}

gboolean hg_store_decision_list(hg_store *store, hg_arena *arena, gint64 newest_n, guint limit, GPtrArray *ret,
				GError **error)
{
	return hg_row_chain(store, &decision_by_n, offsetof(hg_decision, prev_n), newest_n, limit, arena, ret, error);
}

gboolean hg_store_decision_after(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GPtrArray *ret,
				 GError **error)
{
	static const struct hg_sql after = { HG_SQL_DECISION_AFTER, "WHERE n > $1 ORDER BY n LIMIT $2", HG_SQL_SELECT,
					     &decision_table };

	return hg_row_all(store, &after, HG_BIND(HG_I(after_n), HG_I(limit)), arena, ret, error);
}

gboolean hg_store_decision_before(hg_store *store, hg_arena *arena, gint64 before_n, guint limit, GPtrArray *ret,
				  GError **error)
{
	static const struct hg_sql before = { HG_SQL_DECISION_BEFORE, "WHERE n < $1 ORDER BY n DESC LIMIT $2", HG_SQL_SELECT,
					      &decision_table };

	return hg_row_all(store, &before, HG_BIND(HG_I(before_n ? before_n : G_MAXINT64), HG_I(limit)), arena, ret, error);
}

/* No index on the time: numbers rise with it, so the place is found by halving.  from: the first row from a
 * number on, which begins with its number; at: where in the row its time is. */
static gboolean halve(hg_store *store, const struct hg_sql *from, gsize at, gint64 since_ms, gint64 late, gint64 *ret_after_n,
		      GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	gint64 early = 0;		/* all up to early are older, all behind late are not */

	while (early < late) {
		gint64 middle = early + (late - early + 1) / 2;
		void *row = NULL;

		if (!hg_row_one(store, from, HG_BIND(HG_I(middle)), arena, &row, error))
			return FALSE;
		if (row && G_STRUCT_MEMBER(gint64, row, at) < since_ms)
			early = G_STRUCT_MEMBER(gint64, row, 0);
		else
			late = middle - 1;
	}
	*ret_after_n = early;
	return TRUE;
}

gboolean hg_store_decision_since(hg_store *store, gint64 since_ms, gint64 *ret_after_n, GError **error)
{
	static const struct hg_sql last = { HG_SQL_DECISION_LAST, "SELECT MAX(n) FROM decision", 0, NULL };
	static const struct hg_sql from = { HG_SQL_DECISION_FROM, "WHERE n >= $1 ORDER BY n LIMIT 1", HG_SQL_SELECT,
					    &decision_table };
	gint64 late;

	G_STATIC_ASSERT(offsetof(hg_decision, n) == 0);
	return hg_sql_int(store, &last, HG_BIND_NONE, 0, &late, error) &&
	       halve(store, &from, offsetof(hg_decision, at_ms), since_ms, late, ret_after_n, error);
}

gboolean hg_store_event_since(hg_store *store, gint64 since_ms, gint64 *ret_after_n, GError **error)
{
	static const struct hg_sql from = { HG_SQL_EVENT_FROM, "WHERE n >= $1 ORDER BY n LIMIT 1", HG_SQL_SELECT, &event_table };
	gint64 late;

	G_STATIC_ASSERT(offsetof(hg_event, n) == 0);
	return hg_store_event_last(store, &late, error) &&
	       halve(store, &from, offsetof(hg_event, at_ms), since_ms, late, ret_after_n, error);
}

gboolean hg_store_decision_rules(hg_store *store, hg_arena *arena, gint64 after_n, guint most, GPtrArray *ret,
				 gint64 *ret_looked, GError **error)
{
	static const struct hg_sql count = { HG_SQL_DECISION_RULES, "SELECT rule, COUNT(*), MAX(at_ms) FROM (SELECT rule, at_ms FROM decision "
					     "WHERE n > $1 ORDER BY n DESC LIMIT $2) AS newest GROUP BY rule", 0, &decision_table };
	hg_stmt *stmt = hg_stmt_open(store, &count, HG_BIND(HG_I(after_n), HG_I(most)), error);
	int state = stmt ? 1 : -1;

	*ret_looked = 0;
	while (stmt && (state = hg_stmt_next(stmt, error)) == 1) {
		gsize len;
		const char *rule = hg_stmt_text(stmt, 0, &len);
		hg_rule_use *use = rule ? hg_arena_alloc(arena, sizeof(*use)) : NULL;

		*ret_looked += hg_stmt_int(stmt, 1);
		if (!use)
			continue;
		*use = (hg_rule_use){ hg_arena_str(arena, rule), hg_stmt_int(stmt, 1), hg_stmt_int(stmt, 2) };
		g_ptr_array_add(ret, use);
	}
	return state == 0;
}

gboolean hg_store_config_keep(hg_store *store, const char *hash, const char *text, gint64 at_ms, GError **error)
{
	static const struct hg_sql keep = { HG_SQL_CONFIG_KEEP, "INSERT INTO config (hash, text, at_ms) VALUES ($1, $2, $3) "
					    "ON CONFLICT (hash) DO NOTHING", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &keep, HG_BIND(HG_T(hash), HG_T(text), HG_I(at_ms)), NULL, error);
}

gboolean hg_store_config_get(hg_store *store, hg_arena *arena, const char *hash, const char **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_CONFIG_GET, "SELECT text FROM config WHERE hash = $1", HG_SQL_ALONE, NULL };

	return hg_sql_text(store, &get, HG_BIND(HG_T(hash)), arena, ret, error);
}
