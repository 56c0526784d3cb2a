/* visitor_say.h - a message on its way from a visitor to the engine; for visitor_say.c and visitor_emit.c */
#pragma once
#include "visitor_call.h"

struct visitor_saying {			/* all the call's arena's */
	const char *client_id;		/* the client's own id: the same when it comes again */
	const char *key;		/* "VISITOR:CLIENT-ID", as the engine knows it */
	const char *text;
	int kind;			/* HG_TEXT, HG_BUTTON, or that of its first file */
	const char *name;		/* of what he says of himself; or NULL */
	const char *profile;		/* all of that, as JSON; or NULL */
	const char *payload;		/* JSON: page, context, choice; or NULL */
	const char **upload_ids;
	guint n_uploads;
	struct hg_file *files;		/* claimed; or NULL */
	const char *ref;		/* the channel's id of the newest message of the conversation written to; or NULL */
	struct json_object *about;	/* what he says of himself, as it came; ours; or NULL */
	gboolean found;			/* it was there before */
	gboolean pending;		/* it is stored, and waits to be judged */
};

/* Appends {"thread":...,"message":...} of the one stored under key; *ret_found FALSE, and nothing: there is none. */
gboolean hg_saying_write(struct visitor_call *call, hg_store *store, const char *key, gboolean *ret_found);
