/* fill.h - texts with ${names}, filled so that a value stays a value wherever it stands
 *
 * What a customer, an agent or a config says is never looked at for further names, and is written as the place
 * demands that it stands in: a part of a path stays one part, the text of an element has no tags. */
#pragma once
#include <glib.h>

#include "described.h"

enum ht_escape {
	HT_AS_IS = 1,	/* bytes as they are: a string that is signed */
	HT_WHOLE,	/* text that is escaped as a whole by who uses it: a JSON string, a value of a form */
	HT_URL,		/* an address: percent-encoded (RFC 3986 section 2.1); before the path only ${value:NAME} */
	HT_XML_DOC,	/* a document (XML 1.0): character data and values of attributes; nowhere else */
	HT_HEADER,	/* of HTTP: no line ends */
	HT_RAW,		/* a body with no form: what people wrote may only be the last thing in it */
	HT_FIELD,	/* as HT_WHOLE, of a query: beside other words what people wrote stands as ${word(NAME)} */
	HT_HTML,	/* a piece of HTML: as HT_XML_DOC, line ends in character data become <br> */
};

/* Around a name, one deep: ${word(contact.email)} is it as it is when it is one word of letters, digits and "@._+-", for
 * search languages, and before other words of a body without a form; ${lower(NAME)}, ${digits(NAME)}; ${date(NAME)}
 * "2026-11-22" and ${clock(NAME)} "10:02:11" of a time in ISO 8601, both UTC.  Where a value is no word or no time the words
 * behind '|' stand, or the text cannot be said. */
typedef struct ht_fill ht_fill;

/* names: NULL-ended, "secret:" and "sha256(" stand for all that begin with them; secrets and values are asked for by
 * ht_given().  A name in people (NULL-ended, or NULL) is what people wrote.  NULL: told. */
ht_fill *ht_fill_new(struct ht_look *look, const char *key, const char *text, int escape, const char *const *names,
		     const char *const *people);
void ht_fill_free(ht_fill *fill);			/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_fill, ht_fill_free)

/* Appends the value; FALSE: it is not known, then the words behind '|' stand there, or nothing. */
typedef gboolean ht_fill_value(void *ctx, const char *name, GString *out);
/* Who says what names stand for, and where conditions look. */
struct ht_voice {
	ht_fill_value *value;
	void *ctx;			/* of value; lent */
	struct ht_scope scope;		/* "file" of its root (a map) is the file of $file */
	gsize max_bytes;		/* of what is made; 0: HT_BODY_BYTES */
};
/* Appends the text.  charset: of what is percent-encoded, NULL for UTF-8; lent for the call.  Returns NULL, or why it
 * cannot be said (static): a value that would be another path, or another host. */
const char *ht_fill_run(const ht_fill *fill, ht_fill_value *value, void *ctx, const char *charset, GString *out);
/* Does nothing but the configuration (value:, secret:) speak in it? */
gboolean ht_fill_is_ours(const ht_fill *fill);
/* Does it have a name that is this, or begins with it (when it ends in ':' or '.')? */
gboolean ht_fill_has(const ht_fill *fill, const char *name);

/* Percent-encoded but for unreserved characters; charset NULL for UTF-8.  What it lacks becomes '?'. */
void ht_percent(GString *out, const char *text, gsize len, const char *charset);
