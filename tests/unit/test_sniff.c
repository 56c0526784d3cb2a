/* test_sniff.c - what files are, and who lies about them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sniff.h"

#define BYTES(literal) literal, sizeof(literal) - 1
#define ISO(brand) BYTES("\0\0\0\x18" "ftyp" brand "\0\0\0\0")

static void first_bytes_tell_what_it_is(void **state)
{
	static const struct { const char *bytes; gsize len; const char *want; } cases[] = {
		{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "image/png" },
		{ BYTES("\x89PNG\r\n\x1a"), NULL },
		{ BYTES("\xff\xd8\xff\xe0"), "image/jpeg" },
		{ BYTES("GIF89a"), "image/gif" },
		{ BYTES("GIF88a"), NULL },
		{ BYTES("RIFF\x10\0\0\0WEBPVP8 "), "image/webp" },
		{ BYTES("RIFF\x10\0\0\0WAVEfmt "), "audio/wav" },
		{ BYTES("RIFF\x10\0\0\0nope"), NULL },
		{ ISO("heic"), "image/heic" },
		{ ISO("avif"), "image/avif" },
		{ ISO("M4A "), "audio/mp4" },
		{ ISO("isom"), "video/mp4" },
		{ BYTES("%PDF-1.7"), "application/pdf" },
		{ BYTES("PK\3\4\x14\0"), "application/zip" },
		{ BYTES("MZ\x90\0\3\0\0\0"), "application/x-msdownload" },
		{ BYTES("MZ is how this letter begins"), NULL },
		{ BYTES("\x7f" "ELF\2\1\1"), "application/x-elf" },
		{ BYTES("ID3\4\0\0"), "audio/mpeg" },
		{ BYTES("ID3 is a format of tags"), NULL },
		{ BYTES("\xef\xbb\xbf \n<!DocType html>"), "text/html" },
		{ BYTES("<svg xmlns='http://www.w3.org/2000/svg'>"), "image/svg+xml" },
		{ BYTES("<?xml version='1.0'?><svg>"), "text/xml" },
		{ BYTES("  <ScRiPt>"), "text/html" },
		{ BYTES("Hello <b>you</b>"), NULL },
		{ BYTES(""), NULL },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *got = hg_sniff(cases[i].bytes, cases[i].len);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%zu: got %s, want %s", i, got ?: "nothing", cases[i].want ?: "nothing");
	}
}

static void a_claim_the_bytes_refute_is_a_lie(void **state)
{
	static const struct { const char *claimed, *bytes; gsize len; const char *want; } cases[] = {
		{ "image/png", BYTES("\x89PNG\r\n\x1a\n...."), "image/png" },
		{ "IMAGE/PNG; charset=x", BYTES("\x89PNG\r\n\x1a\n...."), "image/png" },
		{ "image/jpg", BYTES("\xff\xd8\xff\xdb"), "image/jpeg" },
		{ "image/png", BYTES("\xff\xd8\xff\xdb"), NULL },
		{ "image/png", BYTES("<svg onload=alert(1)>"), NULL },
		{ "image/png", BYTES("<html><script>"), NULL },
		{ "image/png", BYTES("nothing of the kind"), NULL },
		{ "image/jpeg", BYTES("MZ\x90\0\3\0\0\0"), NULL },
		{ "application/pdf", BYTES("PK\3\4\x14\0"), NULL },
		{ "application/pdf", BYTES("%PDF-1.4"), "application/pdf" },
		/* the container is known, what is in it the name says */
		{ "application/vnd.openxmlformats-officedocument.wordprocessingml.document", BYTES("PK\3\4\x14\0"),
		  "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
		{ "application/vnd.ms-excel", BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/vnd.ms-excel" },
		{ "audio/mp4", ISO("isom"), "audio/mp4" },
		{ "audio/webm", BYTES("\x1a\x45\xdf\xa3"), "audio/webm" },
		{ "image/heif", ISO("mif1"), "image/heif" },
		{ "image/heic", ISO("isom"), NULL },
		/* texts */
		{ "text/plain", BYTES("hello\tyou\r\n"), "text/plain" },
		{ "text/plain", BYTES("<html> is how it begins"), "text/plain" },
		{ "text/plain", BYTES("a\0b"), NULL },
		{ "text/csv", BYTES("gr\xfc\xdf" "e;1\n"), "text/csv" },
		{ "text/plain", BYTES("\xff\xfeh\0i\0"), "text/plain" },
		{ "text/html", BYTES("MZ\x90\0\3\0\0\0"), NULL },
		{ "image/svg+xml", BYTES("<!-- drawn --><svg>"), "image/svg+xml" },
		{ "image/svg+xml", BYTES("no markup"), NULL },
		{ "application/json", BYTES("{\"a\":1}"), "application/json" },
		/* nobody says what it is: the bytes do */
		{ "", BYTES("\x89PNG\r\n\x1a\n...."), "image/png" },
		{ NULL, BYTES("<svg>"), "image/svg+xml" },
		{ "application/octet-stream", BYTES("MZ\x90\0\3\0\0\0"), "application/x-msdownload" },
		{ "", BYTES("just text"), "text/plain" },
		{ "", BYTES("\1\2\3\4"), "application/octet-stream" },
		{ "image/png\r\nX-Evil: 1", BYTES("\x89PNG\r\n\x1a\n...."), "image/png" },
		{ "nonsense", BYTES("\1\2\3\4"), "application/octet-stream" },
		{ "a/b/c", BYTES("\1\2\3\4"), "application/octet-stream" },
		/* what no bytes prove or refute is a label on a download */
		{ "audio/mpeg", BYTES("\xff\xfb\x90\x64"), "audio/mpeg" },
		{ "audio/aac", BYTES("\xff\xf1\x50\x80"), "audio/aac" },
		{ "application/x-special", BYTES("\1\2\3\4"), "application/x-special" },
		{ "application/x-special", BYTES("<script>"), NULL },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_sniff_type(cases[i].claimed, cases[i].bytes, cases[i].len);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%zu (%s): got %s, want %s", i, cases[i].claimed ?: "no claim", got ?: "a lie",
				 cases[i].want ?: "a lie");
	}
}

static void only_pictures_without_scripts_are_harmless(void **state)
{
	(void)state;
	assert_true(hg_sniff_is_harmless("image/png"));
	assert_true(hg_sniff_is_harmless("image/webp"));
	assert_false(hg_sniff_is_harmless("image/svg+xml"));
	assert_false(hg_sniff_is_harmless("application/pdf"));
	assert_false(hg_sniff_is_harmless("text/html"));
	assert_false(hg_sniff_is_harmless(NULL));
}

static void patterns_name_types_and_kinds(void **state)
{
	char *some[] = { (char *)"image/*", (char *)"application/pdf", NULL };
	(void)state;

	assert_true(hg_sniff_among(NULL, NULL));
	assert_true(hg_sniff_among(some, "image/png"));
	assert_true(hg_sniff_among(some, "Application/PDF; x=y"));
	assert_false(hg_sniff_among(some, "imagery/png"));
	assert_false(hg_sniff_among(some, "application/pdfx"));
	assert_false(hg_sniff_among(some, "application/zip"));
	assert_false(hg_sniff_among(some, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_bytes_tell_what_it_is),
		cmocka_unit_test(a_claim_the_bytes_refute_is_a_lie),
		cmocka_unit_test(only_pictures_without_scripts_are_harmless),
		cmocka_unit_test(patterns_name_types_and_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
