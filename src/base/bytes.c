/* bytes.c - hex, base64, hashes, and comparing what is secret */
#include "text.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>

gboolean hg_equal_secret(const void *a, gsize a_len, const void *b, gsize b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

char *hg_hex(const void *bytes, gsize len)
{
	static const char digits[] = "0123456789abcdef";
	const guint8 *p = bytes;
	char *hex = g_malloc(len * 2 + 1);

	for (gsize i = 0; i < len; i++) {
		hex[2 * i] = digits[p[i] >> 4];
		hex[2 * i + 1] = digits[p[i] & 15];
	}
	hex[2 * len] = '\0';
	return hex;
}

gboolean hg_unhex(const char *hex, guint8 *ret_bytes, gsize want)
{
	for (gsize i = 0; i < want; i++) {
		int high = g_ascii_xdigit_value(hex[2 * i]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value(hex[2 * i + 1]);

		if (low < 0)
			return FALSE;
		ret_bytes[i] = (guint8)(high << 4 | low);
	}
	return hex[2 * want] == '\0';
}

char *hg_base64(const void *bytes, gsize len, gboolean url)
{
	char *text = g_base64_encode(bytes, len);

	if (!url)
		return text;
	for (char *p = text; *p; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
		else if (*p == '=')
			*p = '\0';	/* padding is at the end only */
	}
	return text;
}

hg_hmac *hg_hmac_new(const void *key, gsize key_len)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
				OSSL_PARAM_construct_end() };
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *hmac = EVP_MAC_CTX_new(mac);

	EVP_MAC_free(mac);
	if (!hmac || !EVP_MAC_init(hmac, key, key_len, params))
		g_error("OpenSSL: HMAC-SHA256 failed");
	return hmac;
}

void hg_hmac_free(hg_hmac *hmac)
{
	EVP_MAC_CTX_free(hmac);
}

void hg_hmac_make(hg_hmac *hmac, const void *data, gsize len, guint8 ret_mac[32])
{
	gsize made = 0;

	/* Without a key: begins again with the one it has. */
	if (!EVP_MAC_init(hmac, NULL, 0, NULL) || !EVP_MAC_update(hmac, data, len) ||
	    !EVP_MAC_final(hmac, ret_mac, &made, 32) || made != 32)
		g_error("OpenSSL: HMAC-SHA256 failed");
}

void hg_hmac_sha256(const void *key, gsize key_len, const void *data, gsize len, guint8 ret_mac[32])
{
	g_assert(key_len <= G_MAXINT);
	/* Fails only when OpenSSL has no SHA-256: then nothing of ours may go on. */
	if (!HMAC(EVP_sha256(), key, (int)key_len, data, len, ret_mac, NULL))
		g_error("OpenSSL: HMAC-SHA256 failed");
}

void hg_sha256(const void *data, gsize len, guint8 ret_hash[32])
{
	if (!EVP_Digest(data, len, ret_hash, NULL, EVP_sha256(), NULL))
		g_error("OpenSSL: SHA-256 failed");
}
