/* http_parse.c - one HTTP/1.1 request out of bytes, or the rule it breaks; no I/O
 *
 * A table of steps, one per state.  Each takes at least one byte or refuses, looks at no byte
 * behind those it is given, and so cannot know how the input was cut. */
#include "http_parse.h"

#include <string.h>

#include "http_head.h"

enum {				/* classes of bytes */
	TOKEN = 1,		/* RFC 9110 section 5.6.2 */
	TARGET = 2,		/* what a target may have; the path is looked at again later */
	VALUE = 4,		/* visible, space, tab and bytes >= 0x80 */
};

static const guint8 *classes(void)
{
	static guint8 table[256];
	static gsize done;

	if (!g_once_init_enter(&done))
		return table;
	for (guint c = 0; c < 256; c++) {
		gboolean visible = c > 0x20 && c < 0x7f;

		if (g_ascii_isalnum(c) || (c && c < 0x80 && strchr("!#$%&'*+-.^_`|~", c)))
			table[c] |= TOKEN;
		if (visible && !strchr("\"<>#", c))
			table[c] |= TARGET;
		if (visible || c == ' ' || c == '\t' || c >= 0x80)
			table[c] |= VALUE;
	}
	g_once_init_leave(&done, 1);
	return table;
}

/* ---- steps ---- */

static gsize bad(struct hg_http_parser *p, enum hg_http_rule rule)
{
	p->rule = rule;
	p->state = HG_HTTP_AT_BAD;
	return 0;
}

static gsize move(struct hg_http_parser *p, enum hg_http_state state, gsize used)
{
	p->state = state;
	p->run = 0;
	return used;
}

/* Appends to text; hg_http_parse() made room for every byte it hands to a step. */
static void keep(struct hg_http_parser *p, const char *bytes, gsize len)
{
	memcpy(p->text + p->text_len, bytes, len);
	p->text_len += len;
}

static void end_string(struct hg_http_parser *p)
{
	p->text[p->text_len++] = '\0';
}

/* Keeps the bytes of one class, as many as there are. */
static gsize keep_class(struct hg_http_parser *p, const char *bytes, gsize len, guint8 class)
{
	const guint8 *table = p->classes;
	gsize n = 0;

	while (n < len && table[(guint8)bytes[n]] & class)
		n++;
	keep(p, bytes, n);
	p->run += n;
	return n;
}

#define METHOD_MAX 20		/* longest registered today: UPDATEREDIRECTREF, 17 */

static gsize in_method(struct hg_http_parser *p, const char *bytes, gsize len)
{
	gsize n = keep_class(p, bytes, MIN(len, METHOD_MAX - p->run), TOKEN);

	if (n == len)
		return n;
	if (bytes[n] != ' ' || !p->run)
		return bad(p, HG_RULE_METHOD);
	end_string(p);
	p->target = p->text_len;
	return move(p, HG_HTTP_IN_TARGET, n + 1);
}

static gsize in_target(struct hg_http_parser *p, const char *bytes, gsize len)
{
	gsize n = keep_class(p, bytes, MIN(len, p->limits.target - p->run), TARGET);

	if (n == len)
		return n;
	if (bytes[n] == ' ' && p->run) {
		end_string(p);
		return move(p, HG_HTTP_IN_VERSION, n + 1);
	}
	if (p->run == p->limits.target)
		return bad(p, HG_RULE_TARGET_LONG);
	return bad(p, p->run ? HG_RULE_TARGET_BYTE : HG_RULE_TARGET_FORM);
}

static gsize in_version(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	if (p->run < sizeof(p->seen) && bytes[0] != '\r' && bytes[0] != '\n') {
		p->seen[p->run++] = bytes[0];
		return 1;
	}
	if (bytes[0] == '\n')
		return bad(p, HG_RULE_LINE_LF);
	if (bytes[0] != '\r' || p->run != sizeof(p->seen) || memcmp(p->seen, "HTTP/1.", 7) ||
	    (p->seen[7] != '0' && p->seen[7] != '1'))
		return bad(p, HG_RULE_VERSION);
	p->minor = p->seen[7] - '0';
	return move(p, HG_HTTP_IN_LINE_LF, 1);
}

static gsize in_line_lf(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	return bytes[0] == '\n' ? move(p, HG_HTTP_IN_LINE, 1) : bad(p, HG_RULE_LINE_CR);
}

static gsize in_line(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	switch (bytes[0]) {
	case '\r':
		return move(p, HG_HTTP_IN_HEAD_LF, 1);
	case '\n':
		return bad(p, HG_RULE_LINE_LF);
	case ' ':
	case '\t':
		return bad(p, HG_RULE_HEADER_FOLD);
	}
	if (!(p->classes[(guint8)bytes[0]] & TOKEN))
		return bad(p, HG_RULE_HEADER_NAME);
	if (p->n_headers == p->limits.headers)
		return bad(p, HG_RULE_HEADER_MANY);
	p->headers[p->n_headers].name = p->text_len;
	keep(p, bytes, 1);
	return move(p, HG_HTTP_IN_NAME, 1);
}

static gsize in_name(struct hg_http_parser *p, const char *bytes, gsize len)
{
	gsize n = keep_class(p, bytes, len, TOKEN);

	if (n == len)
		return n;
	switch (bytes[n]) {
	case ':':
		end_string(p);
		p->headers[p->n_headers].value = p->text_len;
		return move(p, HG_HTTP_IN_SPACE, n + 1);
	case ' ':
	case '\t':
		return bad(p, HG_RULE_HEADER_SPACE);
	case '\r':
	case '\n':
		return bad(p, HG_RULE_HEADER_COLON);
	}
	return bad(p, HG_RULE_HEADER_NAME);
}

static gsize in_space(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	if (bytes[0] == ' ' || bytes[0] == '\t')
		return 1;
	return move(p, HG_HTTP_IN_VALUE, 0);
}

static gsize in_value(struct hg_http_parser *p, const char *bytes, gsize len)
{
	gsize n = keep_class(p, bytes, len, VALUE);

	if (n == len)
		return n;
	if (bytes[n] != '\r')
		return bad(p, bytes[n] == '\n' ? HG_RULE_LINE_LF : HG_RULE_HEADER_BYTE);
	while (p->run && strchr(" \t", p->text[p->text_len - 1])) {
		p->text_len--;
		p->run--;
	}
	end_string(p);
	p->n_headers++;
	return move(p, HG_HTTP_IN_LINE_LF, n + 1);
}

static gsize in_head_lf(struct hg_http_parser *p, const char *bytes, gsize len)
{
	enum hg_http_rule rule;

	(void)len;
	if (bytes[0] != '\n')
		return bad(p, HG_RULE_LINE_CR);
	rule = hg_http_judge_head(p);
	if (rule)
		return bad(p, rule);
	p->left = p->length < 0 ? 0 : p->length;
	return move(p, p->length < 0 ? HG_HTTP_IN_SIZE : p->length ? HG_HTTP_IN_LENGTH : HG_HTTP_AT_END, 1);
}

#define SIZE_DIGITS 8

static gsize in_size(struct hg_http_parser *p, const char *bytes, gsize len)
{
	int digit = g_ascii_xdigit_value(bytes[0]);

	(void)len;
	if (digit >= 0 && p->run < SIZE_DIGITS) {
		p->left = p->left * 16 + digit;
		p->run++;
		return 1;
	}
	if (!p->run || digit >= 0)
		return bad(p, HG_RULE_CHUNK_SIZE);
	if (bytes[0] == ';')
		return bad(p, HG_RULE_CHUNK_EXTENSION);
	return bytes[0] == '\r' ? move(p, HG_HTTP_IN_SIZE_LF, 1) : bad(p, HG_RULE_CHUNK_SIZE);
}

static gsize in_size_lf(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	if (bytes[0] != '\n')
		return bad(p, HG_RULE_LINE_CR);
	if (p->left > p->max_body - p->body)
		return bad(p, HG_RULE_BODY_BIG);
	return move(p, p->left ? HG_HTTP_IN_CHUNK : HG_HTTP_IN_LAST_CR, 1);
}

/* One byte that has to be there, between the parts of a chunked body. */
static gsize expect(struct hg_http_parser *p, char byte, char want, enum hg_http_state next,
		    enum hg_http_rule rule)
{
	return byte == want ? move(p, next, 1) : bad(p, rule);
}

static gsize in_chunk_cr(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	return expect(p, bytes[0], '\r', HG_HTTP_IN_CHUNK_LF, HG_RULE_CHUNK_END);
}

static gsize in_chunk_lf(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	return expect(p, bytes[0], '\n', HG_HTTP_IN_SIZE, HG_RULE_CHUNK_END);
}

/* Trailers are refused: nothing here reads them, and a proxy might merge them into the head. */
static gsize in_last_cr(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	return expect(p, bytes[0], '\r', HG_HTTP_IN_LAST_LF, HG_RULE_CHUNK_TRAILER);
}

static gsize in_last_lf(struct hg_http_parser *p, const char *bytes, gsize len)
{
	(void)len;
	return expect(p, bytes[0], '\n', HG_HTTP_AT_END, HG_RULE_LINE_CR);
}

typedef gsize step_fn(struct hg_http_parser *p, const char *bytes, gsize len);

static step_fn *const steps[] = {
	[HG_HTTP_IN_METHOD] = in_method, [HG_HTTP_IN_TARGET] = in_target,
	[HG_HTTP_IN_VERSION] = in_version, [HG_HTTP_IN_LINE_LF] = in_line_lf,
	[HG_HTTP_IN_LINE] = in_line, [HG_HTTP_IN_NAME] = in_name, [HG_HTTP_IN_SPACE] = in_space,
	[HG_HTTP_IN_VALUE] = in_value, [HG_HTTP_IN_HEAD_LF] = in_head_lf,
	[HG_HTTP_IN_SIZE] = in_size, [HG_HTTP_IN_SIZE_LF] = in_size_lf,
	[HG_HTTP_IN_CHUNK_CR] = in_chunk_cr, [HG_HTTP_IN_CHUNK_LF] = in_chunk_lf,
	[HG_HTTP_IN_LAST_CR] = in_last_cr, [HG_HTTP_IN_LAST_LF] = in_last_lf,
};

/* ---- the way through ---- */

void hg_http_parser_init(struct hg_http_parser *p, const struct hg_http_limits *limits)
{
	memset(p, 0, sizeof(*p));
	p->limits = *limits;
	p->limits.head = MIN(limits->head, HG_HTTP_HEAD_MAX);
	p->limits.headers = MIN(limits->headers, HG_HTTP_HEADERS_MAX);
	p->classes = classes();
}

void hg_http_parser_reset(struct hg_http_parser *p)
{
	p->state = HG_HTTP_IN_METHOD;
	p->rule = HG_RULE_NONE;
	p->wire = p->text_len = p->run = p->body = p->max_body = 0;
	p->n_headers = 0;
	p->left = 0;
}

void hg_http_parser_done(struct hg_http_parser *p)
{
	g_free(p->text);
	p->text = NULL;
	p->text_size = 0;
}

/* Room for len more bytes of head, and once more for the decoded path. */
static void make_room(struct hg_http_parser *p, gsize len)
{
	gsize want = 2 * (p->text_len + len) + 2;

	if (want <= p->text_size)
		return;
	p->text_size = MAX(want, 1024);
	p->text = g_realloc(p->text, p->text_size);
}

static enum hg_http_event parse_head(struct hg_http_parser *p, const char *bytes, gsize len, gsize *ret_used)
{
	gsize room = MIN(len, p->limits.head - p->wire), n = 0;

	make_room(p, room);
	while (n < room && p->state <= HG_HTTP_IN_HEAD_LF)
		n += steps[p->state](p, bytes + n, room - n);
	p->wire += n;
	*ret_used = n;
	if (p->state == HG_HTTP_AT_BAD)
		return HG_HTTP_BAD;
	if (p->state > HG_HTTP_IN_HEAD_LF)
		return HG_HTTP_HEAD;
	if (n == len)
		return HG_HTTP_MORE;
	bad(p, HG_RULE_HEAD_BIG);
	return HG_HTTP_BAD;
}

static enum hg_http_event take_span(struct hg_http_parser *p, const char *bytes, gsize len, gsize *used,
				    struct hg_http_span *ret_span)
{
	gsize n = MIN(p->left, len);

	ret_span->bytes = bytes;
	ret_span->len = n;
	*used += n;
	p->left -= n;
	p->body += n;
	if (!p->left)
		p->state = p->state == HG_HTTP_IN_LENGTH ? HG_HTTP_AT_END : HG_HTTP_IN_CHUNK_CR;
	return HG_HTTP_BODY;
}

enum hg_http_event hg_http_parse(struct hg_http_parser *p, const char *bytes, gsize len, gsize *ret_used,
				 struct hg_http_span *ret_span)
{
	if (p->state <= HG_HTTP_IN_HEAD_LF)
		return parse_head(p, bytes, len, ret_used);
	*ret_used = 0;
	while (p->state != HG_HTTP_AT_END && p->state != HG_HTTP_AT_BAD) {
		if (*ret_used == len)
			return HG_HTTP_MORE;
		if (p->state == HG_HTTP_IN_LENGTH || p->state == HG_HTTP_IN_CHUNK)
			return take_span(p, bytes + *ret_used, len - *ret_used, ret_used, ret_span);
		*ret_used += steps[p->state](p, bytes + *ret_used, len - *ret_used);
	}
	return p->state == HG_HTTP_AT_END ? HG_HTTP_END : HG_HTTP_BAD;
}

gboolean hg_http_take_body(struct hg_http_parser *p, gsize max_body)
{
	p->max_body = max_body;
	if (p->length <= 0 || (guint64)p->length <= max_body)
		return TRUE;
	bad(p, HG_RULE_BODY_BIG);
	return FALSE;
}

gboolean hg_http_has_body(const struct hg_http_parser *p)
{
	return p->length != 0;
}

const char *hg_http_header(const struct hg_http_parser *p, const char *name)
{
	for (guint i = 0; i < p->n_headers; i++)
		if (!g_ascii_strcasecmp(p->text + p->headers[i].name, name))
			return p->text + p->headers[i].value;
	return NULL;
}
