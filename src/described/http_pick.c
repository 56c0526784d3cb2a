/* http_pick.c - one value of what came in: the first path that leads to one, its default, what is done to it */
#include <string.h>

#include "described.h"
#include "http_change.h"
#include "http_time.h"
#include "text.h"

#define PATHS_MAX 16

#define ITEMS_MAX 10000		/* of the list that first: looks through */

struct ht_pick {
	GPtrArray *paths;		/* of ht_path; none with list: the item itself */
	ht_path *list;			/* of first: or all:, or NULL; then paths start from its item */
	gboolean all;			/* every item that fits, as a list */
	ht_when *where;			/* of that item; or NULL: any */
	char **likes, **names;		/* ours: patterns, and what each calls the value; or NULL */
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
	ht_path_free(pick->list);
	ht_when_free(pick->where);
	g_strfreev(pick->likes);
	g_strfreev(pick->names);
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

static void read_paths_at(struct ht_look *look, ht_pick *pick, struct json_object *map, const char *key)
{
	struct json_object *paths = ht_member(look, map, key, FALSE);
	gsize was = ht_enter(look, key);

	if (paths)
		read_paths(look, pick, paths);
	ht_leave(look, was);
}

/* { first: items, where: { ... }, path: ... }, the same with all: */
static void read_items(struct ht_look *look, ht_pick *pick, struct json_object *map)
{
	const char *key = ht_member(look, map, "all", FALSE) ? "all" : "first";
	g_autofree char *list = ht_text(look, map, key, FALSE);

	pick->all = strcmp(key, "all") == 0;
	if (list)
		pick->list = ht_take_list(look, key, list);
	pick->where = ht_when_new(look, map, "where");
	if (!list && ht_member(look, map, "where", FALSE))
		ht_wrong(look, "where", "says which items of a list are meant: first: LIST or all: LIST names the list");
	read_paths_at(look, pick, map, "path");
}

/* { like: "Ticket {id} made", of: $body } */
static void read_like(struct ht_look *look, ht_pick *pick, struct json_object *map)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	const char *why;

	pick->likes = ht_texts(look, map, "like");
	for (char **like = pick->likes; like && *like; like++) {
		g_autofree char *name = ht_like_name(*like, &why);

		if (name)
			g_strv_builder_add(names, name);
		else
			ht_wrong(look, "like", "'%.60s' %s", *like, why);
	}
	pick->names = g_strv_builder_end(names);
	if (ht_member(look, map, "of", FALSE))
		read_paths_at(look, pick, map, "of");
	else
		add_path(look, pick, "$body");
}

static gboolean check_source(struct ht_look *look, struct json_object *map)
{
	static const char *const words[] = { "path", "value", "like", NULL };
	gboolean items = ht_member(look, map, "first", FALSE) || ht_member(look, map, "all", FALSE);
	guint n = 0;

	for (gsize i = 0; words[i]; i++)
		n += ht_member(look, map, words[i], FALSE) != NULL;
	if (ht_member(look, map, "first", FALSE) && ht_member(look, map, "all", FALSE)) {
		ht_wrong(look, "all", "it is the first: item that fits or all: of them, not both");
		return FALSE;
	}
	if (n == 1 && !(items && !ht_member(look, map, "path", FALSE)))
		return TRUE;
	if (n == 0 && items)
		return TRUE;
	ht_wrong(look, NULL, "wants a path (of the first: item of a list, perhaps), a like:, or a value that is always the same, "
		 "and one of them alone");
	return FALSE;
}

static void read_whole(struct ht_look *look, ht_pick *pick, struct json_object *map)
{
	static const char *const keys[] = { "path", "value", "first", "all", "where", "like", "of", "default", "do", "map",
					    "time", "zone", "as", NULL };

	if (!ht_keys(look, map, keys) || !check_source(look, map))
		return;
	if (ht_member(look, map, "like", FALSE))
		read_like(look, pick, map);
	else if (ht_member(look, map, "of", FALSE))
		ht_wrong(look, "of", "says what a pattern is looked for in: like: PATTERN is missing");
	else
		read_items(look, pick, map);
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

/* What stands at a pattern's name; NULL: no pattern fits. */
static char *by_pattern(const ht_pick *pick, const char *text)
{
	g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (gsize i = 0; pick->likes[i]; i++) {
		g_hash_table_remove_all(found);
		if (ht_like(pick->likes[i], text, found))
			return g_strdup(g_hash_table_lookup(found, pick->names[i]));
	}
	return NULL;
}

/* Empty counts as not there: providers fill fields they have nothing for. */
static gboolean take(const ht_pick *pick, char *found, GString *value)
{
	g_autofree char *text = found, *part = found && pick->likes ? by_pattern(pick, found) : NULL;
	const char *said = pick->likes ? part : text;

	if (!said || !*said)
		return FALSE;
	g_string_assign(value, said);
	return ht_change_run(pick->change, value) && value->len;
}

/* The item that first: looks for. */
struct sought {
	const ht_pick *pick;
	struct json_object *item, *up;	/* references; NULL: none so far */
};

static void seek(void *arg, const struct ht_scope *scope)
{
	struct sought *s = arg;

	if (s->item || !ht_when_fits(s->pick->where, scope))
		return;
	s->item = json_object_get(scope->item);
	s->up = json_object_get(scope->up);
}

/* FALSE: it looks for an item, and there is none.  ret: scope, from that item; s is for put_sought(). */
static gboolean enter(const ht_pick *pick, const struct ht_scope *scope, struct sought *s, struct ht_scope *ret)
{
	*ret = *scope;
	*s = (struct sought){ .pick = pick };
	if (!pick->list)
		return TRUE;
	(void)ht_path_each(pick->list, scope, ITEMS_MAX, seek, s);
	ret->item = s->item;
	ret->up = s->up;
	return s->item != NULL;
}

static void put_sought(struct sought *s)
{
	json_object_put(s->item);
	json_object_put(s->up);
}

static gboolean any(const ht_pick *pick, const struct ht_scope *scope, GString *value)
{
	if (pick->list && !pick->paths->len)
		return take(pick, ht_json_text(scope->item), value);
	for (guint i = 0; i < pick->paths->len; i++)
		if (take(pick, ht_path_text(g_ptr_array_index(pick->paths, i), scope), value))
			return TRUE;
	return FALSE;
}

static char *first(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autoptr(GString) value = g_string_new(NULL);
	struct ht_scope inner;
	struct sought s;
	gboolean there = enter(pick, scope, &s, &inner) && any(pick, &inner, value);

	put_sought(&s);
	if (there)
		return hg_text_valid(value->str, (gssize)value->len, 0);
	return g_strdup(pick->value ? pick->value : pick->fallback);
}

char *ht_pick_text(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = pick && !pick->all ? first(pick, scope) : NULL;

	if (!text || !pick->map)
		return g_steal_pointer(&text);
	return g_strdup(mapped(pick->map, text));
}

gint64 ht_pick_time(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);

	return text ? ht_time_read(text, pick->times, pick->zone) : 0;
}

static struct json_object *any_json(const ht_pick *pick, const struct ht_scope *scope)
{
	struct json_object *value = NULL;

	if (pick->list && !pick->paths->len)
		return json_object_get(scope->item);
	for (guint i = 0; !value && i < pick->paths->len; i++)
		value = ht_path_get(g_ptr_array_index(pick->paths, i), scope);
	return value;
}

/* What all: has found so far. */
struct gathered {
	const ht_pick *pick;
	struct json_object *list;
};

static void gather(void *arg, const struct ht_scope *scope)
{
	struct gathered *g = arg;
	struct json_object *value = ht_when_fits(g->pick->where, scope) ? any_json(g->pick, scope) : NULL;

	if (value)
		json_object_array_add(g->list, value);
}

struct json_object *ht_pick_json(const ht_pick *pick, const struct ht_scope *scope)
{
	struct json_object *value = NULL;
	struct ht_scope inner;
	struct sought s;

	if (!pick)
		return NULL;
	if (pick->all) {
		struct gathered g = { .pick = pick, .list = json_object_new_array() };

		(void)ht_path_each(pick->list, scope, ITEMS_MAX, gather, &g);
		return g.list;
	}
	if (enter(pick, scope, &s, &inner))
		value = any_json(pick, &inner);
	put_sought(&s);
	return value;
}

const char *ht_pick_scheme(const ht_pick *pick)
{
	return pick ? pick->scheme : NULL;
}
