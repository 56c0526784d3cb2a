/* search_made.h - the inside of full-text search; for search*.c only */
#pragma once
#include <sqlite3.h>
#include "search.h"
#include "sql.h"

/* ---- search_words.c: what is asked, as FTS5 has it (SQLite, "FTS5", section 3) ---- */
gboolean hg_search_words(const char *q, GString *ret, GError **error);

/* ---- search_index.c: one connection to an index, in its file or in memory; FALSE: *ret_rc is SQLite's result ---- */
struct hg_doc {
	gint64 n;			/* place: 2 x message; of a conversation's own words 2 x one of its messages + 1 */
	gint64 thread_n;
	const char *text, *subject, *name, *number, *tags;	/* or NULL */
};
struct hg_index_state { gint64 event_n; const char *event_id; gint64 low_n; gboolean forgetting; };	/* low_n: messages from there on are in it */

typedef struct hg_index hg_index;
/* path NULL: in memory.  write: makes what is missing. */
hg_index *hg_index_open(const char *path, gboolean write, const guint8 instance[32], GError **error);
void hg_index_close(hg_index *index);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_index, hg_index_close)
gboolean hg_index_damaged(const hg_index *index);	/* or of another database: it is to be made again */
gboolean hg_index_begin(hg_index *index, GError **error);
gboolean hg_index_commit(hg_index *index, GError **error);
void hg_index_rollback(hg_index *index);
gboolean hg_index_get_state(hg_index *index, hg_arena *arena, struct hg_index_state *ret, GError **error);
gboolean hg_index_set_state(hg_index *index, const struct hg_index_state *state, GError **error);
gboolean hg_index_put(hg_index *index, const struct hg_doc *doc, GError **error);	/* instead of what was there */
gboolean hg_index_drop(hg_index *index, gint64 n, gint64 *ret_dropped, GError **error);
/* Places of a conversation; own: the one of its own words only.  Appends to ret, of gint64. */
gboolean hg_index_places(hg_index *index, gint64 thread_n, gboolean own, GArray *ret, GError **error);
/* The first places behind that one, limit at most. */
gboolean hg_index_behind(hg_index *index, gint64 after, guint limit, GArray *ret, GError **error);
gboolean hg_index_has(hg_index *index, gint64 n, gboolean *ret, GError **error);
gboolean hg_index_count(hg_index *index, gint64 *ret, GError **error);
/* Nothing that was dropped is left in the file or its log. */
gboolean hg_index_scrub(hg_index *index, GError **error);
/* Hits before that place, newest first; marks are filled. */
gboolean hg_index_find(hg_index *index, hg_arena *arena, const char *match, gint64 before, guint limit, GPtrArray *ret,
		       GError **error);

/* ---- search_docs.c: what of a row is looked through ---- */
/* *ret FALSE: nothing of it is. */
gboolean hg_doc_of_message(hg_store *store, hg_arena *arena, gint64 message_n, struct hg_doc *ret_doc, gboolean *ret, GError **error);
gboolean hg_doc_of_thread(hg_store *store, hg_arena *arena, gint64 thread_n, struct hg_doc *ret_doc, gboolean *ret, GError **error);
gboolean hg_doc_says_all(const char *event_type);	/* the message is another than before */

/* ---- search.c ---- */
#define SWEEP_MS (6 * 3600 * 1000)	/* what is kept no longer is looked for this often */
struct hg_search {
	char *path;			/* of the index */
	gboolean off;
	struct hg_env *env;
	guint8 instance[32];
	hg_store *store;		/* the thread's own, read-only, as the next three */
	gboolean dropped;		/* something went that is to be nowhere in the file */
	gint64 sweep;			/* place up to which this sweep has got; -1: none is under way */
	gint64 swept_ms;		/* when the last one ended, monotonic */
	GThread *thread;
	gint64 published_n;		/* atomic */
	gint64 newest_event, newest_message;	/* when it began: all of them are on disk */
	GMutex write;			/* guards index: the thread's, and who has something forgotten */
	hg_index *index;		/* NULL: it could not be opened */
	GMutex lock;			/* guards the rest */
	GCond wake;
	gboolean stop;
	guint generation;		/* counted up when the file is another */
	GPtrArray *readers;		/* of hg_index *, of this generation */
	struct hg_search_state state;
	gint64 indexed_n;		/* all events up to it are in the index */
	gint64 low_n;			/* all messages from there on are; 1: all there are */
};

/* ---- search_follow.c: in a transaction of the index; *ret_more: there is more to do ---- */
gboolean hg_search_follow_events(hg_search *search, hg_arena *arena, struct hg_index_state *state, gboolean *ret_more, GError **error);
gboolean hg_search_go_back(hg_search *search, hg_arena *arena, struct hg_index_state *state, gboolean *ret_more, GError **error);
/* What was removed without an event of its own. */
gboolean hg_search_sweep(hg_search *search, hg_arena *arena, gboolean *ret_more, GError **error);
/* All documents of a conversation; ret_removed (or NULL) is counted up. */
gboolean hg_search_drop_thread(hg_search *search, gint64 thread_n, gint64 *ret_removed, GError **error);
