/* test_engine_routing.c - who gets a ticket, who hears of it, and what the texts of rules become
 *
 * R0.12: skills, round robin, an overflow answer with the expected wait; R1.3: follow-ups go to who
 * answered; R1.9, R1.11: fields and priority filled from the conversation; R2.4: what a helpdesk routes
 * by is fed to it.  All tests begin on a Thursday at 10:02 UTC. */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define CEM "tel:+447700900789"
#define DAN "tel:+447700900987"
#define ALL "rules:\n  - { name: all, do: { queue: billing, convert: } }\n"
#define QUIET "ticket: { confirm: \"\" }\n"
#define DAY "hours: { day: { zone: UTC, open: { mon-fri: 09:00-17:00 } }, night: { zone: UTC, open: { mon-sun: 20:00-24:00 } } }\n"

/* Of the newest ticket. */
static char *assignee(hg_lab *lab)
{
	return lab_value(lab, "SELECT coalesce(assignee, 'nobody') FROM ticket ORDER BY n DESC LIMIT 1");
}

static void assert_gets(hg_lab *lab, const char *uri, const char *want)
{
	g_autofree char *got = NULL;

	lab_say(lab, uri, "hello");
	got = assignee(lab);
	assert_string_equal(got, want);
}

/* What was last said to a customer without being asked. */
static char *told(hg_lab *lab)
{
	return lab_value(lab, "SELECT text FROM message WHERE direction = 2 ORDER BY n DESC LIMIT 1");
}

static void status(hg_lab *lab, const char *number, const char *word)
{
	hg_command *command = lab_command(lab, HG_CMD_STATUS, NULL);

	command->ticket_ref = number;
	command->text = word;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

/* ---- assignment ---- */

static void the_least_busy_gets_it_and_the_first_of_equals(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "queues: { billing: { assign: least_busy, agents: { mia: { capacity: 2 }, tom: "
					"{ capacity: 1 } } } }\n" ALL);
	(void)state;

	assert_gets(lab, ANA, "mia");
	assert_gets(lab, BEN, "tom");
	assert_gets(lab, CEM, "mia");
	lab_is(lab, "mia, least busy: mia 1/2, tom 1/1 full", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text = "
		   "'Queue billing: mia, least busy: mia 1/2, tom 1/1 full.'");
	assert_gets(lab, DAN, "nobody");
	lab_is(lab, "nobody is free: mia 2/2 full, tom 1/1 full", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
	/* A ticket that is done makes room. */
	status(lab, "TK-1001", "solved");
	assert_gets(lab, "tel:+447700900111", "tom");
	lab_is(lab, "tom", "SELECT assignee FROM thread ORDER BY n DESC LIMIT 1");
}

static void two_at_once_do_not_both_take_the_last_place(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "queues: { billing: { assign: least_busy, agents: { mia: { capacity: 1 } } } }\n"
					ALL);
	const struct hg_in both[] = { lab_text(ANA, "hello"), lab_text(BEN, "hello") };
	const struct hg_in third = lab_text(CEM, "hello");
	(void)state;

	lab_queue(lab, "wa", both, 2);
	lab_queue(lab, "sms", &third, 1);
	lab_run(lab);
	lab_counts(lab, 3, "SELECT count(*) FROM ticket");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket WHERE assignee = 'mia'");
}

static void a_round_robin_goes_on_where_it_was(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "queues: { billing: { assign: round_robin, agents: { mia: , tom: { capacity: 1 }, "
					"eva: } } }\n" ALL);
	(void)state;

	assert_gets(lab, ANA, "mia");
	assert_gets(lab, BEN, "tom");
	lab_restart(lab);
	assert_gets(lab, CEM, "eva");
	assert_gets(lab, DAN, "mia");
	/* Tom has no place left. */
	assert_gets(lab, "tel:+447700900111", "eva");
	lab_is(lab, "eva, round robin: mia 2, tom 1/1 full, eva 1", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
}

static void who_is_off_duty_or_cannot_do_it_gets_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET DAY "queues: { billing: { assign: least_busy, hours: day, agents: { mia: { hours: "
					"night, skills: de }, tom: { skills: [de, fr] }, eva: } } }\n"
					"rules:\n  - { name: de, when: { text: { contains: hallo } }, do: { skill: de } }\n"
					"  - { name: all, do: { queue: billing, convert: } }\n");
	(void)state;

	lab_say(lab, ANA, "hallo");
	lab_is(lab, "tom, least busy: mia off duty, tom 0, eva not de", "SELECT routed FROM ticket");
	lab_is(lab, "de", "SELECT skill FROM ticket");
	assert_gets(lab, BEN, "eva");
	lab_wait(lab, 11 * HOUR_MS);
	lab_say(lab, CEM, "hallo");
	lab_is(lab, "mia, least busy: mia 0, tom off duty, eva not de", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
}

static void follow_ups_go_to_who_answered_last_time(void **state)
{
	static const char conf[] = QUIET "window: { join: 1h, reopen: 1h }\nqueues: { billing: { assign: least_busy, "
		"prefer_previous: true, agents: { tom: , mia-m: { name: Mia, capacity: 1 } } } }\n" ALL;
	g_autoptr(hg_lab) lab = lab_new(conf);
	(void)state;

	assert_gets(lab, ANA, "tom");
	lab_reply(lab, lab_thread(lab), "this is Mia");
	status(lab, "TK-1000", "solved");
	lab_wait(lab, 48 * HOUR_MS);
	assert_gets(lab, ANA, "mia-m");
	lab_is(lab, "mia-m, who answered last time: tom 0, mia-m 0/1", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
	/* She has no place any more, whoever she answered. */
	assert_gets(lab, BEN, "tom");
	lab_reply(lab, lab_thread(lab), "this is Mia");
	status(lab, "TK-1002", "solved");
	lab_wait(lab, 48 * HOUR_MS);
	assert_gets(lab, BEN, "tom");
	lab_is(lab, "tom, least busy: tom 0, mia-m 1/1 full", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
}

static void who_converts_has_it_and_is_counted(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "default: hold\nqueues: { billing: { assign: least_busy, agents: { mia: { name: "
					"Mia, capacity: 1 }, tom: } } }\nrules:\n  - { name: q, do: { queue: billing } }\n"
					"  - { name: now, when: { text: { contains: now } }, do: { convert: } }\n");
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "hello");
	command = lab_command(lab, HG_CMD_CONVERT, lab_thread(lab));
	command->agent = "Mia";
	lab_do(lab, command);
	lab_is(lab, "mia", "SELECT assignee FROM ticket");
	lab_is(lab, "(null)", "SELECT routed FROM ticket");
	lab_say(lab, BEN, "now");
	lab_is(lab, "tom, least busy: mia 1/1 full, tom 0", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
}

static void what_the_helpdesk_says_counts(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "queues: { billing: { assign: least_busy, agents: { mia: { email: mia@acme.example, "
					"capacity: 1 }, tom: { capacity: 1 } } } }\n" ALL);
	hg_command *command;
	(void)state;

	assert_gets(lab, ANA, "mia");
	command = lab_command(lab, HG_CMD_STATUS, NULL);
	command->ticket_ref = "TK-1000";
	command->assignee = "";
	lab_do(lab, command);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket WHERE assignee IS NULL");
	assert_gets(lab, BEN, "mia");
	command = lab_command(lab, HG_CMD_STATUS, NULL);
	command->ticket_ref = "TK-1000";
	command->assignee = "tom";
	lab_do(lab, command);
	assert_gets(lab, CEM, "nobody");
	/* By his address, with a status: she has two now, whatever she takes. */
	command = lab_command(lab, HG_CMD_STATUS, NULL);
	command->ticket_ref = "TK-1002";
	command->text = "open";
	command->assignee = "Mia@acme.example";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_is(lab, "mia", "SELECT assignee FROM thread ORDER BY n DESC LIMIT 1");
	assert_int_equal(lab_told(lab, "ticket.status"), 3);
	/* And what a person says of the conversation. */
	command = lab_command(lab, HG_CMD_PATCH, lab_thread(lab));
	command->assignee = "";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_is(lab, "nobody", "SELECT coalesce(assignee, 'nobody') FROM ticket WHERE number = 'TK-1002'");
	lab_do(lab, command = lab_command(lab, HG_CMD_STATUS, NULL));
	assert_int_not_equal(lab->error, 0);
}

static void without_queues_of_ours_the_word_is_the_helpdesks(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "rules:\n  - { name: all, do: { convert: { queue: Second Level, skill: de, assignee: "
					"mia@acme.example, status: new } } }\n");
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_is(lab, "Second Level|de|mia@acme.example|new",
	       "SELECT queue || '|' || skill || '|' || assignee || '|' || status FROM ticket");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4");
}

/* ---- when nobody is free ---- */

static void the_customer_hears_once_how_long_it_may_take(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "queues: { billing: { assign: least_busy, agents: { mia: { capacity: 1 }, tom: "
					"{ capacity: 1 } }, overflow: { text: \"${contact.name}: ${wait}.\", per_conversation: 25m } } }\n"
					ALL);
	g_autofree char *first = NULL, *second = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_say(lab, BEN, "hello");
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2");
	lab_say(lab, CEM, "hello");
	first = told(lab);
	assert_string_equal(first, "Ana: 13 min.");	/* one waits, two work on it */
	lab_say(lab, CEM, "are you there?");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2");
	lab_say(lab, DAN, "hello");
	second = told(lab);
	assert_string_equal(second, "Ana: 25 min.");
}

static void he_is_told_in_his_language(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "word_lists: { de: { any: [hallo, meine, rechnung, bitte] }, en: { any: [my, bill, please] } }\n"
					"queues: { billing: { assign: least_busy, agents: { mia: { capacity: 1 } }, overflow: { text: { de: "
					"\"Noch ${wait}.\", default: \"${wait} more.\" } } } }\n"
					"rules:\n  - { name: all, do: { set: { lang: \"${language|none}\" }, queue: billing, convert: } }\n");
	g_autofree char *german = NULL, *other = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_is(lab, "none", "SELECT fields ->> '$.lang' FROM thread");
	lab_say(lab, BEN, "hallo, meine rechnung bitte");
	german = told(lab);
	assert_string_equal(german, "Noch 10 min.");
	lab_is(lab, "de", "SELECT data ->> '$.language' FROM event WHERE type = 'ticket.requested' ORDER BY n DESC LIMIT 1");
	lab_is(lab, "de", "SELECT fields ->> '$.lang' FROM thread ORDER BY n DESC LIMIT 1");
	lab_say(lab, CEM, "qwertz");
	other = told(lab);
	assert_string_equal(other, "20 min more.");
}

/* What people really waited is known better than what the file says. */
static void enough_answers_tell_how_long_it_takes(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "queues: { billing: { assign: least_busy, agents: { mia: { capacity: 1 } }, "
					"overflow: { text: \"${wait}\", per_conversation: 24h } } }\n" ALL);
	g_autofree char *few = NULL, *measured = NULL, *old = NULL;
	(void)state;

	lab_say(lab, "tel:+447700100000", "hello");
	for (int i = 0; i < 21; i++) {
		g_autofree char *who = g_strdup_printf("tel:+4477002000%02d", i);

		lab_say(lab, who, "hello");
		if (i == 19)
			few = told(lab);
		lab_wait(lab, (i + 1) * MINUTE_MS);
		lab_reply(lab, lab_thread(lab), "here I am");
	}
	assert_string_equal(few, "480 h");
	lab_say(lab, ANA, "hello");
	measured = told(lab);
	assert_string_equal(measured, "11 min");
	lab_wait(lab, 8 * 24 * HOUR_MS);
	lab_say(lab, BEN, "hello");
	old = told(lab);
	assert_string_equal(old, "552 h");
}

static void out_of_hours_he_hears_when_they_end(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET DAY "queues: { billing: { assign: least_busy, hours: day, agents: { mia: }, overflow: "
					"{ text: busy, closed: \"Back at ${opens}.\" } }, returns: { hours: day, overflow: { closed: "
					"\"Returns open ${opens}.\" } } }\nrules:\n"
					"  - { name: r, when: { text: { contains: back } }, do: { convert: { queue: returns } } }\n"
					"  - { name: all, do: { queue: billing, convert: } }\n");
	g_autofree char *evening = NULL, *night = NULL, *weekend = NULL;
	(void)state;

	lab_wait(lab, 10 * HOUR_MS);	/* Thursday, 20:02 */
	lab_say(lab, ANA, "hello");
	evening = told(lab);
	assert_string_equal(evening, "Back at 2025-11-21 09:00.");
	lab_is(lab, "nobody is free: mia off duty", "SELECT routed FROM ticket");
	lab_wait(lab, 6 * HOUR_MS);	/* Friday, 02:02 */
	lab_say(lab, BEN, "hello");
	night = told(lab);
	assert_string_equal(night, "Back at 09:00.");
	lab_wait(lab, 48 * HOUR_MS);	/* Sunday: nobody is assigned here at any time */
	lab_say(lab, CEM, "I send it back");
	weekend = told(lab);
	assert_string_equal(weekend, "Returns open 2025-11-24 09:00.");
	lab_is(lab, "(null)", "SELECT routed FROM ticket ORDER BY n DESC LIMIT 1");
}

/* ---- who hears of it ---- */

#define TWO "backends:\n  desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" }\n" \
	    "  crm: { url: \"https://crm.example/hook\", secrets: \"env:LAB_SECRET\", events: [\"message.*\", \"ticket.*\"] }\n"

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What each backend got, sorted: which of them is first nobody promises. */
static char *heard(hg_lab *lab)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(lab, HG_TO_BACKEND))) {
		g_ptr_array_add(list, g_strdup_printf("%s %s", dispatch->job.name, dispatch->event.type));
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
	}
	g_ptr_array_sort(list, by_text);
	g_ptr_array_add(list, NULL);
	return g_strjoinv(", ", (char **)list->pdata);
}

static void a_ticket_goes_to_the_backend_its_rule_names(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET TWO "rules:\n"
					"  - { name: late, when: { text: { contains: other } }, do: { backend: desk } }\n"
					"  - { name: all, when: { thread: { has_ticket: false } }, do: { backend: crm, convert: } }\n");
	g_autofree char *first = NULL, *second = NULL, *gone = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	first = heard(lab);
	assert_string_equal(first, "crm message.received, crm ticket.requested");
	lab_is(lab, "crm", "SELECT backend FROM thread");
	/* The other one does not know this ticket. */
	lab_say(lab, ANA, "other");
	second = heard(lab);
	assert_string_equal(second, "crm message.received, crm ticket.message");
	lab_is(lab, "crm", "SELECT backend FROM thread");
	/* Nothing is lost when it is taken out of the configuration. */
	lab_reload(lab, QUIET "rules: []\n");
	lab_say(lab, ANA, "hello?");
	gone = heard(lab);
	assert_string_equal(gone, "desk ticket.message");
}

static void a_notice_reaches_people_and_never_the_customer(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET TWO "default: hold\nrules:\n"
					"  - { name: vip, when: { text: { contains: vip } }, do: { notify: { text: \"${contact.name} says: "
					"${text}\", to: desk } } }\n"
					"  - { name: all hands, when: { text: { contains: fire } }, do: { notify: \"${channel}!\" } }\n");
	g_autofree char *one = NULL, *both = NULL;
	(void)state;

	lab_say(lab, ANA, "a vip ${number}");
	one = heard(lab);
	assert_string_equal(one, "crm message.received, desk thread.notice");
	lab_is(lab, "Ana says: a vip ${number}", "SELECT text FROM message WHERE direction = 3 AND author_name = 'vip'");
	lab_is(lab, "vip", "SELECT data ->> '$.notice.rule' FROM event WHERE type = 'thread.notice'");
	lab_say(lab, ANA, "fire");
	both = heard(lab);
	assert_string_equal(both, "crm message.received, crm thread.notice, desk thread.notice");
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2");
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 1");
}

static void notices_do_not_flood(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "default: hold\nrules:\n  - { name: all, do: { notify: again, reply: yes } }\n");
	(void)state;

	for (int i = 0; i < 15; i++)
		lab_say(lab, ANA, "hello");
	lab_counts(lab, 10, "SELECT count(*) FROM message WHERE direction = 3");
	/* Notes are no answers: they take none of the replies' places. */
	lab_counts(lab, 5, "SELECT count(*) FROM message WHERE direction = 2");
	lab_wait(lab, 11 * MINUTE_MS);
	lab_say(lab, ANA, "hello");
	lab_counts(lab, 11, "SELECT count(*) FROM message WHERE direction = 3");
}

/* ---- fields ---- */

static void fields_are_filled_from_the_conversation(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "default: hold\nrules:\n"
					"  - { name: note, do: { set: { topic: \"${text}\", via: \"${channel}/${adapter}\", twice: \"[${field.topic}]\", "
					"tier: \"${contact.tier|basic}\" } } }\n"
					"  - { name: now, when: { text: { contains: now } }, do: { convert: { subject: \"${contact.name} on "
					"${channel}: ${field.topic}\", custom: { agent: \"${agent|nobody}\", topic: \"${text} (${rule})\" } } } }\n");
	(void)state;

	lab_say(lab, ANA, "my ${number}\nis ${contact.name}");
	lab_is(lab, "my ${number} is ${contact.name}", "SELECT fields ->> '$.topic' FROM thread");
	lab_is(lab, "[my ${number} is ${contact.name}]", "SELECT fields ->> '$.twice' FROM thread");
	lab_is(lab, "wa/fake", "SELECT fields ->> '$.via' FROM thread");
	lab_is(lab, "basic", "SELECT fields ->> '$.tier' FROM thread");
	lab_reply(lab, lab_thread(lab), "wait");
	lab_say(lab, ANA, "now");
	lab_is(lab, "Mia", "SELECT data ->> '$.custom.agent' FROM event WHERE type = 'ticket.requested'");
	lab_is(lab, "now (now)", "SELECT data ->> '$.custom.topic' FROM event WHERE type = 'ticket.requested'");
	lab_is(lab, "Ana on wa: now (now)", "SELECT subject FROM ticket");
}

static void a_field_of_that_name_is_the_tickets_priority(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "rules:\n"
					"  - { name: angry, when: { text: { contains: awful } }, do: { set: { priority: high, category: anger } } }\n"
					"  - { name: gold, when: { contact: { name: { equals: Ana } }, text: { contains: gold } }, do: { set: { priority: urgent } } }\n"
					"  - { name: bill, when: { text: { contains: bill } }, do: { convert: { category: billing } } }\n"
					"  - { name: all, do: { convert: } }\n");
	(void)state;

	lab_say(lab, ANA, "awful gold bill");
	lab_is(lab, "urgent billing", "SELECT priority || ' ' || category FROM ticket");
	lab_say(lab, BEN, "awful");
	lab_is(lab, "high anger", "SELECT priority || ' ' || category FROM ticket ORDER BY n DESC LIMIT 1");
}

static void a_rules_reply_names_the_customer(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(QUIET "default: hold\nrules:\n  - { name: hi, do: { reply: \"Hi ${contact.name}, $${} ${agent|we} ${thread.url|here}\" } }\n");
	g_autofree char *text = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	text = told(lab);
	assert_string_equal(text, "Hi Ana, ${} we here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_busy_gets_it_and_the_first_of_equals),
		cmocka_unit_test(two_at_once_do_not_both_take_the_last_place),
		cmocka_unit_test(a_round_robin_goes_on_where_it_was),
		cmocka_unit_test(who_is_off_duty_or_cannot_do_it_gets_nothing),
		cmocka_unit_test(follow_ups_go_to_who_answered_last_time),
		cmocka_unit_test(who_converts_has_it_and_is_counted),
		cmocka_unit_test(what_the_helpdesk_says_counts),
		cmocka_unit_test(without_queues_of_ours_the_word_is_the_helpdesks),
		cmocka_unit_test(the_customer_hears_once_how_long_it_may_take),
		cmocka_unit_test(he_is_told_in_his_language),
		cmocka_unit_test(enough_answers_tell_how_long_it_takes),
		cmocka_unit_test(out_of_hours_he_hears_when_they_end),
		cmocka_unit_test(a_ticket_goes_to_the_backend_its_rule_names),
		cmocka_unit_test(a_notice_reaches_people_and_never_the_customer),
		cmocka_unit_test(notices_do_not_flood),
		cmocka_unit_test(fields_are_filled_from_the_conversation),
		cmocka_unit_test(a_field_of_that_name_is_the_tickets_priority),
		cmocka_unit_test(a_rules_reply_names_the_customer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
