/* poll.c - asks adapters that poll, one poll at a time */
#include "services.h"

#define SILENT_MS 300000	/* a poll that takes longer is told of */
#define MORE_MS   10		/* pause before the next page, so that the loop's others have their turn */

static void poll_now(void *arg);

static void poll_silent(void *arg)
{
	hg_channel *ch = arg;
	struct hg_err err = { 0 };

	ch->poll.timer = 0;
	hg_err_set(&err, HG_ERR_BUSY, 0, "a poll has been running for more than 5 minutes");
	hg_condition_set(ch, HG_DEGRADED, &err);
}

static void poll_in(hg_channel *ch, gint64 ms)
{
	ch->poll.timer = hg_loop_timer(ch->loop, ms, poll_now, ch);
}

static void poll_now(void *arg)
{
	hg_channel *ch = arg;

	ch->poll.timer = hg_loop_timer(ch->loop, SILENT_MS, poll_silent, ch);
	ch->poll.under_way = TRUE;
	ch->counts.polls++;
	ch->desc->poll(ch->state, 0);
}

void hg_poll_start(hg_channel *ch)
{
	if (ch->desc->poll)
		poll_in(ch, 0);
}

void hg_poll_done(hg_channel *ch, bool more)
{
	if (!ch->poll.under_way) {
		hg_ch_fault(ch, "polled() without poll(), or twice");
		return;
	}
	ch->poll.under_way = FALSE;
	hg_loop_untimer(ch->loop, ch->poll.timer);
	ch->poll.timer = 0;
	if (ch->phase == HG_PH_RUNNING)
		poll_in(ch, more ? MORE_MS : ch->set->poll_ms);
}

void hg_poll_end(hg_channel *ch)
{
	hg_loop_untimer(ch->loop, ch->poll.timer);
	ch->poll.timer = 0;
}
