/* posts.c - leases of what only one node may do at a time: taken, renewed, shared out, given back, lost
 *
 * Everything here but the list is on the engine's thread. */
#include "posts.h"

#include "json.h"
#include "round.h"

#include <string.h>

#define BEATS		3	/* a lease is renewed so often before it would end */
#define MARGIN		5	/* the last fifth of one is not ours: what leaves then may arrive under another's */
#define LOOK_MS		2000	/* what others did is looked at so often, where no hint comes */
#define FENCES_MAX	4096	/* of which is known whose they were */

struct hg_posts {
	hg_engine *engine;
	gboolean shared;
	char *node;			/* ours, as the rest */
	gint64 lease_ms;
	gint64 dead_ms;			/* since when the process was our node that is certainly dead; 0: none is */
	gint64 told_ms;			/* since when we are it, as the port was told */
	hg_member member;		/* n 0: not joined yet; its name is node */
	gboolean ousted;		/* another process goes by our name: it has what was ours */
	GPtrArray *list;		/* of hg_post; never shrinks */
	GArray *before;			/* of hg_post: as they were when the round began */
	hg_member member_before;
	GArray *fences;			/* of struct fence, rising: that were ours */
	gint64 turn;			/* the store's after our last commit; -1: look at everything */
	gint64 beat_ms, look_ms;	/* monotonic: when to say that we live; to see what others did */
	gint64 beat_before;
	gint64 takeovers, stales;	/* of this round, counted when it holds */
	GMutex lock;			/* guards what follows */
	char *held;			/* names, one a line */
};

struct fence { gint64 fence; hg_post *post; };

/* What a beat goes by: all rows as they are now, in the round's arena. */
struct beat {
	gint64 mono, now_ms;		/* our monotonic clock, read before the database's */
	GPtrArray *leases, *members;
	gint64 top;			/* highest fence there is */
	guint live, held;		/* nodes that share; posts we keep */
	gboolean after_dead;		/* we have just joined, and whoever was our node before is dead */
	gboolean draining;
	GPtrArray *took;		/* of hg_post */
};

static void post_free(void *data)
{
	hg_post *post = data;

	g_free(post->name);
	g_free(post);
}

hg_posts *hg_posts_new(hg_engine *engine)
{
	hg_posts *posts = g_new0(hg_posts, 1);

	posts->engine = engine;
	posts->shared = hg_store_is_shared(engine->store);
	posts->node = g_strdup("");
	posts->lease_ms = HG_LEASE_MS;
	posts->list = g_ptr_array_new_with_free_func(post_free);
	posts->before = g_array_new(FALSE, FALSE, sizeof(hg_post));
	posts->fences = g_array_new(FALSE, FALSE, sizeof(struct fence));
	posts->turn = -1;
	g_mutex_init(&posts->lock);
	hg_posts_load(posts);
	return posts;
}

void hg_posts_free(hg_posts *posts)
{
	if (!posts)
		return;
	g_array_unref(posts->fences);
	g_array_unref(posts->before);
	g_ptr_array_unref(posts->list);
	g_mutex_clear(&posts->lock);
	g_free(posts->node);
	g_free(posts->held);
	g_free(posts);
}

void hg_posts_name(hg_posts *posts, const char *node, gint64 lease_ms, gint64 before_ms)
{
	g_free(posts->node);
	posts->node = g_strdup(node);
	posts->lease_ms = lease_ms;
	posts->dead_ms = before_ms;
}

const char *hg_posts_node(hg_posts *posts)
{
	return posts->node;
}

/* ---- which there are ---- */

static hg_post *post_find(hg_posts *posts, const char *name)
{
	for (guint i = 0; i < posts->list->len; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);

		if (strcmp(post->name, name) == 0)
			return post;
	}
	return NULL;
}

static hg_post *post_at(hg_posts *posts, const char *kind, const char *name)
{
	g_autofree char *whole = g_strconcat(kind, name, NULL);
	hg_post *post = post_find(posts, whole);

	if (!post) {
		post = g_new0(hg_post, 1);
		post->name = g_steal_pointer(&whole);
		g_ptr_array_add(posts->list, post);
	}
	return post;
}

static const char *kind_of(int target)
{
	if (target == HG_TO_BACKEND || target == HG_FROM_BACKEND)
		return "backend:";
	return target == HG_TO_HOOK ? "hook:" : "channel:";
}

gboolean hg_post_has(const char *post, int target, const char *name)
{
	const char *kind = kind_of(target);

	return g_str_has_prefix(post, kind) && strcmp(post + strlen(kind), name) == 0;
}

hg_post *hg_posts_of(hg_posts *posts, int target, const char *name)
{
	return posts->shared ? post_at(posts, kind_of(target), name) : NULL;
}

void hg_posts_load(hg_posts *posts)
{
	const hg_conf *conf = posts->engine->conf;

	if (!posts->shared)
		return;
	for (guint i = 0; i < posts->list->len; i++)
		((hg_post *)g_ptr_array_index(posts->list, i))->known = FALSE;
	for (guint i = 0; i < conf->channels->len; i++)
		post_at(posts, "channel:", ((struct hg_channel_conf *)g_ptr_array_index(conf->channels, i))->name)->known = TRUE;
	for (guint i = 0; i < conf->backends->len; i++)
		post_at(posts, "backend:", ((struct hg_backend_conf *)g_ptr_array_index(conf->backends, i))->name)->known = TRUE;
	for (guint i = 0; i < conf->hooks->len; i++)
		post_at(posts, "hook:", ((struct hg_hook_conf *)g_ptr_array_index(conf->hooks, i))->name)->known = TRUE;
	post_at(posts, "", HG_POST_HOUSE)->known = TRUE;
	posts->beat_ms = 0;
}

gboolean hg_post_is_open(hg_posts *posts, const hg_post *post)
{
	return !post || (post->held && !post->leaving && hg_mono(posts->engine->env) < post->until_ms);
}

/* ---- gained and lost ---- */

static void note_fence(hg_posts *posts, hg_post *post)
{
	struct fence fence = { post->fence, post };

	if (posts->fences->len >= FENCES_MAX)
		g_array_remove_range(posts->fences, 0, FENCES_MAX / 2);
	g_array_append_val(posts->fences, fence);
}

static void lose(hg_posts *posts, hg_post *post)
{
	post->held = post->leaving = FALSE;
	post->until_ms = 0;
	hg_targets_lost(posts->engine->targets, post);
}

/* By the rows alone; nothing of it is believed because it was so before. */
static const hg_lease *lease_of(const struct beat *beat, const char *name)
{
	for (guint i = 0; i < beat->leases->len; i++) {
		const hg_lease *lease = g_ptr_array_index(beat->leases, i);

		if (strcmp(lease->name, name) == 0)
			return lease;
	}
	return NULL;
}

static gboolean look_at_leases(hg_posts *posts, hg_arena *arena, struct beat *beat, GError **error)
{
	g_ptr_array_set_size(beat->leases, 0);
	if (!hg_store_lease_list(posts->engine->store, arena, beat->leases, error))
		return FALSE;
	for (guint i = 0; i < beat->leases->len; i++)
		beat->top = MAX(beat->top, ((hg_lease *)g_ptr_array_index(beat->leases, i))->fence);
	for (guint i = 0; i < posts->list->len; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);
		const hg_lease *lease = post->held ? lease_of(beat, post->name) : NULL;

		if (!post->held || (lease && lease->node_n == posts->member.n && lease->fence == post->fence))
			continue;
		hg_warn(&HG_CTX(NULL, "post", post->name), "node.post_lost", "another node has taken it: we said nothing for too "
			"long; what was under way is not known to have arrived");
		lose(posts, post);
	}
	return TRUE;
}

/* ---- a beat ---- */

/* Each process that is a node is it since another time, whatever the clock says. */
static gboolean join(hg_posts *posts, hg_arena *arena, struct beat *beat, GError **error)
{
	gint64 since_ms = beat->now_ms;
	hg_member *before;

	if (!hg_store_node_by_name(posts->engine->store, arena, posts->node, &before, error))
		return FALSE;
	if (before) {
		since_ms = MAX(since_ms, before->since_ms + 1);
		beat->after_dead = posts->dead_ms && before->since_ms == posts->dead_ms;
	}
	posts->member = (hg_member){ .name = posts->node, .version = PACKAGE_VERSION,
		.schema = hg_store_schema(posts->engine->store), .since_ms = since_ms, .seen_ms = beat->now_ms };
	return hg_store_node_join(posts->engine->store, arena, &posts->member, error);
}

static gboolean say_we_live(hg_posts *posts, hg_arena *arena, struct beat *beat, GError **error)
{
	hg_store *store = posts->engine->store;
	gboolean ours = TRUE;

	if (!hg_store_clock(store, &beat->now_ms, error))
		return FALSE;
	if (!posts->member.n)
		return join(posts, arena, beat, error);
	if (!hg_store_node_beat(store, &posts->member, beat->now_ms, &ours, error))
		return FALSE;
	if (ours || posts->ousted)
		return TRUE;
	hg_err(NULL, "node.name_taken", "another headgated was started as node \"%s\": this one does nothing any more that only one "
	       "may do; give each a name of its own (store.node) and start this one again", posts->node);
	posts->ousted = TRUE;
	return TRUE;
}

/* Nothing of it goes out any more, so nobody has to wait until its leases end.  We take our part at once; the rest others do. */
static gboolean free_the_dead(hg_posts *posts, struct beat *beat, GError **error)
{
	guint n = 0;

	for (guint i = 0; beat->after_dead && i < beat->leases->len; i++) {
		hg_lease *lease = g_ptr_array_index(beat->leases, i);

		if (lease->node_n != posts->member.n || !lease->until_ms)
			continue;
		lease->until_ms = 0;
		if (!hg_store_lease_set(posts->engine->store, lease, error))
			return FALSE;
		n++;
	}
	if (n)
		hg_info(NULL, "node.again", "the process that was node \"%s\" before has ended: nobody waits for the %u leases it held",
			posts->node, n);
	return TRUE;
}

static void count_members(hg_posts *posts, struct beat *beat)
{
	for (guint i = 0; i < beat->members->len; i++) {
		const hg_member *member = g_ptr_array_index(beat->members, i);
		gboolean us = member->n == posts->member.n;

		if (us && (member->state != HG_NODE_RUNNING || posts->ousted))
			beat->draining = TRUE;
		else if (member->state == HG_NODE_RUNNING && (us || member->seen_ms > beat->now_ms - posts->lease_ms))
			beat->live++;
	}
}

static guint share_of(const hg_posts *posts, const struct beat *beat)
{
	guint known = 0;

	for (guint i = 0; i < posts->list->len; i++)
		known += ((hg_post *)g_ptr_array_index(posts->list, i))->known;
	return beat->draining ? 0 : (known + beat->live - 1) / MAX(beat->live, 1);
}

static gboolean write_lease(hg_posts *posts, const hg_post *post, gint64 until_ms, GError **error)
{
	return hg_store_lease_set(posts->engine->store, &(hg_lease){ .name = post->name, .node_n = posts->member.n,
				  .fence = post->fence, .until_ms = until_ms }, error);
}

static gboolean extend(hg_posts *posts, hg_post *post, const struct beat *beat, GError **error)
{
	post->until_ms = beat->mono + posts->lease_ms - posts->lease_ms / MARGIN;
	return write_lease(posts, post, beat->now_ms + posts->lease_ms, error);
}

/* Whoever carries things there was told a while ago, and has let go of it. */
static gboolean may_give_back(const hg_posts *posts, const hg_post *post, const struct beat *beat)
{
	return post->leaving && !post->flying && beat->mono - post->leaving_ms >= posts->lease_ms / BEATS;
}

static void leave(hg_post *post, const struct beat *beat)
{
	post->leaving = TRUE;
	post->leaving_ms = beat->mono;
}

static gboolean keep_or_give_back(hg_posts *posts, struct beat *beat, GError **error)
{
	for (guint i = 0; i < posts->list->len; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);

		if (!post->held)
			continue;
		if (!post->known && !post->leaving)
			leave(post, beat);
		if (may_give_back(posts, post, beat)) {
			if (!write_lease(posts, post, 0, error))
				return FALSE;
			lose(posts, post);
			continue;
		}
		beat->held += !post->leaving;
		if (!extend(posts, post, beat, error))
			return FALSE;
	}
	return TRUE;
}

/* What is idle goes first; of what is on its way out as much stays as there is room for again. */
static void even_out(hg_posts *posts, struct beat *beat, guint share)
{
	for (int busy = 0; busy < 2 && beat->held > share; busy++)
		for (guint i = posts->list->len; i > 0 && beat->held > share; i--) {
			hg_post *post = g_ptr_array_index(posts->list, i - 1);

			if (!post->held || post->leaving || (post->flying && !busy))
				continue;
			leave(post, beat);
			beat->held--;
		}
	for (guint i = 0; i < posts->list->len && beat->held < share; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);

		if (!post->leaving || !post->known)
			continue;
		post->leaving = FALSE;
		beat->held++;
		hg_targets_gained(posts->engine->targets, post);
	}
}

static gboolean take(hg_posts *posts, hg_post *post, const hg_lease *was, struct beat *beat, GError **error)
{
	if (was && was->until_ms) {
		posts->takeovers++;
		hg_warn(&HG_CTX(NULL, "post", post->name), "node.takeover", "who held it said nothing for too long; taken over with "
			"fence %" G_GINT64_FORMAT, beat->top + 1);
	}
	post->held = TRUE;
	post->leaving = FALSE;
	post->fence = ++beat->top;
	note_fence(posts, post);
	beat->held++;
	g_ptr_array_add(beat->took, post);
	hg_targets_gained(posts->engine->targets, post);
	return extend(posts, post, beat, error);
}

static gboolean take_free(hg_posts *posts, struct beat *beat, guint share, GError **error)
{
	for (guint i = 0; i < posts->list->len && beat->held < share; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);
		const hg_lease *lease = lease_of(beat, post->name);

		if (post->held || !post->known || (lease && lease->until_ms >= beat->now_ms))
			continue;
		if (!take(posts, post, lease, beat, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean do_beat(hg_posts *posts, struct hg_round *round, struct beat *beat, GError **error)
{
	guint share;

	if (!say_we_live(posts, round->arena, beat, error) || !look_at_leases(posts, round->arena, beat, error) ||
	    !free_the_dead(posts, beat, error) ||
	    !hg_store_node_list(posts->engine->store, round->arena, beat->members, error))
		return FALSE;
	count_members(posts, beat);
	share = share_of(posts, beat);
	if (!keep_or_give_back(posts, beat, error))
		return FALSE;
	even_out(posts, beat, share);
	if (!take_free(posts, beat, share, error) || !hg_round_take(round, beat->took, error))
		return FALSE;
	posts->beat_ms = beat->mono + posts->lease_ms / BEATS;
	return TRUE;
}

/* What the engine remembers of rows may not be true any more. */
static void forget(hg_posts *posts)
{
	hg_engine *engine = posts->engine;

	engine->timer_due_ms = engine->waiting_due_ms = G_MININT64;
	engine->imports = 0;
	hg_targets_forget(engine->targets);
}

static void remember_before(hg_posts *posts)
{
	g_array_set_size(posts->before, 0);
	for (guint i = 0; i < posts->list->len; i++)
		g_array_append_vals(posts->before, g_ptr_array_index(posts->list, i), 1);
	posts->member_before = posts->member;
	posts->beat_before = posts->beat_ms;
	posts->takeovers = posts->stales = 0;
}

static gboolean act(hg_posts *posts, struct hg_round *round, struct beat *beat, GError **error)
{
	gboolean others = hg_store_turn(posts->engine->store) != posts->turn;

	if (others)
		forget(posts);
	if (beat->mono >= posts->beat_ms)
		return do_beat(posts, round, beat, error);
	return !others || look_at_leases(posts, round->arena, beat, error);
}

gboolean hg_posts_turn(hg_posts *posts, struct hg_round *round, GError **error)
{
	struct beat beat = { .mono = hg_mono(posts->engine->world) };
	gboolean ok;

	if (!posts->shared)
		return TRUE;
	remember_before(posts);
	posts->look_ms = beat.mono + LOOK_MS;
	beat.leases = g_ptr_array_new();
	beat.members = g_ptr_array_new();
	beat.took = g_ptr_array_new();
	ok = act(posts, round, &beat, error);
	g_ptr_array_unref(beat.leases);
	g_ptr_array_unref(beat.members);
	g_ptr_array_unref(beat.took);
	return ok;
}

void hg_posts_hold(hg_posts *posts)
{
	hg_engine *engine = posts->engine;
	gint64 held = 0;

	if (!posts->shared)
		return;
	posts->turn = hg_store_turn(engine->store);
	g_array_set_size(posts->before, 0);
	for (guint i = 0; i < posts->list->len; i++)
		held += ((hg_post *)g_ptr_array_index(posts->list, i))->held;
	g_mutex_lock(&engine->lock);
	engine->stats.posts = held;
	engine->stats.takeovers += posts->takeovers;
	engine->stats.stales += posts->stales;
	g_mutex_unlock(&engine->lock);
}

/* What was under way under a post then may be counted no more: too many may go, never too few. */
void hg_posts_undo(hg_posts *posts)
{
	if (!posts->shared)
		return;
	posts->turn = -1;
	for (guint i = 0; i < posts->before->len; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);
		const hg_post *was = &g_array_index(posts->before, hg_post, i);

		post->held = was->held;
		post->leaving = was->leaving;
		post->fence = was->fence;
		post->until_ms = was->until_ms;
		post->leaving_ms = was->leaving_ms;
	}
	if (posts->before->len) {
		posts->member = posts->member_before;
		posts->beat_ms = posts->beat_before;
	}
	g_array_set_size(posts->before, 0);
}

void hg_posts_hasten(hg_posts *posts)
{
	posts->beat_ms = 0;
}

/* ---- who hears of it ---- */

static void list_held(hg_posts *posts)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < posts->list->len; i++) {
		const hg_post *post = g_ptr_array_index(posts->list, i);

		if (post->told.held)
			g_string_append_printf(names, "%s%s", names->len ? "\n" : "", post->name);
	}
	g_mutex_lock(&posts->lock);
	g_free(posts->held);
	posts->held = g_strdup(names->str);
	g_mutex_unlock(&posts->lock);
}

void hg_posts_tell(hg_posts *posts)
{
	const struct hg_ports *ports = &posts->engine->ports;
	gboolean news = FALSE;

	for (guint i = 0; i < posts->list->len; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);
		struct hg_post_told is = { hg_post_is_open(posts, post), post->fence, post->until_ms };

		if (!is.held)
			is = (struct hg_post_told){ FALSE, 0, 0 };
		if (is.held == post->told.held && is.fence == post->told.fence && is.until_ms == post->told.until_ms)
			continue;
		news = TRUE;
		post->told = is;
		if (ports->posts)
			ports->posts(ports->ctx, post->name, is.held, is.fence, is.until_ms);
	}
	if (news)
		list_held(posts);
	if (posts->member.n && posts->member.since_ms != posts->told_ms && ports->joined) {
		posts->told_ms = posts->member.since_ms;
		ports->joined(ports->ctx, posts->told_ms);
	}
}

char *hg_posts_list(hg_posts *posts)
{
	char *list;

	if (!posts->shared)
		return NULL;
	g_mutex_lock(&posts->lock);
	list = g_strdup(posts->held ? posts->held : "");
	g_mutex_unlock(&posts->lock);
	return list;
}

static gboolean quit(hg_posts *posts, GError **error)
{
	struct beat beat = { .leases = g_ptr_array_new() };
	g_autoptr(hg_arena) arena = hg_arena_new();
	gboolean ok = look_at_leases(posts, arena, &beat, error);

	for (guint i = 0; ok && i < posts->list->len; i++) {
		hg_post *post = g_ptr_array_index(posts->list, i);

		ok = !post->held || write_lease(posts, post, 0, error);
	}
	g_ptr_array_unref(beat.leases);
	return ok && (posts->ousted || hg_store_node_state(posts->engine->store, posts->member.n, HG_NODE_GONE, error));
}

void hg_posts_quit(hg_posts *posts)
{
	hg_store *store = posts->engine->store;
	g_autoptr(GError) error = NULL;

	if (!posts->shared || !posts->member.n || hg_store_broken(store))
		return;
	if (!hg_store_begin(store, &error) || !quit(posts, &error) || !hg_store_commit(store, &error)) {
		hg_store_rollback(store);
		hg_warn(NULL, "node.quit_failed", "%s; other nodes wait for our leases to end", error ? error->message : "?");
	}
	for (guint i = 0; i < posts->list->len; i++)
		((hg_post *)g_ptr_array_index(posts->list, i))->held = FALSE;
	posts->member.n = 0;
}

/* ---- when ---- */

gint64 hg_posts_wait_ms(hg_posts *posts)
{
	if (!posts->shared)
		return G_MAXINT64;
	return MAX(0, MIN(posts->beat_ms, posts->look_ms) - hg_mono(posts->engine->world));
}

gboolean hg_posts_has_work(hg_posts *posts)
{
	return hg_posts_wait_ms(posts) == 0;
}

/* ---- what belongs to posts ---- */

static gboolean is_of_job(const hg_command *command)
{
	return command->job_n && (command->kind == HG_CMD_SENT || command->kind == HG_CMD_FORWARDED ||
				  command->kind == HG_CMD_FETCHED || command->kind == HG_CMD_FACTS ||
				  command->kind == HG_CMD_UNPACKED || command->kind == HG_CMD_RECALL ||
				  command->kind == HG_CMD_SETTLED || command->kind == HG_CMD_CHANGED);
}

static hg_post *post_of_fence(const hg_posts *posts, gint64 fence)
{
	for (guint i = posts->fences->len; i > 0; i--) {
		const struct fence *was = &g_array_index(posts->fences, struct fence, i - 1);

		if (was->fence == fence)
			return was->post;
	}
	return NULL;
}

gboolean hg_posts_is_stale(hg_posts *posts, const hg_command *command)
{
	const hg_post *post;

	if (!posts->shared || posts->engine->fed || !is_of_job(command))
		return FALSE;
	post = post_of_fence(posts, command->fence);
	return !post || !post->held || post->fence != command->fence;
}

static const char *fate_of(const hg_command *command)
{
	static const char *const words[] = { [HG_SENT] = "sent", [HG_RETRY] = "retry", [HG_FAILED] = "failed",
					     [HG_AMBIGUOUS] = "ambiguous", [HG_STEP] = "step" };
	int fate = command->kind == HG_CMD_SENT ? command->sent.fate : command->kind == HG_CMD_FORWARDED ?
		   command->forwarded.fate : command->kind == HG_CMD_FETCHED ? command->fetched.fate : command->fate;

	return fate >= 0 && fate < (int)G_N_ELEMENTS(words) && words[fate] ? words[fate] : "answered";
}

/* What a provider or helpdesk calls what it took, and no words of anybody's. */
static const char *came(hg_turn *turn)
{
	const hg_command *command = turn->command;
	const char *id = command->kind == HG_CMD_SENT ? command->sent.id : command->forwarded.external_id;
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_int(out, "kind", command->kind);
	hg_json_add_str(out, "fate", fate_of(command));
	hg_json_opt_str(out, "id", id);
	if (command->kind == HG_CMD_FORWARDED)
		hg_json_add_int(out, "status", command->forwarded.status);
	hg_json_close(out, '}');
	return hg_arena_str(turn->arena, out->str);
}

gboolean hg_posts_keep_stale(hg_posts *posts, hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	const hg_post *post = post_of_fence(posts, command->fence);
	hg_stale stale = { .job_n = command->job_n, .post = post ? post->name : "?", .node = posts->node,
			   .fence = command->fence, .came = came(turn), .at_ms = turn->now_ms };

	hg_warn(&HG_CTX(NULL, "post", stale.post), "outbox.stale_result", "job %" G_GINT64_FORMAT " was done under fence %"
		G_GINT64_FORMAT ", which is not ours any more: what came of it (%s) is kept, and not acted on", stale.job_n,
		stale.fence, fate_of(command));
	posts->stales++;
	return hg_store_stale_add(posts->engine->store, &stale, error);
}

gboolean hg_posts_may_say(hg_posts *posts, int target, const char *name)
{
	const hg_post *post = posts->engine->fed ? NULL : hg_posts_of(posts, target, name);

	return !post || post->held;
}

gboolean hg_posts_leave_timer(hg_posts *posts, hg_arena *arena, const hg_timer *timer, gboolean *ret, GError **error)
{
	gint64 n = hg_unknown_is(timer->kind);
	hg_job *job = NULL;

	*ret = FALSE;
	if (!posts->shared || !n)
		return TRUE;
	if (!hg_store_job_get(posts->engine->store, arena, n, &job, error))
		return FALSE;
	*ret = job && !hg_post_is_open(posts, hg_posts_of(posts, job->target, job->name));
	return TRUE;
}
