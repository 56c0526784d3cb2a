/* smtp_made.h - what the two transports of smtp.h share; for src/mail/smtp*.c and their tests */
#pragma once
#include <event2/util.h>

#include "smtp.h"

#define HG_SMTP_WORDS_MAX 1000		/* bytes of a server's words that are kept */
#define HG_SMTP_LINE_MAX  2048		/* bytes of a line of it that are looked at */

/* Listens to both sides of a connection: which step it is in, and what was said last.  Of what we say it keeps
 * nothing: it may be a password. */
struct hg_smtp_dialog {
	int step;			/* enum hg_smtp_step */
	int code;			/* of the last whole reply in this step; 0: none came */
	gboolean begun;			/* we said EHLO: the connection is new */
	gboolean logged_in;		/* 235 */
	gboolean dsn, size;		/* the server offers these (RFC 3461, RFC 1870) */
	gboolean over;			/* what follows is goodbye: neither step nor code change any more */
	gboolean more;			/* a reply of several lines goes on */
	char enhanced[16];		/* "5.1.1" or "" */
	GString *words, *line;		/* ours */
};
void hg_smtp_dialog_init(struct hg_smtp_dialog *dialog);
void hg_smtp_dialog_done(struct hg_smtp_dialog *dialog);
void hg_smtp_dialog_said(struct hg_smtp_dialog *dialog, const char *bytes, gsize len);
/* Returns how many replies have become whole by it: more than one is one too early. */
guint hg_smtp_dialog_heard(struct hg_smtp_dialog *dialog, const char *bytes, gsize len);
void hg_smtp_dialog_step(struct hg_smtp_dialog *dialog, int step);	/* BODY, END: what no command tells */

/* What ended it, beside the server's word. */
enum hg_smtp_trouble {
	HG_SMTP_NO_TROUBLE,
	HG_SMTP_NETWORK,		/* cut, refused, silent, unknown host */
	HG_SMTP_INSECURE,		/* no TLS where it has to be, or with somebody else */
	HG_SMTP_LOGIN,			/* not let in, or not asked to */
	HG_SMTP_OURS,			/* nothing the server can help: memory, the mail itself */
};

/* Fills in fate, reach, step, code, enhanced, text and remote_id: a pure function.  What ret points to lies in
 * dialog, words and *ret_held (yours to free). */
void hg_smtp_judge(const struct hg_smtp_dialog *dialog, enum hg_smtp_trouble trouble, const char *words,
		   const char *host, struct hg_smtp_answer *ret, char **ret_held);

/* " SIZE=... RET=HDRS ENVID=..." and " NOTIFY=FAILURE,DELAY", as far as the server offers them; yours. */
char *hg_smtp_mail_options(const struct hg_smtp_dialog *dialog, gsize size, const char *envelope_id);
const char *hg_smtp_rcpt_options(const struct hg_smtp_dialog *dialog, const char *envelope_id);

/* ---- between smtp.c and a transport ---- */

struct hg_smtp_job {
	hg_smtp *smtp;
	GList link;			/* in the jobs of smtp */
	char *from, **to;		/* as hg_mail_wire_address() writes them; from "" for <> */
	const void *bytes;		/* lent by the caller until done */
	gsize len;
	char *envelope_id, *bearer;	/* or NULL */
	const char *refused;		/* why it was never begun, or NULL */
	hg_smtp_done *done;
	void *arg;
	struct hg_smtp_dialog dialog;
	void *at_work;			/* the transport's */
};

struct hg_smtp_transport {
	void *(*open)(hg_smtp *smtp, GError **error);
	void (*close)(void *transport);				/* all jobs were cancelled before */
	void (*begin)(void *transport, struct hg_smtp_job *job);	/* then hg_smtp_finish(), once, not before it returns */
	void (*cancel)(void *transport, struct hg_smtp_job *job);	/* nothing of it is touched afterwards */
};
extern const struct hg_smtp_transport hg_smtp_by_curl, hg_smtp_by_esmtp;

const struct hg_smtp_conf *hg_smtp_conf_of(const hg_smtp *smtp);
struct event_base *hg_smtp_base(const hg_smtp *smtp);
/* A timer that calls late(.., arg) once when a mail's time is over; for event_free().  at_once: with the next turn. */
struct event *hg_smtp_deadline(const hg_smtp *smtp, gboolean at_once, void (*late)(evutil_socket_t, short, void *arg), void *arg);
/* On the loop; frees job. */
void hg_smtp_finish(struct hg_smtp_job *job, enum hg_smtp_trouble trouble, const char *words);
