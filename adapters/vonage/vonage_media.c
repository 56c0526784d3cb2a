/* vonage_media.c - files that customers send: by a URL, which wants our credentials where it is Vonage's own */
#include <string.h>

#include "api_url.h"
#include "vonage.h"

#define FETCH_MS G_GINT64_CONSTANT(300000)

/* Vonage's media servers, in whatever region: they ask for what the Messages API asks for. */
static const char *const vonage_hosts[] = { ".nexmo.com", ".vonage.com", NULL };

static void give_up(struct vonage *v, uint64_t ticket, const char *why)
{
	struct hg_err err = { .kind = HG_ERR_GONE };

	g_strlcpy(err.text, why, sizeof(err.text));
	v->host->fetched(v->ch, ticket, NULL, &err);
}

/* The admin named api_url, so that may be a private address; any other place is a stranger's word, and gets our
 * credentials only where it is Vonage's. */
void vonage_fetch(void *state, uint64_t ticket, const char *ref)
{
	struct vonage *v = state;
	gboolean named = hg_api_same_origin(ref, v->conf->api_url);
	g_autofree char *host = hg_api_host(ref);
	gboolean ours = named || (host && g_str_has_prefix(ref, "https:") && hg_api_host_in(host, vonage_hosts));
	g_autofree char *auth = ours ? vonage_auth(v, ref) : NULL;
	const char *headers[] = { auth, NULL };
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .url = ref, .headers = headers, .timeout_ms = FETCH_MS,
		.max_reply = VONAGE_FILE_MAX, .stranger = !named, .hosts = ours ? vonage_hosts : NULL,
	};

	if (!host)
		give_up(v, ticket, "the file's URL is none that could be fetched");
	else if (!named && !g_str_has_prefix(ref, "https:"))
		give_up(v, ticket, "the file's URL is not https");
	else
		v->host->fetched(v->ch, ticket, &get, NULL);
}
