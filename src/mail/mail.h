/* mail.h - one mail as a message: what the helper process makes of raw bytes, and its JSON
 *
 * Everything is UTF-8 without NUL and valid; nothing in it may be believed but what `verdict` and tokens
 * say.  Addresses are `local@domain`, the domain in lower case ASCII (IDNA), the local part as written. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "arena.h"

struct json_object;

struct hg_mail_person { const char *name, *address; };		/* name or NULL; address "": only a name stands there */
struct hg_mail_people { struct hg_mail_person *of; gsize n; };
struct hg_mail_ids { const char **of; gsize n; };		/* msg-ids without angle brackets */

struct hg_mail_file {
	const char *filename;		/* made safe: no path, no control or bidi characters, at most 200 bytes; or NULL */
	const char *content_type;	/* "type/subtype", lower case, ASCII */
	const char *content_id;		/* without angle brackets; or NULL */
	gboolean is_inline;
	gsize size;			/* bytes, decoded */
	char sha256[65];
	const void *data;		/* size bytes; not in the JSON */
};

/* How sure we are of reply_text. */
enum hg_mail_confidence { HG_MAIL_LOW, HG_MAIL_MEDIUM, HG_MAIL_HIGH };

/* Why a mail is a machine's; the word in JSON is the part behind HG_AUTO_, in lower case. */
enum hg_mail_auto {
	HG_AUTO_NONE = 0, HG_AUTO_REPLIED, HG_AUTO_GENERATED, HG_AUTO_BOUNCE, HG_AUTO_LIST, HG_AUTO_BULK,
	HG_AUTO_OUT_OF_OFFICE, HG_AUTO_NO_REPLY, HG_AUTO_LOOP, HG_AUTO_OURS, HG_AUTO_RECEIPT,
};

/* A delivery report (RFC 3464) or what says the same in other words. */
struct hg_mail_report {
	const char *action;		/* "failed", "delayed", "delivered", "relayed", "expanded" */
	const char *recipient;		/* Final-Recipient, or NULL as the rest */
	const char *status;		/* "5.1.1" */
	const char *diagnostic;
	const char *envelope_id;	/* Original-Envelope-Id: ENVID of ours */
	const char *message_id;		/* of the mail it is about */
};

typedef struct hg_mail {
	hg_arena *arena;		/* ours: everything below and this struct */
	struct hg_mail_people from, to, cc, reply_to;
	struct hg_mail_people delivered;	/* Delivered-To, X-Original-To, Envelope-To: whom it reached */
	const char *sender;		/* Return-Path: "" for <>, NULL when not said */
	const char *subject;		/* "" when there is none */
	const char *message_id;		/* or NULL */
	struct hg_mail_ids in_reply_to, references;	/* as written: oldest first */
	gint64 date_ms;			/* 0: none that can be read */
	const char *text;		/* all of it; "" when there is none */
	const char *html;		/* as it came, decoded; never shown inline; or NULL */
	const char *reply_text;		/* what is new; never empty where text is not */
	int confidence;			/* enum hg_mail_confidence */
	int automatic;			/* enum hg_mail_auto */
	const char *loop;		/* X-Headgate-Loop: the instance that sent it; or NULL */
	struct hg_mail_report *report;	/* or NULL */
	int verdict;			/* enum hg_sender, by Authentication-Results of the trusted authserv-ids */
	gboolean spam;			/* the receiving server's opinion */
	gboolean forwarded;		/* by its subject or form */
	struct hg_mail_file *files;
	gsize n_files;
	const char **warnings;		/* "two From headers", "charset unknown: x-foo", ... one line each */
	gsize n_warnings;
	char content_hash[65];		/* of date, From, Subject, decoded body: SHA-256, hex */
} hg_mail;

void hg_mail_free(hg_mail *mail);	/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_mail, hg_mail_free)

/* The JSON of `headgatectl mail-parse` and of the helper's answers (doc/mail.md), appended. */
void hg_mail_write(const hg_mail *mail, GString *out);
struct json_object *hg_mail_to_json(const hg_mail *mail);	/* the same as a tree: yours */
/* Back again, strictly: a helper that was taken over by a mail is no friend.  files' data is NULL. */
hg_mail *hg_mail_from_json(struct json_object *json, GError **error);
