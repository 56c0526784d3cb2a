/* mail_split.h - a mail's parts, found in one pass over its lines and without calling itself
 *
 * GMime's parser has no limit on parts, and 100,000 nested ones cost it seconds: it gets to see single bodies only. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "mail_params.h"
#include "mail_scan.h"

#define HG_PARTS_MAX 1000
#define HG_DEPTH_MAX 64

struct hg_mail_part {
	struct hg_head head;
	int parent;			/* its place in the list, before this one; -1 for the mail itself */
	guint depth;
	gboolean multipart;		/* its children tell what it holds; body is all of them */
	guint children;
	const char *type;		/* "text/plain", lower case */
	struct hg_params params;	/* of Content-Type */
	struct hg_params disposition;	/* first: "attachment", "inline", "" */
	const char *encoding;		/* "base64", lower case, "" */
	const char *body;		/* as it came */
	gsize len;
};

struct hg_mail_parts {
	struct hg_mail_part *of;		/* in the order of their lines: a part stands before what it holds */
	gsize n;
	gboolean too_many, too_deep;	/* more than the maximum: what is behind is left out, or not looked into */
	gboolean unclosed;		/* a boundary was never closed: cut on its way, perhaps */
	guint nested;			/* the mail lies in so many others; the caller's */
	gboolean guessed;		/* the boundary is not the declared one */
};

/* head: of the mail.  hint: character set of raw bytes in parameters, or NULL. */
void hg_split(hg_arena *arena, const struct hg_head *head, const char *hint, struct hg_mail_parts *ret);
/* The next part within parent behind after (-1: the first); -1: there is none. */
int hg_part_next(const struct hg_mail_parts *parts, int parent, int after);
/* The part's body with its transfer encoding taken off, in the arena, or lent where it has none. */
const char *hg_part_bytes(hg_arena *arena, const struct hg_mail_part *part, gsize *ret_len);
