/* visitor_token.c - ids of visitors and their tokens; pure */
#include "visitor_token.h"

#include <string.h>

#include "json.h"
#include "proof.h"
#include "text.h"

#define PREFIX "hv1."
#define MAC_LEN 43			/* characters of base64url of 32 bytes */
#define RANDOM_BYTES 16
#define BROWSER_BYTES 12

static void set_id(struct visitor_who *who, const char *id)
{
	g_strlcpy(who->id, id, sizeof who->id);
	g_snprintf(who->uri, sizeof who->uri, HG_VISITOR_SCHEME "%s", who->id);
}

void hg_visitor_new_id(struct hg_env *env, struct visitor_who *who)
{
	guint8 bytes[RANDOM_BYTES];
	g_autofree char *id = NULL;

	env->random(env, bytes, sizeof bytes);
	id = hg_base64(bytes, sizeof bytes, TRUE);
	set_id(who, id);
	who->identified = FALSE;
}

void hg_visitor_user_id(const guint8 key[32], const char *scope, const char *user, struct visitor_who *who)
{
	g_autoptr(GString) text = g_string_new(scope);
	g_autofree char *code = NULL, *id = NULL;
	guint8 mac[32];

	g_string_append_c(text, '\0');		/* neither has one */
	g_string_append(text, user);
	hg_hmac_sha256(key, 32, text->str, text->len, mac);
	code = hg_base64(mac, sizeof mac, TRUE);
	id = g_strconcat("u", code, NULL);
	set_id(who, id);
	who->identified = TRUE;
}

void hg_visitor_new_browser(struct hg_env *env, struct visitor_who *who)
{
	guint8 bytes[BROWSER_BYTES];
	g_autofree char *code = NULL;

	env->random(env, bytes, sizeof bytes);
	code = hg_base64(bytes, sizeof bytes, TRUE);
	g_strlcpy(who->browser, code, sizeof who->browser);
}

/* ---- tokens ---- */

static char *sign(const guint8 key[32], const char *text, gsize len)
{
	guint8 mac[32];

	hg_hmac_sha256(key, 32, text, len, mac);
	return hg_base64(mac, sizeof mac, TRUE);
}

char *hg_visitor_token_make(const guint8 key[32], const struct visitor_who *who)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autofree char *code = NULL, *body = NULL, *mac = NULL;

	hg_json_open(json, '{');
	hg_json_add_str(json, "v", who->id);
	hg_json_add_str(json, "c", who->channel);
	hg_json_add_str(json, "b", who->browser);
	hg_json_add_bool(json, "k", who->identified);
	hg_json_add_int(json, "s", who->began_ms);
	hg_json_add_int(json, "i", who->issued_ms);
	hg_json_add_int(json, "e", who->expires_ms);
	hg_json_opt_str(json, "u", who->user);
	hg_json_opt_str(json, who->email_vouched ? "m" : "mc", who->email);
	hg_json_opt_str(json, who->phone_vouched ? "p" : "pc", who->phone);
	hg_json_opt_str(json, "n", who->name);
	hg_json_close(json, '}');
	code = hg_base64(json->str, json->len, TRUE);
	body = g_strconcat(PREFIX, code, NULL);
	mac = sign(key, body, strlen(body));
	return g_strconcat(body, ".", mac, NULL);
}

static void read_said(struct json_object *claims, hg_arena *arena, struct visitor_who *ret)
{
	const char *email = hg_json_str(claims, "m"), *phone = hg_json_str(claims, "p");

	ret->user = hg_arena_str(arena, hg_json_str(claims, "u"));
	ret->name = hg_arena_str(arena, hg_json_str(claims, "n"));
	ret->email_vouched = email != NULL;
	ret->email = hg_arena_str(arena, email ? email : hg_json_str(claims, "mc"));
	ret->phone_vouched = phone != NULL;
	ret->phone = hg_arena_str(arena, phone ? phone : hg_json_str(claims, "pc"));
}

/* Only we can have made it, so nothing in it is hostile; a later version of us may have, though. */
static gboolean read_claims(const char *code, gsize len, hg_arena *arena, struct visitor_who *ret)
{
	g_autofree char *text = g_strndup(code, len);
	gsize bytes_len = 0;
	g_autofree guint8 *bytes = hg_unbase64(text, &bytes_len);
	g_autoptr(json_object) claims = bytes ? hg_json_parse(bytes, bytes_len, NULL, NULL) : NULL;
	const char *id = hg_json_str(claims, "v"), *channel = hg_json_str(claims, "c"), *browser = hg_json_str(claims, "b");

	if (!id || !channel || !browser || strlen(id) >= sizeof ret->id || strlen(browser) >= sizeof ret->browser)
		return FALSE;
	set_id(ret, id);
	g_strlcpy(ret->browser, browser, sizeof ret->browser);
	ret->channel = hg_arena_str(arena, channel);
	ret->identified = hg_json_bool(claims, "k", FALSE);
	ret->began_ms = hg_json_int(claims, "s", 0);
	ret->issued_ms = hg_json_int(claims, "i", 0);
	ret->expires_ms = hg_json_int(claims, "e", 0);
	read_said(claims, arena, ret);
	return strlen(id) == HG_VISITOR_ANONYMOUS || strlen(id) == HG_VISITOR_IDENTIFIED;
}

gboolean hg_visitor_token_read(const guint8 key[32], const char *token, hg_arena *arena, struct visitor_who *ret)
{
	const char *dot = token && g_str_has_prefix(token, PREFIX) ? strchr(token + strlen(PREFIX), '.') : NULL;
	g_autofree char *mac = NULL;

	memset(ret, 0, sizeof *ret);
	if (!dot || strlen(token) > HG_VISITOR_TOKEN_MAX || strlen(dot + 1) != MAC_LEN)
		return FALSE;
	/* The very characters, not the bytes they stand for: the last one has bits that mean nothing. */
	mac = sign(key, token, (gsize)(dot - token));
	if (!hg_equal_secret(mac, MAC_LEN, dot + 1, MAC_LEN))
		return FALSE;
	return read_claims(token + strlen(PREFIX), (gsize)(dot - token) - strlen(PREFIX), arena, ret);
}
