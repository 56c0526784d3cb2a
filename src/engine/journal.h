/* journal.h - what is in a row of the journal, and how it is done again */
#pragma once
#include <glib.h>
#include "command.h"
#include "engine.h"
#include "model.h"

enum hg_journal_kind {
	HG_J_COMMAND = 1,	/* the command, and where the raw bytes of its delivery lie */
	HG_J_TIMER,		/* one that fired */
	HG_J_CLAIM,		/* jobs that went out */
	HG_J_START,		/* an engine began with this configuration, and recovered what was under way */
	HG_J_RELOAD,		/* from here on with this configuration */
	HG_J_WAITED,		/* an item that waited for hooks was judged */
	HG_J_JOIN,		/* one of several engines began; others have work under way */
	HG_J_TAKE,		/* one of them took a post over, and recovered what was under way */
};

/* A row's body, taken apart; in the arena given but for command and jobs. */
struct hg_journalled {
	hg_command *command;	/* COMMAND: without raw bytes */
	gint64 *raw;		/* COMMAND: where those lie, 0: nowhere.  [0] the delivery's, [1 + i] item i's */
	gsize n_raw;
	hg_timer timer;		/* TIMER: thread_n and kind */
	gint64 waiting_n;	/* WAITED */
	GArray *jobs;		/* CLAIM: of gint64; negative: dropped, for it was about nothing any more */
	const char *post;	/* TAKE: its name */
	const char *config_hash;	/* START, JOIN, RELOAD ... */
	gint64 event_n;		/* ... the newest event by then; 0: none */
};
/* INPUT: the body is none. */
gboolean hg_journal_read(const hg_journal *row, hg_arena *arena, struct hg_journalled *ret, GError **error);
void hg_journalled_done(struct hg_journalled *entry);	/* frees what is not in the arena */

/* Does what the row says, in the open transaction of the engine's store, and writes it into that
 * store's own journal.  from: the store the row is of, for raw deliveries.  For START and JOIN the engine
 * is a new one; for RELOAD hg_engine_reload() was called before.  Nothing is dispatched.
 * *ret_refused: the engine refused the command or timer now (yours; NULL: it did not).  FALSE: the row
 * cannot be read, or the store failed and the whole transaction with it. */
gboolean hg_engine_feed(hg_engine *engine, const hg_journal *row, hg_store *from, GError **ret_refused,
			GError **error);
