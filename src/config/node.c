/* node.c - looks into the tree of a YAML document */
#include "node.h"

#include <string.h>

#include "template.h"
#include "text.h"
#include "tree.h"

#define QUOTE_MAX 60		/* bytes of a value that an error repeats */

enum hg_node_type hg_node_type(const hg_node *node)
{
	return node->type;
}

const struct hg_place *hg_node_place(const hg_node *node)
{
	return &node->place;
}

const char *hg_node_text(const hg_node *node)
{
	return node->type == HG_NODE_SCALAR ? node->text : NULL;
}

gboolean hg_node_plain(const hg_node *node)
{
	return node->plain;
}

gboolean hg_node_null(const hg_node *node)
{
	if (!node)
		return TRUE;
	return node->type == HG_NODE_SCALAR && node->plain &&
	       (!*node->text || strcmp(node->text, "~") == 0 ||
		g_ascii_strcasecmp(node->text, "null") == 0);
}

guint hg_node_size(const hg_node *node)
{
	return node->n;
}

const hg_node *hg_node_at(const hg_node *list, guint i)
{
	g_assert(list->type == HG_NODE_LIST && i < list->n);
	return list->items[i];
}

static const struct hg_pair *pair_at(const hg_node *map, guint i)
{
	g_assert(map->type == HG_NODE_MAP && i < map->n);
	return &map->pairs[i];
}

const char *hg_node_key(const hg_node *map, guint i)
{
	return pair_at(map, i)->key;
}

const struct hg_place *hg_node_key_place(const hg_node *map, guint i)
{
	return &pair_at(map, i)->place;
}

const hg_node *hg_node_value(const hg_node *map, guint i)
{
	return pair_at(map, i)->value;
}

const hg_node *hg_node_get(const hg_node *map, const char *key)
{
	if (!map || map->type != HG_NODE_MAP)
		return NULL;
	for (guint i = 0; i < map->n; i++)
		if (strcmp(map->pairs[i].key, key) == 0)
			return map->pairs[i].value;
	return NULL;
}

void hg_node_hide(const hg_node *node, hg_diag *diag)
{
	/* An empty value has no place of its own. */
	if (node->type == HG_NODE_SCALAR && *node->text)
		hg_diag_hide(diag, &node->place, node->end_line, node->end_column);
	for (guint i = 0; node->type == HG_NODE_LIST && i < node->n; i++)
		hg_node_hide(node->items[i], diag);
	for (guint i = 0; node->type == HG_NODE_MAP && i < node->n; i++)
		hg_node_hide(node->pairs[i].value, diag);
}

void hg_node_show(const hg_node *node, hg_diag *diag)
{
	hg_diag_show(diag, &node->place, node->end_line);
}

char *hg_node_path(const struct hg_place *place, const char *path)
{
	g_autofree char *dir = NULL;

	if (g_path_is_absolute(path) || !place || !place->file || !strchr(place->file, '/'))
		return g_strdup(path);
	dir = g_path_get_dirname(place->file);
	return g_build_filename(dir, path, NULL);
}

char *hg_node_quote(const char *text)
{
	g_autofree char *valid = hg_text_valid(text, -1, QUOTE_MAX);

	return g_strconcat("'", valid, strlen(text) > QUOTE_MAX ? "..." : "", "'", NULL);
}

static gboolean wrong(const hg_node *node, hg_diag *diag, const char *hint, const char *want)
{
	g_autofree char *got = node->type == HG_NODE_SCALAR ? hg_node_quote(node->text) : NULL;

	hg_diag_add(diag, HG_SEV_ERROR, &node->place, hint, "%s is wanted here, not %s", want,
		    node->type == HG_NODE_LIST  ? "a list"
		    : node->type == HG_NODE_MAP ? "a map"
		    : hg_node_null(node)        ? "nothing"
						: got);
	return FALSE;
}

gboolean hg_node_check_keys(const hg_node *map, const char *what, const char *const *keys, hg_diag *diag)
{
	gboolean fine = TRUE;

	if (map->type != HG_NODE_MAP) {
		g_autofree char *want = g_strdup_printf("%s is a map: that", what);

		return wrong(map, diag, NULL, want);
	}
	for (guint i = 0; i < map->n; i++) {
		const char *key = map->pairs[i].key;
		const char *near = g_strv_contains(keys, key) ? NULL : hg_nearest(key, keys);
		g_autofree char *known = g_strjoinv(", ", (char **)keys);
		g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near)
					     : g_strdup_printf("known here: %s", known);
		g_autofree char *quoted = hg_node_quote(key);

		if (g_strv_contains(keys, key))
			continue;
		fine = FALSE;
		hg_diag_add(diag, HG_SEV_ERROR, &map->pairs[i].place, hint, "%s has no %s", what,
			    quoted);
	}
	return fine;
}

gboolean hg_node_bool(const hg_node *node, gboolean *ret, hg_diag *diag)
{
	if (node->type != HG_NODE_SCALAR || !node->plain ||
	    (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0))
		return wrong(node, diag, NULL, "true or false");
	*ret = strcmp(node->text, "true") == 0;
	return TRUE;
}

gboolean hg_node_int(const hg_node *node, gint64 least, gint64 most, gint64 *ret, hg_diag *diag)
{
	g_autofree char *want = NULL;
	gint64 value;

	if (node->type == HG_NODE_SCALAR && node->plain &&
	    g_ascii_string_to_signed(node->text, 10, least, most, &value, NULL)) {
		*ret = value;
		return TRUE;
	}
	want = g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
			       least, most);
	return wrong(node, diag, NULL, want);
}

gboolean hg_node_span(const hg_node *node, gint64 *ret_ms, hg_diag *diag)
{
	gint64 ms = node->type == HG_NODE_SCALAR ? hg_span_parse(node->text) : -1;

	if (ms < 0)
		return wrong(node, diag, NULL, "a time such as 250ms, 20s, 5m or 7d");
	*ret_ms = ms;
	return TRUE;
}

gboolean hg_node_check_template(const struct hg_place *place, const char *what, const char *text,
				const char *const *names, hg_diag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *hint = NULL;

	if (hg_template_check(text, names, &hint, &error))
		return TRUE;
	hg_diag_add(diag, HG_SEV_ERROR, place, hint, "%s: %s", what, error->message);
	return FALSE;
}

gboolean hg_node_one_of(const hg_node *node, const char *what, const char *const *known, hg_diag *diag)
{
	const char *text = hg_node_text(node), *near = text ? hg_nearest(text, known) : NULL;
	g_autofree char *all = g_strjoinv(", ", (char **)known);
	g_autofree char *quoted = hg_node_quote(text ? text : "");
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near)
			      : *known ? g_strdup_printf("known here: %s", all)
				       : NULL;

	if (text && g_strv_contains(known, text))
		return TRUE;
	hg_diag_add(diag, HG_SEV_ERROR, &node->place, hint, "there is no %s %s", what, quoted);
	return FALSE;
}
