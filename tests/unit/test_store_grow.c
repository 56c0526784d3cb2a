/* test_store_grow.c - looking for a conversation, or for an id that was seen, asks for as many pages as its trees are deep
 *
 * Pages are counted, not time: so it is the same on every machine, and however busy it is. */
#include "store_fixture.h"

#define FEW 300
#define MANY 30000
#define LEVELS 2	/* more of them at most when there are a hundred times as many: ten to a page are few */
#define LOOKS 50

/* Numbers of people, far apart. */
static gint64 someone(guint i, guint rows)
{
	return 1 + i * G_GINT64_CONSTANT(2654435761) % rows;
}

/* So many rows like the one that is there, which sets tells apart by their rowid. */
static void grow(struct world *w, const char *table, guint rows, const char *sets)
{
	g_autofree char *sql = g_strdup_printf("PRAGMA temp_store = MEMORY; CREATE TEMP TABLE t AS SELECT * FROM %s LIMIT 1;"
		"WITH RECURSIVE i (x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM i WHERE x < %u) INSERT INTO t SELECT t.* FROM t, i;"
		"UPDATE t SET %s; DELETE FROM %s; INSERT INTO %s SELECT * FROM t; DROP TABLE t", table, rows, sets, table, table);

	world_plant(w, sql);
}

static void fill(struct world *w, guint rows)
{
	grow(w, "contact", rows, "n = rowid, id = printf('con_%026d', rowid)");
	grow(w, "thread", rows, "n = rowid, id = printf('thr_%026d', rowid), contact_n = rowid");
	grow(w, "seen", rows, "hash = CAST(printf('%016d', rowid * 2654435761 % 4294967296) AS BLOB)");
	grow(w, "address", rows, "uri = printf('tel:+44%010d', rowid * 2654435761 % 4294967296), contact_n = rowid");
}

static void first_of_each(struct world *w)
{
	hg_contact *c;
	gboolean fresh;
	gint64 n;

	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	a_thread(w, c, "");
	must(hg_store_alias_add(w->store, &(hg_alias){ "tel:+440000000001", c->n, HG_PROVEN, T0 }, e));
	must(hg_store_seen(w->store, "wa", "id", test_now_ms, DAY_MS, &fresh, &n, e));
	must(hg_store_commit(w->store, e));
}

/* ---- what is done with somebody ---- */

static void find_address(struct world *w, gint64 person)
{
	g_autofree char *uri = g_strdup_printf("tel:+44%010" G_GINT64_FORMAT, person * 2654435761 % G_GINT64_CONSTANT(4294967296));
	hg_alias *alias;

	must(hg_store_alias_find(w->store, w->arena, uri, &alias, e) && alias && alias->contact_n == person);
}

static void list_addresses(struct world *w, gint64 person)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	must(hg_store_alias_list(w->store, w->arena, person, aliases, e));
	assert_int_equal(aliases->len, 1);
}

static hg_thread *thread_of(struct world *w, gint64 person)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	must(hg_store_thread_of(w->store, w->arena, person, "default", "", 1, threads, e));
	assert_int_equal(threads->len, 1);
	return threads->pdata[0];
}

static void find_thread(struct world *w, gint64 person)
{
	thread_of(w, person);
}

static void find_seen(struct world *w, gint64 person)
{
	g_autofree char *id = g_strdup_printf("new-%" G_GINT64_FORMAT, person);
	gint64 n;

	must(hg_store_seen_find(w->store, "wa", id, test_now_ms, &n, e));
	assert_int_equal(n, 0);
}

static void change_thread(struct world *w, gint64 person)
{
	hg_thread *thread = thread_of(w, person);

	thread->last_ms++;
	must(hg_store_thread_update(w->store, thread, e));
}

enum { FIND_ADDRESS, LIST_ADDRESSES };

/* trees: tables and indexes that are gone down through. */
static const struct { void (*act)(struct world *w, gint64 person); guint trees; } acts[] = {
	[FIND_ADDRESS] = { find_address, 1 }, [LIST_ADDRESSES] = { list_addresses, 1 }, { find_thread, 2 }, { find_seen, 1 },
	{ change_thread, 3 },
};

static void count(struct world *w, guint rows, gint64 pages[G_N_ELEMENTS(acts)])
{
	fill(w, rows);
	must(hg_store_begin(w->store, e));
	for (gsize i = 0; i < G_N_ELEMENTS(acts); i++) {
		gint64 before = hg_store_cost(w->store).pages;

		for (guint j = 0; j < LOOKS; j++)
			acts[i].act(w, someone(j, rows));
		pages[i] = (hg_store_cost(w->store).pages - before) / LOOKS;
		assert_true(pages[i] > 0);
	}
	hg_store_rollback(w->store);
}

static void look_ups_grow_with_the_depth_of_their_trees(void **state)
{
	gint64 few[G_N_ELEMENTS(acts)], many[G_N_ELEMENTS(acts)];
	struct world *w = *state;

	first_of_each(w);
	count(w, FEW, few);
	count(w, MANY, many);
	for (gsize i = 0; i < G_N_ELEMENTS(acts); i++)
		assert_in_range(many[i], few[i], few[i] + LEVELS * acts[i].trees);
	/* One tree, too: the index has all that is asked of them. */
	assert_in_range(many[LIST_ADDRESSES], 1, many[FIND_ADDRESS] + 1);
}

int main(void)
{
	all_only_on_sqlite();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(look_ups_grow_with_the_depth_of_their_trees, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
