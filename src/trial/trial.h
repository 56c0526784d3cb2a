/* trial.h - the `tests:` of a configuration: made-up conversations, played through the real engine
 *
 * A test has a store of its own in a temporary directory, a clock of its own, and a channel side and
 * a helpdesk side that take everything at once.  Nothing of it touches the configuration's store or
 * the network. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "conf.h"
#include "model.h"

#define HG_TRIALS_MAX 1000	/* tests of a configuration */
#define HG_TRIAL_STEPS_MAX 200	/* steps of a test */

typedef struct hg_trials hg_trials;

/* Reads and checks conf->tests; diag says all that is wrong.  Lends from conf, which must live as
 * long.  Never NULL: no tests make an empty list. */
hg_trials *hg_trials_read(const hg_conf *conf, hg_diag *diag);
void hg_trials_free(hg_trials *trials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_trials, hg_trials_free)
guint hg_trials_count(const hg_trials *trials);
const char *hg_trials_name(const hg_trials *trials, guint i);
const struct hg_place *hg_trials_place(const hg_trials *trials, guint i);

struct hg_trial_miss {			/* something that did not come as it was to come */
	const struct hg_place *place;	/* of the expectation, or of a step that was refused */
	const char *what, *want, *got;	/* "tickets", "0", "1"; of a refused step: want is NULL */
};

struct hg_trial_decision {
	const hg_decision *decision;
	const char *text;		/* of the message judged, or NULL */
};

struct hg_trial_result {
	hg_arena *arena;		/* holds what follows */
	GArray *misses;			/* of struct hg_trial_miss; empty: passed */
	GArray *decisions;		/* of struct hg_trial_decision, in order */
};

/* Plays one test.  FALSE: it could not be played (no temporary directory, a store that fails);
 * what a test expects in vain is in ret->misses. */
gboolean hg_trials_run(const hg_trials *trials, guint i, struct hg_trial_result *ret, GError **error);
void hg_trial_result_clear(struct hg_trial_result *result);

/* "+44..." becomes tel:+44..., an e-mail address mailto:...; what has a scheme stays.  In arena, NULL:
 * it is no address. */
const char *hg_trial_address(hg_arena *arena, const char *text);

char *hg_trials_schema(void);	/* JSON Schema of the list of tests; yours to free */
