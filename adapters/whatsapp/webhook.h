/* webhook.h - the provider's requests: handshake and deliveries */
#pragma once
#include "wire.h"

void wa_webhook_get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);
void wa_webhook_post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);

/* "sha256=<hex>" over the bytes that came, with any of the secrets (NULL-ended). */
bool wa_signature_ok(char *const *secrets, const void *body, size_t len, const char *header);
