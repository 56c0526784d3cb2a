/* test_adapter_fake.c - the example adapter does what its README says */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <cmocka.h>

#include "support/adapter_fixture.h"
#include "support/line_fixture.h"

#define SECRET "s3cret-of-the-test"
#define FAKE(more) "  try: { adapter: fake, url: HUB_FAR, secret: env:FAKE_SECRET" more " }\n"

static char *sign(const char *body)
{
	g_autofree char *mac = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guint8 *)SECRET, strlen(SECRET),
							 body, -1);

	return g_strconcat("X-Fake-Signature: ", mac, NULL);
}

static int post(struct hub *hub, const char *body)
{
	g_autofree char *header = sign(body);
	struct reply reply;
	int status;

	hub_request(hub, "POST", "/channel/try/webhook", body, header, &reply);
	status = reply.status;
	reply_clear(&reply);
	return status;
}

static void hub_fake(struct hub *hub, const char *yaml)
{
	g_setenv("FAKE_SECRET", SECRET, TRUE);
	hub_new(hub, yaml);
}

static void a_signed_message_is_stored(void **state)
{
	struct hub hub;
	const struct hg_batch *batch;
	static const char body[] = "{\"id\":\"m1\",\"from\":\"tel:+491\",\"text\":\"gr\xc3\xbc\xc3\x9f dich\",\"name\":\"Ana\","
		"\"at\":1700000000000,\"media\":{\"ref\":\"r-1\",\"name\":\"a.png\",\"type\":\"image/png\",\"bytes\":12}}";

	(void)state;
	hub_fake(&hub, FAKE(""));
	assert_int_equal(post(&hub, body), 200);
	batch = &hub_command(&hub, HG_CMD_INBOUND, 0)->batch;
	assert_int_equal(batch->n_in, 1);
	assert_int_equal(batch->in[0].kind, HG_FILE);
	assert_string_equal(batch->in[0].id, "m1");
	assert_string_equal(batch->in[0].from[0].uri, "tel:+491");
	assert_int_equal(batch->in[0].from[0].proof, HG_PROVEN);
	assert_string_equal(batch->in[0].text, "gr\xc3\xbc\xc3\x9f dich");
	assert_int_equal(batch->in[0].sent_ms, 1700000000000);
	assert_string_equal(batch->in[0].files[0].ref, "r-1");
	assert_int_equal(batch->in[0].files[0].bytes, 12);
	assert_memory_equal(batch->raw, body, batch->raw_len);
	hub_free(&hub);
}

static void a_wrong_signature_is_refused_and_counted(void **state)
{
	static const char *const headers[] = { NULL, "X-Fake-Signature: ", "X-Fake-Signature: 00",
		"X-Fake-Signature: 0000000000000000000000000000000000000000000000000000000000000000" };
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_fake(&hub, FAKE(""));
	for (guint i = 0; i < G_N_ELEMENTS(headers); i++) {
		hub_request(&hub, "POST", "/channel/try/webhook", "{}", headers[i], &reply);
		assert_int_equal(reply.status, 401);
		reply_clear(&reply);
	}
	assert_int_equal(hub_counted(&hub, "try", "signature_refused"), G_N_ELEMENTS(headers));
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 0);
	hub_free(&hub);
}

static void what_is_signed_and_not_understood_is_kept(void **state)
{
	static const char *const bodies[] = { "{}", "[1]", "\"x\"", "7", "null", "[[]]", "{\"id\":1,\"from\":\"tel:+1\",\"text\":\"x\"}",
		"{\"id\":\"a\",\"from\":[],\"text\":\"x\"}", "{\"id\":\"a\",\"from\":\"tel:+1\"}",
		"{\"receipt\":\"lost\",\"id\":\"a\"}", "{\"receipt\":\"read\"}", "{\"id\":\"a\",\"from\":\"tel:+1\",\"media\":7}" };
	struct hub hub;

	(void)state;
	hub_fake(&hub, FAKE(""));
	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
		const hg_command *command;

		/* A bare null is not told apart from what could not be read. */
		assert_int_equal(post(&hub, bodies[i]), strcmp(bodies[i], "null") == 0 ? 400 : 200);
		if (strcmp(bodies[i], "null") == 0)
			continue;
		command = hub_command(&hub, HG_CMD_INBOUND, hub_count(&hub, HG_CMD_INBOUND) - 1);
		assert_int_equal(command->batch.n_in, 1);
		assert_int_equal(command->batch.in[0].kind, HG_UNSUPPORTED);
		assert_true(command->batch.in[0].raw_len > 0);
	}
	hub_free(&hub);
}

static void what_is_no_json_or_too_much_is_refused(void **state)
{
	g_autoptr(GString) many = g_string_new("[7");
	struct hub hub;

	(void)state;
	hub_fake(&hub, FAKE(""));
	assert_int_equal(post(&hub, ""), 400);
	assert_int_equal(post(&hub, "{\"id\":"), 400);
	assert_int_equal(post(&hub, "{} {}"), 400);
	for (int i = 0; i < 50; i++)
		g_string_append(many, ",7");
	g_string_append(many, "]");
	assert_int_equal(post(&hub, many->str), 413);
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 0);
	hub_free(&hub);
}

static void good_and_bad_items_and_receipts_go_together(void **state)
{
	struct hub hub;
	const struct hg_batch *batch;

	(void)state;
	hub_fake(&hub, FAKE(""));
	assert_int_equal(post(&hub, "[{\"id\":\"m1\",\"from\":\"tel:+1\",\"text\":\"a\"},{\"id\":\"m2\"},"
				    "{\"receipt\":\"failed\",\"key\":\"k\",\"code\":131,\"text\":\"no such number\"}]"), 200);
	batch = &hub_command(&hub, HG_CMD_INBOUND, 0)->batch;
	assert_int_equal(batch->n_in, 2);
	assert_int_equal(batch->in[0].kind, HG_TEXT);
	assert_int_equal(batch->in[1].kind, HG_UNSUPPORTED);
	assert_int_equal(batch->n_receipts, 1);
	assert_int_equal(batch->receipts[0].state, HG_R_FAILED);
	assert_int_equal(batch->receipts[0].code, 131);
	assert_string_equal(batch->receipts[0].key, "k");
	hub_free(&hub);
}

/* ---- out ---- */

static void answers_become_fates(void **state)
{
	static const struct { const char *url; gboolean ask; int fate; gint64 retry_ms; int reach; } cases[] = {
		{ "HUB_FAR/busy", FALSE, HG_AMBIGUOUS, 7000, HG_REACH_MESSAGE },
		{ "HUB_FAR/gone", FALSE, HG_FAILED, 0, HG_REACH_MESSAGE },
		{ "HUB_FAR/file", FALSE, HG_AMBIGUOUS, 0, HG_REACH_MESSAGE },	/* 200, and no id in it */
		{ "http://127.0.0.1:1", FALSE, HG_RETRY, 0, HG_REACH_MESSAGE },
		{ "HUB_FAR/missing", TRUE, HG_RETRY, 0, HG_REACH_MESSAGE },
		{ "HUB_FAR/busy", TRUE, HG_AMBIGUOUS, 7000, HG_REACH_MESSAGE },
		{ "http://127.0.0.1:1", TRUE, HG_AMBIGUOUS, 0, HG_REACH_MESSAGE },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *yaml = g_strdup_printf("  try: { adapter: fake, url: \"%s?x=\", "
							"secret: env:FAKE_SECRET }\n", cases[i].url);
		struct hub hub;
		const hg_command *sent;

		hub_fake(&hub, yaml);
		hub_dispatch(&hub, "try", 1, "{}", cases[i].ask);
		HUB_WAIT(&hub, hub_count(&hub, HG_CMD_SENT) == 1);
		sent = hub_command(&hub, HG_CMD_SENT, 0);
		if (sent->sent.fate != cases[i].fate || sent->sent.retry_ms != cases[i].retry_ms ||
		    sent->sent.reach != cases[i].reach)
			fail_msg("%s: fate %d, %s", cases[i].url, sent->sent.fate, sent->sent.text);
		hub_free(&hub);
	}
}

static void a_send_without_answer_is_ambiguous(void **state)
{
	struct hub hub;

	(void)state;
	hub_fake(&hub, "  try: { adapter: fake, url: \"HUB_FAR/hang?x=\", secret: env:FAKE_SECRET, timeout: 100ms }\n");
	assert_int_equal(hub_send(&hub, "try", "{}")->sent.fate, HG_AMBIGUOUS);
	hub_free(&hub);
}

static void a_plan_holds_the_provider_s_json(void **state)
{
	struct hub hub;
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(struct hg_part));
	hg_arena *arena = hg_arena_new();
	struct hg_out out = { .size = sizeof(out), .kind = HG_TEXT, .to = "tel:+1", .text = "say \"hi\"" };
	struct hg_err err;
	const struct hg_part *part;

	(void)state;
	hub_fake(&hub, FAKE(""));
	assert_true(hg_channels_plan(hub.channels, "try", arena, &out, parts, &err));
	part = &g_array_index(parts, struct hg_part, 0);
	assert_string_equal(part->body, "{\"to\":\"tel:+1\",\"text\":\"say \\\"hi\\\"\"}");
	out.kind = HG_REACTION;
	assert_false(hg_channels_plan(hub.channels, "try", arena, &out, parts, &err));
	assert_int_equal(err.kind, HG_ERR_UNSUPPORTED);
	hg_arena_free(arena);
	hub_free(&hub);
}

static void a_reference_becomes_a_download_only_when_it_can_be_one(void **state)
{
	struct hub hub;

	(void)state;
	hub_fake(&hub, "  try: { adapter: fake, url: \"HUB_FAR/file?x=\", secret: env:FAKE_SECRET }\n");
	hub_fetch(&hub, "try", 1, "abc-1", NULL);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_FETCHED) == 1);
	assert_int_equal(hub_command(&hub, HG_CMD_FETCHED, 0)->fetched.fate, HG_SENT);
	hub_fetch(&hub, "try", 2, "../secret", NULL);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_FETCHED) == 2);
	assert_int_equal(hub_command(&hub, HG_CMD_FETCHED, 1)->fetched.fate, HG_FAILED);
	hub_free(&hub);
}

/* ---- lines and pipes ---- */

static void a_line_is_answered_when_its_message_is_stored(void **state)
{
	struct hub hub;
	struct line *line;
	g_autofree char *yaml = NULL;

	(void)state;
	hub_fake(&hub, FAKE(""));
	line = line_new(hg_loop_base(hub.loop), NULL, NULL);
	yaml = g_strdup_printf(FAKE(", line: { host: 127.0.0.1, port: %u }"), line_port(line));
	hub_reload(&hub, yaml);
	HUB_WAIT(&hub, strcmp(line_heard(line), "hello\n") == 0);
	line_say(line, "{\"id\":\"l1\",\"from\":\"tel:+1\",\"text\":\"a\"}\n{\"id\":\"l2\",\"from\":\"tel:+1\",\"text\":\"b\"}\n");
	HUB_WAIT(&hub, strcmp(line_heard(line), "hello\nok l1\nok l2\n") == 0);
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 2);
	line_say(line, "nonsense\n");
	HUB_WAIT(&hub, line_accepted(line) == 2);
	line_free(line);
	hub_free(&hub);
}

static void a_pipe_is_read_line_by_line_and_left_when_told(void **state)
{
	struct hub hub;
	g_autofree char *path = NULL, *yaml = NULL;
	FILE *pipe;

	(void)state;
	hub_fake(&hub, FAKE(""));
	path = g_build_filename(hub.dir, "pipe", NULL);
	yaml = g_strdup_printf(FAKE(", pipe: %s"), path);
	assert_int_equal(mkfifo(path, 0600), 0);
	hub_reload(&hub, yaml);
	pipe = fopen(path, "r+");
	fputs("{\"id\":\"p1\",\"from\":\"tel:+1\",\"text\":\"a\"}\n", pipe);
	fflush(pipe);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_INBOUND) == 1);
	assert_string_equal(hub_command(&hub, HG_CMD_INBOUND, 0)->batch.in[0].id, "p1");
	/* It waits for the next line when it is told to stop. */
	hub_stop(&hub);
	fclose(pipe);
	hub_free(&hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_message_is_stored),
		cmocka_unit_test(a_wrong_signature_is_refused_and_counted),
		cmocka_unit_test(what_is_signed_and_not_understood_is_kept),
		cmocka_unit_test(what_is_no_json_or_too_much_is_refused),
		cmocka_unit_test(good_and_bad_items_and_receipts_go_together),
		cmocka_unit_test(answers_become_fates),
		cmocka_unit_test(a_send_without_answer_is_ambiguous),
		cmocka_unit_test(a_plan_holds_the_provider_s_json),
		cmocka_unit_test(a_reference_becomes_a_download_only_when_it_can_be_one),
		cmocka_unit_test(a_line_is_answered_when_its_message_is_stored),
		cmocka_unit_test(a_pipe_is_read_line_by_line_and_left_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
