/* test_backend.c - signatures as the standard gives them, and what an answer means for the outbox */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "env.h"
#include "forward.h"
#include "http_server.h"
#include "sign.h"

/* The example of the standard's own libraries. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER  "whsec_c2Vjb25kLXNlY3JldC1vZi10aGUtdGVzdHM="
#define A64    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ID     "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define BODY   "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void a_signature_is_the_one_the_standard_gives(void **state)
{
	char *secrets[] = { (char *)SECRET, NULL };
	g_autofree char *header = hg_sign(secrets, ID, 1614265330, BODY, strlen(BODY));

	(void)state;
	assert_string_equal(header, SIGNATURE);
}

static void two_secrets_sign_twice_and_either_verifies(void **state)
{
	char *both[] = { (char *)SECRET, (char *)OTHER, NULL };
	char *old[] = { (char *)SECRET, NULL }, *new[] = { (char *)OTHER, NULL };
	g_autofree char *header = hg_sign(both, ID, 1614265330, BODY, strlen(BODY));

	(void)state;
	assert_non_null(strchr(header, ' '));
	assert_true(hg_sign_verify(old, ID, 1614265330, BODY, strlen(BODY), header));
	assert_true(hg_sign_verify(new, ID, 1614265330, BODY, strlen(BODY), header));
}

static void keys_that_are_kept_ready_sign_the_same_each_time(void **state)
{
	char *both[] = { (char *)SECRET, (char *)"whsec_none", (char *)OTHER, NULL };
	hg_signer *signer = hg_signer_new(both);

	(void)state;
	for (int i = 0; i < 3; i++) {
		g_autofree char *body = g_strdup_printf("{\"n\":%d}", i);
		g_auto(GStrv) kept = hg_signer_headers(signer, ID, 1614265330 + i, body, strlen(body));
		g_auto(GStrv) fresh = hg_sign_headers(both, ID, 1614265330 + i, body, strlen(body));

		assert_true(g_strv_equal((const char *const *)kept, (const char *const *)fresh));
		assert_int_equal(g_strv_length(kept), 5);
	}
	hg_signer_free(signer);
}

static void a_changed_id_time_body_or_signature_is_refused(void **state)
{
	static const struct { const char *what, *id; gint64 time; const char *body, *header; } cases[] = {
		{ "id", "msg_p5jXN8AQM9LWM0D4loKWxJeK", 1614265330, BODY, SIGNATURE },
		{ "time", ID, 1614265331, BODY, SIGNATURE },
		{ "body", ID, 1614265330, "{\"test\": 2432232315}", SIGNATURE },
		{ "signature", ID, 1614265330, BODY, "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
		{ "version", ID, 1614265330, BODY, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
		{ "nothing", ID, 1614265330, BODY, "" },
		{ "no header", ID, 1614265330, BODY, NULL },
	};
	char *secrets[] = { (char *)SECRET, NULL };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_sign_verify(secrets, cases[i].id, cases[i].time, cases[i].body, strlen(cases[i].body), cases[i].header))
			fail_msg("another %s was taken", cases[i].what);
}

static void a_secret_is_prefix_and_24_to_64_bytes(void **state)
{
	static const struct { const char *secret; gboolean good; } cases[] = {
		{ SECRET, TRUE }, { OTHER, TRUE },
		/* 24 and 64 bytes, and one less and one more */
		{ "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", TRUE }, { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", FALSE },
		{ "whsec_" A64 "AAAAAAAAAAAAAAAAAAAAAA==", TRUE }, { "whsec_" A64 "AAAAAAAAAAAAAAAAAAAAAAA=", FALSE },
		{ "MfKQ9r8GMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", FALSE },	/* long enough, and no prefix */
		{ "whsec_", FALSE }, { "whsec_c2hvcnQ=", FALSE },
		{ "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", FALSE }, { NULL, FALSE },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize len = 0;
		guint8 *key = hg_sign_key(cases[i].secret, &len);

		if (!!key != cases[i].good)
			fail_msg("secret %zu: %s", i, key ? "taken" : "refused");
		hg_sign_key_free(key, len);
	}
}

/* A list of signatures is looked through, but not for ever. */
static void at_most_16_signatures_are_looked_at(void **state)
{
	char *secrets[] = { (char *)SECRET, NULL };

	(void)state;
	for (guint before = 14; before <= 16; before++) {
		g_autoptr(GString) header = g_string_new(NULL);

		for (guint i = 0; i < before; i++)
			g_string_append(header, "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= ");
		g_string_append(header, SIGNATURE);
		assert_int_equal(hg_sign_verify(secrets, ID, 1614265330, BODY, strlen(BODY), header->str), before < 16);
	}
}

/* A backend without a secret still gets id and time; and nothing verifies where there is no secret. */
static void without_a_secret_nothing_is_signed(void **state)
{
	static char *none[] = { NULL }, *one[] = { (char *)SECRET, NULL };
	static const struct { char *const *secrets; guint lines; } cases[] = { { NULL, 4 }, { none, 4 }, { one, 5 } };
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) lines = hg_sign_headers(cases[i].secrets, ID, 1614265330, BODY, strlen(BODY));
		hg_signer *signer = hg_signer_new(cases[i].secrets);
		g_auto(GStrv) kept = hg_signer_headers(signer, ID, 1614265330, BODY, strlen(BODY));

		hg_signer_free(signer);
		assert_true(g_strv_equal((const char *const *)lines, (const char *const *)kept));
		assert_int_equal(g_strv_length(lines), cases[i].lines);
		assert_string_equal(lines[0], "Content-Type: application/json");
		assert_string_equal(lines[1], "webhook-id: " ID);
		assert_string_equal(lines[2], "webhook-timestamp: 1614265330");
		assert_string_equal(lines[cases[i].lines - 1], "Idempotency-Key: \"" ID "\"");
		if (cases[i].lines == 5)
			assert_string_equal(lines[3], "webhook-signature: " SIGNATURE);
	}
	hg_signer_free(NULL);
	assert_null(hg_sign(NULL, ID, 1614265330, BODY, strlen(BODY)));
	assert_false(hg_sign_verify(NULL, ID, 1614265330, BODY, strlen(BODY), SIGNATURE));
}

static void a_2xx_body_may_name_the_ticket(void **state)
{
	static const struct { const char *body, *id, *number, *url; } cases[] = {
		{ "{\"ticket\":{\"id\":\"17\",\"number\":\"HD-17\",\"url\":\"https://d.example/17\"}}", "17", "HD-17", "https://d.example/17" },
		{ "{\"ticket\":{\"id\":17}}", "17", NULL, NULL },
		{ "{\"ticket\":{\"id\":\"17\",\"url\":\"javascript:alert(1)\"}}", "17", NULL, NULL },
		{ "{\"ticket\":{\"id\":{\"a\":1},\"number\":\"HD\\n1\"}}", NULL, NULL, NULL },
		{ "{\"ticket\":null}", NULL, NULL, NULL }, { "{\"ok\":true}", NULL, NULL, NULL },
		{ "thanks", NULL, NULL, NULL }, { "", NULL, NULL, NULL },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_forward_result result = { 0 };

		hg_forward_read_ticket(cases[i].body, strlen(cases[i].body), arena, &result);
		if (g_strcmp0(result.external_id, cases[i].id) || g_strcmp0(result.number, cases[i].number) ||
		    g_strcmp0(result.url, cases[i].url))
			fail_msg("%s: %s %s %s", cases[i].body, result.external_id, result.number, result.url);
	}
}

/* ---- a forwarder between a real server and a recording sink ---- */

struct bench {
	hg_loop *loop;
	hg_server *server;
	hg_client *client;
	hg_forwarder *forwarder;
	hg_conf conf;
	struct hg_backend_conf backend;
	int status;			/* what the server answers */
	const char *headers[2], *body;
	guint requests;
	char *seen_id, *seen_body;
	gboolean seen_valid;
	gboolean holds;			/* it answers when the test says so */
	GQueue held;			/* of hg_request */
	hg_command *result;		/* the last FORWARDED */
	GString *fates;			/* of all of them: job and what became of it, in order */
	guint more;			/* results to wait for, after the next */
	GPtrArray *conditions;
	GArray *slots;
};

static void serve_route(void *arg, const hg_request *req, struct hg_server_route *route)
{
	(void)arg;
	(void)req;
	(void)route;
}

static void serve_handle(void *arg, hg_request *req)
{
	struct bench *bench = arg;
	const char *stamp = hg_request_header(req, "webhook-timestamp");
	gsize len;
	const char *body = hg_request_body(req, &len);

	bench->requests++;
	g_free(bench->seen_id);
	g_free(bench->seen_body);
	bench->seen_id = g_strdup(hg_request_header(req, "webhook-id"));
	bench->seen_body = g_strndup(body, len);
	bench->seen_valid = hg_sign_verify(bench->backend.secrets, bench->seen_id,
		g_ascii_strtoll(stamp ? stamp : "0", NULL, 10), body, len, hg_request_header(req, "webhook-signature"));
	if (bench->holds) {
		g_queue_push_tail(&bench->held, req);
		hg_loop_stop(bench->loop);
		return;
	}
	hg_request_answer(req, &(struct hg_answer){ .status = bench->status, .headers = bench->headers,
		.body = bench->body, .len = bench->body ? strlen(bench->body) : 0 });
}

static void take_result(void *arg, hg_command *command)
{
	struct bench *bench = arg;

	if (command->kind == HG_CMD_CONDITION) {
		g_ptr_array_add(bench->conditions, GINT_TO_POINTER(command->condition));
		hg_command_free(command);
		return;
	}
	g_string_append_printf(bench->fates, "%d%s ", (int)command->job_n, command->forwarded.fate == HG_SENT ? "" :
			       g_str_has_prefix(command->forwarded.text, "not tried") ? "back" : "failed");
	hg_command_free(bench->result);
	bench->result = command;
	if (!bench->more)
		hg_loop_stop(bench->loop);
	else
		bench->more--;
}

static void take_slots(void *arg, const char *backend, guint slots)
{
	struct bench *bench = arg;

	assert_string_equal(backend, "desk");
	g_array_append_val(bench->slots, slots);
}

static int bench_up(void **state)
{
	static char *secrets[] = { (char *)SECRET, NULL };
	struct bench *bench = g_new0(struct bench, 1);
	struct hg_server_conf conf;
	struct hg_forwarder_sink sink = { take_result, take_slots, bench, NULL };

	bench->loop = hg_loop_new(hg_env_system(), "test", NULL);
	hg_server_conf_init(&conf);
	conf.route = serve_route;
	conf.handle = serve_handle;
	conf.arg = bench;
	bench->server = hg_server_new(bench->loop, &conf, NULL);
	assert_true(hg_server_listen(bench->server, "127.0.0.1:0", FALSE, NULL));
	bench->client = hg_client_new(bench->loop, NULL, NULL);
	bench->backend = (struct hg_backend_conf){ .name = (char *)"desk", .secrets = secrets, .timeout_ms = 5000,
		.concurrency = 16, .allow_private = TRUE,
		.url = g_strdup_printf("http://127.0.0.1:%u/in", hg_server_port(bench->server, 0)) };
	bench->conf.refs = 2;
	bench->conf.backends = g_ptr_array_new();
	g_ptr_array_add(bench->conf.backends, &bench->backend);
	bench->fates = g_string_new(NULL);
	bench->conditions = g_ptr_array_new();
	bench->slots = g_array_new(FALSE, FALSE, sizeof(guint));
	bench->forwarder = hg_forwarder_new(&bench->conf, bench->loop, bench->client, &sink);
	bench->status = 200;
	*state = bench;
	return 0;
}

static int bench_down(void **state)
{
	struct bench *bench = *state;

	hg_client_free(bench->client);
	hg_forwarder_free(bench->forwarder);
	hg_server_free(bench->server);
	hg_loop_free(bench->loop);
	hg_command_free(bench->result);
	g_ptr_array_unref(bench->conf.backends);
	g_ptr_array_unref(bench->conditions);
	g_array_unref(bench->slots);
	g_string_free(bench->fates, TRUE);
	g_free(bench->backend.url);
	g_free(bench->seen_id);
	g_free(bench->seen_body);
	g_free(bench);
	return 0;
}

static void hand_over(struct bench *bench, gint64 n, int attempts, int objections)
{
	hg_arena *arena = hg_arena_new();
	hg_dispatch *dispatch = hg_arena_alloc(arena, sizeof *dispatch);

	dispatch->arena = arena;
	dispatch->job = (hg_job){ .n = n, .target = HG_TO_BACKEND, .name = "desk", .attempts = attempts,
				   .steps = objections };
	dispatch->event = (hg_event){ .type = "ticket.message", .at_ms = 1763632931004, .seq = 3, .data = "{\"a\":1}" };
	g_strlcpy(dispatch->event.id, "evt_01j9z1c3k4f5g6h7j8k9m0n1p2", HG_ID_SIZE);
	hg_forwarder_send(bench->forwarder, dispatch);
}

static const struct hg_forward_result *attempt_after(struct bench *bench, int attempts, int objections)
{
	hand_over(bench, 7, attempts, objections);
	hg_loop_run(bench->loop);
	assert_int_equal(bench->result->job_n, 7);
	return &bench->result->forwarded;
}

static const struct hg_forward_result *attempt(struct bench *bench, int attempts)
{
	return attempt_after(bench, attempts, attempts - 1);
}

static void an_event_arrives_signed_with_its_own_id(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(attempt(bench, 1)->fate, HG_SENT);
	assert_string_equal(bench->seen_id, "evt_01j9z1c3k4f5g6h7j8k9m0n1p2");
	assert_true(bench->seen_valid);
	assert_string_equal(bench->seen_body,
		"{\"type\":\"ticket.message\",\"timestamp\":\"2025-11-20T10:02:11.004Z\",\"data\":{\"a\":1}}");
}

static void an_answer_decides_what_the_outbox_does(void **state)
{
	static const struct { int status, attempts, fate; gboolean gone; const char *header; gint64 retry_ms; } cases[] = {
		{ 200, 1, HG_SENT, FALSE, NULL, 0 }, { 204, 1, HG_SENT, FALSE, NULL, 0 },
		{ 302, 1, HG_RETRY, FALSE, "Location: http://127.0.0.1:1/", 0 },
		{ 400, 1, HG_RETRY, FALSE, NULL, 0 }, { 400, 6, HG_FAILED, FALSE, NULL, 0 },
		{ 422, 9, HG_FAILED, FALSE, NULL, 0 }, { 401, 9, HG_RETRY, FALSE, NULL, 0 },
		{ 404, 9, HG_RETRY, FALSE, NULL, 0 }, { 410, 1, HG_RETRY, TRUE, NULL, 0 },
		{ 429, 1, HG_RETRY, FALSE, "Retry-After: 7", 7000 }, { 503, 1, HG_RETRY, FALSE, "Retry-After: 90", 90000 },
		{ 500, 99, HG_RETRY, FALSE, NULL, 0 },
	};
	struct bench *bench = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct hg_forward_result *got;

		bench->status = cases[i].status;
		bench->headers[0] = cases[i].header;
		got = attempt(bench, cases[i].attempts);
		if (got->fate != cases[i].fate || got->gone != cases[i].gone || got->retry_ms != cases[i].retry_ms)
			fail_msg("%d at attempt %d: fate %d, gone %d, retry %" G_GINT64_FORMAT, cases[i].status,
				 cases[i].attempts, got->fate, got->gone, got->retry_ms);
		bench->status = 200;		/* one success between: the circuit is another test */
		bench->headers[0] = NULL;
		attempt(bench, 1);
	}
	assert_int_equal(bench->requests, 2 * G_N_ELEMENTS(cases));	/* no redirect was followed, nothing sent twice */
}

static void five_failures_in_a_row_open_the_circuit_and_a_success_closes_it(void **state)
{
	struct bench *bench = *state;

	bench->status = 500;
	for (int i = 0; i < 4; i++)
		attempt(bench, 1);
	assert_int_equal(bench->slots->len, 1);
	attempt(bench, 1);
	assert_int_equal(g_array_index(bench->slots, guint, 1), 0);
	assert_int_equal(GPOINTER_TO_INT(bench->conditions->pdata[0]), HG_DOWN);
	bench->status = 200;
	attempt(bench, 2);
	assert_int_equal(GPOINTER_TO_INT(bench->conditions->pdata[1]), HG_UP);
}

/* A helpdesk that comes back after an outage may say 400 at first. */
static void attempts_that_met_nobody_are_no_objections(void **state)
{
	struct bench *bench = *state;

	bench->status = 400;
	assert_int_equal(attempt_after(bench, 50, 4)->fate, HG_RETRY);
	assert_true(bench->result->forwarded.objects);
	assert_int_equal(attempt_after(bench, 51, 5)->fate, HG_FAILED);
}

/* One bad event must not hold up all the others. */
static void an_event_that_is_objected_to_opens_no_circuit(void **state)
{
	struct bench *bench = *state;

	bench->status = 422;
	for (int i = 0; i < 8; i++)
		attempt(bench, 1);
	assert_int_equal(bench->slots->len, 1);
	assert_int_equal(bench->conditions->len, 0);
}

static void the_configured_concurrency_holds_from_the_start_and_after_a_reload(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(g_array_index(bench->slots, guint, 0), 16 + HG_FORWARD_AHEAD);
	bench->backend.concurrency = 3;
	hg_forwarder_reload(bench->forwarder, &bench->conf);
	assert_int_equal(g_array_index(bench->slots, guint, 1), 3 + HG_FORWARD_AHEAD);
}

/* Down it stays until it works: a reload alone proves nothing, and neither does what left before. */
static void gone_is_down_until_an_attempt_after_a_reload_works(void **state)
{
	struct hg_forwarder_state now;
	struct bench *bench = *state;

	bench->status = 410;
	attempt(bench, 1);
	assert_true(hg_forwarder_state(bench->forwarder, 0, &now) && now.broken);
	bench->status = 200;
	attempt(bench, 1);
	assert_true(hg_forwarder_state(bench->forwarder, 0, &now) && now.broken);
	assert_int_equal(bench->conditions->len, 0);
	hg_forwarder_reload(bench->forwarder, &bench->conf);
	assert_true(hg_forwarder_state(bench->forwarder, 0, &now) && now.broken);
	attempt(bench, 1);
	assert_true(hg_forwarder_state(bench->forwarder, 0, &now) && !now.broken);
	assert_int_equal(GPOINTER_TO_INT(bench->conditions->pdata[0]), HG_UP);
}

static void a_reload_gives_a_broken_backend_its_slots_at_once(void **state)
{
	struct bench *bench = *state;

	bench->status = 500;
	for (int i = 0; i < 5; i++)
		attempt(bench, 1);
	assert_int_equal(g_array_index(bench->slots, guint, 1), 0);
	hg_forwarder_reload(bench->forwarder, &bench->conf);
	assert_int_equal(g_array_index(bench->slots, guint, 2), 16 + HG_FORWARD_AHEAD);
}

/* ---- what lies ready ---- */

static void concurrency_is(struct bench *bench, guint n)
{
	bench->backend.concurrency = n;
	hg_forwarder_reload(bench->forwarder, &bench->conf);
}

static void answer_first(struct bench *bench)
{
	hg_request_answer(g_queue_pop_head(&bench->held), &(struct hg_answer){ .status = bench->status });
}

static void the_next_begins_when_one_ends_and_not_before(void **state)
{
	struct bench *bench = *state;

	bench->holds = TRUE;
	concurrency_is(bench, 2);
	for (int n = 1; n <= 5; n++)
		hand_over(bench, n, 1, 0);
	while (bench->held.length < 2)
		hg_loop_run(bench->loop);
	for (guint done = 0; done < 5; done++) {
		assert_int_equal(bench->requests, MIN(done + 2, 5));
		answer_first(bench);
		do
			hg_loop_run(bench->loop);
		while (bench->result == NULL || bench->requests < MIN(done + 3, 5));
	}
	while (strlen(bench->fates->str) < strlen("1 2 3 4 5 "))
		hg_loop_run(bench->loop);
	assert_string_equal(bench->fates->str, "1 2 3 4 5 ");
}

/* It waits better in the outbox, where it is seen and can be brought forward. */
static void what_lies_ready_goes_back_when_the_backend_fails(void **state)
{
	struct bench *bench = *state;

	bench->status = 500;
	concurrency_is(bench, 1);
	for (int n = 1; n <= 8; n++)
		hand_over(bench, n, 1, 0);
	bench->more = 7;
	hg_loop_run(bench->loop);
	assert_int_equal(bench->requests, 5);
	assert_string_equal(bench->fates->str, "1failed 2failed 3failed 4failed 6back 7back 8back 5failed ");
	assert_int_equal(bench->result->forwarded.fate, HG_RETRY);
}

/* Claimed before the engine heard: one is tried, for it costs nothing to know. */
static void what_comes_while_the_backend_is_down_is_not_all_tried(void **state)
{
	struct bench *bench = *state;

	bench->status = 500;
	for (int i = 0; i < 5; i++)
		attempt(bench, 1);
	g_string_truncate(bench->fates, 0);
	bench->more = 3;
	for (int n = 1; n <= 4; n++)
		hand_over(bench, n, 1, 0);
	hg_loop_run(bench->loop);
	assert_string_equal(bench->fates->str, "2back 3back 4back 1failed ");
	assert_int_equal(bench->requests, 6);
}

static void what_lies_ready_goes_back_at_the_end_and_what_is_under_way_ends(void **state)
{
	struct bench *bench = *state;

	bench->holds = TRUE;
	concurrency_is(bench, 1);
	for (int n = 1; n <= 3; n++)
		hand_over(bench, n, 1, 0);
	while (bench->held.length < 1)
		hg_loop_run(bench->loop);
	hg_forwarder_stop(bench->forwarder);
	hand_over(bench, 4, 1, 0);
	assert_string_equal(bench->fates->str, "2back 3back 4back ");
	answer_first(bench);
	while (strlen(bench->fates->str) < strlen("2back 3back 4back 1 "))
		hg_loop_run(bench->loop);
	assert_string_equal(bench->fates->str, "2back 3back 4back 1 ");
	assert_int_equal(bench->requests, 1);
}

static void a_backend_taken_out_of_the_configuration_is_a_retry(void **state)
{
	struct bench *bench = *state;

	bench->backend.name = (char *)"other";
	assert_int_equal(attempt(bench, 1)->fate, HG_RETRY);
	assert_int_equal(bench->requests, 0);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_is_the_one_the_standard_gives),
		cmocka_unit_test(two_secrets_sign_twice_and_either_verifies),
		cmocka_unit_test(keys_that_are_kept_ready_sign_the_same_each_time),
		cmocka_unit_test(a_changed_id_time_body_or_signature_is_refused),
		cmocka_unit_test(a_secret_is_prefix_and_24_to_64_bytes),
		cmocka_unit_test(at_most_16_signatures_are_looked_at),
		cmocka_unit_test(without_a_secret_nothing_is_signed),
		cmocka_unit_test(a_2xx_body_may_name_the_ticket),
		BENCH(an_event_arrives_signed_with_its_own_id),
		BENCH(an_answer_decides_what_the_outbox_does),
		BENCH(five_failures_in_a_row_open_the_circuit_and_a_success_closes_it),
		BENCH(attempts_that_met_nobody_are_no_objections),
		BENCH(an_event_that_is_objected_to_opens_no_circuit),
		BENCH(the_configured_concurrency_holds_from_the_start_and_after_a_reload),
		BENCH(gone_is_down_until_an_attempt_after_a_reload_works),
		BENCH(a_reload_gives_a_broken_backend_its_slots_at_once),
		BENCH(the_next_begins_when_one_ends_and_not_before),
		BENCH(what_lies_ready_goes_back_when_the_backend_fails),
		BENCH(what_comes_while_the_backend_is_down_is_not_all_tried),
		BENCH(what_lies_ready_goes_back_at_the_end_and_what_is_under_way_ends),
		BENCH(a_backend_taken_out_of_the_configuration_is_a_retry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
