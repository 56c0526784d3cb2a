/* mail_scan.h - the header of a mail or of a part as fields, from any bytes: what runs before GMime
 *
 * Linear in the bytes, and nothing is copied: fields point into what was given. */
#pragma once
#include <glib.h>
#include "arena.h"

#define HG_HEAD_MAX (1024 * 1024)	/* bytes of a mail's header that are read */
#define HG_PART_HEAD_MAX (64 * 1024)	/* of a part's: no mailer writes a tenth of it */

struct hg_field {
	const char *name;		/* as written, not ended */
	gsize name_len;
	const char *value;		/* with its folds, without white space at either end */
	gsize len;
};

struct hg_head {
	struct hg_field *of;
	gsize n;
	const char *body;		/* behind the empty line */
	gsize body_len;
	gboolean cut;			/* longer than most: what is behind is no field */
	gboolean junk;			/* lines that are none of a header stood in it, or there was none at all */
};

/* The header at the start of bytes.  top: of a whole mail, where a byte order mark, an mbox line or lines of rubbish
 * may stand before it, and bytes without any field are all body. */
void hg_head_scan(hg_arena *arena, const char *bytes, gsize len, gsize most, gboolean top, struct hg_head *ret);

/* The next field of that name behind after (NULL: the first); or NULL. */
const struct hg_field *hg_head_next(const struct hg_head *head, const char *name, const struct hg_field *after);
#define hg_head_get(head, name) hg_head_next((head), (name), NULL)
/* How many there are of it. */
gsize hg_head_count(const struct hg_head *head, const char *name);

/* The end of the line at p, without what ends it; *ret_next is the start of the next one, or end. */
const char *hg_line_end(const char *p, const char *end, const char **ret_next);
