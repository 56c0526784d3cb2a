/* report_made.h - a report being made; of report*.c only */
#pragma once
#include "report.h"

enum hg_report_sample { HG_REPORT_FIRST, HG_REPORT_FIRST_BOT, HG_REPORT_RESOLUTION, HG_REPORT_MESSAGES,
	HG_REPORT_SAMPLES };

struct hg_report_group {
	struct hg_report_row row;	/* its words are those here: */
	char *channel, *day;
	GArray *samples[HG_REPORT_SAMPLES];	/* of gint64: percentiles are exact */
};

struct hg_report_half {			/* of channels at work, or of those on trial */
	struct hg_report_group *total;
	GHashTable *groups;		/* text of the key -> struct hg_report_group */
	GPtrArray *rows;		/* of struct hg_report_row *, filled by hg_report_end() */
};

struct hg_report {
	struct hg_report_options options;
	char *zone_name;		/* ours; options' is this one */
	struct hg_report_half half[2];	/* [shadow] */
};
