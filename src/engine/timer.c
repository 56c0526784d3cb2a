/* timer.c - what happens without anybody saying something; kept in the store, done once */
#include "turn.h"

#include <string.h>

#define IDLE_LOOK_BACK 200	/* events looked through for one that was not noise */

gboolean hg_timer_set(hg_turn *turn, gint64 thread_n, const char *kind, gint64 due_ms, const char *data,
		      GError **error)
{
	turn->engine->timer_due_ms = MIN(turn->engine->timer_due_ms, due_ms);
	return hg_store_timer_set(turn->store, &(hg_timer){ thread_n, kind, due_ms, data }, error);
}

static gboolean by_default(hg_turn *turn, hg_case *kase, struct hg_judged *judged, GError **error)
{
	const char *fallback = turn->conf->engine.fallback ?: "convert";

	if (strcmp(fallback, "hold") == 0)
		return hg_judge_keep(turn, kase, judged, "hold", NULL, error) && hg_thread_hold(turn, kase, error);
	if (strcmp(fallback, "ignore") == 0)
		return hg_judge_keep(turn, kase, judged, "ignore", NULL, error);
	return hg_judge_keep(turn, kase, judged, "convert", NULL, error) &&
	       hg_convert(turn, kase, &(struct hg_conversion){ .reason = "default",
							       .decision = &judged->decision }, error);
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
		return hg_judge_keep(turn, kase, &judged, "hold", NULL, error) && hg_thread_hold(turn, kase, error);
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

/* A held thread whose customer waits longer than first_response is a ticket, whatever held it. */
static gboolean first_response(hg_turn *turn, hg_case *kase, GError **error)
{
	gint64 since_ms, due_ms;
	struct hg_judged judged;

	if (kase->thread->state != HG_THREAD_OPEN || kase->thread->ticket_n || !kase->thread->held ||
	    kase->thread->ep_confirmed_ms)
		return TRUE;
	if (!hg_case_waiting(turn, kase, FALSE, &since_ms, error))
		return FALSE;
	if (!since_ms)
		return TRUE;
	due_ms = since_ms + turn->conf->engine.first_response_ms;
	if (due_ms > turn->now_ms)
		return hg_timer_set(turn, kase->thread->n, "first_response", due_ms, NULL, error);
	if (!hg_judge(turn, kase, &(struct hg_asked){ .event = HG_ON_FIRST_RESPONSE }, &judged, error) ||
	    !hg_judge_apply(turn, kase, &judged, error) ||
	    !hg_judge_keep(turn, kase, &judged, "convert", NULL, error))
		return FALSE;
	if (judged.verdict.action == HG_ACT_CONVERT)
		return hg_convert_by_verdict(turn, kase, &judged, error);
	return hg_convert(turn, kase, &(struct hg_conversion){ .reason = "first_response",
							       .decision = &judged.decision }, error);
}

/* Was everything the customer said noise?  Then there was nothing to resolve. */
static gboolean only_noise(hg_turn *turn, const hg_case *kase, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();

	*ret = TRUE;
	if (!hg_store_event_list(turn->store, turn->arena, kase->thread->last_event_n, IDLE_LOOK_BACK, events, error))
		return FALSE;
	for (guint i = 0; i < events->len && *ret; i++) {
		const hg_event *event = g_ptr_array_index(events, i);
		hg_decision *decision = NULL;

		if (strcmp(event->type, "message.received") != 0)
			continue;
		if (event->decision_n &&
		    !hg_store_decision_get(turn->store, turn->arena, event->decision_n, &decision, error))
			return FALSE;
		*ret = decision && strcmp(decision->action, "ignore") == 0;
	}
	return TRUE;
}

/* Set once when a thread opens, not with each message: it looks whether it came too early. */
static gboolean idle(hg_turn *turn, hg_case *kase, GError **error)
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
	if (!only_noise(turn, kase, &noise, error))
		return FALSE;
	if (noise)
		return hg_thread_close(turn, kase, HG_RES_RESOLVED, "idle", error);
	if (!hg_judge(turn, kase, &(struct hg_asked){ .event = HG_ON_IDLE }, &judged, error) ||
	    !hg_judge_apply(turn, kase, &judged, error))
		return FALSE;
	if (judged.verdict.action == HG_ACT_CONVERT &&
	    (!hg_judge_keep(turn, kase, &judged, "convert", NULL, error) ||
	     !hg_convert_by_verdict(turn, kase, &judged, error)))
		return FALSE;
	return kase->thread->ticket_n || hg_thread_close(turn, kase, HG_RES_UNRESOLVED, "idle", error);
}

typedef gboolean timer_fn(hg_turn *turn, hg_case *kase, GError **error);

static timer_fn *handler_of(const char *kind)
{
	static const struct { const char *kind; timer_fn *fn; } kinds[] = {
		{ "settle", settle }, { "first_response", first_response }, { "idle", idle },
		{ "confirm", hg_confirm_due }, { "quiet", hg_solved_due }, { "drop", hg_drop_due },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].fn;
	return NULL;
}

gboolean hg_timer_act(hg_turn *turn, const hg_timer *timer, GError **error)
{
	timer_fn *fn = handler_of(timer->kind);
	hg_case kase;

	if (!hg_store_timer_clear(turn->store, timer->thread_n, timer->kind, error) ||
	    !hg_case_load(turn, timer->thread_n, &kase, error))
		return FALSE;
	if (g_str_has_prefix(timer->kind, "unknown:"))
		return hg_unknown_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (hg_wait_is(timer->kind))
		return hg_wait_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (hg_ask_is(timer->kind))
		return hg_ask_due(turn, &kase, timer, error) && hg_case_save(turn, &kase, error);
	if (!fn)
		return hg_fail(error, HG_ERROR_BROKEN, "nothing is done at a timer \"%s\"", timer->kind);
	return fn(turn, &kase, error) && hg_case_save(turn, &kase, error);
}
