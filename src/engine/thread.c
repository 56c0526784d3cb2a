/* thread.c - threads begin, end and begin again */
#include "turn.h"

#include <string.h>

gboolean hg_thread_open(hg_turn *turn, hg_case *kase, const char *scope, const char *key, GError **error)
{
	hg_thread *thread = hg_arena_alloc(turn->arena, sizeof(*thread));

	hg_id_new(turn->engine->env, "thr", thread->id);
	thread->contact_n = kase->contact->n;
	thread->scope = scope;
	thread->shadow = g_str_has_prefix(scope, HG_SHADOW_SCOPE);
	thread->key = key ?: thread->id;
	thread->state = HG_THREAD_OPEN;
	thread->opened_ms = thread->last_ms = turn->now_ms;
	kase->thread = thread;
	hg_episode_begin(turn, kase);
	return hg_store_thread_add(turn->store, thread, error);
}

/* One timer at a time is enough: while "settle" runs nothing can be idle yet, and a ticket's thread
 * is closed by its helpdesk. */
gboolean hg_thread_watch(hg_turn *turn, const hg_case *kase, GError **error)
{
	if (kase->thread->state != HG_THREAD_OPEN)
		return TRUE;
	return hg_timer_set(turn, kase->thread->n, "idle", turn->now_ms + turn->conf->engine.idle_close_ms, NULL,
			    error);
}

/* Another thread of the contact may have been opened meanwhile; one begun again beside it goes by
 * a key of its own. */
gboolean hg_thread_make_room(hg_turn *turn, hg_case *kase, GError **error)
{
	g_autoptr(GPtrArray) others = g_ptr_array_new();
	hg_thread *thread = kase->thread;

	if (!hg_store_thread_of(turn->store, turn->arena, thread->contact_n, thread->scope, thread->key, 8, others,
				error))
		return FALSE;
	for (guint i = 0; i < others->len; i++) {
		const hg_thread *other = g_ptr_array_index(others, i);

		if (other->n != thread->n && other->state == HG_THREAD_OPEN) {
			thread->key = thread->id;
			break;
		}
	}
	return TRUE;
}

static gboolean ticket_reopen(hg_turn *turn, hg_case *kase, const char *reason, GError **error)
{
	if (hg_ticket_is_open(kase->ticket))
		return TRUE;
	if (!hg_ticket_move(kase->ticket, HG_TICKET_OPEN, error))
		return FALSE;
	kase->ticket->changed_ms = turn->now_ms;
	kase->ticket_changed = TRUE;
	return hg_event_tell(turn, kase, &(struct hg_payload){ .type = "ticket.reopened", .reason = reason }, error);
}

gboolean hg_thread_reopen(hg_turn *turn, hg_case *kase, const char *reason, GError **error)
{
	hg_thread *thread = kase->thread;
	int to;

	if (!hg_case_ticket(turn, kase, error))
		return FALSE;
	to = kase->ticket ? HG_THREAD_CONVERTED : HG_THREAD_OPEN;
	if (thread->state == to)
		return TRUE;
	if (!hg_ask_cancel(turn, kase, error))
		return FALSE;
	if ((to == HG_THREAD_OPEN && !hg_thread_make_room(turn, kase, error)) || !hg_thread_move(thread, to, error))
		return FALSE;
	thread->reopened = TRUE;
	thread->resolution = HG_RES_UNKNOWN;
	thread->closed_ms = to == HG_THREAD_CONVERTED ? thread->converted_ms : 0;
	kase->thread_changed = TRUE;
	if (to == HG_THREAD_OPEN) {
		if (!hg_episode_goes_on(turn, kase, error))
			return FALSE;
		hg_episode_begin(turn, kase);
	}
	if (!hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.reopened", .reason = reason }, error))
		return FALSE;
	return kase->ticket ? ticket_reopen(turn, kase, reason, error) : hg_thread_watch(turn, kase, error);
}

/* What the rules make of the end: a ticket after all, or nothing. */
static gboolean judge_end(hg_turn *turn, hg_case *kase, GError **error)
{
	return kase->thread->ticket_n ||
	       hg_listen_always(turn, kase, &(struct hg_asked){ .event = HG_ON_CLOSED }, NULL, error);
}

gboolean hg_thread_close(hg_turn *turn, hg_case *kase, int resolution, const char *reason, GError **error)
{
	hg_thread *thread = kase->thread;
	gboolean noise = FALSE;

	if (thread->noise && !thread->ticket_n && !hg_noise_only(turn, kase, &noise, error))
		return FALSE;
	/* People say that nothing was said: there is nothing to be judged, asked about or dropped. */
	if (noise)
		return hg_thread_end(turn, kase, reason, error);
	if (!hg_ask_cancel(turn, kase, error) || !hg_thread_move(thread, HG_THREAD_CLOSED, error))
		return FALSE;
	thread->resolution = resolution;
	thread->closed_ms = turn->now_ms;
	thread->held = FALSE;
	kase->thread_changed = TRUE;
	if (!hg_episode_closed(turn, kase, error) ||
	    !hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.closed", .reason = reason }, error) ||
	    !judge_end(turn, kase, error))
		return FALSE;
	if (thread->state == HG_THREAD_CLOSED &&
	    (!hg_wait_over(turn, kase, error) ||
	     !hg_ask_rating(turn, kase, thread->ticket_n ? "solved" : "closed", error)))
		return FALSE;
	return hg_drop_watch(turn, kase, error);
}

gboolean hg_thread_end(hg_turn *turn, hg_case *kase, const char *reason, GError **error)
{
	hg_thread *thread = kase->thread;

	if (!hg_ask_cancel(turn, kase, error) || !hg_thread_move(thread, HG_THREAD_CLOSED, error))
		return FALSE;
	thread->resolution = HG_RES_RESOLVED;
	thread->closed_ms = turn->now_ms;
	thread->held = FALSE;
	kase->thread_changed = TRUE;
	return hg_episode_closed(turn, kase, error) && hg_wait_over(turn, kase, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.closed", .reason = reason }, error);
}
