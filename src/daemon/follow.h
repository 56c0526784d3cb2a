/* follow.h - several nodes on one store: what others did, for whoever looks at this one
 *
 * A thread of its own reads the log behind the newest event it has seen, in order, and publishes what it finds, whoever
 * wrote it; the engine of this node does not publish then, so that there is one order and nothing twice.  It looks when it
 * is woken (by this node's engine, by a hint of another's), and by itself twice a second, for hints may get lost.  At these
 * looks it also sees to which channels another has paused.  Tokens and sessions have a look of their own: hg_api_follow().
 *
 * What is told and kept nowhere (somebody types) goes to the other nodes as hints, without what is private of it. */
#pragma once
#include "parts.h"

/* NULL: nobody else writes to the store.  options is copied; its texts are the configuration's, or the gateway's. */
hg_follower *hg_follower_new(hg_gateway *gateway, const struct hg_store_options *options);
void hg_follower_start(hg_follower *follow);		/* NULL is fine here and in what follows */
/* Behind the end of the engine: nothing is read any more. */
void hg_follower_stop(hg_follower *follow);
/* Behind the last that was posted to the loop. */
void hg_follower_free(hg_follower *follow);
/* Any thread: there may be something new. */
void hg_follower_wake(hg_follower *follow);
/* What the engine tells other nodes with each commit; lent.  NULL: there are none. */
const char *hg_follower_hint(const hg_follower *follow);
/* Any thread: to all other nodes; what is too long, or too much at once, is dropped.  TRUE: this node is not to be told
 * directly, for it hears of it like the others (a test's wish). */
gboolean hg_follower_tell(hg_follower *follow, char kind, const char *text);

/* follow_event.c: what of an event is not in its row, for those who filter by it; FALSE: the store failed. */
struct hg_follower_page {
	hg_store *store;
	hg_arena *arena;
	hg_thread *thread;		/* the last one asked for */
};
gboolean hg_follower_fill(struct hg_follower_page *page, hg_event *event, GError **error);
/* Visitors who look here and wrote at another node are somebody since then: streams of theirs learn who. */
gboolean hg_follower_heard_of(const struct hg_follower_page *page, hg_gateway *gateway, const GPtrArray *events, GError **error);
