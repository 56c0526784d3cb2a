/* sim_history.c - a world, and the histories that are played in it */
#include "sim_ops.h"

#include <string.h>

/* ---- random numbers of the world, the same in each ---- */

static guint64 world_random;

static void numbers(struct hg_env *env, void *ret, gsize size)
{
	guint8 *out = ret;
	(void)env;

	for (gsize i = 0; i < size; i++) {
		world_random ^= world_random << 13;
		world_random ^= world_random >> 7;
		world_random ^= world_random << 17;
		out[i] = (guint8)(world_random >> 24);
	}
}

/* ---- a world ---- */

/* One channel for each rung of the ladder of the ambiguous. */
static unsigned caps_of(const char *channel)
{
	return strcmp(channel, "sms") == 0 ? HG_CAP_KEY : strcmp(channel, "asks") == 0 ? 0 : HG_CAP_ECHO;
}

hg_sim *sim_new(struct sim_conf with)
{
	hg_sim *sim = g_new0(hg_sim, 1);

	world_random = 88172645463325252u;
	test_env.random = numbers;
	test_env.id_high = test_env.id_low = 0;
	sim->with = with;
	sim->lab = lab_new_with(with.confs[0]);
	sim->lab->caps_of = caps_of;
	sim->lab->by_hand = TRUE;
	sim->asks = g_ptr_array_new_with_free_func(sim_ask_free);
	sim->accepted = g_ptr_array_new_with_free_func(g_free);
	sim->acked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sim->found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	sim->trace = with.plain ? g_string_new(NULL) : NULL;
	if (sim->trace)
		sim_trace_begin(sim, with.plain);
	sim_outside_new(sim);
	sim_desk_new(sim);
	sim_look_begin(sim);
	return sim;
}

void sim_free(hg_sim *sim)
{
	sim_look_end(sim);
	lab_free(sim->lab);
	sim_outside_free(sim);
	sim_desk_free(sim);
	g_ptr_array_unref(sim->asks);
	g_ptr_array_unref(sim->accepted);
	g_hash_table_destroy(sim->acked);
	g_hash_table_destroy(sim->found);
	if (sim->trace)
		g_string_free(sim->trace, TRUE);
	g_free(sim->why);
	g_free(sim);
}

/* ---- the world outside ---- */

static void outside(hg_sim *sim, const struct step *step)
{
	for (guint i = 0; i < 1 + step->a % 6; i++)
		sim_peer_acts(sim, step->b >> i % 16);
}

static void wires(hg_sim *sim, const struct step *step)
{
	for (guint i = 0; i < 1 + step->a % 3; i++)
		sim_wire_any(sim, step->b >> i);
}

static void mood(hg_sim *sim, const struct step *step)
{
	sim_mood(sim, step->a, step->b);
}

static void condition(hg_sim *sim, const struct step *step)
{
	gboolean backend = step->a & 1;

	lab_condition(sim->lab, backend ? HG_TO_BACKEND : HG_TO_CHANNEL, backend ? "desk" : "wa",
		      step->b % 3 ? HG_UP : HG_DOWN);
}

/* ---- time ---- */

static void seconds(hg_sim *sim, const struct step *step)
{
	sim_pass(sim, (gint64)(step->a % 400) * 1000);
}

static void hours(hg_sim *sim, const struct step *step)
{
	sim_pass(sim, (gint64)(step->a % 30) * HOUR_MS);
}

static void days(hg_sim *sim, const struct step *step)
{
	sim_pass(sim, (gint64)(step->a % 5) * DAY_MS + (step->b & 1));
}

static gint64 an_edge(hg_sim *sim, guint32 dice)
{
	const struct hg_window_conf *window = &sim->with.confs[sim->conf]->window;
	gint64 n = sim->thread_n + 1 + dice / 8 % (1 + sim_number(sim, "SELECT count(*) FROM thread WHERE n > ?1", sim->thread_n, 0));

	switch (dice % 8) {
	case 0:
	case 1:
		return sim_number(sim, "SELECT last_ms FROM thread WHERE n = ?1", n, 0) + window->join_ms;
	case 2:
	case 3:
	case 4:
		return sim_number(sim, "SELECT closed_ms FROM thread WHERE n = ?1", n, 0) +
		       window->ages[dice / 64 % window->n_ages].within_ms;
	case 5:
		return sim_number(sim, "SELECT at_ms FROM message WHERE thread_n = ?1 AND direction = 1 ORDER BY n LIMIT 1", n, 0) +
		       window->dedupe_ms;
	default:
		return sim_number(sim, "SELECT due_ms FROM timer WHERE thread_n = ?1 ORDER BY due_ms LIMIT 1", n, 0);
	}
}

/* A millisecond before a window ends or a timer fires, at it, and behind it. */
static void edge(hg_sim *sim, const struct step *step)
{
	gint64 at_ms = an_edge(sim, step->a) + (gint64)(step->b / 64 % 3) - 1;

	if (at_ms <= test_now_ms || at_ms > test_now_ms + 10 * DAY_MS)
		return;
	sim_pass(sim, at_ms - test_now_ms);
	if (step->a % 8 == 5)
		sim_say_again(sim, step);
	else
		sim_say(sim, step);
}

/* A clock that is set, or a machine that was off: all that fell due is late. */
static void down(hg_sim *sim, const struct step *step)
{
	test_now_ms += (gint64)(step->a % 5000) * 60 * 1000;
	if (step->b & 1)
		sim_restart(sim);
}

/* ---- configuration, power ---- */

static void reload(hg_sim *sim, const struct step *step)
{
	(void)step;
	sim->conf ^= 1;
	lab_reload_with(sim->lab, sim->with.confs[sim->conf]);
	sim_run(sim);
}

static void strike(hg_sim *sim, const struct step *step)
{
	sim->strike = sim->with.mild ? STRIKE_NONE : STRIKE_FULL + step->a % 4;
	sim->strike_in = 50 + step->b % 4000;
}

static void crash(hg_sim *sim, const struct step *step)
{
	(void)step;
	sim_restart(sim);
}

/* plain: in histories for the reference model too. */
static const struct { const char *name; void (*act)(hg_sim *, const struct step *); guint weight; gboolean plain; } ops[] = {
	[OP_SAY] = { "say", sim_say, 30, TRUE }, [OP_AGAIN] = { "say again", sim_say_again, 5, TRUE },
	[OP_MUCH] = { "say much", sim_say_much, 5, TRUE }, [OP_ABOUT] = { "say about", sim_say_about, 6, FALSE },
	[OP_AGENT] = { "agent", sim_agent, 18, TRUE }, [OP_SORTS] = { "agent sorts", sim_agent_sorts, 4, FALSE },
	[OP_HELPDESK] = { "helpdesk", sim_helpdesk, 6, TRUE }, [OP_OPERATOR] = { "operator", sim_operator, 9, TRUE },
	[OP_OUTSIDE] = { "outside", outside, 12, TRUE }, [OP_WIRES] = { "wires", wires, 5, TRUE },
	[OP_MOOD] = { "mood", mood, 6, TRUE }, [OP_CONDITION] = { "condition", condition, 2, TRUE },
	[OP_SECONDS] = { "seconds", seconds, 8, TRUE }, [OP_HOURS] = { "hours", hours, 5, TRUE },
	[OP_DAYS] = { "days", days, 3, TRUE }, [OP_EDGE] = { "edge", edge, 8, TRUE },
	[OP_DOWN] = { "down", down, 2, TRUE },
	[OP_STRIKE] = { "strike", strike, 6, TRUE }, [OP_RELOAD] = { "reload", reload, 1, FALSE },
	[OP_RESTART] = { "restart", crash, 1, TRUE }, [OP_PIECES] = { "say in pieces", sim_say_pieces, 6, FALSE },
	[OP_VISITOR] = { "visitor", sim_visitor, 8, FALSE },
	[OP_TELLS] = { "helpdesk tells", sim_desk_tells, 10, FALSE },
};

/* ---- histories ---- */

static guint32 next(guint32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static guint8 an_op(guint32 dice)
{
	guint all = 0, at = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
		all += ops[i].weight;
	for (dice %= all; dice >= ops[at].weight; at++)
		dice -= ops[at].weight;
	return (guint8)at;
}

void history_make(struct history *history, guint32 seed)
{
	guint32 state = seed * 2654435761u + 1;

	for (int i = 0; i < 8; i++)
		next(&state);
	*history = (struct history){ .seed = seed, .n = 4 + next(&state) % 12 };
	if (next(&state) % 8 == 0)
		history->n = STEPS_MAX;
	for (guint i = 0; i < history->n; i++) {
		struct step *step = &history->steps[i];

		step->op = i ? an_op(next(&state)) : OP_SAY;
		step->a = next(&state);
		step->b = next(&state);
		step->c = next(&state);
	}
}

static void begin(hg_sim *sim, const struct history *history)
{
	sim->calm = TRUE;
	if (sim->conf)
		reload(sim, NULL);
	sim->calm = FALSE;
	sim->seed = history->seed;
	sim->messages = sim->replies = sim->calls_seen = 0;
	sim->began_ms = test_now_ms;
	sim->forgets = history_forgets(history->seed) && !sim->with.plain && !sim->with.mild;
	sim->erased = sim->mended = sim->discarded = FALSE;
	sim_outside_forget(sim);
	sim_desk_forget(sim);
	g_hash_table_remove_all(sim->acked);
	g_ptr_array_set_size(sim->accepted, 0);
	sim->thread_n = sim_number(sim, "SELECT max(n) FROM thread", 0, 0);
	sim->first_event_n = sim_number(sim, "SELECT max(n) FROM event", 0, 0);
	sim->decision_n = sim_number(sim, "SELECT max(n) FROM decision", 0, 0);
	sim->contact_n = sim_number(sim, "SELECT max(n) FROM contact", 0, 0);
	sim->message_n = sim_number(sim, "SELECT max(n) FROM message", 0, 0);
	sim->began_ticket_n = sim_number(sim, "SELECT max(n) FROM ticket", 0, 0);
	sim_trace_history(sim, history->seed);
}

/* Not everything is followed by a round at once: what gathers is done, or undone, together. */
static gboolean one_step(hg_sim *sim, const struct step *step)
{
	if (sim->with.plain && !ops[step->op].plain)
		return TRUE;
	test_now_ms++;
	sim->counts.steps++;
	ops[step->op].act(sim, step);
	/* A start is followed by one: nobody switches off a machine in between. */
	if (step->op == OP_RESTART || step->op == OP_DOWN || (step->op != OP_STRIKE && step->c >> 28 > 3))
		sim_run(sim);
	return !sim->why;
}

/* Two weeks, then no faults any more, until nothing is left to be done. */
static gboolean finish(hg_sim *sim)
{
	sim_run(sim);
	if (!sim->why && test_now_ms < sim->began_ms + HISTORY_MS)
		sim_pass(sim, sim->began_ms + HISTORY_MS - test_now_ms);
	return !sim->why && sim_drain(sim) && sim_ended_well(sim);
}

gboolean history_play(hg_sim *sim, const struct history *history, guint *ret_step)
{
	*ret_step = 0;
	begin(sim, history);
	for (guint i = 0; i < history->n; i++) {
		*ret_step = i;
		if (!one_step(sim, &history->steps[i]))
			return FALSE;
	}
	return sim->with.mild || finish(sim);
}

void history_print(const struct history *history)
{
	print_message("seed %u, %u steps:\n", history->seed, history->n);
	for (guint i = 0; i < history->n; i++)
		print_message("  %-11s %08x %08x %08x\n", ops[history->steps[i].op].name, history->steps[i].a,
			      history->steps[i].b, history->steps[i].c);
}
