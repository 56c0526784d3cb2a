/* backs_inside.h - the inside of all ways back; for backs.c, back_hook.c, back_poll.c, back_fetch.c */
#pragma once
#include "back.h"
#include "backs.h"
#include "desk.h"
#include "log.h"

struct hg_way {				/* one backend's; survives reloads */
	hg_backs *backs;
	char *name;
	struct hg_backs_state count;
	char *poll_error, *odd_why;	/* what count points to */
	gint64 forged_ms, closed_ms, odd_ms;	/* when that was logged last, 0: never */
	/* back_poll.c */
	guint64 timer;
	gboolean own;			/* where several nodes share the work: this one polls */
	gboolean polling;		/* a page is awaited, or stored */
	gboolean placed;		/* cursor and place_ms were read from the store */
	char *cursor;			/* as fetch_changes took it, or NULL */
	gint64 place_ms;		/* until when all is known */
	gint64 kept_ms;			/* the same, as the store has it */
	gint64 begun_ms;		/* when this poll began ... */
	gint64 until_ms;		/* ... and until when it told of all, by the clock that is behind */
	gboolean behind;		/* its clock is, and that was told */
	guint page;
	char *more;			/* of the page before, or NULL */
	struct json_object *asked;	/* the situation of the page that is awaited; or NULL */
};

struct hg_backs {
	struct hg_backs_env env;
	hg_conf *conf;
	GHashTable *ways;		/* name -> struct hg_way */
	gboolean started, stopped;
	GPtrArray *saving;		/* back_fetch.c: of struct fetch, whose threads write to the disk */
};

/* ---- backs.c ---- */
struct hg_way *hg_way_of(hg_backs *backs, const char *name);
gboolean hg_way_rests(const struct hg_way *way);	/* it is not polled: we stop, or another node does */
/* As it is configured now: its desk with a way back; NULL: it has none (any more). */
const struct hg_backend_conf *hg_way_backend(const struct hg_way *way);
void hg_way_given(const struct hg_way *way, const struct hg_backend_conf *backend, struct hg_back_given *ret);
/* Adds up what was sorted, and says once in a while what is odd. */
void hg_way_count(struct hg_way *way, const struct hg_back_heard *heard);
static inline const struct hg_change *hg_way_changes(const struct hg_back_heard *heard)
{
	return (const struct hg_change *)(const void *)heard->changes->data;
}
/* TRUE once a minute; *at_ms is the last time. */
gboolean hg_way_may_log(struct hg_way *way, gint64 *at_ms);
gint64 hg_way_now(const struct hg_way *way);

/* CHANGES, what becomes of it told on the loop.  news: how many were new; error NULL: it is on disk. */
typedef void hg_way_stored(void *arg, gint64 news, const GError *error);
struct hg_way_news {
	const struct hg_change *changes;	/* HG_BACK_CHANGES_MAX at most */
	gsize n;
	const void *raw;			/* the hook's bytes, or NULL */
	gsize len;
	const char *cursor;			/* or NULL: stays */
};
/* news is lent for the call.  FALSE: it cannot be stored now (done is not called). */
gboolean hg_way_store(struct hg_way *way, const struct hg_way_news *news, hg_way_stored *done, void *arg);

/* ---- back_poll.c ---- */
void hg_poll_plan(struct hg_way *way);		/* after a start or a reload */
void hg_poll_stop(struct hg_way *way);
