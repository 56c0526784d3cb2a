/* test_http_server.c - the HTTP server over real sockets: requests, refusals, deadlines, caps */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/http_fixture.h"

#define H "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H "\r\n"

static void expect_reply(int fd, int status, const char *part)
{
	g_autofree char *reply = peer_reply(fd);

	if (peer_status(reply) != status || (part && !strstr(reply, part)))
		fail_msg("want %d with \"%s\", got: %s", status, part ? part : "", reply ? reply : "nothing");
}

static void expect_refused(int fd, int status, const char *rule)
{
	g_autofree char *part = g_strdup_printf("\"rule\":\"%s\"", rule);

	expect_reply(fd, status, part);
	assert_true(peer_is_closed(fd));
	close(fd);
}

static int start(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	fixture_init(f);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	fixture_done(f);
	g_free(f);
	return 0;
}

static struct fixture *begin(void **state)
{
	fixture_start(*state);
	return *state;
}

/* ---- requests ---- */

static void handler_sees_what_was_sent(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, "POST /echo?p=1&q=a%20b+%C3%A4&q=2 HTTP/1.1\r\n" H "X: y z \r\nContent-Length: 3\r\n\r\nabc");

	expect_reply(fd, 200, "\n\nPOST\n/echo\na b \xc3\xa4\ny z\n127.0.0.1\nabc\n");
	close(fd);
}

static void missing_things_are_null(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/echo?p"));

	expect_reply(fd, 200, "\n\nGET\n/echo\n-\n-\n127.0.0.1\n\n");
	close(fd);
}

static void one_connection_carries_many_requests(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_connect(f);

	for (int i = 0; i < 50; i++) {
		peer_say(fd, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
		expect_reply(fd, 200, "\nabc\n");
	}
	close(fd);
}

static void bytes_may_come_one_by_one(void **state)
{
	static const char text[] = "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc";
	struct fixture *f = begin(state);
	int fd = peer_connect(f);

	for (gsize i = 0; i < sizeof(text) - 1; i++)
		peer_send(fd, text + i, 1);
	expect_reply(fd, 200, "\nabc\n");
	close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/defer") GET("/echo?q=2") GET("/defer") GET("/echo?q=4"));

	fixture_answer(f, fixture_handed(f), "one");
	expect_reply(fd, 200, "\n\none");
	expect_reply(fd, 200, "\n2\n");
	fixture_answer(f, fixture_handed(f), "three");
	expect_reply(fd, 200, "\n\nthree");
	expect_reply(fd, 200, "\n4\n");
	close(fd);
}

/* More than the server reads ahead, while the first answer is still out. */
static void much_pipelined_input_waits_outside(void **state)
{
	enum { REQUESTS = 5000 };
	struct fixture *f = begin(state);
	g_autoptr(GString) flood = g_string_new(GET("/defer"));
	int fd = peer_connect(f);

	for (int i = 0; i < REQUESTS; i++)
		g_string_append(flood, GET("/echo"));
	peer_send(fd, flood->str, flood->len);
	fixture_answer(f, fixture_handed(f), "first");
	for (int i = 0; i <= REQUESTS; i++)
		expect_reply(fd, 200, NULL);
	close(fd);
}

/* What a peer can push until it is stuck is what kernels buffer, not what we would store. */
static void a_flood_behind_an_open_request_is_not_read(void **state)
{
	enum { FLOOD = 256 << 20 };
	struct fixture *f = begin(state);
	g_autofree char *piece = g_strnfill(65536, 'x');
	int fd = peer_ask(f, GET("/defer"));
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	hg_request *req = fixture_handed(f);
	gsize pushed = 0;

	while (pushed < FLOOD && poll(&wait, 1, 300) == 1) {
		ssize_t n = send(fd, piece, 65536, MSG_DONTWAIT | MSG_NOSIGNAL);

		pushed += MAX(n, 0);
	}
	assert_in_range(pushed, 1, FLOOD / 4);
	fixture_answer(f, req, "ok");
	close(fd);
}

static void old_clients_are_closed_unless_they_ask(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

	expect_reply(fd, 200, "\nConnection: keep-alive\n");
	peer_say(fd, "GET /echo HTTP/1.0\r\n\r\n");
	expect_reply(fd, 200, "\nConnection: close\n");
	assert_true(peer_is_closed(fd));
	close(fd);
}

static void head_is_answered_without_body(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, "HEAD /echo HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
	gsize len;
	g_autofree char *all = peer_rest(fd, &len);

	assert_non_null(strstr(all, "\r\nContent-Length: 26\r\n"));
	assert_true(g_str_has_suffix(all, "\r\n\r\n"));
	close(fd);
}

static void a_header_with_a_line_break_is_left_out(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/echo?q=inject"));
	g_autofree char *reply = peer_reply(fd);

	assert_non_null(strstr(reply, "\nX-Good: yes\n"));
	assert_null(strstr(reply, "Set-Cookie"));
	close(fd);
}

/* The type of an attachment is what a stranger said it is. */
static void a_type_with_a_line_break_is_left_out(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/echo?q=type"));
	g_autofree char *reply = peer_reply(fd);

	assert_null(strstr(reply, "Set-Cookie"));
	assert_null(strstr(reply, "Content-Type: "));
	assert_non_null(strstr(reply, "\nX-Content-Type-Options: nosniff\n"));
	assert_non_null(strstr(reply, "\nCache-Control: no-store\n"));
	close(fd);
}

static void a_big_reply_arrives_whole(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_connect_from(f, "127.0.0.1", 4096);
	g_autofree char *reply = NULL;

	peer_say(fd, GET("/big") GET("/echo"));
	reply = peer_reply(fd);
	assert_int_equal(strlen(strstr(reply, "\n\n") + 2), BIG);
	expect_reply(fd, 200, NULL);
	close(fd);
}

/* ---- refusals ---- */

static void a_broken_request_gets_its_rule_and_the_end(void **state)
{
	static const struct { const char *text; int status; const char *rule; } cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 400, "host.missing" },
		{ "GET /echo HTTP/1.1\nHost: a\n\n", 400, "line.lf" },
		{ "POST /echo HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "length.twice" },
		{ "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n", 400, "coding.other" },
		{ "GET /echo HTTP/1.1\r\n" H "Expect: x\r\n\r\n", 417, "expect" },
		{ "\x16\x03\x01", 400, "method" },
	};
	struct fixture *f = begin(state);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		expect_refused(peer_ask(f, cases[i].text), cases[i].status, cases[i].rule);
		assert_int_equal(fixture_refused(f, cases[i].rule), 1);
	}
}

static void a_broken_request_after_a_good_one_is_refused(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/echo") "GET / HTTP/9\r\n\r\n" GET("/echo"));

	expect_reply(fd, 200, NULL);
	expect_refused(fd, 400, "version");
}

static void limits_of_the_head_are_the_configured_ones(void **state)
{
	struct fixture *f = *state;
	g_autofree char *long_path = g_strnfill(100, 'x');
	g_autofree char *target = g_strdup_printf("GET /%s HTTP/1.1\r\n" H "\r\n", long_path);
	g_autofree char *head = g_strdup_printf("GET / HTTP/1.1\r\n" H "A: %s%s\r\n\r\n", long_path, long_path);

	f->conf.max_target = 100;
	f->conf.max_head = 200;
	f->conf.max_headers = 3;
	begin(state);
	expect_refused(peer_ask(f, target), 414, "target.long");
	expect_refused(peer_ask(f, head), 431, "head.big");
	expect_refused(peer_ask(f, "GET / HTTP/1.1\r\n" H "A: 1\r\nA: 2\r\nA: 3\r\n\r\n"), 431, "header.many");
}

static void a_big_body_is_refused_before_it_is_sent(void **state)
{
	struct fixture *f = begin(state);

	expect_refused(peer_ask(f, "POST /small HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n"), 413, "body.big");
	expect_refused(peer_ask(f, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1048577\r\n\r\n"), 413, "body.big");
	expect_refused(peer_ask(f, "POST /small HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nb\r\n"), 413, "body.big");
	assert_int_equal(fixture_refused(f, "body.big"), 3);
}

/* The refusal has to reach a peer that goes on sending: no reset may overtake it. */
static void a_refusal_reaches_a_peer_that_keeps_sending(void **state)
{
	struct fixture *f = begin(state);
	g_autofree char *body = g_strnfill(500000, 'x');
	int fd = peer_ask(f, "POST /small HTTP/1.1\r\n" H "Content-Length: 500000\r\n\r\n");

	assert_int_equal(recv(fd, body, 1, MSG_PEEK), 1);	/* it is refused by now */
	for (int i = 0; i < 10; i++)
		assert_true(peer_send(fd, body, 50000));
	expect_reply(fd, 413, "\"rule\":\"body.big\"");
	assert_int_equal(recv(fd, body, 1, 0), 0);	/* an end, not a reset */
	close(fd);
}

static void a_refused_route_keeps_the_connection(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/nowhere") GET("/secret") GET("/echo"));

	expect_reply(fd, 404, "\"detail\":\"nothing is here\"");
	expect_reply(fd, 401, "\nWWW-Authenticate: Bearer\n");
	expect_reply(fd, 200, NULL);
	close(fd);
}

static void a_refused_route_with_a_body_closes(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, "POST /nowhere HTTP/1.1\r\n" H "Content-Length: 20\r\n\r\n" "GET /echo HTTP/1.1\r\n");

	expect_reply(fd, 404, "\nConnection: close\n");
	assert_true(peer_is_closed(fd));
	close(fd);
}

static void a_body_is_invited_when_it_is_wanted(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, "POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");

	expect_reply(fd, 100, NULL);
	peer_say(fd, "abc");
	expect_reply(fd, 200, "\nabc\n");
	close(fd);
	expect_refused(peer_ask(f, "POST /small HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 30\r\n\r\n"),
		       413, "body.big");
}

static void all_bodies_together_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct hg_server_stats stats;
	hg_request *first;
	int fd;

	f->conf.max_bodies = 1000;
	begin(state);
	g_autofree char *body = g_strnfill(600, 'x');
	g_autofree char *text = g_strdup_printf("POST /defer HTTP/1.1\r\n" H "Content-Length: 600\r\n\r\n%s", body);

	fd = peer_ask(f, text);
	first = fixture_handed(f);
	expect_refused(peer_ask(f, text), 503, "cap.bodies");
	fixture_answer(f, first, "ok");
	expect_reply(fd, 200, NULL);
	hg_server_stats(f->server, &stats);
	assert_int_equal(stats.bodies, 0);
	peer_say(fd, text);
	fixture_answer(f, fixture_handed(f), "ok");
	expect_reply(fd, 200, NULL);
	close(fd);
}

/* ---- deadlines ---- */

/* Sends a byte whenever the server has said nothing for 5 ms: never silent, never done. */
static void drip(int fd, char byte)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	while (!poll(&wait, 1, 5))
		peer_send(fd, &byte, 1);
}

static void a_head_has_a_deadline_however_it_drips(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.head_ms = 500;
	begin(state);
	fd = peer_ask(f, "GET / HTTP/1.1\r\nA: ");
	drip(fd, 'x');
	expect_refused(fd, 408, "deadline.head");
	fd = peer_ask(f, GET("/echo") "GET /");
	expect_reply(fd, 200, NULL);
	drip(fd, 'x');
	expect_refused(fd, 408, "deadline.head");
}

static void a_body_has_a_deadline_however_it_drips(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.body_ms = 150;
	begin(state);
	fd = peer_ask(f, "POST /echo HTTP/1.1\r\n" H "Content-Length: 100000\r\n\r\n");
	drip(fd, 'x');
	expect_refused(fd, 408, "deadline.body");
}

static void silence_is_ended_without_a_word(void **state)
{
	struct fixture *f = *state;
	int silent, idle;

	f->conf.head_ms = 500;
	f->conf.idle_ms = 100;
	begin(state);
	silent = peer_connect(f);
	idle = peer_ask(f, GET("/echo"));
	expect_reply(idle, 200, NULL);
	assert_true(peer_is_closed(silent));
	assert_true(peer_is_closed(idle));
	close(silent);
	close(idle);
}

static void a_request_with_its_handler_has_no_deadline(void **state)
{
	struct fixture *f = *state;
	hg_request *req;
	int fd, other;

	f->conf.head_ms = f->conf.body_ms = f->conf.idle_ms = 500;
	begin(state);
	fd = peer_ask(f, GET("/defer"));
	req = fixture_handed(f);
	other = peer_connect(f);
	assert_true(peer_is_closed(other));	/* so 500 ms are over */
	fixture_answer(f, req, "late");
	expect_reply(fd, 200, "\n\nlate");
	close(fd);
	close(other);
}

static void a_reply_that_nobody_reads_is_given_up(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.write_ms = 100;
	begin(state);
	fd = peer_connect_from(f, "127.0.0.1", 4096);
	peer_say(fd, GET("/big"));
	fixture_wait_connections(f, 1);
	fixture_wait_connections(f, 0);
	assert_int_equal(fixture_refused(f, "deadline.write"), 1);
	close(fd);
}

/* ---- caps ---- */

static void too_many_connections_are_told_so(void **state)
{
	struct fixture *f = *state;
	int first, second;

	f->conf.max_connections = 2;
	begin(state);
	first = peer_connect(f);
	second = peer_connect(f);
	fixture_wait_connections(f, 2);
	expect_refused(peer_connect(f), 503, "cap.connections");
	close(first);
	fixture_wait_connections(f, 1);
	first = peer_ask(f, GET("/echo"));
	expect_reply(first, 200, NULL);
	close(first);
	close(second);
}

static void one_address_takes_no_more_than_its_share(void **state)
{
	struct fixture *f = *state;
	g_autofree char *dir = g_dir_make_tmp("hgXXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "socket", NULL);
	int first, other, local[3];

	f->conf.max_per_address = 1;
	f->unix_path = path;
	begin(state);
	first = peer_ask(f, GET("/echo"));
	expect_reply(first, 200, NULL);
	expect_refused(peer_connect(f), 503, "cap.address");
	other = peer_connect_from(f, "127.0.0.2", 0);
	peer_say(other, GET("/echo"));
	expect_reply(other, 200, "\n127.0.0.2\n");
	for (gsize i = 0; i < G_N_ELEMENTS(local); i++) {
		local[i] = peer_connect_unix(path);
		peer_say(local[i], GET("/echo"));
		expect_reply(local[i], 200, "\nunix\n");
	}
	for (gsize i = 0; i < G_N_ELEMENTS(local); i++)
		close(local[i]);
	close(other);
	close(first);
	fixture_stop(f);
	hg_server_free(g_steal_pointer(&f->server));
	rmdir(dir);
}

static void requests_per_address_have_a_rate(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.rate = 0.001;
	f->conf.burst = 2;
	begin(state);
	fd = peer_ask(f, GET("/echo") GET("/echo") GET("/echo"));
	expect_reply(fd, 200, NULL);
	expect_reply(fd, 200, NULL);
	expect_refused(fd, 429, "rate");
	fd = peer_connect_from(f, "127.0.0.3", 0);
	peer_say(fd, GET("/echo"));
	expect_reply(fd, 200, NULL);
	close(fd);
}

static void only_trusted_proxies_name_the_client(void **state)
{
	static const struct { const char *source, *header, *want; } cases[] = {
		{ "127.0.0.1", "X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9" },
		{ "127.0.0.9", "X-Forwarded-For: 203.0.113.9\r\n", "127.0.0.9" },
		{ "127.0.0.1", "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n", "203.0.113.9" },
		{ "127.0.0.1", "X-Forwarded-For: 198.51.100.1, 203.0.113.9 , 10.1.2.3\r\n", "203.0.113.9" },
		{ "127.0.0.1", "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9" },
		{ "127.0.0.1", "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.1\r\n", "203.0.113.9" },
		{ "127.0.0.1", "X-Forwarded-For: 2001:db8::7\r\n", "2001:db8::7" },
		{ "127.0.0.1", "X-Forwarded-For: unknown\r\n", "127.0.0.1" },
		{ "127.0.0.1", "X-Forwarded-For: 203.0.113.9, nonsense\r\n", "127.0.0.1" },
		{ "127.0.0.1", "X-Forwarded-For: 203.0.113.9, \r\n", "127.0.0.1" },
		{ "127.0.0.1", "X-Forwarded-For:\r\n", "127.0.0.1" },
		{ "127.0.0.1", "X-Forwarded-For: 10.9.9.9\r\n", "10.9.9.9" },
		{ "127.0.0.1", "", "127.0.0.1" },
	};
	static const char *const proxies[] = { "127.0.0.1", "10.0.0.0/8", NULL };
	struct fixture *f = *state;

	f->conf.trusted_proxies = proxies;
	f->conf.max_per_address = 1;	/* trusted proxies are exempt */
	begin(state);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("GET /echo HTTP/1.1\r\n" H "%s\r\n", cases[i].header);
		g_autofree char *want = g_strdup_printf("\n-\n-\n%s\n", cases[i].want);
		int fd = peer_connect_from(f, cases[i].source, 0);

		peer_say(fd, text);
		expect_reply(fd, 200, want);
		close(fd);
	}
}

/* ---- late answers ---- */

static void reset(int fd)
{
	struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void not_wanted(void *arg)
{
	assert_false(hg_request_is_wanted(arg));
	assert_string_equal(hg_request_path(arg), "/defer");
	assert_string_equal(hg_request_peer(arg), "127.0.0.1");
}

static void an_answer_after_the_peer_left_does_nothing(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/defer"));
	hg_request *req = fixture_handed(f);

	reset(fd);
	fixture_wait_connections(f, 0);
	fixture_call(f, not_wanted, req);
	fixture_answer(f, req, "too late");
}

static void free_server(void *arg)
{
	struct fixture *f = arg;

	hg_server_free(g_steal_pointer(&f->server));
}

static void an_answer_after_the_server_is_gone_does_nothing(void **state)
{
	static const struct hg_answer answer = { .status = 200 };
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/defer"));
	hg_request *req = fixture_handed(f);

	fixture_call(f, free_server, f);
	assert_true(peer_is_closed(fd));
	fixture_stop(f);
	assert_null(hg_request_server(req));
	hg_request_answer(req, &answer);
	close(fd);
}

static void a_peer_that_only_stops_sending_gets_its_answer(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, GET("/defer") GET("/echo"));

	shutdown(fd, SHUT_WR);
	fixture_answer(f, fixture_handed(f), "one");
	expect_reply(fd, 200, "\n\none");
	expect_reply(fd, 200, "\n/echo\n");
	assert_true(peer_is_closed(fd));
	close(fd);
}

static void half_a_request_and_the_end_is_counted(void **state)
{
	struct fixture *f = begin(state);
	int fd = peer_ask(f, "GET /ec");

	shutdown(fd, SHUT_WR);
	assert_true(peer_is_closed(fd));
	assert_int_equal(fixture_refused(f, "cut"), 1);
	close(fd);
}

/* ---- draining and listening ---- */

static void on_drained(void *arg)
{
	struct fixture *f = arg;

	g_async_queue_push(f->ended, GINT_TO_POINTER(77));
}

static void drain(void *arg)
{
	struct fixture *f = arg;

	hg_server_drain(f->server, on_drained, f);
}

static void draining_lets_the_rest_finish(void **state)
{
	struct fixture *f = begin(state);
	int busy = peer_ask(f, GET("/defer")), idle = peer_ask(f, GET("/echo"));
	hg_request *req = fixture_handed(f);

	expect_reply(idle, 200, NULL);
	fixture_call(f, drain, f);
	assert_true(peer_is_closed(idle));
	fixture_answer(f, req, "last");
	expect_reply(busy, 200, "\nConnection: close\n");
	assert_true(peer_is_closed(busy));
	assert_int_equal(fixture_ended(f), 77);
	close(busy);
	close(idle);
}

static void draining_waits_for_no_half_head_and_not_long_for_a_half_body(void **state)
{
	struct fixture *f = begin(state);
	int head = peer_ask(f, "GET /ec"), body = peer_ask(f, "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nhalf");
	int ready = peer_ask(f, GET("/echo"));

	expect_reply(ready, 200, NULL);		/* the others were read before it */
	fixture_call(f, drain, f);
	assert_true(peer_is_closed(head));
	expect_reply(body, 408, NULL);
	assert_int_equal(fixture_ended(f), 77);
	close(head);
	close(body);
	close(ready);
}

static void draining_an_idle_server_is_over_at_once(void **state)
{
	struct fixture *f = begin(state);

	fixture_call(f, drain, f);
	assert_int_equal(fixture_ended(f), 77);
}

static void places_to_listen_on_are_checked(void **state)
{
	static const char *const wrong[] = {
		"", "8420", "127.0.0.1", "localhost:8420", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999",
		"::1", "[::1]", "1.2.3:80", "127.0.0.1:80:80",
	};
	struct fixture *f = begin(state);

	fixture_stop(f);
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		if (hg_server_listen(f->server, wrong[i], FALSE, &error))
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_non_null(strstr(error->message, "127.0.0.1:8420"));
	}
	assert_false(hg_server_listen(f->server, "127.0.0.1:0", TRUE, NULL));	/* no certificate */
	assert_true(hg_server_listen(f->server, "[::1]:0", FALSE, NULL));
	assert_int_not_equal(hg_server_port(f->server, 1), 0);
	assert_int_equal(hg_server_port(f->server, 2), 0);
}

static void a_unix_socket_is_replaced_only_when_nobody_listens(void **state)
{
	struct fixture *f = *state;
	g_autofree char *dir = g_dir_make_tmp("hgXXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "socket", NULL);
	g_autofree char *file = g_build_filename(dir, "file", NULL);
	g_autoptr(GError) error = NULL;
	struct stat st;

	f->unix_path = path;
	begin(state);
	fixture_stop(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(hg_server_listen_unix(f->server, path, 0600, &error));
	assert_non_null(strstr(error->message, "another process listens"));
	assert_true(g_file_set_contents(file, "x", 1, NULL));
	assert_false(hg_server_listen_unix(f->server, file, 0600, NULL));
	assert_int_equal(stat(file, &st), 0);
	hg_server_free(g_steal_pointer(&f->server));
	assert_int_not_equal(stat(path, &st), 0);	/* removed with its server */
	unlink(file);
	rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(handler_sees_what_was_sent),
		TEST(missing_things_are_null),
		TEST(one_connection_carries_many_requests),
		TEST(bytes_may_come_one_by_one),
		TEST(pipelined_requests_are_answered_in_order),
		TEST(much_pipelined_input_waits_outside),
		TEST(a_flood_behind_an_open_request_is_not_read),
		TEST(old_clients_are_closed_unless_they_ask),
		TEST(head_is_answered_without_body),
		TEST(a_header_with_a_line_break_is_left_out),
		TEST(a_type_with_a_line_break_is_left_out),
		TEST(a_big_reply_arrives_whole),
		TEST(a_broken_request_gets_its_rule_and_the_end),
		TEST(a_broken_request_after_a_good_one_is_refused),
		TEST(limits_of_the_head_are_the_configured_ones),
		TEST(a_big_body_is_refused_before_it_is_sent),
		TEST(a_refusal_reaches_a_peer_that_keeps_sending),
		TEST(a_refused_route_keeps_the_connection),
		TEST(a_refused_route_with_a_body_closes),
		TEST(a_body_is_invited_when_it_is_wanted),
		TEST(all_bodies_together_are_bounded),
		TEST(a_head_has_a_deadline_however_it_drips),
		TEST(a_body_has_a_deadline_however_it_drips),
		TEST(silence_is_ended_without_a_word),
		TEST(a_request_with_its_handler_has_no_deadline),
		TEST(a_reply_that_nobody_reads_is_given_up),
		TEST(too_many_connections_are_told_so),
		TEST(one_address_takes_no_more_than_its_share),
		TEST(requests_per_address_have_a_rate),
		TEST(only_trusted_proxies_name_the_client),
		TEST(an_answer_after_the_peer_left_does_nothing),
		TEST(an_answer_after_the_server_is_gone_does_nothing),
		TEST(a_peer_that_only_stops_sending_gets_its_answer),
		TEST(half_a_request_and_the_end_is_counted),
		TEST(draining_lets_the_rest_finish),
		TEST(draining_waits_for_no_half_head_and_not_long_for_a_half_body),
		TEST(draining_an_idle_server_is_over_at_once),
		TEST(places_to_listen_on_are_checked),
		TEST(a_unix_socket_is_replaced_only_when_nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
