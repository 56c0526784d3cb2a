/* contacts.c - people, their addresses, and when these last wrote */
#include "late.h"

#include <stdlib.h>
#include <string.h>

static const struct hg_column contact_columns[] = {
	HG_COLUMN(hg_contact, n, INT64, HG_C_N),
	HG_COLUMN(hg_contact, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_contact, name, TEXT, 0),
	HG_COLUMN(hg_contact, username, TEXT, 0),
	HG_COLUMN(hg_contact, tier, TEXT, 0),
	HG_COLUMN(hg_contact, locale, TEXT, 0),
	HG_COLUMN(hg_contact, fields, TEXT, 0),
	HG_COLUMN(hg_contact, opted_out, INT, 0),
	HG_COLUMN(hg_contact, conflicted, INT, 0),
	HG_COLUMN(hg_contact, created_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_contact, merged_into, REF, 0),
	HG_COLUMN(hg_contact, tags, TEXT, 0),
	HG_COLUMN(hg_contact, last_ticket_ms, INT64, 0),
	HG_COLUMN(hg_contact, blocked_ms, INT64, 0),
	HG_COLUMN(hg_contact, blocked_until_ms, INT64, 0),
	HG_COLUMN(hg_contact, blocked_why, TEXT, 0),
	HG_COLUMN(hg_contact, erased_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table contact_table = { "contact", contact_columns, sizeof(hg_contact), HG_NUMBERS_CONTACT };

static const struct hg_column alias_columns[] = {
	HG_COLUMN(hg_alias, uri, TEXT, HG_C_KEY),
	HG_COLUMN(hg_alias, contact_n, INT64, 0),
	HG_COLUMN(hg_alias, proof, INT, 0),
	HG_COLUMN(hg_alias, since_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table alias_table = { "address", alias_columns, sizeof(hg_alias), HG_NUMBERS_NONE };

/* ---- contacts ---- */
gboolean hg_store_contact_add(hg_store *store, hg_contact *contact, GError **error)
{
	static const struct hg_sql add = { HG_SQL_CONTACT_ADD, NULL, HG_SQL_INSERT, &contact_table };

	return hg_row_add(store, &add, contact, error);
}

gboolean hg_contact_is_late(hg_store *store, gint64 n)
{
	return hg_late_find(store, &contact_table, n) != NULL;
}

gboolean hg_store_contact_get(hg_store *store, hg_arena *arena, gint64 n, hg_contact **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_CONTACT_GET, NULL, HG_SQL_BY_N, &contact_table };

	return hg_row_by_n(store, &get, n, arena, ret, error);
}

gboolean hg_contact_ahead(hg_store *store, const struct hg_range *range, GError **error)
{
	return hg_row_ahead(store, &contact_table, range, error);
}

gboolean hg_store_contact_by_id(hg_store *store, hg_arena *arena, const char *id, hg_contact **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_CONTACT_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &contact_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_contact_update(hg_store *store, const hg_contact *contact, GError **error)
{
	static const struct hg_sql update = { HG_SQL_CONTACT_UPDATE, NULL, HG_SQL_UPDATE, &contact_table };

	return hg_row_change(store, &update, contact, "contact", error);
}

/* ---- addresses ---- */
gboolean hg_store_alias_find(hg_store *store, hg_arena *arena, const char *uri, hg_alias **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_ALIAS_GET, "WHERE uri = $1 AND channel = ''", HG_SQL_WRITTEN, &alias_table };
	const hg_alias *late;
	guint at = 0;

	while ((late = hg_late_next(store, &alias_table, &at)))
		if (strcmp(late->uri, uri) == 0) {
			*ret = hg_row_copy(&alias_table, late, arena);
			return TRUE;
		}
	return hg_row_one(store, &get, HG_BIND(HG_T(uri)), arena, ret, error);
}

gboolean hg_store_alias_add(hg_store *store, const hg_alias *alias, GError **error)
{
	static const struct hg_sql add = { HG_SQL_ALIAS_ADD, NULL, HG_SQL_INSERT, &alias_table };

	return hg_late_add(store, &add, alias) || hg_row_update(store, &add, alias, NULL, error);
}

gboolean hg_store_alias_update(hg_store *store, const hg_alias *alias, GError **error)
{
	static const struct hg_sql update = { HG_SQL_ALIAS_UPDATE, " AND channel = ''", HG_SQL_UPDATE, &alias_table };

	return hg_row_change(store, &update, alias, "address", error);
}

gboolean hg_store_alias_delete(hg_store *store, const char *uri, GError **error)
{
	static const struct hg_sql delete = { HG_SQL_ALIAS_DELETE, "DELETE FROM address WHERE uri = $1 AND channel = ''",
					      0, NULL };

	return hg_sql_run(store, &delete, HG_BIND(HG_T(uri)), NULL, error);
}

static gint by_age(gconstpointer a, gconstpointer b)
{
	const hg_alias *one = *(hg_alias *const *)a, *two = *(hg_alias *const *)b;

	if (one->since_ms != two->since_ms)
		return one->since_ms < two->since_ms ? -1 : 1;
	return strcmp(one->uri, two->uri);
}

/* Sorted here: a few rows are not worth the sorter that the database would make. */
gboolean hg_store_alias_list(hg_store *store, hg_arena *arena, gint64 contact_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_ALIAS_LIST, "WHERE contact_n = $1", HG_SQL_WRITTEN, &alias_table };
	guint first = ret->len, at = 0;
	const hg_alias *late;

	while ((late = hg_late_next(store, &alias_table, &at)))
		if (late->contact_n == contact_n)
			g_ptr_array_add(ret, hg_row_copy(&alias_table, late, arena));
	if (!hg_contact_is_late(store, contact_n) &&
	    !hg_row_all(store, &list, HG_BIND(HG_I(contact_n)), arena, ret, error))
		return FALSE;
	if (ret->len > first + 1)
		qsort(ret->pdata + first, ret->len - first, sizeof(*ret->pdata), by_age);
	return TRUE;
}

/* ---- reach: an address on a channel ---- */
gboolean hg_store_reach_get(hg_store *store, const char *channel, const char *uri, gint64 *ret_last_in_ms, GError **error)
{
	static const struct hg_sql get = { HG_SQL_REACH_GET, "SELECT last_in_ms FROM address "
					   "WHERE channel = $1 AND uri = $2", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &get, HG_BIND(HG_T(channel), HG_T(uri)), 0, ret_last_in_ms, error);
}

/* Only forwards: a message that arrives late does not shorten the reply window. */
gboolean hg_store_reach_in(hg_store *store, const char *channel, const char *uri, gint64 last_in_ms, GError **error)
{
	static const struct hg_sql in = { HG_SQL_REACH_IN, "INSERT INTO address (channel, uri, last_in_ms) "
					  "VALUES ($1, $2, $3) ON CONFLICT (uri, channel) DO UPDATE "
					  "SET last_in_ms = excluded.last_in_ms "
					  "WHERE excluded.last_in_ms > address.last_in_ms", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &in, HG_BIND(HG_T(channel), HG_T(uri), HG_I(last_in_ms)), NULL, error);
}

gboolean hg_store_pace_get(hg_store *store, const char *channel, const char *uri, struct hg_pace *ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_PACE_GET, "SELECT auto_ms, fresh_ms, fresh_n FROM address "
					   "WHERE channel = $1 AND uri = $2", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND(HG_T(channel), HG_T(uri)), error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	*ret = (struct hg_pace){ 0 };
	if (more <= 0)
		return more == 0;
	*ret = (struct hg_pace){ hg_stmt_int(stmt, 0), hg_stmt_int(stmt, 1), hg_stmt_int(stmt, 2) };
	hg_stmt_end(stmt);
	return TRUE;
}

gboolean hg_store_pace_set(hg_store *store, const char *channel, const char *uri, const struct hg_pace *pace, GError **error)
{
	static const struct hg_sql set = { HG_SQL_PACE_SET, "INSERT INTO address (channel, uri, auto_ms, fresh_ms, fresh_n) "
					   "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (uri, channel) DO UPDATE SET "
					   "auto_ms = excluded.auto_ms, fresh_ms = excluded.fresh_ms, fresh_n = excluded.fresh_n",
					   HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &set, HG_BIND(HG_T(channel), HG_T(uri), HG_I(pace->auto_ms), HG_I(pace->fresh_ms),
					       HG_I(pace->fresh_n)), NULL, error);
}
