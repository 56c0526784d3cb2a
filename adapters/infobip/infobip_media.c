/* infobip_media.c - files of MMS: by a URL, which wants our key where it is Infobip's own */
#include <string.h>

#include "api_url.h"
#include "infobip.h"

#define FETCH_MS G_GINT64_CONSTANT(300000)

static const char *const infobip_hosts[] = { ".infobip.com", NULL };

static void give_up(struct infobip *ib, uint64_t ticket, const char *why)
{
	struct hg_err err = { .kind = HG_ERR_GONE };

	g_strlcpy(err.text, why, sizeof(err.text));
	ib->host->fetched(ib->ch, ticket, NULL, &err);
}

/* The admin named base_url, so that may be a private address; any other place is a stranger's word, and gets our
 * key only where it is Infobip's. */
void infobip_fetch(void *state, uint64_t ticket, const char *ref)
{
	struct infobip *ib = state;
	gboolean named = hg_api_same_origin(ref, ib->conf->base_url);
	g_autofree char *host = hg_api_host(ref);
	gboolean ours = named || (host && g_str_has_prefix(ref, "https:") && hg_api_host_in(host, infobip_hosts));
	g_autofree char *auth = ours ? infobip_auth(ib->conf) : NULL;
	const char *headers[] = { auth, NULL };
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .url = ref, .headers = headers, .timeout_ms = FETCH_MS,
		.max_reply = INFOBIP_FILE_MAX, .stranger = !named, .hosts = ours ? infobip_hosts : NULL,
	};

	if (!host)
		give_up(ib, ticket, "the file's URL is none that could be fetched");
	else if (!named && !g_str_has_prefix(ref, "https:"))
		give_up(ib, ticket, "the file's URL is not https");
	else
		ib->host->fetched(ib->ch, ticket, &get, NULL);
}
