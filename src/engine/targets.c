/* targets.c - how much may be under way to each channel and backend, and when
 *
 * In memory only: after a restart the buckets are full and nothing is under way.  Everything is on
 * the engine's thread; what loops ask for (slots) waits in a list of its own until it looks. */
#include "posts.h"
#include "turn.h"

#include <string.h>

#include "failpoint.h"

#define SLOTS		 16
#define CLAIM_MOST	 256	/* jobs of one target in one round */
#define LOOK_AGAIN_MS	 1000	/* something is due that may not go: how soon others are looked for */
#define BUCKETS_MAX	 20000	/* contacts whose pace is remembered; full buckets are forgotten first */

struct target {
	int kind;		/* enum hg_target */
	char *name;
	hg_post *post;		/* lent: it is worked for only while we hold that; NULL: always */
	guint slots;		/* jobs that may be under way ... */
	guint flying;		/* ... and are */
	gboolean known;		/* by the configuration */
	gboolean due;		/* something may be due */
	gboolean held;		/* a person has paused the channel */
	gboolean down;		/* as last told ... */
	gboolean was_down;	/* ... before the start: whoever carries things there does not know */
	gint64 until_ms;	/* nothing goes before */
	double tokens;		/* calls that may go at once */
	gint64 tokens_ms;	/* when they were counted */
};

struct wish {			/* slots, as a loop asked for */
	int kind;
	char *name;
	guint slots;
};

struct bucket {			/* of one contact on one channel */
	double tokens, most;
	gint64 at_ms, gap_ms, until_ms;
};

struct hg_targets {
	hg_engine *engine;
	GMutex lock;		/* guards wishes */
	GPtrArray *wishes;	/* of struct wish */
	GPtrArray *list;	/* of struct target; never shrinks: jobs of removed channels are kept */
	GHashTable *flights;	/* job n -> struct target */
	GHashTable *buckets;	/* "channel\nto" -> struct bucket */
	GPtrArray *out;		/* of hg_dispatch: claimed in this round */
	GPtrArray *marked;	/* of struct target: told to be down, or up, in this round */
	gboolean looked;	/* held of all targets is what the store says */
	gint64 alarm_ms;	/* no job is due before that is not due now; G_MININT64: ask the store */
};

static void target_free(void *data)
{
	struct target *target = data;

	g_free(target->name);
	g_free(target);
}

static void wish_free(void *data)
{
	struct wish *wish = data;

	g_free(wish->name);
	g_free(wish);
}

hg_targets *hg_targets_new(hg_engine *engine)
{
	hg_targets *targets = g_new0(hg_targets, 1);

	targets->engine = engine;
	g_mutex_init(&targets->lock);
	targets->wishes = g_ptr_array_new_with_free_func(wish_free);
	targets->list = g_ptr_array_new_with_free_func(target_free);
	targets->flights = g_hash_table_new(g_direct_hash, g_direct_equal);
	targets->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	targets->out = g_ptr_array_new();
	targets->marked = g_ptr_array_new();
	targets->alarm_ms = G_MININT64;
	hg_targets_load(targets);
	return targets;
}

void hg_targets_free(hg_targets *targets)
{
	if (!targets)
		return;
	hg_targets_stay(targets);
	g_ptr_array_unref(targets->out);
	g_ptr_array_unref(targets->marked);
	g_hash_table_destroy(targets->flights);
	g_hash_table_destroy(targets->buckets);
	g_ptr_array_unref(targets->list);
	g_ptr_array_unref(targets->wishes);
	g_mutex_clear(&targets->lock);
	g_free(targets);
}

static struct target *target_of(hg_targets *targets, int kind, const char *name)
{
	struct target *target;

	for (guint i = 0; i < targets->list->len; i++) {
		target = g_ptr_array_index(targets->list, i);
		if (target->kind == kind && g_strcmp0(target->name, name) == 0)
			return target;
	}
	target = g_new0(struct target, 1);
	*target = (struct target){ .kind = kind, .name = g_strdup(name), .slots = SLOTS, .tokens_ms = G_MININT64,
				   .post = hg_posts_of(targets->engine->posts, kind, name) };
	g_ptr_array_add(targets->list, target);
	return target;
}

/* Somebody has acted: what was paused may be tried. */
void hg_targets_load(hg_targets *targets)
{
	const hg_conf *conf = targets->engine->conf;

	targets->looked = FALSE;
	for (guint i = 0; i < targets->list->len; i++)
		((struct target *)g_ptr_array_index(targets->list, i))->known = FALSE;
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		target_of(targets, HG_TO_CHANNEL, channel->name)->known = TRUE;
		target_of(targets, HG_TO_FETCH, channel->name)->known = TRUE;
		target_of(targets, HG_TO_UNPACK, channel->name)->known = TRUE;
		target_of(targets, HG_TO_SETTLE, channel->name)->known = TRUE;
	}
	for (guint i = 0; i < conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(conf->backends, i);

		target_of(targets, HG_TO_BACKEND, backend->name)->known = TRUE;
		target_of(targets, HG_FROM_BACKEND, backend->name)->known = TRUE;
	}
	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = g_ptr_array_index(conf->hooks, i);
		struct target *target = target_of(targets, HG_TO_HOOK, hook->name);

		target->known = TRUE;
		target->slots = MIN((guint)hook->concurrency, (guint)CLAIM_MOST);
	}
	for (guint i = 0; i < targets->list->len; i++) {
		struct target *target = g_ptr_array_index(targets->list, i);

		target->until_ms = 0;
		target->due = target->known;
	}
}

void hg_targets_slots(hg_targets *targets, int kind, const char *name, guint slots)
{
	struct wish *wish = g_new(struct wish, 1);

	*wish = (struct wish){ kind, g_strdup(name), MIN(slots, (guint)CLAIM_MOST) };
	g_mutex_lock(&targets->lock);
	g_ptr_array_add(targets->wishes, wish);
	g_mutex_unlock(&targets->lock);
}

static void grant(hg_targets *targets)
{
	g_mutex_lock(&targets->lock);
	for (guint i = 0; i < targets->wishes->len; i++) {
		const struct wish *wish = g_ptr_array_index(targets->wishes, i);

		target_of(targets, wish->kind, wish->name)->slots = wish->slots;
	}
	g_ptr_array_set_size(targets->wishes, 0);
	g_mutex_unlock(&targets->lock);
}

void hg_targets_wake(hg_targets *targets, int kind, const char *name, gint64 due_ms)
{
	if (due_ms > hg_now(targets->engine->env))
		targets->alarm_ms = MIN(targets->alarm_ms, due_ms);
	else
		target_of(targets, kind, name)->due = TRUE;
}

void hg_targets_pause(hg_targets *targets, int kind, const char *name, gint64 until_ms)
{
	struct target *target = target_of(targets, kind, name);

	/* A later word of "too fast" does not open what is paused for longer; 0: somebody has acted. */
	target->until_ms = until_ms ? MAX(target->until_ms, until_ms) : 0;
	target->due = TRUE;
}

gboolean hg_targets_mark(hg_targets *targets, int kind, const char *name, gboolean down)
{
	struct target *target = target_of(targets, kind, name);
	gboolean news = target->down != down;

	target->down = down;
	if (news)
		g_ptr_array_add(targets->marked, target);
	return news;
}

void hg_targets_remember(hg_targets *targets, int kind, const char *name, gboolean down)
{
	struct target *target = target_of(targets, kind, name);

	target->down = target->was_down = down;
}

gboolean hg_targets_was_down(hg_targets *targets, int kind, const char *name)
{
	const struct target *target = target_of(targets, kind, name);

	return target->was_down && target->down;
}

void hg_targets_marks_hold(hg_targets *targets)
{
	g_ptr_array_set_size(targets->marked, 0);
}

/* Nobody was told: it is news the next time. */
static void unmark(hg_targets *targets)
{
	for (guint i = 0; i < targets->marked->len; i++) {
		struct target *target = g_ptr_array_index(targets->marked, i);

		target->down = !target->down;
	}
	g_ptr_array_set_size(targets->marked, 0);
}

/* ---- the pace of one contact ---- */

static gboolean bucket_is_full(gpointer key G_GNUC_UNUSED, gpointer value, gpointer now_ms)
{
	const struct bucket *bucket = value;
	gint64 now = *(const gint64 *)now_ms;

	return now >= bucket->until_ms &&
	       bucket->tokens + (double)(now - bucket->at_ms) / (double)MAX(bucket->gap_ms, 1) >= bucket->most;
}

static struct bucket *bucket_of(hg_targets *targets, const char *channel, const char *to, gint64 now_ms)
{
	char *key = g_strconcat(channel, "\n", to, NULL);
	struct bucket *bucket = g_hash_table_lookup(targets->buckets, key);

	if (bucket) {
		g_free(key);
		return bucket;
	}
	if (g_hash_table_size(targets->buckets) >= BUCKETS_MAX)
		g_hash_table_foreach_remove(targets->buckets, bucket_is_full, &now_ms);
	bucket = g_new0(struct bucket, 1);
	bucket->at_ms = now_ms;
	bucket->tokens = -1;
	g_hash_table_insert(targets->buckets, key, bucket);
	return bucket;
}

void hg_targets_contact_wait(hg_targets *targets, const char *channel, const char *to, gint64 until_ms)
{
	if (to)
		bucket_of(targets, channel, to, hg_now(targets->engine->env))->until_ms = until_ms;
}

/* Takes one token.  0: it may go; else when it may. */
static gint64 bucket_take(struct bucket *bucket, const struct hg_limits *limits, gint64 now_ms)
{
	if (bucket->until_ms > now_ms)
		return bucket->until_ms;
	if (limits->contact_gap_ms <= 0)
		return 0;
	bucket->gap_ms = limits->contact_gap_ms;
	bucket->most = (double)MAX(limits->contact_burst, 1);
	if (bucket->tokens < 0)
		bucket->tokens = bucket->most;
	if (now_ms > bucket->at_ms)
		bucket->tokens = MIN(bucket->most, bucket->tokens +
				     (double)(now_ms - bucket->at_ms) / (double)bucket->gap_ms);
	bucket->at_ms = now_ms;
	if (bucket->tokens < 1)
		return now_ms + (gint64)((1 - bucket->tokens) * (double)bucket->gap_ms) + 1;
	bucket->tokens -= 1;
	return 0;
}

/* ---- the pace of a channel ---- */

static void refill(struct target *target, const struct hg_limits *limits, gint64 now_ms)
{
	double most = (double)MAX(limits->burst > 0 ? limits->burst : limits->rate, 1);

	if (target->tokens_ms == G_MININT64)
		target->tokens = most;
	else if (now_ms > target->tokens_ms)
		target->tokens = MIN(most, target->tokens +
				     (double)(now_ms - target->tokens_ms) * (double)limits->rate / 1000);
	target->tokens_ms = now_ms;
}

static gboolean is_open(const hg_targets *targets, const struct target *target, gint64 now_ms)
{
	return target->known && !target->held && now_ms >= target->until_ms && target->flying < target->slots &&
	       hg_post_is_open(targets->engine->posts, target->post);
}

static gboolean may_go(const hg_targets *targets, const struct target *target, gint64 now_ms)
{
	return target->due && is_open(targets, target, now_ms);
}

static guint room(struct target *target, const struct hg_limits *limits, gint64 now_ms)
{
	guint room = target->slots - target->flying;	/* more than none: may_go() */

	if (target->kind != HG_TO_CHANNEL || limits->rate <= 0)
		return room;
	refill(target, limits, now_ms);
	if (target->tokens >= 1)
		return MIN(room, (guint)target->tokens);
	target->until_ms = now_ms + (gint64)((1 - target->tokens) * 1000 / (double)limits->rate) + 1;
	return 0;
}

/* ---- claiming ---- */

static void launch(hg_targets *targets, struct target *target, hg_dispatch *dispatch)
{
	target->flying++;
	if (target->post) {
		target->post->flying++;
		dispatch->fence = target->post->fence;
		dispatch->until_mono_ms = target->post->until_ms;
	}
	g_hash_table_insert(targets->flights, (gpointer)(gintptr)dispatch->job.n, target);
	g_ptr_array_add(targets->out, dispatch);
}

static gboolean put_off(hg_targets *targets, hg_job *job, gint64 until_ms, GError **error)
{
	job->due_ms = until_ms;
	hg_targets_wake(targets, job->target, job->name, until_ms);
	return hg_store_job_update(targets->engine->store, job, error);
}

/* What it was about is gone (erased): nothing is left to be done. */
static gboolean forget(hg_targets *targets, hg_job *job, gint64 now_ms, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "name", job->name);

	hg_journal_note_claim(targets->engine, job->n, TRUE);
	hg_warn(&ctx, "outbox.orphan", "job %" G_GINT64_FORMAT " is about something that is not in the store; "
		"it is dropped", job->n);
	return hg_store_job_done(targets->engine->store, job, now_ms, NULL, error);
}

gboolean hg_targets_take(hg_engine *engine, hg_job *job, gint64 now_ms, GError **error)
{
	job->attempts++;
	job->changed_ms = now_ms;
	/* Until a helpdesk has answered: this attempt may have arrived, whatever becomes of us. */
	if (job->target == HG_TO_BACKEND && !job->doubt_ms)
		job->doubt_ms = now_ms;
	if (!hg_job_move(job, HG_JOB_SENDING, error) || !hg_store_job_update(engine->store, job, error))
		return FALSE;
	return !HG_FAILPOINT(OUTBOX_CLAIMED) || hg_fail(error, HG_ERROR_STORE, "a test made this claim fail");
}

static gboolean claim_one(hg_targets *targets, struct target *target, const struct hg_limits *limits,
			  hg_job *job, gint64 now_ms, GError **error)
{
	hg_engine *engine = targets->engine;
	hg_dispatch *dispatch;
	gint64 until_ms = 0;

	/* Its timer goes off, in this round or the next, and then it is another rung's. */
	if (target->kind == HG_TO_CHANNEL && hg_unknown_is_stale(job, limits, now_ms))
		return TRUE;
	if (!hg_dispatch_make(engine, job, now_ms, &dispatch, error))
		return FALSE;
	if (!dispatch)
		return forget(targets, job, now_ms, error);
	if (target->kind == HG_TO_CHANNEL && dispatch->out.to)
		until_ms = bucket_take(bucket_of(targets, target->name, dispatch->out.to, now_ms), limits, now_ms);
	if (until_ms) {
		hg_dispatch_free(dispatch);
		return put_off(targets, job, until_ms, error);
	}
	hg_journal_note_claim(engine, job->n, FALSE);
	if (!hg_targets_take(engine, job, now_ms, error)) {
		hg_dispatch_free(dispatch);
		return FALSE;
	}
	dispatch->job.attempts = job->attempts;
	dispatch->job.state = job->state;
	dispatch->job.changed_ms = now_ms;
	dispatch->job.doubt_ms = job->doubt_ms;
	target->tokens -= target->kind == HG_TO_CHANNEL && limits->rate > 0;
	launch(targets, target, dispatch);
	return TRUE;
}

/* Where nothing older waits: the job is written as one that goes out, instead of written, looked for and changed.
 * Not when it is done again from the journal: there claims have rows of their own. */
gboolean hg_targets_claim_new(hg_targets *targets, hg_job *job, gint64 now_ms, gboolean *ret_claimed, GError **error)
{
	const struct hg_limits none = { .size = sizeof(none) };
	struct target *target = target_of(targets, job->target, job->name);
	guint before = targets->out->len;

	*ret_claimed = FALSE;
	if (targets->engine->fed || job->target != HG_TO_BACKEND || job->state != HG_JOB_DUE || job->due_ms > now_ms ||
	    target->due || !is_open(targets, target, now_ms))
		return TRUE;
	if (!claim_one(targets, target, &none, job, now_ms, error))
		return FALSE;
	*ret_claimed = targets->out->len > before;
	return TRUE;
}

guint hg_targets_claimed(hg_targets *targets)
{
	return targets->out->len;
}

void hg_targets_recall(hg_targets *targets, guint claimed)
{
	while (targets->out->len > claimed) {
		hg_dispatch *dispatch = g_ptr_array_index(targets->out, targets->out->len - 1);

		hg_targets_landed(targets, dispatch->job.n);
		hg_journal_forget_claim(targets->engine, dispatch->job.n);
		hg_dispatch_free(dispatch);
		g_ptr_array_set_size(targets->out, (gint)targets->out->len - 1);
	}
}

static gboolean claim_from(hg_targets *targets, struct target *target, hg_arena *arena, gint64 now_ms,
			   GError **error)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	struct hg_limits limits = { .size = sizeof(limits) };
	const struct hg_ports *ports = &targets->engine->ports;
	unsigned caps;
	guint most;

	if (target->kind == HG_TO_CHANNEL && !ports->limits(ports->ctx, target->name, &limits, &caps)) {
		target->due = FALSE;	/* not there now: a reload or its coming up wakes it */
		return TRUE;
	}
	most = room(target, &limits, now_ms);
	if (!most)
		return TRUE;
	if (!hg_store_job_due(targets->engine->store, arena, target->kind, target->name, now_ms, most, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++)
		if (!claim_one(targets, target, &limits, g_ptr_array_index(jobs, i), now_ms, error))
			return FALSE;
	/* Fewer than asked for: there are no more.  Ended jobs wake their lanes. */
	target->due = jobs->len == most;
	return TRUE;
}

static void wake_all(hg_targets *targets)
{
	for (guint i = 0; i < targets->list->len; i++) {
		struct target *target = g_ptr_array_index(targets->list, i);

		target->due = target->known;
	}
}

/* ---- channels on hold ---- */

void hg_targets_look(hg_targets *targets)
{
	targets->looked = FALSE;
}

static gboolean is_of_channel(int kind)
{
	return kind == HG_TO_CHANNEL || kind == HG_TO_FETCH || kind == HG_TO_UNPACK || kind == HG_TO_SETTLE;
}

static gboolean is_paused(const GPtrArray *pauses, const char *name)
{
	for (guint i = 0; i < pauses->len; i++)
		if (strcmp(((const hg_standing *)g_ptr_array_index(pauses, i))->name, name) == 0)
			return TRUE;
	return FALSE;
}

/* The store alone knows: a turn that said otherwise may have been undone. */
static gboolean look_who_is_held(hg_targets *targets, hg_arena *arena, GError **error)
{
	g_autoptr(GPtrArray) pauses = g_ptr_array_new();

	if (targets->looked)
		return TRUE;
	if (!hg_store_standing_list(targets->engine->store, arena, HG_STANDING_PAUSE, pauses, error))
		return FALSE;
	for (guint i = 0; i < targets->list->len; i++) {
		struct target *target = g_ptr_array_index(targets->list, i);
		gboolean held = is_of_channel(target->kind) && is_paused(pauses, target->name);

		if (target->held && !held)
			target->due = target->known;
		target->held = held;
	}
	targets->looked = TRUE;
	return TRUE;
}

gboolean hg_targets_claim(hg_targets *targets, hg_arena *arena, gint64 now_ms, GError **error)
{
	gboolean rang = now_ms >= targets->alarm_ms;
	gint64 next_ms;

	grant(targets);
	if (!look_who_is_held(targets, arena, error))
		return FALSE;
	if (rang) {
		wake_all(targets);
		targets->alarm_ms = G_MAXINT64;
	}
	for (guint i = 0; i < targets->list->len; i++) {
		struct target *target = g_ptr_array_index(targets->list, i);

		if (may_go(targets, target, now_ms) && !claim_from(targets, target, arena, now_ms, error))
			return FALSE;
	}
	if (!rang)
		return TRUE;
	if (!hg_store_job_next(targets->engine->store, &next_ms, error))
		return FALSE;
	if (next_ms <= now_ms)
		next_ms = now_ms + LOOK_AGAIN_MS;
	targets->alarm_ms = MIN(targets->alarm_ms, next_ms);
	return TRUE;
}

gboolean hg_targets_ask(hg_targets *targets, const hg_job *job, gint64 now_ms, GError **error)
{
	hg_dispatch *dispatch;

	if (!hg_dispatch_make(targets->engine, job, now_ms, &dispatch, error))
		return FALSE;
	if (!dispatch)
		return TRUE;
	dispatch->ask = TRUE;
	launch(targets, target_of(targets, job->target, job->name), dispatch);
	return TRUE;
}

gboolean hg_targets_unpack(hg_targets *targets, const hg_job *job, const GPtrArray *known, gint64 now_ms, GError **error)
{
	const char **texts;
	hg_dispatch *dispatch;

	if (!hg_dispatch_make(targets->engine, job, now_ms, &dispatch, error))
		return FALSE;
	if (!dispatch)
		return TRUE;
	texts = hg_arena_alloc(dispatch->arena, (known->len + 1) * sizeof(*texts));
	for (guint i = 0; i < known->len; i++)
		texts[i] = hg_arena_str(dispatch->arena, g_ptr_array_index(known, i));
	dispatch->raw.known = texts;
	dispatch->raw.recalled = true;
	dispatch->raw.attempts = job->attempts - 1;	/* this one is counted already */
	launch(targets, target_of(targets, job->target, job->name), dispatch);
	return TRUE;
}

GPtrArray *hg_targets_leave(hg_targets *targets)
{
	GPtrArray *left = g_steal_pointer(&targets->out);

	hg_targets_marks_hold(targets);
	targets->out = g_ptr_array_new();
	return left;
}

/* Nothing is to be fetched for a ticket nobody knows: it is looked for again. */
static hg_command *answer_foreign(const hg_dispatch *dispatch)
{
	hg_command *command = hg_command_new(HG_CMD_CHANGED);

	command->backend = hg_arena_str(command->arena, dispatch->job.name);
	command->fate = HG_RETRY;
	return command;
}

/* As its adapter would, had it been asked. */
static hg_command *answer_for_adapter(const hg_dispatch *dispatch)
{
	hg_command *command = hg_command_new(HG_CMD_SENT);

	command->channel = hg_arena_str(command->arena, dispatch->job.name);
	command->sent = (struct hg_result){
		.size = sizeof(command->sent), .fate = HG_FAILED, .reach = HG_REACH_CONTACT,
		.text = hg_arena_str(command->arena, dispatch->stopped), .advice = dispatch->advice,
	};
	return command;
}

static void answer_stopped(hg_engine *engine, hg_dispatch *dispatch)
{
	hg_command *command = dispatch->job.target == HG_FROM_BACKEND ? answer_foreign(dispatch) : answer_for_adapter(dispatch);

	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	hg_dispatch_free(dispatch);
	hg_queue_put(engine->queue, command, hg_mono(engine->env), NULL);	/* results always have room */
}

void hg_targets_fly(hg_targets *targets, GPtrArray *left)
{
	const struct hg_ports *ports = &targets->engine->ports;

	if (left->len)
		(void)HG_FAILPOINT(OUTBOX_SENDING);
	for (guint i = 0; i < left->len; i++) {
		hg_dispatch *dispatch = g_ptr_array_index(left, i);

		if (dispatch->stopped && !dispatch->ask)
			answer_stopped(targets->engine, dispatch);
		else
			ports->dispatch(ports->ctx, dispatch);
	}
	g_ptr_array_unref(left);
}

void hg_targets_ground(hg_targets *targets, GPtrArray *left)
{
	for (guint i = 0; i < left->len; i++) {
		hg_dispatch *dispatch = g_ptr_array_index(left, i);

		hg_targets_landed(targets, dispatch->job.n);
		hg_dispatch_free(dispatch);
	}
	g_ptr_array_unref(left);
}

void hg_targets_landed(hg_targets *targets, gint64 job_n)
{
	struct target *target = g_hash_table_lookup(targets->flights, (gpointer)(gintptr)job_n);

	if (!target)
		return;
	g_hash_table_remove(targets->flights, (gpointer)(gintptr)job_n);
	target->flying--;
	if (target->post)
		target->post->flying--;
}

static gboolean is_flight_of(gpointer job_n G_GNUC_UNUSED, gpointer value, gpointer post)
{
	struct target *target = value;

	if (target->post != post)
		return FALSE;
	target->flying--;
	target->post->flying--;
	return TRUE;
}

void hg_targets_lost(hg_targets *targets, const hg_post *post)
{
	g_hash_table_foreach_remove(targets->flights, is_flight_of, (gpointer)post);
}

/* As after a start: nothing is known of how it fares there. */
void hg_targets_gained(hg_targets *targets, const hg_post *post)
{
	for (guint i = 0; i < targets->list->len; i++) {
		struct target *target = g_ptr_array_index(targets->list, i);

		if (target->post != post)
			continue;
		target->until_ms = 0;
		target->due = target->known;
		target->down = target->was_down = FALSE;
	}
}

void hg_targets_forget(hg_targets *targets)
{
	targets->looked = FALSE;
	targets->alarm_ms = G_MININT64;
	wake_all(targets);
}

void hg_targets_stay(hg_targets *targets)
{
	unmark(targets);
	targets->looked = FALSE;
	for (guint i = 0; i < targets->out->len; i++) {
		hg_dispatch *dispatch = g_ptr_array_index(targets->out, i);

		hg_targets_landed(targets, dispatch->job.n);
		hg_dispatch_free(dispatch);
	}
	if (targets->out->len)
		wake_all(targets);
	g_ptr_array_set_size(targets->out, 0);
}

gboolean hg_targets_has_work(hg_targets *targets, gint64 now_ms)
{
	grant(targets);
	for (guint i = 0; i < targets->list->len; i++)
		if (may_go(targets, g_ptr_array_index(targets->list, i), now_ms))
			return TRUE;
	return now_ms >= targets->alarm_ms;
}

gint64 hg_targets_next(hg_targets *targets, gint64 now_ms)
{
	gint64 next_ms = targets->alarm_ms;

	for (guint i = 0; i < targets->list->len; i++) {
		const struct target *target = g_ptr_array_index(targets->list, i);

		if (may_go(targets, target, MAX(now_ms, target->until_ms)))
			next_ms = MIN(next_ms, target->until_ms);
	}
	return next_ms;
}
