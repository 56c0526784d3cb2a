/* test_auth.c - who may ask: tokens, scopes, and the unix socket; the request is a fake */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call.h"
#include "text.h"

#define GOOD "functional-tests-token-0123456789"
#define NOW  G_GINT64_CONSTANT(1763632931004)

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

/* ---- a configuration of four tokens ---- */

static char *desk_scopes[] = { (char *)"read", (char *)"reply", NULL };
static char *boss_scopes[] = { (char *)"admin", NULL };
static char *one_channel[] = { (char *)"wa", (char *)"sms", NULL };
static struct hg_token_conf desk = { (char *)"desk", (char *)GOOD, desk_scopes, NULL },
			    boss = { (char *)"boss", (char *)"the-token-of-the-boss-0123456789", boss_scopes, NULL },
			    none = { (char *)"none", (char *)"a-token-without-any-scope-01234", NULL, NULL },
			    part = { (char *)"part", (char *)"a-token-of-two-channels-0123456", boss_scopes, one_channel };

static hg_keys *keys_of(struct hg_token_conf *const *tokens)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_conf conf = { .tokens = list };
	hg_keys *keys = hg_keys_new();

	for (; *tokens; tokens++)
		g_ptr_array_add(list, *tokens);
	hg_keys_set_conf(keys, &conf);
	return keys;
}

static void set_conf(hg_keys *keys, struct hg_token_conf *token)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_conf conf = { .tokens = list };

	if (token)
		g_ptr_array_add(list, token);
	hg_keys_set_conf(keys, &conf);
}

static int ask_of(const hg_keys *keys, const char *authorization, const struct route *route, char **ret_principal,
		  char **ret_why)
{
	hg_request req = { .authorization = authorization };
	const struct hg_principal *who = NULL;
	GError *error = NULL;
	int status = hg_auth_check(keys, &req, route, NOW, &who, &error);

	*ret_principal = who ? g_strdup(who->name) : NULL;
	*ret_why = error ? g_strdup(error->message) : NULL;
	assert_int_equal(status != 401 && status != 503, who != NULL);
	assert_int_equal(status == 0, error == NULL);
	hg_principal_unref(who);
	g_clear_error(&error);
	return status;
}

static int ask(const char *authorization, const char *scope, char **ret_principal, char **ret_why)
{
	static struct hg_token_conf *const all[] = { &desk, &boss, &none, &part, NULL };
	const struct route route = { .scope = scope };
	hg_keys *keys = keys_of(all);
	int status = ask_of(keys, authorization, &route, ret_principal, ret_why);

	hg_keys_free(keys);
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
		{ "Bearer " GOOD, "report", 0, "token:desk" },		/* who may read may count */
		{ "Bearer " GOOD, "operate", 403, "lacks the scope \"operate\"" },
		{ "Bearer the-token-of-the-boss-0123456789", "erase", 0, "token:boss" },
		{ "Bearer " GOOD, "nonsense", 403, "lacks the scope" },	/* of no route; nobody has it */
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
	static struct hg_token_conf *const no_tokens[] = { NULL };
	const struct route route = { .scope = "admin", .object = HG_OBJ_WHOLE };
	hg_keys *keys = keys_of(no_tokens);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
		hg_request req = { .authorization = headers[i], .local = TRUE };
		const struct hg_principal *who = NULL;

		assert_int_equal(hg_auth_check(keys, &req, &route, NOW, &who, NULL), 0);
		assert_string_equal(who->name, "local:1001");
		assert_true(hg_principal_sees(who, NULL));
		hg_principal_unref(who);
	}
	hg_keys_free(keys);
}

/* ---- channels ---- */

static void who_sees_some_channels_only_may_nothing_about_the_whole(void **state)
{
	static const struct { int object, status; } cases[] = {
		{ HG_OBJ_NONE, 0 }, { HG_OBJ_THREAD, 0 }, { HG_OBJ_CHANNEL, 0 }, { HG_OBJ_JOB, 0 },
		{ HG_OBJ_WHOLE, 403 }, { HG_OBJ_TOKEN, 403 },
	};
	static struct hg_token_conf *const all[] = { &part, &boss, NULL };
	hg_keys *keys = keys_of(all);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct route route = { .scope = "read", .object = cases[i].object };
		g_autofree char *name = NULL, *why = NULL, *boss_name = NULL, *none_why = NULL;

		assert_int_equal(ask_of(keys, "Bearer a-token-of-two-channels-0123456", &route, &name, &why), cases[i].status);
		if (why)
			assert_string_equal(why, "token:part sees the channels wa, sms only, and this is about the gateway "
					    "as a whole");
		assert_int_equal(ask_of(keys, "Bearer the-token-of-the-boss-0123456789", &route, &boss_name, &none_why), 0);
	}
	hg_keys_free(keys);
}

static void a_principal_sees_its_channels_and_what_is_of_none_only_without_a_limit(void **state)
{
	const struct hg_principal *two = hg_principal_new("x", HG_SCOPE_ALL, (const char *const *)one_channel),
				  *all = hg_principal_new("y", 0, NULL);

	(void)state;
	assert_true(hg_principal_sees(two, "wa") && hg_principal_sees(two, "sms"));
	assert_false(hg_principal_sees(two, "w") || hg_principal_sees(two, "wa2") || hg_principal_sees(two, "") ||
		     hg_principal_sees(two, NULL));
	assert_true(hg_principal_sees(all, "wa") && hg_principal_sees(all, NULL));
	hg_principal_unref(two);
	hg_principal_unref(all);
	hg_principal_unref(NULL);
}

/* ---- scopes ---- */

static void each_scope_is_a_word_and_back(void **state)
{
	static const char *const some[] = { "read", "write", "audit", NULL };
	guint32 all = 0;

	(void)state;
	for (guint i = 0; i < HG_SCOPES; i++) {
		assert_int_equal(hg_scope_of_word(hg_scope_word(1U << i)), 1U << i);
		all |= hg_scope_of_word(hg_scope_word(1U << i));
	}
	assert_int_equal(all, HG_SCOPE_ALL);
	assert_string_equal(hg_scope_word(1U << HG_SCOPES), "none");
	assert_string_equal(hg_scope_word(HG_SCOPE_READ | HG_SCOPE_AUDIT), "none");
	assert_int_equal(hg_scope_of_word("write"), 0);
	assert_int_equal(hg_scopes_of_words(NULL), 0);
	assert_int_equal(hg_scopes_of_words(some), HG_SCOPE_READ | HG_SCOPE_AUDIT);
}

static void a_scope_allows_itself_and_admin_all(void **state)
{
	(void)state;
	for (guint has = 0; has < HG_SCOPES; has++)
		for (guint wanted = 0; wanted < HG_SCOPES; wanted++)
			assert_int_equal(hg_scope_allows(1U << has, 1U << wanted), has == wanted ||
					 1U << has == HG_SCOPE_ADMIN ||
					 (1U << has == HG_SCOPE_READ && 1U << wanted == HG_SCOPE_REPORT));
	assert_false(hg_scope_allows(HG_SCOPE_READ | HG_SCOPE_REPLY, 0));
	assert_false(hg_scope_allows(HG_SCOPE_READ, HG_SCOPE_READ | HG_SCOPE_REPLY));
	assert_true(hg_scope_allows(HG_SCOPE_READ | HG_SCOPE_REPLY, HG_SCOPE_READ | HG_SCOPE_REPLY));
}

/* ---- a configuration takes the place of another ---- */

static void a_reload_ends_what_is_gone_or_changed_and_leaves_the_rest(void **state)
{
	static struct hg_token_conf *const two[] = { &desk, &boss, NULL };
	hg_keys *keys = keys_of(two);
	const struct hg_principal *was = hg_keys_find(keys, GOOD, HG_TOKEN_API),
				  *gone = hg_keys_find(keys, boss.token, HG_TOKEN_API), *is;
	struct hg_token_conf less = desk, fewer = desk, renamed = desk;

	(void)state;
	set_conf(keys, &desk);
	is = hg_keys_find(keys, GOOD, HG_TOKEN_API);
	assert_ptr_equal(is, was);			/* nothing of it changed */
	assert_true(hg_principal_holds(was, NOW));
	assert_false(hg_principal_holds(gone, NOW));
	assert_null(hg_keys_find(keys, boss.token, HG_TOKEN_API));
	hg_principal_unref(is);
	hg_principal_unref(gone);
	less.scopes = boss_scopes;
	fewer.channels = one_channel;
	renamed.name = (char *)"other";
	struct hg_token_conf *const changed[] = { &less, &fewer, &renamed, &desk };
	for (gsize i = 0; i < G_N_ELEMENTS(changed); i++) {
		set_conf(keys, changed[i]);
		is = hg_keys_find(keys, GOOD, HG_TOKEN_API);
		assert_ptr_not_equal(is, was);
		assert_false(hg_principal_holds(was, NOW));
		assert_true(hg_principal_holds(is, NOW));
		hg_principal_unref(was);
		was = is;
	}
	set_conf(keys, &fewer);		/* the same list of channels twice */
	is = hg_keys_find(keys, GOOD, HG_TOKEN_API);
	set_conf(keys, &fewer);
	assert_true(hg_principal_holds(is, NOW));
	hg_principal_unref(is);
	hg_principal_unref(was);
	hg_keys_free(keys);
	hg_keys_free(NULL);
}

/* ---- those of the store ---- */

static hg_token row(gint64 n, const char *name, int kind, const char *secret, guint8 hash[32])
{
	hg_sha256(secret, strlen(secret), hash);
	return (hg_token){ .n = n, .name = name, .kind = kind, .hash = hash, .hash_len = 32, .scopes = "read convert" };
}

static void a_token_of_the_store_is_good_until_it_is_revoked_or_expires(void **state)
{
	static struct hg_token_conf *const tokens[] = { NULL };
	const struct route read = { .scope = "read" }, admin = { .scope = "admin" };
	g_autofree char *name = NULL, *why = NULL, *name2 = NULL, *why2 = NULL, *name3 = NULL, *why3 = NULL;
	hg_keys *keys = keys_of(tokens);
	const struct hg_principal *who;
	guint8 hash[32];
	hg_token token = row(7, "tool", HG_TOKEN_API, "hgt_a", hash);

	(void)state;
	token.expires_ms = NOW + 1;
	token.channels = "wa sms";
	hg_keys_put(keys, &token);
	who = hg_keys_find(keys, "hgt_a", HG_TOKEN_API);
	assert_int_equal(who->token_n, 7);
	assert_int_equal(who->scopes, HG_SCOPE_READ | HG_SCOPE_CONVERT);
	assert_true(hg_principal_sees(who, "sms"));
	assert_false(hg_principal_sees(who, "mail"));
	assert_true(hg_principal_holds(who, NOW));
	assert_false(hg_principal_holds(who, NOW + 1));
	assert_int_equal(ask_of(keys, "Bearer hgt_a", &read, &name, &why), 0);
	assert_string_equal(name, "token:tool");
	assert_int_equal(ask_of(keys, "Bearer hgt_a", &admin, &name2, &why2), 403);
	assert_non_null(strstr(why2, "headgatectl token create"));
	token.expires_ms = NOW;
	hg_keys_put(keys, &token);		/* changed: what was under way for the old one ends */
	assert_false(hg_principal_holds(who, NOW - 1));
	assert_int_equal(ask_of(keys, "Bearer hgt_a", &read, &name3, &why3), 401);
	assert_non_null(strstr(why3, "has expired"));
	hg_principal_unref(who);
	who = hg_keys_find(keys, "hgt_a", HG_TOKEN_API);
	token.revoked_ms = NOW;
	hg_keys_put(keys, &token);
	hg_keys_put(keys, &token);		/* twice harms nobody */
	assert_null(hg_keys_find(keys, "hgt_a", HG_TOKEN_API));
	assert_false(hg_principal_holds(who, NOW - 1));
	hg_principal_unref(who);
	hg_keys_free(keys);
}

/* What goes on with a token that is put off goes on with it, and ends with it. */
static void a_token_that_is_put_off_goes_on(void **state)
{
	static struct hg_token_conf *const tokens[] = { NULL };
	hg_keys *keys = keys_of(tokens);
	const struct hg_principal *who;
	guint8 hash[32], other[32];
	hg_token session = row(7, "ann", HG_TOKEN_API, "hgt_s", hash), never = row(8, "ben", HG_TOKEN_API, "hgt_n", other);

	(void)state;
	g_strlcpy(session.id, "tok_7", sizeof(session.id));
	session.expires_ms = NOW + 1;
	hg_keys_put(keys, &session);
	hg_keys_put(keys, &never);
	who = hg_keys_find(keys, "hgt_s", HG_TOKEN_API);
	assert_string_equal(hg_keys_touch(keys, who, NOW), "tok_7");	/* the store hears of it once an hour */
	assert_null(hg_keys_touch(keys, who, NOW));
	assert_non_null(hg_keys_touch(keys, who, NOW + 3600000));
	session.expires_ms = NOW + 2;
	hg_keys_put(keys, &session);
	assert_true(hg_principal_holds(who, NOW + 1));
	assert_false(hg_principal_holds(who, NOW + 2));
	session.expires_ms = 0;
	hg_keys_put(keys, &session);
	assert_true(hg_principal_holds(who, G_MAXINT64));
	session.revoked_ms = NOW;
	hg_keys_put(keys, &session);
	assert_false(hg_principal_holds(who, NOW));
	assert_null(hg_keys_touch(keys, who, NOW + 7200000));
	hg_principal_unref(who);
	who = hg_principal_new("local:0", HG_SCOPE_ALL, NULL);
	assert_null(hg_keys_touch(keys, who, NOW));
	hg_principal_unref(who);
	who = hg_keys_find(keys, "hgt_n", HG_TOKEN_API);
	never.expires_ms = NOW + 5;			/* from never to some time is sooner */
	hg_keys_put(keys, &never);
	assert_false(hg_principal_holds(who, NOW));
	hg_principal_unref(who);
	hg_keys_free(keys);
}

static void who_sits_at_the_console_is_told_no_more_than_that_he_may_not(void **state)
{
	const struct hg_principal *who = hg_principal_new("console:ann", HG_SCOPE_READ, NULL);
	const struct route route = { .scope = "admin" };
	g_autoptr(GError) refused = NULL;

	(void)state;
	assert_int_equal(hg_auth_may(who, &route, &refused), 403);
	assert_string_equal(refused->message, "ann may not do this: it takes the scope \"admin\"");
	hg_principal_unref(who);
}

/* Somebody puts a token of the store into the configuration: that counts, and taking the row away changes nothing. */
static void what_the_configuration_says_goes_before_the_store(void **state)
{
	static struct hg_token_conf *const tokens[] = { &desk, NULL };
	hg_keys *keys = keys_of(tokens);
	const struct hg_principal *who;
	guint8 hash[32];
	hg_token token = row(7, "tool", HG_TOKEN_API, GOOD, hash);

	(void)state;
	hg_keys_put(keys, &token);
	token.revoked_ms = NOW;
	hg_keys_put(keys, &token);
	who = hg_keys_find(keys, GOOD, HG_TOKEN_API);
	assert_string_equal(who->name, "token:desk");
	hg_principal_unref(who);
	/* The other way round: the row was there first. */
	token.revoked_ms = 0;
	set_conf(keys, NULL);
	hg_keys_put(keys, &token);
	set_conf(keys, &desk);
	token.revoked_ms = NOW;
	hg_keys_put(keys, &token);
	who = hg_keys_find(keys, GOOD, HG_TOKEN_API);
	assert_string_equal(who->name, "token:desk");
	hg_principal_unref(who);
	hg_keys_free(keys);
}

/* Whatever differs makes another of it, and what was under way for the old one ends. */
static void a_secret_that_stands_for_something_else_is_another(void **state)
{
	static struct hg_token_conf *const tokens[] = { NULL };
	static const char *const channels[] = { "wa", "wa sms", NULL, "wa", NULL };
	hg_keys *keys = keys_of(tokens);
	const struct hg_principal *was, *is;
	guint8 hash[32];
	hg_token token = row(7, "tool", HG_TOKEN_API, "hgt_a", hash);

	(void)state;
	hg_keys_put(keys, &token);
	for (gsize i = 0; i < G_N_ELEMENTS(channels); i++) {
		was = hg_keys_find(keys, "hgt_a", HG_TOKEN_API);
		token.channels = channels[i];
		hg_keys_put(keys, &token);
		assert_false(hg_principal_holds(was, NOW));
		hg_principal_unref(was);
	}
	was = hg_keys_find(keys, "hgt_a", HG_TOKEN_API);
	token.n = 8;
	hg_keys_put(keys, &token);
	assert_false(hg_principal_holds(was, NOW));
	assert_null(hg_keys_touch(keys, was, NOW));	/* nobody's now */
	hg_principal_unref(was);
	token.kind = HG_TOKEN_SESSION;
	hg_keys_put(keys, &token);
	assert_null(hg_keys_find(keys, "hgt_a", HG_TOKEN_API));
	is = hg_keys_find(keys, "hgt_a", HG_TOKEN_SESSION);
	assert_int_equal(is->token_n, 8);
	hg_principal_unref(is);
	hg_keys_free(keys);
}

static void a_session_has_the_name_and_role_of_who_sits_there_and_a_link_opens_nothing(void **state)
{
	static struct hg_token_conf *const tokens[] = { NULL };
	const struct route read = { .scope = "read" };
	g_autofree char *name = NULL, *why = NULL;
	hg_keys *keys = keys_of(tokens);
	const struct hg_principal *who;
	guint8 hash[32], other[32];
	hg_token session = row(7, "ann", HG_TOKEN_SESSION, "s", hash), link = row(8, "ann", HG_TOKEN_LINK, "l", other);

	(void)state;
	session.scopes = "read report";
	g_strlcpy(session.id, "tok_7", sizeof(session.id));
	hg_keys_put(keys, &session);
	hg_keys_put(keys, &link);
	who = hg_keys_find(keys, "s", HG_TOKEN_SESSION);
	assert_string_equal(who->name, "console:ann");
	assert_string_equal(who->capacity, "viewer");
	assert_string_equal(hg_keys_id(keys, who), "tok_7");
	assert_null(hg_keys_find(keys, "l", HG_TOKEN_LINK));
	assert_int_equal(ask_of(keys, "Bearer s", &read, &name, &why), 401);	/* a cookie is no bearer token */
	session.revoked_ms = NOW;
	hg_keys_put(keys, &session);
	assert_null(hg_keys_id(keys, who));
	hg_principal_unref(who);
	hg_keys_free(keys);
}

static int status_of(const hg_keys *keys, const char *authorization)
{
	const struct route read = { .scope = "read" };
	g_autofree char *name = NULL, *why = NULL;
	int status = ask_of(keys, authorization, &read, &name, &why);

	assert_true(status != 503 || strstr(why, "try again later"));
	return status;
}

/* The store does not answer: what it said last may be true no more.  What the configuration says is. */
static void while_the_store_says_nothing_its_tokens_are_not_believed(void **state)
{
	static struct hg_token_conf *const tokens[] = { &desk, NULL };
	hg_keys *keys = keys_of(tokens);
	guint8 hash[32], other[32];
	hg_token token = row(7, "tool", HG_TOKEN_API, "hgt_a", hash), old = row(8, "old", HG_TOKEN_API, "hgt_o", other);

	(void)state;
	old.expires_ms = NOW;
	hg_keys_put(keys, &token);
	hg_keys_put(keys, &old);
	hg_keys_doubt(keys, TRUE);
	assert_true(hg_keys_doubted(keys));
	assert_int_equal(status_of(keys, "Bearer hgt_a"), 503);
	assert_int_equal(status_of(keys, "Bearer hgt_o"), 401);
	assert_int_equal(status_of(keys, "Bearer " GOOD), 0);
	assert_int_equal(status_of(keys, "Bearer nobody"), 401);
	hg_keys_doubt(keys, FALSE);
	assert_int_equal(status_of(keys, "Bearer hgt_a"), 0);
	hg_keys_free(keys);
}

static void roles_are_sets(void **state)
{
	(void)state;
	assert_int_equal(hg_role_scopes("viewer"), HG_SCOPE_READ | HG_SCOPE_REPORT);
	assert_int_equal(hg_role_scopes("admin"), HG_SCOPE_ALL);
	assert_false(hg_role_scopes("operator") & (HG_SCOPE_ERASE | HG_SCOPE_BACKUP | HG_SCOPE_ADMIN));
	assert_int_equal(hg_role_scopes("owner"), 0);
	assert_string_equal(hg_role_of(HG_SCOPE_READ | HG_SCOPE_REPORT), "viewer");
	assert_string_equal(hg_role_of(HG_SCOPE_READ), "");
}

static void a_row_whose_hash_is_no_hash_opens_nothing(void **state)
{
	static struct hg_token_conf *const tokens[] = { NULL };
	hg_keys *keys = keys_of(tokens);
	guint8 hash[32];
	hg_token token = row(7, "tool", HG_TOKEN_API, "hgt_a", hash);

	(void)state;
	token.hash_len = 31;
	hg_keys_put(keys, &token);
	assert_null(hg_keys_find(keys, "hgt_a", HG_TOKEN_API));
	hg_keys_free(keys);
}

static void a_name_without_a_kind_is_named_whole(void **state)
{
	const struct hg_principal *who = hg_principal_new("nobody", 0, NULL);
	const struct route route = { .scope = "read" };
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_int_equal(hg_auth_may(who, &route, &error), 403);
	assert_string_equal(error->message, "nobody may not do this: it takes the scope \"read\"");
	hg_principal_unref(who);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_opens_what_its_scopes_name),
		cmocka_unit_test(what_is_no_token_opens_nothing),
		cmocka_unit_test(the_unix_socket_needs_no_token),
		cmocka_unit_test(who_sees_some_channels_only_may_nothing_about_the_whole),
		cmocka_unit_test(a_principal_sees_its_channels_and_what_is_of_none_only_without_a_limit),
		cmocka_unit_test(each_scope_is_a_word_and_back),
		cmocka_unit_test(a_scope_allows_itself_and_admin_all),
		cmocka_unit_test(a_reload_ends_what_is_gone_or_changed_and_leaves_the_rest),
		cmocka_unit_test(a_token_of_the_store_is_good_until_it_is_revoked_or_expires),
		cmocka_unit_test(a_token_that_is_put_off_goes_on),
		cmocka_unit_test(who_sits_at_the_console_is_told_no_more_than_that_he_may_not),
		cmocka_unit_test(what_the_configuration_says_goes_before_the_store),
		cmocka_unit_test(a_secret_that_stands_for_something_else_is_another),
		cmocka_unit_test(a_row_whose_hash_is_no_hash_opens_nothing),
		cmocka_unit_test(a_session_has_the_name_and_role_of_who_sits_there_and_a_link_opens_nothing),
		cmocka_unit_test(while_the_store_says_nothing_its_tokens_are_not_believed),
		cmocka_unit_test(roles_are_sets),
		cmocka_unit_test(a_name_without_a_kind_is_named_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
