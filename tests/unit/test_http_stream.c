/* test_http_stream.c - replies that come bit by bit, and readers that do not keep up */
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
#include <unistd.h>

#include "../support/http_fixture.h"

#define STREAM "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"
#define ECHO "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
#define PIECE 65536

struct opening {
	struct fixture *f;
	hg_request *req;
	gsize high_water;
	hg_stream *stream;
	gboolean apart;
	gsize pending;
};

static hg_stream *latest;	/* the loop's */

/* What a careless owner does: nothing of it may matter any more. */
static void on_closed(void *arg, enum hg_stream_end why)
{
	struct fixture *f = arg;

	assert_false(hg_stream_write(latest, "x", 1));
	hg_stream_finish(latest);
	g_async_queue_push(f->ended, GINT_TO_POINTER(why));
}

#define DRAINED 100		/* in ended, beside the ways to end */

static void on_drained(void *arg)
{
	struct fixture *f = arg;

	g_async_queue_push(f->ended, GINT_TO_POINTER(DRAINED));
}

static void open_stream(void *arg)
{
	struct opening *o = arg;
	struct hg_stream_head head = {
		.status = 200, .type = "application/x-ndjson", .high_water = o->high_water,
		.closed = on_closed, .drained = o->apart ? on_drained : NULL, .arg = o->f, .apart = o->apart,
	};

	latest = o->stream = hg_request_stream(o->req, &head);
}

static void write_word(void *arg)
{
	struct opening *o = arg;

	assert_true(hg_stream_write(o->stream, "word\n", 5));
}

static void finish(void *arg)
{
	struct opening *o = arg;

	hg_stream_finish(o->stream);
}

/* Until it is refused; returns with the stream about to end. */
static void write_much(void *arg)
{
	struct opening *o = arg;
	g_autofree char *piece = g_strnfill(PIECE, 'x');
	gsize written = 0;

	while (hg_stream_write(o->stream, piece, PIECE))
		written += PIECE;
	assert_false(hg_stream_write(o->stream, piece, 1));
	/* What the kernel buffers for us and for the peer comes on top. */
	assert_in_range(written, 1, o->high_water + (64 << 20));
}

static void write_some(void *arg)
{
	struct opening *o = arg;
	g_autofree char *piece = g_strnfill(BIG, 'x');

	assert_true(hg_stream_write(o->stream, piece, BIG));
	o->pending = hg_stream_pending(o->stream);
}

static void look_what_waits(void *arg)
{
	struct opening *o = arg;

	o->pending = hg_stream_pending(o->stream);
}

static struct opening ask_apart(struct fixture *f, int fd)
{
	struct opening o = { .f = f, .high_water = 1 << 30, .apart = TRUE };

	peer_say(fd, STREAM);
	o.req = fixture_handed(f);
	fixture_call(f, open_stream, &o);
	return o;
}

static struct opening ask(struct fixture *f, int fd, const char *text, gsize high_water)
{
	struct opening o = { .f = f, .high_water = high_water };

	peer_say(fd, text);
	o.req = fixture_handed(f);
	fixture_call(f, open_stream, &o);
	return o;
}

static int start_with(void **state, gint64 write_ms)
{
	struct fixture *f = g_new0(struct fixture, 1);

	fixture_init(f);
	f->conf.write_ms = write_ms;
	fixture_start(f);
	*state = f;
	return 0;
}

static int start(void **state)
{
	return start_with(state, 200);
}

static int start_patient(void **state)
{
	return start_with(state, 1000);
}

static int stop(void **state)
{
	fixture_done(*state);
	g_free(*state);
	return 0;
}

static void expect_lines(int fd, const char *const *lines)
{
	for (; *lines; lines++) {
		g_autofree char *line = peer_line(fd);

		assert_string_equal(line, *lines);
	}
}

static void skip_head(int fd)
{
	for (;;) {
		g_autofree char *line = peer_line(fd);

		if (!*line)
			return;
	}
}

static void a_stream_comes_in_chunks_and_the_connection_lives_on(void **state)
{
	static const char *const body[] = { "5", "word\n", "5", "word\n", "0", "", NULL };
	struct fixture *f = *state;
	int fd = peer_connect(f);
	struct opening o = ask(f, fd, STREAM, 0);
	g_autofree char *reply = NULL;

	fixture_call(f, write_word, &o);
	fixture_call(f, write_word, &o);
	fixture_call(f, finish, &o);
	skip_head(fd);
	expect_lines(fd, body);
	peer_say(fd, ECHO);
	reply = peer_reply(fd);
	assert_int_equal(peer_status(reply), 200);
	close(fd);
}

static void an_old_client_gets_bare_bytes_and_the_end(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(f);
	struct opening o = ask(f, fd, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0);
	g_autofree char *all = NULL;

	fixture_call(f, write_word, &o);
	fixture_call(f, finish, &o);
	all = peer_rest(fd, NULL);
	assert_true(g_str_has_suffix(all, "\r\nConnection: close\r\n\r\nword\n"));
	close(fd);
}

static void head_gets_no_stream_body(void **state)
{
	static const char *const next[] = { "HTTP/1.1 200 OK", NULL };
	struct fixture *f = *state;
	int fd = peer_connect(f);
	struct opening o = ask(f, fd, "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", 0);

	fixture_call(f, write_word, &o);
	fixture_call(f, finish, &o);
	skip_head(fd);
	peer_say(fd, ECHO);
	expect_lines(fd, next);
	close(fd);
}

static void a_peer_that_leaves_ends_its_stream(void **state)
{
	struct fixture *f = *state;
	struct hg_server_stats stats;
	int fd = peer_connect(f);

	ask(f, fd, STREAM, 0);
	hg_server_stats(f->server, &stats);
	assert_int_equal(stats.streams, 1);
	close(fd);
	assert_int_equal(fixture_ended(f), HG_STREAM_LEFT);
	fixture_wait_connections(f, 0);
	hg_server_stats(f->server, &stats);
	assert_int_equal(stats.streams, 0);
}

static void a_stream_for_a_peer_that_has_left_ends_from_the_loop(void **state)
{
	struct fixture *f = *state;
	struct linger now = { 1, 0 };
	struct opening o = { .f = f };
	int fd = peer_connect(f);

	peer_say(fd, STREAM);
	o.req = fixture_handed(f);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	fixture_wait_connections(f, 0);
	fixture_call(f, open_stream, &o);
	assert_int_equal(fixture_ended(f), HG_STREAM_LEFT);
}

static void too_much_waiting_drops_the_reader(void **state)
{
	struct fixture *f = *state;
	struct hg_server_stats stats;
	int fd = peer_connect_from(f, "127.0.0.1", 4096);
	struct opening o = ask(f, fd, STREAM, 100000);

	fixture_call(f, write_much, &o);
	assert_int_equal(fixture_ended(f), HG_STREAM_SLOW);
	fixture_wait_connections(f, 0);
	hg_server_stats(f->server, &stats);
	assert_int_equal(stats.slow_streams, 1);
	close(fd);
}

static void waiting_too_long_drops_the_reader(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect_from(f, "127.0.0.1", 4096);
	struct opening o = ask(f, fd, STREAM, 1 << 30);

	fixture_call(f, write_some, &o);
	assert_int_equal(fixture_ended(f), HG_STREAM_SLOW);
	close(fd);
}

/* 256 KiB every 100 ms: slower than write_ms for the whole, faster than 64 KiB in write_ms. */
static void a_reader_that_keeps_up_is_not_dropped(void **state)
{
	enum { GULP = 256 << 10 };
	struct fixture *f = *state;
	int fd = peer_connect_from(f, "127.0.0.1", 4096);
	struct opening o = ask(f, fd, STREAM, 1 << 30);
	g_autofree char *gulp = g_malloc(GULP);
	gsize all = 0;
	ssize_t n;

	fixture_call(f, write_some, &o);
	fixture_call(f, finish, &o);
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, gulp, GULP, MSG_WAITALL)) > 0) {
		all += n;
		poll(NULL, 0, 100);
	}
	assert_int_equal(n, 0);
	assert_in_range(all, BIG, BIG + 1000);
	assert_null(g_async_queue_try_pop(f->ended));
	close(fd);
}

static void a_quiet_stream_has_no_deadline(void **state)
{
	struct fixture *f = *state;
	int quiet = peer_connect(f), slow = peer_connect_from(f, "127.0.0.1", 4096);
	struct opening o = ask(f, quiet, STREAM, 0), other = ask(f, slow, STREAM, 1 << 30);

	fixture_call(f, write_word, &o);
	fixture_call(f, write_some, &other);
	assert_int_equal(fixture_ended(f), HG_STREAM_SLOW);	/* so write_ms is over */
	fixture_call(f, write_word, &o);
	fixture_call(f, finish, &o);
	close(quiet);
	close(slow);
}

static void drain(void *arg)
{
	struct fixture *f = arg;

	hg_server_drain(f->server, NULL, NULL);
}

static void draining_ends_streams(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect(f);

	ask(f, fd, STREAM, 0);
	fixture_call(f, drain, f);
	assert_int_equal(fixture_ended(f), HG_STREAM_STOP);
	g_free(peer_rest(fd, NULL));
	close(fd);
}

static void a_reader_that_took_all_makes_itself_heard(void **state)
{
	struct fixture *f = *state;
	int fd = peer_connect_from(f, "127.0.0.1", 4096);
	struct opening o = ask_apart(f, fd);
	g_autofree char *gulp = g_malloc(PIECE);

	fixture_call(f, write_some, &o);
	assert_true(o.pending > 0);
	for (gsize all = 0; all < BIG;) {
		ssize_t n = recv(fd, gulp, PIECE, 0);

		assert_true(n > 0);
		all += (gsize)n;
	}
	assert_int_equal((int)fixture_ended(f), DRAINED);
	fixture_call(f, look_what_waits, &o);
	assert_int_equal(o.pending, 0);
	fixture_call(f, finish, &o);
	close(fd);
}

static int start_with_room_for_one(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	fixture_init(f);
	f->conf.max_connections = f->conf.max_per_address = 1;
	fixture_start(f);
	*state = f;
	return 0;
}

static int status_of(const struct fixture *f)
{
	int fd = peer_ask(f, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	g_autofree char *reply = peer_reply(fd);

	close(fd);
	return peer_status(reply);
}

static void a_stream_apart_takes_no_room_from_others(void **state)
{
	struct fixture *f = *state;
	struct hg_server_stats stats;
	int one = peer_connect(f), two;
	struct opening first = ask_apart(f, one), second;

	two = peer_connect(f);
	second = ask_apart(f, two);
	assert_int_equal(status_of(f), 200);
	fixture_wait_connections(f, 2);
	hg_server_stats(f->server, &stats);
	assert_int_equal(stats.streams, 2);
	/* Behind its end it is a connection like any other. */
	fixture_call(f, finish, &first);
	assert_int_equal(status_of(f), 503);
	close(one);
	fixture_wait_connections(f, 1);
	assert_int_equal(status_of(f), 200);
	close(two);
	assert_int_equal(fixture_ended(f), HG_STREAM_LEFT);
	(void)second;
	fixture_wait_connections(f, 0);
	assert_int_equal(status_of(f), 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(a_stream_comes_in_chunks_and_the_connection_lives_on),
		TEST(an_old_client_gets_bare_bytes_and_the_end),
		TEST(head_gets_no_stream_body),
		TEST(a_peer_that_leaves_ends_its_stream),
		TEST(a_stream_for_a_peer_that_has_left_ends_from_the_loop),
		TEST(too_much_waiting_drops_the_reader),
		TEST(waiting_too_long_drops_the_reader),
		cmocka_unit_test_setup_teardown(a_reader_that_keeps_up_is_not_dropped, start_patient, stop),
		TEST(a_quiet_stream_has_no_deadline),
		TEST(draining_ends_streams),
		cmocka_unit_test_setup_teardown(a_reader_that_took_all_makes_itself_heard, start_patient, stop),
		cmocka_unit_test_setup_teardown(a_stream_apart_takes_no_room_from_others, start_with_room_for_one, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
