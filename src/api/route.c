/* route.c - the table of all calls, and who may make them; asked before any of the body is read */
#include <string.h>
#include "call.h"
#include "log.h"
#include "openapi.h"

#define BODY_MAX (256 * 1024)
#define RULES_MAX (1024 * 1024)		/* rules as a text of JSON */
#define DATA_MAX (2 * 1024 * 1024)	/* of an event for a helpdesk, as it was or as it is to be */
#define UPLOAD_MAX (25 * 1024 * 1024)
#define PAGE "limit before"
#define FILTERS "q tag queue assignee category priority since until has_ticket waiting "
#define TELL_AGAIN_MS (60 * 1000)	/* strangers must not fill the log */

const struct route hg_api_routes[] = {
	{ "GET", "/v1/status", "read", .own = hg_api_status, .object = HG_OBJ_WHOLE },
	{ "GET", "/metrics", "read", .own = hg_api_metrics, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/threads", "read", "state contact channel shadow " FILTERS PAGE, .read = hg_read_threads },
	{ "POST", "/v1/threads", "start", NULL, BODY_MAX, .write = hg_write_start, .command = HG_CMD_START, .status = 201,
	  .key = TRUE, .after = hg_write_started, .action = "thread.start" },
	{ "POST", "/v1/threads/preview", "start", NULL, BODY_MAX, .write = hg_write_start_preview,
	  .command = HG_CMD_START_PREVIEW },
	{ "GET", "/v1/search", "read", "state contact channel shadow " FILTERS PAGE, .read = hg_read_search },
	{ "GET", "/v1/threads/{}", "read", .read = hg_read_thread, .object = HG_OBJ_THREAD },
	{ "PATCH", "/v1/threads/{}", "convert", NULL, BODY_MAX, .write = hg_write_patch,
	  .command = HG_CMD_PATCH, .object = HG_OBJ_THREAD,
	  .action = "thread.change" },
	{ "GET", "/v1/threads/{}/messages", "read", PAGE, .read = hg_read_messages, .object = HG_OBJ_THREAD },
	{ "GET", "/v1/threads/{}/events", "read", PAGE, .read = hg_read_thread_events, .object = HG_OBJ_THREAD },
	{ "GET", "/v1/threads/{}/explain", "read", .read = hg_read_explain_thread, .object = HG_OBJ_THREAD },
	{ "POST", "/v1/threads/{}/replies", "reply", NULL, BODY_MAX, .write = hg_write_reply,
	  .command = HG_CMD_REPLY, .status = 202, .key = TRUE, .object = HG_OBJ_THREAD,
	  .action = "thread.reply" },
	{ "POST", "/v1/threads/{}/replies/preview", "reply", NULL, BODY_MAX, .write = hg_write_preview,
	  .command = HG_CMD_PREVIEW, .object = HG_OBJ_THREAD },
	{ "POST", "/v1/threads/{}/notes", "reply", NULL, BODY_MAX, .write = hg_write_note,
	  .command = HG_CMD_NOTE, .status = 201, .object = HG_OBJ_THREAD,
	  .action = "thread.note" },
	{ "POST", "/v1/threads/{}/convert", "convert", NULL, BODY_MAX, .write = hg_write_convert,
	  .command = HG_CMD_CONVERT, .object = HG_OBJ_THREAD,
	  .action = "thread.convert" },
	{ "POST", "/v1/threads/{}/close", "convert", NULL, BODY_MAX, .write = hg_write_close,
	  .command = HG_CMD_CLOSE, .object = HG_OBJ_THREAD,
	  .action = "thread.close" },
	{ "POST", "/v1/threads/{}/reopen", "convert", NULL, BODY_MAX, .write = hg_write_reopen,
	  .command = HG_CMD_REOPEN, .object = HG_OBJ_THREAD,
	  .action = "thread.reopen" },
	{ "POST", "/v1/threads/{}/join", "convert", NULL, BODY_MAX, .write = hg_write_join,
	  .command = HG_CMD_JOIN, .object = HG_OBJ_WHOLE,
	  .action = "thread.join" },
	{ "POST", "/v1/threads/{}/participants", "reply", NULL, BODY_MAX, .write = hg_write_participant,
	  .command = HG_CMD_PARTICIPANT, .object = HG_OBJ_THREAD,
	  .action = "thread.add_participant" },
	{ "DELETE", "/v1/threads/{}/participants/{}", "reply", NULL, BODY_MAX, .write = hg_write_no_participant,
	  .command = HG_CMD_PARTICIPANT, .object = HG_OBJ_THREAD,
	  .action = "thread.remove_participant" },
	{ "POST", "/v1/threads/{}/read", "reply", NULL, BODY_MAX, .own = hg_signal_read, .object = HG_OBJ_THREAD },
	{ "POST", "/v1/threads/{}/typing", "reply", NULL, BODY_MAX, .own = hg_signal_typing, .object = HG_OBJ_THREAD },
	{ "GET", "/v1/messages/{}", "read", .read = hg_read_message, .object = HG_OBJ_MESSAGE },
	{ "GET", "/v1/messages/{}/explain", "read", .read = hg_read_explain_message, .object = HG_OBJ_MESSAGE },
	{ "POST", "/v1/messages/{}/noise", "convert", NULL, BODY_MAX, .write = hg_write_noise,
	  .command = HG_CMD_NOISE, .object = HG_OBJ_MESSAGE,
	  .action = "thread.mark_noise" },
	{ "DELETE", "/v1/messages/{}/noise", "convert", NULL, BODY_MAX, .write = hg_write_no_noise,
	  .command = HG_CMD_NOISE, .object = HG_OBJ_MESSAGE,
	  .action = "thread.unmark_noise" },
	{ "POST", "/v1/attachments", "reply", "name", UPLOAD_MAX, .own = hg_file_upload, .status = 201,
	  .action = "file.upload" },
	{ "GET", "/v1/attachments/{}", "read", .own = hg_file_send, .object = HG_OBJ_ATTACHMENT },
	{ "GET", "/v1/attachments/{}/link", "read", "ttl", .read = hg_read_file_link, .object = HG_OBJ_ATTACHMENT },
	{ "GET", "/v1/tickets", "read", "state backend work channel since until shadow " PAGE, .read = hg_read_tickets },
	{ "GET", "/v1/tickets/{}", "read", .read = hg_read_ticket, .object = HG_OBJ_TICKET },
	{ "POST", "/v1/tickets/{}/retry", "operate", NULL, BODY_MAX, .write = hg_write_ticket_retry,
	  .command = HG_CMD_TICKET_RETRY, .object = HG_OBJ_TICKET, .action = "ticket.retry" },
	{ "POST", "/v1/tickets/{}/relink", "link", NULL, BODY_MAX, .write = hg_write_relink,
	  .command = HG_CMD_RELINK, .object = HG_OBJ_TICKET, .action = "ticket.relink" },
	{ "PUT", "/v1/tickets/{}/link", "link", NULL, BODY_MAX, .write = hg_write_link,
	  .command = HG_CMD_LINK, .object = HG_OBJ_TICKET,
	  .action = "ticket.link" },
	{ "PUT", "/v1/tickets/{}/status", "link", NULL, BODY_MAX, .write = hg_write_status,
	  .command = HG_CMD_STATUS, .object = HG_OBJ_TICKET,
	  .action = "ticket.status" },
	{ "GET", "/v1/consent", "read", "address channel state limit after", .read = hg_read_consent },
	{ "POST", "/v1/consent", "contacts", NULL, BODY_MAX, .write = hg_write_consent,
	  .command = HG_CMD_CONSENT,
	  .action = "consent.set" },
	{ "GET", "/v1/contacts", "read", "q conflicted limit after", .read = hg_read_contacts },
	{ "GET", "/v1/contacts/{}", "read", .read = hg_read_contact, .object = HG_OBJ_CONTACT },
	{ "POST", "/v1/contacts/{}/unmerge", "contacts", NULL, BODY_MAX, .write = hg_write_unmerge,
	  .command = HG_CMD_UNMERGE, .object = HG_OBJ_CONTACT,
	  .action = "contact.unmerge" },
	{ "POST", "/v1/contacts/{}/merge", "contacts", NULL, BODY_MAX, .write = hg_write_merge,
	  .command = HG_CMD_MERGE, .object = HG_OBJ_WHOLE,
	  .action = "contact.merge" },
	{ "POST", "/v1/contacts/{}/block", "contacts", NULL, BODY_MAX, .write = hg_write_block,
	  .command = HG_CMD_BLOCK, .object = HG_OBJ_CONTACT,
	  .action = "contact.block" },
	{ "POST", "/v1/contacts/{}/unblock", "contacts", NULL, BODY_MAX, .write = hg_write_unblock,
	  .command = HG_CMD_BLOCK, .object = HG_OBJ_CONTACT,
	  .action = "contact.unblock" },
	{ "GET", "/v1/contacts/{}/export", "contacts", "files", .own = hg_contact_export, .object = HG_OBJ_WHOLE,
	  .action = "contact.export" },
	{ "POST", "/v1/contacts/{}/erase", "erase", NULL, BODY_MAX, .write = hg_write_erase,
	  .command = HG_CMD_ERASE, .status = 202, .object = HG_OBJ_WHOLE,
	  .action = "contact.erase" },
	{ "GET", "/v1/erasures/{}", "erase", .read = hg_read_erasure, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/retention", "operate", "due", .read = hg_read_retention, .object = HG_OBJ_WHOLE },
	{ "POST", "/v1/retention/run", "operate", NULL, BODY_MAX, .write = hg_write_retain,
	  .command = HG_CMD_RETAIN, .status = 202, .object = HG_OBJ_WHOLE,
	  .action = "retention.run" },
	{ "POST", "/v1/import", "admin", NULL, DATA_MAX, .write = hg_write_import, .command = HG_CMD_IMPORT, .object = HG_OBJ_WHOLE,
	  .action = "history.import" },
	{ "GET", "/v1/queues", "read", .read = hg_read_queues, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/events", "read", "limit after shadow", .read = hg_read_events },
	{ "GET", "/v1/events/stream", "read", "thread shadow channel contact rule after since", .own = hg_live_follow },
	{ "GET", "/v1/decisions", "operate", "limit after before order since", .read = hg_read_decisions },
	{ "GET", "/v1/rules", "operate", "since", .read = hg_read_rules, .object = HG_OBJ_WHOLE },
	{ "POST", "/v1/rules/try", "operate", NULL, RULES_MAX, .read = hg_read_try },
	{ "POST", "/v1/rules/replay", "operate", NULL, RULES_MAX, .own = hg_rules_replay_call },
	{ "GET", "/v1/report", "report", "since until zone by format", .read = hg_read_report },
	{ "GET", "/v1/episodes", "report", "since until zone limit after", .read = hg_read_episodes },
	{ "GET", "/v1/drops", "read", "thread state since zone limit before", .read = hg_read_drops },
	{ "POST", "/v1/drops/{}/restore", "convert", NULL, BODY_MAX, .write = hg_write_restore,
	  .command = HG_CMD_RESTORE, .object = HG_OBJ_THREAD,
	  .action = "thread.restore" },
	{ "GET", "/v1/outbox", "operate", "state limit after", .read = hg_read_outbox },
	{ "POST", "/v1/outbox/{}/retry", "operate", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_RETRY_DEAD, .object = HG_OBJ_JOB,
	  .action = "outbox.retry" },
	{ "POST", "/v1/outbox/{}/settle", "reply", NULL, BODY_MAX, .write = hg_write_settle,
	  .command = HG_CMD_SETTLE_SEND, .object = HG_OBJ_JOB,
	  .action = "outbox.settle" },
	{ "GET", "/v1/quarantine", "operate", "limit after", .read = hg_read_quarantine },
	{ "GET", "/v1/quarantine/{}", "operate", .read = hg_read_quarantine_one, .object = HG_OBJ_JOB },
	{ "POST", "/v1/quarantine/{}/retry", "operate", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_RETRY_DEAD, .object = HG_OBJ_JOB,
	  .action = "quarantine.retry" },
	{ "POST", "/v1/quarantine/{}/drop", "operate", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_DROP_DEAD, .object = HG_OBJ_JOB,
	  .action = "quarantine.drop" },
	{ "GET", "/v1/dead-letters", "operate", "target name limit after", .read = hg_read_dead },
	{ "POST", "/v1/dead-letters/retry", "operate", NULL, BODY_MAX, .write = hg_write_retry_all,
	  .command = HG_CMD_RETRY_ALL, .object = HG_OBJ_WHOLE,
	  .action = "dead-letter.retry_all" },
	{ "GET", "/v1/dead-letters/{}", "operate", .read = hg_read_dead_one, .object = HG_OBJ_JOB },
	{ "PATCH", "/v1/dead-letters/{}", "operate", NULL, DATA_MAX, .write = hg_write_edit,
	  .command = HG_CMD_EDIT_DEAD, .object = HG_OBJ_JOB,
	  .action = "dead-letter.edit" },
	{ "POST", "/v1/dead-letters/{}/retry", "operate", NULL, BODY_MAX, .write = hg_write_retry,
	  .command = HG_CMD_RETRY_DEAD, .object = HG_OBJ_JOB,
	  .action = "dead-letter.retry" },
	{ "POST", "/v1/dead-letters/{}/discard", "operate", NULL, BODY_MAX, .write = hg_write_discard,
	  .command = HG_CMD_DISCARD, .object = HG_OBJ_JOB,
	  .action = "dead-letter.discard" },
	{ "GET", "/v1/captured", "operate", "limit", .own = hg_captured_list, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/captured/{}", "operate", .own = hg_captured_show, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/alarms", "read", .read = hg_read_alarms, .object = HG_OBJ_WHOLE },
	{ "POST", "/v1/alarms/test", "operate", NULL, BODY_MAX, .write = hg_write_alarm_test,
	  .command = HG_CMD_ALARM, .object = HG_OBJ_WHOLE,
	  .action = "alarm.test" },
	{ "GET", "/v1/nodes", "operate", .read = hg_read_nodes, .object = HG_OBJ_WHOLE },
	{ "POST", "/v1/nodes/{}/drain", "operate", NULL, BODY_MAX, .write = hg_write_drain,
	  .command = HG_CMD_DRAIN, .object = HG_OBJ_WHOLE,
	  .action = "node.drain" },
	{ "POST", "/v1/nodes/{}/resume", "operate", NULL, BODY_MAX, .write = hg_write_undrain,
	  .command = HG_CMD_DRAIN, .object = HG_OBJ_WHOLE,
	  .action = "node.resume" },
	{ "GET", "/v1/channels", "read", .own = hg_channel_list },
	{ "GET", "/v1/channels/{}", "read", .own = hg_channel_show, .object = HG_OBJ_CHANNEL },
	{ "POST", "/v1/channels/{}/pause", "operate", NULL, BODY_MAX, .write = hg_write_pause,
	  .command = HG_CMD_PAUSE, .after = hg_channel_held, .object = HG_OBJ_CHANNEL,
	  .action = "channel.pause" },
	{ "POST", "/v1/channels/{}/resume", "operate", NULL, BODY_MAX, .write = hg_write_resume,
	  .command = HG_CMD_PAUSE, .after = hg_channel_held, .object = HG_OBJ_CHANNEL,
	  .action = "channel.resume" },
	{ "POST", "/v1/channels/{}/probe", "operate", NULL, BODY_MAX, .own = hg_channel_probe_call, .object = HG_OBJ_CHANNEL },
	{ "POST", "/v1/channels/{}/ask", "operate", NULL, BODY_MAX, .own = hg_channel_ask_call, .status = 202,
	  .object = HG_OBJ_CHANNEL,
	  .action = "channel.ask" },
	{ "POST", "/v1/channels/{}/take", "admin", NULL, UPLOAD_MAX, .own = hg_channel_take_call, .object = HG_OBJ_CHANNEL,
	  .action = "channel.take" },
	{ "POST", "/v1/console/links", "admin", NULL, BODY_MAX, .write = hg_write_console_link, .command = HG_CMD_TOKEN, .status = 201,
	  .after = hg_console_link_made, .object = HG_OBJ_WHOLE,
	  .action = "console.link" },
	{ "GET", "/v1/config", "operate", "defaults", .own = hg_config_show, .object = HG_OBJ_WHOLE },
	{ "POST", "/v1/reload", "operate", NULL, BODY_MAX, .own = hg_config_reload, .object = HG_OBJ_WHOLE,
	  .action = "config.reload" },
	{ "GET", "/v1/tokens", "admin", "all limit before", .read = hg_read_tokens, .object = HG_OBJ_TOKEN },
	{ "POST", "/v1/tokens", "admin", NULL, BODY_MAX, .write = hg_write_token, .command = HG_CMD_TOKEN, .status = 201,
	  .object = HG_OBJ_TOKEN,
	  .action = "token.create" },
	{ "DELETE", "/v1/tokens/{}", "admin", .write = hg_write_token_revoke, .command = HG_CMD_TOKEN_REVOKE,
	  .object = HG_OBJ_TOKEN,
	  .action = "token.revoke" },
	{ "GET", "/v1/audit", "audit", "principal action object since until limit before", .read = hg_read_audits, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/audit/verify", "audit", .read = hg_read_audit_verify, .object = HG_OBJ_WHOLE },
	{ "GET", "/v1/fsck", "operate", .read = hg_read_fsck, .object = HG_OBJ_WHOLE },
	{ "POST", "/v1/backup", "backup", NULL, BODY_MAX, .own = hg_backup_call, .object = HG_OBJ_WHOLE,
	  .action = "backup.create" },
	{ NULL }
};

gboolean hg_api_route_at(guint n, const char **ret_method, const char **ret_pattern, const char **ret_scope,
			 const char **ret_query)
{
	if (n >= G_N_ELEMENTS(hg_api_routes) - 1)
		return FALSE;
	*ret_method = hg_api_routes[n].method;
	*ret_pattern = hg_api_routes[n].pattern;
	*ret_scope = hg_api_routes[n].scope;
	*ret_query = hg_api_routes[n].query;
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
	route->type = status == 401 ? HG_PROBLEM_TYPE "unauthorized" : status == 503 ? HG_PROBLEM_TYPE "busy" : HG_PROBLEM_TYPE "forbidden";
	route->header = status == 401 ? "WWW-Authenticate: Bearer realm=\"headgate\"" : status == 503 ? "Retry-After: 2" : NULL;
}

/* who: NULL where nobody knows. */
static void go_on(hg_api *api, const hg_request *req, const struct route *found, const struct hg_principal *who, int status,
		  const GError *error, struct hg_server_route *route)
{
	if (status) {
		if (who)
			hg_audit_refused(api, req, who, found);
		refuse_caller(api, found, req, status, error, route);
		return;
	}
	route->max_body = found->max_body;
	route->tag = (void *)found;
}

void hg_api_route(hg_api *api, const hg_request *req, struct hg_server_route *route)
{
	const struct route *found = find_route(hg_request_method(req), hg_request_path(req), api->allow);
	const struct hg_principal *who = NULL;
	g_autoptr(GError) error = NULL;
	int status;

	if (hg_openapi_route(req, route))
		return;
	if (!found) {
		refuse_path(api, route);
		return;
	}
	/* Before the body: a stranger must not make us hold 25 MiB. */
	status = hg_auth_check(api->keys, req, found, hg_api_now(api), &who, &error);
	go_on(api, req, found, who, status, error, route);
	hg_principal_unref(who);
}

void hg_api_route_as(hg_api *api, const hg_request *req, const struct hg_principal *who, struct hg_server_route *route)
{
	const struct route *found = find_route(hg_request_method(req), hg_request_path(req), api->allow);
	g_autoptr(GError) error = NULL;
	int status;

	if (hg_openapi_route(req, route))
		return;
	if (!found) {
		refuse_path(api, route);
		return;
	}
	status = hg_auth_may(who, found, &error);
	go_on(api, req, found, who, status, error, route);
}
