/* drop.c - conversations that were closed unresolved and that no helpdesk took over */
#include "turn.h"

#define DROP_MS (5 * 60 * 1000)		/* how long a helpdesk has to take it over */

gboolean hg_drop_watch(hg_turn *turn, const hg_case *kase, GError **error)
{
	if (kase->thread->resolution != HG_RES_UNRESOLVED || kase->thread->shadow)
		return TRUE;
	return hg_timer_set(turn, kase->thread->n, "drop", turn->now_ms + DROP_MS, NULL, error);
}

/* A function of what is stored: however late the timer is, it comes to the same. */
static gboolean is_drop(const hg_case *kase)
{
	const hg_episode *row = kase->episode;

	if (!row || row->dropped_ms || kase->thread->state == HG_THREAD_OPEN ||
	    row->resolution != HG_RES_UNRESOLVED)
		return FALSE;
	return !kase->ticket || !kase->ticket->acked_ms || kase->ticket->acked_ms > row->closed_ms + DROP_MS;
}

gboolean hg_drop_due(hg_turn *turn, hg_case *kase, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);
	hg_episode *row;

	if (!hg_case_ticket(turn, kase, error) || !hg_episode_last(turn, kase, error))
		return FALSE;
	if (!is_drop(kase))
		return TRUE;
	row = kase->episode;
	row->dropped_ms = row->closed_ms + DROP_MS;
	row->restored_ms = kase->ticket ? kase->ticket->acked_ms : 0;
	kase->episode_changed = TRUE;
	hg_warn(&ctx, "drop.detected", "closed unresolved and no helpdesk had it within 5 minutes: %s",
		kase->ticket ? "its ticket was not acknowledged" : "no rule made a ticket of it");
	return hg_event_tell(turn, kase, &(struct hg_payload){ .type = "drop.detected",
		.reason = kase->ticket ? "ticket not acknowledged" : "no ticket" }, error);
}
