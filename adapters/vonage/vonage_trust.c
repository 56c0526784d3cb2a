/* vonage_trust.c - is a webhook Vonage's?
 *
 * SMS API: parameter sig over all others (Vonage, "Signing messages").  Messages API: a token over the body (Vonage,
 * "Signed webhooks").  Neither covers the URL. */
#include "vonage_trust.h"

#include <string.h>

#include "gather.h"
#include "json.h"
#include "proof.h"
#include "text.h"

#define LEEWAY_S 300			/* between their clock and ours */
#define OLD_S    (2 * VONAGE_REPEATS_S)	/* what was signed before that is nothing that is still repeated */

/* In hex of any case, and in nothing else: one signature has few spellings. */
static gboolean fits(const struct vonage_conf *conf, const char *text, const char *sig)
{
	g_autofree char *said = g_ascii_strdown(sig, -1);
	gboolean any = FALSE;

	for (char **secret = conf->signature_secret; *secret; secret++) {	/* all of them, whichever fits */
		g_autofree char *ours = hg_pairs_sign(conf->signature, *secret, text);

		any |= **secret && hg_equal_secret(ours, strlen(ours), said, strlen(said));
	}
	return any;
}

static const char *value_of(const struct hg_pair *pairs, gsize n, const char *name)
{
	for (gsize i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

const char *vonage_pairs_wrong(const struct vonage_conf *conf, const struct hg_pair *pairs, gsize n, gint64 now_s)
{
	const char *sig = value_of(pairs, n, "sig");
	g_autofree char *text = sig ? hg_pairs_text(pairs, n) : NULL;
	gint64 at_s;

	if (!sig)
		return "there is no sig";
	if (!text)
		return "a parameter is there twice";
	if (!fits(conf, text, sig))
		return "sig does not fit the parameters";
	at_s = hg_number_of(value_of(pairs, n, "timestamp"), now_s);
	return at_s < now_s - OLD_S || at_s > now_s + OLD_S ? "timestamp is of another time" : NULL;
}

/* ---- tokens ---- */

static struct json_object *read_token(const struct vonage_conf *conf, const char *token, gint64 now_s, const char **why)
{
	struct json_object *claims = NULL;

	for (char **secret = conf->signature_secret; *secret && !claims; secret++)
		claims = **secret ? hg_jwt_read(token, "HS256", *secret, strlen(*secret), now_s, LEEWAY_S, FALSE, why) : NULL;
	return claims;
}

/* A claim that is there must be ours: another account's webhooks are signed with another secret, but nothing stops
 * somebody from using one secret twice. */
static gboolean is_ours(struct json_object *claims, const char *name, const char *ours)
{
	const char *said = hg_json_str(claims, name);

	return !said || !ours || !*ours || strcmp(said, ours) == 0;
}

static gboolean covers(struct json_object *claims, const void *body, gsize len)
{
	const char *said = hg_json_str(claims, "payload_hash");

	return said && strlen(said) == 64 && hg_digest_is(HG_SHA256, body, len, said);
}

const char *vonage_token_wrong(const struct vonage_conf *conf, const char *authorization, const void *body, gsize len,
			       gint64 now_s, gboolean *ret_unsigned)
{
	const char *token = authorization && g_ascii_strncasecmp(authorization, "Bearer ", 7) == 0 ? authorization + 7 : NULL;
	const char *why = "there is no token";
	struct json_object *claims = token ? read_token(conf, token, now_s, &why) : NULL;
	gint64 made_s = hg_json_int(claims, "iat", now_s);

	*ret_unsigned = !token;
	if (!claims)
		return why;
	why = NULL;
	if (!covers(claims, body, len))
		why = "payload_hash is not the body's";
	else if (!is_ours(claims, "iss", "Vonage"))
		why = "the token is not made by Vonage";
	else if (!is_ours(claims, "api_key", conf->api_key) || !is_ours(claims, "application_id", conf->application_id))
		why = "the token is for another account or application";
	else if (made_s < now_s - OLD_S || made_s > now_s + LEEWAY_S)
		why = "the token is of another time";
	json_object_put(claims);
	return why;
}
