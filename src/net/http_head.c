/* http_head.c - what a complete head means, and whether it may be believed */
#include "http_head.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- small readers ---- */

static gboolean is_control(guint8 c)
{
	return c < 0x20 || c == 0x7f;
}

gboolean hg_http_unescape(const char *in, gsize len, gboolean plus, char *out)
{
	char *at = out;

	for (gsize i = 0; i < len; i++) {
		char c = in[i];

		if (c == '%') {
			int high = i + 2 < len ? g_ascii_xdigit_value(in[i + 1]) : -1;
			int low = high >= 0 ? g_ascii_xdigit_value(in[i + 2]) : -1;

			if (low < 0)
				return FALSE;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (is_control(c))
			return FALSE;
		*at++ = c;
	}
	*at = '\0';
	return g_utf8_validate(out, at - out, NULL);
}

gboolean hg_http_list_has(const char *list, const char *word)
{
	gsize want = strlen(word);

	while (*list) {
		gsize n;

		list += strspn(list, ", \t");
		n = strcspn(list, ",");
		for (list += n; n && strchr(" \t", list[-1]); n--)
			list--;
		if (n == want && !g_ascii_strncasecmp(list - n, word, n))
			return TRUE;
		list += strcspn(list, ",");
	}
	return FALSE;
}

#define HOST_MAX 255		/* bytes of a name, RFC 1035 section 2.3.4 */

/* Bytes of "[2001:db8::1]" at the start of text; 0 when that is no address. */
static gsize bracket_len(const char *text, gsize len)
{
	const char *end = memchr(text, ']', len);
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (!end || (gsize)(end - text) > sizeof(copy))
		return 0;
	memcpy(copy, text + 1, end - text - 1);
	copy[end - text - 1] = '\0';
	return inet_pton(AF_INET6, copy, &address) == 1 ? (gsize)(end - text) + 1 : 0;
}

static gsize name_len(const char *text, gsize len)
{
	gsize n = 0;

	while (n < len && (g_ascii_isalnum(text[n]) || strchr("-._~", text[n])))
		n++;
	return n <= HOST_MAX ? n : 0;
}

/* Digits, maybe none, and no more than a port can be. */
static gboolean is_port(const char *text, gsize len)
{
	guint port = 0;

	for (gsize i = 0; i < len; i++) {
		if (!g_ascii_isdigit(text[i]) || i == 5)
			return FALSE;
		port = port * 10 + (guint)(text[i] - '0');
	}
	return port <= G_MAXUINT16;
}

/* RFC 3986 section 3.2: a name or an address, and maybe a port; no user. */
static gboolean is_authority(const char *text, gsize len)
{
	gsize n = len && text[0] == '[' ? bracket_len(text, len) : name_len(text, len);

	if (!n || n == len)
		return n > 0;
	return text[n] == ':' && is_port(text + n + 1, len - n - 1);
}

/* ---- target ---- */

/* RFC 3986 pchar and "/": what a path may have unescaped. */
static gboolean is_path_byte(char c)
{
	return g_ascii_isalnum(c) || strchr("/-._~!$&'()*+,;=:@%", c);
}

static gboolean has_dot_segment(const char *path)
{
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		gsize n = strcspn(at + 1, "/");

		if ((n == 1 && at[1] == '.') || (n == 2 && at[1] == '.' && at[2] == '.'))
			return TRUE;
	}
	return FALSE;
}

/* An escaped slash would be one segment to some readers and two to others. */
static gboolean has_escaped_slash(const char *raw)
{
	for (; (raw = strchr(raw, '%')); raw++)
		if (!g_ascii_strncasecmp(raw, "%2f", 3) || !g_ascii_strncasecmp(raw, "%5c", 3))
			return TRUE;
	return FALSE;
}

/* %76 is "v" for us and may be something else for a list of paths in a proxy, so what needs no escape
 * has none. */
static gboolean has_idle_escape(const char *raw)
{
	for (; (raw = strchr(raw, '%')); raw++) {
		char c = (char)(g_ascii_xdigit_value(raw[1]) << 4 | g_ascii_xdigit_value(raw[2]));

		if (g_ascii_isalnum(c) || c == '-' || c == '.' || c == '_')
			return TRUE;
	}
	return FALSE;
}

static enum hg_http_rule judge_path(struct hg_http_parser *p, const char *raw, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!is_path_byte(raw[i]))
			return HG_RULE_TARGET_BYTE;
	p->path = raw - p->text;
	if (memchr(raw, '%', len)) {
		if (has_escaped_slash(raw) || !hg_http_unescape(raw, len, FALSE, p->text + p->text_len))
			return HG_RULE_TARGET_ESCAPE;
		p->path = p->text_len;
		p->text_len += strlen(p->text + p->text_len) + 1;
	}
	if (has_dot_segment(p->text + p->path))
		return HG_RULE_TARGET_DOTS;
	return has_idle_escape(raw) ? HG_RULE_TARGET_ESCAPE : HG_RULE_NONE;
}

/* The scratch space is the room that make_room() left behind the strings. */
static gboolean is_query(struct hg_http_parser *p, const char *query)
{
	return hg_http_unescape(query, strlen(query), TRUE, p->text + p->text_len);
}

static gsize scheme_len(const char *target)
{
	if (!g_ascii_strncasecmp(target, "http://", 7))
		return 7;
	return g_ascii_strncasecmp(target, "https://", 8) ? 0 : 8;
}

/* The absolute form has to name the host that Host names (RFC 9112 section 3.2.2 lets the target
 * win; what disagrees is an attempt to be read in two ways).  Returns where the path starts. */
static enum hg_http_rule judge_absolute(struct hg_http_parser *p, char **target)
{
	gsize scheme = scheme_len(*target), len;
	const char *host = hg_http_header(p, "Host");

	if (!scheme)
		return HG_RULE_TARGET_FORM;
	len = strcspn(*target + scheme, "/?");
	if ((*target)[scheme + len] != '/' || !is_authority(*target + scheme, len))
		return HG_RULE_TARGET_FORM;
	if (host && (strlen(host) != len || g_ascii_strncasecmp(host, *target + scheme, len)))
		return HG_RULE_TARGET_HOST;
	p->absolute = TRUE;
	*target += scheme + len;
	return HG_RULE_NONE;
}

static enum hg_http_rule judge_target(struct hg_http_parser *p)
{
	char *target = p->text + p->target, *query;
	enum hg_http_rule rule = HG_RULE_NONE;

	p->absolute = FALSE;
	/* It goes with "host:port" only, and a proxy that lets it pass takes our 2xx for a tunnel. */
	if (!strcmp(p->text, "CONNECT"))
		return HG_RULE_TARGET_FORM;
	if (*target != '/')
		rule = judge_absolute(p, &target);
	if (rule)
		return rule;
	p->target = target - p->text;
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	else
		query = target + strlen(target);
	p->query = query - p->text;
	if (!is_query(p, query))
		return HG_RULE_TARGET_ESCAPE;
	return judge_path(p, target, strlen(target));
}

/* ---- framing ---- */

struct framing {
	const char *host, *length, *coding;
	gboolean close, keep;		/* said by Connection */
};

/* Names are compared once per request: by length first. */
static enum hg_http_rule take_header(struct hg_http_parser *p, struct framing *f, const char *name,
				     const char *value)
{
	const char **slot = NULL;
	enum hg_http_rule twice = HG_RULE_NONE;

	switch (strlen(name)) {
	case 4:
		if (!g_ascii_strcasecmp(name, "Host"))
			slot = &f->host, twice = HG_RULE_HOST_TWICE;
		break;
	case 6:
		if (!g_ascii_strcasecmp(name, "Expect") && p->minor) {
			if (g_ascii_strcasecmp(value, "100-continue"))
				return HG_RULE_EXPECT;
			p->expect = TRUE;
		}
		break;
	case 10:
		if (!g_ascii_strcasecmp(name, "Connection")) {
			f->close |= hg_http_list_has(value, "close");
			f->keep |= hg_http_list_has(value, "keep-alive");
		}
		break;
	case 14:
		if (!g_ascii_strcasecmp(name, "Content-Length"))
			slot = &f->length, twice = HG_RULE_LENGTH_TWICE;
		break;
	case 17:
		if (!g_ascii_strcasecmp(name, "Transfer-Encoding"))
			slot = &f->coding, twice = HG_RULE_CODING_TWICE;
		break;
	}
	if (!slot)
		return HG_RULE_NONE;
	if (*slot)
		return twice;
	*slot = value;
	return HG_RULE_NONE;
}

#define LENGTH_DIGITS 18	/* fits a gint64 */

static enum hg_http_rule judge_length(struct hg_http_parser *p, const char *text)
{
	gsize n = 0;

	for (p->length = 0; n < LENGTH_DIGITS && g_ascii_isdigit(text[n]); n++)
		p->length = p->length * 10 + (text[n] - '0');
	return n && !text[n] ? HG_RULE_NONE : HG_RULE_LENGTH_FORM;
}

static enum hg_http_rule judge_framing(struct hg_http_parser *p, const struct framing *f)
{
	p->length = 0;
	if (f->coding && f->length)
		return HG_RULE_LENGTH_CODING;
	if (f->length)
		return judge_length(p, f->length);
	if (!f->coding)
		return HG_RULE_NONE;
	if (!p->minor)
		return HG_RULE_CODING_OLD;
	if (g_ascii_strcasecmp(f->coding, "chunked"))
		return HG_RULE_CODING_OTHER;
	p->length = -1;
	return HG_RULE_NONE;
}

static enum hg_http_rule judge_host(const struct hg_http_parser *p, const char *host)
{
	if (!host)
		return p->minor ? HG_RULE_HOST_MISSING : HG_RULE_NONE;
	return is_authority(host, strlen(host)) ? HG_RULE_NONE : HG_RULE_HOST_FORM;
}

enum hg_http_rule hg_http_judge_head(struct hg_http_parser *p)
{
	struct framing f = { 0 };
	enum hg_http_rule rule = HG_RULE_NONE;

	p->expect = FALSE;
	for (guint i = 0; !rule && i < p->n_headers; i++)
		rule = take_header(p, &f, p->text + p->headers[i].name, p->text + p->headers[i].value);
	if (!rule)
		rule = judge_host(p, f.host);
	if (!rule)
		rule = judge_framing(p, &f);
	if (!rule)
		rule = judge_target(p);
	p->keep_alive = !f.close && (p->minor || f.keep);
	return rule;
}

/* ---- the rules in words ---- */

static const struct hg_http_rule_text rules[HG_RULES] = {
	[HG_RULE_NONE] = { 0, "none", "" },
	[HG_RULE_METHOD] = { 400, "method", "the method is not a token of at most 20 letters and one space" },
	[HG_RULE_TARGET_FORM] = { 400, "target.form", "the target is neither a path nor an http URL" },
	[HG_RULE_TARGET_BYTE] = { 400, "target.byte", "the target has a byte that must be escaped" },
	[HG_RULE_TARGET_LONG] = { 414, "target.long", "the target is too long" },
	[HG_RULE_TARGET_ESCAPE] = { 400, "target.escape", "the target has a broken or forbidden %-escape" },
	[HG_RULE_TARGET_DOTS] = { 400, "target.dots", "the path has a . or .. segment" },
	[HG_RULE_TARGET_HOST] = { 400, "target.host", "target and Host name different hosts" },
	[HG_RULE_VERSION] = { 400, "version", "the version is neither HTTP/1.1 nor HTTP/1.0" },
	[HG_RULE_LINE_CR] = { 400, "line.cr", "a CR is not followed by LF" },
	[HG_RULE_LINE_LF] = { 400, "line.lf", "a line ends with LF instead of CRLF" },
	[HG_RULE_HEAD_BIG] = { 431, "head.big", "request line and headers are too long" },
	[HG_RULE_HEADER_MANY] = { 431, "header.many", "there are too many headers" },
	[HG_RULE_HEADER_NAME] = { 400, "header.name", "a header name is not a token" },
	[HG_RULE_HEADER_COLON] = { 400, "header.colon", "a header line has no colon" },
	[HG_RULE_HEADER_SPACE] = { 400, "header.space", "a space stands between header name and colon" },
	[HG_RULE_HEADER_FOLD] = { 400, "header.fold", "a header line begins with a space" },
	[HG_RULE_HEADER_BYTE] = { 400, "header.byte", "a header value has a control byte" },
	[HG_RULE_HOST_MISSING] = { 400, "host.missing", "there is no Host header" },
	[HG_RULE_HOST_TWICE] = { 400, "host.twice", "there are two Host headers" },
	[HG_RULE_HOST_FORM] = { 400, "host.form", "Host is no host name or address with a port" },
	[HG_RULE_LENGTH_TWICE] = { 400, "length.twice", "there are two Content-Length headers" },
	[HG_RULE_LENGTH_FORM] = { 400, "length.form", "Content-Length is not a plain number" },
	[HG_RULE_LENGTH_CODING] = { 400, "length.coding", "Content-Length and Transfer-Encoding exclude each other" },
	[HG_RULE_CODING_TWICE] = { 400, "coding.twice", "there are two Transfer-Encoding headers" },
	[HG_RULE_CODING_OTHER] = { 400, "coding.other", "the only Transfer-Encoding is \"chunked\"" },
	[HG_RULE_CODING_OLD] = { 400, "coding.old", "HTTP/1.0 has no Transfer-Encoding" },
	[HG_RULE_EXPECT] = { 417, "expect", "the only Expect is \"100-continue\"" },
	[HG_RULE_BODY_BIG] = { 413, "body.big", "the body is bigger than this path takes" },
	[HG_RULE_CHUNK_SIZE] = { 400, "chunk.size", "a chunk size is not 1 to 8 hexadecimal digits" },
	[HG_RULE_CHUNK_EXTENSION] = { 400, "chunk.extension", "chunk extensions are not taken" },
	[HG_RULE_CHUNK_END] = { 400, "chunk.end", "a chunk is longer than its size" },
	[HG_RULE_CHUNK_TRAILER] = { 400, "chunk.trailer", "trailers are not taken" },
	[HG_RULE_ROUTE] = { 0, "route", "the path, method or credentials were refused" },
	[HG_RULE_DEADLINE_HEAD] = { 408, "deadline.head", "the headers took too long" },
	[HG_RULE_DEADLINE_BODY] = { 408, "deadline.body", "the body took too long" },
	[HG_RULE_DEADLINE_WRITE] = { 0, "deadline.write", "the reply was not read in time" },
	[HG_RULE_CUT] = { 0, "cut", "the peer closed in the middle of a request" },
	[HG_RULE_CAP_CONNECTIONS] = { 503, "cap.connections", "there are too many connections" },
	[HG_RULE_CAP_ADDRESS] = { 503, "cap.address", "there are too many connections from this address" },
	[HG_RULE_CAP_BODIES] = { 503, "cap.bodies", "too much is being uploaded at the moment" },
	[HG_RULE_RATE] = { 429, "rate", "there are too many requests from this address" },
};

const struct hg_http_rule_text *hg_http_rule_text(enum hg_http_rule rule)
{
	return &rules[rule];
}
