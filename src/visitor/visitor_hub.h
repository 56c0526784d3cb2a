/* visitor_hub.h - the inside of the hub; for visitor_live.c, visitor_follow.c and visitor_signs.c only
 *
 * A follower is a stream or a request that waits.  All followers of one visitor are an audience: news is read once for
 * those that are at one place.  An audience has a goal, the place up to which it is to hear everything, and a base, the
 * place up to which nobody in it has missed anything: between them its news is in the threads it lists, or in any. */
#pragma once
#include "visitor_live.h"
#include "visitor_news.h"
#include "visitor_peers.h"

#define BEAT_SLOTS 15			/* one is served each second: a beat every 15 s, spread over them */

struct audience {
	hg_visitor_live *live;
	char *uri;			/* ours; key */
	GQueue followers;		/* of struct follower, by in_audience */
	gint64 contact_n;		/* 0: none yet */
	struct audience *next;		/* of the contact's */
	GList in_line;			/* of live->line */
	gint64 goal_n, base_n;
	gint64 threads[HG_NEWS_THREADS];
	guint n_threads;
	guint all : 1;			/* more threads than fit, or nobody knows which */
	guint unknown : 1;		/* who he is has to be looked up */
	guint reset : 1;		/* he sees other conversations than before */
	guint waiting : 1, running : 1;	/* in line; a job reads for it */
};

struct follower {
	struct audience *audience;
	struct hg_peer *peer;
	hg_stream *stream;		/* or ... */
	hg_request *req;		/* ... a request that waits */
	char **headers;			/* of its answer, ours; or NULL */
	guint64 timer;			/* when it is answered at the latest */
	gint64 place;
	gint64 issued_ms, expires_ms;
	const char *channel;		/* interned */
	char *browser;			/* ours; or NULL */
	GList in_audience, in_beat;
	guint8 slot;
	guint late : 1;			/* place is what he carried about */
	guint full : 1;			/* the peer has not read what is there */
	guint over : 1;			/* it has waited long enough: answered when what it missed is read */
};

struct hg_visitor_live {
	hg_loop *loop;
	hg_readers *readers;
	hg_conf *conf;			/* ours */
	struct hg_place_key key;
	gint64 published_n;		/* atomic: newest event on disk */
	gint64 seen_n;			/* the loop's: all up to it have been looked at */
	gint n_followers;		/* atomic: publishers look before they copy */
	GHashTable *audiences;		/* uri -> struct audience */
	GHashTable *contacts;		/* number -> the first of its audiences */
	hg_peers *peers;
	GQueue line;			/* audiences that wait for a job */
	guint running, signs;		/* jobs; signs under way */
	guint64 again;			/* timer: the readers had no room */
	GQueue beats[BEAT_SLOTS];	/* of struct follower, by in_beat */
	guint slot, next_slot;
	guint64 beat;			/* timer, 0 while nobody follows */
	gboolean stopped;
	struct hg_visitor_live_stats stats;
};

gint64 hg_live_published(const hg_visitor_live *live);

/* visitor_live.c */
struct audience *hg_audience_of(hg_visitor_live *live, const char *uri);	/* NULL: nobody follows */
struct audience *hg_audience_enter(hg_visitor_live *live, const char *uri);	/* makes it */
void hg_audience_leave(struct audience *audience);	/* frees it when nobody is in it */
GPtrArray *hg_audience_all(hg_visitor_live *live);	/* yours; of those lent */
/* Has everybody in it told what came up to now; thread_n 0: of any thread. */
void hg_audience_news(struct audience *audience, gint64 thread_n);
void hg_audience_look(struct audience *audience);	/* somebody has come, and may be behind */
void hg_audience_wait(struct audience *audience);	/* there may be something to read for it */

/* visitor_follow.c */
/* So many followers of those wanted leave descriptors for others: a process that has none left hears nobody any more,
 * agents and providers neither. */
gint64 hg_follow_fits(gint64 wanted, gint64 connections, gint64 descriptors);
/* Those at that place get what was found, and move on. */
void hg_follow_deliver(struct audience *audience, gint64 place, const struct visitor_news *news);
/* One event of no place. */
void hg_follow_tell(struct audience *audience, const char *type, const char *json, gsize len);
/* All in it are to fetch anew. */
void hg_follow_reset(struct audience *audience, gint64 place);
void hg_follow_bye(struct follower *follower, const char *reason);	/* NULL: without a word; frees it */
