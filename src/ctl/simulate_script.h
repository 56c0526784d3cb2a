/* simulate_script.h - scripts of what customers, agents and providers do, and of what has to come of it */
#pragma once
#include "simulate.h"

enum sim_kind { SIM_SAY = 1, SIM_AGAIN, SIM_REPLY, SIM_RECEIPT, SIM_LOOK, SIM_WAIT };

enum sim_fault {
	SIM_FINE = 0,
	SIM_FORGED,			/* signed with another secret */
	SIM_BROKEN,			/* half of the body, signed as it is */
	SIM_CUT,			/* the connection ends in the middle of the request */
	SIM_LOST,			/* the daemon answers, and nobody hears it */
};

/* NULL, "": not expected of it. */
struct sim_expect {
	const hg_node *node;		/* NULL: there is no expect */
	const char *proposal, *action, *rule, *state, *ticket, *delivery, *thread;
	int taken, fresh;		/* -1: not said */
	gint64 within_ms;
};

struct sim_step {
	const hg_node *node;		/* its place */
	int kind, fault;
	const char *name;		/* or NULL */
	const char *channel, *state, *text;
	struct sim_said said;
	gint64 ago_ms, wait_ms;
	struct sim_step *of;		/* again, reply, receipt, look; lent */
	struct sim_expect expect;
	/* while it is played */
	const struct hg_channel_conf *set;
	sim_call call;
	sim_outcome outcome;
	char *message;			/* id of our reply, or NULL */
};

/* Reads a script: an array of struct sim_step, whose texts are doc's.  NULL: diag says what is wrong, with its place.
 * channels: of the configuration, to be named. */
GPtrArray *sim_script_read(const hg_doc *doc, struct sim *sim, hg_diag *diag);
/* Plays it; prints a line a step, or JSON.  Returns an exit code. */
int sim_script_play(struct sim *sim, GPtrArray *steps, const char *key);
/* simulate script FILE */
int sim_script(struct sim *sim, const char *file, const char *key);
