/* metrics_text.h - the lines Prometheus reads */
#pragma once
#include <glib.h>
#include "tally.h"

/* labels: names and values in turns, NULL-ended; or NULL. */
void hg_metric_head(GString *out, const char *name, const char *type, const char *help);
void hg_metric_int(GString *out, const char *name, const char *const *labels, gint64 value);
void hg_metric_ms(GString *out, const char *name, const char *const *labels, gint64 ms);	/* as seconds */
void hg_metric_histogram(GString *out, const char *name, const char *const *labels, const gint64 *bounds,
			 const struct hg_histogram *histogram);
