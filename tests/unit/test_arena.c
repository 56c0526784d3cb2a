/* test_arena.c - memory of one piece of work, and errors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "arena.h"
#include "fail.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	static const gsize sizes[] = { 0, 1, 15, 16, 17, 100, 4000, 4096, 70000, 3, 1000000, 5 };
	g_autoptr(hg_arena) arena = hg_arena_new();
	guint8 *pieces[G_N_ELEMENTS(sizes) * 50];
	gsize sum = 0;
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		gsize size = sizes[i % G_N_ELEMENTS(sizes)];

		pieces[i] = hg_arena_alloc(arena, size);
		assert_int_equal((guintptr)pieces[i] % 16, 0);
		for (gsize j = 0; j < size; j++)
			assert_int_equal(pieces[i][j], 0);
		memset(pieces[i], (int)(i % 251) + 1, size);
		sum += size;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++)
		for (gsize j = 0; j < sizes[i % G_N_ELEMENTS(sizes)]; j++)
			assert_int_equal(pieces[i][j], i % 251 + 1);
	assert_int_equal(hg_arena_size(arena), sum);
}

static void strings_and_bytes_are_copied(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	char text[] = "text";
	char *copy = hg_arena_str(arena, text), *bytes = hg_arena_mem(arena, "a\0b", 3);
	(void)state;

	text[0] = 'x';
	assert_string_equal(copy, "text");
	assert_memory_equal(bytes, "a\0b", 4);
	assert_null(hg_arena_str(arena, NULL));
	assert_string_equal(hg_arena_str(arena, ""), "");
	assert_string_equal(hg_arena_mem(arena, NULL, 0), "");
	hg_arena_free(NULL);
}

static void an_error_has_code_and_text(void **state)
{
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_false(hg_fail(&error, HG_ERROR_BUSY, "queue has %d", 5));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_BUSY));
	assert_string_equal(error->message, "queue has 5");
	assert_false(hg_fail(NULL, HG_ERROR_BUSY, "nobody asks"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(strings_and_bytes_are_copied),
		cmocka_unit_test(an_error_has_code_and_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
