/* test_adapter_services.c - calls, downloads, polls, conditions and counters of a channel */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <glib/gstdio.h>
#include <cmocka.h>

#include "support/adapter_fixture.h"
#include "store.h"

#define ONE "  one: { adapter: naughty }\n"
#define ONE_OF(mode) "  one: { adapter: naughty, mode: " mode " }\n"

/* ---- calls ---- */

static void tell(struct hub *hub, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void tell(struct hub *hub, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hub_send(hub, "one", text);
}

static void a_call_ends_once_with_its_answer(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	tell(&hub, "http http://127.0.0.1:%u/file", hub_far_port(&hub));
	HUB_WAIT(&hub, hub.seen->dones == 1);
	assert_int_equal(hub.seen->status, 200);
	assert_true(hub.seen->sent);
	assert_string_equal(hub.seen->error, "");
	tell(&hub, "http http://127.0.0.1:1/refused");
	HUB_WAIT(&hub, hub.seen->dones == 2);
	assert_int_equal(hub.seen->status, 0);
	assert_false(hub.seen->sent);
	assert_string_not_equal(hub.seen->error, "");
	tell(&hub, "http ftp://x.example/");
	HUB_WAIT(&hub, hub.seen->dones == 3);
	assert_int_equal(hub.seen->status, 0);
	hub_free(&hub);
}

static void a_url_from_outside_reaches_nothing_private_and_only_its_hosts(void **state)
{
	static const struct { const char *verb, *url, *words; } cases[] = {
		{ "stranger", "http://127.0.0.1:%u/file", "" },
		{ "stranger", "http://localhost:%u/file", "" },
		{ "stranger", "http://[::1]:%u/file", "" },
		{ "stranger", "nonsense%.0u", "no URL" },
		{ "listed", "http://127.0.0.1:%u/file", "host 127.0.0.1 is not one" },
		{ "listed", "http://good.example:%u/", "host good.example is not one" },
		{ "listed", "http://xgood.example:%u/", "host xgood.example is not one" },
		{ "listed", "http://a.good.example.evil.example:%u/", "is not one" },
		{ "listed", "http://a.good.example@127.0.0.1:%u/", "host 127.0.0.1 is not one" },
	};
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) cut = g_strsplit(cases[i].url, "%.0u", 2);
		g_auto(GStrv) parts = g_strsplit(cut[0], "%u", 2);
		g_autofree char *port = g_strdup_printf("%u", hub_far_port(&hub)), *url = g_strjoinv(port, parts);

		tell(&hub, "%s %s", cases[i].verb, url);
		HUB_WAIT(&hub, hub.seen->dones == i + 1);
		if (hub.seen->status || hub.seen->sent || !*hub.seen->error || !strstr(hub.seen->error, cases[i].words))
			fail_msg("%s: %d \"%s\"", cases[i].url, hub.seen->status, hub.seen->error);
	}
	hub_free(&hub);
}

/* ---- downloads ---- */

static char *hash_of(const char *bytes)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, bytes, -1);
}

static void a_download_is_stored_and_its_hash_told(void **state)
{
	g_autofree char *hash = hash_of(FAR_FILE), *upper = g_ascii_strup(hash, -1), *path = NULL, *bytes = NULL;
	struct hub hub;
	const hg_command *got;

	(void)state;
	hub_new(&hub, ONE);
	got = hub_fetched(&hub, "http://127.0.0.1:PORT/file", NULL);
	assert_int_equal(got->fetched.fate, HG_SENT);
	assert_string_equal(got->fetched.sha256, hash);
	assert_int_equal(got->fetched.bytes, strlen(FAR_FILE));
	assert_string_equal(got->fetched.type, "text/plain; charset=utf-8");
	assert_int_equal(got->job_n, 500);
	path = hg_attachment_path(hub.dir, hash);
	assert_true(g_file_get_contents(path, &bytes, NULL, NULL));
	assert_string_equal(bytes, FAR_FILE);
	got = hub_fetched(&hub, "http://127.0.0.1:PORT/file", upper);
	assert_int_equal(got->fetched.fate, HG_SENT);
	/* Larger than what a call's answer may have. */
	got = hub_fetched(&hub, "http://127.0.0.1:PORT/huge", NULL);
	assert_int_equal(got->fetched.fate, HG_SENT);
	assert_int_equal(got->fetched.bytes, HUB_HUGE);
	assert_int_equal(hub_status(&hub, "one").counts.files, 3);
	hub_free(&hub);
}

static void a_download_that_fails_says_whether_it_may_come_again(void **state)
{
	static const char wrong[] = "00000000000000000000000000000000000000000000000000000000000000aa";
	static const struct { const char *ref, *sha256; int fate; gint64 retry_ms; const char *words; } cases[] = {
		{ "http://127.0.0.1:PORT/missing", NULL, HG_RETRY, 0, "404" },
		{ "http://127.0.0.1:PORT/busy", NULL, HG_RETRY, 7000, "503" },
		{ "http://127.0.0.1:PORT/gone", NULL, HG_FAILED, 0, "410" },
		{ "http://127.0.0.1:PORT/away", NULL, HG_FAILED, 0, "" },
		{ "http://127.0.0.1:PORT/big", NULL, HG_FAILED, 0, "media_max" },
		{ "http://127.0.0.1:PORT/file", wrong, HG_RETRY, 0, "not the one the provider promised" },
		{ "http://127.0.0.1:1/file", NULL, HG_RETRY, 0, "" },
		{ "stranger http://127.0.0.1:PORT/file", NULL, HG_FAILED, 0, "" },
		{ "listed http://127.0.0.1:PORT/file", NULL, HG_FAILED, 0, "host 127.0.0.1 is not one" },
		{ "gone", NULL, HG_FAILED, 0, "asked, and no" },
		{ "busy", NULL, HG_RETRY, 0, "asked, and no" },
	};
	struct hub hub;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, media_max: 100KiB }\n");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const hg_command *got = hub_fetched(&hub, cases[i].ref, cases[i].sha256);

		if (got->fetched.fate != cases[i].fate || got->fetched.retry_ms != cases[i].retry_ms ||
		    !strstr(got->fetched.text, cases[i].words))
			fail_msg("%s: fate %d, \"%s\"", cases[i].ref, got->fetched.fate, got->fetched.text);
		assert_null(got->fetched.sha256);
	}
	assert_int_equal(hub_count(&hub, HG_CMD_FETCHED), G_N_ELEMENTS(cases));
	hub_free(&hub);
}

/* Nothing is left of what was not kept. */
static void a_refused_download_leaves_no_file(void **state)
{
	g_autofree char *tmp = NULL;
	g_autoptr(GDir) dir = NULL;
	struct hub hub;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, media_max: 100KiB, media_types: [image/*, text/html] }\n");
	assert_int_equal(hub_fetched(&hub, "http://127.0.0.1:PORT/big", NULL)->fetched.fate, HG_FAILED);
	assert_non_null(strstr(hub_fetched(&hub, "http://127.0.0.1:PORT/file", NULL)->fetched.text, "media_types"));
	tmp = g_build_filename(hub.dir, "tmp", NULL);
	dir = g_dir_open(tmp, 0, NULL);
	assert_non_null(dir);
	assert_null(g_dir_read_name(dir));
	hub_free(&hub);
}

/* ---- polls ---- */

static void polls_follow_each_other_while_there_is_more(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("polls"));
	HUB_WAIT(&hub, hub.seen->polls == 3);
	hub_settle(&hub);
	assert_int_equal(hub.seen->polls, 3);
	hub_free(&hub);
}

static void polls_come_again_after_the_channel_s_time(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, mode: polls, poll: 1s }\n");
	HUB_WAIT(&hub, hub.seen->polls == 5);
	hub_free(&hub);
}

/* A long time is what an adapter may think right that only looks for what did not come. */
static void an_adapter_says_how_often_unless_the_config_does(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, mode: polls_once, number: 1000000 }\n"
		      "  two: { adapter: naughty, mode: polls_once, number: 1000000, poll: 1s }\n");
	HUB_WAIT(&hub, hub_status(&hub, "two").counts.polls == 2);
	assert_int_equal(hub_status(&hub, "one").counts.polls, 1);
	hub_reload(&hub, "  one: { adapter: naughty, mode: polls_once, number: 1 }\n");
	/* Its options changed in place; the next time is that of the poll before. */
	assert_true(hg_channels_ask(hub.channels, "one", 0, NULL));
	HUB_WAIT(&hub, hub_status(&hub, "one").counts.polls == 3);
	hub_free(&hub);
}

static void who_asks_has_the_channel_look_at_once_and_since_then(void **state)
{
	g_autoptr(GError) missing = NULL, down = NULL;
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE "  down: { adapter: naughty, mode: open_fails }\n");
	HUB_WAIT(&hub, hub.seen->polls == 1);
	assert_int_equal(hub.seen->since_ms, 0);
	/* While one is under way, even where it has more pages: when that look is over. */
	assert_true(hg_channels_ask(hub.channels, "one", 7000, NULL));
	assert_true(hg_channels_ask(hub.channels, "one", 5000, NULL));
	assert_true(hg_channels_ask(hub.channels, "one", 0, NULL));
	hub_settle(&hub);
	assert_int_equal(hub.seen->polls, 1);
	tell(&hub, "polled");
	HUB_WAIT(&hub, hub.seen->polls == 2);
	assert_int_equal(hub.seen->since_ms, 0);
	tell(&hub, "polled last");
	HUB_WAIT(&hub, hub.seen->polls == 3);
	assert_int_equal(hub.seen->since_ms, 5000);
	/* Its pages are of the same look; what comes after it is as always. */
	tell(&hub, "polled");
	HUB_WAIT(&hub, hub.seen->polls == 4);
	assert_int_equal(hub.seen->since_ms, 5000);
	tell(&hub, "polled last");
	assert_true(hg_channels_ask(hub.channels, "one", 0, NULL));
	HUB_WAIT(&hub, hub.seen->polls == 5);
	assert_int_equal(hub.seen->since_ms, 0);
	assert_false(hg_channels_ask(hub.channels, "none", 0, &missing));
	assert_int_equal(missing->code, HG_ERROR_MISSING);
	assert_false(hg_channels_ask(hub.channels, "down", 0, &down));
	assert_int_equal(down->code, HG_ERROR_STATE);
	assert_non_null(strstr(down->message, "not running"));
	hub_free(&hub);
}

static void one_poll_runs_at_a_time(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	HUB_WAIT(&hub, hub.seen->polls == 1);
	hub_settle(&hub);
	assert_int_equal(hub.seen->polls, 1);
	tell(&hub, "polled");
	HUB_WAIT(&hub, hub.seen->polls == 2);
	tell(&hub, "polled twice");
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	hub_free(&hub);
}

static void the_cursor_is_the_last_one_stored(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub.stored_cursor = g_strdup("c0");
	HUB_WAIT(&hub, hub.seen->polls == 1);
	assert_string_equal(hub.seen->cursor, "");
	hub_set_sink(&hub, SINK_BUSY);
	tell(&hub, "emit fine");
	HUB_WAIT(&hub, hub.seen->acks == 1);
	tell(&hub, "polled");
	HUB_WAIT(&hub, hub.seen->polls == 2);
	assert_string_equal(hub.seen->cursor, "");
	hub_set_sink(&hub, SINK_STORE);
	tell(&hub, "emit fine");
	HUB_WAIT(&hub, hub.seen->acks == 2);
	tell(&hub, "polled");
	HUB_WAIT(&hub, hub.seen->polls == 3);
	assert_string_equal(hub.seen->cursor, "c1");
	/* Opened again, it begins where the store is. */
	hub_reload(&hub, ONE_OF("other"));
	HUB_WAIT(&hub, hub.seen->polls == 4);
	assert_string_equal(hub.seen->cursor, "c0");
	hub_free(&hub);
}

/* ---- conditions and counters ---- */

static void a_change_of_condition_is_told_once(void **state)
{
	static const struct { const char *say; int condition; guint commands; } cases[] = {
		{ "condition 3", HG_DOWN, 2 }, { "condition 3", HG_DOWN, 2 }, { "condition 2", HG_DEGRADED, 3 },
		{ "condition 1", HG_UP, 4 },   { "condition 1", HG_UP, 4 },   { "condition 9", HG_UP, 4 },
	};
	struct hub hub;
	const hg_command *command;

	(void)state;
	hub_new(&hub, ONE);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_CONDITION) == 1);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		tell(&hub, "%s", cases[i].say);
		assert_int_equal(hub_status(&hub, "one").condition, cases[i].condition);
		assert_int_equal(hub_count(&hub, HG_CMD_CONDITION), cases[i].commands);
	}
	command = hub_command(&hub, HG_CMD_CONDITION, 1);
	assert_int_equal(command->condition, HG_DOWN);
	assert_string_equal(command->channel, "one");
	assert_string_equal(command->text, "no token");
	assert_null(hub_command(&hub, HG_CMD_CONDITION, 3)->text);
	hub_free(&hub);
}

static void a_channel_that_starts_down_is_never_said_to_be_up(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("starts_down"));
	hub_settle(&hub);
	assert_int_equal(hub_count(&hub, HG_CMD_CONDITION), 1);
	assert_int_equal(hub_command(&hub, HG_CMD_CONDITION, 0)->condition, HG_DOWN);
	assert_string_equal(hub_status(&hub, "one").error, "not bound yet");
	hub_free(&hub);
}

static void a_channel_that_cannot_open_is_down_and_tried_again(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("open_fails") "  two: { adapter: naughty }\n");
	assert_string_equal(hub_status(&hub, "one").state, "down");
	assert_string_equal(hub_status(&hub, "one").error, "it does not want to");
	assert_string_equal(hub_status(&hub, "two").state, "running");
	/* Two attempts and the other channel's opening: its failure is told once. */
	HUB_WAIT(&hub, hub.seen->opens == 3);
	hub_settle(&hub);
	assert_int_equal(hub_count(&hub, HG_CMD_CONDITION), 2);
	hub_reload(&hub, ONE "  two: { adapter: naughty }\n");
	assert_string_equal(hub_status(&hub, "one").state, "running");
	assert_int_equal(hub_status(&hub, "one").condition, HG_UP);
	hub_free(&hub);
}

static void counters_are_words_and_few(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	tell(&hub, "count signature_refused");
	tell(&hub, "count signature_refused");
	assert_int_equal(hub_counted(&hub, "one", "signature_refused"), 2);
	tell(&hub, "count Not a word");
	tell(&hub, "count %s", "x{label=\"evil\"}");
	assert_int_equal(hub_status(&hub, "one").counts.faults, 2);
	tell(&hub, "counts 100");
	assert_int_equal(hub_counted(&hub, "one", "w62"), 1);
	assert_int_equal(hub_counted(&hub, "one", "w63"), 0);
	/* All of them, and "other". */
	assert_int_equal(hub_counted(&hub, "one", "other"), 37);
	assert_int_equal(hub_counted(&hub, "one", NULL), 65);
	hub_free(&hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_ends_once_with_its_answer),
		cmocka_unit_test(a_url_from_outside_reaches_nothing_private_and_only_its_hosts),
		cmocka_unit_test(a_download_is_stored_and_its_hash_told),
		cmocka_unit_test(a_download_that_fails_says_whether_it_may_come_again),
		cmocka_unit_test(a_refused_download_leaves_no_file),
		cmocka_unit_test(polls_follow_each_other_while_there_is_more),
		cmocka_unit_test(polls_come_again_after_the_channel_s_time),
		cmocka_unit_test(an_adapter_says_how_often_unless_the_config_does),
		cmocka_unit_test(who_asks_has_the_channel_look_at_once_and_since_then),
		cmocka_unit_test(one_poll_runs_at_a_time),
		cmocka_unit_test(the_cursor_is_the_last_one_stored),
		cmocka_unit_test(a_change_of_condition_is_told_once),
		cmocka_unit_test(a_channel_that_starts_down_is_never_said_to_be_up),
		cmocka_unit_test(a_channel_that_cannot_open_is_down_and_tried_again),
		cmocka_unit_test(counters_are_words_and_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
