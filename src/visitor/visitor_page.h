/* visitor_page.h - the page at /chat/NAME: the widget in a window of its own, for links, QR codes, frames and apps; and the
 * same conversation as plain HTML with a form, where no script runs */
#pragma once
#include <glib.h>
#include <json-c/json.h>
#include "visitor_call.h"

#define HG_PAGE_COOKIE "hg_chat"	/* the token of who writes by the form */
#define HG_PAGE_NONCE_SIZE 23

/* What a page shows; all lent.  NULL where there is nothing. */
struct visitor_page {
	const char *channel;		/* as in its path */
	const char *title, *greeting, *logo;
	const char *language;		/* of our own words */
	const char *accent, *on_accent, *mode;
	gboolean embed;			/* in a frame, or an app's web view */
	gboolean plain;			/* no script, whatever the browser can */
	gboolean form;			/* the form may be there at all */
	gint64 text_max;
	char *const *ask;		/* name, email, phone: asked for ... */
	gboolean require;		/* ... and needed */
	struct json_object *messages;	/* of doc/client-api.md, oldest first */
	/* What was filled in, when it was not taken. */
	const char *wrong, *text, *name, *email, *phone;
	const char *id;			/* of the message to come: sent twice it is one */
	const char *nonce;		/* of the style element */
};

/* The language of widget/src/lang nearest to what a browser asks for (RFC 9110, section 12.5.4): the first it
 * names that there is, and that is offered (NULL: all are).  "en" when there is none. */
const char *hg_page_language(const char *accept_language, char *const *offered);
/* A whole page; yours. */
GString *hg_page_write(const struct visitor_page *page);
/* A page that says one thing, of the widget's words. */
GString *hg_page_write_notice(const char *language, const char *title, const char *word);
/* One of the widget's words in that language, by its key; yours. */
char *hg_page_word(const char *language, const char *key);

/* "Content-Security-Policy: ..." of the page: nothing but our own; frames of these origins when it is embedded.  logo,
 * public_url: or NULL.  Yours. */
char *hg_page_policy(char *const *origins, gboolean embed, const char *logo, const char *public_url, const char *nonce);
