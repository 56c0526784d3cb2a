/* twilio_hook.c - the provider's requests: messages, receipts, and files on their way out
 *
 * Twilio tries once (unless the hook's URL says otherwise in its fragment), so nothing that is signed is refused but for
 * want of room; what it gave up on, twilio_poll.c asks back. */
#include "twilio_hook.h"

#include <string.h>

#include "outside_url.h"
#include "twilio.h"
#include "twilio_read.h"
#include "twilio_sign.h"

#define TWIML "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>"
#define REFUSED "webhooks are refused for a wrong signature: compare webhook_url with the URL in Twilio's console, to the " \
	"letter, and auth_token (or signing_key); what was refused is asked back once they fit"

static void answer(struct hg_http_rep *rep, int status, const char *text)
{
	rep->status = status;
	rep->type = "text/plain; charset=utf-8";
	rep->body = text;
	rep->len = strlen(text);
}

static gboolean is_form(const struct hg_http_req *req)
{
	const char *type = req->header(req, "Content-Type");

	return !type || !g_ascii_strncasecmp(type, "application/x-www-form-urlencoded", 33);
}

/* TRUE when it comes from the provider; else the answer is in rep.  form: NULL for a body that is none. */
static gboolean is_genuine(struct twilio *t, const struct hg_http_req *req, const hg_params *form, struct hg_http_rep *rep)
{
	g_autofree char *url = hg_outside_hook(t->conf->webhook_url, req);
	char **keys = t->conf->signing_key && *t->conf->signing_key ? t->conf->signing_key : t->conf->auth_token;
	const char *header = req->header(req, "X-Twilio-Signature");
	gboolean bare = form || !req->len, ok;

	if (!header)
		header = req->header(req, "X-SignalWire-Signature");
	ok = bare ? twilio_signed(url, form, keys, header) : twilio_signed_body(url, req->body, req->len, keys, header);
	if (ok) {
		hg_health_genuine(&t->health);
		return TRUE;
	}
	hg_health_forged(&t->health, "signature_refused", REFUSED);
	answer(rep, 403, "X-Twilio-Signature does not fit this request\n");
	return FALSE;
}

static void take(struct twilio *t, const struct hg_http_req *req, const hg_params *params, struct hg_http_rep *rep)
{
	g_autoptr(hg_params) query = HG_HAS(req, target) ? hg_params_query(req->target) : NULL;
	g_autoptr(hg_arena) arena = hg_arena_new();
	const char *target = HG_HAS(req, target) ? req->target : "";
	struct twilio_found found;
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(found.in[0]),
				  .receipt_size = sizeof(found.receipt) };

	batch.raw = req->len ? req->body : target;
	batch.raw_len = req->len ? req->len : strlen(target);
	twilio_read_hook(t->conf, params, query, batch.raw, batch.raw_len, t->host->now_ms(t->ch), arena, &found);
	batch.in = found.in;
	batch.n_in = found.n_in;
	batch.receipts = &found.receipt;
	batch.n_receipts = found.n_receipts;
	/* rep->status stays 0: 200 goes out when this is on disk, 503 when it cannot be. */
	rep->type = "text/xml; charset=utf-8";
	rep->body = TWIML;
	rep->len = strlen(TWIML);
	t->host->emit(t->ch, &batch, NULL, NULL);
}

void twilio_hook_post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct twilio *t = state;
	g_autoptr(hg_params) form = is_form(req) ? hg_params_parse(req->body, req->len, NULL) : NULL;

	if (is_form(req) && !form)
		answer(rep, 413, "more parameters than anybody sends\n");
	else if (is_genuine(t, req, form, rep))
		take(t, req, form, rep);
}

/* A file that is on its way out: who has its name may have it. */
static void lend(struct twilio *t, const char *name, struct hg_http_rep *rep)
{
	static const char *const headers[] = { "Cache-Control: private, no-store", "X-Content-Type-Options: nosniff", NULL };
	const char *type = NULL;
	GBytes *bytes = hg_lent_get(t->lent, name, t->host->now_ms(t->ch), &type);

	if (!bytes) {
		answer(rep, 404, "there is no such file (any more)\n");
		return;
	}
	t->host->count(t->ch, "files_lent");
	rep->status = 200;
	rep->type = type;
	rep->body = g_bytes_get_data(bytes, &rep->len);
	rep->headers = headers;
}

void twilio_hook_get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct twilio *t = state;
	g_autoptr(hg_params) query = HG_HAS(req, target) ? hg_params_query(req->target) : NULL;
	const char *file = hg_params_get(query, "file");

	if (file && !hg_params_get(query, "AccountSid"))
		lend(t, file, rep);
	else if (is_genuine(t, req, NULL, rep))
		take(t, req, query, rep);
}
