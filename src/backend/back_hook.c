/* back_hook.c - /backend/NAME/hook: a helpdesk calls, is judged, stored, and answered then */
#include "backs_inside.h"

#include <string.h>

#include "request_view.h"

#define RETRY_AFTER_S 5
#define HOOK "/hook"

struct answering {			/* a request that waits for the disk */
	hg_request *req;		/* ours to answer */
	struct hg_way *way;
	struct hg_back_heard heard;	/* ours: its answers */
};

/* ---- which one ---- */

/* The way of "/backend/NAME/hook"; NULL: there is no such path, or no such hook. */
static struct hg_way *find(hg_backs *backs, const char *path, const struct hg_backend_conf **ret)
{
	g_autofree char *name = g_strdup(path + strlen(HG_BACKS_PREFIX));
	struct hg_way *way;

	if (!g_str_has_suffix(name, HOOK))
		return NULL;
	name[strlen(name) - strlen(HOOK)] = '\0';
	if (!hg_conf_backend(backs->conf, name))
		return NULL;
	way = hg_way_of(backs, name);
	*ret = hg_way_backend(way);
	return *ret && hg_back_has_hook((*ret)->desk->back) ? way : NULL;
}

/* Without the secret that its calls are signed with, nobody's call can be believed. */
static gboolean is_closed(struct hg_way *way, const struct hg_backend_conf *backend)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	if (!backend->desk->no_hook)
		return FALSE;
	if (hg_way_may_log(way, &way->closed_ms))
		hg_warn(&ctx, "back.closed", "somebody calls its hook, which is closed: the secret that its calls are proven by "
			"(webhook_secret, or one of credentials) is not set");
	return TRUE;
}

void hg_backs_route(hg_backs *backs, const hg_request *req, struct hg_server_route *route)
{
	const struct hg_backend_conf *backend = NULL;
	struct hg_way *way = find(backs, hg_request_path(req), &backend);
	const char *method = hg_request_method(req);

	route->max_body = HG_BACK_BODY_MAX;
	if (!way || is_closed(way, backend)) {
		route->refuse = 404;
		route->why = "There is no hook of a helpdesk at this address.";
	} else if (strcmp(method, "POST") != 0 && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		route->refuse = 405;
		route->why = "A hook is posted to.";
		route->header = "Allow: POST, GET, HEAD";
	}
}

/* ---- answers ---- */

static void answer(hg_request *req, const struct hg_http_outcome *said)
{
	g_autofree char *after = g_strdup_printf("Retry-After: %" G_GINT64_FORMAT, (gint64)said->after_s);
	const char *const headers[] = { after, NULL };

	hg_request_answer(req, &(struct hg_answer){ .status = said->status, .type = said->body ? said->type : NULL,
		.body = said->body, .len = said->len, .headers = said->after_s > 0 ? headers : NULL });
}

static void answer_busy(struct hg_way *way, hg_request *req, const struct hg_back_heard *heard)
{
	struct hg_http_outcome busy = heard->busy;

	way->count.busy++;
	if (!busy.after_s)
		busy.after_s = RETRY_AFTER_S;
	answer(req, &busy);
}

static void answering_free(struct answering *a)
{
	hg_back_heard_clear(&a->heard);
	g_free(a);
}

static void on_stored(void *arg, gint64 news, const GError *error)
{
	struct answering *a = arg;

	(void)news;
	if (error)
		answer_busy(a->way, a->req, &a->heard);
	else
		answer(a->req, &a->heard.answer);
	answering_free(a);
}

/* ---- what came ---- */

/* Nobody vouches for bytes that anybody may have sent: those are not kept. */
static gboolean is_worth_keeping(const struct hg_back_heard *heard, const struct hg_backend_conf *backend)
{
	if (heard->changes->len)
		return TRUE;
	if (heard->verdict == HG_BACK_TAKEN && !heard->unmatched && !heard->odd)
		return FALSE;
	return hg_back_proves(backend->desk->back);
}

/* Takes what is in heard. */
static void keep(struct hg_way *way, hg_request *req, struct hg_back_heard *heard)
{
	struct answering *a = g_new0(struct answering, 1);
	struct hg_way_news news = { .changes = hg_way_changes(heard), .n = heard->changes->len };

	*a = (struct answering){ .req = req, .way = way, .heard = *heard };
	*heard = (struct hg_back_heard){ 0 };
	news.raw = hg_request_body(req, &news.len);
	if (hg_way_store(way, &news, on_stored, a))
		return;
	answer_busy(way, req, &a->heard);
	answering_free(a);
}

static void forged(struct hg_way *way, const hg_request *req, const char *why)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	way->count.forged++;
	if (hg_way_may_log(way, &way->forged_ms))
		hg_warn(&ctx, "back.forged", "a call of its hook from %s is refused: %s does not hold; compare webhook_secret (and "
			"gateway.public_url, where the address is signed) with what the helpdesk was given", hg_request_peer(req),
			why);
}

static void unreadable(struct hg_way *way, const char *why)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	way->count.unreadable++;
	if (hg_way_may_log(way, &way->odd_ms))
		hg_warn(&ctx, "back.unreadable", "a call of its hook cannot be read: %s", why);
}

static void hear(struct hg_way *way, const struct hg_backend_conf *backend, hg_request *req)
{
	g_auto(hg_request_view) view = { 0 };
	g_auto(hg_back_heard) heard = { 0 };
	struct hg_back_given given;

	hg_request_view_init(&view, req, "hook");
	hg_way_given(way, backend, &given);
	hg_back_hear(&given, &view.pub, &heard);
	if (heard.verdict == HG_BACK_FORGED)
		forged(way, req, heard.why);
	else if (heard.verdict == HG_BACK_UNREADABLE)
		unreadable(way, heard.why);
	hg_way_count(way, &heard);
	if ((heard.verdict == HG_BACK_TAKEN || heard.verdict == HG_BACK_UNREADABLE) && is_worth_keeping(&heard, backend))
		keep(way, req, &heard);
	else
		answer(req, &heard.answer);
}

void hg_backs_handle(hg_backs *backs, hg_request *req)
{
	const struct hg_backend_conf *backend = NULL;
	struct hg_way *way = find(backs, hg_request_path(req), &backend);

	/* It was there when the head came; a reload may have come in between.  HEAD is how some look whether there is
	 * anybody (Intercom, when a webhook is entered). */
	if (!way || backs->stopped) {
		answer(req, &(struct hg_http_outcome){ .status = 503, .after_s = RETRY_AFTER_S });
	} else if (strcmp(hg_request_method(req), "HEAD") == 0) {
		answer(req, &(struct hg_http_outcome){ .status = 200 });
	} else {
		way->count.requests++;
		hear(way, backend, req);
	}
}
