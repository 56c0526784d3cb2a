/* mail_serve.c - a helper's life: read a question, answer it, read the next */
#include "mail_confine.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fail.h"
#include "json.h"
#include "mail_frame.h"

static gboolean read_all(int fd, void *bytes, gsize len, gboolean *ret_end, GError **error)
{
	guint8 *p = bytes;

	for (gsize done = 0; done < len;) {
		ssize_t n = read(fd, p + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		*ret_end = n == 0 && done == 0;
		if (n <= 0)
			return hg_fail(error, HG_ERROR_BROKEN, "read: %s", n ? g_strerror(errno) : "it ended too soon");
		done += (gsize)n;
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
	g_autoptr(json_object) object = hg_mail_to_json(mail);
	size_t len = 0;
	const char *json = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	struct hg_frame_head head = { .json = (guint32)len, .number = number };
	g_autofree guint8 *bytes = g_malloc(HG_FRAME_HEAD + len);	/* one call for both: mostly there is no file */

	for (gsize i = 0; i < mail->n_files; i++)
		head.data += mail->files[i].size;
	hg_frame_head_write(&head, bytes);
	memcpy(bytes + HG_FRAME_HEAD, json, len);
	if (!write_all(fd, bytes, HG_FRAME_HEAD + len, error))
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
	guint8 bytes[HG_FRAME_HEAD];
	struct hg_frame_head head;
	gboolean end = FALSE;

	if (!write_all(fd, HG_FRAME_READY, HG_FRAME_READY_LEN, error))
		return FALSE;
	while (read_all(fd, bytes, sizeof(bytes), &end, NULL) && hg_frame_head_read(bytes, &most, &head, error)) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autofree char *json = g_malloc(head.json + 1), *raw = g_malloc(head.data + 1);
		g_autoptr(hg_mail) mail = NULL;
		struct hg_mail_ask ask;

		raw[head.data] = '\0';
		if (!read_all(fd, json, head.json, &end, error) || !read_all(fd, raw, head.data, &end, error) ||
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
