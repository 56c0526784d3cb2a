/* unknown.c - a send that left and was not answered: the ladder of the ambiguous
 *
 *   key:   the provider drops a second one with the same key: the same bytes again, as long as it knows the key
 *   echo:  its receipts carry our key: for ambiguous_wait one may settle it
 *   ask:   the adapter can look it up; "yes" counts at once, "no" when it is said twice and late enough, for what
 *          left us may still be on its way
 *   policy: on_ambiguous hold (it stays UNKNOWN, a person settles it) or resend
 *
 * What comes behind it in its lane waits while this goes on.  Once a person has to settle it, the lane goes on
 * without it: a customer who gets the second half of an answer can ask, one who gets nothing cannot.
 *
 * A job's timer says by its data what comes next: "key", until then it is sent again by its key; none, receipts
 * are waited for until then; "ask:N:M", it is asked then; "asked:N:M", it is asked again then when no answer came.
 * N are the noes so far, M the questions. */
#include "turn.h"

#include <string.h>

#define SECOND_MS	1000
#define MINUTE_MS	(60 * SECOND_MS)
#define KEY_LIFE_MS	(60 * MINUTE_MS)	/* where the adapter does not say */
#define KEY_MARGIN_MS	MINUTE_MS		/* an attempt may take so long to arrive */
#define KEY_LEAST_MS	(10 * SECOND_MS)	/* less is left: the next rung */
#define ASKED_MS	(2 * MINUTE_MS)		/* an adapter has a minute to answer; after a crash none comes */
#define ASK_AGAIN_MS	(30 * SECOND_MS)	/* doubled each time */
#define ASK_MOST	6			/* questions: a quarter of an hour */
#define NO_AFTER_MS	(2 * MINUTE_MS)		/* before that a "no" says nothing */
#define NOES		2

struct asking { int noes, questions; };

const char *hg_unknown_timer(hg_turn *turn, const hg_job *job)
{
	g_autofree char *kind = g_strdup_printf("unknown:%" G_GINT64_FORMAT, job->n);

	return hg_arena_str(turn->arena, kind);
}

gint64 hg_unknown_is(const char *timer_kind)
{
	return g_str_has_prefix(timer_kind, "unknown:") ? g_ascii_strtoll(timer_kind + strlen("unknown:"), NULL, 10) : 0;
}

static unsigned caps_of(hg_engine *engine, const hg_job *job, struct hg_limits *ret)
{
	const struct hg_ports *ports = &engine->ports;
	unsigned caps = 0;

	*ret = (struct hg_limits){ .size = sizeof(*ret) };
	return ports->limits(ports->ctx, job->name, ret, &caps) ? caps : 0;
}

static gboolean can_ask(hg_turn *turn, const hg_job *job)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, job->name);
	struct hg_limits limits;

	caps_of(turn->engine, job, &limits);
	return conf && conf->desc && HG_HAS(conf->desc, ask) && !(limits.lacks & HG_CAP_ASK);
}

static gint64 wait_ms(const hg_turn *turn, const hg_job *job)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, job->name);

	return conf ? conf->ambiguous_wait_ms : 10 * MINUTE_MS;
}

/* Until when it may be sent again by its key. */
static gint64 key_until(const hg_job *job, const struct hg_limits *limits)
{
	return job->doubt_ms + (limits->key_life_ms > 0 ? limits->key_life_ms : KEY_LIFE_MS) - KEY_MARGIN_MS;
}

gboolean hg_unknown_is_stale(const hg_job *job, const struct hg_limits *limits, gint64 now_ms)
{
	return job->doubt_ms && now_ms >= key_until(job, limits);
}

/* From here on it is a new message to the provider: nothing is known of what became of those before. */
static gboolean resend(hg_turn *turn, hg_message *message, hg_job *job, gint64 retry_ms, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "message", message->id);

	hg_warn(&ctx, "send.resent", "part %d is sent again though it may have arrived: the customer may have it twice",
		job->part + 1);
	message->resent++;
	job->doubt_ms = 0;
	return hg_store_message_update(turn->store, message, error) &&
	       hg_store_timer_clear(turn->store, job->thread_n, hg_unknown_timer(turn, job), error) &&
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

	if (!conf || g_strcmp0(conf->on_ambiguous, "resend") != 0)
		return hold(turn, kase, message, job, error);
	return resend(turn, message, job, 0, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "message.status", .message = message,
			.reason = "no answer came, so it is sent again: the customer may have it twice" }, error);
}

/* ---- asking ---- */

static gboolean set_asking(hg_turn *turn, const hg_job *job, const char *what, struct asking asking, gint64 due_ms,
			   GError **error)
{
	g_autofree char *data = g_strdup_printf("%s:%d:%d", what, asking.noes, asking.questions);

	return hg_timer_set(turn, job->thread_n, hg_unknown_timer(turn, job), due_ms, hg_arena_str(turn->arena, data),
			    error);
}

static struct asking read_asking(const hg_timer *timer)
{
	const char *numbers = timer && timer->data ? strchr(timer->data, ':') : NULL;
	g_auto(GStrv) parts = g_strsplit(numbers ? numbers + 1 : "0:0", ":", 2);

	return (struct asking){ (int)g_ascii_strtoll(parts[0], NULL, 10),
				parts[1] ? (int)g_ascii_strtoll(parts[1], NULL, 10) : 0 };
}

static gboolean ask(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, struct asking asking, GError **error)
{
	if (asking.questions >= ASK_MOST || !can_ask(turn, job))
		return by_policy(turn, kase, message, job, error);
	asking.questions++;
	g_ptr_array_add(turn->questions, job);
	return set_asking(turn, job, "asked", asking, turn->now_ms + ASKED_MS, error);
}

/* What was asked so far; the question that was answered is over. */
static gboolean take_asking(hg_turn *turn, const hg_job *job, struct asking *ret, GError **error)
{
	const char *kind = hg_unknown_timer(turn, job);
	hg_timer *timer;

	if (!hg_store_timer_get(turn->store, turn->arena, job->thread_n, kind, &timer, error))
		return FALSE;
	*ret = read_asking(timer);
	return hg_store_timer_clear(turn->store, job->thread_n, kind, error);
}

static gboolean ask_later(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, struct asking asking,
			  gint64 least_ms, GError **error)
{
	gint64 wait = (gint64)ASK_AGAIN_MS << MIN(MAX(asking.questions - 1, 0), ASK_MOST);

	if (asking.questions >= ASK_MOST)
		return by_policy(turn, kase, message, job, error);
	return set_asking(turn, job, "ask", asking, MAX(turn->now_ms + wait, least_ms), error);
}

gboolean hg_unknown_answered(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	struct asking asking;

	return take_asking(turn, job, &asking, error) && ask_later(turn, kase, message, job, asking, 0, error);
}

gboolean hg_unknown_denied(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, gboolean *ret_sure,
			   GError **error)
{
	gint64 early_ms = job->changed_ms + NO_AFTER_MS;
	struct asking asking;

	*ret_sure = FALSE;
	if (!take_asking(turn, job, &asking, error))
		return FALSE;
	asking.noes++;
	*ret_sure = asking.noes >= NOES && turn->now_ms >= early_ms;
	if (!*ret_sure)
		return ask_later(turn, kase, message, job, asking, early_ms, error);
	job->doubt_ms = 0;
	return TRUE;
}

/* ---- the rungs ---- */

static gboolean by_key(hg_turn *turn, hg_job *job, gint64 until_ms, GError **error)
{
	if (!hg_outbox_again(turn, job, 0, error) ||
	    !hg_timer_set(turn, job->thread_n, hg_unknown_timer(turn, job), until_ms, "key", error))
		return FALSE;
	if (job->due_ms < until_ms)
		return TRUE;
	/* One last try while it is known. */
	job->due_ms = until_ms - SECOND_MS;
	hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
	return hg_store_job_update(turn->store, job, error);
}

static gboolean by_echo_or_ask(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, unsigned caps,
			       GError **error)
{
	if (caps & HG_CAP_ECHO)
		return hg_timer_set(turn, job->thread_n, hg_unknown_timer(turn, job),
				    turn->now_ms + wait_ms(turn, job), NULL, error);
	return ask(turn, kase, message, job, (struct asking){ 0 }, error);
}

static gboolean ladder(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	struct hg_limits limits;
	unsigned caps = caps_of(turn->engine, job, &limits);

	if ((caps & HG_CAP_KEY) && turn->now_ms + KEY_LEAST_MS < key_until(job, &limits))
		return by_key(turn, job, key_until(job, &limits), error);
	return by_echo_or_ask(turn, kase, message, job, caps, error);
}

gboolean hg_unknown_begin(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	int said;

	if (!hg_job_move(job, HG_JOB_UNKNOWN, error))
		return FALSE;
	if (!job->doubt_ms)
		job->doubt_ms = job->changed_ms;	/* since when it was SENDING */
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

static gboolean load(hg_turn *turn, gint64 job_n, hg_job **ret, hg_message **ret_message, GError **error)
{
	*ret_message = NULL;
	if (!hg_store_job_get(turn->store, turn->arena, job_n, ret, error))
		return FALSE;
	if (!*ret || (*ret)->target != HG_TO_CHANNEL) {
		*ret = NULL;
		return TRUE;
	}
	if (!hg_store_message_get(turn->store, turn->arena, (*ret)->message_n, ret_message, error))
		return FALSE;
	return *ret_message || hg_fail(error, HG_ERROR_BROKEN, "the message of job %" G_GINT64_FORMAT
				       " is not in the store", job_n);
}

/* The provider forgets its key before it could be sent again.  What is being sent has an answer to come first. */
static gboolean key_is_over(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error)
{
	struct hg_limits limits;

	if (job->state == HG_JOB_SENDING || job->state == HG_JOB_QUEUED)
		return hg_timer_set(turn, job->thread_n, hg_unknown_timer(turn, job), turn->now_ms + ASKED_MS, "key", error);
	if (job->state != HG_JOB_DUE && job->state != HG_JOB_PARKED)
		return TRUE;
	if (!hg_job_move(job, HG_JOB_UNKNOWN, error))
		return FALSE;
	job->changed_ms = turn->now_ms;
	return hg_store_job_update(turn->store, job, error) &&
	       by_echo_or_ask(turn, kase, message, job, caps_of(turn->engine, job, &limits), error);
}

gboolean hg_unknown_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	gint64 n = g_ascii_strtoll(timer->kind + strlen("unknown:"), NULL, 10);
	hg_message *message;
	hg_job *job;

	if (!load(turn, n, &job, &message, error))
		return FALSE;
	if (job && g_strcmp0(timer->data, "key") == 0)
		return key_is_over(turn, kase, message, job, error);
	return !job || job->state != HG_JOB_UNKNOWN || ask(turn, kase, message, job, read_asking(timer), error);
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
	if (!job || job->state != HG_JOB_UNKNOWN)
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
	}
	return resend(turn, message, job, 1, error);
}

gboolean hg_unknown_recover(hg_turn *turn, hg_job *job, const char *why, GError **error)
{
	hg_message *message;
	hg_case kase;

	if (!hg_store_message_get(turn->store, turn->arena, job->message_n, &message, error))
		return FALSE;
	if (!message)
		return hg_outbox_end(turn, job, FALSE, error);
	job->error = why;
	return hg_case_load(turn, message->thread_n, &kase, error) &&
	       hg_unknown_begin(turn, &kase, message, job, error) && hg_case_save(turn, &kase, error);
}
