/* posts.h - what of the work only one node may do at a time, and whether that is us
 *
 * A post is held by a lease in the store (nodes.h).  It is taken, renewed and given back in the engine's transactions,
 * which all nodes make one after the other, so inside of one who holds what is exactly what the rows say.  Outside of
 * one it is ours until until_ms by the monotonic clock, which is less than the lease, and was begun before it.
 * On a store that nobody else writes to there are no leases: a target has no post, and everything is ours. */
#pragma once
#include <glib.h>
#include "nodes.h"
#include "turn.h"

struct hg_round;

typedef struct hg_post {
	char *name;			/* "channel:wa", "backend:desk", "hook:crm", "house" */
	gboolean known;			/* by the configuration */
	gboolean held;			/* the lease is ours, with this fence */
	gboolean leaving;		/* nothing is begun any more, and when all has ended it is given back */
	gint64 fence;
	gint64 until_ms;		/* monotonic */
	gint64 leaving_ms;		/* monotonic: since when */
	guint flying;			/* jobs under way */
	struct hg_post_told { gboolean held; gint64 fence, until_ms; } told;	/* what the port said last */
} hg_post;

#define HG_POST_HOUSE "house"		/* what is to be done once over all nodes, and is no row with a due time */

hg_posts *hg_posts_new(hg_engine *engine);
void hg_posts_free(hg_posts *posts);
void hg_posts_load(hg_posts *posts);	/* the configuration is another one */
/* Who this node is, before the first round; lease_ms: how long others wait for one that says nothing; before_ms: since when a
 * process was this node that is dead, or 0. */
void hg_posts_name(hg_posts *posts, const char *node, gint64 lease_ms, gint64 before_ms);
/* The post that jobs of a target belong to, lent; NULL: the store is not shared, and everything is ours. */
hg_post *hg_posts_of(hg_posts *posts, int target, const char *name);
gboolean hg_post_has(const char *post, int target, const char *name);	/* by that name are jobs of the target its? */
gboolean hg_post_is_open(hg_posts *posts, const hg_post *post);	/* something may be begun under it now; post NULL: yes */

/* First thing in a round's transaction: sees what others have done, says that we live, renews, takes, gives back. */
gboolean hg_posts_turn(hg_posts *posts, struct hg_round *round, GError **error);
void hg_posts_hold(hg_posts *posts);	/* that transaction is committed ... */
void hg_posts_undo(hg_posts *posts);	/* ... or not: as before it */
void hg_posts_hasten(hg_posts *posts);	/* the next round does all of that */
/* Whoever has to know hears what is ours; also between rounds, for a lease ends by itself. */
void hg_posts_tell(hg_posts *posts);
/* Everything is given back and this node is gone: when nothing runs any more. */
void hg_posts_quit(hg_posts *posts);

gboolean hg_posts_has_work(hg_posts *posts);
gint64 hg_posts_wait_ms(hg_posts *posts);	/* until it has; G_MAXINT64: never */

/* ---- in a round ---- */
/* Is the command what came of a job of a post that is not held any more as it was then? */
gboolean hg_posts_is_stale(hg_posts *posts, const hg_command *command);
gboolean hg_posts_keep_stale(hg_posts *posts, hg_turn *turn, GError **error);
/* Who does not hold a post does not know how it fares, nor where its next look begins. */
gboolean hg_posts_may_say(hg_posts *posts, int target, const char *name);
/* A timer that leads to a question only the post's holder can ask. */
gboolean hg_posts_leave_timer(hg_posts *posts, hg_arena *arena, const hg_timer *timer, gboolean *ret, GError **error);

/* Any thread: names of the posts we hold, one a line; yours.  NULL: the store is not shared. */
char *hg_posts_list(hg_posts *posts);
const char *hg_posts_node(hg_posts *posts);	/* our name; "" before it was given */

gboolean hg_node_drain(hg_turn *turn, GError **error);	/* node.c: HG_CMD_DRAIN */
