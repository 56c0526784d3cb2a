/* visitors.c - people's browsers and apps: who they turned out to be, where they were, what they have read */
#include "people.h"
#include "sql.h"

#define ENDED_KEEP_MS (90 * G_GINT64_CONSTANT(86400000))	/* no token of a browser lives as long */

static const struct hg_column visitor_columns[] = {
	HG_COLUMN(hg_visitor, uri, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_visitor, browser, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_visitor, channel, TEXT0, 0),
	HG_COLUMN(hg_visitor, since_ms, INT64, 0),
	HG_COLUMN(hg_visitor, ended_ms, INT64, 0),
	HG_COLUMN_AT(hg_visitor, into, "into_uri", TEXT, 0),
	HG_COLUMN_AT(hg_visitor, user, "\"user\"", TEXT, 0),
	HG_COLUMN(hg_visitor, email, TEXT, 0),
	HG_COLUMN(hg_visitor, vouched, INT, 0),
	HG_COLUMN(hg_visitor, profile, TEXT, 0),
	{ 0 }
};
static const struct hg_table visitor_table = { "visitor", visitor_columns, sizeof(hg_visitor), HG_NUMBERS_ALONE };

static const struct hg_column visit_columns[] = {
	HG_COLUMN(hg_visit, uri, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_visit, thread_n, INT64, HG_C_KEY),
	HG_COLUMN(hg_visit, read_n, INT64, 0),
	HG_COLUMN(hg_visit, mailed_n, INT64, 0),
	HG_COLUMN(hg_visit, mailed_ms, INT64, 0),
	HG_COLUMN(hg_visit, pushed_n, INT64, 0),
	{ 0 }
};
static const struct hg_table visit_table = { "visit", visit_columns, sizeof(hg_visit), HG_NUMBERS_ALONE };

static const struct hg_column merge_columns[] = {
	HG_COLUMN(hg_merge, n, INT64, HG_C_N),
	HG_COLUMN(hg_merge, from_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_merge, into_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_merge, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_merge, why, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_merge, moved, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_merge, undone_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table merge_table = { "merging", merge_columns, sizeof(hg_merge), HG_NUMBERS_NONE };

/* ---- visitors ---- */
gboolean hg_store_visitor_get(hg_store *store, hg_arena *arena, const char *uri, const char *browser, hg_visitor **ret,
			      GError **error)
{
	static const struct hg_sql get = { HG_SQL_VISITOR_GET, "WHERE uri = $1 AND browser = $2", HG_SQL_SELECT,
					   &visitor_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(uri), HG_T(browser ?: "")), arena, ret, error);
}

gboolean hg_store_visitor_set(hg_store *store, const hg_visitor *visitor, GError **error)
{
	static const struct hg_sql set = { HG_SQL_VISITOR_SET, " ON CONFLICT (uri, browser) DO UPDATE SET "
					   "channel = excluded.channel, ended_ms = excluded.ended_ms, "
					   "into_uri = excluded.into_uri, \"user\" = excluded.\"user\", email = excluded.email, "
					   "vouched = excluded.vouched, profile = excluded.profile", HG_SQL_INSERT,
					   &visitor_table };

	return hg_row_update(store, &set, visitor, NULL, error);
}

gboolean hg_store_visitor_ended(hg_store *store, const char *uri, const char *browser, gint64 *ret_ms, GError **error)
{
	static const struct hg_sql get = { HG_SQL_VISITOR_ENDED, "SELECT MAX(ended_ms) FROM visitor WHERE uri = $1 AND "
					   "browser IN ('', $2)", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &get, HG_BIND(HG_T(uri), HG_T(browser ?: "")), 0, ret_ms, error);
}

gboolean hg_visitor_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_VISITOR_EXPIRE, "DELETE FROM visitor WHERE (uri, browser) IN "
					      "(SELECT uri, browser FROM visitor WHERE browser <> '' AND ended_ms < $1 LIMIT $2)",
					      HG_SQL_ALONE, NULL };
	gint64 gone;

	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(now_ms - ENDED_KEEP_MS), HG_I(HG_EXPIRE_BATCH)), &gone, error))
		return FALSE;
	*changed += gone;
	return TRUE;
}

/* ---- where they were ---- */
gboolean hg_store_visit_add(hg_store *store, const char *uri, gint64 thread_n, GError **error)
{
	static const struct hg_sql add = { HG_SQL_VISIT_ADD, " ON CONFLICT (uri, thread_n) DO NOTHING", HG_SQL_INSERT,
					   &visit_table };

	return hg_row_update(store, &add, &(hg_visit){ .uri = uri, .thread_n = thread_n }, NULL, error);
}

gboolean hg_store_visit_get(hg_store *store, hg_arena *arena, const char *uri, gint64 thread_n, hg_visit **ret,
			    GError **error)
{
	static const struct hg_sql get = { HG_SQL_VISIT_GET, "WHERE uri = $1 AND thread_n = $2", HG_SQL_SELECT, &visit_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(uri), HG_I(thread_n)), arena, ret, error);
}

gboolean hg_store_visit_set(hg_store *store, const hg_visit *visit, GError **error)
{
	static const struct hg_sql set = { HG_SQL_VISIT_SET, " ON CONFLICT (uri, thread_n) DO UPDATE SET "
					   "read_n = excluded.read_n, mailed_n = excluded.mailed_n, "
					   "mailed_ms = excluded.mailed_ms, pushed_n = excluded.pushed_n", HG_SQL_INSERT,
					   &visit_table };

	return hg_row_update(store, &set, visit, NULL, error);
}

gboolean hg_store_visit_list(hg_store *store, hg_arena *arena, gint64 thread_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_VISIT_LIST, "WHERE thread_n = $1 ORDER BY uri", HG_SQL_SELECT, &visit_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(thread_n)), arena, ret, error);
}

/* ---- who became part of whom ---- */
gboolean hg_store_merge_add(hg_store *store, hg_merge *merge, GError **error)
{
	static const struct hg_sql add = { HG_SQL_MERGE_ADD, NULL, HG_SQL_INSERT, &merge_table };

	return hg_row_add(store, &add, merge, error);
}

gboolean hg_store_merge_of(hg_store *store, hg_arena *arena, gint64 from_n, hg_merge **ret, GError **error)
{
	static const struct hg_sql of = { HG_SQL_MERGE_OF, "WHERE from_n = $1 ORDER BY n DESC LIMIT 1", HG_SQL_SELECT,
					  &merge_table };

	return hg_row_one(store, &of, HG_BIND(HG_I(from_n)), arena, ret, error);
}

gboolean hg_store_merge_list(hg_store *store, hg_arena *arena, gint64 contact_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_MERGE_LIST, "WHERE from_n = $1 OR into_n = $1 ORDER BY n", HG_SQL_SELECT,
					    &merge_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(contact_n)), arena, ret, error);
}

gboolean hg_store_merge_update(hg_store *store, const hg_merge *merge, GError **error)
{
	static const struct hg_sql update = { HG_SQL_MERGE_UPDATE, NULL, HG_SQL_UPDATE, &merge_table };

	return hg_row_change(store, &update, merge, "merge", error);
}
