/* sqlite_sql.c - statements on SQLite: prepared once, bound, stepped; what its errors mean */
#include "sqlite_db.h"

#include <stdlib.h>
#include <string.h>

/* ---- errors ---- */
static gboolean fail_constraint(hg_store *store, int rc, const char *doing, GError **error)
{
	/* The text names table and columns, never values. */
	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    rc == SQLITE_CONSTRAINT_ROWID)
		return hg_fail(error, HG_ERROR_CONFLICT, "%s: somebody was first (%s)", doing,
			       sqlite3_errmsg(store->db));
	return hg_fail(error, HG_ERROR_BROKEN, "%s: the row breaks a rule of the store (%s)", doing,
		       sqlite3_errmsg(store->db));
}

static gboolean fail_disk(hg_store *store, int rc, const char *doing, GError **error)
{
	if (rc == SQLITE_FULL) {
		/* It may have undone the statement alone.  Where a savepoint's pages could not be put aside, going back to it
		 * was measured to take what an earlier command had written: the whole group goes, and comes again. */
		if (!sqlite3_get_autocommit(store->db))
			sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		return hg_fail(error, HG_ERROR_STORE, "%s: no room left for %s: free some disk space", doing,
			       store->path);
	}
	/* After a failed fsync the kernel may call pages clean that never reached the disk: trying
	 * again would report success for lost data.  Only a fresh start reads what is really there. */
	store->broken = TRUE;
	return hg_fail(error, HG_ERROR_STORE, "%s: %s: %s (%d, errno %d): stop headgated, check the disk, then "
		       "start it again; \"headgatectl fsck\" audits what is stored", doing, store->path,
		       sqlite3_errmsg(store->db), rc, sqlite3_system_errno(store->db));
}

gboolean hg_sqlite_fail(hg_store *store, int rc, const char *statement, GError **error)
{
	/* "INSERT INTO thread": people need no more of it. */
	g_autofree char *doing = g_strndup(statement, MIN(strcspn(statement, "(=,"), 40));

	g_strchomp(doing);
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		return fail_constraint(store, rc, doing, error);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return hg_fail(error, HG_ERROR_BUSY, "%s: another program writes to %s: try again, and find out "
			       "which (only headgated may)", doing, store->path);
	case SQLITE_INTERRUPT:
		return hg_fail(error, HG_ERROR_LIMIT, "%s: took longer than %" G_GINT64_FORMAT " ms: ask for less",
			       doing, store->time_limit_ms);
	case SQLITE_TOOBIG:
		return hg_fail(error, HG_ERROR_LIMIT, "%s: too big for the store", doing);
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_NOMEM:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
		return fail_disk(store, rc, doing, error);
	default:
		return hg_fail(error, HG_ERROR_STORE, "%s: %s (%d)", doing, sqlite3_errmsg(store->db), rc);
	}
}

/* ---- one-off statements: pragmas, transactions ---- */
gboolean hg_sqlite_exec(hg_store *store, const char *sql, GError **error)
{
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || hg_sqlite_fail(store, rc, sql, error);
}

gboolean hg_sqlite_pragma(hg_store *store, const char *pragma, char **ret_text, GError **error)
{
	g_autofree char *sql = g_strconcat("PRAGMA ", pragma, NULL);
	sqlite3_stmt *handle = NULL;
	char *text = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &handle, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(handle);
	if (rc == SQLITE_ROW)
		text = g_strdup((const char *)sqlite3_column_text(handle, 0) ?: "");
	sqlite3_finalize(handle);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		g_free(text);
		return hg_sqlite_fail(store, rc, sql, error);
	}
	if (ret_text)
		*ret_text = text;
	else
		g_free(text);
	return TRUE;
}

/* ---- prepared statements ---- */
gboolean hg_sqlite_prepare(hg_store *store, const struct hg_sql *sql, const struct hg_value *values G_GNUC_UNUSED, hg_stmt *stmt,
			   GError **error)
{
	g_autofree char *text = hg_table_sql(sql);
	sqlite3_stmt *handle = NULL;
	int rc = sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

	if (rc != SQLITE_OK)
		return hg_sqlite_fail(store, rc, text, error);
	stmt->handle = handle;
	stmt->writes = !sqlite3_stmt_readonly(handle);
	/* $1 is a name to SQLite, numbered by first use: both must mean the same. */
	for (int i = 1; i <= sqlite3_bind_parameter_count(handle); i++)
		g_assert(strtol(sqlite3_bind_parameter_name(handle, i) + 1, NULL, 10) == i);
	return TRUE;
}

void hg_sqlite_finalize(hg_store *store G_GNUC_UNUSED, hg_stmt *stmt)
{
	sqlite3_finalize(stmt->handle);
	stmt->handle = NULL;
}

static int value_bind(sqlite3_stmt *handle, int at, const struct hg_value *value)
{
	switch (value->type) {
	case 'i':
		return sqlite3_bind_int64(handle, at, value->i);
	case 't':	/* binds NULL for NULL */
		return sqlite3_bind_text(handle, at, value->p, -1, SQLITE_STATIC);
	case 'b':
		return value->p ? sqlite3_bind_blob64(handle, at, value->p, value->len, SQLITE_STATIC)
				: sqlite3_bind_null(handle, at);
	default:
		return sqlite3_bind_null(handle, at);
	}
}

gboolean hg_sqlite_start(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error)
{
	int rc = SQLITE_OK;

	for (int at = 1; values->type && rc == SQLITE_OK; at++)
		rc = value_bind(stmt->handle, at, values++);
	if (rc != SQLITE_OK) {
		hg_sqlite_fail(store, rc, sqlite3_sql(stmt->handle), error);
		sqlite3_reset(stmt->handle);
		return FALSE;
	}
	if (store->time_limit_ms)
		store->deadline_ms = hg_mono(store->env) + store->time_limit_ms;
	return TRUE;
}

int hg_sqlite_next(hg_stmt *stmt, GError **error)
{
	int rc = sqlite3_step(stmt->handle);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		hg_sqlite_fail(stmt->store, rc, sqlite3_sql(stmt->handle), error);
	sqlite3_reset(stmt->handle);
	return rc == SQLITE_DONE ? 0 : -1;
}

void hg_sqlite_end(hg_stmt *stmt)
{
	sqlite3_reset(stmt->handle);
}

gint64 hg_sqlite_number(hg_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt->handle, column);
}

const void *hg_sqlite_bytes(hg_stmt *stmt, int column, gboolean text, gsize *ret_len)
{
	const void *bytes = text ? (const void *)sqlite3_column_text(stmt->handle, column) :
				   sqlite3_column_blob(stmt->handle, column);

	*ret_len = bytes ? (gsize)sqlite3_column_bytes(stmt->handle, column) : 0;
	return bytes;
}

gint64 hg_sqlite_changes(hg_store *store)
{
	return sqlite3_changes64(store->db);
}

gint64 hg_sqlite_last_n(hg_store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

/* A number is never used again where AUTOINCREMENT says so: SQLite keeps the last one in a table of its own. */
gboolean hg_sqlite_next_n(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error)
{
	g_autofree char *text = g_strdup_printf("SELECT MAX(COALESCE((SELECT MAX(n) FROM %s), 0), "
						"COALESCE((SELECT seq FROM sqlite_sequence WHERE name = '%s'), 0)) + 1",
						of->name, of->name);

	return hg_sql_once_int(store, text, ret, error);	/* rows that wait have theirs */
}

void hg_sqlite_unprepare(hg_store *store)
{
	for (int i = 0; i < HG_SQL_N; i++)
		hg_sqlite_finalize(store, &store->stmts[i]);
}
