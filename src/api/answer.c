/* answer.c - what a call came to, as JSON or as a problem (RFC 9457) */
#include <string.h>
#include "call.h"
#include "failpoint.h"

static const struct { int code, status; const char *word; } problems[] = {
	{ HG_ERROR_INPUT, 400, "invalid-request" },
	{ HG_ERROR_CONFIG, 409, "not-configured" },
	{ HG_ERROR_DENIED, 403, "forbidden" },
	{ HG_ERROR_MISSING, 404, "not-found" },
	{ HG_ERROR_STATE, 409, "wrong-state" },
	{ HG_ERROR_CONFLICT, 409, "conflict" },
	{ HG_ERROR_BUSY, 503, "busy" },
	{ HG_ERROR_WINDOW, 409, "window-closed" },
	{ HG_ERROR_OPTED_OUT, 409, "opted-out" },
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
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *type = NULL, *title = NULL;
	const char *word;
	int status;

	problem_of(call, &status, &word);
	type = g_strconcat(HG_PROBLEM_TYPE, word, NULL);
	title = g_strdelimit(g_strdup(word), "-", ' ');
	hg_json_open(body, '{');
	hg_json_add_str(body, "type", type);
	hg_json_add_str(body, "title", title);
	hg_json_add_int(body, "status", status);
	hg_json_add_str(body, "detail", call->error->message);
	if (status == 503)
		hg_json_add_bool(body, "retryable", TRUE);
	hg_json_close(body, '}');
	hg_request_answer(call->req, &(struct hg_answer){
		.status = status, .type = "application/problem+json", .body = body->str, .len = body->len,
		.headers = status == 503 ? retry : NULL });
}

static void call_free(struct call *call)
{
	if (call->extra_free)
		call->extra_free(call->extra);
	hg_command_free(call->command);
	g_clear_error(&call->error);
	g_string_free(call->out, TRUE);
	hg_arena_free(call->arena);
	hg_conf_unref(call->conf);
	g_free(call->principal);
	g_free(call);
}

void hg_call_finish(void *arg)
{
	struct call *call = arg;
	int status = call->status ? call->status : call->route->status ? call->route->status : 200;

	if (call->route->write)
		(void)HG_FAILPOINT(API_ANSWER);
	if (call->error)
		answer_problem(call);
	else if (call->req)
		hg_request_answer(call->req, &(struct hg_answer){
			.status = status, .type = call->type ? call->type : "application/json",
			.body = call->out->str, .len = call->out->len });
	if (call->route->write)
		(void)HG_FAILPOINT(API_ANSWERED);
	call_free(call);
}
