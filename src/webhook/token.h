/* token.h - access tokens (RFC 6749 sections 4.4 and 6): fetched, kept, renewed in time, one request at a time */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

struct hg_token_conf {			/* lent; asked for at each request, so settings may change */
	const char *url, *grant;	/* "client_credentials", "refresh_token" */
	const char *client_id, *client_secret, *scope;	/* client_secret, scope: or NULL */
	const char *refresh_token;	/* of the config; or NULL */
	gboolean basic;			/* the client names itself by Basic (section 2.3.1), not in the body */
	const char *stands;		/* what does not work without: "nothing goes out" */
};

struct hg_token_ops {			/* each with its owner; again and changed may be NULL */
	struct hg_token_conf (*conf)(void *owner);
	void (*again)(void *owner, gint64 ms);	/* call hg_token_renew() after ms, instead of when it was asked before */
	void (*changed)(void *owner);		/* there is a token, or dead says why there is none */
	void (*rotated)(void *owner);		/* the provider exchanged the refresh token: keep it */
};

/* bearer NULL: there is none, and dead says why; ask again later. */
typedef void hg_token_fn(void *arg, const char *bearer);

struct hg_token {
	const struct hg_host *host;	/* lent, as are ch, ops, owner */
	struct hg_channel *ch;
	const struct hg_token_ops *ops;
	void *owner;
	char *access;			/* or NULL */
	gint64 good_until;		/* monotonic ms: five minutes before it ends */
	char *refresh;			/* what the provider gave instead of the configured one; or NULL */
	GQueue waiting;
	gboolean asking, stopping;
	gint64 again_ms;		/* after a refusal: not before (monotonic) */
	guint attempt;			/* without an answer */
	struct hg_err dead;		/* kind 0: no refusal */
};

/* With zeroed memory. */
void hg_token_init(struct hg_token *token, const struct hg_host *host, struct hg_channel *ch,
		   const struct hg_token_ops *ops, void *owner);
void hg_token_done(struct hg_token *token);
/* Calls fn once: at once when there is a token, else when the provider has answered; not any more after
 * hg_token_done(). */
void hg_token_get(struct hg_token *token, hg_token_fn *fn, void *arg);
void hg_token_renew(struct hg_token *token);
void hg_token_stop(struct hg_token *token);	/* begins nothing any more */
void hg_token_forget(struct hg_token *token);	/* the access token was refused: the next one is new */
void hg_token_set_refresh(struct hg_token *token, char *refresh);	/* takes it over; NULL: none */
