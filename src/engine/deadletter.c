/* deadletter.c - what was given up on: tried again, changed, or forgotten, by a person */
#include "standing.h"
#include "turn.h"

#include <string.h>

#include "text.h"

#define AT_ONCE 500		/* letters that one command has tried again */
#define EDITED	1		/* part of a backend's job: what goes out instead is kept beside it */

static const char *edit_name(hg_turn *turn, const hg_job *job)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, job->n);

	return hg_arena_str(turn->arena, name);
}

gboolean hg_dead_edit_ends(hg_turn *turn, const hg_job *job, GError **error)
{
	return job->target != HG_TO_BACKEND || job->part != EDITED ||
	       hg_store_standing_end(turn->store, HG_STANDING_EDIT, edit_name(turn, job), error);
}

gboolean hg_dead_edited(hg_store *store, hg_arena *arena, const hg_job *job, const char **ret_data, GError **error)
{
	g_autofree char *name = NULL;
	hg_standing *edit = NULL;

	*ret_data = NULL;
	if (job->target != HG_TO_BACKEND || job->part != EDITED)
		return TRUE;
	name = g_strdup_printf("%" G_GINT64_FORMAT, job->n);
	if (!hg_store_standing_get(store, arena, HG_STANDING_EDIT, name, &edit, error))
		return FALSE;
	*ret_data = edit ? edit->text : NULL;
	return TRUE;
}

static gboolean find(hg_turn *turn, hg_job **ret, GError **error)
{
	if (!hg_store_job_get(turn->store, turn->arena, turn->command->job_n, ret, error))
		return FALSE;
	return (*ret && (*ret)->state == HG_JOB_DEAD) ||
	       hg_fail(error, *ret ? HG_ERROR_STATE : HG_ERROR_MISSING, "job %" G_GINT64_FORMAT " is not among the dead "
		       "letters", turn->command->job_n);
}

/* ---- again ---- */

static gboolean message_waits_again(hg_turn *turn, const hg_job *job, GError **error)
{
	hg_message *message;

	if (job->target != HG_TO_CHANNEL)
		return TRUE;
	if (!hg_store_message_get(turn->store, turn->arena, job->message_n, &message, error))
		return FALSE;
	if (!message || message->delivery != HG_DLV_FAILED)
		return TRUE;
	message->delivery = HG_DLV_QUEUED;
	message->error = message->advice = NULL;
	message->error_code = 0;
	return hg_store_message_update(turn->store, message, error);
}

gboolean hg_dead_again(hg_turn *turn, hg_job *job, GError **error)
{
	/* Whoever asks for it knows that it may have arrived once: no key's life counts any more. */
	job->doubt_ms = 0;
	if (job->target == HG_TO_UNPACK)
		job->attempts = 0;
	if (!hg_store_job_update(turn->store, job, error) ||
	    !hg_store_job_retry_dead(turn->store, job->n, turn->now_ms, error))
		return FALSE;
	hg_targets_wake(turn->engine->targets, job->target, job->name, turn->now_ms);
	return message_waits_again(turn, job, error);
}

gboolean hg_dead_retry(hg_turn *turn, GError **error)
{
	hg_job *job;

	turn->answer = "{\"state\":\"due\"}";
	return find(turn, &job, error) && hg_dead_again(turn, job, error);
}

gboolean hg_dead_retry_all(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	struct hg_job_query query = { .target = hg_target_of(command->type), .name = command->text, .state = HG_JOB_DEAD,
				      .limit = AT_ONCE + 1 };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	g_autofree char *answer = NULL;
	guint n;

	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	n = MIN(jobs->len, (guint)AT_ONCE);
	for (guint i = 0; i < n; i++)
		if (!hg_dead_again(turn, g_ptr_array_index(jobs, i), error))
			return FALSE;
	answer = g_strdup_printf("{\"retried\":%u,\"more\":%s}", n, jobs->len > n ? "true" : "false");
	turn->answer = hg_arena_str(turn->arena, answer);
	return TRUE;
}

/* ---- something else goes out ---- */

static char *hash_of(const char *text)
{
	guint8 hash[32];

	hg_sha256(text, strlen(text), hash);
	return hg_hex(hash, sizeof(hash));
}

/* Who looks into the audit later sees that it was another text, and can tell which of two it was. */
static void answer_edit(hg_turn *turn, const char *before, const char *after)
{
	g_autofree char *was = hash_of(before), *is = hash_of(after);
	g_autofree char *answer = g_strdup_printf("{\"sha256_before\":\"%s\",\"sha256_after\":\"%s\"}", was, is);

	turn->answer = hg_arena_str(turn->arena, answer);
}

static gboolean edit_event(hg_turn *turn, hg_job *job, GError **error)
{
	const hg_command *command = turn->command;
	const char *before;
	hg_event *event;

	if (!hg_dead_edited(turn->store, turn->arena, job, &before, error))
		return FALSE;
	if (!before) {
		if (!hg_store_event_get(turn->store, turn->arena, job->event_n, &event, error))
			return FALSE;
		before = event ? event->data : "";
	}
	answer_edit(turn, before, command->text);
	job->part = EDITED;
	return hg_store_job_update(turn->store, job, error) &&
	       hg_store_standing_set(turn->store, &(hg_standing){
			.kind = HG_STANDING_EDIT, .name = edit_name(turn, job), .since_ms = turn->now_ms,
			.who = command->principal, .text = command->text }, error);
}

/* The one call that the new text needs; more or fewer cannot take this one's place. */
static gboolean plan_again(hg_turn *turn, hg_job *job, const char *text, struct hg_part *ret, GError **error)
{
	const struct hg_ports *ports = &turn->engine->ports;
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_err err = { 0 };
	hg_dispatch *dispatch;
	gboolean ok;

	if (!hg_dispatch_make(turn->engine, job, turn->now_ms, &dispatch, error))
		return FALSE;
	if (!dispatch)
		return hg_fail(error, HG_ERROR_MISSING, "the message of this letter is not there any more");
	dispatch->out.text = text;
	dispatch->out.html = NULL;
	dispatch->out.body = NULL;
	dispatch->out.len = 0;
	ok = ports->plan(ports->ctx, job->name, turn->arena, &dispatch->out, parts, &err);
	hg_dispatch_free(dispatch);
	if (!ok)
		return hg_fail(error, HG_ERROR_STATE, "channel %s cannot send this: %.*s", job->name,
			       (int)strnlen(err.text, sizeof(err.text)), err.text);
	*ret = g_array_index(parts, struct hg_part, 0);
	return (parts->len == 1 && job->part == 0 && ret->file == job->file) ||
	       hg_fail(error, HG_ERROR_STATE, "this answer goes out in several parts, and one of them cannot be changed "
		       "alone: write the answer again and discard this letter");
}

/* It is not what was refused: who dedupes by keys must not take it for that. */
static gboolean key_again(hg_turn *turn, hg_job *job, const char *text, GError **error)
{
	char key[HG_KEY_SIZE];
	g_autofree char *seen = NULL;

	hg_event_key(turn, (const char *const[]){ "edited", job->key ?: "", text, NULL }, key);
	job->key = hg_arena_str(turn->arena, key);
	seen = g_strconcat("key:", key, NULL);
	return hg_store_seen_set(turn->store, job->name, seen, turn->now_ms, job->message_n, error);
}

static gboolean edit_reply(hg_turn *turn, hg_job *job, GError **error)
{
	const char *text = turn->command->text;
	struct hg_part part = { 0 };
	hg_message *message;
	hg_case kase;

	if (!hg_store_message_get(turn->store, turn->arena, job->message_n, &message, error))
		return FALSE;
	if (!message || !message->text)
		return hg_fail(error, HG_ERROR_STATE, "this letter has no text that could be changed");
	if (!plan_again(turn, job, text, &part, error) || !key_again(turn, job, text, error))
		return FALSE;
	answer_edit(turn, message->text, text);
	job->body = part.body;
	job->len = part.len;
	message->text = text;
	message->html = NULL;
	return hg_store_job_update(turn->store, job, error) && hg_store_message_update(turn->store, message, error) &&
	       hg_case_load(turn, message->thread_n, &kase, error) &&
	       hg_event_tell(turn, &kase, &(struct hg_payload){ .type = "message.edited", .message = message,
								.reason = "changed before it was sent" }, error) &&
	       hg_case_save(turn, &kase, error);
}

gboolean hg_dead_edit(hg_turn *turn, GError **error)
{
	hg_job *job;

	if (!find(turn, &job, error))
		return FALSE;
	if (job->target != HG_TO_BACKEND && job->target != HG_TO_CHANNEL)
		return hg_fail(error, HG_ERROR_STATE, "a letter of target %s cannot be edited: only an event for a helpdesk "
			       "and the text of an answer can", hg_target_word(job->target));
	if (job->target != hg_target_of(turn->command->type))
		return hg_fail(error, HG_ERROR_INPUT, job->target == HG_TO_BACKEND ?
			       "this letter is an event for a helpdesk: its \"data\" can be changed, not a text" :
			       "this letter is an answer to a customer: its \"text\" can be changed, not data");
	return job->target == HG_TO_BACKEND ? edit_event(turn, job, error) : edit_reply(turn, job, error);
}

/* ---- no more ---- */

gboolean hg_dead_discard(hg_turn *turn, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "principal", turn->command->principal);
	hg_job *job;

	if (!find(turn, &job, error))
		return FALSE;
	hg_info(&ctx, "outbox.discarded", "dead letter %" G_GINT64_FORMAT " (%s %s) will not be sent any more", job->n,
		hg_target_word(job->target), job->name);
	turn->answer = "{\"state\":\"discarded\"}";
	return hg_outbox_end(turn, job, FALSE, error);
}
