/* smtp_esmtp_made.h - a session of libesmtp between the loop that wants it and the thread that runs it */
#pragma once
#include "smtp_made.h"

struct event;

/* Two hold it: the loop, until it has answered, and the thread.  A loop that will not wait any longer abandons it:
 * from then on nothing of the mail leaves, and nobody is told. */
struct hg_esmtp_session {
	gint refs;
	const struct hg_smtp_conf *conf;	/* ours, with its strings */
	char *from, **to, *envelope_id;		/* ours */
	GMutex lock;				/* of all that follows */
	gboolean abandoned, over;
	const char *bytes;			/* lent until abandoned */
	gsize len, at;				/* given away so far */
	char chunk[16384];
	struct hg_smtp_dialog dialog;
	gboolean answered;			/* the server has said what became of the mail */
	gboolean refused;			/* by us: no login, no trust; no byte of the mail leaves */
	enum hg_smtp_trouble trouble;
	char *words;				/* or NULL */
	void *ssl;				/* libesmtp's SSL of a session with TLS, while it lives */
	struct event *wake;			/* to be activated at the end; the loop's */
};

/* Blocks, for minutes perhaps; on the one thread that may do this. */
void hg_esmtp_run(struct hg_esmtp_session *session);
