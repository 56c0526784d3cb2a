/* box_settle.c - a mail is on disk here: it is flagged, moved or deleted there
 *
 * Each step may be done twice without harm, so that a crash between two costs nothing; COPY is the one that
 * cannot (it leaves a second copy), and only servers without MOVE (RFC 6851) get it.  Never a bare EXPUNGE:
 * it would take what others have marked. */
#include <string.h>

#include "box.h"
#include "email.h"
#include "text.h"

#define AT_ONCE 200
#define HOLD_MS 30000	/* without a connection; then it comes again */
#define WAITING_MAX 20000

enum step { STEP_END = 0, STEP_SEEN, STEP_MOVE, STEP_COPY, STEP_DELETED, STEP_EXPUNGE };

#define STEPS 5

static void steps_of(const struct box *box, int ret[STEPS])
{
	const char *after = box->e->conf->after;
	int n = 0;

	memset(ret, 0, STEPS * sizeof(*ret));
	if (strcmp(after, "delete") != 0)
		ret[n++] = STEP_SEEN;
	if (strcmp(after, "seen") == 0)
		return;
	if (strcmp(after, "move") == 0 && box->can_move) {
		ret[n] = STEP_MOVE;
		return;
	}
	if (strcmp(after, "move") == 0)
		ret[n++] = STEP_COPY;
	ret[n++] = STEP_DELETED;
	if (box->can_uidplus)
		ret[n] = STEP_EXPUNGE;
}

static void tell(struct box *box, guint64 ticket, int kind, const char *text)
{
	struct hg_err err = { .kind = kind };

	g_strlcpy(err.text, text, sizeof(err.text));
	box->e->host->settled(box->e->ch, ticket, kind ? &err : NULL);
}

static void tell_all(struct box *box, int kind, const char *text)
{
	g_autoptr(GArray) all = box->settling;

	box->settling = g_array_new(FALSE, FALSE, sizeof(struct settle));
	for (guint i = 0; i < all->len; i++)
		tell(box, g_array_index(all, struct settle, i).ticket, kind, text);
}

gboolean box_wants_settle(const struct box *box)
{
	return !g_queue_is_empty((GQueue *)&box->settles);
}

/* ---- without a connection ---- */

static void sweep(void *arg)
{
	struct box *box = arg;
	gint64 now = email_now();
	struct settle *settle;

	while ((settle = g_queue_peek_head(&box->settles)) && settle->until <= now) {
		g_autofree struct settle *old = g_queue_pop_head(&box->settles);

		tell(box, old->ticket, HG_ERR_BUSY, "the mail server is not there");
	}
	if (settle)
		email_timer_set(box->e, &box->settle_timer, settle->until - now, sweep, box);
}

void box_settle_lost(struct box *box)
{
	struct settle *settle;

	tell_all(box, HG_ERR_BUSY, "the connection to the mail server went");
	while (box->e->stopping && (settle = g_queue_pop_head(&box->settles))) {
		tell(box, settle->ticket, HG_ERR_BUSY, "the channel ends");
		g_free(settle);
	}
}

void box_settle(struct box *box, guint64 ticket, guint32 validity, guint32 uid)
{
	struct settle *settle;

	if (box->e->stopping || box->settles.length >= WAITING_MAX) {
		tell(box, ticket, HG_ERR_BUSY, "too many mails wait for their flags");
		return;
	}
	settle = g_new0(struct settle, 1);
	*settle = (struct settle){ .ticket = ticket, .validity = validity, .uid = uid, .until = email_now() + HOLD_MS };
	g_queue_push_tail(&box->settles, settle);
	if (!box->settle_timer.due)
		email_timer_set(box->e, &box->settle_timer, HOLD_MS, sweep, box);
	/* Others may follow at once: they share a command. */
	email_timer_set(box->e, &box->soon, 1, (email_timer_fn *)box_go_on, box);
}

/* ---- with one ---- */

static void send_step(struct box *box);

static void stepped(struct box *box, const struct hg_imap_answer *answer)
{
	int steps[STEPS];

	if (answer->status == HG_IMAP_OK) {
		steps_of(box, steps);
		box->step++;
		if (box->step < STEPS && steps[box->step])
			send_step(box);
		else
			tell_all(box, 0, "");
	} else if (strcmp(answer->code, "TRYCREATE") == 0 && !box->created) {
		g_autofree char *folder = hg_imap_folder(box->e->conf->move_to, NULL);

		box->created = TRUE;
		box->step--;
		box_command(box, stepped, "CREATE %s", folder ? folder : "\"\"");
	} else {
		g_autofree char *words = hg_text_valid(answer->words, -1, 120);

		box->e->host->count(box->e->ch, "settle_refused");
		box->e->host->log(box->e->ch, 2, "email.settle", "%s: the server refuses to mark or move what was read: %s; "
				  "tried again later", box->folder, words);
		tell_all(box, HG_ERR_BUSY, words);
	}
}

static void send_step(struct box *box)
{
	g_autofree char *folder = box->e->conf->move_to ? hg_imap_folder(box->e->conf->move_to, NULL) : NULL;
	g_autoptr(GString) set = g_string_new(NULL);
	int steps[STEPS];

	for (guint i = 0; i < box->settling->len; i++)
		g_string_append_printf(set, "%s%u", i ? "," : "", g_array_index(box->settling, struct settle, i).uid);
	steps_of(box, steps);
	switch (steps[box->step]) {
	case STEP_SEEN:
		box_command(box, stepped, "UID STORE %s +FLAGS.SILENT (\\Seen)", set->str);
		break;
	case STEP_MOVE:
		box_command(box, stepped, "UID MOVE %s %s", set->str, folder);
		break;
	case STEP_COPY:
		box_command(box, stepped, "UID COPY %s %s", set->str, folder);
		break;
	case STEP_DELETED:
		box_command(box, stepped, "UID STORE %s +FLAGS.SILENT (\\Deleted)", set->str);
		break;
	default:
		box_command(box, stepped, "UID EXPUNGE %s", set->str);
	}
}

void box_settle_some(struct box *box)
{
	while (box->settling->len < AT_ONCE && !g_queue_is_empty(&box->settles)) {
		g_autofree struct settle *settle = g_queue_pop_head(&box->settles);

		if (settle->validity == box->validity)
			g_array_append_vals(box->settling, settle, 1);
		else
			tell(box, settle->ticket, HG_ERR_GONE, "the folder has new UIDs");
	}
	box->step = 0;
	box->created = FALSE;
	if (box->settling->len)
		send_step(box);
	else
		box_go_on(box);
}
