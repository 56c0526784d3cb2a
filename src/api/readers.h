/* readers.h - where reads live: a few threads, each with a read-only connection and a time limit
 *
 * Nothing that touches the disk runs on a network loop or in the engine. */
#pragma once
#include <glib.h>
#include "loop.h"
#include "store.h"

typedef struct hg_readers hg_readers;

/* options are copied. */
hg_readers *hg_readers_new(const struct hg_store_options *options, guint threads, gint64 time_limit_ms,
			   hg_loop *loop, GError **error);
/* Any thread: one more connection, whose statements may take minutes. */
hg_store *hg_readers_open_slow(hg_readers *readers, GError **error);
void hg_readers_close_slow(hg_readers *readers, hg_store *store);	/* NULL is fine */
/* Interrupts the slow ones and gives no more of them: for a stop. */
void hg_readers_end_slow(hg_readers *readers);
gboolean hg_readers_ending(hg_readers *readers);
/* Does what waits, then ends the threads; slow connections are to be closed by then. */
void hg_readers_free(hg_readers *readers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_readers, hg_readers_free)

/* work(store, arg) runs on one of the threads, then done(arg) on the loop.  FALSE (BUSY): too many
 * wait already; neither will run. */
gboolean hg_readers_run(hg_readers *readers, void (*work)(hg_store *store, void *arg),
			void (*done)(void *arg), void *arg, GError **error);
/* work(arg) runs on a thread of its own, then done(arg) on the loop: for what takes minutes, so that reads do not wait for
 * it.  FALSE (BUSY): HG_READERS_APART of them are under way.  hg_readers_free() waits for them: they look at
 * hg_readers_ending(). */
#define HG_READERS_APART 4
gboolean hg_readers_run_apart(hg_readers *readers, void (*work)(void *arg), void (*done)(void *arg), void *arg, GError **error);
