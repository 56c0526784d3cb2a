/* sql.h - inside src/store: statements and rows, without saying whose database it is
 *
 * Verbs are written once, in SQL that SQLite and PostgreSQL both read: parameters are $1, $2 ...
 * in the order of their first use, values are always bound.  A driver implements what stands
 * under "the driver's part"; the verbs know nothing else of it. */
#pragma once
#include "store.h"

/* ---- statements: prepared once for a connection, by slot ---- */
enum hg_sql_slot {
	HG_SQL_ONCE,		/* hg_stmt_once() */
	HG_SQL_WALK,		/* hg_stmt_walk() */
	HG_SQL_COMMIT, HG_SQL_SAVEPOINT, HG_SQL_RELEASE, HG_SQL_SCHEMA_ANY,
	HG_SQL_INSTANCE_GET, HG_SQL_INSTANCE_ADD,
	HG_SQL_RAW_ADD, HG_SQL_RAW_GET, HG_SQL_CURSOR_GET, HG_SQL_CURSOR_SET,
	HG_SQL_SEEN_DAYS, HG_SQL_SEEN_GET, HG_SQL_SEEN_ADD, HG_SQL_SEEN_AGAIN, HG_SQL_SEEN_SET,
	HG_SQL_SEEN_PUT, HG_SQL_SEEN_EXPIRE,
	HG_SQL_IMPORTED_ANY, HG_SQL_IMPORTED_HAS, HG_SQL_IMPORTED_ADD,
	HG_SQL_CONTACT_ADD, HG_SQL_CONTACT_GET, HG_SQL_CONTACT_BY_ID, HG_SQL_CONTACT_UPDATE, HG_SQL_CONTACT_LIST,
	HG_SQL_ALIAS_ADD, HG_SQL_ALIAS_GET, HG_SQL_ALIAS_UPDATE, HG_SQL_ALIAS_DELETE, HG_SQL_ALIAS_LIST, HG_SQL_ALIAS_NEXT, HG_SQL_ALIAS_BEGIN,
	HG_SQL_REACH_GET, HG_SQL_REACH_IN, HG_SQL_PACE_GET, HG_SQL_PACE_SET,
	HG_SQL_CONSENT_ON, HG_SQL_CONSENT_OF, HG_SQL_CONSENT_SET, HG_SQL_CONSENT_LIST,
	HG_SQL_THREAD_ADD, HG_SQL_THREAD_GET, HG_SQL_THREAD_BY_ID, HG_SQL_THREAD_UPDATE,
	HG_SQL_THREAD_UPDATE_SAME, HG_SQL_THREAD_UPDATE_MOVED, HG_SQL_THREAD_OF, HG_SQL_THREAD_OF_KEY, HG_SQL_THREAD_ANSWERED_AT,
	HG_SQL_THREAD_TAG_ADD, HG_SQL_THREAD_TAG_DELETE, HG_SQL_THREAD_TAG_GET,
	HG_SQL_MESSAGE_ADD, HG_SQL_MESSAGE_GET, HG_SQL_MESSAGE_BY_ID, HG_SQL_MESSAGE_UPDATE,
	HG_SQL_FILE_ADD, HG_SQL_FILE_GET, HG_SQL_FILE_BY_ID, HG_SQL_FILE_UPDATE, HG_SQL_FILE_LIST,
	HG_SQL_RECEIPT_ADD, HG_SQL_RECEIPT_BY_EXT, HG_SQL_RECEIPT_BY_KEY, HG_SQL_RECEIPT_ADOPT,
	HG_SQL_RECEIPT_LIST, HG_SQL_RECEIPT_EXPIRE,
	HG_SQL_TICKET_ADD, HG_SQL_TICKET_GET, HG_SQL_TICKET_BY_ID, HG_SQL_TICKET_BY_NUMBER,
	HG_SQL_TICKET_UPDATE, HG_SQL_COUNTER_GET, HG_SQL_COUNTER_SET,
	HG_SQL_LINK_ADD, HG_SQL_LINK_GET, HG_SQL_LINK_UPDATE, HG_SQL_LINK_MOVE, HG_SQL_LINK_LIST,
	HG_SQL_TICKET_BY_LINK, HG_SQL_TICKET_BY_LINK_ANY,
	HG_SQL_EPISODE_ADD, HG_SQL_EPISODE_GET, HG_SQL_EPISODE_UPDATE, HG_SQL_EPISODE_ENDED,
	HG_SQL_EPISODE_DROPPED, HG_SQL_EPISODE_DROPS_OPEN,
	HG_SQL_EVENT_ADD, HG_SQL_EVENT_GET, HG_SQL_EVENT_BY_ID, HG_SQL_EVENT_AFTER, HG_SQL_EVENT_LOG,
	HG_SQL_TICKET_LIST, HG_SQL_TICKET_LIST_WORK, HG_SQL_TICKET_LOAD, HG_SQL_TICKET_WAITING, HG_SQL_TICKET_ANSWERED,
	HG_SQL_DECISION_ADD, HG_SQL_DECISION_GET, HG_SQL_DECISION_AFTER, HG_SQL_DECISION_BEFORE, HG_SQL_DECISION_LAST,
	HG_SQL_DECISION_FROM, HG_SQL_DECISION_RULES, HG_SQL_CONFIG_KEEP, HG_SQL_CONFIG_GET,
	HG_SQL_JOB_ADD, HG_SQL_JOB_GET, HG_SQL_JOB_UPDATE, HG_SQL_JOB_DELETE, HG_SQL_JOB_DUE,
	HG_SQL_JOB_HEAD, HG_SQL_JOB_PROMOTE, HG_SQL_JOB_REVIVE, HG_SQL_JOB_DEMOTE, HG_SQL_JOB_PASS, HG_SQL_JOB_NAME_AFTER, HG_SQL_JOB_SOONEST,
	HG_SQL_JOB_LIST, HG_SQL_JOB_LIST_MESSAGE, HG_SQL_JOB_LIST_LANE, HG_SQL_JOB_BEFORE, HG_SQL_JOB_PARKED, HG_SQL_JOB_COUNTS,
	HG_SQL_TIMER_SET, HG_SQL_TIMER_GET, HG_SQL_TIMER_CLEAR, HG_SQL_TIMER_DUE, HG_SQL_TIMER_NEXT,
	HG_SQL_TIMER_HASTEN, HG_SQL_TIMER_HASTEN_BOT, HG_SQL_TIMER_WAIT, HG_SQL_TIMER_WAIT_BOT,
	HG_SQL_IDEM_ADD, HG_SQL_IDEM_GET, HG_SQL_IDEM_ANSWER, HG_SQL_IDEM_FORGET, HG_SQL_IDEM_EXPIRE,
	HG_SQL_CSAT_ADD, HG_SQL_CSAT_OF, HG_SQL_CSAT_LIST,
	HG_SQL_JOURNAL_ADD, HG_SQL_JOURNAL_AFTER, HG_SQL_JOURNAL_LAST, HG_SQL_NEWEST, HG_SQL_JOURNAL_END, HG_SQL_JOURNAL_EXPIRE,
	HG_SQL_EVENT_LAST, HG_SQL_EVENT_FROM,
	HG_SQL_WAITING_ADD, HG_SQL_WAITING_GET, HG_SQL_WAITING_MORE, HG_SQL_WAITING_DUE, HG_SQL_WAITING_NEXT, HG_SQL_WAITING_READY,
	HG_SQL_WAITING_DELETE, HG_SQL_WAITING_PROMOTE, HG_SQL_WAITING_UNTIL,
	HG_SQL_QUESTION_ADD, HG_SQL_QUESTION_OF, HG_SQL_QUESTION_BY_JOB, HG_SQL_QUESTION_UPDATE, HG_SQL_QUESTION_DELETE, HG_SQL_QUESTION_OPEN,
	HG_SQL_QUESTION_HOOKS, HG_SQL_QUESTION_OPEN_OF,
	HG_SQL_FACTS_GET, HG_SQL_FACTS_SET, HG_SQL_FACTS_EXPIRE, HG_SQL_HOOK_GET, HG_SQL_HOOK_SET, HG_SQL_HOOK_RESET,
	HG_SQL_JOINING_ADD, HG_SQL_JOINING_GET, HG_SQL_JOINING_FIND, HG_SQL_JOINING_OLDEST, HG_SQL_JOINING_STATE,
	HG_SQL_JOINING_DELETE, HG_SQL_PIECE_ADD, HG_SQL_PIECE_GET, HG_SQL_PIECE_COUNT, HG_SQL_PIECE_LIST, HG_SQL_PIECE_DELETE,
	HG_SQL_VISITOR_GET, HG_SQL_VISITOR_SET, HG_SQL_VISITOR_ENDED, HG_SQL_VISITOR_EXPIRE,
	HG_SQL_VISIT_ADD, HG_SQL_VISIT_GET, HG_SQL_VISIT_SET, HG_SQL_VISIT_LIST, HG_SQL_THREAD_VIEWED, HG_SQL_THREAD_VISITED,
	HG_SQL_MERGE_ADD, HG_SQL_MERGE_OF, HG_SQL_MERGE_LIST, HG_SQL_MERGE_UPDATE,
	HG_SQL_FORGET_TEXT, HG_SQL_FORGET_RECEIPTS, HG_SQL_FORGET_DOOM, HG_SQL_FORGET_FILES, HG_SQL_FORGET_DOOM_RAW, HG_SQL_FORGET_RAW,
	HG_SQL_FORGET_RAW_OF, HG_SQL_FORGET_RAW_PAGE, HG_SQL_FORGET_EVENT, HG_SQL_FORGET_DECISION, HG_SQL_FORGET_JOURNAL,
	HG_SQL_RETAIN_CLOSED, HG_SQL_RETAIN_RAW, HG_SQL_THREAD_BEHIND, HG_SQL_UNLINK_ADD, HG_SQL_UNLINK_COUNT, HG_SQL_UNLINK_LIST, HG_SQL_UNLINK_NEEDED, HG_SQL_UNLINK_DONE,
	HG_SQL_ERASURE_ADD, HG_SQL_ERASURE_GET, HG_SQL_ERASURE_BY_ID, HG_SQL_ERASURE_OF, HG_SQL_ERASURE_UPDATE,
	HG_SQL_STANDING_GET, HG_SQL_STANDING_LIST, HG_SQL_STANDING_SET, HG_SQL_STANDING_END,
	HG_SQL_TOKEN_ADD, HG_SQL_TOKEN_BY_ID, HG_SQL_TOKEN_UPDATE, HG_SQL_TOKEN_NAMED, HG_SQL_TOKEN_LIST, HG_SQL_TOKEN_COUNT,
	HG_SQL_TOKEN_EXPIRE, HG_SQL_TOKEN_BY_HASH, HG_SQL_TOKEN_IDLEST, HG_SQL_TOKEN_REV, HG_SQL_TOKEN_REV_UP, HG_SQL_TOKEN_CHANGED,
	HG_SQL_TOKEN_USE_UP, HG_SQL_TOKEN_END_NAMED, HG_SQL_TOKEN_END_MADE_BY,
	HG_SQL_AUDIT_CHAIN, HG_SQL_AUDIT_ADD, HG_SQL_AUDIT_GROW, HG_SQL_AUDIT_BY_ID, HG_SQL_AUDIT_LIST, HG_SQL_AUDIT_LIST_OBJECT,
	HG_SQL_AUDIT_LIST_ACTION, HG_SQL_AUDIT_LIST_PRINCIPAL, HG_SQL_AUDIT_WALK, HG_SQL_AUDIT_OLD, HG_SQL_AUDIT_START, HG_SQL_AUDIT_EXPIRE,
	HG_SQL_NODE_JOIN, HG_SQL_NODE_BEAT, HG_SQL_NODE_STATE, HG_SQL_NODE_BY_NAME, HG_SQL_NODE_LIST, HG_SQL_LEASE_LIST, HG_SQL_LEASE_SET,
	HG_SQL_STALE_ADD, HG_SQL_STALE_LIST, HG_SQL_STALE_EXPIRE,
	HG_SQL_STATS, HG_SQL_TRANSFER,
	HG_SQL_N
};

struct hg_table;
enum hg_sql_verb {
	HG_SQL_TEXT = 0,	/* text is the whole statement; of: the only table with numbers that it is about, or NULL */
	HG_SQL_ALONE,		/* the same, and it has nothing to do with tables that have numbers */
	HG_SQL_SELECT,		/* all columns of `of`, then text */
	HG_SQL_WRITTEN,		/* the same, and the verb looks for itself at the rows that wait to be written */
	HG_SQL_BY_N,		/* all columns of the row of `of` with the number $1 */
	HG_SQL_INSERT,		/* a row of `of` */
	HG_SQL_UPDATE,		/* a row of `of`: all that may change, where key (and version) are the same */
	HG_SQL_UPDATE_SAME,	/* the same, where the indexed columns are the same too: touches no index */
	HG_SQL_UPDATE_MOVED,	/* the same, where they are but those that MOVE: touches the indexes of these */
};

struct hg_sql {
	enum hg_sql_slot slot;
	const char *text;
	enum hg_sql_verb verb;
	const struct hg_table *of;
};

struct hg_value { char type; gint64 i; const void *p; gsize len; };
#define HG_I(v) { .type = 'i', .i = (v) }
#define HG_R(v) { .type = (v) ? 'i' : '0', .i = (v) }			/* a row number; 0: NULL */
#define HG_T(v) { .type = 't', .p = (const char *)(v) }			/* NULL: NULL */
#define HG_B(v, n) { .type = 'b', .p = (v), .len = (n) }
#define HG_BIND(...) ((const struct hg_value[]){ __VA_ARGS__, { .type = 0 } })
#define HG_BIND_NONE ((const struct hg_value[]){ { .type = 0 } })

/* ---- the driver's part ---- */
typedef struct hg_stmt hg_stmt;

/* Prepared, with values bound; they must live until it ends.  NULL: error is set. */
hg_stmt *hg_stmt_open(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, GError **error);
/* For audits: prepared anew each time, one at a time. */
hg_stmt *hg_stmt_once(hg_store *store, const char *text, const struct hg_value *values, GError **error);
/* The same for a read of any length, beside one of those: inside a transaction only some of its rows are in memory at a time. */
hg_stmt *hg_stmt_walk(hg_store *store, const char *text, const struct hg_value *values, GError **error);
/* 1: a row.  0: no more, -1: failed; either ends the statement. */
int hg_stmt_next(hg_stmt *stmt, GError **error);
void hg_stmt_end(hg_stmt *stmt);	/* before the last row was read */
gint64 hg_stmt_int(hg_stmt *stmt, int column);		/* NULL: 0 */
/* Lent until the next row; *ret_len without the NUL.  NULL: NULL. */
const char *hg_stmt_text(hg_stmt *stmt, int column, gsize *ret_len);
const void *hg_stmt_blob(hg_stmt *stmt, int column, gsize *ret_len);
/* For statements without rows.  ret_changed: rows written.  NULL: it may be carried out later, before the commit at the
 * latest, where the store is bold (hg_store_be_bold()). */
gboolean hg_sql_run(hg_store *store, const struct hg_sql *sql, const struct hg_value *values,
		    gint64 *ret_changed, GError **error);
/* The same, and MISSING where it changes no row; must: what is to be changed, static, NULL: it may change none. */
gboolean hg_sql_must(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, const char *must, GError **error);
gboolean hg_sql_missed(const char *what, GError **error);	/* FALSE: MISSING */
/* The database sees by itself that an update leaves what is indexed as it was: UPDATE_SAME is of no use there. */
gboolean hg_sql_sorts_updates(hg_store *store);
void hg_store_unlinks(hg_store *store);		/* files wait to be deleted */
gint64 hg_stmt_changes(hg_store *store);	/* rows written by the statement that ended last */
gint64 hg_sql_last_n(hg_store *store);	/* number of the row just added */
/* The first that no row of the table has, or had where numbers are never used again. */
gboolean hg_sql_next_n(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error);
gboolean hg_sql_once_int(hg_store *store, const char *text, gint64 *ret, GError **error);	/* one number; 0: no row */
/* What leases are counted by, whichever node asks: ms; -1: error is set. */
gint64 hg_sql_clock_ms(hg_store *store, GError **error);

/* A reader's limit for one statement; returns the one before. */
gint64 hg_sql_time_limit(hg_store *store, gint64 ms);
gboolean hg_sql_broken(hg_store *store);	/* disk or file failed: every further verb fails */
gboolean hg_sql_interrupted(hg_store *store);	/* hg_store_interrupt() was called */
/* What the database itself says of its file, schema and surroundings (fsck I18 to I20). */
gboolean hg_sql_audit(hg_store *store, hg_fsck_report *report, void *arg, GError **error);

/* ---- rows as C structs ---- */
enum hg_column_type { HG_C_INT64 = 1, HG_C_REF, HG_C_INT, HG_C_TEXT, HG_C_TEXT0, HG_C_ID, HG_C_BLOB };
enum hg_column_flag {
	HG_C_KEY = 1 << 0,	/* finds the row for an update */
	HG_C_N = 1 << 1,	/* its number: the database gives it */
	HG_C_FIXED = 1 << 2,	/* never changes */
	HG_C_INDEXED = 1 << 3,	/* an index holds it: seldom changes */
	HG_C_VERSION = 1 << 4,	/* compare and count up */
	HG_C_MOVES = 1 << 5,	/* an index holds it, which is no reason to write the others anew */
};

struct hg_column {
	const char *name;
	guint8 type, flags;
	guint16 offset, len_offset, was_offset;	/* was_offset: of one that MOVES, where the struct has what was read */
};

/* Which tables have numbers given by late.c: rows of those may wait.  ALONE: none, and it refers to no such table. */
enum hg_numbers { HG_NUMBERS_NONE, HG_NUMBERS_ALONE, HG_NUMBERS_CONTACT, HG_NUMBERS_THREAD, HG_NUMBERS_MESSAGE, HG_NUMBERS_TICKET,
	HG_NUMBERS_DECISION, HG_NUMBERS_EVENT, HG_NUMBERS_EPISODE, HG_NUMBERS_OUTBOX, HG_NUMBERS };

struct hg_table {
	const char *name;
	const struct hg_column *columns;	/* ends with name NULL */
	gsize size;				/* of the struct */
	enum hg_numbers numbers;
};

/* The build stops when the field's C type is not what the column type reads and writes.
 * TEXT0 is never NULL, REF 0 is NULL, ID an array, BLOB a pointer with a length beside it. */
#define HG_C_KIND_(f) _Generic((f), gint64: 1, int: 2, const char *: 3, char *: 4, const void *: 5, default: 0)
#define HG_C_WANTS_(t) ((t) <= HG_C_REF ? 1 : (t) == HG_C_INT ? 2 : (t) <= HG_C_TEXT0 ? 3 : (t) == HG_C_ID ? 4 : 5)
#define HG_COLUMN_AT(T, field, name_, type_, flags_) {						\
	.name = (name_), .type = HG_C_##type_, .flags = (flags_),				\
	.offset = offsetof(T, field)								\
		+ 0 * sizeof(char[HG_C_KIND_(((T *)0)->field) == HG_C_WANTS_(HG_C_##type_) ? 1 : -1]) }
#define HG_COLUMN(T, field, type, flags) HG_COLUMN_AT(T, field, #field, type, flags)
#define HG_COLUMN_BLOB(T, field, len_, flags_) {						\
	.name = #field, .type = HG_C_BLOB, .flags = (flags_), .offset = offsetof(T, field),	\
	.len_offset = offsetof(T, len_) }
#define HG_COLUMN_MOVES(T, field, was) {							\
	.name = #field, .type = HG_C_INT64, .flags = HG_C_MOVES, .offset = offsetof(T, field),	\
	.was_offset = offsetof(T, was) }

#define HG_COLUMNS_MAX 64
char *hg_table_sql(const struct hg_sql *sql);	/* the statement's whole text; yours */
/* Adds *row; fills its number when the table has one. */
gboolean hg_row_add(hg_store *store, const struct hg_sql *sql, void *row, GError **error);
/* *ret_changed 0: there is no such row (or its version or indexed columns are others). */
gboolean hg_row_update(hg_store *store, const struct hg_sql *sql, const void *row, gint64 *ret_changed,
		       GError **error);
/* The same for updates that cannot miss: MISSING when they do, said later where the store is bold.  what: "message"; static. */
gboolean hg_row_change(hg_store *store, const struct hg_sql *sql, const void *row, const char *what,
		       GError **error);
/* With all it points to, as it would be read from the database. */
void *hg_row_copy(const struct hg_table *of, const void *row, hg_arena *arena);
/* The one that the statement stands at. */
void *hg_row_read(const struct hg_table *of, hg_stmt *stmt, hg_arena *arena);
/* The row with this number, of a table that has them; sql: BY_N. */
gboolean hg_row_by_n(hg_store *store, const struct hg_sql *sql, gint64 n, hg_arena *arena, gpointer ret, GError **error);
/* From newest_n back along what each row names as the one before it (prev: where in the row): limit rows at most. */
gboolean hg_row_chain(hg_store *store, const struct hg_sql *by_n, gsize prev, gint64 newest_n, guint limit,
		      hg_arena *arena, GPtrArray *ret, GError **error);
/* The first row, or *ret NULL. */
gboolean hg_row_one(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_arena *arena,
		    gpointer ret, GError **error);
/* Appends all rows. */
gboolean hg_row_all(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_arena *arena,
		    GPtrArray *ret, GError **error);
/* One text or one number; NULL or fallback when there is no row. */
gboolean hg_sql_text(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_arena *arena,
		     const char **ret, GError **error);
gboolean hg_sql_int(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, gint64 fallback,
		    gint64 *ret, GError **error);

/* ---- what verbs ask of the connection ---- */
struct hg_late *hg_store_late(hg_store *store);	/* late.c's own */
struct hg_known *hg_store_known(hg_store *store);	/* known.c's own */
struct hg_env *hg_store_env(hg_store *store);
/* Days that may hold remembered ids, newest first: seen.c's own. */
GArray *hg_store_seen_days(hg_store *store);
gint64 hg_store_kept_ids_ms(hg_store *store);	/* as hg_store_keep() said, for remembered ids */
struct evp_mac_ctx_st *hg_store_mac(hg_store *store);

/* ---- parts of hg_store_tend() ---- */
/* One small batch of what is too old; in a transaction.  Adds to *changed. */
gboolean hg_seen_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_receipt_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_journal_expire(hg_store *store, gint64 now_ms, gint64 keep_ms, gint64 *changed, GError **error);
gboolean hg_idem_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_facts_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_visitor_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_token_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_stale_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error);
gboolean hg_audit_expire(hg_store *store, gint64 now_ms, gint64 keep_ms, gint64 *changed, GError **error);
#define HG_EXPIRE_BATCH 500		/* rows of a kind in one go: a few ms */
#define HG_PARKED_KEEP_MS (30 * G_GINT64_CONSTANT(86400000))	/* receipts nobody claimed */
