/* gsm.h - the characters of a short message: 3GPP TS 23.038 sections 6.2.1 (alphabet, extension, national tables)
 *
 * A septet is one byte here, 0..127: packing is the business of who sends or gets packed bytes. */
#pragma once
#include <glib.h>

#define HG_GSM_ESC 0x1b

enum hg_gsm_table {		/* National Language Identifiers of section 6.2.1.2.4 that are known here */
	HG_GSM_DEFAULT = 0, HG_GSM_TURKISH = 1, HG_GSM_SPANISH = 2, HG_GSM_PORTUGUESE = 3,
};

/* How many septets the character takes: 1, 2 (escape and one more), or 0: it is not in the alphabet. */
int hg_gsm_width(gunichar c, int single_shift, int locking_shift);
/* UTF-8 to septets, appended; FALSE when a character is not in the tables: nothing is appended then. */
gboolean hg_gsm_encode(const char *text, int single_shift, int locking_shift, GByteArray *out);
/* Septets to UTF-8.  A byte over 127 and an unknown extension become U+FFFD and what section 6.2.1.1 says; an
 * escape that is the last septet stays U+001B (its other half is in the next part). */
char *hg_gsm_decode(const guint8 *septets, gsize len, int single_shift, int locking_shift);	/* yours */
/* What c becomes when the septet before it, in the piece before this one, was an escape (default tables). */
gunichar hg_gsm_escaped(gunichar c);
/* Packed (section 6.1.2.1.1), appended, with 0 to 6 fill bits first: they bring text behind a user data header to a
 * septet's boundary. */
void hg_gsm_pack(const guint8 *septets, gsize len, guint fill, GByteArray *out);
/* len septets out of packed bytes, appended; FALSE when there are not enough bytes. */
gboolean hg_gsm_unpack(const guint8 *bytes, gsize n_bytes, guint fill, gsize len, GByteArray *out);
