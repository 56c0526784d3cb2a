/* vonage_trust.h - is a webhook Vonage's? */
#pragma once
#include <json-c/json.h>

#include "proof_make.h"
#include "vonage.h"

/* Does sig fit one of the secrets, and is timestamp (seconds) of a time that can be?  Else why, static. */
const char *vonage_pairs_wrong(const struct vonage_conf *conf, const struct hg_pair *pairs, gsize n, gint64 now_s);

/* The Messages API: a token in the header Authorization, over the body.  Else why, static; *ret_unsigned: there is no
 * token at all. */
const char *vonage_token_wrong(const struct vonage_conf *conf, const char *authorization, const void *body, gsize len,
			       gint64 now_s, gboolean *ret_unsigned);
