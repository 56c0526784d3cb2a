/* telnyx_hook.h - the provider's requests: events, and files on their way out */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

void telnyx_hook_post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);
void telnyx_hook_get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);

/* Ed25519 over the time, "|" and the body, with any of the keys (base64, NULL-ended), no more than TELNYX_AGE_S from now.
 * FALSE with why (static). */
gboolean telnyx_signed(char *const *keys, const char *stamp, const void *body, gsize len, const char *signature, gint64 now_s,
		       const char **why);
