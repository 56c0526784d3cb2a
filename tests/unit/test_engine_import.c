/* test_engine_import.c - history from elsewhere: there once, for ever, and nothing happens because of it */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"

static struct hg_in old(const char *id, const char *text, gint64 days)
{
	struct hg_in in = lab_text(ANA, text);

	in.id = id;
	in.group = "the lamp";
	in.sent_ms = test_now_ms - days * DAY_MS;
	return in;
}

static int import(hg_lab *lab, const struct hg_in *in, gsize n, gboolean dry)
{
	hg_command *command = lab_command(lab, HG_CMD_IMPORT, NULL);

	command->channel = "wa";
	command->ask = dry;
	assert_true(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = in, .n_in = n,
					 .in_size = sizeof(*in) }, NULL));
	lab_do(lab, command);
	return lab->error;
}

static void history_is_closed_and_nobody_hears_of_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\n");
	struct hg_in in[3] = { old("a2", "try another bulb", 199), old("a1", "it flickers", 200), old("a3", "that was it", 198) };

	(void)state;
	in[0].echo = true;
	in[0].username = "Cleo";
	assert_int_equal(import(lab, in, 3, TRUE), 0);
	assert_string_equal(lab->answer, "{\"new\":3,\"known\":0}");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM thread");
	assert_int_equal(import(lab, in, 3, FALSE), 0);
	assert_string_equal(lab->answer, "{\"new\":3,\"known\":0}");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE state = %d AND messages = 3 AND inbound = 2 AND reply_to IS NULL "
		   "AND ticket_n IS NULL AND last_ms - opened_ms = %" G_GINT64_FORMAT, HG_THREAD_CLOSED, 2 * DAY_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE echo = 1 AND author_name = 'Cleo' AND direction = %d", HG_OUTBOUND);
	for (const char *const *table = (const char *const[]){ "event", "outbox", "ticket", "timer", "decision", "episode", NULL }; *table; table++)
		lab_counts(lab, 0, "SELECT COUNT(*) FROM %s", *table);
	assert_string_equal(lab_desk(lab), "");
	lab_audit(lab);
}

static void what_was_imported_is_known_for_ever(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\n");
	struct hg_in in = old("a1", "it flickers", 200);

	(void)state;
	assert_int_equal(import(lab, &in, 1, FALSE), 0);
	lab_wait(lab, 100 * DAY_MS);
	lab_restart(lab);
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message");
	assert_int_equal(import(lab, &in, 1, FALSE), 0);
	assert_string_equal(lab->answer, "{\"new\":0,\"known\":1}");
	/* Who goes on begins a conversation of his own, whatever he refers to. */
	in = lab_text(ANA, "it flickers again");
	in.refs = (const char *const[]){ "a1", NULL };
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE key LIKE 'history:%%' AND messages = 1");
}

static void what_went_by_headgate_itself_is_known_as_well(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\n");
	g_autofree char *id = g_strdup(lab_say(lab, ANA, "hello"));
	struct hg_in in[2] = { old(id, "hello", 0), old("sent-1", "it leaves today", 0) };
	hg_dispatch *dispatch;

	(void)state;
	lab_reply(lab, lab_thread(lab), "it leaves today");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	lab_sent(lab, dispatch, &(struct hg_result){ .size = sizeof(struct hg_result), .fate = HG_SENT, .id = "sent-1" });
	in[1].echo = true;
	in[1].dedupe = "another key";
	assert_int_equal(import(lab, in, 2, FALSE), 0);
	assert_string_equal(lab->answer, "{\"new\":0,\"known\":2}");
}

static void history_can_only_be_read(void **state)
{
	static const int kinds[] = { HG_CMD_REPLY, HG_CMD_NOTE, HG_CMD_CONVERT, HG_CMD_CLOSE, HG_CMD_REOPEN, HG_CMD_PATCH };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = old("a1", "it flickers", 200);

	(void)state;
	assert_int_equal(import(lab, &in, 1, FALSE), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		hg_command *command = lab_command(lab, kinds[i], lab_thread(lab));

		command->text = command->reply.text = "x";
		command->reply.thread_id = command->thread_id;
		lab_do(lab, command);
		assert_int_equal(lab->error, HG_ERROR_STATE);
		assert_non_null(strstr(lab->error_text, "history from elsewhere"));
	}
}

static void what_makes_no_sense_is_refused_as_a_whole(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in[2] = { old("a1", "fine", 200), old("a2", "wrong", 200) };
	struct hg_address nobody = { .uri = "nobody", .proof = HG_PROVEN };
	hg_command *command;

	(void)state;
	in[1].id = NULL;
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	in[1] = old("", "wrong", 200);
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	in[1] = old("a2", "of tomorrow", -1);
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	in[1].sent_ms = 0;
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	in[1] = old("a2", "from nobody", 200);
	in[1].from = &nobody;
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	in[1].n_from = 0;
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	in[1] = old("a2", "no message", 200);
	in[1].kind = HG_REACTION;
	assert_int_equal(import(lab, in, 2, FALSE), HG_ERROR_INPUT);
	assert_non_null(strstr(lab->error_text, "messages[1]"));
	command = lab_command(lab, HG_CMD_IMPORT, NULL);
	command->channel = "fax";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_is_closed_and_nobody_hears_of_it),
		cmocka_unit_test(what_was_imported_is_known_for_ever),
		cmocka_unit_test(what_went_by_headgate_itself_is_known_as_well),
		cmocka_unit_test(history_can_only_be_read),
		cmocka_unit_test(what_makes_no_sense_is_refused_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
