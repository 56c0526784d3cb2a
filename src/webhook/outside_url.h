/* outside_url.h - the URL a provider believes it called: what it signed
 *
 * Behind a proxy only the configuration knows it: no header that a stranger can write is asked. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

/* base: "https://hooks.example.com", or with a path "https://x.example/in" that stands for the gateway's root;
 * req->target is put behind it.  Yours. */
char *hg_outside_url(const char *base, const struct hg_http_req *req);
/* hook: the whole URL as it was typed into the provider's form; the query that came is put behind it, in the place of
 * its own, and its fragment is left out: it is never sent.  Yours. */
char *hg_outside_hook(const char *hook, const struct hg_http_req *req);
/* hook with name=value added to its query, before its fragment.  Yours. */
char *hg_outside_with(const char *hook, const char *name, const char *value);
/* Are scheme, host and port of both the same?  FALSE for what is no URL. */
gboolean hg_same_origin(const char *url, const char *base);
