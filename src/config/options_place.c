/* options_place.c - where an option's value stands, or a part of it: what an adapter says is wrong */
#include "options.h"

#include <string.h>

static const struct hg_option *option_of(const struct hg_option *table, const char *name)
{
	for (; table && table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static char *unescape(const char *step)
{
	GString *key = g_string_new(step);

	g_string_replace(key, "~1", "/", 0);
	g_string_replace(key, "~0", "~", 0);
	return g_string_free(key, FALSE);
}

static const hg_node *item_in(const hg_node *list, const char *digits, const struct hg_place **io_place)
{
	const hg_node *item;
	guint64 n;

	if (!g_ascii_string_to_unsigned(digits, 10, 0, G_MAXUINT, &n, NULL) || n >= hg_node_size(list))
		return NULL;
	item = hg_node_at(list, (guint)n);
	*io_place = hg_node_place(item);
	return item;
}

/* The value of one step.  What is told of a map or a list is told where its key stands. */
static const hg_node *step_in(const hg_node *node, const char *step, const struct hg_place **io_place)
{
	g_autofree char *key = unescape(step);

	if (hg_node_type(node) == HG_NODE_LIST)
		return item_in(node, key, io_place);
	for (guint i = 0; hg_node_type(node) == HG_NODE_MAP && i < hg_node_size(node); i++) {
		const hg_node *value = hg_node_value(node, i);
		gboolean bare = hg_node_type(value) == HG_NODE_SCALAR && !hg_node_null(value);

		if (strcmp(hg_node_key(node, i), key) != 0)
			continue;
		*io_place = bare ? hg_node_place(value) : hg_node_key_place(node, i);
		return value;
	}
	return NULL;
}

const struct hg_place *hg_node_place_at(const hg_node *node, const char *at, const struct hg_place *fallback)
{
	g_auto(GStrv) steps = g_strsplit(at, "/", -1);
	const struct hg_place *place = fallback;

	for (char **step = *steps ? steps + 1 : steps; node && *step; step++)
		node = step_in(node, *step, &place);
	return place;
}

const struct hg_place *hg_options_place(const struct hg_option *table, const hg_node *map, const char *at, hg_diag *diag,
					hg_doc **ret_doc)
{
	g_autofree char *name = g_strndup(at, strcspn(at, "/"));
	const struct hg_option *opt = option_of(table, name);
	const hg_node *node = opt ? hg_options_node(map, opt->name) : NULL;
	const struct hg_place *place = node ? hg_node_place(node) : NULL;
	g_autofree char *path = NULL;

	*ret_doc = NULL;
	if (!node || opt->type != HG_OPT_TREE)
		return place;
	if (hg_node_type(node) == HG_NODE_SCALAR) {
		path = hg_node_path(place, hg_node_text(node));
		*ret_doc = hg_doc_read_tree(path, place, diag);
		node = *ret_doc ? hg_doc_root(*ret_doc) : NULL;
		place = node ? hg_node_place(node) : place;
	}
	return node ? hg_node_place_at(node, at + strlen(name), place) : place;
}
