/* ports.h - how the engine reaches outward: filled in by the daemon, or by a test's fakes */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "arena.h"
#include "change.h"
#include "model.h"

/* What goes out after a commit.  Copied by whoever takes it; everything lies in its own arena. */
typedef struct hg_dispatch {
	hg_arena *arena;		/* ours; holds this struct too; freed by hg_dispatch_free() */
	hg_job job;			/* as committed, in SENDING */
	/* Where several nodes share a store; else both 0. */
	gint64 fence;			/* what comes of it carries it back */
	const char *held_up;		/* why it cannot go out now, and is refused as what is late; or NULL.  Whoever carries it says so ... */
	gboolean brought;		/* ... when it has looked for its files */
	gint64 until_mono_ms;		/* no call goes out then or later, by the monotonic clock: see hg_dispatch_is_late() */
	/* HG_TO_CHANNEL, HG_FROM_BACKEND: */
	struct hg_out out;		/* out.ticket is job.n; body and key are the job's */
	const char *stopped;		/* why it is not sent (the customer has opted out meanwhile), or not looked at; or NULL ... */
	const char *advice;		/* ... and what an agent can do.  The engine says so itself: ports never see it */
	gboolean ask;			/* it is UNKNOWN: ask the provider instead of sending */
	/* HG_TO_BACKEND: */
	hg_event event;			/* its data is the payload */
	const hg_link *link;		/* the thread's ticket in this backend, as it is known now; or NULL */
	const char *folder;		/* where stored files lie, see hg_attachment_path() */
	/* HG_TO_FETCH: */
	hg_attachment attachment;
	const char *channel;		/* whose adapter fetches it */
	/* HG_FROM_BACKEND: */
	hg_change change;		/* as it was kept, of a ticket that is known; what comes of it is one HG_CMD_CHANGED */
	/* HG_TO_UNPACK; of it HG_TO_SETTLE has ticket and id: */
	struct hg_raw raw;		/* raw.ticket is job.n */
} hg_dispatch;
void hg_dispatch_free(hg_dispatch *dispatch);
/* What it belongs to may be another node's by now: nothing must leave, and that is said (RETRY). */
static inline gboolean hg_dispatch_is_late(const hg_dispatch *dispatch, gint64 mono_ms)
{
	return dispatch->until_mono_ms && mono_ms >= dispatch->until_mono_ms;
}
#define HG_DISPATCH_LATE "this node may not hold its place any more: it was not sent"

struct hg_ports {
	void *ctx;
	/* Pure; called on the engine's thread inside a transaction.  parts gets struct hg_part with
	 * everything in arena.  FALSE: err says why (WINDOW, LIMIT, UNSUPPORTED, INPUT). */
	gboolean (*plan)(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out,
			 GArray *parts, struct hg_err *err);
	/* FALSE: no such channel (any more). */
	gboolean (*limits)(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps);
	/* After the commit, on the engine's thread: takes dispatch over; must not block. */
	void (*dispatch)(void *ctx, hg_dispatch *dispatch);
	/* After the commit and before anybody hears of it: all events up to that number are on disk, whichever node wrote them.  Whoever
	 * was answered finds that it is known, though publishing comes later.  Must not block.  May be NULL. */
	void (*kept)(void *ctx, gint64 event_n);
	/* After the commit: newly written events, for live views; lent.  May be NULL. */
	void (*publish)(void *ctx, const hg_event *const *events, guint n);
	/* On the engine's thread, where several nodes share a store: this node may do from now on what only one may of post
	 * ("channel:NAME", "backend:NAME", "hook:NAME", "house"), until until_mono_ms at least; or (not held) it may not.
	 * Each is not held until it is told.  May be NULL. */
	void (*posts)(void *ctx, const char *post, gboolean held, gint64 fence, gint64 until_mono_ms);
	/* On the engine's thread: this process is the node since then, by the store's clock; as hg_engine_set_node() is told at the
	 * next start.  May be NULL. */
	void (*joined)(void *ctx, gint64 since_ms);
	const char *hint;		/* given with each commit (hg_store_hint()); lent.  NULL: nobody else is there */
};
