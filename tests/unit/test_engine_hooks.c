/* test_engine_hooks.c - what waits for hooks: in order, to the millisecond, after restarts, and made again
 *
 * R0.13, R2.3: facts before the rules, with a deadline and a default. */
#include <string.h>

#include "engine_fixture.h"
#include "rebuild.h"

#define ANA "tel:+15550001"
#define BEN "tel:+15550002"

static const char two_hooks[] =
	"hooks:\n"
	"  crm: { url: \"https://crm.example/\", secrets: \"env:LAB_SECRET\", deadline: 2s, cache: 1h,\n"
	"         default: { contact: { tier: standard } } }\n"
	"  mood: { url: \"https://mood.example/\", secrets: \"env:LAB_SECRET\", deadline: 1s }\n"
	"rules:\n"
	"- { name: gold, when: { contact: { tier: gold } }, do: { convert: { priority: high } } }\n"
	"- { name: angry, when: { fact: { sentiment: angry } }, do: { convert: } }\n"
	"- { name: unknown, when: { contact: { tier: standard } }, do: { hold: true } }\n";

#define GOLD  "{\"contact\":{\"tier\":\"gold\"},\"thread\":{\"fields\":{\"order\":\"A-1\"}}}"
#define ANGRY "{\"message\":{\"sentiment\":\"angry\"}}"

/* The oldest question that went out and was not answered yet; said NULL: an error. */
static void answer(hg_lab *lab, const char *hook, const char *said)
{
	hg_dispatch *asked = lab_take(lab, HG_TO_HOOK);
	hg_command *command = hg_command_new(HG_CMD_FACTS);

	assert_non_null(asked);
	assert_string_equal(asked->job.name, hook);
	command->job_n = asked->job.n;
	command->fence = asked->fence;
	if (said) {
		command->facts.body = hg_arena_str(command->arena, said);
		command->facts.len = strlen(said);
	} else {
		command->facts.text = "it answered 500";
	}
	lab_do(lab, command);
	lab_drop(asked);
}

static char *texts(hg_lab *lab)
{
	return lab_value(lab, "SELECT GROUP_CONCAT(text) FROM (SELECT text FROM message WHERE direction = 1 ORDER BY n)");
}

#define assert_texts(lab, want) do {			\
	g_autofree char *got_ = texts(lab);		\
	assert_string_equal(got_ ?: "", want);		\
} while (0)

/* ---- time ---- */

static void each_hook_is_waited_for_up_to_its_own_deadline(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	(void)state;

	lab_say(lab, ANA, "one");
	lab_wait(lab, 999);
	assert_texts(lab, "");
	lab_wait(lab, 1);	/* mood's is over, crm's is not */
	assert_texts(lab, "");
	answer(lab, "crm", GOLD);
	assert_texts(lab, "one");
	lab_is(lab, "gold", "SELECT rule FROM decision");
	lab_is(lab, "high", "SELECT priority FROM ticket");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM question");	/* mood's answer may still come */
	answer(lab, "mood", ANGRY);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM question");
	lab_audit(lab);
}

static void the_deadline_is_kept_to_the_millisecond_and_over_a_restart(void **state)
{
	for (int restart = 0; restart < 2; restart++) {
		g_autoptr(hg_lab) lab = lab_new(two_hooks);

		lab_say(lab, ANA, "one");
		lab_wait(lab, 1999);
		assert_texts(lab, "");
		if (restart)
			lab_restart(lab);
		assert_texts(lab, "");
		lab_wait(lab, 1);
		assert_texts(lab, "one");
		lab_is(lab, "unknown", "SELECT rule FROM decision");
		/* When it came, not when it was judged. */
		assert_int_equal(test_now_ms - lab_count(lab, "SELECT at_ms FROM message WHERE direction = 1"), 2000);
		assert_int_equal(test_now_ms - lab_count(lab, "SELECT first_message_ms FROM thread"), 2000);
		assert_int_equal(test_now_ms, lab_count(lab, "SELECT at_ms FROM decision"));
		lab_audit(lab);
	}
	(void)state;
}

static void settle_counts_from_when_the_message_came(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(
		"settle: 20s\nhooks:\n  mood: { url: \"https://mood.example/\", secrets: \"env:LAB_SECRET\", deadline: 5s }\n");
	(void)state;

	lab_say(lab, ANA, "one");
	lab_wait(lab, 5000);
	assert_texts(lab, "one");
	lab_wait(lab, 14999);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
	lab_wait(lab, 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
}

/* ---- order ---- */

static void nothing_of_a_contact_overtakes_what_waits(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	g_autofree char *first = NULL;
	struct hg_in late = lab_text(ANA, "uno");
	(void)state;

	first = g_strdup(lab_say(lab, ANA, "one"));
	lab_say(lab, ANA, "two");
	lab_say(lab, BEN, "ben");
	late.kind = HG_EDIT;
	late.target = first;
	lab_in(lab, "wa", &late, 1);
	answer(lab, "crm", GOLD);
	answer(lab, "mood", "{}");	/* one is over: two still waits for mood */
	assert_texts(lab, "one");
	answer(lab, "mood", "{}");
	assert_texts(lab, "uno,two");
	answer(lab, "crm", NULL);
	answer(lab, "mood", ANGRY);
	assert_texts(lab, "uno,two,ben");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM waiting");
	lab_audit(lab);
}

static void so_many_wait_that_no_more_is_asked_and_all_are_there_in_order(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("hooks:\n  mood: { url: \"https://mood.example/\", secrets: \"env:LAB_SECRET\" }\n");
	g_autoptr(GString) want = g_string_new(NULL);
	(void)state;

	for (int i = 0; i < 205; i++) {
		g_autofree char *text = g_strdup_printf("m%d", i);

		lab_say(lab, ANA, text);
		g_string_append_printf(want, "%s%s", i ? "," : "", text);
	}
	lab_counts(lab, 200, "SELECT COUNT(*) FROM question WHERE state = 1");
	lab_wait(lab, 2000);
	assert_texts(lab, want->str);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_audit(lab);
}

/* ---- what is kept ---- */

static void a_kept_answer_serves_those_that_wait_and_those_that_come(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	(void)state;

	lab_say(lab, ANA, "one");
	lab_say(lab, ANA, "two");
	answer(lab, "crm", GOLD);
	answer(lab, "mood", "{}");
	answer(lab, "mood", "{}");
	assert_texts(lab, "one,two");
	lab_wait(lab, HOUR_MS - 1);
	lab_say(lab, ANA, "three");
	answer(lab, "mood", "{}");
	lab_wait(lab, 1);
	lab_say(lab, ANA, "four");	/* the hour is over */
	answer(lab, "crm", GOLD);
	answer(lab, "mood", "{}");
	assert_texts(lab, "one,two,three,four");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM decision WHERE on_event = 'message' "
		   "AND facts LIKE '%%\"crm\":{\"outcome\":\"cached\"%%'");
}

static void a_late_answer_is_known_the_next_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	(void)state;

	lab_say(lab, ANA, "one");
	lab_wait(lab, 2000);
	lab_is(lab, "unknown", "SELECT rule FROM decision");
	answer(lab, "crm", GOLD);
	lab_is(lab, "gold", "SELECT tier FROM contact");
	answer(lab, "mood", NULL);
	lab_say(lab, ANA, "two");
	answer(lab, "mood", "{}");
	lab_is(lab, "gold", "SELECT rule FROM decision WHERE on_event = 'message' ORDER BY n DESC LIMIT 1");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM question");
}

static void what_is_under_way_when_we_die_is_asked_again_under_the_same_id(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	g_autofree char *id = NULL;
	(void)state;

	lab_say(lab, ANA, "one");
	id = lab_value(lab, "SELECT key FROM outbox WHERE name = 'crm'");
	lab_restart(lab);
	lab_run(lab);
	lab_is(lab, id, "SELECT key FROM outbox WHERE name = 'crm' AND state = 3");
	answer(lab, "crm", GOLD);
	answer(lab, "mood", "{}");
	assert_texts(lab, "one");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox WHERE target = 4");
}

static void a_hook_that_is_taken_out_holds_nobody_up(void **state)
{
	static const char without_crm[] =
		"hooks:\n  mood: { url: \"https://mood.example/\", secrets: \"env:LAB_SECRET\", deadline: 1s }\n";
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	(void)state;

	lab_say(lab, ANA, "one");
	lab_reload(lab, without_crm);
	lab_run(lab);
	assert_texts(lab, "");
	lab_wait(lab, 999);
	assert_texts(lab, "");
	lab_wait(lab, 1);	/* mood's deadline, not that of crm */
	assert_texts(lab, "one");
	answer(lab, "crm", GOLD);
	answer(lab, "mood", NULL);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM question");
	lab_audit(lab);
}

/* ---- done again ---- */

static void first_difference(void *arg, const struct hg_store_difference *difference)
{
	char **why = arg;

	if (!*why)
		*why = g_strdup_printf("%s %s: was %s, is %s", difference->table, difference->column ?: "(row)",
				       difference->was ?: "-", difference->is ?: "-");
}

static void not_again(void *arg, gint64 row_n, gint64 at_ms, const GError *error)
{
	char **why = arg;

	(void)at_ms;
	if (!*why)
		*why = g_strdup_printf("row %" G_GINT64_FORMAT ": %s", row_n, error->message);
}

static void a_history(hg_lab *lab)
{
	for (int i = 0; i < 3; i++) {
		lab_say(lab, ANA, "one");
		lab_say(lab, BEN, "two");
		lab_say(lab, ANA, "three");
		lab_wait(lab, 700);
		if (i == 0)
			answer(lab, "crm", GOLD);	/* of Ana */
		if (i == 1)
			lab_restart(lab);
		lab_wait(lab, 1500);
		for (hg_dispatch *left; (left = lab_take(lab, HG_TO_HOOK));)
			lab_drop(left);		/* never answered */
		lab_reply(lab, lab_thread(lab), "hello");
		lab_wait(lab, 2 * HOUR_MS);
	}
}

/* The journal has all of it: the same questions, deadlines and decisions come of it, byte for byte. */
static void what_waited_is_made_again_from_the_journal(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(two_hooks);
	g_autofree char *path = g_build_filename(lab->w->dir, "again.db", NULL), *why = NULL;
	g_autofree char *files = g_build_filename(lab->w->dir, "again", NULL);
	struct hg_rebuild_result result;
	struct hg_rebuild_options options = {
		.from_path = lab->w->options.path, .path = path, .attachments = files, .confs = &lab->conf, .n_confs = 1,
		.ports = lab_ports(lab), .arg = &why, .refused = not_again, .differs = first_difference,
	};
	(void)state;

	a_history(lab);
	lab_counts(lab, 9, "SELECT COUNT(*) FROM message WHERE direction = 1");
	assert_true(lab_count(lab, "SELECT COUNT(*) FROM question") > 0);	/* some are still on their way */
	must(hg_rebuild(&options, &result, e));
	if (why)
		fail_msg("%s", why);
	assert_int_equal(result.differences + result.refused, 0);
	assert_true(result.rows > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hook_is_waited_for_up_to_its_own_deadline),
		cmocka_unit_test(the_deadline_is_kept_to_the_millisecond_and_over_a_restart),
		cmocka_unit_test(settle_counts_from_when_the_message_came),
		cmocka_unit_test(nothing_of_a_contact_overtakes_what_waits),
		cmocka_unit_test(so_many_wait_that_no_more_is_asked_and_all_are_there_in_order),
		cmocka_unit_test(a_kept_answer_serves_those_that_wait_and_those_that_come),
		cmocka_unit_test(a_late_answer_is_known_the_next_time),
		cmocka_unit_test(what_is_under_way_when_we_die_is_asked_again_under_the_same_id),
		cmocka_unit_test(a_hook_that_is_taken_out_holds_nobody_up),
		cmocka_unit_test(what_waited_is_made_again_from_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
