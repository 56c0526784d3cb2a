/* sample.c - what samples of descriptions say of requests and answers, and what came compared with it */
#include "sample.h"

#include <string.h>

#include "described.h"
#include "json.h"
#include "params.h"
#include "text.h"

/* ---- what is said ---- */

const char *ht_sample_text(struct json_object *map, const char *key)
{
	struct json_object *value = NULL;

	return json_object_is_type(map, json_type_object) && json_object_object_get_ex(map, key, &value) && value
		       ? json_object_get_string(value) : NULL;
}

const char *ht_sample_header(struct json_object *headers, const char *name)
{
	if (!json_object_is_type(headers, json_type_object))
		return NULL;
	json_object_object_foreach(headers, key, value)
		if (g_ascii_strcasecmp(key, name) == 0)
			return json_object_get_string(value);
	return NULL;
}

static char *form_of(struct json_object *form)
{
	GString *out = g_string_new(NULL);

	json_object_object_foreach(form, key, value)
		hg_params_add(out, key, value ? json_object_get_string(value) : "");
	return g_string_free(out, FALSE);
}

/* Bytes that YAML cannot hold are written as base64. */
char *ht_sample_body(struct json_object *said, gsize *ret_len)
{
	const char *text = ht_sample_text(said, "body"), *base64 = ht_sample_text(said, "base64");
	struct json_object *json = NULL;
	g_autofree guchar *bytes = base64 ? g_base64_decode(base64, ret_len) : NULL;
	char *body;

	if (base64) {
		body = g_malloc0(*ret_len + 1);
		memcpy(body, bytes, *ret_len);
		return body;
	}
	if (said && json_object_object_get_ex(said, "json", &json))
		text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	body = said && json_object_object_get_ex(said, "form", &json) && json_object_is_type(json, json_type_object)
		       ? form_of(json) : g_strdup(text ? text : "");
	*ret_len = strlen(body);
	return body;
}

const char *ht_sample_type(struct json_object *said)
{
	if (!said)
		return NULL;
	return json_object_object_get_ex(said, "json", NULL) ? "application/json" :
	       json_object_object_get_ex(said, "form", NULL) ? "application/x-www-form-urlencoded" : NULL;
}

/* ---- a request ---- */

static const char *header_of(const struct hg_http_req *pub, const char *name)
{
	struct json_object *said = ((const struct ht_sample_request *)(const void *)pub)->said;
	const char *text = ht_sample_header(hg_json_obj(said, "headers"), name);

	return text || g_ascii_strcasecmp(name, "Content-Type") != 0 ? text : ht_sample_type(said);
}

static const char *query_of(const struct hg_http_req *pub, const char *name)
{
	const struct ht_sample_request *request = (const struct ht_sample_request *)(const void *)pub;

	return request->query ? hg_params_get(request->query, name) : NULL;
}

void ht_sample_request_make(struct json_object *said, const char *prefix, const char *fallback, struct ht_sample_request *ret)
{
	const char *path = ht_sample_text(said, "path"), *method = ht_sample_text(said, "method");
	const char *peer = ht_sample_text(said, "peer"), *query = ht_sample_text(said, "query");
	gsize len = 0;

	path = path ? path : fallback;
	*ret = (struct ht_sample_request){ .said = said, .path = g_strndup(path, strcspn(path, "?")) };
	ret->body = ht_sample_body(said, &len);
	ret->target = g_strconcat(prefix, path, query ? "?" : "", query ? query : "", NULL);
	ret->query = hg_params_query(ret->target);
	ret->pub = (struct hg_http_req){ .size = sizeof(ret->pub), .method = method ? method : "POST", .path = ret->path,
		.peer = peer ? peer : "192.0.2.1", .body = ret->body, .len = len, .header = header_of, .query = query_of,
		.target = ret->target };
}

void ht_sample_request_clear(struct ht_sample_request *request)
{
	hg_params_free(request->query);
	g_free(request->body);
	g_free(request->target);
	g_free(request->path);
}

/* ---- what came ---- */

static void say(GString *wrong, const char *at, const char *want, const char *got)
{
	g_string_append_printf(wrong, "%s%s: expected %s, got %s", wrong->len ? "\n" : "", at, want, got);
}

static const char *json_text(struct json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void compare_maps(struct json_object *want, struct json_object *got, const char *at, GString *wrong)
{
	json_object_object_foreach(want, key, value) {
		g_autofree char *deeper = *at ? g_strconcat(at, ".", key, NULL) : g_strdup(key);
		struct json_object *member = NULL;

		if (!json_object_object_get_ex(got, key, &member) && value)
			g_string_append_printf(wrong, "%s%s means nothing here", wrong->len ? "\n" : "", deeper);
		else if (member || value)
			ht_compare(value, member, deeper, wrong);
	}
}

static void compare_lists(struct json_object *want, struct json_object *got, const char *at, GString *wrong)
{
	gsize n = json_object_array_length(want), m = json_object_array_length(got);

	if (n != m) {
		g_autofree char *expected = g_strdup_printf("%zu", n);
		g_autofree char *came = m ? g_strdup_printf("%zu: %s", m, json_text(got)) : g_strdup("none");

		say(wrong, at, expected, came);
	}
	for (gsize i = 0; i < MIN(n, m); i++) {
		g_autofree char *deeper = g_strdup_printf("%s[%zu]", at, i);

		ht_compare(json_object_array_get_idx(want, i), json_object_array_get_idx(got, i), deeper, wrong);
	}
}

/* 200 and "200" are one: YAML has no say in it.  Times are compared as times. */
static gboolean same_text(struct json_object *want, struct json_object *got)
{
	g_autofree char *a = ht_json_text(want), *b = ht_json_text(got);

	if (!a || !b)
		return !want && !got;
	return strcmp(a, b) == 0 || (hg_time_parse(a) > 0 && hg_time_parse(a) == hg_time_parse(b));
}

void ht_compare(struct json_object *want, struct json_object *got, const char *at, GString *wrong)
{
	if (json_object_is_type(want, json_type_object) && json_object_is_type(got, json_type_object))
		compare_maps(want, got, at, wrong);
	else if (json_object_is_type(want, json_type_array) && json_object_is_type(got, json_type_array))
		compare_lists(want, got, at, wrong);
	else if (!same_text(want, got))
		say(wrong, at, want ? json_text(want) : "nothing", got ? json_text(got) : "nothing");
}
