/* sign.h - Standard Webhooks 1.0.0: what proves to a receiver that an event is ours */
#pragma once
#include <glib.h>

#define HG_SIGN_KEY_MIN 24
#define HG_SIGN_KEY_MAX 64

/* The bytes behind "whsec_" (base64 of 24 to 64 bytes); NULL when secret is none.  Wipe and free
 * with hg_sign_key_free(). */
guint8 *hg_sign_key(const char *secret, gsize *ret_len);
void hg_sign_key_free(guint8 *key, gsize len);

/* The value of webhook-signature: one "v1,BASE64" for each secret (NULL-ended), separated by
 * spaces, over "id.timestamp.body".  Yours to free; NULL when no secret is usable. */
char *hg_sign(char *const *secrets, const char *id, gint64 timestamp_s, const void *body, gsize len);
/* The headers of what is sent: type, the three of Standard Webhooks, and Idempotency-Key for receivers that know
 * it.  NULL-ended, yours. */
char **hg_sign_headers(char *const *secrets, const char *id, gint64 timestamp_s, const void *body, gsize len);
/* The same secrets again and again: made ready once.  What it makes is the same. */
typedef struct hg_signer hg_signer;
hg_signer *hg_signer_new(char *const *secrets);
void hg_signer_free(hg_signer *signer);		/* NULL is fine */
char **hg_signer_headers(hg_signer *signer, const char *id, gint64 timestamp_s, const void *body, gsize len);
/* TRUE when one of header's signatures fits one of the secrets.  Constant time in the signature.
 * The caller checks the timestamp against its clock. */
gboolean hg_sign_verify(char *const *secrets, const char *id, gint64 timestamp_s, const void *body,
			gsize len, const char *header);
