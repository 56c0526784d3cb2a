/* postgres_schema.c - brings a database up to the newest schema, or says why not */
#include "postgres_db.h"

#include "failpoint.h"

/* Migrations behind this one only add, or say that they do not (embed.sh): headgates that know this schema, or one behind it, may
 * work beside nodes that have brought it further. */
#define ADDING_SINCE 30

/* What only this driver needs: its mark, the turn, and who took it last. */
static const char base[] =
	"CREATE TABLE headgate_schema (one BIGINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL);"
	"INSERT INTO headgate_schema (one, version) VALUES (1, 0);"
	"CREATE TABLE turn (one BIGINT PRIMARY KEY CHECK (one = 1), turn BIGINT NOT NULL, contact BIGINT NOT NULL, "
	"thread BIGINT NOT NULL, message BIGINT NOT NULL, ticket BIGINT NOT NULL, decision BIGINT NOT NULL, "
	"event BIGINT NOT NULL, episode BIGINT NOT NULL, outbox BIGINT NOT NULL) WITH (fillfactor = 10);"
	"INSERT INTO turn VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);"
	"CREATE TABLE writer (node TEXT PRIMARY KEY, turn BIGINT NOT NULL) WITH (fillfactor = 10);"
	/* As SQLite calls them, and as far as they are used. */
	"CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN strpos($1, $2);"
	"CREATE FUNCTION json_extract(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE "
	"RETURN $1::json ->> substr($2, 3);"
	"CREATE FUNCTION json_each(text) RETURNS TABLE (value text) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS "
	"'SELECT * FROM json_array_elements_text($1::json)'";

/* Whose program it is, and that this one may work with it: of its schema, or of one that the newer schema only adds to. */
static gboolean may_work(hg_store *store, const PGresult *result, gint64 *ret, GError **error)
{
	gint64 least = hg_pg_number(result, 0, 1);

	*ret = hg_pg_number(result, 0, 0);
	if (*ret <= hg_schema_newest() || (least && least <= hg_schema_newest()))
		return TRUE;
	return hg_fail(error, HG_ERROR_CONFIG, "%s has schema %" G_GINT64_FORMAT ", this headgate knows up to %d: "
		       "start the newer headgate that wrote it", store->path, *ret, hg_schema_newest());
}

/* *ret -1: nothing is there. */
static gboolean version_read(hg_store *store, gint64 *ret, GError **error)
{
	PGresult *there = hg_pg_exec(store, "SELECT to_regclass('headgate_schema') IS NOT NULL, (SELECT COUNT(*) FROM pg_class AS c "
				     "WHERE c.relkind = 'r' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = "
				     "current_schema()))", "SELECT headgate_schema", error);
	PGresult *result;
	gboolean ours;
	gint64 tables;

	*ret = -1;
	if (!there)
		return FALSE;
	ours = *PQgetvalue(there, 0, 0) == 't';
	tables = hg_pg_number(there, 0, 1);
	PQclear(there);
	if (!ours)
		return !tables || hg_fail(error, HG_ERROR_CONFIG, "%s is a database of another program: choose another one in "
					  "store.url (CREATE DATABASE headgate)", store->path);
	/* One that was made before there was such a column has none. */
	result = hg_pg_exec(store, "SELECT version, COALESCE(CAST(to_jsonb(headgate_schema) ->> 'least' AS BIGINT), 0) FROM headgate_schema",
			    "SELECT headgate_schema", error);
	if (!result)
		return FALSE;
	ours = may_work(store, result, ret, error);
	PQclear(result);
	return ours;
}

/* In a turn, for nodes of before may be at work: they wait, and then read again what they remember of rows. */
static gboolean apply(hg_store *store, int number, const char *name, const char *sql, gint64 least, GError **error)
{
	g_autofree char *turn = number ? g_strdup("SELECT pg_advisory_xact_lock(" HG_PG_TURN_LOCK "); UPDATE turn SET turn = turn + 1;") :
					 g_strdup("");
	g_autofree char *all = g_strdup_printf("BEGIN; %s %s; ALTER TABLE headgate_schema ADD COLUMN IF NOT EXISTS least BIGINT NOT NULL "
					       "DEFAULT 0; UPDATE headgate_schema SET version = %d, least = %" G_GINT64_FORMAT, turn, sql,
					       number, least);

	if (hg_pg_do(store, all, "migration", error) &&
	    !(HG_FAILPOINT(MIGRATION_STATEMENT) && hg_fail(error, HG_ERROR_STORE, "a test made this statement fail")) &&
	    hg_pg_do(store, "COMMIT", "COMMIT", error))
		return TRUE;
	hg_pg_do(store, "ROLLBACK", "ROLLBACK", NULL);
	g_prefix_error(error, "bringing %s to schema %d (%s): ", store->path, number, name);
	return FALSE;
}

/* Nodes that run hold the lock of their name. */
static gboolean nobody_runs(hg_store *store, const char *name, GError **error)
{
	PGresult *result = hg_pg_exec(store, "SELECT string_agg(node, ', ' ORDER BY node) FROM writer WHERE EXISTS (SELECT 1 FROM pg_locks "
				      "WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND database = (SELECT oid FROM pg_database "
				      "WHERE datname = current_database()) AND (CAST(classid AS BIGINT) << 32 | CAST(objid AS BIGINT)) = "
				      "hashtextextended('headgate node ' || node, 2))", "SELECT pg_locks", error);
	gboolean alone;

	if (!result)
		return FALSE;
	alone = PQgetisnull(result, 0, 0);
	if (!alone)
		hg_fail(error, HG_ERROR_CONFIG, "%s has to be brought to a schema (%s) that older nodes cannot work with: stop %s first, then start "
			"this one", store->path, name, PQgetvalue(result, 0, 0));
	PQclear(result);
	return alone;
}

static gboolean bring_up(hg_store *store, GError **error)
{
	gint64 version, least = ADDING_SINCE;

	if (!version_read(store, &version, error))
		return FALSE;
	if (version < 0 && !apply(store, 0, "base", base, 0, error))
		return FALSE;
	for (const struct hg_migration *m = hg_schema_next(NULL); m; m = hg_schema_next(m)) {
		least = m->alone ? m->number : least;
		if (m->number <= version)
			continue;
		if (m->alone && version > 0 && !nobody_runs(store, m->name, error))
			return FALSE;
		if (!apply(store, m->number, m->name, m->postgres, MIN(least, m->number), error))
			return FALSE;
	}
	store->schema = hg_schema_newest();
	return TRUE;
}

/* One node at a time; the others find it done. */
gboolean hg_pg_migrate(hg_store *store, GError **error)
{
	gboolean done;

	if (!hg_pg_do(store, "SELECT pg_advisory_lock(1751606644, 0)", "waiting for the schema", error))
		return FALSE;
	done = bring_up(store, error);
	return hg_pg_do(store, "SELECT pg_advisory_unlock(1751606644, 0)", "pg_advisory_unlock", done ? error : NULL) && done;
}

gboolean hg_pg_schema_check(hg_store *store, GError **error)
{
	gint64 version;

	if (!version_read(store, &version, error))
		return FALSE;
	if (version < hg_schema_newest())
		return hg_fail(error, HG_ERROR_CONFIG, "%s has schema %" G_GINT64_FORMAT ", this program reads %d: start "
			       "headgated, which brings it up", store->path, MAX(version, 0), hg_schema_newest());
	store->schema = (int)version;
	return TRUE;
}
