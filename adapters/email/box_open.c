/* box_open.c - from the login to an open folder: CAPABILITY, ID, SELECT, and where to go on reading */
#include <string.h>

#include "alarm.h"
#include "box.h"
#include "email.h"
#include "flow.h"

#define LOCKED_MS (10 * 60 * 1000)	/* between two logins that are refused */

/* ---- the login ---- */

/* RFC 5530: these say that somebody may come again, not that he is not let in. */
static gboolean is_passing(const char *said)
{
	static const char *const codes[] = { "[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]", "[CONTACTADMIN]", "[OVERQUOTA]" };

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		if (g_ascii_strncasecmp(said, codes[i], strlen(codes[i])) == 0)
			return TRUE;
	return FALSE;
}

gboolean box_login_failed(struct box *box, const char *said)
{
	struct email *e = box->e;

	if (is_passing(said))
		return FALSE;
	/* A token may have been withdrawn: a new one is tried once, at once. */
	if (email_oauth_used(e) && !box->renewed) {
		box->renewed = TRUE;
		email_oauth_forget(e);
		return FALSE;
	}
	e->login = LOGIN_REFUSED;
	e->login_again_ms = email_now() + LOCKED_MS;
	e->host->count(e->ch, "login_refused");
	e->host->log(e->ch, 3, "email.login_refused", "the mail server does not let us in: %s; tried again in %d minutes, so "
		     "that the account is not locked", said, LOCKED_MS / 60000);
	return TRUE;
}

static void login_works(struct box *box)
{
	struct email *e = box->e;

	box->renewed = FALSE;
	if (e->login == LOGIN_GOOD)
		return;
	e->login = LOGIN_GOOD;
	e->login_again_ms = 0;
	e->prober = NULL;
	for (guint i = 0; i < e->boxes->len; i++)
		if (e->boxes->pdata[i] != box && !((struct box *)e->boxes->pdata[i])->again.due)
			box_connect(e->boxes->pdata[i]);
}

/* ---- the folder ---- */

static void find_end(struct box *box, struct hg_imap_mail *mail)
{
	box->next_uid = MAX(box->next_uid, mail->uid + 1);
}

static void found_end(struct box *box, const struct hg_imap_answer *answer)
{
	if (!box_refused(box, answer, "a look at the newest mail"))
		box_opened(box);
}

static void selected(struct box *box, const struct hg_imap_answer *answer)
{
	g_autofree char *what = g_strdup_printf("to open %s", box->folder);

	if (box_refused(box, answer, what))
		return;
	if (box->next_uid || !box->exists) {
		box->next_uid = MAX(box->next_uid, 1);
		box_opened(box);
		return;
	}
	/* Few servers do not say UIDNEXT. */
	box_command(box, found_end, "UID FETCH * (UID)");
	box->mail = find_end;
}

static void select_folder(struct box *box)
{
	box->exists = box->validity = box->next_uid = 0;
	box_command(box, selected, "%s %s", strcmp(box->e->conf->after, "nothing") == 0 ? "EXAMINE" : "SELECT", box->quoted);
}

static void identified(struct box *box, const struct hg_imap_answer *answer)
{
	(void)answer;	/* RFC 2971: nothing depends on it */
	select_folder(box);
}

/* What stood in the greeting may be less than what holds after the login. */
static void capable(struct box *box, const struct hg_imap_answer *answer)
{
	if (box_refused(box, answer, "to say what it can"))
		return;
	if (box->can_id)
		box_command(box, identified, "ID (\"name\" \"headgate\")");
	else
		select_folder(box);
}

void box_open(struct box *box)
{
	login_works(box);
	box_command(box, capable, "CAPABILITY");
}

/* ---- where to go on ---- */

static void begin_again(struct box *box, gint64 span, struct place *ret)
{
	*ret = (struct place){ .validity = box->validity, .uid = box->next_uid - 1 };
	if (!span || box->next_uid <= 1)
		return;
	ret->uid = 0;
	ret->to = box->next_uid - 1;
	ret->since_ms = box->e->host->now_ms(box->e->ch) - span;
}

static void keep(struct box *box)
{
	struct batch *batch = flow_batch_new(box, box->folder);

	batch->place = box->place;
	box->with_host++;
	flow_push(box->e, batch);
}

/* The UIDs of before mean nothing: what came lately is read again, and dropped where it is known by its content. */
static void validity_changed(struct box *box)
{
	struct email *e = box->e;
	char span[32];

	e->host->count(e->ch, "uidvalidity_changed");
	g_snprintf(span, sizeof(span), "%lld h", (long long)e->conf->rescan / 3600000);
	e->host->log(e->ch, 2, "email.uidvalidity", "%s has new UIDs (%u, %u before): mail of the last %s is read again, "
		     "and dropped where it is known", box->folder, box->validity, box->place.validity, span);
}

static gboolean choose_place(struct box *box)
{
	struct email *e = box->e;
	const struct place *kept = g_hash_table_lookup(e->places, box->folder);

	if (box->place.validity && box->place.validity == box->validity)
		return FALSE;	/* we go on where this connection's predecessor was */
	if (!box->place.validity && kept)
		box->place = *kept;
	if (box->place.validity == box->validity && kept)
		return FALSE;
	if (kept)
		validity_changed(box);
	begin_again(box, kept ? e->conf->rescan : e->conf->backfill, &box->place);
	return TRUE;
}

void box_opened(struct box *box)
{
	gboolean fresh = choose_place(box);

	box->phase = BOX_READY;
	box->grown = FALSE;
	box_look_from(box, &box->place);
	if (fresh)
		keep(box);
	box->e->host->log(box->e->ch, 1, "email.open", "%s: %u mails, reading from UID %u on", box->folder, box->exists,
			  box->next);
	email_report(box->e);
	box_go_on(box);
}
