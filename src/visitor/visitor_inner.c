/* visitor_inner.c - calls of the client API that our own pages make for who has no script */
#include "visitor_inner.h"

#include <string.h>

static const struct visitor_route *route_of(const char *method, const char *path)
{
	const char *starts[HG_VISITOR_PARAMS];
	gsize lengths[HG_VISITOR_PARAMS];

	for (const struct visitor_route *route = hg_visitor_routes; route->method; route++)
		if (strcmp(route->method, method) == 0 &&
		    hg_asked_fits(route->pattern, path, HG_VISITOR_PARAMS, starts, lengths))
			return route;
	g_assert_not_reached();
}

void hg_visitor_inner(struct visitor_call *outer, const char *method, const char *path, struct json_object *body,
		      const char *token, visitor_inner_done *done)
{
	struct visitor_call *call = hg_visitor_call_new(outer->visitors, outer->req, route_of(method, path), path);

	call->outer = outer;
	call->outer_done = done;
	call->given = body;
	call->token = hg_arena_str(call->arena, token);
	hg_visitor_call_run(call);
}
