/* test_http_client.c - the HTTP client against far ends that misbehave */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../support/client_run.h"

#define OK_X "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
#define REDIRECT(to) "HTTP/1.1 302 Found\r\nLocation: " to "\r\nContent-Length: 0\r\n\r\n"
#define CALL(...) ((struct hg_client_call){ __VA_ARGS__ })

static void expect(const struct result *r, int status, enum hg_client_code code, gboolean sent)
{
	if (r->status != status || r->code != code || r->sent != sent)
		fail_msg("want status %d code %d sent %d, got %d %d %d (%s)", status, code, sent, r->status,
			 r->code, r->sent, r->error);
	assert_true(code == HG_CLIENT_OK ? !*r->error : *r->error);
}

/* ---- the plain way ---- */

static void an_answer_has_status_headers_and_body(void **state)
{
	struct run *run = *state;
	const struct result *r;
	g_autofree char *request = NULL;
	const char *const headers[] = { "Authorization: Bearer abc", NULL };

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 201 Made\r\nX:  a b \r\nx: second\r\nContent-Length: 5\r\n\r\nhello" });
	r = run_call(run, CALL(.headers = headers));
	expect(r, 201, HG_CLIENT_OK, TRUE);
	assert_string_equal(r->body, "hello");
	assert_int_equal(r->len, 5);
	assert_string_equal(r->x, "a b");
	request = script_request(run->server, 0);
	assert_true(g_str_has_prefix(request, "GET /x HTTP/1.1\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(request, "\r\nAuthorization: Bearer abc\r\n"));
	assert_non_null(strstr(request, "\r\nUser-Agent: headgate\r\n"));
	assert_null(strstr(request, "Accept-Encoding"));
}

static void a_body_is_sent_as_it_is(void **state)
{
	struct run *run = *state;
	g_autofree char *request = NULL;
	const char *const headers[] = { "Content-Type: application/json", NULL };

	RUN_SCRIPT(run, { .reply = OK_X });
	expect(run_call(run, CALL(.body = "{\"a\":1}", .len = 7, .headers = headers)), 200, HG_CLIENT_OK, TRUE);
	request = script_request(run->server, 0);
	assert_true(g_str_has_prefix(request, "POST /x HTTP/1.1\r\n"));
	assert_true(g_str_has_suffix(request, "\r\n\r\n{\"a\":1}"));
	assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(request, "\r\nContent-Length: 7\r\n"));
	assert_null(strstr(request, "Expect"));
}

static void methods_are_sent_as_named(void **state)
{
	static const struct { const char *method, *body, *line, *part; } cases[] = {
		{ "PUT", "x", "PUT /x HTTP/1.1\r\n", "\r\nContent-Length: 1\r\n" },
		{ "DELETE", NULL, "DELETE /x HTTP/1.1\r\n", "\r\n" },
		{ "POST", NULL, "POST /x HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n" },
		{ "POST", "", "POST /x HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n" },
		{ "GET", NULL, "GET /x HTTP/1.1\r\n", "\r\n" },
		{ "PATCH", "x", "PATCH /x HTTP/1.1\r\n", "\r\nContent-Length: 1\r\n" },
	};
	struct run *run = *state;

	RUN_SCRIPT(run, { .reply = OK_X });
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *body = cases[i].body;
		g_autofree char *request = NULL;

		expect(run_call(run, CALL(.method = cases[i].method, .body = body, .len = body ? strlen(body) : 0)),
		       200, HG_CLIENT_OK, TRUE);
		request = script_request(run->server, i);
		if (!g_str_has_prefix(request, cases[i].line) || !strstr(request, cases[i].part) ||
		    strstr(request, "Content-Type"))
			fail_msg("%s: %s", cases[i].method, request);
	}
}

static char *write_file(const char *bytes, gsize len)
{
	char *path = NULL;
	int fd = g_file_open_tmp("hgXXXXXX", &path, NULL);

	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	return path;
}

static void a_form_has_its_parts(void **state)
{
	struct run *run = *state;
	g_autofree char *path = write_file("from a file", 11), *request = NULL, *boundary = NULL, *want = NULL;
	const struct hg_client_part parts[] = {
		{ .name = "product", .data = "whatsapp", .len = 8 },
		{ .name = "file", .filename = "a\"b\r\nc.png", .type = "image/png", .path = path },
	};

	RUN_SCRIPT(run, { .reply = OK_X });
	expect(run_call(run, CALL(.parts = parts, .n_parts = 2)), 200, HG_CLIENT_OK, TRUE);
	request = script_request(run->server, 0);
	boundary = g_strndup(strstr(request, "boundary=") + 9, 32);
	want = g_strdup_printf("\r\n\r\n--%s\r\nContent-Disposition: form-data; name=\"product\"\r\n\r\nwhatsapp\r\n"
			       "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a_bc.png\"\r\n"
			       "Content-Type: image/png\r\n\r\nfrom a file\r\n--%s--\r\n", boundary, boundary, boundary);
	assert_true(g_str_has_suffix(request, want));
	unlink(path);
}

static void a_body_has_files_in_it(void **state)
{
	struct run *run = *state;
	g_autofree char *path = write_file("from a file", 11), *request = NULL;
	const struct hg_client_piece pieces[] = {
		{ .data = "{\"a\":\"", .len = 6 }, { .path = path, .base64 = TRUE }, { .data = "\"} ", .len = 3 }, { .path = path },
	};

	RUN_SCRIPT(run, { .reply = OK_X });
	expect(run_call(run, CALL(.method = "PUT", .pieces = pieces, .n_pieces = 4)), 200, HG_CLIENT_OK, TRUE);
	request = script_request(run->server, 0);
	assert_true(g_str_has_prefix(request, "PUT ") && strstr(request, "\r\nContent-Length: 36\r\n"));
	assert_true(g_str_has_suffix(request, "\r\n\r\n{\"a\":\"ZnJvbSBhIGZpbGU=\"} from a file"));
	unlink(path);
}

/* Coded in bites that never fit what is asked for. */
static void a_big_file_is_coded_as_it_is_sent(void **state)
{
	struct run *run = *state;
	g_autoptr(GString) bytes = g_string_new(NULL);
	g_autofree char *path = NULL, *request = NULL, *want = NULL;
	struct hg_client_piece piece = { .base64 = TRUE };

	for (guint i = 0; i < 100001; i++)
		g_string_append_c(bytes, (char)(i * 7 >> 3));
	piece.path = path = write_file(bytes->str, bytes->len);
	want = g_base64_encode((const guchar *)bytes->str, bytes->len);
	RUN_SCRIPT(run, { .reply = OK_X });
	expect(run_call(run, CALL(.pieces = &piece, .n_pieces = 1)), 200, HG_CLIENT_OK, TRUE);
	request = script_request(run->server, 0);
	assert_string_equal(strstr(request, "\r\n\r\n") + 4, want);
	unlink(path);
}

static void connections_are_used_again(void **state)
{
	struct run *run = *state;

	RUN_SCRIPT(run, { .reply = OK_X });
	for (int i = 0; i < 5; i++)
		expect(run_call(run, CALL(.body = "x", .len = 1)), 200, HG_CLIENT_OK, TRUE);
	assert_int_equal(script_requests(run->server), 5);
	assert_int_equal(script_connections(run->server), 1);
}

static void cookies_are_not_kept(void **state)
{
	struct run *run = *state;
	g_autofree char *request = NULL;

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n" });
	run_call(run, CALL(.url = NULL));
	run_call(run, CALL(.url = NULL));
	request = script_request(run->server, 1);
	assert_null(strstr(request, "Cookie"));
}

static void only_the_final_head_counts(void **state)
{
	struct run *run = *state;
	const struct result *r;

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 103 Early\r\nX: early\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 7\r\n"
			  "Content-Length: 0\r\n\r\n" });
	r = run_call(run, CALL(.url = NULL));
	expect(r, 429, HG_CLIENT_OK, TRUE);
	assert_null(r->x);
	assert_string_equal(r->retry_after, "7");
}

static void a_header_with_a_control_in_it_is_none(void **state)
{
	struct run *run = *state;
	const struct result *r;

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 200 OK\r\nX: a\rLocation: b\r\nRetry-After: 7\r\nLocation: \x1b[2J\r\nContent-Length: 0\r\n\r\n" });
	r = run_call(run, CALL(.url = NULL));
	expect(r, 200, HG_CLIENT_OK, TRUE);
	assert_null(r->x);
	assert_null(r->location);
	assert_string_equal(r->retry_after, "7");
}

/* Whatever curl makes of it. */
static void an_interim_answer_alone_is_none(void **state)
{
	static const char *const replies[] = {
		"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\0\nHTTP/Co\r\nth: 0\r\n\r\n", "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 199 x\r\n\r\n",
	};
	struct run *run = *state;
	struct script_step steps[G_N_ELEMENTS(replies)] = { 0 };
	static const gsize lengths[] = { 0, 42, 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++)
		steps[i] = (struct script_step){ .reply = replies[i], .len = lengths[i], .then = SCRIPT_CLOSE };
	run_script(run, steps, G_N_ELEMENTS(steps));
	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++)
		expect(run_call(run, CALL(.body = "x", .len = 1)), 0, HG_CLIENT_CLOSED, TRUE);
}

static void long_heads_are_kept_in_part(void **state)
{
	struct run *run = *state;
	const struct result *r;
	g_autoptr(GString) head = g_string_new("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: first\r\n");
	struct script_step step = { 0 };

	for (int i = 0; i < 500; i++)
		g_string_append_printf(head, "A%d: b\r\n", i);
	g_string_append(head, "Location: late\r\n\r\n");
	step.reply = head->str;
	run_script(run, &step, 1);
	r = run_call(run, CALL(.url = NULL));
	expect(r, 200, HG_CLIENT_OK, TRUE);
	assert_string_equal(r->x, "first");
	assert_null(r->location);
}

/* ---- sent once, and whether it was sent ---- */

/* The first call warms up the connection; the far end reads the second and closes. */
static void expect_seen_once(struct run *run, struct hg_client_call call)
{
	RUN_SCRIPT(run, { .reply = OK_X }, { .then = SCRIPT_CLOSE }, { .reply = OK_X });
	expect(run_call(run, CALL(.url = NULL)), 200, HG_CLIENT_OK, TRUE);
	expect(run_call(run, call), 0, HG_CLIENT_CLOSED, TRUE);
	assert_int_equal(script_requests(run->server), 2);
}

static void a_post_is_never_sent_twice(void **state)
{
	expect_seen_once(*state, CALL(.body = "hello", .len = 5));
}

static void a_big_post_is_never_sent_twice(void **state)
{
	g_autofree char *body = g_strnfill(200000, 'x');

	expect_seen_once(*state, CALL(.body = body, .len = 200000));
}

static void a_form_is_never_sent_twice(void **state)
{
	g_autofree char *path = write_file("from a file", 11);
	const struct hg_client_part parts[] = { { .name = "file", .path = path } };

	expect_seen_once(*state, CALL(.parts = parts, .n_parts = 1));
	unlink(path);
}

static void a_file_is_never_sent_twice(void **state)
{
	g_autofree char *path = write_file("from a file", 11);
	const struct hg_client_piece piece = { .path = path };

	expect_seen_once(*state, CALL(.pieces = &piece, .n_pieces = 1));
	unlink(path);
}

static void a_post_without_body_is_never_sent_twice(void **state)
{
	expect_seen_once(*state, CALL(.method = "POST"));
}

static void a_put_is_never_sent_twice(void **state)
{
	expect_seen_once(*state, CALL(.method = "PUT", .body = "x", .len = 1));
}

static void a_delete_is_never_sent_twice(void **state)
{
	expect_seen_once(*state, CALL(.method = "DELETE"));
}

/* What the tests above would see if curl were left alone. */
static void a_get_on_a_dead_connection_is_repeated(void **state)
{
	struct run *run = *state;

	RUN_SCRIPT(run, { .reply = OK_X }, { .then = SCRIPT_CLOSE }, { .reply = OK_X });
	run_call(run, CALL(.url = NULL));
	expect(run_call(run, CALL(.url = NULL)), 200, HG_CLIENT_OK, TRUE);
	assert_int_equal(script_requests(run->server), 3);
}

static void sent_is_false_when_nothing_left(void **state)
{
	struct run *run = *state;
	g_autofree char *label = g_strnfill(70, 'x'), *name = g_strdup_printf("http://%s.invalid/", label);
	g_autofree char *refused = NULL;
	struct script_server *gone;

	gone = script_start(&(struct script_step){ .reply = OK_X }, 1);
	refused = g_strdup_printf("http://127.0.0.1:%u/", script_port(gone));
	script_stop(gone);
	expect(run_call(run, CALL(.url = refused, .body = "x", .len = 1)), 0, HG_CLIENT_CONNECT, FALSE);
	expect(run_call(run, CALL(.url = name, .body = "x", .len = 1)), 0, HG_CLIENT_RESOLVE, FALSE);
	expect(run_call(run, CALL(.url = "http://127.0.0.1:1/", .unix_path = "/nowhere/socket")), 0,
	       HG_CLIENT_CONNECT, FALSE);
}

static void sent_is_true_when_bytes_may_have_left(void **state)
{
	struct run *run = *state;
	struct hg_client_call call = CALL(.body = "x", .len = 1, .timeout_ms = 200);

	RUN_SCRIPT(run, { .then = SCRIPT_HANG }, { .then = SCRIPT_CLOSE }, { .then = SCRIPT_RESET },
		   { .reply = "HTTP/1.1 2", .then = SCRIPT_CLOSE },
		   { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", .then = SCRIPT_CLOSE });
	expect(run_call(run, call), 0, HG_CLIENT_TIMEOUT, TRUE);
	call.timeout_ms = 0;
	expect(run_call(run, call), 0, HG_CLIENT_CLOSED, TRUE);
	expect(run_call(run, call), 0, HG_CLIENT_CLOSED, TRUE);
	assert_true(run_call(run, call)->sent);
	expect(run_call(run, call), 200, HG_CLIENT_CLOSED, TRUE);
	assert_int_equal(script_requests(run->server), 5);
}

static void a_reply_that_drips_meets_the_deadline(void **state)
{
	struct run *run = *state;

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 200 OK\r\n\r\n", .then = SCRIPT_HANG });
	expect(run_call(run, CALL(.timeout_ms = 200)), 200, HG_CLIENT_TIMEOUT, TRUE);
}

static void cancelling_ends_a_call_once(void **state)
{
	struct run *run = *state;
	struct result result = { 0 };
	g_autofree char *url = NULL;
	guint64 id;

	RUN_SCRIPT(run, { .then = SCRIPT_HANG });
	url = run_url(run, "/");
	id = run_begin(run, &CALL(.url = url, .private_ok = TRUE), &result);
	hg_client_cancel(run->client, id);
	hg_client_cancel(run->client, id);
	assert_int_equal(result.count, 1);
	expect(&result, 0, HG_CLIENT_CANCELLED, FALSE);
	run_wait(run);
	result_clear(&result);
}

static void cancelling_a_wrong_call_ends_it_once(void **state)
{
	struct run *run = *state;
	struct result result = { 0 };
	guint64 id = run_begin(run, &CALL(.url = "nonsense"), &result);

	hg_client_cancel(run->client, id);
	assert_int_equal(result.count, 1);
	run_wait(run);
	result_clear(&result);
}

static void stop_when_read(void *arg)
{
	struct run *run = arg;

	if (script_requests(run->server) == 3)
		hg_loop_stop(run->loop);
	else
		hg_loop_timer(run->loop, 1, stop_when_read, run);
}

static void freeing_the_client_ends_every_call_once(void **state)
{
	struct run *run = *state;
	struct result results[3] = { 0 };
	g_autofree char *url = NULL;

	RUN_SCRIPT(run, { .then = SCRIPT_HANG });
	url = run_url(run, "/");
	for (int i = 0; i < 3; i++)
		run_begin(run, &CALL(.url = url, .private_ok = TRUE, .body = "x", .len = 1), &results[i]);
	assert_int_equal(hg_client_busy(run->client), 3);
	stop_when_read(run);
	hg_loop_run(run->loop);
	hg_client_free(g_steal_pointer(&run->client));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(results[i].count, 1);
		expect(&results[i], 0, HG_CLIENT_CANCELLED, TRUE);
		result_clear(&results[i]);
	}
}

static void many_calls_run_side_by_side(void **state)
{
	enum { CALLS = 100 };
	struct run *run = *state;
	struct result results[CALLS] = { 0 };
	g_autofree char *url = NULL;

	RUN_SCRIPT(run, { .reply = OK_X });
	url = run_url(run, "/");
	for (int i = 0; i < CALLS; i++)
		run_begin(run, &CALL(.url = url, .private_ok = TRUE, .body = "x", .len = 1), &results[i]);
	run_wait(run);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(results[i].count, 1);
		expect(&results[i], 200, HG_CLIENT_OK, TRUE);
		result_clear(&results[i]);
	}
	assert_int_equal(script_requests(run->server), CALLS);
	assert_in_range(script_connections(run->server), 1, 16);
}

/* ---- how much comes back ---- */

static void replies_are_bounded_however_they_come(void **state)
{
	struct run *run = *state;
	struct hg_client_call call = CALL(.max_reply = 1000);

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", .then = SCRIPT_HANG },
		   { .reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .then = SCRIPT_REPEAT,
		     .more = "10\r\n0123456789abcdef\r\n" },
		   { .reply = "HTTP/1.1 200 OK\r\n\r\n", .then = SCRIPT_REPEAT, .more = "0123456789" },
		   { .reply = "HTTP/1.1 500 No\r\n\r\n", .then = SCRIPT_REPEAT, .more = "0123456789" },
		   { .reply = OK_X });
	for (int i = 0; i < 3; i++)
		expect(run_call(run, call), 200, HG_CLIENT_BIG, TRUE);
	expect(run_call(run, call), 500, HG_CLIENT_BIG, TRUE);
	call.max_reply = 1;
	expect(run_call(run, call), 200, HG_CLIENT_OK, TRUE);
}

/* 10 MB of zeros in 10 kB. */
static struct script_step gzip_bomb(GString *reply)
{
	enum { SIZE = 10000000 };
	g_autofree guint8 *zeros = g_malloc0(SIZE), *packed = g_malloc(SIZE);
	z_stream z = { .next_in = zeros, .avail_in = SIZE, .next_out = packed, .avail_out = SIZE };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	g_string_printf(reply, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n", z.total_out);
	g_string_append_len(reply, (char *)packed, z.total_out);
	deflateEnd(&z);
	return (struct script_step){ .reply = reply->str, .len = reply->len };
}

static void unpacked_bytes_are_counted(void **state)
{
	struct run *run = *state;
	g_autoptr(GString) reply = g_string_new(NULL);
	struct script_step step = gzip_bomb(reply);

	run_script(run, &step, 1);
	expect(run_call(run, CALL(.gunzip = TRUE)), 200, HG_CLIENT_BIG, TRUE);
	expect(run_call(run, CALL(.gunzip = FALSE)), 200, HG_CLIENT_OK, TRUE);	/* as it came */
	expect(run_call(run, CALL(.gunzip = TRUE, .max_reply = 10000000)), 200, HG_CLIENT_OK, TRUE);
	assert_int_equal(run->last.len, 10000000);
}

static void a_reply_can_be_saved(void **state)
{
	struct run *run = *state;
	g_autofree char *path = NULL, *saved = NULL;
	int fd = g_file_open_tmp("hgXXXXXX", &path, NULL), full = open("/dev/full", O_WRONLY);
	const struct result *r;

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
		   { .reply = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno" },
		   { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" });
	r = run_call(run, CALL(.save_fd = fd));
	expect(r, 200, HG_CLIENT_OK, TRUE);
	assert_string_equal(r->body, "");
	assert_int_equal(r->len, 5);
	r = run_call(run, CALL(.save_fd = fd));
	expect(r, 404, HG_CLIENT_OK, TRUE);
	assert_string_equal(r->body, "no");
	assert_true(g_file_get_contents(path, &saved, NULL, NULL));
	assert_string_equal(saved, "hello");
	expect(run_call(run, CALL(.save_fd = full)), 200, HG_CLIENT_SAVE, TRUE);
	close(fd);
	close(full);
	unlink(path);
}

static gboolean collect(void *arg, const void *bytes, gsize len)
{
	GString *all = arg;

	g_string_append_len(all, bytes, len);
	return !strstr(all->str, "stop");
}

static void a_reply_can_be_taken_as_it_comes(void **state)
{
	struct run *run = *state;
	g_autoptr(GString) all = g_string_new(NULL);

	RUN_SCRIPT(run, { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
		   { .reply = "HTTP/1.1 200 OK\r\n\r\nstop", .then = SCRIPT_HANG });
	expect(run_call(run, CALL(.on_body = collect, .on_body_arg = all)), 200, HG_CLIENT_OK, TRUE);
	assert_string_equal(all->str, "hello");
	expect(run_call(run, CALL(.on_body = collect, .on_body_arg = all)), 200, HG_CLIENT_CANCELLED, TRUE);
}

/* ---- redirects ---- */

static void redirects_are_not_followed_unless_asked(void **state)
{
	struct run *run = *state;
	const struct result *r;

	RUN_SCRIPT(run, { .reply = REDIRECT("/y") });
	r = run_call(run, CALL(.body = "x", .len = 1, .redirects = 3));
	expect(r, 302, HG_CLIENT_REDIRECT, TRUE);
	assert_string_equal(r->location, "/y");
	expect(run_call(run, CALL(.redirects = 0)), 302, HG_CLIENT_REDIRECT, TRUE);
	assert_int_equal(script_requests(run->server), 2);
}

static void redirects_are_followed_three_times(void **state)
{
	struct run *run = *state;
	g_autofree char *request = NULL;
	const char *const headers[] = { "Authorization: secret", NULL };

	RUN_SCRIPT(run, { .reply = REDIRECT("/y?z") }, { .reply = REDIRECT("y") }, { .reply = REDIRECT("../y") },
		   { .reply = OK_X }, { .reply = REDIRECT("/") });
	expect(run_call(run, CALL(.redirects = 9, .headers = headers)), 200, HG_CLIENT_OK, TRUE);
	request = script_request(run->server, 1);
	assert_true(g_str_has_prefix(request, "GET /y?z "));
	assert_non_null(strstr(request, "Authorization: secret"));	/* the same host */
	expect(run_call(run, CALL(.redirects = 9)), 302, HG_CLIENT_REDIRECT, TRUE);
	assert_int_equal(script_requests(run->server), 8);
}

static void another_host_is_followed_only_when_named(void **state)
{
	struct run *run = *state;
	const char *const headers[] = { "Authorization: secret", "X-Api-Key: secret", NULL };
	const char *const named[] = { "127.0.0.1", "localhost", NULL }, *const one[] = { "127.0.0.1", NULL };
	struct hg_client_call call = CALL(.redirects = 3, .headers = headers);
	g_autofree char *request = NULL, *reply = NULL;
	struct script_server *other = script_start(&(struct script_step){ .reply = OK_X }, 1);
	struct script_step step = { 0 };

	reply = g_strdup_printf(REDIRECT("http://localhost:%u/"), script_port(other));
	step.reply = reply;
	run_script(run, &step, 1);
	expect(run_call(run, call), 302, HG_CLIENT_REDIRECT, TRUE);
	call.hosts = one;
	expect(run_call(run, call), 302, HG_CLIENT_BLOCKED, TRUE);
	assert_int_equal(script_connections(other), 0);
	call.hosts = named;
	expect(run_call(run, call), 200, HG_CLIENT_OK, TRUE);
	request = script_request(other, 0);
	assert_null(strstr(request, "secret"));
	script_stop(other);
}

static void redirects_to_other_schemes_are_refused(void **state)
{
	static const char *const targets[] = { "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "http://" };
	struct run *run = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
		g_autofree char *reply = g_strdup_printf(REDIRECT("%s"), targets[i]);
		struct script_step step = { .reply = reply };

		run->server = script_start(&step, 1);
		assert_int_not_equal(run_call(run, CALL(.redirects = 3))->code, HG_CLIENT_OK);
		assert_int_equal(script_requests(run->server), 1);
		script_stop(g_steal_pointer(&run->server));
	}
}

/* ---- where a stranger's URL may lead ---- */

static void private_addresses_are_refused_however_spelled(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "127.1", "127.0.1", "0177.0.0.1", "0x7f.1", "0x7f000001", "2130706433",
		"017700000001", "127.0.0.1.", "localhost.", "LOCALHOST", "%6c%6f%63%61%6c%68%6f%73%74",
		"%31%32%37.0.0.1", "0", "0.0.0.0", "0x0", "00", "0.0", "127.255.255.254", "[::1]", "[::]",
		"[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0.0.0.0]",
		"[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]",
		"[ff02::1]", "[fec0::1]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1%00.example.com",
		"u@127.0.0.1", "example.com@127.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "0000177.0.0.1",
	};
	struct run *run = *state;

	RUN_SCRIPT(run, { .reply = OK_X });
	for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autofree char *url = g_strdup_printf("http://%s:%u/", hosts[i], script_port(run->server));
		const struct result *r = run_strange(run, CALL(.url = url, .timeout_ms = 5000));

		if (r->sent || r->status ||
		    (r->code != HG_CLIENT_BLOCKED && r->code != HG_CLIENT_CALL && r->code != HG_CLIENT_RESOLVE))
			fail_msg("%s: code %d, status %d, %s", hosts[i], r->code, r->status, r->error);
	}
	assert_int_equal(script_connections(run->server), 0);
}

static void private_addresses_are_known(void **state)
{
	static const struct { const char *address; gboolean want; } cases[] = {
		{ "0.0.0.0", 1 }, { "0.255.255.255", 1 }, { "1.0.0.0", 0 }, { "9.255.255.255", 0 }, { "10.0.0.0", 1 },
		{ "10.255.255.255", 1 }, { "11.0.0.0", 0 }, { "100.63.255.255", 0 }, { "100.64.0.0", 1 },
		{ "100.127.255.255", 1 }, { "100.128.0.0", 0 }, { "126.255.255.255", 0 }, { "127.0.0.1", 1 },
		{ "128.0.0.0", 0 }, { "169.253.255.255", 0 }, { "169.254.0.0", 1 }, { "169.255.0.0", 0 },
		{ "172.15.255.255", 0 }, { "172.16.0.0", 1 }, { "172.31.255.255", 1 }, { "172.32.0.0", 0 },
		{ "192.0.0.255", 1 }, { "192.0.1.0", 0 }, { "192.167.255.255", 0 }, { "192.168.0.0", 1 },
		{ "192.169.0.0", 0 }, { "198.17.255.255", 0 }, { "198.18.0.0", 1 }, { "198.19.255.255", 1 },
		{ "198.20.0.0", 0 }, { "223.255.255.255", 0 }, { "224.0.0.0", 1 }, { "255.255.255.255", 1 },
		{ "::", 1 }, { "::1", 1 }, { "::7f00:1", 1 }, { "::ffff:8.8.8.8", 0 }, { "::ffff:10.0.0.1", 1 },
		{ "64:ff9b::808:808", 1 }, { "64:ff9b:1::1", 1 }, { "2002:808:808::1", 1 }, { "2001:db8::1", 0 },
		{ "2606:4700::1111", 0 }, { "fbff::1", 0 }, { "fc00::", 1 }, { "fdff::1", 1 }, { "fe80::1", 1 },
		{ "febf::1", 1 }, { "fec0::1", 1 }, { "ff02::1", 1 }, { "2003::1", 0 },
		{ "::ffff:0:7f00:1", 1 }, { "::fffe:0:7f00:1", 0 }, { "::ffff:1:7f00:1", 0 }, { "2001::1", 1 },
		{ "2001:0:ffff:ffff::", 1 }, { "2001:1::1", 0 }, { "2000:ffff::1", 0 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_client_address_is_private(cases[i].address) != cases[i].want)
			fail_msg("%s: want %d", cases[i].address, cases[i].want);
}

/* The connection is there already, from a call that may go to private addresses. */
static void a_strangers_call_does_not_reuse_a_private_connection(void **state)
{
	struct run *run = *state;

	RUN_SCRIPT(run, { .reply = OK_X });
	expect(run_call(run, CALL(.url = NULL)), 200, HG_CLIENT_OK, TRUE);
	expect(run_strange(run, CALL(.url = NULL)), 0, HG_CLIENT_BLOCKED, FALSE);
	assert_int_equal(script_requests(run->server), 1);
}

static void only_named_hosts_are_called(void **state)
{
	static const struct { const char *host; gboolean want; } cases[] = {
		{ "localhost", 1 }, { "LocalHost", 1 }, { "localhost.", 0 }, { "127.0.0.1", 0 }, { "xlocalhost", 0 },
		{ "localhost.example", 0 }, { "localhos", 0 },
	};
	static const char *const hosts[] = { "example.com", "localhost", NULL };
	struct run *run = *state;
	guint wanted = 0;

	RUN_SCRIPT(run, { .reply = OK_X });
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *url = g_strdup_printf("http://%s:%u/", cases[i].host, script_port(run->server));
		const struct result *r = run_call(run, CALL(.url = url, .hosts = hosts));

		wanted += cases[i].want;
		if (r->code != (cases[i].want ? HG_CLIENT_OK : HG_CLIENT_BLOCKED))
			fail_msg("%s: %d %s", cases[i].host, r->code, r->error);
	}
	assert_int_equal(script_requests(run->server), wanted);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	static const char *const names[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
	struct run *run = *state;
	struct script_server *gone = script_start(&(struct script_step){ .reply = OK_X }, 1);
	g_autofree char *proxy = NULL, *url = g_strdup_printf("http://127.0.0.1:%u/", script_port(gone));

	script_stop(gone);
	RUN_SCRIPT(run, { .reply = OK_X });
	proxy = run_url(run, "");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_setenv(names[i], proxy, TRUE);
	expect(run_call(run, CALL(.url = url)), 0, HG_CLIENT_CONNECT, FALSE);
	assert_int_equal(script_connections(run->server), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_unsetenv(names[i]);
}

/* ---- calls that are wrong, and what errors say ---- */

static void wrong_calls_are_refused(void **state)
{
	static const char *const bad[] = { "A: b\r\nC: d", NULL }, *const bare[] = { "no colon", NULL };
	static const struct hg_client_part part = { .name = "a", .path = "/nowhere" };
	static const struct hg_client_piece piece = { .path = "/nowhere" };
	static const struct hg_client_call calls[] = {
		{ .url = NULL }, { .url = "" }, { .url = "nonsense" }, { .url = "/path" }, { .url = "ftp://example.com/" },
		{ .url = "file:///etc/passwd" }, { .url = "gopher://example.com/" }, { .url = "javascript:1" },
		{ .url = "http://" }, { .url = "http://a b/" }, { .url = "http://a/\r\nX: y" }, { .url = "http://a:99999/" },
		{ .url = "http://user:password@example.com/" },
		{ .url = "http://example.com/", .headers = bad }, { .url = "http://example.com/", .headers = bare },
		{ .url = "http://example.com/", .method = "GET /x" }, { .url = "http://example.com/", .method = "" },
		{ .url = "http://example.com/", .parts = &part, .n_parts = 1 },
		{ .url = "http://example.com/", .pieces = &piece, .n_pieces = 1 },
	};
	struct run *run = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
		struct result result = { 0 };

		run_begin(run, &calls[i], &result);
		run_wait(run);
		if (result.code != HG_CLIENT_CALL || result.sent || !*result.error)
			fail_msg("call %zu: code %d %s", i, result.code, result.error);
		result_clear(&result);
	}
}

static void errors_tell_no_secrets(void **state)
{
	static const char *const urls[] = {
		"http://127.0.0.1:1/SECRET?token=SECRET", "http://10.0.0.1/SECRET", "ftp://SECRET/", "http://a b/SECRET",
		"http://SECRET:SECRET@127.0.0.1:1/",
	};
	static const char *const headers[] = { "Authorization: SECRET\r\n", NULL };
	struct run *run = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		assert_null(strstr(run_call(run, CALL(.url = urls[i], .timeout_ms = 300))->error, "SECRET"));
		assert_null(strstr(run_strange(run, CALL(.url = urls[i], .timeout_ms = 300))->error, "SECRET"));
	}
	assert_null(strstr(run_call(run, CALL(.url = "http://a/", .headers = headers))->error, "SECRET"));
}

static gint64 got_retry;

static void take_retry(void *arg, const struct hg_client_answer *answer)
{
	(void)arg;
	got_retry = hg_client_retry_after(answer, G_GINT64_CONSTANT(1700000000000));
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	static const struct { const char *header; gint64 want; } cases[] = {
		{ "Retry-After: 120", 120000 }, { "Retry-After: 0", 0 }, { "retry-after:7 ", 7000 },
		{ "Retry-After: Tue, 14 Nov 2023 22:14:20 GMT", 60000 }, { "Retry-After: Tue, 14 Nov 2000 22:14:20 GMT", 0 },
		{ "Retry-After: soon", -1 }, { "Retry-After: -5", -1 }, { "Retry-After: 99999999999999", G_MAXINT32 * (gint64)1000 },
		{ "X: y", -1 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *reply = g_strdup_printf("HTTP/1.1 503 No\r\n%s\r\nContent-Length: 0\r\n\r\n", cases[i].header);
		struct script_step step = { .reply = reply };
		struct script_server *server = script_start(&step, 1);
		g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", script_port(server));

		hg_client_sync(&CALL(.url = url, .private_ok = TRUE), take_retry, NULL);
		script_stop(server);
		if (got_retry != cases[i].want)
			fail_msg("%s: got %" G_GINT64_FORMAT, cases[i].header, got_retry);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_start, run_stop)
		TEST(an_answer_has_status_headers_and_body),
		TEST(a_body_is_sent_as_it_is),
		TEST(methods_are_sent_as_named),
		TEST(a_form_has_its_parts), TEST(a_body_has_files_in_it),
		TEST(a_big_file_is_coded_as_it_is_sent),
		TEST(connections_are_used_again),
		TEST(cookies_are_not_kept),
		TEST(only_the_final_head_counts),
		TEST(a_header_with_a_control_in_it_is_none),
	TEST(an_interim_answer_alone_is_none),
	TEST(long_heads_are_kept_in_part),
		TEST(a_post_is_never_sent_twice),
		TEST(a_big_post_is_never_sent_twice),
		TEST(a_form_is_never_sent_twice), TEST(a_file_is_never_sent_twice),
		TEST(a_post_without_body_is_never_sent_twice),
		TEST(a_put_is_never_sent_twice),
		TEST(a_delete_is_never_sent_twice),
		TEST(a_get_on_a_dead_connection_is_repeated),
		TEST(sent_is_false_when_nothing_left),
		TEST(sent_is_true_when_bytes_may_have_left),
		TEST(a_reply_that_drips_meets_the_deadline),
		TEST(cancelling_ends_a_call_once),
		TEST(cancelling_a_wrong_call_ends_it_once),
		TEST(freeing_the_client_ends_every_call_once),
		TEST(many_calls_run_side_by_side),
		TEST(replies_are_bounded_however_they_come),
		TEST(unpacked_bytes_are_counted),
		TEST(a_reply_can_be_saved),
		TEST(a_reply_can_be_taken_as_it_comes),
		TEST(redirects_are_not_followed_unless_asked),
		TEST(redirects_are_followed_three_times),
		TEST(another_host_is_followed_only_when_named),
		TEST(redirects_to_other_schemes_are_refused),
		TEST(private_addresses_are_refused_however_spelled),
		TEST(private_addresses_are_known),
		TEST(a_strangers_call_does_not_reuse_a_private_connection),
		TEST(only_named_hosts_are_called),
		TEST(proxies_of_the_environment_are_ignored),
		TEST(wrong_calls_are_refused),
		TEST(errors_tell_no_secrets),
		TEST(retry_after_is_seconds_or_a_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
