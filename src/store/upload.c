/* upload.c - attachment files, named by their SHA-256, on disk before the commit that names them */
#include "sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copies.h"
#include "failpoint.h"
#include "text.h"

#define HASH_SIZE 32

struct hg_upload {
	char *dir, *name;	/* ours: attachments directory, temporary file */
	int fd;
	EVP_MD_CTX *hash;	/* ours */
	gint64 bytes;
};

/* ---- names ---- */
static gboolean hash_is(const char *sha256)
{
	guint8 bytes[HASH_SIZE];

	/* Lower case only: one file has one name. */
	for (const char *p = sha256; p && *p; p++)
		if (g_ascii_isupper(*p))
			return FALSE;
	return sha256 && strlen(sha256) == 2 * HASH_SIZE && hg_unhex(sha256, bytes, HASH_SIZE);
}

char *hg_attachment_path(const char *attachments, const char *sha256)
{
	return hash_is(sha256) ? g_strdup_printf("%s/%.2s/%s", attachments, sha256, sha256) : NULL;
}

/* ---- directories ---- */
static gboolean sync_dir(const char *dir, GError **error)
{
	return hg_dir_sync(dir) || hg_fail(error, HG_ERROR_STORE, "attachments: %s: %s", dir, g_strerror(errno));
}

static gboolean make_dir(const char *dir, GError **error)
{
	return hg_dir_make(dir) ||
	       hg_fail(error, HG_ERROR_STORE, "attachments: cannot create %s: %s", dir, g_strerror(errno));
}

static gboolean make_top(const char *attachments, char **ret_tmp, GError **error)
{
	g_autofree char *tmp = g_build_filename(attachments, HG_STORE_TMP, NULL);

	if (!make_dir(tmp, error))
		return FALSE;
	*ret_tmp = g_steal_pointer(&tmp);
	return TRUE;
}

/* What lies in the temporary directory was left by a crash, for at a start nobody uploads; but other nodes do. */
static void drop_leftover(const char *path, gint64 before_ms)
{
	struct stat st;

	if (stat(path, &st) == 0 && (gint64)st.st_mtime * 1000 < before_ms)
		unlink(path);
}

gboolean hg_attachments_prepare(const char *attachments, gint64 before_ms, GError **error)
{
	g_autofree char *tmp = NULL;
	g_autoptr(GDir) dir = NULL;
	const char *name;

	if (!make_top(attachments, &tmp, error))
		return FALSE;
	dir = g_dir_open(tmp, 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(tmp, name, NULL);

		drop_leftover(path, before_ms);
	}
	return TRUE;
}

/* ---- uploads ---- */
static void upload_free(hg_upload *upload)
{
	if (upload->fd >= 0)
		close(upload->fd);
	if (upload->name)
		unlink(upload->name);
	EVP_MD_CTX_free(upload->hash);
	g_free(upload->name);
	g_free(upload->dir);
	g_free(upload);
}

hg_upload *hg_upload_new(const char *attachments, GError **error)
{
	g_autofree char *tmp = NULL;
	hg_upload *upload;
	char *name;

	if (!make_top(attachments, &tmp, error))
		return NULL;
	name = g_build_filename(tmp, "upload-XXXXXX", NULL);
	upload = g_new0(hg_upload, 1);
	upload->dir = g_strdup(attachments);
	upload->fd = g_mkstemp_full(name, O_WRONLY | O_CLOEXEC, 0600);
	if (upload->fd < 0) {
		hg_fail(error, HG_ERROR_STORE, "attachments: cannot create %s: %s", name, g_strerror(errno));
		g_free(name);
		upload_free(upload);
		return NULL;
	}
	upload->name = name;
	upload->hash = EVP_MD_CTX_new();
	if (!upload->hash || !EVP_DigestInit_ex(upload->hash, EVP_sha256(), NULL))
		g_error("OpenSSL: SHA-256 failed");
	return upload;
}

gboolean hg_upload_write(hg_upload *upload, const void *bytes, gsize len, GError **error)
{
	const guint8 *next = bytes;

	if (!EVP_DigestUpdate(upload->hash, bytes, len))
		g_error("OpenSSL: SHA-256 failed");
	upload->bytes += (gint64)len;
	while (len) {
		ssize_t wrote = write(upload->fd, next, len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return hg_fail(error, HG_ERROR_STORE, "attachments: %s: %s", upload->name, g_strerror(errno));
		next += wrote;
		len -= (gsize)wrote;
	}
	return TRUE;
}

/* The file takes its name; one that is there already has the same content and is replaced, which
 * also mends a damaged one. */
static gboolean take_name(const char *attachments, const char *from, const char *sha256, gboolean may_be_gone,
			  GError **error)
{
	g_autofree char *path = hg_attachment_path(attachments, sha256);
	g_autofree char *shard = path ? g_path_get_dirname(path) : NULL;

	if (!path)
		return hg_fail(error, HG_ERROR_INPUT, "attachments: %s: its hash is none", from);
	if (!make_dir(shard, error))
		return FALSE;
	if (HG_FAILPOINT(FILE_SYNCED) || (rename(from, path) < 0 && !(may_be_gone && errno == ENOENT)))
		return hg_fail(error, HG_ERROR_STORE, "attachments: %s: %s", path, g_strerror(errno));
	(void)HG_FAILPOINT(FILE_NAMED);
	return sync_dir(shard, error);
}

/* What the database keeps is put there before it has a name here; what lies here is a copy. */
static gboolean upload_name(hg_upload *upload, const char *sha256, gboolean copy_only, GError **error)
{
	struct hg_copies *copies = hg_copies_of(upload->dir);

	if (!copies && fsync(upload->fd) < 0)
		return hg_fail(error, HG_ERROR_STORE, "attachments: %s: %s", upload->name, g_strerror(errno));
	if (copies && !copy_only && !hg_copies_put(copies, upload->name, sha256, error))
		return FALSE;
	if (!take_name(upload->dir, upload->name, sha256, FALSE, error))
		return FALSE;
	g_clear_pointer(&upload->name, g_free);
	return TRUE;
}

gboolean hg_attachment_move(const char *attachments, const char *path, const char *sha256, GError **error)
{
	struct hg_copies *copies = hg_copies_of(attachments);

	return (!copies || hg_copies_put(copies, path, sha256, error)) && take_name(attachments, path, sha256, TRUE, error);
}

gboolean hg_upload_keep_copy(hg_upload *upload, const char *sha256, GError **error)
{
	gboolean done = upload_name(upload, sha256, TRUE, error);

	upload_free(upload);
	return done;
}

gboolean hg_upload_finish(hg_upload *upload, char ret_sha256[65], gint64 *ret_bytes, GError **error)
{
	guint8 hash[HASH_SIZE];
	g_autofree char *hex = NULL;
	gboolean done;

	if (!EVP_DigestFinal_ex(upload->hash, hash, NULL))
		g_error("OpenSSL: SHA-256 failed");
	hex = hg_hex(hash, sizeof(hash));
	done = upload_name(upload, hex, FALSE, error);
	if (done) {
		memcpy(ret_sha256, hex, 2 * HASH_SIZE + 1);
		*ret_bytes = upload->bytes;
	}
	upload_free(upload);
	return done;
}

void hg_upload_cancel(hg_upload *upload)
{
	if (upload)
		upload_free(upload);
}
