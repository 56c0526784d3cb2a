/* tree.h - inside of nodes and documents, for the files that make them */
#pragma once
#include <glib.h>
#include "arena.h"
#include "node.h"

struct hg_pair {
	const char *key;
	struct hg_place place;		/* of the key */
	const hg_node *value;
};

/* Never changed once it is made: aliases share nodes, and a merge makes new ones. */
struct hg_node {
	enum hg_node_type type;
	gboolean plain;
	struct hg_place place;
	int end_line, end_column;	/* behind its last character */
	guint weight;			/* nodes in it, itself too, shared ones each time */
	guint depth;			/* lists and maps within each other, itself too */
	const char *text;		/* of a scalar */
	guint n;
	const hg_node *const *items;	/* of a list */
	const struct hg_pair *pairs;	/* of a map */
};

struct hg_doc {
	hg_arena *arena;		/* holds all nodes, keys and texts */
	const hg_node *root;
	GHashTable *files;		/* real paths of what was read */
	GHashTable *texts;		/* what stood in them, by their names in places; in arena */
	GChecksum *sum;
};

hg_node *hg_tree_node(hg_doc *doc, enum hg_node_type type, const struct hg_place *place);
/* An array is copied; weight and depth are counted.  FALSE when that is more than HG_DOC_*_MAX. */
gboolean hg_tree_set_items(hg_doc *doc, hg_node *list, const hg_node *const *items, guint n);
gboolean hg_tree_set_pairs(hg_doc *doc, hg_node *map, const struct hg_pair *pairs, guint n);

/* One YAML text to a tree, with its lines lent to diag.  NULL when it cannot be read; a duplicate
 * key is an error in diag and no reason not to read on. */
const hg_node *hg_yaml_parse(hg_doc *doc, const char *name, const char *text, gsize len, hg_diag *diag);
/* Joins what a file says itself with what it includes; own scalars win.  first: included lists
 * come before own ones.  Errors (a list meets a map) go to diag. */
const hg_node *hg_merge(hg_doc *doc, const hg_node *own, const hg_node *included, gboolean first,
			hg_diag *diag);
/* The same for two files that are included side by side: then nobody wins, scalars collide. */
const hg_node *hg_merge_equal(hg_doc *doc, const hg_node *a, const hg_node *b, hg_diag *diag);
