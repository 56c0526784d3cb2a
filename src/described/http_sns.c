/* http_sns.c - is it from the topics of Amazon SNS that we subscribed to? */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "http_sns.h"
#include "http_tree.h"
#include "proof.h"

#define CERTS_MAX  8		/* kept; the oldest gives way */
#define GOOD_MS	   86400000	/* how long a certificate is believed before it is looked at again */
#define BAD_MS	   60000	/* before one that could not be had is tried again */
#define TOPICS_MAX 32
#define FETCHES_MAX 4		/* fetches that may be under way at once */

struct ht_sns {
	char **topics;		/* ARNs, or "$value:NAME"; ours */
};

struct cert {
	char *url;
	EVP_PKEY *key;		/* NULL: it is fetched, or cannot be had */
	gboolean fetching;
	gint64 until_ms;
};

struct ht_certs {
	GPtrArray *all;		/* of struct cert, the oldest first */
	void (*fetch)(void *arg, const char *url);
	void *arg;
};

/* ---- the description ---- */

ht_sns *ht_sns_new(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "topics", NULL };
	ht_sns *sns = g_new0(ht_sns, 1);

	ht_keys(look, map, keys);
	ht_member(look, map, "topics", TRUE);
	sns->topics = ht_texts(look, map, "topics");
	for (char **topic = sns->topics; topic && *topic; topic++) {
		if (g_str_has_prefix(*topic, "$value:"))
			ht_given(look, "topics", "value", *topic + strlen("$value:"));
		else if (!g_str_has_prefix(*topic, "arn:"))
			ht_wrong(look, "topics", "'%.60s' is no topic: arn:aws:sns:... or $value:NAME are", *topic);
	}
	return sns;
}

void ht_sns_free(ht_sns *sns)
{
	if (!sns)
		return;
	g_strfreev(sns->topics);
	g_free(sns);
}

/* ---- addresses ---- */

static gboolean is_label(const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_islower(text[i]) && !g_ascii_isdigit(text[i]) && text[i] != '-')
			return FALSE;
	return len > 0;
}

/* "https://sns.eu-west-1.amazonaws.com/", or with ".cn" behind it; what follows the slash, or NULL. */
static const char *behind_host(const char *url)
{
	static const char head[] = "https://sns.", aws[] = ".amazonaws.com";
	const char *region, *end;

	if (!url || !g_str_has_prefix(url, head))
		return NULL;
	region = url + strlen(head);
	end = region + strcspn(region, "./?#@:\\");
	if (!is_label(region, (gsize)(end - region)) || !g_str_has_prefix(end, aws))
		return NULL;
	end += strlen(aws);
	if (g_str_has_prefix(end, ".cn"))
		end += strlen(".cn");
	return *end == '/' ? end + 1 : NULL;
}

gboolean ht_sns_url(const char *url)
{
	return behind_host(url) != NULL;
}

gboolean ht_sns_cert_url(const char *url)
{
	static const char stem[] = "SimpleNotificationService-", end[] = ".pem";
	const char *name = behind_host(url);
	gsize len;

	if (!name || !g_str_has_prefix(name, stem) || !g_str_has_suffix(name, end) || strlen(name) > 200)
		return FALSE;
	name += strlen(stem);
	len = strlen(name) - strlen(end);
	return len > 0 && strspn(name, "0123456789abcdefABCDEF") == len;
}

/* ---- certificates ---- */

static void free_cert(gpointer data)
{
	struct cert *cert = data;

	EVP_PKEY_free(cert->key);
	g_free(cert->url);
	g_free(cert);
}

ht_certs *ht_certs_new(void (*fetch)(void *arg, const char *url), void *arg)
{
	ht_certs *certs = g_new0(ht_certs, 1);

	certs->all = g_ptr_array_new_with_free_func(free_cert);
	certs->fetch = fetch;
	certs->arg = arg;
	return certs;
}

void ht_certs_free(ht_certs *certs)
{
	if (!certs)
		return;
	g_ptr_array_unref(certs->all);
	g_free(certs);
}

static struct cert *find_cert(const ht_certs *certs, const char *url)
{
	for (guint i = 0; i < certs->all->len; i++) {
		struct cert *cert = g_ptr_array_index(certs->all, i);

		if (strcmp(cert->url, url) == 0)
			return cert;
	}
	return NULL;
}

static EVP_PKEY *key_of(const char *pem, gsize len)
{
	BIO *bio = pem && len <= 65536 ? BIO_new_mem_buf(pem, (int)len) : NULL;
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = x509 ? X509_get_pubkey(x509) : NULL;

	X509_free(x509);
	BIO_free(bio);
	return key;
}

void ht_certs_put(ht_certs *certs, const char *url, const char *pem, gsize len, gint64 now_ms)
{
	struct cert *cert = find_cert(certs, url);

	if (!cert) {
		if (certs->all->len >= CERTS_MAX)
			g_ptr_array_remove_index(certs->all, 0);
		cert = g_new0(struct cert, 1);
		cert->url = g_strdup(url);
		g_ptr_array_add(certs->all, cert);
	}
	EVP_PKEY_free(cert->key);
	cert->key = key_of(pem, len);
	cert->fetching = FALSE;
	cert->until_ms = now_ms + (cert->key ? GOOD_MS : BAD_MS);
}

static guint fetching(const ht_certs *certs)
{
	guint n = 0;

	for (guint i = 0; i < certs->all->len; i++)
		n += ((struct cert *)g_ptr_array_index(certs->all, i))->fetching;
	return n;
}

/* NULL: not now; it has been asked for, as far as that makes sense. */
static EVP_PKEY *cert_key(ht_certs *certs, const char *url, gint64 now_ms)
{
	struct cert *cert = find_cert(certs, url);

	if (cert && (cert->fetching || cert->until_ms > now_ms))
		return cert->key;
	if (fetching(certs) >= FETCHES_MAX)
		return NULL;
	if (!cert) {
		ht_certs_put(certs, url, NULL, 0, now_ms);
		cert = find_cert(certs, url);
	}
	cert->fetching = TRUE;
	certs->fetch(certs->arg, url);
	return NULL;
}

/* ---- what is signed ---- */

static const char *text_of(struct json_object *message, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(message, key, &value);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

char *ht_sns_signed(struct json_object *message)
{
	static const char *const notification[] = { "Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type", NULL };
	static const char *const handshake[] = { "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
						 NULL };
	const char *type = text_of(message, "Type");
	const char *const *names = g_strcmp0(type, "Notification") == 0 ? notification : handshake;
	g_autoptr(GString) out = g_string_new(NULL);

	if (names == handshake && g_strcmp0(type, "SubscriptionConfirmation") != 0 &&
	    g_strcmp0(type, "UnsubscribeConfirmation") != 0)
		return NULL;
	for (; *names; names++) {
		const char *value = text_of(message, *names);

		if (value)
			g_string_append_printf(out, "%s\n%s\n", *names, value);
		else if (strcmp(*names, "Subject") != 0)
			return NULL;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Version 1 is SHA-1, version 2 SHA-256. */
static gboolean rsa_holds(EVP_PKEY *key, const char *version, const char *text, const char *signature)
{
	gsize len = 0;
	g_autofree guint8 *bytes = signature ? hg_unbase64(signature, &len) : NULL;
	const EVP_MD *md = g_strcmp0(version, "1") == 0 ? EVP_sha1() : g_strcmp0(version, "2") == 0 ? EVP_sha256() : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	gboolean holds = bytes && md && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
			 EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
			 EVP_DigestVerify(ctx, bytes, len, (const guint8 *)text, strlen(text)) == 1;

	EVP_MD_CTX_free(ctx);
	return holds;
}

static gboolean is_ours(const ht_sns *sns, const struct ht_scope *scope, const char *topic)
{
	for (char **t = sns->topics; topic && *t; t++) {
		const char *want = g_str_has_prefix(*t, "$value:") ? ht_given_value(scope->values, *t + strlen("$value:")) : *t;

		if (g_strcmp0(want, topic) == 0)
			return TRUE;
	}
	return FALSE;
}

static int judge(const ht_sns *sns, const struct ht_asked *asked, struct json_object *message)
{
	const char *url = text_of(message, "SigningCertURL");
	g_autofree char *text = ht_sns_signed(message);
	EVP_PKEY *key;

	if (!text || !ht_sns_cert_url(url) || !is_ours(sns, asked->scope, text_of(message, "TopicArn")))
		return HT_FORGED;
	if (!asked->certs)
		return HT_LATER;
	key = cert_key(asked->certs, url, asked->scope->now_ms);
	if (!key)
		return HT_LATER;
	return rsa_holds(key, text_of(message, "SignatureVersion"), text, text_of(message, "Signature")) ? HT_GENUINE
													: HT_FORGED;
}

int ht_sns_judge(const ht_sns *sns, const struct ht_asked *asked)
{
	struct hg_err err = { 0 };
	struct json_object *message = ht_tree(HT_JSON, NULL, NULL, asked->req->body, asked->req->len, &err);
	int verdict = message ? judge(sns, asked, message) : HT_FORGED;

	json_object_put(message);
	return verdict;
}
