/* cookie.c - cookies and origins */
#include "cookie.h"

#include <string.h>

#define COOKIES_MAX 50

char *hg_cookie_get(const char *header, const char *name, gsize max)
{
	g_auto(GStrv) all = g_strsplit(header ?: "", ";", COOKIES_MAX);
	gsize len = strlen(name);

	for (char **one = all; *one; one++) {
		const char *pair = g_strstrip(*one), *value;

		if (strncmp(pair, name, len) != 0 || pair[len] != '=')
			continue;
		value = pair + len + 1;
		return *value && strlen(value) < max ? g_strdup(value) : NULL;
	}
	return NULL;
}

gboolean hg_origin_is_host(const char *origin, const char *host)
{
	const char *authority = strstr(origin, "://");

	return authority && host && g_ascii_strcasecmp(authority + 3, host) == 0;
}
