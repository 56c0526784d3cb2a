/* proof.h - what proves that a request is the provider's: always over the bytes as they came, in constant time */
#pragma once
#include <glib.h>
#include <json-c/json.h>

enum hg_digest { HG_MD5 = 1, HG_SHA1, HG_SHA256, HG_SHA384, HG_SHA512 };
int hg_digest_of(const char *word);		/* "sha256"; 0: unknown */

GBytes *hg_digest(int digest, const void *data, gsize len);
GBytes *hg_mac(int digest, const void *key, gsize key_len, const void *data, gsize len);	/* HMAC, RFC 2104 */
/* given: the text of a header, hex of any case or base64 of either alphabet, padded or not; NULL: FALSE.  An empty
 * key is nobody's secret: FALSE. */
gboolean hg_mac_is(int digest, const void *key, gsize key_len, const void *data, gsize len, const char *given);
gboolean hg_digest_is(int digest, const void *data, gsize len, const char *given);
/* Is given the secret?  Of hashes, so that not even its length shows.  An empty secret is none. */
gboolean hg_secret_is(const char *secret, const char *given);
/* RFC 8032.  key, signature: base64 (RFC 4648) of 32 and 64 bytes. */
gboolean hg_ed25519_is(const char *key, const void *data, gsize len, const char *signature);
guint8 *hg_unbase64(const char *text, gsize *ret_len);	/* either alphabet, padded or not; NULL: none.  Yours */

/* RFC 7519.  The algorithm is the caller's, never the token's; exp and nbf are checked with leeway_s, and exp must be
 * there when need_exp.  NULL with why (static) when it does not hold, else its claims for json_object_put().  key: the
 * secret for HS256/384/512, PEM of a public key for RS256/ES256. */
struct json_object *hg_jwt_read(const char *token, const char *algorithm, const void *key, gsize key_len, gint64 now_s,
				gint64 leeway_s, gboolean need_exp, const char **why);
/* algorithm "HS256" (key: secret) or "RS256" (key: PEM of a private key).  NULL when the key is none.  Yours. */
char *hg_jwt_make(struct json_object *claims, const char *algorithm, const void *key, gsize key_len);
