/* visitor_identity.h - who the site's server says a visitor is: a JSON Web Token or an HMAC, or nobody */
#pragma once
#include <glib.h>
#include <json-c/json.h>
#include "arena.h"
#include "visitor_conf.h"

struct visitor_vouched {		/* the arena's */
	const char *user;		/* the site's own id of him */
	const char *email;		/* "ana@example.com", or NULL */
	gboolean email_vouched;		/* the site says that it is his */
	const char *phone;		/* "+447700900123", or NULL */
	gboolean phone_vouched;
	const char *name;		/* or NULL */
	const char *jti;		/* of a token that has one: its id; or NULL */
};

/* identity: {"jwt"} or {"user_id", "hmac", "email"?, "name"?}.  FALSE with error set (DENIED): why it does not count; never
 * with a secret, or what the token holds.
 *
 * A JWT (RFC 7519) is signed by conf's algorithm and no other, and ends by itself, max_age at most from now on.
 * Claims: user_id, else sub; email with email_verified (OpenID Connect Core 1.0, section 5.1; not said: it is),
 * name, phone_number (or phone) with phone_number_verified (not said: it is not), jti, aud.
 *
 * hmac is HMAC-SHA256 of the user id, or of the user id, a newline and the mail address, which vouches for both. */
gboolean hg_visitor_identity_read(const struct hg_visitor_conf *conf, struct json_object *identity, gint64 now_ms,
				  hg_arena *arena, struct visitor_vouched *ret, GError **error);
/* Shaped like a mail address (RFC 5321: 254 bytes, no blanks): more is not to be known here. */
gboolean hg_visitor_email_fits(const char *text);
/* E.164: "+", up to 15 digits. */
gboolean hg_visitor_phone_fits(const char *text);
