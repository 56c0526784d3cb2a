/* test_http_both.c - our client and our server together: TLS, unix sockets, streams */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/client_run.h"
#include "../support/http_fixture.h"

#define CALL(...) (&(struct hg_client_call){ .private_ok = TRUE, __VA_ARGS__ })

static char *dir, *cert_path, *key_path, *other_key_path;

/* ---- a certificate of our own for 127.0.0.1 ---- */

static EVP_PKEY *write_key(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *out = fopen(path, "w");

	assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(out);
	return key;
}

static void write_cert(const char *path, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	FILE *out = fopen(path, "w");

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const guchar *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_add_ext(cert, names, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_X509(out, cert), 1);
	fclose(out);
	X509_EXTENSION_free(names);
	X509_free(cert);
}

static int make_files(void **state)
{
	EVP_PKEY *key;

	(void)state;
	dir = g_dir_make_tmp("hgXXXXXX", NULL);
	cert_path = g_build_filename(dir, "cert.pem", NULL);
	key_path = g_build_filename(dir, "key.pem", NULL);
	other_key_path = g_build_filename(dir, "other.pem", NULL);
	key = write_key(key_path);
	write_cert(cert_path, key);
	EVP_PKEY_free(key);
	EVP_PKEY_free(write_key(other_key_path));
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	g_unlink(cert_path);
	g_unlink(key_path);
	g_unlink(other_key_path);
	g_rmdir(dir);
	g_free(cert_path);
	g_free(key_path);
	g_free(other_key_path);
	g_free(dir);
	return 0;
}

/* ---- one server, one blocking call ---- */

static int start_tls(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	fixture_init(f);
	f->conf.tls_cert = cert_path;
	f->conf.tls_key = key_path;
	f->tls = TRUE;
	*state = f;
	return 0;
}

static int start_unix(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	fixture_init(f);
	f->unix_path = g_build_filename(dir, "socket", NULL);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	fixture_done(f);
	g_free(f->unix_path);
	g_free(f);
	return 0;
}

static void expect_text(const struct hg_client_call *call, int status, const char *part)
{
	struct result r = { 0 };

	hg_client_sync(call, result_take, &r);
	if (r.count != 1 || r.code || r.status != status || !strstr(r.body, part))
		fail_msg("want %d with \"%s\", got %d: %s %s", status, part, r.status, r.error, r.body);
	result_clear(&r);
}

static char *https_url(struct fixture *f, const char *path)
{
	return g_strdup_printf("https://127.0.0.1:%u%s", fixture_port(f), path);
}

static void tls_carries_requests_and_replies(void **state)
{
	struct fixture *f = *state;
	g_autofree char *body = g_strnfill(300000, 'x'), *url = NULL;

	fixture_start(f);
	url = https_url(f, "/echo?q=1");
	expect_text(CALL(.url = url, .ca_file = cert_path), 200, "GET\n/echo\n1\n-\n127.0.0.1\n");
	expect_text(CALL(.url = url, .ca_file = cert_path, .body = body, .len = 300000), 200, body);
}

static void tls_carries_a_big_reply(void **state)
{
	struct fixture *f = *state;
	g_autofree char *url = NULL;
	struct result r = { 0 };

	fixture_start(f);
	url = https_url(f, "/big");
	hg_client_sync(CALL(.url = url, .ca_file = cert_path, .max_reply = BIG), result_take, &r);
	assert_int_equal(r.code, HG_CLIENT_OK);
	assert_int_equal(r.len, BIG);
	result_clear(&r);
}

static void tls_refusals_arrive(void **state)
{
	struct fixture *f = *state;
	g_autofree char *url = NULL;

	fixture_start(f);
	url = https_url(f, "/small");
	expect_text(CALL(.url = url, .ca_file = cert_path, .body = "01234567890", .len = 11), 413, "body.big");
}

static void an_unknown_certificate_gets_nothing(void **state)
{
	struct fixture *f = *state;
	g_autofree char *url = NULL;
	struct result r = { 0 };

	fixture_start(f);
	url = https_url(f, "/echo");
	hg_client_sync(CALL(.url = url, .body = "secret", .len = 6), result_take, &r);
	assert_int_equal(r.code, HG_CLIENT_TLS);
	assert_false(r.sent);
	assert_int_equal(r.status, 0);
	result_clear(&r);
}

/* Accepts one connection, and gives what it says first. */
static gpointer hear_hello(gpointer data)
{
	char bytes[4096];
	int fd = accept(GPOINTER_TO_INT(data), NULL, NULL);
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	close(fd);
	return g_bytes_new(bytes, n > 0 ? (gsize)n : 0);
}

static void the_client_offers_http_1_1_alone(void **state)
{
	static const char old[] = "\x08http/1.1", two[] = "\x02h2";
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct result r = { 0 };
	g_autofree char *url = NULL;
	g_autoptr(GBytes) hello = NULL;
	gconstpointer bytes;
	GThread *thread;
	gsize len;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	url = g_strdup_printf("https://127.0.0.1:%u/", ntohs(at.sin_port));
	thread = g_thread_new("hello", hear_hello, GINT_TO_POINTER(fd));
	hg_client_sync(CALL(.url = url), result_take, &r);
	hello = g_thread_join(thread);
	bytes = g_bytes_get_data(hello, &len);
	assert_non_null(memmem(bytes, len, old, sizeof(old) - 1));
	assert_null(memmem(bytes, len, two, sizeof(two) - 1));
	assert_false(r.sent);
	result_clear(&r);
	close(fd);
}

static void a_silent_tls_peer_meets_the_deadline(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->conf.head_ms = 100;
	fixture_start(f);
	fd = peer_connect(f);
	assert_true(peer_is_closed(fd));
	close(fd);
}

static void plain_bytes_on_a_tls_port_get_nothing(void **state)
{
	struct fixture *f = *state;
	g_autofree char *rest = NULL;
	int fd;

	fixture_start(f);
	fd = peer_ask(f, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	rest = peer_rest(fd, NULL);
	assert_null(strstr(rest, "HTTP/"));
	close(fd);
	fixture_wait_connections(f, 0);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
	struct fixture *f = *state;
	g_autoptr(GError) error = NULL;

	fixture_start(f);
	fixture_stop(f);
	f->conf.tls_key = other_key_path;
	assert_null(hg_server_new(f->loop, &f->conf, &error));
	assert_non_null(error);
	g_clear_error(&error);
	f->conf.tls_key = "/nowhere";
	assert_null(hg_server_new(f->loop, &f->conf, &error));
	assert_non_null(strstr(error->message, "/nowhere"));
}

static void check_local(void *arg)
{
	uid_t uid = (uid_t)-1;

	assert_true(hg_request_is_local(arg, &uid));
	assert_int_equal(uid, getuid());
}

static gpointer defer(gpointer arg)
{
	struct fixture *f = arg;

	expect_text(CALL(.url = "http://headgate/defer", .unix_path = f->unix_path), 200, "done");
	return NULL;
}

static void a_unix_socket_tells_who_asks(void **state)
{
	struct fixture *f = *state;
	hg_request *req;
	GThread *thread;

	fixture_start(f);
	expect_text(CALL(.url = "http://headgate/echo", .unix_path = f->unix_path), 200, "\nunix\n");
	thread = g_thread_new("asker", defer, f);
	req = fixture_handed(f);
	fixture_call(f, check_local, req);
	fixture_answer(f, req, "done");
	g_thread_join(thread);
}

/* ---- a stream, as `headgatectl tail` reads it ---- */

struct tail {
	struct fixture *f;
	hg_request *req;
	hg_stream *stream;
	GAsyncQueue *lines;
	struct result result;
};

static gboolean take_line(void *arg, const void *bytes, gsize len)
{
	struct tail *tail = arg;

	g_async_queue_push(tail->lines, g_strndup(bytes, len));
	return TRUE;
}

static gpointer follow(gpointer arg)
{
	struct tail *tail = arg;

	hg_client_sync(CALL(.url = "http://headgate/stream", .unix_path = tail->f->unix_path, .timeout_ms = -1,
			    .on_body = take_line, .on_body_arg = tail), result_take, &tail->result);
	return NULL;
}

static void open_stream(void *arg)
{
	struct tail *tail = arg;

	tail->stream = hg_request_stream(tail->req, &(struct hg_stream_head){ .status = 200 });
}

static void write_line(void *arg)
{
	struct tail *tail = arg;

	assert_true(hg_stream_write(tail->stream, "line\n", 5));
}

static void finish(void *arg)
{
	struct tail *tail = arg;

	hg_stream_finish(tail->stream);
}

static void a_blocking_call_follows_a_stream(void **state)
{
	struct fixture *f = *state;
	struct tail tail = { .f = f, .lines = g_async_queue_new_full(g_free) };
	GThread *thread;

	fixture_start(f);
	thread = g_thread_new("tail", follow, &tail);
	tail.req = fixture_handed(f);
	fixture_call(f, open_stream, &tail);
	for (int i = 0; i < 3; i++) {
		g_autofree char *line = NULL;

		fixture_call(f, write_line, &tail);
		line = g_async_queue_pop(tail.lines);	/* before the next one is written */
		assert_string_equal(line, "line\n");
	}
	fixture_call(f, finish, &tail);
	g_thread_join(thread);
	assert_int_equal(tail.result.code, HG_CLIENT_OK);
	assert_int_equal(tail.result.len, 15);
	result_clear(&tail.result);
	g_async_queue_unref(tail.lines);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TLS(name) cmocka_unit_test_setup_teardown(name, start_tls, stop)
#define UNIX(name) cmocka_unit_test_setup_teardown(name, start_unix, stop)
		TLS(tls_carries_requests_and_replies),
		TLS(tls_carries_a_big_reply),
		TLS(tls_refusals_arrive),
		TLS(an_unknown_certificate_gets_nothing),
		cmocka_unit_test(the_client_offers_http_1_1_alone),
		TLS(a_silent_tls_peer_meets_the_deadline),
		TLS(plain_bytes_on_a_tls_port_get_nothing),
		TLS(a_key_of_another_certificate_is_refused),
		UNIX(a_unix_socket_tells_who_asks),
		UNIX(a_blocking_call_follows_a_stream),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
