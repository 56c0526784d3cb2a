/* twilio_hook.h - the provider's requests: messages, receipts, and files on their way out */
#pragma once
#include <headgate/adapter.h>

void twilio_hook_post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);
void twilio_hook_get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);
