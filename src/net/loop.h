/* loop.h - one libevent loop on one thread, and the ways in from other threads */
#pragma once
#include <glib.h>

struct event_base;
struct hg_env;

typedef struct hg_loop hg_loop;
typedef void hg_loop_fn(void *arg);

/* The first loop of the process also makes libevent thread-safe and ignores SIGPIPE.
 * name (at most 15 bytes) becomes the thread's; env is lent.  NULL with error set when the
 * kernel gives no descriptors. */
hg_loop *hg_loop_new(struct hg_env *env, const char *name, GError **error);

/* Either on a thread of its own ... */
gboolean hg_loop_start(hg_loop *loop, GError **error);
/* ... or in the calling thread, until hg_loop_stop(); may be run again. */
void hg_loop_run(hg_loop *loop);

/* Any thread: ends the loop after everything posted before.  Nothing waits. */
void hg_loop_stop(hg_loop *loop);
/* Waits for the loop's own thread to end; not on that thread.  After it, what belongs to the loop
 * may be freed from the calling thread. */
void hg_loop_join(hg_loop *loop);
/* Joins, runs what is still posted, drops timers without calling them.  NULL is fine.  Servers and
 * clients of the loop are freed before it. */
void hg_loop_free(hg_loop *loop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_loop, hg_loop_free)

/* Any thread: fn(arg) runs once on the loop, in the order of the posts.  Every post made before
 * hg_loop_free() is run.  Many posts share one wake-up. */
void hg_loop_post(hg_loop *loop, hg_loop_fn *fn, void *arg);

/* On the loop's thread (or while no thread runs it): calls fn(arg) once after ms.  The id is never
 * 0 and never used again, so that cancelling a timer that has fired, or 0, is harmless. */
guint64 hg_loop_timer(hg_loop *loop, gint64 ms, hg_loop_fn *fn, void *arg);
void hg_loop_untimer(hg_loop *loop, guint64 id);

/* TRUE on the loop's thread, and anywhere while no thread runs it. */
gboolean hg_loop_here(hg_loop *loop);
/* Monotonic milliseconds by the loop's env. */
gint64 hg_loop_now(hg_loop *loop);
struct hg_env *hg_loop_env(hg_loop *loop);		/* lent */
struct event_base *hg_loop_base(hg_loop *loop);		/* lent */
