/* http_request.c - a request as its handler sees it */
#include "http_conn.h"

#include <string.h>

#include "arena.h"

struct hg_param {
	const char *name, *value;
};

#define SPARE_BYTES 8192	/* bigger buffers are not kept for the next request */

hg_request *hg_request_take(hg_server *server, struct hg_conn *conn)
{
	hg_request *req;

	if (server->n_pool) {
		req = server->pool[--server->n_pool];
	} else {
		req = g_new0(hg_request, 1);
		hg_http_parser_init(&req->parser, &server->limits);
	}
	req->server = server;
	req->loop = server->loop;
	req->conn = conn;
	req->address = conn->address;
	req->local = conn->local;
	req->uid = conn->uid;
	req->handed = FALSE;
	req->tag = NULL;
	req->peer[0] = '\0';
	return req;
}

void hg_request_destroy(hg_request *req)
{
	hg_http_parser_done(&req->parser);
	g_free(req->body);
	g_free(req);
}

void hg_request_release(hg_request *req)
{
	hg_server *server = req->server;

	if (req->handed)
		hg_link_remove(&req->link);
	g_clear_pointer(&req->arena, hg_arena_free);
	req->params = NULL;
	if (!server) {
		hg_request_destroy(req);
		return;
	}
	if (req->parser.body)
		HG_COUNT(server->stats.bodies, -req->parser.body);
	if (server->n_pool == G_N_ELEMENTS(server->pool) || req->body_size > SPARE_BYTES ||
	    req->parser.text_size > SPARE_BYTES) {
		hg_request_destroy(req);
		return;
	}
	hg_http_parser_reset(&req->parser);
	server->pool[server->n_pool++] = req;
}

/* The parser has counted the bytes already: parser.body includes them. */
gboolean hg_request_add_body(hg_request *req, const char *bytes, gsize len)
{
	gsize have = req->parser.body - len;
	hg_server *server = req->server;

	HG_COUNT(server->stats.bodies, len);
	if (server->stats.bodies > server->conf.max_bodies)
		return FALSE;
	if (req->parser.body + 1 > req->body_size) {
		/* By what came, never by what was announced. */
		req->body_size = MAX(2 * req->parser.body, 1024);
		if (req->parser.length > 0 && (gsize)req->parser.length + 1 <= req->body_size)
			req->body_size = req->parser.length + 1;
		req->body = g_realloc(req->body, req->body_size);
	}
	memcpy(req->body + have, bytes, len);
	req->body[req->parser.body] = '\0';
	return TRUE;
}

/* One hop of X-Forwarded-For from the right: *len shrinks to what is before it. */
static gboolean last_hop(const char *list, gsize *len, struct hg_address *ret_address)
{
	gsize end = *len, start;

	while (end && strchr(" \t", list[end - 1]))
		end--;
	for (start = end; start && list[start - 1] != ','; start--)
		;
	*len = start ? start - 1 : 0;
	while (start < end && strchr(" \t", list[start]))
		start++;
	return hg_address_parse(list + start, end - start, ret_address);
}

/* Each proxy appends whom it got the request from, so the list is believed from its right end as
 * long as the one who wrote it is trusted.  What is no address ends the walk. */
void hg_request_find_client(hg_request *req)
{
	struct hg_http_parser *p = &req->parser;

	for (guint i = p->n_headers; i-- > 0;) {
		const char *list = hg_http_text(p, p->headers[i].value);
		gsize len = strlen(list);

		if (g_ascii_strcasecmp(hg_http_text(p, p->headers[i].name), "X-Forwarded-For"))
			continue;
		while (len) {
			if (!last_hop(list, &len, &req->address) ||
			    !hg_server_is_proxy(req->server, &req->address))
				return;
		}
	}
}

/* ---- what handlers ask ---- */

const char *hg_request_method(const hg_request *req)
{
	return req->parser.text;
}

const char *hg_request_path(const hg_request *req)
{
	return hg_http_text(&req->parser, req->parser.path);
}

const char *hg_request_raw_path(const hg_request *req)
{
	return hg_http_text(&req->parser, req->parser.target);
}

const char *hg_request_raw_query(const hg_request *req)
{
	return hg_http_text(&req->parser, req->parser.query);
}

/* Where there is a query, even an empty one, it does not begin at the NUL that ends the path. */
char *hg_request_target(const hg_request *req)
{
	const char *path = hg_request_raw_path(req), *query = hg_request_raw_query(req);

	return query == path + strlen(path) ? g_strdup(path) : g_strconcat(path, "?", query, NULL);
}

/* Decodes in place; the parser has seen that every escape is sound. */
static char *decode(char *text)
{
	hg_http_unescape(text, strlen(text), TRUE, text);
	return text;
}

static void parse_query(hg_request *req)
{
	char *rest, *pair;
	guint n = 1;

	if (!req->arena)
		req->arena = hg_arena_new();
	rest = hg_arena_str(req->arena, hg_request_raw_query(req));
	for (const char *c = rest; *c; c++)
		n += *c == '&';
	req->params = hg_arena_alloc(req->arena, n * sizeof(*req->params));
	req->n_params = 0;
	while ((pair = strsep(&rest, "&"))) {
		char *name = strsep(&pair, "=");
		struct hg_param *param = &req->params[req->n_params++];

		param->value = pair ? decode(pair) : "";
		param->name = decode(name);
	}
}

const char *hg_request_query(const hg_request *req, const char *name)
{
	if (!req->params)
		parse_query((hg_request *)req);		/* a cache */
	for (guint i = 0; i < req->n_params; i++)
		if (!strcmp(req->params[i].name, name))
			return req->params[i].value;
	return NULL;
}

const char *hg_request_header(const hg_request *req, const char *name)
{
	return hg_http_header(&req->parser, name);
}

gboolean hg_request_header_at(const hg_request *req, guint n, const char **ret_name, const char **ret_value)
{
	const struct hg_http_parser *p = &req->parser;

	if (n >= p->n_headers)
		return FALSE;
	*ret_name = hg_http_text(p, p->headers[n].name);
	*ret_value = hg_http_text(p, p->headers[n].value);
	return TRUE;
}

const char *hg_request_body(const hg_request *req, gsize *ret_len)
{
	*ret_len = req->parser.body;
	return req->parser.body ? req->body : "";
}

gint64 hg_request_length(const hg_request *req)
{
	return req->parser.length;
}

const char *hg_request_peer(const hg_request *req)
{
	hg_request *cache = (hg_request *)req;

	if (req->local)
		return "unix";
	if (!req->peer[0])
		hg_address_text(&req->address, cache->peer);
	return req->peer;
}

gboolean hg_request_is_local(const hg_request *req, uid_t *ret_uid)
{
	if (req->local && ret_uid)
		*ret_uid = req->uid;
	return req->local;
}

void *hg_request_tag(const hg_request *req)
{
	return req->tag;
}

hg_server *hg_request_server(const hg_request *req)
{
	return req->server;
}

gboolean hg_request_is_wanted(const hg_request *req)
{
	return req->conn && !req->conn->broken;
}
