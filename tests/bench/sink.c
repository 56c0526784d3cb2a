/* sink.c - a helpdesk that says 200 {} to every event, and counts
 *
 *     sink [PORT [busy]]
 *
 * busy: it says 429 and Retry-After to every event, and counts posts only.  Prints the port it listens on (127.0.0.1) and serves until it is killed.  GET answers with
 * counts as JSON: POSTs, distinct webhook-ids, distinct ids of ticket.requested, events that came
 * out of their thread's order, when the first and the last new id came, and how long after the
 * webhook (load.c writes that moment into the message) its ticket.requested was here. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define REQUEST_MAX (4 << 20)
#define READ_BYTES 65536

static struct {
	gint64 posts, tickets, out_of_order, first_us, last_us;
	GHashTable *ids;		/* webhook-id -> itself */
	GHashTable *threads;		/* id -> sequence of its last event */
	GArray *took_us;
} seen;

struct conn {
	int fd;
	GString *in;
};
static int poll_fd;
static gboolean busy;

/* ---- what an event says ---- */

/* The member's value up to the next quote, comma or brace; NULL when it is not there. */
static char *member(const char *body, gsize len, const char *key)
{
	const char *at = memmem(body, len, key, strlen(key));
	gsize n;

	if (!at)
		return NULL;
	at += strlen(key);
	n = strcspn(at, "\",}");
	return g_strndup(at, n);
}

static void count_order(const char *body, gsize len)
{
	char *thread = member(body, len, "\"thread\":{\"id\":\"");
	g_autofree char *text = member(body, len, "\"sequence\":");
	guint64 sequence = text ? g_ascii_strtoull(text, NULL, 10) : 0;

	if (!thread || !sequence) {
		g_free(thread);
		return;
	}
	if (sequence <= GPOINTER_TO_SIZE(g_hash_table_lookup(seen.threads, thread)))
		seen.out_of_order++;
	g_hash_table_insert(seen.threads, thread, GSIZE_TO_POINTER(sequence));
}

static void count_time(const char *body, gsize len, gint64 now_us)
{
	g_autofree char *text = member(body, len, "[us:");
	guint32 took_us = text ? (guint32)MAX(now_us - g_ascii_strtoll(text, NULL, 10), 0) : 0;

	if (text)
		g_array_append_val(seen.took_us, took_us);
}

static void count_event(const char *head, gsize head_len, const char *body, gsize len)
{
	const char *id = wire_header(head, head_len, "\r\nwebhook-id:");
	gint64 now_us = g_get_monotonic_time();

	seen.posts++;
	if (busy)
		return;
	/* Another attempt of one that is here counts for nothing more. */
	if (!id || !g_hash_table_add(seen.ids, g_strndup(id, strcspn(id, "\r"))))
		return;
	seen.first_us = seen.first_us ?: now_us;
	seen.last_us = now_us;
	count_order(body, len);
	if (g_str_has_prefix(body, "{\"type\":\"ticket.requested\"")) {
		seen.tickets++;
		count_time(body, len, now_us);
	}
}

static char *counts(void)
{
	g_array_sort(seen.took_us, wire_compare);
	return g_strdup_printf("{\"posts\":%" G_GINT64_FORMAT ",\"distinct\":%u,\"tickets\":%" G_GINT64_FORMAT
			       ",\"threads\":%u,\"out_of_order\":%" G_GINT64_FORMAT ",\"first_us\":%" G_GINT64_FORMAT
			       ",\"last_us\":%" G_GINT64_FORMAT ",\"p50_ms\":%.3f,\"p99_ms\":%.3f}", seen.posts,
			       g_hash_table_size(seen.ids), seen.tickets, g_hash_table_size(seen.threads),
			       seen.out_of_order, seen.first_us, seen.last_us,
			       wire_percentile_ms(seen.took_us, 0.5), wire_percentile_ms(seen.took_us, 0.99));
}

/* ---- connections ---- */
static void answer(struct conn *conn, const char *status, const char *json)
{
	g_autofree char *reply = g_strdup_printf("HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
						 "Content-Length: %zu\r\n\r\n%s", status, strlen(json), json);

	if (send(conn->fd, reply, strlen(reply), MSG_NOSIGNAL) != (ssize_t)strlen(reply))
		fprintf(stderr, "sink: cannot answer: %s\n", g_strerror(errno));
}

/* TRUE: a request was taken, there may be another. */
static gboolean take_request(struct conn *conn)
{
	gsize head = wire_head(conn->in->str, conn->in->len);
	gsize all = head + (head ? wire_length(conn->in->str, head) : 0);

	if (!head || conn->in->len < all)
		return FALSE;
	if (g_str_has_prefix(conn->in->str, "GET ")) {
		g_autofree char *json = counts();

		answer(conn, "200 OK", json);
	} else {
		count_event(conn->in->str, head, conn->in->str + head, all - head);
		answer(conn, busy ? "429 Too Many Requests\r\nRetry-After: 1" : "200 OK", "{}");
	}
	g_string_erase(conn->in, 0, (gssize)all);
	return TRUE;
}

static void take_in(struct conn *conn)
{
	gsize had = conn->in->len;
	ssize_t n;

	g_string_set_size(conn->in, had + READ_BYTES);
	n = recv(conn->fd, conn->in->str + had, READ_BYTES, MSG_DONTWAIT);
	g_string_truncate(conn->in, had + (gsize)MAX(n, 0));
	if (n <= 0 || conn->in->len > REQUEST_MAX) {
		close(conn->fd);
		g_string_free(conn->in, TRUE);
		g_free(conn);
		return;
	}
	while (take_request(conn))
		;
}

static void accept_one(int listener)
{
	struct conn *conn;
	struct epoll_event event = { .events = EPOLLIN };
	int on = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn = g_new0(struct conn, 1);
	conn->fd = fd;
	conn->in = g_string_new(NULL);
	event.data.ptr = conn;
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(guint16 port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	struct epoll_event event = { .events = EPOLLIN };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 256) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		fprintf(stderr, "sink: cannot listen: %s\n", g_strerror(errno));
		exit(1);
	}
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	struct epoll_event events[256];
	int listener;

	seen.ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	seen.threads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	seen.took_us = g_array_new(FALSE, FALSE, sizeof(guint32));
	busy = argc > 2 && strcmp(argv[2], "busy") == 0;
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_on(argc > 1 ? (guint16)g_ascii_strtoull(argv[1], NULL, 10) : 0);
	for (;;) {
		int n = epoll_wait(poll_fd, events, G_N_ELEMENTS(events), -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.ptr)
				take_in(events[i].data.ptr);
			else
				accept_one(listener);
	}
}
