/* test_engine_operate.c - what operators do: channels paused, dead letters tried again, changed, discarded */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define SENT(i) (&(struct hg_result){ .fate = HG_SENT, .id = (i) })

static void pause_it(hg_lab *lab, const char *channel, gboolean remove, const char *why)
{
	hg_command *command = lab_command(lab, HG_CMD_PAUSE, NULL);

	command->channel = channel;
	command->remove = remove;
	command->text = why;
	lab_do(lab, command);
}

static void about(hg_lab *lab, int kind, gint64 job_n, const char *type, const char *text)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->job_n = job_n;
	command->type = type;
	command->text = text;
	lab_do(lab, command);
}

/* An answer to Ana that is on its way. */
static hg_dispatch *answered(hg_lab *lab, const char *text)
{
	lab_say(lab, ANA, "help");
	lab_wait(lab, HOUR_MS / 60);
	lab_desk(lab);
	lab_reply(lab, lab_thread(lab), text);
	return lab_take(lab, HG_TO_CHANNEL);
}

/* ---- paused ---- */

static void what_is_to_be_sent_waits_for_a_paused_channel_and_then_leaves_in_order(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_sent(lab, answered(lab, "before"), SENT("p0"));
	pause_it(lab, "wa", FALSE, "the number is being moved");
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, "\"reason\":\"the number is being moved\""));
	lab_reply(lab, lab_thread(lab), "first");
	lab_reply(lab, lab_thread(lab), "second");
	lab_wait(lab, 3 * DAY_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	pause_it(lab, "wa", TRUE, NULL);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_non_null(dispatch);
	assert_string_equal(dispatch->out.text, "first");
	lab_sent(lab, dispatch, SENT("p1"));
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.text, "second");
	lab_sent(lab, dispatch, SENT("p2"));
	assert_int_equal(lab_told(lab, "channel.paused"), 1);
	assert_int_equal(lab_told(lab, "channel.resumed"), 1);
	lab_desk(lab);
	lab_audit(lab);
}

static void what_comes_in_meanwhile_is_taken_and_told_to_the_helpdesk(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	pause_it(lab, "wa", FALSE, NULL);
	lab_say(lab, BEN, "is anybody there?");
	lab_wait(lab, HOUR_MS);
	assert_non_null(strstr(lab_desk(lab), "ticket.requested"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1");
	assert_null(lab_take(lab, HG_TO_CHANNEL));
}

static void other_channels_go_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	pause_it(lab, "sms", FALSE, NULL);
	lab_sent(lab, answered(lab, "hello"), SENT("p1"));
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
}

static void a_pause_outlives_a_restart_a_reload_and_an_outage(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_sent(lab, answered(lab, "before"), SENT("p0"));
	pause_it(lab, "wa", FALSE, NULL);
	lab_reply(lab, lab_thread(lab), "later");
	lab_restart(lab);
	lab_wait(lab, HOUR_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_reload(lab, NULL);
	lab_condition(lab, HG_TO_CHANNEL, "wa", HG_DOWN);
	lab_condition(lab, HG_TO_CHANNEL, "wa", HG_UP);
	lab_wait(lab, HOUR_MS);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	pause_it(lab, "wa", TRUE, NULL);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_non_null(dispatch);
	lab_sent(lab, dispatch, SENT("p1"));
}

static void said_twice_it_is_one_pause_with_the_newest_reason(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *since = NULL;
	(void)state;

	pause_it(lab, "wa", FALSE, "one");
	since = lab_value(lab, "SELECT since_ms FROM standing");
	lab_wait(lab, HOUR_MS);
	pause_it(lab, "wa", FALSE, "two");
	lab_is(lab, "two", "SELECT text FROM standing WHERE kind = 'pause'");
	lab_is(lab, since, "SELECT since_ms FROM standing");
	assert_int_equal(lab_told(lab, "channel.paused"), 1);
	pause_it(lab, "wa", TRUE, NULL);
	pause_it(lab, "wa", TRUE, NULL);
	assert_int_equal(lab->error, 0);
	assert_int_equal(lab_told(lab, "channel.resumed"), 1);
	lab_counts(lab, 0, "SELECT count(*) FROM standing");
	pause_it(lab, "nobody", FALSE, NULL);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

/* ---- dead letters ---- */

static gint64 dead_event(hg_lab *lab)
{
	hg_dispatch *dispatch;
	gint64 n;

	lab_say(lab, ANA, "help");
	lab_wait(lab, HOUR_MS / 60);
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_non_null(dispatch);
	n = dispatch->job.n;
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_FAILED, .status = 422, .text = "no such queue" });
	lab_counts(lab, HG_JOB_DEAD, "SELECT state FROM outbox WHERE n = %" G_GINT64_FORMAT, n);
	return n;
}

static void a_changed_event_goes_out_as_changed_and_the_log_keeps_what_it_was(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	gint64 n = dead_event(lab);
	hg_dispatch *dispatch;
	(void)state;

	about(lab, HG_CMD_EDIT_DEAD, n, "backend", "{\"changed\":true}");
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, "\"sha256_before\":\""));
	/* printf '{"changed":true}' | sha256sum */
	assert_non_null(strstr(lab->answer, "\"sha256_after\":\"1bff1ce9494f80e149182ba3b174ede892b39b886812687bf4b5b98a801532db\""));
	lab_restart(lab);
	about(lab, HG_CMD_RETRY_DEAD, n, NULL, NULL);
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_int_equal(dispatch->job.n, n);
	assert_string_equal(dispatch->event.data, "{\"changed\":true}");
	lab_counts(lab, 0, "SELECT count(*) FROM event WHERE data = '{\"changed\":true}'");
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT });
	lab_counts(lab, 0, "SELECT count(*) FROM standing");
	lab_audit(lab);
}

static void a_changed_answer_is_sent_once_with_the_new_text_and_another_key(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch = answered(lab, "first");
	gint64 n = dispatch->job.n;
	g_autofree char *key = g_strdup(dispatch->out.key);
	(void)state;

	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED, .text = "not allowed to say first" });
	about(lab, HG_CMD_EDIT_DEAD, n, "channel", "second");
	assert_int_equal(lab->error, 0);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	about(lab, HG_CMD_RETRY_DEAD, n, NULL, NULL);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.text, "second");
	assert_memory_equal(dispatch->out.body, "send:second", 11);
	assert_string_not_equal(dispatch->out.key, key);
	lab_sent(lab, dispatch, SENT("p1"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text = 'second' AND delivery = 4");
	assert_int_equal(lab_told(lab, "message.edited"), 1);
	lab_audit(lab);
}

static void what_cannot_be_changed_says_so_and_stays_as_it_was(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	gint64 event = dead_event(lab);
	hg_dispatch *dispatch;
	gint64 parts;
	(void)state;

	about(lab, HG_CMD_EDIT_DEAD, event, "channel", "a text");
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	lab_reply(lab, lab_thread(lab), "one\n\ntwo");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	parts = dispatch->job.n;
	about(lab, HG_CMD_EDIT_DEAD, parts, "channel", "three");
	assert_int_equal(lab->error, HG_ERROR_STATE);	/* it is on its way */
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED });
	about(lab, HG_CMD_EDIT_DEAD, parts, "channel", "three\n\nfour");
	assert_int_equal(lab->error, HG_ERROR_STATE);
	assert_non_null(strstr(lab->error_text, "several parts"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text LIKE 'one%%'");
	about(lab, HG_CMD_EDIT_DEAD, 4711, "channel", "x");
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void a_discarded_one_is_gone_and_what_came_behind_it_goes_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	gint64 n = dead_event(lab);
	(void)state;

	about(lab, HG_CMD_EDIT_DEAD, n, "backend", "{}");
	about(lab, HG_CMD_DISCARD, n, NULL, "the ticket was made by hand");
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE state = 6");
	lab_counts(lab, 0, "SELECT count(*) FROM standing");
	about(lab, HG_CMD_DISCARD, n, NULL, "again");
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	lab_say(lab, ANA, "more");
	lab_wait(lab, HOUR_MS);
	assert_non_null(strstr(lab_desk(lab), "ticket.message"));
	lab_audit(lab);
}

static void all_of_a_kind_are_tried_again_and_no_others(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	dead_event(lab);
	lab_reply(lab, lab_thread(lab), "no");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED });
	lab_counts(lab, 2, "SELECT count(*) FROM outbox WHERE state = 6");
	about(lab, HG_CMD_RETRY_ALL, 0, "backend", "law");
	assert_string_equal(lab->answer, "{\"retried\":0,\"more\":false}");
	about(lab, HG_CMD_RETRY_ALL, 0, "backend", "desk");
	assert_string_equal(lab->answer, "{\"retried\":1,\"more\":false}");
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE state = 6 AND target = 1");
	about(lab, HG_CMD_RETRY_ALL, 0, NULL, NULL);
	assert_string_equal(lab->answer, "{\"retried\":1,\"more\":false}");
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p1"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text = 'no' AND delivery = 4");
}

/* ---- a ticket's way into the helpdesk ---- */

static void ticket_do(hg_lab *lab, int kind, const char *ref, const char *id)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->backend = "desk";
	command->ticket_ref = hg_arena_str(command->arena, ref);
	command->external_id = id;
	command->agent = "Ann";
	command->text = kind == HG_CMD_RELINK ? "merged over there" : kind == HG_CMD_STATUS ? id : NULL;
	lab_do(lab, command);
}

/* Ticket 77, all of which is there. */
static void linked(hg_lab *lab)
{
	lab_say(lab, ANA, "help");
	lab_wait(lab, HOUR_MS / 60);
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT, .external_id = "77", .number = "#77",
										      .url = "https://desk/77" });
	lab_desk(lab);
}

static void what_was_given_up_of_a_ticket_goes_again_in_order_with_its_ids(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *id = NULL;
	gint64 first = dead_event(lab);
	hg_dispatch *dispatch;
	(void)state;

	id = lab_value(lab, "SELECT id FROM event WHERE type = 'ticket.requested'");
	lab_say(lab, ANA, "and more");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_FAILED, .text = "no" });
	lab_counts(lab, 2, "SELECT count(*) FROM outbox WHERE target = 2 AND state = 6");
	ticket_do(lab, HG_CMD_TICKET_RETRY, "TK-1000", NULL);
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, "\"retried\":2"));
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 2 AND state = 6");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_int_equal(dispatch->job.n, first);
	assert_string_equal(dispatch->event.id, id);
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT });
	assert_non_null(strstr(lab_desk(lab), "ticket.message"));
	ticket_do(lab, HG_CMD_TICKET_RETRY, "TK-1000", NULL);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	assert_non_null(strstr(lab->error_text, "nothing of ticket TK-1000 was given up"));
	lab_audit(lab);
}

static void what_waits_for_a_later_try_is_tried_now(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	linked(lab);
	lab_say(lab, ANA, "and more");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_RETRY, .retry_ms = HOUR_MS, .text = "later" });
	assert_null(lab_take(lab, HG_TO_BACKEND));
	ticket_do(lab, HG_CMD_TICKET_RETRY, "77", NULL);
	assert_non_null(strstr(lab->answer, "\"retried\":1"));
	assert_non_null(strstr(lab_desk(lab), "ticket.message"));
}

static void what_cannot_be_retried_or_relinked_is_refused_with_why(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	dead_event(lab);
	ticket_do(lab, HG_CMD_RELINK, "TK-1000", "88");
	assert_int_equal(lab->error, HG_ERROR_STATE);
	assert_non_null(strstr(lab->error_text, "is none in desk yet"));
	ticket_do(lab, HG_CMD_TICKET_RETRY, "TK-1000", NULL);
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT, .external_id = "77" });
	ticket_do(lab, HG_CMD_RELINK, "TK-1000", "77");
	assert_int_equal(lab->error, HG_ERROR_STATE);
	for (int i = 0; i < 2; i++) {
		ticket_do(lab, i ? HG_CMD_RELINK : HG_CMD_TICKET_RETRY, "TK-9999", "88");
		assert_int_equal(lab->error, HG_ERROR_MISSING);
	}
	lab_counts(lab, 1, "SELECT count(*) FROM link WHERE external_id = '77' AND moved_ms = 0");
	assert_int_equal(lab_told(lab, "ticket.linked"), 1);
}

static void a_relinked_ticket_is_the_other_one_from_then_on_and_back_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	linked(lab);
	lab_say(lab, ANA, "and more");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_RETRY, .retry_ms = HOUR_MS, .text = "gone" });
	ticket_do(lab, HG_CMD_RELINK, "TK-1000", "88");
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, "\"was\":{\"id\":\"77\",\"number\":\"#77\",\"url\":\"https://desk/77\"},\"shared_with\":null"));
	lab_counts(lab, 1, "SELECT count(*) FROM link WHERE external_id = '88' AND number IS NULL AND url IS NULL AND moved_ms > 0");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text = 'desk: the conversation goes on in ticket 88, which "
		   "took the place of 77 (Ann: merged over there).'");
	/* What waited goes there at once, and what is said over there is found by the new id, not by the old one. */
	assert_non_null(strstr(lab_desk(lab), "ticket.message"));
	ticket_do(lab, HG_CMD_STATUS, "77", "pending");
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	ticket_do(lab, HG_CMD_STATUS, "88", "pending");
	assert_int_equal(lab->error, 0);
	ticket_do(lab, HG_CMD_RELINK, "88", "77");
	assert_int_equal(lab->error, 0);
	lab_is(lab, "77", "SELECT external_id FROM link");
	lab_audit(lab);
}

static void a_closed_ticket_is_relinked_and_stays_closed(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	linked(lab);
	ticket_do(lab, HG_CMD_STATUS, "77", "closed");
	ticket_do(lab, HG_CMD_RELINK, "77", "88");
	assert_int_equal(lab->error, 0);
	lab_counts(lab, HG_TICKET_CLOSED, "SELECT state FROM ticket");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	/* Who comes back is in the same conversation, and his agent reads it in the other ticket. */
	lab_wait(lab, DAY_MS);
	lab_say(lab, ANA, "not solved at all");
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket");
	assert_non_null(strstr(lab_desk(lab), "ticket.reopened"));
}

static void two_tickets_in_one_are_told_of(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	linked(lab);
	lab_say(lab, BEN, "help");
	lab_wait(lab, HOUR_MS / 60);
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT, .external_id = "78" });
	ticket_do(lab, HG_CMD_RELINK, "78", "77");
	assert_non_null(strstr(lab->answer, "\"shared_with\":\"TK-1000\""));
	/* What is said over there goes to who had it before. */
	ticket_do(lab, HG_CMD_STATUS, "77", "pending");
	lab_counts(lab, HG_TICKET_PENDING, "SELECT state FROM ticket WHERE number = 'TK-1000'");
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket WHERE number = 'TK-1001'");
}

/* ---- alarms ---- */

static void alarm_is(hg_lab *lab, const char *status, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_ALARM, NULL);

	command->subject = "channel_down:wa";
	command->status = status;
	command->text = text;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void an_alarm_stands_until_all_who_heard_of_it_know_that_it_is_over(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	alarm_is(lab, "raised", "down");
	alarm_is(lab, "raised", "down again");
	lab_is(lab, "down", "SELECT text FROM standing WHERE kind = 'alarm' AND told_ms = 0");
	lab_wait(lab, HOUR_MS);
	alarm_is(lab, "told", "still down");
	lab_restart(lab);
	lab_is(lab, "still down", "SELECT text FROM standing WHERE kind = 'alarm' AND told_ms > since_ms");
	alarm_is(lab, "cleared", NULL);
	alarm_is(lab, "cleared", NULL);
	lab_counts(lab, 1, "SELECT count(*) FROM standing WHERE who = 'cleared'");
	alarm_is(lab, "told", "late");
	lab_counts(lab, 1, "SELECT count(*) FROM standing WHERE who = 'cleared'");
	alarm_is(lab, "ended", NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM standing");
	alarm_is(lab, "ended", NULL);
	assert_int_equal(lab_told(lab, "alarm.raised"), 1);
	assert_int_equal(lab_told(lab, "alarm.cleared"), 1);
}

static void what_comes_back_at_once_is_the_same_alarm(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *since = NULL;
	(void)state;

	alarm_is(lab, "raised", "down");
	since = lab_value(lab, "SELECT since_ms FROM standing");
	alarm_is(lab, "told", "down");
	lab_wait(lab, MINUTE_MS);
	alarm_is(lab, "cleared", NULL);
	alarm_is(lab, "raised", "down");
	lab_is(lab, since, "SELECT since_ms FROM standing WHERE who IS NULL");
	assert_int_equal(lab_told(lab, "alarm.raised"), 1);
	alarm_is(lab, "ended", NULL);
	lab_counts(lab, 1, "SELECT count(*) FROM standing");
}

static void nobody_is_told_of_the_end_of_what_nobody_was_told_of(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	alarm_is(lab, "raised", "down");
	alarm_is(lab, "cleared", NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM standing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_to_be_sent_waits_for_a_paused_channel_and_then_leaves_in_order),
		cmocka_unit_test(what_comes_in_meanwhile_is_taken_and_told_to_the_helpdesk),
		cmocka_unit_test(other_channels_go_on),
		cmocka_unit_test(a_pause_outlives_a_restart_a_reload_and_an_outage),
		cmocka_unit_test(said_twice_it_is_one_pause_with_the_newest_reason),
		cmocka_unit_test(a_changed_event_goes_out_as_changed_and_the_log_keeps_what_it_was),
		cmocka_unit_test(a_changed_answer_is_sent_once_with_the_new_text_and_another_key),
		cmocka_unit_test(what_cannot_be_changed_says_so_and_stays_as_it_was),
		cmocka_unit_test(a_discarded_one_is_gone_and_what_came_behind_it_goes_on),
		cmocka_unit_test(all_of_a_kind_are_tried_again_and_no_others),
		cmocka_unit_test(what_was_given_up_of_a_ticket_goes_again_in_order_with_its_ids),
		cmocka_unit_test(what_waits_for_a_later_try_is_tried_now),
		cmocka_unit_test(what_cannot_be_retried_or_relinked_is_refused_with_why),
		cmocka_unit_test(a_relinked_ticket_is_the_other_one_from_then_on_and_back_again),
		cmocka_unit_test(a_closed_ticket_is_relinked_and_stays_closed),
		cmocka_unit_test(two_tickets_in_one_are_told_of),
		cmocka_unit_test(an_alarm_stands_until_all_who_heard_of_it_know_that_it_is_over),
		cmocka_unit_test(what_comes_back_at_once_is_the_same_alarm),
		cmocka_unit_test(nobody_is_told_of_the_end_of_what_nobody_was_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
