/* nodes.c - several nodes on one store: who is there, who holds what, what was answered too late */
#include "nodes.h"

#include "sql.h"

static const struct hg_column node_columns[] = {
	HG_COLUMN(hg_member, n, INT64, HG_C_N),
	HG_COLUMN(hg_member, name, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_member, version, TEXT0, 0),
	HG_COLUMN(hg_member, schema, INT64, 0),
	HG_COLUMN(hg_member, state, INT, 0),
	HG_COLUMN(hg_member, since_ms, INT64, 0),
	HG_COLUMN(hg_member, seen_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table node_table = { "node", node_columns, sizeof(hg_member), HG_NUMBERS_ALONE };

static const struct hg_column lease_columns[] = {
	HG_COLUMN(hg_lease, name, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_lease, node_n, INT64, 0),
	HG_COLUMN(hg_lease, fence, INT64, 0),
	HG_COLUMN(hg_lease, until_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table lease_table = { "lease", lease_columns, sizeof(hg_lease), HG_NUMBERS_ALONE };

static const struct hg_column stale_columns[] = {
	HG_COLUMN(hg_stale, n, INT64, HG_C_N),
	HG_COLUMN(hg_stale, job_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_stale, post, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_stale, node, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_stale, fence, INT64, HG_C_FIXED),
	HG_COLUMN(hg_stale, came, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_stale, at_ms, INT64, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table stale_table = { "stale_result", stale_columns, sizeof(hg_stale), HG_NUMBERS_ALONE };

const char *hg_node_state_word(int state)
{
	static const char *const words[] = { "?", "running", "draining", "gone" };

	return words[state >= HG_NODE_RUNNING && state <= HG_NODE_GONE ? state : 0];
}

gboolean hg_store_clock(hg_store *store, gint64 *ret_ms, GError **error)
{
	*ret_ms = hg_sql_clock_ms(store, error);
	return *ret_ms >= 0;
}

/* ---- nodes ---- */

gboolean hg_store_node_by_name(hg_store *store, hg_arena *arena, const char *name, hg_member **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_NODE_BY_NAME, "WHERE name = $1", HG_SQL_SELECT, &node_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(name)), arena, ret, error);
}

gboolean hg_store_node_join(hg_store *store, hg_arena *arena, hg_member *member, GError **error)
{
	static const struct hg_sql join = { HG_SQL_NODE_JOIN, " ON CONFLICT (name) DO UPDATE SET version = excluded.version, "
					    "schema = excluded.schema, state = excluded.state, since_ms = excluded.since_ms, "
					    "seen_ms = excluded.seen_ms", HG_SQL_INSERT, &node_table };
	hg_member *there;

	member->state = HG_NODE_RUNNING;
	if (!hg_row_update(store, &join, member, NULL, error) ||
	    !hg_store_node_by_name(store, arena, member->name, &there, error))
		return FALSE;
	if (!there)
		return hg_fail(error, HG_ERROR_STORE, "node \"%s\" is not there though it was just written", member->name);
	member->n = there->n;
	return TRUE;
}

gboolean hg_store_node_beat(hg_store *store, const hg_member *member, gint64 seen_ms, gboolean *ret_ours, GError **error)
{
	static const struct hg_sql beat = { HG_SQL_NODE_BEAT, "UPDATE node SET seen_ms = $1 WHERE n = $2 AND since_ms = $3",
					    HG_SQL_ALONE, &node_table };
	gint64 changed = 0;

	if (!hg_sql_run(store, &beat, HG_BIND(HG_I(seen_ms), HG_I(member->n), HG_I(member->since_ms)), &changed, error))
		return FALSE;
	*ret_ours = changed > 0;
	return TRUE;
}

gboolean hg_store_node_state(hg_store *store, gint64 n, int state, GError **error)
{
	static const struct hg_sql set = { HG_SQL_NODE_STATE, "UPDATE node SET state = $1 WHERE n = $2", HG_SQL_ALONE, &node_table };

	return hg_sql_run(store, &set, HG_BIND(HG_I(state), HG_I(n)), NULL, error);
}

gboolean hg_store_node_list(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_NODE_LIST, "WHERE name > '' ORDER BY name", HG_SQL_SELECT, &node_table };

	return hg_row_all(store, &list, HG_BIND_NONE, arena, ret, error);
}

/* ---- leases ---- */

gboolean hg_store_lease_list(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_LEASE_LIST, "WHERE name > '' ORDER BY name", HG_SQL_SELECT, &lease_table };

	return hg_row_all(store, &list, HG_BIND_NONE, arena, ret, error);
}

gboolean hg_store_lease_set(hg_store *store, const hg_lease *lease, GError **error)
{
	static const struct hg_sql set = { HG_SQL_LEASE_SET, " ON CONFLICT (name) DO UPDATE SET node_n = excluded.node_n, "
					   "fence = excluded.fence, until_ms = excluded.until_ms", HG_SQL_INSERT, &lease_table };

	return hg_row_update(store, &set, lease, NULL, error);
}

/* ---- what came too late ---- */

gboolean hg_store_stale_add(hg_store *store, hg_stale *stale, GError **error)
{
	static const struct hg_sql add = { HG_SQL_STALE_ADD, NULL, HG_SQL_INSERT, &stale_table };

	return hg_row_add(store, &add, stale, error);
}

gboolean hg_store_stale_list(hg_store *store, hg_arena *arena, gint64 before_n, guint limit, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_STALE_LIST, "WHERE n < $1 ORDER BY n DESC LIMIT $2", HG_SQL_SELECT,
					    &stale_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(before_n ?: G_MAXINT64), HG_I(limit)), arena, ret, error);
}

gboolean hg_stale_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_STALE_EXPIRE, "DELETE FROM stale_result WHERE n IN (SELECT n FROM stale_result "
					      "WHERE at_ms < $1 LIMIT $2)", HG_SQL_ALONE, NULL };
	gint64 gone = 0;

	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(now_ms - HG_STALE_KEEP_MS), HG_I(HG_EXPIRE_BATCH)), &gone, error))
		return FALSE;
	*changed += gone;
	return TRUE;
}
