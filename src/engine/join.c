/* join.c - a conversation that is no ticket becomes part of another one's ticket, by hand
 *
 * Messages stay where they were said.  The other's helpdesks hear them in order, as they hear what is said there, and what the
 * customer says or quotes from now on is led there: the key of the one that ended names it. */
#include "turn.h"

#include <string.h>

#define MESSAGES_MAX 500	/* of one conversation: with more somebody makes a ticket of its own */

gboolean hg_thread_is_joined(const hg_thread *thread)
{
	return g_str_has_prefix(thread->key, HG_JOINED_KEY);
}

gboolean hg_join_follow(hg_turn *turn, hg_thread *thread, hg_thread **ret, GError **error)
{
	hg_thread *into;

	*ret = thread;
	if (!hg_thread_is_joined(thread))
		return TRUE;
	if (!hg_store_thread_by_id(turn->store, turn->arena, thread->key + strlen(HG_JOINED_KEY), &into, error))
		return FALSE;
	/* Who was taken apart since goes his own way again. */
	if (into && into->contact_n == thread->contact_n)
		*ret = into;
	return TRUE;
}

gboolean hg_join_refuse(const hg_thread *thread, GError **error)
{
	return !hg_thread_is_joined(thread) || hg_fail(error, HG_ERROR_STATE, "thread %s was joined into %s: go on there",
						       thread->id, thread->key + strlen(HG_JOINED_KEY));
}

static gboolean may_leave(const hg_thread *thread, GError **error)
{
	if (!hg_join_refuse(thread, error))
		return FALSE;
	if (thread->ticket_n)
		return hg_fail(error, HG_ERROR_STATE, "thread %s has a ticket of its own: merge tickets in the helpdesk", thread->id);
	if (thread->state != HG_THREAD_OPEN)
		return hg_fail(error, HG_ERROR_STATE, "thread %s is closed: reopen it first", thread->id);
	return thread->messages <= MESSAGES_MAX || hg_fail(error, HG_ERROR_LIMIT, "thread %s has more than %d messages: make a ticket "
							   "of its own of it", thread->id, MESSAGES_MAX);
}

static gboolean may_take(const hg_case *from, const hg_case *into, GError **error)
{
	const hg_thread *thread = into->thread;

	if (thread->n == from->thread->n)
		return hg_fail(error, HG_ERROR_INPUT, "thread %s cannot be joined into itself", thread->id);
	if (from->contact->n != into->contact->n)
		return hg_fail(error, HG_ERROR_STATE, "they are conversations of two contacts, %s and %s: merge these first",
			       from->contact->id, into->contact->id);
	if (strcmp(from->thread->scope, thread->scope) != 0)
		return hg_fail(error, HG_ERROR_STATE, "they are of two scopes, %s and %s", hg_scope_shown(from->thread->scope),
			       hg_scope_shown(thread->scope));
	if (!into->ticket)
		return hg_fail(error, HG_ERROR_STATE, "thread %s has no ticket: make one of it first, then join", thread->id);
	if (!hg_ticket_is_open(into->ticket))
		return hg_fail(error, HG_ERROR_STATE, "ticket %s is closed: reopen it first", into->ticket->number);
	return !hg_requester_waits(thread) || hg_fail(error, HG_ERROR_STATE, "ticket %s waits for the customer's address: join it when "
						      "the helpdesk has the ticket", into->ticket->number);
}

/* What the customer has heard or said; what was kept and not sent, he has not, and what people took for noise is left out. */
static const char *told_as(const hg_message *message)
{
	if (message->revoked_ms || message->erased_ms || message->noise || hg_message_is_copy(message))
		return NULL;
	if (message->direction == HG_INBOUND)
		return "ticket.message";
	return message->direction == HG_OUTBOUND && message->delivery >= HG_DLV_SENT && message->delivery != HG_DLV_FAILED ?
		"message.sent" : NULL;
}

static gboolean tell_all(hg_turn *turn, const hg_thread *from, hg_case *into, guint *ret_told, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();

	*ret_told = 0;
	if (!hg_store_message_list(turn->store, turn->arena, from->last_message_n, MESSAGES_MAX, messages, error))
		return FALSE;
	for (guint left = messages->len; left; left--) {
		const hg_message *message = g_ptr_array_index(messages, left - 1);
		const char *type = told_as(message);

		if (!type)
			continue;
		if (!hg_event_tell(turn, into, &(struct hg_payload){ .type = type, .message = message }, error))
			return FALSE;
		++*ret_told;
	}
	return TRUE;
}

static gboolean end(hg_turn *turn, hg_case *from, const hg_case *into, const char *by, GError **error)
{
	hg_thread *thread = from->thread;
	g_autofree char *why = g_strdup_printf("joined into ticket %s by %s", into->ticket->number, by);
	g_autofree char *key = g_strconcat(HG_JOINED_KEY, into->thread->id, NULL);
	const char *reason = hg_arena_str(turn->arena, why);

	thread->key = hg_arena_str(turn->arena, key);
	thread->related = hg_arena_str(turn->arena, into->thread->id);
	return hg_case_line(turn, from, reason, error) && hg_thread_end(turn, from, reason, error) && hg_case_save(turn, from, error);
}

gboolean hg_join(hg_turn *turn, hg_case *ret, GError **error)
{
	const hg_command *command = turn->command;
	const char *by = command->agent ?: command->principal ?: "the API";
	g_autofree char *line = NULL;
	struct hg_ctx ctx;
	hg_case from;
	guint told;

	if (!hg_case_by_id(turn, command->thread_id, &from, error) || !hg_case_by_id(turn, command->into, ret, error) ||
	    !hg_case_ticket(turn, ret, error) || !may_leave(from.thread, error) || !may_take(&from, ret, error) ||
	    !end(turn, &from, ret, by, error))
		return FALSE;
	/* Anew: they are of one contact, which the end may have changed. */
	if (!hg_case_by_id(turn, command->into, ret, error) || !hg_case_ticket(turn, ret, error) ||
	    !tell_all(turn, from.thread, ret, &told, error))
		return FALSE;
	ctx = HG_CTX(NULL, "thread", from.thread->id);
	hg_info(&ctx, "thread.joined", "into %s, with %u messages, by %s", ret->thread->id, told, by);
	ret->thread->last_ms = turn->now_ms;
	ret->thread_changed = TRUE;
	line = g_strdup_printf("%u message%s of another conversation (%s) joined this ticket, by %s.", told, told == 1 ? "" : "s",
			       from.thread->id, by);
	return hg_case_line(turn, ret, hg_arena_str(turn->arena, line), error);
}
