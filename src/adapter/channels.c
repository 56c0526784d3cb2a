/* channels.c - keeps the channels that run in step with the configuration */
#include <string.h>

#include "channels_inside.h"
#include "env.h"
#include "log.h"
#include "services.h"

#define REOPEN_MS     300000	/* longest wait before a channel that failed is opened again */
#define RELOAD_MS     5000	/* patience with a channel that a reload restarts or removes */

/* One name of the configuration, through all its generations. */
struct slot {
	hg_channels *all;		/* lent */
	hg_channel *ch;			/* ours */
	guint attempt;			/* openings that failed in a row */
	guint64 timer;			/* of the next one */
	gboolean closing;		/* on_closed will come */
};

static void slot_free(void *data)
{
	struct slot *slot = data;

	hg_loop_untimer(slot->all->env.loop, slot->timer);
	hg_channel_free(slot->ch);
	g_free(slot);
}

static struct slot *slot_find(hg_channels *all, const char *name)
{
	for (guint i = 0; i < all->slots->len; i++) {
		struct slot *slot = all->slots->pdata[i];

		if (strcmp(hg_channel_name(slot->ch), name) == 0)
			return slot;
	}
	return NULL;
}

static gboolean is_away(hg_channels *all, const char *name)
{
	return all->env.shared && !g_hash_table_contains(all->own, name);
}

static struct slot *slot_new(hg_channels *all, const struct hg_channel_conf *set)
{
	struct slot *slot = g_new0(struct slot, 1);

	slot->all = all;
	slot->ch = hg_channel_new(&all->env, all->gen.conf, set);
	hg_channel_hold(slot->ch, hg_channels_is_held(all, set->name));
	hg_channel_leave(slot->ch, is_away(all, set->name));
	g_ptr_array_add(all->slots, slot);
	return slot;
}

/* Its connection to the provider is what a pause is about, and what only one node may have; in capture mode it makes none. */
static gboolean is_shut_by_hold(const struct slot *slot)
{
	gboolean offline = slot->all->env.captive && hg_channel_goes_offline(slot->ch);

	return hg_channel_rests(slot->ch) && hg_channel_is_single(slot->ch) && !offline;
}

static void slot_open(void *arg)
{
	struct slot *slot = arg;
	struct hg_ctx ctx = HG_CTX(NULL, "channel", hg_channel_name(slot->ch));
	struct hg_env *env = hg_loop_env(slot->all->env.loop);
	g_autoptr(GError) error = NULL;
	gint64 wait;

	slot->timer = 0;
	if (is_shut_by_hold(slot))
		return;
	if (hg_channel_open(slot->ch, &error)) {
		slot->attempt = 0;
		return;
	}
	wait = hg_backoff(env, slot->attempt++, REOPEN_MS);
	hg_err(&ctx, "channel.failed", "%s; again in %" G_GINT64_FORMAT " s, or after a reload", error->message,
	       (wait + 999) / 1000);
	slot->timer = hg_loop_timer(slot->all->env.loop, wait, slot_open, slot);
}

/* ---- closing, and what follows it ---- */

static void all_closed(void *arg)
{
	hg_channels *all = arg;
	void (*done)(void *) = g_steal_pointer(&all->done);

	all->done_timer = 0;
	all->started = FALSE;
	if (done)
		done(all->done_arg);
}

static void check_stopped(hg_channels *all)
{
	if (!all->stopping || all->done_timer)
		return;
	for (guint i = 0; i < all->slots->len; i++)
		if (!hg_channel_is_closed(((struct slot *)all->slots->pdata[i])->ch))
			return;
	all->done_timer = hg_loop_timer(all->env.loop, 0, all_closed, all);
}

/* The newest generation decides what becomes of it, not the one that closed it. */
static void on_closed(void *arg)
{
	struct slot *slot = arg;
	hg_channels *all = slot->all;
	const struct hg_channel_conf *set = hg_conf_channel(all->gen.conf, hg_channel_name(slot->ch));

	slot->closing = FALSE;
	if (all->stopping) {
		check_stopped(all);
	} else if (!set) {
		g_ptr_array_remove(all->slots, slot);
	} else {
		hg_channel_reload(slot->ch, all->gen.conf, set);
		hg_channel_restarted(slot->ch);
		slot_open(slot);
	}
}

static void slot_shut(struct slot *slot, gint64 patience_ms)
{
	hg_loop_untimer(slot->all->env.loop, slot->timer);
	slot->timer = 0;
	slot->attempt = 0;
	slot->closing = TRUE;
	hg_channel_shut(slot->ch, patience_ms, on_closed, slot);
}

/* ---- reload ---- */

static void slot_reload(struct slot *slot, const struct hg_channel_conf *set)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", hg_channel_name(slot->ch));

	/* Being closed: on_closed() takes the newest settings. */
	if (slot->closing)
		return;
	if (hg_channel_is_closed(slot->ch)) {
		hg_channel_reload(slot->ch, slot->all->gen.conf, set);
		hg_loop_untimer(slot->all->env.loop, slot->timer);
		slot->attempt = 0;
		slot_open(slot);
		return;
	}
	switch (hg_channel_reload(slot->ch, slot->all->gen.conf, set)) {
	case HG_CH_SAME:
		break;
	case HG_CH_TOLD:
		hg_info(&ctx, "channel.reloaded", "its adapter has taken the changed options");
		break;
	case HG_CH_RESTART:
		hg_info(&ctx, "channel.restart", "its options changed: stopped and opened again");
		slot_shut(slot, RELOAD_MS);
		break;
	}
}

static gint by_place(gconstpointer a, gconstpointer b, gpointer conf)
{
	const struct hg_channel_conf *x, *y;

	x = hg_conf_channel(conf, hg_channel_name((*(struct slot *const *)a)->ch));
	y = hg_conf_channel(conf, hg_channel_name((*(struct slot *const *)b)->ch));
	/* Those on their way out come last. */
	if (!x || !y)
		return (x == NULL) - (y == NULL);
	return (x->index > y->index) - (x->index < y->index);
}

void hg_channels_reload(hg_channels *all, hg_conf *conf)
{
	hg_generation_set(&all->gen, conf);
	if (!all->started || all->stopping)
		return;
	for (guint i = 0; i < all->slots->len; i++) {
		struct slot *slot = all->slots->pdata[i];
		const struct hg_channel_conf *set = hg_conf_channel(conf, hg_channel_name(slot->ch));

		if (set)
			slot_reload(slot, set);
		else if (!slot->closing)
			slot_shut(slot, RELOAD_MS);
	}
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *set = conf->channels->pdata[i];

		if (!slot_find(all, set->name))
			slot_open(slot_new(all, set));
	}
	g_ptr_array_sort_with_data(all->slots, by_place, conf);
}

/* ---- the whole ---- */

hg_channels *hg_channels_new(const struct hg_channels_env *env, hg_conf *conf)
{
	hg_channels *all = g_new0(hg_channels, 1);

	all->env = *env;
	hg_generation_init(&all->gen, conf);
	all->slots = g_ptr_array_new_with_free_func(slot_free);
	all->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	all->own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return all;
}

void hg_channels_free(hg_channels *all)
{
	if (!all)
		return;
	hg_loop_untimer(all->env.loop, all->done_timer);
	g_ptr_array_unref(all->slots);
	g_hash_table_destroy(all->held);
	g_hash_table_destroy(all->own);
	hg_generation_clear(&all->gen);
	g_free(all);
}

void hg_channels_start(hg_channels *all)
{
	GPtrArray *sets = all->gen.conf->channels;

	g_assert(!all->started);
	all->started = TRUE;
	for (guint i = 0; i < sets->len; i++)
		slot_open(slot_new(all, sets->pdata[i]));
}

void hg_channels_stop(hg_channels *all, gint64 patience_ms, void (*done)(void *arg), void *arg)
{
	all->stopping = TRUE;
	all->done = done;
	all->done_arg = arg;
	for (guint i = 0; i < all->slots->len; i++)
		slot_shut(all->slots->pdata[i], patience_ms);
	check_stopped(all);
}

hg_channel *hg_channels_find(hg_channels *all, const char *name)
{
	struct slot *slot = name ? slot_find(all, name) : NULL;

	return slot ? slot->ch : NULL;
}

/* ---- on hold ---- */

gboolean hg_channels_is_held(hg_channels *all, const char *name)
{
	return g_hash_table_contains(all->held, name);
}

static void slot_rest(struct slot *slot, gboolean held, gboolean away)
{
	gboolean shut = is_shut_by_hold(slot);

	hg_channel_hold(slot->ch, held);
	hg_channel_leave(slot->ch, away);
	if (slot->closing || slot->all->stopping)
		return;		/* on_closed() looks again */
	if (is_shut_by_hold(slot) && !hg_channel_is_closed(slot->ch)) {
		slot_shut(slot, RELOAD_MS);
	} else if (shut && !hg_channel_rests(slot->ch) && hg_channel_is_closed(slot->ch)) {
		slot->attempt = 0;
		slot_open(slot);
	}
}

void hg_channels_hold(hg_channels *all, const char *name, gboolean held)
{
	struct slot *slot = slot_find(all, name);

	if (held)
		g_hash_table_add(all->held, g_strdup(name));
	else
		g_hash_table_remove(all->held, name);
	if (slot && hg_channel_is_held(slot->ch) != held)
		slot_rest(slot, held, is_away(all, name));
}

void hg_channels_own(hg_channels *all, const char *name, gboolean ours)
{
	struct slot *slot = slot_find(all, name);

	if (ours)
		g_hash_table_add(all->own, g_strdup(name));
	else
		g_hash_table_remove(all->own, name);
	if (slot)
		slot_rest(slot, hg_channel_is_held(slot->ch), is_away(all, name));
}

gboolean hg_channels_probe(hg_channels *all, const char *name, hg_channel_check_fn *fn, void *arg, GError **error)
{
	hg_channel *ch = hg_channels_find(all, name);

	if (!ch)
		return hg_fail(error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", name);
	hg_channel_probe(ch, fn, arg);
	return TRUE;
}

gboolean hg_channels_look(hg_channels *all, const char *name, hg_channel_check_fn *fn, void (*done)(void *arg), void *arg, GError **error)
{
	hg_channel *ch = hg_channels_find(all, name);

	if (!ch)
		return hg_fail(error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", name);
	hg_channel_look(ch, fn, done, arg);
	return TRUE;
}

gboolean hg_channels_ask(hg_channels *all, const char *name, gint64 since_ms, GError **error)
{
	hg_channel *ch = hg_channels_find(all, name);

	return ch ? hg_channel_ask(ch, since_ms, error) :
		    hg_fail(error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", name);
}

gboolean hg_channels_take(hg_channels *all, const char *name, const void *bytes, gsize len, hg_ack_fn *ack, void *arg, GError **error)
{
	hg_channel *ch = hg_channels_find(all, name);

	return ch ? hg_channel_take(ch, bytes, len, ack, arg, error) :
		    hg_fail(error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", name);
}

/* ---- requests ---- */

/* "/channel/NAME/PATH" cut in two; path points into the request's. */
static hg_channel *channel_of(hg_channels *all, const hg_request *req, const char **ret_path)
{
	const char *path = hg_request_path(req), *slash;
	g_autofree char *name = NULL;

	if (!g_str_has_prefix(path, HG_CHANNEL_PREFIX))
		return NULL;
	path += strlen(HG_CHANNEL_PREFIX);
	slash = strchr(path, '/');
	if (!slash)
		return NULL;
	name = g_strndup(path, (gsize)(slash - path));
	*ret_path = slash + 1;
	return hg_channels_find(all, name);
}

void hg_channels_route(void *ctx, const hg_request *req, struct hg_server_route *route)
{
	const char *path;
	hg_channel *ch = channel_of(ctx, req, &path);

	if (ch) {
		hg_channel_route(ch, path, req, route);
		return;
	}
	route->refuse = 404;
	route->why = "There is no such channel.";
}

void hg_channels_handle(void *ctx, hg_request *req)
{
	const char *path;
	hg_channel *ch = channel_of(ctx, req, &path);

	if (ch)
		hg_channel_handle(ch, path, req);
	else
		hg_request_problem(req, 404, "There is no such channel (any more).");
}

/* ---- for status ---- */

void hg_channels_list(hg_channels *all, hg_channel_status_fn *fn, void *arg)
{
	for (guint i = 0; i < all->slots->len; i++) {
		struct slot *slot = all->slots->pdata[i];
		struct hg_channel_status status;

		hg_channel_status(slot->ch, &status);
		fn(arg, &status);
	}
}

gboolean hg_channels_counted(hg_channels *all, const char *name, hg_channel_count_fn *fn, void *arg)
{
	hg_channel *ch = hg_channels_find(all, name);

	if (ch)
		hg_channel_counted(ch, fn, arg);
	return ch != NULL;
}
