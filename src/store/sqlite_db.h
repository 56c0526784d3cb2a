/* sqlite_db.h - inside the SQLite driver */
#pragma once
#include <sqlite3.h>
#include "db.h"

#define HG_SQLITE_BUSY_MS 1000	/* nobody else may write: whoever does is waited for this long */
#define HG_SQLITE_APPLICATION_ID 0x68676174	/* "hgat": `file` can tell, and we can */

/* ---- sqlite_sql.c ---- */
/* Says what SQLite's result means: FALSE with error set; marks the store broken when it is. */
gboolean hg_sqlite_fail(hg_store *store, int rc, const char *doing, GError **error);
gboolean hg_sqlite_exec(hg_store *store, const char *sql, GError **error);
gboolean hg_sqlite_pragma(hg_store *store, const char *pragma, char **ret_text, GError **error);	/* first value; yours */
void hg_sqlite_unprepare(hg_store *store);		/* all */
gboolean hg_sqlite_prepare(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_stmt *stmt, GError **error);
void hg_sqlite_finalize(hg_store *store, hg_stmt *stmt);
gboolean hg_sqlite_start(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error);
int hg_sqlite_next(hg_stmt *stmt, GError **error);
void hg_sqlite_end(hg_stmt *stmt);
gint64 hg_sqlite_number(hg_stmt *stmt, int column);
const void *hg_sqlite_bytes(hg_stmt *stmt, int column, gboolean text, gsize *ret_len);
gint64 hg_sqlite_changes(hg_store *store);
gint64 hg_sqlite_last_n(hg_store *store);
gboolean hg_sqlite_next_n(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error);

/* ---- sqlite_upkeep.c ---- */
gboolean hg_sqlite_info(hg_store *store, struct hg_store_info *ret, GError **error);
gboolean hg_sqlite_tables(hg_store *store, GPtrArray *names, GHashTable *sizes, GError **error);

/* ---- sqlite_audit.c, sqlite_stats.c ---- */
gboolean hg_sqlite_audit(hg_store *store, hg_fsck_report *report, void *arg, GError **error);
gboolean hg_sqlite_sizes(hg_store *store, gint64 *ret_bytes, gint64 *ret_log, GError **error);
void hg_sqlite_pages(hg_store *store, struct hg_store_cost *ret);

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
void hg_sqlite_flush_begin(hg_store *store);
gboolean hg_sqlite_flush_is_done(hg_store *store);
gboolean hg_sqlite_flush_end(hg_store *store, GError **error);

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

/* ---- sqlite_tend.c ---- */
/* Copies the log back and cuts its file off; FALSE: somebody still reads from it. */
gboolean hg_sqlite_truncate(hg_store *store);
void hg_sqlite_tend_disk(hg_store *store);
void hg_sqlite_tend(hg_store *store, enum hg_store_load load);
gboolean hg_sqlite_tend_is_due(hg_store *store, enum hg_store_load load);

/* ---- sqlite_schema.c ---- */
gboolean hg_sqlite_migrate(hg_store *store, GError **error);		/* writer: up to the newest */
gboolean hg_sqlite_schema_check(hg_store *store, GError **error);	/* reader: it must be ours */
