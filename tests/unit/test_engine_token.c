/* test_engine_token.c - tokens of the API: made once, used, revoked; links and sessions of the console */
#include "engine_fixture.h"

#include <string.h>

#include "text.h"

static hg_command *wish(hg_lab *lab, int kind, const char *name, const char *secret)
{
	hg_command *command = lab_command(lab, HG_CMD_TOKEN, NULL);

	command->principal = "local:1000";
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
		   "AND made_by = 'local:1000' AND channels IS NULL", hash);
	id = id_of(lab, "tool");
	assert_true(hg_id_is(id, "tok"));
	assert_non_null(strstr(lab->answer, id));
	assert_non_null(strstr(lab->answer, "\"scopes\":[\"read\",\"reply\"],\"channels\":null"));
	assert_null(strstr(lab->answer, hash));
	assert_null(strstr(lab->answer, "hash"));
	/* Nor is the secret in what is done again after a loss. */
	lab_counts(lab, 0, "SELECT COUNT(*) FROM journal WHERE INSTR(body, CAST('hgt_secret' AS BLOB)) > 0");
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
		    "SELECT n, 'tok_' || n, 'x' || n, 1, randomblob(32), 'read', NULL, 'x', 1, 0, 0, 0, 0 FROM i");
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

/* ---- the console ---- */

static int invite(hg_lab *lab, const char *name, const char *secret)
{
	return make(lab, HG_TOKEN_LINK, name, secret);
}

static int invite_as(hg_lab *lab, const char *program, const char *name, const char *secret)
{
	hg_command *command = wish(lab, HG_TOKEN_LINK, name, secret);
	g_autofree char *principal = g_strconcat("token:", program, NULL);

	command->principal = hg_arena_str(command->arena, principal);
	lab_do(lab, command);
	return lab->error;
}

static int enter(hg_lab *lab, const char *link, const char *secret)
{
	hg_command *command = wish(lab, HG_TOKEN_SESSION, NULL, secret);

	command->principal = "console";
	hg_sha256(link, strlen(link), command->wish.link);
	lab_do(lab, command);
	return lab->error;
}

static char *session_of(hg_lab *lab, const char *name)
{
	return lab_value(lab, "SELECT id FROM token WHERE kind = 3 AND name = '%s' ORDER BY n DESC LIMIT 1", name);
}

static int leave(hg_lab *lab, const char *id, gboolean everywhere)
{
	hg_command *command = lab_command(lab, HG_CMD_TOKEN_REVOKE, NULL);

	command->wish.kind = HG_TOKEN_SESSION;
	command->text = id;
	command->remove = everywhere;
	lab_do(lab, command);
	return lab->error;
}

static int use(hg_lab *lab, const char *name)
{
	g_autofree char *id = session_of(lab, name);

	return about(lab, HG_CMD_TOKEN_USED, id, 0);
}

static void a_link_opens_one_session_with_its_name_and_scopes(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *bare = wish(lab, HG_TOKEN_LINK, "ann", "l0");

	(void)state;
	bare->wish.scopes = NULL;
	lab_do(lab, bare);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	assert_int_equal(invite(lab, "ann", "l1"), 0);
	assert_int_equal(enter(lab, "l1", "s1"), 0);
	assert_int_equal(enter(lab, "l1", "s2"), HG_ERROR_DENIED);
	assert_int_equal(enter(lab, "l2", "s2"), HG_ERROR_DENIED);
	assert_int_equal(enter(lab, "s1", "s2"), HG_ERROR_DENIED);	/* a session is no link */
	make(lab, HG_TOKEN_API, "tool", "t");
	assert_int_equal(enter(lab, "t", "s2"), HG_ERROR_DENIED);	/* nor is a token */
	lab_counts(lab, 1, "SELECT COUNT(*) FROM token WHERE kind = 3 AND name = 'ann' AND scopes = 'read reply' AND "
		   "made_by = 'local:1000' AND revoked_ms = 0");
	lab_audit(lab);
}

static void a_link_ends_after_ten_minutes_and_a_hundred_wait(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);

	(void)state;
	for (guint i = 0; i < HG_LINKS_MAX; i++) {
		g_autofree char *secret = g_strdup_printf("l%u", i);

		assert_int_equal(invite(lab, "ann", secret), 0);
	}
	assert_int_equal(invite(lab, "ann", "more"), HG_ERROR_LIMIT);
	lab_wait(lab, HG_LINK_MS - 1);
	assert_int_equal(enter(lab, "l1", "s1"), 0);
	lab_wait(lab, 1);
	assert_int_equal(enter(lab, "l2", "s2"), HG_ERROR_DENIED);
	assert_int_equal(invite(lab, "ann", "more"), 0);
}

static void a_session_ends_when_it_is_idle_and_after_a_week_at_most(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	gint64 began_ms;

	(void)state;
	invite(lab, "ann", "l1");
	enter(lab, "l1", "s1");
	began_ms = test_now_ms;
	for (guint i = 0; i < 15; i++) {		/* used again and again it goes on */
		lab_wait(lab, 11 * HOUR_MS);
		assert_int_equal(use(lab, "ann"), 0);
	}
	lab_counts(lab, 1, "SELECT COUNT(*) FROM token WHERE kind = 3 AND expires_ms = %" G_GINT64_FORMAT,
		   began_ms + HG_SESSION_LIFE_MS);
	lab_wait(lab, began_ms + HG_SESSION_LIFE_MS - test_now_ms);
	assert_int_equal(use(lab, "ann"), HG_ERROR_STATE);
	invite(lab, "ann", "l2");
	enter(lab, "l2", "s2");
	lab_wait(lab, HG_SESSION_IDLE_MS);
	assert_int_equal(use(lab, "ann"), HG_ERROR_STATE);
}

static void signing_out_ends_one_or_all_of_a_name(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	static const char *const names[] = { "ann", "ann", "ann", "ben" };
	g_autofree char *one = NULL, *two = NULL, *tool = NULL;

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *link = g_strdup_printf("l%u", i), *secret = g_strdup_printf("s%u", i);

		invite(lab, names[i], link);
		assert_int_equal(enter(lab, link, secret), 0);
	}
	one = session_of(lab, "ann");
	assert_int_equal(leave(lab, one, FALSE), 0);
	lab_is(lab, "ann,ann,ben", "SELECT GROUP_CONCAT(name) FROM token WHERE kind = 3 AND revoked_ms = 0");
	assert_int_equal(leave(lab, one, FALSE), HG_ERROR_MISSING);
	assert_int_equal(leave(lab, NULL, FALSE), HG_ERROR_MISSING);
	two = lab_value(lab, "SELECT id FROM token WHERE kind = 3 AND name = 'ann' AND revoked_ms = 0 LIMIT 1");
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, two, 0), HG_ERROR_MISSING);	/* it is no token of the API */
	assert_int_equal(leave(lab, two, TRUE), 0);
	lab_is(lab, "ben", "SELECT GROUP_CONCAT(name) FROM token WHERE kind = 3 AND revoked_ms = 0");
	make(lab, HG_TOKEN_API, "tool", "t");
	tool = id_of(lab, "tool");
	assert_int_equal(leave(lab, tool, FALSE), HG_ERROR_MISSING);
}

/* Who has a token that may invite could else stay inside without it. */
static void a_token_takes_along_who_came_in_by_its_links(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *boss = NULL;

	(void)state;
	make(lab, HG_TOKEN_API, "boss", "t");
	invite_as(lab, "boss", "ann", "l1");
	invite_as(lab, "boss", "ben", "l2");
	enter(lab, "l1", "s1");
	boss = id_of(lab, "boss");
	assert_int_equal(about(lab, HG_CMD_TOKEN_REVOKE, boss, 0), 0);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM token WHERE revoked_ms = 0");
	assert_int_equal(enter(lab, "l2", "s2"), HG_ERROR_DENIED);
}

#define TOKENS(more) "api: { tokens: { ops: { token: env:LAB_SECRET, scopes: [read, admin] }" more " } }\n"
#define TOOL ", tool: { token: env:LAB_SECRET_2, scopes: admin }"

/* A session of ops's and one of tool's, and a link of each that nobody has used. */
static void let_in(hg_lab *lab)
{
	assert_int_equal(invite_as(lab, "ops", "ann", "l1"), 0);
	assert_int_equal(enter(lab, "l1", "s1"), 0);
	assert_int_equal(invite_as(lab, "ops", "amy", "l2"), 0);
	assert_int_equal(invite_as(lab, "tool", "tim", "l3"), 0);
	assert_int_equal(enter(lab, "l3", "s3"), 0);
	assert_int_equal(invite_as(lab, "tool", "tom", "l4"), 0);
	assert_int_equal(invite(lab, "joe", "l5"), 0);		/* of who sits at the machine: no configuration takes that away */
}

#define STILL_IN "SELECT GROUP_CONCAT(name) FROM (SELECT name FROM token WHERE kind > 1 AND revoked_ms = 0 ORDER BY name) AS t"

static void now_with(hg_lab *lab, const char *yaml)
{
	lab_reload(lab, yaml);
	lab_run(lab);
}

static void who_came_in_by_a_token_of_the_configuration_goes_with_it(void **state)
{
	g_autoptr(hg_lab) lab = NULL;
	(void)state;

	g_setenv("LAB_SECRET_2", "the secret of the tool", TRUE);
	lab = lab_new(TOKENS(TOOL));
	let_in(lab);
	now_with(lab, TOKENS(TOOL) "settle: 1h\n");
	lab_is(lab, "amy,ann,joe,tim,tom", STILL_IN);
	now_with(lab, TOKENS(""));
	lab_is(lab, "amy,ann,joe", STILL_IN);
	assert_int_equal(enter(lab, "l4", "s4"), HG_ERROR_DENIED);
	/* It was asked for while the token was good, and comes late. */
	assert_int_equal(invite_as(lab, "tool", "ted", "l6"), HG_ERROR_DENIED);
	assert_non_null(strstr(lab->error_text, "token:tool is good no more"));
	now_with(lab, TOKENS(TOOL));				/* that it is back brings nobody back */
	lab_is(lab, "amy,ann,joe", STILL_IN);
	assert_int_equal(invite_as(lab, "tool", "ted", "l6"), 0);
	lab_audit(lab);
}

static void a_token_that_may_do_less_or_has_another_secret_lets_nobody_stay(void **state)
{
	static const char *const less[] = {
		"api: { tokens: { ops: { token: env:LAB_SECRET, scopes: [admin, read] }, tool: { token: env:LAB_SECRET_2, scopes: [read, operate] } } }\n",
		TOKENS(", tool: { token: env:LAB_SECRET_3, scopes: admin }"),
	};
	(void)state;

	g_setenv("LAB_SECRET_2", "the secret of the tool", TRUE);
	g_setenv("LAB_SECRET_3", "the tool's other secret", TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(less); i++) {
		g_autoptr(hg_lab) lab = lab_new(TOKENS(TOOL));

		let_in(lab);
		now_with(lab, less[i]);
		lab_is(lab, "amy,ann,joe", STILL_IN);
		if (i == 1)
			assert_int_equal(invite_as(lab, "tool", "ted", "l6"), 0);	/* by the new secret */
		now_with(lab, less[i]);
		lab_is(lab, i == 1 ? "amy,ann,joe,ted" : "amy,ann,joe", STILL_IN);
	}
}

static void one_session_too_many_ends_the_one_that_was_idle_longest(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);

	(void)state;
	world_plant(lab->w, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 1000) INSERT INTO token "
		    "SELECT n, 'tok_' || n, 'x' || n, 3, CAST(printf('%032d', n) AS BLOB), 'read', NULL, 'x', 1, 9e15, 0, 2000 - n, 0 FROM i");
	invite(lab, "ann", "l1");
	assert_int_equal(enter(lab, "l1", "s1"), 0);
	lab_is(lab, "x1000", "SELECT GROUP_CONCAT(name) FROM token WHERE kind = 3 AND revoked_ms > 0");
}

/* Another process asks for what is behind a place it knows, and misses nothing of several that changed at once. */
static void changes_are_read_in_their_order_from_any_place(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_token_place at = { 0 };
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) told = g_string_new(NULL);
	g_autofree char *ann = NULL;

	(void)state;
	make(lab, HG_TOKEN_API, "tool", "t");
	for (guint i = 0; i < 3; i++) {
		g_autofree char *link = g_strdup_printf("l%u", i), *secret = g_strdup_printf("s%u", i);

		invite(lab, "ann", link);
		enter(lab, link, secret);
	}
	ann = session_of(lab, "ann");
	leave(lab, ann, TRUE);
	for (;;) {
		g_autoptr(GPtrArray) rows = g_ptr_array_new();
		const hg_token *token;

		must(hg_store_token_changed(lab->w->store, arena, &at, 1, rows, e));
		if (!rows->len)
			break;
		token = g_ptr_array_index(rows, 0);
		at = (struct hg_token_place){ token->rev, token->n };
		g_string_append_printf(told, "%d%s ", token->kind, token->revoked_ms ? "-" : "");
	}
	assert_string_equal(told->str, "1 2- 2- 2- 3- 3- 3- ");
	must(hg_store_token_rev(lab->w->store, &at.n, e));
	assert_true(at.n >= at.rev);
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
		cmocka_unit_test(a_link_opens_one_session_with_its_name_and_scopes),
		cmocka_unit_test(a_link_ends_after_ten_minutes_and_a_hundred_wait),
		cmocka_unit_test(a_session_ends_when_it_is_idle_and_after_a_week_at_most),
		cmocka_unit_test(signing_out_ends_one_or_all_of_a_name),
		cmocka_unit_test(a_token_takes_along_who_came_in_by_its_links),
		cmocka_unit_test(who_came_in_by_a_token_of_the_configuration_goes_with_it),
		cmocka_unit_test(a_token_that_may_do_less_or_has_another_secret_lets_nobody_stay),
		cmocka_unit_test(one_session_too_many_ends_the_one_that_was_idle_longest),
		cmocka_unit_test(changes_are_read_in_their_order_from_any_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
