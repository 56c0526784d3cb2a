/* script_server.c - a far end that does exactly what a script says, byte by byte */
#include <config.h>

#include "script_server.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct script_server {
	struct script_step *steps;	/* a copy: the caller's may be gone while a thread still sends */
	gsize n_steps;
	int listener;
	guint port;
	GThread *acceptor;
	GMutex lock;
	GCond changed;
	GPtrArray *threads, *requests;	/* under lock */
	GArray *sockets;		/* under lock: open ones, shut down at the end */
	guint connections;
};

struct visit {
	struct script_server *server;
	int fd;
};

static gsize body_length(const char *head)
{
	g_autofree char *lower = g_ascii_strdown(head, -1);
	const char *at = strstr(lower, "\r\ncontent-length:");

	return at ? g_ascii_strtoull(at + 17, NULL, 10) : 0;
}

/* FALSE when the client has left. */
static gboolean read_request(int fd, GString *request)
{
	const char *end = NULL;
	char c;

	while (!end) {
		if (recv(fd, &c, 1, 0) != 1)
			return FALSE;
		g_string_append_c(request, c);
		end = g_str_has_suffix(request->str, "\r\n\r\n") ? request->str : NULL;
	}
	for (gsize left = body_length(request->str); left; left--) {
		if (recv(fd, &c, 1, 0) != 1)
			return FALSE;
		g_string_append_c(request, c);
	}
	return TRUE;
}

static const struct script_step *next_step(struct script_server *server, GString *request)
{
	gsize n;

	g_mutex_lock(&server->lock);
	n = server->requests->len;
	g_ptr_array_add(server->requests, g_strdup(request->str));
	g_cond_broadcast(&server->changed);
	g_mutex_unlock(&server->lock);
	return &server->steps[MIN(n, server->n_steps - 1)];
}

static gboolean say(int fd, const char *bytes, gsize len)
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

/* FALSE: the connection is over. */
static gboolean play(int fd, const struct script_step *step)
{
	struct linger now = { 1, 0 };
	char c;

	if (step->reply)
		say(fd, step->reply, step->len);
	switch (step->then) {
	case SCRIPT_KEEP:
		return TRUE;
	case SCRIPT_REPEAT:
		while (say(fd, step->more, strlen(step->more)))
			;
		return FALSE;
	case SCRIPT_HANG:
		while (recv(fd, &c, 1, 0) == 1)
			;
		return FALSE;
	case SCRIPT_RESET:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		return FALSE;
	case SCRIPT_CLOSE:
		break;
	}
	return FALSE;
}

static void forget_socket(struct script_server *server, int fd)
{
	g_mutex_lock(&server->lock);
	for (guint i = 0; i < server->sockets->len; i++) {
		if (g_array_index(server->sockets, int, i) == fd) {
			g_array_remove_index_fast(server->sockets, i);
			break;
		}
	}
	close(fd);
	g_mutex_unlock(&server->lock);
}

static gpointer serve(gpointer arg)
{
	g_autofree struct visit *visit = arg;
	gboolean open = TRUE;

	while (open) {
		g_autoptr(GString) request = g_string_new(NULL);

		open = read_request(visit->fd, request) &&
		       play(visit->fd, next_step(visit->server, request));
	}
	forget_socket(visit->server, visit->fd);
	return NULL;
}

static gpointer accept_all(gpointer arg)
{
	struct script_server *server = arg;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		struct visit *visit = g_new(struct visit, 1);

		*visit = (struct visit){ server, fd };
		g_mutex_lock(&server->lock);
		server->connections++;
		g_array_append_val(server->sockets, fd);
		g_ptr_array_add(server->threads, g_thread_new("script", serve, visit));
		g_mutex_unlock(&server->lock);
	}
	return NULL;
}

struct script_server *script_start(const struct script_step *steps, gsize n)
{
	struct script_server *server = g_new0(struct script_server, 1);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	server->steps = g_memdup2(steps, n * sizeof(*steps));
	server->n_steps = n;
	for (gsize i = 0; i < n; i++) {
		struct script_step *step = &server->steps[i];

		step->len = step->len ? step->len : step->reply ? strlen(step->reply) : 0;
		step->reply = g_memdup2(step->reply, step->len);
		step->more = g_strdup(step->more);
	}
	server->threads = g_ptr_array_new();
	server->requests = g_ptr_array_new_with_free_func(g_free);
	server->sockets = g_array_new(FALSE, FALSE, sizeof(int));
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(server->listener, (struct sockaddr *)&at, len), ==, 0);
	g_assert_cmpint(listen(server->listener, 64), ==, 0);
	getsockname(server->listener, (struct sockaddr *)&at, &len);
	server->port = ntohs(at.sin_port);
	server->acceptor = g_thread_new("script", accept_all, server);
	return server;
}

void script_stop(struct script_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	g_thread_join(server->acceptor);
	g_mutex_lock(&server->lock);
	for (guint i = 0; i < server->sockets->len; i++)
		shutdown(g_array_index(server->sockets, int, i), SHUT_RDWR);
	g_mutex_unlock(&server->lock);
	for (guint i = 0; i < server->threads->len; i++)
		g_thread_join(g_ptr_array_index(server->threads, i));
	close(server->listener);
	for (gsize i = 0; i < server->n_steps; i++) {
		g_free((char *)server->steps[i].reply);
		g_free((char *)server->steps[i].more);
	}
	g_free(server->steps);
	g_ptr_array_free(server->threads, TRUE);
	g_ptr_array_free(server->requests, TRUE);
	g_array_free(server->sockets, TRUE);
	g_free(server);
}

guint script_port(const struct script_server *server)
{
	return server->port;
}

guint script_connections(struct script_server *server)
{
	guint n;

	g_mutex_lock(&server->lock);
	n = server->connections;
	g_mutex_unlock(&server->lock);
	return n;
}

guint script_requests(struct script_server *server)
{
	guint n;

	g_mutex_lock(&server->lock);
	n = server->requests->len;
	g_mutex_unlock(&server->lock);
	return n;
}

char *script_request(struct script_server *server, guint n)
{
	char *copy;

	g_mutex_lock(&server->lock);
	g_assert_cmpint(n, <, server->requests->len);
	copy = g_strdup(g_ptr_array_index(server->requests, n));
	g_mutex_unlock(&server->lock);
	return copy;
}

void script_wait_requests(struct script_server *server, guint want)
{
	g_mutex_lock(&server->lock);
	while (server->requests->len < want)
		g_cond_wait(&server->changed, &server->lock);
	g_mutex_unlock(&server->lock);
}
