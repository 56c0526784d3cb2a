/* journal_feed.c - what was done is done again: the same clock, the same random numbers, the same order */
#include "journal.h"

#include "round.h"

/* ---- a delivery's bytes, from where they lie ---- */

/* Never kept, or erased meanwhile: nothing decides by what is in them, only that there was something. */
static gboolean take_raw(hg_store *from, hg_arena *arena, gint64 n, const void **raw, size_t len, GError **error)
{
	const void *bytes = NULL;
	gsize size = 0;

	if (n && !hg_store_raw_get(from, arena, n, &bytes, &size, error))
		return FALSE;
	*raw = bytes && size == len ? bytes : hg_arena_alloc(arena, len);
	return TRUE;
}

static gint64 place_of(const struct hg_journalled *entry, gsize i)
{
	return i < entry->n_raw ? entry->raw[i] : 0;
}

static gboolean add_raw(const struct hg_journalled *entry, hg_store *from, GError **error)
{
	hg_command *command = entry->command;
	struct hg_batch *batch = &command->batch;
	struct hg_in *items = (struct hg_in *)(void *)batch->in;	/* the command's own */

	if (batch->raw_len && !take_raw(from, command->arena, place_of(entry, 0), &batch->raw, batch->raw_len, error))
		return FALSE;
	for (gsize i = 0; i < batch->n_in; i++)
		if (items[i].raw_len && !take_raw(from, command->arena, place_of(entry, 1 + i), &items[i].raw,
						  items[i].raw_len, error))
			return FALSE;
	return TRUE;
}

/* ---- each kind ---- */

static gboolean refuse(struct hg_round *round, GError *why, GError **ret_refused, GError **error)
{
	if (round->broke) {
		g_propagate_error(error, why);
		return FALSE;
	}
	*ret_refused = why;
	return TRUE;
}

static gboolean feed_command(struct hg_round *round, struct hg_journalled *entry, hg_store *from, GError **ret_refused,
			     GError **error)
{
	GError *why = NULL;
	const char *answer;

	if (!add_raw(entry, from, error))
		return FALSE;
	return hg_round_command(round, entry->command, &answer, &why) || refuse(round, why, ret_refused, error);
}

static gboolean feed_timer(struct hg_round *round, const struct hg_journalled *entry, GError **ret_refused,
			   GError **error)
{
	hg_timer *timer;
	GError *why = NULL;

	if (!hg_store_timer_get(round->engine->store, round->engine->round, entry->timer.thread_n, entry->timer.kind,
				&timer, error))
		return FALSE;
	if (!timer)
		return hg_fail(ret_refused, HG_ERROR_MISSING, "no timer \"%s\" runs for it", entry->timer.kind) || TRUE;
	return hg_round_timer(round, timer, &why) || refuse(round, why, ret_refused, error);
}

static gboolean feed_waited(struct hg_round *round, const struct hg_journalled *entry, GError **ret_refused,
			    GError **error)
{
	hg_waiting *waiting;
	GError *why = NULL;

	if (!hg_store_waiting_get(round->engine->store, round->engine->round, entry->waiting_n, &waiting, error))
		return FALSE;
	if (!waiting)
		return hg_fail(ret_refused, HG_ERROR_MISSING, "nothing waits under this number") || TRUE;
	return hg_round_waited(round, waiting, &why) || refuse(round, why, ret_refused, error);
}

static gboolean feed_claim(struct hg_round *round, gint64 said, gboolean *ret_there, GError **error)
{
	hg_engine *engine = round->engine;
	hg_job *job;

	if (!hg_store_job_get(engine->store, engine->round, ABS(said), &job, error))
		return FALSE;
	*ret_there = job && job->state == HG_JOB_DUE;
	if (!*ret_there)
		return TRUE;
	hg_journal_note_claim(engine, job->n, said < 0);
	return said < 0 ? hg_store_job_done(engine->store, job, round->now_ms, NULL, error) :
			  hg_targets_take(engine, job, round->now_ms, error);
}

static gboolean feed_claims(struct hg_round *round, const struct hg_journalled *entry, GError **ret_refused,
			    GError **error)
{
	guint missing = 0;
	gboolean there;

	for (guint i = 0; i < entry->jobs->len; i++) {
		if (!feed_claim(round, g_array_index(entry->jobs, gint64, i), &there, error))
			return FALSE;
		missing += !there;
	}
	if (missing)
		hg_fail(ret_refused, HG_ERROR_MISSING, "%u jobs that went out are not due", missing);
	return hg_journal_claims(round->engine, round->now_ms, error);
}

static gboolean feed_conf(struct hg_round *round, int kind, GError **error)
{
	hg_engine *engine = round->engine;
	guint n;

	if (kind == HG_J_START || kind == HG_J_JOIN)
		return hg_round_recover(round, kind == HG_J_START, &n, error);
	if (!hg_engine_take_conf(engine, round->now_ms))
		return hg_fail(error, HG_ERROR_STATE, "no configuration waits to be taken");
	return hg_round_adopt(round, error) && hg_journal_conf(engine, kind, round->now_ms, error);
}

static gboolean feed(struct hg_round *round, int kind, struct hg_journalled *entry, hg_store *from,
		     GError **ret_refused, GError **error)
{
	switch (kind) {
	case HG_J_COMMAND:
		return feed_command(round, entry, from, ret_refused, error);
	case HG_J_TIMER:
		return feed_timer(round, entry, ret_refused, error);
	case HG_J_WAITED:
		return feed_waited(round, entry, ret_refused, error);
	case HG_J_TAKE:
		return hg_round_take_one(round, entry->post, error);
	case HG_J_CLAIM:
		return feed_claims(round, entry, ret_refused, error);
	default:
		return feed_conf(round, kind, error);
	}
}

gboolean hg_engine_feed(hg_engine *engine, const hg_journal *row, hg_store *from, GError **ret_refused, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_journalled entry;
	struct hg_round round;
	gboolean ok;

	if (!hg_journal_read(row, arena, &entry, error))
		return FALSE;
	hg_round_begin(&round, engine, row->at_ms);
	engine->fed = row;
	ok = feed(&round, row->kind, &entry, from, ret_refused, error);
	engine->fed = NULL;
	if (ok)
		hg_targets_marks_hold(engine->targets);
	hg_targets_stay(engine->targets);
	hg_round_end(&round);
	hg_journalled_done(&entry);
	return ok;
}
