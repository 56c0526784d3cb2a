/* test_engine_posts.c - several engines on one store: who may do what only one may, and what becomes of what another began
 *
 * One store object for all of them, one after the other, as the database's turn has it. */
#include "engine_fixture.h"

#include <string.h>

#include "nodes.h"

#define ANA "tel:+447700900123"
#define BEAT_MS (HG_LEASE_MS / 3)
#define POSTS 4			/* two channels, one helpdesk, the house */
#define SAYS(...) (&(struct hg_result){ .size = sizeof(struct hg_result), __VA_ARGS__ })

static const char yaml[] =
	"config_version: 1\n"
	"store: { min_free: 1MiB }\n"
	"channels:\n  wa: { adapter: fake }\n  asks: { adapter: asking }\n"
	"backends:\n  desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" }\n";

struct cluster {
	struct world *w;
	hg_conf *conf;
	hg_lab *a, *b, *c;
};

static hg_lab *begin_again(struct cluster *cl, const char *name, gint64 before_ms)
{
	hg_lab *lab = lab_new_tried(cl->conf, cl->w);

	assert_non_null(lab);
	hg_engine_set_node(lab->engine, name, HG_LEASE_MS, before_ms);
	return lab;
}

static hg_lab *begin_node(struct cluster *cl, const char *name)
{
	return begin_again(cl, name, 0);
}

static int begin(void **state)
{
	struct cluster *cl = g_new0(struct cluster, 1);
	void *w;

	assert_int_equal(world_new(&w), 0);
	cl->w = w;
	cl->w->options.shared_for_test = TRUE;
	world_reopen(cl->w);
	cl->conf = lab_conf_of(cl->w->dir, yaml);
	cl->a = begin_node(cl, "a");
	cl->b = begin_node(cl, "b");
	*state = cl;
	return 0;
}

static int end(void **state)
{
	struct cluster *cl = *state;
	void *w = cl->w;

	lab_end(cl->a);
	if (cl->b)
		lab_end(cl->b);
	if (cl->c)
		lab_end(cl->c);
	hg_conf_unref(cl->conf);
	world_free(&w);
	g_free(cl);
	return 0;
}

static guint held(const hg_lab *lab)
{
	return g_hash_table_size(lab->held);
}

static gboolean has(const hg_lab *lab, const char *post)
{
	return g_hash_table_contains(lab->held, post);
}

/* All of them in turn, a beat each, for so long. */
static void go_on(struct cluster *cl, gint64 ms)
{
	for (gint64 until_ms = test_now_ms + ms; test_now_ms < until_ms; test_now_ms += BEAT_MS) {
		lab_run(cl->a);
		if (cl->b)
			lab_run(cl->b);
		if (cl->c)
			lab_run(cl->c);
	}
}

/* A customer's message and an agent's answer: the call that goes out to the channel, and is not answered yet. */
static hg_dispatch *call_under_way(hg_lab *lab, const char *channel)
{
	struct hg_in in = lab_text(ANA, "hello");

	lab_in(lab, channel, &in, 1);
	lab_reply(lab, lab_thread(lab), "hello too");
	return lab_take(lab, HG_TO_CHANNEL);
}

static void alone_a_node_has_all_at_once_and_keeps_it(void **state)
{
	struct cluster *cl = *state;
	g_autofree char *before = hg_engine_posts(cl->a->engine), *list = NULL;

	assert_string_equal(before, "");
	lab_run(cl->a);
	assert_int_equal(held(cl->a), POSTS);
	lab_counts(cl->a, POSTS, "SELECT COUNT(*) FROM lease WHERE until_ms = %" G_GINT64_FORMAT, test_now_ms + HG_LEASE_MS);
	list = hg_engine_posts(cl->a->engine);
	assert_string_equal(list, "channel:wa\nchannel:asks\nbackend:desk\nhouse");
	for (int i = 0; i < 10; i++)
		lab_wait(cl->a, BEAT_MS);
	assert_int_equal(held(cl->a), POSTS);
	lab_counts(cl->a, POSTS, "SELECT MAX(fence) FROM lease");
	lab_counts(cl->a, POSTS, "SELECT COUNT(*) FROM lease WHERE until_ms > %" G_GINT64_FORMAT, test_now_ms);
}

static void nodes_share_evenly(void **state)
{
	struct cluster *cl = *state;
	struct hg_engine_stats stats;

	lab_run(cl->a);
	lab_run(cl->b);
	assert_int_equal(held(cl->b), 0);
	go_on(cl, 5 * BEAT_MS);
	assert_int_equal(held(cl->a), 2);
	assert_int_equal(held(cl->b), 2);
	cl->c = begin_node(cl, "c");
	go_on(cl, 6 * BEAT_MS);
	assert_int_equal(held(cl->a) + held(cl->b) + held(cl->c), POSTS);
	assert_true(held(cl->a) <= 2 && held(cl->b) <= 2 && held(cl->c) <= 2);
	hg_engine_get_stats(cl->b->engine, &stats);
	assert_int_equal(stats.posts, held(cl->b));
	assert_int_equal(stats.takeovers, 0);
	lab_counts(cl->a, 3, "SELECT COUNT(*) FROM node WHERE state = 1");
}

/* It is back from the dead. */
static void a_silent_node_loses_all_and_what_it_sent_is_not_known(void **state)
{
	struct cluster *cl = *state;
	struct hg_engine_stats stats;
	g_autofree char *came = NULL;
	hg_dispatch *call;

	lab_run(cl->a);
	call = call_under_way(cl->a, "wa");
	assert_non_null(call);
	assert_true(call->fence > 0);
	assert_true(call->until_mono_ms > test_now_ms && call->until_mono_ms < test_now_ms + HG_LEASE_MS);
	assert_false(hg_dispatch_is_late(call, test_now_ms));
	lab_run(cl->b);
	lab_wait(cl->b, HG_LEASE_MS);
	assert_int_equal(held(cl->b), 0);	/* to the millisecond it is a's */
	lab_wait(cl->b, 2 * BEAT_MS);
	assert_int_equal(held(cl->b), POSTS);
	hg_engine_get_stats(cl->b->engine, &stats);
	assert_int_equal(stats.takeovers, POSTS);
	lab_counts(cl->b, 2 * POSTS, "SELECT MAX(fence) FROM lease");
	lab_counts(cl->b, HG_DLV_UNKNOWN, "SELECT delivery FROM message WHERE direction = 2");
	assert_true(hg_dispatch_is_late(call, test_now_ms));

	lab_sent(cl->a, call, SAYS(.fate = HG_SENT, .id = "p1"));
	assert_int_equal(held(cl->a), 0);
	lab_counts(cl->b, HG_DLV_UNKNOWN, "SELECT delivery FROM message WHERE direction = 2");
	lab_counts(cl->b, 1, "SELECT COUNT(*) FROM stale_result");
	lab_is(cl->b, "channel:wa", "SELECT post FROM stale_result");
	lab_is(cl->b, "a", "SELECT node FROM stale_result");
	came = lab_value(cl->b, "SELECT came FROM stale_result");
	assert_non_null(strstr(came, "\"fate\":\"sent\",\"id\":\"p1\""));
	hg_engine_get_stats(cl->a->engine, &stats);
	assert_int_equal(stats.stales, 1);
	assert_int_equal(stats.posts, 0);
	lab_audit(cl->b);
}

/* The same job, sent by the same node, under another fence: the answer to the first call is not one to the second. */
static void an_answer_counts_for_its_own_call_only(void **state)
{
	struct cluster *cl = *state;
	hg_dispatch *first, *second;

	lab_run(cl->a);
	lab_say(cl->a, ANA, "hello");
	lab_do(cl->a, lab_command(cl->a, HG_CMD_CONVERT, lab_thread(cl->a)));
	first = lab_take(cl->a, HG_TO_BACKEND);
	assert_non_null(first);
	lab_run(cl->b);
	lab_wait(cl->b, HG_LEASE_MS + BEAT_MS);
	assert_true(has(cl->b, "backend:desk"));
	test_now_ms += HG_LEASE_MS + BEAT_MS;	/* both were away */
	lab_run(cl->a);
	test_now_ms += BEAT_MS;
	lab_run(cl->a);
	assert_true(has(cl->a, "backend:desk"));
	second = lab_take(cl->a, HG_TO_BACKEND);
	assert_non_null(second);
	assert_int_equal(second->job.n, first->job.n);
	assert_true(second->fence > first->fence);
	lab_forwarded(cl->a, first, &(struct hg_forward_result){ .fate = HG_FAILED, .text = "no" });
	lab_counts(cl->a, 1, "SELECT COUNT(*) FROM stale_result");
	lab_counts(cl->a, 0, "SELECT COUNT(*) FROM outbox WHERE state = 6");
	lab_forwarded(cl->a, second, &(struct hg_forward_result){ .fate = HG_SENT });
	lab_counts(cl->a, 1, "SELECT COUNT(*) FROM stale_result");
}

static void what_another_holds_is_left_to_it(void **state)
{
	struct cluster *cl = *state;

	lab_run(cl->a);
	lab_run(cl->b);
	assert_int_equal(held(cl->b), 0);
	assert_null(call_under_way(cl->b, "wa"));
	lab_counts(cl->b, 1, "SELECT COUNT(*) FROM outbox WHERE target = 1 AND state = 2");
	hg_engine_wake(cl->a->engine);
	lab_run(cl->a);
	assert_int_equal(cl->a->out->len, 1);
	assert_int_equal(cl->b->out->len, 0);
}

static void who_does_not_hold_a_channel_says_nothing_of_it(void **state)
{
	struct cluster *cl = *state;
	hg_command *command = hg_command_new(HG_CMD_INBOUND);
	struct hg_in in = lab_text(ANA, "hello");

	lab_run(cl->a);
	lab_run(cl->b);
	lab_condition(cl->b, HG_TO_CHANNEL, "wa", HG_DOWN);
	assert_int_equal(lab_told(cl->b, "channel.down"), 0);
	lab_condition(cl->a, HG_TO_CHANNEL, "wa", HG_DOWN);
	assert_int_equal(lab_told(cl->a, "channel.down"), 1);
	in.id = "m1";
	command->channel = "wa";
	command->space = "fake";
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in), .cursor = "7" }, e));
	must(hg_engine_submit(cl->b->engine, command, e));
	lab_run(cl->b);
	lab_counts(cl->b, 1, "SELECT COUNT(*) FROM message");
	lab_counts(cl->b, 0, "SELECT COUNT(*) FROM cursor");
}

static int drain(hg_lab *lab, const char *node, gboolean undo)
{
	hg_command *command = lab_command(lab, HG_CMD_DRAIN, NULL);

	command->text = hg_arena_str(command->arena, node);
	command->remove = undo;
	lab_do(lab, command);
	return lab->error;
}

static void a_draining_node_gives_away_what_is_idle_and_then_the_rest(void **state)
{
	struct cluster *cl = *state;
	hg_dispatch *call;

	lab_run(cl->a);
	call = call_under_way(cl->a, "wa");
	lab_run(cl->b);
	assert_int_equal(drain(cl->b, "x", FALSE), HG_ERROR_MISSING);
	assert_int_equal(drain(cl->b, "a", FALSE), 0);
	assert_string_equal(cl->b->answer, "{\"node\":{\"name\":\"a\",\"state\":\"draining\"}}");
	go_on(cl, 5 * BEAT_MS);
	assert_int_equal(held(cl->a), 0);	/* it begins nothing any more ... */
	assert_false(has(cl->b, "channel:wa"));	/* ... but what is under way is still its */
	assert_int_equal(held(cl->b), POSTS - 1);
	lab_sent(cl->a, call, SAYS(.fate = HG_SENT, .id = "p1"));
	lab_counts(cl->a, HG_DLV_SENT, "SELECT delivery FROM message WHERE direction = 2");
	lab_counts(cl->a, 0, "SELECT COUNT(*) FROM stale_result");
	go_on(cl, 3 * BEAT_MS);
	assert_int_equal(held(cl->b), POSTS);
	assert_int_equal(drain(cl->b, "a", TRUE), 0);
	go_on(cl, 6 * BEAT_MS);
	assert_int_equal(held(cl->a), 2);
	assert_int_equal(held(cl->b), 2);
}

static void a_stopped_node_leaves_at_once(void **state)
{
	struct cluster *cl = *state;

	lab_run(cl->a);
	lab_run(cl->b);
	must(hg_engine_start(cl->a->engine, e));
	hg_engine_stop(cl->a->engine);
	lab_counts(cl->b, POSTS, "SELECT COUNT(*) FROM lease WHERE until_ms = 0");
	lab_counts(cl->b, HG_NODE_GONE, "SELECT state FROM node WHERE name = 'a'");
	assert_int_equal(drain(cl->b, "a", FALSE), HG_ERROR_STATE);
	lab_wait(cl->b, BEAT_MS);
	assert_int_equal(held(cl->b), POSTS);
}

static void two_processes_of_one_name_are_not_one_node(void **state)
{
	struct cluster *cl = *state;

	lab_run(cl->a);
	test_now_ms += 100;
	cl->c = begin_node(cl, "a");
	lab_run(cl->c);
	assert_int_equal(held(cl->c), 0);	/* a's leases go on, whoever has its name */
	go_on(cl, 5 * BEAT_MS);
	assert_int_equal(held(cl->a), 0);
	go_on(cl, 5 * BEAT_MS);
	assert_int_equal(held(cl->a), 0);
	assert_int_equal(held(cl->b) + held(cl->c), POSTS);
}

/* It comes back for what it held in the moment in which it is there; what is more than its part is free for others. */
static void who_is_known_to_be_dead_is_not_waited_for(void **state)
{
	struct cluster *cl = *state;
	struct hg_engine_stats stats;
	gint64 since_ms;
	hg_dispatch *call;

	lab_run(cl->a);
	call = call_under_way(cl->a, "wa");
	assert_non_null(call);
	hg_dispatch_free(call);
	since_ms = cl->a->joined_ms;
	assert_int_equal(since_ms, world_count(cl->w, "SELECT since_ms FROM node WHERE name = 'a'"));
	lab_run(cl->b);
	lab_end(cl->a);
	cl->a = begin_again(cl, "a", since_ms);	/* in the same millisecond, too */
	lab_run(cl->a);
	assert_int_equal(held(cl->a), POSTS / 2);
	assert_true(has(cl->a, "channel:wa"));
	assert_true(cl->a->joined_ms > since_ms);
	lab_counts(cl->a, HG_DLV_UNKNOWN, "SELECT delivery FROM message WHERE direction = 2");
	lab_counts(cl->a, POSTS + POSTS / 2, "SELECT MAX(fence) FROM lease");
	lab_wait(cl->b, BEAT_MS);
	assert_int_equal(held(cl->b), POSTS / 2);
	hg_engine_get_stats(cl->b->engine, &stats);
	assert_int_equal(stats.takeovers, 0);
	lab_audit(cl->b);
}

/* What is known of one process is known of that one only. */
static void who_may_live_is_waited_for(void **state)
{
	struct cluster *cl = *state;
	gint64 since_ms;

	lab_run(cl->a);
	since_ms = cl->a->joined_ms;
	cl->c = begin_again(cl, "a", since_ms - 1);
	lab_run(cl->c);
	assert_int_equal(held(cl->c), 0);
	lab_end(cl->c);
	cl->c = begin_again(cl, "a", since_ms);	/* that one is dead, but it was not the last */
	lab_run(cl->c);
	assert_int_equal(held(cl->c), 0);
	lab_end(cl->c);
	cl->c = begin_again(cl, "x", since_ms);
	lab_run(cl->c);
	assert_int_equal(held(cl->c), 0);
	assert_int_equal(held(cl->a), POSTS);
}

static void what_was_undone_was_not_taken(void **state)
{
	struct cluster *cl = *state;
	gboolean ok;

	world_plant(cl->w, "CREATE TRIGGER no_lease BEFORE INSERT ON lease WHEN new.name = 'house' "
		    "BEGIN SELECT RAISE(ABORT, 'no'); END");
	hg_engine_step(cl->a->engine, &ok);
	assert_false(ok);
	assert_int_equal(held(cl->a), 0);
	world_plant(cl->w, "DROP TRIGGER no_lease");
	lab_run(cl->b);
	assert_int_equal(held(cl->b), POSTS);
	lab_run(cl->a);
	assert_int_equal(held(cl->a), 0);
	lab_counts(cl->a, 2, "SELECT COUNT(*) FROM node");
}

static void a_lease_ends_by_itself_where_the_store_is_away(void **state)
{
	struct cluster *cl = *state;
	gboolean ok;

	lab_run(cl->a);
	assert_int_equal(held(cl->a), POSTS);
	world_plant(cl->w, "CREATE TRIGGER no_beat BEFORE UPDATE ON node BEGIN SELECT RAISE(ABORT, 'no'); END");
	test_now_ms += HG_LEASE_MS - HG_LEASE_MS / 5 - 1;
	hg_engine_step(cl->a->engine, &ok);
	assert_false(ok);
	assert_int_equal(held(cl->a), POSTS);
	test_now_ms++;
	hg_engine_step(cl->a->engine, &ok);
	assert_int_equal(held(cl->a), 0);
	world_plant(cl->w, "DROP TRIGGER no_beat");
	lab_run(cl->a);		/* nobody has taken it meanwhile */
	assert_int_equal(held(cl->a), POSTS);
	lab_counts(cl->a, POSTS, "SELECT MAX(fence) FROM lease");
}

static void a_question_is_asked_by_who_holds_the_channel(void **state)
{
	struct cluster *cl = *state;
	hg_dispatch *call;

	lab_run(cl->a);
	call = call_under_way(cl->a, "asks");
	lab_run(cl->b);
	lab_sent(cl->a, call, SAYS(.fate = HG_AMBIGUOUS, .text = "no answer"));
	for (int i = 0; i < 600 && !lab_take(cl->b, HG_TO_CHANNEL); i++) {
		test_now_ms += 1000;
		lab_run(cl->b);
		lab_run(cl->a);
		call = lab_take(cl->a, HG_TO_CHANNEL);
		if (call)
			break;
	}
	assert_non_null(call);
	assert_true(call->ask);
	hg_dispatch_free(call);
}

static void alone_on_its_store_nobody_drains(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(NULL);

	(void)state;
	assert_null(hg_engine_posts(lab->engine));
	assert_int_equal(drain(lab, "a", FALSE), HG_ERROR_STATE);
	lab_say(lab, ANA, "hello");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM lease");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM node");
}

int main(void)
{
#define SHARED(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		SHARED(alone_a_node_has_all_at_once_and_keeps_it),
		SHARED(nodes_share_evenly),
		SHARED(a_silent_node_loses_all_and_what_it_sent_is_not_known),
		SHARED(an_answer_counts_for_its_own_call_only),
		SHARED(what_another_holds_is_left_to_it),
		SHARED(who_does_not_hold_a_channel_says_nothing_of_it),
		SHARED(a_draining_node_gives_away_what_is_idle_and_then_the_rest),
		SHARED(a_stopped_node_leaves_at_once),
		SHARED(two_processes_of_one_name_are_not_one_node),
		SHARED(who_is_known_to_be_dead_is_not_waited_for),
		SHARED(who_may_live_is_waited_for),
		SHARED(what_was_undone_was_not_taken),
		SHARED(a_lease_ends_by_itself_where_the_store_is_away),
		SHARED(a_question_is_asked_by_who_holds_the_channel),
		cmocka_unit_test(alone_on_its_store_nobody_drains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
