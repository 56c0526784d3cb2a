/* visitor_upload_disk.c - the files of an upload: bytes under its id, and beside them what is known of it */
#include "visitor_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "json.h"
#include "slurp.h"
#include "sniff.h"
#include "text.h"

#define KNOWN_MAX (16 << 10)		/* bytes of a file that says what is known */

static char *bytes_path(const char *dir, const char *id)
{
	return g_build_filename(dir, id, NULL);
}

static char *known_path(const char *dir, const char *id)
{
	return g_strdup_printf("%s/%s.json", dir, id);
}

void hg_visitor_upload_free(struct visitor_upload *upload)
{
	if (!upload)
		return;
	g_free(upload->uri);
	g_free(upload->channel);
	g_free(upload->name);
	g_free(upload->type);
	g_free(upload);
}

void hg_upload_disk_delete(const char *dir, const char *id)
{
	g_autofree char *bytes = bytes_path(dir, id), *known = known_path(dir, id);

	g_unlink(bytes);
	g_unlink(known);
}

/* ---- what is known ---- */

static gboolean write_known(const char *dir, const struct visitor_upload *upload, GError **error)
{
	g_autofree char *path = known_path(dir, upload->id);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GError) why = NULL;

	hg_json_open(out, '{');
	hg_json_add_str(out, "visitor", upload->uri);
	hg_json_add_str(out, "channel", upload->channel);
	hg_json_add_str(out, "name", upload->name);
	hg_json_add_str(out, "type", upload->type);
	hg_json_add_int(out, "bytes", upload->bytes);
	hg_json_add_int(out, "at", upload->at_ms);
	hg_json_add_str(out, "sha256", upload->sha256);
	hg_json_close(out, '}');
	if (g_file_set_contents_full(path, out->str, (gssize)out->len, G_FILE_SET_CONTENTS_CONSISTENT |
				     G_FILE_SET_CONTENTS_DURABLE, 0600, &why))
		return TRUE;
	return hg_fail(error, HG_ERROR_STORE, "uploads: %s", why->message);
}

static struct json_object *read_known(const char *dir, const char *id)
{
	g_autofree char *path = known_path(dir, id);
	g_autoptr(GString) text = g_string_new(NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	gboolean fine = fd >= 0 && hg_slurp(fd, KNOWN_MAX, "", text, NULL);

	if (fd >= 0)
		close(fd);
	return fine ? hg_json_parse(text->str, text->len, NULL, NULL) : NULL;
}

static struct visitor_upload *upload_of(struct json_object *known, const char *id, gint64 size)
{
	struct visitor_upload *upload = g_new0(struct visitor_upload, 1);

	g_strlcpy(upload->id, id, sizeof upload->id);
	upload->uri = g_strdup(hg_json_str(known, "visitor"));
	upload->channel = g_strdup(hg_json_str(known, "channel"));
	upload->name = g_strdup(hg_json_str(known, "name"));
	upload->type = g_strdup(hg_json_str(known, "type"));
	upload->bytes = hg_json_int(known, "bytes", -1);
	upload->at_ms = hg_json_int(known, "at", 0);
	g_strlcpy(upload->sha256, hg_json_str(known, "sha256") ?: "", sizeof upload->sha256);
	upload->offset = size;
	return upload;
}

static gboolean is_sound(const struct visitor_upload *upload)
{
	return upload->uri && upload->channel && upload->name && upload->type && upload->bytes > 0 &&
	       upload->offset >= 0 && upload->offset <= upload->bytes &&
	       (!*upload->sha256 || upload->offset == upload->bytes);
}

/* Of what is not done, the last piece may be what a power loss left of it; those before were on the disk before it came. */
static void go_back(struct visitor_upload *upload)
{
	if (!*upload->sha256)
		upload->offset = MAX(upload->offset - HG_UPLOAD_PIECE_MAX, 0);
}

/* A message has it: the engine has moved it to the attachments. */
static void take_moved(struct visitor_upload *upload)
{
	upload->said = *upload->sha256 != '\0';
	upload->offset = upload->said ? upload->bytes : -1;
}

struct visitor_upload *hg_upload_disk_look(const char *dir, const char *id)
{
	g_autofree char *path = bytes_path(dir, id);
	g_autoptr(json_object) known = read_known(dir, id);
	struct visitor_upload *upload = known ? upload_of(known, id, -1) : NULL;
	struct stat st;

	if (upload && g_lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		upload->offset = st.st_size;
	else if (upload)
		take_moved(upload);
	if (upload && is_sound(upload)) {
		go_back(upload);
		return upload;
	}
	hg_visitor_upload_free(upload);
	return NULL;
}

struct visitor_upload *hg_upload_disk_read(const char *dir, const char *id)
{
	g_autofree char *path = bytes_path(dir, id);
	struct visitor_upload *upload = hg_upload_disk_look(dir, id);

	if (upload && (*upload->sha256 || truncate(path, upload->offset) == 0))
		return upload;
	hg_visitor_upload_free(upload);
	hg_upload_disk_delete(dir, id);
	return NULL;
}

/* ---- bytes ---- */

static gboolean fail_disk(const char *path, GError **error)
{
	int code = errno == ENOSPC || errno == EDQUOT ? HG_ERROR_LIMIT : HG_ERROR_STORE;

	return hg_fail(error, code, "uploads: %s: %s", path, g_strerror(errno));
}

gboolean hg_upload_disk_begin(const char *dir, const struct visitor_upload *upload, GError **error)
{
	g_autofree char *path = bytes_path(dir, upload->id);
	int fd;

	if (!write_known(dir, upload, error))
		return FALSE;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		fail_disk(path, error);
		hg_upload_disk_delete(dir, upload->id);
		return FALSE;
	}
	close(fd);
	return TRUE;
}

static gboolean write_at(int fd, const guint8 *bytes, gsize len, gint64 offset)
{
	while (len) {
		ssize_t wrote = pwrite(fd, bytes, len, offset);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return FALSE;
		bytes += wrote;
		offset += wrote;
		len -= (gsize)wrote;
	}
	return TRUE;
}

/* A piece that fails halfway is as if it had never come. */
static gboolean add_bytes(int fd, const char *path, const struct visitor_upload *upload, const void *bytes, gsize len,
			  GError **error)
{
	if (write_at(fd, bytes, len, upload->offset) && fdatasync(fd) == 0)
		return TRUE;
	fail_disk(path, error);
	/* Should this fail too, the next piece is written over it all the same. */
	(void)!ftruncate(fd, upload->offset);
	return FALSE;
}

static gboolean hash_file(int fd, const char *path, char ret[65], GError **error)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	g_autofree guint8 *buffer = g_malloc(65536);
	g_autofree char *hex = NULL;
	guint8 sum[EVP_MAX_MD_SIZE];
	gint64 at = 0;
	ssize_t got;

	EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
	while ((got = pread(fd, buffer, 65536, at)) > 0) {
		EVP_DigestUpdate(hash, buffer, (gsize)got);
		at += got;
	}
	EVP_DigestFinal_ex(hash, sum, NULL);
	EVP_MD_CTX_free(hash);
	if (got < 0)
		return fail_disk(path, error);
	hex = hg_hex(sum, 32);
	g_strlcpy(ret, hex, 65);
	return TRUE;
}

/* The type it is to be kept as, or NULL: it lies.  Asked when enough of it is there, and at the end. */
static char *judge(int fd, const struct visitor_upload *upload, char **types)
{
	guint8 begin[HG_SNIFF_BYTES];
	ssize_t got = pread(fd, begin, sizeof begin, 0);
	g_autofree char *type = got > 0 ? hg_sniff_type(upload->type, begin, (gsize)got) : NULL;

	return type && hg_sniff_among(types, type) ? g_steal_pointer(&type) : NULL;
}

static enum upload_end end_of(int fd, const char *dir, const char *path, struct visitor_upload *upload, char **types,
			      GError **error)
{
	gboolean done = upload->offset == upload->bytes;
	g_autofree char *type = NULL;

	if (!done && upload->offset < HG_SNIFF_BYTES)
		return HG_UPLOAD_MORE;
	type = judge(fd, upload, types);
	if (!type)
		return HG_UPLOAD_LIES;
	if (!done)
		return HG_UPLOAD_MORE;
	g_free(upload->type);
	upload->type = g_steal_pointer(&type);
	/* Not done after all: the piece is taken back, so that the client may send it again. */
	if (hash_file(fd, path, upload->sha256, error) && write_known(dir, upload, error))
		return HG_UPLOAD_DONE;
	upload->sha256[0] = '\0';
	return HG_UPLOAD_MORE;
}

enum upload_end hg_upload_disk_add(const char *dir, struct visitor_upload *upload, const void *bytes, gsize len,
				   char **types, GError **error)
{
	g_autofree char *path = bytes_path(dir, upload->id);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	enum upload_end end = HG_UPLOAD_MORE;
	g_autoptr(GError) wrong = NULL;

	if (fd < 0) {
		fail_disk(path, error);
		return HG_UPLOAD_MORE;
	}
	if (add_bytes(fd, path, upload, bytes, len, &wrong)) {
		upload->offset += (gint64)len;
		end = end_of(fd, dir, path, upload, types, &wrong);
		if (wrong)
			upload->offset -= (gint64)len;
	}
	close(fd);
	if (end == HG_UPLOAD_LIES)
		hg_upload_disk_delete(dir, upload->id);
	if (wrong)
		g_propagate_error(error, g_steal_pointer(&wrong));
	return end;
}
