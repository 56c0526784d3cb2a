/* line_fixture.c - a TCP or TLS peer on the test's own loop, one connection at a time */
#include "line_fixture.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

struct line {
	struct event_base *base;	/* lent */
	struct evconnlistener *listener;
	struct bufferevent *bev;	/* NULL: nobody there */
	SSL_CTX *ctx;			/* NULL: plain */
	GString *heard;
	gsize bytes;
	guint accepted;
	gboolean up;
};

/* ---- a certificate ---- */

static void add_name(X509 *cert, const char *name)
{
	gboolean ip = strspn(name, "0123456789.") == strlen(name);
	g_autofree char *text = g_strdup_printf("%s:%s", ip ? "IP" : "DNS", name);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);

	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

static X509 *certify(EVP_PKEY *key, const char *name)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const guint8 *)"peer", -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	add_name(cert, name);
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

static char *pem_of(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *pem;
	long len;

	PEM_write_bio_X509(bio, cert);
	len = BIO_get_mem_data(bio, &data);
	pem = g_strndup(data, (gsize)len);
	BIO_free(bio);
	return pem;
}

void line_certificate(const char *name, char **ret_pem, char **ret_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = certify(key, name);
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &data);
	*ret_key = g_strndup(data, (gsize)len);
	*ret_pem = pem_of(cert);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static SSL_CTX *tls_new(const char *name, char **ret_pem)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = certify(key, name);

	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	if (ret_pem)
		*ret_pem = pem_of(cert);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

void line_wants(struct line *line, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	X509_STORE_add_cert(SSL_CTX_get_cert_store(line->ctx), cert);
	SSL_CTX_set_verify(line->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_free(cert);
	BIO_free(bio);
}

/* ---- connections ---- */

void line_hang_up(struct line *line)
{
	g_clear_pointer(&line->bev, bufferevent_free);
	line->up = FALSE;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct line *line = arg;
	char buf[4096];
	gsize len;

	while ((len = bufferevent_read(bev, buf, sizeof(buf)))) {
		line->bytes += len;
		if (line->heard->len < 65536)
			g_string_append_len(line->heard, buf, (gssize)len);
	}
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct line *line = arg;

	if (what & BEV_EVENT_CONNECTED)
		line->up = TRUE;
	else if (bev == line->bev)
		line_hang_up(line);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len,
		      void *arg)
{
	struct line *line = arg;

	(void)listener;
	(void)addr;
	(void)len;
	line_hang_up(line);
	if (line->ctx)
		line->bev = bufferevent_openssl_socket_new(line->base, fd, SSL_new(line->ctx),
				BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	else
		line->bev = bufferevent_socket_new(line->base, fd, BEV_OPT_CLOSE_ON_FREE);
	g_string_truncate(line->heard, 0);
	bufferevent_setcb(line->bev, on_read, NULL, on_event, line);
	bufferevent_enable(line->bev, EV_READ | EV_WRITE);
	line->accepted++;
	line->up = !line->ctx;
}

struct line *line_new(struct event_base *base, const char *certificate, char **ret_pem)
{
	struct line *line = g_new0(struct line, 1);
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };

	line->base = base;
	line->heard = g_string_new(NULL);
	if (certificate)
		line->ctx = tls_new(certificate, ret_pem);
	line->listener = evconnlistener_new_bind(base, on_accept, line, LEV_OPT_CLOSE_ON_FREE, 8,
						 (struct sockaddr *)&any, sizeof(any));
	g_assert(line->listener);
	return line;
}

void line_free(struct line *line)
{
	line_hang_up(line);
	evconnlistener_free(line->listener);
	SSL_CTX_free(line->ctx);
	g_string_free(line->heard, TRUE);
	g_free(line);
}

guint line_port(const struct line *line)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	getsockname(evconnlistener_get_fd(line->listener), (struct sockaddr *)&at, &len);
	return ntohs(at.sin_port);
}

guint line_accepted(const struct line *line)
{
	return line->accepted;
}

gboolean line_is_up(const struct line *line)
{
	return line->up;
}

void line_say(struct line *line, const char *text)
{
	bufferevent_write(line->bev, text, strlen(text));
}

const char *line_heard(const struct line *line)
{
	return line->heard->str;
}

gsize line_heard_bytes(const struct line *line)
{
	return line->bytes;
}

void line_deaf(struct line *line)
{
	bufferevent_disable(line->bev, EV_READ);
}
