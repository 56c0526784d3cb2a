/* desk_call.c - one call of a step: made of its templates, sent, its answer judged */
#include "desk_call.h"

#include <string.h>

#include "desk_tree.h"
#include "http_body.h"
#include "http_tree.h"
#include "json.h"
#include "text.h"

#define HOPS_MAX 3			/* redirects of a file's address */
#define MADE_MAX (8 << 20)		/* bytes of a request, without files */
#define SAID_MAX 200			/* bytes of what a helpdesk says went wrong */
#define WAIT_MAX_S 86400

struct hg_desk_call {
	const struct hg_desk_task *task;	/* lent, as the next */
	const struct hg_desk_step *step;
	struct json_object *root;	/* a reference */
	hg_desk_call_fn *fn;
	void *arg;
	char *url;			/* instead of the request's: a file's; or NULL */
	guint hops;
	gboolean flies;			/* ... or waits for its turn */
};

static void answered(void *arg, const struct hg_desk_answer *answer);

hg_desk_call *hg_desk_call_new(const struct hg_desk_task *task, const struct hg_desk_step *step, struct json_object *root,
			       hg_desk_call_fn *fn, void *arg)
{
	hg_desk_call *call = g_new0(hg_desk_call, 1);

	*call = (hg_desk_call){ .task = task, .step = step, .root = json_object_get(root), .fn = fn, .arg = arg };
	return call;
}

static void call_free(hg_desk_call *call)
{
	json_object_put(call->root);
	g_free(call->url);
	g_free(call);
}

void hg_desk_call_cancel(hg_desk_call *call)
{
	if (!call)
		return;
	if (call->flies && call->task->transport->cancel)
		call->task->transport->cancel(call->task->transport->ctx, call);
	call_free(call);
}

static void end(hg_desk_call *call, const struct hg_desk_ended *judged, const struct ht_scope *answer)
{
	call->fn(call->arg, judged, answer);
	call_free(call);
}

static void end_wrong(hg_desk_call *call, const char *why)
{
	end(call, &(struct hg_desk_ended){ .word = HG_DESK_REFUSED, .ours = TRUE, .text = why }, NULL);
}

/* ---- where a file lies ---- */

/* Scheme, host and port of an address; NULL: it is none. */
static char *origin_of(const char *url)
{
	g_autoptr(GUri) uri = url ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
	const char *scheme = uri ? g_uri_get_scheme(uri) : NULL;
	int port = uri ? g_uri_get_port(uri) : -1;
	gboolean tls = g_strcmp0(scheme, "https") == 0;

	if (!uri || (!tls && g_strcmp0(scheme, "http") != 0) || !g_uri_get_host(uri) || g_uri_get_userinfo(uri))
		return NULL;
	return g_strdup_printf("%s://%s:%d", scheme, g_uri_get_host(uri), port > 0 ? port : tls ? 443 : 80);
}

/* Is it the helpdesk itself, as it was configured?  Nobody else gets its credentials, or is reached on a private network. */
static gboolean is_own(const hg_desk_call *call)
{
	g_autofree char *ours = origin_of(call->task->desk->url), *theirs = origin_of(call->url);

	return ours && theirs && g_ascii_strcasecmp(ours, theirs) == 0;
}

/* From where it was named: the helpdesk, or the address before. */
static gboolean set_url(hg_desk_call *call, const char *from, const char *url)
{
	g_autofree char *origin = NULL;

	g_free(call->url);
	call->url = from && url ? g_uri_resolve_relative(from, url, G_URI_FLAGS_NONE, NULL) : g_strdup(url);
	origin = origin_of(call->url);
	return origin != NULL;
}

/* ---- what is sent ---- */

static const char *path_of(struct json_object *file)
{
	return hg_json_str(file, "path");
}

/* FALSE: a file is not there. */
static gboolean add_parts(const struct ht_made *made, GArray *parts)
{
	for (guint i = 0; i < made->fields->len; i++) {
		const struct ht_field *field = &g_array_index(made->fields, struct ht_field, i);
		struct hg_client_part part = { .name = field->name, .type = field->type };

		if (field->value) {
			part.data = field->value;
			part.len = strlen(field->value);
		} else {
			part.path = path_of(field->file);
			part.filename = hg_json_str(field->file, "name");
			part.type = hg_json_str(field->file, "type");
		}
		if (!field->value && !part.filename)
			part.filename = "file";
		if (!field->value && !part.path)
			return FALSE;
		g_array_append_val(parts, part);
	}
	return TRUE;
}

static void add_bytes(const struct ht_made *made, gsize from, gsize to, GArray *pieces)
{
	struct hg_client_piece piece = { .data = made->body->str + from, .len = to - from };

	if (to > from)
		g_array_append_val(pieces, piece);
}

static gboolean add_pieces(const struct ht_made *made, GArray *pieces)
{
	gsize done = 0;

	for (guint i = 0; i < made->pieces->len; i++) {
		const struct ht_piece *from = &g_array_index(made->pieces, struct ht_piece, i);
		struct hg_client_piece piece = { .path = path_of(from->file), .base64 = from->base64 };

		if (!piece.path)
			return FALSE;
		add_bytes(made, done, from->at, pieces);
		done = from->at;
		g_array_append_val(pieces, piece);
	}
	add_bytes(made, done, made->body->len, pieces);
	return TRUE;
}

static void send(hg_desk_call *call, const struct ht_made *made)
{
	const struct hg_desk_task *task = call->task;
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_client_part));
	g_autoptr(GArray) pieces = g_array_new(FALSE, TRUE, sizeof(struct hg_client_piece));
	gboolean own = !call->url || is_own(call);
	gboolean last = call->step == g_ptr_array_index(task->desk->ops[task->op], task->desk->ops[task->op]->len - 1);
	static const char *const none[] = { NULL };
	struct hg_client_call to = {
		.method = made->method, .url = call->url ? call->url : made->url->str,
		.headers = own ? (const char *const *)made->headers->pdata : none,
		.timeout_ms = task->timeout_ms, .max_reply = task->max_reply, .save_fd = last ? task->save_fd : 0,
		.private_ok = own && task->private_ok,
	};

	if ((made->fields && !add_parts(made, parts)) || (made->pieces && !add_pieces(made, pieces))) {
		end_wrong(call, "a file that is to be sent is not there any more");
		return;
	}
	if (made->fields) {
		to.parts = (const struct hg_client_part *)parts->data;
		to.n_parts = parts->len;
	} else if (made->pieces) {
		to.pieces = (const struct hg_client_piece *)pieces->data;
		to.n_pieces = pieces->len;
	} else if (made->body->len) {
		to.body = made->body->str;
		to.len = made->body->len;
	}
	call->flies = TRUE;
	task->transport->call(task->transport->ctx, &to, answered, call);
}

static struct ht_scope scope_of(const hg_desk_call *call)
{
	const hg_desk *desk = call->task->desk;

	return (struct ht_scope){ .root = call->root, .secrets = desk->secrets, .values = desk->values,
				  .now_ms = call->task->transport->now_ms(call->task->transport->ctx) };
}

static void make(void *arg)
{
	hg_desk_call *call = arg;
	struct hg_desk_teller teller = { call->task->desk, call->root };
	struct ht_voice voice = { .value = hg_desk_name_value, .ctx = &teller, .scope = scope_of(call), .max_bytes = MADE_MAX };
	const char *file = hg_json_str(hg_json_obj(call->root, "file"), "url");
	g_auto(ht_made) made = { 0 };
	const char *why = NULL;

	call->flies = FALSE;
	if (call->step->own_url && !call->url && !set_url(call, call->task->desk->url, file))
		why = "the file has no address that can be called";
	if (!why)
		why = ht_request_make(call->step->request, &voice, &made);
	if (why)
		end_wrong(call, why);
	else
		send(call, &made);
}

void hg_desk_call_go(hg_desk_call *call)
{
	const struct hg_desk_transport *transport = call->task->transport;

	call->flies = TRUE;
	if (!transport->turn || transport->turn(transport->ctx, make, call))
		make(call);
}

/* ---- what was answered ---- */

static const char *header_of(const void *from, const char *name)
{
	const struct hg_desk_answer *answer = from;

	return answer->header ? answer->header(answer->from, name) : NULL;
}

/* By its type, else by its look. */
static struct json_object *tree_of(const struct hg_desk_answer *answer)
{
	const char *type = header_of(answer, "Content-Type");
	g_autofree char *charset = ht_charset_of(type);
	int shape = ht_shape_of(type);
	struct hg_err err = { 0 };

	if (!answer->len)
		return NULL;
	if (!shape)
		shape = strchr("{[\"", answer->body[strspn(answer->body, " \t\r\n")]) ? HT_JSON : HT_TEXT;
	return ht_tree(shape, shape == HT_JSON ? NULL : charset, type, answer->body, answer->len, &err);
}

/* Where helpdesks say what is wrong, as far as that is a short text. */
static char *said(struct json_object *tree)
{
	static const char *const places[] = {
		"message", "error", "error.message", "error.detail", "errors[0]", "errors[0].message", "errors[0].detail", "[0]",
		"description", "detail", "error_description", "errorMessage", "errorMessages[0]", NULL
	};
	struct ht_scope scope = { .root = tree };

	for (const char *const *place = places; tree && *place; place++) {
		g_autofree char *why = NULL;
		g_autoptr(ht_path) path = ht_path_new(*place, FALSE, &why);
		g_autofree char *text = path ? ht_path_text(path, &scope) : NULL;

		if (text && *text && hg_text_printable(text))
			return hg_text_valid(text, -1, SAID_MAX);
	}
	return NULL;
}

static char *why_not(const struct hg_desk_answer *answer, const struct hg_desk_rule *rule, const struct ht_scope *scope)
{
	g_autofree char *picked = rule && rule->text ? ht_pick_text(rule->text, scope) : NULL;
	g_autofree char *text = picked ? hg_text_valid(picked, -1, SAID_MAX) : said(scope->root);
	const char *more = answer->status >= 300 && answer->status < 400 ? " (redirects are not followed)" : "";

	return g_strdup_printf("answered %d%s%s%s", answer->status, more, text ? ": " : "", text ? text : "");
}

/* Seconds, or a time. */
static gint64 wait_of(const struct hg_desk_answer *answer, const struct hg_desk_rule *rule, const struct ht_scope *scope)
{
	g_autofree char *text = rule && rule->retry_after ? ht_pick_text(rule->retry_after, scope) : NULL;
	gint64 at;
	guint64 seconds;

	if (!text)
		return MAX(answer->retry_ms, 0);
	if (g_ascii_string_to_unsigned(text, 10, 0, WAIT_MAX_S, &seconds, NULL))
		return (gint64)seconds * 1000;
	at = ht_pick_time(rule->retry_after, scope);
	return at > scope->now_ms ? at - scope->now_ms : 0;
}

/* What says "later" (429) has done nothing; what failed on the way may have. */
static gboolean may_be_done(const hg_desk_call *call, int status)
{
	return !call->step->safe && (status >= 500 || status == 408);
}

/* len counts bytes that were saved, and they are not in body. */
static gboolean is_saved(const hg_desk_call *call, const struct hg_desk_answer *answer)
{
	return call->task->save_fd > 0 && answer->status / 100 == 2;
}

static void judge(hg_desk_call *call, const struct hg_desk_answer *answer)
{
	const struct hg_desk_task *task = call->task;
	gboolean saved = is_saved(call, answer);
	g_autoptr(json_object) tree = answer->code == HG_CLIENT_OK && !saved ? tree_of(answer) : NULL;
	g_autofree char *body = ht_utf8(NULL, answer->body, saved ? 0 : answer->len, NULL), *text = NULL;
	struct ht_scope scope = scope_of(call);
	const struct hg_desk_rule *rule = NULL;
	struct hg_desk_ended judged = { .status = answer->status };

	scope.given = call->root;
	scope.root = tree;
	scope.header = header_of;
	scope.from = answer;
	scope.body = body;
	scope.len = strlen(body);
	scope.status = answer->status;
	judged.word = hg_desk_judge(task->desk, task->op, call->step, &scope, &rule);
	if (judged.word == HG_DESK_RETRY) {
		judged.retry_ms = wait_of(answer, rule, &scope);
		judged.doubt = may_be_done(call, answer->status);
	}
	if (judged.word != HG_DESK_DONE && judged.word != HG_DESK_ADOPT)
		judged.text = text = why_not(answer, rule, &scope);
	judged.type = header_of(answer, "Content-Type");
	judged.saved = task->save_fd > 0 ? answer->len : 0;
	end(call, &judged, &scope);
}

/* Files lie elsewhere, often: the address is another then, and what is said there too. */
static gboolean follow(hg_desk_call *call, const struct hg_desk_answer *answer)
{
	const char *to = answer->status >= 300 && answer->status < 400 ? header_of(answer, "Location") : NULL;
	g_autofree char *from = g_strdup(call->url);

	if (!call->step->own_url || !to || call->hops++ >= HOPS_MAX || !set_url(call, from, to))
		return FALSE;
	hg_desk_call_go(call);
	return TRUE;
}

/* A file that is too big is not there in part, and an address nobody may reach will not be another next time. */
static gboolean is_no_file(const hg_desk_call *call, const struct hg_desk_answer *answer)
{
	return call->task->save_fd > 0 &&
	       (answer->code == HG_CLIENT_BIG || (answer->code == HG_CLIENT_BLOCKED && call->step->own_url));
}

static void answered(void *arg, const struct hg_desk_answer *answer)
{
	hg_desk_call *call = arg;

	call->flies = FALSE;
	if (is_no_file(call, answer)) {
		end_wrong(call, answer->error);
	} else if (answer->code == HG_CLIENT_OK || answer->code == HG_CLIENT_REDIRECT ||
	    (answer->code == HG_CLIENT_BIG && answer->status)) {
		if (!follow(call, answer))
			judge(call, answer);
	} else if (answer->code == HG_CLIENT_CALL) {
		end_wrong(call, answer->error);
	} else {
		end(call, &(struct hg_desk_ended){ .word = HG_DESK_RETRY, .status = answer->status, .text = answer->error,
						   .unsent = answer->code == HG_CLIENT_CANCELLED && !answer->sent,
						   .doubt = answer->sent && !call->step->safe }, NULL);
	}
}
