/* vonage.c - Vonage's SMS API or its Messages API as a channel: options, and the verbs the gateway calls */
#include "vonage.h"

#include <string.h>

#include "sms_text.h"

static const struct hg_option options[] = {
	HG_OPTION(struct vonage_conf, api, ENUM, HG_OPT_RELOAD, "sms", "sms|messages",
		  "Which API carries the messages; the account's API settings name the same one."),
	HG_OPTION(struct vonage_conf, api_key, STRING, HG_OPT_REQUIRED | HG_OPT_RELOAD, NULL, NULL,
		  "API key of the account, from the dashboard."),
	HG_OPTION(struct vonage_conf, api_secret, SECRET, HG_OPT_RELOAD, NULL, NULL,
		  "API secret of the account."),
	HG_OPTION(struct vonage_conf, signature, ENUM, HG_OPT_RELOAD, "sha256", "off|md5hash|md5|sha1|sha256|sha512",
		  "How webhooks of the SMS API are signed, as the account's API settings say; those of the Messages API carry a "
		  "token, whatever stands here.  off: they are not; url_token is required then."),
	HG_OPTION(struct vonage_conf, signature_secret, SECRETS, HG_OPT_RELOAD, NULL, NULL,
		  "Signature secret of the account: webhooks that are not signed with it are refused.  Two while it is being "
		  "changed."),
	HG_OPTION(struct vonage_conf, url_token, SECRET, HG_OPT_RELOAD, NULL, NULL,
		  "Secret that the webhook's URL must carry as ?token=..., at least 16 characters."),
	HG_OPTION(struct vonage_conf, sign_requests, BOOL, HG_OPT_RELOAD, "false", NULL,
		  "Sign what is sent by the SMS API with signature_secret instead of showing api_secret."),
	HG_OPTION(struct vonage_conf, application_id, STRING, HG_OPT_RELOAD, NULL, NULL,
		  "Id of the application that sends by the Messages API."),
	HG_OPTION(struct vonage_conf, private_key, SECRET, HG_OPT_RELOAD, NULL, NULL,
		  "Private key of that application (PEM); without it api_key and api_secret are shown."),
	HG_OPTION(struct vonage_conf, from, STRINGS, HG_OPT_RELOAD, NULL, NULL,
		  "Numbers or names messages are sent from; the first where nobody wrote first.  Answers leave from the number "
		  "that was written to."),
	HG_OPTION(struct vonage_conf, send_as, ENUM, HG_OPT_RELOAD, "sms", "sms|mms|rcs|whatsapp|viber_service|messenger",
		  "Channel of the Messages API for who has not written first; answers leave on the channel they came by."),
	HG_OPTION(struct vonage_conf, country, STRING, HG_OPT_RELOAD, NULL, NULL,
		  "Country (two letters) whose numbers arrive without their country code, if any do."),
	HG_OPTION(struct vonage_conf, text, ENUM, HG_OPT_RELOAD, "smart", HG_SMS_TEXT_RANGE,
		  "exact: as it was typed; smart: typographic quotes, dashes and blanks as plain ones, so that more fits; "
		  "transliterate: accents too."),
	HG_OPTION(struct vonage_conf, long_text, ENUM, HG_OPT_RELOAD, "concat", HG_SMS_LONG_RANGE,
		  "What does not fit one short message. concat: one message of several segments; split: several messages; "
		  "refuse: the agent is told."),
	HG_OPTION(struct vonage_conf, status_url, URL, HG_OPT_RELOAD, NULL, NULL,
		  "URL for delivery receipts, where it is another than the account's settings name."),
	HG_OPTION(struct vonage_conf, ttl, MSECS, HG_OPT_RELOAD, NULL, "20s..7d",
		  "How long delivery is tried; Vonage's own default is 72 hours."),
	HG_OPTION(struct vonage_conf, sms_url, URL, HG_OPT_RELOAD, "https://rest.nexmo.com", NULL,
		  "Where the SMS API is."),
	HG_OPTION(struct vonage_conf, api_url, URL, HG_OPT_RELOAD, "https://api.nexmo.com", NULL,
		  "Where the Messages and Reports APIs are: https://api-eu.nexmo.com, say."),
	HG_OPTION(struct vonage_conf, ask_back, ENUM, HG_OPT_RELOAD, "on", "on|off",
		  "on: at start and every hour ask the Reports API for messages that did not arrive.  Vonage charges for the records."),
	HG_OPTION(struct vonage_conf, rate, INT, HG_OPT_RELOAD, "30", "1..1000",
		  "Messages a second; 1 for a long number in the US or Canada without a registered campaign."),
	HG_OPTION(struct vonage_conf, timeout, MSECS, HG_OPT_RELOAD, "30s", "1s..50s",
		  "How long one call of the API may take."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "GET", "webhook", 0, vonage_hook },
	{ "POST", "webhook", VONAGE_BODY_MAX, vonage_hook },
	{ NULL, NULL, 0, NULL },
};

gboolean vonage_is_messages(const struct vonage_conf *conf)
{
	return strcmp(conf->api, "messages") == 0;
}

static void limits(const void *arg, struct hg_limits *ret)
{
	const struct vonage_conf *conf = arg;

	ret->rate = conf->rate;
	ret->max_file = VONAGE_FILE_MAX;
	ret->poll_ms = VONAGE_POLL_MS;
	if (!vonage_is_messages(conf))
		ret->lacks = HG_CAP_TEMPLATES | HG_CAP_REACTION;
}

/* ---- a channel's life ---- */

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state,
			struct hg_err *err)
{
	struct vonage *v;

	if (vonage_check(conf, err))
		return -1;
	v = g_new0(struct vonage, 1);
	v->host = host;
	v->ch = ch;
	v->conf = conf;
	hg_health_init(&v->well, host, ch, vonage_look);
	*state = v;
	return 0;
}

static void start(void *state)
{
	struct vonage *v = state;

	hg_health_start(&v->well);
}

static void close_channel(void *state)
{
	vonage_poll_end(state);
	g_free(state);
}

/* Every call builds its URL and headers anew, so new settings are simply there. */
static int reconf(void *state, const void *conf, struct hg_err *err)
{
	struct vonage *v = state;

	if (vonage_check(conf, err))
		return -1;
	v->conf = conf;
	v->look.denied = false;
	hg_health_stop(&v->well);
	hg_health_init(&v->well, v->host, v->ch, vonage_look);
	hg_health_start(&v->well);
	return 0;
}

static void health(void *state, struct hg_err *err)
{
	hg_health_read(&((struct vonage *)state)->well, err);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "vonage",
	.version = "0.1.0",
	.summary = "Vonage (Nexmo): SMS API, and Messages API with SMS, MMS, RCS, WhatsApp, Viber, Messenger",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_TEMPLATES | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_REACTION |
		HG_CAP_WORDS,
	.conf_size = sizeof(struct vonage_conf),
	.options = options,
	.routes = routes,
	.check = vonage_check,
	.limits = limits,
	.plan = vonage_plan,
	.open = open_channel,
	.start = start,
	.close = close_channel,
	.reconf = reconf,
	.poll = vonage_poll,
	.send = vonage_send,
	.fetch = vonage_fetch,
	.health = health,
};
