/* http_conn.c - one connection: bytes in, deadlines, bytes out */
#include <config.h>

#include "http_conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "loop.h"

#define AHEAD_MAX 65536		/* bytes read ahead of a request that is being answered */
#define LINGER_MAX (32 << 20)	/* bytes thrown away after a refusal: a proxy that has buffered a whole
				 * upload sends all of it before it looks for our answer */
#define PROGRESS 65536		/* bytes a reader has to take within write_ms, or all there are */

static void conn_process(struct hg_conn *conn);

/* ---- deadlines: the timer is armed once and looks; most requests never touch it ---- */

static void arm(struct hg_conn *conn, gint64 now)
{
	struct timeval span;
	gint64 ms;

	if (conn->deadline >= conn->armed)	/* none at all is G_MAXINT64 */
		return;
	ms = MAX(conn->deadline - now, 1);
	span = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	conn->armed = conn->deadline;
	event_add(&conn->timer, &span);
}

static gint64 after(gint64 now, gint64 ms)
{
	return ms > 0 ? now + ms : G_MAXINT64;
}

gsize hg_conn_pending(const struct hg_conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

static void mark_progress(struct hg_conn *conn, gint64 now)
{
	gsize pending = hg_conn_pending(conn);

	conn->deadline = pending ? after(now, conn->server->conf.write_ms) : G_MAXINT64;
	conn->mark = conn->queued - pending + MIN(pending, PROGRESS);
}

static void reader_is_late(struct hg_conn *conn, gint64 now)
{
	if (conn->queued - hg_conn_pending(conn) >= conn->mark) {
		mark_progress(conn, now);
		return;
	}
	hg_server_count(conn->server, HG_RULE_DEADLINE_WRITE);
	hg_conn_close(conn, HG_STREAM_SLOW);
}

static void expired(struct hg_conn *conn, gint64 now)
{
	switch (conn->phase) {
	case HG_CONN_HEAD:
		hg_conn_refuse(conn, HG_RULE_DEADLINE_HEAD);
		break;
	case HG_CONN_BODY:
		hg_conn_refuse(conn, HG_RULE_DEADLINE_BODY);
		break;
	case HG_CONN_REPLY:
	case HG_CONN_STREAM:
		reader_is_late(conn, now);
		break;
	case HG_CONN_WAIT:
		break;
	case HG_CONN_IDLE:
	case HG_CONN_LINGER:
		hg_conn_close(conn, HG_STREAM_LEFT);
		break;
	}
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct hg_conn *conn = arg;
	gint64 now = hg_loop_now(conn->server->loop);

	(void)fd;
	(void)what;
	conn->armed = G_MAXINT64;
	conn->busy = TRUE;
	if (conn->broken)
		hg_conn_close(conn, HG_STREAM_LEFT);
	else if (conn->stream && conn->stream->ending)
		hg_conn_close(conn, conn->stream->ending);
	else if (conn->deadline <= now)
		expired(conn, now);
	conn_process(conn);
}

void hg_conn_look(struct hg_conn *conn)
{
	event_active(&conn->timer, EV_TIMEOUT, 0);
}

/* ---- out ---- */

/* Straight to the kernel while nothing waits in front: a small reply costs one system call, and
 * epoll never hears of it. */
static gsize send_now(struct hg_conn *conn, struct iovec *parts, guint n)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = n };
	ssize_t sent;

	if (conn->tls || hg_conn_pending(conn))
		return 0;
	sent = sendmsg(bufferevent_getfd(conn->bev), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0)
		return sent;
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		conn->broken = TRUE;
		hg_conn_look(conn);
	}
	return 0;
}

void hg_conn_write(struct hg_conn *conn, struct iovec *parts, guint n)
{
	gsize sent;

	if (conn->broken)
		return;
	sent = send_now(conn, parts, n);
	for (guint i = 0; i < n && !conn->broken; i++) {
		gsize skip = MIN(sent, parts[i].iov_len);

		sent -= skip;
		if (skip == parts[i].iov_len)
			continue;
		conn->queued += parts[i].iov_len - skip;
		bufferevent_write(conn->bev, (char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
	}
}

void hg_conn_write_file(struct hg_conn *conn, int fd, gsize len)
{
	if (conn->broken || !len) {
		close(fd);
		return;
	}
	if (evbuffer_add_file(bufferevent_get_output(conn->bev), fd, 0, (ev_off_t)len) < 0) {
		close(fd);
		conn->broken = TRUE;
		hg_conn_look(conn);
		return;
	}
	conn->queued += len;
}

/* ---- the request being read ---- */

static void end_request(struct hg_conn *conn)
{
	if (conn->req)
		hg_request_release(g_steal_pointer(&conn->req));
}

static void linger(struct hg_conn *conn)
{
	conn->phase = HG_CONN_LINGER;
	conn->mark = LINGER_MAX;
	conn->deadline = after(hg_loop_now(conn->server->loop), conn->server->conf.linger_ms);
	if (conn->paused)
		bufferevent_enable(conn->bev, EV_READ);
	conn->paused = FALSE;
	/* What the peer still sends would make the kernel answer a close with a reset, which takes
	 * our reply with it: so say "no more" and read on for a while. */
	if (!hg_conn_pending(conn))
		shutdown(bufferevent_getfd(conn->bev), SHUT_WR);
	hg_conn_look(conn);
}

void hg_conn_refuse(struct hg_conn *conn, enum hg_http_rule rule)
{
	hg_server_count(conn->server, rule);
	conn->last = TRUE;
	hg_reply_rule(conn, rule);
	end_request(conn);
	linger(conn);
}

static void refuse_route(struct hg_conn *conn, const struct hg_server_route *route)
{
	gboolean body = hg_http_has_body(&conn->req->parser);

	hg_server_count(conn->server, HG_RULE_ROUTE);
	conn->last |= body;
	hg_reply_route(conn, route);
	end_request(conn);
	if (body)
		linger(conn);
	else
		hg_conn_replied(conn);
}

static void hand_over(struct hg_conn *conn)
{
	hg_request *req = conn->req;
	hg_server *server = conn->server;

	conn->phase = HG_CONN_WAIT;
	conn->deadline = G_MAXINT64;
	HG_COUNT(server->stats.requests, 1);
	req->handed = TRUE;
	hg_link_add(&server->handed, &req->link);
	server->conf.handle(server->conf.arg, req);
}

static gboolean within_rate(struct hg_conn *conn)
{
	hg_server *server = conn->server;

	return !server->buckets || conn->local ||
	       hg_buckets_take(server->buckets, &conn->req->address, hg_loop_now(server->loop));
}

static void say_continue(struct hg_conn *conn)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec part = { (char *)text, sizeof(text) - 1 };

	hg_conn_write(conn, &part, 1);
}

/* The head is complete: is the rest wanted? */
static void on_head(struct hg_conn *conn, gboolean more_is_there)
{
	hg_request *req = conn->req;
	hg_server *server = conn->server;
	struct hg_server_route route = { .max_body = server->conf.max_body };

	conn->last = !req->parser.keep_alive || server->draining;
	conn->phase = HG_CONN_BODY;
	conn->deadline = after(hg_loop_now(server->loop), server->conf.body_ms);
	if (conn->proxy)
		hg_request_find_client(req);
	if (!within_rate(conn)) {
		hg_conn_refuse(conn, HG_RULE_RATE);
		return;
	}
	server->conf.route(server->conf.arg, req, &route);
	req->tag = route.tag;
	if (route.refuse)
		refuse_route(conn, &route);
	else if (!hg_http_take_body(&req->parser, route.max_body))
		hg_conn_refuse(conn, HG_RULE_BODY_BIG);
	else if (!hg_http_has_body(&req->parser))
		hand_over(conn);
	else if (req->parser.expect && !more_is_there)
		say_continue(conn);
}

static void on_body(struct hg_conn *conn, const struct hg_http_span *span)
{
	if (!hg_request_add_body(conn->req, span->bytes, span->len))
		hg_conn_refuse(conn, HG_RULE_CAP_BODIES);
	else if (conn->req->parser.state == HG_HTTP_AT_END)
		hand_over(conn);
}

static gboolean wants_input(const struct hg_conn *conn)
{
	return conn->phase <= HG_CONN_BODY && !conn->broken && !conn->dying;
}

static void begin_request(struct hg_conn *conn)
{
	conn->req = hg_request_take(conn->server, conn);
	conn->phase = HG_CONN_HEAD;
	/* The first head has its deadline since the connection was accepted. */
	if (!conn->fresh)
		conn->deadline = after(hg_loop_now(conn->server->loop), conn->server->conf.head_ms);
	conn->fresh = FALSE;
}

static gsize take_bytes(struct hg_conn *conn, const char *bytes, gsize len)
{
	struct hg_http_span span;
	gsize used;

	if (!conn->req)
		begin_request(conn);
	switch (hg_http_parse(&conn->req->parser, bytes, len, &used, &span)) {
	case HG_HTTP_HEAD:
		on_head(conn, used < len);
		break;
	case HG_HTTP_BODY:
		on_body(conn, &span);
		break;
	case HG_HTTP_END:
		hand_over(conn);
		break;
	case HG_HTTP_BAD:
		hg_conn_refuse(conn, conn->req->parser.rule);
		break;
	case HG_HTTP_MORE:
		break;
	}
	return used;
}

static void throw_away(struct hg_conn *conn, struct evbuffer *in)
{
	gsize len = evbuffer_get_length(in);

	if (len > conn->mark)
		conn->broken = TRUE;
	conn->mark -= MIN(len, conn->mark);
	evbuffer_drain(in, len);
}

/* Reads what is there, contiguous piece by piece, while a request wants it. */
static void read_input(struct hg_conn *conn)
{
	struct evbuffer *in = bufferevent_get_input(conn->bev);
	struct evbuffer_iovec piece;
	gsize used;

	while (wants_input(conn) && evbuffer_peek(in, -1, NULL, &piece, 1) > 0 && piece.iov_len) {
		for (used = 0; used < piece.iov_len && wants_input(conn);)
			used += take_bytes(conn, (const char *)piece.iov_base + used, piece.iov_len - used);
		evbuffer_drain(in, used);
	}
	if (conn->phase == HG_CONN_LINGER)
		throw_away(conn, in);
}

static void pause_reading(struct hg_conn *conn)
{
	gboolean enough = evbuffer_get_length(bufferevent_get_input(conn->bev)) >= AHEAD_MAX;

	if (enough == conn->paused)
		return;
	conn->paused = enough;
	if (enough)
		bufferevent_disable(conn->bev, EV_READ);
	else
		bufferevent_enable(conn->bev, EV_READ);
}

/* Nothing more will come and what is there makes no request. */
static gboolean is_over(struct hg_conn *conn)
{
	if (conn->phase == HG_CONN_IDLE && conn->server->draining)
		return TRUE;
	if (!conn->eof || !wants_input(conn))
		return FALSE;
	if (conn->phase != HG_CONN_IDLE)
		hg_server_count(conn->server, HG_RULE_CUT);
	return TRUE;
}

static void conn_process(struct hg_conn *conn)
{
	conn->busy = TRUE;
	if (!conn->dying)
		read_input(conn);
	conn->busy = FALSE;
	if (conn->dying || conn->broken || is_over(conn)) {
		hg_conn_close(conn, HG_STREAM_LEFT);
		return;
	}
	pause_reading(conn);
	arm(conn, hg_loop_now(conn->server->loop));
}

/* ---- after the reply ---- */

static void next_request(struct hg_conn *conn)
{
	gint64 now = hg_loop_now(conn->server->loop);

	if (conn->last) {
		hg_conn_close(conn, HG_STREAM_LEFT);
		return;
	}
	conn->phase = HG_CONN_IDLE;
	conn->deadline = after(now, conn->server->conf.idle_ms);
	if (conn->busy)
		return;
	arm(conn, now);
	/* Pipelined requests wait for their turn in the loop, not in the caller's stack. */
	if (conn->eof || conn->server->draining ||
	    evbuffer_get_length(bufferevent_get_input(conn->bev)))
		hg_conn_look(conn);
}

void hg_conn_replied(struct hg_conn *conn)
{
	gint64 now;

	if (conn->broken)
		return;
	if (!hg_conn_pending(conn)) {
		next_request(conn);
		return;
	}
	now = hg_loop_now(conn->server->loop);
	conn->phase = HG_CONN_REPLY;
	mark_progress(conn, now);
	if (!conn->busy)
		arm(conn, now);
}

void hg_conn_streaming(struct hg_conn *conn)
{
	gint64 now;

	if (conn->phase == HG_CONN_STREAM && (conn->deadline != G_MAXINT64 || !hg_conn_pending(conn)))
		return;
	now = hg_loop_now(conn->server->loop);
	conn->phase = HG_CONN_STREAM;
	mark_progress(conn, now);
	if (!conn->busy)
		arm(conn, now);
}

/* ---- libevent's callbacks ---- */

static void on_read(struct bufferevent *bev, void *arg)
{
	struct hg_conn *conn = arg;

	(void)bev;
	conn_process(conn);
}

static void stream_drained(struct hg_conn *conn)
{
	const hg_stream *stream = conn->stream;

	conn->deadline = G_MAXINT64;
	if (stream && stream->drained && !stream->ending)
		stream->drained(stream->arg);
}

/* The output buffer has become empty. */
static void on_written(struct bufferevent *bev, void *arg)
{
	struct hg_conn *conn = arg;

	if (evbuffer_get_length(bufferevent_get_output(bev)))
		return;
	conn->busy = TRUE;
	if (conn->phase == HG_CONN_REPLY)
		next_request(conn);
	else if (conn->phase == HG_CONN_STREAM)
		stream_drained(conn);
	else if (conn->phase == HG_CONN_LINGER)
		shutdown(bufferevent_getfd(bev), SHUT_WR);
	conn_process(conn);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct hg_conn *conn = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		return;
	conn->eof = TRUE;
	if (what & BEV_EVENT_ERROR || conn->phase == HG_CONN_STREAM || conn->phase == HG_CONN_LINGER)
		conn->broken = TRUE;
	conn_process(conn);
}

/* ---- birth and death ---- */

static struct bufferevent *new_bufferevent(hg_server *server, int fd, gboolean tls)
{
	struct event_base *base = hg_loop_base(server->loop);
	struct bufferevent *bev;
	SSL *ssl;

	if (!tls)
		return bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(server->tls);
	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		SSL_free(ssl);
	return bev;
}

struct hg_conn *hg_conn_new(hg_server *server, int fd, const struct hg_address *address, gboolean local,
			    gboolean tls)
{
	struct bufferevent *bev = new_bufferevent(server, fd, tls);
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);
	struct hg_conn *conn;

	if (!bev)
		return NULL;
	if (local)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	conn = g_new0(struct hg_conn, 1);
	conn->server = server;
	conn->bev = bev;
	conn->address = *address;
	conn->uid = peer.uid;
	conn->local = local;
	conn->tls = tls;
	conn->fresh = TRUE;
	conn->armed = G_MAXINT64;
	event_assign(&conn->timer, hg_loop_base(server->loop), -1, 0, on_look, conn);
	hg_link_add(&server->conns, &conn->link);
	bufferevent_setcb(bev, on_read, on_written, on_event, conn);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	return conn;
}

void hg_conn_start(struct hg_conn *conn)
{
	gint64 now = hg_loop_now(conn->server->loop);

	conn->phase = HG_CONN_IDLE;
	conn->deadline = after(now, conn->server->conf.head_ms);
	arm(conn, now);
}

static void leave_request(struct hg_conn *conn)
{
	if (conn->req && conn->req->handed)
		g_steal_pointer(&conn->req)->conn = NULL;
	else
		end_request(conn);
}

void hg_conn_close(struct hg_conn *conn, enum hg_stream_end why)
{
	hg_server *server = conn->server;
	hg_stream *stream = g_steal_pointer(&conn->stream);

	if (stream) {
		stream->conn = NULL;
		if (!stream->ending)
			stream->ending = why;
		HG_COUNT(server->stats.streams, -1);
		if (stream->ending == HG_STREAM_SLOW)
			HG_COUNT(server->stats.slow_streams, 1);
	}
	if (conn->busy && !conn->dying) {
		conn->dying = TRUE;
	} else if (!conn->busy) {
		leave_request(conn);
		hg_link_remove(&conn->link);
		hg_server_conn_gone(server, conn);
		event_del(&conn->timer);
		bufferevent_free(conn->bev);
		g_free(conn);
	}
	if (stream)
		hg_stream_lost(stream);
}
