/* visitor_live.h - live events: streams (SSE) and waiting requests (long poll) of visitors, and what they miss
 *
 * Nothing is pushed from memory.  A commit only says which contacts have news; then one read per visitor collects
 * what came after the place his stream has got to, so that live, late and after a crash are one way.  A place is
 * opaque outside ("c1.").  It moves over what is on disk alone: nobody hears of what a power loss takes back.
 *
 * Lives on the loop, but for hg_live_publish() and hg_live_place(). */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "conf.h"
#include "http_server.h"
#include "loop.h"
#include "model.h"
#include "readers.h"
#include "visitor_place.h"

typedef struct hg_visitor_live hg_visitor_live;

/* key: 32 bytes, copied; last_n: number of the newest event there is (hg_store_event_last()); conf is referenced. */
hg_visitor_live *hg_visitor_live_new(hg_loop *loop, hg_readers *readers, hg_conf *conf, const guint8 *key, gint64 last_n);
/* After the server (streams must have been closed) and the readers. */
void hg_visitor_live_free(hg_visitor_live *live);	/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_visitor_live, hg_visitor_live_free)
void hg_visitor_live_reload(hg_visitor_live *live, hg_conf *conf);
/* Before the readers end: nothing is read any more. */
void hg_visitor_live_stop(hg_visitor_live *live);

struct hg_visitor_follower {		/* lent for the call */
	const char *uri;		/* "widget:..." */
	const char *channel;
	const char *browser;		/* what the tokens of one browser have in common; or NULL */
	gint64 issued_ms, expires_ms;	/* of his token */
	const char *cursor;		/* where he has got to; NULL: from now on */
	gint64 newest_n;		/* of the newest event there is, where this node may not have heard of it yet; or 0 */
	const char *const *headers;	/* "Name: value" for the answer (CORS), NULL-ended; or NULL */
	gint64 wait_ms;			/* of a long poll; -1: a stream */
	guint most;			/* streams and polls of his at once */
};
/* Takes req and answers it, now or later.  FALSE with error set: there is no room for another one (BUSY), or too many are
 * his, or of his address (LIMIT); req is still yours. */
gboolean hg_visitor_live_follow(hg_visitor_live *live, hg_request *req, const struct hg_visitor_follower *who, GError **error);

/* Any thread: the place of now.  A session asks before it reads anything, so that nothing falls between. */
const char *hg_visitor_live_place(hg_visitor_live *live, char ret[HG_PLACE_SIZE]);

/* Any thread: events just committed. */
void hg_visitor_live_publish(hg_visitor_live *live, const hg_event *const *events, guint n);
/* What the visitor said is stored: who he is may be known only now. */
void hg_visitor_live_said(hg_visitor_live *live, const char *uri);
/* The same where this may be known already. */
void hg_visitor_live_heard(hg_visitor_live *live, const char *uri);
gboolean hg_visitor_live_followed(const hg_visitor_live *live);		/* any thread */
/* HG_READ, HG_TYPING of an agent, as struct hg_visitor_host says it. */
void hg_visitor_live_say(hg_visitor_live *live, const char *channel, const struct hg_out *out);
/* A visitor typed or read on another device of his: his other streams hear of it.  json: of one event; lent. */
void hg_visitor_live_tell(hg_visitor_live *live, const char *uri, const char *type, const char *json);
/* Ends streams: of that visitor (NULL: of all on that channel), of that browser (NULL: of all his), with tokens from
 * then or before (UTC).  reason: a word for the bye event: "logout", "identified", "closing". */
struct hg_visitor_live_ended { const char *channel, *uri, *browser; gint64 until_ms; const char *reason; };
void hg_visitor_live_end(hg_visitor_live *live, const struct hg_visitor_live_ended *which);

struct hg_visitor_live_stats {		/* since the start, but for the first two: now */
	guint64 streams, polls;
	guint64 events;			/* told, to however many streams */
	guint64 replays, resets;	/* followers who had missed something; too much of it */
	guint64 slow;			/* streams cut because nobody read them */
	guint64 refused;		/* followers over a cap */
	guint64 reads;			/* jobs on the reader pool */
};
void hg_visitor_live_stats(const hg_visitor_live *live, struct hg_visitor_live_stats *ret);
void hg_visitor_live_metrics(const hg_visitor_live *live, GString *out);	/* as Prometheus reads them */
