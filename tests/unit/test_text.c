/* test_text.c - UTF-8, spans, sizes, times, near words, encodings and hashes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

#define FFFD "\xef\xbf\xbd"

static void invalid_utf8_becomes_replacement_characters(void **state)
{
	static const struct { const char *bytes; gssize len; gsize max; const char *want; } cases[] = {
		{ "", -1, 0, "" },
		{ "plain", -1, 0, "plain" },
		{ "plain", 3, 0, "pla" },
		{ "a\xff" "b", -1, 0, "a" FFFD "b" },
		{ "\xe2\x82", -1, 0, FFFD FFFD },
		{ "a\0b", 3, 0, "a" FFFD "b" },
		{ "plain", -1, 4, "plai" },
		{ "plain", -1, 5, "plain" },
		{ "\xc3\xa9\xc3\xa9", -1, 3, "\xc3\xa9" },
		{ "\xc3\xa9", -1, 1, "" },
		{ "ab\xff", -1, 4, "ab" },
		{ "ab\xff", -1, 5, "ab" FFFD },
		{ "\xff\xff\xff\xff", -1, 7, FFFD FFFD },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_text_valid(cases[i].bytes, cases[i].len, cases[i].max);

		assert_string_equal(got, cases[i].want);
	}
	assert_null(hg_text_valid(NULL, -1, 0));
}

static void printable_text_has_no_controls(void **state)
{
	static const struct { const char *text; gboolean want; } cases[] = {
		{ "", TRUE }, { "tab\tand\nnewline", TRUE }, { "\xc3\xa9", TRUE },
		{ "bell\a", FALSE }, { "return\r", FALSE }, { "\x1b[31m", FALSE },
		{ "del\x7f", FALSE }, { "\xff", FALSE }, { "cut \xe2\x82", FALSE },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_text_printable(cases[i].text) != cases[i].want)
			fail_msg("\"%s\": want %d", cases[i].text, cases[i].want);
}

static void spans_are_read(void **state)
{
	static const struct { const char *text; gint64 want; } cases[] = {
		{ "250ms", 250 }, { "20s", 20000 }, { "5m", 300000 }, { "7d", 604800000 },
		{ "1h30m", 5400000 }, { "1d2h3m4s5ms", 93784005 }, { "0s", 0 },
		{ "106751991167d", G_GINT64_CONSTANT(9223372036828800000) },
		{ "", -1 }, { "5", -1 }, { "0", -1 }, { "s", -1 }, { "-5s", -1 }, { "5 s", -1 },
		{ "5s ", -1 }, { " 5s", -1 }, { "1.5h", -1 }, { "5S", -1 }, { "5w", -1 },
		{ "30m1h", -1 }, { "1h1h", -1 }, { "1h30", -1 }, { "5sm", -1 }, { "+5s", -1 },
		{ "106751991168d", -1 }, { "106751991167d8h", -1 },
		{ "99999999999999999999s", -1 }, { NULL, -1 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_span_parse(cases[i].text) != cases[i].want)
			fail_msg("\"%s\": got %lld, want %lld", cases[i].text,
				 (long long)hg_span_parse(cases[i].text), (long long)cases[i].want);
}

static void spans_are_written_with_two_units_at_most(void **state)
{
	static const struct { gint64 ms; const char *want; } cases[] = {
		{ 0, "0s" }, { 1, "1ms" }, { 999, "999ms" }, { 1000, "1s" }, { 1500, "1s500ms" },
		{ 182000, "3m2s" }, { 3600000, "1h" }, { 3600000 + 5000, "1h" },
		{ 90061000, "1d1h" }, { 604800000, "7d" }, { -182000, "-3m2s" },
		{ G_MAXINT64, "106751991167d7h" }, { G_MININT64, "-106751991167d7h" },
	};
	char text[HG_SPAN_SIZE];
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_string_equal(hg_span(cases[i].ms, text), cases[i].want);
}

static void sizes_are_read(void **state)
{
	static const struct { const char *text; gint64 want; } cases[] = {
		{ "100", 100 }, { "0", 0 }, { "100B", 100 }, { "16KiB", 16384 }, { "5MB", 5000000 },
		{ "5kB", 5000 }, { "2GiB", G_GINT64_CONSTANT(2147483648) }, { "1GB", 1000000000 },
		{ "", -1 }, { "KiB", -1 }, { "16K", -1 }, { "16KiBs", -1 }, { "16 KiB", -1 },
		{ "-1", -1 }, { "1.5MB", -1 }, { "16KiB1", -1 }, { "9999999999999GiB", -1 },
		{ NULL, -1 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_bytes_parse(cases[i].text) != cases[i].want)
			fail_msg("\"%s\": got %lld, want %lld", cases[i].text,
				 (long long)hg_bytes_parse(cases[i].text), (long long)cases[i].want);
}

static void a_mistyped_word_finds_the_one_meant(void **state)
{
	static const char *const names[] = {
		"adapter", "app_secret", "phone_number_id", "token", "timeout", "url",
		"a_name_that_is_longer_than_what_a_person_would_type", NULL
	};
	static const struct { const char *word, *want; } cases[] = {
		{ "adaptor", "adapter" }, { "adatper", "adapter" }, { "app_secert", "app_secret" },
		{ "appsecret", "app_secret" }, { "Token", "token" }, { "tokens", "token" },
		{ "phone_id", NULL }, { "phone_numer_id", "phone_number_id" }, { "ulr", "url" },
		{ "timeuot", "timeout" }, { "colour", NULL }, { "x", NULL }, { "", NULL },
		{ "a_word_that_is_far_longer_than_any_name_an_option_of_ours_has", NULL },
		{ "a_name_that_is_longer_than_what_a_person", NULL },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *got = hg_nearest(cases[i].word, names);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: got %s, want %s", cases[i].word, got, cases[i].want);
	}
}

static void times_are_written_as_the_c_library_has_them(void **state)
{
	char got[HG_TIME_SIZE], want[64];
	(void)state;

	assert_string_equal(hg_time(1763632931004, got), "2025-11-20T10:02:11.004Z");
	assert_string_equal(hg_time(0, got), "1970-01-01T00:00:00.000Z");
	assert_string_equal(hg_time(-1, got), "1969-12-31T23:59:59.999Z");
	assert_string_equal(hg_time(G_MAXINT64, got), "9999-12-31T23:59:59.999Z");
	assert_string_equal(hg_time(G_MININT64, got), "0001-01-01T00:00:00.000Z");
	/* Days of four hundred years and more, each at another hour. */
	for (gint64 day = -40000; day < 200000; day++) {
		time_t s = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
		struct tm tm;

		gmtime_r(&s, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		assert_string_equal(hg_time((gint64)s * 1000, got), want);
		if (s >= 0)
			assert_int_equal(hg_time_parse(got), (gint64)s * 1000);
	}
}

static void times_are_read(void **state)
{
	static const struct { const char *text; gint64 want; } cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2025-11-20T10:02:11.004Z", 1763632931004 },
		{ "2025-11-20t10:02:11.004999999z", 1763632931004 },
		{ "2025-11-20T12:02:11.004+02:00", 1763632931004 },
		{ "2025-11-20T04:32:11.004-05:30", 1763632931004 },
		{ "2025-11-20T10:02:11.0Z", 1763632931000 },
		{ "2025-11-20T10:02:11+00:00", 1763632931000 },
		{ "2025-11-21T10:01:11+23:59", 1763632931000 },
		{ "2025-11-20T10:02:11+01:60", -1 },
		{ "2024-02-29T00:00:00Z", 1709164800000 },
		{ "2000-02-29T00:00:00Z", 951782400000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "9999-12-31T23:59:59.999Z", 253402300799999 },
		{ "2025-02-29T00:00:00Z", -1 }, { "2100-02-29T00:00:00Z", -1 },
		{ "2025-13-01T00:00:00Z", -1 }, { "2025-00-01T00:00:00Z", -1 },
		{ "2025-01-00T00:00:00Z", -1 }, { "2025-01-32T00:00:00Z", -1 },
		{ "2025-01-01T24:00:00Z", -1 }, { "2025-01-01T00:60:00Z", -1 },
		{ "2025-01-01T00:00:61Z", -1 }, { "2025-01-01T00:00:00", -1 },
		{ "2025-01-01T00:00:00.Z", -1 }, { "2025-01-01T00:00:00Zx", -1 },
		{ "2025-01-01T00:00:00+24:00", -1 }, { "2025-01-01T00:00:00+2:00", -1 },
		{ "2025-01-01T00:00:00+02:00x", -1 }, { "2025-01-01 00:00:00Z", -1 },
		{ "2025-1-01T00:00:00Z", -1 }, { "1969-12-31T23:59:59Z", -1 },
		{ "1970-01-01T00:00:00+00:01", -1 }, { "20250101T000000Z", -1 },
		{ "2025-01-01", -1 }, { "", -1 }, { NULL, -1 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_time_parse(cases[i].text) != cases[i].want)
			fail_msg("\"%s\": got %lld, want %lld", cases[i].text,
				 (long long)hg_time_parse(cases[i].text), (long long)cases[i].want);
}

/* ---- bytes ---- */
static void secrets_are_equal_only_in_full(void **state)
{
	(void)state;

	assert_true(hg_equal_secret("abc", 3, "abc", 3));
	assert_true(hg_equal_secret("", 0, "", 0));
	assert_false(hg_equal_secret("abc", 3, "abd", 3));
	assert_false(hg_equal_secret("abc", 3, "abcd", 4));
	assert_false(hg_equal_secret("abc", 3, "", 0));
}

static void hex_goes_both_ways(void **state)
{
	static const guint8 bytes[] = { 0x00, 0x7f, 0x80, 0xff, 0xa5 };
	g_autofree char *hex = hg_hex(bytes, sizeof(bytes));
	guint8 back[sizeof(bytes)];
	(void)state;

	assert_string_equal(hex, "007f80ffa5");
	assert_true(hg_unhex("007F80ffA5", back, sizeof(back)));
	assert_memory_equal(back, bytes, sizeof(bytes));
	assert_false(hg_unhex("007f80ffa", back, sizeof(back)));
	assert_false(hg_unhex("007f80ffa5a", back, sizeof(back)));
	assert_false(hg_unhex("007f80ffa500", back, sizeof(back)));
	assert_false(hg_unhex("007f80ffag", back, sizeof(back)));
	assert_false(hg_unhex("007f80ffga", back, sizeof(back)));
	assert_false(hg_unhex("", back, sizeof(back)));
	assert_true(hg_unhex("", back, 0));
}

static void base64_comes_in_both_alphabets(void **state)
{
	static const struct { const char *bytes; gsize len; gboolean url; const char *want; } cases[] = {
		{ "", 0, FALSE, "" }, { "f", 1, FALSE, "Zg==" }, { "fo", 2, FALSE, "Zm8=" },
		{ "foo", 3, FALSE, "Zm9v" }, { "f", 1, TRUE, "Zg" }, { "fo", 2, TRUE, "Zm8" },
		{ "\xfb\xff\xfe", 3, FALSE, "+//+" }, { "\xfb\xff\xfe", 3, TRUE, "-__-" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_base64(cases[i].bytes, cases[i].len, cases[i].url);

		assert_string_equal(got, cases[i].want);
	}
}

/* RFC 4231 cases 1, 2 and 6; FIPS 180-4 "abc". */
static void hashes_are_those_of_the_standards(void **state)
{
	g_autofree char *key = g_strnfill(131, '\xaa');
	struct { const char *key; gsize len; const char *data, *want; } cases[] = {
		{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20,
		  "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", 4, "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ key, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ "", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
	};
	guint8 hash[32];
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = NULL;

		hg_hmac_sha256(cases[i].key, cases[i].len, cases[i].data, strlen(cases[i].data), hash);
		got = hg_hex(hash, sizeof(hash));
		assert_string_equal(got, cases[i].want);
	}
	hg_sha256("abc", 3, hash);
	g_free(key);
	key = hg_hex(hash, sizeof(hash));
	assert_string_equal(key, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* Letters of scripts that compose, their marks, Hangul in parts, and what is in one form only. */
static gunichar any_letter(GRand *rand)
{
	static const struct { gunichar from, to; } blocks[] = {
		{ 'a', 'z' }, { 0xc0, 0x17f }, { 0x300, 0x345 }, { 0x370, 0x3ff }, { 0x400, 0x45f }, { 0x5d0, 0x5ea },
		{ 0x9be, 0x9d7 }, { 0xb47, 0xb57 }, { 0x1100, 0x11ff }, { 0xac00, 0xad00 }, { 0x1e00, 0x1f00 },
		{ 0xfb00, 0xfb06 }, { 0x3041, 0x309a }, { ' ', ' ' },
	};
	guint i = (guint)g_rand_int_range(rand, 0, G_N_ELEMENTS(blocks));

	return (gunichar)g_rand_int_range(rand, (gint)blocks[i].from, (gint)blocks[i].to + 1);
}

static void one_form_of_unicode_is_made_in_pieces_as_it_is_in_whole(void **state)
{
	static const GNormalizeMode modes[] = { G_NORMALIZE_NFC, G_NORMALIZE_ALL_COMPOSE, G_NORMALIZE_ALL };
	GRand *rand = g_rand_new_with_seed(7);
	(void)state;

	for (int i = 0; i < 600; i++) {
		g_autoptr(GString) text = g_string_new(NULL);

		for (int n = g_rand_int_range(rand, 0, 400); n > 0; n--)
			g_string_append_unichar(text, any_letter(rand));
		for (gsize m = 0; m < G_N_ELEMENTS(modes); m++) {
			g_autofree char *whole = g_utf8_normalize(text->str, -1, modes[m]);
			g_autofree char *pieces = hg_text_normal(text->str, modes[m]);

			assert_string_equal(pieces, whole);
		}
	}
	g_rand_free(rand);
}

/* By the square this would take minutes. */
static void a_megabyte_that_composes_is_no_more_work_than_its_parts(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *whole = NULL;
	(void)state;

	for (int i = 0; i < 350000; i++)
		g_string_append(text, "e\xcc\x81");
	whole = hg_text_normal(text->str, G_NORMALIZE_NFC);
	assert_int_equal(strlen(whole), 700000);
	g_string_truncate(text, 0);
	for (int i = 0; i < 350000; i++)
		g_string_append(text, i % 2 ? "\xcc\xa3" : "\xcc\x81");
	g_free(g_steal_pointer(&whole));
	whole = hg_text_normal(text->str, G_NORMALIZE_NFC);
	assert_int_equal(strlen(whole), 700000);
}

static void a_name_of_a_file_is_no_path_and_no_device(void **state)
{
	static const struct { const char *name, *want; } cases[] = {
		{ "label.pdf", "label.pdf" }, { "../../etc/passwd", "_.._etc_passwd" }, { "..\\x", "_x" }, { ".htaccess", "htaccess" },
		{ "C:\\a", "C__a" }, { "con", "_con" }, { "CON.txt", "_CON.txt" }, { "console", "console" }, { "com1.x", "_com1.x" },
		{ "com", "_com" }, { "coma", "coma" }, { "lpt9", "_lpt9" }, { "nul0", "nul0" }, { "x. .", "x" }, { "a\r\nb", "ab" },
		{ "invoice\xe2\x80\xae" "fdp.exe", "invoicefdp.exe" }, { "a\xe2\x80\x8b" "b", "ab" }, { "\xff" "x", FFFD "x" },
		{ "", NULL }, { "...", NULL }, { " ", NULL }, { "\xe2\x80\xae", NULL }, { NULL, NULL },
	};
	g_autofree char *letters = g_strnfill(400, 'x'), *name = g_strconcat(letters, ".pdf", NULL), *cut = hg_file_name(name);
	g_autofree char *whole = hg_file_name(letters);
	g_autofree char *con = g_strconcat("con.", letters, NULL), *device = hg_file_name(con);
	g_autofree char *blanks = g_strnfill(400, ' '), *far = g_strconcat("con", blanks, "x", NULL), *near = hg_file_name(far);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_file_name(cases[i].name);

		if (g_strcmp0(got, cases[i].want))
			fail_msg("%s: %s, not %s", cases[i].name, got, cases[i].want);
	}
	assert_int_equal(strlen(cut), HG_FILE_NAME_MAX);
	assert_true(g_str_has_suffix(cut, "xx.pdf"));
	assert_int_equal(strlen(whole), HG_FILE_NAME_MAX);
	assert_int_equal(strlen(device), HG_FILE_NAME_MAX);	/* with the mark that makes it none */
	assert_true(g_str_has_prefix(device, "_con.xx"));
	assert_string_equal(near, "_con");
}

/* GLib is the judge; each key twice over, because a key is kept for many texts. */
static void a_key_that_is_kept_signs_as_one_that_is_given(void **state)
{
	static const gsize lengths[] = { 0, 1, 55, 56, 63, 64, 65, 119, 120, 1000 };
	guint8 bytes[1000], key[131];

	(void)state;
	for (gsize i = 0; i < sizeof(bytes); i++)
		bytes[i] = (guint8)(i * 7);
	for (gsize i = 0; i < sizeof(key); i++)
		key[i] = (guint8)(i * 31 + 1);
	for (gsize key_len = 1; key_len <= sizeof(key); key_len += 10) {
		hg_hmac *kept = hg_hmac_new(key, key_len);

		for (gsize i = 0; i < 2 * G_N_ELEMENTS(lengths); i++) {
			gsize len = lengths[i % G_N_ELEMENTS(lengths)];
			g_autofree char *want = g_compute_hmac_for_data(G_CHECKSUM_SHA256, key, key_len, bytes, len);
			guint8 by_kept[33] = { [32] = 0xa5 }, given[33] = { [32] = 0xa5 };
			g_autofree char *hex_kept = NULL, *hex_given = NULL;

			hg_hmac_make(kept, bytes, len, by_kept);
			hg_hmac_sha256(key, key_len, bytes, len, given);
			hex_kept = hg_hex(by_kept, 32);
			hex_given = hg_hex(given, 32);
			assert_string_equal(hex_kept, want);
			assert_string_equal(hex_given, want);
			assert_true(by_kept[32] == 0xa5 && given[32] == 0xa5);
		}
		hg_hmac_free(kept);
	}
}

static void words_are_folded_without_case_and_marks(void **state)
{
	static const struct { const char *text, *folded; } cases[] = {
		{ "", "" }, { "Ann O'Neil", "ann o'neil" }, { "MÜLLER", "muller" }, { "Mu\xcc\x88ller", "muller" },
		{ "José Ñandú", "jose nandu" }, { "Straße", "strasse" }, { "ﬁne", "fine" }, { "ΑΣ", "ασ" }, { "李小龍", "李小龍" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *folded = hg_text_folded(cases[i].text);

		assert_string_equal(folded, cases[i].folded);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_folded_without_case_and_marks),
		cmocka_unit_test(one_form_of_unicode_is_made_in_pieces_as_it_is_in_whole),
		cmocka_unit_test(a_megabyte_that_composes_is_no_more_work_than_its_parts),
		cmocka_unit_test(invalid_utf8_becomes_replacement_characters),
		cmocka_unit_test(printable_text_has_no_controls),
		cmocka_unit_test(spans_are_read),
		cmocka_unit_test(spans_are_written_with_two_units_at_most),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(a_mistyped_word_finds_the_one_meant),
		cmocka_unit_test(times_are_written_as_the_c_library_has_them),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(secrets_are_equal_only_in_full),
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(base64_comes_in_both_alphabets),
		cmocka_unit_test(a_key_that_is_kept_signs_as_one_that_is_given),
		cmocka_unit_test(hashes_are_those_of_the_standards),
		cmocka_unit_test(a_name_of_a_file_is_no_path_and_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
