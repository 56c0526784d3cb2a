/* raw_bytes.c - deliveries as they came, and how far a channel was read
 *
 * Large ones lie as files beside the attachments: in a row they would go through the log twice. */
#include "late.h"

/* Synced, as attachments are, before the commit that names it. */
static gboolean keep_apart(hg_store *store, const void *bytes, gsize len, char ret_sha256[65], GError **error)
{
	hg_upload *upload = hg_upload_new(hg_store_attachments(store), error);
	gint64 size;

	if (!upload)
		return FALSE;
	if (hg_upload_write(upload, bytes, len, error))
		return hg_upload_finish(upload, ret_sha256, &size, error);
	hg_upload_cancel(upload);
	return FALSE;
}

/* One that is gone is as one that was erased: what is left of the row is read. */
static gboolean read_apart(hg_store *store, hg_arena *arena, const char *sha256, const void **ret_bytes, gsize *ret_len,
			   GError **error)
{
	g_autofree char *path = hg_attachment_path(hg_store_attachments(store), sha256);
	g_autoptr(GError) why = NULL;
	g_autofree char *bytes = NULL;

	if (!hg_attachment_bring(hg_store_attachments(store), sha256, &why))
		return g_error_matches(why, HG_ERROR, HG_ERROR_MISSING) || hg_fail(error, HG_ERROR_STORE, "raw bytes: %s", why->message);
	if (!path || !g_file_get_contents(path, &bytes, ret_len, &why)) {
		if (!path || g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return TRUE;
		return hg_fail(error, HG_ERROR_STORE, "raw bytes: %s", why->message);
	}
	*ret_bytes = hg_arena_mem(arena, bytes, *ret_len);
	return TRUE;
}

gboolean hg_store_raw_add(hg_store *store, const char *channel, const char *kind, gint64 at_ms, const void *bytes,
			  gsize len, gint64 *ret_n, GError **error)
{
	static const struct hg_sql add = { HG_SQL_RAW_ADD, "INSERT INTO raw (channel, kind, at_ms, bytes, file) "
					   "VALUES ($1, $2, $3, $4, $5)", HG_SQL_ALONE, NULL };
	gboolean apart = len > HG_RAW_APART && hg_store_attachments(store);
	char sha256[65];

	if (apart && !keep_apart(store, bytes, len, sha256, error))
		return FALSE;
	if (!hg_sql_run(store, &add, HG_BIND(HG_T(channel), HG_T(kind), HG_I(at_ms),
					     HG_B(apart ? "" : bytes ?: "", apart ? 0 : len),
					     HG_T(apart ? sha256 : NULL)), NULL, error))
		return FALSE;
	*ret_n = hg_sql_last_n(store);
	return TRUE;
}

gboolean hg_store_raw_get(hg_store *store, hg_arena *arena, gint64 n, const void **ret_bytes, gsize *ret_len,
			  GError **error)
{
	static const struct hg_sql get = { HG_SQL_RAW_GET, "SELECT bytes, file FROM raw WHERE n = $1", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND(HG_I(n)), error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;
	g_autofree char *file = NULL;
	const void *bytes;
	gsize len;

	if (more < 0)
		return FALSE;
	*ret_bytes = NULL;
	*ret_len = 0;
	if (more) {
		bytes = hg_stmt_blob(stmt, 0, ret_len);
		*ret_bytes = hg_arena_mem(arena, bytes, *ret_len);
		file = g_strdup(hg_stmt_text(stmt, 1, &len));
		hg_stmt_end(stmt);
	}
	return !file || read_apart(store, arena, file, ret_bytes, ret_len, error);
}

/* ---- how far a channel was read ---- */
gboolean hg_store_cursor_get(hg_store *store, hg_arena *arena, const char *channel, const char **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_CURSOR_GET, "SELECT value FROM cursor WHERE channel = $1", HG_SQL_ALONE, NULL };

	return hg_sql_text(store, &get, HG_BIND(HG_T(channel)), arena, ret, error);
}

gboolean hg_store_cursor_set(hg_store *store, const char *channel, const char *cursor, GError **error)
{
	static const struct hg_sql set = { HG_SQL_CURSOR_SET, "INSERT INTO cursor (channel, value) VALUES ($1, $2) "
					   "ON CONFLICT (channel) DO UPDATE SET value = excluded.value", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &set, HG_BIND(HG_T(channel), HG_T(cursor)), NULL, error);
}
