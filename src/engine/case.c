/* case.c - a conversation's rows: read once in a turn, changed in memory, written back once */
#include "turn.h"

#include <string.h>

#define MERGES_MAX 8		/* contacts merged into merged ones */
#define ANSWER_LOOK_BACK 50	/* messages looked through for who spoke last */

gboolean hg_case_contact(hg_turn *turn, gint64 n, hg_contact **ret, GError **error)
{
	for (int i = 0; i < MERGES_MAX; i++) {
		if (!hg_store_contact_get(turn->store, turn->arena, n, ret, error))
			return FALSE;
		if (!*ret || !(*ret)->merged_into)
			break;
		n = (*ret)->merged_into;
	}
	return *ret || hg_fail(error, HG_ERROR_BROKEN, "contact %" G_GINT64_FORMAT " is not in the store", n);
}

static gboolean fill(hg_turn *turn, hg_thread *thread, hg_case *ret, GError **error)
{
	memset(ret, 0, sizeof(*ret));
	ret->thread = thread;
	return hg_case_contact(turn, thread->contact_n, &ret->contact, error);
}

gboolean hg_case_load(hg_turn *turn, gint64 thread_n, hg_case *ret, GError **error)
{
	hg_thread *thread;

	if (!hg_store_thread_get(turn->store, turn->arena, thread_n, &thread, error))
		return FALSE;
	if (!thread)
		return hg_fail(error, HG_ERROR_MISSING, "thread %" G_GINT64_FORMAT " is not in the store", thread_n);
	return fill(turn, thread, ret, error);
}

gboolean hg_case_by_id(hg_turn *turn, const char *thread_id, hg_case *ret, GError **error)
{
	hg_thread *thread = NULL;

	if (thread_id && hg_id_is(thread_id, "thr") &&
	    !hg_store_thread_by_id(turn->store, turn->arena, thread_id, &thread, error))
		return FALSE;
	if (!thread)
		return hg_fail(error, HG_ERROR_MISSING, "there is no thread %.60s", thread_id ?: "without an id");
	if (hg_import_is_history(thread))
		return hg_fail(error, HG_ERROR_STATE, "thread %s is history from elsewhere: it can only be read", thread_id);
	return fill(turn, thread, ret, error);
}

static gboolean find_ticket(hg_turn *turn, const char *ref, const char *backend, hg_ticket **ret, GError **error)
{
	*ret = NULL;
	if (hg_id_is(ref, "tkt"))
		return hg_store_ticket_by_id(turn->store, turn->arena, ref, ret, error);
	if (!hg_store_ticket_by_number(turn->store, turn->arena, ref, ret, error))
		return FALSE;
	return *ret || hg_store_ticket_by_link(turn->store, turn->arena, backend, ref, ret, error);
}

gboolean hg_case_by_ticket(hg_turn *turn, const char *ref, const char *backend, hg_case *ret, GError **error)
{
	hg_ticket *ticket = NULL;

	if (ref && *ref && !find_ticket(turn, ref, backend, &ticket, error))
		return FALSE;
	if (!ticket)
		return hg_fail(error, HG_ERROR_MISSING, "there is no ticket %.60s", ref ?: "without a name");
	if (!hg_case_load(turn, ticket->thread_n, ret, error))
		return FALSE;
	ret->ticket = ticket;
	return TRUE;
}

gboolean hg_case_ticket(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->ticket || !kase->thread || !kase->thread->ticket_n)
		return TRUE;
	return hg_store_ticket_get(turn->store, turn->arena, kase->thread->ticket_n, &kase->ticket, error);
}

gboolean hg_ticket_is_open(const hg_ticket *ticket)
{
	return ticket && ticket->state <= HG_TICKET_PENDING;
}

/* Before the thread, which names it. */
static gboolean save_episode(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!kase->episode_changed)
		return TRUE;
	if (kase->episode->n)
		return hg_store_episode_update(turn->store, kase->episode, error);
	if (!hg_store_episode_add(turn->store, kase->episode, error))
		return FALSE;
	kase->thread->episode_n = kase->episode->n;
	kase->thread_changed = TRUE;
	return TRUE;
}

static gboolean save_tags(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!kase->tags_changed)
		return TRUE;
	kase->tags_changed = FALSE;
	return hg_store_thread_tags(turn->store, kase->thread->n, hg_marks_list(turn, kase->tags_were),
				    hg_marks_list(turn, kase->thread->tags), error);
}

gboolean hg_case_save(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->contact_changed && !hg_store_contact_update(turn->store, kase->contact, error))
		return FALSE;
	if (kase->ticket_changed && !hg_store_ticket_update(turn->store, kase->ticket, error))
		return FALSE;
	if (!save_episode(turn, kase, error) || !save_tags(turn, kase, error) ||
	    (kase->thread_changed && !hg_store_thread_update(turn->store, kase->thread, error)))
		return FALSE;
	kase->contact_changed = kase->ticket_changed = kase->thread_changed = kase->episode_changed = FALSE;
	return TRUE;
}

/* Which conversations are a visitor's follows from this alone. */
static gboolean note_visit(hg_turn *turn, const hg_message *message, GError **error)
{
	return !hg_visitor_is(message->address) || message->direction == HG_NOTE ||
	       hg_store_visit_add(turn->store, message->address, message->thread_n, error);
}

gboolean hg_case_say(hg_turn *turn, hg_case *kase, hg_message *message, GError **error)
{
	hg_thread *thread = kase->thread;

	hg_id_new(turn->engine->env, "msg", message->id);
	message->thread_n = thread->n;
	message->prev_n = thread->last_message_n;
	if (!message->at_ms)
		message->at_ms = turn->now_ms;
	if (!message->text)
		message->text = "";
	if (!hg_store_message_add(turn->store, message, error) || !note_visit(turn, message, error))
		return FALSE;
	thread->last_message_n = message->n;
	thread->messages++;
	thread->inbound += message->direction == HG_INBOUND;
	thread->outbound += message->direction == HG_OUTBOUND;
	thread->last_ms = turn->now_ms;
	thread->forgotten = 0;
	kase->thread_changed = TRUE;
	return TRUE;
}

gboolean hg_case_line(hg_turn *turn, hg_case *kase, const char *text, GError **error)
{
	hg_message line = {
		.direction = HG_SYSTEM_LINE, .author = HG_BY_GATEWAY, .kind = HG_SYSTEM, .text = text,
	};

	return hg_case_say(turn, kase, &line, error);
}

static gboolean speaks_for_us(const hg_message *message, gboolean human)
{
	if (message->direction != HG_OUTBOUND)
		return FALSE;
	return message->author == HG_BY_AGENT || message->author == HG_BY_OUTSIDE ||
	       (!human && message->author == HG_BY_BOT);
}

gboolean hg_case_waiting(hg_turn *turn, const hg_case *kase, gboolean human, gint64 *ret_since_ms, GError **error)
{
	g_autoptr(GPtrArray) newest = g_ptr_array_new();

	*ret_since_ms = 0;
	if (!hg_store_message_list(turn->store, turn->arena, kase->thread->last_message_n, ANSWER_LOOK_BACK,
				   newest, error))
		return FALSE;
	for (guint i = 0; i < newest->len; i++) {
		const hg_message *message = g_ptr_array_index(newest, i);

		if (speaks_for_us(message, human))
			break;
		if (message->direction == HG_INBOUND && !message->automatic && !message->noise)
			*ret_since_ms = message->at_ms;
	}
	return TRUE;
}
