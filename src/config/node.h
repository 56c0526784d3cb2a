/* node.h - a YAML document with includes resolved, as a tree of nodes that know their place */
#pragma once
#include <glib.h>
#include "diag.h"

typedef struct hg_node hg_node;		/* lives as long as its document */
typedef struct hg_doc hg_doc;

#define HG_DOC_FILE_MAX	 (1 << 20)	/* bytes of one file */
#define HG_DOC_FILES_MAX 64		/* files with all that is included */
#define HG_DOC_DEPTH_MAX 32		/* lists and maps within each other; includes too */
#define HG_DOC_NODES_MAX 100000		/* nodes, with what aliases repeat counted each time */

/* Reads file and what it includes.  On a syntax error: NULL, and diag says where. */
hg_doc *hg_doc_read(const char *path, hg_diag *diag);
/* One file that is part of none: a HG_OPT_TREE.  place: where it is named. */
hg_doc *hg_doc_read_tree(const char *path, const struct hg_place *place, hg_diag *diag);
hg_doc *hg_doc_parse(const char *name, const char *text, hg_diag *diag);	/* no includes */
void hg_doc_free(hg_doc *doc);
const hg_node *hg_doc_root(const hg_doc *doc);
const char *hg_doc_hash(const hg_doc *doc);	/* SHA-256 over all files read, hex */
/* Real paths of all files read, the included ones too, sorted; and what is written in them that has the form of a secret's
 * reference ("env:NAME"), each once, sorted.  NULL-ended, yours. */
char **hg_doc_files(const hg_doc *doc);
char **hg_doc_references(const hg_doc *doc);
/* Appends a map of a list as it is written, comments too, as an item of a list that is not indented: "- name: x\n  when: ...".
 * FALSE: it is not known how it is written. */
gboolean hg_doc_item(const hg_doc *doc, const hg_node *map, GString *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_doc, hg_doc_free)

enum hg_node_type { HG_NODE_SCALAR, HG_NODE_LIST, HG_NODE_MAP };

enum hg_node_type hg_node_type(const hg_node *node);
const struct hg_place *hg_node_place(const hg_node *node);
const char *hg_node_text(const hg_node *node);		/* of a scalar, else NULL */
gboolean hg_node_plain(const hg_node *node);		/* an unquoted scalar (42, true, null, hi) */
guint hg_node_size(const hg_node *node);		/* of a list or map */
const hg_node *hg_node_at(const hg_node *list, guint i);
const char *hg_node_key(const hg_node *map, guint i);	/* in the file's order */
const struct hg_place *hg_node_key_place(const hg_node *map, guint i);
const hg_node *hg_node_value(const hg_node *map, guint i);
const hg_node *hg_node_get(const hg_node *map, const char *key);	/* or NULL */
gboolean hg_node_null(const hg_node *node);		/* nothing, ~ or null, not quoted; or NULL */
/* Source lines in diag are shown without this node's text: it is or may hold a secret. */
void hg_node_hide(const hg_node *node, hg_diag *diag);
/* Source lines in diag are shown as they stand: what is in this node speaks of secrets and holds none. */
void hg_node_show(const hg_node *node, hg_diag *diag);
/* A path as written in the node's file: relative ones are taken from that file's directory. */
char *hg_node_path(const struct hg_place *place, const char *path);
/* What to quote of text in an error: cut when long.  Yours to free. */
char *hg_node_quote(const char *text);

/* Appends the node as JSON: whole numbers, true, false and null as such, all other scalars as texts. */
void hg_node_json(const hg_node *node, GString *out);

/* For hand-written sections (rules): reports what is not a map with these keys only. */
gboolean hg_node_check_keys(const hg_node *map, const char *what, const char *const *keys, hg_diag *diag);
/* The scalar's value, or FALSE with an error in diag that says what was wanted. */
gboolean hg_node_bool(const hg_node *node, gboolean *ret, hg_diag *diag);
gboolean hg_node_int(const hg_node *node, gint64 least, gint64 most, gint64 *ret, hg_diag *diag);
gboolean hg_node_span(const hg_node *node, gint64 *ret_ms, hg_diag *diag);
/* The scalar is one of known (NULL-ended); otherwise FALSE: "there is no WHAT 'x'", with the nearest or all. */
gboolean hg_node_one_of(const hg_node *node, const char *what, const char *const *known, hg_diag *diag);
/* text, written at place, has no other ${names} than these (template.h); otherwise an error in diag. */
gboolean hg_node_check_template(const struct hg_place *place, const char *what, const char *text,
				const char *const *names, hg_diag *diag);
