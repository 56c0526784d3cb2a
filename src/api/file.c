/* file.c - attachments up and down; the disk is touched on reader threads only */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "call.h"
#include "text.h"

#define NAME_MAX_BYTES 255		/* as in the attachments of a reply */

struct file {
	/* up: lent by the request */
	const char *bytes;
	gsize len;
	const char *type, *name;
	/* down: */
	int fd;
	gint64 size;
	char *disposition, *media;
};

static void file_free(void *arg)
{
	struct file *file = arg;

	if (file->fd >= 0)
		close(file->fd);
	g_free(file->disposition);
	g_free(file->media);
	g_free(file);
}

static struct file *file_of(struct call *call)
{
	struct file *file = g_new0(struct file, 1);

	file->fd = -1;
	call->extra = file;
	call->extra_free = file_free;
	return file;
}

static void run(struct call *call, void (*work)(hg_store *store, void *arg), void (*done)(void *arg))
{
	if (!hg_readers_run(call->api->readers, work, done, call, &call->error))
		hg_call_finish(call);
}

/* ---- up ---- */

static void upload_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	struct file *file = call->extra;
	hg_upload *upload = hg_upload_new(call->api->attachments, &call->error);
	char sha256[65];
	gint64 bytes;

	(void)store;
	if (!upload)
		return;
	if (!hg_upload_write(upload, file->bytes, file->len, &call->error)) {
		hg_upload_cancel(upload);
		return;
	}
	if (!hg_upload_finish(upload, sha256, &bytes, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "attachment");
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "sha256", sha256);
	hg_json_add_int(call->out, "bytes", bytes);
	hg_json_opt_str(call->out, "name", file->name);
	hg_json_opt_str(call->out, "type", file->type);
	hg_json_close(call->out, '}');
	hg_json_close(call->out, '}');
}

void hg_file_upload(struct call *call)
{
	struct file *file = file_of(call);

	file->bytes = hg_request_body(call->req, &file->len);
	file->type = hg_request_header(call->req, "Content-Type");
	file->name = hg_request_query(call->req, "name");
	if (!file->len)
		hg_fail(&call->error, HG_ERROR_INPUT, "the body is empty: send the file's bytes");
	else if (file->name && strlen(file->name) > NAME_MAX_BYTES)
		hg_fail(&call->error, HG_ERROR_LIMIT, "name has %zu bytes, at most %d fit", strlen(file->name),
			NAME_MAX_BYTES);
	if (call->error)
		hg_call_finish(call);
	else
		run(call, upload_work, hg_call_finish);
}

/* ---- down ---- */

/* RFC 6266 with RFC 8187's coding: a plain fallback and the UTF-8 form; always an attachment, never
 * shown inline. */
static char *disposition(const char *given)
{
	g_autoptr(GString) plain = g_string_new(NULL);
	g_autofree char *name = hg_file_name(given), *coded = NULL;

	if (!name)
		return g_strdup("Content-Disposition: attachment");
	for (const char *p = name; *p; p++)
		g_string_append_c(plain, g_ascii_isalnum(*p) || strchr(".-_ ", *p) ? *p : '_');
	coded = g_uri_escape_string(name, NULL, FALSE);
	return g_strdup_printf("Content-Disposition: attachment; filename=\"%s\"; filename*=UTF-8''%s",
			       plain->str, coded);
}

/* A media type that cannot smuggle a second header; anything odd is plain bytes. */
static char *media_type(const char *type)
{
	const char *p = type;

	while (p && *p && (g_ascii_isalnum(*p) || strchr("/+-._ ;=", *p)))
		p++;
	return g_strdup(p && p > type && !*p ? type : "application/octet-stream");
}

static void open_file(struct call *call, struct file *file, const hg_attachment *attachment)
{
	g_autofree char *path = hg_attachment_path(call->api->attachments, attachment->sha256);
	struct stat st;

	file->fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (file->fd < 0 || fstat(file->fd, &st) < 0) {
		hg_fail(&call->error, HG_ERROR_BROKEN, "attachment %s: its file cannot be read (%s); "
			"run headgatectl fsck", attachment->id, g_strerror(errno));
		return;
	}
	file->size = st.st_size;
	file->disposition = disposition(attachment->name);
	file->media = media_type(attachment->type);
}

static void send_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	hg_attachment *attachment = NULL;

	if (!hg_store_attachment_by_id(store, call->arena, call->param[0], &attachment, &call->error))
		return;
	if (!attachment)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no attachment \"%.40s\"", call->param[0]);
	else if (attachment->state != HG_FILE_STORED)
		hg_fail(&call->error, HG_ERROR_STATE, "attachment %s is %s%s%s", attachment->id,
			hg_file_state_word(attachment->state), attachment->error ? ": " : "",
			attachment->error ? attachment->error : "");
	else
		open_file(call, call->extra, attachment);
}

static void send_done(void *arg)
{
	struct call *call = arg;
	struct file *file = call->extra;
	const char *headers[] = { file->disposition, "Content-Security-Policy: default-src 'none'; sandbox", NULL };

	if (!call->error) {
		hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = 200,
			.type = file->media, .headers = headers, .fd = file->fd, .len = (gsize)file->size });
		file->fd = -1;
	}
	hg_call_finish(call);
}

void hg_file_send(struct call *call)
{
	file_of(call);
	run(call, send_work, send_done);
}
