/* nodes.h - several nodes on one store: who is there, who holds what one must do alone, what was answered too late
 *
 * Verbs as in store.h.  All times of nodes and leases are by hg_store_clock(), whichever node asks. */
#pragma once
#include "store.h"

enum hg_node_state { HG_NODE_RUNNING = 1, HG_NODE_DRAINING, HG_NODE_GONE };
const char *hg_node_state_word(int state);	/* "running", "draining", "gone"; "?" for what is none */

typedef struct hg_member {		/* a node */
	gint64 n;
	const char *name;
	const char *version;		/* of its headgated */
	gint64 schema;
	int state;			/* enum hg_node_state */
	gint64 since_ms;		/* when it was started: another process of that name has another one */
	gint64 seen_ms;			/* when it last said that it lives */
} hg_member;

#define HG_LEASE_MS 15000		/* how long one is held without being renewed */
typedef struct hg_lease {
	const char *name;		/* of a post: "channel:wa", "backend:desk", "hook:crm", "house" */
	gint64 node_n;			/* who holds it, or held it last */
	gint64 fence;			/* rises with each taking over, over all posts: no two ever have the same */
	gint64 until_ms;		/* held until then; 0: given back */
} hg_lease;

typedef struct hg_stale {		/* a result that was not applied */
	gint64 n, job_n;
	const char *post, *node;	/* node: name of the one it came back to */
	gint64 fence;			/* that the post was held with when the call went out */
	const char *came;		/* JSON: what was answered, without anybody's words */
	gint64 at_ms;			/* by that node's clock */
} hg_stale;

gboolean hg_store_clock(hg_store *store, gint64 *ret_ms, GError **error);	/* that leases are counted by */

/* Under a name that may have been there before: it is RUNNING, since and seen as said.  Fills n. */
gboolean hg_store_node_join(hg_store *store, hg_arena *arena, hg_member *member, GError **error);
/* It lives.  *ret_ours FALSE: another process goes by its name now, and nothing was written. */
gboolean hg_store_node_beat(hg_store *store, const hg_member *member, gint64 seen_ms, gboolean *ret_ours, GError **error);
gboolean hg_store_node_state(hg_store *store, gint64 n, int state, GError **error);
gboolean hg_store_node_by_name(hg_store *store, hg_arena *arena, const char *name, hg_member **ret, GError **error);
gboolean hg_store_node_list(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error);	/* by name */

gboolean hg_store_lease_list(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error);	/* by name */
gboolean hg_store_lease_set(hg_store *store, const hg_lease *lease, GError **error);	/* takes the place of what was */

#define HG_STALE_KEEP_MS (30 * G_GINT64_CONSTANT(86400000))	/* hg_store_tend() drops what is older */
gboolean hg_store_stale_add(hg_store *store, hg_stale *stale, GError **error);		/* fills n */
/* Newest first, before_n exclusive (0: from the newest). */
gboolean hg_store_stale_list(hg_store *store, hg_arena *arena, gint64 before_n, guint limit, GPtrArray *ret, GError **error);
