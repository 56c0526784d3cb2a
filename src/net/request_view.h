/* request_view.h - a request of the server as descriptions and adapters look at it */
#pragma once
#include <headgate/adapter.h>

#include "http_server.h"

struct hg_request_view {
	struct hg_http_req pub;		/* first: what header() and query() are called with */
	const hg_request *req;
	char *target;			/* ours */
};

/* path: below where its owner is mounted, lent as req is.  To be cleared before req is answered. */
void hg_request_view_init(struct hg_request_view *view, const hg_request *req, const char *path);
void hg_request_view_clear(struct hg_request_view *view);
typedef struct hg_request_view hg_request_view;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(hg_request_view, hg_request_view_clear)
