/* run.c - the engine: its life, its thread, one step after the other
 *
 * Natural batching: while one group is being flushed the next one gathers; no timer delays anybody. */
#include "failpoint.h"
#include "journal.h"
#include "posts.h"
#include "round.h"

#define GROUP_MAX	1000	/* commands of one commit */
#define GROUP_FULL	16	/* commands that gather while one group is written only where there is no time to spare */
#define DISK_LOOK_MS	2000
#define FAILED_WAIT_MS	1000	/* after a round the store failed */
#define OTHERS_MS	50	/* rounds for what other nodes wrote are that far apart */
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
	hg_store_keep_audits(engine->store, engine->conf->store.audit_ms);
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
	engine->group_max = GROUP_MAX;
	engine->queue = hg_queue_new();
	engine->posts = hg_posts_new(engine);
	engine->targets = hg_targets_new(engine);
	engine->scratch = g_string_sized_new(4096);
	engine->keyed = hg_hmac_new(hg_store_instance_key(store), 32);
	engine->timer_due_ms = engine->waiting_due_ms = G_MININT64;
	engine->hooks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	keep_as_told(engine);
	g_mutex_init(&engine->lock);
	engine->tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	engine->rekeyed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return engine;
}

void hg_engine_free(hg_engine *engine)
{
	if (!engine)
		return;
	g_assert(!engine->thread && !engine->written);
	hg_queue_free(engine->queue);
	hg_targets_free(engine->targets);
	hg_posts_free(engine->posts);
	g_hash_table_destroy(engine->hooks);
	g_string_free(engine->scratch, TRUE);
	hg_hmac_free(engine->keyed);
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
	g_hash_table_unref(engine->rekeyed);
	g_mutex_clear(&engine->lock);
	g_free(engine);
}

/* ---- a new configuration ---- */

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
	    !hg_waiting_adopt(round->engine, round->now_ms, error) || !hg_retain_adopt(round->engine, round->now_ms, error) ||
	    !hg_token_adopt(round->engine, round->now_ms, error))
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
	hg_token_compare(engine, conf);
	engine->conf = conf;
	engine->rules = rules;
	engine->adopted_ms = now_ms;
	hg_conf_unref(old);
	keep_as_told(engine);
	hg_posts_load(engine->posts);
	hg_targets_load(engine->targets);
	return TRUE;
}

static gboolean conf_waits(hg_engine *engine)
{
	gboolean waits;

	g_mutex_lock(&engine->lock);
	waits = engine->next_conf != NULL;
	g_mutex_unlock(&engine->lock);
	return waits || engine->adopting;
}

/* In force at once.  FALSE: the store could not be told, and nothing is done until it is: by the journal it would have been
 * done under the configuration before. */
static gboolean take_reload(hg_engine *engine)
{
	gint64 now_ms = hg_now(engine->world);
	g_autoptr(GError) error = NULL;
	struct hg_round round;
	gboolean ok;

	if (!conf_waits(engine) || !hg_round_settle(engine))
		return !engine->adopting;
	engine->adopting |= hg_engine_take_conf(engine, now_ms);
	engine->adopted_ms = now_ms;
	hg_round_begin(&round, engine, now_ms);
	ok = hg_store_begin(engine->store, &error) && hg_round_adopt(&round, &error) &&
	     hg_journal_conf(engine, HG_J_RELOAD, now_ms, &error) &&
	     (!HG_FAILPOINT(ADOPT_BEFORE_COMMIT) || hg_fail(&error, HG_ERROR_STORE, "a test made this commit fail")) &&
	     hg_store_commit(engine->store, &error);
	if (ok)
		(void)HG_FAILPOINT(ADOPT_AFTER_COMMIT);
	hg_round_end(&round);
	engine->adopting = !ok;
	if (ok)
		return TRUE;
	hg_err(NULL, "engine.adopt_failed", "%s", error->message);
	hg_store_rollback(engine->store);
	hg_round_failed(engine, error);
	return FALSE;
}

/* ---- several nodes ---- */

void hg_engine_set_node(hg_engine *engine, const char *name, gint64 lease_ms, gint64 before_ms)
{
	hg_posts_name(engine->posts, name, lease_ms, before_ms);
}

const char *hg_engine_node(hg_engine *engine)
{
	return hg_posts_node(engine->posts);
}

char *hg_engine_posts(hg_engine *engine)
{
	return hg_posts_list(engine->posts);
}

/* ---- what others ask of it ---- */

/* What makes room is never in the way of it. */
static gboolean makes_room(const hg_command *command)
{
	return command->kind == HG_CMD_ERASE || command->kind == HG_CMD_RETAIN;
}

gboolean hg_engine_submit(hg_engine *engine, hg_command *command, GError **error)
{
	if (hg_command_is_refusable(command)) {
		if (g_atomic_int_get(&engine->broken))
			return hg_fail(error, HG_ERROR_BUSY, "the store failed; nothing is taken in");
		if (hg_store_is_away(engine->store))
			return hg_fail(error, HG_ERROR_BUSY, "the database does not answer; nothing is taken in");
		if (g_atomic_int_get(&engine->disk_low) && !makes_room(command))
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

void hg_engine_wake(hg_engine *engine)
{
	g_atomic_int_set(&engine->others, TRUE);
	hg_queue_wake(engine->queue);
}

/* ---- one step ---- */

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

/* Many commits of others are worth one look. */
static gboolean others_wrote(hg_engine *engine)
{
	gint64 mono = hg_mono(engine->env);

	if (mono < engine->others_ms || !g_atomic_int_compare_and_exchange(&engine->others, TRUE, FALSE))
		return FALSE;
	engine->others_ms = mono + OTHERS_MS;
	return TRUE;
}

static gboolean has_work(hg_engine *engine)
{
	gint64 now = hg_now(engine->env);

	return others_wrote(engine) || hg_posts_has_work(engine->posts) || engine->timer_due_ms <= now ||
	       engine->waiting_due_ms <= now || hg_targets_has_work(engine->targets, now);
}

static gint64 wait_ms(hg_engine *engine)
{
	gint64 now = hg_now(engine->env), mono = hg_mono(engine->env), oldest;
	gint64 next = MIN(MIN(engine->timer_due_ms, engine->waiting_due_ms), hg_targets_next(engine->targets, now));
	gint64 wait = next == G_MAXINT64 ? IDLE_MS : CLAMP(next - now, 0, IDLE_MS);

	if (hg_queue_length(engine->queue, &oldest))
		return 0;
	if (g_atomic_int_get(&engine->others))
		wait = CLAMP(engine->others_ms - mono, 0, wait);
	wait = MIN(wait, hg_posts_wait_ms(engine->posts));
	return CLAMP(engine->tend_ms - mono, 0, wait);
}

/* After every round, since every round makes the log longer.  An empty queue is not yet a pause: one
 * is taken for it when a whole sleep went by without work. */
static void tend(hg_engine *engine, gboolean busy)
{
	gint64 oldest;
	enum hg_store_load load = HG_LOAD_NONE;

	if (busy)
		load = engine->group >= GROUP_FULL || hg_queue_length(engine->queue, &oldest) ? HG_LOAD_FULL :
											HG_LOAD_SOME;

	if (engine->written && (!hg_store_tend_is_due(engine->store, load) || !hg_round_settle(engine)))
		return;
	engine->tend_ms = hg_mono(engine->env) + MAX(1, hg_store_tend(engine->store, load));
}

/* After an I/O error there is nothing to wait for, and also between two groups somebody has to know. */
static void watch_store(hg_engine *engine)
{
	if (!hg_store_broken(engine->store) || g_atomic_int_get(&engine->broken))
		return;
	hg_err(NULL, "store.broken", "the disk or the file failed: stopping");
	g_atomic_int_set(&engine->broken, TRUE);
}

gint64 hg_engine_step(hg_engine *engine, gboolean *ret_ok)
{
	gboolean busy, ok = take_reload(engine);
	gint64 oldest;

	watch_disk(engine);
	if (ok) {
		busy = hg_queue_length(engine->queue, &oldest) || has_work(engine);
		ok = busy ? hg_round_run(engine) : hg_round_settle(engine);
		tend(engine, busy);
	}
	watch_store(engine);
	hg_posts_tell(engine->posts);
	if (ret_ok)
		*ret_ok = ok;
	return ok ? wait_ms(engine) : FAILED_WAIT_MS;
}

/* ---- the thread ---- */

/* A store beyond use: who waits is told so, and nobody for ever. */
static void refuse_left(hg_engine *engine)
{
	g_autoptr(GError) error = g_error_new_literal(HG_ERROR, HG_ERROR_STORE, "the store failed; nothing is taken in");
	hg_command *next;

	for (hg_command *command = hg_queue_take(engine->queue, G_MAXUINT); command; command = next) {
		next = command->next;
		if (command->done)
			command->done(command->done_arg, command, NULL, error);
		hg_command_free(command);
	}
}

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
	hg_round_settle(engine);
	if (g_atomic_int_get(&engine->broken))
		refuse_left(engine);
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
	hg_store_leave(engine->store);
	hg_queue_wake(engine->queue);
	g_thread_join(g_steal_pointer(&engine->thread));
	hg_posts_quit(engine->posts);
	/* Whoever had looked before the store broke, and came after its thread had ended. */
	if (g_atomic_int_get(&engine->broken))
		refuse_left(engine);
}
