/* turns.c - one turn of a round: done in a savepoint, so that one that fails is undone alone, and journalled */
#include "journal.h"
#include "posts.h"
#include "round.h"

#include "failpoint.h"

#define UNWRITTEN_AGAIN_MS 60000	/* an event or a download whose outcome could not be written down */

static hg_turn turn_of(const struct hg_round *round, hg_arena *arena, const hg_command *command)
{
	hg_engine *engine = round->engine;

	return (hg_turn){
		.engine = engine, .store = engine->store, .conf = engine->conf, .arena = arena,
		.now_ms = round->now_ms, .command = command, .events = g_ptr_array_new(),
		.questions = g_ptr_array_new(),
	};
}

void hg_engine_stats_add(struct hg_engine_stats *to, const struct hg_engine_stats *more)
{
	to->inbound += more->inbound;
	to->duplicates += more->duplicates;
	to->messages += more->messages;
	to->tickets += more->tickets;
	to->joined += more->joined;
	to->ignored += more->ignored;
	to->refused += more->refused;
	for (int i = 0; i < HG_GONE_N; i++)
		to->forgotten[i] += more->forgotten[i];
}

static void turn_counts(struct hg_round *round, hg_turn *turn)
{
	g_ptr_array_extend(round->events, turn->events, NULL, NULL);
	hg_engine_stats_add(&round->count, &turn->count);
	hg_round_note(round, turn->noted);
}

static gboolean turn_holds(struct hg_round *round, hg_turn *turn, GError **error)
{
	turn_counts(round, turn);
	for (guint i = 0; i < turn->questions->len; i++)
		if (!hg_targets_ask(round->engine->targets, g_ptr_array_index(turn->questions, i), round->now_ms, error))
			return FALSE;
	return TRUE;
}

static void turn_end(hg_turn *turn)
{
	g_ptr_array_unref(turn->events);
	g_ptr_array_unref(turn->questions);
}

typedef gboolean turn_fn(hg_turn *turn, const void *arg, GError **error);

/* FALSE: it was undone; round->broke: with all the rest. */
static gboolean in_savepoint(struct hg_round *round, hg_turn *turn, turn_fn *fn, const void *arg, GError **error)
{
	guint claimed = hg_targets_claimed(round->engine->targets);
	hg_store *store = round->engine->store;

	if (!hg_store_savepoint(store, error)) {
		round->broke = TRUE;
		return FALSE;
	}
	hg_store_gather(store);
	if (fn(turn, arg, error) && hg_store_settle(store, error)) {
		if (hg_store_release(store, error) && turn_holds(round, turn, error))
			return TRUE;
		round->broke = TRUE;
		return FALSE;
	}
	hg_targets_recall(round->engine->targets, claimed);
	if (!hg_store_rollback_to(store, NULL))
		round->broke = TRUE;
	return FALSE;
}

static gboolean is_result(const hg_command *command)
{
	return command->kind == HG_CMD_SENT || command->kind == HG_CMD_FORWARDED || command->kind == HG_CMD_FETCHED ||
	       command->kind == HG_CMD_FACTS || command->kind == HG_CMD_UNPACKED || command->kind == HG_CMD_RECALL ||
	       command->kind == HG_CMD_SETTLED || command->kind == HG_CMD_CHANGED;
}

static gboolean turn_command(hg_turn *turn, const void *arg G_GNUC_UNUSED, GError **error)
{
	if (is_result(turn->command) && HG_FAILPOINT(RESULT_ACT))
		return hg_fail(error, HG_ERROR_STATE, "a test made a result fail");
	return hg_act(turn, error);
}

static gboolean turn_timer(hg_turn *turn, const void *timer, GError **error)
{
	return hg_timer_act(turn, timer, error);
}

static gboolean run_batch(struct hg_round *round, hg_turn *turn, GError **error)
{
	gboolean unpacked = turn->command->kind == HG_CMD_UNPACKED, ok;

	if (unpacked && HG_FAILPOINT(RESULT_ACT))
		return hg_fail(error, HG_ERROR_STORE, "a test made a result fail");
	ok = unpacked ? hg_inbound_unpacked(turn, error) : hg_inbound_batch(turn, error);

	/* Its items stand each for itself: those that are in hold, and are duplicates next time. */
	round->broke |= turn->gone;
	if (!turn->gone)
		turn_counts(round, turn);
	return ok;
}

/* Receipts are news each time: a provider that says one again is told that it was stored. */
static gboolean is_again(const hg_turn *turn)
{
	const struct hg_batch *batch = &turn->command->batch;

	return batch->n_in && !batch->n_receipts && turn->count.duplicates == (gint64)batch->n_in;
}

/* What became of a job under way is not known (any more): it may have left, or not. */
static gboolean job_lost(hg_turn *turn, hg_job *job, const char *why, gint64 wait_ms, GError **error)
{
	if (job->target == HG_TO_CHANNEL)
		return hg_unknown_recover(turn, job, why, error);
	if (job->target == HG_TO_HOOK)
		return hg_waiting_recover(turn, job, error);
	if (job->target == HG_TO_UNPACK || job->target == HG_TO_SETTLE)
		return hg_raw_recover(turn, job, why, wait_ms, error);
	if (job->target == HG_FROM_BACKEND)
		return hg_change_recover(turn, job, why, wait_ms, error);
	/* Events are sent at least once, with the same id; a download again harms nobody. */
	if (wait_ms) {
		job->error = why;
		return hg_outbox_again(turn, job, wait_ms, error);
	}
	job->due_ms = turn->now_ms;
	return hg_job_move(job, HG_JOB_DUE, error) && hg_store_job_update(turn->store, job, error);
}

static gboolean turn_unwritten(hg_turn *turn, const void *why, GError **error)
{
	hg_job *job;

	hg_targets_landed(turn->engine->targets, turn->command->job_n);
	if (!hg_store_job_get(turn->store, turn->arena, turn->command->job_n, &job, error))
		return FALSE;
	return !job || job->state != HG_JOB_SENDING || job_lost(turn, job, why, UNWRITTEN_AGAIN_MS, error);
}

/* A result that cannot be written down would leave its job under way for ever, and with it all that waits
 * behind it.  It is as after a restart instead: what became of it is not known. */
static gboolean result_unwritten(struct hg_round *round, hg_turn *failed, GError **error)
{
	const hg_command *command = failed->command;
	struct hg_ctx ctx = HG_CTX(NULL, "name", command->channel ?: command->backend ?: "-");
	g_autofree char *why = g_strdup_printf("what became of it could not be written down: %s", (*error)->message);
	g_autoptr(GError) again = NULL;
	hg_turn turn = turn_of(round, command->arena, command);
	gboolean ok = in_savepoint(round, &turn, turn_unwritten, hg_arena_str(command->arena, why), &again);

	turn_end(&turn);
	if (!ok)
		return FALSE;
	hg_err(&ctx, "engine.result_failed", "job %" G_GINT64_FORMAT ": %s", command->job_n, why);
	g_clear_error(error);
	return TRUE;
}

static gboolean is_batch(const hg_command *command)
{
	return command->kind == HG_CMD_INBOUND || command->kind == HG_CMD_UNPACKED;
}

/* A batch's items stand each for itself: what of them is in holds, also where the batch failed. */
static gboolean command_holds(const struct hg_round *round, const hg_command *command, gboolean ok)
{
	return !round->broke && (ok || is_batch(command));
}

static gboolean turn_stale(hg_turn *turn, const void *arg G_GNUC_UNUSED, GError **error)
{
	return hg_posts_keep_stale(turn->engine->posts, turn, error);
}

/* No turn of the journal: it changes nothing, and whoever does the journal again has no posts to lose. */
static gboolean stale_command(struct hg_round *round, hg_turn *turn, GError **error)
{
	gboolean ok = in_savepoint(round, turn, turn_stale, NULL, error);

	turn_end(turn);
	return ok;
}

/* Where a look that only one node may take begins the next time is said by that node. */
static void drop_cursor(hg_engine *engine, hg_command *command)
{
	gboolean back = command->kind == HG_CMD_CHANGES;

	if (command->batch.cursor && !hg_posts_may_say(engine->posts, back ? HG_FROM_BACKEND : HG_TO_CHANNEL,
						       back ? command->backend : command->channel))
		command->batch.cursor = NULL;
}

gboolean hg_round_command(struct hg_round *round, hg_command *command, const char **ret_answer, GError **error)
{
	hg_turn turn = turn_of(round, command->arena, command);
	gboolean ok;

	command->at_ms = round->now_ms;
	*ret_answer = NULL;
	if (hg_posts_is_stale(round->engine->posts, command))
		return stale_command(round, &turn, error);
	drop_cursor(round->engine, command);
	hg_work_begin(round->engine, round->now_ms);
	if (is_batch(command)) {
		ok = run_batch(round, &turn, error);
		command->again = ok && is_again(&turn);
	} else {
		ok = in_savepoint(round, &turn, turn_command, NULL, error);
	}
	if (!ok && !round->broke && !hg_store_wants_care(round->engine->store) && is_result(command))
		ok = result_unwritten(round, &turn, error);
	if (command_holds(round, command, ok) && !hg_journal_command(&turn, ok ? error : NULL)) {
		round->broke = TRUE;
		ok = FALSE;
	}
	hg_work_end(round->engine, command_holds(round, command, ok));
	*ret_answer = turn.answer;
	command->refused = ok ? turn.refused : NULL;
	command->made = ok ? turn.made : NULL;
	turn_end(&turn);
	return ok;
}

/* Like a batch it makes its own savepoints: a message that cannot be taken as it is is kept as unsupported. */
static gboolean run_pieces(struct hg_round *round, hg_turn *turn, const hg_timer *timer, GError **error)
{
	gboolean ok = hg_pieces_due(turn, timer, error);

	round->broke |= turn->gone;
	if (ok)
		turn_counts(round, turn);
	return ok;
}

gboolean hg_round_timer(struct hg_round *round, const hg_timer *timer, GError **error)
{
	hg_turn turn = turn_of(round, round->engine->round, NULL);
	gboolean ok;

	hg_work_begin(round->engine, round->now_ms);
	if (hg_pieces_is(timer->kind))
		ok = run_pieces(round, &turn, timer, error);
	else
		ok = in_savepoint(round, &turn, turn_timer, timer, error);
	(void)HG_FAILPOINT(TIMER_ACTED);
	if (ok && !hg_journal_timer(&turn, timer, error)) {
		round->broke = TRUE;
		ok = FALSE;
	}
	hg_work_end(round->engine, ok);
	turn_end(&turn);
	return ok;
}

gboolean hg_round_waited(struct hg_round *round, const hg_waiting *waiting, GError **error)
{
	hg_turn turn = turn_of(round, round->engine->round, NULL);
	gboolean ok;

	hg_work_begin(round->engine, round->now_ms);
	ok = hg_waiting_act(&turn, waiting, error);
	round->broke |= turn.gone;
	if (ok && !hg_journal_waited(&turn, waiting->n, error)) {
		round->broke = TRUE;
		ok = FALSE;
	}
	hg_work_end(round->engine, ok);
	if (ok)
		turn_counts(round, &turn);
	turn_end(&turn);
	return ok;
}

/* ---- after a restart ---- */

static gboolean recover_job(struct hg_round *round, hg_job *job, GError **error)
{
	hg_turn turn = turn_of(round, round->engine->round, NULL);
	gboolean ok = job_lost(&turn, job, "headgate stopped while it was being sent", 0, error);

	if (ok && HG_FAILPOINT(RECOVER_JOB))
		ok = hg_fail(error, HG_ERROR_STORE, "a test made recovery fail");
	ok = ok && turn_holds(round, &turn, error);
	turn_end(&turn);
	return ok;
}

/* post NULL: whosever they are. */
static gboolean recover_all(struct hg_round *round, const char *post, guint *ret_n, GError **error)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	struct hg_job_query query = { .state = HG_JOB_SENDING, .limit = G_MAXINT };

	if (!hg_store_job_list(round->engine->store, round->engine->round, &query, jobs, error))
		return FALSE;
	*ret_n = 0;
	for (guint i = 0; i < jobs->len; i++) {
		hg_job *job = g_ptr_array_index(jobs, i);

		if (post && !hg_post_has(post, job->target, job->name))
			continue;
		if (!recover_job(round, job, error))
			return FALSE;
		++*ret_n;
	}
	return TRUE;
}

/* Whether a helpdesk answered when headgate stopped: the first answer says that it does again. */
static gboolean recall_outages(hg_engine *engine, const char *post, GError **error)
{
	for (guint i = 0; i < engine->conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(engine->conf->backends, i);
		gint64 since_ms;

		if (post && !hg_post_has(post, HG_TO_BACKEND, backend->name))
			continue;
		if (!hg_store_outage_get(engine->store, backend->name, &since_ms, error))
			return FALSE;
		hg_targets_remember(engine->targets, HG_TO_BACKEND, backend->name, since_ms != 0);
	}
	return TRUE;
}

gboolean hg_round_recover(struct hg_round *round, gboolean alone, guint *ret_n, GError **error)
{
	hg_engine *engine = round->engine;
	gboolean ok;

	*ret_n = 0;
	hg_work_begin(engine, round->now_ms);
	ok = hg_journal_conf(engine, alone ? HG_J_START : HG_J_JOIN, round->now_ms, error) &&
	     (!alone || (recover_all(round, NULL, ret_n, error) && recall_outages(engine, NULL, error))) &&
	     hg_round_adopt(round, error);
	hg_work_end(engine, ok);
	return ok;
}

gboolean hg_round_take_one(struct hg_round *round, const char *post, GError **error)
{
	hg_engine *engine = round->engine;
	guint n = 0;
	gboolean ok;

	hg_work_begin(engine, round->now_ms);
	ok = recover_all(round, post, &n, error) && recall_outages(engine, post, error) &&
	     hg_journal_take(engine, post, round->now_ms, error);
	hg_work_end(engine, ok);
	if (ok && n)
		hg_warn(&HG_CTX(NULL, "post", post), "node.recovered", "%u jobs were under way when another node let go of it", n);
	return ok;
}

gboolean hg_round_take(struct hg_round *round, const GPtrArray *posts, GError **error)
{
	for (guint i = 0; i < posts->len; i++)
		if (!hg_round_take_one(round, ((const hg_post *)g_ptr_array_index(posts, i))->name, error))
			return FALSE;
	return TRUE;
}
