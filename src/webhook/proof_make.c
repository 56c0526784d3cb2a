/* proof_make.c - what a provider puts on a request to prove that it is its own
 *
 * Sources: Twilio, "Webhooks security"; Vonage, "Signing messages"; Telnyx, "Receiving webhooks". */
#include "proof_make.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "proof.h"
#include "text.h"

#define ED25519_SIGN 64

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct hg_pair *const *)a)->name, (*(const struct hg_pair *const *)b)->name);
}

static int by_both(const void *a, const void *b)
{
	int order = by_name(a, b);

	return order ? order : strcmp((*(const struct hg_pair *const *)a)->value, (*(const struct hg_pair *const *)b)->value);
}

/* ---- over the URL and all pairs ---- */

char *hg_url_sign(const char *url, const struct hg_pair *pairs, gsize n, const char *key)
{
	g_autofree const struct hg_pair **sorted = g_new(const struct hg_pair *, n + 1);
	g_autoptr(GString) text = g_string_new(url);
	g_autoptr(GBytes) mac = NULL;

	for (gsize i = 0; i < n; i++)
		sorted[i] = &pairs[i];
	qsort(sorted, n, sizeof(*sorted), by_both);
	for (gsize i = 0; i < n; i++)
		if (!i || by_both(&sorted[i - 1], &sorted[i]))
			g_string_append_printf(text, "%s%s", sorted[i]->name, sorted[i]->value);
	mac = hg_mac(HG_SHA1, key, strlen(key), text->str, text->len);
	return hg_base64(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac), FALSE);
}

/* ---- over pairs ---- */

static void append(GString *text, const struct hg_pair *pair)
{
	g_string_append_printf(text, "&%s=", pair->name);
	for (const char *c = pair->value; *c; c++)
		g_string_append_c(text, *c == '&' || *c == '=' ? '_' : *c);
}

char *hg_pairs_text(const struct hg_pair *pairs, gsize n)
{
	g_autofree const struct hg_pair **sorted = g_new(const struct hg_pair *, n + 1);
	g_autoptr(GString) text = g_string_new(NULL);
	gsize count = 0;

	for (gsize i = 0; i < n; i++)
		if (strcmp(pairs[i].name, "sig") != 0)
			sorted[count++] = &pairs[i];
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (gsize i = 0; i < count; i++) {
		if (strpbrk(sorted[i]->name, "&=") || (i && strcmp(sorted[i - 1]->name, sorted[i]->name) == 0))
			return NULL;
		append(text, sorted[i]);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

char *hg_pairs_sign(const char *method, const char *secret, const char *text)
{
	g_autofree char *salted = g_strconcat(text, secret, NULL);
	int digest = strcmp(method, "md5hash") == 0 ? HG_MD5 : hg_digest_of(method);
	g_autoptr(GBytes) sum = strcmp(method, "md5hash") == 0
				? hg_digest(HG_MD5, salted, strlen(salted))
				: hg_mac(digest, secret, strlen(secret), text, strlen(text));

	return hg_hex(g_bytes_get_data(sum, NULL), g_bytes_get_size(sum));
}

/* ---- Ed25519 ---- */

char *hg_ed25519_sign(const char *pem, gsize pem_len, const void *data, gsize len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)pem_len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	guint8 sign[ED25519_SIGN];
	gsize sign_len = sizeof(sign);
	gboolean done = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
			EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 && EVP_DigestSign(ctx, sign, &sign_len, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return done ? hg_base64(sign, sign_len, FALSE) : NULL;
}

char *hg_ed25519_new(char **ret_pem)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	guint8 public[32];
	gsize len = sizeof(public);
	char *bytes = NULL;
	long n;

	g_assert_true(key && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		      EVP_PKEY_get_raw_public_key(key, public, &len) == 1);
	n = BIO_get_mem_data(bio, &bytes);
	*ret_pem = g_strndup(bytes, (gsize)n);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return hg_base64(public, len, FALSE);
}

/* ---- Basic ---- */

char *hg_basic_make(const char *user, const char *password)
{
	g_autofree char *both = g_strconcat(user, ":", password, NULL);
	g_autofree char *code = hg_base64(both, strlen(both), FALSE);

	return g_strconcat("Basic ", code, NULL);
}
