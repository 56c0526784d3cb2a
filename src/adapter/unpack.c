/* unpack.c - raw bytes that are on disk are given to the adapter to be read, and settled over there
 *
 * Each ends in one command, whatever the adapter does: UNPACKED, RECALL (after which the same bytes come once more) or
 * SETTLED. */
#include "services.h"

#include <string.h>

#include "failpoint.h"
#include "hide.h"
#include "text.h"

#define WORDS_MAX 2000		/* bytes of the adapter's words that are kept */

struct unpack {				/* also of a settle(): unpacked(), recall() or settled() is due */
	guint64 ticket;
	struct hg_flight flight;
	hg_channel *ch;
	guint64 timer;			/* the deadline */
	gboolean settles;		/* it is a settle() ... */
	gboolean recalled;		/* ... or an unpack() that knows what we said */
};

static const char *words(hg_arena *arena, const struct hg_err *err)
{
	g_autofree char *text = hg_err_text(err, "the adapter gave no reason");
	g_autofree char *valid = hg_text_valid(text, -1, WORDS_MAX);

	return hg_arena_str(arena, valid);
}

static hg_command *result_of(const char *channel, const char *space, struct hg_flight flight, int kind, int fate,
			     const struct hg_err *err)
{
	hg_command *command = hg_ch_command(channel, kind);

	command->space = hg_arena_str(command->arena, space);
	hg_flight_ends(flight, command);
	command->fate = fate;
	command->text = err && err->kind ? words(command->arena, err) : NULL;
	return command;
}

/* The one place where one of them ends. */
static void finish(struct unpack *u, hg_command *command)
{
	hg_channel *ch = u->ch;

	hg_loop_untimer(ch->loop, u->timer);
	if (u->settles)
		(void)HG_FAILPOINT(SETTLE_ANSWERED);
	else
		(void)HG_FAILPOINT(UNPACK_ANSWERED);
	hg_ch_submit(ch->env, command);
	g_hash_table_remove(ch->unpacks, &u->ticket);
	hg_ch_progress(ch);
}

static void end(struct unpack *u, int fate, const struct hg_err *err)
{
	u->ch->counts.unread += fate != HG_SENT && !u->settles;
	finish(u, result_of(u->ch->name, u->ch->desc->name, u->flight,
			    u->settles ? HG_CMD_SETTLED : HG_CMD_UNPACKED, fate, err));
}

static void on_deadline(void *arg)
{
	struct unpack *u = arg;
	struct hg_err err;

	u->timer = 0;
	hg_ch_fault(u->ch, "%s() got no answer in time", u->settles ? "settle" : "unpack");
	hg_err_set(&err, HG_ERR_BROKEN, 0, "the adapter did not answer in time");
	end(u, u->settles ? HG_RETRY : HG_FAILED, &err);
}

/* ---- handing over ---- */

void hg_unpack_decline(const struct hg_channels_env *env, const hg_dispatch *dispatch, const char *why)
{
	gboolean settles = dispatch->job.target == HG_TO_SETTLE;
	struct hg_err err;

	hg_err_set(&err, HG_ERR_BUSY, 0, "%s", why);
	hg_ch_submit(env, result_of(dispatch->job.name, NULL, hg_flight_of(dispatch),
				    settles ? HG_CMD_SETTLED : HG_CMD_UNPACKED, HG_RETRY, &err));
}

static struct unpack *unpack_new(hg_channel *ch, const hg_dispatch *dispatch)
{
	struct unpack *u = g_new0(struct unpack, 1);

	u->ticket = ++ch->last_ticket;
	u->flight = hg_flight_of(dispatch);
	u->ch = ch;
	u->settles = dispatch->job.target == HG_TO_SETTLE;
	u->recalled = dispatch->raw.recalled;
	u->timer = hg_loop_timer(ch->loop, hg_ch_answer_ms(ch), on_deadline, u);
	g_hash_table_insert(ch->unpacks, &u->ticket, u);
	return u;
}

static void unpack_begin(hg_channel *ch, const hg_dispatch *dispatch)
{
	struct unpack *u = unpack_new(ch, dispatch);
	struct hg_raw raw = dispatch->raw;
	struct hg_err err;

	ch->counts.unpacks += !u->recalled;
	if (!ch->desc->unpack) {
		hg_ch_fault(ch, "it emits what is to be unpacked (HG_RAW), and has no unpack()");
		hg_err_set(&err, HG_ERR_BROKEN, 0, "the adapter has no unpack()");
		end(u, HG_FAILED, &err);
		return;
	}
	raw.size = sizeof(raw);
	raw.ticket = u->ticket;
	(void)HG_FAILPOINT(UNPACK_BEGIN);
	ch->desc->unpack(ch->state, &raw);
}

static void settle_begin(hg_channel *ch, const hg_dispatch *dispatch)
{
	struct unpack *u = unpack_new(ch, dispatch);

	ch->counts.settles++;
	if (!ch->desc->settle) {
		end(u, HG_SENT, NULL);
		return;
	}
	(void)HG_FAILPOINT(SETTLE_BEGIN);
	ch->desc->settle(ch->state, u->ticket, dispatch->raw.id);
}

void hg_unpack_begin(hg_channel *ch, hg_dispatch *dispatch)
{
	if (dispatch->job.target == HG_TO_SETTLE)
		settle_begin(ch, dispatch);
	else
		unpack_begin(ch, dispatch);
	hg_dispatch_free(dispatch);
}

/* ---- the answer ---- */

/* NULL: there is none to be answered, and that was said. */
static struct unpack *find(hg_channel *ch, uint64_t ticket, const char *what, gboolean settles)
{
	guint64 key = ticket;
	struct unpack *u;

	/* Also in close(): the last chance to say what is known. */
	if (!ch->in_close && !hg_ch_may(ch, what))
		return NULL;
	u = g_hash_table_lookup(ch->unpacks, &key);
	if (u && u->settles == settles)
		return u;
	ch->counts.late++;
	hg_warn(&ch->ctx, "unpack.late", "%s() names ticket %" G_GUINT64_FORMAT ", which is unknown or was answered "
		"already; nothing was changed", what, key);
	return NULL;
}

static void take_batch(struct unpack *u, const struct hg_batch *theirs, const struct hg_err *err)
{
	int fate = !err || !err->kind ? HG_SENT : err->kind == HG_ERR_BUSY ? HG_RETRY : HG_FAILED;
	g_autoptr(hg_command) command = NULL;
	g_autoptr(GError) why = NULL;
	struct hg_batch batch;
	struct hg_err wrong;
	const char *what;

	what = hg_batch_wrong(&batch, theirs);
	if (what) {
		hg_ch_fault(u->ch, "unpacked(): %s", what);
		hg_err_set(&wrong, HG_ERR_BROKEN, 0, "what the adapter read of it does not hold");
		end(u, HG_FAILED, &wrong);
		return;
	}
	command = result_of(u->ch->name, u->ch->desc->name, u->flight, HG_CMD_UNPACKED, fate, err);
	if (!hg_command_set_batch(command, &batch, &why)) {
		hg_err_from(&wrong, why);
		end(u, HG_FAILED, &wrong);
		return;
	}
	u->ch->counts.unread += fate != HG_SENT;
	u->ch->counts.items += fate == HG_SENT ? batch.n_in : 0;
	u->ch->counts.receipts += fate == HG_SENT ? batch.n_receipts : 0;
	finish(u, g_steal_pointer(&command));
}

void hg_unpack_answer(hg_channel *ch, uint64_t ticket, const struct hg_batch *batch, const struct hg_err *err)
{
	struct unpack *u = find(ch, ticket, "unpacked", FALSE);

	if (!u)
		return;
	if (batch)
		take_batch(u, batch, err);
	else if (err && err->kind)
		end(u, err->kind == HG_ERR_BUSY ? HG_RETRY : HG_FAILED, err);
	else
		end(u, HG_FAILED, &(struct hg_err){ .kind = HG_ERR_BROKEN, .text = "the adapter read nothing, and gave no reason" });
}

void hg_unpack_recall(hg_channel *ch, uint64_t ticket, const char *const *refs)
{
	struct unpack *u = find(ch, ticket, "recall", FALSE);
	hg_command *command;

	if (!u)
		return;
	if (u->recalled) {
		hg_ch_fault(ch, "recall() a second time: the texts were there");
		end(u, HG_FAILED, &(struct hg_err){ .kind = HG_ERR_BROKEN, .text = "the adapter asks the same again" });
		return;
	}
	command = result_of(ch->name, ch->desc->name, u->flight, HG_CMD_RECALL, 0, NULL);
	command->refs = hg_command_words(command, refs);
	finish(u, command);
}

void hg_settle_answer(hg_channel *ch, uint64_t ticket, const struct hg_err *err)
{
	struct unpack *u = find(ch, ticket, "settled", TRUE);

	if (u)
		end(u, !err || !err->kind ? HG_SENT : err->kind == HG_ERR_GONE ? HG_FAILED : HG_RETRY, err);
}

void hg_unpack_end(hg_channel *ch)
{
	static const struct hg_err closed = { .kind = HG_ERR_BUSY, .text = "the channel closed before its adapter had read it" };
	GHashTableIter iter;
	void *value;

	for (;;) {
		g_hash_table_iter_init(&iter, ch->unpacks);
		if (!g_hash_table_iter_next(&iter, NULL, &value))
			return;
		end(value, HG_RETRY, &closed);
	}
}
