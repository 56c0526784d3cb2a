/* visitor_route.c - the table of what visitors may ask, and who may; a stranger is refused before any of
 * his body is read */
#include <stdarg.h>
#include <string.h>

#include "text.h"
#include "visitor_call.h"
#include "visitor_upload.h"

#define SAID_MAX (256 * 1024)		/* body of a message: its text in JSON, and what goes with it */
#define MARK_MAX (16 * 1024)

const struct visitor_route hg_visitor_routes[] = {
	/* sessions */
	{ "POST", "/client/v1/session", .max_body = MARK_MAX, .door = VISITOR_OPEN, .begin = hg_login_begin,
	  .read = hg_login_read, .end = hg_login_end },
	{ "DELETE", "/client/v1/session", .end = hg_login_logout },
	{ "PATCH", "/client/v1/profile", .max_body = MARK_MAX, .begin = hg_mark_profile_begin, .end = hg_mark_profile },
	/* conversations */
	{ "GET", "/client/v1/threads", .query = "limit", .begin = hg_threads_begin, .read = hg_threads_read },
	{ "POST", "/client/v1/threads", .max_body = SAID_MAX, .begin = hg_say_begin, .read = hg_say_read, .end = hg_say_emit,
	  .status = 201 },
	{ "GET", "/client/v1/threads/{}", .read = hg_thread_read },
	{ "GET", "/client/v1/threads/{}/messages", .query = "before limit", .begin = hg_messages_begin,
	  .read = hg_messages_read },
	{ "POST", "/client/v1/threads/{}/messages", .max_body = SAID_MAX, .begin = hg_say_begin, .read = hg_say_read,
	  .end = hg_say_emit, .status = 201 },
	{ "POST", "/client/v1/threads/{}/read", .max_body = MARK_MAX, .begin = hg_mark_begin, .end = hg_mark_read },
	{ "POST", "/client/v1/threads/{}/delivered", .max_body = MARK_MAX, .begin = hg_mark_begin,
	  .end = hg_mark_delivered },
	{ "POST", "/client/v1/threads/{}/typing", .max_body = MARK_MAX, .begin = hg_mark_typing_begin,
	  .read = hg_mark_typing_read, .end = hg_mark_typing },
	{ "POST", "/client/v1/threads/{}/rating", .max_body = MARK_MAX, .begin = hg_mark_rating_begin,
	  .end = hg_mark_rating },
	{ "POST", "/client/v1/threads/{}/transcript", .max_body = MARK_MAX, .begin = hg_mark_transcript_begin,
	  .end = hg_mark_transcript, .status = 202 },
	/* live events: visitor_live.h */
	{ "GET", "/client/v1/events", .query = "cursor wait", .begin = hg_stream_begin, .read = hg_stream_read,
	  .end = hg_stream_follow },
	/* files, the widget's own files, the hosted page */
	{ "POST", "/client/v1/uploads", .max_body = MARK_MAX, .begin = hg_upload_post_begin, .read = hg_upload_post_read,
	  .status = 201 },
	{ "GET", "/client/v1/uploads/{}", .begin = hg_upload_get_begin },
	{ "PUT", "/client/v1/uploads/{}", .max_body = HG_UPLOAD_PIECE_MAX, .begin = hg_upload_put_begin,
	  .read = hg_upload_put_read },
	{ "DELETE", "/client/v1/uploads/{}", .begin = hg_upload_delete_begin, .read = hg_upload_delete_read },
	{ "GET", "/client/v1/files/{}", .query = "e s download", .door = VISITOR_OPEN, .begin = hg_visitor_file_begin,
	  .read = hg_visitor_file_read, .end = hg_visitor_file_end },
	{ "GET", "/widget/{}", .door = VISITOR_OPEN, .begin = hg_static_begin },
	{ "GET", "/chat/{}", .query = "embed plain", .door = VISITOR_OPEN, .end = hg_page_get },
	{ "POST", "/chat/{}", .query = "embed plain", .max_body = SAID_MAX, .door = VISITOR_OPEN, .end = hg_page_post },
	{ NULL }
};

/* What every path under /client/v1/ has besides. */
static const struct visitor_route preflight = { "OPTIONS", "", .door = VISITOR_OPEN, .begin = hg_visitor_preflight };

#define API_PREFIX "/client/v1/"

gboolean hg_visitors_own(const char *path)
{
	return g_str_has_prefix(path, API_PREFIX) || g_str_has_prefix(path, "/widget/") || g_str_has_prefix(path, "/chat/");
}

gboolean hg_visitors_route_at(guint n, const char **ret_method, const char **ret_pattern)
{
	guint count = 0;

	while (hg_visitor_routes[count].method)
		count++;
	if (n >= count)
		return FALSE;
	*ret_method = hg_visitor_routes[n].method;
	*ret_pattern = hg_visitor_routes[n].pattern;
	return TRUE;
}

/* ---- whose request it is ---- */

static const char *bearer(const hg_request *req)
{
	const char *value = hg_request_header(req, "Authorization");

	return value && g_ascii_strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

/* NULL: the token is good as far as can be seen without the store; else why it is not. */
static const char *read_who(hg_visitors *visitors, const char *given, hg_arena *arena, struct visitor_who *ret)
{
	if (!given)
		return "a token is needed: begin with POST /client/v1/session";
	if (!hg_visitor_token_read(visitors->token_key, given, arena, ret))
		return "the token is none of ours; begin a new session";
	if (ret->expires_ms <= hg_now(hg_loop_env(visitors->env.loop)))
		return "the token has expired; get a new one for it by POST /client/v1/session";
	return NULL;
}

/* ---- the head: is the rest wanted? ---- */

static gboolean is_head(const char *method)
{
	return strcmp(method, "HEAD") == 0;
}

/* What people open, and monitors look at: the server leaves the body out. */
static gboolean is_page(const struct visitor_route *route)
{
	return route->door == VISITOR_OPEN && strcmp(route->method, "GET") == 0;
}

/* allow gets the methods of the path, "" when no route has it. */
static const struct visitor_route *find_route(const char *method, const char *path, GString *allow)
{
	const char *starts[HG_VISITOR_PARAMS];
	gsize lengths[HG_VISITOR_PARAMS];

	for (const struct visitor_route *route = hg_visitor_routes; route->method; route++) {
		if (!hg_asked_fits(route->pattern, path, HG_VISITOR_PARAMS, starts, lengths))
			continue;
		if (strcmp(route->method, method) == 0 || (is_head(method) && is_page(route)))
			return route;
		g_string_append_printf(allow, "%s%s", allow->len ? ", " : "Allow: ", route->method);
	}
	if (allow->len && strcmp(method, "OPTIONS") == 0 && g_str_has_prefix(path, API_PREFIX))
		return &preflight;
	return NULL;
}

static void refuse_head(hg_visitors *visitors, const hg_request *req, struct hg_server_route *route, int status,
			const char *word, const char *why, char *header)
{
	g_autofree char *type = g_strconcat(HG_PROBLEM_TYPE, word, NULL);

	hg_visitor_count(visitors, word);
	g_string_assign(visitors->why, why);
	g_ptr_array_set_size(visitors->headers, 0);
	hg_visitor_cors(visitors, req, visitors->headers);
	g_ptr_array_add(visitors->headers, header);
	if (header)
		g_ptr_array_add(visitors->headers, NULL);
	route->refuse = status;
	route->why = visitors->why->str;
	route->type = g_intern_string(type);	/* of a handful of words */
	route->headers = (const char *const *)visitors->headers->pdata;
}

static gboolean let_in(hg_visitors *visitors, const hg_request *req, struct hg_server_route *route)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct visitor_who who;
	const char *wrong = read_who(visitors, bearer(req), arena, &who);

	if (wrong)
		refuse_head(visitors, req, route, 401, "session-ended", wrong,
			    g_strdup("WWW-Authenticate: Bearer realm=\"headgate\""));
	return !wrong;
}

void hg_visitors_route(hg_visitors *visitors, const hg_request *req, struct hg_server_route *route)
{
	g_autoptr(GString) allow = g_string_new(NULL);
	const struct visitor_route *found = find_route(hg_request_method(req), hg_request_path(req), allow);

	if (!found && allow->len)
		refuse_head(visitors, req, route, 405, "method-not-allowed", "this path has no such method",
			    g_strdup(allow->str));
	else if (!found)
		refuse_head(visitors, req, route, 404, "not-found", "there is nothing at this path", NULL);
	else if (found->door == VISITOR_TOKEN && !let_in(visitors, req, route))
		return;		/* before the body: a stranger must not make us hold it */
	else
		route->tag = (void *)found;
	route->max_body = found ? found->max_body : 0;
}

/* ---- what calls are asked on their way ---- */

gboolean hg_visitor_choose(struct visitor_call *call, const char *channel)
{
	call->channel = hg_conf_channel(call->conf, channel);
	call->set = call->channel ? call->channel->options : NULL;
	if (hg_visitor_place(call))
		return TRUE;
	/* It was ours: it is opening, or goes down. */
	if (call->channel && strcmp(call->channel->adapter, "widget") == 0)
		return hg_fail(&call->error, HG_ERROR_BUSY, "channel \"%.40s\" is not running at the moment", channel);
	return hg_fail(&call->error, HG_ERROR_MISSING, "there is no chat channel \"%.40s\"", channel);
}

gboolean hg_visitor_origin(struct visitor_call *call)
{
	const char *origin = hg_request_header(call->req, "Origin");

	/* Apps have none; nor have browsers where a page asks its own server. */
	if (!origin || hg_visitor_origin_fits(call, origin))
		return TRUE;
	return hg_visitor_wrong(call, 403, "origin-refused", "pages of %.200s may not use channel \"%s\"; its option "
				"origins lists those that may", origin, call->channel->name);
}

gboolean hg_visitor_within(struct visitor_call *call, enum visitor_rate which)
{
	struct visitor_place *place = hg_visitor_place(call);
	gboolean address = hg_visitor_rate_is_of_address(which);
	gint64 wait_s;

	if (!place || hg_visitor_rate_take(place->rates, which, address ? hg_request_peer(call->req) : call->who.id,
					   hg_loop_now(call->visitors->env.loop), &wait_s))
		return TRUE;
	call->retry_s = wait_s;
	return hg_visitor_wrong(call, 429, "too-many", "%s; try again in %" G_GINT64_FORMAT " s",
				address ? "there was too much from your network" : "that was too much at once", wait_s);
}

/* ---- a call's way ---- */

struct visitor_call *hg_visitor_call_new(hg_visitors *visitors, hg_request *req, const struct visitor_route *route,
					 const char *path)
{
	const char *starts[HG_VISITOR_PARAMS];
	gsize lengths[HG_VISITOR_PARAMS] = { 0 };
	struct visitor_call *call = g_new0(struct visitor_call, 1);

	call->visitors = visitors;
	call->conf = hg_conf_ref(visitors->conf);
	call->req = req;
	call->route = route;
	call->arena = hg_arena_new();
	call->out = g_string_sized_new(512);
	call->now_ms = hg_now(hg_loop_env(visitors->env.loop));
	hg_asked_fits(route->pattern, path, HG_VISITOR_PARAMS, starts, lengths);
	for (guint i = 0; i < HG_VISITOR_PARAMS && lengths[i]; i++)
		call->param[i] = hg_arena_mem(call->arena, starts[i], lengths[i]);
	return call;
}

/* Asked again, for time may have gone by since the head. */
static gboolean knows_him(struct visitor_call *call)
{
	const char *given = call->outer ? call->token : bearer(call->req);
	const char *wrong = read_who(call->visitors, given, call->arena, &call->who);

	if (wrong)
		return hg_visitor_wrong(call, 401, "session-ended", "%s", wrong);
	return hg_visitor_choose(call, call->who.channel) && hg_visitor_origin(call) &&
	       hg_visitor_within(call, VISITOR_RATE_REQUESTS);
}

/* Is it over with him?  Then nothing of what he asks is looked at. */
static gboolean is_let_in(struct visitor_call *call, hg_store *store)
{
	gint64 ended_ms = 0;

	if (!hg_store_visitor_ended(store, call->who.uri, call->who.browser, &ended_ms, &call->error))
		return FALSE;
	if (call->who.issued_ms <= ended_ms)
		return hg_visitor_wrong(call, 401, "session-ended", "this session has ended; begin a new one");
	call->eyes = (struct visitor_eyes){ .store = store, .arena = call->arena, .conf = call->conf,
					    .now_ms = call->now_ms };
	return hg_eyes_open(&call->eyes, call->who.uri, call->channel, &call->error);
}

static void read_all(struct visitor_call *call, hg_store *store)
{
	if (call->route->door == VISITOR_TOKEN && !is_let_in(call, store))
		return;
	if (call->route->read)
		call->route->read(call, store);
}

void hg_visitor_call_run(struct visitor_call *call)
{
	const struct visitor_route *route = call->route;

	/* A preflight has the query of the call it asks for, which looks at it when it comes. */
	if ((route->door == VISITOR_TOKEN && !knows_him(call)) ||
	    (!call->outer && route != &preflight && !hg_asked_query(call->req, route->query, &call->error))) {
		hg_visitor_finish(call);
		return;
	}
	if (route->begin)
		route->begin(call);
	if (!call->req || call->error)
		hg_visitor_finish(call);
	else if (route->door == VISITOR_TOKEN || route->read)
		hg_visitor_read(call, read_all, route->end);
	else if (route->end)
		route->end(call);
	else
		hg_visitor_finish(call);
}

void hg_visitors_handle(hg_visitors *visitors, hg_request *req)
{
	hg_visitor_call_run(hg_visitor_call_new(visitors, req, hg_request_tag(req), hg_request_path(req)));
}
