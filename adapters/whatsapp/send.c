/* send.c - one planned part goes to the provider: a file first by upload, then the message */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "errors.h"
#include "learn.h"
#include "pick.h"
#include "plan.h"
#include "send.h"

struct sending {			/* one call under way */
	struct whatsapp *wa;
	struct wa_pool *pool;		/* ours; all the strings below are in it */
	uint64_t ticket;		/* 0: nobody waits for the answer */
	const char *number, *to, *key;	/* key, to: or NULL */
	struct json_object *message;	/* ours; of an upload: what becomes the next body */
	const char *kind;		/* of an upload: "image" ... */
};

static struct sending *sending_new(struct whatsapp *wa, const struct hg_out *out)
{
	struct sending *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->wa = wa;
	s->pool = wa_pool_new();
	s->ticket = out->ticket;
	s->to = wa_dup(s->pool, out->to);
	s->key = wa_plan_is_fleeting(out->kind) ? NULL : wa_dup(s->pool, out->key);
	s->number = wa_dup(s->pool, wa_plan_number(wa->conf, out));
	return s;
}

/* Says what came of it, and ends it. */
static void finish(struct sending *s, const struct hg_result *result)
{
	if (s->ticket)
		s->wa->host->sent(s->wa->ch, s->ticket, result);
	json_object_put(s->message);
	wa_pool_free(s->pool);
	free(s);
}

static void fail(struct sending *s, const char *text, const char *advice)
{
	struct hg_result result = {
		.size = sizeof(result), .fate = HG_FAILED, .text = text, .advice = advice,
	};

	finish(s, &result);
}

static void call(struct sending *s, const char *path, struct hg_http_call *call, const char *type,
		 hg_http_done_fn *done)
{
	const char *headers[] = { wa_api_auth(s->pool, s->wa->conf), type, NULL };

	call->size = sizeof(*call);
	call->method = "POST";
	call->url = wa_api_url(s->pool, s->wa->conf, s->number, path);
	call->headers = headers;
	call->timeout_ms = s->wa->conf->timeout;
	s->wa->host->http(s->wa->ch, call, done, s);
}

/* ---- the message ---- */

static void learn(struct sending *s, const struct hg_http_answer *answer)
{
	struct hg_err err = { 0 };
	struct json_object *root = s->wa->host->json(answer->body, answer->len, &err);

	wa_learn(s->wa, s->number, s->to, wa_first(root, "contacts"));
	json_object_put(root);
}

static void posted(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	struct hg_result result;

	wa_result_read(s->pool, s->wa, answer, false, &result);
	if (s->to && strchr(s->to, ':')) {
		if (result.fate == HG_SENT && result.id)
			learn(s, answer);
		if (result.code == WA_OPTED_OUT)
			wa_learn_opt_out(s->wa, s->number, s->to, s->key, result.text);
	}
	finish(s, &result);
}

/* Our key must be in what is sent, or no status could settle an ambiguous attempt: it is put there
 * when the body was planned under another. */
static bool has_key(const struct sending *s, struct json_object *message)
{
	const char *planned = wa_str(message, "biz_opaque_callback_data");

	return !s->key || (planned && !strcmp(planned, s->key));
}

static const char *with_key(struct sending *s, struct json_object *message)
{
	if (!has_key(s, message))
		json_object_object_add(message, "biz_opaque_callback_data", json_object_new_string(s->key));
	return wa_json(s->pool, message);
}

static void post(struct sending *s, const void *body, size_t len)
{
	struct hg_http_call post = { .body = body, .len = len };

	call(s, "messages", &post, "Content-Type: application/json", posted);
}

/* ---- a file before it ---- */

static void uploaded(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	struct hg_result result;
	struct hg_err err = { 0 };
	struct json_object *root = s->wa->host->json(answer->body ? answer->body : "", answer->len, &err);
	const char *id = wa_id(root, "id");

	if (answer->status >= 200 && answer->status < 300 && id) {
		json_object_object_add(wa_obj(s->message, s->kind), "id", json_object_new_string(id));
		result = (struct hg_result){ .size = sizeof(result), .fate = HG_STEP };
		result.body = with_key(s, s->message);
		result.len = strlen(result.body);
	} else
		wa_result_read(s->pool, s->wa, answer, true, &result);
	json_object_put(root);
	finish(s, &result);
}

/* The host hands over all files of the message, or only the one of this part. */
static const struct hg_file *part_file(const struct hg_out *out, int64_t index)
{
	size_t step = out->file_size ? out->file_size : sizeof(struct hg_file);
	size_t i = out->n_files == 1 ? 0 : (size_t)index;

	if (index < 0 || i >= out->n_files)
		return NULL;
	return (const void *)((const char *)out->files + i * step);
}

static void upload(struct sending *s, const struct hg_out *out, struct json_object *body)
{
	struct json_object *what = wa_obj(body, "upload");
	const struct hg_file *file = part_file(out, wa_int(what, "file", -1));
	const char *type = file && file->type ? file->type : "application/octet-stream";
	struct hg_http_part parts[] = {
		{ .name = "messaging_product", .value = "whatsapp" },
		{ .name = "type", .value = type },
		{ .name = "file", .type = type },
	};
	struct hg_http_call post = { .parts = parts, .n_parts = 3 };

	s->message = json_object_get(wa_obj(body, "message"));
	s->kind = wa_dup(s->pool, wa_text(what, "kind"));
	if (!file || !file->path || !s->kind || !wa_obj(s->message, s->kind)) {
		fail(s, "the file of this part is missing", "Attach the file again and send it once more.");
		return;
	}
	parts[2].path = file->path;
	parts[2].file_name = file->name && *file->name ? file->name : "file";
	call(s, "media", &post, NULL, uploaded);
}

/* ---- which of the two ---- */

static void send_body(struct sending *s, const struct hg_out *out)
{
	struct hg_err err = { 0 };
	struct json_object *body = s->wa->host->json(out->body, out->len, &err);
	const char *text;

	if (!body) {
		fail(s, "the body of this part is no JSON", NULL);
		return;
	}
	if (wa_obj(body, "upload")) {
		upload(s, out, body);
	} else if (has_key(s, body)) {
		post(s, out->body, out->len);	/* the very bytes that were committed */
	} else {
		text = with_key(s, body);
		post(s, text, strlen(text));
	}
	json_object_put(body);
}

/* READ and TYPING are not in the outbox: they come without a planned body. */
struct one_part {
	struct hg_plan plan;		/* first */
	struct sending *s;
	const char *body;
};

static void take_part(struct hg_plan *plan, const struct hg_part *part)
{
	struct one_part *one = (struct one_part *)plan;

	one->body = wa_dupn(one->s->pool, part->body, part->len);
}

static void send_fleeting(struct sending *s, const struct hg_out *out)
{
	struct one_part one = { .plan = { sizeof(one.plan), take_part }, .s = s };
	struct hg_err err = { 0 };

	if (wa_plan(s->wa->conf, out, &one.plan, &err) || !one.body)
		fail(s, wa_dup(s->pool, err.text), NULL);
	else
		post(s, one.body, strlen(one.body));
}

void wa_send(void *state, const struct hg_out *out)
{
	struct sending *s = sending_new(state, out);

	if (!s->number)
		fail(s, "the number that was written to is no longer listed under phone_number_id",
		     "Write to the customer in a new conversation.");
	else if (out->body && out->len)
		send_body(s, out);
	else if (wa_plan_is_fleeting(out->kind))
		send_fleeting(s, out);
	else
		fail(s, "this part has no body", NULL);
}
