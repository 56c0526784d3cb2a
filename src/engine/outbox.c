/* outbox.c - jobs: added, tried again, ended; the schedule of attempts */
#include "turn.h"

#define SECOND ((gint64)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define LANE_LOOK 200		/* jobs of a lane looked through */

/* Asked for by the far end; anything outside is a mistake or an attack on our patience. */
#define RETRY_LEAST SECOND
#define RETRY_MOST  (24 * HOUR)

gboolean hg_outbox_add(hg_turn *turn, hg_job *job, GError **error)
{
	gboolean claimed;

	job->created_ms = job->changed_ms = turn->now_ms;
	if (!hg_store_job_add(turn->store, job, error) ||
	    !hg_targets_claim_new(turn->engine->targets, job, turn->now_ms, &claimed, error))
		return FALSE;
	if (!claimed)
		hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
	return TRUE;
}

gboolean hg_outbox_end(hg_turn *turn, hg_job *job, gboolean dead, GError **error)
{
	gboolean next = FALSE;

	job->changed_ms = turn->now_ms;
	if (dead && !hg_job_move(job, HG_JOB_DEAD, error))
		return FALSE;
	if (!dead && !hg_dead_edit_ends(turn, job, error))
		return FALSE;
	if (dead ? !hg_store_job_dead(turn->store, job, turn->now_ms, &next, error) :
		   !hg_store_job_done(turn->store, job, turn->now_ms, &next, error))
		return FALSE;
	if (next)
		hg_targets_wake(turn->engine->targets, job->target, job->name, turn->now_ms);
	return TRUE;
}

/* 5 s, 30 s, 2 m, 10 m, 30 m, 1 h, then hourly for a day, then every four hours; 20 % either way, so
 * that what failed together does not come again together. */
gint64 hg_outbox_backoff(struct hg_env *env, const hg_job *job, gint64 now_ms)
{
	static const gint64 steps[] = { 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR };
	gint64 wait_ms;
	guint16 dice;

	if (job->attempts <= (int)G_N_ELEMENTS(steps))
		wait_ms = steps[MAX(job->attempts, 1) - 1];
	else
		wait_ms = now_ms - job->created_ms < 24 * HOUR ? HOUR : 4 * HOUR;
	env->random(env, &dice, sizeof(dice));
	return wait_ms * 4 / 5 + wait_ms * 2 / 5 * dice / G_MAXUINT16;
}

gboolean hg_outbox_hurry(hg_turn *turn, int target, const char *name, const char *lane, GError **error)
{
	const struct hg_job_query query = { .target = target, .name = name, .lane = lane, .limit = LANE_LOOK };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	hg_job *head = NULL;

	/* Dead letters lie before it. */
	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	for (guint i = 0; !head && i < jobs->len; i++)
		if (((hg_job *)g_ptr_array_index(jobs, i))->state == HG_JOB_DUE)
			head = g_ptr_array_index(jobs, i);
	if (!head || head->due_ms <= turn->now_ms)
		return TRUE;
	head->due_ms = turn->now_ms;
	hg_targets_wake(turn->engine->targets, target, name, head->due_ms);
	return hg_store_job_update(turn->store, head, error);
}

gboolean hg_outbox_again(hg_turn *turn, hg_job *job, gint64 retry_ms, GError **error)
{
	gint64 wait_ms = retry_ms > 0 ? CLAMP(retry_ms, RETRY_LEAST, RETRY_MOST) :
					hg_outbox_backoff(turn->engine->env, job, turn->now_ms);

	if (!hg_job_move(job, HG_JOB_DUE, error))
		return FALSE;
	job->due_ms = turn->now_ms + wait_ms;
	job->changed_ms = turn->now_ms;
	hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
	return hg_store_job_update(turn->store, job, error);
}
