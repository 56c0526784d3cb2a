/* journal.c - each turn that wrote something is kept, with its clock and the seed of its random numbers
 *
 * The row is written in the transaction of the turn, behind it: the order of the rows is the order in
 * which things were done.  What wrote nothing is no row, so duplicates and refusals cost nothing. */
#include "journal.h"

#include "command_pack.h"
#include "failpoint.h"
#include "turn.h"

#include <string.h>

/* ---- one turn's clock and random numbers ---- */

void hg_work_begin(hg_engine *engine, gint64 now_ms)
{
	if (engine->fed && engine->fed->seed_len == HG_SEED_SIZE)
		memcpy(engine->seed, engine->fed->seed, HG_SEED_SIZE);
	else
		engine->world->random(engine->world, engine->seed, HG_SEED_SIZE);
	hg_seeded_begin(engine->seeded, engine->seed, now_ms);
	engine->changes = hg_store_changes(engine->store);
}

void hg_work_end(hg_engine *engine, gboolean holds)
{
	hg_seeded_end(engine->seeded, holds && hg_store_changes(engine->store) != engine->changes);
}

/* ---- writing ---- */

static gboolean is_kept(const hg_engine *engine)
{
	return engine->conf->store.journal_ms > 0;
}

static gboolean wrote(const hg_engine *engine)
{
	return hg_store_changes(engine->store) != engine->changes;
}

static GString *body_of(hg_engine *engine)
{
	g_string_truncate(engine->packed, 0);
	return engine->packed;
}

static gboolean write_row(hg_engine *engine, int kind, gint64 now_ms, GError **error)
{
	gboolean seeded = kind != HG_J_CLAIM && kind != HG_J_RELOAD;
	hg_journal row = {
		.at_ms = now_ms, .kind = kind, .seed = seeded ? engine->seed : NULL,
		.seed_len = seeded ? HG_SEED_SIZE : 0, .body = engine->packed->str, .len = engine->packed->len,
	};

	return hg_store_journal_add(engine->store, &row, error) &&
	       (!HG_FAILPOINT(JOURNAL_ROW) || hg_fail(error, HG_ERROR_STORE, "a test made the journal fail"));
}

static void pack_raw(const hg_turn *turn, GString *body)
{
	gsize n = turn->raw ? turn->command->batch.n_in + 1 : 0;

	while (n && !turn->raw[n - 1])
		n--;
	hg_pack_number(body, n);
	for (gsize i = 0; i < n; i++)
		hg_pack_number(body, (guint64)turn->raw[i]);
}

gboolean hg_journal_command(hg_turn *turn, GError **error)
{
	GString *body;

	if (!is_kept(turn->engine) || !wrote(turn->engine))
		return TRUE;
	body = body_of(turn->engine);
	pack_raw(turn, body);
	hg_command_pack(turn->command, HG_PACK_WITHOUT_RAW, body);
	return write_row(turn->engine, HG_J_COMMAND, turn->now_ms, error);
}

gboolean hg_journal_timer(hg_turn *turn, const hg_timer *timer, GError **error)
{
	GString *body;

	if (!is_kept(turn->engine))
		return TRUE;
	body = body_of(turn->engine);
	hg_pack_number(body, (guint64)timer->thread_n);
	g_string_append(body, timer->kind);
	return write_row(turn->engine, HG_J_TIMER, turn->now_ms, error);
}

gboolean hg_journal_waited(hg_turn *turn, gint64 waiting_n, GError **error)
{
	if (!is_kept(turn->engine))
		return TRUE;
	hg_pack_number(body_of(turn->engine), (guint64)waiting_n);
	return write_row(turn->engine, HG_J_WAITED, turn->now_ms, error);
}

void hg_journal_note_claim(hg_engine *engine, gint64 job_n, gboolean dropped)
{
	gint64 said = dropped ? -job_n : job_n;

	g_array_append_val(engine->claims, said);
}

void hg_journal_forget_claim(hg_engine *engine, gint64 job_n)
{
	guint n = engine->claims->len;

	if (n && g_array_index(engine->claims, gint64, n - 1) == job_n)
		g_array_set_size(engine->claims, n - 1);
}

gboolean hg_journal_claims(hg_engine *engine, gint64 now_ms, GError **error)
{
	const gint64 *jobs = (const gint64 *)(const void *)engine->claims->data;
	guint n = engine->claims->len;
	GString *body = body_of(engine);

	for (guint i = 0; i < n; i++)
		hg_pack_number(body, (guint64)ABS(jobs[i]) << 1 | (jobs[i] < 0));
	g_array_set_size(engine->claims, 0);
	return !n || !is_kept(engine) || write_row(engine, HG_J_CLAIM, now_ms, error);
}

gboolean hg_journal_conf(hg_engine *engine, int kind, gint64 now_ms, GError **error)
{
	gint64 event_n;
	GString *body;

	if (!is_kept(engine))
		return TRUE;
	if (!hg_store_event_last(engine->store, &event_n, error))
		return FALSE;
	body = body_of(engine);
	hg_pack_number(body, (guint64)event_n);
	g_string_append(body, engine->conf->hash ?: "");
	return write_row(engine, kind, now_ms, error);
}

gboolean hg_journal_take(hg_engine *engine, const char *post, gint64 now_ms, GError **error)
{
	if (!is_kept(engine) || !wrote(engine))
		return TRUE;
	g_string_append(body_of(engine), post);
	return write_row(engine, HG_J_TAKE, now_ms, error);
}

/* ---- reading ---- */

static gboolean read_raw(struct hg_unpack *in, hg_arena *arena, struct hg_journalled *ret)
{
	guint64 n, raw;

	/* Each takes a byte at least. */
	if (!hg_unpack_number(in, &n) || n > (gsize)(in->end - in->at))
		return FALSE;
	ret->n_raw = (gsize)n;
	ret->raw = hg_arena_alloc(arena, (ret->n_raw + 1) * sizeof(*ret->raw));
	for (gsize i = 0; i < ret->n_raw; i++) {
		if (!hg_unpack_number(in, &raw) || raw > G_MAXINT64)
			return FALSE;
		ret->raw[i] = (gint64)raw;
	}
	return TRUE;
}

static gboolean read_timer(struct hg_unpack *in, hg_arena *arena, struct hg_journalled *ret)
{
	guint64 n;

	if (!hg_unpack_number(in, &n) || n > G_MAXINT64 || in->at == in->end)
		return FALSE;
	ret->timer.thread_n = (gint64)n;
	ret->timer.kind = hg_arena_mem(arena, in->at, (gsize)(in->end - in->at));
	return TRUE;
}

static gboolean read_waited(struct hg_unpack *in, struct hg_journalled *ret)
{
	guint64 n;

	if (!hg_unpack_number(in, &n) || n > G_MAXINT64 || in->at != in->end)
		return FALSE;
	ret->waiting_n = (gint64)n;
	return TRUE;
}

static gboolean read_claims(struct hg_unpack *in, struct hg_journalled *ret)
{
	guint64 said;
	gint64 job_n;

	ret->jobs = g_array_new(FALSE, FALSE, sizeof(gint64));
	while (in->at < in->end) {
		if (!hg_unpack_number(in, &said))
			return FALSE;
		job_n = said & 1 ? -(gint64)(said >> 1) : (gint64)(said >> 1);
		g_array_append_val(ret->jobs, job_n);
	}
	return TRUE;
}

static gboolean read_conf(struct hg_unpack *in, hg_arena *arena, struct hg_journalled *ret)
{
	guint64 n;

	if (!hg_unpack_number(in, &n) || n > G_MAXINT64)
		return FALSE;
	ret->event_n = (gint64)n;
	ret->config_hash = hg_arena_mem(arena, in->at, (gsize)(in->end - in->at));
	return TRUE;
}

static gboolean read_body(const hg_journal *row, hg_arena *arena, struct hg_journalled *ret, GError **error)
{
	const guint8 *body = row->len ? row->body : (const guint8 *)"";	/* what SQLite has for none is NULL */
	struct hg_unpack in = { body, body + row->len };

	switch (row->kind) {
	case HG_J_COMMAND:
		return read_raw(&in, arena, ret) &&
		       hg_command_unpack(in.at, (gsize)(in.end - in.at), &ret->command, error);
	case HG_J_TIMER:
		return read_timer(&in, arena, ret);
	case HG_J_CLAIM:
		return read_claims(&in, ret);
	case HG_J_WAITED:
		return read_waited(&in, ret);
	case HG_J_TAKE:
		ret->post = hg_arena_mem(arena, in.at, (gsize)(in.end - in.at));
		return in.at < in.end;
	case HG_J_START:
	case HG_J_JOIN:
	case HG_J_RELOAD:
		return read_conf(&in, arena, ret);
	default:
		return hg_fail(error, HG_ERROR_INPUT, "kind %d is not known: was it written by a newer headgate?", row->kind);
	}
}

gboolean hg_journal_read(const hg_journal *row, hg_arena *arena, struct hg_journalled *ret, GError **error)
{
	g_autoptr(GError) why = NULL;

	*ret = (struct hg_journalled){ 0 };
	if (read_body(row, arena, ret, &why))
		return TRUE;
	hg_journalled_done(ret);
	return hg_fail(error, HG_ERROR_INPUT, "row %" G_GINT64_FORMAT " of the journal cannot be read: %s", row->n,
		       why ? why->message : "it is damaged");
}

void hg_journalled_done(struct hg_journalled *entry)
{
	g_clear_pointer(&entry->command, hg_command_free);
	g_clear_pointer(&entry->jobs, g_array_unref);
}
