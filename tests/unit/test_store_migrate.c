/* test_store_migrate.c - from an older schema to a newer one, and back when it fails
 *
 * The migrations here stand in for the store's own: the linker takes these. */
#include "store_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sqlite_db.h"

#define FIRST "CREATE TABLE instance (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;" \
	      "CREATE TABLE thing (n INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"

const struct hg_migration hg_migrations[] = {
	{ 1, "0001_first", FIRST },
	{ 2, "0002_colour", "ALTER TABLE thing ADD COLUMN colour TEXT; UPDATE thing SET colour = 'red';" },
	{ 3, "0003_size", "CREATE TABLE size (n INTEGER PRIMARY KEY, thing_n INTEGER REFERENCES thing (n)) STRICT;" },
	{ 0, NULL, NULL },
};

/* A database as the first release left it. */
static int old_world_new(void **state)
{
	struct world *w;

	world_new(state);
	w = *state;
	hg_store_close(g_steal_pointer(&w->store));
	world_plant(w, "DROP TABLE size; ALTER TABLE thing DROP COLUMN colour; INSERT INTO thing VALUES (1, 'ball');"
		    "PRAGMA user_version = 1");
	return 0;
}

static int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void an_empty_file_gets_all_of_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(hg_store_schema(w->store), 3);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM pragma_table_info('thing')"), 3);
	assert_int_equal(mode_of(world_path(w, "-schema0")), -1);	/* nothing to keep a copy of */
}

static void an_older_schema_is_brought_up_and_kept_beside(void **state)
{
	struct world *w = *state;
	g_autofree char *kept = g_strconcat(w->options.path, "-schema1", NULL);
	const char *path = w->options.path;

	must((w->store = hg_store_open(&w->options, e)));
	assert_int_equal(hg_store_schema(w->store), 3);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM thing WHERE colour = 'red'"), 1);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM size"), 0);
	assert_int_equal(mode_of(kept), 0600);
	hg_store_close(g_steal_pointer(&w->store));
	w->options.path = kept;
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM pragma_table_info('thing')"), 2);
	assert_int_equal(world_count(w, "PRAGMA user_version"), 1);
	w->options.path = path;
}

static void a_failing_step_leaves_those_before_it_and_says_which(void **state)
{
	struct world *w = *state;
	g_autoptr(GError) error = NULL;

	world_plant(w, "CREATE TABLE size (in_the_way)");
	assert_null(hg_store_open(&w->options, &error));
	assert_non_null(strstr(error->message, "schema 3 (0003_size)"));
	assert_int_equal(world_count(w, "PRAGMA user_version"), 2);
	world_plant(w, "DROP TABLE size");
	must((w->store = hg_store_open(&w->options, e)));
	assert_int_equal(hg_store_schema(w->store), 3);
}

static void a_reader_waits_for_the_writer_to_bring_it_up(void **state)
{
	struct world *w = *state;
	g_autoptr(GError) error = NULL;

	assert_null(hg_store_open_reader(&w->options, 0, &error));
	assert_non_null(strstr(error->message, "schema 1"));
	assert_int_equal(world_count(w, "PRAGMA user_version"), 1);
}

int main(void)
{
	all_only_on_sqlite();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_file_gets_all_of_it, world_new, world_free),
		cmocka_unit_test_setup_teardown(an_older_schema_is_brought_up_and_kept_beside, old_world_new, world_free),
		cmocka_unit_test_setup_teardown(a_failing_step_leaves_those_before_it_and_says_which, old_world_new,
						world_free),
		cmocka_unit_test_setup_teardown(a_reader_waits_for_the_writer_to_bring_it_up, old_world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
