/* mail_body.h - what a mail says: which of its parts are its text, and the text of them */
#pragma once
#include "html_text.h"
#include "mail.h"
#include "mail_split.h"

#define HG_BODY_MAX (2 * 1024 * 1024)	/* bytes of text that are kept; more of it is in the raw mail */

struct hg_body {
	char *text;			/* never NULL; yours, as html */
	char *html;			/* as it came, in UTF-8; or NULL */
	struct hg_html_hints hints;	/* of text */
	gboolean from_html;		/* all of text was made of HTML: hints hold */
	gboolean enclosed;		/* nothing but another mail: the text is that mail's */
	gboolean *used;			/* of each part: it is in the text and no file; yours */
};

/* warn: told in a sentence what was wrong. */
typedef void hg_body_warn(void *arg, const char *sentence);
void hg_body_read(hg_arena *arena, const struct hg_mail_parts *parts, hg_body_warn *warn, void *arg, struct hg_body *ret);
void hg_body_done(struct hg_body *body);

/* What a text/calendar says for those whose mailer shows no calendars: summary, time, place, description; NULL:
 * nothing.  ics: UTF-8.  Yours. */
char *hg_calendar_text(const char *ics);
