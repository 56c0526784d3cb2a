/* queues.h - who may answer what: queues with their agents, as configured */
#pragma once
#include <glib.h>
#include "diag.h"
#include "node.h"
#include "rules_hours.h"

#define HG_QUEUES_MAX	    64
#define HG_QUEUE_AGENTS_MAX 200		/* of one queue */
#define HG_QUEUE_SKILLS_MAX 50		/* of one agent */

enum hg_assign { HG_ASSIGN_NONE = 0, HG_ASSIGN_ROUND_ROBIN, HG_ASSIGN_LEAST_BUSY };

struct hg_agent {
	const char *id;			/* what assignee says: "mia" */
	const char *name, *email;	/* or NULL */
	gint64 capacity;		/* open tickets of all queues together; 0: any number */
	int hours;			/* place in hg_hours_names(); -1: always there */
	const char *const *skills;	/* NULL-ended, or NULL: none */
};

struct hg_queue_conf {
	const char *name;
	int assign;			/* enum hg_assign */
	gboolean prefer_previous;	/* who answered the customer last time comes first */
	int hours;			/* as an agent's; agents without hours of their own have these */
	guint n_agents;
	const struct hg_agent *agents;	/* in the file's order */
	char *const *busy, *const *closed;	/* templates of what the customer is told, by language (pairs, ""
						 * for all); or NULL: nothing */
	gint64 per_conversation_ms;	/* what one takes an agent, to reckon the wait by */
};

typedef struct hg_queues hg_queues;	/* all of a configuration; never changed once made */

/* map: { NAME: { assign, agents, hours, overflow, prefer_previous } }, or NULL: there are none.  NULL:
 * diag says why. */
hg_queues *hg_queues_read(const hg_node *map, const hg_hours *hours, hg_diag *diag);
void hg_queues_free(hg_queues *queues);			/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_queues, hg_queues_free)

guint hg_queues_count(const hg_queues *queues);
const struct hg_queue_conf *hg_queues_at(const hg_queues *queues, guint i);	/* in the file's order */
const struct hg_queue_conf *hg_queues_find(const hg_queues *queues, const char *name);	/* or NULL, as name */
const char *const *hg_queues_names(const hg_queues *queues);	/* NULL-ended */
const char *const *hg_queues_skills(const hg_queues *queues);	/* all that agents have, each once; the same */
/* The agent of that id, name or address (whatever their case); or NULL. */
const struct hg_agent *hg_queue_agent(const struct hg_queue_conf *queue, const char *who);
const char *hg_assign_word(int assign);			/* "least_busy" */
