/* fuzz_sniff.c - a claim, a NUL, and a file's first bytes: what is kept is a media type, and the bytes do not refute it */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, 0, size);
	g_autofree char *claimed = g_strndup((const char *)data, nul ? (gsize)(nul - data) : size);
	const uint8_t *bytes = nul ? nul + 1 : data + size;
	gsize len = size - (gsize)(bytes - data);
	/* Exactly so many bytes, so that a step beyond them is seen. */
	g_autofree uint8_t *own = len ? g_memdup2(bytes, len) : NULL;
	g_autofree char *kept = hg_sniff_type(claimed, own, len), *again = NULL;

	if (!kept)
		return 0;
	g_assert_true(*kept && strlen(kept) <= 127 && strchr(kept, '/'));
	for (const char *p = kept; *p; p++)
		g_assert_true(g_ascii_isalnum(*p) || strchr("/+-._", *p));
	if (hg_sniff_is_harmless(kept))
		g_assert_cmpstr(hg_sniff(own, len), ==, kept);
	/* What was kept is believed again. */
	again = hg_sniff_type(kept, own, len);
	g_assert_cmpstr(again, ==, kept);
	return 0;
}
