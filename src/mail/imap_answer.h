/* imap_answer.h - what one response of an IMAP server means */
#pragma once
#include "imap_read.h"

enum hg_imap_kind {
	HG_IMAP_OTHER = 0,		/* of no interest here */
	HG_IMAP_GO_ON,			/* "+": we may send, or IDLE has begun */
	HG_IMAP_DONE,			/* a tagged answer: tag, status, code, words */
	HG_IMAP_STATUS,			/* untagged OK, NO, BAD, BYE, PREAUTH: status, code, words */
	HG_IMAP_CAPABILITY,		/* words: what it can, one space between two */
	HG_IMAP_EXISTS, HG_IMAP_EXPUNGE,	/* number */
	HG_IMAP_FETCH,			/* mail */
};

enum hg_imap_status { HG_IMAP_OK = 1, HG_IMAP_NO, HG_IMAP_BAD, HG_IMAP_BYE, HG_IMAP_PREAUTH };

struct hg_imap_mail {			/* what a FETCH says; nothing of it needs to be there */
	guint32 uid;			/* 0: not said */
	gint64 size;			/* RFC822.SIZE, -1: not said */
	gint64 received_ms;		/* INTERNALDATE in UTC, 0: not said */
	GBytes *body;			/* BODY[], lent; NULL: not said, or NIL */
	GBytes *header, *text;		/* BODY[HEADER], BODY[TEXT]; lent, or NULL */
};

#define HG_IMAP_CODE_MAX 64

struct hg_imap_answer {
	int kind;			/* enum hg_imap_kind */
	char tag[32];
	int status;			/* enum hg_imap_status */
	char code[HG_IMAP_CODE_MAX];	/* "UIDVALIDITY", "AUTHENTICATIONFAILED", in upper case; "" none */
	guint32 number;			/* of the code, or of EXISTS and EXPUNGE */
	const char *words;		/* points into the response */
	struct hg_imap_mail mail;
};

/* Never fails: what makes no sense is HG_IMAP_OTHER.  Linear in the response's length.  ret points into it. */
void hg_imap_answer(const struct hg_imap_response *response, struct hg_imap_answer *ret);
void hg_imap_answer_clear(struct hg_imap_answer *answer);	/* lets go of the mail's bytes */

/* Is this word in a list of capabilities?  Case does not matter. */
gboolean hg_imap_can(const char *capabilities, const char *word);

/* A quoted string (RFC 3501 section 4.3); folder names of other letters in modified UTF-7 (section 5.1.3).  Yours;
 * NULL with error set: it has a control character, or is no UTF-8. */
char *hg_imap_quote(const char *text, GError **error);
char *hg_imap_folder(const char *name, GError **error);

/* " 1-Nov-2026 10:00:00 +0100" (RFC 3501 section 9, date-time) in UTC milliseconds; 0: it is none. */
gint64 hg_imap_date(const char *text);
