/* people.h - contacts as a whole: found, blocked, exported, erased; and what is kept for how long
 *
 * Verbs of store.h beside those, with its rules: a transaction for writes, values in the arena given, FALSE with HG_ERROR_STORE
 * when the store failed. */
#pragma once
#include "store.h"

/* ---- finding ---- */

/* Those of whom name, user name or external id have all words in them, newest first; merged and erased ones are left out.
 * Case and accents do not matter.  Nothing of this is in an index: HG_CONTACTS_LOOKED at most are gone through at once. */
#define HG_CONTACTS_LOOKED 100000
struct hg_contact_query {
	const char *words;		/* NULL: all */
	gboolean conflicted;		/* those alone */
	gint64 before_n;		/* behind that one; 0: from the newest */
	guint limit;
};
/* Appends contacts.  *ret_next_n: before_n of what follows, which may be nobody; 0: there is nothing more. */
gboolean hg_store_contact_list(hg_store *store, hg_arena *arena, const struct hg_contact_query *query, GPtrArray *ret,
			       gint64 *ret_next_n, GError **error);
/* What addresses begin with, each once: "mailto:", "tel:", "claimed:mailto:"; HG_SCHEMES_MAX at most.  A seek each. */
#define HG_SCHEMES_MAX 32
gboolean hg_store_alias_schemes(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error);
/* Addresses (hg_alias) that begin with this, in their order, behind after (NULL: from the first). */
gboolean hg_store_alias_begin(hg_store *store, hg_arena *arena, const char *prefix, const char *after, guint limit,
			      GPtrArray *ret, GError **error);
/* All merges the contact had a part in, oldest first (hg_merge). */
gboolean hg_store_merge_list(hg_store *store, hg_arena *arena, gint64 contact_n, GPtrArray *ret, GError **error);

/* ---- what is gone ---- */

enum hg_gone {
	HG_GONE_MESSAGES = 0,	/* texts of them, subjects, addresses, names */
	HG_GONE_FILES, HG_GONE_RAW, HG_GONE_EVENTS, HG_GONE_DECISIONS, HG_GONE_THREADS, HG_GONE_TICKETS,
	HG_GONE_ADDRESSES, HG_GONE_CONSENTS, HG_GONE_SESSIONS, HG_GONE_FACTS, HG_GONE_JOBS, HG_GONE_ANSWERS,
	HG_GONE_JOURNAL, HG_GONE_N
};
const char *hg_gone_word(int what);

/* Of a message: what it says and whom it names; its files; the raw bytes it came with.  Rows stay, with numbers and times.
 * Counts only what was there. */
gboolean hg_store_forget_text(hg_store *store, gint64 message_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error);
gboolean hg_store_forget_files(hg_store *store, gint64 message_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error);
gboolean hg_store_forget_raw_of(hg_store *store, gint64 message_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error);
/* What an event told; what a decision was made of. */
gboolean hg_store_forget_event(hg_store *store, gint64 event_n, gint64 counts[HG_GONE_N], GError **error);
gboolean hg_store_forget_decision(hg_store *store, gint64 decision_n, gint64 counts[HG_GONE_N], GError **error);
/* Subject, fields, addresses, opinions, timers, and the words of its tickets. */
gboolean hg_store_forget_thread(hg_store *store, gint64 thread_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error);
/* Those who were merged into the contact, by whatever way, and he himself: numbers. */
gboolean hg_store_family(hg_store *store, gint64 contact_n, GArray *ret, GError **error);
/* All that there is of the person beside his conversations.  hash: what his addresses become where a STOP of his has to be
 * kept (hg_store_address_hash()). */
gboolean hg_store_forget_person(hg_store *store, gint64 contact_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error);
/* An address of his (or one that he claimed), on all channels. */
gboolean hg_store_forget_address(hg_store *store, const char *uri, gint64 counts[HG_GONE_N], GError **error);
/* Jobs about his conversations, or tickets of theirs: numbers. */
gboolean hg_store_jobs_of(hg_store *store, gint64 contact_n, GArray *ret, GError **error);
/* The contact's first conversation behind that one; 0: there is none. */
gboolean hg_store_thread_behind(hg_store *store, gint64 contact_n, gint64 after_n, gint64 *ret, GError **error);
/* Raw deliveries behind after_n that came until until_ms, limit at most: those that have one of the needles (NULL-ended, small
 * letters) in them are emptied.  *ret_next_n: where to go on; 0: that was all. */
gboolean hg_store_forget_raw(hg_store *store, gint64 after_n, gint64 until_ms, guint limit, const char *const *needles,
			     gint64 *ret_next_n, gint64 counts[HG_GONE_N], GError **error);
/* Rows of the journal up to that one, limit at most.  *ret_left: there are more. */
gboolean hg_store_forget_journal(hg_store *store, gint64 upto_n, guint limit, gboolean *ret_left, gint64 counts[HG_GONE_N],
				 GError **error);
/* An address as it is kept where only its owner's wish counts: nobody can read it.  Yours. */
char *hg_store_address_hash(hg_store *store, const char *uri);

/* ---- requests ---- */

enum hg_erasing { HG_ERASING_THREADS = 1, HG_ERASING_RAW, HG_ERASING_JOURNAL, HG_ERASING_DONE };

typedef struct hg_erasure {
	gint64 n;
	char id[HG_ID_SIZE];
	gint64 contact_n;
	const char *who;		/* asked for it; or NULL */
	gint64 at_ms, done_ms;		/* done_ms 0: it goes on */
	int phase;			/* enum hg_erasing */
	gint64 thread_n, next_n;	/* where it goes on */
	gint64 journal_n;		/* rows of the journal up to this one go */
	const char *needles;		/* JSON list; NULL: it is over */
	const char *counts;		/* JSON object: word of hg_gone -> how many */
	const char *proof;		/* SHA-256 of the document; NULL: it is not done */
} hg_erasure;
gboolean hg_store_erasure_add(hg_store *store, hg_erasure *erasure, GError **error);	/* fills n */
gboolean hg_store_erasure_get(hg_store *store, hg_arena *arena, gint64 n, hg_erasure **ret, GError **error);
gboolean hg_store_erasure_by_id(hg_store *store, hg_arena *arena, const char *id, hg_erasure **ret, GError **error);
gboolean hg_store_erasure_of(hg_store *store, hg_arena *arena, gint64 contact_n, hg_erasure **ret, GError **error);
gboolean hg_store_erasure_update(hg_store *store, const hg_erasure *erasure, GError **error);

/* ---- files ---- */

/* Deleted when this is on disk and nobody needs it by then; "": what was written to the log until now goes out of its file. */
gboolean hg_store_unlink_later(hg_store *store, const char *sha256, gint64 now_ms, GError **error);
/* How many of these wait. */
gboolean hg_store_unlink_waits(hg_store *store, gint64 *ret, GError **error);

/* ---- what is kept for so long ---- */

/* Conversations that are closed, in the order of their numbers, behind after_n: numbers. */
gboolean hg_store_closed_behind(hg_store *store, gint64 after_n, guint limit, GArray *ret, GError **error);
struct hg_raw_head { gint64 n; const char *channel; gint64 at_ms; gboolean waits; };	/* waits: somebody is to read it */
gboolean hg_store_raw_behind(hg_store *store, hg_arena *arena, gint64 after_n, guint limit, GArray *ret, GError **error);
gboolean hg_store_forget_raw_row(hg_store *store, gint64 raw_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error);
/* Of a channel: closed conversations, active last before then, of which bit is not forgotten yet. */
gboolean hg_store_retain_count(hg_store *store, const char *channel, gint64 before_ms, int bit, gint64 *ret_threads,
			       gint64 *ret_messages, GError **error);
