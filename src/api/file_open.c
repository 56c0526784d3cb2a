/* file_open.c - links to attachments: made for who may read them, followed by whoever has one
 *
 * /files/ID is outside of /v1: who follows a link has no token and asks for nothing but the file.  A mark that is not ours is
 * found out on the loop, before anything is looked for. */
#include <string.h>
#include "call.h"
#include "file_answer.h"
#include "file_link.h"
#include "text.h"

#define TTL_MS	    (60 * 60 * 1000)
#define TTL_MOST_MS (7 * 24 * G_GINT64_CONSTANT(3600000))

static struct hg_link_keys keys_of(const hg_api *api, const hg_conf *conf)
{
	return (struct hg_link_keys){ .own = api->ports.key, .secrets = conf->files.link_secrets };
}

/* ---- made ---- */

static gboolean read_ttl(struct call *call, gint64 *ret_ms)
{
	const char *text = hg_request_query(call->req, "ttl");

	*ret_ms = text ? hg_span_parse(text) : TTL_MS;
	return (*ret_ms >= 1000 && *ret_ms <= TTL_MOST_MS) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "ttl=%.20s: a span from 1s to 7d is wanted, such as 2h", text);
}

void hg_read_file_link(struct call *call, hg_store *store)
{
	const struct hg_link_keys keys = keys_of(call->api, call->conf);
	hg_attachment *attachment = NULL;
	g_autofree char *link = NULL, *url = NULL;
	gint64 ttl_ms, ends_s;

	if (!read_ttl(call, &ttl_ms) || !hg_store_attachment_by_id(store, call->arena, call->param[0], &attachment, &call->error))
		return;
	if (!attachment) {
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no attachment \"%.40s\"", call->param[0]);
		return;
	}
	if (!hg_file_stored(attachment, &call->error))
		return;
	ends_s = (hg_api_now(call->api) + ttl_ms) / 1000;
	link = hg_link_make(&keys, HG_LINK_FILE, attachment->id, ends_s);
	url = g_strconcat(call->conf->gateway.public_url ? call->conf->gateway.public_url : "", HG_FILES_PREFIX, attachment->id, link,
			  NULL);
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "url", url);
	hg_json_add_time(call->out, "expires_at", ends_s * 1000);
	hg_json_close(call->out, '}');
}

/* ---- followed ---- */

struct opening {
	hg_api *api;
	hg_request *req;
	char *id;
	gboolean shown;
	struct hg_file_out out;
	GError *error;
};

static void opening_free(struct opening *opening)
{
	hg_file_out_clear(&opening->out);
	g_clear_error(&opening->error);
	g_free(opening->id);
	g_free(opening);
}

static void refuse(hg_request *req, int status, const char *word, const char *detail)
{
	static const char *const retry[] = { "Retry-After: 2", NULL };
	g_autoptr(GString) body = g_string_new(NULL);

	hg_asked_refuse(body, status, word, detail, NULL);
	hg_request_answer(req, &(struct hg_answer){ .status = status, .type = "application/problem+json", .body = body->str,
		.len = body->len, .headers = status == 503 ? retry : NULL });
}

static void open_work(hg_store *store, void *arg)
{
	struct opening *opening = arg;
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_attachment *attachment = NULL;

	if (!hg_store_attachment_by_id(store, arena, opening->id, &attachment, &opening->error))
		return;
	/* What was erased has a row and no file. */
	if (!attachment || attachment->state != HG_FILE_STORED)
		hg_fail(&opening->error, HG_ERROR_MISSING, "there is no such file (any more)");
	else
		hg_file_out_open(&opening->out, opening->api->attachments, attachment, opening->shown, &opening->error);
}

static void open_done(void *arg)
{
	static const char *const more[] = { "Cross-Origin-Resource-Policy: cross-origin", "Referrer-Policy: no-referrer", NULL };
	struct opening *opening = arg;
	const char *word;
	int status;

	if (!opening->error) {
		hg_file_out_send(&opening->out, opening->req, more);
	} else {
		hg_asked_problem(opening->error, &status, &word);
		refuse(opening->req, status, word, opening->error->message);
	}
	opening_free(opening);
}

gboolean hg_files_own(const char *path)
{
	return g_str_has_prefix(path, HG_FILES_PREFIX);
}

void hg_files_route(const hg_request *req, struct hg_server_route *route)
{
	const char *id = hg_request_path(req) + strlen(HG_FILES_PREFIX);

	route->max_body = 0;
	if (!*id || strchr(id, '/')) {
		route->refuse = 404;
		route->type = HG_PROBLEM_TYPE "not-found";
		route->why = "there is no such file";
	} else if (strcmp(hg_request_method(req), "GET") != 0) {
		route->refuse = 405;
		route->type = HG_PROBLEM_TYPE "method-not-allowed";
		route->why = "a file is only looked at";
		route->header = "Allow: GET";
	}
}

void hg_files_handle(hg_api *api, hg_request *req)
{
	const struct hg_link_keys keys = keys_of(api, api->conf);
	const char *id = hg_request_path(req) + strlen(HG_FILES_PREFIX);
	g_autoptr(GError) error = NULL;
	struct opening *opening;
	enum hg_link_fate fate;
	gint64 ends_s;

	fate = hg_link_look(&keys, HG_LINK_FILE, id, hg_request_query(req, "e"), hg_request_query(req, "s"), hg_api_now(api), &ends_s);
	if (fate == HG_LINK_NONE) {
		refuse(req, 404, "not-found", "there is no such file: the link is not whole, or not good any more");
		return;
	}
	if (fate == HG_LINK_EXPIRED) {
		refuse(req, 410, "link-expired", "the link has expired: whoever gave it to you can make a new one");
		return;
	}
	opening = g_new0(struct opening, 1);
	*opening = (struct opening){ .api = api, .req = req, .id = g_strdup(id), .shown = !hg_request_query(req, "download") };
	hg_file_out_init(&opening->out);
	if (!hg_readers_run(api->readers, open_work, open_done, opening, &error)) {
		refuse(req, 503, "busy", error->message);
		opening_free(opening);
	}
}
