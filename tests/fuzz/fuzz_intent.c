/* fuzz_intent.c - any bytes as examples, as a model and as a message: read without a crash; a model that was
 * read says the same when it was written and read again */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "intent.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hg_intent *shipped(void)
{
	static const char tsv[] = "billing\tmy invoice is wrong\nbilling\tmeine Rechnung stimmt nicht\n"
				  "refund\tI want my money back\nrefund\tbitte das Geld zurück\n";
	static const struct hg_intent_making making = { .folds = 2 };
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();
	hg_intent *model;

	g_assert_true(hg_examples_take(examples, "fuzz.tsv", tsv, strlen(tsv), diag));
	g_assert_true(hg_examples_settle(examples, diag));
	model = hg_intent_train(examples, &making, NULL, NULL);
	g_assert_nonnull(model);
	return model;
}

static void guess(const hg_intent *model, const char *text, GString *out)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_intent_guess guess;
	struct hg_spoken said;

	hg_spoken_read(text, arena, &said);
	hg_intent_guess(model, &said, arena, &guess);
	g_assert_cmpuint(guess.confidence, <=, 99);
	g_assert_cmpuint(guess.known, <=, 100);
	g_string_append_printf(out, "%s %u %u ", guess.label ? guess.label : "-", guess.confidence, guess.known);
	hg_intent_reasons_show(&guess, out);
}

static void same(const hg_intent *model, const char *text)
{
	g_autoptr(GString) written = hg_intent_write(model), first = g_string_new(NULL), second = g_string_new(NULL);
	g_autoptr(hg_intent) again = hg_intent_parse(written->str, written->len, NULL);

	g_assert_nonnull(again);
	guess(model, text, first);
	guess(again, text, second);
	g_assert_cmpstr(first->str, ==, second->str);
}

/* The checksum would keep the fuzzer out: what follows the head gets one that fits. */
static hg_intent *read_model(const char *bytes, gsize len)
{
	g_autoptr(GString) text = g_string_new("headgate-intent 1\nsha256 ");
	g_autofree char *hex = NULL;
	guint8 sum[32];

	hg_sha256(bytes, len, sum);
	hex = hg_hex(sum, sizeof(sum));
	g_string_append_printf(text, "%s\n", hex);
	g_string_append_len(text, bytes, (gssize)len);
	return hg_intent_parse(text->str, text->len, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static hg_intent *model;
	const char *bytes = (const char *)data;
	g_autofree char *text = hg_text_valid(bytes, (gssize)size, 0);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();
	g_autoptr(hg_intent) odd = read_model(bytes, size), raw = hg_intent_parse(bytes, size, NULL);

	if (!model)
		model = shipped();
	same(model, text);
	if (odd)
		same(odd, text);
	if (raw)
		same(raw, text);
	if (hg_examples_take(examples, "fuzz.tsv", bytes, size, diag))
		hg_examples_settle(examples, diag);
	return 0;
}
