/* sqlite_tend.c - between transactions: checkpoints, expiry, the ballast */
#include "sqlite_db.h"

#include "failpoint.h"

#define MIB G_GINT64_CONSTANT(1048576)
/* Copied back even under full load, since long logs make reads slow; the longer, the more often a page was
 * written in it that is copied once.  16 MiB were measured to save a fifth of the CPU of 4. */
#define WAL_SOON (16 * MIB)
/* Where no command waits there is CPU to spare, and whoever comes next waits for no more than this (some
 * 2 ms) instead of 30. */
#define WAL_EARLY (2 * MIB)
#define WAL_LIMIT (64 * MIB)		/* a writer that is never idle must still give room back */
#define DISK_EVERY_MS 10000
#define EXPIRE_EVERY_MS 60000
#define EXPIRE_SOON_MS 20		/* while there is more of it and nothing else to do ... */
#define UNLINK_AGAIN_MS 50
#define EXPIRE_BUSY_MS 250		/* ... and while there is: a batch takes a few ms of the engine */

/* ---- checkpoints ---- */
/* Only this connection checkpoints, and never while it writes: SQLite before 3.51.3 can corrupt
 * the file when one connection checkpoints while another writes.  Waits for no reader. */
static void checkpoint(hg_store *store, int mode)
{
	int pages = 0, copied = 0, rc;

	(void)HG_FAILPOINT(CHECKPOINT_BEGIN);
	sqlite3_busy_timeout(store->db, 0);
	rc = sqlite3_wal_checkpoint_v2(store->db, "main", mode, &pages, &copied);
	sqlite3_busy_timeout(store->db, HG_SQLITE_BUSY_MS);
	if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED) {
		hg_sqlite_fail(store, rc, "checkpoint", NULL);
		return;
	}
	(void)HG_FAILPOINT(CHECKPOINT_DONE);
	if (rc == SQLITE_OK && copied == pages)
		store->wal_pages = store->wal_tried = 0;	/* the next commit begins the log anew */
	else
		store->wal_tried = store->wal_pages;
}

gboolean hg_sqlite_truncate(hg_store *store)
{
	checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
	return !store->wal_pages;
}

static gint64 log_grown(const hg_store *store)
{
	return (store->wal_pages - store->wal_tried) * store->page_size;
}

static gboolean checkpoint_is_due(const hg_store *store, enum hg_store_load load)
{
	const gint64 soon[] = { [HG_LOAD_NONE] = 0, [HG_LOAD_SOME] = WAL_EARLY, [HG_LOAD_FULL] = WAL_SOON };

	return log_grown(store) > soon[load];
}

static void checkpoint_tend(hg_store *store, enum hg_store_load load)
{
	gint64 all = store->wal_pages * store->page_size;

	if (all > WAL_LIMIT && log_grown(store) > WAL_SOON)
		checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
	else if (checkpoint_is_due(store, load))
		checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
}

static gboolean unlink_is_due(const hg_store *store, gint64 mono)
{
	return store->unlinking && mono >= store->unlink_next_ms;
}

gboolean hg_store_tend_is_due(hg_store *store, enum hg_store_load load)
{
	gint64 mono = hg_mono(store->env);

	return !store->expire_next_ms || mono >= store->expire_next_ms || mono >= store->disk_next_ms ||
	       unlink_is_due(store, mono) || checkpoint_is_due(store, load);
}

/* ---- expiry ---- */
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
	       hg_token_expire(store, now, changed, error) && hg_audit_expire(store, now, store->keep_audit_ms, changed, error);
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
		hg_ballast_tend(store);
		store->disk_next_ms = mono + DISK_EVERY_MS;
	}
	if (mono >= store->expire_next_ms)
		expire_tend(store, mono, load != HG_LOAD_NONE);
	checkpoint_tend(store, load);
	if (unlink_is_due(store, mono)) {
		store->unlinking = hg_unlink_tend(store);
		store->unlink_next_ms = mono + UNLINK_AGAIN_MS;
	}
	next_ms = MIN(store->expire_next_ms, store->disk_next_ms);
	return MAX(0, (store->unlinking ? MIN(next_ms, store->unlink_next_ms) : next_ms) - mono);
}
