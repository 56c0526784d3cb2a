/* request_view.c - a request as who describes it sees it */
#include "request_view.h"

static const hg_request *request_of(const struct hg_http_req *pub)
{
	return ((const struct hg_request_view *)(const void *)pub)->req;
}

static const char *get_header(const struct hg_http_req *pub, const char *name)
{
	return hg_request_header(request_of(pub), name);
}

static const char *get_query(const struct hg_http_req *pub, const char *name)
{
	return hg_request_query(request_of(pub), name);
}

void hg_request_view_init(struct hg_request_view *view, const hg_request *req, const char *path)
{
	*view = (struct hg_request_view){ .req = req, .target = hg_request_target(req) };
	view->pub = (struct hg_http_req){ .size = sizeof(view->pub), .method = hg_request_method(req), .path = path,
		.peer = hg_request_peer(req), .header = get_header, .query = get_query, .target = view->target };
	view->pub.body = hg_request_body(req, &view->pub.len);
}

void hg_request_view_clear(struct hg_request_view *view)
{
	g_clear_pointer(&view->target, g_free);
}
