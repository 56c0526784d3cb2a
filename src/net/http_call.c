/* http_call.c - one outgoing request as curl carries it */
#include <config.h>

#include "http_call.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "curl_base.h"
#include "env.h"
#include "failpoint.h"
#include "http_address.h"
#include "http_body.h"

#define TIMEOUT_MS (30 * 1000)
#define CONNECT_MS (10 * 1000)
#define REPLY_MAX (1 << 20)
#define REDIRECTS_MAX 3
#define HEADERS_MAX 64
#define HEADERS_BYTES (16 << 10)
/* A connection that idled longer is likely closed by the far end; a POST on it would end as
 * "perhaps sent" for nothing. */
#define UNSAFE_MAXAGE_S 10L

struct hg_client_headers {
	GString *text;		/* name NUL value NUL ... */
	guint n;
};

struct hg_call {
	struct hg_env *env;
	hg_client_done_fn *done;
	void *arg;
	void *owner;			/* of hg_call_owner() */
	char *method;
	char **hosts;			/* or NULL */
	char *unix_path;
	char *plain;			/* the URL of a call whose handle can carry others, or NULL */
	hg_body *body;
	CURL *easy;
	CURLU *url;
	GString *header_text;		/* headers for curl: name and value, NUL, ... */
	GArray *header_list;		/* of struct curl_slist, into it */
	gint64 timeout_ms, started_ms;
	gsize max_reply;
	guint redirects;		/* still to be followed */
	int save_fd;
	hg_client_body_fn *on_body;
	void *on_body_arg;
	gboolean private_ok;
	gboolean blocked, big, save_failed, stopped, twice;	/* why a callback ended the transfer */
	/* the answer */
	GString *reply;
	gsize received;
	struct hg_client_headers got;
	struct hg_client_answer answer;
	char curl_error[CURL_ERROR_SIZE];
	char *error;
};

static gboolean refuse(hg_call *call, enum hg_client_code code, const char *error)
{
	call->answer.code = code;
	g_free(call->error);
	call->error = g_strdup(error);
	return FALSE;
}

/* ---- the URL ---- */

static char *url_part(CURLU *url, CURLUPart part, guint flags)
{
	char *text = NULL, *copy;

	if (curl_url_get(url, part, &text, flags))
		return NULL;
	copy = g_strdup(text);
	curl_free(text);
	return copy;
}

static gboolean host_is_named(char **hosts, const char *host)
{
	for (; *hosts; hosts++)
		if (!g_ascii_strcasecmp(*hosts, host))
			return TRUE;
	return FALSE;
}

static gboolean check_url(hg_call *call, CURLU *url)
{
	g_autofree char *scheme = url_part(url, CURLUPART_SCHEME, 0);
	g_autofree char *host = url_part(url, CURLUPART_HOST, 0);
	g_autofree char *user = url_part(url, CURLUPART_USER, 0);

	if (!scheme || !host)
		return refuse(call, HG_CLIENT_CALL, "the URL cannot be read");
	if (strcmp(scheme, "https") && strcmp(scheme, "http"))
		return refuse(call, HG_CLIENT_CALL, "the URL is neither https nor http");
	if (user && !call->private_ok)
		return refuse(call, HG_CLIENT_CALL, "the URL has a user name in it");
	if (call->hosts && !host_is_named(call->hosts, host))
		return refuse(call, HG_CLIENT_BLOCKED, "the URL's host is not one of those allowed");
	return TRUE;
}

static gboolean read_url(hg_call *call, const char *text)
{
	call->url = curl_url();
	if (!text || strpbrk(text, "\r\n\t ") || curl_url_set(call->url, CURLUPART_URL, text, 0))
		return refuse(call, HG_CLIENT_CALL, "the URL cannot be read");
	return check_url(call, call->url);
}

/* ---- curl's callbacks ---- */

static gboolean may_connect(const hg_call *call, const struct hg_address *address)
{
	return call->private_ok || !hg_address_is_private(address);
}

static gboolean may_open(const hg_call *call, const struct curl_sockaddr *to)
{
	struct hg_address address;

	if (to->family != AF_INET && to->family != AF_INET6)
		return to->family == AF_UNIX && call->unix_path;
	hg_address_from_socket(&to->addr, &address);
	return !call->unix_path && may_connect(call, &address);
}

/* Decides on the resolved address, at each connect: names and spellings do not matter then.  A name
 * that has other addresses too is tried at those. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	hg_call *call = arg;

	(void)purpose;
	if (may_open(call, to))
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	call->blocked = TRUE;
	return CURL_SOCKET_BAD;
}

static gboolean is_safe(const char *method)
{
	return !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS");
}

static gboolean has_left(hg_call *call)
{
	long bytes = 0;

	return !curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &bytes) && bytes > 0;
}

/* The same for a connection that another call opened and this one is about to reuse.
 *
 * And curl sends a request again by itself when a reused connection dies before the answer, though the
 * far end may have read it.  It asks here before each, so that the second does not leave. */
static int before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	hg_call *call = arg;
	struct hg_address address;

	(void)from;
	(void)to_port;
	(void)from_port;
	call->twice = !is_safe(call->method) && has_left(call);
	call->blocked = !call->unix_path && !call->private_ok &&
			!(hg_address_parse(to, strlen(to), &address) && may_connect(call, &address));
	return call->blocked || call->twice ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t give_body(char *out, size_t size, size_t n, void *arg)
{
	hg_call *call = arg;
	gssize got = hg_body_read(call->body, out, size * n);

	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* What is read in pieces is read once; a second time would be another body. */
static int never_again(void *arg, curl_off_t offset, int origin)
{
	(void)arg;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

#ifdef HG_TEST_HOOKS
/* curl tells of its debug stream after the bytes were given to the socket. */
static int note_written(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
	(void)easy;
	(void)bytes;
	(void)len;
	(void)arg;
	if (type == CURLINFO_HEADER_OUT)
		(void)HG_FAILPOINT(CLIENT_HEAD_WRITTEN);
	else if (type == CURLINFO_DATA_OUT)
		(void)HG_FAILPOINT(CLIENT_BODY_WRITTEN);
	return 0;
}

static void set_fail_points(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, note_written);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}
#else
static inline void set_fail_points(CURL *easy G_GNUC_UNUSED) { }
#endif

/* 0 also after "100 Continue" and then nothing that can be read, which is an answer to curl. */
static int status_of(hg_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return status < 200 || status > 999 ? 0 : (int)status;	/* three digits: RFC 9110 section 15 */
}

static gboolean save(hg_call *call, const char *bytes, gsize len)
{
	while (len) {
		ssize_t n = write(call->save_fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		call->save_failed = n <= 0;
		if (n <= 0)
			return FALSE;
		bytes += n;
		len -= n;
	}
	return TRUE;
}

/* curl's own limit looks at what is announced; this looks at what comes, and after unpacking. */
static size_t take_reply(char *bytes, size_t size, size_t n, void *arg)
{
	hg_call *call = arg;
	gsize len = size * n;
	gboolean wanted = status_of(call) / 100 == 2;

	if (len > call->max_reply - call->received) {
		call->big = TRUE;
		return 0;
	}
	call->received += len;
	if (wanted && call->on_body) {
		call->stopped = !call->on_body(call->on_body_arg, bytes, len);
		return call->stopped ? 0 : len;
	}
	if (wanted && call->save_fd > 0)
		return save(call, bytes, len) ? len : 0;
	g_string_append_len(call->reply, bytes, len);
	return len;
}

static gboolean has_control(const char *value, const char *end)
{
	for (; value < end; value++)
		if (((guint8)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return TRUE;
	return FALSE;
}

/* A header with controls in it (curl lets CR pass) is none: a value may be shown, kept or sent on. */
static void keep_header(struct hg_client_headers *got, const char *line, gsize len)
{
	const char *colon = memchr(line, ':', len), *value, *end = line + len;

	if (!colon || got->n == HEADERS_MAX || got->text->len + len + 2 > HEADERS_BYTES)
		return;
	for (value = colon + 1; value < end && strchr(" \t", *value); value++)
		;
	while (end > value && strchr(" \t\r\n", end[-1]))
		end--;
	if (has_control(line, end))
		return;
	g_string_append_len(got->text, line, colon - line);
	g_string_append_c(got->text, '\0');
	g_string_append_len(got->text, value, end - value);
	g_string_append_c(got->text, '\0');
	got->n++;
}

static size_t take_header(char *line, size_t size, size_t n, void *arg)
{
	hg_call *call = arg;
	gsize len = size * n;

	if (len > 5 && !memcmp(line, "HTTP/", 5)) {	/* 100, then 200: the last one counts */
		g_string_truncate(call->got.text, 0);
		call->got.n = 0;
	} else if (!memchr(line, '\0', len)) {
		keep_header(&call->got, line, len);
	}
	return len;
}

/* ---- setting up ---- */

static gboolean has_header(const char *const *headers, const char *name)
{
	gsize len = strlen(name);

	for (; headers && *headers; headers++)
		if (!g_ascii_strncasecmp(*headers, name, len) && (*headers)[len] == ':')
			return TRUE;
	return FALSE;
}

static gboolean check_headers(hg_call *call, const char *const *headers)
{
	for (const char *const *line = headers; line && *line; line++)
		if (strpbrk(*line, "\r\n") || !strchr(*line, ':'))
			return refuse(call, HG_CLIENT_CALL, "a request header has a line break or no colon");
	return TRUE;
}

static void add_header(hg_call *call, const char *line)
{
	struct curl_slist item = { GSIZE_TO_POINTER(call->header_text->len), NULL };

	g_string_append_len(call->header_text, line, (gssize)strlen(line) + 1);
	g_array_append_val(call->header_list, item);
}

/* Places in the text become pointers, now that it grows no more. */
static struct curl_slist *link_headers(hg_call *call)
{
	struct curl_slist *items = (struct curl_slist *)call->header_list->data;

	for (guint i = 0; i < call->header_list->len; i++) {
		items[i].data = call->header_text->str + GPOINTER_TO_SIZE(items[i].data);
		items[i].next = i + 1 < call->header_list->len ? &items[i + 1] : NULL;
	}
	return items;
}

/* headers: the caller's; none of them when a redirect leads to another host. */
static void set_headers(hg_call *call, const char *const *headers)
{
	const char *type = call->body ? hg_body_type(call->body) : NULL;

	g_string_truncate(call->header_text, 0);
	g_array_set_size(call->header_list, 0);
	for (const char *const *line = headers; line && *line; line++)
		add_header(call, *line);
	/* No waiting for 100 Continue, and no type that nobody named. */
	add_header(call, "Expect:");
	if (type)
		add_header(call, type);
	else if (!has_header(headers, "Content-Type"))
		add_header(call, "Content-Type:");
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, link_headers(call));
}

/* Bytes in one piece leave together with the head, in one call of the system. */
static void set_body(hg_call *call)
{
	const char *bytes = call->body ? hg_body_bytes(call->body) : NULL;

	curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(call->body ? hg_body_size(call->body) : 0));
	if (bytes) {
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, bytes);
		return;
	}
	curl_easy_setopt(call->easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(call->easy, CURLOPT_READDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_SEEKFUNCTION, never_again);
}

static void set_method(hg_call *call)
{
	CURL *easy = call->easy;
	gboolean safe = is_safe(call->method);

	if (call->body || !safe) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		set_body(call);
	}
	if (!strcmp(call->method, "HEAD"))
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(call->method, call->body || !safe ? "POST" : "GET"))
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	if (safe)
		return;
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, UNSAFE_MAXAGE_S);
	/* Beside before_request(): what is sent on a new connection is never repeated. */
	if (!call->body || !hg_body_size(call->body))
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

static void set_limits(hg_call *call, const struct hg_client_call *from)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(from->connect_ms ? from->connect_ms : CONNECT_MS));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)MAX(call->timeout_ms, 0));
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)MIN(call->max_reply, G_MAXINT64));
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");	/* none from the environment */
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Else giving up on a name would wait in the loop for the resolver's thread. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* That nothing is sent twice was proved for 1.1; over HTTP/2 curl sends again what a peer's
	 * GOAWAY or REFUSED_STREAM gives back, on new connections too. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (from->gunzip)
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void set_callbacks(hg_call *call)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_reply);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
}

static gboolean set_up(hg_call *call, const struct hg_client_call *from, const struct hg_call_defaults *defaults)
{
	const char *ca_file = from->ca_file ? from->ca_file : defaults->ca_file;

	call->easy = curl_easy_init();
	if (!call->easy)
		return refuse(call, HG_CLIENT_OTHER, "curl cannot be started");
	curl_easy_setopt(call->easy, CURLOPT_CURLU, call->url);
	set_method(call);
	set_headers(call, from->headers);
	set_limits(call, from);
	set_callbacks(call);
	set_fail_points(call->easy);
	curl_easy_setopt(call->easy, CURLOPT_USERAGENT, defaults->agent);
	if (ca_file)
		curl_easy_setopt(call->easy, CURLOPT_CAINFO, ca_file);
	if (call->unix_path)
		curl_easy_setopt(call->easy, CURLOPT_UNIX_SOCKET_PATH, call->unix_path);
	return TRUE;
}

static gboolean take_body(hg_call *call, const struct hg_client_call *from)
{
	g_autoptr(GError) error = NULL;

	if (!from->body && !from->n_parts)
		return TRUE;
	call->body = hg_body_new(from, call->env, &error);
	return call->body || refuse(call, HG_CLIENT_CALL, error->message);
}

static gboolean is_method(const char *method)
{
	gsize n = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return n && !method[n] && n <= 20;
}

/* Nothing is set for it that another call would not want. */
static gboolean is_plain(const struct hg_client_call *from)
{
	return from->body && !from->n_parts && !from->hosts && !from->unix_path && !from->ca_file && !from->on_body &&
	       !from->gunzip && !from->redirects && from->save_fd <= 0 && !from->connect_ms && from->len &&
	       (!from->method || !strcmp(from->method, "POST"));
}

hg_call *hg_call_new(const struct hg_client_call *from, const struct hg_call_defaults *defaults,
		     struct hg_env *env, hg_client_done_fn *done, void *arg)
{
	hg_call *call = g_new0(hg_call, 1);

	hg_curl_init();
	call->env = env;
	call->done = done;
	call->arg = arg;
	call->method = g_strdup(from->method ? from->method : from->body || from->n_parts ? "POST" : "GET");
	call->hosts = g_strdupv((char **)from->hosts);
	call->unix_path = g_strdup(from->unix_path);
	call->timeout_ms = from->timeout_ms ? from->timeout_ms : TIMEOUT_MS;
	call->started_ms = hg_mono(env);
	call->max_reply = from->max_reply ? from->max_reply : REPLY_MAX;
	call->redirects = is_safe(call->method) ? MIN(from->redirects, REDIRECTS_MAX) : 0;
	call->save_fd = from->save_fd;
	call->on_body = from->on_body;
	call->on_body_arg = from->on_body_arg;
	call->private_ok = from->private_ok;
	call->reply = g_string_new(NULL);
	call->got.text = g_string_new(NULL);
	call->header_text = g_string_new(NULL);
	call->header_list = g_array_new(FALSE, FALSE, sizeof(struct curl_slist));
	call->plain = is_plain(from) ? g_strdup(from->url) : NULL;
	if (!is_method(call->method))
		refuse(call, HG_CLIENT_CALL, "the method is no word in capitals");
	else if (check_headers(call, from->headers) && read_url(call, from->url) && take_body(call, from))
		set_up(call, from, defaults);
	return call;
}

void hg_call_free(hg_call *call)
{
	curl_easy_cleanup(call->easy);
	curl_url_cleanup(call->url);
	g_string_free(call->header_text, TRUE);
	g_array_free(call->header_list, TRUE);
	hg_body_free(call->body);
	g_free(call->method);
	g_free(call->plain);
	g_strfreev(call->hosts);
	g_free(call->unix_path);
	g_string_free(call->reply, TRUE);
	g_string_free(call->got.text, TRUE);
	g_free(call->error);
	g_free(call);
}

/* ---- another call by the same handle ---- */

gboolean hg_call_is_reusable(const hg_call *call)
{
	return call->plain && call->easy && call->answer.code == HG_CLIENT_OK;
}

gboolean hg_call_fits(const hg_call *call, const struct hg_client_call *next)
{
	return is_plain(next) && next->url && !strcmp(next->url, call->plain) && call->private_ok == next->private_ok &&
	       call->max_reply == (next->max_reply ? next->max_reply : REPLY_MAX);
}

void hg_call_rest(hg_call *call)
{
	g_clear_pointer(&call->body, hg_body_free);
	g_clear_pointer(&call->error, g_free);
	g_string_truncate(call->header_text, 0);
	g_string_truncate(call->reply, 0);
	g_string_truncate(call->got.text, 0);
	call->got.n = 0;
	call->received = 0;
	call->curl_error[0] = '\0';
	call->answer = (struct hg_client_answer){ 0 };
}

void hg_call_renew(hg_call *call, const struct hg_client_call *from, hg_client_done_fn *done, void *arg)
{
	call->done = done;
	call->arg = arg;
	call->started_ms = hg_mono(call->env);
	call->timeout_ms = from->timeout_ms ? from->timeout_ms : TIMEOUT_MS;
	if (!check_headers(call, from->headers) || !take_body(call, from)) {
		g_clear_pointer(&call->easy, curl_easy_cleanup);
		return;
	}
	set_body(call);
	set_headers(call, from->headers);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)MAX(call->timeout_ms, 0));
}

CURL *hg_call_easy(hg_call *call)
{
	return call->easy;
}

void hg_call_set_owner(hg_call *call, void *owner)
{
	call->owner = owner;
}

void *hg_call_owner(const hg_call *call)
{
	return call->owner;
}

/* ---- redirects ---- */

static gboolean is_redirect(int status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static gboolean same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	g_autofree char *one = url_part(a, part, CURLU_DEFAULT_PORT);
	g_autofree char *two = url_part(b, part, CURLU_DEFAULT_PORT);

	return one && two && !g_ascii_strcasecmp(one, two);
}

static gboolean check_redirect(hg_call *call, CURLU *to, gboolean same)
{
	g_autofree char *from_scheme = url_part(call->url, CURLUPART_SCHEME, 0);
	g_autofree char *to_scheme = url_part(to, CURLUPART_SCHEME, 0);

	if (!check_url(call, to))
		return FALSE;
	if (!strcmp(from_scheme, "https") && strcmp(to_scheme, "https"))
		return refuse(call, HG_CLIENT_REDIRECT, "redirected from https to http");
	if (!same && !call->hosts)
		return refuse(call, HG_CLIENT_REDIRECT, "redirected to another host");
	return TRUE;
}

static gboolean time_is_left(hg_call *call)
{
	gint64 left = call->timeout_ms - (hg_mono(call->env) - call->started_ms);

	if (call->timeout_ms < 0)
		return TRUE;
	if (left <= 0)
		return refuse(call, HG_CLIENT_TIMEOUT, "the time was up after a redirect");
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)left);
	return TRUE;
}

static gboolean follow(hg_call *call, const char *location)
{
	CURLU *to = curl_url_dup(call->url), *from = call->url;
	gboolean same;

	if (!to || curl_url_set(to, CURLUPART_URL, location, 0)) {
		curl_url_cleanup(to);
		return refuse(call, HG_CLIENT_REDIRECT, "redirected to a URL that cannot be read");
	}
	same = same_part(from, to, CURLUPART_SCHEME) && same_part(from, to, CURLUPART_HOST) &&
	       same_part(from, to, CURLUPART_PORT);
	if (!check_redirect(call, to, same) || !time_is_left(call)) {
		curl_url_cleanup(to);
		return FALSE;
	}
	call->url = to;
	curl_easy_setopt(call->easy, CURLOPT_CURLU, to);
	curl_url_cleanup(from);
	if (!same)
		set_headers(call, NULL);
	g_string_truncate(call->reply, 0);
	call->received = 0;
	call->redirects--;
	return TRUE;
}

/* ---- the answer ---- */

static const struct { CURLcode curl; enum hg_client_code code; } codes[] = {
	{ CURLE_OK, HG_CLIENT_OK },
	{ CURLE_UNSUPPORTED_PROTOCOL, HG_CLIENT_CALL }, { CURLE_URL_MALFORMAT, HG_CLIENT_CALL },
	{ CURLE_ABORTED_BY_CALLBACK, HG_CLIENT_CALL },	/* the body's file became shorter */
	{ CURLE_COULDNT_RESOLVE_HOST, HG_CLIENT_RESOLVE }, { CURLE_COULDNT_CONNECT, HG_CLIENT_CONNECT },
	{ CURLE_SSL_CONNECT_ERROR, HG_CLIENT_TLS }, { CURLE_PEER_FAILED_VERIFICATION, HG_CLIENT_TLS },
	{ CURLE_SSL_CACERT_BADFILE, HG_CLIENT_TLS }, { CURLE_SSL_CERTPROBLEM, HG_CLIENT_TLS },
	{ CURLE_SSL_CIPHER, HG_CLIENT_TLS }, { CURLE_SSL_ISSUER_ERROR, HG_CLIENT_TLS },
	{ CURLE_SSL_INVALIDCERTSTATUS, HG_CLIENT_TLS },
	{ CURLE_OPERATION_TIMEDOUT, HG_CLIENT_TIMEOUT },
	{ CURLE_GOT_NOTHING, HG_CLIENT_CLOSED }, { CURLE_SEND_ERROR, HG_CLIENT_CLOSED },
	{ CURLE_RECV_ERROR, HG_CLIENT_CLOSED }, { CURLE_PARTIAL_FILE, HG_CLIENT_CLOSED },
	{ CURLE_SEND_FAIL_REWIND, HG_CLIENT_CLOSED },
	{ CURLE_FILESIZE_EXCEEDED, HG_CLIENT_BIG },
};

static enum hg_client_code code_of(const hg_call *call, CURLcode result)
{
	if (call->blocked)
		return HG_CLIENT_BLOCKED;
	if (call->big)
		return HG_CLIENT_BIG;
	if (call->save_failed)
		return HG_CLIENT_SAVE;
	if (call->stopped)
		return HG_CLIENT_CANCELLED;
	if (call->twice)
		return HG_CLIENT_CLOSED;
	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i].curl == result)
			return codes[i].code;
	return HG_CLIENT_OTHER;
}

/* curl's own words only where they are about names and addresses: elsewhere they could quote what
 * was sent or received. */
static const char *words_of(const hg_call *call, CURLcode result)
{
	switch (call->answer.code) {
	case HG_CLIENT_BLOCKED:
		return "the host has a private address";
	case HG_CLIENT_BIG:
		return "the reply is bigger than allowed";
	case HG_CLIENT_SAVE:
		return "the reply could not be saved";
	case HG_CLIENT_CANCELLED:
		return "cancelled";
	case HG_CLIENT_RESOLVE:
	case HG_CLIENT_CONNECT:
	case HG_CLIENT_TLS:
	case HG_CLIENT_TIMEOUT:
		return call->curl_error[0] ? call->curl_error : curl_easy_strerror(result);
	case HG_CLIENT_CLOSED:
		return "the connection ended before the answer";
	default:
		return curl_easy_strerror(result);
	}
}

static void note_sent(hg_call *call)
{
	if (call->easy)
		call->answer.sent |= has_left(call);
}

gboolean hg_call_again(hg_call *call, CURLcode result)
{
	const char *location;

	note_sent(call);
	call->answer.status = status_of(call);
	call->answer.code = code_of(call, result);
	call->answer.headers = &call->got;
	if (!call->answer.code && !call->answer.status)
		call->answer.code = HG_CLIENT_CLOSED;
	if (call->answer.code) {
		refuse(call, call->answer.code, words_of(call, result));
		return FALSE;
	}
	location = hg_client_header(&call->answer, "Location");
	if (!is_redirect(call->answer.status) || !location)
		return FALSE;
	if (!call->redirects)
		return refuse(call, HG_CLIENT_REDIRECT, "redirected, which is not followed here");
	return follow(call, location);
}

void hg_call_cancelled(hg_call *call)
{
	note_sent(call);
	if (call->easy)
		call->answer.status = status_of(call);
	refuse(call, HG_CLIENT_CANCELLED, "cancelled");
}

void hg_call_done(hg_call *call)
{
	gboolean elsewhere = call->on_body || call->save_fd > 0;

	(void)HG_FAILPOINT(CLIENT_ANSWERED);
	call->answer.headers = &call->got;
	call->answer.body = call->reply->str;
	call->answer.len = elsewhere && call->answer.status / 100 == 2 ? call->received : call->reply->len;
	call->answer.error = call->error ? call->error : "";
	call->done(call->arg, &call->answer);
}

const char *hg_client_header(const struct hg_client_answer *answer, const char *name)
{
	const char *at = answer->headers->text->str;

	for (guint i = 0; i < answer->headers->n; i++) {
		const char *value = at + strlen(at) + 1;

		if (!g_ascii_strcasecmp(at, name))
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

gint64 hg_client_retry_after(const struct hg_client_answer *answer, gint64 now_wall_ms)
{
	const char *text = hg_client_header(answer, "Retry-After");
	gsize digits = text ? strspn(text, "0123456789") : 0;
	time_t when;

	if (!text)
		return -1;
	if (digits && !text[digits])
		return digits > 9 ? G_MAXINT32 * (gint64)1000 : g_ascii_strtoll(text, NULL, 10) * 1000;
	when = curl_getdate(text, NULL);
	return when < 0 ? -1 : MAX(when * (gint64)1000 - now_wall_ms, 0);
}

gboolean hg_client_address_is_private(const char *text)
{
	struct hg_address address;

	return hg_address_parse(text, strlen(text), &address) && hg_address_is_private(&address);
}
