/* sqlite_audit.c - what only SQLite can say of its own file: for fsck */
#include "sqlite_db.h"

#include <string.h>

/* I18.  integrity_check does not look at foreign keys, nor the other way round. */
static gboolean audit_integrity(hg_store *store, hg_fsck_report *report, void *arg, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "PRAGMA integrity_check(20)", HG_BIND_NONE, error);
	const char *said;
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		said = hg_stmt_text(stmt, 0, &len);
		if (strcmp(said, "ok") != 0)
			report(arg, "I18", said, "the file is damaged: restore the last backup");
	}
	return more == 0;
}

static gboolean audit_references(hg_store *store, hg_fsck_report *report, void *arg, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT \"table\" || ' ' || COALESCE(rowid, '?') || ' names a missing ' || "
				     "\"parent\" FROM pragma_foreign_key_check", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		report(arg, "I18", hg_stmt_text(stmt, 0, &len), "restore the last backup, or report it with this line");
	return more == 0;
}

/* I19. */
static gboolean audit_schema(hg_store *store, hg_fsck_report *report, void *arg, GError **error)
{
	g_autofree char *version = NULL;
	g_autofree char *newest = g_strdup_printf("%d", hg_schema_newest());

	if (!hg_sqlite_pragma(store, "user_version", &version, error))
		return FALSE;
	if (g_strcmp0(version, newest) != 0)
		report(arg, "I19", version ?: "?", "the schema is not this program's: use the headgate that wrote it");
	return TRUE;
}

/* I20.  Where the ballast has given way, the disk is full: that is the breach's remedy. */
static void audit_ballast(hg_store *store, hg_fsck_report *report, void *arg)
{
	g_autofree char *name = hg_ballast_path(store->path);

	if (store->ballast && !hg_ballast_there(store))
		report(arg, "I20", name, "free some disk space: headgated makes the reserve file again when there is room");
}

gboolean hg_sqlite_audit(hg_store *store, hg_fsck_report *report, void *arg, GError **error)
{
	if (!audit_integrity(store, report, arg, error) || !audit_references(store, report, arg, error) ||
	    !audit_schema(store, report, arg, error))
		return FALSE;
	audit_ballast(store, report, arg);
	return TRUE;
}
