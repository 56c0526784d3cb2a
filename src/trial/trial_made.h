/* trial_made.h - tests as read, and what a played one showed; private to src/trial */
#pragma once
#include "node.h"
#include "trial.h"

enum hg_step_kind { HG_STEP_SAY = 1, HG_STEP_REPLY, HG_STEP_NOTE, HG_STEP_CLOSE, HG_STEP_REOPEN,
	HG_STEP_CONVERT, HG_STEP_STATUS, HG_STEP_CHANGE, HG_STEP_LOST, HG_STEP_HELPDESK, HG_STEP_WAIT };

struct hg_trial_step {			/* strings lent by the configuration's document or in arena */
	int kind;			/* enum hg_step_kind */
	struct hg_place place;
	gint64 at_ms;			/* since the test began */
	const char *const *from;	/* addresses of the person, NULL-ended; NULL: who was named last */
	const char *text;		/* said, replied or noted; the status' word */
	const char *channel, *name, *id, *answers, *subject;	/* SAY; or NULL */
	int what;			/* SAY: enum hg_kind; CLOSE: enum hg_resolution */
	gboolean automatic, forwarded, echo, bot, ask;
	const char *const *files;	/* SAY: names, NULL-ended; or NULL */
	const char *agent, *priority, *category;	/* or NULL */
	const char *const *tags, *const *untags;	/* CHANGE: NULL-ended; or NULL */
	const char *const *headers;	/* SAY: name, value, ..., NULL-ended; or NULL */
	const char *const *sets;	/* CHANGE: name, value, ..., NULL-ended; or NULL */
	gint64 code;			/* LOST: the provider's number of the error */
	const hg_node *facts;		/* SAY: what hooks answer, by their names; or NULL */
	const hg_node *expect;		/* what is to hold right after it; or NULL */
};

struct hg_trial {
	const char *name;
	struct hg_place place;
	gint64 start_ms, wait_ms;
	GArray *steps;			/* of struct hg_trial_step; ours */
	const hg_node *expect;		/* or NULL, when steps expect something */
};

struct hg_trials {
	const hg_conf *conf;		/* lent */
	hg_arena *arena;
	char *rules;			/* kept: each test compiles its own */
	GPtrArray *list;		/* of struct hg_trial */
	const char **channels, **rule_names;	/* NULL-ended, for "did you mean" */
};

/* What can be looked at after a step. */
struct hg_trial_seen {
	gint64 tickets, threads, joins, duplicates;
	gint64 messages;		/* of the thread */
	const char *rule, *action;	/* of the last decision; rule NULL: none decided */
	const char *intent;		/* of the last message; or NULL */
	const char *csat;		/* the thread's newest opinion, as a number; NULL: none */
	const char *confirmed, *asked;	/* "true" or "false"; the question that waits, or NULL */
	const char *state, *resolution, *held, *reopened;	/* thread's, as words; NULL: there is none */
	const char *priority, *category, *type, *subject, *requester, *status, *reason;	/* ticket's; or NULL */
	const char *queue, *skill, *assignee;	/* the same */
	const char *fields;		/* thread's, JSON; or NULL */
	GPtrArray *rules, *replies, *events, *tags;	/* of const char *; ours */
};

/* ---- trial_step.c ---- */
/* Fills ret; errors go to diag.  from_ms: when the step before it is. */
gboolean hg_trial_step_read(hg_trials *trials, const hg_node *node, gint64 from_ms, struct hg_trial_step *ret,
			    hg_diag *diag);
extern const char *const hg_trial_step_keys[];

/* ---- trial_expect.c ---- */
void hg_trial_expect_read(const hg_trials *trials, const hg_node *expect, hg_diag *diag);
/* Appends what is not as expected. */
void hg_trial_expect_judge(const hg_node *expect, const struct hg_trial_seen *seen,
			   struct hg_trial_result *result);
/* The properties of an expectation, as JSON Schema. */
void hg_trial_expect_schema(GString *out);
void hg_trial_missed(struct hg_trial_result *result, const struct hg_place *place, const char *what,
		     const char *want, const char *got);

/* ---- trial_lab.c: an engine with a store and a clock of its own ---- */
typedef struct hg_lab hg_lab;
hg_lab *hg_lab_new(const hg_trials *trials, gint64 start_ms, GError **error);
void hg_lab_free(hg_lab *lab);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_lab, hg_lab_free)
/* Lets everything happen that is due until then. */
gboolean hg_lab_until(hg_lab *lab, gint64 at_ms, GError **error);
/* Does one step now.  *ret_refused: why headgate would not (yours), or NULL. */
gboolean hg_lab_step(hg_lab *lab, const struct hg_trial_step *step, char **ret_refused, GError **error);

/* ---- trial_look.c ---- */
gboolean hg_trial_look(hg_lab *lab, struct hg_trial_result *result, struct hg_trial_seen *ret, GError **error);
void hg_trial_seen_clear(struct hg_trial_seen *seen);
