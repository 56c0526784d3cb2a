/* search.h - full-text search: an index in a file of its own beside the database ("headgate-search.db")
 *
 * The write path knows nothing of it.  A thread of the lowest priority follows the log: it reads what was published
 * (and is on disk therefore) over a read-only connection and writes words into the index.  What it has not got to yet is
 * looked through at each search, the newest so many.  The index is no record: missing, damaged, or of another database
 * it is made again, and it is in no backup.
 *
 * It holds copies of what customers said: what is removed there is removed here (see "forgetting"). */
#pragma once
#include <glib.h>
#include "store.h"

typedef struct hg_search hg_search;

struct hg_search_options {
	const struct hg_store_options *store;	/* of the database it is about; lent for the call */
	gboolean off;			/* store.search: off.  Its file is deleted, searches look at the newest messages only */
};

/* Begins to follow.  Call it when the store is open and before anything new is written.  The index itself can never
 * be a reason not to start: NULL (with error) only where no connection to the database can be had. */
hg_search *hg_search_new(const struct hg_search_options *options, GError **error);
void hg_search_free(hg_search *search);		/* ends what it does; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_search, hg_search_free)
/* Any thread: all events up to that number are on disk.  They are behind from now on, and followed at the next
 * hg_search_publish(), which says the same and wakes who follows.  A smaller number than before says nothing new. */
void hg_search_kept(hg_search *search, gint64 event_n);
void hg_search_publish(hg_search *search, gint64 event_n);

/* ---- finding ---- */
#define HG_SEARCH_QUERY_MAX 500		/* bytes */
#define HG_SEARCH_TERMS_MAX 16
#define HG_SEARCH_MARKS_MAX 64

struct hg_search_mark { guint from, len; };	/* in characters (code points) of the snippet */

struct hg_search_hit {
	gint64 thread_n;
	gint64 message_n;		/* whose text or subject has it; 0: the conversation's own: name, number, tag, subject */
	const char *snippet;		/* the arena's */
	struct hg_search_mark *marks;
	guint n_marks;
	gint64 place;			/* before_place of what follows it */
};

/* q: words, all of which a message (or what a conversation is called by) must have; "so many in this order"; pre*; -not.
 * Case and accents do not matter.  Appends to ret (of struct hg_search_hit), newest first, limit at most, behind before_place
 * (0: from the newest).  INPUT: q says nothing that could be looked for.  *ret_complete FALSE: the index is being made (or is off)
 * and what is older was not looked at.  Any thread; store: the caller's connection. */
gboolean hg_search_find(hg_search *search, hg_store *store, hg_arena *arena, const char *q, gint64 before_place,
			guint limit, GPtrArray *ret, gboolean *ret_complete, GError **error);

/* ---- forgetting ---- */
/* Who is erased (contact.erased) is forgotten without being asked for, and so is, within hours, what is kept no longer.
 * What else is no longer to be found, and is not to be in its file either: rows are deleted, what the index holds of their words is
 * written anew and the rest overwritten.  Call it when the database has forgotten (committed).  *ret_removed: how many
 * documents went.  Blocks until it is done, seconds with a large index: never on a loop.  FALSE: error says why, and it is tried again
 * before anything else until it is done, also after a restart. */
gboolean hg_search_forget(hg_search *search, const gint64 *message_n, gsize n_messages, const gint64 *thread_n,
			  gsize n_threads, gint64 *ret_removed, GError **error);
char *hg_search_path(const char *store_path);	/* of its file; yours */

/* ---- how it is ---- */
#define HG_SEARCH_FRESH_MAX 500	/* events it has not got to yet that a search looks through itself */

struct hg_search_state {
	gboolean off, building;		/* building: older messages are still to be read */
	gint64 clean_n;			/* who was erased by an event up to that one is nowhere in its file */
	gint64 behind;			/* events it has not got to yet */
	const char *error;		/* interned; NULL: all is well */
};
void hg_search_state(hg_search *search, struct hg_search_state *ret);	/* any thread */
