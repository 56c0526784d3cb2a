/* sqlite_schema.c - brings a database up to the newest schema, or says why not */
#include "sqlite_db.h"

#include "failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef HG_TEST_HOOKS
/* A node of the next version: one more, for PostgreSQL alone, from a file that a test names. */
static const struct hg_migration *tests_own(int number)
{
	static struct hg_migration own;
	const char *path = g_getenv("HEADGATE_TEST_MIGRATION");
	static gsize once;

	if (path && g_once_init_enter(&once)) {
		char *text = NULL;

		if (g_file_get_contents(path, &text, NULL, NULL))
			own = (struct hg_migration){ number, "next", "", text, g_str_has_prefix(text, "-- Alone:") };
		g_once_init_leave(&once, 1);
	}
	return own.number ? &own : NULL;
}
#else
static const struct hg_migration *tests_own(int number G_GNUC_UNUSED)
{
	return NULL;
}
#endif

const struct hg_migration *hg_schema_next(const struct hg_migration *before)
{
	const struct hg_migration *next = before ? before + 1 : hg_migrations;

	if (before && strcmp(before->name, "next") == 0)
		return NULL;
	return next->number ? next : tests_own(before ? before->number + 1 : 1);
}

int hg_schema_newest(void)
{
	int newest = 0;

	for (const struct hg_migration *m = hg_schema_next(NULL); m; m = hg_schema_next(m))
		newest = MAX(newest, m->number);
	return newest;
}

static gboolean pragma_int(hg_store *store, const char *pragma, gint64 *ret, GError **error)
{
	g_autofree char *text = NULL;

	if (!hg_sqlite_pragma(store, pragma, &text, error))
		return FALSE;
	*ret = text ? g_ascii_strtoll(text, NULL, 10) : 0;
	return TRUE;
}

/* Schema number, 0 for an empty file; refuses what is not ours or comes from the future. */
static gboolean schema_read(hg_store *store, gint64 *ret, GError **error)
{
	static const struct hg_sql tables = { HG_SQL_SCHEMA_ANY, "SELECT COUNT(*) FROM sqlite_schema", 0, NULL };
	gint64 id, version, any;

	if (!pragma_int(store, "application_id", &id, error) ||
	    !pragma_int(store, "user_version", &version, error) ||
	    !hg_sql_int(store, &tables, HG_BIND_NONE, 0, &any, error))
		return FALSE;
	if (any && id != HG_SQLITE_APPLICATION_ID)
		return hg_fail(error, HG_ERROR_CONFIG, "%s is a database of another program: choose another store.path",
			       store->path);
	if (version > hg_schema_newest())
		return hg_fail(error, HG_ERROR_CONFIG, "%s has schema %" G_GINT64_FORMAT ", this headgate knows up to %d: "
			       "start the newer headgate that wrote it, or restore the backup made before the upgrade",
			       store->path, version, hg_schema_newest());
	*ret = any ? version : 0;
	return TRUE;
}

/* One after the other, so that a test can stop between any two. */
static gboolean run_statements(hg_store *store, const char *sql, GError **error)
{
	while (*sql) {
		sqlite3_stmt *stmt = NULL;
		int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, &sql);

		while (rc == SQLITE_OK && stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
			rc = SQLITE_OK;
		sqlite3_finalize(stmt);
		if (rc != SQLITE_OK && rc != SQLITE_DONE)
			return hg_sqlite_fail(store, rc, "migration", error);
		if (stmt && HG_FAILPOINT(MIGRATION_STATEMENT))
			return hg_fail(error, HG_ERROR_STORE, "a test made this statement fail");
	}
	return TRUE;
}

static gboolean commit(hg_store *store, GError **error)
{
	(void)HG_FAILPOINT(MIGRATION_BEFORE_COMMIT);
	if (!hg_sqlite_exec(store, "COMMIT", error))
		return FALSE;
	(void)HG_FAILPOINT(MIGRATION_AFTER_COMMIT);
	return TRUE;
}

static gboolean apply(hg_store *store, const struct hg_migration *m, GError **error)
{
	g_autofree char *mark = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
						HG_SQLITE_APPLICATION_ID, m->number);

	if (hg_sqlite_exec(store, "BEGIN IMMEDIATE", error) && run_statements(store, m->sql, error) &&
	    hg_sqlite_exec(store, mark, error) && commit(store, error))
		return TRUE;
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	g_prefix_error(error, "bringing %s to schema %d (%s): ", store->path, m->number, m->name);
	return FALSE;
}

/* An empty file of ours only: VACUUM INTO fills it and keeps its mode. */
static gboolean make_private(const char *name, GError **error)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", name, g_strerror(errno));
	close(fd);
	return TRUE;
}

/* A copy of the old state, made before the first change: the way back from an upgrade. */
static gboolean backup(hg_store *store, gint64 version, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s-schema%" G_GINT64_FORMAT, store->path, version);
	g_autofree char *part = g_strconcat(name, ".part", NULL);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
	gboolean made = make_private(part, error) && hg_sqlite_exec(store, sql, error);

	sqlite3_free(sql);
	if (made && (HG_FAILPOINT(MIGRATION_COPIED) || rename(part, name) < 0))
		made = hg_fail(error, HG_ERROR_STORE, "%s: %s", name, g_strerror(errno));
	g_prefix_error(error, "backup before the upgrade: ");
	return made;
}

gboolean hg_sqlite_migrate(hg_store *store, GError **error)
{
	gint64 version;

	if (!schema_read(store, &version, error) ||
	    (version && version < hg_schema_newest() && !backup(store, version, error)))
		return FALSE;
	for (const struct hg_migration *m = hg_migrations; m->number; m++)
		if (m->number > version && !apply(store, m, error))
			return FALSE;
	store->schema = hg_schema_newest();
	return TRUE;
}

gboolean hg_sqlite_schema_check(hg_store *store, GError **error)
{
	gint64 version;

	if (!schema_read(store, &version, error))
		return FALSE;
	if (version < hg_schema_newest())
		return hg_fail(error, HG_ERROR_CONFIG, "%s has schema %" G_GINT64_FORMAT ", this program reads %d: start "
			       "headgated, which brings it up", store->path, version, hg_schema_newest());
	store->schema = (int)version;
	return TRUE;
}
