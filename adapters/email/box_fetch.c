/* box_fetch.c - the mails that were found, in the order of their UIDs, some at a time
 *
 * One mail may never stop the mailbox: what cannot be fetched is asked for alone, then in part, and in the end
 * passed over, which the operator is told. */
#include <string.h>

#include "box.h"
#include "email.h"
#include "flow.h"
#include "stamp.h"

#define MAILS_MAX   50
#define BYTES_MAX   (4 << 20)	/* of one batch, unless a single mail has more */
#define SLACK	    (1 << 20)	/* what a server may be wrong by in RFC822.SIZE */
#define WITH_HOST   2		/* batches that wait for the disk */
#define PART_BYTES  65536	/* of the text of what is too large */
#define HEADER_MAX  (1 << 20)
#define WHOLE_TRIES 3		/* before only a part is asked for ... */
#define PART_TRIES  6		/* ... and before it is passed over ... */
#define PASS_MS	    120000	/* ... but not before so long: the server may be ill for a moment */
#define LOST_MS	    (30 * 60 * 1000)	/* connections that end without a word count from then on: before, it may be the network */

static struct found *nth(const struct box *box, guint n)
{
	return &g_array_index(box->found, struct found, n);
}

gboolean box_wants_fetch(const struct box *box)
{
	return box->found->len && box->with_host < WITH_HOST;
}

static gboolean is_in_trouble(const struct box *box, const struct found *found, guint tries)
{
	return found->uid == box->trouble_uid && box->trouble >= tries;
}

static gboolean is_part(const struct box *box, const struct found *found)
{
	return found->size > box->e->conf->max_size || is_in_trouble(box, found, WHOLE_TRIES);
}

/* ---- what comes ---- */

static struct found *asked_for(struct box *box, guint32 uid)
{
	for (guint i = 0; i < box->asked; i++)
		if (nth(box, i)->uid == uid)
			return nth(box, i);
	return NULL;
}

static gboolean has(const struct batch *batch, guint32 uid)
{
	for (guint i = 0; i < batch->mails->len; i++)
		if (((struct mail *)batch->mails->pdata[i])->uid == uid)
			return TRUE;
	return FALSE;
}

static void mail_came(struct box *box, struct hg_imap_mail *mail)
{
	struct found *found = asked_for(box, mail->uid);
	gboolean part = found && is_part(box, found);
	GBytes *parts[] = { part ? mail->header : mail->body, part ? mail->text : NULL };
	struct stamp stamp;

	if (!found || !parts[0] || has(box->batch, mail->uid))
		return;
	stamp.received_ms = mail->received_ms ? mail->received_ms : found->received_ms;
	if (!stamp.received_ms)
		stamp.received_ms = box->e->host->now_ms(box->e->ch);
	stamp.whole = part ? MAX(found->size, 1) : 0;
	flow_batch_add(box->batch, mail->uid, stamp.received_ms, stamp_put(&stamp, parts, 2), NULL);
}

/* ---- when all came ---- */

static gint by_uid(gconstpointer a, gconstpointer b)
{
	const struct mail *x = *(struct mail *const *)a, *y = *(struct mail *const *)b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* Drops what stands behind a mail that did not come: it comes again, in its order. */
static void cut_behind(struct batch *batch, guint32 uid)
{
	g_autoptr(GPtrArray) all = batch->mails;

	batch->mails = g_ptr_array_new();
	for (guint i = 0; i < all->len; i++) {
		struct mail *mail = all->pdata[i];

		if (mail->uid < uid) {
			g_ptr_array_add(batch->mails, mail);
			continue;
		}
		g_bytes_unref(mail->raw);
		g_free(mail);
	}
}

/* How many of what was asked for are done with: they came, or are gone for good (twice not there). */
static guint count_done(struct box *box)
{
	for (guint i = 0; i < box->asked; i++) {
		struct found *found = nth(box, i);

		if (has(box->batch, found->uid))
			continue;
		if (found->missing++) {
			box->e->host->count(box->e->ch, "mail_gone");
			continue;
		}
		cut_behind(box->batch, found->uid);
		box->careful_to = MAX(box->careful_to, found->uid);
		return i;
	}
	return box->asked;
}

/* Hands over what there is of the first n found, and the place behind them. */
static void hand_over(struct box *box, guint n)
{
	guint32 last = nth(box, n - 1)->uid;

	g_ptr_array_sort(box->batch->mails, by_uid);
	g_array_remove_range(box->found, 0, n);
	box->place.uid = last;
	if (box->place.to <= last)
		box->place.to = 0;
	box->batch->place = box->place;
	box->with_host++;
	flow_push(box->e, g_steal_pointer(&box->batch));
}

static void fetched(struct box *box, const struct hg_imap_answer *answer)
{
	guint n;

	if (answer->status != HG_IMAP_OK) {
		box_fetch_lost(box, TRUE);
		box_refused(box, answer, "to hand out a mail");
		return;
	}
	box->trouble = 0;
	n = count_done(box);
	if (n) {
		hand_over(box, n);
		if (!box->found->len && !box->more)
			box_passed(box);
	} else
		g_clear_pointer(&box->batch, flow_batch_free);	/* asked for once more */
}

/* ---- when it did not ---- */

void box_fetch_lost(struct box *box, gboolean nonsense)
{
	const struct found *first = nth(box, 0);
	gint64 now = email_now();

	g_clear_pointer(&box->batch, flow_batch_free);
	box->careful_to = MAX(box->careful_to, nth(box, box->asked - 1)->uid);
	if (box->asked > 1)
		return;
	if (first->uid != box->trouble_uid) {
		box->trouble_uid = first->uid;
		box->trouble = 0;
		box->trouble_ms = now;
	}
	/* A network that is down says nothing of the mail. */
	if (nonsense || now - box->trouble_ms > LOST_MS)
		box->trouble++;
}

/* Asked for alone, whole and in part, and never came: it stays where it is. */
static void pass_over(struct box *box)
{
	const struct found *found = nth(box, 0);
	g_autofree char *news = g_strdup_printf("the mail with UID %u in %s cannot be fetched (%s); it was left there and is "
						"not in headgate: look at it with another program", found->uid, box->folder,
						box->why ? box->why : "no reason given");

	box->e->host->count(box->e->ch, "mail_unfetchable");
	box->e->host->log(box->e->ch, 3, "email.unfetchable", "%s", news);
	box->batch = flow_batch_new(box, box->folder);
	flow_batch_add(box->batch, found->uid, found->received_ms, NULL, news);
	box->trouble = 0;
	hand_over(box, 1);
	box_go_on(box);
}

/* ---- asking ---- */

static guint choose(const struct box *box)
{
	gint64 bytes = 0;
	guint n = 0;

	if (is_part(box, nth(box, 0)) || nth(box, 0)->uid <= box->careful_to)
		return 1;
	while (n < MIN(box->found->len, MAILS_MAX) && !is_part(box, nth(box, n))) {
		bytes += MAX(nth(box, n)->size, 0);
		if (n && bytes > BYTES_MAX)
			break;
		n++;
	}
	return n;
}

static GString *set_of(const struct box *box, guint n)
{
	GString *set = g_string_new(NULL);

	for (guint i = 0; i < n; i++) {
		guint32 uid = nth(box, i)->uid;
		guint run = i;

		while (run + 1 < n && nth(box, run + 1)->uid == nth(box, run)->uid + 1)
			run++;
		g_string_append_printf(set, "%s%u", i ? "," : "", uid);
		if (run > i)
			g_string_append_printf(set, ":%u", nth(box, run)->uid);
		i = run;
	}
	return set;
}

static gsize bytes_of(const struct box *box, guint n)
{
	gsize bytes = 0;

	for (guint i = 0; i < n; i++)
		bytes += (gsize)MAX(nth(box, i)->size, 0) + 1024;
	return bytes;
}

void box_fetch(struct box *box)
{
	gboolean part = is_part(box, nth(box, 0));
	g_autoptr(GString) set = NULL;
	gsize most;

	if (is_in_trouble(box, nth(box, 0), PART_TRIES) && email_now() - box->trouble_ms >= PASS_MS) {
		pass_over(box);
		return;
	}
	box->asked = choose(box);
	set = set_of(box, box->asked);
	most = part ? HEADER_MAX + PART_BYTES : (gsize)box->e->conf->max_size + SLACK;
	box->batch = flow_batch_new(box, box->folder);
	box_command(box, fetched, part ? "UID FETCH %s (UID BODY.PEEK[HEADER] BODY.PEEK[TEXT]<0.65536>)"
				       : "UID FETCH %s (UID INTERNALDATE BODY.PEEK[])", set->str);
	hg_imap_reader_expect(box->reader, most);
	box->most = (part ? most : bytes_of(box, box->asked)) + SLACK + (1 << 20);
	box->mail = mail_came;
}
