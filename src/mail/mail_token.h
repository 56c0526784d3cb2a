/* mail_token.h - the secret by which an answer proves that its writer got a mail of ours
 *
 * A token names one message sent: version byte, 96 bits of its key's hash, 64 bits of HMAC with the channel's
 * token secret; base32 in lower case, always the same length, so that mail systems that fold case keep it.  It stands
 * in Message-ID, in References and in the plus-address of Reply-To.  One verifier for all three. */
#pragma once
#include <glib.h>

#define HG_MAIL_TOKEN_LEN 34		/* characters: 21 bytes in base32 */

/* key: hg_out.key.  secret: any bytes. */
void hg_mail_token(const char *key, const void *secret, gsize len, char ret[HG_MAIL_TOKEN_LEN + 1]);
/* Is text (of any length) one of ours?  In constant time where it has the right length.  secrets: the
 * present one first, then those of before, each NUL-ended; NULL-ended. */
gboolean hg_mail_token_check(const char *text, const char *const *secrets);
/* The token in an address ("help+t.TOKEN@...") or a msg-id ("hg.TOKEN@...", with or without its bracket), not
 * verified, in lower case however a mail system wrote it; NULL: there is none.  Yours. */
char *hg_mail_token_in(const char *address_or_id);
