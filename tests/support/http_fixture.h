/* http_fixture.h - a server on a loop of its own, and raw sockets to talk to it */
#pragma once
#include <glib.h>

#include "http_server.h"
#include "loop.h"

/* The server answers by path:
 *   /echo    method, path, query parameter q, header X, peer and body, one per line;
 *            q=inject adds a reply header with a line break, q=type has one in the type
 *   /small   the same, with at most 10 bytes of body
 *   /defer   nothing: the request goes to fixture->handed
 *   /stream  the same
 *   /big     8 MiB
 *   /secret  refused by the route: 401
 * and anything else is refused by the route: 404. */
struct fixture {
	hg_loop *loop;
	hg_server *server;
	GAsyncQueue *handed;		/* hg_request *, the test's */
	GAsyncQueue *ended;		/* GINT_TO_POINTER(enum hg_stream_end) */
	struct hg_server_conf conf;
	char *unix_path;		/* listened on as well, when set */
	gboolean tls;
};

#define BIG (8 << 20)

/* Change conf between these two. */
void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
void fixture_stop(struct fixture *f);		/* the loop's thread; server and loop stay */
void fixture_done(struct fixture *f);
guint fixture_port(const struct fixture *f);
hg_request *fixture_handed(struct fixture *f);	/* waits for the next one */
enum hg_stream_end fixture_ended(struct fixture *f);
/* Runs fn(arg) on the loop and waits for its end. */
void fixture_call(struct fixture *f, hg_loop_fn *fn, void *arg);
void fixture_answer(struct fixture *f, hg_request *req, const char *body);
guint64 fixture_refused(struct fixture *f, const char *word);
/* Waits until the server has as many connections. */
void fixture_wait_connections(struct fixture *f, guint want);

/* Sockets that give up after 10 s, which fails the test. */
int peer_connect(const struct fixture *f);
int peer_connect_from(const struct fixture *f, const char *source, int receive_buffer);
int peer_connect_unix(const char *path);
gboolean peer_send(int fd, const char *bytes, gsize len);	/* FALSE: the server would not take it all */
void peer_say(int fd, const char *text);
char *peer_line(int fd);			/* without CRLF; NULL at the end */
/* One reply with its Content-Length: status line, headers and body.  NULL when there is none. */
char *peer_reply(int fd);
char *peer_rest(int fd, gsize *ret_len);	/* up to the end of the connection */
gboolean peer_is_closed(int fd);		/* waits for it; FALSE when bytes come */
/* A connection, what it says, the reply: "200" ... */
int peer_ask(const struct fixture *f, const char *text);
int peer_status(const char *reply);		/* 0 for NULL */
