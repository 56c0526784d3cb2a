/* rules_made.h - rules as compiled, for the files that make, judge and explain them */
#pragma once
#include <glib.h>
#include "arena.h"
#include "queues.h"
#include "rules.h"
#include "rules_hours.h"
#include "rules_intent.h"
#include "rules_regex.h"
#include "rules_words.h"

#define HG_RULES_MAX	     1000	/* rules */
#define HG_RULES_CONDS_MAX   20000	/* conditions in all of them */
#define HG_RULES_DEPTH_MAX   8		/* all, any and not within each other */
#define HG_RULES_LIST_MAX    100	/* values in one list */

/* ---- what can be asked about ---- */

enum hg_fact_type {
	HG_FACT_WORD = 1,	/* const char *: one of some words */
	HG_FACT_LOCALE,		/* const char *: "de" is said of "de-AT" too */
	HG_FACT_TEXT,		/* const char *: matches, equals, contains, empty */
	HG_FACT_BOOL,		/* gboolean */
	HG_FACT_NOT,		/* gboolean, asked the other way round */
	HG_FACT_COUNT,		/* gint64: at_least, at_most, or exactly */
	HG_FACT_SPAN,		/* gint64, ms; -1 not known: over, under */
	HG_FACT_TAGS,		/* const char *const * */
	HG_FACT_FIELDS,		/* const char *: a JSON object, asked by name */
	HG_FACT_HEADERS,	/* the same, by a name in any case; also whether it is there */
	HG_FACT_PROPOSAL,	/* int: enum hg_proposal */
	HG_FACT_WORDS,		/* const char *: only, any, begins, by the word lists */
	HG_FACT_HOURS,		/* gint64: a point in time, within hours or not */
	HG_FACT_INTENT,		/* const char *: a text that is about something, as a model says */
	HG_FACT_LASTS,		/* as SPAN; a time alone is the least it must be */
	HG_FACT_LANGUAGE,	/* const char *: a text, or else the contact's locale, is of a language */
};

/* One row a condition: parsing, judging, traces and the schema read it, so they cannot disagree. */
struct hg_fact {
	const char *group;	/* "thread", "contact"; NULL: stands in `when` itself */
	const char *name;
	enum hg_fact_type type;
	gsize offset;		/* in struct hg_facts */
	const char *const *(*words)(void);	/* all it can be; NULL: anything */
	const char *help;	/* for the schema: one sentence */
};
extern const struct hg_fact hg_rule_facts[];		/* ends with a NULL name */
extern const char *const hg_rule_events[];		/* what `on` can name; NULL-ended */
extern const char *const hg_proposal_words[];		/* by enum hg_proposal less one */

/* ---- conditions ---- */

enum hg_test {
	HG_TEST_ALL = 1, HG_TEST_ANY, HG_TEST_NOT,	/* of items */
	HG_TEST_WORD,		/* fact is one of words */
	HG_TEST_TRUTH,		/* fact is truth */
	HG_TEST_FIND,		/* one of regexes is found in the fact */
	HG_TEST_EMPTY,		/* fact's being empty is truth */
	HG_TEST_EXACTLY, HG_TEST_AT_LEAST, HG_TEST_AT_MOST, HG_TEST_OVER, HG_TEST_UNDER,	/* number */
	HG_TEST_TAG,		/* one of words is a tag */
	HG_TEST_FIELD,		/* the field's value is one of words */
	HG_TEST_PRESENT,	/* there is such a field: truth */
	HG_TEST_LISTS,		/* the fact has what ask says of the word lists */
	HG_TEST_HOURS,		/* one of places is open, or closed: truth */
	HG_TEST_INTENT,		/* the fact is about one of words, surely enough */
	HG_TEST_UNKNOWN,	/* that it is about something is not sure enough: truth */
	HG_TEST_LANGUAGE,	/* one of words is the language of the fact */
};

struct hg_cond {
	enum hg_test test;
	gboolean costly;	/* judged after its brothers that are not */
	const char *path;	/* "thread.messages.at_least"; of items "all" */
	const char *want;	/* as written, for people */
	const struct hg_fact *fact;
	const char *field;
	gboolean truth;
	gint64 number;
	guint n;		/* of words, regexes, items */
	const char *const *words;	/* with regexes: their patterns */
	const hg_regex *const *regexes;
	const struct hg_cond *const *items;
	const struct hg_words_ask *ask;
	guint min_confidence, min_known;	/* INTENT, UNKNOWN: hundredths */
	guint64 places;			/* bits of hg_hours_names() */
};

struct hg_rule {
	const char *name, *file;
	int line;
	guint on;			/* a bit for each of hg_rule_events */
	gint64 hold_ms;			/* of hold: { for }; 0: not said */
	gint64 after_ms;		/* on unanswered, bot: after which time */
	const struct hg_cond *when;	/* NULL: always */
	int action;			/* enum hg_action */
	const char *word;
	const char *priority, *category, *type, *subject, *assignee, *status;
	const char *queue, *skill, *backend;
	const char *const *tags, *const *replies;
	const struct hg_set *sets;
	const struct hg_notice *notice;	/* or NULL */
	guint n_tags, n_sets, n_replies;
	gboolean asks;			/* its texts name what the message is about */
	struct hg_place said_at;	/* where the reply stands */
};

/* A pattern as it was written: to be tried on hostile texts. */
struct hg_rules_pattern {
	const hg_regex *regex;
	const char *text;
	struct hg_place place;
};

struct hg_rules {
	hg_arena *arena;		/* holds everything but the regexes */
	GArray *patterns;		/* ours: of struct hg_rules_pattern; of rules that were kept none */
	GPtrArray *regexes;		/* ours */
	hg_words *words;		/* ours; never NULL once made */
	hg_hours *hours;		/* the same */
	hg_queues *queues;		/* the same */
	hg_intent_conf *intent;		/* ours; or NULL */
	const struct hg_rule *rules;
	guint n;
	guint on;			/* bits of all events that rules are on */
	gboolean headers;		/* a condition is on headers */
	gboolean helpdesk;		/* ... on how the helpdesk fares */
	int fallback;			/* enum hg_action */
};

guint hg_rule_event_bit(const char *on);	/* 0: no such event */

/* ---- compiling, in parts ---- */

struct hg_rules_making {
	struct hg_rules *rules;
	const char *const *channels, *const *backends;	/* or NULL: not checked */
	hg_diag *diag;
	gboolean no_hooks;
	guint conds;
	gboolean asks;			/* a text of this rule names ${intent} */
	gboolean quiet;			/* made again from what was kept: no advice */
};

/* node may be NULL.  *ret NULL: no conditions.  FALSE: diag says why. */
gboolean hg_rules_read_when(struct hg_rules_making *making, const hg_node *node,
			    const struct hg_cond **ret);
/* The rule's events; node may be NULL. */
gboolean hg_rules_read_on(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule);
gboolean hg_rules_read_do(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule);
/* Warns of rules that can never match. */
void hg_rules_doubt_reach(struct hg_rules_making *making, const hg_node *list);
/* A scalar or a list of them, in the arena.  NULL: diag says why.  what: "a channel's name". */
const char *const *hg_rules_read_words(struct hg_rules_making *making, const hg_node *node,
				       const char *what, guint *ret_n);
/* TRUE when each of them is one of known; what: "channel". */
gboolean hg_rules_known(struct hg_rules_making *making, const hg_node *node, const char *what,
			const char *const *known);

/* ---- traces ---- */
/* The fact's value, for people: "open", "3d2h", "not known".  made: of what is no fact by itself, the value of a
 * field or what the judge found. */
void hg_trace_value(GString *out, const struct hg_cond *cond, const struct hg_facts *facts, const char *made);
