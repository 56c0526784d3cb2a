/* vonage_codes.h - what Vonage's numbers mean for us and for the agent */
#pragma once
#include <json-c/json.h>

#include "verdict.h"

extern const struct hg_verdict vonage_sms_statuses[];	/* of the SMS API's answers */
extern const struct hg_verdict vonage_sms_errors[];	/* err-code of its delivery receipts */
extern const struct hg_verdict vonage_messages_errors[];	/* of the Messages API, answers and statuses */

/* Of an error of the Messages API: title, or what stands behind the "#" of type; 0: it says none. */
int vonage_error_code(struct json_object *error);
