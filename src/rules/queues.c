/* queues.c - reads queues, their agents and what is said when nobody is free */
#include "queues.h"

#include <string.h>

#include "arena.h"
#include "rules.h"
#include "text.h"

#define NAME_BYTES_MAX     64			/* bytes of a queue's, an agent's or a skill's name */
#define TEXT_MAX     1000		/* of what is said to the customer, before it is filled */
#define CAPACITY_MAX 1000
#define LANGUAGES_MAX 50		/* of one text */
#define USUAL_MS     (10 * 60 * 1000)	/* per_conversation when nothing is said */

struct hg_queues {
	hg_arena *arena;		/* holds all but the arrays */
	GArray *list;			/* of struct hg_queue_conf */
	GPtrArray *names, *skills;	/* of const char *, NULL-ended */
};

struct making {
	hg_queues *queues;
	const hg_hours *hours;
	hg_diag *diag;
};

static const char *const assign_words[] = { "none", "round_robin", "least_busy", NULL };
static const char *const queue_keys[] = { "assign", "agents", "hours", "overflow", "prefer_previous", NULL };
static const char *const agent_keys[] = { "name", "email", "capacity", "hours", "skills", NULL };
static const char *const overflow_keys[] = { "text", "closed", "per_conversation", NULL };

const char *hg_assign_word(int assign)
{
	return assign_words[assign];
}

static gboolean wrong(struct making *making, const hg_node *node, const char *hint, const char *text)
{
	hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), hint, "%s", text);
	return FALSE;
}

static void doubt(struct making *making, const hg_node *node, const char *hint, const char *text)
{
	hg_diag_add(making->diag, HG_SEV_WARNING, hg_node_place(node), hint, "%s", text);
}

/* ---- values ---- */

static gboolean is_name(const char *text)
{
	return text && *text && strlen(text) <= NAME_BYTES_MAX && hg_text_printable(text) && !strpbrk(text, "\n\t");
}

/* node may be NULL: nothing is said. */
static gboolean read_text(struct making *making, const hg_node *node, gsize max, const char **ret)
{
	const char *text = node ? hg_node_text(node) : NULL;

	if (!node)
		return TRUE;
	if (!text || hg_node_null(node) || !*text || strlen(text) > max || !hg_text_printable(text))
		return wrong(making, node, NULL, max == NAME_BYTES_MAX ? "a text of 1 to 64 bytes is wanted here" :
			     "a text of 1 to 1000 bytes is wanted here");
	*ret = hg_arena_str(making->queues->arena, text);
	return TRUE;
}

/* *ret stays as it is when node is NULL. */
static gboolean read_hours(struct making *making, const hg_node *node, int *ret)
{
	const char *const *names = hg_hours_names(making->hours);

	if (!node)
		return TRUE;
	if (!hg_node_one_of(node, "name under hours:", names, making->diag))
		return FALSE;
	for (*ret = 0; strcmp(names[*ret], hg_node_text(node)) != 0; ++*ret)
		;
	return TRUE;
}

/* ---- agents ---- */

static void note_skill(hg_queues *queues, const char *skill)
{
	if (!g_ptr_array_find_with_equal_func(queues->skills, skill, g_str_equal, NULL))
		g_ptr_array_add(queues->skills, (char *)skill);
}

static gboolean read_skills(struct making *making, const hg_node *node, struct hg_agent *agent)
{
	gboolean list = node && hg_node_type(node) == HG_NODE_LIST;
	guint n = list ? hg_node_size(node) : 1;
	const char **skills;

	if (!node)
		return TRUE;
	if (!n || n > HG_QUEUE_SKILLS_MAX)
		return wrong(making, node, "skills: [de, refunds]", "skills are 1 to "
			     G_STRINGIFY(HG_QUEUE_SKILLS_MAX) " words");
	skills = hg_arena_alloc(making->queues->arena, (n + 1) * sizeof(*skills));
	for (guint i = 0; i < n; i++) {
		const hg_node *item = list ? hg_node_at(node, i) : node;

		if (!is_name(hg_node_text(item)))
			return wrong(making, item, "skills: [de, refunds]", "a skill is a word of 1 to 64 bytes");
		skills[i] = hg_arena_str(making->queues->arena, hg_node_text(item));
		note_skill(making->queues, skills[i]);
	}
	agent->skills = skills;
	return TRUE;
}

static gboolean read_email(struct making *making, const hg_node *node, const char **ret)
{
	const char *text = node ? hg_node_text(node) : NULL, *at = text ? strchr(text, '@') : NULL;

	if (node && (!at || at == text || !at[1] || strpbrk(text, " <>,")))
		return wrong(making, node, "email: mia@acme.example", "this is no e-mail address");
	return read_text(making, node, TEXT_MAX, ret);
}

static gboolean read_agent(struct making *making, const char *id, const struct hg_place *place, const hg_node *map,
			   struct hg_agent *agent)
{
	const hg_node *capacity;
	gboolean fine;

	agent->id = hg_arena_str(making->queues->arena, id);
	if (!is_name(id)) {
		hg_diag_add(making->diag, HG_SEV_ERROR, place, NULL, "an agent is called by 1 to %d bytes", NAME_BYTES_MAX);
		return FALSE;
	}
	if (hg_node_null(map))
		return TRUE;
	if (!hg_node_check_keys(map, "an agent", agent_keys, making->diag))
		return FALSE;
	capacity = hg_node_get(map, "capacity");
	fine = !capacity || hg_node_int(capacity, 1, CAPACITY_MAX, &agent->capacity, making->diag);
	fine &= read_hours(making, hg_node_get(map, "hours"), &agent->hours);
	fine &= read_text(making, hg_node_get(map, "name"), NAME_BYTES_MAX, &agent->name);
	fine &= read_email(making, hg_node_get(map, "email"), &agent->email);
	return read_skills(making, hg_node_get(map, "skills"), agent) && fine;
}

static gboolean read_agents(struct making *making, const hg_node *map, struct hg_queue_conf *queue)
{
	guint n = map && hg_node_type(map) == HG_NODE_MAP ? hg_node_size(map) : 0;
	struct hg_agent *agents;
	gboolean fine = TRUE;

	if (hg_node_null(map))
		return TRUE;
	if (!n || n > HG_QUEUE_AGENTS_MAX)
		return wrong(making, map, "agents: { mia: { capacity: 5 }, tom: { } }", "agents have names, 1 to "
			     G_STRINGIFY(HG_QUEUE_AGENTS_MAX) " of them");
	agents = hg_arena_alloc(making->queues->arena, n * sizeof(*agents));
	for (guint i = 0; i < n; i++) {
		agents[i].hours = queue->hours;
		fine &= read_agent(making, hg_node_key(map, i), hg_node_key_place(map, i), hg_node_value(map, i),
				   &agents[i]);
	}
	queue->agents = agents;
	queue->n_agents = n;
	return fine;
}

/* ---- what is said when nobody is free ---- */

/* What may stand in it: own ("wait"), and what rules' texts may name. */
static gboolean check_said(struct making *making, const hg_node *node, const char *what, const char *own,
			   const char *text)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	g_ptr_array_add(names, (char *)own);
	for (const char *const *name = hg_rule_values; *name; name++)
		g_ptr_array_add(names, (char *)*name);
	g_ptr_array_add(names, NULL);
	return hg_node_check_template(hg_node_place(node), what, text, (const char *const *)names->pdata, making->diag);
}

/* One text, or a map of them by language. */
static gboolean read_said(struct making *making, const hg_node *node, const char *what, const char *own,
			  char *const **ret)
{
	gboolean map = node && hg_node_type(node) == HG_NODE_MAP, fine = TRUE;
	guint n = map ? hg_node_size(node) : 1;
	const char **pairs;

	if (!node)
		return TRUE;
	if (!n || n > LANGUAGES_MAX)
		return wrong(making, node, "text: { en: ..., de: ..., default: ... }", "texts by language are 1 to "
			     G_STRINGIFY(LANGUAGES_MAX));
	pairs = hg_arena_alloc(making->queues->arena, (2 * n + 1) * sizeof(*pairs));
	for (guint i = 0; i < n; i++) {
		const hg_node *text = map ? hg_node_value(node, i) : node;

		pairs[2 * i] = map ? hg_arena_str(making->queues->arena, hg_node_key(node, i)) : "";
		fine &= read_text(making, text, TEXT_MAX, &pairs[2 * i + 1]) &&
			check_said(making, text, what, own, pairs[2 * i + 1]);
	}
	*ret = (char *const *)pairs;
	return fine;
}

static gboolean read_overflow(struct making *making, const hg_node *map, struct hg_queue_conf *queue)
{
	const hg_node *span;
	gboolean fine;

	if (hg_node_null(map))
		return TRUE;
	if (!hg_node_check_keys(map, "overflow", overflow_keys, making->diag))
		return FALSE;
	fine = read_said(making, hg_node_get(map, "text"), "overflow: 'text'", "wait", &queue->busy);
	fine &= read_said(making, hg_node_get(map, "closed"), "overflow: 'closed'", "opens", &queue->closed);
	span = hg_node_get(map, "per_conversation");
	if (span && (!hg_node_span(span, &queue->per_conversation_ms, making->diag)))
		return FALSE;
	if (!queue->per_conversation_ms)
		return wrong(making, span, NULL, "a conversation takes some time: per_conversation: 10m");
	return fine;
}

/* ---- a queue ---- */

static gboolean has_hours(const struct hg_queue_conf *queue)
{
	gboolean has = queue->hours >= 0;

	for (guint i = 0; i < queue->n_agents; i++)
		has |= queue->agents[i].hours >= 0;
	return has;
}

static gboolean doubt_queue(struct making *making, const hg_node *map, const struct hg_queue_conf *queue)
{
	const hg_node *overflow = hg_node_get(map, "overflow");

	if (queue->assign && !queue->n_agents)
		return wrong(making, hg_node_get(map, "assign"), "agents: { mia: { capacity: 5 }, tom: { } }",
			     "tickets cannot be assigned in a queue without agents");
	if (queue->busy && !queue->assign)
		doubt(making, hg_node_get(overflow, "text"), "assign: least_busy, or round_robin",
		      "this is never said: without 'assign' nobody knows whether all are busy");
	if (queue->closed && !has_hours(queue))
		doubt(making, hg_node_get(overflow, "closed"), "hours: office, of the queue or of its agents",
		      "this is never said: the queue has no hours");
	return TRUE;
}

static gboolean read_assign(struct making *making, const hg_node *node, int *ret)
{
	if (!node)
		return TRUE;
	if (!hg_node_one_of(node, "way to assign", assign_words, making->diag))
		return FALSE;
	for (*ret = 0; strcmp(assign_words[*ret], hg_node_text(node)) != 0; ++*ret)	/* analyser: it is one of them */
		;
	return TRUE;
}

static gboolean read_queue(struct making *making, const char *name, const struct hg_place *place, const hg_node *map)
{
	struct hg_queue_conf queue = { .hours = -1, .per_conversation_ms = USUAL_MS };
	const hg_node *prefer;
	gboolean fine;

	queue.name = hg_arena_str(making->queues->arena, name);
	g_ptr_array_add(making->queues->names, (char *)queue.name);
	if (!is_name(name)) {
		hg_diag_add(making->diag, HG_SEV_ERROR, place, NULL, "a queue's name has 1 to %d bytes", NAME_BYTES_MAX);
		return FALSE;
	}
	if (!hg_node_null(map) && !hg_node_check_keys(map, "a queue", queue_keys, making->diag))
		return FALSE;
	if (!hg_node_null(map)) {
		fine = read_assign(making, hg_node_get(map, "assign"), &queue.assign);
		fine &= read_hours(making, hg_node_get(map, "hours"), &queue.hours);
		fine &= read_agents(making, hg_node_get(map, "agents"), &queue);
		fine &= read_overflow(making, hg_node_get(map, "overflow"), &queue);
		prefer = hg_node_get(map, "prefer_previous");
		fine &= !prefer || hg_node_bool(prefer, &queue.prefer_previous, making->diag);
		if (!fine || !doubt_queue(making, map, &queue))
			return FALSE;
	}
	g_array_append_val(making->queues->list, queue);
	return TRUE;
}

hg_queues *hg_queues_read(const hg_node *map, const hg_hours *hours, hg_diag *diag)
{
	g_autoptr(hg_queues) queues = g_new0(hg_queues, 1);
	struct making making = { queues, hours, diag };
	gboolean fine = TRUE;

	queues->arena = hg_arena_new();
	queues->list = g_array_new(FALSE, TRUE, sizeof(struct hg_queue_conf));
	queues->names = g_ptr_array_new();
	queues->skills = g_ptr_array_new();
	if (!hg_node_null(map) && (hg_node_type(map) != HG_NODE_MAP || hg_node_size(map) > HG_QUEUES_MAX)) {
		wrong(&making, map, "queues: { billing: { assign: least_busy, agents: { mia: { capacity: 5 } } } }",
		      "queues have names, " G_STRINGIFY(HG_QUEUES_MAX) " at most");
		return NULL;
	}
	for (guint i = 0; !hg_node_null(map) && i < hg_node_size(map); i++)
		fine &= read_queue(&making, hg_node_key(map, i), hg_node_key_place(map, i), hg_node_value(map, i));
	g_ptr_array_add(queues->names, NULL);
	g_ptr_array_add(queues->skills, NULL);
	return fine ? g_steal_pointer(&queues) : NULL;
}

void hg_queues_free(hg_queues *queues)
{
	if (!queues)
		return;
	g_array_unref(queues->list);
	g_ptr_array_unref(queues->names);
	g_ptr_array_unref(queues->skills);
	hg_arena_free(queues->arena);
	g_free(queues);
}

/* ---- looking up ---- */

guint hg_queues_count(const hg_queues *queues)
{
	return queues->list->len;
}

const struct hg_queue_conf *hg_queues_at(const hg_queues *queues, guint i)
{
	return &g_array_index(queues->list, struct hg_queue_conf, i);
}

const struct hg_queue_conf *hg_queues_find(const hg_queues *queues, const char *name)
{
	for (guint i = 0; name && i < queues->list->len; i++)
		if (strcmp(hg_queues_at(queues, i)->name, name) == 0)
			return hg_queues_at(queues, i);
	return NULL;
}

const char *const *hg_queues_names(const hg_queues *queues)
{
	return (const char *const *)queues->names->pdata;
}

const char *const *hg_queues_skills(const hg_queues *queues)
{
	return (const char *const *)queues->skills->pdata;
}

static gboolean same(const char *a, const char *b)
{
	g_autofree char *folded_a = a ? g_utf8_casefold(a, -1) : NULL, *folded_b = g_utf8_casefold(b, -1);

	return g_strcmp0(folded_a, folded_b) == 0;
}

const struct hg_agent *hg_queue_agent(const struct hg_queue_conf *queue, const char *who)
{
	for (guint i = 0; who && i < queue->n_agents; i++) {
		const struct hg_agent *agent = &queue->agents[i];

		if (same(agent->id, who) || same(agent->name, who) || same(agent->email, who))
			return agent;
	}
	return NULL;
}
