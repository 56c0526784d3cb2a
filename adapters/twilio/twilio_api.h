/* twilio_api.h - URLs and credentials of the messaging API */
#pragma once
#include "twilio.h"

/* BASE/2010-04-01/Accounts/SID and path ("/Messages.json") behind it.  Yours. */
char *twilio_api_url(const struct twilio_conf *conf, const char *path);
/* The URL of a path that the API itself named ("/2010-04-01/Accounts/..."), below base_url.  NULL: it is none of this
 * account's.  Yours. */
char *twilio_api_named(const struct twilio_conf *conf, const char *path);
/* "Authorization: Basic ...".  Yours. */
char *twilio_api_auth(const struct twilio_conf *conf);
/* fate, reach, code, text and advice of an answer that is no success; root: its JSON or NULL, which text is lent by. */
struct json_object;
void twilio_api_verdict(const struct hg_http_answer *answer, struct json_object *root, struct hg_result *ret);
