/* tokens.c - who may use the API: of each secret the hash, and what it opens */
#include "sql.h"

#define KEEP_MS (90 * G_GINT64_CONSTANT(86400000))	/* one that is good no more is shown for so long */

static const struct hg_column token_columns[] = {
	HG_COLUMN(hg_token, n, INT64, HG_C_N),
	HG_COLUMN(hg_token, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_token, name, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_token, kind, INT, HG_C_FIXED),
	HG_COLUMN_BLOB(hg_token, hash, hash_len, HG_C_FIXED),
	HG_COLUMN(hg_token, scopes, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_token, channels, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_token, made_by, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_token, made_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_token, expires_ms, INT64, 0),
	HG_COLUMN(hg_token, revoked_ms, INT64, 0),
	HG_COLUMN(hg_token, used_ms, INT64, 0),
	HG_COLUMN(hg_token, rev, INT64, 0),
	{ 0 }
};
static const struct hg_table token_table = { "token", token_columns, sizeof(hg_token), HG_NUMBERS_NONE };

/* ---- changes, numbered ---- */

gboolean hg_store_token_rev(hg_store *store, gint64 *ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_TOKEN_REV, "SELECT rev FROM token_change WHERE one = 1", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &get, HG_BIND_NONE, 0, ret, error);
}

/* Counted up first, and in the transaction of the change: the next change, of whomever, waits for the end of this one, so that
 * who has seen a number has seen all below it. */
static gboolean next_rev(hg_store *store, gint64 *ret, GError **error)
{
	static const struct hg_sql up = { HG_SQL_TOKEN_REV_UP, "UPDATE token_change SET rev = rev + 1 WHERE one = 1", HG_SQL_ALONE,
					  NULL };

	return hg_sql_run(store, &up, HG_BIND_NONE, NULL, error) && hg_store_token_rev(store, ret, error);
}

gboolean hg_store_token_changed(hg_store *store, hg_arena *arena, const struct hg_token_place *after, guint limit, GPtrArray *ret,
				GError **error)
{
	static const struct hg_sql changed = { HG_SQL_TOKEN_CHANGED, "WHERE (rev, n) > ($1, $2) ORDER BY rev, n LIMIT $3",
					       HG_SQL_SELECT, &token_table };

	return hg_row_all(store, &changed, HG_BIND(HG_I(after->rev), HG_I(after->n), HG_I(limit)), arena, ret, error);
}

/* ---- one ---- */

gboolean hg_store_token_add(hg_store *store, hg_token *token, GError **error)
{
	static const struct hg_sql add = { HG_SQL_TOKEN_ADD, NULL, HG_SQL_INSERT, &token_table };

	return next_rev(store, &token->rev, error) && hg_row_add(store, &add, token, error);
}

gboolean hg_store_token_by_id(hg_store *store, hg_arena *arena, const char *id, hg_token **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_TOKEN_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &token_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_token_by_hash(hg_store *store, hg_arena *arena, const guint8 hash[32], hg_token **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_TOKEN_BY_HASH, "WHERE hash = $1", HG_SQL_SELECT, &token_table };

	return hg_row_one(store, &get, HG_BIND(HG_B(hash, 32)), arena, ret, error);
}

gboolean hg_store_token_update(hg_store *store, hg_token *token, GError **error)
{
	static const struct hg_sql update = { HG_SQL_TOKEN_UPDATE, NULL, HG_SQL_UPDATE, &token_table };

	return next_rev(store, &token->rev, error) && hg_row_change(store, &update, token, "token", error);
}

gboolean hg_store_token_use_up(hg_store *store, const hg_token *token, gint64 now_ms, gboolean *ret_ours, GError **error)
{
	static const struct hg_sql use = { HG_SQL_TOKEN_USE_UP, "UPDATE token SET revoked_ms = $1, rev = $2 WHERE n = $3 AND "
					   "revoked_ms = 0 AND (expires_ms = 0 OR expires_ms > $1)", HG_SQL_ALONE, NULL };
	gint64 rev, used = 0;

	*ret_ours = FALSE;
	if (!next_rev(store, &rev, error) ||
	    !hg_sql_run(store, &use, HG_BIND(HG_I(now_ms), HG_I(rev), HG_I(token->n)), &used, error))
		return FALSE;
	*ret_ours = used == 1;
	return TRUE;
}

/* ---- several ---- */

gboolean hg_store_token_idlest(hg_store *store, hg_arena *arena, int kind, gint64 now_ms, hg_token **ret, GError **error)
{
	static const struct hg_sql idlest = { HG_SQL_TOKEN_IDLEST, "WHERE kind = $1 AND revoked_ms = 0 AND (expires_ms = 0 OR "
					      "expires_ms > $2) ORDER BY used_ms, n LIMIT 1", HG_SQL_SELECT, &token_table };

	return hg_row_one(store, &idlest, HG_BIND(HG_I(kind), HG_I(now_ms)), arena, ret, error);
}

gboolean hg_store_token_end_named(hg_store *store, int kind, const char *name, gint64 now_ms, GError **error)
{
	static const struct hg_sql end = { HG_SQL_TOKEN_END_NAMED, "UPDATE token SET revoked_ms = $1, rev = $2 WHERE kind = $3 AND "
					   "name = $4 AND revoked_ms = 0", HG_SQL_ALONE, NULL };
	gint64 rev;

	return next_rev(store, &rev, error) &&
	       hg_sql_run(store, &end, HG_BIND(HG_I(now_ms), HG_I(rev), HG_I(kind), HG_T(name)), NULL, error);
}

gboolean hg_store_token_end_made_by(hg_store *store, const char *made_by, gint64 now_ms, GError **error)
{
	static const struct hg_sql end = { HG_SQL_TOKEN_END_MADE_BY, "UPDATE token SET revoked_ms = $1, rev = $2 WHERE "
					   "made_by = $3 AND kind > 1 AND revoked_ms = 0", HG_SQL_ALONE, NULL };
	gint64 rev;

	return next_rev(store, &rev, error) &&
	       hg_sql_run(store, &end, HG_BIND(HG_I(now_ms), HG_I(rev), HG_T(made_by)), NULL, error);
}

gboolean hg_store_token_named(hg_store *store, hg_arena *arena, int kind, const char *name, gint64 now_ms, hg_token **ret,
			      GError **error)
{
	static const struct hg_sql named = { HG_SQL_TOKEN_NAMED, "WHERE kind = $1 AND name = $2 AND revoked_ms = 0 AND "
					     "(expires_ms = 0 OR expires_ms > $3) LIMIT 1", HG_SQL_SELECT, &token_table };

	return hg_row_one(store, &named, HG_BIND(HG_I(kind), HG_T(name), HG_I(now_ms)), arena, ret, error);
}

gboolean hg_store_token_list(hg_store *store, hg_arena *arena, const struct hg_token_query *query, GPtrArray *ret,
			     GError **error)
{
	static const struct hg_sql list = { HG_SQL_TOKEN_LIST, "WHERE n < $1 AND ($2 = 0 OR kind = $2) AND ($3 = 0 OR "
					    "(revoked_ms = 0 AND (expires_ms = 0 OR expires_ms > $3))) ORDER BY n DESC "
					    "LIMIT $4", HG_SQL_SELECT, &token_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(query->before_n ?: G_MAXINT64), HG_I(query->kind),
						HG_I(query->good_at_ms), HG_I(query->limit)), arena, ret, error);
}

gboolean hg_store_token_count(hg_store *store, int kind, gint64 now_ms, gint64 *ret, GError **error)
{
	static const struct hg_sql count = { HG_SQL_TOKEN_COUNT, "SELECT COUNT(*) FROM token WHERE kind = $1 AND "
					     "revoked_ms = 0 AND (expires_ms = 0 OR expires_ms > $2)", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &count, HG_BIND(HG_I(kind), HG_I(now_ms)), 0, ret, error);
}

gboolean hg_token_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_TOKEN_EXPIRE, "DELETE FROM token WHERE n IN (SELECT n FROM token WHERE "
					      "revoked_ms > 0 AND revoked_ms < $1 UNION SELECT n FROM token WHERE "
					      "expires_ms > 0 AND expires_ms < $1 LIMIT $2)", HG_SQL_ALONE, NULL };
	gint64 gone;

	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(now_ms - KEEP_MS), HG_I(HG_EXPIRE_BATCH)), &gone, error))
		return FALSE;
	*changed += gone;
	return TRUE;
}
