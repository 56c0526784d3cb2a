/* waiting.c - messages that wait for facts from outside, and the questions they wait for */
#include "sql.h"

static const struct hg_column waiting_columns[] = {
	HG_COLUMN(hg_waiting, n, INT64, HG_C_N),
	HG_COLUMN(hg_waiting, contact_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_waiting, channel, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_waiting, space, TEXT, HG_C_FIXED),
	HG_COLUMN_BLOB(hg_waiting, item, len, HG_C_FIXED),
	HG_COLUMN(hg_waiting, raw_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_waiting, own_raw, INT, HG_C_FIXED),
	HG_COLUMN(hg_waiting, newcomer, INT, HG_C_FIXED),
	HG_COLUMN(hg_waiting, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_waiting, ready_ms, INT64, 0),
	HG_COLUMN(hg_waiting, due_ms, REF, 0),
	{ 0 }
};
static const struct hg_table waiting_table = { "waiting", waiting_columns, sizeof(hg_waiting), HG_NUMBERS_NONE };

static const struct hg_column question_columns[] = {
	HG_COLUMN(hg_question, n, INT64, HG_C_N),
	HG_COLUMN(hg_question, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_question, waiting_n, REF, 0),
	HG_COLUMN(hg_question, contact_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_question, hook, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_question, job_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_question, state, INT, 0),
	HG_COLUMN(hg_question, asked_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_question, deadline_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_question, ms, INT64, 0),
	HG_COLUMN(hg_question, answer, TEXT, 0),
	HG_COLUMN(hg_question, note, TEXT, 0),
	{ 0 }
};
static const struct hg_table question_table = { "question", question_columns, sizeof(hg_question), HG_NUMBERS_NONE };

static const struct hg_column hook_columns[] = {
	HG_COLUMN(hg_hook, name, TEXT, HG_C_KEY),
	HG_COLUMN(hg_hook, failures, INT64, 0),
	HG_COLUMN(hg_hook, until_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table hook_table = { "hook", hook_columns, sizeof(hg_hook), HG_NUMBERS_NONE };

/* ---- what waits ---- */
gboolean hg_store_waiting_add(hg_store *store, hg_waiting *waiting, GError **error)
{
	static const struct hg_sql add = { HG_SQL_WAITING_ADD, NULL, HG_SQL_INSERT, &waiting_table };
	gboolean before;

	if (!hg_store_waiting_more(store, waiting->contact_n, 0, &before, error))
		return FALSE;
	waiting->due_ms = before ? 0 : waiting->ready_ms;
	return hg_row_add(store, &add, waiting, error);
}

gboolean hg_store_waiting_more(hg_store *store, gint64 contact_n, gint64 than, gboolean *ret, GError **error)
{
	static const struct hg_sql more = { HG_SQL_WAITING_MORE, "SELECT n FROM waiting WHERE contact_n = $1 ORDER BY n "
					    "LIMIT 1 OFFSET $2", 0, NULL };
	gint64 n;

	if (!hg_sql_int(store, &more, HG_BIND(HG_I(contact_n), HG_I(than)), 0, &n, error))
		return FALSE;
	*ret = n != 0;
	return TRUE;
}

gboolean hg_store_waiting_get(hg_store *store, hg_arena *arena, gint64 n, hg_waiting **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_WAITING_GET, "WHERE n = $1", HG_SQL_SELECT, &waiting_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(n)), arena, ret, error);
}

gboolean hg_store_waiting_due(hg_store *store, hg_arena *arena, gint64 now_ms, guint limit, GPtrArray *ret,
			      GError **error)
{
	static const struct hg_sql due = { HG_SQL_WAITING_DUE, "WHERE due_ms <= $1 ORDER BY due_ms, n LIMIT $2",
					   HG_SQL_SELECT, &waiting_table };

	return hg_row_all(store, &due, HG_BIND(HG_I(now_ms), HG_I(limit)), arena, ret, error);
}

gboolean hg_store_waiting_next(hg_store *store, gint64 *ret_due_ms, GError **error)
{
	static const struct hg_sql next = { HG_SQL_WAITING_NEXT, "SELECT due_ms FROM waiting WHERE due_ms IS NOT NULL "
					    "ORDER BY due_ms LIMIT 1", 0, NULL };

	return hg_sql_int(store, &next, HG_BIND_NONE, G_MAXINT64, ret_due_ms, error);
}

gboolean hg_store_waiting_ready(hg_store *store, gint64 n, gint64 ready_ms, GError **error)
{
	static const struct hg_sql ready = { HG_SQL_WAITING_READY, "UPDATE waiting SET ready_ms = $1, due_ms = "
					     "CASE WHEN due_ms IS NULL THEN NULL ELSE $1 END WHERE n = $2", 0, NULL };

	return hg_sql_run(store, &ready, HG_BIND(HG_I(ready_ms), HG_I(n)), NULL, error);
}

gboolean hg_store_waiting_done(hg_store *store, const hg_waiting *waiting, GError **error)
{
	static const struct hg_sql delete = { HG_SQL_WAITING_DELETE, "DELETE FROM waiting WHERE n = $1", 0, NULL };
	static const struct hg_sql promote = { HG_SQL_WAITING_PROMOTE, "UPDATE waiting SET due_ms = ready_ms WHERE n = "
					       "(SELECT MIN(n) FROM waiting WHERE contact_n = $1)", 0, NULL };

	return hg_sql_run(store, &delete, HG_BIND(HG_I(waiting->n)), NULL, error) &&
	       hg_sql_run(store, &promote, HG_BIND(HG_I(waiting->contact_n)), NULL, error);
}

gboolean hg_store_waiting_until(hg_store *store, gint64 contact_n, gint64 said_ms, gint64 *ret_ms, GError **error)
{
	static const struct hg_sql until = { HG_SQL_WAITING_UNTIL, "SELECT MAX(ready_ms) FROM waiting "
					     "WHERE contact_n = $1 AND at_ms <= $2", 0, NULL };

	return hg_sql_int(store, &until, HG_BIND(HG_I(contact_n), HG_I(said_ms)), 0, ret_ms, error);
}

/* ---- questions ---- */
gboolean hg_store_question_add(hg_store *store, hg_question *ask, GError **error)
{
	static const struct hg_sql add = { HG_SQL_QUESTION_ADD, NULL, HG_SQL_INSERT, &question_table };

	return hg_row_add(store, &add, ask, error);
}

gboolean hg_store_question_of(hg_store *store, hg_arena *arena, gint64 waiting_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql of = { HG_SQL_QUESTION_OF, "WHERE waiting_n = $1 ORDER BY n", HG_SQL_SELECT, &question_table };

	return hg_row_all(store, &of, HG_BIND(HG_I(waiting_n)), arena, ret, error);
}

gboolean hg_store_question_by_job(hg_store *store, hg_arena *arena, gint64 job_n, hg_question **ret, GError **error)
{
	static const struct hg_sql by_job = { HG_SQL_QUESTION_BY_JOB, "WHERE job_n = $1", HG_SQL_SELECT, &question_table };

	return hg_row_one(store, &by_job, HG_BIND(HG_I(job_n)), arena, ret, error);
}

gboolean hg_store_question_update(hg_store *store, const hg_question *ask, GError **error)
{
	static const struct hg_sql update = { HG_SQL_QUESTION_UPDATE, NULL, HG_SQL_UPDATE, &question_table };

	return hg_row_change(store, &update, ask, "question", error);
}

gboolean hg_store_question_delete(hg_store *store, gint64 n, GError **error)
{
	static const struct hg_sql delete = { HG_SQL_QUESTION_DELETE, "DELETE FROM question WHERE n = $1", 0, NULL };

	return hg_sql_run(store, &delete, HG_BIND(HG_I(n)), NULL, error);
}

gboolean hg_store_question_is_open(hg_store *store, gint64 contact_n, const char *hook, gboolean *ret, GError **error)
{
	static const struct hg_sql open = { HG_SQL_QUESTION_OPEN, "SELECT n FROM question WHERE contact_n = $1 AND hook = $2 "
					    "AND state = 1 LIMIT 1", 0, NULL };
	gint64 n;

	G_STATIC_ASSERT(HG_QUESTION_OPEN == 1);
	if (!hg_sql_int(store, &open, HG_BIND(HG_I(contact_n), HG_T(hook)), 0, &n, error))
		return FALSE;
	*ret = n != 0;
	return TRUE;
}

gboolean hg_store_question_hooks(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error)
{
	static const struct hg_sql hooks = { HG_SQL_QUESTION_HOOKS, "SELECT DISTINCT hook FROM question WHERE state = 1", 0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &hooks, HG_BIND_NONE, error);
	const char *name;
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		name = hg_stmt_text(stmt, 0, &len);
		g_ptr_array_add(ret, hg_arena_mem(arena, name, len));
	}
	return more == 0;
}

gboolean hg_store_question_open(hg_store *store, hg_arena *arena, const char *hook, GPtrArray *ret, GError **error)
{
	static const struct hg_sql open = { HG_SQL_QUESTION_OPEN_OF, "WHERE hook = $1 AND state = 1 ORDER BY n",
					    HG_SQL_SELECT, &question_table };

	return hg_row_all(store, &open, HG_BIND(HG_T(hook)), arena, ret, error);
}

/* ---- what they said ---- */
gboolean hg_store_facts_get(hg_store *store, hg_arena *arena, gint64 contact_n, const char *hook,
			    const char **ret_answer, gint64 *ret_at_ms, GError **error)
{
	static const struct hg_sql get = { HG_SQL_FACTS_GET, "SELECT answer, at_ms FROM facts "
					   "WHERE contact_n = $1 AND hook = $2", 0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND(HG_I(contact_n), HG_T(hook)), error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;
	const char *answer;
	gsize len;

	*ret_answer = NULL;
	if (more <= 0)
		return more == 0;
	answer = hg_stmt_text(stmt, 0, &len);
	*ret_answer = hg_arena_mem(arena, answer, len);
	*ret_at_ms = hg_stmt_int(stmt, 1);
	hg_stmt_end(stmt);
	return TRUE;
}

gboolean hg_store_facts_set(hg_store *store, gint64 contact_n, const char *hook, const char *answer, gint64 at_ms,
			    GError **error)
{
	static const struct hg_sql set = { HG_SQL_FACTS_SET, "INSERT INTO facts (contact_n, hook, answer, at_ms) "
					   "VALUES ($1, $2, $3, $4) ON CONFLICT (contact_n, hook) DO UPDATE "
					   "SET answer = excluded.answer, at_ms = excluded.at_ms", 0, NULL };

	return hg_sql_run(store, &set, HG_BIND(HG_I(contact_n), HG_T(hook), HG_T(answer), HG_I(at_ms)), NULL, error);
}

/* The longest `cache` a configuration can have. */
#define FACTS_KEEP_MS (30 * G_GINT64_CONSTANT(86400000))

gboolean hg_facts_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_FACTS_EXPIRE, "DELETE FROM facts WHERE (contact_n, hook) IN "
					      "(SELECT contact_n, hook FROM facts WHERE at_ms < $1 LIMIT $2)", 0, NULL };
	gint64 gone;

	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(now_ms - FACTS_KEEP_MS), HG_I(HG_EXPIRE_BATCH)), &gone, error))
		return FALSE;
	*changed += gone;
	return TRUE;
}

/* ---- how hooks fare ---- */
gboolean hg_store_hook_get(hg_store *store, hg_arena *arena, const char *name, hg_hook **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_HOOK_GET, "WHERE name = $1", HG_SQL_SELECT, &hook_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(name)), arena, ret, error);
}

gboolean hg_store_hook_set(hg_store *store, const hg_hook *hook, GError **error)
{
	static const struct hg_sql set = { HG_SQL_HOOK_SET, " ON CONFLICT (name) DO UPDATE SET "
					   "failures = excluded.failures, until_ms = excluded.until_ms", HG_SQL_INSERT,
					   &hook_table };

	return hg_row_update(store, &set, hook, NULL, error);
}

gboolean hg_store_hook_reset(hg_store *store, GError **error)
{
	static const struct hg_sql reset = { HG_SQL_HOOK_RESET, "DELETE FROM hook", 0, NULL };

	return hg_sql_run(store, &reset, HG_BIND_NONE, NULL, error);
}
