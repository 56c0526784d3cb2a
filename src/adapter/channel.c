/* channel.c - one channel's life, and what it does in each phase */
#include "services.h"

#include <string.h>

#include "options.h"

/* ---- made and freed ---- */

static void take_set(hg_channel *ch, hg_conf *conf, const struct hg_channel_conf *set)
{
	hg_conf *old = ch->conf;

	ch->conf = hg_conf_ref(conf);
	ch->set = set;
	ch->desc = set->desc;
	if (old)
		hg_conf_unref(old);
	ch->ctx_adapter = HG_CTX(&ch->ctx, "adapter", ch->desc->name);
}

hg_channel *hg_channel_new(const struct hg_channels_env *env, hg_conf *conf,
			   const struct hg_channel_conf *set)
{
	hg_channel *ch = g_new0(hg_channel, 1);

	ch->env = env;
	ch->loop = env->loop;
	ch->name = g_strdup(set->name);
	ch->ctx = HG_CTX(NULL, "channel", ch->name);
	take_set(ch, conf, set);
	g_queue_init(&ch->batches);
	g_queue_init(&ch->calls);
	g_queue_init(&ch->sessions);
	g_queue_init(&ch->jobs);
	g_queue_init(&ch->downloads);
	ch->timers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	ch->sends = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	ch->fetches = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	ch->unpacks = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	ch->counters = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return ch;
}

void hg_channel_free(hg_channel *ch)
{
	if (!ch)
		return;
	g_assert(ch->phase == HG_PH_CLOSED && !ch->shut_done);
	g_hash_table_destroy(ch->timers);
	g_hash_table_destroy(ch->sends);
	g_hash_table_destroy(ch->fetches);
	g_hash_table_destroy(ch->unpacks);
	g_hash_table_destroy(ch->counters);
	hg_conf_unref(ch->conf);
	g_free(ch->name);
	g_free(ch->cursor);
	g_free(ch->error);
	g_free(ch);
}

/* ---- open ---- */

static void read_cursor(hg_channel *ch)
{
	g_free(ch->cursor);
	ch->cursor = ch->env->cursor ? ch->env->cursor(ch->env->ctx, ch->name) : NULL;
}

static void open_failed(hg_channel *ch, const struct hg_err *err, int before, GError **error)
{
	g_autofree char *text = hg_err_text(err, "the adapter gave no reason");

	ch->opened = FALSE;
	ch->phase = HG_PH_CLOSED;
	/* The same failure at every attempt is told once. */
	ch->condition = before;
	hg_condition_set(ch, HG_DOWN, err);
	hg_fail(error, err->kind == HG_ERR_CONFIG ? HG_ERROR_CONFIG : HG_ERROR_BROKEN,
		"channel %s cannot be opened: %s", ch->name, text);
}

gboolean hg_channel_open(hg_channel *ch, GError **error)
{
	struct hg_err err = { 0 };
	int before = ch->condition;

	g_assert(ch->phase == HG_PH_CLOSED);
	ch->state = NULL;
	ch->drained = FALSE;
	ch->late_begun = 0;
	ch->poll = (struct hg_poll_state){ 0 };
	read_cursor(ch);
	ch->opened = TRUE;
	ch->phase = HG_PH_OPENING;
	/* None: whatever it is going to be is news.  The engine is told of UP after each opening: what
	 * waited for somebody to act, or for a later attempt, gets its chance. */
	ch->condition = 0;
	if (ch->desc->open(&hg_host_table, ch, ch->set->options, &ch->state, &err) != 0) {
		open_failed(ch, &err, before, error);
		return FALSE;
	}
	ch->phase = HG_PH_RUNNING;
	ch->open_conf = hg_conf_ref(ch->conf);
	if (ch->desc->start)
		ch->desc->start(ch->state);
	if (!ch->condition)
		hg_condition_set(ch, HG_UP, NULL);
	hg_poll_start(ch);
	hg_condition_start(ch);
	return TRUE;
}

/* ---- the end, step by step ---- */

static gboolean quiet(const hg_channel *ch)
{
	return !ch->batches.length && !ch->calls.length && !ch->jobs.length && !ch->downloads.length;
}

static void close_adapter(hg_channel *ch)
{
	ch->in_close = TRUE;
	if (ch->desc->close)
		ch->desc->close(ch->state);
	ch->opened = FALSE;
	ch->in_close = FALSE;
	ch->take = NULL;
	ch->look = NULL;
	ch->state = NULL;
	hg_session_free_all(ch);
	hg_send_end(ch);
	hg_fetch_end(ch);
	hg_unpack_end(ch);
	hg_conf_unref(g_steal_pointer(&ch->open_conf));
}

static void begin_end(hg_channel *ch)
{
	ch->phase = HG_PH_ENDING;
	hg_loop_untimer(ch->loop, ch->shut_timer);
	ch->shut_timer = 0;
	hg_poll_end(ch);
	hg_condition_end(ch);
	hg_timer_end(ch);
	hg_session_end(ch);
	hg_fetch_cancel(ch);
	hg_http_end(ch);
	hg_job_end(ch);
	hg_emit_end(ch);
}

/* One step towards the end, if one can be made now.  Runs from the loop only, so that no callback of
 * the adapter is on the stack. */
static void step(void *arg)
{
	hg_channel *ch = arg;
	hg_loop_fn *done;

	ch->end_posted = FALSE;
	if (ch->phase == HG_PH_DRAINING &&
	    (!ch->shut_timer || (ch->drained && !ch->batches.length && !g_hash_table_size(ch->sends) && !g_hash_table_size(ch->unpacks))))
		begin_end(ch);
	if (ch->phase == HG_PH_ENDING && quiet(ch)) {
		close_adapter(ch);
		ch->phase = HG_PH_CLOSED;
	}
	/* Closing answers what is left, which is progress too: that post is awaited. */
	if (ch->phase != HG_PH_CLOSED || ch->end_posted || !ch->shut_done)
		return;
	done = g_steal_pointer(&ch->shut_done);
	done(ch->shut_arg);
}

static void post_step(hg_channel *ch)
{
	if (ch->end_posted)
		return;
	ch->end_posted = TRUE;
	hg_loop_post(ch->loop, step, ch);
}

void hg_ch_progress(hg_channel *ch)
{
	if (ch->phase == HG_PH_DRAINING || ch->phase == HG_PH_ENDING)
		post_step(ch);
}

static void out_of_patience(void *arg)
{
	hg_channel *ch = arg;

	ch->shut_timer = 0;
	hg_warn(&ch->ctx, "channel.impatient", "stopping takes too long: %u batches, %u sends%s are cut short",
		ch->batches.length, g_hash_table_size(ch->sends), ch->drained ? "" : " and the adapter's drain");
	post_step(ch);
}

static void drain(hg_channel *ch)
{
	ch->phase = HG_PH_DRAINING;
	if (!ch->poll.under_way)
		hg_poll_end(ch);
	if (ch->desc->stop)
		ch->desc->stop(ch->state);
	else
		ch->drained = TRUE;
}

void hg_channel_shut(hg_channel *ch, gint64 patience_ms, hg_loop_fn *done, void *arg)
{
	ch->shut_done = done;
	ch->shut_arg = arg;
	if (ch->phase == HG_PH_RUNNING || ch->phase == HG_PH_DRAINING) {
		/* Asked again, the latest patience counts: whoever asks again is in more of a hurry. */
		hg_loop_untimer(ch->loop, ch->shut_timer);
		ch->shut_timer = hg_loop_timer(ch->loop, patience_ms, out_of_patience, ch);
	}
	if (ch->phase == HG_PH_RUNNING)
		drain(ch);
	post_step(ch);
}

/* ---- reload ---- */

static gboolean same_options(const hg_channel *ch, const struct hg_channel_conf *set, unsigned with,
			     unsigned without)
{
	return !ch->desc->options ||
	       hg_options_equal(ch->desc->options, ch->set->options, set->options, with, without);
}

static gboolean told(hg_channel *ch, const struct hg_channel_conf *set)
{
	struct hg_err err = { 0 };

	if (!ch->desc->reconf)
		return FALSE;
	if (ch->desc->reconf(ch->state, set->options, &err) == 0)
		return TRUE;
	hg_info(&ch->ctx, "channel.reconf", "the adapter asks for a restart: %.*s",
		(int)strnlen(err.text, sizeof(err.text)), err.text);
	return FALSE;
}

enum hg_channel_change hg_channel_reload(hg_channel *ch, hg_conf *conf, const struct hg_channel_conf *set)
{
	if (ch->phase == HG_PH_CLOSED) {
		take_set(ch, conf, set);
		return HG_CH_SAME;
	}
	if (set->desc != ch->desc || !same_options(ch, set, 0, HG_OPT_RELOAD))
		return HG_CH_RESTART;
	if (same_options(ch, set, HG_OPT_RELOAD, 0)) {
		take_set(ch, conf, set);
		return HG_CH_SAME;
	}
	if (!told(ch, set))
		return HG_CH_RESTART;
	take_set(ch, conf, set);
	hg_conf_unref(ch->open_conf);
	ch->open_conf = hg_conf_ref(conf);
	return HG_CH_TOLD;
}

/* ---- in use ---- */

void hg_channel_restarted(hg_channel *ch)
{
	ch->counts.restarts++;
}

gboolean hg_channel_is_running(const hg_channel *ch)
{
	return ch->phase == HG_PH_RUNNING;
}

gboolean hg_channel_is_closed(const hg_channel *ch)
{
	return ch->phase == HG_PH_CLOSED && !ch->shut_done;
}

const char *hg_channel_name(const hg_channel *ch)
{
	return ch->name;
}

const struct hg_channel_conf *hg_channel_set(const hg_channel *ch)
{
	return ch->set;
}

void hg_channel_dispatch(hg_channel *ch, hg_dispatch *dispatch)
{
	if (ch->phase != HG_PH_RUNNING)
		hg_channel_decline(ch->env, dispatch, "the channel is not running");
	else if (dispatch->held_up)
		hg_channel_decline(ch->env, dispatch, dispatch->held_up);
	else if (hg_dispatch_is_late(dispatch, hg_mono(hg_loop_env(ch->loop))))
		hg_channel_decline(ch->env, dispatch, HG_DISPATCH_LATE);
	else if (ch->held && dispatch->ask)
		hg_channel_decline(ch->env, dispatch, "the channel is paused");
	else if (dispatch->job.target == HG_TO_FETCH)
		hg_fetch_begin(ch, dispatch);
	else if (dispatch->job.target == HG_TO_UNPACK || dispatch->job.target == HG_TO_SETTLE)
		hg_unpack_begin(ch, dispatch);
	else
		hg_send_begin(ch, dispatch);
}

gboolean hg_channel_ask(hg_channel *ch, gint64 since_ms, GError **error)
{
	if (!ch->desc->poll)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\": its adapter (%s) cannot ask the provider for messages",
			       ch->name, ch->desc->name);
	if (ch->phase != HG_PH_RUNNING)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" is not running", ch->name);
	if (ch->held)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" is paused: resume it first", ch->name);
	if (ch->away)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" is another node's just now: ask that one (headgatectl node list)", ch->name);
	hg_info(&ch->ctx, "channel.asked", "it looks for messages again%s", since_ms ? "" : ", from where it got to");
	hg_poll_ask(ch, since_ms);
	return TRUE;
}

gboolean hg_channel_take(hg_channel *ch, const void *bytes, gsize len, hg_ack_fn *ack, void *arg, GError **error)
{
	g_autofree char *why = NULL;
	struct hg_err err = { 0 };

	if (ch->phase != HG_PH_RUNNING)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\" is not running", ch->name);
	if (!ch->take)
		return hg_fail(error, HG_ERROR_STATE, "channel \"%s\": nothing can be handed in to its adapter (%s): its provider calls it, "
			       "or its customers do", ch->name, ch->desc->name);
	hg_warn(&ch->ctx, "channel.taken", "%" G_GSIZE_FORMAT " bytes were handed in by hand, as if its provider had brought them", len);
	if (!ch->take(ch->state, bytes, len, ack, arg, &err))
		return TRUE;
	why = hg_err_text(&err, "its adapter does not say why");
	return hg_fail(error, HG_ERROR_INPUT, "channel \"%s\": %s", ch->name, why);
}

gboolean hg_channel_rests(const hg_channel *ch)
{
	return ch->held || ch->away;
}

static void follow_rest(hg_channel *ch, gboolean rested)
{
	if (ch->phase != HG_PH_RUNNING || hg_channel_rests(ch) == rested)
		return;
	if (rested)
		hg_poll_start(ch);
	else if (!ch->poll.under_way)
		hg_poll_end(ch);
}

void hg_channel_hold(hg_channel *ch, gboolean held)
{
	gboolean rested = hg_channel_rests(ch);

	ch->held = held;
	follow_rest(ch, rested);
}

void hg_channel_leave(hg_channel *ch, gboolean away)
{
	gboolean rested = hg_channel_rests(ch);

	ch->away = away;
	follow_rest(ch, rested);
}

gboolean hg_channel_goes_offline(const hg_channel *ch)
{
	return (ch->desc->caps & HG_INSIDE_CAP_OFFLINE) != 0;
}

gboolean hg_channel_is_held(const hg_channel *ch)
{
	return ch->held;
}

gboolean hg_channel_is_single(const hg_channel *ch)
{
	return (ch->desc->caps & HG_CAP_SINGLE) != 0;
}

void hg_channel_status(hg_channel *ch, struct hg_channel_status *ret)
{
	static const char *const words[] = { [HG_PH_CLOSED] = "down",
					     [HG_PH_OPENING] = "starting", [HG_PH_RUNNING] = "running",
					     [HG_PH_DRAINING] = "stopping", [HG_PH_ENDING] = "stopping" };

	*ret = (struct hg_channel_status){
		.name = ch->name, .adapter = ch->desc->name, .version = ch->desc->version,
		.state = ch->held ? "paused" : ch->away ? "away" : ch->condition ? words[ch->phase] : "starting",
		.condition = ch->condition ? ch->condition : HG_DOWN, .condition_ms = ch->condition_ms,
		.error = ch->error, .last_in_ms = ch->last_in_ms, .last_out_ms = ch->last_out_ms,
		.pending_in = ch->batches.length,
		.pending_out = g_hash_table_size(ch->sends) + g_hash_table_size(ch->fetches) +
			       g_hash_table_size(ch->unpacks) + ch->downloads.length,
		.counts = ch->counts,
	};
}
