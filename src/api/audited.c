/* audited.c - who did what over the API: what a command carries of it, and rows of their own for what is no command
 *
 * A write's row is written by the engine, in its transaction.  What is no command (a reload, a file) has a row behind it, and
 * before it is answered; what takes data away (a backup, an export) has one before it begins.  Who is known and is refused is
 * told of as well: once, and after that once an hour with a count, so that nobody fills the disk with it.  Strangers are only
 * counted. */
#include <string.h>
#include "call.h"
#include "log.h"

#define COLLAPSE_MS (60 * 60 * 1000)
#define KINDS_MAX   2000		/* of refusals, at a time; those beyond are counted nowhere but in the log's count */
#define WORD_MOST   64			/* bytes of a request's id */
#define ANY_ACTION  "api.call"		/* of what only looks */

/* ---- refusals: one row for many ---- */

struct refusals {			/* of one principal, action and problem */
	gint64 told_ms;			/* monotonic */
	guint since;			/* that were not told of */
};

/* How many a row now would stand for; 0: none is to be written. */
static guint refusal_counts(hg_api *api, const char *principal, const char *action, const char *word)
{
	g_autofree char *key = g_strjoin("\n", principal, action, word, NULL);
	gint64 now_ms = hg_mono(hg_loop_env(api->loop));
	struct refusals *known = g_hash_table_lookup(api->refusals, key);
	guint n;

	if (known && now_ms - known->told_ms < COLLAPSE_MS) {
		known->since++;
		return 0;
	}
	if (!known) {
		if (g_hash_table_size(api->refusals) >= KINDS_MAX)
			g_hash_table_remove_all(api->refusals);
		known = g_new0(struct refusals, 1);
		g_hash_table_insert(api->refusals, g_steal_pointer(&key), known);
	}
	n = known->since + 1;
	*known = (struct refusals){ .told_ms = now_ms };
	return n;
}

/* ---- what a row says ---- */

/* Only ids of ours and names of the configuration: whatever else stands in a path may be somebody's address. */
static const char *object_of(const struct call *call)
{
	const char *param = call->param[0], *line = param ? strchr(param, '_') : NULL;

	if (call->object || !param)
		return call->object;
	if (call->route->object == HG_OBJ_CHANNEL)
		return hg_conf_channel(call->conf, param) ? param : NULL;
	if (call->route->object == HG_OBJ_JOB)
		return strspn(param, "0123456789") == strlen(param) && strlen(param) < 20 ? param : NULL;
	return line && line - param <= 4 && strlen(line) == 27 &&
	       strspn(line + 1, "abcdefghijklmnopqrstuvwxyz0123456789") == 26 ? param : NULL;
}

/* The id that a caller, or a proxy before us, gave the request. */
static const char *request_id(const hg_request *req)
{
	const char *id = hg_request_header(req, "X-Request-Id");
	gsize len = id ? strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") : 0;

	return len && len <= WORD_MOST && !id[len] ? id : NULL;
}

static void take_request(hg_command *command, const hg_request *req, const struct hg_principal *who)
{
	struct hg_auditing *audit = &command->audit;

	command->principal = hg_arena_str(command->arena, who->name);
	audit->capacity = hg_arena_str(command->arena, who->capacity);
	audit->request = hg_arena_str(command->arena, request_id(req));
	audit->source = hg_request_is_local(req, NULL) ? NULL : hg_arena_str(command->arena, hg_request_peer(req));
}

void hg_audit_take(struct call *call, hg_command *command)
{
	if (!call->route->action)
		return;
	take_request(command, call->req, call->who);
	command->audit.action = call->route->action;
	command->audit.object = hg_arena_str(command->arena, object_of(call));
}

/* lacks: the scope that was missing; or NULL. */
static const char *refusal_facts(hg_arena *arena, const struct route *route, const char *lacks, guint times)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	if (!route->action) {
		hg_json_add_str(out, "method", route->method);
		hg_json_add_str(out, "route", route->pattern);
	}
	hg_json_opt_str(out, "scope", lacks);
	if (times > 1)
		hg_json_add_int(out, "times", times);
	hg_json_close(out, '}');
	return out->len > 2 ? hg_arena_mem(arena, out->str, out->len) : NULL;
}

/* FALSE: there is no row, and the log says so. */
static gboolean submit(hg_api *api, hg_command *command)
{
	struct hg_ctx ctx = HG_CTX(NULL, "principal", command->principal);
	g_autoptr(GError) error = NULL;

	if (api->ports.submit(api->ports.ctx, command, &error))
		return TRUE;
	hg_err(&ctx, "audit.lost", "%s (%s) is not in the audit: %s", command->audit.action, command->audit.outcome, error->message);
	hg_command_free(command);
	return FALSE;
}

void hg_audit_refused(hg_api *api, const hg_request *req, const struct hg_principal *who, const struct route *route)
{
	const char *action = route->action ?: ANY_ACTION, *word = "forbidden";
	gboolean lacks = !hg_scope_allows(who->scopes, hg_scope_of_word(route->scope));
	guint times = refusal_counts(api, who->name, action, word);
	hg_command *command;

	if (!times)
		return;
	command = hg_command_new(HG_CMD_AUDIT);
	take_request(command, req, who);
	command->audit.action = action;
	command->audit.outcome = word;
	command->audit.facts = refusal_facts(command->arena, route, lacks ? route->scope : NULL, times);
	submit(api, command);
}

/* ---- calls ---- */

static void row_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct call *call = arg;
	struct hg_ctx ctx = HG_CTX(NULL, "principal", command->principal);

	(void)answer;
	if (error)
		hg_err(&ctx, "audit.lost", "%s (%s) is not in the audit: %s", command->audit.action, command->audit.outcome,
		       error->message);
	hg_loop_post(call->api->loop, hg_call_finish, call);
}

static hg_command *row_of(struct call *call, const char *outcome)
{
	hg_command *command = hg_command_new(HG_CMD_AUDIT);

	take_request(command, call->req, call->who);
	command->audit.action = call->route->action ?: ANY_ACTION;
	command->audit.object = hg_arena_str(command->arena, object_of(call));
	command->audit.outcome = hg_arena_str(command->arena, outcome);
	command->audit.facts = hg_arena_str(command->arena, call->facts);
	command->done_arg = call;
	return command;
}

/* The row of a refusal; NULL: there is none to be written. */
static hg_command *refusal_of(struct call *call)
{
	const struct route *route = call->route;
	hg_command *command;
	const char *word;
	guint times;
	int status;

	hg_call_problem(call, &status, &word);
	if (status >= 500 || status == 401 || (!route->action && !call->hidden))
		return NULL;
	times = refusal_counts(call->api, call->who->name, route->action ?: ANY_ACTION, word);
	if (!times)
		return NULL;
	command = row_of(call, word);
	command->audit.facts = refusal_facts(command->arena, route, NULL, times);
	return command;
}

gboolean hg_audit_waits(struct call *call)
{
	hg_command *command = NULL;

	if (call->audited || !call->who || !call->req)
		return FALSE;
	call->audited = TRUE;
	if (call->error)
		command = refusal_of(call);
	else if (call->route->own && call->route->action)
		command = row_of(call, "ok");
	if (!command)
		return FALSE;
	command->done = row_done;
	return submit(call->api, command);
}

static void begin_on_loop(void *arg)
{
	struct call *call = arg;

	if (call->error)
		hg_call_finish(call);
	else
		call->begin(call);
}

static void begin_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct call *call = arg;

	(void)command;
	(void)answer;
	if (error)
		call->error = g_error_copy(error);
	hg_loop_post(call->api->loop, begin_on_loop, call);
}

void hg_audit_begin(struct call *call, call_own_fn *begin)
{
	hg_command *command = row_of(call, "begun");

	call->audited = TRUE;
	call->begin = begin;
	command->done = begin_done;
	if (call->api->ports.submit(call->api->ports.ctx, command, &call->error))
		return;
	hg_command_free(command);
	hg_call_finish(call);
}

/* ---- without a request ---- */

void hg_api_audit(hg_api *api, const struct hg_api_deed *deed)
{
	hg_command *command = hg_command_new(HG_CMD_AUDIT);
	hg_arena *arena = command->arena;

	command->principal = hg_arena_str(arena, deed->principal);
	command->audit = (struct hg_auditing){ .action = hg_arena_str(arena, deed->action), .capacity = hg_arena_str(arena, deed->capacity),
		.source = hg_arena_str(arena, deed->source), .outcome = hg_arena_str(arena, deed->outcome),
		.facts = hg_arena_str(arena, deed->facts) };
	submit(api, command);
}
