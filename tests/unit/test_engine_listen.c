/* test_engine_listen.c - rules on what happens beside messages, and on time that goes by */
#include "engine_fixture.h"
#include "explain.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define SECOND_MS 1000
#define TICKET "{ name: all, do: { convert: } }"
#define RULES(...) "default: hold\nfirst_response: 7d\nticket: { confirm: \"\" }\nrules:\n" __VA_ARGS__
#define HOUR_AGO "  - { name: sorry, on: { unanswered: 10m }, do: { tag: slow, reply: \"Sorry.\" } }\n" \
		 "  - { name: ticket, on: { unanswered: 30m }, do: { convert: { priority: high } } }\n"

static void answer(hg_lab *lab, gboolean bot)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

	command->reply = (struct hg_reply){ .thread_id = command->thread_id, .text = "hm", .kind = HG_TEXT, .bot = bot };
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void steer(hg_lab *lab, int kind)
{
	lab_do(lab, lab_command(lab, kind, lab_thread(lab)));
	if (lab->error)
		fail_msg("%s", lab->error_text);
}

/* "unanswered 10 -, unanswered 30 ticket!, ...": on what else than messages, after how many minutes, which rule
 * decided and whether it made a ticket. */
static char *judged(hg_lab *lab)
{
	return lab_value(lab, "SELECT group_concat(on_event || coalesce(' ' || (CAST(json_extract(facts, '$.after_ms') AS INTEGER) / 60000), '') "
			 "|| ' ' || coalesce(rule, '-') || iif(action = 'convert', '!', ''), ', ') FROM "
			 "(SELECT * FROM decision WHERE on_event NOT IN ('message', 'settle') ORDER BY n)");
}

#define lab_judged(lab, want) do {							\
	g_autofree char *judged_ = judged(lab);						\
	assert_string_equal(judged_ ?: "", (want));					\
} while (0)

static void who_waits_for_a_person_is_asked_about_at_each_time_once(void **state)
{	/* R0.10 time: no answer for so long */
	g_autoptr(hg_lab) lab = lab_new(RULES(HOUR_AGO));
	(void)state;

	lab_say(lab, ANA, "hello?");
	lab_wait(lab, 10 * MINUTE_MS - 1);
	lab_judged(lab, "");
	lab_wait(lab, 1);
	lab_judged(lab, "unanswered 10 -");
	lab_is(lab, "[\"slow\"]", "SELECT tags FROM thread");
	lab_say(lab, ANA, "hello??");		/* still the same waiting */
	answer(lab, TRUE);			/* a bot is nobody */
	lab_wait(lab, 20 * MINUTE_MS);
	lab_judged(lab, "unanswered 10 -, unanswered 30 ticket!");
	lab_is(lab, "rule ticket", "SELECT reason FROM ticket");
	lab_wait(lab, 24 * HOUR_MS);
	lab_judged(lab, "unanswered 10 -, unanswered 30 ticket!");
}

static void an_answer_ends_the_waiting_and_the_next_question_begins_another(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(HOUR_AGO));
	(void)state;

	lab_say(lab, ANA, "hello?");
	lab_wait(lab, 9 * MINUTE_MS);
	answer(lab, FALSE);
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "");
	lab_counts(lab, 0, "SELECT count(*) FROM timer WHERE kind = 'unanswered'");
	lab_say(lab, ANA, "and now?");
	lab_wait(lab, 10 * MINUTE_MS);
	lab_judged(lab, "unanswered 10 -");
}

static void a_ticket_waits_too_and_is_made_no_second_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(HOUR_AGO "  - " TICKET "\n"));
	(void)state;

	lab_say(lab, ANA, "my invoice is wrong");
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "unanswered 10 -, unanswered 30 ticket");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_is(lab, "[\"slow\"]", "SELECT tags FROM thread");
}

static void noise_and_machines_do_not_wait(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(HOUR_AGO "  - { name: noise, when: { text: { equals: hello } }, do: { ignore: noise } }\n"));
	struct hg_in in = lab_text(ANA, "I am away");
	(void)state;

	in.automatic = TRUE;
	lab_in(lab, "wa", &in, 1);
	lab_say(lab, ANA, "hello");
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "");
	lab_say(lab, ANA, "my invoice");
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "unanswered 10 -, unanswered 30 ticket!");
}

static void whoever_slept_asks_about_each_time_in_order_and_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(HOUR_AGO));
	(void)state;

	lab_say(lab, ANA, "hello?");
	test_now_ms += HOUR_MS;
	lab_restart(lab);
	lab_run(lab);
	lab_judged(lab, "unanswered 10 -, unanswered 30 ticket!");
	lab_restart(lab);
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "unanswered 10 -, unanswered 30 ticket!");
}

static void other_times_after_a_reload_count_from_the_same_beginning(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES("  - { name: b, on: { unanswered: 10m }, do: { tag: b } }\n"));
	(void)state;

	lab_say(lab, ANA, "hello?");
	lab_wait(lab, 6 * MINUTE_MS);
	lab_reload(lab, RULES("  - { name: a, on: { unanswered: 5m }, do: { tag: a } }\n"
			      "  - { name: c, on: { unanswered: 20m }, do: { tag: c } }\n"));
	lab_run(lab);
	lab_judged(lab, "unanswered 5 -");	/* its time had gone by */
	lab_wait(lab, 13 * MINUTE_MS);
	lab_judged(lab, "unanswered 5 -");
	lab_wait(lab, MINUTE_MS);
	lab_judged(lab, "unanswered 5 -, unanswered 20 -");
	/* What all rules had acted on is remembered: only what is new acts. */
	lab_reload(lab, RULES("  - { name: a, on: { unanswered: 5m }, do: { tag: a } }\n"
			      "  - { name: d, on: { unanswered: 40m }, do: { tag: d } }\n"));
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "unanswered 5 -, unanswered 20 -, unanswered 40 -");
}

static void a_first_rule_finds_those_who_wait_but_digs_up_nobody(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES("  - { name: x, do: { tag: x } }\n"));
	(void)state;

	lab_say(lab, "tel:+447700900001", "long ago");
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "hello?");
	lab_wait(lab, MINUTE_MS);
	lab_reload(lab, RULES("  - { name: late, on: { unanswered: 10m }, do: { tag: late } }\n"));
	lab_wait(lab, 9 * MINUTE_MS);
	lab_judged(lab, "unanswered 10 -");
	lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE tags LIKE '%%late%%' AND reply_to = '" ANA "'");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM decision WHERE on_event = 'unanswered'");
}

#define BOT "  - { name: offer, on: { bot: 3m }, do: { reply: \"Shall I get a colleague?\" } }\n"

static void a_bot_that_gets_nowhere_is_asked_about_once_an_episode(void **state)
{	/* R0.10 time: the bot is not done in three minutes */
	g_autoptr(hg_lab) lab = lab_new(RULES(BOT));
	(void)state;

	lab_say(lab, ANA, "hello?");
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "");
	answer(lab, TRUE);
	lab_wait(lab, 2 * MINUTE_MS);
	answer(lab, TRUE);
	lab_wait(lab, MINUTE_MS);
	lab_judged(lab, "bot 3 -");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE author_name = 'offer' OR text LIKE 'Shall%%'");
	answer(lab, TRUE);
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "bot 3 -");
	steer(lab, HG_CMD_CLOSE);
	steer(lab, HG_CMD_REOPEN);
	answer(lab, TRUE);
	lab_wait(lab, 3 * MINUTE_MS);
	lab_judged(lab, "bot 3 -, thread.closed -, bot 3 -");
}

static void a_person_or_a_ticket_ends_what_the_bot_does_alone(void **state)
{
	for (int way = 0; way < 3; way++) {
		g_autoptr(hg_lab) lab = lab_new(RULES(BOT));

		lab_say(lab, ANA, "hello?");
		answer(lab, TRUE);
		if (way == 0)
			answer(lab, FALSE);
		else
			steer(lab, way == 1 ? HG_CMD_CONVERT : HG_CMD_CLOSE);
		answer(lab, TRUE);
		lab_wait(lab, HOUR_MS);
		lab_counts(lab, 0, "SELECT count(*) FROM decision WHERE on_event = 'bot'");
	}
	(void)state;
}

#define OPENED "  - { name: new, on: thread.opened, when: { text: { contains: invoice } }, do: { tag: seen, reply: \"Hi.\" } }\n" \
	       "  - { name: again, on: thread.reopened, when: { proposal: reopen }, do: { convert: } }\n" \
	       "  - { name: by hand, on: thread.reopened, do: { set: { by: hand } } }\n"

static void a_thread_that_opens_or_reopens_is_judged_with_what_did_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(OPENED));
	(void)state;

	lab_say(lab, ANA, "my invoice");
	lab_say(lab, ANA, "my invoice again");
	lab_judged(lab, "thread.opened -");
	lab_is(lab, "[\"seen\"]", "SELECT tags FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text = 'Hi.'");
	steer(lab, HG_CMD_CLOSE);
	steer(lab, HG_CMD_REOPEN);
	lab_is(lab, "{\"by\":\"hand\"}", "SELECT fields FROM thread");
	steer(lab, HG_CMD_CLOSE);
	lab_say(lab, ANA, "it came back");
	lab_is(lab, "rule again", "SELECT reason FROM ticket");
}

static void nobody_is_asked_where_no_rule_is_on_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES("  - { name: x, do: { tag: x } }\n"));
	(void)state;

	lab_say(lab, ANA, "hello?");
	answer(lab, TRUE);
	lab_counts(lab, 1, "SELECT count(*) FROM decision");
	lab_counts(lab, 0, "SELECT count(*) FROM timer WHERE kind IN ('unanswered', 'bot')");
}

#define FAILED "  - { name: not there, on: receipt.failed, when: { failure: { code: [131026, 131047], author: agent } }," \
	       " do: { convert: { category: undelivered } } }\n" \
	       "  - { name: sorry, on: receipt.failed, do: { reply: \"Something went wrong.\" } }\n"

static void what_cannot_be_delivered_is_judged_once_by_its_number(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(FAILED));
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *id = NULL;
	hg_message *message;
	(void)state;

	lab_say(lab, ANA, "hello?");
	answer(lab, FALSE);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_SENT, .id = "p1" });
	lab_receipt_at(lab, "wa", &(struct hg_receipt){ .size = sizeof(struct hg_receipt), .state = HG_R_FAILED,
		       .id = "p1", .code = 131026, .text = "no such number" });
	lab_judged(lab, "receipt.failed not there!");
	lab_is(lab, "undelivered", "SELECT category FROM ticket");
	lab_receipt(lab, "wa", HG_R_FAILED, "p1", NULL);
	lab_judged(lab, "receipt.failed not there!");
	/* It is explained by what got lost. */
	id = lab_value(lab, "SELECT id FROM message WHERE text = 'hm'");
	must(hg_store_message_by_id(lab->w->store, lab->w->arena, id, &message, e));
	must(hg_explain_message(lab->w->store, lab->w->arena, message, out, e));
	assert_non_null(strstr(out->str, "\"on\":\"receipt.failed\",\"action\":\"convert\""));
	assert_null(strstr(out->str, "\"on\":\"message\""));
	assert_non_null(strstr(out->str, "\"note\":null"));
}

static void machines_that_cannot_be_reached_do_not_talk_for_ever(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(FAILED));
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "hello?");
	answer(lab, FALSE);
	for (int i = 0; i < 5 && (dispatch = lab_take(lab, HG_TO_CHANNEL)); i++)
		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_FAILED, .code = 7, .text = "no" });
	/* Of the agent's message and of the rule's own; about that nothing is said. */
	lab_judged(lab, "receipt.failed -, receipt.failed -");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text LIKE 'Something%%'");
}

static void how_a_ticket_stands_is_judged_when_the_helpdesk_says_so(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES("  - { name: solved, on: ticket.status, when: { ticket: { status: solved } }, do: { tag: solved, reply: \"Bye.\" } }\n"
					     "  - { name: any, on: ticket.status, when: { ticket: { state: [pending] } }, do: { convert: } }\n"
					     "  - " TICKET "\n"));
	static const char *const words[] = { "on-hold", "solved", "solved" };
	(void)state;

	lab_say(lab, ANA, "hello?");
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		hg_command *command = lab_command(lab, HG_CMD_STATUS, NULL);

		command->backend = "desk";
		command->ticket_ref = "TK-1000";
		command->text = words[i];
		lab_do(lab, command);
		assert_int_equal(lab->error, 0);
	}
	lab_judged(lab, "ticket.status any, ticket.status -");
	lab_is(lab, "[\"solved\"]", "SELECT tags FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

#define SOLVED "  - { name: solved, when: { text: { contains: worked } }, do: { ignore: solved } }\n" \
	       "  - { name: thanks, when: { text: { contains: thanks } }, do: { ignore: thanks } }\n"

static void who_says_that_it_is_solved_is_left_in_peace(void **state)
{	/* R0.9, R0.14: ends in the conversation, as resolved after a quiet time, noise or not */
	g_autoptr(hg_lab) lab = lab_new(RULES(SOLVED HOUR_AGO "  - { name: end, on: thread.closed, when: "
					      "{ thread: { confirmed: true, resolution: resolved } }, do: { tag: content } }\n"));
	(void)state;

	lab_say(lab, ANA, "my lamp is broken");
	lab_say(lab, ANA, "the new bulb worked!");
	lab_wait(lab, 9 * MINUTE_MS);
	lab_say(lab, ANA, "thanks");
	lab_restart(lab);
	lab_wait(lab, MINUTE_MS - 1);
	lab_is(lab, "1", "SELECT state FROM thread");
	lab_wait(lab, 1);
	lab_is(lab, "2 1", "SELECT state || ' ' || resolution FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM event WHERE type = 'thread.closed' AND json_extract(data, '$.reason') = "
		   "'the customer said that it is solved'");
	lab_is(lab, "[\"content\"]", "SELECT tags FROM thread");
	lab_wait(lab, HOUR_MS);
	lab_judged(lab, "thread.closed -");
	/* And noise does not begin it again, whatever it says. */
	lab_say(lab, ANA, "it worked, really");
	lab_is(lab, "2", "SELECT state FROM thread");
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
}

static void who_goes_on_after_it_is_not_done(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(SOLVED HOUR_AGO));
	(void)state;

	lab_say(lab, ANA, "my lamp is broken");
	lab_say(lab, ANA, "the new bulb worked!");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_say(lab, ANA, "no, it went out again");
	lab_wait(lab, 9 * MINUTE_MS);
	lab_judged(lab, "");
	lab_wait(lab, MINUTE_MS);
	lab_judged(lab, "unanswered 10 -");
	lab_is(lab, "1 0", "SELECT state || ' ' || ep_confirmed_ms FROM thread");
}

static void no_deadline_makes_a_ticket_of_what_is_solved(void **state)
{
	static const char *const tops[] = { "settle: 20s\ndefault: convert\n", "default: hold\nfirst_response: 1m\n",
					    "default: ignore\nidle_close: 1m\n" };

	for (gsize i = 0; i < G_N_ELEMENTS(tops); i++) {
		g_autofree char *yaml = g_strconcat(tops[i], "rules:\n" SOLVED, NULL);
		g_autoptr(hg_lab) lab = lab_new(yaml);

		lab_say(lab, ANA, "my lamp is broken");
		lab_wait(lab, i ? 21 * SECOND_MS : 10 * SECOND_MS);
		lab_say(lab, ANA, "the new bulb worked!");
		lab_wait(lab, HOUR_MS);
		lab_counts(lab, 0, "SELECT count(*) FROM ticket");
		lab_is(lab, "2 1", "SELECT state || ' ' || resolution FROM thread");
	}
	(void)state;
}

static void a_ticket_that_is_solved_is_told_to_its_helpdesk_and_stays_open(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES(SOLVED "  - " TICKET "\n"));
	(void)state;

	lab_say(lab, ANA, "my lamp is broken");
	lab_say(lab, ANA, "the new bulb worked!");
	lab_wait(lab, HOUR_MS);
	lab_is(lab, "3", "SELECT state FROM thread");
	lab_is(lab, "solved", "SELECT json_extract(data, '$.ignored') FROM event WHERE type = 'ticket.message'");
	lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE ep_confirmed_ms > 0 AND waiting_ms = 0");
	lab_counts(lab, 1, "SELECT count(*) FROM contact WHERE last_ticket_ms > 0");
}

#define CHANGED "  - { name: record, on: thread.changed, when: { changed: { tag: regulatory } }, do: { set: { plan: none }, " \
		"convert: { category: regulatory } } }\n" \
		"  - { name: plan, on: thread.changed, when: { changed: { field: plan }, thread: { field: { plan: pro } } }, " \
		"do: { tag: seen, set: { plan: basic } } }\n"

static void change(hg_lab *lab, const char *const *tags, const char *const *fields)
{
	hg_command *command = lab_command(lab, HG_CMD_PATCH, lab_thread(lab));

	command->add_tags = tags;
	command->set_fields = fields;
	lab_do(lab, command);
	if (lab->error)
		fail_msg("%s", lab->error_text);
}

static void what_a_person_says_of_a_thread_is_judged_and_goes_round_no_circle(void **state)
{	/* R0.8: a regulatory record by a tag */
	static const char *const pro[] = { "plan", "pro", NULL }, *const tag[] = { "regulatory", NULL };
	g_autoptr(hg_lab) lab = lab_new(RULES(CHANGED));
	(void)state;

	lab_say(lab, ANA, "hello?");
	change(lab, NULL, pro);
	lab_is(lab, "{\"plan\":\"basic\"}", "SELECT fields FROM thread");
	lab_judged(lab, "thread.changed -");
	steer(lab, HG_CMD_CLOSE);
	change(lab, tag, NULL);		/* also when it is over */
	change(lab, tag, NULL);
	lab_judged(lab, "thread.changed -, thread.closed -, thread.changed record!");
	lab_is(lab, "regulatory", "SELECT category FROM ticket");
	assert_int_equal(lab_told(lab, "thread.changed"), 2);
}

static void headers_count_then_and_when_it_is_explained(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(RULES("  - { name: list, when: { header: { list-id: true } }, do: { ignore: list } }\n"
					      "  - { name: again, when: { contact: { since_ticket: { under: 7d } } }, do: { tag: again } }\n"
					      "  - " TICKET "\n"));
	g_autoptr(GString) out = g_string_new(NULL);
	struct hg_in in = lab_text(ANA, "news of the week");
	hg_thread *thread;
	(void)state;

	in.payload = "{\"headers\":{\"List-Id\":\"<news.example>\"}}";
	lab_in(lab, "wa", &in, 1);
	lab_is(lab, "list", "SELECT rule FROM decision");
	lab_counts(lab, 0, "SELECT count(*) FROM decision WHERE facts LIKE '%%news.example%%'");
	must(hg_store_thread_by_id(lab->w->store, lab->w->arena, lab_thread(lab), &thread, e));
	must(hg_explain_thread(lab->w->store, lab->w->arena, thread, out, e));
	assert_non_null(strstr(out->str, "\"cond\":\"header.list-id\",\"want\":\"true\",\"got\":\"<news.example>\",\"ok\":true"));
	assert_non_null(strstr(out->str, "\"note\":null"));
	lab_say(lab, ANA, "my invoice");
	lab_counts(lab, 0, "SELECT count(*) FROM thread WHERE tags LIKE '%%again%%'");
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "and the other one");
	lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE tags LIKE '%%again%%'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_for_a_person_is_asked_about_at_each_time_once),
		cmocka_unit_test(an_answer_ends_the_waiting_and_the_next_question_begins_another),
		cmocka_unit_test(a_ticket_waits_too_and_is_made_no_second_time),
		cmocka_unit_test(noise_and_machines_do_not_wait),
		cmocka_unit_test(whoever_slept_asks_about_each_time_in_order_and_once),
		cmocka_unit_test(other_times_after_a_reload_count_from_the_same_beginning),
		cmocka_unit_test(a_first_rule_finds_those_who_wait_but_digs_up_nobody),
		cmocka_unit_test(a_bot_that_gets_nowhere_is_asked_about_once_an_episode),
		cmocka_unit_test(a_person_or_a_ticket_ends_what_the_bot_does_alone),
		cmocka_unit_test(a_thread_that_opens_or_reopens_is_judged_with_what_did_it),
		cmocka_unit_test(nobody_is_asked_where_no_rule_is_on_it),
		cmocka_unit_test(what_cannot_be_delivered_is_judged_once_by_its_number),
		cmocka_unit_test(machines_that_cannot_be_reached_do_not_talk_for_ever),
		cmocka_unit_test(how_a_ticket_stands_is_judged_when_the_helpdesk_says_so),
		cmocka_unit_test(who_says_that_it_is_solved_is_left_in_peace),
		cmocka_unit_test(who_goes_on_after_it_is_not_done),
		cmocka_unit_test(no_deadline_makes_a_ticket_of_what_is_solved),
		cmocka_unit_test(a_ticket_that_is_solved_is_told_to_its_helpdesk_and_stays_open),
		cmocka_unit_test(what_a_person_says_of_a_thread_is_judged_and_goes_round_no_circle),
		cmocka_unit_test(headers_count_then_and_when_it_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
