/* infobip_codes.h - what Infobip's numbers mean for us and for the agent */
#pragma once
#include "verdict.h"

extern const struct hg_verdict infobip_statuses[];	/* status.id, where its group is not one of success */
extern const struct hg_verdict infobip_errors[];	/* error.id of delivery reports */

#define INFOBIP_DUPLICATE_ID 23		/* status: this messageId was sent before */
