/* auth.c - who asks: a bearer token's name, or the user behind the unix socket */
#include <string.h>
#include "call.h"
#include "log.h"
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
	return !*scope || (token->scopes && (g_strv_contains((const char *const *)token->scopes, scope) ||
					     g_strv_contains((const char *const *)token->scopes, "admin")));
}

gboolean hg_auth_check(struct call *call)
{
	struct hg_ctx ctx = HG_CTX(NULL, "peer", hg_request_peer(call->req));
	const struct hg_token_conf *token;
	const char *given = bearer(call->req);
	uid_t uid;

	if (hg_request_is_local(call->req, &uid)) {	/* the socket's mode says who may */
		call->principal = g_strdup_printf("local:%u", (unsigned)uid);
		return TRUE;
	}
	token = given ? find_token(call->conf, given) : NULL;
	if (!token) {
		call->problem = "unauthorized";
		call->status = 401;
		if (given)
			hg_warn(&ctx, "api.token_refused", "unknown bearer token for %s", call->route->pattern);
		return hg_fail(&call->error, HG_ERROR_DENIED, "%s; send \"Authorization: Bearer TOKEN\" "
			       "with one of api.tokens", given ? "the token is not known" : "a token is needed");
	}
	if (!has_scope(token, call->route->scope))
		return hg_fail(&call->error, HG_ERROR_DENIED, "token \"%s\" lacks the scope \"%s\"; "
			       "add it under api.tokens.%s.scopes", token->name, call->route->scope, token->name);
	call->principal = g_strdup_printf("token:%s", token->name);
	return TRUE;
}
