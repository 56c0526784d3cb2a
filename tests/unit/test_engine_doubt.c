/* test_engine_doubt.c - sends that left and were not answered: keys that are forgotten, questions and their answers */
#include "engine_fixture.h"

#include <string.h>

#define SECOND_MS 1000
#define ANA "tel:+447700900123"

#define LOST (&(struct hg_result){ .size = sizeof(struct hg_result), .fate = HG_AMBIGUOUS, .text = "no answer" })
#define SAYS(...) (&(struct hg_result){ .size = sizeof(struct hg_result), __VA_ARGS__ })
#define YES SAYS(.fate = HG_SENT, .id = "p1")
#define NO SAYS(.fate = HG_RETRY, .text = "the provider does not have it")

static hg_dispatch *take(hg_lab *lab)
{
	return lab_take(lab, HG_TO_CHANNEL);
}

static hg_dispatch *answered_on(hg_lab *lab, const char *channel, const char *text)
{
	struct hg_in in = lab_text(ANA, "hello");

	lab_in(lab, channel, &in, 1);
	lab_reply(lab, lab_thread(lab), text);
	return take(lab);
}

static void delivery_is(hg_lab *lab, int want)
{
	lab_counts(lab, want, "SELECT delivery FROM message WHERE direction = 2 ORDER BY n DESC LIMIT 1");
}

static void state_is(hg_lab *lab, int want)
{
	lab_counts(lab, want, "SELECT state FROM outbox WHERE target = 1");
}

/* Sends and loses it, by its key, until it is not sent any more; how often that was. */
static int send_and_lose(hg_lab *lab, hg_dispatch *dispatch, gint64 for_ms)
{
	int sends = 0;

	for (gint64 waited = 0;; waited += SECOND_MS) {
		if (dispatch) {
			assert_false(dispatch->ask);
			lab_sent(lab, dispatch, LOST);
			sends++;
		}
		if (waited > for_ms)
			return sends;
		lab_wait(lab, SECOND_MS);
		dispatch = take(lab);
	}
}

/* ---- by key ---- */

static void a_key_is_used_as_long_as_the_provider_knows_it(void **state)
{
	static const struct { gint64 life_ms; int least, most; } cases[] = {
		{ 0, 5, 7 },			/* not said: an hour is counted on */
		{ 15 * MINUTE_MS, 4, 6 },
		{ 24 * HOUR_MS, 20, 40 },
		{ 30 * SECOND_MS, 1, 1 },	/* an attempt may take longer to arrive */
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		gint64 life = cases[i].life_ms ? cases[i].life_ms : HOUR_MS;
		int sends;

		lab->caps = HG_CAP_KEY;
		lab->limits.key_life_ms = cases[i].life_ms;
		sends = send_and_lose(lab, answered_on(lab, "wa", "x"), MAX(life - MINUTE_MS, 0));
		if (sends < cases[i].least || sends > cases[i].most)
			fail_msg("a key of %" G_GINT64_FORMAT " ms: sent %d times", cases[i].life_ms, sends);
		lab_wait(lab, 10 * MINUTE_MS);
		assert_null(take(lab));
		state_is(lab, HG_JOB_UNKNOWN);
		delivery_is(lab, HG_DLV_UNKNOWN);
		lab_audit(lab);
	}
}

/* The daemon is down while the key is forgotten: with it back nothing is sent by it, however much is due. */
static void after_a_long_rest_a_forgotten_key_is_not_used(void **state)
{
	(void)state;
	for (int asks = 0; asks < 2; asks++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		hg_dispatch *dispatch;

		lab->caps = HG_CAP_KEY;
		lab->limits.key_life_ms = 24 * HOUR_MS;
		lab_sent(lab, answered_on(lab, asks ? "asks" : "wa", "x"), LOST);
		state_is(lab, HG_JOB_DUE);
		test_now_ms += 25 * HOUR_MS;
		lab_restart(lab);
		lab_run(lab);
		dispatch = take(lab);
		assert_int_equal(dispatch != NULL, asks);
		state_is(lab, HG_JOB_UNKNOWN);
		if (dispatch) {
			assert_true(dispatch->ask);
			lab_sent(lab, dispatch, YES);
		}
		delivery_is(lab, asks ? HG_DLV_SENT : HG_DLV_UNKNOWN);
	}
}

static void a_key_is_forgotten_while_its_attempt_is_refused_for_now(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab->caps = HG_CAP_KEY;
	lab->limits.key_life_ms = 15 * MINUTE_MS;
	lab_sent(lab, answered_on(lab, "wa", "x"), LOST);
	lab_wait(lab, 7 * SECOND_MS);
	/* Not taken this time, and not before the key is over. */
	lab_sent(lab, take(lab), SAYS(.fate = HG_RETRY, .retry_ms = HOUR_MS, .text = "too fast"));
	lab_wait(lab, 2 * HOUR_MS);
	assert_null(take(lab));
	delivery_is(lab, HG_DLV_UNKNOWN);
}

static void a_channel_may_lack_what_its_adapter_can(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab->limits.lacks = HG_CAP_ASK;
	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	assert_null(take(lab));
	delivery_is(lab, HG_DLV_UNKNOWN);
}

/* ---- by asking ---- */

static hg_dispatch *asked(hg_lab *lab)
{
	hg_dispatch *dispatch = take(lab);

	assert_non_null(dispatch);
	assert_true(dispatch->ask);
	assert_int_equal(dispatch->job.state, HG_JOB_UNKNOWN);
	return dispatch;
}

static void a_yes_counts_at_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	lab_sent(lab, asked(lab), YES);
	delivery_is(lab, HG_DLV_SENT);
	lab_wait(lab, HOUR_MS);
	assert_null(take(lab));
}

/* What left us may be on its way for minutes: a "no" in that time would send it twice. */
static void a_no_counts_when_it_is_said_twice_and_late_enough(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	lab_sent(lab, asked(lab), NO);
	state_is(lab, HG_JOB_UNKNOWN);
	lab_wait(lab, 2 * MINUTE_MS - 1);
	assert_null(take(lab));
	lab_wait(lab, 1);
	lab_sent(lab, asked(lab), NO);
	state_is(lab, HG_JOB_DUE);
	lab_wait(lab, 7 * SECOND_MS);
	dispatch = take(lab);
	assert_false(dispatch->ask);
	lab_sent(lab, dispatch, SAYS(.fate = HG_SENT, .id = "p2"));
	delivery_is(lab, HG_DLV_SENT);
	lab_counts(lab, 0, "SELECT resent FROM message WHERE direction = 2");
}

static void a_no_and_then_a_yes_is_a_yes(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	lab_sent(lab, asked(lab), NO);
	lab_wait(lab, 2 * MINUTE_MS);
	lab_sent(lab, asked(lab), YES);
	delivery_is(lab, HG_DLV_SENT);
	lab_wait(lab, HOUR_MS);
	assert_null(take(lab));
}

/* A machine that slept has two questions open, and the first is answered when the second's noes have had it sent again. */
static void an_old_no_says_nothing_of_the_send_behind_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *first, *second;
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	first = asked(lab);
	for (int noes = 0; noes < 2; noes++) {
		lab_wait(lab, 2 * MINUTE_MS);
		lab_sent(lab, asked(lab), NO);
	}
	lab_wait(lab, 7 * SECOND_MS);
	second = take(lab);
	assert_false(second->ask);
	lab_sent(lab, first, NO);
	state_is(lab, HG_JOB_SENDING);
	lab_sent(lab, second, SAYS(.fate = HG_SENT, .id = "p2"));
	delivery_is(lab, HG_DLV_SENT);
}

/* The line that lost the answer is still down: no reason yet to trouble a person. */
static void a_question_that_is_not_answered_is_put_again_and_in_the_end_a_person_decides(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	int questions = 0;
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	lab_reply(lab, lab_thread(lab), "second");
	for (int minutes = 0; minutes < 60; minutes++) {
		hg_dispatch *dispatch = take(lab);

		if (dispatch && !dispatch->ask) {
			assert_memory_equal(dispatch->out.body, "send:second", 11);
			lab_sent(lab, dispatch, SAYS(.fate = HG_SENT, .id = "p2"));
		} else if (dispatch) {
			lab_sent(lab, dispatch, LOST);
			questions++;
		}
		lab_wait(lab, MINUTE_MS / 2);
	}
	assert_int_equal(questions, 6);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE delivery = 3");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE delivery = 4");
}

static void a_question_that_a_crash_took_is_put_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	lab_drop(asked(lab));
	lab_restart(lab);
	lab_wait(lab, 2 * MINUTE_MS);
	lab_sent(lab, asked(lab), YES);
	delivery_is(lab, HG_DLV_SENT);
}

/* The question was refused for the token's sake: that says nothing of the message, which may be there. */
static void a_channel_that_is_locked_out_while_it_asks_sends_nothing_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_sent(lab, answered_on(lab, "asks", "x"), LOST);
	lab_sent(lab, asked(lab), SAYS(.fate = HG_FAILED, .reach = HG_REACH_CHANNEL, .text = "the token is dead"));
	state_is(lab, HG_JOB_UNKNOWN);
	assert_int_equal(lab_told(lab, "channel.down"), 1);
	lab_wait(lab, SECOND_MS);
	lab_condition(lab, HG_TO_CHANNEL, "asks", HG_UP);
	lab_run(lab);
	assert_null(take(lab));
	lab_wait(lab, MINUTE_MS);
	dispatch = asked(lab);
	lab_sent(lab, dispatch, YES);
	delivery_is(lab, HG_DLV_SENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_used_as_long_as_the_provider_knows_it),
		cmocka_unit_test(after_a_long_rest_a_forgotten_key_is_not_used),
		cmocka_unit_test(a_key_is_forgotten_while_its_attempt_is_refused_for_now),
		cmocka_unit_test(a_channel_may_lack_what_its_adapter_can),
		cmocka_unit_test(a_yes_counts_at_once),
		cmocka_unit_test(a_no_counts_when_it_is_said_twice_and_late_enough),
		cmocka_unit_test(a_no_and_then_a_yes_is_a_yes),
		cmocka_unit_test(an_old_no_says_nothing_of_the_send_behind_it),
		cmocka_unit_test(a_question_that_is_not_answered_is_put_again_and_in_the_end_a_person_decides),
		cmocka_unit_test(a_question_that_a_crash_took_is_put_again),
		cmocka_unit_test(a_channel_that_is_locked_out_while_it_asks_sends_nothing_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
