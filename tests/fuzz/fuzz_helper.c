/* fuzz_helper.c - any bytes as what a helper process answers, and as what it is asked: read without a crash; an answer
 * that is believed is one that would be written the same */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "mail_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_believed(const hg_mail *mail, const char *data, gsize len)
{
	g_autoptr(json_object) object = hg_mail_to_json(mail);
	const char *json = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	g_autoptr(hg_mail) again = hg_frame_answer_read(json, strlen(json), data, len, NULL);
	g_autoptr(json_object) other = again ? hg_mail_to_json(again) : NULL;
	gsize bytes = 0;

	g_assert_true(other && json_object_equal(object, other));
	for (gsize i = 0; i < mail->n_files; i++)
		bytes += mail->files[i].size;
	g_assert_cmpuint(bytes, ==, len);
}

static void check_answer(const char *bytes, gsize size)
{
	const char *nul = memchr(bytes, 0, size);
	gsize json = nul ? (gsize)(nul - bytes) : size;
	const char *data = nul ? nul + 1 : bytes + size;
	gsize len = (gsize)(bytes + size - data);
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_mail) mail = hg_frame_answer_read(bytes, json, data, len, &error);

	g_assert_true((mail != NULL) != (error != NULL));
	if (mail)
		check_believed(mail, data, len);
}

static void check_ask(const char *bytes, gsize size)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) written = NULL, again = NULL;
	struct hg_mail_ask ask, same;

	if (!hg_frame_ask_read(bytes, size, arena, &ask, NULL))
		return;
	written = hg_frame_ask_write(&ask);
	g_assert_true(hg_frame_ask_read(written->str, written->len, arena, &same, NULL));
	again = hg_frame_ask_write(&same);
	g_assert_cmpstr(written->str, ==, again->str);
}

static void check_head(const guint8 *bytes)
{
	const struct hg_frame_head most = hg_frame_answer_max(100);
	guint8 written[HG_FRAME_HEAD];
	struct hg_frame_head head;

	if (!hg_frame_head_read(bytes, &most, &head, NULL))
		return;
	hg_frame_head_write(&head, written);
	g_assert_cmpmem(written, sizeof(written), bytes, HG_FRAME_HEAD);
	g_assert_true(head.json <= most.json && head.data <= most.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_answer((const char *)data, size);
	check_ask((const char *)data, size);
	if (size >= HG_FRAME_HEAD)
		check_head(data);
	return 0;
}
