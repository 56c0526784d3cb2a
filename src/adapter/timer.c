/* timer.c - timers of an adapter: they die with its channel */
#include "services.h"

struct timer {
	hg_channel *ch;
	guint64 id;			/* the loop's */
	void (*fn)(void *state);
};

static void on_timer(void *arg)
{
	struct timer *t = arg;
	hg_channel *ch = t->ch;
	void (*fn)(void *state) = t->fn;

	g_hash_table_remove(ch->timers, &t->id);
	fn(ch->state);
}

uint64_t hg_timer_start(hg_channel *ch, int64_t ms, void (*fn)(void *state))
{
	struct timer *t;

	if (!hg_ch_may_begin(ch, "timer") || ch->phase == HG_PH_ENDING)
		return 0;
	if (!fn || g_hash_table_size(ch->timers) >= HG_CH_TIMERS_MAX) {
		hg_ch_fault(ch, "timer(): without a function, or more than %d at a time",
			    HG_CH_TIMERS_MAX);
		return 0;
	}
	t = g_new0(struct timer, 1);
	t->ch = ch;
	t->fn = fn;
	t->id = hg_loop_timer(ch->loop, MAX(ms, 0), on_timer, t);
	g_hash_table_insert(ch->timers, &t->id, t);
	return t->id;
}

void hg_timer_stop(hg_channel *ch, uint64_t id)
{
	guint64 key = id;

	if (!hg_loop_here(ch->loop) || !g_hash_table_contains(ch->timers, &key))
		return;
	hg_loop_untimer(ch->loop, key);
	g_hash_table_remove(ch->timers, &key);
}

void hg_timer_end(hg_channel *ch)
{
	GHashTableIter iter;
	void *value;

	g_hash_table_iter_init(&iter, ch->timers);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct timer *t = value;

		hg_loop_untimer(ch->loop, t->id);
		g_hash_table_iter_remove(&iter);
	}
}
