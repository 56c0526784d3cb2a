/* tally.h - what happened since the start, channel by channel: for metrics, never for decisions */
#pragma once
#include <glib.h>

/* Upper bounds of the buckets in seconds, 0-ended; what is longer is in the last one, which has none. */
#define HG_TALLY_BUCKETS 12
extern const gint64 hg_tally_response_bounds[HG_TALLY_BUCKETS];
extern const gint64 hg_tally_resolution_bounds[HG_TALLY_BUCKETS];

struct hg_histogram { gint64 n, sum_ms, buckets[HG_TALLY_BUCKETS]; };	/* a bucket does not count the lower ones */

enum { HG_TALLY_NONE, HG_TALLY_BOT, HG_TALLY_HUMAN, HG_TALLY_RESOLVERS };
struct hg_tally_csat { gint64 n, satisfied, marks, sum; };	/* marks: from 1 to 5; their sum */

struct hg_tally {
	gint64 closed, converted;	/* how episodes ended */
	gint64 tickets;			/* of them: a helpdesk has acknowledged the ticket */
	gint64 reopened, drops, restored;
	gint64 stops, starts, helps;	/* customers who opted out, came back, asked what this is */
	gint64 barred;			/* answers refused because of that */
	struct hg_histogram first_human, first_bot, resolution;
	struct hg_tally_csat csat[HG_TALLY_RESOLVERS];
};

enum hg_tally_what { HG_TALLY_CLOSED = 1, HG_TALLY_CONVERTED, HG_TALLY_TICKET, HG_TALLY_REOPENED, HG_TALLY_DROP,
	HG_TALLY_RESTORED, HG_TALLY_FIRST_HUMAN, HG_TALLY_FIRST_BOT, HG_TALLY_RESOLUTION, HG_TALLY_SCORE, HG_TALLY_THUMB,
	HG_TALLY_STOP, HG_TALLY_START, HG_TALLY_HELP, HG_TALLY_BARRED };

/* One thing that happened.  It counts when the transaction it happened in holds. */
struct hg_noted {
	const struct hg_noted *next;	/* the one before it in the same turn */
	enum hg_tally_what what;
	const char *channel;
	int resolver;			/* of SCORE and THUMB */
	gint64 value;			/* ms, or the score */
};
void hg_tally_add(struct hg_tally *tally, const struct hg_noted *mark);
