/* json.c - strict parsing on top of json-c, and looking into what was parsed */
#include "json.h"

#include <string.h>

#include "fail.h"
#include "json_build.h"
#include "json_scan.h"
#include "text.h"

#define BYTES_DEFAULT (4 * 1024 * 1024)
#define BYTES_MAX G_MAXINT32		/* json-c counts in int */
#define DEPTH_DEFAULT 32
#define MEMORY_DEFAULT (64 * 1024 * 1024)
#define KEY_SHOWN 64			/* bytes of a key in an error */

/* ---- duplicate keys ----
 * json-c keeps one member per name, so fewer members in the tree than keys in the text means that
 * some stood twice: no set of keys is kept for the texts that are in order, which is nearly all.
 * Only to name the culprit are the keys collected and sorted (not hashed: a stranger chose them). */
static gsize count_members(struct json_object *value)
{
	enum json_type type = json_object_get_type(value);
	gsize n = 0;

	if (type == json_type_array) {
		for (gsize i = 0, len = json_object_array_length(value); i < len; i++)
			n += count_members(json_object_array_get_idx(value, i));
	} else if (type == json_type_object) {
		n = (gsize)json_object_object_length(value);
		for (struct lh_entry *entry = json_object_get_object(value)->head; entry;
		     entry = entry->next)
			n += count_members((struct json_object *)entry->v);
	}
	return n;
}

struct key {
	guint object;
	gsize offset;
	char *name;		/* ours; unescaped */
};

struct keys {
	const guint8 *start;
	GArray *list;		/* of struct key */
};

static void key_clear(void *item)
{
	g_free(((struct key *)item)->name);
}

static void key_note(void *arg, guint object, const guint8 *quoted, gsize len)
{
	struct keys *keys = arg;
	struct key key = { .object = object, .offset = (gsize)(quoted - keys->start) };

	if (memchr(quoted, '\\', len)) {
		g_autofree char *text = g_strndup((const char *)quoted, len);
		g_autoptr(json_object) name = json_tokener_parse(text);

		key.name = g_strdup(json_object_get_string(name));
	} else {
		key.name = g_strndup((const char *)quoted + 1, len - 2);
	}
	g_array_append_val(keys->list, key);
}

/* Equal names stay in the order of the text: GLib's sort of arrays is stable. */
static gint key_compare(const void *a_, const void *b_)
{
	const struct key *a = a_, *b = b_;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return strcmp(a->name, b->name);
}

static gboolean fail_duplicate(struct hg_json_scan *scan, GError **error)
{
	struct keys keys = { scan->start, g_array_new(FALSE, FALSE, sizeof(struct key)) };
	g_autoptr(GArray) list = keys.list;
	const struct key *found = NULL;
	g_autofree char *shown = NULL;

	g_array_set_clear_func(list, key_clear);
	scan->on_key = key_note;
	scan->arg = &keys;
	hg_json_scan(scan);
	g_array_sort(list, key_compare);
	for (guint i = 1; i < list->len; i++) {
		const struct key *a = &g_array_index(list, struct key, i - 1), *b = a + 1;

		if (a->object == b->object && !strcmp(a->name, b->name) &&
		    (!found || b->offset < found->offset))
			found = b;
	}
	g_assert(found);
	shown = hg_text_valid(found->name, -1, KEY_SHOWN);
	return hg_fail(error, HG_ERROR_INPUT, "JSON: byte %zu: key \"%s\" appears twice",
		       found->offset, shown);
}

/* ---- parsing ---- */
struct json_object *hg_json_parse(const void *bytes, gsize len, const struct hg_json_limits *limits,
				  GError **error)
{
	static const struct hg_json_limits defaults;
	struct hg_json_scan scan = { .start = bytes ?: "" };
	g_autoptr(json_object) tree = NULL;
	gsize max_bytes;

	scan.end = scan.start + len;	/* never NULL: no sum may begin with it */
	if (!limits)
		limits = &defaults;
	max_bytes = MIN(limits->max_bytes ?: BYTES_DEFAULT, BYTES_MAX);
	scan.max_depth = MIN(limits->max_depth ?: DEPTH_DEFAULT, HG_JSON_DEPTH_MAX);
	scan.max_memory = limits->max_memory ?: MEMORY_DEFAULT;
	if (len > max_bytes) {
		hg_fail(error, HG_ERROR_LIMIT, "JSON: %zu bytes, at most %zu are taken",
			len, max_bytes);
		return NULL;
	}
	if (!hg_json_scan(&scan)) {
		hg_fail(error, scan.code, "JSON: byte %zu: %s", (gsize)(scan.at - scan.start),
			scan.what);
		return NULL;
	}
	tree = hg_json_build(bytes, len);
	if (!tree)				/* which is json-c's null */
		hg_fail(error, HG_ERROR_INPUT, "JSON: byte 0: null alone is no document");
	else if (!limits->duplicates && count_members(tree) < scan.keys) {
		fail_duplicate(&scan, error);
		return NULL;
	}
	return g_steal_pointer(&tree);
}

/* ---- looking into it ---- */
static struct json_object *member(struct json_object *obj, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *hg_json_str(struct json_object *obj, const char *key)
{
	struct json_object *value = member(obj, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

struct json_object *hg_json_obj(struct json_object *obj, const char *key)
{
	return member(obj, key, json_type_object);
}

struct json_object *hg_json_arr(struct json_object *obj, const char *key)
{
	return member(obj, key, json_type_array);
}

gint64 hg_json_int(struct json_object *obj, const char *key, gint64 fallback)
{
	struct json_object *value = member(obj, key, json_type_int);

	/* json-c keeps integers up to 2^64 - 1, and would hand out those above 2^63 - 1 clamped. */
	if (!value || json_object_get_uint64(value) > G_MAXINT64)
		return fallback;
	return json_object_get_int64(value);
}

gboolean hg_json_bool(struct json_object *obj, const char *key, gboolean fallback)
{
	struct json_object *value = member(obj, key, json_type_boolean);

	return value ? json_object_get_boolean(value) : fallback;
}
