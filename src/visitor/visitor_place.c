/* visitor_place.c - places in the log, made unreadable */
#include "visitor_place.h"

#include <openssl/evp.h>
#include <string.h>

#include "proof.h"
#include "text.h"

#define PREFIX "c1."
#define BLOCK 16

static const char ours[8] = "hg place";	/* not ended by a NUL */

void hg_place_key_make(struct hg_place_key *ret, const guint8 instance_key[32])
{
	static const char what[] = "headgate visitor place 1";
	guint8 mac[32];

	hg_hmac_sha256(instance_key, 32, what, sizeof(what) - 1, mac);
	memcpy(ret->bytes, mac, sizeof(ret->bytes));
}

static void turn_block(const struct hg_place_key *key, gboolean encrypt, const guint8 from[BLOCK], guint8 ret[BLOCK])
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int len = 0;

	if (!cipher || !EVP_CipherInit_ex(cipher, EVP_aes_128_ecb(), NULL, key->bytes, NULL, encrypt) ||
	    !EVP_CIPHER_CTX_set_padding(cipher, 0) || !EVP_CipherUpdate(cipher, ret, &len, from, BLOCK) || len != BLOCK)
		g_error("OpenSSL: AES-128 failed");
	EVP_CIPHER_CTX_free(cipher);
}

void hg_place_write(const struct hg_place_key *key, gint64 n, char ret[HG_PLACE_SIZE])
{
	guint64 number = GUINT64_TO_BE((guint64)n);
	guint8 plain[BLOCK], block[BLOCK];
	g_autofree char *text = NULL;

	memcpy(plain, &number, sizeof(number));
	memcpy(plain + sizeof(number), ours, sizeof(ours));
	turn_block(key, TRUE, plain, block);
	text = hg_base64(block, sizeof(block), TRUE);
	g_strlcpy(ret, PREFIX, HG_PLACE_SIZE);
	g_strlcat(ret, text, HG_PLACE_SIZE);
}

gboolean hg_place_read(const struct hg_place_key *key, const char *text, gint64 *ret_n)
{
	g_autofree guint8 *block = NULL;
	guint8 plain[BLOCK];
	guint64 number;
	gsize len;

	if (!g_str_has_prefix(text, PREFIX) || strlen(text) >= HG_PLACE_SIZE)
		return FALSE;
	block = hg_unbase64(text + strlen(PREFIX), &len);
	if (!block || len != BLOCK)
		return FALSE;
	turn_block(key, FALSE, block, plain);
	if (memcmp(plain + sizeof(number), ours, sizeof(ours)) != 0)
		return FALSE;
	memcpy(&number, plain, sizeof(number));
	*ret_n = (gint64)GUINT64_FROM_BE(number);
	return *ret_n >= 0;
}
