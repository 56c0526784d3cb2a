/* outbox.c - work that leaves the daemon, in lanes
 *
 * Jobs of one (target, name, lane) are done one at a time in order of n.  The first that is not
 * dead is the lane's head: DUE, SENDING, UNKNOWN or PARKED; those behind it are QUEUED. */
#include "late.h"

#include <string.h>

#include "state.h"

static const struct hg_column job_columns[] = {
	HG_COLUMN(hg_job, n, INT64, HG_C_N),
	HG_COLUMN(hg_job, target, INT, HG_C_FIXED),
	HG_COLUMN(hg_job, name, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_job, lane, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_job, state, INT, 0),
	HG_COLUMN(hg_job, due_ms, INT64, 0),
	HG_COLUMN(hg_job, created_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_job, changed_ms, INT64, 0),
	HG_COLUMN(hg_job, doubt_ms, INT64, 0),
	HG_COLUMN(hg_job, attempts, INT, 0),
	HG_COLUMN(hg_job, steps, INT, 0),
	HG_COLUMN(hg_job, key, TEXT, 0),
	HG_COLUMN(hg_job, thread_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_job, message_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_job, event_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_job, attachment_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_job, raw_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_job, part, INT, 0),
	HG_COLUMN(hg_job, file, INT, 0),
	HG_COLUMN_BLOB(hg_job, body, len, 0),
	HG_COLUMN(hg_job, external_id, TEXT, 0),
	HG_COLUMN(hg_job, error, TEXT, 0),
	HG_COLUMN(hg_job, error_code, INT, 0),
	{ 0 }
};
static const struct hg_table job_table = { "outbox", job_columns, sizeof(hg_job), HG_NUMBERS_OUTBOX };

/* ---- lanes ---- */
/* n and state of the lane's head; *ret_n 0: the lane is empty. */
static gboolean lane_head(hg_store *store, int target, const char *name, const char *lane, gint64 *ret_n,
			  int *ret_state, GError **error)
{
	static const struct hg_sql head = { HG_SQL_JOB_HEAD, "SELECT n, state FROM outbox WHERE target = $1 AND name = $2 "
					    "AND lane = $3 AND state <> 6 ORDER BY n LIMIT 1", HG_SQL_TEXT, &job_table };
	hg_stmt *stmt;
	int more;

	G_STATIC_ASSERT(HG_JOB_DEAD == 6);
	stmt = hg_stmt_open(store, &head, HG_BIND(HG_I(target), HG_T(name ?: ""), HG_T(lane ?: "")), error);
	more = stmt ? hg_stmt_next(stmt, error) : -1;
	if (more < 0)
		return FALSE;
	*ret_n = more ? hg_stmt_int(stmt, 0) : 0;
	*ret_state = more ? (int)hg_stmt_int(stmt, 1) : 0;
	if (more)
		hg_stmt_end(stmt);
	return TRUE;
}

/* The lane lost its head: the next one's turn. */
static gboolean lane_promote(hg_store *store, const hg_job *left, gint64 now_ms, gboolean *ret_next, GError **error)
{
	static const struct hg_sql promote = { HG_SQL_JOB_PROMOTE, "UPDATE outbox SET state = $1, due_ms = $2, changed_ms = $2 "
					       "WHERE n = $3 AND state = $4", HG_SQL_TEXT, &job_table };
	hg_job next = { .target = left->target, .name = left->name };

	if (!lane_head(store, left->target, left->name, left->lane, &next.n, &next.state, error))
		return FALSE;
	if (!next.n || next.state != HG_JOB_QUEUED)
		return TRUE;
	if (ret_next)
		*ret_next = TRUE;
	return hg_job_move(&next, HG_JOB_DUE, error) &&
	       hg_sql_run(store, &promote, HG_BIND(HG_I(next.state), HG_I(now_ms), HG_I(next.n),
						   HG_I(HG_JOB_QUEUED)), NULL, error);
}

/* The head gives way to one before it. */
static gboolean lane_demote(hg_store *store, gint64 n, gint64 now_ms, GError **error)
{
	static const struct hg_sql demote = { HG_SQL_JOB_DEMOTE, "UPDATE outbox SET state = $1, changed_ms = $2 "
					      "WHERE n = $3 AND state = $4", HG_SQL_TEXT, &job_table };
	hg_job head = { .n = n, .state = HG_JOB_DUE };

	return hg_job_move(&head, HG_JOB_QUEUED, error) &&
	       hg_sql_run(store, &demote, HG_BIND(HG_I(head.state), HG_I(now_ms), HG_I(n), HG_I(HG_JOB_DUE)), NULL, error);
}

/* Brings a parked or dead job back to its place: due when the lane has nothing before it that is at work, else
 * queued. */
static gboolean lane_revive(hg_store *store, hg_job *job, gint64 now_ms, GError **error)
{
	static const struct hg_sql revive = { HG_SQL_JOB_REVIVE, "UPDATE outbox SET state = $1, due_ms = $2, changed_ms = $2 "
					      "WHERE n = $3 AND state = $4", HG_SQL_TEXT, &job_table };
	int from = job->state, head_state;
	gint64 head_n;

	if (!lane_head(store, job->target, job->name, job->lane, &head_n, &head_state, error))
		return FALSE;
	/* What waits at the head for what came before it would wait for ever. */
	if (head_n > job->n && head_state == HG_JOB_DUE) {
		if (!lane_demote(store, head_n, now_ms, error))
			return FALSE;
		head_n = 0;
	}
	/* A head that waits in QUEUED cannot be, so whoever else is there is at work. */
	if (!hg_job_move(job, head_n && head_n != job->n ? HG_JOB_QUEUED : HG_JOB_DUE, error))
		return FALSE;
	return hg_sql_run(store, &revive, HG_BIND(HG_I(job->state), HG_I(now_ms), HG_I(job->n), HG_I(from)), NULL,
			  error);
}

/* ---- one job ---- */
/* One of the lane's, made in the same turn. */
static gboolean one_waits_before(hg_store *store, const hg_job *job)
{
	const hg_job *other;
	guint at = 0;

	while ((other = hg_late_next(store, &job_table, &at)))
		if (other->target == job->target && g_strcmp0(other->name, job->name) == 0 &&
		    g_strcmp0(other->lane, job->lane) == 0)
			return TRUE;
	return FALSE;
}

gboolean hg_store_job_add(hg_store *store, hg_job *job, GError **error)
{
	static const struct hg_sql add = { HG_SQL_JOB_ADD, NULL, HG_SQL_INSERT, &job_table };
	gint64 head_n = 0;
	int head_state;

	if (one_waits_before(store, job)) {
		job->state = HG_JOB_QUEUED;
		return hg_row_add(store, &add, job, error);
	}
	if (!lane_head(store, job->target, job->name, job->lane, &head_n, &head_state, error))
		return FALSE;
	job->state = head_n ? HG_JOB_QUEUED : HG_JOB_DUE;
	return hg_row_add(store, &add, job, error);
}

gboolean hg_store_job_get(hg_store *store, hg_arena *arena, gint64 n, hg_job **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_JOB_GET, NULL, HG_SQL_BY_N, &job_table };

	return hg_row_by_n(store, &get, n, arena, ret, error);
}

gboolean hg_store_job_update(hg_store *store, const hg_job *job, GError **error)
{
	static const struct hg_sql update = { HG_SQL_JOB_UPDATE, NULL, HG_SQL_UPDATE, &job_table };

	return hg_row_change(store, &update, job, "outbox job", error);
}

gboolean hg_store_job_done(hg_store *store, const hg_job *job, gint64 now_ms, gboolean *ret_next, GError **error)
{
	static const struct hg_sql delete = { HG_SQL_JOB_DELETE, "DELETE FROM outbox WHERE n = $1", HG_SQL_TEXT, &job_table };
	gint64 changed;

	if (!hg_sql_run(store, &delete, HG_BIND(HG_I(job->n)), &changed, error))
		return FALSE;
	if (!changed)
		return hg_fail(error, HG_ERROR_MISSING, "outbox job %" G_GINT64_FORMAT " is gone already", job->n);
	return lane_promote(store, job, now_ms, ret_next, error);
}

gboolean hg_store_job_dead(hg_store *store, const hg_job *job, gint64 now_ms, gboolean *ret_next, GError **error)
{
	hg_job dead = *job;

	if (dead.state != HG_JOB_DEAD && !hg_job_move(&dead, HG_JOB_DEAD, error))
		return FALSE;
	dead.changed_ms = now_ms;
	return hg_store_job_update(store, &dead, error) && lane_promote(store, job, now_ms, ret_next, error);
}

gboolean hg_store_job_pass(hg_store *store, const hg_job *job, gint64 now_ms, GError **error)
{
	static const struct hg_sql pass = { HG_SQL_JOB_PASS, "UPDATE outbox SET lane = $1, changed_ms = $2 "
					    "WHERE n = $3 AND state = $4", HG_SQL_TEXT, &job_table };
	g_autofree char *lane = g_strdup_printf("unknown:%" G_GINT64_FORMAT, job->n);
	gint64 changed;

	if (!hg_sql_run(store, &pass, HG_BIND(HG_T(lane), HG_I(now_ms), HG_I(job->n), HG_I(HG_JOB_UNKNOWN)), &changed,
			error))
		return FALSE;
	if (!changed)
		return hg_fail(error, HG_ERROR_STATE, "outbox job %" G_GINT64_FORMAT " is not unknown: only such a one "
			       "gives way", job->n);
	return lane_promote(store, job, now_ms, NULL, error);
}

gboolean hg_store_job_retry_dead(hg_store *store, gint64 n, gint64 now_ms, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_job *job;

	if (!hg_store_job_get(store, arena, n, &job, error))
		return FALSE;
	if (!job)
		return hg_fail(error, HG_ERROR_MISSING, "no outbox job %" G_GINT64_FORMAT, n);
	if (job->state != HG_JOB_DEAD)
		return hg_fail(error, HG_ERROR_STATE, "outbox job %" G_GINT64_FORMAT " is %s: only a dead one is tried "
			       "again by hand", n, hg_job_state_word(job->state));
	return lane_revive(store, job, now_ms, error);
}

/* ---- many jobs ---- */
/* The name after this one among a target's jobs; *ret NULL: that was the last. */
static gboolean name_after(hg_store *store, hg_arena *arena, int target, const char *name, const char **ret,
			   GError **error)
{
	static const struct hg_sql after = { HG_SQL_JOB_NAME_AFTER, "SELECT MIN(name) FROM outbox WHERE target = $1 "
					     "AND name > $2", HG_SQL_TEXT, &job_table };

	return hg_sql_text(store, &after, HG_BIND(HG_I(target), HG_T(name)), arena, ret, error);
}

static gboolean name_due(hg_store *store, hg_arena *arena, int target, const char *name, gint64 now_ms, guint limit,
			 GPtrArray *ret, GError **error)
{
	static const struct hg_sql due = { HG_SQL_JOB_DUE, "WHERE target = $1 AND name = $2 AND state = $3 "
					   "AND due_ms <= $4 ORDER BY due_ms, n LIMIT $5", HG_SQL_SELECT, &job_table };

	return hg_row_all(store, &due, HG_BIND(HG_I(target), HG_T(name), HG_I(HG_JOB_DUE), HG_I(now_ms),
					       HG_I(limit)), arena, ret, error);
}

static gint by_due(gconstpointer a, gconstpointer b)
{
	const hg_job *x = *(hg_job *const *)a, *y = *(hg_job *const *)b;

	if (x->due_ms != y->due_ms)
		return x->due_ms < y->due_ms ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

gboolean hg_store_job_due(hg_store *store, hg_arena *arena, int target, const char *name, gint64 now_ms, guint limit,
			  GPtrArray *ret, GError **error)
{
	g_autoptr(GPtrArray) all = NULL;
	const char *each = "";

	if (name)
		return name_due(store, arena, target, name, now_ms, limit, ret, error);
	all = g_ptr_array_new();
	for (;;) {
		if (!name_after(store, arena, target, each, &each, error))
			return FALSE;
		if (!each)
			break;
		if (!name_due(store, arena, target, each, now_ms, limit, all, error))
			return FALSE;
	}
	g_ptr_array_sort(all, by_due);
	for (guint i = 0; i < MIN(limit, all->len); i++)
		g_ptr_array_add(ret, all->pdata[i]);
	return TRUE;
}

gboolean hg_store_job_next(hg_store *store, gint64 *ret_due_ms, GError **error)
{
	static const struct hg_sql soonest = { HG_SQL_JOB_SOONEST, "SELECT due_ms FROM outbox WHERE target = $1 "
					       "AND name = $2 AND state = $3 ORDER BY due_ms LIMIT 1", HG_SQL_TEXT, &job_table };
	g_autoptr(hg_arena) arena = hg_arena_new();
	gint64 soon = G_MAXINT64;

	for (int target = HG_TO_CHANNEL; target < HG_TARGETS; target++)
		for (const char *name = "";;) {
			gint64 due;

			if (!name_after(store, arena, target, name, &name, error))
				return FALSE;
			if (!name)
				break;
			if (!hg_sql_int(store, &soonest, HG_BIND(HG_I(target), HG_T(name), HG_I(HG_JOB_DUE)),
					G_MAXINT64, &due, error))
				return FALSE;
			soon = MIN(soon, due);
		}
	*ret_due_ms = soon;
	return TRUE;
}

gboolean hg_store_job_list(hg_store *store, hg_arena *arena, const struct hg_job_query *query, GPtrArray *ret,
			   GError **error)
{
#define FILTER "n > $1 AND ($2 = 0 OR target = $2) AND ($3 = 0 OR state = $3) AND (CAST($4 AS TEXT) IS NULL OR name = $4)"
	static const struct hg_sql all = { HG_SQL_JOB_LIST, "WHERE " FILTER " ORDER BY n LIMIT $5", HG_SQL_SELECT,
					   &job_table };
	static const struct hg_sql message = { HG_SQL_JOB_LIST_MESSAGE, "WHERE " FILTER " AND message_n = $5 "
					       "ORDER BY n LIMIT $6", HG_SQL_SELECT, &job_table };
	static const struct hg_sql lane = { HG_SQL_JOB_LIST_LANE, "WHERE target = $1 AND name = $2 AND lane = $3 AND n > $4 "
					    "ORDER BY n LIMIT $5", HG_SQL_SELECT, &job_table };
#undef FILTER
	const struct hg_value after = HG_I(query->after_n), target = HG_I(query->target), state = HG_I(query->state);
	const struct hg_value name = HG_T(query->name), limit = HG_I(query->limit);

	if (query->lane)
		return hg_row_all(store, &lane, HG_BIND(target, name, HG_T(query->lane), after, limit), arena, ret, error);
	if (!query->message_n)
		return hg_row_all(store, &all, HG_BIND(after, target, state, name, limit), arena, ret, error);
	return hg_row_all(store, &message, HG_BIND(after, target, state, name, HG_I(query->message_n), limit), arena,
			  ret, error);
}

gboolean hg_store_job_before(hg_store *store, int target, const char *name, gint64 n, gboolean *ret, GError **error)
{
	static const struct hg_sql before = { HG_SQL_JOB_BEFORE, "SELECT n FROM outbox WHERE target = $1 AND name = $2 "
					      "AND n < $3 LIMIT 1", HG_SQL_TEXT, &job_table };
	gint64 found;

	if (!hg_sql_int(store, &before, HG_BIND(HG_I(target), HG_T(name), HG_I(n)), 0, &found, error))
		return FALSE;
	*ret = found != 0;
	return TRUE;
}

gboolean hg_store_job_unpark(hg_store *store, int target, const char *name, gint64 now_ms, GError **error)
{
	static const struct hg_sql parked = { HG_SQL_JOB_PARKED, "WHERE target = $1 AND name = $2 AND state = $3 ORDER BY n",
					      HG_SQL_SELECT, &job_table };
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();

	if (!hg_row_all(store, &parked, HG_BIND(HG_I(target), HG_T(name), HG_I(HG_JOB_PARKED)), arena, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++)
		if (!lane_revive(store, jobs->pdata[i], now_ms, error))
			return FALSE;
	return TRUE;
}

/* ---- counts ---- */
static struct hg_job_count *count_of(hg_arena *arena, GPtrArray *counts, guint first, int target, const char *name)
{
	struct hg_job_count *count = counts->len > first ? counts->pdata[counts->len - 1] : NULL;

	if (count && count->target == target && strcmp(count->name, name) == 0)
		return count;
	count = hg_arena_alloc(arena, sizeof(*count));
	count->target = target;
	count->name = hg_arena_str(arena, name);
	g_ptr_array_add(counts, count);
	return count;
}

static void count_add(struct hg_job_count *count, int state, gint64 jobs, gint64 oldest_ms)
{
	gint64 *sums[] = {
		[HG_JOB_QUEUED] = &count->waiting, [HG_JOB_DUE] = &count->waiting,
		[HG_JOB_SENDING] = &count->sending, [HG_JOB_UNKNOWN] = &count->unknown,
		[HG_JOB_PARKED] = &count->parked, [HG_JOB_DEAD] = &count->dead,
	};

	if (state < HG_JOB_QUEUED || state > HG_JOB_DEAD)
		return;
	*sums[state] += jobs;
	if (state != HG_JOB_DEAD && (!count->oldest_ms || oldest_ms < count->oldest_ms))
		count->oldest_ms = oldest_ms;
}

gboolean hg_store_job_counts(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error)
{
	/* Grouped along the index outbox_due; the oldest is the one with the lowest number. */
	static const struct hg_sql sums = { HG_SQL_JOB_COUNTS, "SELECT g.target, g.name, g.state, g.jobs, o.created_ms "
					    "FROM (SELECT target, name, state, COUNT(*) AS jobs, MIN(n) AS n FROM outbox "
					    "GROUP BY target, name, state) AS g JOIN outbox AS o ON o.n = g.n "
					    "ORDER BY g.target, g.name", HG_SQL_TEXT, &job_table };
	hg_stmt *stmt = hg_stmt_open(store, &sums, HG_BIND_NONE, error);
	guint first = ret->len;
	gsize len;
	int more;

	if (!stmt)
		return FALSE;
	while ((more = hg_stmt_next(stmt, error)) > 0)
		count_add(count_of(arena, ret, first, (int)hg_stmt_int(stmt, 0), hg_stmt_text(stmt, 1, &len)),
			  (int)hg_stmt_int(stmt, 2), hg_stmt_int(stmt, 3), hg_stmt_int(stmt, 4));
	return more == 0;
}
