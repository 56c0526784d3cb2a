/* ports.c - engine, channels, forwarder and API know each other only through these functions */
#include "follow.h"
#include "log.h"
#include "parts.h"

/* ---- the engine reaches outward ---- */

static gboolean port_plan(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out,
			  GArray *parts, struct hg_err *err)
{
	hg_gateway *gateway = ctx;

	return hg_channels_plan(gateway->channels, channel, arena, out, parts, err);
}

static gboolean port_limits(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	hg_gateway *gateway = ctx;

	return hg_channels_limits(gateway->channels, channel, ret, ret_caps);
}

struct forward {
	hg_gateway *gateway;
	hg_dispatch *dispatch;
};

/* As whoever would have carried it says that nothing has left. */
static void not_forwarded(hg_gateway *gateway, hg_dispatch *dispatch)
{
	int target = dispatch->job.target;
	hg_command *command = hg_command_new(target == HG_TO_HOOK ? HG_CMD_FACTS : target == HG_FROM_BACKEND ? HG_CMD_CHANGED :
					     HG_CMD_FORWARDED);
	g_autoptr(GError) error = NULL;

	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	command->backend = target == HG_TO_HOOK ? NULL : hg_arena_str(command->arena, dispatch->job.name);
	command->fate = command->forwarded.fate = HG_RETRY;
	command->text = command->forwarded.text = command->facts.text = hg_arena_str(command->arena, dispatch->held_up ?: HG_DISPATCH_LATE);
	hg_dispatch_free(dispatch);
	if (hg_engine_submit(gateway->engine, command, &error))
		return;
	hg_err(NULL, "forward.result_lost", "%s", error->message);
	hg_command_free(command);
}

/* A helpdesk that is spoken to in steps is given the files; a webhook says where they are. */
static gboolean takes_files(hg_gateway *gateway, const hg_dispatch *dispatch)
{
	const struct hg_backend_conf *backend = dispatch->job.target == HG_TO_BACKEND ?
						hg_conf_backend(gateway->setup->conf, dispatch->job.name) : NULL;

	return backend && backend->desk;
}

static void forward_on_loop(void *arg)
{
	struct forward *forward = arg;

	if (takes_files(forward->gateway, forward->dispatch) && hg_bring(forward->gateway->bringer, forward->dispatch)) {
		g_free(forward);
		return;
	}
	if (forward->dispatch->held_up || hg_dispatch_is_late(forward->dispatch, hg_mono(forward->gateway->env)))
		not_forwarded(forward->gateway, forward->dispatch);
	else if (forward->dispatch->job.target == HG_TO_HOOK)
		hg_hooks_send(forward->gateway->hooks, forward->dispatch);
	else if (forward->dispatch->job.target == HG_FROM_BACKEND)
		hg_backs_send(forward->gateway->backs, forward->dispatch);
	else
		hg_forwarder_send(forward->gateway->forwarder, forward->dispatch);
	g_free(forward);
}

void hg_gateway_carry_on(hg_gateway *gateway, hg_dispatch *dispatch)
{
	struct forward *forward;

	if (dispatch->job.target != HG_TO_BACKEND && dispatch->job.target != HG_TO_HOOK &&
	    dispatch->job.target != HG_FROM_BACKEND) {
		hg_channels_dispatch(gateway->channels, dispatch);
		return;
	}
	forward = g_new0(struct forward, 1);
	forward->gateway = gateway;
	forward->dispatch = dispatch;
	hg_loop_post(gateway->loop, forward_on_loop, forward);
}

static void port_dispatch(void *ctx, hg_dispatch *dispatch)
{
	hg_gateway *gateway = ctx;

	if (gateway->capture && hg_capture_take(gateway->capture, dispatch))
		return;
	if (dispatch->job.target != HG_TO_CHANNEL || !hg_bring(gateway->bringer, dispatch))
		hg_gateway_carry_on(gateway, dispatch);
}

void hg_gateway_publish(hg_gateway *gateway, const hg_event *const *events, guint n)
{
	if (n)
		hg_search_publish(gateway->search, events[n - 1]->n);
	hg_api_publish(gateway->api, events, n);
	hg_visitors_publish(gateway->visitors, events, n);
}

/* Not with what is published, which is later (on several nodes, once the log was read): whoever was answered and asks how
 * far the index is must not be told that nothing is behind. */
static void port_kept(void *ctx, gint64 event_n)
{
	hg_gateway *gateway = ctx;

	hg_search_kept(gateway->search, event_n);
}

/* Where others write as well, what this node wrote stands among theirs, and is published in that order. */
static void port_publish(void *ctx, const hg_event *const *events, guint n)
{
	hg_gateway *gateway = ctx;

	if (gateway->follow)
		hg_follower_wake(gateway->follow);
	else
		hg_gateway_publish(gateway, events, n);
}

void hg_gateway_ports(hg_gateway *gateway, struct hg_ports *ret)
{
	*ret = (struct hg_ports){ .ctx = gateway, .plan = port_plan, .limits = port_limits,
		.dispatch = port_dispatch, .kept = port_kept, .publish = port_publish, .posts = hg_gateway_posted,
		.joined = hg_gateway_joined,
		.hint = hg_follower_hint(gateway->follow) };
}

/* ---- the others reach the engine ---- */

static gboolean submit(void *ctx, hg_command *command, GError **error)
{
	hg_gateway *gateway = ctx;

	return hg_engine_submit(gateway->engine, command, error);
}

/* When a channel opens, or a backend polls for the first time, at the start or after a reload: rare and one row, so it may open a connection of
 * its own; the engine's is the engine's. */
static char *cursor(void *ctx, const char *channel)
{
	hg_gateway *gateway = ctx;
	hg_store *reader = hg_readers_open_slow(gateway->readers, NULL);
	g_autoptr(hg_arena) arena = hg_arena_new();
	const char *text = NULL;

	if (reader && !hg_store_cursor_get(reader, arena, channel, &text, NULL))
		text = NULL;
	hg_readers_close_slow(gateway->readers, reader);
	return g_strdup(text);
}

/* What became of a mail to a helpdesk is the forwarder's business: no outbox knows it. */
static gboolean submit_of_channel(void *ctx, hg_command *command, GError **error)
{
	hg_gateway *gateway = ctx;

	if (!gateway->mail || !hg_desk_mail_sent(gateway->mail, command))
		return submit(ctx, command, error);
	hg_command_free(command);
	return TRUE;
}

void hg_gateway_channel_env(hg_gateway *gateway, struct hg_channels_env *ret)
{
	*ret = (struct hg_channels_env){ .loop = gateway->loop, .client = gateway->client,
		.attachments = gateway->attachments, .submit = submit_of_channel, .cursor = cursor,
		.visitor = hg_visitors_inside(gateway->visitors), .captive = gateway->setup->conf->gateway.capture,
		.shared = gateway->own != NULL, .ctx = gateway };
}

/* For agents who follow the thread live. */
static void tell_agents(void *ctx, const struct hg_news_of *of, const char *line, gsize len)
{
	hg_api_tell(((hg_gateway *)ctx)->api, of, line, len);
}

static gboolean spread(void *ctx, char kind, const char *text)
{
	return hg_follower_tell(((hg_gateway *)ctx)->follow, kind, text);
}

void hg_gateway_visitors_env(hg_gateway *gateway, struct hg_visitors_env *ret)
{
	*ret = (struct hg_visitors_env){ .loop = gateway->loop, .readers = gateway->visitor_readers,
		.attachments = gateway->attachments, .key = hg_store_instance_key(gateway->store),
		.last_event_n = gateway->last_event_n, .shared = gateway->follow != NULL && !gateway->bringer, .submit = submit, .tell = tell_agents,
		.spread = spread, .ctx = gateway };
}

static void forwarded(void *ctx, hg_command *command)
{
	hg_gateway *gateway = ctx;
	g_autoptr(GError) error = NULL;

	if (hg_engine_submit(gateway->engine, command, &error))
		return;
	hg_err(NULL, "forward.result_lost", "%s", error->message);
	hg_command_free(command);
}

void hg_gateway_hook_result(void *gateway, hg_command *command)
{
	forwarded(gateway, command);
}

static void forward_slots(void *ctx, const char *backend, guint slots)
{
	hg_gateway *gateway = ctx;

	if (!gateway->stopping)
		hg_engine_set_slots(gateway->engine, HG_TO_BACKEND, backend, slots);
}

void hg_gateway_forward_sink(hg_gateway *gateway, struct hg_forwarder_sink *ret)
{
	*ret = (struct hg_forwarder_sink){ .result = forwarded, .slots = forward_slots, .arg = gateway,
		.mail = gateway->mail };
}

static hg_desk_line *line_of(void *ctx, const char *backend)
{
	return hg_forwarder_line(((hg_gateway *)ctx)->forwarder, backend);
}

static void change_slots(void *ctx, const char *backend, guint slots)
{
	hg_gateway *gateway = ctx;

	if (!gateway->stopping)
		hg_engine_set_slots(gateway->engine, HG_FROM_BACKEND, backend, slots);
}

void hg_gateway_backs_env(hg_gateway *gateway, struct hg_backs_env *ret)
{
	*ret = (struct hg_backs_env){ .loop = gateway->loop, .attachments = gateway->attachments, .submit = submit,
		.cursor = cursor, .line = line_of, .slots = change_slots, .shared = gateway->own != NULL, .ctx = gateway };
}

/* A read mark or typing sign goes out like a send nobody waits for: ticket 0. */
static gboolean signal_channel(void *ctx, const char *channel, const struct hg_out *out, GError **error)
{
	hg_gateway *gateway = ctx;
	const struct hg_channel_conf *set = hg_conf_channel(gateway->setup->conf, channel);
	hg_dispatch *dispatch;
	hg_arena *arena;

	if (!set)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" is not configured any more", channel);
	if (hg_channels_is_held(gateway->channels, channel) && !gateway->capture)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" is paused", channel);
	if (!(set->desc->caps & HG_CAP_TYPING))
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" has no read marks or typing signs", channel);
	arena = hg_arena_new();
	dispatch = hg_arena_alloc(arena, sizeof *dispatch);
	dispatch->arena = arena;
	dispatch->job = (hg_job){ .target = HG_TO_CHANNEL, .name = hg_arena_str(dispatch->arena, channel) };
	dispatch->channel = dispatch->job.name;
	dispatch->out = (struct hg_out){ .size = sizeof dispatch->out, .kind = out->kind,
		.name = hg_arena_str(dispatch->arena, out->name),
		.to = hg_arena_str(dispatch->arena, out->to), .from = hg_arena_str(dispatch->arena, out->from),
		.target = hg_arena_str(dispatch->arena, out->target), .now_ms = hg_now(gateway->env) };
	hg_channels_dispatch(gateway->channels, dispatch);
	return TRUE;
}

static gboolean ask_channel(void *ctx, const char *channel, gint64 since_ms, GError **error)
{
	return hg_channels_ask(((hg_gateway *)ctx)->channels, channel, since_ms, error);
}

static gboolean take(void *ctx, const char *channel, const void *bytes, gsize len, hg_ack_fn *ack, void *arg, GError **error)
{
	return hg_channels_take(((hg_gateway *)ctx)->channels, channel, bytes, len, ack, arg, error);
}

static char *console_url(void *ctx, GError **error)
{
	return hg_console_url(((hg_gateway *)ctx)->console, error);
}

static gboolean reload(void *ctx, GString *out)
{
	return hg_gateway_reload(ctx, out);
}

void hg_gateway_api_ports(hg_gateway *gateway, struct hg_api_ports *ret)
{
	*ret = (struct hg_api_ports){ .ctx = gateway, .submit = submit, .status = hg_gateway_status,
		.metrics = hg_gateway_metrics,
		.signal = signal_channel, .ask = ask_channel, .take = take, .channel = hg_gateway_channel,
		.hold = hg_gateway_hold, .probe = hg_gateway_probe, .reload = reload, .config = hg_gateway_config,
		.captured = hg_gateway_captured, .last_event_n = gateway->last_event_n, .search = gateway->search,
		.key = hg_store_instance_key(gateway->store),
		.console_url = console_url };
}
