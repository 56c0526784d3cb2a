/* test_engine_raw.c - raw bytes that are read once they are safe: in order, counted, settled, in quarantine */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"

static struct hg_in mail(const char *text, const char *hash)
{
	struct hg_in in = lab_text(ANA, text);

	in.id = "<a@example.com>";
	in.dedupe = hash;
	in.wide = true;
	return in;
}

static void fail_once(hg_lab *lab, const char *why)
{
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_FAILED, NULL, why);
}

static gint64 quarantined(hg_lab *lab)
{
	return lab_count(lab, "SELECT COUNT(*) FROM outbox WHERE target = 5 AND state = 6");
}

static void they_are_kept_read_and_settled(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = mail("where is it?", "h1");
	hg_dispatch *dispatch;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "From: ana");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message");
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_non_null(dispatch);
	assert_int_equal(dispatch->raw.len, 9);
	assert_memory_equal(dispatch->raw.bytes, "From: ana", 9);
	assert_string_equal(dispatch->raw.id, "INBOX/7/1");
	assert_string_equal(dispatch->raw.group, "INBOX");
	assert_int_equal(dispatch->raw.attempts, 0);
	assert_null(lab_take(lab, HG_TO_SETTLE));
	lab_unpacked(lab, dispatch, HG_SENT, &in, NULL);
	lab_is(lab, "where is it?", "SELECT text FROM message WHERE direction = 1");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message AS m JOIN raw AS r ON r.n = m.raw_n WHERE r.bytes = CAST('From: ana' AS BLOB)");
	dispatch = lab_take(lab, HG_TO_SETTLE);
	assert_string_equal(dispatch->raw.id, "INBOX/7/1");
	lab_settled(lab, dispatch, HG_SENT);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox WHERE target > 4");
	lab_audit(lab);
}

static void the_same_comes_again_and_is_known(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = mail("once", "h1");
	(void)state;

	for (int i = 0; i < 2; i++)
		lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "From: ana");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM raw");
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_SENT, &in, NULL);
	assert_null(lab_take(lab, HG_TO_UNPACK));
	/* Seen in another mailbox of another channel: the same message, which is settled there too. */
	lab_raw(lab, "sms", "INBOX", "INBOX/3/9", "From: ana");
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_SENT, &in, NULL);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE direction = 1");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM outbox WHERE target = 6");
}

static void a_mailbox_keeps_its_order_and_others_do_not_wait(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *first, *other;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "one");
	lab_raw(lab, "wa", "INBOX", "INBOX/7/2", "two");
	lab_raw(lab, "wa", "Junk", "Junk/7/1", "other");
	first = lab_take(lab, HG_TO_UNPACK);
	other = lab_take(lab, HG_TO_UNPACK);
	assert_null(lab_take(lab, HG_TO_UNPACK));
	assert_string_equal(other->raw.id, "Junk/7/1");
	lab_unpacked(lab, other, HG_SENT, NULL, NULL);
	assert_null(lab_take(lab, HG_TO_UNPACK));
	lab_unpacked(lab, first, HG_SENT, NULL, NULL);
	first = lab_take(lab, HG_TO_UNPACK);
	assert_string_equal(first->raw.id, "INBOX/7/2");
	lab_drop(first);
}

/* Failure 1 of mail: one that nobody can read stops nothing. */
static void after_two_attempts_it_is_in_quarantine_and_the_next_has_its_turn(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = mail("a subject, at least", "h1");
	hg_dispatch *dispatch;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "poison");
	lab_raw(lab, "wa", "INBOX", "INBOX/7/2", "fine");
	fail_once(lab, "the parser died");
	assert_null(lab_take(lab, HG_TO_UNPACK));
	lab_wait(lab, 7000);
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_string_equal(dispatch->raw.id, "INBOX/7/1");
	assert_int_equal(dispatch->raw.attempts, 1);
	lab_unpacked(lab, dispatch, HG_FAILED, &in, "the parser died");
	assert_int_equal(quarantined(lab), 1);
	assert_int_equal(lab_told(lab, "message.quarantined"), 1);
	lab_is(lab, "a subject, at least", "SELECT text FROM message WHERE direction = 1 AND kind = %d", HG_UNSUPPORTED);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE note LIKE '%%the parser died; its bytes are in quarantine%%'");
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_string_equal(dispatch->raw.id, "INBOX/7/2");
	lab_unpacked(lab, dispatch, HG_SENT, NULL, NULL);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM outbox WHERE target = 6");
	lab_audit(lab);
}

static hg_command *about_job(hg_lab *lab, int kind)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->job_n = lab_count(lab, "SELECT n FROM outbox WHERE target = 5");
	return command;
}

static void give_up(hg_lab *lab, const struct hg_in *in)
{
	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "poison");
	fail_once(lab, "no");
	lab_wait(lab, 7000);
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_FAILED, in, "no");
	lab_settled(lab, lab_take(lab, HG_TO_SETTLE), HG_SENT);
}

static void read_again_by_hand_it_is_the_message_it_would_have_been(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = mail("now I can be read", "h1");
	hg_dispatch *dispatch;
	(void)state;

	give_up(lab, &in);
	lab_do(lab, about_job(lab, HG_CMD_RETRY_DEAD));
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_int_equal(dispatch->raw.attempts, 0);
	lab_unpacked(lab, dispatch, HG_SENT, &in, NULL);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE kind = %d AND external_id = '<a@example.com>'", HG_TEXT);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE kind = %d AND note LIKE '%%as a message of its own%%'",
		   HG_UNSUPPORTED);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox WHERE target > 4");
	lab_audit(lab);
}

static void once_more_in_vain_it_has_one_placeholder(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = mail("half", "h1");
	(void)state;

	give_up(lab, &in);
	lab_do(lab, about_job(lab, HG_CMD_RETRY_DEAD));
	fail_once(lab, "still not");
	lab_wait(lab, 7000);
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_FAILED, &in, "still not");
	assert_int_equal(quarantined(lab), 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE kind = %d", HG_UNSUPPORTED);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox WHERE target = 6");
}

static void of_a_sender_nobody_knows_it_is_in_no_thread(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	give_up(lab, NULL);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM thread");
	assert_int_equal(lab_told(lab, "message.quarantined"), 1);
	lab_do(lab, about_job(lab, HG_CMD_DROP_DEAD));
	assert_int_equal(lab->error, 0);
	assert_int_equal(quarantined(lab), 0);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM raw WHERE bytes = CAST('poison' AS BLOB)");
	lab_do(lab, about_job(lab, HG_CMD_DROP_DEAD));
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

static void a_crash_counts_but_not_at_once_as_much(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "kills");
	lab_raw(lab, "wa", "INBOX", "INBOX/7/2", "fine");
	for (int i = 0; i < 3; i++) {
		dispatch = lab_take(lab, HG_TO_UNPACK);
		assert_string_equal(dispatch->raw.id, "INBOX/7/1");
		assert_int_equal(dispatch->raw.attempts, i);
		lab_drop(dispatch);
		lab_restart(lab);
		lab_run(lab);
	}
	assert_int_equal(quarantined(lab), 1);
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_string_equal(dispatch->raw.id, "INBOX/7/2");
	lab_drop(dispatch);
	lab_audit(lab);
}

static void a_crash_and_an_error_are_two_attempts(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "kills");
	lab_drop(lab_take(lab, HG_TO_UNPACK));
	lab_restart(lab);
	lab_run(lab);
	fail_once(lab, "no");
	assert_int_equal(quarantined(lab), 1);
}

static void what_nobody_looked_at_is_no_attempt(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "fine");
	for (int i = 0; i < 5; i++) {
		dispatch = lab_take(lab, HG_TO_UNPACK);
		assert_int_equal(dispatch->raw.attempts, 0);
		lab_unpacked(lab, dispatch, HG_RETRY, NULL, "the channel is not running");
		lab_wait(lab, MINUTE_MS);
	}
	assert_int_equal(quarantined(lab), 0);
	/* And when the channel comes up it does not wait for its minute. */
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_RETRY, NULL, "the channel is not running");
	assert_null(lab_take(lab, HG_TO_UNPACK));
	lab_condition(lab, HG_TO_CHANNEL, "wa", HG_UP);
	lab_drop(lab_take(lab, HG_TO_UNPACK));
}

static void it_is_told_what_we_said_where_its_references_lead(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *id = g_strdup(lab_say(lab, ANA, "where is it?"));
	const char *const refs[] = { "<nobody's>", id, NULL };
	struct hg_in in = mail("thanks", "h1");
	hg_dispatch *dispatch;
	gint64 rows;
	(void)state;

	lab_reply(lab, lab_thread(lab), "at your door");
	lab_reply(lab, lab_thread(lab), "or so");
	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "> at your door");
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_false(dispatch->raw.recalled);
	rows = lab_count(lab, "SELECT COUNT(*) FROM journal");
	lab_recall(lab, dispatch, refs);
	lab_counts(lab, rows, "SELECT COUNT(*) FROM journal");
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_true(dispatch->raw.recalled);
	assert_int_equal(dispatch->raw.attempts, 0);
	assert_string_equal(dispatch->raw.known[0], "or so");
	assert_string_equal(dispatch->raw.known[1], "at your door");
	assert_null(dispatch->raw.known[2]);
	lab_unpacked(lab, dispatch, HG_SENT, &in, NULL);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM message WHERE direction = 1");
}

/* Channel "other" is another brand's. */
static void it_is_not_told_what_another_brand_said(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *id = g_strdup(lab_say(lab, ANA, "where is it?"));
	const char *const refs[] = { id, NULL };
	struct hg_in in = lab_text(ANA, "x");
	hg_dispatch *dispatch;
	(void)state;

	in.id = id;
	in.wide = true;
	lab_in(lab, "wa", &in, 1);
	in.id = "<wide>";
	in.kind = HG_TEXT;
	lab_in(lab, "wa", &in, 1);
	lab_reply(lab, lab_thread(lab), "a secret");
	lab_raw(lab, "other", "INBOX", "INBOX/7/1", "bytes");
	lab_recall(lab, lab_take(lab, HG_TO_UNPACK), (const char *const[]){ "<wide>", refs[0], NULL });
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_true(dispatch->raw.recalled);
	assert_null(dispatch->raw.known[0]);
	lab_drop(dispatch);
}

static void settling_is_tried_for_a_week(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	int tries = 0;
	hg_dispatch *dispatch;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "fine");
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_SENT, NULL, NULL);
	for (gint64 gone = 0; gone < 8 * 24 * HOUR_MS; gone += HOUR_MS) {
		dispatch = lab_take(lab, HG_TO_SETTLE);
		if (dispatch) {
			lab_settled(lab, dispatch, HG_RETRY);
			tries++;
		}
		lab_wait(lab, HOUR_MS);
	}
	assert_in_range(tries, 30, 80);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM outbox WHERE target = 6 AND state = 6 AND error = 'the mailbox is read-only'");
}

static void what_is_gone_over_there_is_settled(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "fine");
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_SENT, NULL, NULL);
	lab_settled(lab, lab_take(lab, HG_TO_SETTLE), HG_FAILED);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox");
}

static void many_bytes_lie_in_a_file(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *bytes = g_strnfill(HG_RAW_APART + 1, 'm'), *sha = NULL, *path = NULL;
	hg_dispatch *dispatch;
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", bytes);
	dispatch = lab_take(lab, HG_TO_UNPACK);
	assert_int_equal(dispatch->raw.len, HG_RAW_APART + 1);
	assert_memory_equal(dispatch->raw.bytes, bytes, HG_RAW_APART + 1);
	lab_counts(lab, 0, "SELECT LENGTH(bytes) FROM raw");
	sha = lab_value(lab, "SELECT file FROM raw");
	path = hg_attachment_path(hg_store_attachments(lab->w->store), sha);
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	lab_audit(lab);
	lab_drop(dispatch);
}

static void without_bytes_there_is_nothing_to_read(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_raw(lab, "wa", "INBOX", "INBOX/7/1", "");
	assert_null(lab_take(lab, HG_TO_UNPACK));
	assert_int_equal(lab->stored, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_kept_read_and_settled),
		cmocka_unit_test(the_same_comes_again_and_is_known),
		cmocka_unit_test(a_mailbox_keeps_its_order_and_others_do_not_wait),
		cmocka_unit_test(after_two_attempts_it_is_in_quarantine_and_the_next_has_its_turn),
		cmocka_unit_test(read_again_by_hand_it_is_the_message_it_would_have_been),
		cmocka_unit_test(once_more_in_vain_it_has_one_placeholder),
		cmocka_unit_test(of_a_sender_nobody_knows_it_is_in_no_thread),
		cmocka_unit_test(a_crash_counts_but_not_at_once_as_much),
		cmocka_unit_test(a_crash_and_an_error_are_two_attempts),
		cmocka_unit_test(what_nobody_looked_at_is_no_attempt),
		cmocka_unit_test(it_is_told_what_we_said_where_its_references_lead),
		cmocka_unit_test(it_is_not_told_what_another_brand_said),
		cmocka_unit_test(settling_is_tried_for_a_week),
		cmocka_unit_test(what_is_gone_over_there_is_settled),
		cmocka_unit_test(many_bytes_lie_in_a_file),
		cmocka_unit_test(without_bytes_there_is_nothing_to_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
