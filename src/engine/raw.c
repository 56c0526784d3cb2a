/* raw.c - bytes that are read once they are safe: kept with a job, read outside, taken in, settled
 *
 * What brings them (a mail) may be of a kind that kills whoever reads it.  So they are on disk before anybody looks,
 * each reading is counted before it begins, and after two that failed they are left alone: a placeholder
 * stands for them in the conversation, they stay in quarantine (a dead job), and the next ones have their turn. */
#include "turn.h"

#include <string.h>

#define READ_MAX  2			/* attempts that end in an error ... */
#define LOST_MAX  3			/* ... or in nothing at all, for who is killed may be innocent */
#define CLOSED_MS 60000			/* nobody is there to read it: what comes up meanwhile says so */
#define SETTLE_MS (7 * 24 * 60 * 60 * G_GINT64_CONSTANT(1000))
#define KNOWN_MAX 20			/* texts of ours that are lent ... */
#define KNOWN_BYTES (256 * 1024)	/* ... and their bytes ... */
#define KNOWN_LOOK 200			/* ... from so many of a conversation's newest messages */

/* ---- in ---- */

static const char *key_of(const struct hg_in *in)
{
	return in->dedupe ?: in->id;
}

gboolean hg_raw_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	return hg_outbox_add(turn, &(hg_job){
		.target = HG_TO_UNPACK, .name = turn->command->channel, .lane = in->group ?: "",
		.due_ms = turn->now_ms, .key = key_of(in), .raw_n = raw_n, .file = -1 }, error);
}

/* ---- read ---- */

/* The far end may flag, move or delete it now.  An adapter that has nothing to do there is not asked. */
static gboolean settle_later(hg_turn *turn, const hg_job *job, GError **error)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, job->name);

	if (!job->key || !*job->key || (conf && conf->desc && !HG_HAS(conf->desc, settle)))
		return TRUE;
	return hg_outbox_add(turn, &(hg_job){
		.target = HG_TO_SETTLE, .name = job->name, .lane = job->key, .due_ms = turn->now_ms,
		.key = job->key, .raw_n = job->raw_n, .file = -1 }, error);
}

/* Whoever looks at the placeholder finds out that there is more by now. */
static gboolean placeholder_ends(hg_turn *turn, const hg_job *job, GError **error)
{
	hg_message *message;
	hg_case kase;

	if (!job->external_id)
		return TRUE;
	if (!hg_store_message_by_id(turn->store, turn->arena, job->external_id, &message, error))
		return FALSE;
	if (!message)
		return TRUE;
	message->note = "it could not be read at first; what it says came as a message of its own since";
	return hg_case_load(turn, message->thread_n, &kase, error) &&
	       hg_store_message_update(turn->store, message, error) &&
	       hg_event_tell(turn, &kase, &(struct hg_payload){ .type = "message.edited", .message = message,
								.reason = "read after all" }, error) &&
	       hg_case_save(turn, &kase, error);
}

gboolean hg_raw_read(hg_turn *turn, hg_job *job, GError **error)
{
	/* Out of quarantine: over there it was settled when it came in. */
	return (job->steps || settle_later(turn, job, error)) && placeholder_ends(turn, job, error) &&
	       hg_outbox_end(turn, job, FALSE, error);
}

/* ---- not read ---- */

static gboolean tell_quarantine(hg_turn *turn, const hg_job *job, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", job->name);
	g_autofree char *reason = g_strdup_printf("job %" G_GINT64_FORMAT ": %s", job->n, job->error);

	hg_err(&ctx, "unpack.quarantine", "what came in as raw event %" G_GINT64_FORMAT " cannot be read, and is kept in "
	       "quarantine as job %" G_GINT64_FORMAT ": %s", job->raw_n, job->n, job->error);
	return hg_event_tell(turn, NULL, &(struct hg_payload){ .type = "message.quarantined", .name = job->name,
							       .reason = hg_arena_str(turn->arena, reason) }, error);
}

gboolean hg_raw_quarantine(hg_turn *turn, hg_job *job, GError **error)
{
	gboolean again = job->steps != 0;

	job->steps = 1;
	return hg_outbox_end(turn, job, TRUE, error) && (again || settle_later(turn, job, error)) &&
	       tell_quarantine(turn, job, error);
}

gboolean hg_raw_is_hopeless(const hg_turn *turn, const hg_job *job)
{
	return turn->command->fate != HG_RETRY && job->attempts >= READ_MAX;
}

gboolean hg_raw_again(hg_turn *turn, hg_job *job, GError **error)
{
	job->error = turn->command->text ?: "the adapter gave no reason";
	if (turn->command->fate != HG_RETRY)
		return hg_outbox_again(turn, job, 0, error);
	job->attempts--;	/* nobody has looked at it */
	return hg_outbox_again(turn, job, CLOSED_MS, error);
}

gboolean hg_raw_recover(hg_turn *turn, hg_job *job, const char *why, gint64 wait_ms, GError **error)
{
	job->error = why;
	if (job->target == HG_TO_UNPACK && job->attempts >= LOST_MAX)
		return hg_raw_quarantine(turn, job, error);
	if (wait_ms)
		return hg_outbox_again(turn, job, wait_ms, error);
	job->due_ms = turn->now_ms;
	return hg_job_move(job, HG_JOB_DUE, error) && hg_store_job_update(turn->store, job, error);
}

/* ---- what we said before ---- */

struct known {
	GPtrArray *texts;		/* of const char * */
	GArray *threads;		/* of gint64: looked at */
	gsize bytes;
};

static gboolean is_looked_at(const struct known *known, gint64 thread_n)
{
	for (guint i = 0; i < known->threads->len; i++)
		if (g_array_index(known->threads, gint64, i) == thread_n)
			return TRUE;
	return FALSE;
}

/* Only what left: a note of an agent is nothing that anybody could quote. */
static void know(struct known *known, const hg_message *message)
{
	gsize len = strlen(message->text);

	if (message->direction != HG_OUTBOUND || !len || known->texts->len >= KNOWN_MAX ||
	    known->bytes + len > KNOWN_BYTES)
		return;
	known->bytes += len;
	g_ptr_array_add(known->texts, (gpointer)message->text);
}

static gboolean know_thread(hg_turn *turn, gint64 thread_n, struct known *known, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	hg_thread *thread;

	if (is_looked_at(known, thread_n))
		return TRUE;
	g_array_append_val(known->threads, thread_n);
	if (!hg_store_thread_get(turn->store, turn->arena, thread_n, &thread, error))
		return FALSE;
	/* What was said on another channel's behalf, or on trial, is nobody's business here. */
	if (!thread || strcmp(thread->scope, hg_inbound_scope(turn)) != 0)
		return TRUE;
	if (!hg_store_message_list(turn->store, turn->arena, thread->last_message_n, KNOWN_LOOK, messages, error))
		return FALSE;
	for (guint i = 0; i < messages->len; i++)
		know(known, g_ptr_array_index(messages, i));
	return TRUE;
}

static gboolean know_all(hg_turn *turn, struct known *known, GError **error)
{
	for (const char *const *ref = turn->command->refs; ref && *ref; ref++) {
		hg_message *message;

		if (!hg_inbound_find(turn, *ref, &message, error) ||
		    (message && !know_thread(turn, message->thread_n, known, error)))
			return FALSE;
	}
	return TRUE;
}

/* Writes nothing: done again from the journal, nobody asks. */
gboolean hg_raw_recall(hg_turn *turn, GError **error)
{
	struct known known = { .texts = g_ptr_array_new(),
			       .threads = g_array_new(FALSE, FALSE, sizeof(gint64)) };
	hg_job *job;
	gboolean ok;

	ok = hg_result_job(turn, HG_TO_UNPACK, &job, error) &&
	     (!job || (know_all(turn, &known, error) &&
		       hg_targets_unpack(turn->engine->targets, job, known.texts, turn->now_ms, error)));
	g_ptr_array_unref(known.texts);
	g_array_unref(known.threads);
	return ok;
}

/* ---- settled ---- */

gboolean hg_raw_settled(hg_turn *turn, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", turn->command->channel);
	hg_job *job;

	if (!hg_result_job(turn, HG_TO_SETTLE, &job, error))
		return FALSE;
	if (!job)
		return TRUE;
	if (turn->command->fate == HG_SENT || turn->command->fate == HG_FAILED)
		return hg_outbox_end(turn, job, FALSE, error);
	job->error = turn->command->text ?: "the adapter gave no reason";
	if (turn->now_ms - job->created_ms < SETTLE_MS)
		return hg_outbox_again(turn, job, 0, error);
	hg_err(&ctx, "settle.given_up", "job %" G_GINT64_FORMAT " is given up after %d attempts: %s; over there the "
	       "message stays as it is, here it is stored", job->n, job->attempts, job->error);
	return hg_outbox_end(turn, job, TRUE, error);
}

/* ---- by hand ---- */

gboolean hg_raw_drop(hg_turn *turn, GError **error)
{
	hg_job *job;

	if (!hg_store_job_get(turn->store, turn->arena, turn->command->job_n, &job, error))
		return FALSE;
	if (!job || job->target != HG_TO_UNPACK || job->state != HG_JOB_DEAD)
		return hg_fail(error, HG_ERROR_MISSING, "job %" G_GINT64_FORMAT " is not in quarantine",
			       turn->command->job_n);
	turn->answer = "{\"state\":\"dropped\"}";
	return hg_outbox_end(turn, job, FALSE, error);
}
