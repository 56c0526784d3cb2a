/* run.c - rounds: all that waits in one transaction, acknowledged when it is on disk
 *
 * Natural batching: while one group is being flushed the next one gathers; no timer delays anybody.
 * A command that fails is undone alone (savepoint); a store that fails takes the whole group with
 * it: nobody is told "stored", what cannot be refused is done again. */
#include "journal.h"
#include "round.h"

#include "failpoint.h"
#include "text.h"

#include <string.h>

#define GROUP_MAX	1000	/* commands of one commit */
#define TIMERS_MAX	200	/* of one round */
#define WAITING_MAX	1000	/* items that waited for hooks, of one round */
#define TIMER_AGAIN_MS	60000	/* a timer that could not be acted on comes again */
#define DISK_LOOK_MS	2000
#define SCRATCH_KEPT	(256 * 1024)	/* bytes of it that are kept between rounds */
#define FAILED_WAIT_MS	1000	/* after a round the store failed */
#define FAILURES_MAX	10	/* in a row, with room on the disk: the store is beyond use */
/* Longest sleep: the clock may jump, and in tests it does. */
#ifdef HG_TEST_HOOKS
#define IDLE_MS		50
#else
#define IDLE_MS		1000
#endif

/* ---- making and ending ---- */

static void keep_as_told(hg_engine *engine)
{
	/* Keys are kept a day longer than the window: providers redeliver for up to a week. */
	gint64 dedupe_ms = hg_window_longest(engine->conf) + (gint64)24 * 60 * 60 * 1000;

	hg_store_keep(engine->store, dedupe_ms, engine->conf->store.journal_ms);
}

hg_engine *hg_engine_new(hg_conf *conf, hg_rules *rules, hg_store *store, struct hg_env *env,
			 const struct hg_ports *ports)
{
	hg_engine *engine = g_new0(hg_engine, 1);

	engine->conf = hg_conf_ref(conf);
	engine->rules = rules;
	engine->store = store;
	engine->world = env;
	engine->seeded = hg_seeded_new(env);
	engine->env = hg_seeded_env(engine->seeded);
	engine->claims = g_array_new(FALSE, FALSE, sizeof(gint64));
	engine->packed = g_string_sized_new(4096);
	engine->ports = *ports;
	engine->queue = hg_queue_new();
	engine->targets = hg_targets_new(engine);
	engine->scratch = g_string_sized_new(4096);
	engine->timer_due_ms = engine->waiting_due_ms = G_MININT64;
	engine->hooks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	keep_as_told(engine);
	g_mutex_init(&engine->lock);
	engine->tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return engine;
}

void hg_engine_free(hg_engine *engine)
{
	if (!engine)
		return;
	g_assert(!engine->thread);
	hg_queue_free(engine->queue);
	hg_targets_free(engine->targets);
	g_hash_table_destroy(engine->hooks);
	g_string_free(engine->scratch, TRUE);
	g_string_free(engine->packed, TRUE);
	g_array_unref(engine->claims);
	hg_seeded_free(engine->seeded);
	hg_arena_free(engine->round);
	if (engine->next_conf)
		hg_conf_unref(engine->next_conf);
	hg_rules_free(engine->next_rules);
	hg_rules_free(engine->rules);
	hg_conf_unref(engine->conf);
	g_hash_table_unref(engine->tallies);
	g_mutex_clear(&engine->lock);
	g_free(engine);
}

void hg_engine_reload(hg_engine *engine, hg_conf *conf, hg_rules *rules)
{
	g_mutex_lock(&engine->lock);
	/* Reloaded twice between two rounds: the generation in between never was. */
	if (engine->next_conf) {
		hg_conf_unref(engine->next_conf);
		hg_rules_free(engine->next_rules);
	}
	engine->next_conf = hg_conf_ref(conf);
	engine->next_rules = rules;
	g_mutex_unlock(&engine->lock);
	hg_queue_wake(engine->queue);
}

/* So that what these rules decide can be explained when the file has long changed. */
static gboolean keep_rules(const struct hg_round *round, GError **error)
{
	const hg_conf *conf = round->engine->conf;
	const struct hg_rules_source source = { .rules = conf->rules, .words = conf->words, .hours = conf->hours,
						.queues = conf->queues, .fallback = conf->engine.fallback,
						.intent = conf->model };
	g_autofree char *kept = hg_rules_keep_all(&source);

	return hg_store_config_keep(round->engine->store, conf->hash ?: "", kept, round->now_ms, error);
}

/* Somebody has acted: parked work of every channel may be tried. */
gboolean hg_round_adopt(struct hg_round *round, GError **error)
{
	const GPtrArray *channels = round->engine->conf->channels, *backends = round->engine->conf->backends;
	hg_store *store = round->engine->store;

	if (!keep_rules(round, error) || !hg_wait_adopt(round->engine, round->now_ms, error) ||
	    !hg_waiting_adopt(round->engine, round->now_ms, error))
		return FALSE;
	for (guint i = 0; i < channels->len; i++)
		if (!hg_store_job_unpark(store, HG_TO_CHANNEL,
					 ((const struct hg_channel_conf *)g_ptr_array_index(channels, i))->name,
					 round->now_ms, error))
			return FALSE;
	for (guint i = 0; i < backends->len; i++)
		if (!hg_store_job_unpark(store, HG_TO_BACKEND,
					 ((const struct hg_backend_conf *)g_ptr_array_index(backends, i))->name,
					 round->now_ms, error))
			return FALSE;
	return TRUE;
}

gboolean hg_engine_take_conf(hg_engine *engine, gint64 now_ms)
{
	hg_conf *conf, *old = engine->conf;
	hg_rules *rules;

	g_mutex_lock(&engine->lock);
	conf = g_steal_pointer(&engine->next_conf);
	rules = g_steal_pointer(&engine->next_rules);
	g_mutex_unlock(&engine->lock);
	if (!conf)
		return FALSE;
	hg_rules_free(engine->rules);
	engine->conf = conf;
	engine->rules = rules;
	engine->adopted_ms = now_ms;
	hg_conf_unref(old);
	keep_as_told(engine);
	hg_targets_load(engine->targets);
	return TRUE;
}

/* In force at once; what the store has to know of it may have to wait for the store. */
static void take_reload(hg_engine *engine)
{
	gint64 now_ms = hg_now(engine->world);
	g_autoptr(GError) error = NULL;
	struct hg_round round;
	gboolean ok;

	engine->adopting |= hg_engine_take_conf(engine, now_ms);
	if (!engine->adopting)
		return;
	engine->adopted_ms = now_ms;
	hg_round_begin(&round, engine, now_ms);
	ok = hg_store_begin(engine->store, &error) && hg_round_adopt(&round, &error) &&
	     hg_journal_conf(engine, HG_J_RELOAD, now_ms, &error) && hg_store_commit(engine->store, &error);
	hg_round_end(&round);
	engine->adopting = !ok;
	if (ok)
		return;
	hg_err(NULL, "engine.adopt_failed", "%s", error->message);
	hg_store_rollback(engine->store);
}

gboolean hg_engine_submit(hg_engine *engine, hg_command *command, GError **error)
{
	if (hg_command_is_refusable(command)) {
		if (g_atomic_int_get(&engine->broken))
			return hg_fail(error, HG_ERROR_BUSY, "the store failed; nothing is taken in");
		if (g_atomic_int_get(&engine->disk_low))
			return hg_fail(error, HG_ERROR_BUSY, "the disk is nearly full; nothing is taken in");
	}
	return hg_queue_put(engine->queue, command, hg_mono(engine->env), error);
}

gboolean hg_engine_broken(hg_engine *engine)
{
	return g_atomic_int_get(&engine->broken);
}

void hg_engine_set_slots(hg_engine *engine, int target, const char *name, guint slots)
{
	hg_targets_slots(engine->targets, target, name, slots);
	hg_queue_wake(engine->queue);
}

void hg_engine_get_stats(hg_engine *engine, struct hg_engine_stats *ret)
{
	gint64 oldest_ms;

	g_mutex_lock(&engine->lock);
	*ret = engine->stats;
	g_mutex_unlock(&engine->lock);
	ret->queue = hg_queue_length(engine->queue, &oldest_ms);
	ret->queue_oldest_ms = oldest_ms ? MAX(0, hg_mono(engine->env) - oldest_ms) : 0;
}

/* ---- one turn ---- */

static hg_turn turn_of(const struct hg_round *round, hg_arena *arena, const hg_command *command)
{
	hg_engine *engine = round->engine;

	return (hg_turn){
		.engine = engine, .store = engine->store, .conf = engine->conf, .arena = arena,
		.now_ms = round->now_ms, .command = command, .events = g_ptr_array_new(),
		.questions = g_ptr_array_new(),
	};
}

static void add_count(struct hg_engine_stats *to, const struct hg_engine_stats *more)
{
	to->inbound += more->inbound;
	to->duplicates += more->duplicates;
	to->messages += more->messages;
	to->tickets += more->tickets;
	to->joined += more->joined;
	to->ignored += more->ignored;
	to->refused += more->refused;
}

static void turn_counts(struct hg_round *round, hg_turn *turn)
{
	g_ptr_array_extend(round->events, turn->events, NULL, NULL);
	add_count(&round->count, &turn->count);
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
	hg_store *store = round->engine->store;

	if (!hg_store_savepoint(store, error)) {
		round->broke = TRUE;
		return FALSE;
	}
	if (fn(turn, arg, error)) {
		if (hg_store_release(store, error) && turn_holds(round, turn, error))
			return TRUE;
		round->broke = TRUE;
		return FALSE;
	}
	if (!hg_store_rollback_to(store, NULL))
		round->broke = TRUE;
	return FALSE;
}

static gboolean turn_command(hg_turn *turn, const void *arg G_GNUC_UNUSED, GError **error)
{
	return hg_act(turn, error);
}

static gboolean turn_timer(hg_turn *turn, const void *timer, GError **error)
{
	return hg_timer_act(turn, timer, error);
}

static gboolean run_batch(struct hg_round *round, hg_turn *turn, GError **error)
{
	gboolean ok = hg_inbound_batch(turn, error);

	/* Its items stand each for itself: those that are in hold, and are duplicates next time. */
	round->broke |= turn->gone;
	if (!turn->gone)
		turn_counts(round, turn);
	return ok;
}

static void log_failure(const hg_command *command, const GError *error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", command->channel ?: command->backend ?: "-");

	if (error->code == HG_ERROR_STORE || error->code == HG_ERROR_BROKEN || !hg_command_is_refusable(command))
		hg_err(&ctx, "engine.command_failed", "command %d: %s", command->kind, error->message);
}

/* A batch's items stand each for itself: what of them is in holds, also where the batch failed. */
static gboolean command_holds(const struct hg_round *round, const hg_command *command, gboolean ok)
{
	return !round->broke && (ok || command->kind == HG_CMD_INBOUND);
}

gboolean hg_round_command(struct hg_round *round, hg_command *command, const char **ret_answer, GError **error)
{
	hg_turn turn = turn_of(round, command->arena, command);
	gboolean ok;

	command->at_ms = round->now_ms;
	hg_work_begin(round->engine, round->now_ms);
	if (command->kind == HG_CMD_INBOUND)
		ok = run_batch(round, &turn, error);
	else
		ok = in_savepoint(round, &turn, turn_command, NULL, error);
	if (command_holds(round, command, ok) && !hg_journal_command(&turn, ok ? error : NULL)) {
		round->broke = TRUE;
		ok = FALSE;
	}
	hg_work_end(round->engine, command_holds(round, command, ok));
	*ret_answer = turn.answer;
	turn_end(&turn);
	return ok;
}

static void run_command(struct hg_round *round, hg_command *command)
{
	struct hg_done done = { .command = command };
	gboolean ok = hg_round_command(round, command, &done.answer, &done.error);

	/* Whoever undoes says why: nobody may be told "done" of what was not. */
	g_assert(ok == !done.error);
	if (!ok)
		log_failure(command, done.error);
	g_array_append_val(round->done, done);
}

/* ---- timers ---- */

gboolean hg_round_timer(struct hg_round *round, const hg_timer *timer, GError **error)
{
	hg_turn turn = turn_of(round, round->engine->round, NULL);
	gboolean ok;

	hg_work_begin(round->engine, round->now_ms);
	ok = in_savepoint(round, &turn, turn_timer, timer, error);
	if (ok && !hg_journal_timer(&turn, timer, error)) {
		round->broke = TRUE;
		ok = FALSE;
	}
	hg_work_end(round->engine, ok);
	turn_end(&turn);
	return ok;
}

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
	hg_err(&ctx, "engine.timer_failed", "%s", error->message);
	again.due_ms = round->now_ms + TIMER_AGAIN_MS;
	if (!round->broke && !hg_store_timer_set(round->engine->store, &again, NULL))
		round->broke = TRUE;
}

static gboolean run_timers(struct hg_round *round, GError **error)
{
	hg_engine *engine = round->engine;
	g_autoptr(GPtrArray) due = NULL;

	if (engine->timer_due_ms > round->now_ms)
		return TRUE;
	due = g_ptr_array_new();
	if (!hg_store_timer_due(engine->store, engine->round, round->now_ms, TIMERS_MAX, due, error))
		return FALSE;
	for (guint i = 0; i < due->len && !round->broke; i++)
		run_timer(round, g_ptr_array_index(due, i));
	return !round->broke && hg_store_timer_next(engine->store, &engine->timer_due_ms, error);
}

/* ---- what waited for hooks ---- */

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

static void run_waited(struct hg_round *round, const hg_waiting *waiting)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", waiting->channel);
	g_autoptr(GError) error = NULL;

	if (hg_round_waited(round, waiting, &error))
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

/* ---- the round ---- */

static void watch_disk(hg_engine *engine)
{
	gint64 now = hg_mono(engine->env), bytes;
	gboolean low;

	if (now < engine->disk_ms)
		return;
	engine->disk_ms = now + DISK_LOOK_MS;
	bytes = hg_store_free_bytes(engine->store);
	low = bytes >= 0 && bytes < engine->conf->store.min_free;
	if (low == g_atomic_int_get(&engine->disk_low))
		return;
	g_atomic_int_set(&engine->disk_low, low);
	if (low)
		hg_err(NULL, "store.disk_low", "%" G_GINT64_FORMAT " bytes are free, store.min_free is %" G_GINT64_FORMAT
		       ": nothing new is taken in until there is room", bytes, engine->conf->store.min_free);
	else
		hg_info(NULL, "store.disk_ok", "there is room again");
}

static gboolean fill_group(struct hg_round *round, hg_command *list, GError **error)
{
	hg_engine *engine = round->engine;
	hg_command *next;

	for (; list; list = next) {
		next = list->next;
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

/* Of the round's commands, is one a provider's delivery?  For fail points that mean those only. */
static gboolean has_inbound(const struct hg_round *round)
{
	for (guint i = 0; i < round->done->len; i++)
		if (g_array_index(round->done, struct hg_done, i).command->kind == HG_CMD_INBOUND)
			return TRUE;
	return FALSE;
}

static gboolean commit(struct hg_round *round, GError **error)
{
	(void)(has_inbound(round) && HG_FAILPOINT("inbound.before_commit"));
	if (HG_FAILPOINT("engine.before_commit"))
		return hg_fail(error, HG_ERROR_STORE, "a test made this commit fail");
	return hg_store_commit(round->engine->store, error);
}

/* On disk: now everybody may hear of it. */
static void group_holds(struct hg_round *round)
{
	hg_engine *engine = round->engine;
	const struct hg_ports *ports = &engine->ports;

	(void)HG_FAILPOINT("engine.after_commit");
	(void)(has_inbound(round) && HG_FAILPOINT("inbound.after_commit"));
	for (guint i = 0; i < round->done->len; i++) {
		struct hg_done *done = &g_array_index(round->done, struct hg_done, i);

		if (done->command->done)
			done->command->done(done->command->done_arg, done->command, done->error ? NULL : done->answer,
					    done->error);
	}
	if (ports->publish && round->events->len)
		ports->publish(ports->ctx, (const hg_event *const *)round->events->pdata, round->events->len);
	(void)HG_FAILPOINT("outbox.sending");
	hg_targets_fly(engine->targets);
	engine->failures = 0;
	round->count.commands = round->done->len;
	round->count.groups = 1;
	g_mutex_lock(&engine->lock);
	engine->stats.commands += round->count.commands;
	engine->stats.groups += round->count.groups;
	add_count(&engine->stats, &round->count);
	hg_round_tally(round);
	g_mutex_unlock(&engine->lock);
	for (guint i = 0; i < round->done->len; i++)
		hg_command_free(g_array_index(round->done, struct hg_done, i).command);
}

static void note_failure(hg_engine *engine, const GError *error)
{
	gint64 bytes = hg_store_free_bytes(engine->store);

	engine->failures++;
	engine->disk_ms = 0;
	hg_err(NULL, "store.failed", "%s; nothing of this group was acknowledged", error->message);
	/* A full disk is no reason to stop: what is refused comes again when there is room. */
	if (engine->failures < FAILURES_MAX || (bytes >= 0 && bytes < engine->conf->store.min_free))
		return;
	hg_err(NULL, "store.broken", "the store failed %u times in a row: stopping", engine->failures);
	g_atomic_int_set(&engine->broken, TRUE);
}

/* Nothing of it holds: senders are refused, results are done again. */
static void group_fails(struct hg_round *round, const GError *error)
{
	hg_engine *engine = round->engine;
	hg_command *back = NULL, **end = &back;

	hg_store_rollback(engine->store);
	hg_targets_stay(engine->targets);
	engine->timer_due_ms = engine->waiting_due_ms = G_MININT64;
	engine->env->id_high = round->id_high;
	engine->env->id_low = round->id_low;
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
	note_failure(engine, error);
}

void hg_round_begin(struct hg_round *round, hg_engine *engine, gint64 now_ms)
{
	*round = (struct hg_round){
		.engine = engine, .now_ms = now_ms,
		.done = g_array_new(FALSE, TRUE, sizeof(struct hg_done)), .events = g_ptr_array_new(),
		.noted = g_array_new(FALSE, FALSE, sizeof(struct hg_noted)),
		.id_high = engine->env->id_high, .id_low = engine->env->id_low,
	};
	engine->round = hg_arena_new();
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
	g_clear_pointer(&engine->round, hg_arena_free);
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

static gboolean run_round(hg_engine *engine, hg_command *list)
{
	g_autoptr(GError) error = NULL;
	struct hg_round round;
	gboolean ok;

	hg_round_begin(&round, engine, hg_now(engine->world));
	round.broke = !hg_store_begin(engine->store, &error);
	ok = fill_group(&round, list, error ? NULL : &error) && commit(&round, &error);
	if (ok)
		group_holds(&round);
	else
		group_fails(&round, error);
	hg_round_end(&round);
	return ok;
}

static gboolean has_work(hg_engine *engine)
{
	gint64 now = hg_now(engine->env);

	return engine->timer_due_ms <= now || engine->waiting_due_ms <= now || hg_targets_has_work(engine->targets, now);
}

static gint64 wait_ms(hg_engine *engine)
{
	gint64 now = hg_now(engine->env), mono = hg_mono(engine->env), oldest;
	gint64 next = MIN(MIN(engine->timer_due_ms, engine->waiting_due_ms), hg_targets_next(engine->targets, now));
	gint64 wait = next == G_MAXINT64 ? IDLE_MS : CLAMP(next - now, 0, IDLE_MS);

	if (hg_queue_length(engine->queue, &oldest))
		return 0;
	return CLAMP(engine->tend_ms - mono, 0, wait);
}

/* After every round, since every round makes the log longer.  An empty queue is not yet a pause: one
 * is taken for it when a whole sleep went by without work. */
static void tend(hg_engine *engine, gboolean busy)
{
	engine->tend_ms = hg_mono(engine->env) + MAX(1, hg_store_tend(engine->store, busy));
}

gint64 hg_engine_step(hg_engine *engine, gboolean *ret_ok)
{
	hg_command *list;
	gboolean busy, ok = TRUE;

	take_reload(engine);
	watch_disk(engine);
	list = hg_queue_take(engine->queue, GROUP_MAX);
	busy = list || has_work(engine);
	if (busy)
		ok = run_round(engine, list);
	tend(engine, busy);
	if (ret_ok)
		*ret_ok = ok;
	return ok ? wait_ms(engine) : FAILED_WAIT_MS;
}

/* ---- after a restart ---- */

static gboolean recover_job(struct hg_round *round, hg_job *job, GError **error)
{
	hg_turn turn = turn_of(round, round->engine->round, NULL);
	gboolean ok;

	if (job->target == HG_TO_CHANNEL) {
		ok = hg_unknown_recover(&turn, job, error);
	} else if (job->target == HG_TO_HOOK) {
		ok = hg_waiting_recover(&turn, job, error);
	} else {
		/* Events are sent at least once, with the same id; a download again harms nobody. */
		job->due_ms = round->now_ms;
		ok = hg_job_move(job, HG_JOB_DUE, error) && hg_store_job_update(turn.store, job, error);
	}
	ok = ok && turn_holds(round, &turn, error);
	turn_end(&turn);
	return ok;
}

static gboolean recover_all(struct hg_round *round, guint *ret_n, GError **error)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	struct hg_job_query query = { .state = HG_JOB_SENDING, .limit = G_MAXINT };

	if (!hg_store_job_list(round->engine->store, round->engine->round, &query, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++)
		if (!recover_job(round, g_ptr_array_index(jobs, i), error))
			return FALSE;
	*ret_n = jobs->len;
	return TRUE;
}

gboolean hg_round_recover(struct hg_round *round, guint *ret_n, GError **error)
{
	hg_engine *engine = round->engine;
	gboolean ok;

	hg_work_begin(engine, round->now_ms);
	ok = hg_journal_conf(engine, HG_J_START, round->now_ms, error) && recover_all(round, ret_n, error) &&
	     hg_round_adopt(round, error);
	hg_work_end(engine, ok);
	return ok;
}

gboolean hg_engine_recover(hg_engine *engine, GError **error)
{
	struct hg_round round;
	guint n = 0;
	gboolean ok;

	hg_round_begin(&round, engine, hg_now(engine->world));
	ok = hg_store_begin(engine->store, error) && hg_round_recover(&round, &n, error) &&
	     hg_store_commit(engine->store, error);
	if (!ok) {
		hg_store_rollback(engine->store);
		hg_targets_stay(engine->targets);
	} else {
		hg_targets_fly(engine->targets);
	}
	if (ok && n)
		hg_warn(NULL, "engine.recovered", "%u jobs were under way when the last run ended", n);
	hg_round_end(&round);
	return ok;
}

/* ---- the thread ---- */

static gpointer run(gpointer arg)
{
	hg_engine *engine = arg;
	gint64 ms, oldest;
	gboolean ok;

	while (!g_atomic_int_get(&engine->broken)) {
		ms = hg_engine_step(engine, &ok);
		if (!ok && !g_atomic_int_get(&engine->stop))
			g_usleep((gulong)ms * 1000);
		else if (!g_atomic_int_get(&engine->stop))
			hg_queue_wait(engine->queue, ms);
		else if (!ok || !hg_queue_length(engine->queue, &oldest))
			break;
	}
	return NULL;
}

gboolean hg_engine_start(hg_engine *engine, GError **error)
{
	g_atomic_int_set(&engine->stop, FALSE);
	engine->thread = g_thread_try_new("engine", run, engine, error);
	return engine->thread != NULL;
}

void hg_engine_stop(hg_engine *engine)
{
	if (!engine->thread)
		return;
	g_atomic_int_set(&engine->stop, TRUE);
	hg_queue_wake(engine->queue);
	g_thread_join(g_steal_pointer(&engine->thread));
}
