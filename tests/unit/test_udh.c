/* test_udh.c - user data headers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gsm.h"
#include "udh.h"

static void headers_are_read(void **state)
{
	static const struct { const char *hex; gsize n; gboolean fine; struct hg_udh want; } cases[] = {
		{ "\x05\x00\x03\x2a\x03\x02text", 10, TRUE, { TRUE, FALSE, 0x2a, 2, 3, 0, 0, -1, 6 } },
		{ "\x06\x08\x04\x12\x34\x02\x01", 7, TRUE, { TRUE, TRUE, 0x1234, 1, 2, 0, 0, -1, 7 } },
		{ "\x0b\x00\x03\x01\x02\x01\x24\x01\x03\x25\x01\x01", 12, TRUE, { TRUE, FALSE, 1, 1, 2, 3, 1, -1, 12 } },
		{ "\x06\x05\x04\x0b\x84\x23\xf0", 7, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, 0x0b84, 7 } },
		{ "\x04\x04\x02\xe2\xe3", 5, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, 0xe2, 5 } },
		/* numbers that make no sense: no concatenation */
		{ "\x05\x00\x03\x2a\x03\x04", 6, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 6 } },
		{ "\x05\x00\x03\x2a\x03\x00", 6, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 6 } },
		{ "\x05\x00\x03\x2a\x00\x00", 6, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 6 } },
		/* an element of a strange length, one that nobody knows, and two alike: the last one counts */
		{ "\x04\x00\x02\x2a\x03", 5, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 5 } },
		{ "\x09\x70\x02zz\x00\x03\x01\x02\x02", 10, TRUE, { TRUE, FALSE, 1, 2, 2, 0, 0, -1, 10 } },
		{ "\x0a\x00\x03\x01\x02\x02\x00\x03\x07\x05\x04", 11, TRUE, { TRUE, FALSE, 7, 4, 5, 0, 0, -1, 11 } },
		{ "\x00text", 5, TRUE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 1 } },
		/* longer than there is, or an element longer than the header */
		{ "", 0, FALSE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 0 } },
		{ "\x05\x00\x03\x2a\x03", 5, FALSE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 0 } },
		{ "\x05\x00\x04\x2a\x03\x02", 6, FALSE, { FALSE, FALSE, 0, 0, 0, 0, 0, -1, 6 } },
		{ "\x06\x00\x03\x2a\x03\x02\x24", 7, FALSE, { TRUE, FALSE, 0x2a, 2, 3, 0, 0, -1, 7 } },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct hg_udh *want = &cases[i].want;
		struct hg_udh got;

		if (hg_udh_parse((const guint8 *)cases[i].hex, cases[i].n, &got) != cases[i].fine)
			fail_msg("case %zu: want %d", i, cases[i].fine);
		if (got.concat != want->concat || got.wide != want->wide || got.ref != want->ref || got.part != want->part ||
		    got.parts != want->parts || got.single_shift != want->single_shift ||
		    got.locking_shift != want->locking_shift || got.port != want->port || got.len != want->len)
			fail_msg("case %zu: ref %u part %u/%u tables %d %d port %d len %u", i, got.ref, got.part, got.parts,
				 got.single_shift, got.locking_shift, got.port, got.len);
	}
}

static void headers_are_written_as_they_are_read(void **state)
{
	static const struct hg_udh cases[] = {
		{ .concat = TRUE, .ref = 0xff, .part = 1, .parts = 255, .port = -1, .len = 6 },
		{ .concat = TRUE, .wide = TRUE, .ref = 0xfedc, .part = 3, .parts = 3, .port = -1, .len = 7 },
		{ .concat = TRUE, .ref = 7, .part = 1, .parts = 2, .single_shift = HG_GSM_SPANISH, .port = -1, .len = 9 },
		{ .single_shift = HG_GSM_TURKISH, .locking_shift = HG_GSM_PORTUGUESE, .port = -1, .len = 7 },
	};
	g_autoptr(GByteArray) nothing = g_byte_array_new();
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		struct hg_udh got;

		g_byte_array_append(out, (const guint8 *)"before", 6);
		hg_udh_build(&cases[i], out);
		assert_true(hg_udh_parse(out->data + 6, out->len - 6, &got));
		assert_int_equal(got.len, out->len - 6);
		assert_memory_equal(&got, &cases[i], sizeof(got));
	}
	hg_udh_build(&(struct hg_udh){ .port = -1 }, nothing);
	assert_int_equal(nothing->len, 0);
}

/* 3GPP TS 23.040 figure 9.2.3.24(a): text begins at a septet's boundary. */
static void text_behind_a_header_begins_at_a_septet(void **state)
{
	static const guint fills[] = { 0, 6, 5, 4, 3, 2, 1, 0, 6 };
	(void)state;

	for (guint len = 0; len < G_N_ELEMENTS(fills); len++) {
		assert_int_equal(hg_udh_fill(len), fills[len]);
		assert_int_equal((len * 8 + hg_udh_fill(len)) % 7, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(headers_are_written_as_they_are_read),
		cmocka_unit_test(text_behind_a_header_begins_at_a_septet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
