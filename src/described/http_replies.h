/* http_replies.h - `reply:`: what a caller is answered, by what became of its request */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "described.h"

enum ht_outcome { HT_ACCEPTED, HT_DUPLICATE, HT_IGNORED, HT_BAD_SIGNATURE, HT_BAD_PAYLOAD, HT_BUSY, HT_OUTCOMES };
extern const char *const ht_outcomes[];		/* "accepted", ..., NULL */

typedef struct ht_reply ht_reply;
/* The inside of one outcome: a status, or { status:, type:, body:, retry_after: } */
ht_reply *ht_reply_new(struct ht_look *look, struct json_object *map, int status);
void ht_reply_free(ht_reply *reply);			/* NULL is fine */
/* `reply:` of map: what it says of each outcome, yours; the others stay NULL. */
void ht_replies_read(struct ht_look *look, struct json_object *map, ht_reply *ret_replies[HT_OUTCOMES]);
/* reply NULL: only a status.  body is yours, and ret points into it. */
void ht_reply_make(const ht_reply *reply, int status, const struct ht_scope *scope, struct hg_http_outcome *ret,
		   GString *body);
