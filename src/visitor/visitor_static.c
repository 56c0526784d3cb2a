/* visitor_static.c - /widget/: what pages load from us; the same for everybody, so nobody is asked who he is */
#include <string.h>

#include "static_files.h"
#include "visitor_call.h"

#define FOR_NOW "Cache-Control: public, max-age=300"	/* the loader: an update of ours is everywhere in five minutes */
#define ONCE "Cache-Control: no-cache"		/* another version's name */

void hg_static_begin(struct visitor_call *call)
{
	/* A module is fetched with CORS wherever the page is from; a page with COEP takes only what says that it may. */
	static const char *const open_to_all[] = { "Access-Control-Allow-Origin: *",
						   "Cross-Origin-Resource-Policy: cross-origin", NULL };
	gboolean exact;
	const struct hg_static *found = hg_static_find(&hg_widget_files, call->param[0], &exact);

	if (!found) {
		hg_fail(&call->error, HG_ERROR_MISSING, "the widget has no file \"%.60s\"", call->param[0]);
		return;
	}
	hg_static_answer(g_steal_pointer(&call->req), found, exact ? HG_STATIC_FOR_EVER :
			 strcmp(found->name, call->param[0]) == 0 ? FOR_NOW : ONCE, open_to_all);
}
