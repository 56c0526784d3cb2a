/* http_auth_make.c - the demands of `auth:`, met: for requests that stand for a provider's */
#include "http_auth_make.h"

#include <string.h>

#include "http_auth_inside.h"
#include "json.h"
#include "proof.h"
#include "proof_make.h"
#include "sample.h"
#include "text.h"

#define TOKEN_LIFE_S 60

static const char nowhere[] = "its samples show a signature in no header";
static const char unmade[] = "what it demands (addresses, certificates, keys of the provider's own) cannot be made here";

static const char *secret_of(const struct ht_remake *r, const struct ht_demand *d)
{
	return d->secrets && d->secrets[0] ? ht_given_value(r->asked->scope->secrets, d->secrets[0]) : NULL;
}

/* In each header that shows it. */
static gboolean put(const struct ht_remake *r, const char *shown, const char *made)
{
	g_autofree char *wrong = r->forged ? g_strdup(made) : NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	if (!shown || !*shown)
		return FALSE;
	if (wrong)
		wrong[strlen(wrong) / 2] = wrong[strlen(wrong) / 2] == 'A' ? 'B' : 'A';
	json_object_object_foreach(r->headers, name, value)
		if (strstr(json_object_get_string(value), shown))
			g_ptr_array_add(names, g_strdup(name));
	for (guint i = 0; i < names->len; i++) {
		const char *header = names->pdata[i], *was = ht_sample_header(r->headers, header);
		g_auto(GStrv) around = g_strsplit(was, shown, 2);
		g_autofree char *text = g_strconcat(around[0], wrong ? wrong : made, around[1], NULL);

		json_object_object_add(r->headers, header, json_object_new_string(text));
	}
	return names->len > 0;
}

/* A time as the sample writes it: seconds, milliseconds, or RFC 3339. */
static gboolean put_time(const struct ht_remake *r, const ht_pick *at)
{
	g_autofree char *shown = ht_pick_text(at, r->sample), *made = NULL;
	gint64 now_ms = r->asked->scope->now_ms;
	struct ht_remake whole = *r;
	char text[HG_TIME_SIZE];

	whole.forged = FALSE;
	if (!shown)
		return FALSE;
	if (strspn(shown, "0123456789") == strlen(shown))
		made = g_strdup_printf("%" G_GINT64_FORMAT, strlen(shown) > 11 ? now_ms : now_ms / 1000);
	else
		made = g_strdup(hg_time(now_ms, text));
	return put(&whole, shown, made);
}

static char *written_as(const char *shown, GBytes *hash)
{
	gsize len;
	const void *bytes = g_bytes_get_data(hash, &len);

	return strlen(shown) == 2 * len ? hg_hex(bytes, len) : hg_base64(bytes, len, FALSE);
}

static char *make_mac(const struct ht_remake *r, const struct ht_demand *d, const char *shown, const GString *over)
{
	const char *secret = secret_of(r, d);
	gsize len = 0;
	g_autofree guint8 *key = secret ? ht_demand_key(d, secret, &len) : NULL;
	g_autoptr(GBytes) hash = NULL;
	g_autofree char *code = NULL;

	if (d->kind == D_DIGEST)
		hash = hg_digest(d->digest, over->str, over->len);
	else if (key && len)
		hash = hg_mac(d->digest, key, len, over->str, over->len);
	if (!hash)
		return NULL;
	if (d->kind != D_STANDARD)
		return written_as(shown, hash);
	code = hg_base64(g_bytes_get_data(hash, NULL), g_bytes_get_size(hash), FALSE);
	return g_strconcat("v1,", code, NULL);
}

/* The claims of the sample's token, with our time and what the demand wants to be said. */
static struct json_object *claims_of(const struct ht_remake *r, const struct ht_demand *d, const char *token)
{
	g_auto(GStrv) parts = g_strsplit(token, ".", 4);
	gint64 now_s = r->asked->scope->now_ms / 1000;
	gsize len = 0;
	g_autofree guint8 *bytes = g_strv_length(parts) == 3 ? hg_unbase64(parts[1], &len) : NULL;
	struct json_object *claims = bytes ? hg_json_parse(bytes, len, NULL, NULL) : NULL;
	static const char *const times[] = { "iat", "nbf", "exp" };

	for (gsize i = 0; claims && i < G_N_ELEMENTS(times); i++)
		if (json_object_object_get_ex(claims, times[i], NULL))
			json_object_object_add(claims, times[i], json_object_new_int64(i == 2 ? now_s + TOKEN_LIFE_S : now_s));
	for (guint i = 0; claims && i < d->claims->len; i++) {
		const struct ht_claim *claim = &g_array_index(d->claims, struct ht_claim, i);
		g_autoptr(GString) is = g_string_new(NULL);

		if (json_object_object_get_ex(claims, claim->name, NULL) && !ht_fill_run(claim->is, ht_signed_value, r->asked, NULL, is))
			json_object_object_add(claims, claim->name, json_object_new_string(is->str));
	}
	return claims;
}

static char *make_token(const struct ht_remake *r, const struct ht_demand *d, const char *shown)
{
	const char *secret = secret_of(r, d), *token = g_ascii_strncasecmp(shown, "Bearer ", 7) == 0 ? shown + 7 : shown;
	g_autoptr(json_object) claims = secret && strcmp(d->algorithm, "HS256") == 0 ? claims_of(r, d, token) : NULL;
	g_autofree char *made = claims ? hg_jwt_make(claims, d->algorithm, secret, strlen(secret)) : NULL;

	return made ? g_strconcat(token == shown ? "" : "Bearer ", made, NULL) : NULL;
}

static gboolean make_basic(const struct ht_remake *r, const struct ht_demand *d)
{
	const char *secret = secret_of(r, d), *shown = ht_sample_header(r->headers, "Authorization");
	g_autofree char *made = NULL, *code = NULL;

	if (!secret)
		return FALSE;
	code = d->user ? hg_basic_make(d->user, secret) : hg_base64(secret, strlen(secret), FALSE);
	made = d->user ? g_steal_pointer(&code) : g_strconcat("Basic ", code, NULL);
	if (!shown)
		json_object_object_add(r->headers, "Authorization", json_object_new_string("?"));
	return put(r, shown ? shown : "?", made);
}

static const char *meet(const struct ht_remake *r, const struct ht_demand *d)
{
	g_autofree char *shown = d->at ? ht_pick_text(d->at, r->sample) : NULL, *made = NULL;
	g_autoptr(GString) over = g_string_new(NULL);

	if (d->kind == D_BASIC)
		return make_basic(r, d) ? NULL : unmade;
	if (d->kind == D_WITHIN)
		return NULL;		/* its time is there */
	if (d->kind == D_ADDRESSES || d->kind == D_SNS || d->kind == D_ED25519)
		return unmade;
	if (!shown)
		return nowhere;
	if (d->kind == D_TOKEN) {
		made = g_strdup(secret_of(r, d));
	} else if (d->kind == D_JWT) {
		made = make_token(r, d, shown);
	} else {
		if (ht_fill_run(d->over, ht_signed_value, r->asked, NULL, over))
			return unmade;
		made = make_mac(r, d, shown, over);
	}
	if (!made)
		return unmade;
	return put(r, shown, made) ? NULL : nowhere;
}

gboolean ht_auth_make(const ht_auth *auth, const struct ht_remake *remake, const char **ret_why)
{
	*ret_why = NULL;
	for (guint i = 0; i < auth->demands->len; i++) {	/* times first: signatures are over them too */
		const struct ht_demand *d = &g_array_index(auth->demands, struct ht_demand, i);

		if ((d->kind == D_WITHIN && !put_time(remake, d->at)) || (d->kind == D_STANDARD && !put_time(remake, d->time)))
			*ret_why = nowhere;
	}
	for (guint i = 0; i < auth->demands->len && !*ret_why; i++)
		*ret_why = meet(remake, &g_array_index(auth->demands, struct ht_demand, i));
	return !*ret_why;
}
