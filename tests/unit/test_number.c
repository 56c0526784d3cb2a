/* test_number.c - what providers call "from" and "to" */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "number.h"

static void addresses_are_told_apart(void **state)
{
	static const struct { const char *text, *country; gboolean e164; const char *want; } cases[] = {
		/* international */
		{ "+447700900123", NULL, FALSE, "tel:+447700900123" },
		{ " +44 (7700) 900-123 ", NULL, FALSE, "tel:+447700900123" },
		{ "+44 (0)7700 900123", NULL, FALSE, "tel:+447700900123" },
		{ "+4407700900123", NULL, FALSE, "tel:+447700900123" },
		{ "00447700900123", NULL, FALSE, "tel:+447700900123" },
		{ "tel:+1-202-555-0123;ext=7", NULL, FALSE, "tel:+12025550123" },
		{ "whatsapp:+447700900123", NULL, FALSE, "tel:+447700900123" },
		{ "\xef\xbc\x8b" "44\xc2\xa0" "7700\xe2\x80\x91" "900123", NULL, FALSE, "tel:+447700900123" },
		{ "\xe2\x80\xaa+447700900123\xe2\x80\xac", NULL, FALSE, "tel:+447700900123" },
		{ "\xd9\xa9\xd9\xa6\xd9\xa6\xd9\xa5\xd9\xa0\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7", NULL, TRUE,
		  "tel:+966501234567" },
		{ "+39 06 1234567", NULL, FALSE, "tel:+39061234567" },	/* Italy's 0 is a part of it */
		{ "+2250701234567", NULL, FALSE, "tel:+2250701234567" },	/* the Ivory Coast's too */
		{ "+5215512345678", NULL, FALSE, "tel:+5215512345678" },
		{ "+6834000", NULL, FALSE, "tel:+6834000" },
		/* digits without plus */
		{ "447700900123", NULL, TRUE, "tel:+447700900123" },
		{ "12025550123", NULL, TRUE, "tel:+12025550123" },
		{ "5511912345678", NULL, TRUE, "tel:+5511912345678" },
		{ "6834000", NULL, TRUE, "tel:+6834000" },
		{ "447700900123", NULL, FALSE, "raw:447700900123" },
		{ "447700900123", "GB", FALSE, "tel:+447700900123" },
		{ "07700900123", NULL, TRUE, "raw:07700900123" },
		/* national */
		{ "07700 900123", "GB", FALSE, "tel:+447700900123" },
		{ "07700 900123", "gb", TRUE, "tel:+447700900123" },
		{ "07700 900123", NULL, FALSE, "raw:07700 900123" },
		{ "7700900123", "GB", FALSE, "tel:+447700900123" },
		{ "(202) 555-0123", "US", FALSE, "tel:+12025550123" },
		{ "12025550123", "US", FALSE, "tel:+12025550123" },
		{ "011 44 7700 900123", "CA", FALSE, "tel:+447700900123" },
		{ "0171 1234567", "DE", FALSE, "tel:+491711234567" },
		{ "491711234567", "DE", FALSE, "tel:+491711234567" },
		{ "3931234567", "IT", FALSE, "tel:+393931234567" },
		{ "393331234567", "IT", FALSE, "tel:+393331234567" },
		{ "20 12 34 56", "DK", FALSE, "tel:+4520123456" },
		{ "8 912 345-67-89", "RU", FALSE, "tel:+79123456789" },
		{ "8 10 44 7700 900123", "RU", FALSE, "tel:+447700900123" },
		{ "06 20 123 4567", "HU", FALSE, "tel:+36201234567" },
		{ "0412 345 678", "AU", FALSE, "tel:+61412345678" },
		{ "0011 44 7700 900123", "AU", FALSE, "tel:+447700900123" },
		{ "612345678", "ES", FALSE, "tel:+34612345678" },
		{ "07700 900123", "XX", FALSE, "raw:07700 900123" },
		/* a short code never becomes a number, nor does a name */
		{ "12345", NULL, TRUE, "short:12345" },
		{ "12345", "US", TRUE, "short:12345" },
		{ "262966", "US", FALSE, "short:262966" },
		{ "+72345", NULL, FALSE, "short:72345" },
		{ "5551234", "US", FALSE, "short:5551234" },
		{ "36180", "FR", TRUE, "short:36180" },
		{ "24365784", NULL, TRUE, "short:24365784" },
		{ "12345678", "GB", FALSE, "short:12345678" },
		{ "INFO", NULL, TRUE, "name:INFO" },
		{ "My Shop 24", "GB", TRUE, "name:My Shop 24" },
		{ "Crédit 1", NULL, FALSE, "name:Crédit 1" },
		{ "1-800-FLY", "US", FALSE, "name:1-800-FLY" },
		/* nothing that is known */
		{ "1-800-FLOWERS", "US", FALSE, "raw:1-800-FLOWERS" },
		{ "whatsapp:GB.1349", NULL, FALSE, "raw:whatsapp:GB.1349" },
		{ "messenger:1234567890", NULL, TRUE, "raw:messenger:1234567890" },
		{ "someone@x.ex", NULL, FALSE, "raw:someone@x.ex" },
		{ "+0044 7700 900123", NULL, FALSE, "tel:+447700900123" }, { "+02025550123", NULL, FALSE, "raw:+02025550123" },
		{ "+", NULL, FALSE, "raw:+" }, { "12", NULL, TRUE, "raw:12" }, { "*100#", NULL, TRUE, "raw:*100#" },
		{ "+12345678901234567", NULL, FALSE, "raw:+12345678901234567" },
		{ "1234567890123456789012345", NULL, TRUE, "raw:1234567890123456789012345" },
		{ "Привет", NULL, TRUE, "raw:Привет" },
		{ "ABCDEFGHIJKL", NULL, TRUE, "raw:ABCDEFGHIJKL" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_number got;

		if (!hg_number_parse(cases[i].text, cases[i].country, cases[i].e164, &got) ||
		    strcmp(got.uri, cases[i].want) != 0)
			fail_msg("\"%s\" in %s: %s, want %s", cases[i].text, cases[i].country ?: "-", got.uri, cases[i].want);
	}
}

static void what_is_no_address_at_all_is_refused(void **state)
{
	static const char *const cases[] = { "", " ", "a\nb", "\x7f", "\xff\xfe", "+44770090012\x01",
		"12345678901234567890123456789012345678901234567890123456789012345" };
	struct hg_number got;
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_number_parse(cases[i], NULL, TRUE, &got))
			fail_msg("\"%s\" is read as %s", cases[i], got.uri);
	assert_false(hg_number_parse(NULL, NULL, TRUE, &got));
}

static void numbers_of_no_country_are_odd(void **state)
{
	static const struct { const char *text; gboolean want; } cases[] = {
		{ "+447700900123", FALSE }, { "+4477009001", TRUE }, { "+9991234567890", TRUE }, { "+12025550123", FALSE },
		{ "+1202555012", TRUE }, { "+800 1234 5678", FALSE }, { "+5215512345678", TRUE }, { "+2101234567", TRUE },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_number got;

		assert_true(hg_number_parse(cases[i].text, NULL, FALSE, &got));
		assert_int_equal(got.kind, HG_NUMBER_E164);
		if (got.odd != cases[i].want)
			fail_msg("%s: odd %d", cases[i].text, got.odd);
	}
}

static void addresses_go_back_to_what_is_dialled(void **state)
{
	static const struct { const char *uri; gboolean plus; const char *dial, *sender; } cases[] = {
		{ "tel:+447700900123", TRUE, "+447700900123", "+447700900123" },
		{ "tel:+447700900123", FALSE, "447700900123", "447700900123" },
		{ "short:12345", TRUE, "12345", "12345" },
		{ "name:INFO", TRUE, NULL, "INFO" },
		{ "name:", TRUE, NULL, NULL },
		{ "raw:12345", TRUE, NULL, NULL }, { "mailto:a@b.example", TRUE, NULL, NULL }, { "tel:+44x", TRUE, NULL, NULL },
		{ "tel:+", TRUE, NULL, NULL }, { NULL, TRUE, NULL, NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *dial = hg_number_dial(cases[i].uri, cases[i].plus);
		g_autofree char *sender = hg_number_sender(cases[i].uri, cases[i].plus);

		if (g_strcmp0(dial, cases[i].dial) != 0 || g_strcmp0(sender, cases[i].sender) != 0)
			fail_msg("%s: %s and %s", cases[i].uri, dial, sender);
	}
}

static void numbers_say_their_country(void **state)
{
	static const struct { const char *uri, *want; } cases[] = {
		{ "tel:+447700900123", "GB" }, { "tel:+12025550123", "US" }, { "tel:+14165550123", "CA" },
		{ "tel:+18765550123", "JM" }, { "tel:+79123456789", "RU" }, { "tel:+77012345678", "KZ" },
		{ "tel:+870773111632", NULL }, { "tel:+999", NULL }, { "short:12345", NULL }, { "name:INFO", NULL },
		{ NULL, NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *got = hg_number_country(cases[i].uri);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].uri, got);
	}
}

static void one_line_of_two_spellings_has_a_twin(void **state)
{
	static const struct { const char *uri, *want; } cases[] = {
		{ "tel:+5215512345678", "tel:+525512345678" }, { "tel:+525512345678", "tel:+5215512345678" },
		{ "tel:+551181234567", "tel:+5511981234567" }, { "tel:+5511981234567", "tel:+551181234567" },
		{ "tel:+551131234567", NULL },	/* a landline */
		{ "tel:+5511931234567", NULL },	/* given out with the 9 */
		{ "tel:+541112345678", NULL },	/* Argentina: a landline may have the same digits */
		{ "tel:+447700900123", NULL }, { "tel:+55", NULL }, { "short:52551", NULL }, { NULL, NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_number_twin(cases[i].uri);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].uri, got);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_told_apart),
		cmocka_unit_test(what_is_no_address_at_all_is_refused),
		cmocka_unit_test(numbers_of_no_country_are_odd),
		cmocka_unit_test(addresses_go_back_to_what_is_dialled),
		cmocka_unit_test(numbers_say_their_country),
		cmocka_unit_test(one_line_of_two_spellings_has_a_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
