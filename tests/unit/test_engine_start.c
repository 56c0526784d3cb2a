/* test_engine_start.c - conversations that we begin: who may be written to, what takes the message, what he answers */
#include "engine_fixture.h"

#include <string.h>

#define ANA	 "tel:+447700900123"
#define BEN	 "tel:+447700900456"
#define SENT(id_) (&(struct hg_result){ .fate = HG_SENT, .id = (id_) })
#define TICKETS	 "default: convert\nsettle: 1s\n"

static hg_lab *lab_of(const char *yaml)
{
	hg_lab *lab = lab_new(yaml);

	lab->caps = HG_CAP_FIRST;
	return lab;
}

static hg_command *starting(hg_lab *lab, const char *channel, const char *to, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_START, NULL);

	command->channel = channel;
	command->reply.to = to;
	command->reply.text = text;
	command->agent = "Mia";
	return command;
}

static int start(hg_lab *lab, const char *channel, const char *to, const char *text)
{
	lab_do(lab, starting(lab, channel, to, text));
	return lab->error;
}

/* Nothing of it is there: no contact, no conversation, nothing that leaves. */
static void refused(hg_lab *lab, hg_command *command, int code, const char *why)
{
	gint64 threads = lab_count(lab, "SELECT COUNT(*) FROM thread"), contacts = lab_count(lab, "SELECT COUNT(*) FROM contact");
	gint64 messages = lab_count(lab, "SELECT COUNT(*) FROM message");

	lab_do(lab, command);
	assert_int_equal(lab->error, code);
	if (!strstr(lab->error_text, why))
		fail_msg("%s", lab->error_text);
	assert_int_equal(lab_count(lab, "SELECT COUNT(*) FROM thread"), threads);
	assert_int_equal(lab_count(lab, "SELECT COUNT(*) FROM contact"), contacts);
	assert_int_equal(lab_count(lab, "SELECT COUNT(*) FROM message"), messages);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_audit(lab);
}

/* The provider takes all there is. */
static void deliver(hg_lab *lab)
{
	static guint number;

	for (hg_dispatch *dispatch; (dispatch = lab_take(lab, HG_TO_CHANNEL));) {
		g_autofree char *id = g_strdup_printf("d%u", ++number);

		lab_sent(lab, dispatch, SENT(id));
	}
}

static gboolean joined(hg_lab *lab)
{
	if (!strstr(lab->answer, "\"joined\":"))
		fail_msg("%s", lab->answer);
	return strstr(lab->answer, "\"joined\":true") != NULL;
}

/* ---- the plain way ---- */

static void a_stranger_is_written_to_and_his_answer_joins(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	g_autofree char *thread = NULL;
	hg_dispatch *dispatch;
	(void)state;

	assert_int_equal(start(lab, "wa", "+44 7700 900123", "Your parcel is here."), 0);
	assert_false(joined(lab));
	thread = g_strdup(lab_thread(lab));
	assert_non_null(strstr(lab->answer, thread));
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.to, ANA);
	assert_null(dispatch->out.from);
	lab_sent(lab, dispatch, SENT("p1"));
	assert_int_equal(lab_told(lab, "thread.opened"), 1);
	assert_int_equal(lab_told(lab, "message.sent"), 1);
	lab_is(lab, "wa " ANA " 1", "SELECT channel || ' ' || reply_to || ' ' || state FROM thread");
	lab_is(lab, "start start", "SELECT on_event || ' ' || action FROM decision");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM decision WHERE INSTR(facts, 'started by Mia (token:desk)') > 0");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM event WHERE type = 'thread.opened' AND INSTR(data, 'started by Mia (token:desk)') > 0");
	/* Nobody has asked: there is nothing that was answered, and no time it took. */
	lab_counts(lab, 0, "SELECT COALESCE(first_response_ms, 0) + COALESCE(ep_human_ms, 0) FROM thread");
	lab_say(lab, ANA, "thank you, when?");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact");
	lab_wait(lab, MINUTE_MS);
	lab_reply(lab, thread, "At noon.");
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p2"));
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE first_response_ms > first_message_ms AND ep_human_ms > ep_customer_ms");
	lab_audit(lab);
}

static void one_who_does_not_answer_is_no_unsolved_matter(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(TICKETS);
	(void)state;

	assert_int_equal(start(lab, "wa", ANA, "Your parcel is here."), 0);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), SENT("p1"));
	lab_wait(lab, 40 * DAY_MS);
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, HG_RES_RESOLVED, "SELECT resolution FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM event WHERE type = 'thread.closed' AND INSTR(data, 'the customer did not answer') > 0");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
	assert_int_equal(lab_told(lab, "drop.detected"), 0);
	lab_audit(lab);
}

static void a_ticket_is_made_where_it_is_wanted_and_the_customer_is_asked_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_of("channels:\n  wa: { adapter: fake, requester: ask }\n"
				       "rating: { ask: true, after: [ converted ] }\n");
	hg_command *command = starting(lab, "wa", ANA, "Your return is overdue.");
	static const char *const tags[] = { "returns", NULL };
	(void)state;

	command->ticket = TRUE;
	command->add_tags = tags;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_is(lab, "[\"returns\",\"requester_missing\"]", "SELECT tags FROM thread");
	lab_is(lab, "started by Mia (token:desk)", "SELECT reason FROM ticket");
	assert_non_null(strstr(lab->answer, "\"number\":\"TK-"));
	assert_non_null(strstr(lab_desk(lab), "ticket.requested"));
	deliver(lab);
	command = lab_command(lab, HG_CMD_LINK, NULL);
	command->ticket_ref = "TK-1";
	command->backend = "desk";
	command->external_id = "4711";
	command->number = "4711";
	lab_do(lab, command);
	lab_wait(lab, DAY_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE direction = 2");		/* no confirmation, no question */
	(void)lab_desk(lab);
	lab_audit(lab);
}

static void what_would_be_sent_can_be_looked_at(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	hg_command *command = starting(lab, "wa", "+447700900123", "one\n\ntwo");
	gint64 journal = lab_count(lab, "SELECT COUNT(*) FROM journal");
	(void)state;

	command->kind = HG_CMD_START_PREVIEW;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, "\"to\":\"" ANA "\""));
	assert_non_null(strstr(lab->answer, "\"two\""));
	lab_counts(lab, journal, "SELECT COUNT(*) FROM journal");
	lab_counts(lab, 0, "SELECT (SELECT COUNT(*) FROM contact) + (SELECT COUNT(*) FROM thread)");
	command = starting(lab, "wa", "nobody", "x");
	command->kind = HG_CMD_START_PREVIEW;
	refused(lab, command, HG_ERROR_INPUT, "\"to\" is a number");
}

/* ---- what takes it ---- */

static void what_goes_on_takes_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(TICKETS);
	g_autofree char *thread = NULL;
	(void)state;

	lab_say(lab, ANA, "where is it?");
	thread = g_strdup(lab_thread(lab));
	assert_int_equal(start(lab, "wa", "+447700900123", "One more thing."), 0);	/* while it is a chat */
	assert_true(joined(lab));
	assert_non_null(strstr(lab->answer, thread));
	deliver(lab);
	lab_say(lab, ANA, "yes?");
	lab_wait(lab, MINUTE_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	assert_int_equal(start(lab, "wa", ANA, "And one more."), 0);			/* and when it is a ticket */
	assert_true(joined(lab));
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM decision WHERE on_event = 'start' AND action = 'join' AND "
		   "INSTR(facts, 'open ticket') > 0 AND INSTR(facts, '; started by Mia') > 0");
	assert_int_equal(lab_told(lab, "thread.opened"), 1);
	lab_audit(lab);
}

static void what_is_over_or_old_or_elsewhere_does_not(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(TICKETS);
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "where is it?");
	assert_int_equal(start(lab, "sms", ANA, "Another channel."), 0);
	assert_false(joined(lab));
	deliver(lab);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread WHERE state = 1");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact");
	/* What he answers there is the answer, though he talks elsewhere too. */
	lab_in(lab, "sms", &(struct hg_in[]){ lab_text(ANA, "fine") }[0], 1);
	lab_is(lab, "sms", "SELECT t.channel FROM message m JOIN thread t ON t.n = m.thread_n WHERE m.text = 'fine'");
	command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));
	command->resolution = HG_RES_RESOLVED;
	lab_do(lab, command);
	assert_int_equal(start(lab, "sms", ANA, "After the end."), 0);
	assert_false(joined(lab));
	deliver(lab);
	lab_wait(lab, MINUTE_MS);
	lab_wait(lab, HOUR_MS);		/* the ticket is confirmed */
	(void)lab_desk(lab);
	deliver(lab);
	lab_wait(lab, 8 * DAY_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE channel = 'wa' AND state = 3");
	assert_int_equal(start(lab, "wa", ANA, "A week later."), 0);
	assert_false(joined(lab));
	deliver(lab);
	(void)lab_desk(lab);
	lab_audit(lab);
}

static void a_group_chat_takes_nothing_that_is_for_one(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	struct hg_in in = lab_text(ANA, "hello all");
	(void)state;

	in.group = "g1";
	lab_in(lab, "wa", &in, 1);
	assert_int_equal(start(lab, "wa", ANA, "Only for you."), 0);
	assert_false(joined(lab));
}

static void a_mail_keeps_its_matter_and_joins_whoever_only_claimed(void **state)
{
	g_autoptr(hg_lab) lab = lab_of("channels:\n  mail: { adapter: mail }\n");
	hg_command *command = starting(lab, "mail", "Ana@Example.com", "It has left.");
	struct hg_address from = { "mailto:ben@example.com", HG_CLAIMED };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = "<1@b>", .from = &from, .n_from = 1, .subject = "Bike", .text = "x" };
	hg_dispatch *dispatch;
	(void)state;

	lab->space = "mail";
	command->subject = "Your order 77";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.to, "mailto:ana@example.com");
	lab_sent(lab, dispatch, SENT("<ours@acme.example>"));
	lab_is(lab, "Your order 77", "SELECT subject FROM thread");
	from.uri = "mailto:ana@example.com";
	in.refs = (const char *[]){ "<ours@acme.example>", NULL };
	in.sender = HG_SENDER_PASS;
	in.subject = "Re: Your order 77";
	lab_in(lab, "mail", &in, 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	/* Nobody vouches for Ben, but this is where he wrote from. */
	from.uri = "mailto:ben@example.com";
	in = (struct hg_in){ .size = sizeof(in), .kind = HG_TEXT, .id = "<2@b>", .from = &from, .n_from = 1, .subject = "Bike", .text = "x" };
	lab_in(lab, "mail", &in, 1);
	assert_int_equal(start(lab, "mail", "mailto:ben@example.com", "About your bike."), 0);
	assert_true(joined(lab));
	lab_counts(lab, 2, "SELECT COUNT(*) FROM contact");
	lab_audit(lab);
}

/* ---- whom ---- */

static void the_contact_that_is_named_has_to_be_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	g_autofree char *ana = NULL;
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "hello");
	ana = lab_value(lab, "SELECT id FROM contact");
	command = starting(lab, "wa", ANA, "x");
	command->text = ana;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	deliver(lab);
	command = starting(lab, "wa", BEN, "x");	/* nobody's yet */
	command->text = ana;
	refused(lab, command, HG_ERROR_DENIED, "not known to be con_");
	command = starting(lab, "wa", ANA, "x");
	command->text = "con_00000000000000000000000000";
	refused(lab, command, HG_ERROR_DENIED, "leave \"contact\" out");
}

static void an_address_is_taken_as_a_provider_would_say_it(void **state)
{
	static const struct { const char *given, *uri; } good[] = {
		{ "+447700900123", ANA }, { "tel:+44 7700 900123", ANA }, { "+44 (0)7700 900123", ANA }, { "whatsapp:+447700900123", ANA },
		{ "0044 7700 900123", NULL }, { "62442", "short:62442" }, { "short:62442", "short:62442" },
		{ "whatsapp:GB.1349", "whatsapp:GB.1349" }, { "Ana@Example.COM", "mailto:ana@example.com" },
		{ "mailto:ana@example.com", "mailto:ana@example.com" },
	};
	static const char *const bad[] = { "", "Ana", "07700900123", "tel:nobody", "ana@", "a@b.example, c@d.example", "x:y z", "\x01:x", NULL };
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(hg_lab) lab = lab_of(NULL);

		if (!good[i].uri)
			continue;
		if (start(lab, "wa", good[i].given, "x"))
			fail_msg("%s: %s", good[i].given, lab->error_text);
		lab_is(lab, good[i].uri, "SELECT uri FROM address WHERE channel = ''");
	}
	for (const char *const *text = bad; *text; text++) {
		g_autoptr(hg_lab) lab = lab_of(NULL);

		refused(lab, starting(lab, "wa", *text, "x"), HG_ERROR_INPUT, "\"to\" is a number");
	}
}

/* ---- who may not be written to ---- */

static void where_nobody_can_be_written_to_first_nobody_is(void **state)
{
	g_autoptr(hg_lab) lab = lab_of("channels:\n  wa: { adapter: fake }\n  try: { adapter: fake, shadow: true }\n");
	hg_command *pause;
	(void)state;

	refused(lab, starting(lab, "none", ANA, "x"), HG_ERROR_INPUT, "there is no channel \"none\"");
	refused(lab, starting(lab, NULL, ANA, "x"), HG_ERROR_INPUT, "there is no channel");
	refused(lab, starting(lab, "try", ANA, "x"), HG_ERROR_STATE, "on trial");
	lab->gone = TRUE;
	refused(lab, starting(lab, "wa", ANA, "x"), HG_ERROR_BUSY, "does not run");
	lab->gone = FALSE;
	lab->caps = 0;
	refused(lab, starting(lab, "wa", ANA, "x"), HG_ERROR_STATE, "nobody can be written to first");
	lab->caps = HG_CAP_FIRST;
	pause = lab_command(lab, HG_CMD_PAUSE, NULL);
	pause->channel = "wa";
	pause->text = "moving house";
	lab_do(lab, pause);
	refused(lab, starting(lab, "wa", ANA, "x"), HG_ERROR_STATE, "paused: moving house");
	pause = lab_command(lab, HG_CMD_PAUSE, NULL);
	pause->channel = "wa";
	pause->remove = TRUE;
	lab_do(lab, pause);
	assert_int_equal(start(lab, "wa", ANA, "x"), 0);
}

static void who_is_blocked_or_wants_nothing_is_left_alone(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	g_autofree char *ana = NULL;
	struct hg_tally tally;
	hg_command *command;
	(void)state;

	lab->caps |= HG_CAP_WORDS;
	lab_say(lab, ANA, "hello");
	ana = lab_value(lab, "SELECT id FROM contact");
	command = lab_command(lab, HG_CMD_BLOCK, NULL);
	command->text = ana;
	lab_do(lab, command);
	refused(lab, starting(lab, "wa", ANA, "x"), HG_ERROR_STATE, "blocked");
	/* Nobody knows Ben here but by his wish. */
	command = lab_command(lab, HG_CMD_CONSENT, NULL);
	command->channel = "sms";
	command->text = BEN;
	command->status = "stop";
	lab_do(lab, command);
	refused(lab, starting(lab, "sms", BEN, "x"), HG_ERROR_OPTED_OUT, "wants no messages");
	hg_engine_get_tally(lab->engine, "sms", &tally);
	assert_int_equal(tally.barred, 1);
	command = starting(lab, "sms", BEN, "x");
	command->kind = HG_CMD_START_PREVIEW;
	refused(lab, command, HG_ERROR_OPTED_OUT, "wants no messages");
	hg_engine_get_tally(lab->engine, "sms", &tally);
	assert_int_equal(tally.barred, 1);	/* a look is no try */
	assert_int_equal(start(lab, "wa", BEN, "x"), 0);		/* he said so of another channel */
}

static void a_closed_window_wants_a_template(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	hg_command *command;
	(void)state;

	lab->window_ms = DAY_MS;
	refused(lab, starting(lab, "wa", ANA, "x"), HG_ERROR_WINDOW, "window");
	command = starting(lab, "wa", ANA, NULL);
	command->reply.template_json = "{\"name\":\"parcel\",\"language\":\"en\"}";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE INSTR(payload, 'headgate.template') > 0");
}

/* ---- once ---- */

static hg_command *keyed(hg_lab *lab, const char *text)
{
	hg_command *command = starting(lab, "wa", ANA, text);

	command->idem_key = "k1";
	command->idem_print[0] = (guint8)text[0];
	return command;
}

static void the_same_key_says_the_same_and_sends_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_of(NULL);
	g_autofree char *first = NULL;
	(void)state;

	lab_do(lab, keyed(lab, "one"));
	first = g_strdup(lab->answer);
	assert_false(joined(lab));
	lab_restart(lab);
	lab->caps = HG_CAP_FIRST;
	lab_do(lab, keyed(lab, "one"));
	assert_string_equal(lab->answer, first);		/* not "joined", though it is there by now */
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message");
	lab_do(lab, keyed(lab, "two"));
	assert_int_equal(lab->error, HG_ERROR_CONFLICT);
	lab_audit(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_is_written_to_and_his_answer_joins),
		cmocka_unit_test(one_who_does_not_answer_is_no_unsolved_matter),
		cmocka_unit_test(a_ticket_is_made_where_it_is_wanted_and_the_customer_is_asked_nothing),
		cmocka_unit_test(what_would_be_sent_can_be_looked_at),
		cmocka_unit_test(what_goes_on_takes_it),
		cmocka_unit_test(what_is_over_or_old_or_elsewhere_does_not),
		cmocka_unit_test(a_group_chat_takes_nothing_that_is_for_one),
		cmocka_unit_test(a_mail_keeps_its_matter_and_joins_whoever_only_claimed),
		cmocka_unit_test(the_contact_that_is_named_has_to_be_it),
		cmocka_unit_test(an_address_is_taken_as_a_provider_would_say_it),
		cmocka_unit_test(where_nobody_can_be_written_to_first_nobody_is),
		cmocka_unit_test(who_is_blocked_or_wants_nothing_is_left_alone),
		cmocka_unit_test(a_closed_window_wants_a_template),
		cmocka_unit_test(the_same_key_says_the_same_and_sends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
