/* test_engine_token.c - tokens of the API: made once, used, revoked */
#include "engine_fixture.h"

#include <string.h>

#include "text.h"

static hg_command *wish(hg_lab *lab, int kind, const char *name, const char *secret)
{
	hg_command *command = lab_command(lab, HG_CMD_TOKEN, NULL);

	command->principal = "token:boss";
	command->wish.kind = kind;
	command->wish.name = name;
	command->wish.scopes = "read reply";
	hg_sha256(secret, strlen(secret), command->wish.hash);
	return command;
}

static int make(hg_lab *lab, int kind, const char *name, const char *secret)
{
	lab_do(lab, wish(lab, kind, name, secret));
	return lab->error;
}

static int about(hg_lab *lab, int kind, const char *id, gint64 expires_ms)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->text = id;
	command->wish.expires_ms = expires_ms;
	lab_do(lab, command);
	return lab->error;
}

static char *id_of(hg_lab *lab, const char *name)
{
	return lab_value(lab, "SELECT id FROM token WHERE name = '%s' ORDER BY n DESC LIMIT 1", name);
}

static void a_token_is_kept_by_its_hash_and_answered_without_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *hash = NULL, *id = NULL;
	guint8 bytes[32];

	(void)state;
	assert_int_equal(make(lab, HG_TOKEN_API, "tool", "hgt_secret"), 0);
	hg_sha256("hgt_secret", 10, bytes);
	hash = hg_hex(bytes, sizeof bytes);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM token WHERE LOWER(HEX(hash)) = '%s' AND scopes = 'read reply' AND kind = 1 "
		   "AND made_by = 'token:boss' AND channels IS NULL", hash);
	id = id_of(lab, "tool");
	assert_true(hg_id_is(id, "tok"));
	assert_non_null(strstr(lab->answer, id));
	assert_non_null(strstr(lab->answer, "\"scopes\":[\"read\",\"reply\"],\"channels\":null"));
	assert_null(strstr(lab->answer, hash));
	assert_null(strstr(lab->answer, "hash"));
	/* Nor is the secret in what is done again after a loss. */
	lab_counts(lab, 0, "SELECT COUNT(*) FROM journal WHERE INSTR(body, CAST('hgt_secret' AS BLOB))");
}

static void a_name_is_one_programs_as_long_as_its_token_is_good(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("api: { tokens: { desk: { token: env:LAB_SECRET, scopes: read } } }\n");
	g_autofree char *id = NULL;
	hg_command *command;

	(void)state;
	assert_int_equal(make(lab, HG_TOKEN_API, "desk", "a"), HG_ERROR_CONFLICT);
	assert_non_null(strstr(lab->error_text, "api.tokens"));
	command = wish(lab, HG_TOKEN_API, "tool", "b");
	command->wish.expires_ms = test_now_ms + HOUR_MS;
	lab_do(lab, command);
	assert_int_equal(make(lab, HG_TOKEN_API, "tool", "c"), HG_ERROR_CONFLICT);
	id = id_of(lab, "tool");
	assert_non_null(strstr(lab->error_text, id));
	lab_wait(lab, HOUR_MS);					/* it has expired */
	assert_int_equal(make(lab, HG_TOKEN_API, "tool", "c"), 0);
	g_free(id);
	id = id_of(lab, "tool");
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, id, 0), 0);
	assert_int_equal(make(lab, HG_TOKEN_API, "tool", "d"), 0);
	lab_audit(lab);
}

static void a_token_needs_a_name_a_kind_and_scopes(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command = wish(lab, HG_TOKEN_API, "x", "a");

	(void)state;
	assert_int_equal(make(lab, HG_TOKEN_API, NULL, "a"), HG_ERROR_INPUT);
	assert_int_equal(make(lab, 0, "x", "a"), HG_ERROR_INPUT);
	assert_int_equal(make(lab, HG_TOKEN_KINDS, "x", "a"), HG_ERROR_INPUT);
	command->wish.scopes = NULL;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM token");
}

static void what_is_revoked_is_so_once_and_is_used_no_more(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *id = NULL;

	(void)state;
	make(lab, HG_TOKEN_API, "tool", "a");
	id = id_of(lab, "tool");
	assert_int_equal(about(lab, HG_CMD_TOKEN_USED, id, test_now_ms + HOUR_MS), 0);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM token WHERE used_ms = %" G_GINT64_FORMAT " AND expires_ms = 0",
		   test_now_ms / HOUR_MS * HOUR_MS);
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, id, 0), 0);
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, id, 0), HG_ERROR_STATE);
	assert_int_equal(about(lab, HG_CMD_TOKEN_USED, id, 0), HG_ERROR_STATE);
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, "tok_none", 0), HG_ERROR_MISSING);
	assert_non_null(strstr(lab->error_text, "api.tokens"));
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, NULL, 0), HG_ERROR_MISSING);
}

static void there_are_no_more_than_a_thousand_of_a_kind(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);

	(void)state;
	world_plant(lab->w, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 999) INSERT INTO token "
		    "SELECT n, 'tok_' || n, 'x' || n, 1, CAST(printf('%032d', n) AS BLOB), 'read', NULL, 'x', 1, 0, 0, 0 FROM i");
	assert_int_equal(make(lab, HG_TOKEN_API, "last", "a"), 0);
	assert_int_equal(make(lab, HG_TOKEN_API, "over", "b"), HG_ERROR_LIMIT);
	lab_audit(lab);
}

static void what_is_good_no_more_is_forgotten_after_three_months(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *id = NULL;
	hg_command *command;

	(void)state;
	make(lab, HG_TOKEN_API, "stays", "a");
	make(lab, HG_TOKEN_API, "goes", "b");
	command = wish(lab, HG_TOKEN_API, "ends", "c");
	command->wish.expires_ms = test_now_ms + HOUR_MS;
	lab_do(lab, command);
	id = id_of(lab, "goes");
	about(lab, HG_CMD_TOKEN_REVOKE, id, 0);
	lab_wait(lab, 89 * DAY_MS);
	hg_store_tend(lab->w->store, HG_LOAD_NONE);
	lab_counts(lab, 3, "SELECT COUNT(*) FROM token");
	lab_wait(lab, 2 * DAY_MS);
	hg_store_tend(lab->w->store, HG_LOAD_NONE);
	lab_is(lab, "stays", "SELECT GROUP_CONCAT(name) FROM token");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_kept_by_its_hash_and_answered_without_it),
		cmocka_unit_test(a_name_is_one_programs_as_long_as_its_token_is_good),
		cmocka_unit_test(a_token_needs_a_name_a_kind_and_scopes),
		cmocka_unit_test(what_is_revoked_is_so_once_and_is_used_no_more),
		cmocka_unit_test(there_are_no_more_than_a_thousand_of_a_kind),
		cmocka_unit_test(what_is_good_no_more_is_forgotten_after_three_months),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
