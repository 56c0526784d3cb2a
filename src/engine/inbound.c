/* inbound.c - a provider's delivery: each item has its own fate, none is lost, none stops the rest */
#include "turn.h"

#include <string.h>

#define ADDRESS_MAX 512		/* bytes of an address; longer ones are refused */

/* ---- the delivery as it came, kept once and only when something in it is new ---- */

struct batch {
	hg_turn *turn;
	const hg_waiting *waiting;	/* an item that waited: new, kept and counted long ago; else NULL */
	const hg_joining *joining;	/* the item is put together of its pieces, with raw_n of the first; else NULL */
	gint64 raw_n;		/* 0: not kept yet */
	gboolean bare;		/* nothing but the raw bytes of an item can be kept */
};

/* What an item came as, where its adapter could tell it from the rest and where it may be shown. */
static gboolean has_own_raw(const struct hg_batch *all, const struct hg_in *in)
{
	return in && in->raw_len && (!all->raw_len || in->kind < HG_IDENTITY || in->kind > HG_IGNORED);
}

static gboolean keep_raw(struct batch *batch, const struct hg_in *in, gint64 *ret_n, GError **error)
{
	const struct hg_batch *all = &batch->turn->command->batch;
	hg_turn *turn = batch->turn;
	gint64 *own = in ? &turn->raw[1 + (in - all->in)] : NULL;

	if (!batch->raw_n && all->raw_len &&
	    !hg_store_raw_add(turn->store, turn->command->channel, "delivery", turn->now_ms, all->raw, all->raw_len,
			      &batch->raw_n, error))
		return FALSE;
	*ret_n = turn->raw[0] = batch->raw_n;
	if (!has_own_raw(all, in))
		return TRUE;
	if (!hg_store_raw_add(turn->store, turn->command->channel, "item", turn->now_ms, in->raw, in->raw_len, own, error))
		return FALSE;
	*ret_n = *own;
	return TRUE;
}

gint64 hg_inbound_own_raw(const hg_turn *turn, const struct hg_in *in, gint64 raw_n)
{
	const struct hg_batch *all = &turn->command->batch;

	return has_own_raw(all, in) || all->n_in + all->n_receipts == 1 ? raw_n : 0;
}

/* ---- provider ids ---- */

static const char *wide_space(hg_turn *turn)
{
	g_autofree char *space = g_strconcat("adapter:", turn->command->space ?: "", NULL);

	return hg_arena_str(turn->arena, space);
}

const char *hg_inbound_space(hg_turn *turn, const struct hg_in *in)
{
	return in->wide ? wide_space(turn) : turn->command->channel;
}

gboolean hg_inbound_find(hg_turn *turn, const char *id, hg_message **ret, GError **error)
{
	gint64 n = 0;

	*ret = NULL;
	if (!id || !*id)
		return TRUE;
	if (!hg_store_seen_find(turn->store, turn->command->channel, id, turn->now_ms, &n, error) ||
	    (!n && !hg_store_seen_find(turn->store, wide_space(turn), id, turn->now_ms, &n, error)))
		return FALSE;
	if (n && !hg_store_message_get(turn->store, turn->arena, n, ret, error))
		return FALSE;
	if (*ret && (*ret)->erased_ms)	/* nobody finds what is forgotten */
		*ret = NULL;
	return TRUE;
}

static gboolean is_new(hg_turn *turn, const struct hg_in *in, gboolean *ret, GError **error)
{
	const char *key = in->dedupe ?: in->id, *space = hg_inbound_space(turn, in);
	gboolean imported;
	gint64 first_n;

	*ret = TRUE;
	if (!key || !*key)
		return TRUE;
	if (!hg_import_knows(turn, space, key, &imported, error))
		return FALSE;
	*ret = !imported;
	return imported || hg_store_seen(turn->store, space, key, turn->now_ms, turn->conf->window.dedupe_ms, ret, &first_n, error);
}

const char *hg_inbound_scope(const hg_turn *turn)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, turn->command->channel);

	const char *scope = conf && conf->scope ? conf->scope : "default";
	g_autofree char *trial = conf && conf->shadow ? g_strconcat(HG_SHADOW_SCOPE, scope, NULL) : NULL;

	return trial ? hg_arena_str(turn->arena, trial) : scope;
}

/* ---- one item ---- */

/* Only what can be told without the store: the rest shows when it is done. */
static const char *why_refused(const struct hg_in *in)
{
	if (in->kind == HG_RAW)
		return in->raw_len ? NULL : "it has no bytes to be read";
	if (in->kind == HG_ACCOUNT || in->kind == HG_IGNORED)
		return NULL;
	if (!in->n_from)
		return "it names no sender";
	for (gsize i = 0; i < in->n_from; i++) {
		const char *uri = in->from[i].uri;

		if (!uri || !*uri || strlen(uri) > ADDRESS_MAX || !strchr(uri, ':'))
			return "an address of its sender is none";
	}
	return NULL;
}

/* A kind of a newer header, or nonsense: what it says can still be shown. */
static gboolean kind_known(int kind)
{
	return (kind >= HG_TEXT && kind <= HG_UNSUPPORTED) || (kind >= HG_REACTION && kind <= HG_REVOKE) ||
	       (kind >= HG_IDENTITY && kind <= HG_RAW);
}

gint64 hg_inbound_had_ms(const hg_turn *turn)
{
	return turn->had_ms ? turn->had_ms : turn->now_ms;
}

gboolean hg_inbound_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	struct hg_in unknown = *in;
	struct hg_keyword said;
	gboolean waits = FALSE, taken;

	if (!kind_known(in->kind)) {
		unknown.kind = HG_UNSUPPORTED;
		unknown.note = in->note ?: "of a kind this headgate does not know";
		return hg_inbound_take(turn, &unknown, raw_n, error);
	}
	if (in->kind == HG_RAW)
		return hg_raw_take(turn, in, raw_n, error);
	if (hg_piece_is(in))
		return hg_piece_take(turn, in, raw_n, error);
	if (!hg_mail_answer(turn, in, &taken, error))
		return FALSE;
	if (taken)
		return TRUE;
	if (!hg_keyword_in(turn, in, &said, error))
		return FALSE;
	if (said.word)
		return hg_said_word(turn, &said, raw_n, error);
	if (!turn->had_ms && !hg_asking_gate(turn, in, raw_n, &waits, error))
		return FALSE;
	if (waits)
		return TRUE;
	if (in->kind >= HG_REACTION && in->kind <= HG_REVOKE)
		return hg_about_message(turn, in, raw_n, error);
	if (in->kind >= HG_IDENTITY)
		return hg_about_person(turn, in, error);
	return in->echo ? hg_echo_take(turn, in, raw_n, error) : hg_said_take(turn, in, raw_n, error);
}

static gboolean take_item(struct batch *batch, const struct hg_in *in, GError **error)
{
	hg_turn *turn = batch->turn;
	gint64 raw_n;
	gboolean fresh;

	turn->newcomer = 0;
	turn->outside = NULL;
	if (!is_new(turn, in, &fresh, error))
		return FALSE;
	turn->count.inbound++;
	if (!fresh) {
		turn->count.duplicates++;
		return TRUE;
	}
	return keep_raw(batch, in, &raw_n, error) && hg_inbound_take(turn, in, raw_n, error);
}

/* A sender nobody can name still has said something: it is kept with the reason, for people to see
 * in the log and in the raw delivery. */
static gboolean keep_poor(struct batch *batch, const struct hg_in *in, const char *why, gint64 raw_n, GError **error)
{
	struct hg_ctx channel = HG_CTX(NULL, "channel", batch->turn->command->channel);
	struct hg_ctx ctx = HG_CTX(&channel, "id", in->id ?: "(none)");
	struct hg_in poor = *in;

	batch->turn->count.refused++;
	hg_warn(&ctx, "inbound.refused", "kept as unsupported: %s", why);
	if (batch->bare || why_refused(in) || in->kind >= HG_REACTION || in->echo)
		return TRUE;
	poor.kind = HG_UNSUPPORTED;
	poor.note = why;
	poor.n_files = 0;
	poor.payload = NULL;
	if (in->part_ref)
		poor.text = hg_piece_text(batch->turn, in);
	return hg_said_take(batch->turn, &poor, raw_n, error);
}

static gboolean keep_refused(struct batch *batch, const struct hg_in *in, const char *why, GError **error)
{
	hg_turn *turn = batch->turn;
	gboolean fresh;
	gint64 raw_n;

	if (!is_new(turn, in, &fresh, error))
		return FALSE;
	turn->count.inbound++;
	if (!fresh) {
		turn->count.duplicates++;
		return TRUE;
	}
	return keep_raw(batch, in, &raw_n, error) && keep_poor(batch, in, why, raw_n, error);
}
/* ---- the batch ---- */

/* Undoes what a failed step began.  FALSE: the transaction itself is gone. */
static gboolean undo(struct batch *batch, const struct batch *before, guint events, const struct hg_noted *noted,
		     const struct hg_engine_stats *count, GError **error)
{
	hg_turn *turn = batch->turn;

	*batch = *before;
	turn->said = NULL;
	turn->count = *count;
	turn->noted = noted;
	turn->addresses_of = 0;
	if (turn->raw)
		turn->raw[0] = batch->raw_n;
	turn->newcomer = 0;
	turn->outside = NULL;
	g_ptr_array_set_size(turn->events, (gint)events);
	return hg_store_rollback_to(turn->store, error);
}

typedef gboolean step_fn(struct batch *batch, const void *item, const char *why, GError **error);

static gboolean in_savepoint(struct batch *batch, step_fn *step, const void *item, const char *why,
			     gboolean *ret_gone, GError **error)
{
	struct hg_engine_stats count = batch->turn->count;
	const struct hg_noted *noted = batch->turn->noted;
	guint events = batch->turn->events->len;
	hg_targets *targets = batch->turn->engine->targets;
	guint claimed = hg_targets_claimed(targets);
	struct batch before = *batch;
	hg_store *store = batch->turn->store;

	*ret_gone = TRUE;
	batch->turn->gone = TRUE;
	if (!hg_store_savepoint(store, error))
		return FALSE;
	hg_store_gather(store);
	if (step(batch, item, why, error) && hg_store_settle(store, error)) {
		*ret_gone = batch->turn->gone = !hg_store_release(store, error);
		return !*ret_gone;
	}
	hg_targets_recall(targets, claimed);
	*ret_gone = batch->turn->gone = !undo(batch, &before, events, noted, &count, NULL);
	return FALSE;
}

static gboolean step_item(struct batch *batch, const void *item, const char *why, GError **error)
{
	return why ? keep_refused(batch, item, why, error) : take_item(batch, item, error);
}

static gboolean step_receipt(struct batch *batch, const void *item, const char *why G_GNUC_UNUSED, GError **error)
{
	return hg_receipt_take(batch->turn, item, error);
}

/* The delivery's end: how far the adapter has read, and deliveries with nothing in them. */
static gboolean step_end(struct batch *batch, const void *item G_GNUC_UNUSED, const char *why G_GNUC_UNUSED,
			 GError **error)
{
	const struct hg_batch *all = &batch->turn->command->batch;
	hg_turn *turn = batch->turn;
	gint64 raw_n;

	if (!all->n_in && !all->n_receipts && !keep_raw(batch, NULL, &raw_n, error))
		return FALSE;
	return !all->cursor || hg_store_cursor_set(turn->store, turn->command->channel, all->cursor, error);
}

/* Facts there are by now, and what waited is gone from where it did. */
static gboolean step_waited(struct batch *batch, const void *item, const char *why, GError **error)
{
	const hg_waiting *waiting = batch->waiting;

	if (!hg_waiting_ask(batch->turn, waiting, error))
		return FALSE;
	return (why ? keep_poor(batch, item, why, waiting->raw_n, error) :
		      hg_inbound_take(batch->turn, item, waiting->raw_n, error)) &&
	       hg_store_waiting_done(batch->turn->store, waiting, error);
}

/* The same of a message in pieces whose time is over. */
static gboolean step_joined(struct batch *batch, const void *item, const char *why, GError **error)
{
	hg_turn *turn = batch->turn;

	if (item && !(why ? keep_poor(batch, item, why, batch->raw_n, error) :
			    hg_inbound_take(turn, item, batch->raw_n, error)))
		return FALSE;
	return hg_pieces_told(turn, batch->joining, error);
}

/* As it is; else as unsupported, without what may have been too much; else its raw bytes alone.  The
 * first reason is told.  Only a store that is gone stops the rest. */
static gboolean one_item(struct batch *batch, const struct hg_in *in, GError **error)
{
	step_fn *step = batch->waiting ? step_waited : batch->joining ? step_joined : step_item;
	g_autoptr(GError) first = NULL;
	const char *why = why_refused(in);
	gboolean gone, ok;

	if (in_savepoint(batch, step, in, why, &gone, &first))
		return TRUE;
	/* Kept without a job, nobody would ever read it: let it come again. */
	if (in->kind == HG_RAW && !why) {
		g_propagate_error(error, g_steal_pointer(&first));
		return FALSE;
	}
	/* What waited has no row of its own: its raw bytes were kept when it came. */
	if (!batch->waiting && !batch->joining)
		batch->turn->raw[1 + (in - batch->turn->command->batch.in)] = 0;
	if (!gone && !why) {
		why = hg_arena_str(batch->turn->arena, first->message);
		if (in_savepoint(batch, step, in, why, &gone, NULL))
			return TRUE;
	}
	batch->bare = TRUE;
	ok = !gone && in_savepoint(batch, step, in, why, &gone, NULL);
	batch->bare = FALSE;
	if (!ok)
		g_propagate_error(error, g_steal_pointer(&first));
	return ok;
}

gboolean hg_inbound_waited(hg_turn *turn, const hg_waiting *waiting, const struct hg_in *in, GError **error)
{
	struct batch batch = { .turn = turn, .waiting = waiting };

	return one_item(&batch, in, error);
}

gboolean hg_inbound_pieces(hg_turn *turn, const hg_joining *joining, const struct hg_in *in, gint64 raw_n, GError **error)
{
	struct batch batch = { .turn = turn, .joining = joining, .raw_n = raw_n };
	gboolean gone;

	return in ? one_item(&batch, in, error) : in_savepoint(&batch, step_joined, NULL, NULL, &gone, error);
}

/* A receipt that cannot be kept is worth a line, not a redelivery of all that came with it. */
static gboolean one_receipt(struct batch *batch, const struct hg_receipt *receipt, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", batch->turn->command->channel);
	g_autoptr(GError) why = NULL;
	gboolean gone;

	if (in_savepoint(batch, step_receipt, receipt, NULL, &gone, &why))
		return TRUE;
	if (!gone && why->code != HG_ERROR_STORE) {
		batch->turn->count.refused++;
		hg_warn(&ctx, "receipt.refused", "%s", why->message);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&why));
	return FALSE;
}

gboolean hg_inbound_batch(hg_turn *turn, GError **error)
{
	const struct hg_batch *all = &turn->command->batch;
	struct batch batch = { .turn = turn };
	gboolean gone;

	turn->raw = hg_arena_alloc(turn->arena, (all->n_in + 1) * sizeof(*turn->raw));
	for (gsize i = 0; i < all->n_in; i++)
		if (!one_item(&batch, &all->in[i], error))
			return FALSE;
	for (gsize i = 0; i < all->n_receipts; i++)
		if (!one_receipt(&batch, &all->receipts[i], error))
			return FALSE;
	if (!all->cursor && (all->n_in || all->n_receipts))
		return TRUE;
	return in_savepoint(&batch, step_end, NULL, NULL, &gone, error);
}

/* ---- what an adapter has read in raw bytes ---- */

static gboolean step_read(struct batch *batch, const void *job, const char *why G_GNUC_UNUSED, GError **error)
{
	hg_job mine = *(const hg_job *)job;

	return hg_raw_read(batch->turn, &mine, error);
}

/* Who sent it may be known all the same: then its conversation shows that something came.  Without the keys
 * of the message, which it takes when it is read after all. */
static gboolean step_placeholder(struct batch *batch, const void *item, const char *why, GError **error)
{
	struct hg_in poor = *(const struct hg_in *)item;

	poor.kind = HG_UNSUPPORTED;
	poor.id = poor.dedupe = NULL;
	poor.also = NULL;
	poor.note = why;
	poor.payload = NULL;
	poor.n_files = 0;
	poor.raw_len = 0;
	poor.echo = false;
	return hg_said_take(batch->turn, &poor, batch->raw_n, error);
}

static gboolean step_not_read(struct batch *batch, const void *job, const char *why, GError **error)
{
	hg_job mine = *(const hg_job *)job;

	if (!why)
		return hg_raw_again(batch->turn, &mine, error);
	mine.error = why;
	return hg_raw_quarantine(batch->turn, &mine, error);
}

static const char *why_not_read(hg_turn *turn, const hg_job *job)
{
	g_autofree char *why = g_strdup_printf("it could not be read, after %d attempts: %s; its bytes are in quarantine "
					       "(job %" G_GINT64_FORMAT ")", job->attempts,
					       turn->command->text ?: "no reason given", job->n);

	return hg_arena_str(turn->arena, why);
}

static gboolean not_read(struct batch *batch, hg_job *job, GError **error)
{
	const struct hg_batch *all = &batch->turn->command->batch;
	hg_turn *turn = batch->turn;
	gboolean gone;

	if (!hg_raw_is_hopeless(turn, job))
		return in_savepoint(batch, step_not_read, job, NULL, &gone, error);
	turn->said = NULL;
	if (all->n_in && !job->external_id && all->in[0].kind < HG_REACTION && !why_refused(&all->in[0])) {
		g_autoptr(GError) why = NULL;

		if (!in_savepoint(batch, step_placeholder, &all->in[0], why_not_read(turn, job), &gone, &why) && gone) {
			g_propagate_error(error, g_steal_pointer(&why));
			return FALSE;
		}
	}
	if (turn->said)
		job->external_id = turn->said->id;
	return in_savepoint(batch, step_not_read, job, turn->command->text ?: "no reason given", &gone, error);
}

gboolean hg_inbound_unpacked(hg_turn *turn, GError **error)
{
	const struct hg_batch *all = &turn->command->batch;
	struct batch batch = { .turn = turn };
	gboolean gone;
	hg_job *job;

	if (!hg_result_job(turn, HG_TO_UNPACK, &job, error))
		return FALSE;
	if (!job)
		return TRUE;
	batch.raw_n = job->raw_n;
	turn->raw = hg_arena_alloc(turn->arena, (all->n_in + 1) * sizeof(*turn->raw));
	if (turn->command->fate != HG_SENT)
		return not_read(&batch, job, error);
	for (gsize i = 0; i < all->n_in; i++)
		if (!one_item(&batch, &all->in[i], error))
			return FALSE;
	for (gsize i = 0; i < all->n_receipts; i++)
		if (!one_receipt(&batch, &all->receipts[i], error))
			return FALSE;
	return in_savepoint(&batch, step_read, job, NULL, &gone, error);
}
