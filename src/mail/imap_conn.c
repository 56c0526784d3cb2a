/* imap_conn.c - one connection to an IMAP server, logged in: bytes in, bytes out */
#include "imap_conn.h"

#include <event2/event.h>
#include <string.h>

#include "curl_base.h"
#include "fail.h"
#include "text.h"

#define READ_SIZE   65536
#define READS_MAX   16		/* in one turn of the loop, so that others have theirs */
#define WAITING_MAX 262144	/* bytes a peer does not take */
#define WORDS_MAX   200		/* of the server's that are told */

struct hg_imap_conn {
	hg_curl *curl;			/* lent, as is base */
	struct event_base *base;
	const struct hg_imap_conn_ops *ops;
	void *arg;
	CURL *easy;
	gboolean added;			/* to curl */
	struct event *readable, *writable;	/* once it is up */
	GByteArray *waiting;		/* not yet taken by the socket */
	char *said;			/* the server's last "NO", "BAD" or "BYE" before it was up */
	gboolean *gone;			/* set when it is closed in a callback; or NULL */
};

static void release(hg_imap_conn *conn)
{
	if (conn->gone)
		*conn->gone = TRUE;
	if (conn->readable)
		event_free(conn->readable);
	if (conn->writable)
		event_free(conn->writable);
	if (conn->added)
		hg_curl_remove(conn->curl, conn->easy);
	if (conn->easy)
		curl_easy_cleanup(conn->easy);
	g_byte_array_unref(conn->waiting);
	g_free(conn->said);
	g_free(conn);
}

void hg_imap_conn_close(hg_imap_conn *conn)
{
	if (conn)
		release(conn);
}

static void down(hg_imap_conn *conn, int end, const char *text)
{
	const struct hg_imap_conn_ops *ops = conn->ops;
	g_autofree char *copy = g_strdup(text);
	void *arg = conn->arg;

	release(conn);
	ops->down(arg, end, copy);
}

/* ---- reading ---- */

/* One piece; FALSE: there is no more now, or no connection any more. */
static gboolean read_some(hg_imap_conn *conn)
{
	char bytes[READ_SIZE];
	gboolean gone = FALSE;
	size_t n = 0;
	CURLcode result = curl_easy_recv(conn->easy, bytes, sizeof(bytes), &n);

	if (result == CURLE_AGAIN)
		return FALSE;
	if (result != CURLE_OK || n == 0) {
		down(conn, HG_IMAP_LOST, result ? curl_easy_strerror(result) : "the server closed the connection");
		return FALSE;
	}
	conn->gone = &gone;
	conn->ops->bytes(conn->arg, bytes, n);
	if (!gone)
		conn->gone = NULL;
	return !gone;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	hg_imap_conn *conn = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < READS_MAX; i++)
		if (!read_some(conn))
			return;
	/* TLS may hold more that the socket no longer shows. */
	event_active(conn->readable, EV_READ, 1);
}

/* ---- writing ---- */

/* FALSE: the connection is broken. */
static gboolean flush(hg_imap_conn *conn)
{
	while (conn->waiting->len) {
		size_t n = 0;
		CURLcode result = curl_easy_send(conn->easy, conn->waiting->data, conn->waiting->len, &n);

		if (result == CURLE_AGAIN)
			return conn->waiting->len <= WAITING_MAX && event_add(conn->writable, NULL) == 0;
		if (result != CURLE_OK)
			return FALSE;
		g_byte_array_remove_range(conn->waiting, 0, (guint)n);
	}
	return TRUE;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	hg_imap_conn *conn = arg;

	(void)fd;
	(void)what;
	if (!flush(conn))
		down(conn, HG_IMAP_LOST, "the server takes no more");
}

void hg_imap_conn_write(hg_imap_conn *conn, const void *bytes, gsize len)
{
	g_byte_array_append(conn->waiting, bytes, (guint)len);
	/* A caller does not expect its connection to end in here: the event tells. */
	if (!flush(conn))
		event_active(conn->writable, EV_WRITE, 1);
}

/* ---- connecting ---- */

static gboolean listen_to(hg_imap_conn *conn)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(conn->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
		return FALSE;
	conn->readable = event_new(conn->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(conn->base, fd, EV_WRITE, on_writable, conn);
	return conn->readable && conn->writable && event_add(conn->readable, NULL) == 0;
}

static gboolean is_untrusted(CURLcode result)
{
	return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
	       result == CURLE_SSL_CONNECT_ERROR || result == CURLE_USE_SSL_FAILED ||
	       result == CURLE_SSL_ISSUER_ERROR || result == CURLE_SSL_CERTPROBLEM;
}

void hg_imap_conn_done(void *arg, CURL *easy, CURLcode result)
{
	hg_imap_conn *conn = NULL;
	g_autofree char *text = NULL;
	const char *why = curl_easy_strerror(result);

	(void)arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &conn);
	if (result == CURLE_OK && listen_to(conn)) {
		conn->ops->up(conn->arg);
		return;
	}
	text = conn->said ? g_strdup_printf("%s (%s)", conn->said, why) : g_strdup(why);
	down(conn, result == CURLE_LOGIN_DENIED ? HG_IMAP_REFUSED : is_untrusted(result) ? HG_IMAP_UNTRUSTED
											 : HG_IMAP_LOST, text);
}

/* curl shows what the server says while it logs in, and keeps to itself why that failed. */
static size_t heard(char *bytes, size_t size, size_t n, void *arg)
{
	static const char *const words[] = { "NO ", "BAD ", "BYE " };
	hg_imap_conn *conn = arg;
	gsize len = size * n, tag = 0;

	while (tag < len && bytes[tag] != ' ')
		tag++;
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		gsize word = strlen(words[i]);

		if (tag + 1 + word < len && g_ascii_strncasecmp(bytes + tag + 1, words[i], word) == 0) {
			gsize from = tag + 1 + word, rest = len - from;

			while (rest && (bytes[from + rest - 1] == '\n' || bytes[from + rest - 1] == '\r'))
				rest--;
			g_free(conn->said);
			conn->said = hg_text_valid(bytes + from, (gssize)rest, WORDS_MAX);
		}
	}
	return len;
}

static gboolean set_up(hg_imap_conn *conn, const struct hg_imap_conn_conf *conf)
{
	g_autofree char *url = g_strdup_printf(strchr(conf->host, ':') ? "%s://[%s]:%d/" : "%s://%s:%d/",
					       conf->tls == HG_IMAP_TLS_IMPLICIT ? "imaps" : "imap", conf->host, conf->port);
	g_autofree char *how = g_strconcat("AUTH=", conf->mechanism, NULL);
	CURL *easy = conn->easy;
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, url);

	rc |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	rc |= curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	rc |= curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(conf->tls == HG_IMAP_TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	rc |= curl_easy_setopt(easy, CURLOPT_USERNAME, conf->user);
	rc |= conf->bearer ? curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, conf->bearer)
			   : curl_easy_setopt(easy, CURLOPT_PASSWORD, conf->password);
	/* Else a server that offers GSSAPI or NTLM would be tried with these first. */
	rc |= curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, how);
	rc |= curl_easy_setopt(easy, CURLOPT_PRIVATE, conn);
	rc |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)conf->connect_ms);
	rc |= curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(conf->connect_ms / 1000 + 1));
	rc |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 60L);
	rc |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 60L);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, heard);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, conn);
	if (conf->ca_file)
		rc |= curl_easy_setopt(easy, CURLOPT_CAINFO, conf->ca_file);
	return rc == CURLE_OK;
}

hg_imap_conn *hg_imap_conn_open(hg_curl *curl, struct event_base *base, const struct hg_imap_conn_conf *conf,
				const struct hg_imap_conn_ops *ops, void *arg, GError **error)
{
	hg_imap_conn *conn = g_new0(hg_imap_conn, 1);

	conn->curl = curl;
	conn->base = base;
	conn->ops = ops;
	conn->arg = arg;
	conn->waiting = g_byte_array_new();
	conn->easy = curl_easy_init();
	if (!conn->easy || !set_up(conn, conf)) {
		hg_fail(error, HG_ERROR_CONFIG, "curl does not take the settings of the IMAP server");
		release(conn);
		return NULL;
	}
	hg_curl_adopt(curl, conn->easy);
	hg_curl_add(curl, conn->easy);
	conn->added = TRUE;
	return conn;
}
