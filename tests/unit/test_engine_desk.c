/* test_engine_desk.c - the helpdesk's side: conversion, links, status, confirmation, forwarding */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define ALL "rules:\n  - name: all\n    do: { convert: { priority: high, category: billing } }\n"

static hg_command *desk_says(hg_lab *lab, int kind, const char *ref)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->backend = "desk";
	command->ticket_ref = hg_arena_str(command->arena, ref);
	return command;
}

static void status(hg_lab *lab, const char *ref, const char *word)
{
	hg_command *command = desk_says(lab, HG_CMD_STATUS, ref);

	command->text = word;
	lab_do(lab, command);
	if (lab->error)
		fail_msg("%s", lab->error_text);
}

static void link_it(hg_lab *lab, const char *ref, const char *id, const char *number)
{
	hg_command *command = desk_says(lab, HG_CMD_LINK, ref);

	command->external_id = id;
	command->number = number;
	lab_do(lab, command);
}

/* What the customer was told, as far as it was sent. */
static char *told(hg_lab *lab)
{
	hg_dispatch *dispatch = lab_take(lab, HG_TO_CHANNEL);
	char *text = dispatch ? g_strdup(dispatch->out.text) : NULL;

	if (dispatch)
		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "p" });
	return text;
}

static void converting_twice_is_the_same_ticket(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_say(lab, ANA, "hello");
	for (int i = 0; i < 2; i++) {
		hg_command *command = lab_command(lab, HG_CMD_CONVERT, lab_thread(lab));

		command->agent = "Mia";
		command->subject = "Invoice";
		lab_do(lab, command);
		assert_int_equal(lab->error, 0);
		assert_non_null(strstr(lab->answer, "TK-1000"));
	}
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_is(lab, "Invoice", "SELECT subject FROM ticket");
	lab_is(lab, "agent Mia", "SELECT reason FROM ticket");
	assert_int_equal(lab_told(lab, "ticket.requested"), 1);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text LIKE '%%TK-1000%%'");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

static void the_customer_is_told_the_helpdesks_number_when_it_comes_in_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	g_autofree char *text = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, 30 * 1000);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){
		.fate = HG_SENT, .status = 200, .external_id = "77", .number = "#4711", .url = "https://desk/77" });
	text = told(lab);
	assert_string_equal(text, "Thank you. Your request has the number #4711.");
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket");
	lab_is(lab, "77", "SELECT external_id FROM link");
	assert_int_equal(lab_told(lab, "ticket.linked"), 1);
	lab_wait(lab, HOUR_MS);
	assert_null(told(lab));
	/* What the desk itself said is no news to it. */
	assert_null(strstr(lab_desk(lab), "ticket.linked"));
}

static void else_ours_after_a_minute_and_only_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	g_autofree char *text = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, MINUTE_MS - 1);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_wait(lab, 1);
	text = told(lab);
	assert_string_equal(text, "Thank you. Your request has the number TK-1000.");
	link_it(lab, "TK-1000", "77", "#4711");
	lab_wait(lab, HOUR_MS);
	assert_null(told(lab));
	lab_counts(lab, 1, "SELECT confirmed FROM ticket");
}

static void a_confirmation_the_window_refuses_reaches_the_agent(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab->window_ms = 1000;
	lab_say(lab, ANA, "hello");
	lab_desk(lab);
	lab_wait(lab, 2 * MINUTE_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2 AND delivery = 9 AND author = 6");
	assert_string_equal(lab_desk(lab), "message.status");
}

static void who_opted_out_gets_nothing_automatic_but_an_agents_answer(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	struct hg_in stop = lab_text(ANA, "stop");
	g_autofree char *text = NULL;
	(void)state;

	stop.kind = HG_CONSENT;
	lab_in(lab, "wa", &stop, 1);
	lab_say(lab, ANA, "hello");
	lab_desk(lab);
	lab_wait(lab, 2 * MINUTE_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	assert_string_equal(lab_desk(lab), "message.status");
	lab_reply(lab, lab_thread(lab), "by hand");
	text = told(lab);
	assert_string_equal(text, "by hand");
}

static void the_status_of_the_ticket_moves_the_thread(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_say(lab, ANA, "hello");
	link_it(lab, "TK-1000", "77", NULL);
	status(lab, "77", "pending");
	lab_counts(lab, HG_THREAD_CONVERTED, "SELECT state FROM thread");
	status(lab, "TK-1000", "solved");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, HG_RES_RESOLVED, "SELECT resolution FROM thread");
	status(lab, "TK-1000", "solved");
	assert_int_equal(lab_told(lab, "ticket.status"), 2);
	/* The customer comes back within the window: the same ticket, open again. */
	lab_wait(lab, DAY_MS);
	lab_say(lab, ANA, "not solved at all");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket");
	lab_counts(lab, HG_THREAD_CONVERTED, "SELECT state FROM thread");
	assert_int_equal(lab_told(lab, "ticket.reopened"), 1);
	/* Of all this the desk hears what it did not say itself. */
	assert_string_equal(lab_desk(lab), "ticket.requested ticket.reopened ticket.message");
}

/* A conversation with ticket 77, and what is to be added to it. */
static hg_dispatch *more_for_77(hg_lab *lab)
{
	lab_say(lab, ANA, "hello");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT, .external_id = "77" });
	lab_say(lab, ANA, "and more");
	return lab_take(lab, HG_TO_BACKEND);
}

static void what_took_the_place_of_a_lost_ticket_is_the_ticket(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_forwarded(lab, more_for_77(lab), &(struct hg_forward_result){ .fate = HG_STEP, .body = "x", .len = 1, .external_id = "88",
									  .number = "#88", .lost = TRUE });
	lab_is(lab, "88 #88", "SELECT external_id || ' ' || number FROM link");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text = 'desk: the conversation goes on in ticket 88, "
		   "which took the place of 77.'");
	/* Once: what else is done of it names the same. */
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT, .external_id = "88", .lost = TRUE });
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text LIKE '%%took the place%%'");
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 2");
	assert_int_equal(lab_told(lab, "ticket.linked"), 2);
	lab_audit(lab);
}

static void where_nothing_takes_its_place_the_conversation_says_so(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	hg_command *command;
	(void)state;

	lab_forwarded(lab, more_for_77(lab), &(struct hg_forward_result){ .fate = HG_FAILED, .text = "no such ticket", .lost = TRUE });
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text LIKE 'desk has no ticket 77 any more%%ticket relink TK-1000 ID%%ticket retry TK-1000%%'");
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE error = 'no such ticket'");
	/* Only who says which one it was may name another. */
	for (int i = 0; i < 2; i++) {
		command = desk_says(lab, HG_CMD_LINK, "TK-1000");
		command->external_id = "88";
		command->text = i ? "77" : "76";
		lab_do(lab, command);
		assert_int_equal(lab->error != 0, !i);
	}
	lab_is(lab, "88", "SELECT external_id FROM link");
	lab_audit(lab);
}

static void words_that_are_no_status_are_refused(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "hello");
	command = desk_says(lab, HG_CMD_STATUS, "TK-1000");
	command->text = "frozen";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	command = desk_says(lab, HG_CMD_STATUS, "TK-9999");
	command->text = "open";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void another_id_for_the_same_ticket_is_a_conflict(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_say(lab, ANA, "hello");
	link_it(lab, "TK-1000", "77", NULL);
	assert_int_equal(lab->error, 0);
	link_it(lab, "TK-1000", "77", NULL);
	assert_int_equal(lab->error, 0);
	assert_int_equal(lab_told(lab, "ticket.linked"), 1);
	link_it(lab, "TK-1000", "78", NULL);
	assert_int_equal(lab->error, HG_ERROR_CONFLICT);
	lab_is(lab, "77", "SELECT external_id FROM link");
}

static void events_arrive_in_order_per_thread_through_failures(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL "ticket: { confirm: \"\" }\n");
	const char *order[] = { "ticket.requested", "ticket.message", "ticket.message" };
	gint64 seq = 0;
	(void)state;

	lab_say(lab, ANA, "one");
	lab_say(lab, ANA, "two");
	lab_say(lab, ANA, "three");
	lab_say(lab, BEN, "beside it");
	for (gsize i = 0; i < 3; i++) {
		hg_dispatch *dispatch = lab_take(lab, HG_TO_BACKEND), *other;
		g_autofree char *id = g_strdup(dispatch->event.id);

		assert_string_equal(dispatch->event.type, order[i]);
		assert_true(dispatch->event.seq > seq);
		seq = dispatch->event.seq;
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_RETRY, .status = 503 });
		other = lab_take(lab, HG_TO_BACKEND);
		if (i == 0) {	/* other threads are unharmed */
			assert_int_equal(other->event.thread_n, 2);
			lab_forwarded(lab, other, &(struct hg_forward_result){ .fate = HG_SENT });
		} else {
			assert_null(other);
		}
		lab_wait(lab, 6001);
		dispatch = lab_take(lab, HG_TO_BACKEND);
		assert_string_equal(dispatch->event.id, id);
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT });
	}
	assert_null(lab_take(lab, HG_TO_BACKEND));
}

static void three_days_of_outage_lose_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL "ticket: { confirm: \"\" }\n");
	guint attempts = 0;
	(void)state;

	lab_say(lab, ANA, "one");
	lab_say(lab, ANA, "two");
	for (gint64 end = test_now_ms + 3 * DAY_MS; test_now_ms < end;) {
		hg_dispatch *dispatch = lab_take(lab, HG_TO_BACKEND);

		if (dispatch) {
			assert_string_equal(dispatch->event.type, "ticket.requested");
			lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_RETRY });
			attempts++;
		}
		lab_wait(lab, 10 * MINUTE_MS);
	}
	/* Hourly for a day, then every four hours. */
	assert_in_range(attempts, 30, 50);
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_UP);
	assert_string_equal(lab_desk(lab), "ticket.requested ticket.message");
}

/* ---- helpdesks that are spoken to in steps ---- */

static gboolean in_doubt(const hg_dispatch *dispatch)
{
	return dispatch->job.doubt_ms && dispatch->job.doubt_ms < dispatch->job.changed_ms;
}

static void what_is_done_of_a_ticket_is_on_disk_before_the_rest(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, 30 * 1000);
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_true(!in_doubt(dispatch) && dispatch->job.doubt_ms && !dispatch->job.body);
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_STEP, .body = "one", .len = 3 });
	lab_is(lab, "one", "SELECT CAST(body AS TEXT) FROM outbox");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_memory_equal(dispatch->job.body, "one", 3);
	assert_int_equal(dispatch->job.attempts, 1);
	assert_false(in_doubt(dispatch));
	/* What named the ticket is known, though the event is not done. */
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_STEP, .body = "two", .len = 3, .external_id = "77" });
	lab_is(lab, "77", "SELECT external_id FROM link");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT });
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 2");
}

static void only_what_may_have_arrived_leaves_a_doubt(void **state)
{
	static const struct { struct hg_forward_result result; gboolean doubt; } tries[] = {
		{ { .fate = HG_RETRY }, FALSE }, { { .fate = HG_RETRY, .doubt = TRUE }, TRUE },
		/* A later one that never left does not take it back; a step that is done does. */
		{ { .fate = HG_RETRY }, TRUE }, { { .fate = HG_RETRY, .body = "looked", .len = 6 }, TRUE },
		{ { .fate = HG_STEP, .body = "sure", .len = 4 }, FALSE },
	};
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, 30 * 1000);
	for (gsize i = 0; i < G_N_ELEMENTS(tries); i++) {
		hg_dispatch *dispatch = lab_take(lab, HG_TO_BACKEND);

		if (in_doubt(dispatch) != (i && tries[i - 1].doubt))
			fail_msg("attempt %zu", i);
		lab_forwarded(lab, dispatch, &tries[i].result);
		lab_wait(lab, HOUR_MS);
	}
	lab_is(lab, "sure", "SELECT CAST(body AS TEXT) FROM outbox WHERE event_n = (SELECT MIN(event_n) FROM outbox)");
}

static void a_link_brings_forward_what_waits_for_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, 30 * 1000);
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_FAILED, .text = "held" });
	lab_say(lab, ANA, "still there?");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_RETRY, .retry_ms = HOUR_MS });
	assert_null(lab_take(lab, HG_TO_BACKEND));
	link_it(lab, "TK-1000", "77", "77");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT });
}

static void a_ticket_that_was_made_is_known_whatever_else_fails(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_wait(lab, 30 * 1000);
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_FAILED, .text = "its files are refused",
										       .external_id = "77" });
	lab_is(lab, "77", "SELECT external_id FROM link");
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE state = 6");
}

static void after_give_up_it_is_a_dead_letter_and_the_next_goes_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL "ticket: { confirm: \"\" }\n");
	(void)state;

	lab_say(lab, ANA, "one");
	test_now_ms += 7 * DAY_MS - 1;
	lab_say(lab, ANA, "two");
	test_now_ms += 1;
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_RETRY, .text = "503" });
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE target = 2 AND state = 6 AND error = '503'");
	assert_string_equal(lab_desk(lab), "ticket.message");
}

static void a_backend_that_is_gone_is_left_alone(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL "ticket: { confirm: \"\" }\n");
	(void)state;

	lab_say(lab, ANA, "one");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_FAILED, .status = 410,
		.gone = TRUE });
	lab_counts(lab, HG_JOB_PARKED, "SELECT state FROM outbox WHERE target = 2");
	lab_say(lab, BEN, "two");
	lab_wait(lab, DAY_MS);
	assert_null(lab_take(lab, HG_TO_BACKEND));
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_UP);
	assert_string_equal(lab_desk(lab), "ticket.requested ticket.requested");
}

/* The answer to an attempt that left before the reload must not undo what the reload brought back. */
static void a_410_from_before_a_reload_is_only_a_retry(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL "ticket: { confirm: \"\" }\n");
	hg_dispatch *before;
	(void)state;

	lab_say(lab, ANA, "one");
	before = lab_take(lab, HG_TO_BACKEND);
	lab_wait(lab, 10);
	hg_engine_reload(lab->engine, lab->conf, NULL);
	lab_wait(lab, 10);
	lab_forwarded(lab, before, &(struct hg_forward_result){ .fate = HG_RETRY, .status = 410, .gone = TRUE });
	lab_counts(lab, HG_JOB_DUE, "SELECT state FROM outbox WHERE target = 2");
	lab_wait(lab, 2000);
	assert_string_equal(lab_desk(lab), "ticket.requested");
}

/* Found by the simulation: any round that was undone later made it news again. */
static void that_it_is_down_is_told_once_whatever_is_undone_later(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_DOWN);
	lab_do(lab, desk_says(lab, HG_CMD_STATUS, "TK-9999"));
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_DOWN);
	assert_int_equal(lab_told(lab, "channel.down"), 1);
}

static void patterns_choose_what_a_backend_hears(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("backends:\n  log: { url: \"https://log.example/\", secrets: \"env:LAB_SECRET\", "
					"events: [ \"message.*\", thread.opened ] }\n");
	(void)state;

	lab_say(lab, ANA, "hello");
	assert_string_equal(lab_desk(lab), "thread.opened message.received");
	lab_wait(lab, MINUTE_MS);
	assert_string_equal(lab_desk(lab), "");
}

static void a_thread_closed_by_hand_goes_on_with_its_open_ticket(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL "ticket: { confirm: \"\" }\n");
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "one");
	lab_desk(lab);
	command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));
	lab_do(lab, command);
	lab_wait(lab, 6 * DAY_MS);
	lab_say(lab, ANA, "two");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_counts(lab, HG_THREAD_CONVERTED, "SELECT state FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

static void reopening_by_hand_beside_an_open_thread_gets_a_key_of_its_own(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("window: { reopen: 1h }\ndefault: ignore\n");
	g_autofree char *first = NULL;
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "one");
	first = g_strdup(lab_thread(lab));
	lab_do(lab, lab_command(lab, HG_CMD_CLOSE, first));
	lab_wait(lab, 2 * HOUR_MS);
	lab_say(lab, ANA, "two");
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	command = lab_command(lab, HG_CMD_REOPEN, first);
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 2, "SELECT count(*) FROM thread WHERE state = 1");
	lab_do(lab, lab_command(lab, HG_CMD_REOPEN, first));
	assert_int_equal(lab->error, HG_ERROR_STATE);
	lab_audit(lab);
}

static void what_is_not_there_is_said_to_be_missing(void **state)
{
	static const int kinds[] = { HG_CMD_REPLY, HG_CMD_NOTE, HG_CMD_CONVERT, HG_CMD_CLOSE, HG_CMD_REOPEN };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		hg_command *command = lab_command(lab, kinds[i], i & 1 ? "thr_01hf0000000000000000000000" : "x'; --");

		command->reply.text = command->text = "x";
		lab_do(lab, command);
		assert_int_equal(lab->error, HG_ERROR_MISSING);
	}
	link_it(lab, "TK-1", "77", NULL);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void the_first_answer_is_timed_for_people_and_bots(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command;
	gint64 begin;
	(void)state;

	lab_say(lab, ANA, "hello");
	begin = test_now_ms;
	lab_wait(lab, 1000);
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "a bot";
	command->reply.bot = TRUE;
	lab_do(lab, command);
	lab_wait(lab, 1000);
	lab_reply(lab, lab_thread(lab), "a person");
	lab_counts(lab, begin + 1000, "SELECT first_bot_ms FROM thread");
	lab_counts(lab, begin + 2000, "SELECT first_response_ms FROM thread");
}

/* ---- outages ---- */

#define HONEST "ticket: { confirm: \"\" }\nrules:\n  - name: honest\n    when: { helpdesk: { down: true, for: 5m }, not: { tag: told } }\n" \
	       "    do: { tag: told, reply: We are slow. }\n  - name: all\n    do: { convert: {} }\n"

static void an_outage_is_known_since_when_also_after_a_restart(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HONEST);
	g_autofree char *soon = NULL, *late = NULL, *again = NULL, *after = NULL;
	hg_dispatch *waits;
	gint64 since_ms;
	(void)state;

	lab_condition(lab, HG_TO_BACKEND, "desk", HG_DOWN);
	since_ms = test_now_ms;
	lab_say(lab, ANA, "hello");
	soon = told(lab);
	assert_null(soon);
	lab_wait(lab, 4 * MINUTE_MS);
	lab_restart(lab);
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_DOWN);	/* whoever carries it finds out again */
	lab_counts(lab, since_ms, "SELECT next FROM counter WHERE name = 'down:desk'");
	lab_wait(lab, MINUTE_MS);
	lab_say(lab, BEN, "hello");
	late = told(lab);
	assert_string_equal(late, "We are slow.");
	lab_say(lab, BEN, "hello?");
	again = told(lab);
	assert_null(again);
	assert_int_equal(lab_told(lab, "channel.down"), 1);
	/* Nobody says that it is up, for nobody but the engine remembers: the first answer does. */
	lab_restart(lab);
	lab_run(lab);
	waits = lab_take(lab, HG_TO_BACKEND);
	lab_forwarded(lab, waits, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
	assert_int_equal(lab_told(lab, "channel.up"), 1);
	lab_counts(lab, 0, "SELECT next FROM counter WHERE name = 'down:desk'");
	lab_say(lab, "tel:+447700900789", "hello");
	after = told(lab);
	assert_null(after);
	lab_audit(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outage_is_known_since_when_also_after_a_restart),
		cmocka_unit_test(converting_twice_is_the_same_ticket),
		cmocka_unit_test(the_customer_is_told_the_helpdesks_number_when_it_comes_in_time),
		cmocka_unit_test(else_ours_after_a_minute_and_only_once),
		cmocka_unit_test(a_confirmation_the_window_refuses_reaches_the_agent),
		cmocka_unit_test(who_opted_out_gets_nothing_automatic_but_an_agents_answer),
		cmocka_unit_test(the_status_of_the_ticket_moves_the_thread),
		cmocka_unit_test(what_took_the_place_of_a_lost_ticket_is_the_ticket),
		cmocka_unit_test(where_nothing_takes_its_place_the_conversation_says_so),
		cmocka_unit_test(words_that_are_no_status_are_refused),
		cmocka_unit_test(another_id_for_the_same_ticket_is_a_conflict),
		cmocka_unit_test(events_arrive_in_order_per_thread_through_failures),
		cmocka_unit_test(three_days_of_outage_lose_nothing),
		cmocka_unit_test(what_is_done_of_a_ticket_is_on_disk_before_the_rest),
		cmocka_unit_test(only_what_may_have_arrived_leaves_a_doubt),
		cmocka_unit_test(a_link_brings_forward_what_waits_for_it),
		cmocka_unit_test(a_ticket_that_was_made_is_known_whatever_else_fails),
		cmocka_unit_test(after_give_up_it_is_a_dead_letter_and_the_next_goes_on),
		cmocka_unit_test(a_backend_that_is_gone_is_left_alone),
		cmocka_unit_test(a_410_from_before_a_reload_is_only_a_retry),
		cmocka_unit_test(that_it_is_down_is_told_once_whatever_is_undone_later),
		cmocka_unit_test(patterns_choose_what_a_backend_hears),
		cmocka_unit_test(a_thread_closed_by_hand_goes_on_with_its_open_ticket),
		cmocka_unit_test(reopening_by_hand_beside_an_open_thread_gets_a_key_of_its_own),
		cmocka_unit_test(what_is_not_there_is_said_to_be_missing),
		cmocka_unit_test(the_first_answer_is_timed_for_people_and_bots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
