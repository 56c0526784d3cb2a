/* box_look.c - which mails are there that are not here: by UID alone, in windows
 *
 * Not by \Seen (a person may have read it), not by SEARCH SINCE (who was away longer would lose mail), not by
 * Message-ID (two mails may have the same, or none). */
#include <string.h>

#include "box.h"
#include "email.h"
#include "flow.h"

#define WINDOW	   500		/* UIDs at once; more while they lead to nothing */
#define WINDOW_MAX (1u << 30)
#define FOUND_MAX  500		/* mails noted at once */
#define ITEM_BYTES 300		/* of the answer for one */
#define EMPTY_MAX  3		/* looks that found nothing, one upon the other: then one a second */
#define PAUSE_MS   1000

gboolean box_wants_look(const struct box *box)
{
	return (box->grown || box->more) && !box->found->len && !box->pause.due;
}

void box_look_from(struct box *box, const struct place *place)
{
	box->next = place->uid + 1;
	box->window = WINDOW;
	box->more = TRUE;
}

void box_look_lost(struct box *box)
{
	g_array_set_size(box->found, 0);
	box->grown = FALSE;
}

static gint by_uid(gconstpointer a, gconstpointer b)
{
	const struct found *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* Keeps the lowest FOUND_MAX; the others are found by the next look. */
static void trim(struct box *box)
{
	gboolean cut = box->found->len > FOUND_MAX;
	guint kept = 0;

	g_array_sort(box->found, by_uid);
	for (guint i = 0; i < box->found->len; i++) {
		struct found *at = &g_array_index(box->found, struct found, i);

		if (kept && g_array_index(box->found, struct found, kept - 1).uid == at->uid)
			continue;
		g_array_index(box->found, struct found, kept++) = *at;
	}
	g_array_set_size(box->found, MIN(kept, FOUND_MAX));
	if (cut)
		box->window_end = g_array_index(box->found, struct found, box->found->len - 1).uid;
}

/* "n:*" is answered with the last mail even where its UID is below n, and what nobody asked for may come. */
static void one_found(struct box *box, struct hg_imap_mail *mail)
{
	struct found found = { .uid = mail->uid, .size = mail->size, .received_ms = mail->received_ms };

	if (mail->uid < box->next || (box->window_end && mail->uid > box->window_end))
		return;
	g_array_append_val(box->found, found);
	if (box->found->len > 4 * FOUND_MAX)
		trim(box);
}

/* In a folder that is read again. */
static gboolean is_too_old(const struct box *box, const struct found *found)
{
	return found->uid <= box->place.to && found->received_ms && found->received_ms < box->place.since_ms;
}

static void drop_old(struct box *box)
{
	guint kept = 0;

	for (guint i = 0; box->place.to && i < box->found->len; i++) {
		const struct found *at = &g_array_index(box->found, struct found, i);

		if (!is_too_old(box, at))
			g_array_index(box->found, struct found, kept++) = *at;
	}
	if (box->place.to)
		g_array_set_size(box->found, kept);
}

/* Where the next look begins. */
static void move_on(struct box *box)
{
	guint32 last = box->found->len ? g_array_index(box->found, struct found, box->found->len - 1).uid : 0;

	box->more = box->window_end != 0;
	if (box->window_end)
		box->next = box->window_end + 1;
	else if (last)
		box->next = last + 1;
	/* UIDs may be far apart (a mailbox of years): empty windows grow. */
	box->window = box->found->len || box->window >= WINDOW_MAX ? WINDOW : box->window * 2;
}

static void on_pause(void *arg)
{
	box_go_on(arg);
}

static void looked(struct box *box, const struct hg_imap_answer *answer)
{
	gint64 now = email_now();

	if (box_refused(box, answer, "to list mails"))
		return;
	if (now - box->looked_ms >= 5 * PAUSE_MS)
		box->empty_looks = 0;
	box->looked_ms = now;
	trim(box);
	move_on(box);
	drop_old(box);
	box->empty_looks = box->found->len ? 0 : box->empty_looks + 1;
	if (!box->found->len && !box->more)
		box_passed(box);
	/* A server that tells of growth in every answer gets one question a second. */
	if (!box->more && box->empty_looks > EMPTY_MAX)
		email_timer_set(box->e, &box->pause, PAUSE_MS, on_pause, box);
}

/* Nothing is to be fetched up to here: worth a write only where otherwise all would be looked at once more. */
void box_passed(struct box *box)
{
	struct batch *batch;

	if (!box->place.to || box->next <= box->place.to)
		return;
	box->place = (struct place){ .validity = box->place.validity, .uid = MAX(box->place.uid, box->next - 1) };
	batch = flow_batch_new(box, box->folder);
	batch->place = box->place;
	box->with_host++;
	flow_push(box->e, batch);
}

void box_look(struct box *box)
{
	guint32 end = box->next > G_MAXUINT32 - box->window ? G_MAXUINT32 : box->next + box->window - 1;

	box->grown = FALSE;
	/* Up to what UIDNEXT said when the folder was opened in windows; what came since at once. */
	box->window_end = box->next_uid > end ? end : 0;
	if (box->window_end)
		box_command(box, looked, "UID FETCH %u:%u (UID RFC822.SIZE INTERNALDATE)", box->next, box->window_end);
	else
		box_command(box, looked, "UID FETCH %u:* (UID RFC822.SIZE INTERNALDATE)", box->next);
	box->most = (gsize)MIN(box->exists + 1000u, 100000u) * ITEM_BYTES + (1 << 20);
	box->mail = one_found;
}
