/* test_engine_shadow.c - R0.21: a channel on trial is judged like any other, and nothing leaves because of it */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define REST "  sms: { adapter: fake }\n  other: { adapter: fake, scope: brand }\n" \
	     "  asks: { adapter: asking }\n  again: { adapter: fake, on_ambiguous: resend }\n"
#define TRIAL "channels:\n  wa: { adapter: fake, shadow: true }\n" REST
#define REAL "channels:\n  wa: { adapter: fake }\n" REST
#define RULES "rules:\n" \
	      "  - { name: noise, when: { text: { matches: '^(hi|thanks)$' } }, do: { ignore: noise } }\n" \
	      "  - { name: hours, when: { text: { contains: open } }, do: { reply: 'From 9 to 6.', tag: hours } }\n" \
	      "  - { name: answered, when: { thread: { last_speaker: rule } }, do: { hold: true } }\n" \
	      "  - { name: help, when: { text: { contains: help } }, do: { convert: { priority: high } } }\n" \
	      "ticket: { confirm: 'Your number is ${number}.' }\n"

/* All that was decided, in words. */
static char *decisions(hg_lab *lab)
{
	return lab_value(lab, "SELECT group_concat(on_event || ' ' || action || ' ' || coalesce(rule, '-') || ' ' || "
			 "json_extract(facts, '$.thread_state', '$.messages', '$.last_speaker', '$.proposal'), '\n') FROM "
			 "(SELECT * FROM decision ORDER BY n)");
}

static void a_day(hg_lab *lab)
{
	lab_say(lab, ANA, "hi");
	lab_wait(lab, MINUTE_MS);
	lab_say(lab, ANA, "when are you open?");
	lab_say(lab, ANA, "and on Sundays?");
	lab_wait(lab, 10 * MINUTE_MS);
	lab_say(lab, ANA, "thanks");
	lab_say(lab, BEN, "help!");
	lab_wait(lab, 2 * MINUTE_MS);
	lab_say(lab, BEN, "thanks");
	lab_say(lab, BEN, "my lamp is broken");
	lab_wait(lab, 2 * DAY_MS);
	lab_say(lab, BEN, "still broken");
}

/* Shown to a helpdesk or a customer: dispatched or waiting to be. */
static void nothing_left(hg_lab *lab)
{
	assert_int_equal(lab->out->len, 0);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox");
}

static void a_trial_decides_as_a_real_channel_does_and_tells_nobody(void **state)
{
	g_autoptr(hg_lab) trial = lab_new(TRIAL RULES);
	g_autoptr(hg_lab) real = lab_new(REAL RULES);
	g_autofree char *on_trial = NULL, *in_earnest = NULL;
	(void)state;

	a_day(trial);
	a_day(real);
	on_trial = decisions(trial);
	in_earnest = decisions(real);
	assert_string_equal(on_trial, in_earnest);
	nothing_left(trial);
	assert_true(real->out->len > 0);
	/* The rule's answer and both confirmations are in the conversation, and marked. */
	lab_counts(trial, 3, "SELECT count(*) FROM message WHERE direction = 2 AND delivery = 0 AND note = 'on trial: not sent'");
	lab_counts(real, 3, "SELECT count(*) FROM message WHERE direction = 2 AND delivery = 1");
	lab_is(trial, "SHADOW-1 SHADOW-2", "SELECT group_concat(number, ' ') FROM ticket");
	lab_counts(trial, 2, "SELECT count(*) FROM ticket WHERE shadow = 1");
	lab_counts(trial, 0, "SELECT count(*) FROM thread WHERE shadow = 0");
	assert_int_equal(lab_told(trial, "drop.detected"), 0);
	lab_audit(trial);
}

static void trial_and_real_matters_of_one_person_stay_apart(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TRIAL RULES);
	g_autofree char *id = NULL;
	const char *refs[2] = { NULL, NULL };
	struct hg_in in = lab_text(ANA, "help, on the real channel");
	(void)state;

	refs[0] = id = g_strdup(lab_say(lab, ANA, "help, on trial"));
	lab_counts(lab, 0, "SELECT last_ticket_ms FROM contact");
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM contact");
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	/* Its number is the one it would have had. */
	lab_is(lab, "TK-1000", "SELECT number FROM ticket WHERE shadow = 0");
	assert_int_equal(lab->out->len, 1);
	assert_null(strstr(((hg_dispatch *)g_ptr_array_index(lab->out, 0))->event.data, "SHADOW"));
	assert_null(strstr(((hg_dispatch *)g_ptr_array_index(lab->out, 0))->event.data, "on trial"));
	lab_desk(lab);
	/* Each goes on with its own, and no reference leads across. */
	lab_say(lab, ANA, "more on trial");
	assert_int_equal(lab->out->len, 0);
	in.text = "about that on trial";
	in.refs = refs;
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_counts(lab, 2, "SELECT inbound FROM thread WHERE shadow = 0");
	assert_string_equal(lab_desk(lab), "ticket.message");
}

static void an_agent_who_answers_on_trial_is_heard(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TRIAL RULES);
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "help");
	lab_reply(lab, lab_thread(lab), "I am here");
	assert_int_equal(lab->error, 0);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_non_null(dispatch);
	lab_sent(lab, dispatch, &(struct hg_result){ .size = sizeof(struct hg_result), .fate = HG_SENT, .id = "x1" });
	/* What became of it is in the log, not at the helpdesk. */
	assert_true(lab_told(lab, "message.sent") + lab_told(lab, "message.status") > 0);
	nothing_left(lab);
}

static void a_trial_that_ends_begins_new_conversations_and_ends_the_old(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TRIAL RULES);
	(void)state;

	lab_say(lab, ANA, "hello?");
	lab_reload(lab, REAL RULES);
	lab_say(lab, ANA, "help");
	lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE shadow = 0 AND state = 3");
	assert_string_equal(lab_desk(lab), "ticket.requested");
	/* What was on trial stays so: it settles, and nobody hears of it. */
	lab_wait(lab, DAY_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket WHERE shadow = 1");
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 2 AND state = 2");
	lab_counts(lab, 0, "SELECT count(*) FROM thread WHERE state = 1");
	/* And back on trial the real one is not touched. */
	lab_reload(lab, TRIAL RULES);
	lab_say(lab, ANA, "help again");
	lab_counts(lab, 1, "SELECT inbound FROM thread WHERE shadow = 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trial_decides_as_a_real_channel_does_and_tells_nobody),
		cmocka_unit_test(trial_and_real_matters_of_one_person_stay_apart),
		cmocka_unit_test(an_agent_who_answers_on_trial_is_heard),
		cmocka_unit_test(a_trial_that_ends_begins_new_conversations_and_ends_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
