/* reply_lines.h - a mail's lines and what each is; for reply_*.c
 *
 * Steps mark lines one after the other, none takes back what an earlier one said, and each looks at a line a
 * bounded number of times. */
#pragma once
#include "reply_words.h"

#define REPLY_LINE_MAX  1000	/* bytes of a line that may be anything but text */
#define REPLY_LINES_MAX 50000	/* the rest counts as one line */

enum reply_kind {
	REPLY_TEXT,		/* his words, as far as we know */
	REPLY_EMPTY,
	REPLY_QUOTE,		/* begins with ">", or is what we sent */
	REPLY_ATTRIBUTION,	/* On ... wrote: */
	REPLY_ORIGINAL_MARK,	/* -----Original Message----- */
	REPLY_FORWARD_MARK,
	REPLY_HEAD,		/* From: ... Subject: ... */
	REPLY_SIGNATURE,	/* and small print, and what programs add */
};

struct reply_line {
	const char *at;		/* lent */
	gsize len;
	const char *folded;	/* as reply_fold() has it; "" for long ones */
	enum reply_kind kind;
};

struct reply {
	const hg_reply_words *words;
	struct reply_line *lines;
	gsize n;
	GStringChunk *chunk;	/* of folded */
	gboolean sure;		/* more than words says where the quote is */
};

void reply_split(struct reply *reply, const hg_reply_words *words, const char *text);
void reply_clear(struct reply *reply);
/* The next or last line that is not empty; reply->n: none. */
gsize reply_next(const struct reply *reply, gsize i);
gsize reply_before(const struct reply *reply, gsize i);
gboolean reply_any(const struct reply *reply, enum reply_kind kind, gsize from, gsize to);

/* ---- reply_known.c ---- */

/* Lines of what we sent become quotes; a lone short one does not, for he may have written it as well. */
void reply_mark_known(struct reply *reply, const char *const *known);

/* ---- reply_attribution.c ---- */
void reply_mark_attributions(struct reply *reply);

/* ---- reply_marks.c ---- */
void reply_mark_heads(struct reply *reply);	/* marks and blocks of headers */
void reply_mark_signatures(struct reply *reply);
/* Quoted lines that a program broke without another ">" are put back where they belong. */
void reply_mark_broken(struct reply *reply);
