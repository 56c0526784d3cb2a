/* sqlite_tend.c - between transactions: checkpoints, the ballast */
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

gboolean hg_sqlite_tend_is_due(hg_store *store, enum hg_store_load load)
{
	return checkpoint_is_due(store, load);
}

void hg_sqlite_tend(hg_store *store, enum hg_store_load load)
{
	checkpoint_tend(store, load);
}

void hg_sqlite_tend_disk(hg_store *store)
{
	hg_ballast_tend(store);
}
