/* backup.c - makes a backup: the database first, then the files that it names */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup_inside.h"
#include "file_sum.h"
#include "text.h"

#define LOCK_NAME "backup.lock"
#define TRIES 3			/* moments, when files that were named are gone: somebody was erased meanwhile */

struct making {
	hg_store *store;
	const struct hg_backup_options *options;
	struct hg_manifest *manifest;
	char *attachments;		/* of the backup; ours */
	GHashTable *named;		/* SHA-256 of all files that belong to it; ours */
	gint64 copied;
	struct hg_backup_at at;
};

const char *hg_backup_stage_word(enum hg_backup_stage stage)
{
	return stage == HG_BACKUP_DATABASE ? "database" : stage == HG_BACKUP_FILES ? "attachments" : "check";
}

void hg_store_instance_name(hg_store *store, char ret_name[17])
{
	static const char what[] = "the name of this instance";
	g_autofree char *hex = NULL;
	guint8 mac[32];

	hg_hmac_sha256(hg_store_instance_key(store), 32, what, sizeof(what) - 1, mac);
	hex = hg_hex(mac, 8);
	g_strlcpy(ret_name, hex, 17);
}

/* ---- the directory ---- */

/* What is no backup's stays out of it: in a directory of others' files a later backup would remove what looks like its own. */
static gboolean is_ours(const char *dir_name)
{
	g_autofree char *lock = g_build_filename(dir_name, LOCK_NAME, NULL);
	g_autoptr(GDir) dir = g_dir_open(dir_name, 0, NULL);

	return (dir && !g_dir_read_name(dir)) || access(lock, F_OK) == 0;
}

/* Copies of what customers said: nobody else's business, and nobody else's to change. */
static gboolean prepare_dir(const char *dir, GError **error)
{
	struct stat st;

	if (!hg_dir_make(dir) || stat(dir, &st) < 0)
		return hg_fail(error, HG_ERROR_CONFIG, "%s: cannot create it: %s", dir, g_strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "%s is no directory: a backup is one; name another", dir);
	if (st.st_mode & 077)
		return hg_fail(error, HG_ERROR_CONFIG, "others may look into %s (mode %04o), and a backup holds what customers "
			       "wrote: run \"chmod 0700 %s\", or name a directory that is not there yet", dir, st.st_mode & 07777, dir);
	return is_ours(dir) || hg_fail(error, HG_ERROR_CONFIG, "there are other things in %s: name a directory that is not there yet, or "
				       "the one of an earlier backup", dir);
}

/* -1: error is set. */
static int take_lock(const char *dir, GError **error)
{
	g_autofree char *name = g_build_filename(dir, LOCK_NAME, NULL);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	hg_fail(error, fd >= 0 ? HG_ERROR_BUSY : HG_ERROR_CONFIG, fd >= 0 ? "%s: another backup into it is under way" : "%s: cannot write to it",
		dir);
	if (fd >= 0)
		close(fd);
	return -1;
}

gboolean hg_backup_write(const char *dir, const char *name, const char *bytes, gsize len, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *part = g_strconcat(path, ".part", NULL);
	int fd;
	gboolean done;

	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	done = fd >= 0 && (len == 0 || write(fd, bytes, len) == (ssize_t)len) && fsync(fd) == 0 && rename(part, path) == 0 &&
	       hg_dir_sync(dir);
	if (!done)
		hg_fail(error, HG_ERROR_STORE, "%s: %s", path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return done;
}

/* ---- files ---- */

gboolean hg_backup_told(hg_backup_tell *tell, void *arg, const struct hg_backup_at *at, GError **error)
{
	return !tell || tell(arg, at) || hg_fail(error, HG_ERROR_BUSY, "stopped");
}

static gboolean is_there(const char *path, gint64 size)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size;
}

struct copying { hg_upload *upload; hg_backup_tell *tell; void *arg; struct hg_backup_at *at; GError **error; gboolean failed; };

static gboolean copy_bytes(void *arg, const void *bytes, gsize len)
{
	struct copying *copying = arg;

	copying->at->done += (gint64)len;
	copying->failed = !hg_upload_write(copying->upload, bytes, len, copying->error) ||
			  !hg_backup_told(copying->tell, copying->arg, copying->at, copying->error);
	return !copying->failed;
}

/* What has other bytes than its name says does not keep a name. */
static gboolean finish_copy(struct copying *copying, const char *to, const char *sha256, enum hg_copied *ret)
{
	char found[65];
	gint64 bytes;
	g_autofree char *wrong = NULL;

	if (!hg_upload_finish(copying->upload, found, &bytes, copying->error))
		return FALSE;
	if (strcmp(found, sha256) == 0)
		return TRUE;
	wrong = hg_attachment_path(to, found);
	unlink(wrong);
	*ret = HG_COPIED_DAMAGED;
	return TRUE;
}

gboolean hg_backup_copy_file(const char *from, const char *to, const char *sha256, hg_backup_tell *tell, void *arg,
			     struct hg_backup_at *at, enum hg_copied *ret, GError **error)
{
	g_autofree char *source = hg_attachment_path(from, sha256), *target = hg_attachment_path(to, sha256);
	struct copying copying = { NULL, tell, arg, at, error, FALSE };
	struct stat st;

	*ret = HG_COPIED_MISSING;
	if (!source || stat(source, &st) < 0 || !S_ISREG(st.st_mode))
		return TRUE;
	*ret = HG_COPIED_THERE;
	if (is_there(target, st.st_size)) {
		at->done += st.st_size;
		return hg_backup_told(tell, arg, at, error);
	}
	*ret = HG_COPIED_NEW;
	copying.upload = hg_upload_new(to, error);
	if (!copying.upload)
		return FALSE;
	if (hg_file_read(source, copy_bytes, &copying))
		return finish_copy(&copying, to, sha256, ret);
	hg_upload_cancel(copying.upload);
	if (copying.failed)
		return FALSE;
	*ret = errno == ENOENT ? HG_COPIED_MISSING : HG_COPIED_DAMAGED;
	return TRUE;
}

gboolean hg_backup_files(hg_store *store, hg_backup_file_fn *fn, void *arg, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT sha256 FROM attachment WHERE state = 2 AND sha256 IS NOT NULL "
				     "UNION SELECT file FROM raw WHERE file IS NOT NULL", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		if (!fn(arg, hg_stmt_text(stmt, 0, &len), error)) {
			hg_stmt_end(stmt);
			return FALSE;
		}
	return more == 0;
}

gboolean hg_backup_file_bytes(hg_store *store, gint64 *ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, "SELECT COALESCE(SUM(b), 0) FROM (SELECT MAX(bytes) AS b FROM attachment "
				     "WHERE state = 2 GROUP BY sha256)", HG_BIND_NONE, error);

	if (!stmt || hg_stmt_next(stmt, error) <= 0)
		return FALSE;
	*ret = hg_stmt_int(stmt, 0);
	hg_stmt_end(stmt);
	return TRUE;
}

static gboolean keep_file(void *arg, const char *sha256, GError **error)
{
	struct making *making = arg;
	gint64 before = making->at.done;
	enum hg_copied copied;

	if (!hg_backup_copy_file(hg_store_attachments(making->store), making->attachments, sha256, making->options->tell,
				 making->options->arg, &making->at, &copied, error))
		return FALSE;
	if (copied == HG_COPIED_MISSING || copied == HG_COPIED_DAMAGED) {
		making->manifest->missing++;
		return TRUE;
	}
	making->copied += copied == HG_COPIED_NEW;
	making->manifest->files++;
	making->manifest->file_bytes += making->at.done - before;
	g_hash_table_add(making->named, g_strdup(sha256));
	return TRUE;
}

/* ---- the database ---- */

static char *database_name(gint64 now_ms)
{
	char time[HG_TIME_SIZE];
	g_autoptr(GString) name = g_string_new("headgate-");

	for (const char *p = hg_time(now_ms, time); *p; p++)
		if (!strchr("-:.", *p))
			g_string_append_c(name, *p);
	g_string_append(name, ".db");
	return g_string_free(g_steal_pointer(&name), FALSE);
}

static gboolean sum_database(struct making *making, const char *path, GError **error)
{
	char hex[65];

	if (!hg_file_sum(path, NULL, NULL, hex, &making->manifest->database_bytes))
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", path, g_strerror(errno));
	making->manifest->database_sha256 = g_strdup(hex);
	return TRUE;
}

hg_store *hg_backup_open(const char *path, const char *attachments, struct hg_env *env, GError **error)
{
	const struct hg_store_options options = { .driver = "sqlite", .path = path, .attachments = attachments, .env = env, .still = TRUE };

	return hg_store_open_reader(&options, 0, error);
}

/* What was damaged is told now, while the original is there. */
static gboolean look_at(hg_store *copy, struct hg_manifest *manifest, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(copy, "PRAGMA quick_check(1)", HG_BIND_NONE, error);
	gboolean sound;
	gsize len;

	if (!stmt || hg_stmt_next(stmt, error) <= 0)
		return FALSE;
	sound = g_strcmp0(hg_stmt_text(stmt, 0, &len), "ok") == 0;
	if (!sound)
		hg_fail(error, HG_ERROR_STORE, "the database is damaged (%s): keep the backup you have, and see what "
			"\"headgatectl fsck\" says", hg_stmt_text(stmt, 0, &len) ?: "?");
	hg_stmt_end(stmt);
	manifest->schema = hg_store_schema(copy);
	hg_store_instance_name(copy, manifest->instance);
	return sound && hg_store_newest(copy, &manifest->newest_ms, error);
}

/* One moment: the database as it is now, and the files it names. */
static gboolean make_moment(struct making *making, GError **error)
{
	struct hg_manifest *manifest = making->manifest;
	g_autofree char *path = g_build_filename(making->options->dir, manifest->database, NULL);
	g_autoptr(hg_store) copy = NULL;

	if (!hg_store_copy(making->store, path, making->options->tell, making->options->arg, error))
		return FALSE;
	copy = hg_backup_open(path, NULL, hg_store_env(making->store), error);
	if (!copy || !look_at(copy, manifest, error))
		return FALSE;
	manifest->files = manifest->file_bytes = manifest->missing = 0;
	g_hash_table_remove_all(making->named);
	making->at = (struct hg_backup_at){ HG_BACKUP_FILES, 0, 0 };
	return hg_backup_file_bytes(copy, &making->at.of, error) && hg_backup_files(copy, keep_file, making, error) &&
	       sum_database(making, path, error);
}

/* ---- the configuration ---- */

static gboolean keep_config(struct making *making, const char *dir, guint i, GError **error)
{
	g_autofree char *base = g_path_get_basename(making->options->configs[i]), *bytes = NULL;
	gsize len;

	making->manifest->configs[i] = g_strdup_printf("%u-%s", i + 1, base);
	making->manifest->config_paths[i] = g_strdup(making->options->configs[i]);
	return g_file_get_contents(making->options->configs[i], &bytes, &len, error) &&
	       hg_backup_write(dir, making->manifest->configs[i], bytes, len, error);
}

static gboolean keep_configs(struct making *making, GError **error)
{
	g_autofree char *dir = g_build_filename(making->options->dir, "config", NULL);
	guint n = making->options->configs ? g_strv_length((char **)making->options->configs) : 0;

	making->manifest->configs = g_new0(char *, n + 1);
	making->manifest->config_paths = g_new0(char *, n + 1);
	if (n && !hg_dir_make(dir))
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", dir, g_strerror(errno));
	for (guint i = 0; i < n; i++)
		if (!keep_config(making, dir, i, error))
			return FALSE;
	return TRUE;
}

/* ---- what an earlier backup left ---- */

static void prune_databases(const struct making *making)
{
	g_autoptr(GDir) dir = g_dir_open(making->options->dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(making->options->dir, name, NULL);

		if (g_str_has_prefix(name, "headgate-") && strstr(name, ".db") && strcmp(name, making->manifest->database) != 0)
			unlink(path);
	}
}

static void prune_shard(const struct making *making, const char *shard)
{
	g_autofree char *dir_name = g_build_filename(making->attachments, shard, NULL);
	g_autoptr(GDir) dir = g_dir_open(dir_name, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(dir_name, name, NULL);

		if (!g_hash_table_contains(making->named, name))
			unlink(path);
	}
}

/* What was erased since is to be in no backup that is newer than that. */
static void prune(const struct making *making)
{
	g_autoptr(GDir) dir = g_dir_open(making->attachments, 0, NULL);
	const char *name;

	prune_databases(making);
	while (dir && (name = g_dir_read_name(dir)))
		prune_shard(making, name);
}

/* ---- all of it ---- */

static gboolean finish(struct making *making, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	making->manifest->done_ms = hg_now(hg_store_env(making->store));
	hg_manifest_write(text, making->manifest);
	g_string_append_c(text, '\n');
	if (!hg_dir_sync(making->options->dir) ||
	    !hg_backup_write(making->options->dir, HG_BACKUP_MANIFEST, text->str, text->len, error))
		return FALSE;
	prune(making);
	return TRUE;
}

static gboolean make(struct making *making, GError **error)
{
	gint64 missing = -1;

	for (int i = 0; i < TRIES; i++) {
		g_clear_pointer(&making->manifest->database, g_free);
		g_clear_pointer(&making->manifest->database_sha256, g_free);
		making->manifest->begun_ms = hg_now(hg_store_env(making->store));
		making->manifest->database = database_name(making->manifest->begun_ms + i);
		if (!make_moment(making, error))
			return FALSE;
		if (!making->manifest->missing || making->manifest->missing == missing)
			break;
		missing = making->manifest->missing;
	}
	return keep_configs(making, error) && finish(making, error);
}

gboolean hg_backup_make(hg_store *store, const struct hg_backup_options *options, struct hg_manifest *ret,
			gint64 *ret_copied, GError **error)
{
	struct making making = { .store = store, .options = options, .manifest = ret };
	int lock;
	gboolean done;

	*ret = (struct hg_manifest){ 0 };
	if (!hg_store_need_file(store->driver->name, "pg_dump keeps it, and its attachments are copied after that", error) ||
	    !prepare_dir(options->dir, error) || (lock = take_lock(options->dir, error)) < 0)
		return FALSE;
	ret->headgate = g_strdup(options->headgate);
	ret->secrets = g_strdupv((char **)options->secrets);
	making.attachments = g_build_filename(options->dir, "attachments", NULL);
	making.named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	done = make(&making, error);
	*ret_copied = making.copied;
	g_hash_table_unref(making.named);
	g_free(making.attachments);
	close(lock);
	if (!done)
		hg_manifest_clear(ret);
	return done;
}
