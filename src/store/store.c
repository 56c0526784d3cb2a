/* store.c - what all drivers have in common: opening, keys, transactions with their savepoints, statements by slot */
#include "db.h"

#include <openssl/evp.h>
#include <string.h>

#include "copies.h"
#include "failpoint.h"

/* ---- opening ---- */

static const hg_driver *driver_of(const struct hg_store_options *options, GError **error)
{
	static const hg_driver *const drivers[] = { &hg_sqlite_driver, &hg_postgres_driver };
	const char *name = options->driver ?: "sqlite";

	for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	hg_fail(error, HG_ERROR_CONFIG, "store.driver \"%s\" is not known: \"sqlite\" and \"postgresql\" are", name);
	return NULL;
}

gboolean hg_store_need_file(const char *driver, const char *instead, GError **error)
{
	return g_strcmp0(driver, hg_postgres_driver.name) != 0 ||
	       hg_fail(error, HG_ERROR_STATE, "the store is a database of a PostgreSQL server, not a file (store.driver): %s", instead);
}

static hg_store *store_new(const hg_driver *driver, const struct hg_store_options *options, gboolean reader)
{
	hg_store *store = g_new0(hg_store, 1);

	store->driver = driver;
	store->path = g_strdup(options->path);
	store->attachments = g_strdup(options->attachments);
	if (options->files_in_database && options->attachments)
		store->copies = hg_copies_open(options);
	store->env = options->env;
	store->reader = reader;
#ifdef HG_TEST_HOOKS
	store->shared_for_test = options->shared_for_test;
#endif
	store->still = reader && options->still;
	store->ballast = options->ballast;
	store->min_free = options->min_free;
	store->lock_fd = -1;
	store->unlinking = !reader;	/* a crash may have come before */
	store->late = hg_late_new();
	store->known = hg_known_new();
	for (int i = 0; i < HG_SQL_N; i++)
		store->stmts[i].store = store;
	return store;
}

static hg_store *open_as(const struct hg_store_options *options, gboolean reader, gint64 time_limit_ms, GError **error)
{
	const hg_driver *driver = driver_of(options, error);
	g_autoptr(hg_store) store = NULL;

	if (!driver)
		return NULL;
	store = store_new(driver, options, reader);
	store->time_limit_ms = time_limit_ms;
	if (!driver->open(store, options, error)) {
		store->broken = TRUE;	/* leaves the mark of an unclean stop where it was */
		return NULL;
	}
	return g_steal_pointer(&store);
}

hg_store *hg_store_open(const struct hg_store_options *options, GError **error)
{
	return open_as(options, FALSE, 0, error);
}

hg_store *hg_store_open_reader(const struct hg_store_options *options, gint64 time_limit_ms, GError **error)
{
	return open_as(options, TRUE, time_limit_ms, error);
}

void hg_store_interrupt(hg_store *store)
{
	g_atomic_int_set(&store->interrupted, TRUE);
	store->driver->interrupt(store);
}

gboolean hg_sql_interrupted(hg_store *store)
{
	return g_atomic_int_get(&store->interrupted);
}

void hg_store_close(hg_store *store)
{
	if (store->in_txn)
		hg_store_rollback(store);
	for (int i = 0; i < HG_SQL_N; i++)
		if (store->stmts[i].handle)
			store->driver->unprepare(store, &store->stmts[i]);
	store->driver->close(store, !store->broken);
	if (store->seen_days)
		g_array_unref(store->seen_days);
	hg_late_free(store->late);
	hg_known_free(store->known);
	EVP_MAC_CTX_free(store->mac);
	memset(store->key, 0, sizeof(store->key));
	hg_copies_close(store->copies);
	g_free(store->path);
	g_free(store->attachments);
	g_free(store);
}

/* ---- the instance key ---- */

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

gboolean hg_store_key_load(hg_store *store, const guint8 *given, GError **error)
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

const guint8 *hg_store_instance_key(hg_store *store)
{
	return store->key;
}

/* ---- what is asked of it ---- */

gboolean hg_store_broken(hg_store *store)
{
	return store->broken;
}

gboolean hg_sql_broken(hg_store *store)
{
	return store->broken;
}

int hg_store_schema(hg_store *store)
{
	return store->schema;
}

const char *hg_store_name(hg_store *store)
{
	return store->path;
}

const char *hg_store_attachments(hg_store *store)
{
	return store->attachments;
}

struct hg_env *hg_store_env(hg_store *store)
{
	return store->env;
}

gboolean hg_store_is_shared(hg_store *store)
{
	return store->pg != NULL || store->shared_for_test;
}

gboolean hg_store_is_away(hg_store *store)
{
	return g_atomic_int_get(&store->away);
}

void hg_store_leave(hg_store *store)
{
	g_atomic_int_set(&store->leaving, TRUE);
}

gint64 hg_store_turn(hg_store *store)
{
	return store->turn;
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
	return store->driver->all_changes(store);
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
	struct hg_store_cost cost = store->cost;

	if (store->driver->pages)
		store->driver->pages(store, &cost);
	return cost;
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
	return store->driver->free_bytes(store);
}

void hg_store_unlinks(hg_store *store)
{
	store->unlinking = TRUE;
}

gint64 hg_sql_time_limit(hg_store *store, gint64 ms)
{
	gint64 before = store->time_limit_ms;

	store->time_limit_ms = ms;
	return before;
}

gboolean hg_sql_audit(hg_store *store, hg_fsck_report *report, void *arg, GError **error)
{
	return store->driver->audit(store, report, arg, error);
}

gboolean hg_store_stats(hg_store *store, struct hg_store_stats *ret, GError **error)
{
	/* Rows of these tables are never deleted: the highest number is the count, without a walk. */
	static const struct hg_sql counts = { HG_SQL_STATS, "SELECT (SELECT MAX(n) FROM contact), (SELECT MAX(n) FROM thread), "
					      "(SELECT COUNT(*) FROM thread WHERE state = 1), (SELECT MAX(n) FROM message), "
					      "(SELECT MAX(n) FROM ticket), (SELECT MAX(n) FROM event)", 0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &counts, HG_BIND_NONE, error);

	if (!stmt || hg_stmt_next(stmt, error) < 0)
		return FALSE;
	*ret = (struct hg_store_stats){
		.contacts = hg_stmt_int(stmt, 0), .threads = hg_stmt_int(stmt, 1),
		.open_threads = hg_stmt_int(stmt, 2), .messages = hg_stmt_int(stmt, 3),
		.tickets = hg_stmt_int(stmt, 4), .events = hg_stmt_int(stmt, 5),
	};
	hg_stmt_end(stmt);
	return store->driver->sizes(store, &ret->bytes, &ret->wal_bytes, error);
}

/* ---- transactions ---- */

gboolean hg_fail_gone(GError **error)
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
	if (!store->driver->begin(store, error))
		return FALSE;
	store->in_txn = TRUE;
	store->wants_care = FALSE;
	hg_late_begin(store->late, FALSE);
	return TRUE;
}

static gboolean commit(hg_store *store, gboolean later, GError **error)
{
	gboolean done;

	g_assert(store->in_txn && !store->in_savepoint);
	if (store->driver->is_gone(store)) {
		hg_store_rollback(store);
		return hg_fail_gone(error);
	}
	if (HG_FAILPOINT(STORE_BEFORE_COMMIT))
		done = hg_fail(error, HG_ERROR_STORE, "a test made COMMIT fail");
	else
		done = store->driver->commit(store, later, error);
	if (!done) {
		hg_store_rollback(store);
		return FALSE;
	}
	store->in_txn = FALSE;
	return TRUE;
}

gboolean hg_store_commit(hg_store *store, GError **error)
{
	if (!commit(store, FALSE, error))
		return FALSE;
	(void)HG_FAILPOINT(STORE_AFTER_COMMIT);
	return TRUE;
}

gboolean hg_store_commit_later(hg_store *store, GError **error)
{
	return commit(store, TRUE, error);
}

void hg_store_flush_begin(hg_store *store)
{
	store->driver->flush_begin(store);
}

gboolean hg_store_flush_is_done(hg_store *store)
{
	return store->driver->flush_is_done(store);
}

gboolean hg_store_flush_end(hg_store *store, GError **error)
{
	if (!store->driver->flush_end(store, error))
		return FALSE;
	(void)HG_FAILPOINT(STORE_AFTER_COMMIT);
	return TRUE;
}

void hg_store_rollback(hg_store *store)
{
	/* When it fails the transaction is gone already or the file is broken: either way
	 * nothing of it holds. */
	store->driver->rollback(store);
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

static gint64 mark(hg_store *store)
{
	return store->driver->mark ? store->driver->mark(store) : hg_store_changes(store);
}

gboolean hg_store_savepoint(hg_store *store, GError **error)
{
	g_assert(store->in_txn && !store->in_savepoint);
	if (store->driver->is_gone(store))
		return hg_fail_gone(error);
	if (!store->bold && !store->driver->savepoint(store, error))
		return FALSE;
	store->marked = mark(store);
	store->in_savepoint = TRUE;
	hg_late_begin(store->late, TRUE);
	return TRUE;
}

gboolean hg_store_release(hg_store *store, GError **error)
{
	g_assert(store->in_savepoint);
	if (!hg_store_settle(store, error))
		return FALSE;
	store->in_savepoint = FALSE;
	if (store->driver->is_gone(store))
		return hg_fail_gone(error);
	return store->bold || store->driver->release(store, error);
}

/* Where there is no savepoint: nothing is to be undone, or everything. */
static gboolean mark_back(hg_store *store, GError **error)
{
	if (mark(store) == store->marked && !store->driver->is_spoiled(store))
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
	if (store->driver->is_gone(store) || store->broken)
		return hg_fail_gone(error);
	if (store->bold)
		return mark_back(store, error);
	hg_known_forget(store->known);
	return store->driver->rollback_to(store, error);
}

/* ---- statements ---- */

/* A write outside a transaction is refused: when SQLite has rolled back a whole group by itself
 * (disk full), the next command of the group would else be committed alone. */
static gboolean stmt_allowed(hg_store *store, const hg_stmt *stmt, GError **error)
{
	if (!stmt->writes)
		return TRUE;
	if (store->reader)
		return hg_fail(error, HG_ERROR_BROKEN, "this connection to the store only reads");
	if (!store->in_txn || store->driver->is_gone(store))
		return hg_fail(error, HG_ERROR_STORE, store->in_txn ?
			       "the transaction was rolled back by an earlier failure" :
			       "a write needs a transaction");
	return TRUE;
}

/* It may change rows that are known; what does so often is a row's own update. */
static gboolean stmt_forgets(hg_store *store, const struct hg_sql *sql, const hg_stmt *stmt, GError **error)
{
	if (!stmt->writes || sql->verb != HG_SQL_TEXT || (sql->of && sql->of->numbers == HG_NUMBERS_OUTBOX))
		return TRUE;
	if (!hg_late_write(store, error))	/* what waits lies where what is known lies */
		return FALSE;
	hg_known_forget(store->known);
	return TRUE;
}

/* It may be started.  NULL: error is set. */
static hg_stmt *stmt_ready(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, GError **error)
{
	hg_stmt *stmt = &store->stmts[sql->slot];

	if (store->broken) {
		hg_fail(error, HG_ERROR_STORE, "%s failed before: stop headgated, check the disk, start it again",
			store->path);
		return NULL;
	}
	if (hg_late_matters(store, sql) && !hg_late_write(store, error))
		return NULL;
	store->cost.statements++;
	if ((!stmt->handle && !store->driver->prepare(store, sql, values, stmt, error)) || !stmt_allowed(store, stmt, error) ||
	    !stmt_forgets(store, sql, stmt, error))
		return NULL;
	return stmt;
}

hg_stmt *hg_stmt_open(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, GError **error)
{
	hg_stmt *stmt = stmt_ready(store, sql, values, error);

	return stmt && store->driver->start(store, stmt, values, error) ? stmt : NULL;
}

static hg_stmt *stmt_anew(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, GError **error)
{
	hg_stmt *stmt = &store->stmts[sql->slot];

	if (stmt->handle)
		store->driver->unprepare(store, stmt);
	stmt->handle = NULL;
	return hg_stmt_open(store, sql, values, error);
}

hg_stmt *hg_stmt_once(hg_store *store, const char *text, const struct hg_value *values, GError **error)
{
	return stmt_anew(store, &(struct hg_sql){ HG_SQL_ONCE, text, HG_SQL_TEXT, NULL }, values, error);
}

hg_stmt *hg_stmt_walk(hg_store *store, const char *text, const struct hg_value *values, GError **error)
{
	return stmt_anew(store, &(struct hg_sql){ HG_SQL_WALK, text, HG_SQL_TEXT, NULL }, values, error);
}

int hg_stmt_next(hg_stmt *stmt, GError **error)
{
	return stmt->store->driver->next(stmt, error);
}

void hg_stmt_end(hg_stmt *stmt)
{
	stmt->store->driver->end(stmt);
}

gint64 hg_stmt_int(hg_stmt *stmt, int column)
{
	return stmt->store->driver->number(stmt, column);
}

const char *hg_stmt_text(hg_stmt *stmt, int column, gsize *ret_len)
{
	return stmt->store->driver->bytes(stmt, column, TRUE, ret_len);
}

const void *hg_stmt_blob(hg_stmt *stmt, int column, gsize *ret_len)
{
	return stmt->store->driver->bytes(stmt, column, FALSE, ret_len);
}

gint64 hg_stmt_changes(hg_store *store)
{
	return store->driver->changes(store);
}

static gboolean stmt_run(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, gint64 *ret_changed,
			 GError **error)
{
	hg_stmt *stmt = hg_stmt_open(store, sql, values, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	if (more < 0)
		return FALSE;
	*ret_changed = hg_stmt_changes(store);
	return TRUE;
}

gboolean hg_sql_missed(const char *what, GError **error)
{
	return hg_fail(error, HG_ERROR_MISSING, "the %s to be changed is not in the store (any more)", what);
}

gboolean hg_sql_must(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, const char *must, GError **error)
{
	gint64 changed;
	hg_stmt *stmt;

	if (store->driver->post) {
		stmt = stmt_ready(store, sql, values, error);
		return stmt && store->driver->post(store, stmt, values, must, error);
	}
	return stmt_run(store, sql, values, &changed, error) && (!must || changed || hg_sql_missed(must, error));
}

gboolean hg_sql_run(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, gint64 *ret_changed,
		    GError **error)
{
	return ret_changed ? stmt_run(store, sql, values, ret_changed, error) : hg_sql_must(store, sql, values, NULL, error);
}

gboolean hg_sql_sorts_updates(hg_store *store)
{
	return store->driver->sorts_updates;
}

gint64 hg_sql_last_n(hg_store *store)
{
	return store->driver->last_n(store);
}

gboolean hg_sql_next_n(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error)
{
	return store->driver->next_n(store, of, ret, error);
}

/* One number of a statement prepared for this once, by one that must not write what waits. */
gboolean hg_sql_once_int(hg_store *store, const char *text, gint64 *ret, GError **error)
{
	hg_stmt *stmt = stmt_anew(store, &(struct hg_sql){ HG_SQL_ONCE, text, HG_SQL_ALONE, NULL }, HG_BIND_NONE, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	if (more < 0)
		return FALSE;
	*ret = more ? hg_stmt_int(stmt, 0) : 0;
	if (more)
		hg_stmt_end(stmt);
	return TRUE;
}

gint64 hg_sql_clock_ms(hg_store *store, GError **error)
{
	return store->driver->clock_ms(store, error);
}

/* ---- in between ---- */

#define EXPIRE_EVERY_MS 60000
#define EXPIRE_SOON_MS 20		/* while there is more of it and nothing else to do ... */
#define EXPIRE_BUSY_MS 250		/* ... and while there is: a batch takes a few ms of the engine */
#define UNLINK_AGAIN_MS 50
#define DISK_EVERY_MS 10000

static gboolean expire_batch(hg_store *store, gint64 *changed, GError **error)
{
	gint64 now = hg_now(store->env);
	gboolean done;

	if (!hg_store_begin(store, error))
		return FALSE;
	done = hg_seen_expire(store, now, changed, error) &&
	       hg_journal_expire(store, now, store->keep_journal_ms, changed, error) &&
	       hg_idem_expire(store, now, changed, error) && hg_receipt_expire(store, now, changed, error) &&
	       hg_facts_expire(store, now, changed, error) && hg_visitor_expire(store, now, changed, error) &&
	       hg_token_expire(store, now, changed, error) && hg_audit_expire(store, now, store->keep_audit_ms, changed, error) &&
	       hg_stale_expire(store, now, changed, error);
	(void)HG_FAILPOINT(SWEEP_DONE);
	if (done && hg_store_commit(store, error))
		return TRUE;
	hg_store_rollback(store);
	g_array_set_size(hg_store_seen_days(store), 0);	/* may not be true now: read again */
	return FALSE;
}

static void expire_tend(hg_store *store, gint64 mono, gboolean busy)
{
	g_autoptr(GError) failed = NULL;
	gint64 changed = 0;

	/* What fails here is tried again later; a broken disk shows in the next command. */
	if (expire_batch(store, &changed, &failed) && changed >= HG_EXPIRE_BATCH)
		store->expire_next_ms = mono + (busy ? EXPIRE_BUSY_MS : EXPIRE_SOON_MS);
	else
		store->expire_next_ms = mono + EXPIRE_EVERY_MS;
}

static gboolean unlink_is_due(const hg_store *store, gint64 mono)
{
	return store->unlinking && mono >= store->unlink_next_ms;
}

gboolean hg_store_tend_is_due(hg_store *store, enum hg_store_load load)
{
	gint64 mono = hg_mono(store->env);

	return !store->expire_next_ms || mono >= store->expire_next_ms || mono >= store->disk_next_ms ||
	       unlink_is_due(store, mono) || store->driver->tend_is_due(store, load);
}

gint64 hg_store_tend(hg_store *store, enum hg_store_load load)
{
	gint64 mono = hg_mono(store->env), next_ms;

	g_assert(!store->in_txn && !store->reader);
	if (store->broken)
		return EXPIRE_EVERY_MS;
	if (!store->expire_next_ms) {	/* never at start: there is enough to do then */
		store->expire_next_ms = mono + EXPIRE_EVERY_MS;
		store->disk_next_ms = mono + DISK_EVERY_MS;
	}
	if (mono >= store->disk_next_ms) {
		store->driver->tend_disk(store);
		store->disk_next_ms = mono + DISK_EVERY_MS;
	}
	if (mono >= store->expire_next_ms)
		expire_tend(store, mono, load != HG_LOAD_NONE);
	store->driver->tend(store, load);
	if (unlink_is_due(store, mono)) {
		store->unlinking = hg_unlink_tend(store);
		store->unlink_next_ms = mono + UNLINK_AGAIN_MS;
	}
	next_ms = MIN(store->expire_next_ms, store->disk_next_ms);
	return MAX(0, (store->unlinking ? MIN(next_ms, store->unlink_next_ms) : next_ms) - mono);
}
