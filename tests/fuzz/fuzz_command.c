/* fuzz_command.c - any bytes as a kept command: refused with a reason, or read, written and read the
 * same */
#include <stddef.h>
#include <stdint.h>

#include "command_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_item(const uint8_t *data, size_t size)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) once = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct hg_in in;

	if (!hg_in_unpack(data, size, arena, &in, &error)) {
		g_assert_nonnull(error);
		return;
	}
	hg_in_pack(&in, HG_PACK_ALL, once);
	g_assert_cmpmem(once->str, once->len, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GString) once = g_string_new(NULL), twice = g_string_new(NULL);
	g_autoptr(hg_command) command = NULL, again = NULL;
	g_autoptr(GError) error = NULL;

	check_item(data, size);
	if (!hg_command_unpack(data, size, &command, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	hg_command_pack(command, HG_PACK_ALL, once);
	g_assert_true(hg_command_unpack(once->str, once->len, &again, NULL));
	hg_command_pack(again, HG_PACK_ALL, twice);
	g_assert_cmpmem(once->str, once->len, twice->str, twice->len);
	return 0;
}
