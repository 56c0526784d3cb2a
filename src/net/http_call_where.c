/* http_call_where.c - where an outgoing call may go: its URL, the addresses behind it, redirects */
#include <config.h>

#include "http_call_inside.h"

#include <string.h>
#include <sys/socket.h>

#include "env.h"
#include "http_address.h"

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
		return hg_call_refuse(call, HG_CLIENT_CALL, "the URL cannot be read");
	if (strcmp(scheme, "https") && strcmp(scheme, "http"))
		return hg_call_refuse(call, HG_CLIENT_CALL, "the URL is neither https nor http");
	if (user && !call->private_ok)
		return hg_call_refuse(call, HG_CLIENT_CALL, "the URL has a user name in it");
	if (call->hosts && !host_is_named(call->hosts, host))
		return hg_call_refuse(call, HG_CLIENT_BLOCKED, "the URL's host is not one of those allowed");
	return TRUE;
}

gboolean hg_call_read_url(hg_call *call, const char *text)
{
	call->url = curl_url();
	if (!text || strpbrk(text, "\r\n\t ") || curl_url_set(call->url, CURLUPART_URL, text, 0))
		return hg_call_refuse(call, HG_CLIENT_CALL, "the URL cannot be read");
	return check_url(call, call->url);
}

/* ---- addresses ---- */

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
curl_socket_t hg_call_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	hg_call *call = arg;

	(void)purpose;
	if (may_open(call, to))
		return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	call->blocked = TRUE;
	return CURL_SOCKET_BAD;
}

/* The same for a connection that another call opened and this one is about to reuse.
 *
 * And curl sends a request again by itself when a reused connection dies before the answer, though the
 * far end may have read it.  It asks here before each, so that the second does not leave. */
int hg_call_before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	hg_call *call = arg;
	struct hg_address address;

	(void)from;
	(void)to_port;
	(void)from_port;
	call->twice = !hg_call_is_safe(call->method) && hg_call_has_left(call);
	call->blocked = !call->unix_path && !call->private_ok &&
			!(hg_address_parse(to, strlen(to), &address) && may_connect(call, &address));
	return call->blocked || call->twice ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

gboolean hg_client_address_is_private(const char *text)
{
	struct hg_address address;

	return hg_address_parse(text, strlen(text), &address) && hg_address_is_private(&address);
}

/* ---- redirects ---- */

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
	if (!strcmp(from_scheme, "https") && strcmp(to_scheme, "https"))	/* analyser: both were checked */
		return hg_call_refuse(call, HG_CLIENT_REDIRECT, "redirected from https to http");
	if (!same && !call->hosts)
		return hg_call_refuse(call, HG_CLIENT_REDIRECT, "redirected to another host");
	return TRUE;
}

static gboolean time_is_left(hg_call *call)
{
	gint64 left = call->timeout_ms - (hg_mono(call->env) - call->started_ms);

	if (call->timeout_ms < 0)
		return TRUE;
	if (left <= 0)
		return hg_call_refuse(call, HG_CLIENT_TIMEOUT, "the time was up after a redirect");
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)left);
	return TRUE;
}

gboolean hg_call_follow(hg_call *call, const char *location)
{
	CURLU *to = curl_url_dup(call->url), *from = call->url;
	gboolean same;

	if (!to || curl_url_set(to, CURLUPART_URL, location, 0)) {
		curl_url_cleanup(to);
		return hg_call_refuse(call, HG_CLIENT_REDIRECT, "redirected to a URL that cannot be read");
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
		hg_call_set_headers(call, NULL);
	g_string_truncate(call->reply, 0);
	call->received = 0;
	call->redirects--;
	return TRUE;
}
