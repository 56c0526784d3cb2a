/* visitor_upload_call.c - /client/v1/uploads: announced by POST, sent by PUT piece by piece (RFC 9110, section 14.4), asked
 * about by GET, taken back by DELETE */
#include <string.h>

#include "sniff.h"
#include "visitor_call.h"
#include "visitor_upload.h"

#define BODY_NAME_MAX 1024
#define UNSAID_FACTOR 2			/* so many messages' files may wait to be sent */

struct piece {				/* one request's hold on an upload */
	hg_visitor_uploads *uploads;
	struct visitor_upload *upload;
	enum upload_end end;
	gboolean gone;			/* it is to be forgotten */
};

/* However the request ends: the upload is free for the next one, or gone. */
static void piece_free(void *arg)
{
	struct piece *piece = arg;

	if (piece->gone)
		hg_visitor_upload_forget(piece->uploads, piece->upload);
	else
		piece->upload->writing = FALSE;
	g_free(piece);
}

static struct piece *hold(struct visitor_call *call, struct visitor_upload *upload)
{
	struct piece *piece = g_new0(struct piece, 1);

	upload->writing = TRUE;
	piece->uploads = call->visitors->uploads;
	piece->upload = upload;
	call->extra = piece;
	call->extra_free = piece_free;
	return piece;
}

static void write_state(const struct visitor_upload *upload, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", upload->id);
	hg_json_add_int(out, "offset", upload->offset);
	hg_json_add_int(out, "bytes", upload->bytes);
	hg_json_add_bool(out, "done", *upload->sha256 != '\0');
	hg_json_close(out, '}');
}

static gint64 largest(const struct visitor_call *call)
{
	return MIN(call->set->uploads.max, call->channel->media_max);
}

/* ---- POST: what is to come ---- */

static gboolean wanted(struct visitor_call *call, const char *type, gint64 bytes)
{
	char **types = call->set->uploads.types;

	if (!call->set->uploads.on)
		return hg_visitor_wrong(call, 403, "forbidden", "no files are taken here");
	if (bytes < 1)
		return hg_visitor_wrong(call, 400, "invalid-request", "\"bytes\" must say how long the file is, from 1 on");
	if (bytes > largest(call))
		return hg_visitor_wrong(call, 413, "file-too-large", "the file has %" G_GINT64_FORMAT " bytes, at most %"
					G_GINT64_FORMAT " are taken", bytes, largest(call));
	/* Who says nothing is judged by the bytes. */
	if (*type && strcmp(type, "application/octet-stream") != 0 && !hg_sniff_among(types, type))
		return hg_visitor_wrong(call, 415, "file-type", "files of type %.127s are not taken", type);
	return TRUE;
}

void hg_upload_post_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, BODY_NAME_MAX }, { "type", CALL_TEXT, 127 },
		{ "bytes", CALL_NUMBER, 0 }, { 0 } };
	g_autoptr(json_object) body = hg_asked_body(call->req, known, &call->error);
	struct visitor_upload *upload;
	const char *type;
	gint64 bytes;

	if (!body)
		return;
	type = hg_json_str(body, "type") ?: "";
	bytes = hg_json_int(body, "bytes", 0);
	if (!hg_visitor_within(call, VISITOR_RATE_UPLOADS) || !wanted(call, type, bytes))
		return;
	upload = hg_visitor_upload_add(call->visitors->uploads, hg_loop_env(call->visitors->env.loop), call->who.uri,
				       call->channel->name, hg_json_str(body, "name"), type, bytes,
				       (guint)(UNSAID_FACTOR * call->set->uploads.count), &call->error);
	if (upload)
		hold(call, upload)->gone = TRUE;	/* unless it gets its files */
	else if (g_error_matches(call->error, HG_ERROR, HG_ERROR_LIMIT))
		hg_visitor_wrong(call, 429, "too-many-files", "%s", call->error->message);
}

void hg_upload_post_read(struct visitor_call *call, hg_store *store)
{
	struct piece *piece = call->extra;
	const char *dir = hg_visitor_uploads_dir(piece->uploads);
	gint64 room = hg_store_free_bytes(store);

	/* The messages of everybody need what is left. */
	if (room >= 0 && room - piece->upload->bytes < call->conf->store.min_free)
		hg_visitor_wrong(call, 507, "disk-full", "there is no room for files now; try again later");
	else
		piece->gone = !hg_upload_disk_begin(dir, piece->upload, &call->error);
	if (!call->error)
		write_state(piece->upload, call->out);
}

/* ---- GET ---- */

static struct visitor_upload *named(struct visitor_call *call)
{
	struct visitor_upload *upload = hg_visitor_upload_find(call->visitors->uploads, call->who.uri, call->channel->name,
							       call->param[0]);

	if (!upload)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no upload \"%.40s\" of yours (any more): begin again",
			call->param[0]);
	return upload;
}

void hg_upload_get_begin(struct visitor_call *call)
{
	const struct visitor_upload *upload = named(call);

	if (upload)
		write_state(upload, call->out);
}

/* ---- PUT: a piece ---- */

/* A number from 0 on, of digits only. */
static gboolean read_number(const char **at, gint64 *ret)
{
	gsize digits = strspn(*at, "0123456789");

	if (!digits || digits > 15)
		return FALSE;
	*ret = g_ascii_strtoll(*at, NULL, 10);
	*at += digits;
	return TRUE;
}

static gboolean skip(const char **at, const char *what)
{
	if (!g_str_has_prefix(*at, what))
		return FALSE;
	*at += strlen(what);
	return TRUE;
}

gboolean hg_upload_range_read(const char *header, gint64 *ret_first, gint64 *ret_last, gint64 *ret_total)
{
	return header && skip(&header, "bytes ") && read_number(&header, ret_first) && skip(&header, "-") &&
	       read_number(&header, ret_last) && skip(&header, "/") && read_number(&header, ret_total) && !*header &&
	       *ret_first <= *ret_last && *ret_last < *ret_total;
}

/* Where to go on is told in the problem: an answer may have got lost. */
static void wrong_offset(struct visitor_call *call, const struct visitor_upload *upload)
{
	call->more = g_string_new(NULL);
	hg_json_add_int(call->more, "offset", upload->offset);
	hg_visitor_wrong(call, 409, "upload-offset", "go on at byte %" G_GINT64_FORMAT, upload->offset);
}

void hg_upload_put_begin(struct visitor_call *call)
{
	struct visitor_upload *upload = named(call);
	gint64 first, last, total;
	gsize len;

	if (!upload)
		return;
	hg_request_body(call->req, &len);
	if (!hg_upload_range_read(hg_request_header(call->req, "Content-Range"), &first, &last, &total) ||
	    (guint64)(last - first) + 1 != len)
		hg_visitor_wrong(call, 400, "invalid-request", "Content-Range must be \"bytes FIRST-LAST/TOTAL\" and fit the "
				 "body");
	else if (total != upload->bytes)
		hg_visitor_wrong(call, 409, "wrong-state", "%" G_GINT64_FORMAT " bytes were announced", upload->bytes);
	else if (upload->writing)
		hg_fail(&call->error, HG_ERROR_BUSY, "another piece of this file is just being written");
	else if (first != upload->offset)
		wrong_offset(call, upload);
	else
		hold(call, upload);
}

void hg_upload_put_read(struct visitor_call *call, hg_store *store)
{
	struct piece *piece = call->extra;
	gsize len;
	const char *bytes = hg_request_body(call->req, &len);

	(void)store;
	piece->end = hg_upload_disk_add(hg_visitor_uploads_dir(piece->uploads), piece->upload, bytes, len,
					call->set->uploads.types, &call->error);
	piece->gone = piece->end == HG_UPLOAD_LIES;
	if (piece->gone)
		hg_visitor_wrong(call, 415, "file-type", "what came is %s, or of a type that is not taken",
				 *piece->upload->type ? "not what it was announced as" : "of unknown type");
	else if (g_error_matches(call->error, HG_ERROR, HG_ERROR_LIMIT))
		hg_visitor_wrong(call, 507, "disk-full", "there is no room for files now; try again later");
	else if (!call->error)
		write_state(piece->upload, call->out);
}

/* ---- DELETE ---- */

void hg_upload_delete_begin(struct visitor_call *call)
{
	struct visitor_upload *upload = named(call);

	if (upload && (upload->writing || upload->held))
		hg_fail(&call->error, HG_ERROR_BUSY, "the file is just being written, or sent");
	else if (upload)
		hold(call, upload);
}

void hg_upload_delete_read(struct visitor_call *call, hg_store *store)
{
	struct piece *piece = call->extra;

	(void)store;
	piece->gone = TRUE;
	hg_upload_disk_delete(hg_visitor_uploads_dir(piece->uploads), piece->upload->id);
}
