/* sim.h - a simulated world around one engine: customers, agents, providers, helpdesks, time and power cuts
 *
 * A history is a list of steps, drawn from a seed; a world plays many of them, one behind the other, each with
 * people of its own.  Nothing in it but the histories is random, so that two worlds are the same.  Each step
 * begins something or lets one of the things that are under way go on: a delivery, a call, an answer, a retry, a
 * timer.  Behind the last step all faults stop, and everything has to come to an end. */
#pragma once
#include <sqlite3.h>

#include "engine_fixture.h"

#define NOTE_CANARY "zq-only-for-agents"
#define STEPS_MAX   40
#define HISTORY_MS  (14 * DAY_MS)

struct step { guint8 op; guint32 a, b, c; };

struct history {
	guint32 seed;
	struct step steps[STEPS_MAX];
	guint n;
};

/* How the engine's next transaction ends. */
enum strike {
	STRIKE_NONE,
	STRIKE_FULL,		/* it cannot be committed, and the engine goes on */
	STRIKE_BREAK,		/* a statement in it fails and takes the whole transaction along */
	STRIKE_KILL_BEFORE,	/* the process dies before it is on disk */
	STRIKE_KILL_AFTER,	/* and before anybody hears that it is */
};

struct sim_conf {
	hg_conf *confs[2];	/* in turn; both lent */
	gboolean mild;		/* no strikes, no time between, no end: for who only wants traffic */
	const char *plain;	/* what the model calls it: only what the model knows happens; else NULL */
};

typedef struct hg_sim {
	hg_lab *lab;
	sqlite3 *db;			/* a look past the store */
	GHashTable *stmts;		/* SQL literal -> sqlite3_stmt */
	struct sim_conf with;
	guint conf;			/* in force */
	guint32 seed;			/* of the history that goes on */
	gint64 began_ms;
	guint messages, replies;	/* of it, said so far */
	guint calls_seen;		/* dice of the outside are never the same twice */
	gboolean calm;			/* no faults any more */

	/* power */
	enum strike strike;
	guint strike_in;		/* VM steps, of STRIKE_BREAK */
	gboolean dead, committed;	/* of the round that is done */

	/* what is under way or remembered outside of headgate */
	GPtrArray *wires;		/* of struct wire: what providers were not told 2xx for */
	GPtrArray *calls;		/* of struct call: answers on their way back */
	GPtrArray *asks;		/* of struct ask: what agents asked and got no answer to */
	GHashTable *sent;		/* key -> struct sent: the books of the providers */
	GHashTable *heard;		/* "backend event" -> checksum of what helpdesks heard */
	GHashTable *lanes;		/* "backend thread" -> struct lane */
	GHashTable *allowed;		/* job n, event, "message n": what a person said is to be sent again */
	GPtrArray *told;		/* of struct told: what happened at the helpdesk */
	GPtrArray *accepted;		/* texts of replies that agents were told are accepted */
	guint8 moods[8];		/* by peer: enum mood */

	GHashTable *acked, *found;	/* ids of messages: acknowledged to providers; there at the end */

	gboolean forgets;		/* people may be erased in the history */
	gboolean erased, mended, discarded;	/* operators did so in it, or tried to */
	gint64 thread_n, first_event_n, decision_n, message_n, began_ticket_n, contact_n;	/* the last ones before the history ... */
	gint64 event_n, job_n, ticket_n;		/* ... and before the step */
	struct sim_counts { guint64 steps, rounds, crashes, undone, deliveries, redelivered, calls, lost_answers, repeated; } counts;
	GString *trace;			/* of a plain world, for the model: JSON lines; else NULL */
	gint64 traced_event_n;
	char *why;			/* what does not hold; NULL: all does */
} hg_sim;

/* The journal goes with whom it tells of: the last tenth of each hundred, behind what is made again from it. */
static inline gboolean history_forgets(guint32 seed)
{
	return (seed - 1) % 100 >= 90;
}

/* All that is random outside of the engine begins anew with it. */
hg_sim *sim_new(struct sim_conf with);
void sim_free(hg_sim *sim);

void history_make(struct history *history, guint32 seed);
/* Plays it, looking after each step whether everything holds, and then to its end.  FALSE: sim->why says
 * what does not, and *ret_step after which step. */
gboolean history_play(hg_sim *sim, const struct history *history, guint *ret_step);
void history_print(const struct history *history);

/* Sets sim->why, unless it is set.  FALSE always. */
gboolean sim_wrong(hg_sim *sim, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ---- sim_look.c: past the store, and what must hold ---- */
void sim_look_begin(hg_sim *sim);
void sim_look_end(hg_sim *sim);
/* One number or text of a query with ?1 and ?2; 0 or NULL without a row. */
gint64 sim_number(hg_sim *sim, const char *sql, gint64 x, gint64 y);
char *sim_text(hg_sim *sim, const char *sql, gint64 x, gint64 y);	/* yours */
gboolean sim_holds(hg_sim *sim);		/* what must hold at any time */
gboolean sim_ended_well(hg_sim *sim);	/* ... and when everything has come to its end */

gboolean sim_is_forgotten(hg_sim *sim);	/* somebody was, in this history: what he said is not found, nor what still waited */

/* ---- sim_power.c: rounds, and what can happen to them ---- */
/* Rounds until nothing is left to do at this moment; the strike, when one is set, falls. */
void sim_run(hg_sim *sim);
void sim_restart(hg_sim *sim);		/* the process dies and comes back */
/* The daemon is up while the time goes by; the outside does what it does. */
void sim_pass(hg_sim *sim, gint64 ms);
/* No faults from now on, until nothing is left to be done. */
gboolean sim_drain(hg_sim *sim);
guint32 sim_dice(hg_sim *sim, guint32 salt);	/* the history's; another one each time */

/* ---- sim_outside.c: providers, helpdesks and hooks ---- */
void sim_outside_new(hg_sim *sim);
void sim_outside_free(hg_sim *sim);
void sim_outside_forget(hg_sim *sim);	/* the history before is over */
void sim_outside_crash(hg_sim *sim);	/* connections break: some of what was on them arrived */
void sim_peer_acts(hg_sim *sim, guint32 dice);	/* one call arrives, or one answer */
gboolean sim_outside_idle(hg_sim *sim);
void sim_mood(hg_sim *sim, guint32 peer, guint32 mood);
void sim_allow(hg_sim *sim, gint64 job_n);	/* a person said: send it again */
gboolean sim_books_agree(hg_sim *sim);
/* A wire carries a delivery: to be brought until it is acknowledged, or for a week. */
struct wire;
struct wire *sim_wire_says(hg_sim *sim, const char *channel, const struct step *steps, const guint *numbers, guint n);
void sim_wire_receipt(hg_sim *sim, const char *channel, int state, const char *id, const char *key);
void sim_wire_bring(hg_sim *sim, struct wire *wire);
void sim_wire_any(hg_sim *sim, guint32 dice);	/* one that waits */

/* ---- sim_desk.c: what helpdesks tell ---- */
void sim_desk_new(hg_sim *sim);
void sim_desk_free(hg_sim *sim);
void sim_desk_forget(hg_sim *sim);
void sim_desk_polled(hg_sim *sim);		/* what no hook has brought is asked for */
void sim_desk_looked_at(hg_sim *sim, hg_dispatch *dispatch, int fate);	/* frees it */
gboolean sim_desk_agrees(hg_sim *sim);

/* ---- sim_operator.c: what operators do ---- */
void sim_operator_resumes(hg_sim *sim);		/* all that was paused */
gboolean sim_operator_lets(hg_sim *sim, const hg_dispatch *dispatch);	/* it may leave: nothing there is paused */
gboolean sim_operator_edited(hg_sim *sim, const hg_dispatch *dispatch);	/* TRUE: it was changed, and goes out so */
gboolean sim_operator_agrees(hg_sim *sim);

/* ---- sim_people.c: who says what ---- */
struct saying {
	char *id, *uris[2], *ref, *group, *text;
	struct hg_address from[2];
	const char *refs[2];
	struct hg_file file;
	struct hg_in in;
};
/* n: which message of the history; the same one is the same again.  at_ms: when it was said first. */
void sim_saying(const hg_sim *sim, const struct step *step, guint n, gint64 at_ms, struct saying *said);
void sim_saying_done(struct saying *said);
void sim_agents_again(hg_sim *sim);	/* what they got no answer to, they ask again */
extern const char *const sim_channels[];
#define SIM_OFTEN 7
extern const char *const sim_often[SIM_OFTEN];	/* the same, to be drawn from */

/* ---- sim_trace.c: what the reference model reads ---- */
void sim_trace_begin(hg_sim *sim, const char *settings);
void sim_trace_command(hg_sim *sim, const hg_command *command);	/* it is committed */
void sim_trace_round(hg_sim *sim);
void sim_trace_history(hg_sim *sim, guint32 seed);
void sim_trace_end(hg_sim *sim);		/* what came of it all */
