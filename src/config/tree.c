/* tree.c - makes nodes, and joins the trees of included files */
#include "tree.h"

#include <string.h>

hg_node *hg_tree_node(hg_doc *doc, enum hg_node_type type, const struct hg_place *place)
{
	hg_node *node = hg_arena_alloc(doc->arena, sizeof(*node));

	node->type = type;
	node->place = *place;
	node->end_line = place->line;
	node->end_column = place->column;
	node->weight = 1;
	node->depth = type != HG_NODE_SCALAR;
	return node;
}

static gboolean weigh(hg_node *node, const hg_node *child)
{
	if (child->weight > HG_DOC_NODES_MAX - node->weight || child->depth >= HG_DOC_DEPTH_MAX)
		return FALSE;
	node->weight += child->weight;
	node->depth = MAX(node->depth, child->depth + 1);
	return TRUE;
}

gboolean hg_tree_set_items(hg_doc *doc, hg_node *list, const hg_node *const *items, guint n)
{
	list->n = n;
	list->items = n ? hg_arena_mem(doc->arena, items, n * sizeof(*items)) : NULL;
	for (guint i = 0; i < n; i++)
		if (!weigh(list, items[i]))
			return FALSE;
	return TRUE;
}

gboolean hg_tree_set_pairs(hg_doc *doc, hg_node *map, const struct hg_pair *pairs, guint n)
{
	map->n = n;
	map->pairs = n ? hg_arena_mem(doc->arena, pairs, n * sizeof(*pairs)) : NULL;
	for (guint i = 0; i < n; i++)
		if (!weigh(map, pairs[i].value))
			return FALSE;
	return TRUE;
}

/* ---- joining ---- */

struct merge {
	hg_doc *doc;
	hg_diag *diag;
	gboolean first;			/* b's lists come before a's */
	gboolean equal;			/* scalars of both collide; else a's win */
};

static const hg_node *join(struct merge *m, const char *key, const hg_node *a, const hg_node *b);

static void too_much(struct merge *m, const hg_node *node)
{
	hg_diag_add(m->diag, HG_SEV_ERROR, &node->place, NULL,
		    "too much: the files have more than %d values together", HG_DOC_NODES_MAX);
}

static const hg_node *join_lists(struct merge *m, const hg_node *a, const hg_node *b)
{
	const hg_node *head = m->first ? b : a, *tail = m->first ? a : b;
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	hg_node *list = hg_tree_node(m->doc, HG_NODE_LIST, &a->place);

	for (guint i = 0; i < head->n; i++)
		g_ptr_array_add(all, (gpointer)head->items[i]);
	for (guint i = 0; i < tail->n; i++)
		g_ptr_array_add(all, (gpointer)tail->items[i]);
	if (!hg_tree_set_items(m->doc, list, (const hg_node *const *)all->pdata, all->len))
		too_much(m, a);
	return list;
}

static const hg_node *join_maps(struct merge *m, const hg_node *a, const hg_node *b)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));
	hg_node *map = hg_tree_node(m->doc, HG_NODE_MAP, &a->place);

	for (guint i = 0; i < a->n; i++) {
		struct hg_pair pair = a->pairs[i];
		const hg_node *other = hg_node_get(b, pair.key);

		if (other)
			pair.value = join(m, pair.key, pair.value, other);
		g_array_append_val(all, pair);
	}
	for (guint i = 0; i < b->n; i++)
		if (!hg_node_get(a, b->pairs[i].key))
			g_array_append_val(all, b->pairs[i]);
	if (!hg_tree_set_pairs(m->doc, map, (const struct hg_pair *)all->data, all->len))
		too_much(m, a);
	return map;
}

static const hg_node *join(struct merge *m, const char *key, const hg_node *a, const hg_node *b)
{
	g_autofree char *quoted = NULL;

	if (hg_node_null(a))
		return b;
	if (hg_node_null(b))
		return a;
	if (a->type == HG_NODE_MAP && b->type == HG_NODE_MAP)
		return join_maps(m, a, b);
	if (a->type == HG_NODE_LIST && b->type == HG_NODE_LIST)
		return join_lists(m, a, b);
	if (a->type == b->type && !m->equal)
		return a;
	quoted = hg_node_quote(key);
	hg_diag_add(m->diag, HG_SEV_ERROR, &b->place, NULL, "%s is set in %s:%d too, %s", quoted,
		    a->place.file, a->place.line,
		    a->type == b->type ? "and neither file includes the other"
				       : "as another kind of value");
	return a;
}

const hg_node *hg_merge(hg_doc *doc, const hg_node *own, const hg_node *included, gboolean first,
			hg_diag *diag)
{
	struct merge m = { doc, diag, first, FALSE };

	return join(&m, "", own, included);
}

const hg_node *hg_merge_equal(hg_doc *doc, const hg_node *a, const hg_node *b, hg_diag *diag)
{
	struct merge m = { doc, diag, FALSE, TRUE };

	return join(&m, "", a, b);
}
