/* test_store_outbox.c - lanes: order, promotion, what is parked, dead or unknown */
#include "store_fixture.h"

#include <string.h>

static int state_of(struct world *w, const hg_job *job)
{
	hg_job *got;

	must(hg_store_job_get(w->store, w->arena, job->n, &got, e));
	return got ? got->state : 0;
}

/* What is due at now, as numbers in order. */
static void assert_due(struct world *w, int target, const char *name, gint64 now_ms, guint limit, guint many, ...)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	va_list want;

	must(hg_store_job_due(w->store, w->arena, target, name, now_ms, limit, list, e));
	assert_int_equal(list->len, many);
	va_start(want, many);
	for (guint i = 0; i < many; i++)
		assert_int_equal(((hg_job *)list->pdata[i])->n, va_arg(want, const hg_job *)->n);
	va_end(want);
}

static void set_state(struct world *w, hg_job *job, int to)
{
	job->state = to;
	must(hg_store_job_update(w->store, job, e));
}

static void a_job_comes_back_as_it_was_put(void **state)
{
	struct world *w = *state;
	hg_job put = { .target = HG_TO_CHANNEL, .name = "wa", .lane = "l", .due_ms = 1, .created_ms = 2, .changed_ms = 3,
		       .key = "key", .part = 1, .file = -1, .body = "a\0b", .len = 3 }, *got;
	hg_message *m;
	hg_thread *t;

	must(hg_store_begin(w->store, e));
	t = a_thread(w, a_contact(w, "Ana"), "");
	m = a_message(w, t, HG_OUTBOUND, "x");
	put.thread_n = t->n;
	put.message_n = m->n;
	put.event_n = an_event(w, t, "message.sent")->n;
	must(hg_store_job_add(w->store, &put, e));
	put.attempts = 4;
	put.steps = 5;
	put.external_id = "wamid.1";
	put.error = "busy";
	put.error_code = 80007;
	put.body = "abcd";
	put.len = 4;
	must(hg_store_job_update(w->store, &put, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_job_get(w->store, w->arena, put.n, &got, e));
	assert_int_equal(got->len, 4);
	assert_memory_equal(got->body, "abcd", 4);
	assert_string_equal(got->key, "key");
	assert_string_equal(got->external_id, "wamid.1");
	assert_string_equal(got->error, "busy");
	assert_int_equal(got->attempts * 10 + got->steps, 45);
	assert_int_equal(got->thread_n, t->n);
	assert_int_equal(got->message_n, m->n);
	assert_int_equal(got->event_n, put.event_n);
	assert_int_equal(got->attachment_n, 0);
	assert_int_equal(got->file, -1);
	assert_int_equal(got->error_code, 80007);
}

static void a_lane_goes_one_by_one_in_order(void **state)
{
	struct world *w = *state;
	hg_job *a, *b, *c, *other;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	b = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0 - 5);	/* due earlier, and still behind */
	c = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	other = a_job(w, HG_TO_BACKEND, "desk", "thr2", T0 + 1);
	assert_true(a->state == HG_JOB_DUE && b->state == HG_JOB_QUEUED && c->state == HG_JOB_QUEUED);
	assert_int_equal(other->state, HG_JOB_DUE);
	assert_due(w, HG_TO_BACKEND, "desk", T0, 10, 1, a);
	assert_due(w, HG_TO_BACKEND, "desk", T0 + 1, 10, 2, a, other);
	assert_due(w, HG_TO_BACKEND, "desk", T0 + 1, 1, 1, a);
	set_state(w, a, HG_JOB_SENDING);
	assert_due(w, HG_TO_BACKEND, "desk", T0, 10, 0);
	must(hg_store_job_done(w->store, a, T0 + 7, NULL, e));
	assert_int_equal(state_of(w, a), 0);
	assert_int_equal(state_of(w, b), HG_JOB_DUE);
	assert_int_equal(state_of(w, c), HG_JOB_QUEUED);
	assert_due(w, HG_TO_BACKEND, "desk", T0 + 7, 10, 2, other, b);	/* b became due at T0 + 7 */
	must_fail(HG_ERROR_MISSING, hg_store_job_done(w->store, a, T0, NULL, e));
	must(hg_store_commit(w->store, e));
}

static void a_job_that_comes_later_waits_behind_one_that_is_retried(void **state)
{
	struct world *w = *state;
	hg_job *a, *b;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	set_state(w, a, HG_JOB_SENDING);
	a->due_ms = T0 + 60000;
	set_state(w, a, HG_JOB_DUE);
	b = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	assert_int_equal(b->state, HG_JOB_QUEUED);
	assert_due(w, HG_TO_CHANNEL, "wa", T0 + 59999, 10, 0);
	assert_due(w, HG_TO_CHANNEL, "wa", T0 + 60000, 10, 1, a);
	must(hg_store_commit(w->store, e));
}

static void a_dead_job_lets_the_next_pass_and_keeps_its_error(void **state)
{
	struct world *w = *state;
	hg_job *a, *b, *got;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	b = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	set_state(w, a, HG_JOB_SENDING);
	a->error = "410 gone";
	must(hg_store_job_dead(w->store, a, T0 + 1, NULL, e));
	assert_int_equal(state_of(w, b), HG_JOB_DUE);
	must(hg_store_job_done(w->store, b, T0 + 2, NULL, e));
	/* Dead ones do not hold a lane. */
	b = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	assert_int_equal(b->state, HG_JOB_DUE);
	must(hg_store_job_get(w->store, w->arena, a->n, &got, e));
	assert_int_equal(got->state, HG_JOB_DEAD);
	assert_string_equal(got->error, "410 gone");
	assert_int_equal(got->changed_ms, T0 + 1);

	/* By hand: behind b, which is at work, and then before what came later. */
	set_state(w, b, HG_JOB_SENDING);
	must(hg_store_job_retry_dead(w->store, a->n, T0 + 3, e));
	assert_int_equal(state_of(w, a), HG_JOB_QUEUED);
	must_fail(HG_ERROR_STATE, hg_store_job_retry_dead(w->store, a->n, T0 + 3, e));
	must_fail(HG_ERROR_MISSING, hg_store_job_retry_dead(w->store, 999, T0 + 3, e));
	a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	must(hg_store_job_done(w->store, b, T0 + 4, NULL, e));
	assert_int_equal(state_of(w, a), HG_JOB_DUE);
	must(hg_store_commit(w->store, e));
}

/* What came after it may wait for what it was to do. */
static void a_dead_job_that_is_tried_again_goes_before_what_waits(void **state)
{
	struct world *w = *state;
	hg_job *a, *b;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	b = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	must(hg_store_job_dead(w->store, a, T0 + 1, NULL, e));
	assert_int_equal(state_of(w, b), HG_JOB_DUE);
	must(hg_store_job_retry_dead(w->store, a->n, T0 + 3, e));
	assert_due(w, HG_TO_BACKEND, "desk", T0 + 3, 10, 1, a);
	assert_int_equal(state_of(w, b), HG_JOB_QUEUED);
	must(hg_store_job_done(w->store, a, T0 + 4, NULL, e));
	assert_due(w, HG_TO_BACKEND, "desk", T0 + 4, 10, 1, b);
	must(hg_store_commit(w->store, e));
}

static void a_dead_job_alone_in_its_lane_is_due_at_once_when_tried_again(void **state)
{
	struct world *w = *state;
	hg_job *a;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_BACKEND, "desk", "thr1", T0);
	must(hg_store_job_dead(w->store, a, T0, NULL, e));
	must(hg_store_job_retry_dead(w->store, a->n, T0 + 9, e));
	assert_due(w, HG_TO_BACKEND, "desk", T0 + 9, 10, 1, a);
	must(hg_store_commit(w->store, e));
}

static void parked_jobs_hold_their_lanes_until_they_are_released(void **state)
{
	struct world *w = *state;
	hg_job *a, *b, *c, *sms;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	b = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	c = a_job(w, HG_TO_CHANNEL, "wa", "tel:+2", T0);
	sms = a_job(w, HG_TO_CHANNEL, "sms", "tel:+1", T0);
	set_state(w, a, HG_JOB_PARKED);
	set_state(w, c, HG_JOB_PARKED);
	set_state(w, sms, HG_JOB_PARKED);
	assert_due(w, HG_TO_CHANNEL, "wa", T0, 10, 0);
	must(hg_store_job_unpark(w->store, HG_TO_CHANNEL, "wa", T0 + 5, e));
	assert_due(w, HG_TO_CHANNEL, "wa", T0 + 4, 10, 0);
	assert_due(w, HG_TO_CHANNEL, "wa", T0 + 5, 10, 2, a, c);
	assert_int_equal(state_of(w, b), HG_JOB_QUEUED);
	assert_int_equal(state_of(w, sms), HG_JOB_PARKED);
	must(hg_store_commit(w->store, e));
}

static void two_parked_of_one_lane_come_back_as_head_and_queue(void **state)
{
	struct world *w = *state;
	hg_job *a, *b;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	b = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	set_state(w, a, HG_JOB_PARKED);
	set_state(w, b, HG_JOB_PARKED);
	must(hg_store_job_unpark(w->store, HG_TO_CHANNEL, "wa", T0, e));
	assert_int_equal(state_of(w, a), HG_JOB_DUE);
	assert_int_equal(state_of(w, b), HG_JOB_QUEUED);
	must(hg_store_commit(w->store, e));
}

static void an_unknown_job_gives_way_and_stays_to_be_settled(void **state)
{
	struct world *w = *state;
	hg_job *a, *b, *got;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	b = a_job(w, HG_TO_CHANNEL, "wa", "tel:+1", T0);
	must_fail(HG_ERROR_STATE, hg_store_job_pass(w->store, a, T0, e));
	set_state(w, a, HG_JOB_UNKNOWN);
	assert_int_equal(state_of(w, b), HG_JOB_QUEUED);
	must(hg_store_job_pass(w->store, a, T0 + 1, e));
	assert_int_equal(state_of(w, b), HG_JOB_DUE);
	must(hg_store_job_get(w->store, w->arena, a->n, &got, e));
	assert_int_equal(got->state, HG_JOB_UNKNOWN);
	assert_true(g_str_has_prefix(got->lane, "unknown:"));
	/* A late receipt settles it; nobody else is promoted by that. */
	must(hg_store_job_done(w->store, got, T0 + 2, NULL, e));
	assert_int_equal(state_of(w, b), HG_JOB_DUE);
	must(hg_store_commit(w->store, e));
}

static void due_jobs_of_any_name_come_earliest_first(void **state)
{
	struct world *w = *state;
	hg_job *a, *b, *c, *d;
	gint64 next;

	must(hg_store_job_next(w->store, &next, e));
	assert_int_equal(next, G_MAXINT64);
	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_BACKEND, "desk", "1", T0 + 3);
	b = a_job(w, HG_TO_BACKEND, "crm", "1", T0 + 1);
	c = a_job(w, HG_TO_BACKEND, "zammad", "1", T0 + 2);
	d = a_job(w, HG_TO_FETCH, "wa", "1", T0 - 9);
	assert_due(w, HG_TO_BACKEND, NULL, T0 + 9, 10, 3, b, c, a);
	assert_due(w, HG_TO_BACKEND, NULL, T0 + 9, 2, 2, b, c);
	assert_due(w, HG_TO_BACKEND, NULL, T0 + 1, 9, 1, b);
	assert_due(w, HG_TO_FETCH, NULL, T0, 9, 1, d);
	must(hg_store_job_next(w->store, &next, e));
	assert_int_equal(next, T0 - 9);
	set_state(w, d, HG_JOB_SENDING);
	must(hg_store_job_next(w->store, &next, e));
	assert_int_equal(next, T0 + 1);
	must(hg_store_commit(w->store, e));
}

static void a_number_is_never_used_twice(void **state)
{
	struct world *w = *state;
	hg_job *a, *b;

	must(hg_store_begin(w->store, e));
	a = a_job(w, HG_TO_BACKEND, "desk", "1", T0);
	must(hg_store_job_done(w->store, a, T0, NULL, e));
	must(hg_store_commit(w->store, e));
	world_reopen(w);
	in_txn(w, b = a_job(w, HG_TO_BACKEND, "desk", "1", T0));
	assert_true(b->n > a->n);
}

static guint listed(struct world *w, const struct hg_job_query *query)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	must(hg_store_job_list(w->store, w->arena, query, list, e));
	return list->len;
}

static void jobs_are_listed_and_counted(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) counts = g_ptr_array_new();
	struct hg_job_count *desk, *wa;
	hg_job *jobs[5];
	hg_job about = { .target = HG_TO_CHANNEL, .name = "wa", .lane = "tel:+9", .created_ms = T0, .file = -1 };

	must(hg_store_begin(w->store, e));
	for (int i = 0; i < 5; i++) {
		test_now_ms = T0 + i;
		jobs[i] = a_job(w, i < 3 ? HG_TO_BACKEND : HG_TO_CHANNEL, i < 3 ? "desk" : "wa", i ? "l" : "dead", T0);
	}
	about.message_n = a_message(w, a_thread(w, a_contact(w, "Ana"), ""), HG_OUTBOUND, "x")->n;
	must(hg_store_job_add(w->store, &about, e));
	must(hg_store_job_dead(w->store, jobs[0], T0, NULL, e));
	set_state(w, jobs[1], HG_JOB_SENDING);
	set_state(w, jobs[3], HG_JOB_PARKED);
	must(hg_store_commit(w->store, e));

	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99 }), 6);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 2 }), 2);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99, .after_n = jobs[3]->n }), 2);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99, .target = HG_TO_BACKEND }), 3);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99, .name = "wa" }), 3);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99, .state = HG_JOB_DEAD }), 1);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99, .message_n = about.message_n }), 1);
	assert_int_equal(listed(w, &(struct hg_job_query){ .limit = 99, .message_n = about.message_n,
							   .target = HG_TO_BACKEND }), 0);
	must(hg_store_job_counts(w->store, w->arena, counts, e));
	assert_int_equal(counts->len, 2);
	wa = counts->pdata[0];
	desk = counts->pdata[1];
	assert_string_equal(wa->name, "wa");
	assert_true(wa->parked == 1 && wa->waiting == 2 && wa->dead == 0 && wa->oldest_ms == T0);
	assert_string_equal(desk->name, "desk");
	assert_true(desk->dead == 1 && desk->sending == 1 && desk->waiting == 1 && desk->oldest_ms == T0 + 1);
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(a_job_comes_back_as_it_was_put),
		store_test(a_lane_goes_one_by_one_in_order),
		store_test(a_job_that_comes_later_waits_behind_one_that_is_retried),
		store_test(a_dead_job_lets_the_next_pass_and_keeps_its_error),
		store_test(a_dead_job_that_is_tried_again_goes_before_what_waits),
		store_test(a_dead_job_alone_in_its_lane_is_due_at_once_when_tried_again),
		store_test(parked_jobs_hold_their_lanes_until_they_are_released),
		store_test(two_parked_of_one_lane_come_back_as_head_and_queue),
		store_test(an_unknown_job_gives_way_and_stays_to_be_settled),
		store_test(due_jobs_of_any_name_come_earliest_first),
		store_test(a_number_is_never_used_twice),
		store_test(jobs_are_listed_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
