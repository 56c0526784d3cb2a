/* result.c - outcomes of what was dispatched: arrived, again, refused, parked */
#include "turn.h"

#include "people.h"

#include <string.h>

#define DAY_MS		((gint64)24 * 60 * 60 * 1000)
#define SOON_MS	1000			/* a retry that waits for nothing but the next round */
#define GIVE_UP_MS	(7 * DAY_MS)	/* a message for a channel, or a file without an end of its own */
#define STEPS_MAX	8		/* harmless first steps of one part */


/* ---- what a job's fate means for its message ---- */

static gboolean tell_status(hg_turn *turn, hg_case *kase, const hg_message *message, const char *type,
			    GError **error)
{
	return hg_event_tell(turn, kase, &(struct hg_payload){ .type = type, .message = message,
							       .reason = message->error }, error);
}

static void fold_sent(hg_message *message)
{
	gboolean conflict = FALSE;

	if (message->parts > 1 && message->delivery == HG_DLV_FAILED)
		message->delivery = HG_DLV_PARTLY;
	else if (message->parts_sent >= message->parts)
		message->delivery = hg_delivery_fold(message->delivery, HG_R_SENT, &conflict);
}

/* A receipt may name any of its ids (of a segment, say), and overtake the answer that tells them. */
static gboolean adopt_also(hg_turn *turn, hg_case *kase, hg_message *message, GError **error)
{
	const char *const *also = turn->command && turn->command->kind == HG_CMD_SENT ? turn->command->sent.also : NULL;

	for (; also && *also; also++)
		if (!hg_receipt_adopt(turn, kase, message, *also, NULL, error))
			return FALSE;
	return TRUE;
}

gboolean hg_result_arrived(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, const char *id,
			   GError **error)
{
	int before = message->delivery;

	if (!message->parts_sent && !hg_episode_answered(turn, kase, message, error))
		return FALSE;
	message->parts_sent = MIN(message->parts_sent + 1, message->parts);
	if (id && *id) {
		if (!message->external_id)
			message->external_id = id;
		if (!hg_remember_id(turn, job->name, id, message, error))
			return FALSE;
	}
	if (turn->command && turn->command->kind == HG_CMD_SENT &&
	    !hg_remember_also(turn, job->name, turn->command->sent.also, message, error))
		return FALSE;
	fold_sent(message);
	if (!hg_store_message_update(turn->store, message, error) ||
	    !hg_store_timer_clear(turn->store, kase->thread->n, hg_unknown_timer(turn, job), error) ||
	    !hg_outbox_end(turn, job, FALSE, error))
		return FALSE;
	if (message->parts_sent == message->parts && message->delivery != HG_DLV_PARTLY) {
		/* What it says was told of when it was said. */
		if (!tell_status(turn, kase, message, hg_message_is_copy(message) ? "message.status" : "message.sent", error))
			return FALSE;
	} else if (message->delivery != before && !tell_status(turn, kase, message, "message.status", error)) {
		return FALSE;
	}
	return hg_receipt_adopt(turn, kase, message, id, job->key, error) && adopt_also(turn, kase, message, error);
}

gboolean hg_result_refused(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, int code,
			   const char *text, const char *advice, GError **error)
{
	int before = message->delivery;

	message->delivery = message->parts_sent ? HG_DLV_PARTLY : HG_DLV_FAILED;
	message->error = text ?: "the provider refused it and did not say why";
	message->error_code = code;
	message->advice = advice;
	job->error = message->error;
	job->error_code = code;
	return hg_store_message_update(turn->store, message, error) &&
	       hg_store_timer_clear(turn->store, kase->thread->n, hg_unknown_timer(turn, job), error) &&
	       hg_outbox_end(turn, job, TRUE, error) && tell_status(turn, kase, message, "message.status", error) &&
	       hg_listen_failed(turn, kase, message, before, error);
}

/* ---- a channel's answer ---- */

gboolean hg_result_job(hg_turn *turn, int target, hg_job **ret, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "name", turn->command->channel ?: turn->command->backend);

	hg_targets_landed(turn->engine->targets, turn->command->job_n);
	if (!hg_store_job_get(turn->store, turn->arena, turn->command->job_n, ret, error))
		return FALSE;
	if (*ret && (*ret)->target == target && ((*ret)->state == HG_JOB_SENDING || (*ret)->state == HG_JOB_UNKNOWN))
		return TRUE;
	/* Settled meanwhile: by a receipt, by a person. */
	hg_debug(&ctx, "outbox.late_answer", "job %" G_GINT64_FORMAT " is settled already", turn->command->job_n);
	*ret = NULL;
	return TRUE;
}

/* "Too much" of a contact or of the channel: who else has to wait. */
static void slow_down(hg_turn *turn, const hg_job *job, const hg_message *message, int reach)
{
	if (reach == HG_REACH_CONTACT)
		hg_targets_contact_wait(turn->engine->targets, job->name, message->address, job->due_ms);
	else if (reach != HG_REACH_MESSAGE)
		hg_targets_pause(turn->engine->targets, HG_TO_CHANNEL, job->name, job->due_ms);
}

static gboolean retry(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	const struct hg_result *result = &turn->command->sent;

	if (turn->now_ms - job->created_ms >= GIVE_UP_MS)
		return hg_result_refused(turn, kase, message, job, result->code, result->text ?:
					 "it could not be sent for a week", result->advice, error);
	job->error = result->text;
	job->error_code = result->code;
	if (!hg_outbox_again(turn, job, result->retry_ms, error))
		return FALSE;
	slow_down(turn, job, message, result->reach);
	return TRUE;
}

static gboolean pause_all(hg_turn *turn, const hg_job *job, const char *why, GError **error)
{
	hg_targets_pause(turn->engine->targets, job->target, job->name, G_MAXINT64);
	return hg_outage_begun(turn, job->target, job->name, why, error);
}

/* No message is at fault: nothing is tried until somebody has acted. */
static gboolean park(hg_turn *turn, hg_job *job, int code, const char *text, GError **error)
{
	if (!hg_job_move(job, HG_JOB_PARKED, error))
		return FALSE;
	job->changed_ms = turn->now_ms;
	job->error = text;
	job->error_code = code;
	return hg_store_job_update(turn->store, job, error) && pause_all(turn, job, text, error);
}

static gboolean failed(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	const struct hg_result *result = &turn->command->sent;

	if (result->reach == HG_REACH_CHANNEL || result->reach == HG_REACH_ACCOUNT) {
		/* A question could not be put: whether it was sent is as open as before. */
		if (job->state == HG_JOB_UNKNOWN)
			return pause_all(turn, job, result->text, error) &&
			       hg_unknown_answered(turn, kase, message, job, error);
		return park(turn, job, result->code, result->text, error);
	}
	return hg_result_refused(turn, kase, message, job, result->code, result->text, result->advice, error);
}

static gboolean step(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	const struct hg_result *result = &turn->command->sent;

	if (++job->steps > STEPS_MAX)
		return hg_result_refused(turn, kase, message, job, 0, "the adapter takes too many steps for it",
					 NULL, error);
	/* No attempt was made yet at what cannot be taken back. */
	job->attempts--;
	job->body = result->body;
	job->len = result->len;
	if (!hg_job_move(job, HG_JOB_DUE, error))
		return FALSE;
	job->due_ms = job->changed_ms = turn->now_ms;
	hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
	return hg_store_job_update(turn->store, job, error);
}

static gboolean act_on(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	const struct hg_result *result = &turn->command->sent;
	gboolean sure = TRUE;

	switch (result->fate) {
	case HG_SENT:
		return hg_result_arrived(turn, kase, message, job, result->id, error);
	case HG_RETRY:
		if (job->state == HG_JOB_UNKNOWN && !hg_unknown_denied(turn, kase, message, job, &sure, error))
			return FALSE;
		return !sure || retry(turn, kase, message, job, error);
	case HG_STEP:
		if (job->state == HG_JOB_SENDING)
			return step(turn, kase, message, job, error);
		break;
	case HG_FAILED:
		return failed(turn, kase, message, job, error);
	default:
		break;
	}
	job->error = result->text;
	job->error_code = result->code;
	if (job->state == HG_JOB_UNKNOWN)
		return hg_unknown_answered(turn, kase, message, job, error);
	return hg_unknown_begin(turn, kase, message, job, error);
}

static gboolean load_message(hg_turn *turn, const hg_job *job, hg_case *kase, hg_message **ret, GError **error)
{
	if (!hg_store_message_get(turn->store, turn->arena, job->message_n, ret, error))
		return FALSE;
	return *ret ? hg_case_load(turn, (*ret)->thread_n, kase, error) :
		      hg_fail(error, HG_ERROR_BROKEN, "the message of job %" G_GINT64_FORMAT " is not in the store",
			      job->n);
}

/* Asked before it was sent again: "no" says nothing of the send that is under way, and would have it sent once more.  "Yes" counts. */
static gboolean is_of_old_question(const hg_turn *turn, const hg_job *job)
{
	return turn->command->asked && job->state == HG_JOB_SENDING && turn->command->sent.fate != HG_SENT;
}

gboolean hg_result_sent(hg_turn *turn, GError **error)
{
	hg_message *message;
	hg_job *job;
	hg_case kase;

	if (!hg_result_job(turn, HG_TO_CHANNEL, &job, error))
		return FALSE;
	if (!job || is_of_old_question(turn, job))
		return TRUE;
	return load_message(turn, job, &kase, &message, error) && act_on(turn, &kase, message, job, error) &&
	       hg_case_save(turn, &kase, error);
}

/* ---- a backend's answer ---- */

static gboolean ticket_known(hg_turn *turn, hg_case *kase, GError **error)
{
	const struct hg_forward_result *result = &turn->command->forwarded;
	gboolean other = FALSE, names = result->external_id && *result->external_id;
	hg_link link = { .backend = turn->command->backend, .external_id = result->external_id, .number = result->number,
			 .url = result->url, .at_ms = turn->now_ms };

	if (!hg_case_ticket(turn, kase, error))
		return FALSE;
	if (!kase->ticket)
		return TRUE;
	link.ticket_n = kase->ticket->n;
	if (names && result->lost) {
		turn->origin = turn->command->backend;
		return hg_ticket_moved(turn, kase, &link, NULL, error);
	}
	if (names && !hg_ticket_is_other(turn, kase->ticket, turn->command->backend, result->external_id, &other, error))
		return FALSE;
	turn->origin = turn->command->backend;
	if (names && !other)
		return hg_ticket_link(turn, kase, &link, error);
	/* It took the request and named no ticket: it has it all the same. */
	if (!hg_ticket_acked(turn, kase, error))
		return FALSE;
	if (kase->ticket->state != HG_TICKET_REQUESTED)
		return TRUE;
	kase->ticket->changed_ms = turn->now_ms;
	kase->ticket_changed = TRUE;
	return hg_ticket_move(kase->ticket, HG_TICKET_OPEN, error);
}

static gboolean delivered(hg_turn *turn, hg_job *job, GError **error)
{
	const struct hg_forward_result *result = &turn->command->forwarded;
	gboolean names = result->external_id && *result->external_id;
	hg_event *event;
	hg_case kase;

	if (!hg_outbox_end(turn, job, FALSE, error))
		return FALSE;
	if (!job->thread_n)
		return TRUE;
	if (!names) {
		if (!hg_store_event_get(turn->store, turn->arena, job->event_n, &event, error))
			return FALSE;
		if (!event || strcmp(event->type, "ticket.requested") != 0)
			return TRUE;
	}
	return hg_case_load(turn, job->thread_n, &kase, error) && ticket_known(turn, &kase, error) &&
	       hg_case_save(turn, &kase, error);
}

static gboolean tell_lost(hg_turn *turn, const hg_job *job, GError **error)
{
	hg_case kase;

	return hg_case_load(turn, job->thread_n, &kase, error) && hg_ticket_lost(turn, &kase, job->name, error) &&
	       hg_case_save(turn, &kase, error);
}

static gboolean dead_letter(hg_turn *turn, hg_job *job, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", job->name);
	const struct hg_forward_result *result = &turn->command->forwarded;

	if (result->lost && !result->external_id && job->thread_n && !tell_lost(turn, job, error))
		return FALSE;

	hg_err(&ctx, "backend.dead_letter", "job %" G_GINT64_FORMAT " is given up after %d attempts: %s; it is kept, "
	       "see the outbox", job->n, job->attempts, job->error ?: "no reason given");
	return hg_outbox_end(turn, job, TRUE, error);
}

/* Only attempts that may have arrived leave a doubt; it stays until the step is done, or somebody has looked. */
static void settle_doubt(hg_job *job, const struct hg_forward_result *result)
{
	if (result->fate == HG_STEP || (!result->doubt && job->doubt_ms == job->changed_ms))
		job->doubt_ms = 0;
}

static gboolean link_now(hg_turn *turn, const hg_job *job, GError **error)
{
	hg_case kase;

	return !job->thread_n || (hg_case_load(turn, job->thread_n, &kase, error) && ticket_known(turn, &kase, error) &&
				  hg_case_save(turn, &kase, error));
}

/* A part of it is done, and must not be done twice: on disk before the rest is begun. */
static gboolean step_forward(hg_turn *turn, hg_job *job, GError **error)
{
	if (turn->command->forwarded.external_id && !link_now(turn, job, error))
		return FALSE;
	job->attempts = job->steps = job->error_code = 0;
	job->error = NULL;
	if (!hg_job_move(job, HG_JOB_DUE, error))
		return FALSE;
	job->changed_ms = turn->now_ms;
	job->due_ms = turn->now_ms + MAX(turn->command->forwarded.retry_ms, 0);
	hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
	return hg_store_job_update(turn->store, job, error);
}

gboolean hg_result_forwarded(hg_turn *turn, GError **error)
{
	const struct hg_forward_result *result = &turn->command->forwarded;
	const struct hg_backend_conf *backend;
	hg_job *job;

	if (!hg_result_job(turn, HG_TO_BACKEND, &job, error))
		return FALSE;
	if (!job)
		return TRUE;
	if (!hg_changes_ours(turn, job->name, result->made, error) || !hg_outage_answered(turn, job, error))
		return FALSE;
	if (result->fate == HG_SENT && !result->gone)
		return delivered(turn, job, error);
	settle_doubt(job, result);
	if (result->body) {
		job->body = result->body;
		job->len = result->len;
	}
	if (result->fate == HG_STEP)
		return step_forward(turn, job, error);
	job->error = result->text;
	job->error_code = result->status;
	/* A ticket that was made is known, whatever else could not be done. */
	if (result->fate == HG_FAILED && result->external_id && !link_now(turn, job, error))
		return FALSE;
	/* An attempt from before a reload says nothing of what somebody has mended since. */
	if (result->gone && job->changed_ms < turn->engine->adopted_ms)
		return hg_outbox_again(turn, job, SOON_MS, error);
	job->steps += result->objects ? 1 : 0;
	if (result->gone)
		return park(turn, job, result->status, result->text ?: "the helpdesk says it is gone (410)", error);
	backend = hg_conf_backend(turn->conf, job->name);
	if (result->fate == HG_FAILED ||
	    turn->now_ms - job->created_ms >= (backend ? backend->give_up_ms : GIVE_UP_MS))
		return dead_letter(turn, job, error);
	return hg_outbox_again(turn, job, result->retry_ms, error);
}

/* ---- a download's end ---- */

/* The agent hears what became of the file: told as an edit of the message it belongs to. */
static gboolean tell_file(hg_turn *turn, const hg_attachment *attachment, const char *reason, GError **error)
{
	hg_message *message;
	hg_case kase;

	if (!hg_store_message_get(turn->store, turn->arena, attachment->message_n, &message, error))
		return FALSE;
	if (!message)
		return TRUE;
	return hg_case_load(turn, message->thread_n, &kase, error) &&
	       hg_event_tell(turn, &kase, &(struct hg_payload){ .type = "message.edited", .message = message,
								.file = attachment, .reason = reason }, error) &&
	       hg_case_save(turn, &kase, error);
}

static gboolean file_stored(hg_turn *turn, hg_attachment *attachment, hg_job *job, GError **error)
{
	const struct hg_fetch_result *result = &turn->command->fetched;

	attachment->state = HG_FILE_STORED;
	attachment->sha256 = result->sha256;
	attachment->bytes = result->bytes;
	attachment->error = NULL;
	if (!attachment->type)
		attachment->type = result->type;
	return hg_store_attachment_update(turn->store, attachment, error) && hg_outbox_end(turn, job, FALSE, error) &&
	       tell_file(turn, attachment, "attachment stored", error);
}

static gboolean file_failed(hg_turn *turn, hg_attachment *attachment, hg_job *job, GError **error)
{
	attachment->state = HG_FILE_FAILED;
	attachment->error = job->error ?: "it could not be downloaded";
	return hg_store_attachment_update(turn->store, attachment, error) && hg_outbox_end(turn, job, TRUE, error) &&
	       tell_file(turn, attachment, "attachment failed", error);
}

/* That its time is over says nothing of why it was not had before. */
static const char *why_not(hg_turn *turn, const char *before)
{
	const struct hg_fetch_result *result = &turn->command->fetched;
	g_autofree char *both = NULL;

	if (result->fate != HG_FAILED || !before || !result->text || strcmp(before, result->text) == 0)
		return result->text;
	both = g_strdup_printf("%s; before that: %s", result->text, before);
	return hg_arena_str(turn->arena, both);
}

gboolean hg_result_fetched(hg_turn *turn, GError **error)
{
	const struct hg_fetch_result *result = &turn->command->fetched;
	hg_attachment *attachment;
	gint64 end_ms;
	hg_job *job;

	if (!hg_result_job(turn, HG_TO_FETCH, &job, error))
		return FALSE;
	if (!job)	/* whose message was erased meanwhile: nobody needs the file, unless somebody has it too */
		return !result->sha256 || hg_store_unlink_later(turn->store, result->sha256, turn->now_ms, error);
	if (!hg_store_attachment_get(turn->store, turn->arena, job->attachment_n, &attachment, error))
		return FALSE;
	if (!attachment)
		return hg_outbox_end(turn, job, FALSE, error);
	if (result->fate == HG_SENT)
		return file_stored(turn, attachment, job, error);
	job->error = why_not(turn, job->error);
	end_ms = attachment->expires_ms ? attachment->expires_ms : job->created_ms + GIVE_UP_MS;
	if (result->fate == HG_FAILED || turn->now_ms >= end_ms)
		return file_failed(turn, attachment, job, error);
	if (!hg_outbox_again(turn, job, result->retry_ms, error))
		return FALSE;
	if (job->due_ms <= end_ms)
		return TRUE;
	/* One last look before the provider forgets it. */
	job->due_ms = MAX(turn->now_ms, end_ms - 1000);
	hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
	return hg_store_job_update(turn->store, job, error);
}
