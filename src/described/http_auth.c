/* http_auth.c - the demands of `auth:`, put to a request
 *
 * What is wrong with a request is told to nobody but our own log and counters: who forges learns nothing. */
#include <arpa/inet.h>
#include <string.h>

#include "http_auth_inside.h"
#include "proof.h"
#include "text.h"

#define SIGNATURES_MAX 16	/* of one header of Standard Webhooks */

static const char *secret_of(const struct ht_asked *asked, const char *name)
{
	return ht_given_value(asked->scope->secrets, name);
}

/* All of them are tried, whichever fits: rotation shows in no time. */
static gboolean any_secret(const struct ht_asked *asked, const struct ht_demand *d, const char *given)
{
	gboolean fits = FALSE;

	for (char **name = d->secrets; *name; name++)
		fits |= hg_secret_is(secret_of(asked, *name), given);
	return fits;
}

static gboolean basic_holds(const struct ht_demand *d, const struct ht_asked *asked)
{
	const char *header = asked->req->header(asked->req, "Authorization");
	g_autofree guint8 *given = NULL;
	gboolean fits = FALSE;
	gsize len;

	if (!header || g_ascii_strncasecmp(header, "Basic ", 6) != 0)
		return FALSE;
	given = hg_unbase64(header + 6, &len);
	if (!given || memchr(given, 0, len))
		return FALSE;
	given = g_realloc(given, len + 1);
	given[len] = '\0';
	for (char **name = d->secrets; *name; name++) {
		const char *secret = secret_of(asked, *name);
		g_autofree char *both = d->user && secret ? g_strconcat(d->user, ":", secret, NULL) : g_strdup(secret);

		fits |= hg_secret_is(both, (const char *)given);
	}
	return fits;
}

static gboolean in_net(const struct ht_net *net, int family, const guint8 *bytes)
{
	guint whole = net->bits / 8, rest = net->bits % 8;

	if (family != net->family || memcmp(net->bytes, bytes, whole) != 0)
		return FALSE;
	return !rest || !((net->bytes[whole] ^ bytes[whole]) & (0xff00 >> rest) & 0xff);
}

static gboolean address_holds(const struct ht_demand *d, const char *peer)
{
	struct ht_net net;

	/* "::ffff:192.0.2.1" is the IPv4 address in it. */
	if (peer && g_ascii_strncasecmp(peer, "::ffff:", 7) == 0 && strchr(peer, '.'))
		peer += 7;
	if (!peer || !ht_net_read(peer, &net))
		return FALSE;
	for (guint i = 0; i < d->nets->len; i++)
		if (in_net(&g_array_index(d->nets, struct ht_net, i), net.family, net.bytes))
			return TRUE;
	return FALSE;
}

guint8 *ht_demand_key(const struct ht_demand *d, const char *secret, gsize *ret_len)
{
	g_autofree guint8 *bytes = NULL;

	if (d->coding == C_WHSEC && g_str_has_prefix(secret, "whsec_"))
		secret += strlen("whsec_");
	if (d->coding == C_BASE64 || d->coding == C_WHSEC)
		return hg_unbase64(secret, ret_len);
	*ret_len = d->coding == C_HEX ? strlen(secret) / 2 : strlen(secret);
	if (d->coding == C_RAW)
		return g_memdup2(secret, *ret_len + 1);
	bytes = g_malloc(*ret_len + 1);
	return hg_unhex(secret, bytes, *ret_len) ? g_steal_pointer(&bytes) : NULL;
}

static gboolean hmac_holds(const struct ht_demand *d, const struct ht_asked *asked, const char *given, const GString *over)
{
	gboolean fits = FALSE;

	for (char **name = d->secrets; *name; name++) {
		const char *secret = secret_of(asked, *name);
		gsize len = 0;
		g_autofree guint8 *key = secret ? ht_demand_key(d, secret, &len) : NULL;

		fits |= key && len && hg_mac_is(d->digest, key, len, over->str, over->len, given);
	}
	return fits;
}

/* "v1,BASE64 v1,BASE64": while secrets change there are several, of which one may be ours. */
static gboolean any_holds(const struct ht_demand *d, const struct ht_asked *asked, const char *given, const GString *over)
{
	g_auto(GStrv) all = g_strsplit(given, " ", SIGNATURES_MAX);
	gboolean fits = FALSE;

	for (char **one = all; *one; one++)
		if (g_str_has_prefix(*one, "v1,"))
			fits |= hmac_holds(d, asked, *one + strlen("v1,"), over);
	return fits;
}

static gboolean ed25519_holds(const struct ht_demand *d, const struct ht_asked *asked, const char *given, const GString *over)
{
	g_autofree char *why = NULL, *key = NULL;
	g_autoptr(ht_path) path = d->key[0] == '$' ? ht_path_new(d->key, FALSE, &why) : NULL;

	key = path ? ht_path_text(path, asked->scope) : g_strdup(d->key);
	return key && hg_ed25519_is(key, over->str, over->len, given);
}

/* A hash of the body is in no claim where there is no body. */
static gboolean claim_holds(const struct ht_claim *claim, struct json_object *claims, struct ht_asked *asked)
{
	g_autoptr(GString) want = g_string_new(NULL);
	struct json_object *is = NULL;
	g_autofree char *text = NULL;

	json_object_object_get_ex(claims, claim->name, &is);
	if (!is && !asked->req->len && ht_fill_has(claim->is, "sha256(body)"))
		return TRUE;
	if (!is)
		return FALSE;
	if (ht_fill_run(claim->is, ht_signed_value, asked, NULL, want))	/* never: what is signed has no place that a value must fit */
		return FALSE;
	text = ht_json_text(is);
	return text && strcmp(text, want->str) == 0;
}

static gboolean claims_hold(const struct ht_demand *d, struct json_object *claims, const struct ht_asked *asked)
{
	struct ht_asked copy = *asked;

	for (guint i = 0; i < d->claims->len; i++)
		if (!claim_holds(&g_array_index(d->claims, struct ht_claim, i), claims, &copy))
			return FALSE;
	return TRUE;
}

static gboolean jwt_holds(const struct ht_demand *d, const struct ht_asked *asked, const char *given)
{
	const char *token = g_ascii_strncasecmp(given, "Bearer ", 7) == 0 ? given + 7 : given, *why;
	gboolean fits = FALSE;

	for (char **name = d->secrets; *name; name++) {
		const char *secret = secret_of(asked, *name);
		struct json_object *claims = NULL;

		if (secret)
			claims = hg_jwt_read(token, d->algorithm, secret, strlen(secret), asked->scope->now_ms / 1000,
					     d->leeway_ms / 1000, d->need_exp, &why);
		fits |= claims && claims_hold(d, claims, asked);
		json_object_put(claims);
	}
	return fits;
}

static gboolean within_holds(const struct ht_demand *d, const ht_pick *when, const struct ht_asked *asked)
{
	gint64 at = ht_pick_time(when, asked->scope);

	return at > 0 && ABS(asked->scope->now_ms - at) <= d->leeway_ms;
}

/* Of the demands over a string that is put together. */
static gboolean signature_holds(const struct ht_demand *d, const struct ht_asked *asked)
{
	g_autofree char *given = ht_pick_text(d->at, asked->scope);
	g_autoptr(GString) over = g_string_new(NULL);
	struct ht_asked copy = *asked;

	if (!given)
		return FALSE;
	if (d->kind == D_TOKEN)
		return any_secret(asked, d, given);
	if (d->kind == D_JWT)
		return jwt_holds(d, asked, given);
	if (ht_fill_run(d->over, ht_signed_value, &copy, NULL, over))	/* never: as in claim_holds() */
		return FALSE;
	if (d->kind == D_STANDARD)
		return any_holds(d, asked, given, over) && within_holds(d, d->time, asked);
	if (d->kind == D_HMAC)
		return hmac_holds(d, asked, given, over);
	if (d->kind == D_DIGEST)
		return hg_digest_is(d->digest, over->str, over->len, given);
	return ed25519_holds(d, asked, given, over);
}

static int judge(const struct ht_demand *d, const struct ht_asked *asked)
{
	switch (d->kind) {
	case D_BASIC:
		return basic_holds(d, asked) ? HT_GENUINE : HT_FORGED;
	case D_ADDRESSES:
		return address_holds(d, asked->req->peer) ? HT_GENUINE : HT_FORGED;
	case D_WITHIN:
		return within_holds(d, d->at, asked) ? HT_GENUINE : HT_FORGED;
	case D_SNS:
		return ht_sns_judge(d->sns, asked);
	default:
		return signature_holds(d, asked) ? HT_GENUINE : HT_FORGED;
	}
}

int ht_auth_judge(const ht_auth *auth, const struct ht_asked *asked, const char **ret_why)
{
	int verdict = HT_GENUINE;

	*ret_why = NULL;
	for (guint i = 0; i < auth->demands->len && verdict == HT_GENUINE; i++) {
		const struct ht_demand *d = &g_array_index(auth->demands, struct ht_demand, i);

		verdict = judge(d, asked);
		if (verdict != HT_GENUINE)
			*ret_why = ht_demand_kinds[d->kind];
	}
	return verdict;
}
