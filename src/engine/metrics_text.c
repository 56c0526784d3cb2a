/* metrics_text.c - the text format of Prometheus, version 0.0.4 */
#include "metrics_text.h"

void hg_metric_head(GString *out, const char *name, const char *type, const char *help)
{
	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(GString *out, const char *value)
{
	for (const char *p = value ? value : ""; *p; p++) {
		if (*p == '\n')
			g_string_append(out, "\\n");
		else if (*p == '"' || *p == '\\')
			g_string_append_printf(out, "\\%c", *p);
		else
			g_string_append_c(out, *p);
	}
}

/* le: the further label of a bucket, or NULL. */
static void put_name(GString *out, const char *name, const char *suffix, const char *const *labels, const char *le)
{
	const char *between = "{";

	g_string_append_printf(out, "%s%s", name, suffix);
	for (; labels && *labels; labels += 2) {
		g_string_append_printf(out, "%s%s=\"", between, labels[0]);
		put_value(out, labels[1]);
		g_string_append_c(out, '"');
		between = ",";
	}
	if (le)
		g_string_append_printf(out, "%sle=\"%s\"", between, le);
	g_string_append(out, le || *between == ',' ? "} " : " ");
}

static void put_int(GString *out, gint64 value)
{
	g_string_append_printf(out, "%" G_GINT64_FORMAT "\n", value);
}

static void put_seconds(GString *out, gint64 ms)
{
	g_string_append_printf(out, "%s%" G_GINT64_FORMAT ".%03d\n", ms < 0 ? "-" : "", ABS(ms) / 1000, (int)(ABS(ms) % 1000));
}

void hg_metric_int(GString *out, const char *name, const char *const *labels, gint64 value)
{
	put_name(out, name, "", labels, NULL);
	put_int(out, value);
}

void hg_metric_ms(GString *out, const char *name, const char *const *labels, gint64 ms)
{
	put_name(out, name, "", labels, NULL);
	put_seconds(out, ms);
}

void hg_metric_histogram(GString *out, const char *name, const char *const *labels, const gint64 *bounds,
			 const struct hg_histogram *histogram)
{
	gint64 sum = 0;
	char le[24];

	for (guint i = 0; bounds[i]; i++) {
		sum += histogram->buckets[i];
		g_snprintf(le, sizeof(le), "%" G_GINT64_FORMAT, bounds[i]);
		put_name(out, name, "_bucket", labels, le);
		put_int(out, sum);
	}
	put_name(out, name, "_bucket", labels, "+Inf");
	put_int(out, histogram->n);
	put_name(out, name, "_sum", labels, NULL);
	put_seconds(out, histogram->sum_ms);
	put_name(out, name, "_count", labels, NULL);
	put_int(out, histogram->n);
}
