/* fsck_files.c - the audit of attachment files: there, of the right size and hash, and no others */
#include "fsck.h"

#include <string.h>
#include <sys/stat.h>

#include "copies.h"
#include "db.h"
#include "file_sum.h"

/* A file is on disk before the commit that names it: a young one may just be ahead of its row. */
#define YOUNG_MS (60 * 60 * G_GINT64_CONSTANT(1000))

static gboolean goes_on(void *store, const void *bytes, gsize len)
{
	(void)bytes;
	(void)len;
	return !hg_sql_interrupted(store);
}

/* Of what the database keeps no copy is looked at. */
static gboolean sum_of(const struct hg_fsck *fsck, const char *path, const char *sha256, char ret_hex[65], gint64 *ret_bytes)
{
	struct hg_copies *copies = hg_copies_of(fsck->attachments);

	if (!copies)
		return hg_file_sum(path, goes_on, fsck->store, ret_hex, ret_bytes);
	return hg_copies_sum(copies, sha256, goes_on, fsck->store, ret_hex, ret_bytes, NULL) && *ret_bytes >= 0;
}

/* FALSE: interrupted. */
static gboolean check_file(struct hg_fsck *fsck, const char *id, const char *sha256, gint64 bytes)
{
	g_autofree char *path = hg_attachment_path(fsck->attachments, sha256);
	char hex[65];
	gint64 size;
	gboolean whole;

	if (!path) {
		hg_fsck_breach(fsck, "I13", id, "its SHA-256 is none: fetch the attachment again");
		return TRUE;
	}
	whole = sum_of(fsck, path, sha256, hex, &size);
	if (hg_sql_interrupted(fsck->store))
		return FALSE;
	if (!whole)
		hg_fsck_breach(fsck, "I13", id, "its file is missing or cannot be read: restore it from a backup");
	else if (strcmp(hex, sha256) != 0 || (bytes >= 0 && size != bytes))
		hg_fsck_breach(fsck, "I13", id, "its file was changed: restore it from a backup");
	return TRUE;
}

static gboolean check_rows(struct hg_fsck *fsck, GHashTable *known, GError **error)
{
	hg_stmt *stmt = hg_stmt_walk(fsck->store, "SELECT id, sha256, bytes FROM attachment WHERE state = 2", HG_BIND_NONE,
				     error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		const char *sha256 = hg_stmt_text(stmt, 1, &len);

		g_hash_table_add(known, g_strdup(sha256 ?: ""));
		if (!check_file(fsck, hg_stmt_text(stmt, 0, &len), sha256, hg_stmt_int(stmt, 2)))
			return hg_fail(error, HG_ERROR_BUSY, "the audit was stopped");
	}
	return more == 0;
}

/* Raw bytes that were too many for a row. */
static gboolean check_raw(struct hg_fsck *fsck, GHashTable *known, GError **error)
{
	hg_stmt *stmt = hg_stmt_walk(fsck->store, "SELECT 'raw event ' || n, file FROM raw WHERE file IS NOT NULL",
				     HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		const char *sha256 = hg_stmt_text(stmt, 1, &len);

		g_hash_table_add(known, g_strdup(sha256));
		if (!check_file(fsck, hg_stmt_text(stmt, 0, &len), sha256, -1))
			return hg_fail(error, HG_ERROR_BUSY, "the audit was stopped");
	}
	return more == 0;
}

/* What a node that died was writing the next start drops, when it is certain that no other one writes it. */
static gint64 young_ms(struct hg_fsck *fsck, const char *shard)
{
	return hg_store_is_shared(fsck->store) && strcmp(shard, HG_STORE_TMP) == 0 ? 2 * HG_LEFT_MS : YOUNG_MS;
}

static gboolean is_old(struct hg_fsck *fsck, const char *shard, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	       (gint64)st.st_mtime * 1000 < hg_now(hg_store_env(fsck->store)) - young_ms(fsck, shard);
}

static void check_shard(struct hg_fsck *fsck, GHashTable *known, const char *shard)
{
	g_autofree char *dir_name = g_build_filename(fsck->attachments, shard, NULL);
	g_autoptr(GDir) dir = g_dir_open(dir_name, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(dir_name, name, NULL);

		if (!g_hash_table_contains(known, name) && is_old(fsck, shard, path))
			hg_fsck_breach(fsck, "I13", path, "no attachment needs this file: delete it");
	}
}

/* A day more than they are kept: sweeping has its own pace. */
static gboolean check_unnamed(struct hg_fsck *fsck, GError **error)
{
	gint64 before_ms = hg_now(hg_store_env(fsck->store)) - 2 * HG_UNNAMED_MS;
	hg_stmt *stmt = hg_stmt_walk(fsck->store, "SELECT sha256 FROM file AS f WHERE at_ms < $1 AND NOT EXISTS (SELECT 1 FROM attachment "
				     "AS a WHERE a.sha256 = f.sha256) AND NOT EXISTS (SELECT 1 FROM raw AS r WHERE r.file = f.sha256)",
				     HG_BIND(HG_I(before_ms)), error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		hg_fsck_breach(fsck, "I13", hg_stmt_text(stmt, 0, &len), "no attachment needs this file of the database: start headgated, "
			       "which deletes it");
	return more == 0;
}

gboolean hg_fsck_files(struct hg_fsck *fsck, GError **error)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!check_rows(fsck, known, error) || !check_raw(fsck, known, error))
		return FALSE;
	if (hg_copies_of(fsck->attachments))
		return check_unnamed(fsck, error);
	dir = g_dir_open(fsck->attachments, 0, NULL);
	while (dir && (name = g_dir_read_name(dir)))
		if (strcmp(name, HG_STORE_UPLOADS) != 0)
			check_shard(fsck, known, name);
	return TRUE;
}
