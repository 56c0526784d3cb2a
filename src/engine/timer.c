/* timer.c - what happens without anybody saying something; kept in the store, done once */
#include "turn.h"

#include <string.h>

gboolean hg_timer_set(hg_turn *turn, gint64 thread_n, const char *kind, gint64 due_ms, const char *data,
		      GError **error)
{
	turn->engine->timer_due_ms = MIN(turn->engine->timer_due_ms, due_ms);
	return hg_store_timer_set(turn->store, &(hg_timer){ thread_n, kind, due_ms, data }, error);
}

static gboolean by_default(hg_turn *turn, hg_case *kase, struct hg_judged *judged, GError **error)
{
	int fallback = hg_judge_default(turn);

	if (fallback == HG_ACT_HOLD)
		return hg_judge_keep(turn, kase, judged, "hold", NULL, error) &&
		       hg_thread_hold(turn, kase, NULL, error);
	if (fallback == HG_ACT_IGNORE)
		return hg_judge_keep(turn, kase, judged, "ignore", NULL, error);
	return hg_judge_keep(turn, kase, judged, "convert", NULL, error) &&
	       hg_convert_judged(turn, kase, judged, "default", error);
}

/* Undecided for long enough: the rules are asked once more, then the default decides. */
static gboolean decide(hg_turn *turn, hg_case *kase, GError **error)
{
	struct hg_judged judged;
	gint64 since_ms;

	if (kase->thread->state != HG_THREAD_OPEN || kase->thread->ticket_n || kase->thread->ep_confirmed_ms)
		return TRUE;
	if (!hg_case_waiting(turn, kase, TRUE, &since_ms, error))
		return FALSE;
	if (!since_ms)
		return TRUE;	/* an agent has it */
	if (!hg_judge(turn, kase, &(struct hg_asked){ .event = HG_ON_SETTLE }, &judged, error) ||
	    !hg_judge_apply(turn, kase, &judged, error))
		return FALSE;
	switch (judged.verdict.action) {
	case HG_ACT_CONVERT:
		return hg_judge_keep(turn, kase, &judged, "convert", NULL, error) &&
		       hg_convert_by_verdict(turn, kase, &judged, error);
	case HG_ACT_HOLD:
		return hg_judge_keep(turn, kase, &judged, "hold", NULL, error) &&
		       hg_thread_hold(turn, kase, &judged.verdict, error);
	case HG_ACT_IGNORE:
	case HG_ACT_JOIN:
		return hg_judge_keep(turn, kase, &judged, "ignore", NULL, error);
	default:
		return by_default(turn, kase, &judged, error);
	}
}

static gboolean settle(hg_turn *turn, hg_case *kase, GError **error)
{
	return decide(turn, kase, error) && hg_thread_watch(turn, kase, error);
}

typedef gboolean timer_fn(hg_turn *turn, hg_case *kase, GError **error);

static timer_fn *handler_of(const char *kind)
{
	static const struct { const char *kind; timer_fn *fn; } kinds[] = {
		{ "settle", settle }, { "idle", hg_idle_due },
		{ "confirm", hg_confirm_due }, { "quiet", hg_solved_due }, { "drop", hg_drop_due },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].fn;
	return NULL;
}

/* What was said before the time was over and waits for hooks is judged first; put off once, so that a customer who
 * goes on talking puts nothing off for ever. */
static gboolean wait_for_said(hg_turn *turn, const hg_case *kase, const hg_timer *timer, gboolean *ret_again,
			      GError **error)
{
	gint64 until_ms = 0;

	if (timer->data || turn->engine->waiting_due_ms == G_MAXINT64)
		return TRUE;
	if (!hg_store_waiting_until(turn->store, kase->contact->n, timer->due_ms, &until_ms, error))
		return FALSE;
	*ret_again = until_ms > turn->now_ms;
	return !*ret_again || hg_timer_set(turn, timer->thread_n, timer->kind, until_ms, "put off", error);
}

gboolean hg_timer_act(hg_turn *turn, const hg_timer *timer, GError **error)
{
	timer_fn *fn = handler_of(timer->kind);
	gboolean again = FALSE;
	hg_case kase;

	if (hg_retain_is(timer->kind))
		return hg_retain_due(turn, error);
	if (hg_erase_is(timer->kind))
		return hg_erase_due(turn, timer, error);
	if (!hg_store_timer_clear(turn->store, timer->thread_n, timer->kind, error) ||
	    !hg_case_load(turn, timer->thread_n, &kase, error))
		return FALSE;
	if (g_str_has_prefix(timer->kind, "unknown:"))
		return hg_unknown_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (strcmp(timer->kind, "first_response") == 0)
		return hg_hold_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (hg_wait_is(timer->kind))
		return hg_wait_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (hg_unseen_is(timer->kind))
		return hg_unseen_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (hg_ask_is(timer->kind))
		return hg_ask_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (strcmp(timer->kind, "settle") == 0 && !wait_for_said(turn, &kase, timer, &again, error))
		return FALSE;
	if (again)
		return TRUE;
	if (!fn)
		return hg_fail(error, HG_ERROR_BROKEN, "nothing is done at a timer \"%s\"", timer->kind);
	return fn(turn, &kase, error) && hg_case_save(turn, &kase, error);
}
