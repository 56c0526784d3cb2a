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
/* A row of the store, once it is committed: added, changed, or (revoked_ms) gone.  A link, which opens nothing but a session, is
 * not kept here.  As with the configuration, another
 * secret, scope or channel ends what was under way; a later end alone does not. */
void hg_keys_put(hg_keys *keys, const hg_token *row);

/* Whose secret it is: a reference; NULL: nobody's, or not of that kind (enum hg_token_kind).  One that has expired is
 * given all the same: hg_principal_holds() says so. */
const struct hg_principal *hg_keys_find(const hg_keys *keys, const char *secret, int kind);

/* What other processes changed is not known any more: nobody whose token is of the store is to be believed now. */
void hg_keys_doubt(hg_keys *keys, gboolean doubt);
gboolean hg_keys_doubted(const hg_keys *keys);
#define HG_KEYS_IN_DOUBT "whether your token is still good is not known: the store has not answered for 10 seconds; try again later"

/* Of its row, lent until the keys change; NULL: it has none (any more). */
const char *hg_keys_id(const hg_keys *keys, const struct hg_principal *who);
/* It is used.  The id (lent until the keys change) of its row when the store has to hear of it, which is once an hour;
 * else NULL. */
const char *hg_keys_touch(hg_keys *keys, const struct hg_principal *who, gint64 now_ms);
