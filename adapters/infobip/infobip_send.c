/* infobip_send.c - one message goes out, what the answer means, and whether it was sent at all
 *
 * Our key is the message's id and its callbackData: reports carry both, the log can be asked for it, and a second
 * message with it is refused as a duplicate, which says that the first one was taken. */
#include <string.h>

#include "api_url.h"
#include "infobip.h"
#include "infobip_codes.h"
#include "json.h"
#include "params.h"

static const char in_doubt[] = "It may have arrived.  If a delivery report comes, headgate settles it; else ask the "
	"customer, or send it again by hand.";

struct sending {
	struct infobip *ib;
	struct hg_gather gather;	/* texts, and what is to be told beside the result */
	uint64_t ticket;
	const char *key, *to, *from;	/* in the arena */
};

char *infobip_auth(const struct infobip_conf *conf)
{
	return g_strdup_printf("Authorization: App %s", conf->api_key);
}

static struct sending *sending_new(struct infobip *ib, const struct hg_out *out)
{
	struct sending *s = g_new0(struct sending, 1);

	s->ib = ib;
	s->ticket = out->ticket;
	hg_gather_init(&s->gather, ib->host, ib->ch);
	s->key = hg_gather_str(&s->gather, out->key ? out->key : "");
	s->to = hg_gather_str(&s->gather, out->to);
	s->from = hg_gather_str(&s->gather, out->from);
	return s;
}

/* answer NULL: the provider was not asked. */
static void finish(struct sending *s, const struct hg_http_answer *answer, struct hg_result *result)
{
	if (answer)
		hg_health_result(&s->ib->well, answer, result);
	s->ib->host->sent(s->ib->ch, s->ticket, result);
	hg_gather_tell(&s->gather);
	hg_gather_done(&s->gather);
	g_free(s);
}

static struct json_object *parse(struct sending *s, const struct hg_http_answer *answer)
{
	struct hg_err err = { 0 };

	return answer->status ? s->ib->host->json(answer->len ? answer->body : "", answer->len, &err) : NULL;
}

/* ---- what came of it ---- */

static gboolean is_taken(const char *group)
{
	return strcmp(group, "PENDING") == 0 || strcmp(group, "ACCEPTED") == 0 || strcmp(group, "DELIVERED") == 0 ||
	       strcmp(group, "OK") == 0;
}

static void refused(struct sending *s, struct json_object *status, struct hg_result *ret)
{
	int code = (int)CLAMP(hg_json_number(status, "id", 0), 0, 99999);
	const struct hg_verdict *row = hg_verdict_find(infobip_statuses, code);
	const char *name = hg_json_word(status, "name"), *words = hg_json_word(status, "description");

	ret->fate = HG_FAILED;
	ret->advice = "Infobip refused this message for the reason it gives.";
	if (row)
		hg_verdict_put(row, ret);
	ret->code = code;
	ret->text = hg_gather_fmt(&s->gather, "%.80s%s%.200s", name ? name : "rejected", words ? ": " : "", words ? words : "");
	if (row && row->consent)
		hg_gather_stopped(&s->gather, s->to, s->from, s->key, code, ret->text);
}

static void read_status(struct sending *s, struct json_object *message, struct hg_result *ret)
{
	struct json_object *status = hg_json_obj(message, "status");
	const char *group = hg_json_word(status, "groupName"), *id = hg_json_word(message, "messageId");

	ret->id = hg_gather_str(&s->gather, id ? id : s->key);
	if (hg_json_number(status, "id", 0) == INFOBIP_DUPLICATE_ID) {
		ret->fate = HG_SENT;		/* by the attempt before this one */
		ret->id = s->key;
	} else if (!group || is_taken(group)) {
		ret->fate = HG_SENT;
	} else {
		refused(s, status, ret);
	}
}

/* {"errorCode", "description", "violations"}, or the older {"requestError": {"serviceException": {...}}} */
static const char *words_of(struct sending *s, const struct hg_http_answer *answer, struct json_object *root)
{
	struct json_object *old = hg_json_obj(hg_json_obj(root, "requestError"), "serviceException");
	const char *words = hg_json_word(root, "description"), *code = hg_json_word(root, "errorCode");
	struct json_object *violations = hg_json_arr(root, "violations");
	struct json_object *first = violations ? json_object_array_get_idx(violations, 0) : NULL;

	if (!words)
		words = hg_json_word(old, "text");
	if (hg_json_word(first, "violation"))
		words = hg_json_word(first, "violation");
	return hg_gather_fmt(&s->gather, "HTTP %d: %.40s%s%.200s", answer->status, code ? code : "", code ? ": " : "",
			     words ? words : "no reason given");
}

static void answered(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	struct hg_result result = { .size = sizeof(result) };
	struct json_object *root = parse(s, answer), *messages = hg_json_arr(root, "messages");

	hg_verdict_http(answer, &result);
	if (answer->status / 100 != 2) {
		result.text = answer->status ? words_of(s, answer, root) : result.text;
	} else if (messages && json_object_array_length(messages)) {
		read_status(s, json_object_array_get_idx(messages, 0), &result);
	} else {
		result.fate = HG_AMBIGUOUS;
		result.text = "Infobip's answer cannot be read";
		result.advice = in_doubt;
	}
	finish(s, answer, &result);
	json_object_put(root);
}

/* ---- out ---- */

static void put_webhooks(GString *json, const struct sending *s)
{
	hg_json_key(json, "webhooks");
	hg_json_open(json, '{');
	if (s->ib->conf->status_url) {
		hg_json_key(json, "delivery");
		hg_json_open(json, '{');
		hg_json_add_str(json, "url", s->ib->conf->status_url);
		hg_json_add_bool(json, "intermediateReport", TRUE);
		hg_json_close(json, '}');
		hg_json_add_str(json, "contentType", "application/json");
	}
	hg_json_add_str(json, "callbackData", s->key);
	hg_json_close(json, '}');
}

/* Infobip, "Send SMS messages" (3): one message to one destination. */
static GString *body_of(const struct sending *s, struct json_object *planned)
{
	GString *json = g_string_new(NULL);

	hg_json_open(json, '{');
	hg_json_key(json, "messages");
	hg_json_open(json, '[');
	hg_json_open(json, '{');
	hg_json_add_str(json, "sender", hg_json_str(planned, "sender"));
	hg_json_key(json, "destinations");
	hg_json_open(json, '[');
	hg_json_open(json, '{');
	hg_json_add_str(json, "to", hg_json_str(planned, "to"));
	hg_json_add_str(json, "messageId", s->key);
	hg_json_close(json, '}');
	hg_json_close(json, ']');
	hg_json_key(json, "content");
	hg_json_open(json, '{');
	hg_json_add_str(json, "text", hg_json_str(planned, "text"));
	hg_json_close(json, '}');
	put_webhooks(json, s);
	hg_json_close(json, '}');
	hg_json_close(json, ']');
	hg_json_close(json, '}');
	return json;
}

static void call(struct sending *s, const char *method, const char *path, const GString *body, hg_http_done_fn *done)
{
	g_autofree char *url = hg_api_url(s->ib->conf->base_url, path), *auth = infobip_auth(s->ib->conf);
	const char *headers[] = { auth, "Accept: application/json", body ? "Content-Type: application/json" : NULL, NULL };
	struct hg_http_call http = {
		.size = sizeof(http), .method = method, .url = url, .headers = headers, .body = body ? body->str : NULL,
		.len = body ? body->len : 0, .timeout_ms = s->ib->conf->timeout,
	};

	s->ib->host->http(s->ib->ch, &http, done, s);
}

void infobip_send(void *state, const struct hg_out *out)
{
	struct sending *s = sending_new(state, out);
	struct hg_result none = { .size = sizeof(none), .fate = HG_FAILED, .text = "the body of this part cannot be read" };
	struct hg_err err = { 0 };
	g_autoptr(json_object) planned = s->ib->host->json(out->len ? out->body : "", out->len, &err);
	g_autoptr(GString) body = hg_json_str(planned, "to") ? body_of(s, planned) : NULL;

	if (body)
		call(s, "POST", "sms/3/messages", body, answered);
	else
		finish(s, NULL, &none);
}

/* ---- was it sent? ---- */

static void told(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	struct hg_result result = { .size = sizeof(result), .fate = HG_AMBIGUOUS, .advice = in_doubt };
	struct json_object *root = answer->status == 200 ? parse(s, answer) : NULL, *results = hg_json_arr(root, "results");

	if (results && json_object_array_length(results)) {
		read_status(s, json_object_array_get_idx(results, 0), &result);
		if (result.fate == HG_RETRY)	/* refused then, for a while */
			result.retry_ms = 0;
	} else if (results) {
		result.fate = HG_RETRY;
		result.text = "Infobip's log has no such message";
	}
	s->ib->host->sent(s->ib->ch, s->ticket, &result);
	hg_gather_tell(&s->gather);
	hg_gather_done(&s->gather);
	g_free(s);
	json_object_put(root);
}

/* Infobip, "Get SMS message logs" (3): of the last 48 hours, by our id. */
void infobip_ask(void *state, const struct hg_out *out)
{
	struct sending *s = sending_new(state, out);
	g_autoptr(GString) path = g_string_new("sms/3/logs?");

	hg_params_add(path, "messageId", s->key);
	call(s, "GET", path->str, NULL, told);
}

/* ---- in trouble ---- */

static void looked(void *arg, const struct hg_http_answer *answer)
{
	struct infobip *ib = arg;

	if (answer->status == 401)
		hg_health_down(&ib->well, HG_ERR_DENIED, 401, "Infobip does not accept api_key: make a new one in the portal");
	else if (answer->status)
		hg_health_works(&ib->well);	/* if it was anything else, the next message says so */
}

void infobip_look(void *state)
{
	struct infobip *ib = state;
	g_autofree char *url = hg_api_url(ib->conf->base_url, "account/1/balance"), *auth = infobip_auth(ib->conf);
	const char *headers[] = { auth, "Accept: application/json", NULL };
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .url = url, .headers = headers, .timeout_ms = ib->conf->timeout,
	};

	hg_health_looking(&ib->well);
	ib->host->http(ib->ch, &get, looked, ib);
}
