/* test_engine_group.c - commands of one group: one that fails takes nobody with it, and nothing is done twice */
#include <config.h>

#include "db.h"
#include "engine_fixture.h"
#include "turn.h"

static const char by_word[] =
	"ticket: { confirm: \"\" }\n"
	"rules:\n"
	"  - name: help\n    when: { text: { matches: 'help' } }\n    do: { convert: { } }\n";

static void say(hg_lab *lab, const char *uri, const char *text)
{
	struct hg_in in = lab_text(uri, text);

	lab_queue(lab, "wa", &in, 1);
}

/* A call that is refused when its key is written already: it can be undone only with its group, or in a savepoint. */
static void call_that_fails(hg_lab *lab, const char *key)
{
	hg_command *command = lab_command(lab, HG_CMD_CLOSE, "thr_01m7z78pwdf9fawvyz1teg01q2");

	command->idem_key = hg_arena_str(command->arena, key);
	must(hg_engine_submit(lab->engine, command, e));
}

static void one_that_fails_is_undone_alone(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(by_word);

	(void)state;
	for (int round = 0; round < 3; round++) {
		g_autofree char *a = g_strdup_printf("tel:+4477009001%d", round);
		g_autofree char *b = g_strdup_printf("tel:+4477009002%d", round);

		lab->error = 0;
		say(lab, a, "help");
		call_that_fails(lab, a);
		say(lab, b, "help");
		lab_run(lab);
		assert_int_equal(lab->error, HG_ERROR_MISSING);
		assert_int_equal(lab->stored, 2 * (round + 1));
		lab_counts(lab, 2 * (round + 1), "SELECT COUNT(*) FROM ticket");
		lab_counts(lab, 2 * (round + 1), "SELECT COUNT(*) FROM seen");
		assert_int_equal(lab_told(lab, "ticket.requested"), 2 * (round + 1));
	}
	lab_counts(lab, 0, "SELECT COUNT(*) FROM idempotency");
	assert_int_equal(lab->refused, 0);
	lab_audit(lab);
}

#ifdef HG_TEST_HOOKS	/* hints come back to the process that gives them */
static void hear(void *arg, const char *payload)
{
	assert_string_equal(payload, "one c");
	++*(guint *)arg;
}

static void other_nodes_are_told_of_what_was_written_and_of_nothing_else(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(by_word);
	guint heard = 0;
	g_autoptr(hg_store_watch) watch = hg_store_watch_new(&lab->w->options, hear, &heard, NULL);

	(void)state;
	lab->engine->ports.hint = "one c";
	say(lab, "tel:+447700900100", "help");
	lab_run(lab);
	assert_int_not_equal(heard, 0);
	heard = 0;
	hg_engine_wake(lab->engine);		/* another node wrote: it is looked at, which is nothing to tell of */
	lab_run(lab);
	assert_false(g_atomic_int_get(&lab->engine->others));
	assert_int_equal(heard, 0);
}
#endif

/* Each ticket's event goes out once, and is what was committed: also where the group was done again. */
static void what_goes_out_at_once_goes_out_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(by_word);
	struct hg_forward_result yes = { .fate = HG_SENT, .status = 200 };
	hg_dispatch *dispatch;
	guint n = 0;

	(void)state;
	lab_desk(lab);
	say(lab, "tel:+447700900001", "help");
	call_that_fails(lab, "k");
	say(lab, "tel:+447700900002", "help");
	lab_run(lab);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM outbox WHERE state = %d AND attempts = 1", HG_JOB_SENDING);
	while ((dispatch = lab_take(lab, HG_TO_BACKEND))) {
		lab_counts(lab, 1, "SELECT COUNT(*) FROM outbox o JOIN event v ON v.n = o.event_n WHERE o.n = %" G_GINT64_FORMAT
			   " AND v.id = '%s'", dispatch->job.n, dispatch->event.id);
		lab_forwarded(lab, dispatch, &yes);
		n++;
	}
	assert_int_equal(n, 2);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox");
	lab_audit(lab);
}

/* Events of one thread: the second leaves when the first was taken, however they were made. */
static void a_thread_s_events_leave_one_after_the_other(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(by_word);
	struct hg_forward_result yes = { .fate = HG_SENT, .status = 200 };
	hg_dispatch *first, *second;

	(void)state;
	lab_desk(lab);
	say(lab, "tel:+447700900001", "help");
	say(lab, "tel:+447700900001", "and more");
	lab_run(lab);
	first = lab_take(lab, HG_TO_BACKEND);
	assert_non_null(first);
	assert_string_equal(first->event.type, "ticket.requested");
	assert_null(lab_take(lab, HG_TO_BACKEND));
	lab_forwarded(lab, first, &yes);
	second = lab_take(lab, HG_TO_BACKEND);
	assert_non_null(second);
	assert_string_equal(second->event.type, "ticket.message");
	lab_forwarded(lab, second, &yes);
	lab_audit(lab);
}

/* That it is down is told, though the group in which it was said had to be done again. */
static void what_was_undone_is_news_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(by_word);
	struct hg_forward_result gone = { .fate = HG_RETRY, .status = 410, .gone = TRUE };
	hg_dispatch *dispatch;

	(void)state;
	lab_say(lab, "tel:+447700900001", "help");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_non_null(dispatch);
	call_that_fails(lab, "k");
	lab_forwarded(lab, dispatch, &gone);
	assert_int_equal(lab_told(lab, "channel.down"), 1);
}

/* Groups of one, and more that wait: the next is worked on while the disk keeps the first, and nobody hears of the
 * first before that is done. */
static void what_is_written_is_told_when_the_disk_has_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(by_word);
	gboolean ok;

	(void)state;
	lab_desk(lab);
	lab_run(lab);			/* the store is tended for the first time */
	lab->engine->group_max = 1;
	say(lab, "tel:+447700900001", "help");
	say(lab, "tel:+447700900002", "help");
	say(lab, "tel:+447700900003", "help");
	for (guint i = 1; i <= 3; i++) {
		hg_engine_step(lab->engine, &ok);
		assert_true(ok);
		lab_counts(lab, (int)i, "SELECT COUNT(*) FROM ticket");
		/* The last has none behind it: there it is waited for at once. */
		assert_int_equal(lab->stored, i < 3 ? i - 1 : 3);
		assert_int_equal(lab->engine->written != NULL, i < 3);
		assert_int_equal(lab->out->len, lab->stored);
	}
	lab_audit(lab);
}

static void say_all(hg_lab *lab, const char *prefix, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+44%s%03u", prefix, i);

		say(lab, uri, "my order is late");
	}
}

static const hg_driver *driver;
static hg_lab *standing;

/* Another node has the turn, and somebody writes to us meanwhile. */
static gboolean stand_in_line(hg_store *store, GError **error)
{
	if (standing)
		say(g_steal_pointer(&standing), "tel:+447700900002", "help");
	return driver->begin(store, error);
}

static void what_comes_while_it_waits_for_the_turn_is_of_the_group(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(by_word);
	hg_driver line = *lab->engine->store->driver;
	gint64 groups;
	gboolean ok = FALSE;

	(void)state;
	lab_run(lab);
	driver = lab->engine->store->driver;
	line.begin = stand_in_line;
	groups = lab->engine->stats.groups;
	say(lab, "tel:+447700900001", "help");
	standing = lab;
	lab->engine->store->driver = &line;
	hg_engine_step(lab->engine, &ok);
	lab->engine->store->driver = driver;
	assert_true(ok && !standing);
	assert_int_equal(lab->stored, 2);
	assert_int_equal(lab->engine->stats.groups, groups + 1);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM ticket");
	lab_audit(lab);
}

/* A peak: 32 wait for an answer while 40 conversations are to be settled.  One of these for 16 of those; the rest
 * when nobody waits. */
static void who_waits_for_an_answer_goes_before_what_is_due(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("ticket: { confirm: \"\" }\n");
	gboolean ok = TRUE;

	(void)state;
	say_all(lab, "7700900", 40);
	lab_run(lab);
	test_now_ms += 20001;
	say_all(lab, "7700901", 32);
	hg_engine_step(lab->engine, &ok);
	assert_true(ok);
	lab_counts(lab, 72, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM ticket");
	lab_run(lab);
	lab_counts(lab, 40, "SELECT COUNT(*) FROM ticket");
	lab_audit(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_fails_is_undone_alone),
#ifdef HG_TEST_HOOKS
		cmocka_unit_test(other_nodes_are_told_of_what_was_written_and_of_nothing_else),
#endif
		cmocka_unit_test(what_is_written_is_told_when_the_disk_has_it),
		cmocka_unit_test(what_goes_out_at_once_goes_out_once),
		cmocka_unit_test(a_thread_s_events_leave_one_after_the_other),
		cmocka_unit_test(what_was_undone_is_news_again),
		cmocka_unit_test(what_comes_while_it_waits_for_the_turn_is_of_the_group),
		cmocka_unit_test(who_waits_for_an_answer_goes_before_what_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
