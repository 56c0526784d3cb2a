/* test_sms_text.c - what a text costs as short messages, where it is cut, how it is put together, what it is sent as */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sms_text.h"

#define FFFD "\xef\xbf\xbd"
#define HIGH "\xed\xa0\xbd"	/* U+D83D, half of a thumb up ... */
#define LOW "\xed\xb1\x8d"	/* ... and U+DC4D */
#define FAMILY "👩‍👩‍👧‍👦"	/* eleven UTF-16 code units that are seen as one */

static char *times(const char *text, guint n)
{
	GString *out = g_string_new(NULL);

	while (n--)
		g_string_append(out, text);
	return g_string_free(out, FALSE);
}

static void room_is_what_the_header_leaves(void **state)
{
	static const struct { int coding; guint alone, part, wide; const char *word; } cases[] = {
		{ HG_SMS_GSM7, 160, 153, 152, "gsm7" }, { HG_SMS_UCS2, 70, 67, 66, "ucs2" },
		{ HG_SMS_LATIN1, 140, 134, 133, "latin1" }, { HG_SMS_ASCII, 140, 134, 133, "ascii" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_sms_room narrow = hg_sms_room(cases[i].coding, FALSE), wide = hg_sms_room(cases[i].coding, TRUE);

		assert_int_equal(narrow.alone, cases[i].alone);
		assert_int_equal(wide.alone, cases[i].alone);
		assert_int_equal(narrow.part, cases[i].part);
		assert_int_equal(wide.part, cases[i].wide);
		assert_string_equal(hg_sms_coding_word(cases[i].coding), cases[i].word);
	}
	assert_null(hg_sms_coding_word(0));
	assert_null(hg_sms_coding_word(5));
}

static void texts_cost_what_providers_bill(void **state)
{
	static const struct { const char *unit; guint n; int coding; gboolean wide; guint segments, left; } cases[] = {
		{ "a", 0, HG_SMS_GSM7, FALSE, 1, 160 }, { "a", 160, HG_SMS_GSM7, FALSE, 1, 0 },
		{ "a", 161, HG_SMS_GSM7, FALSE, 2, 145 }, { "a", 306, HG_SMS_GSM7, FALSE, 2, 0 },
		{ "a", 306, HG_SMS_GSM7, TRUE, 3, 150 }, { "a", 307, HG_SMS_GSM7, FALSE, 3, 152 },
		{ "€", 80, HG_SMS_GSM7, FALSE, 1, 0 },
		/* 153 is odd: an escape and its letter are not parted */
		{ "€", 81, HG_SMS_GSM7, FALSE, 2, 143 }, { "€", 153, HG_SMS_GSM7, FALSE, 3, 151 },
		{ "ж", 70, HG_SMS_UCS2, FALSE, 1, 0 }, { "ж", 71, HG_SMS_UCS2, FALSE, 2, 63 },
		{ "👍", 35, HG_SMS_UCS2, FALSE, 1, 0 },
		/* nor are surrogates: 33 of them in 67 units */
		{ "👍", 36, HG_SMS_UCS2, FALSE, 2, 61 }, { "👍", 67, HG_SMS_UCS2, FALSE, 3, 65 },
		{ FAMILY, 6, HG_SMS_UCS2, FALSE, 1, 4 }, { FAMILY, 7, HG_SMS_UCS2, FALSE, 2, 56 },
		{ "é", 141, HG_SMS_LATIN1, FALSE, 2, 127 }, { "a", 140, HG_SMS_ASCII, FALSE, 1, 0 },
		{ "ж", 1, HG_SMS_GSM7, FALSE, 0, 0 }, { "ж", 1, HG_SMS_LATIN1, FALSE, 0, 0 }, { "é", 1, HG_SMS_ASCII, FALSE, 0, 0 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = times(cases[i].unit, cases[i].n);
		struct hg_sms_cost got = hg_sms_cost(text, cases[i].coding, cases[i].wide);

		if (got.segments != cases[i].segments || got.left != cases[i].left)
			fail_msg("%u times %s: %u segments, %u left, want %u and %u", cases[i].n, cases[i].unit, got.segments,
				 got.left, cases[i].segments, cases[i].left);
		assert_int_equal(hg_sms_count(text, cases[i].coding, cases[i].wide), got.segments);
	}
}

static void one_strange_character_changes_the_coding(void **state)
{
	(void)state;

	assert_int_equal(hg_sms_coding_of(""), HG_SMS_GSM7);
	assert_int_equal(hg_sms_coding_of("hello @£ {Ünique}"), HG_SMS_GSM7);
	assert_int_equal(hg_sms_coding_of("it\u2019s"), HG_SMS_UCS2);
	assert_int_equal(hg_sms_coding_of("façade"), HG_SMS_UCS2);
}

/* Each piece fits, none is empty, and together they are the text. */
static void check_pieces(char **pieces, const char *text, int coding)
{
	g_autofree char *joined = g_strjoinv("", pieces);
	guint room = hg_sms_room(coding, FALSE).part;

	assert_string_equal(joined, text);
	for (guint i = 0; pieces[i]; i++) {
		struct hg_sms_cost cost = hg_sms_cost(pieces[i], coding, FALSE);

		assert_true(g_utf8_validate(pieces[i], -1, NULL) && *pieces[i]);
		assert_true(cost.segments == 1 && hg_sms_room(coding, FALSE).alone - cost.left <= room);
	}
}

static void what_is_seen_as_one_is_not_cut(void **state)
{
	static const struct { const char *what; int coding; guint filled; } cases[] = {
		{ FAMILY, HG_SMS_UCS2, 66 }, { "👍🏽", HG_SMS_UCS2, 65 }, { "🇩🇪", HG_SMS_UCS2, 65 }, { "❤️", HG_SMS_UCS2, 66 },
		{ "e\u0301", HG_SMS_UCS2, 66 }, { "1\ufe0f\u20e3", HG_SMS_UCS2, 66 }, { "\r\n", HG_SMS_UCS2, 66 },
		{ "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", HG_SMS_UCS2, 60 },
		{ "\u1112\u1161\u11ab", HG_SMS_UCS2, 65 }, { "😀", HG_SMS_UCS2, 66 },
		{ "€", HG_SMS_GSM7, 152 }, { "\r\n", HG_SMS_GSM7, 152 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *before = times(cases[i].coding == HG_SMS_UCS2 ? "ж" : "a", cases[i].filled);
		g_autofree char *text = g_strconcat(before, cases[i].what, before, NULL);
		g_auto(GStrv) pieces = hg_sms_split(text, cases[i].coding, FALSE, 10);

		assert_non_null(pieces);
		check_pieces(pieces, text, cases[i].coding);
		if (strcmp(pieces[0], before) != 0 || !g_str_has_prefix(pieces[1], cases[i].what))
			fail_msg("\"%s\" (case %zu) is cut: \"%s\"", cases[i].what, i, pieces[1]);
	}
}

/* Two flags in a row are two. */
static void flags_are_cut_between_each_other(void **state)
{
	g_autofree char *before = times("ж", 63);
	g_autofree char *text = g_strconcat(before, "🇩🇪🇫🇷🇮🇹", NULL);
	g_auto(GStrv) pieces = hg_sms_split(text, HG_SMS_UCS2, FALSE, 10);
	(void)state;

	assert_true(g_str_has_suffix(pieces[0], "🇩🇪"));
	assert_string_equal(pieces[1], "🇫🇷🇮🇹");
}

static void what_no_segment_holds_is_cut_all_the_same(void **state)
{
	g_autofree char *marks = times("\u0301", 100000);
	g_autofree char *text = g_strconcat("e", marks, NULL);
	(void)state;

	assert_int_equal(hg_sms_count(text, HG_SMS_UCS2, FALSE), 100001 / 64 + 1);	/* twice what is looked at as one */
	assert_null(hg_sms_split(text, HG_SMS_UCS2, FALSE, 255));
}

static void pieces_are_made_within_bounds(void **state)
{
	g_autofree char *text = times("a", 307);
	g_auto(GStrv) whole = hg_sms_split("short", HG_SMS_GSM7, FALSE, 1);
	g_auto(GStrv) empty = hg_sms_split("", HG_SMS_GSM7, FALSE, 1);
	g_auto(GStrv) three = hg_sms_split(text, HG_SMS_GSM7, FALSE, 3);
	(void)state;

	assert_true(g_strv_length(whole) == 1 && strcmp(whole[0], "short") == 0);
	assert_true(g_strv_length(empty) == 1 && !*empty[0]);
	assert_int_equal(g_strv_length(three), 3);
	check_pieces(three, text, HG_SMS_GSM7);
	assert_null(hg_sms_split(text, HG_SMS_GSM7, FALSE, 2));
	assert_null(hg_sms_split("ж", HG_SMS_GSM7, FALSE, 2));
}

static void pieces_are_joined_over_their_seams(void **state)
{
	static const struct { const char *pieces[4]; gsize n; const char *want; } cases[] = {
		{ { "one", "two" }, 2, "onetwo" }, { { NULL }, 0, "" },
		{ { "a" HIGH, LOW "b" }, 2, "a👍b" },
		{ { "price \x1b", "e 5" }, 2, "price € 5" },
		{ { "a\x1b", "z" }, 2, "az" },		/* no such extension */
		{ { "a\x1b", "ж" }, 2, "aж" },		/* the next piece is in another coding */
		{ { "one", NULL, "three" }, 3, "one[...]three" },
		{ { NULL, "b", NULL, NULL }, 4, "[...]b[...][...]" },
		/* what stays half */
		{ { "a" HIGH, NULL, LOW "b" }, 3, "a" FFFD "[...]" FFFD "b" },
		{ { LOW HIGH }, 1, FFFD FFFD }, { { HIGH HIGH LOW }, 1, FFFD "👍" },
		{ { "a\x1b", NULL, "e" }, 3, "a" FFFD "[...]e" }, { { "a\x1b" }, 1, "a" FFFD },
		{ { "a\x1b", "", "e" }, 3, "a" FFFD "e" },
		{ { "a\xff", "\xc3" }, 2, "a" FFFD FFFD },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_sms_join(cases[i].pieces, cases[i].n);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("case %zu: \"%s\", want \"%s\"", i, got, cases[i].want);
	}
}

static void dear_characters_are_swapped_where_it_helps(void **state)
{
	static const struct { const char *text, *smart, *letters; } cases[] = {
		{ "plain", NULL, NULL },
		{ "\u201cIt\u2019s\u00a0here\u201d \u2013 soon\u2026", "\"It's here\" - soon...", "\"It's here\" - soon..." },
		{ "a\tb\r\nc\u200b\ufeffd", "a b\ncd", "a b\ncd" },
		{ "\u2022 one `two` \u2212 3", "- one 'two' - 3", "- one 'two' - 3" },
		{ "cafe\u0301", "café", "café" },
		/* of no help while something else stays: then it is left alone */
		{ "it\u2019s 👍", NULL, NULL }, { "\u201cПривет\u201d", NULL, NULL },
		{ "👩\u200d👧", NULL, NULL },
		/* only where the channel says so */
		{ "façade, œuvre, Łódź", NULL, "facade, oeuvre, Lodz" }, { "áíóú ÁÍÓÚ çşğı", NULL, "aiou AIOU csgi" },
		{ "ǟ Ǻ ñ ø", NULL, "ä Å ñ ø" }, { "Καλημέρα", NULL, "KAΛHMEPA" }, { "ﬁnd ½", NULL, NULL },
		{ "Việt Đà", NULL, "Viet Dà" }, { "x\u0323\u0307", NULL, "x" }, { "5 µm", NULL, NULL },
		{ "№ 5 ™", NULL, "No 5 TM" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *smart = hg_sms_plain(cases[i].text, FALSE);
		g_autofree char *letters = hg_sms_plain(cases[i].text, TRUE);

		if (strcmp(smart, cases[i].smart ?: cases[i].text) != 0)
			fail_msg("\"%s\": \"%s\"", cases[i].text, smart);
		if (strcmp(letters, cases[i].letters ?: cases[i].text) != 0)
			fail_msg("\"%s\", letters: \"%s\"", cases[i].text, letters);
	}
}

/* "160 a" is one hundred and sixty of them; a message for each wanted cost. */
static void check_plan(const struct hg_sms_policy *policy, const char *text, const char *want)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) messages = hg_sms_plan(text, policy, &error);
	g_autoptr(GString) got = g_string_new(error ? error->message : NULL);

	for (guint i = 0; messages && i < messages->len; i++) {
		const struct hg_sms_message *m = &g_array_index(messages, struct hg_sms_message, i);

		g_string_append_printf(got, "%s%s %u/%u %s", i ? " | " : "", strlen(m->text) > 20 ? "..." : m->text, m->units,
				       m->left, hg_sms_coding_word(m->coding));
	}
	if (strcmp(got->str, want) != 0)
		fail_msg("got  %s\nwant %s", got->str, want);
}

static void channels_say_what_becomes_of_long_texts(void **state)
{
	g_autofree char *long_text = times("abcd ", 40);	/* 200 characters */
	g_autofree char *longer = times("a", 500);
	g_autofree char *longest = times("abcdefghi ", 4000);
	(void)state;

	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat" }, "hi", "hi 1/158 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat" }, "it\u2019s", "it\u2019s 1/66 ucs2");
	check_plan(&(struct hg_sms_policy){ .text = "smart", .long_text = "concat" }, "it\u2019s", "it's 1/156 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "smart", .long_text = "concat" }, "ça", "ça 1/68 ucs2");
	check_plan(&(struct hg_sms_policy){ .text = "transliterate", .long_text = "concat" }, "ça", "ca 1/158 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat" }, long_text, "... 2/106 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "split" }, long_text, "... 1/1 gsm7 | ... 1/120 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "refuse" }, long_text,
		   "the text takes 2 segments (gsm7), and long_text: refuse lets one through");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat", .max_units = 2 }, longer, "... 2/0 gsm7 | ... 2/112 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat", .max_chars = 100 }, long_text, "... 1/61 gsm7 | ... 1/60 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat", .wide_ref = TRUE }, longer, "... 4/108 gsm7");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat", .coding = HG_SMS_UCS2 }, "hi", "hi 1/68 ucs2");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "concat", .coding = HG_SMS_LATIN1 }, "ж",
		   "the text has characters that latin1 does not have");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "split" }, longest,
		   "the text is too long: it would go out as more than 50 messages");
	check_plan(&(struct hg_sms_policy){ .text = "exact", .long_text = "split" }, "", " 1/160 gsm7");
}

/* Nothing but blanks where it was cut is lost, and each message is billed in the coding it needs itself. */
static void messages_are_cut_between_words(void **state)
{
	g_autofree char *words = times("abcd ", 40);
	g_autofree char *text = g_strconcat(words, "👍", NULL);
	g_autoptr(GArray) messages = hg_sms_plan(text, &(struct hg_sms_policy){ .text = "exact", .long_text = "split" }, NULL);
	g_autoptr(GString) joined = g_string_new(NULL);
	(void)state;

	assert_int_equal(messages->len, 3);
	for (guint i = 0; i < messages->len; i++) {
		const struct hg_sms_message *m = &g_array_index(messages, struct hg_sms_message, i);

		assert_int_equal(m->coding, i < 2 ? HG_SMS_GSM7 : HG_SMS_UCS2);
		assert_int_equal(m->units, 1);
		assert_true(g_str_has_prefix(m->text, "abcd") && (i == 2 || g_str_has_suffix(m->text, "abcd")));
		g_string_append_printf(joined, "%s%s", i ? " " : "", m->text);
	}
	assert_string_equal(joined->str, text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_what_the_header_leaves),
		cmocka_unit_test(texts_cost_what_providers_bill),
		cmocka_unit_test(one_strange_character_changes_the_coding),
		cmocka_unit_test(what_is_seen_as_one_is_not_cut),
		cmocka_unit_test(flags_are_cut_between_each_other),
		cmocka_unit_test(what_no_segment_holds_is_cut_all_the_same),
		cmocka_unit_test(pieces_are_made_within_bounds),
		cmocka_unit_test(pieces_are_joined_over_their_seams),
		cmocka_unit_test(dear_characters_are_swapped_where_it_helps),
		cmocka_unit_test(channels_say_what_becomes_of_long_texts),
		cmocka_unit_test(messages_are_cut_between_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
