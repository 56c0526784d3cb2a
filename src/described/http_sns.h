/* http_sns.h - messages of AWS SNS: signed with RSA by a certificate that lies on a host of Amazon's
 *
 * Which string is signed, and where the certificate may lie: Amazon SNS Developer Guide, "Verifying the signatures of
 * Amazon SNS messages". */
#pragma once
#include "http_auth.h"

typedef struct ht_sns ht_sns;

/* The inside of `sns:`; { topics: [arn, ...] }. */
ht_sns *ht_sns_new(struct ht_look *look, struct json_object *map);
void ht_sns_free(ht_sns *sns);				/* NULL is fine */
int ht_sns_judge(const ht_sns *sns, const struct ht_asked *asked);	/* enum ht_verdict */

/* Certificates by their URL, fetched when a message names one that is not there: until then messages are to come
 * again.  fetch: is to begin a GET of url, and to end in ht_certs_put(). */
typedef struct ht_certs ht_certs;
ht_certs *ht_certs_new(void (*fetch)(void *arg, const char *url), void *arg);
void ht_certs_free(ht_certs *certs);			/* NULL is fine */
/* pem NULL: there is none to be had. */
void ht_certs_put(ht_certs *certs, const char *url, const char *pem, gsize len, gint64 now_ms);

/* May a certificate lie there; may a subscription be confirmed there?  https on sns.REGION.amazonaws.com. */
gboolean ht_sns_cert_url(const char *url);
gboolean ht_sns_url(const char *url);
/* The string that is signed (yours); NULL: the message has no such members. */
char *ht_sns_signed(struct json_object *message);
