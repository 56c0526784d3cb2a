/* sms_text.h - what a text costs as short messages, and how it is cut */
#pragma once
#include <glib.h>
#include "fail.h"

enum hg_sms_coding { HG_SMS_GSM7 = 1, HG_SMS_UCS2, HG_SMS_LATIN1, HG_SMS_ASCII };
const char *hg_sms_coding_word(int coding);	/* "gsm7", "ucs2", "latin1", "ascii" */

/* Room in one segment (3GPP TS 23.040 section 9.2.3.24.1): units are septets, UTF-16 code units or octets. */
struct hg_sms_room {
	guint alone;		/* 160, 70, 140 */
	guint part;		/* 153, 67, 134 with 8-bit references; 152, 66, 133 with 16-bit ones */
};
struct hg_sms_room hg_sms_room(int coding, gboolean wide_ref);

/* GSM-7 when every character is in it, else UCS-2. */
int hg_sms_coding_of(const char *text);

/* Nothing but blanks: no provider sends that.  NULL is blank. */
gboolean hg_sms_blank(const char *text);

/* Typographic quotes, dashes, ellipsis, blanks and zero-width characters as letters of the GSM alphabet;
 * when transliterate, also accents and ligatures that it lacks (for "smart" and "transliterate").  Yours. */
char *hg_sms_plain(const char *text, gboolean transliterate);

/* Segments (1 .. ) of text in a coding; an escape pair, a surrogate pair and what people see as one character
 * are never cut in two.  Text may not be sendable in the coding: then 0. */
guint hg_sms_count(const char *text, int coding, gboolean wide_ref);
/* The same, with what is left: so many units more fit before it costs another segment. */
struct hg_sms_cost {
	guint segments;		/* 0: not sendable in the coding */
	guint left;
};
struct hg_sms_cost hg_sms_cost(const char *text, int coding, gboolean wide_ref);
/* The pieces of text, at most max of them, each as UTF-8; one when it fits alone.  NULL when it needs more than
 * max, or is not sendable in the coding.  NULL-ended, yours. */
char **hg_sms_split(const char *text, int coding, gboolean wide_ref, guint max);

/* The pieces' texts (WTF-8: see part_ref of adapter.h; NULL: missing) put together: halves of surrogate pairs
 * and an escape with its letter are joined over the seams, what stays half becomes U+FFFD, a missing one "[...]".
 * Yours. */
char *hg_sms_join(const char *const *pieces, gsize n);

/* ---- what an adapter's options say of text, and the messages it goes out as ---- */

#define HG_SMS_TEXT_RANGE "exact|smart|transliterate"
#define HG_SMS_LONG_RANGE "concat|split|refuse"
struct hg_sms_policy {
	const char *text;	/* one of HG_SMS_TEXT_RANGE */
	const char *long_text;	/* concat: one message of many segments, as far as max_* allow, then a further one;
				 * split: a message for each segment, cut between words; refuse: one segment at most */
	gboolean wide_ref;	/* who cuts it into segments uses 16-bit references */
	guint max_units;	/* segments of one message; 0: 255 */
	guint max_chars;	/* UTF-16 code units of one message, where the provider has such a limit; or 0 */
	int coding;		/* 0: GSM-7 or UCS-2, by the text */
};

struct hg_sms_message {
	char *text;		/* as it goes out */
	int   coding;
	guint units, left;	/* segments; see struct hg_sms_cost */
};

/* The messages text goes out as, in order: struct hg_sms_message each, freed with the array (yours).  NULL with
 * HG_ERROR_LIMIT: it is refused, or needs more than HG_SMS_MESSAGES_MAX; HG_ERROR_INPUT: not in policy's coding. */
#define HG_SMS_MESSAGES_MAX 50
GArray *hg_sms_plan(const char *text, const struct hg_sms_policy *policy, GError **error);
