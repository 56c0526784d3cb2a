/* smtp_curl.c - sending over connections that libcurl has made: it does TCP, TLS, EHLO and the login
 *
 * A line is one connection: it is made for a mail, and kept for others.  What is said over it from MAIL on is
 * smtp_line.c's. */
#include <config.h>

#include <event2/event.h>
#include <string.h>

#include "smtp_line.h"

#define CONNECT_MS 15000
#define IDLE_S	   30		/* a line is kept unused; servers close theirs after 5 minutes, some much earlier */
#define MAILS_MAX  100		/* over one line */

static void run_waiting(struct smtp_via *via);

/* ---- ends ---- */

void smtp_line_free(struct smtp_line *line, gboolean polite)
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

static void waiting_free(struct smtp_waiting *with)
{
	event_free(with->deadline);
	with->job->at_work = NULL;
	g_free(with);
}

static void finish(struct smtp_waiting *with, enum hg_smtp_trouble trouble, const char *words)
{
	struct hg_smtp_job *job = with->job;

	waiting_free(with);
	hg_smtp_finish(job, trouble, words);
}

/* A server that does not let us in is not asked again and again by all who wait: accounts get locked. */
static void refuse_waiting(struct smtp_via *via, const char *words)
{
	struct smtp_waiting *with;

	while ((with = g_queue_pop_head(&via->waiting))) {
		hg_smtp_dialog_step(&with->job->dialog, HG_SMTP_AUTH);
		finish(with, HG_SMTP_LOGIN, words);
	}
}

void smtp_line_fail(struct smtp_line *line, enum hg_smtp_trouble trouble, const char *words)
{
	struct smtp_via *via = line->via;
	struct smtp_waiting *with = line->with;
	const struct hg_smtp_dialog *dialog = &with->job->dialog;
	gboolean login = trouble == HG_SMTP_LOGIN || (dialog->step == HG_SMTP_AUTH && dialog->code >= 500);
	g_autofree char *why = g_strdup(words);

	with->line = NULL;
	/* A kept connection that has died meanwhile: nothing of this mail was taken, a new one may work. */
	if (line->mails && dialog->step == HG_SMTP_MAIL && (!dialog->code || dialog->code == 421)) {
		smtp_line_free(line, FALSE);
		with->fresh = TRUE;
		hg_smtp_dialog_step(&with->job->dialog, HG_SMTP_CONNECT);
		g_queue_push_head(&via->waiting, with);
		run_waiting(via);
		return;
	}
	smtp_line_free(line, dialog->code >= 400);
	if (login)
		refuse_waiting(via, "the server did not let another mail of this account in");
	finish(with, trouble, why);
	run_waiting(via);
}

void smtp_line_watch(struct smtp_line *line, short flags)
{
	static const struct timeval idle = { IDLE_S, 0 };

	event_del(line->event);
	event_assign(line->event, hg_smtp_base(line->via->smtp), event_get_fd(line->event), flags,
		     event_get_callback(line->event), line);
	event_add(line->event, line->with ? NULL : &idle);
}

void smtp_line_sent(struct smtp_line *line)
{
	struct smtp_waiting *with = line->with;
	struct smtp_via *via = line->via;

	line->with = NULL;
	with->line = NULL;
	if (++line->mails >= MAILS_MAX)
		smtp_line_free(line, TRUE);
	else
		smtp_line_watch(line, EV_READ | EV_PERSIST);
	finish(with, HG_SMTP_NO_TROUBLE, NULL);
	run_waiting(via);
}

/* libcurl says nothing between the end of connect() and the greeting. */
static void note_step(struct smtp_line *line, struct hg_smtp_dialog *dialog, enum hg_smtp_trouble trouble)
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
	struct smtp_waiting *with = arg;

	(void)fd;
	(void)what;
	if (with->line) {
		with->line->mails = 0;	/* no second try: the time is over */
		note_step(with->line, &with->job->dialog, HG_SMTP_NETWORK);
		smtp_line_fail(with->line, HG_SMTP_NETWORK, "the server did not answer in time");
		return;
	}
	g_queue_remove(&with->via->waiting, with);
	finish(with, HG_SMTP_NETWORK, "no connection to the server was free in time");
}

/* ---- connecting ---- */

/* What libcurl says and hears until the login is done. */
static int listen_in(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
	struct smtp_line *line = arg;

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
	struct smtp_line *line = NULL;
	struct hg_smtp_dialog *dialog;
	curl_socket_t fd = CURL_SOCKET_BAD;

	(void)arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &line);
	dialog = &line->with->job->dialog;
	if (result) {
		note_step(line, dialog, trouble_of(result));
		smtp_line_fail(line, trouble_of(result), *line->curl_error ? line->curl_error : curl_easy_strerror(result));
		return;
	}
	curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
	/* libcurl goes on without a login where none is offered. */
	if ((hg_smtp_conf_of(line->via->smtp)->user || line->bearer) && !dialog->logged_in) {
		hg_smtp_dialog_step(dialog, HG_SMTP_AUTH);
		smtp_line_fail(line, HG_SMTP_LOGIN, "the server offers no login");
		return;
	}
	line->dsn = dialog->dsn;
	line->size = dialog->size;
	line->event = event_new(hg_smtp_base(line->via->smtp), fd, EV_READ | EV_PERSIST, smtp_line_ready, line);
	g_assert(line->event);
	smtp_line_begin(line);
	smtp_line_work(line);
}

static void set_login(struct smtp_line *line, const struct hg_smtp_conf *conf)
{
	if (conf->user)
		curl_easy_setopt(line->easy, CURLOPT_USERNAME, conf->user);
	if (line->bearer)
		curl_easy_setopt(line->easy, CURLOPT_XOAUTH2_BEARER, line->bearer);
	else if (conf->password)
		curl_easy_setopt(line->easy, CURLOPT_PASSWORD, conf->password);
}

static void set_up(struct smtp_line *line, const struct hg_smtp_conf *conf)
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

static void line_open(struct smtp_via *via, struct smtp_waiting *with)
{
	struct smtp_line *line = g_new0(struct smtp_line, 1);

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

static struct smtp_line *idle_line(struct smtp_via *via, const struct smtp_waiting *with)
{
	for (GList *link = via->lines.head; link; link = link->next) {
		struct smtp_line *line = link->data;

		if (!line->with && !g_strcmp0(line->bearer, with->job->bearer))
			return line;
	}
	return NULL;
}

/* Of another login, or not to be trusted by a mail that has seen one die. */
static gboolean drop_idle(struct smtp_via *via)
{
	for (GList *link = via->lines.head; link; link = link->next) {
		struct smtp_line *line = link->data;

		if (!line->with) {
			smtp_line_free(line, TRUE);
			return TRUE;
		}
	}
	return FALSE;
}

static void run_waiting(struct smtp_via *via)
{
	while (via->waiting.head) {
		struct smtp_waiting *with = via->waiting.head->data;
		struct smtp_line *line = with->fresh ? NULL : idle_line(via, with);

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
		smtp_line_begin(line);
		smtp_line_watch(line, EV_READ | EV_WRITE | EV_PERSIST);
	}
}

/* ---- the transport ---- */

static void *via_open(hg_smtp *smtp, GError **error)
{
	struct smtp_via *via = g_new0(struct smtp_via, 1);

	via->smtp = smtp;
	via->curl = hg_curl_new(hg_smtp_base(smtp), on_connected, via, error);
	if (!via->curl)
		g_clear_pointer(&via, g_free);
	return via;
}

static void via_close(void *transport)
{
	struct smtp_via *via = transport;

	while (via->lines.head)
		smtp_line_free(via->lines.head->data, TRUE);
	hg_curl_free(via->curl);
	g_free(via);
}

static void via_begin(void *transport, struct hg_smtp_job *job)
{
	struct smtp_via *via = transport;
	struct smtp_waiting *with = g_new0(struct smtp_waiting, 1);

	with->via = via;
	with->job = job;
	with->deadline = hg_smtp_deadline(via->smtp, FALSE, on_deadline, with);
	job->at_work = with;
	g_queue_push_tail(&via->waiting, with);
	run_waiting(via);
}

static void via_cancel(void *transport, struct hg_smtp_job *job)
{
	struct smtp_via *via = transport;
	struct smtp_waiting *with = job->at_work;

	if (with->line)
		smtp_line_free(with->line, FALSE);
	else
		g_queue_remove(&via->waiting, with);
	waiting_free(with);
}

const struct hg_smtp_transport hg_smtp_by_curl = { via_open, via_close, via_begin, via_cancel };
