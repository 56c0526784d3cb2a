/* imap_read.c - what an IMAP server says, response by response, as its bytes arrive */
#include "imap_read.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"

#define LITERAL_MAX_DEFAULT ((gsize)1 << 20)

struct hg_imap_reader {
	hg_imap_response_fn *fn;
	void *arg;
	gsize most;			/* bytes of literals in one response */
	GString *line;			/* of the response so far, without literals */
	gboolean cr;			/* the last byte was a CR */
	struct hg_imap_literal literals[HG_IMAP_LITERALS_MAX];
	guint n_literals;
	gsize taken;			/* bytes of literals in this response */
	gsize left;			/* bytes of the literal that are still to come */
	gboolean in_literal;
	gboolean failed;
	GByteArray *memory;		/* where a literal goes ... */
	int spool;			/* ... or this file; -1: none */
};

hg_imap_reader *hg_imap_reader_new(hg_imap_response_fn *fn, void *arg)
{
	hg_imap_reader *reader = g_new0(hg_imap_reader, 1);

	reader->fn = fn;
	reader->arg = arg;
	reader->most = LITERAL_MAX_DEFAULT;
	reader->line = g_string_new(NULL);
	reader->spool = -1;
	return reader;
}

static void forget(hg_imap_reader *reader)
{
	for (guint i = 0; i < reader->n_literals; i++)
		g_bytes_unref(reader->literals[i].bytes);
	reader->n_literals = 0;
	reader->taken = 0;
	reader->cr = FALSE;
	/* What a long line took is not kept for the short ones that follow. */
	if (reader->line->allocated_len > 4096) {
		g_string_free(reader->line, TRUE);
		reader->line = g_string_new(NULL);
	}
	g_string_truncate(reader->line, 0);
}

void hg_imap_reader_free(hg_imap_reader *reader)
{
	if (!reader)
		return;
	forget(reader);
	g_string_free(reader->line, TRUE);
	if (reader->memory)
		g_byte_array_unref(reader->memory);
	if (reader->spool >= 0)
		close(reader->spool);
	g_free(reader);
}

void hg_imap_reader_expect(hg_imap_reader *reader, gsize most)
{
	reader->most = most;
}

/* ---- literals ---- */

/* The file has no name from its first byte on: nothing is left of it, however this process ends. */
static gboolean open_spool(hg_imap_reader *reader, GError **error)
{
	g_autofree char *name = NULL;

	reader->spool = g_file_open_tmp("headgate-mail-XXXXXX", &name, error);
	if (reader->spool < 0)
		return FALSE;
	g_unlink(name);
	return TRUE;
}

static gboolean begin_literal(hg_imap_reader *reader, gsize size, GError **error)
{
	if (reader->n_literals == HG_IMAP_LITERALS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "the server sends more than %d literals in one response",
			       HG_IMAP_LITERALS_MAX);
	if (size > reader->most - MIN(reader->most, reader->taken))
		return hg_fail(error, HG_ERROR_LIMIT, "the server sends a literal of %zu bytes, at most %zu were asked for",
			       size, reader->most - MIN(reader->most, reader->taken));
	reader->taken += size;
	reader->left = size;
	reader->in_literal = TRUE;
	if (size > HG_IMAP_SPOOL_FROM)
		return open_spool(reader, error);
	reader->memory = g_byte_array_new();
	return TRUE;
}

static gboolean spool(int fd, const guint8 *bytes, gsize len, GError **error)
{
	while (len) {
		gssize n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return hg_fail(error, HG_ERROR_BROKEN, "a mail cannot be kept in %s: %s", g_get_tmp_dir(),
				       g_strerror(errno));
		if (n > 0) {
			bytes += n;
			len -= (gsize)n;
		}
	}
	return TRUE;
}

static GBytes *take_spooled(hg_imap_reader *reader, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new_from_fd(reader->spool, FALSE, error);

	close(reader->spool);
	reader->spool = -1;
	return file ? g_mapped_file_get_bytes(file) : NULL;
}

static gboolean end_literal(hg_imap_reader *reader, GError **error)
{
	struct hg_imap_literal *literal = &reader->literals[reader->n_literals];

	reader->in_literal = FALSE;
	literal->at = reader->line->len;
	literal->bytes = reader->memory ? g_byte_array_free_to_bytes(g_steal_pointer(&reader->memory))
					: take_spooled(reader, error);
	if (!literal->bytes)
		return FALSE;
	reader->n_literals++;
	return TRUE;
}

static gboolean feed_literal(hg_imap_reader *reader, const guint8 **bytes, gsize *len, GError **error)
{
	gsize n = MIN(*len, reader->left);

	if (reader->memory)
		g_byte_array_append(reader->memory, *bytes, (guint)n);
	else if (!spool(reader->spool, *bytes, n, error))
		return FALSE;
	reader->left -= n;
	*bytes += n;
	*len -= n;
	return reader->left || end_literal(reader, error);
}

/* ---- lines ---- */

/* In these the rest of the line is for people (RFC 3501 section 7.1): "{5}" at its end is no literal. */
static gboolean is_free_text(const char *line)
{
	static const char *const words[] = { "OK ", "NO ", "BAD ", "BYE ", "PREAUTH " };

	if (line[0] != '*' || line[1] != ' ')
		return TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_ascii_strncasecmp(line + 2, words[i], strlen(words[i])) == 0)
			return TRUE;
	return FALSE;
}

/* "{123}" at the end of a line; FALSE without error: there is none. */
static gboolean announces(const hg_imap_reader *reader, gsize *ret, GError **error)
{
	const char *line = reader->line->str, *open;
	gsize digits;
	guint64 n;

	if (!reader->line->len || line[reader->line->len - 1] != '}' || is_free_text(line))
		return FALSE;
	open = strrchr(line, '{');
	digits = open ? strspn(open + 1, "0123456789") : 0;
	if (!digits || open[1 + digits] != '}' || open[2 + digits])
		return FALSE;
	/* The size cannot be more than what 19 digits hold. */
	if (digits > 19 || (n = g_ascii_strtoull(open + 1, NULL, 10)) > G_MAXSSIZE)
		return hg_fail(error, HG_ERROR_LIMIT, "the server sends a literal without end");
	*ret = (gsize)n;
	return TRUE;
}

static void give(hg_imap_reader *reader)
{
	struct hg_imap_response response = {
		.text = reader->line->str, .len = reader->line->len,
		.literals = reader->literals, .n_literals = reader->n_literals,
	};

	reader->fn(reader->arg, &response);
	forget(reader);
}

static gboolean end_line(hg_imap_reader *reader, GError **error)
{
	GError *why = NULL;
	gsize size = 0;

	reader->cr = FALSE;
	if (announces(reader, &size, &why))
		return begin_literal(reader, size, error) && (size || end_literal(reader, error));
	if (why) {
		g_propagate_error(error, why);
		return FALSE;
	}
	give(reader);
	return TRUE;
}

static gboolean add_text(hg_imap_reader *reader, const guint8 *bytes, gsize len, GError **error)
{
	if (memchr(bytes, 0, len))
		return hg_fail(error, HG_ERROR_INPUT, "the server sends a NUL in a line");
	if (reader->line->len + len > HG_IMAP_LINE_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "the server sends a line of more than %d bytes", HG_IMAP_LINE_MAX);
	g_string_append_len(reader->line, (const char *)bytes, (gssize)len);
	return TRUE;
}

/* A line ends with CR LF; servers that leave out the CR are understood too.  A CR elsewhere stays. */
static gboolean feed_line(hg_imap_reader *reader, const guint8 **bytes, gsize *len, GError **error)
{
	const guint8 *lf = memchr(*bytes, '\n', *len);
	gsize n = lf ? (gsize)(lf - *bytes) : *len;
	const guint8 *from = *bytes;
	gboolean cr;

	*bytes += lf ? n + 1 : n;
	*len -= lf ? n + 1 : n;
	if (n && reader->cr && !add_text(reader, (const guint8 *)"\r", 1, error))
		return FALSE;
	cr = n ? from[n - 1] == '\r' : reader->cr;
	if (!add_text(reader, from, n && cr ? n - 1 : n, error))
		return FALSE;
	reader->cr = cr;
	return !lf || end_line(reader, error);
}

gboolean hg_imap_reader_feed(hg_imap_reader *reader, const void *bytes, gsize len, GError **error)
{
	const guint8 *at = bytes;

	if (reader->failed)
		return hg_fail(error, HG_ERROR_STATE, "what the server said before cannot be gone on from");
	while (len) {
		if (reader->in_literal ? feed_literal(reader, &at, &len, error) : feed_line(reader, &at, &len, error))
			continue;
		reader->failed = TRUE;
		return FALSE;
	}
	return TRUE;
}
