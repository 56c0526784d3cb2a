/* test_store_time.c - what was seen before and for how long, timers, idempotency, tending */
#include "store_fixture.h"
#include "sql.h"

#include <string.h>
#include <sys/stat.h>

#define WEEK (7 * DAY_MS)

static gboolean is_new(struct world *w, const char *space, const char *key, gint64 now_ms, gint64 window_ms)
{
	gboolean fresh = FALSE;
	gint64 message_n;

	in_txn(w, must(hg_store_seen(w->store, space, key, now_ms, window_ms, &fresh, &message_n, e)));
	return fresh;
}

static gint64 found(struct world *w, const char *space, const char *key)
{
	gint64 message_n = -1;

	must(hg_store_seen_find(w->store, space, key, test_now_ms, &message_n, e));
	return message_n;
}

static void an_id_is_new_once_in_its_space(void **state)
{
	struct world *w = *state;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	assert_false(is_new(w, "wa", "x", T0, WEEK));
	assert_true(is_new(w, "sms", "x", T0, WEEK));
	assert_true(is_new(w, "wa", "y", T0, WEEK));
	assert_true(is_new(w, "wb", "x", T0, WEEK));
	/* Where the space ends and the id begins is part of it. */
	assert_true(is_new(w, "wax", "", T0, WEEK));
	assert_true(is_new(w, "w", "ax", T0, WEEK));
}

static void a_repetition_says_what_the_first_became(void **state)
{
	struct world *w = *state;
	gint64 message_n = -1;
	gboolean fresh;

	in_txn(w, must(hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &message_n, e));
	       assert_int_equal(message_n, 0);
	       must(hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &message_n, e));
	       must(hg_store_seen_set(w->store, "wa", "x", T0, 41, e)));
	assert_int_equal(message_n, 0);		/* nothing yet */
	in_txn(w, must(hg_store_seen(w->store, "wa", "x", T0 + 3 * DAY_MS, WEEK, &fresh, &message_n, e)));
	assert_false(fresh);
	assert_int_equal(message_n, 41);
}

static void the_window_ends_at_its_exact_time(void **state)
{
	struct world *w = *state;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	assert_false(is_new(w, "wa", "x", T0 + 6 * DAY_MS, WEEK));
	assert_false(is_new(w, "wa", "x", T0 + WEEK - 1, WEEK));
	assert_true(is_new(w, "wa", "x", T0 + WEEK, WEEK));
	assert_false(is_new(w, "wa", "x", T0 + WEEK + 1, WEEK));	/* seen again just now */
	/* Also when both fall on one day. */
	assert_true(is_new(w, "wa", "short", T0, 1000));
	assert_false(is_new(w, "wa", "short", T0 + 999, 1000));
	assert_true(is_new(w, "wa", "short", T0 + 1000, 1000));
}

static void a_clock_that_goes_back_makes_nothing_new(void **state)
{
	struct world *w = *state;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	assert_false(is_new(w, "wa", "x", T0 - 2 * DAY_MS, WEEK));
}

static void remembering_does_not_make_the_window_begin_again(void **state)
{
	struct world *w = *state;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	assert_true(is_new(w, "wa", "of another day", T0 + 2 * DAY_MS, WEEK));
	in_txn(w, must(hg_store_seen_set(w->store, "wa", "x", T0 + 5 * DAY_MS, 3, e)));
	assert_true(is_new(w, "wa", "x", T0 + WEEK, WEEK));
}

/* As long as it is kept, to the day. */
static void an_old_id_is_remembered_where_it_is(void **state)
{
	struct world *w = *state;

	in_txn(w, must(hg_store_seen_set(w->store, "wa", "x", T0, 1, e));
	       must(hg_store_seen_set(w->store, "wa", "x", T0 + 30 * DAY_MS, 2, e)));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 1);
	in_txn(w, must(hg_store_seen_set(w->store, "wa", "x", T0 + 31 * DAY_MS, 3, e)));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 2);
}

static void an_id_is_found_long_after_its_window(void **state)
{
	struct world *w = *state;

	in_txn(w, must(hg_store_seen_set(w->store, "wa", "sent-by-us", T0, 12, e)));
	test_now_ms = T0 + 29 * DAY_MS;
	assert_int_equal(found(w, "wa", "sent-by-us"), 12);
	assert_int_equal(found(w, "wa", "never"), 0);
	test_now_ms = T0 + 32 * DAY_MS;	/* no longer, whether it was swept or not */
	assert_int_equal(found(w, "wa", "sent-by-us"), 0);
	assert_false(is_new(w, "wa", "sent-by-us", T0 + DAY_MS, WEEK));
}

static void the_newest_of_several_is_found(void **state)
{
	struct world *w = *state;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	in_txn(w, must(hg_store_seen_set(w->store, "wa", "x", T0, 1, e)));
	assert_true(is_new(w, "wa", "x", T0 + 8 * DAY_MS, WEEK));
	in_txn(w, must(hg_store_seen_set(w->store, "wa", "x", T0 + 8 * DAY_MS, 2, e)));
	assert_int_equal(found(w, "wa", "x"), 2);
}

static void what_was_rolled_back_was_not_seen(void **state)
{
	struct world *w = *state;
	gboolean fresh;
	gint64 n;

	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	must(hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &n, e));
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_commit(w->store, e));
	assert_true(is_new(w, "wa", "x", T0, WEEK));
}

static void a_reader_finds_what_the_writer_remembers_on_a_new_day(void **state)
{
	struct world *w = *state;
	g_autoptr(hg_store) reader = NULL;
	gint64 n;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_store_seen_find(reader, "wa", "x", T0, &n, e));
	in_txn(w, must(hg_store_seen_set(w->store, "wa", "y", T0 + DAY_MS, 9, e)));
	must(hg_store_seen_find(reader, "wa", "y", T0, &n, e));
	assert_int_equal(n, 9);
}

static void the_days_are_known_again_after_a_restart(void **state)
{
	struct world *w = *state;

	for (int day = 0; day < 5; day++)
		assert_true(is_new(w, "wa", day % 2 ? "odd" : "even", T0 + day * 10 * DAY_MS, WEEK));
	world_reopen(w);
	assert_false(is_new(w, "wa", "even", T0 + 41 * DAY_MS, WEEK));
	assert_false(is_new(w, "wa", "odd", T0 + 31 * DAY_MS, WEEK));
}

static void many_ids_do_not_meet(void **state)
{
	struct world *w = *state;
	char key[32];

	must(hg_store_begin(w->store, e));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 3000; i++) {
			gboolean fresh;
			gint64 n;

			g_snprintf(key, sizeof(key), "wamid.%d", i);
			must(hg_store_seen(w->store, "wa", key, T0, WEEK, &fresh, &n, e));
			assert_int_equal(fresh, round == 0);
		}
	must(hg_store_commit(w->store, e));
}

static gint64 days_seen(struct world *w)
{
	return world_count(w, "SELECT COUNT(DISTINCT bucket) FROM seen");
}

/* A clock that was never set, or before 1970, falls on the first day there is. */
static void before_the_first_day_there_is_the_first_day(void **state)
{
	struct world *w = *state;

	for (gint64 now_ms = -3 * DAY_MS; now_ms <= 2 * DAY_MS; now_ms += DAY_MS) {
		g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT, now_ms);

		in_txn(w, must(hg_store_seen_set(w->store, "wa", key, now_ms, 5, e)));
	}
	assert_int_equal(days_seen(w), 2);
	assert_int_equal(world_count(w, "SELECT MIN(bucket) FROM seen"), 1);
	world_reopen(w);
	assert_false(is_new(w, "wa", "0", DAY_MS / 2, WEEK));
}

/* Days are looked through newest first, in whatever order they came: what is behind one that is too old
 * is not looked at. */
static void days_are_kept_in_order_however_they_came(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 }, { 2, 0, 1 }, { 0, 2, 1 }, { 1, 0, 2 } };
	struct world *w = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
		gint64 base = T0 + (gint64)i * 100 * DAY_MS;

		for (int k = 0; k < 3; k++) {
			g_autofree char *key = g_strdup_printf("%zu-%d", i, orders[i][k]);

			assert_true(is_new(w, "wa", key, base + orders[i][k] * DAY_MS, WEEK));
		}
		for (int day = 2; day >= 0; day--) {	/* each just before its own window ends */
			g_autofree char *key = g_strdup_printf("%zu-%d", i, day);

			if (is_new(w, "wa", key, base + day * DAY_MS + WEEK - 1, WEEK))
				fail_msg("order %zu: day %d is forgotten", i, day);
		}
	}
}

/* What is not known may not count as new (the message would be there twice) or as seen (it would be
 * lost): each verb fails, before and after it has learned the days and made its statements. */
static void a_store_that_cannot_look_takes_nothing_for_new(void **state)
{
	struct world *w = *state;
	gint64 n, m, gone = 0;
	const char *cursor;
	gboolean fresh;

	for (int known = 0; known < 2; known++) {
		if (known) {
			world_plant(w, "ALTER TABLE gone RENAME TO seen");
			world_reopen(w);
			assert_true(is_new(w, "wa", "x", T0, WEEK));
			in_txn(w, must(hg_store_seen_set(w->store, "wa", "y", T0, 7, e)));
		}
		world_plant(w, "ALTER TABLE seen RENAME TO gone");
		if (!known)
			world_reopen(w);
		must(hg_store_begin(w->store, e));
		must_fail(HG_ERROR_STORE, hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &m, e));
		must_fail(HG_ERROR_STORE, hg_store_seen_set(w->store, "wa", "x", T0, 3, e));
		must_fail(HG_ERROR_STORE, hg_store_seen_find(w->store, "wa", "x", T0, &n, e));
		must_fail(HG_ERROR_STORE, hg_seen_expire(w->store, T0 + 90 * DAY_MS, &gone, e));
		assert_int_equal(gone, 0);
		hg_store_rollback(w->store);
	}
	/* And when it knows the days but has made no statement yet. */
	world_plant(w, "ALTER TABLE gone RENAME TO seen");
	world_reopen(w);
	must(hg_seen_expire(w->store, T0, &gone, e));
	world_plant(w, "ALTER TABLE seen RENAME TO gone");
	must(hg_store_cursor_get(w->store, w->arena, "wa", &cursor, e));	/* sees that the tables are others */
	must_fail(HG_ERROR_STORE, hg_store_seen_find(w->store, "wa", "x", T0, &n, e));
	world_plant(w, "ALTER TABLE gone RENAME TO seen");
}

static void a_store_that_cannot_write_takes_nothing_for_new(void **state)
{
	struct world *w = *state;
	gboolean fresh;
	gint64 n;

	assert_true(is_new(w, "wa", "x", T0, WEEK));
	world_plant(w, "CREATE TRIGGER no_more BEFORE INSERT ON seen BEGIN SELECT RAISE(ABORT, 'no more'); END");
	must(hg_store_begin(w->store, e));
	must(hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &n, e));	/* an old one needs no writing */
	assert_false(fresh);
	must_fail(HG_ERROR_BROKEN, hg_store_seen(w->store, "wa", "y", T0, WEEK, &fresh, &n, e));
	hg_store_rollback(w->store);
	must(hg_store_begin(w->store, e));
	must_fail(HG_ERROR_BROKEN, hg_store_seen_set(w->store, "wa", "z", T0, 3, e));
	hg_store_rollback(w->store);
}

/* Within a turn an id may wait to be written: whoever asks meanwhile is told what is true. */
static void an_id_that_waits_is_seen_already(void **state)
{
	struct world *w = *state;
	gboolean fresh;
	gint64 n;

	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	hg_store_gather(w->store);
	must(hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &n, e));
	assert_true(fresh);
	must(hg_store_seen_find(w->store, "wa", "z", T0, &n, e));	/* another one is none of it */
	assert_int_equal(n, 0);
	must(hg_store_seen_set(w->store, "wa", "x", T0, 7, e));		/* before it is written ... */
	must(hg_store_seen(w->store, "wa", "y", T0, WEEK, &fresh, &n, e));
	assert_true(fresh);						/* ... a second one, at once ... */
	must(hg_store_seen_set(w->store, "wa", "y", T0, 8, e));
	must(hg_store_seen(w->store, "wa", "x", T0 + 1, WEEK, &fresh, &n, e));
	assert_false(fresh);						/* ... and the first one again */
	assert_int_equal(n, 7);
	must(hg_store_settle(w->store, e));
	must(hg_store_seen(w->store, "wa", "v", T0, WEEK, &fresh, &n, e));	/* settled: nothing waits any more */
	must(hg_store_release(w->store, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(found(w, "wa", "x"), 7);
	assert_int_equal(found(w, "wa", "y"), 8);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 3);
}

static void an_id_that_waits_and_cannot_be_written_is_no_success(void **state)
{
	struct world *w = *state;
	gboolean fresh;
	gint64 n;

	assert_true(is_new(w, "wa", "v", T0, WEEK));
	world_plant(w, "CREATE TRIGGER no_more BEFORE INSERT ON seen BEGIN SELECT RAISE(ABORT, 'no more'); END");
	for (int settles = 0; settles < 2; settles++) {
		must(hg_store_begin(w->store, e));
		must(hg_store_savepoint(w->store, e));
		hg_store_gather(w->store);
		must(hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &n, e));
		if (settles)
			must_fail(HG_ERROR_BROKEN, hg_store_settle(w->store, e));
		else
			must_fail(HG_ERROR_BROKEN, hg_store_seen(w->store, "wa", "x", T0, WEEK, &fresh, &n, e));
		must(hg_store_rollback_to(w->store, e));
		must(hg_store_commit(w->store, e));
	}
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 1);
}

/* ---- raw events ---- */
static void raw_bytes_come_back_as_they_were(void **state)
{
	struct world *w = *state;
	static const struct { const char *bytes; gsize len; } cases[] = { { "a\0b", 3 }, { "", 0 }, { NULL, 0 } };
	gint64 n;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const void *bytes = "untouched";
		gsize len = 99;

		in_txn(w, must(hg_store_raw_add(w->store, "wa", "webhook", T0, cases[i].bytes, cases[i].len, &n, e)));
		must(hg_store_raw_get(w->store, w->arena, n, &bytes, &len, e));
		assert_int_equal(len, cases[i].len);
		assert_memory_equal(bytes, cases[i].bytes ?: "", len);
		must(hg_store_raw_get(w->store, w->arena, n + 1, &bytes, &len, e));
		assert_null(bytes);
		assert_int_equal(len, 0);
	}
	world_plant(w, "ALTER TABLE raw RENAME TO gone");
	for (int again = 0; again < 2; again++) {
		const void *bytes;
		gsize len;

		must_fail(HG_ERROR_STORE, hg_store_raw_get(w->store, w->arena, n, &bytes, &len, e));
		must_fail(HG_ERROR_STORE, hg_store_raw_add(w->store, "wa", "webhook", T0, "x", 1, &n, e));
		world_reopen(w);
	}
}

/* ---- expiry ---- */
/* As the engine does: until it says there is nothing to hurry for. */
static void tend(struct world *w, gint64 keep_ms)
{
	hg_store_keep(w->store, keep_ms, 0);
	for (int i = 0; i < 100; i++) {
		gint64 wait = hg_store_tend(w->store, HG_LOAD_NONE);

		test_now_ms += MAX(wait, 1);
		if (i > 12 && wait > 1000)
			return;
	}
}

static void old_days_are_dropped_and_young_ones_kept(void **state)
{
	struct world *w = *state;

	must(hg_store_begin(w->store, e));
	for (int day = 0; day < 40; day += 5)
		for (int i = 0; i < 700; i++) {
			g_autofree char *key = g_strdup_printf("%d-%d", day, i);

			must(hg_store_seen_set(w->store, "wa", key, T0 + day * DAY_MS, i + 1, e));
		}
	must(hg_store_commit(w->store, e));
	test_now_ms = T0 + 40 * DAY_MS;
	tend(w, WEEK);
	assert_int_equal(found(w, "wa", "0-1"), 0);
	assert_int_equal(found(w, "wa", "5-699"), 0);
	assert_int_equal(found(w, "wa", "10-1"), 2);	/* 30 days old */
	assert_int_equal(found(w, "wa", "35-1"), 2);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 6 * 700);
}

static void a_longer_window_keeps_ids_a_day_longer_than_itself(void **state)
{
	struct world *w = *state;

	in_txn(w, must(hg_store_seen_set(w->store, "wa", "x", T0, 1, e)));
	test_now_ms = T0 + 60 * DAY_MS;
	tend(w, 60 * DAY_MS);
	assert_int_equal(found(w, "wa", "x"), 1);
	test_now_ms = T0 + 63 * DAY_MS;
	tend(w, 60 * DAY_MS);
	assert_int_equal(found(w, "wa", "x"), 0);
}

static void nothing_expires_at_start_and_one_batch_is_small(void **state)
{
	struct world *w = *state;
	gint64 wait;

	must(hg_store_begin(w->store, e));
	for (int i = 0; i < 1200; i++) {
		g_autofree char *key = g_strdup_printf("%d", i);

		must(hg_store_seen_set(w->store, "wa", key, T0, 1, e));
	}
	must(hg_store_commit(w->store, e));
	test_now_ms = T0 + 90 * DAY_MS;
	world_reopen(w);
	hg_store_tend(w->store, HG_LOAD_NONE);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 1200);
	test_now_ms += 60000;
	wait = hg_store_tend(w->store, HG_LOAD_NONE);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 700);
	assert_true(wait < 1000);	/* wants to go on soon */
	hg_store_tend(w->store, HG_LOAD_NONE);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 700);
}

static void old_ids_expire_also_while_the_engine_never_rests(void **state)
{
	struct world *w = *state;

	must(hg_store_begin(w->store, e));
	for (int i = 0; i < 2200; i++) {
		g_autofree char *key = g_strdup_printf("%d", i);

		must(hg_store_seen_set(w->store, "wa", key, T0, 1, e));
	}
	must(hg_store_commit(w->store, e));
	test_now_ms = T0 + 90 * DAY_MS;
	for (int i = 0; i < 1000; i++) {
		hg_store_tend(w->store, HG_LOAD_FULL);
		test_now_ms += 100;
	}
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM seen"), 0);
}

static void receipts_nobody_claims_and_old_answers_expire(void **state)
{
	struct world *w = *state;
	hg_receipt_row parked = { .channel = "wa", .external_id = "x", .state = HG_R_SENT, .got_ms = T0 }, kept = parked;
	const guint8 print[32] = { 1 };
	const char *answer;

	must(hg_store_begin(w->store, e));
	kept.message_n = a_message(w, a_thread(w, a_contact(w, "Ana"), ""), HG_OUTBOUND, "x")->n;
	must(hg_store_receipt_add(w->store, &parked, e));
	must(hg_store_receipt_add(w->store, &kept, e));
	must(hg_store_idem_begin(w->store, w->arena, "bo", "k", print, T0, &answer, e));
	must(hg_store_commit(w->store, e));
	test_now_ms = T0 + 6 * DAY_MS;
	tend(w, WEEK);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM idempotency"), 1);
	test_now_ms = T0 + 29 * DAY_MS;
	tend(w, WEEK);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM idempotency"), 0);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM receipt"), 2);
	test_now_ms = T0 + 31 * DAY_MS;
	tend(w, WEEK);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM receipt"), 1);
	assert_int_equal(world_count(w, "SELECT message_n FROM receipt"), kept.message_n);
}

static void browsers_that_logged_out_are_forgotten(void **state)
{
	struct world *w = *state;
	const hg_visitor one = { .uri = "widget:a", .browser = "b", .channel = "web", .since_ms = T0, .ended_ms = T0 };
	hg_visitor all = one;
	gint64 ms;

	all.browser = "";
	in_txn(w, must(hg_store_visitor_set(w->store, &one, e)); must(hg_store_visitor_set(w->store, &all, e)));
	test_now_ms = T0 + 89 * DAY_MS;
	tend(w, WEEK);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM visitor"), 2);
	test_now_ms = T0 + 91 * DAY_MS;
	tend(w, WEEK);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM visitor WHERE browser = ''"), 1);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM visitor"), 1);
	must(hg_store_visitor_ended(w->store, "widget:a", "b", &ms, e));
	assert_true(ms == T0);
}

/* ---- the log of SQLite ---- */
static gint64 wal_size(struct world *w)
{
	struct stat st;

	return stat(world_path(w, "-wal"), &st) == 0 ? st.st_size : 0;
}

/* In one transaction, and in rows that are not too long to stand in the database. */
static void write_raw(struct world *w, guint kib)
{
	g_autofree char *bytes = g_malloc0(HG_RAW_APART);
	gint64 n;

	in_txn(w, for (gsize left = kib * 1024; left; left -= MIN(left, HG_RAW_APART))
		must(hg_store_raw_add(w->store, "wa", "webhook", T0, bytes, MIN(left, HG_RAW_APART), &n, e)));
}

#define LOG_IDLE (1000 * 1024)	/* what making the tables writes, and less than half of what follows */

static void the_log_is_copied_back_when_idle(void **state)
{
	only_on_sqlite();
	struct world *w = *state;

	write_raw(w, 100);
	assert_true(wal_size(w) > 100 * 1024);
	hg_store_tend(w->store, HG_LOAD_NONE);
	/* All of it is in the database now: the next commit begins the log at its start. */
	write_raw(w, 1);
	assert_true(wal_size(w) < LOG_IDLE);
	for (int i = 0; i < 20; i++) {
		write_raw(w, 100);
		hg_store_tend(w->store, HG_LOAD_NONE);
	}
	assert_true(wal_size(w) < LOG_IDLE);
}

static void a_busy_writers_log_stays_small(void **state)
{
	only_on_sqlite();
	struct world *w = *state;

	for (int i = 0; i < 60; i++) {
		write_raw(w, 1024);
		hg_store_tend(w->store, HG_LOAD_FULL);
	}
	assert_true(wal_size(w) < 20 * 1024 * 1024);
}

static void a_reader_makes_the_log_grow_and_its_end_shrinks_it(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	hg_store *reader;
	hg_contact *c;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_store_begin(reader, e));
	must(hg_store_contact_get(reader, w->arena, 1, &c, e));	/* the transaction reads from here on */
	for (int i = 0; i < 80; i++) {
		write_raw(w, 1024);
		hg_store_tend(w->store, HG_LOAD_FULL);
	}
	assert_true(wal_size(w) > 80 * 1024 * 1024);
	must(hg_store_commit(reader, e));
	write_raw(w, 17 * 1024);
	hg_store_tend(w->store, HG_LOAD_FULL);
	assert_int_equal(wal_size(w), 0);	/* cut off, not only begun anew */
	hg_store_close(reader);
}

/* ---- timers ---- */
static void a_timer_of_a_kind_replaces_the_one_before(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_timer settle = { 1, "settle", T0 + 20, NULL }, idle = { 1, "idle", T0 + 10, "{}" }, other = { 2, "settle", T0 + 5, NULL };
	hg_timer *got;
	gint64 next;

	must(hg_store_timer_next(w->store, &next, e));
	assert_int_equal(next, G_MAXINT64);
	in_txn(w, must(hg_store_timer_set(w->store, &settle, e));
	       must(hg_store_timer_set(w->store, &idle, e));
	       must(hg_store_timer_set(w->store, &other, e));
	       settle.due_ms = T0 + 30; settle.data = "x";
	       must(hg_store_timer_set(w->store, &settle, e)));
	must(hg_store_timer_get(w->store, w->arena, 1, "settle", &got, e));
	assert_int_equal(got->due_ms, T0 + 30);
	assert_string_equal(got->data, "x");
	must(hg_store_timer_next(w->store, &next, e));
	assert_int_equal(next, T0 + 5);
	must(hg_store_timer_due(w->store, w->arena, T0 + 10, 9, list, e));
	assert_int_equal(list->len, 2);
	assert_int_equal(((hg_timer *)list->pdata[0])->thread_n, 2);
	assert_string_equal(((hg_timer *)list->pdata[1])->kind, "idle");
	g_ptr_array_set_size(list, 0);
	must(hg_store_timer_due(w->store, w->arena, T0 + 99, 1, list, e));
	assert_int_equal(list->len, 1);
	in_txn(w, must(hg_store_timer_clear(w->store, 1, "settle", e));
	       must(hg_store_timer_clear(w->store, 1, "never", e)));
	must(hg_store_timer_get(w->store, w->arena, 1, "settle", &got, e));
	assert_null(got);
}

/* ---- idempotency ---- */
static void a_repeated_call_gets_the_first_answer(void **state)
{
	struct world *w = *state;
	const guint8 print[32] = { 1 }, other[32] = { 2 };
	const char *answer = "x";

	must(hg_store_begin(w->store, e));
	must(hg_store_idem_begin(w->store, w->arena, "bo", "k", print, T0, &answer, e));
	assert_null(answer);
	must(hg_store_idem_begin(w->store, w->arena, "bo", "k", print, T0, &answer, e));
	assert_null(answer);	/* begun, not answered yet */
	must(hg_store_idem_answer(w->store, "bo", "k", "{\"id\":1}", e));
	must(hg_store_idem_begin(w->store, w->arena, "bo", "k", print, T0, &answer, e));
	assert_string_equal(answer, "{\"id\":1}");
	must_fail(HG_ERROR_CONFLICT, hg_store_idem_begin(w->store, w->arena, "bo", "k", other, T0, &answer, e));
	must(hg_store_idem_begin(w->store, w->arena, "ana", "k", other, T0, &answer, e));
	assert_null(answer);
	must(hg_store_commit(w->store, e));
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(an_id_is_new_once_in_its_space),
		store_test(a_repetition_says_what_the_first_became),
		store_test(the_window_ends_at_its_exact_time),
		store_test(a_clock_that_goes_back_makes_nothing_new),
		store_test(remembering_does_not_make_the_window_begin_again),
		store_test(an_old_id_is_remembered_where_it_is),
		store_test(an_id_is_found_long_after_its_window),
		store_test(the_newest_of_several_is_found),
		store_test(what_was_rolled_back_was_not_seen),
		store_test(a_reader_finds_what_the_writer_remembers_on_a_new_day),
		store_test(the_days_are_known_again_after_a_restart),
		store_test(many_ids_do_not_meet),
		store_test(before_the_first_day_there_is_the_first_day),
		store_test(days_are_kept_in_order_however_they_came),
		store_test(a_store_that_cannot_look_takes_nothing_for_new),
		store_test(a_store_that_cannot_write_takes_nothing_for_new),
		store_test(an_id_that_waits_is_seen_already),
		store_test(an_id_that_waits_and_cannot_be_written_is_no_success),
		store_test(raw_bytes_come_back_as_they_were),
		store_test(old_days_are_dropped_and_young_ones_kept),
		store_test(a_longer_window_keeps_ids_a_day_longer_than_itself),
		store_test(nothing_expires_at_start_and_one_batch_is_small),
		store_test(old_ids_expire_also_while_the_engine_never_rests),
		store_test(receipts_nobody_claims_and_old_answers_expire),
		store_test(browsers_that_logged_out_are_forgotten),
		store_test(the_log_is_copied_back_when_idle),
		store_test(a_busy_writers_log_stays_small),
		store_test(a_reader_makes_the_log_grow_and_its_end_shrinks_it),
		store_test(a_timer_of_a_kind_replaces_the_one_before),
		store_test(a_repeated_call_gets_the_first_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
