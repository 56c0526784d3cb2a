/* visitor_news.h - what a visitor has not heard of yet, read from the log: live, late and after a crash alike
 *
 * Runs on a reader thread.  What is told is what the store holds by now: of a message that was said and then changed he
 * hears once, as it is. */
#pragma once
#include <glib.h>
#include "visitor_json.h"

#define HG_NEWS_REPLAY_MAX 1000		/* events that are looked through for one visitor; beyond that he fetches anew */
#define HG_NEWS_PAGE_MAX   100		/* events told of at once ... */
#define HG_NEWS_PAGE_BYTES (128 << 10)	/* ... and bytes of them; the first always fits */
#define HG_NEWS_KEPT_MS	   (7 * 24 * G_GINT64_CONSTANT(3600000))	/* how long ago he may have left */
#define HG_NEWS_THREADS    4

enum visitor_news_kind {		/* what an event of the log is to a visitor */
	NEWS_NONE = 0, NEWS_MESSAGE, NEWS_CHANGED, NEWS_STATE, NEWS_THREAD,
	NEWS_MERGED,			/* of contacts: he sees other conversations now */
};
int hg_news_kind(const char *event_type);

struct visitor_piece {
	gint64 n;			/* place behind it */
	const char *type;		/* lent for ever */
	gsize from, len;		/* of its JSON in text */
};

struct visitor_news {
	/* asked for: events behind after_n, up to upto_n */
	gint64 after_n, upto_n;
	gboolean late;			/* after_n is what somebody carried about: it may be too old */
	gint64 threads[HG_NEWS_THREADS];	/* in these ... */
	guint n_threads;		/* ... so many; 0: in all he sees */
	/* found */
	GArray *pieces;			/* of struct visitor_piece, in order; ours */
	GString *text;			/* ours */
	gint64 reached_n;
	gboolean reset;			/* too much, or too long ago: he has to fetch anew */
};
void hg_news_init(struct visitor_news *news);
void hg_news_done(struct visitor_news *news);
gboolean hg_news_read(const struct visitor_eyes *eyes, struct visitor_news *news, GError **error);
