/* test_auth.c - who may ask: tokens, scopes, and the unix socket; the request is a fake */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call.h"

#define GOOD "functional-tests-token-0123456789"

struct hg_request {
	const char *authorization;
	gboolean local;
};

const char *hg_request_header(const hg_request *req, const char *name)
{
	return strcmp(name, "Authorization") ? NULL : req->authorization;
}

gboolean hg_request_is_local(const hg_request *req, uid_t *ret_uid)
{
	if (req->local)
		*ret_uid = 1001;
	return req->local;
}

/* ---- a configuration of three tokens ---- */

static hg_conf *some_conf(void)
{
	static char *desk_scopes[] = { (char *)"read", (char *)"reply", NULL };
	static char *boss_scopes[] = { (char *)"admin", NULL };
	static struct hg_token_conf desk = { (char *)"desk", (char *)GOOD, desk_scopes },
				    boss = { (char *)"boss", (char *)"the-token-of-the-boss-0123456789", boss_scopes },
				    none = { (char *)"none", (char *)"a-token-without-any-scope-01234", NULL };
	static hg_conf conf;

	conf.tokens = g_ptr_array_new();
	g_ptr_array_add(conf.tokens, &desk);
	g_ptr_array_add(conf.tokens, &boss);
	g_ptr_array_add(conf.tokens, &none);
	return &conf;
}

static int ask(const char *authorization, const char *scope, char **ret_principal, char **ret_why)
{
	struct route route = { .scope = scope };
	hg_request req = { .authorization = authorization };
	hg_conf *conf = some_conf();
	GError *error = NULL;
	int status;

	*ret_principal = *ret_why = NULL;
	status = hg_auth_check(conf, &req, &route, ret_principal, &error);
	g_ptr_array_unref(conf->tokens);
	assert_int_equal(status == 0, *ret_principal != NULL);
	assert_int_equal(status == 0, error == NULL);
	if (error)
		*ret_why = g_strdup(error->message);
	g_clear_error(&error);
	return status;
}

static void a_token_opens_what_its_scopes_name(void **state)
{
	static const struct { const char *token, *scope; int status; const char *says; } cases[] = {
		{ "Bearer " GOOD, "read", 0, "token:desk" },
		{ "Bearer " GOOD, "reply", 0, "token:desk" },
		{ "Bearer " GOOD, "convert", 403, "token \"desk\" lacks the scope \"convert\"; add it under api.tokens.desk.scopes" },
		{ "Bearer " GOOD, "admin", 403, "lacks the scope \"admin\"" },
		{ "Bearer the-token-of-the-boss-0123456789", "convert", 0, "token:boss" },
		{ "Bearer the-token-of-the-boss-0123456789", "admin", 0, "token:boss" },
		{ "Bearer a-token-without-any-scope-01234", "read", 403, "token \"none\" lacks" },
		{ "bearer " GOOD, "read", 0, "token:desk" },		/* RFC 9110: schemes in any case */
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *principal = NULL, *why = NULL;
		int status = ask(cases[i].token, cases[i].scope, &principal, &why);

		assert_int_equal(status, cases[i].status);
		if (!strstr(status ? why : principal, cases[i].says))
			fail_msg("case %zu says %s", i, status ? why : principal);
	}
}

static void what_is_no_token_opens_nothing(void **state)
{
	static const struct { const char *authorization, *why; } cases[] = {
		{ NULL, "a token is needed" }, { "", "a token is needed" }, { GOOD, "a token is needed" },
		{ "Basic " GOOD, "a token is needed" }, { "Bearer", "a token is needed" }, { "Bearer" GOOD, "a token is needed" },
		{ "Bearer ", "the token is not known" }, { "Bearer  " GOOD, "the token is not known" },
		{ "Bearer " GOOD " ", "the token is not known" }, { "Bearer " GOOD "x", "the token is not known" },
		{ "Bearer functional-tests-token-012345678", "the token is not known" },
		{ "Bearer Functional-tests-token-0123456789", "the token is not known" },
		{ "Bearer desk", "the token is not known" }, { "Bearer \"" GOOD "\"", "the token is not known" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *principal = NULL, *why = NULL;

		if (ask(cases[i].authorization, "read", &principal, &why) != 401 || !g_str_has_prefix(why, cases[i].why))
			fail_msg("\"%s\": %s", cases[i].authorization, why ?: "let in");
		assert_null(strstr(why, "functional-tests"));		/* no token is ever repeated */
	}
}

/* The socket's mode says who may: a token is neither needed nor looked at. */
static void the_unix_socket_needs_no_token(void **state)
{
	static const char *const headers[] = { NULL, "Bearer wrong" };
	struct route route = { .scope = "admin" };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		hg_request req = { .authorization = headers[i], .local = TRUE };
		hg_conf conf = { .tokens = g_ptr_array_new() };
		g_autofree char *principal = NULL;

		assert_int_equal(hg_auth_check(&conf, &req, &route, &principal, NULL), 0);
		assert_string_equal(principal, "local:1001");
		g_ptr_array_unref(conf.tokens);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_opens_what_its_scopes_name),
		cmocka_unit_test(what_is_no_token_opens_nothing),
		cmocka_unit_test(the_unix_socket_needs_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
