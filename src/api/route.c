/* route.c - the table of all calls, and who may make them; asked before any of the body is read */
#include <string.h>
#include "call.h"
#include "log.h"

#define BODY_MAX (256 * 1024)
#define UPLOAD_MAX (25 * 1024 * 1024)
#define PAGE "limit before"
#define TELL_AGAIN_MS (60 * 1000)	/* strangers must not fill the log */

const struct route hg_api_routes[] = {
	{ "GET", "/v1/status", "read", .own = hg_api_status },
	{ "GET", "/metrics", "read", .own = hg_api_metrics },
	{ "GET", "/v1/threads", "read", "state contact channel shadow " PAGE, .read = hg_read_threads },
	{ "GET", "/v1/threads/{}", "read", .read = hg_read_thread },
	{ "PATCH", "/v1/threads/{}", "convert", NULL, BODY_MAX, .write = hg_write_patch,
	  .command = HG_CMD_PATCH },
	{ "GET", "/v1/threads/{}/messages", "read", PAGE, .read = hg_read_messages },
	{ "GET", "/v1/threads/{}/events", "read", PAGE, .read = hg_read_thread_events },
	{ "GET", "/v1/threads/{}/explain", "read", .read = hg_read_explain_thread },
	{ "POST", "/v1/threads/{}/replies", "reply", NULL, BODY_MAX, .write = hg_write_reply,
	  .command = HG_CMD_REPLY, .status = 202, .key = TRUE },
	{ "POST", "/v1/threads/{}/replies/preview", "reply", NULL, BODY_MAX, .write = hg_write_preview,
	  .command = HG_CMD_PREVIEW },
	{ "POST", "/v1/threads/{}/notes", "reply", NULL, BODY_MAX, .write = hg_write_note,
	  .command = HG_CMD_NOTE, .status = 201 },
	{ "POST", "/v1/threads/{}/convert", "convert", NULL, BODY_MAX, .write = hg_write_convert,
	  .command = HG_CMD_CONVERT },
	{ "POST", "/v1/threads/{}/close", "convert", NULL, BODY_MAX, .write = hg_write_close,
	  .command = HG_CMD_CLOSE },
	{ "POST", "/v1/threads/{}/reopen", "convert", NULL, BODY_MAX, .write = hg_write_reopen,
	  .command = HG_CMD_REOPEN },
	{ "POST", "/v1/threads/{}/participants", "reply", NULL, BODY_MAX, .write = hg_write_participant,
	  .command = HG_CMD_PARTICIPANT },
	{ "DELETE", "/v1/threads/{}/participants/{}", "reply", NULL, BODY_MAX, .write = hg_write_no_participant,
	  .command = HG_CMD_PARTICIPANT },
	{ "POST", "/v1/threads/{}/read", "reply", NULL, BODY_MAX, .own = hg_signal_read },
	{ "POST", "/v1/threads/{}/typing", "reply", NULL, BODY_MAX, .own = hg_signal_typing },
	{ "GET", "/v1/messages/{}", "read", .read = hg_read_message },
	{ "GET", "/v1/messages/{}/explain", "read", .read = hg_read_explain_message },
	{ "POST", "/v1/attachments", "reply", "name", UPLOAD_MAX, .own = hg_file_upload, .status = 201 },
	{ "GET", "/v1/attachments/{}", "read", .own = hg_file_send },
	{ "GET", "/v1/tickets/{}", "read", .read = hg_read_ticket },
	{ "PUT", "/v1/tickets/{}/link", "link", NULL, BODY_MAX, .write = hg_write_link,
	  .command = HG_CMD_LINK },
	{ "PUT", "/v1/tickets/{}/status", "link", NULL, BODY_MAX, .write = hg_write_status,
	  .command = HG_CMD_STATUS },
	{ "GET", "/v1/consent", "read", "address channel state limit after", .read = hg_read_consent },
	{ "POST", "/v1/consent", "admin", NULL, BODY_MAX, .write = hg_write_consent,
	  .command = HG_CMD_CONSENT },
	{ "POST", "/v1/contacts/{}/unmerge", "admin", NULL, BODY_MAX, .write = hg_write_unmerge,
	  .command = HG_CMD_UNMERGE },
	{ "GET", "/v1/queues", "read", .read = hg_read_queues },
	{ "GET", "/v1/events", "read", "limit after shadow", .read = hg_read_events },
	{ "GET", "/v1/events/stream", "read", "thread shadow", .own = hg_live_follow },
	{ "GET", "/v1/decisions", "admin", "limit after since", .read = hg_read_decisions },
	{ "GET", "/v1/report", "read", "since until zone by format", .read = hg_read_report },
	{ "GET", "/v1/episodes", "read", "since until zone limit after", .read = hg_read_episodes },
	{ "GET", "/v1/drops", "read", "state since zone limit before", .read = hg_read_drops },
	{ "POST", "/v1/drops/{}/restore", "convert", NULL, BODY_MAX, .write = hg_write_restore,
	  .command = HG_CMD_RESTORE },
	{ "GET", "/v1/outbox", "admin", "state limit after", .read = hg_read_outbox },
	{ "POST", "/v1/outbox/{}/retry", "admin", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_RETRY_DEAD },
	{ "POST", "/v1/outbox/{}/settle", "reply", NULL, BODY_MAX, .write = hg_write_settle,
	  .command = HG_CMD_SETTLE_SEND },
	{ "GET", "/v1/quarantine", "admin", "limit after", .read = hg_read_quarantine },
	{ "GET", "/v1/quarantine/{}", "admin", .read = hg_read_quarantine_one },
	{ "POST", "/v1/quarantine/{}/retry", "admin", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_RETRY_DEAD },
	{ "POST", "/v1/quarantine/{}/drop", "admin", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_DROP_DEAD },
	{ "POST", "/v1/channels/{}/ask", "admin", NULL, BODY_MAX, .own = hg_channel_ask_call, .status = 202 },
	{ "GET", "/v1/fsck", "admin", .read = hg_read_fsck },
	{ NULL }
};

gboolean hg_api_route_at(guint n, const char **ret_method, const char **ret_pattern, const char **ret_scope)
{
	if (n >= G_N_ELEMENTS(hg_api_routes) - 1)
		return FALSE;
	*ret_method = hg_api_routes[n].method;
	*ret_pattern = hg_api_routes[n].pattern;
	*ret_scope = hg_api_routes[n].scope;
	return TRUE;
}

/* allow gets the methods of the path, "" when no route has it. */
static const struct route *find_route(const char *method, const char *path, GString *allow)
{
	const char *starts[HG_CALL_PARAMS];
	gsize lengths[HG_CALL_PARAMS];

	g_string_truncate(allow, 0);
	for (const struct route *route = hg_api_routes; route->method; route++) {
		if (!hg_asked_fits(route->pattern, path, HG_CALL_PARAMS, starts, lengths))
			continue;
		if (strcmp(route->method, method) == 0)
			return route;
		g_string_append_printf(allow, "%s%s", allow->len ? ", " : "Allow: ", route->method);
	}
	return NULL;
}

static void refuse_path(hg_api *api, struct hg_server_route *route)
{
	if (api->allow->len) {
		route->refuse = 405;
		route->type = HG_PROBLEM_TYPE "method-not-allowed";
		route->why = "this path has no such method";
		route->header = api->allow->str;
	} else {
		route->refuse = 404;
		route->type = HG_PROBLEM_TYPE "not-found";
		route->why = "the API has no such path";
	}
}

static void count_refused(hg_api *api, const hg_request *req, const struct route *route, const GError *error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "peer", hg_request_peer(req));
	gint64 now_ms = hg_loop_now(api->loop);

	api->refused++;
	if (api->refused_told_ms && now_ms - api->refused_told_ms < TELL_AGAIN_MS)
		return;
	api->refused_told_ms = now_ms;
	hg_warn(&ctx, "api.refused", "%s: %s (%" G_GUINT64_FORMAT " calls refused since the start)",
		route->pattern, error->message, api->refused);
}

static void refuse_caller(hg_api *api, const struct route *found, const hg_request *req, int status,
			  const GError *error, struct hg_server_route *route)
{
	count_refused(api, req, found, error);
	g_string_assign(api->why, error->message);
	route->refuse = status;
	route->why = api->why->str;
	route->type = status == 401 ? HG_PROBLEM_TYPE "unauthorized" : HG_PROBLEM_TYPE "forbidden";
	route->header = status == 401 ? "WWW-Authenticate: Bearer realm=\"headgate\"" : NULL;
}

void hg_api_route(hg_api *api, const hg_request *req, struct hg_server_route *route)
{
	const struct route *found = find_route(hg_request_method(req), hg_request_path(req), api->allow);
	g_autoptr(GError) error = NULL;
	g_autofree char *principal = NULL;
	int status;

	if (!found) {
		refuse_path(api, route);
		return;
	}
	/* Before the body: a stranger must not make us hold 25 MiB. */
	status = hg_auth_check(api->conf, req, found, &principal, &error);
	if (status) {
		refuse_caller(api, found, req, status, error, route);
		return;
	}
	route->max_body = found->max_body;
	route->tag = (void *)found;
}
