/* round.c - rounds: all that waits in one transaction, acknowledged when it is on disk
 *
 * A store that fails takes the whole group with it: nobody is told "stored", what cannot be refused is
 * done again.  While the disk keeps one group the next is worked on; it is committed when the first is kept. */
#include "journal.h"
#include "posts.h"
#include "round.h"

#include "failpoint.h"

#define TIMERS_MAX	200	/* of one round ... */
#define TIMERS_SHARE	16	/* ... and, where CROWD or more wait for an answer, one for so many of these */
#define CROWD		16
#define WAITING_MAX	1000	/* items that waited for hooks, of one round */
#define OTHERS_AGAIN_MS	1000	/* timers are due that are another node's */
#define TIMER_AGAIN_MS	60000	/* a timer that could not be acted on comes again */
#define SCRATCH_KEPT	(256 * 1024)	/* bytes of it that are kept between rounds */
/* Rounds with savepoints after one that would have needed them: who makes commands fail may go on with it. */
#define CAREFUL_ROUNDS	16
#define FAILURES_MAX	10	/* in a row, with room on the disk: the store is beyond use */

void hg_round_begin(struct hg_round *round, hg_engine *engine, gint64 now_ms)
{
	*round = (struct hg_round){
		.engine = engine, .now_ms = now_ms,
		.done = g_array_new(FALSE, TRUE, sizeof(struct hg_done)), .events = g_ptr_array_new(),
		.noted = g_array_new(FALSE, FALSE, sizeof(struct hg_noted)), .changes = hg_store_changes(engine->store),
		.id_high = engine->env->id_high, .id_low = engine->env->id_low,
	};
	engine->round = round->arena = hg_arena_new();
	g_array_set_size(engine->claims, 0);
}

void hg_round_end(struct hg_round *round)
{
	hg_engine *engine = round->engine;

	for (guint i = 0; i < round->done->len; i++)
		g_clear_error(&g_array_index(round->done, struct hg_done, i).error);
	g_array_unref(round->done);
	g_ptr_array_unref(round->events);
	g_array_unref(round->noted);
	if (engine->round == round->arena)
		engine->round = NULL;
	hg_arena_free(round->arena);
	/* One long transcript does not keep its room for ever. */
	if (engine->scratch->allocated_len > SCRATCH_KEPT) {
		g_string_free(engine->scratch, TRUE);
		engine->scratch = g_string_sized_new(4096);
	}
	if (engine->packed->allocated_len > SCRATCH_KEPT) {
		g_string_free(engine->packed, TRUE);
		engine->packed = g_string_sized_new(4096);
	}
}

/* ---- commands ---- */

static void log_failure(const hg_command *command, const GError *error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", command->channel ?: command->backend ?: "-");

	if (error->code == HG_ERROR_STORE || error->code == HG_ERROR_BROKEN || !hg_command_is_refusable(command))
		hg_err(&ctx, "engine.command_failed", "command %d: %s", command->kind, error->message);
}

static void run_command(struct hg_round *round, hg_command *command)
{
	struct hg_done done = { .command = command };
	gboolean ok = hg_round_command(round, command, &done.answer, &done.error);

	/* Whoever undoes says why: nobody may be told "done" of what was not. */
	g_assert(ok == !done.error);
	if (!ok && !hg_store_wants_care(round->engine->store))
		log_failure(command, done.error);
	if (ok && command->refused)
		hg_fail(&done.error, HG_ERROR_OPTED_OUT, "%s", command->refused);
	g_array_append_val(round->done, done);
}

/* ---- timers ---- */

/* One that acted before it in this round may have stopped it or put it off. */
static gboolean still_due(struct hg_round *round, hg_timer *timer, GError **error)
{
	hg_timer *now;

	if (!hg_store_timer_get(round->engine->store, round->engine->round, timer->thread_n, timer->kind, &now, error))
		return FALSE;
	if (now && now->due_ms <= round->now_ms)
		*timer = *now;
	else
		timer->kind = NULL;
	return TRUE;
}

static void run_timer(struct hg_round *round, const hg_timer *listed)
{
	struct hg_ctx ctx = HG_CTX(NULL, "timer", listed->kind);
	g_autoptr(GError) error = NULL;
	hg_timer again = *listed;

	if (still_due(round, &again, &error) && (!again.kind || hg_round_timer(round, &again, &error)))
		return;
	if (hg_store_wants_care(round->engine->store))
		return;
	hg_err(&ctx, "engine.timer_failed", "%s", error->message);
	again.due_ms = round->now_ms + TIMER_AGAIN_MS;
	if (!round->broke && !hg_store_timer_set(round->engine->store, &again, NULL))
		round->broke = TRUE;
}

/* In a peak whoever waits for an answer goes first: settling what the peak brought would double its work, and
 * can be done when it is over. */
static guint timers_now(const struct hg_round *round)
{
	guint waiting = 0;

	for (guint i = 0; i < round->done->len; i++)
		waiting += hg_command_is_refusable(g_array_index(round->done, struct hg_done, i).command);
	return waiting < CROWD ? TIMERS_MAX : MIN(waiting / TIMERS_SHARE, TIMERS_MAX);
}

static gboolean run_timers(struct hg_round *round, GError **error)
{
	hg_engine *engine = round->engine;
	g_autoptr(GPtrArray) due = NULL;
	guint others = 0;

	if (engine->timer_due_ms > round->now_ms)
		return TRUE;
	due = g_ptr_array_new();
	if (!hg_store_timer_due(engine->store, engine->round, round->now_ms, timers_now(round) + engine->timers_left, due, error))
		return FALSE;
	for (guint i = 0; i < due->len && !round->broke; i++) {
		const hg_timer *timer = g_ptr_array_index(due, i);
		gboolean left;

		if (!hg_posts_leave_timer(engine->posts, round->arena, timer, &left, error))
			return FALSE;
		if (left)
			others++;
		else
			run_timer(round, timer);
	}
	engine->timers_left = others;
	if (round->broke || !hg_store_timer_next(engine->store, &engine->timer_due_ms, error))
		return FALSE;
	/* Those that another node acts on stay due until it does. */
	if (others)
		engine->timer_due_ms = MAX(engine->timer_due_ms, round->now_ms + OTHERS_AGAIN_MS);
	return TRUE;
}

/* ---- what waited for hooks ---- */

static void run_waited(struct hg_round *round, const hg_waiting *waiting)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", waiting->channel);
	g_autoptr(GError) error = NULL;

	if (hg_round_waited(round, waiting, &error) || hg_store_wants_care(round->engine->store))
		return;
	hg_err(&ctx, "engine.waiting_failed", "%s", error->message);
	if (!round->broke &&
	    !hg_store_waiting_ready(round->engine->store, waiting->n, round->now_ms + TIMER_AGAIN_MS, NULL))
		round->broke = TRUE;
}

/* One that is judged makes room for the next of its contact, which may be ready as well. */
static gboolean run_waiting(struct hg_round *round, GError **error)
{
	hg_engine *engine = round->engine;
	guint done = 0, n = 1;

	if (engine->waiting_due_ms > round->now_ms)
		return TRUE;
	for (; n && done < WAITING_MAX && !round->broke; done += n) {
		g_autoptr(GPtrArray) due = g_ptr_array_new();

		if (!hg_store_waiting_due(engine->store, engine->round, round->now_ms, TIMERS_MAX, due, error))
			return FALSE;
		n = due->len;
		for (guint i = 0; i < n && !round->broke; i++)
			run_waited(round, g_ptr_array_index(due, i));
	}
	return !round->broke && hg_store_waiting_next(engine->store, &engine->waiting_due_ms, error);
}

/* ---- the group ---- */

static gboolean fill_group(struct hg_round *round, hg_command *list, GError **error)
{
	hg_engine *engine = round->engine;
	hg_command *next;

	for (; list; list = next) {
		next = list->next;
		if (engine->written && hg_store_flush_is_done(engine->store) && !hg_round_settle(engine))
			round->broke = TRUE;
		if (round->broke) {
			struct hg_done done = { .command = list };

			g_array_append_val(round->done, done);
		} else {
			run_command(round, list);
		}
	}
	if (!round->broke && run_waiting(round, error) && run_timers(round, error) &&
	    hg_targets_claim(engine->targets, engine->round, round->now_ms, error) &&
	    hg_journal_claims(engine, round->now_ms, error))
		return TRUE;
	if (error && !*error)
		hg_fail(error, HG_ERROR_STORE, "the store undid the whole group");
	return FALSE;
}

#ifdef HG_TEST_HOOKS
/* Fail points that mean the commits with a certain kind of command in them. */
static void pass_kinds(const struct hg_round *round, gboolean after)
{
	static const struct { int kind; enum hg_failpoint before, after; } kinds[] = {
		{ HG_CMD_INBOUND, HG_FP_INBOUND_BEFORE_COMMIT, HG_FP_INBOUND_AFTER_COMMIT },
		{ HG_CMD_REPLY, HG_FP_API_BEFORE_COMMIT, HG_FP_API_AFTER_COMMIT },
		{ HG_CMD_START, HG_FP_API_BEFORE_COMMIT, HG_FP_API_AFTER_COMMIT },
		{ HG_CMD_SENT, HG_FP_SEND_BEFORE_COMMIT, HG_FP_SEND_AFTER_COMMIT },
		{ HG_CMD_FORWARDED, HG_FP_FORWARD_BEFORE_COMMIT, HG_FP_FORWARD_AFTER_COMMIT },
		{ HG_CMD_FACTS, HG_FP_HOOK_BEFORE_COMMIT, HG_FP_HOOK_AFTER_COMMIT },
		{ HG_CMD_FETCHED, HG_FP_FETCH_BEFORE_COMMIT, HG_FP_FETCH_AFTER_COMMIT },
		{ HG_CMD_UNPACKED, HG_FP_UNPACK_BEFORE_COMMIT, HG_FP_UNPACK_AFTER_COMMIT },
		{ HG_CMD_SETTLED, HG_FP_SETTLE_BEFORE_COMMIT, HG_FP_SETTLE_AFTER_COMMIT },
	};

	for (guint i = 0; i < round->done->len; i++) {
		const hg_command *command = g_array_index(round->done, struct hg_done, i).command;

		for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
			if (kinds[k].kind == command->kind)
				hg_failpoint(after ? kinds[k].after : kinds[k].before);
		if (command->kind == HG_CMD_INBOUND && command->batch.n_receipts)
			hg_failpoint(after ? HG_FP_RECEIPT_AFTER_COMMIT : HG_FP_RECEIPT_BEFORE_COMMIT);
	}
}
#else
static inline void pass_kinds(const struct hg_round *round G_GNUC_UNUSED, gboolean after G_GNUC_UNUSED) { }
#endif

/* Heard when it is committed. */
static gboolean tell_others(const struct hg_round *round, GError **error)
{
	const hg_engine *engine = round->engine;

	return !engine->ports.hint || hg_store_changes(engine->store) == round->changes ||
	       hg_store_hint(engine->store, engine->ports.hint, error);
}

static gboolean commit(struct hg_round *round, GError **error)
{
	if (!hg_round_settle(round->engine))
		return hg_fail(error, HG_ERROR_STORE, "the disk did not keep the group before");
	pass_kinds(round, FALSE);
	if (!tell_others(round, error))
		return FALSE;
	if (HG_FAILPOINT(ENGINE_BEFORE_COMMIT))
		return hg_fail(error, HG_ERROR_STORE, "a test made this commit fail");
	if (!hg_store_commit_later(round->engine->store, error))
		return FALSE;
	round->left = hg_targets_leave(round->engine->targets);
	hg_posts_hold(round->engine->posts);
	return TRUE;
}

/* On disk: now everybody may hear of it. */
static void group_holds(struct hg_round *round)
{
	hg_engine *engine = round->engine;
	const struct hg_ports *ports = &engine->ports;

	(void)HG_FAILPOINT(ENGINE_AFTER_COMMIT);
	pass_kinds(round, TRUE);
	if (ports->kept && round->events->len)
		ports->kept(ports->ctx, ((const hg_event *)g_ptr_array_index(round->events, round->events->len - 1))->n);
	for (guint i = 0; i < round->done->len; i++) {
		struct hg_done *done = &g_array_index(round->done, struct hg_done, i);

		if (done->command->done)
			done->command->done(done->command->done_arg, done->command, done->error ? NULL : done->answer,
					    done->error);
	}
	(void)HG_FAILPOINT(ENGINE_TOLD);
	if (ports->publish && round->events->len)
		ports->publish(ports->ctx, (const hg_event *const *)round->events->pdata, round->events->len);
	hg_posts_tell(engine->posts);
	hg_targets_fly(engine->targets, g_steal_pointer(&round->left));
	engine->failures = 0;
	round->count.commands = round->done->len;
	round->count.groups = 1;
	g_mutex_lock(&engine->lock);
	engine->stats.commands += round->count.commands;
	engine->stats.groups += round->count.groups;
	hg_engine_stats_add(&engine->stats, &round->count);
	hg_round_tally(round);
	g_mutex_unlock(&engine->lock);
	for (guint i = 0; i < round->done->len; i++)
		hg_command_free(g_array_index(round->done, struct hg_done, i).command);
}

void hg_round_failed(hg_engine *engine, const GError *error)
{
	gint64 bytes = hg_store_free_bytes(engine->store);

	engine->failures++;
	engine->disk_ms = 0;
	hg_err(NULL, "store.failed", "%s; nothing of this group was acknowledged", error->message);
	/* A full disk is no reason to stop, nor is a server that is away: what is refused comes again when there is room, or it
	 * is back. */
	if (hg_store_broken(engine->store) || engine->failures < FAILURES_MAX || hg_store_is_shared(engine->store) ||
	    (bytes >= 0 && bytes < engine->conf->store.min_free))
		return;
	hg_err(NULL, "store.broken", "the store failed %u times in a row: stopping", engine->failures);
	g_atomic_int_set(&engine->broken, TRUE);
}

/* As if it had not begun: in the store, and in what the engine has in memory. */
static void group_undo(struct hg_round *round)
{
	hg_engine *engine = round->engine;

	hg_store_rollback(engine->store);
	hg_targets_stay(engine->targets);
	hg_posts_undo(engine->posts);
	engine->timer_due_ms = engine->waiting_due_ms = G_MININT64;
	engine->env->id_high = round->id_high;
	engine->env->id_low = round->id_low;
}

/* Nothing of it holds: senders are refused, results are done again. */
static void group_refuse(struct hg_round *round, const GError *error)
{
	hg_engine *engine = round->engine;
	hg_command *back = NULL, **end = &back;

	for (guint i = 0; i < round->done->len; i++) {
		hg_command *command = g_array_index(round->done, struct hg_done, i).command;

		command->next = NULL;
		if (!hg_command_is_refusable(command)) {
			*end = command;
			end = &command->next;
			continue;
		}
		if (command->done)
			command->done(command->done_arg, command, NULL, error);
		hg_command_free(command);
	}
	hg_queue_unget(engine->queue, back);
	hg_round_failed(engine, error);
}

gboolean hg_round_settle(hg_engine *engine)
{
	struct hg_round *round = g_steal_pointer(&engine->written);
	g_autoptr(GError) error = NULL;

	if (!round)
		return TRUE;
	if (hg_store_flush_end(engine->store, &error)) {
		group_holds(round);
	} else {
		hg_targets_ground(engine->targets, g_steal_pointer(&round->left));
		group_refuse(round, error);
	}
	hg_round_end(round);
	g_free(round);
	return !error;
}

/* More waits: the disk keeps this one while that is worked on.  On the engine's thread alone; whoever takes single
 * steps has the same order without a second thread. */
static gboolean group_waits(const struct hg_round *round)
{
	hg_engine *engine = round->engine;
	gint64 oldest;

	engine->written = g_memdup2(round, sizeof(*round));
	if (!hg_queue_length(engine->queue, &oldest))
		return hg_round_settle(engine);
	if (engine->thread)
		hg_store_flush_begin(engine->store);
	return TRUE;
}

/* The commands of a round that was undone, as they came. */
static hg_command *list_again(const struct hg_round *round)
{
	hg_command *list = NULL;

	for (guint i = round->done->len; i > 0; i--) {
		hg_command *command = g_array_index(round->done, struct hg_done, i - 1).command;

		command->next = list;
		list = command;
	}
	return list;
}

/* list NULL: what waits in the queue.  That is taken when the turn was got, not before: where nodes contend, whatever came
 * while we stood in line is of this group, and each commit carries more.
 * *ret_again: what is to be done again with care, when one that failed could not be undone alone; else NULL. */
static gboolean run_once(hg_engine *engine, hg_command *list, gboolean bold, hg_command **ret_again)
{
	g_autoptr(GError) error = NULL;
	struct hg_round round;
	gboolean ok;

	*ret_again = NULL;
	hg_store_be_bold(engine->store, bold);
	hg_round_begin(&round, engine, hg_now(engine->world));
	round.broke = !hg_store_begin(engine->store, &error);
	if (!list)
		list = hg_queue_take(engine->queue, engine->group_max);
	round.now_ms = hg_now(engine->world);
	round.broke = round.broke || !hg_posts_turn(engine->posts, &round, &error);
	ok = fill_group(&round, list, error ? NULL : &error) && commit(&round, &error);
	engine->group = round.done->len;
	hg_store_be_bold(engine->store, FALSE);
	if (ok)
		return group_waits(&round);
	group_undo(&round);
	if (bold && hg_store_wants_care(engine->store)) {
		*ret_again = list_again(&round);
		engine->careful = CAREFUL_ROUNDS;
	} else {
		group_refuse(&round, error);
	}
	hg_round_end(&round);
	return FALSE;
}

gboolean hg_round_run(hg_engine *engine)
{
	gboolean bold = !engine->careful, ok;
	hg_command *again;

	ok = run_once(engine, NULL, bold, &again);
	engine->careful -= !bold;
	if (!bold || !hg_store_wants_care(engine->store))
		return ok;
	return run_once(engine, again, FALSE, &again);
}

gboolean hg_engine_recover(hg_engine *engine, GError **error)
{
	struct hg_round round;
	guint n = 0;
	gboolean ok;

	hg_round_begin(&round, engine, hg_now(engine->world));
	ok = hg_store_begin(engine->store, error) &&
	     hg_round_recover(&round, !hg_store_is_shared(engine->store), &n, error);
	(void)HG_FAILPOINT(RECOVER_BEFORE_COMMIT);
	ok = ok && hg_store_commit(engine->store, error);
	if (!ok) {
		hg_store_rollback(engine->store);
		hg_targets_stay(engine->targets);
	} else {
		(void)HG_FAILPOINT(RECOVER_AFTER_COMMIT);
		hg_targets_fly(engine->targets, hg_targets_leave(engine->targets));
	}
	if (ok && n)
		hg_warn(NULL, "engine.recovered", "%u jobs were under way when the last run ended", n);
	hg_round_end(&round);
	return ok;
}
