/* sim_operator.c - what operators do, and what has to come of it: what is paused stays, what was changed goes out as it is now,
 * who is one person has what both had, and who is forgotten is nowhere */
#include "sim_ops.h"

#include <string.h>

#include "text.h"

#define CHANNEL_PAUSED "SELECT since_ms FROM standing WHERE kind = 'pause' AND name = (SELECT name FROM outbox WHERE n = ?1)"
#define EDIT_OF "SELECT text FROM standing WHERE kind = 'edit' AND name = CAST(?1 AS TEXT)"

/* ---- commands: whether they are done is heard, unless a crash comes before ---- */

static void done(void *arg, const hg_command *command, const char *answer G_GNUC_UNUSED, const GError *error)
{
	if (!error)
		sim_trace_command(arg, command);
}

static hg_command *command_new(hg_sim *sim, int kind, const char *text)
{
	hg_command *command = lab_command(sim->lab, kind, NULL);

	command->text = hg_arena_str(command->arena, text);
	command->done = done;
	command->done_arg = sim;
	return command;
}

/* Programs get tokens, use them, and lose them again. */
static void keys(hg_sim *sim, const struct step *step)
{
	static const int kinds[] = { HG_CMD_TOKEN, HG_CMD_TOKEN, HG_CMD_TOKEN_USED, HG_CMD_TOKEN_REVOKE };
	hg_command *command = lab_command(sim->lab, kinds[step->b % G_N_ELEMENTS(kinds)], NULL);
	g_autofree char *name = g_strdup_printf("crm-%u", step->a % 3), *id = NULL;

	id = lab_value(sim->lab, "SELECT id FROM token WHERE name = '%s' ORDER BY n DESC LIMIT 1", name);
	command->text = hg_arena_str(command->arena, id);
	command->wish.kind = HG_TOKEN_API;
	command->wish.name = hg_arena_str(command->arena, name);
	command->wish.scopes = "read reply";
	hg_sha256(&step->c, sizeof(step->c), command->wish.hash);
	lab_do(sim->lab, command);
}

/* ---- channels on hold ---- */

static void pause_channel(hg_sim *sim, const struct step *step)
{
	hg_command *command = command_new(sim, HG_CMD_PAUSE, "a holiday");

	command->channel = sim_often[step->c % SIM_OFTEN];
	command->remove = step->b >> 8 & 1;
	lab_do(sim->lab, command);
}

void sim_operator_resumes(hg_sim *sim)
{
	for (guint i = 0; sim_channels[i]; i++) {
		hg_command *command = command_new(sim, HG_CMD_PAUSE, NULL);

		command->channel = sim_channels[i];
		command->remove = TRUE;
		lab_do(sim->lab, command);
	}
}

/* What is there when it is paused may have left before. */
gboolean sim_operator_lets(hg_sim *sim, const hg_dispatch *dispatch)
{
	gint64 since_ms = dispatch->job.target == HG_TO_CHANNEL && !dispatch->ask ?
		sim_number(sim, CHANNEL_PAUSED, dispatch->job.n, 0) : 0;

	return !since_ms || dispatch->job.changed_ms <= since_ms ||
	       sim_wrong(sim, "job %" G_GINT64_FORMAT " left for %s, which is paused", dispatch->job.n, dispatch->job.name);
}

/* ---- dead letters ---- */

static void settle(hg_sim *sim, gint64 n, const struct step *step)
{
	hg_command *command = command_new(sim, HG_CMD_SETTLE_SEND, step->b & 1 ? "arrived" : "resend");

	sim_allow(sim, n);
	command->job_n = n;
	lab_do(sim->lab, command);
}

/* An event has to be told as JSON, an answer is text. */
static void edit(hg_sim *sim, gint64 n, const struct step *step)
{
	gboolean answer = sim_number(sim, "SELECT target = 1 FROM outbox WHERE n = ?1", n, 0) != 0;
	g_autofree char *text = g_strdup_printf(answer ? "mended %u" : "{\"mended\":%u}", step->c % 1000);
	hg_command *command = command_new(sim, HG_CMD_EDIT_DEAD, text);

	G_STATIC_ASSERT(HG_TO_CHANNEL == 1);
	sim->mended = TRUE;
	command->type = answer ? "channel" : "backend";
	command->job_n = n;
	lab_do(sim->lab, command);
}

static void again(hg_sim *sim, gint64 n, gboolean all)
{
	hg_command *command = command_new(sim, all ? HG_CMD_RETRY_ALL : HG_CMD_RETRY_DEAD, NULL);

	for (gint64 at = all ? 0 : n - 1; (at = sim_number(sim, "SELECT min(n) FROM outbox WHERE state = 6 AND n > ?1", at, 0));) {
		sim_allow(sim, at);
		if (!all)
			break;
	}
	command->job_n = all ? 0 : n;
	lab_do(sim->lab, command);
}

/* Where it was the ticket itself, no helpdesk ever has it. */
static void discard(hg_sim *sim, gint64 n)
{
	gint64 thread_n = sim_number(sim, "SELECT e.thread_n FROM outbox AS o JOIN event AS e ON e.n = o.event_n WHERE o.n = ?1 AND "
				     "e.type = 'ticket.requested'", n, 0);
	hg_command *command = command_new(sim, HG_CMD_DISCARD, "no use");

	sim->discarded = TRUE;
	if (thread_n)
		g_hash_table_add(sim->allowed, g_strdup_printf("untaken %" G_GINT64_FORMAT, thread_n));
	command->job_n = n;
	lab_do(sim->lab, command);
}

static void dead_letter(hg_sim *sim, const struct step *step)
{
	gint64 n = sim_number(sim, "SELECT n FROM outbox WHERE state IN (4, 6) ORDER BY n LIMIT 1 OFFSET ?1", step->a % 4, 0);

	if (!n)
		keys(sim, step);
	else if (sim_number(sim, "SELECT state = 4 FROM outbox WHERE n = ?1", n, 0))
		settle(sim, n, step);
	else if (sim->with.mild || step->b >> 4 & 1)
		again(sim, n, step->b >> 5 & 1);
	else if (step->b >> 6 & 1)
		discard(sim, n);
	else
		edit(sim, n, step);
}

gboolean sim_operator_edited(hg_sim *sim, const hg_dispatch *dispatch)
{
	g_autofree char *text = sim_text(sim, EDIT_OF, dispatch->job.n, 0);

	if (text && strcmp(text, dispatch->event.data) != 0)
		sim_wrong(sim, "job %" G_GINT64_FORMAT " was changed, and goes out as it was", dispatch->job.n);
	return text != NULL;
}

/* ---- contacts ---- */

static gint64 contact_of(hg_sim *sim, guint32 dice)
{
	gint64 n = sim_number(sim, "SELECT count(*) FROM contact WHERE n > ?1", sim->contact_n, 0);

	return n ? sim->contact_n + 1 + dice % n : 0;
}

static void merge(hg_sim *sim, const struct step *step)
{
	g_autofree char *id = sim_text(sim, "SELECT id FROM contact WHERE n = ?1", contact_of(sim, step->a), 0);
	g_autofree char *into = sim_text(sim, "SELECT id FROM contact WHERE n = ?1", contact_of(sim, step->b), 0);
	hg_command *command;

	if (!id)
		return;
	command = command_new(sim, HG_CMD_MERGE, id);
	command->into = hg_arena_str(command->arena, into);
	lab_do(sim->lab, command);
}

static void take_apart(hg_sim *sim, const struct step *step)
{
	g_autofree char *id = sim_text(sim, "SELECT id FROM contact WHERE n > ?1 AND merged_into IS NOT NULL ORDER BY n LIMIT 1 "
				       "OFFSET ?2", sim->contact_n, step->a % 2);

	if (id)
		lab_do(sim->lab, command_new(sim, HG_CMD_UNMERGE, id));
}

/* ---- what is forgotten ---- */

static void retain(hg_sim *sim, const struct step *step G_GNUC_UNUSED)
{
	lab_do(sim->lab, command_new(sim, HG_CMD_RETAIN, NULL));
}

/* The journal goes with him: only where the world is not made again from it. */
static void erase(hg_sim *sim, const struct step *step)
{
	g_autofree char *id = sim->forgets ? sim_text(sim, "SELECT id FROM contact WHERE n = ?1", contact_of(sim, step->a), 0) : NULL;
	hg_command *command;

	if (!id)
		return;
	sim->erased = TRUE;
	command = command_new(sim, HG_CMD_ERASE, id);
	command->subject = command->text;
	lab_do(sim->lab, command);
}

void sim_operator(hg_sim *sim, const struct step *step)
{
	static void (*const acts[])(hg_sim *, const struct step *) = { dead_letter, dead_letter, pause_channel, merge, take_apart,
								       pause_channel, erase, retain };

	(sim->with.mild ? dead_letter : acts[(step->c >> 8) % G_N_ELEMENTS(acts)])(sim, step);
}

/* ---- in the end ---- */

static gboolean wrong(hg_sim *sim, const char *what, const char *sql)
{
	g_autofree char *where = sim_text(sim, sql, sim->thread_n, 0);

	return where && !sim_wrong(sim, "%s: %s", what, where);
}

/* Whatever was his when he was forgotten; what came later under a number of his is somebody else's. */
#define HIS " JOIN erasure AS g ON g.contact_n = t.contact_n "

static gboolean erased_is_gone(hg_sim *sim)
{
	return !wrong(sim, "liveness: an erasure without an end", "SELECT id FROM erasure WHERE done_ms = 0 AND ?1 >= 0") &&
	       !wrong(sim, "an address of who was erased", "SELECT a.uri FROM address AS a JOIN contact AS c ON c.n = a.contact_n "
		      "WHERE c.erased_ms > 0 AND ?1 >= 0") &&
	       !wrong(sim, "a message of who was erased", "SELECT m.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n" HIS
		      "WHERE t.n > ?1 AND m.at_ms < g.at_ms AND (m.text <> '' OR m.address IS NOT NULL OR m.external_id IS NOT NULL)") &&
	       !wrong(sim, "an event of who was erased", "SELECT e.id FROM event AS e JOIN thread AS t ON t.n = e.thread_n" HIS
		      "WHERE t.n > ?1 AND e.at_ms < g.at_ms AND e.data NOT LIKE '%\"erased\":true}'") &&
	       !wrong(sim, "facts of who was erased", "SELECT d.n FROM decision AS d JOIN thread AS t ON t.n = d.thread_n" HIS
		      "WHERE t.n > ?1 AND d.at_ms < g.at_ms AND d.facts IS NOT NULL") &&
	       !wrong(sim, "a job of who was erased", "SELECT o.n FROM outbox AS o JOIN thread AS t ON t.n = o.thread_n" HIS
		      "WHERE t.n > ?1 AND o.created_ms < g.at_ms") &&
	       !wrong(sim, "a conversation of who was erased goes on", "SELECT t.id FROM thread AS t" HIS "WHERE t.n > ?1 AND t.state = 1") &&
	       !wrong(sim, "the journal of who was erased", "SELECT j.n FROM journal AS j WHERE j.n <= (SELECT max(journal_n) FROM "
		      "erasure WHERE done_ms > 0 AND ?1 >= 0)");
}

/* One pass, gone through to its end: what is under way may have begun long ago.  FALSE: nothing says how long anything is kept. */
static gboolean retention_ends(hg_sim *sim)
{
	if (sim->conf || !sim_number(sim, "SELECT count(*) FROM timer WHERE kind = 'retention'", 0, 0))
		return FALSE;
	retain(sim, NULL);
	sim_run(sim);
	for (guint i = 0; i < 100 && sim_number(sim, "SELECT count(*) FROM timer WHERE kind = 'retention' AND due_ms <= ?1",
						 test_now_ms + 2000, 0); i++) {
		test_now_ms += 1000;
		sim_run(sim);
	}
	return TRUE;
}

/* As sim_forgetful says: words are kept for 30 days, and nothing less than 15. */
static gboolean retained_is_right(hg_sim *sim)
{
	g_autofree char *late = NULL;

	if (retention_ends(sim))
		late = sim_text(sim, "SELECT id FROM thread WHERE state = 2 AND max(closed_ms, last_ms) + ?2 < ?1 AND NOT forgotten & 1",
				test_now_ms, 30 * DAY_MS + HOUR_MS);
	if (late)
		sim_wrong(sim, "a conversation that was kept for too long: %s", late);
	return sim->erased || !wrong(sim, "a message that was forgotten too early", "SELECT id FROM message WHERE thread_n > ?1 AND "
				     "erased_ms > 0 AND erased_ms < at_ms + 15 * 86400000");
}

gboolean sim_operator_agrees(hg_sim *sim)
{
	return erased_is_gone(sim) && retained_is_right(sim) && !sim->why;
}
