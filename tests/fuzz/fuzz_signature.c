/* fuzz_signature.c - any header as the proof that something is genuine: none is, for the keys are not known
 *
 * What stands before the first zero byte is the header, the rest is the body. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fake_wire.h"
#include "sign.h"
#include "webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *secrets[] = { (char *)"0123456789abcdef", (char *)"", NULL };
	static char *webhooks[] = { (char *)"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", (char *)"whsec_", NULL };
	g_autofree char *header = g_strndup((const char *)data, size), *ours = NULL;
	gsize len = strlen(header), key_len, rest = len < size ? size - len - 1 : 0;
	const char *body = rest ? (const char *)data + len + 1 : "";
	guint8 *key = hg_sign_key(header, &key_len);

	g_assert_true(!key || (key_len >= HG_SIGN_KEY_MIN && key_len <= HG_SIGN_KEY_MAX));
	hg_sign_key_free(key, key_len);
	g_assert_false(wa_signature_ok(secrets, body, rest, header));
	g_assert_false(signature_ok("0123456789abcdef", body, rest, header));
	g_assert_false(hg_sign_verify(webhooks, "evt_1", 1795168931, body, rest, header));
	/* The right one is taken, alone and behind others. */
	ours = hg_sign(webhooks, "evt_1", 1795168931, body, rest);
	g_assert_true(hg_sign_verify(webhooks, "evt_1", 1795168931, body, rest, ours));
	return 0;
}
