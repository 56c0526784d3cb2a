/* alarms.c - what is wrong, compared with what stands: raised, told, over */
#include "alarms_made.h"

#include <string.h>

#include "log.h"
#include "standing.h"

#define LOOK_MS	    5000
#define GAP_MS	    60000		/* between two mails, two posts */
#define RETRY_MAX   (10 * 60 * 1000)
#define STANDING_MAX 500		/* alarms at a time; what is more waits until some are over */

enum { BY_LOG, BY_MAIL, BY_HOOK, SINKS };

/* One way to tell.  What it has told is in memory: after a restart it is what the store says that somebody was told. */
struct sink {
	hg_alarms *all;
	int kind;
	GHashTable *told;		/* name -> gint64 when, both ours */
	GPtrArray *telling;		/* of struct told_of: on its way; NULL: nothing is */
	gint64 next_ms;			/* not before */
	guint failures;			/* in a row */
};

struct told_of { char *name, *text; gboolean over; };

struct hg_alarms {
	hg_gateway *gateway;
	guint64 timer;
	gboolean looking, stopped;
	GHashTable *bad;		/* name -> struct spell, both ours */
	GHashTable *good;		/* name of a standing one -> gint64 since when it is not */
	GHashTable *kinds;		/* "channel_down" -> guint: how many stand */
	struct sink sinks[SINKS];
	gboolean recalled;		/* what was told before the start is known */
};

/* How long something has been wrong; shorter than `quiet` it may be well in between, for what is tried again now and then looks
 * well for a moment each time. */
struct spell { gint64 since_ms, last_ms; };

/* One look, while a reader has it. */
struct look {
	hg_alarms *all;
	hg_conf *conf;			/* ours, as the rest */
	struct alarm_store_look store;
	GPtrArray *found;		/* of struct alarm_found */
	hg_arena *arena;		/* of standing */
	GPtrArray *standing;		/* of hg_standing, by name */
	GError *error;
};

static void told_free(void *arg)
{
	struct told_of *told = arg;

	g_free(told->name);
	g_free(told->text);
	g_free(told);
}

static GHashTable *times_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static gint64 time_of(GHashTable *times, const char *name)
{
	const gint64 *at = g_hash_table_lookup(times, name);

	return at ? *at : 0;
}

static void set_time(GHashTable *times, const char *name, gint64 at_ms)
{
	g_hash_table_insert(times, g_strdup(name), g_memdup2(&at_ms, sizeof(at_ms)));
}

hg_alarms *hg_alarms_new(hg_gateway *gateway)
{
	hg_alarms *all = g_new0(hg_alarms, 1);

	all->gateway = gateway;
	all->bad = times_new();
	all->good = times_new();
	all->kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (int kind = 0; kind < SINKS; kind++) {
		all->sinks[kind].all = all;
		all->sinks[kind].kind = kind;
		all->sinks[kind].told = times_new();
	}
	return all;
}

void hg_alarms_free(hg_alarms *all)
{
	if (!all)
		return;
	for (int kind = 0; kind < SINKS; kind++) {
		g_hash_table_destroy(all->sinks[kind].told);
		g_clear_pointer(&all->sinks[kind].telling, g_ptr_array_unref);
	}
	g_hash_table_destroy(all->kinds);
	g_hash_table_destroy(all->good);
	g_hash_table_destroy(all->bad);
	g_free(all);
}

/* ---- what the engine writes down ---- */

static void say(hg_alarms *all, const char *status, const char *name, const char *text)
{
	hg_command *command = hg_command_new(HG_CMD_ALARM);
	g_autoptr(GError) error = NULL;

	command->status = hg_arena_str(command->arena, status);
	command->subject = hg_arena_str(command->arena, name);
	command->text = hg_arena_str(command->arena, text);
	if (hg_engine_submit(all->gateway->engine, command, &error))
		return;
	hg_command_free(command);	/* the next look says it again */
}

/* ---- telling ---- */

static gboolean sink_is_set(const struct sink *sink, const struct hg_alarms_conf *set)
{
	if (sink->all->gateway->capture)
		return sink->kind == BY_LOG;
	return sink->kind == BY_LOG || (sink->kind == BY_MAIL ? alarm_mail_is_set(set) : alarm_hook_is_set(set));
}

/* Of one that is over, those who heard of it. */
static gboolean sink_wants(const struct sink *sink, const struct hg_alarms_conf *set, const hg_standing *alarm, gint64 now_ms)
{
	gint64 told_ms = time_of(sink->told, alarm->name);

	return hg_alarm_is_over(alarm) ? told_ms != 0 : !told_ms || now_ms - told_ms >= set->repeat_ms;
}

static void sink_done(void *arg, gboolean ok, const char *why)
{
	static const char *const words[] = { "log", "mail", "url" };
	struct sink *sink = arg;
	g_autoptr(GPtrArray) telling = g_steal_pointer(&sink->telling);
	gint64 now_ms = hg_now(sink->all->gateway->env);

	if (sink->all->stopped)
		return;
	sink->failures = ok ? 0 : sink->failures + 1;
	sink->next_ms = now_ms + (ok ? sink->kind == BY_LOG ? 0 : GAP_MS :
				       MIN((gint64)GAP_MS / 2 << MIN(sink->failures, 5U), (gint64)RETRY_MAX));
	if (!ok) {
		hg_warn(NULL, "alarm.untold", "alarms.%s: %s; tried again", words[sink->kind], why ?: "no reason given");
		return;
	}
	for (guint i = 0; i < telling->len; i++) {
		const struct told_of *told = g_ptr_array_index(telling, i);

		if (told->over) {
			g_hash_table_remove(sink->told, told->name);
			continue;
		}
		set_time(sink->told, told->name, now_ms);
		say(sink->all, "told", told->name, told->text);
	}
}

static void sink_tell(struct sink *sink, const struct alarm_news *news, guint n)
{
	hg_gateway *gateway = sink->all->gateway;

	sink->telling = g_ptr_array_new_with_free_func(told_free);
	for (guint i = 0; i < n; i++) {
		struct told_of *told = g_new(struct told_of, 1);

		*told = (struct told_of){ g_strdup(news[i].name), g_strdup(news[i].text), news[i].over };
		g_ptr_array_add(sink->telling, told);
	}
	if (sink->kind == BY_MAIL) {
		alarm_tell_mail(gateway, news, n, sink_done, sink);
	} else if (sink->kind == BY_HOOK) {
		alarm_tell_hook(gateway, news, n, sink_done, sink);
	} else {
		alarm_tell_log(news, n);
		sink_done(sink, TRUE, NULL);
	}
}

/* What is known of it by now goes before what was when it was raised. */
static const char *newest_text(const struct look *look, const hg_standing *alarm)
{
	for (guint i = 0; i < look->found->len; i++) {
		const struct alarm_found *found = g_ptr_array_index(look->found, i);

		if (strcmp(found->name, alarm->name) == 0)
			return found->text;
	}
	return alarm->text ?: alarm->name;
}

static void sink_look(struct sink *sink, const struct look *look)
{
	const struct hg_alarms_conf *set = &look->conf->alarms;
	g_autoptr(GArray) news = g_array_new(FALSE, TRUE, sizeof(struct alarm_news));
	gint64 now_ms = look->store.now_ms;

	if (sink->telling || now_ms < sink->next_ms || !sink_is_set(sink, set))
		return;
	for (guint i = 0; i < look->standing->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(look->standing, i);
		struct alarm_news one = { .name = alarm->name, .text = newest_text(look, alarm), .over = hg_alarm_is_over(alarm),
					  .again = time_of(sink->told, alarm->name) != 0, .since_ms = alarm->since_ms };

		if (sink_wants(sink, set, alarm, now_ms))
			g_array_append_val(news, one);
	}
	if (news->len)
		sink_tell(sink, &g_array_index(news, struct alarm_news, 0), news->len);
}

/* Everybody who heard of it was told that it is over, or never will be. */
static void end_what_is_over(hg_alarms *all, const struct look *look)
{
	for (guint i = 0; i < look->standing->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(look->standing, i);
		gboolean known = FALSE;

		for (int kind = 0; kind < SINKS; kind++) {
			const struct sink *sink = &all->sinks[kind];

			known = known || (sink_is_set(sink, &look->conf->alarms) && time_of(sink->told, alarm->name));
		}
		if (hg_alarm_is_over(alarm) && !known) {
			for (int kind = 0; kind < SINKS; kind++)
				g_hash_table_remove(all->sinks[kind].told, alarm->name);
			say(all, "ended", alarm->name, NULL);
		}
	}
}

/* ---- judging ---- */

static const hg_standing *standing_of(const struct look *look, const char *name)
{
	for (guint i = 0; i < look->standing->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(look->standing, i);

		if (strcmp(alarm->name, name) == 0)
			return alarm;
	}
	return NULL;
}

static gint64 spell_since(hg_alarms *all, const struct look *look, const struct alarm_found *found)
{
	struct spell *spell = g_hash_table_lookup(all->bad, found->name);
	gint64 now_ms = look->store.now_ms;

	if (!spell) {
		spell = g_new0(struct spell, 1);
		spell->since_ms = found->since_ms ?: now_ms;
		g_hash_table_insert(all->bad, g_strdup(found->name), spell);
	}
	spell->last_ms = now_ms;
	return spell->since_ms;
}

static gboolean is_forgotten(void *name, void *value, void *arg)
{
	const struct look *look = arg;
	const struct spell *spell = value;
	(void)name;

	return look->store.now_ms - spell->last_ms > look->conf->alarms.quiet_ms;
}

static gboolean is_bad(hg_alarms *all, const struct look *look, const char *name)
{
	const struct spell *spell = g_hash_table_lookup(all->bad, name);

	return spell && spell->last_ms == look->store.now_ms;
}

static void judge_bad(hg_alarms *all, const struct look *look)
{
	g_hash_table_foreach_remove(all->bad, is_forgotten, (void *)look);
	for (guint i = 0; i < look->found->len; i++) {
		const struct alarm_found *found = g_ptr_array_index(look->found, i);
		const hg_standing *alarm = standing_of(look, found->name);

		if (look->store.now_ms - spell_since(all, look, found) < found->after_ms)
			continue;
		if ((!alarm || hg_alarm_is_over(alarm)) && look->standing->len < STANDING_MAX)
			say(all, "raised", found->name, found->text);
	}
}

static void judge_good(hg_alarms *all, const struct look *look)
{
	gint64 now_ms = look->store.now_ms;

	for (guint i = 0; i < look->standing->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(look->standing, i);
		gint64 good_ms = time_of(all->good, alarm->name);

		if (hg_alarm_is_over(alarm))
			continue;
		if (is_bad(all, look, alarm->name)) {
			g_hash_table_remove(all->good, alarm->name);
			continue;
		}
		if (!good_ms)
			set_time(all->good, alarm->name, good_ms = now_ms);
		if (now_ms - good_ms >= look->conf->alarms.quiet_ms) {
			say(all, "cleared", alarm->name, alarm->text);
			g_hash_table_remove(all->good, alarm->name);
		}
	}
}

static void count_kinds(hg_alarms *all, const struct look *look)
{
	g_hash_table_remove_all(all->kinds);
	for (guint i = 0; i < look->standing->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(look->standing, i);
		char *kind = g_strndup(alarm->name, strcspn(alarm->name, ":"));
		guint n = GPOINTER_TO_UINT(g_hash_table_lookup(all->kinds, kind));

		if (hg_alarm_is_over(alarm))
			g_free(kind);
		else
			g_hash_table_insert(all->kinds, kind, GUINT_TO_POINTER(n + 1));
	}
}

/* Which of the ways it was told by nobody knows any more: as if by all. */
static void recall(hg_alarms *all, const struct look *look)
{
	if (all->recalled)
		return;
	all->recalled = TRUE;
	for (guint i = 0; i < look->standing->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(look->standing, i);

		for (int kind = 0; alarm->told_ms && kind < SINKS; kind++)
			set_time(all->sinks[kind].told, alarm->name, alarm->told_ms);
	}
}

/* What is known of a channel is known where it is asked; the rest is said once over all nodes. */
static gboolean is_ours(hg_gateway *gateway, const char *name)
{
	const char *colon = g_str_has_prefix(name, "channel_") ? strchr(name, ':') : NULL;

	return colon ? hg_gateway_owns(gateway, "channel:", colon + 1) : hg_gateway_owns(gateway, "house", "");
}

static void drop_others(hg_gateway *gateway, struct look *look)
{
	for (guint i = look->found->len; i > 0; i--)
		if (!is_ours(gateway, ((struct alarm_found *)g_ptr_array_index(look->found, i - 1))->name))
			g_ptr_array_remove_index(look->found, i - 1);
	for (guint i = look->standing->len; i > 0; i--)
		if (!is_ours(gateway, ((hg_standing *)g_ptr_array_index(look->standing, i - 1))->name))
			g_ptr_array_remove_index(look->standing, i - 1);
}

static void judge(hg_alarms *all, struct look *look)
{
	count_kinds(all, look);
	if (all->gateway->own)
		drop_others(all->gateway, look);
	recall(all, look);
	judge_bad(all, look);
	judge_good(all, look);
	for (int kind = 0; kind < SINKS; kind++)
		sink_look(&all->sinks[kind], look);
	end_what_is_over(all, look);
}

void hg_alarms_recall(hg_alarms *all)
{
	all->recalled = FALSE;
}

/* ---- a look ---- */

static void look_free(struct look *look)
{
	g_ptr_array_unref(look->store.paused);
	g_ptr_array_unref(look->found);
	g_ptr_array_unref(look->standing);
	hg_arena_free(look->arena);
	hg_conf_unref(look->conf);
	g_clear_error(&look->error);
	g_free(look);
}

static void look_work(hg_store *store, void *arg)
{
	struct look *look = arg;

	if (alarm_look_at_store(store, &look->store, look->found, &look->error))
		hg_store_standing_list(store, look->arena, HG_STANDING_ALARM, look->standing, &look->error);
}

static void look_done(void *arg)
{
	struct look *look = arg;
	hg_alarms *all = look->all;

	all->looking = FALSE;
	/* A store that cannot be read is the engine's to tell of. */
	if (!all->stopped && !look->error)
		judge(all, look);
	look_free(look);
}

static void note_paused(void *arg, const struct hg_channel_status *status)
{
	struct look *look = arg;

	if (hg_channels_is_held(look->all->gateway->channels, status->name))
		g_ptr_array_add(look->store.paused, g_strdup(status->name));
}

static void look_now(hg_alarms *all)
{
	hg_gateway *gateway = all->gateway;
	struct look *look = g_new0(struct look, 1);

	look->all = all;
	look->conf = hg_conf_ref(gateway->setup->conf);
	look->store = (struct alarm_store_look){ look->conf, hg_now(gateway->env), g_ptr_array_new_with_free_func(g_free) };
	look->found = g_ptr_array_new_with_free_func(alarm_found_free);
	look->arena = hg_arena_new();
	look->standing = g_ptr_array_new();
	hg_channels_list(gateway->channels, note_paused, look);
	alarm_look_at_parts(gateway, &look->conf->alarms, look->found);
	all->looking = hg_readers_run(gateway->readers, look_work, look_done, look, NULL);
	if (!all->looking)
		look_free(look);
}

static void on_timer(void *arg)
{
	hg_alarms *all = arg;

	all->timer = hg_loop_timer(all->gateway->loop, LOOK_MS, on_timer, all);
	if (!all->looking)
		look_now(all);
}

void hg_alarms_start(hg_alarms *all)
{
	all->timer = hg_loop_timer(all->gateway->loop, LOOK_MS, on_timer, all);
}

void hg_alarms_stop(hg_alarms *all)
{
	all->stopped = TRUE;
	hg_loop_untimer(all->gateway->loop, all->timer);
	all->timer = 0;
}

void hg_alarms_count(hg_alarms *all, hg_alarms_count_fn *fn, void *arg)
{
	static const char *const kinds[] = { "channel_down", "channel_degraded", "channel_silent", "backend_down", "backlog",
					     "drops", "dead_letters", "disk", "clock", "search" };

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		fn(arg, kinds[i], GPOINTER_TO_UINT(g_hash_table_lookup(all->kinds, kinds[i])));
}
