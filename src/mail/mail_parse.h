/* mail_parse.h - raw bytes to a mail; runs in the helper process, never in the daemon
 *
 * GMime is not safe on hostile bytes (deep groups overflow its stack): what it must not see is taken away
 * before (mail_scan.h), and what it does all the same ends a helper. */
#pragma once
#include "mail.h"

/* What the daemon tells with each mail. */
struct hg_mail_ask {
	const char *const *authserv_ids;	/* whose Authentication-Results are believed; NULL-ended or NULL */
	const char *const *ours;	/* addresses of this gateway, lower case; NULL-ended or NULL */
	const char *instance;		/* of X-Headgate-Loop; or NULL */
	const char *const *known;	/* texts we sent in this conversation, newest first; NULL-ended or NULL */
	gint64 received_ms;		/* INTERNALDATE; stands in for a Date that says nonsense; 0: not known */
	/* Domains of forwarders, lower case, whose word (RFC 8617) is taken where a trusted server finds their chain
	 * whole; NULL-ended or NULL. */
	const char *const *arc_forwarders;
	const struct hg_reply_words *words;	/* the helper's own; NULL: reply_text is text, and low */
};

/* Everything that is read from files; before the process gives up its right to.  Once. */
void hg_mail_parse_prepare(void);

/* Not for two threads at once: converters are kept.  Never NULL: of bytes that are no mail a mail with their text and a warning is made.  raw is lent and
 * must live as long as the result (files may point into it). */
hg_mail *hg_mail_parse(const void *raw, gsize len, const struct hg_mail_ask *ask);
