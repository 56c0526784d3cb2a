/* noise.c - what the customer said that is no matter for anybody: by rules, and by people who mark it
 *
 * A mark changes no decision and no event that was told.  What is marked is left out of what a ticket is made of, nobody
 * waits for an answer to it, and it is not counted as said.  What the ticket's helpdesk has got it keeps. */
#include "turn.h"

#include <string.h>

#include "json.h"

#define LOOK_BACK 200		/* events looked through for one that was not noise */
#define FAR_BACK  10000		/* ... for what became of the message that is marked ... */
#define AT_ONCE   100		/* ... so many of them in memory */

/* ---- what was said ---- */

/* Nothing in what was said then is for people.  answer: what answered a question of ours, and said nothing else. */
static gboolean judged_noise(hg_turn *turn, const hg_event *event, gboolean *ret, gboolean *ret_answer, GError **error)
{
	hg_decision *decision = NULL;

	if (event->decision_n && !hg_store_decision_get(turn->store, turn->arena, event->decision_n, &decision, error))
		return FALSE;
	*ret = decision && strcmp(decision->action, "ignore") == 0;
	*ret_answer = decision && strcmp(decision->on, "answer") == 0;
	return TRUE;
}

static gboolean is_noise(hg_turn *turn, const hg_case *kase, const hg_event *event, gboolean *ret, GError **error)
{
	hg_message *message = NULL;
	gboolean answer;

	if (!judged_noise(turn, event, ret, &answer, error))
		return FALSE;
	if (*ret || !kase->thread->noise)
		return TRUE;
	if (!hg_store_message_get(turn->store, turn->arena, event->message_n, &message, error))
		return FALSE;
	*ret = message && message->noise != HG_NOISE_NOT;
	return TRUE;
}

gboolean hg_noise_only(hg_turn *turn, const hg_case *kase, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();

	*ret = TRUE;
	if (!hg_store_event_list(turn->store, turn->arena, kase->thread->last_event_n, LOOK_BACK, events, error))
		return FALSE;
	for (guint i = 0; i < events->len && *ret; i++) {
		const hg_event *event = g_ptr_array_index(events, i);

		if (strcmp(event->type, "message.received") == 0 && !is_noise(turn, kase, event, ret, error))
			return FALSE;
	}
	return TRUE;
}

/* ---- what became of one message: the thread's log, from the newest entry back ---- */

struct past {
	const hg_message *message;
	gboolean joined;	/* its thread became part of a ticket, and how is still to come */
	gboolean marked;	/* it was, at the time that is looked at */
	gboolean was_unmarked;	/* somebody took a mark back later than that */
	gboolean told;		/* its ticket's helpdesk was told of it ... */
	gboolean left_out;	/* ... or of the rest of the conversation without it */
	gint64 at_ms;		/* when it was told of, 0: that is not found */
	gboolean real;		/* it counted as said: no rule ignored it, and its thread went on */
	gboolean over;		/* all is known */
};

static void told_all(struct past *past)
{
	if (past->marked) {
		past->left_out = TRUE;
		past->told |= past->was_unmarked;
	} else {
		past->told = TRUE;
	}
}

static void look_behind(struct past *past, const hg_event *event)
{
	gboolean of_it = event->message_n == past->message->n;

	if (of_it && strcmp(event->type, HG_EVENT_MARKED) == 0) {
		past->was_unmarked |= !past->marked;
		past->marked = !past->marked;
	} else if (of_it && strcmp(event->type, "ticket.message") == 0) {
		past->told = TRUE;
	} else if (strcmp(event->type, "ticket.requested") == 0) {
		told_all(past);
	} else if (past->joined && strcmp(event->type, "thread.closed") == 0) {
		past->joined = FALSE;
		told_all(past);
	}
}

/* Was its thread going on?  It was said when it was told of, and what closes or opens a thread is told before that. */
static void look_before(struct past *past, const hg_event *event)
{
	static const char *const begins[] = { "thread.opened", "thread.reopened", "ticket.requested", NULL };

	past->over = g_strv_contains(begins, event->type);
	if (strcmp(event->type, "thread.closed") == 0) {
		past->real = FALSE;
		past->over = TRUE;
	}
}

static gboolean look_at(hg_turn *turn, struct past *past, const hg_event *event, GError **error)
{
	gboolean ignored, answer;

	if (past->at_ms) {
		look_before(past, event);
		return TRUE;
	}
	if (event->message_n != past->message->n || strcmp(event->type, "message.received") != 0) {
		look_behind(past, event);
		return TRUE;
	}
	past->at_ms = event->at_ms;
	if (!judged_noise(turn, event, &ignored, &answer, error))
		return FALSE;
	past->real = !ignored && !answer && !past->message->automatic;
	past->over = !past->real;
	return TRUE;
}

/* A part of the log; *next_n: where the rest begins, 0: there is none. */
static gboolean look_some(hg_turn *turn, struct past *past, gint64 *next_n, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	g_autoptr(hg_arena) arena = hg_arena_new();
	gint64 from_n = *next_n;

	*next_n = 0;
	if (!hg_store_event_list(turn->store, arena, from_n, AT_ONCE, events, error))
		return FALSE;
	for (guint i = 0; i < events->len && !past->over; i++) {
		const hg_event *event = g_ptr_array_index(events, i);

		if (!look_at(turn, past, event, error))
			return FALSE;
		*next_n = event->prev_n;
	}
	return TRUE;
}

static gboolean look_back(hg_turn *turn, const hg_case *kase, const hg_message *message, struct past *ret, GError **error)
{
	gint64 next_n = kase->thread->last_event_n;

	*ret = (struct past){ .message = message, .marked = message->noise != HG_NOISE_NOT, .joined = hg_thread_is_joined(kase->thread) };
	for (guint i = 0; i < FAR_BACK / AT_ONCE && next_n && !ret->over; i++)
		if (!look_some(turn, ret, &next_n, error))
			return FALSE;
	return TRUE;
}

/* ---- who waits ---- */

/* The oldest of what the customer said since he waits that is no noise; 0: there is none. */
static gboolean first_real(hg_turn *turn, const hg_case *kase, gint64 *ret_ms, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	gint64 waiting_ms = kase->thread->waiting_ms;
	gboolean noise;

	*ret_ms = 0;
	if (!hg_store_event_list(turn->store, turn->arena, kase->thread->last_event_n, LOOK_BACK, events, error))
		return FALSE;
	for (guint i = 0; i < events->len; i++) {
		const hg_event *event = g_ptr_array_index(events, i);

		if (event->at_ms < waiting_ms)
			return TRUE;
		if (strcmp(event->type, "message.received") != 0)
			continue;
		if (!is_noise(turn, kase, event, &noise, error))
			return FALSE;
		if (!noise)
			*ret_ms = event->at_ms;
	}
	/* More was said than is looked through. */
	if (events->len == LOOK_BACK)
		*ret_ms = waiting_ms;
	return TRUE;
}

static gboolean is_undecided(const hg_case *kase)
{
	return kase->thread->state == HG_THREAD_OPEN && !kase->thread->ticket_n;
}

/* No deadline makes a ticket of noise; where nothing else was said it ends when it is idle. */
static gboolean rest(hg_turn *turn, hg_case *kase, GError **error)
{
	hg_thread *thread = kase->thread;
	gboolean only;

	if (!is_undecided(kase))
		return TRUE;
	if (!hg_noise_only(turn, kase, &only, error))
		return FALSE;
	if (!only)
		return TRUE;
	thread->held = FALSE;
	return hg_store_timer_clear(turn->store, thread->n, "settle", error) &&
	       hg_store_timer_clear(turn->store, thread->n, "first_response", error) && hg_thread_watch(turn, kase, error);
}

static gboolean wait_less(hg_turn *turn, hg_case *kase, GError **error)
{
	gint64 since_ms;

	if (kase->thread->waiting_ms && (!first_real(turn, kase, &since_ms, error) || !hg_wait_since(turn, kase, since_ms, error)))
		return FALSE;
	return rest(turn, kase, error);
}

/* He waits again if nobody has answered since; what was at rest is decided anew. */
static gboolean wait_again(hg_turn *turn, hg_case *kase, const struct past *past, gboolean rested, GError **error)
{
	gint64 *waiting_ms = &kase->thread->waiting_ms, since_ms;

	if (!past->real || kase->thread->state == HG_THREAD_CLOSED)
		return TRUE;
	if (!hg_case_waiting(turn, kase, TRUE, &since_ms, error))
		return FALSE;
	if (!since_ms || past->message->at_ms < since_ms)
		return TRUE;
	if ((!*waiting_ms || past->at_ms < *waiting_ms) && !hg_wait_since(turn, kase, past->at_ms, error))
		return FALSE;
	return !rested || !is_undecided(kase) ||
	       hg_timer_set(turn, kase->thread->n, "settle", turn->now_ms + turn->conf->engine.settle_ms, NULL, error);
}

/* ---- the command ---- */

static gboolean find(hg_turn *turn, hg_message **ret, hg_case *kase, GError **error)
{
	const char *id = turn->command->text;
	hg_message *message = NULL;

	if (id && hg_id_is(id, "msg") && !hg_store_message_by_id(turn->store, turn->arena, id, &message, error))
		return FALSE;
	if (!message)
		return hg_fail(error, HG_ERROR_MISSING, "there is no message %.60s", id ?: "without an id");
	if (!hg_case_load(turn, message->thread_n, kase, error))
		return FALSE;
	turn->object = kase->thread->id;
	turn->message_id = message->id;
	if (hg_import_is_history(kase->thread))
		return hg_fail(error, HG_ERROR_STATE, "message %s is history from elsewhere: it can only be read", message->id);
	if (message->direction == HG_NOTE)
		return hg_fail(error, HG_ERROR_INPUT, "message %s is a note: only what the customer said can be noise", message->id);
	if (message->direction != HG_INBOUND)
		return hg_fail(error, HG_ERROR_INPUT, "message %s is of ours: only what the customer said can be noise", message->id);
	*ret = message;
	return TRUE;
}

/* Of a ticket that was made without it the helpdesk hears of it now. */
static gboolean tell(hg_turn *turn, hg_case *kase, const hg_message *message, GError **error)
{
	const struct hg_payload news = { .type = "ticket.message", .message = message };
	hg_thread *thread;
	hg_case into;

	if (!hg_join_follow(turn, kase->thread, &thread, error))
		return FALSE;
	if (thread == kase->thread)
		return hg_event_tell(turn, kase, &news, error);
	return hg_case_load(turn, thread->n, &into, error) && hg_event_tell(turn, &into, &news, error) && hg_case_save(turn, &into, error);
}

static gboolean note(hg_turn *turn, hg_case *kase, hg_message *message, const struct past *past, gboolean noise, GError **error)
{
	const hg_command *command = turn->command;
	gboolean forwarded = past->told || (!noise && past->left_out);

	message->noise = !noise ? HG_NOISE_NOT : past->told ? HG_NOISE_TOLD : HG_NOISE_MARKED;
	kase->thread->noise += noise ? 1 : -1;
	kase->thread_changed = TRUE;
	return hg_store_message_update(turn->store, message, error) &&
	       (!past->real || hg_episode_marked(turn, kase, past->at_ms, noise, error)) &&
	       hg_event_marked(turn, kase, message, forwarded && !kase->thread->shadow, command->agent ?: command->principal, error);
}

static gboolean mark(hg_turn *turn, hg_case *kase, hg_message *message, const struct past *past, GError **error)
{
	return note(turn, kase, message, past, TRUE, error) && wait_less(turn, kase, error);
}

static gboolean take_back(hg_turn *turn, hg_case *kase, hg_message *message, struct past *past, GError **error)
{
	gboolean rested = FALSE;

	if (is_undecided(kase) && !hg_noise_only(turn, kase, &rested, error))
		return FALSE;
	if (!note(turn, kase, message, past, FALSE, error) || !wait_again(turn, kase, past, rested, error))
		return FALSE;
	if (!past->left_out || past->told)
		return TRUE;
	past->told = TRUE;
	return tell(turn, kase, message, error);
}

static gboolean answer(hg_turn *turn, const hg_case *kase, const hg_message *message, gboolean forwarded, GError **error)
{
	const struct hg_payload payload = {
		.store = turn->store, .conf = turn->conf, .arena = turn->arena, .at_ms = turn->now_ms,
		.thread = kase->thread, .contact = kase->contact,
	};
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "thread_id", kase->thread->id);
	hg_json_key(out, "message");
	if (!hg_payload_message(&payload, message, FALSE, out, error))
		return FALSE;
	hg_json_add_bool(out, "already_forwarded", forwarded && !kase->thread->shadow);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
	return TRUE;
}

gboolean hg_noise_command(hg_turn *turn, GError **error)
{
	gboolean noise = !turn->command->remove;
	hg_message *message = NULL;
	struct past past;
	hg_case kase;

	if (!find(turn, &message, &kase, error))
		return FALSE;
	g_assert(message);
	if (!look_back(turn, &kase, message, &past, error))
		return FALSE;
	if (noise != (message->noise != HG_NOISE_NOT) &&
	    !(noise ? mark(turn, &kase, message, &past, error) : take_back(turn, &kase, message, &past, error)))
		return FALSE;
	return hg_case_save(turn, &kase, error) && answer(turn, &kase, message, past.told, error);
}
