/* fuzz_answer.c - any bytes as a hook's answer: read without a crash, and what was read is read again the same; put
 * together with another one it makes facts that can be kept and changes a contact once */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hook_answer.h"
#include "json.h"
#include "outside.h"
#include "rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hg_conf *conf_make(void)
{
	static struct hg_hook_conf hooks[] = { { .name = (char *)"a" }, { .name = (char *)"b" } };
	hg_conf *conf = g_new0(hg_conf, 1);

	conf->hooks = g_ptr_array_new();
	for (gsize i = 0; i < G_N_ELEMENTS(hooks); i++)
		g_ptr_array_add(conf->hooks, &hooks[i]);
	return conf;
}

static void see(const hg_outside *outside, hg_arena *arena)
{
	struct hg_facts facts = { .on = "message", .age_ms = -1, .idle_ms = -1, .since_ticket_ms = -1 }, again;
	g_autoptr(GString) json = g_string_new(NULL);

	hg_outside_see(outside, arena, &facts);
	hg_facts_write(&facts, TRUE, json);
	g_assert_true(hg_facts_read(json->str, arena, &again, NULL));
	g_assert_cmpstr(facts.outside, ==, again.outside);
}

static void keep(const hg_outside *outside, hg_arena *arena)
{
	hg_contact contact = { .fields = "{\"plan\":\"pro\"}" };
	hg_thread thread = { .tags = "[\"x\"]" };

	hg_outside_contact(outside->known, arena, &contact);
	g_assert_false(hg_outside_contact(outside->known, arena, &contact));
	hg_outside_thread(outside->thread, arena, &thread);
	g_assert_false(hg_outside_thread(outside->thread, arena, &thread));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static hg_conf *conf;
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) asks = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) answer = hg_hook_answer_read(data, size, &error), again = NULL;
	hg_question a = { .hook = "a", .state = HG_QUESTION_ANSWERED }, b = { .hook = "b", .state = HG_QUESTION_CACHED, .ms = -1 };
	hg_outside outside;

	if (!answer) {
		g_assert_nonnull(error);
		return 0;
	}
	if (!conf)
		conf = conf_make();
	a.answer = hg_arena_str(arena, json_object_to_json_string_ext(answer, JSON_C_TO_STRING_NOSLASHESCAPE));
	again = hg_hook_answer_read(a.answer, strlen(a.answer), &error);
	if (!again)	/* numbers and escapes may be longer in our words */
		return 0;
	g_assert_true(json_object_equal(answer, again));
	b.answer = "{\"contact\":{\"tier\":\"gold\",\"fields\":{\"plan\":null}},\"thread\":{\"tags\":[\"x\"]}}";
	g_ptr_array_add(asks, &a);
	g_ptr_array_add(asks, &b);
	hg_outside_fold(conf, asks, arena, &outside);
	see(&outside, arena);
	keep(&outside, arena);
	return 0;
}
