/* emit.c - a batch of the adapter becomes a command; the answer comes back on the channel's loop */
#include "services.h"

#include "failpoint.h"
#include "route.h"

struct batch {
	GList link;			/* in ch->batches while it is unanswered */
	hg_channel *ch;			/* NULL: answered already; only our memory is left */
	hg_loop *loop;
	hg_ack_fn *ack;			/* or NULL */
	void *arg;
	struct hg_route_call *call;	/* the request that waits for it, or NULL */
	char *cursor;			/* where it moves the channel's, or NULL */
	int stored;			/* enum hg_stored */
	gboolean again;			/* all of it was there before */
};

static void batch_answer(struct batch *b, int stored)
{
	hg_channel *ch = b->ch;

	b->ch = NULL;
	g_queue_unlink(&ch->batches, &b->link);
	if (stored == HG_STORED) {
		ch->last_in_ms = hg_ch_wall(ch);
		if (b->cursor) {
			g_free(ch->cursor);
			ch->cursor = g_steal_pointer(&b->cursor);
		}
	} else {
		ch->counts.busy++;
	}
	if (stored == HG_STORED)
		(void)HG_FAILPOINT(INBOUND_STORED);
	if (b->call)
		hg_route_stored(b->call, stored, stored == HG_STORED && b->again);
	if (stored == HG_STORED)
		(void)HG_FAILPOINT(INBOUND_ANSWERED);
	if (b->ack)
		b->ack(b->arg, stored);
	hg_ch_progress(ch);
}

static void batch_back(void *arg)
{
	struct batch *b = arg;

	if (b->ch)
		batch_answer(b, b->stored);
	g_free(b->cursor);
	g_free(b);
}

/* On the engine's thread, after the commit. */
static void batch_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct batch *b = arg;

	(void)answer;
	/* Only a failing store refuses a whole batch: that passes, so the provider is to come again. */
	b->stored = error ? HG_BUSY : HG_STORED;
	b->again = command->again;
	hg_loop_post(b->loop, batch_back, b);
}

/* ---- is it well formed? ---- */

static gboolean array_ok(const void *items, gsize n, gsize stride)
{
	if (n == 0)
		return TRUE;
	if (!items || stride < sizeof(gsize) || stride > 65536 || stride % sizeof(gsize) ||
	    n > G_MAXSIZE / 2 / stride)
		return FALSE;
	for (gsize i = 0; i < n; i++) {
		gsize size;

		memcpy(&size, (const char *)items + i * stride, sizeof(size));
		if (size < sizeof(size) || size > stride)
			return FALSE;
	}
	return TRUE;
}

static gboolean files_ok(const struct hg_batch *batch)
{
	for (gsize i = 0; i < batch->n_in; i++) {
		struct hg_in in;

		hg_take_struct(&in, sizeof(in), (const char *)batch->in + i * batch->in_size);
		if (!array_ok(in.files, in.n_files, in.file_size) || (in.n_from && !in.from) ||
		    (in.raw_len && !in.raw))
			return FALSE;
	}
	return TRUE;
}

const char *hg_batch_wrong(struct hg_batch *ours, const struct hg_batch *theirs)
{
	if (!hg_take_struct(ours, sizeof(*ours), theirs))
		return "batch.size is not that of a struct hg_batch";
	if (!array_ok(ours->in, ours->n_in, ours->in_size))
		return "in, n_in, in_size and the items' size do not fit together";
	if (!array_ok(ours->receipts, ours->n_receipts, ours->receipt_size))
		return "receipts, n_receipts, receipt_size and the items' size do not fit together";
	if (ours->raw_len && !ours->raw)
		return "raw_len without raw";
	return files_ok(ours) ? NULL : "an item's files, from or raw do not fit their numbers";
}

/* ---- handing over ---- */

/* What the engine's copy cannot take (too many items, too long) must not come back for ever: the
 * delivery is kept raw, and the cursor moves past it. */
static gboolean set_raw_only(hg_command *command, const struct hg_batch *batch, const char *why,
			     GError **error)
{
	struct hg_in in = { .size = sizeof(in), .kind = HG_IGNORED, .text = "", .note = why,
			    .raw = batch->raw, .raw_len = batch->raw_len };
	struct hg_batch only = { .size = sizeof(only), .in = &in, .n_in = 1, .in_size = sizeof(in),
				 .cursor = batch->cursor };

	return hg_command_set_batch(command, &only, error);
}

static hg_command *batch_command(hg_channel *ch, const struct hg_batch *batch, GError **error)
{
	g_autoptr(hg_command) command = hg_ch_command(ch->name, HG_CMD_INBOUND);
	g_autoptr(GError) why = NULL;

	if (!hg_command_set_batch(command, batch, &why)) {
		hg_ch_fault(ch, "a batch of %zu items and %zu receipts is kept raw only: %s",
			    batch->n_in, batch->n_receipts, why->message);
		hg_command_free(command);
		command = hg_ch_command(ch->name, HG_CMD_INBOUND);
		if (!set_raw_only(command, batch, why->message, error))
			return NULL;
	}
	command->space = hg_arena_str(command->arena, ch->desc->name);
	return g_steal_pointer(&command);
}

static gboolean submit(hg_channel *ch, struct batch *b, const struct hg_batch *batch)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_command) command = NULL;

	if (ch->batches.length > HG_CH_BATCHES_MAX)
		return FALSE;
	command = batch_command(ch, batch, &error);
	if (command && !HG_FAILPOINT(INBOUND_PARSED)) {
		command->done = batch_done;
		command->done_arg = b;
		if (ch->env->submit(ch->env->ctx, command, &error)) {
			command = NULL;
			(void)HG_FAILPOINT(INBOUND_QUEUED);
			return TRUE;
		}
	}
	hg_debug(&ch->ctx, "inbound.busy", "%s", error ? error->message : "no reason given");
	return FALSE;
}

static struct batch *batch_new(hg_channel *ch, hg_ack_fn *ack, void *arg)
{
	struct batch *b = g_new0(struct batch, 1);

	b->ch = ch;
	b->loop = ch->loop;
	b->ack = ack;
	b->arg = arg;
	b->link.data = b;
	g_queue_push_tail_link(&ch->batches, &b->link);
	if (!ack && ch->handling)
		b->call = hg_route_wait(ch->handling);
	else if (!ack)
		hg_ch_fault(ch, "emit() without ack outside of a route handler: nobody hears whether it was stored");
	return b;
}

static void answer_later(struct batch *b, int stored)
{
	b->stored = stored;
	hg_loop_post(b->loop, batch_back, b);
}

void hg_emit(hg_channel *ch, const struct hg_batch *theirs, hg_ack_fn *ack, void *arg)
{
	struct hg_batch batch;
	struct batch *b;
	const char *wrong;

	if (!hg_ch_may_begin(ch, "emit") || hg_ch_too_late(ch, "emit"))
		return;
	b = batch_new(ch, ack, arg);
	wrong = hg_batch_wrong(&batch, theirs);
	ch->counts.batches++;
	if (wrong) {
		hg_ch_fault(ch, "emit(): %s; nothing was stored", wrong);
		answer_later(b, HG_BUSY);
		return;
	}
	ch->counts.items += batch.n_in;
	ch->counts.receipts += batch.n_receipts;
	b->cursor = g_strdup(batch.cursor);
	if (ch->phase == HG_PH_ENDING)
		answer_later(b, HG_CLOSING);
	else if (!submit(ch, b, &batch))
		answer_later(b, HG_BUSY);
}

void hg_emit_end(hg_channel *ch)
{
	GList *link;

	/* Their memory comes back with the engine's answer, or with the post that is on its way. */
	while ((link = ch->batches.head))
		batch_answer(link->data, HG_CLOSING);
}
