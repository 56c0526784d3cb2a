/* api.h - URLs and headers of the Graph API, or of a carrier with the same API */
#pragma once
#include "pool.h"
#include "wire.h"

/* .../{version}/{number}/{path} ("messages", "media"); number may be NULL.  With urls: flat the
 * version and the number are left out: the token says whose they are. */
const char *wa_api_url(struct wa_pool *pool, const struct wa_conf *conf, const char *number, const char *path);
const char *wa_api_media_url(struct wa_pool *pool, const struct wa_conf *conf, const char *number,
			     const char *media_id);
/* What the API says of a number: whether it is there, and whether the token is good for it. */
const char *wa_api_number_url(struct wa_pool *pool, const struct wa_conf *conf, const char *number);
const char *wa_api_auth(struct wa_pool *pool, const struct wa_conf *conf);	/* "Name: value" */
bool wa_api_is_flat(const struct wa_conf *conf);

/* Scheme, host and port of a URL: "https://host:443".  NULL when it is no plain http(s) URL: user
 * names, backslashes, spaces and controls are not accepted. */
const char *wa_api_origin(struct wa_pool *pool, const char *url);
const char *wa_api_host(struct wa_pool *pool, const char *url);	/* in lower case; NULL as above */
