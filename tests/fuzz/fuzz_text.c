/* fuzz_text.c - any bytes where a time, a span, a size, an id, a share or a file's name was wanted */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "env.h"
#include "json.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is a number is the same after being written and read again. */
static void check_numbers(const char *text)
{
	gint64 time = hg_time_parse(text), span = hg_span_parse(text), bytes = hg_bytes_parse(text);
	int share = hg_share_parse(text);
	char written[64];

	g_assert_cmpint(time, >=, -1);
	g_assert_cmpint(span, >=, -1);
	g_assert_cmpint(bytes, >=, -1);
	g_assert_true(share >= -1 && share <= 100);
	if (time >= 0)
		g_assert_cmpint(hg_time_parse(hg_time(time, written)), ==, time);
	if (share >= 0)
		g_assert_cmpint(hg_share_parse(hg_share((guint)share, written)), ==, share);
	if (span >= 0)
		g_assert_cmpint(hg_span_parse(hg_span(span, written)), <=, span);	/* two units at most */
}

static void check_utf8(const char *bytes, gsize len)
{
	g_autofree char *valid = hg_text_valid(bytes, (gssize)len, 0), *cut = hg_text_valid(bytes, (gssize)len, 37);
	g_autofree char *normal = hg_text_normal(valid, G_NORMALIZE_NFC), *again = hg_text_valid(valid, -1, 0);

	g_assert_true(g_utf8_validate(valid, -1, NULL) && g_utf8_validate(cut, -1, NULL) && g_utf8_validate(normal, -1, NULL));
	g_assert_cmpstr(valid, ==, again);
	g_assert_cmpint(strlen(cut), <=, 37);
	g_assert_true(g_str_has_prefix(valid, cut));
}

static void check_name(const char *text)
{
	g_autofree char *name = hg_file_name(text), *again = hg_file_name(name);

	if (!name)
		return;
	g_assert_true(*name && strlen(name) <= HG_FILE_NAME_MAX && g_utf8_validate(name, -1, NULL));
	g_assert_null(strpbrk(name, "/\\:*?\"<>|"));
	g_assert_false(*name == '.' || g_str_has_suffix(name, "."));
	for (const char *p = name; *p; p = g_utf8_next_char(p))
		g_assert_false(hg_text_unseen(g_utf8_get_char(p)));
	g_assert_cmpstr(name, ==, again);
}

static void check_hex(const char *text)
{
	guint8 bytes[16];

	if (strlen(text) == 32 && hg_unhex(text, bytes, 16)) {
		g_autofree char *hex = hg_hex(bytes, 16);

		g_assert_true(g_ascii_strcasecmp(hex, text) == 0);
	}
}

/* Spelt out it is another text and the same value, with nothing unseen in it. */
static void check_spelling(const char *bytes, gsize len)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(json_object) before = NULL, after = NULL;

	hg_json_put_strn(json, bytes, len);
	before = hg_json_parse(json->str, json->len, NULL, NULL);
	hg_json_spell_out(json);
	after = hg_json_parse(json->str, json->len, NULL, NULL);
	g_assert_true(before && json_object_equal(before, after));
	for (const char *p = json->str; *p; p = g_utf8_next_char(p))
		g_assert_false(hg_text_unseen(g_utf8_get_char(p)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "thread", "message", "channel", NULL };
	g_autofree char *text = g_strndup((const char *)data, size);

	check_numbers(text);
	check_utf8((const char *)data, size);
	check_name(text);
	check_hex(text);
	check_spelling((const char *)data, size);
	if (hg_id_is(text, "thr"))
		g_assert_true(strlen(text) == 30 && g_str_has_prefix(text, "thr_"));
	hg_nearest(text, names);
	return 0;
}
