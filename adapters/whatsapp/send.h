/* send.h - one planned part goes to the provider, and what the answer means */
#pragma once
#include "pool.h"
#include "wire.h"

void wa_send(void *state, const struct hg_out *out);

/* What an answer of the API means for what was asked.  harmless: it may be asked again (uploads), so
 * nothing about it is ambiguous.  Text lives in the pool.  Notes in wa how well the channel is. */
void wa_result_read(struct wa_pool *pool, struct whatsapp *wa, const struct hg_http_answer *answer,
		    bool harmless, struct hg_result *ret);
/* Retry-After in ms between 1 s and 24 h; 0 when there is none. */
int64_t wa_retry_after(const struct hg_http_answer *answer, int64_t now_ms);
