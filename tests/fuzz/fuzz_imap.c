/* fuzz_imap.c - hostile bytes into the IMAP reader, whole and cut: the same must be understood
 *
 * The first bytes, up to a zero, are the sizes of the reads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "imap_answer.h"
#include "imap_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_bytes(GString *out, GBytes *bytes)
{
	if (bytes)
		g_string_append_printf(out, " %zu:%u", g_bytes_get_size(bytes), g_bytes_hash(bytes));
}

static void note(void *arg, const struct hg_imap_response *response)
{
	struct hg_imap_answer a;
	GString *out = arg;

	hg_imap_answer(response, &a);
	g_string_append_printf(out, "%d %s %d %s %u %s %u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, a.kind, a.tag, a.status,
			       a.code, a.number, a.words, a.mail.uid, a.mail.size, a.mail.received_ms);
	add_bytes(out, a.mail.body);
	add_bytes(out, a.mail.header);
	add_bytes(out, a.mail.text);
	g_string_append_c(out, '\n');
	hg_imap_answer_clear(&a);
}

static char *heard(const uint8_t *bytes, size_t len, const uint8_t *sizes)
{
	GString *out = g_string_new(NULL);
	g_autoptr(hg_imap_reader) reader = hg_imap_reader_new(note, out);
	gboolean fine = TRUE;

	for (size_t i = 0, n; len && fine; len -= n, bytes += n) {
		n = sizes ? MIN(len, sizes[i]) : len;
		if (sizes && sizes[i + 1])
			i++;
		fine = hg_imap_reader_feed(reader, bytes, n, NULL);
	}
	g_string_append(out, fine ? "fine" : "refused");
	return g_string_free(out, FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, MIN(size, 64));

	if (!zero || zero == data)
		return 0;

	g_autofree char *whole = heard(zero + 1, size - (size_t)(zero + 1 - data), NULL);
	g_autofree char *cut = heard(zero + 1, size - (size_t)(zero + 1 - data), data);

	if (strcmp(whole, cut) != 0)
		abort();
	return 0;
}
