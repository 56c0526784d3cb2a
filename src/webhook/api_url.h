/* api_url.h - the URLs of providers that the configuration names, and those that providers name */
#pragma once
#include <glib.h>

/* Why it cannot be the base of an API (static), or NULL: https, or http to this machine; no user, query, fragment. */
const char *hg_api_url_wrong(const char *url);
/* base and path with one slash between them; yours. */
char *hg_api_url(const char *base, const char *path);
/* Host of an http(s) URL without user, in lower case; NULL: it is none.  Yours. */
char *hg_api_host(const char *url);
/* Scheme, host and port are the same. */
gboolean hg_api_same_origin(const char *a, const char *b);
/* hosts: NULL-ended; ".example" stands for all below it. */
gboolean hg_api_host_in(const char *host, const char *const *hosts);
