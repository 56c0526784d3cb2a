/* convert.c - a thread becomes a ticket, once */
#include "turn.h"

#include <string.h>

#include "json.h"
#include "queues.h"

#define SHADOW_NUMBER "SHADOW-%d"	/* of tickets on trial */

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

/* What neither rule nor agent said, the channel the customer wrote on says. */
static const struct hg_ticket_defaults *defaults_of(const hg_turn *turn, const hg_case *kase)
{
	static const struct hg_ticket_defaults none;
	const char *channel = kase->thread->channel;
	const struct hg_channel_conf *conf = channel ? hg_conf_channel(turn->conf, channel) : NULL;

	return conf ? &conf->ticket : &none;
}

/* An agent who made the ticket works on it already; what a rule made is nobody's yet. */
static const char *status_of(hg_turn *turn, const struct hg_conversion *how, const struct hg_ticket_defaults *defaults)
{
	const char *by_agent = turn->conf->ticket.status_by_agent;

	if (how->status && *how->status)
		return how->status;
	if (how->agent && by_agent && *by_agent)
		return by_agent;
	return defaults->status;
}

/* Fields the channel's tickets have, where nothing has set them. */
static void add_custom(hg_turn *turn, hg_case *kase, char *const *custom)
{
	g_autoptr(GArray) sets = g_array_new(FALSE, FALSE, sizeof(struct hg_set));
	const char *old = kase->thread->fields;
	g_autoptr(json_object) fields = old && custom ? hg_json_parse(old, strlen(old), NULL, NULL) : NULL;

	for (; custom && *custom; custom += 2)
		if (!json_object_object_get_ex(fields, custom[0], NULL))
			g_array_append_val(sets, ((struct hg_set){ custom[0], custom[1] }));
	if (sets->len)
		hg_marks_set(turn, kase, sets, NULL);
}

/* What the conversion says, else a field of that name that a rule or the API has set before. */
static const char *word_of(hg_turn *turn, const hg_case *kase, const char *said, const char *field)
{
	return said && *said ? said : hg_fill_field(turn, kase->thread->fields, field);
}

/* Who has it without being looked for: whoever the conversion names, made it, or had the thread before. */
static const char *owner_of(const hg_case *kase, const struct hg_conversion *how)
{
	return how->assignee ?: how->agent ?: kase->thread->assignee;
}

static void route(hg_case *kase, const struct hg_conversion *how, const struct hg_ticket_defaults *defaults)
{
	hg_thread *thread = kase->thread;

	thread->queue = how->queue ?: thread->queue ?: defaults->queue;
	thread->skill = how->skill ?: thread->skill;
	kase->thread_changed = TRUE;
}

static gboolean add_ticket(hg_turn *turn, hg_case *kase, const struct hg_conversion *how,
			   const struct hg_assigned *assigned, GError **error)
{
	const struct hg_ticket_defaults *defaults = defaults_of(turn, kase);
	const hg_thread *thread = kase->thread;
	hg_ticket *ticket = hg_arena_alloc(turn->arena, sizeof(*ticket));
	const char *requester;

	if (!hg_requester_find(turn, kase, &requester, error))
		return FALSE;
	*ticket = (hg_ticket){
		.thread_n = thread->n, .state = HG_TICKET_REQUESTED, .subject = subject_of(turn, kase, how),
		.priority = word_of(turn, kase, how->priority, "priority") ?: defaults->priority,
		.category = word_of(turn, kase, how->category, "category") ?: defaults->category,
		.type = word_of(turn, kase, how->type, "type") ?: defaults->type,
		.reason = how->reason, .agent = how->agent, .queue = thread->queue, .skill = thread->skill,
		.status = status_of(turn, how, defaults), .routed = assigned->why,
		.assignee = assigned->agent ? hg_arena_str(turn->arena, assigned->agent->id) :
			hg_assign_name(turn, thread->queue, owner_of(kase, how) ?: defaults->assignee),
		.requester = requester, .created_ms = turn->now_ms, .changed_ms = turn->now_ms, .shadow = thread->shadow,
	};
	add_custom(turn, kase, defaults->custom);
	hg_id_new(turn->engine->env, "tkt", ticket->id);
	if (!hg_store_ticket_add(turn->store, turn->arena, ticket,
				 thread->shadow ? SHADOW_NUMBER : turn->conf->ticket.number ?: "TK-%d",
				 thread->shadow ? 1 : turn->conf->ticket.first_number, error))
		return FALSE;
	kase->ticket = ticket;
	kase->thread->ticket_n = ticket->n;
	kase->thread->assignee = ticket->assignee;
	kase->thread->converted_ms = turn->now_ms;
	/* Conversion closes the chat; one that was closed before keeps that time, for clocks run from it. */
	if (!kase->thread->closed_ms)
		kase->thread->closed_ms = turn->now_ms;
	kase->thread->held = FALSE;
	kase->thread_changed = TRUE;
	if (!thread->shadow) {
		kase->contact->last_ticket_ms = turn->now_ms;
		kase->contact_changed = TRUE;
		turn->count.tickets++;
	}
	return hg_thread_move(kase->thread, HG_THREAD_CONVERTED, error) && hg_episode_converted(turn, kase, error);
}

static gboolean system_line(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error)
{
	g_autofree char *text = g_strdup_printf("Ticket %s was made of this conversation (%s).",
						kase->ticket->number, how->reason);

	return hg_case_line(turn, kase, hg_arena_str(turn->arena, text), error);
}

gboolean hg_convert_request(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error)
{
	const char *language;
	char key[HG_KEY_SIZE];

	if (!hg_speak_language(turn, kase, &language, error))
		return FALSE;
	hg_event_key(turn, (const char *const[]){ "ticket.requested", kase->thread->id, kase->ticket->id, NULL }, key);
	return hg_event_tell(turn, kase, &(struct hg_payload){
			.type = "ticket.requested", .decision = how->decision, .reason = how->reason,
			.language = language, .idempotency_key = key }, error);
}

gboolean hg_convert(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error)
{
	struct hg_assigned assigned;
	gboolean asked;

	if (kase->thread->ticket_n)
		return hg_case_ticket(turn, kase, error);
	route(kase, how, defaults_of(turn, kase));
	if (!hg_ask_cancel(turn, kase, error) ||
	    !hg_assign(turn, kase, owner_of(kase, how), &assigned, error) ||
	    !add_ticket(turn, kase, how, &assigned, error))
		return FALSE;
	if (!hg_requester_ask(turn, kase, how->decision, &asked, error))
		return FALSE;
	/* The lines stand behind the request: its transcript is what was said. */
	return (asked || hg_requester_send(turn, kase, how->decision, error)) && system_line(turn, kase, how, error) &&
	       hg_assign_tell(turn, kase, &assigned, error) &&
	       (asked || (hg_confirm_plan(turn, kase, error) && hg_ask_rating(turn, kase, "converted", error)));
}

gboolean hg_convert_by_verdict(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error)
{
	const struct hg_verdict *verdict = &judged->verdict;
	const struct hg_filling with = { .facts = &judged->facts, .rule = verdict->rule };
	g_autofree char *reason = g_strconcat("rule ", verdict->rule ?: "?", NULL);
	const char *subject;

	if (!hg_fill_line(turn, kase, &with, verdict->subject, &subject, error))
		return FALSE;
	return hg_convert(turn, kase, &(struct hg_conversion){
		.reason = hg_arena_str(turn->arena, reason), .priority = verdict->priority,
		.category = verdict->category, .type = verdict->type, .subject = subject,
		.assignee = verdict->assignee, .status = verdict->status,
		.decision = &judged->decision }, error);
}

gboolean hg_convert_judged(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, const char *otherwise,
			   GError **error)
{
	if (judged->verdict.action == HG_ACT_CONVERT)
		return hg_convert_by_verdict(turn, kase, judged, error);
	return hg_convert(turn, kase, &(struct hg_conversion){ .reason = otherwise,
							       .decision = &judged->decision }, error);
}
