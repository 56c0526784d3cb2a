/* imported.c - the keys of what was brought in from elsewhere; unlike what is seen they do not expire */
#include "late.h"

gboolean hg_store_imported_any(hg_store *store, gboolean *ret, GError **error)
{
	static const struct hg_sql any = { HG_SQL_IMPORTED_ANY, "SELECT 1 FROM imported WHERE hash > $1 LIMIT 1", HG_SQL_ALONE, NULL };
	gint64 found = 0;

	*ret = FALSE;
	if (!hg_sql_int(store, &any, HG_BIND(HG_B("", 0)), 0, &found, error))
		return FALSE;
	*ret = found != 0;
	return TRUE;
}

gboolean hg_store_imported_has(hg_store *store, const char *space, const char *key, gboolean *ret, GError **error)
{
	static const struct hg_sql has = { HG_SQL_IMPORTED_HAS, "SELECT 1 FROM imported WHERE hash = $1", HG_SQL_ALONE, NULL };
	guint8 hash[HG_SEEN_HASH];
	gint64 found = 0;

	hg_store_seen_hash(store, space, key, hash);
	*ret = FALSE;
	if (!hg_sql_int(store, &has, HG_BIND(HG_B(hash, sizeof hash)), 0, &found, error))
		return FALSE;
	*ret = found != 0;
	return TRUE;
}

gboolean hg_store_imported_add(hg_store *store, const char *space, const char *key, GError **error)
{
	static const struct hg_sql add = { HG_SQL_IMPORTED_ADD, "INSERT INTO imported (hash) VALUES ($1) ON CONFLICT DO NOTHING", HG_SQL_ALONE, NULL };
	guint8 hash[HG_SEEN_HASH];

	hg_store_seen_hash(store, space, key, hash);
	return hg_sql_run(store, &add, HG_BIND(HG_B(hash, sizeof hash)), NULL, error);
}
