/* file_answer.c - stored files in answers: what a program or a browser is told of them */
#include "file_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "sniff.h"
#include "store.h"
#include "text.h"

char *hg_file_disposition(const char *given, gboolean shown)
{
	const char *how = shown ? "inline" : "attachment";
	g_autoptr(GString) plain = g_string_new(NULL);
	g_autofree char *name = hg_file_name(given), *coded = NULL;

	if (!name)
		return g_strdup_printf("Content-Disposition: %s", how);
	for (const char *p = name; *p; p++)
		g_string_append_c(plain, g_ascii_isalnum(*p) || strchr(".-_ ", *p) ? *p : '_');
	coded = g_uri_escape_string(name, NULL, FALSE);
	return g_strdup_printf("Content-Disposition: %s; filename=\"%s\"; filename*=UTF-8''%s", how, plain->str, coded);
}

char *hg_file_media_type(const char *type)
{
	const char *p = type;

	while (p && *p && (g_ascii_isalnum(*p) || strchr("/+-._ ;=", *p)))
		p++;
	return g_strdup(p && p > type && !*p ? type : "application/octet-stream");
}

gboolean hg_file_stored(const hg_attachment *attachment, GError **error)
{
	return attachment->state == HG_FILE_STORED ||
	       hg_fail(error, HG_ERROR_STATE, "attachment %s is %s%s%s", attachment->id, hg_file_state_word(attachment->state),
		       attachment->error ? ": " : "", attachment->error ? attachment->error : "");
}

int hg_file_open(const char *attachments, const hg_attachment *attachment, gint64 *ret_size, GError **error)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) why = NULL;
	struct stat st;
	int fd;

	if (!hg_file_stored(attachment, error))
		return -1;
	if (!hg_attachment_bring(attachments, attachment->sha256, &why)) {
		hg_fail(error, why->code == HG_ERROR_MISSING ? HG_ERROR_BROKEN : why->code, "attachment %s: its file cannot be read (%s)%s",
			attachment->id, why->message, why->code == HG_ERROR_MISSING ? "; run headgatectl fsck" : "");
		return -1;
	}
	path = hg_attachment_path(attachments, attachment->sha256);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd < 0 || fstat(fd, &st) < 0) {
		hg_fail(error, HG_ERROR_BROKEN, "attachment %s: its file cannot be read (%s); run headgatectl fsck",
			attachment->id, g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*ret_size = st.st_size;
	return fd;
}

void hg_file_out_init(struct hg_file_out *file)
{
	*file = (struct hg_file_out){ .fd = -1 };
}

void hg_file_out_clear(struct hg_file_out *file)
{
	if (file->fd >= 0)
		close(file->fd);
	g_free(file->disposition);
	g_free(file->media);
	hg_file_out_init(file);
}

/* What the bytes are decides whether a page may show it, never what somebody called it. */
gboolean hg_file_out_open(struct hg_file_out *file, const char *attachments, const hg_attachment *attachment, gboolean shown,
			  GError **error)
{
	guint8 begin[HG_SNIFF_BYTES];
	const char *type;
	ssize_t got;

	file->fd = hg_file_open(attachments, attachment, &file->size, error);
	if (file->fd < 0)
		return FALSE;
	got = pread(file->fd, begin, sizeof begin, 0);
	type = got > 0 ? hg_sniff(begin, (gsize)got) : NULL;
	shown = shown && hg_sniff_is_harmless(type);
	file->media = g_strdup(shown ? type : "application/octet-stream");
	file->disposition = hg_file_disposition(attachment->name, shown);
	return TRUE;
}

void hg_file_out_send(struct hg_file_out *file, hg_request *req, const char *const *more)
{
	g_autoptr(GPtrArray) headers = g_ptr_array_new();

	g_ptr_array_add(headers, file->disposition);
	g_ptr_array_add(headers, (gpointer)HG_FILE_POLICY);
	for (; more && *more; more++)
		g_ptr_array_add(headers, (gpointer)*more);
	g_ptr_array_add(headers, NULL);
	hg_request_answer(req, &(struct hg_answer){ .status = 200, .type = file->media,
		.headers = (const char *const *)headers->pdata, .fd = file->fd, .len = (gsize)file->size });
	file->fd = -1;
}

int hg_file_kind(const char *type)
{
	if (type && g_str_has_prefix(type, "image/"))
		return HG_IMAGE;
	if (type && g_str_has_prefix(type, "audio/"))
		return HG_AUDIO;
	return type && g_str_has_prefix(type, "video/") ? HG_VIDEO : HG_FILE;
}
