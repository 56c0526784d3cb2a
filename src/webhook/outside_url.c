/* outside_url.c - the URL a provider believes it called: what it signed */
#include "outside_url.h"

#include <string.h>

#include "params.h"

char *hg_outside_url(const char *base, const struct hg_http_req *req)
{
	g_autofree char *root = g_strdup(base);
	gsize len = strlen(root);

	while (len && root[len - 1] == '/')
		root[--len] = '\0';
	return g_strconcat(root, HG_HAS(req, target) ? req->target : "", NULL);
}

char *hg_outside_hook(const char *hook, const struct hg_http_req *req)
{
	const char *query = HG_HAS(req, target) ? strchr(req->target, '?') : NULL;
	g_autofree char *bare = g_strndup(hook, strcspn(hook, "?#"));

	return g_strconcat(bare, query ? query : "", NULL);
}

char *hg_outside_with(const char *hook, const char *name, const char *value)
{
	gsize head = strcspn(hook, "#");
	GString *url = g_string_new_len(hook, (gssize)head);
	g_autoptr(GString) pair = g_string_new(NULL);

	hg_params_add(pair, name, value);
	g_string_append_c(url, memchr(hook, '?', head) ? '&' : '?');
	g_string_append(url, pair->str);
	g_string_append(url, hook + head);
	return g_string_free(url, FALSE);
}

gboolean hg_same_origin(const char *url, const char *base)
{
	g_autoptr(GUri) a = g_uri_parse(url, G_URI_FLAGS_NONE, NULL), b = g_uri_parse(base, G_URI_FLAGS_NONE, NULL);

	return a && b && !g_strcmp0(g_uri_get_scheme(a), g_uri_get_scheme(b)) && g_uri_get_port(a) == g_uri_get_port(b) &&
	       g_uri_get_host(a) && g_uri_get_host(b) && !g_ascii_strcasecmp(g_uri_get_host(a), g_uri_get_host(b));
}
