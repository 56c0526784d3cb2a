/* power_day.h - a day of a gateway, with all that its disk was told and all that others heard */
#pragma once
#include <sqlite3.h>

#include "engine_fixture.h"
#include "power_disk.h"
#include "sql.h"

struct power_state { guint at; guint64 hash; gint64 now_ms; };	/* at: operations done when it was committed */
struct power_told { guint at, state; };				/* somebody heard of it: it may not be lost */

/* A command others may send again, for they heard nothing, or once more. */
struct power_command {
	guint at;		/* operations done when its answer went out */
	gint64 now_ms;
	int kind;
	GString *packed;	/* ours */
	char *answer;		/* ours */
};

struct power_day {
	guint32 seed;
	struct power_trace *trace;
	GArray *states;		/* of struct power_state, in order */
	GArray *told;		/* of struct power_told, in order */
	GPtrArray *commands;	/* of struct power_command that were done, in order */
	GHashTable *ran;	/* statement -> operations there were in the transactions it was in */
	gboolean slots[HG_SQL_N + 1];	/* statements of the store that ran, by their slots */
	hg_conf *confs[2];	/* lent */
};

enum power_how {
	POWER_AS_IT_IS = 0,
	POWER_NORMAL = 1,	/* synchronous = NORMAL: to see that the test finds what is lost */
	POWER_EARLY = 2,	/* acknowledged before it is committed: the same */
};

/* Before all others of SQLite, once. */
void power_day_prepare(void);
/* Plays a day; each seed is another.  confs: configurations in turn, [0] at first. */
struct power_day *power_day_new(hg_conf *const confs[2], guint32 seed, enum power_how how);
void power_day_free(struct power_day *day);

/* ---- power_hash.c ---- */
/* Of all rows of all tables that can be read. */
guint64 power_hash(sqlite3 *db);

/* ---- power_script.c ---- */
void power_script(hg_conf *const confs[2], guint32 seed, void (*begin)(void *arg, hg_lab *lab), void *arg);
