/* sqlite_db.h - inside the SQLite driver: the connection */
#pragma once
#include <sqlite3.h>
#include "late.h"

struct hg_stmt {
	sqlite3_stmt *handle;		/* ours; NULL: not prepared yet */
	hg_store *store;
	gboolean writes;
};

struct hg_store {
	sqlite3 *db;
	struct hg_stmt stmts[HG_SQL_N];
	char *path, *attachments;	/* ours */
	struct hg_env *env;		/* lent */
	gboolean reader, still;
	gint interrupted;		/* atomic */
	gboolean broken;		/* the disk or the file failed: nothing more is tried */
	gboolean in_txn, in_savepoint;	/* as we were told; sqlite3_get_autocommit() says what is */
	gboolean bold, wants_care;	/* savepoints are marks only; one could not be gone back to */
	gint64 marked;			/* rows changed when the savepoint began */
	int schema;
	int lock_fd;			/* -1 for readers */
	guint8 key[32];
	struct evp_mac_ctx_st *mac;	/* ours */
	struct hg_late *late;		/* ours */
	struct hg_known *known;		/* ours; of readers always empty */
	struct hg_flush *flush;		/* ours; NULL for readers */
	GArray *seen_days;		/* ours; NULL: not looked at yet */

	struct hg_store_cost cost;

	/* readers: a statement's time */
	gint64 time_limit_ms, deadline_ms;

	/* writer: the write-ahead log, in pages */
	int wal_pages;			/* in it after the last commit */
	int wal_tried;			/* when a checkpoint last could not finish: not again before it grew */
	gint64 page_size;
	gint64 expire_next_ms, disk_next_ms;	/* monotonic */
	gboolean unlinking;		/* files, or the log, may wait to be deleted ... */
	gint64 unlink_next_ms;		/* ... and were looked at before that */
	gint64 keep_dedupe_ms, keep_journal_ms, keep_audit_ms;
	gint64 ballast, min_free;	/* bytes, as in the options */
};

#define HG_SQLITE_BUSY_MS 1000	/* nobody else may write: whoever does is waited for this long */
#define HG_SQLITE_APPLICATION_ID 0x68676174	/* "hgat": `file` can tell, and we can */

/* ---- sqlite_sql.c ---- */
/* Says what SQLite's result means: FALSE with error set; marks the store broken when it is. */
gboolean hg_sqlite_fail(hg_store *store, int rc, const char *doing, GError **error);
gboolean hg_sqlite_exec(hg_store *store, const char *sql, GError **error);
gboolean hg_sqlite_pragma(hg_store *store, const char *pragma, char **ret_text, GError **error);	/* first value; yours */
void hg_sqlite_unprepare(hg_store *store);

/* ---- sqlite_wal.c ---- */
const char *hg_sqlite_vfs(void);	/* name of the VFS to open with: the process's usual one underneath */
/* On: the next commits do not wait for the disk.  hg_sqlite_wal_due(): the file of one that did not, once; NULL:
 * there is none.  hg_sqlite_wal_sync() waits for the disk, on any thread; an SQLite result. */
void hg_sqlite_wal_later(sqlite3 *db, gboolean later);
sqlite3_file *hg_sqlite_wal_due(sqlite3 *db);
int hg_sqlite_wal_sync(sqlite3_file *file);

/* ---- sqlite_flush.c ---- */
struct hg_flush *hg_flush_new(void);
void hg_flush_free(struct hg_flush *flush);		/* waits for what is under way; NULL is fine */
void hg_flush_add(struct hg_flush *flush, sqlite3_file *wal);	/* a sync is due; one at a time */

/* ---- sqlite_file.c: what SQLite does not check of its surroundings ---- */
/* Directory, lock, symbolic links, modes, kind of file system.  Makes an empty file when there is
 * none.  *ret_unclean: the last writer did not close. */
gboolean hg_sqlite_file_take(const char *path, int *ret_lock_fd, gboolean *ret_unclean, GError **error);
/* An empty file that nobody else may read, or the mode of one that is there. */
gboolean hg_sqlite_make_file(const char *path, gboolean there, GError **error);
/* The same as hg_sqlite_file_take() without the file: only that nobody else has it. */
gboolean hg_sqlite_file_claim(const char *path, int *ret_lock_fd, GError **error);
gboolean hg_sqlite_file_look(const char *path, GError **error);		/* for readers: changes nothing */
void hg_sqlite_file_release(int lock_fd, gboolean clean);
/* Makes it and what is missing above it.  A new directory is on disk only when the one it lies in was synced:
 * without that, losing power takes all that is in it.  FALSE with errno set. */
gboolean hg_dir_make(const char *dir);
gboolean hg_dir_sync(const char *dir);	/* FALSE with errno set */
gint64 hg_free_bytes(const char *path);					/* -1: unknown */
char *hg_ballast_path(const char *path);		/* yours */
gboolean hg_ballast_there(const hg_store *store);
void hg_ballast_give(const hg_store *store);		/* drops it where little is free */
void hg_ballast_tend(const hg_store *store);		/* drops or makes it, as free space says */

/* ---- sqlite_tend.c, unlink.c ---- */
/* Copies the log back and cuts its file off; FALSE: somebody still reads from it. */
gboolean hg_sqlite_truncate(hg_store *store);
/* TRUE: something is left, and tried again. */
gboolean hg_unlink_tend(hg_store *store);

/* ---- sqlite_schema.c ---- */
gboolean hg_sqlite_migrate(hg_store *store, GError **error);		/* writer: up to the newest */
gboolean hg_sqlite_schema_check(hg_store *store, GError **error);	/* reader: it must be ours */
struct hg_migration { int number; const char *name, *sql; };
extern const struct hg_migration hg_migrations[];	/* made at build from migrations/; ends with 0 */
int hg_schema_newest(void);

/* ---- upload.c ---- */
gboolean hg_attachments_prepare(const char *attachments, GError **error);	/* makes it, drops leftovers */
