/* clock.c - the time headgate decides by: the system's, but for its jumps */
#include <config.h>

#include "clock.h"

/* A reading that took longer than this says nothing about the difference of the two clocks. */
#define READ_MS 100
#define READ_TRIES 20

struct hg_clock {
	struct hg_env env;	/* first: what others see of it */
	struct hg_env *world;	/* lent */
	GMutex lock;		/* all below */
	gboolean begun;
	gint64 apart_ms;	/* wall minus monotonic clock, as it was last believed */
	gint64 at_ms, mono_ms;	/* our time, and the monotonic clock's then */
};

/* Both at one moment: the process may be stopped for a while between two readings. */
static gint64 apart_now(hg_clock *clock, gint64 *ret_mono_ms)
{
	gint64 before, wall, after = hg_mono(clock->world);

	for (int i = 0; i < READ_TRIES; i++) {
		before = after;
		wall = hg_now(clock->world);
		after = hg_mono(clock->world);
		if (after - before <= READ_MS)
			break;
	}
	*ret_mono_ms = after;
	return wall - after;
}

static gboolean is_vouched_for(hg_clock *clock)
{
	return clock->world->vouched && clock->world->vouched(clock->world);
}

/* Brings our time up to now; the monotonic clock's then, and the difference to the wall clock that is. */
static gint64 go_on(hg_clock *clock, gint64 *ret_mono_ms)
{
	gint64 apart_ms = apart_now(clock, ret_mono_ms), passed = *ret_mono_ms - clock->mono_ms, goal;

	if (!clock->begun || ABS(apart_ms - clock->apart_ms) <= HG_CLOCK_SLACK_MS || is_vouched_for(clock))
		clock->apart_ms = apart_ms;
	goal = *ret_mono_ms + clock->apart_ms;
	if (!clock->begun || goal >= clock->at_ms + passed / 2) {
		clock->at_ms = goal;
		clock->mono_ms = *ret_mono_ms;
	} else {
		clock->at_ms += passed / 2;
		clock->mono_ms += passed / 2 * 2;	/* the odd one counts the next time */
	}
	return apart_ms;
}

static gint64 wall(struct hg_env *env)
{
	hg_clock *clock = (hg_clock *)env;
	gint64 now_ms, mono_ms;

	g_mutex_lock(&clock->lock);
	go_on(clock, &mono_ms);
	now_ms = clock->at_ms;
	g_mutex_unlock(&clock->lock);
	return now_ms;
}

static gint64 mono(struct hg_env *env)
{
	return hg_mono(((hg_clock *)env)->world);
}

static void numbers(struct hg_env *env, void *ret, gsize size)
{
	struct hg_env *world = ((hg_clock *)env)->world;

	world->random(world, ret, size);
}

hg_clock *hg_clock_new(struct hg_env *world)
{
	hg_clock *clock = g_new0(hg_clock, 1);

	clock->env = (struct hg_env){ .wall_ms = wall, .mono_ms = mono, .random = numbers };
	clock->world = world;
	g_mutex_init(&clock->lock);
	return clock;
}

void hg_clock_free(hg_clock *clock)
{
	if (!clock)
		return;
	g_mutex_clear(&clock->lock);
	g_free(clock);
}

struct hg_env *hg_clock_env(hg_clock *clock)
{
	return &clock->env;
}

/* No restart makes a wrong clock right: what was acted on is the only other witness. */
void hg_clock_begin(hg_clock *clock, gint64 newest_ms)
{
	gint64 mono_ms, stopped;

	g_mutex_lock(&clock->lock);
	go_on(clock, &mono_ms);
	clock->begun = TRUE;
	stopped = clock->at_ms - newest_ms;
	if (newest_ms && (stopped < -HG_CLOCK_SLACK_MS || stopped > HG_CLOCK_STOP_MS) && !is_vouched_for(clock))
		clock->apart_ms = newest_ms - mono_ms;
	clock->at_ms = newest_ms;	/* whoever asks next is told what comes of it */
	g_mutex_unlock(&clock->lock);
}

void hg_clock_believe(hg_clock *clock)
{
	gint64 mono_ms;

	g_mutex_lock(&clock->lock);
	clock->apart_ms = go_on(clock, &mono_ms);
	g_mutex_unlock(&clock->lock);
}

void hg_clock_look(hg_clock *clock, struct hg_clock_state *ret)
{
	gint64 apart_ms, mono_ms;

	g_mutex_lock(&clock->lock);
	apart_ms = go_on(clock, &mono_ms);
	ret->held = apart_ms != clock->apart_ms;
	ret->off_ms = mono_ms + apart_ms - clock->at_ms;
	g_mutex_unlock(&clock->lock);
}
