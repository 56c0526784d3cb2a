/* smtp.h - sending one mail: two transports (libcurl, libesmtp) behind one interface
 *
 * The answer is always true: SENT only when the server answered 250 to the end of DATA. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

struct event_base;

enum hg_smtp_tls { HG_SMTP_TLS_STARTTLS, HG_SMTP_TLS_IMPLICIT, HG_SMTP_TLS_NONE };	/* STARTTLS: required */

struct hg_smtp_conf {
	const char *host;
	int port;
	int tls;			/* enum hg_smtp_tls */
	const char *user, *password;	/* or NULL */
	const char *ca_file;		/* or NULL: the system's */
	const char *hello;		/* name for EHLO */
	gboolean esmtp;			/* libesmtp: relays; no bearer, no HG_SMTP_TLS_IMPLICIT, TLS 1.2, one at a time */
	guint connections;		/* at once; 0: 2 */
	gint64 timeout_ms;		/* of one mail, waiting for a connection included; 0: 50 s */
};

/* How far a mail got before its connection ended; tells SENT, RETRY and AMBIGUOUS apart. */
enum hg_smtp_step {
	HG_SMTP_CONNECT, HG_SMTP_GREETING, HG_SMTP_EHLO, HG_SMTP_STARTTLS, HG_SMTP_AUTH, HG_SMTP_MAIL,
	HG_SMTP_RCPT, HG_SMTP_DATA, HG_SMTP_BODY, HG_SMTP_END,
};

struct hg_smtp_mail {
	const char *from;		/* envelope, "" for <> */
	const char *const *to;		/* envelope, NULL-ended */
	const void *bytes;		/* CRLF lines, not dot-stuffed; lent until done */
	gsize len;
	const char *envelope_id;	/* ENVID of RFC 3461, where the server offers it; or NULL */
	const char *bearer;		/* OAuth2 access token instead of the password, or NULL */
};
#define HG_SMTP_TO_MAX 100		/* receivers of one mail; all of them or none get it */

struct hg_smtp_answer {
	int fate;			/* enum hg_fate */
	int reach;			/* enum hg_reach */
	int step;			/* enum hg_smtp_step it ended in */
	int code;			/* 250, 550, ...; 0 none */
	const char *enhanced;		/* "5.1.1" or NULL */
	const char *text;		/* the server's words, without secrets */
	const char *remote_id;		/* what a relay made of our Message-ID, as its 250 says; or NULL */
};
typedef void hg_smtp_done(void *arg, const struct hg_smtp_answer *answer);

typedef struct hg_smtp hg_smtp;
/* Do the settings make sense together?  CONFIG when they do not; a pure function. */
gboolean hg_smtp_conf_check(const struct hg_smtp_conf *conf, GError **error);
/* NULL with error set: the settings make no sense.  conf is copied. */
hg_smtp *hg_smtp_new(struct event_base *base, const struct hg_smtp_conf *conf, GError **error);
/* What is under way is answered (AMBIGUOUS when its end may have left us). */
void hg_smtp_free(hg_smtp *smtp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_smtp, hg_smtp_free)
/* done exactly once, on the loop, never before this returns.  Addresses with CR, LF, NUL or controls are refused. */
void hg_smtp_send(hg_smtp *smtp, const struct hg_smtp_mail *mail, hg_smtp_done *done, void *arg);
