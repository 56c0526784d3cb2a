/* report.h - what conversations came to: rows of episodes in, numbers out; no store, no clock
 *
 * doc/reports.md defines every number; each function here is one of its definitions. */
#pragma once
#include <glib.h>
#include "model.h"

/* ---- definitions, of one episode ---- */
struct hg_report_terms {
	gint64 now_ms;			/* as of when */
	gint64 resolved_after_ms;	/* a closing holds when the customer did not come back for so long */
	gint64 reopened_within_ms;	/* coming back later than this after a closing is another matter */
};

enum hg_resolver { HG_RESOLVED_BY_NONE = 0, HG_RESOLVED_BY_BOT, HG_RESOLVED_BY_HUMAN };
int hg_report_resolver(const hg_episode *row);
const char *hg_report_resolver_word(int resolver);
/* A helpdesk has its ticket; of an episode on trial (shadow): it would have been asked for one. */
gboolean hg_report_has_ticket(const hg_episode *row);
gint64 hg_report_first_response(const hg_episode *row);	/* ms; -1: no person answered */
gint64 hg_report_first_bot(const hg_episode *row);	/* ms; -1: no bot answered */
/* When the resolution was confirmed: by the customer, or by a closing that held; 0: it was not. */
gint64 hg_report_resolved(const hg_episode *row, const struct hg_report_terms *terms);
gint64 hg_report_resolution_time(const hg_episode *row, const struct hg_report_terms *terms);	/* ms; -1: none */
gboolean hg_report_reopened(const hg_episode *row, const struct hg_report_terms *terms);
gboolean hg_report_noise(const hg_episode *row);	/* nothing but noise was said */

/* Words for rates in percent: "great", "healthy", "high", "bad" (conversion: 20 to 35 % is healthy);
 * "healthy", "watch", "audit" (reopening: below 10 %, above 15 %). */
double hg_report_percent(gint64 part, gint64 all);	/* 0 of nothing */
const char *hg_report_conversion_band(double percent);
const char *hg_report_reopen_band(double percent);
/* The least value that p percent of the sorted values do not exceed (nearest rank); n > 0. */
gint64 hg_report_percentile(const gint64 *sorted, gsize n, int p);

/* ---- a report ---- */
enum hg_report_by { HG_BY_CHANNEL_KEY = 1 << 0, HG_BY_DAY_KEY = 1 << 1, HG_BY_RESOLVER_KEY = 1 << 2 };

struct hg_report_times { gint64 n, p50, p90, p99; };	/* of n values; 0 when there are none */

struct hg_report_row {
	const char *channel, *day, *resolver;	/* NULL: of all */
	gint64 conversations, noise;	/* episodes that ended; of them: nothing but noise */
	gint64 layers[HG_LAYER_TICKET + 1];
	gint64 tickets, waiting;	/* waiting: a ticket that no helpdesk has acknowledged */
	gint64 resolved, reopened;
	gint64 within_60s, over_120s;	/* of first responses by people */
	struct hg_report_times first_response, first_bot_response, resolution_time, messages;	/* ms; ms; ms; messages */
	gint64 answered, one_reply, replies;	/* answered at all; once; how often together */
	gint64 several_days;		/* resolved, and it took longer than a day */
	gint64 drops, drops_open;
	gint64 csat, csat_satisfied;	/* opinions; of them 4, 5 or thumbs up */
	gint64 csat_marks, csat_sum;	/* opinions from 1 to 5, and their sum */
};

struct hg_report_options {
	gint64 since_ms, until_ms;	/* shown; what is taken is not compared with them */
	unsigned by;
	GTimeZone *zone;		/* of days; a reference is taken; NULL: UTC */
	const char *zone_name;		/* copied; NULL: "UTC" */
	struct hg_report_terms terms;
};

typedef struct hg_report hg_report;

hg_report *hg_report_new(const struct hg_report_options *options);
void hg_report_free(hg_report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_report, hg_report_free)
void hg_report_take(hg_report *report, const hg_episode *row);
void hg_report_take_csat(hg_report *report, const hg_csat *csat);
/* Computes; nothing may be taken after it.  Rows in order of channel, day and resolver, lent; those of
 * channels on trial stand apart and are in no total. */
void hg_report_end(hg_report *report);
const struct hg_report_row *hg_report_total(const hg_report *report, gboolean shadow);
const GPtrArray *hg_report_rows(const hg_report *report, gboolean shadow);	/* of struct hg_report_row * */

/* ---- report_write.c ---- */
void hg_report_json(const hg_report *report, GString *out);
/* RFC 4180: a line of names, then one for each row; without rows to group by, the totals. */
void hg_report_csv(const hg_report *report, GString *out);
/* A value of a line (NULL: an empty one), which a spreadsheet takes for text, whoever wrote it; and the end
 * of a line that has some. */
void hg_csv_put(GString *out, const char *text);
void hg_csv_end(GString *out);
