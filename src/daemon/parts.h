/* parts.h - the inside of a gateway; private to src/daemon */
#pragma once
#include <event2/event.h>
#include "alarms.h"
#include "api.h"
#include "backs.h"
#include "capture.h"
#include "channels.h"
#include "clock.h"
#include "console.h"
#include "desk_mail.h"
#include "engine.h"
#include "forward.h"
#include "gateway.h"
#include "hooks.h"
#include "http_client.h"
#include "http_server.h"
#include "loop.h"
#include "place.h"
#include "readers.h"
#include "search.h"
#include "visitor.h"

typedef struct hg_follower hg_follower;
struct hg_bringer;

struct hg_gateway {
	hg_setup *setup;		/* of the newest generation */
	char *attachments;
	hg_clock *clock;
	struct hg_env *env;		/* the clock's */
	hg_store *store;		/* the engine's connection */
	hg_loop *loop;
	hg_client *client;
	hg_server *server;
	hg_readers *readers;
	hg_search *search;
	hg_readers *visitor_readers;	/* a crowd of visitors must not stand in the agents' way */
	hg_readers *key_readers;	/* one, for tokens and sessions alone: see hg_api_follow() */
	gint64 last_event_n;		/* when it began */
	hg_follower *follow;		/* NULL: no other node writes to the store */
	hg_engine *engine;
	struct hg_bringer *bringer;	/* NULL: the database keeps no files */
	hg_channels *channels;
	hg_desk_mail *mail;		/* to helpdesks by channels of ours */
	hg_forwarder *forwarder;
	hg_backs *backs;
	hg_hooks *hooks;
	hg_api *api;
	hg_console *console;
	hg_alarms *alarms;
	hg_capture *capture;		/* NULL: what goes out goes out */
	gboolean reload_refused;	/* the newest configuration was wrong */
	hg_visitors *visitors;
	struct event *on_term, *on_int, *on_hup;
	char instance[17];		/* which store this is, as a word that tells nothing of it */
	gint64 started_ms, reloaded_ms;
	guint64 pulse;			/* timer */
	GHashTable *own;		/* where several nodes share the store: posts it holds -> gint64, until when by hg_mono(); else NULL */
	hg_place *place;		/* may be NULL */
	gboolean stopping, channels_stopped, server_drained, console_drained;
	enum hg_clock_told { HG_CLOCK_RIGHT, HG_CLOCK_HELD, HG_CLOCK_BEHIND } clock_told;	/* what the log said last */
	int exit_code;
};

/* gateway.c: what the HTTP server takes from a configuration; lent by conf and gateway. */
void hg_gateway_server_conf(hg_gateway *gateway, const hg_conf *conf, struct hg_server_conf *ret);

/* ports.c: how the parts reach each other */
void hg_gateway_ports(hg_gateway *gateway, struct hg_ports *ret);
/* Any thread: to all live views of this node. */
void hg_gateway_publish(hg_gateway *gateway, const hg_event *const *events, guint n);
void hg_gateway_channel_env(hg_gateway *gateway, struct hg_channels_env *ret);
void hg_gateway_forward_sink(hg_gateway *gateway, struct hg_forwarder_sink *ret);
void hg_gateway_backs_env(hg_gateway *gateway, struct hg_backs_env *ret);
hg_hooks_result hg_gateway_hook_result;
void hg_gateway_visitors_env(hg_gateway *gateway, struct hg_visitors_env *ret);
void hg_gateway_api_ports(hg_gateway *gateway, struct hg_api_ports *ret);

/* bring.c */
/* On the bringer's thread: takes over a dispatch whose files are here, or that says held_up. */
typedef void hg_bring_done(hg_gateway *gateway, hg_dispatch *dispatch);
hg_bring_done hg_gateway_carry_on;	/* ports.c's */
struct hg_bringer *hg_bringer_new(hg_gateway *gateway, hg_bring_done *done);
void hg_bringer_free(struct hg_bringer *bringer);	/* waits for what is under way; NULL is fine, as in all of these */
void hg_bringer_end(struct hg_bringer *bringer);	/* what has not begun is held up; hg_gateway_try_to_stop() when all is handed over */
gboolean hg_bringer_is_idle(struct hg_bringer *bringer);
/* Any thread.  FALSE: its files are here, or were looked for: go on with it.  TRUE: taken over. */
gboolean hg_bring(struct hg_bringer *bringer, hg_dispatch *dispatch);
/* gateway.c; on the loop: ends it, when it is to stop and nothing is under way. */
void hg_gateway_try_to_stop(hg_gateway *gateway);

/* posts_held.c */
/* May this node do what only one may do for it: kind "channel:", "backend:", "hook:", or "house" with name ""?  On the loop. */
gboolean hg_gateway_owns(hg_gateway *gateway, const char *kind, const char *name);
void hg_gateway_be_node(hg_gateway *gateway, const char *name);	/* before the engine runs */
void hg_gateway_joined(void *gateway, gint64 since_ms);		/* as hg_ports.joined */
void hg_gateway_end_posts(hg_gateway *gateway);			/* often, on the loop: what is held ends by itself */
/* As hg_ports.posts. */
void hg_gateway_posted(void *gateway, const char *post, gboolean held, gint64 fence, gint64 until_mono_ms);

/* serve.c: which part answers a request */
void hg_gateway_route(void *gateway, const hg_request *req, struct hg_server_route *route);
void hg_gateway_handle(void *gateway, hg_request *req);

/* channel_state.c */
/* What the running parts know of it: members of an object that is open. */
void hg_gateway_channel_members(hg_gateway *gateway, const struct hg_channel_status *status, GString *out);
gboolean hg_gateway_channel(void *gateway, const char *name, GString *out);	/* the same, and more; FALSE: it is not there */
gboolean hg_gateway_probe(void *gateway, const char *name, GString *out, void (*done)(void *arg), void *arg, GError **error);
void hg_gateway_hold(void *gateway);	/* channels are told who of them is paused, by the store */

gboolean hg_gateway_captured(void *gateway, gint64 n, guint limit, GString *out);	/* n 0: a list; FALSE: it is not there */

/* status.c, metrics.c */
void hg_gateway_status(void *gateway, GString *out);
void hg_gateway_metrics(void *gateway, GString *out);

/* way_back.c: of the nth backend, in an object that is open; and of all of them. */
void hg_gateway_back_status(hg_gateway *gateway, guint n, GString *out);
void hg_gateway_back_metrics(hg_gateway *gateway, GString *out);

/* watch.c: is the system's clock one to go by?  Says so in the log whenever that changes. */
void hg_gateway_watch_clock(hg_gateway *gateway);

/* reload.c */
/* All or nothing.  out (or NULL) gets members for an open object: what changed, or what is wrong.  FALSE: the old one
 * stays. */
gboolean hg_gateway_reload(hg_gateway *gateway, GString *out);

/* config.c: options of an adapter of a hg_loader, and what is in force. */
const struct hg_option *hg_gateway_adapter_options(void *loader, const char *adapter);
void hg_gateway_config(void *gateway, gboolean all, GString *out);
