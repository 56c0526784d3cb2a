/* sqlite.c - the SQLite driver: opening with every guard set and read back, and transactions */
#include <config.h>

#include "sqlite_db.h"


/* ---- opening ---- */
/* Wanted, and what must be read back afterwards. */
struct setting { const char *pragma, *read, *want; };

static gboolean set_all(hg_store *store, const struct setting *settings, GError **error)
{
	for (; settings->pragma; settings++) {
		g_autofree char *got = NULL;

		if (!hg_sqlite_pragma(store, settings->pragma, NULL, error))
			return FALSE;
		if (!settings->read)
			continue;
		if (!hg_sqlite_pragma(store, settings->read, &got, error))
			return FALSE;
		if (g_strcmp0(got, settings->want) != 0)
			return hg_fail(error, HG_ERROR_CONFIG, "%s: SQLite was told %s but says %s: it cannot keep "
				       "messages safe here; put store.path on an ordinary local file system",
				       store->path, settings->pragma, got ?: "nothing");
	}
	return TRUE;
}

static const struct setting every_connection[] = {
	{ "trusted_schema = OFF", "trusted_schema", "0" },
	{ "cell_size_check = ON", "cell_size_check", "1" },
	{ "mmap_size = 0", NULL, NULL },
	{ "foreign_keys = ON", "foreign_keys", "1" },
	{ NULL, NULL, NULL },
};

static const struct setting writer_settings[] = {
	{ "journal_mode = WAL", "journal_mode", "wal" },
	{ "synchronous = FULL", "synchronous", "2" },
	{ "secure_delete = ON", "secure_delete", "1" },
	{ "wal_autocheckpoint = 0", "wal_autocheckpoint", "0" },
	/* What a reset log keeps on disk; larger ones are cut back.  More than the log of a busy
	 * writer has when it is copied back, which would be cut and grow anew each time. */
	{ "journal_size_limit = 33554432", NULL, NULL },
	/* 16 MiB.  A larger cache was measured to help nothing, and the daemon's bar is 64 MiB. */
	{ "cache_size = -16384", NULL, NULL },
	{ NULL, NULL, NULL },
};

static const struct setting reader_settings[] = {
	{ "query_only = ON", "query_only", "1" },
	{ "journal_mode", "journal_mode", "wal" },
	{ "cache_size = -2048", NULL, NULL },
	{ NULL, NULL, NULL },
};

static const struct setting still_settings[] = {
	{ "query_only = ON", "query_only", "1" },
	{ NULL, NULL, NULL },
};

#define OPEN_BUSY_MS 5000	/* for start-up: a reader may be recovering the log just now */

/* A savepoint keeps the pages it may have to put back in one piece of memory of this size, and in a
 * file beyond.  A message changes some twenty pages of 4 KiB, a conversion forty. */
#define SAVEPOINT_BYTES (256 * 1024)

static void configure(const char *path)
{
	static gsize done;

	/* Refused when SQLite runs already in this process: then savepoints are slower, no more. */
	if (g_once_init_enter(&done)) {
		sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, SAVEPOINT_BYTES);
		/* Nobody asks how much memory SQLite has, and to know it takes a lock for each piece. */
		sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
		/* That file has messages in it, and /var/tmp may not be writable for a service. */
		sqlite3_temp_directory = g_path_get_dirname(path);
		g_once_init_leave(&done, 1);
	}
}

/* What is known not to change needs neither locks nor the files beside it (sqlite.org/uri.html, "immutable"). */
static char *name_of(const hg_store *store)
{
	g_autofree char *escaped = store->still ? g_uri_escape_string(store->path, "/", FALSE) : NULL;

	return escaped ? g_strdup_printf("file:%s?immutable=1", escaped) : g_strdup(store->path);
}

static gboolean connect(hg_store *store, int flags, GError **error)
{
	g_autofree char *name = name_of(store);
	int rc;

	configure(store->path);
	/* NOMUTEX: a connection belongs to one thread, so SQLite need not lock it. */
	rc = sqlite3_open_v2(name, &store->db, flags | (store->still ? SQLITE_OPEN_URI : 0) | SQLITE_OPEN_NOMUTEX |
			     SQLITE_OPEN_EXRESCODE, hg_sqlite_vfs());
	if (rc != SQLITE_OK)
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", store->path,
			       store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc));
	sqlite3_busy_timeout(store->db, OPEN_BUSY_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	if (store->reader)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return set_all(store, every_connection, error);
}

static gboolean quick_check(hg_store *store, GError **error)
{
	g_autofree char *said = NULL;

	if (!hg_sqlite_pragma(store, "quick_check(1)", &said, error))
		return FALSE;
	if (g_strcmp0(said, "ok") != 0)
		return hg_fail(error, HG_ERROR_STORE, "%s was damaged when it was last in use (%s): restore the last "
			       "backup, or see what \"headgatectl fsck\" says", store->path, said);
	return TRUE;
}

static gboolean check_options(const struct hg_store_options *options, GError **error)
{
	/* A relative name would change its meaning with the working directory; "" and ":memory:"
	 * are databases that forget. */
	if (!options->path || !g_path_is_absolute(options->path))
		return hg_fail(error, HG_ERROR_CONFIG, "store.path \"%s\" must be an absolute path", options->path ?: "");
	return TRUE;
}

static int wal_hook(void *arg, sqlite3 *db G_GNUC_UNUSED, const char *name G_GNUC_UNUSED, int pages)
{
	hg_store *store = arg;

	store->cost.log_bytes += (pages > store->wal_pages ? pages - store->wal_pages : pages) * store->page_size;
	store->wal_pages = pages;
	return SQLITE_OK;
}

static gboolean writer_open(hg_store *store, const guint8 *key, GError **error)
{
	g_autofree char *page_size = NULL;
	gboolean unclean;

	store->flush = hg_flush_new();
	if (!hg_sqlite_file_take(store->path, &store->lock_fd, &unclean, error))
		return FALSE;
	hg_ballast_give(store);		/* opening needs some room too */
	if (!connect(store, SQLITE_OPEN_READWRITE, error) || !set_all(store, writer_settings, error) ||
	    (unclean && !quick_check(store, error)) || !hg_sqlite_migrate(store, error) ||
	    !hg_sqlite_pragma(store, "page_size", &page_size, error))
		return FALSE;
	store->page_size = g_ascii_strtoll(page_size, NULL, 10);
	sqlite3_wal_hook(store->db, wal_hook, store);
	sqlite3_busy_timeout(store->db, HG_SQLITE_BUSY_MS);
	hg_ballast_tend(store);
	return hg_store_key_load(store, key, error) &&
	       (!store->attachments || hg_attachments_prepare(store->attachments, G_MAXINT64, error));
}

static int reader_progress(void *arg)
{
	hg_store *store = arg;

	return store->time_limit_ms && hg_mono(store->env) > store->deadline_ms;
}

static gboolean reader_open(hg_store *store, GError **error)
{
	if ((!store->still && !hg_sqlite_file_look(store->path, error)) || !connect(store, SQLITE_OPEN_READONLY, error) ||
	    !set_all(store, store->still ? still_settings : reader_settings, error) ||
	    !hg_sqlite_schema_check(store, error) || !hg_store_key_load(store, NULL, error))
		return FALSE;
	/* Every 1000 steps of SQLite's machine: some 20 us apart. */
	if (store->time_limit_ms)
		sqlite3_progress_handler(store->db, 1000, reader_progress, store);
	return TRUE;
}

static gboolean sqlite_open(hg_store *store, const struct hg_store_options *options, GError **error)
{
	if (!check_options(options, error))
		return FALSE;
	return store->reader ? reader_open(store, error) : writer_open(store, options->key, error);
}

static void sqlite_interrupt(hg_store *store)
{
	sqlite3_interrupt(store->db);
}

/* Checkpoints and removes the log, and waits for nobody: a reader may take its time, and what
 * stays in the log is read again at the next start.  Behind a failure nothing is written or synced any
 * more: a sync that succeeds now may be of pages the kernel has given up. */
static gboolean disconnect(hg_store *store)
{
	gboolean clean;

	sqlite3_busy_timeout(store->db, 0);
	if (store->broken)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	clean = sqlite3_close(store->db) == SQLITE_OK;
	store->db = NULL;
	return clean;
}

static void sqlite_close(hg_store *store, gboolean clean)
{
	hg_flush_free(store->flush);
	if (store->db && !disconnect(store))
		clean = FALSE;
	if (store->lock_fd >= 0)
		hg_sqlite_file_release(store->lock_fd, clean);
}

static gint64 sqlite_free_bytes(hg_store *store)
{
	gint64 room = hg_free_bytes(store->path);
	gint64 more = store->attachments ? hg_free_bytes(store->attachments) : -1;

	return more >= 0 && (room < 0 || more < room) ? more : room;
}

/* Nobody else counts. */
static gint64 sqlite_clock_ms(hg_store *store, GError **error G_GNUC_UNUSED)
{
	/* Whoever plays several nodes may have their clocks differ; this one is the database's. */
	return store->shared_for_test ? hg_mono(store->env) : hg_now(store->env);
}

static gint64 sqlite_all_changes(hg_store *store)
{
	return sqlite3_total_changes64(store->db);
}

/* ---- transactions ---- */
static gboolean sqlite_begin(hg_store *store, GError **error)
{
	/* A deferred one that begins to write after another wrote fails at once, however long it
	 * may wait. */
	return hg_sqlite_exec(store, store->reader ? "BEGIN" : "BEGIN IMMEDIATE", error);
}

static gboolean commit_now(hg_store *store, GError **error)
{
	static const struct hg_sql commit = { HG_SQL_COMMIT, "COMMIT", HG_SQL_ALONE, NULL };

	if (!hg_sql_run(store, &commit, HG_BIND_NONE, NULL, error))
		return FALSE;
	store->turn++;
	return TRUE;
}

static gboolean sqlite_commit(hg_store *store, gboolean later, GError **error)
{
	sqlite3_file *wal;
	gboolean done;

	if (!later)
		return commit_now(store, error);
	hg_sqlite_wal_later(store->db, TRUE);
	done = commit_now(store, error);
	hg_sqlite_wal_later(store->db, FALSE);
	wal = hg_sqlite_wal_due(store->db);
	if (done && wal)
		hg_flush_add(store->flush, wal);
	return done;
}

static void sqlite_rollback(hg_store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

static gboolean sqlite_is_gone(hg_store *store)
{
	return sqlite3_get_autocommit(store->db);
}

static gboolean sqlite_is_spoiled(hg_store *store G_GNUC_UNUSED)
{
	return FALSE;		/* a statement that fails undoes itself alone */
}

static gboolean sqlite_savepoint(hg_store *store, GError **error)
{
	static const struct hg_sql savepoint = { HG_SQL_SAVEPOINT, "SAVEPOINT command", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &savepoint, HG_BIND_NONE, NULL, error);
}

static gboolean sqlite_release(hg_store *store, GError **error)
{
	static const struct hg_sql release = { HG_SQL_RELEASE, "RELEASE command", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &release, HG_BIND_NONE, NULL, error);
}

static gboolean sqlite_rollback_to(hg_store *store, GError **error)
{
	return hg_sqlite_exec(store, "ROLLBACK TO command; RELEASE command", error);
}

const hg_driver hg_sqlite_driver = {
	.name = "sqlite", .open = sqlite_open, .close = sqlite_close, .interrupt = sqlite_interrupt,
	.begin = sqlite_begin, .commit = sqlite_commit, .rollback = sqlite_rollback, .is_gone = sqlite_is_gone,
	.is_spoiled = sqlite_is_spoiled, .savepoint = sqlite_savepoint, .release = sqlite_release,
	.rollback_to = sqlite_rollback_to, .flush_begin = hg_sqlite_flush_begin,
	.flush_is_done = hg_sqlite_flush_is_done, .flush_end = hg_sqlite_flush_end,
	.prepare = hg_sqlite_prepare, .unprepare = hg_sqlite_finalize, .start = hg_sqlite_start, .next = hg_sqlite_next,
	.end = hg_sqlite_end, .number = hg_sqlite_number, .bytes = hg_sqlite_bytes, .changes = hg_sqlite_changes,
	.all_changes = sqlite_all_changes, .last_n = hg_sqlite_last_n, .next_n = hg_sqlite_next_n,
	.clock_ms = sqlite_clock_ms, .tend_disk = hg_sqlite_tend_disk, .tend = hg_sqlite_tend,
	.tend_is_due = hg_sqlite_tend_is_due, .empty_log = hg_sqlite_truncate, .free_bytes = sqlite_free_bytes,
	.audit = hg_sqlite_audit, .sizes = hg_sqlite_sizes,
	.info = hg_sqlite_info, .tables = hg_sqlite_tables, .pages = hg_sqlite_pages,
};
