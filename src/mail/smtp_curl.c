/* smtp_curl.c - sending over connections that libcurl has made: it does TCP, TLS, EHLO and the login
 *
 * From MAIL on we speak ourselves, by curl_easy_send() and curl_easy_recv().  libcurl's own sending waits for the
 * answer to the end of a mail without giving the loop back, repeats by itself what it thinks safe, knows no DSN, and
 * does not say which bytes have left.  A line is one connection: it is made for a mail, and kept for others. */
#include <config.h>

#include <event2/event.h>
#include <string.h>

#include "curl_base.h"
#include "smtp_made.h"

#define CONNECT_MS 15000
#define IDLE_S	   30		/* a line is kept unused; servers close theirs after 5 minutes, some much earlier */
#define MAILS_MAX  100		/* over one line */
#define CHUNK	   16384
#define READS_MAX  16		/* at a time, then others have their turn */

struct via {
	hg_smtp *smtp;			/* lent */
	hg_curl *curl;
	GQueue lines;			/* of struct line */
	GQueue waiting;			/* of struct waiting: jobs without a line, oldest first */
};

struct waiting {			/* at_work of every job */
	struct via *via;
	struct hg_smtp_job *job;
	struct line *line;		/* that carries it; or NULL, and it is in via->waiting */
	struct event *deadline;
	gboolean fresh;			/* it was on a kept line that was dead: only a new one now */
};

struct line {
	struct via *via;
	GList link;
	CURL *easy;
	struct event *event;		/* NULL while curl connects */
	struct waiting *with;		/* NULL: idle */
	char *bearer;			/* it was made with, or NULL */
	gboolean dsn, size;		/* what the server offered */
	guint mails;			/* begun over it before this one */
	GString *command;		/* on its way out */
	gsize sent;			/* of command */
	gsize at;			/* of the body: what is in chunk already */
	GString *chunk;			/* on its way out */
	gsize chunk_sent;
	guint receiver;			/* in RCPT */
	char curl_error[CURL_ERROR_SIZE];
};

static void run_waiting(struct via *via);
static void work(struct line *line);

/* ---- ends ---- */

static void line_free(struct line *line, gboolean polite)
{
	size_t n;

	/* Nobody waits for the answer. */
	if (polite && line->event)
		curl_easy_send(line->easy, "QUIT\r\n", 6, &n);
	if (line->event)
		event_free(line->event);
	g_queue_unlink(&line->via->lines, &line->link);
	hg_curl_remove(line->via->curl, line->easy);
	curl_easy_cleanup(line->easy);
	g_string_free(line->command, TRUE);
	g_string_free(line->chunk, TRUE);
	g_free(line->bearer);
	g_free(line);
}

static void waiting_free(struct waiting *with)
{
	event_free(with->deadline);
	with->job->at_work = NULL;
	g_free(with);
}

static void finish(struct waiting *with, enum hg_smtp_trouble trouble, const char *words)
{
	struct hg_smtp_job *job = with->job;

	waiting_free(with);
	hg_smtp_finish(job, trouble, words);
}

/* A server that does not let us in is not asked again and again by all who wait: accounts get locked. */
static void refuse_waiting(struct via *via, const char *words)
{
	struct waiting *with;

	while ((with = g_queue_pop_head(&via->waiting))) {
		hg_smtp_dialog_step(&with->job->dialog, HG_SMTP_AUTH);
		finish(with, HG_SMTP_LOGIN, words);
	}
}

static void fail_line(struct line *line, enum hg_smtp_trouble trouble, const char *words)
{
	struct via *via = line->via;
	struct waiting *with = line->with;
	const struct hg_smtp_dialog *dialog = &with->job->dialog;
	gboolean login = trouble == HG_SMTP_LOGIN || (dialog->step == HG_SMTP_AUTH && dialog->code >= 500);
	g_autofree char *why = g_strdup(words);

	with->line = NULL;
	/* A kept connection that has died meanwhile: nothing of this mail was taken, a new one may work. */
	if (line->mails && dialog->step == HG_SMTP_MAIL && (!dialog->code || dialog->code == 421)) {
		line_free(line, FALSE);
		with->fresh = TRUE;
		hg_smtp_dialog_step(&with->job->dialog, HG_SMTP_CONNECT);
		g_queue_push_head(&via->waiting, with);
		run_waiting(via);
		return;
	}
	line_free(line, dialog->code >= 400);
	if (login)
		refuse_waiting(via, "the server did not let another mail of this account in");
	finish(with, trouble, why);
	run_waiting(via);
}

static void watch(struct line *line, short flags)
{
	static const struct timeval idle = { IDLE_S, 0 };

	event_del(line->event);
	event_assign(line->event, hg_smtp_base(line->via->smtp), event_get_fd(line->event), flags,
		     event_get_callback(line->event), line);
	event_add(line->event, line->with ? NULL : &idle);
}

static void sent(struct line *line)
{
	struct waiting *with = line->with;
	struct via *via = line->via;

	line->with = NULL;
	with->line = NULL;
	if (++line->mails >= MAILS_MAX)
		line_free(line, TRUE);
	else
		watch(line, EV_READ | EV_PERSIST);
	finish(with, HG_SMTP_NO_TROUBLE, NULL);
	run_waiting(via);
}

/* libcurl says nothing between the end of connect() and the greeting. */
static void note_step(struct line *line, struct hg_smtp_dialog *dialog, enum hg_smtp_trouble trouble)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(line->easy, CURLINFO_CONNECT_TIME_T, &connected);
	if (dialog->step == HG_SMTP_CONNECT && trouble == HG_SMTP_INSECURE)
		hg_smtp_dialog_step(dialog, HG_SMTP_STARTTLS);	/* with TLS from the first byte */
	else if (dialog->step == HG_SMTP_CONNECT && connected)
		hg_smtp_dialog_step(dialog, HG_SMTP_GREETING);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct waiting *with = arg;

	(void)fd;
	(void)what;
	if (with->line) {
		with->line->mails = 0;	/* no second try: the time is over */
		note_step(with->line, &with->job->dialog, HG_SMTP_NETWORK);
		fail_line(with->line, HG_SMTP_NETWORK, "the server did not answer in time");
		return;
	}
	g_queue_remove(&with->via->waiting, with);
	finish(with, HG_SMTP_NETWORK, "no connection to the server was free in time");
}

/* ---- what goes out ---- */

/* -1: the connection is gone; 0: later; or how many bytes left. */
static gssize push(struct line *line, const char *bytes, gsize len)
{
	size_t n = 0;
	CURLcode result = curl_easy_send(line->easy, bytes, len, &n);

	return result == CURLE_AGAIN ? 0 : result ? -1 : (gssize)n;
}

/* The next bytes of the body into the chunk, with a dot before each at the beginning of a line (RFC 5321 section 4.5.2). */
static void fill_chunk(struct line *line)
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
static gssize push_body(struct line *line, gboolean *ret_whole)
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

static void say(struct line *line, int step, char *command)
{
	hg_smtp_dialog_step(&line->with->job->dialog, step);
	g_string_assign(line->command, command);
	line->sent = 0;
	g_free(command);
}

/* TRUE: there is more to send when the socket takes it.  *ret_gone: the connection is not. */
static gboolean write_out(struct line *line, gboolean *ret_gone)
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
static int read_in(struct line *line, struct hg_smtp_dialog *dialog)
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

static void say_receiver(struct line *line)
{
	const struct hg_smtp_job *job = line->with->job;
	const struct hg_smtp_dialog offered = { .dsn = line->dsn };

	say(line, HG_SMTP_RCPT, g_strdup_printf("RCPT TO:<%s>%s\r\n", job->to[line->receiver++],
						hg_smtp_rcpt_options(&offered, job->envelope_id)));
}

static void say_sender(struct line *line)
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
static gboolean go_on(struct line *line)
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

static void on_reply(struct line *line)
{
	const struct hg_smtp_dialog *dialog = &line->with->job->dialog;

	if (go_on(line)) {
		work(line);
	} else if (dialog->step == HG_SMTP_END && dialog->code == 250) {
		sent(line);
	} else {
		fail_line(line, HG_SMTP_NETWORK, "the server gave an answer that makes no sense here");
	}
}

/* The body has left.  Has the server, too?  Then the end need not be said, and it is known that it was not sent. */
static void say_end(struct line *line)
{
	struct hg_smtp_dialog *dialog = &line->with->job->dialog;
	int heard = read_in(line, dialog);

	if (heard) {
		fail_line(line, HG_SMTP_NETWORK, heard < 0 ? "the server closed the connection" : "the server answered "
			  "before the mail was whole");
		return;
	}
	say(line, HG_SMTP_END, g_strdup(".\r\n"));
	work(line);
}

static void work(struct line *line)
{
	gboolean gone, more = write_out(line, &gone);

	if (gone)
		fail_line(line, HG_SMTP_NETWORK, "the connection broke");
	else if (more)
		watch(line, EV_READ | EV_WRITE | EV_PERSIST);
	else if (line->with->job->dialog.step == HG_SMTP_BODY)
		say_end(line);
	else
		watch(line, EV_READ | EV_PERSIST);
}

static void on_line(evutil_socket_t fd, short what, void *arg)
{
	struct line *line = arg;
	gboolean sending;
	int heard = 0;

	(void)fd;
	if (!line->with) {		/* it says goodbye, or the time is over */
		line_free(line, what & EV_TIMEOUT);
		return;
	}
	sending = line->sent < line->command->len || line->with->job->dialog.step == HG_SMTP_BODY;
	if (what & EV_READ)
		heard = read_in(line, &line->with->job->dialog);
	if (heard < 0)
		fail_line(line, HG_SMTP_NETWORK, "the server closed the connection");
	else if (heard > 1 || (heard && sending))
		fail_line(line, HG_SMTP_NETWORK, "the server answered what it was not asked");
	else if (heard)
		on_reply(line);
	else if (what & EV_WRITE)
		work(line);
}

/* ---- connecting ---- */

/* What libcurl says and hears until the login is done. */
static int listen_in(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
	struct line *line = arg;

	(void)easy;
	if (!line->with)
		return 0;
	if (type == CURLINFO_HEADER_OUT)
		hg_smtp_dialog_said(&line->with->job->dialog, bytes, len);
	else if (type == CURLINFO_HEADER_IN)
		hg_smtp_dialog_heard(&line->with->job->dialog, bytes, len);
	return 0;
}

static enum hg_smtp_trouble trouble_of(CURLcode result)
{
	switch (result) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_USE_SSL_FAILED:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
		return HG_SMTP_INSECURE;
	case CURLE_LOGIN_DENIED:
		return HG_SMTP_LOGIN;
	default:
		return HG_SMTP_NETWORK;
	}
}

static void on_connected(void *arg, CURL *easy, CURLcode result)
{
	struct line *line = NULL;
	struct hg_smtp_dialog *dialog;
	curl_socket_t fd = CURL_SOCKET_BAD;

	(void)arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &line);
	dialog = &line->with->job->dialog;
	if (result) {
		note_step(line, dialog, trouble_of(result));
		fail_line(line, trouble_of(result), *line->curl_error ? line->curl_error : curl_easy_strerror(result));
		return;
	}
	curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
	/* libcurl goes on without a login where none is offered. */
	if ((hg_smtp_conf_of(line->via->smtp)->user || line->bearer) && !dialog->logged_in) {
		hg_smtp_dialog_step(dialog, HG_SMTP_AUTH);
		fail_line(line, HG_SMTP_LOGIN, "the server offers no login");
		return;
	}
	line->dsn = dialog->dsn;
	line->size = dialog->size;
	line->event = event_new(hg_smtp_base(line->via->smtp), fd, EV_READ | EV_PERSIST, on_line, line);
	g_assert(line->event);
	say_sender(line);
	work(line);
}

static void set_login(struct line *line, const struct hg_smtp_conf *conf)
{
	if (conf->user)
		curl_easy_setopt(line->easy, CURLOPT_USERNAME, conf->user);
	if (line->bearer)
		curl_easy_setopt(line->easy, CURLOPT_XOAUTH2_BEARER, line->bearer);
	else if (conf->password)
		curl_easy_setopt(line->easy, CURLOPT_PASSWORD, conf->password);
}

static void set_up(struct line *line, const struct hg_smtp_conf *conf)
{
	gboolean v6 = strchr(conf->host, ':') != NULL;
	g_autofree char *url = g_strdup_printf("%s://%s%s%s:%d/%s", conf->tls == HG_SMTP_TLS_IMPLICIT ? "smtps" : "smtp",
					       v6 ? "[" : "", conf->host, v6 ? "]" : "", conf->port, conf->hello);
	CURL *easy = line->easy;

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(conf->tls == HG_SMTP_TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");	/* none from the environment */
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(CONNECT_MS, conf->timeout_ms));
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);	/* we keep them ourselves */
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, listen_in);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, line);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, line->curl_error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, line);
	if (conf->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, conf->ca_file);
	set_login(line, conf);
}

static void line_open(struct via *via, struct waiting *with)
{
	struct line *line = g_new0(struct line, 1);

	line->via = via;
	line->link.data = line;
	line->command = g_string_new(NULL);
	line->chunk = g_string_new(NULL);
	line->bearer = g_strdup(with->job->bearer);
	line->with = with;
	with->line = line;
	line->easy = curl_easy_init();
	g_assert(line->easy);
	set_up(line, hg_smtp_conf_of(via->smtp));
	g_queue_push_tail_link(&via->lines, &line->link);
	hg_curl_adopt(via->curl, line->easy);
	hg_curl_add(via->curl, line->easy);
}

/* ---- which line ---- */

static struct line *idle_line(struct via *via, const struct waiting *with)
{
	for (GList *link = via->lines.head; link; link = link->next) {
		struct line *line = link->data;

		if (!line->with && !g_strcmp0(line->bearer, with->job->bearer))
			return line;
	}
	return NULL;
}

/* Of another login, or not to be trusted by a mail that has seen one die. */
static gboolean drop_idle(struct via *via)
{
	for (GList *link = via->lines.head; link; link = link->next) {
		struct line *line = link->data;

		if (!line->with) {
			line_free(line, TRUE);
			return TRUE;
		}
	}
	return FALSE;
}

static void run_waiting(struct via *via)
{
	while (via->waiting.head) {
		struct waiting *with = via->waiting.head->data;
		struct line *line = with->fresh ? NULL : idle_line(via, with);

		if (!line && via->lines.length >= hg_smtp_conf_of(via->smtp)->connections && !drop_idle(via))
			return;
		g_queue_pop_head(&via->waiting);
		if (!line) {
			line_open(via, with);
			continue;
		}
		line->with = with;
		with->line = line;
		/* From the loop: finish() of what fails at once is not called before hg_smtp_send() returns. */
		say_sender(line);
		watch(line, EV_READ | EV_WRITE | EV_PERSIST);
	}
}

/* ---- the transport ---- */

static void *via_open(hg_smtp *smtp, GError **error)
{
	struct via *via = g_new0(struct via, 1);

	via->smtp = smtp;
	via->curl = hg_curl_new(hg_smtp_base(smtp), on_connected, via, error);
	if (!via->curl)
		g_clear_pointer(&via, g_free);
	return via;
}

static void via_close(void *transport)
{
	struct via *via = transport;

	while (via->lines.head)
		line_free(via->lines.head->data, TRUE);
	hg_curl_free(via->curl);
	g_free(via);
}

static void via_begin(void *transport, struct hg_smtp_job *job)
{
	struct via *via = transport;
	struct waiting *with = g_new0(struct waiting, 1);
	gint64 ms = hg_smtp_conf_of(via->smtp)->timeout_ms;
	struct timeval span = { ms / 1000, ms % 1000 * 1000 };

	with->via = via;
	with->job = job;
	with->deadline = event_new(hg_smtp_base(via->smtp), -1, 0, on_deadline, with);
	g_assert(with->deadline);
	event_add(with->deadline, &span);
	job->at_work = with;
	g_queue_push_tail(&via->waiting, with);
	run_waiting(via);
}

static void via_cancel(void *transport, struct hg_smtp_job *job)
{
	struct via *via = transport;
	struct waiting *with = job->at_work;

	if (with->line)
		line_free(with->line, FALSE);
	else
		g_queue_remove(&via->waiting, with);
	waiting_free(with);
}

const struct hg_smtp_transport hg_smtp_by_curl = { via_open, via_close, via_begin, via_cancel };
