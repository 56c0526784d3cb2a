/* http_outcome.h - what the HTTP parser makes of some bytes, as text that can be compared */
#pragma once
#include <string.h>

#include "http_parse.h"

#define OUTCOME_BODY_MAX 64

/* The head's fields, as "GET /path?query HTTP/1.1 length=3 keep=1 expect=0 {Name: value}". */
static inline void outcome_head(GString *out, const struct hg_http_parser *p)
{
	g_string_append_printf(out, "%s %s", p->text, hg_http_text(p, p->path));
	if (hg_http_text(p, p->query)[0])
		g_string_append_printf(out, "?%s", hg_http_text(p, p->query));
	g_string_append_printf(out, " 1.%u length=%" G_GINT64_FORMAT " keep=%d expect=%d", p->minor, p->length,
			       p->keep_alive, p->expect);
	for (guint i = 0; i < p->n_headers; i++)
		g_string_append_printf(out, " {%s: %s}", hg_http_text(p, p->headers[i].name),
				       hg_http_text(p, p->headers[i].value));
}

struct outcome_reader {
	struct hg_http_parser parser;
	GString *out;
	gboolean over;		/* BAD: nothing more is read */
};

static inline void outcome_event(struct outcome_reader *r, enum hg_http_event event, const struct hg_http_span *span)
{
	switch (event) {
	case HG_HTTP_HEAD:
		outcome_head(r->out, &r->parser);
		g_string_append(r->out, " [");
		hg_http_take_body(&r->parser, OUTCOME_BODY_MAX);
		break;
	case HG_HTTP_BODY:
		g_string_append_len(r->out, span->bytes, span->len);
		break;
	case HG_HTTP_END:
		g_string_append(r->out, "]\n");
		hg_http_parser_reset(&r->parser);
		break;
	case HG_HTTP_BAD:
		g_string_append_printf(r->out, "BAD %s", hg_http_rule_text(r->parser.rule)->word);
		r->over = TRUE;
		break;
	case HG_HTTP_MORE:
		break;
	}
}

/* One read's worth of bytes, in memory of exactly that size. */
static inline void outcome_feed(struct outcome_reader *r, const char *bytes, gsize len)
{
	g_autofree char *copy = g_memdup2(bytes, len);
	struct hg_http_span span = { NULL, 0 };
	enum hg_http_event event;
	gsize at = 0, used;

	do {
		if (r->over)
			return;
		event = hg_http_parse(&r->parser, copy + at, len - at, &used, &span);
		g_assert(used <= len - at);
		at += used;
		outcome_event(r, event, &span);
	} while (at < len || event == HG_HTTP_HEAD || event == HG_HTTP_BODY);
}

/* cuts: sizes of the reads, NUL-ended; the last one is repeated.  NULL: all at once. */
static inline char *outcome_of(const char *bytes, gsize len, const guint8 *cuts)
{
	static const struct hg_http_limits limits = { .head = 1024, .target = 128, .headers = 10 };
	struct outcome_reader r = { .out = g_string_new(NULL) };

	hg_http_parser_init(&r.parser, &limits);
	for (gsize at = 0; at < len && !r.over;) {
		gsize n = cuts ? MIN(*cuts, len - at) : len;

		outcome_feed(&r, bytes + at, n);
		at += n;
		if (cuts && cuts[1])
			cuts++;
	}
	hg_http_parser_done(&r.parser);
	return g_string_free(r.out, FALSE);
}
