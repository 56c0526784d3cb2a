/* visitor_static.c - /widget/: what pages load from us; the same for everybody, so nobody is asked who he is */
#include <string.h>

#include "static_files.h"
#include "visitor_call.h"

#define FOR_EVER "Cache-Control: public, max-age=31536000, immutable"
#define FOR_NOW "Cache-Control: public, max-age=300"	/* the loader: an update of ours is everywhere in five minutes */
#define ONCE "Cache-Control: no-cache"		/* another version's name */

/* A module is fetched with CORS wherever the page is from; a page with COEP takes only what says that it may. */
#define OPEN_TO_ALL "Access-Control-Allow-Origin: *", "Cross-Origin-Resource-Policy: cross-origin"

void hg_static_begin(struct visitor_call *call)
{
	gboolean exact, gzip = hg_static_takes_gzip(hg_request_header(call->req, "Accept-Encoding"));
	const struct hg_static *found = hg_static_find(call->param[0], &exact);
	const char *headers[8] = { OPEN_TO_ALL, "Vary: Accept-Encoding" };
	g_autofree char *tag = NULL, *etag = NULL;

	if (!found) {
		hg_fail(&call->error, HG_ERROR_MISSING, "the widget has no file \"%.60s\"", call->param[0]);
		return;
	}
	tag = g_strconcat(found->tag, gzip ? "-gz" : "", NULL);
	etag = g_strdup_printf("ETag: \"%s\"", tag);
	headers[3] = exact ? FOR_EVER : strcmp(found->name, call->param[0]) == 0 ? FOR_NOW : ONCE;
	headers[4] = etag;
	headers[5] = gzip ? "Content-Encoding: gzip" : NULL;
	if (hg_static_is_known(hg_request_header(call->req, "If-None-Match"), tag)) {
		headers[5] = NULL;
		hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = 304, .headers = headers });
		return;
	}
	hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = 200, .type = found->type,
		.headers = headers, .body = gzip ? found->file->gzip : found->file->bytes,
		.len = gzip ? found->file->gzip_len : found->file->len });
}
