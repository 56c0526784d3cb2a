/* transfer_files.c - attachment files from a directory into a PostgreSQL database, or from there into a directory */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "postgres_files.h"
#include "sql.h"

struct carry {
	struct hg_pg_files *files;
	const char *dir;
	gboolean in;			/* into the database */
	struct hg_transfer_files *sum;
};

/* FALSE with errno: it cannot be read, or its bytes are others. */
static gboolean is_whole(const char *path, const char *sha256, gint64 *ret_bytes)
{
	char hex[65];

	return hg_file_sum(path, NULL, NULL, hex, ret_bytes) && strcmp(hex, sha256) == 0;
}

static gboolean carry_in(struct carry *c, const char *path, const char *sha256, GError **error)
{
	gint64 bytes;
	gboolean done;
	int fd;

	if (!hg_pg_file_need(c->files, sha256, &bytes, error))
		return FALSE;
	if (bytes >= 0)
		return TRUE;
	fd = is_whole(path, sha256, &bytes) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd < 0) {
		c->sum->missing++;
		return TRUE;
	}
	done = hg_pg_file_put(c->files, sha256, fd, bytes, error);
	close(fd);
	c->sum->new_files += done;
	return done;
}

static gboolean keep(void *upload, const void *bytes, gsize len)
{
	return hg_upload_write(upload, bytes, len, NULL);
}

static gboolean carry_out(struct carry *c, const char *path, const char *sha256, GError **error)
{
	hg_upload *upload;
	char got[65];
	gint64 bytes;

	if (is_whole(path, sha256, &bytes))
		return TRUE;
	upload = hg_upload_new(c->dir, error);
	if (!upload)
		return FALSE;
	if (!hg_pg_file_get(c->files, sha256, keep, upload, &bytes, error)) {
		hg_upload_cancel(upload);
		return FALSE;
	}
	if (bytes < 0) {
		hg_upload_cancel(upload);
		c->sum->missing++;
		return TRUE;
	}
	if (!hg_upload_finish(upload, got, &bytes, error))
		return FALSE;
	if (strcmp(got, sha256) == 0)
		c->sum->new_files++;
	else
		c->sum->missing++;	/* fsck tells of what lies there now */
	return TRUE;
}

static gboolean carry_one(struct carry *c, const char *sha256, GError **error)
{
	g_autofree char *path = hg_attachment_path(c->dir, sha256);

	c->sum->files++;
	if (path)
		return c->in ? carry_in(c, path, sha256, error) : carry_out(c, path, sha256, error);
	c->sum->missing++;
	return TRUE;
}

static gboolean carry_all(struct carry *c, hg_store *from, hg_transfer_tell *tell, void *arg, GError **error)
{
	hg_stmt *stmt = hg_stmt_walk(from, "SELECT sha256 FROM attachment WHERE state = 2 AND sha256 IS NOT NULL UNION "
				     "SELECT file FROM raw WHERE file IS NOT NULL", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		const struct hg_transfer_at at = { "files", c->sum->files, 0, FALSE };

		if ((tell && !tell(arg, &at) && !hg_fail(error, HG_ERROR_BUSY, "stopped")) ||
		    !carry_one(c, hg_stmt_text(stmt, 0, &len), error)) {
			hg_stmt_end(stmt);
			return FALSE;
		}
	}
	return more == 0;
}

gboolean hg_store_transfer_files(hg_store *from, const struct hg_store_options *database, gboolean in, const char *dir,
				 hg_transfer_tell *tell, void *arg, struct hg_transfer_files *ret, GError **error)
{
	struct carry c = { hg_pg_files_new(database), dir, in, ret };
	gboolean done;

	*ret = (struct hg_transfer_files){ 0 };
	done = hg_store_begin(from, error);
	if (done) {
		done = carry_all(&c, from, tell, arg, error);
		hg_store_rollback(from);
	}
	hg_pg_files_free(c.files);
	return done;
}
