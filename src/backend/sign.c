/* sign.c - HMAC-SHA256 over id, time and body, as Standard Webhooks wants it */
#include "sign.h"
#include <string.h>
#include <openssl/crypto.h>
#include "text.h"

#define PREFIX "whsec_"

guint8 *hg_sign_key(const char *secret, gsize *ret_len)
{
	guint8 *key;
	gsize len;

	if (!secret || !g_str_has_prefix(secret, PREFIX))
		return NULL;
	key = g_base64_decode(secret + strlen(PREFIX), &len);
	if (len < HG_SIGN_KEY_MIN || len > HG_SIGN_KEY_MAX) {
		hg_sign_key_free(key, len);
		return NULL;
	}
	*ret_len = len;
	return key;
}

void hg_sign_key_free(guint8 *key, gsize len)
{
	if (key)
		OPENSSL_cleanse(key, len);
	g_free(key);
}

/* "v1," and the base64 of the HMAC of what the prefix and body say together. */
static char *signature_text(const guint8 mac[32])
{
	g_autofree char *mac64 = g_base64_encode(mac, 32);

	return g_strconcat("v1,", mac64, NULL);
}

static char *one_signature(const char *secret, const GString *signed_bytes)
{
	gsize key_len = 0;
	guint8 *key = hg_sign_key(secret, &key_len);
	guint8 mac[32];

	if (!key)
		return NULL;
	hg_hmac_sha256(key, key_len, signed_bytes->str, signed_bytes->len, mac);
	hg_sign_key_free(key, key_len);
	return signature_text(mac);
}

static GString *signed_bytes(const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	GString *bytes = g_string_sized_new(len + 64);

	g_string_append_printf(bytes, "%s.%" G_GINT64_FORMAT ".", id, timestamp_s);
	g_string_append_len(bytes, body, (gssize)len);
	return bytes;
}

static void add_signature(GString *header, const char *one)
{
	g_string_append_printf(header, "%s%s", header->len ? " " : "", one);
}

char *hg_sign(char *const *secrets, const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	g_autoptr(GString) bytes = signed_bytes(id, timestamp_s, body, len);
	g_autoptr(GString) header = g_string_new(NULL);

	for (; secrets && *secrets; secrets++) {
		g_autofree char *one = one_signature(*secrets, bytes);

		if (one)
			add_signature(header, one);
	}
	return header->len ? g_strdup(header->str) : NULL;
}

static char **headers_of(const char *id, gint64 timestamp_s, const char *signature)
{
	GPtrArray *headers = g_ptr_array_new();

	g_ptr_array_add(headers, g_strdup("Content-Type: application/json"));
	g_ptr_array_add(headers, g_strconcat("webhook-id: ", id, NULL));
	g_ptr_array_add(headers, g_strdup_printf("webhook-timestamp: %" G_GINT64_FORMAT, timestamp_s));
	if (signature && *signature)
		g_ptr_array_add(headers, g_strconcat("webhook-signature: ", signature, NULL));
	g_ptr_array_add(headers, g_strconcat("Idempotency-Key: \"", id, "\"", NULL));
	g_ptr_array_add(headers, NULL);
	return (char **)g_ptr_array_free(headers, FALSE);
}

char **hg_sign_headers(char *const *secrets, const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	g_autofree char *signature = hg_sign(secrets, id, timestamp_s, body, len);

	return headers_of(id, timestamp_s, signature);
}

/* ---- the same secrets again ---- */

struct hg_signer {
	GPtrArray *keys;	/* of hg_hmac */
};

hg_signer *hg_signer_new(char *const *secrets)
{
	hg_signer *signer = g_new0(hg_signer, 1);

	signer->keys = g_ptr_array_new_with_free_func((GDestroyNotify)hg_hmac_free);
	for (; secrets && *secrets; secrets++) {
		gsize len = 0;
		guint8 *key = hg_sign_key(*secrets, &len);

		if (key)
			g_ptr_array_add(signer->keys, hg_hmac_new(key, len));
		hg_sign_key_free(key, len);
	}
	return signer;
}

void hg_signer_free(hg_signer *signer)
{
	if (!signer)
		return;
	g_ptr_array_unref(signer->keys);
	g_free(signer);
}

char **hg_signer_headers(hg_signer *signer, const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	g_autoptr(GString) bytes = signed_bytes(id, timestamp_s, body, len);
	g_autoptr(GString) header = g_string_new(NULL);

	for (guint i = 0; i < signer->keys->len; i++) {
		g_autofree char *one = NULL;
		guint8 mac[32];

		hg_hmac_make(g_ptr_array_index(signer->keys, i), bytes->str, bytes->len, mac);
		one = signature_text(mac);
		add_signature(header, one);
	}
	return headers_of(id, timestamp_s, header->str);
}

gboolean hg_sign_verify(char *const *secrets, const char *id, gint64 timestamp_s, const void *body,
			gsize len, const char *header)
{
	g_autoptr(GString) bytes = signed_bytes(id, timestamp_s, body, len);
	g_auto(GStrv) given = g_strsplit(header ? header : "", " ", 16);
	gboolean fits = FALSE;

	for (; secrets && *secrets; secrets++) {
		g_autofree char *ours = one_signature(*secrets, bytes);

		for (char **one = given; ours && *one; one++)
			fits |= hg_equal_secret(ours, strlen(ours), *one, strlen(*one));
	}
	return fits;
}
