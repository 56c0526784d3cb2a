/* alarm.c - how well the channel is, of what all its sides know
 *
 * A mailbox that says nothing for a quarter of an hour is the outage nobody notices: then the channel is down,
 * whatever else seems well. */
#include "alarm.h"

#include <string.h>

#include "box.h"
#include "email.h"

#define SILENT_MS   (15 * 60 * 1000)
#define LOOK_MS	    30000
#define ATTEMPTS    3		/* connections that failed in a row, until it is told */

static gboolean is_silent(struct box *box)
{
	gboolean silent = email_now() - box->success_ms >= SILENT_MS;

	if (silent && !box->silent)
		box->e->host->count(box->e->ch, "mailbox_silent");
	return box->silent = silent;
}

/* Up for a moment and gone again is not up. */
static gboolean is_well(const struct box *box)
{
	return box->attempt < ATTEMPTS || (box->phase == BOX_READY && email_now() - box->up_ms >= STEADY_MS);
}

static int worst_box(struct email *e, struct hg_err *err)
{
	int worst = 0;

	for (guint i = 0; i < e->boxes->len; i++) {
		struct box *box = e->boxes->pdata[i];
		gboolean silent = is_silent(box);

		if (!silent && (worst || is_well(box)))
			continue;
		worst = silent ? HG_DOWN : HG_DEGRADED;
		err->kind = HG_ERR_BUSY;
		g_snprintf(err->text, sizeof(err->text), "%.60s was not looked at for %lld min: %.140s", box->folder,
			   (long long)(email_now() - box->success_ms) / 60000, box->why ? box->why : "the server does not answer");
		if (silent)
			break;
	}
	return worst;
}

static void take_worse(const struct email_trouble *trouble, int *condition, struct hg_err *err)
{
	if (trouble->condition <= *condition)
		return;
	*condition = trouble->condition;
	*err = trouble->err;
}

static void judge(struct email *e, int *condition, struct hg_err *err)
{
	*condition = HG_DOWN;
	if (e->oauth.token.dead.kind) {
		*err = e->oauth.token.dead;
	} else if (e->login == LOGIN_REFUSED) {
		err->kind = HG_ERR_DENIED;
		g_strlcpy(err->text, "the mail server does not let us in: look at user and password; tried every 10 minutes",
			  sizeof(err->text));
	} else {
		*condition = worst_box(e, err);
		take_worse(&e->reading, condition, err);
		take_worse(&e->sending, condition, err);
	}
}

static gboolean has_begun(const struct email *e)
{
	for (guint i = 0; i < e->boxes->len; i++)
		if (((struct box *)e->boxes->pdata[i])->phase != BOX_READY)
			return FALSE;
	return TRUE;
}

void email_report(struct email *e)
{
	struct hg_err err = { 0 };
	int condition;

	if (e->stopping)
		return;
	judge(e, &condition, &err);
	/* A connection made anew now and then is no news. */
	if (!condition && !has_begun(e) && !e->told)
		return;
	condition = condition ? condition : HG_UP;
	if (condition == e->told && err.kind == e->told_err.kind && (err.kind == 0 || err.kind == HG_ERR_BUSY))
		return;
	if (condition == e->told && strcmp(err.text, e->told_err.text) == 0)
		return;
	e->told = condition;
	e->told_err = err;
	e->host->condition(e->ch, condition, err.kind ? &err : NULL);
}

static void look(void *arg)
{
	struct email *e = arg;

	email_report(e);
	email_timer_set(e, &e->alarm_timer, LOOK_MS, look, e);
}

void email_alarm_start(struct email *e)
{
	email_timer_set(e, &e->alarm_timer, LOOK_MS, look, e);
}
