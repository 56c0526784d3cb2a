/* report.c - what conversations came to, as tables people read, as JSON and as CSV */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "report.h"
#include "text.h"

#define BAR_WIDTH 8
#define PAGE "500"
#define NAME_MAX_WIDTH 28
#define BARS_FROM 96			/* columns of the terminal */

/* ---- cells ---- */

static gint64 count(struct json_object *row, const char *key)
{
	return hg_json_int(row, key, 0);
}

static double fraction(struct json_object *row, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(row, key, &value) ? json_object_get_double(value) : 0;
}

/* "1,204" */
static char *grouped(gint64 n)
{
	g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, n);
	GString *out = g_string_new(NULL);
	gsize len = strlen(digits);

	for (gsize i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			g_string_append_c(out, ',');
		g_string_append_c(out, digits[i]);
	}
	return g_string_free(out, FALSE);
}

static void cell_count(gint64 n, int width)
{
	g_autofree char *text = grouped(n);

	printf("%*s ", width, text);
}

static void cell_percent(gint64 part, gint64 all, int width)
{
	g_autofree char *text = all ? g_strdup_printf("%.1f %%", hg_report_percent(part, all)) : g_strdup("-");

	printf("%*s ", width, text);
}

static void cell_time(struct json_object *times, const char *key, int width)
{
	char text[HG_SPAN_SIZE];
	gint64 ms = hg_json_int(times, key, -1);

	/* Milliseconds behind seconds are no news to people. */
	printf("%*s ", width, ms < 0 ? "-" : hg_span(ms < 1000 ? ms : ms / 1000 * 1000, text));
}

static enum ctl_look look_of(const char *band)
{
	static const struct { const char *band; enum ctl_look look; } looks[] = {
		{ "great", CTL_GREEN }, { "healthy", CTL_GREEN }, { "high", CTL_YELLOW }, { "watch", CTL_YELLOW },
		{ "bad", CTL_RED }, { "audit", CTL_RED },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(looks); i++)
		if (g_strcmp0(band, looks[i].band) == 0)
			return looks[i].look;
	return CTL_PLAIN;
}

static void cell_band(const struct ctl *ctl, const char *band, int width)
{
	printf("%s%-*s%s ", ctl_look(ctl, look_of(band)), width, band ? band : "", ctl_look(ctl, CTL_PLAIN));
}

/* How much of most it is: eighths of a character where the locale has them. */
static void cell_bar(gint64 part, gint64 most)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	int units = most ? (int)((part * BAR_WIDTH * 8 + most / 2) / most) : 0;
	g_autoptr(GString) bar = g_string_new(NULL);

	if (ctl_unicode()) {
		for (int i = 0; i < units / 8; i++)
			g_string_append(bar, "█");
		g_string_append(bar, eighths[units % 8]);
	} else {
		for (int i = 0; i < (units + 4) / 8; i++)
			g_string_append_c(bar, '#');
	}
	ctl_cell(bar->str, BAR_WIDTH);
}

static void cell_mark(struct json_object *csat)
{
	if (fraction(csat, "mean") > 0)
		printf("%4.1f (%" G_GINT64_FORMAT ")", fraction(csat, "mean"), count(csat, "n"));
	else if (count(csat, "n"))
		printf("%3.0f %% (%" G_GINT64_FORMAT ")", fraction(csat, "satisfied") * 100, count(csat, "n"));
	else
		fputs("   -", stdout);
}

/* ---- rows ---- */

static char *name_of(struct json_object *row)
{
	static const char *const keys[] = { "channel", "day", "resolver" };
	g_autoptr(GString) name = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *word = ctl_text(row, keys[i], "");

		if (*word)
			g_string_append_printf(name, "%s%s", name->len ? "  " : "", word);
	}
	return ctl_safe(name->len ? name->str : "all", FALSE);
}

static gsize size_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* Of the terminal; what is no terminal has room. */
static int columns(void)
{
	int n = ctl_columns();

	return n ? n : 120;
}

static int name_width(struct json_object *rows)
{
	glong width = 8;

	for (gsize i = 0; i < size_of(rows); i++) {
		g_autofree char *name = name_of(json_object_array_get_idx(rows, i));

		width = MAX(width, g_utf8_strlen(name, -1));
	}
	return (int)MIN(width, NAME_MAX_WIDTH);
}

static gint64 most_of(struct json_object *rows)
{
	gint64 most = 0;

	for (gsize i = 0; i < size_of(rows); i++)
		most = MAX(most, count(json_object_array_get_idx(rows, i), "conversations"));
	return most;
}

/* What all rows of a table have in common. */
struct table { const struct ctl *ctl; int width; gint64 all, most; gboolean bars; };

static void print_outcome(const struct table *table, struct json_object *row, const char *name)
{
	gint64 all = count(row, "conversations"), drops = count(row, "drops"), open = count(row, "drops_open");
	const struct ctl *ctl = table->ctl;

	ctl_cell(name, table->width);
	cell_count(all, 7);
	cell_percent(all, table->all, 7);
	if (table->bars)
		cell_bar(all, table->most);
	cell_count(count(row, "tickets"), 7);
	cell_percent(count(row, "tickets"), all, 7);
	cell_band(ctl, hg_json_str(row, "conversion_band"), 7);
	cell_percent(count(row, "reopened"), all, 8);
	cell_band(ctl, hg_json_str(row, "reopen_band"), 7);
	printf("%s%5" G_GINT64_FORMAT "%s ", ctl_look(ctl, open ? CTL_RED : CTL_PLAIN), drops, ctl_look(ctl, CTL_PLAIN));
	cell_mark(hg_json_obj(row, "csat"));
}

static void print_speed(const struct table *table, struct json_object *row, const char *name)
{
	struct json_object *first = hg_json_obj(row, "first_response"), *bot = hg_json_obj(row, "first_bot_response");
	struct json_object *done = hg_json_obj(row, "resolution_time"), *said = hg_json_obj(row, "messages_to_resolution");

	ctl_cell(name, table->width);
	cell_time(first, "p50_ms", 7);
	cell_time(first, "p90_ms", 7);
	cell_time(first, "p99_ms", 7);
	cell_time(bot, "p50_ms", 7);
	cell_time(done, "p50_ms", 7);
	cell_time(done, "p90_ms", 7);
	cell_time(done, "p99_ms", 7);
	if (count(said, "n"))
		printf("%4" G_GINT64_FORMAT " %4" G_GINT64_FORMAT " ", count(said, "p50"), count(said, "p90"));
	else
		printf("%4s %4s ", "-", "-");
	cell_percent(count(row, "one_reply"), count(row, "answered"), 9);
}

static void print_rows(const struct table *table, struct json_object *half,
		       void (*print)(const struct table *table, struct json_object *row, const char *name))
{
	struct json_object *rows = hg_json_arr(half, "rows");

	for (gsize i = 0; i < size_of(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		g_autofree char *name = name_of(row);

		print(table, row, name);
		putchar('\n');
	}
	print(table, hg_json_obj(half, "total"), "total");
	putchar('\n');
}

/* ---- what stands below ---- */

static void print_layers(struct json_object *total)
{
	struct json_object *layers = hg_json_obj(total, "layers");
	gint64 all = count(total, "conversations");

	printf("\nAnswered by a bot alone %.1f %%, by people %.1f %%, as a ticket %.1f %%, by nobody %.1f %% "
	       "(%.1f %% were only small talk).\n",
	       hg_report_percent(count(layers, "bot"), all), hg_report_percent(count(layers, "conversation"), all),
	       hg_report_percent(count(layers, "ticket"), all), hg_report_percent(count(layers, "none"), all),
	       hg_report_percent(count(total, "noise"), all));
}

static void print_answers(struct json_object *total)
{
	struct json_object *first = hg_json_obj(total, "first_response");
	gint64 n = count(first, "n"), answered = count(total, "answered"), resolved = count(total, "resolved");

	if (n)
		printf("First responses within a minute: %.1f %%; slower than two: %.1f %%.\n",
		       hg_report_percent(count(first, "within_60s"), n), hg_report_percent(count(first, "over_120s"), n));
	if (answered)
		printf("Replies of an answered conversation: %.1f on average; %.1f %% needed one.\n",
		       fraction(total, "mean_replies"), hg_report_percent(count(total, "one_reply"), answered));
	if (resolved)
		printf("Resolved: %" G_GINT64_FORMAT "; more than a day was needed for %.1f %% of them.\n", resolved,
		       hg_report_percent(count(total, "several_days"), resolved));
}

static void print_todo(const struct ctl *ctl, struct json_object *total)
{
	gint64 waiting = count(total, "tickets_waiting"), open = count(total, "drops_open");

	if (waiting)
		printf("%s%" G_GINT64_FORMAT " tickets wait for a helpdesk to acknowledge them%s; see headgatectl status\n",
		       ctl_look(ctl, CTL_YELLOW), waiting, ctl_look(ctl, CTL_PLAIN));
	if (open)
		printf("%s%" G_GINT64_FORMAT " drops are open%s; see headgatectl drops\n", ctl_look(ctl, CTL_RED), open,
		       ctl_look(ctl, CTL_PLAIN));
}

static void print_half(const struct ctl *ctl, struct json_object *half)
{
	struct json_object *rows = hg_json_arr(half, "rows");
	const struct table table = { .ctl = ctl, .width = name_width(rows), .most = most_of(rows),
		.all = count(hg_json_obj(half, "total"), "conversations"), .bars = columns() >= BARS_FROM };

	printf("%s%-*s %7s %7s %-*s%7s %7s %-7s %8s %-7s %5s %s%s\n", ctl_look(ctl, CTL_BOLD), table.width, "", "ENDED",
	       "MIX", table.bars ? BAR_WIDTH + 1 : 0, "", "TICKETS", "RATE", "", "REOPENED", "", "DROPS", "CSAT",
	       ctl_look(ctl, CTL_PLAIN));
	print_rows(&table, half, print_outcome);
	printf("\n%s%-*s %-23s %7s %-23s %-9s %9s\n%-*s %7s %7s %7s %7s %7s %7s %7s %4s %4s%s\n", ctl_look(ctl, CTL_BOLD),
	       table.width, "", "FIRST RESPONSE", "BOT", "RESOLVED IN", "MESSAGES", "ONE REPLY", table.width, "", "p50", "p90",
	       "p99", "p50", "p50", "p90", "p99", "p50", "p90", ctl_look(ctl, CTL_PLAIN));
	print_rows(&table, half, print_speed);
}

static void print_report(const struct ctl *ctl, struct json_object *report)
{
	struct json_object *total = hg_json_obj(report, "total"), *shadow = hg_json_obj(report, "shadow");
	const char *since = hg_json_str(report, "since"), *until = hg_json_str(report, "until");

	printf("Conversations that ended from %.10s %.5s to %.10s %.5s (UTC)\n\n", since ? since : "1970-01-01",
	       since ? since + 11 : "00:00", until ? until : "", until ? until + 11 : "");
	print_half(ctl, report);
	print_layers(total);
	print_answers(total);
	print_todo(ctl, total);
	if (!count(hg_json_obj(shadow, "total"), "conversations"))
		return;
	printf("\n%sOn trial%s (rules decide, no ticket is made): what it would come to\n\n", ctl_look(ctl, CTL_BOLD),
	       ctl_look(ctl, CTL_PLAIN));
	print_half(ctl, shadow);
}

/* ---- episodes, one a line ---- */

static const char *const episode_columns[] = {
	"thread_id", "number", "channel", "scope", "shadow", "layer", "resolver", "noise", "ended", "resolution", "ticket",
	"category", "priority", "inbound", "bot_answers", "human_answers", "first_response_ms", "first_bot_response_ms",
	"resolution_time_ms", "reopened", "opened_at", "first_message_at", "first_bot_response_at", "first_response_at",
	"ended_at", "confirmed_at", "acknowledged_at", "closed_at", "resolved_at", "reopened_at", "dropped_at",
	"restored_at", NULL
};

/* A terminal shows what a file keeps as it is. */
static void put_csv(const char *csv)
{
	g_autofree char *safe = isatty(STDOUT_FILENO) ? ctl_safe(csv, TRUE) : NULL;

	fputs(safe ? safe : csv, stdout);
}

static void print_episode(const struct ctl *ctl, struct json_object *episode)
{
	g_autoptr(GString) line = g_string_new(NULL);

	if (ctl->json) {
		ctl_put_json(json_object_to_json_string_ext(episode, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		return;
	}
	for (const char *const *column = episode_columns; *column; column++) {
		struct json_object *value = NULL;

		json_object_object_get_ex(episode, *column, &value);
		hg_csv_put(line, value ? json_object_get_string(value) : NULL);
	}
	hg_csv_end(line);
	put_csv(line->str);
}

static int episodes(struct ctl *ctl, const char *query)
{
	g_autofree char *names = g_strjoinv(",", (char **)episode_columns);
	g_autofree char *path = g_strconcat("/v1/episodes?limit=" PAGE, query, NULL);

	if (!ctl->json)
		puts(names);
	while (path) {
		g_auto(ctl_reply) reply = { 0 };
		int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
		struct json_object *list = hg_json_arr(reply.json, "episodes");
		const char *next;

		if (code != CTL_DONE)
			return code;
		for (gsize i = 0; i < size_of(list); i++)
			print_episode(ctl, json_object_array_get_idx(list, i));
		next = hg_json_str(reply.json, "next");
		g_free(path);
		path = next ? g_strconcat("/v1/episodes?limit=" PAGE "&after=", next, query, NULL) : NULL;
	}
	return CTL_DONE;
}

/* ---- the verb ---- */

static int report(struct ctl *ctl)
{
	const char *since = ctl_given(ctl, "since") ? "" : "&since=30d";
	gboolean csv = ctl_given(ctl, "csv"), sums = !ctl_given(ctl, "episodes");
	g_autofree char *front = g_strdup_printf("?format=%s%s", csv && sums ? "csv" : "json", since);
	g_autofree char *query = ctl_query(ctl, front, sums ? "since until by zone" : "since until zone");
	g_autofree char *path = g_strconcat("/v1/report", query, NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (csv && ctl->json)
		return ctl_usage(ctl, "--csv and --json: one of them");
	if (!sums)
		return episodes(ctl, query + strlen("?format=json"));
	code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	if (csv)
		put_csv(reply.body);
	else if (ctl->json)
		return ctl_print_json(&reply);
	else
		print_report(ctl, reply.json);
	return CTL_DONE;
}

static const struct ctl_verb sums = {
	.name = "conversations", .help = "what those came to that ended between two times", .usual = TRUE, .run = report,
	.options = CTL_PARAMS({ "since", CTL_TIME, NULL, "from when [30d]" }, { "until", CTL_TIME, NULL, "until when [now]" },
			      { "by", CTL_TEXT, "KEYS", "channel, day, resolver, with commas between [channel]" },
			      { "zone", CTL_TEXT, "NAME", "whose days are counted: Europe/Berlin [UTC]" },
			      { "csv", CTL_FLAG, NULL, "for a spreadsheet" },
			      { "episodes", CTL_FLAG, NULL, "instead of sums: every conversation on a line of its own, as CSV or JSON" }),
	.more = "How many became tickets and were reopened, how fast the first response and the resolution were, how many "
		"were dropped, what customers thought of it.  A time is a span before now, a day or a time: 30d, 2026-11-01.  "
		"What the numbers mean is in reports.md.",
};

const struct ctl_verb ctl_verb_report = {
	.name = "report", .help = "what conversations came to: rates, times, opinions",
	.subs = CTL_SUBS(&sums, &ctl_report_drops),
};
