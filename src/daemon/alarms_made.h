/* alarms_made.h - what the files of alarms.h share; private to src/daemon */
#pragma once
#include "alarms.h"
#include "parts.h"

/* Something that is wrong at this moment. */
struct alarm_found {
	char *name;			/* "channel_down:wa-main": a word, and what it is about; ours, as text */
	char *text;			/* a sentence for people */
	gint64 since_ms;		/* UTC; 0: nobody knows, from now on then */
	gint64 after_ms;		/* it is one when it was so for this time */
};

void alarm_found_free(void *found);
void alarm_add(GPtrArray *found, char *name, gint64 since_ms, gint64 after_ms, const char *fmt, ...) G_GNUC_PRINTF(5, 6);

/* alarms_look.c: what is wrong.  The parts, on the loop; the store, on a reader thread, with the counts of what waits. */
void alarm_look_at_parts(hg_gateway *gateway, const struct hg_alarms_conf *set, GPtrArray *found);
struct alarm_store_look {
	const hg_conf *conf;
	gint64 now_ms;
	GPtrArray *paused;		/* names of channels that a person paused: what waits there is no alarm */
};
gboolean alarm_look_at_store(hg_store *store, const struct alarm_store_look *look, GPtrArray *found, GError **error);

/* alarms_tell.c: who is told. */
struct alarm_news {			/* one alarm as it is told; strings lent */
	const char *name, *text;
	gboolean over, again;
	gint64 since_ms;
};
struct alarm_sink;			/* the log, the mails, the webhook */

/* done(arg, ok): once, on the loop; not before this returns. */
typedef void alarm_told(void *arg, gboolean ok, const char *why);
void alarm_tell_log(const struct alarm_news *news, guint n);
gboolean alarm_mail_is_set(const struct hg_alarms_conf *set);
gboolean alarm_hook_is_set(const struct hg_alarms_conf *set);
void alarm_tell_mail(hg_gateway *gateway, const struct alarm_news *news, guint n, alarm_told *done, void *arg);
void alarm_tell_hook(hg_gateway *gateway, const struct alarm_news *news, guint n, alarm_told *done, void *arg);
