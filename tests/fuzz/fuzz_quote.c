/* fuzz_quote.c - any text as a mail, a part of it as what we sent before: what is new is never empty, made of the
 * mail's own lines, and the same when it is asked again */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "reply_text.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const hg_reply_words *words, const char *mail, const char *const *known, const struct hg_html_hints *hints)
{
	int confidence = -1;
	g_autofree char *reply = hg_reply_text(words, mail, known, hints, &confidence);
	g_autofree char *again = hg_reply_text(words, mail, known, hints, NULL);
	g_auto(GStrv) lines = g_strsplit(reply, "\n", -1);

	g_assert_true(g_utf8_validate(reply, -1, NULL));
	g_assert_cmpstr(reply, ==, again);
	g_assert_true(confidence >= HG_MAIL_LOW && confidence <= HG_MAIL_HIGH);
	g_assert_cmpuint(strlen(reply), <=, strlen(mail));
	for (const char *p = mail; !*reply && *p; p++)
		g_assert_false(g_ascii_isgraph(*p));
	for (guint i = 0; lines[i]; i++)
		g_assert_nonnull(strstr(mail, lines[i]));
}

/* The first byte says which lines HTML took for a quote; a NUL parts what we sent from the mail. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static hg_reply_words *words;
	struct hg_html_hints hints = { .quote_line = size ? data[0] >> 4 : -1, .quote_lines = size ? data[0] & 15 : 0 };
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	g_autofree char *known = hg_text_valid(nul ? (const char *)data + 1 : "", nul ? MAX(nul - data - 1, 0) : 0, 0);
	const uint8_t *from = nul ? nul + 1 : size ? data + 1 : data;
	g_autofree char *mail = hg_text_valid((const char *)from, data + size - from, 0);
	const char *const texts[] = { known, NULL };

	if (!words)
		words = hg_reply_words_new(NULL);
	check(words, mail, NULL, NULL);
	check(words, mail, texts, NULL);
	check(words, mail, NULL, &hints);
	return 0;
}
