/* smtp_line.h - connections that mails are sent over, and the mails that wait for one; for smtp_curl.c and smtp_line.c */
#pragma once
#include "curl_base.h"
#include "smtp_made.h"

struct smtp_via {
	hg_smtp *smtp;			/* lent */
	hg_curl *curl;
	GQueue lines;			/* of struct smtp_line */
	GQueue waiting;			/* of struct smtp_waiting: jobs without a line, oldest first */
};

struct smtp_waiting {			/* at_work of every job */
	struct smtp_via *via;
	struct hg_smtp_job *job;
	struct smtp_line *line;		/* that carries it; or NULL, and it is in via->waiting */
	struct event *deadline;
	gboolean fresh;			/* it was on a kept line that was dead: only a new one now */
};

struct smtp_line {
	struct smtp_via *via;
	GList link;
	CURL *easy;
	struct event *event;		/* NULL while curl connects */
	struct smtp_waiting *with;		/* NULL: idle */
	char *bearer;			/* it was made with, or NULL */
	gboolean dsn, size;		/* what the server offered */
	guint mails;			/* begun over it before this one */
	GString *command;		/* on its way out */
	gsize sent;			/* of command */
	gsize at;			/* of the body: what is in chunk already */
	GString *chunk;			/* on its way out */
	gsize chunk_sent;
	guint receiver;			/* in RCPT */
	char curl_error[CURL_ERROR_SIZE];
};

/* smtp_line.c: what is said. */
void smtp_line_begin(struct smtp_line *line);		/* with what line.with sends: MAIL is due */
void smtp_line_work(struct smtp_line *line);		/* writes as much as the connection takes; may end the line */
void smtp_line_ready(evutil_socket_t fd, short what, void *line);	/* of its event */

/* smtp_curl.c: what becomes of it.  All but watch end the mail that the line carries, if any. */
void smtp_line_watch(struct smtp_line *line, short flags);
void smtp_line_sent(struct smtp_line *line);
void smtp_line_fail(struct smtp_line *line, enum hg_smtp_trouble trouble, const char *words);
void smtp_line_free(struct smtp_line *line, gboolean polite);
