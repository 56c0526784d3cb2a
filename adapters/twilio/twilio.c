/* twilio.c - SMS, MMS and WhatsApp by Twilio, or by who speaks the same: options, and the verbs the gateway calls */
#include "twilio.h"

#include <string.h>

#include "conf_wrong.h"
#include "number.h"
#include "sms_text.h"
#include "twilio_api.h"
#include "twilio_hook.h"
#include "twilio_media.h"
#include "twilio_plan.h"
#include "twilio_poll.h"
#include "twilio_send.h"

#define SENDERS_MAX 200
#define C struct twilio_conf
#define R HG_OPT_RELOAD

static const struct hg_option options[] = {
	HG_OPTION(C, account_sid, STRING, HG_OPT_REQUIRED | R, NULL, NULL,
		  "Account SID (AC...), or SignalWire's project id."),
	HG_OPTION(C, auth_token, SECRETS, HG_OPT_REQUIRED | R, NULL, NULL,
		  "Auth token: webhooks are signed with it, and calls use the first one unless there is an api_key.  Two "
		  "while it is being changed."),
	HG_OPTION(C, signing_key, SECRETS, R, NULL, NULL,
		  "What webhooks are signed with where it is not the auth token (SignalWire's signing key)."),
	HG_OPTION(C, api_key, STRING, R, NULL, NULL, "SID of an API key (SK...) for calls; needs api_secret."),
	HG_OPTION(C, api_secret, SECRET, R, NULL, NULL, "Secret of the API key."),
	HG_OPTION(C, webhook_url, URL, HG_OPT_REQUIRED | R, NULL, NULL,
		  "The URL of this channel's webhook as it is typed into Twilio's console: signatures are over it, and receipts "
		  "are asked for at it.  What stands behind a # tells Twilio how often to try."),
	HG_OPTION(C, from, STRINGS, R, NULL, NULL,
		  "Our senders: numbers (+44...), short codes, names, whatsapp:+44...; answers leave from the one that was written "
		  "to, other messages from the first."),
	HG_OPTION(C, messaging_service, STRING, R, NULL, NULL, "SID of a messaging service (MG...) that chooses the sender."),
	HG_OPTION(C, base_url, URL, R, "https://api.twilio.com", NULL,
		  "Where the API is; for SignalWire https://SPACE.signalwire.com/api/laml."),
	HG_OPTION(C, opt_out, ENUM, R, "provider", "provider|own",
		  "Who answers STOP, START and HELP sent by SMS: the provider, as Twilio does unless that was switched off for the "
		  "account, or headgate."),
	HG_OPTION(C, text, ENUM, R, "smart", HG_SMS_TEXT_RANGE,
		  "exact: as written; smart: typographic quotes, dashes and blanks become those of the GSM alphabet, which halves "
		  "what many texts cost; transliterate: accents that are not in it, too."),
	HG_OPTION(C, long_text, ENUM, R, "concat", HG_SMS_LONG_RANGE,
		  "concat: one message of up to 1600 characters, which phones show as one, then another; split: a message for each "
		  "segment; refuse: more than one segment is refused."),
	HG_OPTION(C, country, STRING, R, NULL, NULL, "Country (GB) whose national number forms are understood."),
	HG_OPTION_AT(C, template_sid, "template_fallback", STRING, R, NULL, NULL,
		     "ContentSid (HX...) of an approved WhatsApp template with one variable: it carries an answer after the 24 hours "
		     "in which WhatsApp takes free text."),
	HG_OPTION(C, validity, MSECS, R, NULL, "1s..10h",
		  "A message that waited longer in Twilio's queue is not sent any more."),
	HG_OPTION(C, rate, INT, R, "30", "1..1000", "Messages a second."),
	HG_OPTION(C, timeout, MSECS, R, "30s", "1s..50s", "How long one call of the API may take."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "POST", "webhook", TWILIO_HOOK_MAX, twilio_hook_post },
	{ "GET", "webhook", 0, twilio_hook_get },
	{ NULL, NULL, 0, NULL },
};

/* ---- do the options make sense together? ---- */

static gboolean is_set(const char *text)
{
	return text && *text;
}

static gboolean is_word(const char *text, const char *prefix)
{
	return g_str_has_prefix(text, prefix) && strlen(text) <= 64 && !text[strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
										     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")];
}

static int check_secrets(char *const *secrets, const char *name, struct hg_err *err)
{
	for (; secrets && *secrets; secrets++)
		if (!**secrets || strpbrk(*secrets, "\r\n"))
			return hg_conf_wrong(err, name, "%s is empty, or has a line break in it", name);
	return 0;
}

static int check_account(const C *conf, struct hg_err *err)
{
	if (!is_word(conf->account_sid, strstr(conf->base_url, "twilio.com") ? "AC" : ""))
		return hg_conf_wrong(err, "account_sid", "account_sid \"%.40s\" is none: the console shows it, AC and 32 digits", conf->account_sid);
	if (!conf->auth_token || !*conf->auth_token)
		return hg_conf_wrong(err, "auth_token", "auth_token is missing: without it anybody could write in your customers' names");
	if (is_set(conf->api_key) != is_set(conf->api_secret))
		return hg_conf_wrong(err, "api_key", "api_key and api_secret go together");
	if (is_set(conf->api_key) && !is_word(conf->api_key, ""))
		return hg_conf_wrong(err, "api_key", "api_key \"%.40s\" is none: SK and 32 digits", conf->api_key);
	return check_secrets(conf->auth_token, "auth_token", err) || check_secrets(conf->signing_key, "signing_key", err) ? -1 : 0;
}

static int check_sender(const char *from, const char *country, struct hg_err *err)
{
	const char *bare = twilio_is_whatsapp(from) ? from + strlen(TWILIO_WHATSAPP) : from;
	struct hg_number number;

	if (!hg_number_parse(bare, country, FALSE, &number) || number.kind == HG_NUMBER_OPAQUE ||
	    (bare != from && number.kind != HG_NUMBER_E164))
		return hg_conf_wrong(err, "from", "from \"%.40s\" is no sender: write +447700900123, 12345, ACME or whatsapp:+447700900123", from);
	return 0;
}

static int check_senders(const C *conf, struct hg_err *err)
{
	gsize n = 0;

	for (char **from = conf->from; from && *from; from++, n++)
		if (check_sender(*from, conf->country, err))
			return -1;
	if (n > SENDERS_MAX)
		return hg_conf_wrong(err, "from", "from lists %zu senders, at most %d fit", n, SENDERS_MAX);
	if (!n && !is_set(conf->messaging_service))
		return hg_conf_wrong(err, "from", "there is no sender: list `from`, or name a messaging_service");
	if (is_set(conf->messaging_service) && !is_word(conf->messaging_service, "MG"))
		return hg_conf_wrong(err, "messaging_service", "messaging_service \"%.40s\" is none: MG and 32 digits", conf->messaging_service);
	if (is_set(conf->template_sid) && !is_word(conf->template_sid, "HX"))
		return hg_conf_wrong(err, "template_fallback", "template_fallback \"%.40s\" is no ContentSid: HX and 32 digits", conf->template_sid);
	return 0;
}

static gboolean is_loopback(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	const char *host = uri ? g_uri_get_host(uri) : NULL;

	return host && (!strcmp(host, "localhost") || g_str_has_prefix(host, "127.") || !strcmp(host, "::1"));
}

static int check_urls(const C *conf, struct hg_err *err)
{
	g_autoptr(GUri) hook = g_uri_parse(conf->webhook_url, G_URI_FLAGS_NONE, NULL);
	const char *host = hook ? g_uri_get_host(hook) : NULL;

	if (!is_set(host) || strpbrk(conf->webhook_url, " \t\r\n"))
		return hg_conf_wrong(err, "webhook_url", "webhook_url is no URL: https://YOUR-HOST/channel/NAME/webhook");
	/* "URL must contain a valid hostname and underscores are not allowed": StatusCallback, Message resource. */
	if (strchr(host, '_'))
		return hg_conf_wrong(err, "webhook_url", "Twilio calls no host with an underscore in its name: %.80s", host);
	if (g_str_has_prefix(conf->base_url, "http:") && !is_loopback(conf->base_url))
		return hg_conf_wrong(err, "base_url", "base_url %.100s would send the credentials in the clear: use https", conf->base_url);
	return 0;
}

static int check(const void *arg, struct hg_err *err)
{
	const C *conf = arg;

	return check_urls(conf, err) || check_account(conf, err) || check_senders(conf, err) ? -1 : 0;
}

/* All senders are of WhatsApp: then its window is the channel's. */
static gboolean only_whatsapp(const C *conf)
{
	char **from = conf->from;

	if (is_set(conf->messaging_service) || !from || !*from)
		return FALSE;
	for (; *from; from++)
		if (!twilio_is_whatsapp(*from))
			return FALSE;
	return TRUE;
}

static void limits(const void *arg, struct hg_limits *ret)
{
	const C *conf = arg;

	ret->rate = conf->rate;
	ret->window_ms = only_whatsapp(conf) ? TWILIO_WINDOW_MS : 0;
	ret->max_file = TWILIO_WA_MAX;
	ret->poll_ms = TWILIO_POLL_MS;
}

/* ---- a channel's life ---- */

static void looked(void *arg, const struct hg_http_answer *answer)
{
	struct twilio *t = arg;

	if (answer->status == 200)
		hg_health_works(&t->health);
}

/* In trouble: is the account well again? */
static void look(void *state)
{
	struct twilio *t = state;
	g_autofree char *auth = twilio_api_auth(t->conf), *url = twilio_api_url(t->conf, ".json");
	const char *headers[] = { auth, NULL };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = url, .headers = headers,
				    .timeout_ms = t->conf->timeout };

	hg_health_looking(&t->health);
	t->host->http(t->ch, &get, looked, t);
}

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state, struct hg_err *err)
{
	struct twilio *t;

	if (check(conf, err))
		return -1;
	t = g_new0(struct twilio, 1);
	t->host = host;
	t->ch = ch;
	t->conf = conf;
	t->lent = hg_lent_new();
	hg_health_init(&t->health, host, ch, look);
	*state = t;
	return 0;
}

static void start(void *state)
{
	hg_health_start(&((struct twilio *)state)->health);
}

static void stop(void *state)
{
	struct twilio *t = state;

	hg_health_stop(&t->health);
	t->host->drained(t->ch);	/* sends under way are the host's to wait for */
}

static void close_channel(void *state)
{
	struct twilio *t = state;

	hg_lent_free(t->lent);
	g_free(t->page);
	g_free(t);
}

static int reconf(void *state, const void *conf, struct hg_err *err)
{
	struct twilio *t = state;

	if (check(conf, err))
		return -1;
	t->conf = conf;
	g_clear_pointer(&t->page, g_free);
	hg_health_stop(&t->health);
	hg_health_genuine(&t->health);
	hg_health_works(&t->health);
	return 0;
}

static void health(void *state, struct hg_err *err)
{
	hg_health_read(&((struct twilio *)state)->health, err);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "twilio",
	.version = "0.1.0",
	.summary = "SMS, MMS and WhatsApp by Twilio; SignalWire, which speaks the same",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_TEMPLATES | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_WORDS,
	.conf_size = sizeof(C),
	.options = options,
	.routes = routes,
	.check = check,
	.limits = limits,
	.plan = twilio_plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.reconf = reconf,
	.poll = twilio_poll,
	.send = twilio_send,
	.fetch = twilio_fetch,
	.health = health,
};
