/* json_scan.h - the strict reading of JSON that comes before json-c's; for json.c only */
#pragma once
#include <glib.h>

#include "fail.h"

#define HG_JSON_DEPTH_MAX 1024	/* whatever limits say */

struct hg_json_scan {
	const guint8 *start, *end;
	guint max_depth;
	gsize max_memory;		/* of the tree; 0: any */
	/* Called for every key, quotes included, with the number of its object; or NULL. */
	void (*on_key)(void *arg, guint object, const guint8 *key, gsize len);
	void *arg;

	/* results */
	const guint8 *at;		/* where it went wrong */
	const char *what;		/* and why */
	enum hg_error_code code;
	gsize keys;			/* in all objects */
	gsize memory;			/* what json-c's tree of it takes, about */
};

/* TRUE when the bytes are one JSON value after RFC 8259 and within the limits. */
gboolean hg_json_scan(struct hg_json_scan *scan);
