/* condition.c - what a channel is like, and what its adapter counts */
#include "services.h"

#include <string.h>

#include "text.h"

#define HEALTH_MS 30000		/* between two questions to health() */

static const char *word(int condition)
{
	static const char *const words[] = { [HG_UP] = "up", [HG_DEGRADED] = "degraded", [HG_DOWN] = "down" };

	return words[condition];
}

static void tell_engine(hg_channel *ch)
{
	hg_command *command = hg_ch_command(ch->name, HG_CMD_CONDITION);

	command->condition = ch->condition;
	command->text = hg_arena_str(command->arena, ch->error);
	hg_ch_submit(ch->env, command);
}

void hg_condition_set(hg_channel *ch, int condition, const struct hg_err *err)
{
	gboolean changed = condition != ch->condition;

	g_free(ch->error);
	ch->error = condition == HG_UP ? NULL : hg_err_text(err, "no reason given");
	ch->condition = condition;
	if (!changed)
		return;
	ch->condition_ms = hg_ch_wall(ch);
	hg_log(condition == HG_UP ? HG_LOG_INFO : HG_LOG_WARN, &ch->ctx,
	       condition == HG_UP ? "channel.up" : condition == HG_DOWN ? "channel.down" : "channel.degraded",
	       "%s%s%s", word(condition), ch->error ? ": " : "", ch->error ? ch->error : "");
	tell_engine(ch);
}

/* ---- health ---- */

static void ask_health(void *arg)
{
	hg_channel *ch = arg;
	struct hg_err err = { 0 };

	ch->health_timer = hg_loop_timer(ch->loop, HEALTH_MS, ask_health, ch);
	ch->desc->health(ch->state, &err);
	if (err.kind && ch->condition == HG_UP) {
		hg_condition_set(ch, HG_DEGRADED, &err);
		ch->by_health = TRUE;
	} else if (!err.kind && ch->by_health) {
		hg_condition_set(ch, HG_UP, NULL);
		ch->by_health = FALSE;
	}
}

void hg_condition_start(hg_channel *ch)
{
	if (ch->desc->health)
		ch->health_timer = hg_loop_timer(ch->loop, HEALTH_MS, ask_health, ch);
}

void hg_condition_end(hg_channel *ch)
{
	hg_loop_untimer(ch->loop, ch->health_timer);
	ch->health_timer = 0;
	ch->by_health = FALSE;
}

/* ---- what can be known of it at this moment ---- */

static void tell_phase(hg_channel *ch, hg_channel_check_fn *fn, void *arg)
{
	gboolean running = ch->phase == HG_PH_RUNNING;

	if (ch->held)
		fn(arg, "pause", FALSE, "it was paused by hand: nothing is sent, fetched or looked for");
	if (ch->away)
		fn(arg, "node", TRUE, "another node sends, fetches and looks for it just now");
	if (!hg_channel_rests(ch) || !hg_channel_is_single(ch))
		fn(arg, "running", running, running ? NULL : "it is not open; the log says why, under channel.failed");
}

static void tell_settings(hg_channel *ch, hg_channel_check_fn *fn, void *arg)
{
	struct hg_err err = { 0 };
	g_autofree char *why = NULL;

	if (!ch->desc->check)
		return;
	if (ch->desc->check(ch->set->options, &err))
		why = hg_err_text(&err, "its adapter refuses its options");
	fn(arg, "settings", !why, why);
}

static void tell_health(hg_channel *ch, hg_channel_check_fn *fn, void *arg)
{
	struct hg_err err = { 0 };
	g_autofree char *why = NULL;

	if (ch->phase != HG_PH_RUNNING || !ch->desc->health)
		return;
	ch->desc->health(ch->state, &err);
	if (err.kind)
		why = hg_err_text(&err, "its adapter does not say why");
	fn(arg, "health", !why, why);
}

/* Asking the provider for messages shows that it can be reached and that the credentials hold. */
static void tell_poll(hg_channel *ch, hg_channel_check_fn *fn, void *arg)
{
	g_autofree char *said = NULL;
	char span[HG_SPAN_SIZE];

	if (ch->phase != HG_PH_RUNNING || !ch->desc->poll || hg_channel_rests(ch))
		return;
	said = ch->poll.done_ms ? g_strdup_printf("the provider was last asked %s ago, and is asked now",
						  hg_span((hg_ch_wall(ch) - ch->poll.done_ms) / 1000 * 1000, span)) :
				  g_strdup("the provider has not answered yet, and is asked now");
	fn(arg, "poll", ch->poll.done_ms || ch->poll.under_way, said);
	hg_poll_ask(ch, 0);
}

void hg_channel_probe(hg_channel *ch, hg_channel_check_fn *fn, void *arg)
{
	gboolean up = ch->condition == HG_UP;

	tell_phase(ch, fn, arg);
	tell_settings(ch, fn, arg);
	if (!hg_channel_rests(ch) || !hg_channel_is_single(ch))
		fn(arg, "condition", up, up ? NULL : ch->error ?: "it does not say why");
	tell_health(ch, fn, arg);
	tell_poll(ch, fn, arg);
}

/* ---- counters ---- */

static gboolean word_ok(const char *what)
{
	gsize len = what ? strspn(what, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

	return len && len <= 48 && !what[len];
}

/* The words are metric labels: an adapter that makes them from what it receives must not let a
 * stranger grow them. */
void hg_count_add(hg_channel *ch, const char *what)
{
	guint64 *n;

	if (!word_ok(what)) {
		hg_ch_fault(ch, "count(): a word is 1 to 48 characters of a-z, 0-9 and _");
		return;
	}
	n = g_hash_table_lookup(ch->counters, what);
	if (!n && g_hash_table_size(ch->counters) >= HG_CH_COUNTERS_MAX)
		n = g_hash_table_lookup(ch->counters, what = "other");
	if (!n) {
		n = g_new0(guint64, 1);
		g_hash_table_insert(ch->counters, g_strdup(what), n);
	}
	++*n;
}

void hg_channel_counted(hg_channel *ch, hg_channel_count_fn *fn, void *arg)
{
	g_autoptr(GList) words = g_list_sort(g_hash_table_get_keys(ch->counters), (GCompareFunc)strcmp);

	for (GList *w = words; w; w = w->next)
		fn(arg, w->data, *(guint64 *)g_hash_table_lookup(ch->counters, w->data));
}
