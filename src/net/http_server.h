/* http_server.h - the strict HTTP/1.1 server: listeners, requests, replies and streams
 *
 * A server lives on one loop; everything here is called on that loop's thread (or while no thread
 * runs the loop), and so are its callbacks.  What http_parse.h refuses never reaches a callback. */
#pragma once
#include <glib.h>
#include <sys/types.h>

typedef struct hg_loop hg_loop;
typedef struct hg_server hg_server;
typedef struct hg_request hg_request;
typedef struct hg_stream hg_stream;

/* ---- which requests are wanted: asked when the head is complete, before any of the body ---- */

struct hg_server_route {
	int refuse;		/* 0: go on; else the status (4xx, 5xx) to answer without reading the body */
	const char *why;	/* with refuse: a sentence for the problem body ... */
	const char *type;	/* ... its problem type, NULL: "about:blank" ... */
	const char *header;	/* ... and one more "Name: value" (Allow, WWW-Authenticate), or NULL ... */
	const char *const *headers;	/* ... or several, NULL-ended, instead of it; all four are read before the
				 * callback is called again */
	gsize max_body;		/* bytes; 0: none allowed.  More is 413 without reading it */
	void *tag;		/* for the caller: hg_request_tag() gives it back */
};

/* Fills *route, which comes zeroed with max_body at the server's default. */
typedef void hg_server_route_fn(void *arg, const hg_request *req, struct hg_server_route *route);
/* The whole request is there.  From now on it is yours until you answer it, once, now or later,
 * with hg_request_answer(), _problem() or _stream(): also when the peer has gone meanwhile, and
 * even after hg_server_free(). */
typedef void hg_server_handle_fn(void *arg, hg_request *req);

/* ---- the server ---- */

struct hg_server_conf {			/* hg_server_conf_init() sets the defaults in brackets */
	hg_server_route_fn  *route;	/* required */
	hg_server_handle_fn *handle;	/* required */
	void *arg;			/* of both */
	gsize max_head;			/* bytes of request line and headers [16 KiB] */
	gsize max_target;		/* bytes of the request target [2 KiB] */
	guint max_headers;		/* [100, which is also the most] */
	gsize max_body;			/* where the route says nothing [1 MiB] */
	gsize max_bodies;		/* bytes of all bodies held at a time [64 MiB]; then 503 */
	guint max_connections;		/* [1,024]; unix sockets are exempt; then 503 and close */
	guint max_per_address;		/* [64]; unix sockets and trusted proxies are exempt; then 503 */
	gint64 head_ms;			/* first byte (of a new connection: its start, with the TLS
					 * handshake) to complete head [10 s] */
	gint64 body_ms;			/* complete head to complete body [30 s] */
	gint64 idle_ms;			/* between requests [60 s] */
	gint64 write_ms;		/* a reader takes 64 KiB, or all there is, within this [30 s] */
	gint64 linger_ms;		/* after a refusal, for the peer to read it [2 s] */
	double rate, burst;		/* requests per second and address [0: no limit]; then 429 */
	const char *const *trusted_proxies;	/* "10.0.0.0/8", "::1"; NULL-ended or NULL; copied */
	const char *tls_cert, *tls_key;	/* PEM files, for listeners with tls */
};

void hg_server_conf_init(struct hg_server_conf *conf);
/* conf is copied.  NULL with error set (CONFIG): a proxy that is no network, a key that does not
 * fit its certificate. */
hg_server *hg_server_new(hg_loop *loop, const struct hg_server_conf *conf, GError **error);
/* Closes everything at once: streams get their closed callback, unanswered requests stay yours.
 * Not from within one of the server's callbacks.  NULL is fine. */
void hg_server_free(hg_server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_server, hg_server_free)

/* Takes over caps, deadlines, trusted proxies and, where there is TLS, the certificate, for what comes
 * from now on; all or, with error set, nothing.  conf is copied. */
gboolean hg_server_reload(hg_server *server, const struct hg_server_conf *conf, GError **error);

/* "127.0.0.1:8420", "[::]:8420"; port 0 takes a free one.  tls needs tls_cert and tls_key. */
gboolean hg_server_listen(hg_server *server, const char *where, gboolean tls, GError **error);
/* A stale socket in the way is replaced, a living one is an error (STATE).  mode as 0660. */
gboolean hg_server_listen_unix(hg_server *server, const char *path, mode_t mode, GError **error);
/* Port of the nth TCP listener, from 0; 0 when there is none. */
guint hg_server_port(const hg_server *server, guint n);

/* Graceful end: no new connections; idle ones, streams and unfinished heads are closed, the rest after
 * its answer; an unfinished body has linger_ms to come.
 * done(arg) runs once when the last is gone (maybe at once); then, or when patience ends, free. */
void hg_server_drain(hg_server *server, void (*done)(void *arg), void *arg);

/* ---- a request: strings are lent until it is answered ---- */

const char *hg_request_method(const hg_request *req);		/* "GET": a token, as sent */
/* Percent-decoded, valid UTF-8 without controls; "%2F", "%00" and dot segments were refused.
 * An absolute-form target ("http://host/x") is cut to its path. */
const char *hg_request_path(const hg_request *req);
const char *hg_request_raw_path(const hg_request *req);		/* as sent, without query */
const char *hg_request_raw_query(const hg_request *req);	/* behind "?", or "" */
char *hg_request_target(const hg_request *req);		/* both as sent, with the "?" if there was one; yours */
/* Decoded ("+" is a space) value of the first parameter of that name, or NULL. */
const char *hg_request_query(const hg_request *req, const char *name);
/* First header of that name in any case, or NULL. */
const char *hg_request_header(const hg_request *req, const char *name);
/* All of them by number; FALSE past the end. */
gboolean hg_request_header_at(const hg_request *req, guint n, const char **ret_name,
			      const char **ret_value);
/* Bytes with a NUL behind them that is not counted.  In the route callback there are none yet. */
const char *hg_request_body(const hg_request *req, gsize *ret_len);
/* What the head announces: a length, or -1 for chunks. */
gint64 hg_request_length(const hg_request *req);
/* Address text of the client ("203.0.113.9", "unix"), as told by the nearest proxies when those
 * are trusted.  Never a port. */
const char *hg_request_peer(const hg_request *req);
/* TRUE when it came over a unix socket; ret_uid (or NULL) gets the peer's user id. */
gboolean hg_request_is_local(const hg_request *req, uid_t *ret_uid);
void *hg_request_tag(const hg_request *req);
hg_server *hg_request_server(const hg_request *req);		/* NULL after hg_server_free() */
/* FALSE once the peer is known to have left; answering stays due and does nothing then. */
gboolean hg_request_is_wanted(const hg_request *req);

/* ---- the reply: each of these takes req ----
 * Date, Content-Length, Connection, "X-Content-Type-Options: nosniff" and, unless the headers have a
 * Cache-Control, "Cache-Control: no-store" are added. */

struct hg_answer {
	int status;
	const char *type;		/* Content-Type, or NULL */
	const char *const *headers;	/* "Name: value", NULL-ended, or NULL; one with a
					 * control byte is left out */
	const void *body;		/* copied */
	gsize len;
	int fd;				/* > 0: instead of body, the first len bytes of this file; closed
					 * when they have left, or will not */
	gboolean close;			/* the connection with it */
};

void hg_request_answer(hg_request *req, const struct hg_answer *answer);
/* An RFC 9457 body: type "about:blank", the status' own title, and the sentence. */
void hg_request_problem(hg_request *req, int status, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* A body that comes bit by bit (NDJSON, server-sent events). */
enum hg_stream_end {
	HG_STREAM_LEFT = 1,	/* the peer closed */
	HG_STREAM_SLOW,		/* more than high_water was waiting, or too little left in write_ms */
	HG_STREAM_STOP,		/* the server drains or is freed */
};
typedef void hg_stream_closed_fn(void *arg, enum hg_stream_end why);

struct hg_stream_head {
	int status;
	const char *type;
	const char *const *headers;
	gsize high_water;		/* bytes that may wait for a slow reader; 0: 256 KiB */
	hg_stream_closed_fn *closed;	/* the stream is gone when it returns; never called from within
					 * hg_stream_write(), nor after hg_stream_finish() */
	void (*drained)(void *arg);	/* all that had to wait is with the kernel; from the loop; or NULL */
	void *arg;
	gboolean apart;			/* its connection counts in no cap of the server's: whoever opens it has one */
};

/* Takes req like an answer.  Never NULL: when the peer has left, closed follows from the loop. */
hg_stream *hg_request_stream(hg_request *req, const struct hg_stream_head *head);
/* FALSE when it was not taken because the stream ends; closed follows from the loop. */
gboolean hg_stream_write(hg_stream *stream, const void *bytes, gsize len);
gsize hg_stream_pending(const hg_stream *stream);	/* bytes of it, and what wraps them, that the peer has yet to take */
/* Ends the body properly; the stream is gone. */
void hg_stream_finish(hg_stream *stream);

/* ---- figures ---- */

struct hg_server_stats {
	guint64 accepted;		/* connections */
	guint64 requests;		/* whole ones, handed to handle */
	guint64 refused;		/* requests and connections, by any rule */
	guint64 slow_streams;
	guint64 bodies;			/* bytes held now */
	guint connections, streams;	/* now; connections with streams are in both */
};
/* Any thread. */
void hg_server_stats(const hg_server *server, struct hg_server_stats *ret_stats);
/* Refusals by reason, n from 0: a stable word ("length.twice", "deadline.head") and its count since
 * the start; FALSE past the last.  Any thread. */
gboolean hg_server_refused(const hg_server *server, guint n, const char **ret_word, guint64 *ret_count);
