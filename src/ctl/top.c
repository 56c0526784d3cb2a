/* top.c - how channels and backends are, and how much goes through them, as it changes */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"
#include "text.h"

#define EVERY_MS 2000
#define CLEAR "\033[H\033[J"

struct sample { gint64 in, out; };

struct top {
	struct ctl *ctl;
	GHashTable *before;		/* "channel/wa-main" -> struct sample */
	gint64 before_ms;		/* by the monotonic clock; 0: this is the first look */
	gint64 passed_ms;
};

static gsize count_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* Since the look before; -1: there was none. */
static double per_minute(const struct top *top, gint64 now, gint64 before)
{
	return top->before_ms && top->passed_ms > 0 ? (double)MAX(now - before, 0) * 60000 / (double)top->passed_ms : -1;
}

static void print_rate(double rate)
{
	if (rate < 0)
		printf("%7s ", "-");
	else
		printf("%7.1f ", rate);
}

/* Messages of channels; events of backends count as out. */
static struct sample sample_of(struct json_object *part)
{
	return (struct sample){ hg_json_int(part, "messages", 0), hg_json_int(part, "sent", 0) };
}

static void rates_of(struct top *top, struct json_object *part, const char *target, double *ret_in, double *ret_out)
{
	g_autofree char *key = g_strdup_printf("%s/%s", target, hg_json_str(part, "name") ?: "");
	const struct sample *before = g_hash_table_lookup(top->before, key);
	struct sample now = sample_of(part);

	*ret_in = before ? per_minute(top, now.in, before->in) : -1;
	*ret_out = before ? per_minute(top, now.out, before->out) : -1;
	g_hash_table_insert(top->before, g_steal_pointer(&key), g_memdup2(&now, sizeof now));
}

static void print_part(struct top *top, struct json_object *status, struct json_object *part, const char *target)
{
	struct json_object *counts = ctl_status_counts(status, target, hg_json_str(part, "name"));
	g_autofree char *name = ctl_text(part, "name", ""), *condition = ctl_text(part, "condition", "unknown");
	g_autofree char *oldest = ctl_ago(hg_json_str(counts, "oldest")), *error = ctl_text(part, "error", "-");
	g_autofree char *kind = ctl_text(part, "adapter", target);
	double in, out;

	rates_of(top, part, target, &in, &out);
	ctl_cell(name, 16);
	ctl_cell(kind, 9);
	printf("%s%-8s%s ", ctl_look(top->ctl, strcmp(condition, "up") == 0 ? CTL_GREEN : CTL_RED), condition,
	       ctl_look(top->ctl, CTL_PLAIN));
	print_rate(in);
	print_rate(out);
	printf("%6" G_GINT64_FORMAT " %6" G_GINT64_FORMAT " %7s  %s\n", hg_json_int(counts, "waiting", 0),
	       hg_json_int(counts, "dead", 0), oldest, error);
}

static void print_table(struct top *top, struct json_object *status)
{
	struct json_object *channels = hg_json_arr(status, "channels"), *backends = hg_json_arr(status, "backends");
	struct json_object *store = hg_json_obj(status, "store");
	g_autofree char *now = ctl_text(hg_json_obj(status, "clock"), "now", ""), *clock = ctl_clock(now);
	char up[HG_SPAN_SIZE];

	if (isatty(STDOUT_FILENO))
		fputs(CLEAR, stdout);
	printf("%s  up %s  threads %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT " open)  tickets %" G_GINT64_FORMAT "\n", clock,
	       hg_span(hg_json_int(status, "uptime_ms", 0) / 1000 * 1000, up), hg_json_int(store, "threads", 0),
	       hg_json_int(store, "open_threads", 0), hg_json_int(store, "tickets", 0));
	printf("%s%-16s %-9s %-8s %7s %7s %6s %6s %7s  %s%s\n", ctl_look(top->ctl, CTL_BOLD), "NAME", "KIND", "STATE", "IN/min",
	       "OUT/min", "QUEUE", "DEAD", "OLDEST", "LAST ERROR", ctl_look(top->ctl, CTL_PLAIN));
	for (gsize i = 0; i < count_of(channels); i++)
		print_part(top, status, json_object_array_get_idx(channels, i), "channel");
	for (gsize i = 0; i < count_of(backends); i++)
		print_part(top, status, json_object_array_get_idx(backends, i), "backend");
}

/* null: not known yet. */
static void rate_json(GString *out, const char *key, double rate)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	hg_json_add_raw(out, key, rate < 0 ? NULL : g_ascii_formatd(text, sizeof text, "%.1f", rate));
}

static void part_json(struct top *top, struct json_object *status, struct json_object *part, const char *target, GString *out)
{
	struct json_object *counts = ctl_status_counts(status, target, hg_json_str(part, "name"));
	double in, sent;

	rates_of(top, part, target, &in, &sent);
	hg_json_open(out, '{');
	hg_json_add_str(out, "target", target);
	hg_json_add_str(out, "name", hg_json_str(part, "name"));
	hg_json_add_str(out, "condition", hg_json_str(part, "condition"));
	rate_json(out, "in_per_minute", in);
	rate_json(out, "out_per_minute", sent);
	hg_json_add_int(out, "waiting", hg_json_int(counts, "waiting", 0));
	hg_json_add_int(out, "dead", hg_json_int(counts, "dead", 0));
	hg_json_close(out, '}');
}

static void print_line(struct top *top, struct json_object *status)
{
	struct json_object *channels = hg_json_arr(status, "channels"), *backends = hg_json_arr(status, "backends");
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_time(out, "at", hg_now(hg_env_system()));
	hg_json_key(out, "parts");
	hg_json_open(out, '[');
	for (gsize i = 0; i < count_of(channels); i++)
		part_json(top, status, json_object_array_get_idx(channels, i), "channel", out);
	for (gsize i = 0; i < count_of(backends); i++)
		part_json(top, status, json_object_array_get_idx(backends, i), "backend", out);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int look(struct top *top)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(top->ctl, "GET", "/v1/status", NULL, NULL, &reply);
	gint64 now_ms = hg_mono(hg_env_system());

	if (code != CTL_DONE)
		return code;
	top->passed_ms = now_ms - top->before_ms;
	if (top->ctl->json)
		print_line(top, reply.json);
	else
		print_table(top, reply.json);
	top->before_ms = now_ms;
	return fflush(stdout) == 0 ? CTL_DONE : CTL_NO;		/* no: who read us has gone */
}

static int run_top(struct ctl *ctl)
{
	g_autoptr(GHashTable) before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct top top = { .ctl = ctl, .before = before };
	gint64 left = ctl_number(ctl, "count", 0), every_ms = ctl_span(ctl, "every", EVERY_MS);
	int code = look(&top);

	while (code == CTL_DONE && (!ctl_given(ctl, "count") || --left > 0)) {
		g_usleep((gulong)every_ms * 1000);
		code = look(&top);
	}
	return code;
}

const struct ctl_verb ctl_verb_top = {
	.name = "top", .help = "channels and backends, and how much goes through them, as it changes", .run = run_top,
	.options = CTL_PARAMS({ "every", CTL_SPAN, NULL, "between two looks [2s]" },
			      { "count", CTL_NUMBER, NULL, "how many looks [until it is interrupted]" }),
	.more = "Rates are those since the look before.  With --json a line for each look.",
	.exits = "0 done, 3 the daemon is not there, or has gone",
};
