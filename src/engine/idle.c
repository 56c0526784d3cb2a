/* idle.c - a conversation in which nothing happens any more ends, and how */
#include "turn.h"

/* A person answered, and the customer had nothing more to say: a question and its answer are no matter
 * for a ticket.  Where a bot had the last word nobody knows. */
static gboolean answered(hg_turn *turn, const hg_case *kase, gboolean *ret, GError **error)
{
	gint64 since_ms = 0;

	*ret = FALSE;
	if (!kase->thread->ep_human)
		return TRUE;
	if (!hg_case_waiting(turn, kase, TRUE, &since_ms, error))
		return FALSE;
	*ret = !since_ms;
	return TRUE;
}

static gboolean end(hg_turn *turn, hg_case *kase, GError **error)
{
	gboolean done;

	if (!answered(turn, kase, &done, error))
		return FALSE;
	return done ? hg_thread_close(turn, kase, HG_RES_RESOLVED, "idle: answered, and no reply since", error) :
		      hg_thread_close(turn, kase, HG_RES_UNRESOLVED, "idle", error);
}

/* The timer is set once when a thread opens, not with each message: it looks whether it came too early. */
gboolean hg_idle_due(hg_turn *turn, hg_case *kase, GError **error)
{
	gint64 due_ms = kase->thread->last_ms + turn->conf->engine.idle_close_ms;
	struct hg_judged judged;
	gboolean noise;

	if (kase->thread->state != HG_THREAD_OPEN)
		return TRUE;
	if (due_ms > turn->now_ms)
		return hg_timer_set(turn, kase->thread->n, "idle", due_ms, NULL, error);
	if (kase->thread->ep_confirmed_ms)
		return hg_solved_due(turn, kase, error);
	if (!hg_noise_only(turn, kase, &noise, error))
		return FALSE;
	if (noise)
		return hg_thread_close(turn, kase, HG_RES_RESOLVED, kase->thread->inbound ? "idle: nothing but small talk" :
				       "idle: the customer did not answer", error);
	if (!hg_judge(turn, kase, &(struct hg_asked){ .event = HG_ON_IDLE }, &judged, error) ||
	    !hg_judge_apply(turn, kase, &judged, error))
		return FALSE;
	if (judged.verdict.action == HG_ACT_CONVERT &&
	    (!hg_judge_keep(turn, kase, &judged, "convert", NULL, error) ||
	     !hg_convert_by_verdict(turn, kase, &judged, error)))
		return FALSE;
	return kase->thread->ticket_n || end(turn, kase, error);
}
