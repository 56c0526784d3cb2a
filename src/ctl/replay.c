/* replay.c - rules replay: the running daemon's decisions made again by other rules, without effect */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "long_run.h"
#include "replay.h"
#include "setup.h"
#include "text.h"

#define SINCE_MS (30LL * 24 * 3600 * 1000)
#define PAGE "500"
#define TRIES 5				/* of a page, when the daemon is busy or starts again */
#define TRY_AGAIN_US (1000 * 1000)

struct run {
	struct ctl *ctl;
	hg_replay *replay;
	gint64 since_ms, now_ms;	/* what is looked at */
	gint64 started_ms;		/* by the monotonic clock */
	gint64 n;			/* decisions read */
	struct ctl_long progress;
};

/* ---- progress ---- */

/* Decisions are spread over the time they are asked for, so the time says how far it is. */
static double share(const struct run *run, gint64 at_ms)
{
	gint64 all = run->now_ms - run->since_ms;

	return all > 0 ? CLAMP((double)(at_ms - run->since_ms) / (double)all, 0.0, 1.0) : 1.0;
}

/* How many there will be is an estimate.  FALSE: stop. */
static gboolean tell(struct run *run, gint64 at_ms)
{
	double part = share(run, at_ms);

	return ctl_long_tell(&run->progress, "judging again", run->n, part > 0 ? (gint64)((double)run->n / part) : 0);
}

/* ---- reading ---- */

static gint64 take(struct run *run, struct json_object *decision, hg_arena *arena)
{
	struct hg_replay_entry entry = { .thread_id = hg_json_str(decision, "thread_id"),
		.action = hg_json_str(decision, "action"), .rule = hg_json_str(decision, "rule"),
		.at_ms = hg_time_parse(hg_json_str(decision, "at") ? hg_json_str(decision, "at") : "") };
	struct json_object *kept = hg_json_obj(decision, "facts"), *headers = hg_json_obj(decision, "headers");
	struct hg_facts facts;

	run->n++;
	if (entry.thread_id && entry.action && kept && hg_facts_take(kept, arena, &facts, NULL)) {
		facts.text = hg_json_str(decision, "text");
		facts.headers = headers ? hg_arena_str(arena, json_object_to_json_string(headers)) : NULL;
		entry.facts = &facts;
	}
	hg_replay_take(run->replay, &entry);
	return entry.at_ms;
}

static gboolean take_page(struct run *run, struct json_object *page)
{
	struct json_object *list = hg_json_arr(page, "decisions");
	g_autoptr(hg_arena) arena = hg_arena_new();
	gint64 at_ms = run->since_ms;

	for (gsize i = 0; list && i < json_object_array_length(list); i++)
		at_ms = take(run, json_object_array_get_idx(list, i), arena);
	return tell(run, at_ms);
}

/* A daemon that is busy, or is started again meanwhile: the page is asked for again. */
static int read_page(struct run *run, const char *path, ctl_reply *reply)
{
	int code = CTL_DONE;

	for (guint i = 0; i < TRIES; i++) {
		if (i)
			g_usleep(TRY_AGAIN_US);
		ctl_reply_clear(reply);
		code = ctl_call(run->ctl, "GET", path, NULL, NULL, reply);
		/* One that was never there is not waited for. */
		if (code != CTL_AGAIN && (code != CTL_UNREACHABLE || !run->n))
			break;
	}
	return code;
}

static int read_all(struct run *run)
{
	char since[HG_TIME_SIZE];
	g_autofree char *path = ctl_path("/v1/decisions?limit=" PAGE "&since=%s", hg_time(run->since_ms, since));

	while (path) {
		g_auto(ctl_reply) reply = { 0 };
		int code = read_page(run, path, &reply);
		const char *next;

		if (code != CTL_DONE)
			return code;
		if (!take_page(run, reply.json))
			return CTL_PARTLY;
		next = hg_json_str(reply.json, "next");
		g_free(path);
		path = next ? ctl_path("/v1/decisions?limit=" PAGE "&after=%s", next) : NULL;
	}
	return CTL_DONE;
}

/* ---- for people ---- */

static double percent(gint64 part, gint64 all)
{
	return hg_replay_rate(part, all);
}

static void print_sum(const struct ctl *ctl, const struct hg_replay_result *result)
{
	printf("%" G_GINT64_FORMAT " decisions of %" G_GINT64_FORMAT " conversations judged again\n", result->decisions,
	       result->threads);
	printf("%s%" G_GINT64_FORMAT " decisions change (%.1f %%)%s, in %" G_GINT64_FORMAT " conversations\n",
	       ctl_look(ctl, CTL_BOLD), result->changed, percent(result->changed, result->decisions + result->added),
	       ctl_look(ctl, CTL_PLAIN), result->changed_threads);
	for (guint i = 0; i < result->steps->len; i++) {
		const struct hg_replay_step *step = &g_array_index(result->steps, struct hg_replay_step, i);

		printf("  %-9s -> %-9s %8" G_GINT64_FORMAT "\n", step->from, step->to, step->n);
	}
	if (result->other_rule)
		printf("%" G_GINT64_FORMAT " come out the same by another rule\n", result->other_rule);
	if (result->unreadable)
		printf("%" G_GINT64_FORMAT " could not be judged: their facts were not kept\n", result->unreadable);
	if (result->gave_up)
		printf("%" G_GINT64_FORMAT " times a pattern hit its limit, which counts as no match\n", result->gave_up);
}

static const char *look_of(const char *band)
{
	return strcmp(band, "bad") == 0 ? "  above 40 %: too many tickets" : strcmp(band, "high") == 0 ?
		"  above the healthy 20 to 35 %" : "";
}

static void print_channels(const struct ctl *ctl, const struct hg_replay_result *result)
{
	printf("%s%-16s %13s %8s %8s %8s %8s  %s%s\n", ctl_look(ctl, CTL_BOLD), "CHANNEL", "CONVERSATIONS", "TICKETS",
	       "RATE", "NEW", "RATE", "BAND (healthy: 20 to 35 %)", ctl_look(ctl, CTL_PLAIN));
	for (guint i = 0; i < result->channels->len; i++) {
		const struct hg_replay_channel *c = &g_array_index(result->channels, struct hg_replay_channel, i);
		const char *before = hg_replay_band(c->before, c->conversations);
		const char *after = hg_replay_band(c->after, c->conversations);

		ctl_cell(c->name, 16);
		printf(" %12" G_GINT64_FORMAT " %8" G_GINT64_FORMAT " %6.1f %% %8" G_GINT64_FORMAT " %6.1f %%  %s -> %s%s\n",
		       c->conversations, c->before, percent(c->before, c->conversations), c->after,
		       percent(c->after, c->conversations), before, after, look_of(after));
	}
}

static void print_changes(const struct hg_replay_result *result)
{
	for (guint i = 0; i < result->changes->len; i++) {
		const struct hg_replay_change *change = &g_array_index(result->changes, struct hg_replay_change, i);
		g_autofree char *rule = change->rule ? ctl_safe(change->rule, FALSE) : NULL;
		char at[HG_TIME_SIZE];

		hg_time(change->at_ms, at);
		printf("%s  %.10s %.8s  on %-14s  %s -> %s%s%s%s\n", change->thread_id, at, at + 11, change->on, change->from,
		       change->to, rule ? "  by rule '" : "", rule ? rule : "", rule ? "'" : "");
	}
	if (result->changed > result->changes->len)
		printf("... and %" G_GINT64_FORMAT " more\n", result->changed - result->changes->len);
}

/* ---- as JSON ---- */

static void print_json(const struct run *run, const struct hg_replay_result *result, gboolean show)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_time(out, "since", run->since_ms);
	hg_json_add_int(out, "took_ms", hg_mono(hg_env_system()) - run->started_ms);
	hg_replay_write(result, show ? HG_REPLAY_CHANGES_MAX : 0, out);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static void print_text(const struct run *run, const struct hg_replay_result *result, gboolean show)
{
	gint64 took_ms = MAX(1, hg_mono(hg_env_system()) - run->started_ms);

	if (show)
		print_changes(result);
	print_sum(run->ctl, result);
	print_channels(run->ctl, result);
	if (!run->ctl->quiet)
		printf("in %.1f s, %" G_GINT64_FORMAT " decisions a second\n", (double)took_ms / 1000,
		       run->n * 1000 / took_ms);
}

/* ---- the verb ---- */

static int replay(struct ctl *ctl, const char *rules, gint64 span_ms, gboolean show)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, rules);
	g_autoptr(hg_replay) made = setup ? hg_replay_new(setup->conf, setup->rules) : NULL;
	struct hg_env *env = hg_env_system();
	struct run run = { .ctl = ctl, .replay = made, .now_ms = hg_now(env), .started_ms = hg_mono(env) };
	struct hg_replay_result result;
	int code;

	if (!setup)
		return CTL_CONFIG;
	run.since_ms = MAX(0, run.now_ms - span_ms);
	ctl_long_begin(&run.progress, ctl);
	run.progress.unit = "decisions";
	code = read_all(&run);
	ctl_long_end(&run.progress, "the same again, from the beginning: nothing was changed");
	if (code != CTL_DONE)
		return code;
	hg_replay_end(made, run.now_ms);
	hg_replay_get(made, &result);
	if (ctl->json)
		print_json(&run, &result, show);
	else
		print_text(&run, &result, show);
	return CTL_DONE;
}

static int run_replay(struct ctl *ctl)
{
	const char *rules = ctl_value(ctl, "config");

	/* A configuration named before the verb is the daemon's, the one behind it has the rules. */
	if (!ctl->config)
		ctl->config = rules;
	return replay(ctl, rules ? rules : ctl_config(ctl), ctl_span(ctl, "since", SINCE_MS), ctl_given(ctl, "show"));
}

const struct ctl_verb ctl_rules_replay = {
	.name = "replay", .help = "judge what the running daemon decided by other rules, without effect", .run = run_replay,
	.options = CTL_PARAMS({ "since", CTL_SPAN, NULL, "what was decided in the last SPAN [30d]" },
			      { "config", CTL_FILE, NULL, "whose rules [the daemon's own configuration]", NULL, 'c' },
			      { "show", CTL_WORD, NULL, "changed: names the conversations", "changed" }),
	.more = "Says how many decisions change and into what, and for each channel how many conversations become tickets before "
		"and after.  The daemon is that of FILE's socket, unless a socket or a configuration is named before the verb.",
	.exits = "0 done, 6 stopped, 78 errors in the configuration",
	.example = "rules replay --since 7d --config new.yaml --show changed",
};
