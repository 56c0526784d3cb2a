/* rows.c - a configuration as rows: each key, what stands there, and where that is said */
#include <string.h>
#include "conf.h"
#include "docs_walk.h"
#include "json.h"
#include "mask.h"
#include "options.h"
#include "rows.h"
#include "tables.h"

#define HIDDEN "***"

struct listing {
	GPtrArray *rows;
	gboolean all;
	hg_conf_adapter_fn *adapter;
	void *ctx;
};

static void row_free(gpointer p)
{
	struct hg_conf_row *row = p;

	g_free(row->key);
	g_free(row);
}

static void add_row(struct listing *listing, const char *part, const char *prefix, const char *name,
		    const struct hg_option *option, const hg_node *node)
{
	struct hg_conf_row *row;

	if (!node && !listing->all)
		return;
	row = g_new0(struct hg_conf_row, 1);
	row->key = g_strconcat(prefix, name, NULL);
	row->option = option;
	row->node = node;
	row->part = part;
	g_ptr_array_add(listing->rows, row);
}

/* ---- one map by its tables ---- */

/* Some name of the tables is this one, or begins with it and a dot. */
static gboolean is_known(const struct hg_option *const *tables, const char *name, gboolean *ret_inner)
{
	gsize len = strlen(name);

	*ret_inner = FALSE;
	for (; *tables; tables++)
		for (const struct hg_option *option = *tables; option->name; option++) {
			if (strcmp(option->name, name) == 0)
				return TRUE;
			*ret_inner |= strncmp(option->name, name, len) == 0 && option->name[len] == '.';
		}
	return *ret_inner;
}

/* What is written there and stands in no table: shown all the same. */
static void add_unknown(struct listing *listing, const char *part, const char *prefix, const char *inside, const hg_node *map,
			const struct hg_option *const *tables)
{
	for (guint i = 0; map && hg_node_type(map) == HG_NODE_MAP && i < hg_node_size(map); i++) {
		g_autofree char *name = g_strconcat(inside, hg_node_key(map, i), NULL), *deeper = g_strconcat(name, ".", NULL);
		gboolean inner, known = is_known(tables, name, &inner);

		if (!known)
			add_row(listing, part, prefix, name, NULL, hg_node_value(map, i));
		else if (inner)
			add_unknown(listing, part, prefix, deeper, hg_node_value(map, i), tables);
	}
}

static void add_tables(struct listing *listing, const char *part, const char *prefix, const hg_node *map,
		       const struct hg_option *const *tables, const char *const *skip)
{
	const struct hg_option *const *table = tables;

	for (; *table; table++)
		for (const struct hg_option *option = *table; option->name; option++)
			add_row(listing, part, prefix, option->name, option, map ? hg_options_node(map, option->name) : NULL);
	if (!skip)
		add_unknown(listing, part, prefix, "", map, tables);
}

/* ---- sections ---- */

static void add_named(struct listing *listing, const struct hg_section *section, const char *name, const hg_node *map)
{
	const hg_node *adapter = map && hg_node_type(map) == HG_NODE_MAP ? hg_node_get(map, "adapter") : NULL;
	const char *word = adapter ? hg_node_text(adapter) : NULL;
	gboolean channel = section->options == hg_channel_options;
	const struct hg_option *tables[3] = { section->options, channel && word && listing->adapter ?
		listing->adapter(listing->ctx, word) : NULL, NULL };
	g_autofree char *prefix = g_strdup_printf("%s.%s.", section->name, name);

	if (map && hg_node_type(map) == HG_NODE_MAP)
		add_tables(listing, section->name, prefix, map, tables, NULL);
	else
		add_row(listing, section->name, "", prefix, NULL, map);
}

static const hg_node *map_of(const hg_node *root, const char *name)
{
	const hg_node *node = hg_options_node(root, name);

	return node && hg_node_type(node) == HG_NODE_MAP ? node : NULL;
}

static void add_section(struct listing *listing, const hg_node *root, const struct hg_section *section)
{
	static const char *const top[] = { "", NULL };
	const struct hg_option *tables[] = { section->options, NULL };
	g_autofree char *prefix = g_strconcat(section->name, ".", NULL);
	const hg_node *map = *section->name ? map_of(root, section->name) : root;

	if (!*section->name)
		add_tables(listing, "", "", root, tables, top);
	else if (!section->many)
		add_tables(listing, section->name, prefix, map, tables, NULL);
	for (guint i = 0; section->many && map && i < hg_node_size(map); i++)
		add_named(listing, section, hg_node_key(map, i), hg_node_value(map, i));
}

static gboolean is_section(const char *key)
{
	gsize len = strlen(key);

	for (const struct hg_section *section = hg_conf_sections; section->name; section++)
		if (strncmp(section->name, key, len) == 0 && (!section->name[len] || section->name[len] == '.'))
			return TRUE;
	for (const struct hg_option *option = hg_top_options; option->name; option++)
		if (strcmp(option->name, key) == 0)
			return TRUE;
	return FALSE;
}

GPtrArray *hg_conf_rows(const hg_node *root, gboolean all, hg_conf_adapter_fn *adapter, void *ctx)
{
	struct listing listing = { g_ptr_array_new_with_free_func(row_free), all, adapter, ctx };

	if (!root || hg_node_type(root) != HG_NODE_MAP)
		return listing.rows;
	for (const struct hg_section *section = hg_conf_sections; section->name; section++)
		add_section(&listing, root, section);
	for (guint i = 0; i < hg_node_size(root); i++)
		if (!is_section(hg_node_key(root, i)))
			add_row(&listing, hg_node_key(root, i), "", hg_node_key(root, i), NULL, hg_node_value(root, i));
	return listing.rows;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- values ---- */

gboolean hg_conf_row_hides(const struct hg_conf_row *row, const char *key, const char *text)
{
	const struct hg_option *option = row->option;
	gboolean secret = option ? option->type == HG_OPT_SECRET || option->type == HG_OPT_SECRETS ||
				   option->type == HG_OPT_SECRET_MAP : hg_mask_sounds_secret(key);

	return secret && !hg_mask_is_reference(text, strlen(text));
}

static void put_value(const struct hg_conf_row *row, const char *key, const hg_node *node, GString *out)
{
	gboolean map = hg_node_type(node) == HG_NODE_MAP;

	if (hg_node_type(node) == HG_NODE_SCALAR) {
		if (hg_node_text(node) && hg_conf_row_hides(row, key, hg_node_text(node)))
			hg_json_put_str(out, HIDDEN);
		else
			hg_node_json(node, out);
		return;
	}
	hg_json_open(out, map ? '{' : '[');
	for (guint i = 0; i < hg_node_size(node); i++) {
		if (map) {
			hg_json_put_str(out, hg_node_key(node, i));
			g_string_append_c(out, ':');
		}
		put_value(row, map ? hg_node_key(node, i) : key, map ? hg_node_value(node, i) : hg_node_at(node, i), out);
	}
	hg_json_close(out, map ? '}' : ']');
}

char *hg_conf_row_value(const struct hg_conf_row *row)
{
	GString *out = g_string_new(NULL);
	const char *dot = strrchr(row->key, '.'), *fallback = row->option ? hg_docs_fallback(row->option) : NULL;

	if (row->node)
		put_value(row, dot ? dot + 1 : row->key, row->node, out);
	else if (!fallback)
		hg_json_put_raw(out, "null");
	else if (row->option->type == HG_OPT_INT || row->option->type == HG_OPT_BOOL)
		hg_json_put_raw(out, fallback);
	else
		hg_json_put_str(out, fallback);
	return g_string_free(out, FALSE);
}

void hg_conf_row_json(const struct hg_conf_row *row, GString *out)
{
	g_autofree char *value = hg_conf_row_value(row);
	const struct hg_place *place = row->node ? hg_node_place(row->node) : NULL;

	hg_json_open(out, '{');
	hg_json_add_str(out, "key", row->key);
	hg_json_add_raw(out, "value", value);
	hg_json_add_bool(out, "reloads", hg_conf_row_reloads(row));
	if (place) {
		hg_json_add_str(out, "file", place->file);
		hg_json_add_int(out, "line", place->line);
	} else {
		hg_json_add_bool(out, "default", TRUE);
	}
	hg_json_close(out, '}');
}

GPtrArray *hg_conf_rows_changed(const hg_node *old, const hg_node *new, hg_conf_adapter_fn *adapter, void *ctx)
{
	g_autoptr(GPtrArray) before = hg_conf_rows(old, FALSE, adapter, ctx), after = hg_conf_rows(new, FALSE, adapter, ctx);
	g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	GPtrArray *changed = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	gpointer key;

	for (guint i = 0; i < before->len; i++) {
		const struct hg_conf_row *row = before->pdata[i];

		g_hash_table_insert(values, g_strdup(row->key), hg_conf_row_value(row));
	}
	for (guint i = 0; i < after->len; i++) {
		const struct hg_conf_row *row = after->pdata[i];
		g_autofree char *value = hg_conf_row_value(row);
		const char *was = g_hash_table_lookup(values, row->key);

		if (!was || strcmp(was, value) != 0)
			g_ptr_array_add(changed, g_strdup(row->key));
		g_hash_table_remove(values, row->key);
	}
	g_hash_table_iter_init(&iter, values);		/* what is left is there no more */
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(changed, g_strdup(key));
	g_ptr_array_sort(changed, (GCompareFunc)compare_texts);
	return changed;
}

/* Channels, backends, hooks and tokens come and go with a reload, and those that change begin anew. */
gboolean hg_conf_row_reloads(const struct hg_conf_row *row)
{
	gboolean fixed = strcmp(row->part, "gateway") == 0 || strcmp(row->part, "store") == 0 || strcmp(row->part, "console") == 0;

	return !fixed || !row->option || row->option->flags & HG_OPT_RELOAD;
}
