/* fuzz_journal.c - any bytes as a row of the journal: refused with a reason, or read within the row
 *
 * The first byte is the row's kind. */
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GError) error = NULL;
	struct hg_journalled entry;
	g_autofree void *body = size ? g_memdup2(data + 1, size - 1) : NULL;
	hg_journal row = { 0 };

	if (!size)
		return 0;
	row.kind = data[0] % 8;
	row.body = body;
	row.len = size - 1;
	if (!hg_journal_read(&row, arena, &entry, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	g_assert_true(row.kind != HG_J_COMMAND || entry.command);
	g_assert_true(row.kind != HG_J_CLAIM || entry.jobs);
	hg_journalled_done(&entry);
	return 0;
}
