/* test_engine_audit.c - who did what: one row for what was done, none for what was not, and no customer in it */
#include "engine_fixture.h"

#include <string.h>

#include "text.h"

static hg_command *audited(hg_lab *lab, int kind, const char *action, const char *object)
{
	hg_command *command = lab_command(lab, kind, object);

	command->audit = (struct hg_auditing){ .action = action, .capacity = "tok_desk", .object = hg_arena_str(command->arena, object),
					       .request = "req-1", .source = "192.0.2.1" };
	return command;
}

static const char *conversation(hg_lab *lab)
{
	struct hg_in in = lab_text("tel:+447700900123", "where is my order?");

	lab_in(lab, "wa", &in, 1);
	return lab_thread(lab);
}

static void note(hg_lab *lab, const char *thread, const char *key)
{
	hg_command *command = audited(lab, HG_CMD_NOTE, "thread.note", thread);

	command->text = "she is angry, +447700900123";
	command->agent = "Mia";
	command->idem_key = key;
	lab_do(lab, command);
}

static void what_is_done_is_told_once_in_one_transaction(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	const char *thread = conversation(lab);

	(void)state;
	lab_counts(lab, 0, "SELECT COUNT(*) FROM audit");	/* customers are no principals */
	note(lab, thread, "k1");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM audit WHERE principal = 'token:desk' AND capacity = 'tok_desk' AND action = 'thread.note' "
		   "AND kind = 'thread' AND object = '%s' AND outcome = 'ok' AND request = 'req-1' AND source = '192.0.2.1' AND at_ms = %"
		   G_GINT64_FORMAT " AND json_extract(facts, '$.agent') = 'Mia' AND json_extract(facts, '$.message') LIKE 'msg_%%'",
		   thread, test_now_ms);
	note(lab, thread, "k1");				/* the same call again does nothing twice */
	lab_counts(lab, 1, "SELECT COUNT(*) FROM audit");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM audit WHERE facts LIKE '%%angry%%' OR facts LIKE '%%7700900123%%'");
	lab_audit(lab);
}

static void what_is_not_done_leaves_no_row(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);

	(void)state;
	conversation(lab);
	note(lab, "thr_none", NULL);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	note(lab, "thr_none", "k1");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM audit");
}

/* The chain cannot be gone on with: then the write itself does not hold either. */
static void without_its_row_nothing_is_done(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	const char *thread = conversation(lab);

	(void)state;
	world_plant(lab->w, "UPDATE audit_chain SET last_hash = x''");
	note(lab, thread, NULL);
	assert_int_equal(lab->error, HG_ERROR_STORE);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message WHERE direction = 3");
}

static void what_is_no_command_has_a_row_as_it_is_said(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command = audited(lab, HG_CMD_AUDIT, "config.reload", NULL);

	(void)state;
	command->audit.outcome = "configuration";
	command->audit.facts = "{\"hash\":\"abc\"}";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM audit WHERE kind = 'config' AND object IS NULL AND outcome = 'configuration' AND "
		   "facts = '{\"hash\":\"abc\"}'");
}

static void an_answer_that_consent_bars_is_told_as_refused(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	const char *thread = conversation(lab);
	hg_command *command = audited(lab, HG_CMD_CONSENT, "consent.set", NULL);

	(void)state;
	lab->caps = HG_CAP_WORDS;
	command->text = "tel:+447700900123";
	command->channel = "wa";
	command->status = "stop";
	lab_do(lab, command);
	lab_is(lab, "{\"channel\":\"wa\",\"state\":\"stop\"}", "SELECT facts FROM audit");
	command = audited(lab, HG_CMD_REPLY, "thread.reply", thread);
	command->reply.text = "We do.";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_OPTED_OUT);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM audit WHERE outcome = 'opted-out'");
}

static void facts_are_words_of_ours_and_names_of_what_changed(void **state)
{
	static const char *const tags[] = { "vip", NULL }, *const fields[] = { "order", "4711 of Ana", NULL }, *const old[] = { "old", NULL };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	const char *thread = conversation(lab);
	hg_command *command = audited(lab, HG_CMD_PATCH, "thread.change", thread);

	(void)state;
	command->subject = "Ana wants her money back";
	command->add_tags = tags;
	command->set_fields = fields;
	command->unset_fields = old;
	lab_do(lab, command);
	lab_is(lab, "{\"subject\":true,\"tags_added\":[\"vip\"],\"fields_set\":[\"order\"],\"fields_removed\":[\"old\"]}",
	       "SELECT facts FROM audit");
	command = audited(lab, HG_CMD_CLOSE, "thread.close", thread);
	command->resolution = HG_RES_RESOLVED;
	lab_do(lab, command);
	lab_is(lab, "{\"resolution\":\"resolved\"}", "SELECT facts FROM audit WHERE action = 'thread.close'");
	command = audited(lab, HG_CMD_REOPEN, "thread.reopen", thread);
	lab_do(lab, command);
	lab_is(lab, "none", "SELECT COALESCE(facts, 'none') FROM audit WHERE action = 'thread.reopen'");
	command = audited(lab, HG_CMD_CLOSE, "thread.close", thread);
	command->ask = TRUE;
	lab_do(lab, command);
	lab_is(lab, "{\"resolution\":\"asked\"}", "SELECT facts FROM audit ORDER BY n DESC LIMIT 1");
}

static char *facts_of_pause(hg_lab *lab, const char *reason)
{
	hg_command *command = audited(lab, HG_CMD_PAUSE, "channel.pause", "wa");

	command->channel = "wa";
	command->text = reason;
	lab_do(lab, command);
	return lab_value(lab, "SELECT facts FROM audit ORDER BY n DESC LIMIT 1");
}

/* What somebody typed may name a customer, is in the chain for ever, and may be as short as "no". */
static void a_reason_is_kept_by_a_hash_that_nobody_can_try_words_against(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *one = facts_of_pause(lab, "no"), *two = facts_of_pause(lab, "no"), *sum = NULL, *seal = NULL, *want = NULL;
	g_autofree char *id = lab_value(lab, "SELECT id FROM audit ORDER BY n DESC LIMIT 1");
	g_autoptr(GString) said = g_string_new("audit reason");
	guint8 hash[32];

	(void)state;
	hg_sha256("no", 2, hash);
	sum = hg_hex(hash, sizeof(hash));
	assert_null(strstr(one, sum));
	assert_string_not_equal(one, two);			/* the same word twice, and nobody sees it */
	g_string_append_c(said, '\0');
	g_string_append_len(said, id, (gssize)strlen(id) + 1);
	g_string_append_len(said, "no", 3);
	hg_hmac_sha256(hg_store_instance_key(lab->w->store), 32, said->str, said->len, hash);
	seal = hg_base64(hash, sizeof(hash), TRUE);
	want = g_strdup_printf("{\"reason_seal\":\"%s\"}", seal);
	assert_string_equal(two, want);				/* who has the key can show which word it was */
}

static void what_is_made_is_what_the_row_is_about(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autofree char *id = NULL;
	hg_command *command = audited(lab, HG_CMD_TOKEN, "token.create", NULL);

	(void)state;
	command->wish.kind = HG_TOKEN_API;
	command->wish.name = "crm";
	command->wish.scopes = "read";
	memset(command->wish.hash, 7, sizeof(command->wish.hash));
	lab_do(lab, command);
	id = lab_value(lab, "SELECT id FROM token");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM audit WHERE kind = 'token' AND object = '%s' AND facts = "
		   "'{\"name\":\"crm\",\"scopes\":\"read\"}'", id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_done_is_told_once_in_one_transaction),
		cmocka_unit_test(what_is_not_done_leaves_no_row),
		cmocka_unit_test(without_its_row_nothing_is_done),
		cmocka_unit_test(what_is_no_command_has_a_row_as_it_is_said),
		cmocka_unit_test(an_answer_that_consent_bars_is_told_as_refused),
		cmocka_unit_test(facts_are_words_of_ours_and_names_of_what_changed),
		cmocka_unit_test(a_reason_is_kept_by_a_hash_that_nobody_can_try_words_against),
		cmocka_unit_test(what_is_made_is_what_the_row_is_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
