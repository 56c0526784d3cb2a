/* box_idle.c - waiting for mail: IDLE (RFC 2177), or NOOP now and then where the server cannot
 *
 * A connection may be dead without anybody telling (NAT forgets after a quarter of an hour): IDLE is begun again
 * after some minutes, each time with a look, and a DONE that is not answered ends the connection. */
#include "box.h"
#include "email.h"

#define ANSWER_MS 20000		/* for "+", and for the answer to DONE */
#define QUICK_MS  1000		/* an IDLE that the server ends sooner is none */
#define QUICK_MAX 3

static void on_pause(void *arg)
{
	struct box *box = arg;

	box->noop = box->no_idle || !box->can_idle;
	box_go_on(box);
}

static void end(struct box *box)
{
	box->idle = IDLE_ENDING;
	email_timer_stop(&box->idle_timer);
	box_write(box, "DONE");
	box_silence(box, ANSWER_MS);
}

/* Before "+" nothing may be sent. */
void box_wake(struct box *box)
{
	if (box->idle == IDLE_ON)
		end(box);
}

static void on_idle_over(void *arg)
{
	struct box *box = arg;

	box->more = TRUE;	/* a look at each new beginning, whatever we were told */
	box_go_on(box);
}

void box_idling(struct box *box)
{
	if (box->idle != IDLE_ASKED)
		return;
	box->idle = IDLE_ON;
	box->success_ms = email_now();
	email_timer_stop(&box->silence);
	email_timer_set(box->e, &box->idle_timer, box->e->conf->idle, on_idle_over, box);
}

/* Nobody asked the server to end it: some do so at once, and would keep us busy without end. */
static void ended_by_itself(struct box *box, const struct hg_imap_answer *answer)
{
	gboolean quick = answer->status != HG_IMAP_OK || email_now() - box->idle_ms < QUICK_MS;

	box->quick = quick ? box->quick + 1 : 0;
	if (answer->status != HG_IMAP_OK || box->quick >= QUICK_MAX) {
		box->no_idle = TRUE;
		box->e->host->log(box->e->ch, 2, "email.no_idle", "%s: the server does not do IDLE as it should: asked every "
				  "%lld s instead", box->folder, (long long)box->e->conf->poll / 1000);
	}
	email_timer_set(box->e, &box->pause, QUICK_MS, on_pause, box);
}

static void ended(struct box *box, const struct hg_imap_answer *answer)
{
	gboolean asked = box->idle == IDLE_ENDING;

	box->idle = IDLE_NO;
	email_timer_stop(&box->idle_timer);
	if (asked)
		box->quick = 0;
	else
		ended_by_itself(box, answer);
}

static void noop_done(struct box *box, const struct hg_imap_answer *answer)
{
	(void)answer;
	box->more |= email_now() - box->looked_ms >= box->e->conf->idle;
}

void box_rest(struct box *box)
{
	gboolean can = box->can_idle && !box->no_idle;

	if (box->noop) {
		box->noop = FALSE;
		box_command(box, noop_done, "NOOP");
	} else if (box->pause.due) {
		return;
	} else if (can) {
		box->idle = IDLE_ASKED;
		box->idle_ms = email_now();
		box_command(box, ended, "IDLE");
		box_silence(box, ANSWER_MS);
	} else
		email_timer_set(box->e, &box->pause, box->e->conf->poll, on_pause, box);
}

void box_idle_lost(struct box *box)
{
	box->idle = IDLE_NO;
	box->noop = box->no_idle = FALSE;
	box->quick = 0;
	email_timer_stop(&box->idle_timer);
	email_timer_stop(&box->pause);
}
