/* status.c - what the running parts say of themselves */
#include "json.h"
#include "parts.h"

static const char *condition_word(int condition)
{
	return condition == HG_UP ? "up" : condition == HG_DEGRADED ? "degraded" :
	       condition == HG_DOWN ? "down" : "unknown";
}

static void add_count(void *arg, const char *word, guint64 count)
{
	hg_json_add_int(arg, word, (gint64)count);
}

struct channel_listing {
	hg_gateway *gateway;
	GString *out;
};

static void add_channel(void *arg, const struct hg_channel_status *status)
{
	struct channel_listing *listing = arg;
	const struct hg_channel_conf *conf = hg_conf_channel(listing->gateway->setup->conf, status->name);
	GString *out = listing->out;

	hg_json_open(out, '{');
	hg_json_add_str(out, "name", status->name);
	hg_json_add_str(out, "adapter", status->adapter);
	if (conf && conf->shadow)
		hg_json_add_bool(out, "shadow", TRUE);
	hg_json_add_str(out, "state", status->state);
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
	hg_channels_counted(listing->gateway->channels, status->name, add_count, out);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

static void add_backends(hg_gateway *gateway, GString *out)
{
	struct hg_forwarder_state state;

	hg_json_key(out, "backends");
	hg_json_open(out, '[');
	for (guint i = 0; hg_forwarder_state(gateway->forwarder, i, &state); i++) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "name", state.backend);
		hg_json_add_str(out, "condition", state.broken ? "down" : state.failures ? "degraded" : "up");
		hg_json_add_int(out, "failures", state.failures);
		hg_json_add_time(out, "last_ok", state.last_ok_ms);
		hg_json_add_time(out, "last_failed", state.last_failed_ms);
		hg_json_opt_str(out, "error", state.last_error);
		hg_gateway_back_status(gateway, i, out);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void add_hooks(hg_gateway *gateway, GString *out)
{
	const hg_conf *conf = gateway->setup->conf;

	hg_json_key(out, "hooks");
	hg_json_open(out, '[');
	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = g_ptr_array_index(conf->hooks, i);
		struct hg_hook_stats stats;
		gboolean down;

		hg_engine_get_hook_stats(gateway->engine, hook->name, &stats);
		down = stats.down_until_ms > hg_now(gateway->env);
		hg_json_open(out, '{');
		hg_json_add_str(out, "name", hook->name);
		hg_json_add_str(out, "condition", down ? "down" : "up");
		hg_json_add_time(out, "down_until", down ? stats.down_until_ms : 0);
		hg_json_add_int(out, "answered", stats.answered);
		hg_json_add_int(out, "answered_ms", stats.answered_ms);
		hg_json_add_int(out, "cached", stats.cached);
		hg_json_add_int(out, "late", stats.late);
		hg_json_add_int(out, "failed", stats.failed);
		hg_json_add_int(out, "skipped", stats.skipped);
		hg_json_opt_str(out, "error", *stats.error ? stats.error : NULL);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void add_engine(hg_gateway *gateway, GString *out)
{
	struct hg_engine_stats stats;

	hg_engine_get_stats(gateway->engine, &stats);
	hg_json_key(out, "engine");
	hg_json_open(out, '{');
	hg_json_add_int(out, "commands", stats.commands);
	hg_json_add_int(out, "groups", stats.groups);
	hg_json_add_int(out, "inbound", stats.inbound);
	hg_json_add_int(out, "duplicates", stats.duplicates);
	hg_json_add_int(out, "messages", stats.messages);
	hg_json_add_int(out, "tickets", stats.tickets);
	hg_json_add_int(out, "joined", stats.joined);
	hg_json_add_int(out, "ignored", stats.ignored);
	hg_json_add_int(out, "refused", stats.refused);
	hg_json_add_int(out, "queue", stats.queue);
	hg_json_add_int(out, "queue_oldest_ms", stats.queue_oldest_ms);
	hg_json_close(out, '}');
}

static void add_clock(hg_gateway *gateway, GString *out)
{
	struct hg_clock_state state;

	hg_clock_look(gateway->clock, &state);
	hg_json_key(out, "clock");
	hg_json_open(out, '{');
	hg_json_add_str(out, "condition", state.held ? "down" : ABS(state.off_ms) > HG_CLOCK_SLACK_MS ? "degraded" : "up");
	hg_json_add_time(out, "now", hg_now(gateway->env));
	hg_json_add_int(out, "off_ms", state.off_ms);
	hg_json_close(out, '}');
}

static void add_http(hg_gateway *gateway, GString *out)
{
	struct hg_server_stats stats;
	const char *word;
	guint64 count;

	hg_server_stats(gateway->server, &stats);
	hg_json_key(out, "http");
	hg_json_open(out, '{');
	hg_json_add_int(out, "connections", stats.connections);
	hg_json_add_int(out, "streams", stats.streams);
	hg_json_add_int(out, "slow_streams", (gint64)stats.slow_streams);
	hg_json_add_int(out, "accepted", (gint64)stats.accepted);
	hg_json_add_int(out, "requests", (gint64)stats.requests);
	hg_json_key(out, "refused");
	hg_json_open(out, '{');
	for (guint i = 0; hg_server_refused(gateway->server, i, &word, &count); i++)
		if (count)
			hg_json_add_int(out, word, (gint64)count);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

void hg_gateway_status(void *arg, GString *out)
{
	hg_gateway *gateway = arg;
	const hg_conf *conf = gateway->setup->conf;
	struct channel_listing listing = { gateway, out };

	hg_json_add_str(out, "version", PACKAGE_VERSION);
	hg_json_add_str(out, "name", conf->gateway.name);
	hg_json_add_time(out, "started", gateway->started_ms);
	hg_json_add_time(out, "reloaded", gateway->reloaded_ms);
	hg_json_add_int(out, "uptime_ms", hg_now(gateway->env) - gateway->started_ms);
	hg_json_add_str(out, "config", conf->path);
	hg_json_add_str(out, "config_hash", conf->hash);
	hg_json_add_str(out, "store_driver", conf->store.driver);
	hg_json_add_int(out, "port", hg_gateway_port(gateway));
	hg_json_add_bool(out, "stopping", gateway->stopping);
	add_clock(gateway, out);
	hg_json_key(out, "channels");
	hg_json_open(out, '[');
	hg_channels_list(gateway->channels, add_channel, &listing);
	hg_json_close(out, ']');
	add_backends(gateway, out);
	add_hooks(gateway, out);
	add_engine(gateway, out);
	add_http(gateway, out);
}
