/* answer.c - what a call came to, as JSON or as a problem (RFC 9457) */
#include <string.h>
#include "call.h"
#include "failpoint.h"

/* What the error says as status and problem word, unless the call says better. */
void hg_call_problem(const struct call *call, int *ret_status, const char **ret_word)
{
	hg_asked_problem(call->error, ret_status, ret_word);
	if (g_error_matches(call->error, HG_ERROR, HG_ERROR_CONFLICT) && call->idem_key) {
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
	g_autoptr(GString) body = g_string_new(NULL);
	const char *word;
	int status;

	hg_call_problem(call, &status, &word);
	hg_asked_refuse(body, status, word, call->error->message, call->more);
	hg_request_answer(call->req, &(struct hg_answer){
		.status = status, .type = "application/problem+json", .body = body->str, .len = body->len,
		.headers = status == 503 ? retry : NULL });
}

static void answer_success(struct call *call)
{
	const char *const headers[] = { call->header, NULL };
	int status = call->status ? call->status : call->route->status ? call->route->status : 200;

	hg_request_answer(call->req, &(struct hg_answer){
		.status = status, .type = call->type ? call->type : "application/json", .body = call->out->str,
		.len = call->out->len, .headers = call->header ? headers : NULL });
}

static void call_free(struct call *call)
{
	if (call->extra_free)
		call->extra_free(call->extra);
	hg_command_free(call->command);
	g_clear_error(&call->error);
	g_free(call->more);
	g_string_free(call->out, TRUE);
	hg_arena_free(call->arena);
	hg_conf_unref(call->conf);
	g_clear_pointer(&call->seen, g_hash_table_destroy);
	hg_principal_unref(call->who);
	g_free(call);
}

/* What was read goes nowhere once the token is good no more.  What was written was written: that is said. */
static void end_late(struct call *call)
{
	hg_fail(&call->error, HG_ERROR_DENIED, "the token was revoked, or has expired, meanwhile");
	call->status = 401;
	call->problem = "unauthorized";
}

void hg_call_finish(void *arg)
{
	struct call *call = arg;

	if (hg_audit_waits(call))
		return;
	if (call->made) {
		hg_api_token_changed(call->api, call->made);
		hg_token_say_secret(call);
	}
	if (!call->error && call->req && !call->route->write && !hg_principal_holds(call->who, hg_api_now(call->api)))
		end_late(call);
	if (call->route->write)
		(void)HG_FAILPOINT(API_ANSWER);
	if (!call->error && call->route->after)
		call->route->after(call);
	if (call->error)
		answer_problem(call);
	else if (call->req)
		answer_success(call);
	if (call->route->write)
		(void)HG_FAILPOINT(API_ANSWERED);
	call_free(call);
}
