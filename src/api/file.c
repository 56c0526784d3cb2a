/* file.c - attachments up and down; the disk is touched on reader threads only */
#include <string.h>
#include "call.h"
#include "file_answer.h"

#define NAME_MAX_BYTES 255		/* as in the attachments of a reply */

struct file {
	/* up: lent by the request */
	const char *bytes;
	gsize len;
	const char *type, *name;
	struct hg_file_out out;		/* down */
};

static void file_free(void *arg)
{
	struct file *file = arg;

	hg_file_out_clear(&file->out);
	g_free(file);
}

static struct file *file_of(struct call *call)
{
	struct file *file = g_new0(struct file, 1);

	hg_file_out_init(&file->out);
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
	call->object = hg_arena_str(call->arena, sha256);
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

static void open_file(struct call *call, struct file *file, const hg_attachment *attachment)
{
	file->out.fd = hg_file_open(call->api->attachments, attachment, &file->out.size, &call->error);
	if (file->out.fd < 0)
		return;
	file->out.disposition = hg_file_disposition(attachment->name, FALSE);
	file->out.media = hg_file_media_type(attachment->type);
}

static void send_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	hg_attachment *attachment = NULL;

	if (!hg_store_attachment_by_id(store, call->arena, call->param[0], &attachment, &call->error))
		return;
	if (!attachment)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no attachment \"%.40s\"", call->param[0]);
	else
		open_file(call, call->extra, attachment);
}

static void send_done(void *arg)
{
	struct call *call = arg;
	struct file *file = call->extra;

	if (!call->error)
		hg_file_out_send(&file->out, g_steal_pointer(&call->req), NULL);
	hg_call_finish(call);
}

void hg_file_send(struct call *call)
{
	file_of(call);
	run(call, send_work, send_done);
}
