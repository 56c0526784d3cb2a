/* vonage_read.h - a webhook of either API becomes messages and receipts */
#pragma once
#include "gather.h"
#include "params.h"
#include "vonage.h"

/* One webhook of the SMS API: a query, a form or a flat JSON object.  One of the two is NULL. */
struct vonage_fields {
	hg_params *params;		/* ours, as is json */
	struct json_object *json;
	const char *raw;		/* lent: as it came; of a query: as JSON */
	gsize len;
};
const char *vonage_field(const struct vonage_fields *fields, const char *name);	/* NULL: not there, or empty */

void vonage_read_sms(struct vonage *v, struct hg_gather *gather, const struct vonage_fields *fields);
/* root NULL: it was no JSON. */
void vonage_read_messages(struct vonage *v, struct hg_gather *gather, struct json_object *root, const void *raw, gsize len);

/* Our own address on a channel of the Messages API: "tel:+44..." for sms and mms, "whatsapp:+44..." for others. */
const char *vonage_our_address(struct hg_gather *gather, const char *channel, const char *said, const char *country);
