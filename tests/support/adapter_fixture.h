/* adapter_fixture.h - channels on a loop that the test turns, between a made-up engine and far ends */
#pragma once
#include <glib.h>

#include "adapters/naughty.h"
#include "channels.h"
#include "load.h"

/* What the made-up engine does with batches; results are always taken. */
enum sink { SINK_STORE = 1, SINK_HOLD, SINK_BUSY, SINK_FAIL, SINK_AGAIN };	/* AGAIN: it was all there before */

struct hub {
	char *dir;			/* temporary: config, attachments */
	hg_loop *loop;
	hg_client *client;
	hg_server *server;		/* with the channels' routes */
	hg_server *far;			/* see hub_far_port() */
	hg_loader *loader;
	hg_conf *conf;
	struct hg_channels_env env;
	hg_channels *channels;
	gboolean stopped;
	GThread *engine;		/* where commands are done, as with the real one */
	GAsyncQueue *queue;		/* hg_command * for that thread */
	GMutex lock;
	int sink;			/* under lock, as the next two */
	GPtrArray *commands;		/* hg_command *, ours: all that were taken, in order */
	guint held;			/* batches of those that are not done yet */
	GPtrArray *hanging;		/* hg_request * of the far end's /hang */
	char *stored_cursor;		/* what env.cursor gives, or NULL */
	struct naughty_seen *seen;	/* of the misbehaving adapter, reset by hub_new() */
};

/* yaml: the text of "channels:", indented by two; HUB_FAR in it is the far end's URL. */
void hub_new(struct hub *hub, const char *channels);
void hub_free(struct hub *hub);		/* stops first */
void hub_stop(struct hub *hub);		/* and waits; asserts that nothing was called afterwards */
hg_conf *hub_conf(struct hub *hub, const char *channels);
void hub_reload(struct hub *hub, const char *channels);
void hub_set_sink(struct hub *hub, int sink);
void hub_release(struct hub *hub);	/* does what is held; then SINK_STORE */

/* Turns the loop for about a millisecond. */
void hub_turn(struct hub *hub);
void hub_settle(struct hub *hub);	/* until what was posted has run: three turns */
/* Turns until it holds; fails the test after 20 s. */
#define HUB_WAIT(hub, what)								\
	do {										\
		gint64 give_up_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;		\
		while (!(what)) {							\
			hub_turn(hub);							\
			if (g_get_monotonic_time() > give_up_)				\
				fail_msg("gave up waiting for: %s", #what);		\
		}									\
	} while (0)

/* ---- commands that came ---- */
guint hub_count(struct hub *hub, int kind);
hg_command *hub_command(struct hub *hub, int kind, guint n);	/* the nth of a kind; lent; or NULL */

/* ---- dispatches ---- */
/* text through a channel, as job n; ask: asks. */
void hub_dispatch(struct hub *hub, const char *channel, gint64 n, const char *text, gboolean ask);
/* The same, and waits for its SENT command, which is returned. */
hg_command *hub_send(struct hub *hub, const char *channel, const char *text);
/* The same with all that is in out, but for its ticket; its strings live until that command is there. */
hg_command *hub_send_out(struct hub *hub, const char *channel, const struct hg_out *out);
void hub_fetch(struct hub *hub, const char *channel, gint64 n, const char *ref, const char *sha256);
hg_command *hub_fetched(struct hub *hub, const char *ref, const char *sha256);	/* channel "one" */

/* bytes to be unpacked by channel "one", as job n; known: one text we said (recalled), or NULL. */
void hub_unpack(struct hub *hub, gint64 n, const char *bytes, const char *known);
/* The same, and waits for the command of that kind, which is returned. */
hg_command *hub_unpacked(struct hub *hub, const char *bytes, const char *known, int kind);
hg_command *hub_settled(struct hub *hub, const char *id);

/* ---- HTTP ---- */
struct reply { int status; char *body, *retry_after, *allow, *type, *good, *bad; };
void hub_request(struct hub *hub, const char *method, const char *path, const char *body,
		 const char *header, struct reply *ret);
/* Begins one and does not wait: *ret_status is set when the answer comes. */
void hub_request_later(struct hub *hub, const char *method, const char *path, const char *body, int *ret_status);
void reply_clear(struct reply *reply);
/* The far end: /file (17 bytes, text/plain), /big (200,000 bytes), /huge (HUB_HUGE), /hang (never answers), /busy (503,
 * Retry-After: 7), /gone (410), /missing (404), /away (302). */
guint hub_far_port(const struct hub *hub);
#define HUB_HUGE (3 << 20)
#define FAR_FILE "the file's bytes\n"

/* ---- status ---- */
struct hg_channel_status hub_status(struct hub *hub, const char *channel);
guint64 hub_counted(struct hub *hub, const char *channel, const char *word);
const char *hub_adapters(void);		/* directory, seen from that of the build; -DHUB_ADAPTERS */
