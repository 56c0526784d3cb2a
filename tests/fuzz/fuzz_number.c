/* fuzz_number.c - any text as a number and as a word of consent: an address is one of the kinds, is read as itself again,
 * and never a number where there were no digits; words that count are found in any case */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "consent_words.h"
#include "number.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint digits_in(const char *text)
{
	guint n = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p))
		n += g_unichar_isdigit(g_utf8_get_char(p)) != 0;
	return n;
}

static void check_e164(const struct hg_number *number, const char *text)
{
	g_autofree char *plus = hg_number_dial(number->uri, TRUE), *bare = hg_number_dial(number->uri, FALSE);
	g_autofree char *twin = hg_number_twin(number->uri), *back = twin ? hg_number_twin(twin) : NULL;
	struct hg_number again;

	g_assert_true(strlen(bare) >= 7 && strlen(bare) <= 15 && *bare != '0');
	g_assert_true(strspn(bare, "0123456789") == strlen(bare) && strcmp(plus + 1, bare) == 0);
	g_assert_cmpuint(digits_in(text), >=, 5);	/* with a country's code before them */
	g_assert_true(hg_number_parse(plus, NULL, FALSE, &again));
	g_assert_cmpstr(again.uri, ==, number->uri);
	g_assert_true(again.odd == number->odd);
	if (twin)
		g_assert_cmpstr(back, ==, number->uri);
}

static void check(const char *text, const char *country, gboolean e164)
{
	struct hg_number number;
	g_autofree char *dial = NULL;

	if (!hg_number_parse(text, country, e164, &number))
		return;
	g_assert_true(g_utf8_validate(number.uri, -1, NULL));
	g_assert_true(number.kind == HG_NUMBER_E164 || !number.odd);
	dial = hg_number_dial(number.uri, FALSE);
	if (number.kind == HG_NUMBER_E164)
		check_e164(&number, text);
	else if (number.kind == HG_NUMBER_SHORT)
		g_assert_true(strlen(dial) >= 3 && strlen(dial) <= 8);
	else
		g_assert_true(!dial && g_str_has_prefix(number.uri, number.kind == HG_NUMBER_NAME ? "name:" : "raw:"));
}

/* The first byte says in which country, and whether digits are international. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const countries[] = { NULL, "GB", "US", "IT", "DE", "DK", "HU", "RU", "AU", "CZ", "MX", "XX" };
	const char *country = countries[size ? data[0] / 2 % G_N_ELEMENTS(countries) : 0];
	g_autofree char *text = hg_text_valid(size ? (const char *)data + 1 : "", size ? (gssize)size - 1 : 0, 0);
	g_autofree char *upper = g_utf8_strup(text, -1);
	const char *language;
	int word = hg_consent_word(text, &language);

	check(text, country, size && data[0] & 1);
	g_assert_true((word == HG_WORD_NONE) == !language);
	if (word != HG_WORD_NONE)
		g_assert_cmpint(hg_consent_word(upper, NULL), ==, word);
	return 0;
}
