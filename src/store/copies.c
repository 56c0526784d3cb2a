/* copies.c - a directory that holds copies of files which the database keeps
 *
 * A copy that was written or asked for lately stays, so that who has its path finds it there.  The others go when they are too
 * many, and all that the database does not have any more, whichever node erased them. */
#include "copies.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "log.h"
#include "postgres_files.h"
#include "text.h"

#define TIDY_S	   60
#define USED_S	   (10 * 60)		/* a path that was given is followed within so long */
#define UNUSED_S   (24 * 60 * 60)
#define ASK	   500		/* names in one question */
#define COPIES_MAX (G_GINT64_CONSTANT(1) << 30)	/* bytes of copies that nobody uses just now */

struct hg_copies {
	char *dir;			/* ours */
	struct hg_pg_files *files;	/* ours */
	struct hg_env *env;		/* lent */
	guint holders;			/* under registry_lock */
	GThread *thread;		/* NULL: nobody clears up */
	GMutex lock;
	GCond ends;
	gboolean ending;		/* under lock */
};

static GMutex registry_lock;
static GHashTable *registry;		/* directory -> struct hg_copies; both of whoever has it open */

/* ---- who has it open ---- */

static void *tidy_main(void *arg)
{
	struct hg_copies *copies = arg;
	gboolean ending = FALSE;

	while (!ending) {
		gint64 until = g_get_monotonic_time() + TIDY_S * G_TIME_SPAN_SECOND;

		hg_copies_tidy(copies);
		g_mutex_lock(&copies->lock);
		while (!copies->ending && g_cond_wait_until(&copies->ends, &copies->lock, until))
			;
		ending = copies->ending;
		g_mutex_unlock(&copies->lock);
	}
	return NULL;
}

struct hg_copies *hg_copies_open(const struct hg_store_options *options)
{
	struct hg_copies *copies;

	g_mutex_lock(&registry_lock);
	if (!registry)
		registry = g_hash_table_new(g_str_hash, g_str_equal);
	copies = g_hash_table_lookup(registry, options->attachments);
	if (!copies) {
		copies = g_new0(struct hg_copies, 1);
		copies->dir = g_strdup(options->attachments);
		copies->files = hg_pg_files_new(options);
		copies->env = options->env;
		g_mutex_init(&copies->lock);
		g_cond_init(&copies->ends);
		g_hash_table_insert(registry, copies->dir, copies);
	}
	copies->holders++;
	g_mutex_unlock(&registry_lock);
	return copies;
}

void hg_copies_tend(struct hg_copies *copies)
{
	g_mutex_lock(&registry_lock);
	if (!copies->thread)
		copies->thread = g_thread_new("copies", tidy_main, copies);
	g_mutex_unlock(&registry_lock);
}

static void copies_free(struct hg_copies *copies)
{
	g_mutex_lock(&copies->lock);
	copies->ending = TRUE;
	g_cond_signal(&copies->ends);
	g_mutex_unlock(&copies->lock);
	if (copies->thread)
		g_thread_join(copies->thread);
	hg_pg_files_free(copies->files);
	g_mutex_clear(&copies->lock);
	g_cond_clear(&copies->ends);
	g_free(copies->dir);
	g_free(copies);
}

void hg_copies_close(struct hg_copies *copies)
{
	gboolean last;

	if (!copies)
		return;
	g_mutex_lock(&registry_lock);
	last = --copies->holders == 0;
	if (last)
		g_hash_table_remove(registry, copies->dir);
	if (registry && !g_hash_table_size(registry))
		g_clear_pointer(&registry, g_hash_table_unref);
	g_mutex_unlock(&registry_lock);
	if (last)
		copies_free(copies);
}

struct hg_copies *hg_copies_of(const char *attachments)
{
	struct hg_copies *copies;

	g_mutex_lock(&registry_lock);
	copies = registry && attachments ? g_hash_table_lookup(registry, attachments) : NULL;
	g_mutex_unlock(&registry_lock);
	return copies;
}

/* ---- to the database ---- */

static gboolean must_be_there(struct hg_copies *copies, const char *sha256, GError **error)
{
	gint64 bytes;

	if (!hg_pg_file_need(copies->files, sha256, &bytes, error))
		return FALSE;
	return bytes >= 0 || hg_fail(error, HG_ERROR_STORE, "attachments: %s is neither here nor in the database", sha256);
}

gboolean hg_copies_put(struct hg_copies *copies, const char *path, const char *sha256, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	gboolean done;

	if (fd < 0 && errno == ENOENT)
		return must_be_there(copies, sha256, error);
	if (fd < 0 || fstat(fd, &st) < 0) {
		hg_fail(error, HG_ERROR_STORE, "attachments: %s: %s", path, g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return FALSE;
	}
	done = hg_pg_file_put(copies->files, sha256, fd, st.st_size, error);
	close(fd);
	return done;
}

/* ---- from the database ---- */

struct sum { EVP_MD_CTX *hash; gint64 bytes; hg_file_bytes *heard; void *arg; };

static gboolean add(void *arg, const void *bytes, gsize len)
{
	struct sum *sum = arg;

	if (!EVP_DigestUpdate(sum->hash, bytes, len))
		g_error("OpenSSL: SHA-256 failed");
	sum->bytes += (gint64)len;
	return sum->heard(sum->arg, bytes, len);
}

gboolean hg_copies_sum(struct hg_copies *copies, const char *sha256, hg_file_bytes *heard, void *arg, char ret_hex[65], gint64 *ret_bytes,
		       GError **error)
{
	struct sum sum = { EVP_MD_CTX_new(), 0, heard, arg };
	g_autofree char *hex = NULL;
	guint8 hash[32];
	gint64 said = -1;
	gboolean done;

	if (!sum.hash || !EVP_DigestInit_ex(sum.hash, EVP_sha256(), NULL))
		g_error("OpenSSL: SHA-256 failed");
	done = hg_pg_file_get(copies->files, sha256, add, &sum, &said, error);
	if (!EVP_DigestFinal_ex(sum.hash, hash, NULL))
		g_error("OpenSSL: SHA-256 failed");
	EVP_MD_CTX_free(sum.hash);
	hex = hg_hex(hash, sizeof(hash));
	g_strlcpy(ret_hex, said < 0 || said == sum.bytes ? hex : "", 65);	/* of another length than was said: it is none of it */
	*ret_bytes = said < 0 ? -1 : sum.bytes;
	return done;
}

static gboolean keep(void *upload, const void *bytes, gsize len)
{
	return hg_upload_write(upload, bytes, len, NULL);
}

static gboolean fetch(struct hg_copies *copies, const char *sha256, GError **error)
{
	hg_upload *upload = hg_upload_new(copies->dir, error);
	char hex[65];
	gint64 bytes;

	if (!upload)
		return FALSE;
	if (!hg_copies_sum(copies, sha256, keep, upload, hex, &bytes, error)) {
		hg_upload_cancel(upload);
		return FALSE;
	}
	if (bytes < 0 || strcmp(hex, sha256) != 0) {
		hg_upload_cancel(upload);
		return hg_fail(error, HG_ERROR_MISSING, bytes < 0 ? "the database has no file %s" : "file %s was changed in the database",
			       sha256);
	}
	return hg_upload_keep_copy(upload, sha256, error);
}

gboolean hg_attachment_bring(const char *attachments, const char *sha256, GError **error)
{
	struct hg_copies *copies = hg_copies_of(attachments);
	g_autofree char *path = copies ? hg_attachment_path(attachments, sha256) : NULL;

	/* Used just now: it stays for a while. */
	if (!path || utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0)
		return TRUE;
	return fetch(copies, sha256, error);
}

gboolean hg_attachment_is_near(const char *attachments, const char *sha256)
{
	g_autofree char *path = hg_copies_of(attachments) ? hg_attachment_path(attachments, sha256) : NULL;

	return !path || utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0;
}

gboolean hg_attachment_size(const char *attachments, const char *sha256, gint64 *ret_bytes, GError **error)
{
	struct hg_copies *copies = hg_copies_of(attachments);
	g_autofree char *path = hg_attachment_path(attachments, sha256);
	struct stat st;

	*ret_bytes = -1;
	if (path && copies)
		return hg_pg_file_need(copies->files, sha256, ret_bytes, error);
	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		*ret_bytes = st.st_size;
	return TRUE;
}

/* ---- clearing up ---- */

static void unlink_copy(const struct hg_copies *copies, const char *sha256)
{
	g_autofree char *path = hg_attachment_path(copies->dir, sha256);

	if (path)
		unlink(path);
}

gboolean hg_copies_delete(struct hg_copies *copies, const char *sha256, gint64 young_ms)
{
	gboolean young;

	if (!hg_pg_file_delete(copies->files, sha256, young_ms, &young, NULL) || young)
		return FALSE;
	unlink_copy(copies, sha256);
	return TRUE;
}

struct copy { char sha256[65]; gint64 bytes, used_s; };

static void list_shard(const char *dir_name, GArray *ret)
{
	g_autoptr(GDir) dir = g_dir_open(dir_name, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(dir_name, name, NULL);
		struct copy copy = { .bytes = 0 };
		struct stat st;

		if (strlen(name) != 64 || lstat(path, &st) < 0)
			continue;
		g_strlcpy(copy.sha256, name, sizeof(copy.sha256));
		copy.bytes = st.st_size;
		copy.used_s = (gint64)st.st_mtime;
		g_array_append_val(ret, copy);
	}
}

static int oldest_first(const void *a, const void *b)
{
	const struct copy *one = a, *other = b;

	return one->used_s < other->used_s ? -1 : one->used_s > other->used_s;
}

static GArray *list_copies(const struct hg_copies *copies)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct copy));

	for (int i = 0; i < 256; i++) {
		g_autofree char *shard = g_strdup_printf("%s/%02x", copies->dir, (guint)i);

		list_shard(shard, all);
	}
	g_array_sort(all, oldest_first);
	return all;
}

/* NULL: the database cannot be asked. */
static GHashTable *known_of(struct hg_copies *copies, const GArray *all)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < all->len; i += ASK) {
		g_autoptr(GString) names = g_string_new(NULL);

		for (guint k = i; k < MIN(i + ASK, all->len); k++)
			g_string_append_printf(names, "%s%s", names->len ? "," : "", g_array_index(all, struct copy, k).sha256);
		if (!hg_pg_files_known(copies->files, names->str, known, NULL))
			return NULL;
	}
	return g_steal_pointer(&known);
}

/* A node that cannot ask keeps what it has. */
static void tidy_copies(struct hg_copies *copies)
{
	g_autoptr(GArray) all = list_copies(copies);
	g_autoptr(GHashTable) known = known_of(copies, all);
	gint64 now_s = hg_now(copies->env) / 1000, bytes = 0;

	for (guint i = 0; i < all->len; i++)
		bytes += g_array_index(all, struct copy, i).bytes;
	for (guint i = 0; known && i < all->len; i++) {
		const struct copy *copy = &g_array_index(all, struct copy, i);
		gint64 idle_s = now_s - copy->used_s;

		if (g_hash_table_contains(known, copy->sha256) && idle_s < UNUSED_S && (bytes <= COPIES_MAX || idle_s < USED_S))
			continue;
		unlink_copy(copies, copy->sha256);
		bytes -= copy->bytes;
	}
}

void hg_copies_tidy(struct hg_copies *copies)
{
	g_autoptr(GError) error = NULL;
	gint64 gone = 0;

	tidy_copies(copies);
	if (!hg_pg_file_sweep(copies->files, HG_UNNAMED_MS, &gone, &error))
		hg_warn(NULL, "files.tidy", "what nobody names could not be deleted, it is tried again: %s", error->message);
	else if (gone)
		hg_info(NULL, "files.tidy", "%" G_GINT64_FORMAT " files that no message names were deleted", gone);
}
