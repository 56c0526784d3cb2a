/* test_store_audit.c - the chain of audits: it holds, expires at its old end, and shows whatever was done to it */
#include "store_fixture.h"

#include <string.h>

static void add(struct world *w, const char *principal, const char *action, const char *object)
{
	hg_audit audit = { .at_ms = test_now_ms, .principal = principal, .action = action, .kind = "thread", .object = object,
			   .outcome = "ok", .source = "192.0.2.1", .facts = "{\"agent\":\"Mia\"}" };

	hg_id_new(&test_env, "aud", audit.id);
	must(hg_store_audit_add(w->store, &audit, e));
}

/* Rows 1 to n, a day between two. */
static void rows(struct world *w, guint n)
{
	for (guint i = 0; i < n; i++) {
		in_txn(w, add(w, i % 2 ? "token:desk" : "console:ann", i % 3 ? "thread.reply" : "thread.close", i % 2 ? "thr_a" : NULL));
		test_now_ms += DAY_MS;
	}
}

static struct hg_audit_check check(struct world *w)
{
	struct hg_audit_check ret;

	must(hg_store_audit_verify(w->store, &ret, e));
	return ret;
}

static void a_chain_that_nobody_touched_holds(void **state)
{
	struct world *w = *state;
	g_autofree char *text = NULL;
	struct hg_audit_check got = check(w);

	assert_int_equal(got.rows, 0);
	assert_int_equal(got.broken, 0);
	assert_int_equal(strspn(got.head, "0"), 64);
	rows(w, 5);
	got = check(w);
	text = hg_audit_break_text(&got);
	assert_null(text);
	assert_int_equal(got.rows, 5);
	assert_int_equal(got.last_n, 5);
	assert_int_equal(got.expired, 0);
	assert_int_equal(strlen(got.head), 64);
	world_reopen(w);
	assert_string_equal(check(w).head, got.head);
}

static void what_is_undone_leaves_no_link(void **state)
{
	struct world *w = *state;

	rows(w, 2);
	must(hg_store_begin(w->store, e));
	add(w, "token:desk", "thread.reply", NULL);
	hg_store_rollback(w->store);
	rows(w, 1);
	assert_int_equal(check(w).rows, 3);
	assert_int_equal(check(w).broken, 0);
}

/* Of five rows. */
static const struct { const char *what, *sql; int broken; gint64 n; const char *said; } tampered[] = {
	{ "a time", "UPDATE audit SET at_ms = at_ms + 1 WHERE n = 2", HG_AUDIT_CHANGED, 2, "row 2 is not as it was written" },
	{ "who", "UPDATE audit SET principal = 'console:bob' WHERE n = 1", HG_AUDIT_CHANGED, 1, "row 1" },
	{ "as what", "UPDATE audit SET capacity = 'admin' WHERE n = 1", HG_AUDIT_CHANGED, 1, "row 1" },
	{ "what was done", "UPDATE audit SET action = 'thread.note' WHERE n = 5", HG_AUDIT_CHANGED, 5, "row 5" },
	{ "to what kind", "UPDATE audit SET kind = 'ticket' WHERE n = 5", HG_AUDIT_CHANGED, 5, "row 5" },
	{ "to what", "UPDATE audit SET object = NULL WHERE n = 2", HG_AUDIT_CHANGED, 2, "row 2" },
	{ "the outcome", "UPDATE audit SET outcome = 'forbidden' WHERE n = 3", HG_AUDIT_CHANGED, 3, "row 3" },
	{ "the request", "UPDATE audit SET request = 'r' WHERE n = 3", HG_AUDIT_CHANGED, 3, "row 3" },
	{ "from where", "UPDATE audit SET source = '192.0.2.2' WHERE n = 3", HG_AUDIT_CHANGED, 3, "row 3" },
	{ "facts", "UPDATE audit SET facts = '{}' WHERE n = 4", HG_AUDIT_CHANGED, 4, "row 4" },
	{ "an id", "UPDATE audit SET id = 'aud_x' WHERE n = 4", HG_AUDIT_CHANGED, 4, "row 4" },
	{ "a hash", "UPDATE audit SET hash = randomblob(32) WHERE n = 4", HG_AUDIT_CHANGED, 4, "row 4" },
	{ "half a hash", "UPDATE audit SET hash = SUBSTR(hash, 1, 16) WHERE n = 4", HG_AUDIT_CHANGED, 4, "row 4" },
	/* What moves from one column to the next is not the same. */
	{ "two at once", "UPDATE audit SET request = source, source = NULL WHERE n = 4", HG_AUDIT_CHANGED, 4, "row 4" },
	{ "two that changed places", "UPDATE audit SET n = CASE n WHEN 2 THEN 13 ELSE 12 END WHERE n IN (2, 3); "
	  "UPDATE audit SET n = n - 10 WHERE n > 10", HG_AUDIT_CHANGED, 2, "row 2" },
	{ "one gone", "DELETE FROM audit WHERE n = 3", HG_AUDIT_MISSING, 3, "gone, from number 3 on" },
	{ "the first gone", "DELETE FROM audit WHERE n = 1", HG_AUDIT_MISSING, 1, "gone, from number 1 on" },
	{ "one gone and the gap closed", "DELETE FROM audit WHERE n = 3; UPDATE audit SET n = 3 WHERE n = 4; UPDATE audit SET n = 4 WHERE "
	  "n = 5", HG_AUDIT_CHANGED, 3, "row 3" },
	{ "the newest gone", "DELETE FROM audit WHERE n > 3", HG_AUDIT_CUT, 4, "newest rows are gone, from number 4 on" },
	{ "all gone", "DELETE FROM audit", HG_AUDIT_CUT, 1, "newest rows are gone" },
	{ "one more", "INSERT INTO audit SELECT 6, 'aud_six', at_ms, principal, capacity, action, kind, object, outcome, request, source, "
	  "facts, hash FROM audit WHERE n = 5", HG_AUDIT_ADDED, 6, "row 6 was added" },
	{ "one before all", "INSERT INTO audit SELECT 0, 'aud_nil', at_ms, principal, capacity, action, kind, object, outcome, request, "
	  "source, facts, hash FROM audit WHERE n = 5", HG_AUDIT_ADDED, 0, "row 0 was added" },
	{ "the end", "UPDATE audit_chain SET last_hash = randomblob(32)", HG_AUDIT_CHANGED, 5, "row 5" },
	{ "the beginning", "UPDATE audit_chain SET start_hash = randomblob(32)", HG_AUDIT_CHANGED, 1, "row 1" },
	{ "no end", "UPDATE audit_chain SET last_hash = x''", HG_AUDIT_NO_CHAIN, 0, "not known any more" },
	{ "no chain", "DELETE FROM audit_chain", HG_AUDIT_NO_CHAIN, 0, "not known any more" },
};

static void whatever_is_done_to_it_is_found_where_it_was_done(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(tampered); i++) {
		g_autofree char *text = NULL;
		struct hg_audit_check got;
		void *world = NULL;

		world_new(&world);
		rows(world, 5);
		world_plant(world, tampered[i].sql);
		got = check(world);
		text = hg_audit_break_text(&got);
		if (got.broken != tampered[i].broken || got.broken_n != tampered[i].n || !strstr(text ?: "", tampered[i].said))
			fail_msg("%s: break %d at %" G_GINT64_FORMAT ": %s", tampered[i].what, got.broken, got.broken_n, text);
		world_free(&world);
	}
}

static void without_its_end_nothing_is_added(void **state)
{
	struct world *w = *state;
	hg_audit audit = { .principal = "x", .action = "thread.note", .kind = "thread", .outcome = "ok" };

	rows(w, 1);
	world_plant(w, "DELETE FROM audit_chain");
	must(hg_store_begin(w->store, e));
	must_fail(HG_ERROR_STORE, hg_store_audit_add(w->store, &audit, e));
	hg_store_rollback(w->store);
}

static void tend(struct world *w)
{
	hg_store_tend(w->store, HG_LOAD_NONE);
	test_now_ms += 60 * 60 * 1000;
	hg_store_tend(w->store, HG_LOAD_NONE);
}

static void the_chain_begins_where_what_is_older_has_expired(void **state)
{
	struct world *w = *state;
	struct hg_audit_check before, got;

	rows(w, 6);
	before = check(w);
	tend(w);
	assert_int_equal(check(w).rows, 6);	/* for ever, unless it is said otherwise */
	hg_store_keep_audits(w->store, 3 * DAY_MS);
	tend(w);
	got = check(w);
	assert_int_equal(got.broken, 0);
	assert_int_equal(got.expired, 4);
	assert_int_equal(got.rows, 2);
	assert_string_equal(got.head, before.head);
	rows(w, 1);
	assert_int_equal(check(w).last_n, 7);
	test_now_ms += 9 * DAY_MS;
	tend(w);
	got = check(w);				/* all have: the next is the next of the same chain */
	assert_int_equal(got.broken, 0);
	assert_int_equal(got.expired, 7);
	assert_int_equal(got.rows, 0);
	rows(w, 1);
	assert_int_equal(check(w).last_n, 8);
	assert_int_equal(check(w).broken, 0);
	/* One that expired cannot be brought back. */
	world_plant(w, "INSERT INTO audit SELECT 2, 'aud_two', at_ms, principal, capacity, action, kind, object, outcome, request, source, "
		    "facts, hash FROM audit");
	assert_int_equal(check(w).broken, HG_AUDIT_ADDED);
}

static void one_that_is_young_keeps_all_behind_it(void **state)
{
	struct world *w = *state;

	rows(w, 1);
	test_now_ms += 30 * DAY_MS;		/* a clock that was wrong for a while */
	rows(w, 1);
	test_now_ms -= 31 * DAY_MS;
	rows(w, 1);
	test_now_ms += 35 * DAY_MS;
	hg_store_keep_audits(w->store, 10 * DAY_MS);
	tend(w);
	assert_int_equal(check(w).expired, 1);
	assert_int_equal(check(w).rows, 2);
	assert_int_equal(check(w).broken, 0);
}

static void a_damaged_row_does_not_expire(void **state)
{
	struct world *w = *state;

	rows(w, 2);
	world_plant(w, "UPDATE audit SET hash = x'' WHERE n = 2");
	hg_store_keep_audits(w->store, 1);
	tend(w);
	assert_int_equal(check(w).expired, 1);
	assert_int_equal(check(w).broken_n, 2);
}

/* Numbers of what is found, one digit each. */
static void finds(struct world *w, struct hg_audit_query query, const char *want)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	g_autoptr(GString) got = g_string_new(NULL);

	query.limit = query.limit ?: 10;
	must(hg_store_audit_list(w->store, w->arena, &query, found, e));
	for (guint i = 0; i < found->len; i++)
		g_string_append_printf(got, "%d", (int)((const hg_audit *)g_ptr_array_index(found, i))->n);
	assert_string_equal(got->str, want);
}

static void lists_are_narrowed_and_go_on_behind_a_row(void **state)
{
	struct world *w = *state;
	gint64 begun_ms = test_now_ms;
	hg_audit *one;

	rows(w, 6);
	finds(w, (struct hg_audit_query){ 0 }, "654321");
	finds(w, (struct hg_audit_query){ .limit = 2 }, "65");
	finds(w, (struct hg_audit_query){ .before_n = 5, .limit = 2 }, "43");
	finds(w, (struct hg_audit_query){ .principal = "token:desk" }, "642");
	finds(w, (struct hg_audit_query){ .action = "thread.close" }, "41");
	finds(w, (struct hg_audit_query){ .action = "thread.close", .principal = "token:desk" }, "4");
	finds(w, (struct hg_audit_query){ .object = "thr_a" }, "642");
	finds(w, (struct hg_audit_query){ .object = "thr_a", .principal = "token:desk", .action = "thread.reply" }, "62");
	finds(w, (struct hg_audit_query){ .since_ms = begun_ms + DAY_MS, .until_ms = begun_ms + 3 * DAY_MS }, "32");
	finds(w, (struct hg_audit_query){ .principal = "nobody" }, "");
	must(hg_store_audit_by_id(w->store, w->arena, "aud_none", &one, e));
	assert_null(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_new, world_free)
		IN_WORLD(a_chain_that_nobody_touched_holds),
		IN_WORLD(what_is_undone_leaves_no_link),
		cmocka_unit_test(whatever_is_done_to_it_is_found_where_it_was_done),
		IN_WORLD(without_its_end_nothing_is_added),
		IN_WORLD(the_chain_begins_where_what_is_older_has_expired),
		IN_WORLD(one_that_is_young_keeps_all_behind_it),
		IN_WORLD(a_damaged_row_does_not_expire),
		IN_WORLD(lists_are_narrowed_and_go_on_behind_a_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
