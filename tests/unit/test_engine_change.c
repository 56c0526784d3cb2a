/* test_engine_change.c - what a helpdesk tells: once each, in order, late, before its ticket is linked, of nobody's ticket */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define ALL "ticket: { confirm: \"\" }\nrules:\n  - name: all\n    do: { convert: {} }\n"
#define TWO "ticket: { confirm: \"\" }\nbackends:\n  desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" }\n" \
	    "  crm: { url: \"https://crm.example/hook\", secrets: \"env:LAB_SECRET\" }\n"
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void take_event(hg_lab *lab, const char *external_id)
{
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){
		.fate = HG_SENT, .status = 201, .external_id = external_id });
}

/* A ticket of who, 77 in the helpdesk. */
static hg_lab *lab_with(const char *who)
{
	hg_lab *lab = lab_new(ALL);

	lab_say(lab, who, "hello");
	take_event(lab, "77");
	lab_desk(lab);
	return lab;
}

static hg_change reply_of(const char *id, const char *text)
{
	return (hg_change){ .kind = HG_CHANGE_REPLY, .id = id, .ticket = "77", .text = text, .agent = "Mia" };
}

static void tell(hg_lab *lab, const hg_change *change)
{
	lab_changes(lab, change, 1, NULL, NULL);
	if (lab->error)
		fail_msg("%s", lab->error_text);
	lab_apply(lab);
}

static void tell_status(hg_lab *lab, const char *id, const char *status, const char *said, gint64 order)
{
	tell(lab, &(hg_change){ .kind = HG_CHANGE_STATUS, .id = id, .ticket = "77", .status = status, .said = said,
				.order = order });
}

/* What goes out on the channel is sent; its text, or NULL. */
static char *sent(hg_lab *lab)
{
	hg_dispatch *dispatch = lab_take(lab, HG_TO_CHANNEL);
	char *text = dispatch ? g_strdup(dispatch->out.text) : NULL;

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

/* ---- answers ---- */

static void an_answer_reaches_the_customer_once_however_often_it_is_told(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change said = reply_of("a1", "We look into it.");
	(void)state;

	lab_changes(lab, &said, 1, "{\"hook\":1}", NULL);
	assert_string_equal(lab->answer, "{\"new\":1,\"known\":0,\"foreign\":0}");
	lab_changes(lab, &said, 1, "{\"hook\":1}", NULL);
	assert_string_equal(lab->answer, "{\"new\":0,\"known\":1,\"foreign\":0}");
	lab_apply(lab);
	assert_sent(lab, "We look into it.");
	lab_wait(lab, HOUR_MS);
	lab_changes(lab, &said, 1, NULL, "cursor-2");
	assert_string_equal(lab->answer, "{\"new\":0,\"known\":1,\"foreign\":0}");
	lab_restart(lab);
	lab_changes(lab, &said, 1, NULL, NULL);
	lab_apply(lab);
	assert_sent(lab, NULL);
	lab_is(lab, "Mia", "SELECT author_name FROM message WHERE direction = 2");
	lab_is(lab, "desk", "SELECT origin FROM message WHERE direction = 2");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2");
	lab_counts(lab, 1, "SELECT count(*) FROM raw WHERE channel = 'backend:desk'");
	lab_is(lab, "cursor-2", "SELECT value FROM cursor WHERE channel = 'backend:desk'");
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 7");
	lab_audit(lab);
}

/* A month is what ids are remembered for. */
static void an_answer_told_again_after_weeks_is_not_sent_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	hg_change said = reply_of("a1", "We look into it.");
	(void)state;

	said.at_ms = test_now_ms;
	tell(lab, &said);
	assert_sent(lab, "We look into it.");
	lab_wait(lab, 24 * 29 * HOUR_MS);
	tell(lab, &said);
	lab_wait(lab, 24 * 5 * HOUR_MS);
	tell(lab, &said);
	assert_sent(lab, NULL);
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE target = 7 AND state = 6 AND error LIKE '%%four weeks%%'");
}

/* A reply and the status that came with it may share an id; so may a "look there" and what is found there. */
static void kinds_have_ids_of_their_own(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change both[] = {
		reply_of("58", "Done."),
		{ .kind = HG_CHANGE_STATUS, .id = "58", .ticket = "77", .status = "solved", .said = "resolved" },
		{ .kind = HG_CHANGE_LOOK, .id = "58", .ticket = "77" },
	};
	(void)state;

	lab_changes(lab, both, 3, NULL, NULL);
	assert_string_equal(lab->answer, "{\"new\":3,\"known\":0,\"foreign\":0}");
}

static void what_was_looked_at_is_as_if_it_had_been_told(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change found[] = { reply_of("58", "First."), reply_of("59", "Second.") };
	(void)state;

	lab_changes(lab, &(hg_change){ .kind = HG_CHANGE_LOOK, .id = "58", .ticket = "77" }, 1, NULL, NULL);
	lab_changes(lab, &found[0], 1, NULL, NULL);
	lab_changed(lab, lab_take(lab, HG_FROM_BACKEND), HG_SENT, found, 2, NULL);
	lab_apply(lab);
	assert_sent(lab, "First.");
	assert_sent(lab, "Second.");
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 7");
}

static void changes_of_a_ticket_wait_for_each_other(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change said[] = { reply_of("a1", "One."), reply_of("a2", "Two.") };
	hg_dispatch *first;
	(void)state;

	lab_changes(lab, said, 2, NULL, NULL);
	first = lab_take(lab, HG_FROM_BACKEND);
	assert_null(lab_take(lab, HG_FROM_BACKEND));
	lab_changed(lab, first, HG_RETRY, NULL, 0, "the file is not there yet");
	assert_null(lab_take(lab, HG_FROM_BACKEND));
	lab_wait(lab, MINUTE_MS);
	lab_apply(lab);
	assert_sent(lab, "One.");
	assert_sent(lab, "Two.");
}

/* What came from there is not told there as something new; what becomes of it is. */
static void the_helpdesk_hears_what_becomes_of_its_answer(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	hg_change said = reply_of("a1", "Hello.");
	(void)state;

	tell(lab, &said);
	assert_sent(lab, "Hello.");
	lab_is(lab, "desk", "SELECT json_extract(data, '$.message.origin') FROM event WHERE type = 'message.sent'");
	lab_desk(lab);
	lab->window_ms = 1000;
	lab_wait(lab, HOUR_MS);
	said.id = "a2";
	said.text = "Are you there?";
	tell(lab, &said);
	assert_sent(lab, NULL);
	lab_is(lab, "9", "SELECT delivery FROM message WHERE text = 'Are you there?'");
	assert_non_null(strstr(lab_desk(lab), "message.status"));
	lab_is(lab, "1", "SELECT json_extract(data, '$.agent_note') LIKE '%%(\"Are you there?\") did not reach the customer on wa: the "
	       "reply window closed.%%' FROM event WHERE type = 'message.status' ORDER BY n DESC LIMIT 1");
	lab_audit(lab);
}

static void a_note_names_the_template_that_would_reach_the_customer(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("channels:\n  wa: { adapter: fake, closed_template: { name: come_back, language: en } }\n" ALL);
	const hg_change said = reply_of("a1", "Are you there?");
	(void)state;

	lab_say(lab, ANA, "hello");
	take_event(lab, "77");
	lab_desk(lab);
	lab->window_ms = 1000;
	lab_wait(lab, HOUR_MS);
	tell(lab, &said);
	lab_is(lab, "1", "SELECT json_extract(data, '$.agent_note') LIKE '%%window closed. The template \"come_back\" (en) would reach "
	       "him: send it%%' FROM event WHERE type = 'message.status' ORDER BY n DESC LIMIT 1");
}

/* The reason is the provider's, or the channel's: gone numbers, files it cannot carry, a part of a long text. */
static void a_note_says_what_did_not_arrive(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	hg_change said = reply_of("a1", "First part.\n\nSecond part.");
	(void)state;

	tell(lab, &said);
	g_free(sent(lab));
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_FAILED, .reach = HG_REACH_CONTACT, .code = 404,
		 .text = "this number is not on WhatsApp any more", .advice = "Call the customer" });
	assert_non_null(strstr(lab_desk(lab), "message.status"));
	lab_is(lab, "1", "SELECT json_extract(data, '$.agent_note') LIKE '%%only in part (1 of 2 messages): this number is not on "
	       "WhatsApp any more. Call the customer.%%' FROM event WHERE type = 'message.status' ORDER BY n DESC LIMIT 1");
}

static void an_answer_to_who_opted_out_is_kept_and_said_to_be_barred(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change said = reply_of("a1", "Hello?");
	(void)state;

	lab->caps = HG_CAP_WORDS;
	lab_say(lab, ANA, "STOP");
	g_free(sent(lab));
	lab_desk(lab);
	tell(lab, &said);
	assert_sent(lab, NULL);
	lab_is(lab, "1", "SELECT error LIKE '%%opted out%%another channel%%' FROM message WHERE text = 'Hello?'");
	assert_non_null(strstr(lab_desk(lab), "message.status"));
}

static void files_come_along_and_what_is_missing_is_told(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	struct hg_file files[] = {
		{ .size = sizeof(files[0]), .name = "offer.pdf", .type = "application/pdf", .sha256 = SHA, .kind = HG_FILE, .bytes = 0 },
		{ .size = sizeof(files[0]), .name = "film.mov", .bytes = -1, .ref = "https://desk/9" },
	};
	hg_change said = reply_of("a1", "See there.");
	hg_dispatch *dispatch;
	(void)state;

	said.files = files;
	said.n_files = 2;
	said.missing = "film.mov: 300 MB, at most 20 MB are taken";
	lab_changes(lab, &said, 1, NULL, NULL);
	dispatch = lab_take(lab, HG_FROM_BACKEND);
	assert_string_equal(dispatch->change.files[1].ref, "https://desk/9");
	assert_int_equal(dispatch->change.files[1].bytes, -1);
	lab_changed(lab, dispatch, HG_SENT, &said, 1, NULL);
	lab_is(lab, "offer.pdf", "SELECT a.name FROM attachment a JOIN message m ON m.n = a.message_n WHERE m.text = 'See there.'");
	lab_counts(lab, 1, "SELECT count(*) FROM attachment");
	assert_non_null(strstr(lab_desk(lab), "thread.notice"));
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 3 AND text LIKE '%%Mia%%film.mov: 300 MB%%'");
}

static void a_note_stays_among_agents(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	(void)state;

	tell(lab, &(hg_change){ .kind = HG_CHANGE_NOTE, .id = "n1", .ticket = "77", .text = "He is a VIP.", .agent = "Tom" });
	assert_sent(lab, NULL);
	lab_is(lab, "Tom", "SELECT author_name FROM message WHERE direction = 3 AND text = 'He is a VIP.' AND origin = 'desk'");
	assert_string_equal(lab_desk(lab), "");
	lab_audit(lab);
}

/* ---- what we did ourselves ---- */

static void an_echo_is_known_by_the_id_the_helpdesk_gave_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const char *const made[] = { "501", NULL };
	const hg_change echo = reply_of("501", "hello again"), own = reply_of("502", "Hello Ana.");
	(void)state;

	lab_say(lab, ANA, "hello again");
	lab_forwarded(lab, lab_take(lab, HG_TO_BACKEND), &(struct hg_forward_result){
		.fate = HG_SENT, .status = 201, .made = made });
	tell(lab, &echo);
	assert_sent(lab, NULL);
	tell(lab, &own);
	assert_sent(lab, "Hello Ana.");
}

/* The hook may be faster than the answer to the call that set it off. */
static void an_echo_that_comes_first_waits_for_the_answer_to_the_call(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const char *const made[] = { "501", NULL };
	const hg_change echo = reply_of("501", "hello again"), own = reply_of("502", "Hello Ana.");
	hg_dispatch *call;
	(void)state;

	lab_say(lab, ANA, "hello again");
	call = lab_take(lab, HG_TO_BACKEND);
	tell(lab, &echo);
	assert_sent(lab, NULL);
	lab_forwarded(lab, call, &(struct hg_forward_result){ .fate = HG_SENT, .status = 201, .made = made });
	lab_wait(lab, 5000);
	lab_apply(lab);
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox");
	/* And when no answer comes, an agent's words do not wait for ever. */
	lab_say(lab, ANA, "and again");
	call = lab_take(lab, HG_TO_BACKEND);
	tell(lab, &own);
	assert_sent(lab, NULL);
	for (int i = 0; i < 30; i++) {
		lab_wait(lab, 1000);
		lab_apply(lab);
	}
	assert_sent(lab, "Hello Ana.");
	lab_forwarded(lab, call, &(struct hg_forward_result){ .fate = HG_SENT, .status = 201 });
}

/* ---- statuses ---- */

static void statuses_out_of_order_end_where_the_newest_says(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	(void)state;

	tell_status(lab, "s3", "solved", "resolved", 30);
	lab_is(lab, "resolved", "SELECT external_status FROM ticket");
	tell_status(lab, "s1", "open", "open", 10);
	tell_status(lab, "s2", "pending", "stalled", 20);
	lab_is(lab, "resolved", "SELECT external_status FROM ticket");
	lab_counts(lab, HG_TICKET_SOLVED, "SELECT state FROM ticket");
	/* Of the same moment (a clock of seconds) the one that came later counts. */
	tell_status(lab, "s4", "open", "open", 30);
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket");
	lab_counts(lab, 30, "SELECT status_order FROM link");
	assert_int_equal(lab_told(lab, "ticket.status"), 2);
	assert_string_equal(lab_desk(lab), "");
	lab_audit(lab);
}

static void a_status_that_means_nothing_here_is_shown_and_moves_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	(void)state;

	tell_status(lab, "s1", NULL, "with the vendor", 0);
	lab_is(lab, "with the vendor", "SELECT external_status FROM ticket");
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket");
	tell(lab, &(hg_change){ .kind = HG_CHANGE_ASSIGN, .id = "g1", .ticket = "77", .assignee = "tom" });
	lab_is(lab, "tom", "SELECT assignee FROM ticket");
	tell(lab, &(hg_change){ .kind = HG_CHANGE_ASSIGN, .id = "g2", .ticket = "77", .assignee = "" });
	lab_counts(lab, 1, "SELECT assignee IS NULL FROM ticket");
}

/* ---- tickets that become others ---- */

static void a_merged_ticket_is_the_other_one_from_then_on(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	hg_change said = reply_of("a1", "For both of you.");
	(void)state;

	lab_say(lab, BEN, "hello");
	take_event(lab, "88");
	lab_desk(lab);
	tell(lab, &(hg_change){ .kind = HG_CHANGE_MERGE, .id = "m1", .ticket = "88", .into = "77" });
	lab_counts(lab, 2, "SELECT count(*) FROM link WHERE external_id = '77'");
	lab_counts(lab, 1, "SELECT count(*) FROM link WHERE moved_ms > 0");
	/* What is said there is for whom it was made: never for who was merged into it. */
	tell(lab, &said);
	lab_is(lab, ANA, "SELECT address FROM message WHERE text = 'For both of you.'");
	/* The old one is closed over there, by our name: that is not how the ticket stands. */
	tell(lab, &(hg_change){ .kind = HG_CHANGE_STATUS, .id = "m2", .ticket = "88", .external = "TK-1001", .status = "closed" });
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket WHERE number = 'TK-1001'");
	lab_audit(lab);
}

static void a_deleted_ticket_is_closed_and_told_of(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	(void)state;

	tell(lab, &(hg_change){ .kind = HG_CHANGE_DELETE, .id = "d1", .ticket = "77" });
	lab_counts(lab, HG_TICKET_CLOSED, "SELECT state FROM ticket");
	lab_is(lab, "77", "SELECT external_id FROM link");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 4 AND text LIKE '%%deleted its ticket 77%%'");
	lab_audit(lab);
}

/* ---- tickets nobody knows ---- */

/* The answer to the request that made it was lost; our name in it is enough. */
static void a_lost_link_is_made_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	hg_change said = reply_of("a1", "Hello Ana.");
	hg_dispatch *create;
	(void)state;

	lab_say(lab, ANA, "hello");
	create = lab_take(lab, HG_TO_BACKEND);
	lab_forwarded(lab, create, &(struct hg_forward_result){ .fate = HG_FAILED, .text = "no answer" });
	said.external = "TK-1000";
	said.number = "#4711";
	tell(lab, &said);
	lab_is(lab, "77", "SELECT external_id FROM link");
	lab_counts(lab, HG_TICKET_OPEN, "SELECT state FROM ticket");
	assert_sent(lab, "Hello Ana.");
	lab_audit(lab);
}

static void a_change_waits_until_its_ticket_is_linked(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(ALL);
	const hg_change said = reply_of("a1", "Hello Ana.");
	hg_dispatch *create;
	(void)state;

	lab_say(lab, ANA, "hello");
	create = lab_take(lab, HG_TO_BACKEND);
	lab_changes(lab, &said, 1, NULL, NULL);
	assert_string_equal(lab->answer, "{\"new\":1,\"known\":0,\"foreign\":0}");
	assert_null(lab_take(lab, HG_FROM_BACKEND));	/* nobody fetches anything for it */
	lab_forwarded(lab, create, &(struct hg_forward_result){ .fate = HG_SENT, .status = 201, .external_id = "77" });
	lab_desk(lab);
	lab_wait(lab, MINUTE_MS);
	lab_apply(lab);
	assert_sent(lab, "Hello Ana.");
	lab_desk(lab);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox");
}

/* A helpdesk has tickets that never were ours, and its hook tells of all of them. */
static void tickets_of_others_are_not_kept(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	hg_change said = reply_of("a1", "To somebody else.");
	(void)state;

	said.ticket = "9001";
	lab_changes(lab, &said, 1, "{\"of\":\"somebody else\"}", NULL);
	assert_string_equal(lab->answer, "{\"new\":0,\"known\":0,\"foreign\":1}");
	lab_counts(lab, 0, "SELECT count(*) FROM raw WHERE channel = 'backend:desk'");
	/* While an event is under way it might be what becomes of it; when that is not so, it is let go. */
	lab_say(lab, ANA, "more");
	lab_changes(lab, &said, 1, "{\"of\":\"somebody else\"}", NULL);
	assert_string_equal(lab->answer, "{\"new\":1,\"known\":0,\"foreign\":0}");
	lab_desk(lab);
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox");
	assert_sent(lab, NULL);
}

static void our_name_on_a_ticket_nobody_knows_is_no_secret(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	hg_change said = reply_of("a1", "Hello?");
	(void)state;

	said.ticket = "78";
	said.external = "TK-4242";
	tell(lab, &said);
	for (int i = 0; i < 26; i++)
		lab_wait(lab, HOUR_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE target = 7 AND state = 6 AND error LIKE '%%TK-4242%%'");
	assert_sent(lab, NULL);
}

/* What rules gave to one helpdesk alone is not for another to answer. */
static void a_helpdesk_names_only_what_it_was_told_of(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(TWO "rules:\n  - name: all\n    do: { convert: {}, backend: crm }\n");
	hg_change said = reply_of("a1", "I am not your agent.");
	(void)state;

	lab_say(lab, ANA, "hello");
	said.external = "TK-1000";
	tell(lab, &said);
	lab_wait(lab, HOUR_MS);
	lab_apply(lab);
	assert_sent(lab, NULL);
	lab_counts(lab, 0, "SELECT count(*) FROM link");
}

/* ---- what cannot be ---- */

static void what_cannot_be_kept_is_refused_as_a_whole(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_CHANGES);
	const hg_change wrong[] = { reply_of("a1", "x"), { .kind = HG_CHANGE_REPLY, .id = "", .ticket = "77" } };
	g_autoptr(GError) error = NULL;
	hg_command *nobody = lab_command(lab, HG_CMD_CHANGES, NULL);
	(void)state;

	assert_false(hg_command_set_changes(command, wrong, 2, NULL, 0, NULL, &error));
	assert_string_equal(error->message, "change 1: it has no id");
	nobody->backend = "nobody";
	lab_do(lab, nobody);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void what_comes_back_as_something_else_is_left_alone(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change said = reply_of("a1", "One."), other = reply_of("a2", "Two."),
			look = { .kind = HG_CHANGE_LOOK, .id = "l1", .ticket = "77" };
	(void)state;

	lab_changes(lab, &said, 1, NULL, NULL);
	lab_changed(lab, lab_take(lab, HG_FROM_BACKEND), HG_SENT, &other, 1, NULL);
	lab_changes(lab, &look, 1, NULL, NULL);
	lab_changed(lab, lab_take(lab, HG_FROM_BACKEND), HG_SENT, &look, 1, NULL);
	lab_changes(lab, &(hg_change){ .kind = HG_CHANGE_LOOK, .id = "l2", .ticket = "77" }, 1, NULL, NULL);
	lab_changed(lab, lab_take(lab, HG_FROM_BACKEND), HG_FAILED, NULL, 0, "404");
	assert_sent(lab, NULL);
	lab_counts(lab, 3, "SELECT count(*) FROM outbox WHERE target = 7 AND state = 6");
	lab_is(lab, "404", "SELECT error FROM outbox ORDER BY n DESC LIMIT 1");
}

/* Killed while a file was fetched: fetched again, answered once. */
static void a_change_under_way_survives_a_restart(void **state)
{
	g_autoptr(hg_lab) lab = lab_with(ANA);
	const hg_change said = reply_of("a1", "Once.");
	(void)state;

	lab_changes(lab, &said, 1, NULL, NULL);
	lab_drop(lab_take(lab, HG_FROM_BACKEND));
	lab_restart(lab);
	lab_run(lab);
	lab_apply(lab);
	assert_sent(lab, "Once.");
	assert_sent(lab, NULL);
	/* While the helpdesk is down what is to be fetched waits; up again, it does not wait any more. */
	lab_changes(lab, &(hg_change){ .kind = HG_CHANGE_LOOK, .id = "l1", .ticket = "77" }, 1, NULL, NULL);
	lab_changed(lab, lab_take(lab, HG_FROM_BACKEND), HG_RETRY, NULL, 0, "no answer");
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_DOWN);
	lab_condition(lab, HG_TO_BACKEND, "desk", HG_UP);
	lab_drop(lab_take(lab, HG_FROM_BACKEND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_reaches_the_customer_once_however_often_it_is_told),
		cmocka_unit_test(an_answer_told_again_after_weeks_is_not_sent_again),
		cmocka_unit_test(kinds_have_ids_of_their_own),
		cmocka_unit_test(what_was_looked_at_is_as_if_it_had_been_told),
		cmocka_unit_test(changes_of_a_ticket_wait_for_each_other),
		cmocka_unit_test(the_helpdesk_hears_what_becomes_of_its_answer),
		cmocka_unit_test(a_note_names_the_template_that_would_reach_the_customer),
		cmocka_unit_test(a_note_says_what_did_not_arrive),
		cmocka_unit_test(an_answer_to_who_opted_out_is_kept_and_said_to_be_barred),
		cmocka_unit_test(files_come_along_and_what_is_missing_is_told),
		cmocka_unit_test(a_note_stays_among_agents),
		cmocka_unit_test(an_echo_is_known_by_the_id_the_helpdesk_gave_it),
		cmocka_unit_test(an_echo_that_comes_first_waits_for_the_answer_to_the_call),
		cmocka_unit_test(statuses_out_of_order_end_where_the_newest_says),
		cmocka_unit_test(a_status_that_means_nothing_here_is_shown_and_moves_nothing),
		cmocka_unit_test(a_merged_ticket_is_the_other_one_from_then_on),
		cmocka_unit_test(a_deleted_ticket_is_closed_and_told_of),
		cmocka_unit_test(a_lost_link_is_made_again),
		cmocka_unit_test(a_change_waits_until_its_ticket_is_linked),
		cmocka_unit_test(tickets_of_others_are_not_kept),
		cmocka_unit_test(our_name_on_a_ticket_nobody_knows_is_no_secret),
		cmocka_unit_test(a_helpdesk_names_only_what_it_was_told_of),
		cmocka_unit_test(what_cannot_be_kept_is_refused_as_a_whole),
		cmocka_unit_test(what_comes_back_as_something_else_is_left_alone),
		cmocka_unit_test(a_change_under_way_survives_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
