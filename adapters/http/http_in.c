/* http_in.c - a request of the provider, from its bytes to its answer
 *
 * It is judged over the bytes as they came, before anything is made of them.  What was proven is kept, even when it
 * cannot be read: the provider may never send it again. */
#include "http_in.h"

#include <string.h>

#include "http_harvest.h"
#include "http_tree.h"
#include "outside_url.h"
#include "proof.h"

#define ECHO_MAX 4096		/* bytes of a challenge */

struct ht_inlet {
	const struct hg_host *host;
	struct hg_channel *ch;
	const ht_desc *desc;
	const struct ht_conf *conf;
	ht_certs *certs;
	/* The answer, until the next: the host copies it after we have returned. */
	struct hg_http_outcome outcomes[HT_OUTCOMES];
	GString *bodies[HT_OUTCOMES];
	char *header_lines[2];
	struct hg_health *health;	/* or NULL */
};

/* One request on its way. */
struct taking {
	ht_inlet *inlet;
	const struct ht_in *way;
	const struct hg_http_req *req;
	struct hg_http_rep *rep;
	char *url, *text, *charset;	/* ours; of the body: UTF-8 */
	ht_memo *memo;
	struct ht_scope scope;
};

/* ---- what paths look at ---- */

static const char *get_header(const void *from, const char *name)
{
	const struct hg_http_req *req = from;

	return req->header(req, name);
}

static const char *get_query(const void *from, const char *name)
{
	const struct hg_http_req *req = from;

	return req->query(req, name);
}

static char *charset_of(const struct ht_in *way, const struct hg_http_req *req, const struct ht_scope *scope)
{
	if (way->charset_path) {
		char *said = ht_path_text(way->charset_path, scope);

		if (said)
			return said;
	}
	if (way->charset)
		return g_strdup(way->charset);
	return ht_charset_of(req->header(req, "Content-Type"));
}

static void begin(struct taking *t)
{
	const ht_inlet *inlet = t->inlet;
	const struct hg_http_req *req = t->req;

	if (inlet->conf->public_url)
		t->url = hg_outside_url(inlet->conf->public_url, req);
	t->memo = ht_memo_new();
	t->scope = (struct ht_scope){ .memo = t->memo, .header = get_header, .query = get_query, .from = req,
		.method = req->method, .url = t->url, .path = req->path, .peer = req->peer,
		.now_ms = inlet->host->now_ms(inlet->ch), .secrets = inlet->conf->secrets, .values = inlet->conf->values };
	t->charset = charset_of(t->way, req, &t->scope);
	t->text = ht_utf8(t->charset, req->body, req->len, &t->scope.len);
	t->scope.body = t->text;
}

static void end(struct taking *t)
{
	json_object_put(t->scope.root);
	ht_memo_free(t->memo);
	g_free(t->url);
	g_free(t->text);
	g_free(t->charset);
}

/* ---- answers ---- */

static struct hg_http_outcome *outcome(struct taking *t, enum ht_outcome which, int status)
{
	ht_inlet *inlet = t->inlet;

	g_string_truncate(inlet->bodies[which], 0);
	ht_reply_make(t->way->replies[which], status, &t->scope, &inlet->outcomes[which], inlet->bodies[which]);
	return &inlet->outcomes[which];
}

static void answer_now(struct taking *t, const struct hg_http_outcome *said)
{
	ht_inlet *inlet = t->inlet;

	t->rep->status = said->status;
	t->rep->type = said->type;
	t->rep->body = said->body;
	t->rep->len = said->len;
	g_free(inlet->header_lines[0]);
	inlet->header_lines[0] = said->after_s > 0 ? g_strdup_printf("Retry-After: %" G_GINT64_FORMAT, (gint64)said->after_s)
						   : NULL;
	t->rep->headers = (const char *const *)inlet->header_lines;
}

static void refuse_forged(struct taking *t, const char *why)
{
	ht_inlet *inlet = t->inlet;

	g_autofree char *advice = g_strdup_printf("the description's auth: %s does not hold: compare the channel's secrets%s with "
						   "what the provider was given", why, t->url ? " and public_url" : "");

	if (inlet->health)
		hg_health_forged(inlet->health, "signature_refused", advice);
	answer_now(t, outcome(t, HT_BAD_SIGNATURE, 401));
}

/* ---- handshakes ---- */

static void on_confirmed(void *arg, const struct hg_http_answer *answer)
{
	ht_inlet *inlet = arg;

	if (answer->status >= 200 && answer->status <= 299)
		inlet->host->log(inlet->ch, 1, "http.confirmed", "the provider's subscription is confirmed");
	else
		inlet->host->log(inlet->ch, 2, "http.confirm_failed", "confirming the provider's subscription failed: %d %s",
				 answer->status, answer->error ? answer->error : "");
}

static void confirm(struct taking *t, const struct ht_verify *v)
{
	ht_inlet *inlet = t->inlet;
	g_autofree char *url = ht_pick_text(v->confirm, &t->scope);
	struct hg_http_call call = { .size = sizeof(call), .method = "GET", .url = url, .stranger = true,
				     .hosts = (const char *const *)v->hosts, .max_reply = 65536 };

	if (url && g_str_has_prefix(url, "https://"))
		inlet->host->http(inlet->ch, &call, on_confirmed, inlet);
	else
		inlet->host->log(inlet->ch, 2, "http.confirm_failed", "a subscription is to be confirmed at no https address");
}

static gboolean token_fits(const struct taking *t, const struct ht_verify *v)
{
	g_autofree char *given = ht_pick_text(v->token, &t->scope);
	gboolean fits = FALSE;

	if (!v->token)
		return TRUE;
	for (char **name = v->secrets; *name; name++)
		fits |= hg_secret_is(ht_given_value(t->inlet->conf->secrets, *name), given);
	return fits;
}

static void echo(struct taking *t, const struct ht_verify *v)
{
	GString *body = t->inlet->bodies[HT_ACCEPTED];
	g_autofree char *text = ht_pick_text(v->echo, &t->scope);

	g_string_assign(body, text && strlen(text) <= ECHO_MAX ? text : "");
	answer_now(t, &(struct hg_http_outcome){ .size = sizeof(struct hg_http_outcome), .status = body->len ? 200 : 400,
						 .type = "text/plain; charset=utf-8", .body = body->str, .len = body->len });
}

static void shake_hands(struct taking *t, const struct ht_harvest *h)
{
	const struct ht_verify *v = h->verify;
	ht_inlet *inlet = t->inlet;

	t->scope.item = h->verify_item;
	if (!token_fits(t, v)) {
		inlet->host->count(inlet->ch, "handshake_refused");
		answer_now(t, outcome(t, HT_BAD_SIGNATURE, 403));
		return;
	}
	inlet->host->count(inlet->ch, "handshake");
	if (v->confirm)
		confirm(t, v);
	if (v->echo) {
		echo(t, v);
		return;
	}
	g_string_truncate(inlet->bodies[HT_ACCEPTED], 0);
	ht_reply_make(v->reply, 200, &t->scope, &inlet->outcomes[HT_ACCEPTED], inlet->bodies[HT_ACCEPTED]);
	answer_now(t, &inlet->outcomes[HT_ACCEPTED]);
}

/* ---- handing over ---- */

/* The answer waits for the disk: what it is then is said now. */
static void hand_over(struct taking *t, const struct ht_harvest *h, const struct hg_http_outcome *stored)
{
	ht_inlet *inlet = t->inlet;
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(struct hg_in),
		.receipt_size = sizeof(struct hg_receipt), .raw = t->req->body, .raw_len = t->req->len };

	batch.in = (const struct hg_in *)(void *)h->in->data;
	batch.n_in = h->in->len;
	batch.receipts = (const struct hg_receipt *)(void *)h->receipts->data;
	batch.n_receipts = h->receipts->len;
	t->rep->stored = stored;
	if (t->way->replies[HT_DUPLICATE])
		t->rep->again = outcome(t, HT_DUPLICATE, 200);
	if (t->way->replies[HT_BUSY])
		t->rep->busy = outcome(t, HT_BUSY, 503);
	inlet->host->emit(inlet->ch, &batch, NULL, NULL);
}

static void count(const ht_inlet *inlet, const struct ht_harvest *h)
{
	if (h->ignored)
		inlet->host->count(inlet->ch, "ignored");
	if (h->unmatched)
		inlet->host->count(inlet->ch, "unmatched");
	if (h->odd)
		inlet->host->count(inlet->ch, "unreadable");
}

/* Nobody vouches for bytes that anybody may have sent: they are not kept. */
static void refuse_payload(struct taking *t, const struct hg_err *err)
{
	ht_inlet *inlet = t->inlet;
	g_autofree char *note = g_strdup_printf("a request that cannot be read: %s", err->text);
	struct ht_harvest *h;

	inlet->host->count(inlet->ch, "unreadable");
	if (!t->way->proven || err->kind == HG_ERR_LIMIT || !t->req->len) {
		answer_now(t, outcome(t, HT_BAD_PAYLOAD, 400));
		return;
	}
	h = ht_harvest_new(inlet->desc, inlet->conf, t->way);
	ht_harvest_odd(h, t->req->body, t->req->len, note);
	hand_over(t, h, outcome(t, HT_BAD_PAYLOAD, 400));
	ht_harvest_free(h);
}

static void take_tree(struct taking *t)
{
	ht_inlet *inlet = t->inlet;
	struct ht_harvest *h = ht_harvest_new(inlet->desc, inlet->conf, t->way);

	ht_harvest_take(h, &t->scope);
	if (h->left_over)
		ht_harvest_odd(h, t->req->body, t->req->len, "it holds more items than are taken apart; all of them are in the raw "
			       "delivery");
	count(inlet, h);
	if (h->verify)
		shake_hands(t, h);
	else if (h->in->len || h->receipts->len)
		hand_over(t, h, outcome(t, HT_ACCEPTED, 200));
	else
		answer_now(t, outcome(t, HT_IGNORED, 200));
	ht_harvest_free(h);
}

static struct json_object *read_tree(struct taking *t, struct hg_err *err)
{
	const struct hg_http_req *req = t->req;
	const char *type = req->header(req, "Content-Type");
	int shape = t->way->shape ? t->way->shape : ht_shape_of(type);

	if (!shape) {
		err->kind = HG_ERR_INPUT;
		g_strlcpy(err->text, "its Content-Type says nothing that is known here, and the description no type:",
			  sizeof(err->text));
		return NULL;
	}
	if (shape == HT_QUERY)
		return ht_tree(shape, t->charset, NULL, req->target ? req->target : "", req->target ? strlen(req->target) : 0, err);
	/* A charset that the way or its header names; XML says its own. */
	return ht_tree(shape, t->charset, type, req->body, req->len, err);
}

static void take(struct taking *t)
{
	struct ht_asked asked = { .req = t->req, .scope = &t->scope, .url = t->url, .certs = t->inlet->certs };
	const char *why = NULL;
	int verdict = t->way->auth ? ht_auth_judge(t->way->auth, &asked, &why) : HT_GENUINE;
	struct hg_err err = { 0 };

	if (verdict == HT_FORGED) {
		refuse_forged(t, why);
		return;
	}
	if (verdict == HT_GENUINE && t->way->proven && t->inlet->health)
		hg_health_genuine(t->inlet->health);
	if (verdict == HT_LATER) {
		t->inlet->host->count(t->inlet->ch, "certificate_awaited");
		answer_now(t, outcome(t, HT_BUSY, 503));
		return;
	}
	t->scope.root = read_tree(t, &err);
	if (t->scope.root)
		take_tree(t);
	else
		refuse_payload(t, &err);
}

void ht_inlet_take(ht_inlet *inlet, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct taking t = { .inlet = inlet, .req = req, .rep = rep };
	int status = 404;

	t.way = ht_ways_find(inlet->desc, inlet->conf, req, &status);
	if (!t.way) {
		inlet->host->count(inlet->ch, "no_way_in");
		rep->status = status;
		return;
	}
	begin(&t);
	take(&t);
	end(&t);
}

/* ---- certificates of SNS ---- */

struct fetching {
	ht_inlet *inlet;
	char *url;
};

static void on_certificate(void *arg, const struct hg_http_answer *answer)
{
	struct fetching *f = arg;
	gboolean ok = answer->status == 200;

	ht_certs_put(f->inlet->certs, f->url, ok ? answer->body : NULL, ok ? answer->len : 0,
		     f->inlet->host->now_ms(f->inlet->ch));
	if (!ok)
		f->inlet->host->log(f->inlet->ch, 2, "http.certificate", "the certificate of a signature cannot be fetched: %d %s",
				    answer->status, answer->error ? answer->error : "");
	g_free(f->url);
	g_free(f);
}

static void fetch_certificate(void *arg, const char *url)
{
	static const char *const hosts[] = { ".amazonaws.com", ".amazonaws.com.cn", NULL };
	ht_inlet *inlet = arg;
	struct fetching *f = g_new0(struct fetching, 1);
	struct hg_http_call call = { .size = sizeof(call), .method = "GET", .url = url, .stranger = true, .hosts = hosts,
				     .max_reply = 65536 };

	f->inlet = inlet;
	f->url = g_strdup(url);
	inlet->host->http(inlet->ch, &call, on_certificate, f);
}

/* ---- life ---- */

ht_inlet *ht_inlet_new(const struct hg_host *host, struct hg_channel *ch, const ht_desc *desc, const struct ht_conf *conf,
		       struct hg_health *health)
{
	ht_inlet *inlet = g_new0(ht_inlet, 1);

	inlet->host = host;
	inlet->ch = ch;
	inlet->desc = desc;
	inlet->conf = conf;
	inlet->health = health;
	inlet->certs = ht_certs_new(fetch_certificate, inlet);
	for (int i = 0; i < HT_OUTCOMES; i++)
		inlet->bodies[i] = g_string_new(NULL);
	return inlet;
}

void ht_inlet_free(ht_inlet *inlet)
{
	if (!inlet)
		return;
	for (int i = 0; i < HT_OUTCOMES; i++)
		g_string_free(inlet->bodies[i], TRUE);
	g_free(inlet->header_lines[0]);
	ht_certs_free(inlet->certs);
	g_free(inlet);
}

ht_certs *ht_inlet_certs(ht_inlet *inlet)
{
	return inlet->certs;
}
