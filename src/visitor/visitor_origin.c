/* visitor_origin.c - origins beside each other; pure */
#include "visitor_origin.h"

#include <string.h>

gboolean hg_origin_is(const char *pattern, const char *origin)
{
	const char *host = strstr(pattern, "://*.");
	gsize scheme;
	const char *named, *rest;

	if (!host)
		return g_ascii_strcasecmp(pattern, origin) == 0;
	scheme = (gsize)(host - pattern) + strlen("://");
	if (g_ascii_strncasecmp(pattern, origin, scheme) != 0)
		return FALSE;
	named = pattern + scheme + strlen("*.");
	if (strlen(origin) < scheme + strlen(named))
		return FALSE;
	rest = origin + strlen(origin) - strlen(named);
	if (g_ascii_strcasecmp(rest, named) != 0)
		return FALSE;
	return rest == origin + scheme || rest[-1] == '.';
}

gboolean hg_origin_of(const char *url, const char *origin)
{
	const char *host = strstr(url, "://");
	gsize len = host ? (gsize)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;

	return len && strlen(origin) == len && g_ascii_strncasecmp(url, origin, len) == 0;
}
