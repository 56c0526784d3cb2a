/* sqlite_copy.c - the database of one moment as a file of its own, while others write */
#include "backup.h"
#include "sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STEP_PAGES 512		/* 2 MiB: between two words of progress */

/* A new one: SQLite keeps the mode of what it finds. */
static gboolean make_private(const char *path, GError **error)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", path, g_strerror(errno));
	close(fd);
	return TRUE;
}

static gboolean sync_file(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	gboolean done = fd >= 0 && fsync(fd) == 0;
	int why = errno;

	if (fd >= 0)
		close(fd);
	return done || hg_fail(error, HG_ERROR_STORE, "%s: %s", path, g_strerror(why));
}

/* Journal and syncs of the copy would protect what nobody needs: one that is not finished is thrown away. */
static sqlite3 *open_copy(const char *path, GError **error)
{
	sqlite3 *copy = NULL;

	if (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_exec(copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL) == SQLITE_OK)
		return copy;
	hg_fail(error, HG_ERROR_STORE, "%s: %s", path, copy ? sqlite3_errmsg(copy) : "no memory");
	sqlite3_close(copy);
	return NULL;
}

static gboolean told(hg_store *store, hg_backup_tell *tell, void *arg, sqlite3_backup *backup, gint64 page_size,
		     GError **error)
{
	gint64 of = sqlite3_backup_pagecount(backup);
	struct hg_backup_at at = { HG_BACKUP_DATABASE, (of - sqlite3_backup_remaining(backup)) * page_size, of * page_size };

	return (!hg_sql_interrupted(store) && (!tell || tell(arg, &at))) || hg_fail(error, HG_ERROR_BUSY, "stopped");
}

/* The source holds a read transaction: it stays at one moment whatever is written, and is not begun anew. */
static gboolean copy_pages(hg_store *store, sqlite3 *copy, hg_backup_tell *tell_of, void *arg, GError **error)
{
	sqlite3_backup *backup = sqlite3_backup_init(copy, "main", store->db, "main");
	g_autofree char *page_size = NULL;
	gboolean going = backup != NULL;
	int rc = SQLITE_OK, end;

	if (!backup)
		return hg_fail(error, HG_ERROR_STORE, "copying %s: %s", store->path, sqlite3_errmsg(copy));
	going = hg_sqlite_pragma(store, "page_size", &page_size, error);
	while (going && rc == SQLITE_OK) {
		rc = sqlite3_backup_step(backup, STEP_PAGES);
		going = told(store, tell_of, arg, backup, g_ascii_strtoll(page_size, NULL, 10), error);
	}
	end = sqlite3_backup_finish(backup);
	if (!going)
		return FALSE;
	return rc == SQLITE_DONE || hg_fail(error, HG_ERROR_STORE, "copying %s: %s (%d)", store->path,
					    sqlite3_errstr(end == SQLITE_OK ? rc : end), rc);
}

static gboolean copy_to(hg_store *store, const char *path, hg_backup_tell *tell_of, void *arg, GError **error)
{
	sqlite3 *copy = open_copy(path, error);
	gboolean done = copy && copy_pages(store, copy, tell_of, arg, error);

	if (copy && sqlite3_close(copy) != SQLITE_OK && done)
		done = hg_fail(error, HG_ERROR_STORE, "%s: it could not be closed", path);
	return done && sync_file(path, error);
}

gboolean hg_store_copy(hg_store *store, const char *path, hg_backup_tell *tell_of, void *arg, GError **error)
{
	gboolean done;

	if (!make_private(path, error) || !hg_store_begin(store, error))
		return FALSE;
	/* The first look is what fixes the moment. */
	done = hg_sqlite_pragma(store, "user_version", NULL, error) && copy_to(store, path, tell_of, arg, error);
	hg_store_rollback(store);
	if (!done)
		unlink(path);
	return done;
}
