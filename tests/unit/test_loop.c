/* test_loop.c - posts from other threads, timers, stop */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "env.h"
#include "loop.h"

struct record {
	hg_loop *loop;
	GArray *seen;		/* int, by the loop only */
	guint64 other;		/* a timer to cancel */
};

struct note {
	struct record *record;
	int value;
};

static int start(void **state)
{
	struct record *r = g_new0(struct record, 1);

	r->loop = hg_loop_new(hg_env_system(), "test", NULL);
	r->seen = g_array_new(FALSE, FALSE, sizeof(int));
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct record *r = *state;

	hg_loop_free(r->loop);
	g_array_free(r->seen, TRUE);
	g_free(r);
	return 0;
}

static void take(void *arg)
{
	g_autofree struct note *note = arg;

	assert_true(hg_loop_here(note->record->loop));
	g_array_append_val(note->record->seen, note->value);
}

static void post(struct record *r, int value)
{
	struct note *note = g_new(struct note, 1);

	*note = (struct note){ r, value };
	hg_loop_post(r->loop, take, note);
}

static int seen(struct record *r, guint n)
{
	return g_array_index(r->seen, int, n);
}

enum { THREADS = 4, POSTS = 2000 };

struct poster {
	struct record *record;
	int first;
};

static gpointer post_many(gpointer arg)
{
	struct poster *p = arg;

	assert_false(hg_loop_here(p->record->loop));
	for (int i = 0; i < POSTS; i++)
		post(p->record, p->first + i);
	return NULL;
}

static void posts_of_a_thread_run_once_and_in_order(void **state)
{
	struct record *r = *state;
	GThread *threads[THREADS];
	struct poster posters[THREADS];
	int next[THREADS] = { 0 };

	assert_true(hg_loop_start(r->loop, NULL));
	for (int i = 0; i < THREADS; i++) {
		posters[i] = (struct poster){ r, i * POSTS };
		threads[i] = g_thread_new("poster", post_many, &posters[i]);
	}
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	hg_loop_stop(r->loop);
	hg_loop_join(r->loop);
	assert_int_equal(r->seen->len, THREADS * POSTS);
	for (guint i = 0; i < r->seen->len; i++) {
		int thread = seen(r, i) / POSTS;

		assert_int_equal(seen(r, i) % POSTS, next[thread]++);
	}
}

static void what_is_posted_before_stop_runs_before_it(void **state)
{
	struct record *r = *state;

	post(r, 1);
	post(r, 2);
	hg_loop_stop(r->loop);
	hg_loop_run(r->loop);
	assert_int_equal(r->seen->len, 2);
	post(r, 3);
	hg_loop_stop(r->loop);
	hg_loop_run(r->loop);
	assert_int_equal(r->seen->len, 3);
}

static void post_again(void *arg)
{
	post(arg, 7);
}

static void what_is_posted_last_runs_when_the_loop_is_freed(void **state)
{
	struct record *r = *state;

	hg_loop_post(r->loop, post_again, r);
	hg_loop_free(r->loop);
	r->loop = NULL;
	assert_int_equal(r->seen->len, 1);
}

static void cancel_other(void *arg)
{
	struct note *note = arg;
	struct record *r = note->record;

	hg_loop_untimer(r->loop, r->other);
	hg_loop_untimer(r->loop, r->other);	/* twice is harmless */
	take(note);
	hg_loop_stop(r->loop);
}

static guint64 timer(struct record *r, gint64 ms, hg_loop_fn *fn, int value)
{
	struct note *note = g_new(struct note, 1);

	*note = (struct note){ r, value };
	return hg_loop_timer(r->loop, ms, fn, note);
}

static void timers_fire_once_in_time_order(void **state)
{
	struct record *r = *state;
	gint64 before = hg_loop_now(r->loop);
	guint64 first = timer(r, 1, take, 1);

	timer(r, 30, take, 3);
	timer(r, 15, take, 2);
	timer(r, -5, take, 0);
	r->other = 0;
	timer(r, 40, cancel_other, 4);
	hg_loop_run(r->loop);
	assert_true(hg_loop_now(r->loop) - before >= 39);
	assert_int_equal(r->seen->len, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(seen(r, i), i);
	hg_loop_untimer(r->loop, first);	/* it has fired */
}

static void never(void *arg)
{
	(void)arg;
	fail_msg("a cancelled timer fired");
}

static void a_cancelled_timer_does_not_fire(void **state)
{
	struct record *r = *state;

	r->other = hg_loop_timer(r->loop, 20, never, NULL);
	hg_loop_timer(r->loop, 100000, never, NULL);	/* dropped with the loop */
	timer(r, 1, cancel_other, 1);
	hg_loop_run(r->loop);
	timer(r, 40, cancel_other, 2);
	hg_loop_run(r->loop);
	assert_int_equal(r->seen->len, 2);
}

static void a_loop_can_be_freed_while_its_thread_runs(void **state)
{
	struct record *r = *state;

	assert_true(hg_loop_start(r->loop, NULL));
	assert_false(hg_loop_here(r->loop));
	post(r, 1);
	hg_loop_free(r->loop);
	r->loop = NULL;
	assert_int_equal(r->seen->len, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(posts_of_a_thread_run_once_and_in_order),
		TEST(what_is_posted_before_stop_runs_before_it),
		TEST(what_is_posted_last_runs_when_the_loop_is_freed),
		TEST(timers_fire_once_in_time_order),
		TEST(a_cancelled_timer_does_not_fire),
		TEST(a_loop_can_be_freed_while_its_thread_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
