/* webhook.c - the provider's requests: handshake, signature, delivery
 *
 * What is not signed with one of the app's secrets is answered 401 and not stored: Meta repeats it
 * for 7 days, so a secret that was set wrong loses nothing. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "condition.h"
#include "read.h"
#include "webhook.h"

#define MAC_BYTES 32

static bool same_secret(const char *ours, const char *said)
{
	unsigned char x[EVP_MAX_MD_SIZE], y[EVP_MAX_MD_SIZE];

	if (!said)
		return false;
	/* Of hashes, so that neither content nor length shows in the time it takes. */
	if (!EVP_Digest(ours, strlen(ours), x, NULL, EVP_sha256(), NULL) ||	/* never: OpenSSL has SHA-256 */
	    !EVP_Digest(said, strlen(said), y, NULL, EVP_sha256(), NULL))	/* never: OpenSSL has SHA-256 */
		return false;
	return !CRYPTO_memcmp(x, y, MAC_BYTES);
}

/* Lower case only, as it is sent: one signature has one spelling. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_mac(const char *header, unsigned char mac[MAC_BYTES])
{
	if (!header || strncmp(header, "sha256=", 7) || strlen(header + 7) != 2 * MAC_BYTES)
		return false;
	header += 7;
	for (size_t i = 0; i < MAC_BYTES; i++) {
		int high = hex_digit(header[2 * i]), low = hex_digit(header[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		mac[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool wa_signature_ok(char *const *secrets, const void *body, size_t len, const char *header)
{
	unsigned char said[MAC_BYTES], ours[EVP_MAX_MD_SIZE];
	bool ok = false;

	if (!read_mac(header, said))
		return false;
	for (; secrets && *secrets; secrets++) {	/* all of them, whichever fits */
		if (!**secrets ||
		    !HMAC(EVP_sha256(), *secrets, (int)strlen(*secrets), body, len, ours, NULL)) /* never: it has SHA-256 */
			continue;
		ok |= !CRYPTO_memcmp(said, ours, MAC_BYTES);
	}
	return ok;
}

static void answer(struct hg_http_rep *rep, int status, const char *text)
{
	rep->status = status;
	rep->type = "text/plain; charset=utf-8";
	rep->body = text;
	rep->len = strlen(text);
}

static bool token_ok(const struct wa_conf *conf, const struct hg_http_req *req)
{
	return !conf->url_token || !*conf->url_token ||
		same_secret(conf->url_token, req->query(req, "token"));
}

/* The callback URL is registered: echo the challenge to who knows the verify token. */
void wa_webhook_get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct whatsapp *wa = state;
	const char *mode = req->query(req, "hub.mode"), *challenge = req->query(req, "hub.challenge");
	const char *token = wa->conf->verify_token;

	if (!mode || strcmp(mode, "subscribe") || !challenge || !token || !*token ||
	    !token_ok(wa->conf, req) || !same_secret(token, req->query(req, "hub.verify_token"))) {
		wa->host->count(wa->ch, "handshake_refused");
		answer(rep, 403, "hub.verify_token is not the verify_token of this channel\n");
		return;
	}
	wa->host->count(wa->ch, "handshake");
	answer(rep, 200, challenge);
}

/* TRUE when it comes from the provider; else the answer is in rep. */
static bool is_genuine(struct whatsapp *wa, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	if (!token_ok(wa->conf, req)) {
		wa_condition_forged(wa, "token_refused");
		answer(rep, 401, "the URL's token is not the one of this channel\n");
		return false;
	}
	if (strcmp(wa->conf->signature, "off") &&
	    !wa_signature_ok(wa->conf->app_secret, req->body, req->len,
			     req->header(req, "X-Hub-Signature-256"))) {
		wa_condition_forged(wa, "signature_refused");
		answer(rep, 401, "X-Hub-Signature-256 does not fit the body\n");
		return false;
	}
	wa_condition_genuine(wa);
	return true;
}

/* Items from..to of all; raw goes with the first part only, it is kept once. */
static void emit_part(struct whatsapp *wa, const struct wa_read *r, size_t from, const struct hg_http_req *req)
{
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(*r->in),
				  .receipt_size = sizeof(*r->receipts) };

	if (from < r->n_in) {
		batch.in = r->in + from;
		batch.n_in = r->n_in - from < WA_BATCH_MAX ? r->n_in - from : WA_BATCH_MAX;
	}
	if (from < r->n_receipts) {
		batch.receipts = r->receipts + from;
		batch.n_receipts = r->n_receipts - from < WA_BATCH_MAX ? r->n_receipts - from : WA_BATCH_MAX;
	}
	if (!from) {
		batch.raw = req->body;
		batch.raw_len = req->len;
	}
	wa->host->emit(wa->ch, &batch, NULL, NULL);
}

void wa_webhook_post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct whatsapp *wa = state;
	struct wa_read r;

	if (!is_genuine(wa, req, rep))
		return;
	wa_read_init(&r, wa);
	wa_read_body(&r, req->body, req->len);
	/* rep->status stays 0: 200 goes out when all of this is on disk, 503 when it cannot be. */
	for (size_t from = 0; from < r.n_in || from < r.n_receipts; from += WA_BATCH_MAX)
		emit_part(wa, &r, from, req);
	wa_read_done(&r);
}
