/* unlink.c - files of what was forgotten are deleted, and the log is emptied, when the commit that says so is on disk
 *
 * One that was written a moment ago waits a little: the row of somebody else who sent the very same may be on its way. */
#include "people.h"
#include "copies.h"
#include "db.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH 50		/* files of one go: some ms */
#define YOUNG_MS 2000
#define YOUNG_SHARED_MS 60000	/* of nodes whose clocks, and the file server's, do not quite agree */

/* "" comes last. */
static gboolean list(hg_store *store, GPtrArray *ret, GError **error)
{
	static const struct hg_sql all = { HG_SQL_UNLINK_LIST, "SELECT sha256 FROM unlinking WHERE sha256 >= '' "
					   "ORDER BY sha256 DESC LIMIT $1",
					   HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &all, HG_BIND(HG_I(BATCH)), error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		g_ptr_array_add(ret, g_strdup(hg_stmt_text(stmt, 0, &len)));
	return more == 0;
}

static gboolean is_needed(hg_store *store, const char *sha256, gboolean *ret, GError **error)
{
	static const struct hg_sql needed = { HG_SQL_UNLINK_NEEDED, "SELECT EXISTS (SELECT 1 FROM attachment WHERE sha256 = $1) "
					      "OR EXISTS (SELECT 1 FROM raw WHERE file = $1)", HG_SQL_ALONE, NULL };
	gint64 n;

	if (!hg_sql_int(store, &needed, HG_BIND(HG_T(sha256)), 0, &n, error))
		return FALSE;
	*ret = n != 0;
	return TRUE;
}

static gboolean is_young(hg_store *store, gint64 age_ms)
{
	return hg_store_is_shared(store) ? ABS(age_ms) < YOUNG_SHARED_MS : age_ms >= 0 && age_ms < YOUNG_MS;
}

/* FALSE: it waits. */
static gboolean delete_file(hg_store *store, const char *sha256)
{
	g_autofree char *path = hg_store_attachments(store) ? hg_attachment_path(hg_store_attachments(store), sha256) : NULL;
	gint64 age_ms;
	struct stat st;

	if (store->copies)
		return hg_copies_delete(store->copies, sha256, YOUNG_SHARED_MS);
	if (!path || stat(path, &st) < 0)
		return TRUE;
	age_ms = hg_now(store->env) - (gint64)st.st_mtime * 1000;
	if (is_young(store, age_ms))
		return FALSE;
	return unlink(path) == 0;
}

static gboolean done(hg_store *store, const char *sha256, GError **error)
{
	static const struct hg_sql gone = { HG_SQL_UNLINK_DONE, "DELETE FROM unlinking WHERE sha256 = $1", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &gone, HG_BIND(HG_T(sha256)), NULL, error);
}

static gboolean delete_one(hg_store *store, const char *sha256, GError **error)
{
	gboolean needed;

	if (!is_needed(store, sha256, &needed, error))
		return FALSE;
	return (!needed && !delete_file(store, sha256)) || done(store, sha256, error);
}

static gboolean go_through(hg_store *store, const GPtrArray *doomed, gboolean *ret_log, GError **error)
{
	if (!hg_store_begin(store, error))
		return FALSE;
	for (guint i = 0; i < doomed->len; i++) {
		const char *sha256 = g_ptr_array_index(doomed, i);

		if (!*sha256)
			*ret_log = TRUE;
		else if (!delete_one(store, sha256, error))
			return FALSE;
	}
	return hg_store_commit(store, error);
}

/* What was in the log before, and in pages that were copied from it, is in neither file any more then. */
static gboolean empty_log(hg_store *store, GError **error)
{
	if (!store->driver->empty_log(store))
		return FALSE;
	return hg_store_begin(store, error) && done(store, "", error) && hg_store_commit(store, error);
}

/* What fails here is tried again; a broken disk shows in the next command. */
gboolean hg_unlink_tend(hg_store *store)
{
	g_autoptr(GPtrArray) doomed = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) failed = NULL;
	gboolean log = FALSE, ok;

	ok = list(store, doomed, &failed);
	if (ok && !doomed->len)
		return FALSE;
	ok = ok && go_through(store, doomed, &log, &failed);
	if (!ok) {
		hg_store_rollback(store);
		return TRUE;
	}
	if (!log)
		return TRUE;
	ok = empty_log(store, &failed);
	if (failed)
		hg_store_rollback(store);
	return !ok;
}
