/* http_fixture.c - a server on a loop of its own, and raw sockets to talk to it */
#include <config.h>

#include "http_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "env.h"

#define PATIENCE_S 10

static void route(void *arg, const hg_request *req, struct hg_server_route *ret_route)
{
	static const char *const known[] = { "/echo", "/small", "/defer", "/stream", "/big", NULL };
	const char *path = hg_request_path(req);

	(void)arg;
	ret_route->tag = ret_route;
	if (!strcmp(path, "/small"))
		ret_route->max_body = 10;
	if (!strcmp(path, "/secret")) {
		ret_route->refuse = 401;
		ret_route->header = "WWW-Authenticate: Bearer";
	} else if (!g_strv_contains(known, path)) {
		ret_route->refuse = 404;
		ret_route->why = "nothing is here";
	}
}

static void answer_text(hg_request *req, const char *text, gsize len)
{
	const char *q = hg_request_query(req, "q");
	const char *headers[] = { "X-Good: yes", g_strcmp0(q, "inject") ? NULL : "X-Bad: a\r\nSet-Cookie: b", NULL };
	struct hg_answer answer = {
		.status = 200, .type = g_strcmp0(q, "type") ? "text/plain" : "text/plain\r\nSet-Cookie: b",
		.headers = headers, .body = text, .len = len,
	};

	hg_request_answer(req, &answer);
}

static void echo(hg_request *req)
{
	const char *q = hg_request_query(req, "q"), *x = hg_request_header(req, "x");
	gsize len;
	const char *body = hg_request_body(req, &len);
	g_autofree char *text = g_strdup_printf("%s\n%s\n%s\n%s\n%s\n%s\n", hg_request_method(req),
						hg_request_path(req), q ? q : "-", x ? x : "-",
						hg_request_peer(req), body);

	answer_text(req, text, strlen(text));
}

static void answer_big(hg_request *req)
{
	g_autofree char *body = g_malloc(BIG);

	memset(body, 'b', BIG);
	answer_text(req, body, BIG);
}

static void handle(void *arg, hg_request *req)
{
	struct fixture *f = arg;
	const char *path = hg_request_path(req);

	if (!strcmp(path, "/defer") || !strcmp(path, "/stream"))
		g_async_queue_push(f->handed, req);
	else if (!strcmp(path, "/big"))
		answer_big(req);
	else
		echo(req);
}

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->handed = g_async_queue_new();
	f->ended = g_async_queue_new();
	hg_server_conf_init(&f->conf);
	f->conf.route = route;
	f->conf.handle = handle;
	f->conf.arg = f;
}

void fixture_start(struct fixture *f)
{
	g_autoptr(GError) error = NULL;

	f->loop = hg_loop_new(hg_env_system(), "test", &error);
	g_assert_no_error(error);
	f->server = hg_server_new(f->loop, &f->conf, &error);
	g_assert_no_error(error);
	hg_server_listen(f->server, "127.0.0.1:0", f->tls, &error);
	g_assert_no_error(error);
	if (f->unix_path)
		hg_server_listen_unix(f->server, f->unix_path, 0600, &error);
	g_assert_no_error(error);
	hg_loop_start(f->loop, &error);
	g_assert_no_error(error);
}

void fixture_stop(struct fixture *f)
{
	hg_loop_stop(f->loop);
	hg_loop_join(f->loop);
}

void fixture_done(struct fixture *f)
{
	fixture_stop(f);
	hg_server_free(f->server);
	hg_loop_free(f->loop);
	g_async_queue_unref(f->handed);
	g_async_queue_unref(f->ended);
}

guint fixture_port(const struct fixture *f)
{
	return hg_server_port(f->server, 0);
}

static void *pop(GAsyncQueue *queue)
{
	void *item = g_async_queue_timeout_pop(queue, PATIENCE_S * G_USEC_PER_SEC);

	g_assert_nonnull(item);
	return item;
}

hg_request *fixture_handed(struct fixture *f)
{
	return pop(f->handed);
}

enum hg_stream_end fixture_ended(struct fixture *f)
{
	return GPOINTER_TO_INT(pop(f->ended));
}

struct errand {
	hg_loop_fn *fn;
	void *arg;
	GAsyncQueue *done;
};

static void run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->fn(errand->arg);
	g_async_queue_push(errand->done, errand);
}

void fixture_call(struct fixture *f, hg_loop_fn *fn, void *arg)
{
	struct errand errand = { fn, arg, g_async_queue_new() };

	hg_loop_post(f->loop, run_errand, &errand);
	pop(errand.done);
	g_async_queue_unref(errand.done);
}

struct late_answer {
	hg_request *req;
	const char *body;
};

static void answer_late(void *arg)
{
	struct late_answer *late = arg;

	answer_text(late->req, late->body, strlen(late->body));
}

void fixture_answer(struct fixture *f, hg_request *req, const char *body)
{
	struct late_answer late = { req, body };

	fixture_call(f, answer_late, &late);
}

guint64 fixture_refused(struct fixture *f, const char *word)
{
	const char *at;
	guint64 count;

	for (guint n = 0; hg_server_refused(f->server, n, &at, &count); n++)
		if (!strcmp(at, word))
			return count;
	g_error("no rule is called %s", word);
}

static void nothing(void *arg)
{
	(void)arg;
}

void fixture_wait_connections(struct fixture *f, guint want)
{
	struct hg_server_stats stats;
	gint64 end = hg_mono(hg_env_system()) + PATIENCE_S * 1000;

	do {
		fixture_call(f, nothing, NULL);
		hg_server_stats(f->server, &stats);
		g_assert_cmpint(hg_mono(hg_env_system()), <, end);
	} while (stats.connections != want);
}

/* ---- peers ---- */

static int patient_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { PATIENCE_S, 0 };

	g_assert_cmpint(fd, >=, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

int peer_connect_from(const struct fixture *f, const char *source, int receive_buffer)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(source) };
	int fd = patient_socket(AF_INET);

	if (receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons(fixture_port(f));
	g_assert_cmpint(connect(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
	return fd;
}

int peer_connect(const struct fixture *f)
{
	return peer_connect_from(f, "127.0.0.1", 0);
}

int peer_connect_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = patient_socket(AF_UNIX);

	g_strlcpy(at.sun_path, path, sizeof(at.sun_path));
	g_assert_cmpint(connect(fd, (struct sockaddr *)&at, sizeof(at)), ==, 0);
	return fd;
}

/* A server that has refused may close while we still send. */
gboolean peer_send(int fd, const char *bytes, gsize len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return FALSE;
		bytes += n;
		len -= n;
	}
	return TRUE;
}

void peer_say(int fd, const char *text)
{
	peer_send(fd, text, strlen(text));
}

char *peer_line(int fd)
{
	g_autoptr(GString) line = g_string_new(NULL);
	char c;

	while (recv(fd, &c, 1, 0) == 1) {
		g_string_append_c(line, c);
		if (g_str_has_suffix(line->str, "\r\n")) {
			g_string_truncate(line, line->len - 2);
			return g_strdup(line->str);
		}
	}
	return NULL;
}

char *peer_reply(int fd)
{
	GString *reply = g_string_new(NULL);
	guint64 len = 0;
	gsize head;

	for (;;) {
		g_autofree char *line = peer_line(fd);

		if (!line) {
			g_string_free(reply, TRUE);
			return NULL;
		}
		if (g_str_has_prefix(line, "Content-Length: "))
			len = g_ascii_strtoull(line + 16, NULL, 10);
		g_string_append_printf(reply, "%s\n", line);
		if (!*line)
			break;
	}
	head = reply->len;
	g_string_set_size(reply, head + len);
	for (gsize have = 0; have < len;) {
		ssize_t n = recv(fd, reply->str + head + have, len - have, 0);

		g_assert_cmpint(n, >, 0);
		have += n;
	}
	return g_string_free(reply, FALSE);
}

char *peer_rest(int fd, gsize *ret_len)
{
	GString *rest = g_string_new(NULL);
	char bytes[65536];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		g_string_append_len(rest, bytes, n);
	g_assert_false(n < 0 && errno == EAGAIN);
	if (ret_len)
		*ret_len = rest->len;
	return g_string_free(rest, FALSE);
}

gboolean peer_is_closed(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	return !n || (n < 0 && errno == ECONNRESET);
}

int peer_ask(const struct fixture *f, const char *text)
{
	int fd = peer_connect(f);

	peer_say(fd, text);
	return fd;
}

int peer_status(const char *reply)
{
	return reply && g_str_has_prefix(reply, "HTTP/1.1 ") ? (int)g_ascii_strtoll(reply + 9, NULL, 10) : 0;
}
