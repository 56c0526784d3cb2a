/* telnyx_send.h - one planned part goes to the provider; what the API's answers mean; which call downloads a file */
#pragma once
#include <json-c/json.h>

#include "telnyx.h"

void telnyx_send(void *state, const struct hg_out *out);
void telnyx_fetch(void *state, uint64_t ticket, const char *ref);
/* BASE and path ("/v2/messages") behind it.  Yours. */
char *telnyx_url(const struct telnyx_conf *conf, const char *path);
char *telnyx_auth(const struct telnyx_conf *conf);	/* "Authorization: Bearer ..."; yours */
/* fate, reach, code, text (lent by root or answer) and advice of an answer. */
void telnyx_verdict(const struct hg_http_answer *answer, struct json_object *root, struct hg_result *ret);
