/* http_replies.c - what a caller is answered, by what became of its request */
#include "http_replies.h"

#include <string.h>

#include "fill.h"
#include "json.h"

#define DEPTH_MAX 8

const char *const ht_outcomes[] = { "accepted", "duplicate", "ignored", "bad_signature", "bad_payload", "busy", NULL };

static const char *const names[] = { "item:", "root:", "header:", "query:", "value:", "now", NULL };

struct tree {				/* a body that is JSON: templates in the places of its texts */
	struct json_object *value;	/* what stays as it is; or NULL */
	ht_fill *fill;
	GPtrArray *keys, *members;	/* of a map: char *, struct tree; of a list: members alone */
};

struct ht_reply {
	int status;
	char *type;
	ht_fill *text;			/* or NULL */
	struct tree *json;		/* or NULL */
	gint64 after_s;
};

static void free_tree(gpointer data)
{
	struct tree *tree = data;

	if (!tree)
		return;
	json_object_put(tree->value);
	ht_fill_free(tree->fill);
	g_clear_pointer(&tree->keys, g_ptr_array_unref);
	g_clear_pointer(&tree->members, g_ptr_array_unref);
	g_free(tree);
}

void ht_reply_free(ht_reply *reply)
{
	if (!reply)
		return;
	g_free(reply->type);
	ht_fill_free(reply->text);
	free_tree(reply->json);
	g_free(reply);
}

/* ---- reading ---- */

static struct tree *read_tree(struct ht_look *look, struct json_object *value, guint depth);

static void read_members(struct ht_look *look, struct json_object *value, struct tree *tree, guint depth)
{
	tree->members = g_ptr_array_new_with_free_func(free_tree);
	if (json_object_is_type(value, json_type_array)) {
		for (gsize i = 0; i < json_object_array_length(value); i++) {
			gsize was = ht_enter_at(look, i);

			g_ptr_array_add(tree->members, read_tree(look, json_object_array_get_idx(value, i), depth + 1));
			ht_leave(look, was);
		}
		return;
	}
	tree->keys = g_ptr_array_new_with_free_func(g_free);
	json_object_object_foreach(value, key, member) {
		gsize was = ht_enter(look, key);

		g_ptr_array_add(tree->keys, g_strdup(key));
		g_ptr_array_add(tree->members, read_tree(look, member, depth + 1));
		ht_leave(look, was);
	}
}

static struct tree *read_tree(struct ht_look *look, struct json_object *value, guint depth)
{
	struct tree *tree = g_new0(struct tree, 1);

	if (depth > DEPTH_MAX)
		ht_wrong(look, NULL, "lies more than %d levels deep", DEPTH_MAX);
	else if (json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array))
		read_members(look, value, tree, depth);
	else if (json_object_is_type(value, json_type_string))
		tree->fill = ht_fill_new(look, NULL, json_object_get_string(value), HT_WHOLE, names, NULL);
	else
		tree->value = json_object_get(value);
	return tree;
}

static gboolean is_xml(const char *type)
{
	return type && (strstr(type, "xml") || strstr(type, "html"));
}

/* JSON is written as a map, so that no value can leave its place; XML and plain text as text. */
static void read_body(struct ht_look *look, struct json_object *map, ht_reply *reply)
{
	struct json_object *body = ht_member(look, map, "body", FALSE);
	gsize was;

	if (!body)
		return;
	was = ht_enter(look, "body");
	if (json_object_is_type(body, json_type_string)) {
		reply->text = ht_fill_new(look, NULL, json_object_get_string(body), is_xml(reply->type) ? HT_XML_DOC : HT_AS_IS,
					  names, NULL);
		if (reply->text && reply->type && strstr(reply->type, "json") &&
		    (ht_fill_has(reply->text, "item:") || ht_fill_has(reply->text, "root:") ||
		     ht_fill_has(reply->text, "header:") || ht_fill_has(reply->text, "query:")))
			ht_wrong(look, NULL, "JSON with values in it is written as a map here, not as text");
	} else {
		reply->json = read_tree(look, body, 0);
		if (!reply->type)
			reply->type = g_strdup("application/json");
	}
	ht_leave(look, was);
}

ht_reply *ht_reply_new(struct ht_look *look, struct json_object *map, int status)
{
	static const char *const keys[] = { "status", "type", "body", "retry_after", NULL };
	ht_reply *reply = g_new0(ht_reply, 1);

	reply->status = status;
	if (json_object_is_type(map, json_type_int)) {	/* accepted: 204 */
		reply->status = json_object_get_int(map);
		if (reply->status < 200 || reply->status > 599)
			ht_wrong(look, NULL, "a status from 200 to 599 is wanted here");
		return reply;
	}
	if (!ht_keys(look, map, keys))
		return reply;
	reply->status = (int)ht_int(look, map, "status", 200, 599, status);
	reply->type = ht_text(look, map, "type", FALSE);
	if (reply->type && (!strchr(reply->type, '/') || strpbrk(reply->type, "\r\n")))
		ht_wrong(look, "type", "a media type is wanted here: text/plain, application/xml");
	reply->after_s = ht_span(look, map, "retry_after", 0) / 1000;
	read_body(look, map, reply);
	return reply;
}

void ht_replies_read(struct ht_look *look, struct json_object *map, ht_reply *ret_replies[HT_OUTCOMES])
{
	static const int statuses[] = { 200, 200, 200, 401, 400, 503 };
	struct json_object *reply = ht_member(look, map, "reply", FALSE);
	gsize was = ht_enter(look, "reply");

	if (reply && ht_keys(look, reply, ht_outcomes))
		for (int i = 0; i < HT_OUTCOMES; i++) {
			struct json_object *one = ht_member(look, reply, ht_outcomes[i], FALSE);
			gsize inner = ht_enter(look, ht_outcomes[i]);

			if (one)
				ret_replies[i] = ht_reply_new(look, one, statuses[i]);
			ht_leave(look, inner);
		}
	ht_leave(look, was);
}

/* ---- making ---- */

/* "item:a.b" is the path "a.b", "header:X" is "$header:X". */
static gboolean value_of(void *ctx, const char *name, GString *out)
{
	const struct ht_scope *scope = ctx;
	g_autofree char *text = NULL, *why = NULL;
	g_autofree char *path = g_str_has_prefix(name, "item:")   ? g_strdup(name + strlen("item:"))
				: g_str_has_prefix(name, "root:") ? g_strconcat("$root.", name + strlen("root:"), NULL)
								  : g_strconcat("$", name, NULL);
	g_autoptr(ht_path) found = ht_path_new(path, FALSE, &why);

	text = found ? ht_path_text(found, scope) : NULL;
	if (text)
		g_string_append(out, text);
	return text != NULL;
}

static void make_json(const struct tree *tree, const struct ht_scope *scope, GString *out)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (tree->fill) {
		ht_fill_run(tree->fill, value_of, (void *)scope, NULL, text);
		hg_json_put_strn(out, text->str, text->len);
		return;
	}
	if (!tree->members) {
		hg_json_put_raw(out, json_object_to_json_string_ext(tree->value, JSON_C_TO_STRING_PLAIN));
		return;
	}
	hg_json_open(out, tree->keys ? '{' : '[');
	for (guint i = 0; i < tree->members->len; i++) {
		if (tree->keys) {
			hg_json_put_str(out, g_ptr_array_index(tree->keys, i));
			g_string_append_c(out, ':');
		}
		make_json(g_ptr_array_index(tree->members, i), scope, out);
	}
	hg_json_close(out, tree->keys ? '}' : ']');
}

void ht_reply_make(const ht_reply *reply, int status, const struct ht_scope *scope, struct hg_http_outcome *ret,
		   GString *body)
{
	*ret = (struct hg_http_outcome){ .size = sizeof(*ret), .status = reply ? reply->status : status };
	if (!reply)
		return;
	if (reply->text)
		ht_fill_run(reply->text, value_of, (void *)scope, NULL, body);
	else if (reply->json)
		make_json(reply->json, scope, body);
	ret->after_s = reply->after_s;
	if (body->len) {
		ret->type = reply->type ? reply->type : "text/plain; charset=utf-8";
		ret->body = body->str;
		ret->len = body->len;
	}
}
