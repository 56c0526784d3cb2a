/* options.c - fills a struct from a YAML map by its option table, and says what is wrong with it */
#include "options.h"

#include <string.h>

#include "mask.h"
#include "secret.h"
#include "text.h"
#include "value.h"

#define ITEMS_MAX 256		/* of one list */

struct fill {
	const struct hg_option *table;
	const char *what;
	const char *const *also;
	char *conf;
	hg_diag *diag;
	const struct hg_place *place;	/* of the whole map */
	gboolean fine;
};

/* ---- one option ---- */

static gboolean is_map(const struct hg_option *opt)
{
	return opt->type == HG_OPT_MAP || opt->type == HG_OPT_SECRET_MAP;
}

static gboolean add_item(const struct hg_spot *spot, const char *text, GPtrArray *items)
{
	char *item = hg_value_text(spot, text);

	if (item)
		g_ptr_array_add(items, item);
	return item != NULL;
}

static gboolean check_item(struct hg_spot *spot, const hg_node *node)
{
	const char *text = hg_node_text(node);

	spot->node = node;
	spot->place = hg_node_place(node);
	if (text && !hg_node_null(node))
		return TRUE;
	if (hg_value_is_secret(spot->opt))
		hg_node_hide(node, spot->diag);
	hg_spot_error(spot, NULL, "must be a %s of texts; one of them is %s",
		      is_map(spot->opt) ? "map" : "list",
		      text                                 ? "nothing"
		      : hg_node_type(node) == HG_NODE_LIST ? "a list"
							   : "a map");
	return FALSE;
}

static gboolean fill_list(const struct hg_spot *spot, char ***field)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	gboolean fine = TRUE;
	guint n = hg_node_type(spot->node) == HG_NODE_LIST ? hg_node_size(spot->node) : 0;

	if (n > ITEMS_MAX || (hg_node_type(spot->node) == HG_NODE_LIST && n == 0)) {
		hg_spot_error(spot, NULL, "must have 1 to %d items, not %u", ITEMS_MAX, n);
		return FALSE;
	}
	if (hg_node_type(spot->node) == HG_NODE_SCALAR)
		fine = add_item(spot, hg_node_text(spot->node), items);
	for (guint i = 0; i < n; i++) {
		struct hg_spot item = *spot;

		fine = check_item(&item, hg_node_at(spot->node, i)) &&
		       add_item(&item, hg_node_text(item.node), items) && fine;
	}
	g_ptr_array_add(items, NULL);
	/* What was read goes into the conf even when a part is wrong: it is freed with it. */
	*field = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
	return fine;
}

/* "text", or { en: text, de: Text }: names and values in the file's order. */
static gboolean fill_map(const struct hg_spot *spot, char ***field)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	gboolean fine = TRUE, map = hg_node_type(spot->node) == HG_NODE_MAP;
	guint n = map ? hg_node_size(spot->node) : 0;

	if (map && (n < 1 || n > ITEMS_MAX / 2)) {
		hg_spot_error(spot, NULL, "must have 1 to %d entries, not %u", ITEMS_MAX / 2, n);
		return FALSE;
	}
	if (!map) {
		char *text = hg_value_text(spot, hg_node_text(spot->node));

		fine = text != NULL;
		g_ptr_array_add(items, g_strdup(""));
		g_ptr_array_add(items, text ? text : g_strdup(""));
	}
	for (guint i = 0; i < n; i++) {
		struct hg_spot item = *spot;

		char *text = check_item(&item, hg_node_value(spot->node, i)) ?
			hg_value_text(&item, hg_node_text(item.node)) : NULL;

		fine = text && fine;
		g_ptr_array_add(items, g_strdup(hg_node_key(spot->node, i)));
		g_ptr_array_add(items, text ? text : g_strdup(""));
	}
	g_ptr_array_add(items, NULL);
	*field = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
	return fine;
}

/* Its words about secrets (which it names, and does not hold) are shown as they stand. */
static char *tree_json(const hg_node *root, hg_diag *diag)
{
	GString *json = g_string_new(NULL);

	hg_node_show(root, diag);
	hg_node_json(root, json);
	return g_string_free(json, FALSE);
}

/* The map or list itself, or a path of the file it lies in. */
static gboolean fill_tree(const struct hg_spot *spot, char **field)
{
	g_autoptr(hg_doc) doc = NULL;
	const hg_node *root = spot->node;
	g_autofree char *path = NULL;

	if (hg_node_type(root) == HG_NODE_SCALAR) {
		path = hg_node_path(spot->place, hg_node_text(root));
		doc = hg_doc_read_tree(path, spot->place, spot->diag);
		root = doc ? hg_doc_root(doc) : NULL;
	}
	if (root && hg_node_type(root) == HG_NODE_SCALAR)
		hg_diag_add(spot->diag, HG_SEV_ERROR, hg_node_place(root), NULL, "%s%s'%s' must be a map or a list, or the path of a "
			    "YAML file that holds one", spot->what, *spot->what ? ": " : "", spot->opt->name);
	else if (root)
		*field = tree_json(root, spot->diag);
	return *field != NULL;
}

const char *hg_map_value(char *const *map, const char *name)
{
	for (; map && map[0]; map += 2)
		if (strcmp(map[0], name) == 0)
			return map[1];
	return NULL;
}

static gboolean fill_scalar(const struct hg_spot *spot, const char *text, void *field)
{
	switch (spot->opt->type) {
	case HG_OPT_BOOL:
		return hg_value_bool(spot, text, field);
	case HG_OPT_INT:
	case HG_OPT_MSECS:
	case HG_OPT_BYTES:
		return hg_value_number(spot, text, field);
	default:
		return (*(char **)field = hg_value_text(spot, text)) != NULL;
	}
}

static gboolean is_list(const struct hg_option *opt)
{
	return opt->type == HG_OPT_STRINGS || opt->type == HG_OPT_SECRETS;
}

/* Kept as an array of texts that ends with NULL. */
static gboolean is_many(const struct hg_option *opt)
{
	return is_list(opt) || is_map(opt);
}

/* A list's default is written as in a config file: "read" or "[read, reply]". */
static gboolean fill_fallback(const struct hg_spot *spot, void *field)
{
	g_autofree char *list = NULL;
	g_auto(GStrv) words = NULL;
	g_autoptr(GPtrArray) items = NULL;
	gboolean fine = TRUE;

	if (spot->opt->type == HG_OPT_MAP) {
		const char *const alone[] = { "", spot->opt->fallback, NULL };

		*(char ***)field = g_strdupv((char **)alone);
		return TRUE;
	}
	if (!is_list(spot->opt))
		return fill_scalar(spot, spot->opt->fallback, field);
	list = g_strdup(spot->opt->fallback);
	words = g_strsplit(g_strdelimit(list, "[]", ' '), ",", -1);
	items = g_ptr_array_new();
	for (char **w = words; *w; w++)
		fine = (!*g_strstrip(*w) || add_item(spot, *w, items)) && fine;
	g_ptr_array_add(items, NULL);
	*(char ***)field = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
	return fine;
}

/* Quoted "null" is a text; true, 1.5 and the like are taken as they are written. */
static gboolean wrong_shape(const struct hg_spot *spot)
{
	enum hg_node_type type = hg_node_type(spot->node);

	if (type == HG_NODE_SCALAR && !hg_node_null(spot->node))
		return FALSE;
	if ((type == HG_NODE_LIST && is_list(spot->opt)) || (type == HG_NODE_MAP && is_map(spot->opt)) ||
	    (type != HG_NODE_SCALAR && spot->opt->type == HG_OPT_TREE))
		return FALSE;
	if (hg_value_is_secret(spot->opt))
		hg_node_hide(spot->node, spot->diag);
	if (type == HG_NODE_SCALAR)
		hg_spot_error(spot, spot->opt->help, "has no value; write \"\" for an empty text");
	else
		hg_spot_error(spot, spot->opt->help, "must be one value%s, not a %s",
			      is_map(spot->opt) ? " or a map of them" : "",
			      type == HG_NODE_LIST ? "list" : "map");
	return TRUE;
}

static gboolean fill_node(const struct hg_spot *spot, void *field)
{
	if (spot->opt->flags & HG_OPT_DEPRECATED)
		hg_diag_add(spot->diag, HG_SEV_WARNING, spot->place, spot->opt->help,
			    "%s%s'%s' is deprecated and will go away", spot->what,
			    *spot->what ? ": " : "", spot->opt->name);
	if (wrong_shape(spot))
		return FALSE;
	if (spot->opt->type == HG_OPT_SECRET_MAP && hg_node_type(spot->node) == HG_NODE_SCALAR) {
		hg_node_hide(spot->node, spot->diag);
		hg_spot_error(spot, spot->opt->help, "must be a map of names and secrets");
		return FALSE;
	}
	if (spot->opt->type == HG_OPT_TREE)
		return fill_tree(spot, field);
	if (is_map(spot->opt))
		return fill_map(spot, field);
	return is_list(spot->opt) ? fill_list(spot, field)
				  : fill_scalar(spot, hg_node_text(spot->node), field);
}

/* ---- the map ---- */

/* The node of "imap.host", or NULL; the parts on the way may be missing or no maps (that is
 * reported by the check of the keys). */
const hg_node *hg_options_node(const hg_node *map, const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, ".", -1);

	for (char **p = parts; *p && map; p++)
		map = hg_node_get(map, *p);
	return map;
}

static void missing(struct fill *f, const struct hg_option *opt)
{
	hg_diag_add(f->diag, HG_SEV_ERROR, f->place, opt->help, "%s%s'%s' is missing", f->what,
		    *f->what ? ": " : "", opt->name);
	f->fine = FALSE;
}

static void fill_option(struct fill *f, const hg_node *map, const struct hg_option *opt)
{
	const hg_node *node = hg_options_node(map, opt->name);
	struct hg_spot spot = { opt, f->what, node, node ? hg_node_place(node) : f->place, f->diag };

	if (node && (opt->flags & HG_OPT_AGES) && hg_node_type(node) == HG_NODE_LIST)
		return;
	if (node)
		f->fine = fill_node(&spot, f->conf + opt->offset) && f->fine;
	else if (opt->flags & HG_OPT_REQUIRED)
		missing(f, opt);
	else if (opt->fallback)
		f->fine = fill_fallback(&spot, f->conf + opt->offset) && f->fine;
}

/* The words that may stand at this level: the next part of every name that begins with prefix. */
static GPtrArray *words_at(struct fill *f, const char *prefix)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	gsize skip = strlen(prefix);

	for (const struct hg_option *opt = f->table; opt->name; opt++) {
		const char *rest = opt->name + skip;
		char *word;

		if (strncmp(opt->name, prefix, skip) != 0)
			continue;
		word = g_strndup(rest, strcspn(rest, "."));
		if (g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
			g_free(word);
		else
			g_ptr_array_add(words, word);
	}
	for (const char *const *also = f->also; !skip && also && *also; also++)
		if (!g_ptr_array_find_with_equal_func(words, *also, g_str_equal, NULL))
			g_ptr_array_add(words, g_strdup(*also));
	g_ptr_array_add(words, NULL);
	return words;
}

static gboolean table_has(const struct hg_option *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return TRUE;
	return FALSE;
}

static gboolean has_secrets(const struct hg_option *table)
{
	for (; table->name; table++)
		if (hg_value_is_secret(table))
			return TRUE;
	return FALSE;
}

/* What was probably meant, or what there is. */
static char *hint_for(const char *key, const char *near, const char *const *words)
{
	g_autofree char *known = g_strjoinv(", ", (char **)words);
	g_auto(GStrv) part = g_strsplit(key, ".", 2);

	if (part[0] && part[1] && g_strv_contains(words, part[0]))
		return g_strdup_printf("write %s: { %s: ... }", part[0], part[1]);
	return near ? g_strdup_printf("did you mean '%s'?", near) : g_strdup_printf("known here: %s", known);
}

static void unknown_key(struct fill *f, const hg_node *map, guint i, const char *prefix,
			const char *const *words)
{
	const char *key = hg_node_key(map, i), *near = hg_nearest(key, words);
	g_autofree char *name = g_strconcat(prefix, key, NULL), *quoted = hg_node_quote(name);
	g_autofree char *hint = hint_for(key, near, words);

	/* A misspelt secret is a secret all the same. */
	if (hg_mask_sounds_secret(key) || has_secrets(f->table))
		hg_node_hide(hg_node_value(map, i), f->diag);
	hg_diag_add(f->diag, HG_SEV_ERROR, hg_node_key_place(map, i), hint, "%s%sthere is no option %s",
		    f->what, *f->what ? ": " : "", quoted);
	f->fine = FALSE;
}

static void check_keys(struct fill *f, const hg_node *map, const char *prefix)
{
	g_autoptr(GPtrArray) words = words_at(f, prefix);

	for (guint i = 0; i < hg_node_size(map); i++) {
		const char *key = hg_node_key(map, i);
		const hg_node *value = hg_node_value(map, i);
		g_autofree char *name = g_strconcat(prefix, key, NULL);
		g_autofree char *deeper = g_strconcat(name, ".", NULL);

		if (!g_strv_contains((const char *const *)words->pdata, key) || strchr(key, '.'))
			unknown_key(f, map, i, prefix, (const char *const *)words->pdata);
		else if (table_has(f->table, name) ||
			 (!*prefix && f->also && g_strv_contains(f->also, key)))
			continue;
		else if (hg_node_type(value) == HG_NODE_MAP)
			check_keys(f, value, deeper);
		else if (!hg_node_null(value)) {
			hg_diag_add(f->diag, HG_SEV_ERROR, hg_node_place(value), NULL,
				    "%s%s'%s' must be a map of options", f->what,
				    *f->what ? ": " : "", name);
			f->fine = FALSE;
		}
	}
}

gboolean hg_options_fill(const struct hg_option *table, const hg_node *map, const char *what,
			 const char *const *also, void *conf, hg_diag *diag)
{
	static const struct hg_place nowhere;
	struct fill f = { table, what, also, conf, diag, map ? hg_node_place(map) : &nowhere, TRUE };

	if (map && hg_node_null(map))
		map = NULL;
	if (map && hg_node_type(map) != HG_NODE_MAP) {
		if (has_secrets(table))
			hg_node_hide(map, diag);
		hg_diag_add(diag, HG_SEV_ERROR, f.place, NULL, "%s%smust be a map of options", what,
			    *what ? " " : "");
		return FALSE;
	}
	if (map)
		check_keys(&f, map, "");
	for (const struct hg_option *opt = table; opt->name; opt++)
		fill_option(&f, map, opt);
	return f.fine;
}

/* ---- afterwards ---- */

static void clear_texts(char **texts, gboolean secret)
{
	for (char **t = texts; t && *t; t++)
		if (secret)
			hg_secret_free(*t);
		else
			g_free(*t);
	g_free(texts);
}

void hg_options_clear(const struct hg_option *table, void *conf)
{
	for (const struct hg_option *opt = table; opt->name; opt++) {
		char *field = (char *)conf + opt->offset;

		if (is_many(opt)) {
			clear_texts(*(char ***)field, hg_value_is_secret(opt));
			*(char ***)field = NULL;
		} else if (opt->type <= HG_OPT_ENUM || opt->type == HG_OPT_TREE) {
			if (hg_value_is_secret(opt))
				hg_secret_free(*(char **)field);
			else
				g_free(*(char **)field);
			*(char **)field = NULL;
		}
	}
}

static gboolean same_list(char **a, char **b)
{
	if (!a || !b)
		return a == b;
	return g_strv_equal((const char *const *)a, (const char *const *)b);
}

static gboolean same(const struct hg_option *opt, const void *a, const void *b)
{
	const char *x = (const char *)a + opt->offset, *y = (const char *)b + opt->offset;

	switch (opt->type) {
	case HG_OPT_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case HG_OPT_INT:
	case HG_OPT_MSECS:
	case HG_OPT_BYTES:
		return *(const int64_t *)x == *(const int64_t *)y;
	case HG_OPT_STRINGS:
	case HG_OPT_SECRETS:
	case HG_OPT_MAP:
	case HG_OPT_SECRET_MAP:
		return same_list(*(char **const *)x, *(char **const *)y);
	default:
		return g_strcmp0(*(char *const *)x, *(char *const *)y) == 0;
	}
}

gboolean hg_options_equal(const struct hg_option *table, const void *a, const void *b,
			  unsigned with_flags, unsigned without_flags)
{
	for (const struct hg_option *opt = table; opt->name; opt++)
		if ((opt->flags & with_flags) == with_flags && !(opt->flags & without_flags) &&
		    !same(opt, a, b))
			return FALSE;
	return TRUE;
}
