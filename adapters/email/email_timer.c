/* email_timer.c - many timers on the few the gateway lends */
#include "email.h"
#include "env.h"

gint64 email_now(void)
{
	return hg_mono(hg_env_system());
}

void email_timers_init(struct email *e)
{
	e->timers.all = g_ptr_array_new();
}

void email_timers_done(struct email *e)
{
	g_ptr_array_unref(e->timers.all);
}

static void arm(struct email *e);

static void on_tick(void *state)
{
	struct email *e = state;
	gint64 now = email_now();

	e->timers.host_timer = 0;
	for (guint i = 0; i < e->timers.all->len; i++) {
		struct email_timer *timer = e->timers.all->pdata[i];

		if (!timer->due || timer->due > now)
			continue;
		timer->due = 0;
		timer->fn(timer->arg);
	}
	arm(e);
}

static void arm(struct email *e)
{
	struct email_timers *t = &e->timers;
	gint64 first = 0;

	for (guint i = 0; i < t->all->len; i++) {
		gint64 due = ((struct email_timer *)t->all->pdata[i])->due;

		if (due && (!first || due < first))
			first = due;
	}
	if (!first || (t->host_timer && t->host_due <= first))
		return;
	if (t->host_timer)
		e->host->untimer(e->ch, t->host_timer);
	t->host_due = first;
	t->host_timer = e->host->timer(e->ch, MAX(first - email_now(), 0), on_tick);
}

void email_timer_set(struct email *e, struct email_timer *timer, gint64 ms, email_timer_fn *fn, void *arg)
{
	timer->fn = fn;
	timer->arg = arg;
	timer->due = email_now() + MAX(ms, 1);
	if (!timer->listed)
		g_ptr_array_add(e->timers.all, timer);
	timer->listed = TRUE;
	arm(e);
}

void email_timer_stop(struct email_timer *timer)
{
	timer->due = 0;
}
