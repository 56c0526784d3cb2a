/* http_call_answer.c - what came back of an outgoing call, and what its end means */
#include <config.h>

#include "http_call_inside.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "failpoint.h"

#define HEADERS_MAX 64
#define HEADERS_BYTES (16 << 10)

/* 0 also after "100 Continue" and then nothing that can be read, which is an answer to curl. */
static int status_of(hg_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	return status < 200 || status > 999 ? 0 : (int)status;	/* three digits: RFC 9110 section 15 */
}

/* ---- while it comes ---- */

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
size_t hg_call_take_reply(char *bytes, size_t size, size_t n, void *arg)
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

size_t hg_call_take_header(char *line, size_t size, size_t n, void *arg)
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

/* ---- its end ---- */

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
		call->answer.sent |= hg_call_has_left(call);
}

static gboolean is_redirect(int status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
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
		hg_call_refuse(call, call->answer.code, words_of(call, result));
		return FALSE;
	}
	location = hg_client_header(&call->answer, "Location");
	if (!is_redirect(call->answer.status) || !location)
		return FALSE;
	if (!call->redirects)
		return hg_call_refuse(call, HG_CLIENT_REDIRECT, "redirected, which is not followed here");
	return hg_call_follow(call, location);
}

void hg_call_cancelled(hg_call *call)
{
	note_sent(call);
	if (call->easy)
		call->answer.status = status_of(call);
	hg_call_refuse(call, HG_CLIENT_CANCELLED, "cancelled");
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

gint64 hg_client_date(const struct hg_client_answer *answer)
{
	const char *text = hg_client_header(answer, "Date");
	time_t when = text ? curl_getdate(text, NULL) : -1;

	return when < 0 ? -1 : when * (gint64)1000;
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
