/* http_auth.h - who may call: what `auth:` of a way in demands, over the bytes as they came */
#pragma once
#include "described.h"
#include "fill.h"

typedef struct ht_auth ht_auth;

/* One request while it is judged; all lent. */
struct ht_asked {
	const struct hg_http_req *req;
	const struct ht_scope *scope;	/* without a tree */
	const char *url;		/* as the provider called it; NULL: the channel has no public_url */
	struct ht_certs *certs;		/* http_sns.h; NULL: there are none, and none can be fetched */
};

/* `auth:` of a map: a list of demands, all of which must hold, or "none".  NULL: wrong or missing (told). */
ht_auth *ht_auth_new(struct ht_look *look, struct json_object *map, const char *key);
void ht_auth_free(ht_auth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_auth, ht_auth_free)
gboolean ht_auth_proves(const ht_auth *auth);		/* FALSE: anybody may call */
gboolean ht_auth_wants_url(const ht_auth *auth);	/* the channel needs a public_url */

enum ht_verdict { HT_GENUINE = 1, HT_FORGED, HT_LATER };
/* LATER: it cannot be known yet (a certificate is being fetched).  ret_why, static: what did not hold. */
int ht_auth_judge(const ht_auth *auth, const struct ht_asked *asked, const char **ret_why);

/* ---- http_signed.c: the string that is signed ---- */

/* Names that a signed string may have: body, url, url_base, query, method, header:NAME, query:NAME, secret:NAME,
 * value:NAME, sorted_params, sorted_pairs, and md5(NAME), sha1(NAME), sha256(NAME), sha512(NAME) as hex of lower case,
 * sha256raw(NAME) as bytes, base64(NAME); url_decoded: url with the twelve characters decoded that HubSpot's version 3
 * wants so. */
extern const char *const ht_signed_names[];
ht_fill *ht_signed_new(struct ht_look *look, const char *key, const char *text);	/* NULL: told */
/* For ht_fill_run(); ctx: a struct ht_asked. */
gboolean ht_signed_value(void *ctx, const char *name, GString *out);
