/* act.c - which command it is; API calls once per idempotency key */
#include "posts.h"
#include "turn.h"

#include "json.h"

#include <string.h>

static gboolean answer_thread(hg_turn *turn, hg_case *kase, GError **error)
{
	struct hg_payload payload = {
		.store = turn->store, .conf = turn->conf, .arena = turn->arena, .at_ms = turn->now_ms,
		.thread = kase->thread, .contact = kase->contact,
	};
	GString *out = turn->engine->scratch;

	if (!hg_case_ticket(turn, kase, error))
		return FALSE;
	payload.ticket = kase->ticket;
	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_key(out, "thread");
	if (!hg_payload_thread(&payload, out, error))
		return FALSE;
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
	return TRUE;
}

static gboolean finish(hg_turn *turn, hg_case *kase, GError **error)
{
	return hg_case_save(turn, kase, error) && answer_thread(turn, kase, error);
}

static const char *said_by(hg_turn *turn, const char *what)
{
	g_autofree char *text = g_strconcat(what, turn->command->agent ?: turn->command->principal ?: "the API", NULL);

	return hg_arena_str(turn->arena, text);
}

static gboolean convert(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	struct hg_conversion how = {
		.reason = command->text ?: said_by(turn, "agent "), .agent = command->agent,
		.priority = command->priority, .category = command->category, .type = command->type,
		.subject = command->subject, .queue = command->queue, .status = command->status,
		.assignee = command->assignee, .skill = command->skill,
	};
	hg_case kase;

	return hg_case_by_id(turn, command->thread_id, &kase, error) && hg_join_refuse(kase.thread, error) &&
	       hg_convert(turn, &kase, &how, error) &&
	       finish(turn, &kase, error);
}

static gboolean close_thread(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_case kase;

	if (!hg_case_by_id(turn, command->thread_id, &kase, error))
		return FALSE;
	if (kase.thread->state == HG_THREAD_CLOSED)
		return hg_fail(error, HG_ERROR_STATE, "thread %s is closed already", kase.thread->id);
	if (command->ask)
		return hg_ask_solved(turn, &kase, command->text ?: said_by(turn, "closed by "), error) &&
		       finish(turn, &kase, error);
	return hg_thread_close(turn, &kase, command->resolution, command->text ?: said_by(turn, "closed by "), error) &&
	       finish(turn, &kase, error);
}

static gboolean reopen_thread(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_case kase;

	if (!hg_case_by_id(turn, command->thread_id, &kase, error))
		return FALSE;
	if (kase.thread->state != HG_THREAD_CLOSED)
		return hg_fail(error, HG_ERROR_STATE, "thread %s is not closed", kase.thread->id);
	if (!hg_join_refuse(kase.thread, error))
		return FALSE;
	return hg_thread_reopen(turn, &kase, command->text ?: said_by(turn, "reopened by "), error) &&
	       hg_listen(turn, &kase, &(struct hg_asked){ .event = HG_ON_REOPENED }, NULL, error) &&
	       finish(turn, &kase, error);
}

static gboolean join_thread(hg_turn *turn, GError **error)
{
	hg_case into;

	return hg_join(turn, &into, error) && finish(turn, &into, error);
}

static gboolean patch_thread(hg_turn *turn, GError **error)
{
	hg_case kase;

	return hg_case_by_id(turn, turn->command->thread_id, &kase, error) && hg_patch(turn, &kase, error) &&
	       finish(turn, &kase, error);
}

static gboolean participant(hg_turn *turn, GError **error)
{
	hg_case kase;

	return hg_case_by_id(turn, turn->command->thread_id, &kase, error) &&
	       hg_sender_participants(turn, &kase, error) && finish(turn, &kase, error);
}

/* Who names the one it was until now means it: else another than the first is a mistake. */
static gboolean takes_its_place(hg_turn *turn, const hg_link *link, const char *instead_of, gboolean *ret, GError **error)
{
	hg_link *old;

	if (!hg_store_link_get(turn->store, turn->arena, link->ticket_n, link->backend, &old, error))
		return FALSE;
	*ret = old && g_strcmp0(old->external_id, instead_of) == 0;
	return TRUE;
}

static gboolean link_ticket(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_link link = { .backend = command->backend ?: "", .external_id = command->external_id, .number = command->number,
			 .url = command->url, .at_ms = turn->now_ms };
	gboolean moves;
	hg_case kase;

	turn->origin = command->backend;
	if (!hg_case_by_ticket(turn, command->ticket_ref, command->backend, &kase, error))
		return FALSE;
	link.ticket_n = kase.ticket->n;
	turn->object = kase.ticket->id;
	return takes_its_place(turn, &link, command->text, &moves, error) &&
	       (moves ? hg_ticket_moved(turn, &kase, &link, NULL, error) : hg_ticket_link(turn, &kase, &link, error)) &&
	       finish(turn, &kase, error);
}

static gboolean set_status(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_case kase;

	turn->origin = command->backend;
	if (!hg_case_by_ticket(turn, command->ticket_ref, command->backend, &kase, error))
		return FALSE;
	turn->object = kase.ticket->id;
	return hg_ticket_status(turn, &kase, command->text, command->assignee, error) && finish(turn, &kase, error);
}

static gboolean act(hg_turn *turn, GError **error)
{
	switch (turn->command->kind) {
	case HG_CMD_REPLY:
		return hg_reply_command(turn, error);
	case HG_CMD_START:
		return hg_start_command(turn, error);
	case HG_CMD_START_PREVIEW:
		return hg_start_preview(turn, error);
	case HG_CMD_PREVIEW:
		return hg_reply_preview(turn, error);
	case HG_CMD_NOTE:
		return hg_reply_note(turn, error);
	case HG_CMD_CONVERT:
		return convert(turn, error);
	case HG_CMD_CLOSE:
		return close_thread(turn, error);
	case HG_CMD_REOPEN:
		return reopen_thread(turn, error);
	case HG_CMD_PATCH:
		return patch_thread(turn, error);
	case HG_CMD_PARTICIPANT:
		return participant(turn, error);
	case HG_CMD_LINK:
		return link_ticket(turn, error);
	case HG_CMD_STATUS:
		return set_status(turn, error);
	case HG_CMD_SETTLE_SEND:
		return hg_unknown_settle(turn, error);
	case HG_CMD_RESTORE:
		return hg_drop_restore(turn, error);
	case HG_CMD_RETRY_DEAD:
		return hg_dead_retry(turn, error);
	case HG_CMD_SENT:
		return hg_result_sent(turn, error);
	case HG_CMD_FORWARDED:
		return hg_result_forwarded(turn, error);
	case HG_CMD_FETCHED:
		return hg_result_fetched(turn, error);
	case HG_CMD_FACTS:
		return hg_result_facts(turn, error);
	case HG_CMD_RECALL:
		return hg_raw_recall(turn, error);
	case HG_CMD_SETTLED:
		return hg_raw_settled(turn, error);
	case HG_CMD_DROP_DEAD:
		return hg_raw_drop(turn, error);
	case HG_CMD_RETRY_ALL:
		return hg_dead_retry_all(turn, error);
	case HG_CMD_EDIT_DEAD:
		return hg_dead_edit(turn, error);
	case HG_CMD_DISCARD:
		return hg_dead_discard(turn, error);
	case HG_CMD_ALARM:
		return hg_alarm(turn, error);
	case HG_CMD_DRAIN:
		return hg_node_drain(turn, error);
	case HG_CMD_PAUSE:
		return hg_pause(turn, error);
	case HG_CMD_CHANGES:
		return hg_changes_heard(turn, error);
	case HG_CMD_CHANGED:
		return hg_changes_done(turn, error);
	case HG_CMD_CONDITION:
		return hg_result_condition(turn, error);
	case HG_CMD_CONSENT:
		return hg_consent_command(turn, error);
	case HG_CMD_IDENTIFY:
		return hg_identify(turn, error);
	case HG_CMD_LOGOUT:
		return hg_visitor_logout(turn, error);
	case HG_CMD_SEEN:
		return hg_visitor_seen(turn, error);
	case HG_CMD_RATE:
		return hg_visitor_rate(turn, error);
	case HG_CMD_TRANSCRIPT:
		return hg_visitor_transcript(turn, error);
	case HG_CMD_PROFILE:
		return hg_visitor_profile(turn, error);
	case HG_CMD_UNMERGE:
		return hg_unmerge(turn, error);
	case HG_CMD_MERGE:
		return hg_merge_command(turn, error);
	case HG_CMD_RETAIN:
		return hg_retain_command(turn, error);
	case HG_CMD_ERASE:
		return hg_erase_command(turn, error);
	case HG_CMD_BLOCK:
		return hg_block_command(turn, error);
	case HG_CMD_TOKEN:
		return hg_token_make(turn, error);
	case HG_CMD_TOKEN_REVOKE:
		return hg_token_revoke(turn, error);
	case HG_CMD_TOKEN_USED:
		return hg_token_used(turn, error);
	case HG_CMD_TICKET_RETRY:
		return hg_ticket_retry(turn, error);
	case HG_CMD_RELINK:
		return hg_ticket_relink(turn, error);
	case HG_CMD_JOIN:
		return join_thread(turn, error);
	case HG_CMD_IMPORT:
		return hg_import(turn, error);
	case HG_CMD_NOISE:
		return hg_noise_command(turn, error);
	case HG_CMD_BARRIER:
	case HG_CMD_AUDIT:
		return TRUE;
	default:
		return hg_fail(error, HG_ERROR_BROKEN, "command %d is not known", turn->command->kind);
	}
}

static gboolean act_and_tell(hg_turn *turn, GError **error)
{
	return act(turn, error) && hg_audit_write(turn, error);
}

gboolean hg_act(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	const char *principal = command->principal ?: "";

	if (!command->idem_key)
		return act_and_tell(turn, error);
	if (!hg_store_idem_begin(turn->store, turn->arena, principal, command->idem_key, command->idem_print,
				 turn->now_ms, &turn->answer, error))
		return FALSE;
	/* The same call again: the same answer, and nothing is done twice. */
	if (turn->answer)
		return TRUE;
	if (!act_and_tell(turn, error))
		return FALSE;
	/* Tried again, it may be allowed by then. */
	if (turn->refused)
		return hg_store_idem_forget(turn->store, principal, command->idem_key, error);
	if (!turn->answer)
		turn->answer = "{}";
	return hg_store_idem_answer(turn->store, principal, command->idem_key, turn->answer, error);
}
