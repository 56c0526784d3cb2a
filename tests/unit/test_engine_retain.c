/* test_engine_retain.c - what was kept for long enough is forgotten, of what is closed, and nothing else */
#include "engine_fixture.h"

#include <string.h>

#include "people.h"
#include "state.h"

#define ANN "tel:+447700900101"
#define BEN "tel:+447700900102"
#define KEEP "default: hold\nidle_close: 1h\nfirst_response: 7d\nretention: { messages: 30d, events: 20d, raw: 10d }\n"

static void say(hg_lab *lab, const char *channel, const char *uri, const char *text)
{
	struct hg_in in = lab_text(uri, text);

	in.subject = "a subject";
	lab_in(lab, channel, &in, 1);
}

/* Days go by, with the passes of them. */
static void days(hg_lab *lab, guint n)
{
	for (guint i = 0; i < n * 4; i++) {
		lab_wait(lab, 6 * HOUR_MS);
		for (guint j = 0; j < 6; j++)
			lab_wait(lab, 1000);
	}
}

static void close_all(hg_lab *lab)
{
	hg_command *command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));

	command->resolution = HG_RES_RESOLVED;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void each_kind_goes_in_its_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(KEEP);
	struct hg_engine_stats stats;
	(void)state;

	say(lab, "wa", ANN, "my parcel");
	close_all(lab);
	days(lab, 9);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM raw WHERE LENGTH(bytes) > 0");
	days(lab, 3);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM raw WHERE LENGTH(bytes) > 0");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM event WHERE data LIKE '%%erased%%'");
	days(lab, 10);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM event WHERE data LIKE '%%parcel%%'");
	lab_is(lab, "my parcel", "SELECT text FROM message");
	days(lab, 10);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message WHERE text <> '' OR subject IS NOT NULL OR erased_ms = 0");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM thread WHERE subject IS NOT NULL");
	/* Decisions are kept for ever, and the person is who he was. */
	lab_counts(lab, 1, "SELECT COUNT(*) > 0 FROM decision WHERE facts IS NOT NULL");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact WHERE name = 'Ana' AND erased_ms = 0");
	hg_engine_get_stats(lab->engine, &stats);
	assert_int_equal(stats.forgotten[HG_GONE_MESSAGES], 1);
	assert_int_equal(stats.forgotten[HG_GONE_RAW], 1);
	lab_audit(lab);
}

static void what_is_open_is_kept(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\nidle_close: 90d\nfirst_response: 7d\nretention: { messages: 5d }\n"
					"rules:\n  - name: ticket\n    when: { }\n    do: { convert: { } }\n");
	(void)state;

	say(lab, "wa", ANN, "my ticket is open");
	days(lab, 8);
	lab_is(lab, "my ticket is open", "SELECT text FROM message WHERE direction = 1");
	close_all(lab);
	days(lab, 3);
	/* Somebody says something: it counts from then. */
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message WHERE erased_ms > 0");
	days(lab, 3);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE erased_ms > 0 AND direction = 1");
}

static void a_channel_says_it_for_itself(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(KEEP "channels:\n  wa: { adapter: fake, retention: { messages: 2d, raw: 0s } }\n"
					"  sms: { adapter: fake }\n");
	(void)state;

	say(lab, "wa", ANN, "on wa");
	close_all(lab);
	say(lab, "sms", BEN, "on sms");
	close_all(lab);
	days(lab, 12);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE erased_ms > 0");
	lab_is(lab, "on sms", "SELECT text FROM message WHERE erased_ms = 0");
	lab_is(lab, "wa", "SELECT channel FROM raw WHERE LENGTH(bytes) > 0");
	/* What is configured later finds what is there. */
	lab_reload(lab, KEEP "channels:\n  wa: { adapter: fake, retention: { raw: 5d } }\n  sms: { adapter: fake }\n");
	days(lab, 2);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM raw WHERE LENGTH(bytes) > 0");
}

static void notes_and_files_have_times_of_their_own(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\nidle_close: 1h\nfirst_response: 7d\nretention: { notes: 1d, attachments: 3d }\n");
	struct hg_file file = { .size = sizeof(file), .kind = HG_FILE, .name = "a.pdf", .bytes = -1, .ref = "m" };
	struct hg_in in = lab_text(ANN, "see this");
	g_autofree char *path = NULL;
	hg_upload *upload;
	hg_command *note;
	char sha256[65];
	gint64 bytes;
	(void)state;

	in.kind = HG_FILE;
	in.files = &file;
	in.n_files = 1;
	in.file_size = sizeof(file);
	lab_in(lab, "wa", &in, 1);
	upload = hg_upload_new(lab->w->options.attachments, NULL);
	must(hg_upload_write(upload, "abc", 3, e));
	must(hg_upload_finish(upload, sha256, &bytes, e));
	path = hg_attachment_path(lab->w->options.attachments, sha256);
	lab_fetched(lab, lab_take(lab, HG_TO_FETCH), &(struct hg_fetch_result){ .fate = HG_SENT, .bytes = 3, .sha256 = sha256 });
	note = lab_command(lab, HG_CMD_NOTE, lab_thread(lab));
	note->text = "a note";
	lab_do(lab, note);
	close_all(lab);
	days(lab, 2);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE erased_ms > 0");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE erased_ms > 0 AND direction = 3");
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	days(lab, 3);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	lab_is(lab, "see this", "SELECT text FROM message WHERE direction = 1");
	lab_audit(lab);
}

/* More than a step does; the process dies in between; who writes again is kept again. */
static void a_pass_goes_on_after_a_restart(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: ignore\nidle_close: 1h\nretention: { messages: 1d, decisions: 1d }\n");
	(void)state;

	for (guint i = 0; i < 900; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+4477009%05u", i / 3);
		struct hg_in in = lab_text(uri, "hello");

		lab_queue(lab, "wa", &in, 1);
		if (i % 100 == 99)
			lab_run(lab);
	}
	for (guint i = 0; i < 4; i++)
		lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM thread WHERE state = 1");
	lab_wait(lab, 24 * HOUR_MS);
	/* The pass before may be under way still; then there is an hour of rest. */
	for (guint i = 0; i < 60 && !lab_count(lab, "SELECT COUNT(*) FROM message WHERE erased_ms > 0"); i++)
		lab_wait(lab, i < 20 ? 1000 : 10 * MINUTE_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) BETWEEN 1 AND 899 FROM message WHERE erased_ms > 0");
	lab_restart(lab);
	for (guint i = 0; i < 40; i++)
		lab_wait(lab, 5000);
	lab_counts(lab, 900, "SELECT COUNT(*) FROM message WHERE erased_ms > 0");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM decision WHERE facts IS NOT NULL");
	lab_say(lab, "tel:+447700900000", "me again");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE text = 'me again'");
	lab_audit(lab);
}

static void without_a_word_everything_stays(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\nidle_close: 1h\nfirst_response: 7d\n");
	(void)state;

	say(lab, "wa", ANN, "kept for ever");
	close_all(lab);
	days(lab, 100);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM timer WHERE kind = 'retention'");
	lab_is(lab, "kept for ever", "SELECT text FROM message");
	lab_do(lab, lab_command(lab, HG_CMD_RETAIN, NULL));
	assert_int_equal(lab->error, HG_ERROR_STATE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_goes_in_its_time),
		cmocka_unit_test(what_is_open_is_kept),
		cmocka_unit_test(a_channel_says_it_for_itself),
		cmocka_unit_test(notes_and_files_have_times_of_their_own),
		cmocka_unit_test(a_pass_goes_on_after_a_restart),
		cmocka_unit_test(without_a_word_everything_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
