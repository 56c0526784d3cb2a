/* store.h - everything headgate remembers: verbs over one database, two kinds of driver
 *
 * A connection belongs to one thread.  The engine's is the only one that writes; readers see
 * committed state only.  All verbs but open work on the connection's current transaction (readers:
 * each read alone unless hg_store_begin() was called).  Returned values live in the arena given.
 *
 * Reads: TRUE with *ret NULL means there is no such row.  FALSE means the store failed
 * (HG_ERROR_STORE) unless said otherwise; an update of a row that is not there says MISSING, a
 * reader's statement that took too long LIMIT.  Writes need a transaction.  After an I/O error or
 * damage everything fails until the process is started again.  Nothing outside src/store knows SQL. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "env.h"
#include "fail.h"
#include "model.h"

typedef struct hg_store hg_store;

struct hg_store_options {
	const char *driver;		/* "sqlite" or "postgresql" */
	const char *path;		/* SQLite's file */
	const char *url, *password;	/* PostgreSQL's database: a connection string of libpq; password: or NULL */
	const char *node;		/* this process among those that share it, NULL: the host's name */
	const char *attachments;	/* directory */
	gboolean files_in_database;	/* PostgreSQL: that keeps the files, and the directory, this process's own, holds copies */
	struct hg_env *env;
	const guint8 *key;		/* 32 bytes: the instance key of a store that is made now; or NULL */
	/* Bytes of a file that is kept in reserve and gives way on a full disk, so that deletes and the
	 * shutdown get through; 0: none.  It is made only where twice as much beside min_free stays free. */
	gint64 ballast, min_free;
#ifdef HG_TEST_HOOKS
	gboolean shared_for_test;	/* it says that other nodes write to it, where nobody can; its clock is env's */
#endif
	gboolean still;			/* for readers: a copy that nobody writes; it may lie anywhere, and nothing is made beside it */
};

/* Opens (and makes, and migrates) the database.  Errors say what to do. */
hg_store *hg_store_open(const struct hg_store_options *options, GError **error);
/* Read-only, never checkpoints; statements are stopped after time_limit_ms (0: none). */
hg_store *hg_store_open_reader(const struct hg_store_options *options, gint64 time_limit_ms, GError **error);
/* Any thread, while the connection is open: what it does now fails (BUSY or STORE) soon. */
void hg_store_interrupt(hg_store *store);
void hg_store_close(hg_store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_store, hg_store_close)

/* 32 random bytes made at creation: keys the dedupe hashes and idempotency keys. */
const guint8 *hg_store_instance_key(hg_store *store);
int hg_store_schema(hg_store *store);
/* An I/O error or damage: every further verb fails, and only a fresh start says what is really on disk. */
gboolean hg_store_broken(hg_store *store);
const char *hg_store_name(hg_store *store);	/* the file, or the database without its password; lent */
const char *hg_store_attachments(hg_store *store);	/* the directory it was opened with; lent */

/* ---- transactions: one for a group of commands, a savepoint for each ---- */
gboolean hg_store_begin(hg_store *store, GError **error);
gboolean hg_store_commit(hg_store *store, GError **error);	/* FALSE: nothing of it holds */
/* The same without waiting for the disk, so that the next transaction can be worked on meanwhile: nobody may be told
 * of it before hg_store_flush_end(), and that comes before the next commit.  Where that fails the store is broken. */
gboolean hg_store_commit_later(hg_store *store, GError **error);
void hg_store_flush_begin(hg_store *store);		/* on a thread of the store's; else hg_store_flush_end() does it */
gboolean hg_store_flush_is_done(hg_store *store);	/* hg_store_flush_end() would not wait */
gboolean hg_store_flush_end(hg_store *store, GError **error);
void hg_store_rollback(hg_store *store);
gboolean hg_store_savepoint(hg_store *store, GError **error);	/* one level */
/* Whether savepoints are marks only.  Those cost nothing, but a command that has written something cannot be undone
 * alone: then hg_store_rollback_to() fails, hg_store_wants_care() says TRUE until the next hg_store_begin(), and
 * the group is to be rolled back and done again without boldness.  Off at first. */
void hg_store_be_bold(hg_store *store, gboolean bold);
gboolean hg_store_wants_care(hg_store *store);
gboolean hg_store_release(hg_store *store, GError **error);
/* Inside a savepoint: from here on new rows may wait for hg_store_settle(), so that what is added and then changed
 * is written once.  What the database has against a row it may say in a later verb, and at the latest there. */
void hg_store_gather(hg_store *store);
gboolean hg_store_settle(hg_store *store, GError **error);
/* Undoes one command.  FALSE: the whole transaction is gone (disk full, I/O error): acknowledge
 * nothing of the group. */
gboolean hg_store_rollback_to(hg_store *store, GError **error);
/* How long ids are remembered for a dedupe window (30 days at least), and the journal is kept.  No
 * read finds what is older, whether it is gone by then or not. */
void hg_store_keep(hg_store *store, gint64 dedupe_ms, gint64 journal_ms);
void hg_store_keep_audits(hg_store *store, gint64 keep_ms);	/* 0: for ever, as at first */
/* Between transactions, on the engine's thread: checkpoints, expiry in small batches.  Returns ms until it
 * wants to be called again. */
enum hg_store_load {
	HG_LOAD_NONE = 0,	/* nothing has been done for a while */
	HG_LOAD_FULL = 1,	/* more commands wait: what takes long is put off */
	HG_LOAD_SOME = 2,	/* none waits just now: what is due is done in small pieces */
};
gint64 hg_store_tend(hg_store *store, enum hg_store_load load);
gboolean hg_store_tend_is_due(hg_store *store, enum hg_store_load load);	/* it would do something */
/* Whether other nodes write to the same database. */
gboolean hg_store_is_shared(hg_store *store);
/* Its server does not answer, and what became of the last commit is waited for.  Any thread. */
gboolean hg_store_is_away(hg_store *store);
/* The last transactions are under way: a server that is away is not waited for for ever.  Any thread. */
void hg_store_leave(hg_store *store);
/* After hg_store_begin(): transactions committed by all who write to it.  Where it is not what it was after one's own last
 * commit, somebody else has written since: what was remembered of rows may not be true any more. */
gint64 hg_store_turn(hg_store *store);
/* A number that rises with every row written, also by what is undone. */
gint64 hg_store_changes(hg_store *store);
/* What a benchmark asks for, since the store was opened: statements begun, times a server's answer was waited for, bytes of pages written to the log, pages asked
 * for, and those of them that were not in the cache and were read from the file; page_bytes: of one page; most_rows: that were in
 * memory at once (PostgreSQL). */
struct hg_store_cost { gint64 statements, waits, log_bytes, pages, pages_read, page_bytes, most_rows; };
struct hg_store_cost hg_store_cost(hg_store *store);
/* Bytes free on the disks of database and attachments; -1 when unknown. */
gint64 hg_store_free_bytes(hg_store *store);

/* ---- several nodes on one database ---- */
/* A hint is a short text that all who watch the database get soon: that there is something to look at.  It may get lost (a
 * connection that breaks), so whoever waits for one looks by itself now and then; and it is no place for what people say. */
#define HG_HINT_MAX 200		/* bytes */
typedef struct hg_store_watch hg_store_watch;
/* On a thread of the watch's, or of whoever gives the hint: must not block, and gives none itself.  payload NULL: the
 * watch was away, and hints may have been lost. */
typedef void hg_store_hint_fn(void *arg, const char *payload);
/* With a connection and a thread of its own, which comes back when the database was away.  options is not kept.  The
 * hints one gives itself come too.  With SQLite nobody else writes, and nothing is ever heard. */
hg_store_watch *hg_store_watch_new(const struct hg_store_options *options, hg_store_hint_fn *hint, void *arg, GError **error);
void hg_store_watch_free(hg_store_watch *watch);	/* nothing is heard any more; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_store_watch, hg_store_watch_free)
/* In a transaction: heard after its commit, and not at all when it is undone.  Outside of one, by a reader: heard soon.
 * FALSE: STORE, or LIMIT when it is too long. */
gboolean hg_store_hint(hg_store *store, const char *payload, GError **error);

/* ---- raw events, dedupe, cursors ---- */
/* More bytes than that lie in a file beside the attachments, synced before the commit. */
#define HG_RAW_APART (1 << 20)
gboolean hg_store_raw_add(hg_store *store, const char *channel, const char *kind, gint64 at_ms,
			  const void *bytes, gsize len, gint64 *ret_n, GError **error);
gboolean hg_store_raw_get(hg_store *store, hg_arena *arena, gint64 n, const void **ret_bytes, gsize *ret_len,
			  GError **error);
/* space: a channel, or an adapter when the key counts across its channels.  Looks through the
 * window's day buckets for key; not there: remembers it with message_n 0 in today's.  ret_new says
 * which; ret_message_n is what the first one became (0: no message came of it). */
gboolean hg_store_seen(hg_store *store, const char *space, const char *key, gint64 now_ms, gint64 window_ms,
		       gboolean *ret_new, gint64 *ret_message_n, GError **error);
/* Says which message a remembered (or new, e.g. sent by us) provider id stands for. */
gboolean hg_store_seen_set(hg_store *store, const char *space, const char *key, gint64 now_ms,
			   gint64 message_n, GError **error);
/* The message a provider id stands for, as far back as ids are kept; *ret_message_n 0: unknown. */
gboolean hg_store_seen_find(hg_store *store, const char *space, const char *key, gint64 now_ms,
			    gint64 *ret_message_n, GError **error);
/* Keys of what was imported: for ever, and apart from what is seen, so that nothing finds a message by them.  any: is there one? */
gboolean hg_store_imported_any(hg_store *store, gboolean *ret, GError **error);
gboolean hg_store_imported_has(hg_store *store, const char *space, const char *key, gboolean *ret, GError **error);
gboolean hg_store_imported_add(hg_store *store, const char *space, const char *key, GError **error);	/* fine when it is there */
gboolean hg_store_cursor_get(hg_store *store, hg_arena *arena, const char *channel, const char **ret, GError **error);
gboolean hg_store_cursor_set(hg_store *store, const char *channel, const char *cursor, GError **error);

/* ---- contacts ---- */
gboolean hg_store_contact_add(hg_store *store, hg_contact *contact, GError **error);	/* fills n */
gboolean hg_store_contact_get(hg_store *store, hg_arena *arena, gint64 n, hg_contact **ret, GError **error);
gboolean hg_store_contact_by_id(hg_store *store, hg_arena *arena, const char *id, hg_contact **ret, GError **error);
gboolean hg_store_contact_update(hg_store *store, const hg_contact *contact, GError **error);
gboolean hg_store_alias_find(hg_store *store, hg_arena *arena, const char *uri, hg_alias **ret, GError **error);
/* CONFLICT when the address is somebody's already. */
gboolean hg_store_alias_add(hg_store *store, const hg_alias *alias, GError **error);
gboolean hg_store_alias_update(hg_store *store, const hg_alias *alias, GError **error);	/* owner, proof */
gboolean hg_store_alias_delete(hg_store *store, const char *uri, GError **error);
gboolean hg_store_alias_list(hg_store *store, hg_arena *arena, gint64 contact_n, GPtrArray *ret, GError **error);
/* When this address last wrote on this channel (reply windows); 0: never. */
gboolean hg_store_reach_get(hg_store *store, const char *channel, const char *uri, gint64 *ret_last_in_ms, GError **error);
gboolean hg_store_reach_in(hg_store *store, const char *channel, const char *uri, gint64 last_in_ms, GError **error);

/* What was said of messages to the address, on a channel (NULL: on each), by our addresses: of hg_consent. */
gboolean hg_store_consent_of(hg_store *store, hg_arena *arena, const char *uri, const char *channel, GPtrArray *ret,
			     GError **error);
gboolean hg_store_consent_set(hg_store *store, const hg_consent *consent, GError **error);	/* takes the place of what was */
/* All that was said, in the order of addresses, behind the one named (NULL: from the first). */
struct hg_consent_query {
	int state;			/* enum hg_wish; 0: any but NONE */
	const char *channel;		/* or NULL */
	const char *after_uri, *after_channel, *after_ours;
	guint limit;
};
gboolean hg_store_consent_list(hg_store *store, hg_arena *arena, const struct hg_consent_query *query, GPtrArray *ret,
			       GError **error);

/* How much there was of an address on a channel: times in ms, 0 never. */
struct hg_pace {
	gint64 auto_ms;			/* it got something automatic */
	gint64 fresh_ms, fresh_n;	/* so many conversations since then */
};
gboolean hg_store_pace_get(hg_store *store, const char *channel, const char *uri, struct hg_pace *ret, GError **error);
gboolean hg_store_pace_set(hg_store *store, const char *channel, const char *uri, const struct hg_pace *pace, GError **error);

/* ---- visitors: a person's browser or app ---- */
/* The row of one of his browsers, "": of all. */
gboolean hg_store_visitor_get(hg_store *store, hg_arena *arena, const char *uri, const char *browser, hg_visitor **ret,
			      GError **error);
gboolean hg_store_visitor_set(hg_store *store, const hg_visitor *visitor, GError **error);	/* takes the place of what was */
/* Tokens of that browser (NULL: of none we know) issued then or before are refused; 0: none are. */
gboolean hg_store_visitor_ended(hg_store *store, const char *uri, const char *browser, gint64 *ret_ms, GError **error);
/* Adds the row unless it is there. */
gboolean hg_store_visit_add(hg_store *store, const char *uri, gint64 thread_n, GError **error);
gboolean hg_store_visit_get(hg_store *store, hg_arena *arena, const char *uri, gint64 thread_n, hg_visit **ret,
			    GError **error);
gboolean hg_store_visit_set(hg_store *store, const hg_visit *visit, GError **error);	/* takes the place of what was */
/* All addresses that visited the thread. */
gboolean hg_store_visit_list(hg_store *store, hg_arena *arena, gint64 thread_n, GPtrArray *ret, GError **error);

/* Who looks.  contact_n 0: an anonymous visitor, who sees the threads his address is in.  Else an identified one, by the
 * contact he is (merged ones resolved): he sees all of its threads.  Both within the scope of their channel only. */
struct hg_view {
	const char *uri;
	gint64 contact_n;
	const char *scope;
};
#define HG_VIEW_MAX 50		/* threads a visitor sees: those that were active last */
/* Fills ret for the visitor of that address on a channel of that scope; uri and scope are lent. */
gboolean hg_store_view(hg_store *store, hg_arena *arena, const char *uri, const char *scope, struct hg_view *ret,
		       GError **error);
/* His threads, newest activity first, limit (HG_VIEW_MAX) at most; and whether that one is among all of his. */
gboolean hg_store_viewed_list(hg_store *store, hg_arena *arena, const struct hg_view *view, guint limit, GPtrArray *ret,
			      GError **error);
gboolean hg_store_viewed(hg_store *store, hg_arena *arena, const struct hg_view *view, const hg_thread *thread,
			 gboolean *ret, GError **error);
/* What the viewer has not read of the thread: how many answers (HG_UNREAD_MAX at most), and up to where he has read: of all
 * addresses in it where he is identified, else of his own. */
#define HG_UNREAD_MAX 100
gboolean hg_store_unread(hg_store *store, hg_arena *arena, const struct hg_view *view, const hg_thread *thread,
			 guint *ret_unread, gint64 *ret_read_n, GError **error);

/* Who became part of whom, and what went with it. */
gboolean hg_store_merge_add(hg_store *store, hg_merge *merge, GError **error);	/* fills n */
/* The newest of that contact, undone or not. */
gboolean hg_store_merge_of(hg_store *store, hg_arena *arena, gint64 from_n, hg_merge **ret, GError **error);
gboolean hg_store_merge_update(hg_store *store, const hg_merge *merge, GError **error);	/* undone_ms */

/* ---- threads ---- */
/* CONFLICT when the contact has an open thread of that scope and key. */
gboolean hg_store_thread_add(hg_store *store, hg_thread *thread, GError **error);	/* fills n */
gboolean hg_store_thread_get(hg_store *store, hg_arena *arena, gint64 n, hg_thread **ret, GError **error);
gboolean hg_store_thread_by_id(hg_store *store, hg_arena *arena, const char *id, hg_thread **ret, GError **error);
/* Writes all of it where version is still the same, and counts version up.  STATE: it is not. */
gboolean hg_store_thread_update(hg_store *store, hg_thread *thread, GError **error);
/* The contact's threads of a scope and key (key NULL: any), newest first, limit at most. */
gboolean hg_store_thread_of(hg_store *store, hg_arena *arena, gint64 contact_n, const char *scope,
			    const char *key, guint limit, GPtrArray *ret, GError **error);
/* The contact's threads that are answered at an address, of any scope, newest first, before a number. */
gboolean hg_store_thread_answered_at(hg_store *store, hg_arena *arena, gint64 contact_n, const char *uri, gint64 before_n,
				     guint limit, GPtrArray *ret, GError **error);
/* Its tags as they were and as they are (each NULL-ended, or NULL): what lists by tag find.  Before or after the row. */
gboolean hg_store_thread_tags(hg_store *store, gint64 thread_n, const char *const *was, const char *const *is, GError **error);
struct hg_thread_query {
	int state;			/* 0: any */
	gboolean shadow;		/* those on trial; else the others */
	const char *contact_id, *channel;	/* or NULL; who became part of somebody is he */
	const char *const *channels;	/* of one of these, NULL-ended; NULL: of any */
	const char *tag, *queue, *assignee;	/* or NULL; queue, assignee "": none */
	const char *category, *priority;	/* of its ticket; or NULL */
	gint64 since_ms, until_ms;	/* opened then or later, and before; 0: any time */
	int has_ticket;			/* 1: it has, -1: it has not, 0: either */
	gboolean waiting;		/* its customer waits for a person's answer */
	gint64 before_n;		/* 0: newest first from the top */
	guint limit;
};
/* Appends limit at most, newest first.  So many are looked at in one go; *ret_looked_n: there may be more before that one
 * (ret may have none at all); 0: limit is reached, or all were looked at. */
gboolean hg_store_thread_find(hg_store *store, hg_arena *arena, const struct hg_thread_query *query, GPtrArray *ret,
			      gint64 *ret_looked_n, GError **error);
/* The same however long it takes. */
gboolean hg_store_thread_list(hg_store *store, hg_arena *arena, const struct hg_thread_query *query,
			      GPtrArray *ret, GError **error);
/* Whether one is such a conversation; contact_n: of query->contact_id. */
gboolean hg_store_thread_fits(hg_store *store, hg_arena *arena, const hg_thread *thread, const struct hg_thread_query *query,
			      gint64 contact_n, gboolean *ret, GError **error);
/* The contact of that id, or whom he became part of; 0: there is none. */
gboolean hg_store_contact_resolved(hg_store *store, hg_arena *arena, const char *id, gint64 *ret_n, GError **error);

/* ---- messages, attachments, receipts ---- */
gboolean hg_store_message_add(hg_store *store, hg_message *message, GError **error);	/* fills n */
gboolean hg_store_message_get(hg_store *store, hg_arena *arena, gint64 n, hg_message **ret, GError **error);
gboolean hg_store_message_by_id(hg_store *store, hg_arena *arena, const char *id, hg_message **ret, GError **error);
/* All but id, thread, place in its chain and direction. */
gboolean hg_store_message_update(hg_store *store, const hg_message *message, GError **error);
/* Back along the chain from newest_n (usually thread->last_message_n); newest first. */
gboolean hg_store_message_list(hg_store *store, hg_arena *arena, gint64 newest_n, guint limit, GPtrArray *ret,
			       GError **error);
gboolean hg_store_attachment_add(hg_store *store, hg_attachment *attachment, GError **error);	/* fills n */
gboolean hg_store_attachment_get(hg_store *store, hg_arena *arena, gint64 n, hg_attachment **ret, GError **error);
gboolean hg_store_attachment_by_id(hg_store *store, hg_arena *arena, const char *id, hg_attachment **ret, GError **error);
gboolean hg_store_attachment_update(hg_store *store, const hg_attachment *attachment, GError **error);
gboolean hg_store_attachment_list(hg_store *store, hg_arena *arena, gint64 message_n, GPtrArray *ret, GError **error);
gboolean hg_store_receipt_add(hg_store *store, hg_receipt_row *receipt, GError **error);	/* fills n */
/* Parked receipts (message_n 0) of an external id or key; either may be NULL. */
gboolean hg_store_receipt_parked(hg_store *store, hg_arena *arena, const char *channel, const char *external_id,
				 const char *key, gint64 now_ms, GPtrArray *ret, GError **error);
gboolean hg_store_receipt_adopt(hg_store *store, gint64 receipt_n, gint64 message_n, GError **error);
gboolean hg_store_receipt_list(hg_store *store, hg_arena *arena, gint64 message_n, GPtrArray *ret, GError **error);

/* ---- tokens of the API ---- */
gboolean hg_store_token_add(hg_store *store, hg_token *token, GError **error);	/* fills n */
gboolean hg_store_token_by_id(hg_store *store, hg_arena *arena, const char *id, hg_token **ret, GError **error);
/* By the SHA-256 of its secret. */
gboolean hg_store_token_by_hash(hg_store *store, hg_arena *arena, const guint8 hash[32], hg_token **ret, GError **error);
gboolean hg_store_token_update(hg_store *store, hg_token *token, GError **error);	/* expires_ms, revoked_ms, used_ms; fills rev */
/* It is revoked now; *ret_ours FALSE: it was good no more, whoever came first. */
gboolean hg_store_token_use_up(hg_store *store, const hg_token *token, gint64 now_ms, gboolean *ret_ours, GError **error);
/* Of the good ones of a kind that which was used least lately; *ret NULL: there is none. */
gboolean hg_store_token_idlest(hg_store *store, hg_arena *arena, int kind, gint64 now_ms, hg_token **ret, GError **error);
/* Revokes all of a kind and name; all links and sessions that a principal made. */
gboolean hg_store_token_end_named(hg_store *store, int kind, const char *name, gint64 now_ms, GError **error);
gboolean hg_store_token_end_made_by(hg_store *store, const char *made_by, gint64 now_ms, GError **error);
/* Changes are numbered, whoever makes them: the number of the last; rows changed behind a place, in the order of their changes,
 * so that the last one's rev and n are the next place. */
struct hg_token_place { gint64 rev, n; };
gboolean hg_store_token_rev(hg_store *store, gint64 *ret, GError **error);
gboolean hg_store_token_changed(hg_store *store, hg_arena *arena, const struct hg_token_place *after, guint limit, GPtrArray *ret,
				GError **error);
/* One of that kind and name that is good now. */
gboolean hg_store_token_named(hg_store *store, hg_arena *arena, int kind, const char *name, gint64 now_ms, hg_token **ret,
			      GError **error);
struct hg_token_query {
	int kind;			/* 0: any */
	gint64 good_at_ms;		/* those that are good then; 0: all */
	gint64 before_n;		/* 0: newest first from the top */
	guint limit;
};
gboolean hg_store_token_list(hg_store *store, hg_arena *arena, const struct hg_token_query *query, GPtrArray *ret,
			     GError **error);
gboolean hg_store_token_count(hg_store *store, int kind, gint64 now_ms, gint64 *ret, GError **error);	/* of the good ones */

/* ---- who did what ---- */
/* Fills n; hash is the store's. */
gboolean hg_store_audit_add(hg_store *store, hg_audit *audit, GError **error);
gboolean hg_store_audit_by_id(hg_store *store, hg_arena *arena, const char *id, hg_audit **ret, GError **error);
struct hg_audit_query {
	gint64 before_n;		/* 0: newest first from the top */
	const char *principal, *action, *object;	/* or NULL */
	gint64 since_ms, until_ms;	/* 0: any */
	guint limit;
};
gboolean hg_store_audit_list(hg_store *store, hg_arena *arena, const struct hg_audit_query *query, GPtrArray *ret, GError **error);

/* What a walk along the chain of all of them finds. */
enum hg_audit_break {
	HG_AUDIT_CHANGED = 1,		/* a row is not what was written */
	HG_AUDIT_MISSING,		/* rows between others are gone */
	HG_AUDIT_CUT,			/* the newest are */
	HG_AUDIT_ADDED,			/* one is behind the end */
	HG_AUDIT_NO_CHAIN,		/* where it begins and ends is not known */
};
struct hg_audit_check {
	gint64 rows;			/* looked at */
	gint64 expired;			/* so many before them were kept for long enough: there the chain begins */
	gint64 first_ms, last_n;
	int broken;			/* enum hg_audit_break, 0: it holds */
	gint64 broken_n;		/* number of the first row that is wrong, or gone */
	char broken_id[HG_ID_SIZE];	/* of the row where it shows; or "" */
	char head[65];			/* last hash, in hex */
};
/* Outside of a transaction; takes as long as it takes. */
gboolean hg_store_audit_verify(hg_store *store, struct hg_audit_check *ret, GError **error);
char *hg_audit_break_text(const struct hg_audit_check *check);	/* yours; NULL: it holds */

/* ---- tickets ---- */
/* Fills n, and number from pattern ("TK-%d", "%Y-%06d"; dates of created_ms) and the next free number from first on.  CONFLICT when
 * the thread has an open ticket (requested, open or pending). */
gboolean hg_store_ticket_add(hg_store *store, hg_arena *arena, hg_ticket *ticket, const char *pattern,
			     gint64 first, GError **error);
gboolean hg_store_ticket_get(hg_store *store, hg_arena *arena, gint64 n, hg_ticket **ret, GError **error);
gboolean hg_store_ticket_by_id(hg_store *store, hg_arena *arena, const char *id, hg_ticket **ret, GError **error);
gboolean hg_store_ticket_by_number(hg_store *store, hg_arena *arena, const char *number, hg_ticket **ret, GError **error);
gboolean hg_store_ticket_update(hg_store *store, const hg_ticket *ticket, GError **error);
/* Newest first.  work: those of which something was given up on its way to a helpdesk, or still waits for one. */
enum hg_ticket_work { HG_WORK_WAITING = 1, HG_WORK_FAILED };
struct hg_ticket_query {
	int state, work;		/* 0: any */
	const char *backend;		/* that has it, or that it is on its way to; or NULL */
	const char *channel;		/* or NULL */
	gint64 since_ms, until_ms;	/* when it was made; 0: any time */
	gboolean shadow;
	gint64 before_n;		/* 0: from the newest */
	guint limit;
};
gboolean hg_store_ticket_list(hg_store *store, hg_arena *arena, const struct hg_ticket_query *query, GPtrArray *ret,
			      GError **error);
/* Open tickets (requested, open, pending) an agent has; those of a queue that nobody has. */
gboolean hg_store_ticket_load(hg_store *store, const char *assignee, gint64 *ret, GError **error);
gboolean hg_store_ticket_waiting(hg_store *store, const char *queue, gint64 *ret, GError **error);
/* How long (ms) those of a queue made since then waited for a person's first answer, as far as they got
 * one; the newest, limit at most.  Appends to ret, of gint64. */
gboolean hg_store_ticket_answered(hg_store *store, const char *queue, gint64 since_ms, guint limit, GArray *ret,
				  GError **error);
/* A number kept under a name; fallback: nothing is kept yet. */
gboolean hg_store_counter_get(hg_store *store, const char *name, gint64 fallback, gint64 *ret, GError **error);
gboolean hg_store_counter_set(hg_store *store, const char *name, gint64 next, GError **error);
/* Since when a helpdesk has not answered; 0: it does.  Kept as a number under a name. */
gboolean hg_store_outage_get(hg_store *store, const char *backend, gint64 *ret_since_ms, GError **error);
gboolean hg_store_outage_set(hg_store *store, const char *backend, gint64 since_ms, GError **error);
/* The same link again is fine; another external id for the pair is a CONFLICT. */
gboolean hg_store_link_set(hg_store *store, const hg_link *link, GError **error);
gboolean hg_store_link_get(hg_store *store, hg_arena *arena, gint64 ticket_n, const char *backend, hg_link **ret,
			   GError **error);
/* What may change of one that is there: number, url, status_order. */
gboolean hg_store_link_update(hg_store *store, const hg_link *link, GError **error);
/* The ticket is another one over there from moved_ms on: external_id, number and url are that one's.  MISSING: there is no
 * link of the two. */
gboolean hg_store_link_move(hg_store *store, const hg_link *link, GError **error);
/* The ticket a helpdesk knows under this id; backend NULL: any. */
gboolean hg_store_ticket_by_link(hg_store *store, hg_arena *arena, const char *backend, const char *external_id,
				 hg_ticket **ret, GError **error);
gboolean hg_store_link_list(hg_store *store, hg_arena *arena, gint64 ticket_n, GPtrArray *ret, GError **error);

/* ---- opinions ---- */
gboolean hg_store_csat_add(hg_store *store, hg_csat *csat, GError **error);	/* fills n; CONFLICT: the episode has one */
gboolean hg_store_csat_of(hg_store *store, hg_arena *arena, gint64 thread_n, hg_csat **ret, GError **error);	/* the newest */
/* Of a time from since_ms to before until_ms, oldest first, after_n exclusive. */
gboolean hg_store_csat_list(hg_store *store, hg_arena *arena, gint64 since_ms, gint64 until_ms, gint64 after_n,
			    guint limit, GPtrArray *ret, GError **error);

/* ---- episodes ---- */
gboolean hg_store_episode_add(hg_store *store, hg_episode *episode, GError **error);	/* fills n */
gboolean hg_store_episode_get(hg_store *store, hg_arena *arena, gint64 n, hg_episode **ret, GError **error);
/* What may come after its end. */
gboolean hg_store_episode_update(hg_store *store, const hg_episode *episode, GError **error);
/* Those that ended from since_ms on and before until_ms, in the order of their ends, behind the one named
 * by its end and number (both 0: from the first). */
struct hg_episode_query { gint64 since_ms, until_ms, after_ms, after_n; guint limit; };
gboolean hg_store_episode_ended(hg_store *store, hg_arena *arena, const struct hg_episode_query *query,
				GPtrArray *ret, GError **error);
/* Drops from since_ms on and before before_ms, newest first, before the one of that time named by before_n
 * (both 0: from the top).  open_only: those nobody has restored. */
struct hg_drop_query { gint64 since_ms, before_ms, before_n, thread_n; gboolean open_only; guint limit; };	/* thread_n 0: of all */
gboolean hg_store_episode_dropped(hg_store *store, hg_arena *arena, const struct hg_drop_query *query,
				  GPtrArray *ret, GError **error);
gboolean hg_store_drops_open(hg_store *store, gint64 *ret, GError **error);	/* how many there are */

/* ---- events and decisions ---- */
gboolean hg_store_event_add(hg_store *store, hg_event *event, GError **error);	/* fills n */
gboolean hg_store_event_get(hg_store *store, hg_arena *arena, gint64 n, hg_event **ret, GError **error);
gboolean hg_store_event_by_id(hg_store *store, hg_arena *arena, const char *id, hg_event **ret, GError **error);
/* Back along the thread's chain from newest_n; newest first. */
gboolean hg_store_event_list(hg_store *store, hg_arena *arena, gint64 newest_n, guint limit, GPtrArray *ret,
			     GError **error);
/* All threads, oldest first, after_n exclusive. */
gboolean hg_store_event_after(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GPtrArray *ret,
			      GError **error);
/* The same, of those that are on trial, or of the others. */
gboolean hg_store_event_log(hg_store *store, hg_arena *arena, gint64 after_n, gboolean shadow, guint limit,
			    GPtrArray *ret, GError **error);
/* For a reader that follows the log: what the events name is read with few statements, as of one moment, and is at hand until the end. */
gboolean hg_store_follow_begin(hg_store *store, const GPtrArray *events, GError **error);
void hg_store_follow_end(hg_store *store);	/* always, also after one that failed */
/* The number behind which events happened at since_ms or later: as hg_store_decision_since(). */
gboolean hg_store_event_since(hg_store *store, gint64 since_ms, gint64 *ret_after_n, GError **error);
gboolean hg_store_decision_add(hg_store *store, hg_decision *decision, GError **error);	/* fills n */
gboolean hg_store_decision_get(hg_store *store, hg_arena *arena, gint64 n, hg_decision **ret, GError **error);
/* Back along the thread's chain from newest_n; newest first. */
gboolean hg_store_decision_list(hg_store *store, hg_arena *arena, gint64 newest_n, guint limit, GPtrArray *ret,
				GError **error);
/* All threads' decisions, oldest first, after_n exclusive. */
gboolean hg_store_decision_after(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GPtrArray *ret,
				 GError **error);
/* The same, newest first, before_n exclusive; 0: from the newest. */
gboolean hg_store_decision_before(hg_store *store, hg_arena *arena, gint64 before_n, guint limit, GPtrArray *ret,
				  GError **error);
/* The number behind which decisions were made at since_ms or later: after_n of the first page.  A look at a
 * few rows, for numbers rise with time. */
gboolean hg_store_decision_since(hg_store *store, gint64 since_ms, gint64 *ret_after_n, GError **error);
/* How often each rule decided, among the newest `most` decisions behind after_n; and how many of these there are. */
typedef struct hg_rule_use { const char *rule; gint64 decided, last_ms; } hg_rule_use;
gboolean hg_store_decision_rules(hg_store *store, hg_arena *arena, gint64 after_n, guint most, GPtrArray *ret,
				 gint64 *ret_looked, GError **error);
/* The rules' text by config hash, so that a decision can be made again later. */
gboolean hg_store_config_keep(hg_store *store, const char *hash, const char *text, gint64 at_ms, GError **error);
gboolean hg_store_config_get(hg_store *store, hg_arena *arena, const char *hash, const char **ret, GError **error);

/* ---- what stands until somebody or something takes it back ---- */
gboolean hg_store_standing_get(hg_store *store, hg_arena *arena, const char *kind, const char *name, hg_standing **ret,
			       GError **error);	/* *ret NULL: it does not stand */
gboolean hg_store_standing_list(hg_store *store, hg_arena *arena, const char *kind, GPtrArray *ret, GError **error);	/* by name */
gboolean hg_store_standing_set(hg_store *store, const hg_standing *standing, GError **error);	/* replaces */
gboolean hg_store_standing_end(hg_store *store, const char *kind, const char *name, GError **error);	/* fine when it does not */

/* ---- outbox ---- */
/* Fills n, and state: DUE when its lane is empty, else QUEUED. */
gboolean hg_store_job_add(hg_store *store, hg_job *job, GError **error);
gboolean hg_store_job_get(hg_store *store, hg_arena *arena, gint64 n, hg_job **ret, GError **error);
/* Up to limit jobs of target and name that are DUE at now_ms, earliest first (name NULL: any).
 * The caller moves them to SENDING by hg_store_job_update() in the same transaction. */
gboolean hg_store_job_due(hg_store *store, hg_arena *arena, int target, const char *name, gint64 now_ms,
			  guint limit, GPtrArray *ret, GError **error);
/* All but where it goes, its lane and what it is about. */
gboolean hg_store_job_update(hg_store *store, const hg_job *job, GError **error);
/* The job is done (deleted) or dead (kept): the next of its lane becomes DUE at now_ms.  *ret_next: TRUE when
 * there is one, else as it was; or NULL. */
gboolean hg_store_job_done(hg_store *store, const hg_job *job, gint64 now_ms, gboolean *ret_next, GError **error);
gboolean hg_store_job_dead(hg_store *store, const hg_job *job, gint64 now_ms, gboolean *ret_next, GError **error);
/* An UNKNOWN job nobody can settle now: it stays, but in a lane of its own (lane becomes "unknown:N"
 * in the row), and the next of the lane it leaves becomes DUE at now_ms. */
gboolean hg_store_job_pass(hg_store *store, const hg_job *job, gint64 now_ms, GError **error);
gboolean hg_store_job_retry_dead(hg_store *store, gint64 n, gint64 now_ms, GError **error);
/* When the next DUE job of any target is due; G_MAXINT64: none. */
gboolean hg_store_job_next(hg_store *store, gint64 *ret_due_ms, GError **error);
struct hg_job_query { int target; const char *name; int state; gint64 message_n; const char *lane;
	gint64 after_n; guint limit; };	/* lane: with target and name */
gboolean hg_store_job_list(hg_store *store, hg_arena *arena, const struct hg_job_query *query, GPtrArray *ret,
			   GError **error);
/* Is there any job to this one, whatever its state, that is older than job n? */
gboolean hg_store_job_before(hg_store *store, int target, const char *name, gint64 n, gboolean *ret, GError **error);
/* All PARKED jobs of a channel become DUE (or QUEUED behind their lane's head) again. */
gboolean hg_store_job_unpark(hg_store *store, int target, const char *name, gint64 now_ms, GError **error);
struct hg_job_count { const char *name; int target; gint64 waiting, sending, unknown, parked, dead, oldest_ms; };
gboolean hg_store_job_counts(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error);

/* ---- messages in pieces ---- */
gboolean hg_store_joining_add(hg_store *store, hg_joining *joining, GError **error);	/* fills n; CONFLICT: there is one */
gboolean hg_store_joining_get(hg_store *store, hg_arena *arena, gint64 n, hg_joining **ret, GError **error);
/* The one, not REUSED, with like's channel, sender, ours, ref and parts. */
gboolean hg_store_joining_find(hg_store *store, hg_arena *arena, const hg_joining *like, hg_joining **ret, GError **error);
/* Of the sender's OPEN ones the newest that has so many behind it. */
gboolean hg_store_joining_oldest(hg_store *store, hg_arena *arena, const char *channel, const char *sender, guint behind,
				 hg_joining **ret, GError **error);
gboolean hg_store_joining_state(hg_store *store, gint64 n, int state, GError **error);
gboolean hg_store_joining_delete(hg_store *store, gint64 n, GError **error);	/* with its pieces */
gboolean hg_store_piece_add(hg_store *store, hg_piece *piece, GError **error);
gboolean hg_store_piece_get(hg_store *store, hg_arena *arena, gint64 joining_n, int part, hg_piece **ret, GError **error);
gboolean hg_store_piece_count(hg_store *store, gint64 joining_n, gint64 *ret, GError **error);
gboolean hg_store_piece_list(hg_store *store, hg_arena *arena, gint64 joining_n, GPtrArray *ret, GError **error);	/* by part */

/* ---- waiting for facts from outside ---- */
/* Fills n, and due_ms: ready_ms when nothing of the contact waits before it, else 0. */
gboolean hg_store_waiting_add(hg_store *store, hg_waiting *waiting, GError **error);
/* Do more than so many of the contact's wait? */
gboolean hg_store_waiting_more(hg_store *store, gint64 contact_n, gint64 than, gboolean *ret, GError **error);
gboolean hg_store_waiting_get(hg_store *store, hg_arena *arena, gint64 n, hg_waiting **ret, GError **error);
gboolean hg_store_waiting_due(hg_store *store, hg_arena *arena, gint64 now_ms, guint limit, GPtrArray *ret,
			      GError **error);
gboolean hg_store_waiting_next(hg_store *store, gint64 *ret_due_ms, GError **error);	/* G_MAXINT64: none */
/* It can be judged at that time, once it is the contact's first. */
gboolean hg_store_waiting_ready(hg_store *store, gint64 n, gint64 ready_ms, GError **error);
/* It was judged: the contact's next is due when it is ready. */
gboolean hg_store_waiting_done(hg_store *store, const hg_waiting *waiting, GError **error);
/* Until when, at the latest, what the contact said up to said_ms waits; 0: none of it does. */
gboolean hg_store_waiting_until(hg_store *store, gint64 contact_n, gint64 said_ms, gint64 *ret_ms, GError **error);
gboolean hg_store_question_add(hg_store *store, hg_question *ask, GError **error);	/* fills n */
gboolean hg_store_question_of(hg_store *store, hg_arena *arena, gint64 waiting_n, GPtrArray *ret, GError **error);
gboolean hg_store_question_by_job(hg_store *store, hg_arena *arena, gint64 job_n, hg_question **ret, GError **error);
gboolean hg_store_question_update(hg_store *store, const hg_question *ask, GError **error);
gboolean hg_store_question_delete(hg_store *store, gint64 n, GError **error);
gboolean hg_store_question_is_open(hg_store *store, gint64 contact_n, const char *hook, gboolean *ret, GError **error);
/* Names of the hooks that have open questions, each once; and those of one. */
gboolean hg_store_question_hooks(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error);
gboolean hg_store_question_open(hg_store *store, hg_arena *arena, const char *hook, GPtrArray *ret, GError **error);
/* What the hook said of the contact last, and when; *ret_answer NULL: nothing. */
gboolean hg_store_facts_get(hg_store *store, hg_arena *arena, gint64 contact_n, const char *hook,
			    const char **ret_answer, gint64 *ret_at_ms, GError **error);
gboolean hg_store_facts_set(hg_store *store, gint64 contact_n, const char *hook, const char *answer, gint64 at_ms,
			    GError **error);
gboolean hg_store_hook_get(hg_store *store, hg_arena *arena, const char *name, hg_hook **ret, GError **error);
gboolean hg_store_hook_set(hg_store *store, const hg_hook *hook, GError **error);
gboolean hg_store_hook_reset(hg_store *store, GError **error);	/* of all hooks: as if they always answered */

/* ---- timers, idempotency ---- */
gboolean hg_store_timer_set(hg_store *store, const hg_timer *timer, GError **error);	/* replaces */
gboolean hg_store_timer_get(hg_store *store, hg_arena *arena, gint64 thread_n, const char *kind, hg_timer **ret,
			    GError **error);
gboolean hg_store_timer_clear(hg_store *store, gint64 thread_n, const char *kind, GError **error);
gboolean hg_store_timer_due(hg_store *store, hg_arena *arena, gint64 now_ms, guint limit, GPtrArray *ret, GError **error);
/* Timers "unanswered" (or "bot") are due now, and threads get one whose customer has been waiting for a person (that
 * a bot has been alone with) since since_ms at the earliest. */
gboolean hg_store_timer_wait(hg_store *store, gboolean bot, gint64 now_ms, gint64 since_ms, GError **error);
gboolean hg_store_timer_next(hg_store *store, gint64 *ret_due_ms, GError **error);
/* An API call's key: *ret_answer is what was answered the first time (NULL: new key, remembered
 * now without answer).  CONFLICT: same key, other fingerprint. */
gboolean hg_store_idem_begin(hg_store *store, hg_arena *arena, const char *principal, const char *key,
			     const guint8 fingerprint[32], gint64 now_ms, const char **ret_answer, GError **error);
gboolean hg_store_idem_answer(hg_store *store, const char *principal, const char *key, const char *answer,
			      GError **error);
/* As if the key had not been used: the call was refused. */
gboolean hg_store_idem_forget(hg_store *store, const char *principal, const char *key, GError **error);

/* ---- the journal: what the engine did, in order ---- */
gboolean hg_store_journal_add(hg_store *store, const hg_journal *row, GError **error);	/* n is the store's to give */
/* Oldest first, after_n exclusive. */
gboolean hg_store_journal_after(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GPtrArray *ret,
				GError **error);
gboolean hg_store_journal_last(hg_store *store, gint64 *ret_n, GError **error);	/* 0: it is empty */
gboolean hg_store_event_last(hg_store *store, gint64 *ret_n, GError **error);	/* the newest; 0: none */
/* When something was done last, by the journal and the events; 0: never. */
gboolean hg_store_newest(hg_store *store, gint64 *ret_ms, GError **error);

/* ---- attachment files: named by SHA-256, on disk before the commit that names them ---- */
typedef struct hg_upload hg_upload;
/* Any thread; several at once.  Written to a temporary file in the attachments directory. */
hg_upload *hg_upload_new(const char *attachments, GError **error);
gboolean hg_upload_write(hg_upload *upload, const void *bytes, gsize len, GError **error);
/* Syncs file and directory, renames to its hash.  Frees the upload either way. */
gboolean hg_upload_finish(hg_upload *upload, char ret_sha256[65], gint64 *ret_bytes, GError **error);
void hg_upload_cancel(hg_upload *upload);
char *hg_attachment_path(const char *attachments, const char *sha256);	/* yours; NULL for no valid hash */
/* A folder beside them: what visitors have sent and no message names yet, kept by src/visitor. */
#define HG_STORE_UPLOADS "uploads"
/* The file at path, with that hash and synced, takes its name among the attachments.  TRUE also when it is not there: a
 * turn that is done again finds it where the first one has put it. */
gboolean hg_attachment_move(const char *attachments, const char *path, const char *sha256, GError **error);
/* Where the database keeps the files (a store of that directory is open with files_in_database): a copy lies in the directory when this
 * returns TRUE, and stays for some minutes.  Any thread; waits for the server.  Else there is nothing to do, and it is TRUE.
 * FALSE: MISSING (no such file) or STORE. */
gboolean hg_attachment_bring(const char *attachments, const char *sha256, GError **error);
gboolean hg_attachment_is_near(const char *attachments, const char *sha256);	/* hg_attachment_bring() would have nothing to do */
/* Whoever is about to name it asks: it stays at least a minute longer.  *ret_bytes: -1: there is none.  FALSE: STORE. */
gboolean hg_attachment_size(const char *attachments, const char *sha256, gint64 *ret_bytes, GError **error);

/* ---- audit: the invariants that tables cannot hold ---- */
typedef void hg_fsck_report(void *arg, const char *invariant, const char *id, const char *remedy);
gboolean hg_store_fsck(hg_store *store, const char *attachments, hg_fsck_report *report, void *arg,
		       guint *ret_breaches, GError **error);

/* ---- two stores beside each other ---- */
struct hg_store_difference {
	const char *table, *row;	/* row: its first column */
	const char *column;		/* NULL: only one of them has the row ... */
	gboolean missing, added;	/* ... a alone, b alone */
	const char *was, *is;		/* in a and b; NULL: NULL.  May be customers' words. */
};
typedef void hg_store_differs(void *arg, const struct hg_store_difference *difference);
/* All rows of all tables but what expires in its own time (remembered ids, API keys, what hooks said last,
 * receipts nobody claims, browsers that logged out), texts of configurations, and when a job is due.  One difference a row; a table ends at the
 * first row only one of them has.  *ret_n: how many were told. */
gboolean hg_store_compare(hg_store *a, hg_store *b, hg_store_differs *tell, void *arg, guint *ret_n, GError **error);

struct hg_store_stats { gint64 contacts, threads, open_threads, messages, tickets, events, bytes, wal_bytes; };
gboolean hg_store_stats(hg_store *store, struct hg_store_stats *ret, GError **error);
