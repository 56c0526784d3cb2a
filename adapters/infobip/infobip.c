/* infobip.c - Infobip's SMS and MMS as a channel: options, and the verbs the gateway calls */
#include "infobip.h"

#include <string.h>

#include "sms_text.h"

static const struct hg_option options[] = {
	HG_OPTION(struct infobip_conf, base_url, URL, HG_OPT_RELOAD, "https://api.infobip.com", NULL,
		  "Base URL of the account, as the portal shows it: https://xyz123.api.infobip.com, say."),
	HG_OPTION(struct infobip_conf, api_key, SECRET, HG_OPT_REQUIRED | HG_OPT_RELOAD, NULL, NULL,
		  "API key; it needs the scopes sms:message:send, sms:logs:read and, to pull, sms:inbound-message:read."),
	HG_OPTION(struct infobip_conf, from, STRINGS, HG_OPT_RELOAD, NULL, NULL,
		  "Numbers or names messages are sent from; the first where nobody wrote first.  Answers leave from the number "
		  "that was written to."),
	HG_OPTION(struct infobip_conf, country, STRING, HG_OPT_RELOAD, NULL, NULL,
		  "Country (two letters) whose numbers arrive without their country code, if any do."),
	HG_OPTION(struct infobip_conf, text, ENUM, HG_OPT_RELOAD, "smart", HG_SMS_TEXT_RANGE,
		  "exact: as it was typed; smart: typographic quotes, dashes and blanks as plain ones, so that more fits; "
		  "transliterate: accents too."),
	HG_OPTION(struct infobip_conf, long_text, ENUM, HG_OPT_RELOAD, "concat", HG_SMS_LONG_RANGE,
		  "What does not fit one short message. concat: one message of several segments; split: several messages; "
		  "refuse: the agent is told."),
	HG_OPTION(struct infobip_conf, status_url, URL, HG_OPT_RELOAD, NULL, NULL,
		  "URL for delivery reports, the webhook of this channel, where no subscription names it."),
	HG_OPTION(struct infobip_conf, url_token, SECRET, HG_OPT_RELOAD, NULL, NULL,
		  "Secret that the webhook's URL must carry as ?token=..., at least 16 characters."),
	HG_OPTION_AT(struct infobip_conf, auth, "hook.auth", ENUM, HG_OPT_RELOAD, "basic", "basic|oauth|hmac|header|url",
		     "What webhooks show, as the security settings of the notification profile say: user and password, a token of "
		     "your OAuth server, a signature, a header of the profile; url: nothing but url_token."),
	HG_OPTION_AT(struct infobip_conf, user, "hook.user", STRING, HG_OPT_RELOAD, NULL, NULL,
		     "With basic: the user."),
	HG_OPTION_AT(struct infobip_conf, password, "hook.password", SECRET, HG_OPT_RELOAD, NULL, NULL,
		     "With basic: the password."),
	HG_OPTION_AT(struct infobip_conf, secret, "hook.secret", SECRETS, HG_OPT_RELOAD, NULL, NULL,
		     "With hmac: the secret key; with header: its value; with oauth: tokens that are good.  Two while it is being "
		     "changed."),
	HG_OPTION_AT(struct infobip_conf, header, "hook.header", STRING, HG_OPT_RELOAD, NULL, NULL,
		     "With hmac and header: name of the header."),
	HG_OPTION_AT(struct infobip_conf, digest, "hook.digest", ENUM, HG_OPT_RELOAD, "sha256", "md5|sha1|sha256|sha384|sha512",
		     "With hmac: its algorithm."),
	HG_OPTION_AT(struct infobip_conf, token_key, "hook.token_key", SECRET, HG_OPT_RELOAD, NULL, NULL,
		     "With oauth: the public key (PEM) or the secret that your server signs tokens with."),
	HG_OPTION_AT(struct infobip_conf, token_algorithm, "hook.token_algorithm", ENUM, HG_OPT_RELOAD, "RS256",
		     "RS256|ES256|HS256|HS384|HS512", "With oauth: how."),
	HG_OPTION_AT(struct infobip_conf, issuer, "hook.issuer", STRING, HG_OPT_RELOAD, NULL, NULL,
		     "With oauth: what the token must name as issuer (iss)."),
	HG_OPTION_AT(struct infobip_conf, audience, "hook.audience", STRING, HG_OPT_RELOAD, NULL, NULL,
		     "With oauth: what the token must name as audience (aud)."),
	HG_OPTION(struct infobip_conf, pull, STRINGS, HG_OPT_RELOAD, "sms", NULL,
		  "Inboxes that are asked at start and every hour for what did not arrive: sms, mms, or off."),
	HG_OPTION(struct infobip_conf, rate, INT, HG_OPT_RELOAD, "30", "1..1000",
		  "Messages a second."),
	HG_OPTION(struct infobip_conf, timeout, MSECS, HG_OPT_RELOAD, "30s", "1s..50s",
		  "How long one call of the API may take."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "POST", "webhook", INFOBIP_BODY_MAX, infobip_hook },
	{ NULL, NULL, 0, NULL },
};

static void limits(const void *arg, struct hg_limits *ret)
{
	const struct infobip_conf *conf = arg;

	ret->rate = conf->rate;
	ret->max_file = INFOBIP_FILE_MAX;
	ret->poll_ms = INFOBIP_POLL_MS;
}

/* ---- a channel's life ---- */

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state,
			struct hg_err *err)
{
	struct infobip *ib;

	if (infobip_check(conf, err))
		return -1;
	ib = g_new0(struct infobip, 1);
	ib->host = host;
	ib->ch = ch;
	ib->conf = conf;
	hg_health_init(&ib->well, host, ch, infobip_look);
	*state = ib;
	return 0;
}

static void start(void *state)
{
	struct infobip *ib = state;

	hg_health_start(&ib->well);
}

static void close_channel(void *state)
{
	infobip_poll_end(state);
	g_free(state);
}

/* Every call builds its URL and headers anew, so new settings are simply there. */
static int reconf(void *state, const void *conf, struct hg_err *err)
{
	struct infobip *ib = state;

	if (infobip_check(conf, err))
		return -1;
	ib->conf = conf;
	ib->pull.denied = false;
	hg_health_stop(&ib->well);
	hg_health_init(&ib->well, ib->host, ib->ch, infobip_look);
	hg_health_start(&ib->well);
	return 0;
}

static void health(void *state, struct hg_err *err)
{
	hg_health_read(&((struct infobip *)state)->well, err);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "infobip",
	.version = "0.1.0",
	.summary = "Infobip: SMS both ways, MMS in",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_WORDS,
	.conf_size = sizeof(struct infobip_conf),
	.options = options,
	.routes = routes,
	.check = infobip_check,
	.limits = limits,
	.plan = infobip_plan,
	.open = open_channel,
	.start = start,
	.close = close_channel,
	.reconf = reconf,
	.poll = infobip_poll,
	.send = infobip_send,
	.ask = infobip_ask,
	.fetch = infobip_fetch,
	.health = health,
};
