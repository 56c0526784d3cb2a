/* vonage_check.c - do the options make sense together? */
#include <string.h>

#include "api_url.h"
#include "conf_wrong.h"
#include "proof.h"
#include "senders.h"
#include "vonage.h"

#define URL_TOKEN_MIN 16	/* characters */

static gboolean is_set(const char *text)
{
	return text && *text;
}

static int check_trust(const struct vonage_conf *conf, struct hg_err *err)
{
	bool off = strcmp(conf->signature, "off") == 0;
	char **secret = conf->signature_secret;

	if (!off && (!secret || !*secret))
		return hg_conf_wrong(err, "signature_secret", "signature_secret is missing: without it anybody could write in your customers' names.  If "
			     "Vonage does not sign your webhooks yet, ask its support; until then say signature: off and set "
			     "url_token");
	for (; secret && *secret; secret++)
		if (!**secret)
			return hg_conf_wrong(err, "signature_secret", "signature_secret is empty");
	if (off && !is_set(conf->url_token))
		return hg_conf_wrong(err, "signature", "signature: off needs a url_token: the webhook's URL must be one that nobody can guess");
	if (conf->url_token && strlen(conf->url_token) < URL_TOKEN_MIN)
		return hg_conf_wrong(err, "url_token", "url_token has %zu characters, at least %d are needed", strlen(conf->url_token),
			     URL_TOKEN_MIN);
	return 0;
}

static gboolean key_is_good(const char *pem)
{
	struct json_object *claims = json_object_new_object();
	g_autofree char *token = hg_jwt_make(claims, "RS256", pem, strlen(pem));

	json_object_put(claims);
	return token != NULL;
}

static int check_sms(const struct vonage_conf *conf, struct hg_err *err)
{
	bool off = strcmp(conf->signature, "off") == 0;

	if (conf->sign_requests && (off || !conf->signature_secret || !*conf->signature_secret))
		return hg_conf_wrong(err, "sign_requests", "sign_requests needs signature_secret, and the method in signature");
	if (!conf->sign_requests && !is_set(conf->api_secret))
		return hg_conf_wrong(err, "api_secret", "api_secret is missing: nothing can be sent without it (or sign_requests)");
	return 0;
}

static int check_messages(const struct vonage_conf *conf, struct hg_err *err)
{
	if (is_set(conf->application_id) != is_set(conf->private_key))
		return hg_conf_wrong(err, "application_id", "application_id and private_key belong together: the key is made with the application");
	if (!is_set(conf->private_key) && !is_set(conf->api_secret))
		return hg_conf_wrong(err, "application_id", "application_id and private_key are missing (or api_secret): nothing can be sent without");
	if (is_set(conf->private_key) && !key_is_good(conf->private_key))
		return hg_conf_wrong(err, "private_key", "private_key is no RSA key in PEM, as the dashboard gives it out");
	return 0;
}

static int check_urls(const struct vonage_conf *conf, struct hg_err *err)
{
	const char *why;

	if ((why = hg_api_url_wrong(conf->sms_url)))
		return hg_conf_wrong(err, "sms_url", "sms_url %.100s %s", conf->sms_url, why);
	if ((why = hg_api_url_wrong(conf->api_url)))
		return hg_conf_wrong(err, "api_url", "api_url %.100s %s", conf->api_url, why);
	if (conf->country && (strlen(conf->country) != 2 || !g_ascii_isupper(conf->country[0]) ||
			      !g_ascii_isupper(conf->country[1])))
		return hg_conf_wrong(err, "country", "country %.10s is none: two capital letters, as GB", conf->country);
	return 0;
}

int vonage_check(const void *arg, struct hg_err *err)
{
	const struct vonage_conf *conf = arg;

	if (!is_set(conf->api_key))
		return hg_conf_wrong(err, "api_key", "api_key is missing");
	if (hg_senders_check(conf->from, err) || check_trust(conf, err) || check_urls(conf, err))
		return -1;
	return vonage_is_messages(conf) ? check_messages(conf, err) : check_sms(conf, err);
}
