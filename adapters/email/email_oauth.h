/* email_oauth.h - access tokens (RFC 6749 sections 4.4 and 6) for IMAP and SMTP: fetched, kept, renewed in time */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "email_timer.h"

struct email;
struct json_object;

/* bearer NULL: there is none, and the alarm says why; ask again later. */
typedef void email_token_fn(void *arg, const char *bearer);

struct email_oauth {
	char *access;			/* or NULL */
	gint64 good_until;		/* monotonic ms: five minutes before it ends */
	char *refresh;			/* what the provider gave instead of the configured one; or NULL */
	GQueue waiting;			/* struct waiter, ours */
	gboolean asking;
	gint64 again_ms;		/* after a refusal: not before (monotonic) */
	guint attempt;			/* without an answer */
	struct email_timer timer;	/* of the renewal */
	struct hg_err dead;		/* kind 0: no refusal */
};

gboolean email_oauth_used(const struct email *e);
/* Calls fn once: at once when there is a token, else when the provider has answered; not any more
 * after email_oauth_done(). */
void email_oauth_token(struct email *e, email_token_fn *fn, void *arg);
void email_oauth_forget(struct email *e);	/* the access token was refused: the next one is new */
void email_oauth_done(struct email *e);
/* The refresh token that came instead of the configured one, sealed, for the cursor: yours, NULL when there is
 * none.  Opened again only under the same client and configured token. */
char *email_oauth_seal(const struct email *e);
void email_oauth_unseal(struct email *e, const char *sealed);
