/* fuzz_telnyx.c - signed events of Telnyx that hold whatever: each becomes something that can be stored */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "telnyx_hook.h"
#include "telnyx_read.h"

#define NOW INT64_C(1795168931000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *senders[] = { (char *)"+13125550100", (char *)"ACME", (char *)"12345", NULL };
static char *keys[] = { (char *)"PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=", NULL };
static const struct telnyx_conf conf = { .from = senders, .country = (char *)"US", .base_url = (char *)"https://api.telnyx.com" };

static void check_text(const char *text)
{
	g_assert_true(!text || g_utf8_validate(text, -1, NULL));
}

static void check_in(const struct hg_in *in)
{
	g_assert_true(in->id || in->dedupe);
	g_assert_true(in->n_from || in->kind == HG_IGNORED);
	g_assert_true(in->text && (in->kind != HG_UNSUPPORTED || in->raw));
	g_assert_true(in->sent_ms >= 0);
	check_text(in->text);
	check_text(in->subject);
	check_text(in->group);
	for (gsize i = 0; i < in->n_from; i++)
		g_assert_true(strchr(in->from[i].uri, ':') && g_utf8_validate(in->from[i].uri, -1, NULL));
	for (gsize i = 0; i < in->n_files; i++)
		g_assert_nonnull(in->files[i].ref);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(json_object) root = hg_json_parse(data, size, NULL, NULL);
	g_autofree char *text = g_strndup((const char *)data, size);
	struct telnyx_found found;
	const char *why;

	telnyx_read_hook(&conf, root, data, size, NOW, arena, &found);
	g_assert_true(found.n_in + found.n_receipts > 0);
	if (found.n_in)
		check_in(&found.in);
	if (found.n_receipts) {
		g_assert_true(found.receipt.state >= HG_R_SENT && found.receipt.state <= HG_R_FAILED);
		g_assert_true(found.receipt.at_ms > 0 && found.receipt.at_ms <= NOW);
		check_text(found.receipt.text);
		check_text(found.receipt.key);
	}
	g_assert_false(telnyx_signed(keys, text, data, size, text, NOW / 1000, &why));
	return 0;
}
