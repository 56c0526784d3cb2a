/* sqlite_flush.c - waiting for the disk on a thread of its own
 *
 * A group of messages is worked on for some milliseconds, and the disk takes up to as many to keep the one before:
 * one after the other, the store's thread would idle a quarter of its time. */
#include "sqlite_db.h"

#include "failpoint.h"

enum { IDLE, DUE, RUNNING, DONE };

struct hg_flush {
	GMutex lock;
	GCond changed;
	GThread *thread;		/* NULL: not needed yet */
	sqlite3_file *wal;		/* lent; what is synced */
	gint state;			/* atomic to look at, changed under lock */
	gboolean stop;
	int rc;				/* in DONE */
};

struct hg_flush *hg_flush_new(void)
{
	struct hg_flush *flush = g_new0(struct hg_flush, 1);

	g_mutex_init(&flush->lock);
	g_cond_init(&flush->changed);
	return flush;
}

static void become(struct hg_flush *flush, gint state)
{
	g_atomic_int_set(&flush->state, state);
	g_cond_broadcast(&flush->changed);
}

static gpointer flush_main(gpointer arg)
{
	struct hg_flush *flush = arg;
	int rc;

	g_mutex_lock(&flush->lock);
	while (!flush->stop || flush->state == RUNNING) {
		if (flush->state != RUNNING) {
			g_cond_wait(&flush->changed, &flush->lock);
			continue;
		}
		g_mutex_unlock(&flush->lock);
		rc = hg_sqlite_wal_sync(flush->wal);
		g_mutex_lock(&flush->lock);
		flush->rc = rc;
		become(flush, DONE);
	}
	g_mutex_unlock(&flush->lock);
	return NULL;
}

void hg_flush_free(struct hg_flush *flush)
{
	if (!flush)
		return;
	g_mutex_lock(&flush->lock);
	flush->stop = TRUE;
	g_cond_broadcast(&flush->changed);
	g_mutex_unlock(&flush->lock);
	if (flush->thread)
		g_thread_join(flush->thread);
	g_mutex_clear(&flush->lock);
	g_cond_clear(&flush->changed);
	g_free(flush);
}

void hg_flush_add(struct hg_flush *flush, sqlite3_file *wal)
{
	g_assert(g_atomic_int_get(&flush->state) == IDLE);
	flush->wal = wal;
	g_atomic_int_set(&flush->state, DUE);
}

void hg_sqlite_flush_begin(hg_store *store)
{
	struct hg_flush *flush = store->flush;

	if (g_atomic_int_get(&flush->state) != DUE)
		return;
	if (!flush->thread)
		flush->thread = g_thread_try_new("flush", flush_main, flush, NULL);
	if (!flush->thread)
		return;		/* then it is done where it is waited for */
	g_mutex_lock(&flush->lock);
	become(flush, RUNNING);
	g_mutex_unlock(&flush->lock);
}

gboolean hg_sqlite_flush_is_done(hg_store *store)
{
	gint state = g_atomic_int_get(&store->flush->state);

	return state == IDLE || state == DONE;
}

gboolean hg_sqlite_flush_end(hg_store *store, GError **error)
{
	struct hg_flush *flush = store->flush;
	gint state = g_atomic_int_get(&flush->state);
	int rc = SQLITE_OK;

	if (state == DUE) {
		rc = store->broken ? SQLITE_IOERR : hg_sqlite_wal_sync(flush->wal);
	} else if (state != IDLE) {
		g_mutex_lock(&flush->lock);
		while (flush->state == RUNNING)
			g_cond_wait(&flush->changed, &flush->lock);
		rc = flush->rc;
		g_mutex_unlock(&flush->lock);
	}
	g_atomic_int_set(&flush->state, IDLE);
	if (rc == SQLITE_OK && !store->broken)
		return TRUE;
	/* The kernel may have given up the pages it could not write: nothing behind them is to be trusted. */
	hg_sqlite_fail(store, rc == SQLITE_OK ? SQLITE_IOERR : rc, "COMMIT", error);
	store->broken = TRUE;
	return FALSE;
}
