/* gateway.c - the order of things: start, readiness, graceful stop */
#include "follow.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include "backup.h"
#include "failpoint.h"
#include "log.h"

#define READERS 2
#define READ_LIMIT_MS 2000		/* a longer read would hold back checkpoints */
#define PULSE_MS 1000
/* Each caller bounds what it has under way (concurrency, a channel's slots): of one host that is all there may
 * be, and the others still find room. */
#define PER_HOST 256
#define CONNECTIONS (4 * PER_HOST)
#define DRAIN_MS (10 * 1000)		/* what is under way has so long when we stop */
#define EXIT_STORE 1			/* the store is beyond use: systemd starts us again */

void hg_gateway_log_as(const hg_conf *conf)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	enum hg_level least = HG_LOG_INFO;

	for (guint i = 0; i < G_N_ELEMENTS(levels); i++)
		if (g_strcmp0(conf->gateway.log_level, levels[i]) == 0)
			least = (enum hg_level)i;
	hg_log_init(g_strcmp0(conf->gateway.log_format, "json") == 0 ? HG_LOG_JSON : HG_LOG_LOGFMT, least);
}

/* ---- start ---- */

static gboolean open_store(hg_gateway *gateway, GError **error)
{
	struct hg_store_options options = hg_setup_store(gateway->setup->conf, gateway->attachments);

	gint64 newest_ms;

	options.env = gateway->env;
	gateway->store = hg_store_open(&options, error);
	if (!gateway->store || !hg_store_newest(gateway->store, &newest_ms, error) ||
	    !hg_store_event_last(gateway->store, &gateway->last_event_n, error))
		return FALSE;
	hg_store_instance_name(gateway->store, gateway->instance);
	hg_clock_begin(gateway->clock, newest_ms);
	hg_gateway_watch_clock(gateway);
	gateway->readers = hg_readers_new(&options, READERS, READ_LIMIT_MS, gateway->loop, error);
	if (gateway->readers)
		gateway->visitor_readers = hg_readers_new(&options, READERS, READ_LIMIT_MS, gateway->loop, error);
	if (gateway->visitor_readers)
		gateway->key_readers = hg_readers_new(&options, 1, READ_LIMIT_MS, gateway->loop, error);
	if (gateway->key_readers)
		gateway->search = hg_search_new(&(struct hg_search_options){ .store = &options,
			.off = !gateway->setup->conf->store.search }, error);
	gateway->follow = hg_follower_new(gateway, &options);
	return gateway->search != NULL;
}

void hg_gateway_server_conf(hg_gateway *gateway, const hg_conf *conf, struct hg_server_conf *ret)
{
	const struct hg_gateway_conf *set = &conf->gateway;

	hg_server_conf_init(ret);
	ret->route = hg_gateway_route;
	ret->handle = hg_gateway_handle;
	ret->arg = gateway;
	ret->max_connections = (guint)set->max_connections;
	ret->max_per_address = (guint)set->max_per_address;
	ret->head_ms = set->head_timeout_ms;
	ret->body_ms = set->body_timeout_ms;
	ret->idle_ms = set->idle_timeout_ms;
	ret->trusted_proxies = (const char *const *)set->trusted_proxies;
	ret->tls_cert = set->tls_cert;
	ret->tls_key = set->tls_key;
}

static gboolean listen_all(hg_gateway *gateway, GError **error)
{
	const struct hg_gateway_conf *set = &gateway->setup->conf->gateway;
	g_autofree char *dir = g_path_get_dirname(set->socket);
	struct hg_server_conf conf;

	hg_gateway_server_conf(gateway, gateway->setup->conf, &conf);
	gateway->server = hg_server_new(gateway->loop, &conf, error);
	g_mkdir_with_parents(dir, 0750);	/* listening says it when that failed */
	return gateway->server &&
	       hg_server_listen(gateway->server, set->listen, set->tls_cert != NULL, error) &&
	       hg_server_listen_unix(gateway->server, set->socket, 0660, error);
}

static void make_parts(hg_gateway *gateway)
{
	hg_conf *conf = gateway->setup->conf;
	struct hg_ports ports;
	struct hg_channels_env channel_env;
	struct hg_forwarder_sink sink;
	struct hg_backs_env backs_env;
	struct hg_api_ports api_ports;
	struct hg_visitors_env visitors_env;

	if (hg_store_is_shared(gateway->store))
		gateway->own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (hg_conf_files_in_database(&conf->store))
		gateway->bringer = hg_bringer_new(gateway, hg_gateway_carry_on);
	hg_gateway_ports(gateway, &ports);
	gateway->engine = hg_engine_new(conf, g_steal_pointer(&gateway->setup->rules), gateway->store,
					gateway->env, &ports);
	hg_gateway_be_node(gateway, conf->store.node ?: g_get_host_name());
	hg_gateway_visitors_env(gateway, &visitors_env);
	gateway->visitors = hg_visitors_new(&visitors_env, conf);
	hg_gateway_channel_env(gateway, &channel_env);
	gateway->channels = hg_channels_new(&channel_env, conf);
	gateway->mail = hg_desk_mail_new(hg_channels_dispatch, gateway->channels);
	hg_gateway_forward_sink(gateway, &sink);
	gateway->forwarder = hg_forwarder_new(conf, gateway->loop, gateway->client, &sink);
	hg_gateway_backs_env(gateway, &backs_env);
	gateway->backs = hg_backs_new(&backs_env, conf);
	gateway->hooks = hg_hooks_new(conf, gateway->loop, gateway->client, hg_gateway_hook_result, gateway);
	hg_gateway_api_ports(gateway, &api_ports);
	gateway->alarms = hg_alarms_new(gateway);
	if (conf->gateway.capture)
		gateway->capture = hg_capture_new(gateway);
	gateway->api = hg_api_new(conf, gateway->loop, gateway->readers, gateway->attachments, &api_ports);
}

/* TRUE: what keeps it from listening keeps nothing else. */
static gboolean add_console(hg_gateway *gateway)
{
	hg_conf *conf = gateway->setup->conf;
	struct hg_server_conf like;

	hg_gateway_server_conf(gateway, conf, &like);
	gateway->console = hg_console_new(gateway->loop, gateway->api, conf, &like);
	return TRUE;
}

hg_gateway *hg_gateway_new(hg_setup *setup, GError **error)
{
	struct hg_client_conf client = { .max_connections = CONNECTIONS, .max_per_host = PER_HOST };
	g_autoptr(hg_gateway) gateway = g_new0(hg_gateway, 1);

	gateway->setup = setup;
	client.captive = setup->conf->gateway.capture;
	gateway->clock = hg_clock_new(hg_env_system());
	gateway->env = hg_clock_env(gateway->clock);
	gateway->attachments = hg_setup_attachments(setup->conf);
	gateway->loop = hg_loop_new(gateway->env, "headgate", error);
	if (!gateway->loop || !open_store(gateway, error) ||
	    !(gateway->client = hg_client_new(gateway->loop, &client, error)))
		return NULL;
	make_parts(gateway);
	if (!hg_api_load(gateway->api, gateway->store, error) || !listen_all(gateway, error) || !add_console(gateway) ||
	    !hg_engine_recover(gateway->engine, error))
		return NULL;
	hg_api_follow(gateway->api, gateway->key_readers);
	return g_steal_pointer(&gateway);
}

/* What was posted to the loop and not run yet, now that nobody posts any more. */
static void run_posted(hg_gateway *gateway)
{
	if (!gateway->loop)
		return;
	hg_loop_stop(gateway->loop);
	hg_loop_run(gateway->loop);
}

/* The client first: its calls end now and say so to channels and forwarder, whose results the engine
 * still takes; then the engine; then what it reached through its ports. */
void hg_gateway_free(hg_gateway *gateway)
{
	if (!gateway)
		return;
	g_clear_pointer(&gateway->on_term, event_free);
	g_clear_pointer(&gateway->on_int, event_free);
	g_clear_pointer(&gateway->on_hup, event_free);
	hg_client_free(gateway->client);
	g_clear_pointer(&gateway->mail, hg_desk_mail_free);
	if (gateway->engine)
		hg_engine_stop(gateway->engine);
	hg_bringer_free(g_steal_pointer(&gateway->bringer));
	hg_follower_stop(gateway->follow);
	(void)(gateway->stopping && HG_FAILPOINT(STOP_ENGINE));
	if (gateway->backs)
		hg_backs_settle(gateway->backs);
	if (gateway->visitors)
		hg_visitors_stop(gateway->visitors);
	if (gateway->api)
		hg_api_follow_end(gateway->api);
	hg_readers_free(gateway->key_readers);
	hg_readers_free(gateway->readers);
	hg_readers_free(gateway->visitor_readers);
	hg_search_free(gateway->search);
	run_posted(gateway);
	hg_follower_free(gateway->follow);
	hg_server_free(gateway->server);
	hg_console_free(gateway->console);
	hg_api_free(gateway->api);
	hg_alarms_free(gateway->alarms);
	hg_capture_free(gateway->capture);
	hg_channels_free(gateway->channels);
	hg_visitors_free(gateway->visitors);
	hg_backs_free(gateway->backs);
	hg_forwarder_free(gateway->forwarder);
	hg_hooks_free(gateway->hooks);
	hg_loop_free(gateway->loop);
	hg_engine_free(gateway->engine);
	g_clear_pointer(&gateway->own, g_hash_table_destroy);
	g_clear_pointer(&gateway->store, hg_store_close);
	hg_place_free(gateway->place);
	hg_setup_free(gateway->setup);
	g_free(gateway->attachments);
	hg_clock_free(gateway->clock);
	g_free(gateway);
}

guint hg_gateway_port(hg_gateway *gateway)
{
	return hg_server_port(gateway->server, 0);
}

/* ---- stopping: no more in, what is under way ends, then the loop does ---- */

/* On the engine's thread: what was claimed before the outbox paused has been posted to the loop. */
static void engine_quiet(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	hg_gateway *gateway = arg;

	(void)command;
	(void)answer;
	(void)error;
	(void)HG_FAILPOINT(STOP_QUIET);
	hg_loop_stop(gateway->loop);
}

/* The loop must not end before the engine has stopped handing things to it. */
void hg_gateway_try_to_stop(hg_gateway *gateway)
{
	g_autoptr(hg_command) barrier = NULL;

	if (!gateway->stopping || !gateway->channels_stopped || !gateway->server_drained || !gateway->console_drained ||
	    !hg_bringer_is_idle(gateway->bringer))
		return;
	barrier = hg_command_new(HG_CMD_BARRIER);
	barrier->done = engine_quiet;
	barrier->done_arg = gateway;
	if (hg_engine_broken(gateway->engine) || !hg_engine_submit(gateway->engine, barrier, NULL))
		hg_loop_stop(gateway->loop);
	else
		g_steal_pointer(&barrier);
}

static void channels_stopped(void *arg)
{
	hg_gateway *gateway = arg;

	gateway->channels_stopped = TRUE;
	hg_gateway_try_to_stop(gateway);
}

static void server_drained(void *arg)
{
	hg_gateway *gateway = arg;

	gateway->server_drained = TRUE;
	hg_gateway_try_to_stop(gateway);
}

static void console_drained(void *arg)
{
	hg_gateway *gateway = arg;

	gateway->console_drained = TRUE;
	hg_gateway_try_to_stop(gateway);
}

static void patience_ends(void *arg)
{
	hg_gateway *gateway = arg;

	hg_warn(NULL, "daemon.stop_forced", "some requests or sends were not done after %d s", DRAIN_MS / 1000);
	hg_loop_stop(gateway->loop);
}

/* Nothing new is claimed from the outbox: what has not left stays due for the next start. */
static void pause_outbox(hg_gateway *gateway)
{
	const hg_conf *conf = gateway->setup->conf;

	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		hg_engine_set_slots(gateway->engine, HG_TO_CHANNEL, channel->name, 0);
		hg_engine_set_slots(gateway->engine, HG_TO_FETCH, channel->name, 0);
		hg_engine_set_slots(gateway->engine, HG_TO_UNPACK, channel->name, 0);
		hg_engine_set_slots(gateway->engine, HG_TO_SETTLE, channel->name, 0);
	}
	for (guint i = 0; i < conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(conf->backends, i);

		hg_engine_set_slots(gateway->engine, HG_TO_BACKEND, backend->name, 0);
		hg_engine_set_slots(gateway->engine, HG_FROM_BACKEND, backend->name, 0);
	}
	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = g_ptr_array_index(conf->hooks, i);

		hg_engine_set_slots(gateway->engine, HG_TO_HOOK, hook->name, 0);
	}
}

static void stop(hg_gateway *gateway)
{
	if (gateway->stopping)
		return;
	gateway->stopping = TRUE;
	sd_notify(0, "STOPPING=1");
	hg_info(NULL, "daemon.stopping", "no more is taken in; what is under way ends");
	pause_outbox(gateway);
	hg_bringer_end(gateway->bringer);
	hg_alarms_stop(gateway->alarms);
	hg_backs_stop(gateway->backs);
	hg_forwarder_stop(gateway->forwarder);
	(void)HG_FAILPOINT(STOP_BEGIN);
	hg_readers_end_slow(gateway->readers);
	hg_readers_end_slow(gateway->visitor_readers);
	hg_channels_stop(gateway->channels, DRAIN_MS, channels_stopped, gateway);
	hg_server_drain(gateway->server, server_drained, gateway);
	hg_console_drain(gateway->console, console_drained, gateway);
	hg_loop_timer(gateway->loop, DRAIN_MS + 2000, patience_ends, gateway);
}

static void on_stop_signal(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	stop(arg);
}

static void on_reload_signal(evutil_socket_t number, short what, void *arg)
{
	hg_gateway *gateway = arg;
	gboolean ok = hg_gateway_reload(gateway, NULL);
	g_autofree char *facts = ok ? g_strdup_printf("{\"config\":\"%s\"}", gateway->setup->conf->hash) : NULL;

	(void)number;
	(void)what;
	if (!gateway->stopping)
		hg_api_audit(gateway->api, &(struct hg_api_deed){ .principal = "signal:SIGHUP", .action = "config.reload",
								  .outcome = ok ? "ok" : "configuration", .facts = facts });
}

/* Once a second: systemd's watchdog, and whether clock, store and what this node holds are still good. */
static void pulse(void *arg)
{
	hg_gateway *gateway = arg;

	sd_notify(0, "WATCHDOG=1");
	hg_gateway_watch_clock(gateway);
	hg_gateway_end_posts(gateway);
	if (hg_engine_broken(gateway->engine) && !gateway->stopping) {
		hg_err(NULL, "daemon.store_broken", "nothing can be stored any more: stopping with exit code %d; "
		       "run headgatectl fsck before you start again", EXIT_STORE);
		gateway->exit_code = EXIT_STORE;
		stop(gateway);
	}
	gateway->pulse = hg_loop_timer(gateway->loop, PULSE_MS, pulse, gateway);
}

static struct event *on_signal(hg_gateway *gateway, int number, event_callback_fn fn)
{
	struct event *event = evsignal_new(hg_loop_base(gateway->loop), number, fn, gateway);

	event_add(event, NULL);
	return event;
}

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = MIN(limit.rlim_max, 65536);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int hg_gateway_run(hg_gateway *gateway, void (*on_ready)(void *arg), void *arg)
{
	g_autoptr(GError) error = NULL;

	raise_descriptors();
	gateway->on_term = on_signal(gateway, SIGTERM, on_stop_signal);
	gateway->on_int = on_signal(gateway, SIGINT, on_stop_signal);
	gateway->on_hup = on_signal(gateway, SIGHUP, on_reload_signal);
	gateway->started_ms = gateway->reloaded_ms = hg_now(gateway->env);
	if (!hg_engine_start(gateway->engine, &error)) {
		hg_err(NULL, "daemon.start_failed", "%s", error->message);
		return EXIT_STORE;
	}
	hg_follower_start(gateway->follow);
	hg_gateway_hold(gateway);
	hg_channels_start(gateway->channels);
	if (!gateway->capture)
		hg_backs_start(gateway->backs);
	hg_alarms_start(gateway->alarms);
	pulse(gateway);
	hg_info(NULL, "daemon.ready", "listening on %s, port %u", gateway->setup->conf->gateway.listen,
		hg_gateway_port(gateway));
	sd_notify(0, "READY=1\nSTATUS=running");
	if (on_ready)
		on_ready(arg);
	hg_loop_run(gateway->loop);
	hg_info(NULL, "daemon.stopped", "exit code %d", gateway->exit_code);
	return gateway->exit_code;
}
