/* clock.h - the time headgate decides by: the system's, but for its jumps
 *
 * What is remembered so that nothing happens twice expires by time, and so do deadlines, retries and
 * windows.  A clock that jumps would end all of them at once, or never.  So the wall clock is compared with
 * the monotonic one: a difference that grew by more than HG_CLOCK_SLACK_MS since the last look is a jump, and
 * not believed before something speaks for it: the kernel says that a time source set it (NTP), or a person
 * does.  Until then time goes on by the monotonic clock from where it was.  It never goes back: where the
 * system's turns out to be behind, it runs at half speed until both meet. */
#pragma once
#include "env.h"

#define HG_CLOCK_SLACK_MS (5 * 60 * 1000)
/* A stop this long is believed at a start without a word from anybody: all that is remembered is kept longer. */
#define HG_CLOCK_STOP_MS (G_GINT64_CONSTANT(30) * 24 * 60 * 60 * 1000)

typedef struct hg_clock hg_clock;

/* The system's time as it is, until hg_clock_begin().  world is lent. */
hg_clock *hg_clock_new(struct hg_env *world);
void hg_clock_free(hg_clock *clock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_clock, hg_clock_free)

/* The world with this clock; lent, thread-safe. */
struct hg_env *hg_clock_env(hg_clock *clock);

/* Time goes on from newest_ms, the last that was acted on (0: nothing ever was).  Once. */
void hg_clock_begin(hg_clock *clock, gint64 newest_ms);

/* A person says that the system's clock is right now; any thread. */
void hg_clock_believe(hg_clock *clock);

struct hg_clock_state {
	gint64 off_ms;		/* the system's time minus ours */
	gboolean held;		/* it jumped, and nothing speaks for it yet */
};
void hg_clock_look(hg_clock *clock, struct hg_clock_state *ret);	/* any thread */
