/* static_files.h - what runs in browsers, as built from widget/src: part of the daemon's own image */
#pragma once
#include <glib.h>

struct hg_static_file {
	const char *name;		/* as in widget/dist: "app.js" */
	const guint8 *bytes, *gzip;
	gsize len, gzip_len;
};
extern const struct hg_static_file hg_static_files[];	/* made by embed.sh; ends with a NULL name */

/* How one of them is served. */
struct hg_static {
	const struct hg_static_file *file;
	char name[64];			/* "app-0a1b2c3d4e.js": with the hash of the content in it; the loader: "v1.js" */
	char tag[16];			/* of the content */
	const char *type;		/* media type */
};
/* The one of that name of widget/dist, or NULL.  Lent for ever; any thread. */
const struct hg_static *hg_static_get(const char *name);
/* The one that a path behind /widget/ names; *ret_exact: it is this very content, for ever.  Not so for the loader,
 * and for names of another version: a page may have an older loader, and gets today's files. */
const struct hg_static *hg_static_find(const char *path, gboolean *ret_exact);

/* RFC 9110, sections 12.5.3 and 13.1.2.  header is a request's, or NULL. */
gboolean hg_static_takes_gzip(const char *accept_encoding);
gboolean hg_static_is_known(const char *if_none_match, const char *tag);	/* tag without quotes */
