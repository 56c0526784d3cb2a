/* outside_url.h - the URL a provider believes it called: what it signed */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

/* base: "https://hooks.example.com", or with a path "https://x.example/in" that stands for the gateway's root;
 * req->target is put behind it.  Yours. */
char *hg_outside_url(const char *base, const struct hg_http_req *req);
