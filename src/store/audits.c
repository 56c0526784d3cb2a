/* audits.c - who did what: rows in a chain of hashes, so that one that is changed or taken away is noticed
 *
 * A row's hash is SHA-256 over the hash of the row before it and the row's own bytes (canonical()).  A table of one row says
 * where the chain begins, which moves when old rows expire, and where it ends, so that the newest cannot be cut off unnoticed.
 * Who can write to the file can make all of it anew: the last hash, noted elsewhere, tells that. */
#include "audit_inside.h"

#include <string.h>

#include "text.h"

#define HASH 32
#define FORM "headgate audit 1\n"
#define PAGE 500			/* rows of a walk in memory at a time */

static const struct hg_column audit_columns[] = {
	HG_COLUMN(hg_audit, n, INT64, HG_C_FIXED),	/* given here: one that expired is never given again */
	HG_COLUMN(hg_audit, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_audit, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_audit, principal, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_audit, capacity, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_audit, action, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_audit, kind, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_audit, object, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_audit, outcome, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_audit, request, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_audit, source, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_audit, facts, TEXT, HG_C_FIXED),
	HG_COLUMN_BLOB(hg_audit, hash, hash_len, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table audit_table = { "audit", audit_columns, sizeof(hg_audit), HG_NUMBERS_NONE };

/* ---- the chain ---- */

struct chain {
	gint64 start_n, last_n;
	guint8 start[HASH], last[HASH];
};

static gboolean take_hash(hg_stmt *stmt, int column, guint8 ret[HASH])
{
	gsize len;
	const void *hash = hg_stmt_blob(stmt, column, &len);

	if (!hash || len != HASH)
		return FALSE;
	memcpy(ret, hash, HASH);
	return TRUE;
}

/* *ret_whole FALSE: there is none, or it is not one. */
static gboolean chain_get(hg_store *store, struct chain *ret, gboolean *ret_whole, GError **error)
{
	static const struct hg_sql get = { HG_SQL_AUDIT_CHAIN, "SELECT start_n, start_hash, last_n, last_hash FROM audit_chain "
					   "WHERE one = 1", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND_NONE, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	*ret = (struct chain){ 0 };
	*ret_whole = FALSE;
	if (more <= 0)
		return more == 0;
	ret->start_n = hg_stmt_int(stmt, 0);
	ret->last_n = hg_stmt_int(stmt, 2);
	*ret_whole = take_hash(stmt, 1, ret->start) && take_hash(stmt, 3, ret->last);
	hg_stmt_end(stmt);
	return TRUE;
}

static void put_number(GString *out, gint64 number)
{
	guint64 big = GUINT64_TO_BE((guint64)number);

	g_string_append_len(out, (const char *)&big, sizeof(big));
}

/* A text's length, then the text: where one ends and the next begins cannot be moved.  NULL: length -1. */
static void put_text(GString *out, const char *text)
{
	put_number(out, text ? (gint64)strlen(text) : -1);
	g_string_append(out, text ?: "");
}

static void canonical(const guint8 before[HASH], const hg_audit *audit, GString *out)
{
	g_string_assign(out, FORM);
	g_string_append_len(out, (const char *)before, HASH);
	put_number(out, audit->n);
	put_text(out, audit->id);
	put_number(out, audit->at_ms);
	put_text(out, audit->principal);
	put_text(out, audit->capacity);
	put_text(out, audit->action);
	put_text(out, audit->kind);
	put_text(out, audit->object);
	put_text(out, audit->outcome);
	put_text(out, audit->request);
	put_text(out, audit->source);
	put_text(out, audit->facts);
}

static void seal(const guint8 before[HASH], const hg_audit *audit, guint8 ret[HASH])
{
	g_autoptr(GString) bytes = g_string_sized_new(512);

	canonical(before, audit, bytes);
	hg_sha256(bytes->str, bytes->len, ret);
}

/* ---- writing ---- */

static gboolean chain_grow(hg_store *store, gint64 n, const guint8 hash[HASH], GError **error)
{
	static const struct hg_sql grow = { HG_SQL_AUDIT_GROW, "UPDATE audit_chain SET last_n = $1, last_hash = $2 WHERE one = 1",
					    HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &grow, HG_BIND(HG_I(n), HG_B(hash, HASH)), NULL, error);
}

gboolean hg_store_audit_add(hg_store *store, hg_audit *audit, GError **error)
{
	static const struct hg_sql add = { HG_SQL_AUDIT_ADD, NULL, HG_SQL_INSERT, &audit_table };
	struct chain chain;
	guint8 hash[HASH];
	gboolean whole, ok;

	if (!chain_get(store, &chain, &whole, error))
		return FALSE;
	if (!whole)
		return hg_fail(error, HG_ERROR_STORE, "the chain of audits has no end any more: headgatectl fsck says more");
	audit->n = chain.last_n + 1;
	seal(chain.last, audit, hash);
	audit->hash = hash;
	audit->hash_len = HASH;
	ok = hg_row_add(store, &add, audit, error) && chain_grow(store, audit->n, hash, error);
	audit->hash = NULL;
	audit->hash_len = 0;
	return ok;
}

/* ---- reading ---- */

gboolean hg_store_audit_by_id(hg_store *store, hg_arena *arena, const char *id, hg_audit **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_AUDIT_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &audit_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

/* What is given narrows by an index of its own; what is not stands for all. */
#define ANY(column, at) "(" at " IS NULL OR " column " = " at ")"
#define IS(column, at) column " = " at
#define LIST(principal, action, object) "WHERE n < $1 AND " principal " AND " action " AND " object \
	" AND at_ms >= $5 AND at_ms < $6 ORDER BY n DESC LIMIT $7"

gboolean hg_store_audit_list(hg_store *store, hg_arena *arena, const struct hg_audit_query *query, GPtrArray *ret, GError **error)
{
	static const struct hg_sql all = { HG_SQL_AUDIT_LIST, LIST(ANY("principal", "$2"), ANY("action", "$3"), ANY("object", "$4")),
					   HG_SQL_SELECT, &audit_table };
	static const struct hg_sql of_object = { HG_SQL_AUDIT_LIST_OBJECT,
						 LIST(ANY("principal", "$2"), ANY("action", "$3"), IS("object", "$4")),
						 HG_SQL_SELECT, &audit_table };
	static const struct hg_sql of_action = { HG_SQL_AUDIT_LIST_ACTION,
						 LIST(ANY("principal", "$2"), IS("action", "$3"), ANY("object", "$4")),
						 HG_SQL_SELECT, &audit_table };
	static const struct hg_sql of_principal = { HG_SQL_AUDIT_LIST_PRINCIPAL,
						    LIST(IS("principal", "$2"), ANY("action", "$3"), ANY("object", "$4")),
						    HG_SQL_SELECT, &audit_table };
	const struct hg_sql *sql = query->object ? &of_object : query->action ? &of_action : query->principal ? &of_principal : &all;

	return hg_row_all(store, sql, HG_BIND(HG_I(query->before_n ?: G_MAXINT64), HG_T(query->principal), HG_T(query->action),
					      HG_T(query->object), HG_I(query->since_ms), HG_I(query->until_ms ?: G_MAXINT64),
					      HG_I(query->limit)), arena, ret, error);
}

/* ---- verifying ---- */

static gboolean walk_page(hg_store *store, hg_arena *arena, gint64 after_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql page = { HG_SQL_AUDIT_WALK, "WHERE n > $1 ORDER BY n LIMIT $2", HG_SQL_SELECT, &audit_table };

	if (hg_sql_interrupted(store))
		return hg_fail(error, HG_ERROR_BUSY, "the audit was stopped");
	return hg_row_all(store, &page, HG_BIND(HG_I(after_n), HG_I(PAGE)), arena, ret, error);
}

static void break_at(struct hg_audit_check *check, int broken, gint64 n, const char *id)
{
	check->broken = broken;
	check->broken_n = n;
	g_strlcpy(check->broken_id, id ?: "", sizeof(check->broken_id));
}

/* at: hash of the row before; becomes that of this one.  FALSE: the chain is broken here. */
static gboolean link_holds(const struct chain *chain, const hg_audit *audit, guint8 at[HASH], struct hg_audit_check *check)
{
	guint8 hash[HASH];

	/* What expired and is there all the same was put there. */
	if (audit->n > chain->last_n || audit->n <= chain->start_n)
		break_at(check, HG_AUDIT_ADDED, audit->n, audit->id);
	else if (audit->n != check->last_n + 1)
		break_at(check, HG_AUDIT_MISSING, check->last_n + 1, audit->id);
	seal(at, audit, hash);
	if (!check->broken && (audit->hash_len != HASH || memcmp(audit->hash, hash, HASH) != 0))
		break_at(check, HG_AUDIT_CHANGED, audit->n, audit->id);
	memcpy(at, hash, HASH);
	check->last_n = audit->n;
	check->rows++;
	return !check->broken;
}

static gboolean walk(hg_store *store, const struct chain *chain, guint8 at[HASH], struct hg_audit_check *check, GError **error)
{
	gint64 after_n = G_MININT64;
	guint n = PAGE;

	while (n == PAGE && !check->broken) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autoptr(GPtrArray) rows = g_ptr_array_new();

		if (!walk_page(store, arena, after_n, rows, error))
			return FALSE;
		n = rows->len;
		for (guint i = 0; i < n; i++) {
			const hg_audit *audit = g_ptr_array_index(rows, i);

			if (!check->rows)
				check->first_ms = audit->at_ms;
			if (!link_holds(chain, audit, at, check))
				break;
			after_n = audit->n;
		}
	}
	return TRUE;
}

gboolean hg_audit_walk(hg_store *store, struct hg_audit_check *ret, GError **error)
{
	g_autofree char *head = NULL;
	struct chain chain;
	guint8 at[HASH];
	gboolean whole;

	*ret = (struct hg_audit_check){ 0 };
	if (!chain_get(store, &chain, &whole, error))
		return FALSE;
	if (!whole) {
		break_at(ret, HG_AUDIT_NO_CHAIN, 0, NULL);
		return TRUE;
	}
	ret->expired = ret->last_n = chain.start_n;
	memcpy(at, chain.start, HASH);
	if (!walk(store, &chain, at, ret, error))
		return FALSE;
	if (!ret->broken && ret->last_n != chain.last_n)
		break_at(ret, HG_AUDIT_CUT, ret->last_n + 1, NULL);
	else if (!ret->broken && memcmp(at, chain.last, HASH) != 0)
		break_at(ret, HG_AUDIT_CHANGED, ret->last_n, NULL);
	head = hg_hex(chain.last, HASH);
	g_strlcpy(ret->head, head, sizeof(ret->head));
	return TRUE;
}

gboolean hg_store_audit_verify(hg_store *store, struct hg_audit_check *ret, GError **error)
{
	gint64 limit = hg_sql_time_limit(store, 0);
	gboolean ok = hg_store_begin(store, error);

	if (ok) {
		ok = hg_audit_walk(store, ret, error);
		hg_store_rollback(store);
	}
	hg_sql_time_limit(store, limit);
	return ok;
}

char *hg_audit_break_text(const struct hg_audit_check *check)
{
	switch (check->broken) {
	case HG_AUDIT_CHANGED:
		return g_strdup_printf("row %" G_GINT64_FORMAT " is not as it was written", check->broken_n);
	case HG_AUDIT_MISSING:
		return g_strdup_printf("rows are gone, from number %" G_GINT64_FORMAT " on", check->broken_n);
	case HG_AUDIT_CUT:
		return g_strdup_printf("the newest rows are gone, from number %" G_GINT64_FORMAT " on", check->broken_n);
	case HG_AUDIT_ADDED:
		return g_strdup_printf("row %" G_GINT64_FORMAT " was added behind the end", check->broken_n);
	case HG_AUDIT_NO_CHAIN:
		return g_strdup("where the chain begins and ends is not known any more");
	default:
		return NULL;
	}
}

/* ---- expiry ---- */

/* The last of the oldest, up to the first that is young enough: the chain is cut at one place only. */
static gboolean find_cut(hg_store *store, gint64 before_ms, gint64 *ret_n, guint8 ret_hash[HASH], GError **error)
{
	static const struct hg_sql old = { HG_SQL_AUDIT_OLD, "SELECT n, at_ms, hash FROM audit WHERE n > $1 ORDER BY n LIMIT $2",
					   HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &old, HG_BIND(HG_I(G_MININT64), HG_I(HG_EXPIRE_BATCH)), error);
	int more = -1;

	*ret_n = 0;
	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		/* One that was damaged stays, for who looks. */
		if (hg_stmt_int(stmt, 1) >= before_ms || !take_hash(stmt, 2, ret_hash)) {
			hg_stmt_end(stmt);
			return TRUE;
		}
		*ret_n = hg_stmt_int(stmt, 0);
	}
	return more == 0;
}

gboolean hg_audit_expire(hg_store *store, gint64 now_ms, gint64 keep_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql start = { HG_SQL_AUDIT_START, "UPDATE audit_chain SET start_n = $1, start_hash = $2 WHERE one = 1",
					     HG_SQL_ALONE, NULL };
	static const struct hg_sql expire = { HG_SQL_AUDIT_EXPIRE, "DELETE FROM audit WHERE n <= $1", HG_SQL_ALONE, NULL };
	guint8 hash[HASH] = { 0 };
	gint64 n, gone = 0;

	if (!keep_ms)
		return TRUE;
	if (!find_cut(store, now_ms - keep_ms, &n, hash, error))
		return FALSE;
	if (n && (!hg_sql_run(store, &start, HG_BIND(HG_I(n), HG_B(hash, HASH)), NULL, error) ||
		  !hg_sql_run(store, &expire, HG_BIND(HG_I(n)), &gone, error)))
		return FALSE;
	*changed += gone;
	return TRUE;
}
