/* mail_compose.h - the words of a mail: subject, what stands around an agent's answer, what was said before
 *
 * Pure functions.  Values that come from strangers go into HTML escaped, and never into a template as names. */
#pragma once
#include <glib.h>

#define HG_MAIL_QUOTE_MAX    (32 * 1024)	/* bytes of quoted history */
#define HG_MAIL_TEMPLATE_MAX (64 * 1024)	/* bytes of a template, and of what it makes beside the text */
/* Class of the element that holds what we wrote: where it is quoted, hg_html_text() knows it again. */
#define HG_MAIL_MARK	     "headgate-message"

/* "Re: subject [NUMBER]", with one "Re:" whatever stood there, and the number once.  answers: it is one.  number, subject: or
 * NULL; fallback stands for a subject that is empty.  Yours. */
char *hg_mail_subject(const char *subject, const char *number, const char *fallback, gboolean answers);

struct hg_mail_said {
	const char *name;		/* or NULL */
	const char *text;
	gint64 at_ms;
};

struct hg_mail_words {
	const char *text, *html;	/* html: or NULL */
	const char *text_template, *html_template;	/* with ${text} once; or NULL */
	const char *name, *number, *subject;	/* of ${name}, ${number}, ${subject}; or NULL */
	const struct hg_mail_said *said;	/* newest first; to be quoted */
	gsize n_said;
};

/* Does a template name only what there is, and ${text} once?  CONFIG when not. */
gboolean hg_mail_template_check(const char *text, GError **error);
char *hg_mail_compose_text(const struct hg_mail_words *words);		/* yours */
/* NULL: neither HTML nor a template for it.  Yours. */
char *hg_mail_compose_html(const struct hg_mail_words *words);
