/* adapter_fixture.c - channels on a loop that the test turns, between a made-up engine and far ends */
#include "adapter_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <dlfcn.h>
#include <glib/gstdio.h>
#include <cmocka.h>

#include "env.h"
#include "log.h"

#ifndef HUB_ADAPTERS
#define HUB_ADAPTERS "tests/unit/adapters/.libs"
#endif

const char *hub_adapters(void)
{
	return HUB_ADAPTERS;
}

/* ---- the made-up engine ---- */

static gboolean submit(void *ctx, hg_command *command, GError **error)
{
	struct hub *hub = ctx;
	gboolean busy;

	g_mutex_lock(&hub->lock);
	busy = command->kind == HG_CMD_INBOUND && hub->sink == SINK_BUSY;
	if (!busy) {
		g_ptr_array_add(hub->commands, command);
		if (command->kind == HG_CMD_INBOUND && hub->sink == SINK_HOLD)
			hub->held++;
		else
			g_async_queue_push(hub->queue, command);
	}
	g_mutex_unlock(&hub->lock);
	return !busy || hg_fail(error, HG_ERROR_BUSY, "the queue is full");
}

static void *engine_main(void *arg)
{
	struct hub *hub = arg;
	hg_command *command;
	g_autoptr(GError) error = NULL;

	hg_fail(&error, HG_ERROR_STORE, "the disk is full");
	while ((command = g_async_queue_pop(hub->queue)) != (void *)hub) {
		gboolean fails;

		g_mutex_lock(&hub->lock);
		fails = hub->sink == SINK_FAIL;
		command->again |= hub->sink == SINK_AGAIN;
		g_mutex_unlock(&hub->lock);
		if (command->done)
			command->done(command->done_arg, command, NULL, fails ? error : NULL);
	}
	return NULL;
}

void hub_set_sink(struct hub *hub, int sink)
{
	g_mutex_lock(&hub->lock);
	hub->sink = sink;
	g_mutex_unlock(&hub->lock);
}

void hub_release(struct hub *hub)
{
	g_mutex_lock(&hub->lock);
	hub->sink = SINK_STORE;
	for (guint i = hub->commands->len; i-- && hub->held;) {
		hg_command *command = hub->commands->pdata[i];

		if (command->kind != HG_CMD_INBOUND)
			continue;
		g_async_queue_push(hub->queue, command);
		hub->held--;
	}
	g_mutex_unlock(&hub->lock);
}

static char *cursor(void *ctx, const char *channel)
{
	(void)channel;
	return g_strdup(((struct hub *)ctx)->stored_cursor);
}

guint hub_count(struct hub *hub, int kind)
{
	guint n = 0;

	g_mutex_lock(&hub->lock);
	for (guint i = 0; i < hub->commands->len; i++)
		n += ((hg_command *)hub->commands->pdata[i])->kind == kind;
	g_mutex_unlock(&hub->lock);
	return n;
}

hg_command *hub_command(struct hub *hub, int kind, guint n)
{
	hg_command *found = NULL;

	g_mutex_lock(&hub->lock);
	for (guint i = 0; i < hub->commands->len && !found; i++) {
		hg_command *command = hub->commands->pdata[i];

		if (command->kind == kind && n-- == 0)
			found = command;
	}
	g_mutex_unlock(&hub->lock);
	return found;
}

/* ---- the far end ---- */

static void far_route(void *arg, const hg_request *req, struct hg_server_route *route)
{
	(void)arg;
	(void)req;
	route->max_body = 1000;
}

static void far_handle(void *arg, hg_request *req)
{
	static const char *const wait[] = { "Retry-After: 7", NULL };
	static const char *const away[] = { "Location: http://other.example/", NULL };
	struct hub *hub = arg;
	const char *path = hg_request_path(req);
	g_autofree char *big = g_strnfill(HUB_HUGE, 'x');
	struct hg_answer a = { .status = 200, .type = "text/plain; charset=utf-8", .body = FAR_FILE,
			       .len = strlen(FAR_FILE) };

	if (strcmp(path, "/hang") == 0) {
		g_ptr_array_add(hub->hanging, req);
		return;
	}
	if (strcmp(path, "/big") == 0)
		a.body = big, a.len = 200000;
	else if (strcmp(path, "/huge") == 0)
		a.body = big, a.len = HUB_HUGE;
	else if (strcmp(path, "/busy") == 0)
		a.status = 503, a.headers = wait;
	else if (strcmp(path, "/gone") == 0)
		a.status = 410;
	else if (strcmp(path, "/missing") == 0)
		a.status = 404;
	else if (strcmp(path, "/away") == 0)
		a.status = 302, a.headers = away;
	hg_request_answer(req, &a);
}

guint hub_far_port(const struct hub *hub)
{
	return hg_server_port(hub->far, 0);
}

/* ---- making and ending ---- */

static hg_server *server_new(struct hub *hub, hg_server_route_fn *route, hg_server_handle_fn *handle, void *arg)
{
	struct hg_server_conf conf;
	hg_server *server;
	GError *error = NULL;

	hg_server_conf_init(&conf);
	conf.route = route;
	conf.handle = handle;
	conf.arg = arg;
	server = hg_server_new(hub->loop, &conf, &error);
	if (!server || !hg_server_listen(server, "127.0.0.1:0", FALSE, &error))
		fail_msg("%s", error->message);
	return server;
}

hg_conf *hub_conf(struct hub *hub, const char *channels)
{
	g_autofree char *path = g_build_filename(hub->dir, "headgate.yaml", NULL);
	g_autofree char *far = g_strdup_printf("http://127.0.0.1:%u", hub_far_port(hub));
	g_auto(GStrv) parts = g_strsplit(channels, "HUB_FAR", -1);
	g_autofree char *named = g_strjoinv(far, parts);
	g_autofree char *text = g_strdup_printf("config_version: 1\nchannels:\n%s", named);
	g_autoptr(hg_diag) diag = hg_diag_new();
	struct hg_adapter_finder finder = hg_loader_finder(hub->loader);
	g_autofree char *problems = NULL;
	hg_conf *conf;

	assert_true(g_file_set_contents(path, text, -1, NULL));
	conf = hg_conf_read(path, &finder, diag);
	problems = hg_diag_render(diag, FALSE);
	if (!conf)
		fail_msg("%s", problems);
	return conf;
}

static struct naughty_seen *find_seen(void)
{
	g_autofree char *path = g_build_filename(hub_adapters(), "naughty.so", NULL);
	g_autofree char *real = g_canonicalize_filename(path, NULL);
	void *lib = dlopen(real, RTLD_NOW | RTLD_NOLOAD);
	struct naughty_seen *seen = lib ? dlsym(lib, "naughty_seen") : NULL;

	if (lib)
		dlclose(lib);
	if (seen)
		memset(seen, 0, sizeof(*seen));
	return seen;
}

static void begin_engine(struct hub *hub)
{
	g_mutex_init(&hub->lock);
	hub->sink = SINK_STORE;
	hub->queue = g_async_queue_new();
	hub->commands = g_ptr_array_new_with_free_func((GDestroyNotify)hg_command_free);
	hub->engine = g_thread_new("engine", engine_main, hub);
}

void hub_new(struct hub *hub, const char *channels)
{
	GError *error = NULL;

	*hub = (struct hub){ 0 };
	hg_log_init(HG_LOG_LOGFMT, g_getenv("HG_TEST_LOG") ? HG_LOG_DEBUG : HG_LOG_ERROR + 1);
	g_setenv("HEADGATE_ADAPTER_DIR", hub_adapters(), TRUE);
	hub->dir = g_dir_make_tmp("hg-adapter-XXXXXX", NULL);
	hub->loop = hg_loop_new(hg_env_system(), "test", &error);
	hub->client = hub->loop ? hg_client_new(hub->loop, NULL, &error) : NULL;
	if (!hub->client)
		fail_msg("%s", error->message);
	hub->hanging = g_ptr_array_new();
	hub->far = server_new(hub, far_route, far_handle, hub);
	hub->loader = hg_loader_new(hub_adapters());
	begin_engine(hub);
	hub->conf = hub_conf(hub, channels);
	hub->seen = find_seen();
	hub->env = (struct hg_channels_env){ .loop = hub->loop, .client = hub->client, .attachments = hub->dir,
					     .submit = submit, .cursor = cursor, .ctx = hub };
	hub->channels = hg_channels_new(&hub->env, hub->conf);
	hub->server = server_new(hub, hg_channels_route, hg_channels_handle, hub->channels);
	hg_channels_start(hub->channels);
}

static void on_stopped(void *arg)
{
	((struct hub *)arg)->stopped = TRUE;
}

void hub_stop(struct hub *hub)
{
	hg_channels_stop(hub->channels, 200, on_stopped, hub);
	HUB_WAIT(hub, hub->stopped);
	hub_settle(hub);
	if (hub->seen) {
		assert_int_equal(hub->seen->after_close, 0);
		assert_int_equal(hub->seen->closes, hub->seen->starts);
	}
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_tree(below);
	}
	g_remove(path);
}

void hub_free(struct hub *hub)
{
	if (!hub->stopped)
		hub_stop(hub);
	for (guint i = 0; i < hub->hanging->len; i++)
		hg_request_problem(hub->hanging->pdata[i], 500, "The test is over.");
	g_ptr_array_unref(hub->hanging);
	hg_server_free(hub->server);
	hg_server_free(hub->far);
	hg_channels_free(hub->channels);
	hg_client_free(hub->client);
	hub_release(hub);
	g_async_queue_push(hub->queue, hub);
	g_thread_join(hub->engine);
	hg_loop_free(hub->loop);
	g_ptr_array_unref(hub->commands);
	g_async_queue_unref(hub->queue);
	g_mutex_clear(&hub->lock);
	hg_conf_unref(hub->conf);
	hg_loader_free(hub->loader);
	remove_tree(hub->dir);
	g_free(hub->dir);
	g_free(hub->stored_cursor);
}

void hub_reload(struct hub *hub, const char *channels)
{
	hg_conf *old = hub->conf;

	hub->conf = hub_conf(hub, channels);
	hg_channels_reload(hub->channels, hub->conf);
	hg_conf_unref(old);
}

/* ---- turning ---- */

static void turned(void *arg)
{
	hg_loop_stop(arg);
}

void hub_turn(struct hub *hub)
{
	hg_loop_timer(hub->loop, 1, turned, hub->loop);
	hg_loop_run(hub->loop);
}

void hub_settle(struct hub *hub)
{
	for (int i = 0; i < 3; i++)
		hub_turn(hub);
}

/* ---- dispatches ---- */

static hg_dispatch *dispatch_new(int target, const char *channel, gint64 n)
{
	hg_arena *arena = hg_arena_new();
	hg_dispatch *d = hg_arena_alloc(arena, sizeof(*d));

	d->arena = arena;
	d->job.target = target;
	d->job.n = n;
	d->job.name = d->channel = hg_arena_str(arena, channel);
	return d;
}

void hub_dispatch(struct hub *hub, const char *channel, gint64 n, const char *text, gboolean ask)
{
	hg_dispatch *d = dispatch_new(HG_TO_CHANNEL, channel, n);

	d->ask = ask;
	d->out = (struct hg_out){ .size = sizeof(d->out), .ticket = (guint64)n, .kind = HG_TEXT, .to = "tel:+1",
				  .key = "key-of-this-message", .text = hg_arena_str(d->arena, text) };
	d->out.body = d->out.text;
	d->out.len = strlen(text);
	hg_channels_dispatch(hub->channels, d);
}

hg_command *hub_send_out(struct hub *hub, const char *channel, const struct hg_out *out)
{
	guint n = hub_count(hub, HG_CMD_SENT);
	hg_dispatch *d = dispatch_new(HG_TO_CHANNEL, channel, 100 + n);

	d->out = *out;
	d->out.size = sizeof(d->out);
	d->out.ticket = 100 + n;
	hg_channels_dispatch(hub->channels, d);
	HUB_WAIT(hub, hub_count(hub, HG_CMD_SENT) > n);
	return hub_command(hub, HG_CMD_SENT, n);
}

hg_command *hub_send(struct hub *hub, const char *channel, const char *text)
{
	guint n = hub_count(hub, HG_CMD_SENT);

	hub_dispatch(hub, channel, 100 + n, text, FALSE);
	HUB_WAIT(hub, hub_count(hub, HG_CMD_SENT) > n);
	return hub_command(hub, HG_CMD_SENT, n);
}

void hub_fetch(struct hub *hub, const char *channel, gint64 n, const char *ref, const char *sha256)
{
	hg_dispatch *d = dispatch_new(HG_TO_FETCH, channel, n);

	d->attachment.ref = hg_arena_str(d->arena, ref);
	d->attachment.sha256 = hg_arena_str(d->arena, sha256);
	d->attachment.bytes = -1;
	hg_channels_dispatch(hub->channels, d);
}

hg_command *hub_fetched(struct hub *hub, const char *ref, const char *sha256)
{
	g_autofree char *port = g_strdup_printf(":%u/", hub_far_port(hub));
	g_auto(GStrv) parts = g_strsplit(ref, ":PORT/", -1);
	g_autofree char *there = g_strjoinv(port, parts);
	guint n = hub_count(hub, HG_CMD_FETCHED);

	hub_fetch(hub, "one", 500 + n, there, sha256);
	HUB_WAIT(hub, hub_count(hub, HG_CMD_FETCHED) > n);
	return hub_command(hub, HG_CMD_FETCHED, n);
}

static hg_dispatch *raw_dispatch(int target, gint64 n, const char *id, const char *bytes, const char *known)
{
	hg_dispatch *d = dispatch_new(target, "one", n);
	const char **texts = hg_arena_alloc(d->arena, 2 * sizeof(*texts));

	texts[0] = hg_arena_str(d->arena, known);
	d->raw = (struct hg_raw){ .size = sizeof(d->raw), .ticket = (guint64)n, .id = hg_arena_str(d->arena, id),
				  .bytes = hg_arena_str(d->arena, bytes), .len = bytes ? strlen(bytes) : 0,
				  .recalled = known != NULL, .known = known ? texts : NULL };
	return d;
}

void hub_unpack(struct hub *hub, gint64 n, const char *bytes, const char *known)
{
	hg_channels_dispatch(hub->channels, raw_dispatch(HG_TO_UNPACK, n, "INBOX/1/1", bytes, known));
}

hg_command *hub_unpacked(struct hub *hub, const char *bytes, const char *known, int kind)
{
	guint n = hub_count(hub, kind);

	hub_unpack(hub, 700 + n, bytes, known);
	HUB_WAIT(hub, hub_count(hub, kind) > n);
	return hub_command(hub, kind, n);
}

hg_command *hub_settled(struct hub *hub, const char *id)
{
	guint n = hub_count(hub, HG_CMD_SETTLED);

	hg_channels_dispatch(hub->channels, raw_dispatch(HG_TO_SETTLE, 800 + n, id, NULL, NULL));
	HUB_WAIT(hub, hub_count(hub, HG_CMD_SETTLED) > n);
	return hub_command(hub, HG_CMD_SETTLED, n);
}

/* ---- requests ---- */

static void on_reply(void *arg, const struct hg_client_answer *answer)
{
	struct reply *r = arg;

	r->body = g_strndup(answer->body, answer->len);
	r->retry_after = g_strdup(hg_client_header(answer, "Retry-After"));
	r->allow = g_strdup(hg_client_header(answer, "Allow"));
	r->type = g_strdup(hg_client_header(answer, "Content-Type"));
	r->good = g_strdup(hg_client_header(answer, "X-Good"));
	r->bad = g_strdup(hg_client_header(answer, "Set-Cookie"));
	r->status = answer->status ? answer->status : -1;
}

static void call(struct hub *hub, const char *method, const char *path, const char *body, const char *header,
		 hg_client_done_fn *done, void *arg)
{
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", hg_server_port(hub->server, 0), path);
	const char *headers[] = { header, NULL };
	struct hg_client_call c = { .method = method, .url = url, .headers = headers, .body = body,
				    .len = body ? strlen(body) : 0, .private_ok = TRUE };

	hg_client_call(hub->client, &c, done, arg);
}

void hub_request(struct hub *hub, const char *method, const char *path, const char *body, const char *header,
		 struct reply *ret)
{
	*ret = (struct reply){ 0 };
	call(hub, method, path, body, header, on_reply, ret);
	HUB_WAIT(hub, ret->status);
}

static void on_status(void *arg, const struct hg_client_answer *answer)
{
	*(int *)arg = answer->status ? answer->status : -1;
}

void hub_request_later(struct hub *hub, const char *method, const char *path, const char *body, int *ret_status)
{
	*ret_status = 0;
	call(hub, method, path, body, NULL, on_status, ret_status);
}

void reply_clear(struct reply *r)
{
	g_free(r->body);
	g_free(r->retry_after);
	g_free(r->allow);
	g_free(r->type);
	g_free(r->good);
	g_free(r->bad);
	*r = (struct reply){ 0 };
}

/* ---- status ---- */

struct look { const char *channel, *word; struct hg_channel_status status; guint64 n; };

static void look_at(void *arg, const struct hg_channel_status *status)
{
	struct look *look = arg;

	if (strcmp(status->name, look->channel) == 0)
		look->status = *status;
}

static void count_of(void *arg, const char *word, guint64 n)
{
	struct look *look = arg;

	if (!look->word)
		look->n++;
	else if (strcmp(word, look->word) == 0)
		look->n = n;
}

struct hg_channel_status hub_status(struct hub *hub, const char *channel)
{
	struct look look = { .channel = channel };

	hg_channels_list(hub->channels, look_at, &look);
	return look.status;
}

guint64 hub_counted(struct hub *hub, const char *channel, const char *word)
{
	struct look look = { .word = word };

	assert_true(hg_channels_counted(hub->channels, channel, count_of, &look));
	return look.n;
}
