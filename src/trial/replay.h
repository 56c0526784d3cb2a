/* replay.h - stored decisions made again by other rules, without effect
 *
 * Each decision is judged by its facts of then.  What follows from one that comes out otherwise is
 * followed as far as its own thread goes: whether it is a ticket by then, and whether anybody would
 * have been asked (settle, first_response).  What another thread, an agent or a customer would have
 * done instead is not guessed. */
#pragma once
#include <glib.h>
#include "conf.h"
#include "rules.h"

typedef struct hg_replay hg_replay;

#define HG_REPLAY_CHANGES_MAX 100000	/* kept for being shown; more are counted */

hg_replay *hg_replay_new(const hg_conf *conf, const hg_rules *rules);	/* both lent */
void hg_replay_free(hg_replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_replay, hg_replay_free)

struct hg_replay_entry {		/* lent for the call */
	const char *thread_id, *action, *rule;	/* rule NULL: none decided */
	gint64 at_ms;
	struct hg_facts *facts;		/* with the message's text; NULL: not kept.  Changed. */
};
void hg_replay_take(hg_replay *replay, const struct hg_replay_entry *entry);	/* oldest first */
void hg_replay_end(hg_replay *replay, gint64 now_ms);	/* whoever waits still is decided about */

struct hg_replay_change {
	const char *thread_id, *on, *from, *to;	/* from or to "not asked": there is no such decision */
	const char *rule;		/* that decides now; or NULL */
	gint64 at_ms;
};
struct hg_replay_step { const char *from, *to; gint64 n; };
struct hg_replay_channel { const char *name; gint64 conversations, before, after; };

struct hg_replay_result {		/* lent by the replay */
	gint64 decisions, added;	/* stored ones; such as nobody was asked for then */
	gint64 changed, other_rule, unreadable, gave_up, threads, changed_threads;
	const GArray *steps;		/* of struct hg_replay_step: what became what */
	const GArray *channels;		/* of struct hg_replay_channel, by name */
	const GArray *changes;		/* of struct hg_replay_change, in order */
};
void hg_replay_get(hg_replay *replay, struct hg_replay_result *ret);	/* once, as the last */

/* Appends it as members of an object that is open; of the changes the first ones, most of them.  0: none, and no list. */
void hg_replay_write(const struct hg_replay_result *result, guint most, GString *out);

/* Tickets for a hundred conversations, and what that is called: "great" below 20, "healthy" to 35,
 * "high" to 40, "bad" above; "-" without conversations. */
double hg_replay_rate(gint64 tickets, gint64 conversations);
const char *hg_replay_band(gint64 tickets, gint64 conversations);
