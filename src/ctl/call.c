/* call.c - the daemon's API over its unix socket */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "http_client.h"
#include "setup.h"

#define SOCKET_DEFAULT "/run/headgate/headgate.sock"
#define REPLY_MAX (64 * 1024 * 1024)

void ctl_reply_clear(ctl_reply *reply)
{
	g_clear_pointer(&reply->body, g_free);
	g_clear_pointer(&reply->json, json_object_put);
	reply->status = 0;
}

/* Only the socket's place is wanted: a configuration with other errors still names it. */
static char *socket_of_config(const char *path)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_read(path, diag);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;
	const hg_node *gateway = root && hg_node_type(root) == HG_NODE_MAP ? hg_node_get(root, "gateway") : NULL;
	const hg_node *where = gateway && hg_node_type(gateway) == HG_NODE_MAP ? hg_node_get(gateway, "socket") : NULL;

	return where && hg_node_text(where) ? hg_node_path(hg_node_place(where), hg_node_text(where)) : NULL;
}

const char *ctl_socket(struct ctl *ctl)
{
	g_autofree char *found = NULL;

	if (ctl->socket)
		return ctl->socket;
	found = socket_of_config(ctl_config(ctl));
	return ctl->socket = found ? g_intern_string(found) : SOCKET_DEFAULT;
}

char *ctl_path(const char *fmt, ...)
{
	GString *path = g_string_new(NULL);
	va_list ap;

	va_start(ap, fmt);
	for (const char *p = fmt; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			g_string_append_uri_escaped(path, va_arg(ap, const char *), NULL, FALSE);
			p++;
		} else {
			g_string_append_c(path, *p);
		}
	}
	va_end(ap);
	return g_string_free(path, FALSE);
}

static int exit_of(int status)
{
	if (status >= 200 && status < 300)
		return CTL_DONE;
	if (status == 404)
		return CTL_MISSING;
	if (status == 429 || status == 503)
		return CTL_AGAIN;
	if (status >= 500)
		return CTL_NO;
	return status == 400 ? CTL_USAGE : CTL_REFUSED;
}

int ctl_print_json(const ctl_reply *reply)
{
	ctl_put_json(reply->body && *reply->body ? reply->body : "{}");
	return CTL_DONE;
}

struct wait {
	struct ctl *ctl;
	ctl_reply *reply;
	int code;
};

/* The problem's detail is written for people. */
static void say_problem(const struct ctl *ctl, const ctl_reply *reply)
{
	const char *detail = hg_json_str(reply->json, "detail");

	ctl_say_error(ctl, "%s", detail ? detail : "the daemon refused without saying why");
}

static void call_done(void *arg, const struct hg_client_answer *answer)
{
	struct wait *wait = arg;

	wait->reply->status = answer->code == HG_CLIENT_OK ? answer->status : 0;
	if (!wait->reply->status) {
		/* Who cannot be connected to is told of a host that is none. */
		ctl_say_error(wait->ctl, "no headgated answers at %s%s%s; is it running, and is this its socket?",
			      ctl_socket(wait->ctl), answer->code == HG_CLIENT_CONNECT ? "" : ": ",
			      answer->code == HG_CLIENT_CONNECT ? "" : answer->error);
		wait->code = CTL_UNREACHABLE;
		return;
	}
	wait->reply->body = g_strndup(answer->body, answer->len);
	wait->reply->json = answer->len ? hg_json_parse(answer->body, answer->len,
		&(struct hg_json_limits){ .max_bytes = REPLY_MAX, .max_depth = 64 }, NULL) : NULL;
	wait->code = exit_of(answer->status);
	if (wait->code != CTL_DONE)
		say_problem(wait->ctl, wait->reply);
}

int ctl_call_bytes(struct ctl *ctl, const char *method, const char *path, const char *body, gsize len,
		   const char *const *headers, ctl_reply *ret)
{
	g_autofree char *url = g_strconcat("http://headgate", path, NULL);
	struct wait wait = { ctl, ret, CTL_UNREACHABLE };

	gint64 started = hg_mono(hg_env_system());

	memset(ret, 0, sizeof *ret);
	hg_client_sync(&(struct hg_client_call){ .method = method, .url = url, .body = body,
		.len = len, .headers = headers, .max_reply = REPLY_MAX,
		.unix_path = ctl_socket(ctl), .private_ok = TRUE, .timeout_ms = 60 * 1000 }, call_done, &wait);
	if (ctl->verbose)
		fprintf(stderr, "headgatectl: %s %s: %d, %zu bytes in %" G_GINT64_FORMAT " ms\n", method, path, ret->status,
			ret->body ? strlen(ret->body) : 0, hg_mono(hg_env_system()) - started);
	return wait.code;
}

int ctl_call(struct ctl *ctl, const char *method, const char *path, const char *body,
	     const char *const *headers, ctl_reply *ret)
{
	return ctl_call_bytes(ctl, method, path, body, body ? strlen(body) : 0, headers, ret);
}

/* ---- files ---- */

static void save_done(void *arg, const struct hg_client_answer *answer)
{
	struct wait *wait = arg;

	if (answer->code == HG_CLIENT_OK && answer->status == 200)
		wait->code = CTL_DONE;
	else
		call_done(wait, answer);
}

int ctl_save(struct ctl *ctl, const char *path, int fd)
{
	g_autofree char *url = g_strconcat("http://headgate", path, NULL);
	g_auto(ctl_reply) reply = { 0 };
	struct wait wait = { ctl, &reply, CTL_UNREACHABLE };

	hg_client_sync(&(struct hg_client_call){ .url = url, .max_reply = G_MAXSSIZE, .unix_path = ctl_socket(ctl), .private_ok = TRUE,
						 .timeout_ms = -1, .save_fd = fd }, save_done, &wait);
	return wait.code;
}

/* ---- streams: lines as they come ---- */

struct stream {
	struct wait wait;
	GString *rest;
	gboolean (*line)(void *arg, const char *line);
	void *arg;
	gboolean enough;		/* line said so */
	gboolean *opened;		/* or NULL: an end is said */
};

static gboolean stream_body(void *arg, const void *bytes, gsize len)
{
	struct stream *stream = arg;
	char *end;

	g_string_append_len(stream->rest, bytes, (gssize)len);
	while ((end = memchr(stream->rest->str, '\n', stream->rest->len))) {
		gsize used = (gsize)(end - stream->rest->str) + 1;

		*end = '\0';
		if (used > 1 && !stream->line(stream->arg, stream->rest->str)) {
			stream->enough = TRUE;
			return FALSE;
		}
		g_string_erase(stream->rest, 0, (gssize)used);
	}
	return TRUE;
}

static void stream_done(void *arg, const struct hg_client_answer *answer)
{
	struct stream *stream = arg;

	if (stream->enough) {
		stream->wait.code = CTL_DONE;
	} else if (answer->status == 200) {
		if (!stream->opened)
			ctl_say_error(stream->wait.ctl, "headgated has ended the stream");
		else
			*stream->opened = TRUE;
		stream->wait.code = CTL_UNREACHABLE;
	} else if (!stream->opened || !*stream->opened || (answer->code == HG_CLIENT_OK && answer->status != 503)) {
		call_done(&stream->wait, answer);
	}
}

/* call: method, headers and body. */
static int stream_call(struct ctl *ctl, struct hg_client_call *call, const char *path, struct stream *stream)
{
	g_autofree char *url = g_strconcat("http://headgate", path, NULL);
	g_auto(ctl_reply) reply = { 0 };
	g_autoptr(GString) rest = g_string_new(NULL);

	stream->wait = (struct wait){ ctl, &reply, CTL_UNREACHABLE };
	stream->rest = rest;
	call->url = url;
	call->unix_path = ctl_socket(ctl);
	call->private_ok = TRUE;
	call->timeout_ms = -1;
	call->on_body = stream_body;
	call->on_body_arg = stream;
	call->max_reply = G_MAXSSIZE;
	hg_client_sync(call, stream_done, stream);
	return stream->wait.code;
}

int ctl_stream(struct ctl *ctl, const char *path, const char *const *headers, gboolean (*line)(void *arg, const char *line),
	       void *arg, gboolean *ret_opened)
{
	struct stream stream = { .line = line, .arg = arg, .opened = ret_opened };

	return stream_call(ctl, &(struct hg_client_call){ .method = "GET", .headers = headers }, path, &stream);
}

int ctl_stream_post(struct ctl *ctl, const char *path, const char *body, gboolean (*line)(void *arg, const char *line), void *arg)
{
	struct stream stream = { .line = line, .arg = arg };

	return stream_call(ctl, &(struct hg_client_call){ .method = "POST", .body = body, .len = body ? strlen(body) : 0 }, path, &stream);
}
