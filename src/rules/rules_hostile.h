/* rules_hostile.h - texts that a stranger would write to make a pattern give up */
#pragma once
#include <glib.h>

/* A beginning that the pattern takes, then something it takes again and again, then what it does not. */
struct hg_hostile {
	char *before, *again;
};

/* Made from the pattern's own letters and classes, HG_HOSTILE_MAX at most; of no use at worst, for the
 * pattern is read only roughly.  Yours to unref. */
#define HG_HOSTILE_MAX 24
GPtrArray *hg_hostile_texts(const char *pattern);
