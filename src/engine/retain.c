/* retain.c - what was kept for long enough is forgotten: of closed conversations, and of raw deliveries
 *
 * A timer of no thread ("retention") goes through all of them in small steps, a second apart, and then rests for an hour.
 * Where it has got to is in the store, so that a restart goes on there.  The same code takes it out that takes out who is erased. */
#include "turn.h"

#include "people.h"

#include <string.h>

#define TIMER	   "retention"
#define STEP_MS	   1000
#define REST_MS	   (60 * 60 * G_GINT64_CONSTANT(1000))
#define FIRST_MS   60000		/* after the start there is enough to do */
#define LOOKED	   200			/* conversations, or raw deliveries, of one step ... */
#define ROWS	   300			/* ... and rows of them that it touches */

#define BIT(what) (1 << (what))
#define OF_MESSAGES (BIT(HG_RETAINED_MESSAGES) | BIT(HG_RETAINED_NOTES) | BIT(HG_RETAINED_ATTACHMENTS) | BIT(HG_RETAINED_RAW))

/* Where a pass has got to: numbers in the store. */
enum place { AT_THREAD = 0, AT_CHAIN, AT_ROW, AT_BITS, AT_RAW, RAW_DONE, PLACES };
static const char *const names[PLACES] = { "retention:thread", "retention:chain", "retention:row", "retention:bits",
					   "retention:raw", "retention:raw_done" };

struct pass {
	hg_turn *turn;
	gint64 at[PLACES];
	gint64 counts[HG_GONE_N];
	guint left;
};

static gboolean load(struct pass *pass, GError **error)
{
	for (int i = 0; i < PLACES; i++)
		if (!hg_store_counter_get(pass->turn->store, names[i], 0, &pass->at[i], error))
			return FALSE;
	return TRUE;
}

static gboolean save(struct pass *pass, GError **error)
{
	for (int i = 0; i < PLACES; i++)
		if (!hg_store_counter_set(pass->turn->store, names[i], pass->at[i], error))
			return FALSE;
	return TRUE;
}

/* ---- what is due ---- */

static const struct hg_retention_conf *conf_of(const hg_conf *conf, const char *channel)
{
	const struct hg_channel_conf *of = channel ? hg_conf_channel(conf, channel) : NULL;

	return of ? &of->retention : &conf->retention;
}

static gboolean is_any(const struct hg_retention_conf *conf)
{
	for (int i = 0; i < HG_RETAINED_N; i++)
		if (hg_retained_ms(conf, i))
			return TRUE;
	return FALSE;
}

static gboolean is_configured(const hg_conf *conf)
{
	gboolean any = is_any(&conf->retention);

	for (guint i = 0; i < conf->channels->len; i++)
		any |= is_any(&((const struct hg_channel_conf *)g_ptr_array_index(conf->channels, i))->retention);
	return any;
}

static gint64 due_bits(const struct pass *pass, const hg_thread *thread)
{
	const struct hg_retention_conf *conf = conf_of(pass->turn->conf, thread->channel);
	gint64 since_ms = MAX(thread->closed_ms, thread->last_ms), bits = 0;

	for (int i = 0; i < HG_RETAINED_N; i++) {
		gint64 keep_ms = hg_retained_ms(conf, i);

		if (keep_ms && since_ms + keep_ms <= pass->turn->now_ms && !(thread->forgotten & BIT(i)))
			bits |= BIT(i);
	}
	return bits;
}

/* ---- one conversation ---- */

static gboolean forget_message(struct pass *pass, const hg_message *message, GError **error)
{
	int text = message->direction == HG_NOTE ? HG_RETAINED_NOTES : HG_RETAINED_MESSAGES;
	gint64 bits = pass->at[AT_BITS], now_ms = pass->turn->now_ms;
	hg_store *store = pass->turn->store;

	return (!(bits & BIT(HG_RETAINED_ATTACHMENTS)) || hg_store_forget_files(store, message->n, now_ms, pass->counts, error)) &&
	       (!(bits & BIT(HG_RETAINED_RAW)) || hg_store_forget_raw_of(store, message->n, now_ms, pass->counts, error)) &&
	       (!(bits & BIT(text)) || hg_store_forget_text(store, message->n, now_ms, pass->counts, error));
}

enum { CHAIN_MESSAGES = 1, CHAIN_EVENTS, CHAIN_DECISIONS, CHAIN_END };

static gint64 newest_of(const hg_thread *thread, int chain, gint64 bits)
{
	switch (chain) {
	case CHAIN_MESSAGES:
		return bits & OF_MESSAGES ? thread->last_message_n : 0;
	case CHAIN_EVENTS:
		return bits & BIT(HG_RETAINED_EVENTS) ? thread->last_event_n : 0;
	case CHAIN_DECISIONS:
		return bits & BIT(HG_RETAINED_DECISIONS) ? thread->last_decision_n : 0;
	default:
		return 0;
	}
}

/* One row of a chain; *ret_prev_n: the one before it. */
static gboolean forget_row(struct pass *pass, int chain, gint64 n, gint64 *ret_prev_n, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_store *store = pass->turn->store;
	hg_decision *decision = NULL;
	hg_message *message = NULL;
	hg_event *event = NULL;

	*ret_prev_n = 0;
	if (chain == CHAIN_MESSAGES ? !hg_store_message_get(store, arena, n, &message, error) :
	    chain == CHAIN_EVENTS ? !hg_store_event_get(store, arena, n, &event, error) :
				    !hg_store_decision_get(store, arena, n, &decision, error))
		return FALSE;
	if (message) {
		*ret_prev_n = message->prev_n;
		return forget_message(pass, message, error);
	}
	if (event) {
		*ret_prev_n = event->prev_n;
		return hg_store_forget_event(store, n, pass->counts, error);
	}
	if (!decision)
		return TRUE;
	*ret_prev_n = decision->prev_n;
	return hg_store_forget_decision(store, n, pass->counts, error);
}

/* *ret_over FALSE: this step ends in the middle of it. */
static gboolean go_through(struct pass *pass, const hg_thread *thread, gboolean *ret_over, GError **error)
{
	while (pass->at[AT_CHAIN] < CHAIN_END) {
		while (pass->at[AT_ROW] && pass->left) {
			pass->left--;
			if (!forget_row(pass, (int)pass->at[AT_CHAIN], pass->at[AT_ROW], &pass->at[AT_ROW], error))
				return FALSE;
		}
		*ret_over = !pass->at[AT_ROW];
		if (!*ret_over)
			return TRUE;
		pass->at[AT_CHAIN]++;
		pass->at[AT_ROW] = newest_of(thread, (int)pass->at[AT_CHAIN], pass->at[AT_BITS]);
	}
	return TRUE;
}

static gboolean do_thread(struct pass *pass, gint64 n, gboolean *ret_over, GError **error)
{
	hg_thread *thread;

	*ret_over = TRUE;
	if (!hg_store_thread_get(pass->turn->store, pass->turn->arena, n, &thread, error))
		return FALSE;
	if (!pass->at[AT_CHAIN]) {
		pass->at[AT_BITS] = due_bits(pass, thread);
		if (!pass->at[AT_BITS])
			return TRUE;
		pass->at[AT_CHAIN] = CHAIN_MESSAGES;
		pass->at[AT_ROW] = newest_of(thread, CHAIN_MESSAGES, pass->at[AT_BITS]);
	}
	if (!go_through(pass, thread, ret_over, error))
		return FALSE;
	if (!*ret_over)
		return TRUE;
	pass->at[AT_CHAIN] = 0;
	if (thread->state != HG_THREAD_CLOSED)	/* begun again in the middle of it */
		return TRUE;
	if (!hg_store_thread_get(pass->turn->store, pass->turn->arena, n, &thread, error))
		return FALSE;
	thread->forgotten |= (int)pass->at[AT_BITS];
	if (pass->at[AT_BITS] & BIT(HG_RETAINED_MESSAGES))
		thread->subject = NULL;
	pass->counts[HG_GONE_THREADS]++;
	return hg_store_thread_update(pass->turn->store, thread, error);
}

/* *ret_end: there are no more. */
static gboolean do_threads(struct pass *pass, gboolean *ret_end, GError **error)
{
	g_autoptr(GArray) closed = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 after_n = pass->at[AT_THREAD] - (pass->at[AT_CHAIN] ? 1 : 0);	/* the one under way once more */

	*ret_end = FALSE;
	if (!hg_store_closed_behind(pass->turn->store, after_n, LOOKED, closed, error))
		return FALSE;
	for (guint i = 0; i < closed->len; i++) {
		gboolean over;

		if (pass->at[AT_CHAIN] && g_array_index(closed, gint64, i) != pass->at[AT_THREAD])
			pass->at[AT_CHAIN] = 0;		/* that one was opened again */
		pass->at[AT_THREAD] = g_array_index(closed, gint64, i);
		if (!do_thread(pass, pass->at[AT_THREAD], &over, error))
			return FALSE;
		if (!over || !pass->left)
			return TRUE;
	}
	*ret_end = closed->len < LOOKED;
	return TRUE;
}

/* ---- raw deliveries ---- */

/* What is in front of the first that may yet become due is not looked at again. */
static gboolean do_raw(struct pass *pass, gboolean *ret_end, GError **error)
{
	g_autoptr(GArray) page = g_array_new(FALSE, FALSE, sizeof(struct hg_raw_head));
	hg_turn *turn = pass->turn;

	if (!pass->at[AT_RAW])
		pass->at[AT_RAW] = MAX(pass->at[RAW_DONE], 0);
	if (!hg_store_raw_behind(turn->store, turn->arena, pass->at[AT_RAW], LOOKED, page, error))
		return FALSE;
	for (guint i = 0; i < page->len; i++) {
		const struct hg_raw_head *head = &g_array_index(page, struct hg_raw_head, i);
		gint64 keep_ms = conf_of(turn->conf, head->channel)->raw_ms;
		gboolean due = keep_ms && head->at_ms + keep_ms <= turn->now_ms && !head->waits;

		if (due && !hg_store_forget_raw_row(turn->store, head->n, turn->now_ms, pass->counts, error))
			return FALSE;
		if ((due || !keep_ms) && pass->at[RAW_DONE] == pass->at[AT_RAW])
			pass->at[RAW_DONE] = head->n;
		pass->at[AT_RAW] = head->n;
	}
	*ret_end = page->len < LOOKED;
	return TRUE;
}

/* ---- the timer ---- */

static gboolean end_pass(struct pass *pass, GError **error)
{
	for (int i = 0; i < RAW_DONE; i++)
		pass->at[i] = 0;
	return save(pass, error) && hg_timer_set(pass->turn, 0, TIMER, pass->turn->now_ms + REST_MS, NULL, error);
}

static void tell(const struct pass *pass)
{
	gint64 all = 0;

	for (int i = 0; i < HG_GONE_N; i++) {
		pass->turn->count.forgotten[i] += pass->counts[i];
		all += pass->counts[i];
	}
	if (all)
		hg_info(NULL, "retention.removed", "%" G_GINT64_FORMAT " messages, %" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT
			" raw deliveries, %" G_GINT64_FORMAT " events, %" G_GINT64_FORMAT " decisions", pass->counts[HG_GONE_MESSAGES],
			pass->counts[HG_GONE_FILES], pass->counts[HG_GONE_RAW], pass->counts[HG_GONE_EVENTS],
			pass->counts[HG_GONE_DECISIONS]);
}

gboolean hg_retain_is(const char *timer_kind)
{
	return strcmp(timer_kind, TIMER) == 0;
}

gboolean hg_retain_due(hg_turn *turn, GError **error)
{
	struct pass pass = { .turn = turn, .left = ROWS };
	gboolean threads_end = TRUE, raw_end = FALSE;

	if (!hg_store_timer_clear(turn->store, 0, TIMER, error))
		return FALSE;
	if (!is_configured(turn->conf))
		return TRUE;
	if (!load(&pass, error))
		return FALSE;
	/* -1: all conversations have been gone through, it is the raw deliveries' turn. */
	if (pass.at[AT_THREAD] >= 0 && !do_threads(&pass, &threads_end, error))
		return FALSE;
	if (pass.at[AT_THREAD] >= 0 && threads_end)
		pass.at[AT_THREAD] = -1;
	else if (threads_end && !do_raw(&pass, &raw_end, error))
		return FALSE;
	tell(&pass);
	if (raw_end)
		return end_pass(&pass, error);
	return save(&pass, error) && hg_timer_set(turn, 0, TIMER, turn->now_ms + STEP_MS, NULL, error);
}

gboolean hg_retain_adopt(hg_engine *engine, gint64 now_ms, GError **error)
{
	hg_timer *timer;

	if (!is_configured(engine->conf))
		return TRUE;
	if (!hg_store_timer_get(engine->store, engine->round, 0, TIMER, &timer, error))
		return FALSE;
	engine->timer_due_ms = G_MININT64;	/* ask the store */
	/* Others may be due by now than those it was gone through for. */
	if (!hg_store_counter_set(engine->store, names[RAW_DONE], 0, error))
		return FALSE;
	return timer || hg_store_timer_set(engine->store, &(hg_timer){ 0, TIMER, now_ms + FIRST_MS, NULL }, error);
}

/* ---- by hand ---- */

gboolean hg_retain_command(hg_turn *turn, GError **error)
{
	struct pass pass = { .turn = turn };

	if (!is_configured(turn->conf))
		return hg_fail(error, HG_ERROR_STATE, "nothing says for how long anything is kept: set retention in the configuration");
	turn->answer = "{\"started\":true}";
	memset(pass.at, 0, sizeof(pass.at));
	return save(&pass, error) && hg_timer_set(turn, 0, TIMER, turn->now_ms, NULL, error);
}
