/* http_conn.h - what the files of the HTTP server share; nobody else includes it */
#pragma once
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/types.h>

#include "http_address.h"
#include "http_parse.h"
#include "http_server.h"

struct bufferevent;
struct iovec;
typedef struct hg_arena hg_arena;

struct hg_conn;

struct hg_link {			/* of a ring with its head in the server */
	struct hg_link *prev, *next;
};

enum hg_conn_phase {
	HG_CONN_IDLE,		/* between requests: idle_ms (head_ms before the first) */
	HG_CONN_HEAD,		/* some of a head is there: head_ms since its first byte */
	HG_CONN_BODY,		/* some of a body is awaited: body_ms since the head */
	HG_CONN_WAIT,		/* the request is with the caller: no deadline of ours */
	HG_CONN_REPLY,		/* the peer has yet to read the reply: write_ms */
	HG_CONN_STREAM,		/* a stream is open: write_ms while something waits */
	HG_CONN_LINGER,		/* refused: what comes is thrown away until linger_ms */
};

struct hg_conn {
	struct hg_link link;		/* of server->conns */
	hg_server *server;
	struct bufferevent *bev;	/* ours; closes the socket */
	struct event timer;		/* looks at the connection: deadlines, and what cannot be done at once */
	hg_request *req;		/* being read, or with the caller; else NULL */
	hg_stream *stream;		/* in phase STREAM */
	gint64 deadline;		/* of this phase, G_MAXINT64 without */
	gint64 armed;			/* when the timer fires, G_MAXINT64 when it does not */
	guint64 queued, mark;		/* bytes put into the output buffer ever; how many of them have to
					 * be gone at the deadline; in LINGER what may still be
					 * thrown away */
	struct hg_address address;	/* of the other end of the socket */
	uid_t uid;			/* when local */
	enum hg_conn_phase phase;
	guint local : 1, tls : 1, proxy : 1;	/* unix socket; TLS; a trusted proxy */
	guint counted : 1;		/* in the caps; not when it was only accepted to be refused */
	guint apart : 1;		/* ... and neither while it carries a stream with a cap of its own */
	guint fresh : 1;		/* nothing was read yet */
	guint eof : 1;		/* the peer sends no more, but may still read */
	guint broken : 1;		/* a write failed: close at the next look */
	guint busy : 1, dying : 1;	/* in hg_conn_process(); close when it is through */
	guint last : 1;		/* close after this reply */
	guint paused : 1;		/* reading is off: enough is waiting */
};

struct hg_request {
	struct hg_link link;		/* of server->handed, while the caller has it */
	struct hg_conn *conn;		/* NULL once the connection is gone */
	hg_server *server;		/* NULL once freed */
	hg_loop *loop;			/* lent */
	struct hg_http_parser parser;
	char *body;			/* ours, parser.body bytes and a NUL */
	gsize body_size;
	hg_arena *arena;		/* of the query's strings, or NULL */
	struct hg_param *params;	/* decoded query, in arena; NULL before the first look-up */
	guint n_params;
	struct hg_address address;	/* of the client */
	uid_t uid;
	gboolean local, handed;
	void *tag;
	char peer[HG_ADDRESS_SIZE];	/* "" before it is asked for */
};

struct hg_stream {
	struct hg_conn *conn;		/* NULL when there is none any more */
	hg_loop *loop;			/* lent */
	guint64 gone_timer;		/* for closed, when the connection went before the stream began */
	gsize high_water;
	enum hg_stream_end ending;	/* set: takes no more */
	gboolean chunked, mute;		/* mute: the answer to HEAD */
	gboolean lost;			/* closed is being called */
	hg_stream_closed_fn *closed;
	void (*drained)(void *arg);	/* or NULL */
	void *arg;
};

struct hg_server {
	hg_loop *loop;			/* lent */
	struct hg_server_conf conf;
	struct hg_http_limits limits;
	struct hg_network *proxies;
	guint n_proxies;
	SSL_CTX *tls;			/* or NULL */
	GPtrArray *listeners;		/* struct hg_listener, ours */
	struct hg_link conns, handed;
	GHashTable *clients;		/* struct client: connections by address */
	hg_buckets *buckets;		/* or NULL */
	hg_request *pool[32];		/* spare ones */
	guint n_pool;
	guint n_counted, n_refusing;	/* connections in the caps, and those only to be refused */
	GString *out;			/* scratch: the head of a reply */
	gint64 date_s;			/* second that date shows */
	char date[40];
	gboolean draining;
	guint64 drained_timer;
	void (*drained)(void *arg);
	void *drained_arg;
	struct hg_server_stats stats;	/* written by the loop only, read by anyone: HG_COUNT() */
	guint64 by_rule[HG_RULES];
};

/* Plain additions by the one writer; relaxed, so that readers on other threads see whole numbers. */
#define HG_COUNT(field, n) __atomic_store_n(&(field), (field) + (n), __ATOMIC_RELAXED)

static inline gboolean hg_link_alone(const struct hg_link *link)
{
	return link->next == link;
}

static inline void hg_link_add(struct hg_link *head, struct hg_link *link)
{
	link->prev = head;
	link->next = head->next;
	head->next->prev = link;
	head->next = link;
}

static inline void hg_link_remove(struct hg_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->prev = link->next = link;
}

/* http_conn.c */
struct hg_conn *hg_conn_new(hg_server *server, int fd, const struct hg_address *address, gboolean local,
			    gboolean tls);
/* Answers one of our own rules and closes; also for a connection that is over a cap. */
void hg_conn_refuse(struct hg_conn *conn, enum hg_http_rule rule);
void hg_conn_close(struct hg_conn *conn, enum hg_stream_end why);
void hg_conn_write(struct hg_conn *conn, struct iovec *parts, guint n);
/* The first len bytes of a file, mapped or sent by the kernel as the peer takes them.  Closes fd. */
void hg_conn_write_file(struct hg_conn *conn, int fd, gsize len);
gsize hg_conn_pending(const struct hg_conn *conn);	/* bytes not yet with the kernel */
void hg_conn_replied(struct hg_conn *conn);		/* the reply is written: next request, or close */
void hg_conn_streaming(struct hg_conn *conn);
void hg_conn_look(struct hg_conn *conn);		/* soon, from the loop */
void hg_conn_start(struct hg_conn *conn);		/* first deadline */

/* http_request.c */
hg_request *hg_request_take(hg_server *server, struct hg_conn *conn);
void hg_request_release(hg_request *req);		/* back to the pool, or freed */
void hg_request_destroy(hg_request *req);
gboolean hg_request_add_body(hg_request *req, const char *bytes, gsize len);	/* FALSE: over the cap */
void hg_request_find_client(hg_request *req);		/* behind trusted proxies */

/* http_reply.c */
void hg_reply_rule(struct hg_conn *conn, enum hg_http_rule rule);
void hg_reply_route(struct hg_conn *conn, const struct hg_server_route *route);
void hg_stream_lost(hg_stream *stream);			/* calls closed, frees */

/* http_server.c */
void hg_server_conn_gone(hg_server *server, struct hg_conn *conn);
/* Takes it out of the caps, or back into them without a look at them. */
void hg_server_conn_apart(hg_server *server, struct hg_conn *conn, gboolean apart);
gboolean hg_server_is_proxy(const hg_server *server, const struct hg_address *address);
void hg_server_count(hg_server *server, enum hg_http_rule rule);
/* A connection came in; takes fd.  local: through the unix socket. */
void hg_server_take(hg_server *server, int fd, const struct sockaddr *from, gboolean local, gboolean tls);

/* http_listen.c: stops to listen; of a struct hg_listener */
void hg_listener_free(void *listener);
