/* report_write.c - a report as JSON, and as CSV with the same numbers under flat names */
#include "report_made.h"

#include <string.h>

#include "json.h"

/* ---- JSON ---- */

static void add_number(GString *out, const char *key, double value, gboolean there)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	hg_json_add_raw(out, key, there ? g_ascii_formatd(text, sizeof(text), "%.4f", value) : NULL);
}

static void add_share(GString *out, const char *key, gint64 part, gint64 all)
{
	add_number(out, key, all ? (double)part / (double)all : 0, all != 0);
}

/* suffix: "_ms", or "" for counts. */
static void open_times(GString *out, const char *key, const struct hg_report_times *times, const char *suffix)
{
	const struct { const char *name; gint64 value; } members[] = {
		{ "p50", times->p50 }, { "p90", times->p90 }, { "p99", times->p99 },
	};

	hg_json_key(out, key);
	hg_json_open(out, '{');
	hg_json_add_int(out, "n", times->n);
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
		g_autofree char *name = g_strconcat(members[i].name, suffix, NULL);

		if (times->n)
			hg_json_add_int(out, name, members[i].value);
		else
			hg_json_add_raw(out, name, NULL);
	}
}

static void add_times(GString *out, const char *key, const struct hg_report_times *times, const char *suffix)
{
	open_times(out, key, times, suffix);
	hg_json_close(out, '}');
}

static void add_layers(GString *out, const struct hg_report_row *row)
{
	hg_json_key(out, "layers");
	hg_json_open(out, '{');
	for (int layer = 0; layer <= HG_LAYER_TICKET; layer++)
		hg_json_add_int(out, hg_layer_word(layer), row->layers[layer]);
	hg_json_close(out, '}');
}

static void add_rates(GString *out, const struct hg_report_row *row)
{
	gint64 all = row->conversations;

	hg_json_add_int(out, "tickets", row->tickets);
	hg_json_add_int(out, "tickets_waiting", row->waiting);
	add_share(out, "conversion_rate", row->tickets, all);
	hg_json_add_str(out, "conversion_band",
			all ? hg_report_conversion_band(hg_report_percent(row->tickets, all)) : NULL);
	hg_json_add_int(out, "resolved", row->resolved);
	hg_json_add_int(out, "reopened", row->reopened);
	add_share(out, "reopen_rate", row->reopened, all);
	hg_json_add_str(out, "reopen_band", all ? hg_report_reopen_band(hg_report_percent(row->reopened, all)) : NULL);
}

static void add_csat(GString *out, const struct hg_report_row *row)
{
	hg_json_key(out, "csat");
	hg_json_open(out, '{');
	hg_json_add_int(out, "n", row->csat);
	add_number(out, "mean", row->csat_marks ? (double)row->csat_sum / (double)row->csat_marks : 0, row->csat_marks != 0);
	add_share(out, "satisfied", row->csat_satisfied, row->csat);
	hg_json_close(out, '}');
}

static void put_row(GString *out, const struct hg_report_row *row)
{
	hg_json_open(out, '{');
	hg_json_opt_str(out, "channel", row->channel);
	hg_json_opt_str(out, "day", row->day);
	hg_json_opt_str(out, "resolver", row->resolver);
	hg_json_add_int(out, "conversations", row->conversations);
	hg_json_add_int(out, "noise", row->noise);
	add_layers(out, row);
	add_rates(out, row);
	open_times(out, "first_response", &row->first_response, "_ms");
	hg_json_add_int(out, "within_60s", row->within_60s);
	hg_json_add_int(out, "over_120s", row->over_120s);
	hg_json_close(out, '}');
	add_times(out, "first_bot_response", &row->first_bot_response, "_ms");
	add_times(out, "resolution_time", &row->resolution_time, "_ms");
	add_times(out, "messages_to_resolution", &row->messages, "");
	hg_json_add_int(out, "answered", row->answered);
	hg_json_add_int(out, "one_reply", row->one_reply);
	add_share(out, "one_reply_share", row->one_reply, row->answered);
	add_share(out, "mean_replies", row->replies, row->answered);
	hg_json_add_int(out, "several_days", row->several_days);
	add_share(out, "several_days_share", row->several_days, row->resolved);
	hg_json_add_int(out, "drops", row->drops);
	hg_json_add_int(out, "drops_open", row->drops_open);
	add_csat(out, row);
	hg_json_close(out, '}');
}

static void put_half(GString *out, const struct hg_report_half *half)
{
	hg_json_key(out, "total");
	put_row(out, &half->total->row);
	hg_json_key(out, "rows");
	hg_json_open(out, '[');
	for (guint i = 0; i < half->rows->len; i++)
		put_row(out, g_ptr_array_index(half->rows, i));
	hg_json_close(out, ']');
}

static void add_by(GString *out, unsigned by)
{
	hg_json_key(out, "by");
	hg_json_open(out, '[');
	if (by & HG_BY_CHANNEL_KEY)
		hg_json_put_str(out, "channel");
	if (by & HG_BY_DAY_KEY)
		hg_json_put_str(out, "day");
	if (by & HG_BY_RESOLVER_KEY)
		hg_json_put_str(out, "resolver");
	hg_json_close(out, ']');
}

void hg_report_json(const hg_report *report, GString *out)
{
	const struct hg_report_options *options = &report->options;

	hg_json_open(out, '{');
	hg_json_add_time(out, "since", options->since_ms);
	hg_json_add_time(out, "until", options->until_ms);
	hg_json_add_str(out, "zone", options->zone_name ? options->zone_name : "UTC");
	add_by(out, options->by);
	put_half(out, &report->half[0]);
	hg_json_key(out, "shadow");
	hg_json_open(out, '{');
	put_half(out, &report->half[1]);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

/* ---- CSV ---- */

/* What begins like a formula is one to a spreadsheet, and names come from outside. */
void hg_csv_put(GString *out, const char *text)
{
	const char *safe = text ? text : "";
	gboolean formula = *safe && strchr("=+-@\t\r\n", *safe);

	if (!formula && !strpbrk(safe, ",\"\r\n")) {
		g_string_append_printf(out, "%s,", safe);
		return;
	}
	g_string_append(out, formula ? "\"'" : "\"");
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			g_string_append_c(out, '"');
		g_string_append_c(out, *p);
	}
	g_string_append(out, "\",");
}

void hg_csv_end(GString *out)
{
	out->str[out->len - 1] = '\n';
}

static void csv_int(GString *out, gint64 value, gboolean there)
{
	char text[24] = "";

	if (there)
		g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, value);
	hg_csv_put(out, text);
}

static void csv_share(GString *out, gint64 part, gint64 all)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE] = "";

	if (all)
		g_ascii_formatd(text, sizeof(text), "%.4f", (double)part / (double)all);
	hg_csv_put(out, text);
}

static void csv_times(GString *out, const struct hg_report_times *times)
{
	csv_int(out, times->n, TRUE);
	csv_int(out, times->p50, times->n > 0);
	csv_int(out, times->p90, times->n > 0);
	csv_int(out, times->p99, times->n > 0);
}

static const char csv_names[] = "channel,day,resolver,shadow,conversations,noise,layer_none,layer_bot,"
	"layer_conversation,layer_ticket,tickets,tickets_waiting,conversion_rate,conversion_band,resolved,reopened,"
	"reopen_rate,first_response_n,first_response_p50_ms,first_response_p90_ms,first_response_p99_ms,"
	"first_response_within_60s,first_response_over_120s,first_bot_response_n,first_bot_response_p50_ms,"
	"first_bot_response_p90_ms,first_bot_response_p99_ms,resolution_time_n,resolution_time_p50_ms,"
	"resolution_time_p90_ms,resolution_time_p99_ms,messages_to_resolution_n,messages_to_resolution_p50,"
	"messages_to_resolution_p90,messages_to_resolution_p99,answered,one_reply,one_reply_share,mean_replies,"
	"several_days,several_days_share,drops,drops_open,csat_n,csat_mean,csat_satisfied\n";

static void csv_row(GString *out, const struct hg_report_row *row, gboolean shadow)
{
	hg_csv_put(out, row->channel);
	hg_csv_put(out, row->day);
	hg_csv_put(out, row->resolver);
	hg_csv_put(out, shadow ? "true" : "false");
	csv_int(out, row->conversations, TRUE);
	csv_int(out, row->noise, TRUE);
	for (int layer = 0; layer <= HG_LAYER_TICKET; layer++)
		csv_int(out, row->layers[layer], TRUE);
	csv_int(out, row->tickets, TRUE);
	csv_int(out, row->waiting, TRUE);
	csv_share(out, row->tickets, row->conversations);
	hg_csv_put(out, row->conversations ?
		   hg_report_conversion_band(hg_report_percent(row->tickets, row->conversations)) : NULL);
	csv_int(out, row->resolved, TRUE);
	csv_int(out, row->reopened, TRUE);
	csv_share(out, row->reopened, row->conversations);
	csv_times(out, &row->first_response);
	csv_int(out, row->within_60s, TRUE);
	csv_int(out, row->over_120s, TRUE);
	csv_times(out, &row->first_bot_response);
	csv_times(out, &row->resolution_time);
	csv_times(out, &row->messages);
	csv_int(out, row->answered, TRUE);
	csv_int(out, row->one_reply, TRUE);
	csv_share(out, row->one_reply, row->answered);
	csv_share(out, row->replies, row->answered);
	csv_int(out, row->several_days, TRUE);
	csv_share(out, row->several_days, row->resolved);
	csv_int(out, row->drops, TRUE);
	csv_int(out, row->drops_open, TRUE);
	csv_int(out, row->csat, TRUE);
	csv_share(out, row->csat_sum, row->csat_marks);
	csv_share(out, row->csat_satisfied, row->csat);
	hg_csv_end(out);
}

void hg_report_csv(const hg_report *report, GString *out)
{
	g_string_append(out, csv_names);
	for (int shadow = 0; shadow < 2; shadow++) {
		const struct hg_report_half *half = &report->half[shadow];

		for (guint i = 0; i < half->rows->len; i++)
			csv_row(out, g_ptr_array_index(half->rows, i), shadow);
		if (!report->options.by && (!shadow || half->total->row.conversations))
			csv_row(out, &half->total->row, shadow);
	}
}
