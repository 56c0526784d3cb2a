/* desk_tree.h - the situation with what steps took laid over it, and what templates find in it; for desk_run.c only */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "desk.h"

/* A copy of map whose members are shared; yours. */
struct json_object *hg_desk_tree_copy(struct json_object *map);
/* Puts value (a reference is taken) at "ticket.id"; maps on the way are copied, not changed.  What is no map gives way. */
void hg_desk_tree_set(struct json_object *root, const char *path, struct json_object *value);
/* What stands at "ticket.id"; lent, or NULL. */
struct json_object *hg_desk_tree_get(struct json_object *root, const char *path);

struct hg_desk_teller {			/* who says what names stand for */
	const hg_desk *desk;
	struct json_object *root;	/* lent */
};
/* ht_fill_value of struct hg_desk_teller: "url", "secret:NAME", "value:NAME", and what stands in the tree: of a list its texts, with
 * commas; of a time ("now", "since") its seconds; "ticket.id.path" is "ticket.id", of which slashes part steps. */
gboolean hg_desk_name_value(void *teller, const char *name, GString *out);
