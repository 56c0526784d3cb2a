/* infobip_check.c - do the options make sense together? */
#include <string.h>

#include "api_url.h"
#include "conf_wrong.h"
#include "infobip.h"
#include "proof.h"
#include "senders.h"

#define URL_TOKEN_MIN 16	/* characters */

static gboolean is_set(const char *text)
{
	return text && *text;
}

static int check_secrets(const struct infobip_conf *conf, struct hg_err *err)
{
	for (char **secret = conf->secret; secret && *secret; secret++)
		if (!**secret)
			return hg_conf_wrong(err, "hook.secret", "hook.secret is empty");
	if (conf->url_token && strlen(conf->url_token) < URL_TOKEN_MIN)
		return hg_conf_wrong(err, "url_token", "url_token has %zu characters, at least %d are needed", strlen(conf->url_token),
			     URL_TOKEN_MIN);
	return 0;
}

/* hook.auth says what else must be there. */
static int check_trust(const struct infobip_conf *conf, struct hg_err *err)
{
	gboolean secret = conf->secret && *conf->secret;

	if (strcmp(conf->auth, "basic") == 0 && (!is_set(conf->user) || !is_set(conf->password)))
		return hg_conf_wrong(err, "hook.auth", "hook.auth: basic needs hook.user and hook.password: without them anybody could write in your "
			     "customers' names");
	if (strcmp(conf->auth, "oauth") == 0 && !secret && !is_set(conf->token_key))
		return hg_conf_wrong(err, "hook.auth", "hook.auth: oauth needs hook.token_key, which your server signs tokens with, or the tokens "
			     "themselves in hook.secret");
	if (strcmp(conf->auth, "hmac") == 0 && (!secret || !is_set(conf->header)))
		return hg_conf_wrong(err, "hook.auth", "hook.auth: hmac needs hook.secret, and in hook.header the header that the signature comes in");
	if (strcmp(conf->auth, "header") == 0 && (!secret || !is_set(conf->header)))
		return hg_conf_wrong(err, "hook.auth", "hook.auth: header needs hook.header and its value in hook.secret");
	if (strcmp(conf->auth, "url") == 0 && !is_set(conf->url_token))
		return hg_conf_wrong(err, "hook.auth", "hook.auth: url needs url_token: the webhook's URL must be one that nobody can guess");
	return check_secrets(conf, err);
}

static int check_pull(const struct infobip_conf *conf, struct hg_err *err)
{
	for (char **what = conf->pull; what && *what; what++)
		if (strcmp(*what, "sms") != 0 && strcmp(*what, "mms") != 0 && strcmp(*what, "off") != 0)
			return hg_conf_wrong(err, "pull", "pull: \"%.20s\" is none of sms, mms, off", *what);
	return 0;
}

int infobip_check(const void *arg, struct hg_err *err)
{
	const struct infobip_conf *conf = arg;
	const char *why = hg_api_url_wrong(conf->base_url);

	if (why)
		return hg_conf_wrong(err, "base_url", "base_url %.100s %s", conf->base_url, why);
	if (!is_set(conf->api_key) || strpbrk(conf->api_key, "\r\n"))
		return hg_conf_wrong(err, "api_key", "api_key is missing, or has a line break in it");
	if (conf->country && (strlen(conf->country) != 2 || !g_ascii_isupper(conf->country[0]) ||
			      !g_ascii_isupper(conf->country[1])))
		return hg_conf_wrong(err, "country", "country %.10s is none: two capital letters, as GB", conf->country);
	return hg_senders_check(conf->from, err) || check_trust(conf, err) || check_pull(conf, err) ? -1 : 0;
}
