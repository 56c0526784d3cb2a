/* vonage_hook.c - Vonage's requests: are they genuine, and which reader is for them
 *
 * Vonage repeats a webhook for 24 hours when it is answered 429 or 5xx, and never after another 4xx.  So what is
 * refused is answered 503: a secret that was set wrong loses nothing when it is mended within a day, and after a
 * webhook without a token a signed one follows. */
#include <string.h>

#include "json.h"
#include "proof.h"
#include "vonage_read.h"
#include "vonage_trust.h"

static const char compare[] = "webhooks are refused: compare signature and signature_secret (or url_token) with Vonage's "
	"dashboard; Vonage repeats them for 24 hours";

static void refuse(struct vonage *v, const char *word, const char *why, struct hg_http_rep *rep)
{
	hg_health_forged(&v->well, word, compare);
	rep->status = 503;
	rep->type = "text/plain; charset=utf-8";
	rep->body = why;
	rep->len = strlen(why);
}

static bool token_ok(const struct vonage_conf *conf, const struct hg_http_req *req)
{
	return !conf->url_token || hg_secret_is(conf->url_token, req->query(req, "token"));
}

/* ---- the SMS API ---- */

const char *vonage_field(const struct vonage_fields *fields, const char *name)
{
	const char *value = fields->json ? hg_json_word(fields->json, name) : hg_params_get(fields->params, name);

	return value && *value ? value : NULL;
}

static void add_pair(GArray *pairs, const char *name, const char *value)
{
	struct hg_pair pair = { name, value };

	g_array_append_val(pairs, pair);
}

/* The token of the callback URL is ours, and no part of what Vonage signs. */
static gboolean is_url_token(const struct vonage_conf *conf, const char *name)
{
	return conf->url_token && strcmp(name, "token") == 0;
}

/* FALSE: a NUL is in it, behind which nothing would be looked at. */
static gboolean params_to_pairs(const struct vonage_conf *conf, const hg_params *params, GArray *pairs)
{
	for (gsize i = 0; i < hg_params_len(params); i++) {
		const struct hg_param *param = hg_params_at(params, i);

		if (strlen(param->name_bytes) != param->name_len || strlen(param->value_bytes) != param->value_len)
			return FALSE;
		if (!is_url_token(conf, param->name))
			add_pair(pairs, param->name_bytes, param->value_bytes);
	}
	return TRUE;
}

static GArray *pairs_of(const struct vonage_conf *conf, const struct vonage_fields *fields)
{
	g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));

	if (!fields->json)
		return params_to_pairs(conf, fields->params, pairs) ? g_steal_pointer(&pairs) : NULL;
	json_object_object_foreach(fields->json, name, value)
		add_pair(pairs, name, value ? json_object_get_string(value) : "");
	return g_steal_pointer(&pairs);
}

static const char *query_as_json(const struct vonage_conf *conf, struct hg_gather *gather, const hg_params *params)
{
	g_autoptr(json_object) obj = json_object_new_object();

	for (gsize i = 0; i < hg_params_len(params); i++) {
		const struct hg_param *param = hg_params_at(params, i);

		if (!is_url_token(conf, param->name))
			json_object_object_add(obj, param->name, json_object_new_string(param->value));
	}
	return hg_gather_json(gather, obj);
}

static gboolean looks_like_json(const struct hg_http_req *req)
{
	const char *body = req->body;

	for (gsize i = 0; i < req->len; i++)
		if (!g_ascii_isspace(body[i]))
			return body[i] == '{';
	return FALSE;
}

static void read_fields(struct vonage *v, struct hg_gather *gather, const struct hg_http_req *req,
			struct vonage_fields *ret)
{
	struct hg_err err = { 0 };

	*ret = (struct vonage_fields){ .raw = req->body, .len = req->len };
	if (looks_like_json(req)) {
		ret->json = v->host->json(req->body, req->len, &err);
		if (!json_object_is_type(ret->json, json_type_object))
			g_clear_pointer(&ret->json, json_object_put);
	} else if (req->len) {
		ret->params = hg_params_parse(req->body, req->len, NULL);
	} else {
		ret->params = hg_params_query(req->target);
		ret->raw = query_as_json(v->conf, gather, ret->params);
		ret->len = strlen(ret->raw);
	}
}

static const char *fields_wrong(struct vonage *v, const struct vonage_fields *fields)
{
	g_autoptr(GArray) pairs = NULL;

	if (strcmp(v->conf->signature, "off") == 0)
		return NULL;
	if (!fields->json && !fields->params)
		return "there are no parameters";
	pairs = pairs_of(v->conf, fields);
	if (!pairs)
		return "a parameter has a NUL in it";
	return vonage_pairs_wrong(v->conf, (const struct hg_pair *)(void *)pairs->data, pairs->len,
				  v->host->now_ms(v->ch) / 1000);
}

/* Whoever saves a callback URL in the dashboard has it looked at first, with nothing in it. */
static gboolean is_empty(const struct vonage_conf *conf, const struct hg_http_req *req)
{
	g_autoptr(hg_params) params = hg_params_query(req->target);

	return !req->len && (!hg_params_len(params) ||
			     (hg_params_len(params) == 1 && is_url_token(conf, hg_params_at(params, 0)->name)));
}

static void take_sms(struct vonage *v, struct hg_gather *gather, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct vonage_fields fields;
	const char *why;

	if (is_empty(v->conf, req)) {
		rep->status = 200;
		return;
	}
	read_fields(v, gather, req, &fields);
	why = fields_wrong(v, &fields);
	if (why) {
		refuse(v, "signature_refused", why, rep);
	} else {
		hg_health_genuine(&v->well);
		vonage_read_sms(v, gather, &fields);
		hg_gather_emit(gather, fields.raw, fields.len, rep);
	}
	hg_params_free(fields.params);
	json_object_put(fields.json);
}

/* ---- the Messages API ---- */

static const char *body_wrong(struct vonage *v, const struct hg_http_req *req, const char **ret_word)
{
	gboolean bare = FALSE;
	const char *why;

	if (strcmp(v->conf->signature, "off") == 0)
		return NULL;
	why = vonage_token_wrong(v->conf, req->header(req, "Authorization"), req->body, req->len,
				 v->host->now_ms(v->ch) / 1000, &bare);
	*ret_word = bare ? "unsigned_refused" : "signature_refused";
	return why;
}

static void take_messages(struct vonage *v, struct hg_gather *gather, const struct hg_http_req *req,
			  struct hg_http_rep *rep)
{
	const char *word = "signature_refused", *why = body_wrong(v, req, &word);
	struct json_object *root;
	struct hg_err err = { 0 };

	if (why) {
		refuse(v, word, why, rep);
		return;
	}
	hg_health_genuine(&v->well);
	root = v->host->json(req->len ? req->body : "", req->len, &err);
	vonage_read_messages(v, gather, root, req->body, req->len);
	hg_gather_emit(gather, req->body, req->len, rep);
	json_object_put(root);
}

void vonage_hook(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct vonage *v = state;
	struct hg_gather gather;

	if (!token_ok(v->conf, req)) {
		refuse(v, "token_refused", "the URL's token is not the one of this channel", rep);
		return;
	}
	hg_gather_init(&gather, v->host, v->ch);
	if (vonage_is_messages(v->conf))
		take_messages(v, &gather, req, rep);
	else
		take_sms(v, &gather, req, rep);
	hg_gather_done(&gather);
}
