/* condition.h - how well the channel is: from sends, webhooks and a look at the API now and then */
#pragma once
#include "errors.h"
#include "wire.h"

void wa_condition_start(struct whatsapp *wa);	/* looks at the API, then again and again */
void wa_condition_stop(struct whatsapp *wa);
/* What a call or a status told.  failed() does nothing for errors that say nothing of the channel. */
void wa_condition_failed(struct whatsapp *wa, const struct wa_error *error, const struct wa_failure *failure);
void wa_condition_down(struct whatsapp *wa, int code, const char *text);
void wa_condition_unreachable(struct whatsapp *wa);
void wa_condition_works(struct whatsapp *wa);
void wa_condition_forged(struct whatsapp *wa, const char *what);	/* a webhook was refused */
void wa_condition_genuine(struct whatsapp *wa);				/* a webhook was in order */
