/* static_files.h - what runs in browsers, as built from its sources: part of the daemon's own image, served from there */
#pragma once
#include <glib.h>

#include "http_server.h"

struct hg_static_file {
	const char *name;		/* as in widget/dist: "app.js" */
	const guint8 *bytes, *gzip;	/* gzip NULL: it is never compressed */
	gsize len, gzip_len;
};

/* How one of them is served. */
struct hg_static {
	const struct hg_static_file *file;
	char name[64];			/* "app-0a1b2c3d4e.js": with the hash of the content in it; the plain one: "v1.js" */
	char tag[16];			/* of the content */
	const char *type;		/* media type */
};

#define HG_STATIC_MAX 64

/* The files of one site; embed.sh writes such a set. */
struct hg_static_set {
	const struct hg_static_file *files;	/* ends with a NULL name; HG_STATIC_MAX - 1 of them count */
	const char *plain;			/* the one that has no hash in its name, for it is what others know */
	struct hg_static served[HG_STATIC_MAX];	/* made at the first look */
	gsize made;
};
extern struct hg_static_set hg_widget_files, hg_console_files, hg_api_files;

/* The one of that name, or NULL.  Lent for ever; any thread. */
const struct hg_static *hg_static_get(struct hg_static_set *set, const char *name);
/* The one that is served under this name; *ret_exact: it is this very content, for ever.  Not so for the plain one, and
 * for names of another version: a page may have an older loader, and gets today's files. */
const struct hg_static *hg_static_find(struct hg_static_set *set, const char *path, gboolean *ret_exact);

/* RFC 9110, sections 12.5.3 and 13.1.2.  header is a request's, or NULL. */
gboolean hg_static_takes_gzip(const char *accept_encoding);
gboolean hg_static_is_known(const char *if_none_match, const char *tag);	/* tag without quotes */

#define HG_STATIC_FOR_EVER "Cache-Control: public, max-age=31536000, immutable"
/* Takes req: the file, compressed where the peer takes that, or 304.  cache is its Cache-Control line; more (NULL-ended,
 * or NULL) are other headers, HG_STATIC_HEADERS_MAX at most. */
#define HG_STATIC_HEADERS_MAX 12
void hg_static_answer(hg_request *req, const struct hg_static *found, const char *cache, const char *const *more);
