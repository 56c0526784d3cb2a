/* test_engine_join.c - a conversation that is no ticket becomes part of another one's ticket */
#include "engine_fixture.h"

#include <string.h>

#define ANN "tel:+447700900101"
#define BEN "tel:+447700900102"
#define HOLD "default: hold\nfirst_response: 7d\nwindow: { join: 7d }\nticket: { confirm: \"\" }\n"

static hg_command *asked(hg_lab *lab, int kind, const char *thread, const char *into)
{
	hg_command *command = lab_command(lab, kind, thread);

	command->into = hg_arena_str(command->arena, into);
	command->agent = "Mia";
	return command;
}

static void join(hg_lab *lab, const char *thread, const char *into)
{
	lab_do(lab, asked(lab, HG_CMD_JOIN, thread, into));
}

static void refused(hg_lab *lab, const char *thread, const char *into, int code, const char *why)
{
	gint64 events = lab_count(lab, "SELECT COUNT(*) FROM event");

	join(lab, thread, into);
	assert_int_equal(lab->error, code);
	if (!strstr(lab->error_text, why))
		fail_msg("\"%s\" is not in: %s", why, lab->error_text);
	lab_counts(lab, events, "SELECT COUNT(*) FROM event");
}

static void convert(hg_lab *lab, const char *thread)
{
	lab_do(lab, lab_command(lab, HG_CMD_CONVERT, thread));
	assert_int_equal(lab->error, 0);
	lab_desk(lab);
}

static void sent(hg_lab *lab)
{
	static guint number;
	g_autofree char *id = g_strdup_printf("j%u", ++number);

	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_SENT, .id = id });
}

/* Ann has a ticket; what she says a month later is a conversation of its own. */
static void two_of_one(hg_lab *lab, char **ret_old, char **ret_new)
{
	lab_say(lab, ANN, "my lamp is broken");
	*ret_old = g_strdup(lab_thread(lab));
	convert(lab, *ret_old);
	lab_wait(lab, 30 * 24 * HOUR_MS);
	lab_say(lab, ANN, "it is about the lamp");
	*ret_new = g_strdup(lab_thread(lab));
	assert_string_not_equal(*ret_old, *ret_new);
	lab_desk(lab);
}

static void the_ticket_gets_what_was_said_in_order(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *old = NULL, *new = NULL;
	(void)state;

	two_of_one(lab, &old, &new);
	lab_reply(lab, new, "Which one?");
	sent(lab);
	lab_say(lab, ANN, "the green one");
	lab_do(lab, lab_command(lab, HG_CMD_NOTE, new));
	lab_desk(lab);
	join(lab, new, old);
	assert_int_equal(lab->error, 0);
	assert_non_null(strstr(lab->answer, old));
	lab_is(lab, "2 converted|3 joined", "SELECT GROUP_CONCAT(x, '|') FROM (SELECT CASE WHEN id = '%s' THEN '2 converted' ELSE "
	       "'3 joined' END AS x FROM thread ORDER BY n)", old);
	lab_is(lab, "it is about the lamp|Which one?|the green one",
	       "SELECT GROUP_CONCAT(text, '|') FROM (SELECT m.text FROM event AS e JOIN message AS m ON m.n = e.message_n JOIN thread AS t ON "
	       "t.n = e.thread_n WHERE t.id = '%s' AND m.thread_n <> t.n ORDER BY e.n)", old);
	assert_string_equal(lab_desk(lab), "ticket.message message.sent ticket.message");
	lab_is(lab, "2 1", "SELECT state || ' ' || resolution FROM thread WHERE id = '%s'", new);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE id = '%s' AND related = '%s' AND key = 'joined:%s'", new, old, old);
	/* What ran for it ends in nothing. */
	lab_wait(lab, 8 * 24 * HOUR_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM episode WHERE dropped_ms > 0");
	lab_audit(lab);
}

static void what_he_says_and_quotes_from_then_on_goes_to_the_ticket(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *old = NULL, *new = NULL, *quoted = NULL;
	const char *refs[] = { NULL, NULL };
	struct hg_in in;
	(void)state;

	two_of_one(lab, &old, &new);
	quoted = g_strdup(lab_say(lab, ANN, "one more thing"));
	join(lab, new, old);
	lab_say(lab, ANN, "hello again");
	lab_is(lab, old, "SELECT t.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE m.text = 'hello again'");
	in = lab_text(ANN, "I mean this");
	refs[0] = quoted;
	in.refs = refs;
	lab_in(lab, "wa", &in, 1);
	lab_is(lab, old, "SELECT t.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE m.text = 'I mean this'");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread");
	lab_audit(lab);
}

static void what_was_joined_goes_on_nowhere_else(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *old = NULL, *new = NULL;
	(void)state;

	two_of_one(lab, &old, &new);
	join(lab, new, old);
	refused(lab, new, old, HG_ERROR_STATE, "was joined into");
	for (int i = 0; i < 2; i++) {
		lab_do(lab, lab_command(lab, i ? HG_CMD_REOPEN : HG_CMD_CONVERT, new));
		assert_int_equal(lab->error, HG_ERROR_STATE);
		assert_non_null(strstr(lab->error_text, "go on there"));
	}
	lab_audit(lab);
}

static void merge(hg_lab *lab, const char *from, const char *into)
{
	g_autofree char *one = lab_value(lab, "SELECT c.id FROM contact AS c JOIN thread AS t ON t.contact_n = c.n WHERE t.id = '%s'", from);
	g_autofree char *two = lab_value(lab, "SELECT c.id FROM contact AS c JOIN thread AS t ON t.contact_n = c.n WHERE t.id = '%s'", into);
	hg_command *command = asked(lab, HG_CMD_MERGE, NULL, two);

	command->text = hg_arena_str(command->arena, one);
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void conversations_of_two_contacts_are_joined_once_these_are_one(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *ann = NULL, *ben = NULL;
	(void)state;

	lab_say(lab, ANN, "my lamp is broken");
	ann = g_strdup(lab_thread(lab));
	convert(lab, ann);
	lab_say(lab, BEN, "this is Ann, on another phone");
	ben = g_strdup(lab_thread(lab));
	refused(lab, ben, ann, HG_ERROR_STATE, "of two contacts");
	merge(lab, ben, ann);
	lab_desk(lab);
	join(lab, ben, ann);
	assert_int_equal(lab->error, 0);
	assert_string_equal(lab_desk(lab), "ticket.message");
	lab_say(lab, BEN, "still me");
	lab_is(lab, ann, "SELECT t.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE m.text = 'still me'");
	lab_audit(lab);
}

static void what_cannot_be_joined_is_said(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *old = NULL, *new = NULL;
	(void)state;

	two_of_one(lab, &old, &new);
	refused(lab, "thr_none", old, HG_ERROR_MISSING, "no thread");
	refused(lab, new, "thr_none", HG_ERROR_MISSING, "no thread");
	refused(lab, new, new, HG_ERROR_INPUT, "into itself");
	refused(lab, old, new, HG_ERROR_STATE, "a ticket of its own");
	lab_do(lab, lab_command(lab, HG_CMD_CLOSE, old));
	lab_say(lab, BEN, "hello");
	refused(lab, lab_thread(lab), old, HG_ERROR_STATE, "of two contacts");
	lab_do(lab, lab_command(lab, HG_CMD_CLOSE, new));
	refused(lab, new, old, HG_ERROR_STATE, "is closed: reopen it first");
	lab_audit(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ticket_gets_what_was_said_in_order),
		cmocka_unit_test(what_he_says_and_quotes_from_then_on_goes_to_the_ticket),
		cmocka_unit_test(what_was_joined_goes_on_nowhere_else),
		cmocka_unit_test(conversations_of_two_contacts_are_joined_once_these_are_one),
		cmocka_unit_test(what_cannot_be_joined_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
