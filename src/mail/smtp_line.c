/* smtp_line.c - from MAIL to the dot over one connection (RFC 5321 sections 3.3 and 4.5.2)
 *
 * We speak ourselves, by curl_easy_send() and curl_easy_recv().  libcurl's own sending waits for the answer to the end
 * of a mail without giving the loop back, repeats by itself what it thinks safe, knows no DSN, and does not say which
 * bytes have left. */
#include <config.h>

#include <event2/event.h>
#include <string.h>

#include "smtp_line.h"

#define CHUNK	  16384
#define READS_MAX 16		/* at a time, then others have their turn */

/* ---- what goes out ---- */

/* -1: the connection is gone; 0: later; or how many bytes left. */
static gssize push(struct smtp_line *line, const char *bytes, gsize len)
{
	size_t n = 0;
	CURLcode result = curl_easy_send(line->easy, bytes, len, &n);

	return result == CURLE_AGAIN ? 0 : result ? -1 : (gssize)n;
}

/* The next bytes of the body into the chunk, with a dot before each at the beginning of a line (RFC 5321 section 4.5.2). */
static void fill_chunk(struct smtp_line *line)
{
	const struct hg_smtp_job *job = line->with->job;
	const char *body = job->bytes;
	gsize end = MIN(job->len, line->at + CHUNK);

	g_string_truncate(line->chunk, 0);
	line->chunk_sent = 0;
	for (; line->at < end; line->at++) {
		if (body[line->at] == '.' && (!line->at || body[line->at - 1] == '\n'))
			g_string_append_c(line->chunk, '.');
		g_string_append_c(line->chunk, body[line->at]);
	}
}

/* As push(), of the body; *ret_whole: all of it has left.  TLS wants to be given the same bytes again when it could not
 * send them: a chunk stays what it is until it has left. */
static gssize push_body(struct smtp_line *line, gboolean *ret_whole)
{
	gssize n = 1;

	while (n > 0) {
		if (line->chunk_sent == line->chunk->len)
			fill_chunk(line);
		if (!line->chunk->len)
			break;
		n = push(line, line->chunk->str + line->chunk_sent, line->chunk->len - line->chunk_sent);
		line->chunk_sent += (gsize)MAX(n, 0);
	}
	*ret_whole = n > 0;
	return n;
}

static void say(struct smtp_line *line, int step, char *command)
{
	hg_smtp_dialog_step(&line->with->job->dialog, step);
	g_string_assign(line->command, command);
	line->sent = 0;
	g_free(command);
}

/* TRUE: there is more to send when the socket takes it.  *ret_gone: the connection is not. */
static gboolean write_out(struct smtp_line *line, gboolean *ret_gone)
{
	gboolean whole;
	gssize n = 1;

	while (n > 0 && line->sent < line->command->len) {
		n = push(line, line->command->str + line->sent, line->command->len - line->sent);
		line->sent += (gsize)MAX(n, 0);
	}
	if (n > 0 && line->with->job->dialog.step == HG_SMTP_BODY)
		n = push_body(line, &whole);
	*ret_gone = n < 0;
	return n == 0;
}

/* ---- what comes in ---- */

/* Replies that have become whole, or -1: the connection is gone. */
static int read_in(struct smtp_line *line, struct hg_smtp_dialog *dialog)
{
	char bytes[4096];
	int whole = 0;

	for (int i = 0; i < READS_MAX; i++) {
		size_t n = 0;
		CURLcode result = curl_easy_recv(line->easy, bytes, sizeof(bytes), &n);

		if (result == CURLE_AGAIN)
			return whole;
		if (result || !n)
			return whole ? whole : -1;
		whole += (int)hg_smtp_dialog_heard(dialog, bytes, n);
		if (whole)
			return whole;
	}
	event_active(line->event, EV_READ, 0);
	return 0;
}

static void say_receiver(struct smtp_line *line)
{
	const struct hg_smtp_job *job = line->with->job;
	const struct hg_smtp_dialog offered = { .dsn = line->dsn };

	say(line, HG_SMTP_RCPT, g_strdup_printf("RCPT TO:<%s>%s\r\n", job->to[line->receiver++],
						hg_smtp_rcpt_options(&offered, job->envelope_id)));
}

void smtp_line_begin(struct smtp_line *line)
{
	const struct hg_smtp_job *job = line->with->job;
	const struct hg_smtp_dialog offered = { .dsn = line->dsn, .size = line->size };
	g_autofree char *options = hg_smtp_mail_options(&offered, job->len, job->envelope_id);

	line->receiver = 0;
	line->at = line->chunk_sent = 0;
	g_string_truncate(line->chunk, 0);
	say(line, HG_SMTP_MAIL, g_strdup_printf("MAIL FROM:<%s>%s\r\n", job->from, options));
}

/* The reply fits the step: what is next?  FALSE: it does not, or was the last. */
static gboolean go_on(struct smtp_line *line)
{
	struct hg_smtp_job *job = line->with->job;
	int code = job->dialog.code;

	switch (job->dialog.step) {
	case HG_SMTP_MAIL:
	case HG_SMTP_RCPT:
		if (code != 250 && !(code == 251 && job->dialog.step == HG_SMTP_RCPT))
			return FALSE;
		if (job->to[line->receiver])
			say_receiver(line);
		else
			say(line, HG_SMTP_DATA, g_strdup("DATA\r\n"));
		return TRUE;
	case HG_SMTP_DATA:
		if (code != 354)
			return FALSE;
		say(line, HG_SMTP_BODY, g_strdup(""));
		return TRUE;
	default:
		return FALSE;
	}
}

static void on_reply(struct smtp_line *line)
{
	const struct hg_smtp_dialog *dialog = &line->with->job->dialog;

	if (go_on(line)) {
		smtp_line_work(line);
	} else if (dialog->step == HG_SMTP_END && dialog->code == 250) {
		smtp_line_sent(line);
	} else {
		smtp_line_fail(line, HG_SMTP_NETWORK, "the server gave an answer that makes no sense here");
	}
}

/* The body has left.  Has the server, too?  Then the end need not be said, and it is known that it was not sent. */
static void say_end(struct smtp_line *line)
{
	struct hg_smtp_dialog *dialog = &line->with->job->dialog;
	int heard = read_in(line, dialog);

	if (heard) {
		smtp_line_fail(line, HG_SMTP_NETWORK, heard < 0 ? "the server closed the connection" : "the server answered "
			  "before the mail was whole");
		return;
	}
	say(line, HG_SMTP_END, g_strdup(".\r\n"));
	smtp_line_work(line);
}

void smtp_line_work(struct smtp_line *line)
{
	gboolean gone, more = write_out(line, &gone);

	if (gone)
		smtp_line_fail(line, HG_SMTP_NETWORK, "the connection broke");
	else if (more)
		smtp_line_watch(line, EV_READ | EV_WRITE | EV_PERSIST);
	else if (line->with->job->dialog.step == HG_SMTP_BODY)
		say_end(line);
	else
		smtp_line_watch(line, EV_READ | EV_PERSIST);
}

void smtp_line_ready(evutil_socket_t fd, short what, void *arg)
{
	struct smtp_line *line = arg;
	gboolean sending;
	int heard = 0;

	(void)fd;
	if (!line->with) {		/* it says goodbye, or the time is over */
		smtp_line_free(line, what & EV_TIMEOUT);
		return;
	}
	sending = line->sent < line->command->len || line->with->job->dialog.step == HG_SMTP_BODY;
	if (what & EV_READ)
		heard = read_in(line, &line->with->job->dialog);
	if (heard < 0)
		smtp_line_fail(line, HG_SMTP_NETWORK, "the server closed the connection");
	else if (heard > 1 || (heard && sending))
		smtp_line_fail(line, HG_SMTP_NETWORK, "the server answered what it was not asked");
	else if (heard)
		on_reply(line);
	else if (what & EV_WRITE)
		smtp_line_work(line);
}
