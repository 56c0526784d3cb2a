/* seeded.h - a world that can be seen again: its clock stands still and its random numbers follow from
 * a seed, for as long as one piece of work takes */
#pragma once
#include <glib.h>
#include "env.h"

#define HG_SEED_SIZE 16
typedef struct hg_seeded hg_seeded;

hg_seeded *hg_seeded_new(struct hg_env *real);	/* lent */
void hg_seeded_free(hg_seeded *seeded);		/* NULL is fine */
/* Outside of work it is the real one.  The monotonic clock is always the real one, on any thread. */
struct hg_env *hg_seeded_env(hg_seeded *seeded);
/* Who does not know the seed cannot tell the numbers: it comes from the real world, or from where it
 * was kept. */
void hg_seeded_begin(hg_seeded *seeded, const guint8 seed[HG_SEED_SIZE], gint64 now_ms);
/* happened FALSE: the work was undone, and its ids are given again. */
void hg_seeded_end(hg_seeded *seeded, gboolean happened);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_seeded, hg_seeded_free)
