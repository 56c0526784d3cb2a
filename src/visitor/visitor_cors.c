/* visitor_cors.c - which pages may use a channel, and what their browsers want to hear (Fetch standard, CORS) */
#include <string.h>

#include "visitor_call.h"
#include "visitor_origin.h"

/* Without a public_url nobody told us where our pages are: where the request went then. */
static gboolean is_own(const hg_conf *conf, const hg_request *req, const char *origin)
{
	const char *host = hg_request_header(req, "Host"), *at = strstr(origin, "://");

	if (conf->gateway.public_url)
		return hg_origin_of(conf->gateway.public_url, origin);
	return host && at && g_ascii_strcasecmp(at + 3, host) == 0;
}

static gboolean is_listed(const struct hg_visitor_conf *set, const char *origin)
{
	for (char *const *one = set->origins; one && *one; one++)
		if (hg_origin_is(*one, origin))
			return TRUE;
	return FALSE;
}

gboolean hg_visitor_origin_fits(const struct visitor_call *call, const char *origin)
{
	return is_listed(call->set, origin) || is_own(call->conf, call->req, origin);
}

gboolean hg_visitor_origin_own(const struct visitor_call *call, const char *origin)
{
	return is_own(call->conf, call->req, origin);
}

/* ---- CORS: any channel's pages may read our answers; which one they may use is asked behind that ---- */

static gboolean is_known(hg_visitors *visitors, const char *origin)
{
	GHashTableIter iter;
	gpointer place;

	g_hash_table_iter_init(&iter, visitors->places);
	while (g_hash_table_iter_next(&iter, NULL, &place)) {
		const struct hg_channel_conf *channel = hg_conf_channel(visitors->conf, ((struct visitor_place *)place)->name);

		if (channel && is_listed(channel->options, origin))
			return TRUE;
	}
	return FALSE;
}

void hg_visitor_cors(hg_visitors *visitors, const hg_request *req, GPtrArray *ret)
{
	const char *origin = hg_request_header(req, "Origin");

	g_ptr_array_add(ret, g_strdup("Vary: Origin"));
	if (!origin || (!is_own(visitors->conf, req, origin) && !is_known(visitors, origin)))
		return;
	g_ptr_array_add(ret, g_strconcat("Access-Control-Allow-Origin: ", origin, NULL));
	g_ptr_array_add(ret, g_strdup("Access-Control-Expose-Headers: Retry-After"));
}

void hg_visitor_preflight(struct visitor_call *call)
{
	g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);

	hg_visitor_cors(call->visitors, call->req, headers);
	if (headers->len > 1) {
		g_ptr_array_add(headers, g_strdup("Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE"));
		g_ptr_array_add(headers, g_strdup("Access-Control-Allow-Headers: Authorization, Content-Type, Content-Range, "
						  "Last-Event-ID"));
		g_ptr_array_add(headers, g_strdup("Access-Control-Max-Age: 7200"));
	}
	g_ptr_array_add(headers, NULL);
	hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = 204,
		.headers = (const char *const *)headers->pdata });
}
