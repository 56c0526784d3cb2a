/* fuzz_answer.c - any text as an answer to a question of ours: read without a crash, and within its bounds */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found stands within what was said, and is valid. */
static void check_comment(const struct hg_answer *answer)
{
	g_assert_true(answer->comment == NULL || (*answer->comment && strlen(answer->comment) <= 1000));
	g_assert_true(answer->comment == NULL || g_utf8_validate(answer->comment, -1, NULL));
	g_assert_false(answer->pure && answer->comment);
}

static void check_email(const char *email)
{
	const char *at = email ? strchr(email, '@') : NULL;

	g_assert_true(!email || (at && at != email && strchr(at, '.') && !strchr(at + 1, '@') && strlen(email) <= 254));
	g_assert_true(!email || !strpbrk(email, " \t\r\n<>\"\\,;:"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_answer answer;
	gboolean pure;

	if (!g_utf8_validate(text, -1, NULL))
		return 0;	/* intake lets no such text pass */
	for (int scale = HG_SCALE_5; scale <= HG_SCALE_THUMBS; scale++)
		if (hg_answer_rating(text, scale, arena, &answer)) {
			g_assert_cmpint(answer.score, >=, scale == HG_SCALE_5);
			g_assert_cmpint(answer.score, <=, scale == HG_SCALE_5 ? 5 : 1);
			check_comment(&answer);
		}
	if (hg_answer_yes_no(text, NULL, arena, &answer))
		g_assert_true(answer.score == 0 || answer.score == 1);
	check_email(hg_answer_email(text, arena, &pure));
	return 0;
}
