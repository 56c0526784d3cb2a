/* trial_run.c - plays one test and says what did not come as expected */
#include "trial_made.h"

static void miss_step(struct hg_trial_result *result, const struct hg_trial_step *step, const char *refused)
{
	hg_trial_missed(result, &step->place, "this step", NULL, refused);
}

static gboolean judge(hg_lab *lab, const hg_node *expect, struct hg_trial_result *result, GError **error)
{
	struct hg_trial_seen seen;
	gboolean fine = hg_trial_look(lab, result, &seen, error);

	if (fine && expect)
		hg_trial_expect_judge(expect, &seen, result);
	hg_trial_seen_clear(&seen);
	return fine;
}

static gboolean play_step(hg_lab *lab, const struct hg_trial *trial, const struct hg_trial_step *step,
			  struct hg_trial_result *result, GError **error)
{
	g_autofree char *refused = NULL;

	if (!hg_lab_until(lab, trial->start_ms + step->at_ms, error) || !hg_lab_step(lab, step, &refused, error))
		return FALSE;
	if (refused)
		miss_step(result, step, refused);
	return !step->expect || judge(lab, step->expect, result, error);
}

static gboolean play(hg_lab *lab, const struct hg_trial *trial, struct hg_trial_result *result, GError **error)
{
	gint64 end_ms = trial->start_ms + trial->wait_ms;

	for (guint i = 0; i < trial->steps->len; i++) {
		const struct hg_trial_step *step = &g_array_index(trial->steps, struct hg_trial_step, i);

		if (!play_step(lab, trial, step, result, error))
			return FALSE;
		end_ms = trial->start_ms + step->at_ms + trial->wait_ms;
	}
	return hg_lab_until(lab, end_ms, error) && judge(lab, trial->expect, result, error);
}

gboolean hg_trials_run(const hg_trials *trials, guint i, struct hg_trial_result *ret, GError **error)
{
	const struct hg_trial *trial = g_ptr_array_index(trials->list, i);
	g_autoptr(hg_lab) lab = hg_lab_new(trials, trial->start_ms, error);

	*ret = (struct hg_trial_result){ .arena = hg_arena_new(),
		.misses = g_array_new(FALSE, TRUE, sizeof(struct hg_trial_miss)),
		.decisions = g_array_new(FALSE, TRUE, sizeof(struct hg_trial_decision)) };
	if (lab && play(lab, trial, ret, error))
		return TRUE;
	hg_trial_result_clear(ret);
	return FALSE;
}

void hg_trial_result_clear(struct hg_trial_result *result)
{
	g_clear_pointer(&result->misses, g_array_unref);
	g_clear_pointer(&result->decisions, g_array_unref);
	g_clear_pointer(&result->arena, hg_arena_free);
}
