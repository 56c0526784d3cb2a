/* smtp_esmtp_run.c - one session of libesmtp, made to tell the truth
 *
 * What the library does by itself (1.1.0, seen in its source and on the wire): it returns success although nothing was
 * sent; it goes on without a login when the login failed; it checks the certificate against the name that DNS made of the
 * configured one; it drops what it cannot write and goes on; and with TLS 1.3 it waits for ever when the server's
 * session tickets come first.  Its callbacks are enough to put all of this right:
 *
 * - every line of the session goes through a dialog (smtp_made.h), which decides, not the return value;
 * - the mail is given away by give(), which refuses unless the session is logged in and trusted, and knows when the
 *   last byte has gone: before that nothing can have been sent, because the final dot follows it;
 * - OpenSSL checks chain and configured name together, under a limit of TLS 1.2. */
#include <config.h>

#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "smtp_esmtp_made.h"

/* A write that times out inside the library is skipped, and the mail goes on without it: that must not happen before the
 * loop has given the session up, which takes less than a minute. */
#define TRANSFER_MS (10 * 60 * 1000)

static void trouble(struct hg_esmtp_session *session, enum hg_smtp_trouble what, const char *words)
{
	session->refused = TRUE;
	session->trouble = what;
	g_free(session->words);
	session->words = g_strdup(words);
}

/* ---- the conversation ---- */

static gboolean lacks_login(const struct hg_esmtp_session *session)
{
	return session->conf->user && !session->dialog.logged_in;
}

/* The library says MAIL without having logged in: the dialog stays where the login was refused, or would have been. */
static void stop_at_login(struct hg_esmtp_session *session)
{
	if (session->dialog.step != HG_SMTP_AUTH)
		hg_smtp_dialog_step(&session->dialog, HG_SMTP_AUTH);
	session->dialog.over = TRUE;
	trouble(session, HG_SMTP_LOGIN, "the server offers no login that libesmtp knows");
}

static void on_line(const char *bytes, int len, int writing, void *arg)
{
	struct hg_esmtp_session *session = arg;

	g_mutex_lock(&session->lock);
	if (!writing)
		hg_smtp_dialog_heard(&session->dialog, bytes, (gsize)len);
	else if (len > 4 && !g_ascii_strncasecmp(bytes, "MAIL", 4) && !session->refused && lacks_login(session))
		stop_at_login(session);
	else
		hg_smtp_dialog_said(&session->dialog, bytes, (gsize)len);
	g_mutex_unlock(&session->lock);
}

/* ---- the mail ---- */

/* With TLS we can get at the socket: has the server left?  What it says meanwhile is no sign: it answers parts (BDAT). */
static gboolean is_gone(const struct hg_esmtp_session *session)
{
	char c;
	ssize_t n;

	if (!session->ssl)
		return FALSE;
	n = recv(SSL_get_fd(session->ssl), &c, 1, MSG_PEEK | MSG_DONTWAIT);
	return !n || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* errno for "not one byte more", or 0. */
static int take_chunk(struct hg_esmtp_session *session, int *len)
{
	gsize n = MIN(sizeof(session->chunk), session->len - session->at);

	if (session->abandoned || session->refused)
		return ECANCELED;
	if (session->dialog.step < HG_SMTP_BODY)
		hg_smtp_dialog_step(&session->dialog, HG_SMTP_BODY);
	if (is_gone(session))
		return EPIPE;
	if (!n)				/* the final dot is next, and the library will not ask again */
		hg_smtp_dialog_step(&session->dialog, HG_SMTP_END);
	else
		memcpy(session->chunk, session->bytes + session->at, n);
	session->at += n;
	*len = (int)n;
	return 0;
}

/* len NULL: from the beginning.  An errno that is set makes the library drop the connection without the dot. */
static const char *give(void **ctx, int *len, void *arg)
{
	struct hg_esmtp_session *session = arg;
	int wrong = 0;

	(void)ctx;
	g_mutex_lock(&session->lock);
	if (len) {
		*len = 0;
		wrong = take_chunk(session, len);
	} else {
		session->at = 0;
	}
	g_mutex_unlock(&session->lock);
	errno = wrong;
	return len && *len ? session->chunk : NULL;
}

/* ---- trust ---- */

/* Chain and name are OpenSSL's to check, see new_context(); the library's own look at the name may err both ways. */
static gboolean is_trusted(SSL *ssl)
{
	return SSL_get_verify_result(ssl) == X509_V_OK;
}

static void on_wrong_name(struct hg_esmtp_session *session, va_list args)
{
	int *ok = va_arg(args, int *);
	SSL *ssl = (va_arg(args, const char *), va_arg(args, SSL *));

	*ok = is_trusted(ssl);
	if (!*ok)
		trouble(session, HG_SMTP_INSECURE, "the server's certificate is for another name");
}

static void on_bad_chain(struct hg_esmtp_session *session, va_list args)
{
	long result = va_arg(args, long);
	g_autofree char *words = g_strdup_printf("SSL certificate problem: %s", X509_verify_cert_error_string(result));

	trouble(session, HG_SMTP_INSECURE, words);	/* ok stays 0 */
}

static void on_tls(struct hg_esmtp_session *session, va_list args)
{
	SSL *ssl = va_arg(args, SSL *);

	session->ssl = ssl;
	if (!is_trusted(ssl))
		trouble(session, HG_SMTP_INSECURE, "the server's certificate is not to be trusted");
}

static void on_event(smtp_session_t library, int event, void *arg, ...)
{
	struct hg_esmtp_session *session = arg;
	va_list args;

	(void)library;
	va_start(args, arg);
	g_mutex_lock(&session->lock);
	switch (event) {
	case SMTP_EV_CONNECT:
		hg_smtp_dialog_step(&session->dialog, HG_SMTP_GREETING);
		break;
	case SMTP_EV_MESSAGESENT:
		session->answered = TRUE;
		break;
	case SMTP_EV_DISCONNECT:
		session->ssl = NULL;
		break;
	case SMTP_EV_STARTTLS_OK:
		on_tls(session, args);
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		on_wrong_name(session, args);
		break;
	case SMTP_EV_INVALID_PEER_CERTIFICATE:
		on_bad_chain(session, args);
		break;
	case SMTP_EV_NO_PEER_CERTIFICATE:
	case SMTP_EV_WEAK_CIPHER:
		trouble(session, HG_SMTP_INSECURE, "the server shows no certificate, or wants a weak cipher");
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		trouble(session, HG_SMTP_INSECURE, "the server offers no STARTTLS");
		break;
	}
	g_mutex_unlock(&session->lock);
	va_end(args);
}

static gboolean set_name(SSL_CTX *ctx, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	return X509_VERIFY_PARAM_set1_ip_asc(param, host) || X509_VERIFY_PARAM_set1_host(param, host, 0);
}

/* Not SSL_VERIFY_PEER: the check is made all the same, and its result asked for, which tells more than a failed
 * handshake. */
static SSL_CTX *new_context(const struct hg_smtp_conf *conf)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	gboolean ok = ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) &&
		      SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) && set_name(ctx, conf->host) &&
		      (conf->ca_file ? SSL_CTX_load_verify_locations(ctx, conf->ca_file, NULL)
				     : SSL_CTX_set_default_verify_paths(ctx));

	if (!ok)
		SSL_CTX_free(ctx);
	return ok ? ctx : NULL;
}

/* ---- login ---- */

static int interact(auth_client_request_t request, char **result, int fields, void *arg)
{
	const struct hg_smtp_conf *conf = arg;

	for (int i = 0; i < fields; i++)
		result[i] = (char *)(request[i].flags & AUTH_PASS ? conf->password : request[i].flags & AUTH_USER ?
				     conf->user : NULL);
	return 1;
}

static auth_context_t new_login(const struct hg_smtp_conf *conf)
{
	auth_context_t login;

	if (!conf->user || !conf->password)
		return NULL;
	login = auth_create_context();
	auth_set_mechanism_flags(login, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(login, interact, (void *)conf);
	return login;
}

/* ---- all of it ---- */

static void set_timeouts(smtp_session_t library, gint64 ms)
{
	static const int which[] = { Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_DATA2 };

	for (gsize i = 0; i < G_N_ELEMENTS(which); i++)
		smtp_set_timeout(library, which[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, (long)ms);
	smtp_set_timeout(library, Timeout_TRANSFER | Timeout_OVERRIDE_RFC2822_MINIMUM, TRANSFER_MS);
}

static smtp_message_t add_message(smtp_session_t library, struct hg_esmtp_session *session)
{
	smtp_message_t message = smtp_add_message(library);

	smtp_set_reverse_path(message, session->from);
	for (char **to = session->to; *to; to++) {
		smtp_recipient_t recipient = smtp_add_recipient(message, *to);

		if (session->envelope_id)
			smtp_dsn_set_notify(recipient, Notify_FAILURE | Notify_DELAY);
	}
	if (session->envelope_id) {
		smtp_dsn_set_envid(message, session->envelope_id);
		smtp_dsn_set_ret(message, Ret_HDRS);
	}
	smtp_size_set_estimate(message, session->len);
	smtp_set_messagecb(message, give, session);
	return message;
}

static void set_up(smtp_session_t library, struct hg_esmtp_session *session)
{
	g_autofree char *server = g_strdup_printf("%s:%d", session->conf->host, session->conf->port);

	smtp_set_server(library, server);
	smtp_set_hostname(library, session->conf->hello);
	smtp_option_require_all_recipients(library, 1);
	smtp_set_monitorcb(library, on_line, session, 0);
	smtp_set_eventcb(library, on_event, session);
	set_timeouts(library, session->conf->timeout_ms);
}

/* Where a server offers CHUNKING, the library uses BDAT (RFC 3030) and stops telling what is said: its own note of the
 * last reply is put to the dialog then. */
static void hear_status(struct hg_smtp_dialog *dialog, const smtp_status_t *status)
{
	GString *line = g_string_new(NULL);

	g_string_append_printf(line, "%d ", status->code);
	if (status->enh_class)
		g_string_append_printf(line, "%d.%d.%d ", status->enh_class, status->enh_subject, status->enh_detail);
	g_string_append(line, status->text ? status->text : "");
	g_strdelimit(g_strchomp(line->str), "\r\n", ' ');
	dialog->over = FALSE;
	hg_smtp_dialog_step(dialog, dialog->step);
	hg_smtp_dialog_heard(dialog, line->str, strlen(line->str));
	hg_smtp_dialog_heard(dialog, "\r\n", 2);
	g_string_free(line, TRUE);
}

static void take_end(struct hg_esmtp_session *session, smtp_message_t message, const char *words)
{
	const smtp_status_t *status = smtp_message_transfer_status(message);
	struct hg_smtp_dialog *dialog;

	g_mutex_lock(&session->lock);
	dialog = &session->dialog;
	if (!session->abandoned && dialog->step >= HG_SMTP_BODY) {
		int code = session->answered && status ? status->code : 0;

		if (!code && dialog->step == HG_SMTP_END)
			dialog->code = 0;
		else if (code != dialog->code && (code >= 400 || dialog->step == HG_SMTP_END))
			hear_status(dialog, status);
	}
	if (!session->words)
		session->words = g_strdup(words);
	if (!session->trouble)
		session->trouble = HG_SMTP_NETWORK;
	g_mutex_unlock(&session->lock);
}

static void talk(struct hg_esmtp_session *session, SSL_CTX *ctx)
{
	smtp_session_t library = smtp_create_session();
	smtp_message_t message = add_message(library, session);
	auth_context_t login = new_login(session->conf);
	char words[200] = "the connection ended";

	set_up(library, session);
	smtp_starttls_enable(library, ctx ? Starttls_REQUIRED : Starttls_DISABLED);
	if (ctx)
		smtp_starttls_set_ctx(library, ctx);
	if (login)
		smtp_auth_set_context(library, login);
	if (!smtp_start_session(library) && smtp_errno())
		smtp_strerror(smtp_errno(), words, sizeof(words));
	take_end(session, message, words);
	smtp_auth_set_context(library, NULL);
	smtp_destroy_session(library);
	if (login)
		auth_destroy_context(login);
}

void hg_esmtp_run(struct hg_esmtp_session *session)
{
	gboolean tls = session->conf->tls != HG_SMTP_TLS_NONE;
	SSL_CTX *ctx = tls ? new_context(session->conf) : NULL;

	if (!tls || ctx) {
		talk(session, ctx);
	} else {
		g_mutex_lock(&session->lock);
		trouble(session, HG_SMTP_INSECURE, "TLS cannot be set up: is ca_file readable, and are there certificates in it?");
		g_mutex_unlock(&session->lock);
	}
	SSL_CTX_free(ctx);
}
