/* hook_wait.c - answers and deadlines of hooks, and what waited for them
 *
 * Of a contact's waiting items only the first is ever judged, so they are judged in the order they were said, each
 * in a savepoint of its own.  What waits is in the store with its deadline: a restart changes nothing. */
#include "turn.h"

#include "command_pack.h"
#include "hook_answer.h"
#include "json.h"
#include "text.h"

#include <string.h>

#define FAILURES_MAX 5			/* questions without an answer in a row: the hook is left alone ... */
#define REST_MS	     (30 * 1000)	/* ... for so long */

/* ---- how a hook fares ---- */

static gboolean fares(hg_turn *turn, const char *name, gboolean answered, const char *why, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "hook", name);
	hg_hook *hook = NULL, now = { .name = name };

	if (!hg_store_hook_get(turn->store, turn->arena, name, &hook, error))
		return FALSE;
	if (answered && !hook)
		return TRUE;
	if (answered && hook->failures >= FAILURES_MAX)
		hg_info(&ctx, "hook.up", "it answers again");
	if (!answered) {
		now.failures = (hook ? hook->failures : 0) + 1;
		now.until_ms = now.failures >= FAILURES_MAX ? turn->now_ms + REST_MS : 0;
		hg_debug(&ctx, "hook.failed", "%s; its default counts", why);
	}
	if (now.failures == FAILURES_MAX)
		hg_warn(&ctx, "hook.down", "%d questions in a row were not answered, the last: %s; its default counts, "
			"and it is asked again in %d s", FAILURES_MAX, why, REST_MS / 1000);
	if (answered || now.until_ms)
		hg_hooks_down(turn->engine, name, now.until_ms);
	return hg_store_hook_set(turn->store, &now, error);
}

/* ---- an answer ---- */

/* One question less: it waits for those that are still open, if there are any. */
static gboolean wait_less(hg_engine *engine, hg_arena *arena, gint64 waiting_n, gint64 now_ms, GError **error)
{
	g_autoptr(GPtrArray) asks = g_ptr_array_new();
	gint64 ready_ms = now_ms;

	if (!hg_store_question_of(engine->store, arena, waiting_n, asks, error))
		return FALSE;
	for (guint i = 0; i < asks->len; i++) {
		const hg_question *ask = g_ptr_array_index(asks, i);

		if (ask->state == HG_QUESTION_OPEN)
			ready_ms = MAX(ready_ms, ask->deadline_ms);
	}
	engine->waiting_due_ms = MIN(engine->waiting_due_ms, ready_ms);
	return hg_store_waiting_ready(engine->store, waiting_n, ready_ms, error);
}

static gboolean in_time(hg_turn *turn, hg_question *ask, GError **error)
{
	ask->state = ask->answer ? HG_QUESTION_ANSWERED : HG_QUESTION_FAILED;
	ask->ms = turn->now_ms - ask->asked_ms;
	return hg_store_question_update(turn->store, ask, error) &&
	       fares(turn, ask->hook, ask->answer != NULL, ask->note, error) &&
	       wait_less(turn->engine, turn->arena, ask->waiting_n, turn->now_ms, error);
}

/* Decides nothing any more; what it says of the contact is known from now on. */
static gboolean too_late(hg_turn *turn, const hg_question *ask, GError **error)
{
	g_autoptr(json_object) answer = ask->answer ? hg_json_parse(ask->answer, strlen(ask->answer), NULL, NULL) : NULL;
	struct json_object *said = hg_json_obj(answer, "contact");
	hg_contact *contact = NULL;

	if (!ask->waiting_n && !hg_store_question_delete(turn->store, ask->n, error))
		return FALSE;
	if (!said)
		return TRUE;
	if (!hg_store_contact_get(turn->store, turn->arena, ask->contact_n, &contact, error))
		return FALSE;
	return !contact || !hg_outside_contact(json_object_to_json_string_ext(said, JSON_C_TO_STRING_NOSLASHESCAPE),
					       turn->arena, contact) ||
	       hg_store_contact_update(turn->store, contact, error);
}

/* Fills answer, or note: why there is none. */
static void read_answer(hg_turn *turn, hg_question *ask)
{
	const struct hg_facts_result *result = &turn->command->facts;
	g_autoptr(json_object) answer = NULL;
	g_autoptr(GError) why = NULL;

	ask->answer = NULL;
	ask->note = result->text;
	if (!result->body)
		return;
	answer = hg_hook_answer_read(result->body, result->len, &why);
	if (answer)
		ask->answer = hg_arena_str(turn->arena, json_object_to_json_string_ext(answer,
											JSON_C_TO_STRING_NOSLASHESCAPE));
	ask->note = answer ? NULL : hg_arena_str(turn->arena, why->message);
}

static void say_wrong(const hg_turn *turn, const hg_question *ask)
{
	struct hg_ctx hook = HG_CTX(NULL, "hook", ask->hook);
	struct hg_ctx ctx = HG_CTX(&hook, "ask", ask->id);

	if (!ask->answer && turn->command->facts.body)
		hg_warn(&ctx, "hook.answer_wrong", "%s; its default counts", ask->note);
}

gboolean hg_result_facts(hg_turn *turn, GError **error)
{
	const struct hg_hook_conf *hook;
	hg_question *ask = NULL;
	hg_job *job;

	if (!hg_result_job(turn, HG_TO_HOOK, &job, error))
		return FALSE;
	if (!job)
		return TRUE;
	if (!hg_store_question_by_job(turn->store, turn->arena, job->n, &ask, error) || !hg_outbox_end(turn, job, FALSE, error))
		return FALSE;
	if (!ask)
		return TRUE;
	hook = hg_conf_hook(turn->conf, ask->hook);
	read_answer(turn, ask);
	say_wrong(turn, ask);
	if (ask->answer && hook && hook->cache_ms &&
	    !hg_store_facts_set(turn->store, ask->contact_n, ask->hook, ask->answer, turn->now_ms, error))
		return FALSE;
	/* Open as long as nobody has judged without it. */
	return ask->state == HG_QUESTION_OPEN ? in_time(turn, ask, error) : too_late(turn, ask, error);
}

/* ---- judged ---- */

void hg_hooks_judged(hg_turn *turn, const GPtrArray *asks)
{
	hg_outside *outside;

	if (!asks->len)
		return;
	turn->outside = outside = hg_arena_alloc(turn->arena, sizeof(*outside));
	hg_outside_fold(turn->conf, asks, turn->arena, outside);
	for (guint i = 0; i < asks->len; i++)
		hg_hooks_count(turn->engine, g_ptr_array_index(asks, i));
}

/* What an earlier message's question brought meanwhile. */
static gboolean look_again(hg_turn *turn, hg_question *ask, GError **error)
{
	const struct hg_hook_conf *hook = hg_conf_hook(turn->conf, ask->hook);
	gint64 said_ms = 0;

	if (!hg_store_facts_get(turn->store, turn->arena, ask->contact_n, ask->hook, &ask->answer, &said_ms, error))
		return FALSE;
	if (ask->answer && hook && turn->now_ms - said_ms < hook->cache_ms) {
		ask->state = HG_QUESTION_CACHED;
		return TRUE;
	}
	ask->state = HG_QUESTION_LATE;
	ask->answer = NULL;
	ask->note = "the question about the message before had no answer in time";
	return TRUE;
}

static gboolean settle_ask(hg_turn *turn, hg_question *ask, GError **error)
{
	const struct hg_hook_conf *hook = hg_conf_hook(turn->conf, ask->hook);
	char span[HG_SPAN_SIZE];
	g_autofree char *note = NULL;

	if (ask->state == HG_QUESTION_SHARED)
		return look_again(turn, ask, error);
	if (ask->state != HG_QUESTION_OPEN)
		return TRUE;
	note = g_strdup_printf("no answer within %s", hg_span(ask->deadline_ms - ask->asked_ms, span));
	ask->state = HG_QUESTION_LATE;
	ask->note = hg_arena_str(turn->arena, note);
	return !hook || fares(turn, ask->hook, FALSE, note, error);
}

/* A question that is still on its way keeps its row for the answer; one that has not left is not asked any more. */
static gboolean let_go(hg_turn *turn, hg_question *ask, GError **error)
{
	hg_job *job = NULL;

	if (ask->job_n && !hg_store_job_get(turn->store, turn->arena, ask->job_n, &job, error))
		return FALSE;
	if (!job || job->state != HG_JOB_SENDING)
		return (!job || hg_outbox_end(turn, job, FALSE, error)) && hg_store_question_delete(turn->store, ask->n, error);
	ask->waiting_n = 0;
	return hg_store_question_update(turn->store, ask, error);
}

gboolean hg_waiting_ask(hg_turn *turn, const hg_waiting *waiting, GError **error)
{
	g_autoptr(GPtrArray) asks = g_ptr_array_new();

	turn->newcomer = waiting->newcomer ? waiting->contact_n : 0;
	turn->had_ms = waiting->at_ms;
	turn->outside = NULL;
	if (!hg_store_question_of(turn->store, turn->arena, waiting->n, asks, error))
		return FALSE;
	for (guint i = 0; i < asks->len; i++)
		if (!settle_ask(turn, g_ptr_array_index(asks, i), error))
			return FALSE;
	hg_hooks_judged(turn, asks);
	for (guint i = 0; i < asks->len; i++)
		if (!let_go(turn, g_ptr_array_index(asks, i), error))
			return FALSE;
	return TRUE;
}

gboolean hg_waiting_act(hg_turn *turn, const hg_waiting *waiting, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", waiting->channel);
	g_autoptr(GError) why = NULL;
	hg_command command = { .kind = HG_CMD_INBOUND, .arena = turn->arena, .channel = waiting->channel,
			       .space = waiting->space };
	struct hg_in in;

	/* Whose raw bytes they are is what the number of items says. */
	command.batch = (struct hg_batch){ .size = sizeof(command.batch), .in = &in, .n_in = waiting->own_raw ? 1 : 2 };
	turn->command = &command;
	if (!hg_in_unpack(waiting->item, waiting->len, turn->arena, &in, &why)) {
		hg_err(&ctx, "waiting.unreadable", "an item that waited for hooks cannot be read: %s; its delivery is raw "
		       "event %" G_GINT64_FORMAT, why->message, waiting->raw_n);
		return hg_store_waiting_done(turn->store, waiting, error);
	}
	return hg_inbound_waited(turn, waiting, &in, error);
}

/* ---- other configurations, other runs ---- */

static gboolean give_up(hg_engine *engine, hg_arena *arena, const char *hook, gint64 now_ms, GError **error)
{
	g_autoptr(GPtrArray) asks = g_ptr_array_new();

	if (!hg_store_question_open(engine->store, arena, hook, asks, error))
		return FALSE;
	for (guint i = 0; i < asks->len; i++) {
		hg_question *ask = g_ptr_array_index(asks, i);

		ask->state = HG_QUESTION_FAILED;
		ask->note = "it was taken out of the configuration";
		if (!hg_store_question_update(engine->store, ask, error) ||
		    !wait_less(engine, arena, ask->waiting_n, now_ms, error))
			return FALSE;
	}
	return TRUE;
}

gboolean hg_waiting_adopt(hg_engine *engine, gint64 now_ms, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) hooks = g_ptr_array_new();

	if (!hg_store_hook_reset(engine->store, error) || !hg_store_question_hooks(engine->store, arena, hooks, error))
		return FALSE;
	for (guint i = 0; i < hooks->len; i++)
		if (!hg_conf_hook(engine->conf, g_ptr_array_index(hooks, i)) &&
		    !give_up(engine, arena, g_ptr_array_index(hooks, i), now_ms, error))
			return FALSE;
	return TRUE;
}

gboolean hg_waiting_recover(hg_turn *turn, hg_job *job, GError **error)
{
	hg_question *ask = NULL;

	if (!hg_store_question_by_job(turn->store, turn->arena, job->n, &ask, error))
		return FALSE;
	if (ask && ask->waiting_n) {	/* asked again, under the same id */
		job->due_ms = turn->now_ms;
		return hg_job_move(job, HG_JOB_DUE, error) && hg_store_job_update(turn->store, job, error);
	}
	return (!ask || hg_store_question_delete(turn->store, ask->n, error)) && hg_outbox_end(turn, job, FALSE, error);
}
