/* telnyx_hook.c - the provider's requests: events, and files on their way out
 *
 * Source: Telnyx, "Receiving webhooks": it wants a 2xx within two seconds, and tries three times. */
#include "telnyx_hook.h"

#include <string.h>

#include "json.h"
#include "params.h"
#include "proof.h"
#include "telnyx.h"
#include "telnyx_read.h"

#define REFUSED "webhooks are refused for a wrong signature: compare public_key with the portal's (Account settings, Keys & " \
	"credentials); what was refused is asked back once it fits"
#define STALE "webhooks are refused because their time is minutes away from ours: set this machine's clock"

static void answer(struct hg_http_rep *rep, int status, const char *text)
{
	rep->status = status;
	rep->type = "text/plain; charset=utf-8";
	rep->body = text;
	rep->len = strlen(text);
}

/* ---- the signature ---- */

static gboolean is_near(const char *stamp, gint64 now_s)
{
	gint64 at = 0;

	return g_ascii_string_to_signed(stamp, 10, 0, G_MAXINT64 / 2, &at, NULL) && ABS(at - now_s) <= TELNYX_AGE_S;
}

gboolean telnyx_signed(char *const *keys, const char *stamp, const void *body, gsize len, const char *signature, gint64 now_s,
		       const char **why)
{
	g_autoptr(GString) data = NULL;
	gboolean ok = FALSE;

	*why = REFUSED;
	if (!stamp || !signature)
		return FALSE;
	data = g_string_new(stamp);
	g_string_append_c(data, '|');
	g_string_append_len(data, body, (gssize)len);
	for (; keys && *keys; keys++)		/* all of them, whichever fits */
		ok |= hg_ed25519_is(*keys, data->str, data->len, signature);
	if (!ok || is_near(stamp, now_s))
		return ok;
	*why = STALE;
	return FALSE;
}

static gboolean is_genuine(struct telnyx *t, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	const char *why, *stamp = req->header(req, "telnyx-timestamp");

	if (telnyx_signed(t->conf->public_key, stamp, req->body, req->len, req->header(req, "telnyx-signature-ed25519"),
			  t->host->now_ms(t->ch) / 1000, &why)) {
		hg_health_genuine(&t->health);
		return TRUE;
	}
	hg_health_forged(&t->health, "signature_refused", why);
	answer(rep, 403, "telnyx-signature-ed25519 does not fit this request and its time\n");
	return FALSE;
}

/* ---- events ---- */

void telnyx_hook_post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct telnyx *t = state;
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(json_object) root = NULL;
	struct telnyx_found found;
	struct hg_batch batch = { .size = sizeof(batch), .in = &found.in, .in_size = sizeof(found.in), .receipts = &found.receipt,
				  .receipt_size = sizeof(found.receipt), .raw = req->body, .raw_len = req->len };

	if (!is_genuine(t, req, rep))
		return;
	root = t->host->json(req->len ? req->body : "", req->len, NULL);
	telnyx_read_hook(t->conf, root, req->len ? req->body : "", req->len, t->host->now_ms(t->ch), arena, &found);
	batch.n_in = found.n_in;
	batch.n_receipts = found.n_receipts;
	/* rep->status stays 0: 200 goes out when this is on disk, 503 when it cannot be. */
	t->host->emit(t->ch, &batch, NULL, NULL);
}

/* A file that is on its way out: who has its name may have it. */
void telnyx_hook_get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	static const char *const headers[] = { "Cache-Control: private, no-store", "X-Content-Type-Options: nosniff", NULL };
	struct telnyx *t = state;
	const char *type = NULL, *name = req->query(req, "file");
	GBytes *bytes = name ? hg_lent_get(t->lent, name, t->host->now_ms(t->ch), &type) : NULL;

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
