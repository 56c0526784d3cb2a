/* smpp_deliver.c - what comes in: messages, pieces of them, receipts; answered when they are on disk
 *
 * What one read brings is one batch.  Each deliver_sm is answered from the batch's ack: 0 when it is on disk, and
 * ESME_RX_T_APPN when it is not, which makes every operator send it again (ESME_RSYSERR makes some drop it). */
#include "smpp_deliver.h"

#include "smpp_bind.h"
#include "smpp_message.h"
#include "smpp_submit.h"
#include "text.h"

#define BATCH_MAX 200		/* deliver_sm of one batch */

struct owed { guint32 command, sequence; gboolean counted; };

struct smpp_intake {		/* what one read brought, and then: what waits for the store */
	struct smpp *smpp;
	guint bind, generation;		/* where it is to be answered */
	hg_arena *arena;
	GArray *in, *receipts;		/* of struct hg_in, struct hg_receipt */
	GArray *owed;			/* of struct owed: answers */
	GByteArray *raw;		/* the PDUs */
};

static struct smpp_intake *intake_of(struct smpp_bind *bind)
{
	struct smpp *s = bind->smpp;

	if (!s->intake) {
		s->intake = g_new0(struct smpp_intake, 1);
		*s->intake = (struct smpp_intake){
			.smpp = s, .bind = bind->number, .generation = bind->generation, .arena = hg_arena_new(),
			.in = g_array_new(FALSE, TRUE, sizeof(struct hg_in)),
			.receipts = g_array_new(FALSE, TRUE, sizeof(struct hg_receipt)),
			.owed = g_array_new(FALSE, TRUE, sizeof(struct owed)), .raw = g_byte_array_new(),
		};
	}
	return s->intake;
}

static void intake_free(struct smpp_intake *intake)
{
	hg_arena_free(intake->arena);
	g_array_unref(intake->in);
	g_array_unref(intake->receipts);
	g_array_unref(intake->owed);
	g_byte_array_unref(intake->raw);
	g_free(intake);
}

/* ---- answers ---- */

static struct smpp_bind *bind_number(const struct smpp *s, guint number)
{
	return s->binds->pdata[number - 1];
}

static void answer(struct smpp_bind *bind, const struct owed *owed, gboolean stored)
{
	struct smpp_doubts *doubts = &bind->smpp->doubts;
	gboolean written = smpp_bind_answer(bind, owed->command | SMPP_RESP, stored ? SMPP_ROK : SMPP_RX_T_APPN, owed->sequence);

	if (stored && written)
		smpp_doubt_answered(doubts, bind->number, bind->generation, owed->sequence, bind->sequence);
}

static void on_ack(void *arg, int stored)
{
	struct smpp_intake *intake = arg;
	struct smpp *s = intake->smpp;
	struct smpp_bind *bind = bind_number(s, intake->bind);
	gboolean same = bind->generation == intake->generation && (bind->state == SMPP_BOUND || bind->state == SMPP_CLOSING);

	for (guint i = 0; i < intake->owed->len; i++) {
		const struct owed *owed = &g_array_index(intake->owed, struct owed, i);

		s->unstored -= owed->counted;
		if (stored != HG_STORED)
			smpp_doubt_refused(&s->doubts, intake->bind, intake->generation, owed->sequence);
		if (same)
			answer(bind, owed, stored == HG_STORED);
	}
	if (stored != HG_STORED)
		s->host->count(s->ch, "put_off");
	if (same && stored == HG_STORED)
		smpp_bind_probe(bind);
	intake_free(intake);
	smpp_stop_step(s);
}

void smpp_deliver_flush(struct smpp_bind *bind)
{
	struct smpp *s = bind->smpp;
	struct smpp_intake *intake = g_steal_pointer(&s->intake);
	g_autofree char *cursor = NULL;
	struct hg_batch batch;

	if (!intake)
		return;
	cursor = intake->in->len && s->conf->redelivery ? smpp_doubts_cursor(&s->doubts) : NULL;
	batch = (struct hg_batch){
		.size = sizeof(batch), .in = (const void *)intake->in->data, .n_in = intake->in->len,
		.in_size = sizeof(struct hg_in), .receipts = (const void *)intake->receipts->data,
		.n_receipts = intake->receipts->len, .receipt_size = sizeof(struct hg_receipt), .cursor = cursor,
		.raw = intake->raw->data, .raw_len = intake->raw->len,
	};
	s->host->emit(s->ch, &batch, on_ack, intake);
}

void smpp_deliver_settle(struct smpp *s)
{
	struct hg_batch batch = { .size = sizeof(batch) };
	g_autofree char *cursor = NULL;

	if (s->doubts.all->len || !s->doubts.dirty || s->unstored || !s->conf->redelivery)
		return;
	s->doubts.dirty = FALSE;
	cursor = smpp_doubts_cursor(&s->doubts);
	batch.cursor = cursor;
	s->host->emit(s->ch, &batch, smpp_told, NULL);
}

/* ---- taking ---- */

static gboolean put_off(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	struct smpp *s = bind->smpp;

	if (s->unstored < SMPP_INBOUND_MAX && !s->stopping)
		return FALSE;
	s->host->count(s->ch, "put_off");
	smpp_bind_answer(bind, pdu->command | SMPP_RESP, SMPP_RX_T_APPN, pdu->sequence);
	return TRUE;
}

static void owe(struct smpp_bind *bind, struct smpp_intake *intake, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len)
{
	struct owed owed = { pdu->command, pdu->sequence, TRUE };

	g_array_append_val(intake->owed, owed);
	g_byte_array_append(intake->raw, bytes, (guint)len);
	bind->smpp->unstored++;
	if (intake->owed->len >= BATCH_MAX)
		smpp_deliver_flush(bind);
}

/* Where the operator gives no id of its own: see smpp_doubt.h. */
static void name_it(struct smpp_bind *bind, const struct smpp_pdu *pdu, hg_arena *arena, struct hg_in *in)
{
	struct smpp *s = bind->smpp;
	gint64 now_ms = s->host->now_ms(s->ch);
	struct smpp_doubt seen = { .hash = smpp_message_hash(pdu), .bind = bind->number, .generation = bind->generation,
				   .sequence = pdu->sequence, .since_ms = smpp_now() };
	char key[SMPP_KEY_SIZE];

	if (in->id || in->kind == HG_IGNORED || !s->conf->redelivery)
		return;
	smpp_doubt_expire(&s->doubts, now_ms - s->conf->redelivery);
	smpp_doubt_begin(&s->doubts, &seen, now_ms, key);
	in->dedupe = hg_arena_str(arena, key);
}

void smpp_deliver_take(struct smpp_bind *bind, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len)
{
	struct smpp *s = bind->smpp;
	struct smpp_intake *intake;
	struct hg_receipt receipt;
	struct hg_in in;

	if (put_off(bind, pdu))
		return;
	intake = intake_of(bind);
	if (smpp_message_read(s->conf, pdu, bytes, len, s->host->now_ms(s->ch), intake->arena, &in, &receipt)) {
		/* The bytes are the connection's: in the arena they live as long as the batch. */
		in.raw = in.kind == HG_TEXT ? NULL : hg_arena_mem(intake->arena, bytes, len);
		in.raw_len = in.raw ? len : 0;
		name_it(bind, pdu, intake->arena, &in);
		g_array_append_val(intake->in, in);
	} else {
		g_array_append_val(intake->receipts, receipt);
	}
	owe(bind, intake, pdu, bytes, len);
}

/* Of no bind: nobody waits for an answer, and the same bytes are the same message. */
int smpp_deliver_given(void *state, const void *bytes, size_t len, hg_ack_fn *ack, void *arg, struct hg_err *err)
{
	struct smpp *s = state;
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct smpp_pdu pdu;
	struct hg_receipt receipt;
	struct hg_in in;
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(in), .receipt_size = sizeof(receipt), .raw = bytes, .raw_len = len };
	gboolean message;

	if (smpp_pdu_frame(bytes, len) != (gssize)len || smpp_pdu_read(bytes, len, &pdu) != SMPP_READ || pdu.command != SMPP_deliver_sm)
		return smpp_fail(err, HG_ERR_INPUT, "one whole deliver_sm is wanted");
	message = smpp_message_read(s->conf, &pdu, bytes, len, s->host->now_ms(s->ch), arena, &in, &receipt);
	if (message) {
		g_autofree char *key = NULL;
		guint8 hash[32];

		hg_sha256(bytes, len, hash);
		key = hg_hex(hash, sizeof(hash));
		in.raw = bytes;
		in.raw_len = len;
		in.dedupe = in.id ? NULL : hg_arena_str(arena, key);
	}
	batch.in = message ? &in : NULL;
	batch.n_in = message;
	batch.receipts = message ? NULL : &receipt;
	batch.n_receipts = !message;
	s->host->emit(s->ch, &batch, ack, arg);
	return 0;
}

void smpp_deliver_broken(struct smpp_bind *bind, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len)
{
	struct hg_in in = { .size = sizeof(in), .kind = HG_IGNORED, .text = "", .note = "a deliver_sm whose fields cannot be read" };
	struct smpp_intake *intake;

	if (put_off(bind, pdu))
		return;
	intake = intake_of(bind);
	in.raw = hg_arena_mem(intake->arena, bytes, len);
	in.raw_len = len;
	g_array_append_val(intake->in, in);
	owe(bind, intake, pdu, bytes, len);
}
