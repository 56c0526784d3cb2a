/* html_token.h - HTML as a row of texts and tags; for html_text.c and the fuzzer
 *
 * No tree, no state that grows: every byte is looked at a bounded number of times, whatever stands in them. */
#pragma once
#include <glib.h>

#define HG_HTML_TAG_MAX 16384	/* bytes of one tag; attributes behind are not seen */

enum hg_html_kind { HG_HTML_TEXT, HG_HTML_OPEN, HG_HTML_CLOSE };

struct hg_html_token {
	enum hg_html_kind kind;
	char name[16];		/* of a tag, lower case; longer ones are cut */
	gboolean empty;		/* <br/> */
	const char *at;		/* TEXT: the bytes, entities as written; tags: the attributes */
	gsize len;
};

struct hg_html {
	const char *p, *end;
	/* What is known not to come any more, so that nobody looks for it again. */
	gboolean no_tag_end, no_comment_end;
	guint no_raw_end;		/* bits */
	const char *no_quote[2];	/* no ' (0) or " (1) before here */
};

void hg_html_init(struct hg_html *html, const char *text, gsize len);
/* FALSE at the end.  Comments, <!...> and <?...> are left out; so is what stands in script, style, title and
 * the like, of which only the tags come. */
gboolean hg_html_next(struct hg_html *html, struct hg_html_token *ret);
/* The value of a tag's attribute, entities replaced, at most HG_HTML_TAG_MAX bytes; yours, or NULL. */
char *hg_html_attr(const struct hg_html_token *tag, const char *name);

/* ---- html_entity.c ---- */

/* What the '&' at p stands for; *ret_next is what comes behind it.  No entity: '&' itself. */
gunichar hg_html_entity(const char *p, const char *end, const char **ret_next);
