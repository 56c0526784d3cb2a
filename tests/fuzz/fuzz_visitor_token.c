/* fuzz_visitor_token.c - any text as a visitor's token, as a challenge, as an identity: nobody is let in, for the keys are
 * not known; and whatever we might have signed ourselves reads without harm, and is made again the same */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "text.h"
#include "visitor_identity.h"
#include "visitor_origin.h"
#include "visitor_proof.h"
#include "visitor_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const guint8 key[32] = "0123456789abcdef0123456789abcde";

static char *sign(const uint8_t *data, size_t size)
{
	g_autofree char *code = hg_base64(data, size, TRUE), *body = g_strconcat("hv1.", code, NULL), *mac = NULL;
	guint8 bytes[32];

	hg_hmac_sha256(key, sizeof key, body, strlen(body), bytes);
	mac = hg_base64(bytes, sizeof bytes, TRUE);
	return g_strconcat(body, ".", mac, NULL);
}

static void as_ours(const uint8_t *data, size_t size, hg_arena *arena)
{
	g_autofree char *token = sign(data, size), *again = NULL;
	struct visitor_who who, same;

	if (!hg_visitor_token_read(key, token, arena, &who))
		return;
	g_assert_true(hg_visitor_is(who.uri) && strlen(who.browser) <= HG_BROWSER_MAX);
	again = hg_visitor_token_make(key, &who);
	if (strlen(again) > HG_VISITOR_TOKEN_MAX)
		return;
	g_assert_true(hg_visitor_token_read(key, again, arena, &same));
	g_assert_true(!strcmp(who.id, same.id) && !strcmp(who.browser, same.browser) && !strcmp(who.channel, same.channel) &&
		      who.issued_ms == same.issued_ms && who.expires_ms == same.expires_ms);
}

static void as_identity(const uint8_t *data, size_t size, hg_arena *arena)
{
	static char *secrets[] = { (char *)"a secret nobody knows", (char *)"", NULL };
	static const struct hg_visitor_conf conf = { .identity = { .secrets = secrets, .algorithm = (char *)"HS256",
								   .max_age_ms = 3600000, .hmac = true } };
	g_autoptr(json_object) identity = hg_json_parse(data, size, NULL, NULL);
	struct visitor_vouched vouched;

	if (json_object_is_type(identity, json_type_object))
		g_assert_false(hg_visitor_identity_read(&conf, identity, 1700000000000, arena, &vouched, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(hg_visitor_proofs) proofs = hg_visitor_proofs_new(key);
	g_autofree char *text = g_strndup((const char *)data, size);
	struct visitor_who who;

	g_assert_false(hg_visitor_token_read(key, text, arena, &who));
	g_assert_false(hg_visitor_proof_take(proofs, "web", text, "1", 1700000000000));
	(void)hg_origin_is(text, "https://www.acme.example");
	(void)hg_origin_is("https://*.acme.example", text);
	(void)hg_origin_of(text, text);
	as_ours(data, size, arena);
	as_identity(data, size, arena);
	return 0;
}
