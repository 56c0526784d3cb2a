/* test_engine_consent.c - STOP, START, HELP and what providers say of them: a state, no noise and no ticket */
#include "engine_fixture.h"

#include <string.h>

#include "record.h"

#define ANA    "tel:+447700900123"
#define ANA_2  "sms:447700900123"
#define BEN    "tel:+447700900456"
#define ONE    "tel:+4930000"
#define TWO    "tel:+4930001"
#define ALL    "rules:\n  - name: all\n    do: { convert: { priority: high } }\n"
/* A rule that would answer and convert everything, if it were asked. */
#define EAGER  "rules:\n  - name: eager\n    do: { convert: {}, reply: Hello. }\n"
#define STOPPED "You will get no more messages from this number. Reply START to get them again."

static hg_lab *words_lab(const char *yaml)
{
	hg_lab *lab = lab_new(yaml);

	lab->caps = HG_CAP_WORDS;
	return lab;
}

static struct hg_in to(const char *uri, const char *ours, const char *text)
{
	struct hg_in in = lab_text(uri, text);

	in.to = ours;
	return in;
}

static void say(hg_lab *lab, const char *uri, const char *text)
{
	struct hg_in in = to(uri, ONE, text);

	lab_wait(lab, 1000);
	lab_in(lab, "sms", &in, 1);
}

/* The text that goes out next, as far as one does; it is sent.  Yours. */
static char *told(hg_lab *lab)
{
	hg_dispatch *dispatch = lab_take(lab, HG_TO_CHANNEL);
	char *text = dispatch ? g_strdup(dispatch->out.text) : NULL;

	if (dispatch)
		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "p" });
	return text;
}

#define tells(lab, want) do {							\
	g_autofree char *told_ = told(lab);					\
	assert_string_equal(told_ ?: "(nothing)", (want));			\
} while (0)

/* An agent's reply; *ret error code.  from: channel and address, or NULL. */
static int reply(hg_lab *lab, const char *text, const char *key)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

	command->reply.text = text;
	command->reply.agent = "Mia";
	command->idem_key = key;
	lab_do(lab, command);
	return lab->error;
}

static void by_hand(hg_lab *lab, const char *state, const char *ours)
{
	hg_command *command = lab_command(lab, HG_CMD_CONSENT, NULL);

	command->channel = "sms";
	command->text = ANA;
	command->number = ours;
	command->status = state;
	command->subject = "told us on the phone";
	command->agent = "Mia";
	lab_do(lab, command);
}

static void provider(hg_lab *lab, const char *channel, const char *word, int code, const char *note)
{
	struct hg_in in = to(ANA, ONE, word);

	in.kind = HG_CONSENT;
	in.code = code;
	in.note = note;
	lab_wait(lab, 1000);
	lab_in(lab, channel, &in, 1);
}

static gint64 opted_out(hg_lab *lab)
{
	return lab_count(lab, "SELECT opted_out FROM contact");
}

/* ---- what is said ---- */

static void stop_as_the_first_message_ever_is_kept_and_no_ticket(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(EAGER);
	(void)state;

	say(lab, ANA, " Stop. ");
	lab_is(lab, " Stop. ", "SELECT text FROM message WHERE direction = 1");
	assert_string_equal(lab_desk(lab), "contact.consent");
	lab_counts(lab, HG_WISH_STOP, "SELECT state FROM consent WHERE uri = '" ANA "' AND channel = 'sms' AND ours = '" ONE "'");
	lab_is(lab, "word", "SELECT source FROM consent");
	assert_int_equal(opted_out(lab), 1);
	tells(lab, STOPPED);
	tells(lab, "(nothing)");
	lab_is(lab, "consent", "SELECT on_event FROM decision");
	lab_is(lab, "ignore", "SELECT action FROM decision");
	lab_counts(lab, 1, "SELECT count(*) FROM decision");
	/* Nothing waits for an agent, and its end makes no ticket either. */
	lab_wait(lab, 30 * DAY_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, HG_RES_RESOLVED, "SELECT resolution FROM thread");
	assert_int_equal(lab_told(lab, "drop.detected"), 0);
	lab_audit(lab);
}

static void without_the_words_it_is_a_message_like_any_other(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	(void)state;

	say(lab, ANA, "STOP");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
}

static void the_configuration_says_where_words_count(void **state)
{
	static const char yaml[] = "channels:\n  wa: { adapter: fake, consent: { words: yes } }\n"
				   "  sms: { adapter: fake, consent: { words: no } }\n" ALL;
	g_autoptr(hg_lab) lab = words_lab(yaml);
	(void)state;

	say(lab, ANA, "STOP");
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_say(lab, BEN, "STOP");
	lab_counts(lab, 1, "SELECT count(*) FROM consent WHERE uri = '" BEN "' AND channel = 'wa'");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

static void stop_on_a_solved_ticket_does_not_reopen_it(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	hg_command *command;
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){
		.fate = HG_SENT, .status = 200, .external_id = "77" });
	command = lab_command(lab, HG_CMD_STATUS, NULL);
	command->backend = "desk";
	command->ticket_ref = "77";
	command->text = "solved";
	lab_do(lab, command);
	lab_desk(lab);
	say(lab, ANA, "STOP");
	assert_string_equal(lab_desk(lab), "contact.consent");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, HG_TICKET_SOLVED, "SELECT state FROM ticket");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	assert_int_equal(lab_told(lab, "ticket.reopened"), 0);
}

static void stop_in_an_open_ticket_is_told_as_what_it_is(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	g_autofree char *data = NULL;
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	lab_desk(lab);
	say(lab, ANA, "STOP");
	assert_string_equal(lab_desk(lab), "contact.consent");
	data = lab_value(lab, "SELECT data FROM event WHERE type = 'contact.consent'");
	assert_non_null(strstr(data, "\"text\":\"STOP\""));
	assert_non_null(strstr(data, "\"number\":\"TK-1000\""));
	assert_non_null(strstr(data, "\"consent\":{\"address\":\"" ANA "\",\"channel\":\"sms\",\"our_address\":\"" ONE "\","
			       "\"state\":\"stop\""));
	assert_non_null(strstr(data, "\"opted_out\":true"));
	lab_counts(lab, 1, "SELECT count(*) FROM event WHERE type = 'ticket.requested'");
}

static void saying_it_again_is_no_news_and_answered_once(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_in in = to(ANA, ONE, "STOP");
	(void)state;

	in.id = "m.1";
	lab_in(lab, "sms", &in, 1);
	lab_in(lab, "sms", &in, 1);	/* the same delivery */
	say(lab, ANA, "stop!");
	tells(lab, STOPPED);
	tells(lab, "(nothing)");
	assert_int_equal(lab_told(lab, "contact.consent"), 1);
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 1");
}

static void what_the_provider_has_answered_is_not_answered(void **state)
{
	static const char *const words[] = { "STOP", "START", "HELP" };
	g_autoptr(hg_lab) lab = words_lab(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		struct hg_in in = to(ANA, ONE, words[i]);

		in.answered = true;
		lab_wait(lab, 1000);
		lab_in(lab, "sms", &in, 1);
		tells(lab, "(nothing)");
	}
	assert_int_equal(lab_told(lab, "contact.consent"), 2);
}

static void start_takes_it_back(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	(void)state;

	say(lab, ANA, "unsubscribe");
	tells(lab, STOPPED);
	say(lab, ANA, "START");
	tells(lab, "You will get our messages again. Reply STOP to end them.");
	assert_int_equal(opted_out(lab), 0);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	assert_int_equal(reply(lab, "welcome back", NULL), 0);
	tells(lab, "welcome back");
}

static void yes_is_an_answer_unless_he_had_said_stop(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	(void)state;

	say(lab, ANA, "yes");
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
	lab_counts(lab, 1, "SELECT count(*) FROM timer WHERE kind = 'settle'");
	say(lab, BEN, "STOP");
	say(lab, BEN, "Yes");
	lab_counts(lab, HG_WISH_START, "SELECT state FROM consent WHERE uri = '" BEN "'");
}

static void help_is_answered_also_to_who_opted_out(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(EAGER "gateway: { name: Acme }\n");
	(void)state;

	say(lab, ANA, "HELP");
	tells(lab, "This is Acme. Write to us here and we will answer. Reply STOP to get no more messages.");
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	assert_string_equal(lab_desk(lab), "");
	say(lab, ANA, "STOP");
	tells(lab, STOPPED);
	say(lab, ANA, "info");
	tells(lab, "This is Acme. Write to us here and we will answer. Reply STOP to get no more messages.");
	lab_wait(lab, 30 * DAY_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
}

static void help_in_an_open_ticket_reaches_the_agent(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	lab_desk(lab);
	say(lab, ANA, "help");
	assert_string_equal(lab_desk(lab), "ticket.message");
}

static void two_machines_do_not_answer_each_other_for_ever(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	g_autofree char *more = NULL;
	guint n = 0;
	(void)state;

	for (int i = 0; i < 20; i++) {
		g_autofree char *text = NULL;

		say(lab, ANA, i % 2 ? "START" : "STOP");
		text = told(lab);
		n += text != NULL;
	}
	assert_int_equal(n, 4);
	assert_int_equal(lab_told(lab, "contact.consent"), 20);
	lab_wait(lab, DAY_MS);
	say(lab, ANA, "STOP");
	more = told(lab);
	assert_non_null(more);
}

static void texts_are_by_language_and_can_be_none(void **state)
{
	static const char yaml[] = "channels:\n  sms: { adapter: fake, consent: { stop_text: { en: Bye., fr: \"Adieu, ${company}.\" }, "
				   "start_text: \"\" } }\ngateway: { name: Acme }\n";
	g_autoptr(hg_lab) lab = words_lab(yaml);
	(void)state;

	say(lab, ANA, "STOP");
	tells(lab, "Bye.");
	say(lab, ANA, "START");
	tells(lab, "(nothing)");
	say(lab, ANA, "ARRET");
	tells(lab, "Adieu, Acme.");
	say(lab, BEN, "Aide");
	tells(lab, "Ici Acme. Écrivez-nous ici, nous vous répondrons. Répondez STOP pour ne plus recevoir de messages.");
}

static void who_only_says_that_he_is_somebody_does_not_speak_for_him(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_address from = { ANA, HG_CLAIMED };
	struct hg_in in = to(ANA, ONE, "STOP");
	(void)state;

	in.from = &from;
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
	in = to(ANA, ONE, "STOP");
	in.from = &from;
	in.kind = HG_CONSENT;
	in.text = "stop";
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
	in = to(ANA, ONE, "STOP");
	in.automatic = true;
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
	in = to(ANA, ONE, "STOP");
	in.from = &from;
	in.sender = HG_SENDER_PASS;
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM consent");
}

/* The provider knows words of its own: the message is kept, and no rule sees it. */
static void a_word_that_only_the_provider_knows(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(EAGER);
	struct hg_in in = to(ANA, ONE, "stop");
	(void)state;

	in.kind = HG_CONSENT;
	in.reply_text = "enough of this";
	in.answered = true;
	lab_in(lab, "sms", &in, 1);
	lab_is(lab, "enough of this", "SELECT text FROM message");
	lab_counts(lab, HG_WISH_STOP, "SELECT state FROM consent");
	lab_counts(lab, 1, "SELECT blocked FROM consent");
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	tells(lab, "(nothing)");
	in = to(ANA, ONE, "help");
	in.kind = HG_CONSENT;
	in.reply_text = "what is this";
	lab_wait(lab, 1000);
	lab_in(lab, "sms", &in, 1);
	assert_string_equal(lab_desk(lab), "contact.consent");
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 1");
}

static void nonsense_is_no_consent(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	(void)state;

	provider(lab, "sms", "perhaps", 0, NULL);
	provider(lab, "sms", "help", 0, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM consent");
	assert_int_equal(lab->stored, 2);
}

/* ---- whom it stops ---- */

static void an_agents_answer_is_refused_at_once_with_the_reason(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	g_autofree char *when = NULL;
	g_autoptr(GDateTime) now = NULL;
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	say(lab, ANA, "STOP");
	now = g_date_time_new_from_unix_utc(test_now_ms / 1000);
	when = g_date_time_format(now, "on %Y-%m-%d at %H:%M UTC (STOP)");
	tells(lab, STOPPED);
	lab_desk(lab);
	assert_int_equal(reply(lab, "it was 40 euros", "key-1"), HG_ERROR_OPTED_OUT);
	assert_non_null(strstr(lab->error_text, "the customer opted out"));
	assert_non_null(strstr(lab->error_text, when));
	assert_non_null(strstr(lab->error_text, ONE));
	assert_non_null(strstr(lab->error_text, "He takes it back by writing START"));
	tells(lab, "(nothing)");
	/* Where the others look: a note, told to the helpdesk; not again for each attempt. */
	assert_string_equal(lab_desk(lab), "thread.notice");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 3 AND text LIKE 'An answer by Mia was not sent: %%'");
	assert_int_equal(reply(lab, "it was 40 euros", "key-1"), HG_ERROR_OPTED_OUT);
	assert_string_equal(lab_desk(lab), "");
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2 AND author = 2");
	/* The same call is no longer refused when he takes it back. */
	say(lab, ANA, "START");
	assert_int_equal(reply(lab, "it was 40 euros", "key-1"), 0);
	assert_int_equal(reply(lab, "it was 40 euros", "key-1"), 0);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2 AND author = 2");
	lab_audit(lab);
}

static void nothing_automatic_goes_out_either(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(EAGER);
	(void)state;

	say(lab, ANA, "STOP");
	tells(lab, STOPPED);
	say(lab, ANA, "and another thing");
	lab_wait(lab, HOUR_MS);
	tells(lab, "(nothing)");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_counts(lab, HG_DLV_FAILED, "SELECT delivery FROM message WHERE text = 'Hello.'");
}

static void another_number_of_ours_is_another_matter(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_in in = to(ANA, TWO, "hello");
	hg_command *command;
	(void)state;

	say(lab, ANA, "STOP");
	tells(lab, STOPPED);
	lab_wait(lab, 1000);
	lab_in(lab, "sms", &in, 1);
	assert_int_equal(reply(lab, "good day", NULL), 0);
	tells(lab, "good day");
	assert_int_equal(opted_out(lab), 1);
	/* By which number another channel's would go out nobody knows: what was said of any counts. */
	in = to(ANA, NULL, "hello");
	lab_in(lab, "wa", &in, 1);
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "here";
	command->reply.channel = "sms";
	command->reply.to = ANA;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_OPTED_OUT);
	/* Taken back for the channel as a whole, it is for each. */
	by_hand(lab, "start", NULL);
	assert_int_equal(opted_out(lab), 0);
	in = to(ANA, ONE, "hello again");
	lab_wait(lab, 1000);
	lab_in(lab, "sms", &in, 1);
	assert_int_equal(reply(lab, "good day", NULL), 0);
}

static void answers_that_have_not_left_fail_when_he_says_stop(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	hg_dispatch *dispatch;
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	assert_int_equal(reply(lab, "first", NULL), 0);
	assert_int_equal(reply(lab, "second", NULL), 0);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_RETRY, .retry_ms = HOUR_MS, .text = "busy" });
	lab_desk(lab);
	say(lab, ANA, "STOP");
	lab_run(lab);
	/* Neither the one that waits for another attempt nor the one behind it; the confirmation alone. */
	tells(lab, STOPPED);
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE author = 2 AND delivery = %d AND error LIKE 'the customer opted out%%'"
		   " AND advice LIKE 'He takes it back%%'", HG_DLV_FAILED);
	lab_wait(lab, DAY_MS);
	tells(lab, "(nothing)");
	lab_counts(lab, 2, "SELECT count(*) FROM outbox WHERE state = 6 AND target = 1");
	lab_desk(lab);
	lab_audit(lab);
}

static void one_that_is_on_its_way_is_not_tried_again(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	hg_dispatch *dispatch;
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	assert_int_equal(reply(lab, "first", NULL), 0);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	say(lab, ANA, "STOP");
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_RETRY, .text = "busy" });
	lab_wait(lab, HOUR_MS);
	tells(lab, STOPPED);
	tells(lab, "(nothing)");
	lab_counts(lab, HG_DLV_FAILED, "SELECT delivery FROM message WHERE text = 'first'");
	/* Nor by hand. */
	{
		hg_command *command = lab_command(lab, HG_CMD_RETRY_DEAD, NULL);

		command->job_n = lab_count(lab, "SELECT n FROM outbox WHERE state = 6");
		lab_do(lab, command);
	}
	tells(lab, "(nothing)");
	lab_counts(lab, HG_DLV_FAILED, "SELECT delivery FROM message WHERE text = 'first'");
}

static void one_that_may_have_arrived_is_not_sent_again(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_in in = to(ANA, ONE, "hello");
	hg_dispatch *dispatch;
	(void)state;

	lab_in(lab, "again", &in, 1);
	assert_int_equal(reply(lab, "first", NULL), 0);
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	in = to(ANA, ONE, "STOP");
	lab_wait(lab, 1000);
	lab_in(lab, "again", &in, 1);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_AMBIGUOUS, .text = "no answer" });
	lab_wait(lab, DAY_MS);
	tells(lab, STOPPED);
	tells(lab, "(nothing)");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text = 'first' AND delivery = %d", HG_DLV_FAILED);
}

static void who_writes_again_is_not_answered_by_default_and_people_hear_why(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	(void)state;

	say(lab, ANA, "STOP");
	lab_desk(lab);
	say(lab, ANA, "wait, where is my parcel?");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 3 AND text LIKE 'The customer writes again, and an "
		   "answer here will be refused: %%'");
	assert_non_null(strstr(lab_desk(lab), "thread.notice"));
	assert_int_equal(reply(lab, "at the depot", NULL), HG_ERROR_OPTED_OUT);
	lab_desk(lab);
	say(lab, ANA, "hello?");
	assert_string_equal(lab_desk(lab), "ticket.message");
	/* After another STOP it is said again. */
	say(lab, ANA, "STOP");
	say(lab, ANA, "hello??");
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 3 AND text LIKE 'The customer writes again%%'");
}

static void who_writes_again_may_be_answered_where_the_policy_says_so(void **state)
{
	static const char yaml[] = "channels:\n  sms: { adapter: fake, consent: { written_again: answer } }\n" EAGER;
	g_autoptr(hg_lab) lab = words_lab(yaml);
	(void)state;

	say(lab, ANA, "STOP");
	tells(lab, STOPPED);
	assert_int_equal(reply(lab, "why?", NULL), HG_ERROR_OPTED_OUT);
	say(lab, ANA, "wait, where is my parcel?");
	tells(lab, "(nothing)");	/* the rule's "Hello." */
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 3 AND text LIKE 'The customer writes again%%'");
	assert_int_equal(reply(lab, "at the depot", NULL), 0);
	tells(lab, "at the depot");
	/* As long as he does not say it again, and the provider lets it through. */
	say(lab, ANA, "STOP");
	assert_int_equal(reply(lab, "sorry", NULL), HG_ERROR_OPTED_OUT);
	say(lab, ANA, "where is it?");
	assert_int_equal(reply(lab, "at the depot", NULL), 0);
	provider(lab, "sms", "stop", 21610, "Attempt to send to unsubscribed recipient");
	say(lab, ANA, "where is it?");
	assert_int_equal(reply(lab, "at the depot", NULL), HG_ERROR_OPTED_OUT);
	assert_non_null(strstr(lab->error_text, "The provider lets nothing through"));
}

static void a_reply_the_provider_refuses_as_opted_out_is_the_same_state(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(ALL);
	(void)state;

	say(lab, ANA, "my invoice is wrong");
	lab_desk(lab);
	provider(lab, "sms", "stop", 21610, "Attempt to send to unsubscribed recipient");
	lab_is(lab, "send", "SELECT source FROM consent");
	lab_counts(lab, 21610, "SELECT code FROM consent");
	assert_string_equal(lab_desk(lab), "contact.consent");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text LIKE 'The provider refused a message on %%'");
	assert_int_equal(reply(lab, "again", NULL), HG_ERROR_OPTED_OUT);
	assert_non_null(strstr(lab->error_text, "(21610: Attempt to send to unsubscribed recipient)"));
	/* Told again with each failure, it is no news. */
	provider(lab, "sms", "stop", 21610, "Attempt to send to unsubscribed recipient");
	assert_string_equal(lab_desk(lab), "thread.notice");
	provider(lab, "sms", "start", 0, NULL);
	assert_string_equal(lab_desk(lab), "contact.consent");
	assert_int_equal(reply(lab, "again", NULL), 0);
}

static void where_providers_speak_of_advertising_agents_may_answer(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("channels:\n  wa: { adapter: fake }\n  sms: { adapter: fake, consent: { stops: all } }\n");
	struct hg_in in = to(ANA, ONE, "hello");
	(void)state;

	lab_in(lab, "wa", &in, 1);
	provider(lab, "wa", "stop", 0, "User requested to stop marketing messages");
	assert_int_equal(reply(lab, "hello", NULL), 0);
	in = to(BEN, ONE, "hello");
	lab_in(lab, "sms", &in, 1);
	in = to(BEN, ONE, "stop");
	in.kind = HG_CONSENT;
	lab_in(lab, "sms", &in, 1);
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
}

/* ---- by hand, late, moved ---- */

static void people_can_note_it_for_him(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	(void)state;

	/* Of somebody who never wrote: no contact is made of it, and helpdesks hear it all the same. */
	by_hand(lab, "stop", ONE);
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, "\"source\":\"agent\",\"words\":\"told us on the phone\",\"by\":\"Mia\""));
	lab_counts(lab, 0, "SELECT count(*) FROM contact");
	assert_string_equal(lab_desk(lab), "contact.consent");
	say(lab, ANA, "hello");
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
	assert_non_null(strstr(lab->error_text, "Mia noted"));
	by_hand(lab, "start", ONE);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text LIKE '%%are allowed again'");
	assert_int_equal(reply(lab, "hello", NULL), 0);
	by_hand(lab, "start", ONE);
	assert_int_equal(lab_told(lab, "contact.consent"), 2);
}

static void a_channel_that_is_not_there_has_no_consent(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	hg_command *command = lab_command(lab, HG_CMD_CONSENT, NULL);
	(void)state;

	command->channel = "gone";
	command->text = ANA;
	command->status = "stop";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
}

static void the_newest_word_counts_in_whatever_order_they_come(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_in start = to(ANA, ONE, "START"), stop = to(ANA, ONE, "STOP");
	(void)state;

	lab_wait(lab, HOUR_MS);
	start.sent_ms = test_now_ms - 2 * MINUTE_MS;
	stop.sent_ms = test_now_ms - MINUTE_MS;
	lab_in(lab, "sms", &stop, 1);
	lab_in(lab, "sms", &start, 1);
	lab_counts(lab, HG_WISH_STOP, "SELECT state FROM consent");
	/* What an agent noted meanwhile is no word of his. */
	by_hand(lab, "start", NULL);
	stop = to(ANA, ONE, "STOP");
	stop.sent_ms = test_now_ms - 1000;
	lab_in(lab, "sms", &stop, 1);
	assert_int_equal(opted_out(lab), 1);
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
}

static void it_goes_with_him_to_a_new_address(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_address from[] = { { BEN, HG_PROVEN }, { ANA, HG_FORMER } };
	struct hg_in in = to(ANA, ONE, "");
	(void)state;

	say(lab, ANA, "STOP");
	in.kind = HG_IDENTITY;
	in.from = from;
	in.n_from = 2;
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, HG_WISH_STOP, "SELECT state FROM consent WHERE uri = '" BEN "' AND ours = '" ONE "'");
	say(lab, BEN, "hello");
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
}

static void every_form_of_his_address_counts(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	struct hg_address from[] = { { ANA, HG_PROVEN }, { ANA_2, HG_PROVEN } };
	struct hg_in in = to(ANA, ONE, "STOP");
	(void)state;

	in.from = from;
	in.n_from = 2;
	lab_in(lab, "sms", &in, 1);
	say(lab, ANA_2, "hello");
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
	assert_int_equal(lab_told(lab, "contact.consent"), 1);
}

/* Mexico's mobile numbers had a 1 behind the country's code; carriers say either. */
static void so_does_the_other_spelling_of_his_number(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	(void)state;

	say(lab, "tel:+5215512345678", "STOP");
	say(lab, "tel:+525512345678", "hello");
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
	say(lab, "tel:+525512345678", "START");
	assert_int_equal(reply(lab, "hello", NULL), 0);
}

static void it_outlives_a_restart(void **state)
{
	g_autoptr(hg_lab) lab = words_lab(NULL);
	(void)state;

	say(lab, ANA, "hello");
	assert_int_equal(reply(lab, "first", NULL), 0);
	lab_drop(lab_take(lab, HG_TO_CHANNEL));
	say(lab, ANA, "STOP");
	lab_restart(lab);
	lab->caps = HG_CAP_WORDS | HG_CAP_KEY;
	lab_wait(lab, HOUR_MS);
	assert_int_equal(reply(lab, "hello", NULL), HG_ERROR_OPTED_OUT);
	lab_audit(lab);
}

/* ---- any order ---- */

struct said { int ours, state; guint at; };	/* ours: 0, 1, or -1 for the channel as a whole */

/* What the documentation says: the newest word counts, of the number or of the channel. */
static int counts(const GArray *all, int ours)
{
	const struct said *best = NULL;

	for (guint i = 0; i < all->len; i++) {
		const struct said *one = &g_array_index(all, struct said, i);

		if ((one->ours < 0 || one->ours == ours) && (!best || one->at > best->at))
			best = one;
	}
	return best ? best->state : HG_WISH_NONE;
}

static void one_step(hg_lab *lab, GArray *all, guint at, guint32 dice, int *ours)
{
	static const char *const words[] = { "STOP", "START", "YES", "HELP", "where is it?", "unsubscribe", "UNSTOP" };
	static const int states[] = { HG_WISH_STOP, HG_WISH_START, HG_WISH_START, 0, 0, HG_WISH_STOP, HG_WISH_START };
	guint what = dice % 9, number = dice >> 8 & 1;
	struct said said = { (int)number, 0, at };
	struct hg_in in = to(ANA, number ? TWO : ONE, "stop");

	lab_wait(lab, 1000);
	if (what == 7) {
		in.kind = HG_CONSENT;
		in.code = 21610;
		said.state = HG_WISH_STOP;
		lab_in(lab, "sms", &in, 1);
	} else if (what == 8) {
		said = (struct said){ -1, dice >> 9 & 1 ? HG_WISH_STOP : HG_WISH_START, at };
		by_hand(lab, hg_wish_word(said.state), NULL);
	} else {
		in.text = words[what];
		said.state = what == 2 && counts(all, (int)number) != HG_WISH_STOP ? 0 : states[what];
		*ours = (int)number;
		lab_in(lab, "sms", &in, 1);
	}
	if (said.state)
		g_array_append_val(all, said);
}

static void the_newest_word_counts_in_any_sequence(void **state)
{
	g_autoptr(hg_lab) lab = words_lab("default: ignore\n");
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct said));
	gboolean full = g_strcmp0(g_getenv("HEADGATE_FULL"), "1") == 0;
	guint32 dice = 88172645;
	guint steps = full ? 20000 : 300, wrong = 0;
	hg_dispatch *dispatch;
	int ours = 0;
	(void)state;

	say(lab, ANA, "hello");
	for (guint i = 1; i <= steps; i++) {
		int want, got;

		dice = dice * 1664525 + 1013904223;
		one_step(lab, all, i, dice >> 4, &ours);
		want = counts(all, ours) == HG_WISH_STOP ? HG_ERROR_OPTED_OUT : 0;
		got = reply(lab, "answer", NULL);
		if (got != want)
			print_message("step %u: %d, not %d\n", i, got, want);
		wrong += got != want;
		lab_desk(lab);
		while ((dispatch = lab_take(lab, HG_TO_CHANNEL)))
			lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT });
	}
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	record("consent.sequences", steps, wrong, NULL);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stop_as_the_first_message_ever_is_kept_and_no_ticket),
		cmocka_unit_test(without_the_words_it_is_a_message_like_any_other),
		cmocka_unit_test(the_configuration_says_where_words_count),
		cmocka_unit_test(stop_on_a_solved_ticket_does_not_reopen_it),
		cmocka_unit_test(stop_in_an_open_ticket_is_told_as_what_it_is),
		cmocka_unit_test(saying_it_again_is_no_news_and_answered_once),
		cmocka_unit_test(what_the_provider_has_answered_is_not_answered),
		cmocka_unit_test(start_takes_it_back),
		cmocka_unit_test(yes_is_an_answer_unless_he_had_said_stop),
		cmocka_unit_test(help_is_answered_also_to_who_opted_out),
		cmocka_unit_test(help_in_an_open_ticket_reaches_the_agent),
		cmocka_unit_test(two_machines_do_not_answer_each_other_for_ever),
		cmocka_unit_test(texts_are_by_language_and_can_be_none),
		cmocka_unit_test(who_only_says_that_he_is_somebody_does_not_speak_for_him),
		cmocka_unit_test(a_word_that_only_the_provider_knows),
		cmocka_unit_test(nonsense_is_no_consent),
		cmocka_unit_test(an_agents_answer_is_refused_at_once_with_the_reason),
		cmocka_unit_test(nothing_automatic_goes_out_either),
		cmocka_unit_test(another_number_of_ours_is_another_matter),
		cmocka_unit_test(answers_that_have_not_left_fail_when_he_says_stop),
		cmocka_unit_test(one_that_is_on_its_way_is_not_tried_again),
		cmocka_unit_test(one_that_may_have_arrived_is_not_sent_again),
		cmocka_unit_test(who_writes_again_is_not_answered_by_default_and_people_hear_why),
		cmocka_unit_test(who_writes_again_may_be_answered_where_the_policy_says_so),
		cmocka_unit_test(a_reply_the_provider_refuses_as_opted_out_is_the_same_state),
		cmocka_unit_test(where_providers_speak_of_advertising_agents_may_answer),
		cmocka_unit_test(people_can_note_it_for_him),
		cmocka_unit_test(a_channel_that_is_not_there_has_no_consent),
		cmocka_unit_test(the_newest_word_counts_in_whatever_order_they_come),
		cmocka_unit_test(it_goes_with_him_to_a_new_address),
		cmocka_unit_test(every_form_of_his_address_counts),
		cmocka_unit_test(so_does_the_other_spelling_of_his_number),
		cmocka_unit_test(it_outlives_a_restart),
		cmocka_unit_test(the_newest_word_counts_in_any_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
