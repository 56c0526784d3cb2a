/* auth.c - who asks, by a bearer token or the unix socket, and whether he may */
#include <string.h>
#include "call.h"

static const char *bearer(const hg_request *req)
{
	const char *value = hg_request_header(req, "Authorization");

	return value && g_ascii_strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

/* What is to be changed so that he may. */
static gboolean lacks(const struct hg_principal *who, const char *scope, GError **error)
{
	const char *name = strchr(who->name, ':');

	name = name ? name + 1 : who->name;
	if (!g_str_has_prefix(who->name, "token:"))
		return hg_fail(error, HG_ERROR_DENIED, "%s may not do this: it takes the scope \"%s\"", name, scope);
	if (who->token_n)
		return hg_fail(error, HG_ERROR_DENIED, "token \"%s\" lacks the scope \"%s\"; make one that has it with "
			       "headgatectl token create", name, scope);
	return hg_fail(error, HG_ERROR_DENIED, "token \"%s\" lacks the scope \"%s\"; add it under api.tokens.%s.scopes",
		       name, scope, name);
}

int hg_auth_may(const struct hg_principal *who, const struct route *route, GError **error)
{
	g_autofree char *channels = NULL;

	if (!hg_scope_allows(who->scopes, hg_scope_of_word(route->scope))) {
		lacks(who, route->scope, error);
		return 403;
	}
	if (!who->channels || (route->object != HG_OBJ_WHOLE && route->object != HG_OBJ_TOKEN))
		return 0;
	channels = g_strjoinv(", ", who->channels);
	hg_fail(error, HG_ERROR_DENIED, "%s sees the channels %s only, and this is about the gateway as a whole", who->name,
		channels);
	return 403;
}

static const struct hg_principal *local(uid_t uid)
{
	g_autofree char *name = g_strdup_printf("local:%u", (unsigned)uid);

	return hg_principal_new(name, HG_SCOPE_ALL, NULL);	/* the socket's mode says who may */
}

static const struct hg_principal *by_token(const hg_keys *keys, const hg_request *req, gint64 now_ms, int *ret_status, GError **error)
{
	const char *given = bearer(req);
	const struct hg_principal *who = given ? hg_keys_find(keys, given, HG_TOKEN_API) : NULL;

	*ret_status = 0;
	if (who && hg_principal_holds(who, now_ms) && !(who->token_n && hg_keys_doubted(keys)))
		return who;
	*ret_status = who && hg_principal_holds(who, now_ms) ? 503 : 401;
	if (*ret_status == 503)
		hg_fail(error, HG_ERROR_BUSY, HG_KEYS_IN_DOUBT);
	else if (who)
		hg_fail(error, HG_ERROR_DENIED, "the token has expired; make another with headgatectl token create");
	else
		hg_fail(error, HG_ERROR_DENIED, "%s; send \"Authorization: Bearer TOKEN\" with one of api.tokens, or one that "
			"headgatectl token create made", given ? "the token is not known" : "a token is needed");
	hg_principal_unref(who);
	return NULL;
}

int hg_auth_check(const hg_keys *keys, const hg_request *req, const struct route *route, gint64 now_ms,
		  const struct hg_principal **ret_who, GError **error)
{
	const struct hg_principal *who;
	int status = 0;
	uid_t uid;

	who = hg_request_is_local(req, &uid) ? local(uid) : by_token(keys, req, now_ms, &status, error);
	if (who)
		status = hg_auth_may(who, route, error);
	*ret_who = who;
	return status;
}
