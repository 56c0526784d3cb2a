/* body.c - bodies and query parameters: every name and type is checked before anything is used */
#include <string.h>
#include "call.h"
#include "text.h"

static const char *const type_words[] = { "", "text", "true or false", "a number", "an object", "a list" };

static gboolean is_of_type(struct json_object *value, enum call_type type)
{
	static const json_type types[] = { json_type_null, json_type_string, json_type_boolean, json_type_int,
		json_type_object, json_type_array };

	return json_object_is_type(value, types[type]);
}

static gboolean unknown_member(struct call *call, const char *where, const char *key,
			       const struct call_member *known)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const char *near;

	for (; known->name; known++)
		g_ptr_array_add(names, (gpointer)known->name);
	g_ptr_array_add(names, NULL);
	near = hg_nearest(key, (const char *const *)names->pdata);
	return hg_fail(&call->error, HG_ERROR_INPUT, "%s%sthere is no member \"%.40s\" here%s%s%s", where,
		       *where ? ": " : "", key, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static gboolean check_member(struct call *call, const char *where, const struct call_member *member,
			     struct json_object *value)
{
	const char *gap = *where ? ": " : "";
	gsize len;

	if (!value)
		return TRUE;
	if (!is_of_type(value, member->type))
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s%s\"%s\" must be %s", where, gap, member->name,
			       type_words[member->type]);
	len = member->type == CALL_TEXT ? (gsize)json_object_get_string_len(value) : 0;
	if (len > member->most)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "%s%s\"%s\" has %zu bytes, at most %zu fit", where, gap,
			       member->name, len, member->most);
	return TRUE;
}

gboolean hg_call_check(struct call *call, struct json_object *object, const char *where,
		       const struct call_member *known)
{
	if (!json_object_is_type(object, json_type_object))
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s must be a JSON object",
			       *where ? where : "the body");
	json_object_object_foreach(object, key, value) {
		const struct call_member *member = known;

		while (member->name && strcmp(member->name, key) != 0)
			member++;
		if (!member->name)
			return unknown_member(call, where, key, known);
		if (!check_member(call, where, member, value))
			return FALSE;
	}
	return TRUE;
}

struct json_object *hg_call_body(struct call *call, const struct call_member *known)
{
	g_autoptr(json_object) body = NULL;
	gsize len;
	const char *bytes = hg_request_body(call->req, &len);

	if (!len)
		return json_object_new_object();
	body = hg_json_parse(bytes, len, NULL, &call->error);
	return body && hg_call_check(call, body, "", known) ? g_steal_pointer(&body) : NULL;
}

/* ---- the query ---- */

static gboolean is_listed(const char *list, const char *name)
{
	g_auto(GStrv) names = g_strsplit(list ? list : "", " ", -1);

	return g_strv_contains((const char *const *)names, name);
}

static gboolean unknown_parameter(struct call *call, const char *name)
{
	g_auto(GStrv) names = g_strsplit(call->route->query ? call->route->query : "", " ", -1);
	const char *near = hg_nearest(name, (const char *const *)names);

	return hg_fail(&call->error, HG_ERROR_INPUT, "there is no query parameter \"%.40s\" here%s%s%s", name,
		       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

gboolean hg_call_query(struct call *call)
{
	g_auto(GStrv) pairs = g_strsplit(hg_request_raw_query(call->req), "&", -1);

	for (char **pair = pairs; *pair; pair++) {
		g_autofree char *name = g_uri_unescape_segment(*pair, *pair + strcspn(*pair, "="), NULL);

		if (**pair && !(name && is_listed(call->route->query, name)))
			return unknown_parameter(call, name ? name : *pair);
	}
	return TRUE;
}

gint64 hg_call_number(struct call *call, const char *query, gint64 least, gint64 most, gint64 fallback)
{
	const char *text = hg_request_query(call->req, query);
	gint64 number = fallback;

	if (text && !g_ascii_string_to_signed(text, 10, least, most, &number, NULL) && !call->error)
		hg_fail(&call->error, HG_ERROR_INPUT, "%s=%.20s: a number from %" G_GINT64_FORMAT " to %"
			G_GINT64_FORMAT " is wanted", query, text, least, most);
	return number;
}
