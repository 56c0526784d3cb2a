/* channel.h - one channel's life: opened, started, drained, closed; for channels.c and tests
 *
 *   CLOSED --open--> RUNNING --shut--> DRAINING --drained or patience--> ENDING --> CLOSED
 *
 * DRAINING: the adapter finishes.  ENDING: nothing new begins, every ack and done is given, jobs
 * are stopped and waited for; then close().  All on the loop of the env. */
#pragma once
#include <glib.h>
#include "channels.h"

typedef struct hg_channel hg_channel;

/* set belongs to conf, to which a reference is taken; env is lent. */
hg_channel *hg_channel_new(const struct hg_channels_env *env, hg_conf *conf,
			   const struct hg_channel_conf *set);
/* Only when CLOSED.  NULL is fine. */
void hg_channel_free(hg_channel *ch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_channel, hg_channel_free)

/* Calls the adapter's open() and start().  On failure the channel is DOWN and stays CLOSED. */
gboolean hg_channel_open(hg_channel *ch, GError **error);
/* Ends its life in any phase; done(arg) runs once, from the loop, never before this returns.  The
 * channel is CLOSED then.  Called again: the shorter patience counts, the last done is called. */
void hg_channel_shut(hg_channel *ch, gint64 patience_ms, hg_loop_fn *done, void *arg);

enum hg_channel_change { HG_CH_SAME, HG_CH_TOLD, HG_CH_RESTART };
/* A new generation's settings.  SAME and TOLD: the channel goes on with them; RESTART: nothing was
 * done, shut it, reload again (a CLOSED one takes any settings) and open it. */
enum hg_channel_change hg_channel_reload(hg_channel *ch, hg_conf *conf, const struct hg_channel_conf *set);

/* See hg_channels_hold(); what is under way ends. */
void hg_channel_hold(hg_channel *ch, gboolean held);
gboolean hg_channel_is_held(const hg_channel *ch);
/* See hg_channels_own(); the same, for another reason. */
void hg_channel_leave(hg_channel *ch, gboolean away);
gboolean hg_channel_rests(const hg_channel *ch);	/* for either */
gboolean hg_channel_is_single(const hg_channel *ch);	/* it keeps a connection of its own */
/* In any phase. */
void hg_channel_probe(hg_channel *ch, hg_channel_check_fn *fn, void *arg);	/* condition.c */
/* See hg_channels_look(). */
void hg_channel_look(hg_channel *ch, hg_channel_check_fn *fn, void (*done)(void *arg), void *arg);	/* probe.c */
void hg_channel_restarted(hg_channel *ch);	/* for its figures */
gboolean hg_channel_is_running(const hg_channel *ch);
gboolean hg_channel_is_closed(const hg_channel *ch);
const char *hg_channel_name(const hg_channel *ch);
const struct hg_channel_conf *hg_channel_set(const hg_channel *ch);

/* path: behind "/channel/NAME/". */
void hg_channel_route(hg_channel *ch, const char *path, const hg_request *req, struct hg_server_route *route);
void hg_channel_handle(hg_channel *ch, const char *path, hg_request *req);
/* Takes it over: send, ask or fetch; the answer is a command. */
void hg_channel_dispatch(hg_channel *ch, hg_dispatch *dispatch);
/* See hg_channels_take(). */
gboolean hg_channel_take(hg_channel *ch, const void *bytes, gsize len, hg_ack_fn *ack, void *arg, GError **error);
gboolean hg_channel_goes_offline(const hg_channel *ch);	/* it makes no connection in capture mode, though it has its own */
/* See hg_channels_ask(). */
gboolean hg_channel_ask(hg_channel *ch, gint64 since_ms, GError **error);
/* The answer to a dispatch that no running channel can take: not sent, come again. */
void hg_channel_decline(const struct hg_channels_env *env, hg_dispatch *dispatch, const char *why);

void hg_channel_status(hg_channel *ch, struct hg_channel_status *ret);	/* strings lent by the channel */
void hg_channel_counted(hg_channel *ch, hg_channel_count_fn *fn, void *arg);
