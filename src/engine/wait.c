/* wait.c - rules that are asked after a time: the customer waits for a person, a bot is alone with him
 *
 * Each thread has one timer of either kind, at the earliest time that is still to come.  It remembers which
 * time was asked about last, also when no other follows: so each acts once while somebody waits, whatever
 * restarts and reloads come between.  It says since when that was, and counts for nothing when that is over. */
#include "turn.h"

#include <string.h>

#define NEVER_MS G_GINT64_CONSTANT(253370764800000)	/* the year 9999: kept for what it remembers */

static const int events[] = { HG_ON_UNANSWERED, HG_ON_BOT };

/* Since when it lasts; 0: it does not. */
static gint64 since_of(const hg_thread *thread, int event)
{
	if (event == HG_ON_UNANSWERED)
		return thread->state == HG_THREAD_CLOSED ? 0 : thread->waiting_ms;
	if (thread->state != HG_THREAD_OPEN || thread->ticket_n || thread->ep_confirmed_ms)
		return 0;
	return MAX(0, thread->alone_ms);
}

static gboolean plan(hg_turn *turn, const hg_case *kase, int event, gint64 since_ms, gint64 done_ms, GError **error)
{
	g_autofree char *data = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, since_ms, done_ms);
	gint64 next_ms = hg_rules_next_span(turn->engine->rules, event, done_ms);

	return hg_timer_set(turn, kase->thread->n, hg_rule_event_word(event),
			    next_ms < 0 ? NEVER_MS : since_ms + next_ms, data, error);
}

/* The time that was asked about last while it has lasted since then; 0: none was. */
static gint64 done_of(const hg_timer *timer, gint64 since_ms)
{
	char *rest = NULL;

	if (!timer->data || g_ascii_strtoll(timer->data, &rest, 10) != since_ms)
		return 0;
	return g_ascii_strtoll(rest, NULL, 10);
}

static gboolean begin(hg_turn *turn, hg_case *kase, int event, GError **error)
{
	gint64 since_ms = since_of(kase->thread, event);

	return !since_ms || !hg_rules_listen(turn->engine->rules, event) ||
	       plan(turn, kase, event, since_ms, 0, error);
}

gboolean hg_wait_customer(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->thread->waiting_ms)
		return TRUE;
	kase->thread->waiting_ms = turn->now_ms;
	kase->thread_changed = TRUE;
	return begin(turn, kase, HG_ON_UNANSWERED, error);
}

gboolean hg_wait_bot(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->thread->alone_ms || kase->thread->state == HG_THREAD_CLOSED)
		return TRUE;
	kase->thread->alone_ms = turn->now_ms;
	kase->thread_changed = TRUE;
	return begin(turn, kase, HG_ON_BOT, error);
}

static gboolean forget(hg_turn *turn, const hg_case *kase, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
		if (!hg_store_timer_clear(turn->store, kase->thread->n, hg_rule_event_word(events[i]), error))
			return FALSE;
	return TRUE;
}

gboolean hg_wait_person(hg_turn *turn, hg_case *kase, GError **error)
{
	hg_thread *thread = kase->thread;
	gboolean waits = thread->waiting_ms || thread->alone_ms > 0;

	kase->thread_changed |= waits || !thread->alone_ms;
	thread->waiting_ms = 0;
	thread->alone_ms = -1;
	return !waits || forget(turn, kase, error);
}

gboolean hg_wait_content(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!kase->thread->waiting_ms)
		return TRUE;
	kase->thread->waiting_ms = 0;
	kase->thread_changed = TRUE;
	return hg_store_timer_clear(turn->store, kase->thread->n, hg_rule_event_word(HG_ON_UNANSWERED), error);
}

gboolean hg_wait_since(hg_turn *turn, hg_case *kase, gint64 since_ms, GError **error)
{
	const char *kind = hg_rule_event_word(HG_ON_UNANSWERED);
	hg_thread *thread = kase->thread;
	gint64 done_ms = 0;
	hg_timer *timer;

	if (!since_ms)
		return hg_wait_content(turn, kase, error);
	if (thread->waiting_ms == since_ms)
		return TRUE;
	if (!hg_store_timer_get(turn->store, turn->arena, thread->n, kind, &timer, error))
		return FALSE;
	/* What was asked about already is not asked again because he began to wait at another time. */
	if (timer && thread->waiting_ms)
		done_ms = done_of(timer, thread->waiting_ms);
	thread->waiting_ms = since_ms;
	kase->thread_changed = TRUE;
	return !hg_rules_listen(turn->engine->rules, HG_ON_UNANSWERED) || plan(turn, kase, HG_ON_UNANSWERED, since_ms, done_ms, error);
}

gboolean hg_wait_over(hg_turn *turn, hg_case *kase, GError **error)
{
	kase->thread->waiting_ms = kase->thread->alone_ms = 0;
	kase->thread_changed = TRUE;
	return forget(turn, kase, error);
}

/* ---- the time has come ---- */

static int event_of(const char *timer_kind)
{
	for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
		if (strcmp(timer_kind, hg_rule_event_word(events[i])) == 0)
			return events[i];
	return -1;
}

gboolean hg_wait_is(const char *timer_kind)
{
	return event_of(timer_kind) >= 0;
}

/* Woken late, it asks about each time that has gone by, in order. */
gboolean hg_wait_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	int event = event_of(timer->kind);
	gint64 since_ms = since_of(kase->thread, event);
	gint64 done_ms = done_of(timer, since_ms), next_ms;

	if (!since_ms)
		return TRUE;
	while ((next_ms = hg_rules_next_span(turn->engine->rules, event, done_ms)) >= 0 &&
	       since_ms + next_ms <= turn->now_ms) {
		if (!hg_listen(turn, kase, &(struct hg_asked){ .event = event, .after_ms = next_ms }, NULL, error))
			return FALSE;
		done_ms = next_ms;
		/* A ticket ends what a bot does alone. */
		if (since_of(kase->thread, event) != since_ms)
			return TRUE;
	}
	return plan(turn, kase, event, since_ms, done_ms, error);
}

/* ---- other rules ---- */

static gint64 longest(const hg_rules *rules, int event)
{
	gint64 last_ms = -1, next_ms = 0;

	while ((next_ms = hg_rules_next_span(rules, event, next_ms)) >= 0)
		last_ms = next_ms;
	return last_ms;
}

/* Whoever has waited longer than any rule says is not dug up again. */
gboolean hg_wait_adopt(hg_engine *engine, gint64 now_ms, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
		gint64 span_ms = longest(engine->rules, events[i]);

		if (span_ms >= 0 && !hg_store_timer_wait(engine->store, events[i] == HG_ON_BOT, now_ms,
							 now_ms - span_ms, error))
			return FALSE;
	}
	engine->timer_due_ms = G_MININT64;
	return TRUE;
}
