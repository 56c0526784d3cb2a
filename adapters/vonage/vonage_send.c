/* vonage_send.c - one part goes out, and what the answer means
 *
 * The SMS API answers 200 whatever it did: status in each of messages[] decides.  Neither API has an idempotency
 * key, but both return our reference in every receipt, which settles what was in doubt. */
#include <string.h>

#include "api_url.h"
#include "gather.h"
#include "json.h"
#include "params.h"
#include "proof.h"
#include "text.h"
#include "vonage_codes.h"
#include "vonage_read.h"
#include "vonage_trust.h"

#define TOKEN_S	     900		/* how long a token of ours is good */
#define WAIT_MIN_MS  100
#define WAIT_MAX_MS  60000

static const char in_doubt[] = "It may have arrived.  If a delivery receipt comes, headgate settles it; else ask the "
	"customer, or send it again by hand.";

struct sending {
	struct vonage *v;
	struct hg_gather gather;	/* texts, and what is to be told beside the result */
	uint64_t ticket;
	const char *key, *to, *from;	/* in the arena */
};

/* ---- credentials ---- */

char *vonage_basic(const struct vonage_conf *conf)
{
	g_autofree char *both = NULL, *code = NULL;

	if (!conf->api_secret || !*conf->api_secret)
		return NULL;
	both = g_strdup_printf("%s:%s", conf->api_key, conf->api_secret);
	code = g_base64_encode((const guchar *)both, strlen(both));
	return g_strdup_printf("Authorization: Basic %s", code);
}

static char *bearer(const struct vonage *v, const char *what_varies)
{
	gint64 now_s = v->host->now_ms(v->ch) / 1000;
	g_autofree char *seed = g_strdup_printf("%s/%s/%" G_GINT64_FORMAT, v->conf->application_id, what_varies,
						v->host->now_ms(v->ch));
	g_autoptr(GBytes) hash = hg_digest(HG_SHA256, seed, strlen(seed));
	g_autofree char *id = hg_hex(g_bytes_get_data(hash, NULL), 16), *token = NULL;
	g_autoptr(json_object) claims = json_object_new_object();

	json_object_object_add(claims, "application_id", json_object_new_string(v->conf->application_id));
	json_object_object_add(claims, "iat", json_object_new_int64(now_s));
	json_object_object_add(claims, "exp", json_object_new_int64(now_s + TOKEN_S));
	json_object_object_add(claims, "jti", json_object_new_string(id));
	token = hg_jwt_make(claims, "RS256", v->conf->private_key, strlen(v->conf->private_key));
	return token ? g_strdup_printf("Authorization: Bearer %s", token) : NULL;
}

char *vonage_auth(const struct vonage *v, const char *what_varies)
{
	return v->conf->private_key && *v->conf->private_key ? bearer(v, what_varies) : vonage_basic(v->conf);
}

/* Vonage, "Signing messages": timestamp and api_key are signed like all else. */
static void sign_form(const struct sending *s, GString *form)
{
	g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, s->v->host->now_ms(s->v->ch) / 1000);
	g_autoptr(hg_params) params = NULL;
	g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));
	g_autofree char *text = NULL, *sig = NULL;

	hg_params_add(form, "timestamp", now);
	params = hg_params_parse(form->str, form->len, NULL);
	for (gsize i = 0; i < hg_params_len(params); i++) {
		struct hg_pair pair = { hg_params_at(params, i)->name, hg_params_at(params, i)->value };

		g_array_append_val(pairs, pair);
	}
	text = hg_pairs_text((const struct hg_pair *)(void *)pairs->data, pairs->len);
	sig = text ? hg_pairs_sign(s->v->conf->signature, s->v->conf->signature_secret[0], text) : NULL;
	hg_params_add(form, "sig", sig ? sig : "");
}

static GString *whole_form(const struct sending *s, const struct hg_out *out)
{
	GString *form = g_string_new_len(out->body, (gssize)out->len);

	hg_params_add(form, "client-ref", s->key);
	hg_params_add(form, "api_key", s->v->conf->api_key);
	if (s->v->conf->sign_requests)
		sign_form(s, form);
	else
		hg_params_add(form, "api_secret", s->v->conf->api_secret);
	return form;
}

/* ---- what came of it ---- */

/* answer NULL: the provider was not asked. */
static void finish(struct sending *s, const struct hg_http_answer *answer, struct hg_result *result)
{
	if (answer)
		hg_health_result(&s->v->well, answer, result);
	s->v->host->sent(s->v->ch, s->ticket, result);
	hg_gather_tell(&s->gather);
	hg_gather_done(&s->gather);
	g_free(s);
}

static void apply(struct sending *s, const struct hg_verdict *row, int code, const char *words, struct hg_result *ret)
{
	ret->code = code;
	ret->text = words;
	if (!row) {
		ret->fate = HG_FAILED;
		ret->reach = HG_REACH_MESSAGE;
		ret->advice = "Vonage refused this message for the reason it gives.";
		return;
	}
	hg_verdict_put(row, ret);
	if (row->consent)
		hg_gather_stopped(&s->gather, s->to, s->from, s->key, code, words);
}

/* "Throughput Rate Exceeded - please wait [ 250 ] and retry": milliseconds; 0: it does not say. */
static gint64 wait_of(const char *words)
{
	const char *at = words ? strstr(words, "wait [") : NULL;
	guint64 ms = at ? g_ascii_strtoull(at + strlen("wait ["), NULL, 10) : 0;

	return ms ? (gint64)CLAMP(ms, WAIT_MIN_MS, WAIT_MAX_MS) : 0;
}

static void refused_sms(struct sending *s, struct json_object *message, gsize before, struct hg_result *ret)
{
	const char *status = hg_json_word(message, "status"), *words = hg_json_word(message, "error-text");
	int code = (int)CLAMP(hg_number_of(status, 0), 0, 9999);

	words = hg_gather_fmt(&s->gather, "%.300s", words ? words : "no reason given");
	if (before) {		/* the segments before it are on their way: it must not go out again */
		apply(s, NULL, code, hg_gather_fmt(&s->gather, "only the first %zu segments were sent: %s", before, words), ret);
		return;
	}
	apply(s, hg_verdict_find(vonage_sms_statuses, code), code, words, ret);
	if (ret->fate == HG_RETRY && code == 1)
		ret->retry_ms = wait_of(words);
}

/* Each segment has an entry of its own, with an id that receipts name. */
static void read_sms(struct sending *s, struct json_object *messages, struct hg_result *ret)
{
	gsize n = json_object_array_length(messages);
	const char **also = hg_arena_alloc(s->gather.arena, (n + 1) * sizeof(*also));

	for (gsize i = 0; i < n; i++) {
		struct json_object *message = json_object_array_get_idx(messages, i);
		const char *status = hg_json_word(message, "status"), *id = hg_json_word(message, "message-id");

		if (!status || strcmp(status, "0") != 0) {
			refused_sms(s, message, i, ret);
			return;
		}
		if (!i)
			ret->id = hg_gather_str(&s->gather, id);
		else if (id)
			also[i - 1] = hg_gather_str(&s->gather, id);
	}
	ret->fate = HG_SENT;
	ret->also = n > 1 ? also : NULL;
}

static void doubt(struct hg_result *ret, const char *words)
{
	ret->fate = HG_AMBIGUOUS;
	ret->text = words;
	ret->advice = in_doubt;
}

static void answered_sms(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	struct hg_result result = { .size = sizeof(result) };
	struct hg_err err = { 0 };
	struct json_object *root = answer->status ? s->v->host->json(answer->len ? answer->body : "", answer->len, &err) : NULL;
	struct json_object *messages = hg_json_arr(root, "messages");

	if (messages && json_object_array_length(messages))
		read_sms(s, messages, &result);
	else if (answer->status / 100 == 2)
		doubt(&result, "Vonage's answer cannot be read");
	else
		hg_verdict_http(answer, &result);
	finish(s, answer, &result);
	json_object_put(root);
}

static void refused_message(struct sending *s, const struct hg_http_answer *answer, struct json_object *root,
			    struct hg_result *ret)
{
	int code = vonage_error_code(root);
	const struct hg_verdict *row = hg_verdict_find(vonage_messages_errors, code);
	const char *detail = hg_json_word(root, "detail"), *title = hg_json_word(root, "title");

	hg_verdict_http(answer, ret);
	if (row && answer->status < 500)
		apply(s, row, code, NULL, ret);
	else if (answer->status == 402)		/* "Low balance" */
		apply(s, hg_verdict_find(vonage_messages_errors, 1070), 402, NULL, ret);
	if (answer->status)
		ret->text = hg_gather_fmt(&s->gather, "HTTP %d: %.200s", answer->status,
					  detail ? detail : title ? title : "no reason given");
	if (ret->fate == HG_RETRY && !ret->retry_ms)
		ret->retry_ms = hg_verdict_after(answer);
}

static void answered_message(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	struct hg_result result = { .size = sizeof(result) };
	struct hg_err err = { 0 };
	struct json_object *root = answer->status ? s->v->host->json(answer->len ? answer->body : "", answer->len, &err) : NULL;

	result.id = hg_json_word(root, "message_uuid");
	if (answer->status / 100 == 2 && !result.id)
		doubt(&result, "Vonage's answer names no message_uuid");
	else if (answer->status / 100 != 2)
		refused_message(s, answer, root, &result);
	finish(s, answer, &result);
	json_object_put(root);
}

/* ---- in trouble ---- */

static void looked(void *arg, const struct hg_http_answer *answer)
{
	struct vonage *v = arg;

	if (answer->status == 401)
		hg_health_down(&v->well, HG_ERR_DENIED, 401, "Vonage does not accept api_key and api_secret: compare them "
			       "with the dashboard");
	else if (answer->status)
		hg_health_works(&v->well);	/* if it was anything else, the next message says so */
}

/* The balance of the account (Vonage, Account API): the one thing that can be asked for with the secret alone. */
void vonage_look(void *state)
{
	struct vonage *v = state;
	g_autofree char *auth = vonage_basic(v->conf), *url = hg_api_url(v->conf->sms_url, "account/get-balance");
	const char *headers[] = { "Accept: application/json", auth, NULL };
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .url = url, .headers = headers, .timeout_ms = v->conf->timeout,
	};

	hg_health_looking(&v->well);
	if (auth)
		v->host->http(v->ch, &get, looked, v);
	else
		hg_health_works(&v->well);
}

/* ---- out ---- */

static void post(struct sending *s, const char *base, const char *path, const char *const *headers, const GString *body,
		 hg_http_done_fn *done)
{
	g_autofree char *url = hg_api_url(base, path);
	struct hg_http_call call = {
		.size = sizeof(call), .method = "POST", .url = url, .headers = headers, .body = body->str, .len = body->len,
		.timeout_ms = s->v->conf->timeout,
	};

	s->v->host->http(s->v->ch, &call, done, s);
}

static void post_sms(struct sending *s, const struct hg_out *out)
{
	static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json",
					       NULL };
	g_autoptr(GString) form = whole_form(s, out);

	post(s, s->v->conf->sms_url, "sms/json", headers, form, answered_sms);
}

static void post_message(struct sending *s, const struct hg_out *out)
{
	g_autofree char *auth = vonage_auth(s->v, s->key);
	const char *headers[] = { "Content-Type: application/json", "Accept: application/json", auth, NULL };
	g_autoptr(GString) json = g_string_new_len(out->body, (gssize)out->len);

	g_string_truncate(json, json->len - 1);		/* the brace at its end comes again behind our reference */
	hg_json_add_str(json, "client_ref", s->key);
	hg_json_close(json, '}');
	post(s, s->v->conf->api_url, "v1/messages", headers, json, answered_message);
}

static void fail(struct sending *s, const char *words)
{
	struct hg_result result = { .size = sizeof(result), .fate = HG_FAILED, .text = words };

	finish(s, NULL, &result);
}

void vonage_send(void *state, const struct hg_out *out)
{
	struct sending *s = g_new0(struct sending, 1);
	gboolean json = out->len && *(const char *)out->body == '{';

	s->v = state;
	s->ticket = out->ticket;
	hg_gather_init(&s->gather, s->v->host, s->v->ch);
	s->key = hg_gather_str(&s->gather, out->key ? out->key : "");
	s->to = hg_gather_str(&s->gather, out->to);
	s->from = hg_gather_str(&s->gather, out->from);
	if (!out->len)
		fail(s, "this part has no body");
	else if (json != vonage_is_messages(s->v->conf))
		fail(s, "it was made for the other API of Vonage, which this channel used then");
	else if (json)
		post_message(s, out);
	else
		post_sms(s, out);
}
