/* proof_make.h - the other side of proof.h: what a provider puts on a request to prove that it is its own.  For calls of
 * ours that are signed the same way, and for headgatectl simulate. */
#pragma once
#include <glib.h>

struct hg_pair { const char *name, *value; };	/* lent */

/* Base64 of the HMAC-SHA1 over url and the pairs behind it, sorted, without anything between; one that is there twice
 * counts once (Twilio).  Yours. */
char *hg_url_sign(const char *url, const struct hg_pair *pairs, gsize n, const char *key);
/* "&name=value" by name, without sig, with "&" and "=" in values as "_" (Vonage).  NULL: a name is there twice, or has
 * one of the two in it: such a request has several readings.  Yours. */
char *hg_pairs_text(const struct hg_pair *pairs, gsize n);
/* sig of that text: lower-case hex.  method: md5hash, md5, sha1, sha256, sha512.  Yours. */
char *hg_pairs_sign(const char *method, const char *secret, const char *text);
/* RFC 8032: base64 of the signature; pem: a private key (PKCS #8).  NULL: it is none of Ed25519.  Yours. */
char *hg_ed25519_sign(const char *pem, gsize pem_len, const void *data, gsize len);
/* A new pair: the private key as PEM in ret_pem, the public one as the base64 that hg_ed25519_is() wants.  Both yours. */
char *hg_ed25519_new(char **ret_pem);
/* "Basic ..." for Authorization (RFC 7617).  Yours. */
char *hg_basic_make(const char *user, const char *password);
