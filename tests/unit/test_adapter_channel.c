/* test_adapter_channel.c - batches, requests, sends and the end of a channel, with an adapter that misbehaves */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/adapter_fixture.h"

#define ONE "  one: { adapter: naughty }\n"
#define ONE_OF(mode) "  one: { adapter: naughty, mode: " mode " }\n"

/* ---- batches ---- */

static void a_batch_is_acknowledged_once_when_it_is_stored(void **state)
{
	struct hub hub;
	const struct hg_command *command;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_HOLD);
	hub_send(&hub, "one", "emit fine");
	hub_settle(&hub);
	assert_int_equal(hub.seen->acks, 0);
	assert_int_equal(hub_status(&hub, "one").pending_in, 1);
	hub_release(&hub);
	HUB_WAIT(&hub, hub.seen->acks);
	hub_settle(&hub);
	assert_int_equal(hub.seen->acks, 1);
	assert_int_equal(hub.seen->ack_of[HG_STORED], 1);
	command = hub_command(&hub, HG_CMD_INBOUND, 0);
	assert_string_equal(command->channel, "one");
	assert_string_equal(command->space, "naughty");
	assert_int_equal(command->batch.n_in, 1);
	assert_string_equal(command->batch.in[0].text, "t");
	assert_true(hub_status(&hub, "one").last_in_ms > 0);
	hub_free(&hub);
}

static void a_batch_that_cannot_be_stored_is_told_so(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_BUSY);
	hub_send(&hub, "one", "emit fine");
	/* Never from within emit(): the adapter may not be ready for it. */
	HUB_WAIT(&hub, hub.seen->acks == 1);
	hub_set_sink(&hub, SINK_FAIL);
	hub_send(&hub, "one", "emit fine");
	HUB_WAIT(&hub, hub.seen->acks == 2);
	assert_int_equal(hub.seen->ack_of[HG_BUSY], 2);
	assert_int_equal(hub_status(&hub, "one").counts.busy, 2);
	assert_int_equal(hub_status(&hub, "one").last_in_ms, 0);
	hub_free(&hub);
}

static void malformed_batches_are_refused_and_never_read(void **state)
{
	static const char *const ways[] = { "size", "stride", "crooked", "missing", "item", "overflow", "files" };
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_autofree char *text = g_strdup_printf("emit %s", ways[i]);

		hub_send(&hub, "one", text);
		HUB_WAIT(&hub, hub.seen->acks == i + 1);
	}
	assert_int_equal(hub.seen->ack_of[HG_BUSY], G_N_ELEMENTS(ways));
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 0);
	assert_int_equal(hub_status(&hub, "one").counts.faults, G_N_ELEMENTS(ways));
	hub_free(&hub);
}

static void a_batch_too_large_is_kept_raw_and_does_not_come_for_ever(void **state)
{
	struct hub hub;
	const struct hg_command *command;

	(void)state;
	hub_new(&hub, ONE);
	hub_send(&hub, "one", "emit huge");
	HUB_WAIT(&hub, hub.seen->acks);
	assert_int_equal(hub.seen->ack_of[HG_STORED], 1);
	command = hub_command(&hub, HG_CMD_INBOUND, 0);
	assert_int_equal(command->batch.n_in, 1);
	assert_int_equal(command->batch.in[0].kind, HG_IGNORED);
	assert_memory_equal(command->batch.in[0].raw, "raw", 3);
	assert_non_null(strstr(command->batch.in[0].note, "2000"));
	assert_string_equal(command->batch.cursor, "c1");
	hub_free(&hub);
}

static void missing_strings_and_older_structs_are_read_as_empty(void **state)
{
	struct hub hub;
	const struct hg_command *nulls, *old;

	(void)state;
	hub_new(&hub, ONE);
	hub_send(&hub, "one", "emit nulls");
	hub_send(&hub, "one", "emit old");
	HUB_WAIT(&hub, hub.seen->ack_of[HG_STORED] == 2);
	nulls = hub_command(&hub, HG_CMD_INBOUND, 0);
	assert_null(nulls->batch.in[0].id);
	assert_string_equal(nulls->batch.in[0].text, "");
	old = hub_command(&hub, HG_CMD_INBOUND, 1);
	assert_int_equal(old->batch.n_in, 2);
	assert_string_equal(old->batch.in[0].id, "old");
	assert_string_equal(old->batch.in[1].id, "older");
	assert_string_equal(old->batch.in[1].text, "");
	assert_int_equal(old->batch.in[1].raw_len, 0);
	hub_free(&hub);
}

static void a_batch_nobody_waits_for_is_a_fault_and_stored(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_send(&hub, "one", "emit unheard");
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_INBOUND) == 1);
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	hub_free(&hub);
}

/* ---- requests ---- */

static void a_request_is_answered_when_its_batches_are_stored(void **state)
{
	struct hub hub;
	int status;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_HOLD);
	hub_request_later(&hub, "POST", "/channel/one/webhook?how=two", "x", &status);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_INBOUND) == 2);
	hub_settle(&hub);
	assert_int_equal(status, 0);
	hub_release(&hub);
	HUB_WAIT(&hub, status);
	assert_int_equal(status, 200);
	hub_free(&hub);
}

static void a_request_that_cannot_be_stored_gets_503_and_when_to_come_again(void **state)
{
	static const int sinks[] = { SINK_BUSY, SINK_FAIL };
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(sinks); i++) {
		hub_set_sink(&hub, sinks[i]);
		hub_request(&hub, "POST", "/channel/one/webhook", "x", NULL, &reply);
		assert_int_equal(reply.status, 503);
		assert_string_equal(reply.retry_after, "5");
		assert_string_not_equal(reply.body, "yes");
		reply_clear(&reply);
	}
	hub_free(&hub);
}

/* What each outcome is answered with where the adapter says so: providers differ in what makes them come again. */
static void each_outcome_of_a_batch_has_the_answer_that_its_adapter_gave_it(void **state)
{
	static const struct { int sink; const char *how; int status; const char *body, *after; guint refused; } cases[] = {
		{ SINK_STORE, "said", 202, "<stored/>", NULL, 0 },
		{ SINK_AGAIN, "said", 208, "again", NULL, 0 },
		{ SINK_BUSY, "said", 429, "", "17", 1 },
		{ SINK_FAIL, "said", 429, "", "17", 1 },
		{ SINK_STORE, "said_stored", 202, "<stored/>", NULL, 0 },
		{ SINK_AGAIN, "said_stored", 202, "<stored/>", NULL, 0 },
		{ SINK_BUSY, "said_stored", 503, "not stored; please send it again\n", "5", 1 },
		{ SINK_AGAIN, "emit", 200, "yes", NULL, 0 },
		{ SINK_STORE, "said_wrong", 500, "", NULL, 1 },
	};
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/channel/one/webhook?how=%s", cases[i].how);
		guint64 before = hub_status(&hub, "one").counts.refused;

		hub_set_sink(&hub, cases[i].sink);
		hub_request(&hub, "POST", path, "x", NULL, &reply);
		if (reply.status != cases[i].status || g_strcmp0(reply.body, cases[i].body) != 0 ||
		    g_strcmp0(reply.retry_after, cases[i].after) != 0 ||
		    hub_status(&hub, "one").counts.refused - before != cases[i].refused)
			fail_msg("%s, sink %d: %d \"%s\" %s", cases[i].how, cases[i].sink, reply.status, reply.body,
				 reply.retry_after);
		if (g_str_has_prefix(cases[i].how, "said") && reply.status < 500)
			assert_string_equal(reply.good, "1");
		reply_clear(&reply);
	}
	hub_free(&hub);
}

static void a_request_is_answered_as_known_only_when_all_of_it_was(void **state)
{
	struct hub hub;
	int status;

	(void)state;
	hub_new(&hub, ONE);
	/* Bits of known: which of the two batches. */
	for (guint known = 0; known < 4; known++) {
		hub_set_sink(&hub, SINK_HOLD);
		hub_request_later(&hub, "POST", "/channel/one/webhook?how=said_two", "x", &status);
		HUB_WAIT(&hub, hub_count(&hub, HG_CMD_INBOUND) == 2 * known + 2);
		for (guint i = 0; i < 2; i++)
			hub_command(&hub, HG_CMD_INBOUND, 2 * known + i)->again = known >> i & 1;
		hub_release(&hub);
		HUB_WAIT(&hub, status);
		assert_int_equal(status, known == 3 ? 208 : 202);
	}
	hub_free(&hub);
}

static void a_handler_sees_the_target_as_it_came(void **state)
{
	static const char *const targets[] = {
		"/channel/one/webhook?target=1", "/channel/one/webhook?target=%41b+c%3D&x", "/channel/one/webhook?target",
	};
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		hub_request(&hub, "GET", targets[i], NULL, NULL, &reply);
		assert_string_equal(reply.body, targets[i]);
		reply_clear(&reply);
	}
	hub_free(&hub);
}

static void requests_find_their_handler_or_are_refused(void **state)
{
	static const struct { const char *method, *path, *body; int status; const char *allow; } cases[] = {
		{ "POST", "/channel/one/webhook", "x", 200, NULL },
		{ "GET", "/channel/one/webhook?name=ana", NULL, 200, NULL },
		{ "PUT", "/channel/one/webhook", "x", 405, "POST, GET" },
		{ "POST", "/channel/one/other", "x", 404, NULL },
		{ "POST", "/channel/one/", "x", 404, NULL },
		{ "POST", "/channel/one", "x", 404, NULL },
		{ "POST", "/channel/two/webhook", "x", 404, NULL },
		{ "GET", "/other/one/webhook", NULL, 404, NULL },
	};
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		hub_request(&hub, cases[i].method, cases[i].path, cases[i].body, NULL, &reply);
		if (reply.status != cases[i].status || g_strcmp0(reply.allow, cases[i].allow) != 0)
			fail_msg("%s %s: %d %s", cases[i].method, cases[i].path, reply.status, reply.allow);
		reply_clear(&reply);
	}
	hub_request(&hub, "GET", "/channel/one/webhook?name=a%20b", NULL, NULL, &reply);
	assert_string_equal(reply.body, "a b");
	assert_string_equal(reply.type, "text/plain");
	reply_clear(&reply);
	hub_free(&hub);
}

static void a_body_larger_than_the_route_takes_is_refused_unread(void **state)
{
	g_autofree char *large = g_strnfill(1001, 'x'), *fits = g_strnfill(1000, 'x');
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	hub_request(&hub, "POST", "/channel/one/webhook", fits, NULL, &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body, "yes");
	reply_clear(&reply);
	hub_request(&hub, "POST", "/channel/one/webhook", large, NULL, &reply);
	assert_int_equal(reply.status, 413);
	assert_int_equal(hub_status(&hub, "one").counts.requests, 1);
	reply_clear(&reply);
	hub_free(&hub);
}

static void handlers_that_break_the_rules_answer_500_or_less(void **state)
{
	static const struct { const char *how; int status; guint faults; } cases[] = {
		{ "silent", 500, 1 },	/* neither status nor batch */
		{ "acked", 500, 1 },	/* its batch has an ack of its own: nobody would answer */
		{ "status", 500, 1 },
		{ "headers", 202, 2 },	/* what would split the head is left out */
		{ "both", 202, 0 },
	};
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/channel/one/webhook?how=%s", cases[i].how);
		guint64 before = hub_status(&hub, "one").counts.faults;

		hub_request(&hub, "POST", path, "x", NULL, &reply);
		if (reply.status != cases[i].status || reply.bad ||
		    hub_status(&hub, "one").counts.faults - before != cases[i].faults)
			fail_msg("%s: %d", cases[i].how, reply.status);
		assert_true(strcmp(cases[i].how, "headers") != 0 || g_strcmp0(reply.good, "1") == 0);
		reply_clear(&reply);
	}
	hub_free(&hub);
}

static void requests_that_wait_when_the_channel_ends_get_503(void **state)
{
	struct hub hub;
	int status;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_HOLD);
	hub_request_later(&hub, "POST", "/channel/one/webhook", "x", &status);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_INBOUND) == 1);
	hub_stop(&hub);
	HUB_WAIT(&hub, status);
	assert_int_equal(status, 503);
	hub_request(&hub, "POST", "/channel/one/webhook", "x", NULL, &reply);
	assert_int_equal(reply.status, 503);
	assert_string_equal(reply.retry_after, "5");
	reply_clear(&reply);
	/* The engine's answer comes when nobody is there any more. */
	hub_release(&hub);
	hub_free(&hub);
}

/* ---- sends ---- */

static void every_send_ends_in_one_command(void **state)
{
	static const struct { const char *text; int fate; guint late, faults; } cases[] = {
		{ "sent", HG_SENT, 0, 0 },
		{ "twice", HG_SENT, 1, 0 },
		{ "unknown", HG_RETRY, 1, 0 },
		{ "fate", HG_AMBIGUOUS, 0, 1 },
		{ "null", HG_AMBIGUOUS, 0, 1 },
		{ "step", HG_STEP, 0, 0 },
		{ "empty step", HG_AMBIGUOUS, 0, 1 },
	};
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_channel_counts before = hub_status(&hub, "one").counts, after;
		const hg_command *sent = hub_send(&hub, "one", cases[i].text);

		hub_settle(&hub);
		after = hub_status(&hub, "one").counts;
		if (sent->sent.fate != cases[i].fate || after.late - before.late != cases[i].late ||
		    after.faults - before.faults != cases[i].faults || hub_count(&hub, HG_CMD_SENT) != i + 1)
			fail_msg("%s: fate %d", cases[i].text, sent->sent.fate);
		assert_int_equal(sent->job_n, 100 + i);
		assert_string_equal(sent->channel, "one");
	}
	assert_string_equal(hub_command(&hub, HG_CMD_SENT, 0)->sent.id, "p1");
	assert_string_equal(hub_command(&hub, HG_CMD_SENT, 0)->sent.text, "words");
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 5)->sent.len, 4);
	assert_memory_equal(hub_command(&hub, HG_CMD_SENT, 5)->sent.body, "next", 4);
	hub_free(&hub);
}

static void a_send_that_is_never_answered_becomes_ambiguous(void **state)
{
	struct hub hub;
	const hg_command *sent;

	(void)state;
	hub_new(&hub, ONE);
	hub_dispatch(&hub, "one", 1, "never", FALSE);
	hub_settle(&hub);
	assert_int_equal(hub_status(&hub, "one").pending_out, 1);
	assert_int_equal(hub_count(&hub, HG_CMD_SENT), 0);
	hub_free(&hub);

	hub_new(&hub, ONE);
	hg_channels_stop(hub.channels, 0, NULL, NULL);
	HUB_WAIT(&hub, strcmp(hub_status(&hub, "one").state, "down") == 0);
	hub_settle(&hub);
	hg_channels_free(hub.channels);
	hub.env.answer_ms = 20;
	hub.channels = hg_channels_new(&hub.env, hub.conf);
	hg_channels_start(hub.channels);
	sent = hub_send(&hub, "one", "never");
	assert_int_equal(sent->sent.fate, HG_AMBIGUOUS);
	assert_non_null(strstr(sent->sent.text, "did not say in time"));
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	assert_int_equal(hub_status(&hub, "one").pending_out, 0);
	hg_server_free(g_steal_pointer(&hub.server));
	hub_free(&hub);
}

static void asks_go_to_ask_and_marks_are_not_answered(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_dispatch(&hub, "one", 5, "sent", TRUE);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_SENT) == 1);
	assert_int_equal(hub.seen->asks, 1);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 0)->sent.fate, HG_RETRY);
	hub_dispatch(&hub, "one", 0, "sent", FALSE);
	HUB_WAIT(&hub, hub.seen->sends == 1);
	hub_settle(&hub);
	assert_int_equal(hub_count(&hub, HG_CMD_SENT), 1);
	hub_free(&hub);
}

static void what_no_channel_can_take_comes_back_unsent(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, mode: open_fails }\n");
	hub_dispatch(&hub, "one", 1, "sent", FALSE);
	hub_dispatch(&hub, "gone", 2, "sent", FALSE);
	hub_dispatch(&hub, "gone", 3, "sent", TRUE);
	hub_dispatch(&hub, "gone", 0, "typing", FALSE);
	hub_fetch(&hub, "gone", 4, "http://x.example/", NULL);
	HUB_WAIT(&hub, hub_count(&hub, HG_CMD_FETCHED) == 1);
	assert_int_equal(hub_count(&hub, HG_CMD_SENT), 3);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 0)->sent.fate, HG_RETRY);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 0)->sent.reach, HG_REACH_CHANNEL);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 1)->sent.fate, HG_RETRY);
	/* An ask that was not asked says nothing about the message. */
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 2)->sent.fate, HG_AMBIGUOUS);
	assert_int_equal(hub_command(&hub, HG_CMD_FETCHED, 0)->fetched.fate, HG_RETRY);
	hub_free(&hub);
}

/* ---- the end ---- */

static void begin_everything(struct hub *hub)
{
	g_autofree char *http = g_strdup_printf("http http://127.0.0.1:%u/hang", hub_far_port(hub));
	g_autofree char *file = g_strdup_printf("http://127.0.0.1:%u/hang", hub_far_port(hub));
	g_autofree char *line = g_strdup_printf("session 127.0.0.1 %u", hub_far_port(hub));

	hub_set_sink(hub, SINK_HOLD);
	hub_send(hub, "one", "emit fine");
	hub_send(hub, "one", http);
	hub_send(hub, "one", "timer 3600000");
	hub_send(hub, "one", "jobs 20");
	hub_send(hub, "one", line);
	hub_dispatch(hub, "one", 50, "never", FALSE);
	hub_fetch(hub, "one", 60, "never", NULL);
	hub_fetch(hub, "one", 61, file, NULL);
	HUB_WAIT(hub, hub->seen->ups == 1 && hub->hanging->len == 2 &&
			      __atomic_load_n(&hub->seen->works, __ATOMIC_SEQ_CST) == 8);
}

static void all_that_is_under_way_ends_exactly_once_before_close(void **state)
{
	struct hub hub;
	guint sent;

	(void)state;
	hub_new(&hub, ONE);
	begin_everything(&hub);
	sent = hub_count(&hub, HG_CMD_SENT);
	hub_stop(&hub);
	assert_int_equal(hub.seen->stops, 1);
	assert_int_equal(hub.seen->closes, 1);
	assert_int_equal(hub.seen->acks, 1);
	assert_int_equal(hub.seen->ack_of[HG_CLOSING], 1);
	assert_int_equal(hub.seen->dones, 1);
	assert_int_equal(hub.seen->status, 0);
	assert_non_null(strstr(hub.seen->error, "the channel closes"));
	assert_int_equal(hub.seen->timers, 0);
	/* Eight ran, twelve waited: all are done with. */
	assert_int_equal(hub.seen->works, 8);
	assert_int_equal(hub.seen->job_dones, 20);
	assert_int_equal(hub.seen->downs, 1);
	assert_int_equal(hub_count(&hub, HG_CMD_SENT), sent + 1);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, sent)->sent.fate, HG_AMBIGUOUS);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, sent)->job_n, 50);
	assert_int_equal(hub_count(&hub, HG_CMD_FETCHED), 2);
	assert_int_equal(hub_command(&hub, HG_CMD_FETCHED, 0)->fetched.fate, HG_RETRY);
	assert_int_equal(hub_command(&hub, HG_CMD_FETCHED, 1)->fetched.fate, HG_RETRY);
	/* The engine's late answers find nobody. */
	hub_release(&hub);
	hub_settle(&hub);
	assert_int_equal(hub.seen->acks, 1);
	hub_free(&hub);
}

static void in_close_answers_are_heard_and_beginnings_are_not(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("close_sends"));
	hub_dispatch(&hub, "one", 50, "never", FALSE);
	hub_settle(&hub);
	hub_stop(&hub);
	assert_int_equal(hub_count(&hub, HG_CMD_SENT), 1);
	assert_int_equal(hub_command(&hub, HG_CMD_SENT, 0)->sent.fate, HG_RETRY);
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 0);
	assert_int_equal(hub.seen->acks + hub.seen->timers + hub.seen->works + hub.seen->dones, 0);
	/* emit, timer, job, http */
	assert_int_equal(hub_status(&hub, "one").counts.faults, 4);
	hub_free(&hub);
}

static void an_adapter_that_never_drains_is_cut_short(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("stop_never"));
	hub_stop(&hub);
	assert_int_equal(hub.seen->stops, 1);
	assert_int_equal(hub.seen->closes, 1);
	hub_free(&hub);
}

static void a_drain_waits_for_batches_and_sends(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_HOLD);
	hub_send(&hub, "one", "emit fine");
	/* HUB_WAIT gives up long before this patience ends. */
	hg_channels_stop(hub.channels, 3600000, NULL, NULL);
	hub_settle(&hub);
	assert_string_equal(hub_status(&hub, "one").state, "stopping");
	hub_release(&hub);
	HUB_WAIT(&hub, hub.seen->closes == 1);
	assert_int_equal(hub.seen->ack_of[HG_STORED], 1);
	hub_free(&hub);
}

static void an_adapter_that_begins_anew_in_every_end_is_ended_all_the_same(void **state)
{
	struct hub hub;
	g_autofree char *http = NULL;

	(void)state;
	hub_new(&hub, ONE_OF("hungry"));
	http = g_strdup_printf("http http://127.0.0.1:%u/hang", hub_far_port(&hub));
	hub_send(&hub, "one", http);
	HUB_WAIT(&hub, hub.hanging->len == 1);
	hub_stop(&hub);
	assert_int_equal(hub.seen->closes, 1);
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	hub_free(&hub);
}

static void nothing_begins_in_open(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("open_begins"));
	hub_settle(&hub);
	assert_int_equal(hub.seen->timers + hub.seen->works + hub.seen->acks, 0);
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 0);
	assert_int_equal(hub_status(&hub, "one").counts.faults, 3);
	hub_free(&hub);
}

static void a_wrong_thread_is_turned_away(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_send(&hub, "one", "thread");
	hub_settle(&hub);
	assert_int_equal(hub_count(&hub, HG_CMD_INBOUND), 0);
	assert_int_equal(hub.seen->acks + hub.seen->timers + hub.seen->works, 0);
	assert_int_equal(hub_counted(&hub, "one", "elsewhere"), 0);
	assert_int_equal(hub_status(&hub, "one").condition, HG_UP);
	hub_free(&hub);
}

static void timers_fire_once_and_are_bounded(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_send(&hub, "one", "timer 1");
	HUB_WAIT(&hub, hub.seen->timers);
	hub_settle(&hub);
	assert_int_equal(hub.seen->timers, 1);
	hub_send(&hub, "one", "timers 1030");
	assert_int_equal(hub_status(&hub, "one").counts.faults, 6);
	hub_free(&hub);
}

static void rang(void *arg)
{
	*(gboolean *)arg = TRUE;
}

static void a_timer_does_not_outlive_its_channel(void **state)
{
	struct hub hub;
	gboolean later = FALSE;

	(void)state;
	hub_new(&hub, ONE);
	hub_send(&hub, "one", "timer 50");
	hub_stop(&hub);
	hg_loop_timer(hub.loop, 100, rang, &later);
	HUB_WAIT(&hub, later);
	assert_int_equal(hub.seen->after_close, 0);
	hub_free(&hub);
}

static void jobs_come_back_on_the_loop(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	for (int i = 0; i < 20; i++)
		hub_send(&hub, "one", "quick");
	HUB_WAIT(&hub, hub.seen->job_dones == 20);
	assert_int_equal(hub.seen->works, 20);
	hub_free(&hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_acknowledged_once_when_it_is_stored),
		cmocka_unit_test(a_batch_that_cannot_be_stored_is_told_so),
		cmocka_unit_test(malformed_batches_are_refused_and_never_read),
		cmocka_unit_test(a_batch_too_large_is_kept_raw_and_does_not_come_for_ever),
		cmocka_unit_test(missing_strings_and_older_structs_are_read_as_empty),
		cmocka_unit_test(a_batch_nobody_waits_for_is_a_fault_and_stored),
		cmocka_unit_test(a_request_is_answered_when_its_batches_are_stored),
		cmocka_unit_test(a_request_that_cannot_be_stored_gets_503_and_when_to_come_again),
		cmocka_unit_test(each_outcome_of_a_batch_has_the_answer_that_its_adapter_gave_it),
		cmocka_unit_test(a_request_is_answered_as_known_only_when_all_of_it_was),
		cmocka_unit_test(a_handler_sees_the_target_as_it_came),
		cmocka_unit_test(requests_find_their_handler_or_are_refused),
		cmocka_unit_test(a_body_larger_than_the_route_takes_is_refused_unread),
		cmocka_unit_test(handlers_that_break_the_rules_answer_500_or_less),
		cmocka_unit_test(requests_that_wait_when_the_channel_ends_get_503),
		cmocka_unit_test(every_send_ends_in_one_command),
		cmocka_unit_test(a_send_that_is_never_answered_becomes_ambiguous),
		cmocka_unit_test(asks_go_to_ask_and_marks_are_not_answered),
		cmocka_unit_test(what_no_channel_can_take_comes_back_unsent),
		cmocka_unit_test(all_that_is_under_way_ends_exactly_once_before_close),
		cmocka_unit_test(in_close_answers_are_heard_and_beginnings_are_not),
		cmocka_unit_test(an_adapter_that_never_drains_is_cut_short),
		cmocka_unit_test(a_drain_waits_for_batches_and_sends),
		cmocka_unit_test(an_adapter_that_begins_anew_in_every_end_is_ended_all_the_same),
		cmocka_unit_test(nothing_begins_in_open),
		cmocka_unit_test(a_wrong_thread_is_turned_away),
		cmocka_unit_test(timers_fire_once_and_are_bounded),
		cmocka_unit_test(a_timer_does_not_outlive_its_channel),
		cmocka_unit_test(jobs_come_back_on_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
