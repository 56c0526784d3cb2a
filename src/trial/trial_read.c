/* trial_read.c - the list of tests of a configuration, read and checked */
#include "trial_made.h"

#include <string.h>

#include "rules.h"
#include "text.h"

#define CLOCK "2026-01-05T09:00:00Z"	/* a Monday morning, when a test names no time */

static void trial_free(void *data)
{
	struct hg_trial *trial = data;

	g_array_unref(trial->steps);
	g_free(trial);
}

void hg_trials_free(hg_trials *trials)
{
	if (!trials)
		return;
	g_ptr_array_unref(trials->list);
	hg_arena_free(trials->arena);
	g_free(trials->channels);
	g_free(trials->rule_names);
	g_free(trials->rules);
	g_free(trials);
}

guint hg_trials_count(const hg_trials *trials)
{
	return trials->list->len;
}

const char *hg_trials_name(const hg_trials *trials, guint i)
{
	return ((const struct hg_trial *)g_ptr_array_index(trials->list, i))->name;
}

const struct hg_place *hg_trials_place(const hg_trials *trials, guint i)
{
	return &((const struct hg_trial *)g_ptr_array_index(trials->list, i))->place;
}

/* ---- names that tests may use ---- */

static const char **channel_names(const hg_conf *conf)
{
	const char **names = g_new0(const char *, conf->channels->len + 1);

	for (guint i = 0; i < conf->channels->len; i++)
		names[i] = ((const struct hg_channel_conf *)g_ptr_array_index(conf->channels, i))->name;
	return names;
}

/* Of rules that have one: what is wrong with others is said where they are compiled. */
static const char **rule_names(const hg_node *rules)
{
	guint size = rules && hg_node_type(rules) == HG_NODE_LIST ? hg_node_size(rules) : 0, n = 0;
	const char **names = g_new0(const char *, size + 1);

	for (guint i = 0; i < size; i++) {
		const hg_node *rule = hg_node_at(rules, i);
		const hg_node *name = hg_node_type(rule) == HG_NODE_MAP ? hg_node_get(rule, "name") : NULL;

		if (name && hg_node_text(name))
			names[n++] = hg_node_text(name);
	}
	return names;
}

/* ---- one test ---- */

static void read_clock(const hg_node *node, gint64 *ret_ms, hg_diag *diag)
{
	gint64 ms = hg_node_text(node) ? hg_time_parse(hg_node_text(node)) : -1;

	if (ms < 0)
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), NULL,
			    "a time such as \"%s\" is wanted here", CLOCK);
	else
		*ret_ms = ms;
}

static gboolean is_filled_list(const hg_node *node)
{
	return node && hg_node_type(node) == HG_NODE_LIST && hg_node_size(node) > 0;
}

/* TRUE when a step of it expects something. */
static gboolean read_steps(hg_trials *trials, const hg_node *given, struct hg_trial *trial, hg_diag *diag)
{
	gboolean expects = FALSE;
	gint64 at_ms = 0;

	if (hg_node_size(given) > HG_TRIAL_STEPS_MAX) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(given), NULL, "a test has %d steps at most",
			    HG_TRIAL_STEPS_MAX);
		return TRUE;
	}
	for (guint i = 0; i < hg_node_size(given); i++) {
		struct hg_trial_step step;

		if (hg_trial_step_read(trials, hg_node_at(given, i), at_ms, &step, diag))
			g_array_append_val(trial->steps, step);
		at_ms = step.at_ms;
		expects |= step.expect != NULL;
	}
	return expects;
}

static void read_parts(hg_trials *trials, const hg_node *node, struct hg_trial *trial, hg_diag *diag)
{
	const hg_node *name = hg_node_get(node, "name"), *given = hg_node_get(node, "given");
	const hg_node *clock = hg_node_get(node, "clock"), *wait = hg_node_get(node, "wait");
	gboolean expects = FALSE;

	trial->name = name ? hg_node_text(name) : NULL;
	if (!trial->name || !*trial->name)
		hg_diag_add(diag, HG_SEV_ERROR, &trial->place, "name: says in a few words what is to happen",
			    "this test has no name");
	if (clock)
		read_clock(clock, &trial->start_ms, diag);
	if (wait)
		hg_node_span(wait, &trial->wait_ms, diag);
	if (is_filled_list(given))
		expects = read_steps(trials, given, trial, diag);
	else
		hg_diag_add(diag, HG_SEV_ERROR, given ? hg_node_place(given) : &trial->place, NULL,
			    "given: is a list of what happens, a message at least");
	trial->expect = hg_node_get(node, "expect");
	if (trial->expect)
		hg_trial_expect_read(trials, trial->expect, diag);
	else if (!expects)
		hg_diag_add(diag, HG_SEV_ERROR, &trial->place, "expect: { tickets: 1 }", "this test expects nothing");
}

static void read_trial(hg_trials *trials, const hg_node *node, hg_diag *diag)
{
	static const char *const keys[] = { "name", "clock", "given", "wait", "expect", NULL };
	struct hg_trial *trial;

	if (!hg_node_check_keys(node, "a test", keys, diag))
		return;
	trial = g_new0(struct hg_trial, 1);
	trial->place = *hg_node_place(node);
	trial->steps = g_array_new(FALSE, TRUE, sizeof(struct hg_trial_step));
	trial->start_ms = hg_time_parse(CLOCK);
	/* Long enough for the default to decide, and for the customer to be told. */
	trial->wait_ms = trials->conf->engine.settle_ms + trials->conf->ticket.confirm_wait_ms;
	g_ptr_array_add(trials->list, trial);
	read_parts(trials, node, trial, diag);
}

static void check_name_twice(const hg_trials *trials, guint i, hg_diag *diag)
{
	const char *name = hg_trials_name(trials, i);

	for (guint other = 0; name && other < i; other++)
		if (g_strcmp0(hg_trials_name(trials, other), name) == 0) {
			hg_diag_add(diag, HG_SEV_ERROR, hg_trials_place(trials, i), NULL,
				    "another test has this name: '%s'", name);
			return;
		}
}

hg_trials *hg_trials_read(const hg_conf *conf, hg_diag *diag)
{
	hg_trials *trials = g_new0(hg_trials, 1);
	guint n = conf->tests ? hg_node_size(conf->tests) : 0;

	trials->conf = conf;
	trials->arena = hg_arena_new();
	trials->rules = hg_rules_keep_all(&(struct hg_rules_source){ .rules = conf->rules, .words = conf->words,
		.hours = conf->hours, .queues = conf->queues, .fallback = conf->engine.fallback, .intent = conf->model });
	trials->list = g_ptr_array_new_with_free_func(trial_free);
	trials->channels = channel_names(conf);
	trials->rule_names = rule_names(conf->rules);
	if (n > HG_TRIALS_MAX)
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(conf->tests), NULL, "there are more than %d tests",
			    HG_TRIALS_MAX);
	for (guint i = 0; i < n && n <= HG_TRIALS_MAX; i++)
		read_trial(trials, hg_node_at(conf->tests, i), diag);
	for (guint i = 0; i < trials->list->len; i++)
		check_name_twice(trials, i, diag);
	return trials;
}
