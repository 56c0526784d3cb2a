/* postgres_schema.c - brings a database up to the newest schema, or says why not */
#include "postgres_db.h"

#include "failpoint.h"

/* What only this driver needs: its mark, the turn, and who took it last. */
static const char base[] =
	"CREATE TABLE headgate_schema (one BIGINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL);"
	"INSERT INTO headgate_schema VALUES (1, 0);"
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

static gboolean version_read(hg_store *store, gint64 *ret, GError **error)
{
	PGresult *there = hg_pg_exec(store, "SELECT to_regclass('headgate_schema') IS NOT NULL, (SELECT COUNT(*) FROM pg_class AS c "
				     "WHERE c.relkind = 'r' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = "
				     "current_schema()))", "SELECT headgate_schema", error);
	PGresult *result;
	gboolean ours;
	gint64 tables;

	if (!there)
		return FALSE;
	ours = *PQgetvalue(there, 0, 0) == 't';
	tables = hg_pg_number(there, 0, 1);
	PQclear(there);
	*ret = -1;
	if (!ours)
		return !tables || hg_fail(error, HG_ERROR_CONFIG, "%s is a database of another program: choose another one in "
					  "store.url (CREATE DATABASE headgate)", store->path);
	result = hg_pg_exec(store, "SELECT version FROM headgate_schema", "SELECT headgate_schema", error);
	if (!result)
		return FALSE;
	*ret = hg_pg_number(result, 0, 0);
	PQclear(result);
	return *ret <= hg_schema_newest() ||
	       hg_fail(error, HG_ERROR_CONFIG, "%s has schema %" G_GINT64_FORMAT ", this headgate knows up to %d: "
		       "start the newer headgate that wrote it", store->path, *ret, hg_schema_newest());
}

static gboolean apply(hg_store *store, int number, const char *name, const char *sql, GError **error)
{
	g_autofree char *all = g_strdup_printf("BEGIN; %s; UPDATE headgate_schema SET version = %d", sql, number);

	if (hg_pg_do(store, all, "migration", error) &&
	    !(HG_FAILPOINT(MIGRATION_STATEMENT) && hg_fail(error, HG_ERROR_STORE, "a test made this statement fail")) &&
	    hg_pg_do(store, "COMMIT", "COMMIT", error))
		return TRUE;
	hg_pg_do(store, "ROLLBACK", "ROLLBACK", NULL);
	g_prefix_error(error, "bringing %s to schema %d (%s): ", store->path, number, name);
	return FALSE;
}

static gboolean bring_up(hg_store *store, GError **error)
{
	gint64 version;

	if (!version_read(store, &version, error))
		return FALSE;
	if (version < 0 && !apply(store, 0, "base", base, error))
		return FALSE;
	for (const struct hg_migration *m = hg_migrations; m->number; m++)
		if (m->number > version && !apply(store, m->number, m->name, m->postgres, error))
			return FALSE;
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
