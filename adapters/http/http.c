/* http.c - a provider described in the config as a channel: options, and the verbs the gateway calls */
#include <string.h>

#include "desc_cache.h"
#include "health.h"
#include "http_fetch.h"
#include "http_in.h"
#include "http_out.h"
#include "http_samples.h"
#include "http_send.h"
#include "http_tree.h"
#include "json.h"
#include "say.h"
#include "sms_text.h"
#include "ways_in.h"

struct http {
	const struct hg_host *host;
	struct hg_channel *ch;
	const struct ht_conf *conf;
	const ht_desc *desc;		/* lent by the cache */
	ht_inlet *inlet;
	ht_sender sender;
	struct hg_health health;
};

static const struct hg_option options[] = {
	HG_OPTION(struct ht_conf, description, TREE, HG_OPT_REQUIRED, NULL, NULL,
		  "What the provider sends and wants to be sent: a map, or the path of a file such as channels/plivo.yaml."),
	HG_OPTION(struct ht_conf, secrets, SECRET_MAP, 0, NULL, "1..",
		  "The secrets that the description names, by name."),
	HG_OPTION(struct ht_conf, values, MAP, 0, NULL, NULL,
		  "What else the description names: numbers of accounts, senders."),
	HG_OPTION(struct ht_conf, public_url, URL, 0, NULL, NULL,
		  "What stands before /channel/ in the address the provider was given, for those who sign it."),
	HG_OPTION(struct ht_conf, country, STRING, 0, NULL, "2..2",
		  "Country (ISO 3166: GB) of telephone numbers that come without one; default: the description's."),
	HG_OPTION(struct ht_conf, status_url, URL, 0, NULL, NULL,
		  "Address that receipts are asked for at (receipt_url of the description); key=... is added to it."),
	HG_OPTION(struct ht_conf, text, ENUM, 0, "exact", HG_SMS_TEXT_RANGE,
		  "exact: as it was written; smart: quotes and dashes as the alphabet of short messages has them; "
		  "transliterate: accents too."),
	HG_OPTION(struct ht_conf, long_text, ENUM, 0, "concat", HG_SMS_LONG_RANGE,
		  "Longer than one short message: one of several segments, several messages, or none."),
	HG_OPTION(struct ht_conf, timeout, MSECS, 0, "30s", "1s..50s", "How long one call of the provider may take."),
	HG_OPTION_END
};

/* ---- pure ---- */

static void check_all(const void *options_, void (*tell)(void *arg, const struct hg_err *), void *arg)
{
	const struct ht_conf *conf = options_;
	struct ht_look look = { .tell = tell, .arg = arg, .knows = TRUE, .has_url = conf->public_url != NULL,
				.secrets = conf->secrets, .values = conf->values };

	if (conf->country && !ht_country_known(conf->country))
		tell(arg, &(struct hg_err){ .kind = HG_ERR_CONFIG, .text = "country is two letters such as GB (ISO 3166-1)",
					    .at = "country" });
	ht_desc_free(ht_desc_new(conf->description, &look));
}

static gboolean tells(const ht_desc *desc, gboolean by_key)
{
	for (guint i = 0; i < desc->in->len; i++) {
		const struct ht_in *in = g_ptr_array_index(desc->in, i);

		for (guint n = 0; n < in->cases->len; n++) {
			const struct ht_status *status = g_array_index(in->cases, struct ht_case, n).status;

			if (status && (!by_key || status->key))
				return TRUE;
		}
	}
	return FALSE;
}

static void limits(const void *options_, struct hg_limits *ret)
{
	const struct ht_conf *conf = options_;
	const ht_desc *desc = ht_desc_lend(conf->description);

	if (!desc)
		return;
	if (desc->out)
		ht_out_limits(desc->out, ret);
	if (!tells(desc, FALSE))
		ret->lacks |= HG_CAP_RECEIPTS;
	if (!tells(desc, TRUE) || !ht_out_tells_key(desc->out, conf))
		ret->lacks |= HG_CAP_ECHO;
	ht_desc_give_back(desc);
}

static int plan(const void *options_, const struct hg_out *out, struct hg_plan *ret, struct hg_err *err)
{
	const struct ht_conf *conf = options_;
	const ht_desc *desc = ht_desc_lend(conf->description);
	int rc = -1;

	if (desc && desc->out)
		rc = ht_out_plan(desc->out, conf, out, ret, err);
	else
		*err = (struct hg_err){ .kind = HG_ERR_UNSUPPORTED, .text = "this channel's description has no send: nothing can be sent" };
	ht_desc_give_back(desc);
	return rc;
}

/* ---- in ---- */

static void take(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct http *http = state;

	ht_inlet_take(http->inlet, req, rep);
}

static const struct hg_route routes[] = {
	{ "GET", "*", 0, take },
	{ "POST", "*", HT_TREE_BYTES, take },
	{ "PUT", "*", HT_TREE_BYTES, take },
	{ NULL, NULL, 0, NULL },
};

/* ---- out ---- */

static void send_part(void *state, const struct hg_out *out)
{
	struct http *http = state;

	ht_sender_send(&http->sender, out);
}

static void fetch(void *state, uint64_t ticket, const char *ref)
{
	struct http *http = state;

	ht_fetch_file(http->desc->fetch, &http->sender, ticket, ref);
}

/* ---- a channel's life ---- */

static void looked(void *arg, const struct hg_http_answer *answer)
{
	struct http *http = arg;

	if (answer->status / 100 == 2)
		hg_health_works(&http->health);
}

/* As the description says; without a word of it there is nothing that could be asked, and the next message shows. */
static void look_again(void *state)
{
	struct http *http = state;
	g_autoptr(json_object) nothing = json_object_new_object();
	struct ht_say say = { .part = nothing, .conf = http->conf, .now_ms = http->host->now_ms(http->ch) };
	g_auto(ht_made) made = { 0 };
	struct hg_http_call call = { .size = sizeof(call), .timeout_ms = http->conf->timeout };

	hg_health_looking(&http->health);
	if (!http->desc->probe || ht_say_make(http->desc->probe, &say, &made)) {
		hg_health_works(&http->health);
		return;
	}
	call.method = made.method;
	call.url = made.url->str;
	call.headers = (const char *const *)made.headers->pdata;
	call.body = made.body->str;
	call.len = made.body->len;
	http->host->http(http->ch, &call, looked, http);
}

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state, struct hg_err *err)
{
	struct http *http;
	const ht_desc *desc = ht_desc_lend(((const struct ht_conf *)conf)->description);

	if (!desc) {
		*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "the description has errors: headgatectl check tells them" };
		return -1;
	}
	http = g_new0(struct http, 1);
	http->host = host;
	http->ch = ch;
	http->conf = conf;
	http->desc = desc;
	hg_health_init(&http->health, host, ch, look_again);
	http->inlet = ht_inlet_new(host, ch, desc, conf, &http->health);
	ht_sender_init(&http->sender, host, ch, desc, conf, &http->health);
	*state = http;
	return 0;
}

static void start(void *state)
{
	struct http *http = state;

	hg_health_start(&http->health);
}

static void stop(void *state)
{
	struct http *http = state;

	ht_sender_stop(&http->sender);
	hg_health_stop(&http->health);
	http->host->drained(http->ch);	/* sends under way are the host's to wait for */
}

static void close_channel(void *state)
{
	struct http *http = state;

	ht_sender_done(&http->sender);
	ht_inlet_free(http->inlet);
	ht_desc_give_back(http->desc);
	g_free(http);
}

static void health(void *state, struct hg_err *err)
{
	struct http *http = state;

	hg_health_read(&http->health, err);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "http",
	.version = "0.1.0",
	.summary = "Any provider that speaks HTTP, described in the configuration",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_TYPING | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_REACTION | HG_CAP_WORDS,
	.conf_size = sizeof(struct ht_conf),
	.options = options,
	.routes = routes,
	.check_all = check_all,
	.limits = limits,
	.plan = plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.send = send_part,
	.fetch = fetch,
	.health = health,
	.samples = ht_samples,
};
