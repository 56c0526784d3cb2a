/* http_parse.h - one HTTP/1.1 request out of bytes, or the rule it breaks; no I/O
 *
 * Stricter than RFC 9112 asks, so that no proxy in front of us can see other requests than we do:
 * whatever two readers could understand in two ways is refused.  The outcome depends on the bytes
 * only, never on how they were cut into reads. */
#pragma once
#include <glib.h>

/* Why something was refused.  From HG_RULE_ROUTE on by the server, not by the parser. */
enum hg_http_rule {
	HG_RULE_NONE,
	HG_RULE_METHOD, HG_RULE_TARGET_FORM, HG_RULE_TARGET_BYTE, HG_RULE_TARGET_LONG,
	HG_RULE_TARGET_ESCAPE, HG_RULE_TARGET_DOTS, HG_RULE_TARGET_HOST, HG_RULE_VERSION,
	HG_RULE_LINE_CR, HG_RULE_LINE_LF,
	HG_RULE_HEAD_BIG, HG_RULE_HEADER_MANY, HG_RULE_HEADER_NAME, HG_RULE_HEADER_COLON,
	HG_RULE_HEADER_SPACE, HG_RULE_HEADER_FOLD, HG_RULE_HEADER_BYTE,
	HG_RULE_HOST_MISSING, HG_RULE_HOST_TWICE, HG_RULE_HOST_FORM,
	HG_RULE_LENGTH_TWICE, HG_RULE_LENGTH_FORM, HG_RULE_LENGTH_CODING,
	HG_RULE_CODING_TWICE, HG_RULE_CODING_OTHER, HG_RULE_CODING_OLD, HG_RULE_EXPECT,
	HG_RULE_BODY_BIG, HG_RULE_CHUNK_SIZE, HG_RULE_CHUNK_EXTENSION, HG_RULE_CHUNK_END,
	HG_RULE_CHUNK_TRAILER,
	/* the server's own */
	HG_RULE_ROUTE, HG_RULE_DEADLINE_HEAD, HG_RULE_DEADLINE_BODY, HG_RULE_DEADLINE_WRITE,
	HG_RULE_CUT, HG_RULE_CAP_CONNECTIONS, HG_RULE_CAP_ADDRESS, HG_RULE_CAP_BODIES, HG_RULE_RATE,
	HG_RULES
};

struct hg_http_rule_text {
	int status;		/* what the peer is answered; 0: nothing can be answered */
	const char *word;	/* stable: "length.twice" */
	const char *text;	/* for a person */
};
const struct hg_http_rule_text *hg_http_rule_text(enum hg_http_rule rule);

#define HG_HTTP_HEADERS_MAX 100
#define HG_HTTP_HEAD_MAX 32768		/* most that hg_http_limits.head may be: offsets have 16 bits */

struct hg_http_limits {
	gsize head, target;	/* bytes on the wire */
	guint headers;
};

struct hg_http_header {
	guint16 name, value;	/* where they start in text */
};

enum hg_http_state {
	HG_HTTP_IN_METHOD, HG_HTTP_IN_TARGET, HG_HTTP_IN_VERSION, HG_HTTP_IN_LINE_LF,
	HG_HTTP_IN_LINE, HG_HTTP_IN_NAME, HG_HTTP_IN_SPACE, HG_HTTP_IN_VALUE, HG_HTTP_IN_HEAD_LF,
	HG_HTTP_IN_LENGTH, HG_HTTP_IN_SIZE, HG_HTTP_IN_SIZE_LF, HG_HTTP_IN_CHUNK, HG_HTTP_IN_CHUNK_CR,
	HG_HTTP_IN_CHUNK_LF, HG_HTTP_IN_LAST_CR, HG_HTTP_IN_LAST_LF, HG_HTTP_AT_END, HG_HTTP_AT_BAD,
};

/* One request.  Lives in the caller's struct; the fields below "head" may be read once the head is
 * complete. */
struct hg_http_parser {
	struct hg_http_limits limits;
	const guint8 *classes;		/* of bytes */
	enum hg_http_state state;
	enum hg_http_rule rule;		/* broken one, in state BAD */
	gsize wire;			/* bytes of the head so far */
	char *text;			/* ours: the head's strings, each ended by NUL */
	gsize text_len, text_size;
	gsize run;			/* bytes of the item being read: method, target, chunk size */
	char seen[8];			/* of the version */
	/* head */
	guint16 target, path, query;	/* where they start in text; the method starts at 0 */
	gboolean absolute;		/* target was http://host/path */
	guint minor;			/* of HTTP/1.x */
	guint n_headers;
	struct hg_http_header headers[HG_HTTP_HEADERS_MAX];
	gint64 length;			/* Content-Length, 0 without, -1 when chunked */
	gboolean keep_alive, expect;	/* as the peer wants it; 100-continue */
	/* body */
	gsize max_body;			/* set by hg_http_take_body() */
	guint64 left;			/* of the body, or of this chunk */
	gsize body;			/* bytes so far */
};

enum hg_http_event {
	HG_HTTP_MORE,		/* everything was used up: more bytes, please */
	HG_HTTP_HEAD,		/* head complete: look at it, then hg_http_take_body() */
	HG_HTTP_BODY,		/* *ret_span has some of the body */
	HG_HTTP_END,		/* request complete; what follows belongs to the next */
	HG_HTTP_BAD,		/* parser->rule; nothing more can be read */
};

struct hg_http_span {
	const char *bytes;	/* within those given to hg_http_parse() */
	gsize len;
};

void hg_http_parser_init(struct hg_http_parser *parser, const struct hg_http_limits *limits);
void hg_http_parser_reset(struct hg_http_parser *parser);	/* for the next request */
void hg_http_parser_done(struct hg_http_parser *parser);

/* Reads on.  *ret_used says how many bytes were taken; call again with the rest until MORE, END or
 * BAD.  len may be 0 (after HEAD, a request without body ends at once). */
enum hg_http_event hg_http_parse(struct hg_http_parser *parser, const char *bytes, gsize len,
				 gsize *ret_used, struct hg_http_span *ret_span);
/* After HEAD: how many bytes of body may come.  FALSE (rule BODY_BIG) when more were announced. */
gboolean hg_http_take_body(struct hg_http_parser *parser, gsize max_body);
/* TRUE when a body is to follow the head. */
gboolean hg_http_has_body(const struct hg_http_parser *parser);

/* First header of that name, in any case; or NULL. */
const char *hg_http_header(const struct hg_http_parser *parser, const char *name);
static inline const char *hg_http_text(const struct hg_http_parser *parser, guint16 at)
{
	return parser->text + at;
}

/* Percent-decoding: at most len bytes into out (NUL added; out has len + 1).  FALSE for a broken
 * escape, a control byte, or what is no UTF-8.  plus: "+" is a space. */
gboolean hg_http_unescape(const char *in, gsize len, gboolean plus, char *out);
/* TRUE when "word" is one of the comma-separated elements of list, in any case. */
gboolean hg_http_list_has(const char *list, const char *word);
