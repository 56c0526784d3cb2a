/* infobip_trust.c - is a request Infobip's?  By what the notification profile was set to show
 *
 * Source: Infobip, Subscriptions management, "Security settings" (BASIC, OAUTH, HMAC) and "Notification profiles"
 * (headers).  By which header an HMAC comes is a matter of the account: the option names it. */
#include <string.h>

#include "infobip.h"
#include "json.h"
#include "proof.h"

#define LEEWAY_S 60

/* What stands behind "Scheme " in Authorization; NULL: another scheme, or none. */
static const char *shown(const struct hg_http_req *req, const char *scheme)
{
	const char *value = req->header(req, "Authorization");
	gsize len = strlen(scheme);

	if (!value || g_ascii_strncasecmp(value, scheme, len) != 0 || value[len] != ' ')
		return NULL;
	return value + len + 1 + strspn(value + len + 1, " ");
}

static const char *basic_wrong(const struct infobip_conf *conf, const struct hg_http_req *req)
{
	g_autofree char *both = g_strdup_printf("%s:%s", conf->user, conf->password);
	const char *said = shown(req, "Basic");
	gsize len = 0;
	g_autofree guint8 *bytes = said ? hg_unbase64(said, &len) : NULL;
	g_autofree char *text = bytes ? g_strndup((const char *)bytes, len) : NULL;

	return text && strlen(text) == len && hg_secret_is(both, text) ? NULL : "user and password are not the channel's";
}

static gboolean is_one_of(char *const *secrets, const char *given)
{
	gboolean any = FALSE;

	for (; secrets && *secrets; secrets++)		/* all of them, whichever fits */
		any |= hg_secret_is(*secrets, given);
	return any;
}

static gboolean hmac_fits(const struct infobip_conf *conf, const struct hg_http_req *req, const char *given)
{
	gboolean any = FALSE;

	for (char **secret = conf->secret; *secret; secret++)
		any |= hg_mac_is(hg_digest_of(conf->digest), *secret, strlen(*secret), req->body, req->len, given);
	return any;
}

/* "sha256=..." and "HMAC ..." are seen in front of signatures. */
static const char *hmac_wrong(const struct infobip_conf *conf, const struct hg_http_req *req)
{
	const char *given = req->header(req, conf->header);
	const char *blank = given ? strrchr(given, ' ') : NULL, *algorithm = conf->digest;
	gsize prefix = strlen(algorithm);

	if (blank)
		given = blank + 1;
	if (given && g_ascii_strncasecmp(given, algorithm, prefix) == 0 && given[prefix] == '=')
		given += prefix + 1;
	return given && hmac_fits(conf, req, given) ? NULL : "the signature does not fit the body";
}

static gboolean names(struct json_object *claims, const char *name, const char *want)
{
	struct json_object *value = NULL;

	if (!want)
		return TRUE;
	if (!json_object_object_get_ex(claims, name, &value))
		return FALSE;
	if (json_object_is_type(value, json_type_string))
		return g_str_equal(json_object_get_string(value), want);
	for (gsize i = 0; json_object_is_type(value, json_type_array) && i < json_object_array_length(value); i++)
		if (g_strcmp0(json_object_get_string(json_object_array_get_idx(value, i)), want) == 0)
			return TRUE;
	return FALSE;
}

/* A token that the company's own authorization server gave to Infobip: one that is listed, or one that it signed. */
static const char *token_wrong(const struct infobip *ib, const struct hg_http_req *req)
{
	const struct infobip_conf *conf = ib->conf;
	const char *token = shown(req, "Bearer"), *why = "the token is not one of the channel's";
	struct json_object *claims;

	if (token && is_one_of(conf->secret, token))
		return NULL;
	if (!token || !conf->token_key)
		return why;
	claims = hg_jwt_read(token, conf->token_algorithm, conf->token_key, strlen(conf->token_key),
			     ib->host->now_ms(ib->ch) / 1000, LEEWAY_S, TRUE, &why);
	if (claims && (!names(claims, "iss", conf->issuer) || !names(claims, "aud", conf->audience)))
		why = "the token is another's: compare hook.issuer and hook.audience";
	json_object_put(claims);
	return why;
}

const char *infobip_request_wrong(const struct infobip *ib, const struct hg_http_req *req)
{
	const struct infobip_conf *conf = ib->conf;

	if (conf->url_token && !hg_secret_is(conf->url_token, req->query(req, "token")))
		return "the URL's token is not the one of this channel";
	if (strcmp(conf->auth, "basic") == 0)
		return basic_wrong(conf, req);
	if (strcmp(conf->auth, "oauth") == 0)
		return token_wrong(ib, req);
	if (strcmp(conf->auth, "hmac") == 0)
		return hmac_wrong(conf, req);
	if (strcmp(conf->auth, "header") == 0)
		return is_one_of(conf->secret, req->header(req, conf->header)) ? NULL : "the header is not the channel's";
	return NULL;		/* "url": the token is all there is */
}
