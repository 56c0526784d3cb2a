/* test_engine_erase.c - somebody is forgotten: nothing of him is left in any byte, and everything else is as it was */
#include "engine_fixture.h"

#include <string.h>

#include "people.h"
#include "state.h"

#define ANN	"tel:+447700955501"
#define ANN_2	"mailto:ann.canary@example.org"
#define BEN	"tel:+447700900102"
#define CANARY	"xyzzycanary"
#define HOLD	"default: hold\n"
#define AT_ONCE "rules:\n  - name: all\n    when: { }\n    do: { convert: { } }\n"

/* What stood in rows, and must not stand in any file.  The last two are how her addresses look inside of other things. */
static const char *const traces[] = { CANARY, "447700955501", "ann.canary", NULL };

static void has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text ?: "(nothing)");
}

/* ---- every byte of every file ---- */

static guint look_into(const char *path, const char *trace)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	g_autofree char *bytes = NULL, *small = NULL;
	const char *name;
	guint found = 0;
	gsize len;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		found += look_into(below, trace);
	}
	if (dir || !g_file_get_contents(path, &bytes, &len, NULL))
		return found;
	small = g_memdup2(bytes, len);
	for (gsize i = 0; i < len; i++)
		small[i] = g_ascii_tolower(small[i]);
	if (len && memmem(small, len, trace, strlen(trace))) {
		const char *at = memmem(small, len, trace, strlen(trace));

		print_message("%s at %zu of %s: %.60s\n", trace, (gsize)(at - small), path, bytes + (at - small) - MIN(40, at - small));
		found++;
	}
	return found;
}

static guint left(hg_lab *lab)
{
	guint found = 0;

	for (const char *const *trace = traces; *trace; trace++)
		found += look_into(lab->w->dir, *trace);
	return found;
}

/* ---- somebody who left traces everywhere ---- */

static char *contact_of(hg_lab *lab, const char *uri)
{
	return lab_value(lab, "SELECT c.id FROM contact AS c JOIN address AS a ON a.contact_n = c.n WHERE a.uri = '%s'", uri);
}

static void say_raw(hg_lab *lab, const char *channel, const char *uri, const char *text, const char *raw)
{
	struct hg_in in = lab_text(uri, text);
	hg_command *command = hg_command_new(HG_CMD_INBOUND);
	g_autofree char *id = g_strdup_printf("wamid." CANARY ".%u", ++lab->ids);

	in.name = "Ann " CANARY;
	in.subject = "about " CANARY;
	in.id = id;
	command->channel = hg_arena_str(command->arena, channel);
	command->space = "fake";
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in), .raw = raw, .raw_len = strlen(raw) }, e));
	lab_do(lab, command);
	lab_wait(lab, 1000);
}

static void store_file(hg_lab *lab, const char *text, char ret_sha256[65])
{
	hg_upload *upload = hg_upload_new(lab->w->options.attachments, NULL);
	gint64 bytes;

	must(hg_upload_write(upload, text, strlen(text), e));
	must(hg_upload_finish(upload, ret_sha256, &bytes, e));
}

static void send_file(hg_lab *lab, const char *uri, const char *content)
{
	struct hg_file file = { .size = sizeof(file), .kind = HG_FILE, .name = CANARY ".pdf", .bytes = -1, .ref = "ref-" CANARY };
	struct hg_in in = lab_text(uri, "");
	hg_dispatch *dispatch;
	char sha256[65];

	in.kind = HG_FILE;
	in.files = &file;
	in.n_files = 1;
	in.file_size = sizeof(file);
	lab_in(lab, "wa", &in, 1);
	dispatch = lab_take(lab, HG_TO_FETCH);
	assert_non_null(dispatch);
	store_file(lab, content, sha256);
	lab_fetched(lab, dispatch, &(struct hg_fetch_result){ .fate = HG_SENT, .bytes = (gint64)strlen(content), .sha256 = sha256 });
}

static void answer(hg_lab *lab, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

	command->reply.text = hg_arena_str(command->arena, text);
	command->reply.agent = "Mia";
	command->principal = "token:desk";
	command->idem_key = "key-1";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void note(hg_lab *lab, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_NOTE, lab_thread(lab));

	command->text = text;
	lab_do(lab, command);
}

static void live(hg_lab *lab)
{
	static const char *const fields[] = { "order", CANARY, NULL };
	hg_dispatch *dispatch;
	hg_command *command;

	say_raw(lab, "wa", ANN, "my parcel " CANARY, "{\"from\":\"447700955501\",\"text\":\"" CANARY "\"}");
	answer(lab, "Dear " CANARY ", it is on its way");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "out." CANARY });
	lab_receipt(lab, "wa", HG_R_DELIVERED, "out." CANARY, NULL);
	note(lab, "she is called " CANARY);
	send_file(lab, ANN, "a picture of " CANARY);
	command = lab_command(lab, HG_CMD_PATCH, lab_thread(lab));
	command->set_fields = fields;
	lab_do(lab, command);
	/* One that waits to go out, and one that nobody could take. */
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "still to come, " CANARY;
	lab_do(lab, command);
}

/* ---- erasing ---- */

static void erase(hg_lab *lab, const char *id, const char *confirm)
{
	hg_command *command = lab_command(lab, HG_CMD_ERASE, NULL);

	command->text = hg_arena_str(command->arena, id);
	command->subject = hg_arena_str(command->arena, confirm);
	command->agent = "Mia";
	lab_do(lab, command);
}

/* Until all of it is done, with the log emptied. */
static void settle(hg_lab *lab)
{
	for (guint i = 0; i < 2000 && lab_count(lab, "SELECT COUNT(*) FROM erasure WHERE done_ms = 0"); i++)
		lab_wait(lab, 100);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM erasure WHERE done_ms = 0");
	for (guint i = 0; i < 100 && lab_count(lab, "SELECT COUNT(*) FROM unlinking"); i++)
		lab_wait(lab, 100);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM unlinking");
}

static void nothing_is_left_in_any_byte(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(AT_ONCE);
	g_autofree char *ann = NULL, *before = NULL, *claim = NULL, *proof = NULL;
	(void)state;

	lab_say(lab, BEN, "somebody else");
	live(lab);
	ann = contact_of(lab, ANN);
	assert_true(left(lab) >= 2);
	before = lab_value(lab, "SELECT COUNT(*) || ' ' || (SELECT COUNT(*) FROM event) || ' ' || (SELECT COUNT(*) FROM decision) || ' ' || "
			   "(SELECT COUNT(*) FROM ticket) || ' ' || (SELECT SUM(messages) FROM thread) FROM message");
	erase(lab, ann, "yes");
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	erase(lab, ann, ann);
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"state\":");
	settle(lab);
	assert_int_equal(left(lab), 0);
	lab_audit(lab);
	/* Numbers stay: but for what tells of the end. */
	lab_counts(lab, 1, "SELECT COUNT(*) FROM event WHERE type = 'contact.erased'");
	g_free(before);
	before = lab_value(lab, "SELECT COUNT(*) FROM message WHERE text = '' AND erased_ms > 0");
	assert_string_equal(before, "6");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM ticket");
	lab_is(lab, "somebody else", "SELECT text FROM message WHERE address = '" BEN "'");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM raw WHERE LENGTH(bytes) > 0");
	/* The proof says how much, and its hash is the claim's. */
	erase(lab, ann, NULL);
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"state\":\"done\"");
	has(lab->answer, "\"messages\":6");
	has(lab->answer, "\"files\":1");
	has(lab->answer, "\"requested_by\":\"Mia\"");
	claim = g_strdup(strstr(lab->answer, "\"claim\":") + strlen("\"claim\":"));
	*strstr(claim, ",\"sha256\":") = '\0';
	proof = g_compute_checksum_for_string(G_CHECKSUM_SHA256, claim, -1);
	has(lab->answer, proof);
}

static void the_helpdesk_is_told_which_tickets_were_his(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(AT_ONCE);
	g_autofree char *ann = NULL;
	hg_dispatch *dispatch;
	gboolean told = FALSE;
	(void)state;

	lab_say(lab, ANN, "one");
	ann = contact_of(lab, ANN);
	lab_desk(lab);
	erase(lab, ann, ann);
	while ((dispatch = lab_take(lab, HG_TO_BACKEND))) {
		if (strstr(dispatch->event.data ?: "", "\"tickets\":[{")) {
			told = TRUE;
			has(dispatch->event.data, "\"number\":\"TK-");
			assert_null(strstr(dispatch->event.data, "4477009555"));
		}
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
	}
	assert_true(told);
}

/* One is on its way and may arrive, one waits behind it: neither is shown as still to be sent. */
static void answers_under_way_come_to_an_end(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *ann = NULL;
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANN, "my parcel");
	ann = contact_of(lab, ANN);
	lab_reply(lab, lab_thread(lab), "one moment");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "out.1" });
	lab_reply(lab, lab_thread(lab), "on its way");
	lab_reply(lab, lab_thread(lab), "and once more");
	erase(lab, ann, ann);
	settle(lab);
	lab_is(lab, "4 3 9", "SELECT group_concat(delivery, ' ') FROM (SELECT delivery FROM message WHERE direction = 2 ORDER BY n)");
	G_STATIC_ASSERT(HG_DLV_SENT == 4 && HG_DLV_UNKNOWN == 3 && HG_DLV_FAILED == 9);
	lab_audit(lab);
}

/* The same delivery again, a receipt, an edit: nobody comes back by these; who writes anew is somebody new. */
static void what_comes_late_does_not_bring_him_back(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	struct hg_in in = lab_text(ANN, "my parcel");
	g_autofree char *ann = NULL, *thread = NULL;
	hg_dispatch *dispatch;
	(void)state;

	in.id = "wamid.first";
	lab_in(lab, "wa", &in, 1);
	ann = contact_of(lab, ANN);
	thread = lab_value(lab, "SELECT id FROM thread");
	answer(lab, "on its way");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	erase(lab, ann, ann);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "out.447700955501" });
	settle(lab);
	lab_in(lab, "wa", &in, 1);
	lab_receipt(lab, "wa", HG_R_DELIVERED, "out.447700955501", NULL);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM address");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_say(lab, ANN, "hello, I am new here");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM contact");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread");
	in = lab_text(ANN, "edited");
	in.kind = HG_EDIT;
	in.target = "wamid.first";
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE t.id = '%s' AND text <> ''",
		   thread);
	lab_audit(lab);
}

static void who_said_stop_still_gets_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD "channels:\n  wa: { adapter: fake, consent: { words: yes } }\n");
	hg_command *command;
	g_autofree char *ann = NULL;
	(void)state;

	lab_say(lab, ANN, "hello");
	lab_say(lab, ANN, "STOP");
	ann = contact_of(lab, ANN);
	erase(lab, ann, ann);
	settle(lab);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM consent WHERE uri LIKE '%%4477%%' OR words IS NOT NULL");
	lab_say(lab, ANN, "who are you?");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "somebody";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_OPTED_OUT);
	lab_say(lab, ANN, "START");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.text = "somebody";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void a_file_that_others_have_stays(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *ann = NULL, *shared = NULL, *path = NULL;
	(void)state;

	send_file(lab, ANN, "a price list");
	send_file(lab, BEN, "a price list");
	shared = lab_value(lab, "SELECT sha256 FROM attachment LIMIT 1");
	path = hg_attachment_path(lab->w->options.attachments, shared);
	ann = contact_of(lab, ANN);
	erase(lab, ann, ann);
	settle(lab);
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	lab_counts(lab, 1, "SELECT COUNT(*) FROM attachment WHERE sha256 IS NOT NULL");
	g_free(ann);
	ann = contact_of(lab, BEN);
	erase(lab, ann, ann);
	settle(lab);
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	lab_audit(lab);
}

/* Whom he was merged into, and what was merged into him. */
static void all_he_was_is_forgotten(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *ann = NULL, *two = NULL;
	hg_command *command;
	(void)state;

	say_raw(lab, "wa", ANN, "one", "{}");
	say_raw(lab, "wa", ANN_2, "two " CANARY, "{}");
	ann = contact_of(lab, ANN);
	two = contact_of(lab, ANN_2);
	command = lab_command(lab, HG_CMD_MERGE, NULL);
	command->text = two;
	command->into = ann;
	lab_do(lab, command);
	erase(lab, two, two);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	erase(lab, ann, ann);
	settle(lab);
	assert_int_equal(left(lab), 0);
	command = lab_command(lab, HG_CMD_UNMERGE, NULL);
	command->text = two;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	lab_audit(lab);
}

/* More than one step does, and the process dies between two. */
static void it_goes_on_where_it_stopped(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *ann = NULL;
	(void)state;

	for (guint i = 0; i < 700; i++) {
		g_autofree char *text = g_strdup_printf("%u " CANARY, i);
		struct hg_in in = lab_text(ANN, text);

		lab_queue(lab, "wa", &in, 1);
		if (i % 100 == 99)
			lab_run(lab);
	}
	lab_say(lab, BEN, "in between");
	ann = contact_of(lab, ANN);
	lab->by_hand = FALSE;
	erase(lab, ann, ann);
	lab_restart(lab);
	settle(lab);
	assert_int_equal(left(lab), 0);
	lab_counts(lab, 700, "SELECT COUNT(*) FROM message WHERE erased_ms > 0");
	has(lab->answer ?: "", "");
	lab_audit(lab);
}

/* Addresses stand in trees whose pages are split again and again, with what was moved still lying in the old ones. */
static void addresses_are_gone_from_pages_that_were_split(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	g_autofree char *ann = NULL;
	(void)state;

	for (guint i = 0; i < 1000; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+4930%06u", (i * 7919) % 1000000);
		struct hg_in in = lab_text(i == 300 ? "tel:+4930123456canary" : uri, "hello");

		lab_queue(lab, "wa", &in, 1);
		if (i % 50 == 49)
			lab_run(lab);
	}
	assert_true(look_into(lab->w->dir, "4930123456canary") > 0);
	ann = contact_of(lab, "tel:+4930123456canary");
	erase(lab, ann, ann);
	settle(lab);
	assert_int_equal(look_into(lab->w->dir, "4930123456canary"), 0);
	lab_audit(lab);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_in_any_byte),
		cmocka_unit_test(the_helpdesk_is_told_which_tickets_were_his),
		cmocka_unit_test(answers_under_way_come_to_an_end),
		cmocka_unit_test(what_comes_late_does_not_bring_him_back),
		cmocka_unit_test(who_said_stop_still_gets_nothing),
		cmocka_unit_test(a_file_that_others_have_stays),
		cmocka_unit_test(all_he_was_is_forgotten),
		cmocka_unit_test(it_goes_on_where_it_stopped),
		cmocka_unit_test(addresses_are_gone_from_pages_that_were_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
