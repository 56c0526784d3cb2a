/* auth.c - who asks: a bearer token's name, or the user behind the unix socket */
#include <string.h>
#include "call.h"
#include "text.h"

static const char *bearer(const hg_request *req)
{
	const char *value = hg_request_header(req, "Authorization");

	return value && g_ascii_strncasecmp(value, "Bearer ", 7) == 0 ? value + 7 : NULL;
}

/* Looks at all tokens whichever fits, and compares hashes, so that time tells nothing. */
static const struct hg_token_conf *find_token(const hg_conf *conf, const char *given)
{
	const struct hg_token_conf *found = NULL;
	guint8 given_hash[32], hash[32];

	hg_sha256(given, strlen(given), given_hash);
	for (guint i = 0; i < conf->tokens->len; i++) {
		const struct hg_token_conf *token = g_ptr_array_index(conf->tokens, i);

		hg_sha256(token->token, strlen(token->token), hash);
		if (hg_equal_secret(hash, sizeof hash, given_hash, sizeof given_hash))
			found = token;
	}
	return found;
}

static gboolean has_scope(const struct hg_token_conf *token, const char *scope)
{
	const char *const *scopes = (const char *const *)token->scopes;

	return scopes && (g_strv_contains(scopes, scope) || g_strv_contains(scopes, "admin"));
}

int hg_auth_check(const hg_conf *conf, const hg_request *req, const struct route *route,
		  char **ret_principal, GError **error)
{
	const struct hg_token_conf *token;
	const char *given = bearer(req);
	uid_t uid;

	if (hg_request_is_local(req, &uid)) {	/* the socket's mode says who may */
		*ret_principal = g_strdup_printf("local:%u", (unsigned)uid);
		return 0;
	}
	token = given ? find_token(conf, given) : NULL;
	if (!token) {
		hg_fail(error, HG_ERROR_DENIED, "%s; send \"Authorization: Bearer TOKEN\" with one of api.tokens",
			given ? "the token is not known" : "a token is needed");
		return 401;
	}
	if (!has_scope(token, route->scope)) {
		hg_fail(error, HG_ERROR_DENIED, "token \"%s\" lacks the scope \"%s\"; add it under "
			"api.tokens.%s.scopes", token->name, route->scope, token->name);
		return 403;
	}
	*ret_principal = g_strdup_printf("token:%s", token->name);
	return 0;
}
