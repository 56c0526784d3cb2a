/* http_call_body.c - the body of an outgoing request: bytes, files, or a form of both; read once
 *
 * Not curl_mime: curl could wind that back, and send it again (http_call.c). */
#include <config.h>

#include "http_call_body.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env.h"
#include "fail.h"
#include "http_client.h"
#include "text.h"

struct segment {
	char *bytes;		/* ours; NULL: fd */
	int fd;			/* ours; -1 with bytes */
	guint64 size;		/* as it is sent */
	gboolean base64;
	guint64 file_size;	/* of base64: as it is on disk */
};

struct hg_body {
	GArray *segments;	/* struct segment */
	guint64 size;
	guint at;		/* segment being read ... */
	guint64 done;		/* ... and how much of it */
	char boundary[33];
	char type[100];
};

static void segment_clear(void *data)
{
	struct segment *segment = data;

	g_free(segment->bytes);
	if (segment->fd >= 0)
		close(segment->fd);
}

void hg_body_free(hg_body *body)
{
	if (!body)
		return;
	g_array_free(body->segments, TRUE);
	g_free(body);
}

static void add_bytes(hg_body *body, const void *bytes, gsize len)
{
	struct segment segment = { .bytes = g_memdup2(bytes, len), .fd = -1, .size = len };

	if (!len)
		return;
	g_array_append_val(body->segments, segment);
	body->size += len;
}

static gboolean add_file(hg_body *body, const char *path, gboolean base64, GError **error)
{
	struct segment segment = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .base64 = base64 };
	struct stat st;

	if (segment.fd < 0 || fstat(segment.fd, &st) || !S_ISREG(st.st_mode)) {
		int err = segment.fd < 0 ? errno : EINVAL;

		segment_clear(&segment);
		return hg_fail(error, HG_ERROR_INPUT, "cannot send file %s: %s", path, g_strerror(err));
	}
	segment.file_size = (guint64)st.st_size;
	segment.size = base64 ? (segment.file_size + 2) / 3 * 4 : segment.file_size;
	g_array_append_val(body->segments, segment);
	body->size += segment.size;
	return TRUE;
}

/* RFC 7578 with the WHATWG escapes: what would end the quotes or the line is %-escaped. */
static void add_quoted(GString *out, const char *key, const char *value)
{
	g_string_append_printf(out, "; %s=\"", key);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\r' || *c == '\n')
			g_string_append_printf(out, "%%%02X", *c);
		else
			g_string_append_c(out, *c);
	}
	g_string_append_c(out, '"');
}

static gboolean add_part(hg_body *body, const struct hg_client_part *part, GError **error)
{
	g_autoptr(GString) head = g_string_new(NULL);
	g_autofree char *name = hg_file_name(part->filename);

	if (part->type && strpbrk(part->type, "\r\n"))
		return hg_fail(error, HG_ERROR_INPUT, "media type of part %s has a line break", part->name);
	g_string_append_printf(head, "--%s\r\nContent-Disposition: form-data", body->boundary);
	add_quoted(head, "name", part->name);
	if (part->filename)
		add_quoted(head, "filename", name ? name : "file");
	if (part->type)
		g_string_append_printf(head, "\r\nContent-Type: %s", part->type);
	g_string_append(head, "\r\n\r\n");
	add_bytes(body, head->str, head->len);
	if (!part->path)
		add_bytes(body, part->data, part->len);
	else if (!add_file(body, part->path, FALSE, error))
		return FALSE;
	add_bytes(body, "\r\n", 2);
	return TRUE;
}

static gboolean add_form(hg_body *body, const struct hg_client_call *call, struct hg_env *env, GError **error)
{
	guint8 random[16];
	g_autofree char *hex = NULL;
	char end[40];
	int len;

	env->random(env, random, sizeof(random));
	hex = hg_hex(random, sizeof(random));
	g_strlcpy(body->boundary, hex, sizeof(body->boundary));
	g_snprintf(body->type, sizeof(body->type), "Content-Type: multipart/form-data; boundary=%s",
		   body->boundary);
	for (gsize i = 0; i < call->n_parts; i++)
		if (!add_part(body, &call->parts[i], error))
			return FALSE;
	len = g_snprintf(end, sizeof(end), "--%s--\r\n", body->boundary);
	add_bytes(body, end, len);
	return TRUE;
}

static gboolean add_pieces(hg_body *body, const struct hg_client_call *call, GError **error)
{
	for (gsize i = 0; i < call->n_pieces; i++) {
		const struct hg_client_piece *piece = &call->pieces[i];

		if (!piece->path)
			add_bytes(body, piece->data, piece->len);
		else if (!add_file(body, piece->path, piece->base64, error))
			return FALSE;
	}
	return TRUE;
}

hg_body *hg_body_new(const struct hg_client_call *call, struct hg_env *env, GError **error)
{
	g_autoptr(hg_body) body = g_new0(hg_body, 1);

	body->segments = g_array_new(FALSE, FALSE, sizeof(struct segment));
	g_array_set_clear_func(body->segments, segment_clear);
	if (call->n_parts ? !add_form(body, call, env, error) : !add_pieces(body, call, error))
		return NULL;
	if (!call->n_parts && !call->n_pieces)
		add_bytes(body, call->body, call->len);
	return g_steal_pointer(&body);
}

guint64 hg_body_size(const hg_body *body)
{
	return body->size;
}

const char *hg_body_type(const hg_body *body)
{
	return body->type[0] ? body->type : NULL;
}

const char *hg_body_bytes(const hg_body *body)
{
	return body->segments->len == 1 ? g_array_index(body->segments, struct segment, 0).bytes : NULL;
}

#define CODED_AT_ONCE 4096		/* letters, a multiple of four */

/* Letters from any place on: four of them stand for three bytes of the file. */
static gssize read_coded(const struct segment *segment, guint64 from, char *out, gsize size)
{
	guint8 bytes[CODED_AT_ONCE / 4 * 3];
	guint64 begin = from / 4 * 3;
	gsize want = MIN(sizeof(bytes), segment->file_size - begin), skip = from % 4, n;
	g_autofree char *coded = NULL;

	if (pread(segment->fd, bytes, want, (off_t)begin) != (gssize)want)
		return -1;
	coded = g_base64_encode(bytes, want);
	n = MIN(size, strlen(coded) - skip);
	memcpy(out, coded + skip, n);
	return (gssize)n;
}

static gssize read_segment(const struct segment *segment, guint64 from, char *out, gsize size)
{
	gsize n = MIN(size, segment->size - from);
	gssize got = n;

	if (segment->base64)
		return read_coded(segment, from, out, n);
	if (segment->bytes)
		memcpy(out, segment->bytes + from, n);
	else
		got = pread(segment->fd, out, n, (off_t)from);
	return got > 0 ? got : -1;
}

gssize hg_body_read(hg_body *body, char *out, gsize size)
{
	gsize have = 0;

	while (have < size && body->at < body->segments->len) {
		struct segment *segment = &g_array_index(body->segments, struct segment, body->at);
		gssize n = 0;

		if (body->done < segment->size)
			n = read_segment(segment, body->done, out + have, size - have);
		if (n < 0)
			return -1;
		have += n;
		body->done += n;
		if (body->done == segment->size) {
			body->at++;
			body->done = 0;
		}
	}
	return have;
}
