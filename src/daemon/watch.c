/* watch.c - whether the system's clock is one to go by, for whoever reads the log */
#include "log.h"
#include "parts.h"
#include "text.h"

static enum hg_clock_told judge(const struct hg_clock_state *state)
{
	if (state->held)
		return HG_CLOCK_HELD;
	return state->off_ms < -HG_CLOCK_SLACK_MS ? HG_CLOCK_BEHIND : HG_CLOCK_RIGHT;
}

void hg_gateway_watch_clock(hg_gateway *gateway)
{
	struct hg_clock_state state;
	enum hg_clock_told told;
	char span[HG_SPAN_SIZE];

	hg_clock_look(gateway->clock, &state);
	told = judge(&state);
	if (told == gateway->clock_told)
		return;
	gateway->clock_told = told;
	hg_span(ABS(state.off_ms) / 1000 * 1000, span);
	if (told == HG_CLOCK_HELD)
		hg_err(NULL, "clock.jumped", "the system's clock is %s %s, and no time source vouches for it: time goes on "
		       "from where it was. Set the clock right; when it is right already, reload",
		       span, state.off_ms < 0 ? "behind" : "ahead");
	else if (told == HG_CLOCK_BEHIND)
		hg_warn(NULL, "clock.behind", "the time that was gone by is %s ahead of the system's clock, which is right: "
			"time runs at half speed until both meet", span);
	else
		hg_info(NULL, "clock.right", "the system's clock is gone by again");
}
