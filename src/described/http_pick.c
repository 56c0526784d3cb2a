/* http_pick.c - one value of what came in: the first path that leads to one, its default, what is done to it */
#include <string.h>

#include "described.h"
#include "http_change.h"
#include "http_time.h"
#include "text.h"

#define PATHS_MAX 16

struct ht_pick {
	GPtrArray *paths;		/* of ht_path */
	ht_change *change;		/* or NULL */
	char *fallback, *value;		/* ours, or NULL */
	char **map;			/* ours: from, to ..., NULL; or NULL */
	char **times;			/* ours: formats; or NULL */
	GTimeZone *zone;		/* or NULL */
	char *scheme;			/* ours: of an address; or NULL */
};

void ht_pick_free(ht_pick *pick)
{
	if (!pick)
		return;
	g_ptr_array_unref(pick->paths);
	ht_change_free(pick->change);
	g_free(pick->fallback);
	g_free(pick->value);
	g_strfreev(pick->map);
	g_strfreev(pick->times);
	g_free(pick->scheme);
	if (pick->zone)
		g_time_zone_unref(pick->zone);
	g_free(pick);
}

/* ---- reading ---- */

static void add_path(struct ht_look *look, ht_pick *pick, const char *text)
{
	ht_path *path = ht_take_path(look, NULL, text, FALSE);

	if (path)
		g_ptr_array_add(pick->paths, path);
}

static void read_paths(struct ht_look *look, ht_pick *pick, struct json_object *value)
{
	gsize n = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

	if (json_object_is_type(value, json_type_string))
		add_path(look, pick, json_object_get_string(value));
	else if (n < 1 || n > PATHS_MAX)
		ht_wrong(look, NULL, "a path or a list of 1 to %d paths is wanted here", PATHS_MAX);
	for (gsize i = 0; i < n && n <= PATHS_MAX; i++) {
		struct json_object *path = json_object_array_get_idx(value, i);
		gsize was = ht_enter_at(look, i);

		if (json_object_is_type(path, json_type_string))
			add_path(look, pick, json_object_get_string(path));
		else
			ht_wrong(look, NULL, "a path is wanted here");
		ht_leave(look, was);
	}
}

char **ht_read_map(struct ht_look *look, struct json_object *map, const char *key)
{
	struct json_object *entries = ht_member(look, map, key, FALSE);
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();
	gsize was;

	if (!entries)
		return NULL;
	if (!json_object_is_type(entries, json_type_object) || json_object_object_length(entries) > HT_LIST_MAX) {
		ht_wrong(look, key, "a map of values and what they become is wanted here, of at most %d", HT_LIST_MAX);
		return NULL;
	}
	was = ht_enter(look, key);
	json_object_object_foreach(entries, from, to) {
		g_autofree char *text = to ? ht_json_text(to) : NULL;

		if (text) {
			g_strv_builder_add(all, from);
			g_strv_builder_add(all, text);
		} else {
			ht_wrong(look, from, "a text is wanted here");
		}
	}
	ht_leave(look, was);
	return g_strv_builder_end(all);
}

static void read_times(struct ht_look *look, ht_pick *pick, struct json_object *map)
{
	g_autofree char *zone = ht_text(look, map, "zone", FALSE);

	pick->times = ht_texts(look, map, "time");
	for (char **format = pick->times; format && *format; format++) {
		g_autofree char *why = ht_time_wrong(*format);

		if (why)
			ht_wrong(look, "time", "'%.60s' %s", *format, why);
	}
	pick->zone = zone ? g_time_zone_new_identifier(zone) : NULL;
	if (zone && !pick->zone)
		ht_wrong(look, "zone", "there is no time zone '%.60s': Europe/Berlin and UTC are some", zone);
}

static void read_scheme(struct ht_look *look, ht_pick *pick, struct json_object *map)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	pick->scheme = ht_text(look, map, "as", FALSE);
	if (pick->scheme && (!g_ascii_isalpha(pick->scheme[0]) || strlen(pick->scheme) > 32 ||
			     strspn(pick->scheme, letters) != strlen(pick->scheme)))
		ht_wrong(look, "as", "the word before an address (telegram:, say) is made of a-z, 0-9 and -; tel is of phone "
			 "numbers");
}

static void read_whole(struct ht_look *look, ht_pick *pick, struct json_object *map)
{
	static const char *const keys[] = { "path", "value", "default", "do", "map", "time", "zone", "as", NULL };
	struct json_object *paths, *value;
	gsize was;

	if (!ht_keys(look, map, keys))
		return;
	paths = ht_member(look, map, "path", FALSE);
	value = ht_member(look, map, "value", FALSE);
	if (!paths == !value) {
		ht_wrong(look, NULL, "wants a path, or a value that is always the same, and not both");
		return;
	}
	was = ht_enter(look, "path");
	if (paths)
		read_paths(look, pick, paths);
	ht_leave(look, was);
	pick->value = ht_text(look, map, "value", FALSE);
	pick->fallback = ht_text(look, map, "default", FALSE);
	pick->change = ht_change_new(look, map, "do");
	pick->map = ht_read_map(look, map, "map");
	read_times(look, pick, map);
	read_scheme(look, pick, map);
}

static ht_pick *make(struct ht_look *look, struct json_object *value)
{
	ht_pick *pick = g_new0(ht_pick, 1);

	pick->paths = g_ptr_array_new_with_free_func((GDestroyNotify)ht_path_free);
	if (json_object_is_type(value, json_type_object))
		read_whole(look, pick, value);
	else
		read_paths(look, pick, value);
	return pick;
}

ht_pick *ht_pick_new(struct ht_look *look, struct json_object *map, const char *key, gboolean need)
{
	struct json_object *value = ht_member(look, map, key, need);
	guint errors = look->errors;
	ht_pick *pick;
	gsize was;

	if (!value)
		return NULL;
	was = ht_enter(look, key);
	pick = make(look, value);
	ht_leave(look, was);
	if (look->errors == errors)
		return pick;
	ht_pick_free(pick);
	return NULL;
}

/* ---- "MediaUrl{n}" ---- */

static struct json_object *with_number(struct json_object *value, const char *digits)
{
	if (json_object_is_type(value, json_type_string)) {
		g_autoptr(GString) text = g_string_new(json_object_get_string(value));

		g_string_replace(text, "{n}", digits, 0);
		return json_object_new_string_len(text->str, (int)text->len);
	}
	if (json_object_is_type(value, json_type_array)) {
		struct json_object *list = json_object_new_array();

		for (gsize i = 0; i < json_object_array_length(value); i++)
			json_object_array_add(list, with_number(json_object_array_get_idx(value, i), digits));
		return list;
	}
	if (json_object_is_type(value, json_type_object)) {
		struct json_object *map = json_object_new_object();

		json_object_object_foreach(value, key, member)
			json_object_object_add(map, key, with_number(member, digits));
		return map;
	}
	return json_object_get(value);
}

struct json_object *ht_numbered(struct json_object *value, guint n)
{
	g_autofree char *digits = g_strdup_printf("%u", n);

	return with_number(value, digits);
}

/* ---- picking ---- */

static const char *mapped(char *const *map, const char *text)
{
	const char *any = NULL;

	for (; map[0]; map += 2) {
		if (g_ascii_strcasecmp(map[0], text) == 0)
			return map[1];
		if (strcmp(map[0], "*") == 0)
			any = map[1];
	}
	return any ? any : text;
}

/* Empty counts as not there: providers fill fields they have nothing for. */
static gboolean take(const ht_pick *pick, const ht_path *path, const struct ht_scope *scope, GString *value)
{
	g_autofree char *text = ht_path_text(path, scope);

	if (!text || !*text)
		return FALSE;
	g_string_assign(value, text);
	return ht_change_run(pick->change, value) && value->len;
}

static char *first(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autoptr(GString) value = g_string_new(NULL);

	for (guint i = 0; i < pick->paths->len; i++)
		if (take(pick, g_ptr_array_index(pick->paths, i), scope, value))
			return hg_text_valid(value->str, (gssize)value->len, 0);
	return g_strdup(pick->value ? pick->value : pick->fallback);
}

char *ht_pick_text(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = pick ? first(pick, scope) : NULL;

	if (!text || !pick->map)
		return g_steal_pointer(&text);
	return g_strdup(mapped(pick->map, text));
}

gint64 ht_pick_time(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);

	return text ? ht_time_read(text, pick->times, pick->zone) : 0;
}

struct json_object *ht_pick_json(const ht_pick *pick, const struct ht_scope *scope)
{
	for (guint i = 0; pick && i < pick->paths->len; i++) {
		struct json_object *value = ht_path_get(g_ptr_array_index(pick->paths, i), scope);

		if (value)
			return value;
	}
	return NULL;
}

const char *ht_pick_scheme(const ht_pick *pick)
{
	return pick ? pick->scheme : NULL;
}
