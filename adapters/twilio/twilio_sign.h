/* twilio_sign.h - is this request Twilio's?  HMAC-SHA1 over the URL and all parameters, whatever they are */
#pragma once
#include <glib.h>

#include "params.h"

/* url: as the provider called it, with its query.  params: of a form, NULL for none (GET, JSON); all of them count, as
 * new ones come without notice.  header: X-Twilio-Signature.  keys: any of them may fit; NULL-ended.  The URL is also
 * tried with and without its default port, and with its query written anew, as the provider's own libraries do. */
gboolean twilio_signed(const char *url, const hg_params *params, char *const *keys, const char *header);
/* The same for a body that is no form: the URL's query has its hash in bodySHA256. */
gboolean twilio_signed_body(const char *url, const void *body, gsize len, char *const *keys, const char *header);
