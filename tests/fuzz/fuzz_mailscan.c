/* fuzz_mailscan.c - any bytes as a header, its addresses, parameters and words: within bounds, and all of it text */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mail_address.h"
#include "mail_params.h"
#include "mail_words.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields lie in the bytes, one behind the other, and the body behind them. */
static void check_head(const struct hg_head *head, const char *bytes, gsize len)
{
	const char *at = bytes;

	for (gsize i = 0; i < head->n; i++) {
		const struct hg_field *f = &head->of[i];

		g_assert_true(f->name >= at && f->name_len > 0 && f->value >= f->name + f->name_len);
		at = f->value + f->len;
	}
	g_assert_true(head->body >= at && head->body + head->body_len == bytes + len);
}

static void check_field(hg_arena *arena, const struct hg_field *field)
{
	static const char *const names[] = { "name", "filename", "charset", "boundary" };
	const char *text = hg_field_text(arena, field, "koi8-r");
	struct hg_mail_people people;
	struct hg_params params;

	g_assert_true(hg_text_printable(text) && strlen(text) <= HG_LINE_MAX);
	hg_people_read(arena, field, "iso-2022-jp", &people);
	for (gsize i = 0; i < people.n; i++)
		g_assert_true(hg_text_printable(people.of[i].address) && (people.of[i].name || *people.of[i].address));
	hg_params_read(arena, field, NULL, &params);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *value = hg_params_text(&params, names[i]);

		g_assert_true(!value || hg_text_printable(value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *copy = g_memdup2(size ? data : (const uint8_t *)"", MAX(size, 1));	/* of exactly that size */
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_head head;

	for (gboolean top = FALSE; top <= TRUE; top++) {
		hg_head_scan(arena, copy, size, HG_HEAD_MAX, top, &head);
		check_head(&head, copy, size);
	}
	for (gsize i = 0; i < head.n; i++)
		check_field(arena, &head.of[i]);
	return 0;
}
