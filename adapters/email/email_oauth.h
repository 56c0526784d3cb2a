/* email_oauth.h - access tokens (RFC 6749 sections 4.4 and 6) for IMAP and SMTP: fetched, kept, renewed in time */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "email_timer.h"
#include "token.h"

struct email;

struct email_oauth {
	struct hg_token token;
	struct email_timer timer;	/* of the renewal */
};

void email_oauth_init(struct email *e);
gboolean email_oauth_used(const struct email *e);
void email_oauth_token(struct email *e, hg_token_fn *fn, void *arg);	/* as hg_token_get() */
void email_oauth_stop(struct email *e);		/* begins nothing any more */
void email_oauth_forget(struct email *e);	/* the access token was refused: the next one is new */
void email_oauth_done(struct email *e);
/* The refresh token that came instead of the configured one, sealed, for the cursor: yours, NULL when there is
 * none.  Opened again only under the same client and configured token. */
char *email_oauth_seal(const struct email *e);
void email_oauth_unseal(struct email *e, const char *sealed);
