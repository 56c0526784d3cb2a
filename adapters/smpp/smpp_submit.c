/* smpp_submit.c - what goes out: a queue, a window for each bind, and what the answers mean
 *
 * Messages are written in the order in which they came.  One that is throttled takes its place at the head again, and
 * its bind rests, then goes on with one at a time: nothing overtakes it there and nothing fails.  What was written and is not answered when the
 * connection goes may have been sent: nobody knows. */
#include "smpp_submit.h"

#include <string.h>

#include "smpp_bind.h"
#include "smpp_conf.h"
#include "smpp_receipt.h"
#include "text.h"

#define PAUSE_LEAST_MS 1000	/* of a throttled bind; doubled each time ... */
#define PAUSE_MOST_MS  16000	/* ... up to here; a message that is taken ends it */
#define CONGESTED      90	/* congestion_state of 5.0, in hundredths: from here on a pause too */
#define LATE_MAX       200	/* of a bind: given up as ambiguous, but an answer may come */

struct smpp_submit {
	uint64_t ticket;	/* 0: told, and a late answer is news of its own */
	guint64 order;
	gint64 came_ms, due_ms;	/* monotonic; due_ms: when its answer has to be there */
	char *key;
	GByteArray *pdu;
};

static void submit_free(void *data)
{
	struct smpp_submit *submit = data;

	g_byte_array_unref(submit->pdu);
	g_free(submit->key);
	g_free(submit);
}

static void tell(struct smpp *s, struct smpp_submit *submit, struct hg_result result)
{
	result.size = sizeof(result);
	if (submit->ticket)
		s->host->sent(s->ch, submit->ticket, &result);
	submit->ticket = 0;
}

static void tell_and_free(struct smpp *s, struct smpp_submit *submit, struct hg_result result)
{
	tell(s, submit, result);
	submit_free(submit);
}

/* ---- the queue ---- */

static int by_order(gconstpointer a, gconstpointer b, gpointer unused G_GNUC_UNUSED)
{
	const struct smpp_submit *one = a, *two = b;

	return one->order < two->order ? -1 : one->order > two->order;
}

void smpp_submit_flush(struct smpp *s, const char *why)
{
	struct smpp_submit *submit;

	while ((submit = g_queue_pop_head(&s->queue)))
		tell_and_free(s, submit, (struct hg_result){ .fate = HG_RETRY, .reach = HG_REACH_CHANNEL, .text = why });
}

void smpp_send(void *state, const struct hg_out *out)
{
	struct smpp *s = state;
	struct smpp_submit *submit;

	if (!out->ticket)
		return;
	submit = g_new0(struct smpp_submit, 1);
	*submit = (struct smpp_submit){ .ticket = out->ticket, .order = ++s->order, .came_ms = smpp_now(),
					.key = g_strdup(out->key), .pdu = g_byte_array_new() };
	if (out->len)
		g_byte_array_append(submit->pdu, out->body, (guint)out->len);
	if (smpp_pdu_frame(submit->pdu->data, submit->pdu->len) != (gssize)submit->pdu->len || !submit->pdu->len) {
		tell_and_free(s, submit, (struct hg_result){ .fate = HG_FAILED, .text = "what was planned is no PDU" });
		return;
	}
	g_queue_push_tail(&s->queue, submit);
	if (s->stopping || s->told == HG_DOWN)
		smpp_submit_flush(s, s->stopping ? "the channel stops" : s->told_err.text);
	else
		smpp_submit_run(s);
}

/* ---- writing ---- */

/* The bind with the most room. */
static struct smpp_bind *choose(const struct smpp *s)
{
	struct smpp_bind *best = NULL;

	for (guint i = 0; i < s->binds->len; i++) {
		struct smpp_bind *bind = s->binds->pdata[i];

		if (smpp_bind_can_send(bind) && (!best || bind->flying < best->flying))
			best = bind;
	}
	return best;
}

static gboolean put(struct smpp_bind *bind, struct smpp_submit *submit)
{
	struct smpp *s = bind->smpp;
	guint32 sequence = smpp_bind_next(bind);
	gint64 now = smpp_now();

	for (guint i = 0; i < 4; i++)
		submit->pdu->data[12 + i] = (guint8)(sequence >> (24 - 8 * i));
	if (s->host->write(bind->session, submit->pdu->data, submit->pdu->len) != 0)
		return FALSE;
	submit->due_ms = MIN(now + s->conf->response_timeout, submit->came_ms + SMPP_ANSWER_MS);
	g_hash_table_insert(bind->waiting, GUINT_TO_POINTER(sequence), submit);
	bind->flying++;
	smpp_due(s, submit->due_ms);
	return TRUE;
}

void smpp_submit_run(struct smpp *s)
{
	struct smpp_bind *bind;

	while (s->queue.length && !s->stopping && (bind = choose(s))) {
		if (!put(bind, g_queue_peek_head(&s->queue))) {
			bind->state = SMPP_DOWN;	/* down() comes; nothing was written */
			continue;
		}
		g_queue_pop_head(&s->queue);
	}
	if (s->queue.length)
		smpp_due(s, ((struct smpp_submit *)g_queue_peek_head(&s->queue))->came_ms + SMPP_HOLD_MS);
}

/* ---- answers ---- */

static void slow_down(struct smpp_bind *bind)
{
	gint64 now = smpp_now();

	/* A whole window that is refused is one refusal. */
	if (bind->resume_ms > now)
		return;
	bind->pause_ms = CLAMP(bind->pause_ms * 2, PAUSE_LEAST_MS, PAUSE_MOST_MS);
	bind->resume_ms = now + bind->pause_ms;
	bind->room = 1;
	smpp_due(bind->smpp, bind->resume_ms);
}

static void throttled(struct smpp_bind *bind, struct smpp_submit *submit)
{
	struct smpp *s = bind->smpp;

	s->host->count(s->ch, "throttled");
	slow_down(bind);
	if (!submit->ticket)
		submit_free(submit);
	else if (s->stopping)
		tell_and_free(s, submit, (struct hg_result){ .fate = HG_RETRY, .text = "throttled while the channel stops" });
	else
		g_queue_insert_sorted(&s->queue, submit, by_order, NULL);
}

/* After it was given up: a receipt with our key settles what it was. */
static void tell_late(struct smpp *s, const struct smpp_submit *submit, int state, const char *id, guint32 status, const char *text)
{
	struct hg_receipt receipt = { .size = sizeof(receipt), .state = state, .id = id, .key = submit->key,
				      .at_ms = s->host->now_ms(s->ch), .code = (int)status, .text = text };
	struct hg_batch batch = { .size = sizeof(batch), .receipts = &receipt, .n_receipts = 1, .receipt_size = sizeof(receipt) };

	s->host->count(s->ch, "late_answers");
	s->host->emit(s->ch, &batch, smpp_told, NULL);
}

static void taken(struct smpp_bind *bind, struct smpp_submit *submit, const struct smpp_pdu *pdu)
{
	struct smpp *s = bind->smpp;
	g_autofree char *raw = smpp_value_text(&pdu->field[SMPP_F_message_id]);
	g_autofree char *id = smpp_id_normal(raw, smpp_id_form_of(s->conf->response_id));
	const char *const also[] = { raw, NULL };

	bind->pause_ms = 0;
	bind->room = MIN(bind->room * 2, (guint)s->conf->submit_window);
	if (SMPP_TLV(pdu, congestion_state)->there && SMPP_TLV(pdu, congestion_state)->number >= CONGESTED)
		slow_down(bind);
	if (!submit->ticket)
		tell_late(s, submit, HG_R_SENT, *id ? id : NULL, 0, NULL);
	tell_and_free(s, submit, (struct hg_result){ .fate = HG_SENT, .id = *id ? id : NULL,
						     .also = strcmp(raw, id) != 0 ? also : NULL });
}

static char *words_of(const struct smpp_pdu *pdu, const struct smpp_verdict *verdict)
{
	g_autofree char *more = smpp_value_text(SMPP_TLV(pdu, additional_status_info_text));

	return g_strdup_printf("%s (0x%08x%s%s)%s%.200s", verdict->text, pdu->status, *verdict->name ? " " : "", verdict->name,
			       *more ? ": " : "", more);
}

static const char *advice_of(int act)
{
	static const char *const advice[] = {
		[SMPP_ACT_contact] = "Compare the number with what the customer says, or use another channel.",
		[SMPP_ACT_channel] = "The operator does not accept this channel's options: compare them with its papers, or ask.",
		[SMPP_ACT_message] = "Write it in other words or shorter, or use another channel; the operator can say more.",
	};

	return act >= 0 && act < (int)G_N_ELEMENTS(advice) ? advice[act] : NULL;
}

static void refused(struct smpp_bind *bind, struct smpp_submit *submit, const struct smpp_pdu *pdu)
{
	struct smpp *s = bind->smpp;
	struct smpp_verdict verdict = smpp_verdict_of(s->conf, pdu->status);
	g_autofree char *words = words_of(pdu, &verdict);
	struct hg_result result = { .fate = HG_FAILED, .code = (int)pdu->status, .text = words, .advice = advice_of(verdict.act) };

	if (verdict.act == SMPP_ACT_throttle) {
		throttled(bind, submit);
		return;
	}
	if (verdict.act == SMPP_ACT_retry || verdict.act == SMPP_ACT_rebind)
		result.fate = HG_RETRY;
	else if (!submit->ticket)
		tell_late(s, submit, HG_R_FAILED, NULL, pdu->status, words);
	if (verdict.act == SMPP_ACT_contact)
		result.reach = HG_REACH_CONTACT;
	if (verdict.act == SMPP_ACT_channel)
		result.reach = HG_REACH_CHANNEL;
	tell_and_free(s, submit, result);
	if (verdict.act == SMPP_ACT_rebind)
		smpp_bind_drop(bind, words);
}

void smpp_submit_answered(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	struct smpp *s = bind->smpp;
	struct smpp_submit *submit = g_hash_table_lookup(bind->waiting, GUINT_TO_POINTER(pdu->sequence));

	if (!submit) {
		s->host->count(s->ch, "answers_to_nothing");
		return;
	}
	g_hash_table_remove(bind->waiting, GUINT_TO_POINTER(pdu->sequence));
	bind->flying -= submit->ticket ? 1 : 0;
	if (pdu->status == SMPP_ROK && pdu->command != SMPP_generic_nack)
		taken(bind, submit, pdu);
	else
		refused(bind, submit, pdu);
	smpp_submit_run(s);
	smpp_stop_step(s);
}

/* ---- no answer ---- */

static void lost(gpointer sequence G_GNUC_UNUSED, gpointer data, gpointer smpp)
{
	tell_and_free(smpp, data, (struct hg_result){ .fate = HG_AMBIGUOUS,
						      .text = "the connection was lost before the operator answered" });
}

void smpp_submit_lost(struct smpp_bind *bind)
{
	g_hash_table_foreach(bind->waiting, lost, bind->smpp);
	g_hash_table_remove_all(bind->waiting);
	bind->flying = 0;
}

static gint64 tick_bind(struct smpp_bind *bind, gint64 now)
{
	gint64 next = G_MAXINT64;
	GHashTableIter iter;
	gpointer data;

	g_hash_table_iter_init(&iter, bind->waiting);
	while (g_hash_table_iter_next(&iter, NULL, &data)) {
		struct smpp_submit *submit = data;

		if (!submit->ticket)
			continue;
		if (submit->due_ms > now) {
			next = MIN(next, submit->due_ms);
			continue;
		}
		tell(bind->smpp, submit, (struct hg_result){ .fate = HG_AMBIGUOUS, .text = "the operator did not answer in time" });
		bind->flying--;
		if (g_hash_table_size(bind->waiting) - bind->flying > LATE_MAX) {
			submit_free(submit);
			g_hash_table_iter_remove(&iter);
		}
	}
	return next;
}

gint64 smpp_submit_tick(struct smpp *s, gint64 now)
{
	gint64 next = G_MAXINT64;
	struct smpp_submit *first;

	for (guint i = 0; i < s->binds->len; i++)
		next = MIN(next, tick_bind(s->binds->pdata[i], now));
	if (s->told == HG_DOWN)
		smpp_submit_flush(s, s->told_err.text);
	while ((first = g_queue_peek_head(&s->queue)) && first->came_ms + SMPP_HOLD_MS <= now) {
		g_queue_pop_head(&s->queue);
		tell_and_free(s, first, (struct hg_result){ .fate = HG_RETRY, .reach = HG_REACH_CHANNEL, .retry_ms = PAUSE_LEAST_MS,
							    .text = "the operator takes no more at the moment" });
	}
	return first ? MIN(next, first->came_ms + SMPP_HOLD_MS) : next;
}

gboolean smpp_submit_busy(const struct smpp *s)
{
	for (guint i = 0; i < s->binds->len; i++)
		if (((struct smpp_bind *)s->binds->pdata[i])->flying)
			return TRUE;
	return FALSE;
}

void smpp_submit_free_all(struct smpp *s)
{
	smpp_submit_flush(s, "the channel closes");
	for (guint i = 0; i < s->binds->len; i++)
		smpp_submit_lost(s->binds->pdata[i]);
}
