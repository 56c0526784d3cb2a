/* hold.c - held back for a bot or a desk that reads threads: answered in time, or decided all the same
 *
 * How long, and what then, is a rule's (`hold: { for: 10m, then: ignore }`), else first_response and a ticket.
 * The timer keeps what the rule said: "600000 ignore". */
#include "turn.h"

#include <string.h>

struct hold {
	gint64 for_ms;
	const char *then;	/* "convert", "ignore" */
	const char *kept;	/* as the timer keeps it; NULL: no rule's */
};

static struct hold hold_of(const hg_turn *turn, const char *kept)
{
	struct hold hold = { .for_ms = turn->conf->engine.first_response_ms, .then = "convert", .kept = kept };
	char *end;

	if (!kept)
		return hold;
	hold.for_ms = g_ascii_strtoll(kept, &end, 10);
	if (*end == ' ')
		hold.then = end + 1;
	return hold;
}

static const char *keep(hg_turn *turn, const struct hg_verdict *by)
{
	g_autofree char *kept = NULL;

	if (!by || !by->hold_ms)
		return NULL;
	kept = g_strdup_printf("%" G_GINT64_FORMAT " %s", by->hold_ms, by->word ?: "convert");
	return hg_arena_str(turn->arena, kept);
}

/* The time runs from the first message that waits: the timer's own look says when that was. */
gboolean hg_thread_hold(hg_turn *turn, hg_case *kase, const struct hg_verdict *by, GError **error)
{
	const char *kept = keep(turn, by);
	hg_thread *thread = kase->thread;
	hg_timer *timer;

	if (!thread->held) {
		thread->held = TRUE;
		kase->thread_changed = TRUE;
	}
	if (!hg_store_timer_get(turn->store, turn->arena, thread->n, "first_response", &timer, error))
		return FALSE;
	if (timer && (!kept || g_strcmp0(timer->data, kept) == 0))
		return TRUE;
	return hg_timer_set(turn, thread->n, "first_response", turn->now_ms + hold_of(turn, kept).for_ms, kept, error);
}

/* No rule wants a ticket of it now, and the one that held it did not either. */
static gboolean let_go(hg_turn *turn, hg_case *kase, struct hg_judged *judged, GError **error)
{
	kase->thread->held = FALSE;
	kase->thread_changed = TRUE;
	return hg_judge_keep(turn, kase, judged, "ignore", NULL, error);
}

static gboolean over(hg_turn *turn, hg_case *kase, const struct hold *hold, GError **error)
{
	struct hg_judged judged;

	if (!hg_judge(turn, kase, &(struct hg_asked){ .event = HG_ON_FIRST_RESPONSE,
						      .hold_then = hold->kept ? hold->then : NULL }, &judged, error) ||
	    !hg_judge_apply(turn, kase, &judged, error))
		return FALSE;
	if (judged.verdict.action != HG_ACT_CONVERT && strcmp(hold->then, "ignore") == 0)
		return let_go(turn, kase, &judged, error);
	return hg_judge_keep(turn, kase, &judged, "convert", NULL, error) &&
	       hg_convert_judged(turn, kase, &judged, "first_response", error);
}

/* A held thread whose customer waits too long is a ticket, unless the rule that held it says otherwise. */
gboolean hg_hold_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	struct hold hold = hold_of(turn, timer->data);
	gint64 since_ms;

	if (kase->thread->state != HG_THREAD_OPEN || kase->thread->ticket_n || !kase->thread->held ||
	    kase->thread->ep_confirmed_ms)
		return TRUE;
	if (!hg_case_waiting(turn, kase, FALSE, &since_ms, error))
		return FALSE;
	if (!since_ms)
		return TRUE;
	if (since_ms + hold.for_ms > turn->now_ms)
		return hg_timer_set(turn, kase->thread->n, "first_response", since_ms + hold.for_ms, hold.kept, error);
	return over(turn, kase, &hold, error);
}
