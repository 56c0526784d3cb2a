/* listeners.c - so many who listen, and the time until each of them has heard one thing
 *
 *     listeners --port PORT --count N [--ws] [--token API_TOKEN] [--posters 32] [--addresses 16]
 *
 * Step by step, each told of by one line of JSON and begun by a line on standard input:
 *   ready   every visitor has a session and a conversation (not with --ws)
 *   open    as many streams as there can be; "stopped" says why there are not more
 *   heard   each got one message, posted for it alone; times since the first was posted
 * Connections come from several loopback addresses, for one has no more than 28,000 ports.
 * --ws: WebSocket listeners of tests/bench/wsnode/server.js instead of event streams. */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define SILENCE_MS 60000
#define OPENING_MAX 128		/* streams that are being opened at once */
#define BUFFER 16384
#define EVENTS 512

static struct {
	int port, count, posters, addresses;
	gboolean ws;
	char *token;
} plan = { .count = 10000, .posters = 32, .addresses = 16 };

static const GOptionEntry options[] = {
	{ "port", 0, 0, G_OPTION_ARG_INT, &plan.port, "of the server on 127.0.0.1", "PORT" },
	{ "count", 0, 0, G_OPTION_ARG_INT, &plan.count, "listeners [10000]", "N" },
	{ "posters", 0, 0, G_OPTION_ARG_INT, &plan.posters, "connections that post [32]", "N" },
	{ "addresses", 0, 0, G_OPTION_ARG_INT, &plan.addresses, "the listeners come from [16]", "N" },
	{ "ws", 0, 0, G_OPTION_ARG_NONE, &plan.ws, "WebSockets of wsnode/server.js", NULL },
	{ "token", 0, 0, G_OPTION_ARG_STRING, &plan.token, "of the API", "TOKEN" },
	{ NULL, 0, 0, 0, NULL, NULL, NULL }
};

struct visitor {
	char *token, *thread;		/* ours */
	int fd;				/* of the stream; 0: none */
	guint heard_us;			/* since the first was posted; 0: nothing yet */
	gboolean open;
	char tail[24];			/* what came last: an event may come in two reads */
};

struct poster {
	int fd;
	int visitor;			/* it posts for; -1: none */
	gsize got;
	char in[BUFFER];
};

enum step { SESSIONS, THREADS, MESSAGES };
static struct {
	struct visitor *visitors;
	struct poster *posters;
	int epoll;
	enum step step;
	int next, done, opening, opened, heard;
	gint64 begun_us;
	char *stopped;
} run;

G_GNUC_NORETURN G_GNUC_PRINTF(1, 2) static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("listeners: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ---- sockets ---- */

static int connect_from(guint32 source)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(source) };
	int on = 1, err, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	/* The port is chosen for this peer alone. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		at.sin_port = htons((guint16)plan.port);
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
	}
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* data: the number of a visitor, or of a poster behind them. */
static void watch(int fd, int number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = (guint32)number };

	if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll: %s", g_strerror(errno));
}

static void say(int fd, const GString *text)
{
	if (send(fd, text->str, text->len, MSG_NOSIGNAL) != (gssize)text->len)
		die("cannot send: %s", g_strerror(errno));
}

/* ---- posting ---- */

static void add_post(GString *out, const char *path, const char *token, const char *key, const char *body)
{
	g_string_append_printf(out, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n", path);
	if (token)
		g_string_append_printf(out, "Authorization: Bearer %s\r\n", token);
	if (key)
		g_string_append_printf(out, "Idempotency-Key: \"%s\"\r\n", key);
	g_string_append_printf(out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static void add_message(GString *out, int i)
{
	const struct visitor *visitor = &run.visitors[i];
	g_autofree char *key = g_strdup_printf("listener-%08d", i);
	g_autofree char *body = g_strdup_printf("{\"text\":\"Dear visitor %08d, your parcel has left our house this morning and will be "
						"with you tomorrow before noon.\"}", i);
	g_autofree char *path = plan.ws ? g_strdup_printf("/say?to=%d", i)
					: g_strdup_printf("/v1/threads/%s/replies", visitor->thread);

	add_post(out, path, plan.ws ? NULL : plan.token, plan.ws ? NULL : key, body);
}

static void post(struct poster *poster, int i)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *first = NULL;

	poster->visitor = i;
	poster->got = 0;
	switch (run.step) {
	case SESSIONS:
		add_post(out, "/client/v1/session", NULL, NULL, "{\"channel\":\"web\"}");
		break;
	case THREADS:
		first = g_strdup_printf("{\"id\":\"listener-%08d\",\"text\":\"Where is my parcel?\"}", i);
		add_post(out, "/client/v1/threads", run.visitors[i].token, NULL, first);
		break;
	case MESSAGES:
		add_message(out, i);
		break;
	}
	say(poster->fd, out);
}

static void feed(struct poster *poster)
{
	/* Who has no stream gets no message. */
	while (run.step == MESSAGES && run.next < plan.count && !run.visitors[run.next].open)
		run.next++;
	if (run.next < plan.count)
		post(poster, run.next++);
	else
		poster->visitor = -1;
}

/* What stands between quotes behind the first of these words; yours. */
static char *quoted(const char *body, const char *word)
{
	const char *at = strstr(body, word);

	if (!at)
		die("no %s in %.300s", word, body);
	at += strlen(word);
	return g_strndup(at, strcspn(at, "\""));
}

static void posted(struct poster *poster, const char *body)
{
	int status = (int)g_ascii_strtoll(poster->in + strlen("HTTP/1.1 "), NULL, 10);
	struct visitor *visitor = &run.visitors[poster->visitor];

	if (status < 200 || status > 299)
		die("answered %d: %.600s", status, poster->in);
	if (run.step == SESSIONS)
		visitor->token = quoted(body, "\"token\":\"");
	else if (run.step == THREADS)
		visitor->thread = quoted(body, "\"thread\":{\"id\":\"");
	run.done++;
	feed(poster);
}

static void on_poster(struct poster *poster)
{
	gssize n = recv(poster->fd, poster->in + poster->got, sizeof(poster->in) - poster->got - 1, 0);
	gsize head;

	if (n <= 0)
		die("the server hung up: %s", n ? g_strerror(errno) : "no more");
	poster->got += (gsize)n;
	poster->in[poster->got] = '\0';
	head = wire_head(poster->in, poster->got);
	if (head && poster->got >= head + wire_length(poster->in, head))
		posted(poster, poster->in + head);
}

/* ---- listening ---- */

static gboolean has(const struct visitor *visitor, const char *bytes, gsize n, const char *what)
{
	g_autofree char *all = g_malloc(sizeof(visitor->tail) + n);
	gsize tail = strlen(visitor->tail);

	memcpy(all, visitor->tail, tail);
	memcpy(all + tail, bytes, n);
	return memmem(all, tail + n, what, strlen(what)) != NULL;
}

static void keep_tail(struct visitor *visitor, const char *bytes, gsize n)
{
	gsize most = MIN(n, sizeof(visitor->tail) - 1);

	memcpy(visitor->tail, bytes + n - most, most);
	visitor->tail[most] = '\0';
}

/* The server has no room for more; why is what it says of it, or what the kernel does. */
static void refused(struct visitor *visitor, const char *why)
{
	const char *detail = strstr(why, "\"detail\":\"");

	if (!run.stopped)
		run.stopped = detail ? g_strndup(detail + 10, strcspn(detail + 10, "\"")) : g_strdup(why);
	close(visitor->fd);
	visitor->fd = 0;
	run.opening--;
}

static void on_listener(struct visitor *visitor)
{
	char bytes[BUFFER];
	gssize n = recv(visitor->fd, bytes, sizeof(bytes) - 1, 0);

	bytes[MAX(n, 0)] = '\0';
	if (n <= 0 && !visitor->open) {
		refused(visitor, n ? g_strerror(errno) : "the server hung up");
		return;
	}
	if (n <= 0)
		die("a stream ended: %s", n ? g_strerror(errno) : "no more");
	if (!visitor->open) {
		if (!has(visitor, bytes, (gsize)n, plan.ws ? "\r\n\r\n" : ":\n\n")) {
			if (has(visitor, bytes, (gsize)n, "problem+json")) {
				refused(visitor, bytes);
				return;
			}
			keep_tail(visitor, bytes, (gsize)n);
			return;
		}
		visitor->open = TRUE;
		run.opening--;
		run.opened++;
	} else if (!visitor->heard_us && has(visitor, bytes, (gsize)n, "Dear visitor")) {
		visitor->heard_us = (guint)(g_get_monotonic_time() - run.begun_us);
		run.heard++;
	}
	keep_tail(visitor, bytes, (gsize)n);
}

static void open_one(int i)
{
	struct visitor *visitor = &run.visitors[i];
	g_autoptr(GString) out = g_string_new(NULL);
	int fd = connect_from(INADDR_LOOPBACK + 1 + (guint32)(i % plan.addresses));

	if (fd < 0) {
		run.stopped = g_strdup(g_strerror(errno));
		return;
	}
	visitor->fd = fd;
	if (plan.ws)
		g_string_append_printf(out, "GET /ws?me=%d HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
				       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", i);
	else
		g_string_append_printf(out, "GET /client/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
				       "Authorization: Bearer %s\r\n\r\n", visitor->token);
	say(fd, out);
	run.opening++;
	watch(fd, i);
}

/* ---- turning ---- */

static void turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(run.epoll, events, EVENTS, SILENCE_MS);

	if (n <= 0)
		die("nothing happened for %d s (%d of %d posted, %d open, %d heard)", SILENCE_MS / 1000, run.done, plan.count,
		    run.opened, run.heard);
	for (int i = 0; i < n; i++) {
		int number = (int)events[i].data.u32;

		if (number < plan.count)
			on_listener(&run.visitors[number]);
		else
			on_poster(&run.posters[number - plan.count]);
	}
}

static void post_all(enum step step)
{
	run.step = step;
	run.next = run.done = 0;
	for (int i = 0; i < plan.posters; i++)
		feed(&run.posters[i]);
}

static double seconds(void)
{
	return (double)(g_get_monotonic_time() - run.begun_us) / G_USEC_PER_SEC;
}

static void wait_for_word(void)
{
	char line[16];

	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static void get_ready(void)
{
	run.begun_us = g_get_monotonic_time();
	for (int step = SESSIONS; step <= THREADS && !plan.ws; step++) {
		post_all((enum step)step);
		while (run.done < plan.count)
			turn();
	}
	printf("{\"step\":\"ready\",\"seconds\":%.3f}\n", seconds());
	wait_for_word();
}

static void open_all(void)
{
	run.begun_us = g_get_monotonic_time();
	for (int i = 0; i < plan.count && !run.stopped; i++) {
		open_one(i);
		while (run.opening >= OPENING_MAX)
			turn();
	}
	while (run.opening)
		turn();
	printf("{\"step\":\"open\",\"opened\":%d,\"stopped\":\"%s\",\"seconds\":%.3f}\n", run.opened, run.stopped ?: "", seconds());
	wait_for_word();
}

static void hear_all(void)
{
	g_autoptr(GArray) took = g_array_new(FALSE, FALSE, sizeof(guint32));
	double posted_s = 0;

	run.begun_us = g_get_monotonic_time();
	post_all(MESSAGES);
	while (run.heard < run.opened || run.done < run.opened) {
		turn();
		if (run.done == run.opened && posted_s == 0)
			posted_s = seconds();
	}
	for (int i = 0; i < plan.count; i++)
		if (run.visitors[i].open)
			g_array_append_val(took, run.visitors[i].heard_us);
	g_array_sort(took, wire_compare);
	printf("{\"step\":\"heard\",\"heard\":%d,\"posted_s\":%.3f,\"median_s\":%.3f,\"last_s\":%.3f}\n", run.heard, posted_s,
	       wire_percentile_ms(took, 0.5) / 1e3, wire_percentile_ms(took, 1) / 1e3);
	wait_for_word();
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	struct rlimit limit;

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, NULL) || !plan.port || plan.count < 1 || plan.posters < 1 ||
	    plan.addresses < 1)
		die("see the top of listeners.c for what it wants");
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.visitors = g_new0(struct visitor, plan.count);
	run.posters = g_new0(struct poster, plan.posters);
	for (int i = 0; i < plan.posters; i++) {
		run.posters[i].fd = connect_from(INADDR_LOOPBACK);
		if (run.posters[i].fd < 0)
			die("cannot connect: %s", g_strerror(errno));
		watch(run.posters[i].fd, plan.count + i);
	}
	get_ready();
	open_all();
	hear_all();
	return 0;
}
