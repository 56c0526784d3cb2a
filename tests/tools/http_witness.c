/* http_witness.c - our HTTP server without headgate behind it: says for each request what it saw
 *
 * usage: http_witness TRUSTED_PROXY...
 *
 * Listens on a free port of 127.0.0.1, prints the port, then one line of JSON for each whole request:
 * {"id":X-Proxy-Id or null,"length":X-Proxy-Length or null,"method":,"target":,"peer":,"body":hexadecimal}.
 * The answer has "X-Seen: ID".  By the first segment of the path: /deny is refused at its head, /empty is answered by 204,
 * /stream in chunks, /last closes; all else is 200 with a text.  Ends when its standard input does. */
#include <config.h>

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "http_server.h"
#include "json.h"
#include "loop.h"
#include "text.h"

#define BODY_MAX (64 << 10)

static gboolean is_under(const hg_request *req, const char *segment)
{
	return g_str_has_prefix(hg_request_path(req), segment);
}

static void route(void *arg, const hg_request *req, struct hg_server_route *route)
{
	(void)arg;
	route->max_body = BODY_MAX;
	if (is_under(req, "/deny")) {
		route->refuse = 403;
		route->why = "no";
	}
}

static void testify(const hg_request *req)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *target = NULL, *body = NULL;
	const char *query = hg_request_raw_query(req), *bytes;
	gsize len;

	bytes = hg_request_body(req, &len);
	body = hg_hex(bytes, len);
	target = g_strconcat(hg_request_raw_path(req), *query ? "?" : "", query, NULL);
	hg_json_open(line, '{');
	hg_json_add_str(line, "id", hg_request_header(req, "X-Proxy-Id"));
	hg_json_add_str(line, "length", hg_request_header(req, "X-Proxy-Length"));
	hg_json_add_str(line, "method", hg_request_method(req));
	hg_json_add_str(line, "target", target);
	hg_json_add_str(line, "peer", hg_request_peer(req));
	hg_json_add_str(line, "body", body);
	hg_json_close(line, '}');
	puts(line->str);
}

static void answer_stream(hg_request *req, const char *const *headers)
{
	hg_stream *stream = hg_request_stream(req, &(struct hg_stream_head){
		.status = 200, .type = "text/plain", .headers = headers });

	for (int i = 0; i < 3; i++)
		hg_stream_write(stream, "part\n", 5);
	hg_stream_finish(stream);
}

static void handle(void *arg, hg_request *req)
{
	const char *id = hg_request_header(req, "X-Proxy-Id");
	g_autofree char *seen = g_strconcat("X-Seen: ", id ? id : "nobody", NULL);
	const char *headers[] = { seen, NULL };
	struct hg_answer answer = { .status = 200, .type = "text/plain", .headers = headers, .body = "seen\n", .len = 5 };

	(void)arg;
	testify(req);
	if (is_under(req, "/stream")) {
		answer_stream(req, headers);
		return;
	}
	if (is_under(req, "/empty"))
		answer = (struct hg_answer){ .status = 204, .headers = headers };
	answer.close = is_under(req, "/last");
	hg_request_answer(req, &answer);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	char bytes[100];

	(void)what;
	if (read(fd, bytes, sizeof(bytes)) <= 0)
		hg_loop_stop(arg);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_loop) loop = hg_loop_new(hg_env_system(), "witness", &error);
	g_autoptr(hg_server) server = NULL;
	struct hg_server_conf conf;
	struct event *input;

	(void)argc;
	hg_server_conf_init(&conf);
	conf.route = route;
	conf.handle = handle;
	conf.trusted_proxies = (const char *const *)argv + 1;
	server = loop ? hg_server_new(loop, &conf, &error) : NULL;
	if (!server || !hg_server_listen(server, "127.0.0.1:0", FALSE, &error)) {
		fprintf(stderr, "http_witness: %s\n", error->message);
		return 1;
	}
	printf("%u\n", hg_server_port(server, 0));
	fflush(stdout);
	input = event_new(hg_loop_base(loop), STDIN_FILENO, EV_READ | EV_PERSIST, on_input, loop);
	event_add(input, NULL);
	hg_loop_run(loop);
	event_free(input);
	return 0;
}
