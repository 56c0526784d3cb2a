/* channel_state.c - one channel for who operates it: how it is, where its provider calls us, what it can; put on hold */
#include "parts.h"

#include <string.h>

#include "json.h"
#include "log.h"
#include "text.h"

static const char *condition_word(int condition)
{
	return condition == HG_UP ? "up" : condition == HG_DEGRADED ? "degraded" :
	       condition == HG_DOWN ? "down" : "unknown";
}

static void add_count(void *arg, const char *word, guint64 count)
{
	hg_json_add_int(arg, word, (gint64)count);
}

void hg_gateway_channel_members(hg_gateway *gateway, const struct hg_channel_status *status, GString *out)
{
	const struct hg_channel_conf *conf = hg_conf_channel(gateway->setup->conf, status->name);

	hg_json_add_str(out, "name", status->name);
	hg_json_add_str(out, "adapter", status->adapter);
	if (conf && conf->shadow)
		hg_json_add_bool(out, "shadow", TRUE);
	hg_json_add_str(out, "state", gateway->capture ? "capture" : status->state);
	hg_json_add_str(out, "condition", condition_word(status->condition));
	hg_json_add_time(out, "since", status->condition_ms);
	hg_json_opt_str(out, "error", status->error);
	hg_json_add_time(out, "last_in", status->last_in_ms);
	hg_json_add_time(out, "last_out", status->last_out_ms);
	hg_json_add_int(out, "batches", (gint64)status->counts.batches);
	hg_json_add_int(out, "messages", (gint64)status->counts.items);
	hg_json_add_int(out, "receipts", (gint64)status->counts.receipts);
	hg_json_add_int(out, "refused", (gint64)status->counts.refused);
	hg_json_add_int(out, "unread", (gint64)status->counts.unread);
	hg_json_add_int(out, "sent", (gint64)status->counts.sent);
	hg_json_add_int(out, "failed", (gint64)status->counts.failed);
	hg_json_add_int(out, "ambiguous", (gint64)status->counts.ambiguous);
	hg_json_key(out, "counted");
	hg_json_open(out, '{');
	hg_channels_counted(gateway->channels, status->name, add_count, out);
	hg_json_close(out, '}');
}

/* ---- where its provider calls us, and what it can ---- */

/* Each path once: a provider that asks (GET) before it posts does so at the same place. */
static gboolean is_told(const struct hg_route *routes, const struct hg_route *route)
{
	for (; routes < route; routes++)
		if (strcmp(routes->path, route->path) == 0)
			return TRUE;
	return FALSE;
}

static void add_webhooks(const hg_conf *conf, const struct hg_channel_conf *channel, GString *out)
{
	const char *base = conf->gateway.public_url ?: "";
	const struct hg_route *routes = channel->desc->routes;

	hg_json_key(out, "webhooks");
	hg_json_open(out, '[');
	for (const struct hg_route *route = routes; route && route->path; route++) {
		g_autofree char *url = g_strdup_printf("%s" HG_CHANNEL_PREFIX "%s/%s", base, channel->name, route->path);

		if (!is_told(routes, route))
			hg_json_put_str(out, url);
	}
	hg_json_close(out, ']');
}

static void add_capabilities(const hg_conf *conf, const struct hg_channel_conf *channel, GString *out)
{
	static const struct { unsigned cap; const char *word; } words[] = {
		{ HG_CAP_MEDIA, "media" }, { HG_CAP_HTML, "html" }, { HG_CAP_RECEIPTS, "receipts" },
		{ HG_CAP_TEMPLATES, "templates" }, { HG_CAP_TYPING, "typing" }, { HG_CAP_KEY, "key" },
		{ HG_CAP_ECHO, "echo" }, { HG_CAP_FIRST, "first" }, { HG_CAP_SINGLE, "single" },
		{ HG_CAP_REACTION, "reaction" }, { HG_CAP_ASK, "ask" }, { HG_CAP_WORDS, "words" },
	};
	struct hg_limits limits;
	unsigned caps = 0;

	hg_conf_limits(conf, channel->name, &limits, &caps);
	hg_json_key(out, "capabilities");
	hg_json_open(out, '[');
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (caps & words[i].cap)
			hg_json_put_str(out, words[i].word);
	if (HG_HAS(channel->desc, poll))
		hg_json_put_str(out, "poll");
	hg_json_close(out, ']');
	hg_json_add_int(out, "max_text", limits.max_text);
	hg_json_add_int(out, "window_ms", limits.window_ms);
}

struct looked_for { hg_gateway *gateway; const char *name; GString *out; gboolean found; };

static void show_one(void *arg, const struct hg_channel_status *status)
{
	struct looked_for *looked = arg;

	if (strcmp(status->name, looked->name) != 0)
		return;
	looked->found = TRUE;
	hg_gateway_channel_members(looked->gateway, status, looked->out);
	hg_json_add_str(looked->out, "version", status->version);
}

gboolean hg_gateway_channel(void *arg, const char *name, GString *out)
{
	hg_gateway *gateway = arg;
	const hg_conf *conf = gateway->setup->conf;
	const struct hg_channel_conf *channel = hg_conf_channel(conf, name);
	struct looked_for looked = { gateway, name, out, FALSE };

	if (!channel)
		return FALSE;
	hg_channels_list(gateway->channels, show_one, &looked);
	if (!looked.found)
		return FALSE;
	add_webhooks(conf, channel, out);
	add_capabilities(conf, channel, out);
	return TRUE;
}

/* ---- probed ---- */

struct probing {
	GString *out;
	gboolean ok;
	void (*done)(void *arg);
	void *arg;
};

static void add_check(void *arg, const char *check, gboolean ok, const char *said)
{
	struct probing *probing = arg;

	probing->ok = probing->ok && ok;
	hg_json_open(probing->out, '{');
	hg_json_add_str(probing->out, "check", check);
	hg_json_add_bool(probing->out, "ok", ok);
	hg_json_opt_str(probing->out, "said", said);
	hg_json_close(probing->out, '}');
}

/* A provider that calls us needs an address that the world can reach. */
static void check_webhook(const hg_conf *conf, const struct hg_channel_conf *channel, struct probing *probing)
{
	const char *url = conf->gateway.public_url;

	if (channel && channel->desc->routes)
		add_check(probing, "webhook", url != NULL, url ? NULL :
			  "gateway.public_url is not set: nobody knows where the provider can call");
}

/* The provider has answered, too. */
static void probed(void *arg)
{
	struct probing *probing = arg;

	hg_json_close(probing->out, ']');
	hg_json_add_bool(probing->out, "ok", probing->ok);
	hg_json_close(probing->out, '}');
	probing->done(probing->arg);
	g_free(probing);
}

gboolean hg_gateway_probe(void *ctx, const char *name, GString *out, void (*done)(void *arg), void *arg, GError **error)
{
	hg_gateway *gateway = ctx;
	const hg_conf *conf = gateway->setup->conf;
	struct probing *probing = g_new0(struct probing, 1);

	*probing = (struct probing){ out, TRUE, done, arg };
	hg_json_open(out, '{');
	hg_json_add_str(out, "channel", name);
	hg_json_key(out, "checks");
	hg_json_open(out, '[');
	if (!hg_channels_probe(gateway->channels, name, add_check, probing, error)) {
		g_free(probing);
		return FALSE;
	}
	check_webhook(conf, hg_conf_channel(conf, name), probing);
	return hg_channels_look(gateway->channels, name, add_check, probed, probing, error);
}

/* ---- on hold ---- */

static gboolean is_paused(const GPtrArray *pauses, const char *name)
{
	for (guint i = 0; i < pauses->len; i++)
		if (strcmp(((const hg_standing *)g_ptr_array_index(pauses, i))->name, name) == 0)
			return TRUE;
	return FALSE;
}

void hg_gateway_hold(void *arg)
{
	hg_gateway *gateway = arg;
	const GPtrArray *channels = gateway->setup->conf->channels;
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) pauses = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	hg_store *reader = hg_readers_open_slow(gateway->readers, &error);
	gboolean ok = reader && hg_store_standing_list(reader, arena, HG_STANDING_PAUSE, pauses, &error);

	hg_readers_close_slow(gateway->readers, reader);
	if (!ok) {
		hg_err(NULL, "channel.pauses_unread", "which channels are paused cannot be read: %s", error->message);
		return;
	}
	for (guint i = 0; i < channels->len; i++) {
		const char *name = ((const struct hg_channel_conf *)g_ptr_array_index(channels, i))->name;

		hg_channels_hold(gateway->channels, name, gateway->capture || is_paused(pauses, name));
	}
}

gboolean hg_gateway_captured(void *arg, gint64 n, guint limit, GString *out)
{
	hg_capture *capture = ((hg_gateway *)arg)->capture;

	if (n)
		return hg_capture_show(capture, n, out);
	hg_capture_list(capture, limit, out);
	return TRUE;
}
