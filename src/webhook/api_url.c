/* api_url.c - the URLs of providers that the configuration names, and those that providers name */
#include "api_url.h"

#include <string.h>

/* What other readers of URLs take in different ways. */
static gboolean is_plain(const char *url)
{
	for (; *url; url++)
		if ((guchar)*url <= ' ' || *url == '\\' || *url == 0x7f)
			return FALSE;
	return TRUE;
}

static GUri *read_url(const char *url)
{
	GUri *uri = url && is_plain(url) ? g_uri_parse(url, G_URI_FLAGS_SCHEME_NORMALIZE, NULL) : NULL;
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";

	if (uri && ((strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) || !g_uri_get_host(uri) ||
		    !*g_uri_get_host(uri) || g_uri_get_userinfo(uri)))
		g_clear_pointer(&uri, g_uri_unref);
	return uri;
}

static gboolean is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") || strcmp(host, "::1") == 0;
}

const char *hg_api_url_wrong(const char *url)
{
	g_autoptr(GUri) uri = read_url(url);

	if (!uri || g_uri_get_query(uri) || g_uri_get_fragment(uri))
		return "is no plain https URL";
	if (strcmp(g_uri_get_scheme(uri), "http") == 0 && !is_loopback(g_uri_get_host(uri)))
		return "would send secrets in the clear: use https";
	return NULL;
}

char *hg_api_url(const char *base, const char *path)
{
	gsize len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	return g_strdup_printf("%.*s/%s", (int)len, base, path);
}

char *hg_api_host(const char *url)
{
	g_autoptr(GUri) uri = read_url(url);

	return uri ? g_ascii_strdown(g_uri_get_host(uri), -1) : NULL;
}

gboolean hg_api_same_origin(const char *a, const char *b)
{
	g_autoptr(GUri) one = read_url(a), other = read_url(b);

	return one && other && strcmp(g_uri_get_scheme(one), g_uri_get_scheme(other)) == 0 &&
	       g_ascii_strcasecmp(g_uri_get_host(one), g_uri_get_host(other)) == 0 &&
	       g_uri_get_port(one) == g_uri_get_port(other);
}

gboolean hg_api_host_in(const char *host, const char *const *hosts)
{
	for (; *hosts; hosts++)
		if (**hosts == '.' ? g_str_has_suffix(host, *hosts) : strcmp(host, *hosts) == 0)
			return TRUE;
	return FALSE;
}
