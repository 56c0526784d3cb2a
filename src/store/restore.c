/* restore.c - a backup becomes the store
 *
 * Everything that may take long, or fail, is done beside the store; then files change their names while a mark
 * ("-restoring") lies there, with which no daemon starts: one that began with half of it would begin an empty store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup_inside.h"
#include "file_sum.h"
#include "text.h"

#define ERASED_MS 10000			/* to read which contacts were erased */

struct restoring {
	const struct hg_restore_options *options;
	struct hg_manifest manifest;
	const char *path;		/* of the store */
	char *dir, *stage, *mark, *attachments;	/* attachments: of the backup */
	struct hg_backup_at at;
	struct hg_restored *ret;
};

static const char *const suffixes[] = { "", "-wal" };		/* -shm is made anew */

static void forget(const char *path, const char *suffix)
{
	g_autofree char *name = g_strconcat(path, suffix, NULL);

	unlink(name);
}

/* ---- may it be? ---- */

static gboolean check_place(const struct restoring *r, GError **error)
{
	struct stat st;

	if (lstat(r->path, &st) < 0 || st.st_size == 0 || r->options->replace || access(r->mark, F_OK) == 0)
		return TRUE;
	return hg_fail(error, HG_ERROR_STATE, "there is a store at %s: --yes puts it aside, under another name beside it", r->path);
}

static gboolean check_backup(const struct restoring *r, GError **error)
{
	if (r->manifest.schema <= hg_schema_newest())
		return TRUE;
	return hg_fail(error, HG_ERROR_CONFIG, "the backup has schema %d and was made by headgate %s, this one knows up to %d: "
		       "install that version, then restore", r->manifest.schema, r->manifest.headgate ?: "?", hg_schema_newest());
}

/* ---- beside the store ---- */

struct staging { struct restoring *r; int fd; gboolean stopped; int why; };

static gboolean stage_bytes(void *arg, const void *bytes, gsize len)
{
	struct staging *staging = arg;
	struct restoring *r = staging->r;

	r->at.done += (gint64)len;
	staging->stopped = r->options->tell && !r->options->tell(r->options->arg, &r->at);
	if (staging->stopped)
		return FALSE;
	if (write(staging->fd, bytes, len) == (ssize_t)len)
		return TRUE;
	staging->why = errno;
	return FALSE;
}

static gboolean stage_failed(const struct staging *staging, const char *from, int why, GError **error)
{
	if (staging->stopped)
		return hg_fail(error, HG_ERROR_BUSY, "stopped; the store is as it was");
	return hg_fail(error, HG_ERROR_STORE, "%s: %s", staging->why ? staging->r->stage : from,
		       g_strerror(staging->why ? staging->why : why));
}

static gboolean stage_database(struct restoring *r, GError **error)
{
	g_autofree char *from = g_build_filename(r->options->dir, r->manifest.database, NULL);
	struct staging staging = { .r = r };
	char hex[65];
	gint64 bytes;
	gboolean done;
	int why;

	r->at = (struct hg_backup_at){ HG_BACKUP_DATABASE, 0, r->manifest.database_bytes };
	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
		forget(r->stage, suffixes[i]);
	staging.fd = open(r->stage, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (staging.fd < 0)
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", r->stage, g_strerror(errno));
	done = hg_file_sum(from, stage_bytes, &staging, hex, &bytes);
	why = errno;
	close(staging.fd);
	if (!done)
		return stage_failed(&staging, from, why, error);
	return strcmp(hex, r->manifest.database_sha256) == 0 ||
	       hg_fail(error, HG_ERROR_INPUT, "%s is not what was kept: the backup is damaged, take another one", from);
}

/* What waited may have been sent after the backup was made: it is treated like what a crash interrupted.  Each is in
 * doubt for itself, so each gets a lane of its own. */
static gboolean mark_doubt(hg_store *store, const struct restoring *r, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE outbox SET doubt_ms = %" G_GINT64_FORMAT " WHERE target = %d AND state <> %d AND doubt_ms = 0; "
		"UPDATE outbox SET state = %d, lane = 'restored:' || n, changed_ms = %" G_GINT64_FORMAT
		" WHERE target = %d AND state IN (%d, %d, %d)",
		r->manifest.begun_ms, HG_TO_BACKEND, HG_JOB_DEAD,
		HG_JOB_SENDING, r->manifest.begun_ms, HG_TO_CHANNEL, HG_JOB_QUEUED, HG_JOB_DUE, HG_JOB_PARKED);
	gint64 before = hg_store_changes(store);

	if (!hg_sqlite_exec(store, sql, error))
		return FALSE;
	r->ret->in_doubt = hg_store_changes(store) - before;
	return TRUE;
}

/* Who has signed out of the console since would be in again. */
static gboolean end_sessions(hg_store *store, const struct restoring *r, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE token_change SET rev = rev + 1; UPDATE token SET revoked_ms = %" G_GINT64_FORMAT ", "
		"rev = (SELECT rev FROM token_change) WHERE kind > %d AND revoked_ms = 0", r->manifest.begun_ms, HG_TOKEN_API);

	return hg_sqlite_exec(store, sql, error);
}

/* What has to be done once more: the store that goes may know it.  Where it cannot be read, nobody does. */
static void find_erased(struct restoring *r)
{
	struct hg_store_options options = { .driver = "sqlite", .path = r->path, .env = r->options->store->env };
	hg_store *store = r->options->replace ? hg_store_open_reader(&options, ERASED_MS, NULL) : NULL;
	hg_stmt *stmt = store ? hg_stmt_once(store, "SELECT c.id FROM erasure AS e JOIN contact AS c ON c.n = e.contact_n "
					     "WHERE e.at_ms >= $1 ORDER BY e.n", HG_BIND(HG_I(r->manifest.begun_ms)), NULL) : NULL;
	g_autoptr(GString) ids = g_string_new(NULL);
	gsize len;

	while (stmt && hg_stmt_next(stmt, NULL) > 0)
		g_string_append_printf(ids, "%s%s", ids->len ? " " : "", hg_stmt_text(stmt, 0, &len));
	if (ids->len)
		r->ret->erased = g_strdup(ids->str);
	if (store)
		hg_store_close(store);
}

static gboolean keep_file(void *arg, const char *sha256, GError **error)
{
	struct restoring *r = arg;
	enum hg_copied copied;

	if (!hg_backup_copy_file(r->attachments, r->options->store->attachments, sha256, r->options->tell, r->options->arg,
				 &r->at, &copied, error))
		return FALSE;
	r->ret->copied += copied == HG_COPIED_NEW;
	r->ret->missing += copied == HG_COPIED_MISSING || copied == HG_COPIED_DAMAGED;
	return TRUE;
}

static gboolean stage_files(struct restoring *r, hg_store *store, GError **error)
{
	r->at = (struct hg_backup_at){ HG_BACKUP_FILES, 0, r->manifest.file_bytes };
	return !r->options->store->attachments || hg_backup_files(store, keep_file, r, error);
}

/* Opened as at a start: it is checked, and brought to this program's schema. */
static gboolean stage_store(struct restoring *r, GError **error)
{
	struct hg_store_options options = { .driver = "sqlite", .path = r->stage, .env = r->options->store->env };
	g_autofree char *old = g_strdup_printf("-schema%d", r->manifest.schema);
	hg_store *store = hg_store_open(&options, error);
	gboolean done;

	if (!store)
		return FALSE;
	done = stage_files(r, store, error) && hg_store_begin(store, error) &&
	       (r->options->nothing_sent || (mark_doubt(store, r, error) && end_sessions(store, r, error))) &&
	       hg_store_commit(store, error);
	hg_store_close(store);
	forget(r->stage, "-lock");
	forget(r->stage, old);
	return done;
}

/* ---- the change of names ---- */

static gboolean moved(const char *from, const char *to, const char *suffix, GError **error)
{
	g_autofree char *a = g_strconcat(from, suffix, NULL), *b = g_strconcat(to, suffix, NULL);

	return rename(a, b) == 0 || errno == ENOENT || hg_fail(error, HG_ERROR_STORE, "%s: %s", a, g_strerror(errno));
}

/* Of the database that was there.  Chosen once, and kept in the mark: a restore that was killed half-way goes on with it. */
static char *aside_name(const struct restoring *r)
{
	char time[HG_TIME_SIZE];
	g_autoptr(GString) name = g_string_new(r->path);
	g_autofree char *kept = NULL;

	if (g_file_get_contents(r->mark, &kept, NULL, NULL) && g_str_has_prefix(kept, r->path))
		return g_steal_pointer(&kept);
	g_string_append(name, "-before-");
	for (const char *p = hg_time(hg_now(r->options->store->env), time); *p; p++)
		if (!strchr("-:.", *p))
			g_string_append_c(name, *p);
	return g_string_free(g_steal_pointer(&name), FALSE);
}

/* The log first: a database without it may be found again beside it, for it has the same name. */
static gboolean put_aside(struct restoring *r, const char *aside, GError **error)
{
	struct stat st;

	forget(r->path, "-shm");
	if (lstat(aside, &st) == 0) {	/* done when it was killed: what is in its place is the new one */
		r->ret->aside = g_strdup(aside);
		return TRUE;
	}
	if (lstat(r->path, &st) < 0 || st.st_size == 0)
		return TRUE;
	r->ret->aside = g_strdup(aside);
	for (gsize i = G_N_ELEMENTS(suffixes); i > 0; i--)
		if (!moved(r->path, aside, suffixes[i - 1], error))
			return FALSE;
	return hg_dir_sync(r->dir) || hg_fail(error, HG_ERROR_STORE, "%s: %s", r->dir, g_strerror(errno));
}

static gboolean change(struct restoring *r, GError **error)
{
	g_autofree char *mark = g_path_get_basename(r->mark), *aside = aside_name(r);

	if (!hg_backup_write(r->dir, mark, aside, strlen(aside), error) || !put_aside(r, aside, error) ||
	    !moved(r->stage, r->path, "", error))
		return FALSE;
	if (!hg_dir_sync(r->dir))
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", r->dir, g_strerror(errno));
	unlink(r->mark);
	hg_dir_sync(r->dir);	/* a mark that comes back costs another restore */
	return TRUE;
}

static gboolean restore(struct restoring *r, GError **error)
{
	int lock = -1;
	gboolean done;

	if (!check_backup(r, error) || !hg_sqlite_file_claim(r->path, &lock, error))
		return FALSE;
	done = check_place(r, error) && stage_database(r, error) && stage_store(r, error);
	if (done)
		find_erased(r);
	done = done && change(r, error);
	if (!done)
		forget(r->stage, "");
	hg_sqlite_file_release(lock, done);
	return done;
}

gboolean hg_restore(const struct hg_restore_options *options, struct hg_restored *ret, GError **error)
{
	struct restoring r = { .options = options, .path = options->store->path, .ret = ret };
	gboolean done;

	*ret = (struct hg_restored){ 0 };
	if (!hg_store_need_file(options->store->driver, "pg_restore brings back what pg_dump kept; a backup of headgate's becomes a "
				"store of SQLite", error) ||
	    !hg_manifest_read(options->dir, &r.manifest, error))
		return FALSE;
	r.dir = g_path_get_dirname(r.path);
	r.stage = g_strconcat(r.path, "-restore", NULL);
	r.mark = g_strconcat(r.path, HG_STORE_RESTORING, NULL);
	r.attachments = g_build_filename(options->dir, "attachments", NULL);
	done = restore(&r, error);
	g_free(r.dir);
	g_free(r.stage);
	g_free(r.mark);
	g_free(r.attachments);
	hg_manifest_clear(&r.manifest);
	return done;
}
