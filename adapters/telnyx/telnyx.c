/* telnyx.c - SMS and MMS by Telnyx: options, and the verbs the gateway calls */
#include "telnyx.h"

#include <string.h>

#include "conf_wrong.h"
#include "number.h"
#include "proof.h"
#include "sms_text.h"
#include "telnyx_hook.h"
#include "telnyx_plan.h"
#include "telnyx_poll.h"
#include "telnyx_send.h"

#define SENDERS_MAX 200
#define C struct telnyx_conf
#define R HG_OPT_RELOAD

static const struct hg_option options[] = {
	HG_OPTION(C, api_key, SECRET, HG_OPT_REQUIRED | R, NULL, NULL, "API key (KEY...), API v2."),
	HG_OPTION(C, public_key, STRINGS, HG_OPT_REQUIRED | R, NULL, NULL,
		  "Public key of the account (base64, Keys & credentials in the portal) that webhooks are signed for.  Two while it "
		  "is being changed."),
	HG_OPTION(C, webhook_url, URL, HG_OPT_REQUIRED | R, NULL, NULL,
		  "The URL the world reaches this channel's webhook by: receipts are asked for at it, and files are lent below it."),
	HG_OPTION(C, from, STRINGS, R, NULL, NULL,
		  "Our senders: numbers (+44...), short codes, names; answers leave from the one that was written to, other messages "
		  "from the first."),
	HG_OPTION_AT(C, profile, "messaging_profile_id", STRING, R, NULL, NULL,
		     "Messaging profile; needed for names, and to send from its pool of numbers."),
	HG_OPTION(C, base_url, URL, R, "https://api.telnyx.com", NULL, "Where the API is."),
	HG_OPTION(C, text, ENUM, R, "smart", HG_SMS_TEXT_RANGE,
		  "exact: as written; smart: typographic quotes, dashes and blanks become those of the GSM alphabet, which halves "
		  "what many texts cost; transliterate: accents that are not in it, too."),
	HG_OPTION(C, long_text, ENUM, R, "concat", HG_SMS_LONG_RANGE,
		  "concat: one message of up to ten segments, which phones show as one, then another; split: a message for each "
		  "segment; refuse: more than one segment is refused."),
	HG_OPTION(C, group_replies, ENUM, R, "all", "all|one",
		  "Where an answer in a group conversation (MMS) goes: to all who are in it, or to the one who wrote."),
	HG_OPTION(C, country, STRING, R, NULL, NULL, "Country (GB) whose national number forms are understood."),
	HG_OPTION(C, rate, INT, R, "20", "1..1000", "Messages a second."),
	HG_OPTION(C, timeout, MSECS, R, "30s", "1s..50s", "How long one call of the API may take."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "POST", "webhook", TELNYX_HOOK_MAX, telnyx_hook_post },
	{ "GET", "webhook", 0, telnyx_hook_get },
	{ NULL, NULL, 0, NULL },
};

/* ---- do the options make sense together? ---- */

static gboolean is_set(const char *text)
{
	return text && *text;
}

static int check_keys(const C *conf, struct hg_err *err)
{
	if (strpbrk(conf->api_key, "\r\n") || !*conf->api_key)
		return hg_conf_wrong(err, "api_key", "api_key is empty, or has a line break in it");
	if (!conf->public_key || !*conf->public_key)
		return hg_conf_wrong(err, "public_key", "public_key is missing: without it anybody could write in your customers' names");
	for (char **key = conf->public_key; *key; key++) {
		gsize len = 0;
		g_autofree guint8 *bytes = hg_unbase64(*key, &len);

		if (!bytes || len != 32)
			return hg_conf_wrong(err, "public_key", "public_key \"%.60s\" is none: the portal shows it, 44 characters that end with =", *key);
	}
	return 0;
}

static int check_senders(const C *conf, struct hg_err *err)
{
	struct hg_number number;
	gsize n = 0;

	for (char **from = conf->from; from && *from; from++, n++) {
		if (!hg_number_parse(*from, conf->country, FALSE, &number) || number.kind == HG_NUMBER_OPAQUE)
			return hg_conf_wrong(err, "from", "from \"%.40s\" is no sender: write +447700900123, 12345 or ACME", *from);
		if (number.kind == HG_NUMBER_NAME && !is_set(conf->profile))
			return hg_conf_wrong(err, "from", "the name \"%.40s\" needs a messaging_profile_id", *from);
	}
	if (n > SENDERS_MAX)
		return hg_conf_wrong(err, "from", "from lists %zu senders, at most %d fit", n, SENDERS_MAX);
	if (!n && !is_set(conf->profile))
		return hg_conf_wrong(err, "from", "there is no sender: list `from`, or name a messaging_profile_id");
	return 0;
}

static gboolean is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || g_str_has_prefix(host, "127.") || !strcmp(host, "::1");
}

static int check_urls(const C *conf, struct hg_err *err)
{
	g_autoptr(GUri) hook = g_uri_parse(conf->webhook_url, G_URI_FLAGS_NONE, NULL);
	g_autoptr(GUri) base = g_uri_parse(conf->base_url, G_URI_FLAGS_NONE, NULL);

	if (!hook || !is_set(g_uri_get_host(hook)) || strchr(conf->webhook_url, '#'))
		return hg_conf_wrong(err, "webhook_url", "webhook_url is no URL: https://YOUR-HOST/channel/NAME/webhook");
	if (!base || !is_set(g_uri_get_host(base)))
		return hg_conf_wrong(err, "base_url", "base_url is no URL");
	if (strcmp(g_uri_get_scheme(base), "https") != 0 && !is_loopback(g_uri_get_host(base)))
		return hg_conf_wrong(err, "base_url", "base_url %.100s would send the API key in the clear: use https", conf->base_url);
	return 0;
}

static int check(const void *arg, struct hg_err *err)
{
	const C *conf = arg;

	return check_urls(conf, err) || check_keys(conf, err) || check_senders(conf, err) ? -1 : 0;
}

static void limits(const void *arg, struct hg_limits *ret)
{
	ret->rate = ((const C *)arg)->rate;
	ret->max_file = TELNYX_MMS_MAX;
	ret->poll_ms = TELNYX_POLL_MS;
}

/* ---- a channel's life ---- */

static void looked(void *arg, const struct hg_http_answer *answer)
{
	struct telnyx *t = arg;

	if (answer->status == 200)
		hg_health_works(&t->health);
}

/* In trouble: is the account well again? */
static void look(void *state)
{
	struct telnyx *t = state;
	g_autofree char *auth = telnyx_auth(t->conf), *url = telnyx_url(t->conf, "/v2/balance");
	const char *headers[] = { auth, NULL };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = url, .headers = headers,
				    .timeout_ms = t->conf->timeout };

	hg_health_looking(&t->health);
	t->host->http(t->ch, &get, looked, t);
}

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state, struct hg_err *err)
{
	struct telnyx *t;

	if (check(conf, err))
		return -1;
	t = g_new0(struct telnyx, 1);
	t->host = host;
	t->ch = ch;
	t->conf = conf;
	t->lent = hg_lent_new();
	t->wanted = g_ptr_array_new_with_free_func(g_free);
	hg_health_init(&t->health, host, ch, look);
	*state = t;
	return 0;
}

static void start(void *state)
{
	hg_health_start(&((struct telnyx *)state)->health);
}

static void stop(void *state)
{
	struct telnyx *t = state;

	hg_health_stop(&t->health);
	t->host->drained(t->ch);	/* sends under way are the host's to wait for */
}

static void close_channel(void *state)
{
	struct telnyx *t = state;

	hg_lent_free(t->lent);
	g_ptr_array_unref(t->wanted);
	g_free(t);
}

static int reconf(void *state, const void *conf, struct hg_err *err)
{
	struct telnyx *t = state;

	if (check(conf, err))
		return -1;
	t->conf = conf;
	hg_health_stop(&t->health);
	hg_health_genuine(&t->health);
	hg_health_works(&t->health);
	return 0;
}

static void health(void *state, struct hg_err *err)
{
	hg_health_read(&((struct telnyx *)state)->health, err);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "telnyx",
	.version = "0.1.0",
	.summary = "SMS and MMS by Telnyx",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_WORDS,
	.conf_size = sizeof(C),
	.options = options,
	.routes = routes,
	.check = check,
	.limits = limits,
	.plan = telnyx_plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.reconf = reconf,
	.poll = telnyx_poll,
	.send = telnyx_send,
	.fetch = telnyx_fetch,
	.health = health,
};
