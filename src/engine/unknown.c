/* unknown.c - a send that left and was not answered: the ladder of the ambiguous
 *
 *   key:   the provider drops a second one with the same key: the same bytes again
 *   echo:  its receipts carry our key: for ambiguous_wait one may settle it
 *   ask:   the adapter can look it up
 *   policy: on_ambiguous hold (it stays UNKNOWN, a person settles it) or resend
 *
 * What comes behind it in its lane waits while this goes on: for the wait and one question.  Once
 * a person has to settle it, the lane goes on without it: a customer who gets the second half of
 * an answer can ask, one who gets nothing cannot. */
#include "turn.h"

#include <string.h>

#define KEY_TRIES 6			/* keys live from minutes to a day: then the next rung */
#define ASKED_MS  (2 * 60 * 1000)	/* an adapter has a minute to answer; after a crash, the policy decides */

const char *hg_unknown_timer(hg_turn *turn, const hg_job *job)
{
	g_autofree char *kind = g_strdup_printf("unknown:%" G_GINT64_FORMAT, job->n);

	return hg_arena_str(turn->arena, kind);
}

static gboolean can_ask(const hg_turn *turn, const hg_job *job)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, job->name);

	return conf && conf->desc && HG_HAS(conf->desc, ask);
}

static gint64 wait_ms(const hg_turn *turn, const hg_job *job)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, job->name);

	return conf ? conf->ambiguous_wait_ms : 10 * 60 * 1000;
}

static gboolean resend(hg_turn *turn, hg_job *job, gint64 retry_ms, GError **error)
{
	return hg_store_timer_clear(turn->store, job->thread_n, hg_unknown_timer(turn, job), error) &&
	       hg_outbox_again(turn, job, retry_ms, error);
}

/* Nobody can tell: the agent sees "unknown", and the lane goes on. */
static gboolean hold(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "message", message->id);

	hg_warn(&ctx, "send.unknown", "part %d may or may not have been sent (%s); somebody has to settle job %"
		G_GINT64_FORMAT, job->part + 1, job->error ?: "no answer came", job->n);
	if (!hg_store_job_pass(turn->store, job, turn->now_ms, error))
		return FALSE;
	hg_targets_wake(turn->engine->targets, job->target, job->name, turn->now_ms);
	if (message->delivery > HG_DLV_UNKNOWN)
		return TRUE;
	message->delivery = HG_DLV_UNKNOWN;
	message->error = "it left, and the provider did not answer: it may have arrived";
	message->advice = "Ask the customer, or settle it: it arrived, or send it again.";
	return hg_store_message_update(turn->store, message, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "message.status", .message = message,
							       .reason = message->error }, error);
}

static gboolean by_policy(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, job->name);

	if (conf && g_strcmp0(conf->on_ambiguous, "resend") == 0)
		return resend(turn, job, 0, error);
	return hold(turn, kase, message, job, error);
}

static gboolean ask_or_decide(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	if (!can_ask(turn, job))
		return by_policy(turn, kase, message, job, error);
	g_ptr_array_add(turn->questions, job);
	return hg_timer_set(turn, job->thread_n, hg_unknown_timer(turn, job), turn->now_ms + ASKED_MS, "asked", error);
}

static gboolean ladder(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	const struct hg_ports *ports = &turn->engine->ports;
	struct hg_limits limits = { .size = sizeof(limits) };
	unsigned caps = 0;

	ports->limits(ports->ctx, job->name, &limits, &caps);
	if ((caps & HG_CAP_KEY) && job->attempts < KEY_TRIES)
		return hg_outbox_again(turn, job, 0, error);
	if (caps & HG_CAP_ECHO)
		return hg_timer_set(turn, job->thread_n, hg_unknown_timer(turn, job),
				    turn->now_ms + wait_ms(turn, job), NULL, error);
	return ask_or_decide(turn, kase, message, job, error);
}

gboolean hg_unknown_begin(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	int said;

	if (!hg_job_move(job, HG_JOB_UNKNOWN, error))
		return FALSE;
	job->changed_ms = turn->now_ms;
	if (!hg_store_job_update(turn->store, job, error) ||
	    !hg_receipt_verdict(turn, message, job->key, &said, error))
		return FALSE;
	/* The receipt was faster than the answer that never came. */
	if (said > 0)
		return hg_result_arrived(turn, kase, message, job, NULL, error);
	if (said < 0)
		return hg_result_refused(turn, kase, message, job, message->error_code, message->error,
					 message->advice, error);
	return ladder(turn, kase, message, job, error);
}

/* The adapter asked and could not find out. */
gboolean hg_unknown_answered(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	return hg_store_timer_clear(turn->store, job->thread_n, hg_unknown_timer(turn, job), error) &&
	       by_policy(turn, kase, message, job, error);
}

static gboolean load(hg_turn *turn, gint64 job_n, hg_job **ret, hg_message **ret_message, GError **error)
{
	*ret_message = NULL;
	if (!hg_store_job_get(turn->store, turn->arena, job_n, ret, error))
		return FALSE;
	if (!*ret || (*ret)->target != HG_TO_CHANNEL || (*ret)->state != HG_JOB_UNKNOWN) {
		*ret = NULL;
		return TRUE;
	}
	if (!hg_store_message_get(turn->store, turn->arena, (*ret)->message_n, ret_message, error))
		return FALSE;
	return *ret_message || hg_fail(error, HG_ERROR_BROKEN, "the message of job %" G_GINT64_FORMAT
				       " is not in the store", job_n);
}

gboolean hg_unknown_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	gint64 n = g_ascii_strtoll(timer->kind + strlen("unknown:"), NULL, 10);
	hg_message *message;
	hg_job *job;

	if (!load(turn, n, &job, &message, error))
		return FALSE;
	if (!job)
		return TRUE;
	if (g_strcmp0(timer->data, "asked") == 0)
		return by_policy(turn, kase, message, job, error);
	return ask_or_decide(turn, kase, message, job, error);
}

/* A person knows: it arrived, or it is to be sent again. */
gboolean hg_unknown_settle(hg_turn *turn, GError **error)
{
	gboolean arrived = g_strcmp0(turn->command->text, "arrived") == 0;
	hg_message *message;
	hg_case kase;
	hg_job *job;

	if (!arrived && g_strcmp0(turn->command->text, "resend") != 0)
		return hg_fail(error, HG_ERROR_INPUT, "an unknown send is settled by \"arrived\" or \"resend\"");
	if (!load(turn, turn->command->job_n, &job, &message, error))
		return FALSE;
	if (!job)
		return hg_fail(error, HG_ERROR_MISSING, "job %" G_GINT64_FORMAT " is not an unknown send",
			       turn->command->job_n);
	turn->answer = arrived ? "{\"state\":\"arrived\"}" : "{\"state\":\"due\"}";
	if (!hg_case_load(turn, message->thread_n, &kase, error))
		return FALSE;
	if (arrived)
		return hg_result_arrived(turn, &kase, message, job, NULL, error) && hg_case_save(turn, &kase, error);
	if (message->delivery == HG_DLV_UNKNOWN) {
		message->delivery = HG_DLV_QUEUED;
		message->error = message->advice = NULL;
		if (!hg_store_message_update(turn->store, message, error))
			return FALSE;
	}
	return resend(turn, job, 1, error);
}

/* Found in SENDING after a restart: it may have left or not. */
gboolean hg_unknown_recover(hg_turn *turn, hg_job *job, GError **error)
{
	hg_message *message;
	hg_case kase;

	if (!hg_store_message_get(turn->store, turn->arena, job->message_n, &message, error))
		return FALSE;
	if (!message)
		return hg_outbox_end(turn, job, FALSE, error);
	job->error = "headgate stopped while it was being sent";
	return hg_case_load(turn, message->thread_n, &kase, error) &&
	       hg_unknown_begin(turn, &kase, message, job, error) && hg_case_save(turn, &kase, error);
}
