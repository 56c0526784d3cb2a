/* round.h - inside run.c, round.c, turns.c, tally_note.c and journal_feed.c: one transaction's worth of turns */
#pragma once
#include "turn.h"

/* One carried-out command: what to tell its sender when the group holds. */
struct hg_done {
	hg_command *command;
	const char *answer;
	GError *error;			/* ours */
};

struct hg_round {
	hg_engine *engine;
	gint64 now_ms;
	GArray *done;			/* of struct hg_done */
	hg_arena *arena;		/* ours; engine->round while it is worked on */
	GPtrArray *left;		/* of hg_dispatch *: goes out once it is on disk; NULL before the commit */
	GPtrArray *events;		/* of const hg_event * */
	GArray *noted;			/* of struct hg_noted, which the turns' arenas hold */
	struct hg_engine_stats count;
	gboolean broke;			/* the transaction is gone */
	guint64 id_high, id_low;	/* the last id given before it */
	gint64 changes;			/* rows the store had written when it began */
};

void hg_round_begin(struct hg_round *round, hg_engine *engine, gint64 now_ms);
void hg_round_end(struct hg_round *round);
/* A whole round: what waits in the queue, what is due, the commit, and who hears of it.  FALSE: the store failed; of
 * that nothing holds: senders are refused, and what cannot be refused is in the queue again. */
gboolean hg_round_run(hg_engine *engine);
/* The store failed, again perhaps: told, counted, and after too often the engine stops. */
void hg_round_failed(hg_engine *engine, const GError *error);
/* A round that is committed and waits for the disk is told of, or refused when the disk failed (FALSE). */
gboolean hg_round_settle(hg_engine *engine);
/* What turns count, but not commands and groups. */
void hg_engine_stats_add(struct hg_engine_stats *to, const struct hg_engine_stats *more);
/* tally_note.c: what a turn that holds has noted; counted, under the engine's lock, when the round does. */
void hg_round_note(struct hg_round *round, const struct hg_noted *noted);
void hg_round_tally(struct hg_round *round);

/* Each in a savepoint, and into the journal.  FALSE: it was undone; round->broke: with all the rest. */
gboolean hg_round_command(struct hg_round *round, hg_command *command, const char **ret_answer, GError **error);
gboolean hg_round_timer(struct hg_round *round, const hg_timer *timer, GError **error);
gboolean hg_round_waited(struct hg_round *round, const hg_waiting *waiting, GError **error);
/* In the round's transaction, each whole or not at all. */
gboolean hg_round_recover(struct hg_round *round, gboolean alone, guint *ret_n, GError **error);	/* alone: nobody shares the store */
/* Posts (of hg_post) that are ours from here on: what was under way under them is not known to have arrived. */
gboolean hg_round_take(struct hg_round *round, const GPtrArray *posts, GError **error);
gboolean hg_round_take_one(struct hg_round *round, const char *post, GError **error);
gboolean hg_round_adopt(struct hg_round *round, GError **error);
/* The configuration that waits takes the place of the one there is.  FALSE: none waits. */
gboolean hg_engine_take_conf(hg_engine *engine, gint64 now_ms);
