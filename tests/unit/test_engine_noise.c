/* test_engine_noise.c - people say that something the customer said is no matter for anybody, and take it back */
#include "engine_fixture.h"

#include <string.h>

#define ANN "tel:+447700900101"
#define HOLD "default: hold\nfirst_response: 7d\nticket: { confirm: \"\" }\n"
#define THANKS "rules: [ { name: thanks, when: { text: { contains: thanks } }, do: { ignore: noise } } ]\n"

static hg_command *marking(hg_lab *lab, const char *text, gboolean back)
{
	hg_command *command = lab_command(lab, HG_CMD_NOISE, NULL);
	g_autofree char *id = lab_value(lab, "SELECT id FROM message WHERE text = '%s'", text);

	command->text = hg_arena_str(command->arena, id);
	command->agent = "Mia";
	command->remove = back;
	return command;
}

/* By its text, which no other message has. */
static void mark(hg_lab *lab, const char *text)
{
	lab_do(lab, marking(lab, text, FALSE));
	assert_int_equal(lab->error, 0);
}

static void take_back(hg_lab *lab, const char *text)
{
	lab_do(lab, marking(lab, text, TRUE));
	assert_int_equal(lab->error, 0);
}

static gboolean answered(const hg_lab *lab, const char *words)
{
	return strstr(lab->answer, words) != NULL;
}

static void steer(hg_lab *lab, int kind)
{
	lab_do(lab, lab_command(lab, kind, lab_thread(lab)));
	assert_int_equal(lab->error, 0);
}

/* What the newest request of a ticket holds of the conversation. */
#define transcript_is(lab, want) \
	lab_is(lab, want, "SELECT (SELECT GROUP_CONCAT(json_extract(value, '$.text'), '|') FROM json_each(json_extract(data, " \
	       "'$.messages'))) FROM event WHERE type = 'ticket.requested' ORDER BY n DESC LIMIT 1")

static void a_ticket_is_made_without_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *text = NULL;
	(void)state;

	lab_say(lab, ANN, "my lamp is broken");
	lab_say(lab, ANN, "oops wrong chat");
	mark(lab, "oops wrong chat");
	assert_true(answered(lab, "\"noise\":true") && answered(lab, "\"already_forwarded\":false"));
	lab_is(lab, "1 true Mia", "SELECT json_extract(data, '$.message.noise') || ' true ' || json_extract(data, '$.by') FROM event "
	       "WHERE type = 'message.marked'");
	steer(lab, HG_CMD_CONVERT);
	transcript_is(lab, "my lamp is broken");
	text = lab_value(lab, "SELECT json_extract(data, '$.transcript_text') FROM event WHERE type = 'ticket.requested'");
	assert_null(strstr(text, "oops"));
	assert_string_equal(lab_desk(lab), "ticket.requested");
	lab_audit(lab);
}

static void twice_is_once_and_both_ways(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANN, "hello");
	for (guint i = 0; i < 2; i++) {
		mark(lab, "hello");
		assert_true(answered(lab, "\"noise\":true"));
		lab_is(lab, "1 0", "SELECT noise || ' ' || ep_real FROM thread");
	}
	for (guint i = 0; i < 2; i++) {
		take_back(lab, "hello");
		assert_false(answered(lab, "\"noise\":true"));
		lab_is(lab, "0 1", "SELECT noise || ' ' || ep_real FROM thread");
	}
	assert_int_equal(lab_told(lab, "message.marked"), 2);
	assert_string_equal(lab_desk(lab), "");
}

static void what_the_helpdesk_has_it_keeps(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANN, "my lamp is broken");
	steer(lab, HG_CMD_CONVERT);
	lab_desk(lab);
	lab_say(lab, ANN, "and my dog says hi");
	assert_string_equal(lab_desk(lab), "ticket.message");
	mark(lab, "my lamp is broken");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	mark(lab, "and my dog says hi");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	take_back(lab, "my lamp is broken");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	assert_string_equal(lab_desk(lab), "");
	lab_is(lab, "0|2", "SELECT GROUP_CONCAT(noise, '|') FROM (SELECT noise FROM message WHERE direction = 1 ORDER BY n)");
}

static void what_was_left_out_comes_when_the_mark_is_taken_back(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANN, "my lamp is broken");
	lab_say(lab, ANN, "order 4711");
	mark(lab, "order 4711");
	steer(lab, HG_CMD_CONVERT);
	lab_desk(lab);
	mark(lab, "order 4711");
	assert_true(answered(lab, "\"already_forwarded\":false"));
	take_back(lab, "order 4711");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	assert_string_equal(lab_desk(lab), "ticket.message");
	take_back(lab, "order 4711");
	mark(lab, "order 4711");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	take_back(lab, "order 4711");
	assert_string_equal(lab_desk(lab), "");		/* once */
}

/* An edit of something the helpdesk was never shown would be a riddle to it. */
static void what_was_left_out_is_edited_without_the_helpdesk(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	struct hg_in edit = lab_text(ANN, "hello there");
	(void)state;

	edit.kind = HG_EDIT;
	lab_say(lab, ANN, "my lamp is broken");
	edit.target = g_strdup(lab_say(lab, ANN, "hello"));
	mark(lab, "hello");
	steer(lab, HG_CMD_CONVERT);
	lab_desk(lab);
	lab_in(lab, "wa", &edit, 1);
	assert_int_equal(lab_told(lab, "message.edited"), 1);
	assert_string_equal(lab_desk(lab), "");
	g_free((char *)edit.target);
}

static void joined_without_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD "window: { join: 7d }\n");
	g_autofree char *old = NULL;
	hg_command *join;
	(void)state;

	lab_say(lab, ANN, "my lamp is broken");
	old = g_strdup(lab_thread(lab));
	steer(lab, HG_CMD_CONVERT);
	lab_wait(lab, 30 * 24 * HOUR_MS);
	lab_say(lab, ANN, "it is about the lamp");
	lab_say(lab, ANN, "sent by mistake");
	mark(lab, "sent by mistake");
	lab_desk(lab);
	join = lab_command(lab, HG_CMD_JOIN, lab_thread(lab));
	join->into = hg_arena_str(join->arena, old);
	lab_do(lab, join);
	assert_int_equal(lab->error, 0);
	assert_string_equal(lab_desk(lab), "ticket.message");
	mark(lab, "it is about the lamp");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	mark(lab, "sent by mistake");
	assert_true(answered(lab, "\"already_forwarded\":false"));
	take_back(lab, "sent by mistake");
	assert_string_equal(lab_desk(lab), "ticket.message");
	mark(lab, "sent by mistake");
	assert_true(answered(lab, "\"already_forwarded\":true"));
	lab_is(lab, old, "SELECT t.id FROM event AS e JOIN thread AS t ON t.n = e.thread_n WHERE e.type = 'ticket.message' ORDER BY e.n DESC "
	       "LIMIT 1");
	lab_audit(lab);
}

static void nothing_but_noise_makes_no_ticket(void **state)
{
	static const char *const confs[] = { "default: convert\nsettle: 5m\n", "default: hold\nsettle: 1m\nfirst_response: 5m\n" };
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(confs); i++) {
		g_autoptr(hg_lab) lab = lab_new(confs[i]);

		lab_say(lab, ANN, "asdf");
		lab_wait(lab, 2 * MINUTE_MS);
		mark(lab, "asdf");
		lab_is(lab, "0 0", "SELECT waiting_ms || ' ' || held FROM thread");
		lab_wait(lab, 30 * 24 * HOUR_MS);
		lab_is(lab, "2 1", "SELECT state || ' ' || resolution FROM thread");
		lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
		lab_is(lab, "1 0", "SELECT inbound || ' ' || real FROM episode");
	}
}

static void it_closes_as_noise_whatever_is_said_of_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\nsettle: 5m\n" THANKS);
	hg_command *close;
	(void)state;

	lab_say(lab, ANN, "many thanks");
	lab_say(lab, ANN, "asdf");
	mark(lab, "asdf");
	close = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));
	close->resolution = HG_RES_UNRESOLVED;
	lab_do(lab, close);
	lab_is(lab, "2 1", "SELECT state || ' ' || resolution FROM thread");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
	assert_int_equal(lab_told(lab, "drop.detected"), 0);
	/* What it is when it is over counts as well. */
	take_back(lab, "asdf");
	lab_is(lab, "2 1", "SELECT inbound || ' ' || real FROM episode");
	mark(lab, "asdf");
	lab_is(lab, "2 0", "SELECT inbound || ' ' || real FROM episode");
}

static void beside_something_real_the_rest_goes_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\nsettle: 5m\n");
	(void)state;

	lab_say(lab, ANN, "asdf");
	lab_wait(lab, MINUTE_MS);
	lab_say(lab, ANN, "my lamp is broken");
	lab_is(lab, "0", "SELECT waiting_ms - opened_ms FROM thread");
	mark(lab, "asdf");
	lab_is(lab, "60000", "SELECT waiting_ms - opened_ms FROM thread");
	take_back(lab, "asdf");
	lab_is(lab, "0", "SELECT waiting_ms - opened_ms FROM thread");
	mark(lab, "asdf");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	transcript_is(lab, "my lamp is broken");
}

static void taken_back_it_is_decided_after_all(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\nsettle: 5m\n");
	(void)state;

	lab_say(lab, ANN, "asdf");
	mark(lab, "asdf");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
	take_back(lab, "asdf");
	lab_is(lab, "0", "SELECT waiting_ms - opened_ms FROM thread");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	transcript_is(lab, "asdf");
}

static void what_somebody_answered_waits_for_nobody(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANN, "hello");
	mark(lab, "hello");
	lab_reply(lab, lab_thread(lab), "Hello Ann");
	take_back(lab, "hello");
	lab_is(lab, "0", "SELECT waiting_ms FROM thread");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM timer WHERE kind = 'settle'");
}

/* What came behind the answer is no reply to it. */
static void behind_an_answer_it_ends_as_answered(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\nsettle: 5m\nidle_close: 6h\n");
	(void)state;

	lab_say(lab, ANN, "when do you open?");
	lab_reply(lab, lab_thread(lab), "At nine.");
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_SENT, .id = "o1" });
	lab_say(lab, ANN, "asdf");
	mark(lab, "asdf");
	lab_wait(lab, HOUR_MS);
	lab_wait(lab, 24 * HOUR_MS);
	lab_is(lab, "2 1", "SELECT state || ' ' || resolution FROM thread");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
}

/* Asked after one hour, and not again because the hour is another one now. */
static void rules_that_were_asked_are_not_asked_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD "rules: [ { name: slow, on: { unanswered: 1h }, do: { notify: \"waits\" } } ]\n");
	(void)state;

	lab_say(lab, ANN, "hello");
	lab_wait(lab, 10 * MINUTE_MS);
	lab_say(lab, ANN, "anybody?");
	lab_wait(lab, HOUR_MS);
	assert_int_equal(lab_told(lab, "thread.notice"), 1);
	mark(lab, "hello");
	lab_wait(lab, 3 * HOUR_MS);
	assert_int_equal(lab_told(lab, "thread.notice"), 1);
}

/* What rules ignored was not counted as said: it is not counted off again. */
static void what_rules_ignored_is_not_counted_twice(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD THANKS);
	(void)state;

	lab_say(lab, ANN, "my lamp is broken");
	lab_say(lab, ANN, "thanks");
	lab_is(lab, "1", "SELECT ep_real FROM thread");
	mark(lab, "thanks");
	lab_is(lab, "1 1", "SELECT ep_real || ' ' || noise FROM thread");
	steer(lab, HG_CMD_CONVERT);
	transcript_is(lab, "my lamp is broken");
}

static void what_an_earlier_conversation_came_to_stays(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD "window: { reopen: 7d }\n");
	hg_command *close;
	(void)state;

	lab_say(lab, ANN, "first");
	close = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));
	close->resolution = HG_RES_RESOLVED;
	lab_do(lab, close);
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANN, "second");
	lab_is(lab, "2 1", "SELECT episode || ' ' || ep_real FROM thread");
	mark(lab, "first");
	lab_is(lab, "2 1", "SELECT episode || ' ' || ep_real FROM thread");
	lab_counts(lab, 1, "SELECT real FROM episode");
}

static void refused(hg_lab *lab, const char *text, int code, const char *why)
{
	lab_do(lab, marking(lab, text, FALSE));
	assert_int_equal(lab->error, code);
	if (!strstr(lab->error_text, why))
		fail_msg("\"%s\" is not in: %s", why, lab->error_text);
	assert_int_equal(lab_told(lab, "message.marked"), 0);
}

static void only_what_the_customer_said(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	hg_command *command;
	(void)state;

	lab_say(lab, ANN, "hello");
	lab_reply(lab, lab_thread(lab), "Hello Ann");
	command = lab_command(lab, HG_CMD_NOTE, lab_thread(lab));
	command->text = "a regular";
	lab_do(lab, command);
	refused(lab, "Hello Ann", HG_ERROR_INPUT, "is of ours");
	refused(lab, "a regular", HG_ERROR_INPUT, "is a note");
	refused(lab, "nobody said this", HG_ERROR_MISSING, "no message without an id");
	command = marking(lab, "hello", FALSE);
	command->text = "thr_01h455vb4pex5vsknk084sn02q";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void the_audit_names_thread_and_message(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *want = NULL, *id = NULL;
	hg_command *command;
	(void)state;

	lab_say(lab, ANN, "hello");
	command = marking(lab, "hello", FALSE);
	command->audit.action = "thread.mark_noise";
	command->audit.object = command->text;
	lab_do(lab, command);
	id = lab_value(lab, "SELECT id FROM message");
	want = g_strdup_printf("%s {\"agent\":\"Mia\",\"message\":\"%s\"}", lab_thread(lab), id);
	lab_is(lab, want, "SELECT object || ' ' || facts FROM audit");
}

static void it_is_there_after_a_crash(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANN, "hello");
	lab_say(lab, ANN, "my lamp is broken");
	mark(lab, "hello");
	lab_restart(lab);
	steer(lab, HG_CMD_CONVERT);
	transcript_is(lab, "my lamp is broken");
	lab_audit(lab);
}

/* On trial nothing has gone to anybody. */
static void on_trial_nobody_has_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\nchannels: { wa: { adapter: fake, shadow: true } }\n");
	(void)state;

	lab_say(lab, ANN, "hello");
	steer(lab, HG_CMD_CONVERT);
	mark(lab, "hello");
	assert_true(answered(lab, "\"already_forwarded\":false"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_made_without_it),
		cmocka_unit_test(twice_is_once_and_both_ways),
		cmocka_unit_test(what_the_helpdesk_has_it_keeps),
		cmocka_unit_test(what_was_left_out_comes_when_the_mark_is_taken_back),
		cmocka_unit_test(what_was_left_out_is_edited_without_the_helpdesk),
		cmocka_unit_test(joined_without_it),
		cmocka_unit_test(nothing_but_noise_makes_no_ticket),
		cmocka_unit_test(it_closes_as_noise_whatever_is_said_of_it),
		cmocka_unit_test(beside_something_real_the_rest_goes_on),
		cmocka_unit_test(taken_back_it_is_decided_after_all),
		cmocka_unit_test(what_somebody_answered_waits_for_nobody),
		cmocka_unit_test(behind_an_answer_it_ends_as_answered),
		cmocka_unit_test(rules_that_were_asked_are_not_asked_again),
		cmocka_unit_test(what_rules_ignored_is_not_counted_twice),
		cmocka_unit_test(what_an_earlier_conversation_came_to_stays),
		cmocka_unit_test(only_what_the_customer_said),
		cmocka_unit_test(the_audit_names_thread_and_message),
		cmocka_unit_test(it_is_there_after_a_crash),
		cmocka_unit_test(on_trial_nobody_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
