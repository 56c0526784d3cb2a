/* smtp.c - what both transports need before and after: checked settings, checked envelopes, one answer a mail */
#include <config.h>

#include <event2/event.h>
#include <string.h>

#include "fail.h"
#include "mail_wire.h"
#include "smtp_made.h"
#include "text.h"

#define CONNECTIONS 2
#define TIMEOUT_MS  50000

struct hg_smtp {
	struct event_base *base;	/* lent */
	struct hg_smtp_conf conf;	/* its strings are ours */
	const struct hg_smtp_transport *by;
	void *transport;		/* ours */
	GQueue jobs;			/* of hg_smtp_job: all that have no answer */
	struct event *soon;		/* some of them were refused */
	gboolean freeing;
};

const struct hg_smtp_conf *hg_smtp_conf_of(const hg_smtp *smtp)
{
	return &smtp->conf;
}

struct event_base *hg_smtp_base(const hg_smtp *smtp)
{
	return smtp->base;
}

struct event *hg_smtp_deadline(const hg_smtp *smtp, gboolean at_once, void (*late)(evutil_socket_t, short, void *arg), void *arg)
{
	gint64 ms = at_once ? 0 : hg_smtp_conf_of(smtp)->timeout_ms;
	const struct timeval span = { ms / 1000, ms % 1000 * 1000 };
	struct event *deadline = event_new(hg_smtp_base(smtp), -1, 0, late, arg);

	g_assert(deadline);
	event_add(deadline, &span);
	return deadline;
}

/* ---- settings ---- */

static gboolean is_host(const char *host)
{
	return host && *host && strlen(host) <= HG_MAIL_DOMAIN_MAX &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == strlen(host);
}

static gboolean is_loopback(const char *host)
{
	return !g_ascii_strcasecmp(host, "localhost") || g_str_has_prefix(host, "127.") || !strcmp(host, "::1");
}

static gboolean is_one_line(const char *text)
{
	return !text || hg_text_printable(text) == (strpbrk(text, "\t\n") == NULL);
}

static gboolean check_secrets(const struct hg_smtp_conf *conf, GError **error)
{
	if (!is_one_line(conf->user) || !is_one_line(conf->password))
		return hg_fail(error, HG_ERROR_CONFIG, "the user or password for %s has control characters in it", conf->host);
	if (conf->password && !(conf->user && *conf->user))
		return hg_fail(error, HG_ERROR_CONFIG, "there is a password for %s, but no user", conf->host);
	if (conf->user && conf->tls == HG_SMTP_TLS_NONE && !is_loopback(conf->host))
		return hg_fail(error, HG_ERROR_CONFIG, "without TLS the password would go to %s in the clear: use starttls "
			       "or implicit", conf->host);
	return TRUE;
}

gboolean hg_smtp_conf_check(const struct hg_smtp_conf *conf, GError **error)
{
	if (!is_host(conf->host))
		return hg_fail(error, HG_ERROR_CONFIG, "\"%.100s\" is no name of a mail server", conf->host ? conf->host : "");
	if (conf->port < 1 || conf->port > 65535)
		return hg_fail(error, HG_ERROR_CONFIG, "%d is no port", conf->port);
	if (conf->hello && !is_host(conf->hello))
		return hg_fail(error, HG_ERROR_CONFIG, "\"%.100s\" is no host name to greet a server with", conf->hello);
	if (conf->esmtp && conf->tls == HG_SMTP_TLS_IMPLICIT)
		return hg_fail(error, HG_ERROR_CONFIG, "libesmtp knows no implicit TLS (port 465): use starttls, or curl as "
			       "transport");
	if (conf->esmtp && strchr(conf->host, ':'))
		return hg_fail(error, HG_ERROR_CONFIG, "libesmtp takes no IPv6 address: name the host");
	return check_secrets(conf, error);
}

/* ---- life ---- */

static void on_soon(evutil_socket_t fd, short what, void *arg);

static void copy_conf(struct hg_smtp_conf *ret, const struct hg_smtp_conf *conf)
{
	*ret = *conf;
	ret->host = g_strdup(conf->host);
	ret->user = g_strdup(conf->user);
	ret->password = g_strdup(conf->password);
	ret->ca_file = g_strdup(conf->ca_file);
	ret->hello = g_strdup(conf->hello ? conf->hello : is_host(g_get_host_name()) ? g_get_host_name() : "localhost");
	ret->connections = conf->connections ? conf->connections : CONNECTIONS;
	ret->timeout_ms = conf->timeout_ms ? conf->timeout_ms : TIMEOUT_MS;
}

hg_smtp *hg_smtp_new(struct event_base *base, const struct hg_smtp_conf *conf, GError **error)
{
	g_autoptr(hg_smtp) smtp = NULL;

	if (!hg_smtp_conf_check(conf, error))
		return NULL;
	smtp = g_new0(hg_smtp, 1);
	smtp->base = base;
	copy_conf(&smtp->conf, conf);
	smtp->by = conf->esmtp ? &hg_smtp_by_esmtp : &hg_smtp_by_curl;
	smtp->soon = event_new(base, -1, 0, on_soon, smtp);
	smtp->transport = smtp->soon ? smtp->by->open(smtp, error) : NULL;
	if (!smtp->transport) {
		if (error && !*error)
			hg_fail(error, HG_ERROR_BROKEN, "cannot make what sends mail: out of memory");
		return NULL;
	}
	return g_steal_pointer(&smtp);
}

void hg_smtp_free(hg_smtp *smtp)
{
	if (!smtp)
		return;
	smtp->freeing = TRUE;
	while (smtp->jobs.head) {
		struct hg_smtp_job *job = smtp->jobs.head->data;

		if (!job->refused)
			smtp->by->cancel(smtp->transport, job);
		hg_smtp_finish(job, HG_SMTP_NETWORK, "headgate stopped sending");
	}
	if (smtp->transport)
		smtp->by->close(smtp->transport);
	if (smtp->soon)
		event_free(smtp->soon);
	g_free((char *)smtp->conf.host);
	g_free((char *)smtp->conf.user);
	g_free((char *)smtp->conf.password);
	g_free((char *)smtp->conf.ca_file);
	g_free((char *)smtp->conf.hello);
	g_free(smtp);
}

/* ---- one mail ---- */

static void job_free(struct hg_smtp_job *job)
{
	hg_smtp_dialog_done(&job->dialog);
	g_free(job->from);
	g_strfreev(job->to);
	g_free(job->envelope_id);
	g_free(job->bearer);
	g_free(job);
}

void hg_smtp_finish(struct hg_smtp_job *job, enum hg_smtp_trouble trouble, const char *words)
{
	struct hg_smtp_answer answer;
	g_autofree char *held = NULL;

	g_queue_unlink(&job->smtp->jobs, &job->link);
	hg_smtp_judge(&job->dialog, trouble, words, job->smtp->conf.host, &answer, &held);
	job->done(job->arg, &answer);
	job_free(job);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	hg_smtp *smtp = arg;

	(void)fd;
	(void)what;
	for (GList *link = smtp->jobs.head, *next; link; link = next) {
		struct hg_smtp_job *job = link->data;

		next = link->next;
		if (job->refused)
			hg_smtp_finish(job, HG_SMTP_OURS, job->refused);
	}
}

static const char *take_envelope(struct hg_smtp_job *job, const struct hg_smtp_mail *mail)
{
	g_autoptr(GPtrArray) to = g_ptr_array_new_with_free_func(g_free);

	job->from = mail->from && *mail->from ? hg_mail_wire_address(mail->from) : g_strdup("");
	if (!job->from)
		return "the sender's address is none that a mail server takes";
	for (gsize i = 0; mail->to && mail->to[i]; i++) {
		char *wire = hg_mail_wire_address(mail->to[i]);

		if (!wire)
			return "the receiver's address is none that a mail server takes";
		g_ptr_array_add(to, wire);
	}
	if (!to->len || to->len > HG_SMTP_TO_MAX)
		return "there is no receiver, or too many of them";
	g_ptr_array_add(to, NULL);
	job->to = (char **)g_ptr_array_free(g_steal_pointer(&to), FALSE);
	return NULL;
}

/* A CR or LF alone ends a line for some servers and not for others, so that one could be made to see the end of the
 * mail where the next does not: "SMTP smuggling". */
static const char *bytes_wrong(const char *bytes, gsize len)
{
	for (gsize i = 0; i < len; i++) {
		if (bytes[i] == '\0')
			return "the mail has a NUL in it";
		if (bytes[i] == '\r' ? i + 1 == len || bytes[i + 1] != '\n' : bytes[i] == '\n' && (!i || bytes[i - 1] != '\r'))
			return "the mail has a line end that is not CR LF";
	}
	return len ? NULL : "the mail is empty";
}

static const char *refuse(struct hg_smtp_job *job, const struct hg_smtp_mail *mail)
{
	const char *wrong = take_envelope(job, mail);

	if (wrong)
		return wrong;
	if (!is_one_line(mail->bearer) || !is_one_line(mail->envelope_id))
		return "the access token or the envelope id has control characters in it";
	if (mail->bearer && job->smtp->conf.esmtp)
		return "libesmtp knows no OAuth2: use curl as transport";
	return bytes_wrong(mail->bytes, mail->len);
}

void hg_smtp_send(hg_smtp *smtp, const struct hg_smtp_mail *mail, hg_smtp_done *done, void *arg)
{
	struct hg_smtp_job *job = g_new0(struct hg_smtp_job, 1);

	g_assert(!smtp->freeing);
	job->smtp = smtp;
	job->link.data = job;
	job->done = done;
	job->arg = arg;
	job->bytes = mail->bytes;
	job->len = mail->len;
	job->envelope_id = g_strdup(mail->envelope_id);
	job->bearer = g_strdup(mail->bearer);
	hg_smtp_dialog_init(&job->dialog);
	job->refused = refuse(job, mail);
	g_queue_push_tail_link(&smtp->jobs, &job->link);
	if (job->refused)
		event_active(smtp->soon, EV_TIMEOUT, 0);
	else
		smtp->by->begin(smtp->transport, job);
}
