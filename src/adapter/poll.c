/* poll.c - asks adapters that poll, one poll at a time */
#include "services.h"

#define SILENT_MS 300000	/* a poll that takes longer is told of */
#define MORE_MS   10		/* pause before the next page, so that the loop's others have their turn */
#define USUAL_MS  30000		/* between two polls, where neither configuration nor adapter says */
#define LEAST_MS  1000		/* whatever an adapter says */

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
	hg_loop_untimer(ch->loop, ch->poll.timer);
	ch->poll.timer = hg_loop_timer(ch->loop, ms, poll_now, ch);
}

static void poll_now(void *arg)
{
	hg_channel *ch = arg;

	ch->poll.timer = hg_loop_timer(ch->loop, SILENT_MS, poll_silent, ch);
	ch->poll.under_way = TRUE;
	if (!ch->poll.more) {
		ch->poll.since_ms = ch->poll.asked ? ch->poll.ask_ms : 0;
		ch->poll.asked = FALSE;
	}
	ch->counts.polls++;
	ch->desc->poll(ch->state, ch->poll.since_ms);
}

static gint64 pause_ms(const hg_channel *ch)
{
	struct hg_limits limits = { .size = sizeof(limits) };

	if (ch->set->poll_ms)
		return ch->set->poll_ms;
	if (ch->desc->limits)
		ch->desc->limits(ch->set->options, &limits);
	return limits.poll_ms > 0 ? MAX(limits.poll_ms, LEAST_MS) : USUAL_MS;
}

void hg_poll_start(hg_channel *ch)
{
	if (ch->desc->poll && !hg_channel_rests(ch))
		poll_in(ch, 0);
}

/* Of two who ask, the one who wants to see more; 0 is no time. */
static gint64 wider(gint64 a, gint64 b)
{
	return a && b ? MIN(a, b) : MAX(a, b);
}

void hg_poll_ask(hg_channel *ch, gint64 since_ms)
{
	ch->poll.ask_ms = ch->poll.asked ? wider(ch->poll.ask_ms, since_ms) : since_ms;
	ch->poll.asked = TRUE;
	if (!ch->poll.under_way)
		poll_in(ch, 0);
}

void hg_poll_done(hg_channel *ch, bool more)
{
	if (!ch->poll.under_way) {
		hg_ch_fault(ch, "polled() without poll(), or twice");
		return;
	}
	ch->poll.under_way = FALSE;
	ch->poll.done_ms = hg_ch_wall(ch);
	ch->poll.more = more;
	if (ch->phase == HG_PH_RUNNING && !hg_channel_rests(ch))
		poll_in(ch, more || ch->poll.asked ? MORE_MS : pause_ms(ch));
	else
		hg_poll_end(ch);
}

void hg_poll_end(hg_channel *ch)
{
	hg_loop_untimer(ch->loop, ch->poll.timer);
	ch->poll.timer = 0;
}
