/* seal.h - a secret kept where others may read it: AES-256-GCM, base64 */
#pragma once
#include <glib.h>

/* purpose: who seals, in words; what is sealed for one is not opened for another.  key: any bytes of a
 * secret, from which the key is made.  Both: yours. */
char *hg_seal(const char *text, const char *purpose, const void *key, gsize key_len);
/* NULL: it was not sealed so, or was changed. */
char *hg_unseal(const char *sealed, const char *purpose, const void *key, gsize key_len);
