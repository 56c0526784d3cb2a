/* status.c - what the running parts say of themselves */
#include "json.h"
#include "parts.h"

struct channel_listing {
	hg_gateway *gateway;
	GString *out;
};

static void add_channel(void *arg, const struct hg_channel_status *status)
{
	struct channel_listing *listing = arg;

	hg_json_open(listing->out, '{');
	hg_gateway_channel_members(listing->gateway, status, listing->out);
	hg_json_close(listing->out, '}');
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

/* How far the index of what was said is. */
static void add_search(hg_gateway *gateway, GString *out)
{
	struct hg_search_state state;

	hg_search_state(gateway->search, &state);
	hg_json_key(out, "search");
	hg_json_open(out, '{');
	hg_json_add_str(out, "state", state.off ? "off" : state.error ? "failed" : state.building ? "building" : "ready");
	hg_json_add_int(out, "behind", state.behind);
	hg_json_opt_str(out, "error", state.error);
	hg_json_close(out, '}');
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

/* What of the work that only one may do this node does; where nobody shares the store it does all. */
static void add_node(hg_gateway *gateway, GString *out)
{
	g_autofree char *posts = hg_engine_posts(gateway->engine);
	g_auto(GStrv) names = posts ? g_strsplit(posts, "\n", -1) : NULL;

	if (!names)
		return;
	hg_json_key(out, "node");
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", hg_engine_node(gateway->engine));
	hg_json_key(out, "posts");
	hg_json_open(out, '[');
	for (char **name = names; *name; name++)
		if (**name)
			hg_json_put_str(out, *name);
	hg_json_close(out, ']');
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
	hg_json_add_str(out, "instance", gateway->instance);
	hg_json_add_time(out, "started", gateway->started_ms);
	hg_json_add_time(out, "reloaded", gateway->reloaded_ms);
	hg_json_add_int(out, "uptime_ms", hg_now(gateway->env) - gateway->started_ms);
	hg_json_add_str(out, "config", conf->path);
	hg_json_add_str(out, "config_hash", conf->hash);
	hg_json_add_str(out, "store_driver", conf->store.driver);
	hg_json_add_int(out, "port", hg_gateway_port(gateway));
	hg_json_add_int(out, "console_port", hg_console_port(gateway->console));
	hg_json_add_bool(out, "stopping", gateway->stopping);
	hg_json_add_bool(out, "capture", gateway->capture != NULL);
	add_node(gateway, out);
	add_clock(gateway, out);
	hg_json_key(out, "channels");
	hg_json_open(out, '[');
	hg_channels_list(gateway->channels, add_channel, &listing);
	hg_json_close(out, ']');
	add_backends(gateway, out);
	add_hooks(gateway, out);
	add_search(gateway, out);
	add_engine(gateway, out);
	add_http(gateway, out);
}
