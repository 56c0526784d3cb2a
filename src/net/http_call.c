/* http_call.c - one outgoing request as curl carries it */
#include <config.h>

#include "http_call_inside.h"

#include <string.h>

#include "curl_base.h"
#include "env.h"
#include "failpoint.h"

#define TIMEOUT_MS (30 * 1000)
#define CONNECT_MS (10 * 1000)
#define REPLY_MAX (1 << 20)
#define REDIRECTS_MAX 3
/* A connection that idled longer is likely closed by the far end; a POST on it would end as
 * "perhaps sent" for nothing. */
#define UNSAFE_MAXAGE_S 10L

gboolean hg_call_refuse(hg_call *call, enum hg_client_code code, const char *error)
{
	call->answer.code = code;
	g_free(call->error);
	call->error = g_strdup(error);
	return FALSE;
}

gboolean hg_call_is_safe(const char *method)
{
	return !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS");
}

gboolean hg_call_has_left(hg_call *call)
{
	long bytes = 0;

	return !curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &bytes) && bytes > 0;
}

/* ---- what is sent ---- */

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
			return hg_call_refuse(call, HG_CLIENT_CALL, "a request header has a line break or no colon");
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

void hg_call_set_headers(hg_call *call, const char *const *headers)
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
	gboolean safe = hg_call_is_safe(call->method);

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
	/* Beside hg_call_before_request(): what is sent on a new connection is never repeated. */
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
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, hg_call_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, hg_call_before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, hg_call_take_reply);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, hg_call_take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
}

static gboolean set_up(hg_call *call, const struct hg_client_call *from, const struct hg_call_defaults *defaults)
{
	const char *ca_file = from->ca_file ? from->ca_file : defaults->ca_file;

	call->easy = curl_easy_init();
	if (!call->easy)
		return hg_call_refuse(call, HG_CLIENT_OTHER, "curl cannot be started");
	curl_easy_setopt(call->easy, CURLOPT_CURLU, call->url);
	set_method(call);
	hg_call_set_headers(call, from->headers);
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

static gboolean has_body(const struct hg_client_call *from)
{
	return from->body || from->n_pieces || from->n_parts;
}

static gboolean take_body(hg_call *call, const struct hg_client_call *from)
{
	g_autoptr(GError) error = NULL;

	if (!has_body(from))
		return TRUE;
	call->body = hg_body_new(from, call->env, &error);
	return call->body || hg_call_refuse(call, HG_CLIENT_CALL, error->message);
}

static gboolean is_method(const char *method)
{
	gsize n = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return n && !method[n] && n <= 20;
}

/* Nothing is set for it that another call would not want. */
static gboolean is_plain(const struct hg_client_call *from)
{
	return from->body && !from->n_pieces && !from->n_parts && !from->hosts && !from->unix_path && !from->ca_file &&
	       !from->on_body && !from->gunzip && !from->redirects && from->save_fd <= 0 && !from->connect_ms && from->len &&
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
	call->method = g_strdup(from->method ? from->method : has_body(from) ? "POST" : "GET");
	call->hosts = g_strdupv((char **)from->hosts);
	call->unix_path = g_strdup(from->unix_path);
	call->timeout_ms = from->timeout_ms ? from->timeout_ms : TIMEOUT_MS;
	call->started_ms = hg_mono(env);
	call->max_reply = from->max_reply ? from->max_reply : REPLY_MAX;
	call->redirects = hg_call_is_safe(call->method) ? MIN(from->redirects, REDIRECTS_MAX) : 0;
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
		hg_call_refuse(call, HG_CLIENT_CALL, "the method is no word in capitals");
	else if (check_headers(call, from->headers) && hg_call_read_url(call, from->url) && take_body(call, from))
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
	hg_call_set_headers(call, from->headers);
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
