/* vonage_trust.h - is a webhook Vonage's? */
#pragma once
#include <json-c/json.h>

#include "vonage.h"

struct vonage_pair { const char *name, *value; };	/* lent */

/* The text of Vonage's "Signing messages": "&name=value" of all pairs but sig, by name; in values "&" and "=" become
 * "_".  NULL: a name stands there twice, or has one of the two signs in it: such a request has several readings.  Yours. */
char *vonage_signed_text(const struct vonage_pair *pairs, gsize n);
/* The sig of that text, lower case hex; method: a word of the option.  Yours. */
char *vonage_sign(const char *method, const char *secret, const char *text);
/* Does sig fit one of the secrets, and is timestamp (seconds) of a time that can be?  Else why, static. */
const char *vonage_pairs_wrong(const struct vonage_conf *conf, const struct vonage_pair *pairs, gsize n, gint64 now_s);

/* The Messages API: a token in the header Authorization, over the body.  Else why, static; *ret_unsigned: there is no
 * token at all. */
const char *vonage_token_wrong(const struct vonage_conf *conf, const char *authorization, const void *body, gsize len,
			       gint64 now_s, gboolean *ret_unsigned);
