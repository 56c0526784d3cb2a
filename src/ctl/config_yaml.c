/* config_yaml.c - rows of a configuration as YAML */
#include <string.h>
#include "config_verbs.h"
#include "docs_walk.h"

#define LINE_MAX_WIDTH 100		/* lists of texts that are longer have a line for each */

/* One word of the dotted keys. */
struct branch {
	char *word;
	GPtrArray *inner;		/* of struct branch */
	const struct hg_conf_row *row;	/* or NULL */
};

static void branch_free(gpointer p)
{
	struct branch *branch = p;

	g_free(branch->word);
	g_ptr_array_unref(branch->inner);
	g_free(branch);
}

static struct branch *branch_new(const char *word)
{
	struct branch *branch = g_new0(struct branch, 1);

	branch->word = g_strdup(word);
	branch->inner = g_ptr_array_new_with_free_func(branch_free);
	return branch;
}

static struct branch *branch_of(struct branch *from, const char *word)
{
	for (guint i = 0; i < from->inner->len; i++) {
		struct branch *branch = from->inner->pdata[i];

		if (strcmp(branch->word, word) == 0)
			return branch;
	}
	g_ptr_array_add(from->inner, branch_new(word));
	return from->inner->pdata[from->inner->len - 1];
}

static void plant(struct branch *root, const struct hg_conf_row *row)
{
	g_auto(GStrv) words = g_strsplit(row->key, ".", -1);

	for (char **word = words; *word; word++)
		if (**word)
			root = branch_of(root, *word);
	root->row = row;
}

/* ---- values ---- */

/* A plain text stays one, all else is quoted as JSON does, which YAML reads. */
static void put_scalar(GString *out, const struct hg_conf_row *row, const char *key, const hg_node *node)
{
	const char *text = hg_node_text(node);
	g_autoptr(GString) quoted = g_string_new(NULL);

	if (text && hg_conf_row_hides(row, key, text))
		text = "***";
	else if (!text || (hg_node_plain(node) && !strchr(text, '\n') && !strpbrk(text, "[]{},")))
		return (void)g_string_append(out, text && *text ? text : "null");
	hg_json_put_str(quoted, text);
	g_string_append(out, quoted->str);
}

static gboolean is_short_list(const hg_node *node)
{
	gsize width = 0;

	if (hg_node_type(node) != HG_NODE_LIST)
		return FALSE;
	for (guint i = 0; i < hg_node_size(node); i++) {
		const hg_node *item = hg_node_at(node, i);

		if (hg_node_type(item) != HG_NODE_SCALAR)
			return FALSE;
		width += hg_node_text(item) ? strlen(hg_node_text(item)) + 4 : 4;
	}
	return width < LINE_MAX_WIDTH;
}

static void put_key(GString *out, const char *key)
{
	g_autoptr(GString) quoted = g_string_new(NULL);

	if (*key && strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(key)) {
		g_string_append(out, key);
	} else {
		hg_json_put_str(quoted, key);
		g_string_append(out, quoted->str);
	}
	g_string_append_c(out, ':');
}

static void put_node(GString *out, const struct hg_conf_row *row, const char *key, const hg_node *node, int indent, const char *behind);

static void put_short_list(GString *out, const struct hg_conf_row *row, const char *key, const hg_node *node)
{
	g_string_append(out, " [");
	for (guint i = 0; i < hg_node_size(node); i++) {
		g_string_append(out, i ? ", " : "");
		put_scalar(out, row, key, hg_node_at(node, i));
	}
	g_string_append_c(out, ']');
}

static void put_items(GString *out, const struct hg_conf_row *row, const char *key, const hg_node *node, int indent)
{
	for (guint i = 0; i < hg_node_size(node); i++) {
		const hg_node *item = hg_node_at(node, i);
		gsize start = out->len + (gsize)indent;

		/* What is within an item stands two further in, its first line behind the dash. */
		if (hg_node_type(item) == HG_NODE_MAP && hg_node_size(item)) {
			g_autoptr(GString) inner = g_string_new(NULL);

			put_node(inner, row, key, item, indent + 2, "");
			g_string_append(out, inner->str + 1);	/* without the line break in front */
			out->str[start] = '-';
			continue;
		}
		g_string_append_printf(out, "%*s-", indent, "");
		put_node(out, row, key, item, indent + 2, "");
	}
}

/* Behind a colon or a dash; with the line break at its end. */
static void put_node(GString *out, const struct hg_conf_row *row, const char *key, const hg_node *node, int indent, const char *behind)
{
	gboolean map = hg_node_type(node) == HG_NODE_MAP;

	if (hg_node_type(node) == HG_NODE_SCALAR) {
		g_string_append_c(out, ' ');
		put_scalar(out, row, key, node);
		g_string_append_printf(out, "%s\n", behind);
		return;
	}
	if (is_short_list(node) || !hg_node_size(node)) {
		if (map)
			g_string_append(out, " {}");
		else
			put_short_list(out, row, key, node);
		g_string_append_printf(out, "%s\n", behind);
		return;
	}
	g_string_append_printf(out, "%s\n", behind);
	for (guint i = 0; map && i < hg_node_size(node); i++) {
		g_string_append_printf(out, "%*s", indent, "");
		put_key(out, hg_node_key(node, i));
		put_node(out, row, hg_node_key(node, i), hg_node_value(node, i), indent + 2, "");
	}
	if (!map)
		put_items(out, row, key, node, indent);
}

/* ---- rows ---- */

static char *origin_of(const struct hg_conf_row *row)
{
	const struct hg_place *place = row->node ? hg_node_place(row->node) : NULL;

	return place ? g_strdup_printf("   # %s:%d", place->file, place->line) : g_strdup("   # default");
}

static void put_row(GString *out, const struct branch *branch, int indent, gboolean origin)
{
	const struct hg_conf_row *row = branch->row;
	g_autofree char *behind = origin ? origin_of(row) : g_strdup(""), *value = NULL;

	if (row->node) {
		put_node(out, row, branch->word, row->node, indent + 2, behind);
	} else {
		value = hg_conf_row_value(row);
		g_string_append_printf(out, " %s%s\n", value, behind);
	}
}

/* What has neither a value nor a default is not told of. */
static gboolean has_anything(const struct branch *branch)
{
	if (branch->row)
		return branch->row->node || hg_docs_fallback(branch->row->option);
	for (guint i = 0; i < branch->inner->len; i++)
		if (has_anything(branch->inner->pdata[i]))
			return TRUE;
	return FALSE;
}

static void put_branches(GString *out, const struct branch *from, int indent, gboolean origin)
{
	for (guint i = 0; i < from->inner->len; i++) {
		const struct branch *branch = from->inner->pdata[i];

		if (!has_anything(branch))
			continue;
		g_string_append_printf(out, "%*s", indent, "");
		put_key(out, branch->word);
		if (branch->row) {
			put_row(out, branch, indent, origin);
			continue;
		}
		g_string_append_c(out, '\n');
		put_branches(out, branch, indent + 2, origin);
	}
}

void ctl_rows_yaml(const GPtrArray *rows, gboolean origin, GString *out)
{
	struct branch *root = branch_new("");

	for (guint i = 0; i < rows->len; i++)
		plant(root, rows->pdata[i]);
	put_branches(out, root, 0, origin);
	branch_free(root);
}
