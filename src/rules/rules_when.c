/* rules_when.c - reads the conditions of a rule: maps and groups of them, all, any and not */
#include "rules_conds.h"

#include <stdarg.h>
#include <string.h>

static const char *const nests[] = { "all", "any", "not", NULL };

gboolean hg_conds_wrong(struct hg_rules_making *making, const hg_node *node, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), NULL, "%s", text);
	return FALSE;
}

struct hg_cond *hg_conds_add(struct hg_conds *list, const hg_node *node, enum hg_test test,
			     const char *name, const char *key)
{
	hg_arena *arena = list->making->rules->arena;
	struct hg_cond *cond;
	g_autofree char *path = g_strconcat(list->path, name, key ? "." : "", key, NULL);

	if (++list->making->conds > HG_RULES_CONDS_MAX) {
		if (list->making->conds == HG_RULES_CONDS_MAX + 1)
			hg_conds_wrong(list->making, node, "more than %d conditions in all rules",
				       HG_RULES_CONDS_MAX);
		return NULL;
	}
	cond = hg_arena_alloc(arena, sizeof(*cond));
	cond->test = test;
	cond->path = hg_arena_str(arena, path);
	g_ptr_array_add(list->conds, cond);
	return cond;
}

const char *hg_conds_joined(hg_arena *arena, const char *const *words)
{
	g_autofree char *text = g_strjoinv(" or ", (char **)words);

	return hg_arena_str(arena, text);
}

static gboolean read_word(struct hg_rules_making *making, const hg_node *node, const char *what,
			  const char **ret)
{
	const char *text = hg_node_text(node);

	if (!text || hg_node_null(node) || !*text)
		return hg_conds_wrong(making, node, "%s is wanted here, or a list of such", what);
	*ret = hg_arena_str(making->rules->arena, text);
	return TRUE;
}

const char *const *hg_rules_read_words(struct hg_rules_making *making, const hg_node *node,
				       const char *what, guint *ret_n)
{
	gboolean list = hg_node_type(node) == HG_NODE_LIST, fine = TRUE;
	guint n = list ? hg_node_size(node) : 1;
	const char **words;

	if (n == 0 || n > HG_RULES_LIST_MAX) {
		hg_conds_wrong(making, node, "a list here has 1 to %d values, this one has %u", HG_RULES_LIST_MAX, n);
		return NULL;
	}
	words = hg_arena_alloc(making->rules->arena, (n + 1) * sizeof(*words));
	for (guint i = 0; i < n; i++)
		fine &= read_word(making, list ? hg_node_at(node, i) : node, what, &words[i]);
	if (!fine)
		return NULL;
	*ret_n = n;
	return words;
}

gboolean hg_rules_known(struct hg_rules_making *making, const hg_node *node, const char *what,
			const char *const *known)
{
	gboolean list = hg_node_type(node) == HG_NODE_LIST, fine = TRUE;

	for (guint i = 0; i < (list ? hg_node_size(node) : 1); i++)
		fine &= hg_node_one_of(list ? hg_node_at(node, i) : node, what, known, making->diag);
	return fine;
}

/* The bits of names among known.  FALSE: reported. */
gboolean hg_conds_bits(struct hg_rules_making *making, const hg_node *node, const char *what,
		       const char *const *known, guint64 *ret)
{
	g_autofree char *article = g_strconcat("a ", what, NULL);
	guint n;
	const char *const *names = hg_rules_read_words(making, node, article, &n);

	if (!names || !hg_rules_known(making, node, what, known))
		return FALSE;
	for (guint i = 0; i < n; i++)
		for (guint at = 0; known[at]; at++)
			if (strcmp(known[at], names[i]) == 0)
				*ret |= G_GUINT64_CONSTANT(1) << at;
	return TRUE;
}

/* ---- maps, groups, all, any and not ---- */

static gboolean read_map(struct hg_conds *list, const char *group, const hg_node *map);

static const struct hg_fact *fact_find(const char *group, const char *name)
{
	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++)
		if (g_strcmp0(fact->group, group) == 0 && strcmp(fact->name, name) == 0)
			return fact;
	return NULL;
}

/* Every key that may stand in a group; those of `when` itself with nests and groups. */
static GPtrArray *keys_of(const char *group)
{
	GPtrArray *keys = g_ptr_array_new();
	const char *last = NULL;

	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++) {
		if (g_strcmp0(fact->group, group) == 0)
			g_ptr_array_add(keys, (char *)fact->name);
		else if (!group && fact->group && g_strcmp0(fact->group, last) != 0)
			g_ptr_array_add(keys, (char *)(last = fact->group));
	}
	for (guint i = 0; !group && nests[i]; i++)
		g_ptr_array_add(keys, (char *)nests[i]);
	g_ptr_array_add(keys, NULL);
	return keys;
}

/* What was gathered becomes the items of cond. */
static void take_items(struct hg_cond *cond, const struct hg_conds *list)
{
	hg_arena *arena = list->making->rules->arena;

	cond->n = list->conds->len;
	cond->items = hg_arena_mem(arena, list->conds->pdata, cond->n * sizeof(*cond->items));
	for (guint i = 0; i < cond->n; i++)
		cond->costly |= cond->items[i]->costly;
}

/* One map of conditions as one condition: what `all` and `any` have in their lists, and `not`. */
static gboolean read_nested(struct hg_conds *into, const hg_node *map, const char *name, enum hg_test test)
{
	g_autoptr(GPtrArray) conds = g_ptr_array_new();
	struct hg_conds list = { .making = into->making, .path = "", .conds = conds, .depth = into->depth + 1 };
	struct hg_cond *cond;

	if (list.depth > HG_RULES_DEPTH_MAX)
		return hg_conds_wrong(into->making, map, "all, any and not stand more than %d deep in each other",
				      HG_RULES_DEPTH_MAX);
	if (!read_map(&list, NULL, map))
		return FALSE;
	if (!conds->len)
		return hg_conds_wrong(into->making, map, "there is no condition in here");
	cond = hg_conds_add(into, map, test, name, NULL);
	if (!cond)
		return FALSE;
	take_items(cond, &list);
	return TRUE;
}

static gboolean read_list(struct hg_conds *into, const hg_node *node, const char *name, enum hg_test test)
{
	g_autoptr(GPtrArray) conds = g_ptr_array_new();
	struct hg_conds list = { .making = into->making, .path = "", .conds = conds, .depth = into->depth };
	struct hg_cond *cond;
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_LIST || !hg_node_size(node))
		return hg_conds_wrong(into->making, node, "'%s' takes a list of conditions: %s: [ { ... }, { ... } ]",
				      name, name);
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_nested(&list, hg_node_at(node, i), "all", HG_TEST_ALL);
	cond = fine ? hg_conds_add(into, node, test, name, NULL) : NULL;
	if (!cond)
		return FALSE;
	take_items(cond, &list);
	return TRUE;
}

static gboolean read_group(struct hg_conds *into, const hg_node *node, const char *group)
{
	g_autofree char *path = g_strconcat(group, ".", NULL);
	struct hg_conds list = { .making = into->making, .path = path, .conds = into->conds,
			     .depth = into->depth };

	if (hg_node_type(node) == HG_NODE_MAP && !hg_node_size(node))
		return hg_conds_wrong(into->making, node, "there is no condition in here");
	return read_map(&list, group, node);
}

static gboolean read_key(struct hg_conds *list, const char *group, const char *key, const hg_node *value)
{
	const struct hg_fact *fact = fact_find(group, key);

	if (fact)
		return hg_conds_fact(list, fact, value);
	if (strcmp(key, "all") == 0)
		return read_list(list, value, key, HG_TEST_ALL);
	if (strcmp(key, "any") == 0)
		return read_list(list, value, key, HG_TEST_ANY);
	if (strcmp(key, "not") == 0)
		return read_nested(list, value, key, HG_TEST_NOT);
	return read_group(list, value, key);
}

/* All keys are looked at, so that all that is wrong is told at once. */
static gboolean read_map(struct hg_conds *list, const char *group, const hg_node *map)
{
	g_autoptr(GPtrArray) keys = keys_of(group);
	const char *const *known = (const char *const *)keys->pdata;
	gboolean fine;

	if (hg_node_type(map) != HG_NODE_MAP)
		return hg_conds_wrong(list->making, map, "conditions are written { NAME: ... }; those of a list stand "
				      "in all: [ ... ] or any: [ ... ]");
	fine = hg_node_check_keys(map, group ? group : "a condition", known, list->making->diag);
	for (guint i = 0; i < hg_node_size(map); i++)
		if (g_strv_contains(known, hg_node_key(map, i)))
			fine &= read_key(list, group, hg_node_key(map, i), hg_node_value(map, i));
	return fine;
}

gboolean hg_rules_read_when(struct hg_rules_making *making, const hg_node *node,
			    const struct hg_cond **ret)
{
	g_autoptr(GPtrArray) conds = g_ptr_array_new();
	struct hg_conds list = { .making = making, .path = "", .conds = conds };
	struct hg_cond *all;

	*ret = NULL;
	if (!node || hg_node_null(node))
		return TRUE;
	if (!read_map(&list, NULL, node))
		return FALSE;
	if (!conds->len)
		return TRUE;
	all = hg_arena_alloc(making->rules->arena, sizeof(*all));
	all->test = HG_TEST_ALL;
	all->path = "all";
	take_items(all, &list);
	*ret = all;
	return TRUE;
}
