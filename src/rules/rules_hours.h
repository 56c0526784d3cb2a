/* rules_hours.h - business hours: when somebody is there, by the clock of a place */
#pragma once
#include <glib.h>
#include "diag.h"
#include "node.h"

typedef struct hg_hours hg_hours;	/* all of a configuration; never changed once made */

#define HG_HOURS_MAX	      64	/* names */
#define HG_HOURS_SPANS_MAX    100	/* of one: "09:00-12:30" on a day */
#define HG_HOURS_HOLIDAYS_MAX 400	/* of one */

/* map: { NAME: { zone, open: { mon-fri: "09:00-17:00" }, holidays: [...] } }, or NULL: there are none.  NULL: diag
 * says why. */
hg_hours *hg_hours_read(const hg_node *map, hg_diag *diag);
void hg_hours_free(hg_hours *hours);			/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_hours, hg_hours_free)

const char *const *hg_hours_names(const hg_hours *hours);	/* NULL-ended */
/* at: place of the name.  got: NULL, or the time there and whether it is open is appended. */
gboolean hg_hours_open(const hg_hours *hours, guint at, gint64 now_ms, GString *got);
/* When it opens next, from now_ms on; now_ms itself while it is open, -1 when not within a year. */
gint64 hg_hours_next(const hg_hours *hours, guint at, gint64 now_ms);
/* When it closes, while it is open, or opens; -1 when not within a year. */
gint64 hg_hours_change(const hg_hours *hours, guint at, gint64 now_ms);
/* A time by the clock there, as people write it: "09:00" on the day of now_ms, else "2026-11-23 09:00". */
void hg_hours_clock(const hg_hours *hours, guint at, gint64 ms, gint64 now_ms, GString *out);
/* When span_ms of open time have gone by, to five minutes; after two months it is given up: that time then. */
gint64 hg_hours_later(const hg_hours *hours, guint at, gint64 now_ms, gint64 span_ms);
