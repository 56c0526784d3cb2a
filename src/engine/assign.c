/* assign.c - who gets a ticket, and what the customer hears when nobody is free
 *
 * Counts and the round robin's place are read and written in the turn that makes the ticket, so that
 * two conversations never both take an agent's last place. */
#include "turn.h"

#include "queue_wait.h"
#include "queues.h"
#include "rules_hours.h"

#include <string.h>

#define NAMED_MAX 12			/* agents a reason names */
#define MINUTE_MS G_GINT64_CONSTANT(60000)

enum state { FREE = 1, FULL, OFF_DUTY, UNSKILLED };

struct choice {
	hg_turn *turn;
	const hg_thread *thread;
	const struct hg_queue_conf *queue;
	enum state *states;		/* one an agent, as the next */
	gint64 *open;			/* tickets they have; -1: not counted */
	guint skilled, present;		/* who could do it; who of them is there now */
};

/* ---- who could ---- */

static gboolean in_hours(const struct choice *choice, int hours)
{
	return hours < 0 || hg_hours_open(hg_rules_hours(choice->turn->engine->rules), (guint)hours,
					  choice->turn->now_ms, NULL);
}

static gboolean has_skill(const struct hg_agent *agent, const char *skill)
{
	return !skill || (agent->skills && g_strv_contains(agent->skills, skill));
}

static gboolean look_at(struct choice *choice, guint i, GError **error)
{
	const struct hg_agent *agent = &choice->queue->agents[i];

	choice->open[i] = -1;
	choice->states[i] = UNSKILLED;
	if (!has_skill(agent, choice->thread->skill))
		return TRUE;
	choice->skilled++;
	choice->states[i] = OFF_DUTY;
	if (!in_hours(choice, agent->hours))
		return TRUE;
	choice->present++;
	if (!hg_store_ticket_load(choice->turn->store, agent->id, &choice->open[i], error))
		return FALSE;
	choice->states[i] = agent->capacity && choice->open[i] >= agent->capacity ? FULL : FREE;
	return TRUE;
}

static gboolean look(struct choice *choice, GError **error)
{
	guint n = choice->queue->n_agents;

	choice->states = hg_arena_alloc(choice->turn->arena, (n + 1) * sizeof(*choice->states));
	choice->open = hg_arena_alloc(choice->turn->arena, (n + 1) * sizeof(*choice->open));
	for (guint i = 0; i < n; i++)
		if (!look_at(choice, i, error))
			return FALSE;
	return TRUE;
}

/* ---- who does: a place in the queue's agents, -1 nobody ---- */

static int least_busy(const struct choice *choice)
{
	int best = -1;

	for (guint i = 0; i < choice->queue->n_agents; i++)
		if (choice->states[i] == FREE && (best < 0 || choice->open[i] < choice->open[best]))
			best = (int)i;
	return best;
}

/* The next free one behind whoever was chosen last. */
static gboolean round_robin(const struct choice *choice, int *ret, GError **error)
{
	g_autofree char *counter = g_strconcat("queue:", choice->queue->name, NULL);
	guint n = choice->queue->n_agents, at;
	gint64 next;

	*ret = -1;
	if (!hg_store_counter_get(choice->turn->store, counter, 0, &next, error))
		return FALSE;
	for (guint i = 0; i < n; i++) {
		at = (guint)((next + i) % n);
		if (choice->states[at] != FREE)
			continue;
		*ret = (int)at;
		/* A ticket on trial takes nobody's turn. */
		return choice->thread->shadow ||
		       hg_store_counter_set(choice->turn->store, counter, at + 1, error);
	}
	return TRUE;
}

/* Who answered in this conversation, else in the one before. */
static gboolean previous(const struct choice *choice, int *ret, GError **error)
{
	const struct hg_payload view = { .store = choice->turn->store, .conf = choice->turn->conf,
					 .arena = choice->turn->arena, .thread = choice->thread };
	const struct hg_agent *agent;
	const hg_ticket *ticket = NULL;
	const char *who = NULL;

	*ret = -1;
	if (!choice->queue->prefer_previous)
		return TRUE;
	if (!hg_payload_agent(&view, choice->thread, &who, error) ||
	    (!who && !hg_payload_previous(&view, &ticket, &who, error)))
		return FALSE;
	agent = hg_queue_agent(choice->queue, who);
	if (agent && choice->states[agent - choice->queue->agents] == FREE)
		*ret = (int)(agent - choice->queue->agents);
	return TRUE;
}

/* how: in words, of whom it became. */
static gboolean choose(const struct choice *choice, int *ret, const char **how, GError **error)
{
	*how = "who answered last time";
	if (!previous(choice, ret, error))
		return FALSE;
	if (*ret >= 0)
		return TRUE;
	*how = choice->queue->assign == HG_ASSIGN_ROUND_ROBIN ? "round robin" : "least busy";
	if (choice->queue->assign == HG_ASSIGN_ROUND_ROBIN)
		return round_robin(choice, ret, error);
	*ret = least_busy(choice);
	return TRUE;
}

/* ---- why, in words ---- */

static void put_agent(GString *out, const struct choice *choice, guint i)
{
	const struct hg_agent *agent = &choice->queue->agents[i];

	g_string_append_printf(out, "%s%s", i ? ", " : "", agent->id);
	if (choice->states[i] == OFF_DUTY)
		g_string_append(out, " off duty");
	else if (choice->states[i] == UNSKILLED)
		g_string_append_printf(out, " not %s", choice->thread->skill);
	else
		g_string_append_printf(out, " %" G_GINT64_FORMAT, choice->open[i]);
	if (agent->capacity && choice->open[i] >= 0)
		g_string_append_printf(out, "/%" G_GINT64_FORMAT, agent->capacity);
	if (choice->states[i] == FULL)
		g_string_append(out, " full");
}

/* "mia, least busy: mia 2/5, tom 3/3 full". */
static const char *reason(const struct choice *choice, int chosen, const char *how)
{
	guint n = choice->queue->n_agents;
	g_autoptr(GString) out = g_string_new(NULL);

	if (chosen >= 0)
		g_string_append_printf(out, "%s, %s: ", choice->queue->agents[chosen].id, how);
	else
		g_string_append(out, n ? "nobody is free: " : "nobody");
	for (guint i = 0; i < MIN(n, NAMED_MAX); i++)
		put_agent(out, choice, i);
	if (n > NAMED_MAX)
		g_string_append_printf(out, " and %u more", n - NAMED_MAX);
	return hg_arena_str(choice->turn->arena, out->str);
}

/* ---- when nobody is free ---- */

static void opens_at(const struct choice *choice, int hours, struct hg_assigned *ret)
{
	gint64 ms = hours < 0 ? -1 : hg_hours_next(hg_rules_hours(choice->turn->engine->rules), (guint)hours,
						   choice->turn->now_ms);

	if (ms < 0 || (ret->opens_ms >= 0 && ret->opens_ms <= ms))
		return;
	ret->opens_ms = ms;
	ret->opens_hours = hours;
}

static void find_opening(const struct choice *choice, struct hg_assigned *ret)
{
	ret->closed = TRUE;
	ret->opens_ms = -1;
	for (guint i = 0; i < choice->queue->n_agents; i++)
		if (choice->states[i] == OFF_DUTY)
			opens_at(choice, choice->queue->agents[i].hours, ret);
	if (!choice->skilled)
		opens_at(choice, choice->queue->hours, ret);
}

static gboolean overflow(const struct choice *choice, struct hg_assigned *ret, GError **error)
{
	gint64 waiting;

	if (choice->skilled ? !choice->present : !in_hours(choice, choice->queue->hours))
		find_opening(choice, ret);
	else if (choice->queue->assign != HG_ASSIGN_NONE)
		return hg_queue_expect(choice->turn->store, choice->queue, choice->present, choice->turn->now_ms,
				       &waiting, &ret->wait_ms, error);
	return TRUE;
}

const char *hg_assign_name(hg_turn *turn, const char *queue, const char *who)
{
	const hg_queues *queues = hg_rules_queues(turn->engine->rules);
	const struct hg_queue_conf *named = hg_queues_find(queues, queue);
	const struct hg_agent *agent = named ? hg_queue_agent(named, who) : NULL;

	for (guint i = 0; !agent && i < hg_queues_count(queues); i++)
		agent = hg_queue_agent(hg_queues_at(queues, i), who);
	return agent ? hg_arena_str(turn->arena, agent->id) : who;
}

gboolean hg_assign(hg_turn *turn, hg_case *kase, const char *owner, struct hg_assigned *ret, GError **error)
{
	struct choice choice = { .turn = turn, .thread = kase->thread };
	const char *how = NULL;
	int chosen = -1;

	*ret = (struct hg_assigned){ .queue = NULL };
	choice.queue = hg_queues_find(hg_rules_queues(turn->engine->rules), kase->thread->queue);
	if (owner || !choice.queue)
		return TRUE;
	if (!look(&choice, error) ||
	    (choice.queue->assign != HG_ASSIGN_NONE && !choose(&choice, &chosen, &how, error)))
		return FALSE;
	ret->queue = choice.queue;
	ret->agent = chosen >= 0 ? &choice.queue->agents[chosen] : NULL;
	if (choice.queue->assign != HG_ASSIGN_NONE)
		ret->why = reason(&choice, chosen, how);
	return ret->agent || overflow(&choice, ret, error);
}

/* ---- saying so ---- */

/* "25 min", "2 h 10 min": understood in every language the customer may write; never less than a minute. */
static char *wait_text(gint64 ms)
{
	gint64 minutes = MAX(1, (ms + MINUTE_MS - 1) / MINUTE_MS);

	if (minutes > 90)	/* nobody knows it better than that */
		minutes = (minutes + 9) / 10 * 10;
	if (minutes < 60)
		return g_strdup_printf("%" G_GINT64_FORMAT " min", minutes);
	if (minutes % 60 == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT " h", minutes / 60);
	return g_strdup_printf("%" G_GINT64_FORMAT " h %" G_GINT64_FORMAT " min", minutes / 60, minutes % 60);
}

static gboolean tell_customer(hg_turn *turn, hg_case *kase, const struct hg_assigned *assigned, GError **error)
{
	char *const *texts = assigned->closed ? assigned->queue->closed : assigned->wait_ms ? assigned->queue->busy : NULL;
	g_autofree char *wait = wait_text(assigned->wait_ms);
	g_autoptr(GString) opens = g_string_new(NULL);
	const struct hg_set own[] = { { "wait", wait }, { "opens", opens->str }, { NULL, NULL } };
	const struct hg_filling with = { .own = own };
	const char *text;

	if (!texts || !kase->thread->channel)
		return TRUE;
	if (assigned->closed && assigned->opens_ms >= 0)
		hg_hours_clock(hg_rules_hours(turn->engine->rules), (guint)assigned->opens_hours, assigned->opens_ms,
			       turn->now_ms, opens);
	return hg_speak_pick(turn, kase, texts, &text, error) &&
	       hg_fill(turn, kase, &with, text, HG_SAID_MAX, &text, error) &&
	       hg_reply_automatic(turn, kase, HG_BY_GATEWAY, NULL, text, error);
}

gboolean hg_assign_tell(hg_turn *turn, hg_case *kase, const struct hg_assigned *assigned, GError **error)
{
	g_autofree char *line = NULL;

	if (!assigned->queue)
		return TRUE;
	if (assigned->why) {
		line = g_strdup_printf("Queue %s: %s.", assigned->queue->name, assigned->why);
		if (!hg_case_line(turn, kase, hg_arena_str(turn->arena, line), error))
			return FALSE;
	}
	/* Who has not written does not wait. */
	return kase->ticket->assignee || !kase->thread->inbound || tell_customer(turn, kase, assigned, error);
}
