/* asked.c - paths, bodies and query parameters: every name and type is checked before anything is used */
#include "asked.h"
#include <string.h>
#include "fail.h"
#include "json.h"
#include "text.h"

gboolean hg_asked_fits(const char *pattern, const char *path, guint params, const char *starts[], gsize lengths[])
{
	guint n = 0;

	while (*pattern && *path) {
		if (pattern[0] == '{' && pattern[1] == '}') {
			gsize len = strcspn(path, "/");

			if (!len || n == params)
				return FALSE;
			starts[n] = path;
			lengths[n++] = len;
			pattern += 2;
			path += len;
		} else if (*pattern++ != *path++) {
			return FALSE;
		}
	}
	return !*pattern && !*path;
}

/* ---- the body ---- */

static const char *const type_words[] = { "", "text", "true or false", "a number", "an object", "a list" };

static gboolean is_of_type(struct json_object *value, enum call_type type)
{
	static const json_type types[] = { json_type_null, json_type_string, json_type_boolean, json_type_int,
		json_type_object, json_type_array };

	return json_object_is_type(value, types[type]);
}

static gboolean unknown_member(const char *where, const char *key, const struct call_member *known, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near;

	for (; known->name; known++)
		g_ptr_array_add(names, (gpointer)known->name);
	g_ptr_array_add(names, NULL);
	near = hg_nearest(key, (const char *const *)names->pdata);
	return hg_fail(error, HG_ERROR_INPUT, "%s%sthere is no member \"%.40s\" here%s%s%s", where,
		       *where ? ": " : "", key, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static gboolean check_member(const char *where, const struct call_member *member, struct json_object *value,
			     GError **error)
{
	const char *gap = *where ? ": " : "";
	gsize len;

	if (!value)
		return TRUE;
	if (!is_of_type(value, member->type))
		return hg_fail(error, HG_ERROR_INPUT, "%s%s\"%s\" must be %s", where, gap, member->name,
			       type_words[member->type]);
	len = member->type == CALL_TEXT ? (gsize)json_object_get_string_len(value) : 0;
	if (len > member->most)
		return hg_fail(error, HG_ERROR_LIMIT, "%s%s\"%s\" has %zu bytes, at most %zu fit", where, gap,
			       member->name, len, member->most);
	return TRUE;
}

gboolean hg_asked_check(struct json_object *object, const char *where, const struct call_member *known, GError **error)
{
	if (!json_object_is_type(object, json_type_object))
		return hg_fail(error, HG_ERROR_INPUT, "%s must be a JSON object",
			       *where ? where : "the body");
	json_object_object_foreach(object, key, value) {
		const struct call_member *member = known;

		while (member->name && strcmp(member->name, key) != 0)
			member++;
		if (!member->name)
			return unknown_member(where, key, known, error);
		if (!check_member(where, member, value, error))
			return FALSE;
	}
	return TRUE;
}

struct json_object *hg_asked_body(const hg_request *req, const struct call_member *known, GError **error)
{
	g_autoptr(json_object) body = NULL;
	gsize len;
	const char *bytes = hg_request_body(req, &len);

	if (!len)
		return json_object_new_object();
	body = hg_json_parse(bytes, len, NULL, error);
	return body && hg_asked_check(body, "", known, error) ? g_steal_pointer(&body) : NULL;
}

/* ---- the query ---- */

static gboolean is_listed(const char *list, const char *name)
{
	g_auto(GStrv) names = g_strsplit(list ? list : "", " ", -1);

	return g_strv_contains((const char *const *)names, name);
}

static gboolean unknown_parameter(const char *known, const char *name, GError **error)
{
	g_auto(GStrv) names = g_strsplit(known ? known : "", " ", -1);
	const char *near = hg_nearest(name, (const char *const *)names);

	return hg_fail(error, HG_ERROR_INPUT, "there is no query parameter \"%.40s\" here%s%s%s", name,
		       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

gboolean hg_asked_query(const hg_request *req, const char *known, GError **error)
{
	g_auto(GStrv) pairs = g_strsplit(hg_request_raw_query(req), "&", -1);

	for (char **pair = pairs; *pair; pair++) {
		g_autofree char *name = g_uri_unescape_segment(*pair, *pair + strcspn(*pair, "="), NULL);

		if (**pair && !(name && is_listed(known, name)))
			return unknown_parameter(known, name ? name : *pair, error);
	}
	return TRUE;
}

gint64 hg_asked_number(const hg_request *req, const char *name, gint64 least, gint64 most, gint64 fallback,
		       GError **error)
{
	const char *text = hg_request_query(req, name);
	gint64 number = fallback;

	if (text && !g_ascii_string_to_signed(text, 10, least, most, &number, NULL) && !*error)
		hg_fail(error, HG_ERROR_INPUT, "%s=%.20s: a number from %" G_GINT64_FORMAT " to %"
			G_GINT64_FORMAT " is wanted", name, text, least, most);
	return number;
}

/* ---- problems ---- */

static const struct { int code, status; const char *word; } problems[] = {
	{ HG_ERROR_INPUT, 400, "invalid-request" },
	{ HG_ERROR_CONFIG, 409, "not-configured" },
	{ HG_ERROR_DENIED, 403, "forbidden" },
	{ HG_ERROR_MISSING, 404, "not-found" },
	{ HG_ERROR_STATE, 409, "wrong-state" },
	{ HG_ERROR_CONFLICT, 409, "conflict" },
	{ HG_ERROR_BUSY, 503, "busy" },
	{ HG_ERROR_WINDOW, 409, "window-closed" },
	{ HG_ERROR_OPTED_OUT, 409, "opted-out" },
	{ HG_ERROR_LIMIT, 422, "too-large" },
	{ HG_ERROR_STORE, 503, "store-unavailable" },
	{ HG_ERROR_BROKEN, 500, "internal" },
};

void hg_asked_problem(const GError *error, int *ret_status, const char **ret_word)
{
	int code = error->domain == HG_ERROR ? error->code : HG_ERROR_BROKEN;
	guint i;

	for (i = 0; i < G_N_ELEMENTS(problems) - 1 && problems[i].code != code; i++)
		;
	*ret_status = problems[i].status;
	*ret_word = problems[i].word;
}

void hg_asked_refuse(GString *body, int status, const char *word, const char *detail, const char *more)
{
	g_autofree char *type = g_strconcat(HG_PROBLEM_TYPE, word, NULL);
	g_autofree char *title = g_strdelimit(g_strdup(word), "-", ' ');

	hg_json_open(body, '{');
	hg_json_add_str(body, "type", type);
	hg_json_add_str(body, "title", title);
	hg_json_add_int(body, "status", status);
	hg_json_add_str(body, "detail", detail);
	if (status == 503)
		hg_json_add_bool(body, "retryable", TRUE);
	if (more)
		g_string_append_printf(body, ",%s", more);
	hg_json_close(body, '}');
}
