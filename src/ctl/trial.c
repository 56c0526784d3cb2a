/* trial.c - test: the configuration's tests, played and told */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "log.h"
#include "setup.h"
#include "text.h"

#define QUOTE_MAX 80		/* bytes of a message's text in a line */

/* ---- one test, for people ---- */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "-";
}

static void print_decision(const struct hg_trial_decision *entry)
{
	const hg_decision *decision = entry->decision;
	g_autofree char *cut = hg_text_valid(entry->text ? entry->text : "", -1, QUOTE_MAX);
	g_autofree char *safe = ctl_safe(cut, FALSE);
	char at[HG_TIME_SIZE];

	hg_time(decision->at_ms, at);
	printf("    %.10s %.8s  on %-14s %-8s ", at, at + 11, decision->on, decision->action);
	if (decision->rule)
		printf("by rule '%s' (%s:%d)", decision->rule, base_name(decision->file), decision->line);
	else
		fputs("no rule decided", stdout);
	if (entry->text)
		printf("  \"%s%s\"", safe, strlen(entry->text) > strlen(cut) ? "..." : "");
	putchar('\n');
}

static void print_miss(const struct hg_trial_miss *miss)
{
	g_autofree char *got = ctl_safe(miss->got, FALSE);

	printf("  %s:%d:%d: ", miss->place->file, miss->place->line, miss->place->column);
	if (miss->want)
		printf("%s: expected %s, got %s\n", miss->what, miss->want, got);
	else
		printf("%s was refused: %s\n", miss->what, got);
}

static void print_result(const struct ctl *ctl, const hg_trials *trials, guint i, const struct hg_trial_result *result)
{
	gboolean passed = !result->misses->len;

	if (ctl->quiet && passed)
		return;
	printf("%s%-4s%s  %s\n", ctl_look(ctl, passed ? CTL_GREEN : CTL_RED), passed ? "ok" : "FAIL",
	       ctl_look(ctl, CTL_PLAIN), hg_trials_name(trials, i));
	if (passed)
		return;
	for (guint n = 0; n < result->misses->len; n++)
		print_miss(&g_array_index(result->misses, struct hg_trial_miss, n));
	puts(result->decisions->len ? "  decisions:" : "  no decision was made");
	for (guint n = 0; n < result->decisions->len; n++)
		print_decision(&g_array_index(result->decisions, struct hg_trial_decision, n));
}

/* ---- as JSON ---- */

static void place_json(GString *out, const struct hg_place *place)
{
	hg_json_add_str(out, "file", place->file);
	hg_json_add_int(out, "line", place->line);
	hg_json_add_int(out, "column", place->column);
}

static void miss_json(GString *out, const struct hg_trial_miss *miss)
{
	hg_json_open(out, '{');
	place_json(out, miss->place);
	hg_json_add_str(out, "what", miss->what);
	hg_json_add_str(out, "want", miss->want);
	hg_json_add_str(out, "got", miss->got);
	hg_json_close(out, '}');
}

static void decision_json(GString *out, const struct hg_trial_decision *entry)
{
	const hg_decision *decision = entry->decision;

	hg_json_open(out, '{');
	hg_json_add_time(out, "at", decision->at_ms);
	hg_json_add_str(out, "on", decision->on);
	hg_json_add_str(out, "action", decision->action);
	hg_json_add_str(out, "rule", decision->rule);
	hg_json_add_str(out, "file", decision->file);
	hg_json_add_int(out, "line", decision->line);
	hg_json_add_str(out, "text", entry->text);
	hg_json_close(out, '}');
}

static void result_json(GString *out, const hg_trials *trials, guint i, const struct hg_trial_result *result)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", hg_trials_name(trials, i));
	place_json(out, hg_trials_place(trials, i));
	hg_json_add_bool(out, "passed", !result->misses->len);
	hg_json_key(out, "misses");
	hg_json_open(out, '[');
	for (guint n = 0; n < result->misses->len; n++)
		miss_json(out, &g_array_index(result->misses, struct hg_trial_miss, n));
	hg_json_close(out, ']');
	hg_json_key(out, "decisions");
	hg_json_open(out, '[');
	for (guint n = 0; n < result->decisions->len; n++)
		decision_json(out, &g_array_index(result->decisions, struct hg_trial_decision, n));
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

/* ---- all of them ---- */

/* FALSE: it could not be played, which is said. */
static gboolean play(struct ctl *ctl, const hg_trials *trials, guint i, GString *json, guint *failed)
{
	g_autoptr(GError) error = NULL;
	struct hg_trial_result result;

	if (!hg_trials_run(trials, i, &result, &error)) {
		ctl_say_error(ctl, "test '%s' could not be played: %s", hg_trials_name(trials, i), error->message);
		return FALSE;
	}
	*failed += result.misses->len > 0;
	if (json)
		result_json(json, trials, i, &result);
	else
		print_result(ctl, trials, i, &result);
	hg_trial_result_clear(&result);
	return TRUE;
}

/* What the engine logs of made-up conversations is nobody's news; its errors are. */
static void errors_only(void *arg, enum hg_level level, const char *event, const char *line)
{
	(void)arg;
	(void)event;
	if (level == HG_LOG_ERROR)
		fprintf(stderr, "%s\n", line);
}

int ctl_run_trials(struct ctl *ctl, const hg_trials *trials, const char *only, GString *json, guint *ret_failed)
{
	guint played = 0, stuck = 0;

	*ret_failed = 0;
	hg_log_set_sink(errors_only, NULL);
	for (guint i = 0; i < hg_trials_count(trials); i++) {
		if (only && !strstr(hg_trials_name(trials, i), only))
			continue;
		played++;
		stuck += !play(ctl, trials, i, json, ret_failed);
		fflush(stdout);
	}
	hg_log_set_sink(NULL, NULL);
	if (!json && !ctl->quiet)
		printf("%u test%s, %u failed\n", played, played == 1 ? "" : "s", *ret_failed + stuck);
	*ret_failed += stuck;
	return (int)played;
}

static int test(struct ctl *ctl)
{
	const char *path = ctl_given(ctl, "FILE") ? ctl_value(ctl, "FILE") : ctl_config(ctl), *only = ctl_value(ctl, "name");
	g_autoptr(hg_setup) setup = ctl_setup(ctl, path);
	g_autoptr(GString) out = g_string_new(NULL);
	guint failed;
	int played;

	if (!setup)
		return CTL_CONFIG;
	hg_json_open(out, '{');
	hg_json_add_str(out, "file", path);
	hg_json_key(out, "results");
	hg_json_open(out, '[');
	played = ctl_run_trials(ctl, setup->trials, only, ctl->json ? out : NULL, &failed);
	hg_json_close(out, ']');
	hg_json_add_int(out, "tests", played);
	hg_json_add_int(out, "failed", failed);
	hg_json_close(out, '}');
	if (ctl->json)
		ctl_put_json(out->str);
	if (only && !played) {
		ctl_say_error(ctl, "no test has \"%s\" in its name", only);
		return CTL_MISSING;
	}
	return failed ? CTL_NO : CTL_DONE;
}

const struct ctl_verb ctl_verb_test = {
	.name = "test", .help = "play the tests of a configuration", .run = test,
	.args = CTL_PARAMS({ "FILE", CTL_FILE, .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "name", CTL_TEXT, "TEXT", "only those with TEXT in their name", NULL, 'k' }),
	.more = "Each is played through the engine, on a store and a clock of its own; of those that fail it says what came "
		"instead, and which decisions led there.",
	.exits = "0 all passed, 1 a test failed, 4 no test has that name, 78 errors in the configuration",
};
