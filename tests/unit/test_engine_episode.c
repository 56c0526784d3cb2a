/* test_engine_episode.c - what a conversation comes to: episodes, their clocks and counts, drops */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define IGNORE "rules:\n  - name: small talk\n    when: { text: { matches: '^(thanks|hello)$' } }\n    do: { ignore: noise }\n"
#define ASKED "  - name: asked\n    when: { text: { matches: 'ticket' } }\n    do: { convert: {} }\n"
#define HOLD "default: hold\n" IGNORE ASKED

static void close_it(hg_lab *lab, int resolution)
{
	hg_command *command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));

	command->resolution = resolution;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void status(hg_lab *lab, const char *word)
{
	hg_command *command = lab_command(lab, HG_CMD_STATUS, NULL);

	command->backend = "desk";
	command->ticket_ref = "TK-1000";
	command->text = word;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void send_all(hg_lab *lab)
{
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(lab, HG_TO_CHANNEL)))
		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "p" });
}

static void answer(hg_lab *lab, gboolean bot)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

	command->reply.text = "we look";
	command->reply.agent = "Mia";
	command->reply.bot = bot;
	lab_do(lab, command);
	send_all(lab);
}

/* Each of them is one row, as seconds since the test began. */
#define AGO(column) "((" column " - 1763632931004) / 1000)"
#define row_is(lab, want, columns) lab_is((lab), (want), "SELECT " columns " FROM episode ORDER BY n DESC LIMIT 1")

/* R0.1: an episode begins with the opening and ends with the closing, with all its clocks and counts. */
static void an_episode_is_counted_and_timed_and_ends_with_the_closing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, 10 * 1000);
	lab_say(lab, ANA, "where is my order");
	lab_wait(lab, 20 * 1000);
	answer(lab, TRUE);
	lab_wait(lab, 30 * 1000);
	answer(lab, FALSE);
	answer(lab, FALSE);
	lab_counts(lab, 0, "SELECT count(*) FROM episode");
	lab_counts(lab, 1, "SELECT episode FROM thread WHERE ep_opened_ms > 0");
	lab_wait(lab, 10 * 1000);
	close_it(lab, HG_RES_RESOLVED);
	row_is(lab, "1 wa default 0", "number || ' ' || channel || ' ' || scope || ' ' || shadow");
	row_is(lab, "0 0 30 60 70 70", AGO("opened_ms") " || ' ' || " AGO("customer_ms") " || ' ' || " AGO("bot_ms")
	       " || ' ' || " AGO("human_ms") " || ' ' || " AGO("ended_ms") " || ' ' || " AGO("closed_ms"));
	row_is(lab, "2 1 1 2", "inbound || ' ' || real || ' ' || bot || ' ' || human");
	row_is(lab, "1 1", "how || ' ' || resolution");
	lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE ep_opened_ms = 0 AND episode_n = 1");
	lab_audit(lab);
}

/* R0.18: only what is no noise comes back; it is a new episode, and the old one knows. */
static void a_message_after_the_closing_begins_the_next_episode_and_noise_does_not(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "where is my order");
	close_it(lab, HG_RES_RESOLVED);
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "thanks");
	row_is(lab, "0 1 1", "reopened_ms || ' ' || inbound || ' ' || (SELECT episode FROM thread)");
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "it is not here");
	row_is(lab, "7200 7200000", AGO("reopened_ms") " || ' ' || reopen_gap_ms");
	lab_counts(lab, 2, "SELECT episode FROM thread WHERE ep_opened_ms > 0 AND ep_inbound = 1");
	close_it(lab, HG_RES_RESOLVED);
	row_is(lab, "2 7200 1", "number || ' ' || " AGO("opened_ms") " || ' ' || inbound");
	lab_counts(lab, 2, "SELECT count(*) FROM episode");
	lab_audit(lab);
}

/* R0.2, R3.9: conversion ends the chat; what comes after belongs to the ticket and to the same row. */
static void conversion_ends_it_and_the_tickets_life_is_added_to_its_row(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "a ticket please");
	row_is(lab, "2 1 0 0", "how || ' ' || ticket_n || ' ' || acked_ms || ' ' || closed_ms");
	lab_wait(lab, 5000);
	lab_desk(lab);
	row_is(lab, "5", AGO("acked_ms"));
	lab_counts(lab, 1, "SELECT count(*) FROM ticket WHERE acked_ms = 1763632931004 + 5000");
	lab_wait(lab, 5000);
	lab_say(lab, ANA, "are you there");
	answer(lab, FALSE);
	row_is(lab, "10 2 1", AGO("human_ms") " || ' ' || inbound || ' ' || human");
	lab_wait(lab, HOUR_MS);
	status(lab, "solved");
	row_is(lab, "3610 1 1", AGO("closed_ms") " || ' ' || resolution || ' ' || (SELECT count(*) FROM episode)");
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "it broke again");
	row_is(lab, "7210 3600000", AGO("reopened_ms") " || ' ' || reopen_gap_ms");
	lab_wait(lab, HOUR_MS);
	status(lab, "closed");
	lab_wait(lab, 60 * 1000);
	lab_say(lab, ANA, "and again");
	/* The ticket goes on: no further conversation, and the shortest gap is the one that counts. */
	row_is(lab, "1 60000 1", "(SELECT count(*) FROM episode) || ' ' || reopen_gap_ms || ' ' || (SELECT episode FROM thread)");
	send_all(lab);
	lab_desk(lab);
	lab_audit(lab);
}

static void an_answer_counts_when_it_was_sent_also_behind_the_end(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "where is my order");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "on its way";
	lab_do(lab, command);
	close_it(lab, HG_RES_RESOLVED);
	row_is(lab, "0 0", "human || ' ' || human_ms");
	lab_wait(lab, 7000);
	lab_say(lab, ANA, "not here yet");
	send_all(lab);
	row_is(lab, "1 7", "human || ' ' || " AGO("human_ms"));
	lab_counts(lab, 0, "SELECT ep_human + ep_human_ms FROM thread");
}

static void what_was_never_sent_is_no_answer(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "where is my order");
	lab_reply(lab, lab_thread(lab), "here");
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_FAILED, .reach = HG_REACH_MESSAGE,
									 .text = "gone" });
	lab_counts(lab, 0, "SELECT ep_human + ep_human_ms FROM thread");
}

/* R4.3: closed unresolved and made a ticket in the same moment is one row, not two. */
static void closed_and_then_converted_is_one_episode(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\nrules:\n  - name: closed\n    on: thread.closed\n"
					"    when: { thread: { resolution: unresolved } }\n    do: { convert: {} }\n");
	(void)state;

	lab_say(lab, ANA, "where is my order");
	close_it(lab, HG_RES_UNRESOLVED);
	row_is(lab, "1 1 2 1", "(SELECT count(*) FROM episode) || ' ' || how || ' ' || resolution || ' ' || ticket_n");
	lab_desk(lab);
	lab_wait(lab, 10 * MINUTE_MS);
	row_is(lab, "0", "dropped_ms");
	lab_audit(lab);
}

/* R4.7: acknowledged after exactly 300 s is in time, a millisecond later it is a drop that was restored. */
static void a_drop_is_what_no_helpdesk_had_within_300_seconds(void **state)
{
	static const struct { gint64 after_ms; const char *want; } cases[] = {
		{ 300 * 1000, "0 0" }, { 300 * 1000 + 1, "300000 300001" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new("default: hold\nrules:\n  - name: closed\n    on: thread.closed\n"
						"    when: { thread: { resolution: unresolved } }\n    do: { convert: {} }\n");
		hg_dispatch *request;

		lab_say(lab, ANA, "where is my order");
		close_it(lab, HG_RES_UNRESOLVED);
		request = lab_take(lab, HG_TO_BACKEND);
		if (cases[i].after_ms == 300 * 1000)
			test_now_ms += cases[i].after_ms;	/* both in one round: the answer and the timer */
		else
			lab_wait(lab, cases[i].after_ms);
		lab_forwarded(lab, request, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
		lab_wait(lab, HOUR_MS);
		row_is(lab, cases[i].want, "CASE WHEN dropped_ms > 0 THEN dropped_ms - closed_ms ELSE 0 END || ' ' || "
		       "CASE WHEN restored_ms > 0 THEN restored_ms - closed_ms ELSE 0 END");
		assert_int_equal(lab_told(lab, "drop.detected"), i);
	}
}

static void a_drop_is_found_once_also_by_the_next_process(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "where is my order");
	close_it(lab, HG_RES_UNRESOLVED);
	lab_wait(lab, MINUTE_MS);
	lab_restart(lab);
	test_now_ms += 2 * HOUR_MS;	/* nobody was there when it was due */
	lab_run(lab);
	row_is(lab, "300000", "dropped_ms - closed_ms");
	assert_int_equal(lab_told(lab, "drop.detected"), 1);
	lab_wait(lab, DAY_MS);
	assert_int_equal(lab_told(lab, "drop.detected"), 1);
	/* The customer comes back: it is a chat again, and nothing is left to be repaired. */
	lab_say(lab, ANA, "hm, where is my order");
	lab_counts(lab, 1, "SELECT count(*) FROM episode WHERE restored_ms = reopened_ms AND restored_ms > dropped_ms");
}

/* What happened counts when it is on disk, and nothing of it twice. */
static void what_happened_is_counted_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	struct hg_tally tally;
	hg_command *refused;
	(void)state;

	lab_say(lab, ANA, "where is my order");
	refused = lab_command(lab, HG_CMD_REOPEN, lab_thread(lab));
	lab_do(lab, refused);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	close_it(lab, HG_RES_UNRESOLVED);
	hg_engine_get_tally(lab->engine, "wa", &tally);
	assert_int_equal(tally.closed, 1);
	assert_int_equal(tally.resolution.n, 0);	/* unresolved */
	lab_wait(lab, 6 * MINUTE_MS);
	lab_say(lab, ANA, "hm, where is my order");
	lab_wait(lab, 61 * 1000);
	answer(lab, FALSE);
	answer(lab, FALSE);
	close_it(lab, HG_RES_RESOLVED);
	hg_engine_get_tally(lab->engine, "wa", &tally);
	assert_int_equal(tally.closed, 2);
	assert_int_equal(tally.drops, 1);
	assert_int_equal(tally.restored, 1);
	assert_int_equal(tally.reopened, 1);
	assert_int_equal(tally.first_human.n, 1);
	assert_int_equal(tally.first_human.sum_ms, 61 * 1000);
	assert_int_equal(tally.first_human.buckets[4], 1);	/* more than 60 s, 120 at most */
	assert_int_equal(tally.resolution.n, 1);
	hg_engine_get_tally(lab->engine, "sms", &tally);
	assert_int_equal(tally.closed, 0);
}

static void who_comes_back_in_time_was_not_dropped(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "where is my order");
	close_it(lab, HG_RES_UNRESOLVED);
	lab_wait(lab, MINUTE_MS);
	lab_say(lab, ANA, "it is late");
	lab_wait(lab, 4 * MINUTE_MS);
	row_is(lab, "0", "dropped_ms");
	assert_int_equal(lab_told(lab, "drop.detected"), 0);
}

static void restore(hg_lab *lab, const char *did)
{
	g_autofree char *want = g_strdup_printf("\"did\":\"%s\"", did);

	lab_do(lab, lab_command(lab, HG_CMD_RESTORE, lab_thread(lab)));
	if (lab->error || !strstr(lab->answer, want))
		fail_msg("%s: %s", did, lab->error ? lab->error_text : lab->answer);
}

/* R4.7: repair is converting again, and as often as it is asked for it comes to the same. */
static void restoring_a_drop_makes_its_ticket_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "where is my order");
	lab_do(lab, lab_command(lab, HG_CMD_RESTORE, lab_thread(lab)));
	assert_int_equal(lab->error, HG_ERROR_STATE);
	close_it(lab, HG_RES_UNRESOLVED);
	lab_wait(lab, 5 * MINUTE_MS);
	restore(lab, "converted");
	restore(lab, "waits");		/* its request is under way */
	row_is(lab, "0", "restored_ms");
	lab_wait(lab, 1000);
	assert_string_equal(lab_desk(lab), "ticket.requested");
	row_is(lab, "1", "restored_ms > dropped_ms AND acked_ms = restored_ms");
	restore(lab, "nothing");
	assert_string_equal(lab_desk(lab), "");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

static void restoring_a_drop_sends_its_request_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	hg_dispatch *request;
	char id[HG_ID_SIZE];
	(void)state;

	lab_say(lab, ANA, "a ticket please");
	close_it(lab, HG_RES_UNRESOLVED);
	request = lab_take(lab, HG_TO_BACKEND);
	g_strlcpy(id, request->event.id, sizeof(id));
	lab_forwarded(lab, request, &(struct hg_forward_result){ .fate = HG_FAILED, .status = 400, .text = "no" });
	lab_wait(lab, 5 * MINUTE_MS);
	assert_int_equal(lab_told(lab, "drop.detected"), 1);
	restore(lab, "sent_again");
	request = lab_take(lab, HG_TO_BACKEND);
	while (request && strcmp(request->event.type, "ticket.requested") != 0) {
		lab_forwarded(lab, request, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
		request = lab_take(lab, HG_TO_BACKEND);
	}
	assert_non_null(request);
	assert_string_equal(request->event.id, id);
	lab_forwarded(lab, request, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
	row_is(lab, "1", "restored_ms > 0");
	assert_int_equal(lab_told(lab, "ticket.requested"), 1);
}

static void restoring_a_drop_asks_anew_when_nobody_was_asked(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD "backends: { }\n");
	(void)state;

	lab_say(lab, ANA, "a ticket please");
	close_it(lab, HG_RES_UNRESOLVED);
	lab_wait(lab, 5 * MINUTE_MS);
	lab_do(lab, lab_command(lab, HG_CMD_RESTORE, lab_thread(lab)));
	assert_int_equal(lab->error, HG_ERROR_CONFIG);
	lab_reload(lab, HOLD);
	restore(lab, "asked_again");
	assert_non_null(strstr(lab_desk(lab), "ticket.requested"));
	row_is(lab, "1", "restored_ms > 0");
}

/* R0.18: added to a ticket that stays closed, it has come back all the same. */
static void what_joins_a_closed_ticket_has_come_back(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD "window: { reopen: [ { within: 7d, do: join } ] }\n");
	(void)state;

	lab_say(lab, ANA, "a ticket please");
	lab_desk(lab);
	status(lab, "closed");
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "and what now");
	row_is(lab, "3600000", "reopen_gap_ms");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_episode_is_counted_and_timed_and_ends_with_the_closing),
		cmocka_unit_test(a_message_after_the_closing_begins_the_next_episode_and_noise_does_not),
		cmocka_unit_test(conversion_ends_it_and_the_tickets_life_is_added_to_its_row),
		cmocka_unit_test(an_answer_counts_when_it_was_sent_also_behind_the_end),
		cmocka_unit_test(what_was_never_sent_is_no_answer),
		cmocka_unit_test(closed_and_then_converted_is_one_episode),
		cmocka_unit_test(a_drop_is_what_no_helpdesk_had_within_300_seconds),
		cmocka_unit_test(a_drop_is_found_once_also_by_the_next_process),
		cmocka_unit_test(what_happened_is_counted_once),
		cmocka_unit_test(who_comes_back_in_time_was_not_dropped),
		cmocka_unit_test(restoring_a_drop_makes_its_ticket_once),
		cmocka_unit_test(restoring_a_drop_sends_its_request_again),
		cmocka_unit_test(restoring_a_drop_asks_anew_when_nobody_was_asked),
		cmocka_unit_test(what_joins_a_closed_ticket_has_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
