/* openapi.c - the description of the API: doc/openapi.yaml, the same as JSON, and the schemas of events that it refers to
 *
 * It says nothing about this gateway that the release does not say, so nobody needs a token for it. */
#include "openapi.h"

#include <string.h>

#include "asked.h"
#include "node.h"
#include "static_files.h"

#define ROOT   "/v1/"
#define EVENTS "/v1/events/"
#define YAML   "openapi.yaml"
#define JSON   "openapi.json"

/* Made at the first look, and kept: the document is a part of the program. */
static const struct hg_static *as_json(void)
{
	static struct hg_static_file files[2];
	static struct hg_static_set set = { .files = files };
	const struct hg_static *yaml = hg_static_get(&hg_api_files, YAML);

	if (!files[0].name) {
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_doc) doc = hg_doc_parse(YAML, (const char *)yaml->file->bytes, diag);
		GString *out = g_string_new(NULL);

		if (doc)
			hg_node_json(hg_doc_root(doc), out);
		files[0] = (struct hg_static_file){ .name = JSON, .len = out->len };
		files[0].bytes = (const guint8 *)g_string_free(out, FALSE);
	}
	return hg_static_get(&set, JSON);
}

static const struct hg_static *find(const char *path)
{
	const char *name = g_str_has_prefix(path, EVENTS) ? path + strlen(EVENTS) : NULL;

	if (strcmp(path, ROOT JSON) == 0)
		return as_json();
	if (strcmp(path, ROOT YAML) == 0)
		return hg_static_get(&hg_api_files, YAML);
	return name && g_str_has_suffix(name, ".json") ? hg_static_get(&hg_api_files, name) : NULL;
}

gboolean hg_openapi_route(const hg_request *req, struct hg_server_route *route)
{
	const char *method = hg_request_method(req);

	if (!find(hg_request_path(req)))
		return FALSE;
	route->max_body = 0;
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return TRUE;
	route->refuse = 405;
	route->type = HG_PROBLEM_TYPE "method-not-allowed";
	route->why = "the description of the API is only read";
	route->header = "Allow: GET, HEAD";
	return TRUE;
}

void hg_openapi_answer(hg_request *req)
{
	hg_static_answer(req, find(hg_request_path(req)), "Cache-Control: no-cache", NULL);
}
