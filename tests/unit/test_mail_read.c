/* test_mail_read.c - the JSON of the helper is believed only as far as it can be true; limits hold */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "json.h"
#include "mail_charset.h"
#include "mail_parse.h"
#include "mail_split.h"

static const char simple[] =
	"From: Ana <ana@example.com>\r\nTo: b@example.org\r\nSubject: s\r\nMessage-ID: <m@x>\r\nIn-Reply-To: <p@x>\r\n"
	"Return-Path: <ana@example.com>\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n"
	"--b\r\nContent-Type: message/delivery-status\r\n\r\nA: b\r\n\r\nFinal-Recipient: rfc822;c@x.example\r\n"
	"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";

static struct json_object *good(void)
{
	g_autoptr(hg_mail) mail = hg_mail_parse(simple, strlen(simple), &(struct hg_mail_ask){ 0 });

	return hg_mail_to_json(mail);
}

static void assert_refused(struct json_object *json, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_mail) mail = hg_mail_from_json(json, &error);

	if (mail)
		fail_msg("%s: believed", what);
	assert_non_null(error);
}

/* Each member must be there, have its type, and be the only one of its name. */
static void a_helper_that_lies_is_refused(void **state)
{
	g_autoptr(json_object) whole = good();
	g_autoptr(hg_mail) mail = hg_mail_from_json(whole, NULL);

	(void)state;
	assert_non_null(mail);
	assert_string_equal(mail->report->status, "5.1.1");
	json_object_object_foreach(whole, key, value) {
		g_autoptr(json_object) json = good();

		(void)value;
		json_object_object_del(json, key);
		assert_refused(json, key);
		json_object_object_add(json, key, json_object_new_double(0.5));
		assert_refused(json, key);
		json_object_object_add(json, key, json_object_new_string("nonsense"));
		if (!g_strv_contains((const char *const[]){ "subject", "message_id", "text", "reply_text", "html", "return_path",
				     "loop", NULL }, key))
			assert_refused(json, key);
	}
	json_object_object_add(whole, "more", NULL);
	assert_refused(whole, "a member nobody knows");
	assert_refused(NULL, "null");
}

static struct json_object *first_file(struct json_object *json)
{
	return json_object_array_get_idx(hg_json_arr(json, "attachments"), 0);
}

static void files_are_looked_at_again(void **state)
{
	static const char *const names[] = { "../../etc/passwd", "a/b", "..", ".ssh", "con", "a\nb", "" };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(json_object) json = good();

		assert_non_null(first_file(json));
		json_object_object_add(first_file(json), "filename", json_object_new_string(names[i]));
		assert_refused(json, names[i]);
	}
	for (gsize i = 0; i < 3; i++) {
		static const char *const keys[] = { "size", "sha256", "inline" };
		g_autoptr(json_object) json = good();

		json_object_object_add(first_file(json), keys[i], json_object_new_int(-1));
		assert_refused(json, keys[i]);
	}
}

static void texts_with_a_zero_are_refused(void **state)
{
	g_autoptr(json_object) json = good();

	(void)state;
	json_object_object_add(json, "text", json_object_new_string_len("a\0b", 3));
	assert_refused(json, "a zero in text");
	json_object_object_add(json, "text", json_object_new_string_len("\xff", 1));
	assert_refused(json, "no UTF-8");
}

/* A name, its bytes, and what they are: of every converter there is one that is known to open. */
static void every_character_set_can_be_opened(void **state)
{
	static const char *const labels[] = { "UTF-8", "utf8", "\"utf-8\"", "ISO_8859-1", "Latin1", "cp1252", "x-sjis", "csISO2022JP",
					      "KOI8-R", "windows-1251", "GB2312", "big5", "EUC-KR", "tis-620", "UTF-7", "x-mac-roman" };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
		if (!hg_charset_known(labels[i]))
			fail_msg("%s: not known", labels[i]);
	assert_false(hg_charset_known("x-martian"));
	assert_false(hg_charset_known(NULL));
	assert_false(hg_charset_known(""));
}

/* Every byte in every character set gives text, and no character set makes memory grow beyond a few times the bytes. */
static void any_bytes_in_any_character_set_are_text(void **state)
{
	static const char *const labels[] = { "utf-8", "iso-8859-1", "us-ascii", "koi8-r", "gb18030", "big5", "shift_jis", "euc-jp",
					      "iso-2022-jp", "iso-2022-kr", "euc-kr", "utf-7", "utf-16", "utf-32", "x-none", NULL };
	char bytes[1024];

	(void)state;
	for (gsize i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
		gsize len;
		g_autofree char *text = hg_charset_text(bytes, sizeof(bytes), labels[i], &len, NULL);

		assert_int_equal(strlen(text), len);
		assert_true(g_utf8_validate(text, -1, NULL));
		assert_true(len <= 4 * sizeof(bytes));
	}
}

static void parts_and_depth_have_an_end(void **state)
{
	g_autoptr(GString) many = g_string_new("Content-Type: multipart/mixed; boundary=b\r\n\r\n"), deep = g_string_new(NULL);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_mail_parts parts;
	struct hg_head head;

	(void)state;
	for (int i = 0; i < HG_PARTS_MAX + 100; i++)
		g_string_append(many, "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n");
	hg_head_scan(arena, many->str, many->len, HG_HEAD_MAX, TRUE, &head);
	hg_split(arena, &head, NULL, &parts);
	assert_int_equal(parts.n, HG_PARTS_MAX);
	assert_true(parts.too_many);
	for (int i = 0; i < HG_DEPTH_MAX + 10; i++)
		g_string_append_printf(deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
	hg_head_scan(arena, deep->str, deep->len, HG_HEAD_MAX, TRUE, &head);
	hg_split(arena, &head, NULL, &parts);
	assert_true(parts.too_deep);
	assert_true(parts.n <= HG_DEPTH_MAX + 1);
}

static void a_header_is_read_up_to_its_limit(void **state)
{
	g_autoptr(GString) mail = g_string_new("From: ana@example.com\r\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_head head;

	(void)state;
	while (mail->len < HG_HEAD_MAX + 1000)
		g_string_append(mail, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	g_string_append(mail, "Subject: too late\r\n\r\nbody\r\n");
	hg_head_scan(arena, mail->str, mail->len, HG_HEAD_MAX, TRUE, &head);
	assert_true(head.cut);
	assert_non_null(hg_head_get(&head, "FROM"));
	assert_null(hg_head_get(&head, "Subject"));
	assert_int_equal(head.body_len, strlen("body\r\n"));
}

static int prepare(void **state)
{
	(void)state;
	hg_mail_parse_prepare();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_helper_that_lies_is_refused),
		cmocka_unit_test(files_are_looked_at_again),
		cmocka_unit_test(texts_with_a_zero_are_refused),
		cmocka_unit_test(every_character_set_can_be_opened),
		cmocka_unit_test(any_bytes_in_any_character_set_are_text),
		cmocka_unit_test(parts_and_depth_have_an_end),
		cmocka_unit_test(a_header_is_read_up_to_its_limit),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
