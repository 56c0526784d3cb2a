/* options.h - fills a struct from a YAML map by its option table, and says what is wrong with it */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "node.h"

/* Beside the flags of adapter.h: a list by age may stand where the time stands (hg_window_read() reads it). */
#define HG_OPT_AGES (1u << 16)

/* conf has size bytes, zeroed; gets defaults and values, strings are its own.  Unknown keys (with a
 * near name suggested), wrong types, values out of range, missing required ones and secrets that
 * cannot be read are reported; keys named in also (NULL-ended, may be NULL) are left to the caller.
 * map may be NULL (all defaults).  Secrets are references: env:NAME, file:PATH, credential:NAME (in
 * $CREDENTIALS_DIRECTORY); a literal is an error.  TRUE when nothing was reported. */
gboolean hg_options_fill(const struct hg_option *table, const hg_node *map, const char *what,
			 const char *const *also, void *conf, hg_diag *diag);
void hg_options_clear(const struct hg_option *table, void *conf);	/* frees the values; secrets are wiped */
/* The value of "imap.host" in a map, or NULL. */
const hg_node *hg_options_node(const hg_node *map, const char *name);
/* Where at ("/operations/create/0", RFC 6901) leads to from a node, the nearest there is; fallback: not even its first
 * step is there. */
const struct hg_place *hg_node_place_at(const hg_node *node, const char *at, const struct hg_place *fallback);
/* The place of a value by hg_err.at: an option's name, and behind slashes (RFC 6901) the way into a HG_OPT_TREE; the
 * nearest there is, or NULL when the option itself is not there.  *ret_doc, to be freed by you or NULL, holds what is
 * in a file of its own; the place is lent by it, or by map. */
const struct hg_place *hg_options_place(const struct hg_option *table, const hg_node *map, const char *at, hg_diag *diag,
					hg_doc **ret_doc);
/* Of a HG_OPT_MAP; name "": what stood alone.  NULL: there is none. */
const char *hg_map_value(char *const *map, const char *name);
gboolean hg_options_equal(const struct hg_option *table, const void *a, const void *b,
			  unsigned with_flags, unsigned without_flags);	/* of options with these flags */
