/* test_engine_send.c - answers on their way out: parts, retries, receipts, and what nobody answered */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define SENT(id_) (&(struct hg_result){ .fate = HG_SENT, .id = (id_) })
#define RETRY	  (&(struct hg_result){ .fate = HG_RETRY, .text = "503" })
#define LOST	  (&(struct hg_result){ .fate = HG_AMBIGUOUS, .text = "no answer" })

/* A customer wrote on channel, an agent answered; the answer's dispatch. */
static hg_dispatch *answered_on(hg_lab *lab, const char *channel, const char *text)
{
	struct hg_in in = lab_text(ANA, "hello");

	lab_in(lab, channel, &in, 1);
	lab_reply(lab, lab_thread(lab), text);
	return lab_take(lab, HG_TO_CHANNEL);
}

static hg_dispatch *answered(hg_lab *lab, const char *text)
{
	return answered_on(lab, "wa", text);
}

static void delivery_is(hg_lab *lab, int want)
{
	lab_counts(lab, want, "SELECT delivery FROM message WHERE direction = 2 ORDER BY n DESC LIMIT 1");
}

/* ---- the plain way ---- */

static void an_answer_goes_where_the_customer_wrote_and_its_receipts_come_back(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "it is mended");
	(void)state;

	assert_string_equal(dispatch->out.to, ANA);
	assert_string_equal(dispatch->out.from, "tel:+4930000");
	assert_int_equal(strlen(dispatch->out.key), 43);
	assert_int_equal(dispatch->out.last_in_ms, test_now_ms);
	assert_memory_equal(dispatch->out.body, "send:it is mended", 17);
	lab_counts(lab, HG_JOB_SENDING, "SELECT state FROM outbox WHERE target = 1");
	delivery_is(lab, HG_DLV_QUEUED);
	lab_sent(lab, dispatch, SENT("p1"));
	delivery_is(lab, HG_DLV_SENT);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
	assert_int_equal(lab_told(lab, "message.sent"), 1);
	lab_receipt(lab, "wa", HG_R_DELIVERED, "p1", NULL);
	lab_receipt(lab, "wa", HG_R_READ, "p1", NULL);
	delivery_is(lab, HG_DLV_READ);
	assert_int_equal(lab_told(lab, "message.status"), 2);
	/* The same again, and a late "sent": kept or known, never backwards. */
	lab_receipt(lab, "wa", HG_R_READ, "p1", NULL);
	lab_receipt(lab, "wa", HG_R_SENT, "p1", NULL);
	delivery_is(lab, HG_DLV_READ);
	lab_counts(lab, 3, "SELECT count(*) FROM receipt");
	assert_int_equal(lab_told(lab, "message.status"), 2);
	lab_audit(lab);
}

static void every_order_of_receipts_gives_one_display(void **state)
{
	static const int states[4] = { HG_R_SENT, HG_R_DELIVERED, HG_R_READ, HG_R_FAILED };
	int tried = 0;
	(void)state;

	for (int code = 0; code < 256; code++) {
		g_autoptr(hg_lab) lab = NULL;
		int order[4] = { code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3 };

		if ((1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) != 15)
			continue;
		lab = lab_new(NULL);
		lab_sent(lab, answered(lab, "yes"), SENT("p1"));
		for (int i = 0; i < 4; i++)
			lab_receipt(lab, "wa", states[order[i]], "p1", NULL);
		delivery_is(lab, HG_DLV_READ);
		lab_counts(lab, 1, "SELECT conflict FROM message WHERE direction = 2");
		lab_counts(lab, 4, "SELECT count(*) FROM receipt");
		tried++;
	}
	assert_int_equal(tried, 24);
}

static void receipts_before_the_answer_are_parked_and_adopted(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "yes");
	(void)state;

	lab_receipt(lab, "wa", HG_R_DELIVERED, "p1", NULL);
	lab_counts(lab, 1, "SELECT count(*) FROM receipt WHERE message_n IS NULL");
	lab_sent(lab, dispatch, SENT("p1"));
	delivery_is(lab, HG_DLV_DELIVERED);
	lab_counts(lab, 0, "SELECT count(*) FROM receipt WHERE message_n IS NULL");
}

static void failed_before_the_answer_stays_failed_after_it(void **state)
{
	(void)state;
	for (int by_key = 0; by_key < 2; by_key++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		hg_dispatch *dispatch = answered(lab, "yes");

		lab_receipt(lab, "wa", HG_R_FAILED, "p1", by_key ? dispatch->out.key : NULL);
		lab_sent(lab, dispatch, SENT("p1"));
		delivery_is(lab, HG_DLV_FAILED);
		lab_is(lab, "undeliverable", "SELECT error FROM message WHERE direction = 2");
		lab_counts(lab, 131026, "SELECT error_code FROM message WHERE direction = 2");
	}
}

static void a_long_answer_goes_in_parts_one_after_the_other(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *first = answered(lab, "one\n\ntwo\n\nthree");
	g_autofree char *key = g_strdup(first->out.key);
	hg_dispatch *second;
	(void)state;

	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_sent(lab, first, SENT("p1"));
	delivery_is(lab, HG_DLV_QUEUED);
	second = lab_take(lab, HG_TO_CHANNEL);
	assert_memory_equal(second->out.body, "send:two", 8);
	assert_string_not_equal(second->out.key, key);
	/* The second fails: the third goes on, and the message arrived partly. */
	lab_sent(lab, second, &(struct hg_result){ .fate = HG_FAILED, .text = "too long", .advice = "shorten it" });
	delivery_is(lab, HG_DLV_PARTLY);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p3"));
	delivery_is(lab, HG_DLV_PARTLY);
	lab_counts(lab, 2, "SELECT parts_sent FROM message WHERE direction = 2");
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE state = 6");
	lab_is(lab, "shorten it", "SELECT advice FROM message WHERE direction = 2");
	lab_receipt(lab, "wa", HG_R_DELIVERED, "p1", NULL);
	delivery_is(lab, HG_DLV_PARTLY);
}

static void a_first_part_that_failed_is_told_from_none_that_arrived(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_sent(lab, answered(lab, "one\n\ntwo"), &(struct hg_result){ .fate = HG_FAILED, .text = "no" });
	delivery_is(lab, HG_DLV_FAILED);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p2"));
	delivery_is(lab, HG_DLV_PARTLY);
	assert_int_equal(lab_told(lab, "message.sent"), 0);
	assert_int_equal(lab_told(lab, "message.status"), 2);
}

static void a_result_the_store_could_not_keep_is_done_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "x");
	hg_command *command = hg_command_new(HG_CMD_SENT);
	gboolean ok;
	(void)state;

	world_plant(lab->w, "CREATE TRIGGER no_room BEFORE DELETE ON outbox BEGIN SELECT raise(ROLLBACK, 'full'); END");
	command->channel = "wa";
	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	command->sent = (struct hg_result){ .size = sizeof(command->sent), .fate = HG_SENT, .id = "p1" };
	must(hg_engine_submit(lab->engine, command, e));
	lab_drop(dispatch);
	for (int i = 0; i < 3; i++) {
		hg_engine_step(lab->engine, &ok);
		assert_false(ok);
	}
	delivery_is(lab, HG_DLV_QUEUED);
	world_plant(lab->w, "DROP TRIGGER no_room");
	lab_run(lab);
	delivery_is(lab, HG_DLV_SENT);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
	assert_null(lab_take(lab, HG_TO_CHANNEL));
}

static void a_store_that_fails_for_good_stops_the_engine(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "hello");
	hg_command *command;
	gboolean ok = TRUE;
	(void)state;

	world_plant(lab->w, "CREATE TRIGGER no_room BEFORE INSERT ON contact BEGIN SELECT raise(ROLLBACK, 'gone'); END");
	for (int i = 0; i < 10; i++) {
		assert_false(hg_engine_broken(lab->engine));
		lab_queue(lab, "wa", &in, 1);
		hg_engine_step(lab->engine, &ok);
		assert_false(ok);
	}
	assert_true(hg_engine_broken(lab->engine));
	command = lab_command(lab, HG_CMD_REPLY, "x");
	must_fail(HG_ERROR_BUSY, hg_engine_submit(lab->engine, command, e));
	hg_command_free(command);
}

static void all_parts_have_to_be_delivered(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_sent(lab, answered(lab, "one\n\ntwo"), SENT("p1"));
	lab_receipt(lab, "wa", HG_R_READ, "p1", NULL);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p2"));
	delivery_is(lab, HG_DLV_SENT);
	lab_receipt(lab, "wa", HG_R_DELIVERED, "p2", NULL);
	delivery_is(lab, HG_DLV_DELIVERED);
	lab_receipt(lab, "wa", HG_R_READ, "p2", NULL);
	delivery_is(lab, HG_DLV_READ);
}

static void a_first_step_is_committed_and_goes_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "look");
	(void)state;

	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_STEP, .body = "uploaded:7", .len = 10 });
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_int_equal(dispatch->out.len, 10);
	assert_memory_equal(dispatch->out.body, "uploaded:7", 10);
	assert_int_equal(dispatch->job.attempts, 1);
	lab_sent(lab, dispatch, SENT("p1"));
	delivery_is(lab, HG_DLV_SENT);
}

/* ---- retries and refusals ---- */

static void retries_keep_the_order_and_the_schedule(void **state)
{
	static const gint64 waits[] = { 5000, 30000, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, HOUR_MS };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "first");
	g_autofree char *key = g_strdup(dispatch->out.key);
	(void)state;

	lab_reply(lab, lab_thread(lab), "second");
	for (gsize i = 0; i < G_N_ELEMENTS(waits); i++) {
		assert_string_equal(dispatch->out.key, key);
		assert_memory_equal(dispatch->out.body, "send:first", 10);
		lab_sent(lab, dispatch, RETRY);
		lab_wait(lab, waits[i] * 8 / 10 - 1);
		assert_null(lab_take(lab, HG_TO_CHANNEL));
		lab_wait(lab, waits[i] * 4 / 10 + 2);
		dispatch = lab_take(lab, HG_TO_CHANNEL);
		assert_non_null(dispatch);
	}
	lab_sent(lab, dispatch, SENT("p1"));
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_memory_equal(dispatch->out.body, "send:second", 11);
	lab_drop(dispatch);
}

static void retry_after_is_honoured_between_a_second_and_a_day(void **state)
{
	static const struct { gint64 asked, waits; } cases[] = {
		{ 1, 1000 }, { 90 * 1000, 90 * 1000 }, { 30 * DAY_MS, DAY_MS },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);

		lab_sent(lab, answered(lab, "x"), &(struct hg_result){ .fate = HG_RETRY, .retry_ms = cases[i].asked });
		lab_wait(lab, cases[i].waits - 1);
		assert_null(lab_take(lab, HG_TO_CHANNEL));
		lab_wait(lab, 1);
		lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p1"));
		delivery_is(lab, HG_DLV_SENT);
	}
}

static void too_much_for_one_contact_delays_no_other(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "to ana");
	struct hg_in in = lab_text(ANA, "in a group");
	(void)state;

	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_RETRY, .reach = HG_REACH_CONTACT, .retry_ms = 60000 });
	/* The same person in another thread waits too. */
	in.group = "G1";
	lab_in(lab, "wa", &in, 1);
	lab_reply(lab, lab_thread(lab), "to ana");
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_say(lab, BEN, "hello");
	lab_reply(lab, lab_thread(lab), "to ben");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.to, BEN);
	lab_drop(dispatch);
}

static void too_much_for_the_channel_slows_all_of_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "to ana");
	(void)state;

	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_RETRY, .reach = HG_REACH_CHANNEL, .retry_ms = 60000 });
	lab_say(lab, BEN, "hello");
	lab_reply(lab, lab_thread(lab), "to ben");
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_wait(lab, 60000);
	for (int i = 0; i < 2; i++) {
		dispatch = lab_take(lab, HG_TO_CHANNEL);
		assert_non_null(dispatch);
		lab_drop(dispatch);
	}
}

static void a_refused_message_is_dead_the_agent_hears_and_the_lane_goes_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("rules:\n  - name: all\n    do: { convert: {} }\n");
	hg_dispatch *dispatch = answered(lab, "first");
	(void)state;

	lab_reply(lab, lab_thread(lab), "second");
	lab_desk(lab);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED, .code = 131026, .text = "no such number",
						     .advice = "call them" });
	assert_string_equal(lab_desk(lab), "message.status");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE delivery = 9 AND error = 'no such number' "
		   "AND advice = 'call them' AND error_code = 131026");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_memory_equal(dispatch->out.body, "send:second", 11);
	lab_drop(dispatch);
}

static void a_dead_one_is_tried_again_by_hand(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "first");
	hg_command *command = lab_command(lab, HG_CMD_RETRY_DEAD, NULL);
	(void)state;

	command->job_n = dispatch->job.n;
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED });
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	delivery_is(lab, HG_DLV_QUEUED);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p1"));
	delivery_is(lab, HG_DLV_SENT);
}

/* Found by the simulation: it stayed due for ever, because the life of its key was over. */
static void one_that_was_in_doubt_and_died_is_tried_again_after_any_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	hg_command *command;
	g_autofree char *key = NULL;
	(void)state;

	lab->caps = HG_CAP_ECHO;
	dispatch = answered(lab, "first");
	key = g_strdup(dispatch->out.key);
	command = lab_command(lab, HG_CMD_RETRY_DEAD, NULL);
	command->job_n = dispatch->job.n;
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_AMBIGUOUS });
	lab_receipt(lab, "wa", HG_R_FAILED, "p1", key);
	lab_counts(lab, HG_JOB_DEAD, "SELECT state FROM outbox WHERE target = 1");
	lab_wait(lab, 10 * DAY_MS);
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p2"));
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
}

static void an_account_that_is_locked_parks_everything_until_someone_acts(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "first");
	(void)state;

	lab_reply(lab, lab_thread(lab), "second");
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED, .reach = HG_REACH_ACCOUNT, .code = 190,
						     .text = "token revoked" });
	lab_counts(lab, HG_JOB_PARKED, "SELECT state FROM outbox WHERE target = 1 ORDER BY n LIMIT 1");
	delivery_is(lab, HG_DLV_QUEUED);
	assert_int_equal(lab_told(lab, "channel.down"), 1);
	lab_say(lab, BEN, "hello");
	lab_reply(lab, lab_thread(lab), "to ben");
	lab_wait(lab, DAY_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_condition(lab, HG_TO_CHANNEL, "wa", HG_UP);
	assert_int_equal(lab_told(lab, "channel.up"), 1);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_non_null(dispatch);
	lab_sent(lab, dispatch, SENT("p1"));
	while ((dispatch = lab_take(lab, HG_TO_CHANNEL)))
		lab_sent(lab, dispatch, SENT(NULL));
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
	lab_counts(lab, 3, "SELECT count(*) FROM message WHERE direction = 2 AND delivery = 4 AND author = 2");
}

static void a_restart_tries_what_was_parked(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "first");
	(void)state;

	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED, .reach = HG_REACH_CHANNEL });
	lab_restart(lab);
	lab_run(lab);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_non_null(dispatch);
	lab_drop(dispatch);
}

/* ---- pace ---- */

static void a_channel_sends_no_faster_than_its_rate(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	guint sent = 0;
	(void)state;

	lab->limits.rate = 5;
	for (int i = 0; i < 20; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+44770090%04d", i);

		lab_say(lab, uri, "hello");
		lab_reply(lab, lab_thread(lab), "hi");
	}
	for (int second = 0; second < 4; second++) {
		hg_dispatch *dispatch;

		while ((dispatch = lab_take(lab, HG_TO_CHANNEL))) {
			lab_sent(lab, dispatch, SENT(NULL));
			sent++;
		}
		assert_in_range(sent, 5 * (second + 1) - 1, 5 * (second + 1));
		lab_wait(lab, 1000);
	}
}

/* Some providers count a second's messages, others take them only one by one. */
static void a_burst_may_be_smaller_than_the_rate(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	int sent = 0;
	(void)state;

	lab->limits.rate = 5;
	lab->limits.burst = 1;
	lab_say(lab, ANA, "hello");
	for (int i = 0; i < 5; i++)
		lab_reply(lab, lab_thread(lab), "more");
	for (int wait = 0; wait < 4; wait++) {
		while ((dispatch = lab_take(lab, HG_TO_CHANNEL))) {
			lab_sent(lab, dispatch, SENT(NULL));
			sent++;
		}
		assert_int_equal(sent, wait + 1);
		lab_wait(lab, 201);
	}
}

static void one_contact_gets_a_burst_and_then_one_by_one(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	int sent = 0;
	(void)state;

	lab->limits.contact_gap_ms = 6000;
	lab->limits.contact_burst = 3;
	lab_say(lab, ANA, "hello");
	for (int i = 0; i < 5; i++)
		lab_reply(lab, lab_thread(lab), "more");
	while ((dispatch = lab_take(lab, HG_TO_CHANNEL))) {
		lab_sent(lab, dispatch, SENT(NULL));
		sent++;
	}
	assert_int_equal(sent, 3);
	lab_wait(lab, 5999);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_wait(lab, 2);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT(NULL));
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_wait(lab, 6001);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT(NULL));
}

static void no_more_is_under_way_than_there_are_slots(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	hg_engine_set_slots(lab->engine, HG_TO_CHANNEL, "wa", 2);
	for (int i = 0; i < 5; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+44770090%04d", i);

		lab_say(lab, uri, "hello");
		lab_reply(lab, lab_thread(lab), "hi");
	}
	assert_int_equal(lab->out->len, 2);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT(NULL));
	assert_int_equal(lab->out->len, 2);
	hg_engine_set_slots(lab->engine, HG_TO_CHANNEL, "wa", 0);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT(NULL));
	assert_int_equal(lab->out->len, 1);
	hg_engine_set_slots(lab->engine, HG_TO_CHANNEL, "wa", 16);
	lab_run(lab);
	assert_int_equal(lab->out->len, 3);
}

/* ---- the ladder of the ambiguous ---- */

static void with_a_key_the_same_bytes_go_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	g_autofree char *key = NULL;
	(void)state;

	lab->caps = HG_CAP_KEY;
	dispatch = answered(lab, "x");
	key = g_strdup(dispatch->out.key);
	lab_sent(lab, dispatch, LOST);
	lab_wait(lab, 6001);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_false(dispatch->ask);
	assert_string_equal(dispatch->out.key, key);
	assert_memory_equal(dispatch->out.body, "send:x", 6);
	lab_sent(lab, dispatch, SENT("p1"));
	delivery_is(lab, HG_DLV_SENT);
}

static void with_an_echo_a_receipt_settles_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	g_autofree char *key = NULL;
	(void)state;

	lab->caps = HG_CAP_ECHO;
	dispatch = answered(lab, "x");
	key = g_strdup(dispatch->out.key);
	lab_sent(lab, dispatch, LOST);
	lab_counts(lab, HG_JOB_UNKNOWN, "SELECT state FROM outbox WHERE target = 1");
	lab_wait(lab, 9 * MINUTE_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_receipt(lab, "wa", HG_R_SENT, "p1", key);
	delivery_is(lab, HG_DLV_SENT);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
	lab_receipt(lab, "wa", HG_R_READ, "p1", NULL);
	delivery_is(lab, HG_DLV_READ);
	lab_wait(lab, HOUR_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
}

static void a_receipt_that_was_faster_settles_it_at_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "x");
	(void)state;

	lab_receipt(lab, "wa", HG_R_DELIVERED, "p1", dispatch->out.key);
	lab_sent(lab, dispatch, LOST);
	delivery_is(lab, HG_DLV_DELIVERED);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
}

static void without_an_echo_in_time_it_is_held_and_the_lane_goes_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab->caps = HG_CAP_ECHO;
	dispatch = answered(lab, "first");
	lab_reply(lab, lab_thread(lab), "second");
	lab_sent(lab, dispatch, LOST);
	lab_wait(lab, 10 * MINUTE_MS - 1);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_wait(lab, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE delivery = 3");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_memory_equal(dispatch->out.body, "send:second", 11);
	lab_sent(lab, dispatch, SENT("p2"));
	lab_counts(lab, HG_JOB_UNKNOWN, "SELECT state FROM outbox WHERE target = 1");
}

static void settle(hg_lab *lab, const char *how)
{
	hg_command *command = lab_command(lab, HG_CMD_SETTLE_SEND, NULL);

	command->job_n = lab_count(lab, "SELECT n FROM outbox WHERE state = 4");
	command->text = how;
	lab_do(lab, command);
}

static void a_person_settles_what_nobody_knows(void **state)
{
	(void)state;
	for (int resend = 0; resend < 2; resend++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);

		lab_sent(lab, answered(lab, "x"), LOST);
		delivery_is(lab, HG_DLV_UNKNOWN);
		assert_int_equal(lab_told(lab, "message.status"), 1);
		settle(lab, resend ? "resend" : "arrived");
		assert_int_equal(lab->error, 0);
		if (resend) {
			lab_wait(lab, 1000);
			lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p1"));
		}
		assert_null(lab_take(lab, HG_TO_CHANNEL));
		delivery_is(lab, HG_DLV_SENT);
		settle(lab, "arrived");
		assert_int_equal(lab->error, HG_ERROR_MISSING);
	}
}

static void a_late_receipt_settles_what_was_held(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "x");
	g_autofree char *key = g_strdup(dispatch->out.key);
	(void)state;

	lab_sent(lab, dispatch, LOST);
	lab_wait(lab, DAY_MS);
	lab_receipt(lab, "wa", HG_R_FAILED, "p1", key);
	delivery_is(lab, HG_DLV_FAILED);
	lab_counts(lab, HG_JOB_DEAD, "SELECT state FROM outbox WHERE target = 1");
}

static void a_channel_may_say_resend(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_sent(lab, answered_on(lab, "again", "x"), LOST);
	lab_wait(lab, 6001);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p1"));
	delivery_is(lab, HG_DLV_SENT);
	/* It may be there twice, and that is not hidden. */
	lab_counts(lab, 1, "SELECT resent FROM message WHERE direction = 2");
	assert_int_equal(lab_told(lab, "message.status"), 1);
}

static void what_was_being_sent_at_a_crash_is_unknown_and_events_go_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("rules:\n  - name: all\n    do: { convert: {} }\n");
	hg_dispatch *dispatch = answered(lab, "x"), *event;
	g_autofree char *id = NULL;
	(void)state;

	event = lab_take(lab, HG_TO_BACKEND);
	id = g_strdup(event->event.id);
	lab_drop(event);
	lab_drop(dispatch);
	lab_restart(lab);
	lab_run(lab);
	delivery_is(lab, HG_DLV_UNKNOWN);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	event = lab_take(lab, HG_TO_BACKEND);
	assert_string_equal(event->event.id, id);
	lab_drop(event);
	lab_audit(lab);
}

static void an_answer_of_the_last_run_is_not_taken_for_one_of_this(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "x");
	(void)state;

	lab_sent(lab, dispatch, SENT("p1"));
	dispatch = NULL;
	lab_reply(lab, lab_thread(lab), "y");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	dispatch->job.n--;
	lab_sent(lab, dispatch, SENT("p9"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2 AND delivery = 4");
}

/* ---- windows, addresses, idempotency ---- */

static void a_closed_window_refuses_the_agent_and_says_so(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command;
	(void)state;

	lab->window_ms = DAY_MS;
	lab_say(lab, ANA, "hello");
	test_now_ms += DAY_MS + 1;
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "too late";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_WINDOW);
	assert_string_equal(lab->error_text, "the reply window closed");
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE author = 2");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.template_json = "{\"name\":\"again\"}";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void a_preview_says_what_would_be_sent_and_does_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *want = NULL;
	gint64 written, outbox;
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "hello");
	written = lab_count(lab, "SELECT count(*) FROM message") + lab_count(lab, "SELECT count(*) FROM event") +
		  lab_count(lab, "SELECT count(*) FROM journal");
	outbox = lab_count(lab, "SELECT count(*) FROM outbox");
	for (int billed = 0; billed < 2; billed++) {
		lab->billed = billed;
		command = lab_command(lab, HG_CMD_PREVIEW, lab_thread(lab));
		command->reply.text = "one\n\nsomewhat longer";
		lab_do(lab, command);
		assert_int_equal(lab->error, 0);
		want = g_strdup_printf("{\"preview\":{\"channel\":\"wa\",\"to\":\"%s\",\"from\":\"tel:+4930000\",%s\"parts\":["
				       "{\"text\":\"one\"%s},{\"text\":\"somewhat longer\"%s}]}}", ANA,
				       billed ? "\"units\":25," : "",
				       billed ? ",\"coding\":\"gsm7\",\"units\":10,\"left\":7" : "",
				       billed ? ",\"coding\":\"gsm7\",\"units\":15,\"left\":0" : "");
		assert_string_equal(lab->answer, want);
		g_clear_pointer(&want, g_free);
	}
	lab->window_ms = 1;
	test_now_ms += 2;
	command = lab_command(lab, HG_CMD_PREVIEW, lab_thread(lab));
	command->reply.text = "too late";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_WINDOW);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM message") + lab_count(lab, "SELECT count(*) FROM event") +
			 lab_count(lab, "SELECT count(*) FROM journal"), written);
	assert_int_equal(lab_count(lab, "SELECT count(*) FROM outbox"), outbox);
}

static void the_same_call_again_is_answered_the_same_and_sends_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *first = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	for (int i = 0; i < 3; i++) {
		hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

		command->reply.text = "once";
		command->idem_key = "k1";
		command->idem_print[0] = i == 2;
		lab_do(lab, command);
		assert_int_equal(lab->error, i == 2 ? HG_ERROR_CONFLICT : 0);
		if (i == 0)
			first = g_strdup(lab->answer);
		else if (i == 1)
			assert_string_equal(lab->answer, first);
	}
	assert_non_null(strstr(first, "msg_"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE author = 2");
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE target = 1");
}

static void a_refused_call_may_be_tried_again_with_its_key(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab->window_ms = DAY_MS;
	lab_say(lab, ANA, "hello");
	test_now_ms += DAY_MS + 1;
	for (int i = 0; i < 2; i++) {
		hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

		command->reply.text = "x";
		command->idem_key = "k1";
		lab_do(lab, command);
		assert_int_equal(lab->error, i ? 0 : HG_ERROR_WINDOW);
		lab_say(lab, ANA, "still there");
	}
}

static void an_answer_goes_to_no_stranger(void **state)
{
	static const struct { const char *channel, *to; int code; } cases[] = {
		{ NULL, BEN, HG_ERROR_DENIED },		/* another contact's */
		{ NULL, "tel:+1", HG_ERROR_DENIED },	/* nobody's */
		{ "nowhere", ANA, HG_ERROR_INPUT },
		{ "sms", NULL, HG_ERROR_INPUT },		/* never wrote there */
		{ "sms", ANA, 0 },			/* proven his */
	};
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_say(lab, BEN, "hello");
	lab_say(lab, ANA, "hello");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

		command->reply.text = "x";
		command->reply.channel = cases[i].channel;
		command->reply.to = cases[i].to;
		lab_do(lab, command);
		if (lab->error != cases[i].code)
			fail_msg("case %zu: %d %s", i, lab->error, lab->error_text ?: "");
	}
}

static void notes_never_leave(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("rules:\n  - name: all\n    do: { convert: {} }\n"
					"ticket: { confirm: \"\" }\n");
	hg_command *command;
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_desk(lab);
	command = lab_command(lab, HG_CMD_NOTE, lab_thread(lab));
	command->text = "he is difficult";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 3");
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	assert_string_equal(lab_desk(lab), "");
	lab_say(lab, ANA, "and?");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_null(strstr(dispatch->event.data, "difficult"));
	lab_drop(dispatch);
	lab_counts(lab, 0, "SELECT count(*) FROM event WHERE data LIKE '%%difficult%%'");
}

static void an_answer_cites_messages_of_its_own_thread_only(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *hers = NULL, *his = NULL;
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_say(lab, BEN, "hello");
	hers = lab_value(lab, "SELECT id FROM message ORDER BY n LIMIT 1");
	his = lab_value(lab, "SELECT id FROM message ORDER BY n DESC LIMIT 1");
	for (int own = 0; own < 2; own++) {
		hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

		command->reply.text = "about this";
		command->reply.answers_id = own ? his : hers;
		lab_do(lab, command);
		assert_int_equal(lab->error, own ? 0 : HG_ERROR_MISSING);
	}
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.refs[0], "wamid.2");
	lab_drop(dispatch);
}

static void a_template_is_handed_over_as_one_at_every_attempt(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command;
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "hello");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.template_json = "{\"name\":\"again\"}";
	lab_do(lab, command);
	for (int i = 0; i < 2; i++) {
		dispatch = lab_take(lab, HG_TO_CHANNEL);
		assert_string_equal(dispatch->out.template_json, "{\"name\":\"again\"}");
		assert_null(dispatch->out.payload);
		lab_sent(lab, dispatch, RETRY);
		lab_wait(lab, 6001);
	}
}

static void files_go_out_by_the_path_of_their_hash(void **state)
{
	static const char sha256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	const struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .name = "a.png", .type = "image/png",
				      .sha256 = sha256, .bytes = 3 };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command;
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "hello");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "look";
	command->reply.files = &file;
	command->reply.n_files = 1;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_int_equal(dispatch->out.n_files, 1);
	assert_string_equal(dispatch->out.files[0].name, "a.png");
	assert_non_null(strstr(dispatch->out.files[0].path, sha256));
	lab_drop(dispatch);
	lab_counts(lab, HG_FILE_STORED, "SELECT state FROM attachment");
}

static void a_reaction_of_an_agent_names_the_providers_message(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	hg_command *command;
	g_autofree char *id = NULL, *external = g_strdup(lab_say(lab, ANA, "hello"));
	(void)state;

	id = lab_value(lab, "SELECT id FROM message");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.kind = HG_REACTION;
	command->reply.text = "+";
	command->reply.answers_id = id;
	lab_do(lab, command);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_int_equal(dispatch->out.kind, HG_REACTION);
	assert_string_equal(dispatch->out.target, external);
	lab_drop(dispatch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_goes_where_the_customer_wrote_and_its_receipts_come_back),
		cmocka_unit_test(every_order_of_receipts_gives_one_display),
		cmocka_unit_test(receipts_before_the_answer_are_parked_and_adopted),
		cmocka_unit_test(failed_before_the_answer_stays_failed_after_it),
		cmocka_unit_test(a_long_answer_goes_in_parts_one_after_the_other),
		cmocka_unit_test(all_parts_have_to_be_delivered),
		cmocka_unit_test(a_first_step_is_committed_and_goes_on),
		cmocka_unit_test(retries_keep_the_order_and_the_schedule),
		cmocka_unit_test(retry_after_is_honoured_between_a_second_and_a_day),
		cmocka_unit_test(too_much_for_one_contact_delays_no_other),
		cmocka_unit_test(too_much_for_the_channel_slows_all_of_it),
		cmocka_unit_test(a_refused_message_is_dead_the_agent_hears_and_the_lane_goes_on),
		cmocka_unit_test(a_dead_one_is_tried_again_by_hand),
		cmocka_unit_test(one_that_was_in_doubt_and_died_is_tried_again_after_any_time),
		cmocka_unit_test(an_account_that_is_locked_parks_everything_until_someone_acts),
		cmocka_unit_test(a_restart_tries_what_was_parked),
		cmocka_unit_test(a_channel_sends_no_faster_than_its_rate),
		cmocka_unit_test(a_burst_may_be_smaller_than_the_rate),
		cmocka_unit_test(one_contact_gets_a_burst_and_then_one_by_one),
		cmocka_unit_test(no_more_is_under_way_than_there_are_slots),
		cmocka_unit_test(with_a_key_the_same_bytes_go_again),
		cmocka_unit_test(with_an_echo_a_receipt_settles_it),
		cmocka_unit_test(a_receipt_that_was_faster_settles_it_at_once),
		cmocka_unit_test(without_an_echo_in_time_it_is_held_and_the_lane_goes_on),
		cmocka_unit_test(a_person_settles_what_nobody_knows),
		cmocka_unit_test(a_late_receipt_settles_what_was_held),
		cmocka_unit_test(a_channel_may_say_resend),
		cmocka_unit_test(what_was_being_sent_at_a_crash_is_unknown_and_events_go_again),
		cmocka_unit_test(an_answer_of_the_last_run_is_not_taken_for_one_of_this),
		cmocka_unit_test(a_closed_window_refuses_the_agent_and_says_so),
		cmocka_unit_test(a_preview_says_what_would_be_sent_and_does_nothing),
		cmocka_unit_test(the_same_call_again_is_answered_the_same_and_sends_once),
		cmocka_unit_test(a_refused_call_may_be_tried_again_with_its_key),
		cmocka_unit_test(an_answer_goes_to_no_stranger),
		cmocka_unit_test(notes_never_leave),
		cmocka_unit_test(files_go_out_by_the_path_of_their_hash),
		cmocka_unit_test(a_template_is_handed_over_as_one_at_every_attempt),
		cmocka_unit_test(an_answer_cites_messages_of_its_own_thread_only),
		cmocka_unit_test(a_store_that_fails_for_good_stops_the_engine),
		cmocka_unit_test(a_result_the_store_could_not_keep_is_done_again),
		cmocka_unit_test(a_first_part_that_failed_is_told_from_none_that_arrived),
		cmocka_unit_test(a_reaction_of_an_agent_names_the_providers_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
