/* test_gsm.c - the alphabet of short messages and its packing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gsm.h"

static void characters_take_one_septet_two_or_none(void **state)
{
	static const struct { const char *text; int single, locking, want; } cases[] = {
		{ "@", 0, 0, 1 }, { "a", 0, 0, 1 }, { "é", 0, 0, 1 }, { "Ç", 0, 0, 1 }, { "\n", 0, 0, 1 }, { "Ω", 0, 0, 1 },
		{ "€", 0, 0, 2 }, { "[", 0, 0, 2 }, { "\\", 0, 0, 2 }, { "\f", 0, 0, 2 }, { "|", 0, 0, 2 },
		/* what surprises people: the alphabet has the capital, or the other accent, or neither */
		{ "ç", 0, 0, 0 }, { "á", 0, 0, 0 }, { "í", 0, 0, 0 }, { "`", 0, 0, 0 }, { "\t", 0, 0, 0 }, { "\x1b", 0, 0, 0 },
		{ "’", 0, 0, 0 }, { "👍", 0, 0, 0 },
		{ "ş", 0, 0, 0 }, { "ş", HG_GSM_TURKISH, 0, 2 }, { "ş", 0, HG_GSM_TURKISH, 1 }, { "€", 0, HG_GSM_TURKISH, 1 },
		{ "á", HG_GSM_SPANISH, 0, 2 }, { "á", 0, HG_GSM_SPANISH, 0 }, { "ã", HG_GSM_PORTUGUESE, 0, 2 },
		{ "ã", 0, HG_GSM_PORTUGUESE, 1 }, { "`", 0, HG_GSM_PORTUGUESE, 1 }, { "~", HG_GSM_TURKISH, 0, 2 },
		{ "ã", 9, 9, 0 },	/* a table nobody knows is the default one */
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int got = hg_gsm_width(g_utf8_get_char(cases[i].text), cases[i].single, cases[i].locking);

		if (got != cases[i].want)
			fail_msg("\"%s\" with %d, %d: %d, want %d", cases[i].text, cases[i].single, cases[i].locking, got,
				 cases[i].want);
	}
}

static void text_comes_back_from_every_table(void **state)
{
	static const struct { const char *text; int single, locking; const char *septets; gsize len; } cases[] = {
		{ "", 0, 0, "", 0 },
		{ "hello @ [you]", 0, 0, "hello \0 \x1b<you\x1b>", 15 },
		{ "€", 0, 0, "\x1b" "e", 2 },
		{ "ğış", HG_GSM_TURKISH, 0, "\x1bg\x1bi\x1bs", 6 },
		{ "ğış€", 0, HG_GSM_TURKISH, "\x0c\x07\x1d\x04", 4 },
		{ "áç", HG_GSM_SPANISH, 0, "\x1b" "a\x1b\t", 4 },
		{ "ãΩ", HG_GSM_PORTUGUESE, HG_GSM_PORTUGUESE, "{\x1b\x15", 3 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) septets = g_byte_array_new();
		g_autofree char *text = NULL;

		assert_true(hg_gsm_encode(cases[i].text, cases[i].single, cases[i].locking, septets));
		assert_int_equal(septets->len, cases[i].len);
		assert_true(!cases[i].len || memcmp(septets->data, cases[i].septets, cases[i].len) == 0);
		text = hg_gsm_decode(septets->data, septets->len, cases[i].single, cases[i].locking);
		assert_string_equal(text, cases[i].text);
	}
}

static void every_septet_of_every_table_comes_back(void **state)
{
	(void)state;

	for (int table = 0; table <= HG_GSM_PORTUGUESE; table++) {
		for (int escaped = 0; escaped < 2; escaped++) {
			for (guint8 septet = 0; septet < 128; septet++) {
				const guint8 in[2] = { escaped ? HG_GSM_ESC : septet, septet };
				g_autoptr(GByteArray) out = g_byte_array_new();
				g_autofree char *text = NULL;

				if (septet == HG_GSM_ESC)
					continue;
				text = hg_gsm_decode(in, escaped ? 2 : 1, table, table);
				assert_int_equal(g_utf8_strlen(text, -1), 1);
				assert_true(hg_gsm_encode(text, table, table, out));
				/* Where two ways lead to a character, the shorter one is taken. */
				if (!escaped)
					assert_true(out->len == 1 && out->data[0] == septet);
			}
		}
	}
}

static void what_is_not_in_the_alphabet_leaves_no_trace(void **state)
{
	g_autoptr(GByteArray) septets = g_byte_array_new();
	(void)state;

	g_byte_array_append(septets, (const guint8 *)"x", 1);
	assert_false(hg_gsm_encode("abç", 0, 0, septets));
	assert_false(hg_gsm_encode("a\x1b", 0, 0, septets));
	assert_int_equal(septets->len, 1);
}

static void strange_septets_are_read_as_the_standard_says(void **state)
{
	static const struct { const char *septets; gsize len; const char *want; } cases[] = {
		{ "\x1bz", 2, "z" },		/* not in the extension: as the main table has it */
		{ "\x1b\x1b" "a", 3, " a" },	/* kept for another extension: a space */
		{ "a\x1b", 2, "a\x1b" },	/* its letter is in the next piece */
		{ "a\x80" "b", 3, "a\xef\xbf\xbd" "b" },
		{ "\x1b\xff", 2, "\xef\xbf\xbd" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_gsm_decode((const guint8 *)cases[i].septets, cases[i].len, 0, 0);

		assert_string_equal(got, cases[i].want);
	}
	assert_int_equal(hg_gsm_escaped('e'), 0x20ac);
	assert_int_equal(hg_gsm_escaped('z'), 'z');
	assert_int_equal(hg_gsm_escaped(0x1f44d), 0x1f44d);
}

/* "hellohello" of 3GPP TS 23.038's many users, and its last octet's spare bits. */
static void septets_are_packed_as_phones_do(void **state)
{
	static const guint8 hello[] = { 0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37 };
	g_autoptr(GByteArray) packed = g_byte_array_new();
	g_autoptr(GByteArray) septets = g_byte_array_new();
	(void)state;

	hg_gsm_pack((const guint8 *)"hellohello", 10, 0, packed);
	assert_int_equal(packed->len, sizeof(hello));
	assert_memory_equal(packed->data, hello, sizeof(hello));
	assert_true(hg_gsm_unpack(hello, sizeof(hello), 0, 10, septets));
	assert_int_equal(septets->len, 10);
	assert_memory_equal(septets->data, "hellohello", 10);
	assert_false(hg_gsm_unpack(hello, sizeof(hello), 0, 11, septets));
	assert_false(hg_gsm_unpack(hello, sizeof(hello), 0, G_MAXSIZE, septets));
	assert_int_equal(septets->len, 10);
	hg_gsm_pack(NULL, 0, 3, packed);
	assert_int_equal(packed->len, sizeof(hello));
}

static void packing_comes_back_at_every_length_and_fill(void **state)
{
	guint8 text[40];
	(void)state;

	for (guint8 i = 0; i < sizeof(text); i++)
		text[i] = (i * 37 + 5) & 0x7f;
	for (guint fill = 0; fill < 7; fill++) {
		for (gsize len = 1; len <= sizeof(text); len++) {
			g_autoptr(GByteArray) packed = g_byte_array_new();
			g_autoptr(GByteArray) back = g_byte_array_new();

			hg_gsm_pack(text, len, fill, packed);
			assert_int_equal(packed->len, (len * 7 + fill + 7) / 8);
			assert_int_equal(packed->data[0] & ((1 << fill) - 1), 0);
			assert_true(hg_gsm_unpack(packed->data, packed->len, fill, len, back));
			assert_int_equal(back->len, len);
			assert_memory_equal(back->data, text, len);
			assert_false(hg_gsm_unpack(packed->data, packed->len - 1, fill, len, back));
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_take_one_septet_two_or_none),
		cmocka_unit_test(text_comes_back_from_every_table),
		cmocka_unit_test(every_septet_of_every_table_comes_back),
		cmocka_unit_test(what_is_not_in_the_alphabet_leaves_no_trace),
		cmocka_unit_test(strange_septets_are_read_as_the_standard_says),
		cmocka_unit_test(septets_are_packed_as_phones_do),
		cmocka_unit_test(packing_comes_back_at_every_length_and_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
