/* visitor_stream.c - GET /client/v1/events: from a request to a follower of the hub */
#include <string.h>

#include "visitor_call.h"

#define WAIT_MAX_S 25			/* of a long poll: proxies give up after 30 s and more */
#define CURSOR_MAX 64

struct follow {
	const char *cursor;		/* the arena's; or NULL */
	gint64 wait_ms;			/* -1: a stream */
	gint64 newest_n;		/* what another node may have told him of; 0: there is none */
};

/* Last-Event-ID is what a stream that broke had got last (HTML, "server-sent events"); it knows better than the address. */
void hg_stream_begin(struct visitor_call *call)
{
	const char *accept = hg_request_header(call->req, "Accept"), *last = hg_request_header(call->req, "Last-Event-ID");
	gint64 wait_s = hg_asked_number(call->req, "wait", 0, WAIT_MAX_S, 0, &call->error);
	const char *cursor = last && *last ? last : hg_request_query(call->req, "cursor");
	struct follow *follow = hg_arena_alloc(call->arena, sizeof *follow);

	/* What is too long is none of ours: the hub says reset. */
	follow->cursor = cursor && *cursor ? hg_arena_mem(call->arena, cursor, MIN(strlen(cursor), CURSOR_MAX)) : NULL;
	follow->newest_n = 0;
	follow->wait_ms = accept && strstr(accept, "text/event-stream") ? -1 : wait_s * 1000;
	call->extra = follow;
}

/* He may have come from a node that was ahead of this one by a moment. */
void hg_stream_read(struct visitor_call *call, hg_store *store)
{
	struct follow *follow = call->extra;

	if (follow->cursor && hg_store_is_shared(store))
		hg_store_event_last(store, &follow->newest_n, &call->error);
}

void hg_stream_follow(struct visitor_call *call)
{
	const struct follow *follow = call->extra;
	g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
	struct hg_visitor_follower who = { .uri = call->who.uri, .channel = call->channel->name, .browser = call->who.browser,
		.issued_ms = call->who.issued_ms, .expires_ms = call->who.expires_ms, .cursor = follow->cursor,
		.newest_n = follow->newest_n, .wait_ms = follow->wait_ms, .most = (guint)call->set->session.streams };

	hg_visitor_cors(call->visitors, call->req, headers);
	g_ptr_array_add(headers, NULL);
	who.headers = (const char *const *)headers->pdata;
	if (!hg_visitor_place(call)) {
		hg_visitor_refuse(call, 503, "busy", "the channel is not running at the moment");
		return;
	}
	if (hg_visitor_live_follow(call->visitors->live, call->req, &who, &call->error))
		call->req = NULL;
	else if (g_error_matches(call->error, HG_ERROR, HG_ERROR_LIMIT)) {
		g_autofree char *why = g_strdup(call->error->message);

		call->retry_s = WAIT_MAX_S;
		(void)hg_visitor_wrong(call, 429, "too-many", "%s", why);
	}
	hg_visitor_finish(call);
}
