/* whatsapp.c - the WhatsApp Cloud API as a channel: options, and the verbs the gateway calls */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "condition.h"
#include "media.h"
#include "plan.h"
#include "send.h"
#include "webhook.h"
#include "wire.h"

#define NUMBERS_MAX   64
#define URL_TOKEN_MIN 16	/* characters */

static const struct hg_option options[] = {
	HG_OPTION(struct wa_conf, phone_number_id, STRINGS, HG_OPT_REQUIRED | HG_OPT_RELOAD, NULL, NULL,
		  "Id of the business phone number (not the number itself), or a list of them: all are "
		  "served by this channel, and answers leave from the one that was written to."),
	HG_OPTION(struct wa_conf, token, SECRET, HG_OPT_REQUIRED | HG_OPT_RELOAD, NULL, NULL,
		  "Access token of a system user, or the carrier's API key."),
	HG_OPTION(struct wa_conf, app_secret, SECRETS, HG_OPT_RELOAD, NULL, NULL,
		  "Secret of the Meta app: webhooks that are not signed with it are refused.  Two while it "
		  "is being changed."),
	HG_OPTION(struct wa_conf, verify_token, SECRET, HG_OPT_RELOAD, NULL, NULL,
		  "What you type into Meta's form as verify token when you register the callback URL."),
	HG_OPTION(struct wa_conf, signature, ENUM, HG_OPT_RELOAD, "on", "on|off",
		  "off: for carriers that do not sign webhooks; url_token is required then."),
	HG_OPTION(struct wa_conf, url_token, SECRET, HG_OPT_RELOAD, NULL, NULL,
		  "Secret that the callback URL must carry as ?token=..., at least 16 characters."),
	HG_OPTION(struct wa_conf, base_url, URL, HG_OPT_RELOAD, "https://graph.facebook.com", NULL,
		  "Where the API is; a host named here may also serve media."),
	HG_OPTION(struct wa_conf, version, STRING, HG_OPT_RELOAD, "v23.0", NULL,
		  "Version of the Graph API."),
	HG_OPTION(struct wa_conf, urls, ENUM, HG_OPT_RELOAD, "graph", "graph|flat",
		  "graph: /VERSION/PHONE_NUMBER_ID/messages as at Meta; flat: /messages as at 360dialog, "
		  "where the key says which number."),
	HG_OPTION(struct wa_conf, auth_header, STRING, HG_OPT_RELOAD, "Authorization: Bearer", NULL,
		  "Header that carries the token: a name, or a name, a colon and what comes before it."),
	HG_OPTION(struct wa_conf, media_host, STRING, HG_OPT_RELOAD, NULL, NULL,
		  "Host that replaces the one of media URLs, for carriers that pass media through."),
	HG_OPTION_AT(struct wa_conf, template_name, "template_fallback.name", STRING, HG_OPT_RELOAD, NULL, NULL,
		     "Template that carries an answer after the 24 hours in which WhatsApp takes free text; "
		     "it has one body parameter."),
	HG_OPTION_AT(struct wa_conf, template_language, "template_fallback.language", STRING, HG_OPT_RELOAD,
		     NULL, NULL, "Language code of that template, such as en_US."),
	HG_OPTION(struct wa_conf, rate, INT, HG_OPT_RELOAD, "80", "1..1000",
		  "Messages a second; 20 for a number that is also used in the phone app."),
	HG_OPTION(struct wa_conf, timeout, MSECS, HG_OPT_RELOAD, "30s", "1s..50s",
		  "How long one call of the API may take."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "GET", "webhook", 0, wa_webhook_get },
	{ "POST", "webhook", WA_BODY_MAX, wa_webhook_post },
	{ NULL, NULL, 0, NULL },
};

/* ---- do the options make sense together? ---- */

__attribute__((format(printf, 2, 3)))
static int wrong(struct hg_err *err, const char *fmt, ...)
{
	va_list ap;

	err->kind = HG_ERR_CONFIG;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

static bool is_set(const char *text)
{
	return text && *text;
}

static bool is_word(const char *text, const char *more)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(more, *text))
			return false;
	return true;
}

static int check_numbers(const struct wa_conf *conf, struct hg_err *err)
{
	size_t n = 0;

	for (char **id = conf->phone_number_id; id && *id; id++, n++) {
		if (!**id || strlen(*id) > 32 || strspn(*id, "0123456789") != strlen(*id))
			return wrong(err, "phone_number_id \"%.40s\" is no id: WhatsApp Manager shows it below "
				     "the number, as digits without +", *id);
		for (char **other = conf->phone_number_id; other != id; other++)
			if (!strcmp(*other, *id))
				return wrong(err, "phone_number_id %s is listed twice", *id);
	}
	if (!n)
		return wrong(err, "phone_number_id is missing");
	if (n > NUMBERS_MAX)
		return wrong(err, "phone_number_id lists %zu numbers, at most %d fit", n, NUMBERS_MAX);
	if (n > 1 && wa_api_is_flat(conf))
		return wrong(err, "with urls: flat the key stands for one number: make a channel for each");
	return 0;
}

static int check_trust(const struct wa_conf *conf, struct hg_err *err)
{
	bool off = !strcmp(conf->signature, "off");
	char **secret = conf->app_secret;

	if (!off && (!secret || !*secret))
		return wrong(err, "app_secret is missing: without it anybody could write in your customers' "
			     "names.  For a carrier that does not sign webhooks say signature: off and set "
			     "url_token");
	for (; secret && *secret; secret++)
		if (!**secret)
			return wrong(err, "app_secret is empty");
	if (off && !is_set(conf->url_token))
		return wrong(err, "signature: off needs a url_token: the callback URL must be one that nobody "
			     "can guess");
	if (is_set(conf->url_token) && strlen(conf->url_token) < URL_TOKEN_MIN)
		return wrong(err, "url_token has %zu characters, at least %d are needed",
			     strlen(conf->url_token), URL_TOKEN_MIN);
	return 0;
}

static bool is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "[::1]");
}

static int check_api(const struct wa_conf *conf, struct hg_err *err)
{
	struct wa_pool *pool = wa_pool_new();
	const char *host = wa_api_host(pool, conf->base_url);
	int rc = 0;

	if (!host)
		rc = wrong(err, "base_url %.100s is no plain https URL", conf->base_url);
	else if (!strncmp(conf->base_url, "http:", 5) && !is_loopback(host))
		rc = wrong(err, "base_url %.100s would send the token in the clear: use https", conf->base_url);
	else if (is_set(conf->version) && !is_word(conf->version, "."))
		rc = wrong(err, "version %.20s is none: v23.0, say", conf->version);
	else if (!is_set(conf->auth_header) || !is_word(conf->auth_header, "-: "))
		rc = wrong(err, "auth_header is no name of a header");
	else if (is_set(conf->media_host) && !is_word(conf->media_host, ".-:"))
		rc = wrong(err, "media_host %.60s is no name of a host", conf->media_host);
	else if (strpbrk(conf->token, "\r\n"))
		rc = wrong(err, "token has a line break in it");
	wa_pool_free(pool);
	return rc;
}

static int check(const void *arg, struct hg_err *err)
{
	const struct wa_conf *conf = arg;

	if (check_numbers(conf, err) || check_trust(conf, err) || check_api(conf, err))
		return -1;
	if (is_set(conf->template_name) != is_set(conf->template_language))
		return wrong(err, "template_fallback needs both name and language");
	return 0;
}

static void limits(const void *arg, struct hg_limits *ret)
{
	const struct wa_conf *conf = arg;

	ret->max_text = WA_TEXT_MAX;
	ret->window_ms = WA_WINDOW_MS;
	ret->rate = conf->rate;
	ret->contact_gap_ms = WA_PAIR_GAP_MS;
	ret->contact_burst = WA_PAIR_BURST;
	ret->max_file = WA_FILE_MAX;
}

/* ---- a channel's life ---- */

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf,
			void **state, struct hg_err *err)
{
	struct whatsapp *wa;

	if (check(conf, err))
		return -1;
	wa = calloc(1, sizeof(*wa));
	if (!wa)
		abort();
	wa->host = host;
	wa->ch = ch;
	wa->conf = conf;
	*state = wa;
	return 0;
}

static void start(void *state)
{
	wa_condition_start(state);
}

static void stop(void *state)
{
	struct whatsapp *wa = state;

	wa_condition_stop(wa);
	wa->host->drained(wa->ch);	/* sends under way are the host's to wait for */
}

static void close_channel(void *state)
{
	free(state);
}

/* Every call builds its URL and headers anew, so new settings are simply there. */
static int reconf(void *state, const void *conf, struct hg_err *err)
{
	struct whatsapp *wa = state;

	if (check(conf, err))
		return -1;
	wa->conf = conf;
	wa->forged = false;
	wa_condition_stop(wa);
	wa_condition_start(wa);
	return 0;
}

static void health(void *state, struct hg_err *err)
{
	*err = ((struct whatsapp *)state)->told_err;
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "whatsapp",
	.version = "0.1.0",
	.summary = "WhatsApp Business Platform: Meta's Cloud API and carriers that pass it on",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_TEMPLATES | HG_CAP_TYPING | HG_CAP_ECHO |
		HG_CAP_FIRST | HG_CAP_REACTION,
	.conf_size = sizeof(struct wa_conf),
	.options = options,
	.routes = routes,
	.check = check,
	.limits = limits,
	.plan = wa_plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.reconf = reconf,
	.send = wa_send,
	.fetch = wa_media_fetch,
	.health = health,
};
