/* convert.c - a thread becomes a ticket, once; the customer is told its number, once */
#include "turn.h"

#include <string.h>

static const char *subject_of(hg_turn *turn, const hg_case *kase, const struct hg_conversion *how)
{
	g_autofree char *made = NULL;

	if (how->subject && *how->subject)
		return how->subject;
	if (kase->thread->subject && *kase->thread->subject)
		return kase->thread->subject;
	made = g_strconcat("Chat with ", kase->contact->name ?: kase->thread->reply_to ?: "a customer", NULL);
	return hg_arena_str(turn->arena, made);
}

static gboolean add_ticket(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error)
{
	hg_ticket *ticket = hg_arena_alloc(turn->arena, sizeof(*ticket));

	*ticket = (hg_ticket){
		.thread_n = kase->thread->n, .state = HG_TICKET_REQUESTED, .subject = subject_of(turn, kase, how),
		.priority = how->priority, .category = how->category, .type = how->type, .reason = how->reason,
		.agent = how->agent, .created_ms = turn->now_ms, .changed_ms = turn->now_ms,
	};
	hg_id_new(turn->engine->env, "tkt", ticket->id);
	if (!hg_store_ticket_add(turn->store, turn->arena, ticket, turn->conf->ticket.number ?: "TK-%d",
				 turn->conf->ticket.first_number, error))
		return FALSE;
	kase->ticket = ticket;
	kase->thread->ticket_n = ticket->n;
	kase->thread->converted_ms = turn->now_ms;
	kase->thread->held = FALSE;
	kase->thread_changed = TRUE;
	turn->count.tickets++;
	return hg_thread_move(kase->thread, HG_THREAD_CONVERTED, error);
}

static gboolean system_line(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error)
{
	g_autofree char *text = g_strdup_printf("Ticket %s was made of this conversation (%s).",
						kase->ticket->number, how->reason);

	return hg_case_line(turn, kase, hg_arena_str(turn->arena, text), error);
}

static gboolean plan_confirmation(hg_turn *turn, const hg_case *kase, GError **error)
{
	gint64 wait_ms = turn->conf->backends->len ? turn->conf->ticket.confirm_wait_ms : 0;

	if (!turn->conf->ticket.confirm || !*turn->conf->ticket.confirm || !kase->thread->channel)
		return TRUE;
	return hg_timer_set(turn, kase->thread->n, "confirm", turn->now_ms + wait_ms, NULL, error);
}

gboolean hg_convert(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error)
{
	char key[HG_KEY_SIZE];

	if (kase->thread->ticket_n)
		return hg_case_ticket(turn, kase, error);
	if (!add_ticket(turn, kase, how, error))
		return FALSE;
	hg_event_key(turn, (const char *const[]){ "ticket.requested", kase->thread->id, kase->ticket->id, NULL }, key);
	return hg_event_tell(turn, kase, &(struct hg_payload){
			.type = "ticket.requested", .decision = how->decision, .reason = how->reason,
			.idempotency_key = key }, error) &&
	       /* Behind the request: its transcript is what was said. */
	       system_line(turn, kase, how, error) && plan_confirmation(turn, kase, error);
}

gboolean hg_convert_by_verdict(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error)
{
	const struct hg_verdict *verdict = &judged->verdict;
	g_autofree char *reason = g_strconcat("rule ", verdict->rule ?: "?", NULL);

	return hg_convert(turn, kase, &(struct hg_conversion){
		.reason = hg_arena_str(turn->arena, reason), .priority = verdict->priority,
		.category = verdict->category, .type = verdict->type, .subject = verdict->subject,
		.decision = &judged->decision }, error);
}

gboolean hg_confirm(hg_turn *turn, hg_case *kase, const char *number, GError **error)
{
	const char *pattern = turn->conf->ticket.confirm;
	g_autoptr(GString) text = NULL;

	if (!hg_case_ticket(turn, kase, error))
		return FALSE;
	if (!kase->ticket || kase->ticket->confirmed || !pattern || !*pattern || !kase->thread->channel)
		return TRUE;
	kase->ticket->confirmed = TRUE;
	kase->ticket_changed = TRUE;
	text = g_string_new(pattern);
	g_string_replace(text, "${number}", number ?: kase->ticket->number, 0);
	return hg_store_timer_clear(turn->store, kase->thread->n, "confirm", error) &&
	       hg_reply_automatic(turn, kase, HG_BY_GATEWAY, NULL, hg_arena_str(turn->arena, text->str), error);
}

gboolean hg_confirm_due(hg_turn *turn, hg_case *kase, GError **error)
{
	return hg_confirm(turn, kase, NULL, error);
}
