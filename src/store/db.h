/* db.h - inside src/store: a connection, and what a driver does for it
 *
 * What is common to all drivers (savepoints, rows that wait, what is known, keys) is in store.c; each driver fills in
 * one struct hg_driver, and keeps what is its own behind a pointer. */
#pragma once
#include "late.h"

typedef struct hg_driver hg_driver;
struct hg_store_info;
struct hg_copies;

struct hg_stmt {
	hg_store *store;
	gboolean writes;
	void *handle;			/* the driver's; NULL: not prepared yet */
	void *result;			/* PostgreSQL's rows ... */
	int row, rows;			/* ... and which of them it stands at */
};

struct hg_store {
	const hg_driver *driver;
	struct sqlite3 *db;		/* SQLite's; NULL: another driver's */
	struct hg_pg *pg;		/* PostgreSQL's */
	struct hg_stmt stmts[HG_SQL_N];
	struct hg_copies *copies;	/* ours; NULL: the directory itself keeps the files */
	char *path, *attachments;	/* ours; path: SQLite's file, or what stands for the database in texts */
	struct hg_env *env;		/* lent */
	gboolean reader, still;
	gboolean shared_for_test;	/* as the options say */
	gint interrupted;		/* atomic */
	gint away, leaving;		/* atomic: its server does not answer; nobody waits for it much longer */
	gboolean broken;		/* the disk or the file failed: nothing more is tried */
	gboolean in_txn, in_savepoint;	/* as we were told; the driver's is_gone() says what is */
	gboolean bold, wants_care;	/* savepoints are marks only; one could not be gone back to */
	gint64 marked;			/* rows changed when the savepoint began */
	int schema;
	guint8 key[32];
	struct evp_mac_ctx_st *mac;	/* ours */
	struct hg_late *late;		/* ours */
	struct hg_known *known;		/* ours; of readers empty but for what was read ahead */
	GArray *seen_days;		/* ours; NULL: not looked at yet */
	struct hg_store_cost cost;
	gint64 turn;			/* transactions of all who write, as far as the last one of ours saw */

	/* readers: a statement's time */
	gint64 time_limit_ms, deadline_ms;

	/* writer: what is due in between */
	gint64 expire_next_ms, disk_next_ms;	/* monotonic */
	gboolean unlinking;		/* files, or the log, may wait to be deleted ... */
	gint64 unlink_next_ms;		/* ... and were looked at before that */
	gint64 keep_dedupe_ms, keep_journal_ms, keep_audit_ms;

	/* SQLite: the lock, the write-ahead log in pages, the reserve */
	int lock_fd;			/* -1 for readers */
	struct hg_flush *flush;		/* ours; NULL for readers */
	int wal_pages;			/* in it after the last commit */
	int wal_tried;			/* when a checkpoint last could not finish: not again before it grew */
	gint64 page_size;
	gint64 ballast, min_free;	/* bytes, as in the options */
};

struct hg_driver {
	const char *name;
	gboolean sorts_updates;		/* one that leaves indexed columns as they are leaves their indexes alone */
	/* Connects, with every guard set and read back, and brings the schema up (readers: checks it). */
	gboolean (*open)(hg_store *store, const struct hg_store_options *options, GError **error);
	void (*close)(hg_store *store, gboolean clean);
	void (*interrupt)(hg_store *store);		/* any thread */

	gboolean (*begin)(hg_store *store, GError **error);
	gboolean (*commit)(hg_store *store, gboolean later, GError **error);
	void (*rollback)(hg_store *store);
	gboolean (*is_gone)(hg_store *store);		/* the whole transaction was undone by an earlier failure */
	gboolean (*is_spoiled)(hg_store *store);	/* nothing more can be done in it before it is gone back to the savepoint */
	gboolean (*savepoint)(hg_store *store, GError **error);
	gboolean (*release)(hg_store *store, GError **error);
	gboolean (*rollback_to)(hg_store *store, GError **error);
	void (*flush_begin)(hg_store *store);
	gboolean (*flush_is_done)(hg_store *store);
	gboolean (*flush_end)(hg_store *store, GError **error);

	gboolean (*prepare)(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_stmt *stmt, GError **error);
	void (*unprepare)(hg_store *store, hg_stmt *stmt);
	gboolean (*start)(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error);
	/* A whole statement of which only this is to be known: whether it failed, in a bold transaction some time before its
	 * commit at the latest.  must: what has to be changed by it, else MISSING; static, or NULL.  NULL: as any other. */
	gboolean (*post)(hg_store *store, hg_stmt *stmt, const struct hg_value *values, const char *must, GError **error);
	int (*next)(hg_stmt *stmt, GError **error);
	void (*end)(hg_stmt *stmt);
	gint64 (*number)(hg_stmt *stmt, int column);
	const void *(*bytes)(hg_stmt *stmt, int column, gboolean text, gsize *ret_len);
	gint64 (*changes)(hg_store *store);		/* of the statement that ended last */
	gint64 (*all_changes)(hg_store *store);
	gint64 (*mark)(hg_store *store);		/* as it was: nothing was written since.  NULL: all_changes() */
	gint64 (*last_n)(hg_store *store);
	gboolean (*next_n)(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error);

	gint64 (*clock_ms)(hg_store *store, GError **error);	/* what leases are counted by; -1: failed */
	void (*tend_disk)(hg_store *store);		/* now and then: is there room? */
	void (*tend)(hg_store *store, enum hg_store_load load);
	gboolean (*tend_is_due)(hg_store *store, enum hg_store_load load);
	gboolean (*empty_log)(hg_store *store);		/* what was overwritten is in no log any more; FALSE: later */
	gint64 (*free_bytes)(hg_store *store);
	gboolean (*audit)(hg_store *store, hg_fsck_report *report, void *arg, GError **error);
	gboolean (*sizes)(hg_store *store, gint64 *ret_bytes, gint64 *ret_log, GError **error);
	/* For upkeep: fills in what is the driver's; each table's name in the order of names, and in sizes the bytes that
	 * are known (gint64, with those of its indexes). */
	gboolean (*info)(hg_store *store, struct hg_store_info *ret, GError **error);
	gboolean (*tables)(hg_store *store, GPtrArray *names, GHashTable *sizes, GError **error);
	void (*pages)(hg_store *store, struct hg_store_cost *ret);	/* fills in those; NULL: it has none of its own */
};
extern const hg_driver hg_sqlite_driver, hg_postgres_driver;

struct hg_migration {
	int number;
	const char *name, *sql, *postgres;
	gboolean alone;			/* who does not know it may not work beside it; the others only add */
};
extern const struct hg_migration hg_migrations[];	/* made at build from migrations/; ends with 0 */
int hg_schema_newest(void);
const struct hg_migration *hg_schema_next(const struct hg_migration *before);	/* NULL: the first; NULL when there is no more */

/* The instance key: read, or made from what is given (NULL: by chance). */
gboolean hg_store_key_load(hg_store *store, const guint8 *given, GError **error);
gboolean hg_fail_gone(GError **error);

/* For what only works on a file; instead: what does it on a server.  STATE: the driver (NULL: SQLite) keeps none. */
gboolean hg_store_need_file(const char *driver, const char *instead, GError **error);

/* ---- unlink.c ---- */
/* TRUE: something is left, and tried again. */
gboolean hg_unlink_tend(hg_store *store);

/* ---- upload.c ---- */
/* Makes it, and drops what was left half written before then (UTC): other nodes may be at work in it. */
gboolean hg_attachments_prepare(const char *attachments, gint64 before_ms, GError **error);
/* The upload takes its name and goes nowhere else; as hg_upload_finish(). */
gboolean hg_upload_keep_copy(hg_upload *upload, const char *sha256, GError **error);
#define HG_STORE_TMP "tmp"			/* beside the 256 directories 00 to ff: what is being written */
#define HG_LEFT_MS (24 * 60 * 60 * 1000)	/* what nobody has written to for so long, nobody writes any more */
