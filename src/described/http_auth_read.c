/* http_auth_read.c - the demands of `auth:`, as they are read from a description */
#include <arpa/inet.h>
#include <string.h>

#include "http_auth_inside.h"
#include "json.h"
#include "proof.h"
#include "text.h"

#define DEMANDS_MAX 8
#define WINDOW_MS   300000

const char *const ht_demand_kinds[] = { "token", "basic", "addresses", "hmac", "digest", "ed25519", "jwt", "sns", "within",
					"standard_webhooks", NULL };

static void clear_claim(gpointer data)
{
	struct ht_claim *claim = data;

	g_free(claim->name);
	ht_fill_free(claim->is);
}

static void clear_demand(gpointer data)
{
	struct ht_demand *d = data;

	ht_pick_free(d->at);
	ht_pick_free(d->time);
	g_strfreev(d->secrets);
	g_free(d->user);
	ht_fill_free(d->over);
	g_free(d->key);
	g_free(d->algorithm);
	g_clear_pointer(&d->claims, g_array_unref);
	g_clear_pointer(&d->nets, g_array_unref);
	ht_sns_free(d->sns);
}

void ht_auth_free(ht_auth *auth)
{
	if (!auth)
		return;
	g_array_unref(auth->demands);
	g_free(auth);
}

gboolean ht_auth_proves(const ht_auth *auth)
{
	return auth && auth->demands->len > 0;
}

gboolean ht_auth_wants_url(const ht_auth *auth)
{
	for (guint i = 0; auth && i < auth->demands->len; i++) {
		const struct ht_demand *d = &g_array_index(auth->demands, struct ht_demand, i);

		if (d->over && (ht_fill_has(d->over, "url") || ht_fill_has(d->over, "url_base") ||
				ht_fill_has(d->over, "url_decoded")))
			return TRUE;
		for (guint n = 0; d->claims && n < d->claims->len; n++)
			if (ht_fill_has(g_array_index(d->claims, struct ht_claim, n).is, "sha256(url)"))
				return TRUE;
	}
	return FALSE;
}

/* ---- reading ---- */

static void read_secrets(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	ht_member(look, map, "secret", TRUE);
	d->secrets = ht_texts(look, map, "secret");
	for (char **name = d->secrets; name && *name; name++)
		ht_given(look, "secret", "secret", *name);
}

static void read_over(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	g_autofree char *text = ht_text(look, map, "over", TRUE);

	d->over = text ? ht_signed_new(look, "over", text) : NULL;
}

static void read_digest(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const words[] = { "md5", "sha1", "sha256", "sha384", "sha512", NULL };
	int i = ht_word(look, map, "digest", words, 2);

	d->digest = i >= 0 ? hg_digest_of(words[i]) : 0;
}

static void read_token(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "at", "secret", NULL };

	ht_keys(look, map, keys);
	d->at = ht_pick_new(look, map, "at", TRUE);
	read_secrets(look, map, d);
}

static void read_basic(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "user", "secret", NULL };

	ht_keys(look, map, keys);
	d->user = ht_text(look, map, "user", FALSE);
	read_secrets(look, map, d);
}

gboolean ht_net_read(const char *text, struct ht_net *ret)
{
	g_auto(GStrv) sides = g_strsplit(text, "/", 2);
	gint64 bits;

	*ret = (struct ht_net){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	if (!sides[0] || inet_pton(ret->family, sides[0], ret->bytes) != 1)
		return FALSE;
	ret->bits = ret->family == AF_INET ? 32 : 128;
	if (!sides[1])
		return TRUE;
	if (!g_ascii_string_to_signed(sides[1], 10, 0, ret->bits, &bits, NULL))
		return FALSE;
	ret->bits = (guint)bits;
	return TRUE;
}

static void read_addresses(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	g_auto(GStrv) texts = ht_texts(look, map, "addresses");

	d->nets = g_array_new(FALSE, TRUE, sizeof(struct ht_net));
	for (char **text = texts; text && *text; text++) {
		struct ht_net net;

		if (ht_net_read(*text, &net))
			g_array_append_val(d->nets, net);
		else
			ht_wrong(look, "addresses", "'%.60s' is no address: 192.0.2.7, 192.0.2.0/24 and 2001:db8::/32 are", *text);
	}
}

static void read_hmac(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "digest", "secret", "key", "over", "at", NULL };
	static const char *const codings[] = { "raw", "hex", "base64", "whsec", NULL };

	ht_keys(look, map, keys);
	read_digest(look, map, d);
	read_secrets(look, map, d);
	d->coding = ht_word(look, map, "key", codings, C_RAW);
	read_over(look, map, d);
	d->at = ht_pick_new(look, map, "at", TRUE);
}

/* Standard Webhooks 1.0.0, "Webhook headers" and "Signature scheme": three headers say all but the secret. */
static void read_standard(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "secret", "window", NULL };
	g_autoptr(json_object) given = json_object_new_object();

	ht_keys(look, map, keys);
	read_secrets(look, map, d);
	d->leeway_ms = ht_span(look, map, "window", WINDOW_MS);
	d->digest = HG_SHA256;
	d->coding = C_WHSEC;
	json_object_object_add(given, "at", json_object_new_string("$header:webhook-signature"));
	json_object_object_add(given, "time", json_object_new_string("$header:webhook-timestamp"));
	d->at = ht_pick_new(look, given, "at", TRUE);
	d->time = ht_pick_new(look, given, "time", TRUE);
	d->over = ht_signed_new(look, "standard_webhooks", "${header:webhook-id}.${header:webhook-timestamp}.${body}");
}

/* A hash over a string with the secret in it, for those who have no HMAC. */
static void read_plain_digest(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "digest", "over", "at", NULL };

	ht_keys(look, map, keys);
	read_digest(look, map, d);
	read_over(look, map, d);
	d->at = ht_pick_new(look, map, "at", TRUE);
	if (d->over && !ht_fill_has(d->over, "secret:"))
		ht_wrong(look, "over", "without ${secret:NAME} in it anybody can make this hash");
}

static void read_ed25519(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "key", "over", "at", NULL };

	ht_keys(look, map, keys);
	d->key = ht_text(look, map, "key", TRUE);
	if (d->key && d->key[0] == '$') {
		g_autoptr(ht_path) path = ht_take_path(look, "key", d->key, FALSE);

		if (path && !ht_path_names(path, "value") && !ht_path_names(path, "secret"))
			ht_wrong(look, "key", "a public key stands here, or $value:NAME");
	}
	read_over(look, map, d);
	d->at = ht_pick_new(look, map, "at", TRUE);
}

static void read_claims(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	g_auto(GStrv) claims = ht_read_map(look, map, "claims");
	gsize was = ht_enter(look, "claims");

	d->claims = g_array_new(FALSE, TRUE, sizeof(struct ht_claim));
	g_array_set_clear_func(d->claims, clear_claim);
	for (char **c = claims; c && *c; c += 2) {
		struct ht_claim claim = { .name = g_strdup(c[0]),
				       .is = ht_signed_new(look, c[0], c[1]) };

		g_array_append_val(d->claims, claim);
	}
	ht_leave(look, was);
}

static void read_jwt(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "at", "algorithm", "secret", "leeway", "expires", "claims", NULL };
	static const char *const algorithms[] = { "HS256", "HS384", "HS512", "RS256", "ES256", NULL };
	int i;

	ht_keys(look, map, keys);
	i = ht_word(look, map, "algorithm", algorithms, 0);
	d->algorithm = i >= 0 ? g_strdup(algorithms[i]) : NULL;
	d->at = ht_pick_new(look, map, "at", TRUE);
	read_secrets(look, map, d);
	d->leeway_ms = ht_span(look, map, "leeway", 5000);
	d->need_exp = ht_bool(look, map, "expires", TRUE);
	read_claims(look, map, d);
}

static void read_within(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static const char *const keys[] = { "at", "window", NULL };

	ht_keys(look, map, keys);
	d->at = ht_pick_new(look, map, "at", TRUE);
	d->leeway_ms = ht_span(look, map, "window", WINDOW_MS);
}

static void read_kind(struct ht_look *look, struct json_object *map, struct ht_demand *d)
{
	static void (*const readers[])(struct ht_look *, struct json_object *, struct ht_demand *) = {
		[D_TOKEN] = read_token, [D_BASIC] = read_basic, [D_HMAC] = read_hmac, [D_DIGEST] = read_plain_digest,
		[D_ED25519] = read_ed25519, [D_JWT] = read_jwt, [D_WITHIN] = read_within,
		[D_STANDARD] = read_standard,
	};
	struct json_object *inner = ht_member(look, map, ht_demand_kinds[d->kind], FALSE);
	gsize was;

	if (d->kind == D_ADDRESSES) {
		read_addresses(look, map, d);
		return;
	}
	was = ht_enter(look, ht_demand_kinds[d->kind]);
	if (!json_object_is_type(inner, json_type_object))
		ht_wrong(look, NULL, "a map is wanted here: %s: { ... }", ht_demand_kinds[d->kind]);
	else if (d->kind == D_SNS)
		d->sns = ht_sns_new(look, inner);
	else
		readers[d->kind](look, inner, d);
	ht_leave(look, was);
}

static void read_demand(struct ht_look *look, struct json_object *map, ht_auth *auth)
{
	struct ht_demand d = { .kind = -1 };

	if (!json_object_is_type(map, json_type_object) || json_object_object_length(map) != 1) {
		g_autofree char *all = g_strjoinv(", ", (char **)ht_demand_kinds);

		ht_wrong(look, NULL, "each demand is a map of one: %s", all);
		return;
	}
	if (!ht_keys(look, map, ht_demand_kinds))
		return;
	json_object_object_foreach(map, name, value) {
		(void)value;
		d.kind = ht_index(ht_demand_kinds, name);
	}
	read_kind(look, map, &d);
	g_array_append_val(auth->demands, d);
}

/* Each demand may stand alone without the list around it. */
ht_auth *ht_auth_new(struct ht_look *look, struct json_object *map, const char *key)
{
	struct json_object *value = ht_member(look, map, key, FALSE);
	g_autoptr(ht_auth) auth = g_new0(ht_auth, 1);
	gboolean list = json_object_is_type(value, json_type_array);
	gsize n = list ? json_object_array_length(value) : 1, was;
	guint errors = look->errors;

	auth->demands = g_array_new(FALSE, TRUE, sizeof(struct ht_demand));
	g_array_set_clear_func(auth->demands, clear_demand);
	if (json_object_is_type(value, json_type_string) && strcmp(json_object_get_string(value), "none") == 0)
		return g_steal_pointer(&auth);
	if (n < 1 || n > DEMANDS_MAX) {
		ht_wrong(look, key, "must have 1 to %d demands; where there is nothing to check, write auth: none", DEMANDS_MAX);
		return NULL;
	}
	was = ht_enter(look, key);
	for (gsize i = 0; i < n; i++) {
		gsize inner = list ? ht_enter_at(look, i) : look->at->len;

		read_demand(look, list ? json_object_array_get_idx(value, i) : value, auth);
		ht_leave(look, inner);
	}
	ht_leave(look, was);
	return look->errors == errors ? g_steal_pointer(&auth) : NULL;
}
