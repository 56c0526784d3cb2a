/* mail_words.h - what stands in a header field as text: encoded words (RFC 2047), raw bytes, folds, msg-ids */
#pragma once
#include <glib.h>
#include "arena.h"
#include "mail.h"
#include "mail_scan.h"

#define HG_LINE_MAX 4096	/* bytes of a subject or a name that are kept */

/* One line of UTF-8 without control characters; hint: the character set of raw bytes that are no UTF-8, or NULL.
 * Yours. */
char *hg_words_text(const char *bytes, gsize len, const char *hint);
/* The same of a field, in the arena; NULL gives NULL. */
const char *hg_field_text(hg_arena *arena, const struct hg_field *field, const char *hint);
/* How long the encoded word at p is; 0: there is none. */
gsize hg_word_len(const char *p, const char *end);

/* The msg-ids of all fields of that name, without angle brackets, as written, at most max: the first one and the last
 * ones.  *ret_dropped (or NULL): there were more. */
void hg_field_ids(hg_arena *arena, const struct hg_head *head, const char *name, gsize max, struct hg_mail_ids *ret,
		  gboolean *ret_dropped);
/* The field's value when it is a short plain one (Auto-Submitted, Precedence): its first word up to a semicolon or a
 * comment, lower case, in the arena; "" when there is none. */
const char *hg_field_token(hg_arena *arena, const struct hg_field *field);
