/* http_auth.c - the demands of `auth:`: read from the description, and put to a request
 *
 * What is wrong with a request is told to nobody but our own log and counters: who forges learns nothing. */
#include <arpa/inet.h>
#include <string.h>

#include "http_auth.h"
#include "http_sns.h"
#include "proof.h"
#include "text.h"

#define DEMANDS_MAX 8
#define WINDOW_MS   300000

enum demand_kind { D_TOKEN, D_BASIC, D_ADDRESSES, D_HMAC, D_DIGEST, D_ED25519, D_JWT, D_SNS, D_WITHIN };
static const char *const kinds[] = { "token", "basic", "addresses", "hmac", "digest", "ed25519", "jwt", "sns", "within",
				     NULL };

struct net {			/* "192.0.2.0/24" */
	int family;
	guint bits;
	guint8 bytes[16];
};

struct claim {
	char *name;
	ht_fill *is;
};

struct demand {
	int kind;
	ht_pick *at;			/* where the token, signature, time stands */
	char **secrets;			/* names; ours */
	char *user;			/* of Basic; or NULL */
	int digest, coding;		/* enum hg_digest; of the key: enum coding */
	ht_fill *over;
	char *key, *algorithm;		/* of Ed25519, JWT */
	gint64 leeway_ms;
	gboolean need_exp;
	GArray *claims, *nets;		/* of struct claim, struct net */
	ht_sns *sns;
};

enum coding { C_RAW, C_HEX, C_BASE64 };

struct ht_auth {
	GArray *demands;
};

static void clear_claim(gpointer data)
{
	struct claim *claim = data;

	g_free(claim->name);
	ht_fill_free(claim->is);
}

static void clear_demand(gpointer data)
{
	struct demand *d = data;

	ht_pick_free(d->at);
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
		const struct demand *d = &g_array_index(auth->demands, struct demand, i);

		if (d->over && (ht_fill_has(d->over, "url") || ht_fill_has(d->over, "url_base")))
			return TRUE;
		for (guint n = 0; d->claims && n < d->claims->len; n++)
			if (ht_fill_has(g_array_index(d->claims, struct claim, n).is, "sha256(url)"))
				return TRUE;
	}
	return FALSE;
}

/* ---- reading ---- */

static void read_secrets(struct ht_look *look, struct json_object *map, struct demand *d)
{
	ht_member(look, map, "secret", TRUE);
	d->secrets = ht_texts(look, map, "secret");
	for (char **name = d->secrets; name && *name; name++)
		ht_given(look, "secret", "secret", *name);
}

static void read_over(struct ht_look *look, struct json_object *map, struct demand *d)
{
	g_autofree char *text = ht_text(look, map, "over", TRUE);

	d->over = text ? ht_signed_new(look, "over", text) : NULL;
}

static void read_digest(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static const char *const words[] = { "md5", "sha1", "sha256", "sha384", "sha512", NULL };
	int i = ht_word(look, map, "digest", words, 2);

	d->digest = i >= 0 ? hg_digest_of(words[i]) : 0;
}

static void read_token(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static const char *const keys[] = { "at", "secret", NULL };

	ht_keys(look, map, keys);
	d->at = ht_pick_new(look, map, "at", TRUE);
	read_secrets(look, map, d);
}

static void read_basic(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static const char *const keys[] = { "user", "secret", NULL };

	ht_keys(look, map, keys);
	d->user = ht_text(look, map, "user", FALSE);
	read_secrets(look, map, d);
}

static gboolean read_net(const char *text, struct net *ret)
{
	g_auto(GStrv) sides = g_strsplit(text, "/", 2);
	gint64 bits;

	*ret = (struct net){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
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

static void read_addresses(struct ht_look *look, struct json_object *map, struct demand *d)
{
	g_auto(GStrv) texts = ht_texts(look, map, "addresses");

	d->nets = g_array_new(FALSE, TRUE, sizeof(struct net));
	for (char **text = texts; text && *text; text++) {
		struct net net;

		if (read_net(*text, &net))
			g_array_append_val(d->nets, net);
		else
			ht_wrong(look, "addresses", "'%.60s' is no address: 192.0.2.7, 192.0.2.0/24 and 2001:db8::/32 are", *text);
	}
}

static void read_hmac(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static const char *const keys[] = { "digest", "secret", "key", "over", "at", NULL };
	static const char *const codings[] = { "raw", "hex", "base64", NULL };

	ht_keys(look, map, keys);
	read_digest(look, map, d);
	read_secrets(look, map, d);
	d->coding = ht_word(look, map, "key", codings, C_RAW);
	read_over(look, map, d);
	d->at = ht_pick_new(look, map, "at", TRUE);
}

/* A hash over a string with the secret in it, for those who have no HMAC. */
static void read_plain_digest(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static const char *const keys[] = { "digest", "over", "at", NULL };

	ht_keys(look, map, keys);
	read_digest(look, map, d);
	read_over(look, map, d);
	d->at = ht_pick_new(look, map, "at", TRUE);
	if (d->over && !ht_fill_has(d->over, "secret:"))
		ht_wrong(look, "over", "without ${secret:NAME} in it anybody can make this hash");
}

static void read_ed25519(struct ht_look *look, struct json_object *map, struct demand *d)
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

static void read_claims(struct ht_look *look, struct json_object *map, struct demand *d)
{
	g_auto(GStrv) claims = ht_read_map(look, map, "claims");
	gsize was = ht_enter(look, "claims");

	d->claims = g_array_new(FALSE, TRUE, sizeof(struct claim));
	g_array_set_clear_func(d->claims, clear_claim);
	for (char **c = claims; c && *c; c += 2) {
		struct claim claim = { .name = g_strdup(c[0]),
				       .is = ht_signed_new(look, c[0], c[1]) };

		g_array_append_val(d->claims, claim);
	}
	ht_leave(look, was);
}

static void read_jwt(struct ht_look *look, struct json_object *map, struct demand *d)
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

static void read_within(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static const char *const keys[] = { "at", "window", NULL };

	ht_keys(look, map, keys);
	d->at = ht_pick_new(look, map, "at", TRUE);
	d->leeway_ms = ht_span(look, map, "window", WINDOW_MS);
}

static void read_kind(struct ht_look *look, struct json_object *map, struct demand *d)
{
	static void (*const readers[])(struct ht_look *, struct json_object *, struct demand *) = {
		[D_TOKEN] = read_token, [D_BASIC] = read_basic, [D_HMAC] = read_hmac, [D_DIGEST] = read_plain_digest,
		[D_ED25519] = read_ed25519, [D_JWT] = read_jwt, [D_WITHIN] = read_within,
	};
	struct json_object *inner = ht_member(look, map, kinds[d->kind], FALSE);
	gsize was;

	if (d->kind == D_ADDRESSES) {
		read_addresses(look, map, d);
		return;
	}
	was = ht_enter(look, kinds[d->kind]);
	if (!json_object_is_type(inner, json_type_object))
		ht_wrong(look, NULL, "a map is wanted here: %s: { ... }", kinds[d->kind]);
	else if (d->kind == D_SNS)
		d->sns = ht_sns_new(look, inner);
	else
		readers[d->kind](look, inner, d);
	ht_leave(look, was);
}

static void read_demand(struct ht_look *look, struct json_object *map, ht_auth *auth)
{
	struct demand d = { .kind = -1 };

	if (!json_object_is_type(map, json_type_object) || json_object_object_length(map) != 1) {
		g_autofree char *all = g_strjoinv(", ", (char **)kinds);

		ht_wrong(look, NULL, "each demand is a map of one: %s", all);
		return;
	}
	if (!ht_keys(look, map, kinds))
		return;
	json_object_object_foreach(map, name, value) {
		(void)value;
		d.kind = ht_index(kinds, name);
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

	auth->demands = g_array_new(FALSE, TRUE, sizeof(struct demand));
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

/* ---- judging ---- */

static const char *secret_of(const struct ht_asked *asked, const char *name)
{
	return ht_given_value(asked->scope->secrets, name);
}

/* All of them are tried, whichever fits: rotation shows in no time. */
static gboolean any_secret(const struct ht_asked *asked, const struct demand *d, const char *given)
{
	gboolean fits = FALSE;

	for (char **name = d->secrets; *name; name++)
		fits |= hg_secret_is(secret_of(asked, *name), given);
	return fits;
}

static gboolean basic_holds(const struct demand *d, const struct ht_asked *asked)
{
	const char *header = asked->req->header(asked->req, "Authorization");
	g_autofree guint8 *given = NULL;
	gboolean fits = FALSE;
	gsize len;

	if (!header || g_ascii_strncasecmp(header, "Basic ", 6) != 0)
		return FALSE;
	given = hg_unbase64(header + 6, &len);
	if (!given || memchr(given, 0, len))
		return FALSE;
	given = g_realloc(given, len + 1);
	given[len] = '\0';
	for (char **name = d->secrets; *name; name++) {
		const char *secret = secret_of(asked, *name);
		g_autofree char *both = d->user && secret ? g_strconcat(d->user, ":", secret, NULL) : g_strdup(secret);

		fits |= hg_secret_is(both, (const char *)given);
	}
	return fits;
}

static gboolean in_net(const struct net *net, int family, const guint8 *bytes)
{
	guint whole = net->bits / 8, rest = net->bits % 8;

	if (family != net->family || memcmp(net->bytes, bytes, whole) != 0)
		return FALSE;
	return !rest || !((net->bytes[whole] ^ bytes[whole]) & (0xff00 >> rest) & 0xff);
}

static gboolean address_holds(const struct demand *d, const char *peer)
{
	struct net net;

	/* "::ffff:192.0.2.1" is the IPv4 address in it. */
	if (peer && g_ascii_strncasecmp(peer, "::ffff:", 7) == 0 && strchr(peer, '.'))
		peer += 7;
	if (!peer || !read_net(peer, &net))
		return FALSE;
	for (guint i = 0; i < d->nets->len; i++)
		if (in_net(&g_array_index(d->nets, struct net, i), net.family, net.bytes))
			return TRUE;
	return FALSE;
}

static guint8 *key_of(const struct demand *d, const char *secret, gsize *ret_len)
{
	g_autofree guint8 *bytes = NULL;

	if (d->coding == C_BASE64)
		return hg_unbase64(secret, ret_len);
	*ret_len = d->coding == C_HEX ? strlen(secret) / 2 : strlen(secret);
	if (d->coding == C_RAW)
		return g_memdup2(secret, *ret_len + 1);
	bytes = g_malloc(*ret_len + 1);
	return hg_unhex(secret, bytes, *ret_len) ? g_steal_pointer(&bytes) : NULL;
}

static gboolean hmac_holds(const struct demand *d, const struct ht_asked *asked, const char *given, const GString *over)
{
	gboolean fits = FALSE;

	for (char **name = d->secrets; *name; name++) {
		const char *secret = secret_of(asked, *name);
		gsize len = 0;
		g_autofree guint8 *key = secret ? key_of(d, secret, &len) : NULL;

		fits |= key && len && hg_mac_is(d->digest, key, len, over->str, over->len, given);
	}
	return fits;
}

static gboolean ed25519_holds(const struct demand *d, const struct ht_asked *asked, const char *given, const GString *over)
{
	g_autofree char *why = NULL, *key = NULL;
	g_autoptr(ht_path) path = d->key[0] == '$' ? ht_path_new(d->key, FALSE, &why) : NULL;

	key = path ? ht_path_text(path, asked->scope) : g_strdup(d->key);
	return key && hg_ed25519_is(key, over->str, over->len, given);
}

/* A hash of the body is in no claim where there is no body. */
static gboolean claim_holds(const struct claim *claim, struct json_object *claims, struct ht_asked *asked)
{
	g_autoptr(GString) want = g_string_new(NULL);
	struct json_object *is = NULL;
	g_autofree char *text = NULL;

	json_object_object_get_ex(claims, claim->name, &is);
	if (!is && !asked->req->len && ht_fill_has(claim->is, "sha256(body)"))
		return TRUE;
	if (!is || ht_fill_run(claim->is, ht_signed_value, asked, NULL, want))
		return FALSE;
	text = ht_json_text(is);
	return text && strcmp(text, want->str) == 0;
}

static gboolean claims_hold(const struct demand *d, struct json_object *claims, const struct ht_asked *asked)
{
	struct ht_asked copy = *asked;

	for (guint i = 0; i < d->claims->len; i++)
		if (!claim_holds(&g_array_index(d->claims, struct claim, i), claims, &copy))
			return FALSE;
	return TRUE;
}

static gboolean jwt_holds(const struct demand *d, const struct ht_asked *asked, const char *given)
{
	const char *token = g_ascii_strncasecmp(given, "Bearer ", 7) == 0 ? given + 7 : given, *why;
	gboolean fits = FALSE;

	for (char **name = d->secrets; *name; name++) {
		const char *secret = secret_of(asked, *name);
		struct json_object *claims = NULL;

		if (secret)
			claims = hg_jwt_read(token, d->algorithm, secret, strlen(secret), asked->scope->now_ms / 1000,
					     d->leeway_ms / 1000, d->need_exp, &why);
		fits |= claims && claims_hold(d, claims, asked);
		json_object_put(claims);
	}
	return fits;
}

static gboolean within_holds(const struct demand *d, const struct ht_asked *asked)
{
	gint64 at = ht_pick_time(d->at, asked->scope);

	return at > 0 && ABS(asked->scope->now_ms - at) <= d->leeway_ms;
}

/* Of the demands over a string that is put together. */
static gboolean signature_holds(const struct demand *d, const struct ht_asked *asked)
{
	g_autofree char *given = ht_pick_text(d->at, asked->scope);
	g_autoptr(GString) over = g_string_new(NULL);
	struct ht_asked copy = *asked;

	if (!given)
		return FALSE;
	if (d->kind == D_TOKEN)
		return any_secret(asked, d, given);
	if (d->kind == D_JWT)
		return jwt_holds(d, asked, given);
	if (ht_fill_run(d->over, ht_signed_value, &copy, NULL, over))
		return FALSE;
	if (d->kind == D_HMAC)
		return hmac_holds(d, asked, given, over);
	if (d->kind == D_DIGEST)
		return hg_digest_is(d->digest, over->str, over->len, given);
	return ed25519_holds(d, asked, given, over);
}

static int judge(const struct demand *d, const struct ht_asked *asked)
{
	switch (d->kind) {
	case D_BASIC:
		return basic_holds(d, asked) ? HT_GENUINE : HT_FORGED;
	case D_ADDRESSES:
		return address_holds(d, asked->req->peer) ? HT_GENUINE : HT_FORGED;
	case D_WITHIN:
		return within_holds(d, asked) ? HT_GENUINE : HT_FORGED;
	case D_SNS:
		return ht_sns_judge(d->sns, asked);
	default:
		return signature_holds(d, asked) ? HT_GENUINE : HT_FORGED;
	}
}

int ht_auth_judge(const ht_auth *auth, const struct ht_asked *asked, const char **ret_why)
{
	int verdict = HT_GENUINE;

	*ret_why = NULL;
	for (guint i = 0; i < auth->demands->len && verdict == HT_GENUINE; i++) {
		const struct demand *d = &g_array_index(auth->demands, struct demand, i);

		verdict = judge(d, asked);
		if (verdict != HT_GENUINE)
			*ret_why = kinds[d->kind];
	}
	return verdict;
}
