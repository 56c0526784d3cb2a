/* said_shape.c - is a request the same request, whatever people wrote? */
#include "said_shape.h"

#include <string.h>

#include "http_body.h"
#include "http_tree.h"
#include "json.h"

char *shape_secrets[] = { (char *)"token", (char *)"s:1/2", NULL };
char *shape_values[] = { (char *)"Location", (char *)"here", (char *)"queue", (char *)"General", (char *)"field",
			 (char *)"External ID", NULL };
const char *const shape_names[] = { "url", "key", "text", "subject", "ticket.", "contact.", "message.", "file.name", "file.type",
				    "file.base64", "file.dataurl", "now", "external_id", "value:", "secret:", NULL };
const char *const shape_people[] = { "text", "subject", "ticket.subject", "contact.name", "contact.email", "file.name",
				     "file.type", NULL };

gboolean shape_value(void *ctx, const char *name, GString *out)
{
	struct ht_scope scope = { .root = ctx, .secrets = shape_secrets, .values = shape_values };
	gboolean given = g_str_has_prefix(name, "value:") || g_str_has_prefix(name, "secret:");
	g_autofree char *why = NULL, *text = NULL, *spelled = g_strconcat(given ? "$" : "", name, NULL);
	g_autoptr(ht_path) path = ht_path_new(spelled, FALSE, &why);

	text = path ? ht_path_text(path, &scope) : NULL;
	if (text)
		g_string_append(out, text);
	return text != NULL;
}

struct ht_voice shape_voice(struct json_object *situation)
{
	return (struct ht_voice){ .value = shape_value, .ctx = situation, .scope = { .root = situation,
		.secrets = shape_secrets, .values = shape_values } };
}

/* ---- what must stay the same ---- */

static gboolean same_tree(struct json_object *a, struct json_object *b);

static gboolean same_members(struct json_object *a, struct json_object *b)
{
	struct json_object *other;

	if (json_object_object_length(a) != json_object_object_length(b))
		return FALSE;
	json_object_object_foreach(a, name, value) {
		/* A name that is a value stands alone. */
		if (json_object_object_length(a) == 1 && !json_object_object_get_ex(b, name, NULL)) {
			json_object_object_foreach(b, other_name, only) {
				(void)other_name;
				return same_tree(value, only);
			}
		}
		if (!json_object_object_get_ex(b, name, &other) || !same_tree(value, other))
			return FALSE;
	}
	return TRUE;
}

static gboolean same_tree(struct json_object *a, struct json_object *b)
{
	if (json_object_get_type(a) != json_object_get_type(b))
		return FALSE;
	if (json_object_is_type(a, json_type_object))
		return same_members(a, b);
	if (!json_object_is_type(a, json_type_array))
		return TRUE;
	if (json_object_array_length(a) != json_object_array_length(b))
		return FALSE;
	for (gsize i = 0; i < json_object_array_length(a); i++)
		if (!same_tree(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i)))
			return FALSE;
	return TRUE;
}

static struct json_object *tree_of(const char *type, const GString *body)
{
	int shape = ht_shape_of(type);
	struct hg_err err = { 0 };

	return shape ? ht_tree(shape, NULL, type, body->str, body->len, &err) : NULL;
}

static guint count(const char *text, const char *what)
{
	guint n = 0;

	for (const char *at = text; *at; at++)
		n += strchr(what, *at) != NULL;
	return n;
}

static const char *type_of(const struct ht_made *made)
{
	for (guint i = 0; made->headers->pdata[i]; i++)
		if (g_str_has_prefix(made->headers->pdata[i], "Content-Type: "))
			return (const char *)made->headers->pdata[i] + strlen("Content-Type: ");
	return "";
}

static char *headers_differ(const struct ht_made *a, const struct ht_made *b)
{
	if (a->headers->len != b->headers->len)
		return g_strdup("headers");
	for (guint i = 0; a->headers->pdata[i]; i++) {
		const char *line = b->headers->pdata[i], *was = a->headers->pdata[i];

		if (strpbrk(line, "\r\n") || strncmp(line, was, strcspn(was, ":") + 1) != 0)
			return g_strdup_printf("header: %s", line);
	}
	return NULL;
}

static char *url_differs(const struct ht_made *a, const struct ht_made *b)
{
	const char *line = b->url->str;
	gsize host = strcspn(a->url->str + strlen("https://"), "/?") + strlen("https://");
	gboolean dots = strstr(line, "/../") || strstr(line, "/./") || g_str_has_suffix(line, "/..");

	if (strncmp(line, a->url->str, host) != 0 || count(line, "/?&=#@") != count(a->url->str, "/?&=#@") || dots ||
	    strpbrk(line, " \r\n\t\"'<>\\"))
		return g_strdup_printf("url: %s", line);
	return NULL;
}

static char *fields_differ(const struct ht_made *a, const struct ht_made *b)
{
	if (!a->fields != !b->fields || (a->fields && a->fields->len != b->fields->len))
		return g_strdup("fields");
	for (guint i = 0; a->fields && i < a->fields->len; i++) {
		const struct ht_field *x = &g_array_index(a->fields, struct ht_field, i);
		const struct ht_field *y = &g_array_index(b->fields, struct ht_field, i);

		if (strcmp(x->name, y->name) != 0 || !x->value != !y->value || !x->file != !y->file)
			return g_strdup_printf("field: %s", y->name);
	}
	return NULL;
}

static char *body_differs(const struct ht_made *a, const struct ht_made *b)
{
	g_autoptr(json_object) x = tree_of(type_of(a), a->body), y = tree_of(type_of(b), b->body);

	if ((ht_shape_of(type_of(a)) && !x) || !x != !y || (x && !same_tree(x, y)))
		return g_strdup_printf("body: %s", b->body->str);
	if ((a->pieces ? a->pieces->len : 0) != (b->pieces ? b->pieces->len : 0))
		return g_strdup("pieces");
	return NULL;
}

/* Tags of HTML that stand in texts of JSON: what a description wrote, and the <br> of line ends, which are not counted. */
static guint tags(const struct ht_made *made)
{
	g_autofree char *text = g_strdup(made->body->str);
	g_auto(GStrv) parts = g_strsplit(text, "<br>", -1);
	guint n = 0;

	for (char **part = parts; *part; part++)
		n += count(*part, "<>");
	return n;
}

char *shape_differs(const ht_request *request, struct json_object *harmless, struct json_object *hostile,
		    gboolean html)
{
	struct ht_voice first = shape_voice(harmless), second = shape_voice(hostile);
	g_auto(ht_made) a = { 0 }, b = { 0 };
	const char *refused = ht_request_make(request, &first, &a), *other = ht_request_make(request, &second, &b);
	char *why;

	if (refused || other)
		return refused ? g_strdup(refused) : NULL;
	if (!g_utf8_validate(b.body->str, (gssize)b.body->len, NULL))
		return g_strdup("UTF-8");
	why = headers_differ(&a, &b);
	why = why ? why : url_differs(&a, &b);
	why = why ? why : fields_differ(&a, &b);
	why = why ? why : body_differs(&a, &b);
	if (!why && html && tags(&a) != tags(&b))
		why = g_strdup_printf("tags: %s", b.body->str);
	return why;
}
