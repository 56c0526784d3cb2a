/* cookie.h - cookies and where a request comes from, as browsers tell both */
#pragma once
#include <glib.h>

/* The value of the first cookie of that name in a request's Cookie header (RFC 6265, section 4.2.1), yours; NULL: there is
 * none, it is empty, or has max bytes and more.  header may be NULL; of a header at most 50 cookies are looked at. */
char *hg_cookie_get(const char *header, const char *name, gsize max);
/* TRUE when origin (of an Origin header, "https://host:port") has this authority, case aside: what Host says. */
gboolean hg_origin_is_host(const char *origin, const char *host);
