/* sqlite.c - the SQLite driver: opening with every guard set and read back, and transactions */
#include <config.h>

#include "sqlite_db.h"

#include <openssl/evp.h>
#include <string.h>

#include "failpoint.h"

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

static gboolean key_make(hg_store *store, GError **error)
{
	static const struct hg_sql add = { HG_SQL_INSTANCE_ADD, "INSERT INTO instance (one, key) VALUES (1, $1)", HG_SQL_ALONE, NULL };

	if (hg_store_begin(store, error) &&
	    hg_sql_run(store, &add, HG_BIND(HG_B(store->key, sizeof(store->key))), NULL, error))
		return hg_store_commit(store, error);
	hg_store_rollback(store);
	return FALSE;
}

static gboolean key_read(hg_store *store, gboolean *ret_there, GError **error)
{
	static const struct hg_sql get = { HG_SQL_INSTANCE_GET, "SELECT key FROM instance", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND_NONE, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;
	const void *bytes;
	gsize len;

	*ret_there = more > 0;
	if (more <= 0)
		return more == 0;
	bytes = hg_stmt_blob(stmt, 0, &len);
	if (len == sizeof(store->key))
		memcpy(store->key, bytes, len);
	hg_stmt_end(stmt);
	return len == sizeof(store->key) ||
	       hg_fail(error, HG_ERROR_STORE, "%s: the instance key is damaged: restore the last backup", store->path);
}

static gboolean key_load(hg_store *store, const guint8 *given, GError **error)
{
	gboolean there;

	if (!key_read(store, &there, error))
		return FALSE;
	if (!there && store->reader)
		return hg_fail(error, HG_ERROR_STORE, "%s has no instance key: start headgated once", store->path);
	if (there)
		return TRUE;
	if (given)
		memcpy(store->key, given, sizeof(store->key));
	else
		store->env->random(store->env, store->key, sizeof(store->key));
	return key_make(store, error);
}

static hg_store *store_new(const struct hg_store_options *options, gboolean reader)
{
	hg_store *store = g_new0(hg_store, 1);

	store->path = g_strdup(options->path);
	store->attachments = g_strdup(options->attachments);
	store->env = options->env;
	store->reader = reader;
	store->still = reader && options->still;
	store->ballast = options->ballast;
	store->min_free = options->min_free;
	store->lock_fd = -1;
	store->unlinking = !reader;	/* a crash may have come before */
	store->late = hg_late_new();
	store->known = hg_known_new();
	store->flush = reader ? NULL : hg_flush_new();
	return store;
}

static gboolean check_options(const struct hg_store_options *options, GError **error)
{
	if (g_strcmp0(options->driver ?: "sqlite", "sqlite") != 0)
		return hg_fail(error, HG_ERROR_CONFIG, "store.driver \"%s\" is not known: \"sqlite\" is", options->driver);
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
	return key_load(store, key, error) &&
	       (!store->attachments || hg_attachments_prepare(store->attachments, error));
}

hg_store *hg_store_open(const struct hg_store_options *options, GError **error)
{
	g_autoptr(hg_store) store = NULL;

	if (!check_options(options, error))
		return NULL;
	store = store_new(options, FALSE);
	if (!writer_open(store, options->key, error)) {
		store->broken = TRUE;	/* leaves the mark of an unclean stop where it was */
		return NULL;
	}
	return g_steal_pointer(&store);
}

static int reader_progress(void *arg)
{
	hg_store *store = arg;

	return store->time_limit_ms && hg_mono(store->env) > store->deadline_ms;
}

hg_store *hg_store_open_reader(const struct hg_store_options *options, gint64 time_limit_ms, GError **error)
{
	g_autoptr(hg_store) store = NULL;

	if (!check_options(options, error) || (!options->still && !hg_sqlite_file_look(options->path, error)))
		return NULL;
	store = store_new(options, TRUE);
	if (!connect(store, SQLITE_OPEN_READONLY, error) ||
	    !set_all(store, store->still ? still_settings : reader_settings, error) ||
	    !hg_sqlite_schema_check(store, error) || !key_load(store, NULL, error))
		return NULL;
	store->time_limit_ms = time_limit_ms;
	/* Every 1000 steps of SQLite's machine: some 20 us apart. */
	if (time_limit_ms)
		sqlite3_progress_handler(store->db, 1000, reader_progress, store);
	return g_steal_pointer(&store);
}

void hg_store_interrupt(hg_store *store)
{
	g_atomic_int_set(&store->interrupted, TRUE);
	sqlite3_interrupt(store->db);
}

gboolean hg_sql_interrupted(hg_store *store)
{
	return g_atomic_int_get(&store->interrupted);
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
	hg_sqlite_unprepare(store);
	clean = sqlite3_close(store->db) == SQLITE_OK;
	store->db = NULL;
	return clean;
}

void hg_store_close(hg_store *store)
{
	gboolean clean = !store->broken;

	if (store->in_txn)
		hg_store_rollback(store);
	hg_flush_free(store->flush);
	if (store->db && !disconnect(store))
		clean = FALSE;
	if (store->lock_fd >= 0)
		hg_sqlite_file_release(store->lock_fd, clean);
	if (store->seen_days)
		g_array_unref(store->seen_days);
	hg_late_free(store->late);
	hg_known_free(store->known);
	EVP_MAC_CTX_free(store->mac);
	memset(store->key, 0, sizeof(store->key));
	g_free(store->path);
	g_free(store->attachments);
	g_free(store);
}

const guint8 *hg_store_instance_key(hg_store *store)
{
	return store->key;
}

gboolean hg_store_broken(hg_store *store)
{
	return store->broken;
}

int hg_store_schema(hg_store *store)
{
	return store->schema;
}

const char *hg_store_attachments(hg_store *store)
{
	return store->attachments;
}

struct hg_env *hg_store_env(hg_store *store)
{
	return store->env;
}

GArray *hg_store_seen_days(hg_store *store)
{
	if (!store->seen_days)
		store->seen_days = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (store->reader)	/* the writer may have made a new day since */
		g_array_set_size(store->seen_days, 0);
	return store->seen_days;
}

void hg_store_keep(hg_store *store, gint64 dedupe_ms, gint64 journal_ms)
{
	store->keep_dedupe_ms = dedupe_ms;
	store->keep_journal_ms = journal_ms;
}

void hg_store_keep_audits(hg_store *store, gint64 keep_ms)
{
	store->keep_audit_ms = keep_ms;
}

gint64 hg_store_kept_ids_ms(hg_store *store)
{
	return store->keep_dedupe_ms;
}

gint64 hg_store_changes(hg_store *store)
{
	return sqlite3_total_changes64(store->db);
}

struct hg_late *hg_store_late(hg_store *store)
{
	return store->late;
}

struct hg_known *hg_store_known(hg_store *store)
{
	return store->known;
}

struct hg_store_cost hg_store_cost(hg_store *store)
{
	return store->cost;
}

struct evp_mac_ctx_st *hg_store_mac(hg_store *store)
{
	EVP_MAC *mac;

	if (!store->mac) {
		mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
		store->mac = EVP_MAC_CTX_new(mac);
		EVP_MAC_free(mac);
	}
	return store->mac;
}

gint64 hg_store_free_bytes(hg_store *store)
{
	gint64 room = hg_free_bytes(store->path);
	gint64 more = store->attachments ? hg_free_bytes(store->attachments) : -1;

	return more >= 0 && (room < 0 || more < room) ? more : room;
}

/* ---- transactions ---- */
static gboolean fail_gone(GError **error)
{
	return hg_fail(error, HG_ERROR_STORE, "the whole transaction was rolled back: nothing of it may be "
		       "acknowledged");
}

gboolean hg_store_begin(hg_store *store, GError **error)
{
	g_assert(!store->in_txn);
	if (store->broken)
		return hg_fail(error, HG_ERROR_STORE, "%s failed before: stop headgated, check the disk, start it "
			       "again", store->path);
	/* A deferred one that begins to write after another wrote fails at once, however long it
	 * may wait. */
	if (!hg_sqlite_exec(store, store->reader ? "BEGIN" : "BEGIN IMMEDIATE", error))
		return FALSE;
	store->in_txn = TRUE;
	store->wants_care = FALSE;
	hg_late_begin(store->late, FALSE);
	return TRUE;
}

static gboolean commit_written(hg_store *store, GError **error)
{
	static const struct hg_sql commit = { HG_SQL_COMMIT, "COMMIT", HG_SQL_ALONE, NULL };
	gboolean done;

	g_assert(store->in_txn && !store->in_savepoint);
	if (sqlite3_get_autocommit(store->db)) {
		store->in_txn = FALSE;
		return fail_gone(error);
	}
	if (HG_FAILPOINT(STORE_BEFORE_COMMIT))
		done = hg_fail(error, HG_ERROR_STORE, "a test made COMMIT fail");
	else
		done = hg_sql_run(store, &commit, HG_BIND_NONE, NULL, error);
	if (!done) {
		hg_store_rollback(store);
		return FALSE;
	}
	store->in_txn = FALSE;
	return TRUE;
}

gboolean hg_store_commit(hg_store *store, GError **error)
{
	if (!commit_written(store, error))
		return FALSE;
	(void)HG_FAILPOINT(STORE_AFTER_COMMIT);
	return TRUE;
}

gboolean hg_store_commit_later(hg_store *store, GError **error)
{
	sqlite3_file *wal;
	gboolean done;

	hg_sqlite_wal_later(store->db, TRUE);
	done = commit_written(store, error);
	hg_sqlite_wal_later(store->db, FALSE);
	wal = hg_sqlite_wal_due(store->db);
	if (done && wal)
		hg_flush_add(store->flush, wal);
	return done;
}

void hg_store_rollback(hg_store *store)
{
	/* When it fails the transaction is gone already or the file is broken: either way
	 * nothing of it holds. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	if (store->in_txn)
		hg_late_undo(store->late, FALSE);
	hg_known_forget(store->known);
	store->in_txn = store->in_savepoint = FALSE;
}

void hg_store_be_bold(hg_store *store, gboolean bold)
{
	g_assert(!store->in_savepoint);
	store->bold = bold;
}

gboolean hg_store_wants_care(hg_store *store)
{
	return store->wants_care;
}

gboolean hg_store_savepoint(hg_store *store, GError **error)
{
	static const struct hg_sql savepoint = { HG_SQL_SAVEPOINT, "SAVEPOINT command", HG_SQL_ALONE, NULL };

	g_assert(store->in_txn && !store->in_savepoint);
	if (sqlite3_get_autocommit(store->db))
		return fail_gone(error);
	if (!store->bold && !hg_sql_run(store, &savepoint, HG_BIND_NONE, NULL, error))
		return FALSE;
	store->marked = hg_store_changes(store);
	store->in_savepoint = TRUE;
	hg_late_begin(store->late, TRUE);
	return TRUE;
}

gboolean hg_store_release(hg_store *store, GError **error)
{
	static const struct hg_sql release = { HG_SQL_RELEASE, "RELEASE command", HG_SQL_ALONE, NULL };

	g_assert(store->in_savepoint);
	if (!hg_store_settle(store, error))
		return FALSE;
	store->in_savepoint = FALSE;
	if (sqlite3_get_autocommit(store->db))
		return fail_gone(error);
	return store->bold || hg_sql_run(store, &release, HG_BIND_NONE, NULL, error);
}

/* Where there is no savepoint: nothing is to be undone, or everything. */
static gboolean mark_back(hg_store *store, GError **error)
{
	if (hg_store_changes(store) == store->marked)
		return TRUE;
	store->wants_care = TRUE;
	return hg_fail(error, HG_ERROR_STORE, "a command failed when it had written something: its group is done again");
}

gboolean hg_store_rollback_to(hg_store *store, GError **error)
{
	g_assert(store->in_savepoint);
	store->in_savepoint = FALSE;
	hg_late_undo(store->late, TRUE);
	/* Disk full and I/O errors roll back everything by themselves, and the savepoint with it.
	 * Without this question the next command of the group would be committed alone. */
	if (sqlite3_get_autocommit(store->db) || store->broken)
		return fail_gone(error);
	if (store->bold)
		return mark_back(store, error);
	hg_known_forget(store->known);
	return hg_sqlite_exec(store, "ROLLBACK TO command; RELEASE command", error);
}
