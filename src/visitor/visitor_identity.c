/* visitor_identity.c - reads what the site's server signed; pure */
#include "visitor_identity.h"

#include <string.h>

#include "fail.h"
#include "json.h"
#include "proof.h"
#include "text.h"

#define LEEWAY_S 60			/* clocks of two servers */
#define USER_MAX 200			/* bytes */
#define NAME_MAX_BYTES 200
#define EMAIL_MAX 254			/* RFC 5321, section 4.5.3.1.3, without the brackets */
#define JTI_MAX 200

gboolean hg_visitor_email_fits(const char *text)
{
	const char *at = strrchr(text, '@');

	if (!at || at == text || !at[1] || strlen(text) > EMAIL_MAX || !hg_text_printable(text))
		return FALSE;
	return !strpbrk(text, " \t\n<>,;:\"()[]\\") && at[1] != '.' && !g_str_has_suffix(text, ".");
}

gboolean hg_visitor_phone_fits(const char *text)
{
	gsize digits = text[0] == '+' ? strspn(text + 1, "0123456789") : 0;

	return digits >= 4 && digits <= 15 && !text[1 + digits] && text[1] != '0';
}

/* One line of words, or nothing. */
static const char *take_text(hg_arena *arena, const char *text, gsize most)
{
	if (!text || !*text || strlen(text) > most || !hg_text_printable(text) || strpbrk(text, "\n\t"))
		return NULL;
	return hg_arena_str(arena, text);
}

/* Ids are numbers in many databases, and as JSON then. */
static const char *take_user(hg_arena *arena, struct json_object *from, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(from, key, &value) ||
	    (!json_object_is_type(value, json_type_string) && !json_object_is_type(value, json_type_int)))
		return NULL;
	return take_text(arena, json_object_get_string(value), USER_MAX);
}

static gboolean refuse(GError **error, const char *why)
{
	return hg_fail(error, HG_ERROR_DENIED, "%s", why);
}

/* ---- JWT ---- */

/* Whenever it is good, is it signed by this key? */
static gboolean is_by(const char *jwt, const char *algorithm, const char *key, const char **why)
{
	g_autoptr(json_object) claims = hg_jwt_read(jwt, algorithm, key, strlen(key), 0, G_MAXINT32, FALSE, why);

	return claims != NULL;
}

/* The key first, so that what is said of an old token is that it has expired, and not that other keys do not fit. */
static struct json_object *read_by_any(const struct hg_visitor_conf *conf, const char *jwt, gint64 now_ms, const char **why)
{
	const char *algorithm = conf->identity.algorithm;
	char *const *keys = g_str_has_prefix(algorithm, "HS") ? conf->identity.secrets : conf->identity.public_keys;

	*why = "this channel has no key for identity tokens";
	for (; keys && *keys; keys++)
		if (is_by(jwt, algorithm, *keys, why))
			return hg_jwt_read(jwt, algorithm, *keys, strlen(*keys), now_ms / 1000, LEEWAY_S, TRUE, why);
	return NULL;
}

/* RFC 7519, section 4.1.3: one, or a list of them. */
static gboolean is_for_us(struct json_object *claims, const char *audience)
{
	struct json_object *aud = NULL;

	if (!audience)
		return TRUE;
	if (!json_object_object_get_ex(claims, "aud", &aud))
		return FALSE;
	if (json_object_is_type(aud, json_type_string))
		return strcmp(json_object_get_string(aud), audience) == 0;
	for (gsize i = 0; json_object_is_type(aud, json_type_array) && i < json_object_array_length(aud); i++)
		if (g_strcmp0(json_object_get_string(json_object_array_get_idx(aud, i)), audience) == 0)
			return TRUE;
	return FALSE;
}

/* A stolen token that never ends would be its thief's for ever. */
static gboolean ends_soon(struct json_object *claims, gint64 now_ms, gint64 max_age_ms)
{
	struct json_object *exp = json_object_object_get(claims, "exp");

	return json_object_get_double(exp) <= (double)(now_ms + max_age_ms) / 1000.0 + LEEWAY_S;
}

static void take_contact(struct json_object *from, hg_arena *arena, struct visitor_vouched *ret)
{
	const char *email = hg_json_str(from, "email");
	const char *phone = hg_json_str(from, "phone_number") ?: hg_json_str(from, "phone");

	ret->email = email && hg_visitor_email_fits(email) ? hg_arena_str(arena, email) : NULL;
	ret->phone = phone && hg_visitor_phone_fits(phone) ? hg_arena_str(arena, phone) : NULL;
	ret->name = take_text(arena, hg_json_str(from, "name"), NAME_MAX_BYTES);
}

static gboolean read_jwt(const struct hg_visitor_conf *conf, const char *jwt, gint64 now_ms, hg_arena *arena,
			 struct visitor_vouched *ret, GError **error)
{
	const char *why = NULL;
	g_autoptr(json_object) claims = read_by_any(conf, jwt, now_ms, &why);

	if (!claims)
		return refuse(error, why);
	if (!ends_soon(claims, now_ms, conf->identity.max_age_ms))
		return refuse(error, "the token is good for longer than this channel allows (exp; identity.max_age)");
	if (!is_for_us(claims, conf->identity.audience))
		return refuse(error, "the token is for somebody else (aud)");
	ret->user = take_user(arena, claims, "user_id") ?: take_user(arena, claims, "sub");
	if (!ret->user)
		return refuse(error, "the token names no user of one line and at most 200 bytes (user_id or sub)");
	take_contact(claims, arena, ret);
	ret->email_vouched = ret->email && hg_json_bool(claims, "email_verified", TRUE);
	ret->phone_vouched = ret->phone && hg_json_bool(claims, "phone_number_verified", FALSE);
	ret->jti = take_text(arena, hg_json_str(claims, "jti"), JTI_MAX);
	return TRUE;
}

/* ---- HMAC ---- */

static gboolean is_signed(const struct hg_visitor_conf *conf, const char *text, const char *hmac)
{
	gboolean is = FALSE;

	for (char *const *key = conf->identity.secrets; key && *key; key++)
		is |= hg_mac_is(HG_SHA256, *key, strlen(*key), text, strlen(text), hmac);
	return is;
}

static gboolean read_hmac(const struct hg_visitor_conf *conf, struct json_object *identity, hg_arena *arena,
			  struct visitor_vouched *ret, GError **error)
{
	const char *hmac = hg_json_str(identity, "hmac");
	g_autofree char *both = NULL;

	if (!conf->identity.hmac)
		return refuse(error, "this channel takes identity tokens (jwt) only");
	ret->user = take_user(arena, identity, "user_id");
	if (!ret->user || !hmac)
		return refuse(error, "user_id, of one line and at most 200 bytes, and hmac are wanted");
	take_contact(identity, arena, ret);
	both = ret->email ? g_strconcat(ret->user, "\n", ret->email, NULL) : NULL;
	ret->email_vouched = both && is_signed(conf, both, hmac);
	if (ret->email_vouched || is_signed(conf, ret->user, hmac))
		return TRUE;
	return refuse(error, "the hmac does not hold");
}

gboolean hg_visitor_identity_read(const struct hg_visitor_conf *conf, struct json_object *identity, gint64 now_ms,
				  hg_arena *arena, struct visitor_vouched *ret, GError **error)
{
	const char *jwt = hg_json_str(identity, "jwt");

	memset(ret, 0, sizeof *ret);
	return jwt ? read_jwt(conf, jwt, now_ms, arena, ret, error) : read_hmac(conf, identity, arena, ret, error);
}
