/* timers.c - what is to happen later, and API calls that must not happen twice */
#include "sql.h"

#include <string.h>

#include "text.h"

static const struct hg_column timer_columns[] = {
	HG_COLUMN(hg_timer, thread_n, INT64, HG_C_KEY),
	HG_COLUMN(hg_timer, kind, TEXT, HG_C_KEY),
	HG_COLUMN(hg_timer, due_ms, INT64, 0),
	HG_COLUMN(hg_timer, data, TEXT, 0),
	{ 0 }
};
static const struct hg_table timer_table = { "timer", timer_columns, sizeof(hg_timer), HG_NUMBERS_ALONE };

/* ---- timers ---- */
gboolean hg_store_timer_set(hg_store *store, const hg_timer *timer, GError **error)
{
	static const struct hg_sql set = { HG_SQL_TIMER_SET, " ON CONFLICT (thread_n, kind) DO UPDATE "
					   "SET due_ms = excluded.due_ms, data = excluded.data", HG_SQL_INSERT, &timer_table };

	return hg_row_update(store, &set, timer, NULL, error);
}

gboolean hg_store_timer_get(hg_store *store, hg_arena *arena, gint64 thread_n, const char *kind, hg_timer **ret,
			    GError **error)
{
	static const struct hg_sql get = { HG_SQL_TIMER_GET, "WHERE thread_n = $1 AND kind = $2", HG_SQL_SELECT,
					   &timer_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(thread_n), HG_T(kind)), arena, ret, error);
}

gboolean hg_store_timer_clear(hg_store *store, gint64 thread_n, const char *kind, GError **error)
{
	static const struct hg_sql clear = { HG_SQL_TIMER_CLEAR, "DELETE FROM timer WHERE thread_n = $1 AND kind = $2",
					     HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &clear, HG_BIND(HG_I(thread_n), HG_T(kind)), NULL, error);
}

gboolean hg_store_timer_due(hg_store *store, hg_arena *arena, gint64 now_ms, guint limit, GPtrArray *ret,
			    GError **error)
{
	static const struct hg_sql due = { HG_SQL_TIMER_DUE, "WHERE due_ms <= $1 ORDER BY due_ms, thread_n, kind LIMIT $2",
					   HG_SQL_SELECT, &timer_table };

	return hg_row_all(store, &due, HG_BIND(HG_I(now_ms), HG_I(limit)), arena, ret, error);
}

/* Written with their kinds, so that SQLite sees which index is meant. */
gboolean hg_store_timer_wait(hg_store *store, gboolean bot, gint64 now_ms, gint64 since_ms, GError **error)
{
	/* What is late already keeps its place among others that are. */
	static const struct hg_sql hasten[] = {
		{ HG_SQL_TIMER_HASTEN, "UPDATE timer SET due_ms = $1 WHERE kind = 'unanswered' AND due_ms > $1", 0, NULL },
		{ HG_SQL_TIMER_HASTEN_BOT, "UPDATE timer SET due_ms = $1 WHERE kind = 'bot' AND due_ms > $1", 0, NULL } };
	static const struct hg_sql add[] = {
		{ HG_SQL_TIMER_WAIT, "INSERT INTO timer (thread_n, kind, due_ms) SELECT n, 'unanswered', $1 FROM thread "
		  "WHERE waiting_ms >= $2 AND waiting_ms > 0 AND state <> 2 "
		  "ON CONFLICT (thread_n, kind) DO NOTHING", 0, NULL },
		{ HG_SQL_TIMER_WAIT_BOT, "INSERT INTO timer (thread_n, kind, due_ms) SELECT n, 'bot', $1 FROM thread "
		  "WHERE alone_ms >= $2 AND alone_ms > 0 AND state = 1 "
		  "ON CONFLICT (thread_n, kind) DO NOTHING", 0, NULL } };

	return hg_sql_run(store, &hasten[!!bot], HG_BIND(HG_I(now_ms)), NULL, error) &&
	       hg_sql_run(store, &add[!!bot], HG_BIND(HG_I(now_ms), HG_I(since_ms)), NULL, error);
}

gboolean hg_store_timer_next(hg_store *store, gint64 *ret_due_ms, GError **error)
{
	static const struct hg_sql next = { HG_SQL_TIMER_NEXT, "SELECT due_ms FROM timer ORDER BY due_ms LIMIT 1", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &next, HG_BIND_NONE, G_MAXINT64, ret_due_ms, error);
}

/* ---- idempotency ---- */
#define FINGERPRINT_SIZE 32
/* How long an answer is kept: longer than any client's own retries. */
#define IDEM_KEEP_MS (7 * G_GINT64_CONSTANT(86400000))

/* What was remembered under the key; *ret_there FALSE: nothing. */
static gboolean idem_get(hg_store *store, hg_arena *arena, const char *principal, const char *key,
			 const guint8 *fingerprint, gint64 since_ms, gboolean *ret_there, const char **ret_answer, GError **error)
{
	static const struct hg_sql get = { HG_SQL_IDEM_GET, "SELECT fingerprint, answer FROM idempotency "
					   "WHERE principal = $1 AND key = $2 AND at_ms >= $3", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND(HG_T(principal), HG_T(key), HG_I(since_ms)), error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;
	const void *old;
	const char *answer;
	gboolean same;
	gsize len;

	*ret_there = more > 0;
	if (more <= 0)
		return more == 0;
	old = hg_stmt_blob(stmt, 0, &len);
	same = hg_equal_secret(old, len, fingerprint, FINGERPRINT_SIZE);
	answer = hg_stmt_text(stmt, 1, &len);
	*ret_answer = answer ? hg_arena_mem(arena, answer, len) : NULL;
	hg_stmt_end(stmt);
	return same || hg_fail(error, HG_ERROR_CONFLICT, "this Idempotency-Key was used for another request: "
			       "use a new one for each");
}

gboolean hg_store_idem_begin(hg_store *store, hg_arena *arena, const char *principal, const char *key,
			     const guint8 fingerprint[32], gint64 now_ms, const char **ret_answer, GError **error)
{
	static const struct hg_sql add = { HG_SQL_IDEM_ADD, "INSERT INTO idempotency (principal, key, fingerprint, at_ms) "
					   "VALUES ($1, $2, $3, $4) ON CONFLICT (principal, key) DO UPDATE SET "
					   "fingerprint = excluded.fingerprint, answer = NULL, at_ms = excluded.at_ms", HG_SQL_ALONE, NULL };
	gboolean there;

	*ret_answer = NULL;
	if (!idem_get(store, arena, principal, key, fingerprint, now_ms - IDEM_KEEP_MS, &there, ret_answer, error))
		return FALSE;
	return there || hg_sql_run(store, &add, HG_BIND(HG_T(principal), HG_T(key), HG_B(fingerprint, FINGERPRINT_SIZE),
							HG_I(now_ms)), NULL, error);
}

gboolean hg_store_idem_answer(hg_store *store, const char *principal, const char *key, const char *answer,
			      GError **error)
{
	static const struct hg_sql set = { HG_SQL_IDEM_ANSWER, "UPDATE idempotency SET answer = $1 "
					   "WHERE principal = $2 AND key = $3", HG_SQL_ALONE, NULL };
	gint64 changed;

	if (!hg_sql_run(store, &set, HG_BIND(HG_T(answer), HG_T(principal), HG_T(key)), &changed, error))
		return FALSE;
	return changed || hg_fail(error, HG_ERROR_MISSING, "no call was begun under this Idempotency-Key");
}

gboolean hg_store_idem_forget(hg_store *store, const char *principal, const char *key, GError **error)
{
	static const struct hg_sql forget = { HG_SQL_IDEM_FORGET, "DELETE FROM idempotency WHERE principal = $1 AND key = $2",
					      HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &forget, HG_BIND(HG_T(principal), HG_T(key)), NULL, error);
}

gboolean hg_idem_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_IDEM_EXPIRE, "DELETE FROM idempotency WHERE (principal, key) IN "
					      "(SELECT principal, key FROM idempotency WHERE at_ms < $1 LIMIT $2)", HG_SQL_ALONE, NULL };
	gint64 gone;

	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(now_ms - IDEM_KEEP_MS), HG_I(HG_EXPIRE_BATCH)), &gone, error))
		return FALSE;
	*changed += gone;
	return TRUE;
}
