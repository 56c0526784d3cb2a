/* test_store_late.c - rows that wait until their turn ends, and rows that are remembered: nobody sees a difference */
#include "store_fixture.h"
#include "store_postgres.h"

#include <string.h>

static gint64 statements(struct world *w)
{
	return hg_store_cost(w->store).statements;
}

static void turn_begins(struct world *w)
{
	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	hg_store_gather(w->store);
}

static void turn_holds(struct world *w)
{
	must(hg_store_settle(w->store, e));
	must(hg_store_release(w->store, e));
	must(hg_store_commit(w->store, e));
}

static void what_is_added_and_then_changed_is_written_once(void **state)
{
	struct world *w = *state;
	gint64 before;
	hg_thread *t;

	in_txn(w, a_thread(w, a_contact(w, "the numbers are asked for once"), ""));
	turn_begins(w);
	before = statements(w);
	t = a_thread(w, a_contact(w, "Ana"), "");
	t->subject = "an invoice";
	must(hg_store_thread_update(w->store, t, e));
	t->state = HG_THREAD_CLOSED;
	must(hg_store_thread_update(w->store, t, e));
	assert_int_equal(statements(w), before);
	must(hg_store_settle(w->store, e));
	assert_int_equal(statements(w), before + 2);
	turn_holds(w);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM thread WHERE subject = 'an invoice' AND state = 2 AND version = 2"), 1);
}

static gint64 statements_to_change(struct world *w, hg_thread *t)
{
	gint64 before = statements(w);

	must(hg_store_thread_update(w->store, t, e));
	return statements(w) - before;
}

/* With an owner or without: one statement, which names no column that an index holds. */
static void a_change_that_moves_nothing_indexed_is_one_statement(void **state)
{
	struct world *w = *state;
	hg_thread *t;
	int moved = postgres_server() ? 1 : 2;	/* it sees by itself what is as it was */

	in_txn(w, t = a_thread(w, a_contact(w, "Ana"), ""));
	must(hg_store_begin(w->store, e));
	t->subject = "an invoice";
	assert_int_equal(statements_to_change(w, t), 1);
	t->queue = "billing";
	assert_int_equal(statements_to_change(w, t), moved);
	t->subject = "two invoices";
	assert_int_equal(statements_to_change(w, t), 1);
	t->queue = NULL;
	assert_int_equal(statements_to_change(w, t), moved);
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM thread WHERE subject = 'two invoices' AND queue IS NULL AND version = 4"), 1);
}

/* By number and by anything else, within the turn and after it. */
/* That somebody waits, or does no longer, is known before it is written: it is one statement, and names no other index's. */
static void waiting_is_one_statement_that_leaves_other_indexes_alone(void **state)
{
	struct world *w = *state;
	hg_thread *t;
	gint64 n;

	in_txn(w, t = a_thread(w, a_contact(w, "Ana"), ""); n = t->n);
	world_reopen(w);
	must(hg_store_begin(w->store, e));
	must(hg_store_thread_get(w->store, w->arena, n, &t, e) && t);
	t->waiting_ms = T0;
	assert_int_equal(statements_to_change(w, t), 1);
	t->subject = "an invoice";
	assert_int_equal(statements_to_change(w, t), 1);
	t->alone_ms = -1;
	assert_int_equal(statements_to_change(w, t), 1);
	must(hg_store_thread_get(w->store, w->arena, n, &t, e));
	t->waiting_ms = 0;
	assert_int_equal(statements_to_change(w, t), 1);
	/* With what an index holds beside it: all are written. */
	t->waiting_ms = T0 + 1;
	t->queue = "billing";
	assert_int_equal(statements_to_change(w, t), postgres_server() ? 1 : 2);
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM thread WHERE waiting_ms = 1763632931005 AND alone_ms = -1 AND "
				     "subject = 'an invoice' AND queue = 'billing'"), 1);
}

static void the_turn_reads_what_it_wrote(void **state)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new(), chain = g_ptr_array_new();
	struct world *w = *state;
	hg_message *m, *by_id, *by_n;
	hg_contact *c;
	hg_thread *t, *got;

	turn_begins(w);
	c = a_contact(w, "Ana");
	t = a_thread(w, c, "");
	m = a_message(w, t, HG_INBOUND, "hello");
	must(hg_store_message_get(w->store, w->arena, m->n, &by_n, e));
	must(hg_store_thread_of(w->store, w->arena, c->n, t->scope, NULL, 8, threads, e));
	must(hg_store_message_list(w->store, w->arena, t->last_message_n, 8, chain, e));
	assert_string_equal(by_n->text, "hello");
	assert_int_equal(threads->len, 1);
	assert_int_equal(((hg_thread *)threads->pdata[0])->last_message_n, m->n);
	assert_int_equal(chain->len, 1);
	must(hg_store_message_by_id(w->store, w->arena, m->id, &by_id, e));
	assert_int_equal(by_id->n, m->n);
	turn_holds(w);
	must(hg_store_thread_get(w->store, w->arena, t->n, &got, e));
	assert_int_equal(got->last_message_n, m->n);
	assert_int_equal(got->version, t->version);
}

/* A thread that waits and one that is written already: the newest first, and no more than asked for. */
static void threads_that_wait_stand_before_those_that_are_written(void **state)
{
	g_autoptr(GPtrArray) both = g_ptr_array_new(), one = g_ptr_array_new();
	struct world *w = *state;
	hg_thread *old, *new;
	hg_contact *c;

	in_txn(w, c = a_contact(w, "Ana"); old = a_thread(w, c, "a"));
	turn_begins(w);
	new = a_thread(w, c, "b");
	must(hg_store_thread_of(w->store, w->arena, c->n, new->scope, NULL, 8, both, e));
	must(hg_store_thread_of(w->store, w->arena, c->n, new->scope, NULL, 1, one, e));
	assert_int_equal(both->len, 2);
	assert_int_equal(((hg_thread *)both->pdata[0])->n, new->n);
	assert_int_equal(((hg_thread *)both->pdata[1])->n, old->n);
	assert_int_equal(one->len, 1);
	assert_int_equal(((hg_thread *)one->pdata[0])->n, new->n);
	turn_holds(w);
}

/* A row that is written already may come to name one that waits: that is written before it. */
static void a_row_that_names_one_that_waits_can_be_changed(void **state)
{
	struct world *w = *state;
	hg_contact *old, *new;

	in_txn(w, old = a_contact(w, "Ana"));
	turn_begins(w);
	new = a_contact(w, "the same Ana");
	old->merged_into = new->n;
	must(hg_store_contact_update(w->store, old, e));
	turn_holds(w);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact WHERE merged_into IS NOT NULL"), 1);
}

static void what_is_undone_was_never_there_and_its_numbers_are_given_again(void **state)
{
	struct world *w = *state;
	gint64 n;
	hg_contact *got;

	turn_begins(w);
	n = a_contact(w, "undone")->n;
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_contact_get(w->store, w->arena, n, &got, e));
	assert_null(got);
	assert_int_equal(a_contact(w, "kept")->n, n);
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 1);
}

/* Remembered rows go with the transaction that wrote them. */
static void what_was_changed_and_undone_is_read_as_it_was(void **state)
{
	struct world *w = *state;
	hg_contact *c, *got;

	turn_begins(w);
	c = a_contact(w, "Ana");
	turn_holds(w);
	for (int whole = 0; whole < 2; whole++) {
		turn_begins(w);
		c->name = "somebody else";
		must(hg_store_contact_update(w->store, c, e));
		if (!whole)
			must(hg_store_rollback_to(w->store, e));
		hg_store_rollback(w->store);
		must(hg_store_contact_get(w->store, w->arena, c->n, &got, e));
		assert_string_equal(got->name, "Ana");
	}
}

static void an_outdated_change_of_a_thread_that_waits_is_refused(void **state)
{
	struct world *w = *state;
	hg_thread *t, old;

	turn_begins(w);
	t = a_thread(w, a_contact(w, "Ana"), "");
	old = *t;
	must(hg_store_thread_update(w->store, t, e));
	must_fail(HG_ERROR_STATE, hg_store_thread_update(w->store, &old, e));
	turn_holds(w);
}

static void what_the_database_refuses_is_said_when_the_turn_ends(void **state)
{
	struct world *w = *state;
	hg_contact *c;

	turn_begins(w);
	c = a_contact(w, "Ana");
	a_thread(w, c, "");
	a_thread(w, c, "");	/* two open ones */
	must_fail(HG_ERROR_CONFLICT, hg_store_settle(w->store, e));
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 0);
}

static void a_number_of_a_job_is_never_given_twice(void **state)
{
	struct world *w = *state;
	hg_job *job;
	gint64 n;

	must(hg_store_begin(w->store, e));
	job = a_job(w, HG_TO_BACKEND, "desk", "l", 1);
	n = job->n;
	must(hg_store_job_done(w->store, job, 2, NULL, e));
	must(hg_store_commit(w->store, e));
	world_reopen(w);
	in_txn(w, job = a_job(w, HG_TO_BACKEND, "desk", "l", 1));
	assert_true(job->n > n);
}

/* Jobs of one lane made in one turn stand behind each other. */
static void the_second_job_of_a_lane_waits_for_the_first(void **state)
{
	struct world *w = *state;
	hg_job *first, *second, *other;

	turn_begins(w);
	first = a_job(w, HG_TO_BACKEND, "desk", "l", 1);
	second = a_job(w, HG_TO_BACKEND, "desk", "l", 1);
	other = a_job(w, HG_TO_BACKEND, "desk", "m", 1);
	turn_holds(w);
	assert_int_equal(first->state, HG_JOB_DUE);
	assert_int_equal(second->state, HG_JOB_QUEUED);
	assert_int_equal(other->state, HG_JOB_DUE);
}

static void an_id_seen_in_a_turn_is_one_row_with_its_message(void **state)
{
	struct world *w = *state;
	gboolean fresh;
	gint64 n;

	turn_begins(w);
	must(hg_store_seen(w->store, "wa", "id1", T0, DAY_MS, &fresh, &n, e));
	assert_true(fresh);
	must(hg_store_seen_set(w->store, "wa", "id1", T0, 7, e));
	must(hg_store_seen_find(w->store, "wa", "id1", T0, &n, e));
	assert_int_equal(n, 7);
	must(hg_store_seen(w->store, "wa", "id1", T0, DAY_MS, &fresh, &n, e));
	assert_false(fresh);
	must(hg_store_seen(w->store, "wa", "id2", T0, DAY_MS, &fresh, &n, e));
	assert_true(fresh);
	must(hg_store_seen(w->store, "wa", "id3", T0, DAY_MS, &fresh, &n, e));
	assert_true(fresh);
	turn_holds(w);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 3);
	turn_begins(w);
	must(hg_store_seen(w->store, "wa", "id4", T0, DAY_MS, &fresh, &n, e));
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 3);
}

/* Looking for the id that waits writes it, and what waits with it; what the database has against that is told. */
static void an_id_that_cannot_be_written_is_not_taken_for_new(void **state)
{
	struct world *w = *state;
	gboolean fresh;
	hg_contact *c;
	gint64 n;

	turn_begins(w);
	must(hg_store_seen(w->store, "wa", "id1", T0, DAY_MS, &fresh, &n, e));
	c = a_contact(w, "Ana");
	a_thread(w, c, "");
	a_thread(w, c, "");	/* two open ones */
	must_fail(HG_ERROR_CONFLICT, hg_store_seen(w->store, "wa", "id1", T0, DAY_MS, &fresh, &n, e));
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 0);
}

/* ---- savepoints that are marks ---- */
static void a_mark_is_gone_back_to_where_nothing_was_written(void **state)
{
	struct world *w = *state;

	hg_store_be_bold(w->store, TRUE);
	turn_begins(w);
	a_contact(w, "waits only");
	must(hg_store_rollback_to(w->store, e));
	assert_false(hg_store_wants_care(w->store));
	must(hg_store_savepoint(w->store, e));
	a_contact(w, "written");
	must_fail(HG_ERROR_STORE, hg_store_rollback_to(w->store, e));
	assert_true(hg_store_wants_care(w->store));
	hg_store_rollback(w->store);
	hg_store_be_bold(w->store, FALSE);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 0);
}

/* ---- a bold store: what nobody reads may be done later ---- */

static void bold_begins(struct world *w)
{
	hg_store_be_bold(w->store, TRUE);
	must(hg_store_begin(w->store, e));
}

/* More than is sent without an answer. */
#define MANY 1100

static void what_nobody_reads_is_not_waited_for(void **state)
{
	struct world *w = *state;
	gint64 waits;
	hg_contact *c, *got;

	in_txn(w, c = a_contact(w, "Ana"));
	bold_begins(w);
	waits = hg_store_cost(w->store).waits;
	for (int i = 0; i < MANY; i++) {
		c->created_ms = i;
		c->name = i % 2 ? "Ana" : "Eva";
		must(hg_store_contact_update(w->store, c, e));
	}
	assert_in_range(hg_store_cost(w->store).waits - waits, 0, 2);
	must(hg_store_contact_by_id(w->store, w->arena, c->id, &got, e));
	assert_string_equal(got->name, "Ana");
	must(hg_store_commit(w->store, e));
	hg_store_be_bold(w->store, FALSE);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact WHERE name = 'Ana'"), 1);
}

/* TRUE: it was said at once, as SQLite does. */
static gboolean said_at_once(gboolean ok, GError **error, int code)
{
	if (ok)
		return FALSE;
	assert_true(g_error_matches(*error, HG_ERROR, code));
	g_clear_error(error);
	return TRUE;
}

static void what_failed_and_nobody_read_fails_the_commit(void **state)
{
	struct world *w = *state;
	hg_contact nobody = { .n = 77, .id = "con_01m7z78pwdf9fawvyz1teg01q2", .name = "nobody" };
	g_autoptr(GError) error = NULL;

	bold_begins(w);
	a_contact(w, "Ana");
	if (!said_at_once(hg_store_contact_update(w->store, &nobody, &error), &error, HG_ERROR_MISSING)) {
		must_fail(HG_ERROR_MISSING, hg_store_commit(w->store, e));
		assert_true(hg_store_wants_care(w->store));
	} else {
		hg_store_rollback(w->store);
	}
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 0);
	hg_store_be_bold(w->store, FALSE);
	in_txn(w, a_contact(w, "Ana"));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 1);
}

/* Once by what was there already, once by what the database itself refuses; then it is as if the turn had never begun. */
static void what_failed_and_nobody_read_fails_the_next_that_is_read(void **state)
{
	struct world *w = *state;
	g_autoptr(GError) error = NULL;
	hg_contact *c, *got;
	hg_contact again;
	hg_thread orphan = { .scope = "", .key = "", .contact_n = 4711, .state = HG_THREAD_OPEN };

	in_txn(w, c = a_contact(w, "Ana"));
	hg_id_new(&test_env, "thr", orphan.id);
	for (int i = 0; i < 2; i++) {
		bold_begins(w);
		again = *c;
		must(hg_store_savepoint(w->store, e));
		a_contact(w, "Eva");
		if (!said_at_once(i ? hg_store_thread_add(w->store, &orphan, &error) : hg_store_contact_add(w->store, &again, &error),
				  &error, i ? HG_ERROR_BROKEN : HG_ERROR_CONFLICT)) {
			must_fail(i ? HG_ERROR_BROKEN : HG_ERROR_CONFLICT,
				  hg_store_contact_by_id(w->store, w->arena, "con_01m7z78pwdf9fawvyz1teg01q2", &got, e));
			must_fail(i ? HG_ERROR_BROKEN : HG_ERROR_CONFLICT, hg_store_cursor_set(w->store, "mail", "1", e));
		}
		must_fail(HG_ERROR_STORE, hg_store_rollback_to(w->store, e));
		assert_true(hg_store_wants_care(w->store));
		hg_store_rollback(w->store);
		hg_store_be_bold(w->store, FALSE);
		assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 1);
	}
}

/* ---- read ahead ---- */

#define PAGE 12

static void fill_log(struct world *w)
{
	must(hg_store_begin(w->store, e));
	for (int i = 0; i < PAGE; i++) {
		g_autofree char *text = g_strdup_printf("text %d", i);
		hg_thread *thread = a_thread(w, a_contact(w, text), "");
		const hg_message *message = a_message(w, thread, HG_INBOUND, text);
		hg_event event = { .type = "message.received", .data = "{}", .thread_n = thread->n, .message_n = message->n, .seq = 1 };

		hg_id_new(&test_env, "evt", event.id);
		must(hg_store_event_add(w->store, &event, e));
	}
	must(hg_store_commit(w->store, e));
}

static void what_a_page_of_the_log_names_is_read_at_once(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	g_autoptr(hg_store) reader = NULL;
	hg_contact *contact;
	gint64 before;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	fill_log(w);
	must(hg_store_event_after(reader, w->arena, 0, PAGE, events, e));
	assert_int_equal(events->len, PAGE);
	must(hg_store_follow_begin(reader, events, e));
	before = hg_store_cost(reader).statements;
	for (guint i = 0; i < events->len; i++) {
		const hg_event *event = g_ptr_array_index(events, i);
		hg_message *message;
		hg_thread *thread;

		must(hg_store_thread_get(reader, w->arena, event->thread_n, &thread, e));
		must(hg_store_contact_get(reader, w->arena, thread->contact_n, &contact, e));
		must(hg_store_message_get(reader, w->arena, event->message_n, &message, e));
		assert_string_equal(contact->name, message->text);
		assert_int_equal(message->thread_n, thread->n);
	}
	assert_int_equal(hg_store_cost(reader).statements, before);
	hg_store_follow_end(reader);
	/* Behind it nothing is remembered: what others write is seen. */
	must(hg_store_contact_get(w->store, w->arena, 1, &contact, e));
	contact->name = "Eva";
	in_txn(w, must(hg_store_contact_update(w->store, contact, e)));
	must(hg_store_contact_get(reader, w->arena, 1, &contact, e));
	assert_string_equal(contact->name, "Eva");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_added_and_then_changed_is_written_once, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_change_that_moves_nothing_indexed_is_one_statement, world_new, world_free),
		cmocka_unit_test_setup_teardown(waiting_is_one_statement_that_leaves_other_indexes_alone, world_new, world_free),
		cmocka_unit_test_setup_teardown(the_turn_reads_what_it_wrote, world_new, world_free),
		cmocka_unit_test_setup_teardown(threads_that_wait_stand_before_those_that_are_written, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_row_that_names_one_that_waits_can_be_changed, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_is_undone_was_never_there_and_its_numbers_are_given_again, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_was_changed_and_undone_is_read_as_it_was, world_new, world_free),
		cmocka_unit_test_setup_teardown(an_outdated_change_of_a_thread_that_waits_is_refused, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_the_database_refuses_is_said_when_the_turn_ends, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_number_of_a_job_is_never_given_twice, world_new, world_free),
		cmocka_unit_test_setup_teardown(the_second_job_of_a_lane_waits_for_the_first, world_new, world_free),
		cmocka_unit_test_setup_teardown(an_id_seen_in_a_turn_is_one_row_with_its_message, world_new, world_free),
		cmocka_unit_test_setup_teardown(an_id_that_cannot_be_written_is_not_taken_for_new, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_mark_is_gone_back_to_where_nothing_was_written, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_nobody_reads_is_not_waited_for, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_a_page_of_the_log_names_is_read_at_once, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_failed_and_nobody_read_fails_the_commit, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_failed_and_nobody_read_fails_the_next_that_is_read, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
