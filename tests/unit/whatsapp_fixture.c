/* whatsapp_fixture.c - the WhatsApp adapter in the hands of a host that writes everything down */
#include "whatsapp_fixture.h"

#include <string.h>

#include "json.h"
#include "text.h"

extern const struct hg_adapter hg_adapter_v1;

static struct wa_host *host_of(struct hg_channel *ch)
{
	return (struct wa_host *)ch;
}

/* ---- a batch as text ---- */

static const char *kind_word(int kind)
{
	switch (kind) {
	case HG_TEXT: return "text";
	case HG_IMAGE: return "image";
	case HG_AUDIO: return "audio";
	case HG_VIDEO: return "video";
	case HG_FILE: return "file";
	case HG_STICKER: return "sticker";
	case HG_LOCATION: return "location";
	case HG_CONTACTS: return "contacts";
	case HG_BUTTON: return "button";
	case HG_FORM: return "form";
	case HG_ORDER: return "order";
	case HG_CALL: return "call";
	case HG_UNSUPPORTED: return "unsupported";
	case HG_REACTION: return "reaction";
	case HG_EDIT: return "edit";
	case HG_REVOKE: return "revoke";
	case HG_IDENTITY: return "identity";
	case HG_CONSENT: return "consent";
	case HG_ACCOUNT: return "account";
	case HG_IGNORED: return "ignored";
	default: g_error("kind %d", kind);
	}
}

static const char *proof_word(int proof)
{
	switch (proof) {
	case HG_CLAIMED: return "claimed";
	case HG_PROVEN: return "proven";
	case HG_FORMER: return "former";
	default: g_error("proof %d", proof);
	}
}

static void line(GString *out, const char *what, const char *value)
{
	g_autofree char *escaped = NULL;

	if (!value)
		return;
	g_assert_true(g_utf8_validate(value, -1, NULL));
	escaped = g_strescape(value, "\"\\\200\201\202\203\204\205\206\207\210\211\212\213\214\215\216\217"
			      "\220\221\222\223\224\225\226\227\230\231\232\233\234\235\236\237"
			      "\240\241\242\243\244\245\246\247\250\251\252\253\254\255\256\257"
			      "\260\261\262\263\264\265\266\267\270\271\272\273\274\275\276\277"
			      "\300\301\302\303\304\305\306\307\310\311\312\313\314\315\316\317"
			      "\320\321\322\323\324\325\326\327\330\331\332\333\334\335\336\337"
			      "\340\341\342\343\344\345\346\347\350\351\352\353\354\355\356\357"
			      "\360\361\362\363\364\365\366\367\370\371\372\373\374\375\376\377");
	g_string_append_printf(out, "  %s: %s\n", what, escaped);
}

static void number(GString *out, const char *what, gint64 value)
{
	if (value)
		g_string_append_printf(out, "  %s: %" G_GINT64_FORMAT "\n", what, value);
}

static void when(GString *out, const char *what, gint64 ms)
{
	char text[HG_TIME_SIZE];

	if (ms)
		line(out, what, hg_time(ms, text));
}

static void flag(GString *out, const char *what, gboolean value)
{
	if (value)
		g_string_append_printf(out, "  %s\n", what);
}

static void dump_file(GString *out, const struct hg_file *file)
{
	g_assert_cmpuint(file->size, ==, sizeof(*file));
	g_string_append_printf(out, "  file: %s\n", kind_word(file->kind));
	line(out, "  name", file->name);
	line(out, "  type", file->type);
	line(out, "  sha256", file->sha256);
	line(out, "  ref", file->ref);
	when(out, "  expires", file->expires_ms);
	flag(out, "  voice", file->voice);
	g_assert_cmpint(file->bytes, ==, -1);
}

static void dump_in(GString *out, const struct hg_in *in)
{
	g_assert_cmpuint(in->size, ==, sizeof(*in));
	g_assert_nonnull(in->text);
	g_string_append_printf(out, "%s\n", kind_word(in->kind));
	line(out, "id", in->id);
	line(out, "dedupe", in->dedupe);
	flag(out, "wide", in->wide);
	flag(out, "echo", in->echo);
	flag(out, "automatic", in->automatic);
	flag(out, "forwarded", in->forwarded);
	line(out, "to", in->to);
	for (gsize i = 0; i < in->n_from; i++) {
		g_autofree char *from = g_strdup_printf("%s (%s)", in->from[i].uri, proof_word(in->from[i].proof));

		line(out, "from", from);
	}
	line(out, "name", in->name);
	line(out, "username", in->username);
	line(out, "group", in->group);
	line(out, "text", *in->text ? in->text : NULL);
	line(out, "payload", in->payload);
	for (gsize i = 0; i < in->n_files; i++)
		dump_file(out, &in->files[i]);
	for (gsize i = 0; in->refs && in->refs[i]; i++)
		line(out, "answers", in->refs[i]);
	line(out, "target", in->target);
	line(out, "note", in->note);
	number(out, "code", in->code);
	when(out, "sent", in->sent_ms);
	if (in->raw) {
		g_autofree char *raw = g_strndup(in->raw, in->raw_len);
		g_autofree char *valid = hg_text_valid(raw, -1, 0);

		line(out, "raw", valid);
	}
	g_assert_true(in->kind != HG_UNSUPPORTED || in->raw);
	g_assert_true(in->id || in->dedupe);
}

static void dump_receipt(GString *out, const struct hg_receipt *r)
{
	static const char *const states[] = { "", "sent", "delivered", "read", "played", "failed" };
	static const char *const reaches[] = { "message", "contact", "channel", "account" };

	g_assert_cmpuint(r->size, ==, sizeof(*r));
	g_assert_true(r->state >= HG_R_SENT && r->state <= HG_R_FAILED);
	g_string_append_printf(out, "receipt %s\n", states[r->state]);
	line(out, "id", r->id);
	line(out, "key", r->key);
	line(out, "to", r->to);
	when(out, "at", r->at_ms);
	number(out, "code", r->code);
	if (r->state == HG_R_FAILED)
		line(out, "reach", reaches[r->reach]);
	line(out, "text", r->text);
	line(out, "advice", r->advice);
	line(out, "detail", r->detail);
}

void wa_dump_batch(GString *out, const struct hg_batch *batch)
{
	g_assert_cmpuint(batch->size, ==, sizeof(*batch));
	g_assert_cmpuint(batch->in_size, ==, sizeof(struct hg_in));
	for (gsize i = 0; i < batch->n_in; i++)
		dump_in(out, &batch->in[i]);
	for (gsize i = 0; i < batch->n_receipts; i++)
		dump_receipt(out, &batch->receipts[i]);
}

/* ---- the host's services ---- */

__attribute__((format(printf, 4, 5)))
static void host_log(struct hg_channel *ch, int level, const char *event, const char *fmt, ...)
{
	(void)ch;
	(void)level;
	(void)event;
	(void)fmt;
}

static int64_t host_now(struct hg_channel *ch)
{
	return host_of(ch)->now_ms;
}

/* As the gateway's: strict, but for duplicate keys. */
static struct json_object *host_json(const void *bytes, size_t len, struct hg_err *err)
{
	static const struct hg_json_limits limits = { .duplicates = TRUE };
	g_autoptr(GError) error = NULL;
	struct json_object *root = hg_json_parse(bytes, len, &limits, &error);

	if (!root) {
		err->kind = HG_ERR_INPUT;
		g_snprintf(err->text, sizeof(err->text), "%s", error->message);
	}
	return root;
}

static void host_count(struct hg_channel *ch, const char *what)
{
	GHashTable *counts = host_of(ch)->counts;

	g_hash_table_insert(counts, g_strdup(what),
			    GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(counts, what)) + 1));
}

static void host_condition(struct hg_channel *ch, int condition, const struct hg_err *err)
{
	struct wa_host *host = host_of(ch);

	host->conditions++;
	host->condition = condition;
	g_free(host->condition_text);
	host->condition_text = g_strdup(err ? err->text : "");
}

static void host_emit(struct hg_channel *ch, const struct hg_batch *batch, hg_ack_fn *ack, void *arg)
{
	host_of(ch)->emits++;
	host_of(ch)->raw_bytes += batch->raw_len;
	wa_dump_batch(host_of(ch)->log, batch);
	if (ack)
		ack(arg, HG_STORED);
}

static void host_sent(struct hg_channel *ch, uint64_t ticket, const struct hg_result *result)
{
	struct wa_host *host = host_of(ch);

	g_assert_cmpuint(result->size, ==, sizeof(*result));
	g_free((char *)host->sent.id);
	g_free((char *)host->sent.text);
	g_free((char *)host->sent.advice);
	g_free((char *)host->sent.body);
	host->sent = *result;
	host->sent.id = g_strdup(result->id);
	host->sent.text = g_strdup(result->text);
	host->sent.advice = g_strdup(result->advice);
	host->sent.body = result->body ? g_strndup(result->body, result->len) : NULL;
	host->sent_ticket = ticket;
	host->sents++;
}

static void host_fetched(struct hg_channel *ch, uint64_t ticket, const struct hg_http_call *get,
			 const struct hg_err *err)
{
	GString *log = host_of(ch)->log;

	g_assert_true(!get != !err);
	if (err) {
		g_string_append_printf(log, "fetch %u: kind %d: %s\n", (guint)ticket, err->kind, err->text);
		return;
	}
	g_string_append_printf(log, "fetch %u: %s %s%s\n", (guint)ticket, get->method, get->url,
			       get->stranger ? " (stranger)" : "");
	for (gsize i = 0; get->headers && get->headers[i]; i++)
		g_string_append_printf(log, "  %s\n", get->headers[i]);
	for (gsize i = 0; get->hosts && get->hosts[i]; i++)
		g_string_append_printf(log, "  host %s\n", get->hosts[i]);
}

static uint64_t host_timer(struct hg_channel *ch, int64_t ms, void (*fn)(void *state))
{
	host_of(ch)->timer = fn;
	host_of(ch)->timer_ms = ms;
	return 1;
}

static void host_untimer(struct hg_channel *ch, uint64_t id)
{
	(void)id;
	host_of(ch)->timer = NULL;
}

static void call_free(void *data)
{
	struct wa_call *call = data;

	g_free(call->method);
	g_free(call->url);
	g_free(call->body);
	g_free(call->headers);
	g_free(call->parts);
	g_free(call);
}

static void host_http(struct hg_channel *ch, const struct hg_http_call *c, hg_http_done_fn *done, void *arg)
{
	struct wa_call *call = g_new0(struct wa_call, 1);
	g_autoptr(GString) headers = g_string_new(NULL), parts = g_string_new(NULL);

	g_assert_cmpuint(c->size, ==, sizeof(*c));
	for (gsize i = 0; c->headers && c->headers[i]; i++)
		g_string_append_printf(headers, "%s\n", c->headers[i]);
	for (gsize i = 0; i < c->n_parts; i++) {
		const struct hg_http_part *part = &c->parts[i];

		if (part->path)
			g_string_append_printf(parts, "%s=@%s;%s;%s\n", part->name, part->path, part->file_name,
					       part->type);
		else
			g_string_append_printf(parts, "%s=%s\n", part->name, part->value);
	}
	call->method = g_strdup(c->method);
	call->url = g_strdup(c->url);
	call->body = c->body ? g_strndup(c->body, c->len) : NULL;
	call->headers = g_strdup(headers->str);
	call->parts = g_strdup(parts->str);
	call->done = done;
	call->arg = arg;
	g_ptr_array_add(host_of(ch)->calls, call);
}

static void host_drained(struct hg_channel *ch)
{
	(void)ch;
}

/* ---- made and freed ---- */

/* What the gateway fills in from a config; nobody writes into it. */
#define SET(text) ((char *)(text))
static char *app_secrets[] = { SET("0123456789abcdef0123456789abcdef"), SET("fedcba9876543210fedcba9876543210"), NULL };
static char *numbers[] = { SET(WA_NUMBER), SET(WA_OTHER), NULL };

struct wa_host *wa_host_new(void)
{
	struct wa_host *host = g_new0(struct wa_host, 1);
	struct hg_err err = { 0 };

	host->table = (struct hg_host){
		.size = sizeof(host->table), .log = host_log, .now_ms = host_now, .json = host_json,
		.count = host_count, .condition = host_condition, .emit = host_emit, .sent = host_sent,
		.fetched = host_fetched, .timer = host_timer, .untimer = host_untimer, .http = host_http,
		.drained = host_drained,
	};
	host->conf = (struct wa_conf){
		.phone_number_id = numbers, .token = SET("EAAG-token"), .app_secret = app_secrets,
		.verify_token = SET("verify-me"), .signature = SET("on"),
		.base_url = SET("https://graph.facebook.com"), .version = SET("v23.0"), .urls = SET("graph"),
		.auth_header = SET("Authorization: Bearer"),
		.rate = 80, .timeout = 30000,
	};
	host->now_ms = WA_NOW;
	host->log = g_string_new(NULL);
	host->calls = g_ptr_array_new_with_free_func(call_free);
	host->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (hg_adapter_v1.open(&host->table, (struct hg_channel *)host, &host->conf, &host->state, &err))
		g_error("open: %s", err.text);
	return host;
}

void wa_host_free(struct wa_host *host)
{
	if (!host)
		return;
	for (guint i = 0; i < host->calls->len; i++) {
		struct wa_call *call = host->calls->pdata[i];
		struct hg_http_answer answer = { .size = sizeof(answer), .error = "the channel closes" };

		if (call->done)
			g_steal_pointer(&call->done)(call->arg, &answer);
	}
	hg_adapter_v1.close(host->state);
	g_string_free(host->log, TRUE);
	g_ptr_array_free(host->calls, TRUE);
	g_hash_table_destroy(host->counts);
	g_free(host->condition_text);
	g_free((char *)host->sent.id);
	g_free((char *)host->sent.text);
	g_free((char *)host->sent.advice);
	g_free((char *)host->sent.body);
	g_free(host);
}

/* ---- what comes in ---- */

struct request {
	struct hg_http_req pub;		/* first */
	const char *signature, *mode, *token, *challenge, *url_token;
};

static const char *get_header(const struct hg_http_req *pub, const char *name)
{
	const struct request *req = (const struct request *)pub;

	return g_ascii_strcasecmp(name, "X-Hub-Signature-256") ? NULL : req->signature;
}

static const char *get_query(const struct hg_http_req *pub, const char *name)
{
	const struct request *req = (const struct request *)pub;

	if (!strcmp(name, "hub.mode"))
		return req->mode;
	if (!strcmp(name, "hub.verify_token"))
		return req->token;
	if (!strcmp(name, "hub.challenge"))
		return req->challenge;
	return !strcmp(name, "token") ? req->url_token : NULL;
}

char *wa_host_sign(const char *secret, const void *body, gsize len)
{
	g_autofree char *hex = NULL;
	guint8 mac[32];

	hg_hmac_sha256(secret, strlen(secret), body, len, mac);
	hex = hg_hex(mac, sizeof(mac));
	return g_strconcat("sha256=", hex, NULL);
}

static const struct hg_route *route(const char *method)
{
	for (const struct hg_route *r = hg_adapter_v1.routes; r->path; r++)
		if (!strcmp(r->method, method) && !strcmp(r->path, "webhook"))
			return r;
	g_error("no route for %s", method);
}

int wa_host_deliver(struct wa_host *host, const void *body, gsize len, const char *header)
{
	g_autofree char *signature = header ? g_strdup(header) : wa_host_sign(app_secrets[0], body, len);
	/* Exactly this size, so that a byte too far is seen. */
	g_autofree char *copy = g_memdup2(body, len);
	struct hg_http_rep rep = { .size = sizeof(rep) };
	struct request req = { .signature = signature };
	guint before = host->emits;

	req.pub = (struct hg_http_req){ .size = sizeof(req.pub), .method = "POST", .path = "webhook",
		.body = copy, .len = len, .header = get_header, .query = get_query };
	/* "token X": unsigned, with the token in the URL */
	if (header && g_str_has_prefix(header, "token ")) {
		req.signature = NULL;
		req.url_token = header + 6;
	}
	route("POST")->handle(host->state, &req.pub, &rep);
	g_assert_true(rep.status ? host->emits == before : host->emits > before);
	return rep.status;
}

int wa_host_handshake(struct wa_host *host, const char *mode, const char *token, const char *challenge,
		      char **ret_body)
{
	struct hg_http_rep rep = { .size = sizeof(rep) };
	struct request req = { .mode = mode, .token = token, .challenge = challenge, .url_token = host->handshake_token };

	req.pub = (struct hg_http_req){ .size = sizeof(req.pub), .method = "GET", .path = "webhook",
		.header = get_header, .query = get_query };
	route("GET")->handle(host->state, &req.pub, &rep);
	*ret_body = g_strndup(rep.body, rep.len);
	return rep.status;
}

const char *wa_host_take(struct wa_host *host)
{
	static char *taken;

	g_free(taken);
	taken = g_strdup(host->log->str);
	g_string_truncate(host->log, 0);
	return taken;
}

guint wa_host_counted(struct wa_host *host, const char *word)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(host->counts, word));
}

/* ---- answers to what goes out ---- */

struct wa_call *wa_host_call(struct wa_host *host)
{
	g_assert_cmpuint(host->calls->len, >, 0);
	return host->calls->pdata[host->calls->len - 1];
}

struct answer {
	struct hg_http_answer pub;	/* first */
	const char *retry_after;
};

static const char *answer_header(const struct hg_http_answer *pub, const char *name)
{
	return g_ascii_strcasecmp(name, "Retry-After") ? NULL : ((const struct answer *)pub)->retry_after;
}

static void give(struct wa_host *host, struct answer *answer)
{
	struct wa_call *call = wa_host_call(host);

	g_assert_nonnull(call->done);
	answer->pub.size = sizeof(answer->pub);
	answer->pub.header = answer_header;
	g_steal_pointer(&call->done)(call->arg, &answer->pub);
}

void wa_host_answer(struct wa_host *host, int status, const char *body, const char *retry_after)
{
	struct answer answer = { .pub = { .status = status, .sent = true, .body = body, .len = strlen(body) },
				 .retry_after = retry_after };

	give(host, &answer);
}

void wa_host_no_answer(struct wa_host *host, gboolean sent, const char *error)
{
	struct answer answer = { .pub = { .sent = sent, .error = error } };

	give(host, &answer);
}
