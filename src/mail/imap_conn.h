/* imap_conn.h - one connection to an IMAP server, logged in: bytes in, bytes out
 *
 * curl connects, checks the certificate and logs in (SASL), and nothing else: its own IMAP commands let a
 * mail pass for the server's words. */
#pragma once
#include <curl/curl.h>
#include <glib.h>

struct event_base;
typedef struct hg_curl hg_curl;
typedef struct hg_imap_conn hg_imap_conn;

enum hg_imap_tls { HG_IMAP_TLS_IMPLICIT, HG_IMAP_TLS_STARTTLS, HG_IMAP_TLS_NONE };

struct hg_imap_conn_conf {		/* copied */
	const char *host;
	int port;
	int tls;			/* enum hg_imap_tls; STARTTLS: required */
	const char *user;
	const char *password;		/* or NULL and ... */
	const char *bearer;		/* ... an OAuth2 access token */
	const char *mechanism;		/* "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"; "+LOGIN": the plain command */
	const char *ca_file;		/* or NULL: the system's */
	gint64 connect_ms;		/* until it is logged in */
};

enum hg_imap_end {
	HG_IMAP_LOST = 1,		/* never came up, or went away */
	HG_IMAP_UNTRUSTED,		/* TLS or the certificate */
	HG_IMAP_REFUSED,		/* the login: text says in the server's words why */
};

struct hg_imap_conn_ops {		/* on the loop, never from within a call of ours; close() may be called in all */
	void (*up)(void *arg);
	void (*bytes)(void *arg, const void *bytes, gsize len);
	/* Once, last. */
	void (*down)(void *arg, int end, const char *text);
};

/* What curl of such connections is made with (hg_curl_new). */
void hg_imap_conn_done(void *arg, CURL *easy, CURLcode result);
/* curl and base, on which it runs, are lent.  NULL with error set: the settings make no sense. */
hg_imap_conn *hg_imap_conn_open(hg_curl *curl, struct event_base *base, const struct hg_imap_conn_conf *conf,
				const struct hg_imap_conn_ops *ops, void *arg, GError **error);
void hg_imap_conn_close(hg_imap_conn *conn);	/* nothing is called any more; NULL is fine */
/* Copies.  What the peer does not take waits; it is dead when that is too much. */
void hg_imap_conn_write(hg_imap_conn *conn, const void *bytes, gsize len);
