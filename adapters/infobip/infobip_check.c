/* infobip_check.c - do the options make sense together? */
#include <stdarg.h>
#include <string.h>

#include "api_url.h"
#include "infobip.h"
#include "number.h"
#include "proof.h"

#define URL_TOKEN_MIN 16	/* characters */
#define FROM_MAX      64

static int wrong(struct hg_err *err, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static int wrong(struct hg_err *err, const char *fmt, ...)
{
	va_list args;

	err->kind = HG_ERR_CONFIG;
	va_start(args, fmt);
	g_vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}

static gboolean is_set(const char *text)
{
	return text && *text;
}

static int check_from(const struct infobip_conf *conf, struct hg_err *err)
{
	struct hg_number number;
	gsize n = 0;

	for (char **from = conf->from; from && *from; from++, n++)
		if (!hg_number_parse(*from, NULL, TRUE, &number) || number.kind == HG_NUMBER_OPAQUE)
			return wrong(err, "from: \"%.40s\" is neither a number nor a name that could send", *from);
	return n > FROM_MAX ? wrong(err, "from lists %zu senders, at most %d fit", n, FROM_MAX) : 0;
}

static int check_secrets(const struct infobip_conf *conf, struct hg_err *err)
{
	for (char **secret = conf->secret; secret && *secret; secret++)
		if (!**secret)
			return wrong(err, "hook.secret is empty");
	if (conf->url_token && strlen(conf->url_token) < URL_TOKEN_MIN)
		return wrong(err, "url_token has %zu characters, at least %d are needed", strlen(conf->url_token),
			     URL_TOKEN_MIN);
	return 0;
}

/* hook.auth says what else must be there. */
static int check_trust(const struct infobip_conf *conf, struct hg_err *err)
{
	gboolean secret = conf->secret && *conf->secret;

	if (strcmp(conf->auth, "basic") == 0 && (!is_set(conf->user) || !is_set(conf->password)))
		return wrong(err, "hook.auth: basic needs hook.user and hook.password: without them anybody could write in your "
			     "customers' names");
	if (strcmp(conf->auth, "oauth") == 0 && !secret && !is_set(conf->token_key))
		return wrong(err, "hook.auth: oauth needs hook.token_key, which your server signs tokens with, or the tokens "
			     "themselves in hook.secret");
	if (strcmp(conf->auth, "hmac") == 0 && (!secret || !is_set(conf->header)))
		return wrong(err, "hook.auth: hmac needs hook.secret, and in hook.header the header that the signature comes in");
	if (strcmp(conf->auth, "header") == 0 && (!secret || !is_set(conf->header)))
		return wrong(err, "hook.auth: header needs hook.header and its value in hook.secret");
	if (strcmp(conf->auth, "url") == 0 && !is_set(conf->url_token))
		return wrong(err, "hook.auth: url needs url_token: the webhook's URL must be one that nobody can guess");
	return check_secrets(conf, err);
}

static int check_pull(const struct infobip_conf *conf, struct hg_err *err)
{
	for (char **what = conf->pull; what && *what; what++)
		if (strcmp(*what, "sms") != 0 && strcmp(*what, "mms") != 0 && strcmp(*what, "off") != 0)
			return wrong(err, "pull: \"%.20s\" is none of sms, mms, off", *what);
	return 0;
}

int infobip_check(const void *arg, struct hg_err *err)
{
	const struct infobip_conf *conf = arg;
	const char *why = hg_api_url_wrong(conf->base_url);

	if (why)
		return wrong(err, "base_url %.100s %s", conf->base_url, why);
	if (!is_set(conf->api_key) || strpbrk(conf->api_key, "\r\n"))
		return wrong(err, "api_key is missing, or has a line break in it");
	if (conf->country && (strlen(conf->country) != 2 || !g_ascii_isupper(conf->country[0]) ||
			      !g_ascii_isupper(conf->country[1])))
		return wrong(err, "country %.10s is none: two capital letters, as GB", conf->country);
	return check_from(conf, err) || check_trust(conf, err) || check_pull(conf, err) ? -1 : 0;
}
