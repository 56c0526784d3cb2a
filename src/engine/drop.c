/* drop.c - conversations that were closed unresolved and that no helpdesk took over */
#include "turn.h"

#include <string.h>

#include "json.h"

#define DROP_MS (5 * 60 * 1000)		/* how long a helpdesk has to take it over */

gboolean hg_drop_watch(hg_turn *turn, const hg_case *kase, GError **error)
{
	if (kase->thread->resolution != HG_RES_UNRESOLVED || kase->thread->shadow)
		return TRUE;
	return hg_timer_set(turn, kase->thread->n, "drop", turn->now_ms + DROP_MS, NULL, error);
}

/* A function of what is stored: however late the timer is, it comes to the same. */
static gboolean is_drop(const hg_case *kase)
{
	const hg_episode *row = kase->episode;

	if (!row || row->dropped_ms || kase->thread->state == HG_THREAD_OPEN ||
	    row->resolution != HG_RES_UNRESOLVED)
		return FALSE;
	return !kase->ticket || !kase->ticket->acked_ms || kase->ticket->acked_ms > row->closed_ms + DROP_MS;
}

gboolean hg_drop_due(hg_turn *turn, hg_case *kase, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);
	hg_episode *row;

	if (!hg_case_ticket(turn, kase, error) || !hg_episode_last(turn, kase, error))
		return FALSE;
	if (!is_drop(kase))
		return TRUE;
	row = kase->episode;
	row->dropped_ms = row->closed_ms + DROP_MS;
	row->restored_ms = kase->ticket ? kase->ticket->acked_ms : 0;
	kase->episode_changed = TRUE;
	hg_tally_note(turn, kase, HG_TALLY_DROP, 0);
	if (row->restored_ms)
		hg_tally_note(turn, kase, HG_TALLY_RESTORED, 0);
	hg_warn(&ctx, "drop.detected", "closed unresolved and no helpdesk had it within 5 minutes: %s",
		kase->ticket ? "its ticket was not acknowledged" : "no rule made a ticket of it");
	return hg_event_tell(turn, kase, &(struct hg_payload){ .type = "drop.detected",
		.reason = kase->ticket ? "ticket not acknowledged" : "no ticket" }, error);
}

/* ---- repair: what should have happened is made to happen, as often as it is asked for ---- */

#define LANE_LOOK 200			/* jobs of a thread at one backend looked through */

enum done { NOTHING, CONVERTED, SENT_AGAIN, ASKED_AGAIN, WAITS };

static gboolean is_request(hg_turn *turn, const hg_job *job, gboolean *ret, GError **error)
{
	hg_event *event = NULL;

	if (job->event_n && !hg_store_event_get(turn->store, turn->arena, job->event_n, &event, error))
		return FALSE;
	*ret = event && strcmp(event->type, "ticket.requested") == 0;
	return TRUE;
}

/* What was given up is tried again, what waits for a later attempt is tried now. */
static gboolean hurry(hg_turn *turn, hg_job *job, enum done *done, GError **error)
{
	*done = MAX(*done, WAITS);
	if (job->state == HG_JOB_DEAD) {
		*done = SENT_AGAIN;
		if (!hg_store_job_retry_dead(turn->store, job->n, turn->now_ms, error))
			return FALSE;
	} else if (job->state == HG_JOB_DUE && job->due_ms > turn->now_ms) {
		*done = SENT_AGAIN;
		job->due_ms = turn->now_ms;
		if (!hg_store_job_update(turn->store, job, error))
			return FALSE;
	}
	hg_targets_wake(turn->engine->targets, HG_TO_BACKEND, job->name, turn->now_ms);
	return TRUE;
}

static gboolean hurry_backend(hg_turn *turn, const hg_case *kase, const char *backend, enum done *done, GError **error)
{
	struct hg_job_query query = { .target = HG_TO_BACKEND, .name = backend, .lane = kase->thread->id,
				      .limit = LANE_LOOK };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	gboolean request;

	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++) {
		hg_job *job = g_ptr_array_index(jobs, i);

		if (!is_request(turn, job, &request, error) || (request && !hurry(turn, job, done, error)))
			return FALSE;
	}
	return TRUE;
}

static gboolean ask_again(hg_turn *turn, hg_case *kase, enum done *done, GError **error)
{
	const GPtrArray *backends = turn->conf->backends;

	if (!backends->len)
		return hg_fail(error, HG_ERROR_CONFIG, "no helpdesk is configured that could take ticket %s: add one to "
			       "backends: and restore it then", kase->ticket->number);
	for (guint i = 0; i < backends->len; i++)
		if (!hurry_backend(turn, kase, ((const struct hg_backend_conf *)g_ptr_array_index(backends, i))->name,
				   done, error))
			return FALSE;
	if (*done != NOTHING)
		return TRUE;
	if (hg_requester_waits(kase->thread)) {
		*done = ASKED_AGAIN;
		return hg_requester_now(turn, kase, NULL, error);
	}
	/* There was no helpdesk then, or its letter was thrown away. */
	*done = ASKED_AGAIN;
	return hg_convert_request(turn, kase, &(struct hg_conversion){ .reason = kase->ticket->reason }, error);
}

static gboolean restore(hg_turn *turn, hg_case *kase, enum done *done, GError **error)
{
	const char *who = turn->command->agent ?: turn->command->principal ?: "the API";
	g_autofree char *reason = g_strconcat("drop restored by ", who, NULL);

	if (kase->episode->restored_ms || (kase->ticket && kase->ticket->acked_ms))
		return TRUE;
	if (kase->ticket)
		return ask_again(turn, kase, done, error);
	*done = CONVERTED;
	return hg_convert(turn, kase, &(struct hg_conversion){ .reason = hg_arena_str(turn->arena, reason),
							       .agent = turn->command->agent }, error);
}

static void answer(hg_turn *turn, const hg_case *kase, enum done done)
{
	static const struct { const char *word, *text; } words[] = {
		[NOTHING] = { "nothing", "nothing was left to do" },
		[CONVERTED] = { "converted", "made a ticket; the helpdesk is asked for it now" },
		[SENT_AGAIN] = { "sent_again", "the request for its ticket is sent again now" },
		[ASKED_AGAIN] = { "asked_again", "the helpdesk is asked anew for its ticket" },
		[WAITS] = { "waits", "the request for its ticket is under way, or its helpdesk is down" },
	};
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "thread_id", kase->thread->id);
	hg_json_add_str(out, "did", words[done].word);
	hg_json_add_str(out, "text", words[done].text);
	hg_json_add_str(out, "ticket", kase->ticket ? kase->ticket->number : NULL);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

gboolean hg_drop_restore(hg_turn *turn, GError **error)
{
	enum done done = NOTHING;
	hg_case kase;

	if (!hg_case_by_id(turn, turn->command->thread_id, &kase, error) || !hg_case_ticket(turn, &kase, error) ||
	    !hg_episode_last(turn, &kase, error))
		return FALSE;
	if (!kase.episode || !kase.episode->dropped_ms)
		return hg_fail(error, HG_ERROR_STATE, "thread %s was not dropped", kase.thread->id);
	if (!restore(turn, &kase, &done, error) || !hg_case_save(turn, &kase, error))
		return FALSE;
	answer(turn, &kase, done);
	return TRUE;
}
