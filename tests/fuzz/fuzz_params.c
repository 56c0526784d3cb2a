/* fuzz_params.c - forms as strangers send them: read in any character set, written and read again the same
 *
 * The first byte chooses the character set, the rest is the form; what it holds is also read as base64, as a token and
 * as a signature. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "params.h"
#include "proof.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pair(const struct hg_param *pair)
{
	g_assert_true(g_utf8_validate(pair->name, -1, NULL) && g_utf8_validate(pair->value, -1, NULL));
	g_assert_cmpint(pair->name_bytes[pair->name_len], ==, 0);
	g_assert_cmpint(pair->value_bytes[pair->value_len], ==, 0);
}

/* Written as UTF-8 and read again: the same pairs, but for those that are nothing at all. */
static void check_again(const hg_params *params)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(hg_params) again = NULL;

	for (gsize i = 0; i < hg_params_len(params); i++)
		hg_params_add(out, hg_params_at(params, i)->name, hg_params_at(params, i)->value);
	again = hg_params_parse(out->str, out->len, NULL);
	g_assert_cmpint(hg_params_len(again), ==, hg_params_len(params));
	for (gsize i = 0; i < hg_params_len(params); i++) {
		g_assert_cmpstr(hg_params_at(again, i)->name, ==, hg_params_at(params, i)->name);
		g_assert_cmpstr(hg_params_at(again, i)->value, ==, hg_params_at(params, i)->value);
	}
}

/* Strict: what is read has one spelling but for the alphabet and the padding. */
static void check_base64(const char *text)
{
	gsize len = 0;
	g_autofree guint8 *bytes = hg_unbase64(text, &len);
	g_autofree char *written = bytes ? hg_base64(bytes, len, TRUE) : NULL, *said = NULL;
	const char *why = NULL;

	if (bytes) {
		said = g_strndup(text, strcspn(text, "="));
		g_strdelimit(said, "+", '-');
		g_strdelimit(said, "/", '_');
		g_assert_cmpstr(written, ==, said);
	}
	g_assert_null(hg_jwt_read(text, "HS256", "never the secret of this", 24, 0, 0, FALSE, &why));
	g_assert_nonnull(why);
	g_assert_false(hg_mac_is(HG_SHA1, "never the secret of this", 24, text, strlen(text), text));
	g_assert_false(hg_ed25519_is("PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=", text, strlen(text), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const charsets[] = { NULL, "iso-8859-1", "UTF-16BE", "Shift_JIS", "GB18030", "nonsense", "ISO-2022-JP" };
	g_autoptr(hg_params) params = NULL;

	if (!size)
		return 0;
	params = hg_params_parse((const char *)data + 1, size - 1, charsets[data[0] % G_N_ELEMENTS(charsets)]);
	if (!params)
		return 0;
	for (gsize i = 0; i < hg_params_len(params); i++) {
		check_pair(hg_params_at(params, i));
		check_base64(hg_params_at(params, i)->value);
	}
	check_again(params);
	return 0;
}
