/* alarms_look.c - what is wrong at this moment: with channels, helpdesks, clock, disk and search, and with what waits */
#include "alarms_made.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

void alarm_found_free(void *arg)
{
	struct alarm_found *found = arg;

	g_free(found->name);
	g_free(found->text);
	g_free(found);
}

void alarm_add(GPtrArray *list, char *name, gint64 since_ms, gint64 after_ms, const char *fmt, ...)
{
	struct alarm_found *found = g_new0(struct alarm_found, 1);
	va_list args;

	va_start(args, fmt);
	found->text = g_strdup_vprintf(fmt, args);
	va_end(args);
	found->name = name;
	found->since_ms = since_ms;
	found->after_ms = after_ms;
	g_ptr_array_add(list, found);
}

/* ---- the parts ---- */

struct looking {
	hg_gateway *gateway;
	const struct hg_alarms_conf *set;
	GPtrArray *found;
};

static char *about(const char *kind, const char *name)
{
	return g_strdup_printf("%s:%s", kind, name);
}

static void look_at_condition(struct looking *looking, const struct hg_channel_status *status)
{
	const struct hg_alarms_conf *set = looking->set;

	if (status->condition == HG_DOWN && set->channel_down_ms)
		alarm_add(looking->found, about("channel_down", status->name), status->condition_ms, set->channel_down_ms,
			  "channel %s is down: %s", status->name, status->error ?: "it does not say why");
	else if (status->condition == HG_DEGRADED && set->channel_degraded_ms)
		alarm_add(looking->found, about("channel_degraded", status->name), status->condition_ms,
			  set->channel_degraded_ms, "channel %s does not work as it should: %s", status->name,
			  status->error ?: "it does not say why");
}

static void look_at_silence(struct looking *looking, const struct hg_channel_status *status)
{
	gint64 since_ms = MAX(status->last_in_ms, looking->gateway->started_ms);

	if (looking->set->channel_silent_ms && hg_now(looking->gateway->env) - since_ms >= looking->set->channel_silent_ms)
		alarm_add(looking->found, about("channel_silent", status->name), since_ms, 0, "nothing has come in on channel %s "
			  "for too long: does its provider know where to deliver?", status->name);
}

static void look_at_channel(void *arg, const struct hg_channel_status *status)
{
	struct looking *looking = arg;

	if (hg_channels_is_held(looking->gateway->channels, status->name) ||
	    !hg_gateway_owns(looking->gateway, "channel:", status->name))
		return;
	look_at_condition(looking, status);
	look_at_silence(looking, status);
}

static void look_at_clock(struct looking *looking)
{
	struct hg_clock_state state;
	char span[HG_SPAN_SIZE];

	hg_clock_look(looking->gateway->clock, &state);
	if (looking->set->clock_ms && (state.held || ABS(state.off_ms) > HG_CLOCK_SLACK_MS))
		alarm_add(looking->found, g_strdup("clock"), 0, looking->set->clock_ms,
			  "the system's clock is %s off the time that is gone by; set it right, then reload",
			  hg_span(ABS(state.off_ms) / 1000 * 1000, span));
}

/* An index that is some events behind is well: a search looks through those itself. */
static void look_at_search(struct looking *looking)
{
	gint64 after_ms = looking->set->search_ms;
	struct hg_search_state state;

	hg_search_state(looking->gateway->search, &state);
	if (!after_ms || state.off)
		return;
	if (state.error)
		alarm_add(looking->found, g_strdup("search"), 0, after_ms, "search does not find all that was said: %s", state.error);
	else if (state.building)
		alarm_add(looking->found, g_strdup("search"), 0, after_ms, "search does not find the older messages: its index is "
			  "still being made, headgatectl status");
	else if (state.behind >= HG_SEARCH_FRESH_MAX)
		alarm_add(looking->found, g_strdup("search"), 0, after_ms, "search does not find what was said lately: its index is %"
			  G_GINT64_FORMAT " events behind, headgatectl status", state.behind);
}

void alarm_look_at_parts(hg_gateway *gateway, const struct hg_alarms_conf *set, GPtrArray *found)
{
	struct looking looking = { gateway, set, found };

	hg_channels_list(gateway->channels, look_at_channel, &looking);
	look_at_clock(&looking);
	look_at_search(&looking);
}

/* ---- the store ---- */

static gboolean is_paused(const struct alarm_store_look *look, const struct hg_job_count *count)
{
	return count->target != HG_TO_BACKEND && count->target != HG_FROM_BACKEND && count->target != HG_TO_HOOK &&
	       g_ptr_array_find_with_equal_func(look->paused, count->name, g_str_equal, NULL);
}

static void look_at_jobs(const struct alarm_store_look *look, const struct hg_job_count *count, GPtrArray *found)
{
	const struct hg_alarms_conf *set = &look->conf->alarms;
	const char *target = hg_target_word(count->target);

	if (set->dead_letters && count->dead >= set->dead_letters)
		alarm_add(found, g_strdup_printf("dead_letters:%s:%s", target, count->name), 0, 0, "%" G_GINT64_FORMAT
			  " dead letter%s of %s %s: headgatectl dead list", count->dead, count->dead == 1 ? "" : "s", target,
			  count->name);
	/* Something younger waits at any time. */
	if (set->backlog_ms && count->oldest_ms && look->now_ms - count->oldest_ms >= set->backlog_ms && !is_paused(look, count))
		alarm_add(found, g_strdup_printf("backlog:%s:%s", target, count->name), count->oldest_ms, 0,
			  "what waits for %s %s has waited too long: %" G_GINT64_FORMAT " of them, headgatectl status", target,
			  count->name, count->waiting + count->sending + count->parked + count->unknown);
}

static gboolean look_at_helpdesks(hg_store *store, const struct alarm_store_look *look, GPtrArray *found, GError **error)
{
	const struct hg_alarms_conf *set = &look->conf->alarms;

	for (guint i = 0; set->backend_down_ms && i < look->conf->backends->len; i++) {
		const char *name = ((const struct hg_backend_conf *)g_ptr_array_index(look->conf->backends, i))->name;
		gint64 since_ms;

		if (!hg_store_outage_get(store, name, &since_ms, error))
			return FALSE;
		if (since_ms)
			alarm_add(found, about("backend_down", name), since_ms, set->backend_down_ms,
				  "helpdesk %s does not answer; what it has to hear waits, in order", name);
	}
	return TRUE;
}

static gboolean look_at_drops(hg_store *store, const struct hg_alarms_conf *set, GPtrArray *found, GError **error)
{
	gint64 drops = 0;

	if (set->drops && !hg_store_drops_open(store, &drops, error))
		return FALSE;
	if (set->drops && drops >= set->drops)
		alarm_add(found, g_strdup("drops"), 0, 0, "%" G_GINT64_FORMAT " conversation%s ended without an answer and "
			  "without a ticket: headgatectl drops", drops, drops == 1 ? "" : "s");
	return TRUE;
}

static void look_at_disk(hg_store *store, const struct hg_alarms_conf *set, GPtrArray *found)
{
	gint64 bytes = set->free ? hg_store_free_bytes(store) : -1;

	if (bytes >= 0 && bytes < set->free)
		alarm_add(found, g_strdup("disk"), 0, 0, "only %" G_GINT64_FORMAT " MiB of disk are left; below store.min_free nothing "
			  "is taken in", bytes / (1024 * 1024));
}

gboolean alarm_look_at_store(hg_store *store, const struct alarm_store_look *look, GPtrArray *found, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) counts = g_ptr_array_new();

	if (!hg_store_job_counts(store, arena, counts, error) || !look_at_helpdesks(store, look, found, error) ||
	    !look_at_drops(store, &look->conf->alarms, found, error))
		return FALSE;
	for (guint i = 0; i < counts->len; i++)
		look_at_jobs(look, g_ptr_array_index(counts, i), found);
	look_at_disk(store, &look->conf->alarms, found);
	return TRUE;
}
