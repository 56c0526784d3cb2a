/* rebuild.c - reads one store's journal and feeds an engine on another store with it */
#include "rebuild.h"

#include "journal.h"

#include <string.h>

#define GROUP 500	/* rows of one transaction */

struct rebuild {
	struct hg_env env;		/* first: what the store and the engine see */
	gint64 now_ms;
	const struct hg_rebuild_options *options;
	hg_store *from, *to;		/* ours */
	hg_engine *engine;		/* ours; NULL until the first START */
	hg_conf *conf;			/* in force; lent */
	gint64 last_n;
	struct hg_rebuild_result result;
};

/* ---- a world that stands still, and lets nothing out ---- */

static gint64 clock_of(struct hg_env *env)
{
	return ((struct rebuild *)(void *)env)->now_ms;
}

/* What is drawn outside of a turn decides nothing. */
static void no_numbers(struct hg_env *env, void *ret, gsize size)
{
	(void)env;
	memset(ret, 0, size);
}

static void drop(void *ctx, hg_dispatch *dispatch)
{
	(void)ctx;
	hg_dispatch_free(dispatch);
}

/* ---- configurations ---- */

static void tell_other(struct rebuild *r, const hg_journal *row, const char *hash)
{
	r->result.other++;
	if (r->options->other)
		r->options->other(r->options->arg, row->n, row->at_ms, hash);
}

static hg_conf *take_conf(struct rebuild *r, const hg_journal *row, const char *hash)
{
	for (gsize i = 0; i < r->options->n_confs; i++)
		if (g_strcmp0(r->options->confs[i]->hash ?: "", hash) == 0)
			return r->options->confs[i];
	tell_other(r, row, hash);
	return r->options->confs[0];
}

/* As the old store kept them, with the places of then; a file of another name is no other rule. */
static gboolean kept_rules(const struct rebuild *r, hg_rules **ret, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(hg_diag) diag = hg_diag_new();
	const char *kept = NULL;

	*ret = NULL;
	if (!r->conf->hash || !hg_store_config_get(r->from, arena, r->conf->hash, &kept, error))
		return !r->conf->hash;
	*ret = kept ? hg_rules_again(kept, diag) : NULL;
	return TRUE;
}

static hg_rules *rules_of(const struct rebuild *r, GError **error)
{
	hg_rules *rules;

	if (!kept_rules(r, &rules, error))
		return NULL;
	if (rules)
		hg_rules_ask(rules, r->conf->model);
	else
		rules = r->options->rules(r->options->arg, r->conf);
	if (!rules)
		hg_fail(error, HG_ERROR_CONFIG, "%s: its rules cannot be made again", r->conf->path);
	else if (r->options->in_force)
		r->options->in_force(r->options->arg, r->conf);
	return rules;
}

static gboolean make_engine(struct rebuild *r, GError **error)
{
	struct hg_ports ports = r->options->ports;
	hg_rules *rules = rules_of(r, error);

	if (!rules)
		return FALSE;
	ports.dispatch = drop;
	ports.publish = NULL;
	hg_engine_free(r->engine);
	r->engine = hg_engine_new(r->conf, rules, r->to, &r->env, &ports);
	return TRUE;
}

static gboolean has_conf(const hg_journal *row)
{
	return row->kind == HG_J_START || row->kind == HG_J_JOIN || row->kind == HG_J_RELOAD;
}

static gboolean load_conf(struct rebuild *r, const hg_journal *row, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_journalled entry;
	hg_rules *rules;

	if (!hg_journal_read(row, arena, &entry, error))
		return FALSE;
	r->conf = take_conf(r, row, entry.config_hash);
	if (row->kind != HG_J_RELOAD || !r->engine)
		return make_engine(r, error);
	rules = rules_of(r, error);
	if (rules)
		hg_engine_reload(r->engine, r->conf, rules);
	return rules != NULL;
}

/* ---- does the journal go on where the store ends? ---- */

static gboolean no_way_on(gint64 at_ms, GError **error)
{
	g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_ms / 1000);
	g_autofree char *when = at ? g_date_time_format(at, "%F %T UTC") : g_strdup("?");

	return hg_fail(error, HG_ERROR_STATE, "the journal has a gap before %s: what was there before is not in it. Put "
		       "a backup that was made later, and while the journal was kept, where the new store is to be",
		       when);
}

static gboolean goes_on(struct rebuild *r, const hg_journal *row, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_journalled entry;
	gint64 event_n;

	if (!has_conf(row))
		return TRUE;
	if (!hg_journal_read(row, arena, &entry, error) || !hg_store_event_last(r->to, &event_n, error))
		return FALSE;
	/* By other rules there may be other events; by the same ones there is no other number. */
	return entry.event_n == event_n || r->result.other || r->result.refused || no_way_on(row->at_ms, error);
}

static gboolean first_fits(const hg_journal *row, gint64 done_n, GError **error)
{
	return row->n == done_n + 1 || no_way_on(row->at_ms, error);
}

/* ---- feeding ---- */

static gboolean feed_row(struct rebuild *r, const hg_journal *row, GError **error)
{
	g_autoptr(GError) refused = NULL;

	r->now_ms = row->at_ms;
	if ((has_conf(row) || !r->engine) && !load_conf(r, row, error))
		return FALSE;
	if (!goes_on(r, row, error) || !hg_engine_feed(r->engine, row, r->from, &refused, error))
		return FALSE;
	r->result.rows++;
	r->result.first_ms = r->result.first_ms ? r->result.first_ms : row->at_ms;
	r->result.last_ms = row->at_ms;
	if (!refused)
		return TRUE;
	r->result.refused++;
	if (r->options->refused)
		r->options->refused(r->options->arg, row->n, row->at_ms, refused);
	return TRUE;
}

static gboolean feed_group(struct rebuild *r, const GPtrArray *rows, GError **error)
{
	gboolean ok = hg_store_begin(r->to, error);

	for (guint i = 0; ok && i < rows->len; i++)
		ok = feed_row(r, rows->pdata[i], error);
	if (ok && hg_store_commit(r->to, error)) {
		hg_store_tend(r->to, HG_LOAD_FULL);
		return TRUE;
	}
	hg_store_rollback(r->to);
	return FALSE;
}

/* What was in force when the copy was made. */
static gboolean resume(struct rebuild *r, gint64 done_n, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	g_autoptr(hg_arena) last_arena = hg_arena_new();
	hg_journal last = { 0 };
	gint64 n = 0;

	while (n < done_n) {
		g_autoptr(hg_arena) arena = hg_arena_new();

		g_ptr_array_set_size(rows, 0);
		if (!hg_store_journal_after(r->to, arena, n, GROUP, rows, error))
			return FALSE;
		for (guint i = 0; i < rows->len; i++) {
			const hg_journal *row = rows->pdata[i];

			n = row->n;
			if (!has_conf(row))
				continue;
			last = *row;
			last.body = hg_arena_mem(last_arena, row->body, row->len);
		}
	}
	if (!last.n) {
		r->conf = r->options->confs[0];
		return make_engine(r, error);
	}
	return load_conf(r, &last, error);
}

static gboolean feed_all(struct rebuild *r, gint64 done_n, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	gint64 n = done_n;

	for (;;) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		const hg_journal *last;

		g_ptr_array_set_size(rows, 0);
		if (!hg_store_journal_after(r->from, arena, n, GROUP, rows, error))
			return FALSE;
		if (!rows->len)
			return TRUE;
		if (n == done_n && !first_fits(rows->pdata[0], done_n, error))
			return FALSE;
		if (!feed_group(r, rows, error))
			return FALSE;
		last = rows->pdata[rows->len - 1];
		n = last->n;
		if (r->options->progress)
			r->options->progress(r->options->arg, n, r->last_n, last->at_ms);
	}
}

static gboolean feed_from_where_it_ends(struct rebuild *r, GError **error)
{
	gint64 done_n;

	if (!hg_store_journal_last(r->to, &done_n, error) || !hg_store_journal_last(r->from, &r->last_n, error))
		return FALSE;
	if (!r->last_n)
		return hg_fail(error, HG_ERROR_STATE, "%s has no journal: store.journal keeps one", r->options->from_path);
	return (!done_n || resume(r, done_n, error)) && feed_all(r, done_n, error);
}

/* ---- both stores ---- */

static gboolean open_stores(struct rebuild *r, GError **error)
{
	struct hg_store_options from = { .driver = "sqlite", .path = r->options->from_path,
					.attachments = r->options->from_attachments, .env = &r->env };
	struct hg_store_options to = { .driver = "sqlite", .path = r->options->path,
				       .attachments = r->options->attachments, .env = &r->env };

	r->from = hg_store_open_reader(&from, 0, error);
	if (!r->from)
		return FALSE;
	to.key = hg_store_instance_key(r->from);
	r->to = hg_store_open(&to, error);
	if (!r->to)
		return FALSE;
	return memcmp(hg_store_instance_key(r->to), to.key, 32) == 0 ||
	       hg_fail(error, HG_ERROR_STATE, "%s is not a copy of %s: name a file that is not there yet", to.path, from.path);
}

static gboolean run(struct rebuild *r, GError **error)
{
	gboolean ok;

	/* One picture of it, however long it takes, also while a daemon writes to it. */
	if (!open_stores(r, error) || !hg_store_begin(r->from, error))
		return FALSE;
	ok = feed_from_where_it_ends(r, error) &&
	     hg_store_compare(r->from, r->to, r->options->differs, r->options->arg, &r->result.differences, error);
	hg_store_rollback(r->from);
	return ok;
}

gboolean hg_rebuild(const struct hg_rebuild_options *options, struct hg_rebuild_result *ret, GError **error)
{
	struct rebuild r = { .options = options };
	gboolean ok;

	r.env = (struct hg_env){ .wall_ms = clock_of, .mono_ms = clock_of, .random = no_numbers };
	ok = run(&r, error);
	hg_engine_free(r.engine);
	if (r.to)
		hg_store_close(r.to);
	if (r.from)
		hg_store_close(r.from);
	*ret = r.result;
	return ok;
}
