/* visitor_origin.h - pages by the origin their browser names (RFC 6454) */
#pragma once
#include <glib.h>

/* pattern: "https://www.acme.example:8443"; with "*." before the host: that host and all below it. */
gboolean hg_origin_is(const char *pattern, const char *origin);
/* Is it that of this URL ("https://chat.acme.example/widget")? */
gboolean hg_origin_of(const char *url, const char *origin);
