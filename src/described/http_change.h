/* http_change.h - what is done to a value on its way: the `do:` of a pick */
#pragma once
#include "described.h"

typedef struct ht_change ht_change;	/* a list of steps */
/* `do:` of a map; NULL: not there, or wrong (told). */
ht_change *ht_change_new(struct ht_look *look, struct json_object *map, const char *key);
void ht_change_free(ht_change *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_change, ht_change_free)
/* value's bytes are changed in place; they may be anything afterwards.  FALSE: it is not what a step reads (no base64,
 * say): as if it were not there.  change may be NULL. */
gboolean ht_change_run(const ht_change *change, GString *value);
