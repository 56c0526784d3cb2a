/* channels.h - all channels of a configuration: started, reloaded, stopped, and the engine's ports
 *
 * Everything here is called on the channels' loop (or while no thread runs it) unless it says
 * otherwise. */
#pragma once
#include <glib.h>
#include "command.h"
#include "conf.h"
#include "http_client.h"
#include "http_server.h"
#include "inside.h"
#include "loop.h"
#include "ports.h"

typedef struct hg_channels hg_channels;

/* One thing that a probe looked at.  ok FALSE: it is not well; said: a sentence, or NULL. */
typedef void hg_channel_check_fn(void *arg, const char *check, gboolean ok, const char *said);

/* What channels reach outward through.  All lent until hg_channels_free(). */
struct hg_channels_env {
	hg_loop *loop;			/* every channel's home; the server with their routes is there too */
	hg_client *client;		/* on that loop */
	const char *attachments;	/* directory of downloaded files */
	/* hg_engine_submit(), or a test's own: any thread; takes the command when it returns TRUE. */
	gboolean (*submit)(void *ctx, hg_command *command, GError **error);
	/* The channel's last committed cursor, yours to free, or NULL; on the loop, when it opens.
	 * May itself be NULL: then every channel begins at "". */
	char *(*cursor)(void *ctx, const char *channel);
	void *ctx;
	/* Serves the client API (inside.h); NULL: nobody does. */
	const struct hg_inside_visitor *visitor;
	gboolean shared;		/* several nodes share the work: see hg_channels_own() */
	gboolean captive;		/* capture mode: nobody makes a connection */
	gint64 answer_ms;		/* how long an adapter may take to answer send, ask, fetch; 0: 60 s */
};

/* env is copied, a reference to conf is taken.  Nothing runs yet. */
hg_channels *hg_channels_new(const struct hg_channels_env *env, hg_conf *conf);
/* After hg_channels_stop()'s done, or when it was never started.  The engine must not call the ports
 * any more.  NULL is fine. */
void hg_channels_free(hg_channels *channels);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_channels, hg_channels_free)

/* Opens and starts every channel.  One that cannot be opened is DOWN with its error and is tried
 * again with backoff; the others run. */
void hg_channels_start(hg_channels *channels);
/* A new generation: a channel whose options did not change goes on, one whose changes are all
 * RELOAD options is told by reconf(), any other (and one whose reconf() refuses) is stopped and
 * opened again; new ones start, missing ones stop. */
void hg_channels_reload(hg_channels *channels, hg_conf *conf);
/* Takes no more in, lets what is under way finish for patience_ms at most, closes.  done(arg) runs
 * once, from the loop.  Every request, send and download has been answered then. */
void hg_channels_stop(hg_channels *channels, gint64 patience_ms, void (*done)(void *arg), void *arg);

/* Has the channel look for messages since then (UTC ms; 0: where it got to), now or after the look that is under way.
 * FALSE: MISSING: no such channel; STATE: it is not running, or has no way to look. */
gboolean hg_channels_ask(hg_channels *channels, const char *name, gint64 since_ms, GError **error);

/* Hands in what its provider would have brought; ack(arg) runs once, from the loop, when it is stored or could not be.
 * FALSE (no ack): MISSING, STATE (not running, or of an adapter that takes nothing), INPUT: its adapter cannot read it. */
gboolean hg_channels_take(hg_channels *channels, const char *name, const void *bytes, gsize len, hg_ack_fn *ack, void *arg,
			  GError **error);

/* A person has put the channel on hold, or lets it go on: nothing is asked of its provider until then, and what keeps a
 * connection of its own (HG_CAP_SINGLE: mailboxes, binds) is closed.  What its provider delivers is taken in.  For all
 * generations, also before start() and of a name that is not there yet. */
void hg_channels_hold(hg_channels *channels, const char *name, gboolean held);
gboolean hg_channels_is_held(hg_channels *channels, const char *name);
/* Where several nodes share the work (env.shared): this one asks the channel's provider from here on, or (FALSE, as at
 * first) another does.  What that means is what a hold means. */
void hg_channels_own(hg_channels *channels, const char *name, gboolean ours);
/* Says in out what is known of how the channel is: {"check","ok","said"} each, and whether all is well. */
gboolean hg_channels_probe(hg_channels *channels, const char *name, hg_channel_check_fn *fn, void *arg, GError **error);
/* Has the provider asked whether it takes the channel's credentials: fn hears of each answer ("provider"), then done(arg) comes,
 * once, from the loop; before this returns where nothing is asked (the channel does not run, or rests).  MISSING. */
gboolean hg_channels_look(hg_channels *channels, const char *name, hg_channel_check_fn *fn, void (*done)(void *arg), void *arg,
			  GError **error);

/* ---- the server's side: requests to /channel/NAME/PATH; for hg_server_conf, arg is hg_channels ---- */
#define HG_CHANNEL_PREFIX "/channel/"
void hg_channels_route(void *channels, const hg_request *req, struct hg_server_route *route);
void hg_channels_handle(void *channels, hg_request *req);

/* ---- the engine's side: for struct hg_ports, ctx is hg_channels; called on the engine's thread ---- */
gboolean hg_channels_plan(void *channels, const char *channel, hg_arena *arena, const struct hg_out *out,
			  GArray *parts, struct hg_err *err);
gboolean hg_channels_limits(void *channels, const char *channel, struct hg_limits *ret, unsigned *ret_caps);
/* The same by a configuration alone, where no channel runs. */
gboolean hg_conf_plan(const hg_conf *conf, const char *channel, hg_arena *arena, const struct hg_out *out,
		      GArray *parts, struct hg_err *err);
gboolean hg_conf_limits(const hg_conf *conf, const char *channel, struct hg_limits *ret, unsigned *ret_caps);
/* Jobs of HG_TO_CHANNEL, HG_TO_FETCH, HG_TO_UNPACK and HG_TO_SETTLE.  Each comes back as one SENT, FETCHED, UNPACKED
 * (or RECALL) or SETTLED command; a READ or TYPING (ticket 0) as none. */
void hg_channels_dispatch(void *channels, hg_dispatch *dispatch);

/* ---- what they are like: for status, metrics and tests ---- */
struct hg_channel_counts {
	guint64 batches, items, receipts;	/* handed in by the adapter */
	guint64 busy;			/* batches that were not stored */
	guint64 requests, refused;	/* HTTP; refused: answered 4xx or 5xx */
	guint64 sends, sent, retried, failed, ambiguous;
	guint64 late;			/* answers that came after the deadline, or twice */
	guint64 fetches, files, file_bytes;
	guint64 unpacks, unread;	/* raw bytes given to be read; attempts that failed */
	guint64 settles;
	guint64 calls, polls, restarts;
	guint64 faults;			/* times the adapter broke the rules of adapter.h */
};

struct hg_channel_status {		/* lent during the call */
	const char *name, *adapter, *version;
	const char *state;		/* "starting", "running", "stopping", "down", "paused", "away" (another node's) */
	int condition;			/* enum hg_condition */
	gint64 condition_ms;		/* since when (UTC) */
	const char *error;		/* of DEGRADED or DOWN; or NULL */
	gint64 last_in_ms, last_out_ms;	/* UTC: last batch stored, last send the provider took; 0 never */
	guint pending_in, pending_out;	/* batches not yet stored; sends and downloads under way */
	struct hg_channel_counts counts;
};
typedef void hg_channel_status_fn(void *arg, const struct hg_channel_status *status);
typedef void hg_channel_count_fn(void *arg, const char *word, guint64 count);

/* In the config's order. */
void hg_channels_list(hg_channels *channels, hg_channel_status_fn *fn, void *arg);
/* What the adapter counted by host->count().  FALSE: no such channel. */
gboolean hg_channels_counted(hg_channels *channels, const char *name, hg_channel_count_fn *fn, void *arg);
