/* html_text.h - HTML to plain text, in time and memory linear in its size; foreign HTML is never shown */
#pragma once
#include <glib.h>

#define HG_HTML_MAX (1024 * 1024)	/* bytes that are read; what is behind is told as cut */

/* What HTML alone tells about quotes: the line of the text from which on a quote of a known client's
 * form begins (div.gmail_quote, #divRplyFwdMsg, blockquote[type=cite], ...); -1 none. */
struct hg_html_hints {
	gssize quote_line;		/* of the text returned; -1: none */
	gsize quote_lines;		/* how many lines it has: what is below was typed again */
	gboolean ours;			/* a mark of ours stands in it */
	gboolean cut;			/* input was longer than HG_HTML_MAX */
};

/* html: UTF-8.  Yours; lines end with LF, no trailing spaces, never NULL. */
char *hg_html_text(const char *html, gsize len, struct hg_html_hints *ret);
