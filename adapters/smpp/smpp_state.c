/* smpp_state.c - what the channel is like, told when it changes; its clock */
#include <string.h>

#include "env.h"
#include "smpp_bind.h"
#include "smpp_submit.h"

#define DOWN_AFTER_MS 10000	/* a connection that is back sooner is no news, and what waits goes on */

gint64 smpp_now(void)
{
	return hg_mono(hg_env_system());
}

void smpp_told(void *arg, int stored)
{
	(void)arg;
	(void)stored;
}

/* ---- one timer of the host ---- */

void smpp_due(struct smpp *s, gint64 ms)
{
	if (ms == G_MAXINT64 || (s->timer && s->timer_ms <= ms))
		return;
	if (s->timer)
		s->host->untimer(s->ch, s->timer);
	s->timer_ms = ms;
	s->timer = s->host->timer(s->ch, MAX(ms - smpp_now(), 1), smpp_tick);
}

void smpp_tick(void *state)
{
	struct smpp *s = state;
	gint64 now = smpp_now(), next = G_MAXINT64;

	s->timer = 0;
	for (guint i = 0; i < s->binds->len; i++)
		next = MIN(next, smpp_bind_tick(s->binds->pdata[i], now));
	smpp_state_look(s);
	smpp_submit_run(s);
	next = MIN(next, smpp_submit_tick(s, now));
	smpp_due(s, MIN(next, smpp_state_due(s)));
	smpp_stop_step(s);
}

/* ---- condition ---- */

static void tell(struct smpp *s, int condition)
{
	if (condition == HG_UP)
		s->last_err = s->told_err = (struct hg_err){ 0 };
	else if (s->last_err.kind)
		s->told_err = s->last_err;
	else
		smpp_fail(&s->told_err, HG_ERR_BROKEN, "not bound yet");
	s->told = condition;
	s->host->condition(s->ch, condition, condition == HG_UP ? NULL : &s->told_err);
}

/* Down is when nothing can be sent; a bind less, or nothing that receives, is less than up. */
void smpp_state_look(struct smpp *s)
{
	guint bound = 0, able = 0, fresh = 0;
	gint64 now = smpp_now();

	if (s->stopping)
		return;
	for (guint i = 0; i < s->binds->len; i++) {
		const struct smpp_bind *bind = s->binds->pdata[i];
		gboolean up = bind->state == SMPP_BOUND;

		bound += up;
		fresh += !up && !bind->failed;
		able += up && (smpp_bind_sends(bind) || strcmp(s->conf->bind, "receiver") == 0);
	}
	if (able) {
		s->down_ms = 0;
	} else if (!s->down_ms) {
		s->down_ms = now;
		smpp_due(s, now + DOWN_AFTER_MS);
	}
	if (bound == s->binds->len && s->told != HG_UP)
		tell(s, HG_UP);
	else if (able && bound < s->binds->len && !fresh && s->told != HG_DEGRADED)
		tell(s, HG_DEGRADED);
	else if (!able && now >= s->down_ms + DOWN_AFTER_MS && s->told != HG_DOWN)
		tell(s, HG_DOWN);
}

gint64 smpp_state_due(const struct smpp *s)
{
	return s->down_ms && s->told != HG_DOWN && !s->stopping ? MAX(s->down_ms + DOWN_AFTER_MS, smpp_now() + 1) : G_MAXINT64;
}
