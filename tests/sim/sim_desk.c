/* sim_desk.c - a helpdesk that tells what happens there: late, twice, out of order, before its ticket is linked, or not
 * at all until somebody asks
 *
 * Each change is told by a hook that may be lost or repeated, and in the end by a poll until it is acknowledged. */
#include "sim_ops.h"

#include <string.h>

#define POLLS_MAX 6		/* of one that is not kept: nobody knows its ticket */

struct told {
	hg_change change;		/* strings ours */
	gboolean acked, linked;		/* it was kept; the ticket was linked when it was */
	guint polls;
	gint64 thread_n;
};

static void told_free(void *data)
{
	struct told *told = data;

	g_free((char *)told->change.id);
	g_free((char *)told->change.ticket);
	g_free((char *)told->change.external);
	g_free((char *)told->change.text);
	g_free(told);
}

void sim_desk_new(hg_sim *sim)
{
	sim->told = g_ptr_array_new_with_free_func(told_free);
}

void sim_desk_free(hg_sim *sim)
{
	g_ptr_array_unref(sim->told);
}

void sim_desk_forget(hg_sim *sim)
{
	g_ptr_array_set_size(sim->told, 0);
}

/* ---- telling ---- */

static gboolean is_linked(hg_sim *sim, const struct told *told)
{
	return sim_number(sim, "SELECT count(*) FROM link AS l JOIN ticket AS k ON k.n = l.ticket_n WHERE l.backend = 'desk' "
			  "AND l.external_id = 'ext' || ?1 AND k.shadow = 0", told->thread_n, 0) > 0;
}

struct asked { hg_sim *sim; char *id; };

static void heard(void *arg, const hg_command *command G_GNUC_UNUSED, const char *answer, const GError *error)
{
	struct asked *asked = arg;

	for (guint i = 0; i < asked->sim->told->len; i++) {
		struct told *told = asked->sim->told->pdata[i];

		if (!error && answer && strcmp(told->change.id, asked->id) == 0 && !strstr(answer, "\"foreign\":1")) {
			told->linked |= !told->acked && is_linked(asked->sim, told);
			told->acked = TRUE;
		}
	}
	g_free(asked->id);
	g_free(asked);
}

static void tell(hg_sim *sim, const struct told *told, gboolean look)
{
	hg_command *command = lab_command(sim->lab, HG_CMD_CHANGES, NULL);
	struct asked *asked = g_new(struct asked, 1);
	hg_change change = told->change;

	*asked = (struct asked){ sim, g_strdup(told->change.id) };
	if (look)
		change = (hg_change){ .kind = HG_CHANGE_LOOK, .id = change.id, .ticket = change.ticket, .external = change.external };
	command->backend = "desk";
	command->done = heard;
	command->done_arg = asked;
	must(hg_command_set_changes(command, &change, 1, "{\"hook\":1}", 10, look ? NULL : "cursor", e));
	lab_do(sim->lab, command);
}

static void fill(hg_sim *sim, const struct step *step, hg_change *change)
{
	static const char *const states[] = { "open", "pending", "solved", "closed", NULL };
	static const int kinds[] = { HG_CHANGE_REPLY, HG_CHANGE_REPLY, HG_CHANGE_REPLY, HG_CHANGE_NOTE, HG_CHANGE_STATUS,
				     HG_CHANGE_STATUS, HG_CHANGE_STATUS, HG_CHANGE_ASSIGN };

	change->kind = kinds[step->b % G_N_ELEMENTS(kinds)];
	if (change->kind == HG_CHANGE_REPLY)
		change->text = g_strdup_printf("[%s] we are on it", change->id);
	else if (change->kind == HG_CHANGE_NOTE)
		change->text = g_strdup_printf("[%s] " NOTE_CANARY, change->id);
	change->agent = "Mia";
	change->assignee = change->kind == HG_CHANGE_ASSIGN ? step->a & 1 ? "tom" : "" : NULL;
	change->said = change->kind == HG_CHANGE_STATUS ? "a word of theirs" : NULL;
	change->status = change->said ? states[step->c % G_N_ELEMENTS(states)] : NULL;
	change->order = change->said ? sim->told->len + 1 : 0;
}

/* Something happens there; its hook is lost, or says only "look there", or everything. */
static void happen(hg_sim *sim, const struct step *step)
{
	struct told *told = g_new0(struct told, 1);
	gint64 n = sim_number(sim, "SELECT count(*) FROM thread WHERE n > ?1", sim->thread_n, 0);

	told->thread_n = sim->thread_n + 1 + step->a % MAX(n, 1);
	told->change.id = g_strdup_printf("chg.%u.%u", sim->seed, sim->told->len);
	told->change.ticket = g_strdup_printf("ext%" G_GINT64_FORMAT, told->thread_n);
	told->change.external = step->c & 64 ? sim_text(sim, "SELECT number FROM ticket WHERE thread_n = ?1 ORDER BY n DESC LIMIT 1",
							told->thread_n, 0) : NULL;
	fill(sim, step, &told->change);
	g_ptr_array_add(sim->told, told);
	if (step->b >> 8 & 3)
		tell(sim, told, (step->b >> 10 & 7) == 0);
}

void sim_desk_tells(hg_sim *sim, const struct step *step)
{
	if (sim->told->len && step->c % 3 == 0)
		tell(sim, sim->told->pdata[step->a % sim->told->len], FALSE);
	else
		happen(sim, step);
}

void sim_desk_polled(hg_sim *sim)
{
	for (guint i = 0; i < sim->told->len; i++) {
		struct told *told = sim->told->pdata[i];

		if (told->acked || told->polls++ >= POLLS_MAX)
			continue;
		tell(sim, told, FALSE);
	}
}

/* ---- looked at ---- */

void sim_desk_looked_at(hg_sim *sim, hg_dispatch *dispatch, int fate)
{
	const hg_change *found = NULL;

	for (guint i = 0; i < sim->told->len && dispatch->change.kind == HG_CHANGE_LOOK; i++) {
		const struct told *told = sim->told->pdata[i];

		if (strcmp(told->change.id, dispatch->change.id) == 0)
			found = &told->change;
	}
	/* Of a history before: it is gone over there. */
	if (dispatch->change.kind == HG_CHANGE_LOOK && !found)
		fate = HG_FAILED;
	lab_changed(sim->lab, dispatch, fate, found, 1, fate == HG_SENT ? NULL : "not now");
}

/* ---- in the end ---- */

static gint64 messages_with(hg_sim *sim, const char *text)
{
	g_autofree char *found = NULL;
	gint64 n = 0;

	for (gint64 at = sim->message_n; (at = sim_number(sim, "SELECT min(n) FROM message WHERE n > ?1 AND origin = 'desk'", at, 0));) {
		g_free(found);
		found = sim_text(sim, "SELECT text FROM message WHERE n = ?1", at, 0);
		n += g_strcmp0(found, text) == 0;
	}
	return n;
}

static gboolean given_up(hg_sim *sim, const struct told *told)
{
	g_autofree char *dead = sim_text(sim, "SELECT group_concat(key, ' ') FROM outbox WHERE target = 7 AND state = 6", 0, 0);

	return dead && strstr(dead, told->change.id);
}

/* What was kept is in its conversation, once; a note and an answer alike. */
static gboolean said_once(hg_sim *sim, const struct told *told)
{
	gint64 n = messages_with(sim, told->change.text);
	gboolean sure = told->acked && (told->linked || told->change.external);

	if (n > 1)
		return sim_wrong(sim, "%s was told by the helpdesk and is there %d times", told->change.id, (int)n);
	return n || !sure || given_up(sim, told) || sim->mended || sim->discarded || sim_is_forgotten(sim) ||
	       sim_wrong(sim, "%s was told by the helpdesk, was kept, and is nowhere", told->change.id);
}

static gboolean status_holds(hg_sim *sim, const struct told *told)
{
	gint64 order = sim_number(sim, "SELECT max(status_order) FROM link WHERE backend = 'desk' AND external_id = 'ext' || ?1",
				  told->thread_n, 0);

	return !told->acked || !told->linked || given_up(sim, told) || sim->discarded || sim->erased || order >= told->change.order ||
	       sim_wrong(sim, "%s is a status that was kept, and an older one counts", told->change.id);
}

gboolean sim_desk_agrees(hg_sim *sim)
{
	for (guint i = 0; i < sim->told->len && !sim->why; i++) {
		const struct told *told = sim->told->pdata[i];

		if (told->change.text)
			said_once(sim, told);
		else if (told->change.kind == HG_CHANGE_STATUS)
			status_holds(sim, told);
	}
	return !sim->why;
}
