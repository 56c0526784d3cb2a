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
static char *one_signature(const char *secret, const GString *signed_bytes)
{
	gsize key_len = 0;
	guint8 *key = hg_sign_key(secret, &key_len);
	g_autofree char *mac64 = NULL;
	guint8 mac[32];

	if (!key)
		return NULL;
	hg_hmac_sha256(key, key_len, signed_bytes->str, signed_bytes->len, mac);
	hg_sign_key_free(key, key_len);
	mac64 = g_base64_encode(mac, sizeof mac);
	return g_strconcat("v1,", mac64, NULL);
}

static GString *signed_bytes(const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	GString *bytes = g_string_sized_new(len + 64);

	g_string_append_printf(bytes, "%s.%" G_GINT64_FORMAT ".", id, timestamp_s);
	g_string_append_len(bytes, body, (gssize)len);
	return bytes;
}

char *hg_sign(char *const *secrets, const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	g_autoptr(GString) bytes = signed_bytes(id, timestamp_s, body, len);
	g_autoptr(GString) header = g_string_new(NULL);

	for (; secrets && *secrets; secrets++) {
		g_autofree char *one = one_signature(*secrets, bytes);

		if (one)
			g_string_append_printf(header, "%s%s", header->len ? " " : "", one);
	}
	return header->len ? g_strdup(header->str) : NULL;
}

char **hg_sign_headers(char *const *secrets, const char *id, gint64 timestamp_s, const void *body, gsize len)
{
	GPtrArray *headers = g_ptr_array_new();
	g_autofree char *signature = hg_sign(secrets, id, timestamp_s, body, len);

	g_ptr_array_add(headers, g_strdup("Content-Type: application/json"));
	g_ptr_array_add(headers, g_strdup_printf("webhook-id: %s", id));
	g_ptr_array_add(headers, g_strdup_printf("webhook-timestamp: %" G_GINT64_FORMAT, timestamp_s));
	if (signature)
		g_ptr_array_add(headers, g_strdup_printf("webhook-signature: %s", signature));
	g_ptr_array_add(headers, g_strdup_printf("Idempotency-Key: \"%s\"", id));
	g_ptr_array_add(headers, NULL);
	return (char **)g_ptr_array_free(headers, FALSE);
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
