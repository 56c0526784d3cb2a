/* mail_serve.c - a helper's life: read a question, answer it, read the next */
#include "mail_confine.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fail.h"
#include "json.h"
#include "mail_frame.h"

/* What was read and not yet used: a question comes in one piece where it is short, and is read with one call. */
struct input {
	int fd;
	gsize at, len;
	guint8 bytes[65536];
};

static gboolean read_all(struct input *in, void *bytes, gsize len, gboolean *ret_end, GError **error)
{
	guint8 *p = bytes;

	for (gsize done = 0; done < len;) {
		gsize ready = MIN(in->len - in->at, len - done);
		gboolean whole = len - done - ready >= sizeof(in->bytes);	/* not by way of in */
		ssize_t n;

		memcpy(p + done, in->bytes + in->at, ready);
		in->at += ready;
		done += ready;
		if (done == len)
			return TRUE;
		n = whole ? read(in->fd, p + done, len - done) : read(in->fd, in->bytes, sizeof(in->bytes));
		if (n < 0 && errno == EINTR)
			continue;
		*ret_end = n == 0 && done == 0;
		if (n <= 0)
			return hg_fail(error, HG_ERROR_BROKEN, "read: %s", n ? g_strerror(errno) : "it ended too soon");
		if (whole)
			done += (gsize)n;
		in->at = 0;
		in->len = whole ? 0 : (gsize)n;
	}
	return TRUE;
}

static gboolean write_all(int fd, const void *bytes, gsize len, GError **error)
{
	const guint8 *p = bytes;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hg_fail(error, HG_ERROR_BROKEN, "write: %s", g_strerror(errno));
		p += n;
		len -= (gsize)n;
	}
	return TRUE;
}

static gboolean answer(int fd, guint32 number, const hg_mail *mail, GError **error)
{
	struct hg_frame_head head = { .number = number };
	g_autoptr(GString) out = g_string_sized_new(HG_FRAME_HEAD + 16384);

	/* One call for both: mostly there is no file.  No comma is due behind white space. */
	g_string_set_size(out, HG_FRAME_HEAD);
	memset(out->str, '\n', HG_FRAME_HEAD);
	hg_mail_write(mail, out);
	head.json = (guint32)(out->len - HG_FRAME_HEAD);
	for (gsize i = 0; i < mail->n_files; i++)
		head.data += mail->files[i].size;
	hg_frame_head_write(&head, (guint8 *)out->str);
	if (!write_all(fd, out->str, out->len, error))
		return FALSE;
	for (gsize i = 0; i < mail->n_files; i++) {
		if (!write_all(fd, mail->files[i].data, mail->files[i].size, error))
			return FALSE;
	}
	return TRUE;
}

/* The kernel's own SIGPROF ends who thinks longer. */
static void set_timer(gint64 ms)
{
	const struct itimerval timer = { .it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 } };

	setitimer(ITIMER_PROF, &timer, NULL);
}

gboolean hg_mail_serve(int fd, const struct hg_mail_limits *limits,
		       hg_mail *(*parse)(const void *raw, gsize len, const struct hg_mail_ask *ask),
		       const struct hg_reply_words *words, GError **error)
{
	const struct hg_frame_head most = { .json = HG_FRAME_ASK_MAX, .data = HG_FRAME_RAW_MAX };
	g_autofree struct input *in = g_malloc(sizeof(*in));
	guint8 bytes[HG_FRAME_HEAD];
	struct hg_frame_head head;
	gboolean end = FALSE;

	in->fd = fd;
	in->at = in->len = 0;
	if (!write_all(fd, HG_FRAME_READY, HG_FRAME_READY_LEN, error))
		return FALSE;
	while (read_all(in, bytes, sizeof(bytes), &end, NULL) && hg_frame_head_read(bytes, &most, &head, error)) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autofree char *json = g_malloc(head.json + 1), *raw = g_malloc(head.data + 1);
		g_autoptr(hg_mail) mail = NULL;
		struct hg_mail_ask ask;

		raw[head.data] = '\0';
		if (!read_all(in, json, head.json, &end, error) || !read_all(in, raw, head.data, &end, error) ||
		    !hg_frame_ask_read(json, head.json, arena, &ask, error))
			return FALSE;
		ask.words = words;
		set_timer(limits->cpu_ms);	/* it counts only while there is something to do */
		mail = parse(raw, head.data, &ask);
		if (!answer(fd, head.number, mail, error))
			return FALSE;
	}
	return end || hg_fail(error && *error ? NULL : error, HG_ERROR_BROKEN, "the daemon's end of the line");
}
