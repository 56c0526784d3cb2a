/* keys.h - whose bearer tokens are good: those of the configuration and those of the store
 *
 * In memory and on the loop; secrets are known by their SHA-256 only.  A look costs the same however many there are. */
#pragma once
#include <glib.h>
#include "conf.h"
#include "model.h"
#include "principal.h"

typedef struct hg_keys hg_keys;

hg_keys *hg_keys_new(void);
void hg_keys_free(hg_keys *keys);

/* api.tokens takes the place of what the configuration before said.  Those that are as they were keep their principal;
 * the others' is over. */
void hg_keys_set_conf(hg_keys *keys, const hg_conf *conf);
/* A row of the store, once it is committed: added, changed, or (revoked_ms) gone.  As with the configuration, another
 * secret, scope or channel ends what was under way; a later end alone does not. */
void hg_keys_put(hg_keys *keys, const hg_token *row);

/* All rows of the store that are good (of hg_token), as another node may have changed them; newest_n: of the newest row,
 * good or not, when they were read.  What is not among them is gone, but for what was made since. */
void hg_keys_keep(hg_keys *keys, const GPtrArray *rows, gint64 newest_n);

/* Whose secret it is: a reference; NULL: nobody's, or not of that kind (enum hg_token_kind).  One that has expired is
 * given all the same: hg_principal_holds() says so. */
const struct hg_principal *hg_keys_find(const hg_keys *keys, const char *secret, int kind);

/* It is used.  The id (lent until the keys change) of its row when the store has to hear of it, which is once an hour;
 * else NULL. */
const char *hg_keys_touch(hg_keys *keys, const struct hg_principal *who, gint64 now_ms);
