/* doc.c - reads a configuration from its files: include:, where it may lead, how it is joined */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "secret.h"
#include "slurp.h"
#include "tree.h"

struct reader {
	hg_doc *doc;
	hg_diag *diag;
	char *top;			/* real path of the top file's directory */
	GPtrArray *chain;		/* real paths of the files that are being read, outermost first */
	gboolean broken;		/* something is missing: what remains would mislead */
};

/* An include: from is where it stands, written what stands there. */
struct wanted {
	const char *name;		/* as we open it: written, in the directory of its file */
	const char *written;		/* NULL: the top file */
	const struct hg_place *from;
};

static const hg_node *read_file(struct reader *r, const struct wanted *want);

static hg_doc *doc_new(void)
{
	hg_doc *doc = g_new0(hg_doc, 1);

	doc->arena = hg_arena_new();
	doc->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	doc->texts = g_hash_table_new(g_str_hash, g_str_equal);
	doc->sum = g_checksum_new(G_CHECKSUM_SHA256);
	return doc;
}

void hg_doc_free(hg_doc *doc)
{
	if (!doc)
		return;
	g_checksum_free(doc->sum);
	g_hash_table_unref(doc->files);
	g_hash_table_unref(doc->texts);
	hg_arena_free(doc->arena);
	g_free(doc);
}

const hg_node *hg_doc_root(const hg_doc *doc)
{
	return doc->root;
}

const char *hg_doc_hash(const hg_doc *doc)
{
	return g_checksum_get_string(doc->sum);
}

/* ---- what was read ---- */

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The set's texts, sorted; takes it. */
static char **sorted(GHashTable *set)
{
	GPtrArray *texts = g_ptr_array_new();
	GHashTableIter iter;
	gpointer text;

	g_hash_table_iter_init(&iter, set);
	while (g_hash_table_iter_next(&iter, &text, NULL))
		g_ptr_array_add(texts, g_strdup(text));
	g_hash_table_unref(set);
	g_ptr_array_sort(texts, by_text);
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(texts, FALSE);
}

char **hg_doc_files(const hg_doc *doc)
{
	return sorted(g_hash_table_ref(doc->files));
}

/* As deep as HG_DOC_DEPTH_MAX. */
static void find_references(const hg_node *node, GHashTable *set)	/* NOLINT(misc-no-recursion) */
{
	const char *text = node ? hg_node_text(node) : NULL;
	enum hg_node_type type = node ? hg_node_type(node) : HG_NODE_SCALAR;

	if (text && hg_secret_is_ref(text))
		g_hash_table_add(set, (char *)text);
	for (guint i = 0; type != HG_NODE_SCALAR && i < hg_node_size(node); i++)
		find_references(type == HG_NODE_LIST ? hg_node_at(node, i) : hg_node_value(node, i), set);
}

char **hg_doc_references(const hg_doc *doc)
{
	GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);

	find_references(doc->root, set);
	return sorted(set);
}

/* ---- one file ---- */

static gboolean check_owner(const struct stat *st, gboolean foreign, GError **error)
{
	if (!S_ISREG(st->st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "it is not a regular file");
	if (st->st_size > HG_DOC_FILE_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "it has more than 1 MiB; split it with include:");
	if (!foreign)
		return !(st->st_mode & S_IWOTH) ||
		       hg_fail(error, HG_ERROR_DENIED, "everybody may write to it: chmod o-w");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return hg_fail(error, HG_ERROR_DENIED, "outside of the directory of the top file only "
			       "files of root or of our own user are read, and its owner is uid %u",
			       st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return hg_fail(error, HG_ERROR_DENIED,
			       "others may write to it: chmod go-w, or move it beside the top file");
	return TRUE;
}

/* foreign: not below the top file's directory.  O_NONBLOCK: a FIFO must not hang us. */
static GString *slurp(const char *path, gboolean foreign, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	gboolean fine;

	if (fd < 0) {
		hg_fail(error, HG_ERROR_CONFIG, "%s", g_strerror(errno));
		return NULL;
	}
	fine = fstat(fd, &st) == 0 ? check_owner(&st, foreign, error)
				   : hg_fail(error, HG_ERROR_BROKEN, "%s", g_strerror(errno));
	fine = fine && hg_slurp(fd, HG_DOC_FILE_MAX, "; split it with include:", out, error);
	close(fd);
	return fine ? g_steal_pointer(&out) : NULL;
}

static gboolean is_below(const char *dir, const char *path)
{
	gsize len = strlen(dir);

	if (strcmp(dir, "/") == 0)
		return TRUE;
	return strncmp(dir, path, len) == 0 && path[len] == '/';
}

static void refuse(struct reader *r, const struct wanted *want, const char *why)
{
	struct hg_place here = { want->name, 0, 0 };
	g_autofree char *quoted = hg_node_quote(want->written ? want->written : "");

	r->broken = TRUE;
	if (want->written)
		hg_diag_add(r->diag, HG_SEV_ERROR, want->from, NULL, "cannot include %s: %s", quoted,
			    why);
	else
		hg_diag_add(r->diag, HG_SEV_ERROR, &here, NULL, "cannot read it: %s", why);
}

/* A relative path stays below the top file's directory or that of the file it stands in. */
static gboolean leads_out(struct reader *r, const struct wanted *want, const char *path)
{
	g_autofree char *dir = NULL;

	if (!want->written || g_path_is_absolute(want->written) || is_below(r->top, path))
		return FALSE;
	dir = g_path_get_dirname(g_ptr_array_index(r->chain, r->chain->len - 1));
	return !is_below(dir, path);
}

/* Why this file is not to be read, or NULL. */
static const char *objection(struct reader *r, const struct wanted *want, const char *path)
{
	if (leads_out(r, want, path))
		return "it leads out of the directory of this file; use an absolute path";
	if (g_ptr_array_find_with_equal_func(r->chain, path, g_str_equal, NULL))
		return "that file is being read just now, so the includes go in a circle";
	if (g_hash_table_contains(r->doc->files, path))
		return "that file is included already";
	if (r->chain->len >= HG_DOC_DEPTH_MAX)
		return "more than " G_STRINGIFY(HG_DOC_DEPTH_MAX) " includes within each other";
	if (g_hash_table_size(r->doc->files) >= HG_DOC_FILES_MAX)
		return "there are more than " G_STRINGIFY(HG_DOC_FILES_MAX) " files";
	return NULL;
}

/* Where name really leads, or NULL with the reason reported. */
static char *resolve(struct reader *r, const struct wanted *want)
{
	char *real = realpath(want->name, NULL);
	g_autofree char *path = g_strdup(real);
	const char *why = real ? NULL : g_strerror(errno);

	free(real);
	if (path && !r->top)
		r->top = g_path_get_dirname(path);
	if (path)
		why = objection(r, want, path);
	if (!why)
		return g_steal_pointer(&path);
	refuse(r, want, why);
	return NULL;
}

/* ---- include: ---- */

static void include_one(struct reader *r, const hg_node *node, const hg_node **io_all)
{
	struct wanted want = { .written = hg_node_text(node), .from = hg_node_place(node) };
	g_autofree char *path = NULL;
	const hg_node *tree;

	if (!want.written || hg_node_null(node)) {
		r->broken = TRUE;
		hg_diag_add(r->diag, HG_SEV_ERROR, hg_node_place(node), "include: rules/noise.yaml",
			    "include: wants a path or a list of paths");
		return;
	}
	path = hg_node_path(want.from, want.written);
	want.name = path;
	tree = read_file(r, &want);
	if (tree)
		*io_all = *io_all ? hg_merge_equal(r->doc, *io_all, tree, r->diag) : tree;
}

static const hg_node *included(struct reader *r, const hg_node *include)
{
	const hg_node *all = NULL;

	if (hg_node_type(include) != HG_NODE_LIST)
		include_one(r, include, &all);
	else
		for (guint i = 0; i < hg_node_size(include); i++)
			include_one(r, hg_node_at(include, i), &all);
	return all;
}

/* The map without include:, and each key joined with what was included.  Lists of the included
 * files come first where include: stands above the file's own list. */
static const hg_node *join_includes(struct reader *r, const hg_node *map, const hg_node *others)
{
	g_autoptr(GArray) above = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));
	g_autoptr(GArray) below = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));
	hg_node *first = hg_tree_node(r->doc, HG_NODE_MAP, &map->place);
	hg_node *second = hg_tree_node(r->doc, HG_NODE_MAP, &map->place);
	gboolean passed = FALSE;
	const hg_node *all;

	for (guint i = 0; i < map->n; i++) {
		gboolean is_include = strcmp(map->pairs[i].key, "include") == 0;

		passed = passed || is_include;
		if (!is_include)
			g_array_append_val(passed ? below : above, map->pairs[i]);
	}
	hg_tree_set_pairs(r->doc, first, (const struct hg_pair *)above->data, above->len);
	hg_tree_set_pairs(r->doc, second, (const struct hg_pair *)below->data, below->len);
	all = others ? hg_merge(r->doc, first, others, FALSE, r->diag) : first;
	return hg_merge(r->doc, second, all, TRUE, r->diag);
}

static const hg_node *read_text(struct reader *r, const char *name, const GString *text)
{
	const hg_node *map = hg_yaml_parse(r->doc, name, text->str, text->len, r->diag);

	g_hash_table_insert(r->doc->texts, (gpointer)hg_arena_str(r->doc->arena, name), (gpointer)hg_arena_mem(r->doc->arena, text->str, text->len));
	g_checksum_update(r->doc->sum, (const guchar *)&text->len, sizeof(text->len));
	g_checksum_update(r->doc->sum, (const guchar *)text->str, text->len);
	if (map && hg_node_null(map))
		return hg_tree_node(r->doc, HG_NODE_MAP, &map->place);
	if (map && map->type != HG_NODE_MAP)
		hg_diag_add(r->diag, HG_SEV_ERROR, &map->place, NULL,
			    "a configuration is a map: lines such as 'config_version: 1'");
	return map && map->type == HG_NODE_MAP ? map : NULL;
}

static const hg_node *read_file(struct reader *r, const struct wanted *want)
{
	g_autofree char *path = resolve(r, want);
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = path ? slurp(path, !is_below(r->top, path), &error) : NULL;
	const hg_node *map, *include;

	if (error)
		refuse(r, want, error->message);
	if (!text)
		return NULL;
	g_hash_table_add(r->doc->files, g_strdup(path));
	map = read_text(r, want->name, text);
	r->broken = r->broken || !map;
	include = map ? hg_node_get(map, "include") : NULL;
	if (!include)
		return map;
	g_ptr_array_add(r->chain, path);
	map = join_includes(r, map, included(r, include));
	g_ptr_array_set_size(r->chain, r->chain->len - 1);
	return map;
}

hg_doc *hg_doc_read(const char *path, hg_diag *diag)
{
	g_autoptr(hg_doc) doc = doc_new();
	struct reader r = { .doc = doc, .diag = diag, .chain = g_ptr_array_new() };
	struct wanted top = { .name = path };

	doc->root = read_file(&r, &top);
	g_ptr_array_unref(r.chain);
	g_free(r.top);
	return r.broken ? NULL : g_steal_pointer(&doc);
}

hg_doc *hg_doc_read_tree(const char *path, const struct hg_place *place, hg_diag *diag)
{
	g_autoptr(hg_doc) doc = doc_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = slurp(path, FALSE, &error);
	g_autofree char *quoted = hg_node_quote(path);

	if (!text) {
		hg_diag_add(diag, HG_SEV_ERROR, place, NULL, "cannot read %s: %s", quoted, error->message);
		return NULL;
	}
	doc->root = hg_yaml_parse(doc, path, text->str, text->len, diag);
	return doc->root ? g_steal_pointer(&doc) : NULL;
}

hg_doc *hg_doc_parse(const char *name, const char *text, hg_diag *diag)
{
	g_autoptr(hg_doc) doc = doc_new();

	g_checksum_update(doc->sum, (const guchar *)text, strlen(text));
	doc->root = hg_yaml_parse(doc, name, text, strlen(text), diag);
	return doc->root ? g_steal_pointer(&doc) : NULL;
}
