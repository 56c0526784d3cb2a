/* session.c - connections that ought to be up: TCP or TLS, made again with backoff when they go */
#include "services.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "env.h"
#include "text.h"

#define CONNECT_MS  15000	/* name, connection and TLS handshake */
#define BACKOFF_MS  60000	/* longest wait before the next attempt */
#define STEADY_MS   30000	/* up for so long: the next failure begins with short waits again */
#define REST_MAX_MS 86400000	/* longest that an adapter may put the next attempt off */
#define UNREAD_MAX  (1 << 20)	/* bytes in that data() does not use */
#define UNSENT_MAX  (1 << 20)	/* bytes out that the peer does not take */

struct hg_session {
	GList link;			/* in ch->sessions */
	hg_channel *ch;
	char *host;
	int port;
	gboolean tls;
	gint64 idle_ms;
	struct hg_session_ops ops;
	char *ca_file, *cert_file, *key_file;	/* with tls; or NULL */
	SSL_CTX *ctx;			/* with tls */
	struct evdns_base *dns;
	struct bufferevent *bev;	/* NULL: between two attempts, or ended */
	gboolean up;			/* up() was called, and down() was not since */
	gint64 up_at;			/* monotonic */
	guint attempt;			/* failures in a row */
	guint64 timer;			/* connect deadline, next attempt, or the drop that is due */
	gint64 rest_ms;			/* the next attempt comes no earlier than so long after this one's end */
	gint64 again_at;		/* monotonic: of the next attempt, between two */
	char *dropped;			/* why; the drop is due */
};

static void session_connect(void *arg);

/* ---- down ---- */

static void session_close(struct hg_session *s)
{
	hg_loop_untimer(s->ch->loop, s->timer);
	s->timer = 0;
	if (s->bev)
		bufferevent_free(s->bev);
	s->bev = NULL;
}

static void tell_down(struct hg_session *s, int kind, const char *why)
{
	struct hg_err err = { 0 };

	hg_err_set(&err, kind, 0, "%s:%d: %s", s->host, s->port, why);
	s->up = FALSE;
	if (s->ops.down)
		s->ops.down(s->ch->state, s, &err);
}

/* Ends this connection and plans the next.  Never from within a function of the host. */
static void session_fail(struct hg_session *s, int kind, const char *why)
{
	gint64 now = hg_loop_now(s->ch->loop), wait;

	session_close(s);
	if (s->up && now - s->up_at >= STEADY_MS)
		s->attempt = 0;
	wait = hg_backoff(hg_loop_env(s->ch->loop), s->attempt++, BACKOFF_MS);
	wait = MAX(wait, s->rest_ms);
	s->rest_ms = 0;
	s->again_at = now + wait;
	hg_warn(&s->ch->ctx, "session.down", "%s:%d: %s; again in %" G_GINT64_FORMAT " ms", s->host,
		s->port, why, wait);
	s->timer = hg_loop_timer(s->ch->loop, wait, session_connect, s);
	tell_down(s, kind, why);
}

static void on_drop(void *arg)
{
	struct hg_session *s = arg;
	g_autofree char *why = g_steal_pointer(&s->dropped);

	s->timer = 0;
	session_fail(s, HG_ERR_BROKEN, why);
}

void hg_session_drop(struct hg_session *s, const char *why)
{
	if (!hg_loop_here(s->ch->loop) || !s->bev || s->dropped)
		return;
	bufferevent_disable(s->bev, EV_READ | EV_WRITE);
	s->dropped = hg_text_valid(why ? why : "dropped by the adapter", -1, 200);
	hg_loop_untimer(s->ch->loop, s->timer);
	s->timer = hg_loop_timer(s->ch->loop, 0, on_drop, s);
}

void hg_session_rest(struct hg_session *s, int64_t ms, const char *why)
{
	gint64 now = hg_loop_now(s->ch->loop);

	if (!hg_loop_here(s->ch->loop))
		return;
	ms = CLAMP(ms, 0, REST_MAX_MS);
	if (s->bev) {
		s->rest_ms = MAX(s->rest_ms, ms);
		hg_session_drop(s, why);
	} else if (s->timer && s->again_at < now + ms) {
		/* It was the peer who hung up: what he said before counts all the same. */
		s->again_at = now + ms;
		hg_loop_untimer(s->ch->loop, s->timer);
		s->timer = hg_loop_timer(s->ch->loop, ms, session_connect, s);
	}
}

/* ---- up, and bytes ---- */

/* One more turn of data(); FALSE: wait for more bytes. */
static gboolean feed(struct hg_session *s, struct evbuffer *in)
{
	gsize len = evbuffer_get_length(in), used;

	if (!len || !s->bev || s->dropped)
		return FALSE;
	used = s->ops.data(s->ch->state, s, evbuffer_pullup(in, -1), len);
	if (used > len) {
		hg_ch_fault(s->ch, "data() used %zu of %zu bytes", used, len);
		hg_session_drop(s, "mistake in the adapter");
		return FALSE;
	}
	evbuffer_drain(in, used);
	if (!used && len >= UNREAD_MAX)
		hg_session_drop(s, "the peer sends a unit larger than 1 MiB");
	return used > 0;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	while (feed(arg, bufferevent_get_input(bev)))
		;
}

static void go_up(struct hg_session *s)
{
	hg_loop_untimer(s->ch->loop, s->timer);
	s->timer = 0;
	s->up = TRUE;
	s->up_at = hg_loop_now(s->ch->loop);
	if (s->idle_ms > 0) {
		struct timeval idle = { s->idle_ms / 1000, s->idle_ms % 1000 * 1000 };

		bufferevent_set_timeouts(s->bev, &idle, NULL);
	}
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	hg_info(&s->ch->ctx, "session.up", "%s:%d%s", s->host, s->port, s->tls ? " (TLS)" : "");
	s->ops.up(s->ch->state, s);
}

static char *describe(struct hg_session *s, short what)
{
	unsigned long tls = s->tls ? bufferevent_get_openssl_error(s->bev) : 0;
	int dns = bufferevent_socket_get_dns_error(s->bev);
	SSL *ssl = s->tls ? bufferevent_openssl_get_ssl(s->bev) : NULL;
	long verify = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (dns)
		return g_strdup_printf("the name cannot be resolved: %s", evutil_gai_strerror(dns));
	if (verify != X509_V_OK)
		return g_strdup_printf("its certificate is refused: %s", X509_verify_cert_error_string(verify));
	if (tls)
		return g_strdup_printf("TLS: %s", ERR_reason_error_string(tls) ?: "failed");
	if (what & BEV_EVENT_EOF)
		return g_strdup("the peer closed the connection");
	return g_strdup(evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct hg_session *s = arg;
	g_autofree char *why = NULL;

	if (s->dropped)
		return;
	if (what & BEV_EVENT_CONNECTED) {
		go_up(s);
	} else if (what & BEV_EVENT_TIMEOUT) {
		/* The timeout has switched reading off. */
		bufferevent_enable(bev, EV_READ);
		if (s->ops.idle)
			s->ops.idle(s->ch->state, s);
	} else {
		why = describe(s, what);
		/* The last bytes may be the ones that say why. */
		if (s->up)
			on_read(bev, s);
		if (!s->dropped)
			session_fail(s, HG_ERR_BROKEN, why);
	}
}

/* ---- what we believe, and what we show ---- */

/* A key with a passphrase would have OpenSSL ask at the terminal. */
static int no_passphrase(char *buf G_GNUC_UNUSED, int size G_GNUC_UNUSED, int rwflag G_GNUC_UNUSED, void *arg G_GNUC_UNUSED)
{
	return -1;
}

static gboolean tls_fail(const char *what, const char *file, GError **error)
{
	unsigned long code = ERR_get_error();
	const char *why = ERR_reason_error_string(code);

	ERR_clear_error();
	return hg_fail(error, HG_ERROR_CONFIG, "%s %s: %s", what, file,
		       ERR_SYSTEM_ERROR(code) ? g_strerror(ERR_GET_REASON(code)) : why ?: "it cannot be read");
}

static gboolean tls_show(SSL_CTX *ctx, const char *cert_file, const char *key_file, GError **error)
{
	const char *key = key_file ?: cert_file;

	if (!cert_file)
		return TRUE;
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
		return tls_fail("certificate", cert_file, error);
	/* OpenSSL says "unsupported" of a file without one. */
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return tls_fail("private key (PEM, without a passphrase)", key, error);
	return TRUE;
}

/* Each may be NULL: the system's certificates, nothing to show, a key in cert_file. */
static SSL_CTX *tls_new(const char *ca_file, const char *cert_file, const char *key_file, GError **error)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	gboolean ok;

	if (!ctx)
		return hg_fail(error, HG_ERROR_BROKEN, "out of memory"), NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	ERR_clear_error();
	if (!ca_file)
		ok = SSL_CTX_set_default_verify_paths(ctx) == 1;
	else
		ok = SSL_CTX_load_verify_locations(ctx, ca_file, NULL) == 1 || tls_fail("certificates", ca_file, error);
	if (ok && tls_show(ctx, cert_file, key_file, error))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* ---- connecting ---- */

static void on_late(void *arg)
{
	session_fail(arg, HG_ERR_BUSY, "no connection within 15 s");
}

static gboolean is_address(const char *host)
{
	struct sockaddr_storage to;
	int len = sizeof(to);

	return evutil_parse_sockaddr_port(host, (struct sockaddr *)&to, &len) == 0;
}

/* The certificate must be for this host: a valid one for another is none. */
static gboolean name_peer(SSL *ssl, const char *host)
{
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

static struct bufferevent *bev_new(struct hg_session *s)
{
	struct event_base *base = hg_loop_base(s->ch->loop);
	int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	struct bufferevent *bev;
	SSL *ssl;

	if (!s->tls)
		return bufferevent_socket_new(base, -1, options);
	ssl = SSL_new(s->ctx);
	if (!ssl || !name_peer(ssl, s->host)) {
		SSL_free(ssl);
		return NULL;
	}
	bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, options);
	if (!bev)
		SSL_free(ssl);
	return bev;
}

/* Files are read again for each attempt: certificates are renewed while we run. */
static gboolean tls_renew(struct hg_session *s)
{
	g_autoptr(GError) error = NULL;
	SSL_CTX *fresh;

	if (!s->ca_file && !s->cert_file)
		return TRUE;
	fresh = tls_new(s->ca_file, s->cert_file, s->key_file, &error);
	if (!fresh) {
		session_fail(s, HG_ERR_CONFIG, error ? error->message : "TLS cannot be set up");
		return FALSE;
	}
	SSL_CTX_free(s->ctx);
	s->ctx = fresh;
	return TRUE;
}

static void session_connect(void *arg)
{
	struct hg_session *s = arg;

	s->timer = 0;
	if (!tls_renew(s))
		return;
	s->bev = bev_new(s);
	s->timer = hg_loop_timer(s->ch->loop, CONNECT_MS, on_late, s);
	if (!s->bev) {
		session_fail(s, HG_ERR_BROKEN, "no connection can be made: out of memory or a bad host name");
		return;
	}
	bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
	bufferevent_setwatermark(s->bev, EV_READ, 0, UNREAD_MAX);
	/* libevent tries the first address of a name only, which may be one that leads nowhere from
	 * here: every other attempt asks for IPv4. */
	if (bufferevent_socket_connect_hostname(s->bev, s->dns, s->attempt % 2 ? AF_INET : AF_UNSPEC, s->host,
						s->port) < 0)
		session_fail(s, HG_ERR_BROKEN, "no connection can be made");
}

/* Without it names would be resolved by a call that blocks the loop. */
static struct evdns_base *dns_new(hg_loop *loop)
{
	struct event_base *base = hg_loop_base(loop);
	struct evdns_base *dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
						EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	/* A machine without name servers still has /etc/hosts. */
	if (!dns && (dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE)))
		evdns_base_load_hosts(dns, "/etc/hosts");
	return dns;
}

/* ---- for the adapter ---- */

static const char *session_wrong(hg_channel *ch, const struct hg_session_conf *conf,
				 const struct hg_session_ops *ops)
{
	if (!conf->host || !*conf->host || strlen(conf->host) > 255)
		return "session(): no host, or one of more than 255 characters";
	if (conf->port < 1 || conf->port > 65535)
		return "session(): the port is not within 1..65535";
	if (!ops->up || !ops->data)
		return "session(): up() and data() are needed";
	if (conf->key_file && !conf->cert_file)
		return "session(): a key without its certificate";
	if (ch->sessions.length >= HG_CH_SESSIONS_MAX)
		return "session(): the channel has 32 sessions already";
	return ch->phase == HG_PH_ENDING ? "the channel closes" : NULL;
}

/* Takes ctx, which is NULL without TLS. */
static struct hg_session *session_new(hg_channel *ch, const struct hg_session_conf *conf,
				      const struct hg_session_ops *ops, SSL_CTX *ctx)
{
	struct hg_session *s = g_new0(struct hg_session, 1);

	s->ch = ch;
	s->host = g_strdup(conf->host);
	s->port = conf->port;
	s->tls = conf->tls;
	s->idle_ms = conf->idle_ms;
	s->ops = *ops;
	s->dns = dns_new(ch->loop);
	s->ca_file = g_strdup(conf->ca_file);
	s->cert_file = g_strdup(conf->cert_file);
	s->key_file = g_strdup(conf->key_file);
	s->ctx = ctx;
	s->link.data = s;
	g_queue_push_tail_link(&ch->sessions, &s->link);
	/* Not at once: up() and down() must not run before we have returned. */
	s->timer = hg_loop_timer(ch->loop, 0, session_connect, s);
	return s;
}

struct hg_session *hg_session_begin(hg_channel *ch, const struct hg_session_conf *conf,
				    const struct hg_session_ops *ops, struct hg_err *err)
{
	struct hg_session_conf c = { .tls = FALSE };
	struct hg_session_ops o;
	g_autoptr(GError) error = NULL;
	SSL_CTX *ctx = NULL;
	const char *wrong;

	if (!hg_ch_may_begin(ch, "session")) {
		wrong = "the channel is closed";
	} else if (!hg_take_struct(&c, sizeof(c), conf) || !hg_take_struct(&o, sizeof(o), ops)) {
		wrong = "session(): the size of conf or ops is wrong";
	} else {
		wrong = session_wrong(ch, &c, &o);
	}
	if (!wrong && c.tls)
		ctx = tls_new(c.ca_file, c.cert_file, c.key_file, &error);
	if (!wrong && !error)
		return session_new(ch, &c, &o, ctx);
	if (err && error)
		hg_err_from(err, error);
	else if (err)
		hg_err_set(err, HG_ERR_INPUT, 0, "%s", wrong);
	return NULL;
}

int hg_session_write(struct hg_session *s, const void *bytes, size_t len)
{
	struct evbuffer *out;

	if (!hg_loop_here(s->ch->loop) || !s->up || !s->bev || s->dropped)
		return -1;
	out = bufferevent_get_output(s->bev);
	if (len > UNSENT_MAX || evbuffer_get_length(out) > UNSENT_MAX - len) {
		hg_session_drop(s, "the peer does not read: 1 MiB waits for it");
		return -1;
	}
	return bufferevent_write(s->bev, bytes, len);
}

void hg_session_end(hg_channel *ch)
{
	for (GList *link = ch->sessions.head; link; link = link->next) {
		struct hg_session *s = link->data;

		session_close(s);
		g_clear_pointer(&s->dropped, g_free);
		/* What the adapter awaited over it will not come: it can answer for that now. */
		if (s->up)
			tell_down(s, HG_ERR_BUSY, "the channel closes");
	}
}

void hg_session_free_all(hg_channel *ch)
{
	GList *link;

	while ((link = ch->sessions.head)) {
		struct hg_session *s = link->data;

		g_queue_unlink(&ch->sessions, link);
		if (s->dns)
			evdns_base_free(s->dns, 0);
		SSL_CTX_free(s->ctx);
		g_free(s->host);
		g_free(s->ca_file);
		g_free(s->cert_file);
		g_free(s->key_file);
		g_free(s);
	}
}
