/* solved.c - the customer says that it is solved: nobody waits any more, and after a quiet time it is over */
#include "turn.h"

gboolean hg_solved(hg_turn *turn, hg_case *kase, GError **error)
{
	const hg_thread *thread = kase->thread;

	/* Also of what has ended: a late word about how it did. */
	if (!hg_episode_confirmed(turn, kase, error) || !hg_wait_content(turn, kase, error))
		return FALSE;
	/* A ticket is closed by its helpdesk, which hears what was said. */
	if (thread->state != HG_THREAD_OPEN || thread->ticket_n)
		return TRUE;
	return hg_timer_set(turn, thread->n, "quiet", turn->now_ms + turn->conf->engine.quiet_close_ms, NULL, error);
}

gboolean hg_solved_not(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!kase->thread->ep_confirmed_ms)
		return TRUE;
	kase->thread->ep_confirmed_ms = 0;
	kase->thread_changed = TRUE;
	return hg_store_timer_clear(turn->store, kase->thread->n, "quiet", error);
}

gboolean hg_solved_due(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->thread->state != HG_THREAD_OPEN || kase->thread->ticket_n || !kase->thread->ep_confirmed_ms)
		return TRUE;
	return hg_thread_close(turn, kase, HG_RES_RESOLVED, "the customer said that it is solved", error);
}
