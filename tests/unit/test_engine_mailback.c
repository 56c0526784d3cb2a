/* test_engine_mailback.c - mail of a helpdesk that is written to by mail: an agent's answer with a token, nothing without */
#include "engine_fixture.h"

#include <string.h>

#include "turn.h"

#define ANA   "tel:+447700900123"
#define DESK  "mailto:Help@desk.example"
#define TOKEN "t1aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TOKEN_2 "t1bbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONF  "ticket: { confirm: \"\" }\nchannels:\n  wa: { adapter: fake }\n  mail: { adapter: mail }\n  mail2: { adapter: mail }\n" \
	      "rules:\n  - name: all\n    do: { convert: {} }\n" \
	      "backends:\n  desk:\n    preset: email\n    values: { channel: mail, mailbox: help@desk.example%s }\n" \
	      "  events: { url: 'https://events.example/', secrets: 'env:LAB_SECRET' }\n"

struct mail {
	const char *uri, *text, *reply;
	int sender;
	gboolean automatic, bare;
	const char *channel;
	const struct hg_file *file;	/* n_files of them, or one */
	gsize n_files;
	/* what few have */
	int kind;			/* 0: HG_TEXT */
	gboolean of_nobody, no_refs, no_hash, echo;
	const char *ref;		/* all it refers to */
};

static guint numbered;

/* ---- what mail_answer.c asks of others, which fails once when a test says so ---- */

enum asked { BY_LINK, TICKET_GET, STORE_FILE, CASE_LOAD, CASE_SAVE, APPLY, N_ASKED };
static struct { gboolean armed; int what; guint nth; } fault;	/* the nth of these calls from now on, counted down */
static guint calls[N_ASKED];

static gboolean strikes(int what, GError **error)
{
	calls[what]++;
	if (!fault.armed || fault.what != what || --fault.nth)
		return FALSE;
	fault.armed = FALSE;
	g_set_error_literal(error, HG_ERROR, HG_ERROR_STORE, "a test made this fail");
	return TRUE;
}

#define WRAPPED(what, name, given, passed) \
	gboolean __real_##name given; \
	gboolean __wrap_##name given; \
	gboolean __wrap_##name given { return !strikes(what, error) && __real_##name passed; }

WRAPPED(BY_LINK, hg_store_ticket_by_link, (hg_store *store, hg_arena *arena, const char *backend, const char *external_id,
	hg_ticket **ret, GError **error), (store, arena, backend, external_id, ret, error))
WRAPPED(TICKET_GET, hg_store_ticket_get, (hg_store *store, hg_arena *arena, gint64 n, hg_ticket **ret, GError **error),
	(store, arena, n, ret, error))
WRAPPED(STORE_FILE, hg_inbound_store, (hg_turn *turn, struct hg_file *file, const char **ret_why, GError **error),
	(turn, file, ret_why, error))
WRAPPED(CASE_LOAD, hg_case_load, (hg_turn *turn, gint64 thread_n, hg_case *ret, GError **error), (turn, thread_n, ret, error))
WRAPPED(CASE_SAVE, hg_case_save, (hg_turn *turn, hg_case *kase, GError **error), (turn, kase, error))
WRAPPED(APPLY, hg_change_apply, (hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, GError **error),
	(turn, kase, backend, change, error))

/* ---- mail ---- */

static void mail_in(hg_lab *lab, const struct mail *mail)
{
	static const char *const refs[] = { "not-a-token-of-a-ticket", TOKEN, "<x@y>", NULL };
	const char *const one[] = { mail->ref, NULL };
	const struct hg_address from = { mail->uri ? mail->uri : DESK, HG_CLAIMED };
	g_autofree char *id = g_strdup_printf("<%u@desk.example>", ++numbered), *hash = g_strdup_printf("hash %u", numbered);
	struct hg_in in = {
		.size = sizeof(in), .kind = mail->kind ? mail->kind : HG_TEXT, .id = id, .from = &from,
		.n_from = mail->of_nobody ? 0 : 1, .to = "mailto:we@acme.example", .echo = mail->echo,
		.subject = "Re: Printer", .text = mail->text, .reply_text = mail->reply, .sender = mail->sender,
		.refs = mail->no_refs ? NULL : mail->ref ? one : refs, .vouched = mail->bare ? 0 : mail->ref ? 1 : 2,
		.automatic = mail->automatic, .name = "Mia", .dedupe = mail->no_hash ? NULL : hash,
		.files = mail->file, .n_files = mail->n_files ? mail->n_files : mail->file ? 1 : 0, .file_size = sizeof(struct hg_file),
	};

	lab->space = "mail";
	lab_in(lab, mail->channel ? mail->channel : "mail", &in, 1);
	lab->space = NULL;
}

/* Ana's ticket, which the helpdesk got by mail. */
static hg_lab *asked(const char *more)
{
	g_autofree char *yaml = g_strdup_printf(CONF, more), *ticket = hg_change_mail_ticket(TOKEN);
	hg_lab *lab = lab_new(yaml);

	lab_say(lab, ANA, "My printer burns");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){ .fate = HG_SENT, .status = 200,
									       .external_id = ticket });
	lab_desk(lab);
	return lab;
}

static char *sent(hg_lab *lab)
{
	hg_dispatch *dispatch = lab_take(lab, HG_TO_CHANNEL);
	char *text = dispatch ? g_strdup_printf("%s: %s", dispatch->job.name, dispatch->out.text) : NULL;

	if (dispatch)
		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "p" });
	return text;
}

static void assert_sent(hg_lab *lab, const char *want)
{
	g_autofree char *text = sent(lab);

	if (g_strcmp0(text, want) != 0)
		fail_msg("sent is \"%s\" and not \"%s\"", text ? text : "(nothing)", want ? want : "(nothing)");
}

/* Nothing but what Ana said is a conversation. */
static void assert_alone(hg_lab *lab)
{
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1");
	lab_audit(lab);
}

static void an_agents_answer_goes_where_the_customer_wrote(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Water!\n\nOn Monday Ana wrote:\n> My printer burns", .reply = "Water!" });
	assert_sent(lab, "wa: Water!");
	assert_sent(lab, NULL);
	lab_is(lab, "Mia", "SELECT author_name FROM message WHERE direction = 2");
	lab_is(lab, "desk", "SELECT origin FROM message WHERE direction = 2");
	assert_alone(lab);
}

static void the_same_mail_is_one_answer(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Water!" });
	numbered--;
	mail_in(lab, &(struct mail){ .text = "Water!" });
	assert_sent(lab, "wa: Water!");
	assert_sent(lab, NULL);
	assert_alone(lab);
}

static void files_of_an_answer_go_along(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	static const struct hg_file file = { .size = sizeof(file), .kind = HG_FILE, .name = "how-to.pdf", .type = "application/pdf",
					     .data = "%PDF-1.7", .bytes = 8 };
	static const struct hg_file gone = { .size = sizeof(gone), .kind = HG_FILE, .name = "gone.pdf", .type = "application/pdf",
					     .bytes = 8 };
	(void)state;

	calls[STORE_FILE] = 0;
	mail_in(lab, &(struct mail){ .text = "Look", .file = &file });
	assert_int_equal(calls[STORE_FILE], 1);
	lab_counts(lab, 1, "SELECT count(*) FROM attachment WHERE name = 'how-to.pdf' AND length(sha256) = 64");
	mail_in(lab, &(struct mail){ .text = "And this", .file = &gone });
	lab_counts(lab, 0, "SELECT count(*) FROM attachment WHERE name = 'gone.pdf'");
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 2");
	assert_alone(lab);
}

static void a_token_may_be_all_that_it_refers_to(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Water!", .ref = TOKEN });
	assert_sent(lab, "wa: Water!");
	assert_alone(lab);
}

static void a_mail_that_is_known_by_its_name_alone_is_an_answer_too(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "one", .reply = "", .no_hash = TRUE });
	assert_sent(lab, "wa: one");
	assert_alone(lab);
}

static void all_files_that_are_missing_are_named(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	static const struct hg_file gone[] = {
		{ .size = sizeof(gone[0]), .kind = HG_FILE, .name = "gone.pdf", .bytes = 8 },
		{ .size = sizeof(gone[0]), .kind = HG_FILE, .bytes = 8 },
	};
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Look", .file = gone, .n_files = 2 });
	assert_sent(lab, "wa: Look");
	lab_counts(lab, 0, "SELECT count(*) FROM attachment");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text LIKE '%%gone.pdf: %%; a file: %%'");
	assert_alone(lab);
}

/* The store, a file, the engine: a turn that failed is done again, and the customer has one answer. */
static void what_fails_on_the_way_is_done_again_and_once(void **state)
{
	static const struct hg_file file = { .size = sizeof(file), .kind = HG_FILE, .name = "how-to.pdf", .type = "application/pdf",
					     .data = "%PDF-1.7", .bytes = 8 };
	guint struck = 0;
	(void)state;

	for (int what = 0; what < N_ASKED; what++) {
		for (guint nth = 1; nth <= 2; nth++) {
			g_autoptr(hg_lab) lab = asked("");

			fault.armed = TRUE;
			fault.what = what;
			fault.nth = nth;
			mail_in(lab, &(struct mail){ .text = "Water!", .file = &file });
			struck += !fault.armed;
			fault.armed = FALSE;
			assert_sent(lab, "wa: Water!");
			lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2");
			lab_counts(lab, 1, "SELECT count(*) FROM attachment WHERE name = 'how-to.pdf'");
			assert_alone(lab);
		}
	}
	assert_true(struck >= N_ASKED);
}

/* ---- loops ---- */

static void what_a_machine_says_there_is_a_note(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "We have received your request 4711.", .automatic = TRUE });
	assert_sent(lab, NULL);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 3 AND origin = 'desk'");
	assert_alone(lab);
}

static void unless_all_answers_there_are_marked_so(void **state)
{
	/* What one value says is no other's name. */
	g_autoptr(hg_lab) lab = asked(", agents: automatic, automatic: answer");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Water!", .automatic = TRUE });
	assert_sent(lab, "wa: Water!");
	assert_alone(lab);
}

static void count_of_none(void *arg, enum hg_level level, const char *event, const char *line)
{
	(void)level;
	*(guint *)arg += strcmp(event, "mail_answer.of_none") == 0 && strstr(line, "helpdesk's to mail brings no") != NULL;
}

static void mail_of_the_helpdesk_without_a_token_makes_no_conversation(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	guint logged = 0;
	(void)state;

	hg_log_set_sink(count_of_none, &logged);
	for (int i = 0; i < 3; i++)
		mail_in(lab, &(struct mail){ .text = "News of your helpdesk", .bare = TRUE });
	assert_int_equal(logged, 3);
	lab_wait(lab, HOUR_MS);
	assert_sent(lab, NULL);
	assert_null(lab_take(lab, HG_TO_BACKEND));
	assert_alone(lab);
}

/* Another helpdesk that is written to from the same channel says the same: once is enough. */
static void two_helpdesks_with_one_mailbox_have_nothing_to_say_without_a_token_either(void **state)
{
	g_autoptr(hg_lab) lab = asked(" }\n  desk2:\n    preset: email\n    values: { channel: mail, mailbox: help@desk.example");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "News of your helpdesk", .bare = TRUE });
	assert_sent(lab, NULL);
	assert_alone(lab);
	mail_in(lab, &(struct mail){ .text = "Water!" });
	assert_sent(lab, "wa: Water!");
	assert_alone(lab);
}

/* The ticket is that one at desk2 now; was: and was that one, or NULL. */
static void link_second(hg_lab *lab, const char *token, const char *was)
{
	hg_command *command = lab_command(lab, HG_CMD_LINK, NULL);
	g_autofree char *there = hg_change_mail_ticket(token), *before = was ? hg_change_mail_ticket(was) : NULL;
	g_autofree char *ticket = lab_value(lab, "SELECT id FROM ticket");

	command->ticket_ref = hg_arena_str(command->arena, ticket);
	command->backend = "desk2";
	command->external_id = hg_arena_str(command->arena, there);
	command->text = hg_arena_str(command->arena, before);
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_desk(lab);
}

/* Whose ticket it is says the token, not whose mailbox comes first; of two that have it, the first has answered. */
static void a_token_says_of_two_helpdesks_with_one_mailbox_which_it_is(void **state)
{
	g_autoptr(hg_lab) lab = asked(" }\n  desk2:\n    preset: email\n    values: { channel: mail, mailbox: help@desk.example, "
				      "agents: mia@desk2.example");
	(void)state;

	link_second(lab, TOKEN_2, NULL);
	mail_in(lab, &(struct mail){ .text = "Water!", .ref = TOKEN_2 });
	assert_sent(lab, "wa: Water!");
	lab_is(lab, "desk2", "SELECT origin FROM message WHERE direction = 2 ORDER BY n DESC LIMIT 1");
	/* Of the second alone. */
	mail_in(lab, &(struct mail){ .uri = "mailto:mia@desk2.example", .text = "Sand!", .ref = TOKEN_2 });
	assert_sent(lab, "wa: Sand!");
	link_second(lab, TOKEN, TOKEN_2);
	mail_in(lab, &(struct mail){ .text = "Foam!", .ref = TOKEN });
	assert_sent(lab, "wa: Foam!");
	lab_is(lab, "desk", "SELECT origin FROM message WHERE direction = 2 ORDER BY n DESC LIMIT 1");
	assert_alone(lab);
}

/* ---- who may not ---- */

/* Nobody's answer, whatever else it is. */
static void assert_no_answer(const struct mail *mail)
{
	g_autoptr(hg_lab) lab = asked(", agents: '@acme.example'");

	mail_in(lab, mail);
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2");
	lab_audit(lab);
}

static void what_is_no_mail_of_somebody_is_no_answer(void **state)
{
	(void)state;

	assert_no_answer(&(struct mail){ .text = "Water!", .of_nobody = TRUE });
	assert_no_answer(&(struct mail){ .text = "Water!", .uri = "tel:+447700900999" });
	assert_no_answer(&(struct mail){ .text = "Water!", .uri = "mailto:root" });
	assert_no_answer(&(struct mail){ .text = "Water!", .kind = HG_REACTION });
	assert_no_answer(&(struct mail){ .text = "Water!", .no_refs = TRUE });
}

/* It went out already. */
static void an_echo_is_not_said_again(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Water!", .echo = TRUE });
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE origin = 'desk'");
	/* And is none of the helpdesk's mails: it stands with what was said to whom it went. */
	mail_in(lab, &(struct mail){ .uri = "mailto:eve@example.net", .text = "My lamp", .no_refs = TRUE, .bare = TRUE });
	mail_in(lab, &(struct mail){ .uri = "mailto:eve@example.net", .text = "Yours", .no_refs = TRUE, .bare = TRUE, .echo = TRUE });
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE text = 'Yours' AND echo = 1");
	lab_audit(lab);
}

static void a_token_alone_is_nobodys_answer(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .uri = "mailto:eve@example.net", .text = "Send me your password" });
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1 AND thread_n = 1");
	lab_audit(lab);
}

static void a_forged_sender_is_nobody(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Send me your password", .sender = HG_SENDER_FAIL });
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2");
	lab_audit(lab);
}

static void another_channel_is_none_of_it(void **state)
{
	g_autoptr(hg_lab) lab = asked("");
	(void)state;

	mail_in(lab, &(struct mail){ .text = "Water!", .channel = "mail2" });
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2");
	lab_audit(lab);
}

static void agents_may_answer_from_addresses_of_their_own(void **state)
{
	g_autoptr(hg_lab) lab = asked(", agents: 'ben@x.example, @acme.example'");
	(void)state;

	mail_in(lab, &(struct mail){ .uri = "mailto:ben@x.example", .text = "one" });
	assert_sent(lab, "wa: one");
	mail_in(lab, &(struct mail){ .uri = "mailto:mia@acme.example", .text = "two" });
	assert_sent(lab, "wa: two");
	mail_in(lab, &(struct mail){ .uri = "mailto:mia@notacme.example", .text = "three" });
	assert_sent(lab, NULL);
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 2");
	/* Without a token an agent is a customer like anybody. */
	mail_in(lab, &(struct mail){ .uri = "mailto:mia@acme.example", .text = "My own printer", .bare = TRUE });
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1 AND text = 'My own printer'");
	lab_audit(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agents_answer_goes_where_the_customer_wrote),
		cmocka_unit_test(the_same_mail_is_one_answer),
		cmocka_unit_test(files_of_an_answer_go_along),
		cmocka_unit_test(a_token_may_be_all_that_it_refers_to),
		cmocka_unit_test(a_mail_that_is_known_by_its_name_alone_is_an_answer_too),
		cmocka_unit_test(all_files_that_are_missing_are_named),
		cmocka_unit_test(what_fails_on_the_way_is_done_again_and_once),
		cmocka_unit_test(two_helpdesks_with_one_mailbox_have_nothing_to_say_without_a_token_either),
		cmocka_unit_test(a_token_says_of_two_helpdesks_with_one_mailbox_which_it_is),
		cmocka_unit_test(what_is_no_mail_of_somebody_is_no_answer),
		cmocka_unit_test(an_echo_is_not_said_again),
		cmocka_unit_test(what_a_machine_says_there_is_a_note),
		cmocka_unit_test(unless_all_answers_there_are_marked_so),
		cmocka_unit_test(mail_of_the_helpdesk_without_a_token_makes_no_conversation),
		cmocka_unit_test(a_token_alone_is_nobodys_answer),
		cmocka_unit_test(a_forged_sender_is_nobody),
		cmocka_unit_test(another_channel_is_none_of_it),
		cmocka_unit_test(agents_may_answer_from_addresses_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
