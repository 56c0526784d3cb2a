/* http_send.c - parts go out: one request each, some at a time, with a token where one is needed */
#include "http_send.h"

#include <json-c/json.h>
#include <string.h>

#include "env.h"
#include "http_body.h"
#include "json.h"

#define TIMEOUT_MS 30000
#define PATIENCE_MS 20000	/* a part waits so long for those before it; then it comes again */
#define FIELDS_MAX 64

struct sending {
	ht_sender *sender;
	guint64 ticket;			/* 0: nobody waits for the answer */
	struct json_object *part;	/* ours */
	char *path;			/* of its file; or NULL */
	gint64 since_ms;		/* monotonic */
	gboolean renewed;		/* the token was refused once */
};

static void begin(struct sending *s);

static gint64 mono(void)
{
	return hg_mono(hg_env_system());
}

static void sending_free(struct sending *s)
{
	json_object_put(s->part);
	g_free(s->path);
	g_free(s);
}

/* ---- the end of one ---- */

static void next(ht_sender *sender)
{
	gint64 most = sender->desc->out && sender->desc->out->at_once ? sender->desc->out->at_once : G_MAXINT;

	while (sender->flying < most && !g_queue_is_empty(&sender->waiting))
		begin(g_queue_pop_head(&sender->waiting));
}

/* Says what came of it, and ends it. */
static void finish(struct sending *s, const struct hg_result *result)
{
	if (s->ticket)
		s->sender->host->sent(s->sender->ch, s->ticket, result);
	sending_free(s);
}

static void fail(struct sending *s, int fate, int reach, const char *text)
{
	struct hg_result result = { .size = sizeof(result), .fate = fate, .reach = reach, .text = text };

	finish(s, &result);
}

/* The provider knows that he wants no messages: so do we from now on. */
static void emit_opt_out(struct sending *s, const struct hg_result *result)
{
	struct hg_address from = { .uri = hg_json_str(s->part, "to"), .proof = HG_PROVEN };
	const char *key = hg_json_str(s->part, "key");
	g_autofree char *dedupe = g_strdup_printf("opt_out:%s", key ? key : from.uri);
	struct hg_in in = { .size = sizeof(in), .kind = HG_CONSENT, .text = "stop", .code = result->code,
			    .note = result->text, .dedupe = dedupe, .from = &from, .n_from = 1,
			    .to = hg_json_str(s->part, "from") };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };

	s->sender->host->emit(s->sender->ch, &batch, NULL, NULL);
}

static gboolean renew(struct sending *s, const struct hg_http_answer *answer)
{
	if (answer->status != 401 || !s->sender->desc->out->token_url || s->renewed || s->sender->stopping)
		return FALSE;
	s->renewed = TRUE;
	hg_token_forget(&s->sender->token);
	begin(s);
	return TRUE;
}

static void answered(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	ht_sender *sender = s->sender;
	g_auto(ht_judged) verdict = { 0 };

	sender->flying--;
	if (!renew(s, answer)) {
		ht_answer_read(sender->desc->out->answer, sender->desc, answer, &verdict);
		if (verdict.opted_out && !sender->stopping)
			emit_opt_out(s, &verdict.result);
		hg_health_result(sender->health, answer, &verdict.result);
		finish(s, &verdict.result);
	}
	next(sender);
}

/* ---- the call ---- */

static void put_fields(const GArray *fields, const struct sending *s, struct hg_http_part *ret)
{
	struct json_object *file = hg_json_obj(s->part, "file");

	for (guint i = 0; i < fields->len; i++) {
		const struct ht_field *field = &g_array_index(fields, struct ht_field, i);

		ret[i] = (struct hg_http_part){ .name = field->name, .value = field->value };
		if (!field->value) {
			ret[i].path = s->path;
			ret[i].file_name = hg_json_str(file, "name");
			ret[i].type = hg_json_str(file, "type");
		}
	}
}

static void call(struct sending *s, const struct ht_made *made)
{
	ht_sender *sender = s->sender;
	struct hg_http_part parts[FIELDS_MAX];
	struct hg_http_call call = {
		.size = sizeof(call), .method = made->method, .url = made->url->str,
		.headers = (const char *const *)made->headers->pdata, .body = made->body->str, .len = made->body->len,
		.timeout_ms = sender->conf->timeout ? sender->conf->timeout : TIMEOUT_MS,
	};

	if (made->fields) {
		put_fields(made->fields, s, parts);
		call.parts = parts;
		call.n_parts = made->fields->len;
	}
	sender->flying++;
	sender->host->http(sender->ch, &call, answered, s);
}

static void go(struct sending *s, const char *token)
{
	ht_sender *sender = s->sender;
	struct ht_say say = { .part = s->part, .token = token, .conf = sender->conf,
			      .now_ms = sender->host->now_ms(sender->ch) };
	const ht_request *request = ht_out_request(sender->desc->out, &say);
	g_auto(ht_made) made = { 0 };
	const char *why = request ? ht_say_make(request, &say, &made)
				  : "the channel's description has no request for this (any more)";

	if (!why && made.fields && made.fields->len > FIELDS_MAX)
		why = "the request has too many fields";
	if (why)
		fail(s, HG_FAILED, HG_REACH_MESSAGE, why);
	else
		call(s, &made);
}

static void token_came(void *arg, const char *bearer)
{
	struct sending *s = arg;
	ht_sender *sender = s->sender;
	const struct hg_token *token = &sender->token;

	sender->flying--;
	if (bearer) {
		go(s, bearer);
	} else if (token->dead.kind) {
		hg_health_down(sender->health, token->dead.kind, token->dead.code, token->dead.text);
		fail(s, HG_FAILED, HG_REACH_ACCOUNT, token->dead.text);
	} else
		fail(s, HG_RETRY, HG_REACH_CHANNEL, "the token endpoint does not answer as it should");
	next(sender);
}

/* Not with the token of another: each asks, and only the first one's question goes out. */
static void begin(struct sending *s)
{
	ht_sender *sender = s->sender;

	if (mono() - s->since_ms > PATIENCE_MS) {
		fail(s, HG_RETRY, HG_REACH_CHANNEL, "those before it took too long");
	} else if (!sender->desc->out->token_url) {
		go(s, NULL);
	} else {
		sender->flying++;
		hg_token_get(&sender->token, token_came, s);
	}
}

static const char *path_of(const struct hg_out *out, struct json_object *part)
{
	gint64 i = hg_json_int(hg_json_obj(part, "file"), "index", -1);
	gsize step = out->file_size ? out->file_size : sizeof(struct hg_file);

	if (i < 0 || (gsize)i >= out->n_files)
		return NULL;
	return ((const struct hg_file *)(const void *)((const char *)out->files + (gsize)i * step))->path;
}

void ht_sender_send(ht_sender *sender, const struct hg_out *out)
{
	struct sending *s = g_new0(struct sending, 1);

	s->sender = sender;
	s->ticket = out->ticket;
	s->since_ms = mono();
	s->part = sender->desc->out ? ht_part_read(sender->conf, out) : NULL;
	s->path = s->part ? g_strdup(path_of(out, s->part)) : NULL;
	if (!s->part) {
		fail(s, HG_FAILED, HG_REACH_MESSAGE, "this channel's description does not say how to send that");
	} else if (hg_json_obj(s->part, "file") && !s->path) {
		fail(s, HG_FAILED, HG_REACH_MESSAGE, "the file is not there any more");
	} else {
		g_queue_push_tail(&sender->waiting, s);
		next(sender);
	}
}

/* ---- the token ---- */

static void put_credential(const ht_sender *sender, const ht_fill *fill, char **ret)
{
	struct ht_say say = { .conf = sender->conf };
	GString *text = g_string_new(NULL);

	if (fill)
		ht_fill_run(fill, ht_say_value, &say, NULL, text);
	g_free(*ret);
	*ret = g_string_free(text, FALSE);
}

static struct hg_token_conf token_conf(void *owner)
{
	ht_sender *sender = owner;
	const ht_out *out = sender->desc->out;

	put_credential(sender, out->client_id, &sender->client_id);
	put_credential(sender, out->client_secret, &sender->client_secret);
	return (struct hg_token_conf){ .url = out->token_url, .grant = "client_credentials", .client_id = sender->client_id,
				       .client_secret = sender->client_secret, .scope = out->scope, .basic = out->basic,
				       .stands = "nothing goes out" };
}

static const struct hg_token_ops token_ops = { .conf = token_conf };

/* ---- the channel's life ---- */

void ht_sender_init(ht_sender *sender, const struct hg_host *host, struct hg_channel *ch, const ht_desc *desc,
		    const struct ht_conf *conf, struct hg_health *health)
{
	sender->host = host;
	sender->ch = ch;
	sender->desc = desc;
	sender->conf = conf;
	sender->health = health;
	g_queue_init(&sender->waiting);
	hg_token_init(&sender->token, host, ch, &token_ops, sender);
}

/* What waits was not sent for sure. */
static void answer_waiting(ht_sender *sender)
{
	struct sending *s;

	while ((s = g_queue_pop_head(&sender->waiting)))
		fail(s, HG_RETRY, HG_REACH_CHANNEL, "the channel closes");
}

void ht_sender_stop(ht_sender *sender)
{
	sender->stopping = TRUE;
	hg_token_stop(&sender->token);
	answer_waiting(sender);
}

void ht_sender_done(ht_sender *sender)
{
	answer_waiting(sender);
	hg_token_done(&sender->token);
	g_free(sender->client_id);
	g_free(sender->client_secret);
}
