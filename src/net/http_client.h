/* http_client.h - HTTP out: curl's multi interface on a loop
 *
 * Promises beyond curl's: no request with a body is ever sent twice, `sent` says whether bytes may
 * have left, replies are bounded by bytes counted here, and a URL that a stranger chose reaches no
 * private address.  https and http only; no proxies, cookies or netrc from the environment. */
#pragma once
#include <glib.h>

typedef struct hg_loop hg_loop;
typedef struct hg_client hg_client;

struct hg_client_part {			/* of a multipart/form-data body */
	const char *name;
	const char *filename;		/* as the receiver sees it, or NULL */
	const char *type;		/* media type, or NULL */
	const void *data;		/* len bytes ... */
	gsize len;
	const char *path;		/* ... or the whole of this file */
};

struct hg_client_piece {		/* of a body with files in it, which are read as it is sent */
	const void *data;		/* len bytes ... */
	gsize len;
	const char *path;		/* ... or the whole of this file ... */
	gboolean base64;		/* ... coded: RFC 4648 section 4, with padding */
};

/* Some of the reply's body, as it comes.  FALSE ends the call (code CANCELLED).  May not call the
 * client. */
typedef gboolean hg_client_body_fn(void *arg, const void *bytes, gsize len);

struct hg_client_call {			/* all copied; zero is a sensible value everywhere else */
	const char *method;		/* NULL: "GET", or "POST" with a body */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-ended; CR or LF in one: code CALL */
	const void *body;
	gsize len;
	const struct hg_client_piece *pieces;	/* instead of body: one behind the other */
	gsize n_pieces;
	const struct hg_client_part *parts;	/* instead of both: a form */
	gsize n_parts;
	gint64 timeout_ms;		/* the whole call; 0: 30 s; -1: no limit (tail) */
	gint64 connect_ms;		/* 0: 10 s */
	gsize max_reply;		/* bytes of body; 0: 1 MiB.  More: code BIG */
	int save_fd;			/* > 0: the body of a 2xx goes there; stays yours to close */
	hg_client_body_fn *on_body;	/* instead of answer.body, for a 2xx; on the loop's thread */
	void *on_body_arg;		/* lent until done */
	gboolean private_ok;		/* the URL comes from the config, not from a stranger */
	const char *const *hosts;	/* when not NULL: only these host names, exactly */
	guint redirects;		/* follow so many (3 at most) for GET; to another host only when
					 * hosts names it, and without the headers above */
	gboolean gunzip;		/* ask for gzip; max_reply counts what comes out */
	const char *unix_path;		/* connect to this socket instead of the URL's host */
	const char *ca_file;		/* PEM, instead of the system's; or NULL */
};

enum hg_client_code {
	HG_CLIENT_OK,			/* a complete answer, whatever its status */
	HG_CLIENT_CALL,			/* the call itself is wrong: URL, scheme, header, file */
	HG_CLIENT_BLOCKED,		/* private address, or a host that hosts does not name */
	HG_CLIENT_RESOLVE,		/* no such host */
	HG_CLIENT_CONNECT,		/* refused or unreachable */
	HG_CLIENT_TLS,			/* handshake or certificate */
	HG_CLIENT_TIMEOUT,
	HG_CLIENT_CLOSED,		/* the connection ended before the answer did */
	HG_CLIENT_BIG,			/* more than max_reply */
	HG_CLIENT_REDIRECT,		/* status is 3xx and was not to be followed */
	HG_CLIENT_SAVE,			/* writing to save_fd failed */
	HG_CLIENT_CANCELLED,
	HG_CLIENT_OTHER,
};

struct hg_client_answer {		/* lent during done */
	int status;			/* 0: no status line came; may be set with any code */
	gboolean sent;			/* bytes of the request may have left */
	enum hg_client_code code;
	const char *error;		/* one line for a person, without secrets; "" when OK */
	const char *body;		/* NUL behind it; "" when saved, streamed or none */
	gsize len;			/* bytes of body, or of what was saved or streamed */
	const struct hg_client_headers *headers;	/* for hg_client_header() */
};
typedef void hg_client_done_fn(void *arg, const struct hg_client_answer *answer);

/* First header of the final answer with that name in any case, or NULL.  Of a long head only the
 * first 64 headers and 16 KiB are kept. */
const char *hg_client_header(const struct hg_client_answer *answer, const char *name);
/* Date (RFC 9110, section 6.6.1): what the far end's clock said, UTC ms of a whole second; -1 when it did not. */
gint64 hg_client_date(const struct hg_client_answer *answer);
/* Retry-After in milliseconds from now, seconds or date; -1 when there is none. */
gint64 hg_client_retry_after(const struct hg_client_answer *answer, gint64 now_wall_ms);

struct hg_client_conf {			/* zero: the defaults in brackets */
	const char *agent;		/* User-Agent ["headgate"] */
	guint max_connections;		/* [256] */
	guint max_per_host;		/* [16] */
	const char *ca_file;		/* PEM bundle for calls that name none [the system's] */
	gboolean captive;		/* makes no connection: every call ends BLOCKED */
};

/* conf may be NULL; it is copied.  On the loop's thread, or while no thread runs it. */
hg_client *hg_client_new(hg_loop *loop, const struct hg_client_conf *conf, GError **error);
/* Every call still under way gets its done (CANCELLED) before this returns.  NULL is fine.
 * Not from within done. */
void hg_client_free(hg_client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_client, hg_client_free)

/* On the loop's thread.  done(arg) runs exactly once, on the loop, never before this returns.
 * The id is never 0 and never used again. */
guint64 hg_client_call(hg_client *client, const struct hg_client_call *call,
		       hg_client_done_fn *done, void *arg);
/* done is called (CANCELLED) before this returns; harmless when it was called already. */
void hg_client_cancel(hg_client *client, guint64 id);
guint hg_client_busy(const hg_client *client);		/* calls under way */

/* Blocks the calling thread; for command-line tools, never on a loop.  done runs once before it
 * returns.  With on_body it streams. */
void hg_client_sync(const struct hg_client_call *call, hg_client_done_fn *done, void *arg);

/* TRUE for an address (text form) that a URL chosen by a stranger must not reach. */
gboolean hg_client_address_is_private(const char *address);
