/* visitor_file.c - /client/v1/files: stored files by signed links that end
 *
 * A link is for whoever has it, as pictures in a page need it: no header can go with them.  So it is made for those who
 * may see the message, for an hour or so, and says nothing but the file and its end. */
#include <string.h>

#include "file_answer.h"
#include "file_link.h"
#include "sniff.h"
#include "text.h"
#include "visitor_call.h"
#include "visitor_json.h"

#define LINK_MS (60 * 60 * 1000)	/* at least; ... */
#define STEP_MS (30 * 60 * 1000)	/* ... ends are multiples of this, so that a link stays the same for a while */
#define PATH "/client/v1/files/"

struct file {
	gint64 ends_ms;
	gboolean shown;			/* in the page; else it is saved */
	struct hg_file_out out;
};

/* ---- links ---- */

gboolean hg_visitor_file_link(const struct visitor_eyes *eyes, const hg_attachment *file, GString *ret_url)
{
	gint64 ends_s = ((eyes->now_ms + LINK_MS) / STEP_MS + 1) * STEP_MS / 1000;
	const struct hg_link_keys keys = { hg_store_instance_key(eyes->store), eyes->conf->files.link_secrets };
	g_autofree char *link = hg_link_make(&keys, HG_LINK_VISITOR, file->id, ends_s);

	g_string_append_printf(ret_url, "%s" PATH "%s%s", eyes->conf->gateway.public_url ?: "", file->id, link);
	/* By its label; the bytes have the last word when they are asked for. */
	return hg_sniff_is_harmless(file->type);
}

/* ---- GET ---- */

static void file_free(void *arg)
{
	struct file *file = arg;

	hg_file_out_clear(&file->out);
	g_free(file);
}

/* A link that was never made is like a file that never was. */
static gboolean holds(struct visitor_call *call, gint64 *ret_ends_s)
{
	const struct hg_link_keys keys = { call->visitors->env.key, call->conf->files.link_secrets };
	enum hg_link_fate fate = hg_link_look(&keys, HG_LINK_VISITOR, call->param[0], hg_request_query(call->req, "e"),
					      hg_request_query(call->req, "s"), call->now_ms, ret_ends_s);

	if (fate == HG_LINK_NONE)
		return hg_fail(&call->error, HG_ERROR_MISSING, "there is no such file");
	if (fate == HG_LINK_EXPIRED)
		return hg_visitor_wrong(call, 410, "link-expired", "the link has expired: the message has a new one when it is "
					"read again");
	return TRUE;
}

void hg_visitor_file_begin(struct visitor_call *call)
{
	struct file *file;
	gint64 ends_s = 0;

	if (!holds(call, &ends_s))
		return;
	file = g_new0(struct file, 1);
	file->ends_ms = ends_s * 1000;
	hg_file_out_init(&file->out);
	file->shown = !hg_request_query(call->req, "download");
	call->extra = file;
	call->extra_free = file_free;
}

/* Not of a message that was taken back. */
static gboolean is_said(struct visitor_call *call, hg_store *store, const hg_attachment *attachment)
{
	hg_message *message = NULL;

	if (!hg_store_message_get(store, call->arena, attachment->message_n, &message, &call->error))
		return FALSE;
	return message && !message->revoked_ms && message->direction != HG_NOTE;
}

void hg_visitor_file_read(struct visitor_call *call, hg_store *store)
{
	struct file *file = call->extra;
	hg_attachment *attachment = NULL;

	if (!hg_store_attachment_by_id(store, call->arena, call->param[0], &attachment, &call->error))
		return;
	if (!attachment || !is_said(call, store, attachment)) {
		if (!call->error)
			hg_fail(&call->error, HG_ERROR_MISSING, "there is no such file (any more)");
		return;
	}
	hg_file_out_open(&file->out, call->visitors->env.attachments, attachment, file->shown, &call->error);
}

void hg_visitor_file_end(struct visitor_call *call)
{
	struct file *file = call->extra;
	g_autofree char *cache = g_strdup_printf("Cache-Control: private, immutable, max-age=%" G_GINT64_FORMAT,
						 MAX(file->ends_ms - call->now_ms, 0) / 1000);
	const char *more[] = { "Cross-Origin-Resource-Policy: cross-origin",
				  "Access-Control-Allow-Origin: *", "Referrer-Policy: no-referrer", cache, NULL };

	hg_file_out_send(&file->out, g_steal_pointer(&call->req), more);
	hg_visitor_finish(call);
}
