/* http_reply.c - answers, problems and streams */
#include "http_conn.h"

#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "env.h"
#include "json.h"
#include "log.h"
#include "loop.h"

#define HIGH_WATER (256 << 10)

static const struct { int status; const char *reason; } reasons[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
	{ 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
	{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 406, "Not Acceptable" }, { 408, "Request Timeout" },
	{ 409, "Conflict" }, { 410, "Gone" }, { 411, "Length Required" }, { 412, "Precondition Failed" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" }, { 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" }, { 422, "Unprocessable Content" }, { 428, "Precondition Required" },
	{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" },
	{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" }, { 507, "Insufficient Storage" },
};

static const char *reason_of(int status)
{
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

/* ---- the head of a reply, in the server's scratch string ---- */

/* RFC 9110 section 5.6.7; English whatever the locale says. */
static const char *date_header(hg_server *server)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = hg_now(hg_loop_env(server->loop)) / 1000;
	struct tm tm;

	if (server->date_s == now)
		return server->date;
	gmtime_r(&now, &tm);
	g_snprintf(server->date, sizeof(server->date), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		   days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
		   tm.tm_hour, tm.tm_min, tm.tm_sec);
	server->date_s = now;
	return server->date;
}

static void add_number(GString *out, guint64 n)
{
	char digits[24];
	guint at = sizeof(digits);

	do
		digits[--at] = '0' + n % 10;
	while (n /= 10);
	g_string_append_len(out, digits + at, sizeof(digits) - at);
}

/* A value from a stranger must not become a second header. */
static void add_line(GString *out, const char *name, const char *rest)
{
	for (const char *c = rest; *c; c++) {
		if (((guint8)*c < 0x20 && *c != '\t') || *c == 0x7f) {
			hg_warn(NULL, "http.header", "left out a reply header with a control byte");
			return;
		}
	}
	g_string_append(out, name);
	g_string_append(out, rest);
	g_string_append(out, "\r\n");
}

/* Answers are for who asked: no cache between keeps them, unless the answer says otherwise, and no
 * browser takes them for anything but what their type says. */
static void add_guards(GString *out, const char *const *headers)
{
	static const char guards[] = "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n";
	static const gsize first = sizeof("X-Content-Type-Options: nosniff\r\n") - 1;
	gboolean own = FALSE;

	for (; headers && *headers && !own; headers++)
		own = !g_ascii_strncasecmp(*headers, "Cache-Control:", 14);
	g_string_append_len(out, guards, own ? first : sizeof(guards) - 1);
}

static void add_connection(GString *out, const struct hg_conn *conn)
{
	if (conn->last)
		g_string_append(out, "Connection: close\r\n");
	else if (conn->req && !conn->req->parser.minor)
		g_string_append(out, "Connection: keep-alive\r\n");
}

static GString *begin_head(struct hg_conn *conn, int status, const char *type, const char *const *headers)
{
	GString *out = conn->server->out;

	g_string_assign(out, "HTTP/1.1 ");
	add_number(out, status);
	g_string_append_c(out, ' ');
	g_string_append(out, reason_of(status));
	g_string_append(out, "\r\nDate: ");
	g_string_append(out, date_header(conn->server));
	g_string_append(out, "\r\n");
	if (type)
		add_line(out, "Content-Type: ", type);
	add_guards(out, headers);
	for (; headers && *headers; headers++)
		add_line(out, "", *headers);
	add_connection(out, conn);
	return out;
}

static gboolean has_body(const struct hg_conn *conn, int status)
{
	return status >= 200 && status != 204 && status != 304 &&
	       !(conn->req && conn->req->parser.state >= HG_HTTP_IN_LENGTH &&
		 conn->req->parser.state != HG_HTTP_AT_BAD && !strcmp(hg_request_method(conn->req), "HEAD"));
}

static void write_answer(struct hg_conn *conn, const struct hg_answer *answer)
{
	GString *out = begin_head(conn, answer->status, answer->type, answer->headers);
	struct iovec parts[2];
	guint n = 1;

	if (answer->status != 204 && answer->status != 304) {
		g_string_append(out, "Content-Length: ");
		add_number(out, answer->len);
		g_string_append(out, "\r\n");
	}
	g_string_append(out, "\r\n");
	parts[0] = (struct iovec){ out->str, out->len };
	if (answer->len && answer->fd <= 0 && has_body(conn, answer->status))
		parts[n++] = (struct iovec){ (void *)answer->body, answer->len };
	hg_conn_write(conn, parts, n);
	if (answer->fd > 0 && has_body(conn, answer->status))
		hg_conn_write_file(conn, answer->fd, answer->len);
	else if (answer->fd > 0)
		close(answer->fd);
}

/* ---- problems (RFC 9457) ---- */

static void write_problem(struct hg_conn *conn, int status, const char *type, const char *detail,
			  const char *rule, const char *const *headers)
{
	g_autoptr(GString) body = g_string_new(NULL);
	struct hg_answer answer = { .status = status, .type = "application/problem+json", .headers = headers };

	hg_json_open(body, '{');
	hg_json_add_str(body, "type", type ? type : "about:blank");
	hg_json_add_str(body, "title", reason_of(status));
	hg_json_add_int(body, "status", status);
	hg_json_opt_str(body, "detail", detail);
	hg_json_opt_str(body, "rule", rule);
	hg_json_close(body, '}');
	answer.body = body->str;
	answer.len = body->len;
	write_answer(conn, &answer);
}

void hg_reply_rule(struct hg_conn *conn, enum hg_http_rule rule)
{
	static const char *const later[] = { "Retry-After: 1", NULL };
	const struct hg_http_rule_text *text = hg_http_rule_text(rule);

	if (text->status)
		write_problem(conn, text->status, NULL, text->text, text->word,
			      text->status == 503 || text->status == 429 ? later : NULL);
}

void hg_reply_route(struct hg_conn *conn, const struct hg_server_route *route)
{
	const char *headers[] = { route->header, NULL };

	write_problem(conn, route->refuse, route->type, route->why, NULL, route->headers ? route->headers : headers);
}

/* ---- answers ---- */

/* Takes the request away from its caller.  Returns its connection, or NULL when that is gone. */
static struct hg_conn *close_request(hg_request *req)
{
	struct hg_conn *conn = req->conn;

	if (conn)
		conn->req = NULL;
	hg_request_release(req);
	return conn;
}

void hg_request_answer(hg_request *req, const struct hg_answer *answer)
{
	struct hg_conn *conn = req->conn;

	g_assert(req->handed);
	if (conn) {
		conn->last |= answer->close || conn->server->draining;
		write_answer(conn, answer);
	} else if (answer->fd > 0) {
		close(answer->fd);
	}
	if (close_request(req))
		hg_conn_replied(conn);
}

void hg_request_problem(hg_request *req, int status, const char *fmt, ...)
{
	g_autofree char *detail = NULL;
	struct hg_conn *conn = req->conn;
	va_list ap;

	g_assert(req->handed);
	va_start(ap, fmt);
	detail = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	if (conn) {
		conn->last |= conn->server->draining;
		write_problem(conn, status, NULL, detail, NULL, NULL);
	}
	if (close_request(req))
		hg_conn_replied(conn);
}

/* ---- streams ---- */

static void on_gone(void *arg)
{
	hg_stream *stream = arg;

	stream->gone_timer = 0;
	hg_stream_lost(stream);
}

static void begin_stream(hg_stream *stream, struct hg_conn *conn, const struct hg_stream_head *head)
{
	GString *out;
	struct iovec part;

	stream->chunked = conn->req->parser.minor > 0;
	stream->mute = !has_body(conn, head->status);
	/* Without chunks only the end of the connection ends the body. */
	conn->last |= !stream->chunked || conn->server->draining;
	out = begin_head(conn, head->status, head->type, head->headers);
	g_string_append(out, stream->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
	part = (struct iovec){ out->str, out->len };
	conn->stream = stream;
	HG_COUNT(conn->server->stats.streams, 1);
	hg_conn_write(conn, &part, 1);
}

hg_stream *hg_request_stream(hg_request *req, const struct hg_stream_head *head)
{
	hg_stream *stream = g_new0(hg_stream, 1);
	struct hg_conn *conn = req->conn;

	g_assert(req->handed);
	stream->conn = conn;
	stream->loop = req->loop;
	stream->high_water = head->high_water ? head->high_water : HIGH_WATER;
	stream->closed = head->closed;
	stream->drained = head->drained;
	stream->arg = head->arg;
	if (conn)
		begin_stream(stream, conn, head);
	if (conn && head->apart)
		hg_server_conn_apart(conn->server, conn, TRUE);
	close_request(req);
	if (conn) {
		hg_conn_streaming(conn);
		if (conn->eof)
			hg_conn_look(conn);
	} else {
		stream->ending = HG_STREAM_LEFT;
		stream->gone_timer = hg_loop_timer(stream->loop, 0, on_gone, stream);
	}
	return stream;
}

static void write_chunk(hg_stream *stream, const void *bytes, gsize len)
{
	char size[24];
	struct iovec parts[3] = { { .iov_base = size } };

	parts[0].iov_len = g_snprintf(size, sizeof(size), "%zx\r\n", len);
	parts[1] = (struct iovec){ (void *)bytes, len };
	parts[2] = (struct iovec){ (char *)"\r\n", 2 };
	hg_conn_write(stream->conn, stream->chunked ? parts : parts + 1, stream->chunked ? 3 : 1);
}

gboolean hg_stream_write(hg_stream *stream, const void *bytes, gsize len)
{
	struct hg_conn *conn = stream->conn;
	gsize pending;

	if (!conn || stream->ending || conn->broken)
		return FALSE;
	if (stream->mute || !len)
		return TRUE;
	pending = hg_conn_pending(conn);
	if (pending && pending + len > stream->high_water) {
		stream->ending = HG_STREAM_SLOW;
		hg_conn_look(conn);
		return FALSE;
	}
	write_chunk(stream, bytes, len);
	hg_conn_streaming(conn);
	return !conn->broken;
}

gsize hg_stream_pending(const hg_stream *stream)
{
	return stream->conn ? hg_conn_pending(stream->conn) : 0;
}

static void stream_free(hg_stream *stream)
{
	if (stream->gone_timer)
		hg_loop_untimer(stream->loop, stream->gone_timer);
	g_free(stream);
}

void hg_stream_finish(hg_stream *stream)
{
	struct hg_conn *conn = stream->conn;

	if (stream->lost)	/* from within closed: it is freed in a moment */
		return;
	if (conn) {
		struct iovec end = { (char *)"0\r\n\r\n", 5 };

		HG_COUNT(conn->server->stats.streams, -1);
		conn->stream = NULL;
		hg_server_conn_apart(conn->server, conn, FALSE);
		if (stream->chunked && !stream->mute)
			hg_conn_write(conn, &end, 1);
		hg_conn_replied(conn);
	}
	stream_free(stream);
}

void hg_stream_lost(hg_stream *stream)
{
	stream->lost = TRUE;
	if (stream->closed)
		stream->closed(stream->arg, stream->ending);
	stream_free(stream);
}
