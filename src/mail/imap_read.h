/* imap_read.h - what an IMAP server says, response by response, as its bytes arrive (RFC 3501 section 9)
 *
 * A mail arrives as a literal: its bytes are counted and never looked at, so nothing in a mail can pass
 * for a word of the server.  Lines, literals and their number are bounded. */
#pragma once
#include <glib.h>

#define HG_IMAP_LINE_MAX     65536	/* bytes of one response without its literals */
#define HG_IMAP_LITERALS_MAX 16		/* in one response */
#define HG_IMAP_SPOOL_FROM   262144	/* bytes: a longer literal goes to a file without a name */

struct hg_imap_literal {
	gsize at;			/* where in text it stood, behind its "{123}" */
	GBytes *bytes;			/* the reader's: take a reference to keep them */
};

struct hg_imap_response {
	const char *text;		/* one line without its end; no NUL in it */
	gsize len;
	const struct hg_imap_literal *literals;
	guint n_literals;
};

/* Lent for the call.  May not free the reader. */
typedef void hg_imap_response_fn(void *arg, const struct hg_imap_response *response);

typedef struct hg_imap_reader hg_imap_reader;
hg_imap_reader *hg_imap_reader_new(hg_imap_response_fn *fn, void *arg);
void hg_imap_reader_free(hg_imap_reader *reader);	/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_imap_reader, hg_imap_reader_free)

/* Bytes that all literals of one response may have together from now on; 1 MiB in the beginning. */
void hg_imap_reader_expect(hg_imap_reader *reader, gsize most);

/* FALSE with error set: this is no IMAP, or too much of it; the connection is of no more use.  Nothing
 * is called after that. */
gboolean hg_imap_reader_feed(hg_imap_reader *reader, const void *bytes, gsize len, GError **error);
