/* fuzz_mail.c - any bytes as a mail: read, written as JSON, and read back as the same */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "mail_parse.h"
#include "reply_text.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_people(const struct hg_mail_people *people)
{
	for (gsize i = 0; i < people->n; i++) {
		const char *name = people->of[i].name, *address = people->of[i].address;

		g_assert_true(!name || (*name && hg_text_printable(name) && !strchr(name, '\n')));
		g_assert_true(hg_text_printable(address) && !strpbrk(address, "\n\t"));
	}
}

static void check_files(const hg_mail *mail)
{
	for (gsize i = 0; i < mail->n_files; i++) {
		const char *name = mail->files[i].filename;

		g_assert_true(!name || (*name && *name != '.' && !strpbrk(name, "/\\") && strlen(name) <= 200));
	}
}

static void check_json(const hg_mail *mail)
{
	g_autoptr(json_object) once = hg_mail_to_json(mail), read = NULL, twice = NULL;
	const char *text = json_object_to_json_string_ext(once, JSON_C_TO_STRING_PLAIN);
	const struct hg_json_limits limits = { .max_bytes = 256 << 20, .max_memory = 1 << 30 };
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_mail) back = NULL;

	read = hg_json_parse(text, strlen(text), &limits, &error);
	g_assert_no_error(error);
	back = hg_mail_from_json(read, &error);
	g_assert_no_error(error);
	twice = hg_mail_to_json(back);
	g_assert_true(json_object_equal(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static hg_reply_words *words;
	static const char *const ids[] = { "mx.example.org", NULL };
	struct hg_mail_ask ask = { .authserv_ids = ids, .instance = "gw1" };
	g_autofree char *copy = g_memdup2(data, size);	/* of exactly that size */
	g_autoptr(hg_mail) mail = NULL;

	if (!words) {
		hg_mail_parse_prepare();
		words = hg_reply_words_new(NULL);
	}
	ask.words = words;
	mail = hg_mail_parse(copy, size, &ask);
	g_assert_true(hg_text_printable(mail->text) && hg_text_printable(mail->subject) && !strchr(mail->subject, '\n'));
	check_people(&mail->from);
	check_people(&mail->to);
	check_people(&mail->reply_to);
	check_files(mail);
	check_json(mail);
	return 0;
}
