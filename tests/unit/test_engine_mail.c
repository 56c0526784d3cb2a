/* test_engine_mail.c - conversations by mail: who may speak in them, what goes out with an answer, machines */
#include "engine_fixture.h"

#include <string.h>

#include "record.h"
#include "subject.h"

#define ANA "mailto:ana@example.com"
#define BO  "mailto:bo@example.com"
#define EVE "mailto:eve@example.net"
#define TOKEN "t1aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MAIL(more) "channels:\n  mail: { adapter: mail" more " }\n  wa: { adapter: fake }\n"
#define TICKETS "default: convert\nsettle: 1s\n"

/* ---- mails ---- */

struct mail {
	const char *uri, *subject, *text, *reply, *id;
	int sender;
	const char *refs[6];
	gsize vouched;
	gboolean automatic, forwarded;
};

static guint numbered;

static void mail_in(hg_lab *lab, const struct mail *mail)
{
	const struct hg_address from = { mail->uri, HG_CLAIMED };
	g_autofree char *id = g_strdup_printf("<%u@example.com>", ++numbered), *hash = g_strdup_printf("hash %u", numbered);
	struct hg_in in = {
		.size = sizeof(in), .kind = HG_TEXT, .id = mail->id ?: id, .from = &from, .n_from = 1, .to = "mailto:we@acme.example",
		.subject = mail->subject, .text = mail->text ?: "text", .reply_text = mail->reply, .sender = mail->sender,
		.refs = mail->refs[0] ? mail->refs : NULL, .vouched = mail->vouched, .automatic = mail->automatic,
		.forwarded = mail->forwarded, .name = "Ana", .dedupe = hash,
	};

	lab_in(lab, "mail", &in, 1);
}

static const char *victim(hg_lab *lab)
{
	static char id[HG_ID_SIZE];
	g_autofree char *first = lab_value(lab, "SELECT id FROM thread ORDER BY n LIMIT 1");

	g_strlcpy(id, first, sizeof(id));
	return id;
}

/* Ana wrote, it is a ticket, and Mia answered: the relay gave the answer a name of its own. */
static hg_lab *talked_as(int sender, const char *more)
{
	g_autofree char *yaml = g_strconcat(TICKETS, more ?: MAIL(""), NULL);
	hg_lab *lab = lab_new(yaml);

	lab->space = "mail";
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "My order", .id = "<first@example.com>", .sender = sender });
	lab_wait(lab, MINUTE_MS);
	lab_wait(lab, 30 * MINUTE_MS);	/* he was told the number */
	lab_reply(lab, victim(lab), "It is at your door.");
	for (hg_dispatch *d; (d = lab_take(lab, HG_TO_CHANNEL));) {
		static const char *const also[] = { TOKEN, "<relay@ses.example>", NULL };
		hg_command *sent;

		if (g_strcmp0(d->out.text, "It is at your door.") != 0) {
			lab_sent(lab, d, &(struct hg_result){ .fate = HG_SENT, .id = "<auto@acme.example>" });
			continue;
		}
		sent = lab_command(lab, HG_CMD_SENT, NULL);
		sent->job_n = d->job.n;
		sent->fence = d->fence;
		sent->channel = "mail";
		sent->sent = (struct hg_result){ .size = sizeof(sent->sent), .fate = HG_SENT, .id = "<ours@acme.example>",
						 .also = also };
		lab_drop(d);
		lab_do(lab, sent);
	}
	return lab;
}

static hg_lab *talked(const char *more)
{
	return talked_as(HG_SENDER_PASS, more);
}

static gint64 of_victim(hg_lab *lab, int direction)
{
	return lab_count(lab, "SELECT COUNT(*) FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE t.id = '%s' "
			 "AND m.direction = %d", victim(lab), direction);
}

/* All is answered, and the store holds together. */
static void audit(hg_lab *lab)
{
	for (hg_dispatch *d; (d = lab_take(lab, HG_TO_CHANNEL));)
		lab_sent(lab, d, &(struct hg_result){ .fate = HG_SENT });
	lab_desk(lab);
	lab_audit(lab);
}

/* ---- who may speak ---- */

static void a_token_and_the_own_address_are_a_message(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	(void)state;

	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: My order", .refs = { TOKEN }, .vouched = 1 });
	assert_int_equal(of_victim(lab, HG_INBOUND), 2);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE sender = 1 AND direction = 1");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	assert_int_equal(lab_told(lab, "ticket.message"), 1);
	audit(lab);
}

static void the_receiving_servers_word_is_enough_with_any_reference(void **state)
{
	static const char *const refs[] = { "<first@example.com>", "<ours@acme.example>", "<relay@ses.example>" };
	g_autoptr(hg_lab) lab = talked(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(refs); i++)
		mail_in(lab, &(struct mail){ .uri = ANA, .subject = "another thing", .refs = { refs[i] },
					     .sender = HG_SENDER_PASS });
	assert_int_equal(of_victim(lab, HG_INBOUND), 4);
	lab_counts(lab, 4, "SELECT COUNT(*) FROM message WHERE sender = 2");
}

static void another_sender_with_a_token_writes_a_note(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	guint notices;
	(void)state;

	notices = lab_told(lab, "thread.notice");
	mail_in(lab, &(struct mail){ .uri = BO, .text = "I am his brother", .refs = { TOKEN }, .vouched = 1 });
	assert_int_equal(of_victim(lab, HG_INBOUND), 1);
	assert_int_equal(of_victim(lab, HG_NOTE), 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_is(lab, ANA, "SELECT reply_to FROM thread");
	assert_int_equal(lab_told(lab, "message.noted"), 1);
	assert_int_equal(lab_told(lab, "thread.notice"), notices + 1);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	audit(lab);
}

static void participant(hg_lab *lab, const char *uri, gboolean remove)
{
	hg_command *command = lab_command(lab, HG_CMD_PARTICIPANT, victim(lab));

	command->text = uri;
	command->agent = "Mia";
	command->remove = remove;
	lab_do(lab, command);
}

static void a_participant_writes_notes_while_he_is_one(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	const struct mail mail = { .uri = BO, .refs = { "<ours@acme.example>" }, .sender = HG_SENDER_PASS };
	(void)state;

	participant(lab, BO, FALSE);
	participant(lab, BO, FALSE);
	assert_int_equal(lab_told(lab, "thread.changed"), 1);
	assert_non_null(strstr(lab->answer, "\"participants\":[\"mailto:bo@example.com\"]"));
	mail_in(lab, &mail);
	assert_int_equal(of_victim(lab, HG_NOTE), 1);
	participant(lab, BO, TRUE);
	mail_in(lab, &mail);
	assert_int_equal(of_victim(lab, HG_NOTE), 1);
	lab_is(lab, victim(lab), "SELECT related FROM thread WHERE related IS NOT NULL");
	participant(lab, BO, TRUE);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void who_is_not_who_he_says_begins_anew_and_inherits_nothing(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	(void)state;

	for (int i = 0; i < 2; i++)
		mail_in(lab, &(struct mail){ .uri = ANA, .subject = "My order", .refs = { TOKEN }, .vouched = 1,
					     .sender = HG_SENDER_FAIL });
	assert_int_equal(of_victim(lab, HG_INBOUND), 1);
	lab_counts(lab, 3, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM thread WHERE related IS NOT NULL");
	lab_counts(lab, 2, "SELECT COUNT(DISTINCT contact_n) FROM thread");
	audit(lab);
}

/* ---- which conversation ---- */

static void a_new_mail_joins_by_its_subject(void **state)
{
	static const struct { const char *subject; gint64 joins; } cases[] = {
		{ "My order", 1 }, { "AW: my  ORDER", 1 }, { "Re[2]: My order [TK-99]", 1 }, { "Your invoice", 0 }, { "", 0 },
		{ NULL, 0 },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = talked(NULL);

		mail_in(lab, &(struct mail){ .uri = ANA, .subject = cases[i].subject, .sender = HG_SENDER_PASS });
		assert_int_equal(of_victim(lab, HG_INBOUND), 1 + cases[i].joins);
	}
}

static void a_channel_may_see_that_otherwise(void **state)
{
	g_autoptr(hg_lab) any = talked(MAIL(", window: { any_subject: true }"));
	g_autoptr(hg_lab) all = talked(MAIL(", window: { join_unproven: true }"));
	(void)state;

	mail_in(any, &(struct mail){ .uri = ANA, .subject = "Your invoice", .sender = HG_SENDER_PASS });
	assert_int_equal(of_victim(any, HG_INBOUND), 2);
	for (int i = 0; i < 2; i++)
		mail_in(all, &(struct mail){ .uri = EVE, .subject = "My cat" });
	lab_counts(all, 2, "SELECT COUNT(*) FROM thread");
	for (int i = 0; i < 2; i++)
		mail_in(any, &(struct mail){ .uri = EVE, .subject = "My cat" });
	lab_counts(any, 3, "SELECT COUNT(*) FROM thread");
}

static void the_number_in_the_subject_counts_from_its_customer(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	g_autofree char *number = lab_value(lab, "SELECT number FROM ticket");
	g_autofree char *subject = g_strdup_printf("Something else [%s]", number);
	(void)state;

	mail_in(lab, &(struct mail){ .uri = ANA, .subject = subject, .sender = HG_SENDER_PASS });
	assert_int_equal(of_victim(lab, HG_INBOUND), 2);
	mail_in(lab, &(struct mail){ .uri = BO, .subject = subject, .sender = HG_SENDER_PASS });
	assert_int_equal(of_victim(lab, HG_INBOUND), 2);
}

/* Failure 13 of mail. */
static void what_is_handed_on_is_a_matter_of_its_own(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	(void)state;

	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "WG: My order", .refs = { TOKEN }, .vouched = 1,
				     .sender = HG_SENDER_PASS });
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "My order", .refs = { TOKEN }, .vouched = 1,
				     .sender = HG_SENDER_PASS, .forwarded = TRUE });
	assert_int_equal(of_victim(lab, HG_INBOUND), 1);
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: WG: My order", .refs = { TOKEN }, .vouched = 1 });
	assert_int_equal(of_victim(lab, HG_INBOUND), 2);
}

static void nobody_takes_the_name_of_another_mail(void **state)
{
	static const char *const names[] = { "<first@example.com>", "<ours@acme.example>", TOKEN };
	g_autoptr(hg_lab) lab = talked(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		mail_in(lab, &(struct mail){ .uri = EVE, .subject = "mine", .id = names[i], .sender = HG_SENDER_PASS });
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: My order", .refs = { TOKEN }, .vouched = 1 });
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: My order", .refs = { names[0] }, .sender = HG_SENDER_PASS });
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: My order", .refs = { names[1] }, .sender = HG_SENDER_PASS });
	assert_int_equal(of_victim(lab, HG_INBOUND), 4);
}

/* sales@ was in Cc, and is read first. */
static void an_answer_is_known_in_another_mailbox(void **state)
{
	g_autoptr(hg_lab) lab = talked("channels:\n  mail: { adapter: mail }\n  sales: { adapter: mail }\n");
	static const char *const refs[] = { TOKEN, NULL };
	const struct hg_address from = { ANA, HG_CLAIMED };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = "<cc@example.com>", .from = &from, .n_from = 1,
			    .text = "and you, sales?", .refs = refs, .vouched = 1 };
	(void)state;

	lab_in(lab, "sales", &in, 1);
	assert_int_equal(of_victim(lab, HG_INBOUND), 2);
}

/* He is known on both: proven by the one, he is found by the other. */
static void mail_and_chat_of_one_contact_are_one_conversation(void **state)
{
	static const struct hg_address both[] = { { "tel:+447700900123", HG_PROVEN }, { ANA, HG_PROVEN } };
	g_autoptr(hg_lab) lab = lab_new(TICKETS MAIL(""));
	struct hg_in in = lab_text("tel:+447700900123", "where is it?");
	hg_command *command;
	hg_dispatch *dispatch;
	(void)state;

	in.from = both;
	in.n_from = 2;
	lab_in(lab, "wa", &in, 1);
	lab_wait(lab, MINUTE_MS);
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Photos", .sender = HG_SENDER_PASS });
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_is(lab, "mail", "SELECT channel FROM thread");
	while ((dispatch = lab_take(lab, HG_TO_CHANNEL)))
		lab_drop(dispatch);
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "Here, then.";
	command->reply.channel = "wa";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_is(lab, "tel:+447700900123", "SELECT address FROM message WHERE text = 'Here, then.'");
}

/* ---- the table: whoever has no right is refused, whatever he brings ---- */

static const char *const tokens[] = { NULL, "t1aaaaaaa", TOKEN "aaaaaaaaaaaaaaaa", "t1bbbbbbbbbbbbbbbbbbbbbbbbbbbb",
				      "t1expiredaaaaaaaaaaaaaaaaaaaaa", "t0aaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
static const char *const paths[][3] = {
	{ NULL }, { "<first@example.com>" }, { "<ours@acme.example>" }, { "<relay@ses.example>" }, { "[TK]" },
	{ "<ours@acme.example>", "<first@example.com>", "[TK]" },
};
static const struct { const char *uri; int sender; } senders[] = {
	{ EVE, HG_SENDER_NONE }, { EVE, HG_SENDER_PASS }, { EVE, HG_SENDER_FAIL }, { ANA, HG_SENDER_NONE },
	{ ANA, HG_SENDER_FAIL }, { BO, HG_SENDER_NONE }, { BO, HG_SENDER_FAIL }, { "mailto:ana@examp1e.com", HG_SENDER_PASS },
};

static void attack(hg_lab *lab, const char *token, const char *const *path, const char *uri, int sender, const char *number)
{
	struct mail mail = { .uri = uri, .subject = "My order", .text = "pay it to my account instead", .sender = sender };
	g_autofree char *subject = g_strdup_printf("Re: My order [%s]", number);
	gsize n = 0;

	if (token)
		mail.refs[n++] = token;
	for (; *path; path++) {
		if (strcmp(*path, "[TK]") == 0)
			mail.subject = subject;
		else
			mail.refs[n++] = *path;
	}
	mail_in(lab, &mail);
}

/* Also where the conversation itself began without anybody's word. */
static void try_all(int begun)
{
	g_autoptr(hg_lab) lab = talked_as(begun, NULL);
	g_autofree char *number = lab_value(lab, "SELECT number FROM ticket"), *before = NULL;
	guint cases = 0;

	participant(lab, BO, FALSE);
	before = lab_value(lab, "SELECT messages || ' ' || last_message_n || ' ' || state || ' ' || reply_to FROM thread WHERE n = 1");
	for (gsize t = 0; t < G_N_ELEMENTS(tokens); t++)
		for (gsize p = 0; p < G_N_ELEMENTS(paths); p++)
			for (gsize s = 0; s < G_N_ELEMENTS(senders); s++) {
				/* Within the join window, and slow enough not to be taken for a machine. */
				test_now_ms += 20 * MINUTE_MS;
				attack(lab, tokens[t], (const char *const[]){ paths[p][0], paths[p][0] ? paths[p][1] : NULL,
				       paths[p][0] && paths[p][1] ? paths[p][2] : NULL, NULL }, senders[s].uri,
				       senders[s].sender, number);
				lab_is(lab, before, "SELECT messages || ' ' || last_message_n || ' ' || state || ' ' || reply_to "
				       "FROM thread WHERE n = 1");
				cases++;
			}
	assert_int_equal(cases, 288);
	record("mail.hijack", cases, 0, NULL);
	lab_counts(lab, 289, "SELECT COUNT(*) FROM message WHERE direction = 1");
	/* And with what is right he is heard, still. */
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: My order", .refs = { TOKEN }, .vouched = 1 });
	assert_int_equal(of_victim(lab, HG_INBOUND), 2);
	audit(lab);
}

static void failure_13_the_hijack_table(void **state)
{
	(void)state;
	try_all(HG_SENDER_PASS);
	try_all(HG_SENDER_NONE);
}

/* ---- what goes out with an answer ---- */

static void an_answer_brings_what_was_said_before(void **state)
{
	g_autoptr(hg_lab) lab = talked(NULL);
	g_autofree char *number = lab_value(lab, "SELECT number FROM ticket");
	const struct hg_out *out;
	hg_dispatch *dispatch;
	(void)state;

	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "Re: My order", .text = "No.\n> It is at your door.", .reply = "No.",
				     .id = "<second@example.com>", .refs = { TOKEN }, .vouched = 1 });
	lab_reply(lab, victim(lab), "Then we look for it.");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	out = &dispatch->out;
	assert_string_equal(out->subject, "My order");
	assert_string_equal(out->name, "Mia");
	assert_string_equal(out->number, number);
	assert_false(out->automatic);
	assert_string_equal(out->refs[0], "<second@example.com>");
	assert_string_equal(out->refs[1], "<ours@acme.example>");
	assert_true(g_strv_contains(out->refs, "<first@example.com>"));
	assert_string_equal(out->past[0].text, "No.");
	assert_string_equal(out->past[0].name, "Ana");
	assert_false(out->past[0].ours);
	assert_string_equal(out->past[1].text, "It is at your door.");
	assert_string_equal(out->past[1].name, "Mia");
	assert_true(out->past[1].ours);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "<more@acme.example>" });
	/* Whatever we have said since, what he said last is answered. */
	lab_reply(lab, victim(lab), "Found it.");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.refs[0], "<second@example.com>");
	assert_string_equal(dispatch->out.refs[1], "<more@acme.example>");
	lab_drop(dispatch);
}

static void in_a_chat_nobody_is_quoted_who_was_not_named(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, "tel:+447700900123", "hello?");
	lab_reply(lab, lab_thread(lab), "yes?");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_null(dispatch->out.refs);
	assert_int_equal(dispatch->out.n_past, 0);
	assert_string_equal(dispatch->out.name, "Mia");
	lab_drop(dispatch);
}

static void rules_see_what_is_new_in_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TICKETS MAIL("") "rules:\n  - { name: angry, when: { text: { contains: lawyer } }, do: { tag: angry } }\n");
	(void)state;

	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "a", .text = "thanks\n> see a lawyer", .reply = "thanks" });
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "b", .text = "see a lawyer\n> thanks", .reply = "see a lawyer" });
	lab_is(lab, "b", "SELECT subject FROM thread WHERE tags = '[\"angry\"]'");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE tags IS NOT NULL");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM message WHERE reply_text IS NOT NULL AND text <> reply_text");
}

/* ---- machines ---- */

static guint automatic_to(hg_lab *lab, const char *uri)
{
	guint n = 0;

	for (hg_dispatch *d; (d = lab_take(lab, HG_TO_CHANNEL)); lab_drop(d))
		n += d->out.automatic && strcmp(d->out.to, uri) == 0;
	return n;
}

static void an_address_gets_one_automatic_mail_a_day(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TICKETS "backends: {}\n" MAIL(""));
	char subject[] = "matter 0";
	(void)state;

	for (int i = 0; i < 3; i++) {
		subject[7]++;
		mail_in(lab, &(struct mail){ .uri = ANA, .subject = subject, .sender = HG_SENDER_PASS });
		lab_wait(lab, 10 * MINUTE_MS);
	}
	lab_counts(lab, 3, "SELECT COUNT(*) FROM ticket");
	assert_int_equal(automatic_to(lab, ANA), 1);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM message WHERE direction = 4 AND text LIKE 'An automatic message was not sent%%'");
	lab_wait(lab, 25 * HOUR_MS);
	mail_in(lab, &(struct mail){ .uri = ANA, .subject = "tomorrow", .sender = HG_SENDER_PASS });
	lab_wait(lab, 10 * MINUTE_MS);
	assert_int_equal(automatic_to(lab, ANA), 1);
}

/* Failure 10 of mail: two helpdesks that answer each other carry no header that says so. */
static void who_begins_one_after_the_other_is_not_answered_any_more(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TICKETS MAIL(""));
	(void)state;

	for (int i = 0; i < 8; i++) {
		g_autofree char *subject = g_strdup_printf("Ticket %d was received", i);

		mail_in(lab, &(struct mail){ .uri = EVE, .subject = subject });
		lab_wait(lab, MINUTE_MS);
	}
	lab_counts(lab, 5, "SELECT COUNT(*) FROM ticket");
	lab_counts(lab, 8, "SELECT COUNT(*) FROM message WHERE direction = 1");
	assert_int_equal(lab_told(lab, "loop.suspected"), 1);
	/* Whoever writes in her name does not silence her. */
	mail_in(lab, &(struct mail){ .uri = EVE, .subject = "It is really me", .sender = HG_SENDER_PASS });
	lab_wait(lab, MINUTE_MS);
	lab_counts(lab, 6, "SELECT COUNT(*) FROM ticket");
	lab_wait(lab, HOUR_MS);
	mail_in(lab, &(struct mail){ .uri = EVE, .subject = "An hour later" });
	lab_wait(lab, MINUTE_MS);
	lab_counts(lab, 7, "SELECT COUNT(*) FROM ticket");
}

static void machines_open_no_ticket_unless_they_may(void **state)
{
	static const char rule[] = "rules:\n  - { name: urgent, when: { text: { contains: urgent } }, do: { convert: {} } }\n";
	g_autofree char *no = g_strconcat(TICKETS, MAIL(""), rule, NULL);
	g_autofree char *yes = g_strconcat(TICKETS, MAIL(", automatic_tickets: true"), rule, NULL);
	const struct mail mail = { .uri = EVE, .subject = "Out of office", .text = "if urgent, call", .automatic = TRUE };
	g_autoptr(hg_lab) shut = lab_new(no), open = lab_new(yes);
	(void)state;

	mail_in(shut, &mail);
	lab_counts(shut, 0, "SELECT COUNT(*) FROM ticket");
	mail_in(open, &mail);
	lab_counts(open, 1, "SELECT COUNT(*) FROM ticket");
	lab_wait(open, HOUR_MS);
	assert_int_equal(automatic_to(open, EVE), 0);
}

/* ---- subjects ---- */

static void subjects_are_told_from_their_prefixes(void **state)
{
	static const struct { const char *subject, *plain; gboolean forward; } cases[] = {
		{ "Re: hello", "hello", FALSE }, { "RE: AW: Fwd: Hello", "hello", FALSE }, { "Fwd: Re: Hello", "hello", TRUE },
		{ "WG: Rechnung", "rechnung", TRUE }, { "TR : Facture", "facture", TRUE }, { "Re[12]: a  b", "a b", FALSE },
		{ "Re^2: a", "a", FALSE }, { "Re(3): a", "a", FALSE }, { "[TK-1042] Re: a", "a", FALSE },
		{ "[list] a", "[list] a", FALSE }, { "a [TK-1042]", "a", FALSE }, { "a [TK-1] b", "a b", FALSE },
		{ "\xe5\x9b\x9e\xe5\xa4\x8d\xef\xbc\x9a\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0\xe5\xa5\xbd", FALSE },
		{ "\xe8\xbd\xac\xe5\x8f\x91: x", "x", TRUE }, { "Regarding: a", "regarding: a", FALSE }, { "I: Ordine", "ordine", TRUE },
		{ "Re:", "", FALSE }, { "", "", FALSE }, { NULL, "", FALSE }, { "Re: Re: Re:  Re: x", "x", FALSE },
		{ "[1] Fwd: x", "x", TRUE }, { "\xc3\x84RGER", "\xc3\xa4rger", FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *plain = hg_subject_plain(cases[i].subject);

		assert_string_equal(plain, cases[i].plain);
		assert_int_equal(hg_subject_is_forward(cases[i].subject), cases[i].forward);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_and_the_own_address_are_a_message),
		cmocka_unit_test(the_receiving_servers_word_is_enough_with_any_reference),
		cmocka_unit_test(another_sender_with_a_token_writes_a_note),
		cmocka_unit_test(a_participant_writes_notes_while_he_is_one),
		cmocka_unit_test(who_is_not_who_he_says_begins_anew_and_inherits_nothing),
		cmocka_unit_test(a_new_mail_joins_by_its_subject),
		cmocka_unit_test(a_channel_may_see_that_otherwise),
		cmocka_unit_test(the_number_in_the_subject_counts_from_its_customer),
		cmocka_unit_test(what_is_handed_on_is_a_matter_of_its_own),
		cmocka_unit_test(nobody_takes_the_name_of_another_mail),
		cmocka_unit_test(an_answer_is_known_in_another_mailbox),
		cmocka_unit_test(mail_and_chat_of_one_contact_are_one_conversation),
		cmocka_unit_test(failure_13_the_hijack_table),
		cmocka_unit_test(an_answer_brings_what_was_said_before),
		cmocka_unit_test(in_a_chat_nobody_is_quoted_who_was_not_named),
		cmocka_unit_test(rules_see_what_is_new_in_it),
		cmocka_unit_test(an_address_gets_one_automatic_mail_a_day),
		cmocka_unit_test(who_begins_one_after_the_other_is_not_answered_any_more),
		cmocka_unit_test(machines_open_no_ticket_unless_they_may),
		cmocka_unit_test(subjects_are_told_from_their_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
