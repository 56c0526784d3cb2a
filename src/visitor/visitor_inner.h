/* visitor_inner.h - calls of the client API that our own pages make for who has no script: by the same routes, under the
 * same rules and rates, as if his browser had made them */
#pragma once
#include <json-c/json.h>
#include "visitor_call.h"

struct visitor_inner {			/* what came of it; lent */
	int status;
	const char *word, *detail;	/* of a problem; "" without */
	struct json_object *out;	/* of a success that has a body; or NULL */
};
/* On the loop; another call may be made from it. */
typedef void visitor_inner_done(struct visitor_call *outer, const struct visitor_inner *inner);

/* Takes body (NULL: none).  token: of the session, or NULL.  outer must not be finished before done. */
void hg_visitor_inner(struct visitor_call *outer, const char *method, const char *path, struct json_object *body,
		      const char *token, visitor_inner_done *done);
