/* test_adapter_abi.c - the border is frozen: an adapter built with the header of version 1.0 works in today's host, and so
 * does one from a future in which every struct has grown
 *
 * "steady" is built with tests/data/abi/1.0, "future" with what tests/data/abi/grow makes of it; see steady.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "support/adapter_fixture.h"

static const char *const builds[] = { "steady", "future" };

#define EACH(name) for (guint at_ = 0; at_ < G_N_ELEMENTS(builds) && ((name) = builds[at_]); at_++)

/* ---- nothing has moved ---- */

/* A field that is added must not lie where older writers had padding: its HG_HAS() would hold, and read nonsense.  So no
 * struct that grows ends in padding. */
#define ENDS_WITH(type, last) \
	G_STATIC_ASSERT(offsetof(struct type, last) + sizeof(((struct type *)0)->last) == sizeof(struct type))
ENDS_WITH(hg_file, content_id);
ENDS_WITH(hg_in, profile);
ENDS_WITH(hg_receipt, detail);
ENDS_WITH(hg_raw, known);
ENDS_WITH(hg_batch, raw_len);
ENDS_WITH(hg_out, group);
ENDS_WITH(hg_past, at_ms);
ENDS_WITH(hg_part, coding);
ENDS_WITH(hg_plan, add);
ENDS_WITH(hg_result, also);
ENDS_WITH(hg_limits, burst);
ENDS_WITH(hg_http_req, target);
ENDS_WITH(hg_http_outcome, after_s);
ENDS_WITH(hg_http_rep, busy);
ENDS_WITH(hg_http_call, hosts);
ENDS_WITH(hg_http_answer, error);
ENDS_WITH(hg_session_conf, key_file);
ENDS_WITH(hg_session_ops, down);
ENDS_WITH(hg_host, rest);
ENDS_WITH(hg_sample, text);
ENDS_WITH(hg_adapter, check_all);

/* Those without a size never change. */
#if __SIZEOF_POINTER__ == 8
G_STATIC_ASSERT(sizeof(struct hg_err) == 368 && offsetof(struct hg_err, at) == 248);
G_STATIC_ASSERT(sizeof(struct hg_address) == 16 && offsetof(struct hg_address, proof) == 8);
G_STATIC_ASSERT(sizeof(struct hg_option) == 48 && offsetof(struct hg_option, help) == 40);
G_STATIC_ASSERT(sizeof(struct hg_route) == 32 && offsetof(struct hg_route, handle) == 24);
G_STATIC_ASSERT(sizeof(struct hg_http_part) == 40 && offsetof(struct hg_http_part, type) == 32);
#endif

/* ---- what it told ---- */

static const struct hg_in *said(struct hub *hub, const char *id)
{
	guint n = hub_count(hub, HG_CMD_INBOUND);

	for (guint i = 0; i < n; i++) {
		const hg_command *command = hub_command(hub, HG_CMD_INBOUND, i);

		if (command->batch.n_in && g_strcmp0(command->batch.in[0].id, id) == 0)
			return &command->batch.in[0];
	}
	return NULL;
}

static void assert_said(struct hub *hub, const char *id, const char *text)
{
	HUB_WAIT(hub, said(hub, id));
	assert_string_equal(said(hub, id)->text, text);
}

static void begin(struct hub *hub, const char *name)
{
	g_autofree char *channels = g_strdup_printf("  one: { adapter: %s, word: w, url: \"HUB_FAR/file\", deep: { list: [x, y] } }\n", name);

	hub_new(hub, channels);
}

/* ---- options ---- */

static void options_of_every_type_are_filled(void **state)
{
	const char *name;

	(void)state;
	g_setenv("STEADY", "a secret", TRUE);
	EACH(name) {
		g_autofree char *one = g_strdup_printf("  one: { adapter: %s, word: w }\n", name);
		g_autofree char *all = g_strdup_printf("  one: { adapter: %s, word: other, secret: env:STEADY, url: https://u.example, path: /p/q, "
			"choice: that, tree: { a: [1] }, flag: false, number: 9, span: 3s, bytes: 4KiB, deep: { list: [x] }, "
			"secrets: [env:STEADY], map: { k: v }, keys: { n: env:STEADY } }\n", name);
		struct hub hub;

		hub_new(&hub, one);
		assert_said(&hub, "conf", "w (null) http://host.example /path this 1 7 2000 3072 a b (none) (none)=(none) (none)=(none) (null)");
		hub_free(&hub);
		hub_new(&hub, all);
		assert_said(&hub, "conf", "other a secret https://u.example /q that 0 9 3000 4096 x (none) a secret k=v n=a secret {\"a\":[1]}");
		hub_free(&hub);
	}
}

/* ---- in ---- */

static void assert_first(const struct hg_in *in)
{
	assert_int_equal(in->size, sizeof(*in));
	assert_int_equal(in->kind, HG_IMAGE);
	assert_string_equal(in->dedupe, "key-1");
	assert_true(in->wide && !in->echo && in->automatic && in->forwarded && !in->answered);
	assert_string_equal(in->to, "tel:+4420");
	assert_int_equal(in->n_from, 3);
	assert_string_equal(in->from[2].uri, "tel:+447700900456");
	assert_int_equal(in->from[1].proof, HG_CLAIMED);
	assert_string_equal(in->name, "Ana");
	assert_string_equal(in->username, "ana");
	assert_string_equal(in->group, "g1");
	assert_string_equal(in->subject, "Subject");
	assert_string_equal(in->payload, "{\"p\":1}");
	assert_string_equal(in->refs[1], "ref-2");
	assert_string_equal(in->note, "note");
	assert_int_equal(in->code, 7);
	assert_int_equal(in->sent_ms, 1000);
	assert_memory_equal(in->raw, "raw", 3);
	assert_string_equal(in->reply_text, "New");
	assert_int_equal(in->sender, HG_SENDER_PASS);
	assert_int_equal(in->vouched, 1);
	assert_string_equal(in->also[0], "also-1");
	assert_string_equal(in->profile, "{\"name\":\"Ana\"}");
	assert_int_equal(in->n_files, 2);
}

static void assert_second(const struct hg_in *in)
{
	assert_int_equal(in->kind, HG_TEXT);
	assert_string_equal(in->id, "all-2");
	assert_string_equal(in->target, "all-1");
	assert_string_equal(in->part_ref, "pr");
	assert_int_equal(in->part, 1);
	assert_int_equal(in->parts, 2);
	assert_int_equal(in->part_wait_ms, 2000);
	assert_true(in->answered);
	assert_int_equal(in->n_files, 0);
}

static void assert_files(const struct hg_file *files)
{
	assert_string_equal(files[0].name, "a.jpg");
	assert_memory_equal(files[0].data, "abc", 3);
	assert_int_equal(files[1].kind, HG_AUDIO);
	assert_int_equal(files[1].bytes, -1);
	assert_string_equal(files[1].ref, "ref-b");
	assert_string_equal(files[1].sha256, "00");
	assert_int_equal(files[1].expires_ms, 99);
	assert_true(files[1].voice);
	assert_string_equal(files[1].content_id, "cid");
}

static void assert_receipts(const struct hg_batch *batch)
{
	const struct hg_receipt *receipts = batch->receipts;

	assert_int_equal(batch->n_receipts, 2);
	assert_int_equal(receipts[0].state, HG_R_READ);
	assert_string_equal(receipts[0].key, "key");
	assert_int_equal(receipts[0].at_ms, 5);
	assert_string_equal(receipts[1].id, "sent-2");
	assert_int_equal(receipts[1].code, 9);
	assert_int_equal(receipts[1].reach, HG_REACH_CONTACT);
	assert_string_equal(receipts[1].advice, "call");
	assert_string_equal(receipts[1].detail, "{}");
	assert_string_equal(batch->cursor, "c-2");
	assert_memory_equal(batch->raw, "whole", 5);
}

static const hg_command *of_all(struct hub *hub)
{
	for (guint i = 0; i < hub_count(hub, HG_CMD_INBOUND); i++)
		if (hub_command(hub, HG_CMD_INBOUND, i)->batch.n_in == 2)
			return hub_command(hub, HG_CMD_INBOUND, i);
	return NULL;
}

static void every_field_of_a_batch_arrives(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		const struct hg_batch *batch;
		struct hub hub;

		begin(&hub, name);
		HUB_WAIT(&hub, of_all(&hub));
		batch = &of_all(&hub)->batch;
		assert_first(&batch->in[0]);
		assert_files(batch->in[0].files);
		assert_second(&batch->in[1]);
		assert_receipts(batch);
		hub_free(&hub);
	}
}

static void what_the_host_lends_works(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		struct hub hub;

		begin(&hub, name);
		assert_said(&hub, "host", "minor 0 json 1 write 1");
		HUB_WAIT(&hub, said(&hub, "timer"));
		assert_said(&hub, "job", "worked");
		assert_said(&hub, "http", "200 1 text/plain; charset=utf-8 " FAR_FILE);
		assert_said(&hub, "down", "why");
		assert_said(&hub, "poll", "since 0");
		assert_int_equal(hub_counted(&hub, "one", "steady"), 1);
		assert_int_equal(hub_status(&hub, "one").condition, HG_DEGRADED);
		assert_string_equal(hub_status(&hub, "one").error, "half well");
		hub_settle(&hub);
		assert_null(said(&hub, "never"));
		assert_int_equal(hub_status(&hub, "one").counts.faults, 0);
		hub_free(&hub);
	}
}

static void a_request_is_handed_over_and_answered_by_its_outcome(void **state)
{
	static const struct { int sink, status; const char *body, *after; } cases[] = {
		{ SINK_STORE, 202, "st", NULL }, { SINK_AGAIN, 208, "ag", NULL }, { SINK_BUSY, 429, "", "17" } };
	const char *name;

	(void)state;
	EACH(name) {
		struct reply reply;
		struct hub hub;

		begin(&hub, name);
		hub_settle(&hub);
		for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
			hub_set_sink(&hub, cases[i].sink);
			hub_request(&hub, "POST", "/channel/one/hook?q=a%20b", "body", "X-Good: yes", &reply);
			assert_int_equal(reply.status, cases[i].status);
			assert_string_equal(reply.body, cases[i].body);
			assert_int_equal(g_strcmp0(reply.retry_after, cases[i].after), 0);
			reply_clear(&reply);
		}
		hub_set_sink(&hub, SINK_STORE);
		assert_said(&hub, "hook", "POST hook 127.0.0.1 /channel/one/hook?q=a%20b yes a b body");
		hub_request(&hub, "GET", "/channel/one/now/or-never", NULL, NULL, &reply);
		assert_int_equal(reply.status, 203);
		assert_string_equal(reply.body, "now");
		assert_string_equal(reply.good, "1");
		reply_clear(&reply);
		hub_free(&hub);
	}
}

static void raw_bytes_are_read_and_settled(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		const hg_command *got;
		struct hub hub;

		begin(&hub, name);
		got = hub_unpacked(&hub, "bytes", NULL, HG_CMD_UNPACKED);
		assert_int_equal(got->fate, HG_SENT);
		assert_string_equal(got->batch.in[0].text, "what it held");
		assert_said(&hub, "raw", "INBOX/1/1 bytes 0 -");
		got = hub_unpacked(&hub, "ask", NULL, HG_CMD_RECALL);
		assert_string_equal(got->refs[0], "r1");
		got = hub_unpacked(&hub, "bytes", "known", HG_CMD_UNPACKED);
		assert_int_equal(got->fate, HG_SENT);
		assert_said(&hub, "raw-again", "INBOX/1/1 bytes 0 known");
		assert_int_equal(hub_settled(&hub, "there")->fate, HG_SENT);
		assert_int_equal(hub_settled(&hub, "gone")->fate, HG_FAILED);
		got = hub_fetched(&hub, "http://127.0.0.1:PORT/file", NULL);
		assert_int_equal(got->fetched.bytes, strlen(FAR_FILE));
		hub_free(&hub);
	}
}

/* ---- out ---- */

static const struct hg_file files[] = {
	{ .size = sizeof(struct hg_file), .kind = HG_FILE, .name = "first" }, { .size = sizeof(struct hg_file), .kind = HG_FILE, .name = "second" } };
static const struct hg_past past[] = {
	{ .size = sizeof(struct hg_past), .text = "newest" }, { .size = sizeof(struct hg_past), .text = "before it" } };
static const char *const refs[] = { "ref-9", NULL };
static const struct hg_out full = {
	.size = sizeof(full), .key = "the key", .kind = HG_TEXT, .to = "tel:+1", .from = "tel:+2", .subject = "S", .text = "T",
	.html = "<p>", .files = files, .n_files = 2, .file_size = sizeof(files[0]), .refs = refs, .now_ms = 11, .last_in_ms = 12,
	.body = "bytes", .len = 5, .name = "Bea", .automatic = true, .past = past, .n_past = 2, .past_size = sizeof(past[0]),
};

static void every_field_of_an_answer_arrives_and_its_result_comes_back(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		const hg_command *got;
		struct hub hub;

		begin(&hub, name);
		got = hub_send_out(&hub, "one", &full);
		assert_said(&hub, "out", "1 the key tel:+1 tel:+2 S T <p> ref-9 second 11 12 bytes Bea 1 before it");
		assert_int_equal(got->sent.fate, HG_SENT);
		assert_string_equal(got->sent.id, "sent-id");
		assert_string_equal(got->sent.text, "taken");
		assert_int_equal(got->sent.code, 3);
		assert_string_equal(got->sent.also[0], "also-sent");
		got = hub_send(&hub, "one", "refuse");
		assert_int_equal(got->sent.fate, HG_FAILED);
		assert_int_equal(got->sent.reach, HG_REACH_CONTACT);
		assert_string_equal(got->sent.advice, "call");
		got = hub_send(&hub, "one", "later");
		assert_int_equal(got->sent.fate, HG_RETRY);
		assert_int_equal(got->sent.retry_ms, 7000);
		got = hub_send(&hub, "one", "step");
		assert_int_equal(got->sent.fate, HG_STEP);
		assert_memory_equal(got->sent.body, "next", 4);
		hub_dispatch(&hub, "one", 900, "asked", TRUE);
		HUB_WAIT(&hub, hub_count(&hub, HG_CMD_SENT) == 5);
		assert_int_equal(hub_command(&hub, HG_CMD_SENT, 4)->sent.fate, HG_AMBIGUOUS);
		hub_free(&hub);
	}
}

static void assert_parts(const GArray *parts)
{
	const struct hg_part *part = (const struct hg_part *)(const void *)parts->data;

	assert_int_equal(parts->len, 2);
	assert_memory_equal(part[0].body, "tel:+1|T|second|before it", part[0].len);
	assert_string_equal(part[0].text, "T");
	assert_string_equal(part[0].coding, "gsm7");
	assert_int_equal(part[0].units, 2);
	assert_int_equal(part[0].left, 11);
	assert_int_equal(part[0].file, -1);
	assert_int_equal(part[1].file, 1);
	assert_int_equal(part[1].len, 4);
}

static void plans_and_limits_are_understood(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(struct hg_part));
		struct hg_out reaction = full;
		struct hg_limits limits;
		struct hg_err err;
		unsigned caps;
		struct hub hub;

		begin(&hub, name);
		assert_true(hg_channels_plan(hub.channels, "one", arena, &full, parts, &err));
		assert_parts(parts);
		reaction.kind = HG_REACTION;
		assert_false(hg_channels_plan(hub.channels, "one", arena, &reaction, parts, &err));
		assert_int_equal(err.kind, HG_ERR_UNSUPPORTED);
		assert_string_equal(err.text, "text only");
		assert_true(hg_channels_limits(hub.channels, "one", &limits, &caps));
		assert_true(limits.max_text == 7 && limits.window_ms == 2 && limits.rate == 3 && limits.contact_gap_ms == 4 &&
			    limits.contact_burst == 5 && limits.max_file == 6 && limits.key_life_ms == 7 && limits.burst == 9);
		assert_false(caps & HG_CAP_ECHO);
		assert_true(caps & HG_CAP_ASK && caps & HG_CAP_PAST && caps & HG_CAP_KEY);
		hub_free(&hub);
	}
}

/* ---- its table ---- */

static void a_change_is_told_while_it_runs(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		g_autofree char *other = g_strdup_printf("  one: { adapter: %s, word: w, number: 8, url: \"HUB_FAR/file\", deep: { list: [x, y] } }\n",
							 name);
		struct hub hub;
		guint n;

		begin(&hub, name);
		hub_settle(&hub);
		n = hub_count(&hub, HG_CMD_INBOUND);
		hub_reload(&hub, other);
		HUB_WAIT(&hub, hub_count(&hub, HG_CMD_INBOUND) > n);
		assert_non_null(strstr(hub_command(&hub, HG_CMD_INBOUND, n)->batch.in[0].text, " this 1 8 "));
		assert_int_equal(hub_status(&hub, "one").counts.restarts, 0);
		hub_free(&hub);
	}
}

static void on_sample(void *arg, const struct hg_sample *sample)
{
	g_string_append_printf(arg, "%s %d %d %s;", sample->name, sample->passed, sample->made_up, sample->text);
}

static void what_is_wrong_and_samples_are_told(void **state)
{
	const char *name;

	(void)state;
	EACH(name) {
		g_autoptr(hg_loader) loader = hg_loader_new(hub_adapters());
		const struct hg_adapter *desc = hg_loader_get(loader, name, NULL);
		g_autofree char *text = g_strdup_printf("config_version: 1\nchannels:\n  one:\n    adapter: %s\n    word: w\n    number: 13\n", name);
		g_autofree char *dir = g_dir_make_tmp("hg-abi-XXXXXX", NULL), *path = g_build_filename(dir, "headgate.yaml", NULL);
		struct hg_adapter_finder finder = hg_loader_finder(loader);
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(GString) told = g_string_new(NULL);
		g_autofree char *wrong = NULL;

		assert_non_null(desc);
		assert_int_equal(desc->samples(NULL, on_sample, told, NULL), 1);
		assert_string_equal(told->str, "good 1 0 (null);bad 0 1 not so;");
		assert_true(g_file_set_contents(path, text, -1, NULL));
		assert_null(hg_conf_read(path, &finder, diag));
		wrong = hg_diag_render(diag, FALSE);
		if (!strstr(wrong, "13 is never right") || !strstr(wrong, "6:13"))
			fail_msg("%s", wrong);
		g_unlink(path);
		g_rmdir(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_every_type_are_filled),
		cmocka_unit_test(every_field_of_a_batch_arrives),
		cmocka_unit_test(what_the_host_lends_works),
		cmocka_unit_test(a_request_is_handed_over_and_answered_by_its_outcome),
		cmocka_unit_test(raw_bytes_are_read_and_settled),
		cmocka_unit_test(every_field_of_an_answer_arrives_and_its_result_comes_back),
		cmocka_unit_test(plans_and_limits_are_understood),
		cmocka_unit_test(a_change_is_told_while_it_runs),
		cmocka_unit_test(what_is_wrong_and_samples_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
