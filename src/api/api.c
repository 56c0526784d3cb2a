/* api.c - the route table, and the way of a request through it */
#include <stdlib.h>
#include <string.h>
#include "call.h"
#include "log.h"
#include "text.h"

#define BODY_MAX (256 * 1024)
#define UPLOAD_MAX (25 * 1024 * 1024)
#define PROBLEM_TYPE "urn:headgate:problem:"

const struct route hg_api_routes[] = {
	{ "GET", "/v1/status", "read", .own = hg_api_status },
	{ "GET", "/v1/threads", "read", .read = hg_read_threads },
	{ "GET", "/v1/threads/{}", "read", .read = hg_read_thread },
	{ "GET", "/v1/threads/{}/messages", "read", .read = hg_read_messages },
	{ "GET", "/v1/threads/{}/events", "read", .read = hg_read_thread_events },
	{ "GET", "/v1/threads/{}/explain", "read", .read = hg_read_explain_thread },
	{ "POST", "/v1/threads/{}/replies", "reply", BODY_MAX, .write = hg_write_reply,
	  .command = HG_CMD_REPLY, .status = 202, .key = TRUE },
	{ "POST", "/v1/threads/{}/notes", "reply", BODY_MAX, .write = hg_write_note,
	  .command = HG_CMD_NOTE, .status = 201 },
	{ "POST", "/v1/threads/{}/convert", "convert", BODY_MAX, .write = hg_write_convert,
	  .command = HG_CMD_CONVERT },
	{ "POST", "/v1/threads/{}/close", "convert", BODY_MAX, .write = hg_write_close,
	  .command = HG_CMD_CLOSE },
	{ "POST", "/v1/threads/{}/reopen", "convert", BODY_MAX, .write = hg_write_reopen,
	  .command = HG_CMD_REOPEN },
	{ "POST", "/v1/threads/{}/read", "reply", BODY_MAX, .own = hg_signal_read },
	{ "POST", "/v1/threads/{}/typing", "reply", BODY_MAX, .own = hg_signal_typing },
	{ "GET", "/v1/messages/{}", "read", .read = hg_read_message },
	{ "GET", "/v1/messages/{}/explain", "read", .read = hg_read_explain_message },
	{ "POST", "/v1/attachments", "reply", UPLOAD_MAX, .own = hg_file_upload },
	{ "GET", "/v1/attachments/{}", "read", .own = hg_file_send },
	{ "GET", "/v1/tickets/{}", "read", .read = hg_read_ticket },
	{ "PUT", "/v1/tickets/{}/link", "link", BODY_MAX, .write = hg_write_link, .command = HG_CMD_LINK },
	{ "PUT", "/v1/tickets/{}/status", "link", BODY_MAX, .write = hg_write_status,
	  .command = HG_CMD_STATUS },
	{ "GET", "/v1/events", "read", .read = hg_read_events },
	{ "GET", "/v1/events/stream", "read", .own = hg_live_follow },
	{ "GET", "/v1/outbox", "admin", .read = hg_read_dead },
	{ "POST", "/v1/outbox/{}/retry", "admin", BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_RETRY_DEAD },
	{ "POST", "/v1/outbox/{}/settle", "reply", BODY_MAX, .write = hg_write_settle,
	  .command = HG_CMD_SETTLE_SEND },
	{ "GET", "/v1/fsck", "admin", .read = hg_read_fsck },
	{ NULL }
};

hg_api *hg_api_new(hg_conf *conf, hg_loop *loop, hg_readers *readers, const char *attachments,
		   const struct hg_api_ports *ports)
{
	hg_api *api = g_new0(hg_api, 1);

	api->conf = hg_conf_ref(conf);
	api->loop = loop;
	api->readers = readers;
	api->attachments = g_strdup(attachments);
	api->ports = *ports;
	api->live = hg_live_new(loop);
	return api;
}

void hg_api_free(hg_api *api)
{
	if (!api)
		return;
	hg_live_free(api->live);
	hg_conf_unref(api->conf);
	g_free(api->attachments);
	g_free(api);
}

void hg_api_reload(hg_api *api, hg_conf *conf)
{
	hg_conf *old = api->conf;

	api->conf = hg_conf_ref(conf);
	hg_conf_unref(old);
}

void hg_api_publish(hg_api *api, const hg_event *const *events, guint n)
{
	hg_live_publish(api->live, events, n);
}

gboolean hg_api_route_at(guint n, const char **ret_method, const char **ret_pattern, const char **ret_scope)
{
	if (n >= G_N_ELEMENTS(hg_api_routes) - 1)
		return FALSE;
	*ret_method = hg_api_routes[n].method;
	*ret_pattern = hg_api_routes[n].pattern;
	*ret_scope = hg_api_routes[n].scope;
	return TRUE;
}

/* ---- finding the route ---- */

/* TRUE when path has the pattern's shape; starts[] and lengths[] say what stood for each {}. */
static gboolean fits(const char *pattern, const char *path, const char *starts[], gsize lengths[])
{
	guint n = 0;

	while (*pattern && *path) {
		if (pattern[0] == '{' && pattern[1] == '}') {
			gsize len = strcspn(path, "/");

			if (!len || n == HG_CALL_PARAMS)
				return FALSE;
			starts[n] = path;
			lengths[n++] = len;
			pattern += 2;
			path += len;
		} else if (*pattern++ != *path++) {
			return FALSE;
		}
	}
	return !*pattern && !*path;
}

static const struct route *find_route(const char *method, const char *path, gboolean *ret_known_path,
				      const char *starts[], gsize lengths[])
{
	*ret_known_path = FALSE;
	for (const struct route *route = hg_api_routes; route->method; route++) {
		if (!fits(route->pattern, path, starts, lengths))
			continue;
		*ret_known_path = TRUE;
		if (strcmp(route->method, method) == 0)
			return route;
	}
	return NULL;
}

void hg_api_route(hg_api *api, const hg_request *req, struct hg_server_route *route)
{
	const char *starts[HG_CALL_PARAMS];
	gsize lengths[HG_CALL_PARAMS];
	gboolean known;
	const struct route *found = find_route(hg_request_method(req), hg_request_path(req), &known,
					       starts, lengths);

	(void)api;
	if (!found) {
		route->refuse = known ? 405 : 404;
		route->why = known ? "this path has no such method" : "the API has no such path";
		return;
	}
	route->max_body = found->max_body;
	route->tag = (void *)found;
}

/* ---- answering ---- */

static const struct { int code, status; const char *word; } problems[] = {
	{ HG_ERROR_INPUT, 400, "invalid-request" },
	{ HG_ERROR_CONFIG, 409, "not-configured" },
	{ HG_ERROR_DENIED, 403, "forbidden" },
	{ HG_ERROR_MISSING, 404, "not-found" },
	{ HG_ERROR_STATE, 409, "wrong-state" },
	{ HG_ERROR_CONFLICT, 409, "conflict" },
	{ HG_ERROR_BUSY, 503, "busy" },
	{ HG_ERROR_WINDOW, 409, "window-closed" },
	{ HG_ERROR_LIMIT, 422, "too-large" },
	{ HG_ERROR_STORE, 503, "store-unavailable" },
	{ HG_ERROR_BROKEN, 500, "internal" },
};

/* What the error says as status and problem word, unless the call says better. */
static void problem_of(const struct call *call, int *ret_status, const char **ret_word)
{
	int code = call->error->domain == HG_ERROR ? call->error->code : HG_ERROR_BROKEN;
	guint i;

	for (i = 0; i < G_N_ELEMENTS(problems) - 1 && problems[i].code != code; i++)
		;
	*ret_status = problems[i].status;
	*ret_word = problems[i].word;
	if (code == HG_ERROR_CONFLICT && call->idem_key) {
		*ret_status = 422;
		*ret_word = "idempotency-key-reused";
	}
	if (call->status >= 400)
		*ret_status = call->status;
	if (call->problem)
		*ret_word = call->problem;
}

static void answer_problem(struct call *call)
{
	static const char *const retry[] = { "Retry-After: 2", NULL };
	static const char *const bearer[] = { "WWW-Authenticate: Bearer realm=\"headgate\"", NULL };
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *type = NULL, *title = NULL;
	const char *word;
	int status;

	problem_of(call, &status, &word);
	type = g_strconcat(PROBLEM_TYPE, word, NULL);
	title = g_strdelimit(g_strdup(word), "-", ' ');
	hg_json_open(body, '{');
	hg_json_add_str(body, "type", type);
	hg_json_add_str(body, "title", title);
	hg_json_add_int(body, "status", status);
	hg_json_add_str(body, "detail", call->error->message);
	hg_json_add_bool(body, "retryable", status == 503);
	hg_json_close(body, '}');
	hg_request_answer(call->req, &(struct hg_answer){
		.status = status, .type = "application/problem+json", .body = body->str, .len = body->len,
		.headers = status == 503 ? retry : status == 401 ? bearer : NULL });
}

static void call_free(struct call *call)
{
	if (call->extra_free)
		call->extra_free(call->extra);
	g_clear_error(&call->error);
	g_string_free(call->out, TRUE);
	hg_arena_free(call->arena);
	hg_conf_unref(call->conf);
	g_free(call->principal);
	g_free(call);
}

void hg_call_finish(void *arg)
{
	static const char *const headers[] = { "Cache-Control: no-store", NULL };
	struct call *call = arg;
	int status = call->status ? call->status : call->route->status ? call->route->status : 200;

	if (call->error)
		answer_problem(call);
	else if (call->req)
		hg_request_answer(call->req, &(struct hg_answer){
			.status = status, .type = "application/json", .headers = headers,
			.body = call->out->str, .len = call->out->len });
	call_free(call);
}

/* ---- bodies and parameters ---- */

struct json_object *hg_call_body(struct call *call, const char *const *known)
{
	g_autoptr(json_object) body = NULL;
	gsize len;
	const char *bytes = hg_request_body(call->req, &len);

	if (!len)
		return json_object_new_object();
	body = hg_json_parse(bytes, len, NULL, &call->error);
	if (!body)
		return NULL;
	if (!json_object_is_type(body, json_type_object)) {
		hg_fail(&call->error, HG_ERROR_INPUT, "the body must be a JSON object");
		return NULL;
	}
	json_object_object_foreach(body, key, value) {
		const char *near;

		(void)value;
		if (g_strv_contains(known, key))
			continue;
		near = hg_nearest(key, known);
		hg_fail(&call->error, HG_ERROR_INPUT, "there is no member \"%.40s\" here%s%s%s", key,
			near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
		return NULL;
	}
	return g_steal_pointer(&body);
}

gint64 hg_call_number(struct call *call, const char *query, gint64 least, gint64 most, gint64 fallback)
{
	const char *text = hg_request_query(call->req, query);
	gint64 number = fallback;

	if (text && !g_ascii_string_to_signed(text, 10, least, most, &number, NULL))
		hg_fail(&call->error, HG_ERROR_INPUT, "%s=%.20s: a number from %" G_GINT64_FORMAT " to %"
			G_GINT64_FORMAT " is wanted", query, text, least, most);
	return number;
}

/* ---- the ways of a request ---- */

static void read_work(hg_store *store, void *arg)
{
	struct call *call = arg;

	call->route->read(call, store);
}

/* On the engine's thread, after the commit. */
static void command_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct call *call = arg;

	(void)command;
	if (error)
		call->error = g_error_copy(error);
	else
		g_string_assign(call->out, answer ? answer : "{}");
	hg_loop_post(call->api->loop, hg_call_finish, call);
}

/* The draft asks for a quoted string; a bare one is taken as well. */
static gboolean take_key(struct call *call, hg_command *command)
{
	const char *value = hg_request_header(call->req, "Idempotency-Key");
	gsize len = value ? strlen(value) : 0;
	g_autoptr(GString) print = NULL;
	const char *body;
	gsize body_len;

	if (!len)
		return hg_fail(&call->error, HG_ERROR_INPUT, "the header Idempotency-Key is required: any "
			       "text that is new for each reply and the same when you try it again");
	if (len > 1 && value[0] == '"' && value[len - 1] == '"') {
		value++;
		len -= 2;
	}
	if (!len || len > 255)
		return hg_fail(&call->error, HG_ERROR_INPUT, "Idempotency-Key must have 1 to 255 characters");
	call->idem_key = hg_arena_mem(call->arena, value, len);
	command->idem_key = hg_arena_str(command->arena, call->idem_key);
	body = hg_request_body(call->req, &body_len);
	print = g_string_new(hg_request_method(call->req));
	g_string_append_printf(print, " %s\n", hg_request_path(call->req));
	g_string_append_len(print, body, (gssize)body_len);
	hg_sha256(print->str, print->len, command->idem_print);
	return TRUE;
}

static void call_write(struct call *call)
{
	g_autoptr(hg_command) command = hg_command_new(call->route->command);

	command->principal = hg_arena_str(command->arena, call->principal);
	command->done = command_done;
	command->done_arg = call;
	if ((call->route->key && !take_key(call, command)) || !call->route->write(call, command) ||
	    !call->api->ports.submit(call->api->ports.ctx, command, &call->error)) {
		hg_call_finish(call);
		return;
	}
	g_steal_pointer(&command);
}

void hg_api_handle(hg_api *api, hg_request *req)
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
	fits(call->route->pattern, hg_request_path(req), starts, lengths);
	for (guint i = 0; i < HG_CALL_PARAMS && lengths[i]; i++)
		call->param[i] = hg_arena_mem(call->arena, starts[i], lengths[i]);
	if (!hg_auth_check(call))
		hg_call_finish(call);
	else if (call->route->own)
		call->route->own(call);
	else if (call->route->write)
		call_write(call);
	else if (!hg_readers_run(api->readers, read_work, hg_call_finish, call, &call->error))
		hg_call_finish(call);
}

/* What needs the store, behind what the daemon's own parts said. */
static void status_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	g_autoptr(GPtrArray) counts = g_ptr_array_new();
	struct hg_store_stats stats;

	if (!hg_store_stats(store, &stats, &call->error) ||
	    !hg_store_job_counts(store, call->arena, counts, &call->error))
		return;
	hg_json_key(call->out, "store");
	hg_json_open(call->out, '{');
	hg_json_add_int(call->out, "contacts", stats.contacts);
	hg_json_add_int(call->out, "threads", stats.threads);
	hg_json_add_int(call->out, "open_threads", stats.open_threads);
	hg_json_add_int(call->out, "messages", stats.messages);
	hg_json_add_int(call->out, "tickets", stats.tickets);
	hg_json_add_int(call->out, "events", stats.events);
	hg_json_add_int(call->out, "bytes", stats.bytes);
	hg_json_add_int(call->out, "wal_bytes", stats.wal_bytes);
	hg_json_close(call->out, '}');
	hg_json_key(call->out, "outbox");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < counts->len; i++) {
		const struct hg_job_count *count = g_ptr_array_index(counts, i);

		hg_json_open(call->out, '{');
		hg_json_add_str(call->out, "target", hg_target_word(count->target));
		hg_json_add_str(call->out, "name", count->name);
		hg_json_add_int(call->out, "waiting", count->waiting);
		hg_json_add_int(call->out, "sending", count->sending);
		hg_json_add_int(call->out, "unknown", count->unknown);
		hg_json_add_int(call->out, "parked", count->parked);
		hg_json_add_int(call->out, "dead", count->dead);
		hg_json_add_time(call->out, "oldest", count->oldest_ms);
		hg_json_close(call->out, '}');
	}
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

void hg_api_status(struct call *call)
{
	hg_json_open(call->out, '{');
	call->api->ports.status(call->api->ports.ctx, call->out);
	if (!hg_readers_run(call->api->readers, status_work, hg_call_finish, call, &call->error))
		hg_call_finish(call);
}
