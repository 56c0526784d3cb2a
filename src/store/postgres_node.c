/* postgres_node.c - who we are to the server, and what became of a commit whose answer was lost */
#include "postgres_db.h"

#include <string.h>

/* The server notices within six seconds that a machine is gone. */
#define NODE_WAIT_MS 8000
#define NODE_AGAIN_MS 100
#define AGAIN_FIRST_MS 20
#define AGAIN_MOST_MS 1000
#define LEAVE_MS 5000

/* Only one process is a node.  What is left of our own connection before gives way; what is left of a process before this one,
 * the server has to notice. */
gboolean hg_pg_be_the_node(hg_store *store, GError **error)
{
	struct hg_pg *pg = store->pg;
	char *name = PQescapeLiteral(pg->conn, pg->node, strlen(pg->node));
	g_autofree char *sql = g_strdup_printf("SELECT pg_terminate_backend(%d); SELECT pg_try_advisory_lock(hashtextextended("
					       "'headgate node ' || %s, 2))", pg->backend, name);
	g_autofree char *add = g_strdup_printf("INSERT INTO writer VALUES (%s, 0) ON CONFLICT DO NOTHING", name);
	gboolean ours = FALSE;

	PQfreemem(name);
	for (int waited_ms = 0; !ours && waited_ms <= NODE_WAIT_MS; waited_ms += NODE_AGAIN_MS) {
		PGresult *result = hg_pg_exec(store, pg->backend ? sql : strchr(sql, ';') + 1, "pg_try_advisory_lock", error);

		if (!result)
			return FALSE;
		ours = *PQgetvalue(result, 0, 0) == 't';
		PQclear(result);
		if (!ours)
			g_usleep(NODE_AGAIN_MS * 1000);
	}
	pg->backend = PQbackendPID(pg->conn);
	if (!ours)
		return hg_fail(error, HG_ERROR_CONFIG, "%s: another process is node \"%s\" already: give each its own name by store.node",
			       store->path, pg->node);
	return hg_pg_do(store, add, "INSERT INTO writer", error);
}

/* The answer to COMMIT did not come.  Inside the next turn it is certain: whoever was in the middle of it is through. */
static gboolean ask_fate(hg_store *store, gboolean *ret_committed, GError **error)
{
	struct hg_pg *pg = store->pg;
	char *name;
	g_autofree char *sql = NULL;
	PGresult *result;

	if (!hg_pg_ensure(store, error))
		return FALSE;
	name = PQescapeLiteral(pg->conn, pg->node, strlen(pg->node));
	sql = g_strdup_printf("BEGIN; SELECT pg_advisory_xact_lock(" HG_PG_TURN_LOCK "); SELECT turn FROM writer WHERE node = %s", name);
	PQfreemem(name);
	result = hg_pg_exec(store, sql, "BEGIN", error);
	if (result && PQntuples(result))
		*ret_committed = hg_pg_number(result, 0, 0) == store->turn + 1;
	PQclear(result);
	hg_pg_do(store, "ROLLBACK", "ROLLBACK", NULL);
	return result != NULL;
}

/* Until the server answers: meanwhile others are refused, and whoever wants to leave may. */
gboolean hg_pg_settle_fate(hg_store *store, GError **error)
{
	gint64 wait_ms = AGAIN_FIRST_MS, left_ms = LEAVE_MS;
	gboolean committed = FALSE, known = FALSE;
	g_autoptr(GError) why = NULL;

	while (!(known = ask_fate(store, &committed, &why)) && left_ms > 0 && !hg_sql_interrupted(store)) {
		g_clear_error(&why);
		g_atomic_int_set(&store->away, TRUE);
		g_usleep((gulong)wait_ms * 1000);
		if (g_atomic_int_get(&store->leaving))
			left_ms -= wait_ms;
		wait_ms = MIN(wait_ms * 2, AGAIN_MOST_MS);
	}
	g_atomic_int_set(&store->away, FALSE);
	if (!known)
		return hg_fail(error, HG_ERROR_STORE, "%s cannot be asked whether it has committed: %s", store->path, why->message);
	return committed || hg_fail(error, HG_ERROR_STORE, "the connection to %s was lost before the commit", store->path);
}
