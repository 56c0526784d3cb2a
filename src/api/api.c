/* api.c - the way of a request through the API: reads to the pool, writes to the engine, and back */
#include <string.h>
#include "call.h"
#include "failpoint.h"
#include "openapi.h"
#include "text.h"

#define KEY_MAX 255

hg_api *hg_api_new(hg_conf *conf, hg_loop *loop, hg_readers *readers, const char *attachments,
		   const struct hg_api_ports *ports)
{
	hg_api *api = g_new0(hg_api, 1);

	api->conf = hg_conf_ref(conf);
	api->loop = loop;
	api->readers = readers;
	api->keys = hg_keys_new();
	api->refusals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	hg_keys_set_conf(api->keys, conf);
	api->attachments = g_strdup(attachments);
	api->ports = *ports;
	api->live = hg_live_new(loop, readers, ports->last_event_n);
	api->why = g_string_new(NULL);
	api->allow = g_string_new(NULL);
	return api;
}

void hg_api_free(hg_api *api)
{
	if (!api)
		return;
	hg_live_free(api->live);
	hg_keys_free(api->keys);
	g_hash_table_destroy(api->refusals);
	hg_conf_unref(api->conf);
	g_string_free(api->why, TRUE);
	g_string_free(api->allow, TRUE);
	g_free(api->attachments);
	g_free(api);
}

void hg_api_reload(hg_api *api, hg_conf *conf)
{
	hg_conf *old = api->conf;

	api->conf = hg_conf_ref(conf);
	hg_conf_unref(old);
	hg_keys_set_conf(api->keys, conf);
	hg_live_check(api->live);
}

void hg_api_publish(hg_api *api, const hg_event *const *events, guint n)
{
	hg_live_publish(api->live, events, n);
}

void hg_api_tell(hg_api *api, const struct hg_news_of *of, const char *line, gsize len)
{
	hg_live_tell(api->live, of, line, len);
}

gint64 hg_api_now(const hg_api *api)
{
	return hg_now(hg_loop_env(api->loop));
}

/* ---- reads ---- */

static void read_work(hg_store *store, void *arg)
{
	struct call *call = arg;

	if (hg_object_check(call, store))
		call->route->read(call, store);
}

static gboolean is_limited(const struct call *call)
{
	return call->who->channels && hg_object_is_one(call->route->object);
}

/* ---- writes ---- */

/* On the engine's thread, after the commit. */
static void command_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct call *call = arg;

	if (error)
		call->error = g_error_copy(error);
	else
		g_string_assign(call->out, answer ? answer : "{}");
	call->audited |= command->refused != NULL;
	if (!error && command->made)
		call->made = hg_token_keep(call->arena, command->made);
	hg_loop_post(call->api->loop, hg_call_finish, call);
}

/* The draft (RFC-to-be "The Idempotency-Key HTTP Header Field") asks for a quoted string; a bare one
 * is taken as well. */
static gboolean read_key(struct call *call, const char *value)
{
	gsize len = strlen(value);

	if (len > 1 && value[0] == '"' && value[len - 1] == '"') {
		value++;
		len -= 2;
	}
	if (!len || len > KEY_MAX)
		return hg_fail(&call->error, HG_ERROR_INPUT, "Idempotency-Key must have 1 to %d characters", KEY_MAX);
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isprint(value[i]))
			return hg_fail(&call->error, HG_ERROR_INPUT, "Idempotency-Key must be printable ASCII");
	call->idem_key = hg_arena_mem(call->arena, value, len);
	return TRUE;
}

/* What must be the same for the key to mean the same call: method, path and the bytes of the body. */
static void take_print(struct call *call, hg_command *command)
{
	g_autoptr(GString) print = g_string_new(hg_request_method(call->req));
	gsize len;
	const char *body = hg_request_body(call->req, &len);

	g_string_append_printf(print, " %s\n", hg_request_path(call->req));
	g_string_append_len(print, body, (gssize)len);
	hg_sha256(print->str, print->len, command->idem_print);
	command->idem_key = hg_arena_str(command->arena, call->idem_key);
}

static gboolean take_key(struct call *call, hg_command *command)
{
	const char *value = hg_request_header(call->req, "Idempotency-Key");

	if (!value && !call->route->key)
		return TRUE;
	if (!value)
		return hg_fail(&call->error, HG_ERROR_INPUT, "the header Idempotency-Key is required: any "
			       "text that is new for each reply and the same when you try it again");
	if (!read_key(call, value))
		return FALSE;
	take_print(call, command);
	return TRUE;
}

/* From here on the call belongs to command_done(), which may run before submit() returns. */
static void submit(struct call *call)
{
	const struct hg_api_ports *ports = &call->api->ports;
	hg_command *command = g_steal_pointer(&call->command);
	g_autoptr(GError) error = NULL;

	if (!HG_FAILPOINT(API_READ)) {
		if (ports->submit(ports->ctx, command, &error)) {
			(void)HG_FAILPOINT(API_QUEUED);
			return;
		}
	} else {
		hg_fail(&error, HG_ERROR_BUSY, "a test says that the queue is full");
	}
	call->command = command;
	call->error = g_steal_pointer(&error);
	hg_call_finish(call);
}

/* What a command needs that lies on the disk: whether its object may be seen, and files. */
static void ready_work(hg_store *store, void *arg)
{
	struct call *call = arg;

	if (hg_object_check(call, store))
		hg_write_find_files(call);
}

static void ready_done(void *arg)
{
	struct call *call = arg;

	if (call->error)
		hg_call_finish(call);
	else
		submit(call);
}

/* A channel the body names is there for who sees it; one that the path names is looked at as any object. */
static gboolean names_seen(struct call *call, const char *channel)
{
	return !channel || call->route->object == HG_OBJ_CHANNEL || hg_may_channel(call, channel) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "there is no channel \"%.60s\"", channel);
}

static void start_write(struct call *call)
{
	hg_command *command = hg_command_new(call->route->command);

	call->command = command;
	command->principal = hg_arena_str(command->arena, call->principal);
	hg_audit_take(call, command);
	command->done = command_done;
	command->done_arg = call;
	if (!take_key(call, command) || !call->route->write(call, command) || !names_seen(call, command->channel) ||
	    !names_seen(call, command->reply.channel))
		hg_call_finish(call);
	else if (!command->reply.n_files && !is_limited(call))
		submit(call);
	else if (!hg_readers_run(call->api->readers, ready_work, ready_done, call, &call->error))
		hg_call_finish(call);
}

/* ---- calls that answer by themselves ---- */

static void own_work(hg_store *store, void *arg)
{
	hg_object_check(arg, store);
}

static void own_done(void *arg)
{
	struct call *call = arg;

	if (call->error)
		hg_call_finish(call);
	else
		call->route->own(call);
}

static void start_own(struct call *call)
{
	if (!is_limited(call))
		call->route->own(call);
	else if (!hg_readers_run(call->api->readers, own_work, own_done, call, &call->error))
		hg_call_finish(call);
}

/* ---- a request ---- */

static struct call *call_new(hg_api *api, hg_request *req)
{
	const char *starts[HG_CALL_PARAMS];
	gsize lengths[HG_CALL_PARAMS] = { 0 };
	struct call *call = g_new0(struct call, 1);

	call->api = api;
	call->conf = hg_conf_ref(api->conf);
	call->req = req;
	call->route = hg_request_tag(req);
	call->arena = hg_arena_new();
	call->out = g_string_sized_new(512);
	hg_asked_fits(call->route->pattern, hg_request_path(req), HG_CALL_PARAMS, starts, lengths);
	for (guint i = 0; i < HG_CALL_PARAMS && lengths[i]; i++)
		call->param[i] = hg_arena_mem(call->arena, starts[i], lengths[i]);
	return call;
}

static void start(struct call *call)
{
	if (!hg_call_query(call))
		hg_call_finish(call);
	else if (call->route->own)
		start_own(call);
	else if (call->route->write)
		start_write(call);
	else if (!hg_readers_run(call->api->readers, read_work, hg_call_finish, call, &call->error))
		hg_call_finish(call);
}

/* Asked again, for a reload may have come between head and body. */
static void start_as(struct call *call, int status, const struct hg_principal *who)
{
	call->status = status;
	call->who = who;
	if (status == 401)
		call->problem = "unauthorized";
	if (status) {
		hg_call_finish(call);
		return;
	}
	call->principal = who->name;
	hg_api_note_use(call->api, who);
	start(call);
}

void hg_api_handle(hg_api *api, hg_request *req)
{
	const struct hg_principal *who = NULL;
	struct call *call;
	int status;

	if (!hg_request_tag(req)) {
		hg_openapi_answer(req);
		return;
	}
	call = call_new(api, req);
	status = hg_auth_check(api->keys, req, call->route, hg_api_now(api), &who, &call->error);
	start_as(call, status, who);
}

void hg_api_handle_as(hg_api *api, hg_request *req, const struct hg_principal *who)
{
	struct call *call;

	if (!hg_request_tag(req)) {
		hg_openapi_answer(req);
		return;
	}
	call = call_new(api, req);
	start_as(call, hg_auth_may(who, call->route, &call->error), hg_principal_ref(who));
}
