/* route.c - requests to /channel/NAME/PATH: found, bounded, handed to the adapter, answered */
#include "route.h"

#include "request_view.h"
#include "services.h"
#include "text.h"

#define AFTER_MOST_S 86400	/* Retry-After */

enum outcome { BY_STATUS, STORED, AGAIN, BUSY, OUTCOMES };

struct reply {				/* the adapter's, copied */
	int status;			/* 0: it says nothing of this outcome */
	char *type;
	GBytes *body;
	gint64 after_s;
};

struct hg_route_call {
	hg_channel *ch;			/* lent; lives as long as batches of it wait */
	hg_request *req;		/* ours to answer; NULL: answered */
	guint waiting;			/* batches without answer */
	gboolean in_handle;
	gboolean emitted;
	gboolean fresh;			/* one of them held something new */
	int worst;			/* enum hg_stored of those answered */
	struct reply replies[OUTCOMES];
	char **headers;
};

static void call_free(struct hg_route_call *call)
{
	for (int i = 0; i < OUTCOMES; i++) {
		g_free(call->replies[i].type);
		g_clear_pointer(&call->replies[i].body, g_bytes_unref);
	}
	g_strfreev(call->headers);
	g_free(call);
}

/* ---- finding the route: asked when the head is there ---- */

/* A path that ends in a star stands for all that begin as it does. */
static gboolean stands_for(const struct hg_route *r, const char *path)
{
	gsize len = strlen(r->path);

	if (r->path[len - 1] == '*')
		return strncmp(r->path, path, len - 1) == 0 && path[len - 1];
	return strcmp(r->path, path) == 0;
}

static const struct hg_route *find(const hg_channel *ch, const char *path, const char *method)
{
	const struct hg_route *r = ch->desc->routes;

	for (; r && r->path; r++)
		if (stands_for(r, path) && (!method || strcmp(r->method, method) == 0))
			return r;
	return NULL;
}

/* "Allow: GET, POST" for a path.  The server reads it after we have returned, so it is interned:
 * methods and paths are the adapter's constants, a handful per process. */
static const char *allow(const hg_channel *ch, const char *path)
{
	g_autoptr(GString) line = g_string_new("Allow: ");
	const char *sep = "";

	for (const struct hg_route *r = ch->desc->routes; r->path; r++) {
		if (!stands_for(r, path))
			continue;
		g_string_append_printf(line, "%s%s", sep, r->method);
		sep = ", ";
	}
	return g_intern_string(line->str);
}

void hg_channel_route(hg_channel *ch, const char *path, const hg_request *req, struct hg_server_route *route)
{
	const struct hg_route *r = find(ch, path, hg_request_method(req));

	if (r && ch->phase == HG_PH_RUNNING) {
		route->max_body = r->max_body;
		return;
	}
	ch->counts.refused++;
	if (r) {
		route->refuse = 503;
		route->why = "This channel is not running at the moment.";
		route->header = "Retry-After: " HG_CH_RETRY_AFTER;
	} else if (find(ch, path, NULL)) {
		route->refuse = 405;
		route->why = "This address does not take that method.";
		route->header = allow(ch, path);
	} else {
		route->refuse = 404;
		route->why = "There is nothing at this address of the channel.";
	}
}

/* ---- the answer ---- */

static void answer_busy(hg_request *req)
{
	static const char *const headers[] = { "Retry-After: " HG_CH_RETRY_AFTER, NULL };
	static const char text[] = "not stored; please send it again\n";
	struct hg_answer answer = { .status = 503, .type = "text/plain", .headers = headers,
				    .body = text, .len = sizeof(text) - 1 };

	hg_request_answer(req, &answer);
}

/* What it comes to: what was said of every outcome at once, or else of this one. */
static const struct reply *reply_of(const struct hg_route_call *call)
{
	const struct reply *all = call->replies;

	if (all[BY_STATUS].status)
		return &all[BY_STATUS];
	if (call->worst != HG_STORED)
		return &all[BUSY];
	return !call->fresh && all[AGAIN].status ? &all[AGAIN] : &all[STORED];
}

static char **with_line(char *const *headers, const char *line)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();

	g_strv_builder_addv(all, (const char **)headers);
	g_strv_builder_add(all, line);
	return g_strv_builder_end(all);
}

static void answer(struct hg_route_call *call)
{
	hg_request *req = g_steal_pointer(&call->req);
	const struct reply *reply = reply_of(call);
	g_autofree char *after = g_strdup_printf("Retry-After: %" G_GINT64_FORMAT, reply->after_s);
	g_auto(GStrv) headers = reply->after_s > 0 ? with_line(call->headers, after) : g_strdupv(call->headers);
	struct hg_answer answer = { .status = reply->status, .type = reply->type,
				    .headers = (const char *const *)headers };

	call->ch->counts.refused += reply->status >= 400 || reply == &call->replies[BUSY];
	if (!reply->status) {
		answer_busy(req);
		return;
	}
	if (reply->body)
		answer.body = g_bytes_get_data(reply->body, &answer.len);
	hg_request_answer(req, &answer);
}

/* Answers when everything it waits for is there, and ends the call when nothing refers to it. */
static void settle(struct hg_route_call *call)
{
	if (call->in_handle)
		return;
	if (call->req && (call->replies[BY_STATUS].status || !call->waiting))
		answer(call);
	if (!call->waiting)
		call_free(call);
}

struct hg_route_call *hg_route_wait(struct hg_route_call *call)
{
	call->waiting++;
	call->emitted = TRUE;
	return call;
}

void hg_route_stored(struct hg_route_call *call, int stored, gboolean again)
{
	g_assert(call->waiting);
	call->waiting--;
	call->fresh |= !again;
	call->worst = MAX(call->worst, stored);
	settle(call);
}

/* ---- the adapter's side ---- */

/* A line of a head that an adapter made from what somebody sent must stay one line. */
static gboolean line_ok(const char *line)
{
	return hg_text_printable(line) && !strpbrk(line, "\r\n\t");
}

static char **copy_headers(hg_channel *ch, const char *const *headers)
{
	g_autoptr(GStrvBuilder) copy = g_strv_builder_new();

	for (guint i = 0; headers && headers[i] && i < 32; i++) {
		if (line_ok(headers[i]) && strchr(headers[i], ':'))
			g_strv_builder_add(copy, headers[i]);
		else
			hg_ch_fault(ch, "header %u of a reply is no \"Name: value\"; left out", i);
	}
	return g_strv_builder_end(copy);
}

/* FALSE: it is none. */
static gboolean take_outcome(struct hg_route_call *call, enum outcome which, const struct hg_http_outcome *theirs)
{
	struct reply *reply = &call->replies[which];
	struct hg_http_outcome ours, *said = &ours;

	if (!hg_take_struct(&ours, sizeof(ours), theirs) || said->status < 200 || said->status > 599 || (said->len && !said->body)) {
		hg_ch_fault(call->ch, "a reply's size, status (%d) or body is wrong", said->status);
		return FALSE;
	}
	reply->status = said->status;
	if (said->type && line_ok(said->type))
		reply->type = g_strdup(said->type);
	if (said->body)
		reply->body = g_bytes_new(said->body, said->len);
	reply->after_s = CLAMP(said->after_s, 0, AFTER_MOST_S);
	return TRUE;
}

/* What is wrong was told; the reply is 500 then. */
static gboolean take_all(struct hg_route_call *call, const struct hg_http_rep *rep)
{
	struct hg_http_outcome whole = { .size = sizeof(whole), .status = rep->status, .type = rep->type, .body = rep->body, .len = rep->len };

	if (rep->status)
		return take_outcome(call, BY_STATUS, &whole);
	if (!call->emitted) {
		hg_ch_fault(call->ch, "a route handler left status at 0 and did not emit() with ack NULL");
		return FALSE;
	}
	whole.status = 200;
	return take_outcome(call, STORED, rep->stored ?: &whole) && (!rep->again || take_outcome(call, AGAIN, rep->again)) &&
	       (!rep->busy || take_outcome(call, BUSY, rep->busy));
}

static void take_reply(struct hg_route_call *call, const struct hg_http_rep *theirs)
{
	struct hg_http_rep rep;

	if (!hg_take_struct(&rep, sizeof(rep), theirs)) {
		hg_ch_fault(call->ch, "a reply's size is that of no struct hg_http_rep");
		call->replies[BY_STATUS].status = 500;
		return;
	}
	if (take_all(call, &rep))
		call->headers = copy_headers(call->ch, rep.headers);
	else
		call->replies[BY_STATUS] = (struct reply){ .status = 500 };
}

static void run_handler(struct hg_route_call *call, const struct hg_route *r, const char *path)
{
	hg_channel *ch = call->ch;
	struct hg_http_rep rep = { .size = sizeof(rep) };
	g_auto(hg_request_view) in = { 0 };

	hg_request_view_init(&in, call->req, path);
	call->in_handle = TRUE;
	ch->handling = call;
	r->handle(ch->state, &in.pub, &rep);
	ch->handling = NULL;
	take_reply(call, &rep);
	call->in_handle = FALSE;
}

void hg_channel_handle(hg_channel *ch, const char *path, hg_request *req)
{
	const struct hg_route *r = find(ch, path, hg_request_method(req));
	struct hg_route_call *call;

	ch->counts.requests++;
	/* It was there when the head came; a reload may have come in between. */
	if (!r || ch->phase != HG_PH_RUNNING) {
		ch->counts.refused++;
		answer_busy(req);
		return;
	}
	call = g_new0(struct hg_route_call, 1);
	call->ch = ch;
	call->req = req;
	run_handler(call, r, path);
	settle(call);
}
