/* mail_build.h - a mail of ours: from what it is to say to the bytes that SMTP carries
 *
 * What stands in a draft may come from anybody: no text of it can begin a header, end one or leave its part.  Text
 * parts are UTF-8, the whole is 7-bit with CR LF, so that no relay has a reason to change it. */
#pragma once
#include <glib.h>

#define HG_MAIL_SUBJECT_MAX 250		/* bytes */
#define HG_MAIL_NAME_MAX    100
#define HG_MAIL_REFS_MAX    21		/* ids of others in References: the oldest and the last 20 */
#define HG_MAIL_FILES_MAX   100

struct hg_mail_attachment {
	const char *name, *type;	/* or NULL: made up */
	const char *content_id;		/* by which the HTML shows it; or NULL */
	const char *path;		/* where its bytes are */
};

struct hg_mail_draft {
	const char *from_name, *from;	/* name or NULL */
	const char *reply_to;		/* or NULL */
	const char *to;
	const char *subject;
	const char *message_id;		/* without angle brackets, as all ids */
	const char *token;		/* stands in References once more: a relay may change the Message-ID */
	const char *const *refs;	/* what it answers, nearest first, NULL-ended; or NULL */
	gint64 date_ms;
	const char *instance;		/* of X-Headgate-Loop */
	gboolean automatic;		/* RFC 3834: Auto-Submitted */
	const char *text, *html;	/* html: or NULL */
	const struct hg_mail_attachment *files;
	gsize n_files;
};

/* Reads the files; may block, may be called on any thread.  The same draft and files give the same bytes.  NULL with
 * error set: INPUT (an address, an id), MISSING (a file), LIMIT (larger than max bytes). */
GBytes *hg_mail_build(const struct hg_mail_draft *draft, gsize max, GError **error);
