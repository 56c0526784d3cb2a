/* file_link.h - signed links to stored files: for whoever has one, until it ends
 *
 * A link says a file and an end, and a mark that nobody else can make over both and over what kind of link it is: one for
 * visitors opens nothing else, nor the other way round.  Pure. */
#pragma once
#include <glib.h>

enum hg_link_kind {
	HG_LINK_VISITOR = 1,	/* /client/v1/files/: what a visitor sees of his conversations */
	HG_LINK_FILE,		/* /files/: what somebody made who may read attachments */
};

struct hg_link_keys {			/* lent */
	const guint8 *own;		/* 32 bytes: the store's; counts while nobody has set another */
	char *const *secrets;		/* files.link_secrets: the first signs, all are good; or NULL */
};

enum hg_link_fate { HG_LINK_HOLDS = 0, HG_LINK_NONE, HG_LINK_EXPIRED };

/* What stands behind the file's path: "?e=1795291911&s=...".  Yours. */
char *hg_link_make(const struct hg_link_keys *keys, enum hg_link_kind kind, const char *id, gint64 ends_s);
/* ends and mark: e and s as they came, or NULL.  *ret_ends_s is 0 unless it HOLDS.  NONE: nobody here has made it. */
enum hg_link_fate hg_link_look(const struct hg_link_keys *keys, enum hg_link_kind kind, const char *id, const char *ends,
			       const char *mark, gint64 now_ms, gint64 *ret_ends_s);
