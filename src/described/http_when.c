/* http_when.c - conditions on what came in: which case of a description an item is */
#include <string.h>

#include "described.h"

#define ITEMS_MAX 1000		/* values of a path with [] that are looked at */

struct condition {
	ht_path *path;
	int exists;			/* -1: not asked */
	char **is, **not, **begins, **contains;	/* ours, or NULL */
	ht_path *same, *other;		/* or NULL */
};

struct ht_when {
	GArray *conditions;		/* of struct condition; all hold */
};

static void clear_condition(gpointer data)
{
	struct condition *c = data;

	ht_path_free(c->path);
	g_strfreev(c->is);
	g_strfreev(c->not);
	g_strfreev(c->begins);
	g_strfreev(c->contains);
	ht_path_free(c->same);
	ht_path_free(c->other);
}

void ht_when_free(ht_when *when)
{
	if (!when)
		return;
	g_array_unref(when->conditions);
	g_free(when);
}

/* { exists: true }, { is: [a, b] }, { not: c }, { begins: d }, { contains: e }, { same: f.g }, { other: f.g } */
static void read_long(struct ht_look *look, struct json_object *map, struct condition *c)
{
	static const char *const keys[] = { "exists", "is", "not", "begins", "contains", "same", "other", NULL };

	if (!ht_keys(look, map, keys))
		return;
	if (ht_member(look, map, "exists", FALSE))
		c->exists = ht_bool(look, map, "exists", TRUE);
	c->is = ht_texts(look, map, "is");
	c->not = ht_texts(look, map, "not");
	c->begins = ht_texts(look, map, "begins");
	c->contains = ht_texts(look, map, "contains");
	c->same = ht_read_path(look, map, "same", FALSE);
	c->other = ht_read_path(look, map, "other", FALSE);
}

static void read_condition(struct ht_look *look, ht_when *when, struct json_object *map, const char *key,
			   struct json_object *value)
{
	struct condition c = { .path = ht_take_path(look, key, key, TRUE), .exists = -1 };
	gsize was;

	if (!value) {
		ht_wrong(look, key, "what must stand there is missing: a text, a list of texts, or { exists: true }");
	} else if (json_object_is_type(value, json_type_object)) {
		was = ht_enter(look, key);
		read_long(look, value, &c);
		ht_leave(look, was);
	} else {
		c.is = ht_texts(look, map, key);
	}
	if (c.path)
		g_array_append_val(when->conditions, c);
	else
		clear_condition(&c);
}

ht_when *ht_when_new(struct ht_look *look, struct json_object *map, const char *key)
{
	struct json_object *conditions = ht_member(look, map, key, FALSE);
	g_autoptr(ht_when) when = g_new0(ht_when, 1);
	guint errors = look->errors;
	gsize was;

	when->conditions = g_array_new(FALSE, TRUE, sizeof(struct condition));
	g_array_set_clear_func(when->conditions, clear_condition);
	if (!conditions)
		return NULL;
	if (!json_object_is_type(conditions, json_type_object) || !json_object_object_length(conditions)) {
		ht_wrong(look, key, "a map of paths and what stands there is wanted here: { type: mo_text }");
		return NULL;
	}
	was = ht_enter(look, key);
	json_object_object_foreach(conditions, path, value)
		read_condition(look, when, conditions, path, value);
	ht_leave(look, was);
	return look->errors == errors ? g_steal_pointer(&when) : NULL;
}

static gboolean is_one_of(const char *text, char *const *words)
{
	for (; *words; words++)
		if (strcmp(*words, text) == 0)
			return TRUE;
	return FALSE;
}

static gboolean begins(const char *text, char *const *words)
{
	for (; *words; words++)
		if (g_str_has_prefix(text, *words))
			return TRUE;
	return FALSE;
}

static gboolean contains(const char *text, char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return TRUE;
	return FALSE;
}

static gboolean is_same(const char *text, const ht_path *path, const struct ht_scope *scope)
{
	g_autofree char *other = ht_path_text(path, scope);

	return other && strcmp(text, other) == 0;
}

/* around: where other paths look. */
static gboolean text_holds(const struct condition *c, const char *text, const struct ht_scope *around)
{
	if (c->is && (!text || !is_one_of(text, c->is)))
		return FALSE;
	if (c->not && text && is_one_of(text, c->not))
		return FALSE;
	if (c->begins && (!text || !begins(text, c->begins)))
		return FALSE;
	if (c->contains && (!text || !contains(text, c->contains)))
		return FALSE;
	if (c->other && text && is_same(text, c->other, around))
		return FALSE;
	return !c->same || (text && is_same(text, c->same, around));
}

/* One value after the other, until one holds. */
struct trying {
	const struct condition *condition;
	const struct ht_scope *around;
	gboolean there, holds;
};

static void try_one(void *arg, const struct ht_scope *found)
{
	struct trying *t = arg;
	g_autofree char *text = NULL;

	t->there = TRUE;
	if (t->holds)
		return;
	text = ht_json_text(found->item);
	t->holds = text_holds(t->condition, text, t->around);
}

static gboolean holds(const struct condition *c, const struct ht_scope *scope)
{
	struct trying t = { .condition = c, .around = scope };

	/* More of them than that are no list of errors or tags. */
	(void)ht_path_each(c->path, scope, ITEMS_MAX, try_one, &t);
	if (c->exists >= 0 && t.there != c->exists)
		return FALSE;
	return t.there ? t.holds : text_holds(c, NULL, scope);
}

gboolean ht_when_fits(const ht_when *when, const struct ht_scope *scope)
{
	for (guint i = 0; when && i < when->conditions->len; i++)
		if (!holds(&g_array_index(when->conditions, struct condition, i), scope))
			return FALSE;
	return TRUE;
}
