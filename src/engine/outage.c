/* outage.c - channels and backends that went down, or came up: told, and what waited is brought forward */
#include "posts.h"
#include "turn.h"

#define BRING_AT_ONCE 500		/* waiting jobs read at a time when a channel comes up */

/* ---- down ---- */

/* Rules and people ask since when, also after a restart. */
static gboolean outage_begins(hg_turn *turn, const char *backend, GError **error)
{
	gint64 since_ms;

	return hg_store_outage_get(turn->store, backend, &since_ms, error) &&
	       (since_ms || hg_store_outage_set(turn->store, backend, turn->now_ms, error));
}

static gboolean outage_ends(hg_turn *turn, const char *backend, GError **error)
{
	gint64 since_ms;

	return hg_store_outage_get(turn->store, backend, &since_ms, error) &&
	       (!since_ms || hg_store_outage_set(turn->store, backend, 0, error));
}

gboolean hg_outage_begun(hg_turn *turn, int target, const char *name, const char *why, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, target == HG_TO_BACKEND ? "backend" : "channel", name);

	if (!hg_targets_mark(turn->engine->targets, target, name, TRUE))
		return TRUE;
	hg_err(&ctx, target == HG_TO_BACKEND ? "backend.down" : "channel.down", "%s; what is to be sent waits",
	       why ?: "no reason given");
	if (target == HG_TO_BACKEND && !outage_begins(turn, name, error))
		return FALSE;
	return hg_event_tell(turn, NULL, &(struct hg_payload){ .type = "channel.down", .name = name,
							       .reason = why }, error);
}

/* ---- up ---- */

static gboolean bring_forward(hg_turn *turn, int target, const char *name, GError **error)
{
	struct hg_job_query query = { .target = target, .name = name, .state = HG_JOB_DUE, .limit = BRING_AT_ONCE };
	gboolean more = TRUE;

	if (!hg_store_job_unpark(turn->store, target, name, turn->now_ms, error))
		return FALSE;
	while (more) {
		g_autoptr(hg_arena) page = hg_arena_new();	/* days of events may wait: a part at a time */
		g_autoptr(GPtrArray) jobs = g_ptr_array_new();

		if (!hg_store_job_list(turn->store, page, &query, jobs, error))
			return FALSE;
		for (guint i = 0; i < jobs->len; i++) {
			hg_job *job = g_ptr_array_index(jobs, i);

			query.after_n = job->n;
			if (job->due_ms <= turn->now_ms)
				continue;
			job->due_ms = turn->now_ms;
			if (!hg_store_job_update(turn->store, job, error))
				return FALSE;
		}
		more = jobs->len == query.limit;
	}
	hg_targets_pause(turn->engine->targets, target, name, 0);
	return TRUE;
}

/* The longest waiting one shows whether a backend that is down answers again. */
static gboolean bring_one(hg_turn *turn, int target, const char *name, GError **error)
{
	struct hg_job_query query = { .target = target, .name = name, .state = HG_JOB_DUE, .limit = 1 };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	hg_job *job;

	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	if (!jobs->len)
		return TRUE;
	job = g_ptr_array_index(jobs, 0);
	job->due_ms = MIN(job->due_ms, turn->now_ms);
	hg_targets_wake(turn->engine->targets, target, name, job->due_ms);
	return hg_store_job_update(turn->store, job, error);
}

static gboolean tell_up(hg_turn *turn, int target, const char *name, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, target == HG_TO_BACKEND ? "backend" : "channel", name);

	if (!hg_targets_mark(turn->engine->targets, target, name, FALSE))
		return TRUE;
	hg_info(&ctx, target == HG_TO_BACKEND ? "backend.up" : "channel.up", "what waited is sent now");
	if (target == HG_TO_BACKEND && !outage_ends(turn, name, error))
		return FALSE;
	return hg_event_tell(turn, NULL, &(struct hg_payload){ .type = "channel.up", .name = name }, error);
}

/* Whoever carries things there does not know that it was down when headgate stopped. */
gboolean hg_outage_answered(hg_turn *turn, const hg_job *job, GError **error)
{
	const struct hg_forward_result *result = &turn->command->forwarded;

	return (result->fate != HG_SENT && result->fate != HG_STEP) || result->gone ||
	       !hg_targets_was_down(turn->engine->targets, HG_TO_BACKEND, job->name) ||
	       tell_up(turn, HG_TO_BACKEND, job->name, error);
}

gboolean hg_result_condition(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	int target = command->backend ? HG_TO_BACKEND : HG_TO_CHANNEL;
	const char *name = command->backend ?: command->channel;

	if (!hg_posts_may_say(turn->engine->posts, target, name))
		return TRUE;
	if (command->condition == HG_DOWN) {
		/* A backend's own circuit decides by slots when it is tried again. */
		if (target == HG_TO_CHANNEL)
			hg_targets_pause(turn->engine->targets, target, name, G_MAXINT64);
		return hg_outage_begun(turn, target, name, command->text, error);
	}
	if (command->condition == HG_DEGRADED && target == HG_TO_BACKEND)
		return bring_one(turn, target, name, error);
	if (!tell_up(turn, target, name, error) || !bring_forward(turn, target, name, error))
		return FALSE;
	if (target == HG_TO_BACKEND)
		return bring_forward(turn, HG_FROM_BACKEND, name, error);
	return (bring_forward(turn, HG_TO_FETCH, name, error) && bring_forward(turn, HG_TO_UNPACK, name, error) &&
		bring_forward(turn, HG_TO_SETTLE, name, error));
}
