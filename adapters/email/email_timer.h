/* email_timer.h - many timers on the few the gateway lends */
#pragma once
#include <glib.h>

struct email;
struct hg_host;

typedef void email_timer_fn(void *arg);

struct email_timer {			/* lives in another struct; zero is one that is not set */
	gint64 due;			/* monotonic ms, 0: not set */
	email_timer_fn *fn;
	void *arg;
	gboolean listed;
};

struct email_timers {
	GPtrArray *all;			/* struct email_timer, lent: every one that was ever set */
	guint64 host_timer;		/* 0: none runs */
	gint64 host_due;
};

void email_timers_init(struct email *e);
void email_timers_done(struct email *e);
/* Calls fn(arg) after ms, instead of when it was due before. */
void email_timer_set(struct email *e, struct email_timer *timer, gint64 ms, email_timer_fn *fn, void *arg);
void email_timer_stop(struct email_timer *timer);
