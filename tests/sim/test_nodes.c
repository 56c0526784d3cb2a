/* test_nodes.c - several nodes on one store, by chance from a seed: paused, killed, started again, with clocks apart
 *
 * What is tested is who does what: leases, fences, what is under way when they change, and the order of a conversation's
 * answers.  Two to five engines work on one store, one transaction after the other, as the database's turn has it; the calls
 * they make lie in queues until the seed lets them go, arrive, be lost or answered.  After each step:
 *
 *   a post is open at one node at most; a fence never falls, and no two posts have had the same;
 *   no message reaches the provider twice, and those of a conversation in the order in which they were said.
 *
 * At the end all live, and everything comes to an end.  `test_nodes FIRST COUNT` plays others. */
#include "engine_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "nodes.h"

#define NODES_MAX 5
#define STEPS	  220
#define SEEDS	  4	/* ten times as many with HEADGATE_FULL=1 */
#define PEOPLE	  4
#define APART_MS  (10 * MINUTE_MS)

static const char yaml[] =
	"config_version: 1\n"
	"store: { min_free: 1MiB }\n"
	"channels:\n  wa: { adapter: fake }\n  sms: { adapter: fake, scope: other }\n"
	"backends:\n  desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" }\n";

struct node {
	hg_lab *lab;			/* NULL: it is dead */
	char name[8];
	gint64 apart_ms;		/* what its wall clock is off */
	gint64 asleep_ms;		/* until then it does nothing */
	gint64 dead_ms;			/* since when the one was it that died, and left word of that; 0: nobody knows */
};

struct play {
	struct world *w;
	hg_conf *conf;
	GRand *rand;
	guint seed, step;
	struct node nodes[NODES_MAX];
	guint n_nodes;
	guint said, replies;
	GPtrArray *told;		/* of messages: ids, which a provider repeats */
	GHashTable *arrived;		/* job n, at the provider */
	GHashTable *order;		/* lane -> gint64: newest message that arrived */
	GHashTable *fences;		/* post -> gint64 */
	GHashTable *owners;		/* gint64 fence -> post, ours */
	guint sent, late, lost, kills;
};

#define hold(play, what, ...) do {								\
	if (!(what)) {										\
		g_autofree char *text_ = g_strdup_printf(__VA_ARGS__);				\
		fail_msg("seed %u, step %u: %s", (play)->seed, (play)->step, text_);		\
	}											\
} while (0)

static guint draw(struct play *play, guint below)
{
	return (guint)g_rand_int_range(play->rand, 0, (gint32)below);
}

/* ---- nodes ---- */

static void begin_node(struct play *play, struct node *node)
{
	test_apart_ms = node->apart_ms;
	node->lab = lab_new_tried(play->conf, play->w);
	test_apart_ms = 0;
	assert_non_null(node->lab);
	node->lab->by_hand = TRUE;
	node->asleep_ms = 0;
	hg_engine_set_node(node->lab->engine, node->name, HG_LEASE_MS, node->dead_ms);
}

static void step_node(struct node *node)
{
	gboolean ok = TRUE;

	test_apart_ms = node->apart_ms;
	for (int i = 0; i < 5; i++)
		if (hg_engine_step(node->lab->engine, &ok))
			break;
	test_apart_ms = 0;
	assert_true(ok);
}

static gboolean is_awake(const struct node *node)
{
	return node->lab && test_now_ms >= node->asleep_ms;
}

/* One that can do something; NULL: none. */
static struct node *any(struct play *play)
{
	guint first = draw(play, play->n_nodes);

	for (guint i = 0; i < play->n_nodes; i++) {
		struct node *node = &play->nodes[(first + i) % play->n_nodes];

		if (is_awake(node))
			return node;
	}
	return NULL;
}

/* ---- the provider ---- */

static gint64 *number_of(gint64 n)
{
	return g_memdup2(&n, sizeof(n));
}

/* What leaves a node arrives, whatever the node hears of it. */
static void arrives(struct play *play, const hg_dispatch *call)
{
	const char *lane = call->job.lane;
	const gint64 *newest = g_hash_table_lookup(play->order, lane);

	hold(play, !g_hash_table_contains(play->arrived, &call->job.n), "job %" G_GINT64_FORMAT " was sent twice", call->job.n);
	hold(play, !newest || *newest < call->job.message_n, "message %" G_GINT64_FORMAT " of %s came behind a newer one",
	     call->job.message_n, lane);
	g_hash_table_add(play->arrived, number_of(call->job.n));
	g_hash_table_insert(play->order, g_strdup(lane), number_of(call->job.message_n));
	play->sent++;
}

static void call_channel(struct play *play, struct node *node, hg_dispatch *call, gboolean well)
{
	struct hg_result result = { .size = sizeof(result), .fate = HG_SENT };
	guint fate = well ? 9 : draw(play, 10);

	if (hg_dispatch_is_late(call, test_now_ms)) {
		play->late++;
		result.fate = HG_RETRY;
		result.text = HG_DISPATCH_LATE;
	} else if (fate == 0) {
		result.fate = HG_RETRY;
	} else if (fate == 1) {
		arrives(play, call);
		result.fate = HG_AMBIGUOUS;
	} else {
		arrives(play, call);
	}
	lab_sent(node->lab, call, &result);
}

static void let_go(struct play *play, struct node *node, gboolean well)
{
	hg_dispatch *call;

	if (!node->lab->out->len)
		return;
	call = g_ptr_array_steal_index(node->lab->out, well ? 0 : draw(play, node->lab->out->len));
	if (call->job.target == HG_TO_CHANNEL)
		call_channel(play, node, call, well);
	else
		lab_forwarded(node->lab, call, &(struct hg_forward_result){ .fate = well || draw(play, 4) ? HG_SENT : HG_RETRY });
}

/* ---- what happens ---- */

static void deliver_one(struct node *node, const char *id)
{
	struct hg_in in = lab_text(strchr(id, ' ') + 1, "hello");

	in.id = id;
	lab_queue(node->lab, "wa", &in, 1);
}

static void deliver(struct play *play, struct node *node)
{
	const char *id;

	if (play->told->len && !draw(play, 3)) {
		id = play->told->pdata[draw(play, play->told->len)];	/* nobody acknowledged it, or so it seemed */
	} else {
		g_ptr_array_add(play->told, g_strdup_printf("%u tel:+4477009001%02u", ++play->said, draw(play, PEOPLE)));
		id = play->told->pdata[play->told->len - 1];
	}
	deliver_one(node, id);
}

static void reply(struct play *play, struct node *node)
{
	g_autofree char *id = lab_value(node->lab, "SELECT id FROM thread WHERE state = 1 ORDER BY n LIMIT 1 OFFSET %u",
					draw(play, PEOPLE));
	hg_command *command;

	if (!id)
		return;
	command = lab_command(node->lab, draw(play, 6) ? HG_CMD_REPLY : HG_CMD_CONVERT, id);
	if (command->kind == HG_CMD_REPLY) {
		command->reply.thread_id = command->thread_id;
		command->reply.text = "an answer";
		play->replies++;
	}
	must(hg_engine_submit(node->lab->engine, command, e));
}

/* What it had under way may have left it, or not. */
static void kill_node(struct play *play, struct node *node)
{
	for (guint i = 0; i < node->lab->out->len; i++) {
		const hg_dispatch *call = g_ptr_array_index(node->lab->out, i);

		if (call->job.target == HG_TO_CHANNEL && !hg_dispatch_is_late(call, test_now_ms) && !draw(play, 3)) {
			arrives(play, call);
			play->lost++;
		}
	}
	/* One that died before it had written it left the word of the one before. */
	if (!draw(play, 4))
		node->dead_ms = 0;
	else if (draw(play, 8))
		node->dead_ms = node->lab->joined_ms;
	lab_end(node->lab);
	node->lab = NULL;
	play->kills++;
}

static void act(struct play *play)
{
	struct node *node = any(play), *one = &play->nodes[draw(play, play->n_nodes)];
	guint what = draw(play, 100);

	if (what < 20) {
		test_now_ms += draw(play, 4000);
	} else if (what < 22) {
		test_now_ms += draw(play, 3 * HG_LEASE_MS);
	} else if (what < 25 && one->lab) {
		one->asleep_ms = test_now_ms + draw(play, 4 * HG_LEASE_MS);
	} else if (what < 27 && one->lab) {
		kill_node(play, one);
	} else if (what < 32 && !one->lab) {
		begin_node(play, one);
	} else if (!node) {
		test_now_ms += 1000;
	} else if (what < 45) {
		deliver(play, node);
	} else if (what < 58) {
		reply(play, node);
	} else if (what < 76) {
		let_go(play, node, FALSE);
	} else {
		step_node(node);
	}
}

/* ---- what must hold ---- */

static void look_at_posts(struct play *play)
{
	g_autoptr(GHashTable) open = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	void *name, *until;

	for (guint i = 0; i < play->n_nodes; i++) {
		if (!play->nodes[i].lab)
			continue;
		g_hash_table_iter_init(&iter, play->nodes[i].lab->held);
		while (g_hash_table_iter_next(&iter, &name, &until)) {
			if (*(gint64 *)until <= test_now_ms)
				continue;
			hold(play, g_hash_table_add(open, name), "%s is open at two nodes", (char *)name);
		}
	}
}

static void look_at_fences(struct play *play)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) leases = g_ptr_array_new();

	must(hg_store_lease_list(play->w->store, arena, leases, e));
	for (guint i = 0; i < leases->len; i++) {
		const hg_lease *lease = g_ptr_array_index(leases, i);
		const gint64 *was = g_hash_table_lookup(play->fences, lease->name);
		const char *owner = g_hash_table_lookup(play->owners, &lease->fence);

		hold(play, !was || *was <= lease->fence, "the fence of %s fell", lease->name);
		hold(play, !owner || strcmp(owner, lease->name) == 0, "%s and %s have had fence %" G_GINT64_FORMAT, lease->name, owner,
		     lease->fence);
		g_hash_table_insert(play->fences, g_strdup(lease->name), number_of(lease->fence));
		g_hash_table_insert(play->owners, number_of(lease->fence), g_strdup(lease->name));
	}
}

/* ---- the end ---- */

static gboolean is_under_way(struct play *play)
{
	return world_count(play->w, "SELECT COUNT(*) FROM outbox WHERE state IN (1, 2, 3)") > 0;
}

static void come_to_an_end(struct play *play)
{
	guint i;

	for (i = 0; i < play->n_nodes; i++) {
		if (!play->nodes[i].lab)
			begin_node(play, &play->nodes[i]);
		play->nodes[i].asleep_ms = 0;
	}
	for (i = 0; i < play->told->len; i++)	/* some were with a node that died before it had stored them */
		deliver_one(&play->nodes[i % play->n_nodes], play->told->pdata[i]);
	for (i = 0; i < 400 && (i < 20 || is_under_way(play)); i++) {
		for (guint k = 0; k < play->n_nodes; k++) {
			step_node(&play->nodes[k]);
			while (play->nodes[k].lab->out->len)
				let_go(play, &play->nodes[k], TRUE);
			step_node(&play->nodes[k]);
		}
		test_now_ms += i < 20 ? HG_LEASE_MS / 3 : MINUTE_MS;
		look_at_posts(play);
	}
	hold(play, !is_under_way(play), "something never comes to an end");
	look_at_fences(play);
	hold(play, world_count(play->w, "SELECT COUNT(*) FROM lease WHERE until_ms > 0") == 4, "posts are left that nobody holds");
	hold(play, world_count(play->w, "SELECT COUNT(*) FROM message WHERE direction = 1") == play->said, "%u messages were said, "
	     "others are there", play->said);
	lab_audit(play->nodes[0].lab);
}

/* ---- a play ---- */

static void begin_play(struct play *play, guint seed)
{
	void *w;

	*play = (struct play){ .seed = seed, .rand = g_rand_new_with_seed(seed) };
	assert_int_equal(world_new(&w), 0);
	play->w = w;
	play->w->unplanned = TRUE;
	play->w->options.shared_for_test = TRUE;
	world_reopen(play->w);
	play->conf = lab_conf_of(play->w->dir, yaml);
	play->told = g_ptr_array_new_with_free_func(g_free);
	play->arrived = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	play->order = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	play->fences = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	play->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	play->n_nodes = 2 + draw(play, NODES_MAX - 1);
	for (guint i = 0; i < play->n_nodes; i++) {
		/* Some time two of them go by one name. */
		g_snprintf(play->nodes[i].name, sizeof(play->nodes[i].name), "n%u", i > 1 && !draw(play, 4) ? 0 : i);
		play->nodes[i].apart_ms = (gint64)draw(play, 2 * APART_MS) - APART_MS;
		begin_node(play, &play->nodes[i]);
	}
}

static void end_play(struct play *play)
{
	void *w = play->w;

	for (guint i = 0; i < play->n_nodes; i++)
		lab_end(play->nodes[i].lab);
	g_hash_table_destroy(play->owners);
	g_hash_table_destroy(play->fences);
	g_hash_table_destroy(play->order);
	g_hash_table_destroy(play->arrived);
	g_ptr_array_unref(play->told);
	hg_conf_unref(play->conf);
	g_rand_free(play->rand);
	world_free(&w);
}

static guint first_seed = 1, seeds;

static void nodes_break_no_promise(void **state)
{
	guint sent = 0, late = 0, kills = 0, lost = 0;

	(void)state;
	for (guint i = 0; i < seeds; i++) {
		struct play play;

		begin_play(&play, first_seed + i);
		for (play.step = 0; play.step < STEPS; play.step++) {
			act(&play);
			look_at_posts(&play);
			if (play.step % 8 == 0)
				look_at_fences(&play);
		}
		come_to_an_end(&play);
		sent += play.sent;
		late += play.late;
		kills += play.kills;
		lost += play.lost;
		end_play(&play);
	}
	print_message("%u plays: %u sent, %u of them by who died then, %u were too late, %u kills\n", seeds, sent, lost, late, kills);
	assert_true(sent > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(nodes_break_no_promise) };

	seeds = g_strcmp0(g_getenv("HEADGATE_FULL"), "1") == 0 ? 10 * SEEDS : SEEDS;
	if (argc == 3) {
		first_seed = (guint)atoi(argv[1]);
		seeds = (guint)atoi(argv[2]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
