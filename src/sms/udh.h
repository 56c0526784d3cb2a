/* udh.h - the user data header of a short message: 3GPP TS 23.040 section 9.2.3.24 */
#pragma once
#include <glib.h>

struct hg_udh {
	gboolean concat;		/* information elements 00 and 08 */
	gboolean wide;			/* 08: ref has 16 bits */
	guint    ref, part, parts;	/* 1 <= part <= parts, else concat is FALSE */
	int      single_shift, locking_shift;	/* 24, 25: enum hg_gsm_table */
	int      port;			/* 04, 05: destination, -1: none */
	guint    len;			/* of the header with its length octet */
};

/* FALSE: the header is longer than the data (then len is 0), or an element than the header (then what stood before it
 * counts).  Unknown elements are skipped. */
gboolean hg_udh_parse(const guint8 *data, gsize len, struct hg_udh *ret);
/* A header with a concatenation element and, where they are not 0, the shift tables: appended; nothing when there
 * is nothing to say. */
void hg_udh_build(const struct hg_udh *udh, GByteArray *out);
/* Fill bits between a header of len octets and packed septets behind it (hg_gsm_pack()). */
guint hg_udh_fill(guint len);
