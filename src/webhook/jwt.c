/* jwt.c - JSON Web Tokens, RFC 7515 and 7519: the few kinds that providers sign with */
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "json.h"
#include "proof.h"
#include "text.h"

#define TOKEN_MAX  (16 * 1024)		/* bytes */
#define ES256_HALF 32

enum kind { BY_SECRET = 1, BY_RSA, BY_EC };

static const struct algorithm {
	const char *word;
	enum kind kind;
	int digest;
} algorithms[] = {
	{ "HS256", BY_SECRET, HG_SHA256 }, { "HS384", BY_SECRET, HG_SHA384 }, { "HS512", BY_SECRET, HG_SHA512 },
	{ "RS256", BY_RSA, HG_SHA256 }, { "ES256", BY_EC, HG_SHA256 },
};

static const struct algorithm *find(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++)
		if (!strcmp(algorithms[i].word, word))
			return &algorithms[i];
	return NULL;
}

/* ---- keys ---- */

static EVP_PKEY *read_pem(const void *pem, gsize len, gboolean private, int type)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *key = private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"")
				: PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	if (key && EVP_PKEY_get_base_id(key) != type)
		g_clear_pointer(&key, EVP_PKEY_free);
	return key;
}

/* ---- does the signature hold? ---- */

static gboolean verify(EVP_PKEY *key, const void *data, gsize len, const guint8 *sign, gsize sign_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	gboolean holds = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 && /* never: no memory */
			 EVP_DigestVerify(ctx, sign, sign_len, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	return holds;
}

/* RFC 7518, section 3.4: the two numbers side by side; OpenSSL wants them in DER. */
static gboolean verify_es256(EVP_PKEY *key, const void *data, gsize len, const guint8 *sign, gsize sign_len)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	unsigned char *der = NULL;
	gboolean holds = FALSE;
	int der_len;

	if (sign_len == 2 * ES256_HALF && EVP_PKEY_get_bits(key) == 256 &&
	    ECDSA_SIG_set0(pair, BN_bin2bn(sign, ES256_HALF, NULL), /* never: no memory */
			   BN_bin2bn(sign + ES256_HALF, ES256_HALF, NULL))) {
		der_len = i2d_ECDSA_SIG(pair, &der);
		holds = der_len > 0 && verify(key, data, len, der, (gsize)der_len);	/* never: two numbers have one */
	}
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	return holds;
}

static gboolean holds_by_key(const struct algorithm *a, const void *pem, gsize pem_len, const char *data, gsize len,
			     const char *sign64)
{
	gsize sign_len = 0;
	g_autofree guint8 *sign = hg_unbase64(sign64, &sign_len);
	EVP_PKEY *key = sign ? read_pem(pem, pem_len, FALSE, a->kind == BY_RSA ? EVP_PKEY_RSA : EVP_PKEY_EC) : NULL;
	gboolean holds = key && (a->kind == BY_RSA ? verify(key, data, len, sign, sign_len)
						    : verify_es256(key, data, len, sign, sign_len));

	EVP_PKEY_free(key);
	return holds;
}

static gboolean holds(const struct algorithm *a, const void *key, gsize key_len, const char *data, gsize len,
		      const char *sign64)
{
	return a->kind == BY_SECRET ? hg_mac_is(a->digest, key, key_len, data, len, sign64)
				 : holds_by_key(a, key, key_len, data, len, sign64);
}

/* ---- reading ---- */

static struct json_object *read_part(const char *from, gsize len)
{
	g_autofree char *code = g_strndup(from, len);
	gsize bytes_len = 0;
	g_autofree guint8 *bytes = hg_unbase64(code, &bytes_len);
	struct json_object *obj = bytes ? hg_json_parse(bytes, bytes_len, NULL, NULL) : NULL;

	if (obj && !json_object_is_type(obj, json_type_object)) {
		json_object_put(obj);
		return NULL;
	}
	return obj;
}

static gboolean header_fits(const char *from, gsize len, const char *algorithm)
{
	g_autoptr(json_object) header = read_part(from, len);
	const char *said = hg_json_str(header, "alg");

	/* What is critical has to be understood (RFC 7515, section 4.1.11), and we understand nothing. */
	return said && !strcmp(said, algorithm) && !json_object_object_get_ex(header, "crit", NULL);
}

/* A NumericDate, which may have a fraction; FALSE: it is not there, or no number. */
static gboolean read_date(struct json_object *claims, const char *name, double *ret_s)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(claims, name, &value) ||
	    (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double)))
		return FALSE;
	*ret_s = json_object_get_double(value);
	return TRUE;
}

static const char *check_dates(struct json_object *claims, gint64 now_s, gint64 leeway_s, gboolean need_exp)
{
	double exp = 0, nbf = 0;
	gboolean has_exp = read_date(claims, "exp", &exp);

	if (!has_exp && (need_exp || json_object_object_get_ex(claims, "exp", NULL)))
		return "the token does not say until when it is good (exp)";
	if (has_exp && exp <= (double)(now_s - leeway_s))
		return "the token has expired";
	if (read_date(claims, "nbf", &nbf) && nbf > (double)(now_s + leeway_s))
		return "the token is not good yet (nbf)";
	return NULL;
}

static struct json_object *read_token(const char *token, const struct algorithm *a, const void *key, gsize key_len,
				      const char **why)
{
	const char *dot = strchr(token, '.'), *second = dot ? strchr(dot + 1, '.') : NULL;
	struct json_object *claims;

	if (!second || strchr(second + 1, '.')) {
		*why = "there are not three parts in the token";
		return NULL;
	}
	if (!header_fits(token, (gsize)(dot - token), a->word)) {
		*why = "the token is signed in another way than it must be (alg)";
		return NULL;
	}
	if (!holds(a, key, key_len, token, (gsize)(second - token), second + 1)) {
		*why = "the token's signature does not hold";
		return NULL;
	}
	claims = read_part(dot + 1, (gsize)(second - dot - 1));
	if (!claims)
		*why = "the token's claims are no JSON object";
	return claims;
}

struct json_object *hg_jwt_read(const char *token, const char *algorithm, const void *key, gsize key_len, gint64 now_s,
				gint64 leeway_s, gboolean need_exp, const char **why)
{
	const struct algorithm *a = find(algorithm);
	struct json_object *claims = NULL;

	*why = NULL;
	if (!a)
		*why = "the algorithm is not one of HS256, HS384, HS512, RS256, ES256";
	else if (!token || strlen(token) > TOKEN_MAX)
		*why = token ? "the token is too long" : "there is no token";
	else
		claims = read_token(token, a, key, key_len, why);
	if (claims)
		*why = check_dates(claims, now_s, leeway_s, need_exp);
	if (*why)
		g_clear_pointer(&claims, json_object_put);
	return claims;
}

/* ---- making ---- */

static char *sign_rs256(const void *pem, gsize pem_len, const GString *data)
{
	EVP_PKEY *key = read_pem(pem, pem_len, TRUE, EVP_PKEY_RSA);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	gsize len = key ? (gsize)EVP_PKEY_get_size(key) : 0;
	g_autofree guint8 *sign = g_malloc0(len + 1);
	gboolean done = key &&
			EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 && /* never: no memory */
			EVP_DigestSign(ctx, sign, &len, (const guint8 *)data->str, data->len) == 1; /* never: nor here */

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return done ? hg_base64(sign, len, TRUE) : NULL;
}

static char *sign_hs256(const void *key, gsize key_len, const GString *data)
{
	g_autoptr(GBytes) mac = key_len ? hg_mac(HG_SHA256, key, key_len, data->str, data->len) : NULL;

	return mac ? hg_base64(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac), TRUE) : NULL;
}

char *hg_jwt_make(struct json_object *claims, const char *algorithm, const void *key, gsize key_len)
{
	const char *body = json_object_to_json_string_ext(claims, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	g_autofree char *head = g_strdup_printf("{\"typ\":\"JWT\",\"alg\":\"%s\"}", algorithm);
	g_autofree char *head64 = hg_base64(head, strlen(head), TRUE), *body64 = hg_base64(body, strlen(body), TRUE);
	g_autofree char *sign = NULL;
	g_autoptr(GString) token = g_string_new(head64);

	g_string_append_printf(token, ".%s", body64);
	if (!strcmp(algorithm, "RS256"))
		sign = sign_rs256(key, key_len, token);
	else if (!strcmp(algorithm, "HS256"))
		sign = sign_hs256(key, key_len, token);
	return sign ? g_strconcat(token->str, ".", sign, NULL) : NULL;
}
