/* ticket_hand.c - what a person does to a ticket's way into helpdesks: tries it again, points it at another over there */
#include "turn.h"

#include <string.h>

#include "json.h"

#define LANE_LOOK 200		/* jobs of a lane looked through */

/* The ticket the command is about; of those on trial no helpdesk has heard. */
static gboolean find(hg_turn *turn, hg_case *kase, GError **error)
{
	const hg_command *command = turn->command;

	if (!hg_case_by_ticket(turn, command->ticket_ref, command->backend, kase, error))
		return FALSE;
	turn->object = kase->ticket->id;
	return !kase->ticket->shadow || hg_fail(error, HG_ERROR_STATE, "ticket %s was made on trial: no helpdesk has it",
						kase->ticket->number);
}

/* ---- again ---- */

static gboolean retry_at(hg_turn *turn, const hg_case *kase, const char *backend, gint64 *n, GError **error)
{
	const struct hg_job_query query = { .target = HG_TO_BACKEND, .name = backend, .lane = kase->thread->id, .limit = LANE_LOOK };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	gboolean later = FALSE;

	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++) {		/* oldest first: they go in the order they were said */
		hg_job *job = g_ptr_array_index(jobs, i);

		later |= job->state == HG_JOB_DUE && job->due_ms > turn->now_ms;
		if (job->state != HG_JOB_DEAD)
			continue;
		if (!hg_dead_again(turn, job, error))
			return FALSE;
		++*n;
	}
	*n += later;
	return !later || hg_outbox_hurry(turn, HG_TO_BACKEND, backend, kase->thread->id, error);
}

gboolean hg_ticket_retry(hg_turn *turn, GError **error)
{
	const GPtrArray *backends = turn->conf->backends;
	g_autofree char *answer = NULL;
	hg_case kase;
	gint64 n = 0;

	if (!find(turn, &kase, error))
		return FALSE;
	for (guint i = 0; i < backends->len; i++) {
		const char *name = ((const struct hg_backend_conf *)g_ptr_array_index(backends, i))->name;

		if ((!turn->command->backend || strcmp(name, turn->command->backend) == 0) && !retry_at(turn, &kase, name, &n, error))
			return FALSE;
	}
	if (!n)
		return hg_fail(error, HG_ERROR_STATE, "nothing of ticket %s was given up or waits for a later try", kase.ticket->number);
	answer = g_strdup_printf("{\"ticket\":\"%s\",\"retried\":%" G_GINT64_FORMAT "}", kase.ticket->id, n);
	turn->answer = hg_arena_str(turn->arena, answer);
	return TRUE;
}

/* ---- another one over there ---- */

static const char *says_who(hg_turn *turn)
{
	const hg_command *command = turn->command;
	g_autofree char *text = g_strdup_printf("%s: %s", command->agent ?: command->principal ?: "the API", command->text ?: "by hand");

	return hg_arena_str(turn->arena, text);
}

/* The link it has, which the command's is to take the place of. */
static gboolean find_old(hg_turn *turn, const hg_case *kase, hg_link *ret, GError **error)
{
	const hg_command *command = turn->command;
	hg_link *old;

	if (!hg_store_link_get(turn->store, turn->arena, kase->ticket->n, command->backend, &old, error))
		return FALSE;
	if (!old)
		return hg_fail(error, HG_ERROR_STATE, "ticket %s is none in %s yet: PUT /v1/tickets/%s/link names its first", kase->ticket->number,
			       command->backend, kase->ticket->number);
	*ret = *old;
	return strcmp(old->external_id, command->external_id) != 0 ||
	       hg_fail(error, HG_ERROR_STATE, "ticket %s is %s in %s already", kase->ticket->number, old->external_id, command->backend);
}

static void answer_relink(hg_turn *turn, const hg_case *kase, const hg_link *old, const hg_ticket *shared)
{
	const hg_command *command = turn->command;
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "ticket", kase->ticket->id);
	hg_json_add_str(out, "number", kase->ticket->number);
	hg_json_add_str(out, "backend", command->backend);
	hg_json_add_str(out, "id", command->external_id);
	hg_json_key(out, "was");
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", old->external_id);
	hg_json_add_str(out, "number", old->number);
	hg_json_add_str(out, "url", old->url);
	hg_json_close(out, '}');
	hg_json_add_str(out, "shared_with", shared ? shared->number : NULL);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

gboolean hg_ticket_relink(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_link link = { .backend = command->backend, .external_id = command->external_id, .number = command->number,
			 .url = command->url, .at_ms = turn->now_ms }, old = { 0 };
	hg_ticket *shared = NULL;
	hg_case kase;

	turn->origin = command->backend;
	if (!find(turn, &kase, error) || !find_old(turn, &kase, &old, error) ||
	    !hg_store_ticket_by_link(turn->store, turn->arena, command->backend, command->external_id, &shared, error))
		return FALSE;
	link.ticket_n = kase.ticket->n;
	if (!hg_ticket_moved(turn, &kase, &link, says_who(turn), error) ||
	    !hg_outbox_hurry(turn, HG_TO_BACKEND, command->backend, kase.thread->id, error) || !hg_case_save(turn, &kase, error))
		return FALSE;
	answer_relink(turn, &kase, &old, shared);
	return TRUE;
}
