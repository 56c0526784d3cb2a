/* learn.h - what the answer to a send says of the receiver */
#pragma once
#include <json-c/json.h>

#include "wire.h"

/* contacts[] of an answer names the account behind the address we wrote to: other spellings of its
 * number, its business-scoped id.  What is new is emitted, so that an answer under one of them finds
 * its conversation. */
void wa_learn(struct whatsapp *wa, const char *number, const char *to, struct json_object *contact);
/* 131050: he wants no marketing of ours. */
void wa_learn_opt_out(struct whatsapp *wa, const char *number, const char *to, const char *key,
		      const char *words);
