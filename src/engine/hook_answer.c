/* hook_answer.c - the members an answer can have, and how each is read */
#include "hook_answer.h"

#include <math.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "text.h"

#define WORD_MAX   120		/* bytes of a tier, an intent, a tag, a name */
#define TEXT_MAX   1024		/* bytes of a field's value */
#define NAME_MAX_  64		/* bytes of a field's name */
#define TAGS_MAX   50
#define FIELDS_MAX 100

enum form { WORD = 1, TAGS, FIELDS };

static const struct member {
	const char *part, *name;
	enum form form;
} members[] = {
	{ "contact", "tier", WORD }, { "contact", "locale", WORD }, { "contact", "name", WORD },
	{ "contact", "external_id", WORD }, { "contact", "tags", TAGS }, { "contact", "fields", FIELDS },
	{ "message", "intent", WORD }, { "message", "sentiment", WORD }, { "message", "language", WORD },
	{ "message", "fields", FIELDS },
	{ "thread", "tags", TAGS }, { "thread", "fields", FIELDS },
};
static const char *const parts[] = { "contact", "message", "thread", NULL };

/* ---- values ---- */

/* Yours; NULL: it is none. */
static struct json_object *read_word(struct json_object *value, const char *where, gsize max, GError **error)
{
	const char *text = json_object_get_string(value);
	gsize len = json_object_is_type(value, json_type_string) ? (gsize)json_object_get_string_len(value) : 0;

	if (!json_object_is_type(value, json_type_string))
		return hg_fail(error, HG_ERROR_INPUT, "%s: a text is wanted", where), NULL;
	if (len > max)
		return hg_fail(error, HG_ERROR_LIMIT, "%s: %zu bytes, at most %zu fit", where, len, max), NULL;
	if (!len || !hg_text_printable(text))
		return hg_fail(error, HG_ERROR_INPUT, "%s: it is empty, or has control characters", where), NULL;
	return json_object_get(value);
}

static struct json_object *read_tags(struct json_object *value, const char *where, GError **error)
{
	size_t n = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
	g_autoptr(json_object) tags = json_object_new_array();

	if (!json_object_is_type(value, json_type_array))
		return hg_fail(error, HG_ERROR_INPUT, "%s: a list of texts is wanted", where), NULL;
	if (n > TAGS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "%s: %zu tags, at most %d fit", where, n, TAGS_MAX), NULL;
	for (size_t i = 0; i < n; i++) {
		struct json_object *tag = read_word(json_object_array_get_idx(value, i), where, WORD_MAX, error);

		if (!tag)
			return NULL;
		json_object_array_add(tags, tag);
	}
	return g_steal_pointer(&tags);
}

static gboolean is_name(const char *name)
{
	gsize len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

	return len && len <= NAME_MAX_ && !name[len];
}

/* null takes a field away.  An empty text is a value like any other. */
static gboolean read_field(struct json_object *fields, const char *name, struct json_object *value, const char *where,
			   GError **error)
{
	g_autofree char *path = g_strdup_printf("%s.%.80s", where, name);

	if (!is_name(name))
		return hg_fail(error, HG_ERROR_INPUT, "%s: names have 1 to %d of a-z, A-Z, 0-9, '_', '-' and '.'", path,
			       NAME_MAX_);
	switch (json_object_get_type(value)) {
	case json_type_array:
	case json_type_object:
		return hg_fail(error, HG_ERROR_INPUT, "%s: a text, a number, true, false or null is wanted", path);
	case json_type_string:
		if (json_object_get_string_len(value) > TEXT_MAX)
			return hg_fail(error, HG_ERROR_LIMIT, "%s: %d bytes, at most %d fit", path,
				       json_object_get_string_len(value), TEXT_MAX);
		if (!hg_text_printable(json_object_get_string(value)))
			return hg_fail(error, HG_ERROR_INPUT, "%s: it has control characters", path);
		break;
	default:
		break;
	}
	json_object_object_add(fields, name, json_object_get(value));
	return TRUE;
}

static struct json_object *read_fields(struct json_object *value, const char *where, GError **error)
{
	g_autoptr(json_object) fields = json_object_new_object();

	if (!json_object_is_type(value, json_type_object))
		return hg_fail(error, HG_ERROR_INPUT, "%s: an object is wanted, name to value", where), NULL;
	if (json_object_object_length(value) > FIELDS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "%s: %d fields, at most %d fit", where,
			       json_object_object_length(value), FIELDS_MAX), NULL;
	json_object_object_foreach(value, name, one)
		if (!read_field(fields, name, one, where, error))
			return NULL;
	return g_steal_pointer(&fields);
}

/* ---- the answer ---- */

static gboolean read_member(struct json_object *root, const struct member *member, struct json_object *out,
			    GError **error)
{
	g_autofree char *where = g_strconcat(member->part, ".", member->name, NULL);
	struct json_object *part = hg_json_obj(root, member->part), *value, *read, *into;

	if (!json_object_object_get_ex(part, member->name, &value) || !value)
		return TRUE;
	read = member->form == WORD ? read_word(value, where, WORD_MAX, error) :
	       member->form == TAGS ? read_tags(value, where, error) : read_fields(value, where, error);
	if (!read)
		return FALSE;
	into = hg_json_obj(out, member->part);
	if (!into)
		json_object_object_add(out, member->part, into = json_object_new_object());
	json_object_object_add(into, member->name, read);
	return TRUE;
}

static gboolean check_parts(struct json_object *root, GError **error)
{
	struct json_object *part;

	if (!json_object_is_type(root, json_type_object))
		return hg_fail(error, HG_ERROR_INPUT, "the answer is no JSON object");
	for (const char *const *name = parts; *name; name++)
		if (json_object_object_get_ex(root, *name, &part) && part && !json_object_is_type(part, json_type_object))
			return hg_fail(error, HG_ERROR_INPUT, "%s: an object is wanted", *name);
	return TRUE;
}

struct json_object *hg_hook_answer_read(const void *bytes, gsize len, GError **error)
{
	const struct hg_json_limits limits = { .max_bytes = HG_ANSWER_MAX, .max_depth = 8 };
	g_autoptr(json_object) root = hg_json_parse(bytes, len, &limits, error);
	g_autoptr(json_object) out = NULL;

	if (!root || !check_parts(root, error))
		return NULL;
	out = json_object_new_object();
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if (!read_member(root, &members[i], out, error))
			return NULL;
	return g_steal_pointer(&out);
}

/* ---- as written in a configuration ---- */

static gboolean check_keys(const hg_node *node, const char *what, hg_diag *diag)
{
	gboolean fine = hg_node_check_keys(node, what, parts, diag);

	for (const char *const *part = parts; *part; part++) {
		const char *names[G_N_ELEMENTS(members) + 1] = { NULL };
		const hg_node *map = hg_node_get(node, *part);
		guint n = 0;

		for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
			if (strcmp(members[i].part, *part) == 0)
				names[n++] = members[i].name;
		fine &= hg_node_null(map) || hg_node_check_keys(map, *part, names, diag);
	}
	return fine;
}

/* The node that the words before an error's colon lead to, as far as they do. */
static const hg_node *find(const hg_node *node, const char *message)
{
	g_autofree char *path = g_strndup(message, strcspn(message, ":"));
	g_auto(GStrv) words = g_strsplit(path, ".", 3);

	for (char **word = words; *word && hg_node_type(node) == HG_NODE_MAP && hg_node_get(node, *word); word++)
		node = hg_node_get(node, *word);
	return node;
}

struct json_object *hg_hook_answer_of_node(const hg_node *node, const char *what, hg_diag *diag)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct json_object *answer;

	if (!check_keys(node, what, diag))
		return NULL;
	hg_node_json(node, json);
	answer = hg_hook_answer_read(json->str, json->len, &error);
	if (!answer)
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(find(node, error->message)), NULL, "%s: %s", what,
			    error->message);
	return answer;
}

void hg_hooks_check(const hg_conf *conf, hg_diag *diag)
{
	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = g_ptr_array_index(conf->hooks, i);
		g_autofree char *what = g_strdup_printf("default of hook %s", hook->name);

		if (!hg_node_null(hook->fallback))
			json_object_put(hg_hook_answer_of_node(hook->fallback, what, diag));
	}
}
