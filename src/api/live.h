/* live.h - the inside of the live stream; for live.c, live_begin.c and live_replay.c only
 *
 * A follower has a place: the number of an event up to which he was told all that is for him.  Whoever is at the
 * place of now is told what is committed as it is; whoever is behind it is told from the store first, page by page, and
 * nothing live meanwhile.  So there is neither a gap nor a twin, whatever he missed while he was away. */
#pragma once
#include "call.h"

#define LIVE_FOLLOWERS_MAX 64
#define LIVE_OF_ONE_MAX 16		/* of one principal */
#define LIVE_REPLAY_MAX 10000		/* events of the log; who is further behind fetches anew */
#define LIVE_PAGE 200			/* events of one read */
#define LIVE_PAGE_BYTES (256 * 1024)	/* and it ends behind so many */
#define LIVE_HIGH_WATER (1024 * 1024)	/* a follower that is further behind is cut */

struct hg_live {
	hg_loop *loop;
	hg_readers *readers;
	GPtrArray *followers;		/* of struct follower */
	gint n_followers;		/* atomic: the engine's thread looks before it copies */
	gint64 published_n;		/* atomic: newest event on disk */
	gint64 seen_n;			/* the loop's: all up to it were told to those at the place of now */
	guint64 tick;			/* timer, 0 while nobody follows */
	gint64 beat_ms;			/* of the last beat, monotonic */
};

struct live_filter {
	gint64 thread_n;		/* only this one's; 0: any */
	gint64 contact_n;		/* only this one's, merged ones resolved; 0: any */
	const char *contact_id;		/* of it; or NULL */
	const char *channel, *rule;	/* or NULL */
	gboolean shadow;		/* where thread_n is 0: those on trial, or the others */
};

/* What of an event filters ask for. */
struct live_about {
	gint64 thread_n, contact_n, from_contact_n;
	const char *channel, *rule;
	gboolean shadow;
};

struct follower {
	struct hg_live *live;
	hg_stream *stream;		/* NULL: he has gone while a job reads for him */
	const struct hg_principal *who;	/* ours: a reference */
	struct live_filter filter;	/* its strings are ours */
	gint64 place;
	gboolean sse;			/* server-sent events; else NDJSON */
	gboolean reading;		/* a job reads for him */
	gboolean waiting;		/* for the readers to have room */
};

/* ---- live.c ---- */
gint64 hg_live_newest(const struct hg_live *live);
gboolean hg_live_wants(struct live_filter *filter, const struct hg_principal *who, const struct live_about *about);
/* The line with its newline, or as an event stream has it (id or NULL: it gets none; type or NULL: "message"). */
void hg_live_put(GString *out, gboolean sse, const char *id, const char *type, const char *json, gsize len);
/* The one event that says: fetch anew, what lies between cannot be told.  data: JSON. */
void hg_live_put_reset(GString *out, gboolean sse, const char *id, const char *data);
/* Takes the reference and the strings; the follower is in the list. */
struct follower *hg_live_enter(struct hg_live *live, hg_request *req, const struct follower *like);
/* Frees him now, or when the job that reads for him ends. */
void hg_live_leave(struct follower *follower);

/* ---- live_replay.c ---- */
/* Has him told what he missed, if he did. */
void hg_live_catch_up(struct follower *follower);
