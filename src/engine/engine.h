/* engine.h - the only writer of conversation state
 *
 * Commands come in through a bounded queue; one thread takes all that wait, runs each in a
 * savepoint of one transaction (dedupe, contact, proposal, rules, thread, message, events,
 * outbox), claims what is due to go out, commits, and only then acknowledges, dispatches and
 * publishes.  Without a thread, tests drive it by hg_engine_step(). */
#pragma once
#include <glib.h>
#include "command.h"
#include "conf.h"
#include "env.h"
#include "ports.h"
#include "store.h"
#include "tally.h"
#include "people.h"

typedef struct hg_engine hg_engine;
typedef struct hg_rules hg_rules;

/* A reference to conf is taken; rules become the engine's; store is lent and used by the engine's
 * thread only. */
hg_engine *hg_engine_new(hg_conf *conf, hg_rules *rules, hg_store *store, struct hg_env *env,
			 const struct hg_ports *ports);
void hg_engine_free(hg_engine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_engine, hg_engine_free)

/* Several nodes on one store: who this one is, before hg_engine_recover(); lease_ms: how long others wait for what is ours
 * when it says nothing any more; before_ms: what hg_ports.joined told a process of that name that is certainly dead, so that
 * nobody waits for what it held, or 0.  Where nobody shares the store it does not matter. */
void hg_engine_set_node(hg_engine *engine, const char *name, gint64 lease_ms, gint64 before_ms);
const char *hg_engine_node(hg_engine *engine);	/* lent */
/* Any thread: names of the posts this node holds, one a line; yours.  NULL: nobody shares the store, and all are ours. */
char *hg_engine_posts(hg_engine *engine);

/* After opening: what was SENDING when the last process died becomes ambiguous; where others share the store, that is done
 * for each post when it is taken over. */
gboolean hg_engine_recover(hg_engine *engine, GError **error);

/* Any thread.  Takes the command.  FALSE (BUSY; the command is still the caller's): the inbound
 * queue or that channel's share of it is full, or the disk is; only INBOUND and API commands are
 * ever refused. */
gboolean hg_engine_submit(hg_engine *engine, hg_command *command, GError **error);

/* One round: takes what waits (at most 1,000), timers that are due, claims; commits.  Returns ms
 * until there is something to do without a new command.  FALSE in *ret_ok: the store failed, no
 * command of this round was acknowledged; see hg_engine_broken(). */
gint64 hg_engine_step(hg_engine *engine, gboolean *ret_ok);
gboolean hg_engine_broken(hg_engine *engine);	/* the store is beyond use: stop the daemon */

gboolean hg_engine_start(hg_engine *engine, GError **error);	/* a thread that steps */
void hg_engine_stop(hg_engine *engine);		/* does what waits, then joins the thread */
/* Any thread: another node has written to the store: there may be work in what it wrote. */
void hg_engine_wake(hg_engine *engine);
/* A new generation takes effect between two rounds.  Takes rules, as hg_engine_new() did. */
void hg_engine_reload(hg_engine *engine, hg_conf *conf, hg_rules *rules);

/* How many more jobs a channel or backend may have under way (0: it pauses); default 16. */
void hg_engine_set_slots(hg_engine *engine, int target, const char *name, guint slots);

struct hg_engine_stats {
	gint64 commands, groups, inbound, duplicates, messages, tickets, joined, ignored, refused, queue,
	       queue_oldest_ms;
	gint64 posts, takeovers, stales;	/* held now; taken over from who let go of them by silence; results not applied */
	gint64 forgotten[HG_GONE_N];	/* because it was kept for long enough; by enum hg_gone */
};
void hg_engine_get_stats(hg_engine *engine, struct hg_engine_stats *ret);	/* any thread */

/* Of the messages that were judged: how the questions about them ended. */
struct hg_hook_stats {
	gint64 answered, cached, late, failed, skipped;
	gint64 answered_ms;		/* all answers together */
	gint64 down_until_ms;		/* it is left alone; past: it is not */
	char error[256];		/* of the last without an answer; "": none */
};
void hg_engine_get_hook_stats(hg_engine *engine, const char *name, struct hg_hook_stats *ret);	/* any thread */
/* What happened on the channel since the start; any thread. */
void hg_engine_get_tally(hg_engine *engine, const char *channel, struct hg_tally *ret);
