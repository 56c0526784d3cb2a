/* visitor_answer.c - what a visitor's call came to, as JSON or as a problem (RFC 9457); and the way there
 * over reader threads and the engine */
#include <stdarg.h>
#include <string.h>

#include "log.h"
#include "visitor_call.h"
#include "visitor_inner.h"

#define TELL_AGAIN_MS (60 * 1000)	/* strangers must not fill the log */

/* ---- answers ---- */

static void tell(struct visitor_call *call, int status, const char *word)
{
	hg_visitors *visitors = call->visitors;
	struct hg_ctx ctx = HG_CTX(NULL, "peer", hg_request_peer(call->req));
	gint64 now_ms = hg_loop_now(visitors->env.loop);

	hg_visitor_count(visitors, word);
	if (visitors->refused_told_ms && now_ms - visitors->refused_told_ms < TELL_AGAIN_MS)
		return;
	visitors->refused_told_ms = now_ms;
	hg_info(&ctx, "visitor.refused", "%s: %d %s: %s", call->route->pattern, status, word, call->error->message);
}

static void problem_of(struct visitor_call *call, int *ret_status, const char **ret_word)
{
	hg_asked_problem(call->error, ret_status, ret_word);
	if (call->problem) {
		*ret_status = call->status;
		*ret_word = call->problem;
	} else if (call->denied && g_error_matches(call->error, HG_ERROR, HG_ERROR_DENIED)) {
		*ret_status = call->denied_status;
		*ret_word = call->denied;
	}
	tell(call, *ret_status, *ret_word);
}

static int success_of(const struct visitor_call *call)
{
	return call->status ? call->status : call->route->status ? call->route->status : call->out->len ? 200 : 204;
}

static void answer_problem(struct visitor_call *call, GPtrArray *headers)
{
	g_autoptr(GString) body = g_string_new(NULL);
	const char *word;
	int status;

	problem_of(call, &status, &word);
	if (status == 503 && !call->retry_s)
		call->retry_s = 2;
	hg_asked_refuse(body, status, word, call->error->message, call->more ? call->more->str : NULL);
	if (call->retry_s)
		g_ptr_array_add(headers, g_strdup_printf("Retry-After: %" G_GINT64_FORMAT, call->retry_s));
	if (status == 401)
		g_ptr_array_add(headers, g_strdup("WWW-Authenticate: Bearer realm=\"headgate\""));
	g_ptr_array_add(headers, NULL);
	hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = status,
		.type = "application/problem+json", .body = body->str, .len = body->len,
		.headers = (const char *const *)headers->pdata });
}

static void answer(struct visitor_call *call)
{
	g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);

	hg_visitor_cors(call->visitors, call->req, headers);
	if (call->error) {
		answer_problem(call, headers);
		return;
	}
	g_ptr_array_add(headers, NULL);
	hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = success_of(call),
		.type = call->out->len ? "application/json" : NULL, .body = call->out->str, .len = call->out->len,
		.headers = (const char *const *)headers->pdata });
}

/* To the page that made it.  outer may be gone behind that. */
static void answer_outer(struct visitor_call *call)
{
	struct visitor_inner inner = { .status = success_of(call), .word = "", .detail = "" };
	g_autoptr(json_object) out = NULL;

	if (call->error) {
		problem_of(call, &inner.status, &inner.word);
		inner.detail = call->error->message;
	} else if (call->out->len) {
		out = hg_json_parse(call->out->str, call->out->len, NULL, NULL);
	}
	inner.out = out;
	call->outer_done(call->outer, &inner);
}

void hg_visitor_finish(void *arg)
{
	struct visitor_call *call = arg;

	if (call->outer)
		answer_outer(call);
	else if (call->req)
		answer(call);
	json_object_put(call->given);
	if (call->extra_free)
		call->extra_free(call->extra);
	if (call->more)
		g_string_free(call->more, TRUE);
	g_clear_error(&call->error);
	g_string_free(call->out, TRUE);
	hg_arena_free(call->arena);
	hg_conf_unref(call->conf);
	g_free(call);
}

G_GNUC_PRINTF(4, 0)
static void set_wrong(struct visitor_call *call, int status, const char *word, const char *fmt, va_list ap)
{
	g_autofree char *text = g_strdup_vprintf(fmt, ap);

	g_clear_error(&call->error);
	hg_fail(&call->error, HG_ERROR_DENIED, "%s", text);
	call->status = status;
	call->problem = word;
}

gboolean hg_visitor_wrong(struct visitor_call *call, int status, const char *word, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_wrong(call, status, word, fmt, ap);
	va_end(ap);
	return FALSE;
}

void hg_visitor_refuse(struct visitor_call *call, int status, const char *word, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_wrong(call, status, word, fmt, ap);
	va_end(ap);
	hg_visitor_finish(call);
}

/* ---- reading ---- */

static void read_work(hg_store *store, void *arg)
{
	struct visitor_call *call = arg;

	call->work(call, store);
}

static void read_done(void *arg)
{
	struct visitor_call *call = arg;

	if (call->error || !call->then)
		hg_visitor_finish(call);
	else
		call->then(call);
}

void hg_visitor_read(struct visitor_call *call, visitor_read_fn *work, visitor_loop_fn *done)
{
	call->work = work;
	call->then = done;
	if (!hg_readers_run(call->visitors->env.readers, read_work, read_done, call, &call->error))
		hg_visitor_finish(call);
}

/* ---- the engine ---- */

/* On the engine's thread, after the commit. */
static void command_done(void *arg, const hg_command *command, const char *said, const GError *error)
{
	struct visitor_call *call = arg;

	(void)command;
	if (error)
		call->error = g_error_copy(error);
	else
		g_string_assign(call->out, said ? said : "");
	hg_loop_post(call->visitors->env.loop, read_done, call);
}

void hg_visitor_submit(struct visitor_call *call, hg_command *command, visitor_loop_fn *done)
{
	const struct hg_visitors_env *env = &call->visitors->env;

	call->then = done;
	command->principal = hg_arena_str(command->arena, call->who.uri);
	command->channel = hg_arena_str(command->arena, call->channel->name);
	command->done = command_done;
	command->done_arg = call;
	if (env->submit(env->ctx, command, &call->error))
		return;
	hg_command_free(command);
	hg_visitor_finish(call);
}
