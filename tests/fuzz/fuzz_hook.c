/* fuzz_hook.c - any bytes as a hook's answer, and as a helpdesk's: refused with a reason, or read within bounds */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "forward.h"
#include "hook_answer.h"
#include "json.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is what is read again. */
static void check_hook(const char *bytes, gsize len)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) once = hg_hook_answer_read(bytes, len, &error), twice = NULL;
	const char *written;

	g_assert_true(!once == !!error);
	if (!once)
		return;
	written = json_object_to_json_string_ext(once, JSON_C_TO_STRING_PLAIN);
	twice = hg_hook_answer_read(written, strlen(written), NULL);
	g_assert_true(twice && json_object_equal(once, twice));
}

static void check_word(const char *word)
{
	g_assert_true(!word || (*word && strlen(word) <= 512 && hg_text_printable(word) && !strpbrk(word, "\n\t")));
}

static void check_ticket(const char *bytes, gsize len)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_forward_result result = { 0 };

	hg_forward_read_ticket(bytes, len, arena, &result);
	check_word(result.external_id);
	check_word(result.number);
	check_word(result.url);
	g_assert_true(!result.url || g_str_has_prefix(result.url, "http"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *copy = g_memdup2(data, size);	/* of exactly that size */

	check_hook(copy, size);
	check_ticket(copy, size);
	return 0;
}
