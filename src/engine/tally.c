/* tally.c - counts and histograms of what happened */
#include "tally.h"

const gint64 hg_tally_response_bounds[HG_TALLY_BUCKETS] = { 5, 15, 30, 60, 120, 300, 900, 3600, 14400, 86400, 0 };
const gint64 hg_tally_resolution_bounds[HG_TALLY_BUCKETS] = { 60, 300, 900, 3600, 14400, 43200, 86400, 259200, 604800, 0 };

static void observe(struct hg_histogram *histogram, const gint64 *bounds, gint64 ms)
{
	guint i = 0;

	while (bounds[i] && ms > bounds[i] * 1000)
		i++;
	histogram->buckets[i]++;
	histogram->n++;
	histogram->sum_ms += ms;
}

static void rate(struct hg_tally_csat *csat, const struct hg_noted *mark)
{
	csat->n++;
	if (mark->what == HG_TALLY_THUMB) {
		csat->satisfied += mark->value > 0;
		return;
	}
	csat->satisfied += mark->value >= 4;
	csat->marks++;
	csat->sum += mark->value;
}

void hg_tally_add(struct hg_tally *tally, const struct hg_noted *mark)
{
	switch (mark->what) {
	case HG_TALLY_CLOSED:
		tally->closed++;
		break;
	case HG_TALLY_CONVERTED:
		tally->converted++;
		break;
	case HG_TALLY_TICKET:
		tally->tickets++;
		break;
	case HG_TALLY_REOPENED:
		tally->reopened++;
		break;
	case HG_TALLY_DROP:
		tally->drops++;
		break;
	case HG_TALLY_RESTORED:
		tally->restored++;
		break;
	case HG_TALLY_STOP:
		tally->stops++;
		break;
	case HG_TALLY_START:
		tally->starts++;
		break;
	case HG_TALLY_HELP:
		tally->helps++;
		break;
	case HG_TALLY_BARRED:
		tally->barred++;
		break;
	case HG_TALLY_FIRST_HUMAN:
		observe(&tally->first_human, hg_tally_response_bounds, mark->value);
		break;
	case HG_TALLY_FIRST_BOT:
		observe(&tally->first_bot, hg_tally_response_bounds, mark->value);
		break;
	case HG_TALLY_RESOLUTION:
		observe(&tally->resolution, hg_tally_resolution_bounds, mark->value);
		break;
	case HG_TALLY_SCORE:
	case HG_TALLY_THUMB:
		rate(&tally->csat[mark->resolver], mark);
		break;
	}
}
