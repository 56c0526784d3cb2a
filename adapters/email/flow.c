/* flow.c - what was read is handed over with the place behind it, one batch at a time
 *
 * One at a time for the whole channel: each batch carries the places of all folders, and one that is
 * refused may not be overtaken by one that says its mails were read. */
#include "flow.h"

#include "box.h"
#include "email.h"
#include "env.h"
#include "stamp.h"
#include "text.h"

#define BUSY_MAX_MS 30000

struct batch *flow_batch_new(struct box *box, const char *folder)
{
	struct batch *batch = g_new0(struct batch, 1);

	batch->box = box;
	batch->folder = g_strdup(folder);
	batch->mails = g_ptr_array_new();
	return batch;
}

void flow_batch_add(struct batch *batch, guint32 uid, gint64 received_ms, GBytes *raw, const char *news)
{
	struct mail *mail = g_new0(struct mail, 1);

	mail->uid = uid;
	mail->received_ms = received_ms;
	mail->raw = raw;
	mail->news = g_strdup(news);
	g_ptr_array_add(batch->mails, mail);
}

void flow_batch_free(struct batch *batch)
{
	if (!batch)
		return;
	for (guint i = 0; i < batch->mails->len; i++) {
		struct mail *mail = batch->mails->pdata[i];

		if (mail->raw)
			g_bytes_unref(mail->raw);
		g_free(mail->news);
		g_free(mail);
	}
	g_ptr_array_unref(batch->mails);
	g_free(batch->folder);
	g_free(batch);
}

/* ---- handing over ---- */

static void item(const struct batch *batch, const struct mail *mail, const char *key, struct hg_in *ret)
{
	*ret = (struct hg_in){ .size = sizeof(*ret), .kind = mail->news ? HG_ACCOUNT : HG_RAW, .dedupe = key,
			       .group = mail->news ? NULL : batch->folder, .text = mail->news ? mail->news : "",
			       .sent_ms = mail->received_ms };
	if (mail->raw)
		ret->raw = g_bytes_get_data(mail->raw, &ret->raw_len);
}

static void stored(void *arg, int how);

static void emit(struct email *e, struct batch *batch)
{
	g_autofree char *cursor = email_places_write(e, batch->folder, &batch->place);
	g_autofree struct hg_in *in = g_new0(struct hg_in, batch->mails->len + 1);
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	struct hg_batch out = { .size = sizeof(out), .in = in, .n_in = batch->mails->len, .in_size = sizeof(*in),
				.cursor = cursor };

	for (guint i = 0; i < batch->mails->len; i++) {
		const struct mail *mail = batch->mails->pdata[i];

		g_ptr_array_add(keys, g_strdup_printf("%s/%u/%u", batch->folder, batch->place.validity, mail->uid));
		item(batch, mail, keys->pdata[i], &in[i]);
	}
	e->emitting = TRUE;
	e->host->emit(e->ch, &out, stored, e);
}

static void next(void *arg)
{
	struct email *e = arg;

	if (!e->emitting && !e->emit_timer.due && !g_queue_is_empty(&e->outgoing))
		emit(e, g_queue_peek_head(&e->outgoing));
}

static void stored(void *arg, int how)
{
	struct email *e = arg;
	struct batch *batch;

	e->emitting = FALSE;
	if (how == HG_BUSY && !e->stopping) {
		/* It keeps its place: what is behind it may not be told to be on disk before it. */
		email_timer_set(e, &e->emit_timer, hg_backoff(hg_env_system(), e->emit_attempt++, BUSY_MAX_MS), next, e);
		return;
	}
	batch = g_queue_pop_head(&e->outgoing);
	if (how == HG_STORED && batch->folder)
		g_hash_table_insert(e->places, g_strdup(batch->folder), g_memdup2(&batch->place, sizeof(batch->place)));
	e->emit_attempt = 0;
	if (batch->box && how == HG_STORED)
		box_stored(batch->box);
	flow_batch_free(batch);
	next(e);
	email_drained(e);
}

/* ---- handed in ---- */

#define TAKEN "taken:"		/* instead of folder, UIDVALIDITY and UID: nothing lies in a mailbox */

gboolean email_was_taken(const char *id)
{
	return g_str_has_prefix(id, TAKEN);
}

/* Beside what mailboxes bring: it moves no place.  The same mail is the same item. */
int email_take(void *state, const void *bytes, size_t len, hg_ack_fn *ack, void *arg, struct hg_err *err)
{
	struct email *e = state;
	g_autofree char *hex = NULL, *key = NULL;
	guint8 hash[32];
	const struct stamp stamp = { .received_ms = e->host->now_ms(e->ch) };
	g_autoptr(GBytes) mail = g_bytes_new(bytes, len);
	g_autoptr(GBytes) whole = stamp_put(&stamp, &mail, 1);
	struct hg_in in = { .size = sizeof(in), .kind = HG_RAW, .group = e->conf->folders[0], .text = "",
			    .sent_ms = stamp.received_ms };
	const struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };

	if (e->stopping) {
		*err = (struct hg_err){ .kind = HG_ERR_BUSY, .text = "the channel stops" };
		return -1;
	}
	hg_sha256(bytes, len, hash);
	hex = hg_hex(hash, sizeof(hash));
	key = g_strconcat(TAKEN, hex, NULL);
	in.dedupe = key;
	in.raw = g_bytes_get_data(whole, &in.raw_len);
	e->host->emit(e->ch, &batch, ack, arg);
	return 0;
}

void flow_push(struct email *e, struct batch *batch)
{
	if (e->stopping) {
		flow_batch_free(batch);
		return;
	}
	g_queue_push_tail(&e->outgoing, batch);
	next(e);
}

void flow_keep_cursor(struct email *e)
{
	flow_push(e, flow_batch_new(NULL, NULL));
}

gboolean flow_idle(const struct email *e)
{
	return !e->emitting;
}

void flow_stop(struct email *e)
{
	while (e->outgoing.length > (e->emitting ? 1 : 0))
		flow_batch_free(g_queue_pop_tail(&e->outgoing));
}

void flow_done(struct email *e)
{
	g_queue_clear_full(&e->outgoing, (GDestroyNotify)flow_batch_free);
}
