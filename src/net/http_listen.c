/* http_listen.c - where the HTTP server listens: addresses and sockets in the file system */
#include <config.h>

#include "http_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fail.h"
#include "log.h"
#include "loop.h"

#define BACKLOG 1024
#define REST_MS 200		/* how long accepting rests when the process is out of descriptors */

struct hg_listener {
	hg_server *server;
	struct evconnlistener *accepting;
	char *path;		/* of a unix socket, or NULL */
	dev_t device;		/* of the socket file, so that only ours is removed */
	ino_t inode;
	guint port;		/* 0 for a unix socket */
	gboolean tls;
	guint64 rest_timer;
};

static void on_accept(struct evconnlistener *accepting, evutil_socket_t fd, struct sockaddr *from, int from_len,
		      void *arg)
{
	struct hg_listener *listener = arg;

	(void)accepting;
	(void)from_len;
	hg_server_take(listener->server, fd, from, listener->path != NULL, listener->tls);
}

static void on_rested(void *arg)
{
	struct hg_listener *listener = arg;

	listener->rest_timer = 0;
	evconnlistener_enable(listener->accepting);
}

/* Out of descriptors or memory: the connection stays in the backlog, and asking again at once
 * would only burn the processor. */
static void on_accept_error(struct evconnlistener *accepting, void *arg)
{
	struct hg_listener *listener = arg;
	int err = EVUTIL_SOCKET_ERROR();

	hg_warn(NULL, "http.accept", "cannot accept a connection: %s; trying again in %d ms "
		"(is the limit of open files too low?)", g_strerror(err), REST_MS);
	evconnlistener_disable(accepting);
	if (!listener->rest_timer)
		listener->rest_timer = hg_loop_timer(listener->server->loop, REST_MS, on_rested, listener);
}

static gboolean path_is_ours(const struct hg_listener *listener)
{
	struct stat st;

	return !lstat(listener->path, &st) && st.st_dev == listener->device && st.st_ino == listener->inode;
}

void hg_listener_free(void *data)
{
	struct hg_listener *listener = data;

	hg_loop_untimer(listener->server->loop, listener->rest_timer);
	if (listener->path && path_is_ours(listener))
		unlink(listener->path);
	if (listener->accepting)
		evconnlistener_free(listener->accepting);
	g_free(listener->path);
	g_free(listener);
}

/* Takes fd. */
static gboolean add_listener(hg_server *server, int fd, struct hg_listener *listener, GError **error)
{
	listener->server = server;
	listener->accepting = evconnlistener_new(hg_loop_base(server->loop), on_accept, listener,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
						 BACKLOG, fd);
	if (!listener->accepting) {
		int err = errno;

		close(fd);
		hg_listener_free(listener);
		return hg_fail(error, HG_ERROR_BROKEN, "cannot listen: %s", g_strerror(err));
	}
	evconnlistener_set_error_cb(listener->accepting, on_accept_error);
	g_ptr_array_add(server->listeners, listener);
	return TRUE;
}

/* Connections inherit these on Linux: replies leave at once, and a stream's dead peer is noticed
 * after two minutes where nothing is on its way, and after one where something is. */
static void set_tcp_options(int fd)
{
	static const struct { int level, name, value; } options[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1 }, { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 20 }, { IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 60 * 1000 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static guint port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &len))
		return 0;
	return ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
					     : ((struct sockaddr_in6 *)&at)->sin6_port);
}

static int bound_socket(const struct sockaddr *at, socklen_t len)
{
	int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -1;
	if (at->sa_family != AF_UNIX)
		set_tcp_options(fd);
	if (!bind(fd, at, len))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* "127.0.0.1:8420" or "[::1]:8420"; the port may be 0.  Returns the length, 0 when it is neither. */
static socklen_t parse_place(const char *where, struct sockaddr_storage *ret_at)
{
	const char *colon = strrchr(where, ':');
	struct sockaddr_in *four = (struct sockaddr_in *)ret_at;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_at;
	g_autofree char *host = NULL;
	guint64 port;

	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
		return 0;
	memset(ret_at, 0, sizeof(*ret_at));
	host = g_strndup(where, colon - where);
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	if (where[0] != '[' || colon[-1] != ']')
		return 0;
	host[strlen(host) - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof(*six);
}

gboolean hg_server_listen(hg_server *server, const char *where, gboolean tls, GError **error)
{
	struct sockaddr_storage at;
	socklen_t len = parse_place(where, &at);
	struct hg_listener *listener;
	int fd;

	if (!len)
		return hg_fail(error, HG_ERROR_CONFIG, "\"%s\" is no place to listen on; write an address "
			       "and a port such as 127.0.0.1:8420 or [::]:8420", where);
	if (tls && !server->tls)
		return hg_fail(error, HG_ERROR_CONFIG, "listening on %s with TLS needs a certificate and "
			       "a key", where);
	fd = bound_socket((struct sockaddr *)&at, len);
	if (fd < 0)
		/* Somebody else has it now, or the interface is not up yet: another start may work. */
		return hg_fail(error, errno == EADDRINUSE || errno == EADDRNOTAVAIL ? HG_ERROR_BUSY : HG_ERROR_CONFIG,
			       "cannot listen on %s: %s", where, g_strerror(errno));
	listener = g_new0(struct hg_listener, 1);
	listener->tls = tls;
	listener->port = port_of(fd);
	if (add_listener(server, fd, listener, error))
		return TRUE;
	g_prefix_error(error, "%s: ", where);
	return FALSE;
}

/* A socket file that nobody listens on any more is left behind by a kill or a power cut. */
static gboolean remove_stale(const struct sockaddr_un *at, GError **error)
{
	struct stat st;
	int fd, living;

	if (lstat(at->sun_path, &st))
		return TRUE;
	if (!S_ISSOCK(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "%s is in the way and no socket", at->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	living = fd >= 0 && (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) || errno == EAGAIN);
	if (fd >= 0)
		close(fd);
	if (living)
		return hg_fail(error, HG_ERROR_STATE, "another process listens on %s", at->sun_path);
	if (unlink(at->sun_path) && errno != ENOENT)
		return hg_fail(error, HG_ERROR_CONFIG, "cannot remove stale socket %s: %s", at->sun_path,
			       g_strerror(errno));
	return TRUE;
}

static gboolean note_socket_file(struct hg_listener *listener, mode_t mode, GError **error)
{
	struct stat st;

	if (chmod(listener->path, mode) || lstat(listener->path, &st))
		return hg_fail(error, HG_ERROR_CONFIG, "cannot set the mode of %s: %s", listener->path,
			       g_strerror(errno));
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return TRUE;
}

gboolean hg_server_listen_unix(hg_server *server, const char *path, mode_t mode, GError **error)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct hg_listener *listener;
	mode_t before;
	int fd;

	if (g_strlcpy(at.sun_path, path, sizeof(at.sun_path)) >= sizeof(at.sun_path))
		return hg_fail(error, HG_ERROR_CONFIG, "socket path %s has more than %zu bytes", path,
			       sizeof(at.sun_path) - 1);
	if (!remove_stale(&at, error))
		return FALSE;
	before = umask(0777);		/* nobody connects before the mode is set */
	fd = bound_socket((struct sockaddr *)&at, sizeof(at));
	umask(before);
	if (fd < 0)
		return hg_fail(error, HG_ERROR_CONFIG, "cannot listen on %s: %s", path, g_strerror(errno));
	listener = g_new0(struct hg_listener, 1);
	listener->server = server;
	listener->path = g_strdup(path);
	if (note_socket_file(listener, mode, error))
		return add_listener(server, fd, listener, error);
	close(fd);
	hg_listener_free(listener);
	return FALSE;
}

guint hg_server_port(const hg_server *server, guint n)
{
	for (guint i = 0; i < server->listeners->len; i++) {
		const struct hg_listener *listener = g_ptr_array_index(server->listeners, i);

		if (!listener->path && !n--)
			return listener->port;
	}
	return 0;
}
