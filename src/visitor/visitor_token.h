/* visitor_token.h - who a visitor is to us: ids, and the tokens that prove a session without a row for it
 *
 * A token is "hv1." and two parts in base64url (RFC 4648 section 5) with a dot between: what it says, as
 * JSON, and HMAC-SHA256 of all before the dot.  Whoever holds it is that visitor, on that channel. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "env.h"
#include "model.h"

#define HG_VISITOR_TOKEN_MAX 3072	/* bytes */
#define HG_VISITOR_ID_SIZE   (HG_VISITOR_IDENTIFIED + 1)
#define HG_VISITOR_URI_SIZE  (HG_VISITOR_ID_SIZE + sizeof(HG_VISITOR_SCHEME) - 1)

struct visitor_who {
	char id[HG_VISITOR_ID_SIZE];	/* "": nobody */
	char uri[HG_VISITOR_URI_SIZE];	/* "widget:" and the id */
	char browser[HG_BROWSER_MAX + 1];	/* what all tokens of one browser have in common */
	const char *channel;		/* the arena's */
	gboolean identified;		/* the site's server said who he is ... */
	gint64 began_ms;		/* ... then; of an anonymous one: when he first came */
	/* What it said; the arena's, each NULL when it did not.  In the token, for he has no row before he writes. */
	const char *user, *email, *phone, *name;
	gboolean email_vouched, phone_vouched;
	gint64 issued_ms, expires_ms;
};

/* A new anonymous visitor: of random bytes, never of anything a stranger says. */
void hg_visitor_new_id(struct hg_env *env, struct visitor_who *who);
/* Of one the site's server knows by that id in that scope: the same on all his devices. */
void hg_visitor_user_id(const guint8 key[32], const char *scope, const char *user, struct visitor_who *who);
/* A browser not seen before. */
void hg_visitor_new_browser(struct hg_env *env, struct visitor_who *who);

/* Yours.  who is whole but for uri. */
char *hg_visitor_token_make(const guint8 key[32], const struct visitor_who *who);
/* FALSE when we never made it.  Whether it is still good is for the caller to see. */
gboolean hg_visitor_token_read(const guint8 key[32], const char *token, hg_arena *arena, struct visitor_who *ret);
