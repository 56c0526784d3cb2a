/* property_world.h - a store in which random histories happen, one behind the other, each to people
 * of its own */
#pragma once
#include <sqlite3.h>

#include "engine_fixture.h"

#define NOTE_CANARY "zq-only-for-agents"
#define STEPS_MAX   40

/* Texts of configurations, complete: what is shipped (includes rules/all.yaml beside it), one that asks,
 * answers and waits much, and one that holds and is short of patience. */
extern const char property_shipped[], property_chatty[], property_strict[];

struct step { guint8 op; guint32 a, b, c; };

struct history {
	guint32 seed;
	struct step steps[STEPS_MAX];
	guint n;
};

struct property_world {
	hg_lab *lab;
	sqlite3 *db;			/* a look past the store */
	GHashTable *stmts;		/* SQL literal -> sqlite3_stmt */
	hg_conf *confs[2];		/* lent */
	guint conf;			/* in force */
	guint32 seed;			/* of the history that goes on */
	guint messages;			/* of it */
	GPtrArray *arrived;		/* provider ids of it: what was sent, "channel\nid\nkey" */
	gint64 thread_n, first_event_n, decision_n;	/* the last ones before the history ... */
	gint64 event_n, job_n, ticket_n;		/* ... and before the step */
	char *why;			/* what does not hold; NULL: all does */
};

/* All that is random outside of the engine begins anew with it, so that two worlds are the same. */
struct property_world *property_world_new(hg_conf *const confs[2]);
void property_world_free(struct property_world *world);

void history_make(struct history *history, guint32 seed);
/* Plays it, looking after each step whether everything holds.  FALSE: world->why says what does not, and
 * *ret_step after which step. */
gboolean history_play(struct property_world *world, const struct history *history, guint *ret_step);
void history_print(const struct history *history);

/* One number or text of a query with ?1 and ?2; 0 or NULL without a row. */
gint64 property_number(struct property_world *world, const char *sql, gint64 x, gint64 y);
char *property_text(struct property_world *world, const char *sql, gint64 x, gint64 y);	/* yours */
/* What must hold at any time; sets world->why. */
gboolean property_holds(struct property_world *world);
