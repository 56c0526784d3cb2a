/* proof.c - hashes, keyed hashes and signatures of what came in, and how they are written */
#include "proof.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define ED25519_KEY  32
#define ED25519_SIGN 64

static const struct digest {
	const char *word;
	const EVP_MD *(*md)(void);
} digests[] = {
	[HG_MD5] = { "md5", EVP_md5 },	     [HG_SHA1] = { "sha1", EVP_sha1 },
	[HG_SHA256] = { "sha256", EVP_sha256 }, [HG_SHA384] = { "sha384", EVP_sha384 },
	[HG_SHA512] = { "sha512", EVP_sha512 },
};

static const EVP_MD *md_of(int digest)
{
	g_assert(digest > 0 && digest < (int)G_N_ELEMENTS(digests));
	return digests[digest].md();
}

int hg_digest_of(const char *word)
{
	for (gsize i = HG_MD5; i < G_N_ELEMENTS(digests); i++)
		if (!strcmp(digests[i].word, word))
			return (int)i;
	return 0;
}

GBytes *hg_digest(int digest, const void *data, gsize len)
{
	guint8 hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	g_assert_true(EVP_Digest(data, len, hash, &n, md_of(digest), NULL) == 1);
	return g_bytes_new(hash, n);
}

GBytes *hg_mac(int digest, const void *key, gsize key_len, const void *data, gsize len)
{
	guint8 hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	g_assert_nonnull(HMAC(md_of(digest), key_len ? key : "", (int)key_len, len ? data : (const void *)"", len, hash, &n));
	return g_bytes_new(hash, n);
}

/* ---- how they are written ---- */

static int sextet(char c)
{
	if (g_ascii_isupper(c))
		return c - 'A';
	if (g_ascii_islower(c))
		return c - 'a' + 26;
	if (g_ascii_isdigit(c))
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Characters without the padding; -1 when the padding is not what it must be. */
static gssize base64_body(const char *text)
{
	gsize len = strlen(text), pad = 0;

	while (pad < 2 && len > pad && text[len - 1 - pad] == '=')
		pad++;
	if ((pad && len % 4) || (len - pad) % 4 == 1)
		return -1;
	return (gssize)(len - pad);
}

guint8 *hg_unbase64(const char *text, gsize *ret_len)
{
	gssize len = base64_body(text);
	g_autofree guint8 *bytes = len < 0 ? NULL : g_malloc((gsize)len * 3 / 4 + 1);
	guint32 bits = 0;
	gsize n = 0;

	for (gssize i = 0; i < len; i++) {
		int six = sextet(text[i]);

		if (six < 0)
			return NULL;
		bits = bits << 6 | (guint32)six;
		if (i % 4)
			bytes[n++] = (guint8)(bits >> (6 - 2 * (i % 4)));
	}
	/* One value has one spelling: bits behind the last byte are zero (RFC 4648, section 3.5). */
	if (len < 0 || (len % 4 == 2 && bits & 0xf) || (len % 4 == 3 && bits & 0x3))
		return NULL;
	*ret_len = n;
	return g_steal_pointer(&bytes);
}

static guint8 *unhex(const char *text, gsize want)
{
	g_autofree guint8 *bytes = g_malloc(want + 1);

	for (gsize i = 0; i < want; i++) {
		int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return NULL;
		bytes[i] = (guint8)(high << 4 | low);
	}
	return g_steal_pointer(&bytes);
}

/* Is it this hash, in hex or base64?  No text is both: base64 of n bytes never has 2n characters. */
static gboolean is_written(GBytes *hash, const char *given)
{
	gsize want, len = 0;
	const guint8 *ours = g_bytes_get_data(hash, &want);
	gboolean hex = strlen(given) == 2 * want;
	g_autofree guint8 *theirs = hex ? unhex(given, want) : hg_unbase64(given, &len);

	if (hex)
		len = want;
	return theirs && len == want && !CRYPTO_memcmp(ours, theirs, want);
}

/* ---- does it hold? ---- */

gboolean hg_mac_is(int digest, const void *key, gsize key_len, const void *data, gsize len, const char *given)
{
	g_autoptr(GBytes) ours = NULL;

	if (!given || !key_len)
		return FALSE;
	ours = hg_mac(digest, key, key_len, data, len);
	return is_written(ours, given);
}

gboolean hg_digest_is(int digest, const void *data, gsize len, const char *given)
{
	g_autoptr(GBytes) ours = NULL;

	if (!given)
		return FALSE;
	ours = hg_digest(digest, data, len);
	return is_written(ours, given);
}

gboolean hg_secret_is(const char *secret, const char *given)
{
	g_autoptr(GBytes) ours = NULL, theirs = NULL;

	if (!secret || !*secret || !given)
		return FALSE;
	ours = hg_digest(HG_SHA256, secret, strlen(secret));
	theirs = hg_digest(HG_SHA256, given, strlen(given));
	return !CRYPTO_memcmp(g_bytes_get_data(ours, NULL), g_bytes_get_data(theirs, NULL), g_bytes_get_size(ours));
}

static gboolean ed25519_holds(const guint8 *key, const void *data, gsize len, const guint8 *sign)
{
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	gboolean holds = public && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, public) == 1 && /* never: no memory */
			 EVP_DigestVerify(ctx, sign, ED25519_SIGN, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(public);
	return holds;
}

gboolean hg_ed25519_is(const char *key, const void *data, gsize len, const char *signature)
{
	gsize key_len = 0, sign_len = 0;
	g_autofree guint8 *public = key ? hg_unbase64(key, &key_len) : NULL;
	g_autofree guint8 *sign = signature ? hg_unbase64(signature, &sign_len) : NULL;

	return public && sign && key_len == ED25519_KEY && sign_len == ED25519_SIGN &&
	       ed25519_holds(public, data, len, sign);
}
