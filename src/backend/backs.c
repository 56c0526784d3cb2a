/* backs.c - all ways back together: which there are, what they count, and how what they heard is stored */
#include "backs_inside.h"

#include <string.h>

#include "env.h"
#include "json.h"

#define LOG_EVERY_MS (60 * 1000)
#define FETCHES	     4		/* jobs of one backend at a time, whose files are fetched */

/* ---- ways ---- */

static void way_free(void *data)
{
	struct hg_way *way = data;

	g_free(way->name);
	g_free(way->cursor);
	g_free(way->more);
	g_free(way->poll_error);
	g_free(way->odd_why);
	g_free(way);
}

struct hg_way *hg_way_of(hg_backs *backs, const char *name)
{
	struct hg_way *way = g_hash_table_lookup(backs->ways, name);

	if (way)
		return way;
	way = g_new0(struct hg_way, 1);
	way->backs = backs;
	way->name = g_strdup(name);
	g_hash_table_insert(backs->ways, way->name, way);
	return way;
}

const struct hg_backend_conf *hg_way_backend(const struct hg_way *way)
{
	const struct hg_backend_conf *backend = hg_conf_backend(way->backs->conf, way->name);

	return backend && backend->desk && backend->desk->back ? backend : NULL;
}

gint64 hg_way_now(const struct hg_way *way)
{
	return hg_now(hg_loop_env(way->backs->env.loop));
}

void hg_way_given(const struct hg_way *way, const struct hg_backend_conf *backend, struct hg_back_given *ret)
{
	*ret = (struct hg_back_given){ .desk = backend->desk, .public_url = way->backs->conf->gateway.public_url,
				       .now_ms = hg_way_now(way) };
}

gboolean hg_way_may_log(struct hg_way *way, gint64 *at_ms)
{
	gint64 now = hg_way_now(way);

	if (*at_ms && now - *at_ms < LOG_EVERY_MS && now >= *at_ms)
		return FALSE;
	*at_ms = now;
	return TRUE;
}

void hg_way_count(struct hg_way *way, const struct hg_back_heard *heard)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	way->count.items += heard->items;
	way->count.own += heard->own;
	way->count.ignored += heard->ignored;
	way->count.unmatched += heard->unmatched;
	way->count.odd += heard->odd;
	if (heard->odd) {
		g_free(way->odd_why);
		way->odd_why = g_strdup(heard->odd_why);
	}
	if (heard->odd && hg_way_may_log(way, &way->odd_ms))
		hg_warn(&ctx, "back.odd", "%s: what the helpdesk tells is not as its preset says; its bytes are kept", heard->odd_why);
	if (heard->left_over)
		hg_warn(&ctx, "back.left_over", "it told of too many changes at once (%d of a hook, %d of a poll); those behind are left "
			"to the next poll", HG_BACK_CHANGES_MAX, HG_BACK_PAGE_MAX);
}

/* ---- storing ---- */

struct storing {
	struct hg_way *way;
	hg_way_stored *done;
	void *arg;
	gint64 news, known;
	GError *error;			/* ours */
};

static void stored_on_loop(void *arg)
{
	struct storing *s = arg;

	s->way->count.heard += (guint64)s->news;
	s->way->count.known += (guint64)s->known;
	if (s->news)
		s->way->count.last_heard_ms = hg_way_now(s->way);
	s->done(s->arg, s->news, s->error);
	g_clear_error(&s->error);
	g_free(s);
}

/* On the engine's thread. */
static void on_stored(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct storing *s = arg;
	g_autoptr(json_object) said = answer ? hg_json_parse(answer, strlen(answer), NULL, NULL) : NULL;

	(void)command;
	s->news = hg_json_int(said, "new", 0);
	s->known = hg_json_int(said, "known", 0);
	s->error = error ? g_error_copy(error) : NULL;
	hg_loop_post(s->way->backs->env.loop, stored_on_loop, s);
}

gboolean hg_way_store(struct hg_way *way, const struct hg_way_news *news, hg_way_stored *done, void *arg)
{
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_CHANGES);
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);
	g_autoptr(GError) error = NULL;
	struct storing *s;

	command->backend = hg_arena_str(command->arena, way->name);
	if (!hg_command_set_changes(command, news->changes, news->n, news->raw, news->len, news->cursor, &error)) {
		hg_warn(&ctx, "back.refused", "what the helpdesk told cannot be kept: %s", error->message);
		return FALSE;
	}
	s = g_new0(struct storing, 1);
	*s = (struct storing){ .way = way, .done = done, .arg = arg };
	command->done = on_stored;
	command->done_arg = s;
	if (way->backs->env.submit(way->backs->env.ctx, command, &error)) {
		g_steal_pointer(&command);
		return TRUE;
	}
	g_free(s);
	return FALSE;
}

/* ---- all of them ---- */

static void take_conf(hg_backs *backs)
{
	for (guint i = 0; i < backs->conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(backs->conf->backends, i);
		struct hg_way *way = hg_way_of(backs, backend->name);

		backs->env.slots(backs->env.ctx, backend->name, hg_way_backend(way) ? FETCHES : 1);
		if (backs->started)
			hg_poll_plan(way);
	}
}

hg_backs *hg_backs_new(const struct hg_backs_env *env, hg_conf *conf)
{
	hg_backs *backs = g_new0(hg_backs, 1);

	backs->env = *env;
	backs->conf = hg_conf_ref(conf);
	backs->ways = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, way_free);
	backs->saving = g_ptr_array_new();
	take_conf(backs);
	return backs;
}

void hg_backs_start(hg_backs *backs)
{
	backs->started = TRUE;
	take_conf(backs);
}

gboolean hg_way_rests(const struct hg_way *way)
{
	return way->backs->stopped || (way->backs->env.shared && !way->own);
}

void hg_backs_own(hg_backs *backs, const char *backend, gboolean ours)
{
	struct hg_way *way = hg_way_of(backs, backend);

	if (way->own == ours)
		return;
	way->own = ours;
	if (!ours) {
		hg_poll_stop(way);
		return;
	}
	way->placed = FALSE;	/* another node may have got further */
	if (backs->started)
		hg_poll_plan(way);
}

void hg_backs_stop(hg_backs *backs)
{
	GHashTableIter iter;
	void *way;

	backs->stopped = TRUE;
	g_hash_table_iter_init(&iter, backs->ways);
	while (g_hash_table_iter_next(&iter, NULL, &way))
		hg_poll_stop(way);
}

void hg_backs_reload(hg_backs *backs, hg_conf *conf)
{
	hg_conf *old = backs->conf;
	GHashTableIter iter;
	void *way;

	/* Those that are gone stop, the others begin anew with the intervals of now. */
	g_hash_table_iter_init(&iter, backs->ways);
	while (g_hash_table_iter_next(&iter, NULL, &way))
		hg_poll_stop(way);
	backs->conf = hg_conf_ref(conf);
	hg_conf_unref(old);
	take_conf(backs);
}

void hg_backs_free(hg_backs *backs)
{
	if (!backs)
		return;
	hg_backs_stop(backs);
	g_assert(!backs->saving->len);
	g_ptr_array_unref(backs->saving);
	g_hash_table_destroy(backs->ways);
	hg_conf_unref(backs->conf);
	g_free(backs);
}

gboolean hg_backs_state(hg_backs *backs, guint n, struct hg_backs_state *ret)
{
	const struct hg_backend_conf *backend;
	struct hg_way *way;

	if (n >= backs->conf->backends->len)
		return FALSE;
	backend = g_ptr_array_index(backs->conf->backends, n);
	way = hg_way_of(backs, backend->name);
	*ret = way->count;
	ret->backend = backend->name;
	ret->hook = hg_way_backend(way) && hg_back_has_hook(backend->desk->back) && !backend->desk->no_hook;
	ret->poll = hg_way_backend(way) && hg_back_has_poll(backend->desk->back) && backend->desk->poll.every_ms > 0;
	ret->poll_error = way->poll_error;
	ret->odd_why = way->odd_why;
	return TRUE;
}
