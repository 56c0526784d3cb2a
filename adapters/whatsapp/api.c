/* api.c - URLs and headers of the Graph API, or of a carrier with the same API */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "api.h"

bool wa_api_is_flat(const struct wa_conf *conf)
{
	return conf->urls && !strcmp(conf->urls, "flat");
}

/* base_url without the slashes at its end */
static const char *base(struct wa_pool *pool, const struct wa_conf *conf)
{
	size_t len = strlen(conf->base_url);

	while (len && conf->base_url[len - 1] == '/')
		len--;
	return wa_dupn(pool, conf->base_url, len);
}

static const char *versioned(struct wa_pool *pool, const struct wa_conf *conf)
{
	if (wa_api_is_flat(conf) || !conf->version || !*conf->version)
		return base(pool, conf);
	return wa_fmt(pool, "%s/%s", base(pool, conf), conf->version);
}

const char *wa_api_url(struct wa_pool *pool, const struct wa_conf *conf, const char *number, const char *path)
{
	if (wa_api_is_flat(conf) || !number)
		return wa_fmt(pool, "%s/%s", versioned(pool, conf), path);
	return wa_fmt(pool, "%s/%s/%s", versioned(pool, conf), number, path);
}

const char *wa_api_media_url(struct wa_pool *pool, const struct wa_conf *conf, const char *number,
			     const char *media_id)
{
	if (wa_api_is_flat(conf))
		return wa_fmt(pool, "%s/%s", versioned(pool, conf), media_id);
	return wa_fmt(pool, "%s/%s?phone_number_id=%s", versioned(pool, conf), media_id, number);
}

const char *wa_api_number_url(struct wa_pool *pool, const struct wa_conf *conf, const char *number)
{
	return wa_fmt(pool, "%s/%s?fields=id", versioned(pool, conf), number);
}

/* "Authorization: Bearer" is a name and the beginning of a value, "D360-API-KEY" a name only. */
const char *wa_api_auth(struct wa_pool *pool, const struct wa_conf *conf)
{
	const char *glue = strchr(conf->auth_header, ':') ? " " : ": ";

	return wa_fmt(pool, "%s%s%s", conf->auth_header, glue, conf->token);
}

/* Length of the authority behind "://", 0 when there is none that is plain. */
static size_t authority(const char *at)
{
	size_t len = strcspn(at, "/?#");

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)at[i]) && !strchr(".-:[]", at[i]))
			return 0;
	return len;
}

static const char *split(const char *url, const char **ret_scheme, size_t *ret_len)
{
	const char *at;

	if (!strncasecmp(url, "https://", 8))
		*ret_scheme = "https", at = url + 8;
	else if (!strncasecmp(url, "http://", 7))
		*ret_scheme = "http", at = url + 7;
	else
		return NULL;
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '\\' || *c == 0x7f)
			return NULL;
	*ret_len = authority(at);
	return *ret_len ? at : NULL;
}

static char *lower(struct wa_pool *pool, const char *text, size_t len)
{
	char *copy = wa_dupn(pool, text, len);

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* The colon before a port, not one inside of [::1]. */
static char *port_colon(char *host)
{
	char *colon = strrchr(host, ':');

	return colon && !strchr(colon, ']') ? colon : NULL;
}

const char *wa_api_origin(struct wa_pool *pool, const char *url)
{
	const char *scheme, *at;
	size_t len;
	char *host;

	at = split(url, &scheme, &len);
	if (!at)
		return NULL;
	host = lower(pool, at, len);
	if (port_colon(host))
		return wa_fmt(pool, "%s://%s", scheme, host);
	return wa_fmt(pool, "%s://%s:%d", scheme, host, strcmp(scheme, "https") ? 80 : 443);
}

const char *wa_api_host(struct wa_pool *pool, const char *url)
{
	const char *scheme, *at;
	size_t len;
	char *host;

	at = split(url, &scheme, &len);
	if (!at)
		return NULL;
	host = lower(pool, at, len);
	if (port_colon(host))
		*port_colon(host) = '\0';
	return host;
}
