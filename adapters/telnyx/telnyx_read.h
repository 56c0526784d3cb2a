/* telnyx_read.h - what Telnyx sends, as messages and receipts */
#pragma once
#include <json-c/json.h>

#include "arena.h"
#include "telnyx.h"

struct telnyx_found {			/* all in the arena, ready to be emitted */
	struct hg_in in;
	gsize n_in;
	struct hg_receipt receipt;
	gsize n_receipts;
};

/* A verified webhook; what nothing can be made of is kept raw. */
void telnyx_read_hook(const struct telnyx_conf *conf, struct json_object *root, const void *body, gsize len, gint64 now_ms,
		      hg_arena *arena, struct telnyx_found *ret);
/* A message as webhooks and GET /v2/messages/ID have it; FALSE: no customer sent it to us. */
gboolean telnyx_read_message(const struct telnyx_conf *conf, struct json_object *message, hg_arena *arena, struct hg_in *ret);
/* "tel:...", "short:...", "name:..." of what stands in phone_number; or NULL. */
const char *telnyx_address(const struct telnyx_conf *conf, const char *text, hg_arena *arena);
/* Is this address one that the channel sends from? */
gboolean telnyx_is_ours(const struct telnyx_conf *conf, const char *uri);
/* HG_CONSENT "stop": the provider refused a message to this address because of it. */
void telnyx_consent(const char *customer, const char *ours, const char *dedupe, int code, const char *note, hg_arena *arena,
		    struct hg_in *ret);
/* The first of errors[]: its code (text there, 0: none) and words, which the tree lends. */
int telnyx_error(struct json_object *obj, const char **ret_text);
