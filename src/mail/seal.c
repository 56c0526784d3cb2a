/* seal.c - a secret kept where others may read it: AES-256-GCM, base64 */
#include "seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "env.h"
#include "text.h"

#define NONCE 12	/* bytes; random: a key seals far fewer than 2^32 texts */
#define TAG   16

/* OpenSSL has no memory, or was built without AES. */
static void must(gboolean done)
{
	if (!done)
		g_error("a secret cannot be sealed");
}

/* Nonce, ciphertext, tag; purpose is the associated data and part of the key. */
static EVP_CIPHER_CTX *begin(gboolean seal, const char *purpose, const void *key, gsize key_len, const guint8 *nonce)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	guint8 made[32];
	int n;

	hg_hmac_sha256(key, key_len, purpose, strlen(purpose), made);
	must(ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, made, nonce, seal) == 1);
	must(EVP_CipherUpdate(ctx, NULL, &n, (const guint8 *)purpose, (int)strlen(purpose)) == 1);
	OPENSSL_cleanse(made, sizeof(made));
	return ctx;
}

char *hg_seal(const char *text, const char *purpose, const void *key, gsize key_len)
{
	gsize len = strlen(text);
	g_autofree guint8 *out = g_malloc(NONCE + len + TAG);
	EVP_CIPHER_CTX *ctx;
	int n;

	hg_env_system()->random(hg_env_system(), out, NONCE);
	ctx = begin(TRUE, purpose, key, key_len, out);
	must(EVP_EncryptUpdate(ctx, out + NONCE, &n, (const guint8 *)text, (int)len) == 1);
	must(EVP_EncryptFinal_ex(ctx, out + NONCE + n, &n) == 1);
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + len) == 1);
	EVP_CIPHER_CTX_free(ctx);
	return g_base64_encode(out, NONCE + len + TAG);
}

char *hg_unseal(const char *sealed, const char *purpose, const void *key, gsize key_len)
{
	gsize all = 0, len;
	g_autofree guint8 *in = g_base64_decode(sealed, &all);
	g_autofree char *text = NULL;
	EVP_CIPHER_CTX *ctx;
	gboolean good;
	int n;

	if (all < NONCE + TAG || all > 65536)
		return NULL;
	len = all - NONCE - TAG;
	text = g_malloc0(len + 1);
	ctx = begin(FALSE, purpose, key, key_len, in);
	good = EVP_DecryptUpdate(ctx, (guint8 *)text, &n, in + NONCE, (int)len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, in + NONCE + len) == 1 &&
	       EVP_DecryptFinal_ex(ctx, (guint8 *)text + n, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good ? g_steal_pointer(&text) : NULL;
}
